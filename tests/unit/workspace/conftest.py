"""A territory of three communes on disk, and workbooks as an officer fills them in."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import openpyxl
import pytest
from shapely.geometry import box

from toolkit.workspace import Workspace

ACTOR_HEADERS = ["Identifiant", "Nom", "Famille", "SIRET", "Commune", "Mon avis"]
ACTORS = [
    ["A1", "Ressourcerie de l'Ambre", "Économie sociale et solidaire", None, "99001", "à revoir"],
    ["A2", "Scierie Dubois", "Entreprise privée", "73282932000074", "Brissac-les-Bois", None],
    ["A3", "Mairie {{7*7}} </script>", "Secteur public", None, "99003", None],
]
RESOURCE_HEADERS = ["Identifiant", "Acteur", "Catégorie", "Quantité", "Unité", "Période"]
RESOURCES = [["R1", "A2", "materials.wood.offcuts", "12,5", "t", "Par an"]]


def communes() -> gpd.GeoDataFrame:
    """Return three communes in a row, 10 km wide each, in EPSG:2154."""
    squares = [
        box(600_000 + 10_000 * i, 6_600_000, 610_000 + 10_000 * i, 6_610_000) for i in range(3)
    ]
    return gpd.GeoDataFrame(
        {
            "commune_id": ["99001", "99002", "99003"],
            "name": ["Ambreval", "Brissac-les-Bois", "Château-d'Orne"],
            "population": [1000.0, 3000.0, 500.0],
            "cog_year": [2026, 2026, 2026],
        },
        geometry=squares,
        crs=2154,
    )


def noon() -> dt.datetime:
    """Return the moment at which all tests take place."""
    return dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


def write_book(path: Path, sheets: dict[str, list[list[object]]]) -> Path:
    """Write a workbook with the sheets given (rows, header first)."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Path:
    """Return the folder of a territory that was just made; tests copy it."""
    folder = tmp_path_factory.mktemp("made") / "val"
    Workspace.create(folder, name="Val d'Essai", communes=communes(), now=noon)
    return folder


@pytest.fixture
def folder(made, tmp_path) -> Path:
    """Return a fresh copy of the folder of a territory."""
    return Path(shutil.copytree(made, tmp_path / "val"))


@pytest.fixture
def workspace(folder) -> Workspace:
    """Return a territory without actors."""
    return Workspace(folder, now=noon, timeout_s=0.2)


@pytest.fixture
def perimeter() -> gpd.GeoDataFrame:
    """Return the communes."""
    return communes()


@pytest.fixture
def clock() -> Callable[[], dt.datetime]:
    """Return the clock of all tests."""
    return noon


@pytest.fixture
def fill() -> Callable[..., Path]:
    """Return what writes a workbook: rows of actors and of resources, headers left out."""

    def write(path, *, actors=ACTORS, resources=RESOURCES, headers=ACTOR_HEADERS) -> Path:
        sheets = {"Acteurs": [headers, *actors], "Ressources": [RESOURCE_HEADERS, *resources]}
        return write_book(path, {name: rows for name, rows in sheets.items() if len(rows) > 1})

    return write


@pytest.fixture
def actor_rows() -> list[list[object]]:
    """Return the rows of the sheet of actors, without headers."""
    return [list(row) for row in ACTORS]


@pytest.fixture
def resource_rows() -> list[list[object]]:
    """Return the rows of the sheet of resources, without headers."""
    return [list(row) for row in RESOURCES]


@pytest.fixture
def filled(workspace, fill) -> Workspace:
    """Return a territory whose workbook is filled in and not imported yet."""
    fill(workspace.workbook)
    return workspace


@pytest.fixture
def imported(filled) -> Workspace:
    """Return a territory whose workbook was imported."""
    filled.import_workbook(who="Ana")
    return filled
