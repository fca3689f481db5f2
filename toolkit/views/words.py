"""How gaps, candidates, quantities and places are named, on maps, in tables and in reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING

from toolkit import nomenclature, units
from toolkit import vocabulary as v
from toolkit.language import enum_label, has_text, listing, number, text

if TYPE_CHECKING:
    from toolkit.territory import Territory

_LEAK_DIRECTIONS = ("in", "out")
_FORMS = ("shared", "unsized")
_LISTS = ("categories", "sectors", "pillars")


COUNTED = {
    v.UNMET_NEED: "need",
    v.UNUSED_RESOURCE: "resource",
    v.MISSING_ACTIVITY: "actor",
    v.SERVICE_ACCESS: "person",
    v.LEAK: "flow",
    v.ISOLATED_ACTOR: "actor",
    v.STRUCTURAL_HOLE: "tie",
    v.BROKEN_CHAIN: "actor",
}
"""What a gap of each kind counts where its figures have no unit: keys under ``unit``."""


@cache
def category_label(category: object, *, lang: str) -> str:
    """Return what a person reads for a category, sector or activity; a dash if there is none."""
    if not isinstance(category, str) or not category:
        return "–"
    for name in _LISTS:
        if category in nomenclature.codes(name):
            return nomenclature.label(name, category, lang=lang)
    if category in nomenclature.codes("naf"):
        return nomenclature.label("naf", category, lang=lang)
    return enum_label("family", category, lang=lang)


def quantity_text(value: object, unit: object, *, lang: str, bare: str = "") -> str:
    """Return a quantity with the symbol of its unit; empty where it is unknown.

    Parameters
    ----------
    value : object
        The quantity.
    unit : object
        Code of its unit, or nothing for a number of rows.
    lang : str
        ``fr`` or ``en``.
    bare : str, default ""
        Key under ``unit`` of the word for what is counted, where there is no unit (``need`` ...).
    """
    amount = as_number(value)
    if amount is None:
        return ""
    unit = unit if isinstance(unit, str) and unit else bare
    if not unit:
        return number(amount, lang=lang)
    symbol = text(f"unit.{unit}", lang=lang, count=amount) if _counted(unit, lang) else ""
    return f"{number(amount, lang=lang)}\N{NO-BREAK SPACE}{symbol or units.symbol(unit, lang=lang)}"


def _counted(unit: str, lang: str) -> bool:
    return has_text(f"unit.{unit}.other", lang=lang)


def as_number(value: object) -> float | None:
    """Return a cell as a number; None where it is missing or is none."""
    try:
        amount = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return amount if amount == amount and abs(amount) != float("inf") else None  # noqa: PLR0124


def gap_title(gap: Mapping[str, object], *, lang: str) -> str:
    """Return the name of a gap: its kind is said elsewhere.

    Parameters
    ----------
    gap : Mapping
        One row of the table of gaps.
    lang : str
        ``fr`` or ``en``.
    """
    kind, gap_id = str(gap["kind"]), str(gap["gap_id"])
    category = category_label(gap["category"], lang=lang)
    if kind == v.STRUCTURAL_HOLE:
        _, subject, pair = gap_id.split(":")
        groups = [
            enum_label("family", code, lang=lang)
            if subject == "family"
            else category_label(code, lang=lang)
            for code in pair.split("-")
        ]
        return text("gap_title.structural_hole", lang=lang, groups=listing(groups, lang=lang))
    if kind == v.ISOLATED_ACTOR:
        count = len(v.split_list(gap["actor_ids"]))
        sector = category_label(gap_id.rsplit(":", 1)[-1], lang=lang)
        return text("gap_title.isolated_actor", lang=lang, count=count, category=sector)
    form = gap_form(gap_id)
    return text(f"gap_title.{form}", lang=lang, category=category) if form else category


def gap_form(gap_id: str) -> str:
    """Return the form of a gap within its kind, as its id says; empty for the usual one.

    Examples
    --------
    >>> gap_form("leak:in:materials.wood"), gap_form("service_access:services.health:shared")
    ('leak_in', 'shared')
    >>> gap_form("unmet_need:materials.wood")
    ''
    """
    parts = gap_id.split(":")
    if parts[0] == v.LEAK:
        return f"leak_{parts[1]}" if parts[1] in _LEAK_DIRECTIONS else ""
    return parts[-1] if parts[-1] in _FORMS else ""


def name_list(names: Iterable[str]) -> list[str]:
    """Return names without repetition, with their number where they repeat.

    Examples
    --------
    >>> name_list(["Hidden", "Saw mill", "Hidden"])
    ['Hidden (2)', 'Saw mill']
    """
    counts = Counter(names)
    return [f"{name} ({count})" if count > 1 else name for name, count in counts.items()]


def candidate_title(candidate: Mapping[str, object], *, opening_kind: str, lang: str) -> str:
    """Return the name of a candidate: what it is about, and what it answers."""
    category = category_label(candidate["category"], lang=lang)
    answers = enum_label("gap", opening_kind, lang=lang)
    if category == "–":
        return answers
    return text("candidate_title", lang=lang, category=category, answers=answers)


def place_names(territory: Territory) -> dict[str, str]:
    """Return the name of every actor and commune by id."""
    communes = territory.table(v.COMMUNES)
    actors = territory.table(v.ACTORS)
    return {
        **dict(zip(communes["commune_id"], communes["name"], strict=True)),
        **dict(zip(actors["actor_id"], actors["name"], strict=True)),
    }
