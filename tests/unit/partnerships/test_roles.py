"""Who can fill a role, how well and why, by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from toolkit.partnerships import gapless, roles, support_roles
from toolkit.partnerships.facts import facts_of, sectors_of_category
from toolkit.partnerships.roles import Call
from toolkit.settings import Settings

DOCTOR = "services.health.general_practitioner"
COLUMNS = ["resource_id", "actor_id", "category", "quantity", "unit", "basis"]


@pytest.fixture
def facts_with(worlds):
    """Facts of actors that all stand in the first commune, with what they offer or need."""

    def made(rows, *, resources=(), needs=(), matches=()):
        frame = pd.DataFrame(resources, columns=COLUMNS)
        wanted = pd.DataFrame(needs, columns=["need_id", *COLUMNS[1:]])
        here = {"x": 4, "y": 4, "family": "business", "commune_id": "99001"}
        placed = [here | row for row in rows]
        territory = worlds.territory(placed, resources=frame, needs=wanted)
        used = worlds.findings(matches=list(matches)) if matches else None
        return facts_of(territory, used, settings=Settings())

    return made


def _told(facts, fits):
    """Return actor, reason and suitability of fits."""
    return {facts.ids[fit.actor]: (fit.reason, round(fit.suitability, 6)) for fit in fits}


def test_who_could_run_a_doctors_practice(facts_with):
    facts = facts_with(
        [
            {"actor_id": "A-doctor"},
            {"actor_id": "B-centre"},
            {"actor_id": "C-pharmacy", "activity": "47.73Z"},
            {"actor_id": "D-registered", "activity": "86.21Z"},
            {"actor_id": "E-sector", "sectors": "health"},
        ],
        resources=[
            ("R1", "A-doctor", DOCTOR, 2.0, "person", "observed"),
            ("R2", "B-centre", "services.health.health_centre", 1.0, "unit", "recorded"),
            ("R3", "C-pharmacy", "services.health.pharmacy", 1.0, "unit", "observed"),
        ],
    )
    fits = roles.operators(facts, Call(DOCTOR, 4_000.0, "person"))
    assert _told(facts, fits) == {
        "A-doctor": ("operates_service", 1.0),
        "B-centre": ("operates_related_service", 0.72),  # 0.8, recorded: x 0.9
        "D-registered": ("has_trade", 0.8),
    }
    assert [fit.supply for fit in fits] == [1.0, 0.8, 0.8]


def test_a_neighbouring_trade_works_close_to_the_need(facts_with):
    facts = facts_with(
        [
            {"actor_id": "A-caterer", "activity": "56.29A"},
            {"actor_id": "B-inn", "activity": "56.10A"},
            {"actor_id": "C-campsite", "activity": "55.20Z"},
        ]
    )
    call = Call("services.education.school_canteen", 200.0, "person")
    assert _told(facts, roles.holders(facts, call)) == {
        "A-caterer": ("has_trade", 0.8),
        "B-inn": ("works_in_sector", 0.3),
    }


def test_a_sector_counts_only_where_no_activity_is_known(facts_with):
    facts = facts_with(
        [
            {"actor_id": "A", "sectors": "social_care"},
            {"actor_id": "B", "sectors": "social_care", "activity": "87.10A"},
            {"actor_id": "C", "sectors": "trade"},
        ]
    )
    call = Call("services.education.creche", 40.0, "place")
    assert _told(facts, roles.holders(facts, call)) == {"A": ("works_in_sector", 0.3)}


def test_a_thing_near_to_it_may_serve_unless_it_is_used_elsewhere(facts_with):
    pallets, crates = "materials.wood.pallets", "materials.wood.crates"
    facts = facts_with(
        [{"actor_id": name} for name in ("A", "B", "C", "D")],
        resources=[
            ("R1", "A", crates, 8.0, "unit", "observed"),
            ("R2", "B", crates, 8.0, "unit", "observed"),
            ("R3", "C", pallets, 5.0, "unit", "observed"),
            ("R4", "D", "materials.wood.sawdust", 5.0, "t", "observed"),
        ],
        matches=[
            {"resource_id": "R2", "need_id": "N", "quantity": 8.0, "unit": "unit"},
            {"resource_id": "R3", "need_id": "N", "quantity": 5.0, "unit": "unit"},
        ],
    )
    fits = roles.holders(facts, Call(pallets, 16.0, "unit"))
    assert _told(facts, fits) == {
        "A": ("holds_related_resource", 0.5),
        "C": ("holds_committed_resource", 0.5),
    }
    assert fits[0].supply == pytest.approx(0.25)  # half of 8 crates, of 16 pallets


def test_a_service_in_use_still_runs(facts_with):
    facts = facts_with(
        [{"actor_id": "A"}],
        resources=[("R1", "A", "services.health.home_care", 80.0, "person", "observed")],
        matches=[{"resource_id": "R1", "need_id": "N", "quantity": 80.0, "unit": "person"}],
    )
    fits = roles.operators(facts, Call("services.health.nurse", 500.0, "person"))
    assert _told(facts, fits) == {"A": ("operates_related_service", 0.4)}


def test_who_has_a_need_that_a_thing_could_answer(facts_with):
    # Manure can stand for compost; who wants manure is not served by green waste.
    facts = facts_with(
        [{"actor_id": "A"}, {"actor_id": "B"}],
        needs=[
            ("N1", "A", "materials.organic.compost", 10.0, "t", "observed"),
            ("N2", "B", "materials.organic.manure", 10.0, "t", "observed"),
        ],
    )
    call = Call("materials.organic.green_waste", 20.0, "t")
    fits = roles.users(facts, call)
    assert _told(facts, fits) == {"A": ("has_related_need", 0.4)}  # 0.5, medium priority: x 0.8
    assert fits[0].demand == pytest.approx(0.25)


def test_hosts_of_a_practice(facts_with):
    rows = [
        {"actor_id": "A-office"},
        {"actor_id": "B-hall"},
        {"actor_id": "C-warehouse"},
        {"actor_id": "D-town", "family": "public", "legal_form": "7210"},
        {"actor_id": "E-body", "family": "public"},
        {"actor_id": "F-school", "family": "public", "sectors": "education"},
        {"actor_id": "G-elsewhere", "commune_id": "99002"},
        {"actor_id": "H-let"},
    ]
    facts = facts_with(
        rows,
        resources=[
            ("R1", "A-office", "premises.office", 40.0, "m2", "observed"),
            ("R2", "B-hall", "premises.meeting_room", 12.0, "place", "observed"),
            ("R3", "C-warehouse", "premises.warehouse", 400.0, "m2", "observed"),
            ("R4", "G-elsewhere", "premises.office", 40.0, "m2", "observed"),
            ("R5", "H-let", "premises.office", 40.0, "m2", "observed"),
        ],
        matches=[{"resource_id": "R5", "need_id": "N", "quantity": 40.0, "unit": "m2"}],
    )
    fits = roles.hosts(facts, Call(DOCTOR, 800.0, "person"), people={"99001": 200.0})
    assert _told(facts, fits) == {
        "A-office": ("offers_suitable_premises", 1.0),
        "B-hall": ("offers_adaptable_premises", 0.3),
        "D-town": ("is_local_authority", 0.6),
        "E-body": ("is_public_body", 0.42),  # 0.6 x 0.7: what it is in charge of is not known
    }
    assert {fit.demand for fit in fits} == {0.25}


def test_ess_partners_of_a_service_could_run_it(facts_with):
    rows = [
        {"actor_id": "A-grocer", "family": "ess", "sectors": "trade", "activity": "47.29Z"},
        {"actor_id": "B-reuse", "family": "ess", "sectors": "trade", "activity": "47.79Z"},
        {"actor_id": "C-place", "family": "ess", "roles": "facilitator"},
    ]
    resources = [("R1", "A-grocer", "services.daily_life.bulk_store", 1.0, "unit", "observed")]
    facts = facts_with(rows, resources=resources)
    call = Call("services.daily_life.grocery", 100.0, "person", sectors=frozenset({"trade"}))
    assert set(_told(facts, roles.ess_partners(facts, call))) == {"A-grocer", "C-place"}
    thing = Call("materials.paper.cardboard", 10.0, "t", sectors=frozenset({"trade"}))
    assert set(_told(facts, roles.ess_partners(facts, thing))) == {
        "A-grocer", "B-reuse", "C-place",
    }  # fmt: skip


def test_a_school_does_research_in_no_field_by_being_a_school(facts_with):
    rows = [
        {"actor_id": "A-school", "family": "research", "sectors": "education"},
        {"actor_id": "B-lab", "family": "research", "sectors": "research|energy"},
        {"actor_id": "C-teller", "family": "research", "sectors": "education"},
    ]
    offers = [("R1", "C-teller", "knowledge.training_course", 20.0, "person", "observed")]
    facts = facts_with(rows, resources=offers)
    sectors = frozenset({"education", "energy", "research"})
    assert _told(facts, support_roles.researchers(facts, sectors)) == {
        "A-school": ("does_research", 0.3),
        "B-lab": ("does_research_in_sector", 1.0),
        "C-teller": ("offers_knowledge", 0.4),
    }
    only = support_roles.researchers(facts, sectors, in_field=True)
    assert _told(facts, only) == {"B-lab": ("does_research_in_sector", 1.0)}


def test_a_general_school_neither_does_research_nor_trains_for_others(facts_with):
    family = {"family": "research", "sectors": "education"}
    facts = facts_with(
        [
            family | {"actor_id": "A-general"},
            family | {"actor_id": "B-technical"},
            family | {"actor_id": "C-registered", "activity": "85.31Z"},
            family | {"actor_id": "D-both", "activity": "85.31Z", "other_activities": "85.59A"},
        ],
        resources=[
            ("R1", "A-general", "services.education.lower_secondary", 400.0, "place", "recorded"),
            ("R2", "B-technical", "services.education.upper_secondary", 300.0, "place", "recorded"),
        ],
    )
    found = _told(facts, support_roles.researchers(facts, frozenset({"energy"})))
    assert found == dict.fromkeys(("B-technical", "D-both"), ("does_research", 0.3))


def test_carriers_carry_goods(facts_with):
    facts = facts_with(
        [{"actor_id": name} for name in ("A", "B", "C")],
        resources=[
            ("R1", "A", "logistics.return_trips", 900.0, "km", "observed"),
            ("R2", "B", "logistics.minibus", 20.0, "day", "observed"),
            ("R3", "C", "logistics.employee_travel", 20.0, "person", "observed"),
            ("R4", "C", "logistics.waste_collection", 20.0, "t", "observed"),
            ("R5", "B", "logistics.reverse", 20.0, "unit", "observed"),
        ],
    )
    for category, who in (
        ("materials.construction.aggregates", "AC"),
        ("materials.organic.unsold_food", "A"),  # people shall still eat it
        ("materials.glass.bottles", "ABC"),
        ("materials.organic", "AC"),  # a branch: some of it
    ):
        fits = support_roles.carriers(facts, category)
        assert _told(facts, fits) == dict.fromkeys(who, ("offers_transport", 1.0)), category


def test_all_that_an_actor_does_counts(facts_with):
    facts = facts_with(
        [
            {"actor_id": "A-shop", "activity": "47.11B", "other_activities": "86.21Z"},
            {"actor_id": "B-town", "family": "public", "activity": "36.00Z",
             "other_activities": "84.11Z", "legal_form": "7210"},
            {"actor_id": "C-shop", "activity": "47.11B"},
        ]
    )  # fmt: skip
    doctor = roles.operators(facts, Call(DOCTOR, 4_000.0, "person"))
    assert _told(facts, doctor) == {"A-shop": ("has_trade", 0.8)}
    assert roles.is_authority(facts, facts.index["B-town"])
    call = Call("", 3.0, "")
    assert _told(facts, roles.founders(facts, call, activity="86.21", related={})) == {
        "A-shop": ("has_missing_activity", 0.8)
    }
    # Of one group of the NAF: a neighbouring trade.
    assert _told(facts, roles.founders(facts, call, activity="86.22Z", related={})) == {
        "A-shop": ("works_in_sector", 0.5)
    }


def test_who_runs_a_service_or_lends_toys_is_no_town_hall(facts_with):
    names = ("A-library", "B-toys", "C-hall", "D-nothing", "E-both")
    facts = facts_with(
        [{"actor_id": name, "family": "public"} for name in names],
        resources=[
            ("R1", "A-library", "services.culture_sport.library", 1.0, "unit", "observed"),
            ("R2", "B-toys", "materials.goods.toys", 1.0, "unit", "observed"),
            ("R3", "C-hall", "premises.event_hall", 90.0, "place", "observed"),
            ("R4", "E-both", "premises.event_hall", 90.0, "place", "observed"),
            ("R5", "E-both", "services.culture_sport.library", 1.0, "unit", "observed"),
        ],
    )
    found = roles.authorities(facts, frozenset({"99001"}))
    assert set(_told(facts, found)) == {"C-hall", "D-nothing", "E-both"}


def test_a_point_of_services_with_the_form_of_an_authority_is_to_be_checked(facts_with):
    town = {"family": "public", "activity": "84.11Z", "legal_form": "7210"}
    facts = facts_with(
        [town | {"actor_id": "A-town"}, town | {"actor_id": "B-desk"}],
        resources=[("R1", "B-desk", roles.DESK, 1.0, "unit", "recorded")],
    )
    assert _told(facts, roles.authorities(facts, frozenset({"99001"}))) == {
        "A-town": ("is_local_authority", 1.0),
        "B-desk": ("is_public_body", 0.5),
    }


def test_sectors_of_a_branch_are_those_of_its_leaves():
    assert sectors_of_category("materials.wood.treated") == {"construction", "water_waste"}
    assert sectors_of_category("materials.paper") == (
        sectors_of_category("materials.paper.cardboard")
        | sectors_of_category("materials.paper.office_paper")
        | sectors_of_category("materials.paper.printing_offcuts")
    )
    assert sectors_of_category("materials") == frozenset()
    assert sectors_of_category("unheard.of") == frozenset()


def test_goods_are_mended_not_made_into_others(facts_with):
    facts = facts_with(
        [{"actor_id": name} for name in ("A-joiner", "B-toys", "C-scrap", "D-taker")],
        resources=[
            ("R1", "A-joiner", "materials.goods.furniture", 9.0, "unit", "observed"),
            ("R2", "B-toys", "materials.goods.toys", 9.0, "unit", "observed"),
            ("R3", "C-scrap", "materials.metal.turnings", 9.0, "t", "observed"),
        ],
        needs=[
            ("N1", "A-joiner", "materials.goods.furniture", 9.0, "unit", "observed"),
            ("N2", "B-toys", "materials.goods.furniture", 9.0, "unit", "observed"),
            ("N3", "C-scrap", "materials.metal.steel", 9.0, "t", "observed"),
            ("N4", "D-taker", "materials.metal.steel", 9.0, "t", "observed"),
        ],
    )
    for category, who in (
        ("materials.goods.furniture", "A-joiner"),
        ("materials.metal.steel", "C-scrap"),
    ):
        found = support_roles.transformers(facts, Call(category, 9.0, ""))
        assert _told(facts, found) == {who: ("can_transform", 0.8)}


def test_neighbours_do_not_pool_the_money_that_they_compete_for(facts_with):
    rows = [{"actor_id": name} for name in "ABC"]
    needs = [
        (f"N{name}{rank}", name, category, 1.0, "", "observed")
        for name in "ABC"
        for rank, category in enumerate(("finance.grant", "finance.insurance"))
    ]
    facts = facts_with(rows, needs=[(*need[:3], None, None, need[5]) for need in needs])
    found = {one.opening_id for one in gapless.find(facts, isolated=frozenset())}
    assert found == {"pooling:finance.insurance"}
