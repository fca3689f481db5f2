"""Quantities: units of one dimension, periods of a year."""

from __future__ import annotations

import itertools

import pytest

from toolkit import nomenclature, units
from toolkit.errors import DataError

DIMENSIONS = sorted(set(nomenclature.table("units")["dimension"]))


@pytest.mark.parametrize(
    "unit, to, times",
    [
        ("t", "kg", 1000),
        ("kg", "t", 0.001),
        ("MWh", "kWh", 1000),
        ("ha", "m2", 10_000),
        ("m3", "L", 1000),
        ("kEUR", "EUR", 1000),
        ("day", "hour", 7),
        ("place", "person", 1),
        ("unit", "place", 1),
        ("kg", "kg", 1),
    ],
)
def test_known_conversions(unit, to, times):
    assert units.factor(unit, to) == pytest.approx(times, rel=1e-12)


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_units_of_a_dimension_convert_both_ways(dimension):
    for unit, to in itertools.product(units.units_of(dimension), repeat=2):
        assert units.factor(unit, to) * units.factor(to, unit) == pytest.approx(1.0, rel=1e-12)


def test_no_unit_converts_across_dimensions():
    for one, other in itertools.permutations(DIMENSIONS, 2):
        with pytest.raises(DataError) as caught:
            units.factor(units.units_of(one)[0], units.units_of(other)[0])
        assert caught.value.code == "unit_dimension"


def test_unknown_units_are_mistakes_of_the_caller():
    with pytest.raises(KeyError):
        units.dimension_of("furlong")


def test_periods():
    assert units.per_year("month") == 12
    assert units.per_year("week") * 7 == pytest.approx(365.25)
    assert units.per_year("once") == units.per_year("year") == 1
    assert units.per_year("") == 1


def test_symbols():
    assert units.symbol("m2", lang="fr") == "m²"
    assert units.symbol("place", lang="en") == "places"
    assert units.symbol("furlong", lang="fr") == "furlong"
