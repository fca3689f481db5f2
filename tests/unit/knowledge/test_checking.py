"""The check of the knowledge base."""

from __future__ import annotations

import pytest

from toolkit import cli
from toolkit.errors import DataError
from toolkit.knowledge import checking


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
        checking._check_words(path)
    found = [(one.row, one.column) for one in caught.value.problem_list]
    assert found == [
        ("3", "code"),
        ("4", "language"),
        ("4", "source"),
        ("4", "weight"),
        ("5", "code"),
    ]
