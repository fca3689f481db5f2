"""Polygons of the demo territory: adjoining communes with crooked borders, drawn from a seed."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry import LineString, MultiPoint, Point, Polygon
from shapely.ops import polygonize, unary_union

METRIC_EPSG = 2154
# The territory lies at sea, off the Atlantic coast: on a real background nobody takes it for a
# place.
CENTRE = (140_000.0, 6_610_000.0)
CELL_M = 5_000.0
RELAXATIONS = 3
CROOKEDNESS = 0.16
DEPTH = 4


def commune_polygons(count: int, *, seed: int) -> gpd.GeoSeries:
    """Return adjoining polygons, the most central first, in the metric CRS.

    Cells of a relaxed Voronoi diagram whose shared borders are bent once, so that neighbours keep
    exactly the same border.
    """
    rng = np.random.default_rng(seed)
    points = _relaxed_points(rng, count=count * 4)
    cells = _cells(points)
    order = np.argsort([cell.centroid.distance(Point(*CENTRE)) for cell in cells], kind="stable")
    kept = [cells[place] for place in order[:count]]
    borders = unary_union([cell.boundary for cell in kept])
    edges = sorted(shapely.line_merge(borders).geoms, key=lambda line: (line.bounds, line.length))
    bent = [_bend(line, rng) for line in edges]
    pieces = list(polygonize(unary_union(bent)))
    found = [
        max(pieces, key=lambda piece, cell=cell: piece.intersection(cell).area) for cell in kept
    ]
    if len(set(map(id, found))) != count:
        msg = f"{len(pieces)} polygons drawn for {count} communes; choose another seed"
        raise ValueError(msg)
    return gpd.GeoSeries(found, crs=METRIC_EPSG)


def _relaxed_points(rng: np.random.Generator, *, count: int) -> np.ndarray:
    side = CELL_M * np.sqrt(count)
    points = rng.uniform(-side / 2, side / 2, size=(count, 2)) * [1.15, 0.87] + CENTRE
    for _ in range(RELAXATIONS):
        points = np.array([cell.centroid.coords[0] for cell in _cells(points)])
    return points


def _cells(points: np.ndarray) -> list[Polygon]:
    cloud = MultiPoint(points)
    frame = cloud.envelope.buffer(CELL_M / 2, join_style="mitre")
    drawn = shapely.voronoi_polygons(cloud, extend_to=frame, ordered=True)
    return [cell.intersection(frame) for cell in drawn.geoms]


def _bend(line: LineString, rng: np.random.Generator) -> LineString:
    """Return a border with its segments displaced sideways at ever finer midpoints; ends stay."""
    coords = np.asarray(line.coords)
    for level in range(DEPTH):
        starts, ends = coords[:-1], coords[1:]
        along = ends - starts
        shift = rng.normal(0.0, CROOKEDNESS * 0.75**level, size=(len(along), 1)).clip(-0.25, 0.25)
        middles = (starts + ends) / 2 + np.column_stack([-along[:, 1], along[:, 0]]) * shift
        merged = np.empty((len(coords) + len(middles), 2))
        merged[0::2], merged[1::2] = coords, middles
        coords = merged
    return LineString(coords.round(1))
