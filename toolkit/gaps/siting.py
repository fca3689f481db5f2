"""Where more sites of a service bring it within reach of most people: maximal covering location.

The existing sites stay where they are: whoever reaches one counts for nothing here.  Exact, for
each number of sites anew, so that the places of two sites need not hold the place of one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from toolkit.gaps.catchment import Pairs

Floats = NDArray[np.float64]
Columns = NDArray[np.intp]

PEOPLE_STEP: Final = 1e-5
"""People closer than this are as many: cells may hold parts of persons (own rule)."""
FEW: Final = 20_000
"""Choices of all sites but one up to which they are tried, as that is quicker than the solver."""
ROOM: Final = 4_000_000
"""Cells of the full table of people and candidates up to which it is made for that."""
_HALF: Final = 0.5


@dataclass(frozen=True, slots=True)
class Siting:
    """The best places of some sites.

    Attributes
    ----------
    places : tuple of int
        Positions of the candidates, in increasing order.
    people : float
        People that they bring within reach.
    """

    places: tuple[int, ...]
    people: float


def best_sites(pairs: Pairs, *, people: Floats, most: int) -> tuple[Siting, ...]:
    """Return the best places of one site, of two, and so on.

    Maximise sum_i P_i y_i with y_i <= sum_j x_j over the candidates j that origin i reaches, and
    at most p sites x_j.

    Parameters
    ----------
    pairs : Pairs
        Origins and candidate places in reach of each other; the order of the candidates decides
        between equals.
    people : array, shape (n_origins,)
        People who reach no existing site, finite and >= 0; 0 for the others.
    most : int
        Sites placed at most, >= 1.

    Returns
    -------
    tuple of Siting
        The best for 1, 2 ... sites; shorter where a further site brings nobody more.

    Notes
    -----
    Exact.  Only candidates that can be among the best p sites are looked at: each of these reaches
    alone at least what the best p sites reach beyond the best p - 1, and that is bounded from below
    by a greedy choice improved by exchanges.  Few candidates are then tried one after the other, in
    their order, with the sum of the largest gains as a bound: between equals the first in that
    order are kept.  For many a mixed-integer optimum is found, without gap: between equals the
    solver keeps any, the same each time.  Origins that reach the same candidates are one.

    References
    ----------
    .. [1] Church & ReVelle (1974). The maximal covering location problem. Papers of the Regional
       Science Association 32. (existing sites fixed; unverified beyond METHODS 4.3)

    Examples
    --------
    >>> from toolkit.gaps.catchment import pairs_of
    >>> times = np.array([[5.0, 9.0, 99.0], [99.0, 9.0, 99.0], [99.0, 99.0, 5.0]])
    >>> best = best_sites(
    ...     pairs_of(times, limit_min=10), people=np.array([10.0, 20.0, 25.0]), most=3
    ... )
    >>> [(one.places, one.people) for one in best]
    [((1,), 30.0), ((1, 2), 55.0)]
    """
    reach, weight, places = _reduced(pairs, people)
    made: list[Siting] = []
    before = 0.0
    while len(made) < most and reach.shape[1]:
        sites = len(made) + 1
        bound = _greedy(reach, weight, sites=sites) - before
        able = np.flatnonzero(weight @ reach >= bound - PEOPLE_STEP)
        problem = _Cover(reach[:, able], weight)
        if problem.is_small(sites):
            best = problem.among_few(sites, floor=bound + before - 2 * PEOPLE_STEP)
        else:
            best = problem.optimum(sites)
        reached = problem.people(best)
        if reached <= before + PEOPLE_STEP:
            break
        made.append(Siting(tuple(sorted(places[able[best]].tolist())), reached))
        before = reached
    return tuple(made)


def _reduced(pairs: Pairs, people: Floats) -> tuple[csr_array, Floats, Columns]:
    """Return who can be reached from where, how many they are, and the places of the candidates.

    Origins that reach the same candidates are one, and so are candidates that reach the same
    origins: the first of them.
    """
    reach = pairs.matrix(np.ones(len(pairs.minutes)))
    rows = np.flatnonzero((people > 0) & pairs.reaches)
    reach = reach[rows].tocsr()
    group = _same_rows(reach)
    weight = np.bincount(group, weights=people[rows]).astype("float64")
    reach = reach[_first_of(group)].tocsr()
    across = reach.T.tocsr()
    across.sort_indices()
    kept = _first_of(_same_rows(across))
    kept = kept[np.diff(across.indptr)[kept] > 0]
    return reach[:, kept].tocsr(), weight, kept


def _same_rows(matrix: csr_array) -> Columns:
    """Return a number a row, the same for rows with the same entries."""
    seen: dict[bytes, int] = {}
    return np.array(
        [
            seen.setdefault(matrix.indices[start:end].tobytes(), len(seen))
            for start, end in pairwise(matrix.indptr)
        ],
        dtype="int64",
    )


def _first_of(group: Columns) -> Columns:
    """Return the first member of each group, in the order of the groups."""
    return np.unique(group, return_index=True)[1]


def _greedy(reach: csr_array, weight: Floats, *, sites: int) -> float:
    """Return what a greedy choice reaches, once no exchange of one site for another helps."""
    chosen: list[int] = []
    best = 0.0
    for turn in range(sites + 1):
        better = False
        for leaving in chosen[:] if turn == sites else [None]:
            kept = [place for place in chosen if place != leaving]
            left = np.where(reach[:, kept].sum(axis=1) > 0, 0.0, weight) if kept else weight
            gain = left @ reach
            place = int(np.argmax(gain))
            value = float(weight.sum() - left.sum() + gain[place])
            if value > best + PEOPLE_STEP or leaving is None:
                chosen, best, better = [*kept, place], value, True
        if not better:
            break
    return best


class _Cover:
    """Candidates and who can be reached from them: variables x (a site), y (people reached)."""

    def __init__(self, reach: csr_array, weight: Floats) -> None:
        rows = np.flatnonzero(np.diff(reach.tocsr().indptr))
        self.reach = reach[rows].tocsr()
        self.weight = weight[rows]

    def is_small(self, sites: int) -> bool:
        """Return whether so many sites are placed sooner by trying than by the solver."""
        people, places = self.reach.shape
        return math.comb(places, sites - 1) <= FEW and people * places <= ROOM

    def among_few(self, sites: int, *, floor: float) -> list[int]:
        """Return the first best places, in their order, if they reach more people than a floor."""
        table = self.reach.toarray()
        return self._search(table, self.weight, after=0, sites=sites, floor=floor)

    def _search(
        self, table: Floats, weight: Floats, *, after: int, sites: int, floor: float
    ) -> list[int]:
        """Return the first best places from one on, for those whom no site told reaches yet."""
        gain = weight @ table[:, after:]
        if sites > len(gain):
            return []
        if sites == 1:
            top = float(gain.max())
            first = int(np.flatnonzero(gain >= top - PEOPLE_STEP)[0])
            return [after + first] if top > floor else []
        found: list[int] = []
        for place in range(len(gain) - sites + 1):
            others = np.sort(gain[place + 1 :])[1 - sites :]
            if gain[place] + others.sum() <= floor:
                continue
            own = after + place
            rest = np.where(table[:, own] > 0, 0.0, weight)
            more = self._search(
                table, rest, after=own + 1, sites=sites - 1, floor=floor - gain[place]
            )
            if more:
                found = [own, *more]
                floor = float(weight[table[:, found].any(axis=1)].sum()) + PEOPLE_STEP
        return found

    def optimum(self, sites: int) -> list[int]:
        """Return the best places by the solver: y of those reached, x of the sites."""
        people, places = self.reach.shape
        told = np.concatenate([np.ones(places), np.zeros(people)])
        matrix = sparse.vstack(
            [sparse.hstack([-self.reach, sparse.eye_array(people)]), sparse.csr_array(told[None])]
        )
        upper = np.concatenate([np.zeros(people), [float(sites)]])
        found = milp(
            np.concatenate([np.zeros(places), -self.weight]),
            integrality=np.ones(places + people),
            bounds=Bounds(0.0, 1.0),
            constraints=LinearConstraint(matrix.tocsc(), -np.inf, upper),
            options={"mip_rel_gap": 0.0},
        )
        if found.x is None:
            message = f"The optimum of the sites was not found: {found.message}"
            raise RuntimeError(message)
        chosen: list[int] = np.flatnonzero(found.x[:places] > _HALF).tolist()
        return chosen

    def people(self, chosen: list[int]) -> float:
        """Return how many people some places reach."""
        if not chosen:
            return 0.0
        return float(self.weight[self.reach[:, chosen].sum(axis=1) > 0].sum())
