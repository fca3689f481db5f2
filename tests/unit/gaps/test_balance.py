"""Unmet needs and unused resources on the tiny territory, computed by hand.

A1 and A2 live in 99001, A3 to A5 in 99002, A6 in 99003; neighbours are 10 km apart, 13 km by road.
"""

from __future__ import annotations

import math

import pytest

from toolkit import nomenclature
from toolkit.gaps import balance, find_gaps, table
from toolkit.gaps.prices import PRICE_COLUMNS
from toolkit.settings import Settings

WOOD = "materials.wood"
OFFCUTS = "materials.wood.offcuts"


def resource(resource_id, actor_id, quantity, *, category=OFFCUTS, unit="t", **more):
    return {
        "resource_id": resource_id,
        "actor_id": actor_id,
        "category": category,
        "quantity": quantity,
        "unit": unit,
        **more,
    }


def need(need_id, actor_id, quantity, *, category=OFFCUTS, unit="t", **more):
    return {
        "need_id": need_id,
        "actor_id": actor_id,
        "category": category,
        "quantity": quantity,
        "unit": unit,
        **more,
    }


def found(territory, **settings):
    """Return gaps by id, evidence by gap, and the matches."""
    result = balance.find(territory, settings=Settings(**settings))
    gaps, evidence = table.frames(result.gaps)
    return gaps.set_index("gap_id"), evidence, result.detail


def test_what_is_left_on_both_sides(with_rows):
    territory = with_rows(
        resources=[resource("R1", "A2", 10), resource("R2", "A5", 3, basis="estimated")],
        needs=[need("N1", "A1", 8), need("N2", "A6", 1), need("N3", "A4", 9)],
    )
    gaps, evidence, matches = found(territory)
    # 13 t offered, 18 t needed.  A2 serves its neighbour A1 (0 km) with 8 t; what is left of it and
    # A5's 3 t go to A4 (13 and 0 km) and none is left for A6 (26 and 13 km).
    pairs = matches.set_index(["resource_id", "need_id"])
    assert pairs["quantity"].to_dict() == pytest.approx(
        {("R1", "N1"): 8.0, ("R1", "N3"): 2.0, ("R2", "N3"): 3.0}
    )
    assert pairs["distance_km"].tolist() == pytest.approx([0.0, 13.0, 0.0], abs=0.05)
    assert pairs["basis"].tolist() == ["observed", "observed", "estimated"]
    assert gaps.index.tolist() == [f"unmet_need:{OFFCUTS}"]
    gap = gaps.iloc[0]
    assert (gap["expected"], gap["observed"], gap["shortfall"]) == pytest.approx((18, 13, 5))
    assert (gap["kind"], gap["category"], gap["unit"]) == ("unmet_need", OFFCUTS, "t")
    assert gap["actor_ids"] == "A4|A6"
    assert gap["commune_id"] == ""
    assert gap["evidence"] == 6
    assert gap["basis"] == "estimated"
    # Five facts of six are not estimated; two offers stand against three needs.
    assert gap["confidence"] == pytest.approx(5 / 6 * (2 + 1) / (3 + 1))
    # 1 of 1 t and 4 of 9 t: 1.44 of 6 actors; fewer than ten rows are no scale for tonnes.
    assert gap["severity"] == pytest.approx((1 + 4 / 9) / 6)
    assert math.isnan(gap["people_affected"])
    by_role = evidence.groupby("role")["quantity"].sum()
    assert by_role["need"] - by_role["match"] == pytest.approx(gap["shortfall"])


def test_quantities_are_per_year_and_in_the_unit_of_the_category(with_rows):
    territory = with_rows(
        resources=[resource("R1", "A2", 500, unit="kg", period="month")],
        needs=[need("N1", "A1", 4, period="year")],
    )
    gaps, _, matches = found(territory)
    assert matches["quantity"].tolist() == pytest.approx([4.0])
    assert matches["unit"].tolist() == ["t"]
    gap = gaps.loc[f"unused_resource:{OFFCUTS}"]
    assert (gap["expected"], gap["observed"], gap["shortfall"]) == pytest.approx((6.0, 4.0, 2.0))
    assert gap["unit"] == "t"


def test_a_category_serves_its_parent_and_its_child_but_no_sister(with_rows):
    territory = with_rows(
        resources=[resource("R1", "A2", 5, category="materials.wood.bark")],
        needs=[need("N1", "A1", 2, category=WOOD), need("N2", "A1", 2)],
    )
    gaps, _, matches = found(territory)
    assert matches["need_id"].tolist() == ["N1"]
    assert gaps["shortfall"].to_dict() == pytest.approx(
        {f"unmet_need:{OFFCUTS}": 2.0, "unused_resource:materials.wood.bark": 3.0}
    )


