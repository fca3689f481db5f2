"""Texts, numbers and dates as each language writes them."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from toolkit import language
from toolkit.errors import Problem, SettingsError
from toolkit.language import number, percent, text

THIN = "\N{NARROW NO-BREAK SPACE}"


@pytest.mark.parametrize(
    "value, digits, french, english",
    [
        (1234567.0, None, f"1{THIN}234{THIN}567", "1,234,567"),
        (1234.5, 1, f"1{THIN}234,5", "1,234.5"),
        (12.345, None, "12,3", "12.3"),
        (1.234, None, "1,23", "1.23"),
        (1.5, None, "1,5", "1.5"),
        (100.4, None, "100", "100"),
        (0.0, None, "0", "0"),
        (-0.0, None, "0", "0"),
        (-0.001, None, "0", "0"),
        (-0.04, 1, "0,0", "0.0"),
        (-3.5, None, "-3,5", "-3.5"),
        (float("nan"), None, "–", "–"),
        (2, 2, "2,00", "2.00"),
    ],
)
def test_numbers(value, digits, french, english):
    assert number(value, lang="fr", digits=digits) == french
    assert number(value, lang="en", digits=digits) == english


def test_percentages():
    assert percent(0.256, lang="fr") == f"26{THIN}%"
    assert percent(0.256, lang="en", digits=1) == "25.6%"
    assert percent(float("nan"), lang="fr") == "–"


def test_dates_and_lists():
    assert language.date(dt.date(2026, 11, 22), lang="fr") == "22 novembre 2026"
    assert language.date(dt.date(2026, 11, 22), lang="en") == "22 November 2026"
    assert language.listing(["a", "b", "c"], lang="fr") == "a, b et c"
    assert language.listing(["a", "b"], lang="en") == "a and b"
    assert language.listing([], lang="fr") == ""


def test_unknown_languages_and_texts_are_mistakes_of_the_caller():
    with pytest.raises(KeyError):
        text("enum.family.ess", lang="de")
    with pytest.raises(KeyError):
        text("no.such.text", lang="fr")
    assert not language.has_text("no.such.text", lang="fr")


@pytest.mark.parametrize("hostile", ["{{7*7}}", "{0}", "{name!r}", "%(x)s", "${x}", "</script>"])
def test_values_are_put_in_as_text_and_never_read_as_a_format(hostile):
    assert hostile in text("problem.row", lang="fr", row=hostile)


@pytest.mark.parametrize("value", [1234, np.int64(1234), np.float64(1234.0)])
def test_numbers_in_texts_are_written_as_the_language_does(value):
    assert text("problem.row", lang="fr", row=value) == f"ligne 1{THIN}234"
    assert text("problem.row", lang="en", row=value) == "row 1,234"


def test_plural_forms_follow_the_language(monkeypatch):
    words = {"n.one": "{count} acteur", "n.other": "{count} acteurs"}
    monkeypatch.setattr(language, "catalogue", lambda lang: words)  # noqa: ARG005
    assert [text("n", lang="fr", count=count) for count in (0, 1, 2)] == [
        "0 acteur",
        "1 acteur",
        "2 acteurs",
    ]
    assert [text("n", lang="en", count=count) for count in (0, 1, 2)] == [
        "0 acteurs",
        "1 acteur",
        "2 acteurs",
    ]


def test_a_text_given_twice_is_refused():
    texts = {}
    language._flatten({"a": {"b": "1"}}, prefix="", into=texts)
    assert texts == {"a.b": "1"}
    with pytest.raises(KeyError, match="given twice"):
        language._flatten({"a": {"b": "2"}}, prefix="", into=texts)


def test_labels_fall_back_on_the_code():
    assert language.enum_label("family", "ess", lang="fr") == "Économie sociale et solidaire"
    assert language.enum_label("family", "other", lang="fr") == "other"
    assert language.code_label("sectors", "energy", lang="en") == "Energy supply"
    assert language.table_label("nothing", lang="fr") == "nothing"
    assert language.column_label("actors", "no_such_column", lang="fr") == "no_such_column"


def test_a_problem_names_choices_tables_and_units_in_the_readers_language():
    choice = Problem(
        "unknown_choice",
        table="flows",
        column="nature",
        found="x",
        params={"of": "nature", "choices": "material, money"},
    )
    assert "Matière ; Argent" in language.problem_text(choice, lang="fr")
    assert "Material; Money" in language.problem_text(choice, lang="en")
    reference = Problem(
        "unknown_reference",
        table="flows",
        found="x",
        params={"tables": "actors, communes, outside"},
    )
    assert "Acteurs, Communes" in language.problem_text(reference, lang="fr")
    unit = Problem(
        "unit_dimension",
        table="needs",
        found="hour",
        params={"given_unit": "hour", "expected_units": "place, unit"},
    )
    assert "« heure »" in language.problem_text(unit, lang="fr")
    assert "place, unité." in language.problem_text(unit, lang="fr")
    assert "“hour”" in language.problem_text(unit, lang="en")


def test_a_problem_says_where_in_the_words_of_the_officer():
    problem = Problem(
        "negative_number", table="resources", row="7", found="-3", where="saisie.xlsx, Ressources"
    )
    assert language.problem_text(problem, lang="fr") == (
        "saisie.xlsx, Ressources, ligne 7 : -3 est négatif. Il faut zéro ou plus. "
        "Corrigez le nombre, ou videz la cellule s'il est inconnu."
    )
    assert language.problem_text(Problem("no_perimeter"), lang="en").startswith(
        "The territory has no commune."
    )


def test_the_bounds_of_a_setting_are_written_as_the_language_does():
    error = SettingsError(
        Problem(
            "setting_range",
            column="radius_km",
            found="0",
            params={"minimum": 0.1, "maximum": 500.0, "unit": "km"},
        )
    )
    (sentence,) = language.error_text(error, lang="fr")
    assert "de 0,1 à 500 km" in sentence
