"""The search against CP-SAT on medium openings: the same optimum, up to the rounding of its model.

Peer: OR-tools (Apache-2.0).  Its trap: whole numbers only, so that its optimum is that of rounded
scores; the group it returns is scored again exactly, and must not beat the search.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

pytest.importorskip("ortools")

from toolkit.partnerships import criteria
from toolkit.partnerships.search import look_into

pytestmark = pytest.mark.peer
UNIT = Path(__file__).resolve().parents[1] / "unit" / "partnerships"
SECONDS = 20.0


def _load(path):
    spec = importlib.util.spec_from_file_location(f"peers_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


quick = _load(UNIT / "quick.py")
model = _load(Path(__file__).with_name("cp_sat_model.py"))


@pytest.mark.parametrize("block", range(20))
def test_optimum_of_medium_openings_equals_cp_sat(block):
    compared = 0
    for seed in range(block * 10, block * 10 + 10):
        facts, opening, settings = quick.draw_case(seed + 50_000, size=16, share=0.6)
        arena, outcome = look_into(facts, opening, settings=settings)
        score, seats, proven = model.best_by_cp_sat(arena, seconds=SECONDS)
        if score is None:
            assert not outcome.groups
            continue
        best = outcome.groups[0].score
        exact = criteria.score(arena.values(seats), weights=dict(arena.weights))
        assert exact <= best + 1e-9, seed
        if proven:
            assert score == pytest.approx(best, abs=model.TOLERANCE), seed
            compared += 1
    assert compared >= 3
