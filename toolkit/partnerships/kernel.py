"""Depth-first search over the teams of an opening: plain loops over arrays, compiled if possible.

Without numba the same functions run as they are written: same answers after the same number of
nodes, some hundred times slower.  Roots (a team and who fills its first slot) are looked into in
the order of their bounds; below a node, so are those who can fill the next slot.  The groups that
the last slot completes are scored exactly.
"""
# ruff: noqa: PLR0917 - compiled functions take their arguments by place

from __future__ import annotations

import math
from typing import Final

import numpy as np

from toolkit.compiled import compiled
from toolkit.partnerships.board import (
    CHILDREN,
    COMPLEMENTARITY,
    COVERAGE,
    DEMAND,
    DIVERSITY,
    ENTRY,
    FAMILY,
    GROUP,
    HELD,
    LONGEST,
    NODES,
    OFFSET,
    OWN,
    PAIRS,
    POOL,
    PROXIMITY,
    SECTORS,
    SIZE,
    SLOT,
    START,
    SUPPLY,
    TIES,
    TRANSVERSALITY,
    TRUST,
    TURN,
    WITH_PAIRS,
    WITH_TIES,
    Board,
    Floats,
    Integers,
    Problem,
)
from toolkit.partnerships.bounds import bits, branch, seat, set_team
from toolkit.partnerships.criteria import covered, nearby

DIVES: Final = 10
"""Roots, the most promising first, of which some groups are sought before all is searched."""
# Numbers of numpy: a plain constant would be compiled once more for each of its values.
DIVE_WIDTH: Final[int] = np.int64(3)  # type: ignore[assignment]
"""Branches of a node that a dive follows."""
FIRST_DIVES: Final = 2
"""First members of each team from whom some groups are sought before the others are looked at."""
LAST_TWO: Final = 2
FAR: Final[int] = np.int64(2**60)  # type: ignore[assignment]
"""More nodes, and branches, than any search looks into."""
ROOT: Final[int] = np.int64(0)  # type: ignore[assignment]
QUICK: Final[bool] = np.bool_(False)  # type: ignore[assignment]
THOROUGH: Final[bool] = np.bool_(True)  # type: ignore[assignment]
SCALE: Final = 1e9
EPSILON: Final = 2e-9
"""Scores are compared in whole billionths; what may be equal to the last one kept is looked at."""


@compiled
def _complete(p: Problem, s: Board, level: int) -> None:
    """Offer the groups that the last slot completes."""
    size, w, base = s.scalar[SIZE], p.weights, s.team[OFFSET, level]
    group, so_far, worth = s.figures[level], s.kinds[level], p.worth[size]
    for place in range(base, base + s.counts[level, level]):
        entry = s.lists[level, place, ENTRY]
        kinds, figures = p.kinds[p.actor[entry]], p.figures[entry]
        state = p.step[so_far[FAMILY], kinds[FAMILY]]
        rank = p.ranks[state]
        if rank < 0:
            continue
        supply, demand = (
            group[SUPPLY] + figures[SUPPLY],
            group[DEMAND] + figures[DEMAND],
        )
        far = max(group[LONGEST], s.far[level, place])
        ties = so_far[TIES] + s.lists[level, place, WITH_TIES]
        pairs = so_far[PAIRS] + s.lists[level, place, WITH_PAIRS]
        score = (
            w[COVERAGE] * covered(supply, demand, p.one_sided)
            + (group[OWN] + figures[OWN]) / size
            + w[PROXIMITY] * nearby(far, p.reach_km)
            + worth[COMPLEMENTARITY, pairs]
            + worth[DIVERSITY, p.families[state]]
            + worth[TRANSVERSALITY, bits(so_far[SECTORS] | kinds[SECTORS])]
            + worth[TRUST, ties]
        )
        if score >= s.floor[0]:
            s.seat[level] = entry
            _offer(p, s, score, rank)


@compiled
def _offer(p: Problem, s: Board, score: float, rank: int) -> None:
    """Keep a group if it is among the best with distinct members: by score, type and ids."""
    keys, size = s.top, s.top.shape[0] - 2
    new, held = size + 1, s.scalar[HELD]
    _write_key(p, s, score, rank)
    for other in range(held):
        if _same_members(s, new, other):
            if not _comes_before(s, new, other):
                return
            for place in range(other, held - 1):
                keys[place] = keys[place + 1]
            held -= 1
            break
    place = held
    while place > 0 and _comes_before(s, new, place - 1):
        keys[place] = keys[place - 1]
        place -= 1
    keys[place] = keys[new]
    s.scalar[HELD] = min(size, held + 1)
    if s.scalar[HELD] == size:
        s.floor[0] = -keys[size - 1, 0] / SCALE - EPSILON


@compiled
def _write_key(p: Problem, s: Board, score: float, rank: int) -> None:
    """Write what the group seated is ranked by to the last row of ``top``."""
    longest, size = s.team.shape[1] - 1, s.scalar[SIZE]
    key = s.top[s.top.shape[0] - 1]
    key[:] = -1
    key[0] = -math.floor(score * SCALE + 0.5)
    key[1] = rank
    members, seats = key[2 : 2 + size], key[2 + longest :]
    for level in range(size):
        members[level] = p.actor[s.seat[level]]
        seats[2 * level] = p.pools[s.team[POOL, level], SLOT]
        seats[2 * level + 1] = members[level]
    members.sort()
    for level in range(1, size):
        for other in range(level):
            # In interchangeable slots members go up.
            up = (seats[2 * level] < seats[2 * other]) == (
                seats[2 * level + 1] < seats[2 * other + 1]
            )
            group = p.pools[s.team[POOL, other], GROUP]
            if not up and p.pools[s.team[POOL, level], GROUP] == group:
                seats[2 * level + 1], seats[2 * other + 1] = (
                    seats[2 * other + 1],
                    seats[2 * level + 1],
                )
    for level in range(1, size):
        place = level
        while place > 0 and seats[2 * place] < seats[2 * place - 2]:
            for column in range(2 * place, 2 * place + 2):
                seats[column], seats[column - 2] = seats[column - 2], seats[column]
            place -= 1


