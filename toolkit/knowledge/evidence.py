"""What words say of an activity: labels, a table of usual words, and counts of real names.

Each word bears counts on nodes of the tree of NAF rev. 2 (section, division, group, class,
sub-class).  Its share of a node among its siblings is smoothed towards the general share of that
node, level by level: what is known of a division only is spread below as activities are in general.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from toolkit import nomenclature
from toolkit.knowledge.words import Part, segments_of
from toolkit.nomenclature import fold
from toolkit.resources import shipped

Floats = npt.NDArray[np.float64]

LEVELS: Final = ("section", "division", "group", "class", "subclass")
LABEL_COUNT: Final = 0.3
"""What a word of a label weighs, against 1 to 20 for a row of the table (decision 0021)."""
SMOOTHING: Final = 1.0
"""Observations that the general share of an activity is worth, at each level of the tree."""
PRIOR_SPREAD: Final = 0.5
"""Observations added to each sub-class in the general share of activities."""
NUMERIQUE_WEIGHT: Final = 0.02
"""What a legal unit of the list of digital activities weighs beside one of SIRENE: the list holds
nothing else, so it would teach that every association writes software (decision 0021)."""
LANGUAGES: Final = ("fr", "en")
LONG_WORD: Final = 9
"""Letters from which a word that is not known may be another one with a slip (own rule)."""
_SHORTEST_BEGINNING: Final = 3
_BARRED: Final = (
    r"(?:sauf|hors|l'exclusion|l'exception|except|excluding|other than|n\.c\.a|n\.e\.c)\b"
)
_EXCEPT: Final = re.compile(rf"\([^)]*\b{_BARRED}[^)]*\)|\b{_BARRED}.*$")
"""What a label leaves out: in brackets, or to its end."""


@dataclass(frozen=True, slots=True)
class Tree:
    """The nodes of NAF rev. 2 and the way from each sub-class up."""

    codes: tuple[str, ...]
    place: Mapping[str, int]
    parent: npt.NDArray[np.int64]
    paths: npt.NDArray[np.int64]
    leaves: tuple[str, ...]


@cache
def tree() -> Tree:
    """Return the tree of NAF rev. 2; ``paths`` has a row a sub-class, a column a level."""
    frame = nomenclature.table(nomenclature.NAF_REV2)
    codes = tuple(str(code) for code in frame.index)
    place = {code: number for number, code in enumerate(codes)}
    parent = np.array([place.get(str(one), -1) for one in frame["parent"]], dtype="int64")
    leaves = tuple(code for code in codes if frame.loc[code, "level"] == "subclass")
    paths = np.empty((len(leaves), len(LEVELS)), dtype="int64")
    for row, leaf in enumerate(leaves):
        node = place[leaf]
        for level in range(len(LEVELS) - 1, -1, -1):
            paths[row, level] = node
            node = int(parent[node])
    return Tree(codes, place, parent, paths, leaves)


def path_of(code: str) -> tuple[int, ...]:
    """Return the nodes from a code up to its section."""
    known = tree()
    node, found = known.place[code], []
    while node >= 0:
        found.append(node)
        node = int(known.parent[node])
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Words, phrases and beginnings of words, and their counts on the tree.

    Attributes
    ----------
    features : tuple of str
        Stems of each feature, sorted and joined by a blank; a beginning ends in ``*``.
    words : Mapping
        Stem -> place in ``features``.
    phrases : Mapping
        First stem of a phrase -> (its stems, place), the longest first.
    beginnings : Mapping
        Beginning of a word -> place.
    slips : Mapping
        Long word without one letter -> place, where it leads to one word only.
    silent : frozenset of str
        Stems that tell nothing alone.
    counts : csr_array
        Features x nodes of the tree: observations, those of a node counted in its parents.
    prior : ndarray
        General share of each node in its parent.
    """

    features: tuple[str, ...]
    words: Mapping[str, int]
    phrases: Mapping[str, tuple[tuple[frozenset[str], int], ...]]
    beginnings: Mapping[str, int]
    slips: Mapping[str, int]
    silent: frozenset[str]
    counts: sparse.csr_array
    prior: Floats


Row = tuple[str, str, float]
"""Feature, code of any level, weight."""


def label_rows(langs: Sequence[str] = LANGUAGES) -> list[Row]:
    """Return what the labels of both versions say: each word of a label, once a node.

    A label of 2025 counts for the class of the same number where it shares half its words with it:
    numbers changed their meaning between the versions.
    """
    frame = nomenclature.table(nomenclature.NAF_REV2)
    rows: dict[tuple[str, str], float] = {}
    own: dict[str, set[str]] = {}
    for code, *labels in frame[[f"label_{lang}" for lang in langs]].itertuples():
        for label in labels:
            stems = _label_stems(label)
            own.setdefault(code, set()).update(stems)
            rows.update({(one, code): LABEL_COUNT for one in stems})
    newer = nomenclature.table(nomenclature.NAF_2025)
    for code, level, label in newer[["level", f"label_{langs[0]}"]].itertuples():
        target = code if level == "division" else code[:5]
        stems = _label_stems(label)
        if level in {"division", "subclass"} and len(stems & own.get(target, set())) * 2 >= max(
            len(stems), 1
        ):
            rows.update({(one, target): LABEL_COUNT for one in stems})
    return [(one, code, weight) for (one, code), weight in rows.items()]


