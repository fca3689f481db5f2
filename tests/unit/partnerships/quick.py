"""Thousands of small openings in seconds: facts drawn without tables, and a quick enumeration.

The enumeration computes every criterion from its formula in METHODS 3.2, with tables of pairs, and
shares no line with the search.  ``oracle.py`` is the slow one, which reads whole territories.
"""

from __future__ import annotations

import math
from itertools import combinations, product

import numpy as np

from toolkit import vocabulary as v
from toolkit.partnerships.calls import Opening, slots_of
from toolkit.partnerships.facts import FAMILY_BIT, Facts, Place
from toolkit.partnerships.roles import Fit
from toolkit.settings import Settings

CATEGORIES = 4
SECTORS = tuple("abcdef")
ORDER = ("ptce", "multi_actor", "ess_business", "ess_ess", "any")


def draw_facts(rng: np.random.Generator, *, size: int, coarse: bool) -> Facts:
    """Actors with places, families, sectors, jobs, offers, needs and ties; nothing else."""
    ids = tuple(f"A{rank:04d}" for rank in range(size))
    x_km = rng.integers(0, 3, size) * 8.0 if coarse else rng.random(size) * 25
    y_km = rng.integers(0, 2, size) * 8.0 if coarse else rng.random(size) * 12
    families = rng.choice(["ess", "ess", "business", "public", "research", "civil"], size)
    most, often = (2, 0.05) if coarse else (3, 0.2)
    sectors = [
        frozenset(rng.choice(SECTORS, int(rng.integers(0, most)), replace=False).tolist())
        for _ in ids
    ]
    edges = [
        pair for pair in combinations(range(size), 2) if rng.random() < (0.05 if coarse else 0.15)
    ]
    places = [Place(f"C{rank}", "", 4.0 + 8 * rank, 5.0) for rank in range(3)]
    premises = [Place(ids[0], "R", float(x_km[0]), float(y_km[0]))] if rng.random() < 0.5 else []
    empty = {
        name: {} for name in ("resources", "stated", "needs", "commune_needs", "flows", "by_row")
    }
    return Facts(
        ids=ids,
        index={name: place for place, name in enumerate(ids)},
        x_km=x_km.astype("float64"),
        y_km=y_km.astype("float64"),
        family=np.array([FAMILY_BIT[name] for name in families], dtype="uint8"),
        sectors=tuple(sectors),
        sector_bits=np.array(
            [sum(1 << SECTORS.index(name) for name in held) for held in sectors], dtype="uint64"
        ),
        pillars=(frozenset(),) * size,
        roles=(frozenset(),) * size,
        jobs=rng.choice([np.nan, 0, 2, 9, 80], size) if coarse else rng.random(size) * 80,
        eligible=np.ones(size, dtype="bool"),
        basis=("observed",) * size,
        legal_form=("",) * size,
        activities=((),) * size,
        commune=("C0",) * size,
        commune_xy={place.place_id: (place.x_km, place.y_km) for place in places},
        edges=np.array(edges, dtype="int64").reshape(-1, 2),
        degree=np.zeros(size, dtype="int64"),
        in_cooperation=np.zeros(size, dtype="bool"),
        cooperations=(),
        premises=tuple(premises),
        communes=tuple(places),
        offers=(rng.random((size, CATEGORIES)) < often).astype("float32"),
        wants=(rng.random((size, CATEGORIES)) < often).astype("float32"),
        **empty,
    )


def draw_opening(rng: np.random.Generator, facts: Facts, *, share: float, coarse: bool) -> Opening:
    """An opening of two to five roles, some interchangeable, filled by a share of the actors."""

    def pool() -> tuple[Fit, ...]:
        held = np.flatnonzero(rng.random(len(facts.ids)) < share).tolist()
        return tuple(
            Fit(
                actor, 0.5 if coarse else float(rng.integers(1, 11)) / 10, "x", v.ACTORS,
                facts.ids[actor], 1.0, "t", "observed",
                0.3 if coarse else float(rng.choice([0.0, 0.2, 0.7])),
                0.3 if coarse else float(rng.choice([0.0, 0.3, 0.6])),
            )
            for actor in held
        )  # fmt: skip

    first, third = pool(), pool()
    slots = [
        ("user", True, first),
        ("user", True, first) if rng.random() < 0.4 else ("holder", True, third),
    ]
    slots += [("user", False, first)] if rng.random() < 0.2 else []
    slots += [("authority", bool(rng.random() < 0.3), pool()), ("partner", False, third)]
    return Opening(
        "unmet_need:x", v.UNMET_NEED, ("unmet_need:x",), "x", ("answer_needs",), 0.5, 1.0, 10.0,
        "t", slots_of(*slots[: int(rng.integers(2, 5))]), bool(rng.random() < 0.3),
    )  # fmt: skip


def draw_settings(rng: np.random.Generator) -> Settings:
    """Any radius, sizes, weights and types, own ones included."""
    rules = {
        "own": {
            "families_min": int(rng.integers(1, 3)),
            "least": {"ess": int(rng.integers(0, 3)), "business": int(rng.integers(0, 2))},
            "most": {str(rng.choice(v.FAMILIES)): int(rng.integers(0, 2))},
        }
    }
    named = (*v.PARTNERSHIP_TYPES, "own", "any")
    odds = (0.6, 0.6, 0.6, 0.6, 0.3, 0.1)
    types = [name for name, odd in zip(named, odds, strict=True) if rng.random() < odd]
    return Settings(
        radius_km=float(rng.choice([6.0, 9.0, 12.0, 40.0])),
        per_opening=int(rng.integers(1, 6)),
        max_members=int(rng.integers(2, 6)),
        partnership_types=tuple(types or v.PARTNERSHIP_TYPES),
        composition_rules=rules,
        weights={name: float(rng.integers(0, 4)) for name in v.CRITERIA} | {"coverage": 1.0},
    )


