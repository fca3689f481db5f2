"""Equipments of the BPE, on small files written by hand in the layouts of the real ones."""

from __future__ import annotations

import csv
import zipfile

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import box

from toolkit import nomenclature
from toolkit.errors import DataError
from toolkit.language import problem_text
from toolkit.resources import shipped
from toolkit.sources import catalogue
from toolkit.sources.assemble import assemble
from toolkit.sources.bpe import COUNT_COLUMNS, find_counts, load_bpe
from toolkit.sources.extract import Extract
from toolkit.sources.passage import Passage

# Valid by Luhn's rule, made for the tests.
ONE, TWO, THREE = "73282932000074", "44306184100047", "55203253400646"
BODY = "21010001200017"
POINTS = "AN;REG;DEP;DEPCOM;DCIRIS;TYPEQU;LAMBERT_X;LAMBERT_Y;QUALITE_XY"


def write(folder, lines: list[str], *, name: str = "bpe.csv"):
    path = folder / name
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def counted(extract) -> dict[tuple[str, str], float]:
    counts = extract.tables["counts"]
    return counts.set_index(["commune_id", "activity"])["count"].to_dict()


def notes(extract) -> dict[str, str]:
    for note in extract.notes:
        assert problem_text(note, lang="fr") != problem_text(note, lang="en")
    return {note.code.removeprefix("sources_"): note.found for note in extract.notes}


def test_points_without_identity_are_counts(tmp_path):
    lines = [
        POINTS,
        "2021;84;01;1001;01001_0000;B203;868000;6570000;Bonne",
        "2021;84;01;01001;01001_0000;B203;868100;6570000;Mauvaise",
        "2021;84;01;;01002_0101;D201;;;Non géolocalisé",
        "2021;84;01;75111;751114301;A205;1;1;Bonne",
        "2021;84;01;;;B203;1;1;Bonne",
        "2020;84;01;01001;01001_0000;B203;1;1;Bonne",
        "2021;84;01;01001;01001_0000;ZZZ;1;1;Bonne",
    ]
    found = load_bpe(write(tmp_path, lines))
    assert counted(found) == {
        ("01001", "B203"): 2.0,
        ("01002", "D201"): 1.0,
        ("75056", "A205"): 1.0,
    }
    counts = found.tables["counts"].set_index("activity")
    assert counts["category"].dropna().to_dict() == {
        "B203": "services.daily_life.bakery",
        "D201": "services.health.general_practitioner",
    }
    assert set(counts["year"]) == {2021}
    assert found.source["data_year"] == 2021
    assert set(found.tables) == {"counts"}
    assert notes(found) == {
        "bpe_types": "1",
        "no_commune": "1",
        "bpe_years": "1",
        "bpe_no_category": "1",
    }
    assert found.counts["kept"] == 4


def test_counted_table_with_the_year_of_its_name(tmp_path):
    lines = [
        "DEPCOM;TYPEQU;NB_EQUIP",
        "01001;B203;3",
        "01001;B203;1",
        "01002;B203;0",
        "01002;D307;n.c.",
    ]
    found = load_bpe(write(tmp_path, lines, name="bpe22_ensemble.csv"))
    assert counted(found) == {("01001", "B203"): 4.0}
    assert found.source["data_year"] == 2022
    assert notes(found) == {"bpe_no_count": "2"}


def test_long_layout_keeps_communes_only(tmp_path):
    lines = [
        "GEO;GEO_OBJECT;FACILITY_DOM;FACILITY_TYPE;TIME_PERIOD;OBS_VALUE",
        "2024-COM-01001;COM;B;B203;2024;2",
        "01001;COM;_T;_T;2024;9",
        "01;DEP;B;B203;2024;50",
        "75111;ARM;B;B203;2024;50",
        "75056;COM;B;B203;2024;50",
    ]
    found = load_bpe(write(tmp_path, lines))
    assert counted(found) == {("01001", "B203"): 2.0, ("75056", "B203"): 50.0}
    assert notes(found) == {"bpe_levels": "2", "bpe_types": "1"}


POINTS_2023 = "AN;NOMRS;SIRET;DEPCOM;TYPEQU;LAMBERT_X;LAMBERT_Y;LONGITUDE;LATITUDE;QUALITE_XY;EPSG"


