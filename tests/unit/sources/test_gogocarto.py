"""Exports of participative maps, made by hand in the layouts that GoGoCarto writes."""

from __future__ import annotations

import json

import pytest

from toolkit import nomenclature
from toolkit import vocabulary as v
from toolkit.errors import DataError
from toolkit.language import problem_text
from toolkit.nomenclature import fold
from toolkit.sources.gogocarto import load_gogocarto, plain_text
from toolkit.sources.translations import translation

FLAT = {
    "id": "a1",
    "name": "Ressourcerie du Val",
    "taxonomy": ["Ressourcerie", "Repair café", "Licorne"],
    "streetAddress": "3 rue Haute",
    "addressLocality": "Millau",
    "postalCode": "12100",
    "email": "a@b.fr",
    "latitude": 44.1,
    "longitude": 3.07,
    "description": "<p>Ouvert &agrave; tous.</p><script>alert(1)</script> "
    "Écrire à a@b.fr ou 05 65 01 02 03",
}
NESTED = {
    "id": 2,
    "title": "Jardin <b>des</b> Lilas",
    "geo": {"latitude": "44.2", "longitude": "3.1"},
    "address": {"streetAddress": "rue Basse", "postalCode": 12100, "addressLocality": "Millau"},
    "categories": "Jardin partagé, Association",
}


def load(folder, content: object, **options):
    path = folder / "map.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return load_gogocarto(path, **options)


def notes(extract) -> dict[str, str]:
    for note in extract.notes:
        assert problem_text(note, lang="fr") != problem_text(note, lang="en")
    return {note.code.removeprefix("sources_"): note.found for note in extract.notes}


@pytest.mark.parametrize("wrapped", [True, False])
def test_both_layouts_and_both_kinds_of_elements(tmp_path, wrapped):
    elements = [FLAT, NESTED]
    found = load(tmp_path, {"data": elements} if wrapped else elements, licence="ODbL 1.0")
    actors = found.tables["actors"].set_index("actor_id")
    assert list(actors.index) == ["gogocarto:map:a1", "gogocarto:map:2"]
    assert actors["family"].tolist() == ["ess", "ess"]
    assert actors["name"].tolist() == ["Ressourcerie du Val", "Jardin des Lilas"]
    assert actors["latitude"].tolist() == [44.1, 44.2]
    assert actors["address"].tolist() == ["3 rue Haute, 12100 Millau", "rue Basse, 12100 Millau"]
    assert actors["department"].tolist() == ["12", "12"]
    assert actors["description"].iloc[0] == "Ouvert à tous. Écrire à … ou …"
    assert "@" not in actors.to_csv()
    resources = found.tables["resources"]
    assert list(zip(resources["actor_id"], resources["category"], strict=True)) == [
        ("gogocarto:map:a1", "services.daily_life.reuse_shop"),
        ("gogocarto:map:a1", "services.daily_life.repair_cafe"),
        ("gogocarto:map:2", "land.shared_garden"),
    ]
    assert notes(found) == {"map_words": "1"}
    assert found.source["licence"] == "ODbL 1.0"


def test_words_of_the_map_come_first(tmp_path):
    words = {"licorne": ("business", "skills.mentoring"), "Ressourcerie": ("", "")}
    found = load(tmp_path, [{**FLAT, "taxonomy": "Licorne,Ressourcerie"}], words=words)
    assert found.tables["actors"]["family"].tolist() == ["business"]
    assert found.tables["resources"]["category"].tolist() == ["skills.mentoring"]
    assert not notes(found)


def test_elements_without_name_and_doubles_are_counted(tmp_path):
    bare = {"id": "b", "name": "Sans rien", "latitude": None, "taxonomy": {"a": 1}}
    found = load(tmp_path, [FLAT, FLAT, {"id": "x"}, {"name": "y"}, bare, "rubbish"])
    assert notes(found) == {"unnamed": "2", "duplicates": "1", "map_words": "2"}
    actors = found.tables["actors"].set_index("actor_id")
    assert actors.loc["gogocarto:map:b", "family"] == "civil"
    assert actors["latitude"].isna().tolist() == [False, True]


@pytest.mark.parametrize("content", [{"elements": []}, [], [1, 2], {"data": "x"}, 3])
def test_another_layout_is_refused(tmp_path, content):
    with pytest.raises(DataError) as caught:
        load(tmp_path, content)
    assert caught.value.code == "sources_json_layout"


def test_html_is_text():
    assert plain_text("a < b & c") == "a < b & c"
    assert plain_text("<style>p{}</style>x<br/>y&nbsp;z</b>") == "x y z"
    assert plain_text("<img src=x onerror=alert(1)>ok") == "ok"


def test_own_table_is_sorted_and_names_known_codes():
    rows = translation("map_words")
    assert rows["word"].tolist() == sorted(set(rows["word"]))
    assert all(word == fold(word) for word in rows["word"])
    assert set(rows["category"]) - {""} <= nomenclature.codes("categories")
    assert set(rows["family"]) <= set(v.FAMILIES)
