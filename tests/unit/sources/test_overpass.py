"""Answers of Overpass, made by hand in the layout of the real ones."""

from __future__ import annotations

import json

import pytest

from toolkit import nomenclature
from toolkit import vocabulary as v
from toolkit.errors import DataError
from toolkit.language import problem_text
from toolkit.sources.overpass import load_overpass
from toolkit.sources.translations import translation

ONE = "73282932000074"  # valid by Luhn's rule, made for the tests
HEAD = {
    "version": 0.6,
    "generator": "Overpass API",
    "osm3s": {"timestamp_osm_base": "2026-03-01T10:00:00Z", "copyright": "ODbL"},
}
CENTRE = {
    "type": "way",
    "id": 7,
    "center": {"lat": 44.1, "lon": 3.07},
    "nodes": [1, 2, 3],
    "tags": {
        "amenity": "recycling",
        "recycling_type": "centre",
        "name": "Déchèterie",
        "addr:city": "Millau",
        "addr:postcode": "12100",
        "addr:street": "rue Haute",
        "addr:housenumber": "3",
        "phone": "0102030405",
    },
}


def load(folder, *elements: dict, **head: object):
    path = folder / "answer.json"
    path.write_text(json.dumps({**HEAD, **head, "elements": list(elements)}), encoding="utf-8")
    return load_overpass(path)


def node(number: int, **tags: str) -> dict:
    return {"type": "node", "id": number, "lat": 44.0, "lon": 3.0, "tags": tags}


def notes(extract) -> dict[str, str]:
    for note in extract.notes:
        assert problem_text(note, lang="fr") != problem_text(note, lang="en")
    return {note.code.removeprefix("sources_osm_"): note.found for note in extract.notes}


def test_nodes_ways_and_relations_are_actors(tmp_path):
    relation = {**CENTRE, "type": "relation", "tags": {"shop": "charity;books", "name": "Emma"}}
    named = {"shop": "second_hand", "operator": "Le Troc", "ref:FR:SIRET": ONE}
    found = load(tmp_path, CENTRE, relation, node(9, **named))
    actors = found.tables["actors"].set_index("actor_id")
    assert list(actors.index) == ["osm:way/7", "osm:relation/7", f"siret:{ONE}"]
    assert actors["family"].tolist() == ["public", "ess", "business"]
    assert actors["name"].tolist() == ["Déchèterie", "Emma", "Le Troc"]
    assert actors["latitude"].tolist() == [44.1, 44.1, 44.0]
    first = actors.iloc[0]
    assert (first["address"], first["city"], first["department"]) == (
        "3 rue Haute, 12100 Millau",
        "Millau",
        "12",
    )
    assert "0102030405" not in " ".join(map(str, first))
    resources = found.tables["resources"]
    assert list(zip(resources["actor_id"], resources["category"], strict=True)) == [
        ("osm:way/7", "services.daily_life.recycling_centre"),
        ("osm:relation/7", "services.daily_life.reuse_shop"),
        (f"siret:{ONE}", "services.daily_life.reuse_shop"),
    ]
    assert found.source["licence"] == "ODbL 1.0"
    assert found.source["data_year"] == 2026
    assert not found.notes


def test_an_empty_answer_with_a_remark_is_unmeasured(tmp_path):
    remark = "runtime error: Query timed out in query at line 1 after 60 seconds."
    found = load(tmp_path, remark=remark)
    assert notes(found) == {"unmeasured": remark}
    assert found.counts["unmeasured"] == 1
    assert found.tables["actors"].empty
    assert notes(load(tmp_path, CENTRE, remark=remark)) == {"remark": remark}
    empty = load(tmp_path)
    assert "unmeasured" not in empty.counts
    assert notes(empty) == {"nothing": ""}


def test_what_is_no_actor_is_counted(tmp_path):
    lost = {"type": "way", "id": 8, "tags": {"shop": "repair", "name": "Sans centre"}}
    found = load(
        tmp_path,
        node(1, amenity="recycling", recycling_type="container", name="Verre"),
        node(2, shop="second_hand"),
        node(3, tourism="hotel", name="Hôtel"),
        {"type": "node", "id": 4, "lat": 44.0, "lon": 3.0},
        lost,
        CENTRE,
        CENTRE,
        "rubbish",
    )
    assert notes(found) == {
        "other": "3",
        "unnamed": "1",
        "sources_duplicates": "1",
        "nowhere": "1",
    }
    assert found.counts["kept"] == 1
    placed = {**lost, "tags": {**lost["tags"], "addr:city": "Millau", "addr:postcode": "12100"}}
    assert load(tmp_path, placed).tables["actors"]["latitude"].isna().all()


@pytest.mark.parametrize(
    "content, code",
    [
        ("<html>429 Too Many Requests</html>", "sources_not_json"),
        ('{"elements": NaN}', "sources_not_json"),
        ('{"elements": {}}', "sources_json_layout"),
        ("[]", "sources_json_layout"),
    ],
)
def test_another_content_is_refused(tmp_path, content, code):
    path = tmp_path / "answer.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_overpass(path)
    assert caught.value.code == code


def test_own_table_is_sorted_and_names_known_codes():
    rows = translation("osm_tags")
    keys = list(zip(rows["key"], rows["value"], strict=True))
    assert keys == sorted(set(keys))
    assert set(rows["category"]) - {""} <= nomenclature.codes("categories")
    assert set(rows["family"]) <= set(v.FAMILIES)


def test_odd_values_in_an_answer_do_no_harm(tmp_path):
    odd = {"type": "node", "id": 5, "lat": "x", "lon": None, "tags": ["shop"]}
    found = load(tmp_path, odd, {**CENTRE, "center": [1, 2]}, osm3s="x", remark=None)
    assert found.source["data_year"] is None
    assert found.tables["actors"]["latitude"].isna().tolist() == [True]