def test_measures_are_kept_apart(with_rows):
    territory = with_rows(  # a root has no measure of its own
        resources=[resource("R1", "A2", 5, category="materials")],
        needs=[need("N1", "A1", 2, category="materials", unit="m3")],
    )
    gaps, _, matches = found(territory)
    assert matches.empty
    assert gaps["unit"].to_dict() == {
        "unmet_need:materials:volume": "L",
        "unused_resource:materials": "t",
    }


def test_the_radius_is_measured_on_the_road(with_rows):
    territory = with_rows(
        resources=[resource("R1", "A2", 100, category="premises.shop", unit="m2")],
        needs=[need("N1", "A3", 100, category="premises.shop", unit="m2")],
    )
    assert len(found(territory, detour_factor=1.49)[2]) == 1
    assert len(found(territory, detour_factor=1.51)[2]) == 0  # a shop: 15 km


@pytest.mark.parametrize("category", ["materials.wood.sawdust", "energy.heat.waste_heat"])
def test_each_category_has_its_own_radius(category):
    settings = Settings(radius_km=33.0)
    own = nomenclature.radius_km(category)
    expected = own if math.isfinite(own) else 33.0
    assert balance.reach_km(category, category, settings=settings) == expected
    # Between a category and a part of it, the part says what would travel.
    parent = category.rsplit(".", 1)[0]
    if nomenclature.is_compatible(parent, category):
        assert balance.reach_km(parent, category, settings=settings) == expected
    assert balance.reach_km("materials.metal", category, settings=settings) == -1.0


def test_a_hot_pipe_is_shorter_than_the_way_of_a_pallet():
    settings = Settings()
    pipe, pallet = (
        balance.reach_km(code, code, settings=settings)
        for code in ("energy.heat.waste_heat", "materials.wood.pallets")
    )
    assert 0 < pipe < pallet


def test_what_one_more_unit_brings_in_the_units_shown(with_rows):
    territory = with_rows(
        resources=[resource("R1", "A2", 2000, unit="kg"), resource("R2", "A5", 3)],
        needs=[need("N1", "A1", 2), need("N2", "A4", 9), need("N3", "A6", 0.5)],
    )
    prices = balance.find(territory, settings=Settings()).more["prices"]
    assert prices.columns.tolist() == list(PRICE_COLUMNS)
    by_row = prices.set_index("row_id")
    # A1 is met by its neighbour A2; A4 lacks 6 t: one more at A5, in its commune, would serve it.
    assert by_row.loc["R2", ["table", "other_table", "other_id", "other_place_id"]].tolist() == [
        *("resources", "needs", "N2", "A4")
    ]
    assert by_row.loc["R2", ["gain", "km", "up_to", "steps"]].tolist() == pytest.approx(
        [1, 0, 6, 0], abs=0.05
    )
    assert by_row.loc["R2", "unit"] == "t"
    # One more at A2 has 13 km to go to A4; nothing is left to serve one more need.
    assert by_row.loc["R1", ["gain", "km"]].tolist() == pytest.approx([1, 13], abs=0.05)
    assert set(by_row.index) >= {"R1", "R2"}
    assert (by_row.loc[by_row["table"] == "needs", "gain"] == 0).all()


def test_a_holder_does_not_serve_himself(with_rows):
    territory = with_rows(resources=[resource("R1", "A2", 5)], needs=[need("N1", "A2", 5)])
    gaps, _, matches = found(territory)
    assert matches.empty
    assert gaps["shortfall"].tolist() == [5.0, 5.0]


def test_needs_of_communes_weigh_by_their_people(with_rows):
    category = "services.education.childminder"
    territory = with_rows(
        resources=[resource("R1", "A1", 5, category=category, unit="place")],
        needs=[
            need("N1", None, 20, category=category, unit="place", commune_id="99001"),
            need("N2", None, 8, category=category, unit="place", commune_id="99003"),
        ],
    )
    gaps, _, matches = found(territory)
    assert matches["need_place_id"].tolist() == ["99001"]
    gap = gaps.loc[f"unmet_need:{category}"]
    assert gap["people_affected"] == 1500.0
    assert gap["severity"] == pytest.approx((0.75 * 1000 + 500) / 4500)
    assert gap["actor_ids"] == ""
    assert gap["commune_id"] == ""


