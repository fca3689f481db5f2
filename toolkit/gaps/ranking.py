"""The order in which gaps are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def rank(gaps: pd.DataFrame) -> pd.DataFrame:
    """Return the gaps ordered by severity x confidence, then severity, then id.

    Both figures stay visible; they are multiplied only to order the list, never shown as one score.

    Parameters
    ----------
    gaps : DataFrame
        Columns ``GAP_COLUMNS``.

    Returns
    -------
    DataFrame
        The same rows, index 0..n-1.

    Examples
    --------
    >>> import pandas as pd
    >>> gaps = pd.DataFrame(
    ...     {"gap_id": ["b", "a", "c"], "severity": [0.5, 0.5, 0.9], "confidence": [1.0, 1.0, 0.1]}
    ... )
    >>> rank(gaps)["gap_id"].tolist()
    ['a', 'b', 'c']
    """
    keyed = gaps.assign(_product=gaps["severity"] * gaps["confidence"])
    order = keyed.sort_values(
        ["_product", "severity", "gap_id"], ascending=[False, False, True], kind="stable"
    )
    return order.drop(columns="_product").reset_index(drop=True)
