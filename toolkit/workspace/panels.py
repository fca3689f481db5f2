"""The comparison panel of a territory: made of files or downloads, or taken ready."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import pandas as pd

from toolkit import vocabulary as v
from toolkit.errors import DataError, MissingDependencyError, Problem, UsageError
from toolkit.gaps.panel import choose_panel
from toolkit.language import text
from toolkit.sources import fetching, panels, registry, side_tables
from toolkit.sources.download import Downloader
from toolkit.sources.extract import source_row
from toolkit.sources.panel_counts import Counts, read_counts
from toolkit.sources.panel_facts import read_areas, read_incomes
from toolkit.sources.panels import Facts, Own, Panel, build_panel
from toolkit.sources.passage import Passage, read_passage
from toolkit.sources.populations import COLUMNS, read_populations
from toolkit.sources.reading import listed
from toolkit.workbook.identities import slug
from toolkit.workspace import backgrounds

if TYPE_CHECKING:
    from toolkit.territory import Territory
    from toolkit.workspace.folder import Workspace

T = TypeVar("T")

OWN: Final = "territory:"
"""Beginning of the id of a territory that is no EPCI; the name follows."""
_LEFT: Final[Mapping[str, str]] = {
    panels.UNCOVERED: "sources_panel_left",
    panels.NO_POPULATION: "sources_panel_left_population",
    panels.OVERLAPS: "sources_panel_left_overlaps",
}


@dataclass(frozen=True, slots=True)
class PanelWish:
    """Of what a panel is made.

    Attributes
    ----------
    counts : tuple of str
        Files of counts by commune, or names of sources to download.
    members : str
        File of the groupings with their communes, or the name of a source.
    population, areas, income, passage : Path or None
        Inhabitants, area and median income of communes; passage table.
    ready : Path or None
        A panel that is ready, in place of all these.
    offline : bool
        Whether only copies in the cache may be used.
    """

    counts: tuple[str, ...] = ()
    members: str = registry.GROUPINGS
    population: Path | None = None
    areas: Path | None = None
    income: Path | None = None
    passage: Path | None = None
    ready: Path | None = None
    offline: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class PanelReport:
    """What a panel holds, and what it does not.

    Attributes
    ----------
    panel : Panel
        Rows, own territory, territories left out.
    path : Path
        The file written.
    choice : DataFrame
        Columns :data:`toolkit.gaps.panel.CHOICE_COLUMNS`: which ones the territory is compared
        with, by its settings.
    notes : tuple of Problem
        What a reader should know.
    """

    panel: Panel
    path: Path
    choice: pd.DataFrame
    notes: tuple[Problem, ...] = ()

    def lines(self, *, lang: str) -> list[str]:
        """Return the report in words: how many, which is one's own, with whom it is compared."""
        frame, own_id = self.panel.frame, self.panel.own_id
        one = frame.drop_duplicates("territory_id").set_index("territory_id")
        kinds = one["kind"].value_counts().sort_index()
        said = ", ".join(f"{count} {str(kind) or '?'}" for kind, count in kinds.items())
        own = str(one.loc[own_id, "name"])
        activities = frame[["nomenclature", "activity"]].drop_duplicates()
        chosen = self.choice["name"][self.choice["chosen"]].astype("str").tolist()
        return [
            text("workspace.panel.territories", lang=lang, count=len(one), kinds=said),
            text("workspace.panel.activities", lang=lang, count=len(activities)),
            text("workspace.panel.own", lang=lang, name=own, own=own_id),
            text("workspace.panel.chosen", lang=lang, count=len(chosen), names=", ".join(chosen)),
        ]


def make_panel(
    workspace: Workspace, wish: PanelWish, *, progress: fetching.Progress | None = None
) -> PanelReport:
    """Make the comparison panel of a territory, and write it into its folder of sources.

    The sources of the panel are added to the table of sources.

    Parameters
    ----------
    workspace : Workspace
        The territory.
    wish : PanelWish
        Of what.
    progress : callable, optional
        Told of downloads.

    Raises
    ------
    UsageError
        If nothing to count is given, or a ready panel and files; nothing is written.
    DataError
        If a file cannot be read, or the territory is not covered; nothing is written.
    SettingsError
        If the settings name territories that are not in the panel; nothing is written.
    """
    _check(wish)
    territory = workspace.territory()
    if wish.ready is not None:
        frame = side_tables.read_panel(wish.ready)
        own_id = backgrounds.find_own(frame, territory)
        made = Panel(frame, own_id, pd.DataFrame(columns=list(panels.LEFT_COLUMNS), dtype="str"))
        title = _title(wish.ready, "panel", lang=workspace.lang)
        rows = [{**source_row(wish.ready, kind="panel", title=title), "rows": len(frame)}]
    else:
        made, rows = _built(workspace, territory, wish=wish, progress=progress)
    choice = choose_panel(made.frame, made.own_id, settings=workspace.settings())
    path = backgrounds.save_panel(made.frame, workspace.sources)
    given = pd.DataFrame(rows).drop_duplicates("source_id")
    what = text("workspace.what.panel", lang=workspace.lang)
    workspace.write({v.SOURCES: given}, what=what)
    return PanelReport(made, path, choice, (*_left_notes(made.left_out), *made.notes))


def _title(path: Path, kind: str, *, lang: str) -> str:
    return text(f"workspace.panel_source.{kind}", lang=lang, file=path.name)


