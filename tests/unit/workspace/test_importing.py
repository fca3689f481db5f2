"""The officer's workbook into the database: all, its sound rows, or nothing; never twice."""

from __future__ import annotations

import json
import shutil

import openpyxl
import pandas as pd
import pytest
from shapely.geometry import Point

from toolkit.errors import WorkbookError
from toolkit.language import error_text, problem_text
from toolkit.workspace import ImportRefusedError, Workspace


def codes(problems):
    return sorted(problem.code for problem in problems)


def test_rows_arrive_typed_and_completed(imported):
    territory = imported.territory()
    actors = territory.actors.set_index("actor_id")
    assert actors.loc["A2", "family"] == "business"
    assert actors.loc["A2", "siren"] == "732829320"
    assert actors.loc["A2", "commune_id"] == "99002"
    assert actors.loc["A3", "name"] == "Mairie {{7*7}} </script>"
    assert actors["located_by"].tolist() == ["commune"] * 3
    assert actors["source_id"].tolist() == ["saisie"] * 3
    resource = territory.resources.iloc[0]
    assert (resource["quantity"], resource["unit"], resource["period"]) == (12.5, "t", "year")
    source = territory.sources.iloc[0]
    assert (source["source_id"], source["rows"], source["retrieved_at"]) == (
        "saisie",
        4,
        "2026-11-22",
    )
    assert len(source["sha256"]) == 64


def test_report_says_what_was_done(filled):
    report = filled.import_workbook()
    assert report.tables["actors"].inserted == ("A1", "A2", "A3")
    assert report.tables["resources"].inserted == ("R1",)
    assert report.has_changes
    assert report.problems == ()
    assert report.corrected_copy is None
    assert report.lines(lang="fr") == [
        "Acteurs : 3 lignes ajoutées.",
        "Ressources : 1 ligne ajoutée.",
    ]
    assert report.lines(lang="en") == ["Actors: 3 rows added.", "Resources: 1 row added."]
    notes = [
        problem_text(note, lang="fr") for note in report.notes if note.code == "note_at_commune"
    ]
    assert len(notes) == 1
    assert "commune : 3" in notes[0]


def test_importing_twice_changes_nothing(imported):
    before, journal = imported.database.read_bytes(), len(imported.journal())
    report = imported.import_workbook()
    assert (report.count("unchanged"), report.has_changes) == (4, False)
    assert imported.database.read_bytes() == before
    assert len(imported.journal()) == journal


def test_same_rows_in_another_order_change_no_row(imported, fill, actor_rows):
    before = imported.tables()
    fill(imported.workbook, actors=actor_rows[::-1])
    assert not imported.import_workbook().has_changes
    for name, frame in imported.tables().items():
        if name != "sources":
            pd.testing.assert_frame_equal(pd.DataFrame(frame), pd.DataFrame(before[name]))


def test_corrected_row_is_updated(imported, fill, actor_rows):
    actor_rows[1][1] = "Scierie Dubois et fils"
    actor_rows[1][3] = None
    fill(imported.workbook, actors=actor_rows)
    report = imported.import_workbook(who="Bob")
    assert report.tables["actors"].updated == ("A2",)
    assert report.tables["actors"].unchanged == ("A1", "A3")
    row = imported.tables()["actors"].set_index("actor_id").loc["A2"]
    assert row["name"] == "Scierie Dubois et fils"
    assert pd.isna(row["siret"])
    assert pd.isna(row["siren"])
    line = imported.journal().query("action == 'update' and table_name == 'actors'").iloc[-1]
    assert line["who"] == "Bob"
    assert json.loads(line["before"])["siret"] == "73282932000074"
    assert set(json.loads(line["after"])) == {"name", "siret", "siren"}


def test_row_that_is_gone_is_reported_once_and_kept(imported, fill, actor_rows):
    fill(imported.workbook, actors=actor_rows[:2])
    report = imported.import_workbook()
    assert report.tables["actors"].missing == ("A3",)
    assert imported.tables()["actors"]["actor_id"].tolist() == ["A1", "A2", "A3"]
    lines = imported.journal().query("action == 'missing_reported'")
    assert lines["row_id"].tolist() == ["A3"]
    before = imported.database.read_bytes()
    assert imported.import_workbook().tables["actors"].missing == ("A3",)
    assert imported.database.read_bytes() == before
    assert "absente du classeur" in report.lines(lang="fr")[0]
    (note,) = (note for note in report.notes if note.code == "note_rows_missing")
    assert "absentes du classeur : Mairie {{7*7}} </script>." in problem_text(note, lang="fr")


