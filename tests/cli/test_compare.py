"""What changed between two diagnoses, on the command line."""

from __future__ import annotations

import pandas as pd
import pytest

from toolkit import cli
from toolkit.territory import Territory
from toolkit.workspace import Workspace

NEEDS = pd.DataFrame(
    {
        "need_id": ["N1", "N2"],
        "actor_id": ["A1", "A3"],
        "category": "premises.cold_room",
        "quantity": [300.0, 80.0],
        "unit": "m3",
        "period": "once",
        "basis": "observed",
    }
)


@pytest.fixture
def folders(tiny_territory: Territory, tmp_path):
    """Return two folders of one territory: in the second a need is met."""
    paths = []
    for name, needs in (("before", NEEDS), ("after", NEEDS.iloc[:1])):
        path = tmp_path / name
        Workspace.from_territory(path, tiny_territory.replace(needs=needs), lang="en")
        paths.append(path)
    return paths


def run(capsys, *words: object) -> tuple[int, str, str]:
    code = cli.main([str(word) for word in words])
    told = capsys.readouterr()
    return code, told.out, told.err


def test_what_changed_is_told_with_sizes_before_and_after(folders, capsys, tmp_path):
    for folder in folders:
        assert run(capsys, "diagnose", folder)[0] == 0
    table = tmp_path / "changes.csv"
    code, out, _ = run(capsys, "compare", *folders, "--to", table)
    assert code == 0
    assert "1 gap shrank:" in out
    assert "Cold room: 380 m³" in out.replace("\N{NO-BREAK SPACE}", " ")
    assert "→ 300" in out
    read = pd.read_csv(table, sep=";", encoding="utf-8-sig", index_col="gap_id")
    assert read.loc["unmet_need:premises.cold_room", "Change"] == "Smaller"
    assert set(read["Change"]) == {"Smaller", "Unchanged"}


def test_a_file_is_never_overwritten(folders, capsys, tmp_path):
    for folder in folders:
        run(capsys, "diagnose", folder)
    table = tmp_path / "changes.csv"
    table.write_text("mine", encoding="utf-8")
    code, _, err = run(capsys, "compare", *folders, "--to", table)
    assert code == 2
    assert "changes.csv" in err
    assert table.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    "lang, words", [("en", "no diagnosis yet"), ("fr", "pas encore de diagnostic")]
)
def test_folders_without_diagnosis_are_both_named(folders, capsys, lang, words):
    code, _, err = run(capsys, "compare", *folders, "--lang", lang)
    assert code == 2
    assert err.count(words) == 2
    assert str(folders[0]) in err
    assert str(folders[1]) in err


def test_a_diagnosis_made_again_says_what_changed(folders, capsys):
    first, _ = folders
    _, out, _ = run(capsys, "diagnose", first)
    assert "Since" not in out
    _, out, _ = run(capsys, "diagnose", first)
    assert "nothing has changed" in out
    Workspace(first).remove("needs", ["N2"])
    _, out, _ = run(capsys, "diagnose", first)
    assert "Since the last diagnosis: 1 smaller." in out


def test_another_territory_is_compared_by_shares(folders, capsys, tmp_path, tiny_territory):
    other = tmp_path / "other"
    communes = tiny_territory.communes.iloc[:2]
    actors = tiny_territory.actors[tiny_territory.actors["commune_id"].isin(communes["commune_id"])]
    Workspace.from_territory(
        other, tiny_territory.replace(communes=communes, actors=actors), lang="en"
    )
    for folder in (folders[0], other):
        run(capsys, "diagnose", folder)
    code, out, _ = run(capsys, "compare", folders[0], other)
    assert code == 0
    assert "Two different territories" in out
    assert "no longer found" in out
    assert "Only the first tells of: Unmet need" in out
