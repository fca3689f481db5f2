"""The transport problem behind the balance: most matched first, then least distance, exactly.

Supplies and demands lie in the plane; a pair is allowed when their kinds are compatible, their
owners differ and the road between them is within the reach of their kinds.  The linear program is
solved by HiGHS on each connected component.  Where there are many allowed pairs, only the nearest
ones enter first; others come in as long as the prices of the optimum say that one of them would
better it (column generation), so the end is the optimum over all allowed pairs.  A program that
grows large drops the pairs that its prices call far from use; they come back if they are needed.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

ALL_PAIRS: Final = 10_000
"""Up to as many allowed or forbidden pairs, all allowed ones enter the program at once."""
NEAREST: Final = 10
"""Pairs of each supply and each demand that enter first."""
ENTERING: Final = 5
"""Pairs of each supply that may enter in one round."""
BLOCK: Final = 2_000_000
"""Pairs whose distance is computed at once (16 MB)."""
MANY_PAIRS: Final = 12_000
"""Pairs in the program above which those that promise nothing leave it before others enter."""
PROMISING: Final = 3
"""Pairs that then stay, for each supply and demand."""
DROPPING: Final = 60
"""Rounds in which pairs may leave; after them they only enter, so that the rounds end."""
KEPT: Final = 30_000_000
"""Pairs up to which all distances are kept (240 MB): computing them takes longer than one round."""
RELATIVE_ZERO: Final = 1e-9
"""Share of a quantity below which a difference is rounding, not a fact."""
PRICE_TOLERANCE: Final = 1e-6
"""Kilometres by which a pair must better the optimum to enter (1 mm)."""
_SCALE_BITS: Final = 20


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """Supplies and demands of one measure; arrays of the two sides are each in a stable order.

    Attributes
    ----------
    supply, demand : array
        Amounts, > 0, in one unit.
    supply_xy, demand_xy : array, shape (n, 2)
        Places in metres; NaN where unknown (then no pair is allowed).
    supply_kind, demand_kind : array
        Row and column of ``reach_km``.
    supply_owner, demand_owner : array
        Who holds it; a pair of one owner is not allowed, -1 is nobody.
    reach_km : array
        Farthest road of two kinds; negative where they are not compatible.
    detour : float
        Road distance over straight distance.
    """

    supply: Floats
    demand: Floats
    supply_xy: Floats
    demand_xy: Floats
    supply_kind: Integers
    demand_kind: Integers
    supply_owner: Integers
    demand_owner: Integers
    reach_km: Floats
    detour: float

    def roads_km(self, rows: slice) -> Floats:
        """Return the road from some supplies to all demands; infinite where no pair is allowed."""
        gap_m = self.supply_xy[rows, None, :] - self.demand_xy[None, :, :]
        road = np.hypot(gap_m[..., 0], gap_m[..., 1]) * (self.detour / 1000.0)
        reach = self.reach_km[self.supply_kind[rows, None], self.demand_kind[None, :]]
        owner = self.supply_owner[rows, None]
        allowed = (road <= reach) & ((owner != self.demand_owner[None, :]) | (owner < 0))
        return np.where(allowed, road, np.inf)

    def between_km(self, supply: Integers, demand: Integers) -> Floats:
        """Return the road of single pairs, allowed or not."""
        gap_m = self.supply_xy[supply] - self.demand_xy[demand]
        return np.hypot(gap_m[:, 0], gap_m[:, 1]) * (self.detour / 1000.0)

    def with_demands(self, kept: Integers) -> Market:
        """Return the market with some of its demands only."""
        return replace(
            self,
            demand=self.demand[kept],
            demand_xy=self.demand_xy[kept],
            demand_kind=self.demand_kind[kept],
            demand_owner=self.demand_owner[kept],
        )

    def turned(self) -> Market:
        """Return the same market with the two sides exchanged."""
        return Market(
            supply=self.demand,
            demand=self.supply,
            supply_xy=self.demand_xy,
            demand_xy=self.supply_xy,
            supply_kind=self.demand_kind,
            demand_kind=self.supply_kind,
            supply_owner=self.demand_owner,
            demand_owner=self.supply_owner,
            reach_km=self.reach_km.T,
            detour=self.detour,
        )

    def blocks(self) -> Iterator[slice]:
        """Yield the supplies in blocks of bounded size."""
        step = max(1, BLOCK // max(1, len(self.demand)))
        for start in range(0, len(self.supply), step):
            yield slice(start, min(start + step, len(self.supply)))


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Allowed pairs, sorted by supply then demand, with their road."""

    supply: Integers
    demand: Integers
    road_km: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """The optimum: amount of each pair used, sorted by supply then demand."""

    supply: Integers
    demand: Integers
    amount: Floats
    road_km: Floats

    def turned(self) -> Plan:
        """Return the same plan with the two sides exchanged."""
        order = np.lexsort((self.supply, self.demand))
        return Plan(self.demand[order], self.supply[order], self.amount[order], self.road_km[order])