def _label_stems(label: str) -> set[str]:
    told = _EXCEPT.sub(" ", label.casefold())
    return {one for part in segments_of(told) for one in part}


def table_rows(langs: Sequence[str] = LANGUAGES) -> tuple[list[Row], frozenset[str]]:
    """Return the rows of the table of usual words, as stems, and the words that are silent alone.

    A row without code names a word that says nothing alone, wherever labels or names use it; it
    still belongs to phrases.
    """
    frame = pd.read_csv(
        shipped("data", "knowledge", "activity_words.csv"), dtype="str", keep_default_na=False
    )
    rows: dict[tuple[str, str], float] = {}
    silent: set[str] = set()
    told = frame[frame["language"].isin(langs)]
    for words, code, weight in told[["words", "code", "weight"]].itertuples(index=False):
        feature = feature_of(words)
        if code:
            rows[feature, code] = max(float(weight), rows.get((feature, code), 0.0))
        else:
            silent.add(feature)
    mute = frozenset(silent - {feature for feature, _ in rows})
    return [(feature, code, weight) for (feature, code), weight in rows.items()], mute


def feature_of(words: str) -> str:
    """Return the feature that a row of the table stands for.

    Examples
    --------
    >>> feature_of("boulangerie pâtisserie"), feature_of("plomb*")
    ('boulangery patissery', 'plomb*')
    """
    if words.endswith("*"):
        return fold(words)
    return " ".join(sorted({one for part in segments_of(words) for one in part}))


def counted_rows(frame: pd.DataFrame | None = None) -> tuple[list[Row], dict[str, float]]:
    """Return the counts of words of real names, and the legal units of each activity.

    Parameters
    ----------
    frame : DataFrame, optional
        Columns ``stem``, ``code``, ``sirene`` and ``numerique``, as in the shipped table, which is
        read where none is given.
    """
    if frame is None:
        path = shipped("data", "knowledge", "word_counts.csv")
        frame = pd.read_csv(path, keep_default_na=False)
    weights = frame["sirene"] + NUMERIQUE_WEIGHT * frame["numerique"]
    rows: list[Row] = []
    totals: dict[str, float] = {}
    for stem, code, units, weight in zip(
        frame["stem"], frame["code"], frame["sirene"], weights, strict=True
    ):
        if stem:
            rows.append((str(stem), str(code), float(weight)))
        else:
            totals[str(code)] = float(units)
    return rows, totals


def gather(
    rows: Iterable[Row], totals: Mapping[str, float], *, silent: frozenset[str] = frozenset()
) -> Evidence:
    """Return the evidence that rows make, without the words that are silent alone."""
    summed: dict[tuple[str, str], float] = {}
    for feature, code, weight in rows:
        if feature in silent:
            continue
        summed[feature, code] = summed.get((feature, code), 0.0) + weight
    features = tuple(sorted({feature for feature, _ in summed}))
    place = {feature: number for number, feature in enumerate(features)}
    across, down, values = [], [], []
    for (feature, code), weight in sorted(summed.items()):
        for node in path_of(code):
            across.append(place[feature])
            down.append(node)
            values.append(weight)
    shape = (len(features), len(tree().codes))
    counts = sparse.csr_array((values, (across, down)), shape=shape)
    phrases: dict[str, list[tuple[frozenset[str], int]]] = {}
    for feature, number in place.items():
        stems = feature.split()
        if len(stems) > 1:
            phrases.setdefault(stems[0], []).append((frozenset(stems), number))
    words = {one: at for one, at in place.items() if " " not in one and "*" not in one}
    return Evidence(
        features=features,
        words=words,
        phrases={
            first: tuple(sorted(found, key=lambda one: (-len(one[0]), one[1])))
            for first, found in phrases.items()
        },
        beginnings={one[:-1]: at for one, at in place.items() if one.endswith("*")},
        slips=_slips(words),
        silent=silent,
        counts=counts,
        prior=shares(totals),
    )


@cache
def evidence(lang: str | None = None) -> Evidence:
    """Return the evidence that is shipped, of one language or of both."""
    langs = LANGUAGES if lang is None else (lang,)
    rows, silent = table_rows(langs)
    counted, totals = counted_rows()
    return gather([*label_rows(langs), *rows, *counted], totals, silent=silent)


def shares(totals: Mapping[str, float]) -> Floats:
    """Return the general share of each node in its parent, every sub-class being possible."""
    known = tree()
    units = np.zeros(len(known.codes))
    for leaf, path in zip(known.leaves, known.paths, strict=True):
        units[path] += totals.get(leaf, 0.0) + PRIOR_SPREAD
    above = np.where(known.parent >= 0, units[known.parent], units[known.parent < 0].sum())
    return units / above


