"""The panel of the intercommunalities of Calvados, Manche and Orne, and what each of them lacks.

The file of services also holds a row an intercommunality: it was counted by others, and read here
with the csv module alone.
"""

from __future__ import annotations

import csv
import importlib.util
import statistics
import sys
from pathlib import Path

import pandas as pd
import pytest

from toolkit.sources.communes import read_communes
from toolkit.workspace import Workspace
from toolkit.workspace.panels import PanelWish, make_panel

pytestmark = pytest.mark.shared

ROOT = Path(__file__).resolve().parents[2]
LEFT = {"200066827": 11, "200072676": 49, "246100663": 5}
"""Communes of Eure and Sarthe of the three that are left out."""
MOVED = {"200065589", "200066710"}
"""Between these two the commune 14659 has moved."""
AGAIN = ("14300", "14623", "61017", "61188", "61192", "61310")
"""Communes set up again since the file of services was made."""


def script(*parts: str):
    """Return a script of the repository as a module."""
    path = ROOT.joinpath(*parts)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


recipe = script("tests", "real", "build_normandie_panel.py")


def rows_of(shared: Path, name: str) -> dict[str, dict[str, str]]:
    path = shared / "normandie" / "indicateurs_communaux" / name
    with path.open(encoding="utf-8", newline="") as stream:
        return {row["id"]: row for row in csv.DictReader(stream)}


@pytest.fixture(scope="module")
def found(shared_data):
    return recipe.build(shared_data)


@pytest.fixture(scope="module")
def territories(found) -> pd.DataFrame:
    return found.panel.frame.drop_duplicates("territory_id").set_index("territory_id")


@pytest.fixture(scope="module")
def measured(found) -> pd.DataFrame:
    return recipe.measure_all(found.panel.frame)


# --- the panel ----------------------------------------------------------------------------------
def test_all_but_those_beyond_the_region_are_there(found, territories):
    left = found.panel.left_out.set_index("territory_id")
    assert {name: cell.count("|") + 1 for name, cell in left["communes"].items()} == LEFT
    assert set(left["reason"]) == {"uncovered"}
    assert all(code[:2] in ("27", "72") for cell in left["communes"] for code in cell.split("|"))
    assert len(territories) + len(left) == found.members["epci_id"].nunique() == 40
    assert territories["kind"].value_counts().to_dict() == {"CC": 31, "CA": 5, "CU": 1}
    held = next(note for note in found.panel.notes if note.code == "sources_panel_held")
    assert held.params["examples"] == ", ".join(AGAIN)


def test_sums_are_those_that_the_file_gives_for_groupings(found, shared_data):
    given = rows_of(shared_data, "bpe.csv")
    differing = set()
    for (name, activity), count in found.panel.frame.set_index(["territory_id", "activity"])[
        "count"
    ].items():
        if float(given[name][activity] or 0) != count:
            differing.add(name)
    assert differing == MOVED
    commune = given["14659"]
    sums = found.panel.frame.pivot_table(index="territory_id", columns="activity", values="count")
    for activity in ("boulang", "poste", "resto"):
        moved = float(commune[activity] or 0)
        for name, sign in (("200065589", -1), ("200066710", 1)):
            told = float(given[name][activity] or 0)
            assert sums.loc[name, activity] == told + sign * moved


def test_populations_are_those_of_the_composition(found, territories):
    members = found.members.groupby("epci_id")["population"].sum()
    assert (territories["population"] == members.reindex(territories.index)).all()


def test_areas_and_incomes_are_near_those_of_groupings(shared_data, territories):
    areas = rows_of(shared_data, "sup.csv")
    for name, row in territories.dropna(subset="density_per_km2").iterrows():
        if name not in MOVED:
            area = row["population"] / row["density_per_km2"]
            assert area == pytest.approx(float(areas[name]["sup"]), rel=1e-3)
    assert territories["density_per_km2"].isna().sum() == 1  # the area of 14011 is not told
    incomes = rows_of(shared_data, "filo.csv")
    off = [
        abs(income - float(incomes[name]["med21"]))
        for name, income in territories["median_income_eur"].items()
    ]
    assert statistics.median(off) < 60
    assert max(off) < 300


# --- what is missing ----------------------------------------------------------------------------
def test_each_is_measured_beside_its_own_kind(measured, territories):
    assert measured.groupby("territory_id").size().eq(25).all()
    compared = measured.groupby("territory_id")["compared"].first()
    kinds = territories["kind"]
    assert compared[kinds == "CC"].eq(15).all()
    assert compared[kinds == "CA"].eq(4).all()  # there are five
    assert compared[kinds == "CU"].eq(15).all()  # it is alone: all kinds count


def test_what_is_missing_is_rare_by_plain_counting(measured, territories, found):
    told = measured[measured["missing"]]
    assert 1 <= len(told) <= 10
    rates = found.panel.frame.pivot_table(
        index="territory_id", columns="activity", values="count", fill_value=0.0
    ).div(territories["population"], axis=0)
    for row in told.itertuples():
        choice = recipe.choice_of(found.panel.frame, row.territory_id)
        others = choice.loc[choice["chosen"], "territory_id"]
        usual = rates.loc[others, row.activity].mean()
        assert rates.loc[row.territory_id, row.activity] < 0.5 * usual
        assert row.probability >= 0.9


def test_the_order_of_rows_changes_nothing(found, measured):
    turned = found.panel.frame.sample(frac=1.0, random_state=3)
    for name in ("200065597", "200066728"):
        again = recipe.measure(turned, name).reset_index(drop=True)
        before = measured[measured["territory_id"] == name].reset_index(drop=True)
        pd.testing.assert_frame_equal(again, before)


# --- through a folder ---------------------------------------------------------------------------
def test_a_folder_has_the_same_panel_and_finds_itself(tmp_path, shared_data, found):
    folder = shared_data / "normandie"
    indicators = folder / "indicateurs_communaux"
    members = folder / "epci_communes_population_2026_14_50_61.csv"
    passage = shared_data / "national" / "communes_ancien_nouveau_code_2026.parquet"
    communes = read_communes(
        folder / "communes_14_cog2018.geojson",
        epci=["241400415"],
        population=members,
        passage=passage,
    )
    workspace = Workspace.create(
        tmp_path / "fleurie",
        name="Coeur Côte Fleurie",
        communes=communes.tables["communes"],
        sources=communes.sources,
    )
    wish = PanelWish(
        counts=(str(indicators / "bpe.csv"),),
        members=str(members),
        areas=indicators / "sup.csv",
        income=indicators / "filo.csv",
        passage=passage,
    )
    report = make_panel(workspace, wish)
    assert report.panel.own_id == "241400415"
    background = workspace.background()
    assert background.own_id == "241400415"
    pd.testing.assert_frame_equal(background.panel, found.panel.frame)


# --- the pages ----------------------------------------------------------------------------------
def test_pages_and_maps_are_what_the_script_writes(shared_data):
    page = script("docs", "build", "normandie.py")
    for path, text in page.written(shared_data).items():
        assert path.read_text(encoding="utf-8") == text, path.name
    for path in page.MAPS.glob("normandie-*.svg"):
        assert path.stat().st_size < 80_000
        assert "http" not in path.read_text(encoding="utf-8").replace(
            "http://www.w3.org/2000/svg", ""
        )
