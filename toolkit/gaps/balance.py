"""Unmet needs and unused resources: what is left after the best use of the territory's own means.

Needs and resources of compatible categories and of one measure are matched by the transport problem
of :mod:`toolkit.gaps.transport`: most quantity first, then least quantity x distance.  What a row
lacks in quantity or unit cannot enter a sum; such rows are counted apart
(:mod:`toolkit.gaps.leftovers`).

Rules
-----
- A pair is allowed when the categories are compatible, the holder is not the one in need, and the
  road (straight distance x detour factor) is within the radius of the more precise of the two
  categories, the one that says what would travel; `radius_km` of the settings where the
  nomenclature gives none.
- Confidential rows take part: the figures are totals, and what may leave is decided in ``privacy``.
- The total unmet need never rises when a holder is added; that of one category may, when its
  supplier serves another one better.
- A quantity of 0 is neither a need nor a resource.
- Services to people serve needs, but are never told unused: whom they serve day by day is not in
  the table of needs, and :mod:`toolkit.gaps.access` looks at them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from toolkit import nomenclature
from toolkit.gaps import access, leftovers, prices, quantities, table, transport
from toolkit.gaps.quantities import SIDE_COLUMNS

if TYPE_CHECKING:
    from toolkit.settings import Settings
    from toolkit.territory import Territory

MATCH_COLUMNS: Final = (
    "resource_id",
    "need_id",
    "resource_actor_id",
    "need_place_id",
    "category",
    "quantity",
    "unit",
    "distance_km",
    "basis",
)


def find(territory: Territory, *, settings: Settings, with_prices: bool = True) -> table.Found:
    """Return unmet needs, unused resources, the optimal matches and their prices.

    Parameters
    ----------
    territory : Territory
        Tables used: communes, actors, resources, needs.
    settings : Settings
        Used: ``detour_factor`` and ``radius_km``.
    with_prices : bool, default True
        Whether to look for what one more unit would bring.

    Returns
    -------
    Found
        Gaps of kinds ``unmet_need`` and ``unused_resource``, one a category (and measure, where it
        is not the category's usual one, and ``:unsized`` for rows of unknown size).  The detail is
        the frame of matches (columns ``MATCH_COLUMNS``, quantity per year in ``unit``, distance by
        road in km).  More: ``prices`` (columns ``PRICE_COLUMNS`` of :mod:`toolkit.gaps.prices`).

    Notes
    -----
    Severity is the largest of three shares: of all that the territory needs (offers) in the same
    root category, where each measure weighs as much as it has rows; of its actors; of its people,
    for needs of communes.  A row that is partly met counts for its unmet part.  Confidence is the
    share of the evidence that is not estimated, times how far the other side was asked too
    (:func:`toolkit.gaps.leftovers.both_sides`).
    """
    resources, needs = quantities.offers(territory), quantities.demands(territory)
    markets = optima(resources[resources["base"] > 0], needs[needs["base"] > 0], settings=settings)
    matches = match(markets)
    services = [
        category
        for category in resources["category"].unique()
        if np.isfinite(access.reach_minutes(category, settings=settings))
    ]
    for_people = resources["category"].isin(services)
    gaps: list[table.Gap] = []
    for side, rows, others in (
        (leftovers.NEEDS, needs, resources),
        (leftovers.RESOURCES, resources[~for_people], needs),
    ):
        scale = leftovers.Scale.of(territory, rows, others=others)
        unsized = rows[rows["base"].isna()]
        partner = has_partner(unsized, others[others["base"] != 0], side=side, settings=settings)
        gaps += leftovers.measured(rows, matches, side=side, scale=scale)
        gaps += leftovers.unsized(unsized, partner, side=side, scale=scale)
    told = [
        prices.of_market(held, wanted, optimum=optimum)
        for held, wanted, optimum in (markets if with_prices else ())
    ]
    more = {"prices": prices.joined(told)}
    return table.Found(tuple(gaps), _match_table(matches), more=more)


# --- matches ----------------------------------------------------------------------------------
def optima(
    resources: pd.DataFrame, needs: pd.DataFrame, *, settings: Settings
) -> list[tuple[pd.DataFrame, pd.DataFrame, transport.Optimum]]:
    """Return the two sides of each market with its optimum.

    Parameters
    ----------
    resources, needs : DataFrame
        Columns ``SIDE_COLUMNS`` of :mod:`toolkit.gaps.quantities`; amounts > 0.
    settings : Settings
        Used: ``detour_factor`` and ``radius_km``.

    Returns
    -------
    list of tuple
        Resources and needs of one second-level category and measure, each by id, and the optimum
        whose supplies and demands they are; only where there are both.
    """
    supplies = _by_group(resources, "measure")
    return [
        (
            supplies[key],
            wanted,
            transport.optimum(market(supplies[key], wanted, settings=settings)),
        )
        for key, wanted in _by_group(needs, "measure").items()
        if key in supplies
    ]


def match(
    markets: list[tuple[pd.DataFrame, pd.DataFrame, transport.Optimum]],
) -> pd.DataFrame:
    """Return the optimal matches of all markets.

    Returns
    -------
    DataFrame
        One row a pair used: the rows of both sides (suffixes ``_resource``, ``_need``), ``base``
        (amount in the base unit of the measure) and ``distance_km``.
    """
    parts = []
    for held, wanted, optimum in markets:
        plan = optimum.plan
        pairs = [
            held.iloc[plan.supply].add_suffix("_resource").reset_index(drop=True),
            wanted.iloc[plan.demand].add_suffix("_need").reset_index(drop=True),
        ]
        both = pd.concat(pairs, axis="columns")
        parts.append(both.assign(base=plan.amount, distance_km=plan.road_km))
    if not parts:
        columns = [f"{name}_{end}" for end in ("resource", "need") for name in SIDE_COLUMNS]
        numbers = [name for name in columns if name.startswith(("x_m", "y_m", "amount", "base_"))]
        return table.without_rows(
            (*columns, "base", "distance_km"), numbers=[*numbers, "base", "distance_km"]
        )
    order = ["row_id_resource", "row_id_need"]
    return pd.concat(parts, ignore_index=True).sort_values(order, ignore_index=True)


def has_partner(
    rows: pd.DataFrame, others: pd.DataFrame, *, side: leftovers.Side, settings: Settings
) -> pd.Series:
    """Return whether each row of a side has a compatible row of the other within its radius.

    Sizes play no part; the index is that of ``rows``.
    """
    found = pd.Series(data=False, index=rows.index)
    partners = _by_group(others)
    for key, part in _by_group(rows).items():
        if key not in partners:
            continue
        is_need = side is leftovers.NEEDS
        held, wanted = (partners[key], part) if is_need else (part, partners[key])
        reached = transport.reachable(market(held, wanted, settings=settings))
        found[part.index] = reached[1 if is_need else 0]
    return found


def _by_group(side: pd.DataFrame, *more: str) -> dict[tuple[str, ...], pd.DataFrame]:
    """Return the rows of a side by second-level category (and more), each sorted by id."""
    if side.empty:
        return {}
    groups = quantities.by_code(side["category"], quantities.group_of)
    keys = [groups, *(side[name] for name in more)]
    ordered = side.sort_values("row_id", kind="stable")
    return dict(list(ordered.groupby(keys, sort=True)))  # type: ignore[arg-type]


def market(resources: pd.DataFrame, needs: pd.DataFrame, *, settings: Settings) -> transport.Market:
    """Return two sides as the market of a transport problem (amounts in the base unit)."""
    held = sorted(set(resources["category"]))
    wanted = sorted(set(needs["category"]))
    reach = [[reach_km(need, one, settings=settings) for need in wanted] for one in held]
    owners = {owner: n for n, owner in enumerate(sorted(set(resources["actor_id"])))}
    return transport.Market(
        supply=resources["base"].to_numpy(dtype="float64"),
        demand=needs["base"].to_numpy(dtype="float64"),
        supply_xy=resources[["x_m", "y_m"]].to_numpy(dtype="float64"),
        demand_xy=needs[["x_m", "y_m"]].to_numpy(dtype="float64"),
        supply_kind=np.searchsorted(held, resources["category"].to_numpy(dtype="object")),
        demand_kind=np.searchsorted(wanted, needs["category"].to_numpy(dtype="object")),
        supply_owner=resources["actor_id"].map(owners).to_numpy(dtype="int64"),
        demand_owner=needs["actor_id"].map(lambda owner: owners.get(owner, -1)).to_numpy("int64"),
        reach_km=np.array(reach, dtype="float64").reshape(len(held), len(wanted)),
        detour=settings.detour_factor,
    )


def reach_km(need: str, resource: str, *, settings: Settings) -> float:
    """Return how far a resource may travel to a need, by road in km; -1 if not compatible."""
    if not nomenclature.is_compatible(need, resource):
        return -1.0
    precise = max(need, resource, key=lambda category: category.count("."))
    radius = nomenclature.radius_km(precise)
    return radius if np.isfinite(radius) else settings.radius_km


def _match_table(matches: pd.DataFrame) -> pd.DataFrame:
    """Return the matches in the columns that others read."""
    shown = {
        "resource_id": matches["row_id_resource"],
        "need_id": matches["row_id_need"],
        "resource_actor_id": matches["actor_id_resource"],
        "need_place_id": matches["place_id_need"],
        "category": matches["category_need"],
        "quantity": leftovers.in_unit(matches, "need"),
        "unit": matches["unit_need"],
        "distance_km": matches["distance_km"],
        "basis": [
            table.weakest(pair)
            for pair in zip(
                matches["basis_resource"].tolist(), matches["basis_need"].tolist(), strict=True
            )
        ],
    }
    numbers = {"quantity", "distance_km"}
    return pd.DataFrame(
        {
            name: pd.Series(cells, dtype="float64" if name in numbers else "str")
            for name, cells in shown.items()
        }
    )
