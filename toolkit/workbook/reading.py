"""Read what an officer filled in: raw cells under the model's column names, nothing typed yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from toolkit import vocabulary as v
from toolkit.errors import Problem, WorkbookError
from toolkit.language import column_label, table_label
from toolkit.nomenclature import fold
from toolkit.office import guard
from toolkit.office.sheets import Cells, read_sheets
from toolkit.schema import headings
from toolkit.schema.contracts import CONTRACTS
from toolkit.settings import LANGUAGES
from toolkit.workbook import headers
from toolkit.workbook.delimited import read_delimited
from toolkit.workbook.examples import example_rows
from toolkit.workbook.headers import Header
from toolkit.workbook.locks import is_open_elsewhere

EXAMPLE_MARKS: Final = ("exemple", "example")
"""Folded beginnings of an id that make a row an example, which is not imported."""


@dataclass(frozen=True, slots=True)
class Block:
    """The cells of one sheet, from its first row and column.

    ``errors`` holds the cells whose formula gave an error or nothing, by row and column from 0;
    ``left_out`` the rows, from 0, that are at fault as a whole and not read.
    """

    name: str
    rows: Cells
    errors: Mapping[tuple[int, int], str]
    table: str = ""
    problems: tuple[Problem, ...] = ()
    left_out: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What was read from an officer's file.

    Attributes
    ----------
    tables : dict of str to DataFrame
        Raw cells (text, numbers, booleans, None) with the model's column names, the officer's own
        columns after them under their own headers; the index is the row number of the sheet.
        Tables without sheet are absent; a sheet without rows gives an empty table.
    where : dict of str to str
        Sheet or file that holds each table.
    lang : str
        Language of the headers.
    problems : tuple of Problem
        Faults of sheets and headers, and cells with an error; those of the other cells are found by
        :func:`toolkit.schema.parse`.
    notes : tuple of Problem
        What the officer should know and need not mend.
    layouts : Mapping of str to Header
        Where the columns of each table stand, for marking.
    path : Path
        The file or folder.
    kind : str
        ``xlsx``, ``ods`` or ``csv``.
    """

    tables: dict[str, pd.DataFrame]
    where: dict[str, str]
    lang: str
    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...]
    layouts: Mapping[str, Header]
    path: Path
    kind: str


def read(path: str | Path) -> Reading:
    """Return the tables of an officer's workbook, folder of CSV files, or single CSV file.

    Headers may stand in any order, in French or English, with or without accents, capitals, ``*``
    and units in brackets; title rows may stand above them.  Rows whose id begins with ``EXEMPLE``
    or ``EXAMPLE`` and blank rows are left out.

    Parameters
    ----------
    path : str or Path
        An .xlsx, .xlsm, .ods, .csv, .tsv or .txt file, or a folder of text files.

    Returns
    -------
    Reading
        Raw tables, and what is wrong with sheets and headers.

    Raises
    ------
    WorkbookError
        If the file cannot be read at all: absent, of another kind, damaged, protected, too large.
    """
    path = Path(path)
    kind, blocks = _blocks(path)
    notes = (
        [Problem("note_open", found=path.name, where=path.name)] if is_open_elsewhere(path) else []
    )
    chosen, problems = _assign(blocks, where=path.name)
    tables: dict[str, pd.DataFrame] = {}
    layouts: dict[str, Header] = {}
    where: dict[str, str] = {}
    for table in v.WORKBOOK_TABLES:
        if table not in chosen:
            continue
        block = chosen[table]
        where[table] = block.name
        problems.extend(block.problems)
        header, found = _header(block, table)
        problems.extend(found)
        if header is None:
            tables[table] = pd.DataFrame()
            continue
        layouts[table] = header
        tables[table], faults, remarks = _table(block, table, header=header)
        problems.extend(faults)
        notes.extend(remarks)
    if not any(len(frame) for frame in tables.values()) and not problems:
        problems.append(Problem("workbook_no_rows", found=path.name, where=path.name))
    lang = _language(chosen, layouts)
    return Reading(tables, where, lang, tuple(problems), tuple(notes), layouts, path, kind)


# --- files to blocks --------------------------------------------------------------------------
def blocks_of(path: Path) -> list[Block]:
    """Return the sheets of a file, or the files of a folder, as they are.

    Raises
    ------
    WorkbookError
        If the file cannot be read at all.
    """
    return _blocks(path)[1]


def _blocks(path: Path) -> tuple[str, list[Block]]:
    """Return the kind of a file and its sheets."""
    if path.is_dir():
        files = sorted(
            file
            for file in path.iterdir()
            if file.suffix.lower() in guard.TEXT_SUFFIXES and not file.name.startswith((".", "~"))
        )
        if not files:
            raise guard.refusal(path, "workbook_folder", found=path.name)
        return "csv", [_text_block(file) for file in files]
    scan = guard.inspect(path)
    if scan.kind == "csv":
        return "csv", [_text_block(path)]
    return scan.kind, list(_sheet_blocks(path, scan))


def _text_block(path: Path) -> Block:
    guard.inspect(path)
    found = read_delimited(path)
    rows: Cells = [[cell if cell.strip() else None for cell in row] for row in found.rows]
    overlong = frozenset(int(problem.row) - 1 for problem in found.problems)
    return Block(path.name, rows, {}, found.table, found.problems, overlong)


def _sheet_blocks(path: Path, scan: guard.Scan) -> Iterator[Block]:
    """Yield the sheets of a workbook that passed the door."""
    for name, rows in read_sheets(path):
        yield Block(name, rows, scan.errors.get(name, {}))


