"""What one more unit would bring, and where: the prices of the balance's optimum.

The optimum of :mod:`toolkit.gaps.transport` matches most, then travels least.  Its price at a row
is how it changes for *one more* unit there (the right derivative of its value).  A linear program
has many prices at once where it is degenerate, and a solver returns any of them; so the price is
not read from the solver but found in the optimum itself, as the shortest chain of re-matchings that
starts at the row: the unit goes to a need; where that one was served already, its former holder
is free and goes to the next; and so on, until the chain ends at a need that is not wholly met (one
more unit is matched), or at a holder that is relieved (none is, but the roads get shorter).  The
same with the sides exchanged is what one more unit of a need would take.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pandas as pd

from toolkit import vocabulary as v
from toolkit.gaps import table
from toolkit.gaps.transport import (
    RELATIVE_ZERO,
    Floats,
    Integers,
    Market,
    Optimum,
    Plan,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray


PRICE_COLUMNS: Final = (
    "row_id",
    "table",
    "place_id",
    "category",
    "unit",
    "gain",
    "km",
    "up_to",
    "steps",
    "other_table",
    "other_id",
    "other_place_id",
    "other_category",
)
"""One row a resource (a need) at which one more unit would change the optimum.

``gain``: units matched more for one unit more, 1 or 0.  ``km``: what the unit adds to quantity x
distance over quantity: the road of the whole chain, negative where roads get shorter.  ``up_to``:
how much more, in ``unit``, this chain surely carries.  ``steps``: matches that change on the way.
``other_id`` is the end of the chain: where ``gain`` is 1, the need then served (the resource then
used); where it is 0, the resource relieved (the need that would go without) for shorter roads."""
LEAST_KM: Final = 1e-4
"""Kilometres by which a chain must be shorter to count (10 cm).

