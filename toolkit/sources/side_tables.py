"""Tables that stand beside those of the model: the panel, travel times, population cells.

Their cells are read as forgivingly as those of the workbook, and all faults are told at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from toolkit import crs, nomenclature
from toolkit import vocabulary as v
from toolkit.errors import DataError, Problem
from toolkit.resources import shipped
from toolkit.schema import Column
from toolkit.schema.cells import read
from toolkit.schema.faults import shown
from toolkit.sources.panel_counts import BPE, NOMENCLATURES
from toolkit.sources.reading import NULLS, Columns, listed
from toolkit.sources.sheets import read_table

PANEL: Final = "panel.csv"
TRAVEL: Final = "travel.csv"
CELLS: Final = "cells.csv"
_LEAST: Final = 1e-9
"""Above zero."""
_TYPE: Final = re.compile(r"[A-G]\d{3}")
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "territory_id": ("territory_id", "id_territoire", "code_territoire"),
    "name": ("name", "nom"),
    "kind": ("kind", "nature", "type"),
    "population": ("population",),
    "density_per_km2": ("density_per_km2", "densite_hab_km2", "densite"),
    "median_income_eur": ("median_income_eur", "revenu_median_eur", "revenu_median"),
    "nomenclature": ("nomenclature",),
    "activity": ("activity", "activite"),
    "count": ("count", "nombre"),
    "from_id": ("from_id", "origine", "de"),
    "to_id": ("to_id", "destination", "vers"),
    "minutes": ("minutes", "duree_min"),
    "cell_id": ("cell_id", "idcar_200m", "idcar_1km", "id_carreau"),
    "commune_id": ("commune_id", "lcog_geo", "depcom", "codgeo"),
    "people": ("people", "ind", "habitants", "population"),
    "longitude": ("longitude", "lon"),
    "latitude": ("latitude", "lat"),
}
_OWNED: Final = ("name", "kind", "population", "density_per_km2", "median_income_eur")
"""What a territory has once, on whatever row."""
_GRID: Final = re.compile(r"CRS(\d+)RES(\d+)mN(-?\d+)E(-?\d+)")
"""Id of a cell of INSEE's grids: projection, width, south and west edge in metres."""


@dataclass(frozen=True, slots=True)
class _Form:
    """Form of a table: its columns, and those that are unique together."""

    columns: tuple[Column, ...]
    key: tuple[str, ...]


_PANEL: Final = _Form(
    (
        Column("territory_id", "id", required=True),
        Column("name", required=True),
        Column("kind", required=True),
        Column("population", "number", required=True, minimum=_LEAST),
        Column("density_per_km2", "number", minimum=_LEAST),
        Column("median_income_eur", "number", minimum=_LEAST),
        Column("nomenclature", required=True),
        Column("activity", required=True),
        Column("count", "number", required=True, minimum=0),
    ),
    ("territory_id", "nomenclature", "activity"),
)
_TRAVEL: Final = _Form(
    (
        Column("from_id", "id", required=True),
        Column("to_id", "id", required=True),
        Column("minutes", "number", required=True, minimum=0),
    ),
    ("from_id", "to_id"),
)
_CELLS: Final = _Form(
    (
        Column("cell_id", "id", required=True),
        Column("commune_id", "reference", required=True, references=(v.COMMUNES,)),
        Column("people", "number", required=True, minimum=0),
        Column("longitude", "number", minimum=-180, maximum=180),
        Column("latitude", "number", minimum=-90, maximum=90),
    ),
    ("cell_id",),
)


