"""Why a candidate, why each member, why not another actor: codes, ids and figures, no words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import factorial

from toolkit import vocabulary as v
from toolkit.partnerships import criteria
from toolkit.partnerships.facilitation import Question


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a candidate.

    ``reason`` is a code worded under ``partnership.reason``; ``fact_table`` and ``fact_id`` name
    the row that says so; ``quantity`` is in ``unit`` per year (NaN where the row gives none);
    ``share`` is the Shapley share of the covered shortfall; ``trip_km`` the trip to the meeting
    place.
    """

    actor_id: str
    role: str
    reason: str
    fact_table: str
    fact_id: str
    quantity: float
    unit: str
    share: float
    basis: str
    trip_km: float


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion: its value and its weight, in [0, 1]; the score is the sum of the products."""

    name: str
    value: float
    weight: float


@dataclass(frozen=True, slots=True)
class Tie:
    """An existing cooperation that members share."""

    cooperation_id: str
    actor_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Practice:
    """A good practice that resembles the candidate, with its similarity in [0, 1]."""

    practice_id: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that speaks for a candidate.

    ``covered`` is the part of the gap's shortfall that the group can cover, in ``unit`` per year
    (NaN where the shortfall is unknown); ``bases`` counts the members' facts by basis;
    ``broker_id`` is empty where no member works with anybody yet.
    """

    candidate_id: str
    opening_id: str
    kind: str
    gap_ids: tuple[str, ...]
    category: str
    objectives: tuple[str, ...]
    type: str
    score: float
    criteria: tuple[Criterion, ...]
    shortfall: float
    covered: float
    unit: str
    members: tuple[Member, ...]
    bases: tuple[tuple[str, int], ...]
    meeting_place_id: str
    meeting_resource_id: str
    longest_trip_km: float
    broker_id: str
    broker_ties: int
    ties: tuple[Tie, ...]
    practices: tuple[Practice, ...]
    questions: tuple[Question, ...]
    certificate: str
    bound_gap_pct: float


@dataclass(frozen=True, slots=True)
class Lack:
    """What a candidate loses on one criterion against the best one, in points of score (0 to 1)."""

    criterion: str
    points: float


@dataclass(frozen=True, slots=True)
class WhyNot:
    """Why an actor is in no candidate of an opening.

    ``rule`` is a code worded under ``partnership.why_not``: ``proposed`` (it is in one),
    ``not_diffusible``, ``no_role``, ``too_far``, ``type_rule``, ``max_members``, ``no_team`` or
    ``outranked``; then ``member_ids`` is the best group that holds the actor and ``lacks`` what it
    lacks against the best candidate, the largest first.  ``certificate`` says whether that group is
    proven the best.
    """

    opening_id: str
    actor_id: str
    rule: str
    candidate_id: str = ""
    member_ids: tuple[str, ...] = ()
    score: float = float("nan")
    best_score: float = float("nan")
    lacks: tuple[Lack, ...] = ()
    certificate: str = ""


def shapley_shares(parts: Sequence[tuple[float, float]], *, one_sided: bool) -> tuple[float, ...]:
    """Return each member's Shapley share of what the group covers; the shares sum to 1.

    The value of a set of members is :func:`criteria.coverage` of their sums.  Where everybody
    covers a part of its own and the whole is not passed, this is the closed form (own part over the
    sum); otherwise the mean marginal value over all orders is summed over subsets of the members
    that contribute at all (at most 10, so 1,024 subsets).

    Parameters
    ----------
    parts : sequence of (supply, demand)
        Of each member, as parts of the shortfall.
    one_sided : bool
        Whether demand counts by itself.

    Returns
    -------
    tuple of float
        In the order of ``parts``; all 0 where the group covers nothing.

    Examples
    --------
    >>> shapley_shares([(0.5, 0.0), (0.0, 0.5), (0.0, 0.0)], one_sided=False)
    (0.5, 0.5, 0.0)
    """
    active = [rank for rank, part in enumerate(parts) if part[0] > 0 or part[1] > 0]

    def worth(team: Sequence[int]) -> float:
        supply, demand = (sum(parts[rank][side] for rank in team) for side in (0, 1))
        return float(criteria.coverage(supply, demand, one_sided=one_sided))

    whole, size = worth(active), len(active)
    if whole <= 0:
        return (0.0,) * len(parts)
    shares = [0.0] * len(parts)
    if one_sided and sum(parts[rank][1] for rank in active) <= 1:
        for rank in active:
            shares[rank] = parts[rank][1] / whole
        return tuple(shares)
    for rank in active:
        others = [other for other in active if other != rank]
        for length in range(size):
            weight = factorial(length) * factorial(size - length - 1) / factorial(size)
            for team in combinations(others, length):
                shares[rank] += weight * (worth((*team, rank)) - worth(team)) / whole
    return tuple(shares)


def lacks(
    values: dict[str, float], best: dict[str, float], *, weights: dict[str, float]
) -> tuple[Lack, ...]:
    """Return what a group loses against the best one on each criterion, the largest loss first."""
    lost = [Lack(name, weights[name] * (best[name] - values[name])) for name in v.CRITERIA]
    return tuple(
        sorted(
            (lack for lack in lost if lack.points > 0),
            key=lambda lack: (-lack.points, lack.criterion),
        )
    )
