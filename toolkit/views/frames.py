"""Any table of a territory in words: headers, codes and ids in the reader's language."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pandas as pd

from toolkit import nomenclature
from toolkit import vocabulary as v
from toolkit.errors import Problem, UsageError
from toolkit.language import column_label, enum_label, text
from toolkit.schema import CONTRACTS, Column
from toolkit.views.shown import worded
from toolkit.views.words import place_names

if TYPE_CHECKING:
    from toolkit.territory import Territory

_YEARS = frozenset({"year", "since", "data_year", "cog_year"})
_PLUMBING = frozenset({"latitude", "longitude", "activity_version", "weight", v.GEOMETRY})


def entered(territory: Territory, table: str) -> pd.DataFrame:
    """Return the rows of a table that somebody entered or recorded: none that was deduced."""
    frame = territory.table(table)
    if "source_id" not in frame or table == v.SOURCES:
        return frame
    return frame[frame["source_id"] != v.PROFILES]


def deduced_rows(territory: Territory) -> frozenset[tuple[str, str]]:
    """Return table and id of every row that was deduced from the activity of an actor."""
    return frozenset(
        (table, str(name))
        for table, key in ((v.RESOURCES, "resource_id"), (v.NEEDS, "need_id"))
        for name in territory.table(table).loc[lambda frame: frame["source_id"] == v.PROFILES, key]
    )


def table_of(territory: Territory, table: str, *, lang: str) -> pd.DataFrame:
    """Return a table of a territory as a person reads it.

    Parameters
    ----------
    territory : Territory
        Where the table is taken from.
    table : str
        One of :data:`toolkit.vocabulary.TABLES`.
    lang : str
        ``fr`` or ``en``.

    Returns
    -------
    DataFrame
        Headers, codes and ids in words, empty cells blank, columns that hold nothing left out,
        indexed by the id; a notebook shows it for reading.

    Raises
    ------
    UsageError
        If there is no such table.

    Notes
    -----
    For the officer's own eyes: nothing is hidden here.  What is handed out goes through
    :mod:`toolkit.privacy`.
    """
    if table not in CONTRACTS:
        choices = ", ".join(v.TABLES)
        raise UsageError(Problem("unknown_table", found=table, params={"choices": choices}))
    contract = CONTRACTS[table]
    frame = territory.table(table)
    names = names_of(territory, lang=lang)
    key, *_ = contract.key
    shown = [
        column
        for column in contract.columns
        if column.name not in {*_PLUMBING, key} and frame[column.name].notna().any()
    ]
    made = pd.DataFrame(
        {
            column_label(table, column.name, lang=lang): in_words(
                frame[column.name], column, names=names, lang=lang
            ).to_numpy()
            for column in shown
        },
        index=pd.Index(frame[key].to_numpy(), name=column_label(table, key, lang=lang)),
    )
    return worded(made, lang=lang)


def names_of(territory: Territory, *, lang: str) -> dict[str, str]:
    """Return what a person calls actors, communes, cooperations and sources, by id."""
    return {
        **_names(territory, v.SOURCES, key="source_id", name="title"),
        **_names(territory, v.COOPERATIONS, key="cooperation_id", name="name"),
        **place_names(territory),
        v.OUTSIDE: text("map.outside", lang=lang),
    }


def _names(territory: Territory, table: str, *, key: str, name: str) -> dict[str, str]:
    frame = territory.table(table)
    return dict(zip(frame[key], frame[name], strict=True))


def in_words(
    cells: pd.Series[Any], column: Column, *, names: dict[str, str], lang: str
) -> pd.Series[Any]:
    """Return the cells of one column in words, empty text where there is none.

    Parameters
    ----------
    cells : Series
        Cells of a table of the model.
    column : Column
        The contract of their column.
    names : dict of str to str
        What :func:`names_of` gives.
    lang : str
        ``fr`` or ``en``.
    """
    if column.name in _YEARS:  # a name of a year, not an amount
        years = cells.astype("Int64").astype("string")
        return years.astype("object").where(cells.notna(), "")
    if column.kind in {"number", "integer"}:
        return cells
    wording = _wording(column, names=names, lang=lang)
    distinct = {cell: wording(cell) for cell in cells.dropna().unique()}
    return cells.map(distinct).astype("object").where(cells.notna(), "")


def _wording(column: Column, *, names: dict[str, str], lang: str) -> Callable[[Any], str]:
    """Return the function that words one cell of a column."""

    def coded(cell: str) -> str:
        return nomenclature.label(column.of, cell, lang=lang)

    def listed(cell: str) -> str:
        return enum_label(column.of, cell, lang=lang)

    def several(one: Callable[[str], str]) -> Callable[[str], str]:
        return lambda cell: ", ".join(one(code) for code in v.split_list(cell))

    yes, no = (text(f"table_cell.{word}", lang=lang) for word in ("yes", "no"))
    wordings: dict[str, Callable[[Any], str]] = {
        "boolean": lambda cell: yes if cell else no,
        "enum": listed,
        "enum_list": several(listed),
        "code": coded,
        "code_list": several(coded),
        "reference": lambda cell: names.get(cell, cell),
    }
    return wordings.get(column.kind, str)
