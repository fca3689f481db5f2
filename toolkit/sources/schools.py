"""Schools and their pupils (annuaire de l'éducation, ministry in charge of education)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import pandas as pd

from toolkit import nomenclature
from toolkit import vocabulary as v
from toolkit.nomenclature import fold
from toolkit.sources.extract import Extract, Sieve, source_row
from toolkit.sources.reading import commune_codes, numbers, read_rows

NEEDED: Final = {
    "uai": ("identifiant_de_l_etablissement", "uai", "numero_uai"),
    "name": ("nom_etablissement", "appellation_officielle"),
    "type": ("type_etablissement",),
    "commune_id": ("code_commune", "code_commune_insee"),
}
WANTED: Final = {
    "status": ("statut_public_prive", "secteur_public_prive_libe"),
    "commune_name": ("nom_commune",),
    "pupils": ("nombre_d_eleves",),
    "longitude": ("longitude",),
    "latitude": ("latitude",),
    "siren_siret": ("siren_siret",),
    "state": ("etat",),
}
CATEGORIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ecole": "services.education.primary_school",
        "college": "services.education.lower_secondary",
        "lycee": "services.education.upper_secondary",
        "erea": "services.education.upper_secondary",
        "medico-social": "services.health.disability",
    }
)
"""What a type of establishment offers; administrative services offer nothing of this kind."""
SECONDARY: Final = frozenset({"college", "lycee", "erea"})
SECONDARY_FORM: Final = "7331"
"""Legal form of public lower and upper secondary schools (code de l'éducation, L421-1)."""


def load_schools(path: Path) -> Extract:
    """Return schools as actors with what they offer.

    Parameters
    ----------
    path : Path
        Extract of the directory of schools, a row an establishment (UAI).

    Returns
    -------
    Extract
        ``actors`` (id ``uai:...``) and ``resources`` of the category of the type, in places.

    Raises
    ------
    DataError
        If the file cannot be read or lacks a column.

    Notes
    -----
    - The quantity is the number of pupils: the directory does not give the capacity.  It is what is
      in use, not what is free: ``shareable`` is false.
    - Family: a public lower or upper secondary school is a local teaching establishment, in the
      family of that legal form; other public schools are public; private ones are ``civil``: the
      directory does not say who runs them.
    - A name that several establishments bear gets the name of its commune.
    - A part of a school with its own UAI (SEGPA, attached lycée) is a row, as in the directory.
    """
    rows = read_rows(path, needed=NEEDED, wanted=WANTED)
    sieve = Sieve(rows, where=path.name)
    closed = sieve.rows["state"].fillna("").map(fold).isin({"ferme", "a fermer"})
    sieve.drop(closed, "closed", show="name")
    sieve.rows = sieve.rows.assign(commune_id=commune_codes(sieve.rows["commune_id"]))
    sieve.drop(sieve.rows[["commune_id", "uai", "name"]].isna().any(axis=1), "incomplete")
    sieve.drop(sieve.rows["uai"].duplicated(), "duplicates", show="uai")
    kept = sieve.rows.assign(
        kind=sieve.rows["type"].fillna("").map(fold), is_public=_is_public(sieve.rows)
    )
    sieve.note(
        "no_type", int((kept["kind"] == "").sum()), examples=kept["name"][kept["kind"] == ""]
    )
    private = ~kept["is_public"]
    sieve.note("private_schools", int(private.sum()))
    source = source_row(
        path,
        kind="schools",
        title="Annuaire de l'éducation",
        producer="Ministère de l'Éducation nationale",
        licence="Licence Ouverte 2.0",
    )
    tables = {v.ACTORS: _actors(kept), v.RESOURCES: _resources(kept)}
    sieve.counts["resources"] = len(tables[v.RESOURCES])
    return sieve.extract(tables, source=source)


def _is_public(rows: pd.DataFrame) -> pd.Series[bool]:
    """Return which establishments are public; one that does not say is a service of the State."""
    return ~rows["status"].fillna("").map(fold).str.startswith("prive")


def _actors(kept: pd.DataFrame) -> pd.DataFrame:
    family = pd.Series("civil", index=kept.index, dtype="str")
    family = family.mask(kept["is_public"], "public")
    secondary, _ = nomenclature.legal_family(SECONDARY_FORM)
    family = family.mask(kept["is_public"] & kept["kind"].isin(SECONDARY), secondary)
    shared = kept["name"].duplicated(keep=False) & kept["commune_name"].notna()
    return pd.DataFrame(
        {
            "actor_id": "uai:" + kept["uai"],
            "name": kept["name"].mask(shared, kept["name"] + " (" + kept["commune_name"] + ")"),
            "family": family,
            "sectors": "education",
            "commune_id": kept["commune_id"],
            "latitude": numbers(kept["latitude"]),
            "longitude": numbers(kept["longitude"]),
        }
    )


def _resources(kept: pd.DataFrame) -> pd.DataFrame:
    offering = kept[kept["kind"].isin(CATEGORIES)]
    pupils = numbers(offering["pupils"])
    return pd.DataFrame(
        {
            "resource_id": "uai:" + offering["uai"] + ":places",
            "actor_id": "uai:" + offering["uai"],
            "category": offering["kind"].map(CATEGORIES),
            "quantity": pupils,
            "unit": pd.Series("place", index=offering.index, dtype="str").where(pupils.notna()),
            "available": "shareable",
            "shareable": False,
        }
    )
