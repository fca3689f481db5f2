"""The first sheet of the template: what to do, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from toolkit import vocabulary as v
from toolkit.language import table_label, text
from toolkit.workbook.palette import style

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

_SECTIONS: Final = (
    ("to_do", ("step_1", "step_2", "step_3", "step_4")),
    ("examples", ("examples_1", "examples_2")),
    ("freedom", ("freedom_1", "freedom_2", "freedom_3", "freedom_4", "freedom_5")),
    ("errors", ("errors_1", "errors_2", "errors_3", "removed")),
)
_LEGEND: Final = (
    ("required", "legend_required"),
    ("optional", "legend_optional"),
    ("example", "legend_example"),
    ("wrong", "legend_wrong"),
)
_WIDE: Final = 100
_LINE: Final = 15.5
_CHARACTERS: Final = 105
"""Characters that fit on one line of the wide column."""


def write_readme(book: Workbook, sheet: Worksheet, *, lang: str) -> None:
    """Write the read-me sheet of a template."""
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 3)
    sheet.set_column(1, 1, 22)
    sheet.set_column(2, 2, _WIDE)
    sheet.write_string(0, 1, text("workbook.title", lang=lang), style(book, "title"))
    sheet.set_row(0, 28)
    sheet.write_string(1, 1, text("workbook.subtitle", lang=lang), style(book, "hint"))
    row = 3
    for heading, lines in _SECTIONS:
        row = _heading(book, sheet, row=row, words=text(f"workbook.{heading}", lang=lang))
        for number, line in enumerate(lines, start=1):
            mark = f"{number}." if heading == "to_do" else "•"
            sheet.write_string(row, 1, mark, style(book, "number_body"))
            words = text(f"workbook.{line}", lang=lang)
            sheet.write_string(row, 2, words, style(book, "body"))
            sheet.set_row(row, _LINE * (1 + len(words) // _CHARACTERS))
            row += 1
        row += 1
    row = _heading(book, sheet, row=row, words=text("workbook.legend", lang=lang))
    for look, line in _LEGEND:
        sample = table_label(v.ACTORS, lang=lang) + (" *" if look == "required" else "")
        sheet.write_string(row, 1, sample, style(book, look))
        sheet.write_string(row, 2, text(f"workbook.{line}", lang=lang), style(book, "body"))
        row += 1
    row = _heading(book, sheet, row=row + 1, words=text("workbook.sheets", lang=lang))
    for table in v.WORKBOOK_TABLES:
        label = table_label(table, lang=lang)
        target = "internal:'" + label.replace("'", "''") + "'!A1"
        sheet.write_url(row, 1, target, style(book, "link"), label)
        sheet.write_string(row, 2, text(f"workbook.sheet.{table}", lang=lang), style(book, "body"))
        row += 1
    sheet.set_portrait()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 1)
    sheet.set_tab_color("#C8590A")


def _heading(book: Workbook, sheet: Worksheet, *, row: int, words: str) -> int:
    sheet.write_string(row, 1, words, style(book, "heading"))
    sheet.write_blank(row, 2, None, style(book, "heading"))
    sheet.set_row(row, 20)
    return row + 1
