"""Tables of the knowledge base: read as text with the line of each row; all faults at once."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from toolkit.errors import DataError, Problem
from toolkit.resources import shipped

EXPERT: Final = "expert"
"""Source of a row that rests on expert judgement, to be reviewed."""
SOURCES: Final = "sources"
SOURCE_COLUMNS: Final = ("source_id", "title", "producer", "year", "url", "licence", "note")
FOLDER: Final = "knowledge"
"""Name of the folder of a territory in which it adds to the knowledge base."""
_OF_FRENCH_SHEETS: Final = ";"
_DECIMAL_COMMA: Final = r"^(\d+),(\d+)$"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a cell of a table: reason code, line, column, what was found."""

    code: str
    line: int
    column: str
    found: str
    expected: str = ""

    def at(self, path: Path) -> Problem:
        """Return the fault as a problem of a file."""
        params = {"expected": self.expected}
        return Problem(
            self.code,
            row=str(self.line),
            column=self.column,
            found=self.found,
            where=path.name,
            params=params,
        )


def path_of(name: str, folder: Path | None = None) -> Path:
    """Return where a table lies: in a folder, else in the shipped knowledge base."""
    file = f"{name}.csv"
    return folder / file if folder is not None else shipped("data", FOLDER, file)


def read_table(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Return a table as text, indexed by the line of the file; empty cells are ``""``.

    Between the cells stand commas, or the semicolons that a spreadsheet in French writes, and then
    the decimal point may be a comma; the text is UTF-8, or that of Windows.

    Raises
    ------
    DataError
        If the file cannot be read, or its header is not that of the table.
    """
    try:
        words = _words_of(path)
        delimiter = _OF_FRENCH_SHEETS if _OF_FRENCH_SHEETS in words.partition("\n")[0] else ","
        reader = csv.reader(io.StringIO(words, newline=""), strict=True, delimiter=delimiter)
        header = [cell.strip() for cell in next(reader, [])]
        rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as err:
        raise DataError(Problem("knowledge_unreadable", where=path.name, found=str(err))) from err
    if tuple(header) != tuple(columns):
        params = {"expected": ", ".join(columns)}
        found = ", ".join(header)
        raise DataError(Problem("knowledge_header", where=path.name, found=found, params=params))
    odd = [(line, row) for line, row in rows if len(row) != len(columns)]
    if odd:
        raise DataError(
            [
                Problem(
                    "knowledge_cells",
                    row=str(line),
                    found=str(len(row)),
                    where=path.name,
                    params={"expected": str(len(columns))},
                )
                for line, row in odd
            ]
        )
    lines = [line for line, _ in rows]
    cells = [[cell.strip() for cell in row] for _, row in rows]
    table = pd.DataFrame(cells, columns=list(columns), index=lines, dtype="str")
    if delimiter == _OF_FRENCH_SHEETS:
        table = table.replace(_DECIMAL_COMMA, r"\1.\2", regex=True)
    return table


def _words_of(path: Path) -> str:
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252")


def read_sources(folder: Path | None = None) -> pd.DataFrame:
    """Return the sources of the knowledge base, and those that a territory adds.

    Parameters
    ----------
    folder : Path, optional
        Folder ``knowledge`` of a territory; its file need not exist.

    Returns
    -------
    DataFrame
        Columns :data:`SOURCE_COLUMNS`.

    Raises
    ------
    DataError
        If a file cannot be read, or an id or a title is missing or an id stands twice.
    """
    shipped_rows = _checked_sources(path_of(SOURCES))
    if folder is None or not path_of(SOURCES, folder).is_file():
        return shipped_rows
    own = _checked_sources(path_of(SOURCES, folder))
    kept = shipped_rows[~shipped_rows["source_id"].isin(own["source_id"])]
    return pd.concat([kept, own], ignore_index=True)


def raise_all(path: Path, faults: Iterable[Fault]) -> None:
    """Raise the faults of a file, if there are any."""
    problems = [fault.at(path) for fault in faults]
    if problems:
        raise DataError(problems)


def unknown(
    rows: pd.DataFrame, column: str, *, codes: Iterable[str], code: str = "knowledge_code"
) -> list[Fault]:
    """Return a fault for each filled cell that is none of some codes."""
    known = frozenset(codes)
    wrong = rows[(rows[column] != "") & ~rows[column].isin(known)]
    cells = zip(wrong.index.tolist(), wrong[column].tolist(), strict=True)
    return [Fault(code, line, column, cell) for line, cell in cells]


def missing(rows: pd.DataFrame, columns: Iterable[str]) -> list[Fault]:
    """Return a fault for each empty cell of columns that must be filled."""
    return [
        Fault("knowledge_empty", line, column, "")
        for column in columns
        for line in rows.index[rows[column] == ""]
    ]


def repeated(rows: pd.DataFrame, key: Sequence[str]) -> list[Fault]:
    """Return a fault for each row whose key an earlier one has."""
    twice = rows[rows.duplicated(list(key))]
    return [
        Fault("knowledge_repeated", line, key[-1], ", ".join(row))
        for line, row in zip(twice.index, twice[list(key)].to_numpy().tolist(), strict=True)
    ]


def numbers(
    rows: pd.DataFrame, column: str, *, lowest: float, highest: float
) -> tuple[pd.Series[float], list[Fault]]:
    """Return the cells of a column as numbers, and a fault for each that is none in the range."""
    values = pd.to_numeric(rows[column], errors="coerce")
    wrong = (rows[column] != "") & ~values.between(lowest, highest)
    bounds = f"{lowest:g} - {highest:g}"
    cells = zip(rows.index[wrong].tolist(), rows[column][wrong].tolist(), strict=True)
    faults = [Fault("knowledge_number", line, column, cell, bounds) for line, cell in cells]
    return values.astype("float64"), faults


def _checked_sources(path: Path) -> pd.DataFrame:
    rows = read_table(path, SOURCE_COLUMNS)
    faults = [*missing(rows, ("source_id", "title")), *repeated(rows, ("source_id",))]
    raise_all(path, faults)
    return rows.reset_index(drop=True)


def described(sources: pd.DataFrame) -> Mapping[str, str]:
    """Return what a person reads of each source: title, producer and year."""
    columns = (sources[name] for name in ("source_id", "title", "producer", "year"))
    return {
        source_id: ", ".join(part for part in parts if part)
        for source_id, *parts in zip(*columns, strict=True)
    }
