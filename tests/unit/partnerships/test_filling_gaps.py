"""Who is called to close a broken chain, and to found a missing activity: by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from toolkit import vocabulary as v
from toolkit.background import Background
from toolkit.diagnosis import diagnose
from toolkit.settings import Settings

TIMBER = "materials.wood.timber"
BEAMS = "materials.wood.construction"
SETTINGS = Settings(detour_factor=1.0, radius_km=60.0, partnership_types=("multi_actor", "ptce"))


def stage(stage_id: str, order: int, *, offers: str = "", needs: str = "") -> dict[str, object]:
    return {
        "chain_id": "wood", "order": order, "stage_id": stage_id, "optional": False,
        "min_actors": 1, "radius_km": 50.0, "offers": offers, "needs": needs,
        "pillars": "", "sectors": "", "source": "expert",
    }  # fmt: skip


def chain(**stands: str) -> Background:
    stages = [
        stage("forest", 1, offers=TIMBER),
        stage("sawmill", 2, needs=TIMBER, offers=BEAMS),
        stage("builders", 3, needs=BEAMS),
    ]
    places = [
        {"actor_id": actor, "chain_id": "wood", "stage_id": name, "told_by": "activity"}
        for name, actors in stands.items()
        for actor in actors.split()
    ]
    return Background(
        stages=pd.DataFrame(stages, columns=list(v.STAGE_COLUMNS)),
        places=pd.DataFrame(places, columns=list(v.STAGE_PLACE_COLUMNS), dtype="str"),
    )


def members(diagnosis, kind: str) -> pd.DataFrame:
    """Return the members of the first candidate of the openings of a kind."""
    proposals = diagnosis.proposals
    named = proposals.openings.set_index("opening_id")["kind"]
    own = proposals.partnerships[proposals.partnerships["opening_id"].map(named) == kind]
    roles = proposals.roles
    return roles[roles["candidate_id"] == own["candidate_id"].iloc[0]].set_index("role")


ROWS = {
    "R1": ("A2", TIMBER),
    "R2": ("A5", BEAMS),
    "R3": ("A6", TIMBER),
}


@pytest.fixture
def wood(tiny_territory):
    """A forest owner (A2), a builder (A1), who has beams (A5), and who has but timber (A6)."""
    resources = pd.DataFrame(
        {
            "resource_id": list(ROWS),
            "actor_id": [actor for actor, _ in ROWS.values()],
            "category": [category for _, category in ROWS.values()],
            "quantity": 10.0,
            "unit": ["m3" if category == TIMBER else "t" for _, category in ROWS.values()],
            "period": "year",
            "available": "surplus",
            "basis": "observed",
        }
    )
    return tiny_territory.replace(resources=resources)


def closing(diagnosis) -> dict[str, tuple[str, float]]:
    """Return who could close the chain, why and how well."""
    facts = diagnosis.proposals.facts
    call = next(one for one in diagnosis.proposals.calls if one.kind == v.BROKEN_CHAIN)
    fits = next(slot.fits for slot in call.slots if slot.role == "operator")
    return {facts.ids[fit.actor]: (fit.reason, round(fit.suitability, 6)) for fit in fits}


def test_a_broken_chain_calls_both_sides_and_who_could_close_it(wood):
    background = chain(forest="A2", builders="A1")
    diagnosis = diagnose(wood, settings=SETTINGS, background=background)
    held = members(diagnosis, v.BROKEN_CHAIN)
    assert held.loc["upstream", ["actor_id", "reason", "fact_id"]].tolist() == [
        "A2",
        "waits_upstream",
        "R1",
    ]
    assert held.loc["downstream", ["actor_id", "reason"]].tolist() == ["A1", "waits_downstream"]
    assert held.loc["operator", ["actor_id", "reason", "fact_id"]].tolist() == [
        "A5",
        "holds_resource",
        "R2",
    ]
    # Who has beams may have bought them: half suits, and half is covered.
    row = diagnosis.partnerships.set_index("opening_id").loc[["broken_chain:wood:sawmill"]]
    assert row["coverage"].iloc[0] == pytest.approx(0.5)


def test_to_close_a_chain_is_to_do_what_the_stage_does(wood):
    background = chain(forest="A2", builders="A1")
    told = closing(diagnose(wood, settings=SETTINGS, background=background))
    # Timber is what the stage takes in: who has it (A2, A6) stands before it.
    assert "A6" not in told
    assert told["A5"] == ("holds_resource", 0.5)
    needs = pd.DataFrame(
        {"need_id": ["N9"], "actor_id": ["A5"], "category": TIMBER, "basis": "observed"}
    )
    both = wood.replace(needs=needs)
    told = closing(diagnose(both, settings=SETTINGS, background=background))
    assert told["A5"] == ("could_hold_stage", 0.8)


def test_who_waits_may_close_it_itself_where_nobody_else_can(tiny_territory):
    background = chain(forest="A2 A5", builders="A1")
    held = members(
        diagnose(tiny_territory, settings=SETTINGS, background=background), v.BROKEN_CHAIN
    )
    assert held.loc["operator", "reason"] == "could_extend_to_stage"
    assert len(set(held["actor_id"])) == len(held)


def panel(*, own: dict[str, int], usual: dict[str, int]) -> Background:
    """Return a panel of twelve like territories: this one, ``own``, and others, ``usual``.

    In every second of the others, 95.29Z and 38.32Z are both a fifth more.
    """
    pair = {"95.29Z", "38.32Z"}
    rows = []
    for number, name in enumerate(["HERE", *(f"T{rank:02}" for rank in range(11))]):
        for activity, count in (usual if number else own).items():
            more = 1.2 if number % 2 and activity in pair else 1.0
            figures = 4_500.0, 15.0, 21_000.0
            rows.append((name, name, "CC", *figures, "naf_rev2", activity, more * count))
    return Background(panel=pd.DataFrame(rows, columns=list(v.PANEL_COLUMNS)), own_id="HERE")


def test_a_missing_activity_calls_those_whose_trade_is_near(tiny_territory):
    background = panel(
        own={"95.29Z": 0, "38.32Z": 9, "16.10A": 5, "47.11B": 20},
        usual={"95.29Z": 16, "38.32Z": 8, "16.10A": 5, "47.11B": 20},
    )
    diagnosis = diagnose(tiny_territory, settings=SETTINGS, background=background)
    related = diagnosis.findings.detail("related")
    near = dict(zip(related["related"], related["proximity"], strict=True))
    held = members(diagnosis, v.MISSING_ACTIVITY)
    operators = held.loc[["operator"]]
    assert set(operators["reason"]) == {"has_related_activity"}
    activities = tiny_territory.actors.set_index("actor_id")["activity"]
    assert set(operators["actor_id"].map(activities)) <= set(near)


def test_who_has_the_activity_already_suits_best(tiny_territory):
    actors = tiny_territory.actors
    actors = actors.assign(activity=actors["activity"].where(actors["actor_id"] != "A6", "95.29Z"))
    background = panel(
        own={"95.29Z": 1, "38.32Z": 9, "16.10A": 5, "47.11B": 20},
        usual={"95.29Z": 16, "38.32Z": 8, "16.10A": 5, "47.11B": 20},
    )
    diagnosis = diagnose(
        tiny_territory.replace(actors=actors), settings=SETTINGS, background=background
    )
    facts = diagnosis.proposals.facts
    call = next(one for one in diagnosis.proposals.calls if one.kind == v.MISSING_ACTIVITY)
    able = next(slot.fits for slot in call.slots if slot.role == "operator")
    best = max(able, key=lambda fit: fit.suitability)
    assert (facts.ids[best.actor], best.reason) == ("A6", "has_missing_activity")
    # One more establishment is one of those that lack, as far as it suits.
    assert best.demand == pytest.approx(best.suitability / call.shortfall)


def test_a_point_of_public_services_is_no_authority(tiny_territory):
    actors = pd.concat(
        [
            tiny_territory.actors,
            tiny_territory.actors[tiny_territory.actors["actor_id"] == "A3"].assign(
                actor_id="FS", name="France Services", activity=None, legal_form=None,
                siren=None, siret=None, sectors="public_services",
            ),
        ],
        ignore_index=True,
    )  # fmt: skip
    desk = pd.DataFrame(
        {
            "resource_id": ["RD"],
            "actor_id": ["FS"],
            "category": "services.daily_life.public_service_point",
            "basis": "recorded",
        }
    )
    background = chain(forest="A2", builders="A1 A5")

    def authorities(territory) -> set[str]:
        roles = diagnose(territory, settings=SETTINGS, background=background).proposals.roles
        return set(roles.loc[roles["role"] == "authority", "actor_id"])

    with_desk = tiny_territory.replace(actors=actors)
    assert "FS" in authorities(with_desk)
    assert authorities(with_desk.replace(resources=desk)) == {"A3"}


def test_who_pays_outside_is_called_as_the_one_who_buys_there(tiny_territory):
    flows = pd.DataFrame(
        {
            "flow_id": ["F1"],
            "nature": "money",
            "origin": ["A3"],
            "destination": ["outside"],
            "category": "services.education.school_canteen",
            "quantity": [9_000.0],
            "unit": "EUR",
            "year": [2025],
            "basis": "recorded",
        }
    )
    meals = pd.DataFrame(
        {
            "resource_id": ["R1"],
            "actor_id": ["A6"],
            "category": "services.education.school_canteen",
            "basis": "observed",
        }
    )
    territory = tiny_territory.replace(flows=flows, resources=meals)
    proposals = diagnose(territory, settings=SETTINGS).proposals
    call = next(one for one in proposals.calls if one.kind == v.LEAK)
    able = {
        slot.role: [(proposals.facts.ids[fit.actor], fit.reason) for fit in slot.fits]
        for slot in call.slots
    }
    assert able["user"] == [("A3", "buys_outside")]
    assert able["holder"] == [("A6", "operates_service")]
