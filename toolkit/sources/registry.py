"""The addresses of open data: one file shipped, which a territory's own file overrides."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import platformdirs

from toolkit.errors import Problem, SourceError, UsageError
from toolkit.resources import shipped
from toolkit.sources.download import Downloader, Progress, Wanted

OVERRIDE: Final = "sources.toml"
"""Name of the file of a territory that adds sources, or changes keys of those shipped."""
CATALOGUE: Final = "https://www.data.gouv.fr/api/1/datasets/{dataset}/"
_CATALOGUE_BYTES: Final = 20_000_000
_TEXTS: Final = ("kind", "address", "dataset", "format", "file", "title", "producer", "licence")
_NUMBERS: Final = ("max_mb", "fresh_days", "data_year")
_MOST_MB: Final = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """One source that can be downloaded; empty texts and zeros where nothing is said.

    Attributes
    ----------
    name, kind : str
        What the command line calls it, and what its file is.
    address, dataset : str
        Where the file is; or of which data set of data.gouv.fr it is the newest.
    format, file : str
        Format wanted of a data set; name in the cache.
    title, producer, licence : str
        For the table of sources.
    max_mb, fresh_days, data_year : int
        Largest size; age up to which the cache is used; year of the data.
    """

    name: str
    kind: str
    address: str = ""
    dataset: str = ""
    format: str = "csv"
    file: str = ""
    title: str = ""
    producer: str = ""
    licence: str = ""
    max_mb: int = _MOST_MB
    fresh_days: int = 30
    data_year: int = 0

    def wanted(self, address: str) -> Wanted:
        """Return what is to be downloaded from an address."""
        name = self.file or f"{self.name}.{self.format}"
        return Wanted(name, address, self.max_mb * 1_000_000, fresh_days=self.fresh_days)


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
            tables[name] = {**tables.get(name, {}), **table}
    problems = [problem for name, table in tables.items() for problem in _faults(name, table)]
    if problems:
        raise UsageError(problems)
    return {name: Entry(name, **table) for name, table in tables.items()}


def download(entry: Entry, downloader: Downloader, *, progress: Progress | None = None) -> Path:
    """Return the file of a source, from the cache where it is fresh.

    Raises
    ------
    SourceError
        If it cannot be had.
    """
    address = entry.address or _newest(entry, downloader)
    return downloader.fetch(entry.wanted(address), progress=progress)


def cache_folder() -> Path:
    """Return the user's folder for downloads, which all territories share."""
    return Path(os.environ.get("MAILLAGE_CACHE") or platformdirs.user_cache_path("maillage"))


def _page(entry: Entry) -> str:
    return CATALOGUE.format(dataset=entry.dataset)


def _newest(entry: Entry, downloader: Downloader) -> str:
    """Return the address of the newest file of a data set in the format wanted."""
    page = Wanted(f"{entry.name}.dataset.json", _page(entry), _CATALOGUE_BYTES, fresh_days=1)
    content = json.loads(downloader.fetch(page).read_text(encoding="utf-8"))
    rows = content.get("resources", []) if isinstance(content, dict) else []
    fitting = [
        row
        for row in rows
        if str(row.get("format", "")).lower() == entry.format
        and row.get("type", "main") == "main"
        and str(row.get("url", "")).startswith("https://")
    ]
    if not fitting:
        params = {"address": page.address, "limit": ""}
        raise SourceError(
            Problem("registry_no_file", where=entry.name, found=entry.format, params=params)
        )
    return str(max(fitting, key=lambda row: str(row.get("last_modified", "")))["url"])


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
        if key not in {*_TEXTS, *_NUMBERS}:
            faults.append((key, ", ".join((*_TEXTS, *_NUMBERS))))
        elif key in _TEXTS and not isinstance(cell, str):
            faults.append((key, "text"))
        elif key in _NUMBERS and (isinstance(cell, bool) or not isinstance(cell, int) or cell < 0):
            faults.append((key, "0, 1, 2 …"))
    if not table.get("kind"):
        faults.append(("kind", "kind = …"))
    if bool(table.get("address")) == bool(table.get("dataset")):
        faults.append(("address", "address = … / dataset = …"))
    return [
        Problem(
            "registry_key",
            where=OVERRIDE,
            found=name,
            params={"key": key, "choices": choices},
        )
        for key, choices in faults
    ]
