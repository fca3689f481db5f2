"""The addresses of open data: one file shipped, which a territory's own file overrides."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import platformdirs

from toolkit.errors import Problem, SourceError, UsageError
from toolkit.resources import shipped
from toolkit.sources.download import Downloader, Wanted

OVERRIDE: Final = "sources.toml"
"""Name of the file of a territory that adds sources, or changes keys of those shipped."""
CATALOGUE: Final = "https://www.data.gouv.fr/api/1/datasets/{dataset}/"
_CATALOGUE_BYTES: Final = 20_000_000
MELODI: Final = "https://api.insee.fr/melodi/catalog/{dataset}"
OUTLINES: Final = "outlines"
GROUPINGS: Final = "groupings"
REFERENCES: Final = (OUTLINES, GROUPINGS)
"""Kinds that draw a perimeter: communes with their outline, groupings with their members."""
PLACES: Final = ("department", "epci", "commune", "bbox", "osm")
"""What an address may leave open."""
_WAYS: Final = ("address", "dataset", "melodi")
_ABOUT: Final = ("title", "producer", "licence", "page")
_TEXTS: Final = ("kind", *_WAYS, "format", "match", "file", *_ABOUT)
_NUMBERS: Final = ("size_mb", "max_mb", "fresh_days", "data_year", "full_rows")
_LISTS: Final = ("beside",)
_KEYS: Final = (*_TEXTS, *_NUMBERS, *_LISTS)
_MOST_MB: Final = 500
_OPEN: Final = re.compile(r"\{(\w*)\}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One source that can be downloaded; empty texts and zeros where nothing is said.

    Attributes
    ----------
    name, kind : str
        What the command line calls it, and what its file is.
    address, dataset, melodi : str
        Where the file is; or of which data set of data.gouv.fr, or of INSEE's Melodi, it is the
        newest.  An address may leave open a place (`PLACES`), to be asked for each.
    format, match, file : str
        Format wanted of a data set, and words of the title or address of the file; name in the
        cache.
    title, producer, licence, page : str
        For the table of sources; page on which people find the source.
    size_mb, max_mb, fresh_days, data_year, full_rows : int
        Size to be expected; largest size; age up to which the cache is used; year of the data;
        number of rows at which the service cuts its answers.
    beside : tuple of str
        Sources that are downloaded with this one and read beside it.
    """

    name: str
    kind: str
    address: str = ""
    dataset: str = ""
    melodi: str = ""
    format: str = "csv"
    match: str = ""
    file: str = ""
    title: str = ""
    producer: str = ""
    licence: str = ""
    page: str = ""
    size_mb: int = 0
    max_mb: int = _MOST_MB
    fresh_days: int = 30
    data_year: int = 0
    full_rows: int = 0
    beside: tuple[str, ...] = ()

    @property
    def open_places(self) -> tuple[str, ...]:
        """What the address leaves open, none twice."""
        return tuple(dict.fromkeys(_OPEN.findall(self.address)))

    def wanted(self, address: str, *, part: str = "") -> Wanted:
        """Return what is to be downloaded from an address; `part` tells several files apart."""
        name = Path(self.file or f"{self.name}.{self.format}")
        if part:
            name = name.with_name(f"{name.stem}-{part}{name.suffix}")
        return Wanted(str(name), address, self.max_mb * 1_000_000, fresh_days=self.fresh_days)


def read_registry(override: Path | None = None) -> dict[str, Entry]:
    """Return the sources that can be downloaded, by name.

    Parameters
    ----------
    override : Path, optional
        A file that adds sources, or changes keys of those shipped; it need not exist.

    Raises
    ------
    UsageError
        If the file is unreadable, or a key unknown or of the wrong type; all faults at once.
    """
    tables = _read(shipped("data", "sources", "registry.toml"))
    if override is not None and override.is_file():
        for name, table in _read(override).items():
            before = tables.get(name, {})
            if any(table.get(way) for way in _WAYS):  # one way takes the place of another
                before = {key: cell for key, cell in before.items() if key not in _WAYS}
            tables[name] = {**before, **table}
    problems = [problem for name, table in tables.items() for problem in _faults(name, table)]
    problems += _strangers(tables)
    if problems:
        raise UsageError(problems)
    return {
        name: Entry(name, **{**table, "beside": tuple(table.get("beside", ()))})
        for name, table in tables.items()
    }


def address_of(entry: Entry, downloader: Downloader) -> str:
    """Return the address of the file of a source; that of a data set is looked up.

    Raises
    ------
    SourceError
        If the data set cannot be had, or has no such file.
    """
    if entry.address:
        return entry.address
    return _product(entry, downloader) if entry.melodi else _newest(entry, downloader)


