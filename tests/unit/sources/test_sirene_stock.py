"""The stock of Sirene, on small files made in the layouts of the register."""

from __future__ import annotations

import csv
import datetime as dt
import random
import zipfile

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolkit.errors import DataError
from toolkit.language import problem_text
from toolkit.schema.identifiers import is_siren, is_siret
from toolkit.sources.assemble import assemble
from toolkit.sources.passage import Passage
from toolkit.sources.sirene_stock import load_sirene
from toolkit.territory import Territory

duckdb = pytest.importorskip("duckdb")


def made_siren(stem: int) -> str:
    return next(f"{stem:08d}{last}" for last in range(10) if is_siren(f"{stem:08d}{last}"))


def made_siret(siren: str, rank: int = 1) -> str:
    stem = f"{siren}{rank:04d}"
    return next(f"{stem}{last}" for last in range(10) if is_siret(f"{stem}{last}"))


COMPANY, ASSOCIATION, PERSON, OPPOSED, TOWN, UNIT_OPPOSED = (
    made_siren(stem) for stem in (552013, 41000001, 41000002, 41000003, 21000001, 41000004)
)
"""The first begins with two zeros."""
SHOP, WORKS, CLUB = made_siret(COMPANY, 1), made_siret(COMPANY, 2), made_siret(ASSOCIATION)
HAIR, SECRET, HALL = made_siret(PERSON), made_siret(OPPOSED), made_siret(TOWN)
VEILED = made_siret(UNIT_OPPOSED)
PRIVATE = ("MARTIN", "JEANNE", "CHEZ JEANNE", "IMPASSE CACHEE", "SECRETE", "VOILEE", "W999999999")
"""Words of rows that must not come out."""
PRIVATE_POINT = (44.123456, 3.123456)


def establishment(siret: str, **cells: str) -> dict[str, str]:
    row = {
        "siren": siret[:9],
        "nic": siret[9:],
        "siret": siret,
        "statutDiffusionEtablissement": "O",
        "dateDernierTraitementEtablissement": "2026-08-31T10:00:00",
        "trancheEffectifsEtablissement": "NN",
        "complementAdresseEtablissement": "CHEZ JEANNE",
        "numeroVoieEtablissement": "5",
        "indiceRepetitionEtablissement": "",
        "typeVoieEtablissement": "RUE",
        "libelleVoieEtablissement": "DES LILAS",
        "codePostalEtablissement": "01400",
        "libelleCommuneEtablissement": "ALPHA",
        "codeCommuneEtablissement": "01001",
        "etatAdministratifEtablissement": "A",
        "enseigne1Etablissement": "",
        "enseigne2Etablissement": "",
        "denominationUsuelleEtablissement": "",
        "activitePrincipaleEtablissement": "16.24Z",
        "nomenclatureActivitePrincipaleEtablissement": "NAFRev2",
        "activitePrincipaleNAF25Etablissement": "16.24Y",
    }
    return {**row, **cells}


def unit(siren: str, form: str, **cells: str) -> dict[str, str]:
    row = {
        "siren": siren,
        "statutDiffusionUniteLegale": "O",
        "prenom1UniteLegale": "",
        "identifiantAssociationUniteLegale": "",
        "nomUniteLegale": "",
        "denominationUniteLegale": "",
        "categorieJuridiqueUniteLegale": form,
        "nicSiegeUniteLegale": "00011",
        "economieSocialeSolidaireUniteLegale": "",
    }
    return {**row, **cells}


