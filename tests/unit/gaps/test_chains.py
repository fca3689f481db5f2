"""Broken chains on three communes in a row, 10 km apart, by hand."""

from __future__ import annotations

import itertools

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import Point

from toolkit import vocabulary as v
from toolkit.background import NOTHING, Background
from toolkit.gaps import chain_walk, chains, table
from toolkit.settings import Settings

SETTINGS = Settings(detour_factor=1.0)
WOOD = "materials.wood.timber"
SCRAP = "materials.wood.offcuts"


@pytest.fixture
def register(tiny_territory):
    """Return the tiny territory, its actors from a register: all of them are there."""
    return tiny_territory.replace(actors=tiny_territory.actors.assign(basis="recorded"))


def stage(stage_id, order, *, least=1, optional=False, radius=25.0, offers="", needs=""):
    return {
        "chain_id": "wood", "order": order, "stage_id": stage_id, "optional": optional,
        "min_actors": least, "radius_km": radius, "offers": offers, "needs": needs,
        "pillars": "", "sectors": "", "source": "expert",
    }  # fmt: skip


def at(told_by="activity", **stands):
    """Return the places of actors: ``forest="A1 A2"``."""
    rows = [
        {"actor_id": actor, "chain_id": "wood", "stage_id": name, "told_by": told_by}
        for name, actors in stands.items()
        for actor in actors.split()
    ]
    return pd.DataFrame(rows, columns=list(v.STAGE_PLACE_COLUMNS), dtype="str")


def known(stages, places):
    frame = pd.DataFrame(stages, columns=list(v.STAGE_COLUMNS))
    return Background(stages=frame, places=places)


def found(territory, stages, places, *, settings=SETTINGS):
    result = chains.find(territory, settings=settings, background=known(stages, places))
    gaps, evidence = table.frames(result.gaps)
    assert result.detail.columns.tolist() == list(chains.CHAIN_COLUMNS)
    return gaps.set_index("gap_id"), evidence, result


THREE = [
    stage("forest", 1, offers=WOOD),
    stage("sawmill", 2, needs=WOOD, offers=f"{SCRAP}|{WOOD}"),
    stage("builders", 3, needs=WOOD),
]


def test_a_stage_that_lacks_between_two(register):
    gaps, evidence, result = found(register, THREE, at(forest="A1", builders="A2 A5"))
    assert gaps.index.tolist() == ["broken_chain:wood:sawmill"]
    gap = gaps.iloc[0]
    assert (gap["kind"], gap["category"], gap["unit"]) == ("broken_chain", WOOD, "")
    assert gap[["expected", "observed", "shortfall"]].tolist() == [1.0, 0.0, 1.0]
    assert gap["actor_ids"] == "A1|A2|A5"
    assert gap["severity"] == pytest.approx(3 / 6)
    # A register names all actors, their activity tells where they stand: 0.9 on either side.
    assert gap["confidence"] == pytest.approx(0.9 * 0.9)
    assert evidence["row_id"].tolist() == ["A1", "A2", "A5"]
    sides = result.more["chain_sides"]
    assert sides.columns.tolist() == list(chains.SIDE_COLUMNS)
    assert list(zip(sides["side"], sides["actor_id"], strict=True)) == [
        ("upstream", "A1"),
        ("downstream", "A2"),
        ("downstream", "A5"),
    ]
    detail = result.detail.set_index("stage_id")
    assert detail["actors"].tolist() == [1, 0, 2]
    assert detail["present"].tolist() == [True, False, True]
    assert detail["missing"].tolist() == [False, True, False]


def test_what_the_missing_stages_take_in_and_give(register):
    """By the narrower category of each pair; what hands on nothing gives all that it offers."""
    branch = WOOD.rpartition(".")[0]
    stages = [
        THREE[0],
        stage("sawmill", 2, needs=branch, offers=f"{SCRAP}|{branch}"),
        stage("loft", 3, offers=SCRAP),
        stage("builders", 4, needs=WOOD),
    ]
    told = found(register, stages, at(forest="A1", builders="A2"))[2].more["chain_passing"]
    assert told.columns.tolist() == list(chains.PASSING_COLUMNS)
    assert list(zip(told["stage_id"], told["way"], told["category"], strict=True)) == [
        ("loft", "given", SCRAP),
        ("sawmill", "given", branch),
        ("sawmill", "given", SCRAP),
        ("sawmill", "taken", WOOD),
    ]


@pytest.mark.parametrize(
    "places",
    [
        at(),
        at(forest="A1"),
        at(sawmill="A2"),
        at(forest="A1", sawmill="A2"),  # nobody builds: an end
        at(sawmill="A2", builders="A5"),  # nobody fells: an end
        at(forest="A1", sawmill="A2", builders="A5"),
    ],
)
def test_ends_and_whole_chains_are_no_gap(tiny_territory, places):
    assert found(tiny_territory, THREE, places)[0].empty


