"""The perimeter from files: formats, faults all at once, passage to the living communes."""

from __future__ import annotations

import json

import duckdb
import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import Point, Polygon, box, mapping

from toolkit.errors import (
    CrsError,
    DataError,
    DataQualityWarning,
    SchemaError,
    UsageError,
)
from toolkit.language import error_text
from toolkit.sources.communes import load_communes, read_communes
from toolkit.sources.passage import read_passage
from toolkit.sources.populations import read_populations
from toolkit.territory import Territory

SQUARES = {"01001": "L'Abergement", "01002": "Brénod", "01003": "Ceyzériat", "02451": "Laon-Sud"}


def squares(codes: dict[str, str], **more: object) -> list[dict]:
    """Return features of squares 0.1 degree wide in a row from west to east."""
    return [
        {
            "type": "Feature",
            "properties": {"code": code, "nom": name, **more},
            "geometry": mapping(box(3 + 0.1 * place, 44, 3.1 + 0.1 * place, 44.1)),
        }
        for place, (code, name) in enumerate(codes.items())
    ]


def geojson(folder, features: list[dict], *, name: str = "communes.geojson", **top: object):
    path = folder / name
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features, **top}), "utf-8")
    return path


@pytest.fixture
def outlines(tmp_path):
    return geojson(tmp_path, squares(SQUARES))


@pytest.fixture
def groups(tmp_path):
    path = tmp_path / "groups.csv"
    path.write_text(
        "epci_code,epci_nom,commune_code,commune_siren,commune_nom,population_municipale\n"
        "200000001,CC du Haut,01001,210100011,L'Abergement,100\n"
        "200000001,CC du Haut,01002,210100012,Brénod,250\n"
        "200000002,CC du Bas,01003,210100013,Ceyzériat,300\n"
        "200000002,CC du Bas,03001,210300011,Abrest,900\n",
        encoding="utf-8",
    )
    return path


def problems(kind, *args, **options) -> list[tuple[str, str]]:
    with pytest.raises(kind) as caught:
        read_communes(*args, **options)
    for lang in ("fr", "en"):
        assert all(error_text(caught.value, lang=lang))
    return [(problem.code, problem.found) for problem in caught.value.problem_list]


def test_all_communes_of_a_file_with_the_columns_of_the_contract(outlines):
    frame = load_communes(outlines, cog_year=2018)
    assert frame["commune_id"].tolist() == ["01001", "01002", "01003", "02451"]
    assert frame["name"].iloc[1] == "Brénod"
    assert frame["cog_year"].unique().tolist() == [2018]
    assert frame.crs.to_epsg() == 4326
    assert "source_id" not in frame
    territory = Territory.from_tables({"communes": frame}, name="Essai")
    assert len(territory.communes) == 4


def test_codes_and_groupings_are_joined_and_populations_added(outlines, groups):
    found = read_communes(
        outlines, codes=["1003"], epci=["200000001"], population=groups, cog_year=2026
    )
    frame = found.tables["communes"]
    assert frame["commune_id"].tolist() == ["01001", "01002", "01003"]
    assert frame["population"].tolist() == [100.0, 250.0, 300.0]
    assert frame["epci_id"].tolist() == ["200000001", "200000001", "200000002"]
    assert found.counts == {"read": 4, "kept": 3}
    assert found.sources["source_id"].tolist() == ["communes:communes", "population:groups"]
    assert found.sources["sha256"].str.len().tolist() == [64, 64]


def test_names_of_other_publishers_are_understood(tmp_path):
    features = squares({"x": "x"})
    features[0]["properties"] = {
        "INSEE_COM": "01001",
        "NOM": "A",
        "SIREN_EPCI": "200000001/200054781",
    }
    path = geojson(tmp_path, features)
    frame = load_communes(path, epci=["200000001"], cog_year=2023)
    assert frame["epci_id"].tolist() == ["200000001"]
    features[0]["properties"] = {"code_insee": "1001", "nom_officiel": "A", "population": 12}
    frame = load_communes(geojson(tmp_path, features), cog_year=2025)
    assert frame[["commune_id", "population"]].to_numpy().tolist() == [["01001", 12.0]]


