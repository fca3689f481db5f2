"""Perimeters of real territories, chosen by name, département, polygon and distance."""

from __future__ import annotations

import csv

import pytest
from pyproj import Geod

from toolkit import crs
from toolkit.errors import SchemaError, UsageError
from toolkit.sources.communes import read_communes
from toolkit.sources.geometry_files import read_polygons
from toolkit.sources.selection import Selection
from toolkit.territory import Territory

pytestmark = pytest.mark.shared


def records(path):
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def normandy(shared_data):
    """Return outlines of 2018 of three départements, and the files that bring them to today."""
    folder = shared_data / "normandie"
    return {
        "path": [folder / f"communes_{code}_cog2018.geojson" for code in ("14", "50", "61")],
        "population": folder / "epci_communes_population_2026_14_50_61.csv",
        "passage": shared_data / "national" / "geocodes_passage_annuel.csv",
    }


def chosen(files, **options):
    found = read_communes(**files, **options)
    return found.tables["communes"]["commune_id"].tolist()


def members(files, *names):
    return sorted(
        row["commune_code"] for row in records(files["population"]) if row["epci_nom"] in names
    )


@pytest.mark.parametrize(
    "asked,name",
    [
        ("pays de falaise", "CC du Pays de Falaise"),
        ("Communauté d'agglomération Flers Agglo", "CA Flers Agglo"),
        ("coutances mer et bocage", "CC Coutances Mer et Bocage"),
        ("CC de Granville, Terre et Mer", "CC de Granville, Terre et Mer"),
        ("domfront tinchebray interco", "CC Domfront Tinchebray Interco"),
    ],
)
def test_intercommunality_by_name(normandy, asked, name):
    words = tuple(part.strip() for part in asked.split(","))
    expected = members(normandy, name)
    assert len(expected) > 5
    assert chosen(normandy, selection=Selection(epci=words)) == expected


def test_three_intercommunalities_of_three_departements_at_once(normandy):
    names = ("CC du Pays de Falaise", "CA Flers Agglo", "CC de Villedieu Intercom")
    asked = ("Pays de Falaise", "Flers Agglo", "Villedieu Intercom")
    found = chosen(normandy, selection=Selection(epci=asked))
    assert found == members(normandy, *names)
    assert {code[:2] for code in found} == {"14", "50", "61"}


def test_intercommunality_across_two_departements_names_what_is_missing(normandy):
    alencon = members(normandy, "CU d'Alençon")
    sarthe = [code for code in alencon if code.startswith("72")]
    assert len(sarthe) == 5
    with pytest.raises(SchemaError) as caught:
        chosen(normandy, selection=Selection(epci=("Alencon",)))
    problems = caught.value.problem_list
    assert {problem.code for problem in problems} == {"communes_no_polygon"}
    assert [problem.found for problem in problems] == sarthe
    assert {problem.params["name"] for problem in problems} >= {"Arçonnay", "Champfleur"}
    found = chosen(normandy, selection=Selection(epci=("Alencon",)), without=sarthe)
    assert found == [code for code in alencon if code not in sarthe]


def test_names_borne_by_several_in_the_whole_country(shared_data, normandy):
    files = {**normandy, "population": shared_data / "national" / "epci_membres_2026.json"}
    with pytest.raises(UsageError) as caught:
        chosen(files, selection=Selection(epci=("Quatre Rivières",), communes=("Croisilles",)))
    told = {problem.code: problem.params["choices"] for problem in caught.value.problem_list}
    assert told == {
        "perimeter_name_ambiguous": "14207 Croisilles (14), 61138 Croisilles (61)",
        "perimeter_epci_ambiguous": (
            "247000623 CC des Quatre Rivières (70); 247400666 CC des Quatre Rivières (74)"
        ),
    }
    found = read_communes(**files, selection=Selection(communes=("falaise", "Croisilles (61)")))
    assert found.tables["communes"]["commune_id"].tolist() == ["14258", "61138"]
    same = [note for note in found.notes if note.code == "sources_perimeter_same_name"]
    assert "08164 Falaise (08)" in same[0].params["choices"]


def test_intercommunality_from_the_sheet_of_the_dgcl(shared_data, normandy):
    files = {**normandy, "population": shared_data / "national" / "epcicom2023.xlsx"}
    frame = read_communes(**files, selection=Selection(epci=("Cœur de Nacre",))).tables["communes"]
    assert frame["commune_id"].tolist() == members(normandy, "CC Coeur de Nacre")
    assert frame["epci_id"].unique().tolist() == ["241400860"]
    assert frame["population"].gt(0).all()


def test_grouping_of_intercommunalities_and_a_commune(tmp_path, normandy):
    rows = records(normandy["population"])
    names = ("CC du Pays de Falaise", "CC du Val d'Orne")
    codes = {row["epci_nom"]: row["epci_code"] for row in rows}
    (alone,) = (row for row in rows if row["commune_code"] == "50218")
    path = tmp_path / "petr.csv"
    lines = ["N° SIREN;Nom du groupement;Siren membre;Nom membre"]
    lines += [f"250000001;PETR d'essai;{codes[name]};{name}" for name in names]
    lines += [f"250000001;PETR d'essai;{alone['commune_siren']};{alone['commune_nom']}"]
    path.write_text("\n".join(lines), encoding="utf-8")
    found = chosen(normandy, selection=Selection(groups=("essai",), groups_file=path))
    assert found == sorted([*members(normandy, *names), "50218"])


