"""Pairs of records that are, or may be, the same actor, with a probability and the reasons."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from toolkit import vocabulary as v
from toolkit.errors import Problem, UsageError
from toolkit.linkage.blocking import Ints, portions
from toolkit.linkage.comparing import LEVELS, Compared, Comparer, Levels
from toolkit.linkage.identity import SEVERAL, identified, may_be_same
from toolkit.linkage.model import ASK_FROM, LOWEST, SAME_FROM, log_odds
from toolkit.linkage.records import Flags, Floats, Records, Texts, to_records
from toolkit.linkage.rivals import has_rival, is_settled

SAME: Final = "same"
ASK: Final = "ask"
DIFFERENT: Final = "different"
ZONES: Final = (SAME, ASK, DIFFERENT)

PAIR_COLUMNS: Final = (
    "left_id",
    "right_id",
    "probability",
    "zone",
    "reasons",
    "left_name",
    "right_name",
    "left_place",
    "right_place",
    "name_score",
    "distance_m",
)
"""Columns of the table of pairs: ``reasons`` holds codes joined by ``|``, ``name_score`` is in
[0, 1], ``distance_m`` in metres (NaN where a point is missing)."""

RIVAL: Final = "rival"
_ONE_BODY: Final = tuple(LEVELS["body"].index(level) for level in ("one", "different"))
"""Only one of the names says a public body, or they say two: a service bears its body's SIREN."""
_REASONS: Final = (
    ("name_same", "name", ("same",)),
    ("name_close", "name", ("near", "close", "almost")),
    ("name_part", "part", ("whole",)),
    ("rare_word", "rare", ("rare",)),
    ("acronym", "acronym", ("yes",)),
    ("body_different", "body", ("different",)),
    ("address", "street", ("number",)),
    ("street", "street", ("street", "other_number")),
    ("street_other", "street", ("other",)),
    ("near", "distance", ("under_500_m", "under_100_m")),
    ("far", "distance", ("over_10_km",)),
    ("town", "place", ("town",)),
    ("postcode", "place", ("postcode",)),
    ("place_other", "place", ("other", "department")),
)
"""Reason code, comparison, and the levels at which the reason is told."""
REASONS: Final = (
    "same_siret",
    "same_siren",
    "same_rna",
    SEVERAL,
    *(code for code, _, _ in _REASONS),
    RIVAL,
    "answered",
)
"""Every reason code; the words are in the locales under ``linkage.reason``."""

_Result = tuple[Floats, Texts, Texts | None, Flags | None]
"""Probability, zone, reason of an identifier, whether there is a rival."""


