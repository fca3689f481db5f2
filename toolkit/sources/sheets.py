"""Tables of facts in .xlsx files, checked before the program of the sheets opens them.

Groupings of communes are published as sheets.  A sheet is a zip of XML: sizes, the farthest cell
and the longest text are counted first, as one far cell or one long text told many times in a small
file makes a reader ask for more memory than there is.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from toolkit.errors import DataError, Problem
from toolkit.sources.reading import (
    NULLS,
    Columns,
    check_file,
    missing_columns,
    places_of,
    read_rows,
)

ENDING: Final = ".xlsx"
MAX_FILE_BYTES: Final = 60_000_000
MAX_UNPACKED_BYTES: Final = 400_000_000
MAX_ENTRIES: Final = 2_000
MAX_AREA: Final = 10_000_000
"""Cells of the rectangle that a sheet fills; a reader holds all of them, empty ones too."""
MAX_TEXT_BYTES: Final = 1_000_000_000
"""Cells that name a shared text, times the longest of these texts."""
HEADER_WITHIN: Final = 30
"""Rows in which the header is looked for: some producers write a title above it."""

_CHUNK: Final = 1 << 20
_OVERLAP: Final = 512
_CELL: Final = re.compile(rb'<(?:\w+:)?c\s[^<>]{0,200}?r="([A-Z]{1,4})([0-9]{1,8})"')
_ROW: Final = re.compile(rb'<(?:\w+:)?row\s[^<>]{0,200}?r="([0-9]{1,8})"')
_LETTERS: Final = 26


def read_table(path: Path, *, needed: Columns, wanted: Columns | None = None) -> pd.DataFrame:
    """Return the wanted columns of delimited text or of the first fitting sheet of an .xlsx.

    Parameters
    ----------
    path : Path
        File ending in .csv, .txt, .tsv or .xlsx.
    needed : Mapping
        Columns that must be there.
    wanted : Mapping, optional
        Columns taken where they are there; missing ones are empty.

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
        return read_rows(path, needed=needed, wanted=wanted)
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
    from python_calamine import CalamineError, CalamineWorkbook  # noqa: PLC0415 - reads files only here

    _check_zip(path)
    try:
        with CalamineWorkbook.from_path(str(path)) as book:
            for name in book.sheet_names:
                yield [
                    [_text(cell) for cell in row]
                    for row in book.get_sheet_by_name(name).to_python(skip_empty_area=False)
                ]
    except (CalamineError, ValueError, OSError) as err:
        raise DataError(Problem("sources_damaged", where=path.name, found=ENDING)) from err


def _text(cell: object) -> str:
    """Return a cell as text; a whole number without the point that the sheet gives it."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


# --- sizes ------------------------------------------------------------------------------------
def _check_zip(path: Path) -> None:
    """Refuse what is no ordinary zip of bounded size."""
    if path.stat().st_size > MAX_FILE_BYTES:
        raise DataError(Problem("sheet_too_large", where=path.name, found=path.name))
    try:
        with zipfile.ZipFile(path) as package:
            entries = package.infolist()
            is_large = sum(entry.file_size for entry in entries) > MAX_UNPACKED_BYTES
            if is_large or len(entries) > MAX_ENTRIES or _is_heavy(package):
                raise DataError(Problem("sheet_too_large", where=path.name, found=path.name))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as err:
        raise DataError(Problem("sources_damaged", where=path.name, found=ENDING)) from err


def _is_heavy(package: zipfile.ZipFile) -> bool:
    """Return whether the cells of a sheet, or their texts, would need too much memory."""
    longest, told = 0, 0
    for entry in package.infolist():
        if entry.filename.startswith("xl/worksheets/"):
            rows, columns, cells = _extent(package, entry)
            told += cells
            if rows * columns > MAX_AREA:
                return True
        elif entry.filename.casefold().endswith("sharedstrings.xml"):
            longest = max(longest, _longest(package, entry))
    return longest * told > MAX_TEXT_BYTES


def _extent(package: zipfile.ZipFile, entry: zipfile.ZipInfo) -> tuple[int, int, int]:
    """Return the last row and column of a sheet, and how many cells it has."""
    rows, columns, cells = 0, 0, 0
    for part in _parts(package, entry):
        for match in _CELL.finditer(part):
            cells += 1
            rows = max(rows, int(match[2]))
            columns = max(columns, _position(match[1]))
        rows = max(rows, *(int(match[1]) for match in _ROW.finditer(part)), 0)
    return rows, columns, cells


def _longest(package: zipfile.ZipFile, entry: zipfile.ZipInfo) -> int:
    """Return the bytes of the longest shared text."""
    longest, open_since = 0, 0
    for part in _parts(package, entry):
        pieces = part.split(b"</si>")
        open_since += len(pieces[0])
        longest = max(longest, open_since, *(len(piece) for piece in pieces[1:]), 0)
        open_since = len(pieces[-1]) if len(pieces) > 1 else open_since
    return longest


def _parts(package: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield an entry in pieces that share their ends, so that no cell is cut in two."""
    end = b""
    with package.open(entry) as stream:
        while part := stream.read(_CHUNK):
            yield end + part
            end = part[-_OVERLAP:]


def _position(letters: bytes) -> int:
    """Return the place of a column, from 1."""
    place = 0
    for letter in letters:
        place = place * _LETTERS + letter - ord("A") + 1
    return place
