"""How gaps, candidates, quantities and places are named, on maps, in tables and in reports."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from toolkit import nomenclature, units
from toolkit import vocabulary as v
from toolkit.language import date, enum_label, has_text, listing, number, text
from toolkit.views.chain_words import chain_label, lack_title

if TYPE_CHECKING:
    from toolkit.territory import Territory

_FORMS = ("shared", "unsized", "apart")
_EXPECTED = ("tie", "establishment")
_ISOLATED_FORMS = ("all", "unknown")
_LISTS = ("categories", "sectors", "pillars")


COUNTED = {
    v.UNMET_NEED: "need",
    v.UNUSED_RESOURCE: "resource",
    v.MISSING_ACTIVITY: "establishment",
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


def activity_label(nomenclature_: str, code: str, *, lang: str) -> str:
    """Return what a person reads for an activity of a comparison panel.

    Parameters
    ----------
    nomenclature_ : str
        ``naf_rev2``, ``naf_2025`` or ``bpe``.
    code : str
        Its code there; returned where nothing says what it is.
    lang : str
        ``fr`` or ``en``.

    Examples
    --------
    >>> activity_label("bpe", "D307", lang="en"), activity_label("naf_rev2", "10.71", lang="fr")
    ('Pharmacy', 'Fabrication de pain et de pâtisserie fraîche')
    """
    if nomenclature_ in nomenclature.NAMES:
        return nomenclature.label(nomenclature_, code, lang=lang)
    return nomenclature.type_label(code, lang=lang)


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
    if unit in _EXPECTED and amount >= 1:  # how many there should be is no whole number
        amount = float(round(amount))
    if not unit:
        return number(amount, lang=lang)
    symbol = text(f"unit.{unit}", lang=lang, count=amount) if _counted(unit, lang) else ""
    return f"{number(amount, lang=lang)}\N{NO-BREAK SPACE}{symbol or units.symbol(unit, lang=lang)}"


def distance_text(kilometres: object, *, lang: str) -> str:
    r"""Return a distance to the hundred metres: trips are approximate anyway; empty if unknown.

    Examples
    --------
    >>> distance_text(4.587, lang="en")
    '4.6\xa0km'
    """
    known = as_number(kilometres)
    return "" if known is None else quantity_text(round(known, 1), "km", lang=lang)


def day_text(words: object, *, lang: str) -> str:
    """Return a day (ISO 8601) as the language writes it; empty where there is none.

    Examples
    --------
    >>> day_text("2026-12-24", lang="en")
    '24 December 2026'
    """
    if not isinstance(words, str) or not words:
        return ""
    return date(dt.date.fromisoformat(words[:10]), lang=lang)


def _counted(unit: str, lang: str) -> bool:
    return has_text(f"unit.{unit}.other", lang=lang)


def as_number(value: object) -> float | None:
    """Return a cell as a number; None where it is missing or is none."""
    try:
        amount = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return amount if amount == amount and abs(amount) != float("inf") else None  # noqa: PLR0124


class GapName(NamedTuple):
    """What the id of a gap says: its kind, its subject and how both are qualified.

    ``form`` is the variant of the kind for which there are words of their own; ``nature`` is that
    of the flows of a leak (``finance`` for money that is itself what is sought: loans, grants);
    ``measure`` is given where it is not the usual one of the category.  ``is_related`` says that
    the counterpart of a leak is a trade and no row.  ``lack`` is the stage, or the orders,
    that lack in the chain which is the subject.
    """

    kind: str
    subject: str = ""
    form: str = ""
    nature: str = ""
    measure: str = ""
    is_related: bool = False
    lack: str = ""


def gap_name(gap_id: str) -> GapName:
    """Return what the id of a gap says; what it does not know of an id is left out.

    Examples
    --------
    >>> gap_name("leak:in:skills.it:service").form, gap_name("leak:out:materials.wood").nature
    ('in', 'material')
    >>> gap_name("service_access:services.health:shared").form
    'shared'
    """
    kind, *parts = gap_id.split(":")
    form = ""
    if kind in {v.LEAK, v.STRUCTURAL_HOLE, v.MISSING_ACTIVITY} and parts:
        form = parts.pop(0)
    subject = parts.pop(0) if parts else ""
    if kind == v.ISOLATED_ACTOR:
        form = subject if subject in _ISOLATED_FORMS else ""
    lack = parts.pop(0) if kind == v.BROKEN_CHAIN and parts else ""
    form = form or next((part for part in parts if part in _FORMS), "")
    nature = next((part for part in parts if part in v.FLOW_NATURES), "material")
    if nature == "money" and subject.partition(".")[0] == "finance":
        nature = "finance"
    measures = set(nomenclature.table("units")["dimension"])
    measure = next((part for part in parts if part in measures), "")
    if kind != v.LEAK:
        return GapName(kind, subject, form, "", measure, lack=lack)
    return GapName(kind, subject, form, nature, measure, "related" in parts)


def gap_title(gap: Mapping[str, object], *, lang: str) -> str:
    """Return the name of a gap: its kind is said elsewhere.

    Parameters
    ----------
    gap : Mapping
        One row of the table of gaps.
    lang : str
        ``fr`` or ``en``.
    """
    name = gap_name(str(gap["gap_id"]))
    if name.kind in {v.STRUCTURAL_HOLE, v.ISOLATED_ACTOR, v.BROKEN_CHAIN, v.MISSING_ACTIVITY}:
        return _title_without_category(name, gap, lang=lang)
    form = f"{name.kind}_{name.form}" if name.form else name.kind
    if name.kind == v.LEAK:
        form = f"leak_{name.form}_{name.nature}"
    title = category_label(gap["category"], lang=lang)
    if has_text(f"gap_title.{form}", lang=lang):
        title = text(f"gap_title.{form}", lang=lang, category=title)
    if not name.measure:
        return title
    measure = text(f"measure.{name.measure}", lang=lang)
    return text("gap_title.measured", lang=lang, title=title, measure=measure)


def _title_without_category(name: GapName, gap: Mapping[str, object], *, lang: str) -> str:
    """Return the name of a gap of groups, actors, chains or activities."""
    if name.kind == v.STRUCTURAL_HOLE:
        groups = _groups(name, lang=lang)
        return text("gap_title.structural_hole", lang=lang, groups=groups)
    if name.kind == v.ISOLATED_ACTOR:
        if name.form == "all":
            return text("gap_title.isolated_all", lang=lang)
        count = len(v.split_list(gap.get("actor_ids"))) or round(as_number(gap["shortfall"]) or 0)
        sector = sector_label(name.subject, lang=lang)
        return text("gap_title.isolated_actor", lang=lang, count=count, category=sector)
    if name.kind == v.BROKEN_CHAIN:
        return broken_chain_title(name, lang=lang)
    return activity_label(name.form, name.subject, lang=lang)


def broken_chain_title(name: GapName, *, lang: str) -> str:
    """Return the chain, and in short what lacks in it."""
    chain = chain_label(name.subject, lang=lang)
    if not name.lack:
        return chain
    stage = lack_title(name.subject, name.lack, lang=lang)
    form = "gap_title.broken_chain_apart" if name.form else "gap_title.broken_chain"
    return text(form, lang=lang, chain=chain, stage=stage)


def sector_label(sector: str, *, lang: str) -> str:
    """Return what a person reads for the sector of actors, also where it is not known."""
    if sector == "unknown":
        return text("gap_title.unknown_sector", lang=lang)
    return category_label(sector, lang=lang)


def _groups(name: GapName, *, lang: str) -> str:
    """Return the two groups between which ties are missing."""
    labels = [
        enum_label("family", code, lang=lang)
        if name.form == "family"
        else sector_label(code, lang=lang)
        for code in name.subject.split("-")
    ]
    quoted = [text("gap_title.group", lang=lang, group=label) for label in labels]
    return listing(quoted, lang=lang)


def folded(name: str) -> tuple[str, str]:
    """Return what names are sorted by: letters without case and accents, then the name itself."""
    letters = unicodedata.normalize("NFD", name)
    bare = "".join(mark for mark in letters if not unicodedata.combining(mark))
    return bare.casefold(), name


def hidden_last(names: Iterable[str], *, lang: str) -> list[str]:
    """Return names in their order, those that stand for hidden actors at the end.

    Examples
    --------
    >>> hidden_last(["Actor not disclosed", "Saw mill"], lang="en")
    ['Saw mill', 'Actor not disclosed']
    """
    neutral = text("privacy.hidden_actor", lang=lang)
    return sorted(names, key=lambda name: name == neutral)


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
    answers = enum_label("gap", opening_kind, lang=lang)
    subject = candidate_subject(candidate, lang=lang)
    if not subject:
        return answers
    return text("candidate_title", lang=lang, category=subject, answers=answers)


def candidate_subject(candidate: Mapping[str, object], *, lang: str) -> str:
    """Return what a candidate is about: its chain, else its category, else its sector or groups.

    Empty where nothing says it.
    """
    name = gap_name(str(candidate["opening_id"]))
    if name.kind == v.BROKEN_CHAIN:
        return broken_chain_title(name, lang=lang)
    if isinstance(candidate["category"], str) and candidate["category"]:
        return category_label(candidate["category"], lang=lang)
    if name.kind == v.STRUCTURAL_HOLE:
        return _groups(name, lang=lang)
    if name.kind == v.MISSING_ACTIVITY:
        return activity_label(name.form, name.subject, lang=lang)
    return sector_label(name.subject, lang=lang) if name.subject and name.form != "all" else ""


def reason_text(row: Mapping[Any, Any], *, deduced: frozenset[tuple[str, str]], lang: str) -> str:
    """Return why a member is in a candidate, in the words of what is deduced where the fact is.

    Parameters
    ----------
    row : Mapping
        One row of the members of candidates (columns ``ROLE_COLUMNS``).
    deduced : frozenset of (str, str)
        Table and id of the rows deduced from activities.
    lang : str
        ``fr`` or ``en``.
    """
    key = f"partnership.deduced.{row['reason']}"
    is_deduced = (str(row["fact_table"]), str(row["fact_id"])) in deduced
    if not (is_deduced and has_text(key, lang=lang)):
        key = f"partnership.reason.{row['reason']}"
    return text(key, lang=lang)


def place_names(territory: Territory) -> dict[str, str]:
    """Return the name of every actor and commune by id."""
    communes = territory.table(v.COMMUNES)
    actors = territory.table(v.ACTORS)
    return {
        **dict(zip(communes["commune_id"], communes["name"], strict=True)),
        **dict(zip(actors["actor_id"], actors["name"], strict=True)),
    }