def find_pairs(
    left: pd.DataFrame,
    right: pd.DataFrame,
    *,
    same_from: float = SAME_FROM,
    ask_from: float = ASK_FROM,
    lowest: float = LOWEST,
) -> pd.DataFrame:
    """Return the pairs of records of two frames that may be the same actor.

    Identifiers decide first: equal SIRET; equal RNA number; equal SIREN in the same place where one
    of the two has no SIRET (a question, where only one of the names is that of a public body: its
    services bear its number).  Two different SIRETs (or SIRENs, or RNA numbers) are never paired.
    Other records are compared by name and place, and the probability is a logistic function of the
    levels of eight comparisons (:data:`toolkit.linkage.model.WEIGHTS`).  Where a record has several
    different partners that are sure, only one that is clearly ahead stays sure; the others are to
    be asked, or different if they and the one ahead have different SIRETs.  Names that say two
    different public bodies (a commune, its CCAS) are at most a question.

    Parameters
    ----------
    left, right : DataFrame
        Records as :func:`toolkit.linkage.records.to_records` reads them: ``actor_id``, ``name``
        and whatever is known of identifiers and place (degrees, EPSG:4326).
    same_from, ask_from : float, default 0.8 and 0.1
        Probabilities from which a pair is the same actor, and from which a person is asked.
    lowest : float, default 0.02
        Pairs less probable than this are not returned.

    Returns
    -------
    DataFrame, columns :data:`PAIR_COLUMNS`
        One row a pair, by ``left_id``, then the most probable first; probability 1 where an
        identifier decides.

    Raises
    ------
    DataError
        If ``actor_id`` or ``name`` is missing, or ids are empty or repeated in a frame.
    UsageError
        If the probabilities are not in order within [0, 1].

    Notes
    -----
    Natural persons and records without name (``[ND]``) are linked by identifier only.  The order of
    rows changes nothing.  Cost grows with the pairs that share a place and a word, and memory is
    bounded by :data:`toolkit.linkage.blocking.PORTION`.

    References
    ----------
    .. [1] Fellegi, I. P. and Sunter, A. B. (1969). A theory for record linkage. Journal of the
       American Statistical Association 64 (328), 1183-1210. DOI 10.1080/01621459.1969.10501049

    Examples
    --------
    >>> ours = pd.DataFrame({"actor_id": ["row 4"], "name": ["Les Fées Pêcheuses (asso)"],
    ...                      "postcode": ["76200"]})
    >>> theirs = pd.DataFrame({"actor_id": ["siret:1", "siret:2"], "postcode": ["76200", "76200"],
    ...                        "name": ["ASSOC LES FEES PECHEUSES", "Mairie de Dieppe"]})
    >>> find_pairs(ours, theirs)[["right_id", "zone"]].values.tolist()
    [['siret:1', 'same']]
    """
    _check_bounds(lowest=lowest, ask_from=ask_from, same_from=same_from)
    ours, theirs = to_records(left, where="left"), to_records(right, where="right")
    return _pairs(ours, theirs, bounds=(lowest, ask_from, same_from), itself=False)


def find_duplicates(
    actors: pd.DataFrame,
    *,
    same_from: float = SAME_FROM,
    ask_from: float = ASK_FROM,
    lowest: float = LOWEST,
) -> pd.DataFrame:
    """Return the pairs of records of one frame that may be the same actor, each pair once.

    Same rules, columns and errors as :func:`find_pairs`; a record may be the same as several
    others, unless these have different SIRETs.

    Examples
    --------
    >>> actors = pd.DataFrame({"actor_id": ["a", "b"], "postcode": ["12100", "12100"],
    ...                        "name": ["Tricentris Millau", "TRICENTRIS - MILLAU"]})
    >>> find_duplicates(actors)[["left_id", "right_id", "zone"]].values.tolist()
    [['a', 'b', 'same']]
    """
    _check_bounds(lowest=lowest, ask_from=ask_from, same_from=same_from)
    records = to_records(actors, where="actors")
    return _pairs(records, records, bounds=(lowest, ask_from, same_from), itself=True)


def _check_bounds(*, lowest: float, ask_from: float, same_from: float) -> None:
    if not 0 <= lowest <= ask_from <= same_from <= 1:
        found = f"{lowest}, {ask_from}, {same_from}"
        raise UsageError(Problem("linkage_bounds", found=found))