An optimum may be bettered by 1 mm a pair (``PRICE_TOLERANCE`` of the transport problem); with a
finer measure chains would go round such circles."""
_NUMBERS: Final = frozenset({"gain", "km", "up_to", "steps"})


class OneMore(NamedTuple):
    """What one more unit of each supply would change, one entry a row of the market.

    ``gain`` is 1 or 0 and ``km`` the change of quantity x distance a unit; ``up_to`` and ``steps``
    as in ``PRICE_COLUMNS``.  ``end`` is a demand where ``gain`` is 1, else a supply, and -1 where
    nothing changes.
    """

    gain: Floats
    km: Floats
    up_to: Floats
    steps: Integers
    end: Integers


@dataclass(slots=True)
class _Labels:
    """Length in km of the shortest chain from each node to an end, and the way that it takes.

    ``to_demand`` is the demand that a supply turns to and ``by_pair`` the pair of the plan that a
    demand gives up, -1 where the chain ends.
    """

    supply: Floats
    demand: Floats
    to_demand: Integers
    by_pair: Integers

    @classmethod
    def ending(cls, supply: NDArray[np.bool_], demand: NDArray[np.bool_]) -> _Labels:
        """Return the labels before any chain is known: 0 where one may end."""
        return cls(
            np.where(supply, 0.0, np.inf),
            np.where(demand, 0.0, np.inf),
            np.full(len(supply), -1),
            np.full(len(demand), -1),
        )


@dataclass(frozen=True, slots=True)
class _Walks:
    """Chains from pooled supplies; ``end`` is the demand served, -1 where ``last`` is relieved."""

    start: Integers
    km: Floats
    up_to: Floats
    steps: Integers
    last: Integers
    end: Integers


def one_more(optimum: Optimum) -> OneMore:
    """Return what one more unit of each supply would bring.

    Parameters
    ----------
    optimum : Optimum
        Of :func:`toolkit.gaps.transport.optimum`; ``turned()`` gives what one more unit of each
        demand would take.

    Returns
    -------
    OneMore
        One entry a supply of ``optimum.market``.

    Notes
    -----
    Shortest paths in the residual graph of the plan by corrected labels: supplies to all allowed
    demands by their road, demands to the supplies that serve them by minus the road.  Only what
    changed is looked at again, so the cost is a few passes over the pairs.  An optimum has no
    circle that would better it by more than rounding, hence the labels end (``LEAST_KM``).

    References
    ----------
    Ahuja, R. K., Magnanti, T. L., Orlin, J. B. (1993). Network Flows, chapters 5 and 9.
    """
    market, plan = optimum.pooled, optimum.pooled_plan
    left = _left(optimum)
    lacking = _first_of(optimum.wanted, left > 0, size=len(market.demand))
    nobody, nowhere = (np.zeros(size, dtype="bool") for size in _sizes(market))
    serving = _labels(market, plan, supply=nobody, demand=lacking >= 0)
    is_served = np.isfinite(serving.supply)
    shorter = _labels(market, plan, supply=~is_served, demand=nowhere)
    chains = _walk(market, plan, labels=serving, start=np.flatnonzero(is_served))
    others = _walk(market, plan, labels=shorter, start=np.flatnonzero(~is_served))
    return _of_rows(optimum, (chains, others), lacking=lacking, left=left)


def _sizes(market: Market) -> tuple[int, int]:
    """Return how many supplies and demands there are."""
    return len(market.supply), len(market.demand)


def _left(optimum: Optimum) -> Floats:
    """Return what each demand still lacks; 0 where the rest is rounding."""
    demand, plan = optimum.market.demand, optimum.plan
    left = demand - np.bincount(plan.demand, plan.amount, minlength=len(demand))
    return np.where(left > RELATIVE_ZERO * demand, left, 0.0)


def _first_of(number: Integers, kept: NDArray[np.bool_], *, size: int) -> Integers:
    """Return the first kept row of each pooled row, -1 where there is none."""
    first = np.full(size, -1)
    rows = np.flatnonzero(kept)[::-1]
    first[number[rows]] = rows
    return first


# --- shortest chains --------------------------------------------------------------------------
def _labels(
    market: Market, plan: Plan, *, supply: NDArray[np.bool_], demand: NDArray[np.bool_]
) -> _Labels:
    """Return the shortest chain from each node to one of some supplies and demands."""
    labels = _Labels.ending(supply, demand)
    changed = np.union1d(np.flatnonzero(demand), _give_up(plan, labels, moved=supply))
    for _ in range(sum(_sizes(market)) + 1):  # no shortest chain is longer
        if not len(changed):
            break
        moved = _turn_to(market, labels, changed=changed)
        changed = _give_up(plan, labels, moved=moved)
    return labels


def _turn_to(market: Market, labels: _Labels, *, changed: Integers) -> NDArray[np.bool_]:
    """Let supplies turn to demands whose labels changed; return which supplies did."""
    part = market.with_demands(changed)
    moved = np.zeros(len(market.supply), dtype="bool")
    for rows in part.blocks():
        whole = part.roads_km(rows) + labels.demand[changed][None, :]
        best = whole.argmin(axis=1)
        km = whole[np.arange(len(best)), best]
        moved[rows] = km < labels.supply[rows] - LEAST_KM
        here = np.flatnonzero(moved[rows])
        labels.supply[here + rows.start] = km[here]
        labels.to_demand[here + rows.start] = changed[best[here]]
    return moved


def _give_up(plan: Plan, labels: _Labels, *, moved: NDArray[np.bool_]) -> Integers:
    """Let demands give up pairs whose supplies' labels changed; return which demands did."""
    pairs = np.flatnonzero(moved[plan.supply])
    km = labels.supply[plan.supply[pairs]] - plan.road_km[pairs]
    order = np.lexsort((pairs, km, plan.demand[pairs]))
    demand, first = np.unique(plan.demand[pairs][order], return_index=True)
    km, pairs = km[order][first], pairs[order][first]
    better = km < labels.demand[demand] - LEAST_KM
    labels.demand[demand[better]] = km[better]
    labels.by_pair[demand[better]] = pairs[better]
    return demand[better]


def _walk(market: Market, plan: Plan, *, labels: _Labels, start: Integers) -> _Walks:
    """Follow the chains of some pooled supplies to their ends."""
    at, end = start.copy(), np.full(len(start), -1)
    km, up_to = np.zeros(len(start)), np.full(len(start), np.inf)
    steps = np.zeros(len(start), dtype="int64")
    going = np.arange(len(start))
    for _ in range(len(market.supply) + 1):
        going = going[labels.to_demand[at[going]] >= 0]
        if not len(going):
            break
        demand = labels.to_demand[at[going]]
        km[going] += market.between_km(at[going], demand)
        pair = labels.by_pair[demand]
        ended = pair < 0
        end[going[ended]] = demand[ended]
        going, pair = going[~ended], pair[~ended]
        km[going] -= plan.road_km[pair]
        up_to[going] = np.minimum(up_to[going], plan.amount[pair])
        steps[going] += 1
        at[going] = plan.supply[pair]
    return _Walks(start, km, up_to, steps, at, end)