def test_employment_zone_from_a_file_of_insee(shared_data, normandy):
    path = shared_data / "normandie" / "zones_emploi_2020.csv"
    rows = [row for row in records(path) if row["libze2020"] == "Coutances"]
    asked = Selection(groups=("coutances",), groups_file=path)
    found = read_communes(**normandy, selection=asked)
    codes = set(found.tables["communes"]["commune_id"])
    listed = {row["codgeo"] for row in rows}
    merged = {note.code: int(note.found) for note in found.notes}.get(
        "sources_perimeter_old_members", 0
    )
    assert len(listed - codes) == merged
    assert len(listed & codes) > 50


def test_whole_departement(normandy):
    expected = {
        row["commune_code"]
        for row in records(normandy["population"])
        if row["commune_code"].startswith("50")
    }
    found = read_communes(**normandy, selection=Selection(departements=("D50",)))
    assert set(found.tables["communes"]["commune_id"]) == expected
    merged = {note.code: int(note.found) for note in found.notes}["sources_communes_merged"]
    drawn = len(read_polygons(normandy["path"][1], is_wanted=lambda _: True))
    assert len(expected) + merged == drawn


def test_polygon_of_a_waste_union_is_the_sum_of_its_three_intercommunalities(shared_data):
    folder = shared_data / "calaisis_62"
    files = {
        "path": folder / "communes_62_cog2018.geojson",
        "population": folder / "epci_communes_population_2026_62.csv",
        "cog_year": 2018,
    }
    found = read_communes(
        **files, selection=Selection(within=folder / "territoire_sevadec.geojson")
    )
    expected = members(
        files,
        "CA Grand Calais Terres et Mers",
        "CC Pays d'Opale",
        "CC de la Région d'Audruicq",
    )
    assert found.tables["communes"]["commune_id"].tolist() == expected
    notes = {note.code: note for note in found.notes}
    assert notes["sources_perimeter_within"].params["percent"] == 50
    assert "area:territoire_sevadec" in found.sources["source_id"].tolist()


def distances_km(path, centre_code, *, code):
    """Return how far communes are from one of them on the ellipsoid, between inner points."""
    frame = read_polygons(path, is_wanted=lambda _: True)
    points = frame.to_crs(epsg=4326).geometry.representative_point()
    here = points[frame[code] == centre_code].iloc[0]
    metres = [Geod(ellps="GRS80").inv(here.x, here.y, one.x, one.y)[2] for one in points]
    return {name: far / 1_000 for name, far in zip(frame[code], metres, strict=True)}


def check_radius(found, far, *, radius_km):
    # Inner points are taken in degrees here and in metres there, so they differ by some metres.
    inside = {code for code, km in far.items() if km < 0.97 * radius_km}
    outside = {code for code, km in far.items() if km > 1.03 * radius_km}
    codes = set(found.tables["communes"]["commune_id"])
    assert inside <= codes
    assert not outside & codes
    assert len(inside) > 3


def test_radius_around_caen(shared_data):
    path = shared_data / "normandie" / "communes_14_cog2018.geojson"
    asked = Selection(around="CAEN", radius_km=15)
    found = read_communes(path, cog_year=2018, selection=asked)
    check_radius(found, distances_km(path, "14118", code="code"), radius_km=15)
    assert {note.code for note in found.notes} >= {
        "sources_perimeter_around",
        "sources_perimeter_just_taken",
        "sources_perimeter_just_left",
    }
    same = read_communes(
        path, cog_year=2018, selection=Selection(around="-0.3654,49.1847", radius_km=15)
    )
    both = set(found.tables["communes"]["commune_id"]) & set(same.tables["communes"]["commune_id"])
    assert len(both) > 0.9 * len(found.tables["communes"])


def test_martinique_in_its_own_projection(shared_data):
    folder = shared_data / "martinique_972"
    files = {
        "path": folder / "mtq.gpkg",
        "population": folder / "epci_communes_population_2026_972.csv",
        "cog_year": 2015,
    }
    found = read_communes(**files, selection=Selection(around="fort de france", radius_km=12))
    check_radius(found, distances_km(files["path"], "97209", code="INSEE_COM"), radius_km=12)
    tables = {**found.tables, "sources": found.sources}
    territory = Territory.from_tables(tables, name="Fort-de-France")
    assert territory.zone == crs.OVERSEAS["972"]
    assert "sources_perimeter_outside" in {note.code for note in found.notes}
    assert chosen(files, selection=Selection(epci=("Centre de la Martinique",))) == members(
        files, "CA du Centre de la Martinique"
    )
    assert len(chosen(files, selection=Selection(departements=("972",)))) == 34
