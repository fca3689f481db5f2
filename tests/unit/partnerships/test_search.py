"""The search against plain enumeration, its certificate, and the order of ties."""

from __future__ import annotations

import numpy as np
import pytest

from toolkit.partnerships.arena import arena_of
from toolkit.partnerships.proposals import look_into
from toolkit.partnerships.search import search

SEEDS = 20


def _sets(arena, groups):
    return [tuple(int(arena.actors[place]) for place in group.members) for group in groups]


@pytest.mark.parametrize("block", range(6))
def test_search_equals_enumeration(worlds, oracle, block):
    found = 0
    for seed in range(block * SEEDS, (block + 1) * SEEDS):
        facts, opening, settings = worlds.random_case(seed, size=8)
        truth = oracle.best_groups(facts, opening, settings)[: settings.per_opening]
        arena, outcome = look_into(facts, opening, settings=settings)
        assert _sets(arena, outcome.groups) == [members for _, members in truth], seed
        scores = [group.score for group in outcome.groups]
        assert scores == pytest.approx([score for score, _ in truth], abs=1e-12)
        assert all(outcome.gap_pct(group) == 0 for group in outcome.groups)
        found += bool(truth)
    assert found > SEEDS // 3


def test_criteria_equal_the_plain_formulas(worlds, oracle):
    facts, opening, settings = worlds.random_case(4, size=8)
    arena, outcome = look_into(facts, opening, settings=settings)
    assert outcome.groups
    for group in outcome.groups:
        cast = tuple(arena.fits[seat] for seat in group.seats)
        assert group.marks == pytest.approx(oracle.criteria(facts, opening, cast, settings))


def test_search_for_an_actor_equals_enumeration(worlds, oracle):
    held = 0
    for seed in range(40):
        facts, opening, settings = worlds.random_case(seed, size=7)
        for actor in range(0, 7, 3):
            truth = oracle.best_groups(facts, opening, settings, forced=actor)[:1]
            arena, outcome = look_into(facts, opening, settings=settings, forced=[actor], size=1)
            assert _sets(arena, outcome.groups) == [members for _, members in truth]
            held += bool(truth)
    assert held > 20


@pytest.mark.parametrize("limits", [{"budget": 1}, {"cap": 2}, {"budget": 3, "cap": 1}])
def test_certificate_holds_when_the_search_is_cut_short(worlds, oracle, limits):
    cut = 0
    for seed in range(60):
        facts, opening, settings = worlds.random_case(seed, size=9)
        truth = oracle.best_groups(facts, opening, settings)
        outcome = search(
            arena_of(facts, opening, settings=settings), size=settings.per_opening, **limits
        )
        shown = {round(group.score, 9) for group in outcome.groups}
        for group in outcome.groups:
            left_out = max((s for s, _ in truth if round(s, 9) not in shown), default=0.0)
            assert left_out <= group.score * (1 + outcome.gap_pct(group) / 100) + 1e-9
            cut += outcome.gap_pct(group) > 0
    assert cut > 0


def test_a_cap_that_cannot_matter_leaves_the_proof_whole(worlds):
    rows = [
        {"actor_id": f"E{rank}", "family": "ess", "x": 1.0, "y": 1.0, "jobs": 60 if rank < 3 else 0}
        for rank in range(9)
    ] + [{"actor_id": "B", "family": "business", "x": 1.0, "y": 1.0}]
    facts, opening, settings = _pair(worlds, rows)
    outcome = search(arena_of(facts, opening, settings=settings), size=1, cap=4)
    assert [outcome.gap_pct(group) for group in outcome.groups] == [0.0]


def _pair(worlds, rows):
    """One ESS holder and the only company as user."""
    from toolkit.partnerships.calls import Opening, slots_of
    from toolkit.partnerships.facts import facts_of
    from toolkit.partnerships.roles import of_actor
    from toolkit.settings import Settings

    settings = Settings(radius_km=10)
    facts = facts_of(worlds.territory(rows), None, settings=settings)
    fits = [of_actor(facts, a, suitability=0.5, reason="x") for a in range(len(facts.ids))]
    user, holders = fits[0], tuple(fits[1:])
    slots = slots_of(("holder", True, holders), ("user", True, (user,)))
    made = ("answer_needs",), 0.5, 1.0, 1.0, "t", slots, False
    return facts, Opening("o", "unmet_need", ("o",), "", *made), settings


def test_equal_groups_come_in_the_order_of_their_ids(worlds):
    rows = [
        {"actor_id": f"E{rank:02d}", "family": "ess", "x": 1.0, "y": 1.0} for rank in range(40)
    ] + [{"actor_id": "B", "family": "business", "x": 1.0, "y": 1.0}]
    facts, opening, settings = _pair(worlds, rows)
    arena, outcome = look_into(facts, opening, settings=settings)
    named = [[facts.ids[actor] for actor in members] for members in _sets(arena, outcome.groups)]
    assert named == [["B", "E00"], ["B", "E01"], ["B", "E02"]]
    assert len({group.score for group in outcome.groups}) == 1


def test_members_farther_than_the_radius_from_every_place_are_no_group(worlds):
    rows = [
        {"actor_id": "B", "family": "business", "x": 0.0, "y": 5.0},
        {"actor_id": "E", "family": "ess", "x": 31.0, "y": 5.0},
    ]
    facts, opening, settings = _pair(worlds, rows)
    assert not look_into(facts, opening, settings=settings)[1].groups
    wide = settings.with_changes(radius_km=25.0)
    assert np.isclose(facts.x_km[1] - facts.x_km[0], 31 * 1.3, rtol=1e-3)
    assert look_into(facts, opening, settings=wide)[1].groups
