"""What a diagnosis may use beside the tables of a territory; every part of it may be missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import pandas as pd

from toolkit import vocabulary as v

_NUMBERS: Final = frozenset(
    {
        *("order", "min_actors", "radius_km", "minutes", "people", "longitude", "latitude"),
        *("population", "density_per_km2", "median_income_eur", "count"),
    }
)


def _without_rows(columns: tuple[str, ...]) -> pd.DataFrame:
    kinds = {"optional": "bool"} | dict.fromkeys(_NUMBERS, "float64")
    return pd.DataFrame({name: pd.Series([], dtype=kinds.get(name, "str")) for name in columns})


def _no_stages() -> pd.DataFrame:
    return _without_rows(v.STAGE_COLUMNS)


def _no_places() -> pd.DataFrame:
    return _without_rows(v.STAGE_PLACE_COLUMNS)


def _no_panel() -> pd.DataFrame:
    return _without_rows(v.PANEL_COLUMNS)


def _no_travel() -> pd.DataFrame:
    return _without_rows(v.TRAVEL_COLUMNS)


def _no_cells() -> pd.DataFrame:
    return _without_rows(v.CELL_COLUMNS)


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """What is known beside the tables of a territory; a part that is missing has no rows.

    Attributes
    ----------
    estimates : Mapping of str to DataFrame
        Rows of ``resources``, ``needs`` and ``sources`` deduced from activities.
    stages : DataFrame
        Stages of value chains, columns ``STAGE_COLUMNS``.
    places : DataFrame
        Which actor stands at which stage, columns ``STAGE_PLACE_COLUMNS``.
    panel : DataFrame
        Counts of activities in territories to compare with, this one among them: columns
        ``PANEL_COLUMNS``, one row a territory and activity.  An activity that a territory has no
        row for is counted 0 there.
    own_id : str
        Which ``territory_id`` of the panel is this territory; empty where it is not in it.
    travel : DataFrame
        Travel times that people bring, columns ``TRAVEL_COLUMNS``: minutes from a commune or
        population cell to a commune or an actor.  A pair that is not in it is out of reach.
    cells : DataFrame
        Where people live inside communes, columns ``CELL_COLUMNS`` (EPSG:4326).

    Examples
    --------
    >>> Background().panel.empty
    True
    """

    estimates: Mapping[str, pd.DataFrame] = field(default_factory=lambda: MappingProxyType({}))
    stages: pd.DataFrame = field(default_factory=_no_stages)
    places: pd.DataFrame = field(default_factory=_no_places)
    panel: pd.DataFrame = field(default_factory=_no_panel)
    own_id: str = ""
    travel: pd.DataFrame = field(default_factory=_no_travel)
    cells: pd.DataFrame = field(default_factory=_no_cells)

    def given(self) -> tuple[str, ...]:
        """Return the names of the parts that have rows."""
        parts = ("stages", "panel", "travel", "cells")
        held = [name for name in parts if len(getattr(self, name))]
        return (*held, *(["estimates"] if any(map(len, self.estimates.values())) else []))


NOTHING: Final = Background()
"""Nothing beside the tables."""
