"""Hostile, damaged and mistaken files: each a clear refusal, never a crash of the process."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path

import pytest

from toolkit import workbook
from toolkit.errors import WorkbookError
from toolkit.language import error_text
from toolkit.office import guard


def refused(path: Path) -> str:
    """Return the reason code by which a file is refused; both languages must word it."""
    with pytest.raises(WorkbookError) as caught:
        workbook.read(path)
    for lang in ("fr", "en"):
        assert all("{" not in said for said in error_text(caught.value, lang=lang))
    assert caught.value.problem_list[0].where == path.name
    return caught.value.code


def zipped(**entries: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name.replace("__", "/"), data)
    return made.getvalue()


def test_a_filled_cell_at_the_end_of_the_sheet_is_refused(tmp_path, package):
    path = tmp_path / "loin.xlsx"
    path.write_bytes(package('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'))
    with pytest.raises(WorkbookError) as caught:
        workbook.read(path)
    assert caught.value.code == "workbook_cells"
    assert caught.value.problem_list[0].found == "XFD1048576"


@pytest.mark.parametrize(
    "cell",
    [
        "<row r='1048576'><c r='XFD1048576' t='inlineStr'><is><t>x</t></is></c></row>",
        '<row r="1048576"><c r="&#88;FD1048576"><f>1+1</f></c></row>',
        '<row r="1"><c r="AAAA1"><v>1</v></c></row>',
        '<row r="1"><c r="1A"><v>1</v></c></row>',
        '<row r="300000"><c><v>1</v></c></row>',
    ],
)
def test_other_ways_of_writing_a_far_cell_are_refused(tmp_path, package, cell):
    path = tmp_path / "loin.xlsx"
    path.write_bytes(package(cell))
    assert refused(path) == "workbook_cells"


def test_a_far_cell_without_content_is_no_harm(tmp_path, package):
    path = tmp_path / "mise-en-forme.xlsx"
    path.write_bytes(package('<row r="1048576"><c r="XFD1048576" s="0"/></row>'))
    assert [problem.code for problem in workbook.read(path).problems] == ["workbook_no_rows"]


def test_a_large_rectangle_of_few_cells_is_refused(tmp_path, package):
    path = tmp_path / "rectangle.xlsx"
    path.write_bytes(
        package(
            '<row r="1"><c r="SF1"><v>1</v></c></row>'
            '<row r="200000"><c r="A200000"><v>1</v></c></row>'
        )
    )
    assert refused(path) == "workbook_bomb"


def test_one_long_text_shared_by_many_cells_is_refused(tmp_path, package):
    shared = f'<sst xmlns="http://x"><si><t>{"a" * 1_000_000}</t></si></sst>'.encode()
    cells = "".join(f'<c r="A{n}" t="s"><v>0</v></c>' for n in range(1, 301))
    path = tmp_path / "texte.xlsx"
    path.write_bytes(package(f"<row>{cells}</row>", extra={"xl/sharedStrings.xml": shared}))
    assert refused(path) == "workbook_bomb"


def test_a_bomb_is_refused_by_its_declared_size(tmp_path, package, monkeypatch):
    monkeypatch.setattr(guard, "MAX_UNPACKED_BYTES", 1_000_000)
    path = tmp_path / "bombe.xlsx"
    path.write_bytes(package("", extra={"xl/media/image1.png": b"\0" * 2_000_000}))
    assert path.stat().st_size < 10_000
    assert refused(path) == "workbook_bomb"


def test_a_bomb_that_lies_about_its_size_is_refused(tmp_path, package):
    data = bytearray(package("", extra={"xl/zz.xml": b"<a>" + b" " * 100_000 + b"</a>"}))
    central = data.rfind(b"PK\x01\x02", 0, data.rfind(b"xl/zz.xml"))
    assert struct.unpack_from("<I", data, central + 24)[0] == 100_007
    struct.pack_into("<I", data, central + 24, 10)
    struct.pack_into("<I", data, central + 16, zlib.crc32(b"<a>       "))
    path = tmp_path / "menteur.xlsx"
    path.write_bytes(data)
    assert refused(path) == "workbook_bomb"


def test_entities_are_refused_before_anything_expands_them(tmp_path, package):
    laughs = (
        b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">'
        b'<!ENTITY lol2 "&lol;&lol;&lol;">]><sst><si><t>&lol2;</t></si></sst>'
    )
    for part in ("xl/sharedStrings.xml", "xl/autre.bin", "docProps/app.xml"):
        path = tmp_path / "rires.xlsx"
        path.write_bytes(package("", extra={part: laughs}))
        assert refused(path) == "workbook_dtd"


def test_entities_in_utf16_are_refused_too(tmp_path, package):
    laughs = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
    path = tmp_path / "rires16.xlsx"
    path.write_bytes(package("", extra={"xl/sharedStrings.xml": laughs.encode("utf-16")}))
    assert refused(path) == "workbook_dtd"


@pytest.mark.parametrize(
    "name, content, code",
    [
        ("vrt.csv", b"<OGRVRTDataSource><OGRVRTLayer/></OGRVRTDataSource>", "workbook_markup"),
        ("vrt.xlsx", b"\xef\xbb\xbf <OGRVRTDataSource/>", "workbook_markup"),
        ("page.xls", b"<html><table></table></html>", "workbook_markup"),
        ("page.xlsx", b"<!DOCTYPE html><html/>", "workbook_markup"),
        ("texte.xlsx", b"nom;famille\n", "workbook_not_zip"),
        ("vide.xlsx", b"", "workbook_empty_file"),
        ("vieux.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "workbook_old_xls"),
        ("vieux.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "workbook_old_xls"),
        (
            "secret.xlsx",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "workbook_encrypted",
        ),
        ("photo.png", b"\x89PNG", "workbook_kind"),
        ("archive.xlsx", zipped(a=b"1"), "workbook_not_workbook"),
        ("lettre.xlsx", zipped(word__document__xml=b"<a/>"), "workbook_not_workbook"),
        ("binaire.xlsx", zipped(xl__workbook__bin=b"1").replace(b"workbook/bin", b"workbook.bin"),
         "workbook_xlsb"),
        ("archive.ods", zipped(mimetype=b"text/plain"), "workbook_not_workbook"),
        ("classeur.csv", zipped(a=b"1"), "workbook_text_is_zip"),
        ("tronque.xlsx", zipped(a=b"1" * 500)[:60], "workbook_damaged"),
    ],
)  # fmt: skip
def test_other_files_are_refused_in_words(tmp_path, name, content, code):
    path = tmp_path / name
    path.write_bytes(content)
    assert refused(path) == code


def test_what_is_no_file_is_refused(tmp_path):
    assert refused(tmp_path / "absent.xlsx") == "workbook_absent"
    (tmp_path / "dossier").mkdir()
    assert refused(tmp_path / "dossier") == "workbook_folder"


def test_a_damaged_part_is_refused(tmp_path, package):
    path = tmp_path / "abime.xlsx"
    path.write_bytes(package("<row><c></row>"))
    assert refused(path) == "workbook_damaged"


def test_a_list_of_sheets_that_is_no_xml_is_refused(tmp_path, package):
    good = package("")
    path = tmp_path / "abime.xlsx"
    with zipfile.ZipFile(io.BytesIO(good)) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            new.writestr(name, b"?" * 40 if name == "xl/workbook.xml" else old.read(name))
    assert refused(path) == "workbook_damaged"


def test_a_part_with_a_password_is_refused(tmp_path, package):
    data = bytearray(package(""))
    at = data.find(b"PK\x01\x02")
    data[at + 8] |= 1
    path = tmp_path / "secret.xlsx"
    path.write_bytes(data)
    assert refused(path) == "workbook_encrypted"


def ods(rows: str, **more: bytes) -> bytes:
    content = (
        '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
        ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
        ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body>'
        f'<office:spreadsheet><table:table table:name="Acteurs">{rows}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", more.get("manifest", b"<manifest/>"))
    return made.getvalue()


def test_repeated_cells_of_an_ods_are_counted(tmp_path):
    cell = '<table:table-cell office:value-type="string" {}><text:p>x</text:p></table:table-cell>'
    row = "<table:table-row {}>{}</table:table-row>"
    for rows in (
        row.format("", cell.format('table:number-columns-repeated="16384"')),
        row.format('table:number-rows-repeated="1048576"', cell.format("")),
        row.format('table:number-rows-repeated="1048575"', "<table:table-cell/>")
        + row.format("", cell.format("")),
    ):
        path = tmp_path / "repete.ods"
        path.write_bytes(ods(rows))
        assert refused(path) == "workbook_cells"


def test_an_ods_with_a_password_is_refused(tmp_path):
    path = tmp_path / "secret.ods"
    path.write_bytes(ods("", manifest=b"<m><manifest:encryption-data/></m>"))
    assert refused(path) == "workbook_encrypted"


def test_column_letters_and_places_are_inverse():
    for column in (0, 25, 26, 51, 700, 702, 16383):
        assert guard.place(f"{guard.column_letters(column)}7") == (6, column)
    assert guard.place("7A") == (-1, -1)


def test_a_template_passes(template: Path):
    scan = guard.inspect(template)
    assert (scan.kind, dict(scan.errors)) == ("xlsx", {})
