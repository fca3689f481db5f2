"""The ways of `maillage new` to choose a perimeter: what is asked for, and each wrong use of it."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import pytest
from shapely.geometry import box, mapping

from toolkit import cli
from toolkit.workspace import Workspace


@pytest.fixture
def population(tmp_path: Path) -> Path:
    path = tmp_path / "population.csv"
    path.write_text(
        "epci_code,epci_nom,commune_code,commune_siren,commune_nom,population_municipale\n"
        '200000001,"CC de l\'Ambre, Terre et Mer",99001,219900011,Ambreval,1000\n'
        '200000001,"CC de l\'Ambre, Terre et Mer",99002,219900022,Brissac-les-Bois,3000\n'
        "200000002,CU d'Orne,99003,219900033,Château-d'Orne,500\n"
        "200000002,CU d'Orne,98999,219900044,Au-delà,10\n",
        encoding="utf-8",
    )
    return path


@pytest.fixture
def groups(tmp_path: Path) -> Path:
    path = tmp_path / "groups.csv"
    path.write_text(
        "N° SIREN;Nom du groupement;Siren membre;Nom membre\n"
        "250000001;PETR de l'Ouest;200000001;CC de l'Ambre\n"
        "250000002;SM du Rond;250000003;SM du Tour\n"
        "250000003;SM du Tour;250000002;SM du Rond\n",
        encoding="utf-8",
    )
    return path


@pytest.fixture
def area(tmp_path: Path) -> Path:
    shape = gpd.GeoSeries([box(600_000, 6_600_000, 616_000, 6_610_000)], crs=2154).to_crs(4326)
    features = [{"type": "Feature", "properties": {}, "geometry": mapping(shape.iloc[0])}]
    path = tmp_path / "area.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    return path


def run(
    tmp_path: Path, outlines: Path, *options: object, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, Path]:
    """Return exit code, what was said, and the folder."""
    folder = tmp_path / "neuf"
    line = ["new", folder, "--from-file", outlines, "--cog-year", "2026", *options]
    code = cli.main([str(word) for word in line])
    shown = capsys.readouterr()
    assert "Traceback" not in shown.out + shown.err
    return code, shown.out + shown.err, folder


def communes_of(folder: Path) -> list[str]:
    return sorted(Workspace(folder).territory().communes["commune_id"])


@pytest.mark.parametrize(
    "options,expected",
    [
        (["--communes", "ambreval; Château d'Orne"], ["99001", "99003"]),
        (["--communes", "99001 99002"], ["99001", "99002"]),
        (["--communes", "99001, brissac les bois"], ["99001", "99002"]),
        (["--epci", "Ambre, Terre et Mer", "--population", "POPULATION"], ["99001", "99002"]),
        (["--epci", "200000001", "--population", "POPULATION"], ["99001", "99002"]),
        (
            ["--epci", "Orne", "--population", "POPULATION", "--without", "Au-delà"],
            ["99003"],
        ),
        (["--departement", "99"], ["99001", "99002", "99003"]),
        (["--departement", "D99", "--without", "Ambreval"], ["99002", "99003"]),
        (
            ["--groups", "GROUPS", "--group", "Ouest", "--population", "POPULATION"],
            ["99001", "99002"],
        ),
        (["--within", "AREA"], ["99001", "99002"]),
        (["--within", "AREA", "--share", "0.7"], ["99001"]),
        (["--around", "Ambreval", "--radius-km", "12"], ["99001", "99002"]),
        (["--around", "1.7, 46.53", "--radius-km", "6"], ["99001"]),
        (["--around=1,7;46,53", "--radius-km", "6"], ["99001"]),
        (["--around", "Ambreval", "--radius-km", "2", "--communes", "99003"], ["99001", "99003"]),
    ],
)
def test_perimeter_is_chosen(
    tmp_path: Path,
    outlines: Path,
    population: Path,
    groups: Path,
    area: Path,
    options: list[str],
    expected: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    files = {"POPULATION": population, "GROUPS": groups, "AREA": area}
    words = [files.get(word, word) for word in options]
    code, said, folder = run(tmp_path, outlines, *words, capsys=capsys)
    assert code == 0, said
    assert communes_of(folder) == expected


def test_threshold_and_borderline_communes_are_shown(
    tmp_path: Path, outlines: Path, area: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, said, _ = run(tmp_path, outlines, "--within", area, capsys=capsys)
    assert "pour au moins 50 %" in said
    assert "99002 Brissac-les-Bois (60%)" in said


def test_files_of_the_choice_are_sources_of_the_territory(
    tmp_path: Path, outlines: Path, area: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, _, folder = run(tmp_path, outlines, "--within", area, capsys=capsys)
    assert "area:area" in Workspace(folder).territory().sources["source_id"].tolist()


WRONG = [
    (["--communes", "Nulle-Part"], 2, "« Nulle-Part »"),
    (["--communes", ","], 2, "« , »"),
    (["--communes", "Brissac"], 2, "99002 (Brissac-les-Bois)"),
    (["--epci", "Ambre"], 2, "--population"),
    (["--epci", "Terre", "--population", "POPULATION"], 2, "200000001"),
    (["--epci", "999999999", "--population", "POPULATION"], 2, "999999999"),
    (["--epci", "Orne", "--population", "POPULATION"], 1, "98999"),
    (["--departement", "14"], 2, "Départements présents : 99"),
    (["--departement", "Orne"], 2, "« Orne »"),
    (["--group", "Ouest"], 2, "--groups"),
    (["--groups", "GROUPS"], 2, "--group"),
    (["--groups", "GROUPS", "--group", "Sud"], 2, "« Sud »"),
    (["--groups", "GROUPS", "--group", "Ouest"], 1, "200000001"),
    (["--groups", "GROUPS", "--group", "SM du Rond"], 1, "tourne en rond"),
    (["--groups", "absent.csv", "--group", "x"], 1, "absent.csv"),
    (["--share", "0.5"], 2, "--within"),
    (["--within", "AREA", "--share", "50"], 2, "--share"),
    (["--within", "AREA", "--share", "moitié"], 2, "--share"),
    (["--within", "absent.geojson"], 1, "absent.geojson"),
    (["--within", "GROUPS"], 1, ".csv"),
    (["--around", "Ambreval"], 2, "--radius-km"),
    (["--radius-km", "5"], 2, "--around"),
    (["--around", "Ambreval", "--radius-km", "-5"], 2, "--radius-km"),
    (["--around", "Nulle-Part", "--radius-km", "5"], 2, "« Nulle-Part »"),
    (["--around", "-48.8,2.3", "--radius-km", "5"], 2, "« -48.8,2.3 »"),
    (["--around", "48.8,2.3", "--radius-km", "5"], 2, "longitude, puis la latitude"),
    (["--around", "2.3,43.0", "--radius-km", "5"], 2, "Aucune commune"),
]


@pytest.mark.parametrize("options,expected,words", WRONG)
def test_wrong_use_says_what_to_do_and_writes_nothing(
    tmp_path: Path,
    outlines: Path,
    population: Path,
    groups: Path,
    area: Path,
    options: list[str],
    expected: int,
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    files = {"POPULATION": population, "GROUPS": groups, "AREA": area}
    line = [files.get(word, word) for word in options]
    code, said, folder = run(tmp_path, outlines, *line, capsys=capsys)
    assert (code, words in said) == (expected, True), said
    assert not folder.exists()


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_help_names_every_way_to_choose(lang: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["new", "--help", "--lang", lang]) == 0
    said = capsys.readouterr().out
    for option in ("--communes", "--epci", "--departement", "--groups", "--group", "--within"):
        assert option in said
    for option in ("--share", "--around", "--radius-km", "--without"):
        assert option in said
    assert "cli.opt" not in said
