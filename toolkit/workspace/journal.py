"""Who changed what and when: an append-only table, one line a change."""

from __future__ import annotations

import datetime as dt
import getpass
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pandas as pd

from toolkit.workspace import geopackage
from toolkit.workspace.layers import JOURNAL, JOURNAL_COLUMNS

if TYPE_CHECKING:
    import sqlite3

INSERT: Final = "insert"
UPDATE: Final = "update"
REMOVE: Final = "remove"
MISSING: Final = "missing_reported"
"""A row came from the workbook once and is not in it any more; it is kept, and said once."""
DECISION: Final = "decision"
DIAGNOSIS: Final = "diagnosis"
MIGRATION: Final = "migration"
ACTIONS: Final = (INSERT, UPDATE, REMOVE, MISSING, DECISION, DIAGNOSIS, MIGRATION)

Clock = Callable[[], dt.datetime]


@dataclass(frozen=True, slots=True)
class Author:
    """Who makes a change, on what occasion, when (ISO 8601, UTC)."""

    who: str
    what: str
    at: str

    @property
    def day(self) -> str:
        """The day of the change (ISO 8601)."""
        return self.at.partition("T")[0]


@dataclass(frozen=True, slots=True)
class Change:
    """One row that changes: the columns concerned, before and after."""

    table: str
    row_id: str
    action: str
    before: Mapping[str, object] | None = None
    after: Mapping[str, object] | None = None


def utc_now() -> dt.datetime:
    """Return the time of this machine in UTC."""
    return dt.datetime.now(tz=dt.UTC)


def iso(moment: dt.datetime) -> str:
    """Return a moment as text in UTC, to the second.

    Examples
    --------
    >>> iso(dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC))
    '2026-01-02T03:04:05Z'
    """
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def user_name() -> str:
    """Return the name under which the user is known to this machine; `?` where there is none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no such variable, no such account
        return "?"


def append(connection: sqlite3.Connection, changes: Iterable[Change], *, author: Author) -> None:
    """Add a line for each change, in the open transaction."""
    connection.executemany(
        f"INSERT INTO {JOURNAL} (at, who, what, table_name, row_id, action, before, after) "  # noqa: S608
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                author.at,
                author.who,
                author.what,
                change.table,
                change.row_id,
                change.action,
                _text(change.before),
                _text(change.after),
            )
            for change in changes
        ),
    )


def blank(
    connection: sqlite3.Connection, table: str, *, ids: Collection[str], columns: Collection[str]
) -> None:
    """Take cells of rows out of what the journal holds, in the open transaction.

    The one change of a line that is allowed: who is not to be named any more is not named here.
    """
    lines = connection.execute(
        f"SELECT id, row_id, before, after FROM {JOURNAL} WHERE table_name = ?",  # noqa: S608
        (table,),
    )
    changed = []
    for number, row_id, *sides in lines.fetchall():
        if row_id in ids:
            new = [_without(side, columns) for side in sides]
            if new != sides:
                changed.append((*new, number))
    if changed:
        connection.execute(f"DROP TRIGGER {JOURNAL}_no_update")
        connection.execute(f"DROP TRIGGER {JOURNAL}_no_delete")
        connection.executemany(
            f"UPDATE {JOURNAL} SET before = ?, after = ? WHERE id = ?",  # noqa: S608
            changed,
        )
        geopackage.protect(connection, JOURNAL)


def _without(side: str | None, columns: Collection[str]) -> str | None:
    """Return the cells of one side of a change without some columns."""
    cells = {} if side is None else json.loads(side)
    kept = {name: cell for name, cell in cells.items() if name not in columns}
    return side if len(kept) == len(cells) else _text(kept)


def read(connection: sqlite3.Connection) -> pd.DataFrame:
    """Return the whole journal, oldest line first."""
    lines = connection.execute(f"SELECT {', '.join(JOURNAL_COLUMNS)} FROM {JOURNAL} ORDER BY id")  # noqa: S608
    frame = pd.DataFrame(lines.fetchall(), columns=list(JOURNAL_COLUMNS))
    return frame.astype({name: "int64" if name == "id" else "str" for name in JOURNAL_COLUMNS})


def last_action(connection: sqlite3.Connection, table: str, *, row_id: str) -> str:
    """Return what the journal last says of a row; empty if it says nothing."""
    line = connection.execute(
        f"SELECT action FROM {JOURNAL} WHERE table_name = ? AND row_id = ? "  # noqa: S608
        "ORDER BY id DESC LIMIT 1",
        (table, row_id),
    ).fetchone()
    return line[0] if line else ""


def _text(cells: Mapping[str, object] | None) -> str | None:
    """Return cells as JSON, in the order of their columns."""
    return None if cells is None else json.dumps(dict(cells), ensure_ascii=False, allow_nan=False)
