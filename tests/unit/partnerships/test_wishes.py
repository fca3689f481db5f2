"""What the officer wishes of all candidates, and what is said where nothing is left."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from toolkit import partnerships
from toolkit import vocabulary as v
from toolkit.errors import SettingsError, UsageError
from toolkit.language import LANGUAGES, has_text
from toolkit.partnerships import Empty, Wishes
from toolkit.partnerships.emptiness import why_empty
from toolkit.partnerships.search import look_into
from toolkit.settings import Settings

PALLETS = "materials.wood.pallets"
GAP = f"unmet_need:{PALLETS}"
ROWS = [
    {"actor_id": "ess", "family": "ess", "x": 4, "y": 4, "sectors": "trade"},
    {"actor_id": "firm", "family": "business", "x": 5, "y": 4, "sectors": "trade"},
    {"actor_id": "firm2", "family": "business", "x": 6, "y": 4, "sectors": "trade"},
    {"actor_id": "hidden", "family": "business", "x": 6, "y": 4, "natural_person": True,
     "diffusible": False},
    {"actor_id": "idle", "family": "civil", "x": 5, "y": 6},
    {"actor_id": "town", "family": "public", "x": 5, "y": 5, "legal_form": "7210"},
]  # fmt: skip
COLUMNS = ["actor_id", "category", "quantity", "unit"]
HOLDERS = [("R1", "firm", PALLETS, 6.0, "unit"), ("R2", "firm2", PALLETS, 9.0, "unit")]


@pytest.fixture
def proposed(worlds):
    """Proposals for one need of pallets, with changes of rows, settings and wishes."""

    def make(rows=ROWS, *, holders=HOLDERS, gaps=True, wishes=None, **changes):
        territory = worlds.territory(
            rows,
            resources=pd.DataFrame(holders, columns=["resource_id", *COLUMNS]),
            needs=pd.DataFrame(
                [("N1", "ess", PALLETS, 10.0, "unit")], columns=["need_id", *COLUMNS]
            ),
        )
        found = worlds.findings(
            [worlds.gap(GAP, unit="unit")] if gaps else [], [worlds.proof(GAP, "need", "N1")]
        )
        settings = Settings(**{"radius_km": 15, **changes})
        return territory, partnerships.propose(territory, found, settings=settings, wishes=wishes)

    return make


def _members(proposals):
    return [set(v.split_list(cell)) for cell in proposals.partnerships["member_ids"]]


def test_without_wishes_nothing_changes(proposed):
    _, plain = proposed()
    _, same = proposed(wishes=Wishes())
    pd.testing.assert_frame_equal(plain.partnerships, same.partnerships)
    assert plain.empty == ()


def test_imposed_actors_are_in_every_candidate(proposed):
    _, plain = proposed()
    assert not all({"firm", "town"} <= held for held in _members(plain))
    _, proposals = proposed(wishes=Wishes(must=["firm", "town"]))
    assert len(proposals.partnerships) > 0
    assert all({"firm", "town"} <= held for held in _members(proposals))
    assert set(proposals.partnerships["certificate"]) == {"optimal"}


def test_excluded_actors_are_in_none(proposed):
    territory, proposals = proposed(wishes=Wishes(without=["firm2"]))
    assert _members(proposals)
    assert not any("firm2" in held for held in _members(proposals))
    told = partnerships.why_not(
        proposals, GAP, actor_id="firm2", territory=territory, settings=proposals.settings
    )
    assert told.rule == "without"


def test_why_not_keeps_to_the_imposed_actors(proposed):
    territory, proposals = proposed(wishes=Wishes(must=["firm"]), max_members=2)
    told = partnerships.why_not(
        proposals, GAP, actor_id="firm2", territory=territory, settings=proposals.settings
    )
    assert told.rule == "must"
    for lang in LANGUAGES:
        assert has_text(f"partnership.why_not.{told.rule}", lang=lang)


def test_types_of_the_wishes_take_the_place_of_those_of_the_settings(proposed):
    rule = {"pair": {"least": {"ess": 1, "business": 1}, "most": {"public": 0}}}
    _, proposals = proposed(wishes=Wishes(types=["pair"]), composition_rules=rule)
    assert set(proposals.partnerships["type"]) == {"pair"}
    assert not any("town" in held for held in _members(proposals))
    assert proposals.settings.partnership_types == ("pair",)
    with pytest.raises(SettingsError):
        proposed(wishes=Wishes(types=["no such type"]))


def test_any_composition_is_named_after_what_it_is(proposed):
    rows = [{**row, "family": "business"} if row["actor_id"] == "ess" else row for row in ROWS]
    _, none = proposed(rows, partnership_types=("ess_ess", "ess_business"))
    assert [one.rule for one in none.empty] == ["type_rule"]
    assert none.empty[0].families == ("ess",)
    assert none.empty[0].gives == ("partnership_types",)
    _, proposals = proposed(rows, wishes=Wishes(types=["any"]))
    assert set(proposals.partnerships["type"]) == {"any"}


def test_names_that_do_not_exist_are_told_at_once(proposed):
    with pytest.raises(UsageError) as error:
        proposed(wishes=Wishes(must=["x"], without=["y"]))
    assert [problem.found for problem in error.value.problem_list] == ["x", "y"]


@pytest.mark.parametrize(
    "case, rule, gives",
    [
        ({"gaps": False, "holders": []}, "no_opening", ("data",)),
        ({"holders": []}, "nobody_for_role", ("data",)),
        ({"wishes": Wishes(without=["firm", "firm2"])}, "without", ("without",)),
        ({"partnership_types": ("ess_ess",)}, "type_rule", ("partnership_types",)),
        ({"wishes": Wishes(must=["hidden"])}, "not_diffusible", ("must", "data")),
        ({"wishes": Wishes(must=["idle"])}, "no_role", ("must", "data")),
        ({"wishes": Wishes(must=["firm", "firm2"])}, "must", ("must",)),
        ({"wishes": Wishes(must=["firm"], without=["firm"])}, "without", ("without",)),
    ],
)
def test_an_empty_answer_names_the_rule(proposed, case, rule, gives):
    _, proposals = proposed(**case)
    assert proposals.partnerships.empty
    (told,) = proposals.empty
    assert (told.rule, told.gives) == (rule, gives)


def test_roles_that_nobody_fills_are_named(proposed):
    _, proposals = proposed(holders=[])
    assert proposals.empty == (Empty(GAP, "nobody_for_role", role="holder", gives=("data",)),)
    _, proposals = proposed(wishes=Wishes(without=["firm", "firm2"]))
    (told,) = proposals.empty
    assert (told.role, told.actor_ids) == ("holder", ("firm", "firm2"))


def test_too_small_a_radius_says_which_would_do(proposed):
    rows = [{**row, "x": 29} if row["actor_id"] in {"firm", "firm2"} else row for row in ROWS]
    _, proposals = proposed(rows, radius_km=3.0)
    (told,) = proposals.empty
    assert (told.rule, told.gives) == ("too_far", ("radius_km",))
    _, wide = proposed(rows, radius_km=told.value)
    assert len(wide.partnerships) > 0
    _, narrow = proposed(rows, radius_km=told.value - 0.2)
    assert narrow.partnerships.empty


def test_several_imposed_actors_equal_enumeration(quick):
    held = 0
    for seed in range(120):
        facts, opening, settings = quick.draw_case(seed)
        must = tuple(sorted(np.random.default_rng(seed).choice(9, 3, replace=False).tolist()))
        truth = quick.best_groups(facts, opening, settings, must=must)[: settings.per_opening]
        arena, outcome = look_into(facts, opening, settings=settings, forced=must)
        shown = [
            tuple(int(arena.actors[place]) for place in group.members) for group in outcome.groups
        ]
        assert shown == [members for _, members in truth], seed
        held += bool(truth)
    assert held > 5


def test_the_rule_told_is_the_one_that_gives(quick):
    seen: dict[str, int] = {}
    for seed in range(400):
        facts, opening, settings = quick.draw_case(seed, size=5, share=0.5)
        if look_into(facts, opening, settings=settings)[1].groups:
            continue
        told = why_empty(facts, opening, settings=settings)
        seen[told.rule] = seen.get(told.rule, 0) + 1
        changes = {
            "radius_km": told.value,
            "partnership_types": (v.ANY_TYPE,),
            "max_members": int(told.value) if told.rule == "max_members" else 2,
        }
        if told.gives != ("data",) and told.rule != "max_members":
            changed = settings.with_changes(**{name: changes[name] for name in told.gives})
            assert look_into(facts, opening, settings=changed)[1].groups, seed
    assert {"nobody_for_role", "type_rule", "too_far"} <= set(seen)
