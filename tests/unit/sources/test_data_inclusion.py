"""Structures of data.inclusion, on small files written by hand in the layouts of the real ones."""

from __future__ import annotations

import csv
import json

import pandas as pd
import pytest

from toolkit import nomenclature
from toolkit import vocabulary as v
from toolkit.errors import DataError
from toolkit.language import problem_text
from toolkit.resources import shipped
from toolkit.sources.data_inclusion import load_data_inclusion

# Valid by Luhn's rule, made for the tests.
ONE, TWO, THREE = "73282932000074", "44306184100047", "55203253400646"
V0 = "id,source,nom,siret,commune,code_postal,code_insee,longitude,latitude,typologie,"
V0 += "labels_nationaux,thematiques,date_maj,telephone,courriel"


def write(folder, lines: list[str], *, name: str = "structures.csv"):
    path = folder / name
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def by_id(frame: pd.DataFrame, key: str = "actor_id") -> dict[str, dict]:
    return frame.set_index(key).to_dict("index")


def offers(extract) -> dict[str, set[str]]:
    resources = extract.tables["resources"]
    return resources.groupby("actor_id")["category"].agg(set).to_dict()


def notes(extract) -> dict[str, str]:
    for note in extract.notes:
        assert problem_text(note, lang="fr") != problem_text(note, lang="en")
    return {note.code.removeprefix("sources_"): note.found for note in extract.notes}


def test_records_of_the_older_layout(tmp_path):
    parts = "\"['numerique', 'numerique--acceder-a-du-materiel']\",2022-05-01,,"
    lines = [
        V0,
        f"a,dora,Chantier du Val,{ONE},ALPHA,1400,,3.0,44.0,ACI,,,24/04/2022,0102030405,x@y.fr",
        "b,siao,Le Toit,,BETA,20200,75111,,,CHRS,,['logement-hebergement--louer-un-logement'],,,",
        'c,hub,Mairie de Gamma,,GAMMA,97410,,,,,"[""france-service"",""cnfs""]",' + parts,
    ]
    found = load_data_inclusion(write(tmp_path, lines))
    actors = by_id(found.tables["actors"])
    work = actors[f"siret:{ONE}"]
    assert (work["family"], work["department"], work["city"]) == ("ess", "01", "ALPHA")
    assert (work["siret"], work["updated_on"], work["longitude"]) == (ONE, "2022-04-24", 3.0)
    assert work["address"] == "01400 ALPHA"
    roof = actors["di:siao:b"]
    assert (roof["family"], roof["commune_id"], roof["department"]) == ("civil", "75111", "2B")
    assert pd.isna(roof["siret"])
    hall = actors["di:hub:c"]
    assert (hall["family"], hall["department"]) == ("public", "974")
    assert offers(found) == {
        f"siret:{ONE}": {"social.work_integration"},
        "di:siao:b": {"social.emergency_housing"},
        "di:hub:c": {
            "services.daily_life.public_service_point",
            "services.digital.mediation",
            "services.digital.public_access",
        },
    }
    assert not {"telephone", "courriel"} & set(found.tables["actors"])
    assert set(found.tables["actors"]["basis"]) == {"recorded"}
    assert not found.tables["resources"]["shareable"].any()
    assert found.source["data_year"] == 2022
    assert found.counts == {"read": 3, "resources": 5, "kept": 3}
    assert notes(found) == {"di_family": "1", "di_codes": "1"}


def test_the_whole_of_a_theme_is_silent_where_a_part_is_told(tmp_path):
    lines = [
        "id;source;nom;thematiques",
        "a;s;A;numerique;",
        "b;s;B;numerique|numerique--acceder-a-une-connexion-internet",
        "c;s;C;{sante--addictions,sante--acces-aux-soins}",
    ]
    found = load_data_inclusion(write(tmp_path, lines[:1] + lines[2:]))
    assert offers(found) == {
        "di:s:b": {"services.digital.public_access"},
        "di:s:c": {"social.addiction"},
    }
    alone = load_data_inclusion(write(tmp_path, ["id;source;nom;thematiques", "a;s;A;numerique"]))
    assert offers(alone) == {"di:s:a": {"services.digital.mediation"}}


def test_labels_of_digital_services_and_pivot(tmp_path):
    lines = [
        "id,nom,services,pivot,typologie",
        f'a,Asso Clic,"Prendre en main un ordinateur;Accéder à du matériel",{ONE},ASSO;OF',
        f'b,Rien,"Danser, chanter",{ONE[:-1]}5,Autre',
    ]
    found = load_data_inclusion(write(tmp_path, lines))
    assert offers(found) == {
        f"siret:{ONE}": {
            "services.education.adult_training",
            "services.digital.mediation",
            "services.digital.public_access",
        }
    }
    actors = by_id(found.tables["actors"])
    assert actors[f"siret:{ONE}"]["ess_form"] == "association"
    assert pd.isna(actors["di:?:b"]["siret"])
    assert notes(found) == {"di_siret": "1", "di_family": "1", "di_codes": "2"}


