"""Names, groupings and inhabitants of communes, from the files of INSEE, DGCL and Etalab."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from toolkit.errors import DataError, Problem
from toolkit.nomenclature import fold
from toolkit.sources.reading import (
    TEXT_ENDINGS,
    ZIP,
    check_file,
    commune_codes,
    header_of,
    lift_arrondissements,
    numbers,
    places_of,
    read_rows,
)
from toolkit.sources.sheets import ENDING, read_sheet
from toolkit.sources.walking import Cut

CODE = (
    "commune_code",
    "codgeo",
    "insee_com",
    "code_insee",
    "insee",
    "code_commune",
    "geo_code",
    "depcom",
    "com",
    "cog",
    "code",
)
NAME = (
    "commune_nom",
    "libgeo",
    "nom_membre",
    "nom_com",
    "nom_officiel",
    "nom",
    "libelle",
    "name",
    "commune",
)
EPCI = ("epci_code", "code_epci", "codeepci", "siren_epci", "epci", "siren")
EPCI_NAME = ("epci_nom", "libepci", "nom_epci", "raison_sociale")
EPCI_KIND = ("epci_type", "nature_juridique", "nature_epci", "type_epci", "natepci")
SIREN = ("commune_siren", "siren_membre")
POPULATION = ("population_municipale", "pmun", "population")
COLUMNS = (
    *("commune_id", "name", "population", "epci_id", "epci_name", "epci_kind"),
    *("siren", "year"),
)
_IN_PARTS = {"department": ("coddep", "dep"), "number": ("codcom",)}
"""Columns that make a code together, where that of the commune holds its name."""
_LONG = {
    "commune_id": ("geo",),
    "level": ("geo_object",),
    "measure": ("popref_measure",),
    "year": ("time_period",),
    "population": ("obs_value",),
}
"""Columns of Melodi, with a row a commune, measure and year."""
_MUNICIPAL = ("COM", "PMUN")
_NUMBER_DIGITS = 3
_DATED = re.compile(r"(?:pmun_?|p)(\d{2}|\d{4})(?:_pop)?")


def read_populations(path: Path) -> pd.DataFrame:
    """Return what a file says of communes.

    Parameters
    ----------
    path : Path
        Delimited text (or a zip that holds one) or .xlsx with a row a commune (or a member of a
        grouping), reference populations of Melodi, of which those of the latest year are taken,
        or the JSON list of groupings with their members.

    Returns
    -------
    DataFrame
        Columns ``commune_id``, ``name``, ``population`` (municipal; NaN where it is not given),
        ``epci_id``, ``epci_name``, ``epci_kind`` (``CC``, ``CA`` ... as the file writes it),
        ``siren`` (of the commune as a legal person) and ``year`` (of the population, 0 where it is
        not said); sorted by commune, none twice.

    Raises
    ------
    DataError
        If the file cannot be read, or gives a commune two populations or groupings.
    """
    check_file(path, endings=(*TEXT_ENDINGS, ".json", ENDING, ZIP))
    rows = _read_json(path) if path.suffix.lower() == ".json" else _read_text(path)
    rows["commune_id"] = lift_arrondissements(commune_codes(rows["commune_id"]))
    rows = rows.dropna(subset=["commune_id"]).drop_duplicates()
    double = sorted(rows.loc[rows["commune_id"].duplicated(), "commune_id"].unique())
    if double:
        raise DataError(
            [Problem("sources_commune_twice", where=path.name, found=code) for code in double]
        )
    if rows.empty:
        raise DataError(Problem("sources_no_rows", where=path.name))
    return rows.sort_values("commune_id", ignore_index=True)[list(COLUMNS)]


def _read_text(path: Path) -> pd.DataFrame:
    wanted = {
        "name": NAME,
        "epci_id": EPCI,
        "epci_name": EPCI_NAME,
        "epci_kind": EPCI_KIND,
        "siren": SIREN,
        "population": POPULATION,
        **_IN_PARTS,
    }
    needed = {"commune_id": CODE}
    sheet = read_sheet(path, needed=needed) if path.suffix.lower() == ENDING else None
    header = sheet.header if sheet else header_of(path, [needed, wanted, _LONG])
    if not sheet and len(places_of(header, _LONG)) == len(_LONG):
        return _read_long(path)
    dated = _latest(header)
    if dated:
        wanted["population"] = (dated[0],)
    rows = (
        sheet.table({**needed, **wanted})
        if sheet
        else read_rows(path, needed=needed, wanted=wanted)
    )
    rows = _whole_codes(rows)
    rows["population"] = numbers(rows["population"])
    # Communes of no grouping have a code of nothing but Z.
    rows["epci_id"] = rows["epci_id"].mask(rows["epci_id"].str.fullmatch("Z+").fillna(value=False))
    return rows.assign(year=dated[1] if dated else 0)


def _read_long(path: Path) -> pd.DataFrame:
    """Return the municipal populations of communes in the latest year of a file of Melodi."""
    rows = read_rows(path, needed=_LONG, cut=Cut({("level", "measure"): _is_municipal}))
    rows["population"] = numbers(rows["population"])
    rows = rows[_is_municipal(rows[["level", "measure"]]) & rows["population"].notna()]
    years = pd.to_numeric(rows["year"].str[:4], errors="coerce").fillna(0).astype("int64")
    rows = rows.assign(year=years)[years == years.max()]
    # `2025-COM-44141`: the same codes with the year of the geography.
    rows["commune_id"] = rows["commune_id"].str.rsplit("-", n=1).str[-1]
    return rows[["commune_id", "population", "year"]].reindex(columns=list(COLUMNS))


def _is_municipal(cells: pd.DataFrame) -> pd.Series[bool]:
    level, measure = _MUNICIPAL
    return cells["level"].eq(level) & cells["measure"].eq(measure)


def _whole_codes(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with their code, put together where `COM` is a name (older census files)."""
    parts = rows[list(_IN_PARTS)].notna().all(axis=1)
    named = parts & commune_codes(rows["commune_id"]).isna()
    number = rows["number"].str.zfill(_NUMBER_DIGITS)
    # A département overseas has three digits, of which the number repeats the last.
    code = rows["department"].str.zfill(2).str[:2] + number
    rows["name"] = rows["name"].mask(named, rows["commune_id"])
    rows["commune_id"] = rows["commune_id"].mask(named, code)
    return rows.drop(columns=list(_IN_PARTS))