def test_sheet_that_is_not_there_misses_nothing(imported, fill):
    fill(imported.workbook, resources=[])
    report = imported.import_workbook()
    assert set(report.tables) == {"actors"}
    assert report.count("missing") == 0


def test_rows_of_other_sources_stay(imported, actor_rows, fill):
    tables = {
        "sources": pd.DataFrame({"source_id": ["sirene"], "title": ["Sirene"]}),
        "actors": pd.DataFrame(
            {
                "actor_id": ["S1"],
                "name": "Boulangerie",
                "family": "business",
                "commune_id": "99001",
                "source_id": "sirene",
            }
        ),
    }
    imported.write(tables, what="Sirene")
    report = imported.import_workbook()
    assert report.count("missing") == 0
    assert "S1" in set(imported.tables()["actors"]["actor_id"])


def test_partners_file_is_another_source(imported, fill, tmp_path):
    path = fill(
        tmp_path / "Liste CCI.xlsx",
        actors=[["C1", "Garage", "Entreprise privée", None, "99002", None]],
        resources=[],
    )
    report = imported.import_workbook(path)
    assert report.count("missing") == 0
    actors = imported.tables()["actors"].set_index("actor_id")
    assert actors.loc["C1", "source_id"] == "saisie-liste-cci"
    assert not imported.import_workbook().has_changes


def test_csv_is_taken(workspace, tmp_path):
    path = tmp_path / "acteurs.csv"
    path.write_text(
        "Identifiant;Nom;Famille;Commune\nX1;Café d'ici;Société civile;99001\n", encoding="cp1252"
    )
    assert workspace.import_workbook(path).tables["actors"].inserted == ("X1",)
    assert workspace.tables()["actors"]["name"].tolist() == ["Café d'ici"]


def test_exact_point_of_a_source_survives_the_workbook(imported, perimeter, fill, actor_rows):
    """An actor that does not move keeps the point that a workbook cannot hold."""
    actors = imported.tables()["actors"].iloc[[0]].assign(located_by="address")
    imported.write({"actors": actors.set_geometry([Point(1.75, 46.54)], crs=4326)}, what="carte")
    imported.import_workbook()
    row = imported.tables()["actors"].set_index("actor_id").loc["A1"]
    assert (row["geometry"], row["located_by"]) == (Point(1.75, 46.54), "address")
    actor_rows[0][4] = "99003"
    fill(imported.workbook, actors=actor_rows)
    imported.import_workbook()
    row = imported.tables()["actors"].set_index("actor_id").loc["A1"]
    assert (row["commune_id"], row["located_by"]) == ("99003", "commune")
    assert row["geometry"].x > 2


def test_coordinates_taken_out_of_the_workbook_do_not_linger(workspace, fill):
    headers = ["Identifiant", "Nom", "Famille", "Commune", "Latitude", "Longitude"]
    row = ["A1", "Ferme", "Entreprise privée", "99001", 46.54, 1.75]
    fill(workspace.workbook, actors=[row], resources=[], headers=headers)
    workspace.import_workbook()
    assert workspace.tables()["actors"]["located_by"].tolist() == ["address"]
    fill(workspace.workbook, actors=[[*row[:4], None, None]], resources=[], headers=headers)
    workspace.import_workbook()
    assert workspace.tables()["actors"]["located_by"].tolist() == ["commune"]


# --- faults -----------------------------------------------------------------------------------
@pytest.fixture
def faulty(imported, fill, actor_rows, resource_rows):
    """Return a territory whose workbook has two sound new rows and five that are not."""
    fill(
        imported.workbook,
        actors=[
            *actor_rows,
            ["A4", "Martien", "martien", None, "99001", None],
            ["A5", "Bonne", "Secteur public", None, "99001", None],
            ["A6", "Double", "Secteur public", None, "99001", None],
            ["A6", "Double aussi", "Secteur public", None, "99002", None],
        ],
        resources=[
            *resource_rows,
            ["R2", "A4", "materials.wood.offcuts", 1, "t", None],
            ["R3", "A5", "materials.wood.offcuts", 1, "t", None],
            ["R4", "A5", "materials.wood.offcuts", -1, "t", None],
        ],
    )
    return imported


