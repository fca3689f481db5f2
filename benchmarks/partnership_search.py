"""Search every opening: share proven optimal, processor seconds, and the gain of compiled loops.

``python benchmarks/partnership_search.py [ACTORS ...]`` searches the demo, then synthetic
territories of so many actors (3,000 unless told).  The first openings of the demo are searched
again with the loops interpreted, as they run without numba: same answers, and their ratio.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from measure import python
from synthetic import synthetic_territory

from toolkit.gaps import find_gaps
from toolkit.partnerships.arena import Arena, arena_of
from toolkit.partnerships.facts import facts_of
from toolkit.partnerships.openings import find_openings
from toolkit.partnerships.search import search
from toolkit.settings import Settings
from toolkit.sources import demo_territory
from toolkit.territory import Territory

HERE = Path(__file__).resolve().parent
SETTINGS = Settings()
FEW = 12
"""Openings that are searched with interpreted loops too."""
PLAIN = """
import sys
sys.modules["numba"] = None
sys.path.insert(0, {folder!r})
import partnership_search as bench
arenas = bench.arenas_of(bench.demo_territory())[:bench.FEW]
print(*bench.searched(arenas))
"""


def arenas_of(territory: Territory) -> list[Arena]:
    """Return the openings of a territory, ready to be searched."""
    findings = find_gaps(territory, settings=SETTINGS)
    facts = facts_of(territory, findings, settings=SETTINGS)
    calls = find_openings(facts, findings, settings=SETTINGS)
    return [arena_of(facts, call, settings=SETTINGS) for call in calls]


def searched(arenas: Sequence[Arena]) -> tuple[float, int, int, int, float]:
    """Return processor seconds, candidates, those proven optimal, nodes and the sum of scores."""
    began = time.process_time()
    outcomes = [search(arena, size=SETTINGS.per_opening) for arena in arenas]
    seconds = time.process_time() - began
    gaps = [one.gap_pct(group) for one in outcomes for group in one.groups]
    total = sum(group.score for one in outcomes for group in one.groups)
    nodes = sum(one.nodes for one in outcomes)
    return seconds, len(gaps), sum(gap == 0 for gap in gaps), nodes, total


def report(name: str, territory: Territory) -> None:
    """Search all openings of a territory and print the figures."""
    arenas = arenas_of(territory)
    seconds, candidates, proven, nodes, _ = searched(arenas)
    print(
        f"{name}: {len(arenas)} openings, {proven} of {candidates} candidates proven optimal, "
        f"{nodes} nodes, {seconds:.2f} s of processor"
    )


def main() -> None:
    """Print the figures of each territory and the ratio of both ways of running."""
    sizes = [int(word) for word in sys.argv[1:]] or [3_000]
    demo = arenas_of(demo_territory())
    began = time.perf_counter()
    search(demo[1], size=SETTINGS.per_opening)
    seconds = time.perf_counter() - began
    print(f"first search (loops compiled, or read from the cache): {seconds:.1f} s")
    report("demo", demo_territory())
    few = searched(demo[:FEW])
    code = PLAIN.format(folder=str(HERE))
    ended = subprocess.run(python(code), capture_output=True, check=True, text=True)
    plain = ended.stdout.split()
    same = [float(word) for word in plain[1:]] == [float(number) for number in few[1:]]
    print(
        f"first {FEW} openings: interpreted {float(plain[0]):.1f} s, compiled {few[0]:.3f} s, "
        f"ratio {float(plain[0]) / few[0]:.0f}, same answers: {same}"
    )
    for size in sizes:
        report(f"{size} actors", synthetic_territory(communes=50, actors=size))


if __name__ == "__main__":
    main()
