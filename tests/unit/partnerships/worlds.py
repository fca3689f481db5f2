"""Small territories and random openings made by hand for the tests of partnerships."""

from __future__ import annotations

from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry import box

from toolkit import vocabulary as v
from toolkit.gaps import DETAIL_COLUMNS
from toolkit.partnerships.calls import Opening, slots_of
from toolkit.partnerships.facts import Facts, facts_of
from toolkit.partnerships.roles import Fit
from toolkit.settings import Settings
from toolkit.territory import Territory, complete

ORIGIN = (600_000, 6_600_000)
SECTORS = ("agriculture", "construction", "health", "trade", "energy", "research")


def communes(count: int = 4, *, side_m: float = 10_000) -> gpd.GeoDataFrame:
    """Squares in a row from west to east."""
    east, north = ORIGIN
    return gpd.GeoDataFrame(
        {
            "commune_id": [f"99{rank:03d}" for rank in range(1, count + 1)],
            "name": [f"Commune {rank}" for rank in range(1, count + 1)],
            "population": [1000.0] * count,
            "cog_year": [2026] * count,
        },
        geometry=[
            box(east + side_m * rank, north, east + side_m * (rank + 1), north + side_m)
            for rank in range(count)
        ],
        crs=2154,
    )


def actors(rows: list[dict[str, object]]) -> gpd.GeoDataFrame:
    """Actors with `x`, `y` in kilometres from the south-west corner of the communes."""
    frame = pd.DataFrame(rows)
    x = ORIGIN[0] + frame.pop("x").astype(float) * 1000
    y = ORIGIN[1] + frame.pop("y").astype(float) * 1000
    frame = frame.assign(name=frame["actor_id"])
    if "commune_id" not in frame:
        frame["commune_id"] = "99001"
    return gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(x, y, crs=2154))


def territory(rows: list[dict[str, object]], **tables: pd.DataFrame) -> Territory:
    """A territory of four communes with given actors and other tables."""
    made = complete({"communes": communes(), "actors": actors(rows), **tables})
    return Territory(name="Essai", tables=made, fictional=True)


def findings(
    gaps: list[dict[str, object]] | None = None,
    evidence: list[dict[str, object]] | None = None,
    *,
    matches: list[dict[str, object]] | None = None,
    network: list[dict[str, object]] | None = None,
) -> SimpleNamespace:
    """Frames such as the search for gaps returns."""
    columns = ["resource_id", "need_id", "quantity", "unit"]
    return SimpleNamespace(
        gaps=pd.DataFrame(gaps or [], columns=list(v.GAP_COLUMNS)),
        evidence=pd.DataFrame(evidence or [], columns=list(v.EVIDENCE_COLUMNS)),
        matches=pd.DataFrame(matches or [], columns=columns),
        access=pd.DataFrame(columns=["commune_id"]),
        network=pd.DataFrame(network or [], columns=["actor_id", "degree"]),
        detail=lambda name: pd.DataFrame(columns=list(DETAIL_COLUMNS[name])),
    )


def gap(gap_id: str, **cells: object) -> dict[str, object]:
    """One gap with every column."""
    kind, _, category = gap_id.partition(":")
    made = dict.fromkeys(v.GAP_COLUMNS, np.nan)
    made |= {
        "gap_id": gap_id,
        "kind": kind,
        "category": category,
        "commune_id": "",
        "actor_ids": "",
    }
    made |= {
        "severity": 0.5,
        "confidence": 1.0,
        "unit": "t",
        "shortfall": 10.0,
        "basis": "observed",
    }
    return made | cells


def proof(gap_id: str, role: str, row_id: str, **cells: object) -> dict[str, object]:
    """One row of evidence."""
    tables = {"need": v.NEEDS, "resource": v.RESOURCES, "flow": v.FLOWS, "actor": v.ACTORS}
    made = {"gap_id": gap_id, "role": role, "table": tables.get(role, v.COMMUNES), "row_id": row_id}
    return made | {"quantity": 1.0, "unit": "t", "basis": "observed", "source_id": ""} | cells


