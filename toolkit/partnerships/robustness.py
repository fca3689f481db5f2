"""How far proposals depend on the weights of the criteria, and on facts that are only estimated.

*Weights.*  Stochastic multicriteria acceptability analysis (SMAA): weights are drawn uniformly from
all that are possible, or from those within the officer's intervals; a candidate is acceptable as
often as it is among the best.  The weights under which it is first, on average, are its central
weights.  Candidates are ranked again, not searched again.

*Facts.*  Each estimated row holds with a probability, its weight.  A candidate stands where the
rows of all its required members hold, independently of each other: its survival is the product of
their probabilities.  A fact whose loss would cost most candidates is to be verified first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit import vocabulary as v
from toolkit.errors import Problem, UsageError
from toolkit.partnerships.facts import BASIS_WEIGHT

Floats = npt.NDArray[np.float64]
Intervals = Mapping[str, tuple[float, float]]

DRAWS: Final = 2_000
"""Draws of weights, and of facts: a share is known to about one point in a hundred."""
STEPS: Final = 400
"""Steps of each walk within intervals; each takes one of at most eight dimensions' directions."""
SCALE: Final = 1e9
"""Scores are compared in whole billionths."""
SOLID: Final = 0.8
MODERATE: Final = 0.5
"""Survival from which a candidate is solid, and moderate (own rule)."""
CELLS: Final = 4_000_000
"""Scores computed at once."""
TOLERANCE: Final = 1e-9

CANDIDATE_COLUMNS: Final = (
    "candidate_id",
    "acceptability",
    "first",
    "survival",
    "top_survival",
    "standing",
)
CENTRAL_COLUMNS: Final = ("candidate_id", *v.CRITERIA)
VERIFY_COLUMNS: Final = (
    "fact_table",
    "fact_id",
    "actor_id",
    "probability",
    "candidates",
    "selected",
    "loss",
)
_VERIFY_KINDS: Final = ("str", "str", "str", "float64", "int64", "int64", "float64")


class Support(NamedTuple):
    """A fact behind a required member of a candidate.

    ``weight`` is how typical an estimate is; it counts for estimated rows only.
    """

    fact_table: str
    fact_id: str
    actor_id: str
    basis: str
    weight: float

    @property
    def probability(self) -> float:
        """How probably the fact holds: 1 if it was observed or recorded."""
        if self.basis != "estimated":
            return 1.0
        return self.weight if self.weight < 1.0 else BASIS_WEIGHT["estimated"]


@dataclass(frozen=True, slots=True, eq=False)
class Robustness:
    """How robust the candidates are.

    Attributes
    ----------
    candidates : DataFrame
        One row a candidate, in their order (columns ``CANDIDATE_COLUMNS``): ``acceptability``, the
        share of weights under which it is among the first ``top``; ``first``, under which it is the
        first; ``survival``, the probability that the facts of its required members hold;
        ``top_survival``, that it stands and is among the first ``top`` of those that stand;
        ``standing``: ``solid``, ``moderate`` or ``fragile``, by its survival.
    central : DataFrame
        Mean weights under which a candidate is the first (columns ``CENTRAL_COLUMNS``), one row a
        candidate that is ever first; they sum to 1.
    facts : DataFrame
        Estimated facts to verify, the most worth it first (columns ``VERIFY_COLUMNS``):
        how many ``candidates``, and how many ``selected`` ones, rest on it; ``loss`` is how many of
        the latter are expected to fall with it.
    top : int
        How many candidates count as the first.
    """

    candidates: pd.DataFrame
    central: pd.DataFrame
    facts: pd.DataFrame
    top: int


def robustness_of(
    candidates: pd.DataFrame,
    supports: Sequence[Sequence[Support]],
    *,
    top: int,
    seed: int,
    intervals: Intervals | None = None,
    draws: int = DRAWS,
) -> Robustness:
    """Return how robust candidates are to weights and to estimated facts.

    Parameters
    ----------
    candidates : DataFrame
        Columns used: ``candidate_id``, ``selected`` and the criteria; in the order in which they
        are proposed.
    supports : sequence of sequence of Support
        Facts behind the required members of each candidate.
    top : int
        How many candidates count as the first, > 0.
    seed : int
        Seed of the draws.
    intervals : Mapping of str to (float, float), optional
        Least and most weight of some criteria, as shares of all weights; [0, 1] where left out.
    draws : int, default DRAWS
        Draws of weights, and of facts.

    Raises
    ------
    UsageError
        If intervals leave no weights possible; all faults at once.
    """
    weights = draw_weights(draws, seed=seed, intervals=intervals)
    values = candidates[list(v.CRITERIA)].to_numpy(dtype="float64")
    shares, first, central = acceptability(values, weights, top=top)
    survival = np.array([_product(held) for held in supports], dtype="float64")
    standing = np.select(
        [survival >= SOLID, survival >= MODERATE], ["solid", "moderate"], "fragile"
    )
    ids = candidates["candidate_id"].to_numpy(dtype="object")
    frame = pd.DataFrame(
        {
            "candidate_id": pd.Series(ids, dtype="str"),
            "acceptability": shares,
            "first": first,
            "survival": survival,
            "top_survival": top_survival(supports, top=top, seed=seed, draws=draws),
            "standing": pd.Series(standing, dtype="str"),
        }
    )
    ever = first > 0
    means = pd.DataFrame(central[ever], columns=list(v.CRITERIA))
    means.insert(0, "candidate_id", pd.Series(ids[ever], dtype="str"))
    chosen = candidates["selected"].to_numpy(dtype="bool")
    return Robustness(frame, means, _to_verify(supports, chosen), top)


