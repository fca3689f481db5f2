"""Communes as people write them: codes, names, postcodes, the last line of an address."""

from __future__ import annotations

import pandas as pd
import pytest

from toolkit.workbook.places import Places

NAMES = {
    "62193": "Calais",
    "62548": "Marck",
    "62730": "Ruminghem",
    "62397": "Guînes",
    "62772": "Saint-Folquin",
    "62645": "Oye-Plage",
    "59999": "Marck",
}
COMMUNES = pd.DataFrame({"commune_id": list(NAMES), "name": list(NAMES.values())})


@pytest.fixture(scope="module")
def places():
    return Places(COMMUNES)


@pytest.mark.parametrize(
    "words, code",
    [
        ("62193", "62193"),
        ("62193 - Calais", "62193"),
        ("62193 – Callais", "62193"),
        ("Calais", "62193"),
        ("62100 Calais", "62193"),
        ("62100 - Calais", "62193"),
        ("62100, Calais", "62193"),
        ("F-62100 CALAIS", "62193"),
        ("Calais (62100)", "62193"),
        ("Calais (62)", "62193"),
        ("Calais 62100", "62193"),
        ("Calais - 62100", "62193"),
        ("(62100) Calais", "62193"),
        ("CALAIS CEDEX", "62193"),
        ("62107 Calais Cedex 9", "62193"),
        ("62370 St Folquin", "62772"),
        ("SAINT FOLQUIN", "62772"),
        ("oye plage", "62645"),
        ("62730 Marck", "62548"),  # a postcode that is the code of Ruminghem
        ("62730 Ruminghem", "62730"),
        ("59140 Marck", "59999"),
        ("75056", "75056"),  # told by the check of the perimeter
        ("75056 - Paris", "75056"),
        ("2a004", "2A004"),
    ],
)
def test_one_commune_is_meant(places, words, code):
    found = places.read(words)
    assert (found.ids, found.code) == ({code}, "")


@pytest.mark.parametrize(
    "words, code",
    [
        ("62730 - Marck", "commune_contradiction"),
        ("62730 - Les Hemmes", "commune_contradiction"),
        ("75001 Calais", "commune_department"),
        ("Calais (75001)", "commune_department"),
    ],
)
def test_two_places_in_one_cell_are_told(places, words, code):
    found = places.read(words)
    assert (found.ids, found.code) == (frozenset(), code)
    assert found.params["number"] in words


def test_no_commune_or_several(places):
    assert places.read("Marck").ids == {"62548", "59999"}
    for words in ("Lille", "62730 Les Hemmes", "(Boutique en ligne)", "?", "()"):
        assert (places.read(words).ids, places.read(words).code) == (frozenset(), "")


def test_nearest_names(places):
    assert places.nearest("Centre Commercial - Calais Coeur de Vie") == ["Calais (62193)"]
    assert places.nearest("62340 Guinnes")[0] == "Guînes (62397)"
    assert places.nearest("Blériot-Plage") == ["Oye-Plage (62645)"]
    assert len(places.nearest("Lille")) == len(places.nearest("")) == 3


def test_without_a_perimeter_only_a_code_is_a_commune():
    places = Places()
    assert places.read("99001 - Ambreval").ids == {"99001"}
    assert places.read("3 Suisses").ids == frozenset()
    assert Places(COMMUNES.iloc[:0]).nearest("Calais") == []


def test_both_halves_of_corsica_share_their_postcodes():
    corsica = pd.DataFrame({"commune_id": ["2A004", "97411"], "name": ["Ajaccio", "Saint-Denis"]})
    places = Places(corsica)
    assert places.read("20000 Ajaccio").ids == {"2A004"}
    assert places.read("97400 St-Denis").ids == {"97411"}
    assert places.read("97200 Saint-Denis").code == "commune_department"
