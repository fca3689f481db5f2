"""A territory: tables completed and checked at the door, then frozen."""

from __future__ import annotations

import pickle

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import Point, box

from tests.conftest import tiny_tables
from toolkit import crs, schema
from toolkit import vocabulary as v
from toolkit.errors import CrsError, SchemaError
from toolkit.territory import Territory, complete


def layer(**columns):
    frame = {"commune_id": ["12001"], "name": "Ici", "cog_year": 2026} | columns
    return gpd.GeoDataFrame(frame, geometry=[box(600_000, 6_600_000, 610_000, 6_610_000)], crs=2154)


def test_every_table_is_there_with_the_types_of_its_contract(tiny_territory):
    assert tuple(tiny_territory.tables) == v.TABLES
    for name, contract in schema.CONTRACTS.items():
        frame = tiny_territory.table(name)
        assert set(contract.names) <= set(frame.columns)
        assert frame.index.equals(pd.RangeIndex(len(frame)))
        for column in contract.columns:
            if column.kind != "geometry":
                assert frame[column.name].dtype == column.dtype, (name, column.name)


def test_actors_get_what_their_cells_imply():
    actors = pd.DataFrame(
        {
            "actor_id": ["A", "B", "C"],
            "name": "x",
            "siret": ["73282932000074", None, None],
            "legal_form": ["9220", None, "1000"],
            "family": [None, "ess", None],
            "activity": ["38.32Z", None, "01.11Y"],
            "jobs_band": ["11", "NN", None],
            "jobs": [None, None, 2.0],
            "commune_id": "12001",
        }
    )
    made = complete({"communes": layer(), "actors": actors})["actors"].set_index("actor_id")
    assert made["siren"].tolist()[0] == "732829320"
    assert made["family"].tolist() == ["ess", "ess", "business"]
    assert made.loc["A", "ess_form"] == "association"
    assert made["ess"].tolist() == [True, True, pd.NA]
    assert made.loc["A", "sectors"] == "water_waste"
    assert made.loc[["A", "C"], "activity_version"].tolist() == ["naf_rev2", "naf_2025"]
    assert made["jobs"].tolist()[0] == 14.5
    assert np.isnan(made.loc["B", "jobs"])
    assert made.loc["C", "jobs"] == 2.0


@pytest.mark.parametrize(
    "activity, others, kept, sectors",
    [
        ("38.32Z", "47.79Z|95.29Z", "47.79Z|95.29Z", "water_waste|trade|vehicles_repair"),
        ("38.32Z", " 38.32Z | 47.79Z |47.79Z|", "47.79Z", "water_waste|trade"),
        ("38.32Z", "38.32Z", None, "water_waste"),
        ("38.32Z", "|  |", None, "water_waste"),
        (None, "47.79Z", "47.79Z", "trade"),
        (None, None, None, None),
    ],
)
def test_other_activities_are_told_once_and_imply_sectors(activity, others, kept, sectors):
    actors = pd.DataFrame(
        {
            "actor_id": ["A"],
            "name": "x",
            "family": "ess",
            "activity": activity,
            "other_activities": others,
            "commune_id": "12001",
        }
    )
    territory = Territory.from_tables({"communes": layer(), "actors": actors}, name="x")
    row = territory.actors.iloc[0]
    found = [None if pd.isna(row[name]) else row[name] for name in ("other_activities", "sectors")]
    assert found == [kept, sectors]


def test_an_unknown_other_activity_is_refused_and_told_alone():
    actors = pd.DataFrame(
        {
            "actor_id": ["A"],
            "name": "x",
            "family": "ess",
            "other_activities": "47.79Z|99.99X",
            "commune_id": "12001",
        }
    )
    with pytest.raises(SchemaError) as error:
        Territory.from_tables({"communes": layer(), "actors": actors}, name="x")
    (problem,) = error.value.problem_list
    assert (problem.code, problem.column, problem.found) == (
        "unknown_code",
        "other_activities",
        "99.99X",
    )


