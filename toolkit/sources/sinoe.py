"""Recycling centres of local authorities (ADEME, SINOE déchets)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pandas as pd

from toolkit import vocabulary as v
from toolkit.errors import Problem
from toolkit.nomenclature import fold
from toolkit.sources.extract import Extract, Sieve, source_row
from toolkit.sources.json_files import ENDINGS, not_expected, read_json, text_of
from toolkit.sources.reading import (
    NULLS,
    commune_codes,
    numbers,
    read_rows,
)
from toolkit.sources.towns import addresses, departments, points
from toolkit.sources.years import take_year

NEEDED: Final = {
    "id": ("c_service",),
    "name": ("n_service",),
    "year": ("annee",),
}
WANTED: Final = {
    "street": ("ad1_site",),
    "postcode": ("cp_site",),
    "city": ("l_ville_site",),
    "commune_id": ("c_comm",),
    "department": ("c_dept",),
    "accepted": ("lst_type_dechet",),
    "latitude": ("gps_lat",),
    "longitude": ("gps_long",),
    "point": ("_geopoint",),
    "owner": ("l_typ_acteur",),
}
CATEGORY: Final = "services.daily_life.recycling_centre"
_PRIVATE: Final = ("prive", "entreprise", "societe")
"""Folded words in the type of the owner that tell a company from an authority."""


def load_sinoe(path: Path, *, year: int | None = None) -> Extract:
    """Return the recycling centres of one year as actors, each with its service.

    Parameters
    ----------
    path : Path
        Answer of the service in JSON (``results``), or CSV; telephone and fax are not read.
    year : int, optional
        Year wanted; the latest of the file where it is left out.

    Returns
    -------
    Extract
        ``actors`` (id ``sinoe:...``) with the extra columns ``city`` and ``department``, and one
        ``resources`` row each: one recycling centre.

    Raises
    ------
    DataError
        If the file cannot be read, lacks a column, or has no row of that year.

    Notes
    -----
    - The service answers in pages and says how many rows there are: a file that lacks some is
      noted.
    - The list has one row a centre and year: rows of other years are counted and left out, as a
      centre that the latest year lacks may have closed.
    - Codes of accepted waste are SINOE's own, not those of the European list: they stand as they
      are in the label of the resource.
    - Family: ``business`` where the type of the owner says so, else ``public``.
    """
    rows = _read(path)
    sieve = Sieve(rows, where=path.name)
    lacking = rows.attrs.get("total", 0) - len(rows)
    if lacking > 0:
        params = {"total": str(rows.attrs["total"])}
        found = str(len(rows))
        sieve.notes.append(Problem("sources_page", where=path.name, found=found, params=params))
    wanted = take_year(sieve, year=year)
    sieve.drop(sieve.rows[["id", "name"]].isna().any(axis=1), "unnamed")
    sieve.drop(sieve.rows["id"].duplicated(), "duplicates", show="id")
    actors = _actors(sieve.rows)
    accepted = sieve.rows["accepted"].str.replace(r"\s*[|;,/]\s*", ", ", regex=True)
    resources = pd.DataFrame(
        {
            "resource_id": actors["actor_id"] + ":centre",
            "actor_id": actors["actor_id"],
            "category": CATEGORY,
            "label": ("SINOE " + accepted).str.strip(", "),
            "quantity": 1.0,
            "unit": "unit",
            "available": "shareable",
            "shareable": False,
        }
    )
    source = source_row(
        path,
        kind="sinoe",
        title="SINOE déchets : annuaire des déchèteries",
        producer="ADEME",
        licence="Licence Ouverte 2.0",
        data_year=wanted,
    )
    return sieve.extract({v.ACTORS: actors, v.RESOURCES: resources}, source=source)


def _read(path: Path) -> pd.DataFrame:
    """Return the rows of either format as text."""
    if path.suffix.lower() not in ENDINGS:
        return read_rows(path, needed=NEEDED, wanted=WANTED)
    content = read_json(path)
    results = content.get("results") if isinstance(content, Mapping) else None
    if not isinstance(results, list) or not results:
        raise not_expected(path, expected="results")
    columns = {name: ways[0] for name, ways in {**NEEDED, **WANTED}.items()}
    cells = []
    for one in results:
        folded = (
            {fold(str(key)): value for key, value in one.items()}
            if isinstance(one, Mapping)
            else {}
        )
        cells.append({name: _cell(folded.get(key)) for name, key in columns.items()})
    rows = pd.DataFrame(cells, columns=list(columns), dtype="str")
    total = content.get("total")
    missing = [columns[name] for name in NEEDED if rows[name].isin(NULLS).all()]
    if missing:
        raise not_expected(path, expected=", ".join(missing))
    rows = rows.mask(rows.isin(NULLS)).set_axis(pd.RangeIndex(1, len(rows) + 1))
    rows.attrs["total"] = total if isinstance(total, int) else 0
    return rows


def _cell(value: object) -> str:
    """Return a JSON value as text; lists are joined."""
    if isinstance(value, list):
        return v.join_list(text_of(one) for one in value)
    return text_of(value)


def _actors(kept: pd.DataFrame) -> pd.DataFrame:
    latitude, longitude = points(kept["point"])
    owner = kept["owner"].fillna("").map(fold)
    is_private = pd.Series([any(word in cell for word in _PRIVATE) for cell in owner], kept.index)
    family = pd.Series("public", index=kept.index, dtype="str")
    return pd.DataFrame(
        {
            "actor_id": "sinoe:" + kept["id"],
            "name": kept["name"],
            "family": family.mask(is_private, "business"),
            "sectors": "water_waste",
            "address": addresses(kept["street"], postcode=kept["postcode"], city=kept["city"]),
            "commune_id": commune_codes(kept["commune_id"]),
            "latitude": numbers(kept["latitude"]).fillna(latitude),
            "longitude": numbers(kept["longitude"]).fillna(longitude),
            "city": kept["city"],
            "department": departments(kept["department"], postcode=kept["postcode"]),
        }
    )
