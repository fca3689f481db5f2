"""Sources of social life, services and commuting, on the real files beside the project."""

from __future__ import annotations

import csv
from collections import Counter

import pytest

from toolkit.sources.assemble import assemble
from toolkit.sources.bpe import find_counts, load_bpe
from toolkit.sources.communes import read_communes
from toolkit.sources.commuting import load_commuting
from toolkit.sources.data_inclusion import load_data_inclusion
from toolkit.sources.passage import read_passage
from toolkit.sources.rna import load_rna
from toolkit.territory import Territory

pytestmark = pytest.mark.shared


def records(path, *, separator: str = ",") -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=separator))


# --- data.inclusion -----------------------------------------------------------------------------
def test_places_of_inclusion_stand_in_their_commune(shared_data):
    folder = shared_data / "normandie"
    path = folder / "data_inclusion_structures_normandie_2023.csv"
    rows = records(path)
    perimeter = read_communes(
        folder / "communes_61_cog2018.geojson", codes=["61001"], cog_year=2018
    )
    found = load_data_inclusion(path)
    assert found.counts["kept"] == len(rows) == 757
    assert found.source["data_year"] == 2023
    actors = assemble(perimeter, [found]).tables["actors"]
    expected = [row["nom"] for row in rows if row["_di_geocodage_code_insee"] == "61001"]
    assert len(expected) >= 10
    assert sorted(actors["name"]) == sorted(expected)


def test_places_of_inclusion_make_a_territory(shared_data):
    folder = shared_data / "normandie"
    path = folder / "data_inclusion_structures_normandie_2023.csv"
    outlines = folder / "communes_61_cog2018.geojson"
    perimeter = read_communes(outlines, codes=["61001", "61169", "61006"], cog_year=2018)
    found = assemble(perimeter, [load_data_inclusion(path)])
    territory = Territory.from_tables(found.tables, name="Trois communes")
    assert len(territory.actors) > 10
    assert set(territory.resources["actor_id"]) <= set(territory.actors["actor_id"])
    assert set(territory.actors["family"]) <= {"ess", "public", "civil", "business"}


def test_export_of_digital_mediation_by_labels(shared_data):
    path = shared_data / "national" / "data_inclusion_structures_2023_02.csv"
    rows = records(path)
    found = load_data_inclusion(path)
    assert found.counts["kept"] == len(rows)
    actors, resources = found.tables["actors"], found.tables["resources"]
    assert actors["actor_id"].is_unique
    borne = Counter(row["pivot"] for row in rows)
    once = actors.loc[actors["actor_id"].str.startswith("siret:"), "siret"]
    assert {borne[siret] for siret in once} == {1}
    online = [row for row in rows if "Accéder à une connexion internet" in row["services"]]
    material = [row for row in rows if "Accéder à du matériel" in row["services"]]
    offered = resources["category"].eq("services.digital.public_access").sum()
    assert max(len(online), len(material)) <= offered <= len(online) + len(material)
    labelled = sum("France Services" in row["labels_nationaux"] for row in rows)
    points = resources["category"].eq("services.daily_life.public_service_point").sum()
    assert points == labelled


# --- RNA ----------------------------------------------------------------------------------------
def test_three_associations_of_the_register(shared_data):
    path = shared_data / "formats" / "rna_waldec_3_lignes.csv"
    rows = records(path, separator=";")
    found = load_rna(path)
    active = {f"rna:{row['id']}" for row in rows if row["position"] == "A"}
    assert found.counts["read"] == len(rows) == 3
    actors = found.tables["actors"].set_index("actor_id")
    assert set(actors.index) == active
    assert actors["commune_id"].to_dict() == {
        f"rna:{row['id']}": row["adrs_codeinsee"] for row in rows if row["position"] == "A"
    }
    assert actors.loc["rna:W012000002", "sectors"] == "culture_sport"
    assert found.source["data_year"] == max(int(row["maj_time"][:4]) for row in rows)


