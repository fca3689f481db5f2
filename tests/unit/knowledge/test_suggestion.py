"""Activities suggested from names and descriptions."""

from __future__ import annotations

import pandas as pd
import pytest

from toolkit import language, nomenclature
from toolkit.errors import UsageError
from toolkit.knowledge.suggestion import (
    ASK,
    SURE,
    ZONES,
    confidence,
    suggest_activities,
    suggest_activity,
    zone_of,
)


def codes(text, **options):
    return [one.code for one in suggest_activity(text, **options)]


@pytest.mark.parametrize(
    "text,start",
    [
        ("Boulangerie Martin", "10.71"),
        ("S.A.R.L. GARAGE DE LA GARE", "45.20"),
        ("Ressourcerie du pays de Bray", "47.79"),
        ("Maraîcher bio", "01.13"),
        ("EHPAD LES TILLEULS", "87.10"),
        ("Micro-crèche Les Petits Loups", "88.91"),
        ("SCI du Moulin", "68.20"),
        ("Commune de Bayeux", "84.11"),
        ("ASSOC SPORTIVE DE HANDBALL", "93.12"),
        ("Auto-école du centre", "85.53"),
        ("Collecte et compostage de biodéchets", "38.2"),
        ("Sawmill", "16.10"),
        ("Dairy", "10.5"),
        ("Fish processing plant", "10.20"),
        ("Wastewater treatment plant", "37.00"),
        ("University of Kent", "85.42"),
        ("Scrap metal dealer", "38.32"),
    ],
)
def test_plain_names_lead_to_their_activity(text, start):
    assert codes(text)[0].startswith(start)


@pytest.mark.parametrize(
    "text,start",
    [
        ("Pizzeria du Collège", "56.10"),
        ("Boulangerie-pâtisserie de la Préfecture", "10.71"),
        ("Opticien de l'Université", "47.78"),
        ("SARL TAXI DE L'AEROPORT", "49.32"),
        ("Brasserie de la Tannerie", "56"),
        ("Épicerie de l'Abbaye", "47.11"),
        ("Laverie des Pêcheurs", "96.01"),
        ("Auberge le Vignoble", "56.10"),
        ("Vétérinaire du Zoo", "75.00"),
        ("Bibliothèque de la vieille Gendarmerie", "91.01"),
        ("Hairdresser at the Old Brewery", "96.02"),
        ("Pub on the Farm", "56.30"),
        ("Pharmacie de la Maison de santé", "47.73"),
        ("Fleuriste de l'Hôtel de Ville", "47.76"),
    ],
)
def test_what_a_trade_is_named_after_does_not_mislead(text, start):
    first = suggest_activity(text)[0]
    assert first.code.startswith(start)
    alone = suggest_activity(text.split()[0] if "SARL" not in text else "Taxi")[0]
    assert first.division_confidence == pytest.approx(alone.division_confidence, abs=0.05)


TRADES = {
    "56": ("brasserie", "pizzeria", "traiteur"),
    "47": ("boucherie", "poissonnerie", "opticien", "épicerie"),
    "43": ("plomberie", "maçonnerie", "serrurerie"),
    "85": ("auto-école", "collège"),
    "75": ("vétérinaire",),
    "49": ("taxi",),
    "69": ("notaire",),
    "16": ("scierie",),
    "96": ("laverie",),
    "91": ("bibliothèque",),
    "87": ("ehpad",),
}
PLACES = """
    du Quai|de la Préfecture|du Collège|de l'Abbaye|du Vignoble|des Pêcheurs|de l'Aéroport|du Marché
    |de la Plage|du Cirque|de la Source|du Canal|de la Chapelle|des Tanneurs|de l'Opéra|du Zoo
    |de la Brasserie|du Verger|de la Tannerie|de l'Université
"""


def test_made_names_of_trades_and_places_lead_to_the_trade():
    made = pd.DataFrame(
        [
            (f"{trade} {' '.join(place.split())}", division)
            for division, trades in TRADES.items()
            for trade in trades
            for place in PLACES.split("|")
        ],
        columns=["name", "division"],
    )
    found = suggest_activities(made)
    wrong = found["activity"].str[:2] != made["division"]
    assert made.loc[wrong, "name"].tolist() == []
    assert (found["zone"] == "sure").mean() > 0.95


def test_what_a_trade_is_named_after_still_says_which_kind_it_is():
    assert codes("École de la danse", level="class") == codes("École danse", level="class")
    assert codes("Élevage des chevaux")[0] == "01.43Z"


def test_a_word_that_is_no_trade_lets_what_follows_speak():
    assert codes("Gestion du port")[0] == "52.22Z"
    assert codes("SARL du Moulin")[0].startswith("10.61")
    assert codes("Fédération des éditeurs de logiciels")[0].startswith("58")
    assert codes("Maison de la presse")[0] == "47.62Z"
    assert codes("Distribution de l'électricité")[0] == "35.13Z"


def test_a_name_and_a_description_may_use_a_word_otherwise():
    frame = pd.DataFrame(
        {
            "name": ["Café du Port", "Café du Port", "Kettou"],
            "description": ["", "Gestion du port", "Café du port"],
        }
    )
    found = suggest_activities(frame)
    assert found.loc[[0, 2], "activity"].tolist() == ["56.30Z", "56.30Z"]
    assert found.loc[1, "confidence"] < found.loc[0, "confidence"] - 0.1


def test_the_words_that_decided_are_shown_with_their_shares():
    first = suggest_activity("SARL Boulangerie Pâtisserie DUPONT")[0]
    assert [word for word, _ in first.words] == ["boulangerie patisserie"]
    several = suggest_activity("Compostage et biodéchets")[0]
    assert sum(share for _, share in several.words) == pytest.approx(1.0)
    assert {word for word, _ in several.words} == {"compostage", "biodechets"}


