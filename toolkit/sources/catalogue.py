"""The sources that are known: a file is recognised by its columns and read by its own loader."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from toolkit import vocabulary as v
from toolkit.errors import DataError, Problem, UsageError
from toolkit.sources import (
    bpe,
    commuting,
    data_inclusion,
    decp,
    ess_lists,
    france_services,
    gogocarto,
    irep,
    mapped,
    municipalities,
    overpass,
    populations,
    recognition,
    reuse_actors,
    rna,
    schools,
    siae,
    sinoe,
    sirene_daily,
    sirene_places,
    sirene_stock,
    sirene_units,
)
from toolkit.sources.extract import Extract
from toolkit.sources.near import Near, sirens_of
from toolkit.sources.passage import Passage
from toolkit.sources.reading import Columns, header_of

Told = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Context:
    """What files do not say themselves.

    Attributes
    ----------
    communes : frozenset of str
        INSEE codes of the perimeter: what is read of files too big to be read whole.
    passage : Passage or None
        From old codes of communes to those of the perimeter.
    year : int or None
        Year of the data, for files that do not say it.
    day : date or None
        Day at which an agreement must not have ended.
    mapping : Path or None
        Mapping file of tables that no loader knows.
    told : callable or None
        Told each step that has ended, and its number of rows.
    sirens : frozenset of str or None
        SIREN of the actors that are known: of files that tell no place, what concerns them is
        read; None: nobody has looked.
    progress : callable or None
        Told from time to time the name of the file that is read, the bytes read and its size.
    """

    communes: frozenset[str] = frozenset()
    passage: Passage | None = None
    year: int | None = None
    day: dt.date | None = None
    mapping: Path | None = None
    told: Told | None = None
    sirens: frozenset[str] | None = None
    progress: Callable[[str, int, int], None] | None = None

    def near(self, path: Path) -> Near:
        """Return what a file is read for."""
        told = None if self.progress is None else partial(self.progress, path.name)
        return Near(self.communes, self.passage, self.sirens, told)

    def knowing(self, extracts: Iterable[Extract]) -> Context:
        """Return the same with the actors of some extracts, if actors are looked at."""
        if self.sirens is None:
            return self
        found = (sirens_of(one.tables[v.ACTORS]) for one in extracts if v.ACTORS in one.tables)
        return replace(self, sirens=self.sirens.union(*found))


NOTHING_KNOWN: Final = Context()


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file.

    Attributes
    ----------
    name : str
        What the command line calls it.
    needed : Mapping
        Columns by which it is recognised: all of them are there.  Empty: only by its name.
    load : callable or None
        Takes the file and what it does not say; None for files that are read beside another.
    says_year : bool
        Whether the loader finds the year in the file, or can do without.
    also : tuple of Mapping
        Other layouts by which it is recognised.
    of_actors : bool
        Whether only what concerns known actors is read: such a file is read after the others.
    """

    name: str
    needed: Columns
    load: Callable[[Path, Context], Extract] | None
    says_year: bool = True
    also: tuple[Columns, ...] = ()
    of_actors: bool = False


def _mapped(path: Path, known: Context) -> Extract:
    if known.mapping is None:
        raise UsageError(Problem("sources_mapping_needed", where=path.name))
    return mapped.load_mapped(path, known.mapping)


def _bpe(path: Path, known: Context) -> Extract:
    return bpe.load_bpe(path, communes=known.communes, passage=known.passage, data_year=known.year)


_DATED: Final = re.compile(r"nbflux_c(\d{2})_")
SIRENE: Final = "sirene"
UNITS: Final = "sirene-units"
PLACES: Final = "sirene-places"
ESS_LIST: Final = "ess-list"
_END_OF_AGREEMENT: Final = tuple(name for name in ess_lists.WANTED["expiry"] if "agrement" in name)
MAPPED: Final = "mapped"
BESIDE_SIRENE: Final = (UNITS, PLACES, ESS_LIST)
"""Kinds that say more of the establishments of ``sirene``, and nothing alone."""

