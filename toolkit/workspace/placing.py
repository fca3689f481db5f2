"""Remarks on where the actors of an import are: at their commune, or in another than is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from toolkit import crs
from toolkit import vocabulary as v
from toolkit.errors import CrsError, Problem
from toolkit.schema.faults import ROW, WHERE, shown

BORDER_M: Final = 200.0
"""Metres beyond the border of its commune up to which a point is taken for inside (own rule).

Outlines are simplified and an address may lie across the street.
"""


def remarks(tables: Mapping[str, pd.DataFrame], *, ids: set[str]) -> list[Problem]:
    """Return what the officer should know of the places of actors; nothing is refused for it.

    Parameters
    ----------
    tables : Mapping of str to DataFrame
        Complete tables.
    ids : set of str
        Actors of the import.
    """
    actors = gpd.GeoDataFrame(tables[v.ACTORS])
    actors = actors[actors["actor_id"].isin(ids).to_numpy()]
    notes = []
    count = int((actors["located_by"] == "commune").sum())
    if count:
        notes.append(Problem("note_at_commune", table=v.ACTORS, found=str(count)))
    elsewhere = _elsewhere(actors, gpd.GeoDataFrame(tables[v.COMMUNES]))
    if len(elsewhere) > 1:
        notes.append(Problem("note_points_elsewhere", table=v.ACTORS, found=str(len(elsewhere))))
    return [*notes, *elsewhere]


def _elsewhere(actors: gpd.GeoDataFrame, communes: gpd.GeoDataFrame) -> list[Problem]:
    """Return a note for each point that lies in another commune than that of its row."""
    placed = _usable(actors)
    communes = communes[(communes.geometry.notna() & communes.geometry.is_valid).to_numpy()]
    communes = communes.drop_duplicates("commune_id").sort_values("commune_id")
    try:
        zone = crs.zone_of(communes["commune_id"].astype("str"))
    except CrsError:  # told by the check of the tables
        return []
    if placed.empty or communes.empty:
        return []
    outlines = dict(
        zip(communes["commune_id"], crs.to_metric(communes, zone).geometry, strict=True)
    )
    names = dict(zip(communes["commune_id"], communes["name"], strict=True))
    placed = placed[placed["commune_id"].isin(outlines).to_numpy()]
    points = crs.to_metric(placed, zone).geometry.to_numpy()
    written = placed["commune_id"].to_numpy()
    finite = np.isfinite(shapely.get_x(points)) & np.isfinite(shapely.get_y(points))
    away = np.full(len(points), 0.0)
    away[finite] = shapely.distance(points[finite], [outlines[code] for code in written[finite]])
    far = np.flatnonzero(away > BORDER_M)
    codes = list(outlines)
    tree = shapely.STRtree(list(outlines.values()))
    inside: dict[int, str] = {}
    for at, commune in tree.query(points[far], predicate="intersects").T:
        inside.setdefault(int(far[at]), codes[commune])
    notes = [
        _note(
            placed.iloc[at],
            written=names[written[at]],
            other=names[inside[at]],
            metres=float(away[at]),
        )
        for at in inside
    ]
    return sorted(notes, key=lambda note: (len(note.row), note.row))


def _note(row: pd.Series, *, written: str, other: str, metres: float) -> Problem:
    label = row.get(ROW)
    return Problem(
        "note_point_elsewhere",
        table=v.ACTORS,
        row=str(row["actor_id"] if pd.isna(label) else label),
        column="latitude",
        found=shown(row["name"]),
        params={"written": written, "other": other, "km": round(metres / 1_000, 1)},
        where="" if pd.isna(row.get(WHERE)) else str(row[WHERE]),
    )


def _usable(actors: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the actors that have a point of their own, somewhere on earth."""
    shapes = actors.geometry
    is_point = shapes.notna() & (shapes.geom_type == "Point") & ~shapes.is_empty
    own = (is_point & (actors["located_by"] != "commune")).to_numpy(dtype="bool")
    placed: gpd.GeoDataFrame = actors[own]
    return placed
