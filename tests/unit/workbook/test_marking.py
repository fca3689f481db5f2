"""The copy to correct: wrong cells marked, everything else as the officer left it."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import warnings
import zipfile
import zlib
from xml.etree import ElementTree as ET

import openpyxl
import pytest
import xlsxwriter

from tests.unit.workbook.test_guard import ods
from toolkit import workbook
from toolkit.errors import Problem, UsageError, WorkbookError
from toolkit.workbook.commentxml import AUTHOR
from toolkit.workbook.palette import WRONG

RED = f"FF{WRONG[1:]}"
HEADS = ["Nom", "Famille", "Commune", "Mémo"]


def load(path):
    """Open a file with openpyxl, which warns of the extensions that it would lose."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return openpyxl.load_workbook(path)


def png() -> bytes:
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0\xff\0\0")
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


@pytest.fixture
def rich(tmp_path):
    """Return an officer's workbook with much that a rewriting program would lose."""
    path = tmp_path / "riche.xlsx"
    (tmp_path / "logo.png").write_bytes(png())
    with xlsxwriter.Workbook(str(path)) as book:
        bold = book.add_format({"bold": True, "bg_color": "#FFFF00", "num_format": "@"})
        notes = book.add_worksheet("Mes notes")
        sheet = book.add_worksheet("Acteurs")
        book.add_chartsheet("Graphique").set_chart(_chart(book))
        notes.write(0, 0, "à moi")
        notes.insert_image("C3", str(tmp_path / "logo.png"))
        notes.insert_chart("E3", _chart(book))
        sheet.write_row(0, 0, HEADS, bold)
        sheet.write_row(1, 0, ["Le Fournil", "truc", "99001"])
        sheet.write_row(2, 0, ["L'Atelier", "ess", "99001"])
        sheet.write_rich_string(2, 3, "du ", bold, "gras", " ici")
        sheet.write_comment("A2", "mon commentaire")
        sheet.set_column("A:A", 33, bold)
        sheet.set_row(6, 40, bold)
        sheet.add_sparkline("F2", {"range": "Acteurs!A1:C1"})
        sheet.conditional_format("A1:C9", {"type": "data_bar", "data_bar_2010": True})
        sheet.data_validation("B2:B9", {"validate": "list", "source": ["ess", "public"]})
        sheet.autofilter("A1:D3")
        book.define_name("Acteurs!zone", "=Acteurs!$A$1")
        sheet.activate()
    return path


def _chart(book):
    chart = book.add_chart({"type": "column"})
    chart.add_series({"values": "=Acteurs!$A$1:$A$3"})
    return chart


def problem(row, column="family", found="truc", table="actors"):
    return Problem("unknown_choice", table, str(row), column, found, {"choices": "x"}, "Acteurs")


def red_cells(path):
    book = load(path)
    return {
        (sheet.title, cell.coordinate)
        for sheet in book.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.fill.fgColor.rgb == RED
    }


def comments(path, sheet="Acteurs"):
    book = load(path)
    return {
        cell.coordinate: cell.comment.text
        for row in book[sheet].iter_rows()
        for cell in row
        if cell.comment
    }


def mark(path, problems, to="copie.xlsx", **options):
    return workbook.mark(path, problems, to=path.parent / to, lang="fr", **options)


def test_only_what_must_change_changes(rich):
    before = rich.read_bytes()
    copy = mark(rich, [problem(2), problem(2, "name"), problem(7, "commune_id"), problem(40)])
    assert rich.read_bytes() == before
    with zipfile.ZipFile(rich) as old, zipfile.ZipFile(copy) as new:
        assert new.testzip() is None
        changed = {name for name in old.namelist() if old.read(name) != new.read(name)}
        assert changed == {
            "[Content_Types].xml", "xl/_rels/workbook.xml.rels", "xl/comments1.xml",
            "xl/drawings/vmlDrawing1.vml", "xl/styles.xml", "xl/workbook.xml",
            "xl/worksheets/sheet2.xml",
        }  # fmt: skip
        assert set(new.namelist()) - set(old.namelist()) == {"xl/worksheets/sheetM1.xml"}
        for name in new.namelist():
            if name.endswith((".xml", ".rels", ".vml")):
                ET.fromstring(new.read(name))
        tag = re.compile(rb'<c r="(?:B2|A2|C7|B40)"[^>]*?(?:/>|>.*?</c>)')
        strip = lambda data: tag.sub(b"", data).replace(b' tabSelected="1"', b"")  # noqa: E731
        left, right = (
            strip(old.read("xl/worksheets/sheet2.xml")),
            strip(new.read("xl/worksheets/sheet2.xml")),
        )
        right = right.replace(b'<row r="40"></row>', b"").replace(b"></row>", b"/>")
        assert left.replace(b"></row>", b"/>") == right


