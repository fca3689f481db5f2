"""Remarks on actors that bear the same SIRET; nothing is refused for it.

A directory may list two activities of one establishment, so two actors may share a SIRET; it may
also be a number copied from the row above, or one actor written twice.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from toolkit import vocabulary as v
from toolkit.errors import Problem
from toolkit.schema.faults import ROW, WHERE, shown
from toolkit.schema.values import is_missing


def remarks(tables: Mapping[str, pd.DataFrame], *, ids: set[str]) -> list[Problem]:
    """Return a note for each actor of an import whose SIRET another actor bears already.

    Of several rows of the import the first bears it, and each later one is told of; a row whose
    SIRET only a stored actor bears is told of too.

    Parameters
    ----------
    tables : Mapping of str to DataFrame
        Complete tables.
    ids : set of str
        Actors of the import.
    """
    actors = pd.DataFrame(tables[v.ACTORS])
    actors = actors[actors["siret"].notna() & actors["siret"].duplicated(keep=False)]
    notes: list[Problem] = []
    for _, group in actors.groupby("siret", sort=True):
        is_new = group["actor_id"].isin(ids).to_numpy(dtype="bool")
        rows = sorted((row for _, row in group[is_new].iterrows()), key=_order)
        stored = sorted((row for _, row in group[~is_new].iterrows()), key=_order)
        bearers = stored[:1] + rows
        notes += [_note(row, bearer=bearers[0]) for row in bearers[1:]]
    return sorted(notes, key=lambda note: (len(note.row), note.row))


def _order(row: pd.Series) -> tuple[int, str]:
    label = _label(row)
    return len(label), label


def _label(row: pd.Series) -> str:
    """Return what the officer knows a row by: its line, else its id."""
    label = row.get(ROW)
    return str(row["actor_id"] if is_missing(label) else label)


def _note(row: pd.Series, *, bearer: pd.Series) -> Problem:
    is_stored = is_missing(bearer.get(ROW))
    return Problem(
        "note_siret_known" if is_stored else "note_siret_shared",
        table=v.ACTORS,
        row=_label(row),
        column="siret",
        found=str(row["siret"]),
        params={"name": shown(bearer["name"]), "first": _label(bearer)},
        where="" if is_missing(row.get(WHERE)) else str(row[WHERE]),
    )
