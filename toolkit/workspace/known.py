"""Open data beside what a territory knows already: whose row it is, and which cells count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import pandas as pd

from toolkit import vocabulary as v
from toolkit.errors import Problem
from toolkit.sources.extract import PUBLISHER_ID
from toolkit.sources.reading import listed
from toolkit.workspace import merging
from toolkit.workspace.records import RECORD_ID, is_by_hand

HOLDERS: Final[Mapping[str, tuple[str, ...]]] = {
    v.ACTORS: ("actor_id",),
    v.RESOURCES: ("actor_id",),
    v.NEEDS: ("actor_id",),
    v.FLOWS: ("origin", "destination"),
    v.MEMBERS: ("actor_id",),
}
"""Columns that hold the id of an actor, by table."""


def aliases(actors: pd.DataFrame, records: pd.DataFrame) -> dict[str, str]:
    """Return the actor that each record belongs to, of records that came under another id."""
    other = records[records[RECORD_ID] != records["actor_id"]]
    other = other[~other[RECORD_ID].isin(actors["actor_id"])]
    return dict(zip(other[RECORD_ID], other["actor_id"], strict=True))


def with_aliases(actors: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Return stored actors with a bare row for each other id under which one is known."""
    bare = pd.DataFrame({"actor_id": list(names)}, dtype="str")
    kept = pd.DataFrame(actors)[["actor_id", "siren", "siret"]]
    return pd.concat([kept, bare], ignore_index=True) if names else kept


def known_ids(
    incoming: pd.DataFrame, *, actors: pd.DataFrame, names: Mapping[str, str]
) -> dict[str, str]:
    """Return the id under which actors that come in are stored, where it is another.

    Parameters
    ----------
    incoming, actors : DataFrame
        Actors that come in, and stored ones: ``actor_id``, ``siret``, and the id that their
        publisher gives, where it gives one: of an actor whose SIRET was found or lost since, that
        stays.  A SIRET that several rows of one source bear says nothing of which they are.
    names : Mapping of str to str
        What :func:`aliases` returns.
    """
    known = actors.dropna(subset=["siret"]).drop_duplicates("siret", keep=False)
    ids = dict(zip(known["siret"], known["actor_id"], strict=True))
    alone = incoming.drop_duplicates(["source_id", "siret"], keep=False)
    by_siret = {
        actor_id: ids[siret]
        for actor_id, siret in zip(alone["actor_id"], alone["siret"], strict=True)
        if siret in ids
    }
    return {**by_siret, **_by_publisher(incoming, actors, names=names), **names}


def _by_publisher(
    incoming: pd.DataFrame, actors: pd.DataFrame, *, names: Mapping[str, str]
) -> dict[str, str]:
    """Return the stored id of actors that come under another one with the id of their publisher."""
    if PUBLISHER_ID not in incoming:
        return {}
    stored = set(actors["actor_id"])
    held = actors.get(PUBLISHER_ID, pd.Series(index=actors.index, dtype="str"))
    known = {own: name for own, name in zip(held, actors["actor_id"], strict=True) if own == own}  # noqa: PLR0124 - not missing
    known |= {name: name for name in stored} | dict(names)
    pairs = zip(incoming["actor_id"], incoming[PUBLISHER_ID], strict=True)
    return {
        name: known[own]
        for name, own in pairs
        if own in known and known[own] != name and name not in stored
    }


def renamed(tables: Mapping[str, pd.DataFrame], ids: Mapping[str, str]) -> dict[str, pd.DataFrame]:
    """Return rows in which actors have the ids under which they are stored."""
    made = dict(tables)
    for name, columns in HOLDERS.items():
        if name in tables:
            cells = {column: tables[name][column].replace(ids) for column in columns}
            made[name] = tables[name].assign(**cells)
    return made


def beside_the_workbook(
    tables: Mapping[str, pd.DataFrame], stored: Mapping[str, pd.DataFrame]
) -> tuple[dict[str, pd.DataFrame], list[Problem]]:
    """Return the rows that take the place of nothing that people wrote, and what was left out.

    Actors are not left out: their empty cells are filled.
    """
    kept, notes = dict(tables), _filled(tables[v.ACTORS], stored[v.ACTORS])
    for name in (v.RESOURCES, v.NEEDS, v.FLOWS):
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


def _filled(actors: pd.DataFrame, stored: pd.DataFrame) -> list[Problem]:
    """Return a note on the actors that the workbook has too."""
    both = actors[actors["actor_id"].isin(_written(v.ACTORS, stored))]
    if both.empty:
        return []
    params = {"examples": listed(both["name"])}
    return [Problem("sources_officer_filled", table=v.ACTORS, found=str(len(both)), params=params)]


def _written(table: str, stored: pd.DataFrame) -> set[Any]:
    """Return the ids of the stored rows that came from a workbook."""
    by_hand = is_by_hand(stored["source_id"]).to_numpy(dtype="bool")
    ids: Iterable[Any] = merging.row_ids(table, stored)[by_hand].dropna()
    return set(ids)
