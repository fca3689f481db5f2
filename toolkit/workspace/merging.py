"""Rows that come in, laid over the rows that are stored; pure functions over frames."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from toolkit import crs
from toolkit import vocabulary as v
from toolkit.schema.contracts import CONTRACTS
from toolkit.workspace.layers import row_id

_CARRIED: Final[Mapping[str, tuple[str, ...]]] = {
    "ess": ("family",),
    "weight": ("basis", "category"),
    v.GEOMETRY: ("commune_id", "address"),
}
"""Columns that a workbook does not have, and the cells that must be as they were for the stored
value to stay true."""


def row_ids(table: str, frame: pd.DataFrame) -> pd.Series:
    """Return the id of each row by the key of its table; missing where a part of the key is.

    Examples
    --------
    >>> row_ids("members", pd.DataFrame({"cooperation_id": ["C1"], "actor_id": ["A1"]})).tolist()
    ['C1|A1']
    """
    key = CONTRACTS[table].key
    cells = [
        frame[name].astype("object")
        if name in frame
        else pd.Series(None, index=frame.index, dtype="object")
        for name in key
    ]
    if len(cells) == 1:
        return cells[0].where(cells[0].notna(), None)
    rows = zip(*cells, strict=True)
    ids = [None if any(pd.isna(part) for part in parts) else row_id(parts) for parts in rows]
    return pd.Series(ids, index=frame.index, dtype="object")


def merge(
    stored: Mapping[str, pd.DataFrame], incoming: Mapping[str, pd.DataFrame]
) -> dict[str, pd.DataFrame]:
    """Return the stored tables in which rows that come in replace those of the same key.

    A row replaces the whole of the stored one.  Rows that come in twice stay twice, for the check
    to find them.

    Parameters
    ----------
    stored : Mapping of str to DataFrame
        Complete tables; geometries in EPSG:4326.
    incoming : Mapping of str to DataFrame
        Rows by table; their geometries may be in any CRS that is set.

    Returns
    -------
    dict of str to DataFrame
        All tables, stored rows first.
    """
    return {
        table: _over(table, stored[table], rows=incoming[table])
        if table in incoming
        else stored[table]
        for table in stored
    }


def carry(table: str, rows: pd.DataFrame, *, stored: pd.DataFrame) -> pd.DataFrame:
    """Return rows of a workbook with what it cannot hold, taken from the stored rows.

    A stored value is taken only where the cells on which it rests are as they were: an actor that
    moves to another commune does not keep its point.

    Parameters
    ----------
    table : str
        Table of the model.
    rows : DataFrame
        Typed rows that come in.
    stored : DataFrame
        Complete stored rows of the table.
    """
    names = [name for name in _CARRIED if name in CONTRACTS[table].names and name not in rows]
    if not names or rows.empty or stored.empty:
        return rows
    known = stored.set_axis(row_ids(table, stored).to_numpy(), axis="index")
    known = known[~known.index.duplicated()]
    ids = row_ids(table, rows)
    found = known.reindex(ids.to_numpy()).set_axis(rows.index, axis="index")
    made: pd.DataFrame = rows
    for name in names:
        holds = ids.isin(known.index) & found[name].notna()
        for cell in _CARRIED[name]:
            if cell in found:
                holds &= _same(rows, found, cell=cell)
        if name == v.GEOMETRY:
            # A point that was computed from cells, or put at the commune, is computed again.
            holds &= (found["located_by"] == "address") & found["latitude"].isna() & _no_point(rows)
            points = np.asarray(found[name].array, dtype="object")
            points[~holds.to_numpy(dtype="bool")] = None
            made = gpd.GeoDataFrame(
                made, geometry=gpd.array.from_shapely(points), crs=crs.STORAGE_EPSG
            )
        else:
            made = made.assign(**{name: found[name].where(holds)})
    return made


def without(
    rows: Mapping[str, pd.DataFrame], refused: Mapping[str, set[str]]
) -> dict[str, pd.DataFrame]:
    """Return the rows whose labels (column ``_row``) are not refused."""
    return {
        table: frame[~frame["_row"].isin(refused.get(table, set())).to_numpy(dtype="bool")]
        for table, frame in rows.items()
    }


def _over(table: str, stored: pd.DataFrame, *, rows: pd.DataFrame) -> pd.DataFrame:
    replaced = row_ids(table, stored).isin(set(row_ids(table, rows).dropna()))
    kept = stored[~replaced.to_numpy(dtype="bool")]
    if not CONTRACTS[table].has_geometry:
        return pd.concat([kept, rows], ignore_index=True)
    shapes = np.concatenate([_shapes(kept), _shapes(rows)])
    bare = [pd.DataFrame(part.drop(columns=v.GEOMETRY, errors="ignore")) for part in (kept, rows)]
    both = pd.concat(bare, ignore_index=True)
    geometry = gpd.array.from_shapely(shapes)
    laid: pd.DataFrame = gpd.GeoDataFrame(both, geometry=geometry, crs=crs.STORAGE_EPSG)
    return laid


def _shapes(frame: pd.DataFrame) -> np.ndarray:
    """Return the geometries of rows in EPSG:4326, missing where there are none."""
    if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None or frame.empty:
        return np.full(len(frame), None, dtype="object")
    return np.asarray(crs.to_storage(frame, where="").geometry.array, dtype="object")


def _same(rows: pd.DataFrame, found: pd.DataFrame, *, cell: str) -> pd.Series:
    """Return where a cell is as it was; a cell that is left empty contradicts nothing."""
    if cell not in rows:
        return pd.Series(data=True, index=rows.index)
    given = rows[cell].astype("object")
    return given.isna() | (given == found[cell].astype("object"))


def _no_point(rows: pd.DataFrame) -> pd.Series:
    """Return where rows give no coordinates."""
    bare = pd.Series(data=True, index=rows.index)
    for name in ("latitude", "longitude"):
        if name in rows:
            bare &= rows[name].isna()
    return bare
