"""What changed between two tables of gaps: of one territory at two dates, or of two territories.

Gaps are known by their id, which is made of codes only: the same lack has the same id from one run
to the next, and on two territories.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit.gaps.transport import RELATIVE_ZERO

Floats = NDArray[np.float64]

CHANGES: Final = ("opened", "grown", "shrunk", "closed", "same")
"""What became of a gap, in the order in which changes are shown."""
BY: Final = ("shortfall", "severity")
COMPARISON_COLUMNS: Final = (
    "gap_id",
    "kind",
    "category",
    "change",
    "unit",
    "shortfall_before",
    "shortfall_after",
    "severity_before",
    "severity_after",
    "confidence_before",
    "confidence_after",
    "evidence_before",
    "evidence_after",
    "evidence_kept",
)
_SIDES: Final = ("_before", "_after")
_KEYS: Final = ["gap_id", "table", "row_id"]


def compare_gaps(
    before: pd.DataFrame,
    after: pd.DataFrame,
    *,
    evidence: tuple[pd.DataFrame, pd.DataFrame],
    by: str = "shortfall",
) -> pd.DataFrame:
    """Return what became of every gap of two diagnoses.

    Parameters
    ----------
    before, after : DataFrame
        Columns ``GAP_COLUMNS``; of two territories, the first and the second.
    evidence : tuple of DataFrame
        Columns ``EVIDENCE_COLUMNS``, of both.
    by : str, default "shortfall"
        What makes a gap grown or shrunk: ``shortfall``, in its unit, for one territory at two
        dates; ``severity``, a share, for two territories of different size.  Where the unit of a
        gap is not the same in both, severity decides.

    Returns
    -------
    DataFrame
        Columns ``COMPARISON_COLUMNS``, one row a gap of either.  ``change`` is one of ``CHANGES``:
        ``opened`` is only in the second, ``closed`` only in the first.  Figures of the side where a
        gap is not are NaN, its rows of evidence 0; ``evidence_kept`` counts the facts that stand
        behind it in both.  Ordered by change, then by severity x confidence, then by id.

    Raises
    ------
    ValueError
        If ``by`` is neither.

    Notes
    -----
    That a gap is closed says that it is no more found, not why: a need may have been met, or its
    row taken out.  ``evidence_kept`` of gaps that stay, and the journal of the territory, tell.

    Examples
    --------
    >>> from toolkit.gaps.table import frames
    >>> nothing = frames(())
    >>> compare_gaps(nothing[0], nothing[0], evidence=(nothing[1], nothing[1])).empty
    True
    """
    if by not in BY:
        message = f"by must be one of {', '.join(BY)}; got {by!r}."
        raise ValueError(message)
    sides = [
        frame.assign(evidence=frame["evidence"].astype("float64"))
        .set_index("gap_id")
        .add_suffix(end)
        for frame, end in zip((before, after), _SIDES, strict=True)
    ]
    both = sides[0].join(sides[1], how="outer")
    names = ("kind", "category", "unit")
    same_unit = both["unit_before"].fillna("") == both["unit_after"].fillna("")
    told = {
        name: both[f"{name}_after"].fillna(both[f"{name}_before"]).fillna("").astype("str")
        for name in names
    }
    kept = _facts(evidence[0]).merge(_facts(evidence[1]), on=_KEYS).groupby("gap_id").size()
    size = np.where(same_unit & (by == "shortfall"), "shortfall", "severity")
    first, second = (
        np.where(size == "shortfall", both[f"shortfall{end}"], both[f"severity{end}"])
        for end in _SIDES
    )
    figures = [f"{name}{end}" for name in ("shortfall", "severity", "confidence") for end in _SIDES]
    made = both[figures].assign(
        **told,
        change=pd.Series(
            _changes(first.astype("float64"), second.astype("float64")),
            index=both.index,
            dtype="str",
        ),
        evidence_before=both["evidence_before"].fillna(0.0).astype("int64"),
        evidence_after=both["evidence_after"].fillna(0.0).astype("int64"),
        evidence_kept=kept.reindex(both.index).fillna(0).astype("int64"),
    )
    return _ordered(made.reset_index())


def _facts(evidence: pd.DataFrame) -> pd.DataFrame:
    return evidence[_KEYS].drop_duplicates()


def _changes(before: Floats, after: Floats) -> list[str]:
    """Return what became of each gap; a difference that is only rounding is none."""
    scale = np.fmax(np.abs(before), np.abs(after))
    step = after - before
    cases = [
        np.isnan(before),
        np.isnan(after),
        np.abs(step) <= RELATIVE_ZERO * scale,
        step > 0,
    ]
    return list(np.select(cases, ["opened", "closed", "same", "grown"], default="shrunk"))


def _ordered(made: pd.DataFrame) -> pd.DataFrame:
    """Return the rows in the order in which they are shown."""
    pressing = [
        (made[f"severity{end}"] * made[f"confidence{end}"]).astype("float64") for end in _SIDES
    ]
    keyed = made.assign(
        _change=made["change"].map(CHANGES.index).astype("int64"),
        _pressing=pressing[1].fillna(pressing[0]),
    )
    order = keyed.sort_values(
        ["_change", "_pressing", "gap_id"], ascending=[True, False, True], kind="stable"
    )
    return order[list(COMPARISON_COLUMNS)].reset_index(drop=True)
