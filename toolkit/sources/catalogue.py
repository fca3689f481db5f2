"""The sources that are known: a file is recognised by its columns and read by its own loader."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from toolkit.errors import DataError, Problem, UsageError
from toolkit.sources import (
    commuting,
    decp,
    france_services,
    municipalities,
    populations,
    schools,
    siae,
    sirene_daily,
)
from toolkit.sources.extract import Extract
from toolkit.sources.reading import Columns, header_of, places_of


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file.

    Attributes
    ----------
    name : str
        What the command line calls it.
    needed : Mapping
        Columns by which it is recognised: all of them are there.
    load : callable
        Takes the file and the year of its data, if it is known.
    says_year : bool
        Whether the loader finds the year in the file, or can do without.
    """

    name: str
    needed: Columns
    load: Callable[[Path, int | None], Extract]
    says_year: bool = True


_DATED: Final = re.compile(r"nbflux_c(\d{2})_")

KINDS: Final = (
    Kind("sirene-daily", sirene_daily.NEEDED, lambda path, _: sirene_daily.load_sirene_daily(path)),
    Kind("siae", siae.NEEDED, lambda path, year: siae.load_siae(path, data_year=year)),
    Kind("schools", schools.NEEDED, lambda path, _: schools.load_schools(path)),
    Kind(
        "france-services",
        france_services.NEEDED,
        lambda path, year: france_services.load_france_services(path, data_year=year),
    ),
    Kind("decp", decp.NEEDED, lambda path, _: decp.load_decp(path)),
    Kind(
        "commuting",
        {
            "home": commuting.HOME,
            "work": commuting.WORK,
            "workers": (*commuting.WORKERS, *commuting.DATED),
        },
        lambda path, year: commuting.load_commuting(path, year=year or 0),
        says_year=False,
    ),
    Kind(
        "municipalities",
        {
            "commune_id": populations.CODE,
            "siren": populations.SIREN,
            "name": populations.NAME,
        },
        lambda path, year: municipalities.load_municipalities(path, data_year=year),
    ),
)
BY_NAME: Final[Mapping[str, Kind]] = {kind.name: kind for kind in KINDS}


def recognise(path: Path) -> Kind:
    """Return what kind of file a delimited text is, by the columns of its header.

    Where several kinds fit, that with the most columns is meant.

    Raises
    ------
    DataError
        If the file cannot be read, or no kind fits; the message names the nearest one and what it
        lacks.
    """
    columns = {kind.name: kind.needed for kind in KINDS}
    header = header_of(path, columns.values())
    lacking = {
        name: [column for column in needed if column not in places_of(header, needed)]
        for name, needed in columns.items()
    }
    fitting = [name for name, missing in lacking.items() if not missing]
    if fitting:
        return BY_NAME[max(fitting, key=lambda name: len(columns[name]))]
    nearest = min(lacking, key=lambda name: (len(lacking[name]) / len(columns[name]), name))
    missing = ", ".join(columns[nearest][column][0] for column in lacking[nearest])
    raise DataError(
        Problem(
            "sources_not_recognised",
            where=path.name,
            found=", ".join(header[:8]),
            params={"choices": ", ".join(BY_NAME), "nearest": nearest, "missing": missing},
        )
    )


def load_files(
    paths: Iterable[Path], *, kind: str = "", year: int | None = None
) -> tuple[Extract, ...]:
    """Return the extracts of files, each read as the kind that it is.

    Parameters
    ----------
    paths : iterable of Path
        Files; the first ones are the most trusted.
    kind : str, default ""
        What all of them are; each is recognised where it is left out.
    year : int, optional
        Year of the data, for files that do not say it.

    Raises
    ------
    DataError
        If files cannot be read or recognised: all faults of all files at once.
    UsageError
        If the kind is unknown, or the year is wanted and missing.
    """
    if kind and kind not in BY_NAME:
        choices = {"choices": ", ".join(BY_NAME)}
        raise UsageError(Problem("sources_kind_unknown", found=kind, params=choices))
    extracts: list[Extract] = []
    faults: list[Problem] = []
    is_usage = True
    for path in paths:
        try:
            extracts.append(_load(path, BY_NAME.get(kind), year=year))
        except UsageError as error:
            faults += error.problem_list
        except DataError as error:
            faults += error.problem_list
            is_usage = False
    if faults:
        raise (UsageError if is_usage else DataError)(faults)
    return tuple(extracts)


def _load(path: Path, kind: Kind | None, *, year: int | None) -> Extract:
    found = kind or recognise(path)
    if not found.says_year and year is None:
        year = _year_in(header_of(path, [found.needed]))
        if year is None:
            raise UsageError(Problem("sources_year_needed", where=path.name, found=found.name))
    return found.load(path, year)


def _year_in(header: Iterable[str]) -> int | None:
    """Return the year that a header of INSEE's tables of flows holds (``NBFLUX_C22_...``)."""
    dated = [match for name in header if (match := _DATED.match(name.casefold()))]
    return 2000 + int(dated[0].group(1)) if dated else None
