"""Structures of work integration (SIAE): agreements listed by the ASP, and the list geocoded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import pandas as pd

from toolkit import nomenclature
from toolkit import vocabulary as v
from toolkit.nomenclature import fold
from toolkit.schema.identifiers import clean_siret
from toolkit.sources.extract import Extract, Sieve, source_row
from toolkit.sources.reading import activity_codes, numbers, place_name, read_rows
from toolkit.sources.sirene_rules import are_persons
from toolkit.sources.towns import addresses, departments

NEEDED: Final = {
    "siret": ("siret",),
    "name": ("name", "denomination_sociale"),
    "kind": ("kind", "mesure"),
    "city": ("city", "lib_com", "commune"),
}
WANTED: Final = {
    "department": ("department", "code_departement"),
    "activity": ("naf", "code_naf2"),
    "form": ("nature_juridique",),
    "address": ("address",),
    "number": ("num_rue",),
    "street": ("nom_rue",),
    "postcode": ("post_code", "code_post_com", "code_postal"),
    "longitude": ("longitude",),
    "latitude": ("latitude",),
    "score": ("geocoding_score",),
}
WORK_INTEGRATION: Final = "social.work_integration"
SHELTERED_WORK: Final = "social.sheltered_work"
_SHELTERED: Final = frozenset({"EA", "EATT", "ESAT"})
_ASSOCIATION_ONLY: Final = "AI"
"""Associations intermédiaires are associations by law (code du travail, L5132-7)."""
LOWEST_SCORE: Final = 0.5
"""Geocoding score under which a point is not used: the place is then that of the commune."""
_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "cooperati": "cooperative",
        "association": "association",
        "fondation": "foundation",
        "mutuelle": "mutual",
    }
)


def load_siae(path: Path, *, data_year: int | None = None) -> Extract:
    """Return the structures of work integration as actors, with what they offer.

    Parameters
    ----------
    path : Path
        List of the ASP (`MESURE`, `NATURE_JURIDIQUE` ...) or geocoded list (`kind`, `longitude`
        ...); telephone and mail are not read.
    data_year : int, optional
        Year of the list: the file does not say it.

    Returns
    -------
    Extract
        ``actors`` (id ``siret:...``) with the extra columns ``city`` and ``department``, by which
        :func:`toolkit.sources.assemble.assemble` finds the commune, as the lists have no INSEE
        code; ``resources``, one an agreement, without quantity: the lists have no number of places.

    Raises
    ------
    DataError
        If the file cannot be read or lacks a column.

    Notes
    -----
    - Family: ``ess``, as the agreement gives the label of ESUS by right (code du travail,
      L3332-17-1), unless the legal form is that of a public body that carries a workshop.
    - Form: that of the legal form if the list has it (a commercial company becomes
      ``esus_company``); a label of legal form that our nomenclature lacks is told by its word
      (association, cooperative ...); else empty.
    - Persons (craftsman, farmer ...) carry neither name, nor address, nor point: the SIRET stands
      for the name.
    - A point whose geocoding score is below 0.5 is not used.
    """
    sieve = Sieve(read_rows(path, needed=NEEDED, wanted=WANTED), where=path.name)
    cleaned = [clean_siret(cell)[0] for cell in sieve.rows["siret"]]
    sieve.rows = sieve.rows.assign(siret=pd.Series(cleaned, index=sieve.rows.index, dtype="str"))
    sieve.drop(sieve.rows["siret"].isna(), "bad_siret", show="name")
    sieve.rows = sieve.rows.assign(kind=sieve.rows["kind"].fillna("SIAE").str.upper())
    sieve.drop(sieve.rows.duplicated(["siret", "kind"]), "duplicates", show="siret")
    kept = sieve.rows
    weak = numbers(kept["score"]) < LOWEST_SCORE
    sieve.note("weak_points", int(weak.sum()), examples=kept["name"][weak])
    families = pd.DataFrame(
        [_family(form, kind) for form, kind in zip(kept["form"], kept["kind"], strict=True)],
        index=kept.index,
        columns=["family", "ess_form", "legal_form"],
        dtype="str",
    )
    unknown = families["legal_form"].isna()
    sieve.note("form_unknown", int(unknown.sum()), examples=kept["form"][unknown].dropna().unique())
    person = are_persons(kept["form"])
    sieve.note("sirene_unnamed_persons", int(person.sum()))
    actors = pd.DataFrame(
        {
            "actor_id": "siret:" + kept["siret"],
            "name": kept["name"].mask(person, kept["siret"]),
            **families,
            "siret": kept["siret"],
            "activity": _activities(kept["activity"]),
            "address": _addresses(kept).mask(person),
            "latitude": numbers(kept["latitude"]).mask(weak | person),
            "longitude": numbers(kept["longitude"]).mask(weak | person),
            "natural_person": person.astype("boolean").mask(kept["form"].isna()),
            "city": kept["city"],
            "department": _departments(kept),
        }
    ).drop_duplicates("actor_id")
    sieve.counts["actors"] = len(actors)
    source = source_row(
        path,
        kind="siae",
        title="Structures d'insertion par l'activité économique conventionnées",
        producer="DGEFP / ASP",
        data_year=data_year,
    )
    return sieve.extract({v.ACTORS: actors, v.RESOURCES: _resources(kept)}, source=source)


def _family(form: object, kind: str) -> tuple[str, str | None, str | None]:
    """Return family, ESS form and legal form of a structure."""
    folded = fold(form) if isinstance(form, str) else ""
    code = nomenclature.lookup("legal_forms").get(folded)
    if code:
        family, ess_form = nomenclature.legal_family(code)
        if family == "public":
            return "public", None, code
        return "ess", ess_form or ("esus_company" if family == "business" else None), code
    if kind == _ASSOCIATION_ONLY:
        return "ess", "association", None
    return "ess", next((form for word, form in _WORDS.items() if word in folded), None), None


def _activities(cells: pd.Series[str]) -> pd.Series[str]:
    found = activity_codes(cells)
    return found.where(found.isin(nomenclature.codes("naf")))


def _addresses(kept: pd.DataFrame) -> pd.Series[str]:
    street = kept["address"].fillna(
        (kept["number"].fillna("") + " " + kept["street"].fillna("")).str.strip()
    )
    return addresses(street, postcode=kept["postcode"], city=kept["city"])


def _departments(kept: pd.DataFrame) -> pd.Series[str]:
    """Return the département of the postcode; that of the row is where the agreement was signed."""
    nothing = pd.Series(None, index=kept.index, dtype="str")
    by_post = departments(nothing, postcode=kept["postcode"])
    return by_post.fillna(departments(kept["department"], postcode=nothing))


def _resources(kept: pd.DataFrame) -> pd.DataFrame:
    sheltered = kept["kind"].isin(_SHELTERED)
    category = pd.Series(WORK_INTEGRATION, index=kept.index, dtype="str")
    return pd.DataFrame(
        {
            "resource_id": "siret:" + kept["siret"] + ":" + kept["kind"].map(place_name),
            "actor_id": "siret:" + kept["siret"],
            "category": category.mask(sheltered, SHELTERED_WORK),
            "label": kept["kind"],
            "available": "shareable",
            "shareable": False,
        }
    )
