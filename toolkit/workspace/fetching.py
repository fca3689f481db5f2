"""Open data asked for by name or by file, into a territory."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.errors import DataError, Problem
from toolkit.sources import fetching, mapping_guess, registry
from toolkit.sources.catalogue import Context
from toolkit.sources.download import Downloader
from toolkit.sources.passage import read_passage
from toolkit.workspace.gathering import GatherReport

if TYPE_CHECKING:
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
    """

    words: tuple[str, ...]
    kind: str = ""
    year: int | None = None
    passage: Path | None = None
    mapping: Path | None = None
    offline: bool = False


def offers(workspace: Workspace) -> list[fetching.Offer]:
    """Return the sources that a territory can download, with the age of the copies at hand."""
    known = registry.read_registry(workspace.folder / registry.OVERRIDE)
    return fetching.offers(known, Downloader(registry.cache_folder()))


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
    context = Context(
        communes=frozenset(workspace.tables()["communes"]["commune_id"]),
        passage=read_passage(wish.passage) if wish.passage else None,
        year=wish.year,
        day=dt.datetime.now(tz=dt.UTC).date(),
        mapping=wish.mapping,
    )
    fetched = fetching.fetch(
        wish.words,
        registry=registry.read_registry(workspace.folder / registry.OVERRIDE),
        downloader=Downloader(registry.cache_folder(), offline=wish.offline),
        kind=wish.kind,
        known=context,
        progress=progress,
    )
    return workspace.add_sources(fetched.extracts, passage=context.passage), fetched.missing
