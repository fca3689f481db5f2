"""Files are recognised by their columns, and read by their own loader."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from toolkit.errors import DataError, UsageError
from toolkit.sources import catalogue
from toolkit.sources.catalogue import Context

PAIRS = "CODGEO;LIBGEO;DCLT;L_DCLT;NBFLUX_C22_ACTOCC15P\n99001;A;99002;B;250,5\n"
SERVICES = "id_fs,lib_fs,insee_com\n12,Point d'accueil,99001\n"


@pytest.fixture
def write(tmp_path):
    def written(name: str, content: str, *, encoding: str = "utf-8"):
        path = tmp_path / name
        path.write_text(content, encoding=encoding)
        return path

    return written


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_a_file_is_recognised_whatever_its_encoding(write, encoding):
    path = write("a.csv", SERVICES.replace("Point", "Accès"), encoding=encoding)
    assert catalogue.recognise(path).name == "france-services"


def test_the_kind_with_the_most_columns_is_meant(write):
    path = write("a.csv", "commune_code,commune_nom,commune_siren,id_fs,lib_fs,insee_com\n")
    kinds = {
        kind.name: len(kind.needed)
        for kind in catalogue.KINDS
        if kind.name in {"france-services", "municipalities"}
    }
    assert len(set(kinds.values())) == 1, "both ask for three columns: the first one is taken"
    assert catalogue.recognise(path).name == "france-services"


def test_an_unknown_file_is_told_what_the_nearest_kind_lacks(write):
    path = write("a.csv", "id_fs;lib_fs;commune\n1;x;99001\n")
    with pytest.raises(DataError) as caught:
        catalogue.recognise(path)
    (problem,) = caught.value.problem_list
    assert problem.code == "sources_not_recognised"
    assert problem.params["nearest"] == "france-services"
    assert problem.params["missing"] == "insee_com"


def test_the_year_is_read_from_the_header_of_flows(write):
    (extract,) = catalogue.load_files([write("a.csv", PAIRS)])
    flows = extract.tables["flows"]
    assert flows["year"].tolist() == [2022]
    assert flows["quantity"].tolist() == [250.5]


def test_a_year_that_no_header_says_is_asked_for(write):
    path = write("a.csv", PAIRS.replace("NBFLUX_C22_ACTOCC15P", "actifs"))
    with pytest.raises(UsageError) as caught:
        catalogue.load_files([path])
    assert caught.value.code == "sources_year_needed"
    (extract,) = catalogue.load_files([path], known=Context(year=2017))
    assert extract.tables["flows"]["year"].tolist() == [2017]


def test_the_faults_of_all_files_come_at_once(write, tmp_path):
    paths = [tmp_path / "absent.csv", write("a.csv", "x;y\n1;2\n"), write("b.csv", SERVICES)]
    with pytest.raises(DataError) as caught:
        catalogue.load_files(paths)
    found = [problem.code for problem in caught.value.problem_list]
    assert found == ["sources_no_file", "sources_stranger"]


def test_a_kind_that_is_given_is_not_guessed(write):
    with pytest.raises(UsageError) as caught:
        catalogue.load_files([write("b.csv", SERVICES)], kind="schols")
    assert caught.value.code == "sources_kind_unknown"
    with pytest.raises(DataError) as caught:
        catalogue.load_files([write("b.csv", SERVICES)], kind="schools")
    assert "sources_column_missing" in {problem.code for problem in caught.value.problem_list}


def test_no_kind_hides_another():
    """A file with just the columns of a kind is that kind."""
    by_columns = [kind for kind in catalogue.KINDS if kind.needed]
    for kind in by_columns:
        names = {column: names[0] for column, names in kind.needed.items()}
        lacking = [
            other.name
            for other in by_columns
            if other is not kind
            and len(other.needed) >= len(kind.needed)
            and all(set(options) & set(names.values()) for options in other.needed.values())
        ]
        assert not lacking, (kind.name, lacking)


STOCK = (
    "siren,nic,siret,statutDiffusionEtablissement,codeCommuneEtablissement,"
    "etatAdministratifEtablissement,activitePrincipaleEtablissement,"
    "nomenclatureActivitePrincipaleEtablissement,denominationUsuelleEtablissement\n"
    "732829320,00074,73282932000074,O,99001,A,16.10A,NAFRev2,Scierie\n"
    "356000000,00048,35600000000048,O,99009,A,53.10Z,NAFRev2,Poste\n"
)
UNITS = (
    "siren,statutDiffusionUniteLegale,categorieJuridiqueUniteLegale,denominationUniteLegale\n"
    "732829320,O,5710,SCIERIE DUBOIS\n"
)
ESS = "SIREN,Famille juridique\n732829320,Coopérative\n"


def test_files_of_sirene_are_read_together_whatever_their_order(write):
    paths = [write("ul.csv", UNITS), write("etab.csv", STOCK), write("ess.csv", ESS)]
    (extract,) = catalogue.load_files(paths, known=Context(communes=frozenset({"99001"})))
    (row,) = extract.tables["actors"].to_dict(orient="records")
    assert (row["siret"], row["legal_form"], row["family"]) == ("73282932000074", "5710", "ess")
    (same,) = catalogue.load_files(paths[::-1], known=Context(communes=frozenset({"99001"})))
    assert same.tables["actors"].equals(extract.tables["actors"])


def test_a_list_of_the_ess_alone_says_what_it_wants(write):
    with pytest.raises(DataError) as caught:
        catalogue.load_files([write("ess.csv", ESS)])
    assert caught.value.code == "sources_beside_nothing"


def test_a_zip_is_recognised_by_the_table_in_it(tmp_path):
    path = tmp_path / "StockEtablissement_utf8.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("StockEtablissement_utf8.csv", STOCK)
    assert catalogue.recognise(path).name == "sirene"


def test_what_a_file_is_can_be_written_before_its_name(write):
    path = write("b.csv", SERVICES)
    (extract,) = catalogue.load_files([Path(f"france-services={path}")])
    assert len(extract.tables["actors"]) == 1
    with pytest.raises(UsageError):
        catalogue.load_files([Path(f"schols={path}")])


def test_an_unknown_table_is_read_by_its_mapping(write):
    table = write("annuaire.csv", "Structure;Ville\nLa Réserve;Ambreval\n")
    mapping = write(
        "carte.toml",
        '[actors.columns]\nname = "Structure"\n[actors.constants]\nfamily = "ess"\n',
    )
    known = Context(mapping=mapping)
    (extract,) = catalogue.load_files([table], known=known)
    assert extract.tables["actors"]["name"].tolist() == ["La Réserve"]
    (services,) = catalogue.load_files([write("b.csv", SERVICES)], known=known)
    assert services.source["source_id"] == "france_services:b"


@pytest.mark.parametrize(
    "content, kind",
    [
        ({"version": 0.6, "elements": []}, "osm"),
        ({"elements": [{"type": "node", "id": 1, "lat": 1.0, "lon": 2.0}]}, "osm"),
        ({"results": [{"C_SERVICE": "1", "N_SERVICE": "x", "ANNEE": 2025}]}, "sinoe"),
        ({"data": [{"id": 1, "name": "x", "geo": {"latitude": 1}}]}, "gogocarto"),
        ([{"id": 1, "name": "x", "geo": {"latitude": 1}}], "gogocarto"),
        ([{"id": "1", "nom": "x", "source": "dora"}], "data-inclusion"),
    ],
)
def test_json_is_recognised_by_its_keys(write, content, kind):
    assert catalogue.recognise(write("a.json", json.dumps(content))).name == kind


def test_other_json_is_refused(write):
    with pytest.raises(DataError) as caught:
        catalogue.recognise(write("a.json", '{"type": "FeatureCollection", "features": []}'))
    assert caught.value.code == "sources_json_unknown"


def test_an_archive_of_several_tables_is_recognised_by_a_member(tmp_path):
    path = tmp_path / "2024.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("2024/etablissements.csv", "identifiant;nom_etablissement\n")
        archive.writestr("2024/Prod_dechets_dangereux.csv", "identifiant;annee\n")
    assert catalogue.recognise(path).name == "irep"
