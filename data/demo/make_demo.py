"""Write the tables of the demo territory: everything in them is invented, from one seed.

Run from the top of the project: ``python data/demo/make_demo.py``.  The same seed gives the same
files, bit for bit.  Kinds of actors are in ``kinds.toml``, words in ``words.toml``, the facts that
a diagnosis must find in ``planted.toml``.
"""

from __future__ import annotations

import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from geography import commune_polygons  # noqa: E402 - beside this script

SEED = 2031
COG_YEAR = 2026
POPULATION = 45_000
DOCTOR_FREE_M = 9_500.0
OFFER_FACTOR, NEED_FACTOR = 1.14, 1.2
COOPERATIONS = 40
FLOWS = {"people": 300, "money": 500, "material": 280, "service": 80, "knowledge": 39}
PANEL = 60
OWN = {
    "territory_id": "T00",
    "name": "Pays de Valombre",
    "kind": "CC",
    "population": 0.0,
    "density_per_km2": 0.0,
    "median_income_eur": 21_500.0,
}
"""This territory among those to compare with; its figures are filled in from the communes."""
BASIS = ("observed", "recorded", "estimated")
WHOLE = frozenset({"unit", "person", "place", "day", "hour"})
"""Units of which half of one makes no sense in an inventory."""

Rows = list[dict[str, Any]]


def load(name: str) -> dict[str, Any]:
    """Return one of the TOML files beside this script."""
    return tomllib.loads((HERE / name).read_text(encoding="utf-8"))


def make_communes(rng: np.random.Generator, words: dict[str, Any]) -> gpd.GeoDataFrame:
    """Return the communes, the most central and populous first."""
    names = words["communes"]
    polygons = commune_polygons(len(names), seed=SEED)
    shares = 1.0 / np.arange(1.6, len(names) + 1.6) ** 1.15 * rng.uniform(0.85, 1.15, len(names))
    population = np.floor(shares / shares.sum() * POPULATION)
    population[0] += POPULATION - population.sum()
    return gpd.GeoDataFrame(
        {
            "commune_id": [f"{99001 + rank}" for rank in range(len(names))],
            "name": names,
            "population": population,
            "epci_id": "000000000",
            "cog_year": COG_YEAR,
            "basis": "recorded",
            "source_id": "demo-registre",
        },
        geometry=polygons,
    )


class Placer:
    """Chooses communes and points for actors."""

    def __init__(self, communes: gpd.GeoDataFrame, rng: np.random.Generator) -> None:
        self.communes, self.rng = communes, rng
        population = communes["population"].to_numpy()
        small = 1.0 / np.sqrt(population)
        last = communes.geometry.iloc[-1]
        near = communes.geometry.distance(last.representative_point()) < DOCTOR_FREE_M
        doctor = np.where(near, 0.0, population)
        even = np.ones(len(population))
        self.weights = {
            "town": population / population.sum(),
            "rural": small / small.sum(),
            "even": even / even.sum(),
            "isolated": even / even.sum(),
            "doctor": doctor / doctor.sum(),
        }

    def communes_of(self, spread: str, *, count: int) -> np.ndarray:
        """Return the positions of the communes of the actors of one kind."""
        if spread == "each":
            return np.arange(count) % len(self.communes)
        return np.sort(self.rng.choice(len(self.communes), size=count, p=self.weights[spread]))

    def point(self, position: int) -> Any:  # noqa: ANN401 - a shapely point
        """Return a random point of a commune, nearer its middle than its border."""
        polygon = self.communes.geometry.iloc[position]
        west, south, east, north = polygon.bounds
        middle = polygon.representative_point()
        for _ in range(200):
            x, y = self.rng.uniform(west, east), self.rng.uniform(south, north)
            share = self.rng.uniform(0.35, 1.0)
            drawn = gpd.points_from_xy(
                [middle.x + (x - middle.x) * share], [middle.y + (y - middle.y) * share]
            )[0]
            if polygon.contains(drawn):
                return drawn
        return middle


def fictional_siret(number: int) -> str:
    """Return a SIRET that passes Luhn and that nobody bears (its SIREN begins with 000)."""
    siren = _with_luhn(f"000{number:05d}")
    return _with_luhn(f"{siren}0001")


def _with_luhn(digits: str) -> str:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return f"{digits}{-total % 10}"


