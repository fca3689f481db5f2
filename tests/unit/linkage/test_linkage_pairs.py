"""Pairs: identifiers first, then name and place; figures by hand."""

from __future__ import annotations

import math

import pytest

from tests.unit.linkage.conftest import OTHER_SIRET, SIRET, SISTER_SIRET
from toolkit.errors import UsageError
from toolkit.linkage import find_duplicates, find_pairs
from toolkit.linkage.comparing import rarities
from toolkit.linkage.model import BASE, WEIGHTS
from toolkit.linkage.pairs import PAIR_COLUMNS
from toolkit.linkage.records import to_records
from toolkit.linkage.words import COMMON_WORDS, PRIOR_NAMES

DIEPPE = {"postcode": "76200", "city": "Dieppe"}


def only(pairs):
    assert len(pairs) == 1, pairs.to_string()
    return pairs.iloc[0]


def test_equal_sirets_are_one_actor_whatever_the_names(record):
    found = only(find_pairs(record({"siret": SIRET}), record({"siret": SIRET, "name": "[ND]"})))
    assert (found["probability"], found["zone"]) == (1.0, "same")
    assert found["reasons"].startswith("same_siret")


@pytest.mark.parametrize("other", [OTHER_SIRET, SISTER_SIRET])
def test_two_sirets_are_never_paired(record, other):
    left, right = record({"siret": SIRET, **DIEPPE}), record({"siret": other, **DIEPPE})
    assert find_pairs(left, right).empty


def test_a_siren_needs_the_commune(record):
    left = record({"siren": SIRET[:9], "commune_id": "76217", "name": "Un"})
    here = record({"siret": SIRET, "commune_id": "76217", "name": "Deux"})
    there = record({"siret": SIRET, "commune_id": "76351", "name": "Deux"})
    found = only(find_pairs(left, here))
    assert (found["zone"], found["reasons"].split("|")[0]) == ("same", "same_siren")
    assert find_pairs(left, there).empty


def test_a_siren_with_two_establishments_in_the_commune_is_asked(record):
    left = record({"siren": SIRET[:9], "commune_id": "76217"})
    right = record(
        {"siret": SIRET, "commune_id": "76217"}, {"siret": SISTER_SIRET, "commune_id": "76217"}
    )
    found = find_pairs(left, right)
    assert found["zone"].tolist() == ["ask", "ask"]
    assert found["reasons"].str.contains("several_establishments").all()


def test_rna_numbers_decide_both_ways(record):
    left = record({"rna": "W761000001", **DIEPPE})
    same = find_pairs(left, record({"rna": "w761000001", "name": "Autre"}))
    assert only(same)["reasons"].startswith("same_rna")
    assert find_pairs(left, record({"rna": "W761000002", **DIEPPE})).empty


def test_the_id_may_hold_the_rna_number(record):
    left = record({"actor_id": "rna:W761000001"})
    right = record({"rna": "W761000001", "name": "Autre"})
    assert only(find_pairs(left, right))["reasons"].startswith("same_rna")


def test_natural_persons_are_never_linked_by_name(record):
    left = record({"name": "Jean Dupont", "natural_person": True, **DIEPPE})
    right = record({"name": "Jean Dupont", "natural_person": True, "siret": SIRET, **DIEPPE})
    assert find_pairs(left, right).empty
    linked = find_pairs(left.assign(siret=SIRET), right)
    assert only(linked)["zone"] == "same"


def test_probability_is_the_sum_of_the_weights_by_hand(record):
    left = record({"name": "Association Tricentris", "address": "3 rue Haute", **DIEPPE})
    right = record({"name": "TRICENTRIS", "address": "3 R HAUTE", **DIEPPE})
    odds = (
        BASE
        + WEIGHTS["name"]["same"]
        + WEIGHTS["part"]["whole"]
        + WEIGHTS["rare"]["rare"]
        + WEIGHTS["street"]["number"]
        + WEIGHTS["place"]["town"]
    )
    found = only(find_pairs(left, right))
    assert found["probability"] == pytest.approx(1 / (1 + math.exp(-odds)), abs=1e-4)
    assert found["reasons"] == "name_same|name_part|rare_word|address|town"
    assert found["left_place"] == "3 rue Haute, 76200 Dieppe"


