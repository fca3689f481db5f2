"""Actors and matter of the circular economy, and files of partners, from real public files."""

from __future__ import annotations

import csv
import json

import pytest

from toolkit import nomenclature
from toolkit.language import problem_text
from toolkit.resources import shipped
from toolkit.schema import CONTRACTS
from toolkit.sources.assemble import assemble
from toolkit.sources.communes import read_communes
from toolkit.sources.mapped import load_mapped
from toolkit.sources.mapping_file import PLACE_COLUMNS, read_mapping
from toolkit.sources.mapping_guess import propose_mapping, save_mapping
from toolkit.sources.reuse_actors import load_reuse_actors
from toolkit.sources.translations import translation
from toolkit.territory import Territory

pytestmark = pytest.mark.shared


def records(path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def check(extract) -> None:
    """Rows are those of the contract, ids single, references sound, notes worded."""
    for name, table in extract.tables.items():
        contract = CONTRACTS[name]
        extra = set(table.columns) - set(contract.names)
        assert extra <= {*PLACE_COLUMNS, "located_by_name"}
        assert not table.duplicated(list(contract.key)).any()
        assert set(table["basis"]) <= {"recorded"}
        needed = [one.name for one in contract.columns if one.required and one.name in table]
        needed = [one for one in needed if one != "commune_id"]
        assert table[needed].notna().all().all()
        if "category" in table:
            assert set(table["category"].dropna()) <= nomenclature.codes("categories")
    if "resources" in extract.tables:
        held = set(extract.tables["resources"]["actor_id"])
        assert held <= set(extract.tables["actors"]["actor_id"])
    for note in extract.notes:
        assert problem_text(note, lang="fr") != problem_text(note, lang="en")


def test_directory_of_the_calaisis(shared_data):
    path = shared_data / "calaisis_62" / "annuaire_economie_circulaire_sevadec_2024.csv"
    example = shipped("templates", "mappings", "annuaire_economie_circulaire.toml")
    found = load_mapped(path, example)
    check(found)
    rows = records(path)
    actors = found.tables["actors"]
    assert len(actors) == len(rows)
    ess = [row for row in rows if "social" in row["themes"].casefold()]
    assert (actors["family"] == "ess").sum() == len(ess)
    bulk = [row for row in rows if "vrac" in row["themes"]]
    resources = found.tables["resources"]
    assert (resources["category"] == "services.daily_life.bulk_store").sum() == len(bulk)
    assert "sources_mapping_words" not in {note.code for note in found.notes}


def test_third_places_of_the_centre(shared_data):
    name = "tiers_lieux_coworking_fablab_centre_val_de_loire_2020.csv"
    path = shared_data / "autres" / name
    found = load_mapped(path, shipped("templates", "mappings", "tiers_lieux.toml"))
    check(found)
    rows = records(path)
    actors = found.tables["actors"].set_index("actor_id")
    assert len(actors) == len(rows)
    assert set(actors["department"].dropna()) <= {"18", "28", "36", "37", "41", "45"}
    flagged = {row["gid"] for row in rows if row["c_fablab"] == "True"}
    resources = found.tables["resources"]
    fablabs = resources[resources["category"] == "premises.fablab"]["actor_id"]
    assert {actor_id.rpartition(":")[2] for actor_id in fablabs} == flagged
    # The table has two cells in which a mail stood instead of a legal status.
    words = [note for note in found.notes if note.code == "sources_mapping_words"]
    assert {note.found for note in words} == {"2"}


def test_digital_inclusion_places_by_a_proposed_mapping(shared_data, tmp_path):
    path = shared_data / "normandie" / "lieux_inclusion_numerique_le_havre_2024.csv"
    target = tmp_path / "proposed.toml"
    words = propose_mapping(path)
    save_mapping(words.replace('# family = ""', 'family = "civil"'), target)
    columns = read_mapping(target).tables["actors"].columns
    assert columns["siret"] == ("pivot",)
    assert columns["commune_id"] == ("code_insee",)
    assert columns["city"] == ("commune",)
    target.write_text(
        target.read_text(encoding="utf-8").replace(
            "[actors.values.family]",
            '[actors.constants]\nfamily = "civil"\n\n[actors.values.family]',
        ),
        encoding="utf-8",
    )
    found = load_mapped(path, target)
    check(found)
    actors = found.tables["actors"]
    rows = records(path)
    named = [row for row in rows if row["nom"].strip()]
    # A SIRET rounded by a spreadsheet (36750100000000) is told and never believed.
    sound = {"21760351300011", "26760095500038", "26760095500020"}
    assert set(actors["siret"].dropna()) == sound
    assert found.counts["kept"] == len(named)
    cells = {
        note.params["key"]: int(note.found)
        for note in found.notes
        if note.code == "sources_mapping_cells"
    }
    given = [row["pivot"] for row in rows if row["pivot"].strip()]
    assert cells["actors.siret"] == len([code for code in given if code not in sound])
    assert actors["latitude"].dropna().between(49, 50).all()


LANDFILLS = """
[source]
title = "Capacités des installations de stockage de déchets non dangereux"
data_year = 2026

[actors.columns]
name = "NOM SITE"
siret = "SIRET"
city = "COMMUNE"
department = "DÉPARTEMENT"

[actors.constants]
family = "business"
sectors = "water_waste"

[needs.columns]
quantity = "CAPACITÉ AUTORISÉE 50"

[needs.constants]
category = "materials"
unit = "t"
period = "year"
"""


def test_landfills_and_their_capacity(shared_data, tmp_path):
    path = shared_data / "national" / "isdnd_capacites.csv"
    mapping = tmp_path / "isdnd.toml"
    mapping.write_text(LANDFILLS, encoding="utf-8")
    found = load_mapped(path, mapping)
    check(found)
    rows = records(path)
    actors = found.tables["actors"].set_index("siret")
    assert actors.loc["81012968400025", "name"] == "BAUDELET"
    assert actors.loc["81012968400025", "city"] == "BLARINGHEM"
    written = {row["SIRET"].replace(" ", "").replace("\u00a0", "") for row in rows}
    assert set(actors.index.dropna()) <= written
    isere = [row for row in rows if row["DÉPARTEMENT"] == "Isère (38)"]
    assert (actors["department"] == "38").sum() == len(isere)
    total = sum(
        float(row["CAPACITÉ AUTORISÉE 50"].replace("\u202f", "").replace(" ", "") or 0)
        for row in rows
    )
    assert found.tables["needs"]["quantity"].sum() == pytest.approx(total)


# --- actors of reuse ---------------------------------------------------------------------------
def test_reuse_actors_of_the_fixture(shared_data):
    path = shared_data / "autres" / "qfdmo_acteurs_fixture.csv"
    found = load_reuse_actors(path)
    check(found)
    rows = [row for row in records(path) if not row["acteur_type"].startswith("pav_")]
    actors = found.tables["actors"].set_index("actor_id")
    assert set(actors.index) == {f"siret:{row['siret']}" for row in rows}
    assert found.counts["collection_points"] == 1
    assert actors.loc["siret:83284597800028", "family"] == "ess"
    assert actors.loc["siret:93035790000016", "name"] == "RAPID'COUTURE AURAY"
    repair = {
        f"siret:{row['siret']}" for row in rows if "service_de_reparation" in row["acteur_services"]
    }
    resources = found.tables["resources"]
    assert set(resources[resources["category"] == "skills.repair"]["actor_id"]) == repair
    assert "refashion" in str(found.source["producer"])
    assert "sources_codes_unknown" not in {note.code for note in found.notes}


@pytest.mark.parametrize(
    "name, file, model",
    [
        ("action", "actions", "qfdmo.action"),
        ("actor", "acteur_types", "qfdmo.acteurtype"),
        ("service", "acteur_services", "qfdmo.acteurservice"),
        ("object", "categories", "qfdmo.souscategorieobjet"),
    ],
)
def test_every_code_of_the_official_lists_is_in_the_own_table(shared_data, name, file, model):
    path = shared_data / "nomenclatures" / "qfdmo" / f"{file}.json"
    official = {
        row["fields"]["code"]
        for row in json.loads(path.read_text(encoding="utf-8"))
        if row["model"] == model
    }
    own = translation("reuse_codes")
    assert official
    assert set(own[own["list"] == name]["code"]) == official


# --- on a territory ----------------------------------------------------------------------------
def test_directory_on_its_territory(shared_data):
    folder = shared_data / "calaisis_62"
    perimeter = read_communes(folder / "communes_62_cog2018.geojson", cog_year=2018)
    directory = load_mapped(
        folder / "annuaire_economie_circulaire_sevadec_2024.csv",
        shipped("templates", "mappings", "annuaire_economie_circulaire.toml"),
    )
    found = assemble(perimeter, [directory])
    territory = Territory.from_tables(found.tables, name="Calaisis")
    cut = found.counts.set_index("table")
    assert cut.loc["actors", "given"] == len(directory.tables["actors"])
    # Points of the directory that lie beyond the département cannot be placed.
    assert cut.loc["actors", "inside"] >= 0.9 * cut.loc["actors", "given"]
    assert len(territory.actors) == cut.loc["actors", "inside"]
    assert set(territory.resources["actor_id"]) <= set(territory.actors["actor_id"])
