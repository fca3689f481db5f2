"""Questions and answers."""

from __future__ import annotations

import pandas as pd
import pytest

from toolkit.errors import DataError
from toolkit.language import LANGUAGES, has_text, text
from toolkit.linkage import apply_answers, find_pairs, review_table
from toolkit.linkage.pairs import REASONS, ZONES
from toolkit.linkage.review import REVIEW_COLUMNS


@pytest.fixture
def pairs(record):
    left = record({"name": "Ateliers Vauquelin", "postcode": "76200"})
    right = record(
        {"name": "Ateliers Vauquelin Intérim", "postcode": "76200"},
        {"name": "Vauquelin", "postcode": "76200"},
    )
    found = find_pairs(left, right)
    assert found["zone"].tolist() == ["ask", "ask"]
    return found


def answers(*rows):
    return pd.DataFrame(rows, columns=["left_id", "right_id", "answer"])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_questions_say_why(pairs, lang):
    table = review_table(pairs, lang=lang)
    assert list(table.columns) == list(REVIEW_COLUMNS)
    assert table["probability"].is_monotonic_decreasing
    assert table["why"].str.contains(text("linkage.reason.postcode", lang=lang)).all()
    assert table["answer"].tolist() == ["", ""]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_code_has_words(lang):
    for code in REASONS:
        assert has_text(f"linkage.reason.{code}", lang=lang), code
    for zone in ZONES:
        assert has_text(f"linkage.zone.{zone}", lang=lang), zone


def test_an_answered_pair_is_not_asked_again(pairs):
    told = apply_answers(pairs, answers(("r0", "r1", " Same "), ("r0", "r0", "different")))
    zones = told.set_index("right_id")[["zone", "probability"]]
    assert zones.loc["r1"].tolist() == ["same", 1.0]
    assert zones.loc["r0"].tolist() == ["different", 0.0]
    assert told["reasons"].str.endswith("answered").all()
    assert review_table(told, lang="fr").empty


def test_an_answer_holds_either_way_round_and_twice(pairs):
    told = apply_answers(pairs, answers(("r1", "r0", "same")))
    again = apply_answers(told, answers(("r0", "r1", "same"), ("r1", "r0", "same")))
    assert again.equals(told)


def test_an_answer_outlives_a_search_that_misses_the_pair(pairs):
    told = apply_answers(pairs, answers(("r0", "z", "same")))
    added = told.iloc[-1]
    assert (added["left_id"], added["right_id"], added["zone"]) == ("r0", "z", "same")
    assert told.dtypes.equals(pairs.dtypes)


def test_no_answer_changes_nothing(pairs):
    assert apply_answers(pairs, answers(("r0", "r1", None), ("r0", "r0", ""))).equals(pairs)
    assert apply_answers(pairs.iloc[:0], answers()).empty


def test_faults_of_answers_are_told_at_once(pairs):
    given = answers(("r0", "r1", "same"), ("r1", "r0", "different"), ("r0", "r0", "oui"))
    with pytest.raises(DataError) as caught:
        apply_answers(pairs, given)
    assert list(caught.value.problems["code"]) == ["linkage_answered_twice", "linkage_answer"]
    with pytest.raises(DataError) as caught:
        apply_answers(pairs, pd.DataFrame({"left_id": []}))
    assert list(caught.value.problems["found"]) == ["right_id", "answer"]
