"""How alike two records are: eight comparisons, each with a few levels."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz, process
from rapidfuzz.distance import Levenshtein
from scipy import sparse

from toolkit.linkage.blocking import Ints
from toolkit.linkage.records import EARTH_RADIUS_M, Flags, Floats, Records, Texts
from toolkit.linkage.words import COMMON_WORDS, PRIOR_NAMES

Levels = npt.NDArray[np.int8]

LEVELS: Final[Mapping[str, tuple[str, ...]]] = {
    "name": ("other", "far", "loose", "half", "near", "close", "almost", "same"),
    "part": ("no", "some", "most", "whole"),
    "rare": ("no", "common", "uncommon", "rare"),
    "acronym": ("no", "yes"),
    "body": ("none", "one", "different", "same"),
    "street": ("unknown", "other", "other_number", "street", "number"),
    "distance": (
        "unknown",
        "over_10_km",
        "under_10_km",
        "under_2_km",
        "under_500_m",
        "under_100_m",
    ),
    "place": ("unknown", "other", "department", "postcode", "town"),
}
"""Levels of each comparison; the codes in the arrays are positions in these tuples."""
_TYPED: Final = 0.99
"""Likeness of names that differ as a slip of the keyboard does, whatever their words."""
_NAME_FROM: Final = (0.15, 0.3, 0.45, 0.6, 0.8, _TYPED, 0.999)
_PART_FROM: Final = (0.35, 0.65, 0.95)
_RARE_FROM: Final = (0.5, 4.0, 5.7)
"""Rarity (minus the logarithm of the share of names that hold the word) of the rarest shared word:
1.8 % of names for an uncommon one, 0.33 % for a rare one."""
_SAME_NAME: Final = 0.9999
_SLIP_LETTERS: Final = 2
_SLIP_FROM: Final = 8
"""Letters from which two letters more, less or otherwise are a slip rather than another name."""
_METRES: Final = (10_000.0, 2_000.0, 500.0, 100.0)
_SAME_STREET: Final = 88.0
_TOWN_WEIGHT: Final = 0.25
"""What a word counts that is also the town's: all the actors of the town may bear it."""


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """Comparisons of pairs.

    Attributes
    ----------
    levels : Mapping of str to array of int
        By comparison of :data:`LEVELS`, one level a pair.
    name_score : array of float
        Likeness of the names in [0, 1].
    distance_m : array of float
        Metres between the points; NaN where one is missing.
    """

    levels: Mapping[str, Levels]
    name_score: Floats
    distance_m: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """Names of one side as sparse matrices over the shared vocabulary, one row a record."""

    weights: sparse.csr_matrix
    """Rarity of each word of the name."""
    unit: sparse.csr_matrix
    """The same, each row of length 1."""
    has: sparse.csr_matrix
    """1 where the name holds the word."""
    total: Floats
    joined: Texts
    """Words of the name in alphabetical order."""
    squeezed: Texts
    """Words of the name in their order, without blanks."""
    length: Ints
    figures: Texts
    """Figures of the name in their order."""


