"""Find the gaps of 1,000 to 100,000 actors: aim growth like n log n, at most 60 s and 2 GB.

``python benchmarks/gap_engine.py [ACTORS ...]`` measures other sizes.  A size is so many copies of
the same 1,000 invented actors, moved by some hundred metres and with other quantities, in 50
communes: the larger, the denser, as in a city.  Only ``find_gaps`` is timed, and each finder in it;
processor time stands beside the clock, which other work on the machine slows down.
"""

from __future__ import annotations

import json
import math
import sys
import tempfile
from pathlib import Path

from measure import python, run

HERE = Path(__file__).resolve().parent
ALONE = 1_000
CODE = """
import json, sys, time
sys.path.insert(0, {here!r})
from gap_engine import timed
json.dump(timed({actors}), open({log!r}, "w"))
"""


def stacked_territory(copies: int):  # noqa: ANN201 - loaded in the measured process only
    """Return a territory of copies of the same synthetic actors, moved, of other sizes."""
    import geopandas as gpd  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415
    from synthetic import SEED, synthetic_tables  # noqa: PLC0415

    from toolkit.territory import Territory  # noqa: PLC0415

    rng = np.random.default_rng(SEED)
    tables = synthetic_tables(communes=50, actors=ALONE)
    known = set(tables["actors"]["actor_id"])
    made = {"communes": tables.pop("communes")}
    for name, frame in tables.items():
        parts = []
        for copy in range(copies):
            part = frame.copy()
            ids = {"actor_id", "resource_id", "need_id", "flow_id", "cooperation_id"}
            for column in sorted(ids & set(part.columns)):
                renamed = part[column].astype("str") + f"-{copy}"
                part[column] = renamed.where(part[column].notna())
            for column in {"origin", "destination"} & set(part.columns):
                part[column] = [f"{end}-{copy}" if end in known else end for end in part[column]]
            if name == "actors":
                moved = rng.normal(0, 0.003, (2, len(part)))  # about 300 m
                places = gpd.points_from_xy(
                    part.geometry.x + moved[0], part.geometry.y + moved[1], crs=frame.crs
                )
                part = part.set_geometry(places)
            if "quantity" in part:
                part["quantity"] = part["quantity"] * rng.lognormal(0, 0.3, len(part))
            parts.append(part)
        made[name] = pd.concat(parts, ignore_index=True)
    return Territory(name="Stacked", tables=_complete(made), fictional=True)


def _complete(tables):  # noqa: ANN001, ANN202
    from toolkit.territory import complete  # noqa: PLC0415

    return complete(tables)


def timed(actors: int) -> dict[str, object]:
    """Return how many rows there are, and seconds of processor and clock, whole and by finder."""
    import time  # noqa: PLC0415

    from toolkit import gaps  # noqa: PLC0415
    from toolkit.settings import Settings  # noqa: PLC0415

    settings = Settings()
    gaps.find_gaps(stacked_territory(1), settings=settings)  # loads what is slow to load
    territory = stacked_territory(max(1, round(actors / ALONE)))
    parts: dict[str, float] = {}

    def watched(name, find):  # noqa: ANN001, ANN202
        def finder(*args, **kwargs):  # noqa: ANN002, ANN003, ANN202
            began = time.process_time()
            found = find(*args, **kwargs)
            parts[name] = time.process_time() - began
            return found

        return finder

    for name in ("balance", "access", "leaks", "network", "missing", "chains"):
        module = getattr(gaps, name, None)
        if module is not None:
            module.find = watched(name, module.find)
    wall, cpu = time.perf_counter(), time.process_time()
    found = gaps.find_gaps(territory, settings=settings)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    rows = sum(len(frame) for frame in territory.tables.values())
    return {
        "actors": len(territory.actors),
        "rows": rows,
        "gaps": len(found.gaps),
        "cpu": cpu,
        "wall": wall,
        "parts": parts,
    }


def slope(points: list[tuple[int, float]]) -> float:
    """Return the slope of log time over log n, by least squares; 1 is linear."""
    logs = [(math.log(n), math.log(seconds)) for n, seconds in points]
    mean_n, mean_s = (sum(part) / len(logs) for part in zip(*logs, strict=True))
    over = sum((n - mean_n) ** 2 for n, _ in logs)
    return sum((n - mean_n) * (s - mean_s) for n, s in logs) / over


def main() -> None:
    """Print seconds and memory of each size, and how they grow."""
    sizes = [int(word) for word in sys.argv[1:]] or [1_000, 3_000, 10_000, 30_000, 100_000]
    told = []
    with tempfile.TemporaryDirectory() as folder:
        for actors in sizes:
            log = f"{folder}/{actors}.json"
            _, memory = run(python(CODE.format(here=str(HERE), actors=actors, log=log)), repeat=1)
            one = json.loads(Path(log).read_text())
            told.append(one)
            parts = ", ".join(f"{name} {cpu:.1f}" for name, cpu in one["parts"].items())
            print(
                f"{one['actors']} actors, {one['rows']} rows, {one['gaps']} gaps: "
                f"processor {one['cpu']:.1f} s, clock {one['wall']:.1f} s ({parts}); "
                f"whole process at most {memory:.0f} MB",
                flush=True,
            )
    if len(told) > 1:
        whole = slope([(one["actors"], one["cpu"]) for one in told])
        limit = slope([(one["actors"], one["actors"] * math.log(one["actors"])) for one in told])
        print(f"slope of log processor time over log n: {whole:.2f} (n log n: {limit:.2f})")
        for name in told[0]["parts"]:
            grown = slope([(one["actors"], max(1e-3, one["parts"][name])) for one in told])
            print(f"  {name}: {grown:.2f}")


if __name__ == "__main__":
    main()
