"""From complete tables to the database: what differs is written, each change is in the journal."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from toolkit import schema
from toolkit import vocabulary as v
from toolkit.errors import Problem, SchemaError, WorkspaceError
from toolkit.territory import complete
from toolkit.workspace import geopackage, journal, results, store
from toolkit.workspace.journal import Author
from toolkit.workspace.layers import LINKAGE_LAYERS, LINKS, MODEL_LAYERS, RECORDS
from toolkit.workspace.merging import row_ids

if TYPE_CHECKING:
    import sqlite3

_DRAWN = frozenset({v.COMMUNES, v.ACTORS, v.FLOWS})
"""Tables from which the lines of the flows are drawn."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Ids of the rows of one table that were added, changed, or already there as they are."""

    inserted: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()


def keep(
    connection: sqlite3.Connection,
    tables: Mapping[str, pd.DataFrame],
    *,
    ids: Mapping[str, Collection[str]],
    author: Author,
) -> dict[str, Kept]:
    """Write rows of complete tables, in the open transaction.

    Parameters
    ----------
    connection : sqlite3.Connection
        In a transaction.
    tables : Mapping of str to DataFrame
        Complete and checked tables.
    ids : Mapping of str to collection of str
        Rows to write, by table; the other rows of `tables` are left as they are stored.
    author : Author
        For the journal.

    Returns
    -------
    dict of str to Kept
        What happened to the rows of each table of `ids`.

    Raises
    ------
    WorkspaceError
        If a decision that was taken would be changed.
    """
    kept = {}
    for table in (name for name in v.TABLES if name in ids):
        frame = tables[table]
        chosen = frame[row_ids(table, frame).isin(set(ids[table])).to_numpy()]
        kept[table] = keep_rows(connection, table, frame=chosen, author=author)
    changed = {table for table, rows in kept.items() if rows.inserted or rows.updated}
    if changed & _DRAWN and results.draw_flows(connection):
        layer = MODEL_LAYERS[v.FLOWS]
        geopackage.touch(connection, v.FLOWS, at=author.at, bounds=store.box_of(connection, layer))
    return kept


def keep_rows(
    connection: sqlite3.Connection, table: str, *, frame: pd.DataFrame, author: Author
) -> Kept:
    """Write rows of one table, in the open transaction; see :func:`keep`."""
    layer = MODEL_LAYERS[table]
    wanted = store.rows_of(layer, frame)
    stored = store.by_id(layer, store.read_rows(connection, layer))
    changes = store.differences(layer, wanted, stored=stored)
    if table == v.DECISIONS:
        changed = [change.row_id for change in changes if change.action == journal.UPDATE]
        if changed:
            raise WorkspaceError(
                [Problem("decision_fixed", table=table, row=name) for name in changed]
            )
        changes = [dataclasses.replace(change, action=journal.DECISION) for change in changes]
    if changes:
        store.write_rows(connection, layer, changes=changes, wanted=wanted, stored=stored)
        journal.append(connection, changes, author=author)
        geopackage.touch(connection, table, at=author.at, bounds=store.box_of(connection, layer))
    touched = {change.row_id for change in changes}
    inserted = tuple(change.row_id for change in changes if change.row_id not in stored)
    return Kept(
        inserted=inserted,
        updated=tuple(sorted(touched - set(inserted))),
        unchanged=tuple(sorted(set(wanted) - touched)),
    )


def keep_records(connection: sqlite3.Connection, frame: pd.DataFrame, *, author: Author) -> None:
    """Write records of actors, in the open transaction; the journal tells the actors they make."""
    layer = LINKAGE_LAYERS[RECORDS]
    wanted = store.rows_of(layer, frame)
    stored = store.by_id(layer, store.read_rows(connection, layer))
    changes = store.differences(layer, wanted, stored=stored)
    if changes:
        store.write_rows(connection, layer, changes=changes, wanted=wanted, stored=stored)
        geopackage.touch(
            connection, layer.table, at=author.at, bounds=store.box_of(connection, layer)
        )


def keep_links(connection: sqlite3.Connection, frame: pd.DataFrame, *, author: Author) -> None:
    """Make the stored links those of a frame, in the open transaction.

    The journal tells what was joined, parted and answered; open questions come and go unsaid.
    """
    layer = LINKAGE_LAYERS[LINKS]
    stored = store.by_id(layer, store.read_rows(connection, layer))
    wanted = store.rows_of(layer, frame)
    changes = store.differences(layer, wanted, stored=stored)
    gone = {name: row for name, row in stored.items() if name not in wanted}
    if not changes and not gone:
        return
    store.write_rows(connection, layer, changes=changes, wanted=wanted, stored=stored)
    removed = store.delete_rows(connection, layer, rows=gone)
    zone = layer.data_columns.index("zone")
    rows = {**stored, **wanted}
    told = [one for one in (*changes, *removed) if rows[one.row_id][zone] != "ask"]
    journal.append(connection, told, author=author)
    geopackage.touch(connection, layer.table, at=author.at, bounds=None)


def replace(
    connection: sqlite3.Connection, tables: Mapping[str, pd.DataFrame], *, author: Author
) -> None:
    """Make whole stored tables those of complete and checked frames, in the open transaction."""
    ids = {name: list(row_ids(name, frame)) for name, frame in tables.items()}
    for name, frame in tables.items():
        layer = MODEL_LAYERS[name]
        stored = store.by_id(layer, store.read_rows(connection, layer))
        gone = set(stored) - set(row_ids(name, frame))
        if gone:
            remove(connection, name, ids=gone, author=author)
    keep(connection, tables, ids=ids, author=author)


def add_decision(
    connection: sqlite3.Connection, row: Mapping[str, object], *, author: Author
) -> str:
    """Add a decision under the next number, in the open transaction; return its id.

    Raises
    ------
    SchemaError
        If a value breaks the contract of decisions.
    """
    number = connection.execute(f"SELECT COUNT(*) FROM {v.DECISIONS}").fetchone()[0] + 1  # noqa: S608
    name = f"D{number:05d}"
    frame = pd.DataFrame([{"decision_id": name, **row}], dtype="object")
    tables = complete({v.DECISIONS: frame})
    problems = [problem for problem in schema.check_tables(tables) if problem.table == v.DECISIONS]
    if problems:
        raise SchemaError(problems)
    keep_rows(connection, v.DECISIONS, frame=tables[v.DECISIONS], author=author)
    return name


def remove(
    connection: sqlite3.Connection, table: str, *, ids: Collection[str], author: Author
) -> tuple[str, ...]:
    """Delete rows by id, in the open transaction; return the ids deleted."""
    layer = MODEL_LAYERS[table]
    stored = store.by_id(layer, store.read_rows(connection, layer))
    gone = {name: stored[name] for name in sorted(set(ids))}
    journal.append(connection, store.delete_rows(connection, layer, rows=gone), author=author)
    if table == v.ACTORS:
        _forget(connection, set(gone))
    if table in _DRAWN:
        results.draw_flows(connection)
    geopackage.touch(connection, table, at=author.at, bounds=store.box_of(connection, layer))
    return tuple(gone)


def _forget(connection: sqlite3.Connection, actors: Collection[str]) -> None:
    """Delete records and links of actors that are deleted."""
    for layer, columns in (
        (LINKAGE_LAYERS[RECORDS], ("actor_id",)),
        (LINKAGE_LAYERS[LINKS], ("one_id", "other_id")),
    ):
        for column in columns:
            connection.executemany(
                f"DELETE FROM {layer.table} WHERE {column} = ?",  # noqa: S608 - names of our own
                [(name,) for name in actors],
            )
