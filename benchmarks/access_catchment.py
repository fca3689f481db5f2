"""Claim: E2SFCA on 1,300 places x 10,000 services (2 million pairs) in a fortieth of PySAL's time.

The same list of pairs is handed to both, and the answers must agree to 1e-9.  PySAL access calls
the weight function once a pair; so the plain 2SFCA, where it calls none, is measured too.  Then
the whole search for gaps of access is measured on a large territory, in a process of its own.
Needs the group `peers` of pyproject.toml for the comparison.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from measure import python, run
from shapely import box

from toolkit import nomenclature
from toolkit.gaps import catchment
from toolkit.territory import Territory, complete

ORIGINS, SUPPLIERS, PAIRS = 1_300, 10_000, 2_000_000
SIDE_M = 100_000.0
LIMIT_MIN = 30.0
AIM = 40.0
ACTORS = 100_000
LARGE = """
import sys
sys.path.insert(0, {folder!r})
from access_catchment import large_territory
from toolkit.gaps import access
from toolkit.settings import Settings
import time
territory = large_territory()
began = time.perf_counter()
{find}
print(time.perf_counter() - began)
"""


def best_of(function: Callable[[], Any], *, repeat: int) -> tuple[float, Any]:
    """Return the least seconds of several calls, and the answer."""
    seconds, answer = [], None
    for _ in range(repeat):
        began = time.perf_counter()
        answer = function()
        seconds.append(time.perf_counter() - began)
    return min(seconds), answer


def town() -> tuple[np.ndarray, np.ndarray, float, np.ndarray, np.ndarray]:
    """Return places of people and services, minutes a metre, people and supply."""
    draw = np.random.default_rng(2_031)
    here, there = (draw.uniform(0, SIDE_M, (size, 2)) for size in (ORIGINS, SUPPLIERS))
    apart = np.hypot(*(here[:, None] - there[None, :]).transpose(2, 0, 1)).ravel()
    rate = LIMIT_MIN / float(np.partition(apart, PAIRS)[PAIRS])
    people = draw.integers(50, 3_000, ORIGINS).astype("float64")
    return here, there, rate, people, draw.integers(1, 9, SUPPLIERS).astype("float64")


def ours(pairs: catchment.Pairs, *, people: np.ndarray, supply: np.ndarray) -> np.ndarray:
    """Return the E2SFCA of this project."""
    weight = catchment.weights(pairs.minutes, limit_min=LIMIT_MIN)
    return catchment.e2sfca(pairs, people=people, supply=supply, weight=weight).accessibility


def of_pysal(
    pairs: catchment.Pairs, *, people: np.ndarray, supply: np.ndarray
) -> Callable[[bool], np.ndarray]:
    """Return the E2SFCA of PySAL access, its frames made beforehand; plain without weights."""
    from access import fca, weights  # noqa: PLC0415 - a peer, not always installed

    costs = pd.DataFrame(
        {
            "origin": np.repeat(np.arange(ORIGINS), np.diff(pairs.starts)),
            "dest": pairs.suppliers,
            "cost": pairs.minutes,
        }
    )
    demand = pd.DataFrame({"geoid": np.arange(ORIGINS), "people": people})
    supplies = pd.DataFrame({"supply": supply}, index=np.arange(SUPPLIERS))
    bands = weights.step_fn({10: 1, 20: 0.68, 30: 0.22})

    def call(weighted: bool) -> np.ndarray:  # noqa: FBT001
        told = fca.two_stage_fca(
            demand_df=demand,
            supply_df=supplies,
            cost_df=costs,
            demand_index="geoid",
            demand_name="people",
            supply_name="supply",
            cost_origin="origin",
            cost_dest="dest",
            cost_name="cost",
            weight_fn=bands if weighted else None,
        )
        return told.reindex(range(ORIGINS), fill_value=0.0).to_numpy()

    return call


def compare() -> float:
    """Print seconds and ratios; return the ratio of the claim."""
    here, there, rate, people, supply = town()
    listing, pairs = best_of(
        lambda: catchment.pairs_within(here, there, limit_min=LIMIT_MIN, minutes_per_m=rate),
        repeat=3,
    )
    seconds, found = best_of(lambda: ours(pairs, people=people, supply=supply), repeat=20)
    print(f"{len(pairs.minutes):,} pairs: listed by the tree in {listing:.2f} s")
    print(f"E2SFCA: {seconds * 1000:.1f} ms")
    ones = np.ones(len(pairs.minutes))
    bare, flat = best_of(
        lambda: catchment.e2sfca(pairs, people=people, supply=supply, weight=ones).accessibility,
        repeat=20,
    )
    try:
        peer = of_pysal(pairs, people=people, supply=supply)
    except ImportError:
        print("PySAL access is not installed: no comparison (group `peers` of pyproject.toml)")
        return np.nan
    told, expected = best_of(lambda: peer(True), repeat=2)
    worst = float(np.max(np.abs(found - expected) / expected))
    plain, unweighted = best_of(lambda: peer(False), repeat=3)
    worst = max(worst, float(np.max(np.abs(flat - unweighted) / unweighted)))
    print(f"PySAL access: {told:.2f} s, {told / seconds:.0f} x (aim {AIM:.0f} x)")
    print(f"without weights: {plain:.2f} s against {bare * 1000:.1f} ms, {plain / bare:.0f} x")
    print(f"with the listing of pairs on our side: {told / (seconds + listing):.0f} x")
    print(f"largest relative difference {worst:.1e}")
    if not worst < 1e-9:
        message = "The answers differ."
        raise SystemExit(message)
    return told / seconds


def large_territory() -> Territory:
    """Return 1,300 square communes of 4 km with 100,000 actors, each offering one service."""
    draw = np.random.default_rng(2_031)
    columns, side = 36, 4_000.0
    rows, places = np.divmod(np.arange(ORIGINS), columns)
    west, south = 600_000 + side * places, 6_600_000 + side * rows
    names = [f"{10_000 + place}" for place in range(ORIGINS)]
    communes = gpd.GeoDataFrame(
        {"commune_id": names, "name": names, "population": draw.integers(50, 3_000, ORIGINS) * 1.0},
        geometry=box(west, south, west + side, south + side),
        crs=2154,
    )
    frame = nomenclature.table("categories")
    services = frame.index[frame["access_minutes"].notna()].tolist()
    home = draw.integers(0, ORIGINS, ACTORS)
    ids = [f"A{number:06d}" for number in range(ACTORS)]
    actors = gpd.GeoDataFrame(
        {"actor_id": ids, "name": ids, "family": "public", "commune_id": np.array(names)[home]},
        geometry=gpd.points_from_xy(
            west[home] + draw.uniform(0, side, ACTORS), south[home] + draw.uniform(0, side, ACTORS)
        ),
        crs=2154,
    )
    # From one service of a kind to thousands, as kinds of services differ.
    chances = 1 / np.arange(1, len(services) + 1) ** 1.5
    offered = draw.choice(services, ACTORS, p=chances / chances.sum())
    resources = pd.DataFrame(
        {"resource_id": [f"R{name}" for name in ids], "actor_id": ids, "category": offered}
    )
    tables = {"communes": communes, "actors": actors, "resources": resources}
    return Territory(name="Large", tables=complete(tables), fictional=True)


def large() -> None:
    """Print seconds and memory of the whole search on 100,000 actors in 1,300 communes."""
    folder = str(Path(__file__).resolve().parent)
    for name, find in (
        ("making the territory alone", ""),
        ("with the search", "access.find(territory, settings=Settings())"),
    ):
        seconds, memory = run(python(LARGE.format(folder=folder, find=find)), repeat=1)
        print(f"{ACTORS:,} actors, {name}: {seconds:.1f} s, {memory:.0f} MB")


if __name__ == "__main__":
    ratio = compare()
    large()
    if ratio < AIM:
        sys.exit(f"{ratio:.0f} x is below the aim of {AIM:.0f} x")
