"""The database file: connections, transactions, and SQLite's troubles in words.

Every operation opens the file, works and closes it, so that nothing holds it between two cells of
a notebook.  Writing uses the rollback journal, which also works where the file lies on a network
drive (the write-ahead log needs memory shared by all readers, which such a drive cannot give).
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from toolkit.errors import Problem, WorkspaceError
from toolkit.workspace import geopackage
from toolkit.workspace.layers import INFO, MODEL_LAYERS

if TYPE_CHECKING:
    from collections.abc import Generator

TIMEOUT_S: Final = 10.0
"""How long to wait, in seconds, for another program that is writing."""
_PRIMARY_CODE = 0xFF
"""Mask of SQLite's extended result codes."""

_TROUBLES: Final = {
    sqlite3.SQLITE_BUSY: "workspace_locked",
    sqlite3.SQLITE_LOCKED: "workspace_locked",
    sqlite3.SQLITE_READONLY: "workspace_readonly",
    sqlite3.SQLITE_PERM: "workspace_readonly",
    sqlite3.SQLITE_AUTH: "workspace_readonly",
    sqlite3.SQLITE_CANTOPEN: "workspace_readonly",
    sqlite3.SQLITE_FULL: "workspace_disk_full",
    sqlite3.SQLITE_CORRUPT: "workspace_damaged",
    sqlite3.SQLITE_NOTADB: "workspace_damaged",
    sqlite3.SQLITE_IOERR: "workspace_io",
}


@dataclass(frozen=True, slots=True)
class Database:
    """One GeoPackage file.

    Attributes
    ----------
    path : Path
        The file.
    timeout_s : float
        How long to wait, in seconds, for another program that is writing.
    """

    path: Path
    timeout_s: float = TIMEOUT_S

    @contextlib.contextmanager
    def reading(self) -> Generator[sqlite3.Connection]:
        """Give a connection that sees one state of the file from its first statement to its last.

        Raises
        ------
        WorkspaceError
            If the file is missing, damaged, locked or out of reach.
        """
        with self._connected() as connection:
            connection.execute("PRAGMA query_only = ON")
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                _leave(connection)

    @contextlib.contextmanager
    def writing(self) -> Generator[sqlite3.Connection]:
        """Give a connection in one transaction: all is kept at the end, nothing after an error.

        Raises
        ------
        WorkspaceError
            If the file is missing, damaged, read-only, or another program writes to it for longer
            than the timeout, or the disk is full; nothing is written then.
        """
        with self._connected() as connection:
            _safe_mode(connection)
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                _leave(connection)

    @contextlib.contextmanager
    def rehearsing(self) -> Generator[sqlite3.Connection]:
        """Give a connection in a transaction that is always undone.

        Raises
        ------
        WorkspaceError
            As for :meth:`writing`.
        """
        with self._connected() as connection:
            _safe_mode(connection)
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            finally:
                _leave(connection)

    def check(self) -> int:
        """Check that the file is a sound database of a workspace; return its schema version.

        Raises
        ------
        WorkspaceError
            If it is missing, damaged, of another program, locked or out of reach.
        """
        with self._connected() as connection:
            faults = [row[0] for row in connection.execute("PRAGMA quick_check(5)")]
            if faults != ["ok"]:
                raise WorkspaceError(self._problem("workspace_damaged", found="; ".join(faults)))
            marker = connection.execute("PRAGMA application_id").fetchone()[0]
            tables = {
                name
                for (name,) in connection.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'table'"
                )
            }
            if marker != geopackage.APPLICATION_ID or not tables >= {
                "gpkg_contents",
                *MODEL_LAYERS,
            }:
                raise WorkspaceError(self._problem("workspace_foreign"))
            return schema_version(connection) if INFO in tables else 0

    def copy_to(self, path: Path) -> None:
        """Copy the last committed state into a new file; the file is there whole or not at all."""
        started = path.with_name(path.name + ".part")
        started.unlink(missing_ok=True)
        with self._connected() as source, contextlib.closing(sqlite3.connect(started)) as copy:
            source.backup(copy)
        started.replace(path)

    @contextlib.contextmanager
    def _connected(self) -> Generator[sqlite3.Connection]:
        if not self.path.is_file():
            raise WorkspaceError(self._problem("workspace_no_database"))
        try:
            with contextlib.closing(connect(self.path, timeout_s=self.timeout_s)) as connection:
                yield connection
        except sqlite3.Error as err:
            code = _TROUBLES.get(getattr(err, "sqlite_errorcode", -1) & _PRIMARY_CODE)
            if code is None:
                raise
            raise WorkspaceError(self._problem(code, found=str(err))) from err

    def _problem(self, code: str, *, found: str = "") -> Problem:
        return Problem(
            code, found=found, where=self.path.name, params={"seconds": f"{self.timeout_s:g}"}
        )


def connect(path: Path, *, timeout_s: float) -> sqlite3.Connection:
    """Return a connection that begins and ends transactions only when it is told to."""
    return sqlite3.connect(path, timeout=timeout_s, isolation_level=None)


def schema_version(connection: sqlite3.Connection) -> int:
    """Return the version of the schema that the file says it has."""
    row = connection.execute(f"SELECT value FROM {INFO} WHERE key = 'schema_version'").fetchone()  # noqa: S608
    return int(row[0]) if row else 0


def new_file(path: Path) -> contextlib.AbstractContextManager[sqlite3.Connection]:
    """Give a connection in one transaction on a file that does not exist yet."""
    return _new_file(path)


@contextlib.contextmanager
def _new_file(path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(connect(path, timeout_s=0)) as connection:
        _safe_mode(connection)
        connection.execute(f"PRAGMA application_id = {geopackage.APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {geopackage.USER_VERSION}")
        connection.execute("BEGIN IMMEDIATE")
        yield connection
        connection.execute("COMMIT")


def _safe_mode(connection: sqlite3.Connection) -> None:
    """Ask for the rollback journal and for full syncing of the disk.

    QGIS sets the write-ahead log on a file that it holds open; the answer is then not `delete`, and
    the transaction is as safe, on one machine.  EXTRA also syncs the folder when the journal goes.
    """
    with contextlib.suppress(sqlite3.OperationalError):  # held open in the other mode
        connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute("PRAGMA synchronous = EXTRA")


def _leave(connection: sqlite3.Connection) -> None:
    """End a transaction that is still open, without keeping anything."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")
