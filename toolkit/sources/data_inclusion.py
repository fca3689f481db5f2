"""Places of social inclusion (data.inclusion): structures of both layouts, as CSV or JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pandas as pd

from toolkit import vocabulary as v
from toolkit.errors import DataError, Problem
from toolkit.nomenclature import fold
from toolkit.resources import shipped
from toolkit.schema.identifiers import clean_siret
from toolkit.sources.columnar import select_rows
from toolkit.sources.extract import PUBLISHER_ID, Extract, Sieve, source_row
from toolkit.sources.reading import (
    NULLS,
    Columns,
    check_file,
    commune_codes,
    missing_columns,
    numbers,
    read_rows,
)
from toolkit.sources.towns import addresses, departments

NEEDED: Final = {"id": ("id",), "name": ("nom",)}
WANTED: Final = {
    "origin": ("source",),
    "siret": ("siret", "pivot"),
    "rna": ("rna",),
    "closed": ("_di_has_deprecated_siret",),
    "commune_id": ("code_insee",),
    "city": ("commune",),
    "postcode": ("code_postal",),
    "address": ("adresse",),
    "latitude": ("latitude",),
    "longitude": ("longitude",),
    "date": ("date_maj",),
    "types": ("typologie",),
    "networks": ("reseaux_porteurs", "labels_nationaux"),
    "themes": ("thematiques", "services"),
}
UPDATED_ON: Final = "updated_on"
"""Extra column of actors: day of the last change of the record, `YYYY-MM-DD`."""
FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2099
"""Years out of which a date is taken for a mistake."""
_UNTOLD_FAMILY: Final = "civil"
_THEME, _TYPE, _NETWORK, _WORD = "theme", "type", "network", "word"
_SUBTHEME: Final = "--"
_LABELS_OF: Final = "numerique"
"""Theme whose parts the export of digital mediation writes by their label."""
_CODES: Final = re.compile(r"[\w-]+(,[\w-]+)+")
_WINDOWS_MARKS: Final = {
    code: bytes([code]).decode("cp1252", errors="ignore") for code in range(0x80, 0xA0)
}
"""Characters of Windows that an export left in a text of UTF-8 as control characters."""


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What a code of data.inclusion says in our words; empty where it says nothing."""

    category: str
    family: str
    ess_form: str


def load_data_inclusion(path: Path, *, data_year: int | None = None) -> Extract:
    """Return the structures of data.inclusion as actors, with what they offer.

    Parameters
    ----------
    path : Path
        Export of the structures (text, .json or .parquet), of the layout with `typologie`,
        `labels_nationaux` and `thematiques` (v0) or with `reseaux_porteurs` (v1); telephone, mail
        and site are not read.
    data_year : int, optional
        Year of the export; that of the latest change of a record where it is left out.

    Returns
    -------
    Extract
        ``actors`` with the extra columns ``city`` and ``department``, by which
        :func:`toolkit.sources.assemble.assemble` finds the commune of those without a code, and
        ``updated_on``, ``rna`` and ``publisher_id``, the last of which a newer edition keeps;
        ``resources``, one a category of service, without quantity.

    Raises
    ------
    DataError
        If the file cannot be read or lacks a column.
    MissingDependencyError
        If the file is Parquet and `duckdb` is not installed.

    Notes
    -----
    - Id: ``siret:...`` where one record alone bears a valid SIRET; else ``di:<source>:<id>``, as
      several places of one establishment, or one place told by several sources, are several
      records: they are not brought together here.
    - Categories: by the table ``data_inclusion_themes``, a part of a theme before its whole.
    - Family and form: by the type of structure, else by a word of the name, else by the network;
      else ``civil``, counted in a note.  The list does not say the legal form.
    - A SIRET that the list calls closed is left empty.
    """
    reader = _READERS.get(path.suffix.lower(), read_rows)
    sieve = Sieve(reader(path, needed=NEEDED, wanted=WANTED), where=path.name)
    sieve.drop(sieve.rows[["id", "name"]].isna().any(axis=1), "incomplete")
    sieve.rows = sieve.rows.assign(origin=sieve.rows["origin"].fillna("?"))
    sieve.drop(sieve.rows.duplicated(["origin", "id"]), "duplicates", show="name")
    kept = _identified(sieve)
    dates = _dates(kept["date"])
    unread = kept["date"].notna() & dates.isna()
    sieve.note("di_dates", int(unread.sum()), examples=kept["date"][unread].unique())
    actors = _actors(kept, sieve=sieve).assign(**{UPDATED_ON: dates})
    resources = _resources(kept, sieve=sieve)
    sieve.counts["resources"] = len(resources)
    latest = dates.dropna().max() if dates.notna().any() else None
    source = source_row(
        path,
        kind="data_inclusion",
        title="data.inclusion, structures de l'insertion",
        producer="GIP Plateforme de l'inclusion",
        licence="Licence Ouverte 2.0",
        data_year=data_year or (int(latest[:4]) if latest else None),
    )
    return sieve.extract({v.ACTORS: actors, v.RESOURCES: resources}, source=source)