def _latest(header: list[str]) -> tuple[str, int] | None:
    """Return the column of the latest population (``p21_pop``, ``pmun_2023``) and its year."""
    found = []
    for name in header:
        match = _DATED.fullmatch(fold(name.strip().strip('"')))
        if match:
            year = int(match.group(1))
            found.append((year if year > 99 else 2000 + year, match.group(0)))  # noqa: PLR2004
    return (max(found)[1], max(found)[0]) if found else None


def _read_json(path: Path) -> pd.DataFrame:
    try:
        content = json.loads(path.read_bytes().decode("utf-8-sig"))
        rows = [
            {
                "commune_id": member.get("code"),
                "name": member.get("nom"),
                "population": member.get("populationMunicipale"),
                "epci_id": group["code"],
                "epci_name": group.get("nom"),
                "epci_kind": group.get("type"),
                "siren": member.get("siren"),
            }
            for group in _groups(content)
            for member in group["membres"]
        ]
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as err:
        raise DataError(Problem("sources_damaged", where=path.name, found="JSON")) from err
    columns = [name for name in COLUMNS if name != "year"]
    frame = pd.DataFrame(rows, columns=columns)
    population = pd.to_numeric(frame["population"], errors="coerce").astype("float64")
    return frame.astype("str").assign(population=population, year=0)


def _groups(content: object) -> list[Mapping[str, Any]]:
    if not isinstance(content, list) or not content:
        message = "not a list of groupings"
        raise TypeError(message)
    return content
