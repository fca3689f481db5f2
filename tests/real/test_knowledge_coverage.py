"""How many real establishments get estimates from their activity."""

from __future__ import annotations

import pandas as pd
import pytest

from toolkit.knowledge import read_profiles
from toolkit.knowledge.profiles import SIDES
from toolkit.sources.siae import load_siae
from toolkit.sources.sirene_daily import load_sirene_daily

pytestmark = pytest.mark.shared
ENOUGH = 3


@pytest.fixture(scope="module")
def activities(shared_data):
    """Return the activity of each establishment of the SIRENE and SIAE files, one row each."""
    normandie = shared_data / "normandie"
    extracts = [
        load_sirene_daily(normandie / "sirene_quotidien_2017_normandie_pm.csv"),
        load_siae(normandie / "siae_geocodees_2021_02.csv"),
        load_siae(shared_data / "national" / "siae_asp_2019_07.csv"),
    ]
    found = pd.concat([extract.tables["actors"] for extract in extracts])["activity"]
    return found.dropna()


def test_nearly_all_establishments_get_three_offers_and_three_needs(activities):
    assert len(activities) > 1_000
    typical = read_profiles().of(activities.unique())
    counts = typical.groupby(["activity", "side"]).size()
    both = (counts >= ENOUGH).groupby("activity").sum()
    enough = both.index[both == len(SIDES)]
    assert activities.isin(enough).mean() >= 0.95


def test_estimates_stay_few_enough_to_be_read(activities):
    typical = read_profiles().of(activities.unique())
    shown = typical[typical["weight"] >= 0.5]
    counts = activities.map(shown.groupby("activity").size()).fillna(0)
    assert counts.median() <= 15
