"""Shared access to services: the enhanced two-step floating catchment area on a list of pairs.

Only the pairs of an origin and a supplier that lie within the reach are ever held, in rows by
origin (CSR), so that a large territory takes little room.  Origins are where people live.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import KDTree

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

BANDS: Final = ((1 / 3, 1.0), (2 / 3, 0.68), (1.0, 0.22))
"""Upper end of each band, as a share of the reach, and its weight.

At 30 minutes these are the bands of 10, 20 and 30 minutes of Luo & Qi (2009).
"""
DECAYS: Final = ("bands", "gaussian")
_EDGE: Final = math.exp(-0.5)
_SLACK: Final = 1 + 1e-9
"""Beyond the reach, the tree is asked a trifle further: its last digit is not that of the times."""


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Which origin reaches which supplier, and in how long: a sparse matrix in rows by origin.

    Attributes
    ----------
    starts : array of int, shape (n_origins + 1,)
        Where the pairs of each origin begin; the last is the number of pairs.
    suppliers : array of int, shape (n_pairs,)
        Position of the supplier, in increasing order for each origin.
    minutes : array, shape (n_pairs,)
        Travel time, never beyond the reach.
    n_suppliers : int
        Suppliers, also those that nobody reaches.
    """

    starts: Ints
    suppliers: Ints
    minutes: Floats
    n_suppliers: int

    @property
    def n_origins(self) -> int:
        """Origins, also those that reach nothing."""
        return len(self.starts) - 1

    @property
    def reaches(self) -> NDArray[np.bool_]:
        """Whether each origin reaches any supplier."""
        return np.diff(self.starts) > 0

    def matrix(self, values: Floats) -> csr_array:
        """Return a value a pair as a sparse matrix, origins by suppliers."""
        shape = (self.n_origins, self.n_suppliers)
        made: csr_array = sparse.csr_array((values, self.suppliers, self.starts), shape=shape)
        return made

    def nearest(self) -> Floats:
        """Return the time of each origin to its nearest supplier; infinite where it reaches none.

        Examples
        --------
        >>> pairs_of(np.array([[5.0, 3.0], [99.0, 99.0]]), limit_min=30).nearest()
        array([ 3., inf])
        """
        made = np.full(self.n_origins, np.inf)
        if len(self.minutes):
            some = self.reaches
            made[some] = np.minimum.reduceat(self.minutes, self.starts[:-1][some])
        return made


@dataclass(frozen=True, slots=True, eq=False)
class Catchment:
    """Result of the E2SFCA.

    Attributes
    ----------
    ratio : array, shape (n_suppliers,)
        Supply per weighted person in reach; 0 for a supplier that nobody reaches.
    accessibility : array, shape (n_origins,)
        Sum of the weighted ratios of the suppliers in reach.
    """

    ratio: Floats
    accessibility: Floats


# --- the list of pairs ------------------------------------------------------------------------
def listed(
    origins: NDArray[np.integer], suppliers: NDArray[np.integer], *, minutes: Floats, shape: object
) -> Pairs:
    """Return pairs in any order, each at most once, as rows by origin.

    Parameters
    ----------
    origins, suppliers : array of int, shape (n_pairs,)
        Positions of both ends.
    minutes : array, shape (n_pairs,)
        Travel times.
    shape : tuple of int
        Numbers of origins and of suppliers.
    """
    # The place of each pair is what is sorted: a time of 0 is a value like any other.
    places = np.arange(len(minutes), dtype="int64")
    rows = sparse.coo_array((places, (origins, suppliers)), shape=shape).tocsr()
    rows.sort_indices()
    return Pairs(
        rows.indptr.astype("int32"),
        rows.indices.astype("int32"),
        minutes[rows.data],
        rows.shape[1],
    )