class Comparer:
    """Compares pairs of two sets of records.

    Parameters
    ----------
    left, right : Records
        Records; the rarity of words is that of both together and of the public names behind
        :data:`toolkit.linkage.words.COMMON_WORDS`.
    """

    def __init__(self, left: Records, right: Records) -> None:
        self.left, self.right = left, right
        rarity = rarities(left, right)
        self._index = {word: place for place, word in enumerate(sorted(rarity))}
        self._rarity = rarity
        self._sides = [
            [self._side(names, records) for names in (records.tokens, records.other_tokens)]
            for records in (left, right)
        ]
        self._acronyms = [self._marks(records) for records in (left, right)]

    def compare(self, i: Ints, j: Ints) -> Compared:
        """Return the comparisons of pairs given by positions."""
        name, part, rare = self._names(i, j)
        place = self._place(i, j)
        metres = self._distance(i, j)
        levels = {
            "name": _level(name, _NAME_FROM),
            "part": _level(part, _PART_FROM),
            "rare": _level(rare, _RARE_FROM),
            "acronym": self._acronym(i, j).astype(np.int8),
            "body": self._body(i, j),
            "street": self._street(i, j, here=place >= LEVELS["place"].index("postcode")),
            "distance": _distance_level(metres),
            "place": place,
        }
        return Compared(levels, name, metres)

    def _side(self, names: Sequence[tuple[str, ...]], records: Records) -> Side:
        rows, columns, values = [], [], []
        for row, (words, town) in enumerate(zip(names, records.towns, strict=True)):
            is_all_town = all(word in town for word in words)
            for word in words:
                damped = word in town and not is_all_town
                rows.append(row)
                columns.append(self._index[word])
                values.append(self._rarity[word] * (_TOWN_WEIGHT if damped else 1.0))
        shape = (len(names), max(len(self._index), 1))
        weights = sparse.csr_matrix((np.array(values, dtype=float), (rows, columns)), shape=shape)
        length = np.sqrt(np.asarray(weights.multiply(weights).sum(axis=1)).ravel())
        unit = sparse.diags(1 / np.where(length > 0, length, 1)) @ weights
        has = weights.copy()
        has.data[:] = 1.0
        squeezed = ["".join(words) for words in names]
        return Side(
            weights=weights,
            unit=unit.tocsr(),
            has=has,
            total=np.asarray(weights.sum(axis=1)).ravel(),
            joined=_objects([" ".join(sorted(words)) for words in names]),
            squeezed=_objects(squeezed),
            length=np.array([len(letters) for letters in squeezed], dtype=np.int64),
            figures=_objects(["".join(filter(str.isdigit, letters)) for letters in squeezed]),
        )

    def _marks(self, records: Records) -> sparse.csr_matrix:
        """Return 1 where a word of the vocabulary is the acronym of the record."""
        found = [
            (row, self._index[word])
            for row, word in enumerate(records.acronyms)
            if word in self._index
        ]
        rows, columns = zip(*found, strict=True) if found else ((), ())
        shape = (len(records), max(len(self._index), 1))
        return sparse.csr_matrix((np.ones(len(found)), (rows, columns)), shape=shape)

    def _acronym(self, i: Ints, j: Ints) -> Flags:
        ours, theirs = (side[0].has for side in self._sides)
        one = self._acronyms[0][i].multiply(theirs[j]).sum(axis=1)
        two = ours[i].multiply(self._acronyms[1][j]).sum(axis=1)
        return np.asarray(one + two).ravel() > 0

    def _body(self, i: Ints, j: Ints) -> Levels:
        """Return whether the names say the same public body."""
        ours, theirs = self.left.bodies[i], self.right.bodies[j]
        told = (ours > 0).astype(np.int8) + (theirs > 0)
        return np.where((ours & theirs) > 0, 3, told).astype(np.int8)

    def _names(self, i: Ints, j: Ints) -> tuple[Floats, Floats, Floats]:
        """Return likeness, shared part and rarest shared word, of the most alike names."""
        best = _likeness(self._sides[0][0], self._sides[1][0], i=i, j=j)
        for ours, theirs in ((1, 0), (0, 1), (1, 1)):
            one, two = self._sides[0][ours], self._sides[1][theirs]
            there = np.flatnonzero((one.total[i] > 0) & (two.total[j] > 0))
            if not len(there):
                continue
            found = _likeness(one, two, i=i[there], j=j[there])
            better = found[0] > best[0][there]
            for kept, new in zip(best, found, strict=True):
                kept[there[better]] = new[better]
        return best

    def _street(self, i: Ints, j: Ints, *, here: Flags) -> Levels:
        ours, theirs = self.left.street[i], self.right.street[j]
        known = (ours != "") & (theirs != "") & here
        level = np.zeros(len(i), dtype=np.int8)
        level[known] = 1
        which = np.flatnonzero(known)
        alike = process.cpdist(ours[which], theirs[which], scorer=fuzz.token_set_ratio, workers=1)
        which = which[alike >= _SAME_STREET]
        one, two = self.left.number[i[which]], self.right.number[j[which]]
        level[which] = np.where((one == "") | (two == ""), 3, np.where(one == two, 4, 2))
        return level

    def _distance(self, i: Ints, j: Ints) -> Floats:
        chord = np.sqrt(((self.left.xyz[i] - self.right.xyz[j]) ** 2).sum(axis=1))
        return np.asarray(2 * EARTH_RADIUS_M * np.arcsin(np.minimum(chord / 2, 1)))

    def _place(self, i: Ints, j: Ints) -> Levels:
        left, right = self.left, self.right
        towns = {town: code for code, town in enumerate(sorted({*left.towns, *right.towns}))}
        ours, theirs = (
            np.array([towns[town] for town in side.towns], dtype=np.int64) for side in (left, right)
        )
        named = np.array([bool(town) for town in left.towns], dtype=np.bool_)[i]
        level = np.full(len(i), LEVELS["place"].index("other"), dtype=np.int8)
        level[(left.department[i] == "") | (right.department[j] == "")] = 0
        same_department = _both_same(left.department[i], right.department[j])
        level[same_department] = LEVELS["place"].index("department")
        level[_both_same(left.postcode[i], right.postcode[j])] = LEVELS["place"].index("postcode")
        town = _both_same(left.commune[i], right.commune[j])
        town |= same_department & named & (ours[i] == theirs[j])
        level[town] = LEVELS["place"].index("town")
        return level


