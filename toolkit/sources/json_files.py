"""JSON answers of services, read as plain data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, NoReturn

from toolkit.errors import DataError, Problem
from toolkit.sources.reading import check_file

ENDINGS: Final = (".json", ".geojson")
MAX_BYTES: Final = 300_000_000


def read_json(path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    """Return what a JSON file holds.

    Parameters
    ----------
    path : Path
        File ending in .json or .geojson, UTF-8, at most 300 MB.

    Raises
    ------
    DataError
        If it is missing, larger, or no JSON: a service that is overloaded often answers with a web
        page.
    """
    check_file(path, endings=ENDINGS)
    size = path.stat().st_size
    if size > MAX_BYTES:
        params = {"maximum": str(MAX_BYTES // 1_000_000)}
        found = str(size // 1_000_000)
        raise DataError(Problem("sources_json_size", where=path.name, found=found, params=params))
    try:
        return json.loads(path.read_bytes().decode("utf-8-sig"), parse_constant=_refuse)
    except (UnicodeDecodeError, ValueError, RecursionError) as err:
        raise DataError(Problem("sources_not_json", where=path.name)) from err


def _refuse(constant: str) -> NoReturn:
    """Refuse NaN and Infinity, which are no JSON."""
    raise ValueError(constant)


def not_expected(path: Path, *, expected: str) -> DataError:
    """Return the error of JSON in another layout than the one expected."""
    params = {"choices": expected}
    return DataError(Problem("sources_json_layout", where=path.name, params=params))


def text_of(cell: object) -> str:
    """Return a JSON value as text; empty for null, lists and objects.

    Examples
    --------
    >>> text_of(" Alpha "), text_of(12140), text_of(None), text_of([1])
    ('Alpha', '12140', '', '')
    """
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        return ""
    return str(cell).strip()
