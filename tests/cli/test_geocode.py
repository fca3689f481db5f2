"""Addresses to a service on this machine through the command line."""

from __future__ import annotations

import pytest

from tests.geocoding_server import found, running
from toolkit import cli
from toolkit.sources import geocoder
from toolkit.workspace import Workspace

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def service(tmp_path, monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("MAILLAGE_CACHE", str(tmp_path / "cache"))
    with running() as made:
        monkeypatch.setenv(geocoder.VARIABLE, made.base)
        monkeypatch.setattr(geocoder, "Gate", lambda _loopback: geocoder_gate())
        yield made


def geocoder_gate():
    from toolkit.sources.web import Gate

    return Gate(loopback=True)


@pytest.fixture
def filled(folder, fill):
    commune = Workspace(folder).tables()["communes"].iloc[0]
    point = commune["geometry"].representative_point()
    rows = [
        {"Nom": "Atelier", "Adresse": "12 rue du Port"},
        {"Nom": "Mairie", "Adresse": "Le Bourg"},
        {"Nom": "Sans adresse"},
    ]
    common = {"Famille": "Économie sociale et solidaire", "Commune": commune["commune_id"]}
    fill(folder, [{**common, **row} for row in rows])
    assert cli.main(["import", str(folder)]) == 0
    place = {"longitude": f"{point.x:.6f}", "latitude": f"{point.y:.6f}"}
    return folder, commune["commune_id"], place


def test_actors_are_placed_and_told(filled, service, capsys):
    folder, code, place = filled
    service.known = lambda words, _code: found(
        code, kind="street" if "Port" in words else "municipality", **place
    )
    capsys.readouterr()
    assert cli.main(["geocode", str(folder)]) == 0
    said = capsys.readouterr()
    assert "2 adresses envoyées à 127.0.0.1." in said.out
    assert "1 acteur à son adresse." in said.out
    assert "1 acteur dont seule la commune est trouvée : à la mairie" in said.out
    assert "Non envoyé : 1 acteur n'a pas d'adresse." in said.out
    assert "sources/geocoding.csv" in said.out
    assert "maillage report" in said.out
    assert "2 adresses envoyées sur 2" in said.err
    actors = Workspace(folder).tables()["actors"].set_index("name")
    assert actors["located_by"].to_dict() == {
        "Atelier": "address",
        "Mairie": "commune",
        "Sans adresse": "commune",
    }
    assert cli.main(["geocode", str(folder), "--lang", "en", "--offline"]) == 0
    again = capsys.readouterr().out
    assert "0 addresses sent to 127.0.0.1." in again
    assert "1 answer was there already (0 days)." in again
    assert "0 actors changed place" in again


def test_a_service_that_fails_is_told_with_what_to_do(filled, service, capsys):
    folder, _, _ = filled
    service.scripts = [lambda to, _: to.give(b"<html>", status=200)]
    assert cli.main(["geocode", str(folder)]) == 1
    said = capsys.readouterr()
    assert "autre chose qu'une liste d'adresses" in said.err
    assert "2 adresses sans réponse." in said.out


@pytest.mark.parametrize(
    "words, code, said",
    [
        (["--offline"], 1, "n'est pas en réserve : 2"),
        (["--min-score", "60"], 2, "n'est pas entre 0 et 1"),
        (["--min-score", "haut"], 2, "--min-score"),
        (["--base", "ftp://x.example"], 1, "n'est pas en https"),
        (["--passage", "absent.csv"], 1, "n'existe pas"),
    ],
)
def test_wrong_use_is_told_and_nothing_is_written(filled, service, capsys, words, code, said):
    folder, _, _ = filled
    before = Workspace(folder).database.read_bytes()
    assert cli.main(["geocode", str(folder), *words]) == code
    assert said in capsys.readouterr().err
    assert Workspace(folder).database.read_bytes() == before
    assert service.bodies == []
