"""Whatever a person reads exists in both languages, and every code has its words."""

from __future__ import annotations

import ast
import string
import tomllib
from pathlib import Path

import pytest

from toolkit import language
from toolkit import vocabulary as v
from toolkit.errors import Problem, wordings
from toolkit.schema import CONTRACTS, identifiers

PACKAGE = Path(language.__file__).parent
LOCALES = PACKAGE / "locales"
FILES = sorted(
    {path.name for lang in language.LANGUAGES for path in (LOCALES / lang).glob("*.toml")}
)
ERROR_PARTS = {"found", "expected", "remedy"}
# French words that are often typed without their accents, and are no words that way.
BARE_WORDS = {
    "a-t-il",
    "acteurs-trices",
    "etre",
    "meme",
    "tres",
    "apres",
    "deja",
    "donnees",
    "numero",
    "periode",
}
BARE_WORDS |= {
    "quantite",
    "unite",
    "perimetre",
    "territoriale-s",
    "cooperation",
    "cooperations",
    "reglage",
    "reglages",
}
BARE_WORDS |= {
    "systeme",
    "reference",
    "verifiez",
    "energie",
    "societe",
    "economie",
    "proximite",
    "categorie",
    "ecart",
}


def texts(path):
    """Return the texts of a file by the path of their key."""

    def walk(tree, prefix):
        for name, value in tree.items():
            if isinstance(value, dict):
                yield from walk(value, f"{prefix}{name}.")
            else:
                yield f"{prefix}{name}", value

    return dict(walk(tomllib.loads(path.read_text(encoding="utf-8")), ""))


def placeholders(words):
    """Return the names of the placeholders of a text."""
    return {name for _, name, _, _ in string.Formatter().parse(words) if name is not None}


def used_codes():
    """Return every reason code written in the source, with a file that uses it."""
    used = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name == "Problem":
                found = [
                    *node.args[:1],
                    *(word.value for word in node.keywords if word.arg == "code"),
                ]
            elif name in {"Read", "add", "add_table"}:
                found = [word.value for word in node.keywords if word.arg == "code"] + node.args[:2]
            else:
                continue
            for one in found:
                if (
                    isinstance(one, ast.Constant)
                    and isinstance(one.value, str)
                    and (name == "Problem" or "_" in one.value)
                ):
                    used.setdefault(one.value, path.name)
    return used


@pytest.mark.parametrize("name", FILES)
def test_both_languages_have_the_same_texts_with_the_same_placeholders(name):
    french, english = (texts(LOCALES / lang / name) for lang in ("fr", "en"))
    assert list(french) == list(english)
    different = {key for key in french if placeholders(french[key]) != placeholders(english[key])}
    assert different == set()


@pytest.mark.parametrize("lang", language.LANGUAGES)
def test_no_text_and_no_code_is_given_twice(lang):
    seen = {}
    for path in sorted((LOCALES / lang).glob("*.toml")):
        keys = (
            tomllib.loads(path.read_text(encoding="utf-8"))
            if path.stem.startswith("errors")
            else texts(path)
        )
        for key in keys:
            assert seen.setdefault((path.stem.startswith("errors"), key), path.name) == path.name, (
                key
            )
    assert language.catalogue(lang)


@pytest.mark.parametrize("lang", language.LANGUAGES)
@pytest.mark.parametrize("name", FILES)
def test_no_text_is_empty_or_left_to_do(name, lang):
    for key, words in texts(LOCALES / lang / name).items():
        assert isinstance(words, str), key
        # What was only mended or left out is told, with nothing to expect and nothing to do.
        is_optional = name.startswith("errors") and key.endswith((".expected", ".remedy"))
        assert words.strip() or is_optional, key
        assert "TODO" not in words, key


@pytest.mark.parametrize("lang", language.LANGUAGES)
def test_every_reason_code_says_what_was_found_what_is_expected_and_what_to_do(lang):
    for code, words in wordings(lang).items():
        assert set(words) == ERROR_PARTS, code


@pytest.mark.parametrize("lang", language.LANGUAGES)
def test_every_reason_code_of_the_source_has_words(lang):
    used = used_codes()
    assert {"required_cell", "unknown_setting", "no_perimeter", "coordinates_swapped"} <= set(used)
    missing = {code: where for code, where in used.items() if code not in wordings(lang)}
    assert missing == {}


def test_every_reason_code_of_the_identifiers_has_words():
    codes = {
        value
        for value in vars(identifiers).values()
        if isinstance(value, str) and value.startswith(("identifier_", "sire"))
    }
    assert len(codes) == 7
    for lang in language.LANGUAGES:
        assert codes <= set(wordings(lang))


@pytest.mark.parametrize("lang", language.LANGUAGES)
def test_every_code_of_every_closed_list_has_a_label_of_its_own(lang):
    for name, codes in v.ENUMS.items():
        labels = [language.text(f"enum.{name}.{code}", lang=lang) for code in codes]
        assert len(set(labels)) == len(codes), name


@pytest.mark.parametrize("lang", language.LANGUAGES)
@pytest.mark.parametrize(
    "name, codes",
    [
        ("gap", v.OPENING_KINDS),
        ("partnership_type", v.PARTNERSHIP_TYPES),
        ("criterion", v.CRITERIA),
    ],
)
def test_every_kind_of_result_has_a_label(name, codes, lang):
    for code in codes:
        assert language.has_text(f"enum.{name}.{code}", lang=lang), code


@pytest.mark.parametrize("lang", language.LANGUAGES)
def test_every_table_and_every_column_filled_in_by_hand_has_a_header(lang):
    for table in v.TABLES:
        assert language.has_text(f"table.{table}", lang=lang)
    for table in v.WORKBOOK_TABLES:
        headers = [
            language.column_label(table, column.name, lang=lang)
            for column in CONTRACTS[table].columns
            if column.by_hand
        ]
        assert len(set(headers)) == len(headers)
        names = {column.name for column in CONTRACTS[table].columns if column.by_hand}
        bare = {name for name in names if language.column_label(table, name, lang="fr") == name}
        assert bare <= {"description"}, table


@pytest.mark.parametrize("name", FILES)
def test_french_is_written_with_its_accents(name):
    for key, words in texts(LOCALES / "fr" / name).items():
        plain = {
            word.strip(".,:;!?()«»\"'`").casefold() for word in words.replace("'", " ").split()
        }
        assert not plain & BARE_WORDS, (key, plain & BARE_WORDS)


@pytest.mark.parametrize("lang", language.LANGUAGES)
def test_a_problem_of_every_code_can_be_worded(lang):
    for code, words in wordings(lang).items():
        names = set().union(*(placeholders(part) for part in words.values())) - {"found", "column"}
        problem = Problem(
            code,
            table="actors",
            row="3",
            column="name",
            found="x",
            params=dict.fromkeys(names, "7"),
        )
        sentence = language.problem_text(problem, lang=lang)
        assert "{" not in sentence
        assert len(sentence) > 30
