"""Every exception and warning of the toolkit, with reason codes.

A fault is a :class:`Problem`: a reason code, the place (table, row, column) and what was found.
The wording is in ``toolkit/locales/<language>/errors*.toml``, one entry a code; an exception's own
text is the English one (for tracebacks), and :mod:`toolkit.language` words the same problems in the
reader's language.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 5
"""Problems spelled out in the text of an exception; all are in ``problems``."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of the user's data or of a request.

    Attributes
    ----------
    code : str
        Reason code, a key of the files ``errors*.toml``.
    table : str
        Table of the model (or empty).
    row : str
        What the user knows the row by: the line number of the sheet, or the id (or empty).
    column : str
        Column of the model (or empty).
    found : str
        What was found, as text.
    params : Mapping
        Other values the wording needs (``choices``, ``minimum`` ...).
    where : str
        File and sheet, as the user knows them (or empty).
    """

    code: str
    table: str = ""
    row: str = ""
    column: str = ""
    found: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    where: str = ""

    def __post_init__(self) -> None:
        """Freeze the parameters."""
        object.__setattr__(self, "params", MappingProxyType(dict(self.params)))

    def __hash__(self) -> int:
        """Hash by everything but the parameters."""
        return hash((self.code, self.table, self.row, self.column, self.found, self.where))

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle with plain parameters, so that a problem can come back from another process."""
        values = (self.code, self.table, self.row, self.column, self.found)
        return type(self), (*values, dict(self.params), self.where)


@cache
def wordings(lang: str) -> Mapping[str, Mapping[str, str]]:
    """Return the wording of every reason code in one language.

    Parameters
    ----------
    lang : str
        ``fr`` or ``en``.

    Returns
    -------
    Mapping of str to Mapping
        For each code ``found`` (what is wrong), ``expected`` and ``remedy``, as format strings.
    """
    words: dict[str, Mapping[str, str]] = {}
    for path in sorted((Path(__file__).parent / "locales" / lang).glob("errors*.toml")):
        words.update(tomllib.loads(path.read_text(encoding="utf-8")))
    return MappingProxyType(words)


def english(problem: Problem) -> str:
    """Return a problem as one English sentence: where, found, expected, what to do."""
    words = wordings("en")[problem.code]
    values = {"found": problem.found, "column": problem.column, **problem.params}
    place = ", ".join(
        part
        for part in (
            problem.where or problem.table,
            f"row {problem.row}" if problem.row else "",
            f"`{problem.column}`" if problem.column else "",
        )
        if part
    )
    parts = [words.get(part, "") for part in ("found", "expected", "remedy")]
    said = [part.format(**values) for part in parts if part]
    return (f"{place}: " if place else "") + " ".join(said)


class ToolkitError(Exception):
    """A fault that the user can mend; base of all errors of the toolkit.

    Parameters
    ----------
    problems : Problem or iterable of Problem
        What is wrong, all at once.
    """

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problem_list: tuple[Problem, ...] = (
            (problems,) if isinstance(problems, Problem) else tuple(problems)
        )
        super().__init__(self._summary())

    def _summary(self) -> str:
        lines = [english(problem) for problem in self.problem_list[:SHOWN]]
        left = len(self.problem_list) - SHOWN
        if left > 0:
            lines.append(f"... and {left} more problems (see .problems).")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by the problems, not by the text made of them."""
        return type(self), (self.problem_list,)

    @property
    def code(self) -> str:
        """Reason code of the first problem."""
        return self.problem_list[0].code

    @property
    def problems(self) -> pd.DataFrame:
        """All problems as a frame: where, table, row, column, code, found."""
        import pandas as pd  # noqa: PLC0415 - slow, and only needed when somebody looks

        columns = ["where", "table", "row", "column", "code", "found"]
        rows = [[getattr(problem, name) for name in columns] for problem in self.problem_list]
        return pd.DataFrame(rows, columns=columns)


class DataError(ToolkitError, ValueError):
    """The user's data have faults (exit code 1)."""


class SchemaError(DataError):
    """Tables break their contract."""


class CrsError(DataError):
    """Coordinates are missing, geographic where metres are needed, or of another place."""


class WorkbookError(DataError):
    """A workbook, CSV or ODS file cannot be read as the officer's input."""


class SourceError(DataError):
    """A file cannot be had from the address where it should be."""


class WorkspaceError(DataError):
    """A territory's folder or database is missing, damaged, locked or of another version."""


class SettingsError(DataError):
    """Settings are unknown, of the wrong type or out of range."""


class UsageError(ToolkitError, ValueError):
    """The request itself is wrong (exit code 2)."""


class MissingDependencyError(ToolkitError, ImportError):
    """An optional package is needed and not installed."""


class ReportError(ToolkitError):
    """A report cannot be made."""


class DataQualityWarning(UserWarning):
    """Data can be used, but a reader should know a weakness of theirs."""
