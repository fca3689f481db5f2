"""What is asked for by name or by file, as extracts; a source that fails leaves the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from toolkit.errors import DataError, Problem, UsageError
from toolkit.sources.catalogue import BY_NAME, NOTHING_KNOWN, Context, load_files
from toolkit.sources.download import Downloader
from toolkit.sources.extract import Extract
from toolkit.sources.registry import Entry, download

Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True, slots=True)
class Fetched:
    """Extracts, and why sources are missing.

    Attributes
    ----------
    extracts : tuple of Extract
        Files, then downloads, each in the order asked for.
    missing : tuple of Problem
        Why sources that were to be downloaded are not there.
    """

    extracts: tuple[Extract, ...]
    missing: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """A source that can be downloaded, and how old the copy in the cache is (None: no copy)."""

    entry: Entry
    age_days: int | None


def offers(registry: Mapping[str, Entry], downloader: Downloader) -> list[Offer]:
    """Return every source that can be downloaded, by name."""
    made = []
    for name in sorted(registry):
        entry = registry[name]
        known = downloader.known(entry.wanted(entry.address))
        made.append(Offer(entry, known.age_days(downloader.now()) if known else None))
    return made


def fetch(
    words: Sequence[str],
    *,
    registry: Mapping[str, Entry],
    downloader: Downloader,
    kind: str = "",
    known: Context = NOTHING_KNOWN,
    progress: Progress | None = None,
) -> Fetched:
    """Return what is asked for, downloaded where it is asked for by name.

    Parameters
    ----------
    words : sequence of str
        Names of sources, and paths of files (``KIND=FILE`` says what one is).  Files come before
        downloads in the order of trust.
    registry : Mapping of str to Entry
        Sources that can be downloaded.
    downloader : Downloader
        How.
    kind : str, default ""
        What the files given by path are; each is recognised where it is left out.
    known : Context
        What the files do not say.
    progress : callable, optional
        Called with a name, the bytes received and the bytes expected (None if unknown).

    Raises
    ------
    UsageError
        If a word is neither a file nor a source, or the request is wrong otherwise.
    DataError
        If a file given by path cannot be read, or no source at all could be had.
    """
    strangers = [word for word in words if word not in registry and not _is_path(word)]
    if strangers:
        choices = {"choices": ", ".join(sorted(registry))}
        raise UsageError(
            [Problem("registry_unknown", found=word, params=choices) for word in strangers]
        )
    own = [Path(word) for word in words if word not in registry]
    extracts = list(load_files(own, kind=kind, known=known))
    missing: list[Problem] = []
    for word in words:
        if word in registry:
            try:
                extracts.append(
                    _downloaded(registry[word], downloader, known=known, progress=progress)
                )
            except DataError as error:
                missing += error.problem_list
    if missing and not extracts:
        raise DataError(missing)
    return Fetched(tuple(extracts), tuple(missing))


def _is_path(word: str) -> bool:
    return bool(Path(word).suffix) or Path(word).exists() or "=" in word


def _downloaded(
    entry: Entry, downloader: Downloader, *, known: Context, progress: Progress | None
) -> Extract:
    """Return the extract of a source that is downloaded, with what the registry says of it."""
    if entry.kind not in BY_NAME:
        choices = {"choices": ", ".join(BY_NAME)}
        raise UsageError(Problem("sources_kind_unknown", found=entry.kind, params=choices))
    told = None if progress is None else (lambda done, whole: progress(entry.name, done, whole))
    path = download(entry, downloader, progress=told)
    kept = downloader.known_at(path)
    dated = replace(known, year=known.year or entry.data_year or None)
    (extract,) = load_files([path], kind=entry.kind, known=dated)
    said = {"title": entry.title, "producer": entry.producer, "licence": entry.licence}
    cells: dict[str, Any] = {name: cell for name, cell in said.items() if cell}
    if kept is not None:
        cells["retrieved_at"] = kept.retrieved_at[:10]
    return extract.described(**cells)