# --- files --------------------------------------------------------------------------------------
def _json_rows(path: Path, *, needed: Columns, wanted: Columns) -> pd.DataFrame:
    """Return the records of a JSON list as :func:`read_rows` returns those of a text."""
    check_file(path, endings=(".json",))
    try:
        records = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as err:
        raise DataError(Problem("sources_damaged", where=path.name, found="JSON")) from err
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise DataError(Problem("sources_di_json", where=path.name))
    if not records:
        raise DataError(Problem("sources_no_rows", where=path.name))
    missing = [
        name
        for name, names in needed.items()
        if not any(name in record for record in records for name in names)
    ]
    if missing:
        raise DataError(missing_columns(path, missing, needed=needed, header=[*records[0]]))
    columns = {**needed, **wanted}
    cells = {name: [_first(record, names) for record in records] for name, names in columns.items()}
    index = pd.Index(range(1, len(records) + 1), dtype="int64")
    frame = pd.DataFrame(cells, index=index, dtype="str")
    return frame.mask(frame.isin(NULLS))


_READERS: Final = {".json": _json_rows, ".parquet": select_rows}


def _first(record: Mapping[str, object], names: tuple[str, ...]) -> str:
    """Return the first filled cell of a record among some keys, a list as its JSON."""
    for name in names:
        cell = record.get(name)
        if cell not in (None, "", []):
            is_list = isinstance(cell, list)
            return json.dumps(cell, ensure_ascii=False) if is_list else str(cell).strip()
    return ""


def _identified(sieve: Sieve) -> pd.DataFrame:
    """Return the rows with `actor_id` and a `siret` that can be believed."""
    rows = sieve.rows
    cleaned = [clean_siret(cell) for cell in rows["siret"]]
    siret = pd.Series([value for value, _ in cleaned], index=rows.index, dtype="str")
    bad = pd.Series([code is not None for _, code in cleaned], index=rows.index)
    sieve.note("di_siret", int(bad.sum()), examples=rows["siret"][bad].unique())
    closed = siret.notna() & rows["closed"].fillna("").map(fold).isin({"true", "1", "oui"})
    sieve.note("di_closed", int(closed.sum()), examples=rows["name"][closed])
    siret = siret.mask(closed)
    shared = siret.notna() & siret.duplicated(keep=False)
    sieve.note("di_shared", int(shared.sum()), examples=siret[shared].unique())
    own = "di:" + rows["origin"] + ":" + rows["id"]
    alone = siret.notna() & ~shared
    return rows.assign(
        siret=siret,
        actor_id=own.mask(alone, "siret:" + siret.fillna("")),
        publisher_id=own,
        name=rows["name"].str.translate(_WINDOWS_MARKS),
        address=rows["address"].str.translate(_WINDOWS_MARKS),
    )


def _dates(cells: pd.Series[str]) -> pd.Series[str]:
    """Return days as ``YYYY-MM-DD`` from that form or ``DD/MM/YYYY``; missing where they are none.

    Examples
    --------
    >>> _dates(pd.Series(["05/08/2016", "2022-04-24T10:00:00", "01/01/3035"])).tolist()
    ['2016-08-05', '2022-04-24', nan]
    """
    day = cells.str.replace(r"^(\d{2})/(\d{2})/(\d{4}).*$", r"\3-\2-\1", regex=True).str[:10]
    found = pd.to_datetime(day, format="%Y-%m-%d", errors="coerce")
    sound = found.dt.year.between(FIRST_YEAR, LAST_YEAR)
    return day.where(sound).astype("str")


# --- what the codes mean ------------------------------------------------------------------------
@cache
def _meanings() -> Mapping[tuple[str, str], _Meaning]:
    path = shipped("data", "nomenclatures", "data_inclusion_themes.csv")
    frame = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8")
    columns = (frame[name] for name in ("list", "code", "category_id", "family", "ess_form"))
    return {
        (kind, _slug(code)): _Meaning(category, family, form)
        for kind, code, category, family, form in zip(*columns, strict=True)
    }


def _slug(words: str) -> str:
    """Return words as data.inclusion makes codes of them.

    Examples
    --------
    >>> _slug("Accéder à une connexion internet"), _slug("numerique--acceder-a-du-materiel")
    ('acceder-a-une-connexion-internet', 'numerique--acceder-a-du-materiel')
    """
    return re.sub(r"[^a-z0-9-]+", "-", fold(words)).strip("-")


def codes_of(cell: object) -> tuple[str, ...]:
    """Return the codes of a cell: JSON, a list of Python, ``{a,b}``, or ``;``, ``|`` and ``,``.

    A label may hold commas, so these part only what looks like codes.

    Examples
    --------
    >>> codes_of("['a--b', 'c']"), codes_of("A;B"), codes_of("a,b-c"), codes_of("Bien, mieux")
    (('a--b', 'c'), ('A', 'B'), ('a', 'b-c'), ('Bien, mieux',))
    """
    if not isinstance(cell, str):
        return ()
    bare = cell.strip()
    is_list = bare[:1] in {"[", "{"}
    parting = "," if is_list or _CODES.fullmatch(bare) else r"[;|]"
    parts = (part.strip("[]{}'\" ") for part in re.split(parting, bare))
    return tuple(dict.fromkeys(part for part in parts if part))