def test_rarity_by_hand(record):
    left = to_records(record({"name": "Maison Tricentris"}), where="left")
    right = to_records(record({"name": "Tricentris"}), where="right")
    found = rarities(left, right)
    names = 2 + PRIOR_NAMES
    assert found["tricentri"] == pytest.approx(-math.log(2 / names))
    maison = 1 + PRIOR_NAMES * COMMON_WORDS["maison"]
    assert found["maison"] == pytest.approx(-math.log(maison / names))


def test_a_shared_rare_word_counts_more_than_a_common_one(record):
    right = record({"name": "Tricentris Services", **DIEPPE})
    rare = find_pairs(record({"name": "Tricentris Emploi", **DIEPPE}), right, lowest=0)
    common = find_pairs(record({"name": "Emploi Services", **DIEPPE}), right, lowest=0)
    assert only(rare)["probability"] > only(common)["probability"]


def test_a_slip_of_the_keyboard_is_not_a_common_word_more(record):
    right = record({"name": "Ateliers Vauquelin", "address": "3 rue Haute", **DIEPPE})
    slip = record({"name": "ATELIERS VAUQELIN", "address": "3 rue Haute", **DIEPPE})
    more = record({"name": "Ateliers Vauquelin Intérim", "address": "3 rue Haute", **DIEPPE})
    found = [only(find_pairs(left, right))["probability"] for left in (slip, more)]
    assert found[0] > 0.9 > found[1]


def test_two_public_bodies_are_at_most_asked(record):
    place = {"address": "3 rue Haute", "latitude": 49.92, "longitude": 1.08, **DIEPPE}
    left = record({"name": "CIAS Tricentris Varenne Scie Vauquelin", **place})
    right = record({"name": "CC Tricentris Varenne Scie Vauquelin", **place})
    found = only(find_pairs(left, right, same_from=0.5))
    assert found["probability"] > 0.5
    assert found["zone"] == "ask"
    assert "body_different" in found["reasons"].split("|")


def test_figures_are_no_slip(record):
    left = record({"name": "Ecole maternelle 1", **DIEPPE})
    right = record({"name": "Ecole maternelle 2", **DIEPPE})
    assert "same" not in set(find_pairs(left, right)["zone"])


def test_distance_by_hand(record):
    # One hundredth of a degree of latitude on a sphere of 6,371,008.8 m: 1,111.95 m.
    left = record({"latitude": 49.90, "longitude": 1.0, **DIEPPE})
    right = record({"latitude": 49.91, "longitude": 1.0, **DIEPPE})
    assert only(find_pairs(left, right, lowest=0))["distance_m"] == 1112


def test_the_same_name_elsewhere_is_another_actor(record):
    left = record({"name": "La Ruche", "postcode": "76200"})
    right = record({"name": "La Ruche", "postcode": "33000"})
    assert "same" not in set(find_pairs(left, right)["zone"])


def test_rivals_are_asked(record):
    left = record({"name": "Tricentris", "postcode": "76200"})
    right = record(
        {"name": "Tricentris", "siret": SIRET, "postcode": "76200"},
        {"name": "Tricentris", "siret": SISTER_SIRET, "postcode": "76200"},
    )
    alone = find_pairs(left, right.iloc[:1])
    both = find_pairs(left, right)
    assert only(alone)["zone"] == "same"
    assert both["zone"].tolist() == ["ask", "ask"]
    assert both["reasons"].str.endswith("rival").all()


def test_a_rival_that_is_clearly_behind_leaves_the_first_sure(record):
    place = {"postcode": "76200", "city": "Dieppe", "name": "Tricentris"}
    left = record({**place, "address": "3 rue Haute"})
    right = record(
        {**place, "siret": SIRET, "address": "3 rue Haute"},
        {**place, "siret": SISTER_SIRET, "address": ""},
    )
    found = find_pairs(left, right).set_index("right_id")["zone"]
    assert found.to_dict() == {"r0": "same", "r1": "different"}
    unknown = right.assign(siret=[SIRET, None])
    found = find_pairs(left, unknown).set_index("right_id")["zone"]
    assert found.to_dict() == {"r0": "same", "r1": "ask"}


