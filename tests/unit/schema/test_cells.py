"""Single cells, read by the contract of their column."""

# ruff: noqa: DTZ001 - the dates of a spreadsheet have no time zone

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from toolkit import language
from toolkit import vocabulary as v
from toolkit.schema import CONTRACTS
from toolkit.schema.cells import Read, parse_number, read
from toolkit.workbook.choices import entries

NBSP, THIN = "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"


def value(table, column, cell):
    found = read(cell, CONTRACTS[table].column(column))
    assert found.code == "", found
    return found.value


def code(table, column, cell):
    found = read(cell, CONTRACTS[table].column(column))
    assert found.value is None
    return found.code


@pytest.mark.parametrize(
    "words, number",
    [
        ("12", 12.0),
        ("12,5", 12.5),
        ("12.5", 12.5),
        ("1 234,5", 1234.5),
        (f"1{NBSP}234", 1234.0),
        (f"1{THIN}234{THIN}567", 1_234_567.0),
        ("1'234", 1234.0),
        ("1.234,5", 1234.5),
        ("1,234.5", 1234.5),
        ("1.234.567", 1_234_567.0),
        ("1,234,567", 1_234_567.0),
        ("1,234", 1.234),
        ("\N{MINUS SIGN}3", -3.0),
        ("+7", 7.0),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("12 t", None),
        ("1.2.3", None),
        ("1,2,3", None),
        ("1,234.567,8", None),
        ("12..5", None),
        ("nan", None),
        ("inf", None),
        ("1_000", None),
        ("0x10", None),
        ("١٢", None),
        ("", None),
        ("--1", None),
        ("1e", None),
    ],
)
def test_numbers_are_read_as_people_write_them(words, number):
    assert parse_number(words) == number


@pytest.mark.parametrize(
    "cell, reason",
    [
        ("12%", "percent_number"),
        ("12 tonnes", "bad_number"),
        (True, "bad_number"),
        (dt.datetime(2026, 1, 2), "bad_number"),
        (float("inf"), "not_finite"),
        ("1e999", "not_finite"),
        (10**400, "not_finite"),
        ("#REF!", "formula_error"),
        ("#VALEUR!", "formula_error"),
    ],
)
def test_what_is_no_number_is_refused_with_its_reason(cell, reason):
    assert code("resources", "quantity", cell) == reason


@pytest.mark.parametrize(
    "cell",
    [
        "n.c.",
        "NC",
        "non renseigné",
        "Non  Renseignée",
        "NR",
        "-",
        "–",
        "?",
        "",
        "  ",
        NBSP,
        None,
        np.nan,
        "N/A",
    ],
)
def test_words_for_unknown_are_an_empty_cell_and_not_zero(cell):
    assert read(cell, CONTRACTS["resources"].column("quantity")) == Read()
    assert read(cell, CONTRACTS["actors"].column("family")) == Read()


def test_whole_numbers():
    assert value("flows", "year", "2026") == 2026
    assert value("flows", "year", 2026.0) == 2026
    assert code("flows", "year", 2026.5) == "bad_integer"
    assert code("flows", "year", "vers 2020") == "bad_integer"
    assert code("flows", "year", 1e300) == "bad_integer"


@pytest.mark.parametrize(
    "cell", ["oui", "OUI", "O", "vrai", "Yes", "true", "1", 1, 1.0, True, "x", "X", np.True_]
)
def test_yes(cell):
    assert value("resources", "confidential", cell) is True


@pytest.mark.parametrize("cell", ["non", "Non", "faux", "no", "FALSE", "0", 0, 0.0, False, "n"])
def test_no(cell):
    assert value("resources", "confidential", cell) is False


def test_what_is_neither_yes_nor_no_is_refused():
    assert code("resources", "confidential", "peut-être") == "bad_boolean"
    assert code("resources", "confidential", 2) == "bad_boolean"