HIDDEN = {"enseigne1Etablissement": "SECRETE", "libelleVoieEtablissement": "IMPASSE CACHEE"}
ROWS = [
    establishment(
        SHOP,
        trancheEffectifsEtablissement="01",
        enseigne2Etablissement="LE FOUR",
        indiceRepetitionEtablissement="B",
    ),
    establishment(
        WORKS, enseigne1Etablissement="ATELIER", denominationUsuelleEtablissement="USINE", nic="1"
    ),
    establishment(CLUB, activitePrincipaleEtablissement="94.99Z"),
    establishment(HAIR, **HIDDEN),
    establishment(SECRET, statutDiffusionEtablissement="P", **HIDDEN),
    establishment(VEILED, **HIDDEN),
    establishment(HALL, numeroVoieEtablissement="[ND]", codeCommuneEtablissement="01002"),
    establishment(made_siret(COMPANY, 3), etatAdministratifEtablissement="F"),
    establishment(made_siret(COMPANY, 4), codeCommuneEtablissement="75101"),
]
UNITS = [
    unit(COMPANY, "5710", denominationUniteLegale="DUVAL", economieSocialeSolidaireUniteLegale="N"),
    unit(
        ASSOCIATION,
        "9220",
        denominationUniteLegale="AMIS",
        identifiantAssociationUniteLegale="W011000001",
        economieSocialeSolidaireUniteLegale="O",
    ),
    unit(PERSON, "1000", nomUniteLegale="MARTIN", prenom1UniteLegale="JEANNE"),
    unit(OPPOSED, "5499", denominationUniteLegale="[ND]", statutDiffusionUniteLegale="P"),
    unit(
        UNIT_OPPOSED,
        "9220",
        denominationUniteLegale="VOILEE",
        statutDiffusionUniteLegale="N",
        identifiantAssociationUniteLegale="W999999999",
    ),
    unit(TOWN, "7210", denominationUniteLegale="COMMUNE DE BETA"),
]
POINTS = [
    {"siret": siret, "x": x, "y": y, "qualite_xy": quality, "epsg": epsg, **degrees}
    for siret, x, y, quality, epsg, degrees in (
        (SHOP, "", "", "11", "2154", {"y_latitude": "46.25", "x_longitude": "5.5"}),
        (WORKS, "700000", "6600000", "12", "2154", {}),
        (CLUB, "1", "2", "33", "2154", {"y_latitude": "46.11", "x_longitude": "5.11"}),
        *(
            (siret, "", "", "11", "2154", {"y_latitude": "44.123456", "x_longitude": "3.123456"})
            for siret in (HAIR, SECRET, VEILED)
        ),
        (HALL, "[ND]", "[ND]", "", "", {"y_latitude": "[ND]", "x_longitude": "[ND]"}),
    )
]


def as_csv(path, rows: list[dict[str, str]], *, separator: str = ","):
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, names, delimiter=separator, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def as_parquet(path, rows: list[dict[str, str]], *, separator: str = ","):
    """Write the rows with the types of the published Parquet: numbers, dates, empty as null."""
    plain = as_csv(path.with_suffix(".csv"), rows, separator=separator)
    types = {
        "nicSiegeUniteLegale": "BIGINT",
        "categorieJuridiqueUniteLegale": "BIGINT",
        "dateDernierTraitementEtablissement": "TIMESTAMP",
        "epsg": "DOUBLE",
        "qualite_xy": "BIGINT",
    }
    columns = ", ".join(
        f"""NULLIF("{name}", '')::{types.get(name, "VARCHAR")} AS "{name}" """ for name in rows[0]
    )
    with duckdb.connect() as database:
        database.execute(
            f"COPY (SELECT {columns} FROM read_csv('{plain.as_posix()}', all_varchar=true, "
            f"delim='{separator}')) TO '{path.as_posix()}' (FORMAT parquet)"
        )
    plain.unlink()
    return path


def as_zip(path, rows: list[dict[str, str]], *, separator: str = ","):
    plain = as_csv(path.with_suffix(".csv"), rows, separator=separator)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(plain, "StockEtablissement_utf8.csv")
    plain.unlink()
    return path


WRITERS = {".csv": as_csv, ".parquet": as_parquet, ".zip": as_zip}


def stock(folder, *, suffix: str = ".csv", rows=ROWS, units=UNITS, points=POINTS):
    folder.mkdir(exist_ok=True)
    write = WRITERS[suffix]
    points = [{"y_latitude": "", "x_longitude": "", **row} for row in points]
    return {
        "establishments": write(folder / f"etablissements{suffix}", rows),
        "legal_units": write(folder / f"unites{suffix}", units),
        "geolocation": write(folder / f"points{suffix}", points, separator=";"),
    }


def load(files, **options):
    options = {"communes": ["01001", "01002"], **options}
    paths = {**files, **{name: options.pop(name) for name in list(files) if name in options}}
    return load_sirene(paths.pop("establishments"), **paths, **options)


def by_siret(extract) -> dict[str, dict]:
    return extract.tables["actors"].set_index("siret").to_dict("index")


def reasons(extract) -> dict[str, str]:
    for note in extract.notes:
        assert problem_text(note, lang="fr") != problem_text(note, lang="en")
    return {note.code.removeprefix("sources_"): note.found for note in extract.notes}


