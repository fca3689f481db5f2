"""The sheet on which officers say which actors are one: written, and read back."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from toolkit import vocabulary as v
from toolkit.errors import DataError, Problem
from toolkit.language import text
from toolkit.linkage.pairs import ASK, DIFFERENT, SAME
from toolkit.nomenclature import fold
from toolkit.office import guard
from toolkit.office.sheets import Cells, read_sheets
from toolkit.settings import LANGUAGES
from toolkit.workbook import locks
from toolkit.workbook.palette import style
from toolkit.workspace.joining import ONE, OTHER

if TYPE_CHECKING:
    from xlsxwriter import Workbook

ANSWER: Final = "answer"
ANSWERS: Final = (SAME, DIFFERENT)
COLUMNS: Final = (
    "one_name",
    "one_place",
    "one_sources",
    "other_name",
    "other_place",
    "other_sources",
    "why",
    "probability",
    "distance_m",
    ANSWER,
    ONE,
    OTHER,
)
"""Columns of the sheets, in their order."""
_WIDTHS: Final = (32, 32, 24, 32, 32, 24, 40, 12, 12, 20, 22, 22)
_ROW_HEIGHT: Final = 45
"""Points: three lines, as no program fits the height of rows that it did not write."""
_MADE: Final = dt.datetime(2026, 1, 1)  # noqa: DTZ001 - a fixed mark: same links, same bytes
_NEEDED: Final = (ONE, OTHER, ANSWER)


def in_words(links: pd.DataFrame, titles: Mapping[str, str], *, lang: str) -> pd.DataFrame:
    """Return links as people read them: reasons and sources in words, a cell for the answer.

    Parameters
    ----------
    links : DataFrame
        Links as the database keeps them.
    titles : Mapping of str to str
        Title of each source by its id.
    lang : str
        ``fr`` or ``en``.

    Returns
    -------
    DataFrame, columns :data:`COLUMNS`
        ``answer`` is empty.
    """
    sources = {
        name: links[name].map(
            lambda cell: ", ".join(titles.get(one, one) for one in v.split_list(cell))
        )
        for name in ("one_sources", "other_sources")
    }
    between = " ; " if lang == "fr" else "; "
    why = [
        between.join(text(f"linkage.reason.{code}", lang=lang) for code in v.split_list(codes))
        for codes in links["reasons"]
    ]
    made = links.assign(why=pd.Series(why, index=links.index, dtype="str"), answer="", **sources)
    return made[list(COLUMNS)].reset_index(drop=True)


def write(links: pd.DataFrame, path: Path, *, titles: Mapping[str, str], lang: str) -> bool:
    """Write the sheets of links, in place of those of an earlier run.

    Parameters
    ----------
    links : DataFrame
        Links as the database keeps them: the questions, then what was joined and told apart.
    path : Path
        An .xlsx file.
    titles : Mapping of str to str
        Title of each source by its id.
    lang : str
        ``fr`` or ``en``.

    Returns
    -------
    bool
        Whether the file says what the links are; not, if another program holds it open.

    Raises
    ------
    WorkbookError
        If the folder cannot be written.
    """
    if links.empty and not path.exists():
        return True
    content = _content(links, titles, lang=lang)
    if path.exists() and path.read_bytes() == content:
        return True
    if locks.is_open_elsewhere(path):
        return False
    return locks.put_in_place(path, lambda made: _written(made, content)) == path


def read(path: Path) -> pd.DataFrame:
    """Return the answers of a file, in whichever language it was written.

    Parameters
    ----------
    path : Path
        The file that :func:`write` made, with answers; it need not exist.

    Returns
    -------
    DataFrame, columns ``one_id``, ``other_id``, ``answer``
        Rows with an answer: ``same`` or ``different``.

    Raises
    ------
    WorkbookError
        If the file is damaged.
    DataError
        If an answer is another word, or a row has lost its identifiers; all faults at once.
    """
    if not path.is_file():
        return pd.DataFrame(columns=list(_NEEDED), dtype="str")
    guard.inspect(path)
    rows: list[tuple[str, str, str]] = []
    problems: list[Problem] = []
    for name, cells in read_sheets(path):
        found, faults = _answers(cells, where=f"{path.name}, {name}")
        rows += found
        problems += faults
    if problems:
        raise DataError(problems)
    return pd.DataFrame(rows, columns=list(_NEEDED), dtype="str")


def with_answers(written: pd.DataFrame, answers: pd.DataFrame) -> pd.DataFrame:
    """Return the answers of a file and others, which go before those of the file for a pair."""
    if not {ONE, OTHER} <= set(answers):
        return answers  # linking says what is missing
    said = {frozenset(pair) for pair in zip(answers[ONE], answers[OTHER], strict=True)}
    pairs = zip(written[ONE], written[OTHER], strict=True)
    left = pd.Series([frozenset(pair) not in said for pair in pairs], index=written.index)
    return pd.concat([written[left.astype("bool")], answers], ignore_index=True)


# --- reading ----------------------------------------------------------------------------------
def _answers(cells: Cells, *, where: str) -> tuple[list[tuple[str, str, str]], list[Problem]]:
    """Return the answers of one sheet; nothing, if it has not the columns."""
    first = next((number for number, row in enumerate(cells) if _places(row)), None)
    if first is None:
        return [], []
    places = _places(cells[first])
    words = {
        fold(word): code
        for code in ANSWERS
        for word in (code, *(text(f"linkage.zone.{code}", lang=lang) for lang in LANGUAGES))
    }
    found, problems = [], []
    for number, row in enumerate(cells[first + 1 :], start=first + 2):
        told = {name: _cell(row, place) for name, place in places.items()}
        if not told[ANSWER]:
            continue
        params = {"choices": ", ".join(words)}
        if fold(told[ANSWER]) not in words:
            problems.append(
                Problem(
                    "linkage_answer",
                    row=str(number),
                    found=told[ANSWER],
                    where=where,
                    params=params,
                )
            )
        elif not (told[ONE] and told[OTHER]):
            problems.append(Problem("linkage_ids_lost", row=str(number), where=where))
        else:
            found.append((told[ONE], told[OTHER], words[fold(told[ANSWER])]))
    return found, problems


def _places(row: list[object]) -> dict[str, int]:
    """Return the place of each column that is needed, if a row is the header."""
    heads = {fold(str(cell)): place for place, cell in enumerate(row) if cell is not None}
    found = {}
    for name in _NEEDED:
        labels = (fold(text(f"linkage.column.{name}", lang=lang)) for lang in LANGUAGES)
        place = next((heads[label] for label in labels if label in heads), None)
        if place is None:
            return {}
        found[name] = place
    return found


def _cell(row: list[object], place: int) -> str:
    cell = row[place] if place < len(row) else None
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return "" if cell is None else str(cell).strip()


# --- writing ----------------------------------------------------------------------------------
def _written(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _content(links: pd.DataFrame, titles: Mapping[str, str], *, lang: str) -> bytes:
    import xlsxwriter  # noqa: PLC0415 - only to write a workbook

    held = io.BytesIO()
    options = dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False)
    with xlsxwriter.Workbook(held, {**options, "in_memory": True}) as book:
        book.set_properties({"author": text("workbook.author", lang=lang), "created": _MADE})
        for zone in (ASK, SAME, DIFFERENT):
            rows = links[links["zone"] == zone]
            ordered = rows.sort_values(
                ["probability", ONE, OTHER], ascending=[False, True, True], na_position="last"
            )
            _sheet(book, in_words(ordered, titles, lang=lang), zone=zone, lang=lang)
    return held.getvalue()


def _sheet(book: Workbook, rows: pd.DataFrame, *, zone: str, lang: str) -> None:
    sheet = book.add_worksheet(text(f"linkage.sheet.{zone}", lang=lang))
    sheet.merge_range(
        0, 0, 0, len(COLUMNS) - 1, text(f"linkage.intro.{zone}", lang=lang), style(book, "subtitle")
    )
    sheet.set_row(0, 48)
    sheet.set_row(1, 32)
    for place, (name, width) in enumerate(zip(COLUMNS, _WIDTHS, strict=True)):
        sheet.set_column(place, place, width)
        look = "required" if name == ANSWER else "own" if name in {ONE, OTHER} else "optional"
        sheet.write_string(1, place, text(f"linkage.column.{name}", lang=lang), style(book, look))
    body, number, code = (style(book, name) for name in ("body", "number_body", "code"))
    for line, row in enumerate(rows.to_dict("records"), start=2):
        sheet.set_row(line, _ROW_HEIGHT)
        for place, name in enumerate(COLUMNS):
            cell: Any = row[name]
            if name in {"probability", "distance_m"}:
                if pd.notna(cell):
                    sheet.write_number(line, place, round(float(cell), 2), number)
            elif pd.notna(cell) and cell != "":
                sheet.write_string(line, place, str(cell), code if name in {ONE, OTHER} else body)
    last = max(len(rows) + 1, 2)
    choices = [text(f"linkage.zone.{code}", lang=lang) for code in ANSWERS]
    sheet.data_validation(
        2,
        COLUMNS.index(ANSWER),
        last,
        COLUMNS.index(ANSWER),
        {"validate": "list", "source": choices},
    )
    sheet.freeze_panes(2, 1)
    sheet.autofilter(1, 0, last, len(COLUMNS) - 1)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(1)
    sheet.print_area(0, 0, last, place)
