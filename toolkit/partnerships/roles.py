"""Who can fill a role, how well, and why: a reason code and the row that says so.

Every function returns fits for the actors of a territory, one an actor, sorted by actor.  How well
(``suitability``, in [0, 1]) depends on the actor and on the call only, never on who else is there:
adding an actor changes nobody else's figures.  The constants are own rules of this version.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np

from toolkit import category_links, nomenclature
from toolkit import vocabulary as v
from toolkit.partnerships.facts import (
    BASIS_WEIGHT,
    FAMILY_BIT,
    Fact,
    Facts,
    in_unit,
    sectors_of_category,
)

COMMITTED: Final = 0.5
"""Suitability of a resource that the territory's balance already uses elsewhere."""
TRADES: Final = 0.6
"""Suitability of an actor that is seen to sell or buy the category, without a declared row."""
ESS_IN_SECTOR: Final = 0.7
IN_THE_FIELD: Final = 0.5
"""Nearness of its own service from which a structure is of the field of the service called for."""
PRIORITY_WEIGHT: Final = {"high": 1.0, "medium": 0.8, "low": 0.6}
TIES_FULL: Final = 8
"""Existing ties from which a broker suits wholly."""
TIES_MIN: Final = 3
FACILITATOR: Final = 0.8
HELD_REASONS: Final[Mapping[tuple[bool, bool], str]] = MappingProxyType(
    {
        (True, False): "holds_resource",
        (False, False): "holds_related_resource",
        (True, True): "operates_service",
        (False, True): "operates_related_service",
    }
)
"""Reason by whether a row is of the very category called for, and whether that is a service."""
SAME_TRADE: Final = 0.8
"""Weight of an activity from which it is the very trade of a service, not a neighbouring one."""
RELATED_TRADE: Final = 0.6
"""Suitability of an activity that always goes together with one that lacks."""
NEIGHBOUR_TRADE: Final = 0.5
"""Suitability of an activity of the same group of the NAF as one that lacks."""
GROUP_LENGTH: Final = 4
"""Characters of a group of the NAF, with its dot."""
ADAPTABLE: Final = 0.5
WORKING_PREMISES: Final = frozenset(
    f"premises.{kind}"
    for kind in (
        *("fablab", "kitchen", "processing_plant", "shared_desk", "shop"),
        *("vacant_building", "warehouse", "workshop"),
    )
)
"""Premises in which an activity can begin."""
DESK: Final = "services.daily_life.public_service_point"
"""What a point of public services offers: it informs, and decides nothing."""
PUBLIC_HOST: Final = 0.6
"""Suitability of an authority as host: it has or finds premises, of which no row tells."""
DESK_OF_AUTHORITY: Final = 0.5
"""Part of its suitability that an authority keeps if its row is that of a point of services."""

COMMUNE_FORMS: Final = frozenset({"7210"})
GROUPING_FORMS: Final = frozenset(
    {"7340", "7343", "7344", "7346", "7347", "7348", "7353", "7354", "7355", "7357"}
)
GOVERNING: Final = "public_services"
"""Sector of the local authorities."""
WIDE_FORMS: Final = frozenset({"7220", "7225", "7229", "7230"})
"""Legal forms of départements and régions."""


class Fit(NamedTuple):
    """One actor in one role.

    ``supply`` and ``demand`` are the parts of the shortfall that the actor can bring or take, 0
    where unknown; ``quantity`` is in ``unit`` per year, as the row says it.
    """

    actor: int
    suitability: float
    reason: str
    fact_table: str
    fact_id: str
    quantity: float
    unit: str
    basis: str
    supply: float = 0.0
    demand: float = 0.0


@dataclass(frozen=True, slots=True)
class Call:
    """What an opening calls for: category, quantity that lacks, sectors and places meant."""

    category: str
    shortfall: float
    unit: str
    sectors: frozenset[str] = frozenset()
    communes: frozenset[str] = frozenset()

    def part(self, quantity: float, unit: str) -> float:
        """Return a quantity as part of the shortfall; 0 where either is unknown.

        A shortfall without a unit is a number of rows: each row counts as one.
        """
        if not self.shortfall > 0:
            return 0.0
        amount = in_unit(quantity, unit, to=self.unit) if self.unit else 1.0
        return amount / self.shortfall if np.isfinite(amount) else 0.0


def best(fits: Iterable[Fit], facts: Facts) -> tuple[Fit, ...]:
    """Return one fit an eligible actor: the strongest reason, all that its rows bring or take."""
    kept: dict[int, list[Fit]] = {}
    for fit in fits:
        if fit.actor >= 0 and facts.eligible[fit.actor]:
            kept.setdefault(fit.actor, []).append(fit)
    return tuple(_merged(kept[actor]) for actor in sorted(kept))


