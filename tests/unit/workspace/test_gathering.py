"""Open data in the database: cut to the perimeter, beside what the workbook says."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest

from toolkit.errors import DataError
from toolkit.sources.catalogue import load_files
from toolkit.sources.mapped import load_mapped

SERVICES = """id_fs,lib_fs,insee_com,lib_com,latitude,longitude
1,Accueil d'Ambreval,99001,Ambreval,,
2,"Accueil {{7*7}} </script>",99003,Château-d'Orne,,
3,Ailleurs,75056,Paris,48.85,2.35
"""
ELSEWHERE = "id_fs,lib_fs,insee_com\n9,Très loin,97209\n"


@pytest.fixture
def write(tmp_path):
    def written(name: str, content: str):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return path

    return written


def actors(workspace):
    return workspace.tables()["actors"].set_index("actor_id")


def test_rows_of_the_perimeter_are_taken_with_their_source(workspace, write):
    report = workspace.add_sources(load_files([write("fs.csv", SERVICES)]))
    held = actors(workspace)
    assert sorted(held["name"]) == ["Accueil d'Ambreval", "Accueil {{7*7}} </script>"]
    assert set(held["basis"]) == {"recorded"}
    assert set(held["source_id"]) == {"france_services:fs"}
    counts = report.counts.set_index("table")
    assert counts.loc["actors", ["given", "inside", "outside"]].tolist() == [3, 2, 1]
    source = workspace.tables()["sources"].set_index("source_id").loc["france_services:fs"]
    assert (source["rows"], len(source["sha256"])) == (3, 64)
    assert workspace.territory().actors["located_by"].tolist() == ["commune", "commune"]


def test_adding_the_same_file_twice_changes_nothing(workspace, write):
    path = write("fs.csv", SERVICES)
    workspace.add_sources(load_files([path]))
    before, lines = workspace.database.read_bytes(), len(workspace.journal())
    report = workspace.add_sources(load_files([path]))
    assert not any(kept.inserted or kept.updated for kept in report.tables.values())
    assert len(workspace.journal()) == lines
    assert workspace.database.read_bytes() == before


def test_a_corrected_file_updates_its_rows(workspace, write):
    workspace.add_sources(load_files([write("fs.csv", SERVICES)]))
    report = workspace.add_sources(
        load_files([write("fs.csv", SERVICES.replace("Accueil d'Ambreval", "Maison d'Ambreval"))])
    )
    assert len(report.tables["actors"].updated) == 1
    assert "Maison d'Ambreval" in set(actors(workspace)["name"])


def test_what_people_wrote_goes_before_a_file(filled, write):
    siae = (
        "siret;name;kind;city;department;naf\n"
        "73282932000074;SCIERIE DUBOIS SAS;EI;Brissac-les-Bois;99;1610A\n"
        "35600000000048;Autre;EI;Ambreval;99;3832Z\n"
    )
    filled.import_workbook()
    by_siret = actors(filled).reset_index().set_index("siret")
    officer = by_siret.loc["73282932000074"]
    report = filled.add_sources(load_files([write("siae.csv", siae)]))
    after = actors(filled)
    assert after.loc[officer["actor_id"], "name"] == "Scierie Dubois"
    assert after.loc[officer["actor_id"], "source_id"] == "saisie"
    assert "35600000000048" in set(after["siret"].dropna())
    told = [note for note in report.notes if note.code == "sources_officer_filled"]
    assert [(note.table, note.found) for note in told] == [("actors", "1")]


def test_a_file_of_another_place_is_refused_alone_and_named_among_others(workspace, write):
    elsewhere, here = write("loin.csv", ELSEWHERE), write("fs.csv", SERVICES)
    before = workspace.database.read_bytes()
    with pytest.raises(DataError) as caught:
        workspace.add_sources(load_files([elsewhere]))
    assert caught.value.code == "sources_all_outside"
    assert workspace.database.read_bytes() == before
    report = workspace.add_sources(load_files([here, elsewhere]))
    assert [note.where for note in report.notes if note.code == "sources_all_outside"] == [
        "france_services:loin"
    ]
    assert "france_services:loin" not in set(workspace.tables()["sources"]["source_id"])


def test_the_report_says_what_was_read_in_words(workspace, write):
    report = workspace.add_sources(load_files([write("fs.csv", SERVICES)]))
    lines = report.lines(lang="en")
    assert lines[0] == "france_services:fs – Actors: 3 rows read, 2 in the perimeter."
    assert "Actors: 2 rows added." in lines
    alone = write("un.csv", SERVICES[: SERVICES.index("2,")])
    french = workspace.add_sources(load_files([alone])).lines(lang="fr")
    assert french[0] == "france_services:un – Acteurs : 1 ligne lue, 1 dans le périmètre."


def test_flows_find_the_actors_that_the_territory_has_already(imported, write):
    decp = (
        "id;acheteur.id;montant;titulaires.1.id;dateNotification\n"
        "C1;35600000000048;12000;732 829 320 00074;2024-03-01\n"
    )
    report = imported.add_sources(load_files([write("decp.csv", decp)]))
    flows = imported.tables()["flows"]
    assert flows[["origin", "destination"]].to_numpy().tolist() == [["outside", "A2"]]
    assert flows["quantity"].tolist() == [12000.0]
    assert report.counts.set_index("table").loc["flows", "inside"] == 1


def test_counts_by_commune_are_kept_beside_the_database(workspace, write):
    bpe = "DEPCOM;TYPEQU;NB_EQUIP;AN\n99001;B203;2;2024\n99003;B203;1;2024\n75056;B203;900;2024\n"
    report = workspace.add_sources(load_files([write("bpe24.csv", bpe)]))
    kept = [note for note in report.notes if note.code == "sources_counts_kept"]
    assert [note.params["path"] for note in kept] == ["sources/bpe-bpe24.counts.csv"]
    lines = (workspace.folder / kept[0].params["path"]).read_text(encoding="utf-8").splitlines()
    assert len(lines) == 3
    assert lines[1].startswith("99001,B203,")
    again = workspace.add_sources(load_files([write("bpe24.csv", bpe)]))
    assert len(again.notes) == len(report.notes)


MAPPING = """
[actors.columns]
actor_id = "ref"
name = "nom"
commune_id = "insee"