@pytest.mark.parametrize(
    "cell",
    [
        "2026-03-01",
        "01/03/2026",
        "1/3/2026",
        "01.03.2026",
        "2026-03-01T08:00:00",
        dt.date(2026, 3, 1),
        dt.datetime(2026, 3, 1, 8),
    ],
)
def test_dates_are_day_first_or_iso(cell):
    assert value("decisions", "due_date", cell) == "2026-03-01"


@pytest.mark.parametrize("cell", ["mars 2026", "31/02/2026", "03/26", "2026", 46_000, "1/3/26"])
def test_what_is_no_date_is_refused(cell):
    assert code("decisions", "due_date", cell) == "bad_date"


@pytest.mark.parametrize(
    "name, cells",
    [(name, codes) for name, codes in v.ENUMS.items()],
)
def test_every_code_and_label_of_every_closed_list_is_understood(name, cells):
    column = next(
        column
        for contract in CONTRACTS.values()
        for column in contract.columns
        if column.of == name and column.kind in {"enum", "enum_list"}
    )
    for one in cells:
        for words in (
            one,
            one.upper(),
            *(language.enum_label(name, one, lang=lang) for lang in ("fr", "en")),
        ):
            assert read(words, column) == Read(one)
            assert read(f"  {words.upper()} ", column) == Read(one)


def test_an_unknown_choice_names_the_choices_and_the_closest():
    found = read("entreprise privé", CONTRACTS["actors"].column("family"))
    assert found.code == "unknown_choice"
    assert found.params["suggestion"] == "entreprise privee"
    assert found.params["choices"] == "business, civil, ess, public, research"


@pytest.mark.parametrize(
    "cell", ["0111Z", "01.11Z", "01.11 Z", "01.11z", " 01 11 Z", "01.11Z - Culture de céréales"]
)
def test_activities_are_read_in_every_usual_spelling(cell):
    assert value("actors", "activity", cell) == "01.11Z"


def test_a_label_borne_by_a_class_and_its_only_part_means_the_part():
    assert value("actors", "activity", "Culture du riz") == "01.12Z"


def test_an_unknown_activity_gets_the_closest_label():
    found = read("Culture du ri", CONTRACTS["actors"].column("activity"))
    assert (found.code, found.params["suggestion"]) == ("unknown_code_close", "culture du riz")
    assert code("actors", "activity", "zzzzzz") == "unknown_code"


def test_codes_that_a_spreadsheet_took_for_numbers():
    assert value("actors", "legal_form", 9220.0) == "9220"
    assert value("actors", "jobs_band", 1) == "01"
    assert value("actors", "jobs_band", "nn") == "NN"


@pytest.mark.parametrize(
    "cell, unit",
    [("Tonnes", "t"), ("m²", "m2"), ("kwh", "kWh"), ("heures", "hour"), ("€", "EUR")],
)
def test_units_are_read_by_symbol_name_and_alias(cell, unit):
    assert value("resources", "unit", cell) == unit


@pytest.mark.parametrize(
    "cell",
    [
        "facilitator|funder",
        "facilitator; funder",
        "facilitator,funder",
        "Animateur, tiers de confiance; Financeur",
        "Animateur, tiers de confiance, Financeur",
        "animateur, tiers de confiance\nfinanceur",
        "facilitator|funder|facilitator",
    ],
)
def test_lists_are_split_at_every_separator_but_not_inside_a_label(cell):
    assert value("actors", "roles", cell) == "facilitator|funder"


def test_a_list_with_one_unknown_part_is_refused_and_the_part_is_named():
    found = read("Financeur; Roi", CONTRACTS["actors"].column("roles"))
    assert (found.code, found.params["part"]) == ("unknown_choice", "Roi")


def test_commune_codes_get_back_their_zero_and_the_user_is_told():
    column = CONTRACTS["actors"].column("commune_id")
    assert read(1001, column) == Read("01001", "commune_zero_added", {"value": "01001"})
    assert read("1001", column).value == "01001"
    assert value("actors", "commune_id", "2a004") == "2A004"
    assert value("actors", "commune_id", 12145.0) == "12145"
    assert value("actors", "commune_id", "Millau") == "Millau"