def _merged(fits: list[Fit]) -> Fit:
    first = min(fits, key=_strength)
    supply, demand = sum(fit.supply for fit in fits), sum(fit.demand for fit in fits)
    return first._replace(supply=supply, demand=demand)


def _strength(fit: Fit) -> tuple[float, float, str, str]:
    return -fit.suitability, -(fit.supply + fit.demand), fit.fact_table, fit.fact_id


def of_row(row: Fact, *, suitability: float, reason: str, quantity: float | None = None) -> Fit:
    """Return a fit that one row speaks for, weighed by the row's basis."""
    known = BASIS_WEIGHT.get(row.basis, min(BASIS_WEIGHT.values())) * row.weight
    weighed = suitability * known
    said = row.quantity if quantity is None else quantity
    return Fit(row.actor, weighed, reason, row.table, row.row_id, said, row.unit, row.basis)


def of_actor(facts: Facts, actor: int, *, suitability: float, reason: str) -> Fit:
    """Return a fit that the actor's own row speaks for."""
    basis = facts.basis[actor]
    return Fit(actor, suitability, reason, v.ACTORS, facts.ids[actor], float("nan"), "", basis)


def holders(facts: Facts, call: Call) -> tuple[Fit, ...]:
    """Return who holds the category called for, sells it, or has a trade that provides it."""
    return best((fit for fit, _ in able(facts, call)), facts)


def operators(facts: Facts, call: Call) -> tuple[Fit, ...]:
    """Return who could run the service called for where it lacks.

    Who runs the service itself can serve all the people of the place it extends to; of a neighbour
    only the share by which its service is near is counted, until somebody has checked.
    """
    found = able(facts, call)
    reach: dict[int, float] = {}
    for fit, near in found:
        reach[fit.actor] = max(near, reach.get(fit.actor, 0.0))
    fits = best((fit for fit, _ in found), facts)
    return tuple(fit._replace(supply=reach[fit.actor]) for fit in fits)


def able(facts: Facts, call: Call) -> list[tuple[Fit, float]]:
    """Return who could provide what is called for, each with how near that comes to it."""
    sold = _traders(facts, call, end="origin", reason="supplies_category")
    return [*_offers(facts, call), *((fit, 1.0) for fit in sold), *_by_trade(facts, call)]


def _offers(facts: Facts, call: Call) -> Iterator[tuple[Fit, float]]:
    """Yield who holds the category called for, or one near to it.

    A thing of another category that is already used elsewhere calls nobody; a service goes on.
    """
    service = category_links.is_service(call.category)
    for category, rows in facts.resources.items():
        near = category_links.nearness(call.category, category)
        for row in rows if near else ():
            reason = HELD_REASONS[near == 1, service]
            if row.left != 0:
                fit = of_row(row, suitability=near, reason=reason, quantity=row.left)
                yield fit._replace(supply=near * call.part(row.left, row.unit)), near
            elif service or near == 1:
                reason = reason if service else "holds_committed_resource"
                yield of_row(row, suitability=near * COMMITTED, reason=reason), near


def users(facts: Facts, call: Call) -> tuple[Fit, ...]:
    """Return who needs the category called for and does not get it, or is seen to buy it."""
    fits: list[Fit] = []
    for category, rows in facts.needs.items():
        near = category_links.nearness(category, call.category)
        for row in rows if near else ():
            if row.left == 0:
                continue
            reason = "has_need" if near == 1 else "has_related_need"
            fit = of_row(row, suitability=near * _priority(row), reason=reason, quantity=row.left)
            fits.append(fit._replace(demand=near * call.part(row.left, row.unit)))
    fits += _traders(facts, call, end="destination", reason="buys_category")
    return best(fits, facts)


def in_need(facts: Facts, call: Call, *, need_ids: Iterable[str]) -> tuple[Fit, ...]:
    """Return the actors of given needs; for the need of a commune, its authority.

    Parameters
    ----------
    facts : Facts
        Actors and rows.
    call : Call
        What is called for.
    need_ids : iterable of str
        The needs of the gap; those that the balance meets wholly are left out.
    """
    fits: list[Fit] = []
    for need_id in need_ids:
        row = facts.by_row.get((v.NEEDS, need_id))
        if row is None or row.left == 0:
            continue
        fit = of_row(row, suitability=_priority(row), reason="has_need", quantity=row.left)
        fit = fit._replace(demand=call.part(row.left, row.unit))
        if row.actor >= 0:
            fits.append(fit)
            continue
        fits += [
            fit._replace(
                actor=body.actor,
                suitability=fit.suitability * body.suitability,
                reason="answers_for_commune",
            )
            for body in authorities(facts, frozenset({row.commune_id}))
        ]
    return best(fits, facts)


