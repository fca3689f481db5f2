"""A first mapping of somebody's file, guessed from its headers, for a person to correct."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from toolkit import vocabulary as v
from toolkit.errors import DataError, Problem
from toolkit.language import column_label, text
from toolkit.nomenclature import fold
from toolkit.schema.contracts import CONTRACTS
from toolkit.schema.headings import header_key, known_headers
from toolkit.schema.ways import read_code
from toolkit.settings import LANGUAGES
from toolkit.sources.foreign import LATITUDE, LONGITUDE, read_foreign
from toolkit.sources.mapping_file import (
    CODED,
    LISTS,
    NOT_MAPPED,
    PLACE_COLUMNS,
    TableMap,
    has_contacts,
)

if TYPE_CHECKING:
    import pandas as pd

WORDS_SHOWN: Final = 40
"""Words of a coded column that are written out for translation."""
_START: Final = re.compile(r"[A-Za-z]{1,3}_")
_SEPARATORS: Final = "|;,/"
_OFTEN: Final = 0.2
"""Share of the filled cells that hold a character which separates values."""
_SHORT: Final = 60
"""Characters of a word that may stand for a code; longer ones are sentences."""


def propose_mapping(
    path: Path, *, table: str = v.ACTORS, sheet: str = "", header_row: int = 1, lang: str = "fr"
) -> str:
    """Return the text of a mapping file for a table, guessed from its headers and words.

    Parameters
    ----------
    path : Path
        CSV, XLSX, ODS, GeoJSON, GeoPackage or shapefile.
    table : str, default "actors"
        What a row of the file is: ``actors``, ``resources``, ``needs`` or ``flows``.
    sheet, header_row : str, int
        As in :func:`toolkit.sources.foreign.read_foreign`.
    lang : str, default "fr"
        Language of the comments; headers are known in both.

    Returns
    -------
    str
        TOML with comments: guesses, headers that found no column, words that need a code.

    Raises
    ------
    DataError
        If the file cannot be read.

    Notes
    -----
    A header is known by the name or label of a column in either language, by the other ways that a
    workbook accepts, and by usual headers of open data; before all, a beginning that all headers
    share (``c_``) is taken away.  Headers of contacts are never proposed.
    """
    rows = read_foreign(path, sheet=sheet, header_row=header_row)
    headers = [name for name in map(str, rows.columns) if name not in {LATITUDE, LONGITUDE}]
    columns = guess_columns(headers, table=table)
    separators = "".join(
        mark for mark in _SEPARATORS if _separates(rows, columns, mark=mark, table=table)
    )
    lines = [f"# {line}" for line in text("mapping.intro", lang=lang, file=path.name).splitlines()]
    lines += ["", "[file]"]
    lines += [f"sheet = {_quoted(sheet)}"] if sheet else []
    lines += [f"header_row = {header_row}"] if header_row > 1 else []
    lines += [
        f"separators = {_quoted(separators or '|;')}  # {text('mapping.separators', lang=lang)}"
    ]
    lines += ["", "[source]", f"title = {_quoted(path.name)}"]
    lines += [f'# {key} = ""' for key in ("producer", "licence")] + ["# data_year = 2026"]
    lines += ["", f"[{table}.columns]"]
    lines += [
        f"{name} = {_quoted(header)}  # {_label(table, name, lang=lang)}"
        for name, header in columns.items()
    ]
    used = {*columns.values(), *(header for header in headers if has_contacts(header))}
    left = [header for header in headers if header not in used]
    if left:
        lines += ["", f"# {text('mapping.left', lang=lang)}"]
        lines += [f"#   {_quoted(header)}" for header in left]
    lines += _constants(table, columns, lang=lang)
    for name, header in columns.items():
        lines += _values(rows[header], TableMap(table, {}), name=name, marks=separators, lang=lang)
    return "\n".join(lines) + "\n"


def _label(table: str, name: str, *, lang: str) -> str:
    if name in PLACE_COLUMNS:
        return text(f"mapping.place.{name}", lang=lang)
    return column_label(table, name, lang=lang)


def save_mapping(words: str, path: Path) -> None:
    """Write a mapping file; never over one that is there.

    Raises
    ------
    DataError
        If there already is a file of that name.
    """
    try:
        with path.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(words)
    except FileExistsError as err:
        raise DataError(Problem("sources_mapping_exists", found=path.name)) from err


def guess_columns(headers: Sequence[str], *, table: str) -> dict[str, str]:
    """Return a header for each column of the model that is recognised, in the model's order.

    Examples
    --------
    >>> guess_columns(["c_nom", "c_postcode", "c_lat_coor1"], table="actors")
    {'name': 'c_nom', 'latitude': 'c_lat_coor1', 'postcode': 'c_postcode'}
    """
    start = _shared_start(headers)
    ways = {**known_headers(table), **_usual(table)}
    found: dict[str, str] = {}
    for header in headers:
        key = header_key(header.removeprefix(start))
        name = ways.get(header_key(header)) or ways.get(key) or _without_tail(key, ways)
        if name and name not in found and name not in NOT_MAPPED and not has_contacts(header):
            found[name] = header
    order = [*CONTRACTS[table].names, *PLACE_COLUMNS]
    return {name: found[name] for name in order if name in found}


def _shared_start(headers: Sequence[str]) -> str:
    """Return the beginning such as ``c_`` that most headers share."""
    starts = [match.group() for header in headers if (match := _START.match(header))]
    start, count = Counter(starts).most_common(1)[0] if starts else ("", 0)
    return start if count > len(headers) / 2 else ""


def _without_tail(key: str, ways: Mapping[str, str]) -> str:
    """Return the column of a header whose last words are of no use (``lat coor1``)."""
    words = key.split()
    return next(
        (ways[part] for end in range(len(words) - 1, 0, -1)
         if (part := " ".join(words[:end])) in ways and len(words) > end),
        "",
    )  # fmt: skip


def _usual(table: str) -> dict[str, str]:
    """Return the column for usual headers of open data."""
    found: dict[str, str] = {}
    names = [*CONTRACTS[table].names, *(PLACE_COLUMNS if table == v.ACTORS else ())]
    for name in names:
        for lang in LANGUAGES:
            for way in text("mapping.usual", lang=lang).splitlines():
                column, _, ways = way.partition(":")
                if column.strip() == name:
                    found.update({header_key(one): name for one in ways.split("|")})
    return found


def _separates(rows: pd.DataFrame, columns: Mapping[str, str], *, mark: str, table: str) -> bool:
    """Return whether a character separates values in a column of lists."""
    shape = TableMap(table, {})
    lists = [
        header for name, header in columns.items() if shape.column(name).kind in LISTS | {"code"}
    ]
    return any(
        bool(rows[header].dropna().str.contains(mark, regex=False).mean() > _OFTEN)
        for header in lists
        if rows[header].notna().any()
    )


def _constants(table: str, columns: Mapping[str, str], *, lang: str) -> list[str]:
    """Return constants for what every row needs and no column gives."""
    needed = [
        column.name
        for column in CONTRACTS[table].columns
        if column.required
        and column.default is None
        and column.name not in {*columns, "commune_id", CONTRACTS[table].key[0]}
    ]
    if not needed:
        return []
    shape = TableMap(table, {})
    lines = ["", f"[{table}.constants]  # {text('mapping.constants', lang=lang)}"]
    for name in needed:
        choices = v.ENUMS.get(shape.column(name).of, ())
        lines.append(
            f'# {name} = ""  # {column_label(table, name, lang=lang)}: {", ".join(choices)}'
        )
    return lines


def _values(
    cells: pd.Series[str], shape: TableMap, *, name: str, marks: str, lang: str
) -> list[str]:
    """Return a section for the words of a coded column that name no code by themselves."""
    column = shape.column(name)
    if column.kind not in CODED:
        return []
    pattern = f"[{re.escape(marks)}]" if marks else "\n"
    words = cells.dropna().str.split(pattern, regex=True).explode().str.strip()
    counted = words[words != ""].value_counts()
    unknown = _first_spellings(word for word in counted.index if read_code(word, column) is None)
    short = [word for word in unknown if len(word) <= _SHORT][:WORDS_SHOWN]
    if not short:
        return []
    lines = ["", f"[{shape.table}.values.{name}]  # {text('mapping.values', lang=lang)}"]
    return lines + [f'# {_quoted(word)} = ""' for word in short]


def _first_spellings(words: Iterable[str]) -> list[str]:
    """Return words, those alike but for case and accents once."""
    found: dict[str, str] = {}
    for word in words:
        found.setdefault(fold(word), word)
    return list(found.values())


def _quoted(words: str) -> str:
    """Return words as a TOML string."""
    return json.dumps(words, ensure_ascii=False).replace("\x7f", "\\u007F")
