"""Geometries: polygons that are sound, points that lie in the territory or close to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

import geopandas as gpd
import numpy as np
import shapely

from toolkit import crs
from toolkit import vocabulary as v
from toolkit.errors import CrsError
from toolkit.schema.faults import Faults
from toolkit.schema.values import as_numbers

if TYPE_CHECKING:
    import pandas as pd

MARGIN_M: Final = 5_000.0
"""Metres beyond the outline of the perimeter at which a place is taken for a mistake (own rule)."""
MARGIN_KM: Final = MARGIN_M / 1_000

FARTHEST_EAST: Final = 180.0
FARTHEST_NORTH: Final = 90.0
_POLYGONS = ("Polygon", "MultiPolygon")


def check_geometries(gathered: Mapping[str, Faults]) -> None:
    """Note every commune without a sound polygon and every actor that lies elsewhere."""
    communes, actors = gathered[v.COMMUNES], gathered[v.ACTORS]
    sound = _check_polygons(communes)
    zone = _zone(communes)
    placed = _check_coordinates(actors)
    if zone is not None and sound.any() and placed.any():
        _check_distance(actors, placed, outline=gpd.GeoDataFrame(communes.frame)[sound], zone=zone)


def _zone(communes: Faults) -> crs.Zone | None:
    """Return the metric zone of the perimeter; note a perimeter that has several."""
    codes = communes.frame["commune_id"].dropna().astype("str")
    try:
        return crs.zone_of(codes)
    except CrsError as err:
        communes.problems.extend(err.problem_list)
        return None


def _check_polygons(communes: Faults) -> np.ndarray:
    """Check the outlines of communes; return which are sound."""
    shapes = gpd.GeoDataFrame(communes.frame).geometry
    missing = shapes.isna() | shapes.is_empty
    communes.add(missing, "geometry_missing", column=v.GEOMETRY, found=lambda _: "")
    other = ~missing & ~shapes.geom_type.isin(_POLYGONS)
    communes.add(
        other, "geometry_type", column=v.GEOMETRY, found=lambda at: str(shapes.iloc[at].geom_type)
    )
    broken = ~missing & ~other & ~shapes.is_valid
    communes.add(
        broken,
        "geometry_invalid",
        column=v.GEOMETRY,
        found=lambda at: str(shapely.is_valid_reason(shapes.iloc[at])),
    )
    return np.asarray(~(missing | other | broken), dtype=bool)


def _check_coordinates(actors: Faults) -> np.ndarray:
    """Check the coordinates of actors; return which have a point of their own to look at."""
    frame = gpd.GeoDataFrame(actors.frame)
    latitude, longitude = as_numbers(frame["latitude"]), as_numbers(frame["longitude"])
    half = frame["latitude"].notna() ^ frame["longitude"].notna()
    actors.add(half, "half_coordinates", column="latitude", found=_pairs(latitude, longitude))
    shapes = frame.geometry
    given = shapes.notna() & (frame["located_by"] != "commune").to_numpy()
    other = given & (shapes.geom_type != "Point")
    actors.add(
        other, "geometry_type", column=v.GEOMETRY, found=lambda at: str(shapes.iloc[at].geom_type)
    )
    points = given & ~other
    x, y = shapes.where(points).x, shapes.where(points).y
    nowhere = points & (x == 0) & (y == 0)
    actors.add(nowhere, "zero_coordinates", column="latitude", found=lambda _: "0 ; 0")
    possible = _is_on_earth(x, y)
    # Written latitudes and longitudes out of range are already told of by the check of numbers.
    impossible = points & ~possible & latitude.isna()
    actors.add(impossible, "bad_point", column=v.GEOMETRY, found=_pairs(y, x))
    return np.asarray(points & ~nowhere & possible, dtype=bool)


def _check_distance(
    actors: Faults, placed: np.ndarray, *, outline: gpd.GeoDataFrame, zone: crs.Zone
) -> None:
    """Note the points that lie far from every commune, and those whose coordinates are swapped."""
    tree = shapely.STRtree(outline.geometry.to_crs(epsg=zone.epsg).to_numpy())
    points = gpd.GeoDataFrame(actors.frame).geometry
    far = placed.copy()
    far[placed] = ~_is_near(points[placed], tree=tree, zone=zone)
    if not far.any():
        return
    x, y = points.where(far).x, points.where(far).y
    turned = far & np.asarray(_is_on_earth(y, x), dtype=bool)
    swapped = turned.copy()
    swapped[turned] = _is_near(
        gpd.GeoSeries(gpd.points_from_xy(y[turned], x[turned], crs=points.crs)),
        tree=tree,
        zone=zone,
    )
    actors.add(swapped, "coordinates_swapped", column="latitude", found=_pairs(y, x))
    margin = {"km": f"{MARGIN_KM:g}"}
    actors.add(
        far & ~swapped, "outside_perimeter", column="latitude", found=_pairs(y, x), params=margin
    )


def _is_on_earth(x: pd.Series[float], y: pd.Series[float]) -> pd.Series[bool]:
    """Return which coordinates can be a longitude and a latitude."""
    return (x.abs() <= FARTHEST_EAST) & (y.abs() <= FARTHEST_NORTH)


def _is_near(points: gpd.GeoSeries, *, tree: shapely.STRtree, zone: crs.Zone) -> np.ndarray:
    """Return which points lie within the margin of a polygon."""
    metric = points.to_crs(epsg=zone.epsg).to_numpy()
    known = np.isfinite(shapely.get_x(metric)) & np.isfinite(shapely.get_y(metric))
    near = np.zeros(len(metric), dtype=bool)
    inside = tree.query(metric[known], predicate="intersects")[0]
    places = np.flatnonzero(known)
    near[places[np.unique(inside)]] = True
    left = places[~near[places]]
    around = tree.query(metric[left], predicate="dwithin", distance=MARGIN_M)[0]
    near[left[np.unique(around)]] = True
    return near


def _pairs(latitude: pd.Series[float], longitude: pd.Series[float]) -> Callable[[int], str]:
    """Return what writes the coordinates of a row as text."""

    def written(position: int) -> str:
        both = (latitude.iloc[position], longitude.iloc[position])
        return " ; ".join("…" if np.isnan(number) else f"{number:.5f}" for number in both)

    return written
