"""The database opens in GIS programs: structure, geometries, names, styles, results."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from xml.etree import ElementTree as ET

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from toolkit import vocabulary as v
from toolkit.diagnosis import diagnose
from toolkit.workspace import geopackage, styles
from toolkit.workspace.layers import MODEL_LAYERS, RESULT_LAYERS

PALETTE = {
    "ess": "200,85,61",
    "business": "43,108,176",
    "public": "107,70,193",
    "research": "47,133,90",
    "civil": "183,121,31",
}


def query(path, statement):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchall()


@pytest.fixture
def diagnosed(imported):
    """Return a territory with flows and a diagnosis that was kept, and that diagnosis."""
    flows = pd.DataFrame(
        {
            "flow_id": ["F1", "F2", "F3"],
            "nature": ["material", "money", "service"],
            "origin": ["A1", "A1", "99002"],
            "destination": ["A2", "outside", "A3"],
        }
    )
    needs = pd.DataFrame(
        {
            "need_id": ["N1"],
            "actor_id": ["A1"],
            "category": ["materials.wood.offcuts"],
            "quantity": [3.0],
            "unit": ["t"],
        }
    )
    imported.write({"flows": flows, "needs": needs}, what="essai")
    diagnosis = diagnose(imported.territory())
    imported.save_diagnosis(diagnosis)
    return imported, diagnosis


def test_header_is_that_of_a_geopackage(workspace):
    assert query(workspace.database, "PRAGMA application_id") == [(0x47504B47,)]
    assert query(workspace.database, "PRAGMA user_version") == [(10200,)]
    assert query(workspace.database, "PRAGMA journal_mode") == [("delete",)]
    assert query(workspace.database, "PRAGMA foreign_key_check") == []


def test_gdal_lists_every_table_with_its_geometry(workspace):
    found = dict(pyogrio.list_layers(workspace.database))
    assert found["communes"] == "MultiPolygon"
    assert found["actors"] == "Point"
    assert found["flows"] == "LineString"
    assert set(found) >= {*v.TABLES, *RESULT_LAYERS, "journal"}
    tables = {
        name
        for (name,) in query(
            workspace.database, "SELECT name FROM sqlite_master WHERE type='table'"
        )
    }
    unlisted = tables - set(found)
    assert all(name.startswith(("gpkg_", "sqlite_")) for name in unlisted)


def test_gdal_reads_what_was_written(imported):
    actors = gpd.read_file(imported.database, layer="actors", fid_as_index=True)
    ours = imported.territory().actors
    assert actors.crs.to_epsg() == 4326
    assert actors["name"].tolist() == ours["name"].tolist()
    assert actors.geometry.geom_equals(ours.geometry.set_axis(actors.index)).all()
    assert actors["diffusible"].tolist() == [True] * 3
    communes = gpd.read_file(imported.database, layer="communes")
    assert communes.geom_type.unique().tolist() == ["MultiPolygon"]
    assert communes["cog_year"].tolist() == [2026] * 3
    resources = pyogrio.read_dataframe(imported.database, layer="resources")
    assert resources["quantity"].tolist() == [12.5]
    info = pyogrio.read_info(imported.database, layer="communes")
    assert info["total_bounds"] == pytest.approx(communes.total_bounds)


def test_what_gdal_wrote_is_read(imported, tmp_path):
    """A blob of another writer: other byte order of the box, no box, empty point."""
    frame = gpd.GeoDataFrame({"a": [1, 2, 3]}, geometry=[Point(1, 2), None, Point()], crs=4326)
    pyogrio.write_dataframe(frame, tmp_path / "x.gpkg", layer="x")
    column = query(tmp_path / "x.gpkg", "SELECT column_name FROM gpkg_geometry_columns")[0][0]
    blobs = [blob for (blob,) in query(tmp_path / "x.gpkg", f"SELECT {column} FROM x")]
    shapes = geopackage.decode(blobs)
    assert shapes[0].equals(Point(1, 2))
    assert shapes[1] is None
    assert shapes[2] is None or shapes[2].is_empty


@pytest.mark.parametrize("box_kind", [0, 1, 2, 3, 4])
def test_blobs_with_any_box_are_read(box_kind):
    body = shapely.to_wkb(Point(3, 4))
    sizes = [0, 32, 48, 48, 64]
    blob = (
        b"GP\x00"
        + bytes([1 | box_kind << 1])
        + b"\xe6\x10\x00\x00"
        + b"\x00" * sizes[box_kind]
        + body
    )
    assert geopackage.decode([blob])[0].equals(Point(3, 4))


@pytest.mark.parametrize(
    "blob", [b"", b"GP", b"XX" + b"\0" * 40, b"GP\x00\x0f" + b"\0" * 90, b"GP\x00\x01" + b"\0" * 30]
)
def test_blobs_that_are_none_are_refused(blob):
    with pytest.raises(ValueError, match="database"):
        geopackage.decode([blob])


def test_geometries_come_back():
    shapes = [
        Point(1.5, -2.25),
        None,
        box(0, 0, 1, 1),
        MultiPolygon([box(0, 0, 1, 1)]),
        LineString([(0, 0), (1, 1)]),
        Polygon(),
    ]
    found = geopackage.decode(geopackage.encode(shapes))
    assert [None if shape is None else shape.geom_type for shape in found] == [
        "Point", None, "MultiPolygon", "MultiPolygon", "LineString", "MultiPolygon",
    ]  # fmt: skip
    assert found[0].equals(shapes[0])
    assert found[2].equals(shapes[2])
    assert len(geopackage.decode(geopackage.encode([]))) == 0
    assert found[5].is_empty


def test_third_dimension_is_dropped():
    assert not geopackage.decode(geopackage.encode([Point(1, 2, 3)]))[0].has_z


@pytest.mark.parametrize("lang, label", [("fr", "Acteurs"), ("en", "Actors")])
def test_layers_are_named_in_the_officers_language(tmp_path, perimeter, lang, label):
    from toolkit.workspace import Workspace

    workspace = Workspace.create(tmp_path / "v", name="V", communes=perimeter, lang=lang)
    names = dict(query(workspace.database, "SELECT table_name, identifier FROM gpkg_contents"))
    assert names["actors"] == label


def test_each_layer_has_a_default_style(workspace):
    rows = query(
        workspace.database,
        "SELECT f_table_name, f_geometry_column, useAsDefault, styleQML FROM layer_styles "
        "WHERE f_table_catalog = ''",
    )
    assert {row[0] for row in rows} == {*MODEL_LAYERS, *RESULT_LAYERS}
    for table, column, is_default, qml in rows:
        layer = {**MODEL_LAYERS, **RESULT_LAYERS}[table]
        assert (column, is_default) == ("geom" if layer.geometry else "", 1)
        root = ET.fromstring(qml)
        assert root.get("readOnly") == "1"
        assert {alias.get("field") for alias in root.iter("alias")} == set(layer.kinds)


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize(
    "table, column, codes",
    [
        ("actors", "family", v.FAMILIES),
        ("flows", "nature", v.FLOW_NATURES),
        ("gaps", "kind", v.GAP_KINDS),
        ("partnerships", "type", v.PARTNERSHIP_TYPES),
    ],
)
def test_legends_cover_every_code_in_words(lang, table, column, codes):
    root = ET.fromstring(styles.qml({**MODEL_LAYERS, **RESULT_LAYERS}[table], lang=lang))
    renderer = root.find("renderer-v2")
    assert renderer.get("attr") == column
    labels = {item.get("value"): item.get("label") for item in renderer.iter("category")}
    assert set(labels) - {""} == set(codes)
    assert not any(
        "." in label and label.startswith(("enum", "workspace")) for label in labels.values()
    )
    symbols = {item.get("name") for item in renderer.find("symbols")}
    assert {item.get("symbol") for item in renderer.iter("category")} == symbols


def test_families_have_the_colours_of_the_maps():
    root = ET.fromstring(styles.qml(MODEL_LAYERS["actors"], lang="fr"))
    symbols = {
        symbol.get("name"): next(
            o.get("value") for o in symbol.iter("Option") if o.get("name") == "color"
        )
        for symbol in root.iter("symbol")
    }
    places = {item.get("value"): item.get("symbol") for item in root.iter("category")}
    assert {family: symbols[places[family]].rpartition(",")[0] for family in PALETTE} == PALETTE


def test_layer_file_names_layers_in_words_and_finds_the_database(tmp_path, perimeter):
    from toolkit.workspace import Workspace

    name = 'Val "d\'Essai" </qlr> & {{x}}'
    workspace = Workspace.create(tmp_path / "v", name=name, communes=perimeter)
    root = ET.parse(workspace.folder / "territoire.qlr").getroot()
    assert root.find("layer-tree-group/layer-tree-group").get("name") == name
    tree = {item.get("id"): item.attrib for item in root.iter("layer-tree-layer")}
    assert [item["name"] for item in tree.values()] == [
        "Acteurs", "Manques", "Partenariats candidats", "Flux", "Communes",
    ]  # fmt: skip
    for layer in root.iter("maplayer"):
        file, _, table = layer.findtext("datasource").partition("|layername=")
        assert tree[layer.findtext("id")]["source"] == layer.findtext("datasource")
        assert len(gpd.read_file(workspace.folder / file, layer=table)) == 3 * (table == "communes")
        assert layer.find("renderer-v2") is not None


def test_flows_are_lines_between_their_ends(diagnosed):
    workspace, _ = diagnosed
    flows = gpd.read_file(workspace.database, layer="flows").set_index("flow_id")
    places = workspace.territory().actors.set_index("actor_id").geometry
    line = flows.geometry["F1"]
    assert Point(line.coords[0]).equals(places["A1"])
    assert Point(line.coords[-1]).equals(places["A2"])
    assert flows.geometry["F2"] is None
    assert flows.geometry["F3"].length > 0
    assert "geometry" not in workspace.tables()["flows"]


def test_flows_follow_an_actor_that_moves(diagnosed):
    workspace, _ = diagnosed
    workspace.write(
        {
            "actors": workspace.tables()["actors"]
            .iloc[[0]]
            .assign(latitude=46.5, longitude=2.0, geometry=None, located_by=None)
        },
        what="essai",
    )
    flows = gpd.read_file(workspace.database, layer="flows").set_index("flow_id")
    assert flows.geometry["F1"].coords[0] == (2.0, 46.5)


def test_results_are_replaced_as_a_whole(diagnosed):
    workspace, diagnosis = diagnosed
    assert len(diagnosis.gaps)
    found = workspace.results()
    assert found["gaps"]["gap_id"].tolist() == diagnosis.gaps["gap_id"].tolist()
    assert found["gaps"]["severity"].to_numpy() == pytest.approx(
        diagnosis.gaps["severity"].to_numpy()
    )
    assert len(found["evidence"]) == len(diagnosis.evidence)
    assert len(found["roles"]) == len(diagnosis.proposals.roles)
    assert (
        found["partnerships"]["candidate_id"].tolist()
        == diagnosis.partnerships["candidate_id"].tolist()
    )
    workspace.save_diagnosis(diagnosis)
    assert len(workspace.results()["gaps"]) == len(diagnosis.gaps)
    assert dict(pyogrio.list_layers(workspace.database))["gaps"] == "Point"
    gaps = gpd.read_file(workspace.database, layer="gaps")
    assert gaps.geometry.notna().any()
    last = workspace.journal().iloc[-1]
    assert (last["action"], json.loads(last["after"])["gaps"]) == ("diagnosis", len(diagnosis.gaps))
    assert query(workspace.database, "SELECT count(*) FROM layer_styles")[0][0] == len(
        MODEL_LAYERS
    ) + len(RESULT_LAYERS)
