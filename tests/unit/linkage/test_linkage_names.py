"""Names and streets as words."""

from __future__ import annotations

import pytest

from toolkit.linkage.names import initials, name_tokens, street_of, town_of, town_words


@pytest.mark.parametrize(
    "one, two",
    [
        ("ASSOCIATION LES FÉES PÊCHEUSES  ", "Les fees pecheuses (asso)"),
        ("Centre Communal d'Action Sociale de Dieppe", "CCAS DIEPPE"),
        ("CTRE COM ACTION SOCIALE D ARLES", "C.C.A.S. d'Arles"),
        ("Mairie de Saint-Paul", "COMMUNE DE ST PAUL"),
        ("COM DE WOIPPY", "Ville de Woippy"),
        ("COMMUNAUTE DE COM COTE D EMERAUDE", "CC Côte d'Émeraude"),
        ("COM DE COM DES RIVES", "Communauté de communes des Rives"),
        ("Régie de Quartiers SARL", "REGIE DE QUARTIER"),
        ("A D M R", "A.D.M.R."),
        ("Atelier n° 2", "ATELIERS 2"),
        ("Territoire des deux rives", "Territoire des 2 Rives"),
        ("Œuvres laïques", "OEUVRES LAIQUES"),
    ],
)
def test_the_same_name_written_otherwise(one, two):
    assert sorted(name_tokens(one)) == sorted(name_tokens(two)) != []


@pytest.mark.parametrize("empty", ["", "   ", "[ND]", " [nd] ", "nan", "-", "N/C"])
def test_a_name_that_says_nothing_has_no_words(empty):
    assert name_tokens(empty) == ()


def test_a_name_of_legal_words_only_keeps_them():
    assert name_tokens("L'Association") == ("l", "association")


def test_different_public_bodies_stay_different():
    assert name_tokens("CCAS de Dieppe") != name_tokens("Mairie de Dieppe")
    assert name_tokens("CIAS de Dieppe") != name_tokens("CCAS de Dieppe")


def test_initials_need_three_words():
    assert initials(("union", "locale")) == ""
    assert initials(("union", "locale", "mutualiste")) == "ulm"


@pytest.mark.parametrize(
    "address, expected",
    [
        ("12 bis, av. du Gal de Gaulle, 76200 Dieppe", ("12", "gaulle general")),
        ("4 B RUE DU BOURGET", ("4", "bourget")),
        ("20/22 boulevard Salvador Allende", ("20", "allende salvador")),
        ("PL DE LA MAIRIE", ("", "mairie")),
        ("8 mai 1945", ("8", "1945 mai")),
        ("", ("", "")),
    ],
)
def test_street(address, expected):
    assert street_of(address) == expected


def test_town_that_ends_an_address():
    assert town_of("Rue Mozart 97440 Saint-André") == ("97440", "saint-andre")
    assert town_of("Rue Mozart") == ("", "")
    assert town_words("PARIS 12EME ARRONDISSEMENT") == town_words("Paris") == ("pari",)
