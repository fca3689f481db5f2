"""What must hold of the rows of the shipped knowledge base as a whole."""

from __future__ import annotations

import pytest

from toolkit.knowledge import read_profiles
from toolkit.knowledge.industry import industry


@pytest.mark.parametrize(
    "category",
    [
        "finance.insurance",
        "materials.carbon_dioxide",
        "materials.metal.electronic_boards",
        "materials.mineral.sulphur",
        "materials.organic.feed",
        "materials.organic.plant_by_products",
        "materials.plastic.rubber",
        "skills.guarding",
    ],
)
def test_a_category_made_for_the_profiles_is_offered_and_needed(category):
    rows = read_profiles().rows
    sides = set(rows.loc[(rows["category"] == category) & (rows["weight"] >= 0.3), "side"])
    assert sides == {"offer", "need"}
    own = rows[(rows["category"] == category) & (rows["source"] == "expert")]
    assert own["quantity_per_job"].isna().all()


@pytest.mark.parametrize(
    "flow,category",
    [
        ("bran", "materials.organic.plant_by_products"),
        ("feeds", "materials.organic.feed"),
        ("carbon_dioxide", "materials.carbon_dioxide"),
        ("sulphur", "materials.mineral.sulphur"),
        ("waste_rubber", "materials.plastic.rubber"),
        ("e_waste", "materials.metal.electronic_boards"),
    ],
)
def test_flows_and_profiles_name_a_thing_alike(flow, category):
    assert industry().flows.loc[flow, "category"] == category
    assert category in set(read_profiles().rows["category"])


@pytest.mark.parametrize(
    "activity,category,low",
    [
        ("10.41A", "materials.organic.plant_by_products", False),
        ("10.41B", "materials.organic.plant_by_products", True),
        ("10.42Z", "materials.organic.plant_by_products", True),
        ("22.21Z", "materials.plastic.production_scrap", False),
        ("22.19Z", "materials.plastic.production_scrap", True),
        ("22.19Z", "materials.plastic.rubber", False),
    ],
)
def test_a_finer_activity_does_not_take_over_what_others_of_its_group_release(
    activity, category, low
):
    found = read_profiles().of([activity])
    told = found[(found["side"] == "offer") & (found["category"] == category)]
    assert len(told) == 1
    assert (told["weight"].iloc[0] < 0.3) == low
