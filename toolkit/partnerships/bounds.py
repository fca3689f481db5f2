"""What a node of the search is worth at most: plain loops over arrays, compiled where possible.

A node has seated the first members of a team (a set of slots), in the order of its pools.  For each
open slot it keeps who can still join (not a member, a meeting place in common, no turn already had
in an interchangeable slot) with the longest trip, the ties and the pairs to the members so far.

The bound adds to what the members are worth the most that each open slot can add.  Five criteria of
a count, or a sum, have a top (the modes of ``board.MODES``).  Each is read in one of two ways:

- added up over the members to come, each on top of the group so far: valid because the criterion is
  concave; ties and pairs between two members to come are shared by halves;
- set to the most that it can reach with the highest counts of all open slots.

Every mixture of ways bounds from above, and the least is kept.  Additions are taken in bands of the
longest trip: proximity is that of the band's lower edge, and nobody beyond its upper edge joins.
Who is in no group that could still be kept is taken out of the lists, below this node.
"""
# ruff: noqa: PLR0917 - compiled functions take their arguments by place

from __future__ import annotations

import math
from typing import Final

import numpy as np

from toolkit.compiled import compiled
from toolkit.partnerships.board import (
    BANDS,
    CHILDREN,
    COMPLEMENTARITY,
    COVERAGE,
    DEMAND,
    DIVERSITY,
    ENTRY,
    FAMILY,
    GROUP,
    LATER,
    LONGEST,
    MOST_DEMAND,
    MOST_PAIRS,
    MOST_SECTORS,
    MOST_SUPPLY,
    MOST_TIES,
    NEW_SECTORS,
    OFFSET,
    OPEN_PAIRS,
    OPEN_TIES,
    OWN,
    PAIR_SLOTS,
    PAIRS,
    POOL,
    PROXIMITY,
    REST,
    SECTORS,
    SIZE,
    START,
    SUPPLY,
    TIE_SLOTS,
    TIES,
    TRANSVERSALITY,
    TRUST,
    WITH_PAIRS,
    WITH_TIES,
    Board,
    Problem,
)
from toolkit.partnerships.criteria import covered, nearby

MANY_PAIRS: Final = 20_000
"""Pairs of members to be from which it takes too long to look for links among them again."""
BOTH: Final = 3
"""Bits of somebody who has both a tie and a pair."""
AHEAD: Final = 2
"""Open slots beyond which links among those to come are looked for again."""


@compiled
def bits(word: int) -> int:
    """Return how many bits of a non-negative word are set."""
    found = 0
    while word:
        word &= word - 1
        found += 1
    return found


@compiled
def set_team(p: Problem, s: Board, team: int) -> None:
    """Lay out the pools of a team, nobody seated."""
    size = p.teams[team, -1]
    s.scalar[SIZE] = size
    s.near[0, :] = -1
    for slot in range(size):
        pool = p.teams[team, slot]
        s.team[POOL, slot] = pool
        first = p.pools[pool, START]
        length = p.pools[pool + 1, START] - first
        s.counts[0, slot] = length
        base = s.team[OFFSET, slot]
        s.team[OFFSET, slot + 1] = base + length
        for place in range(length):
            s.lists[0, base + place, ENTRY] = first + place
    for slot in range(size):
        _set_links(p, s, slot)
    for state in range(len(p.ranks)):
        s.reach[size, state] = p.families[state] if p.ranks[state] >= 0 else 0
    for slot in range(size - 1, -1, -1):
        _set_reach(p, s, slot)


@compiled
def _set_links(p: Problem, s: Board, slot: int) -> None:
    """Note in which other slots of the team those of a slot have a tie, and a pair."""
    base = s.team[OFFSET, slot]
    for place in range(base, base + s.counts[0, slot]):
        kinds = p.kinds[p.actor[s.lists[0, place, ENTRY]]]
        ties = pairs = 0
        for other in range(s.scalar[SIZE]):
            if other != slot:
                ties |= (kinds[TIES] >> s.team[POOL, other] & 1) << other
                pairs |= (kinds[PAIRS] >> s.team[POOL, other] & 1) << other
        s.lists[0, place, TIE_SLOTS], s.lists[0, place, PAIR_SLOTS] = ties, pairs


