"""The comparison panel: which territories one is compared with, and what each has."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit.errors import Problem, SettingsError
from toolkit.gaps.shrinkage import PANEL_MIN

if TYPE_CHECKING:
    from toolkit.settings import Settings

TRAIT_COLUMNS: Final = (
    "territory_id",
    "name",
    "kind",
    "population",
    "density_per_km2",
    "median_income_eur",
)
CHOICE_COLUMNS: Final = (*TRAIT_COLUMNS, "distance", "chosen")
"""Columns of the panel: this territory first, then the chosen ones, then the others, nearest first.

``distance`` is in standard deviations; NaN where a population is unknown, which is never chosen."""
BPE: Final = "bpe"
"""Nomenclature of services to people."""
_TRAITS: Final = (("population", True), ("density_per_km2", True), ("median_income_eur", False))
"""What territories are compared by, and whether by its logarithm."""
DIGITS: Final = 12
"""Decimals of what is compared or ordered by: sums of floats differ in the last ones."""


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Counts of one nomenclature.

    Attributes
    ----------
    nomenclature : str
        ``naf_rev2``, ``naf_2025`` or ``bpe``.
    territory_ids : tuple of str
        This territory, then the others by id.
    activities : tuple of str
        Codes, sorted.
    counts : ndarray, shape (n_territories, n_activities)
        0 where the panel has no row.
    """

    nomenclature: str
    territory_ids: tuple[str, ...]
    activities: tuple[str, ...]
    counts: NDArray[np.float64]

    def only(self, names: Collection[str]) -> Counts:
        """Return this territory and those of the others that are named."""
        rows = [row for row, name in enumerate(self.territory_ids) if row == 0 or name in names]
        kept = tuple(self.territory_ids[row] for row in rows)
        return Counts(self.nomenclature, kept, self.activities, self.counts[rows])


def choose_panel(panel: pd.DataFrame, own_id: str, *, settings: Settings) -> pd.DataFrame:
    """Return which territories one is compared with: the nearest of its kind.

    Near in the logarithms of population and density, and in income; each difference is counted in
    standard deviations, and the distance is the root of the mean of their squares.  What is unknown
    of one of the two is left out of the mean.

    Parameters
    ----------
    panel : DataFrame
        Columns ``PANEL_COLUMNS``.
    own_id : str
        Which ``territory_id`` of it is compared with the others.
    settings : Settings
        Used: ``panel_size``; ``panel_ids`` takes the place of the choice where it names any.

    Returns
    -------
    DataFrame
        Columns ``CHOICE_COLUMNS``, one row a territory.  Where fewer than three others are of the
        same kind, all kinds count.

    Raises
    ------
    SettingsError
        If ``panel_ids`` names a territory that is not in the panel.
    """
    first = panel.sort_values("territory_id", kind="stable").drop_duplicates("territory_id")
    traits = first[list(TRAIT_COLUMNS)].set_index("territory_id", drop=False).rename_axis(None)
    unknown = [name for name in settings.panel_ids if name not in traits.index]
    if unknown:
        params = {"names": ", ".join(unknown), "count": len(unknown)}
        raise SettingsError(
            Problem("panel_ids_unknown", column="panel_ids", found=unknown[0], params=params)
        )
    own = traits[traits.index == own_id].iloc[0]
    others = traits[traits.index != own_id]
    usable = _usable(others)
    alike = usable & (others["kind"] == own["kind"])
    pool = alike if alike.sum() >= PANEL_MIN else usable
    away = _distances(others, own, pool=pool)
    if settings.panel_ids:
        taken = usable & others["territory_id"].isin(settings.panel_ids)
    else:
        nearest = others[pool].assign(away=away).sort_values(["away", "territory_id"])
        taken = others["territory_id"].isin(nearest["territory_id"].head(settings.panel_size))
    ranked = others.assign(distance=away, chosen=taken).sort_values(
        ["chosen", "distance", "territory_id"], ascending=[False, True, True]
    )
    mine = traits.loc[[own_id]].assign(distance=0.0, chosen=False)
    return pd.concat([mine, ranked])[list(CHOICE_COLUMNS)].reset_index(drop=True)


def _distances(
    others: pd.DataFrame, own: pd.Series[Any], *, pool: pd.Series[bool]
) -> pd.Series[float]:
    """Return how far others are from a territory; spreads are those of the pool."""
    squares, known = np.zeros(len(others)), np.zeros(len(others))
    for column, is_log in _TRAITS:
        values = _scaled(others[column], is_log=is_log)
        mine = float(_scaled(pd.Series([own[column]]), is_log=is_log)[0])
        told = np.isfinite(values)
        held = values[pool.to_numpy() & told]
        spread = float(held.std()) if len(held) else 0.0
        if math.isfinite(mine) and spread > 0:
            squares += np.where(told, ((values - mine) / spread) ** 2, 0.0)
            known += told
    away = np.sqrt(squares / np.maximum(known, 1.0)).round(DIGITS)
    return pd.Series(away, index=others.index).where(_usable(others))


def _usable(others: pd.DataFrame) -> pd.Series[bool]:
    """Return whether the population of each territory is known."""
    people = others["population"].astype("float64")
    return people.between(0.0, math.inf, inclusive="neither")


def _scaled(values: pd.Series[Any], *, is_log: bool) -> NDArray[np.float64]:
    """Return a trait as compared: NaN where it is unknown or not above zero."""
    numbers = values.astype("float64").to_numpy()
    sound = np.isfinite(numbers) & (numbers > 0)
    positive = np.where(sound, numbers, 1.0)
    return np.where(sound, np.log(positive) if is_log else positive, np.nan)


def counts_by_nomenclature(panel: pd.DataFrame, own_id: str) -> list[Counts]:
    """Return the counts of each nomenclature in which a territory is counted at all.

    Parameters
    ----------
    panel : DataFrame
        Columns ``PANEL_COLUMNS``; an activity without row is counted 0.
    own_id : str
        Which ``territory_id`` of it comes first.

    Raises
    ------
    ValueError
        If a count is negative or not finite, or told twice.
    """
    counts = panel["count"].astype("float64")
    if not np.isfinite(counts).all() or (counts < 0).any():
        message = "Counts of the panel must be finite and >= 0; got something else."
        raise ValueError(message)
    if panel.duplicated(["territory_id", "nomenclature", "activity"]).any():
        message = "The panel tells the same activity of a territory more than once."
        raise ValueError(message)
    made = []
    for name, part in panel.assign(count=counts).groupby("nomenclature", sort=True):
        mine = part["territory_id"] == own_id
        if not (part.loc[mine, "count"] > 0).any():
            continue
        order = pd.Index([own_id, *sorted(part.loc[~mine, "territory_id"].unique())])
        codes = pd.Index(sorted(part["activity"].unique()))
        held = np.zeros((len(order), len(codes)))
        place = (
            order.get_indexer(pd.Index(part["territory_id"])),
            codes.get_indexer(pd.Index(part["activity"])),
        )
        held[place] = part["count"]
        made.append(Counts(str(name), tuple(order), tuple(codes), held))
    return made
