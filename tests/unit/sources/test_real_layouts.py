"""Layouts as they stand in published files or in code that reads them in production.

The rows are made by hand; each test names where its layout was seen.
"""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from toolkit.errors import DataError
from toolkit.language import problem_text
from toolkit.sources import catalogue
from toolkit.sources.decp import load_decp
from toolkit.sources.ess_lists import read_ess_list
from toolkit.sources.extract import Extract

# Valid by Luhn's rule, made for the tests.
ONE, TWO, THREE = "73282932000074", "44306184100047", "55203253400646"


def write(path: Path, rows: list[dict[str, str]], *, separator: str = ",") -> Path:
    """Write rows with the columns of the first one."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), delimiter=separator, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def notes(extract: Extract) -> dict[str, str]:
    for note in extract.notes:
        assert problem_text(note, lang="fr") != problem_text(note, lang="en")
    return {note.code.removeprefix("sources_"): note.found for note in extract.notes}


# --- public contracts -------------------------------------------------------------------------
def contract(number: int, *, holder: str = TWO, version: int = 0, **cells: str) -> dict[str, str]:
    """Return a row of the consolidated tabular file (schema_base.json of decp-processing)."""
    return {
        "uid": f"{ONE}c{number}",
        "id": f"c{number}",
        "nature": "Marché",
        "acheteur_id": ONE,
        "acheteur_nom": "COMMUNE",
        "titulaire_id": holder,
        "titulaire_typeIdentifiant": "SIRET",
        "objet": "Travaux",
        "montant": "5000.0",
        "techniques": "",
        "dureeMois": "12",
        "dateNotification": "2024-05-04",
        "idAccordCadre": "",
        "modification_id": str(version),
        "donneesActuelles": "true",
        "montant_anomalie": "",
        **cells,
    }


def kinds_of(extract: Extract) -> dict[str, str]:
    flows = extract.tables["flows"]
    short = flows["flow_id"].str.removeprefix(f"decp:{ONE}:").str.replace(TWO, "two")
    return dict(zip(short, flows["amount_kind"], strict=True))


def test_only_the_version_in_force_of_a_contract_counts(tmp_path):
    """A row a version and holder: ColinMaudry/decp-processing, ``sort_modifications``."""
    rows = [
        contract(1, version=2, montant="7000.0", dateNotification="2025-06-01"),
        contract(1, version=1, dateNotification="2024-12-01", donneesActuelles="false"),
        contract(1, holder=THREE, dateNotification="2023-12-01", donneesActuelles="false"),
        contract(2),
    ]
    path = write(tmp_path / "decp.csv", rows)
    assert catalogue.recognise(path).name == "decp"
    found = load_decp(path)
    flows = found.tables["flows"].set_index("flow_id")
    assert flows["quantity"].to_dict() == {
        f"decp:{ONE}:c1:{TWO}": 7000.0,
        f"decp:{ONE}:c2:{TWO}": 5000.0,
    }
    assert flows["year"].tolist() == [2023, 2024]
    assert notes(found) == {"superseded": "2"}


def test_frameworks_since_2024_are_told_by_technique(tmp_path):
    """``techniques`` and ``idAccordCadre`` of the schema of 2022; ``CDL`` stands for nothing."""
    rows = [
        contract(1, techniques="Accord-cadre", idAccordCadre="CDL"),
        contract(2, techniques="Accord-cadre, Catalogue électronique"),
        contract(3, techniques="Accord-cadre", idAccordCadre="c1"),
        *[contract(n, montant="900000", idAccordCadre="c2") for n in (4, 5, 6)],
        contract(7, techniques="Sans objet", idAccordCadre="Sans objet"),
        contract(8, montant="9000000000", montant_anomalie="suspect"),
    ]
    found = load_decp(write(tmp_path / "decp.csv", rows))
    assert kinds_of(found) == {
        "c1:two": "framework",
        "c2:two": "framework",
        "c3:two": "notified",
        "c4:two": "repeated",
        "c5:two": "repeated",
        "c6:two": "repeated",
        "c7:two": "notified",
        "c8:two": "doubtful",
    }
    assert found.tables["flows"]["quantity"].sum() == 10_000.0
    assert notes(found) == {
        "amount_framework": "2",
        "amount_repeated": "3",
        "amount_doubtful": "1",
    }


def test_holders_in_numbered_columns(tmp_path):
    """Headers in small letters of decp-v3-marches-valides (data.economie.gouv.fr)."""
    row = {
        "id": "c1",
        "acheteur_id": ONE,
        "objet": "Logiciel",
        "montant": "100",
        "datenotification": "2024-04-25",
        "idaccordcadre": "CDL",
        "titulaire_id_1": TWO,
        "titulaire_typeidentifiant_1": "SIRET",
        "titulaire_id_2": THREE,
        "titulaire_id_3": "CDL",
    }
    path = write(tmp_path / "decp-v3.csv", [row], separator=";")
    assert catalogue.recognise(path).name == "decp"
    flows = load_decp(path).tables["flows"]
    assert flows["destination"].tolist() == [f"siret:{TWO}", f"siret:{THREE}"]
    assert flows["amount_kind"].tolist() == ["group", "group"]
    assert pd.isna(flows["quantity"]).all()


# --- lists of the social economy --------------------------------------------------------------
def test_the_list_of_ess_france(tmp_path):
    """Header of entreprisesess.csv as printed in augustindeche-bit/ess-numerique-database and read
    by annuaire-entreprises-site; SIREN that lost their zeros, as printed there.
    """
    row = {
        "SIREN": "5720784",
        "Nom ou raison sociale de l'entreprise": "COOPERATIVE",
        "Famille juridique de l'entreprise": "Coopératives",
        "Code postal": "80100",
        "Libellé de la commune de l'établissement": "ABBEVILLE",
        "Code du département de l'établissement": "80",
        "Département de l'établissement": "SOMME",
        "Région de l'établissement": "HAUTS DE FRANCE",
    }
    other = {**row, "SIREN": "732829320", "Famille juridique de l'entreprise": ""}
    path = write(tmp_path / "entreprisesess.csv", [row, other])
    assert catalogue.recognise(path).name == "ess-list"
    assert read_ess_list(path).sirens == {"005720784"}


def sheet(path: Path, rows: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def test_the_list_of_agreements_is_recognised_under_its_title_rows(tmp_path):
    rows = [
        ["Liste nationale des agréments ESUS"],
        [],
        ["Région", "Dénomination", "Numéro SIREN", "Date de fin d'agrément"],
        ["Normandie", "Alpha", "732 829 320", dt.date(2027, 5, 1)],
        ["Normandie", "Beta", "443 061 841", dt.date(2024, 5, 1)],
    ]
    path = sheet(tmp_path / "esus.xlsx", rows)
    assert catalogue.recognise(path).name == "ess-list"
    assert read_ess_list(path, on=dt.date(2026, 1, 1)).sirens == {"732829320"}


def test_a_sheet_of_something_else_is_told_what_it_lacks(tmp_path):
    path = sheet(tmp_path / "x.xlsx", [["Titre"], ["Nom", "SIREN", "Fin"], ["Alpha", 732829320, 1]])
    with pytest.raises(DataError) as caught:
        catalogue.recognise(path)
    assert caught.value.code == "sources_not_recognised"
    empty = sheet(tmp_path / "empty.xlsx", [])
    with pytest.raises(DataError) as caught:
        catalogue.recognise(empty)
    assert caught.value.code == "sources_no_rows"
