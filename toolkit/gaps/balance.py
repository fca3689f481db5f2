"""Unmet needs and unused resources: what is left after the best use of the territory's own means.

Needs and resources of compatible categories and of one measure are matched by the transport problem
of :mod:`toolkit.gaps.transport`: most quantity first, then least quantity x distance.  What a row
lacks in quantity or unit cannot enter a sum; such rows are counted apart (:func:`_counted`).

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
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from toolkit import nomenclature
from toolkit import vocabulary as v
from toolkit.gaps import quantities, table, transport

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
COUNT: Final = "count"
"""Qualifier of the gaps of rows that are counted because their size is unknown."""


@dataclass(frozen=True, slots=True)
class _Side:
    """What one of the two kinds of gap is about."""

    kind: str
    role: str
    table: str
    other: str


_NEEDS: Final = _Side(v.UNMET_NEED, "need", v.NEEDS, v.RESOURCES)
_RESOURCES: Final = _Side(v.UNUSED_RESOURCE, "resource", v.RESOURCES, v.NEEDS)


@dataclass(frozen=True, slots=True, eq=False)
class _Scale:
    """The territory's people and actors, over which severity is a share."""

    population: pd.Series
    jobs: pd.Series


def find(territory: Territory, *, settings: Settings) -> table.Found:
    """Return unmet needs, unused resources and the optimal matches.

    Parameters
    ----------
    territory : Territory
        Tables used: communes, actors, resources, needs.
    settings : Settings
        Used: ``detour_factor`` and ``radius_km``.

    Returns
    -------
    Found
        Gaps of kinds ``unmet_need`` and ``unused_resource``, one a category (and measure, where it
        is not the category's usual one, and ``:count`` for rows of unknown size).  The detail is
        the frame of matches (columns ``MATCH_COLUMNS``, quantity per year in ``unit``, distance by
        road in km).

    Notes
    -----
    Severity is the largest of three shares: of the quantity needed (offered) on the territory in
    the same root category and measure; of its actors; of its people, for needs of communes.  A row
    that is partly met counts for its unmet part.
    """
    resources, needs = quantities.offers(territory), quantities.demands(territory)
    matches = match(resources[resources["base"] > 0], needs[needs["base"] > 0], settings=settings)
    communes = territory.table(v.COMMUNES).set_index("commune_id")
    actors = territory.table(v.ACTORS).set_index("actor_id")
    scale = _Scale(communes["population"].sort_index(), actors["jobs"].sort_index())
    gaps = [
        *_measured(needs, matches, side=_NEEDS, scale=scale),
        *_measured(resources, matches, side=_RESOURCES, scale=scale),
        *_counted(resources, needs, settings=settings, scale=scale),
    ]
    return table.Found(tuple(gaps), _match_table(matches))


# --- matches ----------------------------------------------------------------------------------
def match(resources: pd.DataFrame, needs: pd.DataFrame, *, settings: Settings) -> pd.DataFrame:
    """Return the optimal matches between two sides.

    Parameters
    ----------
    resources, needs : DataFrame
        Columns ``SIDE_COLUMNS`` of :mod:`toolkit.gaps.quantities`; amounts > 0.
    settings : Settings
        Used: ``detour_factor`` and ``radius_km``.

    Returns
    -------
    DataFrame
        One row a pair used: the rows of both sides (suffixes ``_resource``, ``_need``), ``base``
        (amount in the base unit of the measure) and ``distance_km``.
    """
    parts = []
    for (measure, group), wanted in _by_group(needs):
        held = resources[
            (resources["measure"] == measure)
            & (resources["category"].map(quantities.group_of) == group)
        ].sort_values("row_id", kind="stable")
        if held.empty:
            continue
        wanted = wanted.sort_values("row_id", kind="stable")  # noqa: PLW2901
        plan = transport.solve(market(held, wanted, settings=settings))
        pairs = pd.concat(
            [
                held.iloc[plan.supply].add_suffix("_resource").reset_index(drop=True),
                wanted.iloc[plan.demand].add_suffix("_need").reset_index(drop=True),
            ],
            axis="columns",
        )
        parts.append(pairs.assign(base=plan.amount, distance_km=plan.road_km))
    if not parts:
        columns = [f"{name}_{end}" for end in ("resource", "need") for name in resources.columns]
        return pd.DataFrame(columns=[*columns, "base", "distance_km"])
    found = pd.concat(parts, ignore_index=True)
    return found.sort_values(["row_id_resource", "row_id_need"], kind="stable").reset_index(
        drop=True
    )


