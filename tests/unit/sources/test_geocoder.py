"""Batches of addresses to a service on this machine that behaves well, badly and cunningly."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from tests.geocoding_server import found, running
from toolkit.errors import english
from toolkit.sources import geocoder as asking
from toolkit.sources.geocoder import Geocoder
from toolkit.sources.geocoding import Query, read_answers, to_csv

pytestmark = pytest.mark.enable_socket
PORT = Query("12 rue du Port", "14000", "Caen", "14118")
QUAI = Query("3 quai Vendeuvre", "", "Caen", "14118")


@pytest.fixture
def service(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with running() as made:
        yield made


class _Time:
    def __init__(self):
        self.now = dt.datetime(2026, 11, 25, tzinfo=dt.UTC)
        self.waits = []

    def __call__(self):
        return self.now


@pytest.fixture
def time():
    return _Time()


@pytest.fixture
def client(tmp_path, service, time):
    return Geocoder(
        tmp_path / "cache", service.base, loopback=True, now=time, wait=time.waits.append
    )


def test_a_batch_speaks_the_grammar_of_the_service(service, client):
    told = client.ask([PORT, QUAI, PORT])
    assert service.paths == ["/geocodage/search/csv"]
    (form,) = service.forms
    assert form["columns"] == ["address", "postcode", "city"]
    assert form["citycode"] == ["citycode"]
    assert "result_citycode" in form["result_columns"]
    (data,) = form["data"]
    assert data.split("\n") == [
        "id,address,postcode,city,citycode",
        "0,12 rue du Port,14000,Caen,14118",
        "1,3 quai Vendeuvre,,Caen,14118",
        "",
    ]
    answer = told.answers[PORT.key]
    assert (answer.latitude, answer.longitude, answer.score) == (49.18, -0.36, 0.93)
    assert (answer.kind, answer.citycode) == ("housenumber", "14118")
    assert answer.label == 'Rue "du Port", Caen'
    assert (told.sent, told.cached, told.faults) == (2, 0, ())


def test_an_answer_is_kept_for_a_while_whatever_case_and_accents(service, client, time):
    client.ask([PORT])
    time.now += dt.timedelta(days=asking.FRESH_DAYS)
    again = client.ask([Query("12 RUE DU  PÓRT", "14000", "CAEN", "14118"), QUAI])
    assert len(again.answers) == 2
    assert (again.sent, again.cached, again.age_days) == (1, 1, asking.FRESH_DAYS)
    time.now += dt.timedelta(days=1)
    assert client.ask([PORT]).sent == 1
    assert client.ask([PORT]).sent == 0


def test_no_address_can_be_read_from_the_names_in_the_cache_nor_is_a_damaged_line_fatal(
    service, client, tmp_path
):
    service.known = lambda _text, _code: None
    client.ask([PORT])
    path = tmp_path / "cache" / "geocoding.jsonl"
    kept = path.read_text(encoding="utf-8")
    assert "Port" not in kept
    path.write_bytes(kept.encode() + b'{"key": "ab\xff')
    client.ask([QUAI])
    assert client.ask([PORT, QUAI]).sent == 0


def test_each_service_has_its_own_answers(service, client, tmp_path, time):
    client.ask([PORT])
    other = Geocoder(tmp_path / "cache", service.base + "/v2", loopback=True, now=time)
    assert other.ask([PORT]).sent == 1


def test_offline_asks_nobody_and_says_what_is_missing(service, client, tmp_path, time):
    client.ask([PORT])
    time.now += dt.timedelta(days=4000)
    told = Geocoder(tmp_path / "cache", service.base, offline=True, now=time).ask([PORT, QUAI])
    assert list(told.answers) == [PORT.key]
    assert told.age_days == 4000
    assert [(fault.code, fault.found) for fault in told.faults] == [("geocoding_offline", "1")]
    assert len(service.bodies) == 1


def test_what_is_not_found_in_its_commune_is_looked_for_everywhere(service, client):
    service.known = lambda _words, code: (
        None if code else found("14654", result_oldcitycode="14118")
    )
    told = client.ask([PORT])
    assert [row["citycode"] for row in service.sent()] == ["14118", ""]
    assert told.answers[PORT.key].oldcitycode == "14118"
    assert (told.sent, client.ask([PORT]).sent, len(service.bodies)) == (1, 0, 2)


@pytest.mark.parametrize(
    "status, headers, waits",
    [(429, {"Retry_After": "5"}, [5.0]), (503, {}, [1.0]), (500, {"Retry_After": "x"}, [1.0])],
)
def test_a_service_that_is_busy_is_left_in_peace(service, client, time, status, headers, waits):
    service.scripts = [lambda to, _: to.give(status=status, **headers)]
    assert client.ask([PORT]).answers[PORT.key].is_found
    assert time.waits == waits


def test_a_connection_that_breaks_off_is_tried_again(service, client, time):
    service.scripts = [lambda to, body: to.cut(body)]
    assert client.ask([PORT]).answers[PORT.key].is_found
    assert time.waits == [1.0]


@pytest.mark.parametrize(
    "script, code, found_",
    [
        (lambda to, _: to.give(status=400), "geocoding_refused", "400"),
        (lambda to, _: to.give(b"<!DOCTYPE html>\n<html>login</html>"), "geocoding_answer", "<!DO"),
        (lambda to, _: to.give(b""), "geocoding_answer", ""),
        (lambda to, _: to.give(b"id,latitude\n0,1\n"), "geocoding_answer", "id,latitude"),
        (lambda to, _: to.give(b"\x00\xff\xfe\x81" * 9), "geocoding_answer", ""),
        (lambda to, _: to.give(status=302, Location="/else"), "geocoding_moved", "http://127"),
        (
            lambda to, _: to.give(status=307, Location="http://127.0.0.1:1/x"),
            "geocoding_moved",
            "http://127.0.0.1:1/x",
        ),
        (lambda to, _: to.give(status=429, Retry_After="900"), "geocoding_busy", "900"),
        (lambda to, _: to.give(bytes(asking.MAX_BYTES + 1)), "geocoding_too_large", "20"),
    ],
)
def test_a_service_that_says_something_else_is_told_and_asked_once(
    service, client, script, code, found_
):
    service.scripts = [script]
    told = client.ask([PORT])
    (fault,) = told.faults
    assert fault.code == code
    assert fault.found.startswith(found_)
    assert english(fault)
    assert (told.answers, told.sent, len(service.bodies)) == ({}, 0, 1)


def test_a_service_that_never_answers_is_given_up(service, client, time):
    service.scripts = [lambda to, _: to.give(status=502)] * 9
    told = client.ask([PORT])
    assert told.faults[0].code == "geocoding_failed"
    assert (len(service.bodies), time.waits) == (4, [1.0, 2.0, 4.0])


def test_a_slash_is_followed_on_the_same_machine_with_the_file(service, client):
    service.scripts = [lambda to, _: to.give(status=308, Location="/geocodage/search/csv/")]
    assert client.ask([PORT]).answers[PORT.key].is_found
    assert service.paths == ["/geocodage/search/csv", "/geocodage/search/csv/"]
    assert b"12 rue du Port" in service.bodies[1]


def test_a_failure_in_the_middle_keeps_what_was_had(service, client, monkeypatch):
    monkeypatch.setattr(asking, "BATCH", 2)
    queries = [Query(f"{number} rue Haute", "", "Caen", "14118") for number in range(1, 6)]
    service.scripts = [
        lambda to, body: to.well(body),
        lambda to, _: to.give(status=500),
        *[lambda to, body: to.cut(body)] * 3,
    ]
    seen = []
    told = client.ask(queries, progress=lambda done, whole: seen.append((done, whole)))
    assert sorted(told.answers) == sorted(query.key for query in queries[:2])
    assert told.faults[0].code == "geocoding_failed"
    again = client.ask(queries)
    assert (again.cached, again.sent, again.faults) == (2, 3, ())
    assert seen == [(2, 5)]


def test_rows_that_do_not_come_back_are_missing_and_the_others_count(service, client):
    def drop(to, body):
        to.well(body, lambda text: "\n".join(text.split("\n")[:2]).encode())

    service.scripts = [drop]
    told = client.ask([PORT, QUAI])
    assert list(told.answers) == [PORT.key]
    assert [(fault.code, fault.found) for fault in told.faults] == [("geocoding_rows", "1")]
    assert client.ask([PORT, QUAI]).sent == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.encode("cp1252"),
        lambda text: "\n".join([text.split("\n")[0], *reversed(text.split("\n")[1:])]).encode(),
        lambda text: text.encode() + text.split("\n", 1)[1].encode(),
    ],
    ids=["bom", "crlf", "cp1252", "other order", "twice"],
)
def test_files_come_back_in_many_ways(service, client, change):
    service.known = lambda _words, code: found(code, result_label="Château; d'Orne\n2e")
    service.scripts = [lambda to, body: to.well(body, change)]
    told = client.ask([PORT])
    assert told.answers[PORT.key].label.startswith("Château; d'Orne")
    assert told.faults == ()


def test_semicolons_and_points_that_are_none_are_read():
    header = "id;latitude;longitude;result_score;result_type;result_citycode"
    rows = ["0;91;0;0,5;street;1", "1;nan;0;;street;1", "2;49,5;-0.3;;street;1", "3;;;;;"]
    answers = read_answers("\n".join([header, *rows]).encode())
    assert [answers[place].is_found for place in "0123"] == [False, False, True, False]
    assert (answers["2"].latitude, answers["0"].score) == (49.5, 0.5)


@pytest.mark.parametrize(
    "base, code",
    [
        ("http://data.example.org/geocodage", "geocoding_address"),
        ("https://me:secret@data.example.org", "geocoding_address"),
        ("file:///etc/passwd", "geocoding_address"),
        ("data.example.org", "geocoding_address"),
        ("https://intranet.example.org", "geocoding_private"),
    ],
)
def test_only_public_machines_over_https_are_asked(tmp_path, service, monkeypatch, base, code):
    found_at = "10.0.0.7" if "intranet" in base else "9.9.9.9"
    row = [(2, 1, 6, "", (found_at, 443))]
    monkeypatch.setattr("toolkit.sources.web.socket.getaddrinfo", lambda *_a, **_k: row)
    told = Geocoder(tmp_path, base, wait=lambda _s: None).ask([PORT])
    assert told.faults[0].code == code


def test_this_machine_is_asked_only_if_a_test_says_so(service, tmp_path):
    told = Geocoder(tmp_path, service.base, wait=lambda _s: None).ask([PORT])
    assert told.faults[0].code == "geocoding_address"
    assert service.bodies == []


def test_a_cache_that_cannot_be_written_is_told_and_the_answers_count(service, tmp_path, time):
    (tmp_path / "cache").write_text("a file", encoding="utf-8")
    told = Geocoder(tmp_path / "cache", service.base, loopback=True, now=time).ask([PORT])
    assert told.answers[PORT.key].is_found
    assert told.faults[0].code == "geocoding_cache"


def test_the_service_is_the_one_asked_for_then_the_environment_s_then_the_public_one(monkeypatch):
    monkeypatch.delenv(asking.VARIABLE, raising=False)
    assert Geocoder.of_user().host == "data.geopf.fr"
    monkeypatch.setenv(asking.VARIABLE, "https://adresses.example.org")
    assert Geocoder.of_user().host == "adresses.example.org"
    assert Geocoder.of_user("https://other.example.org/x").base == "https://other.example.org/x"


def test_nothing_that_is_asked_is_no_request(service, client):
    assert client.ask([]).answers == {}
    assert service.bodies == []
    assert to_csv([]) == b"id,address,postcode,city,citycode\n"


def test_the_cache_tells_when(client, tmp_path, time):
    client.ask([PORT])
    lines = (tmp_path / "cache" / "geocoding.jsonl").read_text(encoding="utf-8").split("\n")
    assert json.loads(lines[1])["at"] == "2026-11-25T00:00:00+00:00"
