"""A Norman grouping from real files, by the command line alone: perimeter, open data, report."""

from __future__ import annotations

import csv
import re

import pandas as pd
import pytest

from toolkit import cli
from toolkit.workspace import Workspace

pytestmark = pytest.mark.shared
EPCI = "241400878"


@pytest.fixture(scope="module")
def files(request):
    folder = request.getfixturevalue("shared_data") / "normandie"
    names = [
        "sirene_quotidien_2017_normandie_pm.csv",
        "siae_geocodees_2021_02.csv",
        "ecoles_14_50_61.csv",
        "france_services_20221201.csv",
        "data_inclusion_structures_normandie_2023.csv",
        "epci_communes_population_2026_14_50_61.csv",
        "decp_2019_14_50_61.csv",
    ]
    return [folder / name for name in names]


@pytest.fixture(scope="module")
def passage(shared_data):
    return shared_data / "national" / "geocodes_passage_annuel.csv"


@pytest.fixture(scope="module")
def workspace(files, passage, shared_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("normandie") / "epci"
    normandie = shared_data / "normandie"
    perimeter = [
        *("--from-file", normandie / "communes_14_cog2018.geojson"),
        *("--population", normandie / "epci_communes_population_2026_14_50_61.csv"),
        *("--epci", EPCI, "--passage", passage, "--name", "Intercommunalité d'essai"),
    ]
    assert cli.main(["new", str(folder), *map(str, perimeter), "--lang", "fr"]) == 0
    words = [*map(str, files), "--passage", str(passage), "--lang", "fr"]
    assert cli.main(["fetch", str(folder), *words]) == 0
    return Workspace(folder)


def rows_of(path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def living(passage, files):
    """Return what became of each code, and the communes of the grouping, read without the tool."""
    with passage.open(encoding="utf-8-sig", newline="") as stream:
        pairs = [
            (row["Ancien Code Officiel"], row["Code Courant Officiel"])
            for row in csv.DictReader(stream, delimiter=";")
        ]
    members = {row["commune_code"] for row in rows_of(files[5]) if row["epci_code"] == EPCI}
    later = dict(pairs)
    return lambda code: code if code in members else later.get(code, code), members


def test_the_perimeter_is_the_whole_grouping(workspace, living):
    _, members = living
    assert set(workspace.tables()["communes"]["commune_id"]) == members


def test_schools_and_services_of_the_perimeter_are_all_there(workspace, files, living):
    brought, members = living
    actors = workspace.tables()["actors"]
    several = actors["source_ids"].fillna(actors["source_id"]).str.split("|").explode()
    found = several.str.partition(":")[0].value_counts()
    schools = {
        row["identifiant_de_l_etablissement"]
        for row in rows_of(files[2])
        if brought(row["code_commune"]) in members
    }
    services = {
        row["id_fs"] for row in rows_of(files[3]) if brought(row["insee_com"].zfill(5)) in members
    }
    assert schools
    assert services
    assert found["schools"] == len(schools)
    assert found["france_services"] == len(services)
    assert found["municipalities"] == len(members)


def test_every_row_says_where_it_comes_from(workspace):
    tables = workspace.tables()
    known = set(tables["sources"]["source_id"])
    for name in ("actors", "resources"):
        assert set(tables[name]["basis"]) == {"recorded"}
        assert set(tables[name]["source_id"]) <= known
    assert tables["sources"]["sha256"].notna().all()
    assert tables["sources"]["rows"].dropna().gt(0).all()


def test_no_contact_comes_in(workspace):
    tables = workspace.tables()
    cells = [
        tables[name][column].dropna().astype("str")
        for name in ("actors", "resources")
        for column in tables[name].columns.drop("geometry", errors="ignore")
        if column not in {"siret", "siren", "actor_id", "resource_id"}
    ]
    texts = pd.concat(cells)
    assert not texts.str.contains(r"[\w.]+@[\w.]+\.\w{2,3}").any()
    assert not texts.str.contains(r"(?<!\d)0[1-9](?:[ .]?\d\d){4}(?!\d)").any()


def test_fetching_again_changes_nothing(workspace, files, passage):
    before = workspace.database.read_bytes()
    words = [*map(str, files), "--passage", str(passage)]
    assert cli.main(["fetch", str(workspace.folder), *words]) == 0
    assert workspace.database.read_bytes() == before


def test_the_report_runs_and_names_the_sources(workspace):
    assert cli.main(["report", str(workspace.folder)]) == 0
    page = (workspace.reports / "diagnostic-fr.html").read_text(encoding="utf-8")
    actors = workspace.tables()["actors"]
    assert actors.loc[actors["source_id"].str.startswith("schools"), "name"].iloc[0] in page
    assert len(re.findall("Licence Ouverte", page)) >= 3
