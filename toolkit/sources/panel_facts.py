"""What tells which territories are alike: the area and the median income of communes."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pandas as pd
import shapely

from toolkit import crs
from toolkit.errors import DataError, Problem
from toolkit.nomenclature import fold
from toolkit.sources import geometry_files
from toolkit.sources.populations import CODE
from toolkit.sources.reading import commune_codes, numbers
from toolkit.sources.sheets import read_table

AREA: Final = ("area_km2", "superficie_km2", "superficie", "superf", "surface_km2", "sup")
HECTARES: Final = ("surf_ha", "surface_ha", "superficie_ha", "surface")
YEARS: Final = tuple(f"{year:02d}" for year in range(40, 5, -1))
MEDIAN: Final = ("median_income_eur", "mediane", *(f"med{year}" for year in YEARS))
PERSONS: Final = ("persons", *(f"nbpersmenfisc{year}" for year in YEARS))
_ID: Final = ("id", *CODE)
"""The compilation of indicators by commune calls it so."""
_HA_PER_KM2: Final = 100.0
_M2_PER_KM2: Final = 1e6


def read_areas(path: Path) -> pd.Series[float]:
    """Return the area of communes in square kilometres.

    Parameters
    ----------
    path : Path
        Outlines of communes (GeoJSON, GeoPackage, shapefile), or text or .xlsx with a code and an
        area: in km2 (columns ``AREA``) or hectares (``HECTARES``).

    Returns
    -------
    Series of float
        By the code of the commune as the file gives it, sorted; areas of zero or less are left out.

    Raises
    ------
    DataError
        If the file cannot be read or lacks a column, or no area is told.
    CrsError
        If outlines have no reference system.
    """
    if path.suffix.lower() in geometry_files.ENDINGS:
        return _drawn(path)
    rows = read_table(path, needed={"commune_id": _ID}, wanted={"km2": AREA, "ha": HECTARES})
    area = numbers(rows["km2"]).fillna(numbers(rows["ha"]) / _HA_PER_KM2)
    made = _by_commune(rows["commune_id"], area[area > 0])
    if made.empty:
        choices = ", ".join((*AREA, *HECTARES))
        raise DataError(
            Problem("sources_panel_no_area", where=path.name, params={"choices": choices})
        )
    return made


def _drawn(path: Path) -> pd.Series[float]:
    """Return the areas of outlines, each in the metric projection of its part of France."""
    frame = geometry_files.read_polygons(path, is_wanted=_has_code)
    names = {fold(str(name)): name for name in frame.columns}
    name = next((names[one] for one in ("commune_id", *CODE) if one in names), None)
    if name is None:
        choices, header = ", ".join(CODE), ", ".join(map(str, frame.columns))
        params = {"choices": choices, "header": header}
        raise DataError(
            Problem("sources_column_missing", where=path.name, found=CODE[0], params=params)
        )
    codes = commune_codes(frame[name].astype("str"))
    drawn = frame[codes.notna() & frame.geometry.notna()]
    codes = codes[drawn.index]
    zones = codes.map(lambda code: crs.zone_of([code]).epsg)
    parts = []
    for epsg, part in drawn.groupby(zones):
        shapes = shapely.make_valid(part.geometry.to_crs(epsg=int(epsg)).to_numpy())
        parts.append(pd.Series(shapely.area(shapes) / _M2_PER_KM2, index=part.index))
    area = pd.concat(parts) if parts else pd.Series(dtype="float64")
    return _by_commune(codes, area[area > 0])


def _has_code(fields: list[str]) -> bool:
    return bool({fold(name) for name in fields} & {"commune_id", *CODE})


def read_incomes(path: Path) -> pd.DataFrame:
    """Return the median income of communes.

    Parameters
    ----------
    path : Path
        Filosofi by commune (`CODGEO`, `MED21`, `NBPERSMENFISC21` ...), text, .xlsx or a zip that
        holds one.  Medians that are hidden for secrecy are left out.

    Returns
    -------
    DataFrame
        Index: code of the commune as the file gives it, sorted; columns ``median_income_eur``
        (disposable income per consumption unit, euros a year) and ``persons`` (of fiscal
        households, NaN where the file does not say).

    Raises
    ------
    DataError
        If the file cannot be read or lacks a column, or no median is told.
    """
    needed = {"commune_id": _ID, "median": MEDIAN}
    rows = read_table(path, needed=needed, wanted={"persons": PERSONS})
    median = numbers(rows["median"])
    known = median > 0
    medians = _by_commune(rows["commune_id"], median[known])
    if medians.empty:
        raise DataError(Problem("sources_panel_no_income", where=path.name))
    persons = numbers(rows["persons"])
    held = _by_commune(rows["commune_id"], persons[known & (persons > 0)])
    return pd.DataFrame({"median_income_eur": medians, "persons": held.reindex(medians.index)})


def _by_commune(cells: pd.Series[str], values: pd.Series[float]) -> pd.Series[float]:
    """Return values by code, the first of each; cells that are no code are left out."""
    codes = commune_codes(cells).reindex(values.index)
    made = pd.Series(values.to_numpy(), index=codes.to_numpy(dtype="object"), dtype="float64")
    made = made[made.index.notna()]
    return made[~made.index.duplicated()].sort_index().rename_axis("commune_id")
