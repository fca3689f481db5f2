"""What a node of the search is worth: exactly so far, and at most in the end.

A node fixes the members of the first roles of a team (a set of slots).  Its bound adds, to what
they are worth together, the most that each open role can still add: every criterion of the score is
additive over members or pairs, or concave in a count, so that the additions bound the whole from
above.  Where a single role is open after the next one, the additions are exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from toolkit.partnerships import criteria
from toolkit.partnerships.arena import TOLERANCE_KM, Arena, Floats, Indices, Pool

STEPS: Final = 6
"""Bands of the longest trip that a bound tells apart; more are tighter and slower."""
LAST: Final = 2
"""Roles still open when the groups of a node are read off one matrix."""

LIMITED: Final = ("diversity", "transversality", "trust", "complementarity")
"""Criteria of a count that have a top, so that what members add must not be added up beyond it."""

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """The first members of a team, in the order of its pools."""

    team: tuple[Pool, ...]
    chosen: tuple[int, ...] = ()

    @property
    def held(self) -> list[int]:
        """The members as a list, to index arrays with."""
        return list(self.chosen)

    @property
    def pool(self) -> Pool:
        """Pool of the role that is filled next."""
        return self.team[len(self.chosen)]

    @property
    def later(self) -> tuple[Pool, ...]:
        """Pools of the roles open after the next."""
        return self.team[len(self.chosen) + 1 :]

    @property
    def is_last(self) -> bool:
        """Whether two roles are open."""
        return len(self.team) - len(self.chosen) == LAST

    def with_member(self, actor: int) -> Node:
        """Return the node in which an actor fills the next role."""
        return Node(self.team, (*self.chosen, actor))


@dataclass(frozen=True, slots=True, eq=False)
class Branches:
    """The members that the next role of a node can have, with what the group is worth by then."""

    actors: Indices
    rows: Indices
    size: int
    worth: Floats
    room: Floats
    ties: Indices
    pairs: Indices
    families: npt.NDArray[np.uint8]
    sectors: npt.NDArray[np.uint64]
    far_km: Floats
    supply: Floats
    demand: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Square:
    """Figures of the pairs of two pools; None where no pair is tied, or paired."""

    pools: tuple[Pool, Pool]
    distance_km: Floats
    tied: Flags | None
    paired: Flags | None


@cache
def _reachable(families: tuple[frozenset[int], ...], accepted: frozenset[int]) -> tuple[Flags, ...]:
    """Return, by depth and families so far, whether an accepted set can still be reached."""
    tables = [np.zeros(32, dtype="bool")]
    tables[0][list(accepted)] = True
    for held in reversed(families):
        after = tables[0]
        table = np.array(
            [any(after[have | one] for one in held) for have in range(32)], dtype="bool"
        )
        tables.insert(0, table)
    return tuple(tables)


class Bounds:
    """Worth and bounds of the nodes of one arena; figures of pairs of pools are computed once."""

    def __init__(self, arena: Arena) -> None:
        self.arena = arena
        self._squares: dict[tuple[int, int], _Square] = {}

    def types(self, team: tuple[Pool, ...]) -> tuple[Flags, ...]:
        """Return, by depth and families so far, whether a type wanted can still be reached."""
        return _reachable(tuple(pool.families for pool in team), frozenset(self.arena.ranks))

    def branches(self, node: Node) -> Branches:
        """Return who can be next, and the exact worth of the group so far, coverage left out."""
        arena, pool, size = self.arena, node.pool, len(node.team)
        weights, held = arena.weights, node.held
        seats = zip(node.team, node.chosen, strict=False)
        fits = [arena.fits[seat.slot, actor] for seat, actor in seats]
        keep = self._allowed(node, pool)
        families = np.bitwise_or.reduce(arena.family[held], initial=0) | arena.family[pool.actors]
        keep &= self.types(node.team)[len(held) + 1][families]
        actors, families = pool.actors[keep], families[keep].astype("uint8")
        sectors = arena.sectors[actors] | np.bitwise_or.reduce(
            arena.sectors[held], initial=np.uint64(0)
        )
        far_km = arena.distance_km[actors][:, held].max(axis=1, initial=0.0)
        far_km = np.maximum(far_km, arena.distance_km[held][:, held].max(initial=0.0))
        ties = arena.tied[actors][:, held].sum(axis=1) + int(arena.tied[held][:, held].sum()) // 2
        pairs = (
            arena.paired[actors][:, held].sum(axis=1) + int(arena.paired[held][:, held].sum()) // 2
        )
        suits = sum(fit.suitability for fit in fits) + pool.suitability[keep]
        means = arena.means[held].sum() + arena.means[actors]
        limited = (
            weights["diversity"] * criteria.diversity(np.bitwise_count(families))
            + weights["transversality"] * criteria.transversality(np.bitwise_count(sectors))
            + weights["trust"] * criteria.trust(ties, size=size)
            + weights["complementarity"] * criteria.complementarity(pairs)
        )
        worth = limited + (
            (weights["suitability"] * suits + weights["capacity"] * means) / size
            + weights["proximity"] * criteria.proximity(far_km, radius_km=arena.radius_km)
        )
        most = sum(weights[name] for name in LIMITED)
        return Branches(
            actors=actors,
            rows=np.flatnonzero(keep),
            size=size,
            worth=worth,
            room=most - limited,
            ties=ties,
            pairs=pairs,
            families=families,
            sectors=sectors,
            far_km=far_km,
            supply=sum(fit.supply for fit in fits) + pool.supply[keep],
            demand=sum(fit.demand for fit in fits) + pool.demand[keep],
        )

    def bounds(self, node: Node, branches: Branches) -> Floats:
        """Return, for each branch, a bound on the score of every group below it.

        The longest trip of the group falls in one of ``STEPS`` bands; in each, proximity is at most
        that of the band's lower edge, and nobody farther than its upper edge can join.
        """
        arena, later = self.arena, node.later
        weights, reach = arena.weights, 2 * arena.radius_km
        supply, demand = branches.supply.copy(), branches.demand.copy()
        edges = reach * np.arange(1, STEPS + 1) / STEPS + TOLERANCE_KM
        near = criteria.proximity(branches.far_km, radius_km=arena.radius_km)
        least = np.maximum(branches.far_km, edges[:, None] - reach / STEPS)
        bands = branches.worth + weights["proximity"] * (
            criteria.proximity(least, radius_km=arena.radius_km) - near
        )
        bands[edges[:, None] < branches.far_km] = -np.inf
        # Additions may pass the most that a criterion can reach, so a second bound caps them.
        capped = bands + branches.room
        for pool in later:
            own, mixed, trips = self._gains(node, branches, pool=pool)
            gains = own + mixed
            for rank, edge in enumerate(edges):
                far = np.where(trips <= edge, 0.0, -np.inf)
                bands[rank] += (gains + far).max(axis=1, initial=-np.inf)
                capped[rank] += (own + far).max(axis=1, initial=-np.inf)
            supply += pool.supply.max(initial=0.0)
            demand += pool.demand.max(initial=0.0)
        covered = criteria.coverage(supply, demand, one_sided=arena.one_sided)
        best = np.minimum(bands, capped).max(axis=0)
        return np.asarray(best + weights["coverage"] * covered)

    def _gains(
        self, node: Node, branches: Branches, *, pool: Pool
    ) -> tuple[Floats, Floats, Floats]:
        """Return the most that each actor of an open role adds to each branch, and its trip.

        Of shape (branches, actors of the pool); coverage and proximity are left out.  First what
        adds up without end (suitability, capacity), minus infinity for who cannot join; then what
        the top of a criterion limits (``LIMITED``: concave in their counts, so that several new
        families, sectors, ties or pairs add at most what each would alone); then the longest trip.
        Pairs between two open roles are shared half and half.  With one open role every step is an
        equality.
        """
        arena, weights, size, held = self.arena, self.arena.weights, len(node.team), node.held
        actors = pool.actors
        tie = float(criteria.trust(1, size=size)) * weights["trust"]
        pair = float(criteria.complementarity(1)) * weights["complementarity"]
        single = weights["suitability"] * pool.suitability
        single = (single + weights["capacity"] * arena.means[actors]) / size
        linked = np.zeros(len(actors))
        for other in node.later:
            if other is not pool:
                tied, paired = self._between(pool, other)
                linked += (tie * tied + pair * paired) / 2
        single[~self._allowed(node, pool)] = -np.inf
        square = self._square(node.pool, pool)
        trips = square.distance_km[branches.rows]
        if held:
            trips = np.maximum(trips, arena.distance_km[held][:, actors].max(axis=0))
        mixed = linked + self._new_kinds(branches, actors, exact=len(node.later) == 1)
        known = arena.tied[held][:, actors].sum(axis=0)
        if square.tied is not None or known.any():
            ties = known if square.tied is None else known + square.tied[branches.rows]
            after = criteria.trust(branches.ties[:, None] + ties, size=size)
            mixed += weights["trust"] * (after - criteria.trust(branches.ties, size=size)[:, None])
        known = arena.paired[held][:, actors].sum(axis=0)
        if square.paired is not None or known.any():
            pairs = known if square.paired is None else known + square.paired[branches.rows]
            after = criteria.complementarity(branches.pairs[:, None] + pairs)
            before = criteria.complementarity(branches.pairs)[:, None]
            mixed += weights["complementarity"] * (after - before)
        own = np.broadcast_to(single, trips.shape).copy()
        own[branches.actors[:, None] == actors] = -np.inf
        if pool.group == node.pool.group:
            own[branches.actors[:, None] >= actors] = -np.inf
        return own, mixed, trips

    def _square(self, first: Pool, pool: Pool) -> _Square:
        """Return the figures of the pairs of two pools, computed once."""
        key = id(first), id(pool)
        if key not in self._squares:
            arena, square = self.arena, np.ix_(first.actors, pool.actors)
            tied, paired = arena.tied[square], arena.paired[square]
            self._squares[key] = _Square(
                # The pools are kept, so that their identities stay theirs.
                (first, pool),
                arena.distance_km[square],
                tied if tied.any() else None,
                paired if paired.any() else None,
            )
        return self._squares[key]

    def _between(self, pool: Pool, other: Pool) -> tuple[Flags, Flags]:
        """Return who of a pool is tied, and paired, with anybody of another."""
        square = self._square(pool, other)
        none = np.zeros(len(pool.actors), dtype="bool")
        tied = none if square.tied is None else np.asarray(square.tied.any(axis=1))
        paired = none if square.paired is None else np.asarray(square.paired.any(axis=1))
        return tied, paired

    def _new_kinds(self, branches: Branches, actors: Indices, *, exact: bool) -> Floats:
        """Return what the families and sectors that each actor brings change.

        The first sector of a group adds nothing, so that transversality is concave only from one
        sector on: a branch without any is bounded (not ``exact``) as if it had one already.
        """
        weights = self.arena.weights
        families = np.bitwise_count(branches.families).astype("int64")
        step = criteria.diversity(families + 1) - criteria.diversity(families)
        fresh = (self.arena.family[actors] & ~branches.families[:, None]) != 0
        had = np.bitwise_count(branches.sectors).astype("int64")[:, None]
        brought = np.bitwise_count(self.arena.sectors[actors] & ~branches.sectors[:, None])
        if not exact:
            had = np.maximum(had, 1)
        wider = criteria.transversality(had + brought) - criteria.transversality(had)
        kinds = weights["diversity"] * step[:, None] * fresh + weights["transversality"] * wider
        return np.asarray(kinds)

    def exact(self, node: Node, branches: Branches) -> Floats:
        """Return the scores of all groups of a node with two open roles.

        Shape (branches, actors of the last pool); minus infinity where the members cannot be a
        group, except for want of a place to meet, which the caller checks.
        """
        arena, (last,) = self.arena, node.later
        covered = criteria.coverage(
            branches.supply[:, None] + last.supply,
            branches.demand[:, None] + last.demand,
            one_sided=arena.one_sided,
        )
        own, mixed, trips = self._gains(node, branches, pool=last)
        longer = np.maximum(trips - branches.far_km[:, None], 0.0) / (2 * arena.radius_km)
        scores = branches.worth[:, None] + own + mixed - arena.weights["proximity"] * longer
        scores += arena.weights["coverage"] * covered
        accepted = self.types(node.team)[-1][branches.families[:, None] | arena.family[last.actors]]
        scores[~accepted | (trips > 2 * arena.radius_km + TOLERANCE_KM)] = -np.inf
        return np.asarray(scores)

    def _allowed(self, node: Node, pool: Pool) -> Flags:
        """Return who of a pool can join: not a member yet, a place in common, within two radii.

        In interchangeable slots members go up, so that no group is looked at twice.
        """
        arena, actors, held = self.arena, pool.actors, node.held
        allowed = np.ones(len(actors), dtype="bool")
        if not held:
            return allowed
        limit = 2 * arena.radius_km + TOLERANCE_KM
        allowed &= arena.distance_km[held][:, actors].max(axis=0) <= limit
        allowed &= (arena.near[actors] & np.bitwise_and.reduce(arena.near[held])).any(axis=1)
        for seat, member in zip(node.team, node.chosen, strict=False):
            allowed &= actors > member if seat.group == pool.group else actors != member
        return allowed