def make_actors(
    placer: Placer, rng: np.random.Generator, *, kinds: dict[str, Any], words: dict[str, Any]
) -> Rows:
    """Return the actors of every kind, some rows incomplete as in life."""
    rows: Rows = []
    taken: set[str] = set()
    for kind, rule in kinds.items():
        for position in placer.communes_of(rule["spread"], count=rule["count"]):
            commune = placer.communes.iloc[position]
            name = _name(rule["names"], rng, commune=commune["name"], words=words, taken=taken)
            number = len(rows) + 1
            known, placed, sized = rng.random(3)
            natural = rule["legal"].startswith("1")
            rows.append(
                {
                    "actor_id": f"A{number:04d}",
                    "kind": kind,
                    "name": name,
                    "family": rule["family"],
                    "ess_form": rule.get("form"),
                    "siret": fictional_siret(number)
                    if known < 0.7 and rule["family"] != "civil"
                    else None,
                    "legal_form": rule["legal"],
                    "activity": rule["naf"] or None if known < 0.93 else None,
                    "roles": "|".join(rule.get("roles", [])) or None,
                    "jobs": float(rng.integers(rule["jobs"][0], rule["jobs"][1] + 1))
                    if sized < 0.9
                    else None,
                    "commune_id": commune["commune_id"],
                    "geometry": placer.point(int(position)) if placed < 0.88 else None,
                    "natural_person": natural,
                    "diffusible": not (natural and placed < 0.12),
                    "basis": BASIS[0] if known < 0.4 else BASIS[1],
                }
            )
    return rows


def _name(
    patterns: list[str],
    rng: np.random.Generator,
    *,
    commune: str,
    words: dict[str, Any],
    taken: set[str],
) -> str:
    """Return a name not borne yet."""
    for _ in range(60):
        pattern = str(rng.choice(patterns))
        name = pattern.format(
            c=commune, s=rng.choice(words["surnames"]), n=rng.choice(words["places"])
        )
        for wrong, right in words["elisions"]:
            name = name.replace(wrong, right)
        if name not in taken:
            taken.add(name)
            return name
    name = (
        f"{name} ({commune})" if f"{name} ({commune})" not in taken else f"{name} n° {len(taken)}"
    )
    taken.add(name)
    return name


def make_quantities(
    actors: Rows, rng: np.random.Generator, *, kinds: dict[str, Any], offers: bool
) -> Rows:
    """Return the resources or the needs of the actors of every kind."""
    letter, key, factor = (
        ("R", "resource_id", OFFER_FACTOR) if offers else ("N", "need_id", NEED_FACTOR)
    )
    rows: Rows = []
    for actor in actors:
        for category, low, high, unit, share in kinds[actor["kind"]][
            "offers" if offers else "needs"
        ]:
            if rng.random() >= share * (factor if share < 1.0 else 1.0):
                continue
            service = category.startswith("services.")
            draw, unknown, middle = rng.random(3)
            size = round(
                float(np.exp(rng.uniform(np.log(low), np.log(max(high, low))))),
                0 if high > 20 or unit in WHOLE else 1,
            )
            basis = BASIS[1] if service else BASIS[0 if draw < 0.6 else 1 if draw < 0.78 else 2]
            row = {
                key: f"{letter}{len(rows) + 1:04d}",
                "actor_id": actor["actor_id"],
                "category": category,
                "quantity": None if unknown < 0.1 and not service else max(size, 1.0),
                "unit": None if unknown < 0.1 and not service else unit,
                "period": "once"
                if category.split(".")[0] in {"premises", "land", "services"}
                else "year",
                "confidential": bool(draw > 0.97),
                "weight": round(float(0.3 + middle * 0.5), 2) if basis == BASIS[2] else None,
                "basis": basis,
            }
            if offers:
                row |= {
                    "available": ("surplus", "shareable", "under_used")[int(middle * 3)],
                    "shareable": bool(middle < 0.8),
                }
            else:
                row["priority"] = ("low", "medium", "high")[int(middle * 3)]
            rows.append(row)
    return rows


