"""The eight criteria of a candidate, each in [0, 1]; more is better.

The only place of their formulas: the search reads the same functions, and tables made of them.

What a new criterion takes depends on what it reads of a group:

- a mean over the members (suitability, capacity): its function here, and a column in the figures
  that ``board.problem_of`` adds up to what a member is worth by itself;
- a number of families, sectors, ties or pairs (diversity, transversality, trust, complementarity):
  its function here and its place in :data:`COUNTED`.  It must be concave, which a test checks: that
  is what makes the bounds of the search hold;
- anything else: a bound for groups that are not complete, in ``bounds``, too.

Its name, default weight and words are in the vocabulary, the settings and the locales.
"""
# ruff: noqa: PLR0917 - compiled functions take their arguments by place

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from toolkit import vocabulary as v
from toolkit.compiled import compiled

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


@compiled
def covered(supply: float, demand: float, one_sided: bool) -> float:  # noqa: FBT001
    """Return the criterion of coverage of one group (:func:`coverage`)."""
    return min(1.0, demand) if one_sided else min(1.0, supply, demand)


@compiled
def nearby(longest_km: float, reach_km: float) -> float:
    """Return the criterion of proximity of one group (:func:`proximity`); ``reach_km`` is 2R."""
    return max(0.0, 1.0 - longest_km / reach_km)


def coverage(supply: float, demand: float, *, one_sided: bool) -> float:
    """Return the part of the shortfall that the group can cover: min(1, supply, demand).

    ``supply`` and ``demand`` are sums over the members, as parts of the shortfall: what they bring
    and what they take.  Without takers to wait for (``one_sided``): min(1, demand).
    """
    return covered(supply, demand, one_sided)


def suitability(values: list[float]) -> float:
    """Return the mean of how well each member suits its role."""
    return float(np.mean(values))


def proximity(longest_km: float, *, radius_km: float) -> float:
    """Return 1 - D / 2R: D the longest trip between two members, R the radius round the place.

    Members of a feasible group all lie within R of one place, so that D is at most 2R.
    """
    return nearby(longest_km, 2.0 * radius_km)


def complementarity(pairs: Counts | int) -> Values:
    """Return p / 3, at most 1: p the pairs of members in which one offers what the other needs.

    A number and not a share of pairs, so that a group does not lose by joining a body that
    supports.
    """
    return np.minimum(1.0, np.asarray(pairs, dtype="float64") / FULL_PAIRS)


def diversity(families: Counts | int) -> Values:
    """Return (f - 1) / 3 within [0, 1]: f the number of families in the group."""
    return np.clip((np.asarray(families, dtype="float64") - 1) / (FULL_FAMILIES - 1), 0.0, 1.0)


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


def _alone(formula: Callable[..., Values]) -> Callable[[int, int], float]:
    """Return a formula that the number of members does not matter to."""

    def value(count: int, size: int) -> float:
        del size
        return float(formula(count))

    return value


COUNTED: Final[Mapping[str, Callable[[int, int], float]]] = MappingProxyType(
    {
        "diversity": _alone(diversity),
        "transversality": _alone(transversality),
        "trust": lambda count, size: float(trust(count, size=size)),
        "complementarity": _alone(complementarity),
    }
)
"""Criteria of a number (families, sectors, ties, pairs), given the members of the group."""


def tables(weights: Mapping[str, float], *, most_members: int, most_counted: int) -> Values:
    """Return what a group gains by each criterion of :data:`COUNTED`.

    Returns
    -------
    array, shape (most_members + 1, 4, most_counted)
        Weighted, by members, criterion and count.  Beyond the number of pairs, what the last pair
        gives: no group has more ties than pairs.
    """
    made = np.zeros((most_members + 1, len(COUNTED), most_counted))
    for size in range(2, most_members + 1):
        pairs = size * (size - 1) // 2
        for rank, (name, value) in enumerate(COUNTED.items()):
            last = pairs if name in {"trust", "complementarity"} else most_counted - 1
            made[size, rank] = [
                weights[name] * value(min(count, last), size) for count in range(most_counted)
            ]
    return made


def score(values: dict[str, float], *, weights: dict[str, float]) -> float:
    """Return the weighted sum of the criteria; the weights sum to 1."""
    return float(sum(weights[name] * values[name] for name in v.CRITERIA))