def _theme(code: str) -> _Meaning | None:
    """Return what a theme means: itself, a part by its label, else its whole."""
    known, slug = _meanings(), _slug(code)
    for way in (slug, f"{_LABELS_OF}{_SUBTHEME}{slug}", slug.partition(_SUBTHEME)[0]):
        if (_THEME, way) in known:
            return known[_THEME, way]
    return None


def _told(types: object, name: str, *, networks: object) -> Iterator[_Meaning]:
    """Yield what a record tells of the structure: its types, words of its name, its networks."""
    known = _meanings()
    for code in codes_of(types):
        if (_TYPE, _slug(code)) in known:
            yield known[_TYPE, _slug(code)]
    yield from _words(f"-{_slug(name)}-")
    for code in codes_of(networks):
        if (_NETWORK, _slug(code)) in known:
            yield known[_NETWORK, _slug(code)]


def _words(name: str) -> list[_Meaning]:
    """Return what words of a name mean, in their order."""
    places = [
        (name.find(f"-{word}-"), meaning)
        for (kind, word), meaning in _meanings().items()
        if kind == _WORD and f"-{word}-" in name
    ]
    return [meaning for _, meaning in sorted(places, key=lambda place: place[0])]


def _families(kept: pd.DataFrame) -> pd.DataFrame:
    """Return family and form of each record, empty where nothing tells the family."""
    columns = (kept[name] for name in ("types", "name", "networks"))
    first = [
        next((told for told in _told(types, name, networks=networks) if told.family), None)
        for types, name, networks in zip(*columns, strict=True)
    ]
    return pd.DataFrame(
        {
            "family": [told.family if told else None for told in first],
            "ess_form": [(told.ess_form or None) if told else None for told in first],
        },
        index=kept.index,
        dtype="str",
    )


# --- tables -------------------------------------------------------------------------------------
def _actors(kept: pd.DataFrame, *, sieve: Sieve) -> pd.DataFrame:
    families = _families(kept)
    untold = families["family"].isna()
    sieve.note("di_family", int(untold.sum()), examples=kept["name"][untold])
    nowhere = pd.Series(None, index=kept.index, dtype="str")
    return pd.DataFrame(
        {
            "actor_id": kept["actor_id"],
            "name": kept["name"],
            "family": families["family"].fillna(_UNTOLD_FAMILY),
            "ess_form": families["ess_form"],
            PUBLISHER_ID: kept[PUBLISHER_ID],
            "siret": kept["siret"],
            "rna": kept["rna"],
            "address": addresses(kept["address"], postcode=kept["postcode"], city=kept["city"]),
            "commune_id": commune_codes(kept["commune_id"]),
            "latitude": numbers(kept["latitude"]),
            "longitude": numbers(kept["longitude"]),
            "city": kept["city"],
            "department": departments(nowhere, postcode=kept["postcode"]),
        }
    )


def _resources(kept: pd.DataFrame, *, sieve: Sieve) -> pd.DataFrame:
    """Return one row a structure and category; codes that mean none are counted."""
    columns = ["resource_id", "actor_id", "category", "available", "shareable"]
    rows: list[tuple[object, ...]] = []
    nameless: dict[str, int] = {}
    cells = (kept[name] for name in ("actor_id", PUBLISHER_ID, "types", "networks", "themes"))
    for actor_id, own, types, networks, themes in zip(*cells, strict=True):
        categories: dict[str, None] = {}
        for code, meaning in _meant(types, networks, themes=themes):
            if meaning and meaning.category:
                categories[meaning.category] = None
            elif meaning is None or not meaning.family:
                nameless[code] = nameless.get(code, 0) + 1
        rows += [(f"{own}:{name}", actor_id, name, "shareable", False) for name in categories]
    sieve.note("di_codes", sum(nameless.values()), examples=sorted(nameless))
    return pd.DataFrame(rows, columns=columns)


def _meant(
    types: object, networks: object, *, themes: object
) -> Iterator[tuple[str, _Meaning | None]]:
    """Yield every code of a record with what it means; none where the table lacks it.

    The whole of a theme says nothing more where one of its parts is there too.
    """
    known = _meanings()
    for code in codes_of(types):
        yield code, known.get((_TYPE, _slug(code)))
    for code in codes_of(networks):
        yield code, known.get((_NETWORK, _slug(code)))
    given = codes_of(themes)
    wholes = {_slug(code).partition(_SUBTHEME)[0] for code in given if _SUBTHEME in code}
    for code in given:
        if _slug(code) not in wholes:
            yield code, _theme(code)
