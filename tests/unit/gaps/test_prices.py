"""What one more unit brings, by hand (against optima solved again: tests/property)."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.gaps.test_transport import market
from toolkit.gaps import transport
from toolkit.gaps.prices import one_more


def line(supply, demand, **more):
    """Return what one more unit of each supply brings, places in km along a line."""
    case = market(list(supply.values()), list(demand.values()), **more)
    case.supply_xy[:, 0] = [1000.0 * km for km in supply]
    case.demand_xy[:, 0] = [1000.0 * km for km in demand]
    return one_more(transport.optimum(case))


def test_one_more_serves_the_nearest_need_that_lacks():
    more = line({0: 5, 10: 5}, {1: 5, 9: 6, 30: 9})
    # The holder at 10 serves its need at 9 wholly but for 1; that is nearer than the one at 30.
    assert more.gain.tolist() == [1.0, 1.0]
    assert more.end.tolist() == [1, 1]
    assert more.km.tolist() == pytest.approx([9.0, 1.0])
    assert more.up_to.tolist() == pytest.approx([1.0, 1.0])
    assert more.steps.tolist() == [0, 0]


def test_one_more_reaches_a_far_need_by_a_chain():
    # The first reaches the need between only; that one's holder is then free for the far one.
    more = line({0: 2, 8: 3}, {4: 5, 12: 4}, reach=5.0)
    assert more.gain.tolist() == [1.0, 1.0]
    assert more.end.tolist() == [1, 1]
    assert more.km.tolist() == pytest.approx([4.0 - 4.0 + 4.0, 4.0])
    assert more.steps.tolist() == [1, 0]
    assert more.up_to.tolist() == pytest.approx([3.0, 4.0])


def test_where_all_is_met_one_more_makes_roads_shorter():
    more = line({0: 5, 9: 5}, {1: 10})
    assert more.gain.tolist() == [0.0, 0.0]
    assert more.km.tolist() == pytest.approx([1.0 - 8.0, 0.0])
    assert more.end.tolist() == [1, -1]  # the far holder is relieved
    assert more.up_to[0] == pytest.approx(5.0)


def test_one_more_need_takes_what_is_left_or_the_place_of_another():
    case = market([5, 1], [3, 1], supply_xy=[0, 9000], demand_xy=[1000, 9000], reach=1000.0)
    turned = one_more(transport.optimum(case).turned())
    assert turned.gain.tolist() == [1.0, 1.0]
    assert turned.end.tolist() == [0, 0]
    assert turned.km.tolist() == pytest.approx([1.0, 9.0])


def test_rows_of_one_place_have_one_price_and_end_at_the_row_that_lacks():
    case = market([1, 1], [1, 2], supply_xy=[0, 0], demand_xy=[4000, 4000])
    more = one_more(transport.optimum(case))
    assert more.gain.tolist() == [1.0, 1.0]
    assert more.end.tolist() == [1, 1]
    assert more.up_to.tolist() == pytest.approx([1.0, 1.0])


def test_nobody_serves_himself_with_one_more():
    case = market([1], [9], owners=([3], [3]))
    assert one_more(transport.optimum(case)).end.tolist() == [-1]


@pytest.mark.parametrize("sizes", [(0, 0), (0, 2), (2, 0)])
def test_an_empty_side_has_no_prices(sizes):
    optimum = transport.optimum(market([1.0] * sizes[0], [1.0] * sizes[1]))
    assert one_more(optimum).end.tolist() == [-1] * sizes[0]
    assert one_more(optimum.turned()).end.tolist() == [-1] * sizes[1]


@pytest.mark.parametrize("seed", range(4))
def test_prices_are_the_same_where_pairs_enter_one_by_one(seed, monkeypatch):
    draw = np.random.default_rng(seed)
    case = market(
        draw.integers(1, 9, 30),
        draw.integers(1, 9, 40),
        supply_xy=draw.uniform(0, 50_000, 30),
        demand_xy=draw.uniform(0, 50_000, 40),
        reach=(6.0, 15.0)[seed % 2],
    )
    whole = one_more(transport.optimum(case))
    monkeypatch.setattr(transport, "ALL_PAIRS", 0)
    monkeypatch.setattr(transport, "NEAREST", 1)
    monkeypatch.setattr(transport, "BLOCK", 40 * 7)
    other = one_more(transport.optimum(case))
    assert whole.gain.tolist() == other.gain.tolist()
    assert whole.km.tolist() == pytest.approx(other.km.tolist(), abs=1e-5)
    assert (whole.end >= 0).tolist() == (other.end >= 0).tolist()