def test_one_fault_refuses_all_and_tells_every_fault(faulty):
    before = faulty.database.read_bytes()
    with pytest.raises(ImportRefusedError) as error:
        faulty.import_workbook()
    assert codes(error.value.problem_list) == [
        "duplicate_key",
        "duplicate_key",
        "negative_number",
        "unknown_choice",
    ]
    assert faulty.database.read_bytes() == before
    assert error.value.corrected_copy == (faulty.folder / "saisie_a-corriger.xlsx").absolute()
    said = error_text(error.value, lang="fr")
    assert any("Acteurs, ligne 5, colonne « Famille »" in line for line in said)


def test_partial_takes_the_sound_rows_and_what_hangs_on_them(faulty):
    report = faulty.import_workbook(partial=True)
    assert report.tables["actors"].inserted == ("A5",)
    assert report.tables["actors"].refused == ("5", "7", "8")
    assert report.tables["resources"].inserted == ("R3",)
    assert report.tables["resources"].refused == ("3", "5")
    hanging = [problem for problem in report.problems if problem.code == "refers_to_refused"]
    assert [(problem.row, problem.found, problem.params["row"]) for problem in hanging] == [
        ("3", "A4", "5")
    ]
    assert report.corrected_copy.is_file()
    assert faulty.territory().sources.set_index("source_id").loc["saisie", "rows"] == 6
    before = faulty.database.read_bytes()
    assert not faulty.import_workbook(partial=True).has_changes
    assert faulty.database.read_bytes() == before


def test_partial_keeps_the_last_good_state_of_a_refused_row(imported, fill, actor_rows):
    actor_rows[1][1:3] = ["Autre nom", "martien"]
    fill(imported.workbook, actors=actor_rows)
    report = imported.import_workbook(partial=True)
    assert report.tables["actors"].refused == ("3",)
    assert report.tables["resources"].unchanged == ("R1",)
    assert imported.tables()["actors"].set_index("actor_id").loc["A2", "name"] == "Scierie Dubois"


def test_partial_without_a_sound_row_is_refused(workspace, fill):
    fill(
        workspace.workbook, actors=[["A4", "Martien", "martien", None, "99001", None]], resources=[]
    )
    before = workspace.database.read_bytes()
    with pytest.raises(ImportRefusedError):
        workspace.import_workbook(partial=True)
    assert workspace.database.read_bytes() == before


def test_fault_of_a_stored_row_is_not_blamed_on_the_workbook(imported):
    import contextlib
    import sqlite3

    with contextlib.closing(sqlite3.connect(imported.database)) as connection:
        connection.execute(
            "INSERT INTO actors (actor_id, name, family, commune_id, basis) "
            "VALUES ('Q', 'Q', 'x', '99001', 'observed')"
        )
        connection.commit()
    assert not imported.import_workbook().has_changes


def test_officers_file_is_not_touched(faulty):
    before = faulty.workbook.read_bytes()
    with pytest.raises(ImportRefusedError):
        faulty.import_workbook()
    faulty.import_workbook(partial=True)
    assert faulty.workbook.read_bytes() == before


def test_copy_takes_the_place_of_one_that_nobody_changed(faulty):
    for _ in range(3):
        with pytest.raises(ImportRefusedError):
            faulty.import_workbook()
    assert [path.name for path in faulty.folder.glob("*a-corriger*")] == ["saisie_a-corriger.xlsx"]


def test_copy_that_the_officer_corrects_is_not_overwritten(faulty):
    with pytest.raises(ImportRefusedError) as error:
        faulty.import_workbook()
    copy = error.value.corrected_copy
    book = openpyxl.load_workbook(copy)
    book["Acteurs"]["C5"] = "Secteur public"
    book.save(copy)
    mine = copy.read_bytes()
    with pytest.raises(ImportRefusedError) as error:
        faulty.import_workbook()
    assert error.value.corrected_copy.name == "saisie_a-corriger-2.xlsx"
    assert copy.read_bytes() == mine
    report = faulty.import_workbook(copy, partial=True)
    assert "A4" in report.tables["actors"].inserted
    assert report.count("missing") == 0
    assert report.corrected_copy.name == "saisie_a-corriger-3.xlsx"
    assert faulty.tables()["actors"]["source_id"].unique().tolist() == ["saisie"]


