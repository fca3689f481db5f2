"""Access to services: who lives too far from one, and where one is shared among too many.

Services to people are the resources whose category has a travel time (``access_minutes``).  Where
people live and how long they travel is told by :mod:`toolkit.gaps.reach`.  Three questions: how
many people reach a service in how long (coverage), what is left of it once shared by all who can
reach it (E2SFCA, :mod:`toolkit.gaps.catchment`), and where one more site would help most
(:mod:`toolkit.gaps.siting`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit import nomenclature
from toolkit import vocabulary as v
from toolkit.background import NOTHING
from toolkit.gaps import catchment, quantities, reach, siting, table

if TYPE_CHECKING:
    from toolkit.background import Background
    from toolkit.settings import Settings
    from toolkit.territory import Territory

Floats = NDArray[np.float64]

SURVEYED: Final = 0.4
"""How far a list of services that somebody met counts as all of them (decision 0004)."""
ACCESS_COLUMNS: Final = ("commune_id", "category", "minutes", "people", "accessibility", "ratio")
COVERAGE_COLUMNS: Final = ("category", "minutes", "is_limit", "people", "share")
SITE_COLUMNS: Final = ("category", "sites", "commune_ids", "people_reached_more")
STEPS_MIN: Final = (5.0, 10.0, 20.0, 30.0)
"""Travel times for which coverage is told, besides that of the category (METHODS 2.3)."""
PERSON: Final = "person"
SHARED: Final = "shared"
"""Qualifier of the gaps of people who reach a service but share too little of it."""
_HALF: Final = 0.5 - 1e-9


def find(
    territory: Territory, *, settings: Settings, background: Background = NOTHING
) -> table.Found:
    """Return where services are out of reach or too scarce.

    Parameters
    ----------
    territory : Territory
        Tables used: communes, actors, resources.
    settings : Settings
        Used: ``detour_factor``, ``speed_km_h``, ``access_minutes``, ``access_share_max``,
        ``access_low_ratio``, ``access_decay``, ``sites_max``.
    background : Background, optional
        Used: ``travel`` and ``cells``.

    Returns
    -------
    Found
        Gaps ``service_access:<category>`` where the share of people beyond the category's time
        exceeds ``access_share_max``; and ``service_access:<category>:shared`` where the share of
        people who are in reach but whose accessibility is below ``access_low_ratio`` times the
        territory's mean exceeds it (only where the capacity of every service of the category is
        known).  Figures are in people.  The detail is the frame ``ACCESS_COLUMNS``, one row a
        commune and category: ``minutes`` within which half of its people reach the nearest
        service, ``accessibility`` the mean of its people.  Further frames:

        - ``coverage`` (``COVERAGE_COLUMNS``): people, and share of all, within some minutes of a
          service; ``is_limit`` marks the time of the category.
        - ``sites`` (``SITE_COLUMNS``): for a category with people out of reach, the communes where
          so many more sites bring most of them within reach, and how many people.

    Raises
    ------
    DataError
        If travel times or population cells have faults, see :mod:`toolkit.gaps.reach`.

    Notes
    -----
    Confidence is the share of the evidence that is not estimated, times :func:`completeness`.
    A category without any service on the territory gives no row here: if people ask for it, it is
    an unmet need.  A commune of unknown population has its row, and counts for nobody.
    """
    homes = _homes(territory, background=background)
    roads = _roads(territory, homes, settings=settings, background=background)
    looked = [
        _look(homes, roads, category=category, sites=sites, settings=settings)
        for category, sites in _services(territory, settings=settings)
    ]
    return table.Found(
        tuple(gap for one in looked for gap in one.gaps),
        _joined([one.detail for one in looked], ACCESS_COLUMNS, by=["category", "commune_id"]),
        {
            "coverage": _joined([one.coverage for one in looked], COVERAGE_COLUMNS, by=[]),
            "sites": _joined([one.places for one in looked], SITE_COLUMNS, by=[]),
        },
    )


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


# --- people and services ----------------------------------------------------------------------
@dataclass(frozen=True, slots=True, eq=False)
class _Homes:
    """Where people live, and what is known of their communes.

    ``home`` is the position of the commune of each origin; ``share`` the part of the commune's
    people who live there (1 where nobody is known of).
    """

    communes: pd.DataFrame
    origins: pd.DataFrame
    people: Floats
    home: NDArray[np.intp]
    share: Floats
    total: float

    def share_of(self, some: NDArray[np.bool_]) -> float:
        """Return the share of all people who live at some of the origins."""
        return table.share(math.fsum(self.people[some]), self.total)

    def sums(self, values: Floats) -> Floats:
        """Return the sum of a value over the origins of each commune."""
        made = np.bincount(self.home, weights=values, minlength=len(self.communes))
        return made.astype("float64")

    def means(self, values: Floats) -> Floats:
        """Return the mean of a value over the people of each commune."""
        return self.sums(self.share * values)

    def medians(self, values: Floats) -> Floats:
        """Return the value that half of the people of each commune do not exceed."""
        if len(self.origins) == len(self.communes):
            return values
        order = np.lexsort((values, self.home))
        where = self.home[order]
        passed = np.cumsum(self.share[order])
        ends = np.flatnonzero(np.diff(where, append=-1))
        before = np.concatenate([[0.0], passed[ends[:-1]]])[where]
        half = order[passed - before >= _HALF]
        made: Floats = values[half[np.unique(self.home[half], return_index=True)[1]]]
        return made


def _homes(territory: Territory, *, background: Background) -> _Homes:
    """Return communes and origins of the territory, by id."""
    communes = _communes(territory)
    origins = reach.origins(communes, cells=background.cells, zone=territory.zone)
    people = origins["people"].to_numpy(dtype="float64")
    home = np.searchsorted(communes["commune_id"].to_numpy(), origins["commune_id"].to_numpy())
    whole = np.bincount(home, weights=people, minlength=len(communes))[home]
    share = np.divide(people, whole, out=np.ones(len(people)), where=whole > 0)
    return _Homes(communes, origins, people, home, share, math.fsum(people))


def _communes(territory: Territory) -> pd.DataFrame:
    """Return communes with their place, by id."""
    communes = territory.table(v.COMMUNES)
    frame = pd.DataFrame(communes[["commune_id", "population", "basis", "source_id"]])
    frame = frame.assign(
        row_id=frame["commune_id"],
        population=frame["population"].astype("float64"),
        source_id=frame["source_id"].fillna("").astype("str"),
        actor_id="",
    )
    places = quantities.commune_places(territory).reindex(frame["commune_id"])
    placed = frame.assign(x_m=places["x_m"].to_numpy(), y_m=places["y_m"].to_numpy())
    return placed.sort_values("commune_id", ignore_index=True)


def _roads(
    territory: Territory, homes: _Homes, *, settings: Settings, background: Background
) -> reach.Roads:
    """Return the travel times given beside the tables, else those along straight lines."""
    if background.travel.empty:
        return reach.Roads(homes.origins, settings=settings)
    return reach.GivenRoads(
        homes.origins,
        travel=background.travel,
        communes=homes.communes["commune_id"],
        actors=territory.table(v.ACTORS)["actor_id"],
        cells=background.cells["cell_id"],
        settings=settings,
    )


def _services(territory: Territory, *, settings: Settings) -> list[tuple[str, pd.DataFrame]]:
    """Return the services to people of the territory by category; those of size 0 are closed."""
    offers = quantities.offers(territory)
    offers = offers[offers["base"] != 0]
    return [
        (str(category), sites)
        for category, sites in offers.groupby("category", sort=True)
        if np.isfinite(reach_minutes(str(category), settings=settings))
    ]


# --- one category -----------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, eq=False)
class _Looked:
    """What was found for one category."""

    gaps: tuple[table.Gap, ...]
    detail: pd.DataFrame
    coverage: pd.DataFrame
    places: pd.DataFrame


def _look(
    homes: _Homes, roads: reach.Roads, *, category: str, sites: pd.DataFrame, settings: Settings
) -> _Looked:
    """Return the access to one category of services."""
    limit = reach_minutes(category, settings=settings)
    pairs = roads.pairs(sites, limit_min=limit)
    capacity = sites["base"].to_numpy(dtype="float64")
    known = bool(np.isfinite(capacity).all()) and len(set(sites["measure"])) == 1
    shared = catchment.e2sfca(
        pairs,
        people=homes.people,
        supply=capacity if known else np.ones(len(sites)),
        weight=catchment.weights(pairs.minutes, limit_min=limit, decay=settings.access_decay),
    ).accessibility
    mean = math.fsum(homes.people * shared) / homes.total if homes.total > 0 else 0.0
    ratio = shared / mean if mean > 0 else np.zeros(len(shared))
    far = ~pairs.reaches
    low = ~far & (ratio < settings.access_low_ratio)
    cases = [(category, far)] + ([(f"{category}:{SHARED}", low)] if known else [])
    gaps = {
        subject: _gap(homes, sites, lacking=lacking, subject=subject)
        for subject, lacking in cases
        if homes.share_of(lacking) > settings.access_share_max
    }
    minutes = np.minimum(roads.nearest(sites), pairs.nearest())
    return _Looked(
        tuple(gaps.values()),
        _detail(homes, category=category, minutes=minutes, shared=shared, ratio=ratio),
        _coverage(homes, category=category, minutes=minutes, limit_min=limit),
        _sites(homes, roads, category=category, far=far, limit_min=limit, settings=settings)
        if category in gaps
        else table.without_rows(SITE_COLUMNS),
    )


def _detail(
    homes: _Homes, *, category: str, minutes: Floats, shared: Floats, ratio: Floats
) -> pd.DataFrame:
    """Return the access of each commune to one category; the ratio is to the mean of people."""
    living = homes.sums(homes.people)
    counted = homes.communes["population"]
    return pd.DataFrame(
        {
            "commune_id": homes.communes["commune_id"],
            "category": category,
            "minutes": homes.medians(minutes),
            "people": counted.where(counted.notna() | (living == 0), living),
            "accessibility": homes.means(shared),
            "ratio": homes.means(ratio),
        }
    )


def _coverage(homes: _Homes, *, category: str, minutes: Floats, limit_min: float) -> pd.DataFrame:
    """Return how many people reach a category within each of some times."""
    steps = sorted({*STEPS_MIN, limit_min})
    people = [math.fsum(homes.people[minutes <= step]) for step in steps]
    return pd.DataFrame(
        {
            "category": category,
            "minutes": steps,
            "is_limit": [step == limit_min for step in steps],
            "people": people,
            "share": [table.share(part, homes.total) for part in people],
        }
    )


def _sites(
    homes: _Homes,
    roads: reach.Roads,
    *,
    category: str,
    far: NDArray[np.bool_],
    limit_min: float,
    settings: Settings,
) -> pd.DataFrame:
    """Return in which communes more sites of a category would help most; candidates are all."""
    best = siting.best_sites(
        roads.pairs(homes.communes, limit_min=limit_min),
        people=np.where(far, homes.people, 0.0),
        most=settings.sites_max,
    )
    names = homes.communes["commune_id"].tolist()
    return pd.DataFrame(
        {
            "category": pd.Series([category] * len(best), dtype="str"),
            "sites": pd.Series([len(one.places) for one in best], dtype="float64"),
            "commune_ids": pd.Series(
                [v.join_list([names[place] for place in one.places]) for one in best], dtype="str"
            ),
            "people_reached_more": pd.Series([one.people for one in best], dtype="float64"),
        }
    )


def _gap(
    homes: _Homes, sites: pd.DataFrame, *, lacking: NDArray[np.bool_], subject: str
) -> table.Gap:
    """Return what people of some communes lack; severity is their share of all people."""
    lack = np.where(lacking, homes.people, 0.0)
    concerned, by_commune = math.fsum(lack), homes.sums(lack)
    white = homes.communes[by_commune > 0]
    told = ["row_id", "basis", "source_id"]
    known = bool(sites["amount"].notna().all()) and len(set(sites["unit"])) == 1
    evidence = [
        *table.facts(
            table.lines(white[told]),
            role="commune",
            table=v.COMMUNES,
            quantities=by_commune[by_commune > 0],
            unit=PERSON,
        ),
        *table.facts(
            table.lines(sites[told]),
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
        expected=homes.total,
        observed=max(homes.total - concerned, 0.0),
        unit=PERSON,
        people_affected=concerned,
        severity=homes.share_of(lacking),
        evidence=evidence,
        probability=completeness(sites["basis"]),
    )


def _joined(parts: list[pd.DataFrame], columns: tuple[str, ...], *, by: list[str]) -> pd.DataFrame:
    """Return the rows of all categories, which come in their order; sorted where columns say so."""
    some = [part for part in parts if len(part)]
    if not some:
        texts = {"commune_id", "category", "commune_ids", "is_limit"}
        return table.without_rows(columns, numbers=set(columns) - texts)
    joined = pd.concat(some, ignore_index=True)
    return joined.sort_values(by, ignore_index=True) if by else joined
