"""Schema of the database and the steps from an older one to it; a backup copy is made first.

A step that has been released is never edited: a database in the field went through it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from toolkit import crs
from toolkit import vocabulary as v
from toolkit.errors import Problem, WorkspaceError
from toolkit.language import table_label, text
from toolkit.workspace import geopackage, journal, results, styles
from toolkit.workspace.database import Database, schema_version
from toolkit.workspace.journal import Author, Change
from toolkit.workspace.layers import (
    INFO,
    JOURNAL,
    LINKAGE_LAYERS,
    MODEL_LAYERS,
    RECORDS,
    SQL_TYPES,
)

if TYPE_CHECKING:
    import sqlite3

SCHEMA_VERSION: Final = 3
"""Version of the schema that this software writes; raise it with each change of a contract."""


class Step(Protocol):
    """Changes an open transaction from one version to the next."""

    def __call__(self, connection: sqlite3.Connection, *, lang: str, at: str) -> None:
        """Take the step; `lang` and `at` are the language and the time of what it writes."""


def create_schema(connection: sqlite3.Connection, *, lang: str, at: str) -> None:
    """Make all tables of a new database, in the open transaction.

    Parameters
    ----------
    connection : sqlite3.Connection
        In a transaction, on an empty file.
    lang : str
        Language of what people read in QGIS.
    at : str
        Time written in the contents (ISO 8601, UTC).
    """
    geopackage.create_structure(connection)
    for layer in MODEL_LAYERS.values():
        for statement in geopackage.table_sql(layer):
            connection.execute(statement)
        label = table_label(layer.table, lang=lang)
        geopackage.register(connection, layer.table, label=label, at=at, geometry=layer.geometry)
    geopackage.protect(connection, v.DECISIONS)
    _add_journal(connection, lang=lang, at=at)
    _add_linkage(connection, lang=lang, at=at)
    results.reset(connection, lang=lang, at=at)
    styles.write(connection, lang=lang, at=at)


def upgrade(database: Database, *, version: int, lang: str, author: Author) -> Path | None:
    """Bring a database to the schema of this software, after a backup copy.

    Parameters
    ----------
    database : Database
        A sound database of a workspace.
    version : int
        Version of its schema.
    lang : str
        Language of what people read in QGIS.
    author : Author
        For the journal.

    Returns
    -------
    Path or None
        The backup copy; nothing if there was nothing to do.

    Raises
    ------
    WorkspaceError
        If the schema is newer than this software, or the file cannot be written; it stays.
    """
    if version == SCHEMA_VERSION:
        return None
    if version > SCHEMA_VERSION:
        params = {"known": SCHEMA_VERSION}
        where = database.path.name
        raise WorkspaceError(
            Problem("workspace_newer", found=str(version), params=params, where=where)
        )
    backup = free_path(
        database.path.with_name(text("workspace.file.backup", lang=lang, version=str(version)))
    )
    database.copy_to(backup)
    with database.writing() as connection:
        for number, step in enumerate(STEPS[version:], start=version):
            step(connection, lang=lang, at=author.at)
            change = Change(
                INFO, "schema_version", journal.MIGRATION, {"value": number}, {"value": number + 1}
            )
            journal.append(connection, [change], author=author)
        connection.execute(
            f"UPDATE {INFO} SET value = ? WHERE key = 'schema_version'",  # noqa: S608
            (SCHEMA_VERSION,),
        )
    return backup


def free_path(path: Path) -> Path:
    """Return a path at which there is nothing yet: `name.gpkg`, else `name-2.gpkg` and so on."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free


def _add_journal(connection: sqlite3.Connection, *, lang: str, at: str) -> None:
    """Add the journal, protected, and the table that says the version of the schema."""
    for statement in (*geopackage.JOURNAL_SQL, geopackage.INFO_SQL):
        connection.execute(statement)
    geopackage.protect(connection, JOURNAL)
    for table in (JOURNAL, INFO):
        geopackage.register(
            connection, table, label=text(f"workspace.layer.{table}", lang=lang), at=at
        )
    connection.execute(
        f"INSERT INTO {INFO} (key, value) VALUES ('schema_version', ?)",  # noqa: S608
        (SCHEMA_VERSION,),
    )


def _add_linkage(connection: sqlite3.Connection, *, lang: str, at: str) -> None:
    """Add the tables that say which records are one actor."""
    for layer in LINKAGE_LAYERS.values():
        for statement in geopackage.table_sql(layer):
            connection.execute(statement)
        label = text(f"workspace.layer.{layer.table}", lang=lang)
        geopackage.register(connection, layer.table, label=label, at=at, geometry=layer.geometry)


# --- steps, oldest first ----------------------------------------------------------------------
def _from_0(connection: sqlite3.Connection, *, lang: str, at: str) -> None:
    """0 -> 1: the journal, columns of the officer's own, flows as lines, results, styles.

    Version 0 held the nine tables of input and the decisions as plain attributes, in English.
    """
    for table in v.TABLES:
        held = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
        layer = MODEL_LAYERS[table]
        wanted = {name: SQL_TYPES.get(kind, "TEXT") for name, kind in layer.kinds.items()} | {
            "extra": "TEXT"
        }
        for name in [name for name in wanted if name not in held]:
            connection.execute(
                f"ALTER TABLE {table} ADD COLUMN {geopackage.quoted(name)} {wanted[name]}"
            )
        label = table_label(table, lang=lang)
        connection.execute(
            "UPDATE gpkg_contents SET identifier = ? WHERE table_name = ?", (label, table)
        )
    connection.execute("ALTER TABLE flows ADD COLUMN geom LINESTRING")
    connection.execute(
        "UPDATE gpkg_contents SET data_type = 'features', srs_id = ? WHERE table_name = 'flows'",
        (crs.STORAGE_EPSG,),
    )
    connection.execute(
        "INSERT INTO gpkg_geometry_columns VALUES ('flows', 'geom', 'LINESTRING', ?, 0, 0)",
        (crs.STORAGE_EPSG,),
    )
    geopackage.protect(connection, v.DECISIONS)
    _add_journal(connection, lang=lang, at=at)
    results.reset(connection, lang=lang, at=at)
    styles.write(connection, lang=lang, at=at)
    results.draw_flows(connection)


def _from_1(connection: sqlite3.Connection, *, lang: str, at: str) -> None:
    """1 -> 2: records of the actors that several sources give, and links between actors."""
    _add_linkage(connection, lang=lang, at=at)


def _from_2(connection: sqlite3.Connection, *, lang: str, at: str) -> None:  # noqa: ARG001
    """2 -> 3: the other activities of an actor, and the header under which QGIS shows them.

    An older database, brought here by the steps before, has the column already.
    """
    name = "other_activities"
    for table in (v.ACTORS, RECORDS):
        held = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
        if name in held:
            continue
        connection.execute(f"ALTER TABLE {table} ADD COLUMN {name} TEXT")
        styles.add_header(connection, table, column=name, lang=lang)


STEPS: Final[tuple[Step, ...]] = (_from_0, _from_1, _from_2)
"""The step from version `n` to `n + 1` stands at place `n`."""

__all__ = ["SCHEMA_VERSION", "STEPS", "create_schema", "free_path", "schema_version", "upgrade"]