# --- blocks to tables -------------------------------------------------------------------------
def _assign(blocks: Sequence[Block], *, where: str) -> tuple[dict[str, Block], list[Problem]]:
    """Return the sheet of each table, by its name; if no name is known, by its headers."""
    problems: list[Problem] = []
    chosen: dict[str, Block] = {}
    for block in blocks:
        table = block.table or headers.table_of_sheet(block.name)
        if table and table in chosen:
            params = {"first": chosen[table].name, "label": table}
            problems.append(
                Problem("sheet_duplicate", found=block.name, params=params, where=where)
            )
        elif table:
            chosen[table] = block
    if not chosen:
        for block in blocks:
            table = headers.table_of_headers(block.rows)
            if table and table not in chosen:
                chosen[table] = block
    named = {id(block) for block in chosen.values()}
    for block in blocks:
        near = headers.near_table(block.name) if id(block) not in named else ""
        if near and near not in chosen:
            suggestion = " / ".join(table_label(near, lang=lang) for lang in LANGUAGES)
            params = {"suggestion": suggestion}
            problems.append(Problem("sheet_unknown", found=block.name, params=params, where=where))
    if not chosen and not problems:
        shown = ", ".join(block.name for block in blocks[:6])
        raise WorkbookError(Problem("workbook_no_sheet", found=shown, where=where))
    return chosen, problems


def _header(block: Block, table: str) -> tuple[Header | None, list[Problem]]:
    """Return the headers of a sheet and what is wrong with them; None for a sheet without any."""
    row = headers.find_header(block.rows, table)
    if row is not None:
        header = headers.read_header(block.rows, table, row=row, where=block.name)
        return header, list(header.problems)
    if not any(cell is not None for cells in block.rows for cell in cells):
        return None, []
    first = next(str(cell) for cells in block.rows for cell in cells if cell is not None)
    params = {"rows": headers.SEARCHED_ROWS}
    return None, [Problem("header_absent", table, "", "", first, params, block.name)]


def _table(
    block: Block, table: str, *, header: Header
) -> tuple[pd.DataFrame, list[Problem], list[Problem]]:
    """Return the rows under the headers, cells that hold an error, and remarks."""
    problems: list[Problem] = []
    notes: list[Problem] = []
    used = _used_columns(block, header)
    rows: list[list[object]] = []
    labels: list[int] = []
    last = max((at for at, _ in block.errors), default=-1)
    for position in range(header.row + 1, max(len(block.rows), last + 1)):
        if position in block.left_out:
            continue
        row = block.rows[position] if position < len(block.rows) else []
        cells = {name: row[place] if place < len(row) else None for name, place in used.items()}
        problems.extend(_with_errors(cells, block, table=table, position=position, used=used))
        if all(cell is None for cell in cells.values()):
            continue
        if _is_example(cells, table):
            if _is_changed_example(cells, table):
                key = CONTRACTS[table].key[0]
                found = str(cells[key])
                notes.append(
                    Problem("note_example", table, str(position + 1), key, found, {}, block.name)
                )
            continue
        labels.append(position + 1)
        rows.append(list(cells.values()))
    frame = pd.DataFrame(rows, columns=list(used), index=labels, dtype="object")
    return frame, problems, notes


def _with_errors(
    cells: dict[str, object],
    block: Block,
    *,
    table: str,
    position: int,
    used: Mapping[str, int],
) -> Iterator[Problem]:
    """Put the errors of formulas in the cells of a row; yield those that parsing does not find."""
    for name, place in used.items():
        error = block.errors.get((position, place))
        if not error:
            continue
        kind = CONTRACTS[table].column(name).kind if name in CONTRACTS[table].names else ""
        at = (table, str(position + 1), name)
        if error != guard.UNCALCULATED:
            cells[name] = error
            if kind == "text":
                yield Problem("cell_error", *at, error, {}, block.name)
        elif kind:
            yield Problem("formula_uncalculated", *at, "", {}, block.name)


def _used_columns(block: Block, header: Header) -> dict[str, int]:
    """Return the columns that are kept: with a header, or with cells though without one."""
    filled = {
        place
        for position in range(header.row + 1, len(block.rows))
        if position not in block.left_out
        for place, cell in enumerate(block.rows[position])
        if cell is not None
    }
    return {
        name: place
        for name, place in header.columns.items()
        if header.titles[name] or place in filled
    }


def _is_example(cells: Mapping[str, object], table: str) -> bool:
    """Return whether a row is an example, by the beginning of its id."""
    found = cells.get(CONTRACTS[table].key[0])
    return isinstance(found, str) and fold(found).startswith(EXAMPLE_MARKS)


def _is_changed_example(cells: Mapping[str, object], table: str) -> bool:
    """Return whether an example row holds words that are not those of the template."""
    shipped = {
        (name, fold(str(cell)))
        for lang in LANGUAGES
        for row in example_rows(table, lang=lang)
        for name, cell in row.items()
    }
    names = set(CONTRACTS[table].names) - {"commune_id"}
    return any(
        isinstance(cell, str) and name in names and (name, fold(cell)) not in shipped
        for name, cell in cells.items()
    )


def _language(chosen: Mapping[str, Block], layouts: Mapping[str, Header]) -> str:
    """Return the language in which most headers and sheet names are written; French if equal."""
    votes: Counter[str] = Counter()
    for lang in LANGUAGES:
        for table, block in chosen.items():
            votes[lang] += fold(block.name) == fold(table_label(table, lang=lang))
        for table, header in layouts.items():
            for name, title in header.titles.items():
                label = column_label(table, name, lang=lang)
                votes[lang] += headings.header_key(title) == headings.header_key(label)
    return max(LANGUAGES, key=lambda lang: (votes[lang], lang == "fr"))
