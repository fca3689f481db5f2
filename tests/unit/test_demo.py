"""The demo territory: drawn from its seed, fictional for sure, incomplete as in life."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from toolkit import nomenclature
from toolkit import vocabulary as v
from toolkit.schema.identifiers import is_luhn
from toolkit.sources.demo import DEMO_ID, demo_panel, demo_territory
from toolkit.territory import Territory

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo"


@pytest.fixture(scope="module")
def demo() -> Territory:
    return demo_territory()


def test_the_seeded_script_writes_the_shipped_files(tmp_path: Path) -> None:
    for path in [*DEMO.glob("*.py"), *DEMO.glob("*.toml")]:
        shutil.copy(path, tmp_path)
    subprocess.run([sys.executable, str(tmp_path / "make_demo.py")], check=True, timeout=120)
    shipped = sorted([*DEMO.glob("*.csv"), *DEMO.glob("*.geojson")])
    assert len(shipped) == 10
    for path in shipped:
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name


def test_size_is_that_of_a_small_rural_territory(demo: Territory) -> None:
    assert len(demo.communes) == 25
    assert demo.population == 45_000
    assert 580 <= len(demo.actors) <= 660
    assert 800 <= len(demo.resources) <= 950
    assert 640 <= len(demo.needs) <= 760
    assert len(demo.flows) == 1_200
    assert len(demo.cooperations) == 40
    assert len(demo.practices) == 25
    assert set(demo.actors["family"]) == {"ess", "business", "public", "research", "civil"}


def test_communes_adjoin_without_gap_or_overlap(demo: Territory) -> None:
    metric = demo.communes.to_crs(epsg=demo.zone.epsg)
    union = metric.union_all()
    assert union.geom_type == "Polygon"
    assert abs(union.area - metric.area.sum()) / union.area < 1e-4
    holes = sum(gpd.GeoSeries([ring]).polygonize().area.sum() for ring in union.interiors)
    assert holes / union.area < 1e-4


def test_nothing_can_be_taken_for_real(demo: Territory, shared_data: Path) -> None:
    real = pd.read_csv(shared_data / "national" / "v_commune_2023.csv", dtype="str")
    assert not set(demo.communes["name"].str.casefold()) & set(real["LIBELLE"].str.casefold())
    assert demo.fictional
    assert not set(demo.communes["commune_id"]) & set(real["COM"])


def test_identifiers_pass_their_check_and_belong_to_nobody(demo: Territory) -> None:
    siret = demo.actors["siret"].dropna()
    assert len(siret) > 300
    assert siret.str.startswith("000").all()
    assert siret.map(is_luhn).all()
    assert siret.str[:9].map(is_luhn).all()


def test_some_rows_are_incomplete_as_in_life(demo: Territory) -> None:
    assert 0.03 < demo.actors["activity"].isna().mean() < 0.2
    assert 0.05 < (demo.actors["located_by"] == "commune").mean() < 0.25
    assert 0.02 < demo.resources["quantity"].isna().mean() < 0.25
    assert (demo.resources["basis"] == "estimated").any()


def test_what_can_be_counted_is_whole(demo: Territory) -> None:
    for name in ("resources", "needs", "flows"):
        frame = demo.table(name)
        counted = frame.loc[frame["unit"].isin(["unit", "person", "place", "day"]), "quantity"]
        assert len(counted)
        assert (counted.dropna() % 1 == 0).all(), name


def test_planted_categories_are_used_by_planted_rows_only(demo: Territory) -> None:
    planted = tomllib.loads((DEMO / "planted.toml").read_text(encoding="utf-8"))
    for name in ("resources", "needs", "flows"):
        frame = demo.table(name)
        for row in planted[name]:
            assert row["category"] in nomenclature.codes("categories")
            same = frame[frame["category"] == row["category"]]
            assert same.iloc[:, 0].str.startswith("P").all()


def test_panel_has_sixty_territories_beside_the_demo_and_real_codes(demo: Territory) -> None:
    panel = demo_panel()
    assert tuple(panel.columns) == v.PANEL_COLUMNS
    assert panel["territory_id"].nunique() == 61
    assert not panel.duplicated(["territory_id", "nomenclature", "activity"]).any()
    assert set(panel["activity"]) <= nomenclature.codes("naf_rev2")
    assert set(panel["nomenclature"]) == {"naf_rev2"}
    assert (panel["count"] >= 0).all()
    own = panel[panel["territory_id"] == DEMO_ID]
    held = demo.actors["activity"].value_counts()
    assert own["count"].tolist() == [held.get(code, 0) for code in own["activity"]]
    assert set(own["name"]) == {demo.name}
    assert set(own["population"]) == {demo.population}