# --- rows -------------------------------------------------------------------------------------
def test_establishments_are_actors(tmp_path):
    found = load(stock(tmp_path))
    actors = by_siret(found)
    assert set(actors) == {SHOP, WORKS, CLUB, HAIR, SECRET, VEILED, HALL}
    assert {siret: row["name"] for siret, row in actors.items()} == {
        SHOP: "LE FOUR (DUVAL)",
        WORKS: "USINE (DUVAL)",
        CLUB: "AMIS",
        HALL: "COMMUNE DE BETA",
        **{siret: siret for siret in (HAIR, SECRET, VEILED)},
    }
    assert {siret: row["family"] for siret, row in actors.items()} == {
        **dict.fromkeys((SHOP, WORKS, HAIR, SECRET), "business"),
        **dict.fromkeys((CLUB, VEILED), "ess"),
        HALL: "public",
    }
    shop = actors[SHOP]
    assert shop["siren"] == COMPANY == SHOP[:9]
    assert COMPANY.startswith("00")
    assert shop["address"] == "5 B RUE DES LILAS, 01400 ALPHA"
    assert actors[HALL]["address"] == "RUE DES LILAS, 01400 ALPHA"
    assert (shop["legal_form"], shop["commune_id"]) == ("5710", "01001")
    assert (shop["activity"], shop["activity_version"]) == ("16.24Z", "naf_rev2")
    assert (shop["basis"], shop["source_id"]) == ("recorded", "sirene:etablissements")
    assert (shop["jobs_band"], actors[CLUB]["jobs_band"]) == ("01", "NN")
    assert actors[CLUB]["rna"] == "W011000001"
    assert found.counts == {"read": 8, "closed": 1, "kept": 7}
    assert reasons(found) == {
        "closed": "1",
        "sirene_opposed": "2",
        "sirene_unnamed_persons": "1",
        "points_at_random": "1",
    }
    assert found.source["data_year"] == 2026
    assert found.sources["source_id"].tolist() == [
        "sirene:etablissements",
        "sirene_units:unites",
        "sirene_points:points",
    ]


@pytest.mark.parametrize("suffix", [".parquet", ".zip"])
def test_every_container_gives_the_same_rows(tmp_path, suffix):
    expected = load(stock(tmp_path / "csv"))
    found = load(stock(tmp_path / "other", suffix=suffix))
    pd.testing.assert_frame_equal(found.tables["actors"], expected.tables["actors"])
    assert found.counts == expected.counts
    left = {path.name for path in (tmp_path / "other").iterdir()}
    assert left == {f"{name}{suffix}" for name in ("etablissements", "unites", "points")}


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 2**16))
def test_order_of_the_files_does_not_matter(tmp_path_factory, seed):
    mixed = [random.Random(seed).sample(rows, len(rows)) for rows in (ROWS, UNITS, POINTS)]
    folder = tmp_path_factory.mktemp("mixed")
    expected = load(stock(folder / "as_is"))
    rows, units, points = mixed
    found = load(stock(folder / "mixed", rows=rows, units=units, points=points))
    pd.testing.assert_frame_equal(found.tables["actors"], expected.tables["actors"])
    assert found.notes == expected.notes


def test_a_row_told_twice_is_one_actor_and_a_false_siret_none(tmp_path):
    false = str(int(CLUB) + 1).zfill(14)
    rows = [ROWS[0], ROWS[0], establishment(false)]
    found = load(stock(tmp_path, rows=rows))
    assert set(by_siret(found)) == {SHOP}
    assert found.counts == {"read": 3, "bad_siret": 1, "duplicates": 1, "kept": 1}


def test_holdings_are_left_out_unless_asked_for(tmp_path):
    files = stock(tmp_path, rows=[establishment(SHOP, activitePrincipaleEtablissement="68.20B")])
    assert load(files).counts == {"read": 1, "holdings": 1, "kept": 0}
    assert set(by_siret(load(files, with_holdings=True))) == {SHOP}


@pytest.mark.parametrize(
    "cells, expected",
    [
        ({}, ("16.24Z", "naf_rev2")),
        ({"activitePrincipaleEtablissement": ""}, ("16.24Y", "naf_2025")),
        ({"nomenclatureActivitePrincipaleEtablissement": "NAFRev1"}, ("16.24Y", "naf_2025")),
    ],
)
def test_activity_is_of_the_version_in_force(tmp_path, cells, expected):
    actor = by_siret(load(stock(tmp_path, rows=[establishment(SHOP, **cells)])))[SHOP]
    assert (actor["activity"], actor["activity_version"]) == expected


