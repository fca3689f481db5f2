"""How probable it is that two records are one actor: a weight for each level of eight comparisons.

The weights are those of a logistic regression (ridge penalty 1, which holds back levels that few
pairs reach), estimated by ``tests/real/linkage_labels.py`` on records of five public lists that
give the SIRET of the same establishment, in the départements of even number.  None was set by hand.

Notes
-----
On the départements of odd number, with the SIRET hidden and the whole lists as distractors, the
zone ``same`` reaches precision 0.988 and recall 0.875 over six pairs of lists (2,523 true pairs),
and 0.958 of them are found with the questions.  Two lists of work integration, which write their
names much alike, reach 0.999 and 0.967; lists typed by hand, where libraries bear the SIRET of
their town hall, 0.88 to 0.97 and 0.55 to 0.62.  ``tests/real/test_linkage_quality.py`` measures
it again.

Some levels weigh nearly nothing once the others are known (a number in the street that differs, a
public body that differs): they were kept as they were estimated.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np

from toolkit.linkage.comparing import LEVELS, Levels
from toolkit.linkage.records import Floats

BASE: Final = -4.40
"""Log odds of a pair to be compared of which nothing is known."""
WEIGHTS: Final[Mapping[str, Mapping[str, float]]] = MappingProxyType(
    {
        "name": {
            "other": 0.00,
            "far": 0.10,
            "loose": 0.19,
            "half": 0.47,
            "near": 0.21,
            "close": 0.64,
            "almost": 1.54,
            "same": 2.30,
        },
        "part": {
            "no": 0.00,
            "some": 0.17,
            "most": 1.39,
            "whole": 2.21,
        },
        "rare": {
            "no": 0.00,
            "common": -0.23,
            "uncommon": 0.62,
            "rare": 0.90,
        },
        "acronym": {
            "no": 0.00,
            "yes": 1.46,
        },
        "body": {
            "none": 0.00,
            "one": 1.11,
            "different": -0.46,
            "same": 1.11,
        },
        "street": {
            "unknown": 0.00,
            "other": -1.49,
            "other_number": -0.04,
            "street": 1.68,
            "number": 1.64,
        },
        "distance": {
            "unknown": 0.00,
            "over_10_km": -1.64,
            "under_10_km": -0.56,
            "under_2_km": 0.08,
            "under_500_m": 0.81,
            "under_100_m": 0.37,
        },
        "place": {
            "unknown": 0.00,
            "other": -0.09,
            "department": -2.16,
            "postcode": 1.65,
            "town": 0.60,
        },
    }
)
"""Log odds that each level adds; a level of no effect has 0 by definition."""

SAME_FROM: Final = 0.8
ASK_FROM: Final = 0.1
LOWEST: Final = 0.02
"""Zones: the same actor from 0.8, a question from 0.1; see docs/decisions/0018-linkage.md."""
RIVAL_LOG_ODDS: Final = 1.0
"""Log odds by which the best of several partners must lead to stay sure: 2.7 times as likely."""


def log_odds(levels: Mapping[str, Levels]) -> Floats:
    """Return the log odds that pairs are one actor.

    Parameters
    ----------
    levels : Mapping of str to array of int
        By comparison, the level of each pair as its position in
        :data:`toolkit.linkage.comparing.LEVELS`.

    Examples
    --------
    >>> bare = {name: np.zeros(1, dtype=np.int8) for name in LEVELS}
    >>> bool(log_odds(bare)[0] == BASE)
    True
    """
    total = np.full(len(levels["name"]), BASE)
    for name, codes in LEVELS.items():
        total += np.array([WEIGHTS[name][code] for code in codes])[levels[name]]
    return total
