"""Open data beside what a territory knows already: whose row it is, and which cells count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from toolkit import vocabulary as v
from toolkit.errors import Problem
from toolkit.sources.assemble import SOURCE_IDS
from toolkit.sources.reading import listed
from toolkit.workspace import merging
from toolkit.workspace.layers import SAISIE

_POINT: Final = ("latitude", "longitude", "located_by")
"""Cells that say where an actor is; they come from one row together, with its point."""


def under_known_ids(
    tables: Mapping[str, pd.DataFrame], actors: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """Return the rows with the ids under which actors of the same SIRET are stored."""
    known = actors.dropna(subset=["siret"]).drop_duplicates("siret", keep=False)
    ids = dict(zip(known["siret"], known["actor_id"], strict=True))
    incoming = tables[v.ACTORS]
    stored_as = {
        actor_id: ids[siret]
        for actor_id, siret in zip(incoming["actor_id"], incoming["siret"], strict=True)
        if siret in ids
    }
    held = {
        v.ACTORS: ["actor_id"],
        v.RESOURCES: ["actor_id"],
        v.NEEDS: ["actor_id"],
        v.FLOWS: ["origin", "destination"],
    }
    made = dict(tables)
    for name, columns in held.items():
        cells = {column: tables[name][column].replace(stored_as) for column in columns}
        made[name] = tables[name].assign(**cells)
    return made


def beside_the_workbook(
    tables: Mapping[str, pd.DataFrame], stored: Mapping[str, pd.DataFrame]
) -> tuple[dict[str, pd.DataFrame], list[Problem]]:
    """Return the rows that take the place of nothing that people wrote, and what was left out."""
    kept, notes = dict(tables), []
    for name in (v.ACTORS, v.RESOURCES, v.NEEDS, v.FLOWS):
        rows = tables[name]
        written = _written(name, stored[name])
        ours = merging.row_ids(name, rows).isin(written).to_numpy(dtype="bool")
        if ours.any():
            examples = listed(rows[ours].iloc[:, 0])
            notes.append(
                Problem(
                    "sources_officer_kept",
                    table=name,
                    found=str(int(ours.sum())),
                    params={"examples": examples},
                )
            )
            kept[name] = rows[~ours]
    return kept, notes


def with_stored_cells(rows: pd.DataFrame, stored: pd.DataFrame) -> pd.DataFrame:
    """Return actors that come in, with the cells that another source gave them before.

    Whoever came first is believed: a stored cell stays, and an empty one is filled.  A row of the
    same source replaces its own.  An address goes before a point at the commune.  A company that
    any source calls ESS is ESS.

    Parameters
    ----------
    rows : GeoDataFrame
        Complete actors that come in, EPSG:4326, with the column ``source_ids``.
    stored : GeoDataFrame
        Stored actors, EPSG:4326.
    """
    before = stored.set_axis(stored["actor_id"].to_numpy()).reindex(rows["actor_id"].to_numpy())
    before = before.set_axis(rows.index)
    others = before["source_id"].notna() & (before["source_id"] != rows["source_id"])
    if not others.any():
        return rows
    shape = str(gpd.GeoDataFrame(rows).active_geometry_name)
    made = gpd.GeoDataFrame(rows).copy()
    for name in rows.columns.intersection(before.columns).difference(
        ["actor_id", SOURCE_IDS, "family", shape, *_POINT]
    ):
        made[name] = made[name].mask(others & before[name].notna(), before[name])
    is_ess = others & (before["family"] == "ess") & (rows["family"] == "business")
    stays = others & ~((rows["family"] == "ess") & (before["family"] == "business"))
    made["family"] = made["family"].mask(is_ess | stays, before["family"])
    moved = others & ((rows["located_by"] != "address") | (before["located_by"] == "address"))
    for name in _POINT:
        made[name] = made[name].mask(moved, before[name])
    points = np.where(moved, before[shape].array, made[shape].array)
    sources = before.get(SOURCE_IDS, before["source_id"]).fillna(before["source_id"])
    both = [
        v.join_list(dict.fromkeys((*v.split_list(old), *v.split_list(new)))) if is_other else new
        for old, new, is_other in zip(sources, made[SOURCE_IDS], others, strict=True)
    ]
    made[SOURCE_IDS] = pd.Series(both, index=made.index, dtype="str")
    placed: pd.DataFrame = made.set_geometry(gpd.GeoSeries(points, index=made.index, crs=made.crs))
    return placed


def _written(table: str, stored: pd.DataFrame) -> set[Any]:
    """Return the ids of the stored rows that came from a workbook."""
    by_hand = stored["source_id"].fillna("").str.startswith(SAISIE).to_numpy(dtype="bool")
    ids: Iterable[Any] = merging.row_ids(table, stored)[by_hand].dropna()
    return set(ids)
