"""What serves instead of what, by the table; its form is checked with the other tables."""

from __future__ import annotations

import pytest

from toolkit import category_links as links

DOCTOR, NURSE = "services.health.general_practitioner", "services.health.nurse"


@pytest.mark.parametrize(
    "wanted, held, expected",
    [
        ("materials.wood.pallets", "materials.wood.pallets", 1.0),
        ("materials.wood", "materials.wood.pallets", 1.0),
        ("materials.wood.crates", "materials.wood.pallets", 0.5),
        ("materials.wood.crates", "materials.metal.steel", 0.0),
        ("materials.construction.aggregates", "materials.construction.joinery", 0.0),
        ("materials.organic.feed", "materials.organic.plant_by_products", 0.8),
        ("materials.organic.plant_by_products", "materials.organic.feed", 0.0),
        ("materials.plastic.rubber", "materials.goods.tyres", 0.5),
        ("skills.legal", "skills.it", 0.0),
        (DOCTOR, "services.health.health_centre", 0.8),
        (DOCTOR, "services.health.pharmacy", 0.0),
        (DOCTOR, "services.health", 1.0),
        ("services.education.primary_school", "services.education.adult_training", 0.0),
        ("services.daily_life.market", "services.daily_life.recycling_centre", 0.0),
    ],
)
def test_nearness(wanted: str, held: str, expected: float) -> None:
    assert links.nearness(wanted, held) == expected


def test_nearness_has_a_direction() -> None:
    # A post office can be run by a bakery; nobody asks the post office for bread.
    post, bakery = "services.daily_life.post_office", "services.daily_life.bakery"
    assert links.nearness(post, bakery) > 0
    assert links.nearness(bakery, post) == 0


def test_a_category_without_rows_takes_those_of_its_parent() -> None:
    default = links.weights("services.health", "premises")
    assert default["premises.office"] == 1
    assert links.weights("services.health.dentist", "premises") == default
    assert links.weights("services.health.home_care", "premises") != default


def test_a_row_that_names_nobody_stops_the_rule_of_the_parent() -> None:
    assert not links.weights("services.health.hospital", "premises")
    assert links.fits_in("services.health.hospital", "premises.office") == 0


@pytest.mark.parametrize(
    "premises, expected",
    [("office", 1.0), ("meeting_room", 0.3), ("warehouse", 0.0), ("cold_room", 0.0)],
)
def test_a_practice_needs_a_room_not_a_warehouse(premises: str, expected: float) -> None:
    assert links.fits_in(NURSE, f"premises.{premises}") == expected


@pytest.mark.parametrize(
    "activity, expected",
    [("56.29A", 0.8), ("56.22Y", 0.8), ("56.10A", 0.3), ("55.20Z", 0.0), ("", 0.0), ("5", 0.0)],
)
def test_the_longest_code_of_an_activity_counts(activity: str, expected: float) -> None:
    assert links.by_activity("services.education.school_canteen", activity) == expected


def test_sectors_say_little_and_only_where_the_table_lets_them() -> None:
    assert links.by_sector("services.daily_life.craftspeople", frozenset({"construction"})) == 0.3
    assert links.by_sector("social.food_aid", frozenset({"social_care"})) == 0.3  # of the root
    assert links.by_sector(DOCTOR, frozenset({"health"})) == 0
    assert links.by_sector("social.food_aid", frozenset()) == 0
