"""The folder of a territory, opened: what it is and what its database holds."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from toolkit import knowledge
from toolkit import vocabulary as v
from toolkit.background import Background
from toolkit.errors import Problem, WorkspaceError
from toolkit.language import text
from toolkit.settings import Settings
from toolkit.territory import Territory
from toolkit.workspace import (
    activities,
    creating,
    identity,
    journal,
    linking,
    migrations,
    records,
    results,
    store,
)
from toolkit.workspace.backgrounds import background_of
from toolkit.workspace.database import TIMEOUT_S, Database
from toolkit.workspace.journal import Author, Clock
from toolkit.workspace.layers import LINKAGE_LAYERS, RECORDS


class OpenFolder:
    """What is read of the folder of a territory; :class:`toolkit.workspace.Workspace` writes too.

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
        As for :class:`toolkit.workspace.Workspace`.
    """

    def __init__(
        self, folder: str | Path, *, timeout_s: float = TIMEOUT_S, now: Clock = journal.utc_now
    ) -> None:
        self.folder = Path(folder)
        self._now = now
        if not (self.folder / identity.FILE).is_file():
            raise WorkspaceError(
                Problem("workspace_absent", where=str(folder), found=identity.FILE)
            )
        self._identity = identity.read(self.folder / identity.FILE)
        self._database = Database(self.folder / creating.DATABASE, timeout_s)
        version = self._database.check()
        self.backup = migrations.upgrade(
            self._database,
            version=version,
            lang=self.lang,
            author=self._author("", what=text("workspace.what.migrate", lang=self.lang)),
        )

    # --- what it is -------------------------------------------------------------------------------
    @property
    def name(self) -> str:
        """Name a reader knows the territory by."""
        return self._identity.name

    @property
    def lang(self) -> str:
        """Language of the officer: ``fr`` or ``en``."""
        return self._identity.language

    @property
    def fictional(self) -> bool:
        """Whether the data are invented."""
        return self._identity.fictional

    @property
    def cog_year(self) -> int | None:
        """Year of the geography of the communes, as the file of identity says it."""
        return self._identity.cog_year

    @property
    def database(self) -> Path:
        """The GeoPackage, which QGIS opens."""
        return self._database.path

    @property
    def workbook(self) -> Path:
        """The workbook to fill in."""
        return self.folder / creating.WORKBOOK

    @property
    def sources(self) -> Path:
        """Folder of the open data cut to the perimeter."""
        return self.folder / creating.SOURCES

    @property
    def notebooks(self) -> Path:
        """Folder of the notebooks."""
        return self.folder / creating.NOTEBOOKS

    @property
    def reports(self) -> Path:
        """Folder of the reports."""
        return self.folder / creating.REPORTS

    def settings(self) -> Settings:
        """Return the settings of the territory: its file's, else the defaults.

        Raises
        ------
        SettingsError
            If a setting is unknown, of the wrong type or out of range; all faults at once.
        """
        return Settings.from_mapping({"language": self.lang, **self._identity.settings})

    def estimates(self, territory: Territory | None = None) -> dict[str, pd.DataFrame]:
        """Return what actors may offer and need, deduced from their activity.

        By the shipped activity profiles and those of the territory's own folder ``knowledge``.
        Nothing is deduced on a fictional territory, nor where the settings leave estimates out.

        Parameters
        ----------
        territory : Territory, optional
            The territory, where it is at hand.

        Returns
        -------
        dict of str to DataFrame
            Rows of ``resources``, ``needs`` and ``sources``; empty where nothing is deduced.

        Raises
        ------
        DataError
            If a file of the folder ``knowledge`` is wrong; all faults at once.
        """
        settings = self.settings()
        if self.fictional or not settings.include_estimated:
            return {}
        rows = knowledge.estimate(
            territory or self.territory(),
            knowledge.read_profiles(self.folder / knowledge.FOLDER),
            min_weight=settings.profile_min_weight,
            lang=self.lang,
            unnamed=self._unnamed(),
        )
        if not any(map(len, rows.values())):
            return {}
        source = {
            "source_id": [v.PROFILES],
            "title": [text("workspace.source.profiles", lang=self.lang)],
        }
        return {**rows, v.SOURCES: pd.DataFrame(source, dtype="str")}

    def background(self, territory: Territory | None = None) -> Background:
        """Return what is known beside the tables, to be given to ``diagnose``.

        Estimates, the value chains (those shipped and those of the folder ``knowledge``), who
        stands at their stages, and of the folder ``sources`` the comparison panel (``panel.csv``),
        travel times (``travel.csv``) and population cells (``cells.csv``), if they are there.

        Parameters
        ----------
        territory : Territory, optional
            The territory, where it is at hand.

        Raises
        ------
        DataError
            If a file of these folders is wrong; all faults at once.
        """
        territory = territory or self.territory()
        return background_of(territory, folder=self.folder, estimates=self.estimates(territory))

    def _unnamed(self) -> set[str]:
        with self._database.reading() as connection:
            return activities.refused(store.read_layer(connection, LINKAGE_LAYERS[RECORDS]))

    # --- reading ----------------------------------------------------------------------------------
    def tables(self) -> dict[str, pd.DataFrame]:
        """Return every table as it is stored, typed; not checked.

        Raises
        ------
        WorkspaceError
            If the database cannot be read, or cells are not of their type.
        """
        with self._database.reading() as connection:
            return store.read_tables(connection)

    def territory(self) -> Territory:
        """Return the territory, complete and checked.

        Raises
        ------
        SchemaError
            If tables break their contract (another program wrote to the database).
        WorkspaceError
            If the database cannot be read.
        """
        return Territory.from_tables(self.tables(), name=self.name, fictional=self.fictional)

    def journal(self) -> pd.DataFrame:
        """Return who changed what and when, oldest first.

        Returns
        -------
        DataFrame
            Columns ``id``, ``at`` (UTC), ``who``, ``what``, ``table_name``, ``row_id``, ``action``,
            ``before`` and ``after`` (JSON).
        """
        with self._database.reading() as connection:
            return journal.read(connection)

    def results(self) -> dict[str, pd.DataFrame]:
        """Return the last diagnosis that was kept: gaps, evidence, partnerships, roles."""
        with self._database.reading() as connection:
            return results.read(connection)

    def conflicts(self) -> pd.DataFrame:
        """Return the values in which the sources of one actor differ, the one that is kept first.

        Returns
        -------
        DataFrame, columns ``actor_id``, ``column``, ``value``, ``source_id``
            One row a value; texts are compared without case and accents.
        """
        with self._database.reading() as connection:
            return records.conflicts(store.read_layer(connection, LINKAGE_LAYERS[RECORDS]))

    def links(self) -> pd.DataFrame:
        """Return which actors are one, may be one, or were called different.

        Returns
        -------
        DataFrame, columns :data:`toolkit.workspace.linking.LINK_COLUMNS`
            One row a pair; ``zone`` is ``same`` (joined: the other is part of the one), ``ask`` (a
            question) or ``different``; ``answered_by`` is empty where the rule decided.
        """
        with self._database.reading() as connection:
            return linking.read_links(connection)

    def _author(self, who: str, *, what: str) -> Author:
        return Author(who=who or journal.user_name(), what=what, at=journal.iso(self._now()))
