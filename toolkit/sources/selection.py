"""What is asked of a perimeter, the answer on its way, and communes by their names."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

import geopandas as gpd
import pandas as pd

from toolkit import vocabulary as v
from toolkit.errors import Problem
from toolkit.sources.passage import Passage
from toolkit.sources.reading import commune_codes, listed, place_name, suggestions

SHARE: Final = 0.5
"""Least share of a commune's area inside a polygon: more in than out."""
_WITH_DEPARTEMENT: Final = re.compile(r"(.+?)\s*\(\s*(\w{1,3})\s*\)")
_DEPARTEMENT: Final = re.compile(r"\d{2}|2[AB]|9[78]\d")
_ARTICLES: Final = frozenset({"le", "la", "les", "l"})
CITIES: Final = MappingProxyType({"paris": "75056", "lyon": "69123", "marseille": "13055"})


@dataclass(frozen=True, slots=True)
class Selection:
    """Which communes are asked for; several ways add up.

    Attributes
    ----------
    communes : tuple of str
        INSEE codes or names; a name borne by several is told apart by its département:
        ``Falaise (14)``.
    epci : tuple of str
        Groupings by SIREN or name, of the file of populations or of the outlines.
    departements : tuple of str
        Codes: 14, 014, D14, 2A, 972.
    groups : tuple of str
        Groupings of `groups_file` by code or name.
    groups_file : Path, optional
        Groupings and their members (:mod:`toolkit.sources.groupings`).
    within : Path, optional
        Polygons: the communes whose area lies inside by a share of at least `share`.
    share : float, optional
        In ]0, 1]; ``SHARE`` where it is left out.
    around : str
        A commune, or longitude and latitude in degrees separated by a comma.
    radius_km : float, optional
        Kilometres around it, > 0: the communes whose representative point is not farther.
    """

    communes: tuple[str, ...] = ()
    epci: tuple[str, ...] = ()
    departements: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    groups_file: Path | None = None
    within: Path | None = None
    share: float | None = None
    around: str = ""
    radius_km: float | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for, so that every commune counts."""
        return not any((self.communes, self.epci, self.departements, self.groups)) and not (
            self.groups_file or self.within or self.around
        )

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of communes asked for as such, and of the three cities with arrondissements."""
        asked = [*self.communes, *([self.around] if self.around else [])]
        named = [CITIES.get(place_name(word), word) for word in asked]
        return tuple(commune_codes(pd.Series(named, dtype="str")).dropna())


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """What the files say, for a selection to be answered from.

    Attributes
    ----------
    drawn : GeoDataFrame
        Living communes with their outline, EPSG:4326; columns used: ``commune_id``, ``name``,
        ``epci_id``.
    known : DataFrame
        As :func:`toolkit.sources.populations.read_populations` returns it; may be empty.
    former : Mapping of str to str
        Names, by code, of communes that the outlines draw and that have merged.
    passage : Passage, optional
        What became of old codes.
    groupings : DataFrame, optional
        As :func:`toolkit.sources.groupings.read_groupings` returns it.
    area : GeoDataFrame, optional
        Polygons of `Selection.within`, with a CRS.
    """

    drawn: gpd.GeoDataFrame
    known: pd.DataFrame
    former: Mapping[str, str] = field(default_factory=dict)
    passage: Passage | None = None
    groupings: pd.DataFrame | None = None
    area: gpd.GeoDataFrame | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """The answer: codes of communes, faults of the request, and what a reader should know.

    A code may have no outline; the caller, who knows what is drawn, says so.
    """

    codes: frozenset[str]
    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...]


@dataclass(slots=True)
class Answer:
    """The answer on its way."""

    frames: Frames
    codes: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)

    def fault(self, code: str, *, found: object = "", where: str = "", **params: object) -> None:
        """Keep a fault."""
        self.problems.append(
            Problem(code, table=v.COMMUNES, found=str(found), params=params, where=where)
        )

    def note(self, code: str, *, found: object = "", where: str = "", **params: object) -> None:
        """Keep what a reader should know."""
        self.notes.append(Problem(f"sources_{code}", found=str(found), params=params, where=where))


def departement_of(commune_id: str) -> str:
    """Return the code of the département of a commune.

    Examples
    --------
    >>> departement_of("14118"), departement_of("97209")
    ('14', '972')
    """
    return commune_id[: 3 if commune_id.startswith(("97", "98")) else 2]


def departement_code(word: str) -> str:
    """Return the code of a département as communes have it; empty if it is none.

    Examples
    --------
    >>> [departement_code(word) for word in ("D14", "001", "2a", "972", "Manche")]
    ['14', '01', '2A', '972', '']
    """
    bare = word.strip().upper().removeprefix("D").lstrip("0").zfill(2)
    return bare if _DEPARTEMENT.fullmatch(bare) else ""