def read_panel(path: Path) -> pd.DataFrame:
    """Return a comparison panel from a file.

    Parameters
    ----------
    path : Path
        Text or .xlsx with the columns ``PANEL_COLUMNS``; density and income may be missing or
        empty.  What is said of a territory is the same on all its rows.

    Returns
    -------
    DataFrame
        Columns ``PANEL_COLUMNS``, sorted; density and income are NaN where they are not known.

    Raises
    ------
    DataError
        If the file cannot be read, lacks a column, or cells are wrong; all faults at once.
    """
    optional = ("density_per_km2", "median_income_eur")
    frame, problems = _read(path, _PANEL, optional=optional)
    activity = frame["activity"].mask(
        frame["nomenclature"] != BPE, frame["activity"].astype("str").str.upper()
    )
    frame = frame.assign(activity=activity)
    versions = frame["nomenclature"].dropna()
    strange = versions[~versions.isin(NOMENCLATURES)]
    choices = {"choices": ", ".join(NOMENCLATURES)}
    problems += _at(strange, "panel_nomenclature", where=path.name, params=choices)
    for version in NOMENCLATURES:
        codes = frame.loc[frame["nomenclature"] == version, "activity"].dropna()
        bad = codes[~codes.map(partial(_is_known, version=version)).astype("bool")]
        problems += _at(bad, "panel_activity", where=path.name, params={"list": version})
    problems += _differing(frame, where=path.name)
    return _checked(frame, problems, columns=v.PANEL_COLUMNS, key=_PANEL.key)


def _is_known(code: str, *, version: str) -> bool:
    """Return whether a code is an activity of a nomenclature; the BPE has types and services."""
    if version == BPE:
        return bool(_TYPE.fullmatch(code)) or code in _services()
    return code in nomenclature.codes(version)


@cache
def _services() -> frozenset[str]:
    path = shipped("data", "nomenclatures", "bpe_types_categories.csv")
    rows = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8")
    return frozenset(rows["code"])


def _differing(frame: pd.DataFrame, *, where: str) -> list[Problem]:
    """Return a problem each time the rows of a territory do not say the same of it."""
    problems = []
    for name in _OWNED:
        said = frame[["territory_id", name]].astype("object").drop_duplicates()
        several = said.groupby("territory_id")[name].agg(lambda cells: sorted(map(shown, cells)))
        for territory, values in several[several.map(len) > 1].items():
            params = {"values": listed(value or "–" for value in values)}
            problems.append(
                Problem(
                    "panel_differs", column=name, found=str(territory), params=params, where=where
                )
            )
    return problems


def read_travel(path: Path) -> pd.DataFrame:
    """Return travel times from a file.

    Parameters
    ----------
    path : Path
        Text or .xlsx with the columns ``TRAVEL_COLUMNS``: ids of communes or population cells, ids
        of communes or actors, minutes.

    Returns
    -------
    DataFrame
        Columns ``TRAVEL_COLUMNS``, sorted.

    Raises
    ------
    DataError
        If the file cannot be read, lacks a column, or cells are wrong; all faults at once.
    """
    frame, problems = _read(path, _TRAVEL)
    return _checked(frame, problems, columns=v.TRAVEL_COLUMNS, key=_TRAVEL.key)


def read_cells(path: Path, *, communes: frozenset[str]) -> pd.DataFrame:
    """Return the population cells of a territory from a file.

    Parameters
    ----------
    path : Path
        Text or .xlsx with the columns ``CELL_COLUMNS``, or the grid of INSEE (`idcar_200m`, `ind`,
        `lcog_geo`), whose ids tell where the cells are.  Cells of other communes are left out; of a
        cell that lies in several (`lcog_geo` holds several codes), the first that is one of the
        territory's has it.
    communes : frozenset of str
        Communes of the territory.

    Returns
    -------
    DataFrame
        Columns ``CELL_COLUMNS`` (EPSG:4326), sorted.

    Raises
    ------
    DataError
        If the file cannot be read, lacks a column, has no cell in the territory, or cells are
        wrong; all faults at once.
    """
    optional = ("longitude", "latitude")
    frame, problems = _read(
        path, _CELLS, optional=optional, prepare=partial(_in, communes=communes)
    )
    placed = _placed(frame)
    lost = placed[["longitude", "latitude"]].isna().any(axis=1)
    problems += _at(placed.loc[lost, "cell_id"].fillna("–"), "cells_no_place", where=path.name)
    there = placed[~lost]
    zone = crs.zone_of(communes)
    points = zip(there["longitude"], there["latitude"], strict=True)
    away = pd.Series([not zone.holds(x, y) for x, y in points], index=there.index, dtype="bool")
    params = {"zone": zone.name}
    problems += _at(there.loc[away, "cell_id"], "cells_elsewhere", where=path.name, params=params)
    return _checked(placed, problems, columns=v.CELL_COLUMNS, key=_CELLS.key)


