"""Delimited text: encoding and separator are told from the file, or refused in words."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from toolkit import vocabulary as v
from toolkit.errors import Problem
from toolkit.nomenclature import fold
from toolkit.office.guard import MAX_COLUMNS, MAX_ROWS, refusal
from toolkit.schema import headings
from toolkit.workbook import headers

SEPARATORS: Final = (";", ",", "\t", "|")
_NAMES: Final = {";": ";", ",": ",", "\t": "TAB", "|": "|"}
_SAMPLE: Final = 200
_AS_CP1252: Final = "".join(
    bytes([byte]).decode("cp1252", errors="ignore") for byte in range(0x80, 0xC0)
)
_MOJIBAKE: Final = re.compile(f"[\xc2\xc3][{re.escape(_AS_CP1252)}]")
"""What UTF-8 letters look like when they are read as Windows-1252 (``Ã©`` for é)."""
_DOS: Final = re.compile(b"[A-Za-z][\x82\x87\x88][a-z]".decode("cp1252"))
"""What é, ç and ê of the DOS code page look like when they are read as Windows-1252."""
_MAC: Final = re.compile(b"[a-z]\x8e|[A-Z]\x8e[a-z]|\x83[a-z]".decode("cp1252"))
"""What é and É of an old Macintosh look like when they are read as Windows-1252."""


@dataclass(frozen=True, slots=True)
class Delimited:
    """The records of a text file, and how they were told apart.

    Attributes
    ----------
    table : str
        Table of the model.
    rows : list of rows
        Records from the first; record ``n`` is row ``n + 1`` of a spreadsheet that opens the file.
    encoding, separator : str
        What was found.
    problems : tuple of Problem
        Records with too many fields; their rows are not to be read.
    """

    table: str
    rows: list[list[str]]
    encoding: str
    separator: str
    problems: tuple[Problem, ...]


def read_delimited(path: Path) -> Delimited:
    """Return the records of a CSV file.

    The encoding is that of the mark at the start, else UTF-8 if every byte fits, else Windows-1252.
    The separator is the one by which most headers are known, then by which most records have as
    many fields as the header.

    Raises
    ------
    WorkbookError
        If encoding, separator or table cannot be told, or a quotation mark is never closed.
    """
    words, encoding = _decoded(path, path.read_bytes())
    table = _table_of_file(path.stem)
    declared = re.match(r"sep=([;,|\t])\r?\n", words)
    separator = declared[1] if declared else _separator(path, words, table=table)
    rows, lines = _records(path, words, separator=separator)
    table = table or headers.table_of_headers(rows)
    if not table:
        shown = [cell.strip() for cell in rows[0] if cell.strip()] if rows else []
        raise refusal(path, "csv_table_unknown", found=", ".join(shown[:6]) or path.name)
    problems = _overlong(rows, lines, table=table, where=path.name)
    return Delimited(table, rows, encoding, separator, tuple(problems))


def _table_of_file(stem: str) -> str:
    """Return the table that a file name holds as a word; empty if none or several."""
    words = re.split(r"[\s_.\-]+", stem)
    found = {headers.table_of_sheet(word) for word in (stem, *words)} - {""}
    return found.pop() if len(found) == 1 else ""


# --- encoding ---------------------------------------------------------------------------------
def _decoded(path: Path, data: bytes) -> tuple[str, str]:
    """Return the text of a file and the name of its encoding."""
    if data.startswith(codecs.BOM_UTF8):
        return _decode(path, data, encoding="utf-8-sig"), "utf-8-sig"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _decode(path, data, encoding="utf-16"), "utf-16"
    if b"\0" in data:
        raise refusal(path, "csv_binary", found=path.name)
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as err:
        first = err.start
    words = _decode(path, data, encoding="cp1252")
    if any(sign.search(words) for sign in (_MOJIBAKE, _DOS, _MAC)):
        raise refusal(
            path, "csv_encoding_mixed", found=path.name, line=data.count(b"\n", 0, first) + 1
        )
    return words, "cp1252"


def _decode(path: Path, data: bytes, *, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as err:
        line = data.count(b"\n", 0, err.start) + 1
        raise refusal(path, "csv_encoding", found=path.name, line=line) from err


# --- separator --------------------------------------------------------------------------------
def _separator(path: Path, words: str, *, table: str) -> str:
    """Return the separator that fits best; refuse two that fit equally."""
    scores = {mark: _fit(words, mark, table=table) for mark in SEPARATORS}
    best = max(scores.values())
    fitting = [mark for mark in SEPARATORS if scores[mark] == best]
    if len(fitting) == 1 or best[1] == 0:
        return fitting[0]
    choices = " ".join(_NAMES[mark] for mark in fitting)
    raise refusal(path, "csv_separator", found=path.name, choices=choices)


def _fit(words: str, separator: str, *, table: str) -> tuple[int, float]:
    """Return how well a separator fits: known headers, share of records as wide as the header."""
    rows: list[list[str]] = []
    try:
        for record in csv.reader(io.StringIO(words, newline=""), delimiter=separator):
            if any(cell.strip() for cell in record):
                rows.append(record)
            if len(rows) == _SAMPLE:
                break
    except csv.Error:
        return 0, 0.0
    if not rows:
        return 0, 0.0
    known, width = 0, len(rows[0])
    for name in (table,) if table else v.WORKBOOK_TABLES:
        ways = headings.known_headers(name)
        for row in rows[: headers.SEARCHED_ROWS]:
            count = len({ways[key] for cell in row if (key := headings.header_key(cell)) in ways})
            if count > known:
                known, width = count, len(row)
    alike = sum(len(row) == width for row in rows) / len(rows)
    return known, alike if width > 1 else 0.0


# --- records ----------------------------------------------------------------------------------
def _records(path: Path, words: str, *, separator: str) -> tuple[list[list[str]], list[int]]:
    """Return the records and the line of the file on which each begins."""
    rows: list[list[str]] = []
    lines: list[int] = []
    reader = csv.reader(io.StringIO(words, newline=""), delimiter=separator)
    begins = 1
    try:
        for record in reader:
            rows.append(record)
            lines.append(begins)
            begins = reader.line_num + 1
            if len(rows) > MAX_ROWS or len(record) > 2 * MAX_COLUMNS:
                raise refusal(
                    path, "workbook_cells", found=str(begins), rows=MAX_ROWS, columns=MAX_COLUMNS
                )
    except csv.Error as err:
        raise refusal(path, "csv_quotes", found=path.name, line=begins) from err
    if rows and _is_open(words, separator):
        raise refusal(path, "csv_quotes", found=path.name, line=lines[-1])
    return rows, lines


def _is_open(words: str, separator: str) -> bool:
    """Return whether the file ends inside quotation marks."""
    reader = csv.reader(io.StringIO(words, newline=""), delimiter=separator, strict=True)
    try:
        for _ in reader:
            pass
    except csv.Error as err:
        return "end of data" in str(err)
    return False


def _overlong(
    rows: Sequence[Sequence[str]], lines: Sequence[int], *, table: str, where: str
) -> list[Problem]:
    """Return a problem for each record with more fields than there are headers."""
    header = headers.find_header(rows, table)
    if header is None:
        return []
    width = max((place + 1 for place, cell in enumerate(rows[header]) if cell.strip()), default=0)
    problems = []
    for position in range(header + 1, len(rows)):
        row = rows[position]
        if any(fold(cell) for cell in row[width:]):
            params = {"fields": len(row), "expected": width, "line": lines[position]}
            found = str(len(row))
            problems.append(
                Problem("csv_fields", table, str(position + 1), "", found, params, where)
            )
    return problems
