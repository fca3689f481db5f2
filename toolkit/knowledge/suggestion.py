"""From a name or a description to activity codes, with a confidence and the words that decided.

What the words of a text say is added up on the tree of NAF rev. 2 (naive Bayes); the confidence is
the share of right answers among real names that scored alike (docs/decisions/0021).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from toolkit import nomenclature
from toolkit.errors import Problem, UsageError
from toolkit.knowledge.evidence import (
    LANGUAGES,
    LEVELS,
    Evidence,
    Found,
    evidence,
    find_features,
    log_prior,
    pulls,
    tree,
)
from toolkit.knowledge.words import parts_of
from toolkit.resources import shipped

Floats = npt.NDArray[np.float64]

SURE: Final = 0.75
"""Confidence in the division from which a suggestion is taken without asking (decision 0021)."""
ASK: Final = 0.30
"""Confidence in the division under which nothing is proposed (decision 0021)."""
FINE: Final = 0.60
"""Confidence from which a code finer than the division is named in :func:`suggest_activities`."""
NAME: Final = 2
"""What a word of a name weighs beside one of a description (own rule)."""
DEEP: Final = 0.5
"""Share of its division that a finer code must hold to be named instead of it (own rule)."""
TRADE: Final = 0.5
"""Share of one division in what a word says alone, from which it is a trade: a word of another
division behind "du", "de la" or "des" only tells which one it is (decision 0021)."""
ASSOCIATIONS: Final = "94"
"""Division of associations that no other describes: its words are no trade, for what an association
is named after ("Fédération des éditeurs") often tells what it does."""
ZONES: Final = ("sure", "ask", "unknown")
_COLUMNS: Final = (
    "activity",
    "activity_version",
    "level",
    "confidence",
    "zone",
    "words",
    "alternatives",
)
_CHUNK: Final = 2_000
"""Texts scored at a time: 12 MB for each thousand."""
_LEAST: Final = 1e-6
_DIVISION: Final = LEVELS.index("division")
_CLASS: Final = LEVELS.index("class")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One activity that a text may mean.

    Attributes
    ----------
    code : str
        Code of NAF rev. 2.
    level : str
        ``division``, ``group``, ``class`` or ``subclass``.
    version : str
        Name of the list in which :func:`toolkit.nomenclature.label` finds the label.
    confidence : float
        Share of right answers to be expected, in [0, 1].
    division_confidence : float
        The same for its division, which decides the zone.
    words : tuple of (str, float)
        Words of the text that speak for the code, and their shares, which add up to 1.
    """

    code: str
    level: str
    version: str
    confidence: float
    division_confidence: float
    words: tuple[tuple[str, float], ...]


def suggest_activity(
    text: str, *, lang: str | None = None, top: int = 3, level: str | None = None
) -> tuple[Suggestion, ...]:
    """Return the activities that a name or a description may mean, the likeliest first.

    Parameters
    ----------
    text : str
        Name or description, in French or English; only its first 20,000 characters are read.
    lang : str, optional
        ``fr`` or ``en``, to keep to the words of one language; both by default.
    top : int, default 3
        Most suggestions returned, at least 1.
    level : str, optional
        Level of the codes; by default as fine as the words allow.

    Returns
    -------
    tuple of Suggestion
        Empty where no word of the text speaks for an activity.

    Raises
    ------
    UsageError
        If ``lang``, ``top`` or ``level`` is not possible.

    Examples
    --------
    >>> first, *_ = suggest_activity("SARL BOULANGERIE DUPONT")
    >>> first.code, first.words
    ('10.71C', (('boulangerie', 1.0),))
    >>> suggest_activity("Kettou")
    ()
    """
    found = suggest_texts([text], lang=lang, top=top, level=level)
    return found[0]