def test_what_is_written_wins_over_what_is_implied():
    actors = pd.DataFrame(
        {
            "actor_id": ["A"],
            "name": "x",
            "legal_form": "9220",
            "family": "research",
            "activity": "38.32Z",
            "sectors": "energy",
            "commune_id": "12001",
        }
    )
    made = complete({"communes": layer(), "actors": actors})["actors"]
    assert made[["family", "sectors"]].iloc[0].tolist() == ["research", "energy"]


def test_a_wrong_siret_implies_no_siren():
    actors = pd.DataFrame({"actor_id": ["A"], "siret": ["73282932000075"]})
    assert complete({"actors": actors})["actors"]["siren"].isna().all()


def test_actors_without_a_point_stand_in_their_commune_and_say_so():
    actors = pd.DataFrame(
        {
            "actor_id": ["A", "B", "C"],
            "latitude": [46.55, None, None],
            "longitude": [1.75, None, None],
            "commune_id": ["12001", "12001", "99999"],
        }
    )
    made = complete({"communes": layer(), "actors": actors})["actors"]
    assert made["located_by"].tolist() == ["address", "commune", "none"]
    assert (made.geometry.iloc[0].x, made.geometry.iloc[0].y) == (1.75, 46.55)
    polygon = layer().to_crs(crs.STORAGE_EPSG).geometry.iloc[0]
    assert polygon.contains(made.geometry.iloc[1])
    assert made.geometry.isna().tolist() == [False, False, True]


def test_geometries_come_in_any_crs_and_under_any_name():
    metric = Territory.from_tables({"communes": layer()}, name="x")
    mercator = Territory.from_tables(
        {"communes": layer().to_crs(3857).rename_geometry("geom")}, name="x"
    )
    assert "geom" not in mercator.communes
    assert mercator.communes.crs == crs.STORAGE_EPSG
    np.testing.assert_allclose(mercator.locations, metric.locations, atol=1e-3)
    flat = gpd.GeoDataFrame(
        layer().drop(columns="geometry"), geometry=layer().geometry.force_3d(), crs=2154
    )
    assert not Territory.from_tables({"communes": flat}, name="x").communes.geometry.has_z.any()


def test_a_layer_without_crs_is_refused():
    with pytest.raises(CrsError) as caught:
        Territory.from_tables({"communes": layer().set_crs(None, allow_override=True)}, name="x")
    assert caught.value.code == "crs_missing"
    with pytest.raises(CrsError):
        complete({"communes": pd.DataFrame({"commune_id": ["12001"], "geometry": [Point(0, 0)]})})


def test_a_column_of_geometries_that_holds_text_is_refused():
    with pytest.raises(SchemaError) as caught:
        complete({"communes": pd.DataFrame({"commune_id": ["12001"], "geometry": ["POINT (0 0)"]})})
    assert caught.value.code == "geometry_unreadable"


@pytest.mark.parametrize("tables", [{}, {"communes": None}, {"communes": layer().iloc[:0]}])
def test_a_territory_has_a_perimeter(tables):
    with pytest.raises(SchemaError) as caught:
        Territory.from_tables(tables, name="x")
    assert caught.value.code == "no_perimeter"


def test_unknown_tables_and_doubled_columns_are_refused():
    with pytest.raises(SchemaError) as caught:
        Territory.from_tables({"communes": layer(), "actor": pd.DataFrame()}, name="x")
    assert [problem.found for problem in caught.value.problem_list] == ["actor"]
    doubled = pd.DataFrame([["A", "a", "b"]], columns=["actor_id", "name", "name"])
    with pytest.raises(SchemaError) as caught:
        Territory.from_tables({"communes": layer(), "actors": doubled}, name="x")
    assert caught.value.code == "duplicate_column"


def test_all_problems_are_raised_at_once():
    tables = tiny_tables()
    tables["actors"].loc[0, "family"] = "x"
    tables["actors"].loc[3, "commune_id"] = "99999"
    with pytest.raises(SchemaError) as caught:
        Territory.from_tables(tables, name="x")
    assert caught.value.problems[["row", "column", "code"]].to_numpy().tolist() == [
        ["A1", "family", "unknown_choice"],
        ["A4", "commune_id", "commune_not_in_perimeter"],
    ]
    assert "row A1, `family`: “x” is not in the list." in str(caught.value)


