"""The check of the knowledge base."""

from __future__ import annotations

from toolkit import cli
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