def no_robustness() -> Robustness:
    """Return the robustness of no candidate: every frame is there, without rows."""
    nothing = pd.DataFrame(columns=["candidate_id", "selected", *v.CRITERIA])
    return robustness_of(nothing, (), top=1, seed=0, draws=0)


# --- weights ----------------------------------------------------------------------------------
def draw_weights(count: int, *, seed: int, intervals: Intervals | None = None) -> Floats:
    """Return weights drawn uniformly from all that sum to 1, or from those within intervals.

    Parameters
    ----------
    count : int
        Number of draws.
    seed : int
        Seed.
    intervals : Mapping of str to (float, float), optional
        Least and most weight of some criteria.

    Returns
    -------
    array, shape (count, n_criteria)
        In the order of ``CRITERIA``; each row sums to 1.

    Raises
    ------
    UsageError
        If a criterion is unknown, an interval is none, or no weights are within all of them.

    Notes
    -----
    Without intervals: a flat Dirichlet law.  Within intervals: every draw is the end of a hit-and-
    run walk of its own, of ``STEPS`` steps from the middle; such walks forget where they began.

    References
    ----------
    .. [1] Smith (1984). Efficient Monte Carlo procedures for generating points uniformly
       distributed over bounded regions. Operations Research 32(6).

    Examples
    --------
    >>> draw_weights(2, seed=1, intervals={"coverage": (0.4, 0.6)}).shape
    (2, 8)
    """
    rng = np.random.default_rng([seed, len(v.CRITERIA)])
    low, high = _bounds(intervals or {})
    if not intervals:
        drawn: Floats = rng.dirichlet(np.ones(len(v.CRITERIA)), size=count)
        return drawn
    spread = high - low
    share = (1.0 - low.sum()) / spread.sum() if spread.sum() > 0 else 0.0
    walkers = np.tile(low + share * spread, (count, 1))
    free = spread > 0
    if free.sum() > 1:
        for _ in range(STEPS):
            _walk(walkers, rng, low=low, high=high, free=free)
    return walkers