@pytest.mark.parametrize("memory", ["", "[1]", "{", '{"x": 1}'])
def test_memory_of_copies_may_be_lost(faulty, memory):
    with pytest.raises(ImportRefusedError):
        faulty.import_workbook()
    (faulty.folder / ".copies.json").write_text(memory)
    with pytest.raises(ImportRefusedError) as error:
        faulty.import_workbook()
    assert error.value.corrected_copy.name == "saisie_a-corriger-2.xlsx"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 pas un classeur", b"<OGRVRTDataSource/>"])
def test_file_that_is_no_workbook_is_refused(workspace, tmp_path, content):
    path = tmp_path / "x.xlsx"
    path.write_bytes(content)
    before = workspace.database.read_bytes()
    with pytest.raises(WorkbookError):
        workspace.import_workbook(path)
    assert workspace.database.read_bytes() == before


def test_new_workbook_has_nothing_to_import(workspace):
    with pytest.raises(ImportRefusedError) as error:
        workspace.import_workbook()
    assert codes(error.value.problem_list) == ["workbook_no_rows"]
    assert error.value.corrected_copy is None  # no cell to correct
    assert [path.name for path in workspace.folder.glob("saisie*")] == ["saisie.xlsx"]


def test_problems_are_told_in_the_order_of_the_sheets(faulty):
    with pytest.raises(ImportRefusedError) as error:
        faulty.import_workbook()
    places = [(problem.table, problem.row) for problem in error.value.problem_list]
    assert places == [("actors", "5"), ("actors", "7"), ("actors", "8"), ("resources", "5")]


def test_an_id_that_is_empty_for_want_of_a_name_is_not_told_of(nameless):
    with pytest.raises(ImportRefusedError) as error:
        nameless((None, None, "99001"))
    told = [(problem.column, problem.code) for problem in error.value.problem_list]
    assert told == [("name", "required_cell")]


@pytest.mark.parametrize("partial", [False, True])
def test_problems_are_told_where_the_copy_cannot_be_written(faulty, partial):
    (faulty.folder / "~saisie_a-corriger.part.xlsx" / "x").mkdir(parents=True)
    if partial:
        report = faulty.import_workbook(partial=True)
        problems, copy = report.problems, report.corrected_copy
        assert report.tables["actors"].inserted == ("A5",)
    else:
        with pytest.raises(ImportRefusedError) as error:
            faulty.import_workbook()
        problems, copy = error.value.problem_list, error.value.corrected_copy
    assert copy is None
    assert [problem.code for problem in problems][-1] == "copy_not_written"
    assert "unknown_choice" in codes(problems)
    assert problems[-1].found == "saisie_a-corriger.xlsx"


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_example_rows_would_be_taken_if_they_were_real(tmp_path, perimeter, lang):
    workspace = Workspace.create(tmp_path / "t", name="T", communes=perimeter, lang=lang)
    book = openpyxl.load_workbook(workspace.workbook)
    for cell in (cell for sheet in book for row in sheet.iter_rows(max_row=3) for cell in row):
        if str(cell.value).startswith(("EXEMPLE", "EXAMPLE")):
            cell.value = f"MY-{cell.value}"
    book.save(workspace.workbook)
    report = workspace.import_workbook()
    assert report.problems == ()
    assert {table: len(rows.inserted) for table, rows in report.tables.items()} == dict.fromkeys(
        ("actors", "resources", "needs", "flows", "cooperations", "members", "practices"), 2
    )


def test_whole_territory_may_be_moved(imported, tmp_path):
    shutil.move(imported.folder, tmp_path / "ailleurs")
    moved = Workspace(tmp_path / "ailleurs")
    assert not moved.import_workbook().has_changes


def test_a_copy_of_a_workbook_with_macros_keeps_its_kind(faulty: Workspace) -> None:
    path = faulty.folder / "partenaire.xlsm"
    path.write_bytes((faulty.folder / "saisie.xlsx").read_bytes())
    with pytest.raises(ImportRefusedError) as error:
        faulty.import_workbook(path)
    assert error.value.corrected_copy.name == "partenaire_a-corriger.xlsm"
    assert error.value.corrected_copy.exists()