@compiled
def _renew_links(p: Problem, s: Board, level: int, slot: int) -> None:
    """Forget the links of a slot with open slots whose other end has dropped out."""
    base = s.team[OFFSET, slot]
    if len(p.link) == 0:
        return
    for other in range(level, s.scalar[SIZE]):
        if other == slot or s.counts[level, other] * s.counts[level, slot] > MANY_PAIRS:
            continue
        first, bit = s.team[OFFSET, other], 1 << other
        last = first + s.counts[level, other]
        for place in range(base, base + s.counts[level, slot]):
            ties, pairs = (
                s.lists[level, place, TIE_SLOTS],
                s.lists[level, place, PAIR_SLOTS],
            )
            if (ties | pairs) & bit == 0:
                continue
            actor, met = p.actor[s.lists[level, place, ENTRY]], 0
            for end in range(first, last):
                met |= p.link[actor, p.actor[s.lists[level, end, ENTRY]]]
                if met == BOTH:
                    break
            if met & 1 == 0:
                s.lists[level, place, TIE_SLOTS] = ties & ~bit
            if met & 2 == 0:
                s.lists[level, place, PAIR_SLOTS] = pairs & ~bit


@compiled
def _set_reach(p: Problem, s: Board, level: int) -> None:
    """Note, by state so far, how many families a group of a type wanted can have (0: none)."""
    pool, there = s.team[POOL, level], 0
    for entry in range(p.pools[pool, START], p.pools[pool + 1, START]):
        there |= 1 << p.kinds[p.actor[entry], FAMILY]
    for state in range(len(p.ranks)):
        most = 0
        for family in range(p.step.shape[1]):
            if there >> family & 1:
                most = max(most, s.reach[level + 1, p.step[state, family]])
        s.reach[level, state] = most


@compiled
def seat(p: Problem, s: Board, level: int, place: int) -> bool:
    """Seat somebody of the next slot's list; return whether every open slot still has somebody."""
    entry, new = s.lists[level, place, ENTRY], level + 1
    actor = p.actor[entry]
    s.seat[level] = entry
    s.figures[new, LONGEST] = max(s.figures[level, LONGEST], s.far[level, place])
    for column in range(3):
        s.figures[new, column] = s.figures[level, column] + p.figures[entry, column]
    s.kinds[new, FAMILY] = p.step[s.kinds[level, FAMILY], p.kinds[actor, FAMILY]]
    s.kinds[new, SECTORS] = s.kinds[level, SECTORS] | p.kinds[actor, SECTORS]
    s.kinds[new, TIES] = s.kinds[level, TIES] + s.lists[level, place, WITH_TIES]
    s.kinds[new, PAIRS] = s.kinds[level, PAIRS] + s.lists[level, place, WITH_PAIRS]
    for word in range(p.near.shape[1]):
        s.near[new, word] = s.near[level, word] & p.near[actor, word]
    group = p.pools[s.team[POOL, level], GROUP]
    for slot in range(new, s.scalar[SIZE]):
        # Who had a turn before in an interchangeable slot, or is not worth one, is left out of the
        # others: its groups are known.
        alike = p.pools[s.team[POOL, slot], GROUP] == group
        _narrow(p, s, new, slot, actor, s.turn_of[level, actor] if alike else -1)
        if s.counts[new, slot] == 0:
            return False
    return True


@compiled
def _narrow(p: Problem, s: Board, new: int, slot: int, actor: int, turn: int) -> None:
    """Keep who can still join a slot after an actor was seated, those of later turns than ``turn``.

    A turn of -1 keeps everybody.
    """
    old, base = new - 1, s.team[OFFSET, slot]
    kept, near, dense = base, s.near[new], len(p.link) > 0
    x_km, y_km = p.place_km[actor, 0], p.place_km[actor, 1]
    first, last = p.tie_ends[actor], p.tie_ends[actor + 1]
    for place in range(base, base + s.counts[old, slot]):
        entry = s.lists[old, place, ENTRY]
        other = p.actor[entry]
        if other == actor or (turn >= 0 and s.turn_of[old, other] <= turn):
            continue
        met = 0
        for word in range(near.shape[0]):
            met |= near[word] & p.near[other, word]
        if met == 0:
            continue
        east, north = p.place_km[other, 0] - x_km, p.place_km[other, 1] - y_km
        if dense:
            link = np.int64(p.link[actor, other])
        else:
            link = np.int64(0)
            for rank in range(first, last):
                if p.ties[rank] == other:
                    link = np.int64(1)
            met = 0
            for word in range(p.offers.shape[1]):
                met |= p.offers[actor, word] & p.wants[other, word]
                met |= p.wants[actor, word] & p.offers[other, word]
            if met:
                link |= np.int64(2)
        s.lists[new, kept, ENTRY] = entry
        s.lists[new, kept, TIE_SLOTS] = s.lists[old, place, TIE_SLOTS]
        s.lists[new, kept, PAIR_SLOTS] = s.lists[old, place, PAIR_SLOTS]
        s.lists[new, kept, WITH_TIES] = s.lists[old, place, WITH_TIES] + (link & 1)
        s.lists[new, kept, WITH_PAIRS] = s.lists[old, place, WITH_PAIRS] + (link >> 1)
        s.far[new, kept] = max(s.far[old, place], math.sqrt(east * east + north * north))
        kept += 1
    s.counts[new, slot] = kept - base