def pulls(found: Evidence, features: Sequence[int], *, within: str | None = None) -> Floats:
    """Return how far each feature pulls towards each sub-class.

    Parameters
    ----------
    found : Evidence
        The evidence.
    features : sequence of int
        Places in ``found.features``.
    within : str, optional
        Level of the tree: what a feature says between codes of this level is left out, so that it
        only says which of those below is meant.

    Returns
    -------
    ndarray, shape (features, sub-classes), float
        Logarithm of the share of the sub-class where the feature stands over its general share.
    """
    known = tree()
    counts = found.counts[list(features)].toarray()
    roots = known.parent < 0
    inside = np.zeros_like(counts)
    np.add.at(inside.T, known.parent[~roots], counts.T[~roots])
    above = np.where(roots, counts[:, roots].sum(axis=1, keepdims=True), inside[:, known.parent])
    smoothed = (counts + SMOOTHING * found.prior) / (above + SMOOTHING)
    told: Floats = np.log(smoothed) - np.log(found.prior)
    first = 0 if within is None else LEVELS.index(within) + 1
    return np.asarray(told[:, known.paths[:, first:]].sum(axis=2))


def log_prior(found: Evidence) -> Floats:
    """Return the logarithm of the general share of each sub-class."""
    return np.asarray(np.log(found.prior)[tree().paths].sum(axis=1))


@dataclass(frozen=True, slots=True)
class Found:
    """Features that a text holds.

    Attributes
    ----------
    shown : Mapping of int to str
        Feature -> the words that show it.
    named_after : Mapping of int to frozenset of int
        Feature whose words only tell what something is named after -> features of the words before.
    """

    shown: Mapping[int, str]
    named_after: Mapping[int, frozenset[int]]


def find_features(found: Evidence, parts: Iterable[Part]) -> Found:
    """Return the features that a text holds, and which of them only name something.

    A phrase hides the single words it is made of; a word that is not known counts by its beginning.
    """
    shown: dict[int, str] = {}
    named: dict[int, frozenset[int]] = {}
    free: set[int] = set()
    for part in parts:
        features = _features_of(found, part.words)
        for at, stems in features.items():
            shown.setdefault(at, " ".join(part.words[one] for one in part.words if one in stems))
            heads = _heads(features, stems, named_after=part.named_after)
            if heads:
                named[at] = named.get(at, frozenset()) | heads
            else:
                free.add(at)
    return Found(shown, {at: heads for at, heads in named.items() if at not in free})


def _heads(
    features: Mapping[int, frozenset[str]],
    stems: frozenset[str],
    *,
    named_after: Mapping[str, frozenset[str]],
) -> frozenset[int]:
    """Return the features that stand before some stems, if all of these only name something."""
    if not stems <= named_after.keys():
        return frozenset()
    before = frozenset[str]().union(*(named_after[one] for one in stems)) - stems
    return frozenset(at for at, others in features.items() if others <= before)


def _features_of(found: Evidence, words: Mapping[str, str]) -> dict[int, frozenset[str]]:
    """Return the features of a part of a text, each with the stems that show it."""
    matched = sorted(
        (
            (phrase, at)
            for first in words
            for phrase, at in found.phrases.get(first, ())
            if phrase <= words.keys()
        ),
        key=lambda one: (-len(one[0]), one[1]),
    )
    features: dict[int, frozenset[str]] = {}
    covered: set[str] = set()
    for phrase, at in matched:
        if not any(phrase < longer for longer in features.values()):
            features[at] = phrase
            covered |= phrase
    for one in sorted(words.keys() - covered):
        at_word = _single(found, one)
        if at_word is not None:
            features.setdefault(at_word, frozenset({one}))
    return features


def _single(found: Evidence, one: str) -> int | None:
    """Return the feature of a stem: the word itself, else one typed alike, else its beginning."""
    if one in found.words or one in found.silent:
        return found.words.get(one)
    if len(one) >= LONG_WORD:
        alike = {found.slips[slip] for slip in slips_of(one) if slip in found.slips}
        if alike:
            return min(alike)
    for length in range(len(one), _SHORTEST_BEGINNING - 1, -1):
        if one[:length] in found.beginnings:
            return found.beginnings[one[:length]]
    return None


def slips_of(word: str) -> tuple[str, ...]:
    """Return a word and what is left of it without each of its letters.

    Two words that share one of these are one slip of the fingers apart: a letter more, less, other
    or in its neighbour's place.

    Examples
    --------
    >>> set(slips_of("bakry")) & set(slips_of("bakery"))
    {'bakry'}
    """
    return (word, *(word[:at] + word[at + 1 :] for at in range(len(word))))


def _slips(words: Mapping[str, int]) -> dict[str, int]:
    """Return the slips of long words that lead to a single one."""
    found: dict[str, int] = {}
    several: set[str] = set()
    for word, at in words.items():
        if len(word) >= LONG_WORD:
            for slip in set(slips_of(word)):
                if found.setdefault(slip, at) != at:
                    several.add(slip)
    return {slip: at for slip, at in found.items() if slip not in several}
