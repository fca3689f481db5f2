"""The stock of Sirene and the lists of the social economy, on cuts of the real files."""

from __future__ import annotations

import csv
import datetime as dt

import pandas as pd
import pytest

from toolkit.schema.identifiers import is_siren
from toolkit.sources.columnar import padded, select_rows
from toolkit.sources.ess_lists import read_ess_list
from toolkit.sources.sirene_rules import known_activities
from toolkit.sources.sirene_stock import NEEDED, WANTED, load_sirene
from toolkit.sources.sirene_units import UNIT_NEEDED, UNIT_WANTED

duckdb = pytest.importorskip("duckdb")
pytestmark = pytest.mark.shared

LYON = "69123"


def records(path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def asked(database, query: str, *values: object) -> list[tuple]:
    return database.execute(query, list(values)).fetchall()


@pytest.fixture(scope="module")
def lyon(shared_data, tmp_path_factory):
    """Return the current periods of the real histories, under the names of StockEtablissement."""
    path = tmp_path_factory.mktemp("lyon") / "StockEtablissement.parquet"
    source = shared_data / "formats" / "sirene_periodes_rhone_sample.parquet"
    with duckdb.connect() as database:
        database.execute(
            f"""COPY (
                SELECT siret, code_commune AS codeCommuneEtablissement,
                    libelle_commune AS libelleCommuneEtablissement,
                    etat AS etatAdministratifEtablissement, 'O' AS statutDiffusionEtablissement,
                    code_ape AS activitePrincipaleEtablissement,
                    code_tranche AS trancheEffectifsEtablissement
                FROM '{source.as_posix()}' WHERE dateFin IS NULL
            ) TO '{path.as_posix()}' (FORMAT parquet)"""
        )
    return path


def test_arrondissements_of_lyon_are_lyon(lyon):
    found = load_sirene(
        lyon, legal_units=None, geolocation=None, communes=[LYON], with_holdings=True
    )
    actors = found.tables["actors"]
    with duckdb.connect() as database:
        states = dict(
            asked(
                database,
                f"SELECT etatAdministratifEtablissement, count(*) FROM '{lyon}' GROUP BY 1",
            )
        )
        codes = asked(database, f"SELECT DISTINCT codeCommuneEtablissement FROM '{lyon}'")
    assert all(code.startswith("6938") for (code,) in codes)
    assert found.counts["read"] == sum(states.values())
    assert found.counts.get("closed", 0) == sum(states.values()) - states["A"]
    assert len(actors) == found.counts["kept"] > 5000
    assert set(actors["commune_id"]) == {LYON}
    assert actors["siret"].is_unique
    assert (actors["jobs_band"] == "NN").any()
    assert actors["activity"].notna().mean() > 0.9
    assert actors["natural_person"].isna().all()
    assert (actors["name"] == actors["siret"]).all()


def test_types_of_the_published_parquet_give_the_cells_of_the_csv(shared_data):
    folder = shared_data / "formats"
    columns = {"needed": UNIT_NEEDED, "wanted": {"seat": ("nicsiegeunitelegale",)}}
    sample = records(folder / "sirene_v3_sample_unites_legales_OK.csv")
    sirens = [row["siren"] for row in sample]
    found = [
        select_rows(folder / name, key="siren", among=sirens, **columns)
        for name in (
            "StockUniteLegale_15_lignes_anonymise.parquet",
            "sirene_v3_sample_unites_legales_OK.csv",
        )
    ]
    for rows in found:
        rows["seat"] = padded(rows["seat"], 5)
        rows["form"] = padded(rows["form"], 4)
    pd.testing.assert_frame_equal(found[0], found[1])
    assert found[0]["seat"].tolist() == [row["nicSiegeUniteLegale"] for row in sample]
    assert set(found[0]["form"]) == {"1000"}


def test_headers_of_the_real_layouts_are_known(shared_data):
    folder = shared_data / "formats"
    absent = {
        "sirene_v3_sample_etablissements_OK.csv": {"activity_2025"},
        "sirene_signauxfaibles_etab.csv": {"activity_2025"},
    }
    for name, missing in absent.items():
        header = {cell.casefold() for cell in records(folder / name)[0]}
        unknown = {key for key, names in (NEEDED | WANTED).items() if not header & set(names)}
        assert unknown == missing
    header = {cell.casefold() for cell in records(folder / "sirene_signauxfaibles_ul_naf25.csv")[0]}
    for names in (UNIT_NEEDED | UNIT_WANTED).values():
        assert header & set(names)


def test_made_up_numbers_are_no_establishments(shared_data):
    folder = shared_data / "formats"
    path = folder / "sirene_signauxfaibles_etab.csv"
    rows = records(path)
    codes = {row["codeCommuneEtablissement"] for row in rows}
    found = load_sirene(
        path,
        legal_units=folder / "sirene_signauxfaibles_ul_naf25.csv",
        geolocation=None,
        communes=codes,
    )
    closed = sum(row["etatAdministratifEtablissement"] != "A" for row in rows)
    assert found.counts["read"] == len(rows)
    assert found.counts["closed"] == closed
    assert found.counts["bad_siret"] + found.counts["kept"] == len(rows) - closed


def test_old_activities_of_closed_rows_are_not_taken(shared_data):
    rows = records(shared_data / "formats" / "sirene_v3_sample_etablissements_OK.csv")
    cells = pd.Series([row["activitePrincipaleEtablissement"] for row in rows], dtype="str")
    assert cells.str.fullmatch(r"\d\d\.\d\d").all()
    assert known_activities(cells).isna().all()


def test_lists_of_the_social_economy(shared_data):
    folder = shared_data / "national"
    flags = records(folder / "ess_flag_insee_naf_numerique.csv")
    found = read_ess_list(folder / "ess_flag_insee_naf_numerique.csv")
    assert found.sirens == {row["siren"] for row in flags if is_siren(row["siren"])}
    rows = records(folder / "ess_numerique_enrichi_2026.csv")
    mixed = read_ess_list(folder / "ess_numerique_enrichi_2026.csv", on=dt.date(2026, 3, 1))
    told = [row for row in rows if row["famille_ess"] or row["flag_ess_sirene"] == "True"]
    assert len(told) < len(rows)
    assert mixed.sirens == {row["siren"] for row in told if is_siren(row["siren"])}


def test_units_of_a_list_are_social_economy(shared_data, tmp_path):
    folder = shared_data / "national"
    rows = records(folder / "ess_numerique_enrichi_2026.csv")
    path = tmp_path / "stock.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([names[0] for names in NEEDED.values()])
        writer.writerows([row["siret_siege"], "62000", "A", "O"] for row in rows)
    units = tmp_path / "units.csv"
    with units.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([names[0] for names in (UNIT_NEEDED | UNIT_WANTED).values()])
        writer.writerows(
            [
                row["siren"],
                row["categorie_juridique"],
                "O",
                row["denomination"],
                "",
                "",
                row["rna"],
                "",
            ]
            for row in rows
        )
    found = load_sirene(
        path,
        legal_units=units,
        geolocation=None,
        ess_lists=[folder / "ess_numerique_enrichi_2026.csv"],
        communes=["62000"],
    )
    actors = found.tables["actors"].set_index("siren")
    named = read_ess_list(folder / "ess_numerique_enrichi_2026.csv").sirens
    assert len(actors) > 3000
    assert actors["ess"].fillna(value=False).eq(actors.index.isin(named)).all()
    # `9220.0` of a spreadsheet is the form 9220, an association by law.
    assert (actors.loc[actors["legal_form"] == "9220", "ess_form"] == "association").all()
    assert (actors["legal_form"] == "9220").sum() > 1000
    assert actors["rna"].notna().sum() > 1000
