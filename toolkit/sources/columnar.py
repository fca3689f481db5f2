"""Rows picked out of files too big to read: Parquet, CSV, or a zip with one CSV."""

from __future__ import annotations

import glob
import importlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.errors import DataError, MissingDependencyError, Problem
from toolkit.sources import zips
from toolkit.sources.containers import (
    HEAD_BYTES,
    check_first_bytes,
    header_at,
    split_header,
    unpacked,
)
from toolkit.sources.reading import (
    NULLS,
    Columns,
    check_file,
    missing_columns,
)

if TYPE_CHECKING:
    import duckdb

ENDINGS: Final = (".parquet", ".csv", ".txt", ".zip")
COUNT: Final = "count"
"""Column of :func:`count_rows`."""
MEMORY_LIMIT: Final = "600MB"
"""What the database may hold at once; a bigger answer is refused, never written to a disk."""
_SETTINGS: Final[dict[str, str | bool | int | float | list[str]]] = {
    "memory_limit": MEMORY_LIMIT,
    "temp_directory": "",
    "autoload_known_extensions": "false",
    "autoinstall_known_extensions": "false",
    "preserve_insertion_order": "false",
}
_PARTS: Final = (1, 4, 16, 64)
"""In how many readings combinations are counted; the next number where memory does not suffice."""
_VECTORS: Final = 50
"""Parts of 2,048 rows that are taken at a time."""
_BLANKS: Final = "' \t\r\n\N{NO-BREAK SPACE}'"


@dataclass(frozen=True, slots=True)
class _Table:
    """How a file is asked: FROM clause, its parameters, expression and type of our columns."""

    clause: str
    parameters: tuple[str, ...]
    columns: Mapping[str, str]
    types: Mapping[str, str]
    header: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Query:
    """Which rows are asked for, and how much of each; see :func:`select_rows`."""

    needed: list[str]
    key: str
    among: Collection[str]
    detailed: tuple[str, str] | None


def select_rows(
    path: Path,
    *,
    needed: Columns,
    wanted: Columns | None = None,
    key: str = "",
    among: Collection[str] = (),
    detailed: tuple[str, str] | None = None,
) -> pd.DataFrame:
    """Return the rows of a file whose key is one of some values, all cells text.

    Only the columns named and the rows that match are ever held; a zip is unpacked beside itself
    for the time of the reading.

    Parameters
    ----------
    path : Path
        File ending in .parquet, .csv, .txt (UTF-8, separator found in the header) or .zip.
    needed : Mapping
        Columns that must be there, under one of their names, whatever the case.
    wanted : Mapping, optional
        Columns taken where they are there; missing ones are empty.
    key : str, optional
        One of `needed`: rows are kept if its cell is in `among`.  Left out, every distinct row is.
    among : collection of str
        Values of the key, as they are in the file; numbers are compared as numbers.
    detailed : tuple of str, optional
        One of `needed` and a value: rows whose cell is another one come without the columns of
        `wanted`, as they are only counted.

    Returns
    -------
    DataFrame
        Columns of `needed` then `wanted`, missing cells NaN, in an order that does not depend on
        that of the file.  Numbers of lines of a CSV that cannot be read are in
        ``attrs["malformed"]``.

    Raises
    ------
    DataError
        If the file cannot be read, lacks a needed column, or too many rows match.
    MissingDependencyError
        If `duckdb` is not installed.
    """
    columns = {**needed, **(wanted or {})}
    with _asked(path, needed=needed, columns=columns) as (database, table, plain):
        query = _Query([*needed], key, among, detailed)
        frame = _tidy(_chunks(database, table=table, query=query), names=[*columns])
        malformed = _malformed(database) if plain.suffix != ".parquet" else []
    frame.attrs["malformed"] = malformed
    return frame


def count_rows(path: Path, *, by: Columns, of: tuple[str, str]) -> pd.DataFrame:
    """Return how many rows of a file there are of each combination of some columns.

    The rows themselves are never held.

    Parameters
    ----------
    path : Path
        As for :func:`select_rows`.
    by : Mapping
        Columns that must be there, under one of their names.
    of : tuple of str
        One of `by` and a value: only the rows whose cell is that value are counted.

    Returns
    -------
    DataFrame
        Columns of `by`, as categories, missing cells NaN, then ``count``; sorted.

    Raises
    ------
    DataError
        If the file cannot be read, lacks a column, or has too many combinations.
    MissingDependencyError
        If `duckdb` is not installed.
    """
    engine = _engine(path)
    with _asked(path, needed=by, columns=by) as (database, table, _):
        for parts in _PARTS:
            try:
                counted = _counted(database, table=table, of=of, parts=parts)
                return _encoded(counted, names=[*by])
            except engine.OutOfMemoryException:
                if parts == _PARTS[-1]:
                    raise
    raise AssertionError  # pragma: no cover - the last number of parts raises or returns


