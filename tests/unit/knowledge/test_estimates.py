"""Estimates from activities: marked, weighted, and giving way to what is known."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolkit.background import Background
from toolkit.diagnosis import diagnose
from toolkit.knowledge import estimate
from toolkit.knowledge.profiles import COLUMNS, Profiles
from toolkit.settings import Settings
from toolkit.sources import demo_territory

ROWS = [
    ("56", "offer", "materials.organic.kitchen", "", 0.6, "t", 0.9, "a", "a", "x"),
    ("56", "need", "logistics.waste_collection", "", None, "", 0.7, "b", "b", "expert"),
    ("56", "need", "skills.cleaning", "", None, "", 0.3, "c", "c", "expert"),
]


@pytest.fixture(scope="module")
def profiles():
    frame = pd.DataFrame(ROWS, columns=list(COLUMNS))
    return Profiles(frame.astype({"quantity_per_job": "float64", "weight": "float64"}))


@pytest.fixture
def territory():
    """Return the demo without its resources and needs, its first two actors being restaurants."""
    demo = demo_territory()
    actors = demo.actors.copy()
    actors["activity"] = None
    actors["description"] = None
    actors["name"] = [f"Actrice {place}" for place in range(len(actors))]
    actors["diffusible"] = True
    actors["natural_person"] = False
    actors.loc[actors.index[:2], "activity"] = "56.10A"
    actors.loc[actors.index[0], "jobs"] = 10.0
    actors.loc[actors.index[1], "jobs"] = float("nan")
    actors.loc[actors.index[1], "jobs_band"] = None
    empty = {name: demo.table(name).iloc[:0] for name in ("resources", "needs", "flows")}
    return demo.replace(actors=actors, **empty)


def test_estimates_are_marked_weighted_and_sized_by_jobs(territory, profiles):
    first, second = territory.actors["actor_id"][:2]
    made = estimate(territory, profiles, min_weight=0.5)
    offers = made["resources"].set_index("actor_id")
    assert set(offers.index) == {first, second}
    assert set(offers["basis"]) == {"estimated"}
    assert set(offers["source_id"]) == {"profiles"}
    assert offers.loc[first, ["quantity", "unit", "weight"]].tolist() == [6.0, "t", 0.9]
    assert pd.isna(offers.loc[second, "quantity"])
    assert pd.isna(offers.loc[second, "unit"])
    assert set(made["needs"]["category"]) == {"logistics.waste_collection"}
    assert offers["label"].isna().all()
    labelled = estimate(territory, profiles, lang="fr")
    assert set(labelled["resources"]["label"]) == {"a"}
    assert len(labelled["needs"]) == 4


@pytest.mark.parametrize(
    "category", ["materials.organic.kitchen", "materials.organic", "materials"]
)
def test_a_row_that_somebody_wrote_takes_the_place_of_an_estimate(territory, profiles, category):
    first, second = territory.actors["actor_id"][:2]
    row = {"resource_id": ["R1"], "actor_id": [first], "category": [category]}
    known = territory.replace(resources=pd.DataFrame(row))
    offers = estimate(known, profiles)["resources"]
    replaced = category != "materials"  # a root is too wide to say anything of a part
    assert set(offers["actor_id"]) == ({second} if replaced else {first, second})
    assert len(estimate(known, profiles)["needs"]) == 4


@pytest.mark.parametrize("cells", [{"diffusible": False}, {"natural_person": True}])
def test_nothing_is_deduced_of_persons_and_of_who_is_not_shown(territory, profiles, cells):
    actors = territory.actors.assign(**cells)
    made = estimate(territory.replace(actors=actors), profiles)
    assert made["resources"].empty
    assert made["needs"].empty


MORE = [
    ("47", "offer", "materials.organic.kitchen", "", 0.1, "t", 0.5, "trade", "trade", "x"),
    ("47", "offer", "materials.paper.cardboard", "", 0.2, "t", 0.8, "card", "card", "x"),
    ("47", "need", "logistics.waste_collection", "", None, "", 0.7, "more", "more", "expert"),
    ("47", "need", "skills.cleaning", "", None, "", 0.6, "clean", "clean", "expert"),
    ("47.24", "offer", "materials.paper.cardboard", "", None, "", 0.4, "less", "less", "expert"),
]


@pytest.fixture(scope="module")
def several():
    frame = pd.DataFrame([*ROWS, *MORE], columns=list(COLUMNS))
    return Profiles(frame.astype({"quantity_per_job": "float64", "weight": "float64"}))


def of_first(territory, profiles, *, lang="fr", activity="56.10A", others, **options):
    """Return category -> label, weight and quantity of the first actor, with these activities."""
    actors = territory.actors.copy()
    first = actors.index[0]
    actors["other_activities"] = pd.Series(None, index=actors.index, dtype="str")
    actors.loc[first, ["activity", "other_activities"]] = [activity, others]
    made = estimate(territory.replace(actors=actors), profiles, lang=lang, **options)
    rows = pd.concat([made["resources"], made["needs"]])
    rows = rows[rows["actor_id"] == actors.loc[first, "actor_id"]]
    return {
        row["category"]: (
            row["label"],
            row["weight"],
            None if pd.isna(row["quantity"]) else row["quantity"],
        )
        for _, row in rows.iterrows()
    }


def test_what_an_actor_also_does_adds_and_counts_no_job_twice(territory, several):
    """Ten jobs: 6 t a year of the main activity; the other one says nothing of how much."""
    assert of_first(territory, several, others="47.78C") == {
        "materials.organic.kitchen": ("a", 0.9, 6.0),
        "materials.paper.cardboard": ("card", 0.8, None),
        "logistics.waste_collection": ("b", 0.7, None),  # as typical: the main activity says it
        "skills.cleaning": ("clean", 0.6, None),
    }


def test_the_most_typical_row_counts_and_the_main_activity_says_how_much(territory, several):
    found = of_first(territory, several, activity="47.78C", others="56.10A")
    assert found == {
        "materials.organic.kitchen": ("a", 0.9, 1.0),
        "materials.paper.cardboard": ("card", 0.8, 2.0),
        "logistics.waste_collection": ("more", 0.7, None),
        "skills.cleaning": ("clean", 0.6, None),
    }


def test_of_one_activity_the_longest_code_counts_of_two_the_most_typical(territory, several):
    category = "materials.paper.cardboard"
    assert of_first(territory, several, others="47.24Z")[category] == ("less", 0.4, None)
    assert of_first(territory, several, others="47.24Z|47.78C")[category] == ("card", 0.8, None)
    assert of_first(territory, several, others="47.24Z|47")[category] == ("less", 0.4, None)


@pytest.mark.parametrize("others", ["56.10A", " 56.10A |56.10A", "56", "56.1|56.10A", "01.11Z"])
def test_an_activity_told_again_or_without_profile_changes_nothing(territory, several, others):
    alone = of_first(territory, several, others=None)
    assert len(alone) == 3
    assert of_first(territory, several, others=others) == alone


def test_other_activities_alone_count_and_say_nothing_of_how_much(territory, several):
    found = of_first(territory, several, activity=None, others="47.78C")
    assert found["materials.paper.cardboard"] == ("card", 0.8, None)
    assert len(found) == 4
    named = territory.actors.assign(name="Crêperie Ty Breizh")
    assert of_first(territory.replace(actors=named), several, activity=None, others="47.78C") == (
        found
    )


def test_the_threshold_holds_for_the_row_that_is_kept(territory, several):
    found = of_first(territory, several, others="47.78C", min_weight=0.6)
    assert found["skills.cleaning"] == ("clean", 0.6, None)
    assert "skills.cleaning" not in of_first(territory, several, others=None, min_weight=0.6)


@pytest.mark.parametrize("category", ["materials.paper.cardboard", "materials.organic"])
def test_an_observed_row_takes_the_place_of_what_another_activity_gives(
    territory, several, category
):
    first = territory.actors["actor_id"].iloc[0]
    row = {"resource_id": ["R1"], "actor_id": [first], "category": [category]}
    known = territory.replace(resources=pd.DataFrame(row))
    found = of_first(known, several, others="47.78C")
    gone = {"materials.paper.cardboard", "materials.organic.kitchen"} - set(found)
    assert gone == {one for one in (*found, *gone) if one.startswith(category)}


@pytest.mark.parametrize("cells", [{"diffusible": False}, {"natural_person": True}])
def test_nothing_is_deduced_from_other_activities_of_who_is_not_shown(territory, several, cells):
    hidden = territory.replace(actors=territory.actors.assign(**cells))
    assert of_first(hidden, several, others="47.78C") == {}


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    cells=st.lists(
        st.lists(st.sampled_from(["56.10A", "47.78C", "47.24Z", "47", "01.11Y"]), max_size=4),
        min_size=6,
        max_size=6,
    ),
    order=st.permutations(range(6)),
)
def test_the_order_of_rows_changes_no_estimate(territory, several, cells, order):
    actors = territory.actors.iloc[:6].copy()
    actors["activity"] = [one[0] if one else None for one in cells]
    actors["other_activities"] = ["|".join(one[1:]) or None for one in cells]
    plain = {name: territory.table(name).iloc[:0] for name in ("cooperations", "members")}
    one = estimate(territory.replace(actors=actors, **plain), several)
    turned = territory.replace(actors=actors.iloc[list(order)], **plain)
    for name, rows in estimate(turned, several).items():
        pd.testing.assert_frame_equal(rows, one[name])
        assert not rows.duplicated(["actor_id", "category"]).any()


def test_a_name_that_leaves_no_doubt_stands_for_an_activity(territory, profiles):
    actors = territory.actors.copy()
    actors["activity"] = None
    actors["description"] = None
    actors["name"] = [f"Actrice {place}" for place in range(len(actors))]
    actors.loc[actors.index[0], "name"] = "Crêperie Ty Breizh"
    named = territory.replace(actors=actors)
    offers = estimate(named, profiles)["resources"]
    assert offers["actor_id"].tolist() == [actors["actor_id"].iloc[0]]
    assert 0.3 < offers["weight"].iloc[0] < 0.9
    assert estimate(named, profiles, min_weight=0.9)["resources"].empty


def test_estimates_satisfy_the_contract_of_their_tables(territory, profiles):
    made = estimate(territory, profiles)
    sources = pd.DataFrame({"source_id": ["profiles"], "title": ["x"]})
    whole = territory.replace(
        **made, sources=pd.concat([territory.table("sources"), sources], ignore_index=True)
    )
    assert len(whole.table("resources")) == 2


def rows_for(territory):
    from toolkit.knowledge import read_profiles

    rows = estimate(territory, read_profiles(), min_weight=0.5)
    return {**rows, "sources": pd.DataFrame({"source_id": ["profiles"], "title": ["x"]})}


def test_the_layer_of_estimates_changes_no_observed_figure():
    demo = demo_territory()
    settings = Settings(openings_max=3, per_opening=1, permutations=99)
    rows = rows_for(demo)
    assert len(rows["resources"]) > 50
    before = diagnose(demo, settings=settings)
    after = diagnose(demo, settings=settings, background=Background(estimates=rows))
    kept = after.gaps.set_index("gap_id").loc[before.gaps["gap_id"]].reset_index()
    pd.testing.assert_frame_equal(kept, before.gaps.reset_index(drop=True))
    evidence = after.evidence[after.evidence["gap_id"].isin(before.gaps["gap_id"])]
    pd.testing.assert_frame_equal(
        evidence.reset_index(drop=True), before.evidence.reset_index(drop=True)
    )
    ids = {*rows["resources"]["resource_id"], *rows["needs"]["need_id"]}
    matches = after.findings.matches
    of_known = matches[~matches["resource_id"].isin(ids) & ~matches["need_id"].isin(ids)]
    pd.testing.assert_frame_equal(
        of_known.reset_index(drop=True), before.findings.matches.reset_index(drop=True)
    )
    assert not (matches["resource_id"].isin(ids) ^ matches["need_id"].isin(ids)).any()
    added = after.gaps[~after.gaps["gap_id"].isin(before.gaps["gap_id"])]
    assert len(added)
    assert set(added["basis"]) == {"estimated"}
    pd.testing.assert_frame_equal(after.findings.access, before.findings.access)
    pd.testing.assert_frame_equal(after.findings.network, before.findings.network)


def test_one_setting_switches_estimates_off():
    demo = demo_territory()
    settings = Settings(openings_max=2, per_opening=1, permutations=99, include_estimated=False)
    before = diagnose(demo, settings=settings)
    after = diagnose(demo, settings=settings, background=Background(estimates=rows_for(demo)))
    pd.testing.assert_frame_equal(after.gaps, before.gaps)
    pd.testing.assert_frame_equal(after.partnerships, before.partnerships)
    assert len(after.territory.table("resources")) == len(demo.table("resources"))


def test_what_people_told_goes_before_what_is_deduced():
    demo = demo_territory()
    settings = Settings(openings_max=40, per_opening=1, permutations=99)
    rows = rows_for(demo)
    found = diagnose(demo, settings=settings, background=Background(estimates=rows))
    ids = {*rows["resources"]["resource_id"], *rows["needs"]["need_id"]}
    roles = found.proposals.roles
    told = roles[roles["fact_table"].isin(["resources", "needs", "flows"])]
    is_deduced = told["fact_id"].isin(ids).groupby(told["candidate_id"]).all()
    ranked = found.partnerships["candidate_id"].map(is_deduced).fillna(value=False).astype("bool")
    assert ranked.any()
    assert not ranked.all()
    assert ranked.tolist() == sorted(ranked.tolist())
