"""Plain values of cells: what is missing, what is a number, what a person sees."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pandas as pd

NUMBERS: Final = (int, float, np.integer, np.floating, Decimal)
"""Types of a cell that holds a number; a boolean is none, though Python counts it as an int."""


def is_missing(cell: object) -> bool:
    """Return whether a cell holds nothing at all (None, NaN, NaT)."""
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return True
    if isinstance(cell, Decimal):
        return cell.is_nan()
    return isinstance(cell, float | np.floating) and math.isnan(cell)


def is_number(cell: object) -> bool:
    """Return whether a cell holds a number, and not a boolean or a text."""
    return isinstance(cell, NUMBERS) and not isinstance(cell, bool | np.bool_)


def as_float(cell: Any) -> float:  # noqa: ANN401 - any number
    """Return a number as a float; infinity where it is too large for one."""
    try:
        return float(cell)
    except OverflowError:
        return math.inf if cell > 0 else -math.inf


def written(cell: object) -> str:
    """Return a cell as the text a person sees.

    Examples
    --------
    >>> written(12.0), written(dt.datetime(2026, 1, 31)), written(True)
    ('12', '2026-01-31', 'true')
    """
    if isinstance(cell, str):
        return str(cell)
    if isinstance(cell, bool | np.bool_):
        return "true" if cell else "false"
    if isinstance(cell, float | np.floating) and math.isfinite(cell) and cell == int(cell):
        return str(int(cell))
    if isinstance(cell, dt.datetime):
        at_midnight = cell.time() == dt.time()
        return cell.date().isoformat() if at_midnight else cell.isoformat(sep=" ")
    return str(cell)


def as_text(cells: Iterable[object]) -> pd.Series[str]:
    """Return cells as text, missing ones kept; objects where the text cannot be encoded.

    Parameters
    ----------
    cells : Series or iterable
        Any cells; the index of a Series is kept.
    """
    index = cells.index if isinstance(cells, pd.Series) else None
    texts = [np.nan if is_missing(cell) else written(cell) for cell in cells]
    try:
        return pd.Series(texts, index=index, dtype="str")
    except (TypeError, ValueError):
        return pd.Series(texts, index=index, dtype="object")


def as_numbers(cells: pd.Series[Any]) -> pd.Series[float]:
    """Return cells as floats, NaN where a cell is missing or is no number."""
    if cells.dtype == "float64":
        return pd.Series(cells)
    if pd.api.types.is_numeric_dtype(cells.dtype) and str(cells.dtype) not in {"bool", "boolean"}:
        return pd.Series(cells.astype("float64"))
    floats = [as_float(cell) if is_number(cell) else math.nan for cell in cells.astype("object")]
    return pd.Series(floats, index=cells.index, dtype="float64")