@compiled
def _same_members(s: Board, one: int, other: int) -> bool:
    for column in range(2, s.team.shape[1] + 1):
        if s.top[one, column] != s.top[other, column]:
            return False
    return True


@compiled
def _comes_before(s: Board, one: int, other: int) -> bool:
    for column in range(s.top.shape[1]):
        if s.top[one, column] != s.top[other, column]:
            return bool(s.top[one, column] < s.top[other, column])
    return False


@compiled
def _open_node(p: Problem, s: Board, level: int, place: int, thorough: bool) -> float:  # noqa: FBT001
    """Seat somebody and look at the node: return its bound, minus infinity if nothing is open.

    Where one slot is open after it, the groups are offered at once.
    """
    s.scalar[NODES] += 1
    s.turns[level + 1, :] = 0
    if not seat(p, s, level, place):
        return -np.inf
    if s.scalar[SIZE] - level == LAST_TWO:
        _complete(p, s, level + 1)
        return -np.inf
    return branch(p, s, level + 1, thorough)


@compiled
def _explore(p: Problem, s: Board, place: int, width: int, budget: int) -> float:
    """Search below a root; return the bound of what the budget left out, or minus infinity.

    ``width`` is how many branches of a node are followed, the most promising first.
    """
    _open_node(p, s, ROOT, place, THOROUGH)
    level = ROOT + 1
    while level:
        turn = s.turns[level, TURN]
        done = turn >= min(width, s.turns[level, CHILDREN])
        if done or s.child_bound[level, turn] < s.floor[0]:
            level -= 1
            continue
        if s.scalar[NODES] >= budget:
            left = -np.inf
            for above in range(1, level + 1):
                if s.turns[above, TURN] < s.turns[above, CHILDREN]:
                    left = max(left, s.child_bound[above, s.turns[above, TURN]])
            return left
        s.turns[level, TURN] = turn + 1
        if _open_node(p, s, level, s.child[level, turn], THOROUGH) > -np.inf:
            level += 1
    return -np.inf


@compiled
def _look_at_first(p: Problem, s: Board, team: int) -> int:
    """Lay out a team and bound who could come first, without seating anybody; return how many.

    They are in ``child[0]``, the most promising first.
    """
    set_team(p, s, team)
    branch(p, s, ROOT, QUICK)
    s.turn_of[0, :] = -1
    return int(s.turns[0, CHILDREN])


@compiled
def roots_of(p: Problem, s: Board, team: int, roots: Integers, bounds: Floats) -> int:
    """Write the first members of a team that are worth it, with their bounds; return how many."""
    kept = 0
    for turn in range(_look_at_first(p, s, team)):
        if s.child_bound[0, turn] < s.floor[0]:
            break
        place = s.child[0, turn]
        bound = _open_node(p, s, ROOT, place, QUICK)
        if bound > -np.inf:
            roots[kept, 0], roots[kept, 1], bounds[kept] = team, place, bound
            kept += 1
    return kept


@compiled
def search_teams(p: Problem, s: Board, first: int, last: int, budget: int) -> float:
    """Search the teams from ``first`` up to ``last``; return the bound of what was left out.

    The best groups are in ``Board.top``.  The budget does not count the roots and the dives, so
    that there is a group where one is found easily.
    """
    most = 0
    for team in range(first, last):
        pool = p.teams[team, 0]
        most += p.pools[pool + 1, START] - p.pools[pool, START]
        for turn in range(min(FIRST_DIVES, _look_at_first(p, s, team))):
            _explore(p, s, s.child[0, turn], DIVE_WIDTH, FAR)
    roots, bounds, found = np.zeros((most, 2), dtype=np.int64), np.zeros(most), 0
    for team in range(first, last):
        found += roots_of(p, s, team, roots[found:], bounds[found:])
    order = np.argsort(-bounds[:found], kind="mergesort")
    roots = roots[order]
    bounds = bounds[order]
    for turn in range(min(DIVES, found)):
        _set_root(p, s, roots, turn)
        _explore(p, s, roots[turn, 1], DIVE_WIDTH, FAR)
    end, left = s.scalar[NODES] + budget, -np.inf
    for turn in range(found):
        if bounds[turn] < s.floor[0]:
            break
        if left > -np.inf or s.scalar[NODES] >= end:
            return float(max(left, bounds[turn]))
        _set_root(p, s, roots, turn)
        left = _explore(p, s, roots[turn, 1], FAR, end)
    return float(left)


@compiled
def _set_root(p: Problem, s: Board, roots: Integers, turn: int) -> None:
    """Lay out the team of a root, with the turns of its first slot."""
    team = roots[turn, 0]
    set_team(p, s, team)
    s.turn_of[0, :] = -1
    for rank in range(roots.shape[0]):
        if roots[rank, 0] == team:
            s.turn_of[0, p.actor[s.lists[0, roots[rank, 1], ENTRY]]] = rank


@compiled
def bound_of_team(p: Problem, s: Board, team: int) -> float:
    """Return the most that a group of a team can score; groups of two are offered on the way."""
    highest = -np.inf
    for turn in range(_look_at_first(p, s, team)):
        if s.child_bound[0, turn] <= max(highest, s.floor[0]):
            break
        highest = max(highest, _open_node(p, s, ROOT, s.child[0, turn], THOROUGH))
    return float(highest)