def _by_group(side: pd.DataFrame) -> list[tuple[tuple[str, str], pd.DataFrame]]:
    """Return the rows of a side by measure and second-level category."""
    if side.empty:
        return []
    keys = [side["measure"], side["category"].map(quantities.group_of)]
    return [((str(key[0]), str(key[1])), part) for key, part in side.groupby(keys, sort=True)]


def market(
    resources: pd.DataFrame, needs: pd.DataFrame, *, settings: Settings
) -> transport.Market:
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
    """Return how far a resource may travel to a need, by road in km; -1 if they are not compatible."""
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
        "quantity": _in_unit(matches, "need"),
        "unit": matches["unit_need"],
        "distance_km": matches["distance_km"],
        "basis": [
            table.weakest(pair)
            for pair in zip(matches["basis_resource"], matches["basis_need"], strict=True)
        ],
    }
    numbers = {"quantity", "distance_km"}
    return pd.DataFrame(
        {
            name: pd.Series(cells, dtype="float64" if name in numbers else "str")
            for name, cells in shown.items()
        }
    )


def _in_unit(matches: pd.DataFrame, end: str) -> pd.Series:
    """Return the matched amounts in the unit of one side."""
    whole = matches[f"base_{end}"].astype("float64")
    return matches["base"].astype("float64") / whole * matches[f"amount_{end}"].astype("float64")


# --- gaps of known size -----------------------------------------------------------------------
def _measured(
    rows: pd.DataFrame, matches: pd.DataFrame, *, side: _Side, scale: _Scale
) -> list[table.Gap]:
    """Return the gaps of one side, one a category and measure."""
    rows = rows[rows["base"] > 0].sort_values("row_id", kind="stable")
    if rows.empty:
        return []
    end, other = ("need", "resource") if side is _NEEDS else ("resource", "need")
    uses = matches.assign(
        used=_in_unit(matches, end),
        basis=matches[f"basis_{other}"],
        source_id=matches[f"source_id_{other}"],
    )
    used = uses.groupby(f"row_id_{end}")["used"].sum()
    met = rows["row_id"].map(used).fillna(0.0).to_numpy(dtype="float64")
    left = rows["amount"].to_numpy() - met
    left = np.where(left > transport.RELATIVE_ZERO * rows["amount"].to_numpy(), left, 0.0)
    rows = rows.assign(left=left, part=left / rows["amount"].to_numpy())
    roots = rows["category"].map(quantities.root_of)
    whole = rows["base"].groupby([roots, rows["measure"]]).sum()
    uses_by_category = dict(
        list(uses.groupby([f"category_{end}", f"measure_{end}"])) if len(uses) else ()
    )
    gaps = []
    for (category, measure), own in rows.groupby(["category", "measure"], sort=True):
        if not own["left"].any():
            continue
        unit = str(own["unit"].iloc[0])
        served = uses_by_category.get((category, measure), uses.iloc[:0])
        key = f"row_id_{other}"
        evidence = [
            table.facts(
                own, role=side.role, table=side.table, key="row_id", quantity=own["amount"], unit=unit
            ),
            table.facts(
                served, role="match", table=side.other, key=key, quantity=served["used"], unit=unit
            ),
        ]
        stake = table.share(
            float((own["base"] * own["part"]).sum()),
            float(whole[quantities.root_of(str(category)), measure]),
        )
        expected = float(own["amount"].sum())
        gaps.append(
            table.Gap(
                gap_id=f"{side.kind}:{quantities.subject(str(category), str(measure))}",
                kind=side.kind,
                category=str(category),
                expected=expected,
                observed=expected - float(own["left"].sum()),
                unit=unit,
                evidence=table.together(evidence),
                **_concerned(own[own["left"] > 0], scale=scale, stake=stake),
            )
        )
    return gaps
