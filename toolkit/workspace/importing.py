"""The officer's workbook into the database, in one transaction: all, its sound rows, or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import geopandas as gpd
import pandas as pd

from toolkit import schema, workbook
from toolkit import vocabulary as v
from toolkit.errors import SHOWN, Problem, WorkbookError
from toolkit.language import text
from toolkit.schema.contracts import CONTRACTS
from toolkit.schema.faults import shown
from toolkit.settings import LANGUAGES
from toolkit.territory import complete
from toolkit.workbook.identities import slug
from toolkit.workspace import (
    blaming,
    copies,
    journal,
    keeping,
    merging,
    placing,
    records,
    store,
    twins,
)
from toolkit.workspace.blaming import Blame
from toolkit.workspace.journal import Author, Change
from toolkit.workspace.keeping import Kept
from toolkit.workspace.layers import LINKAGE_LAYERS, RECORDS, SAISIE
from toolkit.workspace.outcome import ImportRefusedError, ImportReport, TableReport

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from toolkit.workspace.database import Database


_NAMES: Final = ("name", "title", "label")
"""Columns by which people know a row, in the tables that have one."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is imported into which territory."""

    path: Path
    partial: bool
    lang: str
    producer: str
    author: Author
    source_id: str = SAISIE


@dataclass(frozen=True, slots=True)
class _Draft:
    """Rows of the workbook, typed, and what is wrong with their cells."""

    rows: Mapping[str, pd.DataFrame]
    seen: Mapping[str, pd.DataFrame]
    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...]
    blame: Blame