@dataclass(frozen=True, slots=True, eq=False)
class Optimum:
    """The optimum of a market: for its rows, and for the rows of one place and kind made one.

    Attributes
    ----------
    market, plan : Market, Plan
        As they came, and the best use of them.
    pooled, pooled_plan : Market, Plan
        The same with alike rows made one.
    held, wanted : array
        Pooled row of each supply and of each demand.
    """

    market: Market
    plan: Plan
    pooled: Market
    pooled_plan: Plan
    held: Integers
    wanted: Integers

    def turned(self) -> Optimum:
        """Return the same optimum with the two sides exchanged."""
        return Optimum(
            self.market.turned(),
            self.plan.turned(),
            self.pooled.turned(),
            self.pooled_plan.turned(),
            self.wanted,
            self.held,
        )


def solve(market: Market) -> Plan:
    """Return the plan that matches most, and among those travels least (quantity x distance).

    Parameters
    ----------
    market : Market
        Amounts must be > 0 and finite.

    Returns
    -------
    Plan
        Only pairs that are used.  Amounts never exceed the supply or the demand they come from,
        up to a relative rounding of ``RELATIVE_ZERO``.

    Notes
    -----
    Both aims are one linear program: every unit matched earns more than the longest chain of
    replacements could ever cost in distance (longest road x number of the smaller side).  Rows of
    one place and kind are one row of it; what they get is shared out in the order of the rows, so
    callers sort by id.
    """
    return optimum(market).plan


def optimum(market: Market) -> Optimum:
    """Return the plan of :func:`solve` with the pooled market and plan that it was made from."""
    if not (len(market.supply) and len(market.demand)):
        nothing = np.empty(0, dtype="int64")
        plan = Plan(nothing, nothing, np.empty(0), np.empty(0))
        sides = (np.arange(len(market.supply)), np.arange(len(market.demand)))
        return Optimum(market, plan, market, plan, *sides)
    pooled, held, wanted = _pooled(market)
    pooled_plan = _solve(pooled)
    plan = _shared_out(market, pooled_plan, held=held, wanted=wanted)
    return Optimum(market, plan, pooled, pooled_plan, held, wanted)


def _solve(market: Market) -> Plan:
    """Return the optimum by linear programs over more and more pairs."""
    roads = _Roads(market, {})
    pairs, complete = _first_pairs(roads)
    longest = float(pairs.road_km.max(initial=0.0)) if complete else float(market.reach_km.max())
    earned = longest * min(len(market.supply), len(market.demand)) + 1.0
    for round_ in itertools.count():
        amount, prices = _optimum(market, pairs, earned=earned, with_prices=not complete)
        if complete:
            break
        entering = _bettering(roads, pairs, prices=prices, earned=earned)
        if not len(entering.supply):
            break
        if len(pairs.supply) > MANY_PAIRS and round_ < DROPPING:
            pairs = _promising(market, pairs, prices=prices, used=amount > 0)
        pairs = _merged(pairs, entering)
    limit = np.minimum(market.supply[pairs.supply], market.demand[pairs.demand])
    used = amount > RELATIVE_ZERO * limit
    return Plan(
        pairs.supply[used], pairs.demand[used], np.minimum(amount, limit)[used], pairs.road_km[used]
    )