def test_records_that_share_a_siret_stay_apart(tmp_path):
    lines = [
        "id,source,nom,siret,_di_has_deprecated_siret",
        f"a,dora,Antenne nord,{ONE},False",
        f"b,dora,Antenne sud,{ONE},False",
        f"a,hub,Antenne nord,{TWO},False",
        f"d,hub,Fermée,{THREE},True",
        "a,dora,Antenne nord,,",
        "e,dora,,,",
    ]
    found = load_data_inclusion(write(tmp_path, lines))
    actors = by_id(found.tables["actors"])
    assert {name: row["siret"] for name, row in actors.items() if name != "di:hub:d"} == {
        "di:dora:a": ONE,
        "di:dora:b": ONE,
        f"siret:{TWO}": TWO,
    }
    assert pd.isna(actors["di:hub:d"]["siret"])
    assert found.counts["duplicates"] == 1
    assert found.counts["incomplete"] == 1
    assert notes(found)["di_shared"] == "2"
    assert notes(found)["di_closed"] == "1"


def test_who_hosts_a_service_is_not_told_by_its_label(tmp_path):
    lines = [
        "id;source;nom;labels_nationaux",
        "a;s;Club des Loisirs;France Services",
        "b;s;France services du Val;France Services",
        "c;s;Emmaüs - communauté de Rennes;CNFS",
        "d;s;Association des maires;",
    ]
    found = load_data_inclusion(write(tmp_path, lines))
    assert found.tables["actors"]["family"].tolist() == ["civil", "public", "ess", "ess"]
    point = {"services.daily_life.public_service_point"}
    assert offers(found)["di:s:a"] == offers(found)["di:s:b"] == point


def test_json_of_the_newer_layout(tmp_path):
    records = [
        {
            "id": "s1",
            "source": "soliguide",
            "nom": "L\N{PRIVATE USE TWO}antenne",
            "siret": int(ONE),
            "code_insee": "01001",
            "longitude": 3.5,
            "latitude": 44,
            "reseaux_porteurs": ["communes", "ccas-cias"],
            "courriel": "x@y.fr",
            "date_maj": "3035-01-01",
        },
        {"id": "s2", "source": "soliguide", "nom": "Vide", "reseaux_porteurs": None},
    ]
    path = write(tmp_path, [json.dumps(records)], name="structures.json")
    found = load_data_inclusion(path, data_year=2025)
    actors = by_id(found.tables["actors"])
    branch = actors[f"siret:{ONE}"]
    assert branch["name"] == "L\N{RIGHT SINGLE QUOTATION MARK}antenne"
    assert (branch["family"], branch["commune_id"], branch["latitude"]) == ("public", "01001", 44.0)
    assert pd.isna(branch["updated_on"])
    assert offers(found) == {f"siret:{ONE}": {"social.access_to_rights"}}
    assert found.source["data_year"] == 2025
    assert notes(found) == {"di_dates": "1", "di_family": "1"}


def test_parquet_with_lists(tmp_path):
    engine = pytest.importorskip("duckdb")
    path = tmp_path / "structures.parquet"
    made = "SELECT 's1' AS id, 'dora' AS source, 'Ici' AS nom, ['ccas-cias', 'cmp'] AS "
    made += "reseaux_porteurs, 3.5 AS longitude, DATE '2024-05-06' AS date_maj"
    with engine.connect(":memory:") as database:
        database.execute(f"COPY ({made}) TO '{path}' (FORMAT parquet)")
    found = load_data_inclusion(path)
    place = by_id(found.tables["actors"])["di:dora:s1"]
    assert (place["longitude"], place["updated_on"]) == (3.5, "2024-05-06")
    assert offers(found) == {
        "di:dora:s1": {"social.access_to_rights", "services.health.mental_health"}
    }


@pytest.mark.parametrize(
    "content, code",
    [
        ("[]", "sources_no_rows"),
        ('{"a": 1}', "sources_di_json"),
        ("[1]", "sources_di_json"),
        ("[{", "sources_damaged"),
        ("[" * 100_000, "sources_damaged"),
        ("[" + "9" * 5_000 + "]", "sources_damaged"),
        ('[{"id": "1"}]', "sources_column_missing"),
    ],
)
def test_json_that_is_no_list_of_structures(tmp_path, content, code):
    with pytest.raises(DataError) as caught:
        load_data_inclusion(write(tmp_path, [content], name="structures.json"))
    assert [problem.code for problem in caught.value.problem_list] == [code]


def test_without_dates_or_codes_nothing_is_invented(tmp_path):
    found = load_data_inclusion(write(tmp_path, ["id;nom", "a;Le Puzzle"]))
    assert found.source["data_year"] is None
    assert found.tables["resources"].empty
    assert by_id(found.tables["actors"])["di:?:a"]["family"] == "civil"


def test_the_table_of_codes_speaks_of_known_things():
    path = shipped("data", "nomenclatures", "data_inclusion_themes.csv")
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    keys = [(row["list"], row["code"]) for row in rows]
    assert keys == sorted(set(keys))
    assert {row["list"] for row in rows} == {"theme", "type", "network", "word"}
    for row in rows:
        assert row["category_id"] in nomenclature.codes("categories") | {""}
        assert row["family"] in {*v.FAMILIES, ""}
        assert row["ess_form"] in {*v.ESS_FORMS, ""}
        assert row["family"] == "ess" or not row["ess_form"]
        assert row["list"] != "word" or row["family"]
