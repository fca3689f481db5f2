"""Isolated actors and structural holes."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from toolkit.gaps import graph, holes, network, table
from toolkit.settings import Settings

SETTINGS = Settings()


def found(territory, **settings):
    result = network.find(territory, settings=Settings(**settings))
    gaps, evidence = table.frames(result.gaps)
    return gaps.set_index("gap_id"), evidence, result.detail


def together(*groups):
    """Return the rows of one cooperation a group of actors."""
    return {
        "cooperations": [{"cooperation_id": f"C{k}", "name": "x"} for k, _ in enumerate(groups)],
        "members": [
            {"cooperation_id": f"C{k}", "actor_id": actor}
            for k, group in enumerate(groups)
            for actor in group
        ],
    }


def test_isolated_actors_by_sector(with_rows, tiny_territory):
    actors = tiny_territory.table("actors").assign(
        sectors=["trade", "trade|research", None, "trade", None, "research"],
        basis=["observed"] * 5 + ["estimated"],
    )
    territory = with_rows(**together(("A1", "A2", "A3"), ("A4", "A5"))).replace(actors=actors)
    # Activities imply the sectors of A3 and A5.
    sectors = dict(zip("123456", territory.table("actors")["sectors"], strict=True))
    gaps, evidence, detail = found(territory)
    assert gaps.loc["isolated_actor:trade", ["expected", "observed", "shortfall"]].tolist() == [
        3,
        2,
        1,
    ]
    assert gaps.loc["isolated_actor:trade", "actor_ids"] == "A4"  # outside the main component
    assert gaps.loc["isolated_actor:research", "actor_ids"] == "A6"
    assert gaps.loc[f"isolated_actor:{sectors['5']}", "actor_ids"] == "A5"
    assert len(gaps) == 3
    assert set(gaps["severity"]) == {1 / 6}
    assert gaps.loc["isolated_actor:trade", "confidence"] == pytest.approx(5 / 6)
    assert gaps.loc["isolated_actor:research", "confidence"] == 0.0
    assert set(evidence["role"]) == {"actor"}
    assert detail["degree"].tolist() == [2, 2, 2, 1, 1, 0]


def test_an_actor_without_sector_is_in_the_unknown_group(with_rows, tiny_territory):
    actors = tiny_territory.table("actors").assign(sectors=None, activity=None)
    territory = with_rows(**together(("A1", "A2"))).replace(actors=actors)
    gaps = found(territory)[0]
    assert gaps.index.tolist() == ["isolated_actor:unknown"]
    assert gaps.iloc[0]["actor_ids"] == "A3|A4|A5|A6"


def test_without_any_tie_nothing_is_sure(tiny_territory):
    gaps, _, detail = found(tiny_territory)
    assert gaps.index.tolist() == ["isolated_actor:all"]
    gap = gaps.iloc[0]
    assert (gap["expected"], gap["observed"], gap["severity"]) == (6.0, 0.0, 1.0)
    assert gap["confidence"] == 0.0
    assert detail["constraint"].isna().all()


def test_no_actor_at_all(tiny_territory):
    territory = tiny_territory.replace(actors=tiny_territory.actors.iloc[:0])
    gaps, _, detail = found(territory)
    assert gaps.empty
    assert detail.columns.tolist() == list(graph.NETWORK_COLUMNS)


def test_everyone_in_one_component_is_no_gap(with_rows):
    territory = with_rows(**together([f"A{k}" for k in range(1, 7)]))
    assert found(territory)[0].empty


# --- holes ------------------------------------------------------------------------------------
def ties_of(edges, size):
    ends = np.array(sorted(edges), dtype="int64").reshape(-1, 2)
    ids = np.array([f"A{k:03d}" for k in range(size)], dtype="object")
    reasons = pd.DataFrame(
        {
            "first": ends[:, 0],
            "second": ends[:, 1],
            "table": "flows",
            "row_id": [f"F{k:04d}" for k in range(len(ends))],
            "basis": "observed",
            "source_id": "",
        }
    )
    return graph.Ties(ids, ends[:, 0], ends[:, 1], reasons)


def two_clubs():
    """Return two clubs of twelve that know each other through one tie only, and their families."""
    clubs = [range(12), range(12, 24)]
    edges = [pair for club in clubs for pair in itertools.combinations(club, 2)]
    actors = pd.DataFrame(
        {
            "actor_id": [f"A{k:03d}" for k in range(24)],
            "family": ["ess"] * 12 + ["research"] * 12,
            "basis": "recorded",
            "source_id": "",
        }
    )
    return actors.assign(row_id=actors["actor_id"]), ties_of([*edges, (3, 15)], 24)


def test_two_clubs_that_hardly_know_each_other():
    actors, ties = two_clubs()
    (gap,) = holes.between(actors, ties, subject="family", settings=SETTINGS)
    assert gap.gap_id == "structural_hole:family:ess-research"
    # 133 ties; each club holds 133 of the 266 ends: 133 x 133 / 266 = 66.5 ties by chance.
    assert gap.expected == pytest.approx(66.5)
    assert gap.observed == 1.0
    assert gap.severity == pytest.approx(65.5 / 133)
    assert gap.probability == pytest.approx(1 - 1 / 500)
    assert len(gap.actor_ids) == 24
    flows = [fact for fact in gap.evidence if fact.role == "flow"]
    assert [(fact.row_id, fact.quantity) for fact in flows] == [("F0038", 1.0)]
    degrees = [fact.quantity for fact in gap.evidence if fact.role == "actor"]
    assert sum(degrees) == 266


def test_families_tied_as_chance_would_are_no_hole():
    draw = np.random.default_rng(5)
    pairs = list(itertools.combinations(range(60), 2))
    chosen = sorted(draw.choice(len(pairs), 300, replace=False))
    ties = ties_of([pairs[k] for k in chosen], 60)
    groups = draw.choice(["business", "ess", "public"], 60).astype("object")
    tests = holes.tested(groups, ties, draws=499, seed=(1, 0))
    assert [(one.first, one.second) for one in tests] == [
        ("business", "ess"),
        ("business", "public"),
        ("ess", "public"),
    ]
    assert all(one.q_value > 0.05 for one in tests)
    assert sum(one.observed for one in tests) == sum(
        groups[one] != groups[other] for one, other in zip(ties.first, ties.second, strict=True)
    )


def test_too_few_ties_and_unknown_sectors_are_not_tested():
    actors, ties = two_clubs()
    groups = actors["family"].replace({"research": "unknown"}).to_numpy(dtype="object")
    assert holes.tested(groups, ties, draws=99, seed=(1, 0)) == []
    few = ties_of([(0, 1), (12, 13)], 24)
    assert holes.tested(actors["family"].to_numpy("object"), few, draws=99, seed=(1, 0)) == []


def test_random_joining_has_the_law_of_shuffled_ends():
    stubs = np.array([7, 4, 3])
    drawn = holes.null_ties(stubs, draws=6000, rng=np.random.default_rng(1))
    assert (drawn == drawn.transpose(0, 2, 1)).all()
    diagonal = np.einsum("dgg->dg", drawn)
    assert (drawn.sum(axis=2) + diagonal == stubs).all()  # every end is used
    ends = np.repeat([0, 1, 2], stubs)
    shuffle = np.random.default_rng(2)
    direct = np.zeros((6000, 3, 3))
    for one in direct:
        joined = shuffle.permutation(ends).reshape(-1, 2)
        for first, second in joined:
            one[first, second] += 1
            one[second, first] += first != second
    np.testing.assert_allclose(drawn.mean(axis=0), direct.mean(axis=0), atol=0.06)
    np.testing.assert_allclose(drawn.std(axis=0), direct.std(axis=0), atol=0.06)
    # ends of different groups: K_g K_h / (2m - 1)
    assert drawn[:, 0, 1].mean() == pytest.approx(7 * 4 / 13, abs=0.06)


def test_the_null_hypothesis_is_rejected_as_often_as_said():
    draw = np.random.default_rng(11)
    pairs = np.array(list(itertools.combinations(range(50), 2)))
    rejected = 0
    for run in range(120):
        ties = ties_of(pairs[draw.choice(len(pairs), 180, replace=False)].tolist(), 50)
        groups = np.array(["a"] * 25 + ["b"] * 25, dtype="object")
        (one,) = holes.tested(groups, ties, draws=99, seed=(run, 0))
        rejected += one.p_value <= 0.10
    # 10 % of 120 runs, within three standard deviations; fewer are no fault (the null is wider).
    assert rejected <= 12 + 3 * math.sqrt(120 * 0.1 * 0.9)


def test_few_territories_whose_ties_ignore_groups_have_a_hole():
    """Two hundred territories: cooperations and flows between actors of any family, by chance."""
    draw = np.random.default_rng(3)
    size, with_holes, tests = 200, 0, 0
    for run in range(200):
        flows = draw.integers(0, size, (200, 2))
        edges = {tuple(sorted(ends)) for ends in flows.tolist() if ends[0] != ends[1]}
        for _ in range(40):
            members = draw.choice(size, int(draw.integers(3, 7)), replace=False)
            edges |= set(itertools.combinations(sorted(members.tolist()), 2))
        families = draw.choice(["ess", "business", "public", "civil", "research"], size,
                               p=[0.3, 0.4, 0.15, 0.1, 0.05]).astype("object")  # fmt: skip
        found = holes.tested(families, ties_of(edges, size), draws=199, seed=(run, 0))
        with_holes += any(one.q_value <= 0.05 and one.observed < one.expected for one in found)
        tests += len(found)
    assert tests > 1500  # nearly every pair of families was tested
    assert with_holes < 20


def test_benjamini_and_hochberg_by_hand():
    # sorted: 0.01 x 4, 0.02 x 2, 0.03 x 4/3, 0.5
    assert holes.benjamini_hochberg([0.5, 0.01, 0.03, 0.02]) == pytest.approx(
        [0.5, 0.04, 0.04, 0.04]
    )
