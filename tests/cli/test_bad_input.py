"""Every kind of bad input of an officer: a clear sentence, exit code 1 or 2, nothing written."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook

from tests.cli.conftest import Fill
from toolkit import cli
from toolkit.workspace import Workspace

ACTOR = {"Nom": "Scierie", "Famille": "Entreprise privée", "Commune": "Ambreval"}
RESOURCE = {"Acteur": "Scierie", "Catégorie": "Chutes de bois brut", "Quantité": 4, "Unité": "t"}

ROWS: dict[str, tuple[str, list[dict[str, object]], str]] = {
    "unknown commune": ("Acteurs", [ACTOR | {"Commune": "Zzyzx"}], "Zzyzx"),
    "duplicate id": (
        "Acteurs",
        [ACTOR | {"Identifiant": "X1"}, ACTOR | {"Identifiant": "X1", "Nom": "Autre"}],
        "X1",
    ),
    "unknown family": ("Acteurs", [ACTOR | {"Famille": "Martienne"}], "Martienne"),
    "unknown activity": ("Acteurs", [ACTOR | {"Activité (code NAF)": "99.99Q"}], "99.99Q"),
    "null island": ("Acteurs", [ACTOR | {"Latitude (degrés)": 0, "Longitude (degrés)": 0}], "0"),
    "point far away": (
        "Acteurs",
        [ACTOR | {"Latitude (degrés)": 48.85, "Longitude (degrés)": 2.35}],
        "48",
    ),
    "wrong SIRET": ("Acteurs", [ACTOR | {"SIRET": "12345678901234"}], "12345678901234"),
    "rounded SIRET": ("Acteurs", [ACTOR | {"SIRET": 3.67501e13}], "SIRET"),
    "negative quantity": ("Ressources", [RESOURCE | {"Quantité": -4}], "-4"),
    "unit of another dimension": ("Ressources", [RESOURCE | {"Unité": "m²"}], "mètre carré"),
    "unknown category": ("Ressources", [RESOURCE | {"Catégorie": "Licornes"}], "Licornes"),
    "nobody's need": ("Besoins", [{"Catégorie": "Bureaux"}], "Besoins"),
}


@pytest.mark.parametrize("case", ROWS, ids=str)
def test_a_bad_row_is_told_and_nothing_is_written(
    case: str, folder: Path, fill: Fill, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet, rows, told = ROWS[case]
    fill(folder, [ACTOR] if sheet != "Acteurs" else [])
    fill(folder, rows, sheet=sheet)
    before = (folder / "territoire.gpkg").read_bytes()
    capsys.readouterr()
    assert cli.main(["import", str(folder)]) == 1
    shown = capsys.readouterr()
    assert told in shown.err
    assert sheet in shown.err
    assert "Traceback" not in shown.err
    assert (folder / "territoire.gpkg").read_bytes() == before


def _empty(path: Path) -> None:
    Workbook().save(path)


def _bomb(path: Path) -> None:
    """Write a workbook of a few kilobytes that unpacks to hundreds of megabytes."""
    _empty(path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", b"<sst>" + b" " * 450_000_000)


def _far_cell(path: Path) -> None:
    book = Workbook()
    book.active["XFD1048576"] = "x"
    book.save(path)


def _no_workbook(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("photo.txt", "bonjour")


def _no_zip(path: Path) -> None:
    path.write_bytes(b"\x00\x01 du bruit")


def _virtual_layer(path: Path) -> None:
    path.write_text(
        '<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>http://127.0.0.1:9/x'
        "</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>",
        encoding="utf-8",
    )


FILES: dict[str, Callable[[Path], None]] = {
    "empty": _empty,
    "bomb": _bomb,
    "far cell": _far_cell,
    "zip without workbook": _no_workbook,
    "not a zip": _no_zip,
    "virtual layer": _virtual_layer,
}


@pytest.mark.parametrize("case", FILES, ids=str)
def test_a_bad_file_is_told_and_nothing_is_written(
    case: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "piege.xlsx"
    FILES[case](path)
    before = (folder / "territoire.gpkg").read_bytes()
    assert cli.main(["import", str(folder), str(path)]) == 1
    shown = capsys.readouterr()
    assert "piege.xlsx" in shown.err
    assert "Traceback" not in shown.err
    assert (folder / "territoire.gpkg").read_bytes() == before


@pytest.mark.parametrize("name", ["couche.geojson", "couche.gpkg"])
def test_a_virtual_layer_is_no_perimeter(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    _virtual_layer(path)
    target = tmp_path / "neuf"
    assert cli.main(["new", str(target), "--from-file", str(path), "--cog-year", "2026"]) == 1
    assert name in capsys.readouterr().err
    assert not target.exists()


def test_mixed_years_of_the_geography(
    outlines: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layer = json.loads(outlines.read_text(encoding="utf-8"))
    for place, feature in enumerate(layer["features"]):
        feature["properties"]["cog_year"] = 2018 + place
    path = tmp_path / "annees.geojson"
    path.write_text(json.dumps(layer), encoding="utf-8")
    target = tmp_path / "neuf"
    assert cli.main(["new", str(target), "--from-file", str(path)]) in {1, 2}
    assert "2018" in capsys.readouterr().err
    assert not target.exists()


HOSTILE = (
    "{{cycler.__init__.__globals__.os.system('true')}}",
    "{% raw",
    "{# commentaire",
    "${alert(1)}",
    "</script><script>alert(1)</script>",
    '=HYPERLINK("http://exemple.invalid";"clic")',
    "L'Entr'aide & Cie <b>«é»</b>",
)


def test_hostile_names_are_legal_and_kept_letter_for_letter(
    folder: Path, fill: Fill, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [ACTOR | {"Nom": name, "Identifiant": f"H{n}"} for n, name in enumerate(HOSTILE)]
    fill(folder, rows)
    assert cli.main(["import", str(folder)]) == 0
    actors = Workspace(folder).territory().actors.set_index("actor_id")
    assert [actors.loc[f"H{n}", "name"] for n in range(len(HOSTILE))] == list(HOSTILE)
    assert cli.main(["report", str(folder)]) == 0
    page = (folder / "rapports" / "diagnostic-fr.html").read_text(encoding="utf-8")
    assert "<script>alert(1)" not in page
    assert "Traceback" not in capsys.readouterr().err