def _check(wish: PanelWish) -> None:
    """Refuse a request that asks for nothing, or for two things."""
    if wish.ready is None and not wish.counts:
        raise UsageError(Problem("panel_nothing"))
    given = {
        "--counts": wish.counts,
        "--population": wish.population,
        "--areas": wish.areas,
        "--income": wish.income,
        "--passage": wish.passage,
    }
    problems = [Problem("panel_both", found=option) for option, value in given.items() if value]
    if wish.ready is not None and problems:
        raise UsageError(problems)


# --- files --------------------------------------------------------------------------------------
@dataclass(slots=True)
class _Files:
    """Files at hand or downloaded; everything that is wrong with them, and their sources."""

    means: fetching.Means
    known: Mapping[str, registry.Entry]
    lang: str
    faults: list[Problem] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)

    def found(self, word: str) -> list[tuple[Path, dict[str, object]]]:
        """Return the files that a word names, each with what the registry says of it."""
        entry = self.known.get(word)
        if entry is None:
            return [(Path(word), {})]
        copies: list[fetching.Copy] = self.tried(
            lambda: fetching.copies_of(entry, self.means, missing=self.faults), otherwise=[]
        )
        names = ("title", "producer", "licence", "data_year")
        said = {name: cell for name in names if (cell := getattr(entry, name))}
        return [
            (copy.path, said | ({"retrieved_at": copy.kept.retrieved_at[:10]} if copy.kept else {}))
            for copy in copies
        ]

    def read(self, path: Path | None, reader: Callable[[Path], T], *, kind: str, empty: T) -> T:
        """Return what a reader makes of a file, and note its source."""
        if path is None:
            return empty
        made = self.tried(lambda: reader(path), otherwise=empty)
        if path.is_file():
            self.rows.append(source_row(path, kind=kind, title=_title(path, kind, lang=self.lang)))
        return made

    def tried(self, make: Callable[[], T], *, otherwise: T) -> T:
        """Return what a step makes; its faults are kept for later."""
        try:
            return make()
        except (DataError, MissingDependencyError) as error:
            self.faults += error.problem_list
            return otherwise


def _built(
    workspace: Workspace,
    territory: Territory,
    *,
    wish: PanelWish,
    progress: fetching.Progress | None,
) -> tuple[Panel, list[dict[str, Any]]]:
    """Return the panel of files and downloads, and the rows of their sources."""
    downloader = Downloader(registry.cache_folder(), offline=wish.offline)
    files = _Files(
        fetching.Means(downloader, progress=progress),
        registry.read_registry(workspace.folder / registry.OVERRIDE),
        workspace.lang,
    )
    passage = files.read(wish.passage, read_passage, kind="passage", empty=None)
    members = _members(files, wish, passage=passage)
    nothing = Facts()
    facts = Facts(
        files.read(wish.areas, read_areas, kind="areas", empty=nothing.areas),
        files.read(wish.income, read_incomes, kind="incomes", empty=nothing.incomes),
    )
    counts = _counts(files, wish, communes=set(members["commune_id"]), passage=passage)
    if files.faults:
        raise DataError(files.faults)
    own = Own(
        f"{OWN}{slug(territory.name)}",
        territory.name,
        frozenset(territory.communes["commune_id"]),
        backgrounds.epci_of(territory.communes),
    )
    made = build_panel(counts, members, own=own, facts=facts, passage=passage)
    return made, files.rows


def _members(files: _Files, wish: PanelWish, *, passage: Passage | None) -> pd.DataFrame:
    """Return the communes with their EPCI and inhabitants."""
    parts = []
    for path, said in files.found(wish.members):
        part = files.read(path, read_populations, kind="groupings", empty=None)
        if part is not None:
            files.rows[-1] |= said
            parts.append(part)
    if not parts:
        return pd.DataFrame(columns=list(COLUMNS))
    members = pd.concat(parts, ignore_index=True).drop_duplicates("commune_id")
    people = files.read(wish.population, read_populations, kind="population", empty=None)
    if people is None:
        return members
    known = people["commune_id"].isin(members["commune_id"])
    moved = passage.apply(people["commune_id"]) if passage else people["commune_id"]
    codes = people["commune_id"].where(known, moved)
    summed = people.groupby(codes)["population"].sum(min_count=1)
    given = members["commune_id"].map(summed)
    return members.assign(population=given.fillna(members["population"]))


def _counts(
    files: _Files, wish: PanelWish, *, communes: set[str], passage: Passage | None
) -> list[Counts]:
    """Return the counts of every file, and note their sources."""
    made = []
    for word in wish.counts:
        for path, said in files.found(word):
            reader = partial(read_counts, path, communes=communes, passage=passage)
            counts = files.tried(reader, otherwise=None)
            if counts is not None:
                made.append(counts)
                files.rows.append({**counts.source, **said})
    return made


def _left_notes(left: pd.DataFrame) -> list[Problem]:
    """Return a note a reason for which territories are left out."""
    notes = []
    for reason, code in _LEFT.items():
        rows = left[left["reason"] == reason]
        if len(rows):
            communes = sum(len(v.split_list(cell)) for cell in rows["communes"])
            params = {"examples": listed(rows["name"]), "count": communes}
            notes.append(Problem(code, found=str(len(rows)), params=params))
    return notes
