"""A territory as the command line makes it, and a way to type into its workbook."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from tests.conftest import tiny_tables
from toolkit import cli

Fill = Callable[..., None]


@pytest.fixture(autouse=True)
def french(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MAILLAGE_LANG", "fr")


@pytest.fixture
def outlines(tmp_path: Path) -> Path:
    communes = tiny_tables()["communes"].to_crs(epsg=4326)
    frame = communes.rename(columns={"commune_id": "code", "name": "nom"})[
        ["code", "nom", "population", "geometry"]
    ]
    path = tmp_path / "communes.geojson"
    path.write_text(frame.to_json(drop_id=True), encoding="utf-8")
    return path


@pytest.fixture
def folder(tmp_path: Path, outlines: Path) -> Path:
    target = tmp_path / "mon territoire"
    code = cli.main(["new", str(target), "--from-file", str(outlines), "--cog-year", "2026"])
    assert code == 0
    return target


@pytest.fixture
def fill() -> Fill:
    """Return a function that types rows into a sheet of a workbook, under its own headers."""

    def typed(folder: Path, rows: list[dict[str, object]], *, sheet: str = "Acteurs") -> None:
        path = folder / "saisie.xlsx"
        book = openpyxl.load_workbook(path)
        page = book[sheet]
        headers = {
            str(cell.value).replace("*", "").strip(): cell.column for cell in page[1] if cell.value
        }
        first = page.max_row + 1
        for place, row in enumerate(rows):
            for name, value in row.items():
                page.cell(row=first + place, column=headers[name], value=value)
                page.cell(row=first + place, column=headers[name]).data_type = (
                    "s" if isinstance(value, str) else "n"
                )
        book.save(path)

    return typed
