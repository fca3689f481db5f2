"""Open data into the database: extracts cut to the stored perimeter, in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from toolkit import schema
from toolkit import vocabulary as v
from toolkit.errors import DataError, Problem, SchemaError
from toolkit.language import table_label, text
from toolkit.sources import bpe, hiding
from toolkit.sources.assemble import Assembly, assemble
from toolkit.sources.extract import Extract
from toolkit.sources.reading import listed
from toolkit.territory import complete
from toolkit.workbook.identities import slug
from toolkit.workspace import journal, keeping, known, locating, merging, records, store
from toolkit.workspace.gone import Gone, find_gone
from toolkit.workspace.keeping import Kept
from toolkit.workspace.layers import GEOMETRY_COLUMN, LINKAGE_LAYERS, RECORDS
from toolkit.workspace.linking import LinkReport
from toolkit.workspace.records import is_by_hand

if TYPE_CHECKING:
    import sqlite3

    from toolkit.sources.passage import Passage
    from toolkit.workspace.database import Database
    from toolkit.workspace.journal import Author

_TAKEN = (v.COMMUNES, v.ACTORS, v.RESOURCES, v.NEEDS, v.FLOWS, v.SOURCES)


@dataclass(frozen=True, slots=True)
class GatherReport:
    """What open data did to the database.

    Attributes
    ----------
    tables : Mapping of str to Kept
        By table, the ids that were added, changed, or there already as they are.
    counts : DataFrame
        One row a source and table: ``source_id``, ``table``, ``given``, ``inside``, ``outside``.
    notes : tuple of Problem
        What a reader should know: refusals with their number, weaknesses, conflicts.
    links : LinkReport or None
        Which actors were made one afterwards, and what is asked.
    """

    tables: Mapping[str, Kept]
    counts: pd.DataFrame
    notes: tuple[Problem, ...]
    links: LinkReport | None = None

    def lines(self, *, lang: str) -> list[str]:
        """Return the report in words: a line a source and table, then a line a table."""
        made = [
            text(
                "workspace.gather.line",
                lang=lang,
                source=row.source_id,
                table=table_label(str(row.table), lang=lang),
                count=row.given,
                inside=row.inside,
            )
            for row in self.counts.itertuples()
        ]
        for name, kept in self.tables.items():
            said = [
                text(f"workspace.import.{what}", lang=lang, count=len(ids))
                for what in ("inserted", "updated", "unchanged")
                if (ids := getattr(kept, what))
            ]
            if said:
                label = table_label(name, lang=lang)
                made.append(
                    text("workspace.import.line", lang=lang, table=label, what=", ".join(said))
                )
        return made + (self.links.lines(lang=lang) if self.links else [])


def gather(
    extracts: Sequence[Extract],
    database: Database,
    *,
    passage: Passage | None,
    drop_gone: bool,
    author: Author,
) -> GatherReport:
    """Cut extracts to the perimeter of a territory and keep them.

    See :meth:`toolkit.workspace.Workspace.add_sources`.
    """
    with database.writing() as connection:
        stored = store.read_tables(connection)
        held = store.read_layer(connection, LINKAGE_LAYERS[RECORDS])
        names = known.aliases(stored[v.ACTORS], held)
        found = assemble(
            _perimeter(stored),
            extracts,
            passage=passage,
            known=known.with_aliases(stored[v.ACTORS], names),
        )
        outside = _outside(found)
        if outside and len(outside) == len(extracts):
            raise DataError(outside)
        rows = complete({**found.tables, v.ACTORS: found.records})
        given = _in_order(gpd.GeoDataFrame(rows[v.ACTORS]), extracts)
        ids = known.known_ids(given, actors=stored[v.ACTORS], names=names)
        rows = known.renamed({**rows, v.ACTORS: given}, ids)
        located = locating.with_points(rows[v.ACTORS], stored[v.ACTORS])
        laid = records.lay(located, stored=stored[v.ACTORS], records=held)
        rows[v.ACTORS] = laid.actors
        rows, notes = known.beside_the_workbook(rows, stored)
        rows[v.SOURCES] = _sources(found, extracts, outside=outside)
        rows = complete(rows)
        taken = {name: rows[name] for name in _TAKEN}
        completed = complete(merging.merge(stored, taken))
        problems = schema.check_tables(completed)
        if problems:
            raise SchemaError(problems)
        written = {name: list(merging.row_ids(name, frame)) for name, frame in taken.items()}
        kept = keeping.keep(connection, completed, ids=written, author=author)
        keeping.keep_records(connection, laid.records, author=author)
        _blank_hidden(connection, stored[v.ACTORS], now=rows[v.ACTORS])
        gone = find_gone(located, extracts, stored=stored, records=held)
        notes += _dropped(connection, gone, author=author) if drop_gone else gone.notes()
    return GatherReport(kept, found.counts, (*outside, *found.notes, *notes))


def keep_counts(
    extracts: Sequence[Extract],
    folder: Path,
    *,
    communes: Collection[str],
    passage: Passage | None,
) -> list[Problem]:
    """Write the counts by commune of extracts, cut to a perimeter, to the folder of sources.

    A table of counts is no table of the model: it is what territories are compared by.

    Parameters
    ----------
    extracts : sequence of Extract
        Those with a table ``counts``.
    folder : Path
        Where a file a source is written, or replaced: ``<source>.counts.csv``.
    communes : collection of str
        Codes of the communes of the perimeter.
    passage : Passage or None
        Brings codes of communes of other years to those of the perimeter.

    Returns
    -------
    list of Problem
        A note a file.
    """
    notes = []
    for extract in extracts:
        if bpe.COUNTS not in extract.tables:
            continue
        rows = bpe.find_counts(extract, communes, passage=passage)
        path = folder / f"{slug(str(extract.source['source_id']))}.counts.csv"
        started = path.with_suffix(".new")
        folder.mkdir(exist_ok=True)
        rows.to_csv(started, index=False, encoding="utf-8")
        started.replace(path)
        notes.append(
            Problem(
                "sources_counts_kept",
                where=str(extract.source["source_id"]),
                found=str(len(rows)),
                params={"path": f"{folder.name}/{path.name}"},
            )
        )
    return notes


def _perimeter(stored: Mapping[str, pd.DataFrame]) -> Extract:
    """Return the stored communes as an extract; their sources are stored already."""
    return Extract({v.COMMUNES: stored[v.COMMUNES]}, {"source_id": None}, {}, ())


def _blank_hidden(
    connection: sqlite3.Connection, stored: pd.DataFrame, *, now: pd.DataFrame
) -> None:
    """Take names and places of actors that are hidden from now on out of the journal."""
    hidden = set(now["actor_id"][hiding.is_hidden(pd.DataFrame(now))])
    before = stored[stored["actor_id"].isin(hidden) & ~is_by_hand(stored["source_id"])]
    ids = set(before["actor_id"][~hiding.is_hidden(pd.DataFrame(before))])
    if ids:
        columns = {"name", *hiding.HIDDEN, GEOMETRY_COLUMN}
        journal.blank(connection, v.ACTORS, ids=ids, columns=columns)


def _dropped(connection: sqlite3.Connection, gone: Gone, *, author: Author) -> list[Problem]:
    """Delete what newer editions do not give any more; return notes that say so."""
    for table in (v.RESOURCES, v.NEEDS, v.FLOWS, v.ACTORS):
        if gone.ids.get(table):
            keeping.remove(connection, table, ids=gone.ids[table], author=author)
    counts = {"dropped": gone.ids[v.ACTORS], "gone_kept": gone.held}
    return [
        Problem(
            f"sources_{code}",
            table=v.ACTORS,
            found=str(len(ids)),
            params={"examples": listed(ids)},
        )
        for code, ids in counts.items()
        if ids
    ]


def _in_order(actors: gpd.GeoDataFrame, extracts: Sequence[Extract]) -> gpd.GeoDataFrame:
    """Return actors as records, those of the first extract first."""
    order = {name: place for place, one in enumerate(extracts) for name in one.sources["source_id"]}
    rank = actors["source_id"].map(order).reset_index(drop=True).sort_values(kind="stable").index
    made = actors.iloc[rank].reset_index(drop=True)
    return made.assign(record_id=records.own_ids(made))


def _sources(
    found: Assembly, extracts: Sequence[Extract], *, outside: Sequence[Problem]
) -> pd.DataFrame:
    """Return the sources of the extracts, but those of which nothing lies in the perimeter."""
    ids = {name for extract in extracts for name in extract.sources["source_id"]}
    rows = found.tables[v.SOURCES]
    return rows[rows["source_id"].isin(ids - {problem.where for problem in outside})]


def _outside(found: Assembly) -> list[Problem]:
    """Return the sources of which nothing lies in the perimeter: they are not what was meant.

    A file that only describes communes has no rows of its own.
    """
    if found.counts.empty:
        return []
    cut = found.counts.groupby("source_id")[["given", "inside"]].sum()
    return [
        Problem("sources_all_outside", where=str(row.Index), found=str(row.given))
        for row in cut.itertuples()
        if row.given and not row.inside
    ]