def test_association_of_a_merged_commune_stands_in_the_living_one(shared_data, tmp_path):
    folder = shared_data / "normandie"
    passage = read_passage(shared_data / "national" / "geocodes_passage_annuel.csv")
    merged = next(
        (old, new)
        for old, new in sorted(passage.living.items())
        if old != new and new.startswith("61")
    )
    path = tmp_path / "rna.csv"
    header = "id;titre;position;adrs_codeinsee;groupement"
    path.write_text(f"{header}\nW611000001;Les Voisins;A;{merged[0]};U\n", encoding="latin-1")
    asked = {
        "codes": [merged[1]],
        "passage": shared_data / "national" / "geocodes_passage_annuel.csv",
    }
    perimeter = read_communes(folder / "communes_61_cog2018.geojson", cog_year=2025, **asked)
    found = assemble(perimeter, [load_rna(path)], passage=passage)
    actors = Territory.from_tables(found.tables, name="Commune nouvelle").actors
    assert actors["actor_id"].tolist() == ["rna:W611000001"]
    assert actors["commune_id"].tolist() == [merged[1]]
    assert actors["roles"].tolist() == ["network"]


# --- BPE ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("folder, code", [("normandie", "14118"), ("millau_12", "12145")])
def test_compilation_of_equipments(shared_data, folder, code):
    path = shared_data / folder / "indicateurs_communaux" / "bpe.csv"
    rows = {row["id"]: row for row in records(path)}
    found = load_bpe(path, data_year=2024)
    communes = [name for name in rows if len(name) == 5]
    assert found.counts["read"] == len(rows)
    assert found.counts["kept"] == len(communes)
    inside = find_counts(found, [code]).set_index("activity")
    for column in ("boulang", "pharma", "poste", "places_cine"):
        assert inside.loc[column, "count"] == float(rows[code][column])
    assert "comprox" not in inside.index
    department = rows[f"D{code[:2]}"]
    own = found.tables["counts"]
    own = own[own["commune_id"].str.startswith(code[:2]) & (own["activity"] == "boulang")]
    assert own["count"].sum() == float(department["boulang"])


def test_compilation_whose_codes_lost_their_zero(shared_data):
    path = shared_data / "autres" / "bpe_codes_zero_perdu.csv"
    rows = [row for row in records(path) if len(row["id"]) == 4 and row["id"].isdigit()]
    counts = load_bpe(path).tables["counts"]
    bakeries = counts[counts["activity"] == "boulang"].set_index("commune_id")["count"]
    expected = {"0" + row["id"]: float(row["boulang"]) for row in rows if float(row["boulang"])}
    assert bakeries.to_dict() == expected


# --- MOBPRO -------------------------------------------------------------------------------------
def test_persons_of_millau_add_up_to_the_pairs(shared_data):
    folder = shared_data / "millau_12"
    rows = records(folder / "flux_domicile_travail_2017_agrege.csv")
    persons = load_commuting(folder / "fluxDtMillau2017.xlsx", year=2017)
    pairs = load_commuting(folder / "flux_domicile_travail_2017_agrege.csv", year=2017)
    assert persons.counts["read"] == 7549
    cities = ("751", "132", "6938")
    lifted = {
        (
            row["COMMUNE"],
            next((city for city in cities if row["DCLT"].startswith(city)), row["DCLT"]),
        )
        for row in rows
    }
    assert len(lifted) < len(rows)
    assert persons.counts["pairs"] == pairs.counts["pairs"] == len(lifted)
    flows = [
        found.tables["flows"].set_index("flow_id")["quantity"].sort_index()
        for found in (persons, pairs)
    ]
    assert flows[0].index.equals(flows[1].index)
    assert flows[0].to_numpy() == pytest.approx(flows[1].to_numpy(), abs=0.01)
    staying = persons.tables["communes"].set_index("commune_id")["workers_staying"]
    expected = {
        row["COMMUNE"]: float(row["actifs"]) for row in rows if row["COMMUNE"] == row["DCLT"]
    }
    assert staying.to_dict() == pytest.approx(expected, abs=0.01)


def test_pairs_of_martinique(shared_data):
    path = shared_data / "martinique_972" / "mob.csv"
    rows = records(path)
    found = load_commuting(path, year=2015)
    flows = found.tables["flows"]
    expected = {(row["i"], row["j"]): float(row["fij"]) for row in rows if row["i"] != row["j"]}
    assert flows.set_index(["origin", "destination"])["quantity"].to_dict() == expected
    assert set(flows["unit"]) == {"person"}
