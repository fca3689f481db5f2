"""Access to services: who lives too far from one, and where one is shared among too many.

Services to people are the resources whose category has a travel time (``access_minutes``); people
live at the representative point of their commune.  Travel time is straight distance x detour
factor / speed.  Two measures: coverage (people within the time) and the enhanced two-step floating
catchment area, E2SFCA (what is left of a service once shared by all who can reach it).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit import nomenclature
from toolkit import vocabulary as v
from toolkit.gaps import quantities, table

if TYPE_CHECKING:
    from toolkit.settings import Settings
    from toolkit.territory import Territory

Floats = NDArray[np.float64]

SURVEYED: Final = 0.4
"""How far a list of services that somebody met counts as all of them (decision 0004)."""
ACCESS_COLUMNS: Final = ("commune_id", "category", "minutes", "people", "accessibility", "ratio")
BANDS: Final = ((1 / 3, 1.0), (2 / 3, 0.68), (1.0, 0.22))
"""Upper end of each band, as a share of the category's travel time, and its weight.

At 30 minutes these are the bands of 10, 20 and 30 minutes of Luo & Qi (2009).
"""
PERSON: Final = "person"
SHARED: Final = "shared"
"""Qualifier of the gaps of people who reach a service but share too little of it."""
_HOUR_MIN: Final = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class Catchment:
    """Result of the E2SFCA.

    Attributes
    ----------
    ratio : array, shape (n_suppliers,)
        Supply per weighted person in reach; 0 for a supplier that nobody reaches.
    accessibility : array, shape (n_places,)
        Sum of the weighted ratios of the suppliers in reach.
    """

    ratio: Floats
    accessibility: Floats


def find(territory: Territory, *, settings: Settings) -> table.Found:
    """Return where services are out of reach or too scarce.

    Parameters
    ----------
    territory : Territory
        Tables used: communes, actors, resources.
    settings : Settings
        Used: ``detour_factor``, ``speed_km_h``, ``access_minutes``, ``access_share_max``,
        ``access_low_ratio``.

    Returns
    -------
    Found
        Gaps ``service_access:<category>`` where the share of people beyond the category's time
        exceeds ``access_share_max``; and ``service_access:<category>:shared`` where the share of
        people who are in reach but whose accessibility is below ``access_low_ratio`` times the
        territory's mean exceeds it (only where the capacity of every service of the category is
        known).  Figures are in people.  The detail is the frame ``ACCESS_COLUMNS``, one row a
        commune and category, ``minutes`` to the nearest service.

    Notes
    -----
    Confidence is the share of the evidence that is not estimated, times :func:`completeness`.
    A category without any service on the territory gives no row here: if people ask for it, it is
    an unmet need.  A commune of unknown population has its row, and counts for nobody.
    """
    communes = _communes(territory)
    gaps: list[table.Gap] = []
    details = []
    for category, sites in _services(territory, settings=settings):
        limit = reach_minutes(category, settings=settings)
        minutes = travel_minutes(communes, sites, settings=settings)
        capacity = sites["base"].to_numpy(dtype="float64")
        known = bool(np.isfinite(capacity).all()) and len(set(sites["measure"])) == 1
        people = communes["people"].to_numpy()
        supply = capacity if known else np.ones(len(sites))
        reached = e2sfca(minutes, people=people, supply=supply, bands=bands(limit))
        detail = _detail(communes, category=category, minutes=minutes, result=reached)
        details.append(detail)
        far = detail["minutes"].to_numpy() > limit
        low = ~far & (detail["ratio"].to_numpy() < settings.access_low_ratio)
        cases = [(category, far)] + ([(f"{category}:{SHARED}", low)] if known else [])
        for subject, lacking in cases:
            gap = _gap(communes, sites, lacking=lacking, subject=subject)
            if gap.severity > settings.access_share_max:
                gaps.append(gap)
    return table.Found(tuple(gaps), _access_table(details))


def reach_minutes(category: str, *, settings: Settings) -> float:
    """Return the travel time that counts as reach for a category, in minutes.

    NaN if it is no service to people.  A category without a time of its own that lies above
    services takes that of the settings.
    """
    minutes = nomenclature.access_minutes(category)
    if np.isfinite(minutes):
        return minutes
    frame = nomenclature.table("categories")
    below = frame.index[frame.index.str.startswith(f"{category}.")]
    above = any(np.isfinite(nomenclature.access_minutes(code)) for code in below)
    return settings.access_minutes if above else float("nan")


def bands(limit_min: float) -> tuple[tuple[float, float], ...]:
    """Return the bands of a travel time: upper end in minutes, weight.

    Examples
    --------
    >>> [(round(end), weight) for end, weight in bands(30)]
    [(10, 1.0), (20, 0.68), (30, 0.22)]
    """
    return tuple((part * limit_min, weight) for part, weight in BANDS)


def travel_minutes(origins: pd.DataFrame, sites: pd.DataFrame, *, settings: Settings) -> Floats:
    """Return the travel time of every origin to every site, in minutes.

    Parameters
    ----------
    origins, sites : DataFrame
        Columns used: ``x_m`` and ``y_m``, metres; a place that is unknown is infinitely far.
    settings : Settings
        Used: ``detour_factor``, ``speed_km_h``.

    Returns
    -------
    array, shape (n_origins, n_sites)
    """
    x_m, y_m = (
        origins[axis].to_numpy()[:, None] - sites[axis].to_numpy()[None, :]
        for axis in ("x_m", "y_m")
    )
    factor = settings.detour_factor / 1000.0 / settings.speed_km_h * _HOUR_MIN
    minutes: Floats = np.nan_to_num(np.hypot(x_m, y_m) * factor, nan=np.inf, posinf=np.inf)
    return minutes


def e2sfca(
    minutes: Floats, *, people: Floats, supply: Floats, bands: tuple[tuple[float, float], ...]
) -> Catchment:
    """Return the enhanced two-step floating catchment area.

    R_j = S_j / sum_i P_i W(t_ij), then A_i = sum_j R_j W(t_ij), with the weight W of the band in
    which the travel time lies and 0 beyond the last.  The supply that anyone can reach is
    conserved: sum_i P_i A_i = sum_j S_j over the suppliers with demand in reach.

    Parameters
    ----------
    minutes : array, shape (n_places, n_suppliers)
        Travel times.
    people : array, shape (n_places,)
        Demand.
    supply : array, shape (n_suppliers,)
        Capacity of each supplier.
    bands : tuple of (minutes, weight)
        Upper end (included) and weight of each band, in increasing order.

    Returns
    -------
    Catchment
        A supplier without demand in reach has the ratio 0, never an infinite one.

    References
    ----------
    .. [1] Luo & Qi (2009). An enhanced two-step floating catchment area (E2SFCA) method for
       measuring spatial accessibility to primary care physicians. Health & Place 15(4).

    Examples
    --------
    >>> result = e2sfca(
    ...     np.array([[5.0], [15.0]]), people=np.array([100.0, 50.0]), supply=np.array([2.68]),
    ...     bands=((10, 1.0), (20, 0.68)),
    ... )
    >>> result.accessibility.round(4).tolist()
    [0.02, 0.0136]
    """
    ends = np.array([end for end, _ in bands])
    weights = np.array([*(weight for _, weight in bands), 0.0])
    weight = weights[np.searchsorted(ends, minutes)]
    demand = people @ weight
    ratio = np.divide(supply, demand, out=np.zeros(len(supply)), where=demand > 0)
    return Catchment(ratio, weight @ ratio)


def _communes(territory: Territory) -> pd.DataFrame:
    """Return communes with their place and people (0 where unknown), by id."""
    communes = territory.table(v.COMMUNES)
    frame = pd.DataFrame(communes[["commune_id", "population", "basis", "source_id"]])
    frame = frame.assign(
        row_id=frame["commune_id"],
        people=frame["population"].fillna(0.0).astype("float64"),
        source_id=frame["source_id"].fillna("").astype("str"),
    )
    places = quantities.commune_places(territory).reindex(frame["commune_id"])
    placed = frame.assign(x_m=places["x_m"].to_numpy(), y_m=places["y_m"].to_numpy())
    return placed.sort_values("commune_id", ignore_index=True)


def _services(territory: Territory, *, settings: Settings) -> list[tuple[str, pd.DataFrame]]:
    """Return the services to people of the territory by category; those of size 0 are closed."""
    offers = quantities.offers(territory)
    offers = offers[offers["base"] != 0]
    return [
        (str(category), sites)
        for category, sites in offers.groupby("category", sort=True)
        if np.isfinite(reach_minutes(str(category), settings=settings))
    ]


def _detail(
    communes: pd.DataFrame, *, category: str, minutes: Floats, result: Catchment
) -> pd.DataFrame:
    """Return the access of each commune to one category; the ratio is to the mean of people."""
    people = communes["people"].to_numpy()
    total = float(people.sum())
    mean = float(people @ result.accessibility) / total if total > 0 else 0.0
    ratio = result.accessibility / mean if mean > 0 else np.zeros(len(people))
    return pd.DataFrame(
        {
            "commune_id": communes["commune_id"],
            "category": category,
            "minutes": minutes.min(axis=1),
            "people": communes["population"],
            "accessibility": result.accessibility,
            "ratio": ratio,
        }
    )


def _access_table(details: list[pd.DataFrame]) -> pd.DataFrame:
    """Return the access of all communes to all categories, sorted."""
    if details:
        order = ["category", "commune_id"]
        return pd.concat(details, ignore_index=True).sort_values(order, ignore_index=True)
    texts = {"commune_id", "category"}
    return pd.DataFrame(
        {
            name: pd.Series([], dtype="str" if name in texts else "float64")
            for name in ACCESS_COLUMNS
        }
    )


def _gap(
    communes: pd.DataFrame, sites: pd.DataFrame, *, lacking: NDArray[np.bool_], subject: str
) -> table.Gap:
    """Return what people of some communes lack; severity is their share of all people."""
    people = communes["people"].to_numpy()
    total, concerned = float(people.sum()), float(people[lacking].sum())
    white = communes[lacking & (people > 0)]
    known = bool(sites["amount"].notna().all()) and len(set(sites["unit"])) == 1
    evidence = [
        *table.facts(
            table.lines(white),
            role="commune",
            table=v.COMMUNES,
            quantities=white["people"],
            unit=PERSON,
        ),
        *table.facts(
            table.lines(sites),
            role="resource",
            table=v.RESOURCES,
            quantities=sites["amount"] if known else [1.0] * len(sites),
            unit=str(sites["unit"].iloc[0]) if known else "",
        ),
    ]
    return table.Gap(
        gap_id=f"{v.SERVICE_ACCESS}:{subject}",
        kind=v.SERVICE_ACCESS,
        category=subject.removesuffix(f":{SHARED}"),
        commune_id=str(white["commune_id"].iloc[0]) if len(white) == 1 else "",
        actor_ids=tuple(sorted(set(sites["actor_id"]))),
        expected=total,
        observed=total - concerned,
        unit=PERSON,
        people_affected=concerned,
        severity=table.share(concerned, total),
        evidence=evidence,
        probability=completeness(sites["basis"]),
    )


def completeness(bases: pd.Series) -> float:
    """Return how far a list of services may be taken for all of them, in [0, 1].

    A public register lists every service of its kind; a survey or a directory lists those it met,
    so what it does not name may well exist.  That a row is estimated is counted elsewhere.

    Examples
    --------
    >>> completeness(pd.Series(["recorded", "observed"]))
    0.7
    """
    return float(np.where(bases == "observed", SURVEYED, 1.0).mean())