def _of_rows(
    optimum: Optimum, walks: tuple[_Walks, _Walks], *, lacking: Integers, left: Floats
) -> OneMore:
    """Return the chains of pooled supplies for single rows, and their ends as single rows."""
    size = len(optimum.pooled.supply)
    given = np.bincount(
        optimum.plan.supply, optimum.plan.amount, minlength=len(optimum.market.supply)
    )
    relieved = _first_of(optimum.held[::-1], given[::-1] > 0, size=size)
    relieved = np.where(relieved < 0, -1, len(given) - 1 - relieved)  # the last that gives
    gain, km, up_to = np.zeros(size), np.zeros(size), np.zeros(size)
    steps, end = np.zeros(size, dtype="int64"), np.full(size, -1)
    serving, shorter = walks
    at = serving.start
    gain[at], km[at], steps[at] = 1.0, serving.km, serving.steps
    end[at] = lacking[serving.end]
    up_to[at] = np.minimum(serving.up_to, left[end[at]])
    tells = shorter.km < -LEAST_KM
    at = shorter.start[tells]
    km[at], steps[at] = shorter.km[tells], shorter.steps[tells]
    end[at] = relieved[shorter.last[tells]]
    up_to[at] = np.minimum(shorter.up_to[tells], given[end[at]])
    rows = optimum.held
    return OneMore(gain[rows], km[rows], up_to[rows], steps[rows], end[rows])


# --- as a frame -------------------------------------------------------------------------------
def of_market(resources: pd.DataFrame, needs: pd.DataFrame, *, optimum: Optimum) -> pd.DataFrame:
    """Return the prices of one market as rows of ``PRICE_COLUMNS``.

    Parameters
    ----------
    resources, needs : DataFrame
        Columns ``SIDE_COLUMNS`` of :mod:`toolkit.gaps.quantities`: the supplies and the demands of
        the market, in its order.
    optimum : Optimum
        Its optimum.
    """
    sides = ((v.RESOURCES, resources), (v.NEEDS, needs))
    return joined(
        [
            _side(sides, one_more(optimum)),
            _side(sides[::-1], one_more(optimum.turned())),
        ]
    )


def joined(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return prices of several markets as one frame, by table and row."""
    told = [part for part in parts if len(part)]
    if not told:
        return table.without_rows(PRICE_COLUMNS, numbers=_NUMBERS)
    return pd.concat(told, ignore_index=True).sort_values(["table", "row_id"], ignore_index=True)


def _side(
    sides: tuple[tuple[str, pd.DataFrame], tuple[str, pd.DataFrame]], more: OneMore
) -> pd.DataFrame:
    """Return the prices at the rows of one side, the first of the two, where something changes."""
    (name, rows), (other_name, others) = sides
    kept = np.flatnonzero(more.end >= 0)
    serves, end = more.gain[kept] > 0, more.end[kept]
    shown = (rows["amount"] / rows["base"]).to_numpy(dtype="float64")
    cells: dict[str, object] = {
        "row_id": rows["row_id"].to_numpy()[kept],
        "table": name,
        **{column: rows[column].to_numpy()[kept] for column in ("place_id", "category", "unit")},
        "gain": more.gain[kept],
        "km": more.km[kept],
        "up_to": more.up_to[kept] * shown[kept],
        "steps": more.steps[kept],
        "other_table": np.where(serves, other_name, name),
    }
    for column in ("row_id", "place_id", "category"):
        at_others, at_rows = others[column].to_numpy(), rows[column].to_numpy()
        ends = [
            at_others[row] if other else at_rows[row]
            for row, other in zip(end, serves, strict=True)
        ]
        cells[f"other_{column.removeprefix('row_')}"] = ends
    return pd.DataFrame(
        {
            column: pd.Series(
                cells[column],
                index=range(len(kept)),
                dtype="float64" if column in _NUMBERS else "str",
            )
            for column in PRICE_COLUMNS
        }
    )
