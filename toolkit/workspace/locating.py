"""Actors that have an address and no point, placed by a geocoding service, in one transaction."""

from __future__ import annotations

import csv
import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from toolkit import crs, schema
from toolkit import vocabulary as v
from toolkit.errors import Problem, SchemaError, UsageError
from toolkit.language import text
from toolkit.sources import geocoding
from toolkit.sources.geocoder import Replies
from toolkit.sources.geocoding import Asked
from toolkit.sources.passage import Passage, read_passage
from toolkit.territory import complete
from toolkit.workbook.identities import slug
from toolkit.workspace import keeping, merging, placing, store
from toolkit.workspace.keeping import Kept
from toolkit.workspace.layers import LINKAGE_LAYERS, RECORDS

if TYPE_CHECKING:
    import sqlite3

    from toolkit.sources.geocoder import Geocoder, Progress
    from toolkit.workspace.database import Database
    from toolkit.workspace.journal import Author

LIST: Final = "geocoding.csv"
"""File of the folder of sources with what became of each address."""
_LOCATED: Final = {geocoding.PLACED: "address", geocoding.TOWN_HALL: "commune"}
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Rules:
    """By what an answer is judged.

    Attributes
    ----------
    min_score : float
        Score from which an address counts as found, 0 to 1.
    passage : Passage or None
        Brings communes of other years to those of the territory.
    """

    min_score: float = geocoding.MIN_SCORE
    passage: Passage | None = None

    @classmethod
    def of_user(cls, min_score: float | None = None, *, passage: Path | None = None) -> Rules:
        """Return rules as they are asked for: a score, and the file of a passage table.

        Raises
        ------
        UsageError
            If the score is not between 0 and 1.
        DataError
            If the file is no passage table.
        """
        score = geocoding.MIN_SCORE if min_score is None else min_score
        if not 0 <= score <= 1:
            raise UsageError(Problem("geocoding_score", found=str(score)))
        return cls(score, read_passage(passage) if passage else None)


@dataclass(frozen=True, slots=True, eq=False)
class LocateReport:
    """What a geocoding did to the database.

    Attributes
    ----------
    host : str
        Machine that was asked.
    counts : Mapping of str to int
        Actors by outcome: ``OUTCOMES`` and ``NOT_SENT`` of :mod:`toolkit.sources.geocoding`.
    replies : Replies
        How many addresses were sent, how many answers were there already, why some are missing.
    kept : Kept
        Ids of the actors that were moved.
    notes : tuple of Problem
        What a reader should know.
    outcomes : DataFrame, index ``actor_id``
        Of each actor asked for: ``outcome``, ``address``, ``label``, ``score``, ``kind``,
        ``latitude``, ``longitude``.
    """

    host: str
    counts: Mapping[str, int]
    replies: Replies
    kept: Kept
    notes: tuple[Problem, ...]
    outcomes: pd.DataFrame

    def lines(self, *, lang: str) -> list[str]:
        """Return the report in words: a line an outcome that there is."""
        told = self.replies
        made = [text("locating.sent", lang=lang, count=told.sent, host=self.host)]
        if told.cached:
            age = text("locating.age", lang=lang, count=told.age_days)
            made.append(text("locating.cached", lang=lang, count=told.cached, age=age))
        made += [
            text(f"locating.{name}", lang=lang, count=self.counts[name])
            for name in (*geocoding.OUTCOMES, *geocoding.NOT_SENT)
            if self.counts.get(name)
        ]
        return [*made, text("locating.moved", lang=lang, count=len(self.kept.updated))]