def test_checking_writes_nothing_and_tells_what_an_import_would(faulty: Workspace) -> None:
    before = {path: path.read_bytes() for path in faulty.folder.iterdir() if path.is_file()}
    told = faulty.check_workbook()
    assert {path: path.read_bytes() for path in faulty.folder.iterdir() if path.is_file()} == before
    with pytest.raises(ImportRefusedError) as error:
        faulty.import_workbook()
    assert told.problems == error.value.problem_list
    assert told.corrected_copy is None


# --- corrections ------------------------------------------------------------------------------
HEADERS = ["Nom", "Famille", "SIRET", "Commune", "Latitude", "Longitude"]
PUBLIC = "Secteur public"


def offers(*names):
    return [[None, name, "materials.wood.offcuts", 1, "t", None] for name in names]


@pytest.fixture
def nameless(workspace, fill):
    """Return what imports actors (name, SIRET, commune) without ids, and offers by name."""

    def take(*actors, names=(), **options):
        rows = [[name, PUBLIC, siret, commune, None, None] for name, siret, commune in actors]
        fill(workspace.workbook, actors=rows, resources=offers(*names), headers=HEADERS)
        return workspace.import_workbook(**options)

    take.workspace = workspace
    return take


def test_corrected_commune_and_added_siret_change_the_actor(nameless):
    nameless(("Emmaüs", None, "99001"), names=["Emmaüs"])
    before = nameless.workspace.tables()["resources"]
    report = nameless(("Emmaüs", "73282932000074", "Brissac-les-Bois"), names=["Emmaüs"])
    assert report.tables["actors"].updated == ("emmaus-99001",)
    assert report.tables["resources"].unchanged == tuple(before["resource_id"])
    assert report.count("inserted") == report.count("missing") == 0
    (note,) = (note for note in report.notes if note.code == "note_commune_changed")
    assert "« Ambreval » avant, « Brissac-les-Bois » maintenant" in problem_text(note, lang="fr")
    actor = nameless.workspace.tables()["actors"].iloc[0]
    assert (actor["commune_id"], actor["siret"]) == ("99002", "73282932000074")
    again = nameless(("Emmaüs", "73282932000074", "Brissac-les-Bois"), names=["Emmaüs"])
    assert not again.has_changes
    assert "note_commune_changed" not in codes(again.notes)


def test_a_new_name_is_a_new_actor_and_the_old_one_is_missing(nameless):
    nameless(("Emmaüs", None, "99001"))
    report = nameless(("Emmaüs Ambre", None, "99001"))
    actors = report.tables["actors"]
    assert (actors.inserted, actors.missing) == (("emmaus-ambre-99001",), ("emmaus-99001",))


def test_two_actors_of_one_name_stay_two(nameless):
    both = [("Emmaüs", None, "99001"), ("Emmaüs", None, "99002")]
    nameless(*both)
    assert not nameless(*both[::-1]).has_changes
    report = nameless(both[0], ("Emmaüs", None, "99003"))
    assert report.tables["actors"].updated == ("emmaus-99002",)
    assert nameless.workspace.tables()["actors"]["commune_id"].tolist() == ["99001", "99003"]


def test_what_is_known_of_a_source_outlives_imports(imported, fill, actor_rows):
    sources = imported.tables()["sources"]
    told = {"licence": "Licence Ouverte 2.0", "producer": "CCI", "title": "Annuaire"}
    year = pd.array([2024], dtype="Int64")
    imported.write({"sources": sources.assign(**told, data_year=year)}, what="Origine")
    assert not imported.import_workbook().has_changes
    fill(imported.workbook, actors=actor_rows[:2])
    imported.import_workbook()
    source = imported.tables()["sources"].iloc[0]
    assert {name: source[name] for name in told} == told
    assert (source["data_year"], source["rows"]) == (2024, 3)
    assert source["sha256"] != sources["sha256"][0]