def test_what_is_not_known_is_left_alone():
    for text in ("", "   ", "123 456", "🙂🙂", "Kettou", "{{7*7}}", "SARL", "\x00", "<b>'\"</b>"):
        assert suggest_activity(text) == (), text


def test_a_word_of_a_whole_division_names_the_division_only():
    first = suggest_activity("EARL de la Vallée")[0]
    assert (first.code, first.level) == ("01", "division")


def test_a_phrase_says_more_than_its_words():
    assert codes("Maison de retraite")[0] == "87.10A"
    assert codes("Caisse de retraite")[0] == "65.30Z"


def test_a_slip_of_the_fingers_is_forgiven_in_long_words():
    assert codes("Menusierie alu")[0] == codes("Menuiserie alu")[0]


def test_a_longest_text_takes_no_time_and_changes_nothing_beyond_what_is_read():
    text = "boulangerie " * 1_000
    assert codes(text)[0] == "10.71C"
    assert suggest_activity("a" * 30_000) == ()
    assert suggest_activity("e\u0301" * 10_000) == ()


def test_suggestions_are_apart_and_in_order():
    found = suggest_activity("Restaurant, traiteur et épicerie bio", top=5)
    assert len({one.code for one in found}) == len(found) > 2
    assert all(0 <= one.confidence <= 1 for one in found)
    assert found[0].confidence == max(one.confidence for one in found)


def test_a_level_can_be_asked_for():
    found = suggest_activity("Restaurant et épicerie", level="division")
    assert {one.level for one in found} == {"division"}
    assert {one.code for one in found} >= {"56", "47"}
    assert all(len(code) == 5 for code in codes("Restaurant", level="class"))


def test_codes_have_labels():
    first = suggest_activity("Plombier")[0]
    assert "eau" in nomenclature.label(first.version, first.code, lang="fr")


def test_a_language_can_be_asked_for():
    assert codes("Nursery", lang="en")[0].startswith("88.91")
    assert codes("Boulangerie", lang="en") == []


@pytest.mark.parametrize(
    "options,code",
    [
        ({"lang": "de"}, "suggestion_lang"),
        ({"top": 0}, "suggestion_top"),
        ({"level": "branch"}, "suggestion_level"),
    ],
)
def test_impossible_requests_are_refused(options, code):
    with pytest.raises(UsageError) as caught:
        suggest_activity("Boulangerie", **options)
    assert caught.value.code == code


def test_confidence_grows_with_the_share():
    for level in ("division", "group", "class", "subclass"):
        assert 0 < confidence(0.0, level) < confidence(0.5, level) < confidence(1.0, level) < 1


# --- frames -----------------------------------------------------------------------------------


def test_a_frame_keeps_its_index_and_says_what_to_ask():
    frame = pd.DataFrame(
        {
            "name": ["Boulangerie", None, "Kettou", "Le Bois Joli"],
            "description": ["", "", None, ""],
        },
        index=["d", "c", "b", "a"],
    )
    found = suggest_activities(frame)
    assert list(found.index) == ["d", "c", "b", "a"]
    assert found.loc["d", ["activity", "activity_version", "zone"]].tolist() == [
        "10.71C",
        "naf_rev2",
        "sure",
    ]
    assert found.loc[["c", "b"], "zone"].tolist() == ["unknown", "unknown"]
    assert (found.loc[found["zone"] == "unknown", "activity"] == "").all()
    assert set(found["zone"]) <= set(ZONES)


def test_a_description_helps_a_name():
    frame = pd.DataFrame({"name": ["Kettou"], "description": ["Réparation de vélos"]})
    assert suggest_activities(frame)["activity"].tolist() == ["95.29Z"]
    assert suggest_activities(frame, ["name"])["zone"].tolist() == ["unknown"]


def test_a_plain_name_is_not_called_into_question_by_its_description():
    told = "Accueil, conseil et devis gratuit. Produits locaux, circuit court, zéro déchet."
    frame = pd.DataFrame({"name": ["Scierie Dupont", "Dupont"], "description": [told, told]})
    found = suggest_activities(frame)
    assert found["zone"].tolist() == ["sure", "unknown"]
    assert found.loc[0, "activity"] == "16.10A"
    turned = suggest_activities(frame, ["description", "name"])
    assert turned.loc[0, "zone"] == "unknown"


def test_one_row_and_many_say_the_same():
    names = ["Boulangerie", "Garage", "Kettou", "EARL du Lac", "Restaurant et épicerie"]
    together = suggest_activities(pd.DataFrame({"name": names}))
    for row, name in enumerate(names):
        alone = suggest_activities(pd.DataFrame({"name": [name]}))
        assert alone.iloc[0].tolist() == together.iloc[row].tolist()


def test_a_frame_without_rows_or_columns():
    assert suggest_activities(pd.DataFrame({"name": []})).shape == (0, 7)
    with pytest.raises(UsageError) as caught:
        suggest_activities(pd.DataFrame({"nom": ["Boulangerie"]}))
    assert caught.value.code == "suggestion_columns"
    named = suggest_activities(pd.DataFrame({"nom": ["Boulangerie"]}), ["nom"])
    assert named["activity"].tolist() == ["10.71C"]


def test_zones_have_words():
    assert [zone_of(one) for one in (SURE, ASK, 0.0)] == list(ZONES)
    for lang in ("fr", "en"):
        for zone in ZONES:
            assert language.has_text(f"suggestion.zone.{zone}", lang=lang)
