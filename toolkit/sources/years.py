"""Files with one row a thing and year: the rows of one year."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.errors import DataError, Problem
from toolkit.sources.reading import listed, numbers

if TYPE_CHECKING:
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