def test_wrong_cells_are_coloured_and_commented(rich):
    copy = mark(rich, [problem(2), problem(2, "name"), problem(7, "commune_id"), problem(40)])
    assert red_cells(copy) == {("Acteurs", at) for at in ("A2", "B2", "C7", "B40")}
    said = comments(copy)
    assert said["A2"].startswith("mon commentaire\n[Maillage] « truc »")
    assert said["B2"].startswith("[Maillage] « truc »")
    sheet = load(copy)["Acteurs"]
    assert sheet["A2"].font.bold  # from its column
    assert sheet["C7"].font.bold  # from its row
    assert sheet["A2"].number_format == "@"
    assert sheet["B2"].comment.author == AUTHOR


def test_the_list_stands_in_front_and_leads_to_the_cells(rich):
    copy = mark(rich, [problem(2), problem("", ""), Problem("workbook_no_rows", found="x.xlsx")])
    book = load(copy)
    assert book.sheetnames[:3] == ["À corriger", "Mes notes", "Acteurs"]
    assert book.active.title == "À corriger"
    assert [bool(sheet.sheet_view.tabSelected) for sheet in book.worksheets] == [True, False, False]
    front = book["À corriger"]
    assert [front.cell(5, column).value for column in range(1, 8)] == [
        "Cellule", "Feuille", "Ligne", "Colonne", "Ce qui a été trouvé",
        "Ce qui est attendu", "Que faire",
    ]  # fmt: skip
    rows = [[cell.value for cell in row][:4] for row in front.iter_rows(min_row=6)]
    assert rows[0][1:2] + rows[1] + rows[2] == [None, "A1", "Acteurs", None, None,
                                                "B2", "Acteurs", "2", "Famille"]  # fmt: skip
    links = [cell.hyperlink for row in front.iter_rows() for cell in row if cell.hyperlink]
    assert {link.location for link in links} == {"'Acteurs'!A1", "'Acteurs'!B2"}
    assert "3 points" in front["A2"].value
    assert book.worksheets[2].defined_names["zone"].attr_text == "Acteurs!$A$1"
    assert book.worksheets[2].auto_filter.ref == "A1:D3"


def test_problems_of_one_cell_are_joined_and_said_once(rich):
    twice = Problem("cell_error", "actors", "2", "family", "#REF!")
    copy = mark(rich, [problem(2), twice, twice, problem(2)])
    assert comments(copy)["B2"].count("•") == 2


def test_a_marked_copy_can_be_marked_again(rich):
    first = mark(rich, [problem(2), problem(2, "name"), problem(3)])
    second = mark(first, [problem(3), problem(2, "commune_id")], "encore.xlsx")
    assert red_cells(second) == {("Acteurs", "B3"), ("Acteurs", "C2")}
    said = comments(second)
    assert set(said) == {"A2", "B3", "C2"}
    assert said["A2"] == "mon commentaire"
    assert said["B3"].count("truc") == 1
    book = load(second)
    assert book.sheetnames.count("À corriger") == 1
    assert len(book.sheetnames) == 4
    with zipfile.ZipFile(second) as archive:
        shapes = archive.read("xl/drawings/vmlDrawing1.vml")
        assert len(re.findall(rb"<v:shape ", shapes)) == 3
        numbers = re.findall(rb"_x0000_s(\d+)", shapes)
        assert len(set(numbers)) == 3
    third = mark(second, [], "fini.xlsx")
    assert red_cells(third) == set()
    assert set(comments(third)) == {"A2"}


def test_the_marked_copy_reads_like_the_original(filled):
    path = filled(actors=[{"name": "A", "family": "truc", "commune_id": "99001 - Ambreval"}])
    copy = mark(path, [problem(4)])
    ours, theirs = workbook.read(path), workbook.read(copy)
    assert theirs.problems == ()
    for table, frame in ours.tables.items():
        assert frame.equals(theirs.tables[table])


def test_an_own_sheet_of_that_name_is_left_alone(simple):
    path = simple(**{"À corriger": [["mes notes"]], "Acteurs": [HEADS, ["A", "truc", "99001"]]})
    book = load(mark(path, [problem(2)]))
    assert book.sheetnames == ["À corriger (2)", "À corriger", "Acteurs"]
    assert book["À corriger"]["A1"].value == "mes notes"


def test_the_original_is_never_the_copy(rich):
    with pytest.raises(UsageError) as caught:
        mark(rich, [problem(2)], rich.name)
    assert caught.value.code == "mark_over_original"


