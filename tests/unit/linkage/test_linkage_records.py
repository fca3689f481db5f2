"""Records read from a frame: the traps of real files."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from shapely import Point

from toolkit.errors import DataError
from toolkit.linkage.records import to_records


def test_cells_are_cleaned(record):
    frame = record(
        {
            "siret": "732 829 320 00074",
            "postcode": 1400.0,
            "address": "2 Rue Basse, 14000 Caen",
            "commune_id": "2a004",
            "rna": "w141000001",
        }
    )
    found = to_records(frame, where="left")
    assert (found.siret[0], found.siren[0]) == ("73282932000074", "732829320")
    assert (found.postcode[0], found.commune[0], found.department[0]) == ("01400", "2A004", "20")
    assert (found.number[0], found.street[0], found.rna[0]) == ("2", "basse", "W141000001")


def test_a_rounded_siret_is_no_identifier(record):
    assert to_records(record({"siret": 36750100000000}), where="left").siret[0] == ""


@pytest.mark.parametrize(
    "latitude, longitude",
    [(0, 0), (-0.36, 49.18), (np.nan, 2.0), (49.18, None), ("x", "y"), (np.inf, 2.0), (95, 200)],
)
def test_points_outside_france_are_missing(record, latitude, longitude):
    found = to_records(record({"latitude": latitude, "longitude": longitude}), where="left")
    assert np.isnan(found.xyz).all()


def test_a_point_in_france_lies_on_the_unit_sphere(record):
    found = to_records(record({"latitude": "-21.0", "longitude": "55.5"}), where="left")
    assert (found.xyz**2).sum() == pytest.approx(1)
    assert found.xyz[0, 2] == pytest.approx(np.sin(np.radians(-21)))


def test_a_geometry_stands_in_for_missing_coordinates(record):
    rows = [{"latitude": None, "longitude": None, "geometry": Point(1.08, 49.92)}]
    rows += [{"latitude": 49.92, "longitude": 1.08, "geometry": None}]
    rows += [{"latitude": None, "longitude": None, "geometry": Point()}]
    found = to_records(record(*rows), where="left")
    assert found.xyz[0] == pytest.approx(found.xyz[1])
    assert np.isnan(found.xyz[2]).all()


def test_the_middle_of_a_commune_is_no_point(record):
    point = {"latitude": 49.92, "longitude": 1.08}
    rows = [{**point, "located_by": by} for by in ("address", "commune", "none", None)]
    found = to_records(record(*rows), where="left")
    assert np.isnan(found.xyz[:, 0]).tolist() == [False, True, True, False]


@pytest.mark.parametrize(
    "cells, linkable",
    [
        ({}, True),
        ({"name": "[ND]"}, False),
        ({"name": None}, False),
        ({"natural_person": True}, False),
        ({"natural_person": None}, True),
        ({"legal_form": "1000"}, False),
        ({"legal_form": "9220"}, True),
    ],
)
def test_persons_and_the_unnamed_are_not_linked_by_name(record, cells, linkable):
    assert to_records(record(cells), where="left").linkable.tolist() == [linkable]


def test_all_faults_are_told_at_once(record):
    frame = record({"actor_id": "a"}, {"actor_id": "a"}, {"actor_id": " "})
    with pytest.raises(DataError) as caught:
        to_records(frame, where="left")
    assert list(caught.value.problems["code"]) == ["linkage_id_missing", "linkage_id_repeated"]
    with pytest.raises(DataError) as caught:
        to_records(pd.DataFrame({"x": [1]}), where="left")
    assert list(caught.value.problems["found"]) == ["actor_id", "name"]


def test_no_record(record):
    empty = record({}).iloc[:0]
    assert len(to_records(empty, where="left")) == 0


def test_an_address_that_is_only_the_town_is_no_street(record):
    frame = record(
        {"actor_id": "a", "address": "Le Havre", "city": "LE HAVRE"},
        {"actor_id": "b", "address": "12 Le Havre", "city": "LE HAVRE"},
        {"actor_id": "c", "address": "Rue du Havre", "city": "Paris"},
    )
    assert to_records(frame, where="x").street.tolist() == ["", "havre", "havre"]
