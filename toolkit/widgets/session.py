"""One object behind the notebooks: a territory, its diagnosis, maps and tables in one language."""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import pandas as pd

from toolkit import vocabulary as v
from toolkit.background import NOTHING, Background
from toolkit.diagnosis import Diagnosis, diagnose, undiagnosed
from toolkit.errors import Problem, UsageError
from toolkit.language import column_label, enum_label, text
from toolkit.linkage.merging import CONFLICT_COLUMNS
from toolkit.partnerships import Wishes
from toolkit.schema import CONTRACTS
from toolkit.settings import LANGUAGES, Settings
from toolkit.sources import demo_territory
from toolkit.territory import Territory
from toolkit.views.frames import in_words, names_of, table_of
from toolkit.views.maps import map_of
from toolkit.views.shown import worded
from toolkit.views.tables import (
    follow_up_table,
    gap_kind_table,
    gap_table,
    panel_table,
    partnership_table,
)
from toolkit.views.words import folded
from toolkit.widgets.differing import conflict_table
from toolkit.workspace import Workspace
from toolkit.workspace.backgrounds import demo_background
from toolkit.workspace.links import questions_of, typed
from toolkit.workspace.naming import find_actors
from toolkit.workspace.questions import in_words as in_the_sheet

if TYPE_CHECKING:
    import folium

    from toolkit.widgets.questions import QuestionPanel

_ASKED: Final = (
    *("one_name", "other_name", "why", "probability", "distance_m"),
    *("one_place", "other_place", "one_sources", "other_sources"),
)
"""Columns of the table of questions: what decides first, as a wide table is cut at the right."""


