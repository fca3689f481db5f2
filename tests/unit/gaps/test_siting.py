"""Where more sites help most: by hand, against all combinations, and what has no answer."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from toolkit.gaps import catchment, siting


def best(reached, *, people, most=3):
    """Return places and people of the best sites, for who is reached from where."""
    pairs = catchment.pairs_of(np.where(reached, 1.0, 99.0), limit_min=10.0)
    found = siting.best_sites(pairs, people=np.array(people, dtype="float64"), most=most)
    return [(one.places, pytest.approx(one.people, abs=1e-4)) for one in found]


def by_trying_all(reached, *, people, most):
    """Return the first of the best combinations for each number of sites that helps more."""
    weights, made, before = np.array(people, dtype="float64"), [], 0.0
    for sites in range(1, most + 1):
        value, places = 0.0, ()
        for some in combinations(range(reached.shape[1]), sites):
            now = weights[reached[:, some].any(axis=1)].sum()
            if now > value + 1e-6:
                value, places = now, some
        if value <= before + 1e-6:
            break
        made.append((places, value))
        before = value
    return made


def test_two_sites_need_not_hold_the_place_of_one():
    # The middle reaches 4 of 6 people, but the two ends reach all.
    reached = np.array([[1, 0, 0], [1, 1, 0], [1, 1, 0], [0, 1, 1], [0, 1, 1], [0, 0, 1]], bool)
    assert best(reached, people=[1] * 6) == [((1,), 4.0), ((0, 2), 6.0)]


def test_between_equals_the_first_in_order():
    reached = np.array([[1, 1, 0, 0], [0, 0, 1, 1]], bool)
    assert best(reached, people=[5, 5]) == [((0,), 5.0), ((0, 2), 10.0)]
    assert best(reached, people=[4, 5]) == [((2,), 5.0), ((0, 2), 9.0)]


def test_a_site_that_reaches_nobody_more_is_not_told():
    reached = np.array([[1, 1], [1, 0]], bool)
    assert best(reached, people=[3, 4], most=5) == [((0,), 7.0)]


@pytest.mark.parametrize(
    "reached, people",
    [
        (np.zeros((2, 2), bool), [3, 4]),
        (np.ones((2, 2), bool), [0, 0]),
        (np.zeros((0, 2), bool), []),
        (np.zeros((2, 0), bool), [3, 4]),
    ],
)
def test_nothing_helps(reached, people):
    assert best(reached, people=people) == []


def drawn(seed):
    """Return who is reached from where, and people."""
    draw = np.random.default_rng(seed)
    reached = draw.random((draw.integers(2, 14), draw.integers(2, 10))) < draw.uniform(0.1, 0.5)
    return reached, draw.integers(0, 4, len(reached)) * (1.0 if seed % 2 else 0.37)


@pytest.mark.parametrize("seed", range(60))
def test_exact_and_the_first_of_equals_by_trying_all_combinations(seed):
    reached, people = drawn(seed)
    assert best(reached, people=people, most=4) == by_trying_all(reached, people=people, most=4)


@pytest.mark.parametrize("seed", range(60))
def test_the_solver_finds_the_same_numbers_of_people(seed, monkeypatch):
    reached, people = drawn(seed)
    expected = by_trying_all(reached, people=people, most=4)
    monkeypatch.setattr(siting, "ROOM", 0)
    found = best(reached, people=people, most=4)
    assert [told for _, told in found] == [told for _, told in expected]
    for places, told in found:
        assert told == people[reached[:, places].any(axis=1)].sum()


def test_many_candidates_are_solved_as_few_are(monkeypatch):
    draw = np.random.default_rng(11)
    spots = draw.uniform(0, 60, (150, 2))
    reached = np.hypot(*(spots[:, None] - spots[None, :]).transpose(2, 0, 1)) < 9
    people = draw.integers(50, 3000, 150)
    tried = best(reached, people=people, most=3)
    monkeypatch.setattr(siting, "ROOM", 0)
    assert best(reached, people=people, most=3) == tried
