"""One opening as arrays over the actors that can fill its roles: what the search works on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from toolkit.partnerships import criteria
from toolkit.partnerships.calls import Opening, Slot
from toolkit.partnerships.composition import Composition
from toolkit.partnerships.facts import Facts
from toolkit.partnerships.ground import Ground, ground_of
from toolkit.partnerships.roles import Fit

if TYPE_CHECKING:
    from toolkit.settings import Settings

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

POOL_CAP: Final = 5_000
"""Actors of a role that the search branches on, the most promising first (own rule, for speed).

Those beyond are not forgotten: a bound on every group that holds one enters the certificate.
"""
TOLERANCE_KM: Final = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Who can fill one slot: local positions in ascending order, with their figures."""

    slot: int
    role: str
    required: bool
    group: int
    actors: Indices
    suitability: Floats
    supply: Floats
    demand: Floats

    def only(self, kept: npt.NDArray[np.bool_], *, group: int | None = None) -> Pool:
        """Return the pool of some of its actors."""
        return Pool(
            self.slot,
            self.role,
            self.required,
            self.group if group is None else group,
            self.actors[kept],
            self.suitability[kept],
            self.supply[kept],
            self.demand[kept],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Arena:
    """Actors of one opening with everything that their score depends on.

    Attributes
    ----------
    actors : array of int
        Positions in :class:`Facts`, ascending; every other array follows it.
    x_km, y_km : array
        Where they are, in kilometres by road.
    offers, wants : array of uint64, shape (n, words)
        One bit a category that they offer, or that would serve a need of theirs.
    edges : array of int, shape (m, 2)
        Pairs of actors that already work together.
    family : array of int
        Place of their family in the vocabulary.
    near : array of uint64, shape (n, words)
        One bit a meeting place within the radius.
    pools : tuple of Pool
        One a slot, everybody.
    """

    actors: Indices
    x_km: Floats
    y_km: Floats
    offers: npt.NDArray[np.uint64]
    wants: npt.NDArray[np.uint64]
    edges: Indices
    family: Indices
    sectors: npt.NDArray[np.uint64]
    means: Floats
    near: npt.NDArray[np.uint64]
    pools: tuple[Pool, ...]
    weights: Mapping[str, float]
    radius_km: float
    one_sided: bool
    composition: Composition
    max_members: int
    fits: Mapping[tuple[int, int], Fit] = field(repr=False)

    def values(self, team: Sequence[tuple[int, int]]) -> dict[str, float]:
        """Return the criteria of a group, given as (slot, local position) pairs, in any order."""
        seats = sorted(team, key=lambda seat: seat[1])
        members = [actor for _, actor in seats]
        held = [self.fits[seat] for seat in seats]
        sectors = int(np.bitwise_or.reduce(self.sectors[members]))
        supply, demand = sum(fit.supply for fit in held), sum(fit.demand for fit in held)
        return {
            "coverage": float(criteria.coverage(supply, demand, one_sided=self.one_sided)),
            "suitability": criteria.suitability([fit.suitability for fit in held]),
            "proximity": float(
                criteria.proximity(self._longest_km(members), radius_km=self.radius_km)
            ),
            "complementarity": float(criteria.complementarity(self._pairs(members))),
            "diversity": float(criteria.diversity(len(set(self.family[members].tolist())))),
            "transversality": float(criteria.transversality(sectors.bit_count())),
            "trust": float(criteria.trust(self._ties(members), size=len(members))),
            "capacity": criteria.capacity(self.means[members].tolist()),
        }

    def _longest_km(self, members: Sequence[int]) -> float:
        x_km, y_km = self.x_km[members], self.y_km[members]
        return float(np.hypot(x_km[:, None] - x_km, y_km[:, None] - y_km).max())

    def _pairs(self, members: Sequence[int]) -> int:
        """Return in how many pairs of members one offers what the other needs."""
        offers, wants = self.offers[members], self.wants[members]
        served = (offers[:, None] & wants).any(axis=2)
        return int(np.triu(served | served.T, 1).sum())

    def _ties(self, members: Sequence[int]) -> int:
        """Return how many pairs of members already work together."""
        held = self.edges[np.isin(self.edges, members).all(axis=1)].tolist()
        return len({frozenset(pair) for pair in held if pair[0] != pair[1]})

    def type_rank(self, members: Sequence[int]) -> int:
        """Return the rank of the type of a group; -1 where it has none of those wanted."""
        return self.composition.type_rank(self.family[list(members)].tolist())

    def can_meet(self, members: Sequence[int]) -> bool:
        """Return whether some place lies within the radius of all."""
        return bool(np.bitwise_and.reduce(self.near[list(members)]).any())

    def teams(self) -> list[tuple[int, ...]]:
        """Return every set of slots that a candidate may fill: the required and some optional."""
        required = [pool.slot for pool in self.pools if pool.required]
        optional = [pool.slot for pool in self.pools if not pool.required]
        made = []
        for extra in range(max(0, 2 - len(required)), self.max_members - len(required) + 1):
            made += [
                (*required, *added)
                for added in combinations(optional, extra)
                if all(self._in_turn(slot, added) for slot in added)
            ]
        return made

    def _in_turn(self, slot: int, added: tuple[int, ...]) -> bool:
        """Return whether the interchangeable slots before an optional one are filled too."""
        group = self.pools[slot].group
        before = {pool.slot for pool in self.pools[:slot] if pool.group == group}
        return {other for other in before if not self.pools[other].required} <= set(added)


def arena_of(
    facts: Facts, opening: Opening, *, settings: Settings, ground: Ground | None = None
) -> Arena:
    """Return an opening as arrays, without the actors that no candidate can hold.

    Left out, without any loss: actors of a family that no type wanted can join, actors farther than
    two radii from everybody in the rarest required role, and roles that nobody can fill.

    Parameters
    ----------
    facts : Facts
        What is known of the actors.
    opening : Opening
        The opening.
    settings : Settings
        Radius, weights, types and sizes.
    ground : Ground, optional
        What :func:`ground_of` returns for these facts and settings, where it is at hand.
    """
    if ground is None:
        held = np.array(sorted({fit.actor for slot in opening.slots for fit in slot.fits}), "int64")
        ground = ground_of(facts, settings=settings, actors=held)
    slots = [
        _of_families(slot, facts, joinable=ground.composition.joinable) for slot in opening.slots
    ]
    slots = _within_reach(slots, facts, radius_km=settings.radius_km)
    actors = np.array(sorted({fit.actor for slot in slots for fit in slot.fits}), dtype="int64")
    local = {actor: place for place, actor in enumerate(actors.tolist())}
    near = ground.near[actors]
    return Arena(
        actors=actors,
        x_km=facts.x_km[actors],
        y_km=facts.y_km[actors],
        offers=ground.offers[actors],
        wants=ground.wants[actors],
        edges=_edges(facts, actors),
        family=np.log2(facts.family[actors]).astype("int64"),
        sectors=facts.sector_bits[actors],
        means=criteria.means(facts.jobs[actors]),
        near=near[:, near.any(axis=0)] if len(actors) else near,
        pools=tuple(_pool(rank, slot, local=local) for rank, slot in enumerate(slots)),
        weights=settings.normalised_weights(),
        radius_km=settings.radius_km,
        one_sided=opening.one_sided,
        composition=ground.composition,
        max_members=settings.max_members,
        fits={
            (rank, local[fit.actor]): fit for rank, slot in enumerate(slots) for fit in slot.fits
        },
    )


def _of_families(slot: Slot, facts: Facts, *, joinable: int) -> Slot:
    family = facts.family
    kept = tuple(fit for fit in slot.fits if int(family[fit.actor]) & joinable)
    return Slot(slot.role, slot.required, slot.group, kept)


def _within_reach(slots: list[Slot], facts: Facts, *, radius_km: float) -> list[Slot]:
    """Return the slots without the actors that cannot meet anybody of the rarest required role."""
    from scipy.spatial import cKDTree  # noqa: PLC0415 - slow to load

    required = [slot for slot in slots if slot.required]
    rarest = min(required, key=lambda slot: len(slot.fits))
    if not rarest.fits:
        return [Slot(slot.role, slot.required, slot.group, ()) for slot in slots]
    anchors = cKDTree(_spots(rarest, facts))
    limit = 2 * radius_km + TOLERANCE_KM
    kept: list[Slot] = []
    for slot in slots:
        fits = slot.fits
        if fits:
            far, _ = anchors.query(_spots(slot, facts), distance_upper_bound=limit)
            fits = tuple(fit for fit, ok in zip(fits, np.isfinite(far).tolist(), strict=True) if ok)
        kept.append(Slot(slot.role, slot.required, slot.group, fits))
    return kept


def _spots(slot: Slot, facts: Facts) -> Floats:
    held = [fit.actor for fit in slot.fits]
    return np.column_stack([facts.x_km[held], facts.y_km[held]])


def _pool(rank: int, slot: Slot, *, local: Mapping[int, int]) -> Pool:
    rows = [(fit.suitability, fit.supply, fit.demand) for fit in slot.fits]
    figures = np.array(rows, dtype="float64").reshape(-1, 3)
    return Pool(
        slot=rank,
        role=slot.role,
        required=slot.required,
        group=slot.group,
        actors=np.array([local[fit.actor] for fit in slot.fits], dtype="int64"),
        suitability=figures[:, 0].copy(),
        supply=figures[:, 1].copy(),
        demand=figures[:, 2].copy(),
    )


def _edges(facts: Facts, actors: Indices) -> Indices:
    """Return the pairs that already work together."""
    place = np.full(len(facts.ids), -1, dtype="int64")
    place[actors] = np.arange(len(actors))
    ends = place[facts.edges].reshape(-1, 2)
    return ends[(ends >= 0).all(axis=1)]
