"""The table of usual words, the counts of real names, and what they make together."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from toolkit import nomenclature
from toolkit.knowledge.evidence import (
    evidence,
    feature_of,
    find_features,
    label_rows,
    log_prior,
    pulls,
    table_rows,
    tree,
)
from toolkit.knowledge.words import LEGAL_WORDS, STOP_WORDS, parts_of, segments_of, stem
from toolkit.resources import shipped

FOLDER = shipped("data", "knowledge")


def rows(name):
    with (FOLDER / name).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def test_words_are_plain_sorted_and_stand_once():
    raw = (FOLDER / "activity_words.csv").read_bytes()
    assert not raw.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in raw
    found = [(one["words"], one["language"], one["code"]) for one in rows("activity_words.csv")]
    assert found == sorted(set(found))


def test_words_bear_codes_that_exist_and_weights():
    known = nomenclature.codes(nomenclature.NAF_REV2)
    for one in rows("activity_words.csv"):
        assert one["language"] in {"fr", "en"}
        assert one["source"] == "expert"
        assert one["words"] == one["words"].strip().lower()
        if one["code"]:
            assert one["code"] in known, one
            assert 1 <= int(one["weight"]) <= 20, one
        else:
            assert one["weight"] == "0"


def test_no_row_is_lost_to_words_that_are_left_out():
    for one in rows("activity_words.csv"):
        assert feature_of(one["words"]), one


def test_a_phrase_keeps_a_word_that_is_not_silent():
    _, silent = table_rows()
    for one in rows("activity_words.csv"):
        if one["code"] and " " in one["words"]:
            feature = feature_of(one["words"])
            assert " " in feature or feature not in silent, one


def test_counts_hold_no_word_that_few_bear_and_no_code_that_does_not_exist():
    known = nomenclature.codes(nomenclature.NAF_REV2)
    units = {}
    for one in rows("word_counts.csv"):
        assert one["code"] in known
        total = int(one["sirene"]) + int(one["numerique"])
        assert total > 0
        units[one["stem"]] = units.get(one["stem"], 0) + total
    assert min(units.values()) >= 5
    assert (FOLDER / "word_counts.csv").stat().st_size < 400_000


def test_confidence_has_a_rising_curve_for_each_level():
    found = {one["level"]: float(one["slope"]) for one in rows("suggestion_confidence.csv")}
    assert list(found) == ["division", "group", "class", "subclass"]
    assert min(found.values()) > 0


@pytest.mark.parametrize(
    "one,other",
    [
        ("boulangeries", "boulangerie"),
        ("travaux", "travaux"),
        ("chevaux", "cheval"),
        ("coiffeuse", "coiffeur"),
        ("sportive", "sportif"),
        ("bakeries", "bakery"),
        ("professionnelle", "professionnel"),
    ],
)
def test_stems_bring_forms_of_a_word_together(one, other):
    assert stem(one) == stem(other)


def test_stems_keep_words_apart():
    assert stem("boulanger") != stem("boulangerie")
    assert stem("bois") == "bois"
    assert stem("glass") == "glass"


def test_small_words_and_legal_forms_are_left_out():
    for word in STOP_WORDS | LEGAL_WORDS:
        assert segments_of(word) == (), word


def test_labels_without_what_they_exclude():
    told = {(word, code) for word, code, _ in label_rows()}
    assert ("riz", "01.12") in told
    assert ("riz", "01.11") not in told


def test_shares_of_a_word_add_up_to_one():
    known = evidence()
    drawn = pulls(known, range(0, len(known.features), 97)) + log_prior(known)
    assert np.exp(drawn).sum(axis=1) == pytest.approx(1.0)
    assert len(tree().leaves) == 732


def test_a_phrase_hides_its_words_and_a_beginning_serves_unknown_words():
    known = evidence()
    found = find_features(known, parts_of("Centre de formation d'apprentis")).shown
    assert list(found.values()) == ["centre formation apprentis"]
    found = find_features(known, parts_of("Plombissimo")).shown
    assert [known.features[at] for at in found] == ["plomb*"]


def test_words_of_different_parts_make_no_phrase():
    known = evidence()
    apart = find_features(known, parts_of("Maison. Jardin de retraite"))
    assert "maison retraite" not in apart.shown.values()


@pytest.mark.parametrize(
    "text,named",
    [
        ("Brasserie du Verger", {"verger": {"brasserie"}}),
        ("Brasserie de l'ancien verger", {"verger": {"brasserie"}, "ancien": {"brasserie"}}),
        ("Brasserie au Verger", {"verger": {"brasserie"}}),
        ("Brasserie le Verger", {"verger": {"brasserie"}}),
        ("Brewery at the Orchard", {"orchard": {"brewery"}}),
        ("Brasserie Durand du Verger", {"verger": {"brasserie", "durand"}}),
        ("Brasserie de verger", {}),
        ("Brasserie du verger d'olives", {"verger": {"brasserie"}, "olives": {"brasserie"}}),
        ("Le Verger Brasserie", {}),
        ("Du Verger Brasserie", {}),
        ("Brasserie et verger", {}),
        ("Brasserie du verger et verger", {}),
        ("Brasserie par le verger", {}),
        ("Brasserie, du verger", {}),
        ("Brasserie du 12 verger", {"verger": {"brasserie"}}),
    ],
)
def test_what_something_is_named_after(text, named):
    found = [
        {part.words[one]: {part.words[head] for head in heads} for one, heads in told.items()}
        for part in parts_of(text)
        if (told := part.named_after)
    ]
    assert found == ([named] if named else [])


def test_a_phrase_is_a_name_only_where_all_its_words_are():
    known = evidence()

    def named(text):
        found = find_features(known, parts_of(text))
        return {
            found.shown[at]: {found.shown[head] for head in heads}
            for at, heads in found.named_after.items()
        }

    assert named("Taxi de la maison de retraite") == {"maison retraite": {"taxi"}}
    assert named("Taxi et maison de la retraite") == {}
    assert named("Taxi de la grande école") == {"grande ecole": {"taxi"}}
    assert named("Maison de la presse") == {}
    assert named("Taxi de la gare. Parking et gare") == {}


def test_within_a_division_other_divisions_are_not_told_apart():
    known = evidence()
    at = [known.words[stem("port")]]
    inside = pulls(known, at, within="division")[0]
    leaves = list(tree().leaves)
    assert inside[leaves.index("52.22Z")] > inside[leaves.index("52.10A")]
    assert {inside[row] for row, leaf in enumerate(leaves) if leaf.startswith("56")} == {0.0}
    assert pulls(known, at)[0][leaves.index("56.10A")] < 0.0
