"""The workbook that officers fill in: complete, safe, the same bytes for the same input."""

from __future__ import annotations

import openpyxl
import pandas as pd
import pytest

from toolkit import schema, vocabulary, workbook
from toolkit.errors import WorkbookError
from toolkit.language import LOCALES, column_label, has_text, table_label, text
from toolkit.schema.contracts import CONTRACTS
from toolkit.workbook import choices, examples
from toolkit.workbook import template as module


@pytest.mark.parametrize("lang", sorted(LOCALES))
def test_every_column_has_a_header_in_both_languages(lang):
    for table, contract in CONTRACTS.items():
        labels = [column_label(table, column.name, lang=lang) for column in contract.columns]
        assert len(set(labels)) == len(labels), table
        for column in contract.columns:
            assert any(
                has_text(f"column.{scope}.{column.name}", lang=lang) for scope in (table, "common")
            ), (table, column.name)


@pytest.mark.parametrize("lang", sorted(LOCALES))
def test_every_column_filled_by_hand_has_help_that_fits(lang):
    for table in vocabulary.WORKBOOK_TABLES:
        for column in CONTRACTS[table].columns:
            if column.by_hand:
                assert 0 < len(module.help_of(table, column.name, lang=lang)) <= 255


@pytest.mark.parametrize("lang", sorted(LOCALES))
def test_sheets_headers_lists_and_help(tmp_path, communes, lang):
    path = workbook.write_template(tmp_path / "s.xlsx", lang=lang, communes=communes)
    book = openpyxl.load_workbook(path)
    names = [table_label(table, lang=lang) for table in vocabulary.WORKBOOK_TABLES]
    fixed = {name: text(f"workbook.{name}", lang=lang) for name in ("readme", "lists")}
    assert book.sheetnames == [fixed["readme"], *names, fixed["lists"]]
    assert book.active.title == fixed["readme"]
    for table, name in zip(vocabulary.WORKBOOK_TABLES, names, strict=True):
        sheet = book[name]
        columns = [column for column in CONTRACTS[table].columns if column.by_hand]
        for cell, column in zip(sheet[1], columns, strict=True):
            label = column_label(table, column.name, lang=lang)
            needed = (
                column.required
                and column.default is None
                and not column.name.startswith(table.rstrip("s"))
            )
            assert cell.value == (f"{label} *" if needed else label)
            assert cell.comment is not None
        assert sheet.freeze_panes == "C2"
        rules = {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}
        assert len(rules) == len(columns)
        assert all(where.endswith("2000") and rule.prompt for where, rule in rules.items())
        assert all(rule.errorStyle == "warning" or not rule.showErrorMessage
                   for rule in rules.values() if rule.type == "list")  # fmt: skip
    listed = [cell.value for row in book[fixed["lists"]].iter_rows() for cell in row]
    for wanted in ("99001 - Ambreval", choices.entries("naf", lang=lang)["38.32Z"]):
        assert wanted in listed


def test_named_lists_cover_their_values(template):
    book = openpyxl.load_workbook(template)
    for name, area in book.defined_names.items():
        cells = (
            [cell[0].value for _, ref in area.destinations for cell in book["Listes"][ref]]
            if ("Listes" in area.attr_text)
            else []
        )
        assert all(cells), name
        if name == "liste_categories":
            assert len(cells) == len(choices.entries("categories", lang="fr"))


@pytest.mark.parametrize("lang", sorted(LOCALES))
def test_the_schema_reads_every_value_of_every_list(lang):
    for table in vocabulary.WORKBOOK_TABLES:
        for column in CONTRACTS[table].columns:
            name = choices.list_name(column)
            if not name:
                continue
            words = choices.entries(name, lang=lang)
            raw = pd.DataFrame({column.name: list(words.values())}, dtype="object")
            parsed = schema.parse(table, raw)
            assert parsed.problems == ()
            read = [str(cell).lower() if name == "boolean" else cell
                    for cell in parsed.frame[column.name]]  # fmt: skip
            assert read == list(words)


