"""Communes as legal persons: the town halls, by the SIREN that the file of groupings gives them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pandas as pd

from toolkit import nomenclature
from toolkit import vocabulary as v
from toolkit.schema.identifiers import clean_siren
from toolkit.sources.extract import Extract, Sieve, source_row
from toolkit.sources.populations import read_populations

LEGAL_FORM: Final = "7210"
_VOWELS: Final = "aeiouyéèêëàâîïôœAEIOUYÉÈÊËÀÂÎÏÔŒ"


def load_municipalities(path: Path, *, data_year: int | None = None) -> Extract:
    """Return each commune as a public actor, with its SIREN.

    Parameters
    ----------
    path : Path
        File of communes and groupings (:mod:`toolkit.sources.populations`) with the SIREN of the
        communes.
    data_year : int, optional
        Year of the file, where it does not say it.

    Returns
    -------
    Extract
        ``actors``, id ``siren:...``, at their commune.  The groupings themselves are no actors
        here: the file does not say in which commune they have their seat.

    Raises
    ------
    DataError
        If the file cannot be read.
    """
    rows = read_populations(path)
    sieve = Sieve(rows, where=path.name)
    checked = [clean_siren(cell)[0] for cell in rows["siren"]]
    sieve.rows = rows.assign(siren=pd.Series(checked, index=rows.index, dtype="str"))
    sieve.drop(
        sieve.rows["siren"].isna() | sieve.rows["name"].isna(), "no_siren", show="commune_id"
    )
    kept = sieve.rows
    family, _ = nomenclature.legal_family(LEGAL_FORM)
    actors = pd.DataFrame(
        {
            "actor_id": "siren:" + kept["siren"],
            "name": kept["name"].map(municipality_name),
            "family": family,
            "siren": kept["siren"],
            "legal_form": LEGAL_FORM,
            "sectors": "public_services",
            "commune_id": kept["commune_id"],
        }
    )
    source = source_row(
        path,
        kind="municipalities",
        title="Communes et groupements (identifiants, populations)",
        producer="DGCL / INSEE",
        licence="Licence Ouverte 2.0",
        data_year=data_year,
    )
    return sieve.extract({v.ACTORS: actors}, source=source)


def municipality_name(commune: str) -> str:
    """Return the name of a commune as a legal person, in French.

    Examples
    --------
    >>> [municipality_name(name) for name in ("Millau", "Aguessac", "Le Rozier", "Les Vans")]
    ['Commune de Millau', "Commune d'Aguessac", 'Commune du Rozier', 'Commune des Vans']
    """
    for article, joined in (("Le ", "du "), ("Les ", "des ")):
        if commune.startswith(article):
            return f"Commune {joined}{commune.removeprefix(article)}"
    return f"Commune d'{commune}" if commune[:1] in _VOWELS else f"Commune de {commune}"
