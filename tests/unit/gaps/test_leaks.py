"""Leaks by hand: what leaves and comes in, against what is needed and offered on the territory."""

from __future__ import annotations

import pytest

from toolkit.gaps import leaks, table

WOOD = "materials.wood"
OFFCUTS = "materials.wood.offcuts"
SAWDUST = "materials.wood.sawdust"


def flow(flow_id, origin, destination, quantity, *, category=OFFCUTS, nature="material", **more):
    return {
        "flow_id": flow_id,
        "nature": nature,
        "origin": origin,
        "destination": destination,
        "category": category,
        "quantity": quantity,
        "unit": "t",
        **more,
    }


def need(need_id, quantity, *, category=OFFCUTS, unit="t", actor_id="A1"):
    return {
        "need_id": need_id,
        "actor_id": actor_id,
        "category": category,
        "quantity": quantity,
        "unit": unit,
    }


def resource(resource_id, quantity, *, category=OFFCUTS, unit="t", actor_id="A2"):
    return {
        "resource_id": resource_id,
        "actor_id": actor_id,
        "category": category,
        "quantity": quantity,
        "unit": unit,
    }


def found(territory):
    result = leaks.find(territory)
    gaps, evidence = table.frames(result.gaps)
    return gaps.set_index("gap_id"), evidence, result.detail


def test_inside_in_and_out(with_rows):
    territory = with_rows(
        flows=[
            flow("F1", "A2", "A1", 30),
            flow("F2", "A2", "99002", 10_000, unit="kg", category=SAWDUST),
            flow("F3", "A2", "outside", 60),
            flow("F4", "outside", "A5", 10),
        ]
    )
    row = found(territory)[2].iloc[0]
    assert (row["group"], row["nature"], row["measure"]) == (WOOD, "material", "mass")
    assert (row["internal"], row["inbound"], row["outbound"]) == (40_000, 10_000, 60_000)  # kg
    assert row["retention"] == pytest.approx(0.4)
    assert row["self_sufficiency"] == pytest.approx(0.8)
    assert row["net"] == 50_000


def test_material_that_leaves_although_it_is_needed(with_rows):
    territory = with_rows(
        flows=[
            flow("F1", "A2", "outside", 100),
            flow("F2", "A5", "outside", 1, category=SAWDUST, basis="estimated"),
            flow("F3", "A2", "A1", 20),
        ],
        needs=[need("N1", 1), need("N2", 50, category=SAWDUST, actor_id="A6")],
    )
    gaps, evidence, _ = found(territory)
    assert gaps.index.tolist() == [f"leak:out:{WOOD}"]
    gap = gaps.iloc[0]
    # Each in its own category: 1 of the 100 t of offcuts, 1 of the 50 t of sawdust.
    assert gap["shortfall"] == pytest.approx(2.0)
    assert (gap["observed"], gap["expected"], gap["unit"]) == pytest.approx((20, 22, "t"))
    assert gap["actor_ids"] == "A1|A2|A5|A6"
    assert gap["confidence"] == pytest.approx(3 / 4)
    assert gap["severity"] == pytest.approx(2 / 6)  # two of six actors send it away
    assert sorted(evidence["row_id"]) == ["F1", "F2", "N1", "N2"]


def test_purchase_that_a_local_resource_could_supply(with_rows):
    territory = with_rows(
        flows=[flow("F1", "outside", "A1", 70, category=WOOD)],
        resources=[resource("R1", 5), resource("R2", 15, category=SAWDUST)],
    )
    gaps = found(territory)[0]
    assert gaps["shortfall"].to_dict() == pytest.approx({f"leak:in:{WOOD}": 20.0})
    assert gaps.iloc[0]["observed"] == 0.0


@pytest.mark.parametrize(
    "counterpart",
    [
        {"needs": [need("N1", 5, category="materials.wood.bark")]},
        {"needs": [need("N1", None)]},
        {"needs": [need("N1", 5, category=SAWDUST)]},
        {"resources": [resource("R1", 5)]},
        {},
    ],
)
def test_without_a_local_counterpart_it_is_no_leak(with_rows, counterpart):
    territory = with_rows(flows=[flow("F1", "A2", "outside", 100)], **counterpart)
    assert found(territory)[0].empty


