"""What is asked for by name or by file, as extracts; a source that fails leaves the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from toolkit.errors import DataError, Problem, UsageError
from toolkit.sources.catalogue import (
    BESIDE_SIRENE,
    BY_NAME,
    NOTHING_KNOWN,
    SIRENE,
    Context,
    load_files,
)
from toolkit.sources.download import Downloader, Kept
from toolkit.sources.extract import Extract
from toolkit.sources.places import NOWHERE, Area, wanted_of
from toolkit.sources.registry import REFERENCES, Entry, address_of

Progress = Callable[[str, int, int | None], None]
SPOILT: Final = frozenset(
    {
        "sources_damaged",
        "sources_empty_file",
        "sources_encoding",
        "sources_first_bytes",
        "sources_json_layout",
        "sources_no_rows",
        "sources_not_json",
        "sources_not_text",
        "sources_osm_remark",
        "sources_osm_unmeasured",
    }
)
"""Faults and notes after which a copy is no copy worth keeping."""
MOVED: Final = frozenset({"download_refused", "download_redirects", "download_other_content"})
"""Faults after which an address has to be looked for."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """Extracts, and why sources are missing.

    Attributes
    ----------
    extracts : tuple of Extract
        Files, then downloads, each in the order asked for; what is read by the actors that are
        known comes last.
    missing : tuple of Problem
        Why sources that were to be downloaded are not there.
    """

    extracts: tuple[Extract, ...]
    missing: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """A source that can be downloaded.

    Attributes
    ----------
    entry : Entry
        The source.
    age_days : int or None
        Age of the copy in the cache, the oldest of several files; None if one of them is not there.
    size : int
        Bytes of the copies, with those beside it.
    size_mb : int
        Megabytes to be expected, with the sources beside it; 0 where it is not known.
    """

    entry: Entry
    age_days: int | None
    size: int = 0
    size_mb: int = 0

    @property
    def measure(self) -> dict[str, int]:
        """Megabytes that are known: ``size`` of the copies, ``about`` expected, or ``at_most``."""
        if self.size:
            return {"size": max(1, round(self.size / 1e6))}
        return {"about": self.size_mb} if self.size_mb else {"at_most": self.entry.max_mb}


@dataclass(frozen=True, slots=True)
class Copy:
    """A file of a source that is at hand."""

    entry: Entry
    path: Path
    kept: Kept | None


@dataclass(frozen=True, slots=True)
class Means:
    """How files are had: who downloads, of which places, and who is told of it.

    Attributes
    ----------
    downloader : Downloader
        How.
    area : Area
        Places for addresses that leave one open.
    progress : callable, optional
        Called with a name, the bytes received and the bytes expected (None if unknown).
    """

    downloader: Downloader
    area: Area = NOWHERE
    progress: Progress | None = None


def offers(
    registry: Mapping[str, Entry], downloader: Downloader, *, area: Area = NOWHERE
) -> list[Offer]:
    """Return every source of a territory that can be downloaded, by name."""
    made = []
    for entry in sorted(registry.values(), key=lambda one: one.name):
        if entry.kind in REFERENCES:
            continue
        group = [entry, *(registry[name] for name in entry.beside)]
        paths = [
            downloader.path_of(wanted)
            for one in group
            for wanted in wanted_of(one, one.address, area=area)
        ]
        known = [downloader.noted_at(path) for path in paths]
        ages = [kept.age_days(downloader.now()) for kept in known if kept]
        expected = sum(one.size_mb for one in group) if all(one.size_mb for one in group) else 0
        if ages and len(ages) == len(paths):
            size = sum(path.stat().st_size for path in paths)
            made.append(Offer(entry, max(ages), size, size_mb=expected))
        else:
            made.append(Offer(entry, None, size_mb=expected))
    return made


def fetch(
    words: Sequence[str],
    *,
    registry: Mapping[str, Entry],
    means: Means,
    kind: str = "",
    known: Context = NOTHING_KNOWN,
) -> Fetched:
    """Return what is asked for, downloaded where it is asked for by name.

    Parameters
    ----------
    words : sequence of str
        Names of sources, and paths of files (``KIND=FILE`` says what one is).  Files come before
        downloads in the order of trust.
    registry : Mapping of str to Entry
        Sources that can be downloaded.  Those that only say more of another one are downloaded
        with it, and read beside it.
    means : Means
        How.
    kind : str, default ""
        What the files given by path are; each is recognised where it is left out.
    known : Context
        What the files do not say.

    Raises
    ------
    UsageError
        If a word is neither a file nor a source, or the request is wrong otherwise.
    DataError
        If a file given by path cannot be read, or no source at all could be had.
    """
    own = [Path(word) for word in words if word not in registry]
    asked = [registry[word] for word in dict.fromkeys(words) if word in registry]
    _check(words, asked, registry=registry, has_files=bool(own))
    main = [entry for entry in asked if entry.kind not in BESIDE_SIRENE]
    beside = [entry for entry in asked if entry.kind in BESIDE_SIRENE]
    missing: list[Problem] = []
    extracts: list[Extract] = []
    if own:
        # Beside files at hand only where no establishments are downloaded.
        with_own = [] if any(entry.kind == SIRENE for entry in main) else beside
        copies = _all_copies(with_own, means, missing=missing)
        # Actors that are still to be downloaded may have contracts in a file at hand.
        knowing = replace(known, sirens=None) if main else known
        loaded = load_files([*own, *_named(copies)], kind=kind, known=knowing)
        extracts += [described(extract, copies) for extract in loaded]
    for entry in sorted(main, key=lambda one: BY_NAME[one.kind].of_actors):
        partners = _partners(entry, beside, registry=registry)
        knowing = known.knowing(extracts) if BY_NAME[entry.kind].of_actors else known
        try:
            extracts += _source(entry, partners, means=means, known=knowing, missing=missing)
        except DataError as error:
            missing += error.problem_list
    if missing and not extracts:
        raise DataError(missing)
    return Fetched(tuple(extracts), tuple(missing))


def copies_of(entry: Entry, means: Means, *, missing: list[Problem]) -> list[Copy]:
    """Return the files of a source, downloaded or from the cache; note why others are missing.

    Raises
    ------
    SourceError
        If the address of a data set cannot be looked up.
    """
    downloader, progress = means.downloader, means.progress
    made = []
    faults: list[Problem] = []
    address = address_of(entry, downloader)
    asked = list(wanted_of(entry, address, area=means.area))
    if not asked:
        found = ", ".join(entry.open_places)
        faults.append(Problem("registry_nowhere", where=entry.name, found=found))
    for wanted in asked:
        told = None
        if progress is not None:
            told = _teller(progress, wanted.name if entry.open_places else entry.name)
        try:
            path = downloader.fetch(wanted, progress=told)
        except DataError as error:
            faults += error.problem_list
        else:
            made.append(Copy(entry, path, downloader.noted_at(path)))
    if entry.page and any(fault.code in MOVED for fault in faults):
        faults.append(Problem("registry_page", where=entry.name, found=entry.page))
    missing += faults
    return made


def described(extract: Extract, copies: Iterable[Copy]) -> Extract:
    """Return an extract with what the registry says of the files that it was read from."""
    by_sum = {copy.kept.sha256: copy for copy in copies if copy.kept is not None}
    made = extract
    for source_id, digest in zip(
        extract.sources["source_id"], extract.sources["sha256"], strict=True
    ):
        if (copy := by_sum.get(str(digest))) is not None and copy.kept is not None:
            entry = copy.entry
            said = {"title": entry.title, "producer": entry.producer, "licence": entry.licence}
            cells: dict[str, Any] = {name: cell for name, cell in said.items() if cell}
            cells["retrieved_at"] = copy.kept.retrieved_at[:10]
            made = made.described(str(source_id), **cells)
    return made


# --- what is asked for --------------------------------------------------------------------------
def _check(
    words: Sequence[str],
    asked: Sequence[Entry],
    *,
    registry: Mapping[str, Entry],
    has_files: bool,
) -> None:
    """Refuse what cannot be taken, before anything is downloaded."""
    choices = ", ".join(sorted(name for name in registry if registry[name].kind in BY_NAME))
    has_stock = has_files or any(entry.kind == SIRENE for entry in asked)
    problems = [
        Problem("registry_unknown", found=word, params={"choices": choices})
        for word in words
        if word not in registry and not _is_path(word)
    ]
    for entry in asked:
        if entry.kind in REFERENCES:
            problems.append(Problem("registry_reference", found=entry.name))
        elif entry.kind not in BY_NAME:
            kinds = {"choices": ", ".join(BY_NAME)}
            problems.append(Problem("sources_kind_unknown", found=entry.kind, params=kinds))
        elif entry.kind in BESIDE_SIRENE and not has_stock:
            problems.append(Problem("registry_needs", where=entry.name, found=SIRENE))
    if problems:
        raise UsageError(problems)


def _is_path(word: str) -> bool:
    return bool(Path(word).suffix) or Path(word).exists() or "=" in word


def _partners(
    entry: Entry, beside: Sequence[Entry], *, registry: Mapping[str, Entry]
) -> list[Entry]:
    """Return the sources that are read beside another one: its own, and those asked for."""
    own = [registry[name] for name in entry.beside]
    more = beside if entry.kind == SIRENE else ()
    return list(dict.fromkeys((*own, *more)))


# --- one source ---------------------------------------------------------------------------------
def _source(
    entry: Entry,
    partners: Sequence[Entry],
    *,
    means: Means,
    known: Context,
    missing: list[Problem],
) -> list[Extract]:
    """Return the extracts of the files of a source; note why others are missing.

    The files beside it are asked for only when it is there itself.
    """
    copies = copies_of(entry, means, missing=missing)
    beside = _all_copies(partners if copies else [], means, missing=missing)
    had = {copy.entry.name for copy in beside}
    missing += [
        Problem(
            "sources_beside_missing", found=one.title or one.name, params={"source": entry.name}
        )
        for one in partners
        if copies and one.name not in had
    ]
    dated = replace(known, year=known.year or entry.data_year or None)
    extracts = []
    for copy in copies:
        try:
            extract, used = _loaded(copy, beside, known=dated, missing=missing)
        except DataError as error:
            missing += error.problem_list
            _forget_spoilt([copy, *beside], error.problem_list)
        else:
            extracts.append(_cut(described(extract, used), entry))
            _forget_spoilt([copy], extract.notes)
    return extracts


def _all_copies(entries: Iterable[Entry], means: Means, *, missing: list[Problem]) -> list[Copy]:
    """Return the files of several sources; note why others are missing."""
    copies = []
    for entry in entries:
        try:
            copies += copies_of(entry, means, missing=missing)
        except DataError as error:
            missing += error.problem_list
    return copies


def _loaded(
    copy: Copy, beside: Sequence[Copy], *, known: Context, missing: list[Problem]
) -> tuple[Extract, list[Copy]]:
    """Return the extract of a file with those beside it; without those that cannot be read."""
    used = [copy, *beside]
    try:
        (extract,) = load_files(_named(used), known=known)
    except DataError as error:
        bad = {problem.where for problem in error.problem_list}
        good = [one for one in beside if one.path.name not in bad]
        if len(good) == len(beside):
            raise
        missing += error.problem_list
        _forget_spoilt(beside, error.problem_list)
        return _loaded(copy, good, known=known, missing=missing)
    return extract, used


def _forget_spoilt(copies: Iterable[Copy], problems: Iterable[Problem]) -> None:
    """Ask again the next time for files that are damaged, or that a busy service cut short."""
    spoilt = {problem.where for problem in problems if problem.code in SPOILT}
    for copy in copies:
        if copy.path.name in spoilt:
            Downloader.forget(copy.path)


def _named(copies: Iterable[Copy]) -> list[Path]:
    """Return files with what they are, as the catalogue takes them."""
    return [Path(f"{copy.entry.kind}={copy.path}") for copy in copies]


def _cut(extract: Extract, entry: Entry) -> Extract:
    """Return an extract with a note where the service cut its answer."""
    if not entry.full_rows or extract.counts.get("read", 0) < entry.full_rows:
        return extract
    note = Problem(
        "sources_cut_short",
        where=str(extract.source["source_id"]),
        found=str(entry.full_rows),
    )
    return replace(extract, notes=(*extract.notes, note))


def _teller(progress: Progress, name: str) -> Callable[[int, int | None], None]:
    return lambda done, whole: progress(name, done, whole)
