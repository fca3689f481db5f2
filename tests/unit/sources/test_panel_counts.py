"""Counts, areas and incomes by commune, in the layouts of the real files."""

from __future__ import annotations

import zipfile

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import box

from toolkit import nomenclature
from toolkit.errors import DataError
from toolkit.language import problem_text
from toolkit.sources import panel_counts
from toolkit.sources.panel_counts import read_counts
from toolkit.sources.panel_facts import read_areas, read_incomes

COMMUNES = frozenset({"01001", "01002", "02001"})
POINTS = "AN;DEPCOM;TYPEQU;LAMBERT_X;LAMBERT_Y;QUALITE_XY"


def write(folder, *lines: str, name: str = "counts.csv"):
    path = folder / name
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def found(counts) -> dict[tuple[str, str], float]:
    return counts.rows.set_index(["commune_id", "activity"])["count"].to_dict()


def notes(counts) -> dict[str, str]:
    for note in counts.notes:
        assert problem_text(note, lang="fr") != problem_text(note, lang="en")
    return {note.code.removeprefix("sources_"): note.found for note in counts.notes}


# --- BPE ----------------------------------------------------------------------------------------
BY_LAYOUT = {
    "points": (POINTS, *["2021;01001;B203;;;", "2021;01001;B203;;;", "2021;02001;D201;;;"]),
    "counted": ("DEPCOM;TYPEQU;NB_EQUIP", "1001;B203;2", "02001;D201;1", "02001;D201;0"),
    "long": (
        "GEO;GEO_OBJECT;FACILITY_TYPE;TIME_PERIOD;BPE_MEASURE;OBS_VALUE",
        "2024-COM-01001;COM;B203;2024;FACILITIES;2",
        "2024-DEP-01;DEP;B203;2024;FACILITIES;9",
        "2024-COM-02001;COM;D201;2024;FACILITIES;1",
    ),
}


@pytest.mark.parametrize("layout", BY_LAYOUT)
def test_types_of_the_bpe_are_counted_by_commune(tmp_path, layout):
    counts = read_counts(write(tmp_path, *BY_LAYOUT[layout]), communes=COMMUNES)
    assert found(counts) == {("01001", "B203"): 2.0, ("02001", "D201"): 1.0}
    assert (counts.nomenclature, counts.layout, counts.is_list) == ("bpe", "bpe", False)
    assert counts.seen == {"01001", "02001"}


def test_a_compilation_lists_the_communes_that_have_nothing(tmp_path):
    path = write(
        tmp_path,
        "id,comp1,boulang,pharma,places_cine,alim",
        "01001,x,2.0,,120.0,4.0",
        "01002,x,,,,",
        "D01,x,9.0,9.0,9.0,9.0",
    )
    counts = read_counts(path, communes=COMMUNES)
    assert found(counts) == {("01001", "boulang"): 2.0}  # neither seats nor totals
    assert counts.is_list
    assert counts.seen == {"01001", "01002"}


