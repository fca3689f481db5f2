"""Downloads through the command line: a territory from a name alone, and sources by name."""

from __future__ import annotations

import functools
import json

import pytest

from tests.serving import serving
from tests.unit.sources.test_outlines import GROUPS, features
from toolkit import cli
from toolkit.cli import data
from toolkit.sources import registry
from toolkit.sources.download import Downloader
from toolkit.sources.registry import Entry
from toolkit.workspace import Workspace, fetching

pytestmark = pytest.mark.enable_socket
SERVICES = "id_fs,lib_fs,insee_com\n1,Le Relais,2A001\n2,Ailleurs,2A002\n"


@pytest.fixture
def server(tmp_path, monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("MAILLAGE_CACHE", str(tmp_path / "cache"))
    quick = functools.partial(Downloader, loopback=True, wait=lambda _: None)
    monkeypatch.setattr(fetching, "Downloader", quick)
    with serving() as made:
        made.scripts["/groups.json"] = lambda to, _: to.give(json.dumps(GROUPS).encode())
        made.scripts["/communes"] = lambda to, _: to.give(features(to.path[-2:]))
        made.scripts["/services.csv"] = lambda to, _: to.give(SERVICES.encode())
        shipped = registry.read_registry()
        addresses = {
            "groupings": "/groups.json",
            "outlines": "/communes?codeDepartement={department}",
            "france-services": "/services.csv",
            "schools": "/absent.csv",
        }
        made.scripts["/absent.csv"] = lambda to, _: to.give(status=404)
        cells = {
            name: {
                field: getattr(shipped[name], field)
                for field in ("kind", "file", "title", "producer", "licence", "data_year")
            }
            for name in addresses
        }
        entries = {
            name: Entry(name, address=made.address + path, **cells[name])
            for name, path in addresses.items()
        }
        monkeypatch.setattr(registry, "read_registry", lambda *_: entries)
        yield made


def test_a_territory_is_made_of_the_name_of_a_grouping_alone(server, tmp_path, capsys):
    folder = tmp_path / "large"
    assert cli.main(["new", str(folder), "--epci", "ca du large", "--without", "Beta"]) == 0
    assert "2 communes" in capsys.readouterr().out
    tables = Workspace(folder).tables()
    assert tables["communes"]["name"].tolist() == ["Gamma", "Delta"]
    assert set(tables["communes"]["cog_year"]) == {2026}
    assert "Etalab" in " ".join(tables["sources"]["producer"])
    assert cli.main(["fetch", str(folder), "france-services", "schools"]) == 1
    captured = capsys.readouterr()
    assert "2 dans le périmètre" in captured.out
    assert "code 404" in captured.err
    assert len(Workspace(folder).tables()["actors"]) == 2


@pytest.mark.parametrize(
    "words, code, said",
    [
        ([], 2, "Rien ne dit"),
        (["--around", "Gamma", "--radius-km", "5"], 2, "--around"),
        (["--epci", "200000002", "--passage", "p.csv"], 2, "--passage"),
        (["--epci", "200000009"], 2, "200000009"),
        (["--epci", "200000002", "--offline"], 1, "--from-file"),
    ],
)
def test_what_cannot_be_downloaded_is_told_and_nothing_is_made(
    server, tmp_path, capsys, words, code, said
):
    folder = tmp_path / "rien"
    assert cli.main(["new", str(folder), *words]) == code
    assert said in capsys.readouterr().err
    assert not folder.exists()


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_list_tells_size_age_and_licence(server, folder, capsys, lang):
    cli.main(["fetch", str(folder), "france-services"])
    capsys.readouterr()
    assert cli.main(["fetch", str(folder), "--lang", lang]) == 0
    said = capsys.readouterr().out
    assert {"fr": "copie du jour", "en": "copy of today"}[lang] in said
    assert {"fr": "500 Mo au plus", "en": "up to 500 MB"}[lang] in said
    assert said.count("Licence Ouverte 2.0") == 2
    assert "groupings" not in said


def test_big_downloads_are_told_at_most_twenty_times(capsys):
    tell = data.progress_in("en")
    for done in range(0, 2_000_000_001, 1_000_000):
        tell("sirene", done, 2_000_000_000)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == data.PROGRESS_SHARE
    assert lines[0] == "sirene: 100 / 2000 MB"