def _encoded(chunks: Iterable[pd.DataFrame], *, names: list[str]) -> pd.DataFrame:
    """Return combinations with their number, as categories: millions of rows, few different cells.

    Sorted by their cells, missing ones last.
    """
    known: dict[str, dict[str, int]] = {name: {} for name in names}
    codes: dict[str, list[npt.NDArray[np.int32]]] = {name: [] for name in names}
    counts = [np.empty(0, dtype="int64")]
    for chunk in chunks:
        for name in names:
            places, alike = pd.factorize(chunk[name].to_numpy(dtype="object"))
            own = [
                -1 if cell in NULLS else known[name].setdefault(cell, len(known[name]))
                for cell in alike
            ]
            codes[name].append(np.array([*own, -1], dtype="int32")[places])
        counts.append(chunk[COUNT].to_numpy(dtype="int64"))
    made = {}
    for name in names:
        joined = np.concatenate([np.empty(0, dtype="int32"), *codes[name]])
        cells = pd.Categorical.from_codes(joined, categories=pd.Index([*known[name]], dtype="str"))
        made[name] = cells.reorder_categories(sorted(cells.categories))
    frame = pd.DataFrame(made).assign(**{COUNT: np.concatenate(counts)})
    return frame.sort_values(names, ignore_index=True)


def _counted(
    database: duckdb.DuckDBPyConnection, *, table: _Table, of: tuple[str, str], parts: int
) -> Iterator[pd.DataFrame]:
    """Yield combinations of cells with how many rows have them, by so many readings of the file."""
    cells = {
        name: f"trim(CAST({expression} AS VARCHAR), {_BLANKS})"
        for name, expression in table.columns.items()
    }
    shown = ", ".join(f'{cell} AS "{name}"' for name, cell in cells.items())
    text = (
        f"SELECT {shown}, count(*) AS {COUNT} FROM {table.clause} "  # noqa: S608 - our own names only
        f"WHERE {cells[of[0]]} = ? AND hash({next(iter(cells.values()))}) % ? = ? GROUP BY ALL"
    )
    for part in range(parts):
        answer = database.execute(text, [*table.parameters, of[1], parts, part])
        while len(chunk := answer.fetch_df_chunk(_VECTORS)):
            yield chunk


@contextmanager
def _asked(
    path: Path, *, needed: Columns, columns: Columns
) -> Iterator[tuple[duckdb.DuckDBPyConnection, _Table, Path]]:
    """Give a file opened to be asked, its faults in our words."""
    check_file(path, endings=ENDINGS)
    check_first_bytes(path)
    engine = _engine(path)
    with unpacked(path) as plain, engine.connect(":memory:", config=_SETTINGS) as database:
        try:
            table = _table(database, plain, path=path, columns=columns)
            missing = [name for name in needed if name not in table.columns]
            if missing:
                header = list(table.header)
                raise DataError(missing_columns(path, missing, needed=needed, header=header))
            yield database, table, plain
        except engine.OutOfMemoryException as err:
            problem = Problem("sources_too_many_rows", where=path.name, found=MEMORY_LIMIT)
            raise DataError(problem) from err
        except engine.Error as err:
            kind = "Parquet" if plain.suffix == ".parquet" else "CSV"
            raise DataError(Problem("sources_damaged", where=path.name, found=kind)) from err


# --- columns ----------------------------------------------------------------------------------
def header_of(path: Path) -> list[str]:
    """Return the names of the columns of a file, without case; only its beginning is read.

    Raises
    ------
    DataError
        If the file cannot be read.
    MissingDependencyError
        If it is a Parquet file and `duckdb` is not installed.
    """
    check_file(path, endings=ENDINGS)
    check_first_bytes(path)
    ending = path.suffix.lower()
    if ending == ".zip":
        return split_header(zips.first_line(path, limit=HEAD_BYTES), path=path)[1]
    if ending != ".parquet":
        return header_at(path, path=path)[1]
    engine = _engine(path)
    with engine.connect(":memory:", config=_SETTINGS) as database:
        try:
            return list(_table(database, path, path=path, columns={}).header)
        except engine.Error as err:
            raise DataError(Problem("sources_damaged", where=path.name, found="Parquet")) from err


def _engine(path: Path) -> Any:  # noqa: ANN401 - a module that may not be installed
    """Return the module of the database."""
    if find_spec("duckdb") is None:
        raise MissingDependencyError(Problem("sources_package", where=path.name, found="duckdb"))
    return importlib.import_module("duckdb")