def rarities(left: Records, right: Records) -> dict[str, float]:
    """Return minus the logarithm of the share of names that hold each word.

    A word's count among the records is added to what is known of it from public names, worth
    ``PRIOR_NAMES`` names, so that a list of ten rows does not make every word rare or common.
    """
    counts: Counter[str] = Counter()
    for records in (left, right):
        for words, others in zip(records.tokens, records.other_tokens, strict=True):
            counts.update({*words, *others})
    names = len(left) + len(right) + PRIOR_NAMES
    return {
        word: -math.log((count + PRIOR_NAMES * COMMON_WORDS.get(word, 0.0)) / names)
        for word, count in counts.items()
    }


def _likeness(ours: Side, theirs: Side, *, i: Ints, j: Ints) -> tuple[Floats, Floats, Floats]:
    cosine = np.asarray(ours.unit[i].multiply(theirs.unit[j]).sum(axis=1)).ravel()
    one, two = ours.weights[i].multiply(theirs.has[j]), theirs.weights[j].multiply(ours.has[i])
    shared = one.minimum(two).tocsr()
    least = np.minimum(ours.total[i], theirs.total[j])
    part = np.asarray(shared.sum(axis=1)).ravel() / np.where(least > 0, least, 1)
    rare = shared.max(axis=1).toarray().ravel() if len(i) else np.empty(0)
    letters = process.cpdist(ours.joined[i], theirs.joined[j], scorer=fuzz.ratio, workers=1)
    # Letters of unrelated names agree by half; twice the excess makes the scales alike.
    alike = np.maximum(cosine, 2 * letters.astype(float) / 100 - 1)
    alike = np.where(cosine > _SAME_NAME, 1.0, np.clip(alike, 0, _TYPED - 0.01))
    slip = _is_slip(ours, theirs, i=i, j=j)
    alike = np.where(slip, np.maximum(alike, _TYPED), alike)
    return alike, np.where(slip, 1.0, np.minimum(part, 1)), rare


def _is_slip(ours: Side, theirs: Side, *, i: Ints, j: Ints) -> Flags:
    """Return the pairs of names of some length that differ by at most two letters, not figures."""
    one, two = ours.squeezed[i], theirs.squeezed[j]
    apart = process.cpdist(
        one, two, scorer=Levenshtein.distance, score_cutoff=_SLIP_LETTERS, workers=1
    )
    shortest = np.minimum(ours.length[i], theirs.length[j])
    return np.asarray(
        (apart <= _SLIP_LETTERS) & (shortest >= _SLIP_FROM) & (ours.figures[i] == theirs.figures[j])
    )


def _objects(cells: Sequence[str]) -> Texts:
    found = np.empty(len(cells), dtype=object)
    found[:] = cells
    return found


def _both_same(ours: Texts, theirs: Texts) -> Flags:
    return np.asarray((ours == theirs) & (ours != ""), dtype=np.bool_)


def _level(values: Floats, bounds: Sequence[float]) -> Levels:
    return np.searchsorted(bounds, values, side="right").astype(np.int8)


def _distance_level(metres: Floats) -> Levels:
    level = 1 + (metres[:, None] < np.array(_METRES)).sum(axis=1)
    return np.where(np.isnan(metres), 0, level).astype(np.int8)
