"""Loops over the ties of a network that no product of matrices does quickly, compiled if possible.

Networks of actors are long and thin, but one cooperation of a thousand members is a clique of half
a million ties.  Loops cost what there is: ties for the paths, triangles for what closes them.
"""
# ruff: noqa: PLR0917 - compiled functions take their arguments by place

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from toolkit.compiled import compiled

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@compiled
def dependencies(starts: Integers, ends: Integers, sources: Integers) -> Floats:
    """Return, summed over sources, how much the shortest paths from them depend on each node.

    Parameters
    ----------
    starts, ends : array of int
        Where the neighbours of each node begin in ``ends`` (one more than nodes), and who they are.
    sources : array of int
        Nodes from which paths start, in the order in which they are summed.
    """
    size = len(starts) - 1
    total = np.zeros(size)
    paths, depends = np.zeros(size), np.zeros(size)
    steps = np.full(size, -1, dtype=np.int64)
    queue = np.empty(size, dtype=np.int64)
    for source in sources:
        queue[0] = source
        steps[source], paths[source] = 0, 1.0
        done, seen = 0, 1
        while done < seen:
            node = queue[done]
            done += 1
            for place in range(starts[node], starts[node + 1]):
                other = ends[place]
                if steps[other] < 0:
                    steps[other] = steps[node] + 1
                    queue[seen] = other
                    seen += 1
                if steps[other] == steps[node] + 1:
                    paths[other] += paths[node]
        for back in range(seen - 1, 0, -1):
            node = queue[back]
            passed = 0.0
            for place in range(starts[node], starts[node + 1]):
                other = ends[place]
                if steps[other] == steps[node] + 1:
                    passed += (1.0 + depends[other]) / paths[other]
            depends[node] = paths[node] * passed
            total[node] += depends[node]
        for place in range(seen):
            node = queue[place]
            steps[node], paths[node], depends[node] = -1, 0.0, 0.0
    return total


@compiled
def common(
    starts: Integers, ends: Integers, edges: Integers, weight: Floats, found: Floats, closed: Floats
) -> None:
    """Add up, for each tie, the weights of those tied to both its ends; count triangles.

    Parameters
    ----------
    starts, ends, edges : array of int
        What :func:`toolkit.gaps.graph.upward` returns: each tie once, from the end of lower rank.
    weight : array of float
        Weight of each node.
    found : array of float
        To be filled: one a tie.
    closed : array of float
        To be filled: triangles of each node.
    """
    size = len(starts) - 1
    mark = np.full(size, -1, dtype=np.int64)
    for low in range(size):
        for place in range(starts[low], starts[low + 1]):
            mark[ends[place]] = edges[place]
        for place in range(starts[low], starts[low + 1]):
            middle, first = ends[place], edges[place]
            for further in range(starts[middle], starts[middle + 1]):
                high = ends[further]
                if mark[high] >= 0:
                    found[first] += weight[high]
                    found[edges[further]] += weight[low]
                    found[mark[high]] += weight[middle]
                    closed[low] += 1.0
                    closed[middle] += 1.0
                    closed[high] += 1.0
        for place in range(starts[low], starts[low + 1]):
            mark[ends[place]] = -1


@compiled
def closed_roles(starts: Integers, ends: Integers, group: Integers, found: Integers) -> None:
    """Count, for each node, the pairs of its neighbours that are tied, by the groups of the three.

    Parameters
    ----------
    starts, ends : array of int
        What :func:`toolkit.gaps.graph.upward` returns.
    group : array of int
        Group of each node.
    found : array of int, shape (n_nodes, 4)
        To be filled: all three of one group; the pair of one group and the node of another; the
        node and one of the pair of one group; three groups.
    """
    size = len(starts) - 1
    mark = np.full(size, -1, dtype=np.int64)
    trio = np.empty(3, dtype=np.int64)
    for low in range(size):
        for place in range(starts[low], starts[low + 1]):
            mark[ends[place]] = low
        for place in range(starts[low], starts[low + 1]):
            middle = ends[place]
            for further in range(starts[middle], starts[middle + 1]):
                high = ends[further]
                if mark[high] != low:
                    continue
                trio[0], trio[1], trio[2] = low, middle, high
                for turn in range(3):
                    node = trio[turn]
                    one, other = group[trio[(turn + 1) % 3]], group[trio[(turn + 2) % 3]]
                    own = group[node]
                    if one == other:
                        kind = 0 if own == one else 1
                    else:
                        kind = 2 if own in (one, other) else 3
                    found[node, kind] += 1