def test_a_big_file_is_read_some_departments_at_a_time(tmp_path, monkeypatch):
    pytest.importorskip("duckdb")
    path = write(tmp_path, *BY_LAYOUT["points"])
    whole = read_counts(path, communes=COMMUNES)
    monkeypatch.setattr(panel_counts, "_AT_ONCE_BYTES", path.stat().st_size // 2)
    parted = read_counts(path, communes=COMMUNES)
    pd.testing.assert_frame_equal(whole.rows, parted.rows)
    assert parted.seen == whole.seen


def test_departments_are_held_together():
    parts = panel_counts._parts({"01001", "01002", "02001", "97101", "97201"}, 4)
    assert parts == [["01001", "01002"], ["02001", "97101"], ["97201"]]


# --- SIRENE -------------------------------------------------------------------------------------
STOCK = (
    "siret,codeCommuneEtablissement,activitePrincipaleEtablissement,"
    "nomenclatureActivitePrincipaleEtablissement,etatAdministratifEtablissement"
)
ESTABLISHMENTS = (
    "1,01001,47.11B,NAFRev2,A",
    "2,01001,47.11B,NAFRev2,A",
    "3,01001,47.11B,NAFRev2,F",
    "4,02001,62.01Z,NAFRev2,A",
    "5,02001,68.20B,NAFRev2,A",
    "6,02001,52.1A,NAF1993,A",
    "7,02001,99.99Z,NAFRev2,A",
    "8,,47.11B,NAFRev2,A",
    "9,75111,47.11B,NAFRev2,A",
)


@pytest.mark.parametrize("ending", ["csv", "zip", "parquet"])
def test_open_establishments_are_counted(tmp_path, ending):
    duckdb = pytest.importorskip("duckdb")
    path = write(tmp_path, STOCK, *ESTABLISHMENTS, name="stock.csv")
    if ending == "zip":
        with zipfile.ZipFile(tmp_path / "stock.zip", "w") as archive:
            archive.write(path, "StockEtablissement_utf8.csv")
    elif ending == "parquet":
        with duckdb.connect() as database:
            query = f"SELECT * FROM read_csv('{path.as_posix()}', header=true, all_varchar=true)"
            target = (tmp_path / "stock.parquet").as_posix()
            database.execute(f"COPY ({query}) TO '{target}' (FORMAT parquet)")
    counts = read_counts(tmp_path / f"stock.{ending}", communes=COMMUNES)
    assert found(counts) == {
        ("01001", "47.11B"): 2.0,
        ("02001", "62.01Z"): 1.0,
        ("75056", "47.11B"): 1.0,
    }
    assert counts.nomenclature == "naf_rev2"
    assert notes(counts) == {
        "no_commune": "1",
        "panel_other_version": "1",
        "panel_unknown_activity": "1",
        "panel_holdings": "1",
    }


def test_the_version_of_most_establishments_is_kept(tmp_path):
    pytest.importorskip("duckdb")
    rows = ["1,01001,47.11Y,NAF2025,A", "2,01001,47.11Y,NAF2025,A", "3,01001,47.11B,NAFRev2,A"]
    path = write(tmp_path, STOCK, *rows)
    code = next(one for one in sorted(nomenclature.codes("naf_2025")) if len(one) == 6)
    path.write_text(path.read_text("utf-8").replace("47.11Y", code), "utf-8")
    counts = read_counts(path, communes=COMMUNES)
    assert counts.nomenclature == "naf_2025"
    assert found(counts) == {("01001", code): 2.0}


# --- tables -------------------------------------------------------------------------------------
def test_a_table_of_counts_of_activities(tmp_path):
    path = write(
        tmp_path,
        "codgeo;naf;nombre",
        "1001;4711B;2",
        "01001;47.11B;1",
        "02001;62.01Z;3",
        "02001;zz;3",
        "01002;47.11B;0",
        "01002;47.11B;-4",
        ";47.11B;1",
    )
    counts = read_counts(path, communes=COMMUNES)
    assert found(counts) == {("01001", "47.11B"): 3.0, ("02001", "62.01Z"): 3.0}
    assert counts.seen == {"01001", "01002", "02001"}  # a zero says that there is nothing
    assert notes(counts) == {
        "no_commune": "1",
        "panel_unknown_activity": "1",
        "bpe_no_count": "1",
    }


def test_a_table_of_counts_of_types(tmp_path):
    path = write(tmp_path, "commune_id,activity,count", "01001,b203,2", "01001,D201,1,5")
    counts = read_counts(path, communes=COMMUNES)
    assert found(counts) == {("01001", "B203"): 2.0}
    assert (counts.nomenclature, counts.layout) == ("bpe", "bpe")


@pytest.mark.parametrize(
    "lines, code",
    [
        (("a;b", "1;2"), "sources_stranger"),
        (("commune_id;activity;count", "01001;zz;1"), "sources_panel_no_counts"),
        (("commune_id;activity;count",), "sources_no_rows"),
        (("commune_id;activity;count", "01001;47.11B;inf"), "sources_panel_no_counts"),
        (("",), "sources_empty_file"),
    ],
)
def test_hostile_files_are_refused_in_words(tmp_path, lines, code):
    with pytest.raises(DataError) as caught:
        read_counts(write(tmp_path, *lines), communes=COMMUNES)
    assert caught.value.code == code
    for problem in caught.value.problem_list:
        assert problem_text(problem, lang="fr")


# --- areas and incomes --------------------------------------------------------------------------
def test_areas_in_square_kilometres_or_hectares(tmp_path):
    km2 = read_areas(write(tmp_path, "id,sup", "1001,12.5", "D01,99", "01002,0"))
    assert km2.to_dict() == {"01001": 12.5}
    hectares = read_areas(write(tmp_path, "code;surface", "01001;1250", "01001;1", "01002;x"))
    assert hectares.to_dict() == {"01001": 12.5}
    with pytest.raises(DataError) as caught:
        read_areas(write(tmp_path, "id,autre", "01001,1"))
    assert caught.value.code == "sources_panel_no_area"


def test_areas_of_outlines_are_metric(tmp_path):
    squares = [
        box(600_000 + 10_000 * i, 6_600_000, 610_000 + 10_000 * i, 6_610_000) for i in (0, 1)
    ]
    frame = gpd.GeoDataFrame({"code": ["01001", "01002"]}, geometry=squares, crs=2154)
    path = tmp_path / "communes.geojson"
    path.write_text(frame.to_crs(4326).to_json(drop_id=True), encoding="utf-8")
    assert read_areas(path).round(2).to_dict() == {"01001": 100.0, "01002": 100.0}


def test_medians_hidden_for_secrecy_are_missing(tmp_path):
    path = write(
        tmp_path, "CODGEO;NBPERSMENFISC21;MED21", "01001;90;21 500,5", "01002;40;s", "02001;;nd"
    )
    incomes = read_incomes(path)
    assert incomes.index.tolist() == ["01001"]
    assert incomes.iloc[0].tolist() == [21_500.5, 90.0]
    incomes = read_incomes(write(tmp_path, "id,med21", "01001,20000"))
    assert np.isnan(incomes.loc["01001", "persons"])
    with pytest.raises(DataError) as caught:
        read_incomes(write(tmp_path, "id,med21", "01001,s"))
    assert caught.value.code == "sources_panel_no_income"
