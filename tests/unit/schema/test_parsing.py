"""Raw tables, read by their contract."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from toolkit.schema import CONTRACTS, parse


def test_columns_are_typed_and_places_are_kept():
    raw = pd.DataFrame(
        {
            "jobs": ["1 200,5", None],
            "name": ["Ferme", "Forge"],
            "diffusible": ["oui", None],
            "maison": ["a", 1],
        },
        index=[4, 7],
    )
    parsed = parse("actors", raw, where="Acteurs")
    assert parsed.problems == ()
    assert list(parsed.frame.columns) == ["name", "jobs", "diffusible", "_row", "_where", "maison"]
    assert parsed.frame["jobs"].dtype == "float64"
    assert parsed.frame["diffusible"].dtype == "boolean"
    assert parsed.frame["maison"].tolist() == ["a", "1"]
    assert parsed.frame["_row"].tolist() == ["4", "7"]
    assert parsed.frame["_where"].tolist() == ["Acteurs", "Acteurs"]
    assert parsed.frame.index.tolist() == [0, 1]


def test_every_bad_cell_is_a_problem_with_its_place_and_becomes_missing():
    raw = pd.DataFrame(
        {"jobs": ["douze", 3], "family": ["ess", "martien"], "siret": ["1", None]}, index=[4, 9]
    )
    parsed = parse("actors", raw, where="saisie.xlsx, Acteurs")
    places = {
        (problem.row, problem.column, problem.code, problem.found) for problem in parsed.problems
    }
    assert places == {
        ("4", "jobs", "bad_number", "douze"),
        ("9", "family", "unknown_choice", "martien"),
        ("4", "siret", "identifier_length", "1"),
    }
    assert {problem.where for problem in parsed.problems} == {"saisie.xlsx, Acteurs"}
    assert np.isnan(parsed.frame["jobs"].iloc[0])
    assert pd.isna(parsed.frame["family"].iloc[1])


def test_blank_rows_are_left_out():
    raw = pd.DataFrame(
        {"name": ["a", None, "  ", "b"], "jobs": [None, np.nan, None, 1]}, index=[2, 3, 4, 5]
    )
    assert parse("actors", raw).frame["_row"].tolist() == ["2", "5"]


def test_notes_are_no_problems():
    parsed = parse("actors", pd.DataFrame({"commune_id": [1001]}))
    assert parsed.problems == ()
    assert [note.code for note in parsed.notes] == ["commune_zero_added"]
    assert parsed.frame["commune_id"].tolist() == ["01001"]


def test_a_column_that_stands_twice_is_told_and_the_first_is_read():
    raw = pd.DataFrame([["a", "b"]], columns=["name", "name"])
    parsed = parse("actors", raw)
    assert [problem.code for problem in parsed.problems] == ["duplicate_column"]
    assert parsed.frame["name"].tolist() == ["a"]


@pytest.mark.parametrize("table", list(CONTRACTS))
def test_an_empty_table_stays_empty_and_typed(table):
    contract = CONTRACTS[table]
    names = [column.name for column in contract.columns if column.kind != "geometry"]
    parsed = parse(table, pd.DataFrame(columns=names, dtype="object"))
    assert parsed.problems == ()
    for column in contract.columns:
        if column.kind != "geometry":
            assert parsed.frame[column.name].dtype == column.dtype


def test_an_unknown_table_is_a_mistake_of_the_caller():
    with pytest.raises(KeyError):
        parse("acteurs", pd.DataFrame())


def test_the_real_directory_of_old_codes_gets_back_its_zeros(shared_data):
    raw = pd.read_csv(shared_data / "autres" / "communes_lambert_hectometres_zero_perdu.csv")
    parsed = parse("actors", raw[["INSEE_COM"]].rename(columns={"INSEE_COM": "commune_id"}))
    assert parsed.problems == ()
    assert (
        len(parsed.notes) == int(raw["INSEE_COM"].map(lambda code: len(str(code)) == 4).sum()) > 0
    )
    assert parsed.frame["commune_id"].str.fullmatch(r"(\d{2}|2[AB])\d{3}").all()