def cache_folder() -> Path:
    """Return the user's folder for downloads, which all territories share."""
    return Path(os.environ.get("MAILLAGE_CACHE") or platformdirs.user_cache_path("maillage"))


def _newest(entry: Entry, downloader: Downloader) -> str:
    """Return the address of the newest file of a data set in the format wanted."""
    address = CATALOGUE.format(dataset=entry.dataset)
    fitting = [
        row
        for row in _rows(entry, address, downloader=downloader, key="resources")
        if row.get("type", "main") == "main"
        and str(row.get("url", "")).startswith("https://")
        and _is_format(row, entry.format)
        and entry.match.casefold() in f"{row.get('title', '')} {row['url']}".casefold()
    ]
    if not fitting:
        raise _no_file(entry, address)
    return str(max(fitting, key=lambda row: str(row.get("last_modified", "")))["url"])


def _is_format(row: Mapping[str, Any], wanted: str) -> bool:
    """Return whether a file is of a format, by what is said of it, else by its address."""
    said, path = str(row.get("format") or "").lower(), urlsplit(str(row["url"])).path
    return said == wanted or (not said and path.lower().endswith(f".{wanted}"))


def _product(entry: Entry, downloader: Downloader) -> str:
    """Return the address of the newest French CSV of a data set of Melodi."""
    address = MELODI.format(dataset=entry.melodi)
    fitting = [
        row
        for row in _rows(entry, address, downloader=downloader, key="product")
        if str(row.get("format", "")).upper() == "CSV"
        and str(row.get("language", "FR")).upper() == "FR"
        and str(row.get("accessURL", "")).startswith("https://")
    ]
    if not fitting:
        raise _no_file(entry, address)
    newest = max(fitting, key=lambda row: str(row.get("modified") or row.get("issued") or ""))
    return str(newest["accessURL"])


def _rows(
    entry: Entry, address: str, *, downloader: Downloader, key: str
) -> list[Mapping[str, Any]]:
    """Return the files that the page of a data set lists."""
    page = Wanted(f"{entry.name}.dataset.json", address, _CATALOGUE_BYTES, fresh_days=1)
    path = downloader.fetch(page)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as err:
        raise _no_file(entry, address) from err
    rows = content.get(key) if isinstance(content, dict) else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _no_file(entry: Entry, address: str) -> SourceError:
    params = {"address": address, "limit": ""}
    found = " ".join(filter(None, (entry.format, entry.match)))
    return SourceError(Problem("registry_no_file", where=entry.name, found=found, params=params))


def _read(path: Path) -> dict[str, dict[str, Any]]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        problem = Problem("registry_unreadable", where=path.name, found=str(err))
        raise UsageError(problem) from err
    return {
        name: table if isinstance(table, dict) else {"": table} for name, table in content.items()
    }


def _faults(name: str, table: Mapping[str, Any]) -> list[Problem]:
    """Return what is wrong with the keys of a source."""
    faults = []
    for key, cell in table.items():
        if key not in _KEYS:
            faults.append((key, ", ".join(_KEYS)))
        elif key in _LISTS and not (
            isinstance(cell, list) and all(isinstance(name, str) for name in cell)
        ):
            faults.append((key, '["…", "…"]'))
        elif key in _TEXTS and not isinstance(cell, str):
            faults.append((key, "text"))
        elif key in _NUMBERS and (isinstance(cell, bool) or not isinstance(cell, int) or cell < 0):
            faults.append((key, "0, 1, 2 …"))
    if not table.get("kind"):
        faults.append(("kind", "kind = …"))
    if sum(bool(table.get(way)) for way in _WAYS) != 1:
        faults.append(("address", " / ".join(f"{way} = …" for way in _WAYS)))
    return [
        Problem(
            "registry_key",
            where=OVERRIDE,
            found=name,
            params={"key": key, "choices": choices},
        )
        for key, choices in faults
    ]


def _strangers(tables: Mapping[str, Mapping[str, Any]]) -> list[Problem]:
    """Return the sources and places that tables name and that do not exist."""
    faults: list[tuple[str, str, object, tuple[str, ...]]] = []
    for name, table in tables.items():
        address, beside = table.get("address"), table.get("beside")
        faults += [
            ("registry_place", name, place, PLACES)
            for place in (_OPEN.findall(address) if isinstance(address, str) else ())
            if place not in PLACES
        ]
        faults += [
            ("registry_beside", name, other, tuple(sorted(tables)))
            for other in (beside if isinstance(beside, list) else ())
            if other not in tables
        ]
    return [
        Problem(code, where=name, found=str(found), params={"choices": ", ".join(choices)})
        for code, name, found, choices in faults
    ]