def test_example_rows_hold_valid_values_and_are_marked():
    for table in vocabulary.WORKBOOK_TABLES:
        for lang, mark in (("fr", "EXEMPLE"), ("en", "EXAMPLE")):
            rows = examples.example_rows(table, lang=lang)
            assert len(rows) == 2
            key = CONTRACTS[table].key[0]
            assert all(str(row[key]).startswith(mark) for row in rows)
            assert schema.parse(table, pd.DataFrame(rows, dtype="object")).problems == ()


def test_ids_and_numbers_of_identity_are_text(template):
    sheet = openpyxl.load_workbook(template)["Acteurs"]
    spans = [(one.min, one.max, one.number_format) for one in sheet.column_dimensions.values()]
    formats = {
        cell.value: next(form for low, high, form in spans if low <= cell.column <= high)
        for cell in sheet[1]
    }
    for head in ("Identifiant", "SIRET", "SIREN", "Commune *", "Activité (code NAF)", "Nom *"):
        assert formats[head] == "@", head
    for head in ("Emplois (nombre)", "Latitude (degrés)", "Description"):
        assert formats[head] == "General", head


def test_same_input_same_bytes(tmp_path, communes):
    for order in (communes, communes.iloc[::-1]):
        workbook.write_template(tmp_path / f"{len(list(tmp_path.iterdir()))}.xlsx", lang="fr",
                                communes=order)  # fmt: skip
    first, second = sorted(tmp_path.iterdir())
    assert first.read_bytes() == second.read_bytes()


def test_an_existing_file_is_never_replaced(template, communes):
    before = template.read_bytes()
    with pytest.raises(WorkbookError) as caught:
        workbook.write_template(template, lang="fr", communes=communes)
    assert caught.value.code == "workbook_exists"
    assert template.read_bytes() == before
    with pytest.raises(WorkbookError) as caught:
        workbook.write_template(template.parent / "absent" / "s.xlsx", lang="fr", communes=communes)
    assert caught.value.code == "workbook_not_written"
    with pytest.raises(KeyError, match="lang"):
        workbook.write_template(template.parent / "s.xlsx", lang="de", communes=communes)


def test_a_full_disk_is_an_error_in_words(tmp_path, communes):
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, limits[1]))
    try:
        with pytest.raises(WorkbookError) as caught:
            workbook.write_template(tmp_path / "s.xlsx", lang="fr", communes=communes)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert caught.value.code == "workbook_not_written"
    assert list(tmp_path.iterdir()) == []


HOSTILE = ['=HYPERLINK("http://x")', "+1", "-2", "@SUM(A1)", "{{ x }}", "http://a.b", "a\u2028b"]


@pytest.mark.parametrize("lang", sorted(LOCALES))
def test_a_filled_workbook_reads_back_the_same(tmp_path, tiny_territory, communes, lang):
    actors = tiny_territory.actors.assign(
        roles="funder|facilitator",
        sectors="water_waste|forestry_wood",
        name=[*HOSTILE[:5], *HOSTILE[6:]],
        memo=[f"note {n}" for n in range(6)],
    )
    flows = pd.DataFrame(
        {"flow_id": ["F1"], "nature": ["money"], "origin": ["A1"], "destination": ["outside"],
         "quantity": [1.25], "unit": ["EUR"], "confidential": [True], "basis": ["estimated"]}
    )  # fmt: skip
    tables = {"actors": actors, "flows": flows}
    path = workbook.write_template(
        tmp_path / "s.xlsx", lang=lang, communes=tiny_territory.communes, tables=tables
    )
    book = openpyxl.load_workbook(path)
    assert not any(
        cell.data_type == "f" for sheet in book for row in sheet.iter_rows() for cell in row
    )
    reading = workbook.read(path)
    assert (reading.problems, reading.notes) == ((), ())
    resolved = workbook.resolve(reading.tables, communes=tiny_territory.communes)
    assert resolved.problems == ()
    for table, frame in tables.items():
        parsed = schema.parse(table, resolved.tables[table])
        assert parsed.problems == ()
        for column in CONTRACTS[table].columns:
            if column.by_hand and column.name in frame:
                left = parsed.frame[column.name].astype("object")
                right = frame[column.name].astype("object")
                assert left.where(left.notna(), None).tolist() == right.where(
                    right.notna(), None
                ).tolist(), column.name  # fmt: skip
    assert resolved.tables["actors"]["memo"].tolist() == actors["memo"].tolist()