def pairs_of(minutes: Floats, *, limit_min: float) -> Pairs:
    """Return the pairs within reach of a full table of travel times; for small ones.

    Parameters
    ----------
    minutes : array, shape (n_origins, n_suppliers)
        Travel times; NaN and infinite ones are out of reach.
    limit_min : float
        Reach in minutes, included.
    """
    origins, suppliers = np.nonzero(minutes <= limit_min)
    times = minutes[origins, suppliers]
    return listed(origins, suppliers, minutes=times, shape=minutes.shape)


def pairs_within(
    origins: Floats, suppliers: Floats, *, limit_min: float, minutes_per_m: float
) -> Pairs:
    """Return the pairs within reach of points in the plane, found by a tree.

    Parameters
    ----------
    origins, suppliers : array, shape (n, 2)
        Metres in one metric CRS; a point that is not finite is reached by nobody.
    limit_min : float
        Reach in minutes, included.
    minutes_per_m : float
        Minutes that a metre of straight line takes, > 0.

    Notes
    -----
    Time grows with the pairs found, not with origins times suppliers.

    Examples
    --------
    >>> pairs = pairs_within(
    ...     np.array([[0.0, 0.0], [9000.0, 0.0]]), np.array([[0.0, 0.0]]),
    ...     limit_min=10, minutes_per_m=0.001,
    ... )
    >>> pairs.minutes.tolist()
    [0.0, 9.0]
    """
    shape = (len(origins), len(suppliers))
    known = [np.flatnonzero(np.isfinite(points).all(axis=1)) for points in (origins, suppliers)]
    if not all(map(len, known)):
        nothing = np.array([], dtype="int64")
        return listed(nothing, nothing, minutes=np.array([]), shape=shape)
    trees = [KDTree(points[kept]) for points, kept in zip((origins, suppliers), known, strict=True)]
    radius_m = limit_min / minutes_per_m * _SLACK
    found = trees[0].sparse_distance_matrix(trees[1], radius_m, output_type="ndarray")
    here, there = known[0][found["i"]], known[1][found["j"]]
    minutes = straight_minutes(origins[here], suppliers[there], minutes_per_m=minutes_per_m)
    kept = minutes <= limit_min
    return listed(here[kept], there[kept], minutes=minutes[kept], shape=shape)


def nearest_minutes(origins: Floats, suppliers: Floats, *, minutes_per_m: float) -> Floats:
    """Return the time of each origin to the nearest supplier, however far; infinite if unknown.

    Parameters
    ----------
    origins, suppliers : array, shape (n, 2)
        Metres in one metric CRS; a point that is not finite is infinitely far.
    minutes_per_m : float
        Minutes that a metre of straight line takes, > 0.
    """
    made = np.full(len(origins), np.inf)
    there = suppliers[np.isfinite(suppliers).all(axis=1)]
    some = np.flatnonzero(np.isfinite(origins).all(axis=1))
    if len(there) and len(some):
        closest = KDTree(there).query(origins[some])[1]
        made[some] = straight_minutes(origins[some], there[closest], minutes_per_m=minutes_per_m)
    return made


def straight_minutes(here: Floats, there: Floats, *, minutes_per_m: float) -> Floats:
    """Return the time between points taken two by two, along the straight line."""
    made: Floats = np.hypot(*(here - there).T) * minutes_per_m
    return made


