"""The best groups of an opening, with a certificate: what is searched, and what comes back.

Teams (sets of slots) are made here; the branch and bound over them is in
:mod:`toolkit.partnerships.kernel`, on the arrays of :mod:`toolkit.partnerships.board`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from toolkit.partnerships import criteria
from toolkit.partnerships.arena import POOL_CAP, Arena, Pool
from toolkit.partnerships.board import HELD, NODES, board_of, problem_of

NODE_BUDGET: Final = 4_000
"""Nodes looked into for one opening before the search stops and says how far it may be off."""
DIGITS: Final = 9
"""Scores that agree to this many decimals are equal, and ranked by type, then by id."""
EPSILON: Final = 2e-9
"""Bounds within this of a score do not beat it: rounding."""
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
        Nodes looked into at most, > 0, beside the first members of each team and the first dives.
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
    pools = arena.pools if forced is not None else _without_doubles(arena, size)
    kept = [pool.only(_promising(arena, pool, cap=cap)) for pool in pools]
    teams = arena.teams()
    asked = [[kept[slot] for slot in team] for team in teams]
    beyond = [team for slots in teams for team in _beyond(slots, kept=kept, pools=pools)]
    if forced is not None:
        asked = [cast for team in asked for cast in _with_forced(team, pools, forced=forced)]
        beyond = [cast for team in beyond for cast in _with_forced(team, pools, forced=forced)]
    ready = [tuple(sorted(team, key=_rarity)) for team in asked]
    rest = [tuple(sorted(team, key=_beyond_first)) for team in beyond]
    found = solve(
        arena,
        [team for team in ready if _possible(team)],
        beyond=[team for team in rest if _possible(team)],
        size=size,
        budget=budget,
    )
    groups = [_group(arena, seats) for seats in found.seats]
    groups.sort(key=lambda group: group.key)
    return Outcome(tuple(groups), found.bound, found.nodes)


def _possible(team: Sequence[Pool]) -> bool:
    return all(len(pool.actors) for pool in team)


def _group(arena: Arena, seats: tuple[tuple[int, int], ...]) -> Group:
    marks = arena.values(seats)
    rank = arena.type_rank([actor for _, actor in seats])
    score = criteria.score(marks, weights=dict(arena.weights))
    return Group(seats, marks, score, -1 if rank is None else rank)


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


Seats = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Found:
    """Seats (slot, local position) of the best groups, what is left out, and nodes looked into."""

    seats: tuple[Seats, ...]
    bound: float
    nodes: int


def solve(
    arena: Arena,
    teams: Sequence[tuple[Pool, ...]],
    *,
    beyond: Sequence[tuple[Pool, ...]],
    size: int,
    budget: int,
) -> Found:
    """Search the teams, and bound those that are only bounded.

    Parameters
    ----------
    arena : Arena
        The opening.
    teams : sequence of tuple of Pool
        Teams to search, each with its pools in the order in which they are filled.
    beyond : sequence of tuple of Pool
        Teams of which only a bound is wanted.
    size : int
        Groups wanted, with distinct members.
    budget : int
        Nodes looked into at most, beside the roots and the first dives.

    Returns
    -------
    Found
        Its bound is minus infinity where the groups are proven the best.
    """
    # Imported late: compiled code takes long to import, and nothing else needs it.
    from toolkit.partnerships import kernel  # noqa: PLC0415

    if not teams and not beyond:
        return Found((), -np.inf, 0)
    problem = problem_of(arena, [*teams, *beyond])
    board = board_of(problem, size=size)
    bound = kernel.search_teams(problem, board, 0, len(teams), budget)
    for team in range(len(teams), len(problem.teams)):
        bound = max(bound, kernel.bound_of_team(problem, board, team))
    seats = tuple(
        _seats(row, longest=problem.teams.shape[1] - 1)
        for row in board.top[: board.scalar[HELD]].tolist()
    )
    bound = bound if bound > board.floor[0] else -np.inf
    return Found(seats, float(bound), int(board.scalar[NODES]))


def _seats(key: list[int], *, longest: int) -> Seats:
    """Return the (slot, position) pairs at the end of a key of ``Board.top``."""
    tail = key[2 + longest :]
    pairs = zip(tail[::2], tail[1::2], strict=True)
    return tuple((slot, actor) for slot, actor in pairs if slot >= 0)
