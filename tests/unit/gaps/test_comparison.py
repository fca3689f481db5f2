"""What became of gaps between two diagnoses, counted by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from toolkit import compare
from toolkit import vocabulary as v
from toolkit.diagnosis import diagnose
from toolkit.gaps import compare_gaps
from toolkit.gaps.comparison import CHANGES, COMPARISON_COLUMNS
from toolkit.gaps.table import Fact, Gap, frames
from toolkit.settings import Settings
from toolkit.territory import Territory

ROWS = (("N1", 300.0), ("N2", 80.0))


def gap(
    name: str, *, shortfall: float, severity: float = 0.5, unit: str = "t", rows=("N1",)
) -> Gap:
    facts = [Fact("need", v.NEEDS, row, 1.0, unit, "observed", "s") for row in rows]
    return Gap(
        gap_id=f"unmet_need:{name}",
        kind=v.UNMET_NEED,
        category=name,
        expected=shortfall,
        observed=0.0,
        unit=unit,
        severity=severity,
        evidence=facts,
    )


def compared(before: list[Gap], after: list[Gap], *, by: str = "shortfall") -> pd.DataFrame:
    one, other = frames(before), frames(after)
    return compare_gaps(one[0], other[0], evidence=(one[1], other[1]), by=by).set_index("gap_id")


def test_each_change_is_told_with_both_figures():
    made = compared(
        [
            gap("a", shortfall=10),
            gap("b", shortfall=10),
            gap("c", shortfall=10),
            gap("d", shortfall=1),
        ],
        [
            gap("b", shortfall=12),
            gap("c", shortfall=4),
            gap("d", shortfall=1),
            gap("e", shortfall=7),
        ],
    )
    assert made["change"].to_dict() == {
        "unmet_need:e": "opened",
        "unmet_need:b": "grown",
        "unmet_need:c": "shrunk",
        "unmet_need:a": "closed",
        "unmet_need:d": "same",
    }
    assert made.loc["unmet_need:b", ["shortfall_before", "shortfall_after"]].tolist() == [10, 12]
    assert np.isnan(made.loc["unmet_need:a", "shortfall_after"])
    assert made.loc["unmet_need:a", "kind"] == v.UNMET_NEED
    assert made.loc["unmet_need:e", ["evidence_before", "evidence_after"]].tolist() == [0, 1]


def test_facts_that_stand_behind_a_gap_in_both_are_counted():
    made = compared(
        [gap("a", shortfall=3, rows=("N1", "N2"))], [gap("a", shortfall=3, rows=("N2", "N3", "N4"))]
    )
    cells = made.loc["unmet_need:a", ["evidence_before", "evidence_after", "evidence_kept"]]
    assert cells.tolist() == [2, 3, 1]


def test_two_territories_are_compared_by_shares():
    small, large = gap("a", shortfall=10, severity=0.5), gap("a", shortfall=90, severity=0.2)
    assert compared([small], [large]).loc["unmet_need:a", "change"] == "grown"
    assert compared([small], [large], by="severity").loc["unmet_need:a", "change"] == "shrunk"


def test_another_unit_leaves_only_the_share_to_compare():
    tonnes, places = (
        gap("a", shortfall=10, severity=0.5),
        gap("a", shortfall=3, severity=0.6, unit=""),
    )
    assert compared([tonnes], [places]).loc["unmet_need:a", "change"] == "grown"


def test_rounding_is_no_change():
    made = compared([gap("a", shortfall=0.3)], [gap("a", shortfall=0.1 + 0.2)])
    assert made.loc["unmet_need:a", "change"] == "same"


def test_nothing_compared_with_nothing_has_its_columns():
    made = compared([], []).reset_index()
    assert tuple(made.columns) == COMPARISON_COLUMNS
    assert made.empty
    assert made["change"].dtype == "str"


def test_another_measure_is_refused():
    with pytest.raises(ValueError, match="shortfall, severity"):
        compared([], [], by="score")


def needs(*rows: tuple[str, float]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "need_id": [row for row, _ in rows],
            "actor_id": "A1",
            "category": "premises.cold_room",
            "quantity": [size for _, size in rows],
            "unit": "m3",
            "period": "once",
            "basis": "observed",
        }
    )


def test_a_need_that_is_met_closes_its_gap(tiny_territory: Territory):
    wanting = tiny_territory.replace(needs=needs(*ROWS))
    before, after = (
        diagnose(one, settings=Settings(openings_max=1, per_opening=1))
        for one in (wanting, wanting.replace(needs=needs(ROWS[0])))
    )
    made = compare(before, after).set_index("gap_id")
    cold = made.loc["unmet_need:premises.cold_room"]
    assert cold[["change", "shortfall_before", "shortfall_after"]].tolist() == ["shrunk", 380, 300]
    assert set(compare(before, before)["change"]) == {"same"}
    closed = compare(before, diagnose(tiny_territory)).set_index("gap_id")
    assert closed.loc["unmet_need:premises.cold_room", "change"] == "closed"


def test_changes_come_in_their_order_and_the_most_pressing_first():
    made = compared(
        [gap("z", shortfall=1)],
        [gap("a", shortfall=1, severity=0.1), gap("b", shortfall=1, severity=0.9)],
    ).reset_index()
    assert made["gap_id"].tolist() == ["unmet_need:b", "unmet_need:a", "unmet_need:z"]
    assert [CHANGES.index(one) for one in made["change"]] == [0, 0, 3]