def test_faults_of_the_request_come_all_at_once_with_near_names(outlines, groups):
    found = problems(
        UsageError, outlines, codes=["Brenod", "99999"], epci=["200000009"], population=groups
    )
    assert found == [
        ("communes_no_year", ""),
        ("communes_epci_unknown", "200000009"),
        ("communes_unknown", "99999"),
        ("communes_unknown", "Brenod"),
    ]
    with pytest.raises(UsageError, match=r"01002 \(Brénod\)"):
        read_communes(outlines, codes=["Brenod"], cog_year=2018)


def test_grouping_without_a_file_of_groupings(outlines):
    found = problems(UsageError, outlines, epci=["200000001"], cog_year=2018)
    assert found == [("communes_no_membership", "200000001")]


def test_member_without_outline_is_refused_then_left_out_on_request(outlines, groups):
    asked = {"epci": ["200000002"], "population": groups, "cog_year": 2026}
    assert problems(SchemaError, outlines, **asked) == [("communes_no_polygon", "03001")]
    with pytest.warns(DataQualityWarning, match="03001 Abrest"):
        frame = load_communes(outlines, **asked, without=["03001"])
    assert frame["commune_id"].tolist() == ["01003"]
    found = problems(UsageError, outlines, **asked, without=["03001", "75056"])
    assert found == [("communes_without_unknown", "75056")]


def test_nothing_chosen(outlines):
    assert problems(SchemaError, outlines, codes=[], cog_year=2018) == [("communes_none", "")]


def test_double_bad_and_flat_outlines_are_named(tmp_path):
    features = squares({"01001": "A", "01002": "B"})
    features += squares({"01001": "A again", "D14": "not a code"})
    features[1]["geometry"] = mapping(Point(3, 44))
    path = geojson(tmp_path, features)
    found = problems(SchemaError, path, cog_year=2018)
    assert found[:3] == [
        ("communes_bad_code", "D14"),
        ("communes_no_outline", "01002"),
        ("communes_double", "01001"),
    ]


def test_year_said_by_the_file_is_taken_and_compared(tmp_path):
    path = geojson(tmp_path, squares({"01001": "A", "01002": "B"}, cog_year=2024))
    assert load_communes(path)["cog_year"].tolist() == [2024, 2024]
    assert problems(SchemaError, path, cog_year=2020) == [("communes_other_year", "2020")]
    other = geojson(tmp_path, squares({"01003": "C"}, cog_year=2020), name="other.geojson")
    assert problems(SchemaError, [path, other]) == [("communes_mixed_years", "2020, 2024")]


def test_several_files_make_one_perimeter(tmp_path):
    one = geojson(tmp_path, squares({"01001": "A"}), name="one.geojson")
    two = geojson(tmp_path, squares({"02451": "B"}), name="two.json")
    found = read_communes([one, two], cog_year=2018)
    assert found.tables["communes"]["commune_id"].tolist() == ["01001", "02451"]
    assert found.sources["source_id"].tolist() == ["communes:one", "communes:two"]


def test_broken_ring_is_mended_and_said(tmp_path):
    features = squares({"01001": "A"})
    bow = Polygon([(3, 44), (3.1, 44.1), (3.1, 44), (3, 44.1)])
    features[0]["geometry"] = mapping(bow)
    with pytest.warns(DataQualityWarning, match="01001"):
        frame = load_communes(geojson(tmp_path, features), cog_year=2018)
    assert frame.geometry.is_valid.all()
    assert frame.geometry.iloc[0].area == pytest.approx(0.1 * 0.1 / 2)


# --- passage ----------------------------------------------------------------------------------
@pytest.fixture
def passage(tmp_path):
    path = tmp_path / "passage.csv"
    path.write_text(
        "Année;Niveau;Type;Ancien Code Officiel;Code Courant Officiel\n"
        "2025;COM;commune;01001;01001\n2025;COM;commune;01002;01001\n"
        "2025;COM;commune;01003;01003\n2025;COM;commune;01003;01999\n"
        "2025;REG;région;01003;99999\n",
        encoding="utf-8-sig",
    )
    return path


def test_merged_communes_are_dissolved_into_the_living_one(outlines, passage):
    found = read_communes(outlines, passage=passage, codes=["01001"])
    frame = found.tables["communes"]
    assert frame["commune_id"].tolist() == ["01001"]
    assert frame["name"].tolist() == ["L'Abergement"]
    assert frame["cog_year"].tolist() == [2025]
    assert frame.geometry.iloc[0].area == pytest.approx(0.02)
    assert [(note.code, note.params["examples"]) for note in found.notes] == [
        ("sources_communes_merged", "01002 → 01001")
    ]


