"""Every problem of completed tables, each told once, with its place."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import LineString, Point, Polygon, box

from toolkit import schema
from toolkit import vocabulary as v
from toolkit.territory import complete


def square(west=600_000, south=6_600_000, size=10_000):
    return box(west, south, west + size, south + size)


def communes(**changes):
    frame = {"commune_id": ["12001"], "name": ["Ici"], "cog_year": [2026]} | changes
    count = len(frame["commune_id"])
    shapes = [square(600_000 + 10_000 * place) for place in range(count)]
    return gpd.GeoDataFrame(frame, geometry=shapes, crs=2154)


def actors(count=1, **changes):
    frame = {
        "actor_id": [f"A{place}" for place in range(count)],
        "name": "Ferme",
        "family": "business",
        "commune_id": "12001",
    } | changes
    return pd.DataFrame(frame, index=range(count))


def found(**tables):
    tables = {"communes": communes(), "actors": actors(2)} | tables
    return [
        (problem.table, problem.row, problem.column, problem.code)
        for problem in schema.check_tables(complete(tables))
    ]


def test_sound_tables_have_no_problem():
    assert found() == []


def test_all_problems_of_all_tables_come_at_once_and_in_order():
    problems = found(
        actors=actors(2, family=["x", "ess"], jobs=[-1.0, 2.0], name=["Ferme", None]),
        needs=pd.DataFrame({"need_id": ["N1"], "category": ["nothing"]}),
    )
    assert problems == [
        ("actors", "A0", "family", "unknown_choice"),
        ("actors", "A0", "jobs", "negative_number"),
        ("actors", "A1", "name", "required_cell"),
        ("needs", "N1", "actor_id", "need_without_owner"),
        ("needs", "N1", "category", "unknown_code"),
    ]


def test_a_problem_stands_at_the_line_of_the_sheet_where_it_is_known():
    frame = actors(2, family=["ess", "x"], _row=["10", "4"], _where="saisie.xlsx, Acteurs")
    problem = schema.check_tables(complete({"communes": communes(), "actors": frame}))[0]
    assert (problem.row, problem.where, problem.found) == ("4", "saisie.xlsx, Acteurs", "x")


def test_lines_are_in_the_order_of_the_sheet_and_not_of_their_digits():
    frame = actors(3, family="x", _row=["10", "9", "101"])
    problems = schema.check_tables(complete({"communes": communes(), "actors": frame}))
    assert [problem.row for problem in problems] == ["9", "10", "101"]


@pytest.mark.parametrize(
    "cells, code",
    [
        ([-0.5, 1.0], "negative_number"),
        ([2_000_000.0, 1.0], "number_too_large"),
        ([float("inf"), 1.0], "not_finite"),
        (["12", 1.0], "bad_number"),
        (["douze", None], "bad_number"),
        ([True, 1.0], "bad_number"),
        ([[1], 1.0], "bad_number"),
        ([10**400, 1], "not_finite"),
    ],
)
def test_numbers(cells, code):
    assert found(actors=actors(2, jobs=pd.Series(cells, dtype="object"))) == [
        ("actors", "A0", "jobs", code)
    ]


@pytest.mark.parametrize(
    "cells, code",
    [
        ([2026.5, 2026], "bad_integer"),
        ([20, 2026], "bad_year"),
        ([np.inf, 2026], "not_finite"),
        (["2026", 2026], "bad_number"),
    ],
)
def test_years(cells, code):
    flows = pd.DataFrame(
        {"flow_id": ["F1", "F2"], "nature": "material", "origin": "A0", "destination": "outside"}
    ).assign(year=pd.Series(cells, dtype="object"))
    assert found(flows=flows) == [("flows", "F1", "year", code)]


@pytest.mark.parametrize("cell", ["oui", 2, 1.0, "True"])
def test_booleans(cell):
    frame = actors(2, diffusible=pd.Series([cell, True], dtype="object"))
    assert found(actors=frame) == [("actors", "A0", "diffusible", "bad_boolean")]


def test_booleans_may_be_missing_next_to_true_ones():
    frame = actors(3, natural_person=pd.Series([True, np.nan, None], dtype="object"))
    made = complete({"communes": communes(), "actors": frame})
    assert schema.check_tables(made) == []
    assert made["actors"]["natural_person"].tolist() == [True, False, False]


def test_the_same_id_twice_names_both_rows():
    tables = {
        "communes": communes(),
        "actors": actors(3, actor_id=["A", "B", "A"], _row=["5", "6", "9"]),
    }
    problems = schema.check_tables(complete(tables))
    assert [(problem.row, problem.code, problem.found) for problem in problems] == [
        ("5", "duplicate_key", "A"),
        ("9", "duplicate_key", "A"),
    ]
    assert dict(problems[0].params) == {"rows": "5, 9", "count": 2}


def test_the_same_member_twice_in_a_cooperation():
    cooperations = pd.DataFrame({"cooperation_id": ["C1", "C2"], "name": "Filière"})
    members = pd.DataFrame({"cooperation_id": ["C1", "C1", "C2"], "actor_id": ["A0", "A0", "A0"]})
    assert (
        found(cooperations=cooperations, members=members)
        == [("members", "C1 / A0", "actor_id", "duplicate_key")] * 2
    )


def test_duplicated_communes_and_actors_do_not_stop_the_check():
    shapes = communes(commune_id=["12001", "12001"], name="Ici", cog_year=2026)
    assert {code for *_, code in found(communes=shapes, actors=actors(2, actor_id="A"))} == {
        "duplicate_key"
    }


def test_references_must_exist():
    resources = pd.DataFrame(
        {
            "resource_id": ["R1", "R2"],
            "actor_id": ["A0", "A9"],
            "category": "materials.wood.pallets",
        }
    )
    assert found(resources=resources) == [("resources", "R2", "actor_id", "unknown_reference")]
    assert found(actors=actors(2, commune_id=["12001", "12999"])) == [
        ("actors", "A1", "commune_id", "commune_not_in_perimeter")
    ]


def test_an_actor_may_not_bear_the_id_of_a_commune_nor_the_word_for_outside():
    assert found(actors=actors(3, actor_id=["12001", "outside", "A"])) == [
        ("actors", "12001", "actor_id", "id_taken"),
        ("actors", "outside", "actor_id", "id_taken"),
    ]


@pytest.mark.parametrize("bad", ["a|b", " a", "a\n", "a\tb"])
def test_ids_hold_nothing_that_breaks_a_list(bad):
    assert ("bad_id") in {code for *_, code in found(actors=actors(2, actor_id=[bad, "B"]))}


def test_texts_hold_nothing_that_cannot_be_written():
    assert found(actors=actors(2, name=["a\x00b", "x" * 10_001])) == [
        ("actors", "A0", "name", "bad_characters"),
        ("actors", "A1", "name", "text_too_long"),
    ]
    assert found(actors=actors(2, name=["\ud800", "b"], note=["\x07", "b"])) == [
        ("actors", "A0", "note", "bad_characters"),
        ("actors", "A0", "name", "bad_characters"),
    ]
    assert found(actors=actors(2, name=["{{7*7}}</script>", "a\nb\tc=1 é 🦊"])) == []


def test_lists_of_codes_are_checked_code_by_code():
    tables = {
        "communes": communes(),
        "actors": actors(2, roles=["funder|king|queen", "funder|network"]),
    }
    problem, *others = schema.check_tables(complete(tables))
    assert (problem.code, problem.found, others) == ("unknown_choice", "king, queen", [])


@pytest.mark.parametrize("link", ["javascript:alert(1)", "exemple.fr", "https://a b"])
def test_links_are_of_the_web(link):
    practices = pd.DataFrame({"practice_id": ["P1"], "title": ["Ressourcerie"], "link": [link]})
    assert found(practices=practices) == [("practices", "P1", "link", "bad_url")]


@pytest.mark.parametrize("day", ["2026-02-30", "1/2/2026", "2026"])
def test_dates_are_days(day):
    sources = pd.DataFrame({"source_id": ["S1"], "title": ["SIRENE"], "retrieved_at": [day]})
    assert found(sources=sources) == [("sources", "S1", "retrieved_at", "bad_date")]


def test_identifiers_are_checked_and_must_agree():
    frame = actors(
        4,
        siret=["73282932000074", "73282932000075", "36750100000000", "35600000049837"],
        siren=["732829321", None, None, "732829320"],
    )
    assert found(actors=frame) == [
        ("actors", "A0", "siren", "identifier_checksum"),
        ("actors", "A1", "siret", "identifier_checksum"),
        ("actors", "A2", "siret", "identifier_rounded"),
        ("actors", "A3", "siren", "siret_siren_disagree"),
    ]


def test_a_need_is_of_an_actor_or_of_a_commune():
    needs = pd.DataFrame(
        {
            "need_id": ["N1", "N2", "N3"],
            "actor_id": ["A0", None, None],
            "commune_id": [None, "12001", None],
            "category": "materials.wood.pallets",
        }
    )
    assert found(needs=needs) == [("needs", "N3", "actor_id", "need_without_owner")]


def test_a_flow_has_two_ends_one_of_them_here():
    flows = pd.DataFrame(
        {
            "flow_id": ["F1", "F2", "F3", "F4"],
            "nature": "material",
            "origin": ["outside", "A0", "A0", "12001"],
            "destination": ["outside", "A0", "A1", "outside"],
        }
    )
    assert found(flows=flows) == [
        ("flows", "F1", "destination", "flow_outside"),
        ("flows", "F2", "destination", "flow_same_ends"),
    ]


def test_a_quantity_has_a_unit_that_measures_its_category():
    resources = pd.DataFrame(
        {
            "resource_id": ["R1", "R2", "R3", "R4"],
            "actor_id": "A0",
            "category": "energy.electricity.solar",
            "quantity": [1.0, 1.0, 1.0, None],
            "unit": ["kWh", "kg", None, None],
        }
    )
    tables = {"communes": communes(), "actors": actors(), "resources": resources}
    wrong, bare = schema.check_tables(complete(tables))
    assert (wrong.row, wrong.code, wrong.params["expected_units"]) == (
        "R2",
        "unit_dimension",
        "MWh, kWh",
    )
    assert (bare.row, bare.code, bare.found) == ("R3", "quantity_without_unit", "1")


def test_money_may_flow_for_anything():
    flows = pd.DataFrame(
        {
            "flow_id": ["F1", "F2"],
            "nature": ["money", "material"],
            "origin": "A0",
            "destination": "outside",
            "category": "energy.electricity.solar",
            "quantity": 10.0,
            "unit": "EUR",
        }
    )
    assert found(flows=flows) == [("flows", "F2", "unit", "unit_dimension")]


# --- places -----------------------------------------------------------------------------------
def test_communes_are_of_one_year():
    frame = communes(commune_id=["12001", "12002"], name="Ici", cog_year=[2023, 2026])
    (problem,) = schema.check_tables(complete({"communes": frame}))
    assert (problem.code, problem.found, problem.row) == ("mixed_cog_years", "2023, 2026", "")


def test_communes_lie_in_one_zone():
    frame = communes(commune_id=["12001", "97209"], name="Ici", cog_year=2026)
    assert [code for *_, code in found(communes=frame)] == ["several_zones"]


@pytest.mark.parametrize("code", ["1001", "12 001", "Millau", "12001 ", "2C001"])
def test_commune_codes_have_five_characters(code):
    problems = found(communes=communes(commune_id=[code]), actors=actors(commune_id=code))
    assert "bad_commune_code" in {code for *_, code in problems}


@pytest.mark.parametrize(
    "shape, code",
    [
        (None, "geometry_missing"),
        (Polygon(), "geometry_missing"),
        (LineString([(0, 0), (1, 1)]), "geometry_type"),
        (Polygon([(0, 0), (2, 2), (2, 0), (0, 2)]), "geometry_invalid"),
    ],
)
def test_communes_have_a_sound_outline(shape, code):
    frame = communes(commune_id=["12001", "12002"], name="Ici", cog_year=2026)
    frame.geometry = gpd.GeoSeries([square(), shape], crs=2154)
    assert found(communes=frame) == [("communes", "12002", "geometry", code)]


def degrees(x, y):
    point = gpd.GeoSeries([Point(x, y)], crs=2154).to_crs(4326).iloc[0]
    return point.y, point.x


def placed(latitude, longitude):
    return found(actors=actors(1, latitude=[latitude], longitude=[longitude]))


def test_a_point_in_the_territory_or_up_to_5_km_beyond_is_accepted():
    assert placed(*degrees(605_000, 6_605_000)) == []
    assert placed(*degrees(614_900, 6_605_000)) == []
    assert placed(*degrees(615_100, 6_605_000)) == [
        ("actors", "A0", "latitude", "outside_perimeter")
    ]


def test_swapped_coordinates_are_recognised():
    latitude, longitude = degrees(605_000, 6_605_000)
    assert placed(longitude, latitude) == [("actors", "A0", "latitude", "coordinates_swapped")]


def test_the_null_island_is_nowhere():
    assert placed(0.0, 0.0) == [("actors", "A0", "latitude", "zero_coordinates")]


def test_half_a_position_is_none():
    assert placed(46.5, None) == [("actors", "A0", "latitude", "half_coordinates")]
    assert placed(None, 1.8) == [("actors", "A0", "latitude", "half_coordinates")]


@pytest.mark.parametrize(
    "latitude, code",
    [
        (91.0, "number_too_large"),
        (-1e9, "number_too_small"),
        (np.inf, "not_finite"),
        ("46,5", "bad_number"),
    ],
)
def test_impossible_coordinates_are_told_once(latitude, code):
    assert placed(latitude, 1.8) == [("actors", "A0", "latitude", code)]


def test_actors_given_as_a_layer_are_checked_too():
    layer = gpd.GeoDataFrame(
        actors(3), geometry=[Point(605_000, 6_605_000), Point(0, 0), square()], crs=2154
    )
    assert found(actors=layer) == [
        ("actors", "A1", "latitude", "outside_perimeter"),
        ("actors", "A2", "geometry", "geometry_type"),
    ]


# --- hostile ----------------------------------------------------------------------------------
def test_many_rows_with_one_id_are_told_in_linear_time():
    frame = actors(3000, actor_id="A", _row=[str(row) for row in range(3000)])
    problems = schema.check_tables(complete({"communes": communes(), "actors": frame}))
    assert len(problems) == 3000
    assert problems[0].params["rows"] == "0, 1, 2, 3, 4, …"


def test_every_table_is_checked_even_when_all_are_empty():
    nothing = {name: schema.empty(name) for name in v.TABLES}
    assert schema.check_tables(complete(nothing)) == []
