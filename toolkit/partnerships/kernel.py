"""Depth-first branch and bound over the groups of one opening, as plain loops over arrays.

Where numba is installed the loops are compiled (once; the machine code is kept beside this file, or
in the user's cache).  Without it the same functions run as they are written: same answers, same
number of nodes, some hundred times slower.

A node has filled the first slots of a team.  It keeps, for each open slot, who can still join (not
a member, a meeting place in common, in order within interchangeable slots) with the longest trip,
the ties and the pairs to the members so far.  What a group can gain is bounded by ways of reading
the criteria whose counts have a top (``MODES``): each is either added up over the members to come
(valid, since the criterion is concave in its count) or set to the most that its count can reach.
Every one of the ``2 ** MODES`` mixtures bounds from above, and the least is kept.  Additions are
taken within bands of the longest trip: proximity is that of the band's lower edge, and nobody
farther than its upper edge joins.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
_F = TypeVar("_F", bound=Callable[..., Any])

BANDS: Final = 12
"""Bands of the longest trip that a bound tells apart; more are tighter and slower."""
MODES: Final = 5
"""Diversity, transversality, trust, complementarity, coverage: added up, or set to their most."""
MIXTURES: Final = 2**MODES
DIVES: Final = 8
"""Roots, the most promising first, of which a few groups are sought before all is searched."""
DIVE_WIDTH: Final = 2
FULL: Final = 3
"""Families or sectors beyond the first, and pairs, from which a criterion is full."""
SCALE: Final = 1e9
EPSILON: Final = 2e-9

COVERAGE: Final = 0
PROXIMITY: Final = 1
COMPLEMENTARITY: Final = 2
DIVERSITY: Final = 3
TRANSVERSALITY: Final = 4
TRUST: Final = 5
WEIGHED: Final = (
    "coverage",
    "proximity",
    "complementarity",
    "diversity",
    "transversality",
    "trust",
)
"""Criteria in the order of ``Problem.weights``; suitability and capacity are in ``Problem.own``."""

if TYPE_CHECKING:

    def compiled(function: _F) -> _F:
        """Return a function as it is, for the type checker."""
        return function

else:
    try:
        from numba import njit
    except ImportError:

        def compiled(function: _F) -> _F:
            """Return a function as it is, for want of numba."""
            return function

    else:

        def compiled(function: _F) -> _F:
            """Return a function compiled on its first call, from the cache where one is writable."""
            try:
                return njit(cache=True)(function)
            except RuntimeError:  # no folder to keep machine code in
                return njit(function)


class Problem(NamedTuple):
    """One opening as arrays: actors, entries (an actor in a pool), pools and teams.

    ``tie_pools`` and ``pair_pools`` hold one bit a pool in which an actor has a tie or a pair.
    ``ranks`` is the rank of the type of a set of families, -1 where it is none of those wanted;
    ``teams`` holds one row a team, pools in the order in which they are filled, -1 at its end.
    """

    weights: Floats
    x_km: Floats
    y_km: Floats
    near: Integers
    family: Integers
    sectors: Integers
    link: Bytes
    tie_pools: Integers
    pair_pools: Integers
    ranks: Integers
    reach_km: float
    one_sided: bool
    actor: Integers
    own: Floats
    supply: Floats
    demand: Floats
    pool_start: Integers
    pool_slot: Integers
    pool_group: Integers
    teams: Integers
    sizes: Integers


class Board(NamedTuple):
    """What the search writes on.  By level (members seated) first, where a level has its own."""

    pools: Integers
    offset: Integers
    scalar: Integers
    floor: Floats
    reach: Integers
    entry: Integers
    far: Floats
    ties: Integers
    pairs: Integers
    count: Integers
    seat: Integers
    group_far: Floats
    group_own: Floats
    group_supply: Floats
    group_demand: Floats
    group_ties: Integers
    group_pairs: Integers
    group_family: Integers
    group_sectors: Integers
    group_near: Integers
    gain: Floats
    tables: Floats
    mixture: Floats
    best: Floats
    rest: Floats
    later: Floats
    most: Floats
    child: Integers
    child_bound: Floats
    children: Integers
    turn: Integers
    top_score: Floats
    top_key: Integers
    top_seats: Integers


SIZE: Final = 0
NODES: Final = 1
HELD: Final = 2
"""Places of ``Board.scalar``: members of the team, nodes looked into, groups held."""

TIE_TABLE: Final = 0
PAIR_TABLE: Final = 1
SECTOR_TABLE: Final = 2
MOST_TIES: Final = 0
MOST_PAIRS: Final = 1
MOST_SECTORS: Final = 2
MOST_SUPPLY: Final = 3
MOST_DEMAND: Final = 4


def board_of(problem: Problem, *, size: int) -> Board:
    """Return an empty board for the search of the ``size`` best groups."""
    teams, longest = problem.teams.shape
    lengths = np.diff(problem.pool_start)
    total = max((int(lengths[team[team >= 0]].sum()) for team in problem.teams), default=0)
    levels, table = longest + 1, max(64, longest * longest)

    def whole(*shape: int) -> Integers:
        return np.zeros(shape, dtype="int64")

    def real(*shape: int) -> Floats:
        return np.zeros(shape)

    return Board(
        pools=whole(longest),
        offset=whole(longest + 1),
        scalar=whole(3),
        floor=np.full(1, -np.inf),
        reach=whole(levels, 32),
        entry=whole(levels, total),
        far=real(levels, total),
        ties=whole(levels, total),
        pairs=whole(levels, total),
        count=whole(levels, longest),
        seat=whole(levels),
        group_far=real(levels),
        group_own=real(levels),
        group_supply=real(levels),
        group_demand=real(levels),
        group_ties=whole(levels),
        group_pairs=whole(levels),
        group_family=whole(levels),
        group_sectors=whole(levels),
        group_near=whole(levels, problem.near.shape[1]),
        gain=real(MODES),
        tables=real(3, table),
        mixture=real(MIXTURES),
        best=real(BANDS, MIXTURES),
        rest=real(BANDS, MIXTURES),
        later=real(BANDS + 1, MIXTURES),
        most=real(5),
        child=whole(levels, total),
        child_bound=real(levels, total),
        children=whole(levels),
        turn=whole(levels),
        top_score=np.full(size + 1, -np.inf),
        top_key=whole(size + 1, 2 + 3 * longest),
        top_seats=whole(size + 1, longest),
    )


@compiled
def bits(word: int) -> int:
    """Return how many bits of a non-negative word are set."""
    found = 0
    while word:
        word &= word - 1
        found += 1
    return found


@compiled
def _trust(ties: int, size: int) -> float:
    share = ties / (size * (size - 1) / 2)
    return 4.0 * share * (1.0 - share)


@compiled
def _full(count: int) -> float:
    return min(1.0, max(0, count) / FULL)


@compiled
def _covered(p: Problem, supply: float, demand: float) -> float:
    return min(1.0, demand) if p.one_sided else min(1.0, min(supply, demand))


@compiled
def _proximity(p: Problem, far: float) -> float:
    return p.weights[PROXIMITY] * max(0.0, 1.0 - far / p.reach_km)


@compiled
def _band(p: Problem, far: float) -> int:
    return min(BANDS - 1, int(far / p.reach_km * BANDS))


@compiled
def _set_team(p: Problem, s: Board, team: int) -> None:
    """Lay out the pools of a team, nobody seated."""
    size = p.sizes[team]
    s.scalar[SIZE] = size
    s.group_near[0, :] = -1
    for slot in range(size):
        pool = p.teams[team, slot]
        s.pools[slot] = pool
        first = p.pool_start[pool]
        length = p.pool_start[pool + 1] - first
        s.count[0, slot] = length
        base = s.offset[slot]
        s.offset[slot + 1] = base + length
        for place in range(length):
            s.entry[0, base + place] = first + place
    _set_reach(p, s)


@compiled
def _set_reach(p: Problem, s: Board) -> None:
    """Note, by level and families so far, how many families a type wanted can end with (or 0)."""
    size = s.scalar[SIZE]
    for held in range(32):
        s.reach[size, held] = bits(held) if p.ranks[held] >= 0 else 0
    for level in range(size - 1, -1, -1):
        pool = s.pools[level]
        there = 0
        for entry in range(p.pool_start[pool], p.pool_start[pool + 1]):
            there |= p.family[p.actor[entry]]
        for held in range(32):
            most = 0
            for rank in range(5):
                if there >> rank & 1:
                    most = max(most, s.reach[level + 1, held | 1 << rank])
            s.reach[level, held] = most


@compiled
def _seat(p: Problem, s: Board, level: int, place: int) -> bool:
    """Seat who is at a place of the next slot's list; return whether every open slot has somebody."""
    entry, new = s.entry[level, place], level + 1
    actor = p.actor[entry]
    s.seat[level] = entry
    s.group_far[new] = max(s.group_far[level], s.far[level, place])
    s.group_own[new] = s.group_own[level] + p.own[entry]
    s.group_supply[new] = s.group_supply[level] + p.supply[entry]
    s.group_demand[new] = s.group_demand[level] + p.demand[entry]
    s.group_ties[new] = s.group_ties[level] + s.ties[level, place]
    s.group_pairs[new] = s.group_pairs[level] + s.pairs[level, place]
    s.group_family[new] = s.group_family[level] | p.family[actor]
    s.group_sectors[new] = s.group_sectors[level] | p.sectors[actor]
    for word in range(p.near.shape[1]):
        s.group_near[new, word] = s.group_near[level, word] & p.near[actor, word]
    group = p.pool_group[s.pools[level]]
    for slot in range(new, s.scalar[SIZE]):
        alike = p.pool_group[s.pools[slot]] == group
        _narrow(p, s, new, slot, actor, alike)
        if s.count[new, slot] == 0:
            return False
    return True


