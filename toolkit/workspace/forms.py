"""Workbooks of questions: written with a cell for each answer, and read back in either language."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from toolkit.language import text
from toolkit.nomenclature import fold
from toolkit.office import guard
from toolkit.office.sheets import Cells, read_sheets
from toolkit.settings import LANGUAGES
from toolkit.workbook import locks
from toolkit.workbook.palette import style

if TYPE_CHECKING:
    from xlsxwriter import Workbook

ANSWER: Final = "answer"
"""Column in which people answer."""
_ROW_HEIGHT: Final = 45
"""Points: three lines, as no program fits the height of rows that it did not write."""
_MADE: Final = dt.datetime(2026, 1, 1)  # noqa: DTZ001 - a fixed mark: same rows, same bytes


@dataclass(frozen=True, slots=True)
class Form:
    """What the sheets of a workbook of questions look like.

    Attributes
    ----------
    words : str
        Key of its texts: ``<words>.sheet.<name>``, ``<words>.intro.<name>``,
        ``<words>.column.<column>``.
    widths : Mapping of str to int
        Columns in their order, with their widths in characters; one is ``answer``.
    ids : tuple of str
        Columns that say what a row is about.
    numbers : frozenset of str
        Columns of numbers.
    """

    words: str
    widths: Mapping[str, int]
    ids: tuple[str, ...]
    numbers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Answered:
    """A row with an answer: where it is, its ids by column, and the words of the answer."""

    where: str
    row: str
    ids: Mapping[str, str]
    answer: str


def write(path: Path, content: bytes) -> bool:
    """Put a workbook in its place, unless it is open elsewhere; return whether it is there.

    Raises
    ------
    WorkbookError
        If the folder cannot be written.
    """
    if path.exists() and path.read_bytes() == content:
        return True
    if locks.is_open_elsewhere(path):
        return False
    return locks.put_in_place(path, lambda made: _write_bytes(made, content)) == path


def content_of(
    form: Form, sheets: Mapping[str, pd.DataFrame], *, choices: Sequence[str], lang: str
) -> bytes:
    """Return a workbook with one sheet a frame, all cells in words.

    Parameters
    ----------
    form : Form
        How it looks.
    sheets : Mapping of str to DataFrame
        Rows by the name of the sheet, with the columns of the form.
    choices : sequence of str
        Answers that are offered; others may be typed.
    lang : str
        ``fr`` or ``en``.
    """
    import xlsxwriter  # noqa: PLC0415 - only to write a workbook

    held = io.BytesIO()
    options = dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False)
    with xlsxwriter.Workbook(held, {**options, "in_memory": True}) as book:
        book.set_properties({"author": text("workbook.author", lang=lang), "created": _MADE})
        for name, rows in sheets.items():
            _sheet(book, form, name=name, rows=rows, choices=choices, lang=lang)
    return held.getvalue()


def read(path: Path, form: Form) -> Iterator[Answered]:
    """Yield the rows of a workbook that have an answer, in whichever language it was written.

    Raises
    ------
    WorkbookError
        If the file is damaged.
    """
    guard.inspect(path)
    for name, cells in read_sheets(path):
        yield from _answered(cells, form, where=f"{path.name}, {name}")


def _answered(cells: Cells, form: Form, *, where: str) -> Iterator[Answered]:
    first = next((number for number, row in enumerate(cells) if _places(row, form)), None)
    if first is None:
        return
    places = _places(cells[first], form)
    for number, row in enumerate(cells[first + 1 :], start=first + 2):
        told = {name: _cell(row, place) for name, place in places.items()}
        if answer := told.pop(ANSWER):
            yield Answered(where, str(number), told, answer)


def _places(row: Sequence[object], form: Form) -> dict[str, int]:
    """Return the place of each column that is needed, if a row is the header."""
    heads = {fold(str(cell)): place for place, cell in enumerate(row) if cell is not None}
    found = {}
    for name in (*form.ids, ANSWER):
        labels = (fold(text(f"{form.words}.column.{name}", lang=lang)) for lang in LANGUAGES)
        place = next((heads[label] for label in labels if label in heads), None)
        if place is None:
            return {}
        found[name] = place
    return found


def _cell(row: Sequence[object], place: int) -> str:
    cell = row[place] if place < len(row) else None
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return "" if cell is None else str(cell).strip()


def _write_bytes(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _sheet(
    book: Workbook,
    form: Form,
    *,
    name: str,
    rows: pd.DataFrame,
    choices: Sequence[str],
    lang: str,
) -> None:
    columns = list(form.widths)
    sheet = book.add_worksheet(text(f"{form.words}.sheet.{name}", lang=lang))
    intro = text(f"{form.words}.intro.{name}", lang=lang)
    sheet.merge_range(0, 0, 0, len(columns) - 1, intro, style(book, "subtitle"))
    sheet.set_row(0, 48)
    sheet.set_row(1, 32)
    for place, (column, width) in enumerate(form.widths.items()):
        sheet.set_column(place, place, width)
        look = "required" if column == ANSWER else "own" if column in form.ids else "optional"
        label = text(f"{form.words}.column.{column}", lang=lang)
        sheet.write_string(1, place, label, style(book, look))
    for line, row in enumerate(rows.to_dict("records"), start=2):
        sheet.set_row(line, _ROW_HEIGHT)
        for place, column in enumerate(columns):
            cell: Any = row[column]
            if pd.isna(cell) or cell == "":
                continue
            if column in form.numbers:
                number = round(float(cell), 2)
                sheet.write_number(line, place, number, style(book, "number_body"))
            else:
                look = "code" if column in form.ids else "body"
                sheet.write_string(line, place, str(cell), style(book, look))
    last, answer = max(len(rows) + 1, 2), columns.index(ANSWER)
    rule = {"validate": "list", "source": list(choices), "show_error": False}
    sheet.data_validation(2, answer, last, answer, rule)
    sheet.freeze_panes(2, 1)
    sheet.autofilter(1, 0, last, len(columns) - 1)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(1)
    sheet.print_area(0, 0, last, answer)
