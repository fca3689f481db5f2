"""One opening and its teams as plain arrays: what the compiled search reads and writes on.

Arrays are few and have columns (``FAMILY``, ``OWN``...) because each one passed to a compiled
function costs time at every call.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from toolkit.partnerships import criteria
from toolkit.partnerships.arena import TOLERANCE_KM, Arena, Pool
from toolkit.partnerships.links import PAIR, TIE, links_of

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]

BANDS: Final = 12
"""Bands of the longest trip that a bound tells apart; more are tighter and slower."""
MODES: Final = 5
"""Diversity, transversality, trust, complementarity, coverage: added up, or set to their most."""
MOST_DENSE: Final = 6_000
"""Actors up to which all links are laid out as a square; beyond, that would take too much room."""
MOST_COUNTED: Final = 66
"""Above any number of pairs of members, and of sectors."""

WEIGHED: Final = ("coverage", "proximity")
"""Criteria in the order of ``Problem.weights``; suitability and capacity are in column ``OWN``, the
others in ``Problem.worth``, in the order of ``criteria.COUNTED``."""
COVERAGE, PROXIMITY = range(2)
DIVERSITY, TRANSVERSALITY, TRUST, COMPLEMENTARITY = range(4)

FAMILY, SECTORS, TIES, PAIRS = range(4)
"""Columns of ``Problem.kinds`` (place of the family; ties and pairs: one bit a pool) and of
``Board.kinds`` (state of the composition; counts)."""
OWN, SUPPLY, DEMAND, LONGEST = range(4)
"""Columns of ``Problem.figures`` and of ``Board.figures`` (which adds the longest trip, km)."""
START, SLOT, GROUP = range(3)
"""Columns of ``Problem.pools``."""
ENTRY, WITH_TIES, WITH_PAIRS, TIE_SLOTS, PAIR_SLOTS = range(5)
"""Columns of ``Board.lists``."""
OPEN_TIES, OPEN_PAIRS, NEW_SECTORS = MODES, MODES + 1, MODES + 2
"""Columns of ``Board.added`` after those of the modes."""
REST, LATER = range(2)
"""Tables of ``Board.after``."""
MOST_TIES, MOST_PAIRS, MOST_SECTORS, MOST_SUPPLY, MOST_DEMAND = range(5)
POOL, OFFSET = range(2)
CHILDREN, TURN = range(2)
SIZE, NODES, HELD = range(3)
"""Places of ``Board.scalar``: members of the team, nodes looked into, groups held."""


class Problem(NamedTuple):
    """One opening: actors, entries (an actor in a pool), pools and teams.

    ``link`` has bit 0 for a tie and bit 1 for a pair; it is empty where actors are so many that
    links are looked up in ``offers``, ``wants`` and ``ties`` (those of an actor lie between its
    ``tie_ends``) when somebody is seated.  ``step``, ``ranks`` and ``families`` are those of
    :class:`Composition`; ``by_set`` is whether one more member of a family that is there never
    changes the state.  ``worth`` are :func:`criteria.tables`.  ``teams`` has one row a team: its
    pools in the order in which they are filled, then -1, and how many they are in the last column.
    """

    weights: Floats
    worth: Floats
    place_km: Floats
    near: Integers
    kinds: Integers
    link: Bytes
    offers: Integers
    wants: Integers
    tie_ends: Integers
    ties: Integers
    step: Integers
    ranks: Integers
    families: Integers
    actor: Integers
    figures: Floats
    pools: Integers
    teams: Integers
    reach_km: float
    one_sided: bool
    by_set: bool


class Board(NamedTuple):
    """What the search writes on; arrays that have a level (members seated) have it first."""

    scalar: Integers
    floor: Floats
    team: Integers
    reach: Integers
    lists: Integers
    far: Floats
    counts: Integers
    seat: Integers
    figures: Floats
    kinds: Integers
    near: Integers
    added: Floats
    bound: Floats
    mixture: Floats
    summed: Floats
    bands: Floats
    after: Floats
    tables: Floats
    most: Floats
    child: Integers
    child_bound: Floats
    turn_of: Integers
    turns: Integers
    top: Integers


def board_of(problem: Problem, *, size: int) -> Board:
    """Return an empty board for the search of the ``size`` best groups."""
    longest = problem.teams.shape[1] - 1
    lengths = np.diff(problem.pools[:, START])
    total = max(int(lengths[row[: row[-1]]].sum()) for row in problem.teams)
    levels = longest + 1
    modes = MODES if problem.one_sided else MODES - 1

    def whole(*shape: int) -> Integers:
        return np.zeros(shape, dtype="int64")

    return Board(
        scalar=whole(3),
        floor=np.full(1, -np.inf),
        team=whole(2, levels),
        reach=whole(levels, len(problem.ranks)),
        lists=whole(levels, total, 5),
        far=np.zeros((levels, total)),
        counts=whole(levels, longest),
        seat=whole(levels),
        figures=np.zeros((levels, 4)),
        kinds=whole(levels, 4),
        near=whole(levels, problem.near.shape[1]),
        added=np.zeros((total, MODES + 3)),
        bound=np.zeros(total),
        mixture=np.zeros(1 << modes),
        summed=(np.arange(1 << modes) >> np.arange(MODES)[:, None] & 1).astype("float64"),
        bands=np.zeros((longest, BANDS, 1 << modes)),
        after=np.zeros((2, BANDS + 1, 1 << modes)),
        tables=np.zeros((4, MOST_COUNTED)),
        most=np.zeros((levels, 5)),
        child=whole(levels, total),
        child_bound=np.zeros((levels, total)),
        turn_of=whole(levels, len(problem.kinds)),
        turns=whole(levels, 2),
        top=whole(size + 2, 2 + 3 * longest),
    )


def problem_of(arena: Arena, teams: Sequence[tuple[Pool, ...]]) -> Problem:
    """Return an opening and its teams as arrays."""
    pools, rows = _pools_of(teams)
    weights = arena.weights
    actor = np.concatenate([pool.actors for pool in pools])
    suits = np.concatenate([pool.suitability for pool in pools])
    own = weights["suitability"] * suits + weights["capacity"] * arena.means[actor]
    supply = np.concatenate([pool.supply for pool in pools])
    demand = np.concatenate([pool.demand for pool in pools])
    place_km = np.column_stack([arena.x_km, arena.y_km])
    offers, wants = arena.offers.view("int64"), arena.wants.view("int64")
    ends, ties = _ties_of(arena)
    link = np.zeros((0, 0), dtype="uint8")
    if len(arena.actors) <= MOST_DENSE:
        reach_km = 2.0 * arena.radius_km + TOLERANCE_KM
        link = links_of(place_km, offers, wants, arena.edges, reach_km)
        tied, paired = (
            _by_pool(link & TIE != 0, pools),
            _by_pool(link & PAIR != 0, pools),
        )
    else:
        tied, paired = _maybe_tied(arena, pools), _maybe_paired(arena, pools)
    step = arena.composition.step
    kinds = [
        arena.family,
        arena.sectors.astype("int64"),
        tied,
        paired,
    ]
    starts = np.cumsum([0, *(len(pool.actors) for pool in pools)])
    slots = [*(pool.slot for pool in pools), -1]
    groups = [*(pool.group for pool in pools), -1]
    return Problem(
        weights=np.array([weights[name] for name in WEIGHED], dtype="float64"),
        worth=criteria.tables(weights, most_members=rows.shape[1] - 1, most_counted=MOST_COUNTED),
        place_km=place_km,
        near=arena.near.view("int64"),
        kinds=np.column_stack(kinds),
        link=link,
        offers=offers,
        wants=wants,
        tie_ends=ends,
        ties=ties,
        step=step,
        ranks=arena.composition.rank,
        families=arena.composition.families,
        actor=actor,
        figures=np.column_stack([own, supply, demand]),
        pools=np.column_stack([starts, slots, groups]),
        teams=rows,
        reach_km=2.0 * float(arena.radius_km),
        one_sided=bool(arena.one_sided),
        by_set=bool(
            all((step[after, family] == after).all() for family, after in enumerate(step.T))
        ),
    )


def _pools_of(teams: Sequence[tuple[Pool, ...]]) -> tuple[list[Pool], Integers]:
    """Return the distinct pools, and the teams as rows of their places."""
    known: dict[tuple[int, int, bytes], int] = {}
    pools: list[Pool] = []
    longest = max(len(team) for team in teams)
    rows = np.full((len(teams), longest + 1), -1, dtype="int64")
    for place, team in enumerate(teams):
        rows[place, longest] = len(team)
        for rank, pool in enumerate(team):
            key = pool.slot, pool.group, pool.actors.tobytes()
            if key not in known:
                known[key] = len(pools)
                pools.append(pool)
            rows[place, rank] = known[key]
    return pools, rows


def _by_pool(links: Flags, pools: Sequence[Pool]) -> Integers:
    """Return, for each actor, one bit a pool that holds somebody it is linked with."""
    words = np.zeros(len(links), dtype="int64")
    if links.any():
        for rank, pool in enumerate(pools):
            words |= links[:, pool.actors].any(axis=1).astype("int64") << rank
    return words


def _ties_of(arena: Arena) -> tuple[Integers, Integers]:
    """Return whom each actor has a tie with, one after the other, and where each one's begin."""
    pairs = np.concatenate([arena.edges, arena.edges[:, ::-1]])
    pairs = np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)
    ends = np.searchsorted(pairs[:, 0], np.arange(len(arena.actors) + 1))
    return ends.astype("int64"), np.ascontiguousarray(pairs[:, 1])


def _maybe_tied(arena: Arena, pools: Sequence[Pool]) -> Integers:
    """Return, for each actor, one bit a pool that holds somebody it has a tie with."""
    words = np.zeros(len(arena.actors), dtype="int64")
    one, other = np.concatenate([arena.edges, arena.edges[:, ::-1]]).T
    for rank, pool in enumerate(pools):
        np.bitwise_or.at(words, one[np.isin(other, pool.actors)], 1 << rank)
    return words


def _maybe_paired(arena: Arena, pools: Sequence[Pool]) -> Integers:
    """Return one bit a pool in which the actor may have an offer-need pair, however far away."""
    words = np.zeros(len(arena.actors), dtype="int64")
    for rank, pool in enumerate(pools):
        asked = np.bitwise_or.reduce(arena.wants[pool.actors])
        offered = np.bitwise_or.reduce(arena.offers[pool.actors])
        met = (arena.offers & asked).any(axis=1) | (arena.wants & offered).any(axis=1)
        words |= met.astype("int64") << rank
    return words
