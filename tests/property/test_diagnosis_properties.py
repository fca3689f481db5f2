"""A diagnosis does not depend on the order of rows, nor on what people call things."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from toolkit.diagnosis import Diagnosis, diagnose
from toolkit.settings import Settings
from toolkit.sources.demo import demo_territory
from toolkit.territory import Territory

SETTINGS = Settings(openings_max=16, per_opening=2, permutations=99)


@pytest.fixture(scope="module")
def demo() -> Territory:
    return demo_territory()


@pytest.fixture(scope="module")
def diagnosis(demo: Territory) -> Diagnosis:
    return diagnose(demo, settings=SETTINGS)


def same(one: Diagnosis, other: Diagnosis) -> None:
    for name in ("gaps", "evidence", "matches", "access", "network"):
        pd.testing.assert_frame_equal(
            getattr(one.findings, name), getattr(other.findings, name), check_exact=True
        )
    for name in ("openings", "partnerships", "roles", "practices", "ties"):
        pd.testing.assert_frame_equal(
            getattr(one.proposals, name), getattr(other.proposals, name), check_exact=True
        )


@pytest.mark.parametrize("seed", [1, 2])
def test_rows_in_another_order_give_the_same_bits(
    demo: Territory, diagnosis: Diagnosis, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    shuffled = {
        name: frame.iloc[rng.permutation(len(frame))] for name, frame in demo.tables.items()
    }
    territory = Territory.from_tables(shuffled, name=demo.name, fictional=True)
    same(diagnose(territory, settings=SETTINGS), diagnosis)


def test_other_names_change_no_gap_and_no_candidate(demo: Territory, diagnosis: Diagnosis) -> None:
    actors = demo.actors.assign(name=[f"Acteur {n}" for n in range(len(demo.actors))])
    same(diagnose(demo.replace(actors=actors), settings=SETTINGS), diagnosis)


def test_without_estimates_no_gap_rests_on_one(demo: Territory) -> None:
    settings = SETTINGS.with_changes(include_estimated=False)
    found = diagnose(demo, settings=settings)
    assert not found.evidence["basis"].eq("estimated").any()
    assert not found.proposals.roles["basis"].eq("estimated").any()
