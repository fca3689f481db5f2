"""Estimates for an EPCI of which only a list is known: 3,000 actors, their activity and size.

Seconds and peak memory of the diagnosis with the layer of estimates against without it, where there
is nothing to match, and seconds of the estimates alone.
``python benchmarks/activity_estimates.py [ACTORS ...]`` measures other sizes.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from measure import python, run

HERE = Path(__file__).resolve().parent
START = """
import sys, time
import pandas as pd
sys.path.insert(0, {here!r})
from synthetic import bare_territory
from toolkit import diagnose, knowledge
from toolkit.background import Background
from toolkit.settings import Settings
territory = bare_territory(communes={communes}, actors={actors})
settings = Settings()
said = []
"""
WITHOUT = """
began, busy = time.perf_counter(), time.process_time()
found = diagnose(territory, settings=settings)
said += [time.perf_counter() - began, time.process_time() - busy]
"""
WITH = """
profiles = knowledge.read_profiles()
seconds = []
for _ in range(3):
    began = time.perf_counter()
    rows = knowledge.estimate(territory, profiles, min_weight=settings.profile_min_weight)
    seconds.append(time.perf_counter() - began)
count = sum(map(len, rows.values()))
rows["sources"] = pd.DataFrame({{"source_id": ["profiles"], "title": ["profiles"]}})
began, busy = time.perf_counter(), time.process_time()
found = diagnose(territory, settings=settings, background=Background(estimates=rows))
said += [time.perf_counter() - began, time.process_time() - busy, sorted(seconds)[1], count]
"""
END = """
said += [len(found.gaps), len(found.partnerships)]
print(*said, file=open({log!r}, "w"))
"""


def measured(middle: str, *, actors: int, log: Path) -> tuple[list[float], float]:
    """Return what a process of its own says, and its peak memory (MB)."""
    communes = 25 if actors < 1_000 else 50
    code = (START + middle + END).format(
        here=str(HERE), communes=communes, actors=actors, log=str(log)
    )
    _, memory = run(python(code), repeat=1)
    return [float(word) for word in log.read_text().split()], memory


def main() -> None:
    """Print seconds, memory and ratios for each number of actors."""
    sizes = [int(word) for word in sys.argv[1:]] or [3_000]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "said.txt"
        for actors in sizes:
            said, bare_mb = measured(WITHOUT, actors=actors, log=log)
            bare, bare_busy, *_ = said
            said, full_mb = measured(WITH, actors=actors, log=log)
            full, full_busy, alone, rows, gaps, candidates = said
            print(
                f"{actors} actors: estimates alone {alone:.2f} s, {rows:.0f} rows, "
                f"{rows / alone:,.0f} a second ({gaps:.0f} gaps, {candidates:.0f} candidates); "
                f"diagnose without {bare:.1f} s ({bare_busy:.1f} s of processor), "
                f"{bare_mb:.0f} MB, "
                f"with {full:.1f} s ({full_busy:.1f} s of processor), {full_mb:.0f} MB: "
                f"{full_busy / bare_busy:.0f} x the processor, {full_mb / bare_mb:.1f} x the memory"
            )


if __name__ == "__main__":
    main()
