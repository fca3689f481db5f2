"""Open data asked for by name or by file, into a territory."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd

from toolkit import crs
from toolkit import vocabulary as v
from toolkit.errors import DataError, Problem, UsageError
from toolkit.sources import fetching, mapping_guess, registry
from toolkit.sources.catalogue import Context
from toolkit.sources.communes import read_communes
from toolkit.sources.download import Downloader
from toolkit.sources.near import sirens_of
from toolkit.sources.outlines import download_communes
from toolkit.sources.passage import read_passage
from toolkit.sources.places import Area
from toolkit.workspace.gathering import GatherReport

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from toolkit.sources.extract import Extract
    from toolkit.sources.selection import Selection
    from toolkit.workspace.folder import Workspace


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for.

    Attributes
    ----------
    words : tuple of str
        Names of sources to download, and paths of files.
    kind : str
        What the files are; each is recognised where it is left out.
    year : int or None
        Year of the data, for files that do not say it.
    passage, mapping : Path or None
        Passage table of communes; mapping file of tables that no loader knows.
    offline : bool
        Whether only copies in the cache may be used.
    drop_gone : bool
        Whether actors that a newer edition does not give any more are deleted.
    """

    words: tuple[str, ...]
    kind: str = ""
    year: int | None = None
    passage: Path | None = None
    mapping: Path | None = None
    offline: bool = False
    drop_gone: bool = False


@dataclass(frozen=True, slots=True)
class Files:
    """Files at hand that draw a perimeter.

    Attributes
    ----------
    outlines : tuple of Path
        Communes with their outline; downloaded where there are none.
    population, passage : Path or None
        Inhabitants and groupings; passage table of communes.
    """

    outlines: tuple[Path, ...] = ()
    population: Path | None = None
    passage: Path | None = None


def find_communes(
    selection: Selection,
    files: Files,
    *,
    without: Sequence[str] = (),
    cog_year: int | None = None,
    offline: bool = False,
    progress: fetching.Progress | None = None,
) -> Extract:
    """Return the communes of a perimeter: from files, else from outlines that are downloaded.

    See :func:`toolkit.sources.communes.read_communes` and
    :func:`toolkit.sources.outlines.download_communes`.

    Raises
    ------
    UsageError
        If the request is wrong, or needs files that are not given.
    SourceError
        If a download cannot be had.
    SchemaError
        If outlines are missing or double, or years are mixed.
    DataError
        If a file cannot be read.
    """
    if files.outlines:
        return read_communes(
            files.outlines,
            selection=selection,
            population=files.population,
            cog_year=cog_year,
            passage=files.passage,
            without=without,
        )
    given = {"--population": files.population, "--passage": files.passage}
    problems = [Problem("new_needs_files", found=option) for option, path in given.items() if path]
    if problems:
        raise UsageError(problems)
    return download_communes(
        selection,
        registry=registry.read_registry(),
        means=fetching.Means(
            Downloader(registry.cache_folder(), offline=offline), progress=progress
        ),
        without=without,
        cog_year=cog_year,
    )


def offers(workspace: Workspace) -> list[fetching.Offer]:
    """Return the sources that a territory can download, with the age of the copies at hand."""
    known = registry.read_registry(workspace.folder / registry.OVERRIDE)
    area = _area(workspace.tables()[v.COMMUNES])
    return fetching.offers(known, Downloader(registry.cache_folder()), area=area)


def _area(communes: pd.DataFrame) -> Area:
    """Return the places of a territory for which files are asked."""
    west, south, east, north = gpd.GeoDataFrame(communes).to_crs(epsg=crs.STORAGE_EPSG).total_bounds
    return Area(
        communes=frozenset(communes["commune_id"]),
        epci=frozenset(communes["epci_id"].dropna()),
        box=(south, west, north, east),
    )


def fetch_sources(
    workspace: Workspace, wish: Wish, *, progress: fetching.Progress | None = None
) -> tuple[GatherReport, tuple[Problem, ...]]:
    """Take what is asked for into a territory; return what it did, and why sources are missing.

    Where the mapping file does not exist, a proposal is written there, and nothing is taken.

    Raises
    ------
    UsageError
        If the request is wrong.
    DataError
        If a file cannot be read, no source could be had, nothing lies in the perimeter, or a
        mapping was proposed that somebody has to look at.
    """
    if wish.mapping is not None and not wish.mapping.exists():
        first = Path(wish.words[0])
        words = mapping_guess.propose_mapping(first, lang=workspace.lang)
        mapping_guess.save_mapping(words, wish.mapping)
        found = str(wish.mapping)
        raise DataError(Problem("sources_mapping_written", where=first.name, found=found))
    tables = workspace.tables()
    communes = tables[v.COMMUNES]
    context = Context(
        communes=frozenset(communes["commune_id"]),
        passage=read_passage(wish.passage) if wish.passage else None,
        year=wish.year,
        day=dt.datetime.now(tz=dt.UTC).date(),
        mapping=wish.mapping,
        sirens=sirens_of(tables[v.ACTORS]),
        progress=progress,
    )
    fetched = fetching.fetch(
        wish.words,
        registry=registry.read_registry(workspace.folder / registry.OVERRIDE),
        means=fetching.Means(
            Downloader(registry.cache_folder(), offline=wish.offline), _area(communes), progress
        ),
        kind=wish.kind,
        known=context,
    )
    report = workspace.add_sources(
        fetched.extracts, passage=context.passage, drop_gone=wish.drop_gone
    )
    return report, fetched.missing
