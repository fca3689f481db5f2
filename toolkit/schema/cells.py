"""One cell as people and spreadsheets write it -> one value of the model, or the reason why not.

Every reader takes a cell and the contract of its column and returns a :class:`Read`.  Cells of text
are kept letter for letter; every other kind is read forgivingly.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from toolkit import vocabulary as v
from toolkit.nomenclature import fold
from toolkit.schema import identifiers
from toolkit.schema.contracts import Column, Kind
from toolkit.schema.values import as_float, is_missing, is_number, written
from toolkit.schema.ways import OUTSIDE_WORDS, closest, read_code, read_codes

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Read:
    """What a cell was read as.

    Attributes
    ----------
    value : object
        Value in the model; None where the cell is empty or refused.
    code : str
        Reason code of a refusal, or of a note where there is a value (empty if all is plain).
    params : Mapping
        What the wording of the code needs.
    """

    value: object = None
    code: str = ""
    params: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)


EMPTY: Final = Read()
EMPTY_WORDS: Final = frozenset(
    {
        "",
        "-",
        "--",
        "–",
        "—",
        "/",
        "?",
        "n.c.",
        "n.c",
        "nc",
        "n/c",
        "nr",
        "n.r.",
        "nd",
        "n.d.",
        "[nd]",
        "na",
        "n/a",
        "n.a.",
    }
    | {
        "non renseigne",
        "non renseignee",
        "non communique",
        "inconnu",
        "inconnue",
        "sans objet",
        "vide",
        "neant",
    }
    | {"not known", "unknown", "not given", "none", "null", "nan", "not available"}
)
"""Folded words that mean that a cell is empty (never zero)."""

_TRUE = frozenset({"oui", "o", "vrai", "yes", "y", "true", "1", "x", "✓", "✔"})
_FALSE = frozenset({"non", "n", "faux", "no", "false", "0"})
_BLANKS = re.compile(
    "[\\s\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}\N{ZERO WIDTH SPACE}\ufeff]"
)
_APOSTROPHES = re.compile("['\N{RIGHT SINGLE QUOTATION MARK}](?=\\d{3})")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_GROUPED = re.compile(
    r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?|[+-]?[0-9]{1,3}(\.[0-9]{3})+(,[0-9]+)?"
)
_SEVERAL = 2
_ISO_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ].*)?")
_DAY_FIRST = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_WEB = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
_BARE_WEB = re.compile(r"www\.[^\s<>\"/]+\.[a-z]{2,}(/[^\s<>\"]*)?", re.IGNORECASE)
_COMMUNE = re.compile(r"(\d{2}|2[AB])\d{3}")
_SHORT_COMMUNE = re.compile(r"\d{4}")
_EXCEL_ERROR = re.compile(
    r"#(REF|N/A|VALUE|VALEUR|NAME|NOM|DIV/0|NUM|NOMBRE|NULL|NUL)[!?]?", re.IGNORECASE
)


def read(cell: object, column: Column) -> Read:
    """Return what a cell holds by the contract of its column."""
    if is_missing(cell):
        return EMPTY
    if column.kind == "text":
        return _text(cell, column)
    if isinstance(cell, str):
        if fold(cell) in EMPTY_WORDS and not _is_choice(cell, column):
            return EMPTY
        if _EXCEL_ERROR.fullmatch(cell.strip()):
            return Read(code="formula_error")
    return _READERS[column.kind](cell, column)


def _is_choice(cell: str, column: Column) -> bool:
    """Return whether words are one of a closed list, such as ``none``."""
    return column.kind in {"enum", "enum_list"} and read_code(cell, column) is not None


# --- text -------------------------------------------------------------------------------------
def _text(cell: object, _column: Column) -> Read:
    words = written(cell)
    return Read(words) if words.strip() else EMPTY


def _id(cell: object, _column: Column) -> Read:
    return Read(" ".join(written(cell).split()))


def _reference(cell: object, column: Column) -> Read:
    name = " ".join(written(cell).split())
    if v.OUTSIDE in column.references and fold(name) in OUTSIDE_WORDS:
        return Read(v.OUTSIDE)
    return _commune(name) if column.references == (v.COMMUNES,) else Read(name)


def _commune(name: str) -> Read:
    """Return the code of a commune, with the zero that spreadsheets take away."""
    code = name.upper()
    if _SHORT_COMMUNE.fullmatch(code):
        return Read(f"0{code}", "commune_zero_added", {"value": f"0{code}"})
    return Read(code if _COMMUNE.fullmatch(code) else name)


def _url(cell: object, _column: Column) -> Read:
    link = written(cell).strip()
    if _BARE_WEB.fullmatch(link):
        return Read(f"https://{link}")
    return Read(link) if _WEB.fullmatch(link) else Read(code="bad_url")


# --- numbers, booleans, dates -----------------------------------------------------------------
def parse_number(words: str) -> float | None:
    """Return a number written by a person; None if it is none.

    A comma or a dot alone is a decimal mark; with both the last one is; repeated ones, and blanks
    of any kind, separate thousands.

    Examples
    --------
    >>> parse_number("1 234,5"), parse_number("1.234.567"), parse_number("12 t")
    (1234.5, 1234567.0, None)
    """
    bare = _APOSTROPHES.sub("", _BLANKS.sub("", words)).replace("\N{MINUS SIGN}", "-")
    mark = min(",.", key=lambda one: (bare.rfind(one) if one in bare else len(bare), one))
    other = "." if mark == "," else ","
    if other in bare or bare.count(mark) >= _SEVERAL:
        if not _GROUPED.fullmatch(bare):
            return None
        bare = bare.replace(mark, "")
    bare = bare.replace(",", ".")
    return float(bare) if _NUMBER.fullmatch(bare) else None


def _number(cell: object, _column: Column) -> Read:
    if isinstance(cell, bool | np.bool_ | dt.date | dt.time | dt.timedelta):
        return Read(code="bad_number")
    if is_number(cell):
        number: float | None = as_float(cell)
    else:
        words = written(cell)
        if "%" in words:
            return Read(code="percent_number")
        number = parse_number(words)
    if number is None:
        return Read(code="bad_number")
    return Read(number) if math.isfinite(number) else Read(code="not_finite")


def _integer(cell: object, column: Column) -> Read:
    found = _number(cell, column)
    if isinstance(found.value, float):
        whole = found.value.is_integer() and abs(found.value) < 2**53
        return Read(int(found.value)) if whole else Read(code="bad_integer")
    return Read(code="bad_integer") if found.code == "bad_number" else found


def _boolean(cell: object, _column: Column) -> Read:
    word = fold(written(cell))
    if word in _TRUE or word in _FALSE:
        return Read(word in _TRUE)
    return Read(code="bad_boolean")


def _date(cell: object, _column: Column) -> Read:
    if isinstance(cell, dt.datetime):
        return Read(cell.date().isoformat())
    if isinstance(cell, dt.date):
        return Read(cell.isoformat())
    words = written(cell).strip()
    if match := _ISO_DAY.fullmatch(words):
        year, month, day = map(int, match.groups())
    elif match := _DAY_FIRST.fullmatch(words):
        day, month, year = map(int, match.groups())
    else:
        return Read(code="bad_date")
    try:
        return Read(dt.date(year, month, day).isoformat())
    except ValueError:
        return Read(code="bad_date")


# --- codes ------------------------------------------------------------------------------------
def _code(cell: object, column: Column) -> Read:
    words = written(cell)
    code = read_code(words, column)
    return Read(code) if code is not None else _unknown(words, column)


def _code_list(cell: object, column: Column) -> Read:
    codes, unknown = read_codes(written(cell), column)
    if not unknown:
        return Read(v.join_list(codes)) if codes else EMPTY
    first = _unknown(unknown[0], column)
    if len(unknown) == 1:
        return first
    # All are told at once; a closest one is known of the first only.
    code = "unknown_choice" if first.params["choices"] else "unknown_code"
    return Read(code=code, params={**first.params, "suggestion": "", "part": ", ".join(unknown)})


def _unknown(words: str, column: Column) -> Read:
    """Return the refusal of words that name no code, with the closest ones."""
    choices, near = closest(words, column)
    code = "unknown_choice" if choices else "unknown_code_close" if near else "unknown_code"
    return Read(
        code=code, params={"of": column.of, "choices": choices, "suggestion": near, "part": words}
    )


# --- identifiers ------------------------------------------------------------------------------
def _siret(cell: object, _column: Column) -> Read:
    return _identified(cell, identifiers.clean_siret(cell), length=identifiers.SIRET_LENGTH)


def _siren(cell: object, _column: Column) -> Read:
    return _identified(cell, identifiers.clean_siren(cell), length=identifiers.SIREN_LENGTH)


def _identified(cell: object, cleaned: tuple[str | None, str | None], *, length: int) -> Read:
    value, code = cleaned
    if code is None:
        return Read(value)
    suggestion = identifiers.with_lost_zero(cell, length=length)
    return Read(code=code, params={"length": length, "suggestion": suggestion})


_READERS: Final[Mapping[Kind, Callable[[object, Column], Read]]] = MappingProxyType(
    {
        "id": _id,
        "text": _text,
        "enum": _code,
        "enum_list": _code_list,
        "code": _code,
        "code_list": _code_list,
        "number": _number,
        "integer": _integer,
        "boolean": _boolean,
        "date": _date,
        "siren": _siren,
        "siret": _siret,
        "url": _url,
        "reference": _reference,
    }
)
