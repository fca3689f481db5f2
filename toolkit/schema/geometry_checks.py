"""Geometries: polygons that are sound, points that lie in the territory or close to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from toolkit import crs
from toolkit import vocabulary as v
from toolkit.errors import CrsError
from toolkit.schema.faults import Faults
from toolkit.schema.values import as_numbers

MARGIN_M: Final = 5_000.0
"""Metres beyond the outline of the perimeter at which a place is taken for a mistake (own rule)."""
MARGIN_KM: Final = MARGIN_M / 1_000

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


def _check_polygons(communes: Faults) -> pd.Series[bool]:
    """Check the outlines of communes; return which are sound."""
    shapes = gpd.GeoDataFrame(communes.frame).geometry
    missing = shapes.isna() | shapes.is_empty
    communes.add(missing, "geometry_missing", column=v.GEOMETRY, found=lambda _: "")
    other = ~missing & ~shapes.geom_type.isin(_POLYGONS)
    communes.add(other, "geometry_type", column=v.GEOMETRY, found=lambda at: str(shapes.iloc[at].geom_type))
    broken = ~missing & ~other & ~shapes.is_valid
    communes.add(
        broken,
        "geometry_invalid",
        column=v.GEOMETRY,
        found=lambda at: str(shapely.is_valid_reason(shapes.iloc[at])),
    )
    return ~(missing | other | broken)


def _check_coordinates(actors: Faults) -> pd.Series[bool]:
    """Check the coordinates of actors; return which have a point of their own that can be looked at."""
    frame = gpd.GeoDataFrame(actors.frame)
    latitude, longitude = as_numbers(frame["latitude"]), as_numbers(frame["longitude"])
    half = frame["latitude"].notna() ^ frame["longitude"].notna()
    actors.add(half, "half_coordinates", column="latitude", found=lambda at: _pair(latitude.iloc[at], longitude.iloc[at]))
    shapes = frame.geometry
    given = shapes.notna() & ~shapes.is_empty & (frame["located_by"] != "commune").to_numpy()
    other = given & (shapes.geom_type != "Point")
    actors.add(other, "geometry_type", column=v.GEOMETRY, found=lambda at: str(shapes.iloc[at].geom_type))
    points = given & ~other
    x, y = shapes.where(points).x, shapes.where(points).y
    nowhere = points & (x == 0) & (y == 0)
    actors.add(nowhere, "zero_coordinates", column="latitude", found=lambda _: "0 ; 0")
    in_range = np.isfinite(x) & np.isfinite(y) & (x.abs() <= 180) & (y.abs() <= 90)  # noqa: PLR2004
    actors.add(
        points & ~in_range & latitude.isna(), "bad_point", column=v.GEOMETRY, found=lambda at: _pair(y.iloc[at], x.iloc[at])
    )
    return points & ~nowhere & in_range


def _check_distance(
    actors: Faults, placed: pd.Series[bool], *, outline: gpd.GeoDataFrame, zone: crs.Zone
) -> None:
    """Note the points that lie far from every commune, and those whose coordinates are swapped."""
    polygons = outline.geometry.to_crs(epsg=zone.epsg)
    tree = shapely.STRtree(polygons.to_numpy())
    points = gpd.GeoDataFrame(actors.frame).geometry[placed]
    far = ~_is_near(points, tree=tree, zone=zone)
    if not far.any():
        return
    lost = points[far]
    turned = gpd.GeoSeries(gpd.points_from_xy(lost.y, lost.x), index=lost.index, crs=lost.crs)
    turned = turned[(turned.x.abs() <= 180) & (turned.y.abs() <= 90)]  # noqa: PLR2004
    swapped = turned.index[_is_near(turned, tree=tree, zone=zone)]
    everywhere = pd.Series(np.arange(len(actors.frame)), index=actors.frame.index)

    def found(at: int) -> str:
        return _pair(points.loc[everywhere.index[at]].y, points.loc[everywhere.index[at]].x)

    rest = lost.index.difference(swapped)
    actors.add(actors.frame.index.isin(swapped), "coordinates_swapped", column="latitude", found=found)
    actors.add(
        actors.frame.index.isin(rest), "outside_perimeter", column="latitude", found=found, params={"km": f"{MARGIN_KM:g}"}
    )


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


def _pair(latitude: float, longitude: float) -> str:
    """Return coordinates as text."""
    return f"{latitude:.5f} ; {longitude:.5f}"



