"""The values that drop-down lists offer, in words."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

from toolkit import nomenclature, units
from toolkit import vocabulary as v
from toolkit.language import enum_label, text
from toolkit.nomenclature import fold
from toolkit.schema.contracts import Column

LIST_KINDS: Final = ("enum_list", "code_list")
JOINT: Final = "; "
"""Stands between the values of a cell that holds several."""
_CODED: Final = frozenset({"naf", "legal_forms"})


def list_name(column: Column) -> str:
    """Return the list from which the cells of a column are chosen; empty if they are free."""
    if column.kind in {"enum", "enum_list", "code", "code_list"}:
        return column.of
    return "boolean" if column.kind == "boolean" else ""


@cache
def entries(name: str, *, lang: str) -> Mapping[str, str]:
    """Return what a drop-down list shows for each code, in the order of the list.

    Parameters
    ----------
    name : str
        Closed list of the vocabulary, nomenclature, or ``boolean``.
    lang : str
        ``fr`` or ``en``.

    Examples
    --------
    >>> dict(entries("boolean", lang="fr"))
    {'true': 'oui', 'false': 'non'}
    """
    if name == "boolean":
        words = {"true": text("workbook.yes", lang=lang), "false": text("workbook.no", lang=lang)}
    elif name in v.ENUMS:
        words = {code: enum_label(name, code, lang=lang) for code in v.ENUMS[name]}
    elif name == "categories":
        words = {code: _category(code, lang=lang) for code in nomenclature.table(name).index}
    elif name in _CODED:
        words = {
            code: f"{code} - {nomenclature.label(name, code, lang=lang)}" for code in _listed(name)
        }
    else:
        words = {
            code: nomenclature.label(name, code, lang=lang)
            for code in nomenclature.table(name).index
        }
    if name in {"sectors", "pillars", "units"}:
        words = dict(sorted(words.items(), key=lambda item: fold(item[1])))
    return MappingProxyType(words)


def _category(code: str, *, lang: str) -> str:
    """Return the label of a category with its usual unit in brackets."""
    unit = str(nomenclature.table("categories").loc[code, "default_unit"])
    label = nomenclature.label("categories", code, lang=lang)
    # A label that has brackets of its own stays as it is, to be read back without doubt.
    return f"{label} ({units.symbol(unit, lang=lang)})" if unit and "(" not in label else label


def _listed(name: str) -> list[str]:
    """Return the codes that a long list offers: the finest activities, all legal forms."""
    if name == "naf":
        frame = nomenclature.table(nomenclature.NAF_REV2)
        return sorted(frame.index[frame.index.str.fullmatch(r"\d\d\.\d\d[A-Z]")])
    return sorted(nomenclature.table(name).index)


def to_words(cell: object, column: Column, *, lang: str) -> object:
    """Return what the officer reads for a cell; :mod:`toolkit.schema` reads it back."""
    name = list_name(column)
    if not name:
        return cell
    words = entries(name, lang=lang)
    if name == "boolean":
        return words["true" if cell else "false"]
    if column.kind in LIST_KINDS:
        return JOINT.join(words.get(code, code) for code in v.split_list(cell))
    return words.get(str(cell), str(cell))
