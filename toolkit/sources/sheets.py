"""Tables of facts in .xlsx files: groupings of communes and lists are published as sheets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from toolkit.errors import DataError, Problem
from toolkit.office import guard
from toolkit.office.sheets import read_sheets
from toolkit.sources.reading import (
    NULLS,
    Columns,
    check_file,
    missing_columns,
    places_of,
    read_rows,
)
from toolkit.sources.walking import Cut

ENDING: Final = ".xlsx"
HEADER_WITHIN: Final = 30
"""Rows in which the header is looked for: some producers write a title above it."""


def read_table(
    path: Path, *, needed: Columns, wanted: Columns | None = None, cut: Cut | None = None
) -> pd.DataFrame:
    """Return the wanted columns of delimited text or of the first fitting sheet of an .xlsx.

    Parameters
    ----------
    path : Path
        File ending in .csv, .txt, .tsv or .xlsx, or a zip that holds a text.
    needed : Mapping
        Columns that must be there.
    wanted : Mapping, optional
        Columns taken where they are there; missing ones are empty.
    cut : Cut, optional
        Which records of a text are wanted; a sheet is always read whole.

    Returns
    -------
    DataFrame
        As :func:`toolkit.sources.reading.read_rows`: all cells text, missing cells NaN, index the
        number of the row.

    Raises
    ------
    DataError
        If the file cannot be read, has no row, or lacks a needed column.
    """
    if path.suffix.lower() != ENDING:
        return read_rows(path, needed=needed, wanted=wanted, cut=cut)
    return read_sheet(path, needed=needed).table({**needed, **(wanted or {})})


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of facts: where it is, its header, its rows as text, the number of the first row."""

    where: str
    header: list[str]
    rows: list[list[str]]
    first: int

    def table(self, columns: Columns) -> pd.DataFrame:
        """Return columns of the sheet, missing cells NaN, without its empty rows.

        Raises
        ------
        DataError
            If no row is left.
        """
        places = places_of(self.header, columns)
        cells = {
            name: [row[places[name]] if name in places else "" for row in self.rows]
            for name in columns
        }
        index = pd.RangeIndex(self.first, self.first + len(self.rows))
        frame = pd.DataFrame(cells, index=index, dtype="str")
        for name in frame.columns:
            frame[name] = frame[name].mask(frame[name].isin(NULLS))
        kept = frame[frame.notna().any(axis="columns")]
        if kept.empty:
            raise DataError(Problem("sources_no_rows", where=self.where))
        return kept


def read_sheet(path: Path, *, needed: Columns) -> Sheet:
    """Return the first sheet of a file that has some columns.

    Parameters
    ----------
    path : Path
        An .xlsx file.
    needed : Mapping
        Columns by which the header, and so the sheet, is recognised.

    Raises
    ------
    DataError
        If the file is damaged or too large, or no sheet has the columns.
    """
    check_file(path, endings=(ENDING,))
    best: tuple[int, list[str]] = (-1, [])
    for sheet in _sheets(path):
        for place, row in enumerate(sheet[:HEADER_WITHIN]):
            found = len(places_of(row, needed))
            if found == len(needed):
                return Sheet(path.name, row, sheet[place + 1 :], place + 2)
            best = max(best, (found, row), key=lambda one: one[0])
    header = [cell for cell in best[1] if cell]
    missing = [name for name in needed if name not in places_of(header, needed)]
    raise DataError(missing_columns(path, missing, needed=needed, header=header))


def _sheets(path: Path) -> Iterator[list[list[str]]]:
    """Yield the sheets of a checked file, all cells text."""
    guard.inspect(path)
    for _, cells in read_sheets(path):
        yield [[_text(cell) for cell in row] for row in cells]


def _text(cell: object) -> str:
    """Return a cell as text; a whole number without the point that the sheet gives it."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()
