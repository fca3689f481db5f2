"""What one more unit brings, against the optimum solved again with a little more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from tests.property.test_gap_properties import SETTINGS, few, made, territories
from tests.unit.gaps.test_transport import market
from toolkit.gaps import balance, leaks, transport
from toolkit.gaps.prices import one_more

LITTLE = 1.0 / 64
"""Less than any chain carries, where amounts are whole."""


@st.composite
def cases(draw):
    """Draw a market of whole amounts at whole places, with owners and kinds."""
    sizes = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    amounts, places, kinds, owners = (
        [np.array(draw(st.lists(part, min_size=size, max_size=size))) for size in sizes]
        for part in (
            st.integers(1, 4),
            st.integers(0, 9),
            st.integers(0, 1),
            st.integers(-1, 3),
        )
    )
    reach = draw(st.lists(st.sampled_from((-1.0, 2.0, 5.0, 20.0)), min_size=4, max_size=4))
    case = market(*amounts, supply_xy=places[0] * 1000.0, demand_xy=places[1] * 1000.0)
    return replace(
        case,
        supply_kind=kinds[0],
        demand_kind=kinds[1],
        supply_owner=owners[0],
        demand_owner=owners[1],
        reach_km=np.array(reach).reshape(2, 2),
    )


def value(case):
    """Return what is matched and over how much quantity x distance, by an independent program.

    Two programs one after the other over all pairs: most first, then least road at that most.
    """
    road = case.roads_km(slice(0, len(case.supply)))
    pairs = np.argwhere(np.isfinite(road))
    if not len(pairs):
        return 0.0, 0.0
    rows = np.zeros((sum(road.shape), len(pairs)))
    rows[pairs[:, 0], np.arange(len(pairs))] = 1.0
    rows[pairs[:, 1] + road.shape[0], np.arange(len(pairs))] = 1.0
    limits = np.concatenate([case.supply, case.demand])
    most = linprog(-np.ones(len(pairs)), A_ub=rows, b_ub=limits, method="highs-ds")
    least = linprog(
        road[pairs[:, 0], pairs[:, 1]],
        A_ub=rows,
        b_ub=limits,
        A_eq=np.ones((1, len(pairs))),
        b_eq=[-most.fun],
        method="highs-ds",
    )
    return -most.fun, least.fun


def with_more(case, row, amount):
    supply = case.supply.copy()
    supply[row] += amount
    return replace(case, supply=supply)


@given(cases(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_the_price_is_the_difference_of_two_optima(case, is_turned):
    optimum = transport.optimum(case)
    optimum, case = (optimum.turned(), case.turned()) if is_turned else (optimum, case)
    more = one_more(optimum)
    before = value(case)
    assert before == pytest.approx(
        (optimum.plan.amount.sum(), optimum.plan.amount @ optimum.plan.road_km), abs=1e-6
    )
    for row in range(len(case.supply)):
        after = value(with_more(case, row, LITTLE))
        assert more.gain[row] == pytest.approx((after[0] - before[0]) / LITTLE, abs=1e-6)
        assert more.km[row] == pytest.approx((after[1] - before[1]) / LITTLE, abs=1e-4)


@given(cases())
@settings(max_examples=100, deadline=None)
def test_a_chain_carries_what_it_says(case):
    more = one_more(transport.optimum(case))
    before = value(case)
    for row in np.flatnonzero(more.end >= 0):
        assert more.up_to[row] > 0
        after = value(with_more(case, row, more.up_to[row]))
        assert after[0] - before[0] == pytest.approx(more.gain[row] * more.up_to[row], abs=1e-6)
        # What the chain gives is a plan; that the optimum is not better still is convexity.
        assert after[1] - before[1] == pytest.approx(more.km[row] * more.up_to[row], abs=1e-6)
        if more.gain[row]:
            # The need at its end is one that the optimum leaves wanting.
            plan = transport.solve(case)
            met = np.bincount(plan.demand, plan.amount, minlength=len(case.demand))
            assert met[more.end[row]] < case.demand[more.end[row]] - 1e-6


@given(territories(), st.integers(0, 1000))
@few
def test_the_order_of_rows_changes_no_price_and_no_multiplier(rows, order):
    plain, shuffled = (
        balance.find(territory, settings=SETTINGS).more["prices"]
        for territory in (made(rows), made(rows, order=order))
    )
    pd.testing.assert_frame_equal(plain, shuffled, check_exact=True)
    assert plain["gain"].isin([0.0, 1.0]).all()
    assert (plain["up_to"] > 0).all()
    assert ((plain["gain"] == 1) | (plain["km"] < 0)).all()
    found = [leaks.find(made(rows, order=one)).more["multiplier"] for one in (None, order)]
    pd.testing.assert_frame_equal(*found, check_exact=True)
