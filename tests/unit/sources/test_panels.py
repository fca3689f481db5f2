"""The comparison panel, on communes and counts written by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from toolkit import vocabulary as v
from toolkit.errors import DataError
from toolkit.language import problem_text
from toolkit.sources.panel_counts import Counts
from toolkit.sources.panels import Facts, Own, build_panel, kind_of
from toolkit.sources.passage import Passage

ALPHA, BETA, GAMMA = "200000001", "200000002", "200000003"
MEMBERS = [
    ("01001", 100.0, ALPHA, "CC Alpha", "CC"),
    ("01002", 300.0, ALPHA, "CC Alpha", "CC"),
    ("01003", 50.0, BETA, "CA Beta", None),
    ("02001", 70.0, BETA, "CA Beta", None),
    ("02002", 500.0, GAMMA, "Métropole de Gamma", "MET69"),
    ("02003", 30.0, None, None, None),
]
ALPHA_OWN = Own("territory:mine", "Mine", frozenset({"01001", "01002"}), ALPHA)


def members(rows=MEMBERS) -> pd.DataFrame:
    columns = ["commune_id", "population", "epci_id", "epci_name", "epci_kind"]
    return pd.DataFrame(rows, columns=columns)


def counted(rows, *, version="bpe", layout="bpe", seen=None, is_list=True, year=2024, name="x"):
    frame = pd.DataFrame(rows, columns=["commune_id", "activity", "count"])
    told = frozenset(frame["commune_id"]) if seen is None else frozenset(seen)
    source = {"source_id": f"bpe:{name}", "data_year": year}
    return Counts(frame, version, layout, told, source, is_list=is_list)


EVERYWHERE = [code for code, *_ in MEMBERS]
ROWS = [
    ("01001", "B203", 2.0),
    ("01002", "B203", 1.0),
    ("01002", "D201", 4.0),
    ("02001", "A1", 5.0),
]


def cells(panel, column: str) -> dict[str, object]:
    return panel.frame.drop_duplicates("territory_id").set_index("territory_id")[column].to_dict()


def table(panel) -> dict[tuple[str, str], float]:
    return panel.frame.set_index(["territory_id", "activity"])["count"].to_dict()


# --- sums ---------------------------------------------------------------------------------------
def test_communes_are_added_up_by_grouping():
    panel = build_panel([counted(ROWS, seen=EVERYWHERE)], members(), own=ALPHA_OWN)
    assert tuple(panel.frame.columns) == v.PANEL_COLUMNS
    assert panel.own_id == ALPHA
    assert table(panel) == {
        (ALPHA, "B203"): 3.0,
        (ALPHA, "D201"): 4.0,
        (BETA, "A1"): 5.0,
        (GAMMA, "A1"): 0.0,  # has nothing, and is in the panel all the same
    }
    assert cells(panel, "population") == {ALPHA: 400.0, BETA: 120.0, GAMMA: 500.0}
    assert cells(panel, "kind") == {ALPHA: "CC", BETA: "CA", GAMMA: "METRO"}
    assert set(panel.frame["nomenclature"]) == {"bpe"}
    assert panel.left_out.empty


def test_density_and_income_by_hand():
    areas = pd.Series({"01001": 10.0, "01002": 30.0, "01003": 5.0, "02001": 7.0})
    incomes = pd.DataFrame(
        {"median_income_eur": [20_000.0, 24_000.0, 30_000.0], "persons": [90.0, 270.0, np.nan]},
        index=["01001", "01002", "02001"],
    )
    counts = [counted(ROWS, seen=EVERYWHERE)]
    panel = build_panel(counts, members(), own=ALPHA_OWN, facts=Facts(areas, incomes))
    assert cells(panel, "density_per_km2")[ALPHA] == 10.0  # 400 / 40
    assert cells(panel, "density_per_km2")[BETA] == 10.0  # 120 / 12
    assert math.isnan(cells(panel, "density_per_km2")[GAMMA])
    income = cells(panel, "median_income_eur")
    assert income[ALPHA] == 23_000.0  # (90 x 20,000 + 270 x 24,000) / 360
    assert income[BETA] == 30_000.0  # the commune of 70 of 120 inhabitants
    assert math.isnan(income[GAMMA])
    assert {note.code for note in panel.notes} == {
        "sources_panel_no_density",
        "sources_panel_no_median",
    }


def test_a_median_of_less_than_half_of_the_people_is_none():
    incomes = pd.DataFrame({"median_income_eur": [20_000.0], "persons": [90.0]}, index=["01001"])
    facts = Facts(incomes=incomes)
    panel = build_panel([counted(ROWS, seen=EVERYWHERE)], members(), own=ALPHA_OWN, facts=facts)
    assert math.isnan(cells(panel, "median_income_eur")[ALPHA])  # 100 of 400


def test_the_order_of_rows_changes_nothing():
    counts = counted(ROWS, seen=EVERYWHERE)
    turned = counted(ROWS[::-1], seen=EVERYWHERE[::-1])
    one = build_panel([counts], members(), own=ALPHA_OWN)
    other = build_panel([turned], members(MEMBERS[::-1]), own=ALPHA_OWN)
    pd.testing.assert_frame_equal(one.frame, other.frame)


# --- what is covered ----------------------------------------------------------------------------
def test_a_territory_with_a_commune_without_counts_is_left_out_and_named():
    seen = [code for code in EVERYWHERE if code != "02002"]
    panel = build_panel([counted(ROWS, seen=seen)], members(), own=ALPHA_OWN)
    assert set(panel.frame["territory_id"]) == {ALPHA, BETA}
    assert panel.left_out.to_numpy().tolist() == [
        [GAMMA, "Métropole de Gamma", "METRO", "uncovered", "02002"]
    ]


def test_where_a_file_only_has_what_there_is_nearly_whole_departments_are_covered():
    rows = [(f"03{number:03d}", 10.0, ALPHA, "CC Alpha", "CC") for number in range(10)]
    rows += [("04001", 10.0, BETA, "CC Beta", "CC"), ("04002", 10.0, BETA, "CC Beta", "CC")]
    own = Own("territory:mine", "Mine", frozenset(code for code, *_ in rows[:10]), ALPHA)
    nine = [(code, "B203", 1.0) for code, *_ in rows[:9]]
    counts = counted([*nine, ("04001", "B203", 1.0)], is_list=False)
    panel = build_panel([counts], members(rows), own=own)
    assert table(panel) == {(ALPHA, "B203"): 9.0}  # the tenth has nothing; half of 04 is not enough
    assert panel.left_out["communes"].tolist() == ["04002"]
    with pytest.raises(DataError) as caught:
        build_panel([counted(nine[:8], is_list=False)], members(rows), own=own)
    assert caught.value.code == "panel_own_uncovered"


def test_a_territory_without_inhabitants_is_left_out():
    rows = [(*row[:1], math.nan if row[0] == "02002" else row[1], *row[2:]) for row in MEMBERS]
    panel = build_panel([counted(ROWS, seen=EVERYWHERE)], members(rows), own=ALPHA_OWN)
    assert panel.left_out["reason"].tolist() == ["no_population"]
    rows = [(*row[:1], 0.0, *row[2:]) if row[2] == BETA else row for row in MEMBERS]
    panel = build_panel([counted(ROWS, seen=EVERYWHERE)], members(rows), own=ALPHA_OWN)
    assert panel.left_out["territory_id"].tolist() == [BETA]


def test_two_nomenclatures_must_both_cover():
    jobs = counted([("01001", "47.11B", 1.0)], version="naf_rev2", layout="sirene", name="y")
    with pytest.raises(DataError) as caught:
        build_panel([counted(ROWS, seen=EVERYWHERE), jobs], members(), own=ALPHA_OWN)
    assert caught.value.code == "panel_own_uncovered"
    jobs = counted(
        [("01001", "47.11B", 1.0)], version="naf_rev2", seen={"01001", "01002"}, name="y"
    )
    panel = build_panel([counted(ROWS, seen=EVERYWHERE), jobs], members(), own=ALPHA_OWN)
    assert set(panel.frame["territory_id"]) == {ALPHA}
    assert set(panel.frame["nomenclature"]) == {"bpe", "naf_rev2"}


# --- codes of other years -----------------------------------------------------------------------
PASSAGE = Passage(
    {"01901": "01001", "01001": "01001", "02003": "02002", "02002": "02002", "01003": "09999"},
    {},
    0,
)


def test_merged_communes_are_brought_to_the_living_one():
    rows = [*ROWS, ("01901", "B203", 7.0), ("88888", "B203", 1.0)]
    incomes = pd.DataFrame(
        {"median_income_eur": [20_000.0, 30_000.0], "persons": [np.nan, np.nan]},
        index=["01001", "01901"],
    )
    areas = pd.Series({"01001": 4.0, "01901": 6.0, "01002": 30.0})
    panel = build_panel(
        [counted(rows, seen=[*EVERYWHERE, "01901", "88888"])],
        members([*MEMBERS[:1], ("01002", 100.0, ALPHA, "CC Alpha", "CC"), *MEMBERS[2:]]),
        own=Own("territory:mine", "Mine", frozenset({"01901", "01002"}), ALPHA),
        passage=PASSAGE,
        facts=Facts(areas, incomes),
    )
    assert panel.own_id == ALPHA  # 01901 of the territory is 01001 of the composition
    assert table(panel)[(ALPHA, "B203")] == 10.0
    assert cells(panel, "density_per_km2")[ALPHA] == 5.0  # 200 / (4 + 6 + 30)
    assert cells(panel, "median_income_eur")[ALPHA] == 25_000.0  # equal parts of 100 inhabitants
    foreign = next(note for note in panel.notes if note.code == "sources_panel_foreign")
    assert foreign.params["examples"] == "88888"


def test_a_commune_set_up_again_is_counted_with_its_former_one():
    seen = [code for code in EVERYWHERE if code != "02003"]
    rows = [(*row[:2], GAMMA, "Gamma", "METRO") if row[0] == "02003" else row for row in MEMBERS]
    counts = counted([*ROWS, ("02002", "B203", 6.0)], seen=seen)
    panel = build_panel([counts], members(rows), own=ALPHA_OWN, passage=PASSAGE)
    assert table(panel)[(GAMMA, "B203")] == 6.0
    assert "sources_panel_held" in {note.code for note in panel.notes}
    rows = [(*row[:2], BETA, "CA Beta", "CA") if row[0] == "02003" else row for row in MEMBERS]
    panel = build_panel([counts], members(rows), own=ALPHA_OWN, passage=PASSAGE)
    assert BETA in set(panel.left_out["territory_id"])  # counted on the other side of a border


def test_counts_under_a_code_that_is_no_more_go_to_its_only_heir():
    rows = [("09999", "B203", 8.0), ("02001", "B203", 1.0)]
    seen = [*(code for code in EVERYWHERE if code != "01003"), "09999"]
    panel = build_panel([counted(rows, seen=seen)], members(), own=ALPHA_OWN, passage=PASSAGE)
    assert table(panel)[(BETA, "B203")] == 9.0


# --- a territory of one's own -------------------------------------------------------------------
@pytest.mark.parametrize(
    "communes, epci, kind, left",
    [
        (["01001"], ALPHA, "CC", [ALPHA]),  # a part of an EPCI
        (["01001", "01002"], "", "CC", [ALPHA]),  # whole, but nobody says so
        (["01001", "01002", "01003"], "", "CC", [ALPHA, BETA]),  # of two
        (["02002", "01003"], "", "METRO", [BETA, GAMMA]),
        (["02003"], "", "", []),  # of none
    ],
)
def test_a_territory_that_is_no_grouping_has_its_own_row(communes, epci, kind, left):
    own = Own("territory:mine", "Mine", frozenset(communes), epci)
    panel = build_panel([counted(ROWS, seen=EVERYWHERE)], members(), own=own)
    assert panel.own_id == "territory:mine"
    mine = panel.frame[panel.frame["territory_id"] == "territory:mine"]
    assert mine["count"].sum() == sum(n for code, _, n in ROWS if code in communes)
    people = {code: n for code, n, *_ in MEMBERS}
    assert set(mine["population"]) == {sum(people[code] for code in communes)}
    assert set(mine["kind"]) == {kind}
    assert panel.left_out["territory_id"].tolist() == left
    assert set(panel.left_out["reason"]) <= {"overlaps"}


# --- refusals -----------------------------------------------------------------------------------
def test_what_does_not_go_together_is_refused_at_once():
    one = counted(ROWS, seen=EVERYWHERE)
    other = counted([("01001", "boulang", 1.0)], layout="bpe-commune-totals", name="y")
    with pytest.raises(DataError) as caught:
        build_panel([one, other], members(), own=ALPHA_OWN)
    assert sorted(problem.code for problem in caught.value.problem_list) == [
        "panel_layouts",
        "panel_twice",
    ]
    for problem in caught.value.problem_list:
        assert problem_text(problem, lang="fr") != problem_text(problem, lang="en")


def test_nothing_to_count_and_unknown_communes_are_refused():
    with pytest.raises(DataError) as caught:
        build_panel([], members(), own=ALPHA_OWN)
    assert caught.value.code == "panel_nothing"
    own = Own("territory:mine", "Mine", frozenset({"01001", "99999"}), ALPHA)
    with pytest.raises(DataError) as caught:
        build_panel([counted(ROWS)], members(), own=own)
    assert caught.value.problem_list[0].params["communes"] == "99999"


def test_other_years_are_told():
    one = counted(ROWS[:3], seen=["01001", "01002"], year=2021)
    other = counted(ROWS[3:], seen=["01003", "02001"], year=2024, name="y")
    panel = build_panel([one, other], members(), own=ALPHA_OWN)
    assert set(panel.frame["territory_id"]) == {ALPHA, BETA}
    note = next(note for note in panel.notes if note.code == "sources_panel_years")
    assert note.found == "2021, 2024"


@pytest.mark.parametrize(
    "cell, name, kind",
    [
        ("CC", "Alpha", "CC"),
        ("ME", "x", "METRO"),
        ("METRO", "x", "METRO"),
        (None, "CU d'Alençon", "CU"),
        (math.nan, "Métropole Rouen Normandie", "METRO"),
        ("", "PETR du Bessin", ""),
    ],
)
def test_kinds_of_groupings(cell, name, kind):
    assert kind_of(cell, name) == kind
