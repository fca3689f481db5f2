"""Years of files: the rows of one year, the latest year of days."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.errors import DataError, Problem
from toolkit.sources.reading import listed, numbers

if TYPE_CHECKING:
    import pandas as pd

    from toolkit.sources.extract import Sieve


def take_year(sieve: Sieve, *, year: int | None) -> int:
    """Keep the rows of one year, and return it; others are counted as ``other_years``.

    Parameters
    ----------
    sieve : Sieve
        Rows with a column ``year``.
    year : int, optional
        Year wanted; the latest of the file where it is left out.

    Raises
    ------
    DataError
        If there is no row of that year.
    """
    years = numbers(sieve.rows["year"])
    wanted = float(year) if year is not None else years.max()
    if not (years == wanted).any():
        known = listed(sorted({int(one) for one in years.dropna()})) or "–"
        found = "?" if year is None else str(year)
        params = {"choices": known}
        raise DataError(Problem("sources_no_year", where=sieve.where, found=found, params=params))
    sieve.drop(years != wanted, "other_years", show="year")
    return int(wanted)


def latest_year(cells: pd.Series[str]) -> int | None:
    """Return the latest year of days written ``YYYY-MM-DD...``; None where no cell is a day.

    Years outside this century and the last, such as those that a slip made (0004, 2218), do not
    count.

    Examples
    --------
    >>> import pandas as pd
    >>> latest_year(pd.Series(["2017-04-11T19:31:04", "3035-01-01", "0001-01-01", None]))
    2017
    """
    days = cells.str.extract(r"^((?:19|20)\d\d)-\d\d-\d\d", expand=False).dropna()
    return int(days.max()) if len(days) else None
