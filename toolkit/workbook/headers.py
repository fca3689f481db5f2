"""Which table a sheet is, and which column of the model a header means, however it is written."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final

from toolkit import vocabulary as v
from toolkit.errors import Problem
from toolkit.language import column_label, table_label
from toolkit.nomenclature import fold
from toolkit.office.guard import column_letters
from toolkit.schema.contracts import CONTRACTS, Column
from toolkit.schema.headings import BRACKETS, header_key, known_headers
from toolkit.settings import LANGUAGES

SEARCHED_ROWS: Final = 15
"""Rows at the top of a sheet among which the headers are looked for; title rows may stand above."""
LEAST_KNOWN: Final = 2
"""Headers that must be known for a row to be the row of headers."""
_NEAR: Final = 0.8


def optional_id(table: str) -> str:
    """Return the column of a table's own id, which may be left empty; empty if it has none."""
    key = CONTRACTS[table].key
    return key[0] if len(key) == 1 else ""


def is_needed(table: str, column: Column) -> bool:
    """Return whether the officer must fill a column (its own id and defaults aside)."""
    return column.required and column.default is None and column.name != optional_id(table)


def _sheet_key(name: str) -> str:
    words = re.findall(r"[^\W\d_]+", fold(BRACKETS.sub(" ", name)))
    return " ".join(word.removesuffix("s") for word in words)


@cache
def _known_sheets() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for table in v.WORKBOOK_TABLES:
        for name in (table, *(table_label(table, lang=lang) for lang in LANGUAGES)):
            found.setdefault(_sheet_key(name), table)
    return MappingProxyType(found)


def table_of_sheet(name: str) -> str:
    """Return the table that a sheet or file is, by its name; empty if the name is no table's.

    Examples
    --------
    >>> table_of_sheet("1. ACTEURS (2026)"), table_of_sheet("Feuil1")
    ('actors', '')
    """
    return _known_sheets().get(_sheet_key(name), "")


def near_table(name: str) -> str:
    """Return the table whose name is nearly that of a sheet; empty if none is."""
    near = difflib.get_close_matches(_sheet_key(name), list(_known_sheets()), n=1, cutoff=_NEAR)
    return _known_sheets()[near[0]] if near else ""


def table_of_headers(rows: Sequence[Sequence[object]]) -> str:
    """Return the table that has most of the headers at the top of some rows; empty if in doubt.

    Two tables that have as many leave it in doubt, and so do less than three known headers, unless
    they are all that a table needs (two at least).
    """
    scores: dict[str, tuple[int, float]] = {}
    for table in v.WORKBOOK_TABLES:
        row = find_header(rows, table)
        if row is None:
            continue
        ways = known_headers(table)
        known = {ways.get(header_key(str(cell))) for cell in rows[row] if _filled(cell)} - {None}
        needed = {column.name for column in CONTRACTS[table].columns if is_needed(table, column)}
        is_whole = len(needed) >= LEAST_KNOWN and needed <= known
        if len(known) > LEAST_KNOWN or is_whole:
            scores[table] = (len(known), len(needed & known) / max(len(needed), 1))
    best = sorted(scores, key=lambda table: scores[table], reverse=True)
    if not best or (len(best) > 1 and scores[best[0]] == scores[best[1]]):
        return ""
    return best[0]


def find_header(rows: Sequence[Sequence[object]], table: str) -> int | None:
    """Return the position of the row of headers: of the first rows, that with most known ones."""
    known = known_headers(table)
    best, most = None, LEAST_KNOWN - 1
    for position, row in enumerate(rows[:SEARCHED_ROWS]):
        names = {
            known.get(header_key(cell)) for cell in row if isinstance(cell, str) and cell.strip()
        }
        count = len(names - {None})
        if count > most:
            best, most = position, count
    return best


@dataclass(frozen=True, slots=True)
class Header:
    """A row of headers that was understood.

    Attributes
    ----------
    row : int
        Position of the row, from 0.
    columns : Mapping of str to int
        Position, from 0, of each column: those of the model by their name, others by their header.
    titles : Mapping of str to str
        What is written above each column.
    problems : tuple of Problem
        Doubtful, doubled and missing headers.
    """

    row: int
    columns: Mapping[str, int]
    titles: Mapping[str, str]
    problems: tuple[Problem, ...]


def read_header(rows: Sequence[Sequence[object]], table: str, *, row: int, where: str) -> Header:
    """Return what the headers of a table mean.

    Parameters
    ----------
    rows : sequence of rows
        Cells of the sheet from its first row and column.
    table : str
        Table of the model.
    row : int
        Position of the row of headers.
    where : str
        File and sheet, for the problems.
    """
    label = str(row + 1)
    problems: list[Problem] = []
    columns: dict[str, int] = {}
    titles: dict[str, str] = {}
    unknown: list[tuple[int, str]] = []
    for position, cell in enumerate(rows[row]):
        title = str(cell).strip() if _filled(cell) else ""
        name = known_headers(table).get(header_key(title), "") if title else ""
        if name and name in columns:
            params = {"first": column_letters(columns[name]), "second": column_letters(position)}
            problems.append(Problem("header_duplicate", table, label, name, title, params, where))
            unknown.append((position, title))
        elif name:
            columns[name], titles[name] = position, title
        else:
            unknown.append((position, title))
    taken = frozenset(columns)
    for position, title in unknown:
        suggestion = _near_header(title, table, taken=taken)
        name = _own_name(title, position, taken=columns)
        columns[name], titles[name] = position, title
        if suggestion:
            params = {"suggestion": suggestion, "letters": column_letters(position)}
            problems.append(Problem("header_unknown", table, label, name, title, params, where))
    problems.extend(
        Problem("header_missing", table, label, name, "", {}, where)
        for name in _missing(table, taken=taken)
    )
    return Header(row, columns, titles, tuple(problems))


def _filled(cell: object) -> bool:
    return cell is not None and bool(str(cell).strip())


def _near_header(title: str, table: str, *, taken: frozenset[str]) -> str:
    """Return the known header that a doubtful one nearly is, if its column is not there already."""
    free = {key: name for key, name in known_headers(table).items() if name not in taken}
    near = (
        difflib.get_close_matches(header_key(title), list(free), n=1, cutoff=_NEAR) if title else []
    )
    if not near:
        return ""
    labels = [column_label(table, free[near[0]], lang=lang) for lang in LANGUAGES]
    return max(
        labels, key=lambda one: difflib.SequenceMatcher(None, header_key(one), near[0]).ratio()
    )


def _own_name(title: str, position: int, *, taken: Mapping[str, int]) -> str:
    """Return the name under which a column of the officer's own is kept."""
    plain = title.lstrip("_") or f"colonne_{column_letters(position)}"
    reserved = {column.name for contract in CONTRACTS.values() for column in contract.columns}
    name, number = plain, 2
    while name in taken or name in reserved:
        name, number = f"{plain} ({number})", number + 1
    return name


def _missing(table: str, *, taken: frozenset[str]) -> list[str]:
    """Return the columns without which no row of a table can be taken."""
    missing = [
        column.name
        for column in CONTRACTS[table].columns
        if is_needed(table, column) and column.by_hand and column.name not in taken
    ]
    if table == v.ACTORS and "legal_form" in taken:  # the legal form tells the family
        missing = [name for name in missing if name != "family"]
    if table == v.NEEDS and not taken & {"actor_id", "commune_id"}:
        missing.insert(0, "actor_id")
    return missing
