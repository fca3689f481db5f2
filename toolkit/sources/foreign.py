"""Tables of any layout: the cells of a CSV file, a sheet or a layer under its own headers."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pandas as pd

from toolkit import crs
from toolkit import vocabulary as v
from toolkit.errors import DataError, Problem
from toolkit.nomenclature import fold
from toolkit.office import guard
from toolkit.office.sheets import Cells, read_sheets
from toolkit.schema.values import as_text, is_missing, written
from toolkit.sources import geometry_files
from toolkit.sources.reading import NULLS, TEXT_ENDINGS, check_file, header_of, read_rows

SHEET_ENDINGS: Final = (".xlsx", ".xlsm", ".ods")
ENDINGS: Final = (*TEXT_ENDINGS, *SHEET_ENDINGS, *geometry_files.ENDINGS)
LATITUDE: Final = "(latitude)"
LONGITUDE: Final = "(longitude)"
"""Columns that a layer gets from its shapes: degrees (EPSG:4326) of a point of each."""


def read_foreign(
    path: Path, *, sheet: str = "", header_row: int = 1, headers: Iterable[str] = ()
) -> pd.DataFrame:
    """Return all cells of a table as text, under its own headers.

    Parameters
    ----------
    path : Path
        CSV, spreadsheet, GeoJSON, GeoPackage or shapefile.
    sheet : str, default ""
        Sheet or layer; the first sheet, or the only layer, where it is left out.
    header_row : int, default 1
        Row of a sheet that holds the headers, from 1; in text files it is the first.

    headers : iterable of str, optional
        Headers that should be there: of a text file, they tell the separator.

    Returns
    -------
    DataFrame
        Text, missing cells NaN; index: number of the row as a spreadsheet shows it (of a layer:
        number of the feature, from 1).  A layer has :data:`LATITUDE` and :data:`LONGITUDE`.
        ``attrs["malformed"]`` as in :func:`toolkit.sources.reading.read_rows`.

    Raises
    ------
    DataError
        If the file is of another kind, damaged, unsafe, empty, or lacks the sheet.
    CrsError
        If a layer does not name its reference system.
    """
    check_file(path, endings=ENDINGS)
    ending = path.suffix.lower()
    if ending in TEXT_ENDINGS:
        known = {header: (fold(header),) for header in headers}
        named = [header for header in header_of(path, [known]) if header.strip()]
        return read_rows(path, needed={header: (fold(header),) for header in named})
    if ending in SHEET_ENDINGS:
        return _sheet(path, sheet=sheet, header_row=header_row)
    return _layer(path, layer=sheet)


def _sheet(path: Path, *, sheet: str, header_row: int) -> pd.DataFrame:
    """Return the cells of a sheet."""
    guard.inspect(path)
    sheets: dict[str, Cells] = dict(read_sheets(path))
    name = sheet or next(iter(sheets), "")
    if name not in sheets:
        params = {"choices": ", ".join(sheets)}
        raise DataError(
            Problem("sources_sheet_choice", where=path.name, found=sheet, params=params)
        )
    rows = sheets[name]
    if len(rows) <= header_row:
        raise DataError(Problem("sources_no_rows", where=path.name))
    header = ["" if is_missing(cell) else written(cell).strip() for cell in rows[header_row - 1]]
    frame = pd.DataFrame(
        rows[header_row:], index=pd.RangeIndex(header_row + 1, len(rows) + 1), columns=header
    )
    return _as_text(frame, where=path.name)


def _layer(path: Path, *, layer: str) -> pd.DataFrame:
    """Return the properties of features, and a point of each shape."""
    features = crs.to_storage(geometry_files.read_features(path, layer=layer), where=path.name)
    shapes = features.geometry
    points = shapes.where(shapes.notna() & ~shapes.is_empty).representative_point()
    frame = pd.DataFrame(features.drop(columns=features.active_geometry_name))
    frame = frame.assign(**{LATITUDE: points.y, LONGITUDE: points.x})
    return _as_text(frame.set_axis(pd.RangeIndex(1, len(frame) + 1)), where=path.name)


def _as_text(frame: pd.DataFrame, *, where: str) -> pd.DataFrame:
    """Return named columns as text, without rows that hold nothing."""
    kept = frame.loc[:, [bool(str(name).strip()) for name in frame.columns]]
    kept = kept.loc[:, ~kept.columns.duplicated()]
    made = {}
    for name in kept.columns:
        stripped = as_text([_written(cell) for cell in kept[name]])
        stripped = stripped.str.strip()
        made[str(name)] = stripped.mask(stripped.isin(NULLS)).set_axis(kept.index)
    found = pd.DataFrame(made, index=kept.index)
    found = found[found.notna().any(axis=1)]
    if found.empty:
        raise DataError(Problem("sources_no_rows", where=where))
    found.attrs["malformed"] = []
    return found


def _written(cell: object) -> str | None:
    """Return a cell as text; a list of a layer as its parts joined by ``|``."""
    if isinstance(cell, list):
        return v.join_list(written(one) for one in cell if not is_missing(one)) or None
    return None if is_missing(cell) or isinstance(cell, dict) else written(cell)
