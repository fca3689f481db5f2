"""Perimeters without files: which outlines are asked for, and what cannot be answered."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.serving import serving
from toolkit.errors import SchemaError, SourceError, UsageError
from toolkit.language import problem_text
from toolkit.settings import LANGUAGES
from toolkit.sources.download import Downloader
from toolkit.sources.fetching import Means
from toolkit.sources.outlines import download_communes
from toolkit.sources.registry import Entry
from toolkit.sources.selection import Selection

pytestmark = pytest.mark.enable_socket

TOWNS = {
    "01001": ("Alpha", 5.0, 46.0),
    "01002": ("Beta", 5.1, 46.0),
    "2A001": ("Gamma", 9.0, 42.0),
    "2A002": ("Delta", 9.1, 42.0),
}


def group(siren, name, *codes):
    members = [
        {"code": code, "siren": f"21{code}", "nom": TOWNS[code][0], "populationMunicipale": 100}
        for code in codes
    ]
    return {"code": siren, "nom": name, "membres": members}


GROUPS = [
    group("200000001", "CC de l'Alpha", "01001"),
    group("200000002", "CA du Large", "01002", "2A001", "2A002"),
]


def features(departement):
    made = []
    for code, (name, x, y) in TOWNS.items():
        if code.startswith(departement):
            ring = [[x, y], [x + 0.1, y], [x + 0.1, y + 0.1], [x, y + 0.1], [x, y]]
            shape = {"type": "Polygon", "coordinates": [ring]}
            cells = {"code": code, "nom": name}
            made.append({"type": "Feature", "properties": cells, "geometry": shape})
    return json.dumps({"type": "FeatureCollection", "features": made}).encode()


@pytest.fixture
def server(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with serving() as made:
        made.scripts["/groups.json"] = lambda to, _: to.give(json.dumps(GROUPS).encode())
        made.scripts["/communes"] = lambda to, _: to.give(
            features(parse_qs(urlsplit(to.path).query)["dep"][0])
        )
        yield made


@pytest.fixture
def entries(server):
    said = {"title": "Titre", "producer": "IGN", "licence": "L", "data_year": 2026}
    members = Entry(
        "groupings", "groupings", server.address + "/groups.json", file="g.json", **said
    )
    address = server.address + "/communes?dep={department}"
    drawn = Entry("outlines", "outlines", address, file="communes.geojson", **said)
    return {"groupings": members, "outlines": drawn}


@pytest.fixture
def means(tmp_path):
    return Means(Downloader(tmp_path / "cache", loopback=True, wait=lambda _: None))


def codes_of(error):
    for problem in error.problem_list:
        assert all(problem_text(problem, lang=lang) for lang in LANGUAGES)
    return [problem.code for problem in error.problem_list]


@pytest.mark.parametrize(
    "asked, communes, departements",
    [
        ({"epci": ("200000001",)}, ["01001"], ["01"]),
        ({"epci": ("Large",)}, ["01002", "2A001", "2A002"], ["01", "2A"]),
        ({"communes": ("gamma", "1001")}, ["01001", "2A001"], ["01", "2A"]),
        ({"departements": ("D2A",)}, ["2A001", "2A002"], ["2A"]),
        (
            {"departements": ("1",), "communes": ("Delta",)},
            ["01001", "01002", "2A002"],
            ["01", "2A"],
        ),
    ],
)
def test_only_the_outlines_of_the_departements_concerned_are_asked_for(
    server, entries, means, asked, communes, departements
):
    extract = download_communes(Selection(**asked), registry=entries, means=means)
    rows = extract.tables["communes"]
    assert rows["commune_id"].tolist() == communes
    assert rows["population"].tolist() == [100.0] * len(communes)
    assert set(rows["cog_year"]) == {2026}
    assert rows["epci_id"].notna().all()
    assert [path for path, _ in server.asked] == [
        "/groups.json",
        *(f"/communes?dep={code}" for code in departements),
    ]
    assert set(extract.sources["producer"]) == {"IGN"}
    assert extract.sources["retrieved_at"].notna().all()


def test_a_grouping_of_a_file_at_hand_needs_no_outlines_at_hand(server, entries, means, tmp_path):
    path = tmp_path / "petr.csv"
    path.write_text(
        "N° SIREN;Nom du groupement;Siren membre;Nom membre\n"
        "250000001;PETR du Sud;200000001;CC de l'Alpha\n250000002;PETR;200000002;CA du Large\n",
        encoding="utf-8",
    )
    chosen = Selection(groups=("PETR du Sud",), groups_file=path)
    extract = download_communes(chosen, registry=entries, means=means)
    assert extract.tables["communes"]["commune_id"].tolist() == ["01001"]
    assert server.asked[-1][0] == "/communes?dep=01"
    assert len(extract.sources) == 3


def test_a_commune_may_be_left_out(server, entries, means):
    chosen = Selection(epci=("200000002",))
    extract = download_communes(chosen, registry=entries, means=means, without=("Beta",))
    assert extract.tables["communes"]["commune_id"].tolist() == ["2A001", "2A002"]
    assert [path for path, _ in server.asked] == ["/groups.json", "/communes?dep=2A"]


@pytest.mark.parametrize(
    "asked, told",
    [
        ({}, ["new_nothing_asked"]),
        (
            {"within": Path("a.geojson"), "around": "Alpha", "radius_km": 5.0},
            ["new_needs_files"] * 2,
        ),
        ({"groups": ("PETR",)}, ["perimeter_needs"]),
        ({"epci": ("999999999",)}, ["communes_epci_unknown"]),
        ({"epci": ("CC de l'Alpa",)}, ["perimeter_epci_unknown"]),
        ({"communes": ("Alfa",)}, ["perimeter_name_unknown"]),
        ({"departements": ("Manche",)}, ["perimeter_departement"]),
        ({"departements": ("99",)}, ["perimeter_departement"]),
    ],
)
def test_what_is_unknown_or_needs_files_is_told_without_outlines(
    server, entries, means, asked, told
):
    with pytest.raises(UsageError) as caught:
        download_communes(Selection(**asked), registry=entries, means=means)
    assert codes_of(caught.value) == told
    assert [path for path, _ in server.asked] in ([], ["/groups.json"])


def test_offline_says_which_files_may_be_given(server, entries, means):
    offline = replace(means, downloader=replace(means.downloader, offline=True))
    with pytest.raises(SourceError) as caught:
        download_communes(Selection(epci=("200000001",)), registry=entries, means=offline)
    assert codes_of(caught.value) == ["new_offline"]
    assert "--from-file" in problem_text(caught.value.problem_list[0], lang="fr")
    assert server.asked == []
    first = download_communes(Selection(epci=("200000001",)), registry=entries, means=means)
    again = download_communes(Selection(epci=("200000001",)), registry=entries, means=offline)
    assert again.tables["communes"].equals(first.tables["communes"])


def test_a_perimeter_has_no_holes(server, entries, means):
    good = server.scripts["/communes"]
    server.scripts["/communes"] = lambda to, turn: (
        to.give(status=404) if "2A" in to.path else good(to, turn)
    )
    with pytest.raises(SourceError) as caught:
        download_communes(Selection(epci=("200000002",)), registry=entries, means=means)
    assert codes_of(caught.value) == ["download_refused"]


def test_a_commune_without_outline_is_told(server, entries, means):
    server.scripts["/communes"] = lambda to, _: to.give(features("01002"))
    with pytest.raises((SchemaError, UsageError)) as caught:
        download_communes(Selection(departements=("01",)), registry=entries, means=means)
    assert codes_of(caught.value) == ["communes_no_polygon"]