def _in(raw: pd.DataFrame, where: str, *, communes: frozenset[str]) -> pd.DataFrame:
    """Return the rows of a territory, each with the first of its communes that is there."""

    def first(cell: object) -> object:
        codes = re.findall(r"\d[\dAB]\d{3}", str(cell)) if isinstance(cell, str) else []
        return next((code for code in codes if code in communes), cell)

    named = raw["commune_id"].map({cell: first(cell) for cell in raw["commune_id"].unique()})
    is_own = named.isin(communes)
    if not is_own.any():
        raise DataError(Problem("sources_all_outside", where=where, found=str(len(raw))))
    elsewhere = raw["commune_id"].notna() & ~is_own
    return raw.assign(commune_id=named)[~elsewhere]


def _placed(frame: pd.DataFrame) -> pd.DataFrame:
    """Return cells with the degrees of their middle, from the ids of INSEE's grids too."""
    parts = frame["cell_id"].astype("str").str.extract(_GRID).astype("float64")
    told = parts.notna().all(axis=1) & frame["longitude"].isna() & frame["latitude"].isna()
    if not told.any():
        return frame
    half = parts[1] / 2
    made = frame.copy()
    for epsg in sorted(parts.loc[told, 0].unique()):
        rows = told & (parts[0] == epsg)
        if crs.is_known(int(epsg)):
            x, y = (parts[place][rows] + half[rows] for place in (3, 2))
            points = gpd.GeoSeries(gpd.points_from_xy(x, y), crs=int(epsg))
            moved = points.to_crs(epsg=crs.STORAGE_EPSG)
            made.loc[rows, "longitude"] = moved.x.to_numpy()
            made.loc[rows, "latitude"] = moved.y.to_numpy()
    return made


# --- reading --------------------------------------------------------------------------------------
def _read(
    path: Path,
    form: _Form,
    *,
    optional: tuple[str, ...] = (),
    prepare: Callable[[pd.DataFrame, str], pd.DataFrame] = lambda raw, _: raw,
) -> tuple[pd.DataFrame, list[Problem]]:
    """Return a table typed by its form, and everything that is wrong with it."""
    columns: Columns = {column.name: _NAMES[column.name] for column in form.columns}
    needed = {name: ways for name, ways in columns.items() if name not in optional}
    raw = _plain(path, tuple(columns))
    if raw is None:
        raw = read_table(path, needed=needed, wanted={name: columns[name] for name in optional})
    malformed = raw.attrs.get("malformed", [])
    problems = [Problem("panel_row_cut", row=str(row), where=path.name) for row in malformed]
    raw = prepare(raw, path.name)
    made = {}
    for column in form.columns:
        made[column.name], wrong = _typed(raw[column.name], column, where=path.name)
        problems += wrong
    frame = pd.DataFrame(made)
    return frame, problems + _twice(frame, form.key, where=path.name)


