"""Types, criteria, shares and the portfolio, by hand."""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np
import pytest

from toolkit import vocabulary as v
from toolkit.partnerships import criteria
from toolkit.partnerships.composition import composition_of, types_of
from toolkit.partnerships.explanation import shapley_shares
from toolkit.partnerships.facts import FAMILY_BIT
from toolkit.partnerships.portfolio import Entry, choose, greedy, worth
from toolkit.partnerships.proposals import similarity


@pytest.mark.parametrize(
    "families, expected",
    [
        ("ess", ("ess_ess",)),
        ("ess business", ("ess_business",)),
        ("ess public", ()),
        ("business", ()),
        ("business public", ()),
        ("business public research", ("multi_actor",)),
        ("ess public civil", ("multi_actor",)),
        ("ess business civil", ("multi_actor",)),
        ("ess business public", ("ptce", "multi_actor")),
        ("ess business research", ("ptce", "multi_actor")),
        ("ess business public research civil", ("ptce", "multi_actor")),
    ],
)
def test_types_by_families(families, expected):
    assert types_of(sum(FAMILY_BIT[name] for name in families.split())) == expected


def _type(made, *families):
    rank = made.type_rank(v.FAMILIES.index(name) for name in families)
    return made.names[rank] if rank >= 0 else None


def test_a_group_has_the_most_specific_of_the_types_looked_for():
    full = "ess", "business", "public"
    assert _type(composition_of(("ptce", "multi_actor")), *full) == "ptce"
    assert _type(composition_of(("multi_actor",)), *full) == "multi_actor"
    assert _type(composition_of(("ess_ess", "ess_business")), *full) is None


def test_any_accepts_every_group_and_still_names_what_it_is():
    made = composition_of(("any",))
    assert _type(made, "business", "public") == "any"
    assert _type(made, "ess", "ess") == "ess_ess"
    assert _type(made, "ess", "business", "research") == "ptce"
    assert made.joinable == sum(FAMILY_BIT.values())


def test_own_rules_count_members():
    rules = {
        "farmers": {"least": {"ess": 2, "business": 1}, "most": {"public": 0}},
        "wide": {"families_min": 4},
    }
    made = composition_of(("ptce", "wide", "farmers"), rules=rules, max_members=6)
    assert made.names == ("farmers", "wide", "ptce")
    assert _type(made, "ess", "business") is None
    assert _type(made, "ess", "business", "ess") == "farmers"
    assert _type(made, "ess", "business", "ess", "public") == "ptce"
    assert _type(made, "ess", "business", "civil", "public") == "wide"
    assert _type(made, "ess", "ess", "business", "civil", "research") == "farmers"


def test_composition_equals_counting(oracle):
    rng = np.random.default_rng(5)
    for _ in range(200):
        rules = {
            f"own{rank}": {
                "families_min": int(rng.integers(1, 4)),
                "least": {name: int(rng.integers(0, 3)) for name in rng.choice(v.FAMILIES, 2)},
                "most": {name: int(rng.integers(0, 3)) for name in rng.choice(v.FAMILIES, 1)},
            }
            for rank in range(2)
        }
        wanted = [name for name in (*rules, *v.PARTNERSHIP_TYPES, "any") if rng.random() < 0.5]
        made = composition_of(wanted, rules=rules, max_members=5)
        families = [str(name) for name in rng.choice(v.FAMILIES, int(rng.integers(2, 6)))]
        assert _type(made, *families) == oracle.type_of(families, wanted, rules)


def test_criteria_by_hand():
    assert criteria.coverage(0.4, 0.9, one_sided=False) == 0.4
    assert criteria.coverage(0.4, 0.9, one_sided=True) == 0.9
    assert criteria.coverage(3.0, 2.0, one_sided=False) == 1.0
    assert criteria.proximity(10.0, radius_km=20.0) == 0.75
    assert [float(criteria.complementarity(n)) for n in (0, 1, 3, 4)] == [0, 1 / 3, 1, 1]
    assert [float(criteria.diversity(n)) for n in (1, 2, 4, 5)] == pytest.approx([0, 1 / 3, 1, 1])
    assert [float(criteria.transversality(n)) for n in (0, 1, 3, 9)] == pytest.approx(
        [0, 0, 2 / 3, 1]
    )
    assert [float(criteria.trust(n, size=4)) for n in (0, 3, 6)] == [0.0, 1.0, 0.0]
    means = criteria.means(np.array([np.nan, 0.0, 1.0, 50.0, 900.0]))
    assert means == pytest.approx([np.log(2) / np.log(51)] * 3 + [1.0, 1.0])


@pytest.mark.parametrize("name", criteria.COUNTED)
def test_criteria_of_a_number_are_concave(name):
    """The bounds of the search rest on it, from the first family or sector on."""
    for size in range(2, 11):
        first = 1 if name in {"diversity", "transversality"} else 0
        last = size * (size - 1) // 2 if name in {"trust", "complementarity"} else 64
        values = [criteria.COUNTED[name](count, size) for count in range(first, last + 1)]
        assert min(values) >= 0
        assert max(values) <= 1
        assert np.diff(values, 2).max(initial=-1.0) <= 1e-12


