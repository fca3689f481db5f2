"""The transport problem: brute force, ties, column generation against the whole program."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from toolkit.gaps import transport
from toolkit.gaps.transport import Market, reachable, solve


def market(
    supply, demand, *, supply_xy=None, demand_xy=None, reach=1000.0, owners=None, detour=1.0
):
    """Return a market of one kind; places in metres along a line unless given in the plane."""
    sizes = (len(supply), len(demand))
    places = [
        np.zeros((size, 2)) if place is None else np.column_stack([place, np.zeros(size)])
        for size, place in zip(sizes, (supply_xy, demand_xy), strict=True)
    ]
    owners = owners or ([-1] * sizes[0], [-1] * sizes[1])
    return Market(
        supply=np.array(supply, dtype="float64"),
        demand=np.array(demand, dtype="float64"),
        supply_xy=places[0],
        demand_xy=places[1],
        supply_kind=np.zeros(sizes[0], dtype="int64"),
        demand_kind=np.zeros(sizes[1], dtype="int64"),
        supply_owner=np.array(owners[0]),
        demand_owner=np.array(owners[1]),
        reach_km=np.array([[reach]]),
        detour=detour,
    )


def rows(plan):
    return list(zip(plan.supply.tolist(), plan.demand.tolist(), plan.amount.tolist(), strict=True))


def totals(plan):
    return float(plan.amount.sum()), float(plan.amount @ plan.road_km)


def brute_force(case):
    """Return (matched, quantity x distance) of the best plan in whole units, by enumeration."""
    road = case.roads_km(slice(0, len(case.supply)))
    pairs = [(i, j) for i, j in np.ndindex(road.shape) if np.isfinite(road[i, j])]
    limits = [int(min(case.supply[i], case.demand[j])) for i, j in pairs]
    best = (0.0, 0.0)
    for amounts in itertools.product(*(range(limit + 1) for limit in limits)):
        given, taken = np.zeros(len(case.supply)), np.zeros(len(case.demand))
        for (i, j), amount in zip(pairs, amounts, strict=True):
            given[i] += amount
            taken[j] += amount
        if (given <= case.supply).all() and (taken <= case.demand).all():
            cost = sum(road[p] * amount for p, amount in zip(pairs, amounts, strict=True))
            best = min(best, (-float(given.sum()), cost))
    return -best[0], best[1]


def test_the_nearest_is_served_first_when_one_holder_is_alone():
    plan = solve(market([10], [4, 4, 4], supply_xy=[0], demand_xy=[3000, 1000, 2000]))
    assert rows(plan) == [(0, 0, 2.0), (0, 1, 4.0), (0, 2, 4.0)]
    assert plan.road_km.tolist() == [3.0, 1.0, 2.0]


def test_the_nearest_serves_first_when_one_need_is_alone():
    plan = solve(market([4, 4, 4], [10], supply_xy=[3000, 1000, 2000], demand_xy=[0]))
    assert rows(plan) == [(0, 0, 2.0), (1, 0, 4.0), (2, 0, 4.0)]


def test_more_quantity_comes_before_less_distance():
    # The near need could take all of the first holder; then the second could serve nobody.
    case = market([5, 5], [5, 5], supply_xy=[0, 40_000], demand_xy=[1000, -59_000], reach=60)
    plan = solve(case)
    assert totals(plan) == pytest.approx((10.0, 5 * 59.0 + 5 * 39.0))
    assert rows(plan) == [(0, 1, 5.0), (1, 0, 5.0)]


@pytest.mark.parametrize("seed", range(40))
def test_equal_to_brute_force_on_small_cases(seed):
    draw = np.random.default_rng(seed)
    shape = draw.integers(1, 4, size=2)
    supply, demand = (draw.integers(1, 4, size=size) for size in shape)
    places = [draw.integers(0, 8, size=size) * 1000.0 for size in shape]
    owners = [draw.integers(0, 3, size=size).tolist() for size in shape]
    case = market(
        supply, demand, supply_xy=places[0], demand_xy=places[1], reach=4.0, owners=owners
    )
    assert totals(solve(case)) == pytest.approx(brute_force(case), abs=1e-9)


@pytest.mark.parametrize("many", [12_000, 50])
@pytest.mark.parametrize("seed", range(6))
def test_entering_pairs_one_by_one_ends_at_the_whole_program(seed, many, monkeypatch):
    draw = np.random.default_rng(seed)
    case = market(
        draw.lognormal(2, 1, 45),
        draw.lognormal(2, 1, 60),
        supply_xy=draw.uniform(0, 50_000, 45),
        demand_xy=draw.uniform(0, 50_000, 60),
        reach=(8.0, 25.0)[seed % 2],
    )
    whole = totals(solve(case))
    monkeypatch.setattr(transport, "ALL_PAIRS", 0)
    monkeypatch.setattr(transport, "NEAREST", 1)
    monkeypatch.setattr(transport, "ENTERING", 1)
    monkeypatch.setattr(transport, "BLOCK", 60 * 7)
    monkeypatch.setattr(transport, "MANY_PAIRS", many)  # 50: pairs leave again
    monkeypatch.setattr(transport, "PROMISING", 1)
    assert totals(solve(case)) == pytest.approx(whole, rel=1e-9)


def test_the_edge_of_the_radius_is_in_reach():
    case = market([1, 1], [1], supply_xy=[10_000, 10_001], demand_xy=[0], reach=13.0, detour=1.3)
    assert rows(solve(case)) == [(0, 0, 1.0)]
    assert reachable(case)[0].tolist() == [True, False]
    assert reachable(case)[1].tolist() == [True]


def test_nobody_serves_himself_and_an_unknown_place_is_out_of_reach():
    case = market([1, 1], [1, 1], supply_xy=[0, np.nan], demand_xy=[0, 0], owners=([7, 8], [7, 9]))
    assert rows(solve(case)) == [(0, 1, 1.0)]


@pytest.mark.parametrize("sizes", [(0, 0), (0, 2), (2, 0)])
def test_an_empty_side_gives_an_empty_plan(sizes):
    case = market([1.0] * sizes[0], [1.0] * sizes[1])
    assert rows(solve(case)) == []
    assert [reached.any() for reached in reachable(case)] == [False, False]


def test_tiny_and_huge_quantities_are_both_matched():
    case = market([1e-4, 5e6, 3e6], [1e-4, 6e6, 1.0], supply_xy=[0, 9, 5], demand_xy=[2, 4, 8])
    plan = solve(case)
    assert plan.amount.sum() == pytest.approx(6e6 + 1.0001, rel=1e-12)
    assert np.bincount(plan.demand, plan.amount)[0] == pytest.approx(1e-4, rel=1e-6)


@pytest.mark.parametrize("factor", [2.0**-30, 2.0**13])
def test_scaling_all_quantities_scales_the_plan_bit_for_bit(factor):
    draw = np.random.default_rng(3)
    supply, demand, places = (
        draw.lognormal(size=9),
        draw.lognormal(size=8),
        draw.uniform(0, 9e3, 17),
    )
    plans = [
        solve(market(supply * k, demand * k, supply_xy=places[:9], demand_xy=places[9:]))
        for k in (1.0, factor)
    ]
    assert (plans[0].amount * factor).tolist() == plans[1].amount.tolist()
    assert plans[0].supply.tolist() == plans[1].supply.tolist()
