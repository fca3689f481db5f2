"""Several sources on one perimeter: places, actors told once, ends of flows, counts."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import box

from toolkit.language import problem_text
from toolkit.sources.assemble import assemble
from toolkit.sources.extract import Extract
from toolkit.sources.passage import Passage
from toolkit.territory import Territory


def extract(name: str, **tables: pd.DataFrame) -> Extract:
    stamped = {
        table: frame.assign(basis="recorded", source_id=name) for table, frame in tables.items()
    }
    source = {"source_id": name, "title": name, "rows": 1}
    return Extract(stamped, source, {"read": 1, "kept": 1}, ())


@pytest.fixture
def perimeter() -> Extract:
    communes = gpd.GeoDataFrame(
        {
            "commune_id": ["01001", "01002"],
            "name": ["Saint-Alpha", "Bêta"],
            "population": [100.0, 200.0],
            "cog_year": [2026, 2026],
        },
        geometry=[box(3 + 0.1 * place, 44, 3.1 + 0.1 * place, 44.1) for place in (0, 1)],
        crs=4326,
    )
    return extract("communes", communes=communes)


def actor(actor_id: str, **cells: object) -> dict[str, object]:
    return {"actor_id": actor_id, "name": actor_id, "family": "business", **cells}


def actors(*rows: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame(list(rows))


def codes(assembly) -> dict[str, str]:
    for note in assembly.notes:
        assert problem_text(note, lang="fr") != problem_text(note, lang="en")
    return {note.code.removeprefix("sources_"): note.params["examples"] for note in assembly.notes}


def places(assembly) -> dict[str, str]:
    frame = assembly.tables["actors"]
    return dict(zip(frame["actor_id"], frame["commune_id"], strict=True))


def test_actor_is_placed_by_code_then_name_then_point(perimeter):
    frame = actors(
        actor("a", commune_id="01001"),
        actor("b", city="ST ALPHA CEDEX", department="01"),
        actor("c", city="Ailleurs", department="01", longitude=3.15, latitude=44.05),
        actor("d", city="Saint-Alpha", department="39"),
        actor("e", commune_id="39001", longitude=3.15, latitude=44.05),
    )
    found = assemble(perimeter, [extract("s", actors=frame)])
    assert places(found) == {"a": "01001", "b": "01001", "c": "01002"}
    assert codes(found) == {"placed_by_point": "c", "code_elsewhere": "e (39001 → 01002)"}
    assert found.counts.to_dict("records") == [
        {"source_id": "s", "table": "actors", "given": 5, "inside": 3, "outside": 2}
    ]


def test_points_that_cannot_be_believed_are_taken_away(perimeter):
    frame = actors(
        actor("far", commune_id="01001", longitude=-1.04, latitude=46.7),
        actor("zero", commune_id="01001", longitude=0.0, latitude=0.0),
        actor("near", commune_id="01001", longitude=2.98, latitude=44.05),
    )
    found = assemble(perimeter, [extract("s", actors=frame)])
    kept = found.tables["actors"].set_index("actor_id")["longitude"]
    assert kept.isna().to_dict() == {"far": True, "near": False, "zero": True}
    assert codes(found) == {"points_elsewhere": "far"}
    territory = Territory.from_tables(found.tables, name="Essai")
    located = territory.actors.set_index("actor_id")["located_by"]
    assert located.to_dict() == {"far": "commune", "near": "address", "zero": "commune"}


def test_one_siret_is_one_actor_the_first_source_is_believed(perimeter):
    first = actors(actor("siret:1", commune_id="01001", activity="16.10A", name="First"))
    second = actors(
        actor(
            "siret:1", commune_id="01002", activity="16.10A", family="ess", ess_form="association"
        )
    )
    found = assemble(perimeter, [extract("one", actors=first), extract("two", actors=second)])
    row = found.tables["actors"].iloc[0]
    assert len(found.tables["actors"]) == 1
    assert (row["name"], row["commune_id"], row["family"]) == ("First", "01001", "ess")
    assert row["ess_form"] == "association"
    assert row["source_id"] == "one"
    assert row["source_ids"] == "one|two"
    assert codes(found) == {
        "same_actor": "siret:1",
        "differing_cells": "siret:1 (commune_id)",
    }


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize(
    "flag, told",
    [
        ({"diffusible": False}, {"diffusible": False}),
        ({"natural_person": True}, {"natural_person": True}),
    ],
)
def test_who_is_hidden_by_one_source_is_named_by_none(perimeter, is_first, flag, told):
    cells = {"commune_id": "01001", "longitude": 3.05, "latitude": 44.05, "address": "3 rue"}
    hidden = actors(actor("siret:1", commune_id="01001", **flag) | {"name": "1"})
    named = actors(actor("siret:1", **cells) | {"name": "Jean Dupont"})
    both = [extract("one", actors=hidden), extract("two", actors=named)]
    found = assemble(perimeter, both if is_first else both[::-1])
    row = found.tables["actors"].iloc[0]
    assert row["name"] == "1"
    assert row[["address", "latitude", "longitude"]].isna().all()
    assert {name: bool(row[name]) for name in told} == told
    territory = Territory.from_tables(found.tables, name="Essai")
    assert territory.actors["located_by"].tolist() == ["commune"]


def test_a_person_who_is_named_on_request_stays_named(perimeter):
    asked = actors(actor("siret:1", commune_id="01001", natural_person=True, name="Jean Dupont"))
    listed = actors(actor("siret:1", commune_id="01001", name="Atelier Dupont"))
    found = assemble(perimeter, [extract("one", actors=asked), extract("two", actors=listed)])
    assert found.tables["actors"]["name"].tolist() == ["Jean Dupont"]


def test_public_body_stays_public_whatever_it_carries(perimeter):
    first = actors(actor("siret:1", commune_id="01001", family="public"))
    second = actors(actor("siret:1", commune_id="01001", family="ess"))
    found = assemble(perimeter, [extract("one", actors=first), extract("two", actors=second)])
    assert found.tables["actors"]["family"].tolist() == ["public"]


def test_resources_follow_their_actor(perimeter):
    frame = actors(actor("in", commune_id="01001"), actor("out", commune_id="39001"))
    held = pd.DataFrame(
        {
            "resource_id": ["r1", "r2"],
            "actor_id": ["in", "out"],
            "category": "services.education.primary_school",
        }
    )
    found = assemble(perimeter, [extract("s", actors=frame, resources=held)])
    assert found.tables["resources"]["resource_id"].tolist() == ["r1"]
    assert found.counts.query("table == 'resources'")["outside"].tolist() == [1]


def test_a_row_that_two_sources_tell_is_that_of_the_first_whole(perimeter):
    frame = actors(actor("a", commune_id="01001"))
    cells = {"resource_id": ["r"], "actor_id": ["a"], "category": "social.work_integration"}
    first = pd.DataFrame({**cells, "label": ["ACI"]})
    second = pd.DataFrame({**cells, "label": ["Autre"], "quantity": [3.0], "unit": ["place"]})
    flow = {
        "flow_id": ["f"],
        "nature": ["money"],
        "origin": ["a"],
        "destination": ["01002"],
    }
    found = assemble(
        perimeter,
        [
            extract("one", actors=frame, resources=first, flows=pd.DataFrame(flow)),
            extract("two", resources=second, flows=pd.DataFrame({**flow, "quantity": [9.0]})),
        ],
    )
    resources, flows = found.tables["resources"], found.tables["flows"]
    assert resources["label"].tolist() == ["ACI"]
    assert resources["quantity"].isna().all()
    assert flows["source_id"].tolist() == ["one"]
    assert flows.get("quantity", pd.Series([None])).isna().all()
    assert [note.found for note in found.notes if note.code == "sources_same_row"] == ["1", "1"]
    Territory.from_tables(found.tables, name="Essai")


def test_two_files_of_one_name_are_counted_once(perimeter):
    rows = actors(actor("a", commune_id="01001"))
    found = assemble(perimeter, [extract("s", actors=rows), extract("s", actors=rows)])
    assert found.counts.to_dict("records") == [
        {"source_id": "s", "table": "actors", "given": 2, "inside": 2, "outside": 0}
    ]


# --- Paris, Lyon, Marseille ---------------------------------------------------------------------
def city(names: dict[str, str]) -> Extract:
    communes = gpd.GeoDataFrame(
        {"commune_id": list(names), "name": list(names.values()), "cog_year": 2026},
        geometry=[box(4.8 + 0.1 * place, 45, 4.9 + 0.1 * place, 45.1) for place in range(2)],
        crs=4326,
    )
    return extract("communes", communes=communes)


ROWS = (
    actor("by_code", commune_id="69383"),
    actor("by_name", city="LYON 03", department="69"),
    actor("by_words", city="Lyon 3ème Arrondissement", department="69"),
    actor("whole", city="LYON CEDEX 03", department="69"),
)


def test_arrondissements_are_their_city():
    around = city({"69123": "Lyon", "69266": "Villeurbanne"})
    flow = pd.DataFrame(
        {"flow_id": ["f"], "nature": ["people"], "origin": ["69383"], "destination": ["69266"]}
    )
    held = pd.DataFrame({"need_id": ["n"], "actor_id": [None], "commune_id": ["69381"]})
    found = assemble(around, [extract("s", actors=actors(*ROWS), flows=flow, needs=held)])
    assert set(places(found).values()) == {"69123"}
    assert len(places(found)) == 4
    assert found.tables["flows"]["origin"].tolist() == ["69123"]
    assert found.tables["needs"]["commune_id"].tolist() == ["69123"]


def test_a_perimeter_of_arrondissements_keeps_them():
    around = city({"69383": "Lyon 3e Arrondissement", "69387": "Lyon 7e Arrondissement"})
    passage = Passage({"69383": "69123", "69387": "69123"}, {}, 2026)
    for table in (None, passage):
        found = assemble(around, [extract("s", actors=actors(*ROWS))], passage=table)
        assert places(found) == dict.fromkeys(("by_code", "by_name", "by_words"), "69383")


def test_a_code_of_the_perimeter_stays_itself_whatever_the_table_says(perimeter):
    frame = actors(actor("back", commune_id="01002"), actor("old", commune_id="01009"))
    passage = Passage({"01002": "01001", "01009": "01001"}, {}, 2026)
    found = assemble(perimeter, [extract("s", actors=frame)], passage=passage)
    assert places(found) == {"back": "01002", "old": "01001"}


def test_needs_follow_their_actor_or_their_commune(perimeter):
    frame = actors(actor("in", commune_id="01001"), actor("out", commune_id="39001"))
    needs = pd.DataFrame(
        {
            "need_id": ["n1", "n2", "n3", "n4"],
            "actor_id": ["in", "out", None, None],
            "commune_id": [None, "01001", "01001", "39001"],
            "category": "materials.wood.pallets",
        }
    )
    found = assemble(perimeter, [extract("s", actors=frame, needs=needs)])
    assert found.tables["needs"]["need_id"].tolist() == ["n1", "n3"]
    assert found.counts.query("table == 'needs'")["outside"].tolist() == [2]


def flow(name: str, origin: str, destination: str) -> dict[str, object]:
    return {
        "flow_id": name,
        "nature": "money",
        "origin": origin,
        "destination": destination,
        "quantity": 1.0,
        "unit": "EUR",
        "year": 2019,
    }


def test_ends_of_flows_are_actors_town_halls_communes_or_the_outside(perimeter):
    hall = "211200894"
    frame = actors(
        actor("siret:73282932000074", commune_id="01001", siret="73282932000074"),
        actor(f"siren:{hall}", commune_id="01002", siren=hall, family="public"),
    )
    rows = pd.DataFrame(
        [
            flow("1", f"siret:{hall}00015", "siret:73282932000074"),
            flow("2", "siret:73282932000074", "siret:44306184100047"),
            flow("3", "01001", "39001"),
            flow("4", "01001", "01002"),
            flow("5", "39001", "39002"),
        ]
    )
    found = assemble(perimeter, [extract("s", actors=frame, flows=rows)])
    kept = found.tables["flows"].set_index("flow_id")[["origin", "destination"]]
    assert kept.to_numpy().tolist() == [
        [f"siren:{hall}", "73282932000074"],
        ["73282932000074", "outside"],
        ["01001", "outside"],
        ["01001", "01002"],
    ]
    assert found.tables["flows"]["destination_found"].tolist()[2] == "39001"
    territory = Territory.from_tables(found.tables, name="Essai")
    assert len(territory.flows) == 4


def test_passage_moves_actors_flows_and_cells(perimeter):
    passage = Passage({"01009": "01001", "01001": "01001"}, {}, 2026)
    frame = actors(actor("a", commune_id="01009"))
    rows = pd.DataFrame([flow("1", "01009", "01002"), flow("2", "01009", "01001")])
    cells = pd.DataFrame({"commune_id": ["01001", "01009"], "workers_staying": [10.0, 5.0]})
    given = extract("s", actors=frame, flows=rows, communes=cells)
    found = assemble(perimeter, [given], passage=passage)
    assert places(found) == {"a": "01001"}
    assert found.tables["flows"]["origin"].tolist() == ["01001"]
    assert codes(found) == {"same_ends": "2"}
    staying = found.tables["communes"]["workers_staying"]
    assert staying.iloc[0] == 15.0
    assert pd.isna(staying.iloc[1])


def test_nothing_but_a_perimeter(perimeter):
    found = assemble(perimeter, [])
    territory = Territory.from_tables(found.tables, name="Essai")
    assert territory.population == 300.0
    assert len(territory.actors) == 0
    assert found.counts.empty


def test_order_of_rows_changes_nothing(perimeter):
    frame = actors(
        actor("b", commune_id="01002"),
        actor("a", commune_id="01001"),
        actor("c", commune_id="39001"),
    )
    there = assemble(perimeter, [extract("s", actors=frame)])
    back = assemble(perimeter, [extract("s", actors=frame.iloc[::-1])])
    pd.testing.assert_frame_equal(there.tables["actors"], back.tables["actors"])
