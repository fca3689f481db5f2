"""The command line as a person uses it: words, exit codes, no traceback, nothing half done."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import geopandas as gpd
import pytest

from tests.cli.conftest import Fill
from toolkit import cli
from toolkit.workspace import Workspace

COMMANDS = ["check", "demo", "diagnose", "import", "lab", "new", "report"]


GOOD = {"Nom": "Scierie {{7*7}}", "Famille": "Entreprise privée", "Commune": "Ambreval"}
BAD = {"Nom": "Régie", "Famille": "Martienne", "Commune": "Ambreville", "SIRET": "123"}


def words(capsys: pytest.CaptureFixture[str]) -> str:
    shown = capsys.readouterr()
    assert "Traceback" not in shown.out + shown.err
    return shown.out + shown.err


@pytest.mark.parametrize("lang,opening", [("fr", "cartographier"), ("en", "map the actors")])
def test_help_speaks_the_language_and_lists_every_command(lang: str, opening: str) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "toolkit", "--help"],
        env={**os.environ, "MAILLAGE_LANG": lang, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
        timeout=60,
    ).stdout
    assert opening in told
    assert "cli." not in told
    assert all(re.search(rf"^\s+{name}\s", told, re.MULTILINE) for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_every_command_has_help_with_an_example(
    name: str, lang: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILLAGE_LANG", lang)
    assert cli.main([name, "--help"]) == 0
    told = words(capsys)
    assert f"maillage {name}" in told
    assert "cli." not in told.replace("cli.py", "")


def test_new_makes_a_folder_ready_to_be_filled_in(
    tmp_path: Path, outlines: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "neuf"
    assert cli.main(["new", str(folder), "--from-file", str(outlines), "--cog-year", "2026"]) == 0
    assert "3 communes" in words(capsys)
    assert {path.name for path in folder.iterdir()} >= {
        "saisie.xlsx",
        "territoire.gpkg",
        "territoire.toml",
        "notebooks",
        "rapports",
    }
    assert len(gpd.read_file(folder / "territoire.gpkg", layer="communes")) == 3


def test_new_refuses_a_folder_that_holds_something(
    folder: Path, outlines: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (folder / "territoire.gpkg").read_bytes()
    assert cli.main(["new", str(folder), "--from-file", str(outlines), "--cog-year", "2026"]) == 1
    assert str(folder) in words(capsys)
    assert (folder / "territoire.gpkg").read_bytes() == before


def test_new_names_unknown_communes_and_writes_nothing(
    tmp_path: Path, outlines: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "autre"
    line = ["new", str(target), "--from-file", str(outlines), "--cog-year", "2026"]
    assert cli.main([*line, "--communes", "99001,98765"]) in {1, 2}
    assert "98765" in words(capsys)
    assert not target.exists()


def test_new_asks_for_the_year_of_the_geography(
    tmp_path: Path, outlines: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "autre"
    assert cli.main(["new", str(target), "--from-file", str(outlines)]) in {1, 2}
    assert "--cog-year" in words(capsys)
    assert not target.exists()


def test_import_then_report(folder: Path, fill: Fill, capsys: pytest.CaptureFixture[str]) -> None:
    fill(folder, [GOOD])
    assert cli.main(["check", str(folder)]) == 0
    assert Workspace(folder).territory().actors.empty
    assert cli.main(["import", str(folder)]) == 0
    assert Workspace(folder).territory().actors["name"].tolist() == ["Scierie {{7*7}}"]
    assert cli.main(["report", str(folder)]) == 0
    told = words(capsys)
    assert "rien n'a été écrit" in told
    page = (folder / "rapports" / "diagnostic-fr.html").read_text(encoding="utf-8")
    assert "Scierie 49" not in page


def test_import_tells_every_problem_and_takes_nothing(
    folder: Path, fill: Fill, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(folder, [GOOD, BAD])
    assert cli.main(["check", str(folder)]) == 1
    assert not (folder / "saisie_a-corriger.xlsx").exists()
    assert cli.main(["import", str(folder)]) == 1
    told = words(capsys)
    for found in ("Martienne", "Ambreville", "SIRET", "Acteurs", "ligne"):
        assert found in told, found
    assert "saisie_a-corriger.xlsx" in told
    assert (folder / "saisie_a-corriger.xlsx").exists()
    assert Workspace(folder).territory().actors.empty


def test_partial_import_takes_the_sound_row(
    folder: Path, fill: Fill, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(folder, [GOOD, BAD])
    assert cli.main(["import", str(folder), "--partial"]) == 1
    assert "Martienne" in words(capsys)
    assert len(Workspace(folder).territory().actors) == 1


def test_a_zip_that_is_no_workbook(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "archive.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("photo.txt", "bonjour")
    assert cli.main(["import", str(folder), str(path)]) == 1
    assert "archive.xlsx" in words(capsys)


@pytest.mark.parametrize(
    "line",
    [
        ["report"],
        ["raport", "x"],
        ["report", "x", "--format", "pdf"],
        ["new", "x"],
        ["report", "x", "--lang", "de"],
    ],
    ids=" ".join,
)
def test_wrong_use_is_told_in_words(line: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(line) in {1, 2}
    told = words(capsys)
    assert told.strip()
    assert "Error" not in told


@pytest.mark.parametrize(
    "line, told",
    [
        (["--cog-year", "abc"], "« abc », ne convient pas. Il faut un nombre entier."),
        (["--cog-year=20x6"], "« 20x6 », ne convient pas. Il faut un nombre entier."),
        (["--share", "moitié"], "« moitié », ne convient pas. Il faut un nombre, avec un point"),
        (["--cog-year"], "L'option --cog-year attend une valeur."),
        (["à", "l'été"], "mots de trop : à l'été. Un nom qui contient des espaces"),
        (["--bidon"], "L'option --bidon n'existe pas."),
    ],
    ids=str,
)
def test_wrong_words_of_a_command_are_told_with_what_is_expected(line, told, tmp_path, capsys):
    where = [str(tmp_path / "t"), "--from-file", "x.geojson", "--lang", "fr"]
    assert cli.main(["new", *where, *line]) == 2
    assert told in words(capsys)
    assert not (tmp_path / "t").exists()


def test_the_next_command_can_be_copied_from_the_screen(outlines, tmp_path, capsys):
    folder = tmp_path / "L'été à Cœur"
    line = ["--from-file", str(outlines), "--cog-year", "2026", "--lang", "fr"]
    assert cli.main(["new", str(folder), *line]) == 0
    assert f'maillage import "{folder}"' in capsys.readouterr().out


def test_a_territory_without_actors_is_told_to_import_first(folder, capsys):
    assert cli.main(["diagnose", str(folder), "--lang", "fr"]) == 0
    assert "aucun acteur" in words(capsys)


def test_a_folder_that_is_no_territory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["report", str(tmp_path)]) == 1
    assert "territoire.toml" in words(capsys)


def test_demo_never_touches_a_real_territory(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (folder / "territoire.gpkg").read_bytes()
    assert cli.main(["demo", str(folder)]) == 2
    assert "vrai territoire" in words(capsys)
    assert (folder / "territoire.gpkg").read_bytes() == before


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from toolkit.cli import main; main(['--help']); "
        "print([n for n in ('pandas', 'geopandas', 'folium', 'numpy') if n in sys.modules])"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout.strip().endswith("[]")


@pytest.mark.parametrize(
    "words",
    [
        ["--lang", "en", "--help"],
        ["--help", "--lang", "en"],
        ["--lang=en", "new", "--help"],
        ["new", "--help", "--lang", "en"],
    ],
)
def test_the_language_may_stand_anywhere(words, capsys):
    try:
        code = cli.main(words)
    except SystemExit as left:
        code = left.code
    assert code == 0
    said = capsys.readouterr().out
    assert "Show this message and exit" in said
    assert "territoire" not in said
