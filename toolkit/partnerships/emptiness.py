"""Why an opening has no candidate: the rule that makes it empty, and what would have to give.

Each rule is relaxed in turn and the opening searched again for one group, so that the answer is the
search's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np

from toolkit import vocabulary as v
from toolkit.partnerships.calls import Opening
from toolkit.partnerships.composition import Composition, composition_of
from toolkit.partnerships.facts import Facts
from toolkit.partnerships.search import look_into
from toolkit.partnerships.wishes import ALL, Empty, Wishes

if TYPE_CHECKING:
    from toolkit.settings import Settings

FAR_KM: Final = 500.0
"""Radius that stands for any distance: the largest that the settings accept."""
STEP_KM: Final = 0.1
"""How finely the least radius is looked for."""
FEW_NODES: Final = 2_000
"""Nodes looked into to find one group."""
DATA: Final = "data"
RADIUS, TYPES = "radius_km", "partnership_types"


def without(opening: Opening, facts: Facts, *, excluded: Sequence[str]) -> Opening:
    """Return an opening that some actors cannot take part in."""
    if not excluded:
        return opening
    out = {facts.index[name] for name in excluded}
    slots = tuple(
        replace(slot, fits=tuple(fit for fit in slot.fits if fit.actor not in out))
        for slot in opening.slots
    )
    return replace(opening, slots=slots)


def empty_of(
    facts: Facts,
    openings: Sequence[Opening],
    *,
    held: Sequence[bool],
    settings: Settings,
    wishes: Wishes,
) -> tuple[Empty, ...]:
    """Return why openings have no candidate, in their order.

    Parameters
    ----------
    facts : Facts
        What is known of the actors.
    openings : sequence of Opening
        All openings, with the actors that the wishes exclude.
    held : sequence of bool
        Which of them have candidates.
    settings : Settings
        The settings searched with.
    wishes : Wishes
        Who must and who may not take part.

    Returns
    -------
    tuple of Empty
        One an empty opening; one for all where there is no opening, or where the imposed actors are
        in no candidate at all (then nothing is said of each opening).
    """
    if not openings:
        return (Empty(ALL, "no_opening", gives=(DATA,)),)
    if not wishes.must:
        return tuple(
            why_empty(facts, opening, settings=settings, excluded=wishes.without)
            for opening, found in zip(openings, held, strict=True)
            if not found
        )
    return () if any(held) else (_why_no_place(facts, openings, settings=settings, wishes=wishes),)


def why_empty(
    facts: Facts,
    opening: Opening,
    *,
    settings: Settings,
    excluded: Sequence[str] = (),
    forced: Sequence[int] = (),
) -> Empty:
    """Return why an opening has no candidate.

    Parameters
    ----------
    facts : Facts
        What is known of the actors.
    opening : Opening
        The opening, with the actors that are excluded.
    settings : Settings
        The settings searched with.
    excluded : sequence of str
        Actors that may not take part.
    forced : sequence of int
        Positions of those that must.
    """
    empty = next(_of_roles(facts, opening, settings=settings, excluded=excluded), None)
    if empty is not None:
        return empty
    less = without(opening, facts, excluded=excluded)
    code = opening.opening_id

    def finds(call: Opening, *, radius_km: float, types: tuple[str, ...]) -> bool:
        changed = settings.with_changes(radius_km=radius_km, partnership_types=types)
        return _finds(facts, call, settings=changed, forced=forced)

    here, wanted, every = settings.radius_km, settings.partnership_types, (v.ANY_TYPE,)
    if excluded and finds(opening, radius_km=here, types=wanted):
        names = tuple(sorted(set(excluded) & _names(facts, opening)))
        return Empty(code, "without", actor_ids=names, gives=("without",))
    if not finds(less, radius_km=FAR_KM, types=every):
        return Empty(code, "no_team", gives=(DATA,))
    lacking = _lacking(facts, less, settings=settings)
    if finds(less, radius_km=here, types=every):
        return Empty(
            code, "type_rule", families=_lacking(facts, less, settings=settings), gives=(TYPES,)
        )
    if finds(less, radius_km=FAR_KM, types=wanted):
        least = _least_radius(partial(finds, less, types=wanted), above=here)
        return Empty(code, "too_far", gives=(RADIUS,), value=least)
    least = _least_radius(partial(finds, less, types=every), above=here)
    return Empty(code, "type_rule", families=lacking, gives=(TYPES, RADIUS), value=least)


def _finds(
    facts: Facts, opening: Opening, *, settings: Settings, forced: Sequence[int] = ()
) -> bool:
    """Return whether some group is found."""
    _, outcome = look_into(
        facts, opening, settings=settings, forced=forced, size=1, nodes=FEW_NODES
    )
    return bool(outcome.groups)


def _of_roles(
    facts: Facts, opening: Opening, *, settings: Settings, excluded: Sequence[str]
) -> Iterator[Empty]:
    """Yield the required roles that nobody fills, and roles that are too many."""
    out = {facts.index[name] for name in excluded}
    required = [slot for slot in opening.slots if slot.required]
    for slot in required:
        able = {fit.actor for fit in slot.fits}
        if not able:
            yield Empty(opening.opening_id, "nobody_for_role", role=slot.role, gives=(DATA,))
        elif able <= out:
            names = tuple(facts.ids[actor] for actor in sorted(able))
            yield Empty(
                opening.opening_id, "without", role=slot.role, actor_ids=names, gives=("without",)
            )
    if len(required) > settings.max_members:
        yield Empty(
            opening.opening_id, "max_members", gives=("max_members",), value=float(len(required))
        )


def _names(facts: Facts, opening: Opening) -> set[str]:
    return {facts.ids[fit.actor] for slot in opening.slots for fit in slot.fits}


def _lacking(facts: Facts, opening: Opening, *, settings: Settings) -> tuple[str, ...]:
    """Return the families that nobody of an opening has and any one of which a type lacks."""
    made = composition_of(
        settings.partnership_types,
        rules=settings.composition_rules,
        max_members=settings.max_members,
    )
    held = {facts.family_name(fit.actor) for slot in opening.slots for fit in slot.fits}
    if _accepts(made, held):
        return ()
    return tuple(name for name in v.FAMILIES if name not in held and _accepts(made, {*held, name}))


def _accepts(made: Composition, families: set[str]) -> bool:
    """Return whether some group of members of these families has a type wanted."""
    places = [v.FAMILIES.index(name) for name in sorted(families)]
    reached, edge = {0}, {0}
    while edge:
        edge = {int(made.step[state, place]) for state in edge for place in places} - reached
        reached |= edge
    return any(made.rank[state] >= 0 for state in reached)


def _least_radius(finds: Callable[..., bool], *, above: float) -> float:
    """Return the least radius at which a group is found, in steps of ``STEP_KM``."""
    low, high = 0, int(np.ceil((FAR_KM - above) / STEP_KM))
    while high - low > 1:
        middle = (low + high) // 2
        if finds(radius_km=min(FAR_KM, above + middle * STEP_KM)):
            high = middle
        else:
            low = middle
    return round(min(FAR_KM, above + high * STEP_KM), 6)


def _why_no_place(
    facts: Facts, openings: Sequence[Opening], *, settings: Settings, wishes: Wishes
) -> Empty:
    """Return why the imposed actors are in no candidate at all."""
    forced = sorted(facts.index[name] for name in wishes.must)
    for actor in forced:
        if not facts.eligible[actor]:
            rule = "not_diffusible" if np.isfinite(facts.x_km[actor]) else "not_located"
            return Empty(ALL, rule, actor_ids=(facts.ids[actor],), gives=("must", DATA))
    for actor in forced:
        able = [
            opening
            for opening in openings
            if any(fit.actor == actor for slot in opening.slots for fit in slot.fits)
        ]
        if not able:
            return Empty(ALL, "no_role", actor_ids=(facts.ids[actor],), gives=("must", DATA))
        openings = able
    both = set(wishes.must) & set(wishes.without)
    if both:
        return Empty(ALL, "without", actor_ids=tuple(sorted(both)), gives=("without",))
    reasons = [
        why_empty(facts, opening, settings=settings, excluded=wishes.without, forced=forced)
        for opening in openings
    ]
    best = min(reasons, key=_how_far_off)
    gives = ("must",) if best.rule == "no_team" else ("must", *best.gives)
    rule = "must" if best.rule == "no_team" else best.rule
    return replace(best, opening_id=ALL, rule=rule, actor_ids=wishes.must, gives=gives)


def _how_far_off(empty: Empty) -> tuple[int, float]:
    """Return how much would have to give; what is easiest to change first, then the least of it."""
    order = ("too_far", "type_rule", "max_members", "without", "no_team", "nobody_for_role")
    return order.index(empty.rule), 0.0 if np.isnan(empty.value) else empty.value
