"""The types of partnership and the families that each one joins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from toolkit import vocabulary as v
from toolkit.partnerships.facts import FAMILY_BIT

ESS: Final = FAMILY_BIT["ess"]
BUSINESS: Final = FAMILY_BIT["business"]
SUPPORT: Final = FAMILY_BIT["public"] | FAMILY_BIT["research"]
MANY: Final = 3
"""Families from which a partnership is multi-actor."""

SPECIFIC_FIRST: Final = ("ptce", "multi_actor", "ess_business", "ess_ess")
"""Types from the most specific on: also the order in which equal scores are ranked."""

Integers = npt.NDArray[np.int64]
Counts = tuple[int, ...]


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


@dataclass(frozen=True, slots=True, eq=False)
class Composition:
    """The rules of the types wanted, as a machine that reads one member after the other.

    A state is how many members of each family a group has, told apart as far as some rule asks:
    without own rules, whether there is one.  State 0 is the empty group.

    Attributes
    ----------
    names : tuple of str
        Types that a group can get, in the order in which equal scores are ranked.
    step : array of int, shape (states, families)
        The state after one more member of a family (by its place in ``vocabulary.FAMILIES``).
    rank : array of int, shape (states,)
        Place in ``names`` of the type of a group in that state; -1 where it has none.
    families : array of int, shape (states,)
        Number of families present.
    joinable : int
        Bits of the families that some group of a type wanted can hold.
    """

    names: tuple[str, ...]
    step: Integers
    rank: Integers
    families: Integers
    joinable: int

    def type_rank(self, families: Iterable[int]) -> int:
        """Return the rank of the type of a group, given the place of each member's family."""
        state = 0
        for family in families:
            state = self.step[state, family]
        return int(self.rank[state])


def composition_of(
    wanted: Sequence[str],
    *,
    rules: Mapping[str, Mapping[str, Any]] | None = None,
    max_members: int = len(v.FAMILIES),
) -> Composition:
    """Return the machine that tells the type of a group.

    A group has the most specific type among those wanted whose rule it satisfies: own rules first,
    by name, then :data:`SPECIFIC_FIRST`.  With ``any`` among those wanted there is no rule: every
    group is accepted, under the most specific type that it satisfies, wanted or not, else ``any``.

    Parameters
    ----------
    wanted : sequence of str
        Types looked for: those of the vocabulary, ``any``, names of own rules.
    rules : mapping, optional
        The own rules by name (``Settings.composition_rules``).
    max_members : int
        Members of a group at most.

    Examples
    --------
    >>> composition_of(["ptce", "ess_ess"]).names
    ('ptce', 'ess_ess')
    >>> rule = {"farmers": {"least": {"ess": 2}}}
    >>> made = composition_of(["farmers"], rules=rule)
    >>> ess, business = v.FAMILIES.index("ess"), v.FAMILIES.index("business")
    >>> made.type_rank([ess, business]), made.type_rank([ess, ess, business])
    (-1, 0)
    """
    own = {name: rule for name, rule in sorted((rules or {}).items()) if name in wanted}
    accepts_all = v.ANY_TYPE in wanted
    named = [name for name in SPECIFIC_FIRST if accepts_all or name in wanted]
    names = (*own, *named, *([v.ANY_TYPE] if accepts_all else []))
    states, step = _states(_caps(own), most=max_members)
    ranks = np.array([_rank(counts, own=own, names=names) for counts in states], dtype="int64")
    ranks[0] = -1
    families = np.array([sum(count > 0 for count in counts) for counts in states], dtype="int64")
    joinable = 0
    for counts, rank in zip(states, ranks, strict=True):
        if rank >= 0:
            joinable |= _bits(counts)
    return Composition(names, step, ranks, families, joinable)


def _bits(counts: Counts) -> int:
    return sum(1 << family for family, count in enumerate(counts) if count)


def _caps(own: Mapping[str, Mapping[str, Any]]) -> Counts:
    """Return, for each family, the number from which more members make no difference."""
    caps = []
    for name in v.FAMILIES:
        least = [rule.get("least", {}).get(name, 0) for rule in own.values()]
        most = [rule["most"][name] + 1 for rule in own.values() if name in rule.get("most", {})]
        caps.append(max([1, *least, *most]))
    return tuple(caps)


def _states(caps: Counts, *, most: int) -> tuple[list[Counts], Integers]:
    """Return the states that groups of at most so many members reach, and their steps."""
    states: list[Counts] = [(0,) * len(caps)]
    place = {states[0]: 0}
    steps: list[list[int]] = []
    size = 0
    first = 0
    while first < len(states):
        last, size = len(states), size + 1
        for counts in states[first:last]:
            row = []
            for family, cap in enumerate(caps):
                more = list(counts)
                more[family] = min(cap, counts[family] + 1)
                after = tuple(more)
                if after not in place and size <= most:
                    place[after] = len(states)
                    states.append(after)
                # Beyond the most members nobody joins: the step is never taken.
                row.append(place.get(after, place[counts]))
            steps.append(row)
        first = last
    return states, np.array(steps, dtype="int64")


def _rank(counts: Counts, *, own: Mapping[str, Mapping[str, Any]], names: Sequence[str]) -> int:
    """Return the place of the first type that a group satisfies, -1 if there is none."""
    held = {*types_of(_bits(counts)), v.ANY_TYPE}
    held |= {name for name, rule in own.items() if _follows(counts, rule)}
    return next((place for place, name in enumerate(names) if name in held), -1)


def _follows(counts: Counts, rule: Mapping[str, Any]) -> bool:
    """Return whether a group has what an own rule asks for."""
    by_name = dict(zip(v.FAMILIES, counts, strict=True))
    return (
        sum(count > 0 for count in counts) >= rule.get("families_min", 1)
        and all(by_name[name] >= number for name, number in rule.get("least", {}).items())
        and all(by_name[name] <= number for name, number in rule.get("most", {}).items())
    )
