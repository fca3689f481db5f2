"""Problems of an import in the officer's words: names for ids, and which row is to blame."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from toolkit import vocabulary as v
from toolkit.errors import Problem
from toolkit.schema.contracts import CONTRACTS
from toolkit.schema.faults import shown
from toolkit.workspace.merging import row_ids

if TYPE_CHECKING:
    import pandas as pd

    from toolkit.workbook.references import Typed

_REFERS: Final = frozenset({"unknown_reference", "commune_not_in_perimeter"})
"""Codes of a reference to a row that is not there."""
_JOINED: Final = " / "
"""Between the parts of a key in a message."""


def first_of_cells(problems: Iterable[Problem], *, told: Iterable[Problem] = ()) -> list[Problem]:
    """Return problems without those of a cell of which one was told already: one cell, one message.

    Problems of a row or a table as a whole all stay.
    """
    seen = {_cell(problem) for problem in told}
    kept = []
    for problem in problems:
        cell = _cell(problem)
        if all(cell[1:3]) and cell in seen:
            continue
        seen.add(cell)
        kept.append(problem)
    return kept


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Return problems as an officer goes through a workbook: file, then by sheet and row."""
    return sorted(problems, key=_place)


def _place(problem: Problem) -> tuple[int, int, int]:
    order = v.WORKBOOK_TABLES.index(problem.table) if problem.table in v.WORKBOOK_TABLES else -1
    is_line = bool(problem.where) and problem.row.isdecimal()
    return order, not is_line, int(problem.row) if is_line else 0


def without_empty_ids(problems: Iterable[Problem]) -> list[Problem]:
    """Return problems without those of an id left empty in a row that is told of otherwise.

    Such an id is drawn from the other cells; it is only empty because one of them is.
    """
    told = list(problems)
    rows = {(one.table, one.row) for one in told if not _is_empty_id(one)}
    return [one for one in told if not _is_empty_id(one) or (one.table, one.row) not in rows]


def _is_empty_id(problem: Problem) -> bool:
    return (
        problem.code == "required_cell"
        and bool(problem.where)
        and CONTRACTS[problem.table].key == (problem.column,)
    )


def _cell(problem: Problem) -> tuple[str, str, str, bool]:
    return problem.table, problem.row, problem.column, bool(problem.where)


class Blame:
    """Says problems of the rows of a workbook as the officer knows these rows.

    Parameters
    ----------
    rows : Mapping of str to DataFrame
        Rows of the workbook by table, typed, before any was refused.
    typed : Mapping
        Ids that stand for words of the officer, by table, row and column.
    """

    def __init__(
        self,
        rows: Mapping[str, pd.DataFrame],
        *,
        typed: Mapping[tuple[str, str, str], Typed],
    ) -> None:
        self._rows = rows
        self._typed = typed
        self._labels: dict[str, dict[object, list[str]]] = {}
        self._cells: dict[tuple[str, str], dict[object, object]] = {}

    def in_own_words(self, problem: Problem) -> Problem:
        """Return a problem that shows what stands in the cell, not the id that was put there."""
        if not problem.where or problem.table not in CONTRACTS:
            return problem
        key = CONTRACTS[problem.table].key
        names = key if problem.column in key else (problem.column,)
        held = [self._typed.get((problem.table, problem.row, name)) for name in names]
        words = {shown(one.id): shown(one.words) for one in held if one is not None}
        if not words:
            return problem
        parts = problem.found.split(_JOINED)
        found = _JOINED.join(words.get(part, part) for part in parts)
        return dataclasses.replace(problem, found=found)

    def explained(self, problem: Problem, *, refused: Mapping[str, set[str]]) -> Problem:
        """Return a problem of a row that is only wrong for another that was refused, saying so."""
        if problem.code not in _REFERS or not problem.where:
            return problem
        named = self._cell(problem)
        for table in CONTRACTS[problem.table].column(problem.column).references:
            labels = self._labels_of(table).get(named, [])
            blamed = [label for label in labels if label in refused.get(table, set())]
            if blamed:
                params = {"row": blamed[0], "sheet": self._rows[table]["_where"].iloc[0]}
                return dataclasses.replace(problem, code="refers_to_refused", params=params)
        return problem

    def _cell(self, problem: Problem) -> object:
        """Return the whole cell of a problem; what a problem shows may be cut."""
        place = problem.table, problem.column
        if place not in self._cells:
            frame = self._rows[problem.table]
            self._cells[place] = dict(zip(frame["_row"], frame[problem.column], strict=True))
        return self._cells[place].get(problem.row)

    def _labels_of(self, table: str) -> dict[object, list[str]]:
        """Return the labels of the rows of a table by their id."""
        if table not in self._labels:
            labels: dict[object, list[str]] = {}
            if table in self._rows:
                frame = self._rows[table]
                for name, label in zip(row_ids(table, frame), frame["_row"], strict=True):
                    labels.setdefault(name, []).append(label)
            self._labels[table] = labels
        return self._labels[table]
