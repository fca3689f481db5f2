"""Resources, needs and flows as comparable quantities: per year, one unit a measure, with a place.

A *measure* is what quantities must share to be compared: the dimension of their unit (``mass``,
``area``, ``count`` ...).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from toolkit import nomenclature, units
from toolkit import vocabulary as v

if TYPE_CHECKING:
    from toolkit.territory import Territory

SIDE_COLUMNS: Final = (
    "row_id",
    "category",
    "actor_id",
    "place_id",
    "commune_id",
    "x_m",
    "y_m",
    "measure",
    "unit",
    "amount",
    "base",
    "basis",
    "source_id",
)


# --- measures and units -----------------------------------------------------------------------
@cache
def measure_of(unit: str) -> str:
    """Return what a unit measures, its dimension; empty for what is no unit.

    Examples
    --------
    >>> measure_of("kg"), measure_of("place"), measure_of("")
    ('mass', 'count', '')
    """
    return units.dimension_of(unit) if unit in nomenclature.codes("units") else ""


@cache
def base_unit(measure: str) -> str:
    """Return the unit in which amounts of a measure are added up inside the computation."""
    return units.units_of(measure)[0]


@cache
def _default_units(category: str) -> tuple[str, ...]:
    """Return the default units of a category and of everything below it, most frequent first."""
    frame = nomenclature.table("categories")
    below = frame.index.str.startswith(f"{category}.") | (frame.index == category)
    counted = Counter(unit for unit in frame.loc[below, "default_unit"] if unit)
    return tuple(sorted(counted, key=lambda unit: (-counted[unit], unit)))


@cache
def main_unit(category: str) -> str:
    """Return the unit a category is shown in: its own, else the usual one of what is below it."""
    frame = nomenclature.table("categories")
    own = str(frame.loc[category, "default_unit"]) if category in frame.index else ""
    return own or next(iter(_default_units(category)), "")


@cache
def display_unit(category: str, measure: str) -> str:
    """Return the unit in which a measure of a category is shown.

    That is its own unit, else the usual one below it, else that of its nearest parent.

    Examples
    --------
    >>> display_unit("materials.wood.pallets", "mass")
    't'
    """
    for code in nomenclature.ancestors(category):
        for unit in (main_unit(code), *_default_units(code)):
            if measure_of(unit) == measure:
                return unit
    return base_unit(measure)


def subject(category: str, measure: str) -> str:
    """Return how a gap id names a category: with the measure where it is not the usual one."""
    return category if measure == measure_of(main_unit(category)) else f"{category}:{measure}"


def group_of(category: str) -> str:
    """Return the second-level ancestor of a category (itself where it is a root).

    Two compatible categories always have the same one.

    Examples
    --------
    >>> group_of("materials.wood.pallets")
    'materials.wood'
    """
    return ".".join(category.split(".")[:2])


def root_of(category: str) -> str:
    """Return the first-level ancestor of a category."""
    return category.split(".", maxsplit=1)[0]


def with_amounts(frame: pd.DataFrame, *, period: str = "") -> pd.DataFrame:
    """Return rows with their quantity per year, in comparable units.

    Parameters
    ----------
    frame : DataFrame
        Columns used: ``category``, ``quantity``, ``unit`` and, if given, ``period``.
    period : str, default ""
        Name of the column that holds the period; empty where quantities are already per year.

    Returns
    -------
    DataFrame
        The rows with ``measure``, ``amount`` in ``unit`` (the unit in which the category is
        shown) and ``base`` (the same amount in the base unit of the measure).  A row without
        quantity or unit has an empty measure and NaN amounts.
    """
    lines = zip(frame["category"].tolist(), frame["unit"].tolist(), strict=True)
    plans = [_plan(str(category), str(unit)) for category, unit in lines]
    measures, shown, to_shown, to_base = zip(*plans, strict=True) if plans else ((), (), (), ())
    quantity = frame["quantity"].to_numpy(dtype="float64")
    times = by_code(frame[period], _per_year).to_numpy(dtype="float64") if period else 1.0
    measured = np.isfinite(quantity) & np.array([bool(one) for one in measures], dtype="bool")
    yearly = np.where(measured, quantity * times, np.nan)
    return frame.assign(
        measure=pd.Series(measures, index=frame.index, dtype="str").where(measured, ""),
        unit=pd.Series(shown, index=frame.index, dtype="str").where(measured, ""),
        amount=yearly * np.array(to_shown, dtype="float64"),
        base=yearly * np.array(to_base, dtype="float64"),
    )


def by_code(codes: pd.Series, function: Callable[[Any], Any]) -> pd.Series:
    """Return a function of each cell of a column of few codes, computed once a code.

    Examples
    --------
    >>> by_code(pd.Series(["land.forest", "land.pasture", "land.forest"]), root_of).tolist()
    ['land', 'land', 'land']
    """
    cells = codes.tolist()
    known = {cell: function(cell) for cell in dict.fromkeys(cells)}
    return pd.Series([known[cell] for cell in cells], index=codes.index)


def _per_year(period: object) -> float:
    return float(units.per_year(str(period)))


@cache
def _plan(category: str, unit: str) -> tuple[str, str, float, float]:
    """Return measure, unit shown, and the factors to that unit and to the base unit."""
    measure = measure_of(unit)
    if not measure:
        return "", "", np.nan, np.nan
    shown = display_unit(category, measure)
    return measure, shown, units.factor(unit, shown), units.factor(unit, base_unit(measure))


# --- the two sides of the balance -------------------------------------------------------------
def offers(territory: Territory) -> pd.DataFrame:
    """Return the resources as one side of the balance (columns ``SIDE_COLUMNS``), by id."""
    return _side(territory, table=v.RESOURCES, key="resource_id")


def demands(territory: Territory) -> pd.DataFrame:
    """Return the needs as one side of the balance (columns ``SIDE_COLUMNS``), by need id.

    A need lies where its actor is; a need without an actor lies at its commune.
    """
    return _side(territory, table=v.NEEDS, key="need_id")


def _side(territory: Territory, *, table: str, key: str) -> pd.DataFrame:
    frame = territory.table(table).sort_values(key, kind="stable").reset_index(drop=True)
    actor = frame["actor_id"].fillna("").astype("str")
    given = frame["commune_id"] if "commune_id" in frame else pd.Series("", index=frame.index)
    place = actor.where(actor != "", given.fillna("").astype("str"))
    placed = with_amounts(frame, period="period").assign(row_id=frame[key], actor_id=actor)
    by_actor = actor_places(territory).reindex(place.where(actor != ""))
    by_commune = commune_places(territory).reindex(place.where(actor == ""))
    for column in ("x_m", "y_m", "commune_id"):
        own, other = by_actor[column].to_numpy(), by_commune[column].to_numpy()
        placed[column] = np.where((actor != "").to_numpy(), own, other)
    placed["commune_id"] = placed["commune_id"].fillna("").astype("str")
    placed["place_id"] = place
    placed["source_id"] = placed["source_id"].fillna("").astype("str")
    return placed[list(SIDE_COLUMNS)].astype({"x_m": "float64", "y_m": "float64"})


def actor_places(territory: Territory) -> pd.DataFrame:
    """Return ``x_m``, ``y_m`` (metres) and ``commune_id`` of the actors, by actor id."""
    actors = territory.table(v.ACTORS)
    located = territory.locations.iloc[: len(actors)]
    return located.assign(commune_id=actors["commune_id"].to_numpy()).sort_index()


def commune_places(territory: Territory) -> pd.DataFrame:
    """Return ``x_m``, ``y_m`` (metres) and ``commune_id`` of the communes, by commune id."""
    located = territory.locations.iloc[len(territory.table(v.ACTORS)) :]
    return located.assign(commune_id=located.index.to_numpy()).sort_index()
