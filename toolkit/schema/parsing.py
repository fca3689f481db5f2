"""From a raw table, as read from a file, to typed columns and the cells that cannot be read."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from toolkit.errors import Problem
from toolkit.schema.cells import Read, read
from toolkit.schema.contracts import CONTRACTS, Column
from toolkit.schema.faults import PLACE_COLUMNS, ROW, WHERE, shown
from toolkit.schema.values import as_text, is_missing, written


@dataclass(frozen=True, slots=True, eq=False)
class Parsed:
    """A table read from raw cells.

    Attributes
    ----------
    frame : DataFrame
        Columns of the contract that were there, in their order and types; ``_row`` and ``_where``;
        then the user's own columns, as text.  Defaults are not filled in.
    problems : tuple of Problem
        Cells that could not be read; they are missing in `frame`.
    notes : tuple of Problem
        Cells that were mended without doubt; the user is told, nothing has to be done.
    """

    frame: pd.DataFrame
    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...] = ()


def parse(table: str, raw: pd.DataFrame, *, where: str = "") -> Parsed:
    """Return a table whose cells are read by its contract.

    Parameters
    ----------
    table : str
        Table of the model.
    raw : DataFrame
        Cells as read from a file; columns named as in the model, others are the user's own; the
        index holds what the user knows the rows by.  Rows without any cell are left out.
    where : str, optional
        File and sheet, for the problems.

    Returns
    -------
    Parsed
        Frame, problems and notes.

    Raises
    ------
    KeyError
        If there is no such table.

    Examples
    --------
    >>> raw = pd.DataFrame({"name": ["Ferme"], "family": ["entreprise privee"]}, index=[7])
    >>> parse("actors", raw).frame["family"].tolist()
    ['business']
    """
    contract = CONTRACTS[table]
    doubled = sorted({str(name) for name in raw.columns[raw.columns.duplicated()]})
    problems = [
        Problem("duplicate_column", table=table, found=name, where=where) for name in doubled
    ]
    raw = raw.loc[:, ~raw.columns.duplicated()]
    raw = raw.loc[
        [not all(_is_blank(cell) for cell in row) for row in raw.to_numpy(dtype="object")]
    ]
    labels = [str(label) for label in raw.index]
    made: dict[Any, Any] = {}
    notes: list[Problem] = []
    for column in contract.columns:
        if column.name not in raw:
            continue
        cells = list(raw[column.name])
        if column.kind == "geometry":
            made[column.name] = cells
            continue
        reads = _read_column(cells, column)
        made[column.name] = _typed([found.value for found in reads], column)
        for label, cell, found in zip(labels, cells, reads, strict=True):
            if found.code:
                kind = problems if found.value is None else notes
                kind.append(
                    _problem(found, cell, table=table, row=label, column=column.name, where=where)
                )
    made[ROW] = pd.Series(labels, dtype="str")
    made[WHERE] = pd.Series([where] * len(labels), dtype="str")
    for name in raw.columns:
        if name not in (*contract.names, *PLACE_COLUMNS):
            made[name] = as_text(list(raw[name]))
    frame = pd.DataFrame(made, index=pd.RangeIndex(len(labels)))
    return Parsed(frame, tuple(problems), tuple(notes))


def _is_blank(cell: object) -> bool:
    return is_missing(cell) or (isinstance(cell, str) and not cell.strip())


def _read_column(cells: list[object], column: Column) -> list[Read]:
    """Return what each cell holds; cells alike are read once."""
    known: dict[tuple[type, object], Read] = {}
    reads = []
    for cell in cells:
        plain = (
            cell if isinstance(cell, str | int | float | bool | dt.date | None) else written(cell)
        )
        key = (type(plain), plain)
        if key not in known:
            known[key] = read(cell, column)
        reads.append(known[key])
    return reads


def _typed(values: list[object], column: Column) -> pd.Series:
    """Return values in the type of the contract."""
    if column.dtype == "float64":
        return pd.Series([np.nan if value is None else value for value in values], dtype="float64")
    if column.dtype in {"Int64", "boolean"}:
        return pd.Series(
            [pd.NA if value is None else value for value in values], dtype=column.dtype
        )
    return as_text(values)


def _problem(
    found: Read, cell: object, *, table: str, row: str, column: str, where: str
) -> Problem:
    text = str(found.params.get("part", "")) or written(cell)
    params = {name: value for name, value in found.params.items() if name != "part"}
    return Problem(
        found.code,
        table=table,
        row=row,
        column=column,
        found=shown(text),
        params=params,
        where=where,
    )
