"""Actors without activity: proposed from their names, asked, answered, kept."""

from __future__ import annotations

import openpyxl
import pandas as pd
import pytest

from toolkit import cli
from toolkit.errors import DataError

NAMES = ["Boulangerie pâtisserie Martin", "Scierie du Val", "Zorglub"]


@pytest.fixture
def listed(workspace, tmp_path):
    """Return a territory with a partner's list without codes."""
    path = tmp_path / "liste.csv"
    rows = [f"P{place};{name};business;99001" for place, name in enumerate(NAMES, start=1)]
    path.write_text("Identifiant;Nom;Famille;Commune\n" + "\n".join(rows) + "\n", encoding="utf-8")
    workspace.import_workbook(path)
    return workspace, path


def activities(workspace):
    return workspace.tables()["actors"].set_index("actor_id")["activity"].to_dict()


def answer(path, name, word):
    book = openpyxl.load_workbook(path)
    for sheet in book.worksheets:
        heads = [cell.value for cell in sheet[2]]
        for row in sheet.iter_rows(min_row=3):
            if row[heads.index("Acteur")].value == name:
                row[heads.index("Votre réponse")].value = word
    book.save(path)


def test_names_are_proposed_and_answers_are_kept(listed):
    workspace, file = listed
    first = workspace.ask_activities()
    assert first.sure + first.asked == 2
    path = workspace.folder / "activites.xlsx"
    answer(path, NAMES[0], "oui")
    answer(path, NAMES[1], "16.24Z")
    after = workspace.ask_activities(who="Ana")
    assert (after.named, after.sure, after.asked) == (2, 0, 0)
    found = activities(workspace)
    assert found["P1"].startswith("10.71")
    assert found["P2"] == "16.24Z"
    assert pd.isna(found["P3"])
    assert workspace.journal().iloc[-1]["who"] == "Ana"
    report = workspace.import_workbook(file)
    assert not report.has_changes
    pd.testing.assert_series_equal(pd.Series(activities(workspace)), pd.Series(found))
    source = workspace.tables()["actors"].set_index("actor_id")["source_id"]
    assert source["P2"] == "saisie-liste"


def test_a_proposal_that_is_wrong_is_not_made_again(listed):
    workspace, _ = listed
    workspace.ask_activities()
    path = workspace.folder / "activites.xlsx"
    answer(path, NAMES[1], "non")
    after = workspace.ask_activities()
    assert (after.refused, after.sure + after.asked) == (1, 1)
    assert pd.isna(activities(workspace)["P2"])
    assert NAMES[1] not in workspace_questions(path)


def workspace_questions(path):
    book = openpyxl.load_workbook(path)
    return [row[0].value for sheet in book.worksheets for row in sheet.iter_rows(min_row=3)]


def test_a_wrong_answer_is_told_with_its_row_and_nothing_is_written(listed):
    workspace, _ = listed
    workspace.ask_activities()
    path = workspace.folder / "activites.xlsx"
    answer(path, NAMES[0], "peut-être")
    before = workspace.database.read_bytes()
    with pytest.raises(DataError) as caught:
        workspace.ask_activities()
    (problem,) = caught.value.problem_list
    assert (problem.code, problem.row, problem.found) == ("activity_answer", "3", "peut-être")
    assert workspace.database.read_bytes() == before
    with pytest.raises(DataError) as caught:
        workspace.ask_activities({"nobody": "10.71C"})
    assert caught.value.code == "linkage_actor_unknown"


def test_an_answer_serves_estimates(listed):
    workspace, _ = listed
    before = workspace.estimates()
    workspace.ask_activities({"P3": "56.10A"})
    after = workspace.estimates()
    named = after["resources"]["actor_id"] == "P3"
    assert named.any()
    assert not (before["resources"]["actor_id"] == "P3").any()


def test_the_command_line_says_where_to_answer(listed, capsys):
    workspace, _ = listed
    assert cli.main(["suggest", str(workspace.folder), "--lang", "fr"]) == 0
    assert "activites.xlsx" in capsys.readouterr().out


def test_linking_still_compares_actors_that_were_answered(listed, tmp_path):
    workspace, _ = listed
    workspace.ask_activities({"P1": "10.71C", "P2": "16.10A"})
    path = tmp_path / "autre.csv"
    path.write_text(
        f"Identifiant;Nom;Famille;Commune\nX1;{NAMES[1]};business;99001\n", encoding="utf-8"
    )
    report = workspace.import_workbook(path)
    (kept,) = report.links.joined["one_id"]
    assert activities(workspace)[kept] == "16.10A"


def test_a_refused_proposal_serves_no_estimate(listed):
    workspace, _ = listed
    assert (workspace.estimates()["resources"]["actor_id"] == "P1").any()
    workspace.ask_activities({"P1": ""})
    after = workspace.estimates()
    assert not any(
        (rows["actor_id"] == "P1").any() for name, rows in after.items() if name != "sources"
    )


def test_who_has_other_activities_is_not_asked_and_several_sources_add_theirs(workspace, tmp_path):
    head = "Identifiant;Nom;Famille;Commune;Code NAF;Autres activités\n"
    path = tmp_path / "liste.csv"
    rows = f"P1;{NAMES[0]};business;99001;;47.24Z\nP2;{NAMES[1]};business;99001;;\n"
    path.write_text(head + rows, encoding="utf-8")
    workspace.import_workbook(path)
    assert workspace.tables()["actors"]["other_activities"].dropna().tolist() == ["47.24Z"]
    first = workspace.ask_activities()
    assert first.sure + first.asked == 1
    answer(workspace.folder / "activites.xlsx", NAMES[1], "16.10A")
    workspace.ask_activities()
    assert activities(workspace)["P2"] == "16.10A"
    told = rows.replace("Scierie du Val;business;99001;;", "Scierie du Val;business;99001;;16.24Z")
    path.write_text(head + told, encoding="utf-8")
    workspace.import_workbook(path)
    after = workspace.tables()["actors"].set_index("actor_id").loc["P2"]
    assert after[["activity", "other_activities"]].tolist() == ["16.10A", "16.24Z"]