@pytest.mark.parametrize(
    "cell",
    [
        "outside",
        "Extérieur",
        "à l'extérieur",
        "HORS TERRITOIRE",
        "À l\N{RIGHT SINGLE QUOTATION MARK}extérieur",
    ],
)
def test_the_outside_has_several_names(cell):
    assert value("flows", "origin", cell) == "outside"


def test_links():
    assert value("practices", "link", " https://exemple.fr/a?b=1 ") == "https://exemple.fr/a?b=1"
    assert value("practices", "link", "www.exemple.fr/page") == "https://www.exemple.fr/page"
    for cell in (
        "javascript:alert(1)",
        "voir le site",
        "data:text/html,x",
        'https://x.fr/"><script>',
    ):
        assert code("practices", "link", cell) == "bad_url"


def test_a_text_is_kept_letter_for_letter():
    for words in ("NR", "-", "n.c.", "#REF!", " bord ", "{{7*7}}", "=1+1", "a\nb", "1,5"):
        assert value("actors", "description", words) == words
    assert value("actors", "description", 75001.0) == "75001"
    assert value("actors", "description", dt.datetime(2026, 1, 31)) == "2026-01-31"
    assert value("actors", "description", True) == "true"


@pytest.mark.parametrize(
    "cell, expected",
    [
        ("47.79Z", "47.79Z"),
        ("4779z; 95.29 Z", "47.79Z|95.29Z"),
        (" 47.79Z |95.29Z|47.79Z\n", "47.79Z|95.29Z"),
        ("47.79Z, 95.29Z", "47.79Z|95.29Z"),
        ("47.79Z - Commerce, en boutique; 95.29Z - Réparation", "47.79Z|95.29Z"),
        ("47.79Z - Vente, 95.29Z - Réparation", "47.79Z|95.29Z"),
        (
            "Apprêt et tannage des cuirs ; préparation et teinture des fourrures; 47.79Z",
            "15.11Z|47.79Z",
        ),
        ("01.11Y|47.79Z", "01.11Y|47.79Z"),
    ],
)
def test_several_activities_in_a_cell(cell, expected):
    assert value("actors", "other_activities", cell) == expected


@pytest.mark.parametrize("cell", ["47.79Z; 99.99X", "47,79Z", "47.79Z 95.29Z", "brocante; 47.79Z"])
def test_one_activity_that_is_none_refuses_the_cell(cell):
    assert code("actors", "other_activities", cell).startswith("unknown_code")


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize("separator", ["; ", "|", "\n"])
def test_entries_of_a_list_are_read_back_side_by_side(separator, lang):
    """Some labels hold the very marks that part the entries."""
    for table, name in (
        ("actors", "other_activities"),
        ("actors", "sectors"),
        ("actors", "pillars"),
        ("actors", "roles"),
    ):
        column = CONTRACTS[table].column(name)
        words = entries(column.of, lang=lang)
        codes = list(words)
        for one, other in zip(codes, codes[1:] + codes[:1], strict=True):
            found = value(table, name, f"{words[one]}{separator}{words[other]}")
            assert found == v.join_list([one, other])


def test_a_long_cell_is_read_in_time():
    assert value("actors", "other_activities", "38.32Z," * 1400) == "38.32Z"
    assert value("actors", "other_activities", ";" * 9_000 + "38.32Z") == "38.32Z"


def test_a_code_behind_another_with_its_label_is_not_lost():
    """Roles: what stands behind a bracket was lost with all that followed."""
    funder = language.enum_label("role", "funder", lang="fr")
    network = language.enum_label("role", "network", lang="fr")
    assert value("actors", "roles", f"{funder} (régional), {network}") == "funder|network"