# --- names ------------------------------------------------------------------------------------
def _code(word: str) -> str:
    """Return an INSEE code as the outlines have it; empty if the word is none."""
    return str(commune_codes(pd.Series([word], dtype="str")).fillna("").iloc[0])


@lru_cache(maxsize=1 << 17)
def folded_name(name: str) -> str:
    """Return a name to compare by; a country has 35,000 communes, compared for each name asked."""
    return place_name(name)


def commune_asked(word: str, answer: Answer) -> str:
    """Return the code of a commune asked for by code or name; note a fault where it is unsure."""
    if code := _code(word):
        return code
    drawn, known = names_of(answer.frames.drawn), names_of(answer.frames.known)
    for names in (drawn, known):
        found = bearing(word, names) or bearing(word, names, key=_without_article)
        if len(found) == 1:
            others = [other for other in bearing(word, known) if other != found[0]]
            if others:
                shown = shown_communes(others, known)
                answer.note("perimeter_same_name", found=word, chosen=found[0], choices=shown)
            return found[0]
        if found:
            choices = shown_communes(found, names)
            answer.fault("perimeter_name_ambiguous", found=word, choices=choices)
            return ""
    city = CITIES.get(place_name(word), "")
    if city not in drawn:
        _unknown_name(word, answer)
        return ""
    return city


def _unknown_name(word: str, answer: Answer) -> None:
    """Note a name that no living commune bears: an old one with the living, else the nearest."""
    frames = answer.frames
    drawn = names_of(frames.drawn)
    old = bearing(word, frames.former)
    if old and frames.passage:
        codes = dict.fromkeys(frames.passage.living.get(code, code) for code in old)
        living = ", ".join(f"{code} {drawn.get(code, '')}".strip() for code in codes)
        answer.fault("perimeter_name_old", found=word, living=living)
        return
    near = nearest(word, drawn) or nearest(word, names_of(frames.known))
    answer.fault("perimeter_name_unknown", found=word, near=near or "–")


def _without_article(name: str) -> str:
    """Return a name to compare by, as files write it that set its article apart."""
    words = folded_name(name).split()
    return " ".join(words[1:] if len(words) > 1 and words[0] in _ARTICLES else words)


def nearest(word: str, names: Mapping[str, str], *, key: Callable[[str], str] = folded_name) -> str:
    """Return as text the codes whose names hold all of a word, else those most alike.

    Examples
    --------
    >>> nearest("Vire", {"14762": "Vire Normandie", "14764": "Virey"})
    '14762 (Vire Normandie)'
    """
    wanted = _spaced(key(word))
    held = [code for code, name in names.items() if wanted.strip() and wanted in _spaced(key(name))]
    return listed(f"{code} ({names[code]})" for code in held) or suggestions(word, names)


def names_of(frame: pd.DataFrame) -> dict[str, str]:
    """Return the names of communes by their code."""
    rows = frame.dropna(subset=["commune_id"])
    return dict(zip(rows["commune_id"], rows["name"].fillna(""), strict=True))


def bearing(
    word: str, names: Mapping[str, str], *, key: Callable[[str], str] = folded_name
) -> list[str]:
    """Return the codes that bear a name, of one département where the word says which.

    Examples
    --------
    >>> names = {"14258": "Falaise", "08164": "Falaise"}
    >>> bearing("FALAISE", names), bearing("Falaise (14)", names)
    (['08164', '14258'], ['14258'])
    """
    wanted = key(word)
    found = sorted(code for code, name in names.items() if key(name) == wanted)
    match = _WITH_DEPARTEMENT.fullmatch(word)
    if found or match is None:
        return found
    wanted, departement = key(match[1]), departement_code(match[2])
    same = sorted(code for code, name in names.items() if key(name) == wanted)
    return [code for code in same if departement_of(code) == departement]


def _spaced(words: str) -> str:
    """Return the words of a text, without signs, each between blanks."""
    return " ".join(["", *re.findall(r"\w+", words), ""])


def shown_communes(codes: Iterable[str], names: Mapping[str, str]) -> str:
    """Return communes as text: code, name, département."""
    return listed(f"{code} {names[code]} ({departement_of(code)})" for code in codes)


def commune_within(word: str, names: Mapping[str, str], *, among: Collection[str]) -> str:
    """Return the only commune of some that a code or a name means; empty if there is none."""
    if code := _code(word):
        return code
    found = [one for one in bearing(word, names) if one in among]
    return found[0] if len(found) == 1 else ""
