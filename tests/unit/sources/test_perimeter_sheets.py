"""Sheets of facts: found by their header, read as text, and refused where they are too large."""

from __future__ import annotations

import zipfile

import openpyxl
import pytest

from toolkit.errors import DataError
from toolkit.language import error_text
from toolkit.sources.populations import read_populations
from toolkit.sources.sheets import read_table

NEEDED = {"code": ("insee",)}


def book_of(path, rows, *, before=()):
    book = openpyxl.Workbook()
    page = book.active
    for row in before:
        page.append(row)
    page = book.create_sheet("Membres")
    for row in rows:
        page.append(row)
    book.save(path)
    return path


def refusal(path):
    with pytest.raises(DataError) as caught:
        read_table(path, needed=NEEDED)
    for lang in ("fr", "en"):
        assert all(error_text(caught.value, lang=lang))
    return caught.value.code


def test_sheet_is_found_by_its_header_and_numbers_become_text(tmp_path):
    rows = [
        ["Titre"],
        [],
        ["INSEE", "N° SIREN", "Part"],
        ["01004", 200000001, 0.5],
        [],
        [1005, None, 2],
    ]
    path = book_of(tmp_path / "x.xlsx", rows, before=[["autre", "chose"]])
    wanted = {"siren": ("n° siren",), "share": ("part",), "none": ("absent",)}
    frame = read_table(path, needed=NEEDED, wanted=wanted)
    assert frame.index.tolist() == [4, 6]
    assert frame["code"].tolist() == ["01004", "1005"]
    assert frame["siren"].fillna("-").tolist() == ["200000001", "-"]
    assert frame["share"].tolist() == ["0.5", "2"]
    assert frame["none"].isna().all()


def test_populations_from_a_sheet_of_the_dgcl(tmp_path):
    rows = [
        ["dept", "siren", "raison_sociale", "insee", "siren_membre", "nom_membre", "pmun_2023"],
        ["01", 200000001, "CC A", "01004", 210100046, "Ambérieu", 1234],
        ["29", "ZZZZZZZZZ", "Sans", "29083", 212900831, "Île-de-Sein", 250],
    ]
    frame = read_populations(book_of(tmp_path / "epcicom.xlsx", rows))
    assert frame["commune_id"].tolist() == ["01004", "29083"]
    assert frame["epci_id"].fillna("").tolist() == ["200000001", ""]
    assert frame["siren"].tolist() == ["210100046", "212900831"]
    assert frame["population"].tolist() == [1234.0, 250.0]
    assert frame["year"].tolist() == [2023, 2023]


def test_what_is_no_fitting_sheet_is_refused(tmp_path):
    assert refusal(book_of(tmp_path / "x.xlsx", [["nom"], ["a"]])) == "sources_column_missing"
    assert refusal(book_of(tmp_path / "y.xlsx", [["insee"], [None]])) == "sources_no_rows"
    broken = tmp_path / "z.xlsx"
    broken.write_bytes(b"PK\x03\x04 and no zip")
    assert refusal(broken) == "workbook_damaged"
    with zipfile.ZipFile(tmp_path / "w.xlsx", "w") as package:
        package.writestr("hello.txt", "no workbook")
    assert refusal(tmp_path / "w.xlsx").startswith("workbook_")


def test_far_cell_in_a_small_file_is_refused_before_it_is_opened(tmp_path):
    path = tmp_path / "far.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["insee"])
    book.active.cell(row=1_048_576, column=16_384, value="x")
    book.save(path)
    assert path.stat().st_size < 10_000
    assert refusal(path) == "workbook_cells"
