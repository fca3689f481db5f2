"""Where the sources of one actor differ, in words: what is kept, and what another source says."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from toolkit import vocabulary as v
from toolkit.language import column_label, number, text
from toolkit.schema import CONTRACTS
from toolkit.schema.contracts import Column
from toolkit.territory import Territory
from toolkit.views.frames import in_words, names_of
from toolkit.views.shown import worded

_HEADS: Final = ("actor", "column", "kept", "other", "kept_source", "other_source")
_BOOLEANS: Final = {"True": True, "False": False}


def conflict_table(conflicts: pd.DataFrame, territory: Territory, *, lang: str) -> pd.DataFrame:
    """Return the cells in which sources differ, a row for each value that is not kept.

    Parameters
    ----------
    conflicts : DataFrame
        What :meth:`toolkit.workspace.Workspace.conflicts` returns.
    territory : Territory
        Says which value is kept.
    lang : str
        ``fr`` or ``en``.

    Returns
    -------
    DataFrame
        The last column is the id of the actor, under which the workbook can say it better;
        columns that the workbook does not have are left out.
    """
    contract = CONTRACTS[v.ACTORS]
    by_hand = {column.name for column in contract.columns if column.by_hand}
    found = conflicts[conflicts["column"].isin(by_hand)].reset_index(drop=True)
    names = names_of(territory, lang=lang)
    cells = pd.Series("", index=found.index, dtype="object")
    for name, rows in found.groupby("column"):
        words = _in_words(rows["value"], contract.column(str(name)), names=names, lang=lang)
        cells.loc[rows.index] = words
    found = found.assign(said=cells, is_kept=_is_kept(found, territory))
    lines: list[tuple[str, ...]] = []
    for (actor, column), rows in found.groupby(["actor_id", "column"], sort=False):
        ordered = rows.sort_values("is_kept", ascending=False, kind="stable")
        kept, *others = ordered.to_dict("records")
        head = (names.get(str(actor), str(actor)), column_label(v.ACTORS, str(column), lang=lang))
        for other in others:
            both = (kept, other)
            said = [row["said"] for row in both]
            sources = [names.get(row["source_id"], row["source_id"]) for row in both]
            lines.append((*head, *said, *sources, str(actor)))
    heads = [text(f"questions.conflict.{name}", lang=lang) for name in _HEADS]
    heads.append(column_label(v.ACTORS, "actor_id", lang=lang))
    return worded(pd.DataFrame(lines, columns=heads), lang=lang)


def _is_kept(found: pd.DataFrame, territory: Territory) -> list[bool]:
    """Return which values are those of the actor; an address is that of the commune kept."""
    actors = territory.actors.set_index("actor_id")
    return [
        actor in actors.index and str(actors[name].get(actor)) == value
        for actor, name, value in found[["actor_id", "column", "value"]].itertuples(index=False)
    ]


def _in_words(
    cells: pd.Series[Any], column: Column, *, names: dict[str, str], lang: str
) -> pd.Series[Any]:
    """Return values, which are kept as text, as a person reads them."""
    if column.kind == "boolean":
        return in_words(cells.map(_BOOLEANS), column, names=names, lang=lang)
    if column.kind not in {"number", "integer"}:
        return in_words(cells, column, names=names, lang=lang)
    said = in_words(pd.to_numeric(cells), column, names=names, lang=lang)
    return said.map(lambda cell: cell if isinstance(cell, str) else number(cell, lang=lang))
