"""Layouts as they stand in published files or in code that reads them in production.

The rows are made by hand; each test names where its layout was seen.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from toolkit.errors import DataError
from toolkit.language import problem_text
from toolkit.sources import catalogue
from toolkit.sources.decp import load_decp
from toolkit.sources.ess_lists import read_ess_list
from toolkit.sources.extract import Extract
from toolkit.sources.gogocarto import load_gogocarto
from toolkit.sources.irep import load_irep
from toolkit.sources.overpass import load_overpass
from toolkit.sources.populations import read_populations
from toolkit.sources.reuse_actors import load_reuse_actors
from toolkit.sources.sinoe import load_sinoe

# Valid by Luhn's rule, made for the tests.
ONE, TWO, THREE = "73282932000074", "44306184100047", "55203253400646"


def write(path: Path, rows: list[dict[str, str]], *, separator: str = ",") -> Path:
    """Write rows with the columns of the first one."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), delimiter=separator, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def notes(extract: Extract) -> dict[str, str]:
    for note in extract.notes:
        assert problem_text(note, lang="fr") != problem_text(note, lang="en")
    return {note.code.removeprefix("sources_"): note.found for note in extract.notes}


# --- public contracts -------------------------------------------------------------------------
def contract(number: int, *, holder: str = TWO, version: int = 0, **cells: str) -> dict[str, str]:
    """Return a row of the consolidated tabular file (schema_base.json of decp-processing)."""
    return {
        "uid": f"{ONE}c{number}",
        "id": f"c{number}",
        "nature": "Marché",
        "acheteur_id": ONE,
        "acheteur_nom": "COMMUNE",
        "titulaire_id": holder,
        "titulaire_typeIdentifiant": "SIRET",
        "objet": "Travaux",
        "montant": "5000.0",
        "techniques": "",
        "dureeMois": "12",
        "dateNotification": "2024-05-04",
        "idAccordCadre": "",
        "modification_id": str(version),
        "donneesActuelles": "true",
        "montant_anomalie": "",
        **cells,
    }


def kinds_of(extract: Extract) -> dict[str, str]:
    flows = extract.tables["flows"]
    short = flows["flow_id"].str.removeprefix(f"decp:{ONE}:").str.replace(TWO, "two")
    return dict(zip(short, flows["amount_kind"], strict=True))


def test_only_the_version_in_force_of_a_contract_counts(tmp_path):
    """A row a version and holder: ColinMaudry/decp-processing, ``sort_modifications``."""
    rows = [
        contract(1, version=2, montant="7000.0", dateNotification="2025-06-01"),
        contract(1, version=1, dateNotification="2024-12-01", donneesActuelles="false"),
        contract(1, holder=THREE, dateNotification="2023-12-01", donneesActuelles="false"),
        contract(2),
    ]
    path = write(tmp_path / "decp.csv", rows)
    assert catalogue.recognise(path).name == "decp"
    found = load_decp(path)
    flows = found.tables["flows"].set_index("flow_id")
    assert flows["quantity"].to_dict() == {
        f"decp:{ONE}:c1:{TWO}": 7000.0,
        f"decp:{ONE}:c2:{TWO}": 5000.0,
    }
    assert flows["year"].tolist() == [2023, 2024]
    assert notes(found) == {"superseded": "2"}


def test_frameworks_since_2024_are_told_by_technique(tmp_path):
    """``techniques`` and ``idAccordCadre`` of the schema of 2022; ``CDL`` stands for nothing."""
    rows = [
        contract(1, techniques="Accord-cadre", idAccordCadre="CDL"),
        contract(2, techniques="Accord-cadre, Catalogue électronique"),
        contract(3, techniques="Accord-cadre", idAccordCadre="c1"),
        *[contract(n, montant="900000", idAccordCadre="c2") for n in (4, 5, 6)],
        contract(7, techniques="Sans objet", idAccordCadre="Sans objet"),
        contract(8, montant="9000000000", montant_anomalie="suspect"),
    ]
    found = load_decp(write(tmp_path / "decp.csv", rows))
    assert kinds_of(found) == {
        "c1:two": "framework",
        "c2:two": "framework",
        "c3:two": "notified",
        "c4:two": "repeated",
        "c5:two": "repeated",
        "c6:two": "repeated",
        "c7:two": "notified",
        "c8:two": "doubtful",
    }
    assert found.tables["flows"]["quantity"].sum() == 10_000.0
    assert notes(found) == {
        "amount_framework": "2",
        "amount_repeated": "3",
        "amount_doubtful": "1",
    }


