"""A territory's folder: made whole, opened with care, written in transactions."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import sqlite3

import pandas as pd
import pytest
from shapely.geometry import Point

from toolkit.errors import SchemaError, SettingsError, UsageError, WorkspaceError
from toolkit.language import error_text
from toolkit.settings import Settings
from toolkit.workspace import Workspace


def run(path, *statements):
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def codes(error):
    return [problem.code for problem in error.value.problem_list]


# --- making -----------------------------------------------------------------------------------
def test_new_territory_has_all_that_an_officer_needs(workspace):
    assert workspace.workbook.is_file()
    assert workspace.sources.is_dir()
    assert workspace.reports.is_dir()
    assert list(workspace.notebooks.glob("*.ipynb"))
    assert (workspace.name, workspace.lang, workspace.fictional) == ("Val d'Essai", "fr", False)
    territory = workspace.territory()
    assert territory.communes["name"].tolist() == ["Ambreval", "Brissac-les-Bois", "Château-d'Orne"]
    assert territory.communes.to_crs(2154).area.sum() == pytest.approx(3e8, rel=1e-6)


def test_nothing_is_left_beside_a_new_folder(made):
    assert [path.name for path in made.parent.iterdir()] == ["val"]


def test_new_territory_keeps_hostile_names(tmp_path, perimeter, clock):
    name = 'Pays "{{7*7}}" \\ </script> \x7f\n[settings]'
    Workspace.create(
        tmp_path / "a b'c", name=name, communes=perimeter, lang="en", fictional=True, now=clock
    )
    workspace = Workspace(tmp_path / "a b'c")
    assert (workspace.name, workspace.lang, workspace.fictional) == (name, "en", True)
    assert workspace.territory().fictional


def test_creation_takes_an_empty_folder(tmp_path, perimeter):
    (tmp_path / "vide").mkdir()
    assert Workspace.create(tmp_path / "vide", name="V", communes=perimeter).cog_year == 2026


def test_creation_overwrites_nothing(folder, tmp_path, perimeter):
    with pytest.raises(WorkspaceError) as error:
        Workspace.create(folder, name="V", communes=perimeter)
    assert codes(error) == ["workspace_exists"]
    (tmp_path / "plein").mkdir()
    (tmp_path / "plein" / "notes.txt").write_text("mes notes")
    with pytest.raises(WorkspaceError) as error:
        Workspace.create(tmp_path / "plein", name="V", communes=perimeter)
    assert codes(error) == ["workspace_not_empty"]
    assert [path.name for path in (tmp_path / "plein").iterdir()] == ["notes.txt"]
    with pytest.raises(WorkspaceError) as error:
        Workspace.create(tmp_path / "plein" / "notes.txt", name="V", communes=perimeter)
    assert codes(error) == ["workspace_not_a_folder"]


def test_creation_where_nothing_can_be_written_says_so(tmp_path, perimeter):
    (tmp_path / "fichier").write_text("")
    with pytest.raises(WorkspaceError) as error:
        Workspace.create(tmp_path / "fichier" / "sous" / "val", name="V", communes=perimeter)
    assert codes(error) == ["workspace_not_a_folder"]
    assert error.value.problem_list[0].where == str((tmp_path / "fichier").absolute())
    with pytest.raises(WorkspaceError) as error:
        Workspace.create(tmp_path / ("x" * 300), name="V", communes=perimeter)
    assert codes(error) == ["workspace_unwritable"]


@pytest.mark.parametrize("size", [1_000, 40_000, 120_000])
def test_creation_on_a_full_disk_says_so_and_leaves_nothing(tmp_path, perimeter, size):
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        with pytest.raises(WorkspaceError) as error:
            Workspace.create(tmp_path / "val", name="V", communes=perimeter)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert codes(error)[0] in {"workspace_disk_full", "workspace_unwritable"}
    assert list(tmp_path.iterdir()) == []


def test_creation_that_fails_leaves_nothing(tmp_path, perimeter, monkeypatch):
    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("toolkit.workspace.migrations.create_schema", fail)
    with pytest.raises(WorkspaceError, match="The disk is full"):
        Workspace.create(tmp_path / "val", name="V", communes=perimeter)
    assert list(tmp_path.iterdir()) == []


def test_creation_removes_what_a_killed_one_left(tmp_path, perimeter):
    (tmp_path / ".val.abc.creation").mkdir()
    (tmp_path / ".val.abc.creation" / "territoire.gpkg").write_text("")
    Workspace.create(tmp_path / "val", name="V", communes=perimeter)
    assert [path.name for path in tmp_path.iterdir()] == ["val"]


def test_creation_refuses_a_perimeter_with_faults(tmp_path, perimeter):
    for wrong in (
        perimeter.iloc[:0],
        perimeter.assign(cog_year=[2024, 2025, 2026]),
        perimeter.assign(source_id="x"),
    ):
        with pytest.raises(SchemaError):
            Workspace.create(tmp_path / "val", name="V", communes=wrong)
    assert not (tmp_path / "val").exists()


def test_creation_takes_the_sources_of_the_perimeter(tmp_path, perimeter):
    sources = pd.DataFrame({"source_id": ["cog"], "title": ["Contours"]})
    workspace = Workspace.create(
        tmp_path / "v", name="V", communes=perimeter.assign(source_id="cog"), sources=sources
    )
    assert workspace.territory().sources["title"].tolist() == ["Contours"]


@pytest.mark.parametrize("name, lang", [(" ", "fr"), ("V", "de")])
def test_creation_refuses_a_wrong_request(tmp_path, perimeter, name, lang):
    with pytest.raises(UsageError):
        Workspace.create(tmp_path / "val", name=name, communes=perimeter, lang=lang)


# --- opening ----------------------------------------------------------------------------------
def test_folder_that_is_none_is_refused(tmp_path):
    for path in (tmp_path, tmp_path / "absent"):
        with pytest.raises(WorkspaceError) as error:
            Workspace(path)
        assert codes(error) == ["workspace_absent"]


def test_folder_without_database_is_refused(folder):
    (folder / "territoire.gpkg").unlink()
    with pytest.raises(WorkspaceError) as error:
        Workspace(folder)
    assert codes(error) == ["workspace_no_database"]
    assert not (folder / "territoire.gpkg").exists()


@pytest.mark.parametrize("cut", [0, 100, 5000])
def test_damaged_database_is_refused(folder, cut):
    path = folder / "territoire.gpkg"
    body = bytearray(path.read_bytes())
    body[cut : cut + 20_000] = b"\xff" * 20_000
    path.write_bytes(body)
    with pytest.raises(WorkspaceError) as error:
        Workspace(folder)
    assert codes(error) == ["workspace_damaged"]


def test_cut_database_is_refused(folder):
    path = folder / "territoire.gpkg"
    path.write_bytes(path.read_bytes()[:-9000])
    with pytest.raises(WorkspaceError) as error:
        Workspace(folder)
    assert codes(error) == ["workspace_damaged"]


def test_database_of_another_program_is_refused(folder):
    path = folder / "territoire.gpkg"
    path.unlink()
    run(path, "CREATE TABLE actors (name TEXT)")
    with pytest.raises(WorkspaceError) as error:
        Workspace(folder)
    assert codes(error) == ["workspace_foreign"]


def test_settings_come_from_the_file(folder):
    assert Workspace(folder).settings() == Settings()
    path = folder / "territoire.toml"
    path.write_text(path.read_text(encoding="utf-8") + "radius_km = 12.5\n", encoding="utf-8")
    assert Workspace(folder).settings().radius_km == 12.5
    path.write_text(path.read_text(encoding="utf-8") + 'rayon = 1\nseed = "x"\n', encoding="utf-8")
    with pytest.raises(SettingsError) as error:
        Workspace(folder).settings()
    assert codes(error) == ["unknown_setting", "setting_number"]


def test_opening_and_reading_change_no_byte(imported):
    before = imported.database.read_bytes()
    again = Workspace(imported.folder)
    again.territory()
    again.journal()
    again.results()
    assert imported.database.read_bytes() == before
    assert not list(imported.folder.glob("*-journal"))


# --- writing ----------------------------------------------------------------------------------
def test_rows_of_a_source_are_added_once(workspace):
    tables = {
        "sources": pd.DataFrame({"source_id": ["sirene"], "title": ["Sirene"]}),
        "actors": pd.DataFrame(
            {
                "actor_id": ["S2", "S1"],
                "name": ["B", "A"],
                "family": "business",
                "commune_id": "99001",
                "source_id": "sirene",
            }
        ),
    }
    kept = workspace.write(tables, what="Sirene", who="Ana")
    assert kept["actors"].inserted == ("S1", "S2")
    before = workspace.database.read_bytes()
    assert workspace.write(tables, what="Sirene")["actors"].unchanged == ("S1", "S2")
    assert workspace.database.read_bytes() == before
    tables["actors"]["name"] = ["B", "Anna"]
    assert workspace.write(tables, what="Sirene", who="Ana")["actors"].updated == ("S1",)
    last = workspace.journal().iloc[-1]
    assert (last["who"], last["what"], last["row_id"], last["action"]) == (
        "Ana",
        "Sirene",
        "S1",
        "update",
    )
    assert (json.loads(last["before"]), json.loads(last["after"])) == (
        {"name": "A"},
        {"name": "Anna"},
    )
    assert last["at"] == "2026-11-22T12:00:00Z"


def test_faults_are_refused_and_nothing_is_written(workspace):
    before = workspace.database.read_bytes()
    actors = pd.DataFrame(
        {
            "actor_id": ["S1", "S2"],
            "name": "A",
            "family": ["ess", "x"],
            "commune_id": ["99001", "1"],
        }
    )
    with pytest.raises(SchemaError) as error:
        workspace.write({"actors": actors}, what="essai")
    assert len(error.value.problem_list) == 2
    assert workspace.database.read_bytes() == before
    with pytest.raises(UsageError):
        workspace.write({"acteurs": actors}, what="essai")


def test_own_columns_come_back(imported):
    actors = imported.tables()["actors"]
    assert actors["Mon avis"].tolist()[0] == "à revoir"
    assert actors["Mon avis"].isna().tolist() == [False, True, True]


def test_row_to_which_others_refer_is_not_removed(imported):
    with pytest.raises(SchemaError) as error:
        imported.remove("actors", ["A2"])
    assert codes(error) == ["unknown_reference"]
    assert len(imported.tables()["actors"]) == 3


def test_removed_row_stays_in_the_journal(imported):
    assert imported.remove("resources", ["R1"], who="Ana") == ("R1",)
    assert imported.tables()["resources"].empty
    last = imported.journal().iloc[-1]
    assert (last["action"], json.loads(last["before"])["quantity"]) == ("remove", 12.5)
    assert imported.remove("actors", ["A2"]) == ("A2",)
    with pytest.raises(UsageError) as error:
        imported.remove("actors", ["A2", "A1"])
    assert codes(error) == ["row_unknown"]
    assert len(imported.tables()["actors"]) == 2


def test_member_is_removed_by_both_its_ids(imported):
    tables = {
        "cooperations": pd.DataFrame({"cooperation_id": ["C1"], "name": ["Bois"]}),
        "members": pd.DataFrame({"cooperation_id": ["C1", "C1"], "actor_id": ["A1", "A2"]}),
    }
    imported.write(tables, what="essai")
    assert imported.remove("members", ["C1|A2"]) == ("C1|A2",)
    assert imported.tables()["members"]["actor_id"].tolist() == ["A1"]


def test_decisions_are_added_and_never_changed(workspace):
    first = workspace.decide("P1", decision="commented", reason="à voir {{x}}", who="Ana")
    second = workspace.decide(
        "P1", decision="accepted", stage="idea", due_date=dt.date(2027, 1, 31), who="Bob"
    )
    decisions = workspace.territory().decisions.set_index("decision_id")
    assert decisions.loc[[first, second], "who"].tolist() == ["Ana", "Bob"]
    assert decisions.loc[second, "due_date"] == "2027-01-31"
    assert decisions.loc[first, "reason"] == "à voir {{x}}"
    assert decisions.loc[first, "decided_at"] == "2026-11-22T12:00:00Z"
    changed = decisions.reset_index().assign(reason="autre")
    with pytest.raises(WorkspaceError) as error:
        workspace.write({"decisions": changed}, what="fraude")
    assert set(codes(error)) == {"decision_fixed"}
    with pytest.raises(UsageError):
        workspace.remove("decisions", [first])


@pytest.mark.parametrize(
    "wrong",
    [
        {"decision": "peut-être"},
        {"decision": "accepted", "stage": "x"},
        {"decision": "accepted", "due_date": "31/01"},
    ],
)
def test_wrong_decision_is_refused(workspace, wrong):
    with pytest.raises(SchemaError):
        workspace.decide("P1", **wrong)
    assert workspace.tables()["decisions"].empty


@pytest.mark.parametrize("table", ["journal", "decisions"])
@pytest.mark.parametrize("verb", ["UPDATE {} SET who = 'x'", "DELETE FROM {}"])
def test_no_program_changes_what_was_said(workspace, table, verb):
    workspace.decide("P1", decision="accepted")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        run(workspace.database, verb.format(table))


def test_another_program_that_writes_is_waited_for_then_named(workspace):
    with contextlib.closing(sqlite3.connect(workspace.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert len(workspace.tables()["communes"]) == 3
        with pytest.raises(WorkspaceError) as error:
            workspace.decide("P1", decision="accepted")
        assert codes(error) == ["workspace_locked"]
        assert "0.2 s" in error_text(error.value, lang="fr")[0]
        other.execute("ROLLBACK")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(WorkspaceError) as error:
            workspace.tables()
        assert codes(error) == ["workspace_locked"]
        with pytest.raises(WorkspaceError) as error:
            Workspace(workspace.folder, timeout_s=0.1)
        assert codes(error) == ["workspace_locked"]
    assert workspace.decide("P1", decision="accepted") == "D00001"


@pytest.mark.parametrize(
    "pragma, code",
    [("query_only = ON", "workspace_readonly"), ("max_page_count = 1", "workspace_disk_full")],
)
def test_disk_that_takes_nothing_is_named(imported, fill, actor_rows, monkeypatch, pragma, code):
    from toolkit.workspace import database

    before = imported.database.read_bytes()
    plain = database.connect

    def limited(path, *, timeout_s):
        connection = plain(path, timeout_s=timeout_s)
        connection.execute(f"PRAGMA {pragma}")
        return connection

    fill(
        imported.workbook,
        actors=[[f"N{i}", "x" * 2000, *actor_rows[0][2:]] for i in range(200)],
        resources=[],
    )
    with monkeypatch.context() as patch:
        patch.setattr(database, "connect", limited)
        with pytest.raises(WorkspaceError) as error:
            imported.import_workbook()
    assert codes(error) == [code]
    assert imported.database.read_bytes() == before


def test_cell_that_another_program_spoiled_is_named(imported):
    run(imported.database, "UPDATE resources SET quantity = 'beaucoup'")
    with pytest.raises(WorkspaceError) as error:
        imported.territory()
    assert error.value.problem_list[0].column == "quantity"
    run(imported.database, "UPDATE resources SET quantity = 1", "UPDATE actors SET geom = X'00'")
    with pytest.raises(WorkspaceError) as error:
        imported.territory()
    assert error.value.problem_list[0].column == "geometry"


def test_point_given_by_a_source_is_kept(workspace, perimeter):
    actors = (
        perimeter.head(1)
        .assign(actor_id="S1", family="public")
        .drop(columns=["population", "cog_year"])
    )
    actors = actors.set_geometry([Point(602_000, 6_602_000)], crs=2154)
    workspace.write({"actors": actors}, what="essai")
    found = workspace.territory().actors
    assert found["located_by"].tolist() == ["address"]
    point = found.to_crs(2154).geometry.iloc[0]
    assert (point.x, point.y) == pytest.approx((602_000, 6_602_000), abs=1e-3)
