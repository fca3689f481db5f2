"""The compiled loops against the same loops interpreted, and where machine code is kept."""

from __future__ import annotations

import importlib
import sys

import numpy as np
import pytest

from toolkit import compiled
from toolkit.partnerships import bounds, kernel, search
from toolkit.partnerships.arena import arena_of
from toolkit.partnerships.board import HELD, board_of, problem_of

MODULES = "toolkit.compiled", bounds.__name__, kernel.__name__


@pytest.fixture(scope="module")
def interpreted():
    """The kernel as it is where numba is not installed."""
    kept = {name: sys.modules.pop(name) for name in MODULES}
    package = sys.modules["toolkit.partnerships"]
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(sys.modules, "numba", None)
            return importlib.import_module(kernel.__name__)
    finally:
        for name, module in kept.items():
            sys.modules[name] = module
            setattr(package, name.rpartition(".")[2], module)


def _teams(arena):
    teams = [tuple(arena.pools[slot] for slot in slots) for slots in arena.teams()]
    return [team for team in teams if all(len(pool.actors) for pool in team)]


def _solve(loops, problem, *, teams, budget):
    board = board_of(problem, size=3)
    bound = loops.search_teams(problem, board, 0, teams, budget)
    return bound, board.scalar.tolist(), board.top[: board.scalar[HELD]].tolist()


@pytest.mark.parametrize("budget", [2, 5_000])
def test_interpreted_loops_give_the_same_answers(worlds, interpreted, budget):
    pytest.importorskip("numba")
    assert not hasattr(interpreted.search_teams, "py_func")
    assert hasattr(kernel.search_teams, "py_func")
    found = 0
    for seed in range(12):
        facts, opening, settings = worlds.random_case(seed, size=9)
        arena = arena_of(facts, opening, settings=settings)
        teams = _teams(arena)
        if teams:
            problem = problem_of(arena, teams)
            one, two = (
                _solve(loops, problem, teams=len(teams), budget=budget)
                for loops in (kernel, interpreted)
            )
            assert one == two
            found += bool(one[2])
    assert found > 3


def test_bounds_are_never_below_the_best_group_of_a_team(worlds, oracle):
    held = 0
    for seed in range(60):
        facts, opening, settings = worlds.random_case(seed, size=8)
        truth = oracle.best_groups(facts, opening, settings)
        arena = arena_of(facts, opening, settings=settings)
        highest = -np.inf
        for team in _teams(arena):
            problem = problem_of(arena, [team])
            board = board_of(problem, size=1)
            highest = max(highest, kernel.bound_of_team(problem, board, 0))
            # Groups of two are not bounded but scored at once.
            highest = max(highest, board.floor[0] + 2e-9)
        if truth:
            assert highest >= truth[0][0] - 2e-9
            held += 1
    assert held > 20


def test_machine_code_is_kept_in_the_first_folder_that_can_be_written(tmp_path):
    blocked = tmp_path / "a file"
    blocked.write_text("")
    folder = compiled.code_folder((blocked, tmp_path / "cache"))
    assert folder is not None
    assert folder.parent == tmp_path / "cache"
    assert compiled.code_folder((blocked,)) is None


def test_the_kernel_is_loaded_only_when_something_is_searched():
    assert "kernel" not in vars(search)
