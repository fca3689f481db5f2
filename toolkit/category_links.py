"""What serves instead of what, who extends to which service, and in what premises it fits.

A need for pallets may be met by crates, not by sawdust; a need for a doctor is met by a health
centre, not by a pharmacy.  Categories are not near because they share a parent: the table of facts
``data/nomenclatures/category_links.csv`` says which are, and how near.  It is expert judgement
(decision 0015).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

import pandas as pd

from toolkit import nomenclature
from toolkit.resources import shipped

SUBSTITUTE: Final = "substitute"
OPERATOR: Final = "operator"
ACTIVITY: Final = "activity"
SECTOR: Final = "sector"
PREMISES: Final = "premises"
LINKS: Final = (SUBSTITUTE, OPERATOR, ACTIVITY, SECTOR, PREMISES)
"""What the codes of a row are.

Of a thing: categories that could serve instead, once sorted or adapted.  Of a service to people:
categories whose operators could extend to it; activities (NAF, any level and version) that could;
sectors that could, where no activity of an actor is known; premises that could host it."""
SERVICE_ROOTS: Final = ("services", "social")


def is_service(category: str) -> bool:
    """Return whether a category is a service to people: somebody runs it, nobody holds it.

    Examples
    --------
    >>> is_service("services.health.pharmacy"), is_service("materials.wood.pallets")
    (True, False)
    """
    return category.partition(".")[0] in SERVICE_ROOTS


@cache
def _rows() -> Mapping[tuple[str, str], Mapping[str, float]]:
    """Return the weight of every code, by category and link; none where a row names nobody."""
    path = shipped("data", "nomenclatures", "category_links.csv")
    frame = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8")
    held: dict[tuple[str, str], dict[str, float]] = {}
    columns = (frame[name] for name in ("category_id", "link", "weight", "codes"))
    for category, link, weight, codes in zip(*columns, strict=True):
        named = held.setdefault((category, link), {})
        named.update({code: float(weight) for code in codes.split("|") if code})
    return MappingProxyType({key: MappingProxyType(named) for key, named in held.items()})


def weights(category: str, link: str) -> Mapping[str, float]:
    """Return how near each linked code comes to a category, in (0, 1].

    A category without rows of a link takes those of its nearest parent; one whose row names no code
    has none, whatever its parent says.

    Parameters
    ----------
    category : str
        A category, by its code.
    link : str
        One of ``LINKS``.

    Examples
    --------
    >>> dict(weights("services.health.pharmacy", "operator"))
    {}
    >>> dict(weights("materials.wood.pallets", "substitute"))
    {'materials.wood.crates': 0.5}
    """
    for code in nomenclature.ancestors(category):
        found = _rows().get((code, link))
        if found is not None:
            return found
    return MappingProxyType({})


def nearness(wanted: str, held: str) -> float:
    """Return how far who holds or runs one category could answer a call for another.

    1 for the same category or a part of it, 0 if nothing says that it could.

    Examples
    --------
    >>> nearness("services.health.general_practitioner", "services.health.health_centre")
    0.8
    >>> nearness("services.health.general_practitioner", "services.health.pharmacy")
    0.0
    >>> nearness("materials.wood.pallets", "materials.wood")
    1.0
    """
    if nomenclature.is_compatible(wanted, held):
        return 1.0
    link = OPERATOR if is_service(wanted) else SUBSTITUTE
    return _of_nearest(weights(wanted, link), nomenclature.ancestors(held))


def fits_in(wanted: str, premises: str) -> float:
    """Return how well premises suit a service: 1 as they are, less if they must be adapted.

    Examples
    --------
    >>> fits_in("services.health.general_practitioner", "premises.office")
    1.0
    >>> fits_in("services.health.general_practitioner", "premises.warehouse")
    0.0
    """
    return _of_nearest(weights(wanted, PREMISES), nomenclature.ancestors(premises))


def by_activity(wanted: str, activity: str) -> float:
    """Return how well an actor with an activity (NAF) could run a service, by the longest code.

    Examples
    --------
    >>> by_activity("services.health.general_practitioner", "86.21Z")
    0.8
    >>> by_activity("services.health.general_practitioner", "47.73Z")
    0.0
    """
    parts = tuple(activity[:length] for length in range(len(activity), 1, -1))
    return _of_nearest(weights(wanted, ACTIVITY), parts)


def by_sector(wanted: str, sectors: frozenset[str]) -> float:
    """Return how well an actor of which only the sectors are known could run a service.

    Examples
    --------
    >>> by_sector("services.education.creche", frozenset({"social_care", "trade"}))
    0.3
    """
    known = weights(wanted, SECTOR)
    return max((known.get(sector, 0.0) for sector in sectors), default=0.0)


def _of_nearest(known: Mapping[str, float], codes: tuple[str, ...]) -> float:
    """Return the weight of the first code that is known, 0 if none is."""
    return next((known[code] for code in codes if code in known), 0.0)
