"""A value chain walked from its first order to its last, by who is within reach of whom.

An order is *held* where one of its stages has enough actors (``min_actors``) within reach of those
that hold the chain before it; orders of which all stages are optional are passed over where they
are not.  The chain is broken

- where one or several orders lack between two needed ones that are there, and somebody standing
  in between could reach both sides;
- where an order has its actors, but too few within reach of those before it (*apart*).

Orders that lack before the first held one, or after the last, are ends and break nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from toolkit import nomenclature
from toolkit import vocabulary as v
from toolkit.gaps import balance
from toolkit.settings import Settings

Integers = NDArray[np.int64]

APART: Final = "apart"
"""Qualifier of a stage that has its actors, out of reach of those before it."""
SUPPORT: Final = 0
"""Order of the stages beside the chain."""
_METRES: Final = 1000.0
_EXACT: Final = 1.0 + 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """A stage with the actors that stand at it, as numbers in the order of their ids."""

    chain_id: str
    order: int
    stage_id: str
    optional: bool
    least: int
    radius_km: float
    offers: tuple[str, ...]
    needs: tuple[str, ...]
    actors: Integers
    certainty: NDArray[np.float64]

    def only(self, kept: NDArray[np.bool_]) -> Stage:
        """Return the stage with some of its actors."""
        return replace(self, actors=self.actors[kept], certainty=self.certainty[kept])

    @property
    def is_held(self) -> bool:
        """Whether enough actors stand here."""
        return len(self.actors) >= self.least


Order = tuple[Stage, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Break:
    """Where a chain is broken: the orders that lack, and who waits on both sides."""

    missing: tuple[Order, ...]
    before: Order
    after: Order
    apart: bool = False

    @property
    def gap_id(self) -> str:
        """Chain, then the stage that lacks; the orders where it is one of several."""
        needed = [one for one in self.missing[0] if not one.optional]
        first, last = (order[0].order for order in (self.missing[0], self.missing[-1]))
        name = f"{first}-{last}" if last > first else str(first)
        if last == first and len(needed) == 1:
            name = needed[0].stage_id
        parts = [v.BROKEN_CHAIN, self.before[0].chain_id, name, *([APART] if self.apart else [])]
        return ":".join(parts)


@dataclass(slots=True, eq=False)
class Walk:
    """How far a chain has been walked.

    ``held`` are those that hold it so far; ``free`` tells that no order that is needed is held yet,
    so that the chain may as well begin with the next; ``lacking`` are orders that lack since, and
    ``beyond`` optional ones that are there behind them.
    """

    held: Order = ()
    free: bool = True
    lacking: list[Order] = field(default_factory=list)
    beyond: Order = ()
    breaks: list[Break] = field(default_factory=list)
    in_reach: dict[str, int] = field(default_factory=dict)


# --- reach ------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """Where the actors are (metres; NaN where unknown), and how far things travel."""

    xy: NDArray[np.float64]
    settings: Settings

    def pair_km(self, one: Stage, other: Stage) -> float:
        """Return how far two stages may be from each other, by road in km.

        The radius of their chain; without one, the longest of the categories that pass between
        them either way; that of the settings where none does.
        """
        if not math.isnan(one.radius_km):
            return one.radius_km
        ways = [
            balance.reach_km(need, offer, settings=self.settings)
            for need, offer in (*passing(one, other), *passing(other, one))
        ]
        return max(ways, default=self.settings.radius_km)

    def near(self, stage: Stage, others: Iterable[Stage]) -> Stage:
        """Return a stage with those of its actors that are within reach of one of other stages."""
        kept = np.zeros(len(stage.actors), dtype="bool")
        for other in others:
            limit_m = self.limit_m(self.pair_km(stage, other))
            kept |= _within(self.xy[stage.actors], self.xy[other.actors], limit_m=limit_m)
        return stage.only(kept)

    def limit_m(self, road_km: float) -> float:
        """Return the straight distance of a road."""
        return road_km * _METRES / self.settings.detour_factor


def passing(giver: Stage, taker: Stage) -> list[tuple[str, str]]:
    """Return the pairs of a need and an offer by which something passes from a stage to another."""
    return [
        (need, offer)
        for offer in giver.offers
        for need in taker.needs
        if nomenclature.is_compatible(need, offer)
    ]


def _within(
    points: NDArray[np.float64], others: NDArray[np.float64], *, limit_m: float
) -> NDArray[np.bool_]:
    """Return which points have one of others within a limit.

    A point that is unknown is within reach of any other: a chain is told apart by known places.
    """
    from scipy.spatial import cKDTree  # noqa: PLC0415 - slow to load

    if not len(others):
        return np.zeros(len(points), dtype="bool")
    placed = np.isfinite(points).all(axis=1)
    known = np.unique(others[np.isfinite(others).all(axis=1)], axis=0)
    found = np.ones(len(points), dtype="bool")
    if len(known) and placed.any():
        away, _ = cKDTree(known).query(points[placed])
        found[placed] = away <= limit_m * _EXACT
    return found


# --- the walk ---------------------------------------------------------------------------------
def walked(chain: Sequence[Stage], reach: Reach) -> Walk:
    """Return a chain walked from its first order to its last."""
    walk = Walk()
    for number in sorted({stage.order for stage in chain} - {SUPPORT}):
        order = tuple(stage for stage in chain if stage.order == number)
        if walk.lacking:
            _after_a_lack(walk, order, reach=reach)
        else:
            _next(walk, order, reach=reach)
    return walk


def _next(walk: Walk, order: Order, *, reach: Reach) -> None:
    """Go on to an order: it is held, passed over, apart, or lacking."""
    optional = all(stage.optional for stage in order)
    near = order if walk.free else tuple(reach.near(stage, walk.held) for stage in order)
    walk.in_reach.update({stage.stage_id: len(stage.actors) for stage in near})
    held = tuple(stage for stage in near if stage.is_held)
    if held and optional:
        walk.held += held  # and may still be passed over
    elif held:
        walk.held, walk.free = held, False
    elif not walk.free and not optional:
        there = tuple(stage for stage in order if stage.is_held)
        if there:
            walk.breaks.append(Break((order,), walk.held, there, apart=True))
            walk.held = there
        else:
            walk.lacking = [order]


def _after_a_lack(walk: Walk, order: Order, *, reach: Reach) -> None:
    """Look whether an order stands on the other side of what lacks."""
    walk.in_reach.update({stage.stage_id: len(stage.actors) for stage in order})
    optional = all(stage.optional for stage in order)
    there = tuple(stage for stage in order if stage.is_held)
    if optional:  # closes nothing: the chain may do without it
        walk.beyond += there
        return
    if not there:
        walk.lacking.append(order)
        return
    # Who stood in between would be in reach of both: the ways through every order add up.
    steps = [walk.held, *walk.lacking, there]
    hops = [max(reach.pair_km(a, b) for a in one for b in other) for one, other in pairwise(steps)]
    there = (*walk.beyond, *there)
    before = tuple(_waiting(walk.held, there, reach=reach, whole_km=math.fsum(hops)))
    after = tuple(_waiting(there, walk.held, reach=reach, whole_km=math.fsum(hops)))
    if before and after:
        walk.breaks.append(Break(tuple(walk.lacking), before, after))
    walk.held, walk.lacking, walk.beyond = there, [], ()


def _waiting(own: Order, others: Order, *, reach: Reach, whole_km: float) -> Iterable[Stage]:
    """Yield stages with the actors that somebody in between could bring to the other side."""
    limit_m = reach.limit_m(whole_km)
    far = np.concatenate([reach.xy[stage.actors] for stage in others])
    for stage in own:
        found = stage.only(_within(reach.xy[stage.actors], far, limit_m=limit_m))
        if len(found.actors):
            yield found
