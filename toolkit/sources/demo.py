"""The demo territory shipped with the package: fictional, and marked so."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import pandas as pd

from toolkit import vocabulary as v
from toolkit.resources import shipped
from toolkit.schema.contracts import CONTRACTS
from toolkit.territory import Territory

NAME = "Pays de Valombre"
DEMO_ID: Final = "T00"
"""The demo territory in :func:`demo_panel`."""


def demo_tables() -> dict[str, pd.DataFrame]:
    """Return the tables of the demo territory as they are shipped, before completion."""
    folder = shipped("data", "demo")
    tables: dict[str, pd.DataFrame] = {}
    for name in v.TABLES:
        path = folder / f"{name}.csv"
        if path.exists():
            kinds = {column.name: column.dtype for column in CONTRACTS[name].columns}
            tables[name] = pd.read_csv(path, dtype={**kinds}, encoding="utf-8")
    tables[v.COMMUNES] = gpd.read_file(folder / "communes.geojson")
    return tables


def demo_territory() -> Territory:
    """Return the fictional territory used by the notebooks, the tests and ``maillage demo``.

    Returns
    -------
    Territory
        25 communes, about 640 actors; ``fictional`` is true.

    Examples
    --------
    >>> demo_territory().population
    45000.0
    """
    return Territory.from_tables(demo_tables(), name=NAME, fictional=True)


def demo_panel() -> pd.DataFrame:
    """Return counts of activities in the demo territory and in 60 others to compare it with.

    Returns
    -------
    DataFrame
        Columns ``PANEL_COLUMNS``, a row a territory and activity (NAF rev. 2); the demo territory
        is ``DEMO_ID``, counted from its own actors.

    Examples
    --------
    >>> panel = demo_panel()
    >>> panel["territory_id"].nunique(), DEMO_ID in set(panel["territory_id"])
    (61, True)
    """
    numbers = ("population", "density_per_km2", "median_income_eur", "count")
    kinds = {name: "float64" if name in numbers else "str" for name in v.PANEL_COLUMNS}
    panel = pd.read_csv(shipped("data", "demo", "panel.csv"), dtype={**kinds}, encoding="utf-8")
    return panel[list(v.PANEL_COLUMNS)]
