"""Cells of somebody's table under the columns of the model, their words made codes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import reduce
from typing import Final

import pandas as pd

from toolkit import vocabulary as v
from toolkit.nomenclature import fold
from toolkit.schema.ways import read_code
from toolkit.sources.mapping_file import CODED, LISTS, SPLIT, TableMap

SEVERAL: Final = {v.RESOURCES: SPLIT, v.NEEDS: SPLIT}
"""Column of a table of which one cell of a file may hold several values, one row each."""
Unknown = dict[str, Counter[str]]
"""Words that nobody translates and how often they stand, by column of the model."""


def mapped_cells(
    rows: pd.DataFrame, table: TableMap, *, separators: str
) -> tuple[pd.DataFrame, Unknown]:
    """Return the columns of one table as text, and the words that have no code.

    Parameters
    ----------
    rows : DataFrame
        Text under the headers that the mapping names.
    table : TableMap
        What is mapped.
    separators : str
        Characters each of which separates values of one cell.

    Returns
    -------
    cells : DataFrame
        Columns of the model; one row a category in resources and needs, so that the index of
        `rows` may repeat.
    unknown : dict
        Words without a code.
    """
    unknown: Unknown = {}
    names = dict.fromkeys([*table.columns, *table.constants])
    columns = {}
    for name in names:
        cells = _column(rows, table, name=name, separators=separators, unknown=unknown)
        constant = table.constants.get(name)
        columns[name] = cells if constant is None else cells.fillna(constant)
    made = pd.DataFrame(columns, index=rows.index)
    split = SEVERAL.get(table.table, "")
    if split in made:
        several = [list(v.split_list(cell)) or [""] for cell in made[split]]
        made = made.assign(**{split: pd.Series(several, index=made.index)}).explode(split)
    return made, unknown


def _column(
    rows: pd.DataFrame, table: TableMap, *, name: str, separators: str, unknown: Unknown
) -> pd.Series[str]:
    """Return the cells for one column of the model."""
    column = table.column(name)
    headers = table.columns.get(name, ())
    if not headers:
        return pd.Series(None, index=rows.index, dtype="str")
    # Lists, as going through a column of text cell by cell is slow.
    cells = list(zip(*(rows[header].tolist() for header in headers), strict=True))
    if column.kind in CODED or name in table.codes:
        translator = _Translator(table, name, separators)
        made = [translator.codes(row) for row in cells]
        if translator.unknown:
            unknown[name] = translator.unknown
        return pd.Series(made, index=rows.index, dtype="str")
    if column.kind != "text":
        return reduce(
            lambda first, header: first.fillna(rows[header]), headers[1:], rows[headers[0]]
        )
    joined = [", ".join(cell for cell in row if isinstance(cell, str)) or None for row in cells]
    return pd.Series(joined, index=rows.index, dtype="str")


class _Translator:
    """Makes codes of the words for one column, and counts words that have none."""

    def __init__(self, table: TableMap, name: str, separators: str) -> None:  # noqa: PLR0917 - private
        self.column = table.column(name)
        self.ways: Mapping[str, str] = table.codes.get(name, {})
        self.separators = separators
        self.is_list = self.column.kind in LISTS or SEVERAL.get(table.table) == name
        self.unknown: Counter[str] = Counter()
        self._known: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}

    def codes(self, row: tuple[object, ...]) -> str | None:
        """Return the codes of a row joined by ``|``; where one is expected, the first."""
        found: list[str] = []
        for cell in row:
            if isinstance(cell, str):
                codes, unknown = self._read(cell)
                found += codes
                self.unknown.update(unknown)
        kept = list(dict.fromkeys(found))[: None if self.is_list else 1]
        return v.join_list(kept) or None

    def _read(self, cell: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the codes of a cell and its words without one; cells alike are read once."""
        if cell not in self._known:
            unknown: list[str] = []
            codes = [code for words in self._words(cell) for code in self._codes(words, unknown)]
            self._known[cell] = tuple(codes), tuple(unknown)
        return self._known[cell]

    def _words(self, cell: str) -> list[str]:
        """Return the words of a cell: all of it where that is known, else its parts."""
        if fold(cell) in self.ways:
            return [cell]
        parts = cell
        for separator in self.separators:
            parts = parts.replace(separator, "\n")
        return [part.strip() for part in parts.split("\n") if part.strip()]

    def _codes(self, words: str, unknown: list[str]) -> tuple[str, ...]:
        if fold(words) in self.ways:
            return v.split_list(self.ways[fold(words)])
        if self.column.kind not in CODED:
            return (words,)
        code = read_code(words, self.column)
        if code is None:
            unknown.append(" ".join(words.split()))
            return ()
        return (code,)
