"""From gaps to proposals, on territories made by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from toolkit import partnerships, units
from toolkit import vocabulary as v
from toolkit.errors import UsageError
from toolkit.language import has_text
from toolkit.partnerships import gapless
from toolkit.partnerships.facts import facts_of
from toolkit.partnerships.roles import HELD_REASONS
from toolkit.settings import Settings

PALLETS = "materials.wood.pallets"
GAP = f"unmet_need:{PALLETS}"
ROWS = [
    {"actor_id": "A-ess", "family": "ess", "x": 4, "y": 4, "sectors": "trade", "jobs": 12},
    {"actor_id": "B-firm", "family": "business", "x": 5, "y": 4, "sectors": "forestry_wood"},
    {"actor_id": "C-town", "family": "public", "x": 5, "y": 5, "legal_form": "7210"},
    {"actor_id": "D-lab", "family": "research", "x": 12, "y": 5, "commune_id": "99002"},
    {"actor_id": "E-far", "family": "business", "x": 39, "y": 9, "commune_id": "99004"},
    {
        "actor_id": "F-person",
        "family": "business",
        "x": 4,
        "y": 4,
        "natural_person": True,
        "diffusible": False,
    },
    {"actor_id": "G-other", "family": "business", "x": 4, "y": 5, "sectors": "energy"},
]
RESOURCES = pd.DataFrame(
    [
        ("R1", "B-firm", PALLETS, 6.0, "unit", "observed"),
        ("R2", "E-far", PALLETS, 9.0, "unit", "observed"),
        ("R3", "F-person", PALLETS, 9.0, "unit", "observed"),
        ("R4", "C-town", "premises.meeting_room", 1.0, "unit", "estimated"),
    ],
    columns=["resource_id", "actor_id", "category", "quantity", "unit", "basis"],
)
NEEDS = pd.DataFrame(
    [("N1", "A-ess", PALLETS, 10.0, "unit")],
    columns=["need_id", "actor_id", "category", "quantity", "unit"],
)


@pytest.fixture
def made(worlds):
    territory = worlds.territory(ROWS, resources=RESOURCES, needs=NEEDS)
    found = worlds.findings([worlds.gap(GAP, unit="unit")], [worlds.proof(GAP, "need", "N1")])
    settings = Settings(radius_km=15)
    return territory, partnerships.propose(territory, found, settings=settings), settings


def test_frames_have_the_columns_of_the_vocabulary(made):
    _, proposals, _ = made
    assert tuple(proposals.openings.columns) == v.OPENING_COLUMNS
    assert tuple(proposals.partnerships.columns) == v.PARTNERSHIP_COLUMNS
    assert tuple(proposals.roles.columns) == v.ROLE_COLUMNS
    empty = partnerships.no_proposals()
    for name in ("openings", "partnerships", "roles", "practices", "ties"):
        left, right = getattr(empty, name), getattr(proposals, name)
        assert left.dtypes.to_dict() == right.dtypes.to_dict()
        assert left.empty


def test_the_best_candidate_joins_who_holds_who_needs_and_who_supports(made):
    _, proposals, _ = made
    best = proposals.partnerships.iloc[0]
    assert best["type"] == "ptce"
    assert set(v.split_list(best["member_ids"])) >= {"A-ess", "B-firm", "C-town"}
    assert best["coverage"] == pytest.approx(0.6)
    assert best["certificate"] == "optimal"
    assert best["meeting_place_id"] == "C-town"
    assert best["selected"]
    roles = proposals.roles.loc[proposals.roles["candidate_id"] == best["candidate_id"]]
    seats = roles.set_index("actor_id")
    assert seats.loc["B-firm", ["role", "reason", "fact_id"]].tolist() == [
        "holder",
        "holds_resource",
        "R1",
    ]
    assert seats.loc["A-ess", ["role", "reason", "fact_id"]].tolist() == ["user", "has_need", "N1"]
    assert seats.loc["C-town", "reason"] == "is_local_authority"
    # Supply 0.6 and demand 1: without either nothing is covered, so each brings half.
    assert seats["share"].sum() == pytest.approx(1)
    assert seats.loc["B-firm", "share"] == pytest.approx(0.5)


def test_who_may_not_be_named_is_never_proposed(made):
    _, proposals, _ = made
    assert not proposals.roles["actor_id"].eq("F-person").any()


def test_ids_do_not_depend_on_the_order_of_rows(worlds, made):
    _, proposals, settings = made
    territory = worlds.territory(ROWS[::-1], resources=RESOURCES[::-1], needs=NEEDS)
    found = worlds.findings([worlds.gap(GAP, unit="unit")], [worlds.proof(GAP, "need", "N1")])
    again = partnerships.propose(territory, found, settings=settings)
    pd.testing.assert_frame_equal(proposals.partnerships, again.partnerships)
    pd.testing.assert_frame_equal(proposals.roles, again.roles)


def test_explanation_repeats_the_rows_and_adds_what_to_do(made):
    territory, proposals, _ = made
    best = proposals.partnerships.iloc[0]
    told = partnerships.explain(proposals, best["candidate_id"], territory=territory)
    assert told.score == pytest.approx(sum(one.value * one.weight for one in told.criteria))
    assert told.covered == pytest.approx(6.0)
    assert told.unit == "unit"
    assert told.meeting_resource_id == "R4"
    assert told.longest_trip_km == max(member.trip_km for member in told.members)
    assert not told.broker_id
    codes = [question.code for question in told.questions]
    assert codes[0] == "who_can_introduce"
    assert {"is_room_free", "who_could_complete"} <= set(codes)


def test_explaining_the_unknown_is_refused(made):
    territory, proposals, settings = made
    with pytest.raises(UsageError, match="P-nothing"):
        partnerships.explain(proposals, "P-nothing", territory=territory)
    with pytest.raises(UsageError, match="nowhere"):
        partnerships.why_not(
            proposals, "nowhere", actor_id="A-ess", territory=territory, settings=settings
        )
    with pytest.raises(UsageError, match="Z"):
        partnerships.why_not(proposals, GAP, actor_id="Z", territory=territory, settings=settings)


@pytest.mark.parametrize(
    "actor_id, rule",
    [
        ("A-ess", "proposed"),
        ("F-person", "not_diffusible"),
        ("G-other", "no_role"),
        ("E-far", "too_far"),
    ],
)
def test_why_not_names_the_rule(made, actor_id, rule):
    territory, proposals, settings = made
    answer = partnerships.why_not(
        proposals, GAP, actor_id=actor_id, territory=territory, settings=settings
    )
    assert answer.rule == rule


def test_why_not_by_type(worlds):
    territory = worlds.territory(ROWS, resources=RESOURCES, needs=NEEDS)
    found = worlds.findings([worlds.gap(GAP, unit="unit")], [worlds.proof(GAP, "need", "N1")])
    settings = Settings(radius_km=15, partnership_types=("ess_business",))
    proposals = partnerships.propose(territory, found, settings=settings)
    assert set(proposals.partnerships["type"]) == {"ess_business"}
    answer = partnerships.why_not(
        proposals, GAP, actor_id="D-lab", territory=territory, settings=settings
    )
    assert answer.rule == "type_rule"


def test_why_not_when_others_do_better(worlds):
    rows = [*ROWS, ROWS[1] | {"actor_id": "H-small", "x": 9}]
    small = pd.DataFrame([("R9", "H-small", PALLETS, 1.0, "unit", "observed")])
    resources = pd.concat([RESOURCES, small.set_axis(RESOURCES.columns, axis=1)])
    territory = worlds.territory(rows, resources=resources, needs=NEEDS)
    found = worlds.findings([worlds.gap(GAP, unit="unit")], [worlds.proof(GAP, "need", "N1")])
    settings = Settings(radius_km=15, per_opening=1)
    proposals = partnerships.propose(territory, found, settings=settings)
    answer = partnerships.why_not(
        proposals, GAP, actor_id="H-small", territory=territory, settings=settings
    )
    assert answer.rule == "outranked"
    assert "H-small" in answer.member_ids
    assert answer.score < answer.best_score
    assert "coverage" in {lack.criterion for lack in answer.lacks}
    lost = sum(lack.points for lack in answer.lacks)
    assert lost >= answer.best_score - answer.score - 1e-12


def test_what_the_balance_uses_elsewhere_covers_nothing_more(worlds):
    territory = worlds.territory(ROWS, resources=RESOURCES, needs=NEEDS)
    used = [{"resource_id": "R1", "need_id": "N0", "quantity": 6.0, "unit": "unit"}]
    found = worlds.findings(
        [worlds.gap(GAP, unit="unit")], [worlds.proof(GAP, "need", "N1")], matches=used
    )
    proposals = partnerships.propose(territory, found, settings=Settings(radius_km=15))
    best = proposals.partnerships.iloc[0]
    assert best["coverage"] == 0
    assert "holds_committed_resource" in set(proposals.roles["reason"])


def _one(worlds, gap, evidence=(), *, rows=None, network=None, **tables):
    territory = worlds.territory(rows or ROWS, **tables)
    found = worlds.findings([gap], list(evidence), network=network)
    return partnerships.propose(territory, found, settings=Settings(radius_km=15))


def _reasons(proposals, opening_id):
    ids = proposals.partnerships.loc[
        proposals.partnerships["opening_id"] == opening_id, "candidate_id"
    ]
    held = proposals.roles[proposals.roles["candidate_id"].isin(ids)]
    return set(zip(held["actor_id"], held["role"], held["reason"], strict=True))


def test_unused_resource_calls_for_who_needs_it(worlds):
    name = f"unused_resource:{PALLETS}"
    proposals = _one(
        worlds, worlds.gap(name, unit="unit"), [worlds.proof(name, "resource", "R1")],
        resources=RESOURCES, needs=NEEDS,
    )  # fmt: skip
    assert {
        ("B-firm", "holder", "holds_unused_resource"),
        ("A-ess", "user", "has_need"),
    } <= _reasons(proposals, name)


def test_service_access_calls_for_an_operator_and_a_host(worlds):
    name = "service_access:services.education.creche"
    resources = pd.DataFrame(
        [("R1", "A-ess", "services.education.creche", 20.0, "place")], columns=RESOURCES.columns[:5]
    )
    gap = worlds.gap(name, unit="person", shortfall=400.0)
    white = worlds.proof(name, "commune", "99001", quantity=400.0, unit="person")
    rows = [*ROWS[:1], *ROWS[1:3]]
    seen = _reasons(_one(worlds, gap, [white], rows=rows, resources=resources), name)
    assert not seen  # ESS and a public body are two families: no type wanted
    rows[1] = rows[1] | {"sectors": "social_care"}
    offers = [("R1", "A-ess", "premises.office", 1.0, "unit")]
    resources = pd.DataFrame(offers, columns=RESOURCES.columns[:5])
    rows = [*rows, {"actor_id": "D-lab", "family": "research", "x": 4, "y": 4}]
    seen = _reasons(_one(worlds, gap, [white], rows=rows, resources=resources), name)
    assert ("B-firm", "operator", "works_in_sector") in seen
    assert ("A-ess", "host", "offers_adaptable_premises") in seen


def test_leaks_call_for_a_local_counterpart(worlds):
    name = "leak:in:materials.wood"
    flows = pd.DataFrame(
        [("F1", "material", "outside", "A-ess", PALLETS, 10.0, "unit")],
        columns=["flow_id", "nature", "origin", "destination", "category", "quantity", "unit"],
    )
    gap = worlds.gap(name, unit="unit", category="materials.wood", actor_ids="A-ess")
    proof = worlds.proof(name, "flow", "F1", quantity=10.0, unit="unit")
    seen = _reasons(_one(worlds, gap, [proof], resources=RESOURCES, flows=flows), name)
    assert {("A-ess", "user", "buys_outside"), ("B-firm", "holder", "holds_resource")} <= seen


def test_isolated_actors_are_brought_together_by_a_broker(worlds):
    name = "isolated_actor:trade"
    rows = [
        *({"actor_id": f"I{n}", "family": "ess", "x": 3 + n, "y": 4} for n in range(3)),
        {"actor_id": "K", "family": "business", "x": 4, "y": 4, "roles": "facilitator"},
        *ROWS[2:4],
    ]
    gap = worlds.gap(name, unit="", actor_ids="I0|I1|I2", shortfall=3.0, category="")
    proposals = _one(worlds, gap, rows=rows)
    seen = _reasons(proposals, name)
    assert ("K", "broker", "is_facilitator") in seen
    assert {
        ("I0", "partner", "isolated_in_sector"),
        ("I1", "partner", "isolated_in_sector"),
    } <= seen
    assert proposals.partnerships["coverage"].max() == pytest.approx(1.0)


def test_a_structural_hole_calls_for_a_broker_on_either_side(worlds):
    name = "structural_hole:family:ess-research"
    rows = [
        {"actor_id": f"{family[0]}{n}", "family": family, "x": 4 + n / 9, "y": 4}
        for family in ("ess", "research", "business")
        for n in range(4)
    ]
    rows.append(ROWS[2])
    members = pd.DataFrame(
        [(f"C{side}", f"{side}{n}") for side in "er" for n in range(4)],
        columns=["cooperation_id", "actor_id"],
    )
    cooperations = pd.DataFrame({"cooperation_id": ["Ce", "Cr"], "name": ["e", "r"]})
    gap = worlds.gap(name, unit="", shortfall=5.0, category="", actor_ids="e0|r0")
    proposals = _one(worlds, gap, rows=rows, members=members, cooperations=cooperations)
    brokers = {actor for actor, role, _ in _reasons(proposals, name) if role == "broker"}
    assert {actor[0] for actor in brokers} == {"e", "r"}
    assert set(proposals.ties["cooperation_id"]) == {"Ce", "Cr"}
    assert proposals.ties["shared_members"].min() >= 1


def test_openings_without_a_gap(worlds):
    rows = [
        {"actor_id": f"S{n}", "family": "ess", "x": 4 + n, "y": 4, "sectors": "trade"}
        for n in range(6)
    ]
    needs = pd.DataFrame(
        [(f"N{n}", f"S{n}", "equipment.baler", 2.0, "hour") for n in range(4)],
        columns=NEEDS.columns,
    )
    members = pd.DataFrame({"cooperation_id": ["C", "C"], "actor_id": ["S4", "S5"]})
    cooperations = pd.DataFrame({"cooperation_id": ["C"], "name": ["c"], "sectors": ["trade"]})
    network = [{"actor_id": f"S{n}", "degree": int(n > 3)} for n in range(6)]
    territory = worlds.territory(rows, needs=needs, members=members, cooperations=cooperations)
    found = worlds.findings(network=network)
    proposals = partnerships.propose(territory, found, settings=Settings(radius_km=15))
    kinds = proposals.openings.set_index("opening_id")["objective"].to_dict()
    assert kinds == {
        "pooling:equipment.baler": "pool_means",
        "exchange_of_practice:trade": "answer_needs",
        "joint_visibility:trade": "be_visible",
    }
    assert set(proposals.partnerships["type"]) == {"ess_ess"}
    assert ("S4", "lead", "shares_practice") in _reasons(proposals, "exchange_of_practice:trade")
    pooled = proposals.partnerships.loc[
        proposals.partnerships["opening_id"] == "pooling:equipment.baler"
    ].iloc[0]
    assert pooled["coverage"] == pytest.approx(1.0)  # all four share the need


def test_a_need_above_half_of_the_whole_is_not_small(worlds):
    rows = [{"actor_id": f"S{n}", "family": "ess", "x": 4, "y": 4} for n in range(3)]
    needs = pd.DataFrame(
        [(f"N{n}", f"S{n}", "equipment.baler", 90.0 if n == 0 else 2.0, "hour") for n in range(3)],
        columns=NEEDS.columns,
    )
    territory = worlds.territory(rows, needs=needs)
    proposals = partnerships.propose(territory, worlds.findings(), settings=Settings())
    assert proposals.openings.empty


def test_openings_are_limited_and_keep_a_quarter_without_a_gap(worlds):
    rows = [
        {"actor_id": f"S{n}", "family": "ess", "x": 4, "y": 4, "sectors": "trade"} for n in range(5)
    ]
    network = [{"actor_id": f"S{n}", "degree": int(n > 2)} for n in range(5)]
    pair = pd.DataFrame({"cooperation_id": ["C", "C"], "actor_id": ["S3", "S4"]})
    made = worlds.territory(
        rows, members=pair, cooperations=pd.DataFrame({"cooperation_id": ["C"], "name": ["c"]})
    )
    gaps = [worlds.gap(f"unmet_need:x{n}", severity=n / 10) for n in range(9)]
    found = worlds.findings(gaps, network=network)
    proposals = partnerships.propose(made, found, settings=Settings(openings_max=4))
    assert proposals.openings["opening_id"].tolist() == [
        "unmet_need:x8",
        "unmet_need:x7",
        "unmet_need:x6",
        "joint_visibility:trade",
    ]
    # Three of five are alone, and of two of five a tie is known.
    facts = facts_of(made, None, settings=Settings())
    (free,) = gapless.find(facts, isolated=frozenset({0, 1, 2}))
    assert (free.severity, free.confidence) == pytest.approx((0.6, 0.4))


def test_nobody_is_called_alone_where_no_tie_is_known(worlds):
    rows = [
        {"actor_id": f"S{n}", "family": "ess", "x": 4, "y": 4, "sectors": "trade"} for n in range(3)
    ]
    network = [{"actor_id": f"S{n}", "degree": 0} for n in range(3)]
    found = worlds.findings(network=network)
    proposals = partnerships.propose(worlds.territory(rows), found, settings=Settings())
    assert proposals.openings.empty


@pytest.mark.parametrize("subject, opens", [("trade", 1), ("unknown", 0), ("all", 0)])
def test_actors_alone_are_brought_together_only_with_peers(worlds, subject, opens):
    rows = [{"actor_id": f"I{n}", "family": "ess", "x": 3 + n, "y": 4} for n in range(3)]
    gap = worlds.gap(f"isolated_actor:{subject}", actor_ids="I0|I1|I2", category="", unit="")
    assert len(_one(worlds, gap, rows=rows).openings) == opens


def test_public_services_are_not_called_to_be_seen_together(worlds):
    families = ["ess", "business", "civil", "public", "research"]
    rows = [
        {"actor_id": f"S{n}", "family": family, "x": 4 + n / 9, "y": 4, "sectors": "education"}
        for n, family in enumerate(families)
    ]
    rows += [{"actor_id": f"T{n}", "family": "business", "x": 4, "y": 4} for n in range(2)]
    flows = pd.DataFrame(
        [("F1", "service", "T0", "T1", "skills.legal")],
        columns=["flow_id", "nature", "origin", "destination", "category"],
    )
    network = [{"actor_id": f"S{n}", "degree": 0} for n in range(5)]
    territory = worlds.territory(rows, flows=flows)
    found = worlds.findings(network=network)
    proposals = partnerships.propose(territory, found, settings=Settings(radius_km=15))
    name = "joint_visibility:education"
    assert {actor for actor, *_ in _reasons(proposals, name)} == {"S0", "S1", "S2"}


def test_units_are_converted_before_they_are_compared(worlds):
    kilos = RESOURCES.assign(unit="kg", quantity=5_000.0, category="materials.metal.steel")
    needs = NEEDS.assign(unit="t", category="materials.metal.steel")
    name = "unmet_need:materials.metal.steel"
    proposals = _one(
        worlds, worlds.gap(name), [worlds.proof(name, "need", "N1")], resources=kilos, needs=needs
    )
    assert units.factor("kg", "t") == pytest.approx(0.001)
    assert proposals.partnerships.iloc[0]["coverage"] == pytest.approx(0.5)


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_every_code_has_its_words(lang):
    import re
    from pathlib import Path

    source = "".join(
        path.read_text(encoding="utf-8")
        for path in sorted(Path(partnerships.__file__).parent.glob("*.py"))
    )
    reasons = set(re.findall(r'reason="([a-z_]+)"', source))
    reasons |= set(re.findall(r'reason = "([a-z_]+)"', source)) | set(HELD_REASONS.values())
    reasons |= set(re.findall(r'reason ?= ?.* else "([a-z_]+)"', source))
    questions = set(re.findall(r'Question\(\s*"([a-z_]+)"', source))
    answers = Path(partnerships.__file__).with_name("answers.py").read_text(encoding="utf-8")
    rules = set(re.findall(r'return "([a-z_]+)"', answers)) | {"proposed", "outranked"}
    assert len(rules) >= 8
    assert len(reasons) > 15
    assert len(questions) == 8
    for kind, codes in (("reason", reasons), ("question", questions), ("why_not", rules)):
        missing = [code for code in codes if not has_text(f"partnership.{kind}.{code}", lang=lang)]
        assert not missing, kind


def test_a_school_that_bears_the_form_of_its_commune_is_no_authority(worlds):
    from toolkit.partnerships.roles import authorities

    bodies = [("M", "84.11Z"), ("S", "85.20Z"), ("T", None)]
    rows = [
        {
            "actor_id": name,
            "family": "public",
            "x": 4,
            "y": 4,
            "legal_form": "7210",
            "activity": code,
        }
        for name, code in bodies
    ]
    facts = facts_of(worlds.territory(rows), None, settings=Settings())
    fits = authorities(facts, frozenset({"99001"}))
    assert [facts.ids[fit.actor] for fit in fits] == ["M", "T"]
