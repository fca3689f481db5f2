"""What is put into a marked copy: the comment of each wrong cell, and the list of all problems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from toolkit.language import text
from toolkit.settings import LANGUAGES

LIST_COLUMNS: Final = ("cell", "sheet", "row", "column", "found", "expected", "remedy")
"""Columns of the list of problems; texts under ``workbook.mark``."""

LIST_WIDTHS: Final = (10, 18, 8, 24, 46, 46, 46)
"""Widths of these columns, in characters."""
_LINE_POINTS: Final = 15

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the list of problems: its words, and the cell it leads to, if there is one."""

    words: tuple[str, ...]
    sheet: str
    at: Place | None


@dataclass(frozen=True, slots=True)
class Marks:
    """All that is put into a copy.

    Attributes
    ----------
    texts : Mapping of str to Mapping
        For each sheet the comment of each wrong cell, by row and column from 0.
    lines : tuple of Listed
        The list of problems, in the order of sheets, rows and columns.
    lang : str
        Language of the list.
    sheets : frozenset of str
        Sheets that were read; colours of an earlier marking are looked for in them only, as the
        read-me shows the same colour.
    """

    texts: Mapping[str, Mapping[Place, str]]
    lines: tuple[Listed, ...]
    lang: str
    sheets: frozenset[str]

    @property
    def heading(self) -> tuple[str, str, str]:
        """Title of the list, how many problems there are, what to do next."""
        return (
            text("workbook.mark.title", lang=self.lang),
            text("workbook.mark.count", lang=self.lang, count=len(self.lines)),
            text("workbook.mark.next", lang=self.lang),
        )

    @property
    def header(self) -> tuple[str, ...]:
        """Headers of the list."""
        return tuple(text(f"workbook.mark.{name}", lang=self.lang) for name in LIST_COLUMNS)


def row_height(line: Listed) -> int:
    """Return the height, in points, by which all texts of a line are seen whole."""
    lines = max(
        sum(1 + len(part) // width for part in words.split("\n"))
        for words, width in zip(line.words, LIST_WIDTHS, strict=True)
    )
    return _LINE_POINTS * lines + 1


def is_list_title(cell: object) -> bool:
    """Return whether a cell is the title of a list of problems, in any language."""
    return cell in {text("workbook.mark.title", lang=lang) for lang in LANGUAGES}