def test_progress_is_told(tmp_path):
    told = []
    load(stock(tmp_path), progress=lambda step, rows: told.append((step, rows)))
    assert told == [("establishments", 7), ("legal_units", 6), ("points", 2)]


# --- privacy ----------------------------------------------------------------------------------
def everything(extract) -> str:
    tables = (frame.to_csv() for frame in extract.tables.values())
    texts = (problem_text(note, lang="fr") for note in extract.notes)
    return "\n".join([*tables, *texts])


@pytest.mark.parametrize("suffix", list(WRITERS))
def test_nothing_of_persons_and_of_those_who_opposed_comes_out(tmp_path, suffix):
    found = load(stock(tmp_path, suffix=suffix))
    assert [word for word in PRIVATE if word in everything(found)] == []
    assert "[ND]" not in everything(found)
    actors = found.tables["actors"].set_index("siret")
    hidden = actors.loc[[HAIR, SECRET, VEILED]]
    assert hidden[["address", "latitude", "longitude", "rna"]].isna().all(axis=None)
    assert not actors["latitude"].isin(PRIVATE_POINT).any()
    assert hidden["diffusible"].tolist() == [True, False, False]
    assert hidden["natural_person"].tolist() == [True, False, False]


def test_persons_are_named_on_request_but_never_those_who_opposed(tmp_path):
    rows = [*ROWS[:3], establishment(HAIR, enseigne1Etablissement=""), *ROWS[4:]]
    actors = by_siret(load(stock(tmp_path, rows=rows), with_natural_persons=True))
    assert actors[HAIR]["name"] == "JEANNE MARTIN"
    assert (actors[HAIR]["latitude"], actors[HAIR]["longitude"]) == PRIVATE_POINT
    assert actors[HAIR]["natural_person"]
    for siret in (SECRET, VEILED):
        assert actors[siret]["name"] == siret
        assert pd.isna(actors[siret]["address"])


def test_without_legal_units_nobody_is_named(tmp_path):
    found = load(stock(tmp_path), legal_units=None)
    actors = found.tables["actors"]
    assert (actors["name"] == actors["siret"]).all()
    assert actors[["address", "latitude", "legal_form"]].isna().all(axis=None)
    assert reasons(found)["sirene_no_units"] == "7"
    assert [word for word in PRIVATE if word in everything(found)] == []


def test_a_row_whose_unit_is_not_there_is_not_named(tmp_path):
    found = load(stock(tmp_path, units=UNITS[1:]))
    assert by_siret(found)[SHOP]["name"] == SHOP
    assert reasons(found)["sirene_no_unit"] == "2"


# --- places -----------------------------------------------------------------------------------
def test_points_are_in_degrees_and_never_drawn_at_random(tmp_path):
    actors = by_siret(load(stock(tmp_path)))
    assert (actors[SHOP]["latitude"], actors[SHOP]["longitude"]) == (46.25, 5.5)
    # 700 000, 6 600 000 is 3 degrees east, the axis of the projection, by its definition.
    assert actors[WORKS]["longitude"] == pytest.approx(3.0, abs=1e-9)
    assert actors[WORKS]["latitude"] == pytest.approx(46.5, abs=0.01)
    assert pd.isna(actors[CLUB]["latitude"])
    assert pd.isna(actors[HALL]["latitude"])


def test_each_point_is_read_in_its_own_projection(tmp_path):
    points = [{**POINTS[1], "siret": SHOP, "x": "690000", "y": "1625000", "epsg": "5490"}]
    actor = by_siret(load(stock(tmp_path, points=points)))[SHOP]
    assert 14.3 < actor["latitude"] < 15.0
    assert -61.5 < actor["longitude"] < -60.5


