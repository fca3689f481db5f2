"""The check of the knowledge base."""

from __future__ import annotations

import pytest

from toolkit import cli, language
from toolkit.errors import DataError
from toolkit.knowledge import checking, checking_words


def test_the_shipped_knowledge_base_is_sound(capsys):
    found = checking.check()
    assert not found.problems
    assert set(found.rows) == set(checking.READERS)
    assert all(found.rows.values())
    assert cli.main(["check", "--knowledge", "--lang", "en"]) == 0
    told = capsys.readouterr().out
    assert f"{found.rows['activity_profiles']:,} rows" in told


def test_faults_of_a_territory_are_told_with_file_and_line(tmp_path, capsys):
    folder = tmp_path / "knowledge"
    folder.mkdir()
    header = ",".join(checking.profiles.COLUMNS)
    (folder / "activity_profiles.csv").write_text(
        f"{header}\n10,gift,x,,,,2,,,\n", encoding="utf-8"
    )
    found = checking.check(folder)
    assert "activity_profiles" not in found.rows
    assert {problem.row for problem in found.problems} == {"2"}
    assert cli.main(["check", str(tmp_path), "--knowledge", "--lang", "en"]) == 1
    assert "activity_profiles.csv, row 2" in capsys.readouterr().err


def test_without_folder_there_is_no_workbook_to_check(capsys):
    assert cli.main(["check", "--lang", "en"]) == 2
    assert "--knowledge" in capsys.readouterr().err


def test_words_of_trades_are_checked_cell_by_cell(tmp_path):
    path = tmp_path / "activity_words.csv"
    path.write_text(
        "words,language,code,weight,source\nfour,fr,10.71C,2,expert\nfour,fr,10.71C,2,expert\n"
        "forge,de,25.50A,99,nobody\nx,en,99.9,1,expert\n",
        encoding="utf-8",
    )
    with pytest.raises(DataError) as caught:
        checking_words.check_words(path)
    found = [(one.row, one.column) for one in caught.value.problem_list]
    assert found == [
        ("3", "code"),
        ("4", "language"),
        ("4", "source"),
        ("4", "weight"),
        ("5", "code"),
    ]


@pytest.fixture
def written(tmp_path):
    """Return a function that writes a table and gives its path."""

    def write(*lines):
        path = tmp_path / "table.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


def faults(check, path):
    with pytest.raises(DataError) as caught:
        check(path)
    problems = caught.value.problem_list
    for problem in problems:
        for lang in ("fr", "en"):
            told = language.problem_text(problem, lang=lang)
            assert "{" not in told, told
    return [(problem.row, problem.column, problem.code) for problem in problems]


COUNTS = "stem,code,sirene,numerique"


def test_counts_that_hold_together_are_sound(written):
    path = written(COUNTS, ",10.71C,7,0", ",56.10A,3,1", "four,10.71C,4,0", "four,56.10A,0,1")
    assert checking_words.check_counts(path) == 4


def test_counts_are_checked_cell_by_cell(written):
    path = written(
        COUNTS,
        ",10.71C,9,0",
        ",10.71C,9,0",
        "four,10.71,5,0",
        "four,99.99Z,5,0",
        "four,,5,0",
        "Four à pain,10.71C,5,0",
        "=cmd,10.71C,5,0",
        "les,10.71C,5,0",
        "pain,10.71C,-5,0",
        "pate,10.71C,5.5,",
        "sel,10.71C,nan,1e3",
        "ble,10.71C,99999999999999999999,0",
    )
    assert faults(checking_words.check_counts, path) == [
        ("3", "code", "knowledge_repeated"),
        ("4", "code", "knowledge_code"),
        ("5", "code", "knowledge_code"),
        ("6", "code", "knowledge_empty"),
        ("7", "stem", "knowledge_stem"),
        ("8", "stem", "knowledge_stem"),
        ("9", "stem", "knowledge_stem"),
        ("10", "sirene", "knowledge_count"),
        ("11", "numerique", "knowledge_empty"),
        ("11", "sirene", "knowledge_count"),
        ("12", "sirene", "knowledge_count"),
        ("12", "numerique", "knowledge_count"),
        ("13", "sirene", "knowledge_count"),
    ]


def test_counts_must_fit_each_other_and_tell_no_rare_word(written):
    path = written(COUNTS, ",10.71C,6,0", "four,10.71C,7,0", "dupont,10.71C,4,0", "pain,56.10A,0,0")
    assert faults(checking_words.check_counts, path) == [
        ("3", "sirene", "knowledge_count_all"),
        ("4", "stem", "knowledge_rare_word"),
        ("5", "code", "knowledge_count_none"),
        ("5", "stem", "knowledge_rare_word"),
    ]


CURVES = "level,intercept,slope"


def test_curves_are_checked_cell_by_cell(written):
    path = written(CURVES, "division,0.1,0", "group,inf,-1", "class,99,x", "class,,1", "sector,0,1")
    assert faults(checking_words.check_curves, path) == [
        ("2", "slope", "knowledge_falling"),
        ("3", "intercept", "knowledge_number"),
        ("3", "slope", "knowledge_falling"),
        ("4", "intercept", "knowledge_number"),
        ("4", "slope", "knowledge_number"),
        ("5", "intercept", "knowledge_empty"),
        ("5", "level", "knowledge_repeated"),
        ("6", "level", "knowledge_code"),
        ("6", "level", "knowledge_level_absent"),
    ]


@pytest.mark.parametrize("name", ["check_words", "check_counts", "check_curves"])
def test_a_table_of_words_that_is_something_else_is_refused(written, name):
    check = getattr(checking_words, name)
    found = [code for _, _, code in faults(check, written("<html>", "<p>Not found</p>"))]
    assert found == ["knowledge_header"]
    assert faults(check, written("").with_name("nowhere.csv"))[0][2] == "knowledge_unreadable"


def test_no_curve_at_all_lacks_every_level(written):
    found = faults(checking_words.check_curves, written(CURVES))
    assert found == [("1", "level", "knowledge_level_absent")] * 4