@dataclass(eq=False)
class Session:
    """A territory opened in a notebook.

    Attributes
    ----------
    territory : Territory
        What is looked at; read again when an answer joined actors or took them apart.
    settings : Settings
        With which thresholds and weights.
    lang : str
        Language of maps and tables.
    workspace : Workspace or None
        The territory's folder; None for the demo.
    background : Background
        What is known beside the tables where there is no folder.
    """

    territory: Territory
    settings: Settings
    lang: str
    workspace: Workspace | None = None
    background: Background = NOTHING
    _scratch: list[str] = field(default_factory=list, repr=False)

    @cached_property
    def diagnosis(self) -> Diagnosis:
        """The diagnosis, made when it is first asked for, with all that is known beside."""
        workspace = self.workspace
        background = workspace.background(self.territory) if workspace else self.background
        return diagnose(self.territory, settings=self.settings, background=background)

    def key_figures(self) -> pd.DataFrame:
        """Return how many inhabitants, communes, actors of each family, and rows there are."""
        territory = self.territory
        families = territory.actors["family"].value_counts()
        figures = {
            text("session.population", lang=self.lang): territory.population,
            text("table.communes", lang=self.lang): len(territory.communes),
            text("table.actors", lang=self.lang): len(territory.actors),
            **{
                f"– {enum_label('family', code, lang=self.lang)}": families[code]
                for code in v.FAMILIES
                if code in families
            },
            **{
                text(f"table.{name}", lang=self.lang): len(territory.table(name))
                for name in ("resources", "needs", "flows", "cooperations", "practices", "sources")
            },
        }
        values = [float(value) for value in figures.values()]
        made = pd.DataFrame({text("session.number", lang=self.lang): values}, index=list(figures))
        return worded(made, lang=self.lang)

    def table(self, name: str) -> pd.DataFrame:
        """Return a table in words: of the model, or one of the diagnosis.

        Parameters
        ----------
        name : str
            Table of the model; or ``gaps``, ``gap_kinds``, ``panel`` (territories compared with),
            ``partnerships``, or ``follow_up`` (next steps of what was decided, overdue ones first).
        """
        if name == "gaps":
            return gap_table(self.diagnosis, lang=self.lang)
        if name == "gap_kinds":
            return gap_kind_table(self.diagnosis, lang=self.lang)
        if name == "partnerships":
            return partnership_table(self.diagnosis, lang=self.lang)
        if name == "panel":
            return panel_table(self.diagnosis, lang=self.lang)
        if name == "follow_up":
            decisions = self.territory.table(v.DECISIONS)
            return follow_up_table(decisions, today=dt.date.today(), lang=self.lang)  # noqa: DTZ011 - the officer's own day
        return table_of(self.territory, name, lang=self.lang)

    def partners(
        self,
        *,
        must: Sequence[str] = (),
        without: Sequence[str] = (),
        types: Sequence[str] = (),
    ) -> pd.DataFrame:
        """Return candidates that follow wishes, in words; the diagnosis stays as it is.

        Parameters
        ----------
        must, without : sequence of str
            Actors that every candidate holds, and that none holds: ids or names.
        types : sequence of str
            Types looked for; those of the settings where it is empty.

        Raises
        ------
        UsageError
            If an actor is unknown, or several bear its name; all of them at once.
        SettingsError
            If a type is unknown.
        """
        actors = self.territory.actors
        wishes = Wishes(find_actors(actors, must), find_actors(actors, without), tuple(types))
        return partnership_table(self.diagnosis.with_wishes(wishes), lang=self.lang)

    def reranked(self, **weights: float) -> pd.DataFrame:
        """Return the candidates ranked again under other weights, in words.

        Parameters
        ----------
        **weights : float
            Weight of a criterion by name; the others keep theirs.

        Raises
        ------
        UsageError
            If a criterion is unknown, a weight is negative, or all are 0.
        """
        strange = [name for name in weights if name not in v.CRITERIA]
        if strange:
            choices = {"choices": ", ".join(v.CRITERIA)}
            raise UsageError([Problem("weights_unknown", found=n, params=choices) for n in strange])
        try:
            frame = self.diagnosis.reranked(weights)
        except ValueError as err:
            raise UsageError(Problem("weights_useless", found=str(weights))) from err
        proposals = replace(self.diagnosis.proposals, partnerships=frame)
        return partnership_table(replace(self.diagnosis, proposals=proposals), lang=self.lang)

    def count(self, table: str, column: str, *, by: str) -> pd.DataFrame:
        """Return how many rows there are for each value of two columns of a table, in words.

        A cell that holds several values counts in each; a row without a value counts in none.
        """
        frame = self.territory.table(table)[[column, by]].dropna()
        exploded = frame.assign(**{name: frame[name].map(v.split_list) for name in (column, by)})
        exploded = exploded.explode(column).explode(by).dropna()
        names = names_of(self.territory, lang=self.lang)
        words = {
            name: in_words(
                exploded[name], CONTRACTS[table].column(name), names=names, lang=self.lang
            )
            for name in (column, by)
        }
        counts = pd.crosstab(words[column].to_numpy(), words[by].to_numpy())
        order = words[by].groupby(exploded[by].map(_place(by)).to_numpy()).first().unique()
        counts = counts.loc[sorted(counts.index, key=folded), list(order)]
        head = column_label(table, column, lang=self.lang)
        return worded(counts.rename_axis(index=head, columns=None), lang=self.lang)

    def gap(self, number: int) -> str:
        """Return the id of a gap, given its number in the table of gaps and in the report.

        Raises
        ------
        UsageError
            If there is no gap of this number.
        """
        return _numbered(self.diagnosis.gaps["gap_id"], number, code="unknown_gap")

    def candidate(self, number: int) -> str:
        """Return the id of a candidate, given its rank in the table and in the report.

        Raises
        ------
        UsageError
            If there is no candidate of this rank.
        """
        ids = self.diagnosis.partnerships["candidate_id"]
        return _numbered(ids, number, code="unknown_candidate")

    def map(self, *, diagnosed: bool = False) -> folium.Map:
        """Return the map of the territory, with gaps and candidates if it is diagnosed."""
        shown = self.diagnosis if diagnosed else undiagnosed(self.territory, settings=self.settings)
        return map_of(shown, lang=self.lang)

    # --- one record or two ------------------------------------------------------------------------
    def questions(self) -> QuestionPanel | Note:
        """Return where to answer which records are the same actor; a sentence for the demo."""
        if self.workspace is None:
            return Note(f"<p>{escape(text('questions.demo', lang=self.lang))}</p>")
        from toolkit.widgets.questions import QuestionPanel  # noqa: PLC0415 - slow to load

        return QuestionPanel(
            self.workspace,
            lang=self.lang,
            territory=lambda: self.territory,
            on_change=self.read_again,
        )

    def question_table(self) -> pd.DataFrame:
        """Return the open questions in words, the most probable first."""
        links = typed([]) if self.workspace is None else questions_of(self.workspace.links())
        titles = names_of(self.territory, lang=self.lang)
        words = in_the_sheet(links, titles, lang=self.lang)[list(_ASKED)]
        heads = {name: text(f"linkage.column.{name}", lang=self.lang) for name in _ASKED}
        return worded(words.rename(columns=heads), lang=self.lang)

    def conflicts(self) -> pd.DataFrame:
        """Return the cells in which the sources of one actor differ, in words."""
        found = pd.DataFrame(columns=list(CONFLICT_COLUMNS), dtype="str")
        if self.workspace is not None:
            found = self.workspace.conflicts()
        return conflict_table(found, self.territory, lang=self.lang)

    def read_again(self) -> None:
        """Read the territory from its folder again; the diagnosis is made anew when asked for."""
        if self.workspace is not None:
            self.territory = self.workspace.territory()
            self.__dict__.pop("diagnosis", None)

    # --- reports ----------------------------------------------------------------------------------
    def written(self, path: Path) -> Note:
        """Return where a report was written, with a link that the notebook opens."""
        said = escape(text("session.written", lang=self.lang, path=path))
        if self.workspace is None:  # a passing folder, where no link of a notebook leads
            return Note(f"<p>{said}</p>")
        link = quote(Path(os.path.relpath(path)).as_posix())
        word = escape(text("session.open", lang=self.lang))
        return Note(f'<p>{said} – <a href="{link}" target="_blank">{word}</a></p>')

    def reports_folder(self) -> Path:
        """Return where reports go: the workspace's folder, or a passing one for the demo."""
        if self.workspace is not None:
            return self.workspace.reports
        if not self._scratch:
            self._scratch.append(tempfile.mkdtemp(prefix="maillage-"))
        return Path(self._scratch[0])