def suggest_activities(
    frame: pd.DataFrame,
    columns: Sequence[str] = ("name", "description"),
    *,
    lang: str | None = None,
    top: int = 3,
) -> pd.DataFrame:
    """Return for each row the activity that its texts mean, and whether a person should be asked.

    Parameters
    ----------
    frame : DataFrame, shape (n, ...)
        Names and descriptions.
    columns : sequence of str
        Columns that are read, where they are there; at least one must be.  The first is the name:
        its words weigh double, and where all together tell nothing it is read alone, for a
        description also tells what is around.
    lang : str, optional
        ``fr`` or ``en``; both by default.
    top : int, default 3
        Most codes named in ``alternatives``, with the first.

    Returns
    -------
    DataFrame, shape (n, 7)
        Index of ``frame``: ``activity`` (empty in zone ``unknown``), ``activity_version``,
        ``level``, ``confidence`` (of the code), ``zone``, ``words`` and ``alternatives`` (other
        codes), the last two joined by ``|``.  In zone ``sure`` the division may be taken without
        asking; a finer code is named only where it is right more often than not, too.

    Raises
    ------
    UsageError
        If no column is there, or ``lang`` or ``top`` is not possible.
    """
    there = [column for column in columns if column in frame.columns]
    if not there:
        raise UsageError(Problem("suggestion_columns", found=", ".join(map(str, columns))))
    cells = [frame[column].astype("object").where(frame[column].notna(), "") for column in there]
    texts = [tuple(str(cell) for cell in row) for row in zip(*cells, strict=True)]
    found = suggest_texts(texts, lang=lang, top=top, fine=FINE)
    if len(there) > 1:
        names = suggest_texts([text[0] for text in texts], lang=lang, top=top, fine=FINE)
        found = [
            whole if _certainty(whole) >= min(ASK, _certainty(name)) else name
            for whole, name in zip(found, names, strict=True)
        ]
    rows = [_row(one) for one in found]
    return pd.DataFrame(rows, index=frame.index, columns=list(_COLUMNS))


def _certainty(found: tuple[Suggestion, ...]) -> float:
    """Return the confidence in the division of the first suggestion, 0 where there is none."""
    return found[0].division_confidence if found else 0.0


def _row(found: tuple[Suggestion, ...]) -> tuple[str, str, str, float, str, str, str]:
    """Return the cells of a row of :func:`suggest_activities`."""
    if not found:
        return "", "", "", 0.0, ZONES[-1], "", ""
    first, *others = found
    zone = zone_of(_certainty(found))
    if zone == "unknown":
        return "", "", "", first.confidence, zone, "", ""
    words = "|".join(word for word, _ in first.words)
    codes = "|".join(one.code for one in others)
    return first.code, first.version, first.level, first.confidence, zone, words, codes


def zone_of(certainty: float) -> str:
    """Return ``sure``, ``ask`` or ``unknown`` for the confidence in a division."""
    if certainty < ASK:
        return "unknown"
    return "sure" if certainty >= SURE else "ask"


def suggest_texts(
    texts: Iterable[str | tuple[str, ...]],
    *,
    lang: str | None = None,
    top: int = 3,
    level: str | None = None,
    fine: float | None = None,
) -> list[tuple[Suggestion, ...]]:
    """Return the suggestions of many texts, each whole, or a name and more about it.

    See :func:`suggest_activity` and :func:`suggest_activities`.  With ``fine``, no first code below
    the division has a lower confidence than that.
    """
    _check(lang=lang, top=top, level=level)
    known = evidence(lang)
    told = [(text,) if isinstance(text, str) else text for text in texts]
    found: list[tuple[Suggestion, ...]] = []
    for start in range(0, len(told), _CHUNK):
        scored = score(told[start : start + _CHUNK], known)
        found += [
            _best(scored, row, top=top, level=level, fine=fine) for row in range(len(scored.shown))
        ]
    return found


def _check(*, lang: str | None, top: int, level: str | None) -> None:
    if lang is not None and lang not in LANGUAGES:
        choices = ", ".join(LANGUAGES)
        raise UsageError(Problem("suggestion_lang", found=lang, params={"choices": choices}))
    if top < 1:
        raise UsageError(Problem("suggestion_top", found=str(top)))
    if level is not None and level not in LEVELS:
        choices = ", ".join(LEVELS)
        raise UsageError(Problem("suggestion_level", found=level, params={"choices": choices}))