def test_an_older_copy_is_replaced_but_not_one_that_is_open(rich):
    first = mark(rich, [problem(2)])
    assert mark(rich, [problem(3)]) == first
    assert red_cells(first) == {("Acteurs", "B3")}
    before = first.read_bytes()
    (rich.parent / "~$copie.xlsx").write_text("x")
    assert mark(rich, [problem(2)]).name == "copie-2.xlsx"
    assert first.read_bytes() == before
    assert not list(rich.parent.glob(".maillage*"))


def test_a_folder_that_is_absent_is_an_error_in_words(rich):
    with pytest.raises(WorkbookError) as caught:
        mark(rich, [problem(2)], "absent/copie.xlsx")
    assert caught.value.code == "workbook_not_written"


def test_macros_keep_their_suffix(rich):
    path = shutil.copy(rich, rich.with_suffix(".xlsm"))
    assert mark(path, [problem(2)]).suffix == ".xlsm"


def test_csv_and_folder_become_a_workbook(tmp_path):
    path = tmp_path / "acteurs.csv"
    path.write_text("Nom;Famille;Commune\nA;truc;01001\n=1+1;ess;99001\n", encoding="utf-8")
    (tmp_path / "besoins.csv").write_text("Acteur;Catégorie\nA;eau\n", encoding="utf-8")
    copy = mark(path, [problem(2), problem(3, "name")])
    assert red_cells(copy) == {("acteurs", "B2"), ("acteurs", "A3")}
    sheet = load(copy)["acteurs"]
    assert [sheet[at].value for at in ("C2", "A3")] == ["01001", "=1+1"]
    assert sheet["A3"].data_type == "s"
    assert "acteurs.csv" in load(copy)["À corriger"]["A4"].value
    both = mark(tmp_path, [problem(2)], "../tout.xlsx")
    assert load(both).sheetnames == ["À corriger", "acteurs", "besoins"]


def test_an_older_list_is_known_however_its_title_is_written(rich):
    first = mark(rich, [problem(2)])
    again = rich.parent / "enregistre.xlsx"
    with zipfile.ZipFile(first) as old, zipfile.ZipFile(again, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            new.writestr(name, part.replace(b"Ce qu'il faut", b"Ce qu&apos;il faut"))  # LibreOffice
    assert load(mark(again, [problem(3)], "fin.xlsx")).sheetnames == load(first).sheetnames


def test_a_formula_error_of_an_ods_is_shown_in_the_copy(tmp_path):
    calcext = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"

    def row(*cells):
        made = "".join(
            f'<table:table-cell xmlns:c="{calcext}" c:value-type="{kind}" '
            f'office:value-type="string"><text:p>{said}</text:p></table:table-cell>'
            for kind, said in cells
        )
        return f"<table:table-row>{made}</table:table-row>"

    path = tmp_path / "erreur.ods"
    heads = [("string", said) for said in HEADS[:3]]
    cells = [("string", "A"), ("error", "#REF!"), ("string", "99001")]
    path.write_bytes(ods(row(*heads) + row(*cells)))
    copy = mark(path, [problem(2)])
    assert red_cells(copy) == {("Acteurs", "B2")}
    assert load(copy)["Acteurs"]["B2"].value == "#REF!"


def test_the_read_me_still_shows_the_colour_of_a_wrong_cell(filled):
    path = filled(actors=[{"name": "A", "family": "truc", "commune_id": "99001 - Ambreval"}])
    legend = {at for at in red_cells(path) if at[0] == "Lisez-moi"}
    assert len(legend) == 1
    first = mark(path, [problem(4)])
    assert red_cells(first) == {*legend, ("Acteurs", "C4")}
    assert red_cells(mark(first, [problem(4, "siret")], "encore.xlsx")) == {
        *legend, ("Acteurs", "E4"),
    }  # fmt: skip


def test_a_line_with_too_many_fields_is_whole_in_the_copy(tmp_path):
    path = tmp_path / "acteurs.csv"
    path.write_text("Nom;Famille;Commune\nA;ess;99001;rue;4\nB;ess;99001\n", encoding="utf-8")
    reading = workbook.read(path)
    assert list(reading.tables["actors"]) == ["name", "family", "commune_id"]
    copy = mark(path, reading.problems)
    assert [cell.value for cell in load(copy)["acteurs"][2]] == ["A", "ess", "99001", "rue", "4"]
    assert red_cells(copy) == {("acteurs", "A2")}


def test_a_full_disk_is_an_error_in_words(tmp_path, filled):
    resource = pytest.importorskip("resource")
    path = tmp_path / "acteurs.csv"
    path.write_text("Nom;Famille;Commune\nA;truc;01001\n", encoding="utf-8")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    for given in (path, filled(actors=[{"name": "A", "family": "truc"}])):
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024, limits[1]))
        try:
            with pytest.raises(WorkbookError) as caught:
                mark(given, [problem(2)])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert caught.value.code == "workbook_not_written"
        assert not list(tmp_path.glob(".maillage*"))