@compiled
def _set_tables(p: Problem, s: Board, level: int) -> None:
    """Tabulate what more families, sectors, ties or pairs add to the group of a level."""
    worth, counted = p.worth[s.scalar[SIZE]], p.worth.shape[2]
    # The first family and the first sector of a group add nothing, so that these criteria are
    # concave from one on: a group without any is bounded as if it had one.
    for criterion, had in (
        (DIVERSITY, max(1, p.families[s.kinds[level, FAMILY]])),
        (TRANSVERSALITY, max(1, bits(s.kinds[level, SECTORS]))),
        (TRUST, s.kinds[level, TIES]),
        (COMPLEMENTARITY, s.kinds[level, PAIRS]),
    ):
        for more in range(counted):
            after = worth[criterion, min(counted - 1, had + more)]
            s.tables[criterion, more] = after - worth[criterion, had]


@compiled
def _add_up(p: Problem, s: Board, level: int, slot: int) -> None:
    """Fill ``added`` with what everybody of a slot's list adds, links to open slots by halves."""
    held, had = s.kinds[level, FAMILY], s.kinds[level, SECTORS]
    weight = p.weights[COVERAGE] if p.one_sided else 0.0
    demand, there = s.figures[level, DEMAND], p.families[held]
    tie, pair = max(0.0, s.tables[TRUST, 1]) / 2, s.tables[COMPLEMENTARITY, 1] / 2
    base, others = s.team[OFFSET, slot], -1 << level
    for place in range(base, base + s.counts[level, slot]):
        entry = s.lists[level, place, ENTRY]
        actor = p.actor[entry]
        ties = bits(s.lists[level, place, TIE_SLOTS] & others)
        pairs = bits(s.lists[level, place, PAIR_SLOTS] & others)
        sectors = bits(p.kinds[actor, SECTORS] & ~had)
        s.added[place, OPEN_TIES], s.added[place, OPEN_PAIRS] = ties, pairs
        s.added[place, NEW_SECTORS] = sectors
        after = p.families[p.step[held, p.kinds[actor, FAMILY]]]
        s.added[place, 0] = s.tables[DIVERSITY, after - there]
        s.added[place, 1] = s.tables[TRANSVERSALITY, sectors]
        known = s.tables[TRUST, s.lists[level, place, WITH_TIES]]
        s.added[place, 2] = known + ties * tie
        known = s.tables[COMPLEMENTARITY, s.lists[level, place, WITH_PAIRS]]
        s.added[place, 3] = known + pairs * pair
        more = min(1.0, demand + p.figures[entry, DEMAND]) - min(1.0, demand)
        s.added[place, 4] = weight * more


@compiled
def _note_best(p: Problem, s: Board, level: int, slot: int) -> None:
    """Fill the table of a slot with the most that it adds, by band and mixture."""
    size, base = s.scalar[SIZE], s.team[OFFSET, slot]
    best, summed, mixtures = s.bands[slot], s.summed, s.summed.shape[1]
    best[:, :] = -np.inf
    narrow = BANDS / p.reach_km
    for place in range(base, base + s.counts[level, slot]):
        own = p.figures[s.lists[level, place, ENTRY], OWN] / size
        kinds, sectors = s.added[place, 0], s.added[place, 1]
        ties, pairs, demand = s.added[place, 2], s.added[place, 3], s.added[place, 4]
        band = min(BANDS - 1, int(s.far[level, place] * narrow))
        for rank in range(mixtures):
            value = own + summed[0, rank] * kinds + summed[1, rank] * sectors
            value += summed[2, rank] * ties + summed[3, rank] * pairs + summed[4, rank] * demand
            best[band, rank] = max(best[band, rank], value)
    for band in range(1, BANDS):
        for rank in range(mixtures):
            best[band, rank] = max(best[band, rank], best[band - 1, rank])