@compiled
def _narrow(p: Problem, s: Board, new: int, slot: int, actor: int, alike: bool) -> None:  # noqa: FBT001, PLR0913, PLR0917
    """Keep who can still join a slot after an actor was seated."""
    old, base, kept = new - 1, s.offset[slot], s.offset[slot]
    for place in range(base, base + s.count[old, slot]):
        entry = s.entry[old, place]
        other = p.actor[entry]
        if other == actor or (alike and other < actor) or not _meets(p, s, new, other):
            continue
        far = math.sqrt(
            (p.x_km[actor] - p.x_km[other]) ** 2 + (p.y_km[actor] - p.y_km[other]) ** 2
        )
        link = p.link[actor, other]
        s.entry[new, kept] = entry
        s.far[new, kept] = max(s.far[old, place] if old else s.group_far[new], far)
        s.ties[new, kept] = (s.ties[old, place] if old else 0) + (link & 1)
        s.pairs[new, kept] = (s.pairs[old, place] if old else 0) + (link >> 1)
        kept += 1
    s.count[new, slot] = kept - base


@compiled
def _meets(p: Problem, s: Board, level: int, actor: int) -> bool:
    for word in range(p.near.shape[1]):
        if s.group_near[level, word] & p.near[actor, word]:
            return True
    return False


