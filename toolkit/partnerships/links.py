"""Who is linked with whom among the actors of an opening: plain loops, compiled where possible."""
# ruff: noqa: PLR0917 - compiled functions take their arguments by place

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from toolkit.compiled import compiled

NONE: Final = np.uint8(0)
TIE: Final = np.uint8(1)
PAIR: Final = np.uint8(2)
"""Bits of a link: they already work together; one offers what the other needs."""


@compiled
def links_of(
    spots_km: npt.NDArray[np.float64],
    offers: npt.NDArray[np.int64],
    wants: npt.NDArray[np.int64],
    edges: npt.NDArray[np.int64],
    limit_km: float,
) -> npt.NDArray[np.uint8]:
    """Return the links of all pairs of actors; none where they live too far apart to meet.

    Parameters
    ----------
    spots_km : array, shape (n, 2)
        Where they are, in kilometres by road.
    offers, wants : array of int64, shape (n, words)
        One bit a category.
    edges : array of int64, shape (m, 2)
        Pairs that already work together.
    limit_km : float
        Longest distance of two members of a group.

    Returns
    -------
    array of uint8, shape (n, n)
        Symmetric, with nothing on the diagonal.
    """
    count, limit = len(spots_km), limit_km * limit_km
    links = np.zeros((count, count), dtype=np.uint8)
    for one in range(count):
        x_km, y_km = spots_km[one, 0], spots_km[one, 1]
        for other in range(one):
            east, north = spots_km[other, 0] - x_km, spots_km[other, 1] - y_km
            if east * east + north * north > limit:
                continue
            met = 0
            for word in range(offers.shape[1]):
                met |= offers[one, word] & wants[other, word]
                met |= wants[one, word] & offers[other, word]
            if met:
                links[one, other] = links[other, one] = PAIR
    for rank in range(len(edges)):
        one, other = edges[rank, 0], edges[rank, 1]
        east = spots_km[other, 0] - spots_km[one, 0]
        north = spots_km[other, 1] - spots_km[one, 1]
        if one != other and east * east + north * north <= limit:
            links[one, other] |= TIE
            links[other, one] |= TIE
    return links
