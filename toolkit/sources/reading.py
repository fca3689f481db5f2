"""Delimited text of the open data: encoding and separator by the file, columns by their names."""

from __future__ import annotations

import codecs
import csv
import difflib
import hashlib
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO, Final

import numpy as np
import pandas as pd

from toolkit.errors import DataError, Problem
from toolkit.nomenclature import fold
from toolkit.sources import zips
from toolkit.sources.walking import CELL_LIMIT, Cut, Layout, Part, walk

Columns = Mapping[str, tuple[str, ...]]
"""Name in our rows -> headers under which files carry it, folded."""

ENCODINGS: Final = ("utf-8-sig", "cp1252")
"""Encodings tried in this order; the second reads any older French file."""
SEPARATORS: Final = (";", ",", "\t", "|")
NULLS: Final = frozenset({"", "[ND]", "ND", "NR", "N/A", "NA", "nan", "null", "None"})
"""Cells that hold nothing; a masked `[ND]` is nothing too."""
TEXT_ENDINGS: Final = (".csv", ".txt", ".tsv")
ZIP: Final = ".zip"
LISTED: Final = 8
SUGGESTED: Final = 3
_NOT_TEXT: Final = {
    b"PK\x03\x04": "zip, xlsx, ods",
    b"SQLite": "SQLite, GeoPackage",
    b"PAR1": "Parquet",
    b"\x1f\x8b": "gzip",
    b"\xd0\xcf\x11\xe0": "xls",
    b"%PDF": "PDF",
    b"7z\xbc\xaf": "7z",
}
_BLOCK: Final = 1 << 20
"""Bytes that are looked at together."""
_SIGNS: Final = re.compile(r"[-'()]")
_POSTAL: Final = re.compile(r" (?:cedex\b|(?:bp|cs|tsa) ?\d).*| \d{5}$")
"""What the post adds to the name of a town."""
_ARRONDISSEMENT: Final = re.compile(
    r"(paris|lyon|marseille) 0?(\d{1,2})(?: ?(?:er|e|eme|nd|nde))?(?: arrondissement)?"
)
_ARRONDISSEMENTS: Final = {
    **{f"751{number:02d}": "75056" for number in range(1, 21)},
    **{f"132{number:02d}": "13055" for number in range(1, 17)},
    **{f"6938{number}": "69123" for number in range(1, 10)},
}


def check_file(path: Path, *, endings: tuple[str, ...]) -> None:
    """Refuse what is no ordinary file with one of some endings.

    Raises
    ------
    DataError
        If it is missing, empty, a folder or device, ends otherwise or may not be read.
    """
    shown = {"choices": ", ".join(endings)}
    if not path.is_file():
        raise DataError(Problem("sources_no_file", where=path.name, found=path.name))
    if path.suffix.lower() not in endings:
        raise DataError(
            Problem("sources_file_kind", where=path.name, found=path.suffix or "?", params=shown)
        )
    if path.stat().st_size == 0:
        raise DataError(Problem("sources_empty_file", where=path.name))
    try:
        path.open("rb").close()
    except OSError as err:
        raise DataError(Problem("sources_unreadable", where=path.name)) from err


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, as hexadecimal text."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_rows(
    path: Path,
    *,
    needed: Columns,
    wanted: Columns | None = None,
    is_wanted: zips.Wants | None = None,
    cut: Cut | None = None,
) -> pd.DataFrame:
    """Return the wanted columns of a delimited text file, all cells text.

    Columns that nobody asks for, contacts among them, are never kept; neither is a record that is
    not wanted, nor the text itself.

    Parameters
    ----------
    path : Path
        File ending in .csv, .txt or .tsv, or a zip that holds one (:mod:`toolkit.sources.zips`).
    needed : Mapping
        Columns that must be there.
    wanted : Mapping, optional
        Columns taken where they are there; missing ones are empty.
    is_wanted : callable, optional
        Which parts of a zip by département are read; all where it is left out.
    cut : Cut, optional
        Which records are wanted; all where it is left out.

    Returns
    -------
    DataFrame
        Columns of `needed` then `wanted`, missing cells NaN; index: number of the record, the
        header being 1, as a spreadsheet shows it; parts of a zip are counted on.  Records with
        more cells than the header are left out and numbered in ``attrs["malformed"]``; those that
        are not wanted are counted in ``attrs["elsewhere"]``.

    Raises
    ------
    DataError
        If the file is no text, has no row, or lacks a needed column.
    """
    check_file(path, endings=(*TEXT_ENDINGS, ZIP))
    columns = {**needed, **(wanted or {})}
    try:
        with _texts(path, is_wanted=is_wanted) as texts:
            parts = [
                Part(opened, size, _layout(path, opened, needed=needed, columns=columns))
                for opened, size in texts
            ]
            rows = walk(parts, cut=cut or Cut())
    except csv.Error as err:
        raise DataError(Problem("sources_not_text", where=path.name, found="CSV")) from err
    if rows.empty and not rows.attrs["elsewhere"]:
        raise DataError(Problem("sources_no_rows", where=path.name))
    return rows


