"""Ways of naming a code: itself, its label in either language, an alias, a habit of spelling."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

from toolkit import language, nomenclature
from toolkit import vocabulary as v
from toolkit.nomenclature import fold
from toolkit.schema.contracts import Column
from toolkit.settings import LANGUAGES

OUTSIDE_WORDS: Final = frozenset(
    {
        "outside",
        "elsewhere",
        "exterieur",
        "l'exterieur",
        "a l'exterieur",
        "ailleurs",
        "hors territoire",
    }
    | {"hors du territoire", "hors perimetre", "hors du perimetre", "outside the territory"}
)
"""Folded words for an end of a flow beyond the perimeter."""

CHOICES_SHOWN: Final = 26
"""A list up to this length is shown whole where none of its codes was found."""

_STRONG = re.compile(r"([|;\n])")
_LONGEST_LABEL = 3
"""Parts between separators that one label may have: some of the NAF hold a semicolon."""
_MOST_PIECES = 12
"""Pieces between commas that one label may have: a few hold nine commas."""
_NAF = re.compile(r"(\d\d)\.?(\d\d?)?\.?([A-Z])?")
_BLANKS = re.compile(r"\s")
_CODE_AND_LABEL = re.compile(r"\s+[-\N{EN DASH}:]\s+|\s*\(|\s{2,}")
_CLOSE = 0.75
_LONGEST_COMPARED = 120


@cache
def ways_of(kind: str, of: str) -> Mapping[str, str]:
    """Return the code for every folded way of naming one of a list."""
    if kind in {"code", "code_list"}:
        return nomenclature.lookup(of)
    ways: dict[str, str] = {}
    for code in v.ENUMS[of]:
        for label in (
            *(language.enum_label(of, code, lang=lang) for lang in LANGUAGES),
            code.replace("_", " "),
            code,
        ):
            ways.setdefault(fold(label), code)
    return MappingProxyType(ways)


def read_code(words: str, column: Column) -> str | None:
    """Return the code that words name in the list of a column; None if they name none."""
    ways = ways_of(column.kind, column.of)
    found = _named(words, column)
    if found is None:
        for part in _CODE_AND_LABEL.split(words, maxsplit=1)[:1]:
            found = ways.get(fold(part)) or _spelled(fold(part), column)
    return found


def _named(words: str, column: Column) -> str | None:
    """Return the code of which words are the whole name."""
    ways = ways_of(column.kind, column.of)
    folded = fold(words)
    return ways.get(folded) or ways.get(folded.rstrip(" .")) or _spelled(folded, column)


def _spelled(folded: str, column: Column) -> str | None:
    """Return the code behind the usual ways of mis-spelling one."""
    known = nomenclature.codes(column.of) if column.kind in {"code", "code_list"} else frozenset()
    bare = _BLANKS.sub("", folded).upper()
    tries = {bare, bare.removesuffix(".0")}
    if column.of == "naf" and (match := _NAF.fullmatch(bare)):
        division, rest, letter = match.groups()
        tries.add(division + (f".{rest}" if rest else "") + (letter or ""))
    elif column.of == "size_bands":
        tries |= {code.zfill(2) for code in tries if code.isdigit()}
    return min(tries & known, default=None)


def read_codes(words: str, column: Column) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the codes that a cell names, and the parts that name none.

    Parts are separated by ``|``, ``;``, a line end or a comma; one of them inside a label is kept.
    """
    codes: list[str] = []
    unknown: list[str] = []
    parts = _STRONG.split(words)
    place = 0
    while place < len(parts) // 2 + 1:
        for length in range(min(_LONGEST_LABEL, len(parts) // 2 + 1 - place), 1, -1):
            code = _label_of("".join(parts[2 * place : 2 * (place + length) - 1]), column)
            if code is not None:
                codes.append(code)
                break
        else:
            length = 1
            _read_pieces(parts[2 * place], column, codes=codes, unknown=unknown)
        place += length
    return tuple(dict.fromkeys(codes)), tuple(unknown)


def _label_of(words: str, column: Column) -> str | None:
    """Return the code of which words are the name, or the code and its label as lists show them."""
    code = _named(words, column)
    head, *rest = _CODE_AND_LABEL.split(words.strip(), maxsplit=1)
    if code is None and rest and column.kind == "code_list":
        code = _spelled(fold(head), column)
        labels = {fold(nomenclature.label(column.of, code or "", lang=lang)) for lang in LANGUAGES}
        code = code if fold(rest[0]) in labels else None
    return code


def _read_pieces(part: str, column: Column, *, codes: list[str], unknown: list[str]) -> None:
    """Add what a part between two separators names: several codes where commas part them."""
    pieces = [piece for piece in part.split(",") if piece.strip()]
    while pieces:
        for length in range(min(_MOST_PIECES, len(pieces)), 0, -1):
            code = _joint_code(pieces[:length], column)
            if code is not None:
                codes.append(code)
                break
        else:
            length = 1
            unknown.append(pieces[0].strip())
        pieces = pieces[length:]


def _joint_code(pieces: list[str], column: Column) -> str | None:
    """Return the code that pieces of a cell name together; None where a later one names its own."""
    words = ",".join(pieces).strip()
    if len(pieces) > 1 and any(read_code(piece, column) is not None for piece in pieces[1:]):
        return _named(words, column)
    return read_code(words, column)


def closest(words: str, column: Column) -> tuple[str, str]:
    """Return all codes of a list if it is short, joined, and the way of naming nearest to words."""
    ways = ways_of(column.kind, column.of)
    codes = sorted(set(ways.values()))
    choices = ", ".join(codes) if len(codes) <= CHOICES_SHOWN else ""
    near = difflib.get_close_matches(fold(words)[:_LONGEST_COMPARED], ways, n=1, cutoff=_CLOSE)
    return choices, near[0] if near else ""
