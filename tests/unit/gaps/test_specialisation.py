"""Quotients, proximity and density: golden values, fixed conventions, naive sums as an oracle."""

from __future__ import annotations

import numpy as np
import pytest

from toolkit.gaps import specialisation

COUNTS = [[10, 0, 5, 1], [4, 8, 0, 0], [0, 6, 6, 2], [1, 1, 1, 9]]
PRESENT = [[1, 0, 1, 0], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 1]]


def naive(counts):
    """Return quotients, proximity and density by plain loops from the published formulas."""
    rows, columns = range(len(counts)), range(len(counts[0]))
    whole = sum(map(sum, counts))
    of_row = [sum(counts[t]) for t in rows]
    of_column = [sum(counts[t][a] for t in rows) for a in columns]
    quotients = [
        [
            (counts[t][a] / of_row[t]) / (of_column[a] / whole) if of_row[t] and of_column[a] else 0
            for a in columns
        ]
        for t in rows
    ]
    present = specialisation.presence(counts).astype(int).tolist()
    spread = [sum(present[t][a] for t in rows) for a in columns]
    phi = [
        [
            sum(present[t][a] * present[t][b] for t in rows) / max(spread[a], spread[b])
            if a != b and max(spread[a], spread[b])
            else 0.0
            for b in columns
        ]
        for a in columns
    ]
    density = [
        [
            sum(present[t][b] * phi[a][b] for b in columns) / sum(phi[a]) if sum(phi[a]) else 0.0
            for a in columns
        ]
        for t in rows
    ]
    return quotients, phi, density


def test_golden_values():
    quotients = specialisation.location_quotients(COUNTS)
    assert quotients == pytest.approx(
        np.array(
            [
                [2.25, 0, 1.40625, 0.28125],
                [1.2, 2.4, 0, 0],
                [0, 1.542857, 1.928571, 0.642857],
                [0.3, 0.3, 0.375, 3.375],
            ]
        ),
        abs=1e-6,
    )
    assert specialisation.presence(COUNTS).tolist() == PRESENT
    phi = specialisation.proximity(PRESENT)
    assert phi.tolist() == [[0, 0.5, 0.5, 0], [0.5, 0, 0.5, 0], [0.5, 0.5, 0, 0], [0, 0, 0, 0]]
    # The isolated activity: 0, neither the 1 of a diagonal of ones nor a NaN.
    assert specialisation.relatedness_density(PRESENT, phi).tolist() == [
        [0.5, 1, 0.5, 0],
        [0.5, 0.5, 1, 0],
        [1, 0.5, 0.5, 0],
        [0, 0, 0, 0],
    ]


@pytest.mark.parametrize("seed", range(20))
def test_the_same_as_naive_sums(seed):
    rng = np.random.default_rng(seed)
    counts = rng.poisson(rng.gamma(0.4, 3, (12, 9)))
    counts[:, rng.integers(9)] = 0
    counts[rng.integers(12)] = 0
    quotients, phi, density = naive(counts.tolist())
    present = specialisation.presence(counts)
    made = specialisation.proximity(present)
    assert specialisation.location_quotients(counts) == pytest.approx(np.array(quotients), abs=1e-9)
    assert made == pytest.approx(np.array(phi), abs=1e-9)
    found = specialisation.relatedness_density(present, made)
    assert found == pytest.approx(np.array(density), abs=1e-9)
    assert ((found >= 0) & (found <= 1)).all()


def test_a_scale_changes_no_quotient_and_an_order_only_the_order():
    rng = np.random.default_rng(3)
    counts = rng.poisson(3, (8, 6))
    quotients = specialisation.location_quotients(counts)
    assert specialisation.location_quotients(counts * 7) == pytest.approx(quotients)
    rows, columns = rng.permutation(8), rng.permutation(6)
    moved = counts[rows][:, columns]
    assert specialisation.location_quotients(moved) == pytest.approx(quotients[rows][:, columns])
    present = specialisation.presence(counts)
    phi = specialisation.proximity(present)
    density = specialisation.relatedness_density(present, phi)
    shuffled = present[rows][:, columns]
    again = specialisation.relatedness_density(shuffled, specialisation.proximity(shuffled))
    assert again == pytest.approx(density[rows][:, columns])


@pytest.mark.parametrize("counts", [[[0]], [[0, 0], [0, 0]], [[0, 3]], np.zeros((0, 3))])
def test_nothing_gives_zero_and_never_nan(counts):
    present = specialisation.presence(counts)
    phi = specialisation.proximity(present)
    for found in (
        specialisation.location_quotients(counts),
        phi,
        specialisation.relatedness_density(present, phi),
    ):
        assert np.isfinite(found).all()


@pytest.mark.parametrize("counts", [[[float("nan")]], [[float("inf")]], [[-1.0]], [1.0, 2.0]])
def test_what_is_no_count_is_refused(counts):
    with pytest.raises(ValueError, match="finite amounts"):
        specialisation.location_quotients(counts)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="0 and 1"):
        specialisation.proximity([[2, 0]])
    with pytest.raises(ValueError, match="shape"):
        specialisation.relatedness_density([[1, 0]], [[0.0]])