def test_identified_points_are_actors(tmp_path):
    # Projected points: the origins of the projections, whose degrees are known by definition.
    lines = [
        POINTS_2023,
        f"2023;LYCEE HAUT;{ONE};01001;C301;700000;6600000;;;Bonne;2154",
        f"2023;LYCEE HAUT;{ONE};01001;C302;700000;6600000;;;Bonne;2154",
        f"2023;MARTIN JEANNE;{TWO};01001;D201;;;3.1;46.6;Bonne;",
        f"2023;POLICE;{THREE};97209;A101;500000;1600000;;;Acceptable;",
        "2023;GROUPE;123;01001;C301;;;3.2;46.6;Bonne;",
    ]
    found = load_bpe(write(tmp_path, lines))
    actors = found.tables["actors"].set_index("actor_id")
    assert list(actors.index) == [f"siret:{ONE}", f"siret:{TWO}", f"siret:{THREE}"]
    assert actors["name"].tolist() == ["LYCEE HAUT", TWO, "POLICE"]
    assert actors["family"].tolist() == ["civil", "civil", "public"]
    place = actors.loc[f"siret:{ONE}"]
    assert (place["longitude"], place["latitude"]) == pytest.approx((3.0, 46.5), abs=1e-9)
    assert actors.loc[f"siret:{TWO}", ["longitude", "latitude"]].isna().all()
    island = actors.loc[f"siret:{THREE}"]
    assert island["longitude"] == pytest.approx(-63.0, abs=1e-9)
    assert 14.4 < island["latitude"] < 14.5
    resources = found.tables["resources"].set_index("actor_id")
    assert resources["category"].to_dict() == {
        f"siret:{ONE}": "services.education.upper_secondary",
        f"siret:{TWO}": "services.health.general_practitioner",
        f"siret:{THREE}": "services.daily_life.police",
    }
    assert resources["quantity"].dropna().to_dict() == {f"siret:{THREE}": 1.0}
    assert notes(found) == {"bpe_unidentified": "1", "bpe_unnamed": "1"}
    assert "MARTIN" not in found.tables["actors"].to_csv()
    asked = load_bpe(write(tmp_path, lines), with_natural_persons=True)
    shown = asked.tables["actors"].set_index("actor_id").loc[f"siret:{TWO}"]
    assert (shown["name"], shown["longitude"]) == ("MARTIN JEANNE", 3.1)


def test_the_layout_of_2025_is_read(tmp_path):
    """Header and values as in rows of BPE25 that Enerlens/gods-eye-view keeps as a fixture."""
    names = "AN APET NOMRS DEPCOM TYPEQU SIRET STATUT_DIFFUSION LAMBERT_X LAMBERT_Y LONGITUDE"
    header = [*names.split(), "LATITUDE", "QUALITE_XY", "EPSG", "QUALITE_GEOLOC", "DCIRIS"]
    rows = [
        [
            "2025",
            "_Z",
            "DR DUVAL, MEDECIN",
            "75101",
            "D265",
            "",
            "_Z",
            1,
            2,
            2.3,
            48.8,
            "B",
            "2154",
        ],
        ["2025", "_Z", "ECOLE BASSE", "01001", "C108", BODY, "O", 1, 2, 5.1, 46.1, "M", "2154"],
        ["2025", "_Z", "ANNEXE BP", "97602", "A206", TWO, "O", "", "", "", "", "_Z", "4471"],
        ["2025", "8531Z", "LYCEE CLAIR", "01001", "C301", THREE, "P", 1, 2, 5.2, 46.2, "A", "2154"],
    ]
    path = tmp_path / "BPE25.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=";", quoting=csv.QUOTE_NONNUMERIC)
        writer.writerows([header, *([*row, "_Z", "97602_IND"] for row in rows)])
    found = load_bpe(path)
    actors = found.tables["actors"].set_index("siret")
    assert actors["name"].to_dict() == {BODY: "ECOLE BASSE", TWO: "ANNEXE BP", THREE: THREE}
    assert actors[["longitude", "latitude"]].isna().all(axis=None)
    assert actors.loc[TWO, "commune_id"] == "97602"
    assert actors["family"].to_dict() == {BODY: "public", TWO: "business", THREE: "civil"}
    assert catalogue.recognise(path).name == "bpe"
    counts = found.tables["counts"].set_index("activity")
    assert counts.loc["D265", "category"] == "services.health.general_practitioner"
    assert counts.loc["C108", "category"] == "services.education.primary_school"
    assert found.source["data_year"] == 2025
    assert notes(found) == {"bpe_unidentified": "1", "weak_points": "1", "bpe_unnamed": "1"}


