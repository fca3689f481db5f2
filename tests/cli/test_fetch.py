"""Files of open data through the command line."""

from __future__ import annotations

import pytest

from toolkit import cli
from toolkit.workspace import Workspace


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MAILLAGE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def services(folder, tmp_path):
    commune = Workspace(folder).tables()["communes"]["commune_id"].iloc[0]
    path = tmp_path / "france services.csv"
    path.write_text(f"id_fs,lib_fs,insee_com\n1,Le Relais,{commune}\n", encoding="utf-8")
    return path


def test_files_are_taken_and_told(folder, services, capsys):
    assert cli.main(["fetch", str(folder), str(services)]) == 0
    said = capsys.readouterr().out
    assert "1 dans le périmètre" in said
    assert "maillage report" in said
    assert Workspace(folder).tables()["actors"]["name"].tolist() == ["Le Relais"]


@pytest.mark.parametrize(
    "words, code, said",
    [
        (["absent.csv"], 1, "n'existe pas"),
        (["absent.csv", "--kind", "rien"], 2, "Aucune source ne s'appelle"),
        (["schols"], 2, "Aucune source ne s'appelle"),
        (["schools", "--offline"], 1, "n'est pas en réserve"),
    ],
)
def test_wrong_use_is_told_and_nothing_is_written(folder, capsys, words, code, said):
    before = Workspace(folder).database.read_bytes()
    assert cli.main(["fetch", str(folder), *words]) == code
    assert said in capsys.readouterr().err
    assert Workspace(folder).database.read_bytes() == before


def test_an_unknown_file_names_the_known_sources(folder, tmp_path, capsys):
    path = tmp_path / "x.csv"
    path.write_text("a;b\n1;2\n", encoding="utf-8")
    assert cli.main(["fetch", str(folder), str(path), "--lang", "en"]) == 1
    said = capsys.readouterr().err
    assert "none of the known sources" in said
    assert "france-services" in said


def test_without_a_word_the_sources_are_listed(folder, capsys):
    assert cli.main(["fetch", str(folder), "--lang", "en"]) == 0
    said = capsys.readouterr().out
    assert "france-services: " in said
    assert "no copy in the cache" in said


def test_a_source_that_fails_leaves_the_others(folder, services, capsys):
    words = ["fetch", str(folder), str(services), "schools", "--offline"]
    assert cli.main(words) == 1
    captured = capsys.readouterr()
    assert "1 dans le périmètre" in captured.out
    assert "n'est pas en réserve" in captured.err
    assert Workspace(folder).tables()["actors"]["name"].tolist() == ["Le Relais"]
