"""Candidates ranked again under other weights, without another search."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit import vocabulary as v

DIGITS: Final = 9
"""Scores that agree to this many decimals are equal."""


@dataclass(frozen=True, slots=True, eq=False)
class Equals:
    """How candidates of equal score are ranked, in the order in which they are proposed.

    Attributes
    ----------
    deduced : array of bool
        Candidates that rest on deduced facts alone come after all others, whatever their score.
    place : array of int
        Place of each among all, if all had one score.
    """

    deduced: npt.NDArray[np.bool_]
    place: npt.NDArray[np.int64]

    @classmethod
    def of(cls, keys: Iterable[tuple[bool, tuple[object, ...]]]) -> Equals:
        """Return the ranks of candidates from whether they are deduced, and what ranks equals."""
        held = list(keys)
        order = sorted(range(len(held)), key=lambda rank: held[rank][1])
        place = np.empty(len(held), dtype="int64")
        place[order] = np.arange(len(held))
        return cls(np.array([deduced for deduced, _ in held], dtype="bool"), place)


def rerank(
    partnerships: pd.DataFrame, equals: Equals, *, weights: Mapping[str, float]
) -> pd.DataFrame:
    """Return candidates with their score and rank under other weights.

    Parameters
    ----------
    partnerships : DataFrame
        Candidates as they are proposed (columns ``PARTNERSHIP_COLUMNS``).
    equals : Equals
        How those of equal score are ranked.
    weights : Mapping of str to float
        Weight of each criterion, relative to their sum, which must be > 0.

    Returns
    -------
    DataFrame
        The same candidates, best first.  Only ``score`` and ``rank`` change: no other group is
        looked for, so the certificates are left empty and the bounds NaN; ``selected`` still tells
        the portfolio chosen under the first weights.

    Raises
    ------
    ValueError
        If a criterion has no weight, a weight is negative, or all are zero.
    """
    shares = np.array([weights.get(name, np.nan) for name in v.CRITERIA], dtype="float64")
    if not (shares >= 0).all() or not 0 < shares.sum() < np.inf:
        message = f"Weights must be >= 0 for every criterion and not all 0; got {dict(weights)!r}."
        raise ValueError(message)
    values = partnerships[list(v.CRITERIA)].to_numpy(dtype="float64")
    score = values @ (shares / shares.sum())
    order = np.lexsort((equals.place, -np.round(score, DIGITS), equals.deduced))
    made = partnerships.take(order).reset_index(drop=True)
    return made.assign(
        rank=np.arange(1, len(made) + 1, dtype="int64"),
        score=score[order],
        certificate=pd.Series([""] * len(made), dtype="str"),
        bound_gap_pct=np.nan,
    )