@contextmanager
def _texts(
    path: Path, *, is_wanted: zips.Wants | None
) -> Iterator[list[tuple[Callable[[], IO[bytes]], int]]]:
    """Give what opens the text of a file, or each of those of a zip, and its size in bytes."""
    if path.suffix.lower() != ZIP:
        yield [(lambda: path.open("rb"), path.stat().st_size)]
        return
    with zips.opened(path) as archive:
        members = zips.chosen(archive, path=path, is_wanted=is_wanted)
        yield [(partial(archive.open, member), member.file_size) for member in members]


def _layout(
    path: Path, opened: Callable[[], IO[bytes]], *, needed: Columns, columns: Columns
) -> Layout:
    """Return how a text is written; it is read once to know its encoding."""
    encoding = _encoding(opened, where=path.name)
    with opened() as stream, io.TextIOWrapper(stream, encoding=encoding, newline="") as text:
        line = text.readline(CELL_LIMIT)
    separator, header = _separator(line, needed=needed)
    places = places_of(header, columns)
    missing = [name for name in needed if name not in places]
    if missing:
        raise DataError(missing_columns(path, missing, needed=needed, header=header))
    return Layout(encoding, separator, len(header), tuple(columns), places, NULLS)


def header_of(path: Path, kinds: Iterable[Columns]) -> list[str]:
    """Return the header of a delimited text, split where most columns of some kinds are found.

    Only the beginning of the file is read.

    Raises
    ------
    DataError
        If the file is no text.
    """
    check_file(path, endings=(*TEXT_ENDINGS, ZIP))
    if path.suffix.lower() == ZIP:
        line = zips.first_line(path, limit=CELL_LIMIT)
    else:
        with path.open("rb") as stream:
            line = stream.readline(CELL_LIMIT)
    text = line.decode(_encoding(lambda: io.BytesIO(line), where=path.name)).strip("\r\n")
    every = {
        f"{rank}.{name}": names for rank, kind in enumerate(kinds) for name, names in kind.items()
    }
    return _separator(text, needed=every)[1]


def _encoding(opened: Callable[[], IO[bytes]], *, where: str) -> str:
    """Return the first encoding that fits the whole of a text, of which little is held at once."""
    with opened() as stream:
        _refuse_others(stream.read(len(max(_NOT_TEXT, key=len))), where=where)
    for encoding in ENCODINGS:
        decoder = codecs.getincrementaldecoder(encoding)()
        with opened() as stream, suppress(UnicodeDecodeError):
            while (block := stream.read(_BLOCK)) and b"\x00" not in block:
                decoder.decode(block)
            if not block:
                decoder.decode(b"", final=True)
                return encoding
    tried = ", ".join(ENCODINGS)
    raise DataError(Problem("sources_encoding", where=where, params={"choices": tried}))


def _refuse_others(raw: bytes, *, where: str) -> None:
    """Refuse what begins as another kind of file does."""
    for mark, kind in _NOT_TEXT.items():
        if raw.startswith(mark):
            raise DataError(Problem("sources_not_text", where=where, found=kind))


def _separator(line: str, *, needed: Columns) -> tuple[str, list[str]]:
    """Return the separator under which most needed columns are found, and the header."""
    best: tuple[int, int, str, list[str]] | None = None
    for separator in SEPARATORS:
        header = next(csv.reader([line], delimiter=separator))
        found = len(places_of(header, needed))
        if best is None or (found, len(header)) > best[:2]:
            best = (found, len(header), separator, header)
    if best is None:  # pragma: no cover - SEPARATORS is not empty
        raise DataError(Problem("sources_no_rows"))
    return best[2], best[3]


def places_of(header: list[str], columns: Columns) -> dict[str, int]:
    """Return where each column is, by the first of its names that the header holds."""
    folded = [fold(name) for name in header]
    places = {}
    for column, names in columns.items():
        for name in names:
            if name in folded:
                places[column] = folded.index(name)
                break
    return places


def missing_columns(
    path: Path, missing: list[str], *, needed: Columns, header: list[str]
) -> list[Problem]:
    """Return one problem a needed column that a header lacks."""
    shown = ", ".join(header[:LISTED])
    return [
        Problem(
            "sources_column_missing",
            where=path.name,
            found=needed[name][0],
            params={"choices": ", ".join(needed[name]), "header": shown},
        )
        for name in missing
    ]


