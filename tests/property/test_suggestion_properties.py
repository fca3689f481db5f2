"""What must hold of suggested activities whatever the text."""

from __future__ import annotations

import unicodedata

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.knowledge.suggestion import suggest_activities, suggest_activity
from toolkit.knowledge.words import LEGAL_WORDS, STOP_WORDS, parts_of

WORDS = [
    "boulangerie",
    "pâtisserie",
    "garage",
    "menuiserie",
    "réparation",
    "vélos",
    "maison",
    "retraite",
    "crèche",
    "dupont",
    "atelier",
    "insertion",
    "recycling",
    "plant",
    "dairy",
    "farm",
    "association",
    "sportive",
    "collège",
    "éco",
    "zzyx",
]
TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6)
FEW = settings(max_examples=60, deadline=None)


def codes(words):
    return [(one.code, round(one.confidence, 9)) for one in suggest_activity(" ".join(words))]


@FEW
@given(TEXTS.flatmap(lambda words: st.tuples(st.just(words), st.permutations(words))))
def test_the_order_of_words_does_not_matter(pair):
    words, mixed = pair
    assert codes(words) == codes(mixed)


@FEW
@given(TEXTS)
def test_accents_and_case_do_not_matter(words):
    bare = [
        "".join(one for one in unicodedata.normalize("NFD", word) if not unicodedata.combining(one))
        for word in words
    ]
    assert codes(words) == codes([word.upper() for word in bare]) == codes(bare)


NAMING = {
    one for one in STOP_WORDS if any(part.named_after for part in parts_of(f"pizza {one} taxi"))
}
"""Small words after which something is named."""


@FEW
@given(TEXTS, st.sampled_from(sorted((STOP_WORDS | LEGAL_WORDS) - NAMING)), st.integers(0, 6))
def test_a_small_word_that_names_nothing_changes_nothing(words, stop, place):
    # Single letters in a row are read as an acronym.
    if len(stop) > 1:
        assert codes(words) == codes([*words[:place], stop, *words[place:]])


def test_articles_name_what_follows():
    assert {"du", "de", "la"} & NAMING == {"du", "la"}


@FEW
@given(TEXTS)
def test_a_word_said_twice_says_no_more(words):
    assert codes(words) == codes([*words, *words])


@FEW
@given(st.text(max_size=300))
def test_any_text_is_answered_the_same_twice(text):
    first = suggest_activity(text)
    assert first == suggest_activity(text)
    assert len(first) <= 3
    for one in first:
        assert 0 <= one.confidence <= 1
        assert abs(sum(share for _, share in one.words) - 1) < 1e-9


@FEW
@given(st.lists(st.text(max_size=30), max_size=8))
def test_rows_do_not_see_each_other(texts):
    frame = pd.DataFrame({"name": pd.Series(texts, dtype="object")})
    forward = suggest_activities(frame)
    backward = suggest_activities(frame[::-1])
    pd.testing.assert_frame_equal(forward, backward.loc[frame.index])
