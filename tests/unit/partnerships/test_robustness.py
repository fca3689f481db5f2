"""Robustness of candidates: closed forms on toy cases, and what weights and facts may not do."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from toolkit import vocabulary as v
from toolkit.diagnosis import diagnose
from toolkit.errors import UsageError
from toolkit.partnerships.robustness import (
    CANDIDATE_COLUMNS,
    CENTRAL_COLUMNS,
    VERIFY_COLUMNS,
    Support,
    acceptability,
    draw_weights,
    no_robustness,
    robustness_of,
    top_survival,
)
from toolkit.settings import Settings
from toolkit.sources import demo_territory

TWO_ONLY = dict.fromkeys(v.CRITERIA[2:], (0.0, 0.0))
"""Intervals that leave two criteria, whose weights are then uniform on a segment."""
ERROR = 0.03
"""Four standard errors of a share of 2,000 draws, at most 0.045; these seeds stay within 0.03."""


def values(*rows: tuple[float, float]) -> np.ndarray:
    made = np.zeros((len(rows), len(v.CRITERIA)))
    made[:, :2] = rows
    return made


def estimated(name: str, weight: float) -> Support:
    return Support("needs", name, "A1", "estimated", weight)


# --- weights ----------------------------------------------------------------------------------
def test_weights_are_uniform_on_the_simplex():
    drawn = draw_weights(4_000, seed=3)
    assert np.allclose(drawn.sum(axis=1), 1.0)
    size = len(v.CRITERIA)
    # Each weight of a flat Dirichlet law is Beta(1, n - 1).
    assert drawn.mean(axis=0) == pytest.approx([1 / size] * size, abs=0.01)
    below = (drawn < 0.1).mean(axis=0)
    assert below == pytest.approx([1 - 0.9 ** (size - 1)] * size, abs=ERROR)


def test_weights_within_intervals_are_uniform_on_the_segment_that_is_left():
    first = draw_weights(4_000, seed=3, intervals=TWO_ONLY)[:, 0]
    shares = np.histogram(first, bins=10, range=(0, 1))[0] / len(first)
    assert shares == pytest.approx([0.1] * 10, abs=ERROR)


def test_weights_within_a_box_agree_with_draws_that_are_thrown_away():
    box = {"coverage": (0.2, 0.6), "trust": (0.0, 0.1), "proximity": (0.05, 0.3)}
    walked = draw_weights(4_000, seed=5, intervals=box)
    everything = np.random.default_rng(7).dirichlet(np.ones(len(v.CRITERIA)), size=200_000)
    ranks = {name: v.CRITERIA.index(name) for name in box}
    inside = np.logical_and.reduce(
        [
            (everything[:, ranks[name]] >= low) & (everything[:, ranks[name]] <= high)
            for name, (low, high) in box.items()
        ]
    )
    kept = everything[inside]
    assert len(kept) > 5_000
    assert walked.mean(axis=0) == pytest.approx(kept.mean(axis=0), abs=0.01)
    assert np.std(walked, axis=0) == pytest.approx(np.std(kept, axis=0), abs=0.01)
    assert np.allclose(walked.sum(axis=1), 1.0)
    for name, (low, high) in box.items():
        assert walked[:, ranks[name]].min() >= low
        assert walked[:, ranks[name]].max() <= high


def test_one_point_is_all_there_is_where_intervals_leave_one():
    fixed = dict.fromkeys(v.CRITERIA, (1 / 8, 1 / 8))
    assert np.allclose(draw_weights(5, seed=1, intervals=fixed), 1 / 8)


def test_all_faults_of_intervals_are_told_at_once():
    with pytest.raises(UsageError) as caught:
        draw_weights(
            1, seed=1, intervals={"beauty": (0, 1), "trust": (0.5, 0.2), "capacity": (-1, 1)}
        )
    codes = sorted(problem.code for problem in caught.value.problem_list)
    assert codes == ["weights_interval", "weights_interval", "weights_unknown"]
    for box in ({"trust": (0.6, 1), "coverage": (0.6, 1)}, dict.fromkeys(v.CRITERIA, (0, 0.1))):
        with pytest.raises(UsageError) as caught:
            draw_weights(1, seed=1, intervals=box)
        assert [problem.code for problem in caught.value.problem_list] == ["weights_impossible"]


# --- acceptability ----------------------------------------------------------------------------
def test_acceptability_of_three_candidates_has_its_closed_form():
    # The third is first where neither weight passes 0.6: on a fifth of the segment.
    drawn = draw_weights(4_000, seed=3, intervals=TWO_ONLY)
    shares, first, central = acceptability(values((1, 0), (0, 1), (0.6, 0.6)), drawn, top=1)
    assert first == pytest.approx([0.4, 0.4, 0.2], abs=ERROR)
    assert shares == pytest.approx(first)
    assert central[:, 0] == pytest.approx([0.8, 0.2, 0.5], abs=0.01)


def test_central_weights_on_the_whole_simplex_have_their_closed_form():
    # The mean of the larger of two of eight weights is 3/4 of the mean of their sum.
    drawn = draw_weights(8_000, seed=3)
    _, first, central = acceptability(values((1, 0), (0, 1)), drawn, top=1)
    assert first == pytest.approx([0.5, 0.5], abs=ERROR)
    assert central[0, :2] == pytest.approx([3 / 16, 1 / 16], abs=0.01)
    assert central.sum(axis=1) == pytest.approx([1, 1])


def test_who_is_better_on_every_criterion_is_always_first():
    drawn = draw_weights(500, seed=3)
    shares, first, central = acceptability(values((0.2, 0.1), (0.9, 0.8)), drawn, top=1)
    assert first.tolist() == [0.0, 1.0]
    assert shares.tolist() == [0.0, 1.0]
    assert central[0].tolist() == [0.0] * len(v.CRITERIA)


def test_equal_candidates_stay_as_they_are_proposed():
    drawn = draw_weights(200, seed=3)
    assert acceptability(values((0.5, 0.5), (0.5, 0.5)), drawn, top=1)[1].tolist() == [1.0, 0.0]


def test_shares_of_the_first_k_add_up_to_k():
    some = np.random.default_rng(11).random((30, len(v.CRITERIA)))
    shares, first, _ = acceptability(some, draw_weights(700, seed=3), top=4)
    assert shares.sum() == pytest.approx(4)
    assert first.sum() == pytest.approx(1)
    assert (shares >= first).all()


# --- facts ------------------------------------------------------------------------------------
def test_survival_is_the_product_of_what_a_candidate_rests_on():
    frame = pd.DataFrame(values((1, 0), (0, 1), (0.6, 0.6)), columns=list(v.CRITERIA))
    frame.insert(0, "candidate_id", ["P1", "P2", "P3"])
    frame = frame.assign(selected=True)
    sure = Support("needs", "N9", "A9", "observed", 1.0)
    twice = estimated("N1", 0.5)
    made = robustness_of(
        frame, [[sure], [twice, twice, estimated("N2", 0.9)], [estimated("N3", 0.9)]], top=2, seed=3
    )
    assert made.candidates["survival"].tolist() == pytest.approx([1.0, 0.45, 0.9])
    assert made.candidates["standing"].tolist() == ["solid", "fragile", "solid"]
    # An estimate without a weight of its own is trusted as all estimates are.
    told = robustness_of(
        frame[:1], [[Support("needs", "N5", "A1", "estimated", 1.0)]], top=1, seed=3
    )
    assert told.candidates["survival"].tolist() == pytest.approx([0.6])


def test_standing_among_the_first_agrees_with_all_cases_counted():
    supports = [
        [estimated("N1", 0.5)],
        [estimated("N1", 0.5), estimated("N2", 0.7)],
        [],
        [estimated("N3", 0.8)],
    ]
    sure = {"N1": 0.5, "N2": 0.7, "N3": 0.8}
    expected = np.zeros(len(supports))
    for holds in itertools.product((True, False), repeat=len(sure)):
        state = dict(zip(sure, holds, strict=True))
        chance = np.prod([p if state[name] else 1 - p for name, p in sure.items()])
        standing = [all(state[one.fact_id] for one in held) for held in supports]
        first = [rank for rank, stands in enumerate(standing) if stands][:2]
        expected[first] += chance
    assert top_survival(supports, top=2, seed=3, draws=8_000) == pytest.approx(expected, abs=ERROR)


def test_facts_whose_loss_costs_most_come_first():
    frame = pd.DataFrame(values(*[(1, 0)] * 4), columns=list(v.CRITERIA))
    frame.insert(0, "candidate_id", ["P1", "P2", "P3", "P4"])
    frame = frame.assign(selected=[True, True, True, False])
    shared, own, below = estimated("N1", 0.5), estimated("N2", 0.8), estimated("N3", 0.9)
    made = robustness_of(frame, [[shared], [shared, own], [own], [below]], top=3, seed=3)
    told = made.facts.set_index("fact_id")
    assert told.index.tolist() == ["N1", "N2", "N3"]
    # N1: the first, and the second if N2 holds; N2: the third, and the second if N1 does.
    assert told["loss"].tolist() == pytest.approx([1.8, 1.5, 0.0])
    assert told["candidates"].tolist() == [2, 2, 1]
    assert told["selected"].tolist() == [2, 2, 0]


def test_names_of_facts_change_no_figure():
    def draws(*names: str) -> list[float]:
        held = [[estimated(names[0], 0.5)], [estimated(names[1], 0.6)], [estimated(names[0], 0.5)]]
        return top_survival(held, top=1, seed=3, draws=500).tolist()

    assert draws("N1", "N2") == draws("Z", "A")


def test_no_candidate_has_frames_with_their_columns():
    made = no_robustness()
    assert tuple(made.candidates.columns) == CANDIDATE_COLUMNS
    assert tuple(made.central.columns) == CENTRAL_COLUMNS
    assert tuple(made.facts.columns) == VERIFY_COLUMNS
    assert made.candidates.empty
    assert made.facts.empty


def test_the_demo_has_candidates_that_rest_on_facts_to_verify():
    proposals = diagnose(demo_territory(), settings=Settings(openings_max=24)).proposals
    made = proposals.robustness
    assert (
        made.candidates["candidate_id"].tolist() == proposals.partnerships["candidate_id"].tolist()
    )
    figures = made.candidates[["acceptability", "first", "survival", "top_survival"]]
    assert ((figures >= 0) & (figures <= 1)).all(axis=None)
    assert made.candidates["acceptability"].sum() == pytest.approx(made.top)
    bases = proposals.roles.groupby("candidate_id")["basis"].agg(set)
    without = made.candidates["candidate_id"].map(bases).map(lambda held: "estimated" not in held)
    assert (made.candidates.loc[without, "survival"] == 1.0).all()
    assert (made.candidates["survival"] < 1.0).any()
    rows = proposals.roles[proposals.roles["basis"] == "estimated"]
    assert len(made.facts)
    assert set(made.facts["fact_id"]) <= set(rows["fact_id"])
