"""Actors of reuse and repair, on small files in the layout of the open data set."""

from __future__ import annotations

import csv
import json

import pytest

from toolkit import nomenclature
from toolkit import vocabulary as v
from toolkit.errors import DataError
from toolkit.language import problem_text
from toolkit.sources.reuse_actors import load_reuse_actors
from toolkit.sources.translations import translation

# Valid by Luhn's rule, made for the tests.
ONE = "73282932000074"
COLUMNS = [
    "identifiant",
    "paternite",
    "nom",
    "nom_commercial",
    "siret",
    "type_dacteur",
    "adresse",
    "code_postal",
    "ville",
    "code_commune",
    "latitude",
    "longitude",
    "qualites_et_labels",
    "type_de_services",
    "propositions_de_services",
    "reparer",
    "donner",
    "acheter",
    "telephone",
]
ROW = {
    "identifiant": "r1",
    "paternite": "ADEME|Refashion",
    "nom": "Recyclerie du Val",
    "siret": ONE,
    "type_dacteur": "ess",
    "adresse": "3 rue Haute",
    "code_postal": "1400",
    "ville": "Châtillon",
    "code_commune": "1001",
    "latitude": "46.1",
    "longitude": "4.9",
    "type_de_services": "recyclerie|service_de_reparation",
    "telephone": "0102030405",
}


def load(folder, *rows: dict[str, str], **options: bool):
    path = folder / "reuse.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return load_reuse_actors(path, **options)


def pairs(extract, table: str) -> set[tuple[str, str]]:
    rows = extract.tables[table]
    return set(zip(rows["actor_id"], rows["category"], strict=True))


def notes(extract) -> dict[str, str]:
    for note in extract.notes:
        assert problem_text(note, lang="fr") != problem_text(note, lang="en")
    return {note.code.removeprefix("sources_"): note.found for note in extract.notes}


def test_an_actor_offers_what_one_can_buy_and_needs_what_one_can_give(tmp_path):
    proposals = [
        {"action": "reparer", "sous_categories": ["velo", "livre"]},
        {"action": "donner", "sous_categories": ["meuble"]},
        {"action": "acheter", "sous_categories": ["meuble", "literie_elements_d_ameublement"]},
    ]
    found = load(tmp_path, {**ROW, "propositions_de_services": json.dumps(proposals)})
    actor = found.tables["actors"].iloc[0]
    assert (actor["actor_id"], actor["family"]) == (f"siret:{ONE}", "ess")
    assert (actor["commune_id"], actor["department"]) == ("01001", "01")
    assert actor["address"] == "3 rue Haute, 01400 Châtillon"
    assert "0102030405" not in " ".join(map(str, actor))
    assert {category for _, category in pairs(found, "resources")} == {
        "services.daily_life.reuse_shop",
        "skills.repair",
        "materials.goods.furniture",
    }
    assert pairs(found, "needs") == {(f"siret:{ONE}", "materials.goods.furniture")}
    resources = found.tables["resources"].set_index("category")
    assert resources.loc["skills.repair", "label"] == "service_de_reparation, velo, livre"
    assert resources["resource_id"].is_unique
    assert found.source["producer"] == "ADEME, Refashion"
    assert not notes(found)


def test_columns_of_actions_stand_in_for_json(tmp_path):
    row = {**ROW, "propositions_de_services": "{damaged", "donner": "vetement|chaussures"}
    found = load(tmp_path, row)
    assert {category for _, category in pairs(found, "needs")} == {
        "materials.textile.clothing",
        "materials.textile.shoes",
    }
    assert notes(found) == {"json_cells": "1"}
    odd = load(tmp_path, {**ROW, "propositions_de_services": '[{"action": "reparer"}]'})
    assert notes(odd) == {"json_cells": "1"}


def test_collection_points_are_no_actors_and_codes_that_are_new_are_told(tmp_path):
    found = load(
        tmp_path,
        {**ROW, "donner": "objet_nouveau"},
        {**ROW, "identifiant": "p1", "type_dacteur": "pav_public"},
        {**ROW, "identifiant": "p2", "type_dacteur": "pav_prive"},
        {**ROW, "identifiant": "d1", "siret": "", "type_dacteur": "decheterie", "latitude": ""},
        {**ROW, "identifiant": "d1", "siret": ""},
        {**ROW, "identifiant": "n1", "siret": "1", "type_dacteur": "atelier_neuf"},
    )
    assert set(found.tables["actors"]["actor_id"]) == {f"siret:{ONE}", "reuse:d1", "reuse:n1"}
    assert ("reuse:d1", "services.daily_life.recycling_centre") in pairs(found, "resources")
    assert found.tables["actors"]["latitude"].isna().sum() == 1
    assert notes(found) == {
        "collection_points": "2",
        "duplicates": "1",
        "actor_types": "1",
        "codes_unknown": "1",
    }
    assert found.counts == {
        "read": 6,
        "collection_points": 2,
        "duplicates": 1,
        "actors": 3,
        "kept": 3,
    }


def test_natural_persons_stand_under_their_trade_name_or_none(tmp_path):
    person = {**ROW, "nom": "Entreprise Individuelle jeanne d", "type_dacteur": "artisan"}
    rows = ({**person, "nom_commercial": "Couture"}, {**person, "identifiant": "r2", "siret": ""})
    found = load(tmp_path, *rows)
    actors = found.tables["actors"].set_index("actor_id")
    assert actors["name"].tolist() == ["Couture", "reuse:r2"]
    assert actors["natural_person"].all()
    assert actors["address"].isna().tolist() == [False, True]
    assert notes(found) == {"persons_unnamed": "1"}
    named = load(tmp_path, *rows, with_persons=True).tables["actors"]["name"].tolist()
    assert named == ["Couture", "Entreprise Individuelle jeanne d"]


def test_label_makes_ess(tmp_path):
    shop = {**ROW, "type_dacteur": "commerce"}
    found = load(tmp_path, {**shop, "qualites_et_labels": "qualirepar|ess"})
    assert found.tables["actors"]["family"].tolist() == ["ess"]
    assert load(tmp_path, shop).tables["actors"]["family"].tolist() == ["business"]


def test_a_file_of_something_else_is_refused(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_reuse_actors(path)
    assert {problem.found for problem in caught.value.problem_list} == {
        "identifiant",
        "nom",
        "type_dacteur",
    }


def test_own_table_is_sorted_and_names_known_codes():
    rows = translation("reuse_codes")
    keys = list(zip(rows["list"], rows["code"], strict=True))
    assert keys == sorted(set(keys))
    assert set(rows["category"]) - {""} <= nomenclature.codes("categories")
    assert set(rows["family"]) - {""} <= set(v.FAMILIES)
    assert set(rows["table"]) <= {"", v.RESOURCES, v.NEEDS}