@compiled
def _note_most(p: Problem, s: Board, level: int, slot: int) -> None:
    """Note the highest counts that an open slot can bring."""
    ties = pairs = sectors = supply = demand = 0.0
    base = s.team[OFFSET, slot]
    for place in range(base, base + s.counts[level, slot]):
        entry = s.lists[level, place, ENTRY]
        ties = max(ties, s.lists[level, place, WITH_TIES] + s.added[place, OPEN_TIES] / 2)
        pairs = max(pairs, s.lists[level, place, WITH_PAIRS] + s.added[place, OPEN_PAIRS] / 2)
        sectors = max(sectors, s.added[place, NEW_SECTORS])
        supply = max(supply, p.figures[entry, SUPPLY])
        demand = max(demand, p.figures[entry, DEMAND])
    s.most[slot, MOST_TIES], s.most[slot, MOST_PAIRS] = ties, pairs
    s.most[slot, MOST_SECTORS] = sectors
    s.most[slot, MOST_SUPPLY], s.most[slot, MOST_DEMAND] = supply, demand


@compiled
def _sum_others(p: Problem, s: Board, level: int, slot: int) -> None:
    """Fill ``after``, and the last row of ``most``, with what open slots but one add at most."""
    rest, later, total = s.after[REST], s.after[LATER], s.most[-1]
    rest[:, :] = 0.0
    total[:] = 0.0
    for other in range(level, s.scalar[SIZE]):
        if other != slot:
            total += s.most[other]
            rest[:BANDS] += s.bands[other]
    later[BANDS, :] = -np.inf
    for band in range(BANDS - 1, -1, -1):
        least = max(s.figures[level, LONGEST], band * p.reach_km / BANDS)
        near = p.weights[PROXIMITY] * nearby(least, p.reach_km)
        for rank in range(later.shape[1]):
            later[band, rank] = max(later[band + 1, rank], rest[band, rank] + near)


@compiled
def _bound_all(  # noqa: PLR0915 - see below
    p: Problem, s: Board, level: int, slot: int, now: float
) -> None:
    """Fill ``bound`` with the most that groups score in which somebody fills an open slot.

    ``now`` is what the group so far is worth.  Minus infinity where no type wanted is in reach, or
    where some mixture of ways already shows that the groups are not good enough.
    """
    # Longer than 40 lines: a call with all these arrays takes longer than a bound itself.
    w, size, last = p.weights, s.scalar[SIZE], s.most.shape[0] - 1
    lists, far_km, tables, added = s.lists[level], s.far[level], s.tables, s.added
    rest, later, mixture, floor = s.after[REST], s.after[LATER], s.mixture, s.floor[0]
    held, longest = s.kinds[level, FAMILY], s.figures[level, LONGEST]
    had, ways = p.families[held], mixture.shape[0]
    supply_so_far = s.figures[level, SUPPLY] + s.most[last, MOST_SUPPLY]
    demand_so_far = s.figures[level, DEMAND] + s.most[last, MOST_DEMAND]
    covered_now = w[COVERAGE] * min(1.0, s.figures[level, DEMAND]) if p.one_sided else 0.0
    most_ties, most_pairs = s.most[last, MOST_TIES], s.most[last, MOST_PAIRS]
    most_sectors = s.most[last, MOST_SECTORS]
    # Trust has a top, the others only rise.
    top, most_counted = np.argmax(tables[TRUST]), tables.shape[1] - 1
    base = s.team[OFFSET, slot]
    for place in range(base, base + s.counts[level, slot]):
        entry = lists[place, ENTRY]
        after = p.step[held, p.kinds[p.actor[entry], FAMILY]]
        if slot == level:
            families = s.reach[level + 1, after]
        else:
            # The slot's own turn is still in this table: harmless where a family counts once only.
            families = s.reach[level, after if p.by_set else held]
        if families == 0:
            s.bound[place] = -np.inf
            continue
        whole = w[COVERAGE] * covered(
            supply_so_far + p.figures[entry, SUPPLY],
            demand_so_far + p.figures[entry, DEMAND],
            p.one_sided,
        )
        ties, pairs = lists[place, WITH_TIES], lists[place, WITH_PAIRS]
        ties_end = ties + int(most_ties + added[place, OPEN_TIES] / 2)
        pairs_end = pairs + int(most_pairs + added[place, OPEN_PAIRS] / 2)
        sectors_end = int(added[place, NEW_SECTORS] + most_sectors)
        kinds = tables[DIVERSITY, families - had]
        sectors = tables[TRANSVERSALITY, min(most_counted, sectors_end)]
        tied = tables[TRUST, max(ties, min(ties_end, top))]
        paired = tables[COMPLEMENTARITY, min(most_counted, pairs_end)]
        demand = whole - covered_now
        # Every criterion at its most, then each mixture: twice as many with every mode.
        mixture[0] = now + p.figures[entry, OWN] / size + kinds + sectors + tied + paired + demand
        mixture[1] = mixture[0] + (added[place, 0] - kinds)
        gain = added[place, 1] - sectors
        for rank in range(2):
            mixture[2 + rank] = mixture[rank] + gain
        gain = added[place, 2] - tied
        for rank in range(4):
            mixture[4 + rank] = mixture[rank] + gain
        gain = added[place, 3] - paired
        for rank in range(8):
            mixture[8 + rank] = mixture[rank] + gain
        if p.one_sided:
            gain = added[place, 4] - demand
            for rank in range(16):
                mixture[16 + rank] = mixture[rank] + gain
        far = max(longest, far_km[place])
        band = min(BANDS - 1, int(far * (BANDS / p.reach_km)))
        near = w[PROXIMITY] * nearby(far, p.reach_km)
        least = np.inf
        for rank in range(ways):
            least = min(
                least,
                mixture[rank] + max(rest[band, rank] + near, later[band + 1, rank]),
            )
        s.bound[place] = least if least >= floor else -np.inf