def test_arrondissements_that_are_asked_for_stay_what_they_are(tmp_path):
    points = [
        POINTS,
        "2024;11;75;75101;751010401;B207;1;1;B",
        "2024;11;75;75102;751020401;B207;1;1;B",
    ]
    path = write(tmp_path, points)
    assert counted(load_bpe(path, communes={"75056"})) == {("75056", "B207"): 2.0}
    found = load_bpe(path, communes={"75101"})
    assert counted(found) == {("75101", "B207"): 1.0}
    assert find_counts(found, {"75101"})["count"].tolist() == [1.0]
    long = [
        "GEO;GEO_OBJECT;FACILITY_TYPE;TIME_PERIOD;OBS_VALUE",
        "75056;COM;B207;2024;50",
        "75101;ARM;B207;2024;3",
    ]
    path = write(tmp_path, long, name="long.csv")
    assert counted(load_bpe(path, communes={"75056"})) == {("75056", "B207"): 50.0}
    assert counted(load_bpe(path, communes={"75101"})) == {("75101", "B207"): 3.0}


def test_notes_name_nobody_whose_name_is_not_kept(tmp_path):
    lines = [POINTS_2023, f"2023;MARTIN JEANNE;{TWO};01001;D201;;;3.1;46.6;Mauvaise;"]
    (note, *others) = load_bpe(write(tmp_path, lines)).notes
    assert note.code == "sources_weak_points"
    for lang in ("fr", "en"):
        assert not any("MARTIN" in problem_text(one, lang=lang) for one in (note, *others))


def test_a_type_crossed_with_other_qualities_counts_once(tmp_path):
    """Measures and crossings as in the thematic files of INSEE (DS_BPE_SPORT_CULTURE)."""
    lines = [
        "GEO;GEO_OBJECT;FACILITY_DOM;FACILITY_SDOM;FACILITY_TYPE;INDOOR;BPE_MEASURE;TIME_PERIOD;OBS_VALUE",
        "01001;COM;F;F1;F121;_T;FACILITIES;2024;5",
        "01001;COM;F;F1;F121;1;FACILITIES;2024;3",
        "01001;COM;F;F1;F121;0;FACILITIES;2024;2",
        "01001;COM;F;F1;F121;_T;ROOMS;2024;40",
        "01002;COM;F;F1;F121;_T;FACILITIES;2024;1",
    ]
    found = load_bpe(write(tmp_path, lines))
    assert counted(found) == {("01001", "F121"): 5.0, ("01002", "F121"): 1.0}
    assert notes(found) == {"bpe_measures": "1", "bpe_parts": "2"}


def test_a_weak_point_is_left_to_the_commune(tmp_path):
    lines = [POINTS_2023, f"2023;LYCEE;{ONE};01001;C301;;;3.2;46.6;Mauvaise;"]
    found = load_bpe(write(tmp_path, lines))
    assert found.tables["actors"][["longitude", "latitude"]].isna().all(axis=None)
    assert notes(found) == {"weak_points": "1"}


def test_rows_of_some_communes_out_of_a_national_zip(tmp_path):
    lines = [
        POINTS,
        "2021;84;01;1001;01001_0000;B203;868000;6570000;Bonne",
        "2021;84;01;1001;01001_0000;B203;868000;6570000;Bonne",
        "2021;84;01;01009;01009_0000;B203;868000;6570000;Bonne",
        "2021;11;75;75111;751114301;A205;1;1;Bonne",
        "2021;84;01;01002;01002_0000;B203;868000;6570000;Bonne",
    ]
    path = tmp_path / "bpe21_ensemble_xy_csv.zip"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("bpe21_ensemble_xy.csv", "\n".join(lines))
    passage = Passage({"01009": "01001"}, {}, 2024)
    found = load_bpe(path, communes=["01001", "75056"], passage=passage)
    assert found.counts["read"] == 4
    assert counted(found) == {
        ("01001", "B203"): 2.0,
        ("01009", "B203"): 1.0,
        ("75056", "A205"): 1.0,
    }
    inside = find_counts(found, ["01001", "75056"], passage=passage)
    assert inside["count"].tolist() == [3.0, 1.0]
    nobody = load_bpe(path, communes=["99001"])
    assert nobody.tables["counts"].empty
    assert nobody.counts["kept"] == 0
    assert notes(nobody) == {"bpe_nothing": "0"}