class Use(NamedTuple):
    """A feature of a text, and whether it only tells what a trade is named after."""

    feature: int
    is_name: bool


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Texts scored together.

    Attributes
    ----------
    shown : list of dict
        Features of each text, as they are used, and the words that show them.
    shares : ndarray, shape (texts, sub-classes), float
        Share of each sub-class; adds up to 1.
    drawn : ndarray, shape (features used, sub-classes), float
        How far each feature pulls, see :func:`toolkit.knowledge.evidence.pulls`.
    place : Mapping
        Feature, as it is used -> row of ``drawn``.
    """

    shown: list[dict[Use, str]]
    shares: Floats
    drawn: Floats
    place: Mapping[Use, int]


def score(texts: Sequence[tuple[str, ...]], known: Evidence) -> Scores:
    """Return how likely each sub-class is for each text, given as a name and more about it.

    The pull of a word is multiplied by the root of its share in what all words of the text tell
    (their divergence from the general shares).  So a word alone counts whole, n words that tell as
    much count as the root of n, for words of one text repeat each other, and the many weak words of
    a long description do not drown the strong ones.

    A word that a trade is named after ("Boulangerie de la Gare") says nothing of the division, only
    which kind of it is meant, and takes no share from the others.
    """
    found = [[find_features(known, parts_of(part)) for part in parts] for parts in texts]
    prior = log_prior(known)
    divisions = _divisions(found, known)
    uses = [_uses(parts, divisions) for parts in found]
    used = sorted({use for words in uses for use in words})
    place = {use: number for number, use in enumerate(used)}
    drawn = _drawn(known, used)
    tells = np.maximum((np.exp(drawn + prior) * drawn).sum(axis=1), _LEAST)
    rows, columns, weights = [], [], []
    for row, words in enumerate(uses):
        told = {use: tells[place[use]] * weight for use, (_, weight) in words.items()}
        total = sum(share for use, share in told.items() if not use.is_name)
        for use, share in sorted(told.items()):
            rows.append(row)
            columns.append(place[use])
            weights.append((share / (total + share if use.is_name else total)) ** 0.5)
    cells = sparse.csr_array((weights, (rows, columns)), shape=(len(uses), len(used)))
    score_of = prior + cells @ drawn
    likely = np.exp(score_of - score_of.max(axis=1, keepdims=True))
    shown = [{use: word for use, (word, _) in words.items()} for words in uses]
    return Scores(shown, likely / likely.sum(axis=1, keepdims=True), drawn, place)


def _divisions(texts: Sequence[Sequence[Found]], known: Evidence) -> dict[int, tuple[int, float]]:
    """Return the division that features alone mean, and its share.

    Only of what something is named after, and of the words before it.
    """
    named = [part.named_after for parts in texts for part in parts]
    asked = sorted({at for one in named for at, heads in one.items() for at in (at, *heads)})
    alone = np.exp(pulls(known, asked) + log_prior(known))
    held = np.zeros((len(asked), len(tree().codes)))
    np.add.at(held.T, tree().paths[:, _DIVISION], alone.T)
    best = zip(held.argmax(axis=1).tolist(), held.max(axis=1).tolist(), strict=True)
    return dict(zip(asked, best, strict=True))


def _uses(
    parts: Sequence[Found], divisions: Mapping[int, tuple[int, float]]
) -> dict[Use, tuple[str, float]]:
    """Return the features of a text as they are used, with the words that show them and a weight.

    A feature is a name where each part that shows it has it after a trade of another division.
    """
    name, *more = parts
    found: dict[Use, tuple[str, float]] = {}
    words = {at: word for part in reversed(parts) for at, word in part.shown.items()}
    for at, word in words.items():
        told = [_is_name(at, part, divisions=divisions) for part in parts if at in part.shown]
        use = Use(at, is_name=all(told))
        is_of_name = bool(more) and at in name.shown and told[0] == use.is_name
        found[use] = (word, float(NAME**2) if is_of_name else 1.0)
    return found


def _is_name(at: int, part: Found, *, divisions: Mapping[int, tuple[int, float]]) -> bool:
    """Return whether a feature follows a trade that is named after it."""
    heads = (divisions[one] for one in part.named_after.get(at, ()))
    trades = {division for division, share in heads if share >= TRADE}
    trades.discard(tree().place[ASSOCIATIONS])
    return bool(trades) and divisions[at][0] not in trades


def _drawn(known: Evidence, used: Sequence[Use]) -> Floats:
    """Return how far each feature pulls, a name only within the divisions."""
    is_name = np.array([use.is_name for use in used], dtype="bool")
    drawn = np.zeros((len(used), len(tree().leaves)))
    drawn[~is_name] = pulls(known, [use.feature for use in used if not use.is_name])
    drawn[is_name] = pulls(known, [use.feature for use in used if use.is_name], within="division")
    return drawn


def _best(
    scored: Scores, row: int, *, top: int, level: str | None, fine: float | None
) -> tuple[Suggestion, ...]:
    """Return the best codes of a text, each standing for other sub-classes than those before."""
    paths = tree().paths
    words = scored.shown[row]
    left = scored.shares[row].copy()
    found: list[Suggestion] = []
    taken: set[int] = set()
    while words and len(found) < top and left.max() > _LEAST:
        leaf = int(left.argmax()) if level is None else _leaf_of_best(left, level)
        at = LEVELS.index(level) if level else _depth(left, leaf, fine=None if found else fine)
        if level is None and paths[leaf, at] in taken:
            at = _CLASS
        told = _decided(words, {one: float(scored.drawn[scored.place[one], leaf]) for one in words})
        if not told:
            break
        found.append(_suggestion(left, leaf, at=at, words=told))
        taken.update(int(one) for one in paths[leaf])
        left[paths[:, at] == paths[leaf, at]] = 0.0
    return tuple(found)


def _suggestion(
    left: Floats, leaf: int, *, at: int, words: tuple[tuple[str, float], ...]
) -> Suggestion:
    """Return the code of a level above a sub-class, with the confidence that its share earns."""
    wide = min(at, _DIVISION)
    return Suggestion(
        code=tree().codes[tree().paths[leaf, at]],
        level=LEVELS[at],
        version=nomenclature.NAF_REV2,
        confidence=confidence(_held(left, leaf, at=at), LEVELS[at]),
        division_confidence=confidence(_held(left, leaf, at=wide), LEVELS[wide]),
        words=words,
    )


def _held(left: Floats, leaf: int, *, at: int) -> float:
    """Return the share of the code of a level above a sub-class."""
    nodes = tree().paths[:, at]
    return float(left[nodes == nodes[leaf]].sum())


def _leaf_of_best(left: Floats, level: str) -> int:
    """Return the best sub-class of the best code of a level."""
    nodes = tree().paths[:, LEVELS.index(level)]
    best = np.bincount(nodes, weights=left).argmax()
    below = np.flatnonzero(nodes == best)
    return int(below[left[below].argmax()])


def _depth(left: Floats, leaf: int, *, fine: float | None) -> int:
    """Return the finest level at which a sub-class's code holds half of its division."""
    held = [_held(left, leaf, at=at) for at in range(len(LEVELS))]
    at = len(LEVELS) - 1
    while at > _DIVISION and held[at] < DEEP * held[_DIVISION]:
        at -= 1
    if fine is not None:
        while at > _DIVISION and confidence(held[at], LEVELS[at]) < fine:
            at -= 1
    return at