# --- how a service counts with travel time ----------------------------------------------------
def weights(minutes: Floats, *, limit_min: float, decay: str = "bands") -> Floats:
    """Return how much a service counts at each travel time, 1 at most; 0 beyond the reach.

    Parameters
    ----------
    minutes : array
        Travel times, >= 0.
    limit_min : float
        Reach in minutes, > 0.
    decay : {"bands", "gaussian"}, default "bands"
        By bands (``BANDS``, the end of a band belongs to it), or smoothly: with u = t / reach,
        (exp(-u^2 / 2) - exp(-1 / 2)) / (1 - exp(-1 / 2)), which is 1 at no distance and 0 at the
        edge of the catchment.

    Raises
    ------
    ValueError
        If the decay is unknown or the reach is not above 0.

    References
    ----------
    .. [1] Luo & Qi (2009). An enhanced two-step floating catchment area (E2SFCA) method for
       measuring spatial accessibility to primary care physicians. Health & Place 15(4).
    .. [2] Dai (2010). Black residential segregation, disparities in spatial access to health care
       facilities, and late-stage breast cancer diagnosis in metropolitan Detroit. Health & Place
       16(5). (formula read in works that quote it; the paper itself unverified)

    Examples
    --------
    >>> weights(np.array([0.0, 10.0, 10.1, 30.0, 30.1]), limit_min=30).tolist()
    [1.0, 1.0, 0.68, 0.22, 0.0]
    >>> weights(np.array([0.0, 15.0, 30.0]), limit_min=30, decay="gaussian").round(4).tolist()
    [1.0, 0.7014, 0.0]
    """
    if decay not in DECAYS or not limit_min > 0:
        message = f"Expected a decay of {DECAYS} and a reach above 0; got {decay!r}, {limit_min!r}."
        raise ValueError(message)
    made: Floats
    if decay == "gaussian":
        share = minutes / limit_min
        made = (np.exp(-0.5 * share * share) - _EDGE) / (1 - _EDGE)
        return np.where(minutes < limit_min, made, 0.0)
    # Counting the bands that a time lies beyond is several times quicker than searching its band.
    beyond = np.zeros(len(minutes), dtype="uint8")
    for end, _ in BANDS:
        beyond += (minutes > end * limit_min).view("uint8")
    made = np.array([*(weight for _, weight in BANDS), 0.0])[beyond]
    return made


def e2sfca(pairs: Pairs, *, people: Floats, supply: Floats, weight: Floats) -> Catchment:
    """Return the enhanced two-step floating catchment area.

    R_j = S_j / sum_i P_i W_ij, then A_i = sum_j R_j W_ij.  What anyone can reach is conserved:
    sum_i P_i A_i = sum_j S_j over the suppliers with weighted demand.

    Parameters
    ----------
    pairs : Pairs
        Origins and suppliers in reach of each other.
    people : array, shape (n_origins,)
        Demand, finite and >= 0.
    supply : array, shape (n_suppliers,)
        Capacity of each supplier, finite and >= 0.
    weight : array, shape (n_pairs,)
        Weight W of each pair, see :func:`weights`.

    Returns
    -------
    Catchment
        A supplier without demand in reach has the ratio 0, never an infinite one.

    Raises
    ------
    ValueError
        If sizes differ, or a demand or a supply is negative or not finite.

    Notes
    -----
    Two products of a sparse matrix and a vector, always summed in the same order.

    References
    ----------
    .. [1] Luo & Qi (2009), see :func:`weights`.

    Examples
    --------
    >>> pairs = pairs_of(np.array([[5.0], [15.0]]), limit_min=30)
    >>> result = e2sfca(
    ...     pairs, people=np.array([100.0, 50.0]), supply=np.array([2.68]),
    ...     weight=weights(pairs.minutes, limit_min=30),
    ... )
    >>> result.accessibility.round(4).tolist()
    [0.02, 0.0136]
    """
    sizes = (len(people), len(supply), len(weight))
    if sizes != (pairs.n_origins, pairs.n_suppliers, len(pairs.minutes)):
        message = f"Expected people, supply and weights as many as in the pairs; got {sizes}."
        raise ValueError(message)
    for name, values in (("people", people), ("supply", supply)):
        if not (np.isfinite(values) & (values >= 0)).all():
            message = f"Expected {name} that are finite and not negative."
            raise ValueError(message)
    matrix = pairs.matrix(weight)
    demand = matrix.T @ people
    with np.errstate(over="ignore"):
        ratio = np.divide(supply, demand, out=np.zeros(len(supply)), where=demand > 0)
    ratio[np.isinf(ratio)] = 0.0  # a demand next to nothing is none
    return Catchment(ratio, matrix @ ratio)
