"""The only module that knows EPSG codes: storage in degrees, computation in metres.

Overseas territories have their own metric projection each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from toolkit.errors import CrsError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    import geopandas as gpd

STORAGE_EPSG = 4326
"""Longitude and latitude in degrees (WGS 84): how geometries are kept and exchanged."""


@dataclass(frozen=True, slots=True)
class Zone:
    """A part of France with its metric projection and its box in degrees."""

    name: str
    epsg: int
    west: float
    south: float
    east: float
    north: float

    def holds(self, longitude: float, latitude: float) -> bool:
        """Return whether a point in degrees lies in the box."""
        return self.west <= longitude <= self.east and self.south <= latitude <= self.north


METROPOLE = Zone("métropole", 2154, -5.5, 41.0, 10.0, 51.5)
# EPSG and boxes as used by the national company directory for the geolocation of establishments;
# boxes of the smaller islands are drawn by hand around them.
OVERSEAS = {
    "971": Zone("Guadeloupe", 5490, -62.0, 15.5, -60.5, 16.7),
    "972": Zone("Martinique", 5490, -61.5, 14.3, -60.5, 15.0),
    "973": Zone("Guyane", 2972, -55.0, 2.0, -51.0, 6.0),
    "974": Zone("La Réunion", 2975, 55.0, -21.5, 56.0, -20.5),
    "975": Zone("Saint-Pierre-et-Miquelon", 4467, -57.0, 46.5, -55.9, 47.4),
    "976": Zone("Mayotte", 4471, 44.5, -13.5, 45.5, -12.5),
    "977": Zone("Saint-Barthélemy", 5490, -63.2, 17.7, -62.6, 18.1),
    "978": Zone("Saint-Martin", 5490, -63.3, 17.9, -62.9, 18.3),
    "987": Zone("Polynésie française", 3297, -155.0, -28.0, -134.0, -7.0),
    "988": Zone("Nouvelle-Calédonie", 3163, 158.0, -23.5, 172.0, -17.5),
}


def zone_of(commune_ids: Iterable[str]) -> Zone:
    """Return the zone in which communes lie, by their INSEE codes.

    Parameters
    ----------
    commune_ids : iterable of str
        INSEE codes of 5 characters.

    Returns
    -------
    Zone
        Mainland France unless the codes begin with an overseas prefix.

    Raises
    ------
    CrsError
        If the communes lie in several zones, as no metric projection fits them all, or overseas
        in a part whose projection is not known here.

    Examples
    --------
    >>> zone_of(["97209", "97213"]).epsg
    5490
    """
    prefixes = sorted({code[:3] if code[:2] in {"97", "98"} else "" for code in commune_ids})
    unknown = [prefix for prefix in prefixes if prefix and prefix not in OVERSEAS]
    if unknown:
        raise CrsError(Problem("zone_unknown", table="communes", found=", ".join(unknown)))
    zones = {OVERSEAS[prefix] if prefix else METROPOLE for prefix in prefixes}
    if len(zones) > 1:
        names = ", ".join(sorted(zone.name for zone in zones))
        raise CrsError(Problem("several_zones", table="communes", found=names))
    return zones.pop() if zones else METROPOLE


def is_in_france(longitude: float, latitude: float) -> bool:
    """Return whether a point in degrees lies in the box of a part of France.

    Examples
    --------
    >>> is_in_france(-0.37, 49.18), is_in_france(49.18, -0.37)
    (True, False)
    """
    return any(zone.holds(longitude, latitude) for zone in (METROPOLE, *OVERSEAS.values()))


def is_known(epsg: int) -> bool:
    """Return whether an EPSG code is that of a reference system.

    Examples
    --------
    >>> is_known(2154), is_known(99999)
    (True, False)
    """
    from pyproj import CRS, exceptions  # noqa: PLC0415 - slow, and only needed for older GeoJSON

    try:
        CRS.from_epsg(epsg)
    except exceptions.CRSError:
        return False
    return True


def check_crs(frame: gpd.GeoDataFrame, *, where: str) -> None:
    """Refuse a frame whose coordinates have no reference system, or one tied to no place on earth.

    Raises
    ------
    CrsError
        If the CRS is missing.
    """
    if frame.crs is None or frame.crs.is_engineering:
        raise CrsError(Problem("crs_missing", where=where))


def check_metric(frame: gpd.GeoDataFrame, *, where: str) -> None:
    """Refuse a frame whose coordinates are not in metres.

    Raises
    ------
    CrsError
        If the CRS is missing or geographic.
    """
    check_crs(frame, where=where)
    if not frame.crs.is_projected:
        raise CrsError(Problem("crs_geographic", where=where, found=str(frame.crs)))


def to_storage(frame: gpd.GeoDataFrame, *, where: str = "") -> gpd.GeoDataFrame:
    """Return a frame in longitude and latitude (EPSG:4326).

    Raises
    ------
    CrsError
        If the CRS is missing.
    """
    check_crs(frame, where=where)
    return frame.to_crs(epsg=STORAGE_EPSG)


def to_metric(frame: gpd.GeoDataFrame, zone: Zone) -> gpd.GeoDataFrame:
    """Return a frame in the metric projection of a zone (metres).

    Raises
    ------
    CrsError
        If the CRS is missing.
    """
    check_crs(frame, where="")
    return frame.to_crs(epsg=zone.epsg)
