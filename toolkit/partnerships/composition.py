"""The types of partnership and the families that each one joins."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from toolkit import vocabulary as v
from toolkit.partnerships.facts import FAMILY_BIT

ESS: Final = FAMILY_BIT["ess"]
BUSINESS: Final = FAMILY_BIT["business"]
SUPPORT: Final = FAMILY_BIT["public"] | FAMILY_BIT["research"]
ALL_FAMILIES: Final = (1 << len(v.FAMILIES)) - 1
MANY: Final = 3
"""Families from which a partnership is multi-actor."""

SPECIFIC_FIRST: Final = ("ptce", "multi_actor", "ess_business", "ess_ess")
"""Types from the most specific on: also the order in which equal scores are ranked."""


def types_of(families: int) -> tuple[str, ...]:
    """Return every type whose rule a group satisfies, the most specific first.

    Rules, for a group of at least two members:

    - ``ptce``: ESS with other enterprises, in connection with a public body or with research and
      training (law of 31 July 2014, art. 9);
    - ``multi_actor``: three families or more;
    - ``ess_business``: ESS and companies, nobody else;
    - ``ess_ess``: ESS only.

    Parameters
    ----------
    families : int
        Sum of the bits of the families present.

    Examples
    --------
    >>> types_of(FAMILY_BIT["ess"] | FAMILY_BIT["business"] | FAMILY_BIT["public"])
    ('ptce', 'multi_actor')
    >>> types_of(FAMILY_BIT["business"] | FAMILY_BIT["public"])
    ()
    """
    rules = {
        "ptce": bool(families & ESS and families & BUSINESS and families & SUPPORT),
        "multi_actor": families.bit_count() >= MANY,
        "ess_business": families == ESS | BUSINESS,
        "ess_ess": families == ESS,
    }
    return tuple(name for name in SPECIFIC_FIRST if rules[name])


def type_ranks(wanted: tuple[str, ...]) -> Mapping[int, int]:
    """Return, for each accepted set of families, the rank of its type in ``SPECIFIC_FIRST``.

    A group has the most specific type among those wanted whose rule it satisfies; sets of families
    that satisfy none are left out.
    """
    ranks: dict[int, int] = {}
    for families in range(1, ALL_FAMILIES + 1):
        named = [name for name in types_of(families) if name in wanted]
        if named:
            ranks[families] = SPECIFIC_FIRST.index(named[0])
    return MappingProxyType(ranks)
