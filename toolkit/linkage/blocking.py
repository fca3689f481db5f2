"""Which pairs are worth comparing: those that share a place and a word, a rare word, or a point.

Memory is bounded: a key shared by too many records is dropped (its records have others), and pairs
are given in portions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree

from toolkit.linkage.records import EARTH_RADIUS_M, Records

Ints = npt.NDArray[np.int64]

WIDEST_KEY: Final = 40_000
"""Pairs of one key of place and word; a key with more tells too little to be followed."""
WIDEST_RARE: Final = 1_500
"""Pairs of one key of département and word."""
PORTION: Final = 1_000_000
"""Pairs compared at once: about 200 MB of memory."""
_NEAR_M: Final = 150.0
_NEIGHBOURS: Final = 15
"""Nearest records looked at by point; a business park of more is found by its words."""
_PREFIX: Final = 5
"""First letters of a word that make a key, so that an ending typed otherwise does not part."""


def portions(left: Records, right: Records, *, itself: bool) -> Iterator[tuple[Ints, Ints]]:
    """Yield the pairs to compare, as positions in the records, in portions of bounded size.

    Parameters
    ----------
    left, right : Records
        Rows that may not be linked by name are left out.
    itself : bool
        Whether both are the same records: each pair is then given once, and none with itself.
    """
    ours, theirs = _table(_keys(left, is_left=True)), _table(_keys(right, is_left=False))
    theirs = theirs[theirs["key"].isin(ours["key"].unique())]
    ours = ours[ours["key"].isin(theirs["key"].unique())]
    wide = _followed(ours, theirs)
    theirs = theirs[theirs["key"].isin(wide)]
    ours = ours[ours["key"].isin(wide)]
    near_left, near_right = _near(left, right, itself=itself)
    sizes = theirs["key"].value_counts()
    weight = (
        ours["key"].map(sizes).groupby(ours["row"]).sum().reindex(range(len(left)), fill_value=0)
    )
    portion = (weight.cumsum() // PORTION).to_numpy()
    for number in np.unique(portion):
        rows = np.flatnonzero(portion == number)
        first, last = rows[0], rows[-1]
        some = ours[(ours["row"] >= first) & (ours["row"] <= last)]
        joined = some.merge(theirs, on="key", suffixes=("_left", "_right"))
        near = (near_left >= first) & (near_left <= last)
        i = np.concatenate((joined["row_left"].to_numpy(dtype=np.int64), near_left[near]))
        j = np.concatenate((joined["row_right"].to_numpy(dtype=np.int64), near_right[near]))
        codes = np.unique(i * len(right) + j)
        i, j = np.divmod(codes, max(len(right), 1))
        if itself:
            i, j = i[i < j], j[i < j]
        if len(i):
            yield i, j


def _keys(records: Records, *, is_left: bool) -> list[tuple[str, int]]:
    """Return the keys of every record that may be linked by name."""
    found: list[tuple[str, int]] = []
    for row in np.flatnonzero(records.linkable).tolist():
        town = records.towns[row]
        department = records.department[row]
        places = [f"c{records.commune[row]}", f"p{records.postcode[row]}"]
        places += [f"v{department}{' '.join(town)}"] if town else []
        words = dict.fromkeys((*records.tokens[row], *records.other_tokens[row]))
        telling = [word for word in words if word not in town] or list(words)
        short = dict.fromkeys(word[:_PREFIX] for word in telling)
        short |= dict.fromkeys(word for word in (records.acronyms[row][:_PREFIX],) if word)
        found += [(f"{place}|{word}", row) for place in places if len(place) > 1 for word in short]
        found += [(f"d{department}|{word}", row) for word in telling if department]
        if not department or not is_left:
            found += [(f"*|{word}", row) for word in telling]
        if is_left or not department:
            found += [(f"?|{word}", row) for word in telling]
        found.append((f"d{department}|{' '.join(sorted(words))}", row))
        if records.street[row]:
            door = f"{records.number[row]}|{records.street[row]}"
            found += [(f"{place}|{door}", row) for place in places if len(place) > 1]
    return found


def _table(keys: list[tuple[str, int]]) -> pd.DataFrame:
    table = pd.DataFrame(keys, columns=["key", "row"]).astype({"row": "int64"})
    return table.drop_duplicates(ignore_index=True)


def _followed(ours: pd.DataFrame, theirs: pd.DataFrame) -> pd.Index[str]:
    """Return the keys that make few enough pairs to be followed."""
    pairs = ours["key"].value_counts().mul(theirs["key"].value_counts(), fill_value=0)
    in_place = pairs.index.str[0].isin(["c", "p", "v"])
    widest = pd.Series(WIDEST_RARE, index=pairs.index).mask(in_place, WIDEST_KEY)
    return pairs.index[pairs <= widest]


def _near(left: Records, right: Records, *, itself: bool) -> tuple[Ints, Ints]:
    """Return the pairs whose points lie close, the nearest of each left record."""
    ours, theirs = (
        np.flatnonzero(records.linkable & ~np.isnan(records.xyz[:, 0])) for records in (left, right)
    )
    none = np.empty(0, dtype=np.int64)
    if not (len(ours) and len(theirs)):
        return none, none
    asked = min(_NEIGHBOURS + itself, len(theirs))
    tree = cKDTree(right.xyz[theirs])
    distance, place = tree.query(
        left.xyz[ours], k=asked, distance_upper_bound=_NEAR_M / EARTH_RADIUS_M
    )
    distance, place = distance.reshape(len(ours), asked), place.reshape(len(ours), asked)
    row, column = np.nonzero(np.isfinite(distance))
    i, j = ours[row], theirs[place[row, column]]
    if itself:
        i, j = np.minimum(i, j), np.maximum(i, j)
    return np.asarray(i, dtype=np.int64), np.asarray(j, dtype=np.int64)