def test_own_columns_stay_and_the_columns_of_places_go():
    tables = tiny_tables()
    tables["actors"] = tables["actors"].assign(note="vu", _row="3", _where="saisie.xlsx")
    territory = Territory.from_tables(tables, name="x")
    assert territory.actors["note"].tolist() == ["vu"] * 6
    assert not {"_row", "_where"} & set(territory.actors.columns)


def test_row_order_and_index_do_not_matter():
    tables = tiny_tables()
    turned = {
        name: frame.iloc[::-1].set_index(pd.Index([7] * len(frame)))
        for name, frame in tables.items()
    }
    one = Territory.from_tables(tables, name="x")
    other = Territory.from_tables(turned, name="x")
    for name in v.TABLES:
        pd.testing.assert_frame_equal(
            pd.DataFrame(one.table(name)), pd.DataFrame(other.table(name))
        )
    pd.testing.assert_frame_equal(one.locations, other.locations)


def test_the_tables_given_are_not_touched():
    tables = tiny_tables()
    before = {name: frame.copy() for name, frame in tables.items()}
    Territory.from_tables(tables, name="x")
    for name, frame in tables.items():
        pd.testing.assert_frame_equal(pd.DataFrame(frame), pd.DataFrame(before[name]))


def test_completing_twice_changes_nothing(tiny_territory):
    again = complete(tiny_territory.tables)
    for name in v.TABLES:
        pd.testing.assert_frame_equal(
            pd.DataFrame(again[name]),
            pd.DataFrame(tiny_territory.table(name)),
            check_column_type=False,
        )


def test_locations_are_metres_and_distances_straight(tiny_territory):
    centres = tiny_territory.locations.loc[["99001", "99002", "99003"]]
    np.testing.assert_allclose(centres["x_m"], [605_000, 615_000, 625_000], atol=50)
    np.testing.assert_allclose(centres["y_m"], 6_605_000, atol=50)
    assert tiny_territory.distance_m("99001", "99003") == pytest.approx(20_000, abs=50)
    assert tiny_territory.distance_m("A1", "A1") == 0.0
    assert list(tiny_territory.locations.columns) == ["x_m", "y_m"]
    assert tiny_territory.locations.index.name == "id"


def test_a_territory_overseas_is_measured_in_its_own_projection():
    frame = gpd.GeoDataFrame(
        {"commune_id": ["97209"], "name": "Fort-de-France", "cog_year": 2026},
        geometry=[box(700_000, 1_610_000, 710_000, 1_620_000)],
        crs=5490,
    )
    territory = Territory.from_tables({"communes": frame}, name="x")
    assert territory.zone.name == "Martinique"
    np.testing.assert_allclose(territory.locations.to_numpy(), [[705_000, 1_615_000]], atol=50)


def test_replace_checks_again(tiny_territory):
    kept = tiny_territory.replace(actors=tiny_territory.actors.iloc[:2])
    assert kept.actors["actor_id"].tolist() == ["A1", "A2"]
    assert (kept.name, kept.fictional) == (tiny_territory.name, True)
    with pytest.raises(SchemaError):
        tiny_territory.replace(actors=tiny_territory.actors.assign(commune_id="99999"))


def test_a_territory_cannot_be_changed(tiny_territory):
    with pytest.raises(AttributeError):
        tiny_territory.name = "autre"
    with pytest.raises(TypeError):
        tiny_territory.tables["actors"] = None


def test_a_territory_goes_to_another_process(tiny_territory):
    there = pickle.loads(pickle.dumps(tiny_territory))
    assert (there.name, there.fictional, there.zone) == (
        tiny_territory.name,
        True,
        tiny_territory.zone,
    )
    pd.testing.assert_frame_equal(there.locations, tiny_territory.locations)


def test_population_counts_what_is_known(tiny_territory):
    assert tiny_territory.population == 4500.0
    frame = tiny_territory.communes.assign(population=[1.0, np.nan, 2.0])
    assert tiny_territory.replace(communes=frame).population == 3.0


@pytest.mark.parametrize("name", v.TABLES)
def test_every_table_has_its_property(tiny_territory, name):
    assert len(getattr(tiny_territory, name)) == len(tiny_territory.table(name))