def test_money_that_leaves_counts_where_a_resource_could_earn_it(with_rows):
    territory = with_rows(
        flows=[
            flow("F1", "A3", "outside", 9, nature="money", unit="kEUR"),
            flow("F2", "A3", "outside", 500, nature="money", unit="EUR", category=SAWDUST),
            flow("F3", "outside", "A2", 700, nature="money", unit="EUR"),
            flow("F4", "A3", "A2", 1000, nature="money", unit="EUR"),
        ],
        resources=[resource("R1", None), resource("R2", 3)],
    )
    gaps, evidence, _ = found(territory)
    assert gaps.index.tolist() == [f"leak:out:{WOOD}:money"]
    gap = gaps.iloc[0]
    shown = 1000 if gap["unit"] == "kEUR" else 1
    assert gap["shortfall"] * shown == pytest.approx(9000)
    assert gap["observed"] * shown == pytest.approx(1000)
    assert sorted(evidence["row_id"]) == ["F1", "R1", "R2"]


def test_the_latest_year_counts_with_what_has_no_year(with_rows):
    territory = with_rows(
        flows=[
            flow("F1", "A2", "outside", 100, year=2023),
            flow("F2", "A2", "outside", 40, year=2025),
            flow("F3", "A2", "outside", 2),
        ],
        needs=[need("N1", 1000)],
    )
    assert found(territory)[0]["shortfall"].tolist() == pytest.approx([42.0])


def test_flows_of_unknown_size_or_category_are_left_out(with_rows):
    territory = with_rows(
        flows=[
            flow("F1", "A2", "outside", None),
            flow("F2", "A2", "outside", 3, category=None),
            flow("F3", "A2", "outside", 0),
        ],
        needs=[need("N1", 1000)],
    )
    gaps, _, detail = found(territory)
    assert gaps.empty
    assert detail.columns.tolist() == list(leaks.TRADE_COLUMNS)
    assert detail.empty


def test_no_flows(tiny_territory):
    gaps, _, detail = found(tiny_territory)
    assert gaps.empty
    assert detail.empty


def test_columns_of_the_officer_do_not_matter(with_rows):
    extra = {"Remarque libre": "x", "_row": "4", "class": 1}
    territory = with_rows(
        flows=[flow("F1", "A2", "outside", 100) | extra], needs=[need("N1", 1) | extra]
    )
    assert found(territory)[0]["shortfall"].tolist() == pytest.approx([1.0])


def service(flow_id, origin, destination, quantity, **more):
    return flow(
        flow_id,
        origin,
        destination,
        quantity,
        category="services.health.general_practitioner",
        nature="service",
        **({"unit": "person"} | more),
    )


def trades(territory, **activities):
    actors = territory.actors
    new = [
        activities.get(actor, code)
        for actor, code in zip(actors["actor_id"], actors["activity"], strict=True)
    ]
    return territory.replace(actors=actors.assign(activity=new))


def test_a_service_bought_outside_that_a_trade_could_run_is_a_weaker_leak(with_rows):
    territory = with_rows(
        flows=[
            service("F1", "outside", "A1", 30),
            service("F2", "outside", "A4", 10, basis="estimated"),
        ]
    )
    territory = trades(territory, A3="86.21Z", A4="86.21Z")
    gaps, evidence, _ = found(territory)
    assert gaps.index.tolist() == ["leak:in:services.health:service:related"]
    gap = gaps.iloc[0]
    assert (gap["shortfall"], gap["observed"], gap["unit"]) == (40.0, 0.0, "person")
    # Both doctors could answer A1; A4 is no counterpart of its own purchase. Weight 0.8, one fact
    # of four is estimated.
    assert gap["confidence"] == pytest.approx(0.8 * 3 / 4)
    assert gap["actor_ids"] == "A1|A3|A4"
    assert evidence["role"].tolist() == ["actor", "actor", "flow", "flow"]


@pytest.mark.parametrize("activity", ["47.73Z", None])
def test_without_the_trade_it_is_no_leak(with_rows, activity):
    territory = with_rows(flows=[service("F1", "outside", "A1", 30)])
    assert found(trades(territory, A3=activity))[0].empty


def test_what_a_row_answers_is_told_once(with_rows):
    territory = with_rows(
        flows=[service("F1", "outside", "A1", 30)],
        resources=[
            resource("R1", 5, category="services.health.general_practitioner", unit="person")
        ],
    )
    assert found(trades(territory, A3="86.21Z"))[0].index.tolist() == [
        "leak:in:services.health:service"
    ]


def test_money_that_leaves_for_a_service_that_a_trade_could_run(with_rows):
    territory = with_rows(
        flows=[
            service("F1", "A1", "outside", 700) | {"nature": "money", "unit": "EUR"},
            service("F2", "outside", "A2", 500) | {"nature": "money", "unit": "EUR"},
        ]
    )
    gaps = found(trades(territory, A3="86.21Z"))[0]
    assert gaps.index.tolist() == ["leak:out:services.health:money:related"]
    rate = 1000 if gaps.iloc[0]["unit"] == "kEUR" else 1
    assert gaps.iloc[0]["shortfall"] * rate == pytest.approx(700)
