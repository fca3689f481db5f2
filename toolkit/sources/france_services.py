"""France Services, the counters where people get help with public services (ANCT)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pandas as pd

from toolkit import vocabulary as v
from toolkit.nomenclature import fold
from toolkit.sources.extract import Extract, Sieve, source_row
from toolkit.sources.reading import commune_codes, numbers, read_rows
from toolkit.sources.towns import addresses

NEEDED: Final = {"id": ("id_fs",), "name": ("lib_fs",), "commune_id": ("insee_com",)}
WANTED: Final = {
    "latitude": ("latitude",),
    "longitude": ("longitude",),
    "street": ("adresse",),
    "postcode": ("code_postal",),
    "city": ("lib_com",),
    "moving": ("itinerance",),
    "format": ("format_fs",),
}
CATEGORY: Final = "services.daily_life.public_service_point"


def load_france_services(path: Path, *, data_year: int | None = None) -> Extract:
    """Return the France Services as actors, each with its counter.

    Parameters
    ----------
    path : Path
        List of the labelled structures; mail, telephone and comments are not read.
    data_year : int, optional
        Year of the list: the file does not say it.

    Returns
    -------
    Extract
        ``actors`` (id ``fs:...``, family ``public``) and one ``resources`` row each: one service
        point.

    Raises
    ------
    DataError
        If the file cannot be read or lacks a column.

    Notes
    -----
    The list does not say who carries a France Services (commune, La Poste, association ...): the
    family is that of the service.  One row is one structure, though some hold several sites; those
    that move are counted in a note, as they are drawn at one place only.
    """
    sieve = Sieve(read_rows(path, needed=NEEDED, wanted=WANTED), where=path.name)
    sieve.rows = sieve.rows.assign(commune_id=commune_codes(sieve.rows["commune_id"]))
    sieve.drop(sieve.rows[["id", "name", "commune_id"]].isna().any(axis=1), "incomplete")
    sieve.drop(sieve.rows["id"].duplicated(), "duplicates", show="id")
    kept = sieve.rows
    moving = kept["moving"].fillna("").map(fold) == "oui"
    sieve.note("moving_services", int(moving.sum()), examples=kept["name"][moving])
    actors = pd.DataFrame(
        {
            "actor_id": "fs:" + kept["id"],
            "name": kept["name"],
            "family": "public",
            "sectors": "public_services",
            "address": addresses(kept["street"], postcode=kept["postcode"], city=kept["city"]),
            "commune_id": kept["commune_id"],
            "latitude": numbers(kept["latitude"]),
            "longitude": numbers(kept["longitude"]),
        }
    )
    resources = pd.DataFrame(
        {
            "resource_id": "fs:" + kept["id"] + ":point",
            "actor_id": "fs:" + kept["id"],
            "category": CATEGORY,
            "quantity": 1.0,
            "unit": "unit",
            "available": "shareable",
            "shareable": False,
        }
    )
    source = source_row(
        path,
        kind="france_services",
        title="Liste des structures labellisées France services",
        producer="ANCT",
        licence="Licence Ouverte 2.0",
        data_year=data_year,
    )
    return sieve.extract({v.ACTORS: actors, v.RESOURCES: resources}, source=source)
