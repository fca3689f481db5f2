"""Who could fill the roles of a broken chain: those that wait on both sides, and who closes it.

To close a chain is to do what the stage does: to run its service, or to take in what it takes in
and to hand on what it hands on.  Who only holds something like it closes nothing, and what a stage
hands on as it came (collected, sorted) may be held by those before it as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from toolkit import category_links, nomenclature
from toolkit import vocabulary as v
from toolkit.partnerships import roles
from toolkit.partnerships.facts import Fact, Facts, sectors_of_category
from toolkit.partnerships.roles import Call, Fit

STANDS_BESIDE: Final = 0.6
"""Suitability of an actor beside a missing stage that no row says to wait."""
DOES_IT_ITSELF: Final = 0.4
"""Suitability of an actor that waits, and whose field the stage is of, to take the stage on."""
TRANSFORMS: Final = 0.8
"""Suitability of an actor that takes in what the stage takes in, and gives what it gives."""
HANDS_ON: Final = 0.5
"""Suitability of an actor of which only what the stage gives is known, not where it comes from."""


class Passing(NamedTuple):
    """Categories that a stage takes in from those before it, and gives to those after."""

    taken: tuple[str, ...]
    given: tuple[str, ...]


def waiting(
    facts: Facts, actors: Iterable[int], *, rows: Iterable[Fact], reason: str
) -> tuple[Fit, ...]:
    """Return the actors on one side of a broken chain, those that say what they have or want first.

    Parameters
    ----------
    facts : Facts
        Actors and rows.
    actors : iterable of int
        Who stands on that side.
    rows : iterable of Fact
        Resources or needs that would pass the missing stage.
    reason : str
        Code of why they are called.
    """
    side = frozenset(actors)
    fits = [
        roles.of_row(row, suitability=1.0, reason=reason, quantity=row.left)
        for row in rows
        if row.actor in side
    ]
    fits += [
        roles.of_actor(facts, actor, suitability=STANDS_BESIDE, reason=reason) for actor in side
    ]
    return roles.best(fits, facts)


def closers(
    facts: Facts,
    call: Call,
    *,
    sides: Mapping[str, Iterable[int]],
    stages: Iterable[Passing],
) -> tuple[Fit, ...]:
    """Return who could close a broken chain.

    The few that stand at the stage already; who runs its service or a neighbour of it, or has the
    trade; who takes in what it takes in and gives what it gives, or is known for the latter at
    least; and those that wait and work in its field, who could do it themselves.

    Parameters
    ----------
    facts : Facts
        Actors and rows.
    call : Call
        What is called for.
    sides : Mapping of str to iterable of int
        Who waits, and who stands at the stage.
    stages : iterable of Passing
        What each of the stages that lack takes in and gives.
    """
    stages = tuple(stages)
    given = sorted({category for stage in stages for category in stage.given})
    fits = [
        roles.of_actor(facts, actor, suitability=1.0, reason="stands_at_stage")
        for actor in sides.get("there", ())
    ]
    for category in filter(category_links.is_service, given):
        fits += [fit for fit, _ in roles.able(facts, replace(call, category=category))]
    fits += [fit for stage in stages for fit in _makers(facts, stage)]
    field = frozenset().union(*map(sectors_of_category, given))
    fits += [
        roles.of_actor(facts, actor, suitability=DOES_IT_ITSELF, reason="could_extend_to_stage")
        for side in ("upstream", "downstream")
        for actor in sides.get(side, ())
        if facts.sectors[actor] & field
    ]
    return roles.best(fits, facts)


def _makers(facts: Facts, stage: Passing) -> Iterator[Fit]:
    """Yield who gives what a stage gives: by what it offers, and by what it is seen to sell.

    Who gives but a part of what the stage gives suits by that part only: a composting site makes
    digestate's like, and no gas.
    """
    takers = {row.actor for row in _rows(facts.needs, stage.taken)}
    takers |= {row.actor for row in _rows(facts.flows, stage.taken) if row.detail == "destination"}
    for actor, by_category in _givers(facts, stage.given).items():
        transforms = actor in takers
        made = [
            (category, row)
            for category, row in by_category.items()
            if transforms or not _through(category, stage)
        ]
        suits = (TRANSFORMS if transforms else HANDS_ON) * len(made) / len(stage.given)
        for _, row in made:
            yield roles.of_row(row, suitability=suits, reason=_reason(row, transforms=transforms))


def _through(category: str, stage: Passing) -> bool:
    """Return whether a stage hands a category on as it came."""
    return any(nomenclature.is_compatible(one, category) for one in stage.taken)


def _reason(row: Fact, *, transforms: bool) -> str:
    if transforms:
        return "could_hold_stage"
    if row.table == v.FLOWS:
        return "supplies_category"
    return "holds_resource" if row.left != 0 else "holds_committed_resource"


def _rows(rows: Mapping[str, tuple[Fact, ...]], wanted: tuple[str, ...]) -> Iterator[Fact]:
    """Yield the rows of categories that agree with one of those wanted."""
    for category, held in rows.items():
        if any(nomenclature.is_compatible(one, category) for one in wanted):
            yield from held


def _givers(facts: Facts, given: tuple[str, ...]) -> dict[int, dict[str, Fact]]:
    """Return, by actor, a row for each category of a stage that it has or is seen to sell.

    The row names this very category or a part of it, not a wider one.  What an actor of another
    field is seen to sell, as a builder compost, others have made.
    """
    held: dict[int, dict[str, Fact]] = {}
    for category in given:
        if category_links.is_service(category):
            continue
        field = sectors_of_category(category)
        offered = list(_below(facts.resources, category))
        sold = (
            row
            for row in _below(facts.flows, category)
            if row.detail == "origin" and not field.isdisjoint(facts.sectors[row.actor])
        )
        for row in (*offered, *sold):
            held.setdefault(row.actor, {}).setdefault(category, row)
    return held


def _below(rows: Mapping[str, tuple[Fact, ...]], category: str) -> Iterator[Fact]:
    """Yield the rows of a category and of its parts."""
    for code, held in rows.items():
        if category in nomenclature.ancestors(code):
            yield from held