def locate(
    database: Database,
    geocoder: Geocoder,
    *,
    rules: Rules,
    author: Author,
    progress: Progress | None = None,
) -> LocateReport:
    """Place the actors that have an address and no point of their own, in one transaction.

    Only addresses are sent, never that of a person or of who opposed diffusion.  The database is
    not locked while the service is asked: actors are judged as they are afterwards.

    Parameters
    ----------
    database : Database
        Of the territory.
    geocoder : Geocoder
        Whom to ask.
    rules : Rules
        By what answers are judged.
    author : Author
        For the journal.
    progress : callable, optional
        Called with the addresses that were sent and those to be sent.

    Raises
    ------
    SchemaError
        If the tables would break their contract; nothing is written.
    WorkspaceError
        If the database cannot be read or written.
    """
    with database.reading() as connection:
        asked = _asked(store.read_tables(connection))
    replies = geocoder.ask(asked.queries.values(), progress=progress)
    with database.writing() as connection:
        stored = store.read_tables(connection)
        asked = _asked(stored)
        outcomes = _judged(asked, replies, rules=rules)
        actors = _moved(stored[v.ACTORS], outcomes)
        kept, notes = Kept(), list[Problem]()
        if len(actors):
            oldest = dt.date.fromisoformat(author.day) - dt.timedelta(days=replies.age_days)
            rows = {v.ACTORS: actors, v.SOURCES: _source(geocoder, day=oldest.isoformat())}
            kept, notes = _keep(connection, stored, rows=rows, author=author)
    return LocateReport(
        host=geocoder.host,
        counts=Counter([*outcomes["outcome"], *asked.left.values()]),
        replies=replies,
        kept=kept,
        notes=tuple(notes),
        outcomes=outcomes,
    )


