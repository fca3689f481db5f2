"""The best groups of an opening: best-first branch and bound with a certificate.

A node fixes the first roles of a team (a set of slots).  Its bound adds, to what the fixed members
are worth together, the most that each open role can still add: every criterion of the sum is additive
over members or pairs, or concave in a count, so that the additions bound the whole from above
(:func:`_gains`).  Where one role is open after the next, the additions are exact, so that the last two
roles of a team are never branched on but read off one matrix.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from typing import Final

import numpy as np
import numpy.typing as npt

from toolkit.partnerships import criteria
from toolkit.partnerships.arena import POOL_CAP, TOLERANCE_KM, Arena, Floats, Indices, Pool

NODE_BUDGET: Final = 400
"""Nodes looked into for one opening before the search stops and says how far it may be off."""
DIGITS: Final = 9
"""Scores that agree to this many decimals are equal, and ranked by type, then by id."""
EPSILON: Final = 2e-9
FORCED: Final = -1
BEYOND: Final = -2
"""Groups of a slot whose holder is set apart, so that it keeps no order with its like."""


@dataclass(frozen=True, slots=True)
class Group:
    """A candidate in the arena: its seats (slot, local position), its criteria and its score."""

    seats: tuple[tuple[int, int], ...]
    values: dict[str, float] = field(hash=False)
    score: float
    type_rank: int

    @property
    def members(self) -> tuple[int, ...]:
        """Local positions, ascending."""
        return tuple(sorted(actor for _, actor in self.seats))

    @property
    def key(self) -> tuple[float, int, tuple[int, ...], tuple[tuple[int, int], ...]]:
        """What candidates are ranked by: score, then the broader type, then ids."""
        return -round(self.score, DIGITS), self.type_rank, self.members, self.seats


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a search found, best first, and the most that any group left out can score."""

    groups: tuple[Group, ...]
    bound: float
    nodes: int

    def gap_pct(self, group: Group) -> float:
        """Return by how many % a group left out could beat a group, 0 where that is excluded."""
        if self.bound <= group.score + EPSILON:
            return 0.0
        return 100.0 * (self.bound / group.score - 1.0) if group.score > 0 else float("inf")