def _pairs(
    left: Records, right: Records, *, bounds: tuple[float, float, float], itself: bool
) -> pd.DataFrame:
    lowest, ask_from, same_from = bounds
    comparer = Comparer(left, right)
    known = identified(left, right, itself=itself)
    alike = comparer.compare(known.i, known.j)
    services = np.isin(alike.levels["body"], _ONE_BODY) & (known.reason == "same_siren")
    is_open = (known.reason == SEVERAL) | services
    result: _Result = (
        np.where(is_open, 0.5, 1.0),
        np.where(is_open, ASK, SAME),
        known.reason,
        None,
    )
    parts = [_frame(left, right, rows=(known.i, known.j), compared=alike, result=result)]
    found = [
        _compared(comparer, rows, lowest=lowest, known=known.codes(len(right)))
        for rows in portions(left, right, itself=itself)
    ]
    for i, j, odds, compared in _joined(found):
        chance = 1 / (1 + np.exp(-odds))
        two_bodies = compared.levels["body"] == LEVELS["body"].index("different")
        is_sure, rows = (chance >= same_from) & ~two_bodies, (i, j)
        rival = has_rival(left, right, rows=rows, odds=odds, sure=is_sure, itself=itself)
        kept = is_sure & ~rival
        settled = is_settled(left, right, rows=rows, kept=kept, itself=itself)
        beaten = (chance >= ask_from) & ~kept & settled
        zone = np.where(kept, SAME, np.where((chance >= ask_from) & ~beaten, ASK, DIFFERENT))
        told: _Result = (chance, zone, None, rival | beaten)
        parts.append(_frame(left, right, rows=rows, compared=compared, result=told))
    pairs = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    return pairs.sort_values(
        ["left_id", "probability", "right_id"], ascending=[True, False, True], ignore_index=True
    )


_Scored = tuple[Ints, Ints, Floats, Compared]


def _compared(
    comparer: Comparer, rows: tuple[Ints, Ints], *, lowest: float, known: Ints
) -> _Scored:
    """Return the pairs of a portion that are probable enough, with their log odds."""
    left, right = comparer.left, comparer.right
    i, j = rows
    kept = may_be_same(left, right, i=i, j=j) & ~np.isin(i * len(right) + j, known)
    i, j = i[kept], j[kept]
    compared = comparer.compare(i, j)
    odds = log_odds(compared.levels)
    likely = odds >= (np.log(lowest / (1 - lowest)) if 0 < lowest < 1 else -np.inf)
    return i[likely], j[likely], odds[likely], _select(compared, likely)


def _select(compared: Compared, mask: Flags) -> Compared:
    levels = {name: level[mask] for name, level in compared.levels.items()}
    return Compared(levels, compared.name_score[mask], compared.distance_m[mask])


def _joined(found: list[_Scored]) -> list[_Scored]:
    """Return the portions as one; an empty list where there is none."""
    if not found:
        return []
    levels: dict[str, Levels] = {
        name: np.concatenate([one[3].levels[name] for one in found]) for name in LEVELS
    }
    scores = np.concatenate([one[3].name_score for one in found])
    metres = np.concatenate([one[3].distance_m for one in found])
    i, j, odds = (np.concatenate([one[place] for one in found]) for place in range(3))
    return [(i, j, odds, Compared(levels, scores, metres))]


def _frame(
    left: Records,
    right: Records,
    *,
    rows: tuple[Ints, Ints],
    compared: Compared,
    result: _Result,
) -> pd.DataFrame:
    i, j = rows
    chance, zone, reason, rival = result
    codes = [[one] for one in reason] if reason is not None else [[] for _ in i]
    for code, comparison, levels in _REASONS:
        wanted = [LEVELS[comparison].index(level) for level in levels]
        for row in np.flatnonzero(np.isin(compared.levels[comparison], wanted)):
            codes[row].append(code)
    for row in np.flatnonzero(rival) if rival is not None else ():
        codes[row].append(RIVAL)
    columns = {
        "left_id": left.ids[i],
        "right_id": right.ids[j],
        "probability": np.round(chance, 4),
        "zone": zone,
        "reasons": [v.join_list(dict.fromkeys(one)) for one in codes],
        "left_name": left.names[i],
        "right_name": right.names[j],
        "left_place": left.places[i],
        "right_place": right.places[j],
        "name_score": np.round(compared.name_score, 3),
        "distance_m": np.round(compared.distance_m, 0),
    }
    texts = {name: "str" for name in PAIR_COLUMNS if name not in _NUMBERS}
    return pd.DataFrame(columns, columns=list(PAIR_COLUMNS)).astype(
        {**texts, **dict.fromkeys(_NUMBERS, "float64")}
    )


_NUMBERS: Final = ("probability", "name_score", "distance_m")
