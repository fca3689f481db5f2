"""Missing activities: those that a territory has far less of than comparable territories.

The usual rate is that of a panel of comparable territories (:mod:`toolkit.gaps.panel`); how far the
territory is from it, and how sure that is, is told by :mod:`toolkit.gaps.shrinkage`.  Which
activities go together is read from all territories that are known, not from the panel alone
(:mod:`toolkit.gaps.specialisation`).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from toolkit import nomenclature
from toolkit import vocabulary as v
from toolkit.gaps import panel as panels
from toolkit.gaps import shrinkage, specialisation, table
from toolkit.gaps.panel import CHOICE_COLUMNS, DIGITS
from toolkit.gaps.shrinkage import PANEL_MIN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toolkit.background import Background
    from toolkit.settings import Settings
    from toolkit.territory import Territory

ACTIVITY_COLUMNS: Final = (
    "nomenclature",
    "activity",
    "observed",
    "expected",
    "ratio",
    "low",
    "high",
    "probability",
    "rare_elsewhere",
    "lq",
    "density",
    "usual_density",
    "within_reach",
    "missing",
)
"""Columns of the activities: counts, the ratio to the usual rate with its 90 % interval, how
probably it is below ``missing_ratio`` here and in any territory like those of the panel, location
quotient, relatedness density here and (median) where the activity is present, and two verdicts.