def _decided(words: Mapping[Use, str], told: Mapping[Use, float]) -> tuple[tuple[str, float], ...]:
    """Return the words that speak for a code and their shares, the strongest first."""
    summed: dict[str, float] = {}
    for feature, pull in told.items():
        if pull > 0.0:
            summed[words[feature]] = summed.get(words[feature], 0.0) + pull
    total = sum(summed.values())
    ranked = sorted(summed.items(), key=lambda one: (-one[1], one[0]))
    return tuple((word, pull / total) for word, pull in ranked)


def confidence(share: float, level: str) -> float:
    """Return the share of right answers to be expected where a code of a level holds a share.

    A logistic curve of the logarithm of the odds, fitted on legal units of the half that is learnt
    from (``data/knowledge/build/build_confidence.py``).
    """
    intercept, slope = _curves()[level]
    bounded = min(max(share, _LEAST), 1.0 - _LEAST)
    odds = intercept + slope * float(np.log(bounded / (1.0 - bounded)))
    return float(1.0 / (1.0 + np.exp(-odds)))


@cache
def _curves() -> Mapping[str, tuple[float, float]]:
    frame = pd.read_csv(shipped("data", "knowledge", "suggestion_confidence.csv"))
    rows = frame[["level", "intercept", "slope"]].itertuples(index=False, name=None)
    return MappingProxyType({str(one): (float(two), float(three)) for one, two, three in rows})
