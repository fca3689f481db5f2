"""Run by `test_crash.py` in a process of its own: works on a territory, is killed at many moments.

Python and the libraries are loaded once; each victim is a fork that ends without warning: before
its n-th change of the database, a moment after its commit has begun, or just before its folder is
moved to its place.  A tiny cache spills changes into the file long before the commit, so that most
victims leave a file in which half of the changes stand, and the journal that takes them back.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from toolkit.workspace import Workspace, creating, database

CACHE_PAGES = 4
COMMIT_S = 0.004
"""About as long as a commit takes, in seconds."""


def die() -> None:
    """End this process as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)


def watch(seen: Callable[[str], None]) -> None:
    """Let every connection that is opened from now on tell its statements."""
    plain = database.connect

    def connect(path, *, timeout_s):
        connection = plain(path, timeout_s=timeout_s)
        connection.execute(f"PRAGMA cache_size = {CACHE_PAGES}")
        connection.set_trace_callback(seen)
        return connection

    database.connect = connect


def die_at_change(number: int) -> None:
    """End before the n-th change."""
    left = [number]

    def seen(statement: str) -> None:
        left[0] -= statement.startswith(("INSERT", "UPDATE", "CREATE", "COMMIT"))
        if left[0] <= 0:
            die()

    watch(seen)


def die_at_commit(delay_s: float) -> None:
    """End a moment after the commit has begun."""

    def later() -> None:
        time.sleep(delay_s)
        die()

    def seen(statement: str) -> None:
        if statement == "COMMIT":
            threading.Thread(target=later, daemon=True).start()

    watch(seen)


def import_other(folder: Path) -> None:
    """Import the workbook of the state in which the territory is not."""
    workspace = Workspace(folder)
    now = workspace.tables()["actors"]["name"].iloc[0][0]
    workspace.import_workbook(folder / f"saisie {'ab'['ba'.index(now)]}.xlsx")


def create_one(folder: Path) -> None:
    """Create a territory of one commune."""
    import geopandas as gpd
    from shapely.geometry import box

    columns = {"commune_id": ["99001"], "name": ["Ambreval"], "cog_year": [2026]}
    place = [box(600_000, 6_600_000, 610_000, 6_610_000)]
    communes = gpd.GeoDataFrame(columns, geometry=place, crs=2154)
    Workspace.create(folder / f"v{os.getpid()}", name="V", communes=communes)


def kill(work: Callable[[Path], None], folder: Path, plan: tuple[str, float]) -> bool:
    """Let a fork work until its end; return whether it was killed."""
    victim = os.fork()
    if victim == 0:
        status = 1
        try:
            how, when = plan
            if how == "change":
                die_at_change(int(when))
            elif how == "commit":
                die_at_commit(when)
            elif how == "rename":
                creating._mask = die
            work(folder)
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(victim, 0)
    if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status):
        message = "The victim failed by itself."
        raise RuntimeError(message)
    return os.WIFSIGNALED(status)


def look_imported(folder: Path) -> dict[str, object]:
    """Return what the next opening finds after a killed import."""
    journal = folder / "territoire.gpkg-journal"
    is_hot = journal.exists() and any(journal.read_bytes()[:8])
    workspace = Workspace(folder)  # checks the whole file
    actors, resources = (workspace.tables()[name] for name in ("actors", "resources"))
    states = sorted({name[0] for name in [*actors["name"], *resources["label"]]})
    lines = workspace.journal()["what"].value_counts()
    return {
        "is_hot": is_hot,
        "states": states,
        "rows": [len(actors), len(resources)],
        "lines": sorted(set(lines)),
    }


def look_created(folder: Path) -> dict[str, object]:
    """Return how many whole and how many started folders there are."""
    sound = [Workspace(path).name for path in folder.iterdir() if not path.name.startswith(".")]
    return {"sound": len(sound), "started": len(list(folder.glob(".*.creation")))}


def main() -> None:
    """Kill victims of the work named first, in the folder named second."""
    work, folder, changes = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    moments = random.Random(20261122)
    plans = [("change", moments.randint(1, changes)) for _ in range(10)]
    if work == "import":
        plans += [("commit", moments.uniform(0, COMMIT_S)) for _ in range(6)]
    else:
        plans += [("rename", 0.0)]
    plans += [("never", 0.0)]
    does, looks = {"import": (import_other, look_imported), "create": (create_one, look_created)}[
        work
    ]
    told = [
        {"how": plan[0], "was_killed": kill(does, folder, plan), **looks(folder)} for plan in plans
    ]
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