def test_what_is_optional_is_passed_over(tiny_territory):
    stages = [THREE[0], stage("drying", 2, optional=True), stage("sawmill", 3), THREE[2]]
    stages[-1] = stage("builders", 4)
    gaps = found(tiny_territory, stages, at(forest="A1", sawmill="A2", builders="A5"))[0]
    assert gaps.empty
    gaps, _, result = found(tiny_territory, stages, at(forest="A1", drying="A6", builders="A5"))
    assert gaps.index.tolist() == ["broken_chain:wood:sawmill"]
    # Both wait: who passes the timber by A6, and A6.
    assert gaps.iloc[0]["actor_ids"] == "A1|A5|A6"
    assert not result.detail.set_index("stage_id").loc["drying", "missing"]


def test_what_is_optional_is_no_side_of_a_break(tiny_territory):
    stages = [
        stage("scrap", 1, optional=True),
        stage("forest", 2),
        stage("sawmill", 3),
        stage("drying", 4, optional=True),
        stage("builders", 5),
    ]
    for places in (at(scrap="A1", sawmill="A2", builders="A5"), at(forest="A1", drying="A6")):
        assert found(tiny_territory, stages, places)[0].empty
    gaps = found(tiny_territory, stages, at(forest="A1", drying="A6", builders="A5"))[0]
    assert gaps.index.tolist() == ["broken_chain:wood:sawmill"]
    assert gaps.iloc[0]["actor_ids"] == "A1|A5|A6"  # where builders are, who dries waits too


def test_one_of_several_is_enough_and_the_order_names_their_lack(tiny_territory):
    stages = [THREE[0], THREE[1], stage("pulp", 2, least=3), THREE[2]]
    assert found(tiny_territory, stages, at(forest="A1", sawmill="A2", builders="A5"))[0].empty
    gaps = found(tiny_territory, stages, at(forest="A1", pulp="A2", builders="A5"))[0]
    assert gaps.index.tolist() == ["broken_chain:wood:2"]
    # The sawmill lacks one actor, the pulp mill two: the sawmill lacks least.
    assert gaps.iloc[0][["expected", "observed"]].tolist() == [1.0, 0.0]


def test_several_orders_that_lack_in_a_row_are_one_break(tiny_territory):
    stages = [stage(name, order) for order, name in enumerate(("a", "b", "c", "d"), start=1)]
    gaps, _, result = found(tiny_territory, stages, at(a="A1", d="A5"))
    assert gaps.index.tolist() == ["broken_chain:wood:2-3"]
    assert gaps.iloc[0][["expected", "observed"]].tolist() == [2.0, 0.0]
    assert result.detail["missing"].tolist() == [False, True, True, False]


def test_too_few_are_counted_and_named(tiny_territory):
    stages = [THREE[0], stage("sawmill", 2, least=3), THREE[2]]
    gaps, evidence, result = found(
        tiny_territory, stages, at(forest="A1", sawmill="A2", builders="A5")
    )
    assert gaps.iloc[0][["expected", "observed", "shortfall"]].tolist() == [3.0, 1.0, 2.0]
    assert gaps.iloc[0]["actor_ids"] == "A1|A5"  # the only sawmill does not wait
    assert evidence["row_id"].tolist() == ["A1", "A2", "A5"]
    assert result.more["chain_sides"]["side"].tolist() == ["upstream", "downstream", "there"]


def test_a_stage_out_of_reach_is_apart(tiny_territory):
    # A1, A2 in the first commune, A6 in the last, 20 km from them.
    stages = [stage(name, order, radius=15.0) for order, name in enumerate("abc", start=1)]
    gaps, _, result = found(tiny_territory, stages, at(a="A1", b="A6", c="A6"))
    assert gaps.index.tolist() == ["broken_chain:wood:b:apart"]
    assert gaps.iloc[0][["expected", "observed"]].tolist() == [1.0, 0.0]
    assert gaps.iloc[0]["actor_ids"] == "A1|A6"
    detail = result.detail.set_index("stage_id")
    assert detail["in_reach"].tolist() == [1, 0, 1]
    assert detail["present"].all()
    assert detail["missing"].tolist() == [False, True, False]
    # From the middle commune both sides are in reach, but only of who stands there.
    assert found(tiny_territory, stages, at(a="A1", b="A3", c="A6"))[0].empty
    both = found(tiny_territory, stages, at(a="A1", b="A2 A5", c="A6"))[0]
    assert both.empty  # A5, in the middle


def test_a_path_must_go_through_the_same_actors(tiny_territory):
    # b near a (A2) and b near c (A6 itself), but no b near both.
    stages = [stage(name, order, radius=5.0) for order, name in enumerate("abc", start=1)]
    gaps = found(tiny_territory, stages, at(a="A1", b="A2 A4", c="A3"))[0]
    assert gaps.index.tolist() == ["broken_chain:wood:c:apart"]
    assert gaps.iloc[0]["actor_ids"] == "A2|A3"