def test_old_code_is_answered_with_the_living_one(outlines, passage):
    with pytest.raises(UsageError, match="living code is 01001") as caught:
        read_communes(outlines, passage=passage, codes=["01002"])
    assert caught.value.code == "communes_old_code"


def test_split_commune_and_unnamed_commune_are_noted(outlines, passage):
    found = read_communes(outlines, passage=passage, codes=["01003", "02451"])
    assert {note.code: note.params["examples"] for note in found.notes} == {
        "sources_communes_split": "01003",
        "sources_not_in_passage": "02451",
    }


def test_commune_that_the_populations_name_as_living_stays_itself(outlines, passage, groups):
    found = read_communes(outlines, passage=passage, population=groups, epci=["200000001"])
    assert found.tables["communes"]["commune_id"].tolist() == ["01001", "01002"]
    assert [note.code for note in found.notes] == ["sources_passage_not_followed"]


def test_arrondissements_are_dissolved_where_their_city_is_asked_for(tmp_path):
    path = geojson(tmp_path, squares({"75101": "Paris 1er", "75102": "Paris 2e"}))
    with pytest.warns(DataQualityWarning, match="75101 → 75056"):
        frame = load_communes(path, codes=["75056"], cog_year=2018)
    assert frame["commune_id"].tolist() == ["75056"]
    assert frame.geometry.iloc[0].area == pytest.approx(0.02)
    kept = load_communes(path, codes=["75101"], cog_year=2018)
    assert kept["commune_id"].tolist() == ["75101"]


def test_passage_reads_levels_years_and_splits(passage):
    table = read_passage(passage)
    assert dict(table.living) == {"01001": "01001", "01002": "01001", "01003": "01003"}
    assert dict(table.split) == {"01003": ("01003", "01999")}
    assert table.year == 2025
    codes = pd.Series(["01002", "75056", None], dtype="str")
    assert table.apply(codes).fillna("-").tolist() == ["01001", "75056", "-"]


def test_passage_in_parquet_says_its_year_in_a_header(tmp_path):
    def written(name: str, header: str):
        path = tmp_path / name
        query = f"COPY (SELECT {header}, 'A' AS commune) TO '{path.as_posix()}' (FORMAT parquet)"
        with duckdb.connect() as database:
            database.execute(query)
        return path

    columns = "'1002' AS code_insee, '01001' AS code_insee_2026"
    table = read_passage(written("passage.parquet", columns))
    assert (dict(table.living), table.year) == ({"01002": "01001"}, 2026)
    with pytest.raises(DataError, match="code_insee"):
        read_passage(written("other.parquet", "'01001' AS code_insee_2026"))


def test_only_the_last_year_of_a_passage_table_counts(tmp_path):
    path = tmp_path / "years.csv"
    path.write_text(
        "Année,Ancien Code Officiel,Code Courant Officiel\n2024,01001,01001\n2025,01001,01002\n",
        encoding="utf-8",
    )
    table = read_passage(path)
    assert (dict(table.living), table.year) == ({"01001": "01002"}, 2025)


# --- formats ----------------------------------------------------------------------------------
def test_geopackage_in_metres_and_shapefile(tmp_path, outlines):
    frame = gpd.read_file(outlines).to_crs(2154)
    frame.to_file(tmp_path / "layers.gpkg", layer="communes")
    frame.assign(geometry=frame.centroid).to_file(tmp_path / "layers.gpkg", layer="centres")
    frame.to_file(tmp_path / "shape.shp")
    expected = load_communes(outlines, cog_year=2018)
    for name in ("layers.gpkg", "shape.shp"):
        found = load_communes(tmp_path / name, cog_year=2018)
        assert found["commune_id"].tolist() == expected["commune_id"].tolist()
        pairs = zip(found.geometry, expected.geometry, strict=True)
        assert max(one.symmetric_difference(other).area for one, other in pairs) < 1e-9


