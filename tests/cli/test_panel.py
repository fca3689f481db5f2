"""The comparison panel through the command line."""

from __future__ import annotations

import pytest

from toolkit import cli
from toolkit import vocabulary as v
from toolkit.workspace import Workspace

HEAD = ",".join(v.PANEL_COLUMNS)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MAILLAGE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def files(tmp_path):
    contents = {
        "members.csv": [
            "epci_code,epci_nom,epci_type,commune_code,commune_nom,population_municipale",
            "200000001,CC Une,CC,99001,Ambreval,1000",
            "200000001,CC Une,CC,99002,Brissac,3000",
            "200000002,CA Deux,CA,99003,Château,500",
            *(f"20000{n},CC n° {n},CC,9910{n},Autre,{n}000" for n in range(1, 6)),
        ],
        "counts.csv": [
            "commune_id,activity,count",
            "99001,B203,2",
            "99002,B203,1",
            "99003,B203,1",
            *(f"9910{n},B203,{n}" for n in range(1, 6)),
        ],
    }
    for name, lines in contents.items():
        (tmp_path / name).write_text("\n".join(lines), encoding="utf-8")
    return tmp_path


def words(folder, files, *more: str) -> list[str]:
    counts, members = str(files / "counts.csv"), str(files / "members.csv")
    return ["panel", str(folder), "--counts", counts, "--members", members, *more]


def test_a_panel_is_made_told_and_used(folder, files, capsys):
    assert cli.main(words(folder, files)) == 0
    said = capsys.readouterr().out
    assert "6 territoires dans le panel : 6 CC" in said
    assert "Votre territoire y est" in said
    assert "CC Une, CA Deux" in said  # left out, as they share communes with the territory
    assert "maillage report" in said
    assert (folder / "sources" / "panel.csv").is_file()
    workspace = Workspace(folder)
    assert workspace.background().own_id == "territory:mon-territoire"
    assert cli.main(words(folder, files, "--lang", "en")) == 0
    assert "6 territories in the panel" in capsys.readouterr().out


@pytest.mark.parametrize(
    "options, code, said",
    [
        ([], 2, "Aucun comptage"),
        (["--counts", "bpe", "--offline"], 1, "n'est pas en réserve"),
        (["--counts", "absent.csv", "--members", "absent.json"], 1, "n'existe pas"),
        (["--from-file", "absent.csv", "--counts", "x"], 2, "--counts et --from-file"),
        (["--from-file", "absent.csv"], 1, "n'existe pas"),
    ],
)
def test_wrong_use_is_told_and_nothing_is_written(folder, capsys, options, code, said):
    before = Workspace(folder).database.read_bytes()
    assert cli.main(["panel", str(folder), *options]) == code
    assert said in capsys.readouterr().err
    assert Workspace(folder).database.read_bytes() == before
    assert not (folder / "sources" / "panel.csv").exists()


def test_faults_of_a_ready_panel_are_told_cell_by_cell(folder, tmp_path, capsys):
    path = tmp_path / "ready.csv"
    path.write_text(f"{HEAD}\nT1,mon territoire,CC,-1,,,bpe,B203,x\n", encoding="utf-8")
    assert cli.main(["panel", str(folder), "--from-file", str(path)]) == 1
    said = capsys.readouterr().err
    assert "population" in said
    assert "count" in said
    path.write_text(f"{HEAD}\nT1,mon territoire,CC,10,,,bpe,B203,1\n", encoding="utf-8")
    assert cli.main(["panel", str(folder), "--from-file", str(path)]) == 0
    assert "(T1)" in capsys.readouterr().out