def make_cooperations(
    actors: Rows, placer: Placer, *, rng: np.random.Generator, words: dict[str, Any]
) -> tuple[Rows, Rows]:
    """Return cooperations of near actors and their members; no ESS with research, no repairers."""
    able = [actor for actor in actors if actor["kind"] != "repair"]
    place = {code: rank for rank, code in enumerate(placer.communes["commune_id"])}
    centres = np.array(
        [(point.x, point.y) for point in placer.communes.geometry.representative_point()]
    )
    cooperations, members = [], []
    for number in range(COOPERATIONS):
        seed = able[int(rng.integers(len(able)))]
        barred = {"ess": "research", "research": "ess"}.get(seed["family"], "research")
        here = centres[place[seed["commune_id"]]]
        away = np.array([np.hypot(*(centres[place[other["commune_id"]]] - here)) for other in able])
        pull = np.exp(-away / 6_000.0) * [
            0.0 if other["family"] == barred or other is seed else 1.0 for other in able
        ]
        size = int(rng.integers(2, 8))
        chosen = [
            seed,
            *(
                able[spot]
                for spot in np.sort(
                    rng.choice(len(able), size=size, replace=False, p=pull / pull.sum())
                )
            ),
        ]
        key = f"C{number + 1:03d}"
        theme = words["cooperations"][number % len(words["cooperations"])]
        cooperations.append(
            {
                "cooperation_id": key,
                "name": theme["name"],
                "objectives": theme["objective"],
                "pillars": theme.get("pillar"),
                "stage": str(
                    rng.choice(
                        ["active", "active", "active", "experiment", "co_construction", "ended"]
                    )
                ),
                "since": int(rng.integers(2012, 2027)),
                "policy_support": str(
                    rng.choice(["none", "local", "local", "regional", "national"])
                ),
                "basis": BASIS[0],
            }
        )
        members += [
            {
                "cooperation_id": key,
                "actor_id": actor["actor_id"],
                "role": "lead" if rank == 0 else "partner",
            }
            for rank, actor in enumerate(chosen)
        ]
    return cooperations, members


def make_flows(
    actors: Rows, communes: gpd.GeoDataFrame, *, rng: np.random.Generator, words: dict[str, Any]
) -> Rows:
    """Return flows: commuting between communes, the others between actors and with the outside."""
    rows = _commuting(communes, rng)
    able = [actor for actor in actors if actor["kind"] != "repair"]
    families = np.array([actor["family"] for actor in able])
    jobs = np.array([1.0 + (actor["jobs"] or 0.0) for actor in able])
    for nature in ("money", "material", "service", "knowledge"):
        for _ in range(FLOWS[nature]):
            rule = words["flows"][nature][int(rng.integers(len(words["flows"][nature])))]
            first = int(rng.choice(len(able), p=jobs / jobs.sum()))
            barred = {"ess": "research", "research": "ess"}.get(families[first], "")
            pull = jobs * (families != barred)
            pull[first] = 0.0
            second = int(rng.choice(len(able), p=pull / pull.sum()))
            ends = [able[first]["actor_id"], able[second]["actor_id"]]
            draw = rng.random()
            if draw < rule["out"]:
                ends[1] = "outside"
            elif draw < rule["out"] + rule["in"]:
                ends[0] = "outside"
            rows.append(
                {
                    "nature": nature,
                    "origin": ends[0],
                    "destination": ends[1],
                    "category": rule["category"],
                    "quantity": float(
                        round(np.exp(rng.uniform(np.log(rule["low"]), np.log(rule["high"]))), 0)
                    ),
                    "unit": rule["unit"],
                    "year": 2025,
                    "confidential": bool(rng.random() < 0.04),
                    "basis": BASIS[0 if rng.random() < 0.5 else 1],
                }
            )
    return [{"flow_id": f"F{number + 1:04d}", **row} for number, row in enumerate(rows)]


def _commuting(communes: gpd.GeoDataFrame, rng: np.random.Generator) -> Rows:
    """Return the strongest pairs of a gravity model, in people who go to work."""
    points = communes.geometry.representative_point()
    people = communes["population"].to_numpy()
    codes = communes["commune_id"].to_numpy()
    pairs = []
    for here in range(len(codes)):
        for there in range(len(codes)):
            if here != there:
                away = points.iloc[here].distance(points.iloc[there])
                size = 0.6 * people[here] * people[there] ** 1.2 / away**1.6 * rng.uniform(0.7, 1.3)
                pairs.append((size, codes[here], codes[there]))
    pairs.sort(key=lambda pair: (-pair[0], pair[1], pair[2]))
    return [
        {
            "nature": "people",
            "origin": origin,
            "destination": destination,
            "quantity": float(round(size) + 1),
            "unit": "person",
            "year": 2023,
            "confidential": False,
            "basis": BASIS[1],
        }
        for size, origin, destination in pairs[: FLOWS["people"]]
    ]


