"""The best groups of an opening, with a certificate: what is searched, and what comes back.

Teams (sets of slots) are made here; the branch and bound over them is in
:mod:`toolkit.partnerships.kernel`, on the arrays of :mod:`toolkit.partnerships.board`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from toolkit.partnerships import criteria
from toolkit.partnerships.arena import POOL_CAP, Arena, Pool, arena_of
from toolkit.partnerships.board import HELD, NODES, board_of, problem_of

if TYPE_CHECKING:
    from toolkit.partnerships.calls import Opening
    from toolkit.partnerships.facts import Facts
    from toolkit.partnerships.ground import Ground
    from toolkit.settings import Settings

NODE_BUDGET: Final = 50_000
"""Nodes looked into for one opening before the search stops and says how far it may be off."""
DIGITS: Final = 9
"""Scores that agree to this many decimals are equal, and ranked by type, then by id."""
EPSILON: Final = 2e-9
"""Bounds within this of a score do not beat it: rounding."""
BEYOND: Final = -1
FORCED: Final = -2
"""Groups of a slot whose holder is set apart, so that it keeps no order with its like; the second
imposed actor has one below ``FORCED``, and so on."""


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


def look_into(
    facts: Facts,
    opening: Opening,
    *,
    settings: Settings,
    forced: Sequence[int] = (),
    size: int | None = None,
    nodes: int = NODE_BUDGET,
    ground: Ground | None = None,
) -> tuple[Arena, Outcome]:
    """Return the best groups of one opening.

    Parameters
    ----------
    facts : Facts
        What is known of the actors.
    opening : Opening
        The opening.
    settings : Settings
        Radius, weights, types and sizes.
    forced : sequence of int
        Positions in ``facts`` of the actors that every group must hold.
    size : int, optional
        Groups wanted; ``settings.per_opening`` unless told.
    nodes : int
        Nodes looked into at most.
    ground : Ground, optional
        What all openings share, where it is at hand.
    """
    arena = arena_of(facts, opening, settings=settings, ground=ground)
    held = np.searchsorted(arena.actors, np.array(forced, dtype="int64"))
    if any(place >= len(arena.actors) for place in held) or (arena.actors[held] != forced).any():
        return arena, Outcome((), -np.inf, 0)
    return arena, search(
        arena, size=size or settings.per_opening, budget=nodes, forced=held.tolist()
    )


def search(
    arena: Arena,
    *,
    size: int,
    budget: int = NODE_BUDGET,
    forced: Sequence[int] = (),
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
    forced : sequence of int
        Local positions of the actors that every group must hold.
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
    pools = _without_doubles(arena, size, forced=forced)
    kept = [pool.only(_promising(arena, pool, cap=cap)) for pool in pools]
    teams = arena.teams()
    asked = [[kept[slot] for slot in team] for team in teams]
    beyond = [team for slots in teams for team in _beyond(slots, kept=kept, pools=pools)]
    for rank, actor in enumerate(forced):
        seated = partial(_with_forced, pools=pools, forced=actor, group=FORCED - rank)
        asked = [cast for team in asked for cast in seated(team)]
        beyond = [cast for team in beyond for cast in seated(team)]
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
    return Group(seats, marks, score, rank)


def _with_forced(
    team: Sequence[Pool], *, pools: Sequence[Pool], forced: int, group: int
) -> Iterator[list[Pool]]:
    """Yield a team in which an actor holds one of the slots, once for each slot it can hold."""
    for place, pool in enumerate(team):
        if pool.group <= FORCED:
            continue
        everybody = pools[pool.slot]
        alone = everybody.only(everybody.actors == forced, group=group)
        if pool.group == BEYOND:
            # Whoever is beyond the cap holds this slot; the actor itself may be the one.
            alone = pool.only(pool.actors == forced, group=group)
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


def _without_doubles(arena: Arena, size: int, *, forced: Sequence[int]) -> tuple[Pool, ...]:
    """Return the pools without those that are one too many of a kind that nothing tells apart."""
    enough = size + arena.max_members - 1
    kept = np.ones(len(arena.actors), dtype="bool")
    spots = arena.x_km + 1j * arena.y_km
    _, spot, shared = np.unique(spots, return_inverse=True, return_counts=True)
    crowd = shared[spot] > enough
    crowd[arena.edges.ravel()] = False
    crowd[list(forced)] = False
    figures: dict[int, list[object]] = {actor: [] for actor in np.flatnonzero(crowd).tolist()}
    for pool in arena.pools:
        for place in np.flatnonzero(crowd[pool.actors]).tolist():
            row = pool.suitability[place], pool.supply[place], pool.demand[place]
            figures[int(pool.actors[place])].append((pool.slot, *map(float, row)))
    asked, offered = (np.bitwise_or.reduce(words) for words in (arena.wants, arena.offers))
    seen: dict[tuple[object, ...], int] = {}
    for actor, held in figures.items():
        kind = (
            *held,
            spots[actor],
            (arena.offers[actor] & asked).tobytes(),
            (arena.wants[actor] & offered).tobytes(),
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
