"""Diagnose and report a typical EPCI (50 communes, 3,000 actors): aim 15 s and 1 GB in all.

``python benchmarks/territory_sizes.py [ACTORS ...]`` measures other sizes.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from measure import python, run

HERE = Path(__file__).resolve().parent
CODE = """
import sys, time
sys.path.insert(0, {here!r})
from synthetic import synthetic_territory
from toolkit import diagnose, write_report
territory = synthetic_territory(communes={communes}, actors={actors})
rows = sum(len(frame) for frame in territory.tables.values())
began = time.perf_counter()
diagnosis = diagnose(territory)
middle = time.perf_counter()
path = write_report(diagnosis, {path!r})
ended = time.perf_counter()
print(f"{{len(territory.actors)}} actors, {{rows}} rows: "
      f"diagnose {{middle - began:.1f}} s, report {{ended - middle:.1f}} s, "
      f"{{path.stat().st_size / 1e6:.2f}} MB, {{len(diagnosis.gaps)}} gaps, "
      f"{{len(diagnosis.partnerships)}} candidates", file=open({log!r}, "w"))
"""


def main() -> None:
    """Print seconds, memory and size for each number of actors."""
    sizes = [int(word) for word in sys.argv[1:]] or [640, 3_000]
    with tempfile.TemporaryDirectory() as folder:
        for actors in sizes:
            log, path = f"{folder}/{actors}.txt", f"{folder}/{actors}.html"
            communes = 25 if actors < 1_000 else 50
            code = CODE.format(here=str(HERE), communes=communes, actors=actors, path=path, log=log)
            seconds, memory = run(python(code), repeat=1)
            print(
                f"{Path(log).read_text().strip()}; whole process {seconds:.1f} s, {memory:.0f} MB"
            )


if __name__ == "__main__":
    main()
