"""Which column of the model a header means, however it is written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

from toolkit.language import column_label, has_text, text
from toolkit.nomenclature import fold
from toolkit.schema.contracts import CONTRACTS
from toolkit.settings import LANGUAGES

BRACKETS: Final = re.compile(r"\([^)]*\)")


def header_key(words: str) -> str:
    """Return a header without what people vary: accents, case, ``*``, brackets, punctuation.

    Examples
    --------
    >>> header_key("  Quantité (t) * "), header_key("commune_id")
    ('quantite', 'commune id')
    """
    plain = fold(BRACKETS.sub(" ", words)).replace("_", " ")
    return " ".join(re.findall(r"\w+", plain)) or " ".join(re.findall(r"\w+", fold(words)))


@cache
def known_headers(table: str) -> Mapping[str, str]:
    """Return the column of the model for every known way of writing its header."""
    found: dict[str, str] = {}
    names = [column.name for column in CONTRACTS[table].columns if column.kind != "geometry"]
    for name in names:
        found.setdefault(header_key(name), name)
    for lang in LANGUAGES:
        for name in names:
            found.setdefault(header_key(column_label(table, name, lang=lang)), name)
    for scope in (table, "common"):
        for lang in LANGUAGES:
            for name in names:
                if has_text(f"alias.{scope}.{name}", lang=lang):
                    for way in text(f"alias.{scope}.{name}", lang=lang).split("|"):
                        found.setdefault(header_key(way), name)
    return MappingProxyType(found)
