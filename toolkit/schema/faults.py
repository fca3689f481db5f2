"""Gathers the problems of one table, each with the place by which the user knows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from toolkit.errors import Problem
from toolkit.schema.contracts import Contract
from toolkit.schema.values import is_missing, written

if TYPE_CHECKING:
    import pandas as pd

ROW: Final = "_row"
"""Column of a parsed frame: what the user knows the row by (number of the line in the sheet)."""
WHERE: Final = "_where"
"""Column of a parsed frame: file and sheet of the row."""
PLACE_COLUMNS: Final = (ROW, WHERE)

_LONGEST_SHOWN = 80


def shown(cell: object) -> str:
    """Return a cell as short text for a message."""
    text = "" if is_missing(cell) else written(cell)
    text = " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"


class Faults:
    """Problems of one table of a set, gathered check by check.

    Parameters
    ----------
    contract : Contract
        What the table must look like.
    frame : DataFrame
        The completed table, index 0..n-1.
    """

    def __init__(self, contract: Contract, frame: pd.DataFrame) -> None:
        self.contract = contract
        self.frame = frame
        self.problems: list[Problem] = []
        self._lists: dict[str, list[object]] = {}

    def add(
        self,
        mask: pd.Series[bool] | np.ndarray,
        code: str,
        *,
        column: str = "",
        found: Callable[[int], str] | None = None,
        params: Mapping[str, Any] | Callable[[int], Mapping[str, Any]] | None = None,
    ) -> None:
        """Note one problem for each row where `mask` is true.

        Parameters
        ----------
        mask : Series or array of bool
            Rows at fault.
        code : str
            Reason code.
        column : str, optional
            Column at fault; its cell is what was found.
        found : callable, optional
            Gives what was found by the position of the row.
        params : Mapping or callable, optional
            Values of the wording, or what gives them by the position of the row.
        """
        for place in np.flatnonzero(np.asarray(mask, dtype=bool)):
            position = int(place)
            self.problems.append(
                Problem(
                    code,
                    table=self.contract.table,
                    row=self.row(position),
                    column=column,
                    found=found(position) if found else self.cell(position, column),
                    params=params(position) if callable(params) else (params or {}),
                    where=self.where(position),
                )
            )

    def add_table(
        self,
        code: str,
        *,
        column: str = "",
        found: str = "",
        params: Mapping[str, Any] | None = None,
    ) -> None:
        """Note one problem of the table as a whole."""
        where = self.where(0) if len(self.frame) else ""
        self.problems.append(
            Problem(
                code,
                table=self.contract.table,
                column=column,
                found=found,
                params=params or {},
                where=where,
            )
        )

    def cell(self, position: int, column: str) -> str:
        """Return a cell as short text."""
        return shown(self._cells(column)[position]) if column in self.frame else ""

    def _cells(self, column: str) -> list[object]:
        """Return the cells of a column as a list, made once: faults may be many."""
        if column not in self._lists:
            self._lists[column] = self.frame[column].tolist()
        return self._lists[column]

    def row(self, position: int) -> str:
        """Return what the user knows a row by: its line, else its id."""
        if ROW in self.frame and not is_missing(label := self._cells(ROW)[position]):
            return str(label)
        parts = [self.cell(position, name) for name in self.contract.key]
        return " / ".join(part for part in parts if part)

    def where(self, position: int) -> str:
        """Return file and sheet of a row, empty where they are unknown."""
        if WHERE in self.frame and not is_missing(label := self._cells(WHERE)[position]):
            return str(label)
        return ""