@compiled
def _set_tables(p: Problem, s: Board, level: int) -> None:
    """Tabulate what 0, 1, 2... more ties, pairs or sectors add to the group of a level."""
    size, w = s.scalar[SIZE], p.weights
    ties, pairs = s.group_ties[level], s.group_pairs[level]
    for more in range(size * (size - 1) // 2 - ties + 1):
        s.tables[TIE_TABLE, more] = w[TRUST] * (_trust(ties + more, size) - _trust(ties, size))
    had = max(1, bits(s.group_sectors[level]))
    for more in range(s.tables.shape[1]):
        gain = _full(pairs + more) - _full(pairs)
        s.tables[PAIR_TABLE, more] = w[COMPLEMENTARITY] * gain
        gain = _full(had + more - 1) - _full(had - 1)
        s.tables[SECTOR_TABLE, more] = w[TRANSVERSALITY] * gain


@compiled
def _add_up(p: Problem, s: Board, level: int, slot: int, place: int) -> None:  # noqa: PLR0917
    """Fill ``gain`` with what somebody adds to the group, links to open slots shared by halves."""
    entry = s.entry[level, place]
    actor, w = p.actor[entry], p.weights
    held = s.group_family[level]
    there = bits(held)
    fresh = bits(held | p.family[actor])
    s.gain[0] = w[DIVERSITY] * (_full(fresh - 1) - _full(there - 1))
    s.gain[1] = s.tables[SECTOR_TABLE, bits(p.sectors[actor] & ~s.group_sectors[level])]
    s.gain[2] = s.tables[TIE_TABLE, s.ties[level, place]]
    s.gain[3] = s.tables[PAIR_TABLE, s.pairs[level, place]]
    ties, pairs = _open_links(p, s, level, slot, actor)
    s.gain[2] += ties * max(0.0, s.tables[TIE_TABLE, 1]) / 2
    s.gain[3] += pairs * s.tables[PAIR_TABLE, 1] / 2
    demand = s.group_demand[level]
    s.gain[4] = w[COVERAGE] * (min(1.0, demand + p.demand[entry]) - min(1.0, demand))


@compiled
def _open_links(p: Problem, s: Board, level: int, slot: int, actor: int) -> tuple[int, int]:  # noqa: PLR0917
    """Return in how many other open slots somebody has a tie, and a pair."""
    ties = pairs = 0
    if p.tie_pools[actor] or p.pair_pools[actor]:
        for other in range(level, s.scalar[SIZE]):
            if other != slot:
                ties += p.tie_pools[actor] >> s.pools[other] & 1
                pairs += p.pair_pools[actor] >> s.pools[other] & 1
    return ties, pairs


@compiled
def _look_at_slot(p: Problem, s: Board, level: int, slot: int) -> None:
    """Add to ``rest`` the most that an open slot adds, by band and mixture, and to ``most``."""
    size = s.scalar[SIZE]
    s.best[:] = -np.inf
    ties = pairs = sectors = 0.0
    supply = demand = -np.inf
    base = s.offset[slot]
    for place in range(base, base + s.count[level, slot]):
        entry = s.entry[level, place]
        actor = p.actor[entry]
        _add_up(p, s, level, slot, place)
        _mix(s, p.own[entry] / size)
        band = _band(p, s.far[level, place])
        for mixture in range(MIXTURES):
            s.best[band, mixture] = max(s.best[band, mixture], s.mixture[mixture])
        more_ties, more_pairs = _open_links(p, s, level, slot, actor)
        ties = max(ties, s.ties[level, place] + more_ties / 2)
        pairs = max(pairs, s.pairs[level, place] + more_pairs / 2)
        sectors = max(sectors, float(bits(p.sectors[actor] & ~s.group_sectors[level])))
        supply, demand = max(supply, p.supply[entry]), max(demand, p.demand[entry])
    s.most[MOST_TIES] += ties
    s.most[MOST_PAIRS] += pairs
    s.most[MOST_SECTORS] += sectors
    s.most[MOST_SUPPLY] += supply
    s.most[MOST_DEMAND] += demand
    for band in range(BANDS):
        for mixture in range(MIXTURES):
            if band:
                s.best[band, mixture] = max(s.best[band, mixture], s.best[band - 1, mixture])
            s.rest[band, mixture] += s.best[band, mixture]


@compiled
def _mix(s: Board, base: float) -> None:
    """Fill ``mixture`` with a base and the gains of the modes that each mixture adds up."""
    s.mixture[0] = base
    for mode in range(MODES):
        for mixture in range(1 << mode):
            s.mixture[mixture + (1 << mode)] = s.mixture[mixture] + s.gain[mode]


@compiled
def _look_ahead(p: Problem, s: Board, level: int) -> None:
    """Fill ``rest`` and ``later`` with what the slots after the next add at most."""
    _set_tables(p, s, level)
    s.rest[:] = 0.0
    s.most[:] = 0.0
    for slot in range(level + 1, s.scalar[SIZE]):
        _look_at_slot(p, s, level, slot)
    s.later[BANDS, :] = -np.inf
    for band in range(BANDS - 1, -1, -1):
        lower = max(s.group_far[level], band * p.reach_km / BANDS)
        near = _proximity(p, lower)
        for mixture in range(MIXTURES):
            value = s.rest[band, mixture] + near
            s.later[band, mixture] = max(s.later[band + 1, mixture], value)


@compiled
def _worth(p: Problem, s: Board, level: int) -> float:
    """Return what the group of a level is worth, proximity and coverage left out."""
    w, size = p.weights, s.scalar[SIZE]
    return (
        s.group_own[level] / size
        + w[DIVERSITY] * _full(bits(s.group_family[level]) - 1)
        + w[TRANSVERSALITY] * _full(bits(s.group_sectors[level]) - 1)
        + w[TRUST] * _trust(s.group_ties[level], size)
        + w[COMPLEMENTARITY] * _full(s.group_pairs[level])
    )


@compiled
def _caps(p: Problem, s: Board, level: int, place: int) -> bool:
    """Fill ``mixture`` with what the modes set to their most gain; False if no type is in reach.

    ``gain`` holds what is added up; the two are never both counted for one mode.
    """
    entry, size, w = s.entry[level, place], s.scalar[SIZE], p.weights
    actor = p.actor[entry]
    families = s.reach[level + 1, s.group_family[level] | p.family[actor]]
    if not families:
        return False
    _add_up(p, s, level, level, place)
    ties, pairs = _open_links(p, s, level, level, actor)
    least = s.ties[level, place]
    most = least + int(s.most[MOST_TIES] + ties / 2)
    middle = size * (size - 1) // 4 - s.group_ties[level]
    sectors = bits(p.sectors[actor] & ~s.group_sectors[level]) + int(s.most[MOST_SECTORS])
    demand = s.group_demand[level] + p.demand[entry] + s.most[MOST_DEMAND]
    supply = s.group_supply[level] + p.supply[entry] + s.most[MOST_SUPPLY]
    family = _full(families - 1) - _full(bits(s.group_family[level]) - 1)
    s.mixture[0] = p.own[entry] / size
    _cap(s, 0, w[DIVERSITY] * family)
    _cap(s, 1, s.tables[SECTOR_TABLE, min(FULL, sectors)])
    _cap(s, 2, s.tables[TIE_TABLE, max(least, min(most, middle))])
    pairs_most = s.pairs[level, place] + int(s.most[MOST_PAIRS] + pairs / 2)
    _cap(s, 3, s.tables[PAIR_TABLE, min(FULL, pairs_most)])
    before = w[COVERAGE] * min(1.0, s.group_demand[level])
    covered = w[COVERAGE] * _covered(p, supply, demand) - before
    if not p.one_sided:
        s.gain[4] = np.inf
    _cap(s, 4, covered)
    return True


@compiled
def _cap(s: Board, mode: int, most: float) -> None:
    """Double the mixtures filled so far: with a mode set to its most, and with it added up."""
    for mixture in range(1 << mode):
        s.mixture[mixture + (1 << mode)] = s.mixture[mixture] + s.gain[mode]
        s.mixture[mixture] += most


@compiled
def _bound(p: Problem, s: Board, level: int, place: int) -> float:
    """Return a bound on the groups in which somebody fills the next slot, less what they are now."""
    if not _caps(p, s, level, place):
        return -np.inf
    far = max(s.group_far[level], s.far[level, place])
    band = _band(p, far)
    near = _proximity(p, far)
    least = np.inf
    for mixture in range(MIXTURES):
        after = max(s.rest[band, mixture] + near, s.later[band + 1, mixture])
        least = min(least, s.mixture[mixture] + after)
    return least


@compiled
def _branch(p: Problem, s: Board, level: int) -> float:
    """Note who can fill the next slot, the most promising first; return the highest bound."""
    _look_ahead(p, s, level)
    now = _worth(p, s, level) + p.weights[COVERAGE] * min(1.0, s.group_demand[level])
    base, kept = s.offset[level], 0
    for place in range(base, base + s.count[level, level]):
        bound = now + _bound(p, s, level, place)
        if bound >= s.floor[0] and bound > -np.inf:
            s.child[level, kept] = place
            s.child_bound[level, kept] = bound
            kept += 1
    s.children[level] = kept
    s.turn[level] = 0
    if not kept:
        return -np.inf
    order = np.argsort(-s.child_bound[level, :kept], kind="mergesort")
    s.child[level, :kept] = s.child[level, :kept][order]
    s.child_bound[level, :kept] = s.child_bound[level, :kept][order]
    return float(s.child_bound[level, 0])


@compiled
def _complete(p: Problem, s: Board, level: int) -> float:
    """Offer the groups that the last slot completes; return the highest score."""
    size, w, best = s.scalar[SIZE], p.weights, -np.inf
    base = s.offset[level]
    for place in range(base, base + s.count[level, level]):
        entry = s.entry[level, place]
        actor = p.actor[entry]
        rank = p.ranks[s.group_family[level] | p.family[actor]]
        if rank < 0:
            continue
        supply = s.group_supply[level] + p.supply[entry]
        demand = s.group_demand[level] + p.demand[entry]
        score = (
            w[COVERAGE] * _covered(p, supply, demand)
            + (s.group_own[level] + p.own[entry]) / size
            + _proximity(p, max(s.group_far[level], s.far[level, place]))
            + w[COMPLEMENTARITY] * _full(s.group_pairs[level] + s.pairs[level, place])
            + w[DIVERSITY] * _full(bits(s.group_family[level] | p.family[actor]) - 1)
            + w[TRANSVERSALITY] * _full(bits(s.group_sectors[level] | p.sectors[actor]) - 1)
            + w[TRUST] * _trust(s.group_ties[level] + s.ties[level, place], size)
        )
        best = max(best, score)
        if score >= s.floor[0]:
            s.seat[level] = entry
            _offer(p, s, score, rank)
    return best


@compiled
def _offer(p: Problem, s: Board, score: float, rank: int) -> None:
    """Keep a group if it is among the best: by score, type, members, then slots."""
    held, longest, last = s.scalar[HELD], s.top_seats.shape[1], s.top_key.shape[0] - 1
    _write_key(p, s, held, score, rank)
    place = held
    for other in range(held):
        if _same(s, other, held, longest):
            if not _before(s, held, other):
                return
            _move(s, held, other)
            place, held = other, held - 1
            break
    while place and _before(s, place, place - 1):
        _move(s, last, place - 1) if False else _swap(s, place, place - 1)
        place -= 1
    s.scalar[HELD] = min(last, held + 1)
    if s.scalar[HELD] == last:
        s.floor[0] = -s.top_key[last - 1, 0] / SCALE - EPSILON
