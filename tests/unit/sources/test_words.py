"""Every reason code of the sources is worded in both languages, with the same placeholders."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path
from string import Formatter

import pytest

import toolkit
from toolkit.errors import wordings

PACKAGE = Path(toolkit.__file__).parent
PLACES = {"note": 0, "drop": 1, "fault": 0, "Problem": 0}
"""Where the reason stands among the arguments of the calls that name one."""
WORKED_OUT = {
    *(
        f"sources_amount_{kind}"
        for kind in ("framework", "placeholder", "doubtful", "repeated", "group")
    ),
    "sources_communes_merged",
    "sources_communes_split",
    "sources_not_in_passage",
    "sources_passage_not_followed",
}
"""Reasons whose name is put together, or kept for later, in the code."""


def own_words(lang: str) -> dict[str, dict[str, str]]:
    path = PACKAGE / "locales" / lang / "errors_sources.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def raised() -> set[str]:
    """Return the codes that the calls in the code name."""
    found = set(WORKED_OUT)
    for path in (PACKAGE / "sources").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            place = PLACES.get(name)
            if place is None or len(node.args) <= place:
                continue
            reason = node.args[place]
            if isinstance(reason, ast.Constant) and isinstance(reason.value, str):
                short = name in {"note", "drop"}
                found.add(f"sources_{reason.value}" if short else reason.value)
    return found


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_every_code_is_worded(lang):
    assert raised() - set(wordings(lang)) == set()


def test_no_wording_is_left_over():
    assert set(own_words("en")) - raised() == set()


def test_languages_have_the_same_codes_parts_and_placeholders():
    french, english = own_words("fr"), own_words("en")
    assert list(french) == list(english)
    for code, words in french.items():
        for part, sentence in words.items():
            fields = [
                {name for _, name, _, _ in Formatter().parse(text) if name}
                for text in (sentence, english[code][part])
            ]
            assert fields[0] == fields[1], code
            assert bool(sentence) == bool(english[code][part])