def test_several_layers_of_communes_are_not_guessed(tmp_path, outlines):
    frame = gpd.read_file(outlines)
    frame.to_file(tmp_path / "layers.gpkg", layer="communes_2018")
    frame.to_file(tmp_path / "layers.gpkg", layer="communes_2024")
    found = problems(DataError, tmp_path / "layers.gpkg", cog_year=2018)
    assert found == [("sources_layers", "communes_2018, communes_2024")]


@pytest.mark.parametrize("name", ["trap.geojson", "trap.json", "trap.gpkg", "trap.shp"])
def test_ogr_vrt_is_refused_and_not_followed(tmp_path, name, outlines):
    path = tmp_path / name
    path.write_text(
        f'<OGRVRTDataSource><OGRVRTLayer name="communes"><SrcDataSource>{outlines}'
        "</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>",
        encoding="utf-8",
    )
    assert problems(DataError, path, cog_year=2018) == [("sources_vrt", "")]


@pytest.mark.parametrize(
    "name,content,code",
    [
        ("a.gpkg", b"not a database", "sources_first_bytes"),
        ("a.shp", b"PK\x03\x04", "sources_first_bytes"),
        ("a.gpkg", b"SQLite format 3\x00" + b"\x00" * 200, "sources_first_bytes"),
        (
            "a.gpkg",
            b"SQLite format 3\x00" + b"\x00" * 52 + b"GPKG" + b"\x00" * 99,
            "sources_damaged",
        ),
        ("a.geojson", b"{broken", "sources_damaged"),
        ("a.geojson", b"[" * 100_000, "sources_damaged"),
        ("a.geojson", b"[]", "sources_no_features"),
        ("a.geojson", b'{"type": "FeatureCollection", "features": []}', "sources_no_features"),
        ("a.geojson", b'{"features": [{"geometry": {"type": "Polygon"}}]}', "sources_damaged"),
        ("a.geojson", b'{"features": ["x"]}', "sources_damaged"),
        ("a.kml", b"<kml/>", "sources_file_kind"),
        ("a.geojson", b"", "sources_empty_file"),
    ],
)
def test_files_that_are_not_what_they_say(tmp_path, name, content, code):
    (tmp_path / name).write_bytes(content)
    assert [found[0] for found in problems(DataError, tmp_path / name, cog_year=2018)] == [code]


def test_gdal_prefixes_are_no_files(tmp_path, outlines):
    path = f"/vsizip/{outlines}"
    assert [found[0] for found in problems(DataError, path, cog_year=1)] == ["sources_no_file"]


def test_geojson_that_names_a_projection(tmp_path):
    frame = gpd.GeoDataFrame(
        {"code": ["01001"], "nom": ["A"]}, geometry=[box(600_000, 6_600_000, 610_000, 6_610_000)]
    )
    features = json.loads(frame.to_json())["features"]
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::2154"}}
    frame = load_communes(geojson(tmp_path, features, crs=crs), cog_year=2018)
    assert frame.total_bounds[0] == pytest.approx(1.67, abs=0.05)
    assert problems(DataError, geojson(tmp_path, features), cog_year=2018) == [
        ("sources_not_degrees", "")
    ]
    strange = {"type": "name", "properties": {"name": "mars"}}
    path = geojson(tmp_path, features, crs=strange)
    assert problems(DataError, path, cog_year=2018) == [("sources_crs_name", "mars")]


def test_shapefile_without_projection_is_refused(tmp_path, outlines):
    gpd.read_file(outlines).to_file(tmp_path / "bare.shp")
    (tmp_path / "bare.prj").unlink()
    with pytest.raises(CrsError):
        read_communes(tmp_path / "bare.shp", cog_year=2018)


def test_geojson_without_code_names_the_header(tmp_path):
    features = squares({"01001": "A"})
    features[0]["properties"] = {"label": "A"}
    path = geojson(tmp_path, features)
    with pytest.raises(SchemaError, match="label") as caught:
        read_communes(path, cog_year=2018)
    assert len(caught.value.problem_list) == 2


# --- populations ------------------------------------------------------------------------------
def test_json_of_groupings(tmp_path):
    groups = [
        {
            "code": "200000001",
            "nom": "CC",
            "type": "CC",
            "membres": [
                {"code": "01001", "siren": "210100011", "nom": "A", "populationMunicipale": 5}
            ],
        }
    ]
    path = tmp_path / "epci.json"
    path.write_text(json.dumps(groups), "utf-8")
    frame = read_populations(path)
    assert frame.iloc[0].to_dict() == {
        "commune_id": "01001",
        "name": "A",
        "population": 5.0,
        "epci_id": "200000001",
        "epci_name": "CC",
        "epci_kind": "CC",
        "siren": "210100011",
        "year": 0,
    }