def _priority(row: Fact) -> float:
    return PRIORITY_WEIGHT.get(row.detail, PRIORITY_WEIGHT["medium"])


def _traders(facts: Facts, call: Call, *, end: str, reason: str) -> list[Fit]:
    """Return who is seen to sell (origin) or buy (destination) the category, by the flows."""
    return [
        of_row(row, suitability=TRADES, reason=reason)
        for category, rows in facts.flows.items()
        if nomenclature.is_compatible(call.category, category)
        for row in rows
        if row.detail == end
    ]


def _by_trade(facts: Facts, call: Call) -> Iterator[tuple[Fit, float]]:
    """Yield who has a trade that could run a service (a thing is held by somebody).

    The best of its activities decides; the sectors only where no activity is known: a campsite and
    a canteen kitchen are of one sector.
    """
    if not category_links.is_service(call.category):
        return
    known = {
        activities: max(category_links.by_activity(call.category, one) for one in activities)
        for activities in frozenset(facts.activities)
        if activities
    }
    for actor, activities in enumerate(facts.activities):
        if activities:
            near = known[activities]
        else:
            near = category_links.by_sector(call.category, facts.sectors[actor])
        if near:
            reason = "has_trade" if activities and near >= SAME_TRADE else "works_in_sector"
            yield of_actor(facts, actor, suitability=near, reason=reason), near


def founders(
    facts: Facts, call: Call, *, activity: str, related: Mapping[str, float]
) -> tuple[Fit, ...]:
    """Return who could take up an activity that lacks.

    Those that have it already, and could open another place; those whose trade is near to it: of
    the same group of the NAF, or present together with it elsewhere, by how often that is; for a
    service to people, those that run it or a neighbour of it.

    Parameters
    ----------
    facts : Facts
        Actors and rows.
    call : Call
        What is called for; its category where it is a service to people.
    activity : str
        The activity that lacks (NAF of any level, or type of the BPE).
    related : Mapping of str to float
        Activities present here, each with its proximity to the one that lacks, in [0, 1].
    """
    fits: list[Fit] = []
    near = {code: part for code, part in related.items() if part > 0}
    group = activity[:GROUP_LENGTH] if activity[2:3] == "." else activity
    for actor, activities in enumerate(facts.activities):
        for own in activities:
            if own.startswith(activity):
                fits.append(
                    of_actor(facts, actor, suitability=SAME_TRADE, reason="has_missing_activity")
                )
            elif own.startswith(group):
                fits.append(
                    of_actor(facts, actor, suitability=NEIGHBOUR_TRADE, reason="works_in_sector")
                )
            found = (part for code, part in near.items() if own.startswith(code))
            suits = RELATED_TRADE * max(found, default=0.0)
            if suits:
                fits.append(
                    of_actor(facts, actor, suitability=suits, reason="has_related_activity")
                )
    if call.category:
        fits += [fit for fit, _ in able(facts, call)]
    return best(fits, facts)


def premises_for(facts: Facts, call: Call) -> tuple[Fit, ...]:
    """Return who holds premises that are not used to the full, for an activity to come.

    For a service to people, those that suit it as the table of :mod:`toolkit.category_links` says;
    for any other activity, workshops, shops and the like, to be adapted.
    """
    fits = []
    for category, rows in facts.resources.items():
        if category_links.is_service(call.category):
            suits = category_links.fits_in(call.category, category)
        else:
            suits = ADAPTABLE if category in WORKING_PREMISES else 0.0
        reason = "offers_suitable_premises" if suits == 1 else "offers_adaptable_premises"
        fits += [
            of_row(row, suitability=suits, reason=reason) for row in rows if suits and row.left != 0
        ]
    return best(fits, facts)


def is_authority(facts: Facts, actor: int) -> bool:
    """Return whether an actor is a local authority, by its activities and its legal form.

    The legal form alone would make authorities of the schools and depots of a commune, which bear
    its form.  A public body that gives neither is taken for one, unless it is known to work in
    other sectors only, or to be a point of public services: workbooks often say no more.
    """
    form, activities = facts.legal_form[actor], facts.activities[actor]
    if facts.family[actor] != FAMILY_BIT["public"]:
        return False
    if not form and not activities:
        if _is_desk(facts, actor):
            return False
        sectors = facts.sectors[actor]
        return GOVERNING in sectors if sectors else not _works_elsewhere(facts, actor)
    governs = not activities or any(one.startswith("84.11") for one in activities)
    return governs and (not form or form in COMMUNE_FORMS | GROUPING_FORMS | WIDE_FORMS)


def _is_desk(facts: Facts, actor: int) -> bool:
    return DESK in facts.stated.get(actor, ())


