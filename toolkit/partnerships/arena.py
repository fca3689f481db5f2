"""One opening as arrays over the actors that can fill its roles: what the search works on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from toolkit.partnerships import composition, criteria
from toolkit.partnerships.calls import Opening, Slot
from toolkit.partnerships.facts import Facts
from toolkit.partnerships.roles import Fit

if TYPE_CHECKING:
    from toolkit.settings import Settings

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

POOL_CAP: Final = 5_000
"""Actors of a role that the search branches on, the most promising first (own rule, for speed).

Those beyond are not forgotten: a bound on every group that holds one enters the certificate.
"""
TOLERANCE_KM: Final = 1e-9


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
    families: frozenset[int]

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
            self.families,
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
    distance_km : array, shape (n, n)
        Trips by road between two actors.
    tied, paired : array of bool, shape (n, n)
        Whether two actors already work together; whether one offers what the other needs.
    near : array of uint64, shape (n, words)
        One bit a meeting place within the radius.
    pools : tuple of Pool
        One a slot, everybody.
    """

    actors: Indices
    x_km: Floats
    y_km: Floats
    distance_km: Floats
    tied: npt.NDArray[np.bool_]
    paired: npt.NDArray[np.bool_]
    family: npt.NDArray[np.uint8]
    sectors: npt.NDArray[np.uint64]
    means: Floats
    near: npt.NDArray[np.uint64]
    pools: tuple[Pool, ...]
    weights: Mapping[str, float]
    radius_km: float
    one_sided: bool
    ranks: Mapping[int, int]
    max_members: int
    fits: Mapping[tuple[int, int], Fit] = field(repr=False)

    def values(self, team: Sequence[tuple[int, int]]) -> dict[str, float]:
        """Return the criteria of a group, given as (slot, local position) pairs, in any order."""
        seats = sorted(team, key=lambda seat: seat[1])
        members = [actor for _, actor in seats]
        held = [self.fits[seat] for seat in seats]
        rows = np.ix_(members, members)
        size = len(members)
        families = int(np.bitwise_or.reduce(self.family[members]))
        sectors = int(np.bitwise_or.reduce(self.sectors[members]))
        supply, demand = sum(fit.supply for fit in held), sum(fit.demand for fit in held)
        return {
            "coverage": float(criteria.coverage(supply, demand, one_sided=self.one_sided)),
            "suitability": criteria.suitability([fit.suitability for fit in held]),
            "proximity": float(
                criteria.proximity(float(self.distance_km[rows].max()), radius_km=self.radius_km)
            ),
            "complementarity": float(criteria.complementarity(int(self.paired[rows].sum()) // 2)),
            "diversity": float(criteria.diversity(families.bit_count())),
            "transversality": float(criteria.transversality(sectors.bit_count())),
            "trust": float(criteria.trust(int(self.tied[rows].sum()) // 2, size=size)),
            "capacity": criteria.capacity(self.means[members].tolist()),
        }

    def type_rank(self, members: Sequence[int]) -> int | None:
        """Return the rank of the type of a group; None where it has none of those wanted."""
        return self.ranks.get(int(np.bitwise_or.reduce(self.family[list(members)])))

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


def arena_of(facts: Facts, opening: Opening, *, settings: Settings) -> Arena:
    """Return an opening as arrays, without the actors that no candidate can hold.

    Left out, without any loss: actors of a family that no type wanted can join, actors farther than
    two radii from everybody in the rarest required role, and roles that nobody can fill.
    """
    ranks = composition.type_ranks(settings.partnership_types)
    joinable = int(np.bitwise_or.reduce(np.array(list(ranks), dtype="int64")))
    slots = [_of_families(slot, facts, joinable=joinable) for slot in opening.slots]
    slots = _within_reach(slots, facts, radius_km=settings.radius_km)
    actors = np.array(sorted({fit.actor for slot in slots for fit in slot.fits}), dtype="int64")
    local = {int(actor): place for place, actor in enumerate(actors)}
    x_km, y_km = facts.x_km[actors], facts.y_km[actors]
    return Arena(
        actors=actors,
        x_km=x_km,
        y_km=y_km,
        distance_km=np.hypot(x_km[:, None] - x_km[None, :], y_km[:, None] - y_km[None, :]),
        tied=_tied(facts, actors),
        paired=_paired(facts, actors),
        family=facts.family[actors],
        sectors=facts.sector_bits[actors],
        means=criteria.means(facts.jobs[actors]),
        near=_near(facts, actors, radius_km=settings.radius_km),
        pools=tuple(_pool(rank, slot, facts=facts, local=local) for rank, slot in enumerate(slots)),
        weights=settings.normalised_weights(),
        radius_km=settings.radius_km,
        one_sided=opening.one_sided,
        ranks=ranks,
        max_members=settings.max_members,
        fits={
            (rank, local[fit.actor]): fit for rank, slot in enumerate(slots) for fit in slot.fits
        },
    )


def _of_families(slot: Slot, facts: Facts, *, joinable: int) -> Slot:
    kept = tuple(fit for fit in slot.fits if int(facts.family[fit.actor]) & joinable)
    return Slot(slot.role, slot.required, slot.group, kept)


def _within_reach(slots: list[Slot], facts: Facts, *, radius_km: float) -> list[Slot]:
    """Return the slots without the actors that cannot meet anybody of the rarest required role."""
    required = [slot for slot in slots if slot.required]
    rarest = min(required, key=lambda slot: len(slot.fits))
    anchors = np.array([fit.actor for fit in rarest.fits], dtype="int64")
    if not len(anchors):
        return [Slot(slot.role, slot.required, slot.group, ()) for slot in slots]
    limit = 2 * radius_km + TOLERANCE_KM
    kept: list[Slot] = []
    for slot in slots:
        held = np.array([fit.actor for fit in slot.fits], dtype="int64")
        east = facts.x_km[held][:, None] - facts.x_km[anchors][None, :]
        north = facts.y_km[held][:, None] - facts.y_km[anchors][None, :]
        reached = np.hypot(east, north).min(axis=1, initial=np.inf) <= limit
        fits = tuple(fit for fit, near in zip(slot.fits, reached, strict=True) if near)
        kept.append(Slot(slot.role, slot.required, slot.group, fits))
    return kept


def _pool(rank: int, slot: Slot, *, facts: Facts, local: Mapping[int, int]) -> Pool:
    def column(name: str) -> Floats:
        return np.array([getattr(fit, name) for fit in slot.fits], dtype="float64")

    return Pool(
        slot=rank,
        role=slot.role,
        required=slot.required,
        group=slot.group,
        actors=np.array([local[fit.actor] for fit in slot.fits], dtype="int64"),
        suitability=column("suitability"),
        supply=column("supply"),
        demand=column("demand"),
        families=frozenset(int(facts.family[fit.actor]) for fit in slot.fits),
    )


def _tied(facts: Facts, actors: Indices) -> npt.NDArray[np.bool_]:
    """Return which pairs already work together."""
    place = np.full(len(facts.ids), -1, dtype="int64")
    place[actors] = np.arange(len(actors))
    ends = place[facts.edges]
    ends = ends[(ends >= 0).all(axis=1)]
    made = np.zeros((len(actors), len(actors)), dtype="bool")
    made[ends[:, 0], ends[:, 1]] = True
    return made | made.T


def _paired(facts: Facts, actors: Indices) -> npt.NDArray[np.bool_]:
    """Return the pairs in which one offers what the other needs."""
    made: npt.NDArray[np.bool_] = facts.wants[actors] @ facts.offers[actors].T > 0
    np.fill_diagonal(made, val=False)
    return made | made.T


def _near(facts: Facts, actors: Indices, *, radius_km: float) -> npt.NDArray[np.uint64]:
    """Return one bit a meeting place within the radius, packed in words of 64."""
    places = [*facts.premises, *facts.communes]
    east = np.array([place.x_km for place in places]) - facts.x_km[actors][:, None]
    north = np.array([place.y_km for place in places]) - facts.y_km[actors][:, None]
    bits = np.packbits(np.hypot(east, north) <= radius_km + TOLERANCE_KM, axis=1)
    words = np.zeros((len(actors), -(-bits.shape[1] // 8) * 8), dtype="uint8")
    words[:, : bits.shape[1]] = bits
    return words.view("uint64")