def test_tables_hold_the_formulas():
    weights = dict.fromkeys(v.CRITERIA, 0.5)
    made = criteria.tables(weights, most_members=6, most_counted=20)
    for rank, (name, value) in enumerate(criteria.COUNTED.items()):
        for size in range(3, 7):
            assert made[size, rank, 2] == pytest.approx(0.5 * value(2, size)), name
    assert made[3, 2, 19] == made[3, 2, 3] == 0.0


def _shapley_by_orders(parts, one_sided):
    def value(team):
        sums = [sum(parts[rank][side] for rank in team) for side in (0, 1)]
        return float(criteria.coverage(*sums, one_sided=one_sided))

    shares = np.zeros(len(parts))
    orders = list(permutations(range(len(parts))))
    for order in orders:
        for place, rank in enumerate(order):
            shares[rank] += value(order[: place + 1]) - value(order[:place])
    return shares / len(orders) / value(range(len(parts)))


@pytest.mark.parametrize("one_sided", [True, False])
def test_shapley_equals_the_mean_over_all_orders(one_sided):
    rng = np.random.default_rng(11)
    for _ in range(40):
        size = int(rng.integers(2, 6))
        parts = [tuple(rng.choice([0.0, 0.2, 0.5, 0.9], size=2)) for _ in range(size)]
        parts[0] = (0.3, 0.4)
        shares = shapley_shares(parts, one_sided=one_sided)
        assert shares == pytest.approx(_shapley_by_orders(parts, one_sided), abs=1e-12)
        assert sum(shares) == pytest.approx(1.0)


def test_shapley_of_separate_parts_is_each_part():
    assert shapley_shares([(0, 0.1), (0, 0.3), (0, 0)], one_sided=True) == pytest.approx(
        (0.25, 0.75, 0)
    )


def test_a_group_that_covers_nothing_has_no_shares():
    assert shapley_shares([(0.4, 0.0), (0.0, 0.0)], one_sided=False) == (0.0, 0.0)


def _entries(seed):
    rng = np.random.default_rng(seed)
    return [
        Entry(
            f"P{rank}",
            tuple(rng.choice(list("ghij"), size=int(rng.integers(1, 3)), replace=False)),
            tuple(rng.choice(list("abcdef"), size=3, replace=False)),
            float(rng.random()),
            float(rng.choice([0.0, 0.5, 1.0])),
            float(rng.random()),
        )
        for rank in range(int(rng.integers(1, 9)))
    ]


def _best_by_hand(entries, size, per_actor):
    best = 0.0
    for count in range(1, size + 1):
        for team in combinations(range(len(entries)), count):
            held = [actor for rank in team for actor in entries[rank].members]
            if max(held.count(actor) for actor in held) <= per_actor:
                best = max(best, worth(entries, team))
    return best


def test_portfolio_equals_enumeration_and_keeps_its_limits():
    for seed in range(60):
        entries, size, per_actor = _entries(seed), 1 + seed % 3, 1 + seed % 2
        chosen = choose(entries, size=size, per_actor=per_actor)
        assert chosen.certificate == "optimal"
        assert chosen.value == pytest.approx(_best_by_hand(entries, size, per_actor), abs=1e-6)
        picked = [entry for entry in entries if entry.candidate_id in chosen.candidate_ids]
        held = [actor for entry in picked for actor in entry.members]
        assert len(picked) <= size
        assert all(held.count(actor) <= per_actor for actor in held)


def test_greedy_portfolio_prints_a_bound_that_holds():
    for seed in range(60):
        entries, size, per_actor = _entries(seed), 1 + seed % 3, 1 + seed % 2
        chosen = greedy(entries, size=size, per_actor=per_actor)
        best = _best_by_hand(entries, size, per_actor)
        assert best <= chosen.value * (1 + chosen.bound_gap_pct / 100) + 1e-9


def test_a_second_candidate_for_the_same_gap_is_not_selected():
    twins = [Entry(f"P{n}", ("g",), (f"a{n}",), 0.5, 1.0, 0.7 - n / 10) for n in range(3)]
    assert choose(twins, size=3, per_actor=2).candidate_ids == ("P0",)


def test_an_empty_portfolio_is_optimal():
    assert choose([], size=3, per_actor=1).certificate == "optimal"


def test_similarity_of_practices():
    candidate = [frozenset({"trade", "energy"}), frozenset(), frozenset({"x"}), frozenset({"ess"})]
    practice = [frozenset({"trade"}), frozenset(), frozenset({"x"}), frozenset({"public"})]
    assert similarity(candidate, practice) == pytest.approx((0.5 + 1 + 0) / 3)
    assert similarity(candidate, [frozenset()] * 4) == 0