@dataclass(frozen=True, slots=True)
class _Verdict:
    """Tables with the rows that are taken, and why others are not."""

    tables: Mapping[str, pd.DataFrame]
    taken: Mapping[str, pd.DataFrame]
    problems: tuple[Problem, ...]
    records: pd.DataFrame


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What an import did to the tables, if it took anything, and what it has to say."""

    is_taken: bool
    tables: Mapping[str, TableReport]
    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...]


def import_file(request: Request, database: Database, *, folder: Path) -> ImportReport:
    """Import a workbook; see :meth:`toolkit.workspace.Workspace.import_workbook`.

    Parameters
    ----------
    request : Request
        What to import, and how.
    database : Database
        Where to.
    folder : Path
        Folder of the territory, which remembers the copies that were made.
    """
    reading = workbook.read(request.path)
    with database.writing() as connection:
        outcome = _take(request, reading, connection=connection)
    problems, copy = outcome.problems, None
    if any(problem.table in reading.layouts for problem in problems):
        try:
            copy = copies.write_marked(reading, problems, folder=folder, lang=request.lang)
        except WorkbookError as err:  # what is wrong with the workbook is told all the same
            problems = (*problems, *err.problem_list)
    if not outcome.is_taken:
        raise ImportRefusedError(problems, corrected_copy=copy)
    return ImportReport(request.path, outcome.tables, problems, outcome.notes, copy)


def check_file(request: Request, database: Database) -> ImportReport:
    """Say what :func:`import_file` would do; nothing is written, no copy is made."""
    reading = workbook.read(request.path)
    with database.rehearsing() as connection:
        outcome = _take(request, reading, connection=connection)
    return ImportReport(request.path, outcome.tables, outcome.problems, outcome.notes)


def _take(
    request: Request, reading: workbook.Reading, *, connection: sqlite3.Connection
) -> _Outcome:
    """Judge the rows of a workbook and write those that can be taken."""
    digest = digest_of(request.path)
    stored = store.read_tables(connection)
    held = store.read_layer(connection, LINKAGE_LAYERS[RECORDS])
    draft = _draft(reading, stored, held=held, source_id=request.source_id)
    verdict = _judge(
        draft,
        stored,
        held=held,
        source=lambda rows: _source(request, stored, rows=rows, digest=digest),
        partial=request.partial,
    )
    is_sound = any(len(verdict.taken[name]) for name in draft.rows)
    notes = (*draft.notes, *_remarks(verdict))
    if verdict.problems and not (request.partial and is_sound):
        return _Outcome(
            is_taken=False, tables=MappingProxyType({}), problems=verdict.problems, notes=notes
        )
    ids = {name: list(merging.row_ids(name, rows)) for name, rows in verdict.taken.items()}
    kept = keeping.keep(connection, verdict.tables, ids=ids, author=request.author)
    keeping.keep_records(connection, verdict.records, author=request.author)
    missing = _missing(draft.seen, stored, source_id=request.source_id)
    _tell_missing(connection, missing, author=request.author)
    notes = (*notes, *_notes_of_missing(missing, stored))
    tables = {
        name: _table_report(
            rows, verdict.taken[name], kept=kept[name], missing=missing.get(name, ())
        )
        for name, rows in draft.rows.items()
    }
    return _Outcome(
        is_taken=True, tables=MappingProxyType(tables), problems=verdict.problems, notes=notes
    )


def source_of(path: Path, *, lang: str) -> str:
    """Return the id of the source that a file is.

    The territory's own workbook, its corrected copies and its versions (``saisie 2.xlsx``) are one
    source; a partner's file is another, so that the rows of the one are not missed in the other.

    Examples
    --------
    >>> source_of(Path("saisie_a-corriger.xlsx"), lang="fr")
    'saisie'
    >>> source_of(Path("Liste CCI.csv"), lang="fr")
    'saisie-liste-cci'
    """
    stem = path.stem.partition(text("workspace.file.corrected", lang=lang))[0]
    return SAISIE if stem.casefold().startswith(SAISIE) else f"{SAISIE}-{slug(stem)}"


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, or of the files of a folder in the order of their names."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    digest = hashlib.sha256()
    for file in files:
        if file.is_file():
            digest.update(file.read_bytes())
    return digest.hexdigest()


# --- reading ----------------------------------------------------------------------------------
def _draft(
    reading: workbook.Reading,
    stored: Mapping[str, pd.DataFrame],
    *,
    held: pd.DataFrame,
    source_id: str,
) -> _Draft:
    """Return the rows of a workbook, names resolved and cells typed."""
    resolution = workbook.resolve(
        reading.tables,
        communes=stored[v.COMMUNES],
        actors=stored[v.ACTORS],
        cooperations=stored[v.COOPERATIONS],
        parts=records.told_by_others(held),
        where=reading.where,
        source_id=source_id,
    )
    problems = [*reading.problems, *resolution.problems]
    notes = [*reading.notes, *resolution.notes]
    written = {**stored, v.ACTORS: records.as_written(stored[v.ACTORS], held)}
    rows, seen = {}, {}
    for table, raw in resolution.tables.items():
        parsed = schema.parse(table, raw, where=reading.where[table])
        problems.extend(parsed.problems)
        notes.extend(parsed.notes)
        frame = merging.carry(table, parsed.frame, stored=written[table])
        if "source_id" in CONTRACTS[table].names:
            frame = frame.assign(source_id=pd.Series(source_id, index=frame.index, dtype="str"))
        rows[table] = frame
        if table in reading.layouts:
            seen[table] = frame
    blame = Blame(rows, typed=resolution.typed)
    told = (blame.in_own_words(problem) for problem in problems)
    return _Draft(rows, seen, tuple(blaming.first_of_cells(told)), tuple(notes), blame)


def _source(
    request: Request, stored: Mapping[str, pd.DataFrame], *, rows: int, digest: str
) -> pd.DataFrame:
    """Return the workbook as a source.

    What a workbook cannot say of itself (licence, producer, year of the data ...) stays as it is
    stored, and so does the date if the file is the same.
    """
    known = stored[v.SOURCES]
    known = known[(known["source_id"] == request.source_id).to_numpy(dtype="bool", na_value=False)]
    title = text("workspace.source.title", lang=request.lang, file=request.path.name)
    if known.empty:
        made = pd.DataFrame({"source_id": [request.source_id], "producer": [request.producer]})
    else:
        made = known.iloc[[0]].reset_index(drop=True)
        if made["producer"].isna()[0]:
            made["producer"] = pd.Series([request.producer], dtype="str")
        if not _is_own_title(made["title"][0]):
            title = made["title"][0]
    is_same = not known.empty and made["sha256"][0] == digest
    return made.assign(
        title=title,
        retrieved_at=made["retrieved_at"] if is_same else request.author.day,
        sha256=digest,
        rows=pd.array([rows], dtype="Int64"),
    )


def _is_own_title(title: str) -> bool:
    """Return whether an import gave a source its title, in whatever language."""
    frames = [
        text("workspace.source.title", lang=lang, file="\x00").split("\x00") for lang in LANGUAGES
    ]
    return any(title.startswith(before) and title.endswith(after) for before, after in frames)


# --- judging ----------------------------------------------------------------------------------
def _judge(
    draft: _Draft,
    stored: Mapping[str, pd.DataFrame],
    *,
    held: pd.DataFrame,
    source: Callable[[int], pd.DataFrame],
    partial: bool,
) -> _Verdict:
    """Return what can be taken: all if nothing is wrong, else the sound rows if `partial`.

    Rows that refer to a refused row are refused as well, until no more are.
    """
    problems = list(draft.problems)
    refused = _rows_of(problems)
    rows = dict(draft.rows)
    is_first = True
    while True:
        taken = {**rows, v.SOURCES: source(sum(len(frame) for frame in rows.values()))}
        merged = complete(merging.merge(stored, taken))
        laid = records.lay_written(
            gpd.GeoDataFrame(merged[v.ACTORS]),
            set(taken[v.ACTORS]["actor_id"].dropna()) if v.ACTORS in taken else set(),
            stored=stored[v.ACTORS],
            records=held,
        )
        tables = complete({**merged, v.ACTORS: laid.actors})
        found = blaming.first_of_cells(_new_problems(tables, stored), told=problems)
        if not is_first:
            found = [draft.blame.explained(problem, refused=refused) for problem in found]
        problems += [draft.blame.in_own_words(problem) for problem in found]
        refused = _rows_of(problems)
        left = merging.without(draft.rows, refused)
        is_settled = all(len(left[table]) == len(rows[table]) for table in rows)
        if is_settled or not partial:
            told = blaming.in_order(blaming.without_empty_ids(problems))
            return _Verdict(tables, taken, tuple(told), laid.records)
        rows, is_first = left, False


def _rows_of(problems: Iterable[Problem]) -> dict[str, set[str]]:
    """Return the labels of the rows of the workbook that have problems, by table."""
    refused: dict[str, set[str]] = {}
    for problem in problems:
        if problem.where and problem.row:
            refused.setdefault(problem.table, set()).add(problem.row)
    return refused


def _new_problems(
    tables: Mapping[str, pd.DataFrame], stored: Mapping[str, pd.DataFrame]
) -> list[Problem]:
    """Return the problems of tables, but those that stored rows had before.

    Stored rows were sound when they were written; another program may have changed them since.  The
    workbook is not to blame, and opening the territory says what is wrong.
    """
    problems = schema.check_tables(tables)
    if all(problem.where for problem in problems):
        return problems
    before = set(schema.check_tables(stored))
    return [problem for problem in problems if problem.where or problem not in before]


# --- telling ----------------------------------------------------------------------------------
def _missing(
    seen: Mapping[str, pd.DataFrame], stored: Mapping[str, pd.DataFrame], *, source_id: str
) -> dict[str, tuple[str, ...]]:
    """Return the rows that came from the workbook once and are not in it any more, by table."""
    cooperations = stored[v.COOPERATIONS]
    own = set(cooperations.loc[cooperations["source_id"] == source_id, "cooperation_id"])
    missing = {}
    for table, rows in seen.items():
        frame = stored[table]
        # Members have no source of their own: they have that of their cooperation.
        from_file = (
            frame["cooperation_id"].isin(own)
            if table == v.MEMBERS
            else frame["source_id"] == source_id
        )
        ids = merging.row_ids(table, frame)[from_file.to_numpy(dtype="bool")]
        missing[table] = tuple(sorted(set(ids) - set(merging.row_ids(table, rows).dropna())))
    return missing


def _tell_missing(
    connection: sqlite3.Connection, missing: Mapping[str, tuple[str, ...]], *, author: Author
) -> None:
    """Write in the journal which rows are missing, unless it said so last."""
    news = [
        Change(table, name, journal.MISSING)
        for table, ids in missing.items()
        for name in ids
        if journal.last_action(connection, table, row_id=name) != journal.MISSING
    ]
    if news:
        journal.append(connection, news, author=author)


def _notes_of_missing(
    missing: Mapping[str, tuple[str, ...]], stored: Mapping[str, pd.DataFrame]
) -> list[Problem]:
    """Return a note for each table that names the rows missing from the workbook."""
    notes = []
    for table, ids in missing.items():
        if not ids:
            continue
        frame = stored[table]
        name = next((name for name in _NAMES if name in CONTRACTS[table].names), "")
        words = dict(zip(merging.row_ids(table, frame), frame[name], strict=True)) if name else {}
        told = [row_id if pd.isna(words.get(row_id)) else words[row_id] for row_id in ids[:SHOWN]]
        names = ", ".join(shown(one) for one in told) + (", …" if len(ids) > SHOWN else "")
        notes.append(Problem("note_rows_missing", table=table, found=names))
    return notes


def _remarks(verdict: _Verdict) -> list[Problem]:
    """Return what the officer should know of places and SIRETs of the actors that are taken."""
    if v.ACTORS not in verdict.taken:
        return []
    ids = set(merging.row_ids(v.ACTORS, verdict.taken[v.ACTORS]).dropna())
    return [*placing.remarks(verdict.tables, ids=ids), *twins.remarks(verdict.tables, ids=ids)]


def _table_report(
    rows: pd.DataFrame, taken: pd.DataFrame, *, kept: Kept, missing: tuple[str, ...]
) -> TableReport:
    """Return what happened to one table."""
    labels = set(rows["_row"]) - set(taken["_row"])
    return TableReport(
        inserted=kept.inserted,
        updated=kept.updated,
        unchanged=kept.unchanged,
        refused=tuple(sorted(labels, key=lambda label: (len(label), label))),
        missing=missing,
    )
