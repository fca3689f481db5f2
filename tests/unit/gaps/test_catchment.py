"""The floating catchment area: golden values, edges, suppliers that nobody reaches."""

from __future__ import annotations

import math

import numpy as np
import pytest

from toolkit.gaps import catchment

GOLDEN = np.array([[5.0, 25.0], [15.0, 12.0], [40.0, 8.0]])


def shared(minutes, *, people, supply, limit_min=30.0, decay="bands"):
    """Return the E2SFCA of a full table of travel times."""
    pairs = catchment.pairs_of(np.array(minutes), limit_min=limit_min)
    return catchment.e2sfca(
        pairs,
        people=np.array(people, dtype="float64"),
        supply=np.array(supply, dtype="float64"),
        weight=catchment.weights(pairs.minutes, limit_min=limit_min, decay=decay),
    )


def test_golden_values():
    result = shared(GOLDEN, people=[100, 50, 200], supply=[2, 1])
    assert result.ratio.round(6).tolist() == [0.014925, 0.003906]
    assert result.accessibility.round(6).tolist() == [0.015785, 0.012806, 0.003906]
    assert np.dot([100, 50, 200], result.accessibility) == pytest.approx(3.0, abs=1e-12)


def test_a_supplier_without_demand_in_reach_has_the_ratio_zero():
    result = shared(
        [[5.0, 5.0, 99.0], [99.0, 99.0, 5.0]], people=[10, 0], supply=[1, 1, 1], limit_min=10
    )
    assert result.ratio.tolist() == pytest.approx([1 / 6.8, 1 / 6.8, 0.0])
    assert result.accessibility.tolist() == pytest.approx([0.2, 0.0])


def test_the_end_of_a_band_belongs_to_it_and_the_reach_to_the_last():
    times = np.array([0.0, 10.0, 10.000001, 20.0, 20.000001, 30.0, 30.000001, np.inf])
    told = catchment.weights(times, limit_min=30.0).tolist()
    assert told == [1.0, 1.0, 0.68, 0.68, 0.22, 0.22, 0.0, 0.0]


def test_the_gaussian_falls_from_one_to_nothing_at_the_edge():
    times = np.array([0.0, 6.0, 12.0, 29.999, 30.0, 31.0, np.inf])
    told = catchment.weights(times, limit_min=30.0, decay="gaussian")
    edge = math.exp(-0.5)
    by_hand = [(math.exp(-((t / 30) ** 2) / 2) - edge) / (1 - edge) for t in times[:4]]
    assert told[:4].tolist() == pytest.approx(by_hand, rel=1e-12)
    assert told[4:].tolist() == [0.0, 0.0, 0.0]
    assert told[0] == 1.0


def test_the_gaussian_conserves_supply_but_of_a_supplier_at_the_very_edge():
    result = shared([[30.0, 3.0], [99.0, 29.0]], people=[10, 20], supply=[5, 7], decay="gaussian")
    assert result.ratio[0] == 0.0
    assert np.dot([10, 20], result.accessibility) == pytest.approx(7.0, abs=1e-12)


@pytest.mark.parametrize("decay", catchment.DECAYS)
def test_nobody_anywhere_and_nothing_in_reach(decay):
    nobody = shared(GOLDEN, people=[0, 0, 0], supply=[2, 1], decay=decay)
    assert nobody.accessibility.tolist() == [0.0, 0.0, 0.0]
    assert nobody.ratio.tolist() == [0.0, 0.0]
    apart = shared(np.full((2, 2), np.inf), people=[1, 2], supply=[3, 4], decay=decay)
    assert apart.accessibility.tolist() == [0.0, 0.0]
    empty = shared(np.zeros((2, 0)), people=[1, 2], supply=[], decay=decay)
    assert empty.accessibility.tolist() == [0.0, 0.0]


def test_a_demand_next_to_nothing_gives_no_infinite_ratio():
    result = shared([[1.0]], people=[5e-324], supply=[1e10])
    assert result.ratio.tolist() == [0.0]


@pytest.mark.parametrize(
    "people, supply",
    [([-1, 1], [1]), ([np.nan, 1], [1]), ([1, 1], [-1]), ([1, 1], [np.inf]), ([1], [1])],
)
def test_figures_that_make_no_sense_are_refused(people, supply):
    with pytest.raises(ValueError, match="Expected"):
        shared([[1.0], [2.0]], people=people, supply=supply)


def test_an_unknown_decay_and_no_reach_are_refused():
    for wrong in ({"limit_min": 30.0, "decay": "linear"}, {"limit_min": 0.0}):
        with pytest.raises(ValueError, match="Expected a decay"):
            catchment.weights(np.array([1.0]), **wrong)


def test_the_tree_finds_the_pairs_of_the_full_table():
    draw = np.random.default_rng(7)
    here, there = draw.uniform(0, 40_000, (60, 2)), draw.uniform(0, 40_000, (40, 2))
    here[3], there[5], there[6] = np.nan, (np.inf, 0.0), here[4]
    there[7] = here[8] + (10_000.0, 0.0)
    full = np.hypot(*(here[:, None] - there[None, :]).transpose(2, 0, 1)) * 0.001
    by_tree = catchment.pairs_within(here, there, limit_min=10.0, minutes_per_m=0.001)
    by_hand = catchment.pairs_of(full, limit_min=10.0)
    for name in ("starts", "suppliers", "minutes"):
        assert getattr(by_tree, name).tolist() == getattr(by_hand, name).tolist()
    assert 0.0 in by_tree.minutes
    nearest = catchment.nearest_minutes(here, there, minutes_per_m=0.001)
    known = np.where(np.isfinite(full), full, np.inf).min(axis=1)
    assert nearest.tolist() == pytest.approx(known.tolist(), rel=1e-12)
    assert np.isinf(nearest[3])


def test_pairs_in_any_order_are_the_same_rows():
    draw = np.random.default_rng(3)
    order = draw.permutation(6)
    ends = np.array([0, 0, 1, 2, 2, 2]), np.array([1, 0, 1, 0, 2, 1])
    minutes = np.array([0.0, 4.0, 2.0, 0.0, 1.0, 3.0])
    pairs = catchment.listed(ends[0][order], ends[1][order], minutes=minutes[order], shape=(4, 3))
    assert pairs.starts.tolist() == [0, 2, 3, 6, 6]
    assert pairs.suppliers.tolist() == [0, 1, 1, 0, 1, 2]
    assert pairs.minutes.tolist() == [4.0, 0.0, 2.0, 0.0, 3.0, 1.0]
    assert pairs.nearest().tolist() == [0.0, 2.0, 0.0, np.inf]
    assert pairs.reaches.tolist() == [True, True, True, False]