def random_territory(seed: int, *, size: int = 10, grid_km: float = 25.0) -> Territory:
    """A few actors of all families, with offers, needs, flows and cooperations drawn by a seed."""
    rng = np.random.default_rng(seed)
    coarse = bool(rng.random() < 0.3)  # many equal places and figures, so that scores tie
    rows = [
        {
            "actor_id": f"A{rank:04d}",
            "family": str(rng.choice(["ess", "ess", "business", "public", "research", "civil"])),
            "x": float(rng.integers(0, 3) * 8) if coarse else float(rng.random() * grid_km),
            "y": float(rng.integers(0, 2) * 8) if coarse else float(rng.random() * 10),
            "sectors": "|".join(
                rng.choice(SECTORS, size=1 if coarse else int(rng.integers(0, 3)), replace=False)
            ),
            "jobs": float(rng.choice([0, 2, 9])) if coarse else float(rng.integers(0, 80)),
        }
        for rank in range(size)
    ]
    ids = [row["actor_id"] for row in rows]
    categories = ["materials.wood.pallets", "materials.wood.crates", "skills.legal"]
    drawn = 0 if coarse and rng.random() < 0.5 else size // 2
    things = [
        (f"X{rank}", str(rng.choice(ids)), str(rng.choice(categories)), float(rng.integers(1, 9)))
        for rank in range(drawn)
    ]
    columns = ["actor_id", "category", "quantity"]
    resources = pd.DataFrame(things, columns=["resource_id", *columns]).assign(unit="t")
    wanted = [(f"N{rank}", str(rng.choice(ids)), *thing[2:]) for rank, thing in enumerate(things)]
    needs = pd.DataFrame(wanted, columns=["need_id", *columns]).assign(unit="t")
    teams = [
        (f"C{rank}", str(actor))
        for rank in range(int(rng.integers(0, 4)))
        for actor in rng.choice(ids, size=int(rng.integers(2, 5)), replace=False)
    ]
    members = pd.DataFrame(teams, columns=["cooperation_id", "actor_id"])
    cooperations = pd.DataFrame({"cooperation_id": sorted(set(members["cooperation_id"]))})
    return territory(
        rows,
        resources=resources,
        needs=needs,
        members=members,
        cooperations=cooperations.assign(name="C", sectors="trade"),
    )


def random_opening(facts: Facts, seed: int, *, optional: int = 2) -> Opening:
    """An opening whose roles are filled by random subsets of the actors."""
    rng = np.random.default_rng(seed + 7_919)
    coarse = bool(rng.random() < 0.3)

    def pool() -> tuple[Fit, ...]:
        held = np.flatnonzero(rng.random(len(facts.ids)) < 0.6).tolist()
        return tuple(
            Fit(
                actor,
                0.5 if coarse else float(rng.integers(1, 11)) / 10,
                "holds_resource",
                v.ACTORS,
                facts.ids[actor],
                1.0,
                "t",
                "observed",
                float(rng.choice([0.0, 0.2, 0.7])),
                float(rng.choice([0.0, 0.3, 0.6])),
            )
            for actor in held
        )

    first = pool()
    twice = bool(rng.random() < 0.4)
    slots = [("user", True, first), ("user", True, first) if twice else ("holder", True, pool())]
    slots += [("user", False, first)] if twice and rng.random() < 0.5 else []
    slots += [(role, False, pool()) for role in ("authority", "research", "partner")[:optional]]
    return Opening(
        "unmet_need:test", v.UNMET_NEED, ("unmet_need:test",), "materials.wood.pallets",
        ("answer_needs",), 0.5, 1.0, 10.0, "t", slots_of(*slots), bool(rng.random() < 0.3),
    )  # fmt: skip


def random_settings(seed: int) -> Settings:
    """Radius, types and weights drawn by a seed."""
    rng = np.random.default_rng(seed + 104_729)
    types = [name for name in v.PARTNERSHIP_TYPES if rng.random() < 0.8]
    return Settings(
        radius_km=float(rng.choice([6.0, 12.0, 40.0])),
        per_opening=int(rng.integers(1, 5)),
        max_members=int(rng.integers(2, 6)),
        partnership_types=tuple(types or v.PARTNERSHIP_TYPES),
        weights={name: float(rng.integers(0, 4)) for name in v.CRITERIA} | {"coverage": 1.0},
    )


def random_case(seed: int, *, size: int = 10) -> tuple[Facts, Opening, Settings]:
    """Facts, an opening and settings drawn by a seed."""
    settings = random_settings(seed)
    facts = facts_of(random_territory(seed, size=size), None, settings=settings)
    return facts, random_opening(facts, seed), settings
