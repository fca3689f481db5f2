"""What must hold for the linkage of any records."""

from __future__ import annotations

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolkit import vocabulary as v
from toolkit.linkage import apply_answers, find_duplicates, find_pairs, merge_records, review_table

SIRETS = (None, "73282932000074", "73282932000082", "40483304800022", "40483304800030")
WORDS = ("Maison", "Tricentris", "Vauquelin", "Services", "Dieppe", "[ND]", "d'insertion", "3")
few = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def records(draw, prefix="r"):
    """Draw records of two towns, with the traps of real lists."""
    rows = []
    for number in range(draw(st.integers(0, 7))):
        siret = draw(st.sampled_from(SIRETS))
        row = {
            "actor_id": f"{prefix}{number}",
            "name": " ".join(draw(st.lists(st.sampled_from(WORDS), max_size=3))),
            "siret": siret,
            "siren": draw(st.sampled_from((None, "732829320"))) if siret is None else None,
            "rna": draw(st.sampled_from((None, None, "W761000001", "W761000002"))),
            "address": draw(st.sampled_from(("", "3 rue Haute", "4 R HAUTE", "place du Puits"))),
            "commune_id": draw(st.sampled_from(("76217", "76351"))),
            "latitude": draw(st.sampled_from((0.0, 49.9, 49.901, float("nan")))),
            "longitude": draw(st.sampled_from((0.0, 1.0, 1.001, float("nan")))),
            "natural_person": draw(st.booleans()) and draw(st.booleans()),
            "source_id": draw(st.sampled_from(("x", "y"))),
        }
        rows.append(row)
    columns = [
        "actor_id",
        "name",
        "siret",
        "siren",
        "rna",
        "address",
        "commune_id",
        "latitude",
        "longitude",
        "natural_person",
        "source_id",
    ]
    return pd.DataFrame(rows, columns=columns)


@st.composite
def shuffled(draw, prefix="r"):
    """Draw records, and the same in another order."""
    frame = draw(records(prefix))
    order = draw(st.permutations(range(len(frame))))
    return frame, frame.iloc[list(order)].reset_index(drop=True)


@few
@given(shuffled("l"), shuffled("r"))
def test_the_order_of_rows_changes_no_pair(left, right):
    found = find_pairs(left[0], right[0], lowest=0)
    pd.testing.assert_frame_equal(found, find_pairs(left[1], right[1], lowest=0))


@few
@given(records("l"), records("r"))
def test_left_and_right_may_change_places(left, right):
    one = find_pairs(left, right, lowest=0)
    two = find_pairs(right, left, lowest=0)
    columns = ["left_id", "right_id", "probability", "zone", "reasons"]
    turned = two.rename(columns={"left_id": "right_id", "right_id": "left_id"})[columns]
    turned = turned.sort_values(["left_id", "right_id"], ignore_index=True)
    one = one[columns].sort_values(["left_id", "right_id"], ignore_index=True)
    pd.testing.assert_frame_equal(one, turned)


@few
@given(records())
def test_no_pair_has_two_identifiers_or_a_person_by_name(frame):
    pairs = find_duplicates(frame, lowest=0)
    known = frame.set_index("actor_id")
    for row in pairs.itertuples():
        one, two = known.loc[row.left_id], known.loc[row.right_id]
        assert row.left_id < row.right_id
        for name in ("siret", "rna"):
            assert pd.isna(one[name]) or pd.isna(two[name]) or one[name] == two[name]
        by_identifier = row.reasons.startswith(("same_si", "same_rna", "several"))
        assert by_identifier or not (one["natural_person"] or two["natural_person"])


@few
@given(shuffled(), st.randoms(use_true_random=False))
def test_every_record_is_in_one_actor_and_no_actor_has_two_sirets(both, chance):
    frame, other = both
    pairs = find_duplicates(frame, lowest=0)
    # Everything that may be the same is called the same: the hardest case for the rules.
    pairs["zone"] = "same"
    actors, conflicts = merge_records(frame, pairs)
    members = [one for cell in actors["record_ids"] for one in v.split_list(cell)]
    assert sorted(members) == sorted(frame["actor_id"])
    siret, rna = (frame.set_index("actor_id")[name] for name in ("siret", "rna"))
    for cell in actors["record_ids"]:
        for known in (siret, rna):
            assert len(set(known[list(v.split_list(cell))].dropna())) <= 1
    rows = list(range(len(pairs)))
    chance.shuffle(rows)
    again, told = merge_records(other, pairs.iloc[rows])
    pd.testing.assert_frame_equal(actors, again)
    pd.testing.assert_frame_equal(conflicts, told)


@few
@given(records())
def test_answers_leave_no_question_and_decide(frame):
    pairs = find_duplicates(frame, lowest=0)
    table = review_table(pairs, lang="fr")
    answers = table.assign(
        answer=["same", "different"] * (len(table) // 2) + ["same"] * (len(table) % 2)
    )
    told = apply_answers(pairs, answers)
    assert review_table(told, lang="en").empty
    pd.testing.assert_frame_equal(told, apply_answers(told, answers))
    actors, _ = merge_records(frame, told)
    together = {one: cell for cell in actors["record_ids"] for one in v.split_list(cell)}
    for row in answers[answers["answer"] == "different"].itertuples():
        assert together[row.left_id] != together[row.right_id]
