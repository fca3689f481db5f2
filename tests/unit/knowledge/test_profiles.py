"""Activity profiles: read, checked, changed by a territory, applied to activities."""

from __future__ import annotations

import pytest

from toolkit.errors import DataError
from toolkit.knowledge import read_profiles
from toolkit.knowledge.profiles import COLUMNS, prefixes_of

SOURCE = "source_id,title,producer,year,url,licence,note\nours,Notre enquête,CC,2026,,,\n"


@pytest.fixture
def folder(tmp_path):
    def made(*rows: str, sources: str = SOURCE):
        (tmp_path / "sources.csv").write_text(sources, encoding="utf-8")
        lines = [",".join(COLUMNS), *rows]
        (tmp_path / "activity_profiles.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return tmp_path

    return made


def cells(profiles, activity):
    found = profiles.of([activity]).set_index(["side", "category"])
    return found["weight"].to_dict()


def test_the_longest_prefix_counts_category_by_category(folder):
    path = folder(
        "16,offer,finance.loan,,,,0.5,a,a,expert",
        "16.10,offer,finance.loan,,,,0.9,b,b,expert",
        "16.10,offer,finance.equity,,,,0.7,c,c,expert",
    )
    found = read_profiles(path).of(["16.10A", "16.24Z"]).set_index(["activity", "category"])
    money = found[found.index.get_level_values("category").isin(["finance.loan", "finance.equity"])]
    assert money[["weight", "prefix"]].to_dict("index") == {
        ("16.10A", "finance.loan"): {"weight": 0.9, "prefix": "16.10"},
        ("16.10A", "finance.equity"): {"weight": 0.7, "prefix": "16.10"},
        ("16.24Z", "finance.loan"): {"weight": 0.5, "prefix": "16"},
    }


def test_a_territory_changes_adds_and_takes_away_rows(folder):
    before = cells(read_profiles(), "10.71C")
    ((side, category), weight), *_ = before.items()
    path = folder(
        f"10.71C,{side},{category},,,,0,x,x,ours",
        "10.71C,need,water.cooling,,12.5,m3,0.4,x,x,ours",
    )
    after = cells(read_profiles(path), "10.71C")
    assert (side, category) not in after
    assert after["need", "water.cooling"] == 0.4
    rest = {key: value for key, value in before.items() if key != (side, category)}
    assert {key: after[key] for key in rest} == rest
    assert weight > 0


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252"])
def test_a_file_that_a_spreadsheet_in_french_saved_is_read(folder, encoding):
    path = folder()
    lines = [
        ";".join(COLUMNS),
        "10.71C;need;water.cooling;;12,5;m3;0,4;Eau de procédé;Water;ours",
        '10.71C;offer;finance.loan;;;;0,9;"Prêts; avances, dons";Loans;expert',
        ";;;;;;;;;",
    ]
    (path / "activity_profiles.csv").write_text("\r\n".join(lines), encoding=encoding)
    found = read_profiles(path).of(["10.71C"]).set_index("category")
    water = found.loc["water.cooling"]
    assert (water["weight"], water["quantity_per_job"]) == (0.4, 12.5)
    assert water["label_fr"] == "Eau de procédé"
    assert found.loc["finance.loan", "label_fr"] == "Prêts; avances, dons"


def test_a_comma_among_commas_is_no_decimal_point(folder):
    path = folder('10.71C,need,water.cooling,,"1,250",m3,0.4,x,x,ours')
    with pytest.raises(DataError) as caught:
        read_profiles(path)
    assert caught.value.code == "knowledge_number"


def test_of_naf_2025_only_the_division_is_used():
    assert prefixes_of("10.71C") == ("10", "10.7", "10.71", "10.71C")
    assert prefixes_of("01.11Y") == ("01",)
    profiles = read_profiles()
    assert set(profiles.of(["01.11Y"])["prefix"]) == {"01"}


def test_activities_without_code_have_no_profile():
    assert read_profiles().of(["", None, float("nan")]).empty


@pytest.mark.parametrize(
    "row, code, column",
    [
        ("99.9,offer,water.cooling,,,,0.5,x,x,expert", "knowledge_code", "activity"),
        ("10,gift,water.cooling,,,,0.5,x,x,expert", "knowledge_code", "side"),
        ("10,offer,water.wine,,,,0.5,x,x,expert", "knowledge_code", "category"),
        ("10,offer,water.cooling,99 99 99,,,0.5,x,x,expert", "knowledge_code", "waste_code"),
        ("10,offer,water.cooling,,,,1.5,x,x,expert", "knowledge_number", "weight"),
        ("10,offer,water.cooling,,,,nan,x,x,expert", "knowledge_number", "weight"),
        ("10,offer,water.cooling,,,,0.5,,x,expert", "knowledge_empty", "label_fr"),
        ("10,offer,water.cooling,,,,0.5,x,x,nobody", "knowledge_code", "source"),
        ("10,offer,water.cooling,,5,m3,0.5,x,x,expert", "knowledge_unsourced", "quantity_per_job"),
        ("10,offer,water.cooling,,5,,0.5,x,x,ours", "knowledge_quantity", "unit"),
        ("10,offer,water.cooling,,5,t,0.5,x,x,ours", "knowledge_unit", "unit"),
        ("10,offer,water.cooling,,-5,m3,0.5,x,x,ours", "knowledge_number", "quantity_per_job"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(folder, row, code, column):
    path = folder("10,need,water.cooling,,,,0.5,x,x,expert", row)
    with pytest.raises(DataError) as caught:
        read_profiles(path)
    (problem,) = caught.value.problem_list
    assert (problem.code, problem.row, problem.column) == (code, "3", column)
    assert problem.where == "activity_profiles.csv"


def test_all_faults_are_told_at_once(folder):
    path = folder(
        "98.99,offer,water.cooling,,,,0.5,x,x,expert",
        "10,offer,water.cooling,,,,0.5,x,x,expert",
        "10,offer,water.cooling,,,,0.5,x,x,expert",
        "10,offer,water.irrigation,,,,2,x,x,expert",
    )
    with pytest.raises(DataError) as caught:
        read_profiles(path)
    assert [problem.row for problem in caught.value.problem_list] == ["2", "4", "5"]


def test_a_header_or_a_row_of_another_shape_is_refused(folder):
    path = folder("10,offer")
    with pytest.raises(DataError) as caught:
        read_profiles(path)
    assert caught.value.code == "knowledge_cells"
    (path / "activity_profiles.csv").write_text("a,b\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_profiles(path)
    assert caught.value.code == "knowledge_header"


def test_the_shipped_profiles_cover_every_division():
    rows = read_profiles().rows
    assert len(rows) >= 900
    divisions = {code[:2] for code in rows["activity"]}
    assert len(divisions) == 88
    at_division = rows[rows["activity"].str.len() == 2]
    counts = at_division.groupby(["activity", "side"]).size().unstack(fill_value=0)
    few = counts[(counts < 3).any(axis="columns")].index
    assert set(few) <= {"97", "98", "99"}
