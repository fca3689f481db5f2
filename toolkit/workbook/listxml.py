"""The XML of the sheet that lists all problems, with a link to each cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from toolkit.office import package
from toolkit.office.guard import column_letters
from toolkit.workbook.marks import LIST_WIDTHS, Listed, Marks, row_height
from toolkit.workbook.splice import xml_text
from toolkit.workbook.stylesheet import StyleSheet

_HEADER_ROW: Final = 5
_HEAD: Final = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    f'<worksheet xmlns="{package.MAIN}"><sheetPr><tabColor rgb="FFC0392B"/>'
    '<pageSetUpPr fitToPage="1"/></sheetPr><sheetViews>'
    '<sheetView showGridLines="0" tabSelected="1" workbookViewId="0">'
    f'<pane ySplit="{_HEADER_ROW}" topLeftCell="A{_HEADER_ROW + 1}" activePane="bottomLeft"'
    ' state="frozen"/></sheetView></sheetViews><sheetFormatPr defaultRowHeight="15"/>'
)
_TAIL: Final = '<pageSetup paperSize="9" orientation="landscape" fitToHeight="0"/></worksheet>'


def list_xml(marks: Marks, styles: StyleSheet) -> bytes:
    """Return a whole sheet: title, number of problems, what to do, then one row a problem."""
    body, link = styles.own("body"), styles.own("link")
    title, count, after = marks.heading
    rows = [
        _row(1, [title], style=styles.own("title"), height=24),
        _row(2, [count], style=0),
        _row(3, [after], style=0),
        _row(_HEADER_ROW, marks.header, style=styles.own("head")),
    ]
    links = []
    for number, line in enumerate(marks.lines, start=_HEADER_ROW + 1):
        rows.append(_row(number, line.words, style=body, first=link, height=row_height(line)))
        if line.at is not None:
            links.append(_link(number, line))
    last = max(_HEADER_ROW + len(marks.lines), _HEADER_ROW + 1)
    filtered = f"A{_HEADER_ROW}:{column_letters(len(LIST_WIDTHS) - 1)}{last}"
    columns = "".join(
        f'<col min="{at}" max="{at}" width="{width}" customWidth="1"/>'
        for at, width in enumerate(LIST_WIDTHS, start=1)
    )
    parts = [_HEAD, f"<cols>{columns}</cols><sheetData>", *rows, "</sheetData>"]
    parts.append(f'<autoFilter ref="{filtered}"/>')
    if links:
        parts += ["<hyperlinks>", *links, "</hyperlinks>"]
    return "".join((*parts, _TAIL)).encode()


def _link(number: int, line: Listed) -> str:
    sheet = line.sheet.replace("'", "''")
    target = xml_text(f"'{sheet}'!{line.words[0]}").replace('"', "&quot;")
    return f'<hyperlink ref="A{number}" location="{target}" display="{line.words[0]}"/>'


def _row(
    number: int,
    words: Sequence[str],
    *,
    style: int,
    first: int | None = None,
    height: int | None = None,
) -> str:
    """Return one row of texts; the first cell may have a style of its own."""
    looks = [style if first is None else first] + [style] * len(words)
    cells = "".join(
        f'<c r="{column_letters(at)}{number}" s="{look}" t="inlineStr">'
        f'<is><t xml:space="preserve">{xml_text(one)}</t></is></c>'
        for at, (one, look) in enumerate(zip(words, looks, strict=False))
        if one
    )
    tall = f' ht="{height}" customHeight="1"' if height else ""
    return f'<row r="{number}"{tall}>{cells}</row>'