def test_holders_in_numbered_columns(tmp_path):
    """Headers in small letters of decp-v3-marches-valides (data.economie.gouv.fr)."""
    row = {
        "id": "c1",
        "acheteur_id": ONE,
        "objet": "Logiciel",
        "montant": "100",
        "datenotification": "2024-04-25",
        "idaccordcadre": "CDL",
        "titulaire_id_1": TWO,
        "titulaire_typeidentifiant_1": "SIRET",
        "titulaire_id_2": THREE,
        "titulaire_id_3": "CDL",
    }
    path = write(tmp_path / "decp-v3.csv", [row], separator=";")
    assert catalogue.recognise(path).name == "decp"
    flows = load_decp(path).tables["flows"]
    assert flows["destination"].tolist() == [f"siret:{TWO}", f"siret:{THREE}"]
    assert flows["amount_kind"].tolist() == ["group", "group"]
    assert pd.isna(flows["quantity"]).all()


# --- lists of the social economy --------------------------------------------------------------
def test_the_list_of_ess_france(tmp_path):
    """Header of entreprisesess.csv as printed in augustindeche-bit/ess-numerique-database and read
    by annuaire-entreprises-site; SIREN that lost their zeros, as printed there.
    """
    row = {
        "SIREN": "5720784",
        "Nom ou raison sociale de l'entreprise": "COOPERATIVE",
        "Famille juridique de l'entreprise": "Coopératives",
        "Code postal": "80100",
        "Libellé de la commune de l'établissement": "ABBEVILLE",
        "Code du département de l'établissement": "80",
        "Département de l'établissement": "SOMME",
        "Région de l'établissement": "HAUTS DE FRANCE",
    }
    other = {**row, "SIREN": "732829320", "Famille juridique de l'entreprise": ""}
    path = write(tmp_path / "entreprisesess.csv", [row, other])
    assert catalogue.recognise(path).name == "ess-list"
    assert read_ess_list(path).sirens == {"005720784"}