def test_nobody_could_stand_between_sides_too_far_away(tiny_territory):
    stages = [stage(name, order, radius=9.0) for order, name in enumerate("abc", start=1)]
    assert found(tiny_territory, stages, at(a="A1", c="A6"))[0].empty  # 20 km > 2 x 9 km
    near = found(tiny_territory, stages, at(a="A1 A3", c="A6"))[0]
    assert near.iloc[0]["actor_ids"] == "A3|A6"  # A1 waits for nobody


def test_reach_is_that_of_what_passes(tiny_territory):
    # Without a radius of the chain: offcuts travel as far as the nomenclature says, no further.
    from toolkit import nomenclature

    limit = nomenclature.radius_km(SCRAP)
    road = 20.0
    assert limit > road
    stages = [
        stage("a", 1, radius=np.nan, offers=SCRAP),
        stage("b", 2, radius=np.nan, needs=SCRAP),
    ]
    assert found(tiny_territory, stages, at(a="A1", b="A6"))[0].empty
    longer = Settings(detour_factor=min(3.0, 1.01 * limit / road), radius_km=500.0)
    if longer.detour_factor * road > limit:
        gaps = found(tiny_territory, stages, at(a="A1", b="A6"), settings=longer)[0]
        assert gaps.index.tolist() == ["broken_chain:wood:b:apart"]
    nothing = [stage("a", 1, radius=np.nan), stage("b", 2, radius=np.nan)]
    for radius, count in ((25.0, 0), (15.0, 1)):
        made = Settings(detour_factor=1.0, radius_km=radius)
        gaps = found(tiny_territory, nothing, at(a="A1", b="A6"), settings=made)[0]
        assert len(gaps) == count


def test_what_stands_beside_the_chain_breaks_nothing(tiny_territory):
    stages = [stage("advice", 0, offers=WOOD), *THREE]
    gaps, _, result = found(tiny_territory, stages, at(forest="A1", sawmill="A2", builders="A5"))
    assert gaps.empty
    assert result.detail["stage_id"].tolist() == ["forest", "sawmill", "builders", "advice"]
    assert not result.detail["missing"].any()


def test_offers_and_needs_that_wait_are_told(with_rows):
    territory = with_rows(
        resources=[
            {"resource_id": "R1", "actor_id": "A1", "category": WOOD, "quantity": 5, "unit": "m3"},
            {"resource_id": "R2", "actor_id": "A1", "category": SCRAP, "quantity": 5, "unit": "t"},
            {"resource_id": "R3", "actor_id": "A5", "category": WOOD, "quantity": 5, "unit": "m3"},
            {"resource_id": "R4", "actor_id": "A1", "category": WOOD, "quantity": 0, "unit": "m3"},
        ],
        needs=[
            {"need_id": "N1", "actor_id": "A5", "category": WOOD, "basis": "estimated"},
            {"need_id": "N2", "actor_id": "A1", "category": WOOD, "quantity": 3, "unit": "m3"},
            {"need_id": "N3", "actor_id": "A6", "category": WOOD, "quantity": 3, "unit": "m3"},
        ],
    )
    gaps, evidence, _ = found(territory, THREE, at(forest="A1", builders="A5"))
    told = evidence[evidence["role"] != "actor"]
    # The forest offers timber that a sawmill needs, builders need what it would saw.
    assert told["row_id"].tolist() == ["N1", "R1"]
    assert told["role"].tolist() == ["need", "resource"]
    assert told["unit"].tolist() == ["", "m3"]
    assert gaps.iloc[0]["basis"] == "estimated"
    assert gaps.iloc[0]["confidence"] == pytest.approx(3 / 4 * 0.4 * 0.81)


def test_confidence_counts_who_was_asked_and_what_tells(register):
    actors = register.actors
    places = at(forest="A1", builders="A5")
    surveyed = register.replace(actors=actors.assign(basis="observed"))
    gaps = found(surveyed, THREE, places)[0]
    assert gaps.iloc[0]["confidence"] == pytest.approx(0.4 * 0.81)
    unnamed = actors.assign(activity=actors["activity"].where(actors["actor_id"] != "A6"))
    gaps = found(register.replace(actors=unnamed), THREE, places)[0]
    assert gaps.iloc[0]["confidence"] == pytest.approx((5 + 0.7) / 6 * 0.81)
    gaps = found(register, THREE, at("name", forest="A1", builders="A5"))[0]
    assert gaps.iloc[0]["confidence"] == pytest.approx(0.7 * 0.7)
    twice = pd.concat([places, at("name", forest="A1 A2", builders="A5")])
    gaps = found(register, THREE, twice)[0]
    assert gaps.iloc[0]["confidence"] == pytest.approx(0.81)  # one is enough, its activity tells
    two = [stage("forest", 1, least=2), *THREE[1:]]
    gaps = found(register, two, twice)[0]
    assert gaps.iloc[0]["confidence"] == pytest.approx(0.7 * 0.9)  # the second one is needed


