"""Ratios to a usual rate: against an independent sum, calibrated, and defined on strange panels."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from scipy import special

from toolkit.gaps import shrinkage

THRESHOLD = 0.5


def ratios(counts, populations, observed, population=40_000.0):
    return shrinkage.find_ratios(
        counts, populations, observed=observed, population=population, threshold=THRESHOLD
    )


def simulated(rng, size, others, *, planted=None):
    """Return counts of territories, and the true ratio of the first, activities by row columns."""
    alike = np.exp(rng.uniform(np.log(1), np.log(30), size))
    usual = np.exp(rng.uniform(np.log(3), np.log(40), size))
    people = np.exp(rng.normal(np.log(40_000), 0.4, others + 1))
    ratio = rng.gamma(alike, 1 / alike, (others + 1, size))
    if planted is not None:
        ratio[0] = planted
    counts = rng.poisson(usual * people[:, np.newaxis] / 40_000 * ratio)
    return counts, people, ratio[0]


def naive(counts, people, observed, population):
    """Return the posterior mean and P(ratio < threshold) by a plain double sum of the model.

    Over fine steps of the logarithms of k and of the rate; nothing is shared with the module.
    """
    rate = sum(counts) / sum(people)
    expected = [rate * one for one in people]
    middle, here = float(np.median(expected)), rate * population
    base = _likelihood(5.0, counts, expected) + _likelihood(5.0, [observed], [here])
    sums = np.zeros(3)
    for k in np.geomspace(0.1, 1000, 120):
        prior = k * middle / (middle + k) ** 2
        for factor in np.exp(np.linspace(-1.5, 1.5, 60)):
            told = _likelihood(k, counts, [factor * one for one in expected]) - base
            for own, share in ((k, 0.95), (1.0, 0.05)):
                mean = factor * here
                weight = share * prior * math.exp(told + _likelihood(own, [observed], [mean]))
                below = special.gammainc(own + observed, (own + mean) * THRESHOLD)
                sums += weight * np.array([1.0, (own + observed) / (own + mean), below])
    return sums[1] / sums[0], sums[2] / sums[0]


def _likelihood(k, counts, means):
    return sum(
        math.lgamma(k + x) - math.lgamma(k) + k * math.log(k / (k + e)) + x * math.log(e / (k + e))
        for x, e in zip(counts, means, strict=True)
    )


@pytest.mark.parametrize(
    "counts, observed",
    [([8, 12, 10, 5, 14, 9], 2), ([30, 4, 18, 55, 9], 3), ([2, 0, 1, 3], 0), ([21, 20, 22, 19], 6)],
)
def test_the_same_as_the_plain_double_sum(counts, observed):
    people = [40_000.0 * (1 + 0.1 * place) for place in range(len(counts))]
    found = ratios(np.array([counts]).T, people, [observed])
    mean, below = naive(counts, people, observed, 40_000.0)
    assert found.ratio[0] == pytest.approx(mean, abs=0.02)
    assert found.probability[0] == pytest.approx(below, abs=0.02)


def test_the_ends_of_an_interval_leave_five_per_cent_on_either_side():
    rng = np.random.default_rng(5)
    counts, people, _ = simulated(rng, 30, 15)
    first = ratios(counts[1:], people[1:], counts[0], people[0])
    for ends, share in ((first.low, 0.05), (first.high, 0.95)):
        for place, end in enumerate(ends):
            again = shrinkage.find_ratios(
                counts[1:, [place]],
                people[1:],
                observed=counts[0, [place]],
                population=people[0],
                threshold=float(end),
            )
            assert again.probability[0] == pytest.approx(share, abs=1e-6)


@pytest.mark.parametrize("others", [15, 40])
def test_an_interval_of_ninety_per_cent_covers_as_often(others):
    rng = np.random.default_rng(20_260_101)
    inside = []
    for _ in range(5):
        counts, people, ratio = simulated(rng, 400, others)
        found = ratios(counts[1:], people[1:], counts[0], people[0])
        inside += ((found.low <= ratio) & (ratio <= found.high)).tolist()
    assert 0.88 <= np.mean(inside) <= 0.92


def test_probabilities_are_what_they_say():
    rng = np.random.default_rng(7)
    told, true = [], []
    for _ in range(5):
        counts, people, ratio = simulated(rng, 400, 15)
        told += ratios(counts[1:], people[1:], counts[0], people[0]).probability.tolist()
        true += (ratio < THRESHOLD).tolist()
    told, true = np.array(told), np.array(true)
    for low, high in ((0.0, 0.1), (0.1, 0.5), (0.5, 0.9), (0.9, 1.0)):
        here = (told >= low) & (told <= high)
        spread = 3 * math.sqrt(0.25 / here.sum())
        assert true[here].mean() == pytest.approx(told[here].mean(), abs=spread)


def test_few_counts_say_little_and_many_say_it():
    usual = [[10], [9], [12], [8], [11], [10], [13], [7]]
    people = [40_000.0] * len(usual)
    little, much = ratios(usual, people, [0], 4_000.0), ratios(usual, people, [0])
    assert much.ratio[0] < 0.3
    assert 0.7 < little.ratio[0] <= 1.1
    assert much.probability[0] > 0.9
    assert little.probability[0] < 0.5


def test_more_here_is_never_rarer():
    usual = np.array([[10, 10, 10, 10]] * 5 + [[14] * 4, [7] * 4])
    found = ratios(usual, [40_000.0] * 7, [0, 3, 8, 20])
    assert (np.diff(found.probability) <= 0).all()
    assert (np.diff(found.ratio) > 0).all()


@pytest.mark.parametrize("others", [15, 60, 200])
def test_a_territory_with_nothing_among_many_alike_is_told(others):
    """A gamma fitted to the others has no tail down there: it would call nothing usual too."""
    found = ratios([[1000, 20]] * others, [40_000.0] * others, [0, 0])
    assert (found.probability > 0.99).all()
    assert (found.ratio < 0.2).all()


def test_one_territory_with_all_makes_the_others_no_exception():
    found = ratios([[75], *[[0]] * 14], [40_000.0] * 15, [0])
    assert found.expected[0] == pytest.approx(5.0)
    assert found.rare_elsewhere[0] > 0.5


def test_an_activity_that_no_other_has_gives_a_defined_answer():
    found = ratios([[0, 4]] * 5, [40_000.0] * 5, [3, 4])
    assert found.expected[0] == 0
    assert found.probability[0] == 0
    assert found.rare_elsewhere[0] == 1
    assert np.isnan([found.ratio[0], found.low[0], found.high[0]]).all()
    assert np.isfinite([getattr(found, one.name)[1] for one in dataclasses.fields(found)]).all()


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_extreme_sizes_stay_finite(scale):
    counts = np.round(np.array([[10.0, 1.0], [12, 0], [9, 2], [11, 1]]) * scale)
    found = ratios(counts, [40_000.0] * 4, [0, 1e7])
    for one in dataclasses.fields(found):
        values = getattr(found, one.name)[found.expected > 0]
        assert np.isfinite(values).all(), one.name
    known = found.expected > 0
    assert (found.low <= found.high)[known].all()


@pytest.mark.parametrize(
    "counts, people, observed, population, match",
    [
        ([[1], [2]], [1, 1], [1], 1, "territories"),
        ([[1], [2], [float("nan")]], [1, 1, 1], [1], 1, "finite"),
        ([[1], [2], [float("inf")]], [1, 1, 1], [1], 1, "finite"),
        ([[1], [2], [-3]], [1, 1, 1], [1], 1, "finite"),
        ([[1], [2], [3]], [1, 0, 1], [1], 1, "above zero"),
        ([[1], [2], [3]], [1, 1, float("nan")], [1], 1, "above zero"),
        ([[1], [2], [3]], [1, 1, 1], [float("nan")], 1, "finite"),
        ([[1], [2], [3]], [1, 1, 1], [1], 0, "above zero"),
        ([[1], [2], [3]], [1, 1, 1], [1, 2], 1, "shape"),
    ],
)
def test_what_cannot_be_compared_is_refused(counts, people, observed, population, match):
    with pytest.raises(ValueError, match=match):
        ratios(counts, people, observed, population)