def test_a_package_that_cannot_be_edited_is_copied(tmp_path, package):
    words = "".join(
        f'<c r="{at}" t="inlineStr"><is><t>{said}</t></is></c>'
        for at, said in zip(("A1", "B1", "C1"), HEADS, strict=False)
    )
    path = tmp_path / "nu.xlsx"  # without a style sheet
    path.write_bytes(package(f'<row r="1">{words}</row><row r="2"><c r="B2"><v>3</v></c></row>'))
    copy = mark(path, [problem(2)])
    assert red_cells(copy) == {("Acteurs", "B2")}
    assert load(copy)["Acteurs"]["B2"].value == 3


def test_prefixed_xml_is_edited_in_place(tmp_path, package):
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    sheet = (
        f'<x:worksheet xmlns:x="{main}"><x:sheetData><x:row r="1">'
        + "".join(f'<x:c t="inlineStr"><x:is><x:t>{said}</x:t></x:is></x:c>' for said in HEADS[:3])
        + '</x:row><x:row r="2"/></x:sheetData><x:pageMargins left="1" right="1" top="1" bottom="1"'
        ' header="1" footer="1"/></x:worksheet>'
    )
    styles = (
        f'<x:styleSheet xmlns:x="{main}"><x:fonts count="1"><x:font/></x:fonts><x:fills count="2">'
        '<x:fill><x:patternFill patternType="none"/></x:fill><x:fill><x:patternFill patternType='
        '"gray125"/></x:fill></x:fills><x:borders count="1"><x:border/></x:borders>'
        '<x:cellStyleXfs count="1"><x:xf/></x:cellStyleXfs><x:cellXfs '
        'count="1"><x:xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></x:cellXfs>'
        '<x:cellStyles count="1"><x:cellStyle name="Normal" xfId="0" builtinId="0"/>'
        "</x:cellStyles></x:styleSheet>"
    )
    path = tmp_path / "prefixe.xlsx"
    data = package("", extra={"xl/styles.xml": styles.encode()})
    path.write_bytes(data)
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    made = tmp_path / "p.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            if name.endswith("sheet1.xml"):
                part = sheet.encode()
            if name.endswith("workbook.xml.rels"):
                part = part.replace(
                    b"</Relationships>",
                    f'<Relationship Id="rId2" Type="{office}/styles" Target="styles.xml"/>'
                    "</Relationships>".encode(),
                )
            new.writestr(name, part)
    copy = mark(made, [problem(2)])
    with zipfile.ZipFile(copy) as archive:
        found = archive.read("xl/worksheets/sheet1.xml").decode()
        assert '<x:row r="2"><x:c r="B2" s="1"/></x:row>' in found
        assert "<x:legacyDrawing" in found
    assert red_cells(copy) == {("Acteurs", "B2")}


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
@pytest.mark.slow
def test_libreoffice_saves_and_opens(filled):
    path = filled(actors=[{"name": "A", "family": "truc", "commune_id": "99001 - Ambreval"}])
    home = path.parent

    def convert(source, kind, folder):
        (home / folder).mkdir(exist_ok=True)
        subprocess.run(
            ["soffice", "--headless", f"-env:UserInstallation=file://{home}/profil", "--convert-to",
             kind, "--outdir", str(home / folder), str(source)],
            check=True, capture_output=True, timeout=100,
        )  # fmt: skip
        return home / folder / source.with_suffix(f".{kind}").name

    saved = convert(path, "xlsx", "libre")
    copy = mark(saved, [problem(4), problem(4, "siret")], "copie.xlsx")
    legend = red_cells(saved)
    assert red_cells(copy) == {*legend, ("Acteurs", "C4"), ("Acteurs", "E4")}
    before, after = load(saved), load(copy)
    for sheet in before.worksheets:
        other = after[sheet.title]
        assert sheet.data_validations.count == other.data_validations.count
        assert sheet.freeze_panes == other.freeze_panes
    again = convert(copy, "xlsx", "relu")
    assert red_cells(again) == {*legend, ("Acteurs", "C4"), ("Acteurs", "E4")}
    final = mark(again, [problem(4)], "fin.xlsx")
    assert red_cells(final) == {*legend, ("Acteurs", "C4")}
    lists = [name for name in load(final).sheetnames if name.startswith("À corriger")]
    assert lists == ["À corriger"]
    assert {at for at, said in comments(final).items() if "« truc »" in said} == {"C4"}
    assert "E4" not in comments(final)
