"""Write the workbook that officers fill in: one sheet a table, lists to choose from, help."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from toolkit import vocabulary as v
from toolkit.errors import Problem, WorkbookError
from toolkit.language import column_label, has_text, table_label, text
from toolkit.office.guard import column_letters
from toolkit.schema.contracts import CONTRACTS, Column
from toolkit.schema.values import is_missing, is_number, written
from toolkit.settings import LANGUAGES
from toolkit.workbook import locks, readme
from toolkit.workbook.choices import LIST_KINDS, entries, list_name, to_words
from toolkit.workbook.examples import example_rows
from toolkit.workbook.headers import is_needed
from toolkit.workbook.palette import style

if TYPE_CHECKING:
    import pandas as pd
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

LAST_ROW: Final = 2_000
"""Last row of the sheets on which lists and checks are set, at least."""
SPARE_ROWS: Final = 500
_MADE: Final = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
"""Date of making written into every workbook, so that the same input gives the same bytes."""
_TEXT_KINDS: Final = frozenset({"id", "siren", "siret", "reference", "code", "code_list", "url"})
_SHORT_TEXTS: Final = frozenset({"name", "label", "title"})
"""Texts written in the text format; Excel shows longer ones in that format as ``####``."""
_WIDTHS: Final[Mapping[str, int]] = {
    "id": 16,
    "text": 30,
    "enum": 27,
    "enum_list": 32,
    "code": 30,
    "code_list": 32,
    "number": 13,
    "integer": 11,
    "boolean": 12,
    "date": 13,
    "siren": 13,
    "siret": 18,
    "url": 28,
    "reference": 26,
}
_NARROW: Final[Mapping[str, int]] = {"unit": 14, "period": 13, "jobs_band": 22, "priority": 12}
_HELP_LIMIT: Final = 255
_LIST_FIRST_ROW: Final = 3
_ACTOR_NAMES, _COOPERATION_NAMES = "noms_acteurs", "noms_cooperations"


