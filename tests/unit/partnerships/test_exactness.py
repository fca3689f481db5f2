"""Thousands of random openings against enumeration; certificates; what may not change answers."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from toolkit.partnerships.arena import arena_of
from toolkit.partnerships.search import look_into, search

BLOCK = 100


def _shown(arena, outcome):
    return [tuple(int(arena.actors[place]) for place in group.members) for group in outcome.groups]


def _check(quick, seeds):
    held = tied = 0
    for seed in seeds:
        facts, opening, settings = quick.draw_case(seed)
        must = (seed % 7,) if seed % 5 == 0 else (2, 4) if seed % 17 == 0 else ()
        truth = quick.best_groups(facts, opening, settings, must=must)
        arena, outcome = look_into(facts, opening, settings=settings, forced=must)
        first = truth[: settings.per_opening]
        assert _shown(arena, outcome) == [members for _, members in first], seed
        scores = [score for score, _ in first]
        assert [group.score for group in outcome.groups] == pytest.approx(scores, abs=1e-12), seed
        assert all(outcome.gap_pct(group) == 0 for group in outcome.groups), seed
        held += bool(truth)
        tied += len({round(score, 9) for score in scores}) < len(scores)
    assert held > len(seeds) / 2
    assert tied


@pytest.mark.parametrize("block", range(10))
def test_search_equals_enumeration(quick, block):
    _check(quick, range(block * BLOCK, (block + 1) * BLOCK))


@pytest.mark.slow
@pytest.mark.parametrize("block", range(10, 50))
def test_search_equals_enumeration_on_thousands(quick, block):
    _check(quick, range(block * BLOCK, (block + 1) * BLOCK))


def test_both_enumerations_agree(quick, worlds, oracle):
    held = 0
    for seed in range(20):
        facts, opening, settings = worlds.random_case(seed, size=7)
        slow = oracle.best_groups(facts, opening, settings)
        fast = quick.best_groups(facts, opening, settings)
        assert [members for _, members in fast] == [members for _, members in slow]
        assert [score for score, _ in fast] == pytest.approx([score for score, _ in slow])
        held += bool(slow)
    assert held > 10


@pytest.mark.parametrize(
    "limits", [{"budget": 1}, {"budget": 4}, {"cap": 2}, {"budget": 2, "cap": 3}]
)
def test_certificate_is_never_wrong(quick, limits):
    cut = 0
    for seed in range(150):
        facts, opening, settings = quick.draw_case(seed, size=10, share=0.8)
        truth = quick.best_groups(facts, opening, settings)
        outcome = search(
            arena_of(facts, opening, settings=settings), size=settings.per_opening, **limits
        )
        shown = {round(group.score, 9) for group in outcome.groups}
        left_out = max((s for s, _ in truth if round(s, 9) not in shown), default=0.0)
        for group in outcome.groups:
            assert left_out <= group.score * (1 + outcome.gap_pct(group) / 100) + 1e-9
            cut += outcome.gap_pct(group) > 0
    assert cut > 0 or "cap" in limits


def test_scaling_all_weights_changes_nothing(quick):
    for seed in range(60):
        facts, opening, settings = quick.draw_case(seed)
        scaled = settings.with_changes(
            weights={name: 7.3 * weight for name, weight in settings.weights.items()}
        )
        one, two = (look_into(facts, opening, settings=rules) for rules in (settings, scaled))
        assert _shown(*one) == _shown(*two)


def test_an_actor_that_fills_no_role_changes_nothing(quick):
    for seed in range(60):
        facts, opening, settings = quick.draw_case(seed, size=8)
        held = {fit.actor for slot in opening.slots for fit in slot.fits}
        last = len(facts.ids) - 1
        if last in held:
            continue
        # The last actor, whatever it offers and whomever it knows, may be anything.
        other = dataclasses.replace(
            facts,
            offers=np.vstack([facts.offers[:-1], 1 - facts.offers[-1:]]),
            wants=np.vstack([facts.wants[:-1], 1 - facts.wants[-1:]]),
            edges=np.vstack([facts.edges, [[0, last], [1, last]]]),
        )
        one, two = (look_into(known, opening, settings=settings) for known in (facts, other))
        assert _shown(*one) == _shown(*two)
        assert [g.score for g in one[1].groups] == [g.score for g in two[1].groups]


def test_one_more_actor_never_lowers_the_best_score(quick):
    higher = 0
    for seed in range(150):
        facts, opening, settings = quick.draw_case(seed, size=8)
        out = seed % 8
        slots = tuple(
            dataclasses.replace(slot, fits=tuple(fit for fit in slot.fits if fit.actor != out))
            for slot in opening.slots
        )
        fewer = dataclasses.replace(opening, slots=slots)
        before, after = (
            look_into(facts, call, settings=settings)[1].groups for call in (fewer, opening)
        )
        assert not before or after[0].score >= before[0].score - 1e-12
        higher += bool(after) and (not before or after[0].score > before[0].score + 1e-9)
    assert higher > 5


def test_order_of_actors_changes_no_score(quick):
    for seed in range(60):
        facts, opening, settings = quick.draw_case(seed)
        order = np.random.default_rng(seed).permutation(len(facts.ids))
        place = np.argsort(order)
        columns = ("x_km", "y_km", "family", "sector_bits", "jobs", "offers", "wants")
        moved = dataclasses.replace(
            facts,
            sectors=tuple(facts.sectors[actor] for actor in order),
            edges=place[facts.edges].reshape(-1, 2),
            **{name: getattr(facts, name)[order] for name in columns},
        )
        slots = tuple(
            dataclasses.replace(
                slot,
                fits=tuple(sorted(fit._replace(actor=int(place[fit.actor])) for fit in slot.fits)),
            )
            for slot in opening.slots
        )
        one = look_into(facts, opening, settings=settings)[1].groups
        two = look_into(moved, dataclasses.replace(opening, slots=slots), settings=settings)[
            1
        ].groups
        assert [g.score for g in one] == pytest.approx([g.score for g in two], abs=1e-9)


def test_candidates_keep_the_rules(quick):
    seen = 0
    for seed in range(200, 300):
        facts, opening, settings = quick.draw_case(seed, size=12)
        arena, outcome = look_into(facts, opening, settings=settings)
        for members in _shown(arena, outcome):
            assert len(set(members)) == len(members)
            assert 2 <= len(members) <= settings.max_members
            places = (*facts.premises, *facts.communes)
            assert any(
                all(
                    np.hypot(facts.x_km[a] - place.x_km, facts.y_km[a] - place.y_km)
                    <= settings.radius_km + 1e-6
                    for a in members
                )
                for place in places
            )
            seen += 1
    assert seen > 50
