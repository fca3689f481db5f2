"""Plain answers to compare with: every group written out, every criterion computed the long way."""

from __future__ import annotations

import math
from itertools import combinations, product

from toolkit import nomenclature
from toolkit import vocabulary as v
from toolkit.partnerships.calls import Opening
from toolkit.partnerships.facts import Facts
from toolkit.partnerships.roles import Fit
from toolkit.settings import Settings


def best_groups(
    facts: Facts, opening: Opening, settings: Settings, *, forced: int | None = None
) -> list[tuple[float, tuple[int, ...]]]:
    """All feasible sets of members with their best score, best first; ties by type then id."""
    found: dict[tuple[int, ...], tuple[float, int]] = {}
    for slots in _teams(opening, settings):
        for cast in product(*(slot.fits for slot in slots)):
            members = tuple(sorted(fit.actor for fit in cast))
            if len(set(members)) < len(members) or (forced is not None and forced not in members):
                continue
            rank = _type_rank(facts, members, settings)
            if rank is None or not _can_meet(facts, members, settings):
                continue
            values = criteria(facts, opening, cast, settings)
            weights = settings.normalised_weights()
            score = sum(weights[name] * values[name] for name in v.CRITERIA)
            found[members] = max(found.get(members, (-1.0, rank)), (score, rank))
    order = sorted(found.items(), key=lambda item: (-round(item[1][0], 9), item[1][1], item[0]))
    return [(score, members) for members, (score, _) in order]


def _teams(opening: Opening, settings: Settings):
    required = [slot for slot in opening.slots if slot.required]
    optional = [slot for slot in opening.slots if not slot.required]
    for size in range(len(optional) + 1):
        for added in combinations(optional, size):
            if 2 <= len(required) + size <= settings.max_members:
                yield [*required, *added]


def _family(facts: Facts, actor: int) -> str:
    return facts.family_name(actor)


ORDER = ("ptce", "multi_actor", "ess_business", "ess_ess", "any")


def type_of(families: list[str], wanted, rules) -> str | None:
    """The type of a group by its members' families, counted one by one."""
    for name in sorted(rules):
        rule = rules[name]
        if (
            name in wanted
            and len(set(families)) >= rule.get("families_min", 1)
            and all(families.count(key) >= least for key, least in rule.get("least", {}).items())
            and all(families.count(key) <= most for key, most in rule.get("most", {}).items())
        ):
            return name
    held = set(families)
    holds = {
        "ptce": {"ess", "business"} <= held and bool(held & {"public", "research"}),
        "multi_actor": len(held) >= 3,
        "ess_business": held == {"ess", "business"},
        "ess_ess": held == {"ess"},
        "any": True,
    }
    every = "any" in wanted
    return next((name for name in ORDER if holds[name] and (every or name in wanted)), None)


def _type_rank(facts: Facts, members: tuple[int, ...], settings: Settings) -> int | None:
    rules = settings.composition_rules
    families = [_family(facts, actor) for actor in members]
    name = type_of(families, settings.partnership_types, rules)
    return None if name is None else (*sorted(rules), *ORDER).index(name)


def trip(facts: Facts, one: int, other: int) -> float:
    return math.dist((facts.x_km[one], facts.y_km[one]), (facts.x_km[other], facts.y_km[other]))


def _can_meet(facts: Facts, members: tuple[int, ...], settings: Settings) -> bool:
    return any(
        all(
            math.dist((place.x_km, place.y_km), (facts.x_km[actor], facts.y_km[actor]))
            <= settings.radius_km + 1e-9
            for actor in members
        )
        for place in (*facts.premises, *facts.communes)
    )


def criteria(
    facts: Facts, opening: Opening, cast: tuple[Fit, ...], settings: Settings
) -> dict[str, float]:
    members = [fit.actor for fit in cast]
    pairs = list(combinations(members, 2))
    supply, demand = sum(fit.supply for fit in cast), sum(fit.demand for fit in cast)
    edges = {tuple(edge) for edge in facts.edges.tolist()}
    known = sum((min(pair), max(pair)) in edges for pair in pairs) / len(pairs)
    sectors = set().union(*(facts.sectors[actor] for actor in members))
    jobs = [max(1.0, facts.jobs[actor]) if facts.jobs[actor] >= 0 else 1.0 for actor in members]
    return {
        "coverage": min(1.0, demand if opening.one_sided else min(supply, demand)),
        "suitability": sum(fit.suitability for fit in cast) / len(cast),
        "proximity": 1 - max(trip(facts, *pair) for pair in pairs) / (2 * settings.radius_km),
        "complementarity": min(1.0, sum(_complete(facts, *pair) for pair in pairs) / 3),
        "diversity": min(1.0, (len({_family(facts, actor) for actor in members}) - 1) / 3),
        "transversality": min(1.0, max(0, len(sectors) - 1) / 3),
        "trust": 4 * known * (1 - known),
        "capacity": sum(min(1.0, math.log(1 + n) / math.log(51)) for n in jobs) / len(jobs),
    }


def _complete(facts: Facts, one: int, other: int) -> bool:
    for giver, taker in ((one, other), (other, one)):
        for offer in (
            row for rows in facts.resources.values() for row in rows if row.actor == giver
        ):
            for want in (
                row for rows in facts.needs.values() for row in rows if row.actor == taker
            ):
                if nomenclature.is_compatible(want.category, offer.category):
                    return True
    return False