# --- cells ------------------------------------------------------------------------------------
def commune_codes(cells: pd.Series[str]) -> pd.Series[str]:
    """Return INSEE codes of communes of 5 characters, missing where a cell is none.

    A code of four digits gets back the zero that a spreadsheet took; nothing else is mended.

    Examples
    --------
    >>> commune_codes(pd.Series(["1001", "2a004", "14118.0", "D14"])).tolist()
    ['01001', '2A004', '14118', nan]
    """
    bare = cells.astype("str").str.strip().str.upper().str.removesuffix(".0")
    bare = bare.where(~bare.str.fullmatch(r"\d{4}").fillna(value=False).astype("bool"), "0" + bare)
    valid = bare.str.fullmatch(r"\d{5}|2[AB]\d{3}").fillna(value=False).astype("bool")
    return bare.where(valid)


def lift_arrondissements(codes: pd.Series[str]) -> pd.Series[str]:
    """Return codes with the arrondissements of Paris, Lyon and Marseille as their commune.

    Examples
    --------
    >>> lift_arrondissements(pd.Series(["75111", "12145"])).tolist()
    ['75056', '12145']
    """
    return codes.replace(_ARRONDISSEMENTS)


def numbers(cells: pd.Series[str]) -> pd.Series[float]:
    """Return cells as numbers (decimal comma or point), NaN where a cell is none.

    Examples
    --------
    >>> numbers(pd.Series(["12,5", "1\N{NO-BREAK SPACE}200", "n.c."])).tolist()
    [12.5, 1200.0, nan]
    """
    bare = cells.astype("str").str.replace(r"\s", "", regex=True).str.replace(",", ".", regex=False)
    found = pd.to_numeric(bare, errors="coerce").astype("float64")
    return pd.Series(found.where(np.isfinite(found)))


def activity_codes(cells: pd.Series[str]) -> pd.Series[str]:
    """Return activity codes with their dot (``6622Z`` -> ``66.22Z``), missing where they are none.

    Examples
    --------
    >>> activity_codes(pd.Series(["6622Z", "66.22Z", "ABC"])).tolist()
    ['66.22Z', '66.22Z', nan]
    """
    bare = cells.astype("str").str.upper().str.replace(r"[.\s]", "", regex=True)
    valid = bare.str.fullmatch(r"\d{4}[A-Z]").fillna(value=False).astype("bool")
    return (bare.str[:2] + "." + bare.str[2:]).where(valid)


def place_name(name: str) -> str:
    """Return the name of a commune as it can be compared between files.

    Case, accents, hyphens, apostrophes, brackets, ``St``/``Ste`` and postal words are taken away.
    Of an arrondissement of Paris, Lyon or Marseille its city and number are left.

    Examples
    --------
    >>> place_name("ST GENIEZ D OLT CEDEX 1") == place_name("Saint-Geniez-d'Olt")
    True
    >>> place_name("LYON 09"), place_name("Paris 1er Arrondissement"), place_name("Millau BP 434")
    ('lyon 9', 'paris 1', 'millau')
    """
    plain = _POSTAL.sub("", _SIGNS.sub(" ", fold(name)))
    lengthened = {"st": "saint", "ste": "sainte", "s/": "sur"}
    words = " ".join(lengthened.get(word, word) for word in plain.split())
    part = _ARRONDISSEMENT.fullmatch(words)
    return f"{part[1]} {int(part[2])}" if part else words


def city_name(name: str) -> str:
    """Return the city of an arrondissement, by the form of :func:`place_name`; else that form.

    Examples
    --------
    >>> city_name("PARIS 19"), city_name("Saint-Lô")
    ('paris', 'saint lo')
    """
    words = place_name(name)
    part = _ARRONDISSEMENT.fullmatch(words)
    return part[1] if part else words


def suggestions(wanted: str, known: Mapping[str, str]) -> str:
    """Return the known codes nearest to a wanted one, with their names, as text; empty if none.

    Parameters
    ----------
    wanted : str
        A code or a name that was not found.
    known : Mapping of str to str
        Names by code.
    """
    by_name = {place_name(name): code for code, name in sorted(known.items())}
    named = difflib.get_close_matches(place_name(wanted), sorted(by_name), n=SUGGESTED, cutoff=0.75)
    coded = difflib.get_close_matches(wanted, sorted(known), n=SUGGESTED, cutoff=0.75)
    codes = dict.fromkeys([*(by_name[name] for name in named), *coded])
    return ", ".join(f"{code} ({known[code]})" for code in list(codes)[:SUGGESTED])


def listed(items: Iterable[object]) -> str:
    """Return the first items as text, and how many are left."""
    shown = [str(item) for item in items]
    left = len(shown) - LISTED
    return ", ".join(shown[:LISTED]) + (f" (+{left})" if left > 0 else "")
