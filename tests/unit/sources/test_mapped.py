"""Tables of any layout by a mapping file, on small files made by hand."""

from __future__ import annotations

import json

import geopandas as gpd
import pytest
import xlsxwriter
from shapely.geometry import Point, box

from toolkit import crs
from toolkit.errors import DataError, WorkbookError
from toolkit.language import problem_text
from toolkit.sources.foreign import read_foreign
from toolkit.sources.mapped import load_mapped
from toolkit.sources.mapping_file import read_mapping
from toolkit.sources.mapping_guess import propose_mapping, save_mapping

# Valid by Luhn's rule, made for the tests.
ONE, TWO = "73282932000074", "44306184100047"
HEADER = "Nom;Type;SIRET;CP;Ville;Offre;Tonnes;Courriel"
MAPPING = """
[file]
separators = "/"

[source]
title = "Liste du réseau"
producer = "Réseau"
licence = "Licence Ouverte 2.0"
data_year = 2025

[actors.columns]
name = "nom"
family = "Type"
siret = "SIRET"
postcode = "CP"
city = "Ville"

[actors.constants]
roles = "operator"

[actors.values.family]
"Asso loi 1901" = "ess"
"Inconnu" = ""

[resources.columns]
category = "Offre"
quantity = "Tonnes"

[resources.constants]
unit = "t"

[resources.values.category]
"Palettes" = "materials.wood.pallets"
"Bois" = "materials.wood.offcuts|materials.wood.sawdust"
"Autre" = ""
"""