[actors.constants]
family = "ess"

[needs.columns]
category = "cherche"
quantity = "tonnes"

[needs.constants]
unit = "t"
"""


def test_needs_of_a_partners_list_are_taken(workspace, write):
    rows = "ref,nom,insee,cherche,tonnes\n7,Menuiserie,99001,materials.wood.offcuts,3\n"
    rows += "8,Ailleurs,75056,materials.wood.offcuts,5\n"
    mapped = load_mapped(write("list.csv", rows), write("map.toml", MAPPING))
    report = workspace.add_sources([mapped])
    counts = report.counts.set_index("table")
    assert counts.loc["needs", ["given", "inside", "outside"]].tolist() == [2, 1, 1]
    needs = workspace.tables()["needs"]
    own = needs[needs["source_id"] == "mapped:list"]
    assert own[["actor_id", "category", "quantity"]].to_numpy().tolist() == [
        ["mapped:list:7", "materials.wood.offcuts", 3.0]
    ]


FIRST = "siret;name;kind;city;department;naf\n73282932000074;Scierie Dubois;EI;Ambreval;99;1610A\n"
SECOND = (
    "id,nom,source,date_maj,siret,code_insee,latitude,longitude\n"
    "7,DUBOIS BOIS,dora,2024-01-01,73282932000074,99001,46.55,2.05\n"
)


def test_a_second_source_fills_what_the_first_left_empty_and_takes_nothing(workspace, write):
    workspace.add_sources(load_files([write("siae.csv", FIRST)]))
    before = actors(workspace).loc["73282932000074"]
    report = workspace.add_sources(load_files([write("di.csv", SECOND)]))
    after = actors(workspace).loc["73282932000074"]
    assert len(actors(workspace)) == 1
    assert (after["name"], after["activity"]) == ("Scierie Dubois", "16.10A")
    assert after["source_id"] == before["source_id"] == "siae:siae"
    assert after["source_ids"] == "siae:siae|data_inclusion:di"
    assert report.tables["actors"].updated == ("73282932000074",)


def test_two_sources_in_one_go_or_one_after_the_other_give_the_same_actor(
    workspace, made, tmp_path, write
):
    paths = [write("siae.csv", FIRST), write("di.csv", SECOND)]
    for path in paths:
        workspace.add_sources(load_files([path]))
    other = type(workspace)(shutil.copytree(made, tmp_path / "other"), now=workspace._now)
    other.add_sources(load_files(paths))
    one, two = actors(workspace), actors(other)
    assert one.drop(columns="geometry").equals(two.drop(columns="geometry"))
    assert one.geometry.geom_equals(two.geometry).all()


BOTH = "siret;name;kind;city;department;naf\n73282932000074;DUBOIS;EI;Ambreval;99;1610B\n"


def test_a_file_fills_cells_that_the_workbook_leaves_empty_and_an_import_keeps_them(filled, write):
    filled.import_workbook()
    before = actors(filled).reset_index().set_index("siret").loc["73282932000074"]
    assert pd.isna(before["activity"])
    assert before["located_by"] == "commune"
    here = SECOND.replace("99001", before["commune_id"])
    paths = [write("di.csv", here), write("siae.csv", FIRST)]
    filled.add_sources(load_files(paths))
    after = actors(filled).loc[before["actor_id"]]
    assert (after["name"], after["activity"]) == (before["name"], "16.10A")
    assert (after["latitude"], after["located_by"]) == (46.55, "address")
    assert after["source_ids"] == "saisie|data_inclusion:di|siae:siae"
    lines = len(filled.journal())
    report = filled.import_workbook()
    assert not any(table.inserted or table.updated for table in report.tables.values())
    assert len(filled.journal()) == lines
    told = filled.conflicts()
    assert ["name", "DUBOIS BOIS", "data_inclusion:di"] in told[
        ["column", "value", "source_id"]
    ].to_numpy().tolist()
    again = filled.add_sources(load_files(paths))
    assert not any(kept.inserted or kept.updated for kept in again.tables.values())


def test_a_workbook_after_a_file_goes_before_it_and_loses_nothing(filled, write):
    here = SECOND.replace("99001", "99002")
    filled.add_sources(load_files([write("di.csv", here)]))
    first = actors(filled).reset_index().set_index("siret").loc["73282932000074"]
    assert first["name"] == "DUBOIS BOIS"
    filled.import_workbook()
    by_siret = actors(filled).reset_index().set_index("siret")
    assert by_siret.index.notna().sum() == by_siret.index[by_siret.index.notna()].nunique()
    after = by_siret.loc["73282932000074"]
    assert (after["name"], after["latitude"]) == ("Scierie Dubois", 46.55)
    assert after["source_id"] == "saisie"


def test_a_newer_edition_under_another_name_replaces_its_row(workspace, write):
    workspace.add_sources(load_files([write("siae_2025.csv", FIRST)]))
    workspace.add_sources(load_files([write("siae_2026.csv", BOTH)]))
    after = actors(workspace).loc["73282932000074"]
    assert (after["name"], after["activity"]) == ("DUBOIS", "16.10B")
    assert after["source_id"] == "siae:siae_2026"


def test_a_newer_file_of_the_same_source_replaces_its_row(workspace, write):
    workspace.add_sources(load_files([write("siae.csv", FIRST)]))
    workspace.add_sources(load_files([write("siae.csv", FIRST.replace("1610A", "1610B"))]))
    assert actors(workspace)["activity"].tolist() == ["16.10B"]


EDITIONS = (
    "siret;name;kind;city;department;naf\n"
    "73282932000074;Scierie Dubois;EI;Ambreval;99;1610A\n"
    "35600000000048;Atelier du Port;EI;Ambreval;99;3832Z\n"
)
NEWER = "siret;name;kind;city;department;naf\n73282932000074;Scierie Dubois;EI;Ambreval;99;1610A\n"


def test_actors_gone_from_a_newer_edition_are_named_and_kept(workspace, write):
    workspace.add_sources(load_files([write("siae_2025.csv", EDITIONS)]))
    report = workspace.add_sources(load_files([write("siae_2026.csv", NEWER)]))
    gone = [note for note in report.notes if note.code == "sources_gone"]
    assert [(note.where, note.found) for note in gone] == [("siae", "1")]
    assert "Atelier du Port (35600000000048)" in gone[0].params["examples"]
    assert len(actors(workspace)) == 2


def test_actors_gone_are_deleted_on_request_with_what_their_source_said(workspace, write):
    workspace.add_sources(load_files([write("siae_2025.csv", EDITIONS)]))
    report = workspace.add_sources(load_files([write("siae_2026.csv", NEWER)]), drop_gone=True)
    assert actors(workspace).index.tolist() == ["73282932000074"]
    assert set(workspace.tables()["resources"]["actor_id"]) == {"73282932000074"}
    assert [note.found for note in report.notes if note.code == "sources_dropped"] == ["1"]
    removed = workspace.journal().query("action == 'remove' and table_name == 'actors'")
    assert "Atelier du Port" in removed["before"].iloc[0]
    workspace.territory()


def test_an_actor_of_whom_people_speak_stays_though_it_is_gone(workspace, write):
    workspace.add_sources(load_files([write("siae_2025.csv", EDITIONS)]))
    need = {"need_id": ["B9"], "actor_id": ["35600000000048"], "category": ["premises.office"]}
    workspace.write({"needs": pd.DataFrame(need)}, what="test")
    report = workspace.add_sources(load_files([write("siae_2026.csv", NEWER)]), drop_gone=True)
    assert "35600000000048" in actors(workspace).index
    kept = [note for note in report.notes if note.code == "sources_gone_kept"]
    assert [note.found for note in kept] == ["1"]


def test_another_commune_and_a_file_of_events_make_nobody_gone(workspace, write):
    workspace.add_sources(load_files([write("siae_2025.csv", EDITIONS)]))
    elsewhere = NEWER.replace(
        "73282932000074;Scierie Dubois;EI;Ambreval", "55210055400013;Autre;EI;Brissac-les-Bois"
    )
    report = workspace.add_sources(load_files([write("siae_2026.csv", elsewhere)]))
    assert not [note for note in report.notes if note.code == "sources_gone"]
    assert len(actors(workspace)) == 3


HEAD = "id,nom,source,date_maj,siret,code_insee,latitude,longitude,thematiques\n"
ONE = "a,Antenne nord,dora,2024-01-01,35600000000048,99001,,,numerique\n"
TWO = "b,Antenne sud,dora,2024-01-01,35600000000048,99001,,,numerique\n"


@pytest.mark.parametrize("first, then", [(ONE + TWO, ONE), (ONE, ONE + TWO)])
def test_an_actor_stays_itself_when_its_number_is_shared_or_no_more(workspace, write, first, then):
    workspace.add_sources(load_files([write("di_2025.csv", HEAD + first)]))
    before = actors(workspace).reset_index().set_index("name")["actor_id"]
    report = workspace.add_sources(load_files([write("di_2026.csv", HEAD + then)]))
    after = actors(workspace).reset_index().set_index("name")["actor_id"]
    assert after["Antenne nord"] == before["Antenne nord"]
    gone = [note.found for note in report.notes if note.code == "sources_gone"]
    assert gone == (["1"] if then == ONE else [])
    resources = workspace.tables()["resources"]
    assert not resources.duplicated(["actor_id", "category"]).any()
    assert report.links.joined.empty
    again = workspace.add_sources(load_files([write("di_2026.csv", HEAD + then)]))
    assert not any(kept.inserted or kept.updated for kept in again.tables.values())
