"""One folder a territory: its file of identity, its workbook and its database."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit import schema
from toolkit import vocabulary as v
from toolkit.errors import (
    DataError,
    Problem,
    SchemaError,
    UsageError,
    WorkbookError,
)
from toolkit.language import text
from toolkit.settings import LANGUAGES
from toolkit.territory import Territory, complete
from toolkit.workbook import write_template
from toolkit.workspace import (
    activities,
    creating,
    gathering,
    identity,
    importing,
    journal,
    keeping,
    linking,
    locating,
    merging,
    questions,
    results,
    store,
)
from toolkit.workspace.activities import ActivityReport
from toolkit.workspace.gathering import GatherReport
from toolkit.workspace.identity import Identity
from toolkit.workspace.importing import Request
from toolkit.workspace.journal import Author, Change, Clock
from toolkit.workspace.keeping import Kept
from toolkit.workspace.layers import GAPS, MODEL_LAYERS
from toolkit.workspace.linking import LinkReport
from toolkit.workspace.locating import LocateReport, Rules
from toolkit.workspace.opened import OpenFolder
from toolkit.workspace.outcome import ImportReport

if TYPE_CHECKING:
    import pandas as pd

    from toolkit.diagnosis import Diagnosis
    from toolkit.sources.extract import Extract
    from toolkit.sources.geocoder import Geocoder, Progress
    from toolkit.sources.passage import Passage


class Workspace(OpenFolder):
    """The folder of one territory.

    Opening it checks the file of identity and the whole database, and brings an older database to
    this version's schema after a backup copy.  No file stays open.

    Parameters
    ----------
    folder : str or Path
        An existing folder of a territory.
    timeout_s : float, default 10.0
        How long to wait, in seconds, for another program that is writing to the database.
    now : callable, optional
        Gives the time for the journal, with its time zone; the clock of this machine by default.

    Raises
    ------
    WorkspaceError
        If the folder is not that of a territory, its file of identity is wrong, or the database is
        missing, damaged, locked, or newer than this software.

    Examples
    --------
    >>> workspace = Workspace("mon-territoire")  # doctest: +SKIP
    >>> workspace.import_workbook()  # doctest: +SKIP
    >>> territory = workspace.territory()  # doctest: +SKIP
    """

    @classmethod
    def create(
        cls,
        folder: str | Path,
        *,
        name: str,
        communes: pd.DataFrame,
        sources: pd.DataFrame | None = None,
        lang: str = "fr",
        fictional: bool = False,
        now: Clock = journal.utc_now,
    ) -> Workspace:
        """Make the folder of a new territory and open it.

        Everything is written beside the place of the folder, which then moves there in one step: a
        creation that is killed leaves nothing half made.

        Parameters
        ----------
        folder : str or Path
            Nothing is there, or an empty folder.
        name : str
            Name a reader knows the territory by.
        communes : GeoDataFrame
            The perimeter, by the contract of ``communes``; any CRS that is set.
        sources : DataFrame, optional
            Sources to which the communes refer.
        lang : str, default "fr"
            Language of the officer: ``fr`` or ``en``.
        fictional : bool, default False
            Whether the data are invented.
        now : callable, optional
            Gives the time for the journal.

        Raises
        ------
        WorkspaceError
            If something is in the folder already, or it cannot be written.
        SchemaError
            If the communes break their contract; all faults at once.
        UsageError
            If the name is empty or the language unknown.
        """
        if not name.strip():
            raise UsageError(Problem("workspace_toml_name", column="name", found=repr(name)))
        if lang not in LANGUAGES:
            params = {"choices": ", ".join(LANGUAGES)}
            raise UsageError(
                Problem("workspace_toml_language", column="lang", found=repr(lang), params=params)
            )
        tables = creating.checked_perimeter(communes, sources=sources)
        year = creating.perimeter_year(tables[v.COMMUNES])
        who = Identity(name=name, language=lang, fictional=fictional, cog_year=year)
        what = text("workspace.what.create", lang=lang)
        author = Author(who=journal.user_name(), what=what, at=journal.iso(now()))
        # A relative path may end in `.` or `..`, which has no name to build beside.
        creating.create(Path(folder).absolute().resolve(), who=who, tables=tables, author=author)
        return cls(folder, now=now)

    @classmethod
    def from_territory(
        cls,
        folder: str | Path,
        territory: Territory,
        *,
        lang: str = "fr",
        now: Clock = journal.utc_now,
    ) -> Workspace:
        """Make the folder of a territory whose tables are at hand, its workbook filled in.

        Parameters
        ----------
        folder : str or Path
            Nothing is there, or an empty folder.
        territory : Territory
            Its tables go into the database and into the workbook.
        lang : str, default "fr"
            Language of the officer: ``fr`` or ``en``.
        now : callable, optional
            Gives the time for the journal.

        Raises
        ------
        WorkspaceError
            If something is in the folder already, or it cannot be written.
        """
        made = cls.create(
            folder,
            name=territory.name,
            communes=territory.communes,
            sources=territory.sources,
            lang=lang,
            fictional=territory.fictional,
            now=now,
        )
        given = {name: frame for name, frame in territory.tables.items() if len(frame)}
        made.write(given, what=text("workspace.what.create", lang=lang))
        made.workbook.unlink()
        write_template(made.workbook, lang=lang, communes=territory.communes, tables=given)
        return made

    @staticmethod
    def is_at(folder: str | Path) -> bool:
        """Return whether a folder is that of a territory."""
        return (Path(folder) / identity.FILE).is_file()

    # --- writing ----------------------------------------------------------------------------------
    def import_workbook(
        self, path: str | Path | None = None, *, partial: bool = False, who: str = ""
    ) -> ImportReport:
        """Take in the officer's workbook, in one transaction.

        A row adds or replaces the stored row of the same key.  Rows that came from this file once
        and are not in it any more are reported, never deleted.  Importing the same file twice
        changes nothing.

        Parameters
        ----------
        path : str or Path, optional
            An .xlsx, .ods or .csv file; by default the territory's own workbook.
        partial : bool, default False
            Take the sound rows; leave out rows with faults, and rows that refer to those.
        who : str, optional
            For the journal; by default the name of the user of this machine.

        Returns
        -------
        ImportReport
            What was added, changed, refused or is missing, by table.

        Raises
        ------
        ImportRefusedError
            If anything is wrong (or, if `partial`, nothing is sound): nothing is written, all
            faults are told, and a copy of the workbook has them marked.
        WorkbookError
            If the file cannot be read at all.
        WorkspaceError
            If the database cannot be written.
        """
        request = self._request(path, partial=partial, who=who)
        report = importing.import_file(request, self._database, folder=self.folder)
        linked = self._linked(who)
        notes = (*report.notes, *linked.notes)
        return dataclasses.replace(report, notes=notes, links=linked)

    def check_workbook(self, path: str | Path | None = None) -> ImportReport:
        """Say what an import of the officer's workbook would do, and write nothing.

        Parameters
        ----------
        path : str or Path, optional
            An .xlsx, .ods or .csv file; by default the territory's own workbook.

        Returns
        -------
        ImportReport
            Its ``problems`` hold everything that an import would refuse.

        Raises
        ------
        WorkbookError
            If the file cannot be read at all.
        WorkspaceError
            If the database cannot be reached.
        """
        return importing.check_file(self._request(path, partial=False, who=""), self._database)

    def _request(self, path: str | Path | None, *, partial: bool, who: str) -> Request:
        chosen = self.workbook if path is None else Path(path)
        what = text("workspace.what.import", lang=self.lang, file=chosen.name)
        return Request(
            path=chosen,
            partial=partial,
            lang=self.lang,
            producer=self.name,
            author=self._author(who, what=what),
            source_id=importing.source_of(chosen, lang=self.lang),
        )

    def add_sources(
        self,
        extracts: Sequence[Extract],
        *,
        passage: Passage | None = None,
        drop_gone: bool = False,
        who: str = "",
    ) -> GatherReport:
        """Take in open data, cut to the perimeter, in one transaction.

        A row that the workbook holds too stays as the workbook says it; empty cells of its actor
        are filled.  A row that an earlier edition of the source gave is replaced.  Actors of other
        sources are linked then, see :meth:`link`.  Adding the same files twice changes nothing.

        Parameters
        ----------
        extracts : sequence of Extract
            What the loaders of :mod:`toolkit.sources` return, the most trusted first.
        passage : Passage, optional
            Brings codes of communes of other years to those of the perimeter.
        drop_gone : bool, default False
            Delete the actors of an earlier edition of a source that are not in the newer one and
            of which nothing else speaks; else they are named.
        who : str, optional
            For the journal; by default the name of the user of this machine.

        Returns
        -------
        GatherReport
            What was added and changed, how many rows of each source lie inside, and the notes.

        Raises
        ------
        DataError
            If nothing of the files lies in the perimeter; nothing is written.
        SchemaError
            If the tables would break their contract; nothing is written.
        WorkspaceError
            If the database cannot be written.
        """
        names = ", ".join(str(extract.source["source_id"]) for extract in extracts)
        what = text("workspace.what.gather", lang=self.lang, sources=names)
        report = gathering.gather(
            extracts,
            self._database,
            passage=passage,
            drop_gone=drop_gone,
            author=self._author(who, what=what),
        )
        communes = self.tables()[v.COMMUNES]["commune_id"]
        notes = gathering.keep_counts(
            extracts, self.sources, communes=set(communes), passage=passage
        )
        linked = self._linked(who)
        notes = [*report.notes, *notes, *linked.notes]
        return dataclasses.replace(report, notes=tuple(notes), links=linked)

    def geocode(
        self,
        geocoder: Geocoder,
        *,
        rules: Rules | None = None,
        progress: Progress | None = None,
        who: str = "",
    ) -> LocateReport:
        """Place actors by their addresses, in one transaction; see :func:`locating.locate`."""
        what = text("workspace.what.geocode", lang=self.lang, host=geocoder.host)
        author = self._author(who, what=what)
        report = locating.locate(
            self._database, geocoder, rules=rules or Rules(), author=author, progress=progress
        )
        return locating.with_list(report, self.sources, lang=self.lang)

    def link(self, answers: pd.DataFrame | None = None, *, who: str = "") -> LinkReport:
        """Make one actor of the records that are one, and ask about those that may be.

        Actors of different sources are compared by identifiers, else by name and place
        (:func:`toolkit.linkage.find_pairs`).  What is sure is joined; what is doubtful is a
        question in the territory's file of questions, whose answers are taken in first.  An answer
        is never asked again; `different` takes apart what was joined.

        Parameters
        ----------
        answers : DataFrame, optional
            Columns ``one_id``, ``other_id`` (either way round) and ``answer``: ``same`` or
            ``different``.  Those of the file of questions, which is written again, are taken in
            too, but for pairs that are answered here.
        who : str, optional
            For the journal; by default the name of the user of this machine.

        Returns
        -------
        LinkReport
            What was joined and taken apart, and the questions.

        Raises
        ------
        DataError
            If an answer is wrong: all faults at once; nothing is written.
        WorkbookError
            If the file of questions is damaged.
        WorkspaceError
            If the database cannot be written.
        """
        path = self.folder / text("workspace.file.links", lang=self.lang)
        given = questions.read(path)
        if answers is not None:
            given = questions.with_answers(given, answers)
        what = text("workspace.what.link", lang=self.lang)
        with self._database.writing() as connection:
            author = self._author(who, what=what)
            report = linking.link(connection, answers=given, author=author)
        sources = self.tables()[v.SOURCES]
        titles = dict(zip(sources["source_id"], sources["title"], strict=True))
        is_written = questions.write(self.links(), path, titles=titles, lang=self.lang)
        notes = () if is_written else (Problem("linkage_file_open", found=path.name),)
        return dataclasses.replace(report, path=str(path), notes=(*report.notes, *notes))

    def ask_activities(
        self, answers: Mapping[str, str] | None = None, *, who: str = ""
    ) -> ActivityReport:
        """Ask which activity actors without code have, and keep the answers.

        What the words of a name mean (:func:`toolkit.knowledge.suggest_activities`) is proposed in
        a workbook of the territory's folder, whose answers are taken in first.  An answer is kept
        beside what the sources say, and is not asked again.

        Parameters
        ----------
        answers : Mapping of str to str, optional
            Activity code by id of an actor, empty where the proposal is wrong; by default those of
            the workbook.
        who : str, optional
            For the journal; by default the name of the user of this machine.

        Raises
        ------
        DataError
            If an answer is wrong; all faults at once, and nothing is written.
        WorkbookError
            If the workbook is damaged, or the folder cannot be written.
        WorkspaceError
            If the database cannot be written.
        """
        author = self._author(who, what=text("workspace.what.activities", lang=self.lang))
        path = self.folder / text("workspace.file.activities", lang=self.lang)
        return activities.ask(self._database, path, answers=answers, lang=self.lang, author=author)

    def _linked(self, who: str) -> LinkReport:
        """Link after rows came in; what is wrong with the answers is a note, and loses nothing."""
        try:
            return self.link(who=who)
        except (DataError, WorkbookError) as err:
            return LinkReport.empty(err.problem_list)

    def write(
        self, tables: Mapping[str, pd.DataFrame], *, what: str, who: str = ""
    ) -> dict[str, Kept]:
        """Add rows, or replace those of the same key, in one transaction; other rows stay.

        Parameters
        ----------
        tables : Mapping of str to DataFrame
            Rows by table; geometries in any CRS that is set.
        what : str
            On what occasion, for the journal.
        who : str, optional
            For the journal; by default the name of the user of this machine.

        Returns
        -------
        dict of str to Kept
            By table, the ids that were added, changed, or there already as they are.

        Raises
        ------
        SchemaError
            If the tables would break their contract; nothing is written.
        WorkspaceError
            If the database cannot be written, or a decision would be changed.
        """
        self._check_names(tables)
        with self._database.writing() as connection:
            stored = store.read_tables(connection)
            completed = complete(merging.merge(stored, tables))
            problems = schema.check_tables(completed)
            if problems:
                raise SchemaError(problems)
            ids = {name: list(merging.row_ids(name, rows)) for name, rows in tables.items()}
            return keeping.keep(connection, completed, ids=ids, author=self._author(who, what=what))

    def remove(
        self, table: str, ids: Collection[str], *, what: str = "", who: str = ""
    ) -> tuple[str, ...]:
        """Delete rows, in one transaction; what they held stays in the journal.

        Parameters
        ----------
        table : str
            Table of the model; decisions are never deleted.
        ids : collection of str
            Ids of rows; those of members are ``cooperation_id|actor_id``.
        what, who : str, optional
            For the journal.

        Returns
        -------
        tuple of str
            The ids deleted.

        Raises
        ------
        UsageError
            If a row does not exist.
        SchemaError
            If other rows refer to them; nothing is deleted.
        """
        self._check_names({table: None})
        if table == v.DECISIONS:
            raise UsageError(Problem("decision_fixed", table=table))
        with self._database.writing() as connection:
            stored = store.read_tables(connection)
            known = merging.row_ids(table, stored[table])
            unknown = sorted(set(ids) - set(known))
            if unknown:
                raise UsageError(
                    [Problem("row_unknown", table=table, row=name, found=name) for name in unknown]
                )
            left = {**stored, table: stored[table][~known.isin(set(ids)).to_numpy()]}
            before = set(schema.check_tables(stored))
            problems = [
                problem for problem in schema.check_tables(complete(left)) if problem not in before
            ]
            if problems:
                raise SchemaError(problems)
            occasion = what or text("workspace.what.remove", lang=self.lang)
            return keeping.remove(
                connection, table, ids=ids, author=self._author(who, what=occasion)
            )

    def decide(
        self,
        candidate_id: str,
        *,
        decision: str,
        title: str | None = None,
        stage: str | None = None,
        reason: str | None = None,
        next_step: str | None = None,
        due_date: str | dt.date | None = None,
        who: str = "",
    ) -> str:
        """Add a decision on a candidate; earlier ones stay as they are.

        Parameters
        ----------
        candidate_id : str
            Candidate partnership.
        decision : str
            One of ``DECISION_KINDS``.
        title, stage, reason, next_step : str, optional
            What people say of it; `stage` is one of ``STAGES``.
        due_date : str or date, optional
            When the next step is due (ISO 8601).
        who : str, optional
            Who decides; by default the name of the user of this machine.

        Returns
        -------
        str
            Id of the decision.

        Raises
        ------
        SchemaError
            If a value is not one of its list, or the date is none.
        """
        author = self._author(who, what=text("workspace.what.decide", lang=self.lang))
        row = {
            "candidate_id": candidate_id,
            "title": title,
            "decision": decision,
            "stage": stage,
            "reason": reason,
            "next_step": next_step,
            "due_date": None if due_date is None else str(due_date),
            "who": author.who,
            "decided_at": author.at,
        }
        with self._database.writing() as connection:
            return keeping.add_decision(connection, row, author=author)

    def save_diagnosis(self, diagnosis: Diagnosis, *, who: str = "") -> None:
        """Keep the results of a diagnosis in place of those of the last one, for QGIS to show.

        Parameters
        ----------
        diagnosis : Diagnosis
            Of this territory.
        who : str, optional
            For the journal.
        """
        author = self._author(who, what=text("workspace.what.diagnose", lang=self.lang))
        counts = {GAPS: len(diagnosis.gaps), "partnerships": len(diagnosis.partnerships)}
        with self._database.writing() as connection:
            results.save(connection, diagnosis, lang=self.lang, at=author.at)
            change = Change(GAPS, "*", journal.DIAGNOSIS, after=counts)
            journal.append(connection, [change], author=author)

    # --- inside -----------------------------------------------------------------------------------
    @staticmethod
    def _check_names(tables: Mapping[str, object]) -> None:
        unknown = sorted(set(tables) - set(MODEL_LAYERS))
        if unknown:
            choices = {"choices": ", ".join(MODEL_LAYERS)}
            raise UsageError(
                [Problem("unknown_table", found=name, params=choices) for name in unknown]
            )
