from __future__ import annotations

import xml.etree.ElementTree as ET

from toolkit.privacy import public_diagnosis
from toolkit.views.charts import bars, meter
from toolkit.views.layers import map_data
from toolkit.views.palette import FAMILY_COLOURS
from toolkit.views.plan import still_map
from toolkit.views.tables import gap_table, partnership_table
from toolkit.views.words import (
    category_label,
    distance_text,
    gap_name,
    gap_title,
    hidden_last,
    quantity_text,
)

THIN = "\u202f"


def test_bars_are_as_long_as_their_values_and_escape_names():
    drawn = ET.fromstring(bars([("<a & b>", 10, "10"), ("c", 5, "<5>"), ("d", 0, "0")]))
    filled = [bar.get("style") for bar in drawn.iter("i")]
    assert filled == ["--v:100%", "--v:50%", "--v:0%"]
    assert next(drawn.iter("span")).text == "<a & b>"
    assert [figure.text for figure in drawn.iter("b")] == ["10", "<5>", "0"]


def test_bars_of_families_have_their_mark_and_colour():
    drawn = ET.fromstring(bars([("ESS", 1, "1")], families=["ess"]))
    assert next(drawn.iter("circle")).get("fill") == FAMILY_COLOURS["ess"]
    assert next(drawn.iter("i")).get("style").endswith(f"--c:{FAMILY_COLOURS['ess']}")
    assert next(drawn.iter("span"))[0].tail == " ESS"


def test_bars_of_nothing_but_zeros_can_be_drawn():
    assert "--v:0%" in bars([("a", 0, "0")])


def test_meter_stays_within_its_bar():
    assert "--v:0%" in meter(-1)
    assert "--v:100%" in meter(3)


def test_still_map_is_sound_xml_and_always_the_same(hostile):
    data = map_data(public_diagnosis(hostile, lang="fr").diagnosis, lang="fr")
    drawn = still_map(data, title='<"carte">')
    assert drawn == still_map(data, title='<"carte">')
    tree = ET.fromstring(drawn)
    assert tree.get("aria-label") == '<"carte">'
    names = [node.text for node in tree.iter("text")]
    assert "Ambreval" in names
    assert any(name.endswith(" km") for name in names)


def test_tables_speak_both_languages(diagnosis):
    french, english = gap_table(diagnosis, lang="fr"), gap_table(diagnosis, lang="en")
    assert french.iloc[0].tolist()[:4] == [
        1, "Besoin non couvert", "Chutes de bois brut", "15\u00a0t",
    ]  # fmt: skip
    assert english.columns.tolist()[:4] == ["No.", "Kind of gap", "Subject", "Size"]
    assert french.index.tolist() == diagnosis.gaps["gap_id"].tolist()
    candidates = partnership_table(diagnosis, lang="fr")
    assert candidates.loc["K1", "Sélection"] == "Oui"
    assert "Scierie Dubois" in candidates.loc["K1", "Membres"]


def test_titles_say_what_the_id_says(diagnosis):
    titles = [gap_title(row, lang="fr") for row in diagnosis.gaps.to_dict(orient="records")]
    assert titles[3] == "Chutes de bois brut\u00a0: départs vers l'extérieur"
    assert titles[4] == "Forêt, bois, papier et ameublement\u00a0: 2 acteurs isolés"
    assert titles[5] == (
        "Entre «\u00a0Économie sociale et solidaire\u00a0» et «\u00a0Recherche et formation\u00a0»"
    )
    assert gap_name("unmet_need:a.b:unsized").form == "unsized"


def test_names_on_paper_never_touch_each_other(diagnosis):
    data = map_data(public_diagnosis(diagnosis, lang="fr").diagnosis, lang="fr")
    communes = data["communes"]
    assert [communes["name"][place] for place in communes["order"]] == [
        "Brissac-les-Bois",
        "Ambreval",
        "Château-d'Orne",
    ]
    communes["x"], communes["y"] = [communes["x"][0]] * 3, [communes["y"][0]] * 3
    drawn = [node.text for node in ET.fromstring(still_map(data, title="t")).iter("text")]
    assert "Brissac-les-Bois" in drawn
    assert "Ambreval" not in drawn


def test_trips_are_said_to_the_hundred_metres():
    assert distance_text(4.587, lang="fr") == "4,6\u00a0km"
    assert distance_text(12.04, lang="en") == "12\u00a0km"
    assert distance_text(float("nan"), lang="fr") == ""


def test_ties_that_chance_would_give_are_whole():
    assert quantity_text(18.7, "", lang="fr", bare="tie") == "19\u00a0liens"
    assert quantity_text(18.7, "t", lang="fr", bare="tie") == "18,7\u00a0t"


def test_hidden_actors_come_last_and_the_others_keep_their_order():
    names = ["Zinc", "Acteur non diffusible", "Ancre", "Acteur non diffusible"]
    assert hidden_last(names, lang="fr") == ["Zinc", "Ancre", *["Acteur non diffusible"] * 2]


def test_quantities_have_their_unit_or_what_they_count():
    assert (
        quantity_text(1234.5, "t", lang="fr") == f"1{THIN}234\u00a0t"
        or quantity_text(1234.5, "t", lang="fr") == f"1{THIN}235\u00a0t"
    )
    assert quantity_text(2, "", lang="fr", bare="actor") == "2\u00a0acteurs"
    assert quantity_text(1, "", lang="fr", bare="actor") == "1\u00a0acteur"
    assert quantity_text(float("nan"), "t", lang="fr") == ""
    assert quantity_text(None, "t", lang="en") == ""
    assert category_label("", lang="fr") == "–"
