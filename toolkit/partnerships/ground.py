"""What all openings of a territory share: who can meet where, who offers what to whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from toolkit.partnerships.composition import Composition, composition_of

if TYPE_CHECKING:
    from toolkit.partnerships.facts import Facts
    from toolkit.settings import Settings

Words = npt.NDArray[np.uint64]

TOLERANCE_KM: Final = 1e-9
WORD: Final = 64


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """Bits of every actor, made once for all openings.

    Attributes
    ----------
    near : array of uint64, shape (actors, words)
        One bit a meeting place within the radius; places near each other share words.
    offers, wants : array of uint64, shape (actors, words)
        One bit a category offered, and one a category that would serve a need.
    composition : Composition
        The types wanted.
    """

    near: Words = field(repr=False)
    offers: Words = field(repr=False)
    wants: Words = field(repr=False)
    composition: Composition


def ground_of(
    facts: Facts, *, settings: Settings, actors: npt.NDArray[np.int64] | None = None
) -> Ground:
    """Return what all openings share, for a radius and for the types of the settings.

    With ``actors``, meeting places are looked for round these actors only.
    """
    return Ground(
        near=_near(facts, actors=actors, radius_km=settings.radius_km),
        offers=_packed(facts.offers > 0),
        wants=_packed(facts.wants > 0),
        composition=composition_of(
            settings.partnership_types,
            rules=settings.composition_rules,
            max_members=settings.max_members,
        ),
    )


def _near(facts: Facts, *, actors: npt.NDArray[np.int64] | None, radius_km: float) -> Words:
    """Return one bit a meeting place within the radius, packed in words of 64."""
    from scipy.spatial import cKDTree  # noqa: PLC0415 - slow to load

    places = [*facts.premises, *facts.communes]
    spots = np.array([(place.x_km, place.y_km) for place in places]).reshape(-1, 2)
    spots = spots[_neighbours_together(spots, side_km=radius_km)]
    words = np.zeros((len(facts.ids), max(1, -(-len(spots) // WORD))), dtype="uint64")
    located = np.isfinite(facts.x_km) & np.isfinite(facts.y_km)
    known = np.flatnonzero(located) if actors is None else actors[located[actors]]
    if not len(known):
        return words
    tree = cKDTree(np.column_stack([facts.x_km[known], facts.y_km[known]]))
    for rank, spot in enumerate(spots):
        held = known[tree.query_ball_point(spot, radius_km + TOLERANCE_KM)]
        words[held, rank // WORD] |= np.uint64(1 << rank % WORD)
    return words


def _neighbours_together(
    spots: npt.NDArray[np.float64], *, side_km: float
) -> npt.NDArray[np.int64]:
    """Return an order of places in which those of one square of the map follow each other."""
    squares = np.floor(spots / side_km)
    return np.lexsort((spots[:, 1], spots[:, 0], squares[:, 1], squares[:, 0]))


def _packed(flags: npt.NDArray[np.bool_]) -> Words:
    """Return flags as bits, in words of 64."""
    bits = np.packbits(flags, axis=1)
    words = np.zeros((len(flags), max(8, -(-bits.shape[1] // 8) * 8)), dtype="uint8")
    words[:, : bits.shape[1]] = bits
    return words.view("uint64")
