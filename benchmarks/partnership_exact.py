"""Exact top 20 of 200 openings among 10,000 actors, against one CP-SAT model an opening.

``python benchmarks/partnership_exact.py [SAMPLE]``: four required roles, 200 actors drawn for each;
ties, offer-need pairs and distances are those of the synthetic territory.  CP-SAT (one worker, two
minutes at most, its default parameters otherwise) looks for the best group alone, on the first of
them and on SAMPLE openings (2 unless told) of 40 actors a role, small enough for it, where it must
find the same; without OR-tools that part is left out.

``python benchmarks/partnership_exact.py --actors 100000`` searches all openings of a synthetic
territory of that size, as ``propose`` does, apart from the search for gaps.
"""

from __future__ import annotations

import importlib.util
import resource
import statistics
import sys
import time
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np
from synthetic import synthetic_territory

from toolkit.compiled import at_once
from toolkit.gaps import find_gaps
from toolkit.partnerships import criteria
from toolkit.partnerships.arena import Arena
from toolkit.partnerships.calls import Opening, slots_of
from toolkit.partnerships.facts import Facts, facts_of
from toolkit.partnerships.ground import ground_of
from toolkit.partnerships.openings import find_openings
from toolkit.partnerships.roles import Fit
from toolkit.partnerships.search import Outcome, look_into
from toolkit.settings import Settings

MODEL = Path(__file__).resolve().parents[1] / "tests" / "peers" / "cp_sat_model.py"
ACTORS = 10_000
OPENINGS = 200
PER_ROLE = 200
PER_ROLE_OF_PEER = 40
TOP = 20
SECONDS = 120.0
ROLES = ("holder", "user", "authority", "research")


def drawn_opening(facts: Facts, seed: int, *, per_role: int = PER_ROLE) -> Opening:
    """Return an opening of four required roles; the first supplies, the second takes."""
    rng = np.random.default_rng([seed, 200])
    eligible = np.flatnonzero(facts.eligible)

    def pool(*, gives: float, takes: float) -> tuple[Fit, ...]:
        held = np.sort(rng.choice(eligible, per_role, replace=False)).tolist()
        suits, supply, demand = (
            rng.uniform(0.3, 1.0, per_role),
            rng.random(per_role),
            rng.random(per_role),
        )
        return tuple(
            Fit(actor, float(suits[place]), "holds_resource", "actors", facts.ids[actor], 1.0, "t",
                "observed", gives * float(supply[place]), takes * float(demand[place]))
            for place, actor in enumerate(held)
        )  # fmt: skip

    sides = ((1.0, 0.0), (0.0, 1.0), (0.0, 0.0), (0.0, 0.0))
    slots = slots_of(
        *(
            (role, True, pool(gives=gives, takes=takes))
            for role, (gives, takes) in zip(ROLES, sides, strict=True)
        )
    )
    return Opening(
        f"drawn:{seed:03d}",
        "unmet_need",
        (),
        "",
        ("answer_needs",),
        0.5,
        1.0,
        10.0,
        "t",
        slots,
        one_sided=False,
    )


def searched(
    facts: Facts, openings: list[Opening], *, settings: Settings
) -> tuple[list[tuple[Arena, Outcome]], float, float]:
    """Return what was found, seconds of the clock and of the processor."""
    began, worked = time.perf_counter(), time.process_time()
    look = partial(look_into, facts, settings=settings, ground=ground_of(facts, settings=settings))
    found = at_once(look, openings)
    return found, time.perf_counter() - began, time.process_time() - worked


def told(found: list[tuple[Arena, Outcome]]) -> str:
    """Return how many openings are proven and how many nodes were looked into."""
    proven = sum(
        all(outcome.gap_pct(group) == 0 for group in outcome.groups) for _, outcome in found
    )
    nodes = sum(outcome.nodes for _, outcome in found)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return f"{proven} of {len(found)} openings proven optimal, {nodes} nodes, {memory:.0f} MB"


def peer() -> ModuleType | None:
    """Return the CP-SAT model, None where OR-tools is not installed."""
    if importlib.util.find_spec("ortools") is None:
        return None
    spec = importlib.util.spec_from_file_location("cp_sat_model", MODEL)
    if spec is None or spec.loader is None:
        return None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def compare(
    facts: Facts, openings: list[Opening], *, settings: Settings, model: ModuleType
) -> None:
    """Print the seconds of CP-SAT and of the search on the same openings, one after the other."""
    ratios = []
    ground = ground_of(facts, settings=settings)
    for opening in openings:
        began = time.process_time()
        arena, outcome = look_into(facts, opening, settings=settings, ground=ground)
        ours = time.process_time() - began
        began = time.process_time()
        score, seats, proven = model.best_by_cp_sat(arena, seconds=SECONDS)
        theirs = time.process_time() - began
        best = outcome.groups[0].score
        if score is None:
            print(f"  {opening.opening_id}: search {ours:.3f} s; CP-SAT nothing in {theirs:.0f} s")
        else:
            exact = criteria.score(arena.values(seats), weights=dict(arena.weights))
            same = abs(exact - best) <= model.TOLERANCE
            print(
                f"  {opening.opening_id}: search {ours:.3f} s, best {best:.6f}; "
                f"CP-SAT {theirs:.1f} s, "
                f"{exact:.6f} ({'optimal' if proven else 'stopped'}), same: {same}"
            )
        ratios.append(theirs / ours)
    print(
        f"  CP-SAT takes {statistics.median(ratios):.0f} x the processor time of the search, "
        f"at least where it was stopped"
    )


def drawn(sample: int) -> None:
    """Print the figures of the drawn openings."""
    settings = Settings(per_opening=TOP)
    facts = facts_of(synthetic_territory(communes=50, actors=ACTORS), None, settings=settings)
    openings = [drawn_opening(facts, seed) for seed in range(OPENINGS)]
    searched(facts, openings[:1], settings=settings)  # compiled, or read from the cache
    found, seconds, worked = searched(facts, openings, settings=settings)
    print(
        f"{len(openings)} openings, {PER_ROLE} actors a role, top {TOP}: {seconds:.2f} s, "
        f"{worked:.2f} s of processor; {told(found)}"
    )
    model = peer()
    if model is None:
        print("OR-tools is not installed: no comparison with CP-SAT")
    else:
        compare(facts, openings[:1], settings=settings, model=model)
        smaller = [drawn_opening(facts, seed, per_role=PER_ROLE_OF_PEER) for seed in range(sample)]
        compare(facts, smaller, settings=settings, model=model)


def of_territory(actors: int) -> None:
    """Print the figures of all openings of a territory."""
    settings = Settings()
    territory = synthetic_territory(communes=max(50, actors // 500), actors=actors)
    findings = find_gaps(territory, settings=settings)
    began = time.perf_counter()
    facts = facts_of(territory, findings, settings=settings)
    openings = list(find_openings(facts, findings, settings=settings))
    made = time.perf_counter() - began
    found, seconds, worked = searched(facts, openings, settings=settings)
    print(
        f"{actors} actors: facts and openings {made:.1f} s; {len(openings)} openings searched in "
        f"{seconds:.1f} s, {worked:.1f} s of processor; {told(found)}"
    )


def main() -> None:
    """Print the figures asked for."""
    words = sys.argv[1:]
    if words[:1] == ["--actors"]:
        of_territory(int(words[1]))
    else:
        drawn(int(words[0]) if words else 2)


if __name__ == "__main__":
    main()
