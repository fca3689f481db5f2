"""Where more sites of a service bring it within reach of most people: maximal covering location.

The existing sites stay where they are: whoever reaches one counts for nothing here.  Exact, for
each number of sites anew, so that the places of two sites need not hold the place of one.
"""

from __future__ import annotations

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
        The best for 1, 2 ... sites; shorter where a further site brings nobody more.  Of the places
        that reach as many people, those that come first in the order of the candidates.

    Notes
    -----
    Exact (mixed-integer optimum without gap).  Before it is asked for p sites, the solver is given
    only candidates that can be among them: one of p sites reaches alone at least what the best p
    sites reach beyond the best p - 1, and that is bounded from below by a greedy choice improved
    by exchanges.  People of origins that reach the same candidates are added up.

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
        reached = problem.most(sites)
        if reached <= before + PEOPLE_STEP:
            break
        chosen = places[able[problem.first(sites, reached)]]
        made.append(Siting(tuple(int(place) for place in sorted(chosen)), reached))
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

    def most(self, sites: int) -> float:
        """Return how many people so many sites reach at most."""
        if sites == 1:
            return float((self.weight @ self.reach).max())
        goal = np.concatenate([np.zeros(self.reach.shape[1]), -self.weight])
        chosen = self._solve(goal, rows=[], limits=[], sites=sites, fixed=[], extra=0)
        return self._people(chosen)

    def first(self, sites: int, reached: float) -> list[int]:
        """Return the first places, in their order, from which so many people are reached.

        One place after the other: f marks the first of the places not yet told.
        """
        people, places = self.reach.shape
        told: list[int] = []
        for _ in range(sites - 1):
            pick = sparse.hstack(
                [-sparse.eye_array(places), sparse.csr_array((places, people)),
                 sparse.eye_array(places)]
            )  # fmt: skip
            enough = np.concatenate([np.zeros(places), -self.weight, np.zeros(places)])
            one = np.concatenate([np.zeros(places + people), -np.ones(places)])
            goal = np.concatenate([np.zeros(places + people), np.arange(places, dtype="float64")])
            chosen = self._solve(
                goal,
                rows=[pick, sparse.csr_array(enough[None]), sparse.csr_array(one[None])],
                limits=[np.zeros(places), [PEOPLE_STEP / 2 - reached], [-1.0]],
                sites=sites,
                fixed=told,
                extra=places,
            )
            told.append(int(next(place for place in chosen if place not in told)))
        return [*told, self._last(told, reached)]

    def _last(self, told: list[int], reached: float) -> int:
        """Return the first place that, with those told, reaches so many people."""
        left = np.where(self.reach[:, told].sum(axis=1) > 0, 0.0, self.weight)
        value = self.weight.sum() - left.sum() + left @ self.reach
        return int(np.flatnonzero(value >= reached - PEOPLE_STEP)[0])

    def _people(self, chosen: Columns) -> float:
        """Return how many people some places reach."""
        return float(self.weight[self.reach[:, chosen].sum(axis=1) > 0].sum())

    def _solve(
        self,
        goal: Floats,
        *,
        rows: list[sparse.sparray],
        limits: list[object],
        sites: int,
        fixed: list[int],
        extra: int,
    ) -> Columns:
        """Return the places of the optimum under further rows, with some places fixed."""
        people, places = self.reach.shape
        size = places + people + extra
        told = np.zeros((1, size))
        told[0, :places] = 1.0
        covered = sparse.hstack(
            [-self.reach, sparse.eye_array(people), sparse.csr_array((people, extra))]
        )
        matrix = sparse.vstack([covered, sparse.csr_array(told), *rows]).tocsc()
        upper = np.concatenate([np.zeros(people), [float(sites)], *map(np.asarray, limits)])
        least, highest = np.zeros(size), np.ones(size)
        least[fixed] = 1.0
        if extra:
            highest[[places + people + place for place in fixed]] = 0.0
        found = milp(
            goal,
            integrality=np.concatenate([np.ones(places + people), np.zeros(extra)]),
            bounds=Bounds(least, highest),
            constraints=LinearConstraint(matrix, -np.inf, upper),
            options={"mip_rel_gap": 0.0},
        )
        if found.x is None:
            message = f"The optimum of the sites was not found: {found.message}"
            raise RuntimeError(message)
        return np.flatnonzero(found.x[:places] > _HALF)
