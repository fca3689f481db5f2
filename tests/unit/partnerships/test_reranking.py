"""Candidates under other weights: the same order as sorting them by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from toolkit import vocabulary as v
from toolkit.diagnosis import diagnose
from toolkit.partnerships.reranking import Equals, rerank
from toolkit.settings import Settings
from toolkit.sources import demo_territory


def drawn(count: int, *, seed: int) -> tuple[pd.DataFrame, list[tuple[bool, tuple[int, str]]]]:
    """Return candidates with many equal scores, and what ranks equals."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.choice([0.0, 0.5, 1.0], size=(count, 8)), columns=list(v.CRITERIA))
    frame["candidate_id"] = [f"P{rank}" for rank in range(count)]
    frame = frame.assign(rank=np.arange(1, count + 1), score=0.0, certificate="optimal")
    frame = frame.assign(bound_gap_pct=0.0)
    keys = [(bool(rng.random() < 0.3), (int(rng.integers(3)), f"P{rank}")) for rank in range(count)]
    return frame, keys


@pytest.mark.parametrize("seed", range(20))
def test_order_is_that_of_sorting_by_hand(seed):
    frame, keys = drawn(40, seed=seed)
    weights = dict(zip(v.CRITERIA, np.random.default_rng(seed).integers(0, 4, size=8), strict=True))
    weights["coverage"] += 1
    made = rerank(frame, Equals.of(keys), weights=weights)
    total = sum(weights.values())
    scores = [
        sum(weights[name] * row[name] for name in v.CRITERIA) / total
        for row in frame.to_dict("records")
    ]
    by_hand = sorted(
        range(len(frame)), key=lambda n: (keys[n][0], -round(scores[n], 9), keys[n][1])
    )
    assert made["candidate_id"].tolist() == [f"P{n}" for n in by_hand]
    assert made["rank"].tolist() == list(range(1, len(frame) + 1))
    assert made["score"].tolist() == pytest.approx([scores[n] for n in by_hand])


def test_scaled_weights_change_nothing():
    frame, keys = drawn(30, seed=1)
    one = dict.fromkeys(v.CRITERIA, 1.0)
    other = dict.fromkeys(v.CRITERIA, 7.0)
    equals = Equals.of(keys)
    pd.testing.assert_frame_equal(
        rerank(frame, equals, weights=one), rerank(frame, equals, weights=other)
    )


@pytest.mark.parametrize(
    "weights",
    [
        dict.fromkeys(v.CRITERIA, 0.0),
        {"coverage": 1.0},
        dict.fromkeys(v.CRITERIA, -1.0),
        dict.fromkeys(v.CRITERIA, float("nan")),
        dict.fromkeys(v.CRITERIA, float("inf")),
    ],
)
def test_weights_that_say_nothing_are_refused(weights):
    frame, keys = drawn(3, seed=1)
    with pytest.raises(ValueError, match="Weights must be"):
        rerank(frame, Equals.of(keys), weights=weights)


def test_no_candidate_stays_none():
    frame, _ = drawn(0, seed=1)
    made = rerank(frame, Equals.of(()), weights=dict.fromkeys(v.CRITERIA, 1.0))
    assert made.empty


def test_the_weights_of_the_proposals_give_their_order_again():
    proposals = diagnose(demo_territory(), settings=Settings(openings_max=30)).proposals
    weights = proposals.settings.normalised_weights()
    made = rerank(proposals.partnerships, proposals.equals, weights=weights)
    assert made["candidate_id"].tolist() == proposals.partnerships["candidate_id"].tolist()
    assert made["score"].tolist() == pytest.approx(proposals.partnerships["score"].tolist())
