"""What a file is, by its columns, its keys or its members; its name does not count."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from toolkit.errors import DataError, Problem
from toolkit.nomenclature import fold
from toolkit.sources import columnar, json_files
from toolkit.sources.reading import LISTED, TEXT_ENDINGS, ZIP, Columns, header_of, places_of

LAYOUTS: Final[Mapping[str, tuple[str, ...]]] = {
    "osm": ("elements",),
    "sinoe": ("results", "c_service"),
    "data-inclusion": ("", "id", "nom", "source"),
    "gogocarto": ("data", "name"),
    "gogocarto-list": ("", "name", "geo"),
    "gogocarto-flat": ("", "name", "latitude"),
}
"""By kind (and layout, after a hyphen): key that holds the list of records, then keys of a record;
an empty key: the list is the whole file."""
MEMBERS: Final[Mapping[str, str]] = {"irep": "etablissements.csv"}
"""Member by which an archive of several tables is recognised."""
PEEKED: Final = 50
"""Records of a JSON file that are looked at."""


def name_of(path: Path, columns: Mapping[str, Columns]) -> str:
    """Return the name of the kind that a file is.

    Where several kinds fit, that with the most columns is meant.

    Parameters
    ----------
    path : Path
        Delimited text, Parquet, zip or JSON.
    columns : Mapping of str to Columns
        By kind, the columns of which all must be there.

    Raises
    ------
    DataError
        If the file cannot be read, or no kind fits; the message names the nearest one and what it
        lacks.
    """
    if path.suffix.lower() in json_files.ENDINGS:
        return _of_json(path, names=columns)
    if (packed := _of_members(path)) is not None:
        return packed
    header = _header(path, columns.values())
    lacking = {
        name: [column for column in needed if column not in places_of(header, needed)]
        for name, needed in columns.items()
    }
    fitting = [name for name, missing in lacking.items() if not missing]
    if fitting:
        return max(fitting, key=lambda name: len(columns[name]))
    nearest = min(lacking, key=lambda name: (len(lacking[name]) / len(columns[name]), name))
    missing = ", ".join(columns[nearest][column][0] for column in lacking[nearest])
    params = {"choices": ", ".join(columns), "nearest": nearest, "missing": missing}
    is_near = 2 * len(lacking[nearest]) <= len(columns[nearest])
    code = "sources_not_recognised" if is_near else "sources_stranger"
    shown = ", ".join(header[:LISTED])
    raise DataError(Problem(code, where=path.name, found=shown, params=params))


def _header(path: Path, kinds: Iterable[Columns]) -> list[str]:
    if path.suffix.lower() in (*TEXT_ENDINGS, ZIP):
        return header_of(path, kinds)
    return columnar.header_of(path)


def _of_members(path: Path) -> str | None:
    """Return what an archive of several tables is; None for other files."""
    if path.suffix.lower() != ".zip" or not zipfile.is_zipfile(path):
        return None
    with zipfile.ZipFile(path) as archive:
        held = {Path(name).name.casefold() for name in archive.namelist()}
    return next((name for name, member in MEMBERS.items() if member in held), None)


def _of_json(path: Path, *, names: Iterable[str]) -> str:
    """Return what a JSON file is, by the keys of its first records."""
    content = json_files.read_json(path)
    for name, (key, *keys) in LAYOUTS.items():
        records = _records(content, key)
        if records is not None and set(keys) <= _keys(records):
            return name.rpartition("-")[0] if name.startswith("gogocarto-") else name
    raise DataError(
        Problem("sources_json_unknown", where=path.name, params={"choices": ", ".join(names)})
    )


def _records(content: object, key: str) -> list[Any] | None:
    held = content if not key else content.get(key) if isinstance(content, dict) else None
    return held if isinstance(held, list) else None


def _keys(records: list[Any]) -> set[str]:
    return {
        fold(str(key)) for record in records[:PEEKED] if isinstance(record, dict) for key in record
    }
