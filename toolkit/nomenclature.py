"""Reference lists (activities, legal forms, waste, categories ...), read once.

Versions of a list are kept apart.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

import pandas as pd

from toolkit.resources import shipped
from toolkit.vocabulary import split_list

NAF_REV2: Final = "naf_rev2"
NAF_2025: Final = "naf_2025"
NAMES: Final = (
    NAF_REV2,
    NAF_2025,
    "legal_forms",
    "waste",
    "size_bands",
    "pillars",
    "sectors",
    "categories",
    "units",
)
_KEYS = MappingProxyType(
    {"pillars": "pillar_id", "sectors": "sector_id", "categories": "category_id", "units": "unit"}
)
_NAF_2025_ENDINGS = frozenset("YGHJKL")
_SUBCLASS_LENGTH = 6


def fold(words: str) -> str:
    """Return text without case, accents, doubled blanks and typographic variants, to compare by.

    Examples
    --------
    >>> fold("  Économie\N{NO-BREAK SPACE}d\N{RIGHT SINGLE QUOTATION MARK}énergie ")
    "economie d'energie"
    """
    plain = (
        words.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").replace("œ", "oe").replace("Œ", "oe")
    )
    plain = unicodedata.normalize("NFKD", plain)
    plain = "".join(mark for mark in plain if not unicodedata.combining(mark))
    return " ".join(plain.casefold().split())


@cache
def table(name: str) -> pd.DataFrame:
    """Return a reference list, indexed by its code, all cells text (empty where unknown).

    Parameters
    ----------
    name : str
        One of ``NAMES``.

    Raises
    ------
    KeyError
        If there is no such list.
    """
    if name not in NAMES:
        message = f"`name` is {name!r}; expected one of {', '.join(NAMES)}."
        raise KeyError(message)
    path = shipped("data", "nomenclatures", f"{name}.csv")
    frame = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8")
    return frame.set_index(_KEYS.get(name, "code"), drop=False).rename_axis(None)


@cache
def codes(name: str) -> frozenset[str]:
    """Return the codes of a list; ``naf`` means those of both versions."""
    if name == "naf":
        return codes(NAF_REV2) | codes(NAF_2025)
    return frozenset(table(name).index)


@cache
def _labels(name: str, lang: str) -> Mapping[str, str]:
    frame = table(name)
    other = "label_fr" if lang == "en" else "label_en"
    labels = frame[f"label_{lang}"].where(frame[f"label_{lang}"] != "", frame[other])
    return MappingProxyType(dict(zip(frame.index, labels, strict=True)))


def label(name: str, code: str, *, lang: str) -> str:
    """Return what a person reads for a code; the code itself where the list has no label.

    ``name`` may be ``naf``: the version is told by the code.
    """
    if name == "naf":
        name = naf_version(code)
    return _labels(name, lang).get(code, "") or code


def naf_version(code: str) -> str:
    """Return the version of an activity code.

    A sub-class of NAF 2025 ends in Y, G, H, J, K or L, one of NAF rev. 2 never does; a shorter code
    is taken for rev. 2, the version in force until the end of 2026.

    Examples
    --------
    >>> naf_version("01.11Z"), naf_version("01.11Y")
    ('naf_rev2', 'naf_2025')
    """
    is_2025 = len(code) == _SUBCLASS_LENGTH and code[-1] in _NAF_2025_ENDINGS
    return NAF_2025 if is_2025 else NAF_REV2


@cache
def lookup(name: str) -> Mapping[str, str]:
    """Return the code for every folded way of naming it: code, label in each language, alias.

    Labels borne by several codes are left out, so that nothing is guessed; of an activity and its
    only part, which bear the same label, the part is meant.  ``naf`` stands for both versions, that
    in force (rev. 2) first.
    """
    if name == "naf":
        return MappingProxyType({**lookup(NAF_2025), **lookup(NAF_REV2)})
    frame = table(name)
    ways: dict[str, set[str]] = {}
    columns = [
        column for column in frame.columns if column.startswith(("label_", "aliases_", "symbol_"))
    ]
    for row in frame[columns].itertuples():
        for cell in row[1:]:
            for way in str(cell).split("|"):
                if way.strip():
                    ways.setdefault(fold(way), set()).add(str(row[0]))
    nested = name in {NAF_REV2, NAF_2025}
    found = {way: code for way, named in ways.items() if (code := _meant(named, nested=nested))}
    found.update({fold(code): code for code in frame.index})
    return MappingProxyType(found)


def _meant(named: set[str], *, nested: bool) -> str:
    """Return the one code that a label means, empty if it may mean several."""
    *wider, finest = sorted(named, key=lambda code: (len(code), code))
    return finest if all(nested and finest.startswith(code) for code in wider) else ""


# --- legal forms, sizes, activities -----------------------------------------------------------
def legal_family(code: str) -> tuple[str, str]:
    """Return the family and the ESS form of a legal form, empty where it alone does not tell."""
    frame = table("legal_forms")
    if code not in frame.index:
        return "", ""
    row = frame.loc[code]
    return str(row["family"]), str(row["ess_form"])


@cache
def _midpoints() -> Mapping[str, float]:
    values = pd.to_numeric(table("size_bands")["midpoint_jobs"], errors="coerce")
    return MappingProxyType({str(band): float(value) for band, value in values.items()})


def midpoint_jobs(band: str) -> float:
    """Return the middle of a size class in jobs; NaN where it is unknown."""
    return _midpoints().get(band, float("nan"))


@cache
def _sector_of_division() -> Mapping[str, str]:
    frame = table("sectors")
    return MappingProxyType(
        {
            division: str(sector)
            for sector, divisions in frame["naf_divisions"].items()
            for division in str(divisions).split("|")
            if division
        }
    )


def sector_of_activity(activity: str) -> str:
    """Return the sector of an activity code (by its division, much alike in both versions)."""
    return _sector_of_division().get(activity[:2], "")


def activities_of(activity: object, others: object) -> tuple[str, ...]:
    """Return all that an actor does, its main activity first; anything missing is left out.

    Another activity that only widens one that is there says nothing more, and is left out too.

    Parameters
    ----------
    activity : object
        Code of the main activity.
    others : object
        Codes of the others, separated by ``|``.

    Examples
    --------
    >>> activities_of("38.32Z", "47.79Z | 38.32Z|38|95.29Z")
    ('38.32Z', '47.79Z', '95.29Z')
    >>> activities_of(None, None)
    ()
    """
    main = split_list(activity)
    rest = [code for code in split_list(others) if code not in main]
    every = (*main, *rest)
    return (*main, *(code for code in rest if not any(_widens(code, one) for one in every)))


def _widens(code: str, activity: str) -> bool:
    """Return whether an activity is a part of another of the same version."""
    is_part = code != activity and activity.startswith(code)
    return is_part and naf_version(code) == naf_version(activity)


# --- categories of resources and needs --------------------------------------------------------
def ancestors(category: str) -> tuple[str, ...]:
    """Return a category and its parents, from itself up.

    Examples
    --------
    >>> ancestors("materials.wood.pallets")
    ('materials.wood.pallets', 'materials.wood', 'materials')
    """
    parts = category.split(".")
    return tuple(".".join(parts[:length]) for length in range(len(parts), 0, -1))


def is_compatible(need: str, resource: str) -> bool:
    """Return whether a resource can serve a need: same category, or one a part of the other.

    Roots (``materials``) are too wide to match anything but themselves.
    """
    if need == resource:
        return True
    return ("." in need and resource.startswith(f"{need}.")) or (
        "." in resource and need.startswith(f"{resource}.")
    )


@cache
def _category_numbers(column: str) -> Mapping[str, float]:
    values = pd.to_numeric(table("categories")[column], errors="coerce")
    return MappingProxyType({str(code): float(value) for code, value in values.items()})


def radius_km(category: str) -> float:
    """Return how far a category can travel (km); that of its nearest parent where it has none."""
    return _inherited("radius_km", category)


def access_minutes(category: str) -> float:
    """Return the travel time that counts as reach for a service to people; NaN if it is none."""
    return _category_numbers("access_minutes").get(category, float("nan"))


def _inherited(column: str, category: str) -> float:
    numbers = _category_numbers(column)
    for code in ancestors(category):
        value = numbers.get(code, float("nan"))
        if value == value:  # noqa: PLR0124 - not NaN
            return value
    return float("nan")


def category_dimension(category: str) -> str:
    """Return the dimension in which a category is measured (``mass``, ``area`` ...)."""
    return str(table("categories").loc[category, "dimension"])


def default_unit(category: str) -> str:
    """Return the unit in which a category is shown."""
    return str(table("categories").loc[category, "default_unit"])


# --- types of the BPE -------------------------------------------------------------------------
@cache
def _types_of_services() -> Mapping[str, tuple[str, bool]]:
    """Return the category of each type, and whether others of the same list are of it too."""
    path = shipped("data", "nomenclatures", "bpe_types_categories.csv")
    compiled = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8")
    coded = table("categories")["bpe_codes"].map(split_list).explode().dropna()
    lists = (
        dict(zip(coded, coded.index, strict=True)),
        dict(zip(compiled["code"], compiled["category_id"], strict=True)),
    )
    return MappingProxyType(
        {
            str(code): (str(category), list(types.values()).count(category) > 1)
            for types in lists
            for code, category in types.items()
            if category
        }
    )


def service_of_type(code: str) -> str:
    """Return the category of services that a type of the BPE is of; empty where there is none.

    Parameters
    ----------
    code : str
        Type of the BPE, or column of a compilation of it.

    Examples
    --------
    >>> service_of_type("D307"), service_of_type("boulang"), service_of_type("A505")
    ('services.health.pharmacy', 'services.daily_life.bakery', '')
    """
    return _types_of_services().get(code, ("", False))[0]


def type_label(code: str, *, lang: str) -> str:
    """Return what a person reads for a type of the BPE: its category, with the code if shared.

    Examples
    --------
    >>> type_label("D307", lang="en"), type_label("A401", lang="en"), type_label("A505", lang="en")
    ('Pharmacy', 'Building craftsperson (A401)', 'A505')
    """
    category, is_shared = _types_of_services().get(code, ("", False))
    if not category:
        return code
    name = label("categories", category, lang=lang)
    return f"{name} ({code})" if is_shared else name
