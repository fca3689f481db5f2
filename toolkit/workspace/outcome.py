"""What an import did, row by row and in words; what it says where it took nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from toolkit.errors import DataError, Problem
from toolkit.language import table_label, text
from toolkit.workspace.linking import LinkReport


@dataclass(frozen=True, slots=True)
class TableReport:
    """What an import did to one table: ids of its rows (row numbers of the sheet in `refused`).

    ``missing`` came from the workbook once and are not in it any more; they are kept.
    """

    inserted: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did.

    Attributes
    ----------
    path : Path
        The file that was imported.
    tables : Mapping of str to TableReport
        By table, for those the file has.
    problems : tuple of Problem
        Why rows were refused; empty unless the import was partial.
    notes : tuple of Problem
        What the officer should know and need not mend.
    corrected_copy : Path or None
        Copy of the file in which the refused cells are marked.
    links : LinkReport or None
        Which actors were made one afterwards, and what is asked; none after a check.
    """

    path: Path
    tables: Mapping[str, TableReport]
    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()
    corrected_copy: Path | None = None
    links: LinkReport | None = None

    def count(self, what: str) -> int:
        """Return a number of rows over all tables: ``inserted``, ``updated``, ``refused`` ..."""
        return sum(len(getattr(table, what)) for table in self.tables.values())

    @property
    def has_changes(self) -> bool:
        """Whether a row was added or changed."""
        return bool(self.count("inserted") or self.count("updated"))

    def lines(self, *, lang: str) -> list[str]:
        """Return the report in words, one line a table."""
        counts = ("inserted", "updated", "unchanged", "refused", "missing")
        made = []
        for name, table in self.tables.items():
            said = [
                text(f"workspace.import.{what}", lang=lang, count=len(getattr(table, what)))
                for what in counts
                if getattr(table, what)
            ]
            said = said or [text("workspace.import.nothing", lang=lang)]
            made.append(
                text(
                    "workspace.import.line",
                    lang=lang,
                    table=table_label(name, lang=lang),
                    what=", ".join(said),
                )
            )
        return made + (self.links.lines(lang=lang) if self.links else [])


class ImportRefusedError(DataError):
    """A workbook has faults and nothing of it was taken.

    Attributes
    ----------
    corrected_copy : Path or None
        Copy of the workbook in which the cells at fault are marked.
    """

    def __init__(self, problems: Iterable[Problem], *, corrected_copy: Path | None) -> None:
        super().__init__(problems)
        self.corrected_copy = corrected_copy
