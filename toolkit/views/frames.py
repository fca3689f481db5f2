"""Any table of a territory in words: headers and codes in the reader's language."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from toolkit import nomenclature
from toolkit import vocabulary as v
from toolkit.errors import Problem, UsageError
from toolkit.language import column_label, enum_label, text
from toolkit.schema import CONTRACTS, Column

if TYPE_CHECKING:
    from toolkit.territory import Territory

_PLUMBING = frozenset({"latitude", "longitude", "activity_version", "weight", v.GEOMETRY})


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
        Headers and codes in words, empty cells blank, columns that hold nothing left out, indexed
        by the id.

    Raises
    ------
    UsageError
        If there is no such table.
    """
    if table not in CONTRACTS:
        raise UsageError(
            Problem("unknown_table", found=table, params={"choices": ", ".join(v.TABLES)})
        )
    contract = CONTRACTS[table]
    frame = territory.table(table)
    shown = {
        column_label(table, column.name, lang=lang): in_words(frame[column.name], column, lang=lang)
        for column in contract.columns
        if column.name not in _PLUMBING
        and column.name != contract.key[0]
        and frame[column.name].notna().any()
    }
    return pd.DataFrame(
        shown, index=pd.Index(frame[contract.key[0]].to_numpy(), name=contract.key[0])
    )


def in_words(cells: pd.Series, column: Column, *, lang: str) -> pd.Series:
    """Return the cells of one column in words, empty text where there is none."""
    if column.kind in {"number", "integer"}:
        return cells
    yes, no = (text(f"table_cell.{word}", lang=lang) for word in ("yes", "no"))
    wording = {
        "boolean": lambda cell: yes if cell else no,
        "enum": lambda cell: enum_label(column.of, cell, lang=lang),
        "enum_list": lambda cell: ", ".join(
            enum_label(column.of, code, lang=lang) for code in v.split_list(cell)
        ),
        "code": lambda cell: nomenclature.label(column.of, cell, lang=lang),
        "code_list": lambda cell: ", ".join(
            nomenclature.label(column.of, code, lang=lang) for code in v.split_list(cell)
        ),
    }.get(column.kind, str)
    distinct = {cell: wording(cell) for cell in cells.dropna().unique()}
    return cells.map(distinct).astype("object").where(cells.notna(), "")
