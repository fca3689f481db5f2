"""What is wrong with the file of a value chain: keys, codes, order of the stages, passages."""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from toolkit import nomenclature
from toolkit.errors import Problem

Table = Mapping[str, Any]

SUPPORT: Final = 0
"""Order of a stage that stands beside the chain: advice, training, research."""
STAGES: Final = "stages"
_TEXT: Final = '"…"'
_LIST: Final = '["…", "…"]'
_ABOVE_ZERO: Final = "1, 2, 3 …"
_ORDER: Final = "0, 1, 2 …"
_YES_NO: Final = "true / false"
_TABLES: Final = "[[stages]]"
_BOTH: Final = {
    "label_fr": _TEXT,
    "label_en": _TEXT,
    "note_fr": _TEXT,
    "note_en": _TEXT,
    "source": _TEXT,
}
CHAIN_KEYS: Final[Mapping[str, str]] = {
    **_BOTH,
    "pillars": _LIST,
    "sectors": _LIST,
    "radius_km": _ABOVE_ZERO,
    STAGES: _TABLES,
}
"""Keys of a file, each with how its value is written."""
STAGE_KEYS: Final[Mapping[str, str]] = {
    **_BOTH,
    "stage_id": _TEXT,
    "order": _ORDER,
    "activities": _LIST,
    "activities_named": _LIST,
    "words": _LIST,
    "hints": _LIST,
    "offers": _LIST,
    "needs": _LIST,
    "optional": _YES_NO,
    "min_actors": _ABOVE_ZERO,
}
"""Keys of a stage, each with how its value is written."""
_CHAIN_NEEDS: Final = ("label_fr", "label_en", "pillars", "sectors", "source", STAGES)
_STAGE_NEEDS: Final = ("stage_id", "order", "label_fr", "label_en")
_PAIR: Final = ("note_fr", "note_en")
_LISTS: Final[Mapping[str, str]] = {
    "pillars": "pillars",
    "sectors": "sectors",
    "activities": nomenclature.NAF_REV2,
    "activities_named": nomenclature.NAF_REV2,
    "offers": "categories",
    "needs": "categories",
}
"""The list of reference that holds the codes of a key."""
_SLUG: Final = re.compile(r"[a-z][a-z0-9_]*")
_FEWEST: Final = 2
_SIGN: Final = re.compile(r"[a-z0-9]")
_SHORTEST: Final = 3
"""Letters and digits of a word of names, so that it does not show in every name (own choice)."""


def chain_faults(
    content: Table, *, chain_id: str, where: str, sources: Iterable[str]
) -> list[Problem]:
    """Return everything that is wrong with a chain.

    Parameters
    ----------
    content : mapping
        The file, as TOML gives it.
    chain_id : str
        Name of the file without its ending.
    where : str
        Name of the file, for the reader.
    sources : iterable of str
        Ids of the sources that a chain may name.

    Returns
    -------
    list of Problem
        ``row`` is the stage, ``column`` the key; empty where the chain can be used.
    """
    faults: list[Problem] = []
    if not _SLUG.fullmatch(chain_id):
        faults.append(Problem("knowledge_chain_id", where=where, found=chain_id))
    faults += _table_faults(content, CHAIN_KEYS, needed=_CHAIN_NEEDS, where=where)
    named = content.get(STAGES)
    stages = [one for one in named if isinstance(one, dict)] if isinstance(named, list) else []
    for place, stage in enumerate(stages, start=1):
        row = _name(stage, place)
        faults += _table_faults(stage, STAGE_KEYS, needed=_STAGE_NEEDS, where=where, row=row)
        faults += _nobody(stage, where=where, row=row)
    faults += _repeated_stages(stages, where=where)
    faults += _source_faults([content, *stages], sources, where=where)
    if all(_can_pass(stage) for stage in stages):
        orders = _order_faults(stages, where=where)
        faults += orders or [*_passages(stages, where=where), *_unused(stages, where=where)]
    return faults


# --- keys and codes ---------------------------------------------------------------------------
def _name(stage: Table, place: int) -> str:
    """Return what the reader knows a stage by: its id, else its place in the file."""
    found = stage.get("stage_id")
    return found if isinstance(found, str) and found else f"[[stages]] {place}"


