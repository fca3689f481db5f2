"""Who stands between groups, and how far groups keep to themselves, by family and by sector.

Both are descriptions of the network, not gaps: a hole between two groups calls for somebody who
stands between groups already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit.gaps import graph, loops

if TYPE_CHECKING:
    from toolkit.settings import Settings

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

ROLES: Final = ("coordinator", "gatekeeper", "representative", "itinerant", "liaison")
BROKER_COLUMNS: Final = ("subject", "actor_id", *ROLES)
MIXING_COLUMNS: Final = (
    "subject",
    "group",
    "actors",
    "internal",
    "external",
    "index",
    "expected",
    "p_value",
)
SUBJECTS: Final = ("family", "sector")
UNKNOWN: Final = "unknown"
"""Group of the actors without sector: no group, so it takes no part."""
_SEED: Final = 7
"""Sets the draws of the mixing apart from those of the holes."""
_EQUAL: Final = 1e-12


def brokers(actors: pd.DataFrame, ties: graph.Ties) -> pd.DataFrame:
    """Return how often each actor stands between two others, by the groups of the three.

    An actor j brokers from i to k where it is tied to both and they are not tied.  With the groups
    of i, j and k: *coordinator* (all the same), *itinerant* (i and k the same, j another),
    *gatekeeper* (j and k the same: it lets in), *representative* (i and j the same: it speaks for),
    *liaison* (three groups).

    Parameters
    ----------
    actors : DataFrame
        Columns ``actor_id``, ``family`` and ``sector``, sorted by actor id.
    ties : Ties
        Ties of the territory.

    Returns
    -------
    DataFrame
        Columns ``BROKER_COLUMNS``, numbers of pairs (i, k); one row a subject and actor that
        stands between any two, by subject and actor id.

    Notes
    -----
    Ties have no direction, so each open pair counts once each way, as in the literature on
    undirected networks: a gatekeeper one way is a representative the other, and both numbers are
    the same.  Actors of unknown group take no part, neither as ends nor between.

    References
    ----------
    .. [1] Gould & Fernandez (1989). Structures of mediation: a formal approach to brokerage in
       transaction networks. Sociological Methodology 19.
    """
    parts = []
    for subject in SUBJECTS:
        groups = actors[subject].to_numpy(dtype="object")
        counts = roles(groups, ties)
        between = np.flatnonzero(counts.sum(axis=1))
        named = {"subject": subject, "actor_id": ties.actor_ids[between]}
        parts.append(pd.DataFrame(named | dict(zip(ROLES, counts[between].T, strict=True))))
    return pd.concat(parts, ignore_index=True).astype(
        {"subject": "str", "actor_id": "str"} | dict.fromkeys(ROLES, "int64")
    )


def roles(groups: NDArray[np.object_], ties: graph.Ties) -> Integers:
    """Return the number of pairs that each actor brokers in each of ``ROLES``.

    All pairs of neighbours by group, less those that are tied.

    Parameters
    ----------
    groups : array of str
        Group of each actor, in the order of ``ties``.
    ties : Ties
        Ties of the territory.

    Returns
    -------
    array of int, shape (n_actors, 5)
    """
    size = len(groups)
    names, code = np.unique(groups, return_inverse=True)
    first, second = _between_known(groups, ties)
    ends, others = np.concatenate([first, second]), np.concatenate([second, first])
    of_group = np.bincount(ends * len(names) + code[others], minlength=size * len(names))
    of_group = of_group.reshape(size, len(names))
    own = of_group[np.arange(size), code]
    away = of_group.sum(axis=1) - own
    squares = (of_group**2).sum(axis=1) - own**2
    closed = np.zeros((size, 4), dtype="int64")
    starts, highs, _ = graph.upward(first, second, size=size)
    loops.closed_roles(starts, highs, code.astype("int64"), closed)
    same, around, through, apart = closed.T
    inward = own * away - through
    found = {
        "coordinator": own * (own - 1) - 2 * same,
        "gatekeeper": inward,
        "representative": inward,
        "itinerant": squares - away - 2 * around,
        "liaison": away**2 - squares - 2 * apart,
    }
    return np.stack([found[role] for role in ROLES], axis=1)


def _between_known(groups: NDArray[np.object_], ties: graph.Ties) -> tuple[Integers, Integers]:
    """Return the ties of which both ends are of a known group."""
    known = groups != UNKNOWN
    kept = known[ties.first] & known[ties.second]
    return ties.first[kept], ties.second[kept]


def mixing(actors: pd.DataFrame, ties: graph.Ties, *, settings: Settings) -> pd.DataFrame:
    """Return how far ties go out of groups or stay inside, beside what chance would give.

    The E-I index is (E - I) / (E + I) with E ties to other groups and I ties inside: -1 where all
    stay inside, 1 where all go out.  The sizes of groups alone move it, so it is given with what
    it is on average when the groups are dealt again among the same actors and ties.

    Parameters
    ----------
    actors : DataFrame
        Columns ``actor_id``, ``family`` and ``sector``, sorted by actor id.
    ties : Ties
        Ties of the territory.
    settings : Settings
        Used: ``permutations``, ``seed``.

    Returns
    -------
    DataFrame
        Columns ``MIXING_COLUMNS``: by subject the whole network (empty ``group``), then each group;
        ``actors`` that have a tie, ``internal`` and ``external`` ties, the ``index``, what is
        ``expected`` and the two-sided ``p_value``.  No row where there is no tie.

    Notes
    -----
    Groups are dealt among the actors that have a tie to one of known group; p is the share of
    deals, the observed one among them, whose index is as far from their mean.

    References
    ----------
    .. [1] Krackhardt & Stern (1988). Informal networks and organizational crises. Social Psychology
       Quarterly 51(2).
    """
    parts = []
    for place, subject in enumerate(SUBJECTS):
        groups = actors[subject].to_numpy(dtype="object")
        rng = np.random.default_rng([settings.seed, _SEED, place])
        made = _mixing_of(groups, ties, draws=settings.permutations, rng=rng)
        parts.append(made.assign(subject=subject))
    kinds = {"subject": "str", "group": "str", "actors": "int64", "internal": "int64"}
    frame = pd.concat(parts, ignore_index=True)[list(MIXING_COLUMNS)]
    return frame.astype(
        kinds | {"external": "int64"} | dict.fromkeys(MIXING_COLUMNS[5:], "float64")
    )


def _mixing_of(
    groups: NDArray[np.object_], ties: graph.Ties, *, draws: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Return the mixing of the groups of one subject."""
    first, second = _between_known(groups, ties)
    if not len(first):
        return pd.DataFrame(columns=list(MIXING_COLUMNS))
    tied, numbers = np.unique(np.concatenate([first, second]), return_inverse=True)
    ends = numbers.reshape(2, -1)
    names, code = np.unique(groups[tied], return_inverse=True)
    degree = np.bincount(numbers)
    internal, external = _counts(code, ends, degree=degree, size=len(names))
    observed = _index(internal, external)
    dealt = np.empty((draws + 1, len(names) + 1))
    dealt[0] = observed
    for draw in range(1, draws + 1):
        shuffled = rng.permutation(code)
        dealt[draw] = _index(*_counts(shuffled, ends, degree=degree, size=len(names)))
    mean = dealt.mean(axis=0)
    as_far = np.abs(dealt - mean) >= np.abs(observed - mean) - _EQUAL
    return pd.DataFrame(
        {
            "group": ["", *map(str, names)],
            "actors": [len(tied), *np.bincount(code)],
            "internal": internal,
            "external": external,
            "index": observed,
            "expected": mean,
            "p_value": as_far.mean(axis=0),
        }
    )


def _counts(
    code: Integers, ends: Integers, *, degree: Integers, size: int
) -> tuple[Integers, Integers]:
    """Return internal and external ties of the whole network, then of each group."""
    group = code[ends[0]]
    inside = np.bincount(group[group == code[ends[1]]], minlength=size)
    all_ends = np.bincount(code, weights=degree, minlength=size).astype("int64")
    outside = all_ends - 2 * inside
    return np.r_[inside.sum(), inside], np.r_[outside.sum() // 2, outside]


def _index(internal: Integers, external: Integers) -> Floats:
    """Return the E-I index; every group has a tie."""
    index: Floats = (external - internal) / (external + internal)
    return index