def test_latest_population_of_a_series_is_taken(tmp_path):
    path = tmp_path / "series.csv"
    path.write_text('"CODGEO";"LIBGEO";"p19_pop";"p21_pop"\n"01001";"A";"10";"12"\n', "utf-8")
    frame = read_populations(path)
    assert frame[["population", "year"]].to_numpy().tolist() == [[12.0, 2021]]


def test_commune_with_two_populations_is_refused(tmp_path):
    path = tmp_path / "twice.csv"
    path.write_text("code,nom,population\n01001,A,10\n01001,A,11\n", "utf-8")
    with pytest.raises(DataError) as caught:
        read_populations(path)
    assert caught.value.code == "sources_commune_twice"


@pytest.mark.parametrize("content", ["{}", "[1]", "[]", '[{"membres": []}]', "nope"])
def test_other_json_is_refused(tmp_path, content):
    path = tmp_path / "other.json"
    path.write_text(content, "utf-8")
    with pytest.raises(DataError):
        read_populations(path)


def test_a_perimeter_outside_france_is_refused(tmp_path):
    swapped = squares(SQUARES)
    for feature in swapped:
        feature["geometry"] = mapping(box(44, 3, 44.1, 3.1))
    path = geojson(tmp_path, swapped, name="swapped.geojson")
    assert problems(SchemaError, path, cog_year=2026) == [
        ("communes_elsewhere", "01001, 01002, 01003, 02451")
    ]
    named = {"crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::2154"}}}
    path = geojson(tmp_path, squares(SQUARES), name="named.geojson", **named)  # degrees as metres
    assert problems(SchemaError, path, cog_year=2026)[0][0] == "communes_elsewhere"
    overseas = [
        {
            **squares({"97209": "Fort-de-France"})[0],
            "geometry": mapping(box(-61, 14.5, -60.9, 14.6)),
        }
    ]
    frame = load_communes(geojson(tmp_path, overseas, name="outre-mer.geojson"), cog_year=2026)
    assert frame["commune_id"].tolist() == ["97209"]


@pytest.mark.parametrize("year", [-5, 1850, 20260])
def test_a_year_without_a_geographic_code_is_a_wrong_request(outlines, year):
    assert problems(UsageError, outlines, cog_year=year) == [("communes_bad_year", str(year))]


@pytest.mark.parametrize(
    "named, found",
    [
        ({"properties": {"name": "urn:ogc:def:crs:EPSG::99999"}}, "urn:ogc:def:crs:EPSG::99999"),
        ({"properties": None}, "?"),
        ({"properties": [1]}, "?"),
        (5, "?"),
    ],
)
def test_a_reference_system_that_does_not_exist_is_refused(tmp_path, named, found):
    path = geojson(tmp_path, squares(SQUARES), crs=named)
    assert problems(DataError, path, cog_year=2026) == [("sources_crs_name", found)]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_a_coordinate_that_is_no_number_is_refused(tmp_path, number):
    path = geojson(tmp_path, squares(SQUARES))
    path.write_text(path.read_text("utf-8").replace("[3.1, 44.1]", f"[{number}, 44.1]"), "utf-8")
    assert problems(DataError, path, cog_year=2026)[0][0] in {
        "sources_damaged",
        "sources_not_degrees",
    }


def test_a_layer_in_no_system_on_earth_is_refused(tmp_path):
    local = (
        'ENGCRS["Undefined Cartesian SRS",EDATUM["Unknown"],CS[Cartesian,2],'
        'AXIS["x",unspecified],AXIS["y",unspecified],LENGTHUNIT["metre",1]]'
    )
    frame = gpd.GeoDataFrame(
        {"code": ["01001"], "nom": ["A"]}, geometry=[box(0, 0, 1, 1)], crs=local
    )
    frame.to_file(tmp_path / "local.gpkg")
    assert problems(CrsError, tmp_path / "local.gpkg", cog_year=2026) == [("crs_missing", "")]