def draw_case(seed: int, *, size: int = 9, share: float = 0.7) -> tuple[Facts, Opening, Settings]:
    """A whole instance; in four of ten, figures are so coarse that many scores tie."""
    rng = np.random.default_rng([seed, 6])
    coarse = bool(rng.random() < 0.4)
    facts = draw_facts(rng, size=size, coarse=coarse)
    return facts, draw_opening(rng, facts, share=share, coarse=coarse), draw_settings(rng)


def best_groups(
    facts: Facts, opening: Opening, settings: Settings, *, must: tuple[int, ...] = ()
) -> list[tuple[float, tuple[int, ...]]]:
    """All sets of members with their best score, best first; ties by type, then by position."""
    tables = _Tables(facts, settings)
    found: dict[tuple[int, ...], tuple[float, int]] = {}
    for slots in _teams(opening, settings):
        for cast in product(*(slot.fits for slot in slots)):
            members = tuple(sorted(fit.actor for fit in cast))
            if len(set(members)) < len(members) or not set(must) <= set(members):
                continue
            rank = tables.rank(members)
            if rank is None:
                continue
            score = tables.score(members, cast, one_sided=opening.one_sided)
            found[members] = max(found.get(members, (-1.0, rank)), (score, rank))
    order = sorted(found.items(), key=lambda item: (-round(item[1][0], 9), item[1][1], item[0]))
    return [(score, members) for members, (score, _) in order]


def _teams(opening, settings):
    required = [slot for slot in opening.slots if slot.required]
    optional = [slot for slot in opening.slots if not slot.required]
    for extra in range(len(optional) + 1):
        for added in combinations(optional, extra):
            if 2 <= len(required) + extra <= settings.max_members:
                yield [*required, *added]


class _Tables:
    """Pairs and members of one instance, looked up while groups are enumerated."""

    def __init__(self, facts, settings):
        self.facts, self.settings = facts, settings
        everybody = range(len(facts.ids))
        spots = list(zip(facts.x_km.tolist(), facts.y_km.tolist(), strict=True))
        self.km = [[math.dist(one, other) for other in spots] for one in spots]
        edges = {frozenset(pair) for pair in facts.edges.tolist()}
        self.tied = [[frozenset((one, other)) in edges for other in everybody] for one in everybody]
        gives = [set(np.flatnonzero(row).tolist()) for row in facts.offers]
        takes = [set(np.flatnonzero(row).tolist()) for row in facts.wants]
        self.paired = [
            [bool(gives[a] & takes[b] or gives[b] & takes[a]) for b in everybody] for a in everybody
        ]
        self.family = [facts.family_name(actor) for actor in everybody]
        self.near = [
            {
                rank
                for rank, place in enumerate((*facts.premises, *facts.communes))
                if math.dist((place.x_km, place.y_km), spot) <= settings.radius_km + 1e-9
            }
            for spot in spots
        ]
        jobs = [max(1.0, n) if n >= 0 else 1.0 for n in facts.jobs.tolist()]
        self.means = [min(1.0, math.log(1 + n) / math.log(51)) for n in jobs]
        self.ranks: dict[tuple[str, ...], int | None] = {}

    def rank(self, members):
        """The rank of the type of a group that has a meeting place; None if it may not be."""
        if not set.intersection(*(self.near[actor] for actor in members)):
            return None
        families = tuple(sorted(self.family[actor] for actor in members))
        if families not in self.ranks:
            self.ranks[families] = self._type_rank(families)
        return self.ranks[families]

    def _type_rank(self, families):
        wanted, held = self.settings.partnership_types, set(families)
        for place, (name, rule) in enumerate(sorted(self.settings.composition_rules.items())):
            if (
                name in wanted
                and len(held) >= rule.get("families_min", 1)
                and all(families.count(f) >= n for f, n in rule.get("least", {}).items())
                and all(families.count(f) <= n for f, n in rule.get("most", {}).items())
            ):
                return place
        holds = {
            "ptce": {"ess", "business"} <= held and bool(held & {"public", "research"}),
            "multi_actor": len(held) >= 3,
            "ess_business": held == {"ess", "business"},
            "ess_ess": held == {"ess"},
            "any": True,
        }
        return next(
            (
                place
                for place, name in enumerate(ORDER, start=len(self.settings.composition_rules))
                if holds[name] and ("any" in wanted or name in wanted)
            ),
            None,
        )

    def score(self, members, cast, *, one_sided):
        """The weighted sum of the criteria."""
        size, w = len(members), self.settings.normalised_weights()
        pairs = list(combinations(members, 2))
        known = sum(self.tied[a][b] for a, b in pairs) / len(pairs)
        supply, demand = sum(fit.supply for fit in cast), sum(fit.demand for fit in cast)
        sectors = set().union(*(self.facts.sectors[actor] for actor in members))
        families = {self.family[actor] for actor in members}
        longest = max(self.km[a][b] for a, b in pairs)
        return (
            w["coverage"] * min(1.0, demand if one_sided else min(supply, demand))
            + w["suitability"] * sum(fit.suitability for fit in cast) / size
            + w["proximity"] * (1 - longest / (2 * self.settings.radius_km))
            + w["complementarity"] * min(1.0, sum(self.paired[a][b] for a, b in pairs) / 3)
            + w["diversity"] * min(1.0, (len(families) - 1) / 3)
            + w["transversality"] * min(1.0, max(0, len(sectors) - 1) / 3)
            + w["trust"] * 4 * known * (1 - known)
            + w["capacity"] * sum(self.means[actor] for actor in members) / size
        )