KINDS: Final = (
    Kind(SIRENE, sirene_stock.NEEDED, None),
    Kind(UNITS, sirene_units.UNIT_NEEDED, None),
    Kind(
        PLACES,
        {**sirene_places.GEOLOCATION_NEEDED, "quality": ("qualite_xy",), "x": ("x_longitude", "x")},
        None,
    ),
    Kind(
        ESS_LIST,
        {"siren": ("siren",), "family": ess_lists.WANTED["family"]},
        None,
        also=({**ess_lists.NEEDED, "expiry": _END_OF_AGREEMENT},),
    ),
    Kind("sirene-daily", sirene_daily.NEEDED, lambda path, _: sirene_daily.load_sirene_daily(path)),
    Kind(
        "rna",
        {**rna.NEEDED, "subject": ("objet_social1",)},
        lambda path, known: rna.load_rna(path, data_year=known.year, near=known.near(path)),
    ),
    Kind("siae", siae.NEEDED, lambda path, known: siae.load_siae(path, data_year=known.year)),
    Kind(
        "data-inclusion",
        {**data_inclusion.NEEDED, "origin": ("source",), "dated": ("date_maj",)},
        lambda path, known: data_inclusion.load_data_inclusion(path, data_year=known.year),
    ),
    Kind("schools", schools.NEEDED, lambda path, _: schools.load_schools(path)),
    Kind(
        "france-services",
        france_services.NEEDED,
        lambda path, known: france_services.load_france_services(path, data_year=known.year),
    ),
    Kind(
        "bpe",
        {**bpe.NEEDED, "commune_id": (*bpe.WANTED["commune_id"], *bpe.WANTED["iris"])},
        _bpe,
    ),
    Kind(
        "decp",
        decp.NEEDED,
        lambda path, known: decp.load_decp(path, near=known.near(path)),
        of_actors=True,
    ),
    Kind(
        "commuting",
        {
            "home": commuting.HOME,
            "work": commuting.WORK,
            "workers": (*commuting.WORKERS, *commuting.DATED),
        },
        lambda path, known: commuting.load_commuting(
            path, year=known.year or 0, near=known.near(path)
        ),
        says_year=False,
    ),
    Kind(
        "municipalities",
        {
            "commune_id": populations.CODE,
            "siren": populations.SIREN,
            "name": populations.NAME,
        },
        lambda path, known: municipalities.load_municipalities(path, data_year=known.year),
    ),
    Kind(
        "bpe-commune-totals",
        {"commune_id": bpe.COMPILED_ID, "shop": ("boulang",), "chemist": ("pharma",)},
        _bpe,
    ),
    Kind(
        "reuse-actors",
        reuse_actors.NEEDED,
        lambda path, known: reuse_actors.load_reuse_actors(path, data_year=known.year),
    ),
    Kind("sinoe", sinoe.NEEDED, lambda path, known: sinoe.load_sinoe(path, year=known.year)),
    Kind("irep", {}, lambda path, known: irep.load_irep(path, year=known.year)),
    Kind("osm", {}, lambda path, _: overpass.load_overpass(path)),
    Kind(
        "gogocarto",
        {},
        lambda path, known: gogocarto.load_gogocarto(path, data_year=known.year),
    ),
    Kind(MAPPED, {}, _mapped),
)
BY_NAME: Final[Mapping[str, Kind]] = {kind.name: kind for kind in KINDS}


def recognise(path: Path) -> Kind:
    """Return what kind of file a table is; see :func:`toolkit.sources.recognition.name_of`.

    Raises
    ------
    DataError
        If the file cannot be read, or no kind fits.
    """
    layouts = [
        (kind.name, columns) for kind in KINDS for columns in (kind.needed, *kind.also) if columns
    ]
    return BY_NAME[recognition.name_of(path, layouts)]