def _table_faults(
    table: Table, keys: Mapping[str, str], *, needed: Sequence[str], where: str, row: str = ""
) -> list[Problem]:
    faults = [
        Problem(
            "knowledge_chain_key",
            row=row,
            column=key,
            found=key,
            where=where,
            params={"expected": ", ".join(keys)},
        )
        for key in table
        if key not in keys
    ]
    wanted = [*needed, *(_PAIR if any(key in table for key in _PAIR) else ())]
    faults += [
        Problem("knowledge_chain_missing", row=row, column=key, where=where)
        for key in wanted
        if key not in table or table[key] in ("", [])
    ]
    for key, written in keys.items():
        if key in table and not _is_written(table[key], written):
            params = {"expected": written}
            found = repr(table[key])
            faults.append(
                Problem(
                    "knowledge_chain_type",
                    row=row,
                    column=key,
                    found=found,
                    where=where,
                    params=params,
                )
            )
        elif key in table and written == _LIST:
            faults += _list_faults(key, table[key], where=where, row=row)
    return faults


def _is_written(value: object, written: str) -> bool:
    """Return whether a value is of the kind that a key wants."""
    if written == _YES_NO:
        return isinstance(value, bool)
    if written in (_ORDER, _ABOVE_ZERO):
        lowest = 0 if written == _ORDER else 1
        return isinstance(value, int) and not isinstance(value, bool) and value >= lowest
    if written == _TEXT:
        return isinstance(value, str)
    kind = dict if written == _TABLES else str
    return isinstance(value, list) and all(isinstance(one, kind) for one in value)


def _list_faults(key: str, values: Sequence[str], *, where: str, row: str) -> list[Problem]:
    """Return the faults of a list: codes that are unknown or too wide, values given twice."""
    faults = [
        Problem("knowledge_chain_repeated", row=row, column=key, found=one, where=where)
        for place, one in enumerate(values)
        if one in values[:place]
    ]
    name = _LISTS.get(key)
    if name is None:
        return faults + [
            Problem("knowledge_chain_word", row=row, column=key, found=one, where=where)
            for one in values
            if len(_SIGN.findall(nomenclature.fold(one))) < _SHORTEST
        ]
    known = nomenclature.codes(name)
    for one in values:
        if one not in known:
            near = ", ".join(difflib.get_close_matches(one, sorted(known), n=3))
            params = {"list": f"{name}.csv", "near": near}
            code = "knowledge_chain_code" if not near else "knowledge_chain_code_near"
            faults.append(Problem(code, row=row, column=key, found=one, where=where, params=params))
        elif name == "categories" and "." not in one:
            faults.append(
                Problem("knowledge_chain_root", row=row, column=key, found=one, where=where)
            )
    return faults


def _nobody(stage: Table, *, where: str, row: str) -> list[Problem]:
    """Return the fault of a stage at which no actor can stand, or of words that never tell."""
    words, hints = stage.get("words"), stage.get("hints")
    if stage.get("activities_named") and not (words or hints):
        return [Problem("knowledge_chain_words", row=row, column="words", where=where)]
    if hints and not stage.get("activities_named"):
        return [Problem("knowledge_chain_hints", row=row, column="hints", where=where)]
    if not (stage.get("activities") or words or hints):
        return [Problem("knowledge_chain_nobody", row=row, column="activities", where=where)]
    return []


def _repeated_stages(stages: Sequence[Table], *, where: str) -> list[Problem]:
    ids = [str(stage["stage_id"]) for stage in stages if stage.get("stage_id")]
    repeated = sorted({one for one in ids if ids.count(one) > 1})
    wrong = sorted({one for one in ids if not _SLUG.fullmatch(one)})
    return [
        *(
            Problem("knowledge_chain_repeated", row=one, column="stage_id", found=one, where=where)
            for one in repeated
        ),
        *(
            Problem("knowledge_chain_id", row=one, column="stage_id", found=one, where=where)
            for one in wrong
        ),
    ]


