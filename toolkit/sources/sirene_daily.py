"""Establishments from the daily files of SIRENE before 2019 (`;`, 119 columns, events)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import pandas as pd

from toolkit import vocabulary as v
from toolkit.schema.identifiers import clean_siret
from toolkit.sources.extract import Extract, Sieve, source_row
from toolkit.sources.reading import commune_codes, read_rows
from toolkit.sources.sirene_rules import (
    HOLDINGS,
    are_persons,
    families,
    forms_of,
    known_activities,
    known_bands,
    names_of,
)
from toolkit.sources.years import latest_year

_NAMES: Final = (
    "siren",
    "nic",
    "l1_normalisee",
    "nomen_long",
    "enseigne",
    "l4_normalisee",
    "l6_normalisee",
    "depet",
    "comet",
    "apet700",
    "tefet",
    "nj",
    "ess",
    "vmaj",
    "datemaj",
    "diffcom",
)
_KEYS: Final = ("siren", "nic", "depet", "comet", "nj", "vmaj", "datemaj")
NEEDED: Final = {name: (name,) for name in _KEYS}
WANTED: Final = {name: (name,) for name in _NAMES if name not in NEEDED}
_ORDER: Final[Mapping[str, int]] = MappingProxyType(
    {"I": 0, "C": 1, "D": 1, "F": 1, "E": 2, "O": 2}
)
"""Order of the states of one establishment that bear one time stamp."""


def load_sirene_daily(path: Path, *, with_holdings: bool = False) -> Extract:
    """Return the establishments of legal persons in their last known state.

    Parameters
    ----------
    path : Path
        One or several daily files joined, with their header.
    with_holdings : bool, default False
        Whether holdings and companies that let their own property are kept.

    Returns
    -------
    Extract
        ``actors``, id ``siret:...``.

    Raises
    ------
    DataError
        If the file cannot be read or lacks a column.

    Notes
    -----
    A daily file holds events, not a stock: who did not change on those days is not there.

    - Last state of a SIRET: by `DATEMAJ`, then initial state (`I`), then creation, final state or
      entry into diffusion (`C`, `F`, `D`), then end or withdrawal (`E`, `O`), then order of the
      file.  One that ends in `E` has closed, in `O` has left the diffusion: neither is an actor.
      One that ends in `I` lacks its final state (it moved out of the cut): it is left out.
    - Persons (legal form 1xxx, undivided property or company in fact of persons) and rows without
      legal form are left out; their names are not kept.  Address lines that may name a person (L2,
      L3) are not read.
    - Commune: `DEPET` + `COMET` (overseas ``97`` + ``2xx``).
    - Family by the legal form; a form that has left the official list (5498, 5720) gives the family
      of its first digit, never ESS, and leaves the cell empty.  `ESS` at ``O`` makes a company ESS.
    - `DIFFCOM` other than ``O``: the actor is kept in its commune without name and address, and
      marked as not to be spread.
    """
    sieve = Sieve(read_rows(path, needed=NEEDED, wanted=WANTED), where=path.name)
    _take_last_states(sieve)
    forms = sieve.rows["nj"].fillna("")
    sieve.drop((forms == "") | are_persons(forms), "natural_persons")
    sieve.drop(sieve.rows["vmaj"].isin(["E"]), "closed", show="siret")
    sieve.drop(sieve.rows["vmaj"].isin(["O"]), "withdrawn", show="siret")
    sieve.drop(sieve.rows["vmaj"].isin(["I"]), "no_final_state", show="siret")
    codes = commune_codes(sieve.rows["depet"].str.zfill(2) + sieve.rows["comet"].str.zfill(3))
    sieve.rows = sieve.rows.assign(
        commune_id=codes, activity=known_activities(sieve.rows["apet700"])
    )
    sieve.drop(sieve.rows["commune_id"].isna(), "no_commune", show="siret")
    if not with_holdings:
        sieve.drop(sieve.rows["activity"].isin(HOLDINGS), "holdings", show="siret")
    actors = _actors(sieve)
    first, last = sieve.rows["datemaj"].min(), sieve.rows["datemaj"].max()
    sieve.note("events_only", len(actors), examples=[f"{str(first)[:10]} – {str(last)[:10]}"])
    source = source_row(
        path,
        kind="sirene",
        title="Répertoire Sirene, fichiers quotidiens (ancien format)",
        producer="INSEE",
        licence="Licence Ouverte 2.0",
        data_year=latest_year(sieve.rows["datemaj"]),
    )
    return sieve.extract({v.ACTORS: actors}, source=source)


def _take_last_states(sieve: Sieve) -> None:
    """Keep one row a SIRET: its last state."""
    rows = sieve.rows
    joined = rows["siren"].fillna("").str.zfill(9) + rows["nic"].fillna("").str.zfill(5)
    checked = [clean_siret(cell)[0] for cell in joined]
    sieve.rows = rows.assign(siret=pd.Series(checked, index=rows.index, dtype="str"))
    sieve.drop(sieve.rows["siret"].isna(), "bad_siret", show="siren")
    ordered = sieve.rows.assign(rank=sieve.rows["vmaj"].map(_ORDER).fillna(1)).sort_values(
        ["siret", "datemaj", "rank"], kind="stable"
    )
    earlier = ordered["siret"].duplicated(keep="last").reindex(sieve.rows.index)
    sieve.drop(earlier, "earlier_states", show="siret")


def _actors(sieve: Sieve) -> pd.DataFrame:
    kept = sieve.rows
    town = kept["l6_normalisee"].fillna("")
    legal = kept["nomen_long"].fillna(kept["l1_normalisee"]).fillna(kept["siret"])
    return pd.DataFrame(
        {
            "actor_id": "siret:" + kept["siret"],
            "name": names_of(legal, sign=kept["enseigne"]),
            **families(kept["nj"], is_ess=kept["ess"] == "O"),
            "ess": kept["ess"].map({"O": True, "N": False}).astype("boolean"),
            "siret": kept["siret"],
            "legal_form": forms_of(sieve, kept["nj"]),
            "activity": kept["activity"],
            "jobs_band": known_bands(kept["tefet"]),
            "address": (kept["l4_normalisee"].fillna("") + ", " + town).str.strip(", "),
            "commune_id": kept["commune_id"],
            "diffusible": (kept["diffcom"].fillna("O") == "O").astype("boolean"),
        }
    )
