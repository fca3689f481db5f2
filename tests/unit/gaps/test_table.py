"""Rows of gaps and of evidence, and the order in which gaps are shown."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from toolkit import vocabulary as v
from toolkit.gaps import ranking, table


def fact(row_id, basis="observed"):
    return table.Fact("need", "needs", row_id, 1.0, "t", basis, "")


def gap(gap_id="unmet_need:a", **more):
    cells = {"kind": "unmet_need", "expected": 5.0, "observed": 2.0, "unit": "t", "severity": 0.5}
    return table.Gap(gap_id=gap_id, **({"evidence": [fact("N1")]} | cells | more))


def test_a_row_has_every_column_and_its_derived_cells():
    made = gap(
        evidence=[fact("N2", "estimated"), fact("N1"), fact("N3", "recorded"), fact("N4")],
        actor_ids=("B", "A", "B"),
        probability=0.8,
    )
    gaps, evidence = table.frames([made])
    assert gaps.columns.tolist() == list(v.GAP_COLUMNS)
    assert evidence.columns.tolist() == list(v.EVIDENCE_COLUMNS)
    row = gaps.iloc[0]
    assert row["shortfall"] == 3.0
    assert row["confidence"] == pytest.approx(0.75 * 0.8)
    assert row["basis"] == "estimated"
    assert row["actor_ids"] == "A|B"
    assert row["evidence"] == 4
    assert (row["category"], row["commune_id"]) == ("", "")
    assert math.isnan(row["people_affected"])
    assert evidence["row_id"].tolist() == ["N1", "N2", "N3", "N4"]


def test_rows_are_sorted_and_types_hold_also_without_rows():
    full = table.frames([gap("unmet_need:b"), gap("unmet_need:a")])
    empty = table.frames([])
    assert full[0]["gap_id"].tolist() == ["unmet_need:a", "unmet_need:b"]
    for made, bare in zip(full, empty, strict=True):
        assert made.dtypes.to_dict() == bare.dtypes.to_dict()
        assert len(bare) == 0


def test_two_gaps_of_one_id_are_refused():
    with pytest.raises(ValueError, match="more than once: unmet_need:a"):
        table.frames([gap(), gap(), gap("unmet_need:b")])


@pytest.mark.parametrize(
    "fault", [{"evidence": []}, {"severity": math.nan}, {"expected": math.inf}]
)
def test_a_gap_without_evidence_or_with_an_endless_figure_is_refused(fault):
    with pytest.raises(ValueError, match="needs evidence and finite figures"):
        table.frames([gap(**fault)])


def test_each_measure_weighs_as_many_as_its_rows_and_a_small_kind_is_no_scale():
    keys = [("land", "area")] * 9 + [("land", "count")] + [("water", "volume")] * 9
    wholes = table.Wholes.of(keys, [2.0] * 9 + [70.0] + [1.0] * 9)
    assert wholes.share(9.0, ("land", "area")) == pytest.approx(0.5 * 9 / 10)
    assert wholes.share(70.0, ("land", "count")) == pytest.approx(0.1)
    assert wholes.share(4.0, ("water", "volume")) == 0.0
    assert wholes.share(4.0, ("land", "mass")) == 0.0
    assert table.largest_share(0.1, 0.3, 0.2) == 0.3


def test_ranking_is_by_severity_times_confidence_then_severity_then_id():
    gaps = pd.DataFrame(
        {
            "gap_id": ["e", "d", "c", "b", "a"],
            "severity": [0.2, 0.9, 0.4, 0.8, 0.8],
            "confidence": [1.0, 0.0, 0.5, 0.0, 0.0],
        }
    )
    ranked = ranking.rank(gaps)
    assert ranked["gap_id"].tolist() == ["c", "e", "d", "a", "b"]
    assert ranked.columns.tolist() == gaps.columns.tolist()
    assert ranked.index.tolist() == [0, 1, 2, 3, 4]
