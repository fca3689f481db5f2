"""Quantities: units converted inside their dimension, never across, and brought to a year."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from toolkit import nomenclature
from toolkit.errors import DataError, Problem

if TYPE_CHECKING:
    from pint import UnitRegistry

PER_YEAR: Final[Mapping[str, float]] = MappingProxyType(
    {"once": 1.0, "year": 1.0, "month": 12.0, "week": 365.25 / 7, "day": 365.25}
)
"""Times a period comes in a year; something given once counts in the year of the diagnosis."""


_PINT_NAMES: Final[Mapping[str, str]] = MappingProxyType({"day": "workday"})
"""Units that the list ``units`` means otherwise than pint.

A day is a working day of 7 hours (35-hour week over 5 days), not 24 hours: what is offered or
lacked by the day is people's time, rooms and machines.  Things that are counted (places, persons,
pieces) convert one for one.  Own rules, see docs/decisions.
"""


@cache
def _registry() -> UnitRegistry[float]:
    from pint import UnitRegistry  # noqa: PLC0415 - slow to load, needed only to convert

    registry: UnitRegistry[float] = UnitRegistry()
    for line in (
        "m2 = meter ** 2",
        "m3 = meter ** 3",
        "unit = [count]",  # pieces, places and people are all counted one by one
        "place = unit",
        "person = unit",
        "workday = 7 * hour",
        "EUR = [currency]",
        "kEUR = 1000 * EUR",
    ):
        registry.define(line)
    return registry


def dimension_of(unit: str) -> str:
    """Return the dimension of a unit of the list ``units`` (``mass``, ``energy`` ...).

    Raises
    ------
    KeyError
        If the unit is not in the list.
    """
    return str(nomenclature.table("units").loc[unit, "dimension"])


@cache
def factor(unit: str, to: str) -> float:
    """Return by what a quantity in a unit is multiplied to be in another.

    Raises
    ------
    DataError
        If the two are of different dimensions.

    Examples
    --------
    >>> factor("t", "kg")
    1000.0
    """
    if unit == to:
        return 1.0
    if dimension_of(unit) != dimension_of(to):
        params = {"given_unit": unit, "expected_units": to}
        raise DataError(Problem("unit_dimension", column="unit", found=unit, params=params))
    given, wanted = (_PINT_NAMES.get(name, name) for name in (unit, to))
    return float(_registry().Quantity(1.0, given).to(wanted).magnitude)


@cache
def units_of(dimension: str) -> tuple[str, ...]:
    """Return the units of a dimension, sorted."""
    frame = nomenclature.table("units")
    return tuple(sorted(frame.index[frame["dimension"] == dimension]))


def per_year(period: str) -> float:
    """Return how many times a period comes in a year (1 for an unknown one)."""
    return PER_YEAR.get(period, 1.0)


def symbol(unit: str, *, lang: str) -> str:
    """Return the symbol of a unit as people write it (``m²``, ``places``); the code if unknown."""
    frame = nomenclature.table("units")
    return str(frame.loc[unit, f"symbol_{lang}"]) if unit in frame.index else unit
