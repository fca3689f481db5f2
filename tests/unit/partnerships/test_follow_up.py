"""Where decided cooperations stand, by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from toolkit.partnerships.follow_up import FOLLOW_UP_COLUMNS, follow_up
from toolkit.schema.contracts import empty

TODAY = "2026-11-25"


def journal(*rows: dict[str, str]) -> pd.DataFrame:
    made = pd.DataFrame(
        [
            {"decision_id": f"D{rank}", "decided_at": f"2026-11-{rank:02}T09:00:00Z", **row}
            for rank, row in enumerate(rows, start=1)
        ]
    )
    return made.reindex(columns=empty("decisions").columns)


def decided(candidate: str, decision: str = "accepted", **cells: str) -> dict[str, str]:
    return {"candidate_id": candidate, "decision": decision, **cells}


def state_of(*rows: dict[str, str]) -> str:
    return str(follow_up(journal(*rows), today=TODAY)["state"].iloc[0])


@pytest.mark.parametrize(
    "due, state", [("2026-11-24", "overdue"), ("2026-11-25", "due"), ("2026-12-01", "due")]
)
def test_a_step_is_due_until_the_end_of_its_day(due, state):
    assert state_of(decided("P1", next_step="Appeler", due_date=due)) == state


def test_what_is_set_aside_or_ended_asks_for_nothing_more():
    late = {"next_step": "Appeler", "due_date": "2026-01-01"}
    assert state_of(decided("P1", "set_aside", **late)) == "closed"
    assert state_of(decided("P1", stage="ended", **late)) == "closed"
    assert state_of(decided("P1", "set_aside"), decided("P1", **late)) == "overdue"


def test_a_decision_ends_the_step_before_it_and_a_comment_does_not():
    late = decided("P1", stage="contacted", next_step="Appeler", due_date="2026-01-01")
    assert state_of(late, decided("P1", "commented", reason="Vu au marché")) == "overdue"
    assert state_of(late, decided("P1", stage="experiment")) == "open"
    moved = decided("P1", "commented", next_step="Rappeler", due_date="2026-12-24")
    made = follow_up(journal(late, moved), today=TODAY).iloc[0]
    assert made[["state", "stage", "next_step", "due_date"]].tolist() == [
        "due",
        "contacted",
        "Rappeler",
        "2026-12-24",
    ]
    without_date = decided("P1", "commented", next_step="Rappeler un jour")
    assert state_of(late, without_date) == "open"


def test_overdue_steps_come_first_the_oldest_at_the_top():
    made = follow_up(
        journal(
            decided("P1"),
            decided("P2", next_step="a", due_date="2026-11-20"),
            decided("P3", next_step="b", due_date="2026-10-01"),
            decided("P4", next_step="c", due_date="2026-12-01"),
            decided("P5", "set_aside"),
            decided("P6"),
        ),
        today=TODAY,
    )
    assert made["candidate_id"].tolist() == ["P3", "P2", "P4", "P6", "P1", "P5"]


def test_rows_in_another_order_tell_the_same():
    rows = journal(
        decided("P1", next_step="a", due_date="2026-11-20"), decided("P1"), decided("P2")
    )
    one = follow_up(rows, today=TODAY)
    assert one.equals(follow_up(rows.iloc[::-1], today=TODAY))


def test_no_decision_has_the_columns():
    made = follow_up(empty("decisions"), today=TODAY)
    assert tuple(made.columns) == FOLLOW_UP_COLUMNS
    assert made.empty