class _Top:
    """The k best groups with distinct members."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.held: dict[tuple[int, ...], Group] = {}
        self.floor = -np.inf

    def offer(self, group: Group) -> None:
        other = self.held.get(group.members)
        if other is not None and other.key <= group.key:
            return
        self.held[group.members] = group
        if len(self.held) > self.size:
            del self.held[max(self.held, key=lambda members: self.held[members].key)]
        if len(self.held) == self.size:
            self.floor = min(round(kept.score, DIGITS) for kept in self.held.values()) - EPSILON


def search(
    arena: Arena,
    *,
    size: int,
    budget: int = NODE_BUDGET,
    forced: int | None = None,
    cap: int = POOL_CAP,
) -> Outcome:
    """Return the best groups of an opening.

    Parameters
    ----------
    arena : Arena
        The opening.
    size : int
        Groups wanted, each with other members than the rest.
    budget : int
        Nodes looked into at most, > 0.
    forced : int, optional
        Local position of an actor that every group must hold.
    cap : int
        Actors of a role that are branched on.

    Returns
    -------
    Outcome
        Deterministic; ties by type (the broader partnership first), then by the ids of the members.

    Notes
    -----
    Indistinguishable actors beyond those that could appear in the answer are set aside first: any
    group that holds one is preceded by ``size`` equal groups with smaller ids.
    """
    run = _Run(arena, top=_Top(size), budget=budget)
    pools = arena.pools if forced is not None else _without_doubles(arena, size)
    kept = [pool.only(_promising(arena, pool, cap)) for pool in pools]
    teams = arena.teams()
    if forced is None:
        asked = [[kept[slot] for slot in team] for team in teams]
    else:
        asked = list(_with_forced(kept, pools, teams, forced))
    for team in asked:
        run.start(_ordered(team))
    bound = run.finish()
    for team in _beyond(kept, pools, teams, forced):
        bound = max(bound, run.root_bound(_ordered(team[1:], first=team[0])))
    groups = tuple(sorted(run.top.held.values(), key=lambda group: group.key))
    return Outcome(groups, bound if bound > run.top.floor else -np.inf, run.nodes)


def _with_forced(
    kept: Sequence[Pool], pools: Sequence[Pool], teams: list[tuple[int, ...]], forced: int
) -> Iterator[list[Pool]]:
    """Yield the teams in which an actor holds one of the slots, once for each slot it can hold."""
    for team in teams:
        for slot in team:
            alone = pools[slot].only(pools[slot].actors == forced, group=FORCED)
            if len(alone.actors):
                yield [alone if other == slot else kept[other] for other in team]


def _beyond(
    kept: Sequence[Pool], pools: Sequence[Pool], teams: list[tuple[int, ...]], forced: int | None
) -> Iterator[list[Pool]]:
    """Yield, for every role cut short by the cap, the teams in which somebody beyond it holds the role."""
    for slot, pool in enumerate(pools):
        left = ~np.isin(pool.actors, kept[slot].actors)
        if not left.any():
            continue
        rest = pool.only(left, group=BEYOND)
        for team in teams:
            if slot not in team:
                continue
            others = [pools[other] for other in team if other != slot]
            if forced is None:
                yield [rest, *others]
                continue
            for place, other in enumerate(others):
                alone = other.only(other.actors == forced, group=FORCED)
                if len(alone.actors):
                    yield [rest, *others[:place], alone, *others[place + 1 :]]


def _promising(arena: Arena, pool: Pool, cap: int) -> npt.NDArray[np.bool_]:
    """Return the actors of a pool that are branched on: those with the highest figures of their own."""
    if len(pool.actors) <= cap:
        return np.ones(len(pool.actors), dtype="bool")
    weights = arena.weights
    worth = (
        weights["suitability"] * pool.suitability
        + weights["capacity"] * arena.means[pool.actors]
        + weights["coverage"] * np.minimum(1.0, pool.supply + pool.demand)
    )
    first = np.lexsort((pool.actors, -worth))[:cap]
    return np.isin(np.arange(len(pool.actors)), first)


def _without_doubles(arena: Arena, size: int) -> tuple[Pool, ...]:
    """Return the pools without the actors that are one too many of a kind that nothing tells apart."""
    lone = ~(arena.tied.any(axis=1) | arena.paired.any(axis=1))
    enough = size + arena.max_members - 1
    seen: dict[tuple[object, ...], int] = {}
    kept = np.ones(len(arena.actors), dtype="bool")
    figures: list[list[object]] = [[] for _ in arena.actors]
    for pool in arena.pools:
        for place, actor in enumerate(pool.actors):
            row = pool.suitability[place], pool.supply[place], pool.demand[place]
            figures[actor].append((pool.slot, *map(float, row)))
    for actor in np.flatnonzero(lone).tolist():
        kind = (
            *figures[actor],
            arena.distance_km[actor].tobytes(),
            arena.near[actor].tobytes(),
            int(arena.family[actor]),
            int(arena.sectors[actor]),
            float(arena.means[actor]),
        )
        seen[kind] = seen.get(kind, 0) + 1
        kept[actor] = seen[kind] <= enough
    return tuple(pool.only(kept[pool.actors]) for pool in arena.pools)


def _ordered(team: Sequence[Pool], *, first: Pool | None = None) -> tuple[Pool, ...]:
    """Return a team's pools in the order of branching: those that cover the shortfall, then the rarest."""
    order = sorted(team, key=_rarity)
    return tuple(order) if first is None else (first, *order)


def _rarity(pool: Pool) -> tuple[bool, int, int, int]:
    covers = bool(pool.supply.any() or pool.demand.any())
    return not covers, len(pool.actors), pool.group, pool.slot


