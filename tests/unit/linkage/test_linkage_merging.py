"""One row an actor."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from shapely import Point

from tests.unit.linkage.conftest import OTHER_SIRET, SIRET, SISTER_SIRET
from toolkit.errors import DataError
from toolkit.linkage import merge_records


def same(*rows, zone="same", reasons="name_same"):
    """Return pairs of ids with their probability."""
    table = pd.DataFrame(rows, columns=["left_id", "right_id", "probability"])
    return table.assign(zone=zone, reasons=reasons)


def test_first_filled_cell_by_trust_and_every_source_kept(record):
    records = record(
        {"actor_id": "a", "name": "LA RUCHE", "jobs": 3.0, "source_id": "list"},
        {"actor_id": "b", "name": "La Ruche", "jobs": np.nan, "source_id": "register"},
        {"actor_id": "c", "name": "Autre", "jobs": 1.0, "source_id": "list"},
    )
    actors, conflicts = merge_records(records, same(("a", "b", 0.9)), trust=["register", "list"])
    assert actors["actor_id"].tolist() == ["b", "c"]
    first = actors.iloc[0]
    assert (first["name"], first["jobs"]) == ("La Ruche", 3.0)
    assert (first["source_ids"], first["record_ids"]) == ("register|list", "b|a")
    assert conflicts.empty


def test_values_that_differ_are_conflicts_with_their_source(record):
    records = record(
        {"actor_id": "a", "legal_form": "9220", "source_id": "x"},
        {"actor_id": "b", "legal_form": "5499", "source_id": "y"},
    )
    actors, conflicts = merge_records(records, same(("a", "b", 0.9)), trust=["y"])
    assert actors["legal_form"].tolist() == ["5499"]
    assert conflicts.to_numpy().tolist() == [
        ["b", "legal_form", "5499", "y"],
        ["b", "legal_form", "9220", "x"],
    ]


def test_same_is_carried_on(record):
    records = record({"actor_id": "a"}, {"actor_id": "b"}, {"actor_id": "c"})
    actors, _ = merge_records(records, same(("a", "b", 0.9), ("b", "c", 0.9)))
    assert actors["record_ids"].tolist() == ["a|b|c"]


@pytest.mark.parametrize("other", [OTHER_SIRET, SISTER_SIRET])
def test_never_two_sirets_in_one_actor(record, other):
    records = record(
        {"actor_id": "a", "siret": SIRET, "source_id": "x"},
        {"actor_id": "b", "siret": None, "source_id": "y"},
        {"actor_id": "c", "siret": other, "source_id": "z"},
    )
    actors, conflicts = merge_records(records, same(("a", "b", 0.85), ("b", "c", 0.95)))
    assert actors["record_ids"].tolist() == ["a", "c|b"]
    assert conflicts.to_numpy().tolist() == [["a", "link", "c", "y"], ["c", "link", "a", "x"]]


def test_only_pairs_of_zone_same_are_joined(record):
    records = record({"actor_id": "a"}, {"actor_id": "b"})
    actors, _ = merge_records(records, same(("a", "b", 0.7), zone="ask"))
    assert len(actors) == 2


def test_what_a_person_parts_stays_parted(record):
    records = record({"actor_id": "a"}, {"actor_id": "b"}, {"actor_id": "c"})
    pairs = pd.concat(
        [
            same(("a", "b", 0.99), ("b", "c", 0.9)),
            same(("a", "c", 0.0), zone="different", reasons="answered"),
        ]
    )
    actors, conflicts = merge_records(records, pairs)
    assert actors["record_ids"].tolist() == ["a|b", "c"]
    assert set(conflicts["column"]) == {"link"}


def test_an_answer_comes_before_a_probability(record):
    records = record(
        {"actor_id": "a", "siret": SIRET},
        {"actor_id": "b"},
        {"actor_id": "c", "siret": OTHER_SIRET},
    )
    pairs = pd.concat([same(("b", "c", 1.0)), same(("a", "b", 1.0), reasons="answered")])
    assert merge_records(records, pairs)[0]["record_ids"].tolist() == ["a|b", "c"]


def test_a_point_goes_as_one_and_only_from_the_kept_commune(record):
    records = record(
        {"actor_id": "a", "commune_id": "76217", "latitude": 49.9, "longitude": np.nan},
        {"actor_id": "b", "commune_id": "76351", "latitude": 49.5, "longitude": 0.1},
        {"actor_id": "c", "commune_id": "76217", "latitude": 49.92, "longitude": 1.08},
    )
    actors, conflicts = merge_records(records, same(("a", "b", 0.9), ("b", "c", 0.9)))
    assert actors[["latitude", "longitude"]].to_numpy().tolist() == [[49.92, 1.08]]
    assert conflicts["column"].tolist() == ["commune_id", "commune_id"]


def test_a_point_may_be_a_geometry_only(record):
    records = record(
        {"actor_id": "a", "latitude": np.nan, "longitude": np.nan, "geometry": None},
        {"actor_id": "b", "latitude": np.nan, "longitude": np.nan, "geometry": Point(1.08, 49.92)},
    )
    actors, _ = merge_records(records, same(("a", "b", 1.0)))
    assert actors["geometry"].tolist() == [Point(1.08, 49.92)]


def test_activity_and_its_version_come_from_one_record(record):
    records = record(
        {"actor_id": "a", "activity": None, "activity_version": "naf_2025"},
        {"actor_id": "b", "activity": "38.32Z", "activity_version": "naf_rev2"},
    )
    actors, _ = merge_records(records, same(("a", "b", 1.0)))
    assert actors[["activity", "activity_version"]].to_numpy().tolist() == [["38.32Z", "naf_rev2"]]


def test_privacy_is_that_of_the_strictest_record(record):
    records = record(
        {"actor_id": "a", "name": "La Ruche", "diffusible": True, "natural_person": False},
        {"actor_id": "b", "name": "[ND]", "diffusible": False, "natural_person": True},
    )
    actors, conflicts = merge_records(records, same(("a", "b", 1.0)))
    row = actors.iloc[0]
    assert (row["name"], row["diffusible"], row["natural_person"]) == ("La Ruche", False, True)
    assert set(conflicts["column"]) == {"diffusible", "natural_person"}


def test_pairs_of_unknown_ids_are_left_out(record):
    records = record({"actor_id": "a"})
    actors, conflicts = merge_records(records, same(("a", "zz", 1.0)))
    assert (len(actors), len(conflicts)) == (1, 0)
    assert merge_records(records.iloc[:0], same())[0].empty


def test_repeated_ids_are_refused(record):
    with pytest.raises(DataError) as caught:
        merge_records(record({"actor_id": "a"}, {"actor_id": "a"}), same())
    assert caught.value.code == "linkage_id_repeated"


def test_other_activities_are_those_of_all_records(record):
    records = record(
        {"actor_id": "a", "activity": "38.32Z", "other_activities": "47.79Z"},
        {"actor_id": "b", "activity": None, "other_activities": "95.29Z | 38.32Z|47.79Z"},
        {"actor_id": "c", "activity": "38.32Z", "other_activities": None},
        {"actor_id": "d", "activity": "56.10A", "other_activities": None},
    )
    pairs = same(("a", "b", 1.0), ("b", "c", 1.0))
    actors, conflicts = merge_records(records, pairs)
    assert actors["actor_id"].tolist() == ["a", "d"]
    assert actors["activity"].tolist() == ["38.32Z", "56.10A"]
    assert actors["other_activities"].tolist()[0] == "47.79Z|95.29Z"
    assert pd.isna(actors["other_activities"].iloc[1])
    assert conflicts.empty
    turned, _ = merge_records(records.iloc[::-1], pairs)
    pd.testing.assert_frame_equal(actors, turned)


def test_other_activities_without_the_main_one_that_is_kept(record):
    records = record(
        {"actor_id": "a", "activity": "38.32Z", "other_activities": "47.79Z"},
        {"actor_id": "b", "activity": "47.79Z", "other_activities": "38.32Z"},
    )
    actors, conflicts = merge_records(records, same(("a", "b", 1.0)))
    assert actors[["activity", "other_activities"]].to_numpy().tolist() == [["38.32Z", "47.79Z"]]
    assert set(conflicts["column"]) == {"activity"}
