"""Actors that an earlier edition of a source gave and a newer one does not: closed, or moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pandas as pd

from toolkit import vocabulary as v
from toolkit.errors import Problem
from toolkit.sources.reading import listed
from toolkit.workspace.known import HOLDERS
from toolkit.workspace.records import is_by_hand, series_of

if TYPE_CHECKING:
    from toolkit.sources.extract import Extract

_IN_PART: Final = frozenset(
    {
        "sources_events_only",
        "sources_cut_short",
        "sources_map_limit",
        "sources_osm_remark",
        "sources_osm_unmeasured",
        "sources_page",
        "sources_zip_no_part",
    }
)
"""Notes that say that a file does not hold all there is: nobody is gone because it is not there."""


@dataclass(frozen=True, slots=True, eq=False)
class Gone:
    """What newer editions do not give any more.

    Attributes
    ----------
    alone : DataFrame
        Actors that no other source gives: ``actor_id``, ``name``, ``series``.
    ids : Mapping of str to tuple of str
        Rows that can be deleted, by table: those actors, and what the same source says of them.
    held : tuple of str
        Actors of whom something else speaks too (a flow, a need, a partner that people wrote): they
        stay.
    """

    alone: pd.DataFrame
    ids: Mapping[str, tuple[str, ...]]
    held: tuple[str, ...]

    def notes(self) -> list[Problem]:
        """Return a note a source, with the actors that are gone."""
        made = []
        for series, rows in self.alone.groupby("series", sort=True):
            pairs = zip(rows["actor_id"], rows["name"], strict=True)
            params = {"examples": listed([f"{name} ({one})" for one, name in pairs])}
            where, found = str(series), str(len(rows))
            made.append(
                Problem("sources_gone", table=v.ACTORS, where=where, found=found, params=params)
            )
        return made


def find_gone(
    given: pd.DataFrame,
    extracts: Sequence[Extract],
    *,
    stored: Mapping[str, pd.DataFrame],
    records: pd.DataFrame,
) -> Gone:
    """Return the stored actors that newer editions of their source do not give.

    Only where an edition is whole, and only in communes of which it gives somebody: the files of
    some sources come by département.  An actor that another source gives too stays.

    Parameters
    ----------
    given : DataFrame
        Actors that come in, under the ids by which they are known: ``actor_id``, ``source_id``,
        ``commune_id``.
    extracts : sequence of Extract
        Where they come from.
    stored : Mapping of str to DataFrame
        Stored tables.
    records : DataFrame
        Stored records of actors that several sources give.
    """
    partial = {
        series_of(extract.source["source_id"])
        for extract in extracts
        if any(note.code in _IN_PART for note in extract.notes)
    }
    actors = pd.DataFrame(stored[v.ACTORS])[["actor_id", "name", "commune_id", "source_id"]]
    actors = actors[
        ~is_by_hand(actors["source_id"]) & ~actors["actor_id"].isin(records["actor_id"])
    ]
    actors = actors.assign(series=[series_of(one) for one in actors["source_id"]])
    here = given.assign(series=[series_of(one) for one in given["source_id"]])
    whole = here[~here["series"].isin(partial)]
    covered = pd.MultiIndex.from_frame(whole[["series", "commune_id"]].drop_duplicates())
    told = pd.MultiIndex.from_frame(whole[["series", "actor_id"]])
    keys = (["series", "commune_id"], ["series", "actor_id"])
    within, known = (pd.MultiIndex.from_frame(actors[list(key)]) for key in keys)
    alone = actors[within.isin(covered) & ~known.isin(told)]
    return _judged(alone[["actor_id", "name", "series"]].reset_index(drop=True), stored)


def _judged(alone: pd.DataFrame, stored: Mapping[str, pd.DataFrame]) -> Gone:
    """Return what of the actors can be deleted: nothing that another source says hangs on them."""
    series = dict(zip(alone["actor_id"], alone["series"], strict=True))
    held: set[str] = set()
    own: dict[str, list[tuple[str, str]]] = {}
    for table, columns in HOLDERS.items():
        if table == v.ACTORS:
            continue
        frame = stored[table]
        for column in columns:
            for row in frame[frame[column].isin(series)].to_dict("records"):
                actor = str(row[column])
                if series_of(row.get("source_id")) == series[actor]:
                    own.setdefault(table, []).append((str(row[frame.columns[0]]), actor))
                else:
                    held.add(actor)
    ids = {
        table: tuple(dict.fromkeys(name for name, actor in rows if actor not in held))
        for table, rows in own.items()
    }
    actors = tuple(name for name in alone["actor_id"] if name not in held)
    return Gone(alone, {**ids, v.ACTORS: actors}, tuple(sorted(held)))