@cache
def _reachable(
    families: tuple[frozenset[int], ...], accepted: frozenset[int]
) -> tuple[npt.NDArray[np.bool_], ...]:
    """Return, for each depth and each set of families so far, whether a type can still be reached."""
    tables = [np.zeros(32, dtype="bool")]
    tables[0][list(accepted)] = True
    for held in reversed(families):
        after = tables[0]
        table = np.array(
            [any(after[have | one] for one in held) for have in range(32)], dtype="bool"
        )
        tables.insert(0, table)
    return tuple(tables)


@dataclass(frozen=True, slots=True, eq=False)
class _Branches:
    """The members that the next role of a node can have, with what the group is worth by then."""

    actors: Indices
    worth: Floats
    ties: npt.NDArray[np.int64]
    families: npt.NDArray[np.uint8]
    sectors: npt.NDArray[np.uint64]
    far_km: Floats
    supply: Floats
    demand: Floats


class _Run:
    """One search: the heap of open nodes, the best groups so far, and figures of pairs of pools."""

    def __init__(self, arena: Arena, *, top: _Top, budget: int) -> None:
        self.arena, self.top, self.budget = arena, top, budget
        self.nodes = 0
        self._heap: list[tuple[float, int, tuple[Pool, ...], tuple[int, ...], Indices, Floats]] = []
        self._counter = count()

    def start(self, team: tuple[Pool, ...]) -> None:
        """Put the root of a team on the heap."""
        if all(len(pool.actors) for pool in team) and self._types(team)[0][0]:
            self._visit(team, ())

    def finish(self) -> float:
        """Look into nodes, the most promising first; return the bound of those left."""
        while self._heap and -self._heap[0][0] >= self.top.floor:
            if self.nodes >= self.budget:
                return -self._heap[0][0]
            _, order, team, chosen, actors, bounds = heapq.heappop(self._heap)
            if len(actors) > 1:
                entry = (-bounds[1], order, team, chosen, actors[1:], bounds[1:])
                heapq.heappush(self._heap, entry)
            self._visit(team, (*chosen, int(actors[0])))
        return -np.inf

    def root_bound(self, team: tuple[Pool, ...]) -> float:
        """Return the most that a group of a team can score."""
        if not all(len(pool.actors) for pool in team) or not self._types(team)[0][0]:
            return -np.inf
        branches = self._branches(team, ())
        return float(self._bounds(team, (), branches).max(initial=-np.inf))

    def _types(self, team: tuple[Pool, ...]) -> tuple[npt.NDArray[np.bool_], ...]:
        return _reachable(tuple(pool.families for pool in team), frozenset(self.arena.ranks))

    def _visit(self, team: tuple[Pool, ...], chosen: tuple[int, ...]) -> None:
        self.nodes += 1
        branches = self._branches(team, chosen)
        if not len(branches.actors):
            return
        if len(team) - len(chosen) == 2:  # noqa: PLR2004 - the last two roles
            self._harvest(team, chosen, branches)
            return
        bounds = self._bounds(team, chosen, branches)
        order = np.argsort(-bounds, kind="stable")
        order = order[bounds[order] >= self.top.floor]
        order = order[np.isfinite(bounds[order])]
        if len(order):
            entry = (team, chosen, branches.actors[order], bounds[order])
            heapq.heappush(self._heap, (-bounds[order[0]], next(self._counter), *entry))

    def _branches(self, team: tuple[Pool, ...], chosen: tuple[int, ...]) -> _Branches:
        """Return who can be next, and the exact worth of the group so far, coverage left out."""
        arena, pool, size = self.arena, team[len(chosen)], len(team)
        weights, held = arena.weights, list(chosen)
        fits = [arena.fits[seat.slot, actor] for seat, actor in zip(team, chosen, strict=False)]
        keep = _allowed(arena, team, chosen, pool)
        families = np.bitwise_or.reduce(arena.family[held], initial=0) | arena.family[pool.actors]
        keep &= self._types(team)[len(chosen) + 1][families]
        actors, families = pool.actors[keep], families[keep].astype("uint8")
        sectors = arena.sectors[actors] | np.bitwise_or.reduce(
            arena.sectors[held], initial=np.uint64(0)
        )
        inside = np.ix_(held, held)
        far_km = arena.distance_km[np.ix_(actors, held)].max(axis=1, initial=0.0)
        far_km = np.maximum(far_km, arena.distance_km[inside].max(initial=0.0))
        ties = arena.tied[np.ix_(actors, held)].sum(axis=1) + int(arena.tied[inside].sum()) // 2
        pairs = (
            arena.paired[np.ix_(actors, held)].sum(axis=1) + int(arena.paired[inside].sum()) // 2
        )
        suits = sum(fit.suitability for fit in fits) + pool.suitability[keep]
        means = arena.means[held].sum() + arena.means[actors]
        worth = (
            (weights["suitability"] * suits + weights["capacity"] * means) / size
            + weights["complementarity"] * criteria.complementarity(pairs, size=size)
            + weights["proximity"] * criteria.proximity(far_km, radius_km=arena.radius_km)
            + weights["diversity"] * criteria.diversity(np.bitwise_count(families))
            + weights["transversality"] * criteria.transversality(np.bitwise_count(sectors))
            + weights["trust"] * criteria.trust(ties, size=size)
        )
        return _Branches(
            actors=actors,
            worth=worth,
            ties=ties,
            families=families,
            sectors=sectors,
            far_km=far_km,
            supply=sum(fit.supply for fit in fits) + pool.supply[keep],
            demand=sum(fit.demand for fit in fits) + pool.demand[keep],
        )

    def _bounds(
        self, team: tuple[Pool, ...], chosen: tuple[int, ...], branches: _Branches
    ) -> Floats:
        """Return, for each branch, a bound on the score of every group below it."""
        later = team[len(chosen) + 1 :]
        total = branches.worth.copy()
        supply, demand = branches.supply.copy(), branches.demand.copy()
        for pool in later:
            total += self._gains(team, chosen, branches, pool).max(axis=1, initial=-np.inf)
            supply += pool.supply.max(initial=0.0)
            demand += pool.demand.max(initial=0.0)
        covered = criteria.coverage(supply, demand, one_sided=self.arena.one_sided)
        return total + self.arena.weights["coverage"] * covered

    def _gains(
        self, team: tuple[Pool, ...], chosen: tuple[int, ...], branches: _Branches, pool: Pool
    ) -> Floats:
        """Return the most that each actor of an open role adds to each branch, coverage left out.

        Shape (branches, actors of the pool).  With r roles open after the branch: suitability,
        capacity and complementarity add up; a new family or sector, a tie more add at most what they
        would add alone (diversity, transversality and trust are concave in their counts); the group's
        longest trip grows by at least the mean over the open roles of what each needs, so that each
        bears 1/r of its own; pairs between two open roles are shared half and half.  With r = 1 every
        step is an equality.
        """
        arena, weights, size, held = self.arena, self.arena.weights, len(team), list(chosen)
        later = team[len(chosen) + 1 :]
        actors, rows = pool.actors, branches.actors[:, None]
        known = arena.distance_km[np.ix_(held, actors)].max(axis=0, initial=0.0)
        pairs = arena.paired[np.ix_(held, actors)].sum(axis=0)
        single = (
            weights["suitability"] * pool.suitability + weights["capacity"] * arena.means[actors]
        ) / size
        single += weights["complementarity"] * criteria.complementarity(pairs, size=size)
        for other in later:
            if other is not pool:
                single += self._between(pool, other, size=size)
        single[~_allowed(arena, team, chosen, pool)] = -np.inf
        square = np.ix_(branches.actors, actors)
        trips = arena.distance_km[square]
        longer = np.maximum(np.maximum(trips, known) - branches.far_km[:, None], 0.0)
        gains = single - longer * (weights["proximity"] / (2 * arena.radius_km * len(later)))
        gains += weights["complementarity"] * criteria.complementarity(
            arena.paired[square], size=size
        )
        gains += self._new_ties(held, branches, actors, size=size)
        gains += self._new_kinds(branches, actors, exact=len(later) == 1)
        gains[(trips > 2 * arena.radius_km + TOLERANCE_KM) | (rows == actors)] = -np.inf
        if pool.group == team[len(chosen)].group:
            gains[rows >= actors] = -np.inf
        return gains

    def _between(self, pool: Pool, other: Pool, *, size: int) -> Floats:
        """Return half of the most that a pair with another open role can add, for each actor."""
        arena = self.arena
        square = np.ix_(pool.actors, other.actors)
        tie = float(criteria.trust(1, size=size)) * arena.weights["trust"]
        pair = float(criteria.complementarity(1, size=size)) * arena.weights["complementarity"]
        tied, paired = arena.tied[square].any(axis=1), arena.paired[square].any(axis=1)
        return (tie * tied + pair * paired) / 2

    def _new_ties(
        self, held: list[int], branches: _Branches, actors: Indices, *, size: int
    ) -> Floats | float:
        """Return what the ties of each actor with the branch change in trust."""
        ties = self.arena.tied[np.ix_(branches.actors, actors)].astype("int64")
        ties += self.arena.tied[np.ix_(held, actors)].sum(axis=0)
        if not ties.any():
            return 0.0
        before = branches.ties[:, None]
        change = criteria.trust(before + ties, size=size) - criteria.trust(before, size=size)
        return self.arena.weights["trust"] * change

    def _new_kinds(self, branches: _Branches, actors: Indices, *, exact: bool) -> Floats:
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
        return weights["diversity"] * step[:, None] * fresh + weights["transversality"] * wider

    def _harvest(
        self, team: tuple[Pool, ...], chosen: tuple[int, ...], branches: _Branches
    ) -> None:
        """Offer the groups that the last two roles complete, the best first."""
        arena, last = self.arena, team[-1]
        covered = criteria.coverage(
            branches.supply[:, None] + last.supply,
            branches.demand[:, None] + last.demand,
            one_sided=arena.one_sided,
        )
        scores = branches.worth[:, None] + self._gains(team, chosen, branches, last)
        scores += arena.weights["coverage"] * covered
        accepted = self._types(team)[-1][branches.families[:, None] | arena.family[last.actors]]
        scores[~accepted] = -np.inf
        flat = scores.ravel()
        hopeful = np.flatnonzero((flat >= self.top.floor) & np.isfinite(flat))
        for place in hopeful[np.argsort(-flat[hopeful], kind="stable")].tolist():
            if flat[place] < self.top.floor:
                return
            row, column = divmod(place, len(last.actors))
            members = (*chosen, int(branches.actors[row]), int(last.actors[column]))
            if arena.can_meet(members):
                self._offer(team, members)

    def _offer(self, team: tuple[Pool, ...], members: tuple[int, ...]) -> None:
        seats = tuple(sorted((pool.slot, actor) for pool, actor in zip(team, members, strict=True)))
        rank = self.arena.type_rank(members)
        if rank is None:
            return
        values = self.arena.values(seats)
        score = criteria.score(values, weights=dict(self.arena.weights))
        self.top.offer(Group(seats, values, score, rank))


def _allowed(
    arena: Arena, team: tuple[Pool, ...], chosen: tuple[int, ...], pool: Pool
) -> npt.NDArray[np.bool_]:
    """Return who of a pool can join: not in the group yet, a place in common, within two radii.

    In interchangeable slots members go up, so that no group is looked at twice.
    """
    actors, held = pool.actors, list(chosen)
    allowed = np.ones(len(actors), dtype="bool")
    if not held:
        return allowed
    limit = 2 * arena.radius_km + TOLERANCE_KM
    allowed &= arena.distance_km[np.ix_(held, actors)].max(axis=0) <= limit
    allowed &= (arena.near[actors] & np.bitwise_and.reduce(arena.near[held])).any(axis=1)
    allowed &= ~np.isin(actors, held)
    before = [actor for seat, actor in zip(team, chosen, strict=False) if seat.group == pool.group]
    if before:
        allowed &= actors > max(before)
    return allowed
