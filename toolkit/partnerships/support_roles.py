"""Who could help a group: with knowledge, by carrying goods, by transforming materials.

As in :mod:`toolkit.partnerships.roles`, how well depends on the actor and on the call only.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np

from toolkit import category_links, nomenclature
from toolkit.partnerships.facts import FAMILY_BIT, Facts
from toolkit.partnerships.roles import Call, Fit, best, of_actor, of_row

KNOWS_THE_FIELD: Final = 0.9
KNOWS_SOMETHING: Final = 0.4
"""Suitability of a body of research that offers knowledge, in the field called for or elsewhere."""
RESEARCHES_SOMETHING: Final = 0.3
"""Suitability of a body of research of which neither field nor offer is known."""
SCHOOLS: Final = frozenset(
    f"services.education.{kind}" for kind in ("lower_secondary", "primary_school")
)
"""Services of general schools: they neither do research nor train for others."""
SCHOOL_TRADES: Final = ("85.1", "85.2", "85.31")
"""Activities (NAF) of general schools."""
GOODS: Final = "materials.goods"
SMALL_LOADS: Final = (
    "materials.food", "materials.organic.unsold_food", "materials.paper", "materials.textile",
)  # fmt: skip
CARRYING: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "logistics.bike_delivery": SMALL_LOADS,
        "logistics.freight": (),
        "logistics.last_kilometre": (*SMALL_LOADS, "materials.goods"),
        "logistics.rail_water": (),
        "logistics.refrigerated": ("materials.food", "materials.organic"),
        "logistics.return_trips": (),
        "logistics.reverse": (
            "materials.glass.bottles", "materials.plastic.containers", "materials.wood.crates",
            "materials.wood.pallets",
        ),
        "logistics.vehicle": (),
        "logistics.waste_collection": tuple(
            f"materials.{kind}"
            for kind in (
                "construction", "glass", "goods", "hazardous", "metal", "mineral", "paper",
                "plastic", "textile", "wood", "organic.cooking_oil", "organic.green_waste",
                "organic.kitchen",
            )
        ),
    }
)  # fmt: skip
"""Means that carry goods, and which materials: any where none is named.  Minibuses carry people,
handling carries nothing far, and what people shall still eat goes in no waste lorry."""
NO_FIELD: Final = frozenset({"education", "research"})
"""Sectors of the bodies of research and training themselves: they name no field."""


def researchers(
    facts: Facts, sectors: frozenset[str], *, in_field: bool = False
) -> tuple[Fit, ...]:
    """Return the bodies of research and training; those of the sectors suit best.

    That a school is of the sector of education says that it teaches, not what; general schools
    neither do research nor train for others.

    Parameters
    ----------
    facts : Facts
        Actors and rows.
    sectors : frozenset of str
        Those called for.
    in_field : bool, default False
        Whether only bodies of these sectors are meant.
    """
    fields = sectors - NO_FIELD
    fits = []
    known = {
        actor
        for actor in np.flatnonzero(facts.family == FAMILY_BIT["research"]).tolist()
        if not (in_field and fields.isdisjoint(facts.sectors[actor]))
        and not _is_general_school(facts, actor)
    }
    for actor in sorted(known):
        if facts.sectors[actor] & fields:
            suits, reason = 1.0, "does_research_in_sector"
        else:
            suits, reason = RESEARCHES_SOMETHING, "does_research"
        fits.append(of_actor(facts, actor, suitability=suits, reason=reason))
    fits += [
        of_row(
            row,
            suitability=KNOWS_THE_FIELD if facts.sectors[row.actor] & fields else KNOWS_SOMETHING,
            reason="offers_knowledge",
        )
        for category, rows in facts.resources.items()
        if category.startswith("knowledge.")
        for row in rows
        if row.actor in known
    ]
    return best(fits, facts)


def _is_general_school(facts: Facts, actor: int) -> bool:
    """Return whether all that is known of an actor is that it is a general school."""
    activities = facts.activities[actor]
    if activities:
        return all(one.startswith(SCHOOL_TRADES) for one in activities)
    stated = facts.stated.get(actor, frozenset())
    services = set(filter(category_links.is_service, stated))
    return bool(services) and services <= SCHOOLS


def carriers(facts: Facts, category: str) -> tuple[Fit, ...]:
    """Return who offers to carry or collect goods of a category, whatever the quantity."""
    fits = [
        of_row(row, suitability=1.0, reason="offers_transport")
        for means, loads in CARRYING.items()
        if not loads or any(nomenclature.is_compatible(load, category) for load in loads)
        for row in facts.resources.get(means, ())
    ]
    return best(fits, facts)


def transformers(facts: Facts, call: Call) -> tuple[Fit, ...]:
    """Return who takes in what is called for and gives out materials of its branch.

    Goods are mended, not made into others: who gives out toys transforms no furniture.
    """
    branch = ".".join(call.category.split(".")[:2])
    if not branch.startswith("materials."):
        return ()
    made = call.category if branch == GOODS else branch
    taking = {
        row.actor
        for category, rows in facts.needs.items()
        if category_links.nearness(category, call.category)
        for row in rows
    }
    fits = (
        of_row(row, suitability=0.8, reason="can_transform")
        for category, rows in facts.resources.items()
        if nomenclature.is_compatible(made, category)
        for row in rows
        if row.actor in taking
    )
    return best(fits, facts)