def test_compilation_by_commune(tmp_path):
    lines = [
        "id,comp1,boulang,bouch,poisson,poste,places_cine,egb,comprox,inconnu",
        "1001,200000000,2,1,1,1,120,3,9,7",
        "01002,200000000,0,,0,0,0,0,0,7",
        "D01,,50,9,9,9,9,9,9,7",
        "200000000,,50,9,9,9,9,9,9,7",
    ]
    found = load_bpe(write(tmp_path, lines, name="communes.csv"), data_year=2024)
    assert counted(found) == {
        ("01001", "boulang"): 2.0,
        ("01001", "bouch"): 1.0,
        ("01001", "poisson"): 1.0,
        ("01001", "poste"): 1.0,
        ("01001", "places_cine"): 120.0,
        ("01001", "egb"): 3.0,
    }
    counts = found.tables["counts"].set_index("activity")
    assert counts.loc["places_cine", "unit"] == "place"
    assert counts.loc["poste", "category"] == "services.daily_life.post_office"
    assert pd.isna(counts.loc["egb", "category"])
    assert set(counts["year"]) == {2024}
    assert notes(found) == {"bpe_levels": "2", "bpe_totals": "1", "bpe_no_category": "1"}
    undated = load_bpe(write(tmp_path, lines, name="communes.csv"))
    assert undated.source["data_year"] is None
    assert counted(undated) == counted(found)


def test_counts_of_a_perimeter_are_added_up_where_communes_merged(tmp_path):
    lines = ["DEPCOM;TYPEQU;NB_EQUIP", "01001;B203;3", "01009;B203;2", "01003;B203;1"]
    found = load_bpe(write(tmp_path, lines), data_year=2022)
    passage = Passage({"01009": "01001"}, {}, 2024)
    inside = find_counts(found, ["01001", "01002"], passage=passage)
    assert tuple(inside.columns) == COUNT_COLUMNS
    assert inside[["commune_id", "count"]].to_numpy().tolist() == [["01001", 5.0]]
    assert len(find_counts(found, ["01001"])) == 1
    assert find_counts(found, []).empty


def test_counts_do_not_trouble_the_assembly(tmp_path):
    lines = [POINTS_2023, f"2023;LYCEE;{ONE};01001;C301;;;3.0;46.5;Bonne;"]
    cells = {"commune_id": ["01001"], "name": ["Alpha"]}
    square = gpd.GeoDataFrame(cells, geometry=[box(2.9, 46.4, 3.1, 46.6)], crs=4326)
    perimeter = Extract({"communes": square}, {"source_id": "communes:x"}, {}, ())
    found = assemble(perimeter, [load_bpe(write(tmp_path, lines))])
    assert "counts" not in found.tables
    assert found.tables["actors"]["actor_id"].tolist() == [ONE]
    assert found.tables["resources"]["actor_id"].tolist() == [ONE]


def test_a_file_of_something_else_is_refused(tmp_path):
    with pytest.raises(DataError) as caught:
        load_bpe(write(tmp_path, ["a;b", "1;2"]))
    assert [problem.code for problem in caught.value.problem_list] == ["sources_column_missing"]


def test_the_table_of_compilations_speaks_of_known_things():
    path = shipped("data", "nomenclatures", "bpe_types_categories.csv")
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    codes = [row["code"] for row in rows]
    assert codes == sorted(set(codes))
    for row in rows:
        assert row["category_id"] in nomenclature.codes("categories") | {""}
        assert row["unit"] in {"unit", "place", "total"}
        assert row["unit"] != "total" or not row["category_id"]