def sheet(path: Path, rows: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def test_the_list_of_agreements_is_recognised_under_its_title_rows(tmp_path):
    rows = [
        ["Liste nationale des agréments ESUS"],
        [],
        ["Région", "Dénomination", "Numéro SIREN", "Date de fin d'agrément"],
        ["Normandie", "Alpha", "732 829 320", dt.date(2027, 5, 1)],
        ["Normandie", "Beta", "443 061 841", dt.date(2024, 5, 1)],
    ]
    path = sheet(tmp_path / "esus.xlsx", rows)
    assert catalogue.recognise(path).name == "ess-list"
    assert read_ess_list(path, on=dt.date(2026, 1, 1)).sirens == {"732829320"}


def test_a_sheet_of_something_else_is_told_what_it_lacks(tmp_path):
    path = sheet(tmp_path / "x.xlsx", [["Titre"], ["Nom", "SIREN", "Fin"], ["Alpha", 732829320, 1]])
    with pytest.raises(DataError) as caught:
        catalogue.recognise(path)
    assert caught.value.code == "sources_not_recognised"
    empty = sheet(tmp_path / "empty.xlsx", [])
    with pytest.raises(DataError) as caught:
        catalogue.recognise(empty)
    assert caught.value.code == "sources_no_rows"


# --- OpenStreetMap ----------------------------------------------------------------------------
def written(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_the_export_of_overpass_turbo(tmp_path):
    """GeoJSON with ``@id`` and ``@geometry``: what the site exports, as kept in many repositories
    (fixtures that name ``"generator": "overpass-turbo"``).
    """
    square = [[3.0, 44.0], [3.2, 44.0], [3.2, 44.2], [3.0, 44.2], [3.0, 44.0]]
    tags = {"amenity": "recycling", "recycling_type": "centre", "name": "Déchèterie"}
    features = [
        {
            "type": "Feature",
            "properties": {"@id": "way/7", **tags, "@geometry": "center"},
            "geometry": {"type": "Point", "coordinates": [3.07, 44.1]},
            "id": "way/7",
        },
        {
            "type": "Feature",
            "properties": {"@id": "relation/8", **tags, "@user": "somebody"},
            "geometry": {"type": "Polygon", "coordinates": [square]},
            "id": "relation/8",
        },
        {"type": "Feature", "properties": {"@id": "way/9", **tags}, "geometry": None},
        {"type": "Feature", "properties": None, "geometry": None},
    ]
    content = {
        "type": "FeatureCollection",
        "generator": "overpass-turbo",
        "copyright": "ODbL",
        "timestamp": "2026-06-11T13:09:57Z",
        "features": features,
    }
    path = written(tmp_path / "export.geojson", content)
    assert catalogue.recognise(path).name == "osm"
    found = load_overpass(path)
    actors = found.tables["actors"].set_index("actor_id")
    assert list(actors.index) == ["osm:way/7", "osm:relation/8"]
    assert actors.loc["osm:way/7", ["latitude", "longitude"]].tolist() == [44.1, 3.07]
    assert 44.0 < actors.loc["osm:relation/8", "latitude"] < 44.2
    assert found.source["data_year"] == 2026
    assert notes(found) == {"osm_nowhere": "1"}


def test_ways_with_bounds_only(tmp_path):
    """``out tags bb;`` gives ``bounds``, not ``center``."""
    way = {
        "type": "way",
        "id": 7,
        "bounds": {"minlat": 44.0, "minlon": 3.0, "maxlat": 44.2, "maxlon": 3.1},
        "tags": {"amenity": "recycling", "recycling_type": "centre", "name": "Déchèterie"},
    }
    path = written(tmp_path / "a.json", {"version": 0.6, "elements": [way]})
    actors = load_overpass(path).tables["actors"]
    assert actors[["latitude", "longitude"]].iloc[0].tolist() == pytest.approx([44.1, 3.05])


# --- participative maps -----------------------------------------------------------------------
def element(number: int, **cells: object) -> dict[str, object]:
    """Return an element as pixelhumain/GoGoCarto writes it (``updateJsonRepresentation``)."""
    return {
        "id": f"a{number}",
        "name": "Ressourcerie",
        "geo": {"latitude": 44.1, "longitude": 3.07},
        "sourceKey": "carte",
        "address": {"streetAddress": "rue Haute", "addressLocality": "Millau"},
        "createdAt": "01/02/2025",
        "updatedAt": "01/02/2025",
        "categories": ["Ressourcerie"],
        **cells,
    }


@pytest.mark.parametrize("key", ["data", "@graph"])
def test_answers_of_a_map_in_json_and_json_ld(tmp_path, key):
    content = {key: [element(1)], "licence": "ODbL", "ontology": "gogofull"}
    path = written(tmp_path / "map.json", content)
    assert catalogue.recognise(path).name == "gogocarto"
    assert load_gogocarto(path).tables["actors"]["name"].tolist() == ["Ressourcerie"]


def test_compact_answers_of_a_map_say_what_to_ask_for(tmp_path):
    content = {"data": [["a1", "Ressourcerie", 44.1, 3.07, [1, 2]]], "ontology": "gogocompact"}
    path = written(tmp_path / "map.json", content)
    assert catalogue.recognise(path).name == "gogocarto"
    with pytest.raises(DataError) as caught:
        load_gogocarto(path)
    assert "gogofull" in problem_text(caught.value.problem_list[0], lang="fr")


def test_a_map_export_at_the_limit_of_the_page_is_noted(tmp_path):
    """``limit=100`` is ticked on the page of the interface (api-ui.html.twig)."""
    full = load_gogocarto(written(tmp_path / "a.json", [element(n) for n in range(100)]))
    assert notes(full)["map_limit"] == "100"
    less = load_gogocarto(written(tmp_path / "b.json", [element(n) for n in range(99)]))
    assert "map_limit" not in notes(less)


# --- recycling centres ------------------------------------------------------------------------
def test_a_page_of_an_answer_of_data_fair_is_noted(tmp_path):
    """``total``, ``next`` and ``results`` of data.ademe.fr; cells as printed of centre 3610."""
    row = {
        "ANNEE": 2026,
        "C_SERVICE": "3610",
        "N_SERVICE": "DÉCHÈTERIE D'ARLES",
        "C_COMM": "13004",
        "CP_SITE": "13200",
        "L_VILLE_SITE": "Arles",
        "LOV_MO_GEST": "REGIE",
        "LST_TYPE_DECHET": "01.3|02.31|06",
        "_i": 1,
        "_score": None,
    }
    answer = {"total": 38_000, "next": "https://data.ademe.fr/...", "results": [row]}
    path = written(tmp_path / "lines.json", answer)
    assert catalogue.recognise(path).name == "sinoe"
    found = load_sinoe(path)
    assert found.tables["resources"]["label"].tolist() == ["SINOE 01.3, 02.31, 06"]
    assert notes(found) == {"page": "1"}
    whole = load_sinoe(written(tmp_path / "whole.json", {"total": 1, "results": [row]}))
    assert notes(whole) == {}


# --- inhabitants ------------------------------------------------------------------------------
CENSUS = {
    "2023": "REG;Région;DEP;CODARR;CODCAN;CODCOM;COM;Commune;PMUN;PCAP;PTOT\n"
    "84;Auvergne-Rhône-Alpes;01;2;08;001;01001;L'Abergement;860;16;876\n"
    "01;Guadeloupe;971;2;99;101;97101;Les Abymes;50000;1;50001\n",
    "2018": "CODREG;REG;CODDEP;CODARR;CODCAN;CODCOM;COM;PMUN;PCAP;PTOT\n"
    "84;Auvergne-Rhône-Alpes;01;1;04;001;L'Abergement;860;16;876\n"
    "01;Guadeloupe;971;2;99;101;Les Abymes;50000;1;50001\n",
}


@pytest.mark.parametrize("year", CENSUS)
def test_communes_of_the_census(tmp_path, year):
    """donnees_communes.csv of ensemble.zip: a row printed of the populations of 2023, and the
    header of earlier years, in which COM is the name, as read by several public scripts.
    """
    path = tmp_path / "donnees_communes.csv"
    path.write_text(CENSUS[year], encoding="utf-8")
    rows = read_populations(path)
    assert rows["commune_id"].tolist() == ["01001", "97101"]
    assert rows["name"].tolist() == ["L'Abergement", "Les Abymes"]
    assert rows["population"].tolist() == [860.0, 50000.0]


def test_reference_populations_of_melodi(tmp_path):
    """Columns of DS_POPULATIONS_REFERENCE and of DS_POPULATIONS_HISTORIQUES as public scripts read
    them in zips with their description; the R package of Melodi prints codes such as
    ``2025-COM-44141`` too.
    """
    lines = [
        "GEO;GEO_OBJECT;FREQ;POPREF_MEASURE;TIME_PERIOD;OBS_VALUE",
        "44141;COM;A;PMUN;2022;300",
        "44141;COM;A;PMUN;2023;310",
        "44141;COM;A;PTOT;2023;334",
        "2025-COM-01001;COM;A;PMUN;2023;860",
        "44;DEP;A;PMUN;2023;1480000",
        "44999;COM;A;PMUN;2023;",
        "44998;COM;A;PMUN;2021;12",
    ]
    data = "\n".join(
        ";".join(f'"{cell}"' if cell else "" for cell in line.split(";")) for line in lines
    )
    path = tmp_path / "DS_POPULATIONS_REFERENCE_CSV_FR.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("DS_POPULATIONS_REFERENCE_metadata.csv", "COD_VAR;LIB_VAR\nGEO;Lieu\n")
        archive.writestr("DS_POPULATIONS_REFERENCE_data.csv", data)
    rows = read_populations(path)
    assert rows["commune_id"].tolist() == ["01001", "44141"]
    assert rows["population"].tolist() == [860.0, 310.0]
    assert rows["year"].tolist() == [2023, 2023]
    assert rows["name"].isna().all()


# --- declared waste ---------------------------------------------------------------------------
WASTE_2024 = (
    "identifiant;nom_etablissement;dechet;annee;code_operation_eliminatio_valorisation;"
    "libelle_operation_eliminatio_valorisation;code_departement;pays;code_dechet;"
    "libelle_dechet;quantite;unite"
)
"""Columns and their order as PureSphere lists them, with the unit ``tonnes/an``."""


def packed(path: Path, **members: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(f"2024/{name}.csv", text)
    return path


def test_the_archive_of_2024_has_codes_of_communes_and_degrees(tmp_path):
    """Header of etablissements.csv as a public build script requires it (``code_insee``,
    ``code_epsg`` 4326, byte order mark, ids of ten digits); the waste file may hold numbers.
    """
    sites = (
        "identifiant;nom_etablissement;numero_siret;code_insee;commune;coordonnees_x;"
        "coordonnees_y;code_epsg\r\n"
        f"0006104769;USINE;{ONE};74208;PASSY;6.728596;45.926387;4326\r\n"
        f"0006104770;FOUR;{TWO};74208;PASSY;958000;6540000;2154\r\n"
    )
    waste = (
        f"{WASTE_2024}\r\n"
        "6104769;USINE;Non dangereux;2024;R3;Recyclage;1;;15 01 01;cartons;10.5;tonnes/an\r\n"
        "0006104770;FOUR;Non dangereux;2024;R3;Recyclage;74;;15 01 01;cartons;2;tonnes/an\r\n"
        "0006104770;FOUR;Non dangereux;2024;R3;Recyclage;74;;15 01 02;bois;< seuil;tonnes/an\r\n"
    )
    path = packed(
        tmp_path / "2024.zip",
        etablissements="\ufeff" + sites,
        Prod_dechets_non_dangereux="\ufeff" + waste,
    )
    assert catalogue.recognise(path).name == "irep"
    found = load_irep(path)
    actors = found.tables["actors"].set_index("siret")
    assert actors["commune_id"].tolist() == ["74208", "74208"]
    assert actors["department"].tolist() == ["74", "74"]
    assert actors.loc[ONE, ["latitude", "longitude"]].tolist() == [45.926387, 6.728596]
    assert actors.loc[TWO, ["latitude", "longitude"]].isna().all()
    assert found.tables["resources"]["quantity"].sum() == 12.5
    assert found.tables["flows"]["origin"].tolist() == [f"siret:{ONE}"]
    assert notes(found) == {"no_quantity": "1"}


def test_older_archives_name_the_departement_in_words(tmp_path):
    """Commas, capitals and ids with a point, as sdpython prints the archive of 2017."""
    sites = (
        "Identifiant,Nom_Etablissement,Numero_SIRET,Adresse,Code_Postal,Commune,Departement,"
        "Region,Coordonnees_X,Coordonnees_Y,Code_APE,Libelle_APE,code_eprtr,libelle_eprtr\n"
        f"061.10406,REVA,{ONE},,69390,MILLERY,RHONE,AUVERGNE-RHONE-ALPES,790678,2073093,3811Z,x,,\n"
    )
    waste = (
        "Identifiant,Nom_Etablissement,Annee,Code_Departement,Pays,Code_Dechet,Libelle_Dechet,"
        "Quantite,Unite\n061.10406,REVA,2017,69,,15 01 01,cartons,10,t/an\n"
    )
    found = load_irep(
        packed(tmp_path / "2017.zip", etablissements=sites, Prod_dechets_non_dangereux=waste)
    )
    actor = found.tables["actors"].iloc[0]
    assert (actor["department"], actor["city"]) == ("69", "MILLERY")
    assert found.tables["flows"].empty


# --- reuse and repair -------------------------------------------------------------------------
def test_the_open_list_of_actors_of_reuse(tmp_path):
    """Columns as incubateur-ademe/quefairedemesobjets makes them: an action without objects has
    null for them, and who serves at homes only has no address but still a point.
    """
    row = {
        "identifiant": "aDcrgdtbqxAZFM3yYCRTue",
        "paternite": "Que faire de mes objets et déchets|ADEME|ECOSYSTEM",
        "identifiants_des_contributeurs": '[{"ECOSYSTEM": "ES-1"}]',
        "nom": "ATELIER",
        "nom_commercial": "",
        "siret": ONE,
        "type_dacteur": "artisan",
        "adresse": "",
        "code_postal": "12100",
        "ville": "Millau",
        "code_commune": "12145",
        "latitude": "44.1",
        "longitude": "3.07",
        "type_de_services": "service_de_reparation",
        "lieu_prestation": "A_DOMICILE",
        "propositions_de_services": '[{"action": "trier", "sous_categories": null}, '
        '{"action": "reparer", "sous_categories": ["velo"]}]',
        "reparer": "velo",
        "rapporter": "",
        "date_de_derniere_modification": "2026-05-01",
    }
    shop = {**row, "identifiant": "b", "siret": TWO, "lieu_prestation": "SUR_PLACE"}
    path = write(tmp_path / "acteurs.csv", [row, shop])
    assert catalogue.recognise(path).name == "reuse-actors"
    found = load_reuse_actors(path, data_year=2026)
    actors = found.tables["actors"].set_index("siret")
    assert actors["latitude"].isna().to_dict() == {ONE: True, TWO: False}
    assert actors["address"].isna().to_dict() == {ONE: True, TWO: False}
    assert set(found.tables["resources"]["actor_id"]) == {f"siret:{ONE}", f"siret:{TWO}"}
    assert notes(found) == {}
