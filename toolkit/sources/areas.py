"""Communes by where they lie: inside polygons, or not far from a point.

Areas and distances are taken in the metric projection of the territory.
"""

from __future__ import annotations

import re
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from toolkit import crs
from toolkit.errors import Problem
from toolkit.sources.reading import listed
from toolkit.sources.selection import SHARE, Answer, Selection, commune_asked

BORDERLINE: Final = 0.1
"""A commune this near the threshold (share of its area; share of the radius) is told."""
WORTH_TELLING: Final = 0.01
"""Least share of an asked area outside every outline that is told."""
_ROUNDING: Final = 1e-3
"""Shares this near 0 or 1 count as outside or inside: the same border drawn by other vertices."""
Mask = npt.NDArray[np.bool_]
Shapes = npt.NDArray[np.object_]
_NUMBER: Final = r"\s*([+-]?\d+(?:[.,]\d+)?)\s*"
_POINT: Final = (
    re.compile(rf"{_NUMBER};{_NUMBER}"),
    re.compile(_NUMBER.replace("[.,]", "[.]") + r"[,\s]" + _NUMBER.replace("[.,]", "[.]")),
)


def _metric(answer: Answer) -> tuple[gpd.GeoDataFrame, crs.Zone]:
    """Return the drawn communes in the metric projection of the territory, mended."""
    drawn = answer.frames.drawn.dropna(subset=["commune_id"])
    zone = crs.zone_of(drawn["commune_id"])
    metric = crs.to_metric(drawn, zone)
    metric = metric[metric.geometry.area > 0]
    shapes = shapely.make_valid(metric.geometry.to_numpy())
    return metric.set_geometry(gpd.GeoSeries(shapes, index=metric.index, crs=zone.epsg)), zone


def by_area(selection: Selection, answer: Answer) -> None:
    """Add the communes whose area lies inside polygons by at least the asked share.

    Raises
    ------
    CrsError
        If the drawn communes lie in several metric projections.
    """
    area, within = answer.frames.area, selection.within
    communes, zone = _metric(answer)
    if area is None or within is None or communes.empty:
        return
    flat = area.set_geometry(
        gpd.GeoSeries(shapely.force_2d(area.geometry.to_numpy()), crs=area.crs)
    )
    shape = shapely.union_all(
        shapely.make_valid(crs.to_metric(flat, zone).geometry.dropna().to_numpy())
    )
    if not shape.area:
        answer.fault("perimeter_no_polygon", found=within.name, where=within.name)
        return
    least = SHARE if selection.share is None else selection.share
    outlines = communes.geometry.to_numpy()
    shares = shapely.area(shapely.intersection(outlines, shape)) / shapely.area(outlines)
    inside, touched = shares >= least - _ROUNDING, np.abs(shares - 0.5) < 0.5 - _ROUNDING
    if not inside.any():
        answer.fault("perimeter_nothing_inside", found=within.name, most=f"{shares.max():.0%}")
        return
    answer.note(
        "perimeter_within",
        found=int(inside.sum()),
        where=within.name,
        percent=_plain(least * 100),
        cut=int((touched & ~inside).sum()),
    )
    near = touched & (np.abs(shares - least) <= BORDERLINE)
    _take(
        communes.assign(shown=[f"{share:.0%}" for share in shares]),
        inside,
        near=near,
        answer=answer,
    )
    _tell_outside(shape, outlines, answer=answer)


def by_distance(selection: Selection, answer: Answer) -> None:
    """Add the communes whose representative point is not farther than the radius.

    Raises
    ------
    CrsError
        If the drawn communes lie in several metric projections.
    """
    communes, zone = _metric(answer)
    centre = _centre(selection.around, communes, zone=zone, answer=answer)
    if centre is None or communes.empty:
        return
    radius_km = selection.radius_km or 0.0
    outlines = communes.geometry.to_numpy()
    far_km = shapely.distance(shapely.point_on_surface(outlines), centre) / 1_000
    inside = far_km <= radius_km
    if not inside.any():
        nearest = f"{far_km.min():.1f} km"
        answer.fault("perimeter_nothing_inside", found=selection.around, most=nearest)
        return
    answer.note(
        "perimeter_around", found=int(inside.sum()), centre=selection.around, km=_plain(radius_km)
    )
    near = np.abs(far_km - radius_km) <= BORDERLINE * radius_km
    _take(
        communes.assign(shown=[f"{km:.1f} km" for km in far_km]), inside, near=near, answer=answer
    )
    _tell_outside(shapely.buffer(centre, radius_km * 1_000), outlines, answer=answer)


def _centre(
    word: str, communes: gpd.GeoDataFrame, *, zone: crs.Zone, answer: Answer
) -> shapely.Point | None:
    """Return the asked point in metres: coordinates, or the representative point of a commune."""
    match = next((found for kind in _POINT if (found := kind.fullmatch(word))), None)
    if match is not None:
        longitude, latitude = (float(part.replace(",", ".")) for part in match.groups())
        if not zone.holds(longitude, latitude):
            answer.fault("perimeter_point_elsewhere", found=word, zone=zone.name)
            return None
        point = gpd.GeoDataFrame(
            geometry=gpd.points_from_xy([longitude], [latitude]), crs=crs.STORAGE_EPSG
        )
        return shapely.Point(crs.to_metric(point, zone).geometry.iloc[0])
    code = commune_asked(word, answer)
    outline = communes.geometry[communes["commune_id"] == code]
    if code and outline.empty:
        answer.fault("perimeter_point", found=word)
    return None if outline.empty else shapely.point_on_surface(outline.iloc[0])


def _take(communes: gpd.GeoDataFrame, inside: Mask, *, near: Mask, answer: Answer) -> None:
    """Add the communes inside, and note those that a little more or less would change."""
    answer.codes |= set(communes.loc[inside, "commune_id"])
    margin = _plain(BORDERLINE * 100)
    for mask, code in (
        (near & inside, "sources_perimeter_just_taken"),
        (near & ~inside, "sources_perimeter_just_left"),
    ):
        rows = communes[mask]
        if len(rows):
            items = [
                f"{row.commune_id} {row.name} ({row.shown})" for row in rows.itertuples(index=False)
            ]
            params = {"examples": listed(items), "margin": margin}
            answer.notes.append(Problem(code, found=str(len(rows)), params=params))


def _tell_outside(shape: shapely.Geometry, outlines: Shapes, *, answer: Answer) -> None:
    """Note how much of an asked area no outline covers."""
    held = shapely.intersection(shapely.union_all(outlines), shape).area
    outside = 1 - held / shape.area
    if outside >= WORTH_TELLING:
        answer.note("perimeter_outside", found=f"{outside:.0%}")


def _plain(value: float) -> int | float:
    """Return a number without a useless decimal."""
    rounded = round(value, 2)
    return int(rounded) if rounded == int(rounded) else rounded
