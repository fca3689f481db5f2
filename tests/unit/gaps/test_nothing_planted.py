"""Territories in which nothing lacks: drawn at random, few may be told to lack anything.

In each, every need has its resource next door, every commune its services, every stage of the one
value chain an actor; activities are as frequent as in the territories compared with, and ties fall
on actors at random, so that no group is cut off from another but by chance.
"""

from __future__ import annotations

import itertools
from collections import Counter

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import box

from toolkit import vocabulary as v
from toolkit.background import Background
from toolkit.gaps import find_gaps
from toolkit.settings import Settings
from toolkit.territory import Territory

TERRITORIES = 200
ACTORS = 60
FALSE_MAX = 0.10
SETTINGS = Settings(permutations=199)
GOODS = ("materials.wood.pallets", "materials.textile.clothing", "skills.it", "premises.office")
SERVICES = ("services.health.general_practitioner", "services.education.school_canteen")
RATES = {"47.11B": 6.0, "56.10A": 9.0, "16.10A": 1.5, "88.91A": 2.5, "43.32A": 5.0, "95.29Z": 1.0}
PANEL = 15


def communes() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "commune_id": ["99001", "99002", "99003"],
            "name": ["Ambreval", "Brissac", "Orne"],
            "population": [3000.0, 4000.0, 3000.0],
            "cog_year": [2026] * 3,
        },
        geometry=[
            box(600_000 + 4_000 * i, 6_600_000, 604_000 + 4_000 * i, 6_604_000) for i in range(3)
        ],
        crs=2154,
    )


def actors(rng: np.random.Generator) -> pd.DataFrame:
    ids = [f"A{number:02}" for number in range(ACTORS)]
    return pd.DataFrame(
        {
            "actor_id": ids,
            "name": ids,
            "family": rng.choice(["ess", "business", "public"], size=ACTORS),
            "sectors": rng.choice(
                ["food_industry", "forestry_wood", "textile_leather"], size=ACTORS
            ),
            "commune_id": rng.choice(["99001", "99002", "99003"], size=ACTORS),
            "basis": "recorded",
        }
    )


def balanced(rng: np.random.Generator, ids: list[str]) -> dict[str, pd.DataFrame]:
    """Return needs, and for each a resource of the same size held by another actor."""
    needs, resources = [], []
    for number in range(24):
        holder, user = rng.choice(ids, size=2, replace=False)
        row = {
            "category": GOODS[number % len(GOODS)],
            "quantity": float(rng.integers(1, 50)),
            "unit": {"materials.wood.pallets": "unit", "materials.textile.clothing": "t"}.get(
                GOODS[number % len(GOODS)], "day" if number % len(GOODS) == 2 else "m2"
            ),
            "period": "year",
            "basis": "recorded",
        }
        needs.append({"need_id": f"N{number}", "actor_id": user, **row})
        resources.append({"resource_id": f"R{number}", "actor_id": holder, **row})
    for number, service in enumerate(SERVICES):
        resources += [
            {
                "resource_id": f"S{number}-{rank}",
                "actor_id": ids[rank],
                "category": service,
                "basis": "recorded",
            }
            for rank in range(0, ACTORS, 6)
        ]
    return {v.NEEDS: pd.DataFrame(needs), v.RESOURCES: pd.DataFrame(resources)}


def ties(rng: np.random.Generator, ids: list[str]) -> pd.DataFrame:
    """Return flows between random pairs: every actor has one at least, so all hang together."""
    order = rng.permutation(ids)
    pairs = [*itertools.pairwise(order)]
    pairs += [tuple(rng.choice(ids, size=2, replace=False)) for _ in range(3 * ACTORS)]
    return pd.DataFrame(
        {
            "flow_id": [f"F{number}" for number in range(len(pairs))],
            "nature": "knowledge",
            "origin": [one for one, _ in pairs],
            "destination": [other for _, other in pairs],
            "basis": "recorded",
        }
    )


def background(rng: np.random.Generator, ids: list[str]) -> Background:
    rows = [
        (
            name,
            name,
            "CC",
            10_000.0,
            60.0,
            21_000.0,
            "naf_rev2",
            activity,
            float(rng.poisson(10 * rate)),
        )
        for name in ["HERE", *(f"T{rank:02}" for rank in range(PANEL))]
        for activity, rate in RATES.items()
    ]
    stages = [
        ("one", order, f"s{order}", False, 1, 30.0, GOODS[0], GOODS[0], "", "", "expert")
        for order in (1, 2, 3)
    ]
    places = [
        (ids[rank], "one", f"s{1 + rank % 3}", "activity") for rank in rng.permutation(ACTORS)[:12]
    ]
    places += [(ids[rank], "one", f"s{rank + 1}", "activity") for rank in range(3)]
    return Background(
        panel=pd.DataFrame(rows, columns=list(v.PANEL_COLUMNS)),
        own_id="HERE",
        stages=pd.DataFrame(stages, columns=list(v.STAGE_COLUMNS)),
        places=pd.DataFrame(places, columns=list(v.STAGE_PLACE_COLUMNS)).drop_duplicates(),
    )


@pytest.mark.slow
def test_few_territories_in_which_nothing_lacks_are_told_to_lack_anything():
    told: Counter[str] = Counter()
    touched = 0
    for seed in range(TERRITORIES):
        rng = np.random.default_rng([2031, seed])
        frame = actors(rng)
        ids = frame["actor_id"].tolist()
        territory = Territory.from_tables(
            {
                v.COMMUNES: communes(),
                v.ACTORS: frame,
                **balanced(rng, ids),
                v.FLOWS: ties(rng, ids),
            },
            name="Nothing lacks",
            fictional=True,
        )
        gaps = find_gaps(territory, settings=SETTINGS, background=background(rng, ids)).gaps
        told.update(gaps["kind"])
        touched += not gaps.empty
    assert touched <= FALSE_MAX * TERRITORIES, told