def test_nothing_known_nobody_there_and_strangers(tiny_territory):
    nothing = chains.find(tiny_territory, settings=SETTINGS, background=NOTHING)
    assert nothing.gaps == ()
    assert nothing.detail.empty
    assert nothing.more["chain_sides"].columns.tolist() == list(chains.SIDE_COLUMNS)
    strangers = at(forest="Z1", sawmill="Z2", builders="Z3", other="A1")
    gaps, _, result = found(tiny_territory, THREE, strangers)
    assert gaps.empty
    assert result.detail["actors"].tolist() == [0, 0, 0]
    nobody = tiny_territory.replace(actors=tiny_territory.actors.iloc[:0])
    assert found(nobody, THREE, at(forest="A1", builders="A5"))[0].empty
    odd = [stage("forest", 1), stage("sawmill", 2, least=np.nan, radius=np.inf), THREE[2]]
    gaps = found(tiny_territory, odd, at(forest="A1", builders="A5"))[0]
    assert gaps.iloc[0]["expected"] == 1.0


def test_who_is_nowhere_is_within_reach_of_all():
    here, far, nowhere = [0.0, 0.0], [9_000.0, 0.0], [np.nan, np.nan]
    points = np.array([here, far, nowhere])
    for others, expected in (
        ([here], [True, False, True]),
        ([here, nowhere], [True, False, True]),
        ([nowhere], [True, True, True]),
    ):
        found = chain_walk._within(points, np.array(others), limit_m=5_000.0)
        assert found.tolist() == expected
    assert not chain_walk._within(points, np.empty((0, 2)), limit_m=5_000.0).any()


@pytest.mark.parametrize("seed", range(12))
def test_a_chain_is_whole_when_a_path_of_actors_runs_through_it(seed, tiny_territory):
    """Where every order has actors, no break is told if and only if networkx finds a path."""
    draw = np.random.default_rng(seed)
    actors = tiny_territory.actors
    points = gpd.GeoSeries(
        [Point(600_000 + x, 6_600_000) for x in draw.integers(0, 30_000, 6)], crs=2154
    )
    moved = actors.set_geometry(points.to_crs(4326).set_axis(actors.index))
    territory = tiny_territory.replace(actors=moved.assign(located_by="address"))
    names = "abcd"[: draw.integers(2, 5)]
    stands = {
        name: sorted(
            draw.choice([f"A{k}" for k in range(1, 7)], draw.integers(1, 4), replace=False)
        )
        for name in names
    }
    stages = [stage(name, order, radius=4.0) for order, name in enumerate(names, start=1)]
    gaps = found(territory, stages, at(**{name: " ".join(who) for name, who in stands.items()}))[0]
    net = nx.DiGraph()
    for one, other in itertools.pairwise(names):
        for giver, taker in itertools.product(stands[one], stands[other]):
            if territory.distance_m(giver, taker) <= 4_000.0:
                net.add_edge((one, giver), (other, taker))
    starts = [(names[0], who) for who in stands[names[0]] if (names[0], who) in net]
    ends = [(names[-1], who) for who in stands[names[-1]] if (names[-1], who) in net]
    whole = any(nx.has_path(net, one, other) for one in starts for other in ends)
    assert gaps.empty is whole
    assert all(name.endswith(":apart") for name in gaps.index)


def test_the_order_of_rows_changes_nothing(with_rows):
    territory = with_rows(
        resources=[{"resource_id": f"R{k}", "actor_id": "A1", "category": WOOD, "quantity": k / 7,
                    "unit": "m3"} for k in range(1, 5)],
    )  # fmt: skip
    stages = [*THREE, stage("advice", 0), stage("pulp", 2, least=2)]
    places = at(forest="A1 A3 A6", pulp="A4", builders="A5 A2")
    plain = found(territory, stages, places)
    mixed = territory.replace(
        actors=territory.actors.sample(frac=1, random_state=1),
        resources=territory.resources.sample(frac=1, random_state=1),
    )
    other = found(mixed, stages[::-1], places.sample(frac=1, random_state=2))
    assert len(plain[0]) == 1
    for one, two in zip(plain[:2], other[:2], strict=True):
        pd.testing.assert_frame_equal(one, two, check_exact=True)
    pd.testing.assert_frame_equal(plain[2].detail, other[2].detail)
    pd.testing.assert_frame_equal(plain[2].more["chain_sides"], other[2].more["chain_sides"])
