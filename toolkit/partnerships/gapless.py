"""Openings without a gap, from the objectives: pooling, exchange of practice, joint visibility."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from toolkit import vocabulary as v
from toolkit.partnerships import roles, support_roles
from toolkit.partnerships.calls import Opening, slots_of
from toolkit.partnerships.facts import FAMILY_BIT, Fact, Facts, in_unit, sectors_of_category
from toolkit.partnerships.roles import Call, Fit

NEIGHBOURS: Final = 3
"""Actors with the same need from which pooling is worth a call (METHODS 3.1)."""
SMALL_SHARE: Final = 0.5
"""A need is small if it is at most this share of all needs of the category (own rule)."""
SMALL_JOBS: Final = 10.0
"""Jobs below which an actor is small: the micro-enterprise of French official statistics."""
NOT_POOLED: Final = frozenset(
    f"finance.{kind}"
    for kind in ("crowdfunding", "equity", "grant", "guarantee", "loan", "sponsorship")
)
"""Money that is given or lent: neighbours that need it too compete for it, they pool nothing."""
SEEKS_A_PUBLIC: Final = FAMILY_BIT["ess"] | FAMILY_BIT["business"] | FAMILY_BIT["civil"]
"""Families that gain from being seen; a public service is known, and small by its site only."""


def find(facts: Facts, *, isolated: frozenset[int]) -> list[Opening]:
    """Return the openings that need no gap.

    Severity is the share of the territory's actors concerned; confidence the share of the facts
    behind that are observed or recorded, of joint visibility times the share of all actors of which
    a tie is known: where none is, nobody is known to be alone.
    """
    return [*_pooling(facts), *_exchange(facts), *_visibility(facts, isolated=isolated)]


def _pooling(facts: Facts) -> Iterator[Opening]:
    """Yield, for each category, the call to those that have the same small need."""
    for category, rows in facts.needs.items():
        if category in NOT_POOLED:
            continue
        small = _small(rows, facts)
        users = roles.best(small, facts)
        if len(users) < NEIGHBOURS:
            continue
        call = Call(
            category, float("nan"), "", sectors_of_category(category), _communes(users, facts)
        )
        able = tuple(fit._replace(supply=0.0) for fit in roles.holders(facts, call))
        yield _opening(
            f"pooling:{category}",
            facts,
            concerned=users,
            category=category,
            objective="pool_means",
            slots=(
                *((("user", True, users)),) * NEIGHBOURS,
                ("user", False, users),
                ("operator", False, able),
                ("authority", False, roles.authorities(facts, call.communes)),
            ),
        )


def _small(rows: tuple[Fact, ...], facts: Facts) -> list[Fit]:
    """Return fits of the needs that are small beside the whole, or without quantity."""
    unit = next((row.unit for row in rows if row.unit), "")
    sized = [
        (row, in_unit(row.quantity, row.unit, to=unit)) for row in rows if facts.eligible[row.actor]
    ]
    total = sum(quantity for _, quantity in sized if quantity > 0)
    made = []
    for row, quantity in sized:
        known = quantity > 0
        if known and quantity > SMALL_SHARE * total:
            continue
        fit = roles.of_row(row, suitability=1.0, reason="shares_need")
        made.append(fit._replace(demand=quantity / total if known else 0.0))
    return made


def _exchange(facts: Facts) -> Iterator[Opening]:
    """Yield, for each sector, the call to those that have cooperated and those that could learn."""
    for sector in sorted(frozenset().union(*(sectors for _, sectors, _ in facts.cooperations))):
        done = _cooperating(facts, sector)
        learners = roles.best(_learners(facts, sector, done=done), facts)
        sharers = roles.best(
            (_sharer(facts, actor, cooperation=code) for actor, code in done.items()), facts
        )
        if not sharers or len(learners) < NEIGHBOURS - 1:
            continue
        learners = tuple(fit._replace(demand=1.0 / len(learners)) for fit in learners)
        yield _opening(
            f"exchange_of_practice:{sector}",
            facts,
            concerned=learners,
            objective="answer_needs",
            one_sided=False,
            slots=(
                ("lead", True, sharers),
                ("partner", True, learners),
                ("partner", True, learners),
                ("partner", False, learners),
                ("research", False, support_roles.researchers(facts, frozenset({sector}))),
                ("authority", False, roles.authorities(facts, _communes(learners, facts))),
            ),
        )


def _cooperating(facts: Facts, sector: str) -> dict[int, str]:
    """Return the actors that cooperate in a sector, each with its first cooperation there."""
    done: dict[int, str] = {}
    for code, sectors, team in facts.cooperations:
        if sector in sectors:
            done.update({actor: code for actor in team if actor not in done})
    return done


def _learners(facts: Facts, sector: str, *, done: Mapping[int, str]) -> Iterator[Fit]:
    """Yield the actors of a sector that lack something and have not cooperated yet."""
    needing = {row.actor for rows in facts.needs.values() for row in rows if row.left != 0}
    for actor in sorted(needing - done.keys()):
        if sector in facts.sectors[actor] and not facts.in_cooperation[actor]:
            yield roles.of_actor(facts, actor, suitability=0.8, reason="could_learn")


def _sharer(facts: Facts, actor: int, *, cooperation: str) -> Fit:
    """Return an actor as one that can tell of its cooperation."""
    return Fit(
        actor,
        1.0,
        "shares_practice",
        v.COOPERATIONS,
        cooperation,
        float("nan"),
        "",
        facts.basis[actor],
        1.0,
    )


def _visibility(facts: Facts, *, isolated: frozenset[int]) -> Iterator[Opening]:
    """Yield, for each sector, the call to its small actors that nobody is tied to."""
    tied = float(np.mean(facts.degree > 0)) if facts.ids else 0.0
    small = [
        actor
        for actor in sorted(isolated if tied else ())
        if not facts.jobs[actor] >= SMALL_JOBS and facts.family[actor] & SEEKS_A_PUBLIC
    ]
    for sector in sorted(frozenset().union(*(facts.sectors[actor] for actor in small))):
        alone = roles.best(
            (
                roles.of_actor(facts, actor, suitability=1.0, reason="isolated_in_sector")
                for actor in small
                if sector in facts.sectors[actor]
            ),
            facts,
        )
        if len(alone) < NEIGHBOURS:
            continue
        alone = tuple(fit._replace(demand=1.0 / len(alone)) for fit in alone)
        yield _opening(
            f"joint_visibility:{sector}",
            facts,
            concerned=alone,
            certainty=tied,
            objective="be_visible",
            slots=(
                *((("partner", True, alone)),) * NEIGHBOURS,
                ("partner", False, alone),
                ("linking_place", False, roles.linking_places(facts)),
                ("authority", False, roles.authorities(facts, _communes(alone, facts))),
            ),
        )


def _communes(fits: tuple[Fit, ...], facts: Facts) -> frozenset[str]:
    return frozenset(facts.commune[fit.actor] for fit in fits)


def _opening(
    opening_id: str,
    facts: Facts,
    *,
    concerned: tuple[Fit, ...],
    objective: str,
    slots: tuple[tuple[str, bool, tuple[Fit, ...]], ...],
    category: str = "",
    certainty: float = 1.0,
    one_sided: bool = True,
) -> Opening:
    certain = sum(fit.basis != "estimated" for fit in concerned)
    return Opening(
        opening_id=opening_id,
        kind=opening_id.partition(":")[0],
        gap_ids=(),
        category=category,
        objectives=(objective,),
        severity=len(concerned) / len(facts.ids),
        confidence=certainty * certain / len(concerned),
        shortfall=float("nan"),
        unit="",
        slots=slots_of(*slots),
        one_sided=one_sided,
    )
