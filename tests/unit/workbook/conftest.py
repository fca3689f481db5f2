"""Officers' files made by the tests: templates filled in, and packages built by hand."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from toolkit import workbook
from toolkit.language import column_label, table_label

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


@pytest.fixture
def communes() -> pd.DataFrame:
    """Return two communes, not in order."""
    return pd.DataFrame(
        {"commune_id": ["99002", "99001"], "name": ["Brissac-les-Bois", "Ambreval"]}
    )


@pytest.fixture
def template(tmp_path: Path, communes: pd.DataFrame) -> Path:
    """Return an empty French template."""
    return workbook.write_template(tmp_path / "saisie.xlsx", lang="fr", communes=communes)


Rows = Sequence[Mapping[str, object]]


@pytest.fixture
def filled(tmp_path: Path, communes: pd.DataFrame) -> Callable[..., Path]:
    """Return a function that fills a template as an officer would, below the examples."""

    def fill(lang: str = "fr", name: str = "rempli.xlsx", /, **tables: Rows) -> Path:
        path = tmp_path / name
        workbook.write_template(tmp_path / f"modele-{name}", lang=lang, communes=communes)
        book = openpyxl.load_workbook(tmp_path / f"modele-{name}")
        for table, rows in tables.items():
            sheet = book[table_label(table, lang=lang)]
            heads = [str(cell.value).removesuffix(" *") for cell in sheet[1]]
            for number, row in enumerate(rows, start=4):
                for column, cell in row.items():
                    at = heads.index(column_label(table, column, lang=lang)) + 1
                    sheet.cell(number, at).value = cell
        book.save(path)
        return path

    return fill


@pytest.fixture
def simple(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a workbook of plain sheets given as rows."""

    def write(name: str = "simple.xlsx", /, **sheets: Sequence[Sequence[object]]) -> Path:
        book = openpyxl.Workbook()
        book.remove(book.active)
        for title, rows in sheets.items():
            sheet = book.create_sheet(title.replace("_", " "))
            for row in rows:
                sheet.append(list(row))
        book.save(tmp_path / name)
        return tmp_path / name

    return write


def package_bytes(sheet_data: str, *, extra: Mapping[str, bytes] | None = None) -> bytes:
    """Return an .xlsx package made by hand, with one sheet ``Acteurs``."""
    parts: dict[str, bytes] = {
        "[Content_Types].xml": (
            f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType='
            '"application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-'
            'officedocument.spreadsheetml.sheet.main+xml"/>'
            '<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxml'
            'formats-officedocument.spreadsheetml.worksheet+xml"/></Types>'
        ).encode(),
        "_rels/.rels": (
            f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" Type='
            f'"{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
        ).encode(),
        "xl/workbook.xml": (
            f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
            '<sheet name="Acteurs" sheetId="1" r:id="rId1"/></sheets></workbook>'
        ).encode(),
        "xl/_rels/workbook.xml.rels": (
            f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" Type='
            f'"{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
        ).encode(),
        "xl/worksheets/sheet1.xml": (
            f'<worksheet xmlns="{MAIN}"><sheetData>{sheet_data}</sheetData></worksheet>'
        ).encode(),
        **(extra or {}),
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return made.getvalue()


@pytest.fixture
def package() -> Callable[..., bytes]:
    """Return the function that builds a package by hand."""
    return package_bytes