def test_old_codes_and_arrondissements_are_found_and_brought_back(tmp_path):
    rows = [
        establishment(SHOP, codeCommuneEtablissement="69384"),
        establishment(WORKS, codeCommuneEtablissement="01999"),
        establishment(CLUB, codeCommuneEtablissement="01888"),
        establishment(HALL, codeCommuneEtablissement="1002"),
        establishment(HAIR, codeCommuneEtablissement="01777"),
        establishment(SECRET, codeCommuneEtablissement="69385"),
    ]
    passage = Passage({"01999": "01001", "01777": "01003"}, {"01888": ("01001", "01003")}, 2026)
    codes = ["01001", "01002", "69123"]
    found = load(stock(tmp_path, rows=rows), communes=codes, passage=passage)
    assert {siret: row["commune_id"] for siret, row in by_siret(found).items()} == {
        SHOP: "69123",
        WORKS: "01001",
        HALL: "01002",
        SECRET: "69123",
    }
    assert found.counts == {"read": 5, "commune_split": 1, "kept": 4}
    alone = load(stock(tmp_path / "alone", rows=rows), communes=["69384"])
    assert {row["commune_id"] for row in by_siret(alone).values()} == {"69384"}


def test_actors_stand_in_a_territory(tmp_path, tiny_territory):
    rows = [{**row, "codeCommuneEtablissement": "99001"} for row in ROWS[:7]]
    extract = load(stock(tmp_path, rows=rows, points=POINTS[2:3]), communes=["99001"])
    communes = tiny_territory.table("communes")
    perimeter = load(stock(tmp_path / "other"))
    object.__setattr__(perimeter, "tables", {"communes": communes})
    territory = Territory.from_tables(assemble(perimeter, [extract]).tables, name="Essai")
    actors = territory.table("actors").set_index("siret")
    assert len(actors) == 7
    assert set(actors["located_by"]) == {"commune"}
    assert pd.isna(actors.loc[CLUB, "jobs"])
    assert actors.loc[SHOP, "jobs"] == 1.5


# --- social economy ---------------------------------------------------------------------------
def test_ess_is_true_false_or_unknown(tmp_path):
    files = stock(tmp_path)
    flags = {siret: row["ess"] for siret, row in by_siret(load(files)).items()}
    assert flags[CLUB] is True
    assert flags[SHOP] is False
    assert pd.isna(flags[HALL])
    names = as_csv(tmp_path / "ess.csv", [{"SIREN": COMPANY.lstrip("0"), "nom": "X"}])
    found = load(files, ess_lists=[names])
    shop = by_siret(found)[SHOP]
    assert (shop["ess"], shop["family"]) == (True, "ess")
    assert "ess:ess" in set(found.sources["source_id"])


def test_an_agreement_that_has_ended_makes_no_ess(tmp_path):
    files = stock(tmp_path)
    path = as_csv(tmp_path / "esus.csv", [{"SIRET": SHOP, "Date de fin": "31/12/2025"}])
    on = {day: load(files, ess_lists=[path], on=day) for day in (dt.date(2025, 12, 31), None)}
    assert {by_siret(one)[SHOP]["ess"] for one in on.values()} == {True}
    assert "ess_untested" in reasons(on[None])
    late = load(files, ess_lists=[path], on=dt.date(2026, 1, 1))
    assert by_siret(late)[SHOP]["ess"] is False
    assert reasons(late)["ess_ended"] == "1"


# --- refusals ---------------------------------------------------------------------------------
def refused(**options) -> set[str]:
    with pytest.raises(DataError) as caught:
        load(**options)
    for lang in ("fr", "en"):
        assert all(problem_text(problem, lang=lang) for problem in caught.value.problem_list)
    return {problem.code for problem in caught.value.problem_list}


def test_a_perimeter_without_rows_is_said(tmp_path):
    found = load(stock(tmp_path), communes=["12145"])
    assert found.counts == {"read": 0, "kept": 0}
    assert list(reasons(found)) == ["sirene_nothing"]
    assert refused(files=stock(tmp_path), communes=[]) == {"communes_none"}


def test_columns_are_found_by_name_and_missed_by_name(tmp_path):
    files = stock(tmp_path)
    files["establishments"] = as_csv(tmp_path / "other.csv", [{"SIRET": SHOP, "nom": "x"}])
    with pytest.raises(DataError) as caught:
        load(files)
    assert {problem.found for problem in caught.value.problem_list} == {
        "codecommuneetablissement",
        "etatadministratifetablissement",
        "statutdiffusionetablissement",
    }
    upper = [{name.upper(): cell for name, cell in reversed(row.items())} for row in ROWS]
    files["establishments"] = as_parquet(tmp_path / "upper.parquet", upper)
    assert set(by_siret(load(files))) == {SHOP, WORKS, CLUB, HAIR, SECRET, VEILED, HALL}