def write(folder, text: str, *, name: str = "list.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def mapping(folder, text: str = MAPPING):
    return write(folder, text, name="map.toml")


def notes(extract) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for note in extract.notes:
        assert problem_text(note, lang="fr") != problem_text(note, lang="en")
        key = note.code.removeprefix("sources_")
        found.setdefault(key, []).append(f"{note.found} {note.params.get('key', '')}".strip())
    return found


def faults(text: str, folder) -> dict[str, tuple[str, str]]:
    with pytest.raises(DataError) as caught:
        read_mapping(mapping(folder, text))
    for problem in caught.value.problem_list:
        assert problem_text(problem, lang="fr") != problem_text(problem, lang="en")
    return {
        problem.code.removeprefix("sources_mapping_"): (problem.row, problem.found)
        for problem in caught.value.problem_list
    }


# --- rows -------------------------------------------------------------------------------------
def test_a_list_becomes_actors_and_what_they_offer(tmp_path):
    rows = [
        HEADER,
        f"Alpha;Asso loi 1901;{ONE};1400;Châtillon;Palettes / Bois;12,5;a@b.fr",
        "Beta;entreprise privée;36750100000000;61000;Alençon;Autre;;c@d.fr",
        "Gamma;Club;;20200;Bastia;Licornes/Palettes;3;",
        ";public;;14000;Caen;;;",
        f"Alpha bis;Asso loi 1901;{ONE};1400;Châtillon;Palettes;1;",
    ]
    found = load_mapped(write(tmp_path, "\n".join(rows)), mapping(tmp_path))
    actors = found.tables["actors"].set_index("actor_id")
    assert list(actors.index) == [f"siret:{ONE}", "mapped:list:3"]
    assert actors["name"].tolist() == ["Alpha", "Beta"]
    assert actors["family"].tolist() == ["ess", "business"]
    assert actors["department"].tolist() == ["01", "61"]
    assert actors["city"].tolist() == ["Châtillon", "Alençon"]
    assert set(actors["roles"]) == {"operator"}
    assert set(actors["basis"]) == {"recorded"}
    assert "Courriel" not in actors
    resources = found.tables["resources"]
    assert list(
        zip(
            resources["actor_id"],
            resources["category"],
            resources["quantity"].fillna(-1),
            strict=True,
        )
    ) == [
        (f"siret:{ONE}", "materials.wood.pallets", -1),
        (f"siret:{ONE}", "materials.wood.offcuts", -1),
        (f"siret:{ONE}", "materials.wood.sawdust", -1),
        (f"siret:{ONE}", "materials.wood.pallets", 1.0),
    ]
    assert resources["resource_id"].is_unique
    assert found.counts == {
        "read": 5,
        "incomplete": 2,
        "actors": 2,
        "resources_none": 1,
        "kept": 3,
    }
    said = notes(found)
    assert said["mapping_words"] == ["1 [actors.values.family]"]
    assert said["mapping_cells"] == ["1 actors.siret"]
    assert said["mapping_repeated"] == ["1"]
    assert said["mapping_incomplete"] == ["2 actors: name, family"]
    assert (found.source["title"], found.source["data_year"]) == ("Liste du réseau", 2025)
    assert (found.source["licence"], found.source["rows"]) == ("Licence Ouverte 2.0", 5)


def test_a_quantity_for_several_categories_is_said(tmp_path):
    found = load_mapped(
        write(tmp_path, f"{HEADER}\nAlpha;public;;14000;Caen;Palettes/Bois;9;"), mapping(tmp_path)
    )
    assert notes(found)["mapping_shared_quantity"] == ["1 resources"]


def test_needs_and_flows_of_one_file(tmp_path):
    text = """
[needs.columns]
need_id = "ref"
actor_id = "de"
category = "quoi"

[flows.columns]
flow_id = "ref"
origin = "de"
destination = "vers"
category = "quoi"
quantity = "q"

[flows.constants]
nature = "material"
unit = "t"
"""
    rows = [
        "ref,de,vers,quoi,q",
        f"f1,{ONE},outside,materials.wood.pallets,12",
        f"f2,01001,{TWO},materials.wood.pallets,5",
        "f3,A7,,materials.wood.pallets,5",
    ]
    found = load_mapped(write(tmp_path, "\n".join(rows)), mapping(tmp_path, text))
    flows = found.tables["flows"].set_index("flow_id")
    assert flows[["origin", "destination"]].to_numpy().tolist() == [
        [f"siret:{ONE}", "outside"],
        ["01001", f"siret:{TWO}"],
    ]
    assert list(flows.index) == ["mapped:list:f1", "mapped:list:f2"]
    assert found.tables["needs"]["actor_id"].tolist() == [
        f"siret:{ONE}",
        "mapped:list:01001",
        "mapped:list:A7",
    ]
    assert found.counts["flows_incomplete"] == 1


def test_persons_and_hidden_actors_have_no_name_and_place(tmp_path):
    text = """
[actors.columns]
actor_id = "id"
name = "nom"
legal_form = "cj"
address = "rue"
diffusible = "diff"
commune_id = "insee"

[actors.constants]
family = "business"
"""
    rows = [
        "id,nom,cj,rue,diff,insee",
        "1,Jeanne D.,1000,3 rue A,oui,1001",
        "2,Beta,5710,4 rue B,non,01002",
    ]
    path = write(tmp_path, "\n".join(rows))
    found = load_mapped(path, mapping(tmp_path, text)).tables["actors"]
    assert found["name"].tolist() == ["mapped:list:1", "mapped:list:2"]
    assert found["address"].isna().all()
    assert found["commune_id"].tolist() == ["01001", "01002"]
    assert found["diffusible"].tolist() == [True, False]
    assert found["natural_person"].tolist() == [True, False]
    shown = load_mapped(path, mapping(tmp_path, text), with_persons=True).tables["actors"]
    assert shown["name"].tolist() == ["Jeanne D.", "mapped:list:2"]


@pytest.mark.parametrize("form", ["1000", "1000.0", "1300", "2210", "Artisan", "Commerçant"])
def test_a_form_that_the_list_has_lost_means_a_person_too(tmp_path, form):
    path = tmp_path / "list.csv"
    path.write_text(f"nom;forme;rue\nJean Dupont;{form};3 rue\nDeux;9220;4 rue\n", encoding="utf-8")
    mapping = tmp_path / "list.toml"
    columns = 'name = "nom"\nlegal_form = "forme"\naddress = "rue"'
    mapping.write_text(
        f'[actors.columns]\n{columns}\n\n[actors.constants]\nfamily = "business"\n',
        encoding="utf-8",
    )
    actors = load_mapped(path, mapping).tables["actors"]
    assert actors["name"].tolist() == ["mapped:list:2", "Deux"]
    assert actors["address"].fillna("").tolist() == ["", "4 rue"]
    assert actors["natural_person"].tolist() == [True, False]
    named = load_mapped(path, mapping, with_persons=True).tables["actors"]
    assert named["name"].tolist() == ["Jean Dupont", "Deux"]


def test_several_columns_are_joined_or_the_first_filled_is_taken(tmp_path):
    text = """
[file]
separators = ","

[actors.columns]
name = ["a", "b"]
jobs = ["x", "y"]
sectors = ["s", "t"]

[actors.constants]
family = "ess"

[actors.values.sectors]
"bois" = "forestry_wood"
"eau" = "water_waste"
"""
    rows = ["a,b,x,y,s,t", '1,2,,5,"bois,eau",', "3,,7,8,,Eau", ",4,,,bois,bois"]
    actors = load_mapped(write(tmp_path, "\n".join(rows)), mapping(tmp_path, text)).tables["actors"]
    assert actors["name"].tolist() == ["1, 2", "3", "4"]
    assert actors["jobs"].fillna(-1).tolist() == [5, 7, -1]
    assert actors["sectors"].tolist() == [
        "forestry_wood|water_waste",
        "water_waste",
        "forestry_wood",
    ]


# --- files ------------------------------------------------------------------------------------
SHEET_MAPPING = """
[file]
sheet = "Données"
header_row = 3
epsg = {epsg}

[actors.columns]
name = "Nom"
siret = "SIRET"
x = "X"
y = "Y"

[actors.constants]
family = "public"
"""


def workbook(path):
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet("Lisez-moi").write(0, 0, "x")
        sheet = book.add_worksheet("Données")
        sheet.write(0, 0, "Titre")
        sheet.write_row(2, 0, ["Nom", "SIRET", "X", "Y"])
        sheet.write_row(3, 0, ["Alpha", int(ONE), 652469.02, 6862035.26])
        sheet.write_row(5, 0, ["Beta", 7.3e13, None, None])
    return path


def test_a_sheet_with_a_title_and_projected_coordinates(tmp_path):
    path = workbook(tmp_path / "list.xlsx")
    text = SHEET_MAPPING.format(epsg=crs.METROPOLE.epsg)
    found = load_mapped(path, mapping(tmp_path, text))
    actors = found.tables["actors"].set_index("actor_id")
    assert list(actors.index) == [f"siret:{ONE}", "mapped:list:6"]
    assert actors["latitude"].iloc[0] == pytest.approx(48.857, abs=0.01)
    assert actors["longitude"].iloc[0] == pytest.approx(2.352, abs=0.01)
    assert actors[["latitude", "longitude"]].iloc[1].isna().all()
    with pytest.raises(DataError) as caught:
        load_mapped(path, mapping(tmp_path, text.replace("Données", "Feuil9")))
    assert caught.value.code == "sources_sheet_choice"
    assert "Lisez-moi, Données" in str(caught.value)
    with pytest.raises(DataError) as caught:
        load_mapped(path, mapping(tmp_path, SHEET_MAPPING.format(epsg=99999)))
    assert (caught.value.code, caught.value.problem_list[0].row) == ("sources_mapping_epsg", "5")


def test_a_zip_that_is_no_workbook_is_refused_at_the_door(tmp_path):
    path = write(tmp_path, "<html>", name="list.xlsx")
    with pytest.raises(WorkbookError):
        read_foreign(path)


LAYER_MAPPING = '[actors.columns]\nname = "nom"\n[actors.constants]\nfamily = "public"\n'


def test_layers_give_a_point_of_each_shape(tmp_path):
    features = [
        {
            "type": "Feature",
            "properties": {"nom": "Alpha"},
            "geometry": {"type": "Point", "coordinates": [3.0, 44.0]},
        },
        {"type": "Feature", "properties": {"nom": "Beta"}, "geometry": None},
    ]
    path = write(
        tmp_path, json.dumps({"type": "FeatureCollection", "features": features}), name="a.geojson"
    )
    actors = load_mapped(path, mapping(tmp_path, LAYER_MAPPING)).tables["actors"]
    assert actors["latitude"].fillna(-1).tolist() == [44.0, -1]
    assert actors["longitude"].fillna(-1).tolist() == [3.0, -1]


def test_lists_of_a_layer_are_lists(tmp_path):
    properties = {"nom": "Alpha", "themes": ["Eau", "Bois"], "autre": {"a": 1}}
    shape = {"type": "Point", "coordinates": [3.0, 44.0]}
    features = [{"type": "Feature", "properties": properties, "geometry": shape}]
    words = json.dumps({"type": "FeatureCollection", "features": features})
    rows = read_foreign(write(tmp_path, words, name="a.json"))
    assert rows["themes"].tolist() == ["Eau|Bois"]
    assert rows["autre"].isna().all()


def test_mapped_headers_tell_the_separator(tmp_path):
    path = write(tmp_path, "Nom (a,b,c,d);Ville\nAlpha;Caen\n")
    assert list(read_foreign(path, headers=["Nom (a,b,c,d)", "ville"])) == [
        "Nom (a,b,c,d)",
        "Ville",
    ]


def test_a_layer_of_a_geopackage_is_named_where_there_are_two(tmp_path):
    path = tmp_path / "a.gpkg"
    metric = crs.METROPOLE.epsg
    gpd.GeoDataFrame({"nom": ["Alpha"]}, geometry=[Point(700000, 6600000)], crs=metric).to_file(
        path, layer="points"
    )
    squares = [box(700000, 6600000, 700010, 6600010)]
    gpd.GeoDataFrame({"nom": ["Beta"]}, geometry=squares, crs=metric).to_file(path, layer="plots")
    with pytest.raises(DataError) as caught:
        load_mapped(path, mapping(tmp_path, LAYER_MAPPING))
    assert caught.value.code == "sources_layer_choice"
    text = f'[file]\nsheet = "plots"\n{LAYER_MAPPING}'
    actors = load_mapped(path, mapping(tmp_path, text)).tables["actors"]
    assert actors["name"].tolist() == ["Beta"]
    # 700 000, 6 600 000 lies on the central meridian of Lambert-93, 3 degrees east, on 46.5 north.
    assert actors["longitude"].iloc[0] == pytest.approx(3.0, abs=0.001)
    assert actors["latitude"].iloc[0] == pytest.approx(46.5, abs=0.001)


# --- faults of the mapping ---------------------------------------------------------------------
def test_faults_of_a_mapping_have_their_line(tmp_path):
    text = """[file]
header_row = "3"

[actors.columns]
nam = "Nom"
description = "Adresse e-mail"
x = "X"

[actors.constants]
family = "asso du coin"

[actors.values.sectors]
"Bois" = "forestry_wood|bois de lune"

[acteurs]
"""
    with pytest.raises(DataError) as caught:
        read_mapping(mapping(tmp_path, text))
    told = [(problem.code, problem.row, problem.found) for problem in caught.value.problem_list]
    assert sorted(told) == [
        ("sources_mapping_code", "10", "asso du coin"),
        ("sources_mapping_code", "13", "bois de lune"),
        ("sources_mapping_contact", "6", "Adresse e-mail"),
        ("sources_mapping_key", "15", "acteurs"),
        ("sources_mapping_key", "5", "nam"),
        ("sources_mapping_no_epsg", "7", ""),
        ("sources_mapping_number", "2", "3"),
    ]
    text = str(caught.value)
    assert "map.toml, row 5: The key 'nam' (actors.columns.nam)" in text
    assert "name" in text


def test_a_mapping_that_is_no_toml_or_empty(tmp_path):
    assert faults("[actors.columns]\nname = nom\n", tmp_path)["toml"][0] == "2"
    assert "no_table" in faults("[source]\ntitle = 'x'\n", tmp_path)
    assert faults("actors = 3\n", tmp_path)["section"] == ("1", "3")
    assert faults('[actors.columns]\nname = [""]\n', tmp_path)["header"] == ("2", "['']")


def test_a_header_that_the_file_lacks_is_told_with_the_nearest(tmp_path):
    path = write(tmp_path, "Noms,Ville\nAlpha,Caen\n")
    text = '[actors.columns]\nname = "Nom"\n[actors.constants]\nfamily = "public"\n'
    with pytest.raises(DataError) as caught:
        load_mapped(path, mapping(tmp_path, text))
    problem = caught.value.problem_list[0]
    assert (problem.code, problem.where, problem.row) == (
        "sources_mapping_column",
        "map.toml",
        "2",
    )
    assert problem.params["choices"] == "Noms"


# --- guesses ----------------------------------------------------------------------------------
def test_a_proposed_mapping_can_be_read_and_used(tmp_path):
    rows = [
        "c_nom,c_statut_juridique,c_code_insee,c_ville,c_telephone,c_lat_coor1,c_geste",
        "Alpha,Associatif,01001,Caen,0102030405,44.1,x",
        "Beta,public,01002,Caen,0102030405,44.2,y",
    ]
    path = write(tmp_path, "\n".join(rows))
    words = propose_mapping(path, lang="en")
    assert "telephone" not in words
    assert '#   "c_geste"' in words
    assert '# "Associatif" = ""' in words
    assert '# "public"' not in words
    target = tmp_path / "new.toml"
    save_mapping(words, target)
    with pytest.raises(DataError):
        save_mapping(words, target)
    assert dict(read_mapping(target).tables["actors"].columns) == {
        "name": ("c_nom",),
        "family": ("c_statut_juridique",),
        "commune_id": ("c_code_insee",),
        "city": ("c_ville",),
        "latitude": ("c_lat_coor1",),
    }
    found = load_mapped(path, target)
    assert found.tables["actors"]["name"].tolist() == ["Beta"]
    target.write_text(
        words.replace('# "Associatif" = ""', '"Associatif" = "ess"'), encoding="utf-8"
    )
    assert load_mapped(path, target).tables["actors"]["family"].tolist() == ["ess", "public"]


def test_headers_are_known_in_both_languages(tmp_path):
    for line in ("Catégorie;Quantité;Unité;Désignation", "Category;Quantity;Unit;Designation"):
        path = write(tmp_path, f"{line}\nPalettes;3;t;Lot\n")
        target = write(tmp_path, propose_mapping(path, table="resources"), name="r.toml")
        assert list(read_mapping(target).tables["resources"].columns) == [
            "category",
            "label",
            "quantity",
            "unit",
        ]


def test_unsafe_layers_are_refused(tmp_path):
    path = write(tmp_path, "<OGRVRTDataSource></OGRVRTDataSource>", name="a.geojson")
    with pytest.raises(DataError) as caught:
        read_foreign(path)
    assert caught.value.code == "sources_vrt"


def test_examples_of_mappings_are_sound():
    from toolkit.resources import shipped

    names = sorted(path.name for path in shipped("templates", "mappings").glob("*.toml"))
    assert names == ["annuaire_economie_circulaire.toml", "tiers_lieux.toml"]
    for name in names:
        assert set(read_mapping(shipped("templates", "mappings", name)).tables) == {
            "actors",
            "resources",
        }


def test_an_empty_sheet_has_no_rows(tmp_path):
    path = tmp_path / "empty.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet("A").write(0, 0, "Nom")
    with pytest.raises(DataError) as caught:
        read_foreign(path)
    assert caught.value.code == "sources_no_rows"