@dataclass(frozen=True, slots=True)
class Note:
    """A line that a notebook shows."""

    html: str

    def _repr_html_(self) -> str:
        """Return what the notebook shows."""
        return self.html


def _place(column: str) -> Callable[[str], int | str]:
    """Return where a code stands in its closed list; the code itself where it has none."""
    codes = v.ENUMS.get(column, ())
    return lambda code: codes.index(code) if code in codes else code


def _numbered(ids: pd.Series, number: int, *, code: str) -> str:
    """Return the id of a row, given its number from one."""
    if not 1 <= number <= len(ids):
        raise UsageError(Problem(code, found=str(number)))
    return str(ids.iloc[number - 1])


def open_session(folder: str | Path = "") -> Session:
    """Open a territory for a notebook.

    Parameters
    ----------
    folder : str or Path, default ""
        The territory's folder.  Left empty: the workspace in whose ``notebooks`` folder the
        notebook lies, else the fictional demo, in the language of the notebook's folder.

    Raises
    ------
    WorkspaceError
        If the folder is no territory, or its database cannot be read.
    """
    here = Path.cwd()
    if folder or Workspace.is_at(here.parent):
        workspace = Workspace(Path(folder) if folder else here.parent)
        settings = workspace.settings()
        return Session(
            territory=workspace.territory(),
            settings=settings,
            lang=workspace.lang,
            workspace=workspace,
        )
    lang = here.name if here.name in LANGUAGES else "fr"
    territory = demo_territory()
    return Session(
        territory=territory,
        settings=Settings(language=lang),
        lang=lang,
        background=demo_background(territory),
    )
