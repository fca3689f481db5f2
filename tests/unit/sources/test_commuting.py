"""Flows of workers: vintages and layouts of the census, on small files written by hand."""

from __future__ import annotations

import pytest
import xlsxwriter

from toolkit.errors import DataError
from toolkit.language import problem_text
from toolkit.sources.commuting import load_commuting


def write(folder, lines: list[str], *, name: str = "flux.csv"):
    path = folder / name
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def moved(extract) -> dict[tuple[str, str], float]:
    return extract.tables["flows"].set_index(["origin", "destination"])["quantity"].to_dict()


def stayed(extract) -> dict[str, float]:
    return extract.tables["communes"].set_index("commune_id")["workers_staying"].to_dict()


def notes(extract) -> dict[str, str]:
    for note in extract.notes:
        assert problem_text(note, lang="fr") != problem_text(note, lang="en")
    return {note.code.removeprefix("sources_"): note.found for note in extract.notes}


@pytest.mark.parametrize("year", [2006, 2013, 2017, 2019, 2022])
def test_pairs_of_every_vintage(tmp_path, year):
    lines = [
        f"CODGEO;LIBGEO;DCLT;L_DCLT;NBFLUX_C{year % 100:02d}_ACTOCC15P",
        "1001;Alpha;01002;Bêta;204,987654321",
        "01001;Alpha;01001;Alpha;1\N{NO-BREAK SPACE}200,5",
        "01002;Bêta;SU112;Suisse;12",
        "01002;Bêta;ZZZZZ;;3",
    ]
    found = load_commuting(write(tmp_path, lines), year=year)
    assert moved(found) == pytest.approx(
        {("01001", "01002"): 204.987654321, ("01002", "SU112"): 12.0, ("01002", "ZZZZZ"): 3.0}
    )
    assert stayed(found) == {"01001": 1200.5}
    assert set(found.tables["flows"]["year"]) == {year}
    assert found.tables["flows"]["flow_id"].is_unique
    assert notes(found) == {"shaky_pairs": "2"}


def test_the_column_of_the_year_is_taken_and_another_is_told(tmp_path):
    lines = [
        "CODGEO;DCLT;NBFLUX_C22_ACTOCC15P;NBFLUX_C17_ACTOCC15P",
        "01001;01002;900;700",
    ]
    path = write(tmp_path, lines)
    assert moved(load_commuting(path, year=2017)) == {("01001", "01002"): 700.0}
    assert notes(load_commuting(path, year=2017)) == {}
    other = load_commuting(path, year=2019)
    assert moved(other) == {("01001", "01002"): 900.0}
    assert notes(other) == {"commuting_year": "1"}


def test_within_a_city_of_arrondissements_nobody_moves(tmp_path):
    lines = [
        "CODGEO;DCLT;NBFLUX_C22_ACTOCC15P",
        "75101;75102;300",
        "75056;75113;200",
        "69123;69381;400",
        "13201;69389;250",
    ]
    found = load_commuting(write(tmp_path, lines), year=2022)
    assert stayed(found) == {"69123": 400.0, "75056": 500.0}
    assert moved(found) == {("13055", "69123"): 250.0}


DETAIL = "COMMUNE;ARM;DCFLT;DCLT;TRANS;IPONDI"


def test_persons_of_the_detail_file_are_added_up(tmp_path):
    lines = [
        DETAIL,
        "01001;ZZZZZ;99999;01002;5;4.98",
        "01001;ZZZZZ;99999;01002;2;5.02",
        "75056;75111;99999;75105;2;3,5",
        "59350;ZZZZZ;BE.54;99999;5;2",
        "59350;ZZZZZ;;59350;1;7",
    ]
    found = load_commuting(write(tmp_path, lines), year=2018)
    assert moved(found) == pytest.approx({("01001", "01002"): 10.0, ("59350", "BE54"): 2.0})
    assert stayed(found) == {"59350": 7.0, "75056": 3.5}
    assert found.counts["read"] == 5
    assert found.counts["pairs"] == 4


def test_persons_in_a_sheet(tmp_path):
    path = tmp_path / "flux.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["COMMUNE", "DCLT", "IPONDI", "TRANS"])
        sheet.write_row(1, 0, [1001, 12145, 5.0, 2])
        sheet.write_row(2, 0, [1001, 12145, 3.469, 5])
        sheet.write_row(3, 0, [12145, "LU320", 2.5, 5])
    found = load_commuting(path, year=2017)
    assert moved(found) == pytest.approx({("01001", "12145"): 8.469, ("12145", "LU320"): 2.5})


def test_a_pair_without_an_end_or_workers_is_left_out(tmp_path):
    lines = ["i,j,fij", "01001,,5", ",01002,5", "01001,01002,", "01001,01002,-1", "01001,01003,2"]
    found = load_commuting(write(tmp_path, lines), year=2015)
    assert moved(found) == {("01001", "01003"): 2.0}
    assert notes(found) == {"no_workers": "2", "no_end": "2", "shaky_pairs": "1"}


def test_a_file_of_something_else_is_refused(tmp_path):
    with pytest.raises(DataError) as caught:
        load_commuting(write(tmp_path, ["CODGEO;DCLT;POP", "01001;01002;5"]), year=2022)
    assert [problem.code for problem in caught.value.problem_list] == ["sources_column_missing"]