def test_title_of_a_source_follows_its_file(imported):
    shutil.copy(imported.workbook, imported.folder / "saisie 2.xlsx")
    imported.import_workbook(imported.folder / "saisie 2.xlsx")
    assert imported.tables()["sources"]["title"].tolist() == ["Classeur de saisie saisie 2.xlsx"]


# --- messages ---------------------------------------------------------------------------------
def test_a_row_that_refers_to_a_refused_one_shows_the_name_however_long(nameless):
    name = "Association pour la réparation, le réemploi et le partage des objets du quotidien " * 2
    sound, wrong = ("Sain", None, "99002"), (name.strip(), None, "nulle part")
    report = nameless(sound, wrong, names=["Sain", name.upper().strip()], partial=True)
    problem = report.problems[-1]
    assert (problem.code, problem.row, problem.params["row"]) == ("refers_to_refused", "3", "3")
    assert problem.found.startswith("ASSOCIATION POUR LA RÉPARATION")
    assert codes(report.problems) == ["commune_unknown", "refers_to_refused"]


def test_one_cell_has_one_message(nameless):
    with pytest.raises(ImportRefusedError) as error:
        nameless(("A", None, "Lille"), ("B", None, "99999"), ("B", None, "99999"), names=["Zzz"])
    problems = error.value.problem_list
    cells = [(problem.table, problem.row, problem.column) for problem in problems]
    assert len(set(cells)) == len(cells)
    found = {(problem.code, problem.found) for problem in problems}
    assert {("commune_unknown", "Lille"), ("name_unknown", "Zzz"), ("actor_twice", "B")} <= found
    assert ("duplicate_key", "B") in found  # the first of the twins, by its name


def test_points_in_another_commune_are_remarked_and_taken(workspace, fill, perimeter):
    """Communes are squares of 10 km in a row: 99001 ends where 99002 begins."""
    metres = [(609_000, 1), (610_150, 2), (610_900, 3), (625_000, 4), (598_000, 5)]
    points = perimeter.iloc[:1].set_geometry([Point(0, 0)], crs=2154)
    rows = []
    for x, number in metres:
        place = points.set_geometry([Point(x, 6_605_000)], crs=2154).to_crs(4326).geometry.iloc[0]
        rows.append([f"Acteur {number}", PUBLIC, None, "99001", place.y, place.x])
    fill(workspace.workbook, actors=rows, resources=[], headers=HEADERS)
    report = workspace.import_workbook()
    assert report.count("inserted") == 5
    notes = [note for note in report.notes if note.code.startswith("note_point")]
    assert [(note.code, note.row, note.found) for note in notes] == [
        ("note_points_elsewhere", "", "2"),
        ("note_point_elsewhere", "4", "Acteur 3"),
        ("note_point_elsewhere", "5", "Acteur 4"),
    ]
    assert [note.params["km"] for note in notes[1:]] == [0.9, 15.0]
    said = problem_text(notes[2], lang="fr")
    assert "« Château-d'Orne », à 15 km" in said
    assert "« Ambreval »" in said
    only = workspace.check_workbook(
        fill(workspace.workbook, actors=rows[:3], resources=[], headers=HEADERS)
    )
    assert codes(only.notes) == ["note_point_elsewhere", "note_rows_missing"]


def test_a_siret_that_two_actors_bear_is_remarked_and_taken(workspace, fill, actor_rows):
    def told(report):
        notes = [note for note in report.notes if note.code.startswith("note_siret")]
        return [(note.code, note.row, note.params["first"]) for note in notes], notes

    actor_rows[0][3] = actor_rows[1][3]
    actor_rows[2][3] = actor_rows[1][3]
    fill(workspace.workbook, actors=actor_rows)
    report = workspace.import_workbook()
    assert report.count("inserted") == len(actor_rows) + 1
    said, notes = told(report)
    assert said == [("note_siret_shared", "3", "2"), ("note_siret_shared", "4", "2")]
    assert "« Ressourcerie de l'Ambre » (ligne 2)" in problem_text(notes[0], lang="fr")
    assert "“Ressourcerie de l'Ambre” (row 2)" in problem_text(notes[0], lang="en")
    fill(workspace.workbook, actors=actor_rows[2:])
    said, notes = told(workspace.import_workbook())
    assert said == [("note_siret_known", "2", "A1")]
    assert "(identifiant A1)" in problem_text(notes[0], lang="fr")
