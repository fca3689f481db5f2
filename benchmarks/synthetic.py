"""Territories of any size for benchmarks, drawn like the demo: invented, seeded, no file needed."""

from __future__ import annotations

import copy
import sys
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from toolkit.territory import Territory

DEMO = Path(__file__).resolve().parents[1] / "data" / "demo"
sys.path.insert(0, str(DEMO))

import make_demo as demo  # noqa: E402 - lies beside the demo's data

SEED = 2031


def synthetic_tables(*, communes: int, actors: int, seed: int = SEED) -> dict[str, pd.DataFrame]:
    """Return the tables of a territory with about so many communes and actors.

    Resources, needs, flows and cooperations grow with the actors, as in the demo (about 1.3
    resources, 1.1 needs and 2 flows an actor).
    """
    rng = np.random.default_rng(seed)
    words, kinds = demo.load("words.toml"), demo.load("kinds.toml")
    words["communes"] = [f"Commune {rank + 1}" for rank in range(communes)]
    factor = actors / sum(rule["count"] for rule in kinds.values())
    kinds = copy.deepcopy(kinds)
    for rule in kinds.values():
        rule["count"] = max(1, round(rule["count"] * factor))
    demo.COOPERATIONS = max(10, round(40 * factor))
    demo.FLOWS = {nature: max(10, round(count * factor)) for nature, count in demo.FLOWS.items()}
    places = demo.make_communes(rng, words)
    placer = demo.Placer(places, rng)
    rows = demo.make_actors(placer, rng, kinds=kinds, words=words)
    cooperations, members = demo.make_cooperations(rows, placer, rng=rng, words=words)
    tables: dict[str, list[dict[str, Any]]] = {
        "resources": demo.make_quantities(rows, rng, kinds=kinds, offers=True),
        "needs": demo.make_quantities(rows, rng, kinds=kinds, offers=False),
        "flows": demo.make_flows(rows, places, rng=rng, words=words),
        "cooperations": cooperations,
        "members": members,
    }
    frame = pd.DataFrame(rows).drop(columns="kind")
    made: dict[str, pd.DataFrame] = {name: pd.DataFrame(table) for name, table in tables.items()}
    made["actors"] = gpd.GeoDataFrame(frame, geometry="geometry", crs=places.crs)
    made["communes"] = places.assign(source_id=None)
    return made


def synthetic_territory(*, communes: int, actors: int, seed: int = SEED) -> Territory:
    """Return a territory of about so many communes and actors, complete and checked."""
    tables = synthetic_tables(communes=communes, actors=actors, seed=seed)
    return Territory.from_tables(tables, name=f"Synthetic, {actors} actors", fictional=True)


def bare_territory(*, communes: int, actors: int, seed: int = SEED) -> Territory:
    """Return a territory of which only a list is known: place, activity and size of actors.

    Names say nothing, so that nothing is deduced from them.
    """
    made = synthetic_tables(communes=communes, actors=actors, seed=seed)
    held = ["actor_id", "family", "commune_id", "activity", "jobs", "geometry"]
    rows = made["actors"][held].copy()
    known = rows["activity"].dropna().to_numpy()
    lost = rows["activity"].isna()
    drawn = np.random.default_rng(seed).choice(known, size=int(lost.sum()))
    rows.loc[lost, "activity"] = drawn
    rows["name"] = [f"N {rank}" for rank in range(len(rows))]
    tables = {"communes": made["communes"], "actors": rows}
    return Territory.from_tables(tables, name=f"Bare, {actors} actors", fictional=True)