def test_several_unnumbered_duplicates_are_no_rivals(record):
    row = {"name": "Tricentris", **DIEPPE}
    found = find_duplicates(record(row, row, row))
    assert found["zone"].tolist() == ["same"] * 3
    assert list(zip(found["left_id"], found["right_id"], strict=True)) == [
        ("r0", "r1"),
        ("r0", "r2"),
        ("r1", "r2"),
    ]


def test_rivals_of_one_frame_are_seen_from_both_ends(record):
    row = {"name": "Tricentris", **DIEPPE}
    actors = record(
        {**row, "actor_id": "a", "siret": SIRET},
        {**row, "actor_id": "b"},
        {**row, "actor_id": "c", "siret": SISTER_SIRET},
    )
    found = find_duplicates(actors)
    assert list(zip(found["left_id"], found["right_id"], found["zone"], strict=True)) == [
        ("a", "b", "ask"),
        ("b", "c", "ask"),
    ]


def test_an_acronym_is_found(record):
    left = record({"name": "Union Locale Mutualiste Solidaire", **DIEPPE})
    found = only(find_pairs(left, record({"name": "ULMS", **DIEPPE}), lowest=0))
    assert "acronym" in found["reasons"].split("|")


def test_another_name_helps(record):
    left = record({"name": "Tricentris", **DIEPPE})
    right = record({"name": "SCIC Valeurs du Nord", "other_name": "TRICENTRIS", **DIEPPE})
    assert only(find_pairs(left, right))["zone"] == "same"


def test_nothing_to_compare(record):
    empty = record({}).iloc[:0]
    for found in (
        find_pairs(empty, record({})),
        find_pairs(record({}), empty),
        find_duplicates(empty),
    ):
        assert found.empty
        assert list(found.columns) == list(PAIR_COLUMNS)


@pytest.mark.parametrize("bounds", [(0.9, 0.8, 0.95), (0.1, 0.9, 0.5), (-1, 0.1, 0.8)])
def test_bounds_in_order(record, bounds):
    lowest, ask, same = bounds
    with pytest.raises(UsageError) as caught:
        find_pairs(record({}), record({}), lowest=lowest, ask_from=ask, same_from=same)
    assert caught.value.code == "linkage_bounds"


def test_a_key_of_too_many_pairs_is_not_followed(record, monkeypatch):
    monkeypatch.setattr("toolkit.linkage.blocking.WIDEST_KEY", 3)
    monkeypatch.setattr("toolkit.linkage.blocking.WIDEST_RARE", 3)
    row = {"name": "Tricentris", "postcode": "76200"}
    assert find_pairs(record(row, row), record(row, row)).empty
    assert len(find_pairs(record(row), record(row, row))) == 2


def test_portions_change_nothing(record, monkeypatch):
    left = record(*({"name": f"Tricentris {town}", **DIEPPE} for town in "abcdef"))
    right = record(*({"name": f"TRICENTRIS {town}", **DIEPPE} for town in "fedcba"))
    whole = find_pairs(left, right, lowest=0)
    monkeypatch.setattr("toolkit.linkage.blocking.PORTION", 2)
    assert find_pairs(left, right, lowest=0).equals(whole)


def test_a_service_that_bears_the_number_of_its_body_is_a_question(record):
    ours = record(
        {"actor_id": "a", "name": "Espace public numérique", "siret": SIRET, "commune_id": "14514"}
    )
    theirs = record(
        {"actor_id": "b", "name": "Commune de Pont", "siren": SIRET[:9], "commune_id": "14514"}
    )
    (found,) = find_pairs(ours, theirs).itertuples()
    assert (found.zone, found.reasons.split("|")[0]) == ("ask", "same_siren")
    town = record(
        {"actor_id": "c", "name": "Mairie de Pont", "siret": SIRET, "commune_id": "14514"}
    )
    assert find_pairs(town, theirs)["zone"].tolist() == ["same"]
