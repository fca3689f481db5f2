"""Value chains on real actors: who stands where, read as an officer of the place would."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from toolkit.knowledge.chains import BY_NAME, Chain, find_stages, read_chains
from toolkit.nomenclature import fold
from toolkit.sources.siae import load_siae
from toolkit.sources.sirene_daily import load_sirene_daily

pytestmark = pytest.mark.shared

CHAINS = {chain.chain_id: chain for chain in read_chains()}
DAILY = {
    "millau": "millau_12/sirene_quotidien_2017_12_pm.csv",
    "calaisis": "calaisis_62/sirene_quotidien_2017_62_pm.csv",
    "normandie": "normandie/sirene_quotidien_2017_normandie_pm.csv",
}


def placed(actors: pd.DataFrame) -> pd.DataFrame:
    """Return who stands where, with names."""
    found = find_stages(actors, list(CHAINS.values()))
    return found.merge(actors[["actor_id", "name", "activity"]], on="actor_id")


def here(found: pd.DataFrame, chain: str, stage: str) -> set[str]:
    """Return the folded names of those that stand at a stage."""
    rows = found[(found["chain_id"] == chain) & (found["stage_id"] == stage)]
    return {fold(name) for name in rows["name"]}


def held(found: pd.DataFrame, chain: Chain) -> list[bool]:
    """Return whether each order of a chain is held by enough actors."""
    counts = found[found["chain_id"] == chain.chain_id].groupby("stage_id")["actor_id"].nunique()
    return [
        any(counts.get(stage.stage_id, 0) >= stage.min_actors for stage in order)
        for order in chain.orders
    ]


@pytest.fixture(scope="module")
def daily(shared_data: Path) -> dict[str, pd.DataFrame]:
    """Return who stands where among the companies of three territories."""
    return {
        name: placed(load_sirene_daily(shared_data / path).tables["actors"])
        for name, path in DAILY.items()
    }


@pytest.fixture(scope="module")
def integration(shared_data: Path) -> pd.DataFrame:
    """Return the work integration structures of the country."""
    return load_siae(shared_data / "national" / "siae_geocodees_2021_02.csv").tables["actors"]


@pytest.fixture(scope="module")
def directory(shared_data: Path) -> pd.DataFrame:
    """Return the circular-economy directory of the Calaisis: names, and no activity."""
    path = shared_data / "calaisis_62" / "annuaire_economie_circulaire_sevadec_2024.csv"
    rows = pd.read_csv(path, dtype="str", keep_default_na=False)
    return pd.DataFrame(
        {"actor_id": [f"L{line:03d}" for line in rows.index], "activity": "", "name": rows["nom"]}
    )


@pytest.mark.parametrize(
    "place, chain, expected",
    [
        # Sheep and no wool mill near Millau; farms and shops, and between them nobody.
        ("millau", "natural_fibres", [True, False, False, False]),
        ("millau", "short_food", [True, False, False, True]),
        ("millau", "timber", [False, False, False, False, True, False]),
        # Wind power of the Calaisis has installers and users, and no local project.
        ("calaisis", "local_energy", [True, False, True, True, False, True]),
        ("normandie", "timber", [False, True, True, False, True, True]),
        ("normandie", "farm_methane", [True, False, True]),
        ("normandie", "wood_energy", [True, False, True, True]),
    ],
)
def test_orders_of_a_chain_that_are_held(
    place: str, chain: str, expected: list[bool], daily: dict[str, pd.DataFrame]
) -> None:
    assert held(daily[place], CHAINS[chain]) == expected


def test_property_companies_and_holdings_stand_nowhere(daily: dict[str, pd.DataFrame]) -> None:
    for found in daily.values():
        assert found[found["activity"].str.startswith(("68.20", "64.20", "70.10"))].empty


def test_joint_boards_are_no_canteens(daily: dict[str, pd.DataFrame]) -> None:
    canteens = here(daily["normandie"], "short_food", "canteens")
    assert "mairie (commune de terres-de-caux)" in canteens
    assert not [name for name in canteens if "assainissement" in name]


def test_every_reuse_centre_is_known_whatever_its_code(integration: pd.DataFrame) -> None:
    named = integration[integration["name"].map(fold).str.contains(r"ressourcerie|recyclerie")]
    assert len(named) >= 25
    assert named["activity"].nunique() >= 4
    found = placed(named)
    collectors = found.loc[
        (found["chain_id"] == "furniture_reuse") & (found["stage_id"] == "collection"), "actor_id"
    ]
    missed = named[~named["actor_id"].isin(collectors)]
    assert list(missed["name"]) == []


def test_names_do_not_mislead(integration: pd.DataFrame) -> None:
    found = placed(integration)
    collectors = here(found, "textile_reuse", "collection")
    assert not [name for name in collectors if name.endswith("relais emploi")]
    garages = here(found, "solidarity_mobility", "solidarity_garage")
    assert {"garage solidaire de lorraine"} <= garages
    assert not [name for name in garages if "jardin" in name or "terre" in name]
    assert len(garages) < 20
    carers = here(found, "home_care", "workforce")
    assert not [name for name in carers if "transport" in name or "industrie" in name]


def test_directory_without_activities_is_read_by_names(directory: pd.DataFrame) -> None:
    found = placed(directory)
    assert set(found["told_by"]) == {BY_NAME}
    for chain in ("furniture_reuse", "textile_reuse", "electronics"):
        for stage in ("collection", "sale"):
            names = here(found, chain, stage)
            assert {"emmaus", "la chiffonnerie d'emmaus"} <= names
            assert any(name.startswith("la ressourcerie du calaisis") for name in names)
    cafes = {fold(name) for name in directory["name"] if fold(name).startswith("repair cafe")}
    assert len(cafes) >= 5
    assert cafes <= here(found, "electronics", "repair")
    assert "mediatheque louis aragon" in here(found, "digital_inclusion", "places")
    # A dressmaker mends; she is no school of sewing, and driftwood makes no carpenter.
    assert here(found, "textile_reuse", "training") == set()
    assert here(found, "timber", "builders") == set()
