"""Officers' workbooks and CSV files: what is forgiven, what is asked about, what is kept."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess

import openpyxl
import pytest

from toolkit import schema, workbook
from toolkit.errors import WorkbookError
from toolkit.language import LOCALES, problem_text
from toolkit.schema import headings
from toolkit.schema.contracts import CONTRACTS
from toolkit.workbook import headers

ACTOR = {"name": "Le Fournil", "family": "Entreprise privée", "commune_id": "99001 - Ambreval"}
HEADS = ["Nom", "Famille", "Commune"]


def codes(reading):
    return [problem.code for problem in reading.problems]


def test_rows_are_read_under_the_names_of_the_model(filled):
    path = filled(actors=[ACTOR | {"siret": "01234567890123", "jobs": 3}])
    reading = workbook.read(path)
    assert (reading.problems, reading.notes, reading.lang, reading.kind) == ((), (), "fr", "xlsx")
    assert reading.where["actors"] == "Acteurs"
    frame = reading.tables["actors"]
    assert list(frame.index) == [4]
    assert frame.loc[4, ["name", "family", "siret", "jobs", "address"]].tolist() == [
        "Le Fournil", "Entreprise privée", "01234567890123", 3.0, None,
    ]  # fmt: skip
    assert frame.dtypes.eq("object").all()


def test_an_english_template_is_told_by_its_headers(filled):
    reading = workbook.read(filled("en", actors=[{"name": "Mill", "family": "Public sector"}]))
    assert (reading.lang, reading.problems, len(reading.tables["actors"])) == ("en", (), 1)


def test_examples_alone_are_nothing(template):
    reading = workbook.read(template)
    assert codes(reading) == ["workbook_no_rows"]
    assert all(frame.empty for frame in reading.tables.values())
    assert set(reading.tables) == set(reading.where)


def test_a_changed_example_is_pointed_out(filled):
    path = filled(actors=[ACTOR])
    book = openpyxl.load_workbook(path)
    book["Acteurs"]["B2"] = "Ma propre structure"
    book.save(path)
    reading = workbook.read(path)
    assert [(note.code, note.row) for note in reading.notes] == [("note_example", "2")]
    assert list(reading.tables["actors"].index) == [4]


def test_headers_are_forgiven(simple):
    path = simple(
        **{
            "1. ACTEURS (2026)": [
                ["Relevé du territoire"],
                [None, "mise à jour : mai"],
                ["  COMMUNE *", "e-mail", "famille", "NOM DE LA STRUCTURE", "Emplois (ETP)", "ape"],
                ["99001", "a@b.fr", "ess", "Le Fournil", 3, "10.71C"],
                [None, None, None, None, None, None],
                ["99001", None, "ess", "L'Atelier", None, None],
            ]
        }
    )
    reading = workbook.read(path)
    assert reading.problems == ()
    frame = reading.tables["actors"]
    assert list(frame.columns) == ["commune_id", "family", "name", "jobs", "activity", "e-mail"]
    assert list(frame.index) == [4, 6]
    assert frame.loc[4, "e-mail"] == "a@b.fr"


@pytest.mark.parametrize("table", ["actors", "resources", "needs", "flows", "members", "practices"])
def test_every_header_is_known_in_every_way(table):
    known = headings.known_headers(table)
    for column in CONTRACTS[table].columns:
        if column.kind == "geometry":
            continue
        for lang in LOCALES:
            label = headers.column_label(table, column.name, lang=lang)
            assert label != column.name
            for way in (column.name, label, label.upper(), f" {label} * "):
                assert known[headings.header_key(way)] == column.name


def test_a_near_miss_is_asked_about(simple):
    reading = workbook.read(simple(Acteurs=[[*HEADS, "Adrese"], ["A", "ess", "99001", "rue"]]))
    (problem,) = reading.problems
    assert (problem.code, problem.row, problem.found) == ("header_unknown", "1", "Adrese")
    assert "« Adresse »" in problem_text(problem, lang="fr")
    assert reading.tables["actors"].loc[2, "Adrese"] == "rue"


def test_a_header_given_twice_is_a_problem_and_the_first_counts(simple):
    reading = workbook.read(
        simple(Acteurs=[["Nom", "Famille", "Commune", "Dénomination"], ["A", "ess", "99001", "B"]])
    )
    (problem,) = reading.problems
    assert (problem.code, problem.column) == ("header_duplicate", "name")
    assert (problem.params["first"], problem.params["second"]) == ("A", "D")
    assert reading.tables["actors"].loc[2, ["name", "Dénomination"]].tolist() == ["A", "B"]


def test_missing_columns_are_named(simple):
    reading = workbook.read(
        simple(
            Acteurs=[["Nom", "Adresse"], ["A", "rue"]],
            Besoins=[["Catégorie", "Quantité"], ["eau", 3]],
        )
    )
    assert [(problem.table, problem.column) for problem in reading.problems] == [
        ("actors", "family"),
        ("actors", "commune_id"),
        ("needs", "actor_id"),
    ]
    assert set(codes(reading)) == {"header_missing"}


def test_the_legal_form_stands_for_the_family(simple):
    head = ["Nom", "Catégorie juridique", "Commune"]
    assert codes(workbook.read(simple(Acteurs=[head, ["A", "9220", "99001"]]))) == []


def test_a_sheet_with_cells_and_no_header_is_a_problem_an_empty_one_is_not(simple):
    reading = workbook.read(
        simple(Acteurs=[HEADS, ["A", "ess", "99001"]], Besoins=[["bonjour"]], Flux=[])
    )
    assert [(problem.code, problem.found) for problem in reading.problems] == [
        ("header_absent", "bonjour")
    ]
    assert reading.tables["flows"].empty


def test_sheet_names_are_asked_about_or_left_alone(simple):
    rows = [HEADS, ["A", "ess", "99001"]]
    reading = workbook.read(simple(Acteurs=rows, Resources=[], Notes_de_terrain=[["x"]]))
    assert reading.problems == ()  # an English name
    reading = workbook.read(simple(Acteurs=rows, Ressourses=[["x"]], Acteurs_2=rows))
    assert codes(reading) == ["sheet_duplicate", "sheet_unknown"]


def test_a_single_sheet_without_a_name_is_told_by_its_headers(simple):
    reading = workbook.read(simple(Feuil1=[HEADS, ["A", "ess", "99001"]]))
    assert reading.where == {"actors": "Feuil1"}
    with pytest.raises(WorkbookError) as caught:
        workbook.read(simple(Feuil1=[["x", "y"], [1, 2]]))
    assert caught.value.code == "workbook_no_sheet"


def test_columns_of_ones_own_never_take_the_name_of_a_column_of_the_model(simple):
    head = [*HEADS, "geometry", "_row", "", "Mémo", "Mémo"]
    row = ["A", "ess", "99001", "POINT", "x", "sans titre", "m1", "m2"]
    frame = workbook.read(simple(Acteurs=[head, row])).tables["actors"]
    assert list(frame.columns)[3:] == [
        "geometry (2)", "row", "colonne_F", "Mémo", "Mémo (2)",
    ]  # fmt: skip


def test_dates_booleans_numbers_and_hostile_texts_come_as_they_are(simple):
    hostile = ["{{ x }}", "{% raw %}", "${y}", "</script>", "=HYPERLINK(1)"]
    path = simple(
        Acteurs=[[*HEADS, "Du", "Vrai", "Nombre"]]
        + [[text, "ess", 1001.0, dt.date(2026, 5, 1), True, 2.5] for text in hostile]
    )
    book = openpyxl.load_workbook(path)
    book["Acteurs"]["A6"].data_type = "s"
    book.save(path)
    frame = workbook.read(path).tables["actors"]
    assert frame["name"].tolist() == hostile
    assert frame.loc[2, ["commune_id", "Du", "Vrai", "Nombre"]].tolist() == [
        1001.0, "2026-05-01", True, 2.5,
    ]  # fmt: skip


def test_cells_with_an_error_are_found(tmp_path, package):
    def text(ref, words):
        return f'<c r="{ref}" t="inlineStr"><is><t>{words}</t></is></c>'

    rows = "<row>" + "".join(text(f"{c}1", w) for c, w in zip("ABC", HEADS, strict=True)) + "</row>"
    rows += f'<row><c r="A2" t="e"><v>#REF!</v></c>{text("B2", "ess")}'
    rows += '<c r="C2" t="e"><v>#N/A</v></c></row>'
    path = tmp_path / "erreur.xlsx"
    path.write_bytes(package(rows))
    reading = workbook.read(path)
    (problem,) = reading.problems
    assert (problem.code, problem.row, problem.column) == ("cell_error", "2", "name")
    parsed = schema.parse("actors", reading.tables["actors"])
    assert [(fault.code, fault.column) for fault in parsed.problems] == [
        ("formula_error", "commune_id")
    ]


def test_formulas_that_nobody_calculated_are_not_taken_for_empty_cells(simple):
    path = simple(
        Acteurs=[
            [*HEADS, "Emplois", "Mémo"],
            ["A", "ess", "99001", "=1+1", '="à moi"'],
            ['="B"', '="ess"', '="99001"', None, None],
        ]
    )
    reading = workbook.read(path)
    assert [(one.code, one.row, one.column) for one in reading.problems] == [
        ("formula_uncalculated", "2", "jobs"),
        ("formula_uncalculated", "3", "name"),
        ("formula_uncalculated", "3", "family"),
        ("formula_uncalculated", "3", "commune_id"),
    ]
    assert "n'a pas été calculée" in problem_text(reading.problems[0], lang="fr")


def test_a_formula_that_gives_an_empty_text_is_an_empty_cell(tmp_path, package):
    def text(ref, words):
        return f'<c r="{ref}" t="inlineStr"><is><t>{words}</t></is></c>'

    heads = zip("ABCD", [*HEADS, "Emplois"], strict=True)
    rows = "<row>" + "".join(text(f"{c}1", w) for c, w in heads) + "</row>"
    cells = zip("ABC", ["A", "ess", "99001"], strict=True)
    rows += "<row>" + "".join(text(f"{c}2", w) for c, w in cells)
    rows += '<c r="D2" t="str"><f>IF(1,"","")</f><v></v></c></row>'
    path = tmp_path / "vide.xlsx"
    path.write_bytes(package(rows))
    assert workbook.read(path).problems == ()


def test_a_file_open_elsewhere_is_read_and_said(filled):
    path = filled(actors=[ACTOR])
    for sign in ("~$rempli.xlsx", ".~lock.rempli.xlsx#"):
        (path.parent / sign).write_text("x")
        assert [note.code for note in workbook.read(path).notes] == ["note_open"]
        (path.parent / sign).unlink()
    assert workbook.read(path).notes == ()


def test_a_workbook_with_macros_is_read(filled):
    path = filled(actors=[ACTOR])
    assert len(workbook.read(shutil.copy(path, path.with_suffix(".xlsm"))).tables["actors"]) == 1


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
@pytest.mark.slow
def test_an_ods_saved_by_libreoffice_reads_the_same(filled):
    rows = {
        "actors": [ACTOR | {"siret": "01234567890123", "jobs": 3.5}],
        "resources": [
            {"actor_id": "Le Fournil", "category": "Palettes en bois (t)", "quantity": 2}
        ],
    }
    path = filled(**rows)
    subprocess.run(
        ["soffice", "--headless", f"-env:UserInstallation=file://{path.parent}/profil",
         "--convert-to", "ods", "--outdir", str(path.parent), str(path)],
        check=True, capture_output=True, timeout=100,
    )  # fmt: skip
    ours, theirs = workbook.read(path), workbook.read(path.with_suffix(".ods"))
    assert theirs.problems == ()
    for table, frame in ours.tables.items():
        assert frame.equals(theirs.tables[table]), table
