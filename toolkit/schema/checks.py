"""Every problem of every completed table at once: cells, keys, references, then the rules."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

from toolkit import nomenclature
from toolkit import vocabulary as v
from toolkit.errors import Problem
from toolkit.schema import geometry_checks, rules
from toolkit.schema.contracts import CONTRACTS, Column
from toolkit.schema.faults import PLACE_COLUMNS, Faults, shown
from toolkit.schema.values import as_numbers
from toolkit.schema.ways import CHOICES_SHOWN

LONGEST_ID: Final = 200
LONGEST_TEXT: Final = 10_000
"""Characters a cell of text may hold (own rule: some three printed pages; a sheet takes 32,767)."""
LISTED: Final = 5
FIRST_YEAR: Final = 1000
"""A lower bound from here on tells that a number is a year."""

_NOT_WRITABLE = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]"
_NOT_IN_ID = r"[|\x00-\x1f\x7f\ud800-\udfff]|^\s|\s$"
_ID_KINDS = frozenset({"id", "reference"})
_ONE_CODE = frozenset({"enum", "code"})
_CODES = frozenset({"enum", "code", "enum_list", "code_list"})
_WEB = r"https?://[^\s<>\"]+"
_LINE_DIGITS = 10
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_COMMUNE = r"([0-9]{2}|2[AB])[0-9]{3}"


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
    gathered = {
        name: Faults(CONTRACTS[name], tables[name].reset_index(drop=True)) for name in v.TABLES
    }
    for faults in gathered.values():
        for column in faults.contract.columns:
            if column.kind != "geometry":
                _check_column(faults, column)
        _check_extra(faults)
        _check_key(faults)
    _check_references(gathered)
    rules.check_rules(gathered)
    geometry_checks.check_geometries(gathered)
    return sorted(
        (problem for faults in gathered.values() for problem in faults.problems), key=_order
    )


def _order(problem: Problem) -> tuple[int, str, float, str, int, str, str]:
    contract = CONTRACTS[problem.table]
    place = contract.names.index(problem.column) if problem.column in contract.names else -1
    row = problem.row
    is_line = len(row) < _LINE_DIGITS and row.isascii() and row.isdigit()
    line = int(row) if is_line else math.inf
    return (
        v.TABLES.index(problem.table),
        problem.where,
        line,
        row,
        place,
        problem.code,
        problem.found,
    )


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
    texts = faults.frame[column.name].dropna().astype("object").map(str)
    unique = pd.Series(pd.unique(texts), dtype="object")
    if unique.empty:
        return
    is_id = column.kind in _ID_KINDS
    longest = LONGEST_ID if is_id else LONGEST_TEXT
    wrong: dict[str, pd.Series[bool]] = {
        "text_too_long": unique.map(len) > longest,
        "bad_id" if is_id else "bad_characters": unique.str.contains(
            _NOT_IN_ID if is_id else _NOT_WRITABLE
        ),
    }
    if column.kind == "url":
        wrong["bad_url"] = ~unique.str.fullmatch(_WEB)
    elif column.kind == "date":
        days = pd.to_datetime(unique, format="%Y-%m-%d", errors="coerce")
        wrong["bad_date"] = ~unique.str.fullmatch(_DAY) | days.isna()
    elif column.name == "commune_id" and faults.contract.table == v.COMMUNES:
        wrong["bad_commune_code"] = ~unique.str.fullmatch(_COMMUNE)
    for code, flags in wrong.items():
        values = set(unique[flags.astype("bool") & (unique.str.strip() != "")])
        if values:
            held = faults.frame[column.name].astype("object").map(str).isin(values)
            faults.add(held, code, column=column.name, params={"maximum": longest})
    if column.kind in _CODES:
        _check_codes(faults, column)


def known_codes(column: Column) -> frozenset[str]:
    """Return the codes that a column of codes accepts."""
    if column.kind in {"enum", "enum_list"}:
        return frozenset(v.ENUMS[column.of])
    return nomenclature.codes(column.of)


def _check_codes(faults: Faults, column: Column) -> None:
    """Check that codes are known; a cell of a list may hold several."""
    known = known_codes(column)
    cells = faults.frame[column.name].astype("object")
    bad: dict[str, str] = {}
    for cell in pd.unique(cells.dropna()):
        codes = v.split_list(cell) if column.kind not in _ONE_CODE else (str(cell),)
        unknown = [code for code in codes if code not in known and code.strip()]
        if unknown:
            bad[str(cell)] = shown(", ".join(unknown))
    if bad:
        few = len(known) <= CHOICES_SHOWN
        faults.add(
            cells.isin(set(bad)),
            "unknown_choice" if few else "unknown_code",
            column=column.name,
            found=lambda position: bad[str(cells.iloc[position])],
            params={"of": column.of, "choices": ", ".join(sorted(known)) if few else ""},
        )


def _check_extra(faults: Faults) -> None:
    """Check that the user's own columns can be written; they are free otherwise."""
    ours = {*faults.contract.names, *PLACE_COLUMNS}
    for name in faults.frame.columns:
        cells = faults.frame[name]
        if name not in ours and str(cells.dtype) in {"object", "str"}:
            texts = pd.Series(
                [cell if isinstance(cell, str) else "" for cell in cells], dtype="object"
            )
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
    groups = frame[double].groupby(key, sort=False).ngroup()
    params = {
        group: _repeated([faults.row(int(position)) for position in places])
        for group, places in groups.groupby(groups).groups.items()
    }
    faults.add(
        double,
        "duplicate_key",
        column=key[-1],
        found=lambda position: " / ".join(faults.cell(position, name) for name in key),
        params=lambda position: params[groups.loc[position]],
    )


def _repeated(rows: list[str]) -> dict[str, object]:
    """Return how many rows have a key, and the first of them."""
    first = sorted(rows, key=lambda row: (len(row), row))[:LISTED]
    return {"rows": ", ".join(first) + (", …" if len(rows) > LISTED else ""), "count": len(rows)}


def _check_references(gathered: Mapping[str, Faults]) -> None:
    """Check that every id that a row refers to exists."""
    ids = {
        name: set(faults.frame[faults.contract.key[0]].dropna())
        for name, faults in gathered.items()
    }
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
