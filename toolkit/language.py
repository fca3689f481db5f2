"""What people read: texts in French and English, numbers and dates as each language writes them.

The language is an argument, never a state.  Texts are in ``toolkit/locales/<language>/*.toml``; the
key of a text is the path of its table and name (``report.title``), whatever file it stands in.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from numbers import Real
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from toolkit.errors import Problem, ToolkitError, wordings
from toolkit.settings import LANGUAGES
from toolkit.vocabulary import ENUMS

if TYPE_CHECKING:
    import datetime as dt

LOCALES = {"fr": "fr_FR", "en": "en_GB"}
_FOLDER = Path(__file__).parent / "locales"
DASH: Final = "–"
"""Stands for a number that is not known."""
_THIN = "\N{NARROW NO-BREAK SPACE}"
_PAGES = frozenset({"partnerships", "questions", "report", "views"})
"""Texts of pages and maps: there, a French sign must not begin a line."""
_BEFORE_SIGN = re.compile(r" (?=[:;?!»])|(?<=«) ")
_FINE = 10.0
_COARSE = 100.0


def on_one_line(words: str) -> str:
    """Return a French text whose signs stay on the line of their word.

    Examples
    --------
    >>> on_one_line("Quoi ?") == "Quoi\N{NO-BREAK SPACE}?"
    True
    """
    return _BEFORE_SIGN.sub("\N{NO-BREAK SPACE}", words)


@cache
def catalogue(lang: str) -> Mapping[str, str]:
    """Return every text of a language by its key.

    Raises
    ------
    KeyError
        If the language is not one of ``fr`` and ``en``.
    """
    if lang not in LANGUAGES:
        message = f"`lang` is {lang!r}; expected one of {', '.join(LANGUAGES)}."
        raise KeyError(message)
    texts: dict[str, str] = {}
    for path in sorted((_FOLDER / lang).glob("*.toml")):
        if not path.stem.startswith("errors"):
            written = path.read_text(encoding="utf-8")
            if lang == "fr" and path.stem in _PAGES:
                written = on_one_line(written)
            _flatten(tomllib.loads(written), prefix="", into=texts)
    return MappingProxyType(texts)


def _flatten(tree: Mapping[str, Any], *, prefix: str, into: dict[str, str]) -> None:
    """Put the texts of a tree into one level, each under its path; refuse one given twice."""
    for name, value in tree.items():
        key = f"{prefix}{name}"
        if isinstance(value, Mapping):
            _flatten(value, prefix=f"{key}.", into=into)
        elif key in into:
            message = f"The text {key!r} is given twice in the locales."
            raise KeyError(message)
        else:
            into[key] = str(value)


def has_text(key: str, *, lang: str) -> bool:
    """Return whether a text exists."""
    return key in catalogue(lang)


def text(key: str, *, lang: str, **values: object) -> str:
    """Return a text in a language, with its values put in.

    A key with the two forms ``<key>.one`` and ``<key>.other`` is chosen by the value ``count``, by
    the plural rule of the language (in French 0 and 1 are singular).

    Parameters
    ----------
    key : str
        Key of the text, such as ``report.title``.
    lang : str
        ``fr`` or ``en``.
    **values : object
        Values of the placeholders; numbers are written as the language does.

    Raises
    ------
    KeyError
        If the text does not exist, or a value is missing.

    Examples
    --------
    >>> text("enum.family.public", lang="fr")
    'Secteur public'
    """
    texts = catalogue(lang)
    if key not in texts and "count" in values:
        key = f"{key}.{_plural(values['count'], lang=lang)}"
    return texts[key].format(**_shown(values, lang=lang))


def _shown(values: Mapping[str, object], *, lang: str) -> dict[str, object]:
    """Return values with their numbers written as the language does."""
    return {
        name: number(float(value), lang=lang) if _is_number(value) else value
        for name, value in values.items()
    }


def _is_number(value: object) -> TypeGuard[float]:
    """Return whether a value is a number, of Python or of numpy, and not a boolean."""
    return not isinstance(value, bool) and isinstance(value, Real)


def _plural(count: object, *, lang: str) -> str:
    from babel import Locale  # noqa: PLC0415 - slow to load, not needed by --help

    return "one" if Locale.parse(LOCALES[lang]).plural_form(count) == "one" else "other"  # type: ignore[arg-type]


def enum_label(name: str, code: object, *, lang: str) -> str:
    """Return what a person reads for a code of a closed list; the code itself if it is unknown."""
    key = f"enum.{name}.{code}"
    return text(key, lang=lang) if has_text(key, lang=lang) else str(code)


def number(value: float, *, lang: str, digits: int | None = None) -> str:
    """Return a number as the language writes it.

    Parameters
    ----------
    value : float
        The number; NaN gives a dash.
    lang : str
        ``fr`` or ``en``.
    digits : int, optional
        Decimals kept; by default none above 100, one above 10, else two, without useless zeros.

    Examples
    --------
    >>> number(1234.5, lang="en", digits=1)
    '1,234.5'
    """
    from babel.numbers import format_decimal  # noqa: PLC0415 - slow to load

    if value != value:  # noqa: PLR0124 - NaN
        return DASH
    if digits is None:
        size = abs(value)
        digits = 0 if size >= _COARSE or value == int(value) else 1 if size >= _FINE else 2
        value = _without_minus_zero(value, digits=digits)
        pattern = "#,##0" + ("." + "#" * digits if digits else "")
    else:
        value = _without_minus_zero(value, digits=digits)
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return str(format_decimal(value, format=pattern, locale=LOCALES[lang]))


def _without_minus_zero(value: float, *, digits: int) -> float:
    """Return zero for what would be written ``-0``."""
    return 0.0 if abs(value) < 0.5 * 10.0**-digits else value


def percent(share: float, *, lang: str, digits: int = 0) -> str:
    """Return a share in [0, 1] as a percentage."""
    if share != share:  # noqa: PLR0124 - NaN
        return DASH
    sign = f"{_THIN}%" if lang == "fr" else "%"
    return number(share * 100, lang=lang, digits=digits) + sign


def date(value: dt.date, *, lang: str) -> str:
    """Return a date in words (``22 novembre 2026``)."""
    from babel.dates import format_date  # noqa: PLC0415 - slow to load

    return str(format_date(value, format="long", locale=LOCALES[lang]))


def listing(items: list[str], *, lang: str) -> str:
    """Return words as a list in a sentence: ``a, b et c``."""
    from babel.lists import format_list  # noqa: PLC0415 - slow to load

    return str(format_list(items, locale=LOCALES[lang]))


def column_label(table: str, column: str, *, lang: str) -> str:
    """Return the header a person reads for a column of a table."""
    for key in (f"column.{table}.{column}", f"column.common.{column}"):
        if has_text(key, lang=lang):
            return text(key, lang=lang)
    return column


def table_label(table: str, *, lang: str) -> str:
    """Return the name of a table, as the sheet of the workbook."""
    key = f"table.{table}"
    return text(key, lang=lang) if has_text(key, lang=lang) else table


def problem_parts(problem: Problem, *, lang: str) -> dict[str, str]:
    """Return the parts of a problem in a language.

    Returns
    -------
    dict
        ``where`` (sheet or table), ``row``, ``column`` (header), ``found``, ``expected`` and
        ``remedy``.
    """
    words = wordings(lang)[problem.code]
    column = column_label(problem.table, problem.column, lang=lang) if problem.column else ""
    values = {"found": problem.found, "column": column, **_worded(problem.params, lang=lang)}
    return {
        "where": problem.where or (table_label(problem.table, lang=lang) if problem.table else ""),
        "row": problem.row,
        "column": column,
        **{part: words.get(part, "").format(**values) for part in ("found", "expected", "remedy")},
    }


def _worded(params: Mapping[str, Any], *, lang: str) -> dict[str, object]:
    """Return the parameters of a problem as a reader of the language would name them."""
    values = _shown(params, lang=lang)
    if values.get("tables"):
        tables = [table_label(table, lang=lang) for table in str(values["tables"]).split(", ")]
        values["tables"] = ", ".join(tables)
    if values.get("of") and values.get("choices"):
        codes = str(values["choices"]).split(", ")
        between = " ; " if lang == "fr" else "; "
        values["choices"] = between.join(
            code_label(str(values["of"]), code, lang=lang) for code in codes
        )
    if values.get("expected_units"):
        listed = str(values["expected_units"]).split(", ")
        values["expected_units"] = ", ".join(code_label("units", one, lang=lang) for one in listed)
    if values.get("given_unit"):
        values["given_unit"] = code_label("units", str(values["given_unit"]), lang=lang)
    return values


def code_label(of: str, code: str, *, lang: str) -> str:
    """Return what a person reads for a code of a closed list or of a nomenclature.

    Parameters
    ----------
    of : str
        Name of the closed list (``family``) or of the nomenclature (``sectors``, ``naf``).
    code : str
        The code; it is returned itself where it is unknown.
    lang : str
        ``fr`` or ``en``.

    Examples
    --------
    >>> code_label("stage", "idea", lang="fr")
    'Idée'
    """
    from toolkit import nomenclature  # noqa: PLC0415 - loads pandas, which --help does without

    if of in ENUMS:
        return enum_label(of, code, lang=lang)
    return nomenclature.label(of, code, lang=lang)


def problem_text(problem: Problem, *, lang: str) -> str:
    """Return a problem as one sentence in a language: where, found, expected, what to do."""
    parts = problem_parts(problem, lang=lang)
    row = text("problem.row", lang=lang, row=parts["row"]) if parts["row"] else ""
    column = text("problem.column", lang=lang, column=parts["column"]) if parts["column"] else ""
    place = ", ".join(part for part in (parts["where"], row, column) if part)
    sentence = " ".join(
        part for part in (parts["found"], parts["expected"], parts["remedy"]) if part
    )
    colon = " : " if lang == "fr" else ": "
    return f"{place}{colon}{sentence}" if place else sentence


def error_text(error: ToolkitError, *, lang: str) -> list[str]:
    """Return all problems of an error as sentences in a language."""
    return [problem_text(problem, lang=lang) for problem in error.problem_list]
