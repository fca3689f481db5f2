"""The same loaders on other territories: overseas, another layout, an EPCI of merged communes."""

from __future__ import annotations

import csv

import pytest

from toolkit import crs
from toolkit.errors import SchemaError
from toolkit.sources.assemble import assemble
from toolkit.sources.communes import read_communes
from toolkit.sources.commuting import load_commuting
from toolkit.sources.decp import load_decp
from toolkit.sources.france_services import load_france_services
from toolkit.sources.schools import load_schools
from toolkit.sources.siae import load_siae
from toolkit.sources.sirene_daily import load_sirene_daily
from toolkit.territory import Territory

pytestmark = pytest.mark.shared


def records(path, *, separator: str = ",") -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=separator))


def test_martinique_from_a_geopackage_in_its_own_projection(shared_data):
    folder = shared_data / "martinique_972"
    perimeter = read_communes(
        folder / "mtq.gpkg",
        population=folder / "epci_communes_population_2026_972.csv",
        cog_year=2015,
    )
    sources = [
        load_sirene_daily(folder / "sirene_quotidien_2017_972_pm.csv"),
        load_siae(folder / "siae_geocodees_2021_02_972.csv"),
        load_schools(folder / "ecoles_972.csv"),
        load_france_services(folder / "france_services_20221201_972.csv"),
        load_commuting(folder / "mob.csv", year=2015),
    ]
    found = assemble(perimeter, sources)
    territory = Territory.from_tables(found.tables, name="Martinique")
    assert territory.zone == crs.OVERSEAS["972"]
    assert len(territory.communes) == 34
    people = records(folder / "epci_communes_population_2026_972.csv")
    assert territory.population == sum(int(row["population_municipale"]) for row in people)
    inside = found.counts[found.counts["table"] == "actors"].set_index("source_id")["inside"]
    assert inside["siae:siae_geocodees_2021_02_972"] == 45
    pairs = records(folder / "mob.csv")
    total = sum(float(row["fij"]) for row in pairs)
    assert territory.flows["quantity"].sum() == pytest.approx(total)


def test_list_of_the_asp_places_its_structures_by_town(shared_data):
    folder = shared_data / "normandie"
    perimeter = read_communes(
        folder / "communes_14_cog2018.geojson", codes=["14118"], cog_year=2018
    )
    found = assemble(perimeter, [load_siae(shared_data / "national" / "siae_asp_2019_07.csv")])
    rows = records(
        shared_data / "national" / "siae_asp_2019_07.csv", separator=_separator(shared_data)
    )
    expected = {
        row["SIRET"]
        for row in rows
        if row["CODE_DEPARTEMENT"] == "014" and row["LIB_COM"].split(" CEDEX")[0] == "CAEN"
    }
    assert expected
    assert set(found.tables["actors"]["actor_id"]) == expected


def _separator(shared_data) -> str:
    header = (shared_data / "national" / "siae_asp_2019_07.csv").read_text(encoding="utf-8-sig")
    return ";" if ";" in header.split("\n", maxsplit=1)[0] else ","


def test_grouping_of_merged_communes_from_outlines_of_before(shared_data):
    folder = shared_data / "normandie"
    asked = {
        "population": folder / "epci_communes_population_2026_14_50_61.csv",
        "passage": shared_data / "national" / "geocodes_passage_annuel.csv",
    }
    outlines = folder / "communes_14_cog2018.geojson"
    found = read_communes(outlines, epci=["200065563"], **asked)
    members = [
        row["commune_code"]
        for row in records(asked["population"])
        if row["epci_code"] == "200065563"
    ]
    assert found.tables["communes"]["commune_id"].tolist() == sorted(members)
    assert [note.code for note in found.notes] == ["sources_passage_not_followed"]
    with pytest.raises(SchemaError) as caught:
        read_communes(outlines, epci=["200065597"], **asked)
    assert [problem.found for problem in caught.value.problem_list] == ["14666"]


def test_ten_thousand_contracts(shared_data):
    path = shared_data / "national" / "decp_2019_10000.csv"
    found = load_decp(path)
    assert found.counts["read"] == 10_000
    flows = found.tables["flows"]
    assert flows["flow_id"].is_unique
    counted = flows["quantity"].notna()
    assert set(flows.loc[counted, "amount_kind"]) == {"notified"}
    assert flows.loc[counted, "quantity"].min() > 1
    natures = {(row["acheteur.id"], row["id"]): row["nature"] for row in records(path)}
    keys = flows["flow_id"].str.split(":", expand=True)
    told = [natures.get(key) for key in zip(keys[1], keys[2], strict=True)]
    is_framework = flows["amount_kind"] == "framework"
    assert is_framework.sum() > 3_000
    assert {nature for nature, flag in zip(told, is_framework, strict=True) if flag} == {
        "ACCORD-CADRE"
    }
    assert "ACCORD-CADRE" not in {
        nature for nature, flag in zip(told, counted, strict=True) if flag
    }