def load_files(
    paths: Sequence[Path], *, kind: str = "", known: Context = NOTHING_KNOWN
) -> tuple[Extract, ...]:
    """Return the extracts of files, each read as the kind that it is.

    Files of :data:`BESIDE_SIRENE` are read with the establishments of SIRENE and give no extract of
    their own.

    Parameters
    ----------
    paths : sequence of Path
        Files; the first ones are the most trusted.  ``KIND=FILE`` says what a file is.
    kind : str, default ""
        What all of them are; each is recognised where it is left out.
    known : Context
        What the files do not say.

    Raises
    ------
    DataError
        If files cannot be read or recognised: all faults of all files at once.
    UsageError
        If a kind is unknown, or a year is wanted and missing.
    """
    faults: list[Problem] = []
    found: list[tuple[Path, Kind]] = []
    for path in paths:
        with _noting(faults):
            found.append(_of_kind(path, kind=kind, known=known))
    beside = {name: [path for path, own in found if own.name == name] for name in BESIDE_SIRENE}
    has_stock = any(own.name == SIRENE for _, own in found)
    faults += [
        Problem("sources_beside_nothing", where=path.name, found=own.name)
        for path, own in found
        if own.name in BESIDE_SIRENE and not has_stock
    ]
    extracts: dict[int, Extract] = {}
    for place, (path, own) in sorted(enumerate(found), key=lambda one: one[1][1].of_actors):
        if own.name not in BESIDE_SIRENE:
            with _noting(faults):
                knowing = known.knowing(extracts.values()) if own.of_actors else known
                extracts[place] = _load(path, own, beside=beside, known=knowing)
    if faults:
        raise (UsageError if {fault.code for fault in faults} <= _WRONG_USE else DataError)(faults)
    return tuple(extracts[place] for place in sorted(extracts))


_WRONG_USE: Final = frozenset(
    {"sources_kind_unknown", "sources_year_needed", "sources_mapping_needed"}
)


@contextmanager
def _noting(faults: list[Problem]) -> Iterator[None]:
    """Keep the faults of a step for later."""
    try:
        yield
    except (DataError, UsageError) as error:
        faults += error.problem_list


def _of_kind(path: Path, *, kind: str, known: Context) -> tuple[Path, Kind]:
    """Return a file and what it is: as the request says, else by its columns."""
    named, mark, rest = str(path).partition("=")
    if mark and not path.exists():
        path, kind = Path(rest), named
    if kind and kind not in BY_NAME:
        choices = {"choices": ", ".join(BY_NAME)}
        raise UsageError(Problem("sources_kind_unknown", found=kind, params=choices))
    if kind:
        return path, BY_NAME[kind]
    if known.mapping is None:
        return path, recognise(path)
    try:
        return path, recognise(path)
    except DataError:
        return path, BY_NAME[MAPPED]


def _load(
    path: Path, kind: Kind, *, beside: Mapping[str, Sequence[Path]], known: Context
) -> Extract:
    if kind.load is None:
        return sirene_stock.load_sirene(
            path,
            legal_units=next(iter(beside[UNITS]), None),
            geolocation=next(iter(beside[PLACES]), None),
            ess_lists=beside[ESS_LIST],
            communes=known.communes,
            passage=known.passage,
            on=known.day,
            progress=known.told,
        )
    if not kind.says_year and known.year is None:
        year = _year_in(header_of(path, [kind.needed]))
        if year is None:
            raise UsageError(Problem("sources_year_needed", where=path.name, found=kind.name))
        known = replace(known, year=year)
    return kind.load(path, known)


def _year_in(header: Iterable[str]) -> int | None:
    """Return the year that a header of INSEE's tables of flows holds (``NBFLUX_C22_...``)."""
    dated = [match for name in header if (match := _DATED.match(name.casefold()))]
    return 2000 + int(dated[0].group(1)) if dated else None