def write_template(
    path: str | Path,
    *,
    lang: str,
    communes: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame] | None = None,
    examples: bool = True,
) -> Path:
    """Write a workbook to fill in.

    Parameters
    ----------
    path : str or Path
        New .xlsx file; an existing one is never replaced.
    lang : str
        Language of sheets, headers, lists and help: ``fr`` or ``en``.
    communes : DataFrame
        Communes of the perimeter: ``commune_id`` and ``name``, in any order.
    tables : Mapping of str to DataFrame, optional
        Typed tables of a territory to write into the sheets; columns that are not of the model are
        written after the others.
    examples : bool, default True
        Whether two example rows stand at the top of each sheet; they are never imported.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    WorkbookError
        If the file is there already, or its folder cannot be written.
    KeyError
        If `lang` is not a language of the toolkit.
    """
    if lang not in LANGUAGES:
        message = f"`lang` is {lang!r}; expected one of {', '.join(LANGUAGES)}."
        raise KeyError(message)
    path = Path(path)
    if path.exists():
        raise WorkbookError(Problem("workbook_exists", found=path.name, where=path.name))
    given = dict(tables or {})

    def write(made: Path) -> None:
        import xlsxwriter  # noqa: PLC0415 - only to write a workbook

        options = {
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        held = io.BytesIO()  # on a full disk the library would leave half a file open
        with xlsxwriter.Workbook(held, {**options, "in_memory": True}) as book:
            book.set_properties(
                {
                    "title": text("workbook.title", lang=lang),
                    "author": text("workbook.author", lang=lang),
                    "created": _MADE.replace(tzinfo=None),
                }
            )
            _Template(book, lang=lang, communes=communes, examples=examples).write(given)
        made.write_bytes(held.getvalue())

    return locks.put_in_place(path, write)


class _Template:
    """One workbook being written."""

    def __init__(
        self, book: Workbook, *, lang: str, communes: pd.DataFrame, examples: bool
    ) -> None:
        self.book = book
        self.lang = lang
        self.examples = examples
        self.lists: dict[str, str] = {}
        known = communes.sort_values("commune_id")
        self.places = {
            str(code): f"{code} - {name}"
            for code, name in zip(known["commune_id"], known["name"], strict=True)
        }

    def write(self, tables: Mapping[str, pd.DataFrame]) -> None:
        """Write all sheets; the lists stand last, but their places are needed by the others."""
        lists = self._lists()
        front = self.book.add_worksheet(text("workbook.readme", lang=self.lang))
        sheets = {
            table: self.book.add_worksheet(table_label(table, lang=self.lang))
            for table in v.WORKBOOK_TABLES
        }
        readme.write_readme(self.book, front, lang=self.lang)
        self._define_names(lists)
        for table, sheet in sheets.items():
            self._sheet(sheet, table, frame=tables.get(table))
        self._list_sheet(self.book.add_worksheet(text("workbook.lists", lang=self.lang)), lists)
        front.activate()

    # --- lists --------------------------------------------------------------------------------
    def _lists(self) -> dict[str, tuple[str, Sequence[str]]]:
        """Return what each list holds, by its name: its title and its values in order."""
        made: dict[str, tuple[str, Sequence[str]]] = {}
        for table in v.WORKBOOK_TABLES:
            for column in CONTRACTS[table].columns:
                name = list_name(column)
                if name and column.by_hand:
                    title = column_label(table, column.name, lang=self.lang)
                    if name == "boolean":
                        title = " / ".join(entries(name, lang=self.lang).values())
                    made.setdefault(name, (title, list(entries(name, lang=self.lang).values())))
        communes = list(self.places.values())
        made["communes"] = (table_label(v.COMMUNES, lang=self.lang), communes)
        outside = text("workbook.outside", lang=self.lang)
        ends = [column_label(v.FLOWS, name, lang=self.lang) for name in ("origin", "destination")]
        made["ends"] = (" / ".join(ends), [outside, *communes])
        return made

    def _define_names(self, lists: Mapping[str, tuple[str, Sequence[str]]]) -> None:
        """Name the ranges of the lists, so that a moved sheet keeps its lists."""
        sheet = _quoted(text("workbook.lists", lang=self.lang))
        for position, (name, (_, values)) in enumerate(lists.items()):
            letters, last = column_letters(position), _LIST_FIRST_ROW + max(len(values), 1) - 1
            self.lists[name] = f"liste_{name}"
            area = f"={sheet}!${letters}${_LIST_FIRST_ROW}:${letters}${last}"
            self.book.define_name(self.lists[name], area)
        for table, name in ((v.ACTORS, _ACTOR_NAMES), (v.COOPERATIONS, _COOPERATION_NAMES)):
            letters = column_letters(_by_hand_names(table).index("name"))
            label = _quoted(table_label(table, lang=self.lang))
            self.book.define_name(name, f"={label}!${letters}$2:${letters}${LAST_ROW}")

    def _list_sheet(self, sheet: Worksheet, lists: Mapping[str, tuple[str, Sequence[str]]]) -> None:
        sheet.write_string(
            0, 0, text("workbook.lists_title", lang=self.lang), style(self.book, "hint")
        )
        head, plain = style(self.book, "optional"), style(self.book, "text")
        for position, (title, values) in enumerate(lists.values()):
            longest = max((len(value) for value in (title, *values)), default=10)
            sheet.set_column(position, position, min(longest + 2, 60), plain)
            sheet.write_string(_LIST_FIRST_ROW - 2, position, title, head)
            for row, value in enumerate(values, start=_LIST_FIRST_ROW - 1):
                sheet.write_string(row, position, value, plain)
        sheet.freeze_panes(_LIST_FIRST_ROW - 1, 0)
        sheet.set_tab_color("#9AA5A8")

    # --- sheets of the tables -----------------------------------------------------------------
    def _sheet(self, sheet: Worksheet, table: str, *, frame: pd.DataFrame | None) -> None:
        columns = [column for column in CONTRACTS[table].columns if column.by_hand]
        extra = [] if frame is None else [name for name in frame.columns if _is_own(name, table)]
        rows = 0 if frame is None else len(frame)
        last = max(LAST_ROW, rows + SPARE_ROWS)
        for position, column in enumerate(columns):
            self._column(sheet, position, table=table, column=column, last=last)
        for position, name in enumerate(extra, start=len(columns)):
            sheet.set_column(position, position, _WIDTHS["text"], style(self.book, "text"))
            sheet.write_string(0, position, str(name), style(self.book, "own"))
        row = self._examples(sheet, table, columns=columns)
        if frame is not None:
            for cells in frame.to_dict("records"):
                self._row(sheet, row, cells=[(one, cells.get(one.name)) for one in columns])
                for position, name in enumerate(extra, start=len(columns)):
                    if not is_missing(cells[name]):
                        sheet.write_string(row, position, written(cells[name]))
                row += 1
        sheet.set_row(0, 32)
        sheet.freeze_panes(1, 2)
        sheet.autofilter(0, 0, max(row - 1, 1), len(columns) + len(extra) - 1)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        sheet.set_tab_color("#2F6F73")

    def _column(
        self, sheet: Worksheet, position: int, *, table: str, column: Column, last: int
    ) -> None:
        """Write the header of a column, its format, its help and its list."""
        label = column_label(table, column.name, lang=self.lang)
        needed = is_needed(table, column)
        kind = "text" if column.kind in _TEXT_KINDS or column.name in _SHORT_TEXTS else "plain"
        width = max(_NARROW.get(column.name, _WIDTHS[column.kind]), min(len(label) + 4, 24))
        sheet.set_column(position, position, width, style(self.book, kind))
        head = style(self.book, "required" if needed else "optional")
        sheet.write_string(0, position, f"{label} *" if needed else label, head)
        about = help_of(table, column.name, lang=self.lang)
        if about:
            size = {"x_scale": 2.0, "y_scale": 0.45 + 0.16 * (len(about) // 34 + 1)}
            options = {**size, "author": text("workbook.author", lang=self.lang), "font_size": 9}
            sheet.write_comment(0, position, about, options)
        rule = self._rule(column)
        rule |= {
            "input_title": label[:32],
            "input_message": about[:_HELP_LIMIT],
            "ignore_blank": True,
        }
        sheet.data_validation(1, position, last - 1, position, rule)

    def _rule(self, column: Column) -> dict[str, Any]:
        """Return the list a column offers.

        It warns of other values, but not where several values, names or codes may be typed.
        """
        name = list_name(column)
        if name:
            loose = column.kind in LIST_KINDS or column.kind == "code"
            tone = {"show_error": False} if loose else {"error_type": "warning"}
            return {"validate": "list", "source": f"={self.lists[name]}", **tone}
        areas = (
            (v.OUTSIDE, self.lists["ends"]),
            (v.COMMUNES, self.lists["communes"]),
            (v.ACTORS, _ACTOR_NAMES),
            (v.COOPERATIONS, _COOPERATION_NAMES),
        )
        for target, area in areas:
            if target in column.references:
                return {"validate": "list", "source": f"={area}", "show_error": False}
        return {"validate": "any"}

    def _examples(self, sheet: Worksheet, table: str, *, columns: Sequence[Column]) -> int:
        """Write the example rows; return the position of the first row after them."""
        if not self.examples:
            return 1
        row = 1
        for cells in example_rows(table, lang=self.lang):
            if table == v.ACTORS and self.places:
                cells["commune_id"] = next(iter(self.places.values()))
            for position, column in enumerate(columns):
                cell = cells.get(column.name)
                look = style(self.book, "example")
                if is_number(cell):
                    sheet.write_number(row, position, cell, look)
                elif cell is not None:
                    sheet.write_string(row, position, str(cell), look)
                else:
                    sheet.write_blank(row, position, None, look)
            row += 1
        return row

    def _row(self, sheet: Worksheet, row: int, *, cells: Sequence[tuple[Column, object]]) -> None:
        """Write one row of a table in words."""
        for position, (column, cell) in enumerate(cells):
            if is_missing(cell):
                continue
            if column.kind in {"number", "integer"} and is_number(cell):
                sheet.write_number(row, position, cell)
                continue
            if v.COMMUNES in column.references or v.OUTSIDE in column.references:
                words: object = self.places.get(str(cell), cell)
                if cell == v.OUTSIDE:
                    words = text("workbook.outside", lang=self.lang)
            else:
                words = to_words(cell, column, lang=self.lang)
            sheet.write_string(row, position, written(words))


def help_of(table: str, column: str, *, lang: str) -> str:
    """Return the help for a column; empty if there is none."""
    for key in (f"help.{table}.{column}", f"help.common.{column}"):
        if has_text(key, lang=lang):
            return text(key, lang=lang)
    return ""


def _by_hand_names(table: str) -> list[str]:
    return [column.name for column in CONTRACTS[table].columns if column.by_hand]


def _is_own(name: object, table: str) -> bool:
    """Return whether a column of a frame is the officer's own."""
    return str(name) not in CONTRACTS[table].names and not str(name).startswith("_")


def _quoted(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"
