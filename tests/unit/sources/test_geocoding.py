"""What is asked of a geocoding service, and what is made of its answers."""

from __future__ import annotations

import pandas as pd
import pytest

from toolkit.sources.geocoding import (
    BARE,
    ELSEWHERE,
    HAS_POINT,
    HIDDEN,
    LONGEST,
    LOW_SCORE,
    NO_ADDRESS,
    NOT_FOUND,
    PLACED,
    TOWN_HALL,
    UNANSWERED,
    Answer,
    Query,
    decide,
    to_queries,
    to_query,
)
from toolkit.sources.passage import Passage

QUERY = Query("12 rue du Port", "14000", "Caen", "14118")


def actor(**cells):
    return {
        "actor_id": "A1",
        "name": "Les Ateliers",
        "address": "12 rue du Port, 14000 Caen",
        "commune_id": "14118",
        "located_by": "commune",
        "diffusible": True,
        "natural_person": False,
        "legal_form": "9220",
        **cells,
    }


@pytest.mark.parametrize(
    "cells, reason",
    [
        ({"diffusible": False}, HIDDEN),
        ({"natural_person": True}, HIDDEN),
        ({"legal_form": "1000"}, HIDDEN),
        ({"name": "[ND]"}, HIDDEN),
        ({"address": "[ND] 14000 Caen"}, HIDDEN),
        ({"diffusible": False, "located_by": "address"}, HIDDEN),
        ({"located_by": "address"}, HAS_POINT),
        ({"address": None}, NO_ADDRESS),
        ({"address": "  "}, NO_ADDRESS),
        ({"address": "N/A"}, NO_ADDRESS),
        ({"address": "14000 CAEN CEDEX"}, BARE),
        ({"address": "BP 12 - 14000 Caen"}, BARE),
        ({"address": "12"}, BARE),
    ],
)
def test_who_is_not_asked_for_and_why(cells, reason):
    asked = to_queries(pd.DataFrame([actor(**cells)]), {"14118": "Caen"})
    assert (dict(asked.queries), dict(asked.left)) == ({}, {"A1": reason})


@pytest.mark.parametrize("located_by", ["commune", "none"])
def test_an_address_without_a_point_is_asked_for(located_by):
    frame = pd.DataFrame([actor(located_by=located_by, diffusible=None, natural_person=None)])
    asked = to_queries(frame, {"14118": "Caen"})
    assert dict(asked.queries) == {"A1": QUERY}
    assert dict(asked.left) == {}


@pytest.mark.parametrize(
    "address, sent, postcode",
    [
        ("12 rue de Caen", "12 rue de Caen", ""),
        ("12 rue de Caen 14000 Caen", "12 rue de Caen", "14000"),
        ("3 place Reine Mathilde CAEN", "3 place Reine Mathilde", ""),
        ("12 rue X, 14140 Livarot", "12 rue X Livarot", "14140"),
        ("5 bis,\u00a0rue du «Port»;\t14000\nCaen", "5 bis rue du Port", "14000"),
        ('"4, rue de l’Église"', "4 rue de l’Église", ""),
        ("=HYPERLINK(1)", "HYPERLINK 1", ""),
        ("@SUM(A1:A9)\r\n;DROP", "SUM A1 A9 DROP", ""),
        ("- n° 7 rue d'Ifs", "7 rue d'Ifs", ""),
        ("Z.A. du Bourg, CS 40001, 14000 Caen Cedex 9", "Z.A. du Bourg", "14000"),
        ("1 rue\x00\x1b Haute", "1 rue Haute", ""),
    ],
)
def test_an_address_is_sent_on_one_line_without_what_separates(address, sent, postcode):
    query = to_query(address, city="Caen", citycode="14118")
    assert (query.address, query.postcode, query.city) == (sent, postcode, "Caen")


@pytest.mark.parametrize(
    "address, city, sent",
    [
        ("2 rue Haute 50000 ST LO", "Saint-Lô", "2 rue Haute"),
        ("2 rue Haute, Ste-Mère-Église", "Sainte-Mère-Église", "2 rue Haute"),
        ("2 quai du Brésil Le Havre", "Havre", "2 quai du Brésil"),
        ("2 rue de La Ferté Macé", "La Ferté-Macé", "2 rue de La Ferté Macé"),
        ("2 avenue du Havre", "Le Havre", "2 avenue du Havre"),
    ],
)
def test_a_commune_is_known_in_other_spellings(address, city, sent):
    query = to_query(address, city=city, citycode="50502")
    assert (query.address, query.city) == (sent, city)


@pytest.mark.parametrize(
    "address",
    [
        "Chez Mme Durand, 12 rue Haute",
        "12 rue Haute c/o Jean Petit",
        "Madame Durand - 12 rue Haute",
        "M. Martin\n12 rue Haute",
        "12 rue Haute 02.31.00.00.00",
        "+33 6 12 34 56 78, 12 rue Haute",
        "12 rue Haute, jean.petit@exemple.fr",
    ],
)
def test_whom_a_letter_is_for_is_not_sent(address):
    assert to_query(address, city="Caen", citycode="14118").address == "12 rue Haute"


@pytest.mark.parametrize("address", ["8 rue Madame", "2 rue Monsieur le Prince", "3 rue M. Curie"])
def test_streets_that_are_called_like_a_person_stay(address):
    assert to_query(address, city="Paris", citycode="75056").address == address


def test_an_address_that_is_too_long_is_cut_between_words():
    query = to_query("rue " + "Longue " * 90, city="Caen", citycode="14118")
    assert len(query.address) <= LONGEST
    assert query.address.endswith("Longue")
    assert len(to_query("x" * 500, city="Caen", citycode="").address) == LONGEST


@pytest.mark.parametrize(
    "answer, outcome",
    [
        (None, UNANSWERED),
        (Answer(), NOT_FOUND),
        (Answer(49.2, -0.4, 0.61, "housenumber", "14118"), PLACED),
        (Answer(49.2, -0.4, 0.6, "street", "14118"), PLACED),
        (Answer(49.2, -0.4, 0.9, "locality", "14118"), PLACED),
        (Answer(49.2, -0.4, 0.59, "street", "14118"), LOW_SCORE),
        (Answer(49.2, -0.4, 0.3, "municipality", "14118"), TOWN_HALL),
        (Answer(49.2, -0.4, 0.9, "municipality", "14119"), ELSEWHERE),
        (Answer(49.2, -0.4, 0.9, "street", "14119"), ELSEWHERE),
        (Answer(49.2, -0.4, 0.9, "street", ""), ELSEWHERE),
        (Answer(49.2, -0.4, 0.9, "street", "14654", "14118"), PLACED),
        (Answer(49.2, -0.4, 0.9, "county", "14118"), NOT_FOUND),
    ],
)
def test_what_becomes_of_an_answer(answer, outcome):
    assert decide(QUERY, answer) == outcome


def test_arrondissements_and_old_codes_are_of_their_commune():
    paris = Query("1 rue X", "75004", "Paris", "75056")
    assert decide(paris, Answer(48.9, 2.3, 0.9, "street", "75104")) == PLACED
    passage = Passage({"14011": "14118"}, {}, 2026)
    old = Answer(49.2, -0.4, 0.9, "street", "14011")
    assert decide(QUERY, old) == ELSEWHERE
    assert decide(QUERY, old, passage=passage) == PLACED


def test_the_threshold_is_the_caller_s():
    answer = Answer(49.2, -0.4, 0.7, "street", "14118")
    assert decide(QUERY, answer, min_score=0.8) == LOW_SCORE