``ratio``, ``low`` and ``high`` are NaN where the panel has none of it: no rate is usual.  An
activity is within reach where the density is not below that of half of the territories having it.
"""
RELATED_COLUMNS: Final = ("nomenclature", "activity", "related", "proximity", "observed", "lq")
"""Columns of the activities present here that go with a missing one, nearest first."""
RELATED_MAX: Final = 5
FALSE_SHARE_MAX: Final = 0.1
"""Share of the activities told missing that may be false, by their own probabilities (own rule)."""
RARE_ELSEWHERE_MAX: Final = 0.5
"""An activity that most comparable territories have little of is missing nowhere (own rule)."""
_NUMBERS: Final = frozenset(
    {
        *("population", "density_per_km2", "median_income_eur", "distance", "proximity"),
        *("observed", "expected", "ratio", "low", "high", "probability", "rare_elsewhere"),
        *("lq", "density", "usual_density"),
    }
)
_FLAGS: Final = ("chosen", "within_reach", "missing")


def find(territory: Territory, *, settings: Settings, background: Background) -> table.Found:
    """Return the activities that a territory has far less of than comparable territories.

    Parameters
    ----------
    territory : Territory
        Tables used: communes (population) and actors (who has the activity).
    settings : Settings
        Used: ``missing_ratio``, ``missing_probability``, ``panel_size``, ``panel_ids``.
    background : Background
        Used: ``panel`` and ``own_id``.  Activities of one nomenclature are of one level: quotients
        count nested ones twice.

    Returns
    -------
    Found
        Gaps ``missing_activity:<nomenclature>:<activity>``, figures in establishments.  The detail
        is the frame ``ACTIVITY_COLUMNS``; besides come ``panel`` (``CHOICE_COLUMNS``) and
        ``related`` (``RELATED_COLUMNS``).  All are without rows where there is nothing to compare
        with; where fewer than three territories are, the panel is given and nothing is told.

    Raises
    ------
    SettingsError
        If ``panel_ids`` names a territory that is not in the panel.
    ValueError
        If a count of the panel is negative or not finite, or told twice.

    Notes
    -----
    An activity is told missing where the probability is at least ``missing_probability``, the count
    is below the expected one, and at most ``RARE_ELSEWHERE_MAX`` of comparable territories are that
    rare in it themselves; most probable first, while the share of false ones stays within
    ``FALSE_SHARE_MAX``.  Severity is the share of people who lack the usual services (types of the
    BPE), else the shortfall as a share of all establishments; see
    ``docs/decisions/0024-missing-activities.md``.
    """
    rows, own_id = background.panel, background.own_id
    if rows.empty or not own_id or not (rows["territory_id"] == own_id).any():
        return _nothing()
    choice = panels.choose_panel(rows, own_id, settings=settings)
    chosen = set(choice.loc[choice["chosen"], "territory_id"])
    people = dict(zip(choice["territory_id"], choice["population"].astype("float64"), strict=True))
    if not people[own_id] > 0 or not math.isfinite(people[own_id]):
        people[own_id] = territory.population
    if not people[own_id] > 0:
        return _nothing(choice)
    gaps: list[table.Gap] = []
    activities, related = [], []
    for held in panels.counts_by_nomenclature(rows, own_id):
        compared = held.only(chosen)
        if len(compared.territory_ids) <= PANEL_MIN:
            continue
        part, phi = measured(held, compared=compared, people=people, settings=settings)
        activities.append(part)
        related.append(_related(part, phi))
        gaps += _gaps(part, compared, territory=territory)
    more = {"panel": choice, "related": _joined(related, RELATED_COLUMNS)}
    return table.Found(tuple(gaps), _joined(activities, ACTIVITY_COLUMNS), MappingProxyType(more))


def measured(
    held: panels.Counts,
    *,
    compared: panels.Counts,
    people: Mapping[str, float],
    settings: Settings,
) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Return the activities of one nomenclature as measured, and which go together.

    Parameters
    ----------
    held : Counts
        This territory, first, and all others that are known.
    compared : Counts
        This territory, first, and those that it is compared with.
    people : Mapping of str to float
        Population by territory.
    settings : Settings
        Used: ``missing_ratio``, ``missing_probability``.

    Returns
    -------
    tuple of DataFrame and ndarray
        Columns ``ACTIVITY_COLUMNS``, and the proximity of each activity to each.
    """
    own_id, *others = compared.territory_ids
    ratios = shrinkage.find_ratios(
        compared.counts[1:],
        [people[name] for name in others],
        observed=compared.counts[0],
        population=people[own_id],
        threshold=settings.missing_ratio,
    )
    quotients = specialisation.location_quotients(held.counts)
    present = (quotients >= specialisation.PRESENT_FROM).astype("float64")
    phi = specialisation.proximity(present).round(DIGITS)
    density = specialisation.relatedness_density(present, phi).round(DIGITS)
    usual = _where_present(density[1:], present[1:])
    made = pd.DataFrame(
        {
            "nomenclature": held.nomenclature,
            "activity": held.activities,
            "observed": held.counts[0],
            "expected": ratios.expected,
            "ratio": ratios.ratio,
            "low": ratios.low,
            "high": ratios.high,
            "probability": ratios.probability,
            "rare_elsewhere": ratios.rare_elsewhere,
            "lq": quotients[0],
            "density": density[0],
            "usual_density": usual,
            "within_reach": (density[0] > 0) & (density[0] >= usual),
        }
    )
    return made.assign(missing=missing(made, settings=settings)), phi


def missing(activities: pd.DataFrame, *, settings: Settings) -> NDArray[np.bool_]:
    """Return which activities are told missing, by the rule in the notes of :func:`find`.

    Parameters
    ----------
    activities : DataFrame
        Columns used: ``activity``, ``observed``, ``expected``, ``probability`` and
        ``rare_elsewhere``.
    settings : Settings
        Used: ``missing_probability``.

    Returns
    -------
    ndarray of bool
        In the order of the rows.
    """
    may = (
        (activities["probability"] >= settings.missing_probability)
        & (activities["observed"] < activities["expected"])
        & (activities["rare_elsewhere"] <= RARE_ELSEWHERE_MAX)
    )
    ordered = activities[may].sort_values(["probability", "activity"], ascending=[False, True])
    false = (1.0 - ordered["probability"]).cumsum() / np.arange(1, len(ordered) + 1)
    told = ordered.index[(false.round(DIGITS) <= FALSE_SHARE_MAX).to_numpy()]
    return np.asarray(activities.index.isin(told))