def make_panel(
    rng: np.random.Generator, words: dict[str, Any], *, actors: Rows, area_km2: float
) -> pd.DataFrame:
    """Return counts of activities in this territory and in others, a row for each of both."""
    activities = [code for group in words["panel"].values() for code in group]
    held = Counter(actor.get("activity") for actor in actors)
    own = OWN | {
        "population": float(POPULATION),
        "density_per_km2": round(POPULATION / area_km2, 1),
    }
    rows: Rows = [{**own, "activity": code, "count": held[code]} for code in activities]
    for number in range(PANEL):
        population = float(round(np.exp(rng.normal(np.log(42_000), 0.5)), -1))
        traits = {
            "territory_id": f"T{number + 1:02d}",
            "name": f"Territoire fictif n° {number + 1}",
            "kind": str(rng.choice(["CC", "CC", "CA"])),
            "population": population,
            "density_per_km2": round(float(np.exp(rng.normal(np.log(75), 0.4))), 1),
            "median_income_eur": round(float(rng.normal(21_800, 1_300)), -1),
        }
        for group in words["panel"].values():
            shared = rng.gamma(12.0, 1 / 12.0)
            for activity, per_10_000 in group.items():
                rate = per_10_000 * shared * rng.gamma(16.0, 1 / 16.0)
                count = int(rng.poisson(rate * population / 10_000))
                rows.append({**traits, "activity": activity, "count": count})
    panel = pd.DataFrame(rows)
    panel.insert(panel.columns.get_loc("activity"), "nomenclature", "naf_rev2")
    return panel


def add_planted(tables: dict[str, Rows], planted: dict[str, Any], *, placer: Placer) -> None:
    """Add the planted rows; refuse categories that the drawn rows use too."""
    used = {
        row["category"]
        for name in ("resources", "needs", "flows")
        for row in tables[name]
        if row.get("category")
    }
    kept = {row["category"] for name in ("resources", "needs", "flows") for row in planted[name]}
    if used & kept:
        msg = f"planted categories are used by drawn rows: {sorted(used & kept)}"
        raise ValueError(msg)
    for actor in planted["actors"]:
        position = actor.pop("commune") - 1
        tables["actors"].append(
            {
                **actor,
                "commune_id": placer.communes["commune_id"].iloc[position],
                "geometry": placer.point(position),
                "basis": BASIS[0],
            }
        )
    for name in ("resources", "needs", "flows"):
        tables[name] += [{"basis": BASIS[0], **row} for row in planted[name]]


def write(tables: dict[str, Rows], communes: gpd.GeoDataFrame, *, panel: pd.DataFrame) -> None:
    """Write one file a table."""
    actors = gpd.GeoDataFrame(
        pd.DataFrame(tables["actors"]).drop(columns="kind"), geometry="geometry", crs=communes.crs
    )
    degrees = actors.geometry.to_crs(epsg=4326)
    plain = pd.DataFrame(actors.drop(columns="geometry"))
    plain["longitude"], plain["latitude"] = degrees.x.round(6), degrees.y.round(6)
    frames = {name: pd.DataFrame(rows) for name, rows in tables.items()} | {"actors": plain}
    for name, frame in frames.items():
        if name not in {"members", "sources"}:
            frame["source_id"] = frame["basis"].map(
                {
                    "observed": "demo-enquete",
                    "recorded": "demo-registre",
                    "estimated": "demo-profils",
                }
            )
        frame.to_csv(HERE / f"{name}.csv", index=False, lineterminator="\n")
    panel.to_csv(HERE / "panel.csv", index=False, lineterminator="\n")
    stored = communes.to_crs(epsg=4326)
    stored["geometry"] = stored.geometry.set_precision(1e-5)
    text = stored.to_json(drop_id=True, ensure_ascii=False)
    (HERE / "communes.geojson").write_text(
        text.replace('{"type": "Feature"', '\n{"type": "Feature"') + "\n", encoding="utf-8"
    )


def main() -> None:
    """Draw the territory and write its tables."""
    rng = np.random.default_rng(SEED)
    words, kinds, planted = load("words.toml"), load("kinds.toml"), load("planted.toml")
    communes = make_communes(rng, words)
    placer = Placer(communes, rng)
    actors = make_actors(placer, rng, kinds=kinds, words=words)
    cooperations, members = make_cooperations(actors, placer, rng=rng, words=words)
    tables: dict[str, Rows] = {
        "resources": make_quantities(actors, rng, kinds=kinds, offers=True),
        "needs": make_quantities(actors, rng, kinds=kinds, offers=False),
        "flows": make_flows(actors, communes, rng=rng, words=words),
        "cooperations": cooperations,
        "members": members,
        "practices": [{**practice, "basis": BASIS[0]} for practice in words["practices"]],
        "sources": words["sources"],
        "actors": actors,
    }
    add_planted(tables, planted, placer=placer)
    area_km2 = float(communes.geometry.area.sum()) / 1e6
    panel = make_panel(rng, words, actors=tables["actors"], area_km2=area_km2)
    write(tables, communes, panel=panel)


if __name__ == "__main__":
    main()
