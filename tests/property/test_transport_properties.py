"""The optimum of the transport problem against a flow algorithm, and what must always hold."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.test_price_properties import cases
from toolkit.gaps import transport


def totals(case):
    plan = transport.solve(case)
    return float(plan.amount.sum()), float(plan.amount @ plan.road_km)


def by_flow(case):
    """Return the same two figures by networkx: a maximal flow of least cost (whole numbers)."""
    graph = nx.DiGraph()
    graph.add_nodes_from(("source", "sink"))
    road = case.roads_km(slice(0, len(case.supply)))
    for i, amount in enumerate(case.supply):
        graph.add_edge("source", ("s", i), capacity=int(amount), weight=0)
    for j, amount in enumerate(case.demand):
        graph.add_edge(("d", j), "sink", capacity=int(amount), weight=0)
    for i, j in np.argwhere(np.isfinite(road)):
        metres = round(road[i, j] * 1000)
        graph.add_edge(("s", int(i)), ("d", int(j)), weight=metres)
    flow = nx.max_flow_min_cost(graph, "source", "sink")
    matched = sum(flow["source"].values())
    return float(matched), nx.cost_of_flow(graph, flow) / 1000


@given(cases())
@settings(max_examples=150, deadline=None)
def test_equal_to_a_maximal_flow_of_least_cost(case):
    assert totals(case) == pytest.approx(by_flow(case), abs=1e-6)


@given(cases())
@settings(max_examples=60, deadline=None)
def test_where_every_pair_is_allowed_all_of_the_smaller_side_is_matched(case):
    nobody = [np.full(len(side), -1) for side in (case.supply, case.demand)]
    whole = replace(
        case,
        reach_km=np.full((2, 2), 100.0),
        supply_owner=nobody[0],
        demand_owner=nobody[1],
    )
    assert totals(whole)[0] == pytest.approx(min(case.supply.sum(), case.demand.sum()))


@given(cases(), st.integers(0, 2**31))
@settings(max_examples=60, deadline=None)
def test_names_and_order_change_neither_amount_nor_road(case, seed):
    draw = np.random.default_rng(seed)
    supply, demand = (draw.permutation(len(side)) for side in (case.supply, case.demand))
    names = draw.permutation(10)
    owners = [
        np.where(side < 0, -1, names[np.maximum(side, 0)])
        for side in (case.supply_owner[supply], case.demand_owner[demand])
    ]
    mixed = replace(
        case.with_demands(demand),
        supply=case.supply[supply],
        supply_xy=case.supply_xy[supply],
        supply_kind=case.supply_kind[supply],
        supply_owner=owners[0],
        demand_owner=owners[1],
    )
    assert totals(mixed) == pytest.approx(totals(case), abs=1e-9)


@given(cases())
@settings(max_examples=60, deadline=None)
def test_exchanging_the_sides_changes_neither_amount_nor_road(case):
    assert totals(case.turned()) == pytest.approx(totals(case), abs=1e-9)


@given(cases(), st.sampled_from((0.125, 4.0, 1024.0)))
@settings(max_examples=60, deadline=None)
def test_scaling_amounts_scales_both_figures_exactly(case, factor):
    scaled = replace(case, supply=case.supply * factor, demand=case.demand * factor)
    one, other = totals(case), totals(scaled)
    assert other == (one[0] * factor, one[1] * factor)


@given(cases(), st.integers(1, 4), st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_one_more_holder_never_leaves_more_unmet(case, amount, km):
    more = replace(
        case,
        supply=np.append(case.supply, float(amount)),
        supply_xy=np.vstack([case.supply_xy, [km * 1000.0, 0.0]]),
        supply_kind=np.append(case.supply_kind, 0),
        supply_owner=np.append(case.supply_owner, -1),
    )
    before, after = totals(case)[0], totals(more)[0]
    assert before - 1e-9 <= after <= before + amount + 1e-9
