"""The commune that a cell means: a code, a name, or a name as it stands in a postal address."""

from __future__ import annotations

import bisect
import difflib
import heapq
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from toolkit.nomenclature import fold
from toolkit.schema.values import is_missing, written

if TYPE_CHECKING:
    import pandas as pd

SHOWN: Final = 3
"""Communes named where none was meant for sure."""

_NUMBER: Final = r"\d{4,5}|2[AB]\d{3}"
_LONE: Final = re.compile(rf"({_NUMBER})\s*[-–:]?\s*", re.IGNORECASE)
_CODED: Final = re.compile(rf"({_NUMBER})\s*[-–:]\s+(.+)", re.IGNORECASE | re.DOTALL)
_BEFORE: Final = re.compile(rf"(?:F\s*-\s*)?({_NUMBER})(?:\s*[-–:,]\s*|\s+)(?=\D)", re.IGNORECASE)
_AFTER: Final = re.compile(r"(?<=\D)[\s,–-]+(\d{5})$")
_BRACKETS: Final = re.compile(r"\(\s*(\d{2,5}|2[AB](?:\d{3})?)\s*\)", re.IGNORECASE)
_CEDEX: Final = re.compile(r"\bcedex\b(?:\s*\d{1,2}(?!\d))?", re.IGNORECASE)
_SHORT: Final[Mapping[str, str]] = {"saint": "st", "sainte": "ste", "s": "sur"}
_NEAR: Final = 0.6
_COMPARED: Final = 120
_COMPARED_NAMES: Final = 8
_CODE_LENGTH: Final = 5


@dataclass(frozen=True, slots=True)
class Place:
    """What a cell may mean: codes of communes, or a problem (reason code and its values)."""

    ids: frozenset[str] = frozenset()
    code: str = ""
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Parts:
    """A cell taken apart: a number, whether it is written as ours (``62193 - Calais``), a name."""

    number: str
    is_coded: bool
    name: str


class Places:
    """Communes of the perimeter, by code and by name.

    Parameters
    ----------
    communes : DataFrame, optional
        Columns ``commune_id`` and ``name``; without them any code is taken as it is.
    """

    def __init__(self, communes: pd.DataFrame | None = None) -> None:
        self.names: dict[str, str] = {}
        self.shown: dict[str, str] = {}
        self._exact: dict[str, set[str]] = {}
        self._loose: dict[str, set[str]] = {}
        self._order: list[str] = []
        self._threes: list[frozenset[str]] = []
        if communes is None or not {"commune_id", "name"} <= set(communes):
            return
        for cell, name in zip(communes["commune_id"], communes["name"], strict=True):
            if is_missing(cell):
                continue
            code, words = written(cell).strip(), "" if is_missing(name) else written(name).strip()
            self.names[code] = words
            if words:
                self.shown[fold(words)] = words
                self._exact.setdefault(fold(words), set()).add(code)
            if plain := _plain(words):
                self._loose.setdefault(plain, set()).add(code)
        self._order = sorted(self._loose)
        self._threes = [_threes(key) for key in self._order]

    def read(self, words: str) -> Place:
        """Return what a cell means.

        A code alone is taken as it is, in the perimeter or not.  Of a number and a name the name
        says which commune is meant: the number may be a postcode.  They contradict each other where
        the number stands before a dash, as in the lists of the workbook, and is the code of another
        commune of the perimeter, or where it belongs to another département than the name.

        Parameters
        ----------
        words : str
            Cell, not blank.

        Examples
        --------
        >>> import pandas as pd
        >>> communes = pd.DataFrame({"commune_id": ["62193", "62730"], "name": ["Calais", "Rum"]})
        >>> sorted(Places(communes).read("62100 CALAIS CEDEX").ids)
        ['62193']
        >>> Places(communes).read("62730 - Calais").code
        'commune_contradiction'
        """
        if alone := _LONE.fullmatch(words):
            return Place(frozenset({alone[1].upper()}))
        if not self.names:
            coded = _CODED.fullmatch(words)
            return Place(frozenset({coded[1].upper()}) if coded else frozenset())
        if fold(words) in self._exact:
            return Place(frozenset(self._exact[fold(words)]))
        parts = _apart(words)
        named = self._named(parts.name)
        if not parts.number or parts.number in named:
            return Place(frozenset({parts.number} if parts.number else named))
        return self._weighed(parts, named)

    def _weighed(self, parts: _Parts, named: frozenset[str]) -> Place:
        """Return what a number and a name mean that are not of one commune by themselves."""
        if parts.is_coded and parts.number in self.names:
            own = self.names[parts.number]
            if not named and _is_near(_plain(parts.name), _plain(own)):
                return Place(frozenset({parts.number}))
            params = {"number": parts.number, "name": own}
            return Place(code="commune_contradiction", params=params)
        if not named:
            return Place(frozenset({parts.number}) if parts.is_coded else frozenset())
        here = frozenset(code for code in named if _department(code) == _department(parts.number))
        if here:
            return Place(here)
        code = min(named)
        params = {"number": parts.number, "name": self.names[code], "commune": code}
        return Place(code="commune_department", params=params)

    def nearest(self, words: str) -> list[str]:
        """Return the communes whose names come closest to what was written: at most three.

        Names that stand in it come first, then those spelled alike; where there are none, the
        neighbours in the alphabet.

        Returns
        -------
        list of str
            Name and code of each: ``Calais (62193)``.
        """
        plain = _plain(_apart(words).name)[:_COMPARED]
        inside = [key for key in self._order if f" {key} " in f" {plain} "]
        keys = sorted(inside, key=lambda key: (-len(key), key))
        alike = () if keys else self._sharing(plain)
        keys = keys or difflib.get_close_matches(plain, alike, n=SHOWN, cutoff=_NEAR)
        if not keys:
            at = bisect.bisect_left(self._order, plain)
            start = max(0, min(at - 1, len(self._order) - SHOWN))
            keys = self._order[start : start + SHOWN]
        codes = [code for key in keys for code in sorted(self._loose[key])]
        return [f"{self.names[code]} ({code})" for code in codes[:SHOWN]]

    def _sharing(self, plain: str) -> list[str]:
        """Return the few names that share most groups of three letters.

        Spelling is compared letter by letter with these only: thousands of cells may be wrong.
        """
        own = _threes(plain)
        shares = [
            (-2 * len(own & threes) / (len(own) + len(threes)), key)
            for key, threes in zip(self._order, self._threes, strict=True)
        ]
        return [key for _, key in heapq.nsmallest(_COMPARED_NAMES, shares)]

    def _named(self, name: str) -> frozenset[str]:
        found = self._exact.get(fold(name)) or self._loose.get(_plain(name), set())
        return frozenset(found)


