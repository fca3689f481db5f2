"""The eight criteria of a candidate, each in [0, 1]; more is better.

Each function takes numbers or arrays of equal shape, so that one formula serves a single group and
the search over many.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from toolkit import vocabulary as v

Values = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

FULL_FAMILIES: Final = 4
"""Families from which diversity is full: ESS, companies, public bodies, research."""
FULL_SECTORS: Final = 4
"""Sectors from which transversality is full (own rule, as for families)."""
FULL_PAIRS: Final = 3
"""Offer-need pairs from which complementarity is full (own rule)."""
FULL_JOBS: Final = 50.0
"""Jobs from which an actor's capacity is full: the upper end of the small enterprise."""


def coverage(supply: Values | float, demand: Values | float, *, one_sided: bool) -> Values:
    """Return the part of the shortfall that the group can cover: min(1, supply, demand).

    ``supply`` and ``demand`` are sums over the members, as parts of the shortfall: what they bring
    and what they take.  Without takers to wait for (``one_sided``): min(1, demand).
    """
    both = demand if one_sided else np.minimum(supply, demand)
    return np.minimum(1.0, both)


def suitability(values: list[float]) -> float:
    """Return the mean of how well each member suits its role."""
    return float(np.mean(values))


def proximity(longest_km: Values | float, *, radius_km: float) -> Values:
    """Return 1 - D / 2R: D the longest trip between two members, R the radius round the place.

    Members of a feasible group all lie within R of one place, so that D is at most 2R.
    """
    return np.maximum(0.0, 1.0 - np.asarray(longest_km) / (2.0 * radius_km))


def complementarity(pairs: Counts | int) -> Values:
    """Return p / 3, at most 1: p the pairs of members in which one offers what the other needs.

    A number and not a share of pairs, so that a group does not lose by joining a body that
    supports.
    """
    return np.minimum(1.0, np.asarray(pairs, dtype="float64") / FULL_PAIRS)


def diversity(families: Counts | int) -> Values:
    """Return (f - 1) / 3, at most 1: f the number of families in the group."""
    return np.minimum(1.0, (np.asarray(families, dtype="float64") - 1) / (FULL_FAMILIES - 1))


def transversality(sectors: Counts | int) -> Values:
    """Return (s - 1) / 3 within [0, 1]: s the number of distinct sectors of the members."""
    return np.clip((np.asarray(sectors, dtype="float64") - 1) / (FULL_SECTORS - 1), 0.0, 1.0)


def trust(ties: Counts | int, *, size: int) -> Values:
    """Return 4 t (1 - t): t the share of pairs of members that already work together.

    Full when half of the pairs know each other (trust and novelty), 0 when none or all do.
    """
    share = np.asarray(ties, dtype="float64") / (size * (size - 1) / 2)
    return 4.0 * share * (1.0 - share)


def means(jobs: Values) -> Values:
    """Return the capacity of each actor: ln(1 + jobs) / ln(1 + 50), at most 1.

    An actor with unknown or no jobs counts as one person at work: four in five structures of the
    ESS employ nobody, and they act all the same.
    """
    known = np.where(jobs >= 1.0, jobs, 1.0)
    return np.asarray(np.minimum(1.0, np.log1p(known) / np.log1p(FULL_JOBS)))


def capacity(values: list[float]) -> float:
    """Return the mean capacity of the members (:func:`means`)."""
    return float(np.mean(values))


def score(values: dict[str, float], *, weights: dict[str, float]) -> float:
    """Return the weighted sum of the criteria; the weights sum to 1."""
    return float(sum(weights[name] * values[name] for name in v.CRITERIA))
