"""The facts planted in the demo territory are found, and nothing is told where it closes."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from toolkit import vocabulary as v
from toolkit.background import NOTHING
from toolkit.diagnosis import Diagnosis, diagnose
from toolkit.settings import Settings
from toolkit.sources.demo import demo_territory

if TYPE_CHECKING:
    import pandas as pd

PLANTED = tomllib.loads(
    (Path(__file__).resolve().parents[2] / "data" / "demo" / "planted.toml").read_text("utf-8")
)
EXPECTED = PLANTED["expected"]


@pytest.fixture(scope="module")
def diagnosis() -> Diagnosis:
    return diagnose(demo_territory(), settings=Settings(openings_max=5_000, per_opening=1))


@pytest.fixture(scope="module")
def gaps(diagnosis: Diagnosis) -> pd.DataFrame:
    return diagnosis.gaps.set_index("gap_id")


@pytest.mark.parametrize("kind", ["unmet_need", "unused_resource"])
def test_what_the_balance_leaves_over(gaps: pd.DataFrame, kind: str) -> None:
    planted = EXPECTED[kind]
    gap = gaps.loc[f"{kind}:{planted['category']}"]
    found = (gap["expected"], gap["observed"], gap["shortfall"])
    assert found == pytest.approx((planted["expected"], planted["observed"], planted["shortfall"]))
    assert gap["unit"] == planted["unit"]


def test_textiles_that_leave_although_a_workshop_needs_them(gaps: pd.DataFrame) -> None:
    planted = EXPECTED["leak"]
    gap = gaps.loc[f"leak:out:{planted['category']}"]
    assert (gap["shortfall"], gap["unit"]) == (pytest.approx(planted["shortfall"]), planted["unit"])


def test_pallets_are_balanced_so_no_gap_is_told(gaps: pd.DataFrame) -> None:
    category = EXPECTED["closed"]["category"]
    assert not gaps["category"].eq(category).any()
    assert not gaps.index.str.contains(category, regex=False).any()


def test_the_last_commune_is_far_from_any_doctor(diagnosis: Diagnosis, gaps: pd.DataFrame) -> None:
    planted = EXPECTED["service_access"]
    assert f"service_access:{planted['category']}" in gaps.index
    evidence = diagnosis.evidence
    rows = evidence[evidence["gap_id"] == f"service_access:{planted['category']}"]
    assert planted["commune_id"] in set(rows.loc[rows["role"] == "commune", "row_id"])


def test_repairers_are_alone(diagnosis: Diagnosis, gaps: pd.DataFrame) -> None:
    sector = EXPECTED["isolated_actor"]["sector"]
    gap = gaps.loc[f"isolated_actor:{sector}"]
    territory = diagnosis.territory
    known = territory.actors[territory.actors["sectors"] == sector]
    assert set(known["actor_id"]) <= set(v.split_list(gap["actor_ids"]))


def test_the_ess_and_research_do_not_meet(gaps: pd.DataFrame) -> None:
    families = EXPECTED["structural_hole"]["families"]
    assert f"structural_hole:family:{'-'.join(families)}" in gaps.index


def test_neighbours_with_the_same_small_need_are_called_to_pool(diagnosis: Diagnosis) -> None:
    openings = diagnosis.proposals.openings
    pooling = openings[openings["kind"] == "pooling"].set_index("category")
    opening = pooling.loc[EXPECTED["pooling"]["category"], "opening_id"]
    roles = diagnosis.proposals.roles
    candidates = diagnosis.partnerships
    best = candidates[candidates["opening_id"] == opening].iloc[0]
    members = set(v.split_list(best["member_ids"]))
    assert len(members & {"P-ASSO1", "P-ASSO2", "P-ASSO3", "P-PME"}) >= 3
    assert set(roles.loc[roles["candidate_id"] == best["candidate_id"], "actor_id"]) == members


def test_a_candidate_answers_the_cold_room(diagnosis: Diagnosis) -> None:
    gap_id = f"unmet_need:{EXPECTED['unmet_need']['category']}"
    candidates = diagnosis.partnerships
    answering = candidates[candidates["gap_ids"].map(v.split_list).map(lambda ids: gap_id in ids)]
    assert len(answering)
    members = {member for cell in answering["member_ids"] for member in v.split_list(cell)}
    assert members & {"P-BANQUE", "P-SOLIDAIRE"}


def test_severity_and_confidence_are_shares_and_never_missing(gaps: pd.DataFrame) -> None:
    for column in ("severity", "confidence"):
        assert gaps[column].between(0, 1).all()
    assert gaps[["expected", "observed", "shortfall"]].notna().all().all()


@pytest.mark.parametrize(
    "opening, members",
    [
        ("unmet_need:premises.cold_room", {"P-BANQUE", "P-FROMAGERIE"}),
        ("unused_resource:materials.organic.spent_grain", {"P-BRASSERIE"}),
        ("leak:out:materials.textile", {"P-COLLECTE", "P-TRI"}),
    ],
)
def test_planted_partnerships_are_among_the_first_three(opening: str, members: set[str]) -> None:
    settings = Settings(openings_max=5_000, per_opening=3)
    found = diagnose(demo_territory(), settings=settings, background=NOTHING).partnerships
    held = found.loc[found["opening_id"] == opening, "member_ids"].head(3).map(v.split_list)
    assert any(members <= set(team) for team in held), held.tolist()
