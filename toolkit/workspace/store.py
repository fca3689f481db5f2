"""Frames into rows and back; the difference between two states of a table."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from toolkit import crs
from toolkit import vocabulary as v
from toolkit.errors import Problem, WorkspaceError
from toolkit.schema.contracts import DTYPES
from toolkit.workspace import geopackage, journal
from toolkit.workspace.geopackage import quoted
from toolkit.workspace.journal import Change
from toolkit.workspace.layers import EXTRA_COLUMN, GEOMETRY_COLUMN, MODEL_LAYERS, Layer, row_id

if TYPE_CHECKING:
    import sqlite3

Row = tuple[Any, ...]
"""Values of the data columns of a layer, as SQLite holds them."""


def read_tables(connection: sqlite3.Connection) -> dict[str, pd.DataFrame]:
    """Return every table of the model, typed as its contract says, sorted by key.

    Columns that an officer added follow those of the model, sorted by name.

    Raises
    ------
    WorkspaceError
        If cells are not of their type (edited by another program).
    """
    return {table: read_layer(connection, layer) for table, layer in MODEL_LAYERS.items()}


def read_layer(connection: sqlite3.Connection, layer: Layer) -> pd.DataFrame:
    """Return one table as a frame; a GeoDataFrame in EPSG:4326 where it stores a geometry."""
    rows = read_rows(connection, layer)
    cells = dict(zip(layer.data_columns, zip(*rows, strict=True), strict=True)) if rows else {}
    frame = typed_frame(layer, [cells.get(name, ()) for name in layer.kinds])
    extra = _extra_frame(cells.get(EXTRA_COLUMN, ()))
    if len(extra.columns):
        frame = pd.concat([frame, extra], axis="columns")
    if not layer.stores_geometry:
        return frame
    try:
        shapes = geopackage.decode(cells.get(GEOMETRY_COLUMN, ()))
    except ValueError as err:
        raise WorkspaceError(
            Problem("workspace_cell", table=layer.table, column=v.GEOMETRY)
        ) from err
    geometry = gpd.array.from_shapely(shapes)
    placed: pd.DataFrame = gpd.GeoDataFrame(frame, geometry=geometry, crs=crs.STORAGE_EPSG)
    return placed


def read_rows(connection: sqlite3.Connection, layer: Layer) -> list[Row]:
    """Return the raw rows of a layer, sorted by key."""
    columns = ", ".join(quoted(name) for name in layer.data_columns)
    key = ", ".join(quoted(name) for name in layer.key)
    found = connection.execute(f"SELECT {columns} FROM {layer.table} ORDER BY {key}")  # noqa: S608
    return found.fetchall()


def rows_of(layer: Layer, frame: pd.DataFrame) -> dict[str, Row]:
    """Return the rows of a complete frame by their id, as SQLite will hold them.

    Columns that are not of the model go into one JSON cell; those whose name begins with ``_`` are
    notes of the toolkit and are dropped.
    """
    columns = [plain_cells(frame[name], kind=kind) for name, kind in layer.kinds.items()]
    columns.append(_extra_cells(layer, frame))
    if layer.stores_geometry:
        columns.append(geopackage.encode(_shapes(frame)))
    keys = zip(*(columns[list(layer.kinds).index(name)] for name in layer.key), strict=True)
    return dict(zip(map(row_id, keys), zip(*columns, strict=True), strict=True))


def by_id(layer: Layer, rows: Iterable[Row]) -> dict[str, Row]:
    """Return raw rows by their id."""
    places = [layer.data_columns.index(name) for name in layer.key]
    return {row_id(tuple(row[place] for place in places)): row for row in rows}


def differences(
    layer: Layer, wanted: Mapping[str, Row], *, stored: Mapping[str, Row]
) -> list[Change]:
    """Return what must change for the stored rows to hold the wanted ones; rows not wanted stay."""
    changes = []
    for name in sorted(wanted):
        row, old = wanted[name], stored.get(name)
        if old is None:
            changes.append(Change(layer.table, name, journal.INSERT, after=_cells(layer, row)))
        elif old != row:
            changed = [
                place for place, pair in enumerate(zip(old, row, strict=True)) if pair[0] != pair[1]
            ]
            before, after = (_cells(layer, side, only=changed) for side in (old, row))
            changes.append(Change(layer.table, name, journal.UPDATE, before=before, after=after))
    return changes


def write_rows(
    connection: sqlite3.Connection,
    layer: Layer,
    *,
    changes: Iterable[Change],
    wanted: Mapping[str, Row],
    stored: Mapping[str, Row],
) -> None:
    """Insert and update the rows that change, in the open transaction."""
    names = [change.row_id for change in changes]
    columns = ", ".join(quoted(name) for name in layer.data_columns)
    marks = ", ".join("?" for _ in layer.data_columns)
    connection.executemany(
        f"INSERT INTO {layer.table} ({columns}) VALUES ({marks})",  # noqa: S608 - names of our own layers
        (wanted[name] for name in names if name not in stored),
    )
    places = [layer.data_columns.index(name) for name in layer.key]
    assignments = ", ".join(f"{quoted(name)} = ?" for name in layer.data_columns)
    condition = " AND ".join(f"{quoted(name)} = ?" for name in layer.key)
    updated = (wanted[name] for name in names if name in stored)
    connection.executemany(
        f"UPDATE {layer.table} SET {assignments} WHERE {condition}",  # noqa: S608
        ((*row, *(row[place] for place in places)) for row in updated),
    )


def delete_rows(
    connection: sqlite3.Connection, layer: Layer, *, rows: Mapping[str, Row]
) -> list[Change]:
    """Delete rows in the open transaction; return the changes with all they held."""
    places = [layer.data_columns.index(name) for name in layer.key]
    condition = " AND ".join(f"{quoted(name)} = ?" for name in layer.key)
    connection.executemany(
        f"DELETE FROM {layer.table} WHERE {condition}",  # noqa: S608
        [tuple(row[place] for place in places) for row in rows.values()],
    )
    return [
        Change(layer.table, name, journal.REMOVE, before=_cells(layer, rows[name]))
        for name in sorted(rows)
    ]


def box_of(connection: sqlite3.Connection, layer: Layer) -> tuple[float, ...] | None:
    """Return the box of the geometries of a layer, in degrees."""
    if not layer.geometry:
        return None
    found = connection.execute(f"SELECT {GEOMETRY_COLUMN} FROM {layer.table}")  # noqa: S608
    return geopackage.bounds_of(blob for (blob,) in found)


# --- cells ------------------------------------------------------------------------------------
def typed_frame(layer: Layer, columns: Iterable[Iterable[Any]]) -> pd.DataFrame:
    """Return the columns of a layer, as SQLite holds them, as a typed frame."""
    pairs = zip(layer.kinds, columns, strict=True)
    return pd.DataFrame({name: _typed(layer, name, cells=cells) for name, cells in pairs})


def _typed(layer: Layer, name: str, *, cells: Iterable[Any]) -> pd.Series:
    """Return the cells of a column in the type of its kind."""
    kind = layer.kinds[name]
    values = list(cells)
    if kind == "boolean":
        values = [None if value is None else bool(value) for value in values]
    try:
        return pd.Series(values, dtype=DTYPES.get(kind, "str"))
    except (TypeError, ValueError) as err:
        raise WorkspaceError(Problem("workspace_cell", table=layer.table, column=name)) from err


def _extra_frame(cells: Iterable[str | None]) -> pd.DataFrame:
    """Return the columns that officers added, sorted by name."""
    found = [json.loads(cell) if cell else {} for cell in cells]
    names = sorted({name for row in found for name in row})
    return pd.DataFrame(
        {name: pd.Series([row.get(name) for row in found], dtype="str") for name in names}
    )


def _extra_cells(layer: Layer, frame: pd.DataFrame) -> list[str | None]:
    """Return the cells of all other columns, one JSON text a row; nothing where all are empty."""
    known = {*layer.kinds, v.GEOMETRY}
    names = sorted(
        str(name) for name in frame.columns if name not in known and not str(name).startswith("_")
    )
    if not names:
        return [None] * len(frame)
    columns = [plain_cells(frame[name], kind="text") for name in names]
    rows = (
        {name: value for name, value in zip(names, values, strict=True) if value is not None}
        for values in zip(*columns, strict=True)
    )
    return [json.dumps(row, ensure_ascii=False, sort_keys=True) if row else None for row in rows]


def plain_cells(cells: pd.Series, *, kind: str) -> list[Any]:
    """Return cells as SQLite holds them: text, numbers, 0 and 1, nothing."""
    values = cells.to_numpy(dtype="object", na_value=None).tolist()  # type: ignore[call-overload]
    to = {"number": float, "integer": int, "boolean": int}.get(kind, str)
    return [None if value is None else to(value) for value in values]


def _shapes(frame: pd.DataFrame) -> np.ndarray:
    """Return the geometries of a frame in EPSG:4326."""
    if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None:
        return np.full(len(frame), None, dtype="object")
    stored = crs.to_storage(frame) if len(frame) else frame
    return np.asarray(stored.geometry.array, dtype="object")


def _cells(layer: Layer, row: Row, *, only: Iterable[int] | None = None) -> dict[str, object]:
    """Return the cells of a row for the journal, without the empty ones (all of them in `only`)."""
    if only is not None:
        return {layer.data_columns[place]: _readable(row[place]) for place in only}
    pairs = zip(layer.data_columns, row, strict=True)
    return {name: _readable(value) for name, value in pairs if value is not None}


def _readable(value: object) -> object:
    """Return a cell as JSON can hold it: points as text, larger geometries by their hash."""
    if not isinstance(value, bytes):
        return value
    point = geopackage.coordinates(value)
    if point is not None:
        return f"POINT ({point[0]:.7f} {point[1]:.7f})"
    return f"sha256:{hashlib.sha256(value).hexdigest()}"