@compiled
def _worth(p: Problem, s: Board, level: int) -> float:
    """Return what the group of a level is worth, proximity and coverage by two sides left out."""
    size = s.scalar[SIZE]
    worth = p.worth[size]
    total = (
        s.figures[level, OWN] / size
        + worth[DIVERSITY, p.families[s.kinds[level, FAMILY]]]
        + worth[TRANSVERSALITY, bits(s.kinds[level, SECTORS])]
        + worth[TRUST, s.kinds[level, TIES]]
        + worth[COMPLEMENTARITY, s.kinds[level, PAIRS]]
    )
    if p.one_sided:
        total += p.weights[COVERAGE] * covered(0.0, s.figures[level, DEMAND], p.one_sided)
    return float(total)


@compiled
def _drop_hopeless(p: Problem, s: Board, level: int, first: int, now: float) -> bool:
    """Take out of open slots who is in no group good enough; False if a slot is left empty."""
    for slot in range(first, s.scalar[SIZE]):
        _add_up(p, s, level, slot)
        _sum_others(p, s, level, slot)
        _bound_all(p, s, level, slot, now)
        base = s.team[OFFSET, slot]
        kept = base
        for place in range(base, base + s.counts[level, slot]):
            if s.bound[place] > -np.inf:
                s.lists[level, kept] = s.lists[level, place]
                s.far[level, kept] = s.far[level, place]
                kept += 1
        s.counts[level, slot] = kept - base
        if kept == base:
            return False
        if s.scalar[SIZE] - level > AHEAD:
            _add_up(p, s, level, slot)
            _note_best(p, s, level, slot)
            _note_most(p, s, level, slot)
    return True


@compiled
def _look_at_slots(p: Problem, s: Board, level: int) -> None:
    """Fill the tables of every open slot."""
    for slot in range(level, s.scalar[SIZE]):
        _add_up(p, s, level, slot)
        _note_best(p, s, level, slot)
        _note_most(p, s, level, slot)


@compiled
def branch(p: Problem, s: Board, level: int, thorough: bool) -> float:  # noqa: FBT001
    """Note who can fill the next slot, the most promising first; return the highest bound.

    ``thorough`` takes those without hope out first, which is slower and tighter.
    """
    _set_tables(p, s, level)
    _look_at_slots(p, s, level)
    now, kept = _worth(p, s, level), 0
    if thorough and s.floor[0] > -np.inf:
        if not _drop_hopeless(p, s, level, level, now):
            return -np.inf
        if s.scalar[SIZE] - level > AHEAD:
            for slot in range(level, s.scalar[SIZE]):
                _renew_links(p, s, level, slot)
            _look_at_slots(p, s, level)
            if not _drop_hopeless(p, s, level, level, now):
                return -np.inf
    _add_up(p, s, level, level)
    _sum_others(p, s, level, level)
    _bound_all(p, s, level, level, now)
    base = s.team[OFFSET, level]
    for place in range(base, base + s.counts[level, level]):
        s.turn_of[level, p.actor[s.lists[level, place, ENTRY]]] = -1
        if s.bound[place] > -np.inf:
            s.child[level, kept] = place
            s.child_bound[level, kept] = s.bound[place]
            kept += 1
    s.turns[level, CHILDREN] = kept
    if kept == 0:
        return -np.inf
    order = np.argsort(-s.child_bound[level, :kept], kind="mergesort")
    s.child[level, :kept] = s.child[level, :kept][order]
    s.child_bound[level, :kept] = s.child_bound[level, :kept][order]
    for turn in range(kept):
        s.turn_of[level, p.actor[s.lists[level, s.child[level, turn], ENTRY]]] = turn
    return float(s.child_bound[level, 0])