def _walk(
    walkers: Floats,
    rng: np.random.Generator,
    *,
    low: Floats,
    high: Floats,
    free: npt.NDArray[np.bool_],
) -> None:
    """Move every walker along a line through it, to a point drawn between its two ends."""
    step = np.where(free, rng.standard_normal(walkers.shape), 0.0)
    step -= np.where(free, step.sum(axis=1, keepdims=True) / free.sum(), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        down, up = (low - walkers) / step, (high - walkers) / step
    nearer = np.where(step != 0, np.minimum(down, up), -np.inf).max(axis=1)
    farther = np.where(step != 0, np.maximum(down, up), np.inf).min(axis=1)
    moves = rng.random(len(walkers))
    length = np.minimum(nearer, 0.0) * (1.0 - moves) + np.maximum(farther, 0.0) * moves
    walkers += step * length[:, None]
    np.clip(walkers, low, high, out=walkers)


def _bounds(intervals: Intervals) -> tuple[Floats, Floats]:
    """Return the least and most weight of every criterion; refuse what cannot be."""
    faults = []
    low, high = np.zeros(len(v.CRITERIA)), np.ones(len(v.CRITERIA))
    for name, (least, most) in sorted(intervals.items()):
        if name not in v.CRITERIA:
            params = {"choices": ", ".join(v.CRITERIA)}
            faults.append(Problem("weights_unknown", column=name, found=name, params=params))
        elif not 0.0 <= least <= most <= 1.0:
            faults.append(Problem("weights_interval", column=name, found=f"{least}, {most}"))
        else:
            rank = v.CRITERIA.index(name)
            low[rank], high[rank] = least, most
    if not faults and not low.sum() - TOLERANCE <= 1.0 <= high.sum() + TOLERANCE:
        sums = {"least": round(float(low.sum()), 4), "most": round(float(high.sum()), 4)}
        faults.append(Problem("weights_impossible", params=sums))
    if faults:
        raise UsageError(faults)
    return low, high


def acceptability(values: Floats, weights: Floats, *, top: int) -> tuple[Floats, Floats, Floats]:
    """Return how often each candidate is among the first, and the first, and its central weights.

    Parameters
    ----------
    values : array, shape (n_candidates, n_criteria)
        Criteria of the candidates, in the order in which equal scores are ranked.
    weights : array, shape (n_draws, n_criteria)
        Drawn weights.
    top : int
        How many candidates count as the first.

    Returns
    -------
    acceptability, first : array, shape (n_candidates,)
        Shares of the draws.
    central : array, shape (n_candidates, n_criteria)
        Mean weights of the draws in which a candidate is the first; zeros where it never is.

    References
    ----------
    .. [1] Lahdelma, Hokkanen & Salminen (1998). SMAA - Stochastic multiobjective acceptability
       analysis. European Journal of Operational Research 106(1).
    .. [2] Lahdelma & Salminen (2001). SMAA-2: Stochastic multicriteria acceptability analysis for
       group decision making. Operations Research 49(3).

    Examples
    --------
    >>> either = np.eye(2), np.array([[0.7, 0.3], [0.6, 0.4], [0.2, 0.8], [0.9, 0.1]])
    >>> acceptability(*either, top=1)[0].tolist()
    [0.75, 0.25]
    """
    count, width = values.shape
    among, first, central = np.zeros(count), np.zeros(count), np.zeros((count, width))
    top = min(top, count)
    block = max(1, CELLS // max(1, count))
    for start in range(0, len(weights) if count else 0, block):
        part = weights[start : start + block]
        # Whole numbers in which equal scores differ by their place: one order, no ties.
        keys = np.rint(part @ values.T * SCALE).astype("int64") * count - np.arange(count)
        best = np.argmax(keys, axis=1)
        held = np.argpartition(-keys, top - 1, axis=1)[:, :top]
        among += np.bincount(held.ravel(), minlength=count)
        first += np.bincount(best, minlength=count)
        np.add.at(central, best, part)
    draws = max(1, len(weights))
    central = np.divide(central, first[:, None], out=central, where=first[:, None] > 0)
    return among / draws, first / draws, central


# --- facts ------------------------------------------------------------------------------------
def _uncertain(held: Sequence[Support]) -> dict[tuple[str, str], Support]:
    """Return the facts that may not hold, each once, in the order of the members."""
    return {(one.fact_table, one.fact_id): one for one in held if one.probability < 1.0}


def _product(held: Sequence[Support]) -> float:
    """Return the probability that all facts of a candidate hold."""
    return math.prod(sorted(one.probability for one in _uncertain(held).values()))


def top_survival(
    supports: Sequence[Sequence[Support]], *, top: int, seed: int, draws: int = DRAWS
) -> Floats:
    """Return how often each candidate stands and is among the first of those that stand.

    Facts are drawn, so that two candidates that rest on one fact stand and fall together.

    Parameters
    ----------
    supports : sequence of sequence of Support
        Facts behind the required members of each candidate, in the order of their ranks.
    top : int
        How many count as the first.
    seed : int
        Seed of the draws.
    draws : int, default DRAWS
        Number of draws.

    Returns
    -------
    array, shape (n_candidates,)
        Shares of the draws.
    """
    named = [_uncertain(held) for held in supports]
    # By first appearance, not by id: names of actors change nothing.
    keys = list(dict.fromkeys(key for held in named for key in held))
    place = {key: rank for rank, key in enumerate(keys)}
    sure = np.array([next(h[key].probability for h in named if key in h) for key in keys])
    rng = np.random.default_rng([seed, len(keys)])
    found = np.zeros(len(named))
    block = max(1, CELLS // max(1, len(named), len(keys)))
    for start in range(0, draws, block):
        size = min(block, draws - start)
        holds = rng.random((size, len(keys))) < sure
        stands = np.ones((size, len(named)), dtype="bool")
        for rank, held in enumerate(named):
            if held:
                stands[:, rank] = holds[:, [place[key] for key in held]].all(axis=1)
        among = stands & (np.cumsum(stands, axis=1) <= top)
        found += among.sum(axis=0)
    return found / max(1, draws)


def _to_verify(
    supports: Sequence[Sequence[Support]], chosen: npt.NDArray[np.bool_]
) -> pd.DataFrame:
    """Return the facts to verify first: those with which most of the chosen candidates fall.

    The loss of a fact is the number of candidates that stand with it and fall without it, in
    expectation over the other facts: its importance after Birnbaum (1969), summed over candidates.
    """
    told: dict[tuple[str, str], Support] = {}
    counts: dict[tuple[str, str], list[float]] = {}
    for is_chosen, held in zip(chosen.tolist(), supports, strict=True):
        uncertain = _uncertain(held)
        whole = _product(held)
        for key, one in uncertain.items():
            told[key] = one
            row = counts.setdefault(key, [0.0, 0.0, 0.0])
            row[0] += 1
            if is_chosen:
                row[1] += 1
                row[2] += whole / one.probability if one.probability > 0 else 0.0
    order = sorted(counts, key=lambda key: (-round(counts[key][2], 12), -counts[key][0], key))
    rows = [(*key, told[key].actor_id, told[key].probability, *counts[key]) for key in order]
    columns = list(zip(*rows, strict=True)) or [()] * len(VERIFY_COLUMNS)
    frame = pd.DataFrame(
        {name: list(cells) for name, cells in zip(VERIFY_COLUMNS, columns, strict=True)}
    )
    return frame.astype(dict(zip(VERIFY_COLUMNS, _VERIFY_KINDS, strict=True)))
