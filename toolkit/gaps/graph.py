"""The graph of ties between actors and its measures, on sparse matrices.

Two actors are tied when they are members of one living cooperation, or when a flow goes from one to
the other.  The measures follow Burt (constraint, effective size), Freeman (betweenness) and Seidman
(k-core); each agrees with networkx, which would take minutes and gigabytes on 100,000 actors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit import vocabulary as v
from toolkit.compiled import at_once
from toolkit.gaps import loops

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from toolkit.territory import Territory

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

NETWORK_COLUMNS: Final = (
    "actor_id",
    "degree",
    "component",
    "constraint",
    "effective_size",
    "betweenness",
    "core",
)
NO_TIE: Final = frozenset({"idea", "contacted", "ended"})
"""Stages in which the members of a cooperation are not tied yet, or no longer."""
EXACT_BETWEENNESS: Final = 1_000
"""Tied actors up to which every one is a source of shortest paths."""
PIVOTS: Final = 256
"""Sources drawn beyond that."""
SOURCES: Final = 64
"""Sources whose paths are added up by one core."""


@dataclass(frozen=True, slots=True, eq=False)
class Ties:
    """Ties of a territory; actors are numbered in the order of their ids.

    Attributes
    ----------
    actor_ids : array of str
        Sorted.
    first, second : array of int
        Ends of each tie, first < second, each tie once, sorted.
    reasons : DataFrame
        Why actors are tied: columns ``first``, ``second``, ``table``, ``row_id``, ``basis``,
        ``source_id``; a pair may have several reasons.
    """

    actor_ids: NDArray[np.object_]
    first: Integers
    second: Integers
    reasons: pd.DataFrame

    @property
    def degree(self) -> Integers:
        """Number of actors that each is tied to."""
        ends = np.concatenate([self.first, self.second])
        return np.bincount(ends, minlength=len(self.actor_ids))

    def adjacency(self) -> csr_array:
        """Return the symmetric matrix of ties, 1 where there is one."""
        from scipy.sparse import csr_array  # noqa: PLC0415 - slow to load

        size = len(self.actor_ids)
        ends = (np.r_[self.first, self.second], np.r_[self.second, self.first])
        return csr_array((np.ones(len(ends[0])), ends), shape=(size, size))


def ties_of(territory: Territory) -> Ties:
    """Return the ties between the actors of a territory.

    Parameters
    ----------
    territory : Territory
        Tables used: actors, flows, cooperations, members.  A cooperation that is only an idea or a
        first contact, or has ended, ties nobody.
    """
    ids = np.array(sorted(territory.table(v.ACTORS)["actor_id"]), dtype="object")
    number = pd.Series(np.arange(len(ids)), index=ids)
    reasons = pd.concat(
        [_of_cooperations(territory, number), _of_flows(territory, number)], ignore_index=True
    ).sort_values(["first", "second", "table", "row_id"], ignore_index=True)
    pairs = reasons[["first", "second"]].drop_duplicates()
    first, second = (pairs[end].to_numpy(dtype="int64") for end in ("first", "second"))
    return Ties(ids, first, second, reasons)


def _of_cooperations(territory: Territory, number: pd.Series) -> pd.DataFrame:
    """Return every pair of members of every living cooperation."""
    rows = territory.table(v.COOPERATIONS)
    rows = rows[~rows["stage"].isin(NO_TIE)].set_index("cooperation_id").sort_index()
    members = territory.table(v.MEMBERS)
    members = members[members["cooperation_id"].isin(rows.index)]
    seats = pd.DataFrame(
        {
            "place": rows.index.get_indexer(pd.Index(members["cooperation_id"])),
            "number": members["actor_id"].map(number).to_numpy(dtype="int64"),
        }
    ).drop_duplicates()
    first, second, place = _pairs(seats.sort_values(["place", "number"]))
    return pd.DataFrame(
        {
            "first": first,
            "second": second,
            "table": pd.Series([v.COOPERATIONS] * len(first), dtype="str"),
            "row_id": pd.Series(rows.index.to_numpy()[place], dtype="str"),
            "basis": pd.Series(rows["basis"].to_numpy()[place], dtype="str"),
            "source_id": pd.Series(rows["source_id"].fillna("").to_numpy()[place], dtype="str"),
        }
    )


def _pairs(seats: pd.DataFrame) -> tuple[Integers, Integers, Integers]:
    """Return every pair of members, and the place of their cooperation; seats are sorted."""
    members, places = (seats[name].to_numpy(dtype="int64") for name in ("number", "place"))
    begins = np.flatnonzero(np.r_[True, places[1:] != places[:-1]]) if len(places) else places
    sizes = np.diff(np.r_[begins, len(places)])
    parts = []
    for size in np.unique(sizes):  # all cooperations of one size at once
        one, other = np.triu_indices(size, k=1)
        start = begins[sizes == size][:, None]
        pair = (members[start + one], members[start + other], places[start + 0 * one])
        parts.append([cells.ravel() for cells in pair])
    nothing = [np.empty(0, dtype="int64")] * 3
    first, second, place = map(np.concatenate, zip(nothing, *parts, strict=True))
    return first, second, place


def _of_flows(territory: Territory, number: pd.Series) -> pd.DataFrame:
    """Return the two ends of every flow between two different actors."""
    flows = territory.table(v.FLOWS)
    flows = flows[flows["origin"].isin(number.index) & flows["destination"].isin(number.index)]
    flows = flows[flows["origin"] != flows["destination"]].reset_index(drop=True)
    ends = flows[["origin", "destination"]].apply(lambda end: end.map(number).astype("int64"))
    return pd.DataFrame(
        {
            "first": ends.min(axis="columns").astype("int64"),
            "second": ends.max(axis="columns").astype("int64"),
            "table": pd.Series([v.FLOWS] * len(flows), dtype="str"),
            "row_id": flows["flow_id"].astype("str"),
            "basis": flows["basis"].astype("str"),
            "source_id": flows["source_id"].fillna("").astype("str"),
        }
    )


# --- measures ---------------------------------------------------------------------------------
def measures(ties: Ties, *, seed: int) -> pd.DataFrame:
    """Return the place of every actor in the network.

    Parameters
    ----------
    ties : Ties
        Ties of the territory.
    seed : int
        Seed of the draw of sources for the betweenness of large networks.

    Returns
    -------
    DataFrame
        Columns ``NETWORK_COLUMNS``, by actor id.  ``component`` is 0 for the main one, then by
        size; ``constraint`` and ``effective_size`` are NaN for an actor without tie, where they
        mean nothing; ``betweenness`` is a share of the pairs of other actors.
    """
    adjacency = ties.adjacency()
    constraint, effective_size = structural_holes(adjacency)
    return pd.DataFrame(
        {
            "actor_id": pd.Series(ties.actor_ids, dtype="str"),
            "degree": ties.degree.astype("int64"),
            "component": components(adjacency),
            "constraint": constraint,
            "effective_size": effective_size,
            "betweenness": betweenness(adjacency, seed=seed),
            "core": cores(adjacency),
        }
    )


def components(adjacency: csr_array) -> Integers:
    """Return the number of the component of each node: by size, then by first node."""
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415 - slow to load

    if not adjacency.shape[0]:
        return np.empty(0, dtype="int64")
    label = connected_components(adjacency, directed=False)[1]
    _, first, sizes = np.unique(label, return_index=True, return_counts=True)
    place = np.empty(len(sizes), dtype="int64")
    place[np.lexsort((first, -sizes))] = np.arange(len(sizes))
    numbers: Integers = place[label]
    return numbers


def structural_holes(adjacency: csr_array) -> tuple[Floats, Floats]:
    """Return Burt's constraint and effective size of each node, NaN without tie.

    p_ij = a_ij / degree_i; constraint_i = sum over contacts j of (p_ij + sum_q p_iq p_qj)^2;
    effective size = n - 2 t / n with n contacts that have t ties among them.

    References
    ----------
    .. [1] Burt (1992). Structural Holes. Harvard University Press.
    """
    from scipy.sparse import triu  # noqa: PLC0415 - slow to load

    degree = np.asarray(adjacency.sum(axis=1), dtype="float64")
    tied = degree > 0
    each = np.divide(1.0, degree, out=np.zeros_like(degree), where=tied)
    ties = triu(adjacency, k=1, format="coo")
    first, second = (ends.astype("int64") for ends in (ties.row, ties.col))
    indirect, triangles = np.zeros(len(first)), np.zeros(len(degree))
    loops.common(*upward(first, second, size=len(degree)), each, indirect, triangles)
    # sum_q p_iq p_qj = p_i. x (sum of 1 / degree over those tied to both): the same for both ends.
    ends = np.concatenate([first, second])
    shares = ((1.0 + np.concatenate([indirect, indirect])) * each[ends]) ** 2
    constraint = np.bincount(ends, weights=shares, minlength=len(degree))
    return np.where(tied, constraint, np.nan), np.where(
        tied, degree - 2.0 * triangles * each, np.nan
    )


def upward(first: Integers, second: Integers, *, size: int) -> tuple[Integers, Integers, Integers]:
    """Return each tie once, from the end with fewer ties to that with more.

    Every triangle is then met once, and nobody has many ties upward: hubs cost no more than ties.

    Parameters
    ----------
    first, second : array of int
        Ends of the ties.
    size : int
        Number of nodes.

    Returns
    -------
    tuple of array
        Where those of each node begin, their far ends, and which tie each is.
    """
    degree = np.bincount(np.concatenate([first, second]), minlength=size)
    is_lower = (degree[first] < degree[second]) | (
        (degree[first] == degree[second]) & (first < second)
    )
    low, high = np.where(is_lower, first, second), np.where(is_lower, second, first)
    edges = np.lexsort((high, low))
    starts = np.zeros(size + 1, dtype="int64")
    np.cumsum(np.bincount(low, minlength=size), out=starts[1:])
    return starts, high[edges], edges


def cores(adjacency: csr_array) -> Integers:
    """Return the largest k such that each node is in a part where all have k ties or more."""
    degree = np.asarray(adjacency.sum(axis=1), dtype="float64")
    found = np.zeros(len(degree), dtype="int64")
    left = np.ones(len(degree), dtype="bool")
    level = 0
    while left.any():
        level = max(level, int(degree[left].min()))
        peeled = left & (degree <= level)
        found[peeled] = level
        left &= ~peeled
        degree -= adjacency @ peeled.astype("float64")
    return found


def betweenness(adjacency: csr_array, *, seed: int) -> Floats:
    """Return the share of the pairs of other nodes whose shortest paths go through each node.

    Brandes' algorithm; every node is a source up to ``EXACT_BETWEENNESS``
    tied nodes, beyond that ``PIVOTS`` of them, drawn from a seed, stand for all.

    References
    ----------
    .. [1] Brandes (2001). A faster algorithm for betweenness centrality. J. Math. Sociology 25(2).
    .. [2] Brandes & Pich (2007). Centrality estimation in large networks. Int. J. Bifurcation and
       Chaos 17(7).
    """
    size = adjacency.shape[0]
    found = np.zeros(size)
    tied = np.flatnonzero(np.diff(adjacency.indptr))
    if not len(tied):
        return found
    inner = adjacency[tied][:, tied]
    sources = np.arange(len(tied))
    if len(tied) > EXACT_BETWEENNESS:
        drawn = np.random.default_rng(seed).choice(len(tied), PIVOTS, replace=False)
        sources = np.sort(drawn)
    starts, ends = inner.indptr.astype("int64"), inner.indices.astype("int64")
    blocks = [sources[start : start + SOURCES] for start in range(0, len(sources), SOURCES)]
    # Blocks are the same whatever the number of cores, and are added up in their order.
    parts = at_once(lambda block: loops.dependencies(starts, ends, block), blocks)
    total = np.zeros(len(tied))
    for part in parts:
        total += part
    pairs = (size - 1.0) * (size - 2.0)
    found[tied] = total * (len(tied) / len(sources)) / pairs if pairs > 0 else 0.0
    return found
