"""SIREN and SIRET as people and spreadsheets write them."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from toolkit.schema import identifiers

SIRET = "73282932000074"
NBSP, THIN = "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"


@pytest.mark.parametrize(
    "cell",
    [
        SIRET,
        f" {SIRET} ",
        "732 829 320 00074",
        f"732{NBSP}829{NBSP}320{NBSP}00074",
        f"732{THIN}829{THIN}320{THIN}00074",
        "732.829.320.00074",
        "732-829-320-00074",
        f"{SIRET}.0",
        f"{SIRET},00",
        int(SIRET),
        float(SIRET),
        np.int64(SIRET),
        np.float64(SIRET),
        Decimal(SIRET),
        "7.3282932000074E13",
        "7,3282932000074e+13",
        f"\ufeff{SIRET}",
    ],
)
def test_a_siret_is_read_through_its_dress(cell):
    assert identifiers.clean_siret(cell) == (SIRET, None)


@pytest.mark.parametrize(
    "cell", [None, float("nan"), pd.NA, pd.NaT, "", "  ", "[ND]", "NR", "n.c.", "-", NBSP]
)
def test_an_empty_cell_is_no_fault(cell):
    assert identifiers.clean_siret(cell) == (None, None)
    assert identifiers.clean_siren(cell) == (None, None)


@pytest.mark.parametrize(
    "cell, code",
    [
        ("7.32829E+13", "identifier_rounded"),
        ("7,33E13", "identifier_rounded"),
        (36750100000000, "identifier_rounded"),
        (36750100000000.0, "identifier_rounded"),
        ("36750100000000", "identifier_rounded"),
        (7.328293200007412e19, "identifier_rounded"),
        ("73282932000075", "identifier_checksum"),
        ("732829320", "siret_is_siren"),
        ("7328293200007", "identifier_length"),
        ("1", "identifier_length"),
        (1, "identifier_length"),
        ("12000416140001300", "identifier_length"),
        ("00000000000000", "identifier_checksum"),
        ("12 rue de la Paix", "identifier_characters"),
        (True, "identifier_characters"),
        (-73282932000074, "identifier_characters"),
        (float("inf"), "identifier_characters"),
        (732829320.5, "identifier_characters"),
        ("٧٣٢٨٢٩٣٢٠٠٠٠٧٤", "identifier_characters"),
    ],
)
def test_a_siret_that_cannot_be_trusted_is_flagged_and_never_mended(cell, code):
    assert identifiers.clean_siret(cell) == (None, code)


def test_la_poste_follows_the_sum_of_digits_and_its_head_office_luhn_too():
    # 3+5+6+4+9+8+3+7 = 45, a multiple of 5, and not a Luhn number.
    assert not identifiers.is_luhn("35600000049837")
    assert identifiers.clean_siret("356 000 000 49837") == ("35600000049837", None)
    assert identifiers.clean_siret("35600000049838") == (None, "identifier_checksum")
    assert identifiers.is_luhn("35600000000048")
    assert identifiers.clean_siret("35600000000048") == ("35600000000048", None)
    # The exception is La Poste's alone: the digits of this one add up to 40, but it breaks Luhn.
    other = "73282932000022"
    assert sum(map(int, other)) % 5 == 0
    assert identifiers.clean_siret(other) == (None, "identifier_checksum")


def test_a_lost_leading_zero_is_proposed_but_not_put_back():
    assert identifiers.clean_siret("6450308900084") == (None, "identifier_lost_zero")
    assert identifiers.with_lost_zero("6450308900084", length=14) == "06450308900084"
    assert identifiers.clean_siren(38748828) == (None, "identifier_lost_zero")
    assert identifiers.with_lost_zero(38748828, length=9) == "038748828"
    assert identifiers.with_lost_zero("732829320", length=9) == ""
    assert identifiers.with_lost_zero("1", length=14) == ""


def test_a_siren_is_told_from_a_siret():
    assert identifiers.clean_siren("732 829 320") == ("732829320", None)
    assert identifiers.clean_siren(SIRET) == (None, "siren_is_siret")
    assert identifiers.clean_siren("732829321") == (None, "identifier_checksum")
    assert identifiers.clean_siren("000000000") == (None, "identifier_checksum")


def test_a_siret_holds_a_siren():
    # Passes Luhn as a whole, but 732829321 is no SIREN.
    digits = next(
        f"73282932100{tail:03d}"
        for tail in range(1, 1000)
        if identifiers.is_luhn(f"73282932100{tail:03d}")
    )
    assert identifiers.clean_siret(digits) == (None, "identifier_checksum")


def test_the_vectorised_check_agrees_with_the_reading_of_single_cells():
    cells = pd.Series(
        [SIRET, "73282932000075", "35600000049837", "35600000049838", None, "1", "", "732829320"]
        + [f"732829320{tail:05d}" for tail in range(120)]
        + [f"356000000{tail:05d}" for tail in range(120)]
        + ["00000000000000", "٧٣٢٨٢٩٣٢٠٠٠٠٧٤", "7328293200007\n"],
        dtype="str",
        index=range(100, 351),
    )
    expected = cells.map(lambda cell: isinstance(cell, str) and not identifiers.is_siret(cell))
    assert identifiers.invalid_sirets(cells).tolist() == expected.tolist()
    assert identifiers.invalid_sirets(cells).index.equals(cells.index)


def test_real_sirets_are_accepted_and_the_damaged_ones_flagged(shared_data):
    path = shared_data / "autres" / "aidants_connect_siret_sales_2021.csv"
    cells = pd.read_csv(path, dtype="str", keep_default_na=False)["SIRET"]
    codes = cells.map(lambda cell: identifiers.clean_siret(cell)[1] or "").value_counts().to_dict()
    assert codes == {
        "": 3289,
        "identifier_length": 80,
        "siret_is_siren": 24,
        "identifier_checksum": 14,
    }


def test_real_sirets_that_a_spreadsheet_rounded_are_found(shared_data):
    path = shared_data / "national" / "siae_geocodees_2021_02.csv"
    text = path.read_text(encoding="utf-8-sig")
    separator = max(",;", key=text.splitlines()[0].count)
    cells = pd.read_csv(path, dtype="str", keep_default_na=False, sep=separator)["siret"]
    rounded = cells[
        cells.map(lambda cell: identifiers.clean_siret(cell)[1] == "identifier_rounded")
    ]
    assert sorted(rounded) == ["38269518700000", "80487601900000"]
