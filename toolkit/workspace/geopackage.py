"""GeoPackage 1.2 in plain SQL: its tables, its geometry blobs.

An own writer, because everything that one step writes (rows, journal, layers) must be ONE
transaction of SQLite; a GIS library opens and commits each layer for itself.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

import numpy as np
import shapely

from toolkit import crs
from toolkit.workspace.layers import (
    EXTRA_COLUMN,
    GEOMETRY_COLUMN,
    INFO,
    JOURNAL,
    SQL_TYPES,
    Layer,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

APPLICATION_ID: Final = 0x47504B47
"""``GPKG``, in the header of the file."""
USER_VERSION: Final = 10_200
"""GeoPackage 1.2.0: the standard owns this number, so the schema version stands in a table."""

_STRUCTURE: Final = (
    """CREATE TABLE gpkg_spatial_ref_sys (
        srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL,
        organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT)""",
    """CREATE TABLE gpkg_contents (
        table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
        description TEXT DEFAULT '',
        last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
        min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
        CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id))""",
    """CREATE TABLE gpkg_geometry_columns (
        table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL,
        srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL,
        CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
        CONSTRAINT uk_gc_table_name UNIQUE (table_name),
        CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
        CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id))""",
)
_UNDEFINED = "INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, 'NONE', ?, 'undefined', ?)"

STYLES_SQL: Final = """CREATE TABLE layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256),
    f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256),
    styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT,
    owner TEXT(30), ui TEXT(30), update_time DATETIME)"""
JOURNAL_SQL: Final = (
    f"""CREATE TABLE {JOURNAL} (
        id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, at TEXT NOT NULL, who TEXT NOT NULL,
        what TEXT NOT NULL, table_name TEXT NOT NULL, row_id TEXT NOT NULL, action TEXT NOT NULL,
        before TEXT, after TEXT)""",
    f"CREATE INDEX journal_rows ON {JOURNAL} (table_name, row_id, id)",
)
INFO_SQL: Final = (
    f"CREATE TABLE {INFO} (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, "
    "key TEXT NOT NULL UNIQUE, value TEXT NOT NULL)"
)


def quoted(name: str) -> str:
    """Return a name as SQL writes it.

    Examples
    --------
    >>> quoted("rows")
    '"rows"'
    """
    return '"' + name.replace('"', '""') + '"'


def moment(at: str) -> str:
    """Return a moment in UTC as the standard writes it, with milliseconds.

    Examples
    --------
    >>> moment("2026-01-02T03:04:05Z")
    '2026-01-02T03:04:05.000Z'
    """
    return at.replace("Z", ".000Z")


def create_structure(connection: sqlite3.Connection) -> None:
    """Make the tables that every GeoPackage has, in the open transaction."""
    import pyproj  # noqa: PLC0415 - slow, needed once in the life of a workspace

    for statement in _STRUCTURE:
        connection.execute(statement)
    epsg = crs.STORAGE_EPSG
    connection.execute(_UNDEFINED, ("Undefined cartesian SRS", -1, -1, "undefined cartesian"))
    connection.execute(_UNDEFINED, ("Undefined geographic SRS", 0, 0, "undefined geographic"))
    connection.execute(
        "INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, 'EPSG', ?, ?, ?)",
        (
            "WGS 84 geodetic",
            epsg,
            epsg,
            pyproj.CRS.from_epsg(epsg).to_wkt(version="WKT1_GDAL"),
            "longitude/latitude in degrees",
        ),
    )


def table_sql(layer: Layer) -> list[str]:
    """Return the statements that make the table of a layer and the index of its key."""
    columns = ["fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL"]
    if layer.geometry:
        columns.append(f"{GEOMETRY_COLUMN} {layer.geometry}")
    columns += [
        f"{quoted(name)} {SQL_TYPES.get(kind, 'TEXT')}" for name, kind in layer.kinds.items()
    ]
    columns.append(f"{EXTRA_COLUMN} TEXT")
    key = ", ".join(quoted(name) for name in layer.key)
    return [
        f"CREATE TABLE {layer.table} ({', '.join(columns)})",
        f"CREATE INDEX {layer.table}_key ON {layer.table} ({key})",
    ]


def protect(connection: sqlite3.Connection, table: str) -> None:
    """Let rows of a table be added and never changed or removed."""
    for verb in ("UPDATE", "DELETE"):
        connection.execute(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )


def register(
    connection: sqlite3.Connection, table: str, *, label: str, at: str, geometry: str = ""
) -> None:
    """Enter a table in the contents of the GeoPackage under the label that people read.

    Every table is entered: QGIS loses the other ones as soon as one of them is.
    """
    connection.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, last_change, srs_id) "
        "VALUES (?, ?, ?, ?, ?)",
        (
            table,
            "features" if geometry else "attributes",
            label,
            moment(at),
            crs.STORAGE_EPSG if geometry else None,
        ),
    )
    if geometry:
        connection.execute(
            "INSERT INTO gpkg_geometry_columns VALUES (?, ?, ?, ?, 0, 0)",
            (table, GEOMETRY_COLUMN, geometry, crs.STORAGE_EPSG),
        )


def touch(
    connection: sqlite3.Connection, table: str, *, at: str, bounds: Sequence[float] | None
) -> None:
    """Write when a table changed, and the box of its geometries in degrees."""
    box = [None] * 4 if bounds is None else [float(value) for value in bounds]
    connection.execute(
        "UPDATE gpkg_contents SET last_change = ?, min_x = ?, min_y = ?, max_x = ?, max_y = ? "
        "WHERE table_name = ?",
        (moment(at), *box, table),
    )


def bounds_of(blobs: Iterable[bytes | None]) -> tuple[float, ...] | None:
    """Return the box (west, south, east, north) of geometries; nothing where there is none."""
    geometries = decode(blobs)
    box = shapely.total_bounds(geometries) if len(geometries) else np.full(4, np.nan)
    return None if np.isnan(box).any() else tuple(float(value) for value in box)


# --- geometry blobs ---------------------------------------------------------------------------
_MAGIC = b"GP"
_LITTLE_ENDIAN = 0x01
_WITH_BOX = 0x02
_EMPTY = 0x10
_BOX_BYTES = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}
_HEADER_BYTES = 8
_POINT = 0
_POINT_BYTES = _HEADER_BYTES + 21
"""Header without box, byte order, type, two coordinates."""


def encode(geometries: Sequence[object] | np.ndarray) -> list[bytes | None]:
    """Return geometries in degrees as GeoPackage blobs (points bare, others with their box).

    Polygons become multipolygons, the type of the layer; a third dimension is dropped.
    """
    shapes = shapely.force_2d(np.asarray(geometries, dtype="object"))
    shapes = np.array([_as_multi(shape) for shape in shapes], dtype="object")
    codes = shapely.to_wkb(shapes, byte_order=1)
    types, empties, boxes = (
        shapely.get_type_id(shapes),
        shapely.is_empty(shapes),
        shapely.bounds(shapes),
    )
    bare = _header(_LITTLE_ENDIAN)
    blobs: list[bytes | None] = []
    for code, type_id, is_empty, box in zip(codes, types, empties, boxes, strict=True):
        if code is None:
            blobs.append(None)
        elif is_empty:
            blobs.append(_header(_LITTLE_ENDIAN | _EMPTY) + code)
        elif type_id == _POINT:
            blobs.append(bare + code)
        else:
            west, south, east, north = box
            header = _header(_LITTLE_ENDIAN | _WITH_BOX)
            blobs.append(header + struct.pack("<4d", west, east, south, north) + code)
    return blobs


def decode(blobs: Iterable[bytes | None]) -> np.ndarray:
    """Return the geometries of GeoPackage blobs, whoever wrote them.

    Raises
    ------
    ValueError
        If a blob is no GeoPackage geometry.
    """
    codes = [None if blob is None else _wkb(blob) for blob in blobs]
    try:
        return np.asarray(shapely.from_wkb(np.array(codes, dtype="object")), dtype="object")
    except shapely.errors.GEOSException as err:
        message = "A geometry of the database cannot be read."
        raise ValueError(message) from err


def coordinates(blob: bytes) -> tuple[float, float] | None:
    """Return longitude and latitude of a blob that this module wrote for a point, else nothing.

    Examples
    --------
    >>> coordinates(encode([shapely.Point(2, 46.5)])[0])
    (2.0, 46.5)
    """
    if len(blob) != _POINT_BYTES or blob[3] != _LITTLE_ENDIAN:
        return None
    longitude, latitude = struct.unpack("<2d", blob[-16:])
    return longitude, latitude


def _header(flags: int) -> bytes:
    return _MAGIC + struct.pack("<BBi", 0, flags, crs.STORAGE_EPSG)


def _wkb(blob: bytes) -> bytes:
    """Return the part of a blob after its header."""
    box = _BOX_BYTES.get((blob[3] >> 1) & 0x07) if len(blob) > _HEADER_BYTES else None
    if box is None or blob[:2] != _MAGIC:
        message = "A geometry of the database has no GeoPackage header."
        raise ValueError(message)
    return blob[_HEADER_BYTES + box :]


def _as_multi(shape: object) -> object:
    """Return a polygon as a multipolygon; anything else as it is."""
    return shapely.MultiPolygon([shape]) if isinstance(shape, shapely.Polygon) else shape
