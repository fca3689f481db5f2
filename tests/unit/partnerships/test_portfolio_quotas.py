"""The portfolio with quotas of types, against enumeration."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pytest

from toolkit.partnerships.portfolio import Entry, choose, worth

TYPES = ("ptce", "multi_actor", "ess_ess")


def drawn(seed: int) -> list[Entry]:
    rng = np.random.default_rng(seed)
    return [
        Entry(
            f"P{rank}",
            tuple(rng.choice(list("ghij"), size=int(rng.integers(1, 3)), replace=False)),
            tuple(rng.choice(list("abcdef"), size=3, replace=False)),
            float(rng.random()),
            float(rng.choice([0.0, 0.5, 1.0])),
            float(rng.random()),
            str(rng.choice(TYPES)),
        )
        for rank in range(int(rng.integers(1, 9)))
    ]


def by_hand(entries, *, size, per_actor, least):
    """Return the least that lacks, and the best value with it."""
    best = (sum(least.values()), 0.0)
    for count in range(1, size + 1):
        for team in combinations(range(len(entries)), count):
            load = Counter(actor for rank in team for actor in entries[rank].members)
            if max(load.values()) > per_actor:
                continue
            held = Counter(entries[rank].type for rank in team)
            lacks = sum(max(0, wanted - held[name]) for name, wanted in least.items())
            best = min(best, (lacks, -worth(entries, team)))
    return best[0], -best[1]


def test_quotas_come_first_then_what_covers_most():
    for seed in range(120):
        entries, size, per_actor = drawn(seed), 1 + seed % 4, 1 + seed % 2
        least = {"ptce": 1 + seed % 2, "ess_ess": seed % 3}
        chosen = choose(entries, size=size, per_actor=per_actor, least=least)
        lacks, value = by_hand(entries, size=size, per_actor=per_actor, least=least)
        assert chosen.certificate == "optimal"
        assert sum(count for _, count in chosen.lacking) == lacks
        assert chosen.value == pytest.approx(value, abs=1e-6)


def test_what_lacks_to_a_quota_is_told():
    alone = [Entry("P0", ("g",), ("a",), 0.5, 1.0, 0.5, "ptce")]
    made = choose(alone, size=3, per_actor=1, least={"ptce": 2, "ess_ess": 1})
    assert made.candidate_ids == ("P0",)
    assert made.lacking == (("ess_ess", 1), ("ptce", 1))
    assert choose([], size=3, per_actor=1, least={"ptce": 2}).lacking == (("ptce", 2),)


def test_a_candidate_that_only_a_quota_asks_for_is_chosen():
    twins = [
        Entry("P0", ("g",), ("a",), 0.5, 1.0, 0.9, "ess_ess"),
        Entry("P1", ("g",), ("b",), 0.5, 0.5, 0.1, "ptce"),
    ]
    assert choose(twins, size=2, per_actor=1).candidate_ids == ("P0",)
    assert choose(twins, size=2, per_actor=1, least={"ptce": 1}).candidate_ids == ("P0", "P1")


def test_quotas_in_another_order_choose_the_same():
    for seed in range(20):
        entries = drawn(seed)
        one = choose(entries, size=3, per_actor=1, least={"ptce": 1, "ess_ess": 1})
        other = choose(entries, size=3, per_actor=1, least={"ess_ess": 1, "ptce": 1})
        assert one == other
