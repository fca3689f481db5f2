"""The best groups of an opening: best-first branch and bound with a certificate.

Nodes and their bounds are in :mod:`toolkit.partnerships.bounds`.  The last two roles of a team are
never branched on but read off one matrix.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Final

import numpy as np
import numpy.typing as npt

from toolkit.partnerships import criteria
from toolkit.partnerships.arena import POOL_CAP, Arena, Floats, Indices, Pool
from toolkit.partnerships.bounds import Bounds, Node

NODE_BUDGET: Final = 120
"""Nodes looked into for one opening before the search stops and says how far it may be off."""
DIGITS: Final = 9
"""Scores that agree to this many decimals are equal, and ranked by type, then by id."""
EPSILON: Final = 2e-9
DIVES: Final = 4
"""Teams, the most promising first, of which a first group is sought before branching begins."""
FORCED: Final = -1
BEYOND: Final = -2
"""Groups of a slot whose holder is set apart, so that it keeps no order with its like."""


@dataclass(frozen=True, slots=True)
class Group:
    """A candidate in the arena: its seats (slot, local position), its criteria and its score."""

    seats: tuple[tuple[int, int], ...]
    marks: dict[str, float] = field(hash=False)
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
    kept = [pool.only(_promising(arena, pool, cap=cap)) for pool in pools]
    teams = arena.teams()
    asked = [[kept[slot] for slot in team] for team in teams]
    beyond = [team for slots in teams for team in _beyond(slots, kept=kept, pools=pools)]
    if forced is not None:
        asked = [cast for team in asked for cast in _with_forced(team, pools, forced=forced)]
        beyond = [cast for team in beyond for cast in _with_forced(team, pools, forced=forced)]
    ready = [tuple(sorted(team, key=_rarity)) for team in asked]
    for team in ready:
        run.start(team)
    run.dive()
    bound = run.finish()
    for rest in beyond:
        bound = max(bound, run.root_bound(tuple(sorted(rest, key=_beyond_first))))
    groups = tuple(sorted(run.top.held.values(), key=lambda group: group.key))
    return Outcome(groups, bound if bound > run.top.floor else -np.inf, run.nodes)


def _with_forced(
    team: Sequence[Pool], pools: Sequence[Pool], *, forced: int
) -> Iterator[list[Pool]]:
    """Yield a team in which an actor holds one of the slots, once for each slot it can hold."""
    for place, pool in enumerate(team):
        everybody = pools[pool.slot]
        alone = everybody.only(everybody.actors == forced, group=FORCED)
        if pool.group == BEYOND:
            # Whoever is beyond the cap holds this slot; the actor itself may be the one.
            alone = pool.only(pool.actors == forced)
        if len(alone.actors):
            yield [*team[:place], alone, *team[place + 1 :]]


def _beyond(
    slots: tuple[int, ...], *, kept: Sequence[Pool], pools: Sequence[Pool]
) -> Iterator[list[Pool]]:
    """Yield a team in which somebody beyond the cap holds a role, once for each such role."""
    for slot in slots:
        left = ~np.isin(pools[slot].actors, kept[slot].actors)
        if left.any():
            rest = pools[slot].only(left, group=BEYOND)
            yield [rest if other == slot else pools[other] for other in slots]


def _promising(arena: Arena, pool: Pool, *, cap: int) -> npt.NDArray[np.bool_]:
    """Return the actors of a pool that are branched on: those with the highest figures."""
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
    """Return the pools without those that are one too many of a kind that nothing tells apart."""
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


def _rarity(pool: Pool) -> tuple[bool, int, int, int]:
    covers = bool(pool.supply.any() or pool.demand.any())
    return not covers, len(pool.actors), pool.group, pool.slot


def _beyond_first(pool: Pool) -> tuple[bool, bool, int, int, int]:
    """Return the order in which those beyond the cap are looked at first."""
    return pool.group != BEYOND, *_rarity(pool)


class _Run:
    """One search: the heap of open nodes and the best groups so far."""

    def __init__(self, arena: Arena, *, top: _Top, budget: int) -> None:
        self.arena, self.top, self.budget = arena, top, budget
        self.bounds = Bounds(arena)
        self.nodes = 0
        # Bound, order of arrival (for equal bounds), parent, its branches and their bounds.
        self._heap: list[tuple[float, int, Node, Indices, Floats]] = []
        self._counter = count()

    def start(self, team: tuple[Pool, ...]) -> None:
        """Put the root of a team on the heap."""
        if self._possible(team):
            self._visit(Node(team))

    def dive(self) -> None:
        """Follow the most promising members of a few teams to a first group, to set the floor."""
        for _, _, node, actors, _ in heapq.nsmallest(DIVES, self._heap):
            below = node.with_member(int(actors[0]))
            while not below.is_last:
                self.nodes += 1
                branches = self.bounds.branches(below)
                if not len(branches.actors):
                    break
                best = int(np.argmax(self.bounds.bounds(below, branches)))
                below = below.with_member(int(branches.actors[best]))
            if below.is_last:
                self._harvest(below)

    def finish(self) -> float:
        """Look into nodes, the most promising first; return the bound of those left."""
        while self._heap and -self._heap[0][0] >= self.top.floor:
            if self.nodes >= self.budget:
                return -self._heap[0][0]
            _, order, node, actors, bounds = heapq.heappop(self._heap)
            if len(actors) > 1:
                heapq.heappush(self._heap, (-bounds[1], order, node, actors[1:], bounds[1:]))
            self._visit(node.with_member(int(actors[0])))
        return -np.inf

    def root_bound(self, team: tuple[Pool, ...]) -> float:
        """Return the most that a group of a team can score."""
        if not self._possible(team):
            return -np.inf
        node = Node(team)
        bounds = self.bounds.bounds(node, self.bounds.branches(node))
        return float(bounds.max(initial=-np.inf))

    def _possible(self, team: tuple[Pool, ...]) -> bool:
        """Return whether each role has somebody and a type wanted can be reached."""
        return all(len(pool.actors) for pool in team) and bool(self.bounds.types(team)[0][0])

    def _visit(self, node: Node) -> None:
        self.nodes += 1
        if node.is_last:
            self._harvest(node)
            return
        branches = self.bounds.branches(node)
        bounds = self.bounds.bounds(node, branches)
        order = np.argsort(-bounds, kind="stable")
        order = order[(bounds[order] >= self.top.floor) & np.isfinite(bounds[order])]
        if len(order):
            bounds = bounds[order]
            entry = (-bounds[0], next(self._counter), node, branches.actors[order], bounds)
            heapq.heappush(self._heap, entry)

    def _harvest(self, node: Node) -> None:
        """Offer the groups that the last two roles complete, the best first."""
        branches, (last,) = self.bounds.branches(node), node.later
        scores = self.bounds.exact(node, branches).ravel()
        hopeful = np.flatnonzero((scores >= self.top.floor) & np.isfinite(scores))
        for place in hopeful[np.argsort(-scores[hopeful], kind="stable")].tolist():
            if scores[place] < self.top.floor:
                return
            row, column = divmod(place, len(last.actors))
            members = (*node.chosen, int(branches.actors[row]), int(last.actors[column]))
            if self.arena.can_meet(members):
                self._offer(node.team, members)

    def _offer(self, team: tuple[Pool, ...], members: tuple[int, ...]) -> None:
        seats = tuple(sorted((pool.slot, actor) for pool, actor in zip(team, members, strict=True)))
        rank = self.arena.type_rank(members)
        if rank is None:
            return
        marks = self.arena.values(seats)
        score = criteria.score(marks, weights=dict(self.arena.weights))
        self.top.offer(Group(seats, marks, score, rank))
