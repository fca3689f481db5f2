"""A marked copy made anew, for files that cannot be edited in place (.ods, .csv ...)."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from typing import TYPE_CHECKING, Final

from toolkit.language import text
from toolkit.office.guard import UNCALCULATED
from toolkit.workbook.marks import LIST_WIDTHS, Marks, Place, row_height
from toolkit.workbook.palette import style
from toolkit.workbook.reading import Block, Reading, blocks_of

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

_NAME_LENGTH: Final = 31
_FORBIDDEN: Final = str.maketrans(dict.fromkeys("[]:*?/\\", " "))
_LONGEST: Final = 32_000
"""Characters that a cell may hold in Excel, with a margin."""


def write(path: Path, reading: Reading, *, marks: Marks) -> None:
    """Write a workbook with the cells of what was read, wrong ones marked, the list in front."""
    from xlsxwriter import Workbook  # noqa: PLC0415 - only to write a workbook

    options = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
    made = io.BytesIO()  # on a full disk the library would leave half a file open
    with Workbook(made, options) as book:
        book.set_properties({"created": dt.datetime(2026, 1, 1)})  # noqa: DTZ001 - a fixed day
        blocks = blocks_of(reading.path)
        names = _names(
            [block.name for block in blocks], first=text("workbook.marked", lang=marks.lang)
        )
        front = book.add_worksheet(names[0])
        sheets = {
            block.name: book.add_worksheet(name)
            for block, name in zip(blocks, names[1:], strict=True)
        }
        for block in blocks:
            _write_block(book, sheets[block.name], block=block, marks=marks)
        shown = {name: sheet.get_name() for name, sheet in sheets.items()}
        _write_list(book, front, reading=reading, marks=marks, names=shown)
        front.activate()
    path.write_bytes(made.getvalue())


def _names(wanted: list[str], *, first: str) -> list[str]:
    """Return names that Excel takes for sheets, all different."""
    made: list[str] = []
    for name in (first, *wanted):
        plain = (
            (name.rpartition(".")[0] or name)
            if name.lower().endswith((".csv", ".tsv", ".txt"))
            else name
        )
        plain = plain.translate(_FORBIDDEN).strip("' ")[:_NAME_LENGTH] or "-"
        tried, number = plain, 2
        while tried.casefold() in {one.casefold() for one in made}:
            tail = f" ({number})"
            tried, number = plain[: _NAME_LENGTH - len(tail)] + tail, number + 1
        made.append(tried)
    return made


def _write_block(book: Workbook, sheet: Worksheet, *, block: Block, marks: Marks) -> None:
    texts = marks.texts.get(block.name, {})
    wrong = style(book, "wrong")
    width = max((len(row) for row in block.rows), default=0)
    for column in range(width):
        longest = max(
            (len(str(row[column])) for row in block.rows[:200] if column < len(row)), default=8
        )
        sheet.set_column(column, column, min(max(longest + 2, 8), 45))
    for at, row in enumerate(block.rows):
        for column in range(len(row)):
            cell = _shown(block, (at, column))
            look = (wrong,) if (at, column) in texts else ()
            if isinstance(cell, bool):
                sheet.write_boolean(at, column, cell, *look)
            elif isinstance(cell, int | float):
                sheet.write_number(at, column, cell, *look)
            elif cell is not None:
                sheet.write_string(at, column, str(cell)[:_LONGEST], *look)
    for (at, column), words in texts.items():
        if _shown(block, (at, column)) is None:
            sheet.write_blank(at, column, None, wrong)
        sheet.write_comment(at, column, words[:_LONGEST], {"x_scale": 2.2, "y_scale": 1.6})


def _shown(block: Block, place: Place) -> object:
    """Return what a cell shows: its error where its formula gave one; None where there is none."""
    error = block.errors.get(place, UNCALCULATED)
    if error != UNCALCULATED:
        return error
    at, column = place
    row = block.rows[at] if at < len(block.rows) else []
    return row[column] if column < len(row) else None


def _write_list(
    book: Workbook,
    sheet: Worksheet,
    *,
    reading: Reading,
    marks: Marks,
    names: dict[str, str],
) -> None:
    title, count, after = marks.heading
    for column, width in enumerate(LIST_WIDTHS):
        sheet.set_column(column, column, width)
    sheet.write_string(0, 0, title, style(book, "title"))
    sheet.write_string(1, 0, count)
    sheet.write_string(2, 0, after)
    if reading.kind != "xlsx":
        said = text("workbook.mark.copied", lang=marks.lang, file=reading.path.name)
        sheet.write_string(3, 0, said)
    for column, words in enumerate(marks.header):
        sheet.write_string(4, column, words, style(book, "optional"))
    for at, line in enumerate(marks.lines, start=5):
        sheet.set_row(at, row_height(line))
        for column, words in enumerate(line.words):
            sheet.write_string(at, column, words, style(book, "body"))
        if line.at is not None:
            target = names[line.sheet].replace("'", "''")
            sheet.write_url(
                at, 0, f"internal:'{target}'!{line.words[0]}", style(book, "link"), line.words[0]
            )
    sheet.freeze_panes(5, 0)
    sheet.hide_gridlines(2)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_tab_color("#C0392B")