def reachable(market: Market) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which supplies and which demands have at least one allowed partner."""
    supply = np.zeros(len(market.supply), dtype="bool")
    demand = np.zeros(len(market.demand), dtype="bool")
    if not len(demand):
        return supply, demand
    for rows in market.blocks():
        allowed = np.isfinite(market.roads_km(rows))
        supply[rows] = allowed.any(axis=1)
        demand |= allowed.any(axis=0)
    return supply, demand


# --- rows of one place ------------------------------------------------------------------------
def _pooled(market: Market) -> tuple[Market, Integers, Integers]:
    """Return the market with alike rows made one, and the number that each row then has.

    Rows are alike when place and kind are the same and no owner stands on both sides.
    """
    both = np.intersect1d(market.supply_owner, market.demand_owner)
    sides = []
    for amount, place, kind, owner in (
        (market.supply, market.supply_xy, market.supply_kind, market.supply_owner),
        (market.demand, market.demand_xy, market.demand_kind, market.demand_owner),
    ):
        alone = np.where(np.isin(owner, both), owner, -1)
        keys = np.column_stack([place, kind, alone])
        distinct, number = np.unique(keys, axis=0, return_inverse=True)
        whole: Floats = np.bincount(number, weights=amount).astype("float64")
        sides.append((whole, distinct[:, :2], distinct[:, 2:].astype("int64"), number))
    (supply, supply_xy, supply_more, held), (demand, demand_xy, demand_more, wanted) = sides
    pooled = replace(
        market,
        supply=supply,
        demand=demand,
        supply_xy=supply_xy,
        demand_xy=demand_xy,
        supply_kind=supply_more[:, 0],
        demand_kind=demand_more[:, 0],
        supply_owner=supply_more[:, 1],
        demand_owner=demand_more[:, 1],
    )
    return pooled, held, wanted


def _shared_out(market: Market, plan: Plan, *, held: Integers, wanted: Integers) -> Plan:
    """Return the plan of a pooled market for its single rows, first come first served."""
    givers, takers = _queues(held), _queues(wanted)
    supply, demand = market.supply.tolist(), market.demand.tolist()
    given, taken = list(supply), list(demand)
    shares = []
    lines = zip(plan.supply, plan.demand, plan.amount.tolist(), plan.road_km, strict=True)
    for giver, taker, amount, road_km in lines:
        left = amount
        while givers[giver] and takers[taker]:
            i, j = givers[giver][-1], takers[taker][-1]
            zero = RELATIVE_ZERO * min(supply[i], demand[j])
            part = min(left, given[i], taken[j])
            if part > zero:
                shares.append((i, j, part, road_km))
            left, given[i], taken[j] = left - part, given[i] - part, taken[j] - part
            if given[i] <= RELATIVE_ZERO * supply[i]:
                givers[giver].pop()
            if taken[j] <= RELATIVE_ZERO * demand[j]:
                takers[taker].pop()
            if left <= zero:
                break
    shares.sort()
    columns = list(zip(*shares, strict=True)) or [(), (), (), ()]
    return Plan(
        np.array(columns[0], dtype="int64"),
        np.array(columns[1], dtype="int64"),
        np.array(columns[2], dtype="float64"),
        np.array(columns[3], dtype="float64"),
    )


def _queues(number: Integers) -> list[list[int]]:
    """Return the rows of each pooled row, the first one last (where it is taken from)."""
    queues: list[list[int]] = [[] for _ in range(int(number.max()) + 1)]
    for row in range(len(number) - 1, -1, -1):
        queues[number[row]].append(row)
    return queues


# --- pairs ------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, eq=False)
class _Roads:
    """The roads of a market by blocks, kept from one round to the next where there is room."""

    market: Market
    kept: dict[tuple[int, int], Floats]

    def of(self, rows: slice) -> Floats:
        """Return what :meth:`Market.roads_km` does; it must not be written to."""
        key = rows.start, rows.stop
        road = self.kept.get(key)
        if road is None:
            road = self.market.roads_km(rows)
            if len(self.market.supply) * len(self.market.demand) <= KEPT:
                self.kept[key] = road
        return road


def _first_pairs(roads: _Roads) -> tuple[Pairs, bool]:
    """Return the pairs to begin with, and whether these are all allowed ones."""
    market = roads.market
    if len(market.supply) * len(market.demand) <= ALL_PAIRS:
        road = roads.of(slice(0, len(market.supply)))
        supply, demand = np.nonzero(np.isfinite(road))
        return Pairs(supply, demand, road[supply, demand]), True
    parts = []
    best = np.full((0, len(market.demand)), np.inf)
    which = np.zeros((0, len(market.demand)), dtype="int64")
    for rows in market.blocks():
        road = roads.of(rows)
        parts.append(_smallest(road, count=NEAREST, first=rows.start))
        best = np.vstack([best, road])
        owner = np.arange(rows.start, rows.stop)[:, None]
        which = np.vstack([which, np.broadcast_to(owner, road.shape)])
        kept = np.argsort(best, axis=0, kind="stable")[:NEAREST]
        best = np.take_along_axis(best, kept, axis=0)
        which = np.take_along_axis(which, kept, axis=0)
    depth, demand = np.nonzero(np.isfinite(best))
    parts.append(Pairs(which[depth, demand], demand, best[depth, demand]))
    return _merged(*parts), False


def _smallest(values: Floats, *, count: int, first: int) -> Pairs:
    """Return the pairs of the smallest finite values of each row; rows begin at ``first``."""
    order = np.argsort(values, axis=1, kind="stable")[:, :count]
    kept = np.take_along_axis(values, order, axis=1)
    row, place = np.nonzero(np.isfinite(kept))
    return Pairs(row + first, order[row, place], kept[row, place])


def _merged(*parts: Pairs) -> Pairs:
    """Return the union of pairs, sorted."""
    supply = np.concatenate([part.supply for part in parts])
    demand = np.concatenate([part.demand for part in parts])
    road = np.concatenate([part.road_km for part in parts])
    order = np.lexsort((demand, supply))
    supply, demand, road = supply[order], demand[order], road[order]
    new = np.ones(len(supply), dtype="bool")
    new[1:] = (np.diff(supply) != 0) | (np.diff(demand) != 0)
    return Pairs(supply[new], demand[new], road[new])


def _bettering(
    roads: _Roads, pairs: Pairs, *, prices: tuple[Floats, Floats], earned: float
) -> Pairs:
    """Return allowed pairs outside the program that would better its optimum."""
    starts = np.searchsorted(pairs.supply, np.arange(len(roads.market.supply) + 1))
    parts = []
    for rows in roads.market.blocks():
        road = roads.of(rows)
        inside = slice(starts[rows.start], starts[rows.stop])
        reduced = road - earned - prices[0][rows, None] - prices[1][None, :]
        reduced[pairs.supply[inside] - rows.start, pairs.demand[inside]] = np.inf
        reduced[reduced >= -PRICE_TOLERANCE] = np.inf
        chosen = _smallest(reduced, count=ENTERING, first=rows.start)
        road_km = road[chosen.supply - rows.start, chosen.demand]
        parts.append(Pairs(chosen.supply, chosen.demand, road_km))
    return _merged(*parts)


def _promising(
    market: Market, pairs: Pairs, *, prices: tuple[Floats, Floats], used: NDArray[np.bool_]
) -> Pairs:
    """Return the pairs in use and those that the prices say are the nearest to it."""
    away = pairs.road_km - prices[0][pairs.supply] - prices[1][pairs.demand]
    most = PROMISING * (len(market.supply) + len(market.demand))
    if most >= len(away):
        return pairs
    kept = used | (away <= np.partition(away, most)[most])
    return Pairs(pairs.supply[kept], pairs.demand[kept], pairs.road_km[kept])


# --- the linear program -----------------------------------------------------------------------
def _optimum(
    market: Market, pairs: Pairs, *, earned: float, with_prices: bool
) -> tuple[Floats, tuple[Floats, Floats]]:
    """Return the optimal amount of each pair and the prices of supplies and demands."""
    amount = np.zeros(len(pairs.supply))
    prices = (np.zeros(len(market.supply)), np.zeros(len(market.demand)))
    for inside in _components(market, pairs):
        sides = (pairs.supply[inside], pairs.demand[inside])
        (held, supply), (wanted, demand) = (np.unique(side, return_inverse=True) for side in sides)
        limits = np.concatenate([market.supply[held], market.demand[wanted]])
        if not with_prices and 1 in (len(held), len(wanted)):
            amount[inside] = _star(limits, pairs.road_km[inside], alone_first=len(held) == 1)
            continue
        ends = np.stack([supply, demand + len(held)], axis=1)
        amount[inside], price = _program(limits, ends, cost=pairs.road_km[inside] - earned)
        prices[0][held], prices[1][wanted] = price[: len(held)], price[len(held) :]
    return amount, prices


def _components(market: Market, pairs: Pairs) -> list[Integers]:
    """Return the numbers of the pairs of each connected component."""
    if not len(pairs.supply):
        return []
    from scipy.sparse import coo_array  # noqa: PLC0415 - slow to load
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    size = len(market.supply) + len(market.demand)
    ends = (pairs.supply, pairs.demand + len(market.supply))
    graph = coo_array((np.ones(len(pairs.supply)), ends), shape=(size, size))
    label = connected_components(graph, directed=False)[1][pairs.supply]
    order = np.argsort(label, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(label[order])) + 1)


def _star(limits: Floats, road_km: Floats, *, alone_first: bool) -> Floats:
    """Return the optimum where one side is alone: it serves the nearest first."""
    alone, others = (limits[0], limits[1:]) if alone_first else (limits[-1], limits[:-1])
    order = np.argsort(road_km, kind="stable")
    before = np.concatenate([[0.0], np.cumsum(others[order])[:-1]])
    amount = np.empty(len(others))
    amount[order] = np.clip(alone - before, 0.0, others[order])
    return amount


def _program(limits: Floats, ends: Integers, *, cost: Floats) -> tuple[Floats, Floats]:
    """Return the amounts and the prices of least cost, no node beyond its limit.

    Quantities are scaled by a power of two (exact), so that the solver's absolute tolerance is a
    relative one whatever the unit.
    """
    from scipy.optimize import linprog  # noqa: PLC0415 - slow to load
    from scipy.sparse import csc_array  # noqa: PLC0415

    scale = 2.0 ** (_SCALE_BITS - np.ceil(np.log2(limits.max())))
    size = len(ends)
    parts = (np.ones(2 * size), ends.ravel(), np.arange(0, 2 * size + 1, 2))
    matrix = csc_array(parts, shape=(len(limits), size))
    found: Any = linprog(cost, A_ub=matrix, b_ub=limits * scale, method="highs-ds")
    if found.status != 0:  # cannot happen: nothing matched is feasible, and amounts are bounded
        message = f"The transport problem was not solved: {found.message}"
        raise ArithmeticError(message)
    return np.maximum(found.x, 0.0) / scale, np.asarray(found.ineqlin.marginals, dtype="float64")