def _plain(path: Path, names: tuple[str, ...]) -> pd.DataFrame | None:
    """Return the cells of a file as this tool writes it, fast; None for any other.

    A national panel has hundreds of thousands of rows, read at each diagnosis.
    """
    if path.suffix.lower() != ".csv" or not path.is_file():
        return None
    head = ",".join(names).encode()
    with path.open("rb") as stream:
        if stream.readline(len(head) + 2).rstrip(b"\r\n") != head:
            return None
    try:
        rows = pd.read_csv(path, dtype="str", na_filter=False, encoding="utf-8")
    except ValueError:  # not in UTF-8, rows that are too long, an open quote
        return None
    if rows.empty or not isinstance(rows.index, pd.RangeIndex):
        return None
    made = {}
    for name in names:
        places, alike = pd.factorize(rows[name].to_numpy(dtype="object"))
        cells = [str(cell).strip() for cell in alike]
        known = np.array([np.nan if cell in NULLS else cell for cell in cells], dtype="object")
        made[name] = pd.Series(known[places], dtype="str")
    return pd.DataFrame(made).set_axis(pd.RangeIndex(2, len(rows) + 2))


def _typed(cells: pd.Series[str], column: Column, *, where: str) -> tuple[pd.Series, list[Problem]]:
    """Return a column in its type, and what is wrong in it; cells alike are read once."""
    places, alike = pd.factorize(cells.to_numpy(dtype="object"))
    reads = [read(cell, column) for cell in alike]
    wrong = {cell: one for cell, one in zip(alike, reads, strict=True) if one.value is None}
    faults = {cell: one for cell, one in wrong.items() if one.code}
    problems = [
        Problem(
            faults[cell].code,
            row=str(row),
            column=column.name,
            found=shown(cell),
            params=faults[cell].params,
            where=where,
        )
        for row, cell in cells[cells.isin(faults)].items()
    ]
    values = [one.value for one in reads]
    if column.kind == "number":
        known = np.array([*(np.nan if value is None else value for value in values), np.nan])
        made = pd.Series(known.astype("float64")[places], index=cells.index, name=column.name)
        problems += _out_of_range(made, column, where=where)
    else:
        words = np.array([*values, None], dtype="object")[places]
        made = pd.Series(words, index=cells.index, dtype="str", name=column.name)
    if column.required:
        empty = made.isna() & ~cells.isin(faults)
        problems += _at(made[empty].astype("object"), "required_cell", where=where)
    return made, problems


def _out_of_range(cells: pd.Series[float], column: Column, *, where: str) -> list[Problem]:
    low, high = column.minimum, column.maximum
    problems = []
    if low is not None:
        code = "negative_number" if low == 0 else "number_too_small"
        if low == _LEAST:
            code = "panel_not_positive"
        params = {"minimum": low}
        problems += _at(cells[cells < low], code, where=where, params=params)
    if high is not None:
        params = {"maximum": high}
        problems += _at(cells[cells > high], "number_too_large", where=where, params=params)
    return problems


def _twice(frame: pd.DataFrame, key: tuple[str, ...], *, where: str) -> list[Problem]:
    whole = frame.dropna(subset=list(key))
    twice = whole[whole.duplicated(list(key), keep=False)]
    return [
        Problem(
            "panel_twice_told",
            found=" / ".join(map(str, cells)),
            params={"rows": listed(part.index)},
            where=where,
        )
        for cells, part in twice.groupby(list(key))
    ]


def _at(
    cells: pd.Series, code: str, *, where: str, params: Mapping[str, object] | None = None
) -> list[Problem]:
    """Return a problem a cell."""
    return [
        Problem(
            code,
            row=str(row),
            column="" if cells.name is None else str(cells.name),
            found=shown(cell),
            params=params or {},
            where=where,
        )
        for row, cell in cells.items()
    ]


def _checked(
    frame: pd.DataFrame, problems: list[Problem], *, columns: tuple[str, ...], key: tuple[str, ...]
) -> pd.DataFrame:
    if problems:
        raise DataError(sorted(problems, key=_place))
    return frame.sort_values(list(key), ignore_index=True)[list(columns)]


def _place(problem: Problem) -> tuple[int, str, str]:
    row = int(problem.row) if problem.row.isdigit() else -1
    return row, problem.column, problem.code