def test_a_single_place_is_named_and_jobs_stand_for_people(with_rows, tiny_territory):
    actors = tiny_territory.table("actors").assign(jobs=[3.0, 8.0, float("nan"), 40.0, 5.0, 1.0])
    territory = with_rows(needs=[need("N1", "A4", 9), need("N2", "A3", 9)]).replace(actors=actors)
    gap = found(territory)[0].iloc[0]
    assert gap["commune_id"] == "99002"
    assert gap["people_affected"] == 40.0
    assert gap["severity"] == pytest.approx(2 / 6)


def test_rows_of_unknown_size_are_counted_apart(with_rows):
    territory = with_rows(
        resources=[
            resource("R1", "A2", None),
            resource("R2", "A2", None, category="materials.wood.bark", unit=None),
        ],
        needs=[
            need("N1", "A1", None),
            need("N2", "A2", None),
            need("N3", "A1", 4),
            need("N4", "A1", 0),
        ],
    )
    gaps, evidence, matches = found(territory)
    assert matches.empty
    # N2 is the holder's own; the bark has no taker; N4 asks for nothing; N3 stays unmet, for a
    # resource of unknown size meets no quantity.
    assert gaps[["expected", "observed", "shortfall", "unit"]].T.to_dict("list") == {
        f"unmet_need:{OFFCUTS}": [4.0, 0.0, 4.0, "t"],
        f"unmet_need:{OFFCUTS}:unsized": [2.0, 1.0, 1.0, ""],
        "unused_resource:materials.wood.bark:unsized": [1.0, 0.0, 1.0, ""],
    }
    counted = evidence[evidence["gap_id"].str.endswith(f"{OFFCUTS}:unsized")]
    assert counted[["row_id", "quantity"]].to_numpy().tolist() == [["N1", 1.0], ["N2", 1.0]]
    # one of four needs (more than one of six actors), but four rows are no scale
    assert gaps.loc[f"unmet_need:{OFFCUTS}:unsized", "severity"] == pytest.approx(1 / 6)


def test_ten_rows_make_a_scale_for_tonnes(with_rows):
    territory = with_rows(
        needs=[need(f"N{k}", "A1", 5) for k in range(9)]
        + [need("N9", "A1", 55, category="materials.wood.bark")]
    )
    gaps = found(territory)[0]
    assert gaps["severity"].tolist() == pytest.approx([0.55, 0.45])


def test_confidential_rows_take_part(with_rows):
    territory = with_rows(
        resources=[resource("R1", "A2", 5, confidential=True)],
        needs=[need("N1", "A1", 5, confidential=True)],
    )
    assert len(found(territory)[2]) == 1


def test_all_met_is_no_gap(with_rows):
    third = 1 / 3
    territory = with_rows(
        resources=[resource(f"R{k}", "A2", third) for k in range(3)], needs=[need("N1", "A1", 1.0)]
    )
    gaps, _, matches = found(territory)
    assert gaps.empty
    assert matches["quantity"].sum() == pytest.approx(1.0)


def test_more_holders_never_leave_more_unmet_in_all(with_rows):
    needs = [need("N1", "A6", 10, category=WOOD), need("N2", "A1", 10, category=OFFCUTS)]
    resources = [resource("R1", "A3", 10)]
    before = found(with_rows(resources=resources, needs=needs))[0]
    more = [*resources, resource("R2", "A4", 5, category=WOOD)]
    after = found(with_rows(resources=more, needs=needs))[0]
    unmet = [gaps[gaps["kind"] == "unmet_need"]["shortfall"].sum() for gaps in (before, after)]
    assert unmet == pytest.approx([10.0, 5.0])


def test_a_service_to_people_is_never_told_unused(with_rows):
    school = "services.education.primary_school"
    territory = with_rows(
        resources=[
            resource("R1", "A3", 90, category=school, unit="place"),
            resource("R2", "A3", None, category=school, unit=None),
        ],
        needs=[need("N1", "A4", 20, category=school, unit="place")],
    )
    gaps, _, matches = found(territory)
    assert matches["quantity"].tolist() == [20.0]
    assert gaps.empty


def test_nothing_to_balance(tiny_territory):
    result = find_gaps(tiny_territory, settings=Settings())
    assert result.matches.columns.tolist() == list(balance.MATCH_COLUMNS)
    assert result.matches.empty
    assert not set(result.gaps["kind"]) & {"unmet_need", "unused_resource"}