def _source_faults(tables: Sequence[Table], sources: Iterable[str], *, where: str) -> list[Problem]:
    known = frozenset(sources)
    named = [(table.get("stage_id", ""), table.get("source")) for table in tables]
    return [
        Problem(
            "knowledge_chain_source", row=str(stage), column="source", found=source, where=where
        )
        for stage, source in named
        if isinstance(source, str) and source and source not in known
    ]


# --- order and passages -----------------------------------------------------------------------
def _can_pass(stage: Table) -> bool:
    """Return whether the keys are well written that say what passes where."""
    return _is_written(stage.get("order"), _ORDER) and all(
        _is_written(stage.get(key, []), _LIST) for key in ("offers", "needs")
    )


def _order_faults(stages: Sequence[Table], *, where: str) -> list[Problem]:
    """Return the fault of orders that do not run 1, 2, 3 ... as they stand in the file."""
    written = [int(stage["order"]) for stage in stages if stage["order"] != SUPPORT]
    distinct = list(dict.fromkeys(written))
    in_order = written == sorted(written) and distinct == list(range(1, len(distinct) + 1))
    if in_order and len(distinct) >= _FEWEST:
        return []
    found = ", ".join(str(order) for order in written)
    return [Problem("knowledge_chain_order", column="order", found=found, where=where)]


def meet(one: Table, other: Table) -> bool:
    """Return whether one of two stages offers something that the other needs.

    Goods go on to the next stage; premises, transport or an order to buy are lent back to the one
    before.

    Examples
    --------
    >>> meet({"offers": ["materials.wood.timber"]}, {"needs": ["materials.wood"]})
    True
    """
    return any(
        nomenclature.is_compatible(need, offer)
        for giving, taking in ((one, other), (other, one))
        for offer in giving.get("offers", ())
        for need in taking.get("needs", ())
    )


def _passages(stages: Sequence[Table], *, where: str) -> list[Problem]:
    """Return the stages between which nothing passes.

    Each stage meets one of the order before and one of the next; orders between which all stages
    are optional meet too.
    """
    by_order: dict[int, list[Table]] = {}
    for stage in stages:
        if stage["order"] != SUPPORT:
            by_order.setdefault(int(stage["order"]), []).append(stage)
    needless = {
        order for order, group in by_order.items() if all(one.get("optional") for one in group)
    }
    faults: list[Problem] = []
    for first, last in itertools.combinations(sorted(by_order), 2):
        before, after = by_order[first], by_order[last]
        if last == first + 1:
            alone = [(one, after) for one in before if not _meets_any(one, after)]
            alone += [(one, before) for one in after if not _meets_any(one, before)]
        elif needless.issuperset(range(first + 1, last)):
            alone = [] if any(_meets_any(one, after) for one in before) else [(before[0], after)]
        else:
            alone = []
        faults += [_apart(one, others, where=where) for one, others in alone]
    return faults


def _meets_any(stage: Table, others: Sequence[Table]) -> bool:
    return any(meet(stage, other) for other in others)


def _apart(stage: Table, others: Sequence[Table], *, where: str) -> Problem:
    """Return the fault of a stage that meets none of those of another order."""

    def listed(key: str, tables: Sequence[Table]) -> str:
        """Return the codes of some stages under a key, each once, joined by a comma."""
        return ", ".join(dict.fromkeys(code for one in tables for code in one.get(key, ()))) or "–"

    params = {
        "needs": listed("needs", [stage]),
        "stages": ", ".join(str(one.get("stage_id", "")) for one in others),
        "offered": listed("offers", others),
        "needed": listed("needs", others),
    }
    return Problem(
        "knowledge_chain_passage",
        row=str(stage.get("stage_id", "")),
        column="offers",
        found=listed("offers", [stage]),
        where=where,
        params=params,
    )


def _unused(stages: Sequence[Table], *, where: str) -> list[Problem]:
    """Return the stages beside the chain that offer nothing which one of its stages needs."""
    chain = [stage for stage in stages if stage["order"] != SUPPORT]
    return [
        Problem(
            "knowledge_chain_support",
            row=str(stage.get("stage_id", "")),
            column="offers",
            found=", ".join(stage.get("offers", ())) or "–",
            where=where,
        )
        for stage in stages
        if stage["order"] == SUPPORT and not any(meet(stage, other) for other in chain)
    ]