def _apart(words: str) -> _Parts:
    """Return number and name of a cell, without CEDEX, brackets and what joins the two."""
    coded = _CODED.fullmatch(words)
    if coded:
        return _Parts(coded[1].upper(), is_coded=True, name=_bare(coded[2]))
    numbers = [found for found in _BRACKETS.findall(words) if len(found) == _CODE_LENGTH]
    left = _bare(words)
    if before := _BEFORE.match(left):
        numbers.insert(0, before[1])
        left = left[before.end() :]
    elif after := _AFTER.search(left):
        numbers.append(after[1])
        left = left[: after.start()]
    return _Parts(numbers[0].upper() if numbers else "", is_coded=False, name=left.strip())


def _bare(words: str) -> str:
    """Return words without CEDEX and numbers in brackets; other brackets lose their marks."""
    left = _BRACKETS.sub(" ", _CEDEX.sub(" ", words))
    return " ".join(left.replace("(", " ").replace(")", " ").split()).strip(" ,-–")


def _plain(name: str) -> str:
    """Return a name to compare by: no accents, hyphens or apostrophes, ``St`` for ``Saint``."""
    words = re.findall(r"[a-z0-9]+", fold(name))
    return " ".join(_SHORT.get(word, word) for word in words)


def _threes(plain: str) -> frozenset[str]:
    """Return the groups of three letters of a name, its ends counted in."""
    padded = f"  {plain} "
    return frozenset(padded[at : at + 3] for at in range(len(padded) - 2))


def _is_near(one: str, other: str) -> bool:
    return bool(difflib.get_close_matches(one[:_COMPARED], [other], n=1, cutoff=_NEAR))


def _department(code: str) -> str:
    """Return the département of a code or postcode; both halves of Corsica are one."""
    code = code.zfill(_CODE_LENGTH)
    if code[:2] in {"97", "98"}:
        return code[:3]
    return "20" if code[:2] in {"2A", "2B"} else code[:2]
