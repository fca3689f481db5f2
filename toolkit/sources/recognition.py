"""What a file is, by its columns, its keys or its members; its name does not count."""

from __future__ import annotations

import itertools
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from toolkit.errors import DataError, Problem
from toolkit.nomenclature import fold
from toolkit.office import guard
from toolkit.office.sheets import read_sheets
from toolkit.sources import columnar, json_files, sheets
from toolkit.sources.reading import (
    LISTED,
    TEXT_ENDINGS,
    ZIP,
    Columns,
    check_file,
    header_of,
    places_of,
)

LAYOUTS: Final[Mapping[str, tuple[str, ...]]] = {
    "osm": ("elements",),
    "osm:turbo": ("features", "properties.@id"),
    "sinoe": ("results", "c_service"),
    "data-inclusion": ("", "id", "nom", "source"),
    "gogocarto": ("data", "name"),
    "gogocarto:graph": ("@graph", "name", "geo"),
    "gogocarto:list": ("", "name", "geo"),
    "gogocarto:flat": ("", "name", "latitude"),
}
"""By kind (and layout, after a colon): key that holds the list of records, then keys of a record;
an empty key: the list is the whole file."""
_ONTOLOGY: Final = "gogo"
"""Beginning of what a map of GoGoCarto says of the form of its answer."""
MEMBERS: Final[Mapping[str, str]] = {"irep": "etablissements.csv"}
"""Member by which an archive of several tables is recognised."""
PEEKED: Final = 50
"""Records of a JSON file that are looked at."""
_NEAR: Final = 0.5
"""Share of its columns that the nearest kind may lack to be worth a name."""


def name_of(path: Path, layouts: Sequence[tuple[str, Columns]]) -> str:
    """Return the name of the kind that a file is.

    Where several kinds fit, that with the most columns is meant.

    Parameters
    ----------
    path : Path
        Delimited text, Parquet, zip, .xlsx or JSON.
    layouts : sequence of tuple of str and Columns
        Names of kinds, each with columns of which all must be there; a kind may have several.

    Raises
    ------
    DataError
        If the file cannot be read, or no kind fits; the message names the nearest one and what it
        lacks.
    """
    names = list(dict.fromkeys(name for name, _ in layouts))
    if path.suffix.lower() in json_files.ENDINGS:
        return _of_json(path, names=names)
    if (packed := _of_members(path)) is not None:
        return packed
    best: tuple[float, str, str, list[str]] | None = None
    for header in _headers(path, [needed for _, needed in layouts]):
        lacking = [
            [column for column in needed if column not in places_of(header, needed)]
            for _, needed in layouts
        ]
        fitting = [layout for layout, missing in zip(layouts, lacking, strict=True) if not missing]
        if fitting:
            return max(fitting, key=lambda layout: len(layout[1]))[0]
        for (name, needed), missing in zip(layouts, lacking, strict=True):
            told = ", ".join(needed[column][0] for column in missing)
            near = (len(missing) / len(needed), name, told, header)
            best = near if best is None or near[:2] < best[:2] else best
    if best is None:
        raise DataError(Problem("sources_no_rows", where=path.name))
    far, nearest, told, header = best
    params = {"choices": ", ".join(names), "nearest": nearest, "missing": told}
    code = "sources_not_recognised" if far <= _NEAR else "sources_stranger"
    shown = ", ".join(header[:LISTED])
    raise DataError(Problem(code, where=path.name, found=shown, params=params))


def _headers(path: Path, kinds: Sequence[Columns]) -> Iterator[list[str]]:
    """Yield the header of a table, or each row of a sheet that could be one."""
    ending = path.suffix.lower()
    if ending in (*TEXT_ENDINGS, ZIP):
        yield header_of(path, kinds)
    elif ending != sheets.ENDING:
        yield columnar.header_of(path)
    else:
        check_file(path, endings=(sheets.ENDING,))
        guard.inspect(path)
        for _, cells in read_sheets(path):
            for row in itertools.islice(cells, sheets.HEADER_WITHIN):
                header = ["" if cell is None else str(cell) for cell in row]
                if any(header):
                    yield header


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
            return name.partition(":")[0]
    told = content.get("ontology") if isinstance(content, dict) else None
    if isinstance(told, str) and told.startswith(_ONTOLOGY):
        return "gogocarto"
    raise DataError(
        Problem("sources_json_unknown", where=path.name, params={"choices": ", ".join(names)})
    )


def _records(content: object, key: str) -> list[Any] | None:
    held = content if not key else content.get(key) if isinstance(content, dict) else None
    return held if isinstance(held, list) else None


def _keys(records: list[Any]) -> set[str]:
    """Return the keys of the first records, and those of their properties (``properties.x``)."""
    found = set()
    for record in records[:PEEKED]:
        if isinstance(record, dict):
            held = record.get("properties")
            inner = held if isinstance(held, dict) else {}
            found |= {fold(str(key)) for key in record}
            found |= {f"properties.{fold(str(key))}" for key in inner}
    return found