def with_points(actors: pd.DataFrame, stored: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return actors that come in again, with the points that geocoding gave to their addresses.

    A point goes with its address and commune: where one of them has changed, it is not kept.  A
    point that comes in goes before.

    Parameters
    ----------
    actors, stored : GeoDataFrame
        Complete actors that come in, and stored ones; EPSG:4326.
    """
    made = gpd.GeoDataFrame(actors).copy()
    known = gpd.GeoDataFrame(stored).drop_duplicates("actor_id").set_index("actor_id", drop=False)
    known = known.reindex(made["actor_id"].to_numpy()).set_axis(made.index)
    keeps = (made["located_by"] != "address") & (known["located_by"] == "address")
    keeps &= known["latitude"].isna()
    for name in ("address", "commune_id"):
        keeps &= known[name].notna() & (known[name] == made[name])
    points = np.where(keeps, known.geometry.array, made.geometry.array)
    located = made["located_by"].mask(keeps, other="address")
    geometry = gpd.GeoSeries(points, index=made.index, crs=crs.STORAGE_EPSG)
    kept: gpd.GeoDataFrame = made.assign(located_by=located).set_geometry(geometry)
    return kept


def with_list(report: LocateReport, folder: Path, *, lang: str) -> LocateReport:
    """Write what became of each address to the folder of sources, and note it.

    Parameters
    ----------
    report : LocateReport
        What was done.
    folder : Path
        Where the file is written, or replaced.
    lang : str
        Of the headers and the outcomes.
    """
    rows = report.outcomes
    if rows.empty:
        return report
    path = folder / LIST
    started = path.with_suffix(".new")
    folder.mkdir(exist_ok=True)
    with started.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(
            [text(f"locating.list.{name}", lang=lang) for name in ("actor_id", *rows.columns)]
        )
        for name, outcome, *others in rows.itertuples():
            told = text(f"locating.outcome.{outcome}", lang=lang)
            writer.writerow([_harmless(cell) for cell in (name, told, *others)])
    started.replace(path)
    doubtful = int((rows["outcome"] != geocoding.PLACED).sum())
    params = {"path": f"{folder.name}/{LIST}"}
    note = Problem("geocoding_list", found=str(doubtful), params=params)
    return replace(report, notes=(*report.notes, note))


# --- inside -----------------------------------------------------------------------------------
def _keep(
    connection: sqlite3.Connection,
    stored: Mapping[str, pd.DataFrame],
    *,
    rows: Mapping[str, pd.DataFrame],
    author: Author,
) -> tuple[Kept, list[Problem]]:
    """Write actors that are placed and the source of their points; return remarks on the points.

    Records that give the address of an actor get its point, as the actor is made of them again.
    """
    completed = complete(merging.merge(stored, rows))
    problems = schema.check_tables(completed)
    if problems:
        raise SchemaError(problems)
    ids = {name: list(merging.row_ids(name, frame)) for name, frame in rows.items()}
    kept = keeping.keep(connection, completed, ids=ids, author=author)[v.ACTORS]
    held = store.read_layer(connection, LINKAGE_LAYERS[RECORDS])
    keeping.keep_records(connection, with_points(held, completed[v.ACTORS]), author=author)
    actors = rows[v.ACTORS]
    exact = set(actors["actor_id"][actors["located_by"] == "address"])
    return kept, placing.remarks(completed, ids=exact)


def _asked(stored: Mapping[str, pd.DataFrame]) -> Asked:
    communes = stored[v.COMMUNES]
    names = dict(zip(communes["commune_id"], communes["name"], strict=True))
    return geocoding.to_queries(stored[v.ACTORS], names)


def _judged(asked: Asked, replies: Replies, *, rules: Rules) -> pd.DataFrame:
    """Return what becomes of each actor that is asked for, by its id."""
    rows = []
    for query in asked.queries.values():
        answer = replies.answers.get(query.key)
        outcome = geocoding.decide(query, answer, min_score=rules.min_score, passage=rules.passage)
        known = answer or geocoding.Answer()
        rows.append(
            {
                "outcome": outcome,
                "address": " ".join(filter(None, (query.address, query.postcode, query.city))),
                "label": known.label,
                "score": known.score if known.is_found else np.nan,
                "kind": known.kind,
                "latitude": known.latitude,
                "longitude": known.longitude,
            }
        )
    columns = ["outcome", "address", "label", "score", "kind", "latitude", "longitude"]
    made = pd.DataFrame(rows, columns=columns, index=pd.Index(asked.queries, name="actor_id"))
    return made.astype({"latitude": "float64", "longitude": "float64"})


def _moved(actors: pd.DataFrame, outcomes: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return the actors that get another place than they have, at it."""
    made = gpd.GeoDataFrame(actors).set_index("actor_id", drop=False)
    found = outcomes[outcomes["outcome"].isin(list(_LOCATED))]
    made = made.loc[found.index]
    points = shapely.points(found["longitude"].to_numpy(), found["latitude"].to_numpy())
    located = found["outcome"].map(_LOCATED)
    is_new = ~shapely.equals_exact(made.geometry.to_numpy(), points, tolerance=1e-9)
    is_new |= (made["located_by"] != located).to_numpy(dtype="bool")
    made = made.assign(located_by=located.astype("str")).set_geometry(
        gpd.GeoSeries(points, index=made.index, crs=crs.STORAGE_EPSG)
    )
    placed: gpd.GeoDataFrame = made[is_new].reset_index(drop=True)
    return placed


def _source(geocoder: Geocoder, *, day: str) -> pd.DataFrame:
    """Return the row of the table of sources for a service."""
    is_public = geocoder.base.rstrip("/") == geocoding.BASE
    row = (
        {
            "source_id": "ban",
            "title": "Géoplateforme, service de géocodage (Base Adresse Nationale)",
            "producer": "IGN",
            "licence": "Licence Ouverte 2.0",
        }
        if is_public
        else {"source_id": f"ban-{slug(geocoder.host)}", "title": geocoder.host}
    )
    return pd.DataFrame([{**row, "retrieved_at": day}])


def _harmless(cell: object) -> object:
    """Return a cell that no spreadsheet takes for a formula."""
    if isinstance(cell, float):
        return "" if np.isnan(cell) else cell
    words = str(cell)
    return f"'{words}" if words.startswith(_FORMULA) else words
