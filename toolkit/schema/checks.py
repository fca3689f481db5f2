"""Every problem of every completed table at once: cells, keys, references; the rest is in `rules`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

from toolkit import nomenclature
from toolkit import vocabulary as v
from toolkit.errors import Problem
from toolkit.schema import geometry_checks, rules
from toolkit.schema.contracts import CONTRACTS, Column
from toolkit.schema.faults import PLACE_COLUMNS, Faults
from toolkit.schema.values import as_numbers

LONGEST_ID: Final = 200
LONGEST_TEXT: Final = 10_000
"""Characters a cell of text may hold (own rule: some three printed pages; a sheet takes 32,767)."""
LISTED: Final = 5
FIRST_YEAR: Final = 1000
"""A lower bound from here on tells that a number is a year."""
CHOICES_SHOWN: Final = 24

_NOT_WRITABLE = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]"
_NOT_IN_ID = r"[|\x00-\x1f\x7f\ud800-\udfff]|^\s|\s$"
_ID_KINDS = frozenset({"id", "reference"})
_ONE_CODE = frozenset({"enum", "code"})
_CODES = frozenset({"enum", "code", "enum_list", "code_list"})
_WEB = r"https?://[^\s<>\"]+"
_DAY = r"\d{4}-\d{2}-\d{2}"


def check_tables(tables: Mapping[str, pd.DataFrame]) -> list[Problem]:
    """Return every problem of a set of tables.

    Parameters
    ----------
    tables : Mapping of str to DataFrame
        Tables as `toolkit.territory.complete` returns them: all of them, columns of the contract,
        geometries in EPSG:4326.  Columns ``_row`` and ``_where`` say where a row comes from.

    Returns
    -------
    list of Problem
        By table, row and column, whatever the order of the rows; empty if all is well.

    Notes
    -----
    Vectorised: rows are looked at one by one only where they are at fault.
    """
    gathered = {name: Faults(CONTRACTS[name], tables[name].reset_index(drop=True)) for name in v.TABLES}
    for faults in gathered.values():
        for column in faults.contract.columns:
            if column.kind != "geometry":
                _check_column(faults, column)
        _check_extra(faults)
        _check_key(faults)
    _check_references(gathered)
    rules.check_rules(gathered)
    geometry_checks.check_geometries(gathered)
    return sorted((problem for faults in gathered.values() for problem in faults.problems), key=_order)


def _order(problem: Problem) -> tuple[int, str, int, str, int, str, str]:
    contract = CONTRACTS[problem.table]
    place = contract.names.index(problem.column) if problem.column in contract.names else -1
    line = int(problem.row) if problem.row.isascii() and problem.row.isdigit() else 0
    row = problem.row
    return v.TABLES.index(problem.table), problem.where, line, row, place, problem.code, problem.found


# --- cells ------------------------------------------------------------------------------------
def _check_column(faults: Faults, column: Column) -> None:
    """Check the cells of one column by its kind."""
    cells = faults.frame[column.name]
    missing = cells.isna()
    if column.kind in {"number", "integer"}:
        _check_numbers(faults, column)
    elif column.kind == "boolean":
        if cells.dtype != "boolean":
            is_bool = [isinstance(cell, bool | np.bool_) for cell in cells.astype("object")]
            faults.add(~missing & ~np.array(is_bool, dtype=bool), "bad_boolean", column=column.name)
    else:
        missing = missing | (cells.astype("str").str.strip() == "")
        _check_text(faults, column)
    if column.required:
        faults.add(missing, "required_cell", column=column.name, found=lambda _: "")


def _check_numbers(faults: Faults, column: Column) -> None:
    """Check that cells are numbers, finite, whole if they must be, and in their range."""
    cells = faults.frame[column.name]
    numbers = as_numbers(cells)
    faults.add(cells.notna() & numbers.isna(), "bad_number", column=column.name)
    endless = np.isinf(numbers)
    faults.add(endless, "not_finite", column=column.name)
    numbers = numbers.mask(endless)
    if column.kind == "integer":
        broken = numbers.notna() & (numbers % 1 != 0)
        faults.add(broken, "bad_integer", column=column.name)
        numbers = numbers.mask(broken)
    low, high = column.minimum, column.maximum
    below = numbers < (-np.inf if low is None else low)
    above = numbers > (np.inf if high is None else high)
    if low is not None and low >= FIRST_YEAR:
        years = {"first": f"{low:.0f}", "last": f"{high:.0f}"}
        faults.add(below | above, "bad_year", column=column.name, params=years)
        return
    limits = {"minimum": low, "maximum": high}
    code = "negative_number" if low == 0 else "number_too_small"
    faults.add(below, code, column=column.name, params=limits)
    faults.add(above, "number_too_large", column=column.name, params=limits)


def _check_text(faults: Faults, column: Column) -> None:
    """Check a column whose cells are text: characters, length, codes, form."""
    cells = faults.frame[column.name]
    texts = cells.dropna().astype("object").map(str)
    unique = pd.Series(pd.unique(texts), dtype="object")
    if unique.empty:
        return
    is_id = column.kind in _ID_KINDS
    longest = LONGEST_ID if is_id else LONGEST_TEXT
    _add_values(faults, column, unique[unique.map(len) > longest], code="text_too_long", params={"maximum": longest})
    if is_id:
        _add_values(faults, column, unique[unique.str.contains(_NOT_IN_ID)], code="bad_id")
    else:
        _add_values(faults, column, unique[unique.str.contains(_NOT_WRITABLE)], code="bad_characters")
    if column.kind in _CODES:
        _check_codes(faults, column, unique)
    elif column.kind == "url":
        _add_values(faults, column, unique[~unique.str.fullmatch(_WEB)], code="bad_url")
    elif column.kind == "date":
        shaped = unique.str.fullmatch(_DAY) & pd.to_datetime(unique, format="%Y-%m-%d", errors="coerce").notna()
        _add_values(faults, column, unique[~shaped], code="bad_date")
    if column.name == "commune_id" and faults.contract.table == v.COMMUNES:
        bad = unique[~unique.str.fullmatch(r"(\d{2}|2[AB])\d{3}")]
        _add_values(faults, column, bad, code="bad_commune_code")


def _add_values(
    faults: Faults, column: Column, values: pd.Series[str], *, code: str, params: Mapping[str, object] | None = None
) -> None:
    """Note a problem for each row that holds one of the values."""
    if len(values):
        cells = faults.frame[column.name]
        held = cells.notna() & cells.astype("object").map(str).isin(set(values))
        faults.add(held, code, column=column.name, params=params)


def known_codes(column: Column) -> frozenset[str]:
    """Return the codes that a column of codes accepts."""
    if column.kind in {"enum", "enum_list"}:
        return frozenset(v.ENUMS[column.of])
    return nomenclature.codes(column.of)


def _check_codes(faults: Faults, column: Column, unique: pd.Series[str]) -> None:
    """Check that codes are known; a cell of a list may hold several."""
    known = known_codes(column)
    if column.kind in _ONE_CODE:
        bad = {cell: cell for cell in unique if cell not in known}
    else:
        wrong = {cell: [code for code in v.split_list(cell) if code not in known] for cell in unique}
        bad = {cell: ", ".join(codes) for cell, codes in wrong.items() if codes}
    bad = {cell: codes for cell, codes in bad.items() if cell.strip()}
    if not bad:
        return
    cells = faults.frame[column.name].astype("object")
    few = len(known) <= CHOICES_SHOWN
    faults.add(
        cells.isin(set(bad)),
        "unknown_choice" if few else "unknown_code",
        column=column.name,
        found=lambda position: bad[str(cells.iloc[position])][:LONGEST_ID],
        params={"of": column.of, "choices": ", ".join(sorted(known)) if few else ""},
    )


def _check_extra(faults: Faults) -> None:
    """Check that the user's own columns can be written; they are free otherwise."""
    names = [name for name in faults.frame.columns if name not in (*faults.contract.names, *PLACE_COLUMNS)]
    for name in names:
        cells = faults.frame[name]
        if cells.dtype == "object" or cells.dtype == "str":
            texts = cells.map(lambda cell: cell if isinstance(cell, str) else "").astype("object")
            bad = texts.str.contains(_NOT_WRITABLE).astype("bool")
            faults.add(bad, "bad_characters", column=str(name))