def _table(
    database: duckdb.DuckDBPyConnection, plain: Path, *, path: Path, columns: Columns
) -> _Table:
    """Return how to ask a file for our columns.

    No name of the file gets into a query: columns of Parquet are asked by our own spelling, as case
    does not matter there, those of a CSV by their place.
    """
    if plain.suffix.lower() == ".parquet":
        clause = "read_parquet(?)"
        parameters: tuple[str, ...] = (glob.escape(str(plain)),)
        described = database.execute(f"DESCRIBE SELECT * FROM {clause}", parameters).fetchall()  # noqa: S608
        types = {str(name).casefold(): str(kind) for name, kind, *_ in described}
        expressions = {name: f'"{name}"' for names in columns.values() for name in names}
    else:
        separator, header = header_at(plain, path=path)
        # No header can hold a name twice under another case, as the first one is taken.
        types = dict.fromkeys(header, "VARCHAR")
        places = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(len(header)))
        clause = (
            f"read_csv(?, delim=?, header=true, auto_detect=false, columns={{{places}}}, "
            "quote='\"', escape='\"', store_rejects=true)"
        )
        parameters = (glob.escape(str(plain)), separator)
        expressions = {name: f"c{place}" for place, name in reversed(list(enumerate(header)))}
    found = {
        column: next((name for name in names if name in types), "")
        for column, names in columns.items()
    }
    return _Table(
        clause,
        parameters,
        {column: expressions[name] for column, name in found.items() if name},
        {column: types[name] for column, name in found.items() if name},
        tuple(types),
    )


# --- rows -------------------------------------------------------------------------------------
def _chunks(
    database: duckdb.DuckDBPyConnection, *, table: _Table, query: _Query
) -> Iterator[pd.DataFrame]:
    """Yield the rows asked for, some thousands at a time; blanks around cells are taken away."""
    bound: list[str] = []
    shown = []
    for column, expression in table.columns.items():
        cell = f"trim(CAST({expression} AS VARCHAR), {_BLANKS})"
        if query.detailed and column not in query.needed:
            told, value = query.detailed
            cell = f"CASE WHEN {table.columns[told]} = ? THEN {cell} END"
            bound.append(value)
        shown.append(f'{cell} AS "{column}"')
    distinct = "" if query.key else "DISTINCT "
    text = f"SELECT {distinct}{', '.join(shown)} FROM {table.clause}"  # noqa: S608 - our own names only
    if query.key:
        database.execute(
            "CREATE TEMP TABLE asked AS SELECT unnest(?::VARCHAR[]) AS code", [list(query.among)]
        )
        kind = table.types[query.key]
        code = "code" if kind == "VARCHAR" else f"TRY_CAST(code AS {kind})"
        text += f" WHERE {table.columns[query.key]} IN (SELECT {code} FROM asked)"  # noqa: S608
    answer = database.execute(text, [*bound, *table.parameters])
    while len(chunk := answer.fetch_df_chunk(_VECTORS)):
        yield chunk


def _malformed(database: duckdb.DuckDBPyConnection) -> list[int]:
    """Return the numbers of the lines that could not be read."""
    lines = database.execute("SELECT DISTINCT line FROM reject_errors ORDER BY line").fetchall()
    return [int(line) for (line,) in lines]


def _tidy(chunks: Iterable[pd.DataFrame], *, names: list[str]) -> pd.DataFrame:
    """Return rows as :func:`toolkit.sources.reading.read_rows` does, in an order of their own.

    Cells that are alike are one object: a register repeats its codes and towns, and a territory of
    a million rows would not fit otherwise.
    """
    parts: dict[str, list[npt.NDArray[np.object_]]] = {name: [] for name in names}
    count = 0
    for chunk in chunks:
        count += len(chunk)
        for name in chunk.columns:
            places, alike = pd.factorize(chunk[name].to_numpy(dtype="object"))
            alike = np.where(pd.Index(alike, dtype="object").isin(NULLS), np.nan, alike)
            parts[name].append(np.append(alike, [np.nan])[places])
    empty = np.full(count, np.nan, dtype="object")
    made = pd.DataFrame(
        {
            name: pd.Series(np.concatenate(cells) if cells else empty, dtype="str")
            for name, cells in parts.items()
        }
    )
    made = made.sort_values(names[0], ignore_index=True)
    if made[names[0]].duplicated().any():
        made = made.sort_values(names, ignore_index=True)
    return made


def padded(cells: pd.Series[str], width: int) -> pd.Series[str]:
    """Return codes of digits with the zeros that a number lost; others as they are.

    For columns that files of the same layout hold as text or as numbers.

    Examples
    --------
    >>> padded(pd.Series(["65", "65.0", "NN", "00065"]), 5).tolist()
    ['00065', '00065', 'NN', '00065']
    """
    odd = cells.notna() & (cells.str.len() != width)
    bare = cells[odd].str.replace(r"^(\d+)\.0$", r"\1", regex=True)
    digits = bare.str.fullmatch(r"\d+").astype("bool")
    made = cells.copy()
    made[odd] = bare.mask(digits, bare.str.zfill(width))
    return made
