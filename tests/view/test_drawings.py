from __future__ import annotations

import xml.etree.ElementTree as ET

from toolkit.privacy import public_diagnosis
from toolkit.views.charts import bars, meter
from toolkit.views.layers import map_data
from toolkit.views.plan import still_map
from toolkit.views.tables import gap_table, partnership_table
from toolkit.views.words import category_label, gap_name, gap_title, quantity_text

THIN = "\u202f"


def test_bars_are_as_long_as_their_values_and_escape_names():
    drawn = ET.fromstring(bars([("<a & b>", 10, "10"), ("c", 5, "5"), ("d", 0, "0")], title="t"))
    widths = [float(rect.get("width")) for rect in drawn.iter("rect")]
    assert widths[0] == 2 * widths[1]
    assert widths[2] == 1.0
    assert next(drawn.iter("text")).text == "<a & b>"


def test_bars_of_nothing_but_zeros_can_be_drawn():
    assert bars([("a", 0, "0")], title="t").count("<rect") == 1


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
    assert french.iloc[0].tolist()[:3] == ["Besoin non couvert", "Chutes de bois brut", "15\u00a0t"]
    assert english.columns.tolist()[:3] == ["Kind of gap", "Subject", "Size"]
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