def _where_present(
    density: NDArray[np.float64], present: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the median density of the territories that have an activity; 0 where none has."""
    usual = np.zeros(density.shape[1])
    for activity in np.flatnonzero(present.any(axis=0)):
        usual[activity] = np.median(density[present[:, activity] > 0, activity])
    return usual.round(DIGITS)


def _related(made: pd.DataFrame, phi: NDArray[np.float64]) -> pd.DataFrame:
    """Return the present activities that go most with each missing one."""
    rows = table.lines(made)
    present = made["lq"].to_numpy() >= specialisation.PRESENT_FROM
    found = []
    for one in np.flatnonzero(made["missing"]):
        ranked = np.argsort(-phi[one], kind="stable")
        nearest = [other for other in ranked if present[other] and phi[one, other] > 0]
        for other in nearest[:RELATED_MAX]:
            near = rows[other]
            key = (near.nomenclature, rows[one].activity, near.activity)
            found.append((*key, float(phi[one, other]), near.observed, near.lq))
    return pd.DataFrame(found, columns=list(RELATED_COLUMNS))


def _gaps(made: pd.DataFrame, compared: panels.Counts, *, territory: Territory) -> list[table.Gap]:
    """Return a gap for each missing activity of one nomenclature."""
    whole = max(math.fsum(made["expected"]), math.fsum(made["observed"]))
    gaps = []
    for place, line in enumerate(table.lines(made)):
        if line.missing:
            counts = zip(compared.territory_ids, compared.counts[:, place], strict=True)
            facts = [
                table.Fact(v.PANEL, v.PANEL, name, float(count), "", "recorded", "")
                for name, count in counts
            ]
            gaps.append(_gap(line, facts, whole=whole, territory=territory))
    return gaps


def _gap(
    line: Any,  # noqa: ANN401 - a row of the activities
    facts: list[table.Fact],
    *,
    whole: float,
    territory: Territory,
) -> table.Gap:
    """Return the gap of a missing activity; facts are the counts of the territories compared."""
    serves_people = line.nomenclature == panels.BPE
    short = line.expected - line.observed
    lacking = table.share(short, line.expected)
    here = _actors(territory, code=line.activity, version=line.nomenclature)
    known = table.facts(
        table.lines(here), role="actor", table=v.ACTORS, quantities=[1.0] * len(here)
    )
    return table.Gap(
        gap_id=f"{v.MISSING_ACTIVITY}:{line.nomenclature}:{line.activity}",
        kind=v.MISSING_ACTIVITY,
        category=nomenclature.service_of_type(line.activity) if serves_people else "",
        expected=line.expected,
        observed=line.observed,
        unit="",
        severity=lacking if serves_people else table.share(short, whole),
        people_affected=territory.population * lacking if serves_people else math.nan,
        actor_ids=tuple(here["row_id"]),
        probability=line.probability,
        evidence=[*facts, *known],
    )


def _actors(territory: Territory, *, code: str, version: str) -> pd.DataFrame:
    """Return the actors whose activity is of a code: they are known, counted or not."""
    actors = territory.table(v.ACTORS)
    activities = actors["activity"].fillna("").astype("str")
    is_it = [
        activity.startswith(code) and nomenclature.naf_version(activity) == version
        for activity in activities
    ]
    here = pd.DataFrame(actors.loc[is_it, ["actor_id", "basis", "source_id"]])
    here["source_id"] = here["source_id"].fillna("").astype("str")
    return here.rename(columns={"actor_id": "row_id"})


def _nothing(choice: pd.DataFrame | None = None) -> table.Found:
    """Return no gap, and frames without rows."""
    more = {
        "panel": _joined((), CHOICE_COLUMNS) if choice is None else choice,
        "related": _joined((), RELATED_COLUMNS),
    }
    return table.Found((), _joined((), ACTIVITY_COLUMNS), MappingProxyType(more))


def _joined(parts: Collection[pd.DataFrame], columns: tuple[str, ...]) -> pd.DataFrame:
    """Return frames below each other; one without rows has the types all the same."""
    filled = [part for part in parts if len(part)]
    if filled:
        return pd.concat(filled, ignore_index=True)
    empty = table.without_rows(columns, numbers=_NUMBERS)
    return empty.astype({name: "bool" for name in _FLAGS if name in columns})