def _works_elsewhere(facts: Facts, actor: int) -> bool:
    """Return whether all that an actor says to offer shows it to be something else than a council.

    Who runs a service is that service: a library is no town hall.  So is who offers but things that
    no authority deals with, as a toy library does.
    """
    stated = facts.stated.get(actor, frozenset())
    return bool(stated) and all(
        category_links.is_service(category) or GOVERNING not in sectors_of_category(category)
        for category in stated
    )


def authorities(facts: Facts, communes: frozenset[str]) -> tuple[Fit, ...]:
    """Return the local authorities of the communes meant: theirs, the groupings, the wider ones.

    A row with the form of an authority may be that of its point of public services: it suits less,
    and what it is in charge of is to be checked.
    """
    fits = []
    for actor in np.flatnonzero(facts.family == FAMILY_BIT["public"]).tolist():
        if not is_authority(facts, actor):
            continue
        form, desk = facts.legal_form[actor], _is_desk(facts, actor)
        certain = bool(form or facts.activities[actor]) and not desk
        if form in GROUPING_FORMS:
            suitability = 0.9
        elif form in WIDE_FORMS:
            suitability = 0.6
        elif facts.commune[actor] in communes:
            suitability = 1.0 if certain or desk else 0.7
        else:
            continue
        suitability *= DESK_OF_AUTHORITY if desk else 1.0
        reason = "is_local_authority" if certain else "is_public_body"
        fits.append(of_actor(facts, actor, suitability=suitability, reason=reason))
    return best(fits, facts)


def ess_partners(facts: Facts, call: Call) -> tuple[Fit, ...]:
    """Return the structures of the ESS that work in the field called for, or that facilitate.

    The field of a service is that of who could well run it; of anything else, its sectors.
    """
    service = category_links.is_service(call.category)
    near = able(facts, call) if service else ()
    running = {fit.actor for fit, weight in near if weight >= IN_THE_FIELD}
    fits = []
    for actor in np.flatnonzero(facts.family == FAMILY_BIT["ess"]).tolist():
        if actor in running if service else facts.sectors[actor] & call.sectors:
            fits.append(
                of_actor(facts, actor, suitability=ESS_IN_SECTOR, reason="is_ess_in_sector")
            )
        elif "facilitator" in facts.roles[actor]:
            fits.append(
                of_actor(facts, actor, suitability=ESS_IN_SECTOR - 0.1, reason="is_facilitator")
            )
    return best(fits, facts)


def brokers(facts: Facts, among: Iterable[int] | None = None) -> tuple[Fit, ...]:
    """Return who already works with many others, and who facilitates by trade."""
    fits = []
    for actor in range(len(facts.ids)) if among is None else sorted(among):
        ties = int(facts.degree[actor])
        if facts.roles[actor] & {"facilitator", "network"}:
            fits.append(of_actor(facts, actor, suitability=FACILITATOR, reason="is_facilitator"))
        if ties >= TIES_MIN:
            fit = of_actor(
                facts, actor, suitability=min(1.0, ties / TIES_FULL), reason="broker_ties"
            )
            fits.append(fit._replace(quantity=float(ties)))
    return best(fits, facts)


def linking_places(facts: Facts) -> tuple[Fit, ...]:
    """Return the places that link people, and the holders of premises in which a group can meet."""
    fits = [
        of_actor(facts, actor, suitability=1.0, reason="is_linking_place")
        for actor, held in enumerate(facts.roles)
        if "linking_place" in held
    ]
    for place in facts.premises:
        row = facts.by_row.get((v.RESOURCES, place.resource_id))
        if row is not None:
            fits.append(of_row(row, suitability=0.7, reason="offers_premises"))
    return best(fits, facts)


def hosts(facts: Facts, call: Call, *, people: Mapping[str, float]) -> tuple[Fit, ...]:
    """Return who can host a service in given communes: a holder of premises, or the authority.

    Premises suit as the table of :mod:`toolkit.category_links` says; those that the balance already
    uses elsewhere are left out.  ``people`` gives the people concerned in each commune; a host can
    serve those of its own.
    """
    fits = [
        fit._replace(suitability=PUBLIC_HOST * fit.suitability)
        for fit in authorities(facts, frozenset(people))
    ]
    for category, rows in facts.resources.items():
        suits = category_links.fits_in(call.category, category)
        reason = "offers_suitable_premises" if suits == 1 else "offers_adaptable_premises"
        fits += [
            of_row(row, suitability=suits, reason=reason) for row in rows if suits and row.left != 0
        ]
    whole = call.shortfall if call.shortfall > 0 else float("inf")
    return tuple(
        fit._replace(demand=max(0.0, people[facts.commune[fit.actor]]) / whole)
        for fit in best(fits, facts)
        if facts.commune[fit.actor] in people
    )
