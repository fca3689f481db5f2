"""Shared fixtures: a tiny territory made by hand, and where the real public data lie."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import box

from toolkit.territory import Territory

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real public data; skip where it does not lie beside the project."""
    if not SHARED.is_dir():
        pytest.skip("the folder of real data is not beside the project")
    return SHARED


def tiny_tables() -> dict[str, pd.DataFrame]:
    """Return the tables of a territory of three communes in a row, 10 km wide each, by hand.

    Communes 99001, 99002, 99003 from west to east; the squares lie in EPSG:2154.
    """
    communes = gpd.GeoDataFrame(
        {
            "commune_id": ["99001", "99002", "99003"],
            "name": ["Ambreval", "Brissac-les-Bois", "Château-d'Orne"],
            "population": [1000.0, 3000.0, 500.0],
            "cog_year": [2026, 2026, 2026],
        },
        geometry=[
            box(600_000 + 10_000 * i, 6_600_000, 610_000 + 10_000 * i, 6_610_000) for i in range(3)
        ],
        crs=2154,
    )
    actors = pd.DataFrame(
        [
            ("A1", "Ressourcerie de l'Ambre", "ess", "association", "99001", "38.32Z", "waste"),
            ("A2", "Scierie Dubois", "business", None, "99001", "16.10A", "wood"),
            ("A3", "Mairie de Brissac-les-Bois", "public", None, "99002", "84.11Z", None),
            ("A4", "Lycée agricole du Val", "research", None, "99002", "85.32Z", None),
            ("A5", "Palettes & Cie", "business", None, "99002", "16.24Z", None),
            ("A6", "Régie de quartier", "ess", "association", "99003", "81.30Z", None),
        ],
        columns=["actor_id", "name", "family", "ess_form", "commune_id", "activity", "description"],
    ).drop(columns="description")
    return {"communes": communes, "actors": actors}


@pytest.fixture
def tiny_territory() -> Territory:
    """Return a valid territory of three communes and six actors."""
    return Territory.from_tables(tiny_tables(), name="Val d'Essai", fictional=True)