# --- keys and references ----------------------------------------------------------------------
def _check_key(faults: Faults) -> None:
    """Check that no two rows have the same key."""
    key = list(faults.contract.key)
    frame = faults.frame[key]
    double = frame.notna().all(axis=1) & frame.duplicated(keep=False)
    if not double.any():
        return
    rows: dict[tuple[object, ...], list[str]] = {}
    for position in np.flatnonzero(double):
        rows.setdefault(tuple(frame.iloc[position]), []).append(faults.row(int(position)))

    def others(position: int) -> dict[str, str]:
        same = sorted(rows[tuple(frame.iloc[position])], key=lambda row: (len(row), row))
        more = ", …" if len(same) > LISTED else ""
        return {"rows": ", ".join(same[:LISTED]) + more, "count": str(len(same))}

    faults.add(
        double,
        "duplicate_key",
        column=key[-1],
        found=lambda position: " / ".join(faults.cell(position, name) for name in key),
        params=others,
    )


def _check_references(gathered: Mapping[str, Faults]) -> None:
    """Check that every id that a row refers to exists."""
    ids = {name: set(faults.frame[faults.contract.key[0]].dropna()) for name, faults in gathered.items()}
    for faults in gathered.values():
        for column in faults.contract.columns:
            if column.kind != "reference":
                continue
            known: set[str] = set()
            for table in column.references:
                known |= {v.OUTSIDE} if table == v.OUTSIDE else ids[table]
            cells = faults.frame[column.name]
            unknown = cells.notna() & ~cells.isin(known) & (cells.astype("str").str.strip() != "")
            if not unknown.any():
                continue
            if column.references == (v.COMMUNES,):
                faults.add(unknown, "commune_not_in_perimeter", column=column.name)
            else:
                tables = {"tables": ", ".join(column.references)}
                faults.add(unknown, "unknown_reference", column=column.name, params=tables)
