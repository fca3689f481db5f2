"""Addresses of a territory's actors, placed by a service on this machine."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt

import pandas as pd
import pytest

from tests.geocoding_server import found, running
from tests.unit.workspace.conftest import write_book
from toolkit.errors import UsageError
from toolkit.sources.catalogue import load_files
from toolkit.sources.geocoder import Geocoder
from toolkit.sources.geocoding import to_query
from toolkit.territory import complete
from toolkit.workspace.locating import Rules, with_points

pytestmark = pytest.mark.enable_socket

PORT = {"latitude": "46.53", "longitude": "1.75"}
"""A point inside the first commune."""


@pytest.fixture
def service(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with running() as made:
        made.known = lambda _words, code: found(code or "99001", **PORT)
        yield made


@pytest.fixture
def geocoder(service, tmp_path):
    return Geocoder(tmp_path / "cache", service.base, loopback=True, wait=lambda _s: None)


def actor(name, **cells):
    return {
        "actor_id": name,
        "name": f"Nom de {name}",
        "family": "ess",
        "commune_id": "99001",
        "address": f"{name[1:]} rue du Port",
        "source_id": "saisie",
        **cells,
    }


def write(workspace, *rows):
    sources = pd.DataFrame([{"source_id": "saisie", "title": "Classeur"}])
    workspace.write({"actors": pd.DataFrame(rows), "sources": sources}, what="test")


def place(workspace, name):
    actors = workspace.tables()["actors"].set_index("actor_id")
    row = actors.loc[name]
    return row["located_by"], round(row.geometry.x, 5), round(row.geometry.y, 5)


def test_an_actor_gets_its_point_a_source_and_a_line_in_the_journal(workspace, geocoder, service):
    write(workspace, actor("A1"), actor("A2", address=None))
    report = workspace.geocode(geocoder, who="Zoé")
    assert place(workspace, "A1") == ("address", 1.75, 46.53)
    assert place(workspace, "A2")[0] == "commune"
    assert dict(report.counts) == {"placed": 1, "no_address": 1}
    assert report.kept.updated == ("A1",)
    actors = workspace.tables()["actors"]
    assert actors["latitude"].isna().all()  # the officer's own cells stay as they are
    sources = workspace.tables()["sources"].set_index("source_id")
    assert sources.loc["ban-127-0-0-1", "retrieved_at"] == "2026-11-22"
    line = workspace.journal().iloc[-2:].set_index("table_name").loc["actors"]
    assert (line["who"], line["row_id"], line["action"]) == ("Zoé", "A1", "update")
    assert "127.0.0.1" in line["what"]
    assert '"located_by": "commune"' in line["before"]
    assert "POINT (1.75" in line["after"]
    workspace.territory()


def test_a_second_time_nothing_is_sent_and_nothing_changes(workspace, geocoder, service):
    service.known = lambda words, code: (
        found(code, kind="municipality", **PORT) if words.startswith("2") else found(code, **PORT)
    )
    write(workspace, actor("A1"), actor("A2"))
    workspace.geocode(geocoder)
    before = workspace.journal()
    report = workspace.geocode(geocoder)
    assert (report.replies.sent, report.replies.cached, report.kept.updated) == (0, 1, ())
    assert dict(report.counts) == {"town_hall": 1, "has_point": 1}
    assert len(workspace.journal()) == len(before)


def test_the_source_is_as_old_as_its_oldest_answer(workspace, geocoder, service):
    write(workspace, actor("A1"))
    month = dt.datetime(2026, 10, 23, 12, tzinfo=dt.UTC)
    kept = dataclasses.replace(geocoder, now=lambda: month)
    kept.ask([to_query("1 rue du Port", city="Ambreval", citycode="99001")])
    noon = month + dt.timedelta(days=30)
    report = workspace.geocode(dataclasses.replace(geocoder, now=lambda: noon))
    assert (report.replies.sent, report.replies.age_days) == (0, 30)
    sources = workspace.tables()["sources"].set_index("source_id")
    assert sources.loc["ban-127-0-0-1", "retrieved_at"] == "2026-10-23"


def test_persons_and_those_who_opposed_never_leave_the_machine(workspace, geocoder, service):
    write(
        workspace,
        actor("A1", address="1 rue Visible"),
        actor("A2", address="2 rue Secrete", diffusible=False),
        actor("A3", address="3 rue Intime", natural_person=True),
        actor("A4", address="4 rue Cachee", legal_form="1000"),
        actor("A5", address="5 rue Placee", latitude=46.5, longitude=1.7),
    )
    before = workspace.tables()["actors"]
    report = workspace.geocode(geocoder)
    wire = b"".join(service.bodies)
    assert b"1 rue Visible" in wire
    for word in (b"Secrete", b"Intime", b"Cachee", b"Placee", b"Nom de", b"A1", b"saisie"):
        assert word not in wire, word
    assert (report.counts["hidden"], report.counts["has_point"]) == (3, 1)
    after = workspace.tables()["actors"]
    same = after["actor_id"] != "A1"
    pd.testing.assert_frame_equal(before[same], after[same])
    listing = (workspace.sources / "geocoding.csv").read_text(encoding="utf-8-sig")
    assert "Visible" in listing
    assert not any(word in listing for word in ("Secrete", "Intime", "Cachee"))


def test_a_town_hall_counts_as_the_commune_whatever_its_score(workspace, geocoder, service):
    service.known = lambda _words, code: found(code, kind="municipality", score=0.3, **PORT)
    write(workspace, actor("A1"))
    report = workspace.geocode(geocoder)
    assert place(workspace, "A1") == ("commune", 1.75, 46.53)
    assert dict(report.counts) == {"town_hall": 1}


@pytest.mark.parametrize(
    "answer, outcome",
    [
        (found("99001", score=0.4, **PORT), "low_score"),
        (found("99003", **PORT), "elsewhere"),
        (None, "not_found"),
    ],
)
def test_what_is_doubtful_stays_at_the_commune(workspace, geocoder, service, answer, outcome):
    service.known = lambda _words, _code: answer
    write(workspace, actor("A1"))
    before = place(workspace, "A1")
    lines = len(workspace.journal())
    report = workspace.geocode(geocoder)
    assert place(workspace, "A1") == before
    assert before[0] == "commune"
    assert dict(report.counts) == {outcome: 1}
    assert len(workspace.journal()) == lines
    assert "ban-127-0-0-1" not in set(workspace.tables()["sources"]["source_id"])


def test_a_point_in_another_commune_than_its_answer_says_is_noted(workspace, geocoder, service):
    service.known = lambda _words, code: found(code, latitude="46.53", longitude="1.95")
    write(workspace, actor("A1"))
    report = workspace.geocode(geocoder)
    assert [note.code for note in report.notes] == ["note_point_elsewhere", "geocoding_list"]


def test_a_failure_in_the_middle_places_what_was_had(workspace, geocoder, service, monkeypatch):
    monkeypatch.setattr("toolkit.sources.geocoder.BATCH", 1)
    write(workspace, actor("A1"), actor("A2"))
    service.scripts = [lambda to, body: to.well(body), lambda to, _: to.give(status=403)]
    report = workspace.geocode(geocoder)
    assert dict(report.counts) == {"placed": 1, "unanswered": 1}
    assert report.replies.faults[0].code == "geocoding_refused"
    assert workspace.geocode(geocoder).counts["placed"] == 1
    assert place(workspace, "A2")[0] == "address"


def test_an_actor_that_changes_while_the_service_is_asked_is_judged_as_it_is_then(
    workspace, geocoder, service
):
    write(workspace, actor("A1"), actor("A2"), actor("A3"))

    def change(_words, code):
        if not service.forms[1:]:
            write(workspace, actor("A1", diffusible=False), actor("A2", address="9 rue Neuve"))
            service.known = lambda _words, code: found(code, **PORT)
        return found(code, **PORT)

    service.known = change
    report = workspace.geocode(geocoder)
    assert dict(report.counts) == {"hidden": 1, "unanswered": 1, "placed": 1}
    assert place(workspace, "A1")[0] == "commune"


def test_the_list_is_safe_to_open_and_tells_each_address(workspace, geocoder, service):
    service.known = lambda _words, code: found(code, result_label="=cmd|'/c calc'!A1", **PORT)
    write(workspace, actor("A1"), actor("-A2", address="7 rue Haute"))
    report = workspace.geocode(geocoder)
    with (workspace.sources / "geocoding.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    assert [row["Identifiant"] for row in rows] == ["'-A2", "A1"]
    assert rows[0]["Adresse trouvée"] == "'=cmd|'/c calc'!A1"
    assert {row["Résultat"] for row in rows} == {"à l'adresse"}
    assert report.notes[-1].params["path"] == "sources/geocoding.csv"


def test_what_the_officer_wrote_is_never_replaced(workspace, geocoder, service):
    write(workspace, actor("A1", latitude=46.5, longitude=1.7))
    report = workspace.geocode(geocoder)
    assert place(workspace, "A1") == ("address", 1.7, 46.5)
    assert (dict(report.counts), service.bodies) == ({"has_point": 1}, [])


def test_a_point_stays_when_the_workbook_comes_again_and_goes_with_its_address(
    workspace, geocoder, service, tmp_path
):
    def book(address):
        header = ["Identifiant", "Nom", "Famille", "Commune", "Adresse"]
        row = ["A1", "Ressourcerie", "Économie sociale et solidaire", "99001", address]
        return write_book(tmp_path / "saisie.xlsx", {"Acteurs": [header, row]})

    workspace.import_workbook(book("1 rue du Port"))
    workspace.geocode(geocoder)
    report = workspace.import_workbook(book("1 rue du Port"))
    assert place(workspace, "A1") == ("address", 1.75, 46.53)
    assert report.tables["actors"].unchanged == ("A1",)
    workspace.import_workbook(book("1 rue Neuve"))
    assert place(workspace, "A1")[0] == "commune"


def test_the_point_of_an_actor_of_two_sources_stays_when_one_comes_again(
    workspace, geocoder, service, tmp_path
):
    siae = tmp_path / "siae.csv"
    siae.write_text(
        "siret;name;kind;city;department;address;naf\n"
        "35600000000048;RESSOURCERIE;EI;Ambreval;99;1 rue du Port;3832Z\n",
        encoding="utf-8",
    )
    header = ["Identifiant", "Nom", "Famille", "Commune", "SIRET"]
    row = ["A1", "Ressourcerie", "Économie sociale et solidaire", "99001", "35600000000048"]
    book = write_book(tmp_path / "saisie.xlsx", {"Acteurs": [header, row]})
    workspace.import_workbook(book)
    workspace.add_sources(load_files([siae]))
    workspace.geocode(geocoder)
    assert place(workspace, "A1") == ("address", 1.75, 46.53)
    report = workspace.import_workbook(book)
    assert report.tables["actors"].unchanged == ("A1",)
    workspace.add_sources(load_files([siae]))
    assert place(workspace, "A1") == ("address", 1.75, 46.53)


@pytest.mark.parametrize(
    "cells, place_",
    [
        ({}, ("address", 1.75)),
        ({"address": "2 rue Neuve"}, ("commune", None)),
        ({"address": None}, ("commune", None)),
        ({"commune_id": "99002"}, ("commune", None)),
        ({"latitude": 46.5, "longitude": 1.7}, ("address", 1.7)),
        ({"actor_id": "A9"}, ("commune", None)),
    ],
)
def test_a_point_goes_with_its_address_when_rows_come_in_again(
    workspace, geocoder, service, cells, place_
):
    write(workspace, actor("A1"))
    workspace.geocode(geocoder)
    stored = workspace.tables()
    row = pd.DataFrame([{**actor("A1"), **cells}])
    rows = complete({"communes": stored["communes"], "actors": row})["actors"]
    made = with_points(rows, stored["actors"]).iloc[0]
    assert made["located_by"] == place_[0]
    assert place_[1] is None or round(made.geometry.x, 5) == place_[1]
    if place_[1] is None:
        assert made.geometry.equals(rows.geometry.iloc[0])


@pytest.mark.parametrize("score", [-0.1, 1.5, float("nan")])
def test_a_score_that_is_none_is_refused(score):
    with pytest.raises(UsageError) as caught:
        Rules.of_user(score)
    assert caught.value.code == "geocoding_score"


def test_a_territory_without_actors_asks_nobody(workspace, geocoder, service):
    report = workspace.geocode(geocoder)
    assert (dict(report.counts), service.bodies, report.notes) == ({}, [], ())
    assert report.lines(lang="fr")[0].startswith("0 adresse envoyée à 127.0.0.1")
