"""Associations declared in France (RNA, files `waldec` and `import`): seats known by commune."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import pandas as pd

from toolkit import vocabulary as v
from toolkit.schema.identifiers import clean_siret
from toolkit.sources.extract import Extract, Sieve, source_row
from toolkit.sources.near import EVERYWHERE, Near
from toolkit.sources.reading import commune_codes, lift_arrondissements, read_rows
from toolkit.sources.towns import departments

NEEDED: Final = {"id": ("id",), "name": ("titre",), "position": ("position",)}
WANTED: Final = {
    "siret": ("siret",),
    "nature": ("nature",),
    "grouping": ("groupement",),
    "theme": ("objet_social1",),
    "second": ("objet_social2",),
    "commune_id": ("adrs_codeinsee",),
    "postcode": ("adrs_codepostal",),
    "city": ("adrs_libcommune", "libcom"),
    "changed": ("maj_time",),
}
ACTIVE: Final = "A"
"""Position of an association that is neither dissolved, nor deleted, nor taken over elsewhere."""
ABSENT: Final = ("57", "67", "68")
"""Départements of local law: their associations are registered by the courts, not in the RNA."""
_NULLS: Final = frozenset({"_", "000000", "00000", "0001-01-01"})
_GROUPINGS: Final = frozenset({"U", "F"})
"""Unions and federations."""
_FORMS: Final[Mapping[str, str]] = MappingProxyType({"D": "9220", "R": "9230"})
"""Legal forms of an association declared, and of one recognised of public benefit."""
_THEME_LENGTH: Final = 3
_ANY_SECTOR: Final = "associations"
_SECTORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "005": "digital_media",
        "006": "culture_sport",
        "007": "culture_sport",
        "009": "culture_sport",
        "010": "culture_sport",
        "011": "culture_sport",
        "013": "culture_sport",
        "015": "education",
        "016": "research",
        "017": "health",
        "018": "social_care",
        "019": "social_care",
        "020": "social_care",
        "021": "social_care",
        "034": "tourism_catering",
    }
)
"""Sectors of the themes that are one; the rest are membership organisations."""


def load_rna(path: Path, *, data_year: int | None = None, near: Near = EVERYWHERE) -> Extract:
    """Return the associations that the register holds as active.

    Parameters
    ----------
    path : Path
        One département of `rna_waldec` or `rna_import`, or several put together, or the zip of
        all; address, site, mail, telephone and purpose are not read.
    data_year : int, optional
        Year of the register; that of the latest change that was read where it is left out.
    near : Near, optional
        The perimeter.  Of the national zip, which holds a file a département, only the files of its
        départements are read; other associations are counted and not kept, unless they bear the
        number or the SIRET of one of the perimeter.

    Returns
    -------
    Extract
        ``actors`` (id ``siret:...`` where a valid SIRET is given, else ``rna:...``), family ``ess``
        and form ``association``, with the extra columns ``rna`` and, for those without a commune
        code, ``city`` and ``department``.

    Raises
    ------
    DataError
        If the file cannot be read or lacks a column.

    Notes
    -----
    - Place: the commune alone, as the seat is often the home of a member.  The code may be of a
      commune that has merged: ``assemble`` brings it to the living one by its passage table.
    - Active means not dissolved in the register: many associations sleep there for years.
    - Sector: that of the theme (first three digits of `objet_social1`, else of `objet_social2`)
      where it is one of ours, else ``associations``.  Unions and federations get the role
      ``network``.
    - Associations of Bas-Rhin, Haut-Rhin and Moselle are not in the register.
    - The link of an association to its SIRET is better told by SIRENE, by ``rna``.
    """
    asked = near.departements()
    rows = read_rows(
        path,
        needed=NEEDED,
        wanted=WANTED,
        is_wanted=lambda code: not asked or code in asked,
        cut=near.cut(
            {("commune_id", "postcode"): lambda cells: _are_near(cells, near)},
            together=(("id",), ("siret",)),
        ),
    )
    rows = rows.mask(rows.isin(_NULLS)).assign(position=rows["position"].str.upper())
    sieve = Sieve(rows, where=path.name)
    sieve.drop(sieve.rows["position"] != ACTIVE, "rna_inactive")
    sieve.drop(sieve.rows[["id", "name"]].isna().any(axis=1), "incomplete")
    places = lift_arrondissements(commune_codes(sieve.rows["commune_id"]))
    sieve.rows = sieve.rows.assign(commune_id=places)
    nowhere = sieve.rows[["commune_id", "city"]].isna().all(axis=1)
    sieve.drop(nowhere, "rna_nowhere", show="id")
    sieve.rows = sieve.rows.sort_values("changed", kind="stable", na_position="first")
    sieve.drop(sieve.rows["id"].duplicated(keep="last"), "rna_states", show="id")
    sieve.rows = sieve.rows.sort_index()
    actors = _actors(sieve.rows, sieve=sieve)
    sieve.counts["actors"] = len(actors)
    sieve.note("rna_absent", len(ABSENT), examples=ABSENT)
    source = source_row(
        path,
        kind="rna",
        title="Répertoire national des associations",
        producer="Ministère de l'Intérieur",
        licence="Licence Ouverte 2.0",
        data_year=data_year or _latest_year(rows["changed"]),
    )
    return sieve.extract({v.ACTORS: actors}, source=source)


def _are_near(cells: pd.DataFrame, near: Near) -> pd.Series[bool]:
    """Return which seats may be in the perimeter: by commune, else by the postcode."""
    told = cells.mask(cells.isin(_NULLS))
    return near.holds_by_post(told["commune_id"], postcode=told["postcode"])


def _actors(kept: pd.DataFrame, *, sieve: Sieve) -> pd.DataFrame:
    """Return one row an association, one alone for a SIRET that several give."""
    cleaned = [clean_siret(cell) for cell in kept["siret"]]
    siret = pd.Series([value for value, _ in cleaned], index=kept.index, dtype="str")
    bad = pd.Series([code is not None for _, code in cleaned], index=kept.index)
    sieve.note("rna_siret", int(bad.sum()), examples=kept["id"][bad])
    shared = siret.notna() & siret.duplicated(keep=False)
    sieve.note("rna_shared", int(shared.sum()), examples=siret[shared].unique())
    siret = siret.mask(shared)
    themes = kept["theme"].fillna(kept["second"]).str[:_THEME_LENGTH]
    return pd.DataFrame(
        {
            "actor_id": ("rna:" + kept["id"]).mask(siret.notna(), "siret:" + siret.fillna("")),
            "name": kept["name"].str.split().str.join(" "),
            "family": "ess",
            "ess_form": "association",
            "siret": siret,
            "rna": kept["id"],
            "legal_form": kept["nature"].str.upper().map(_FORMS),
            "sectors": themes.map(_SECTORS).fillna(_ANY_SECTOR),
            "roles": kept["grouping"].str.upper().isin(_GROUPINGS).map({True: "network"}),
            "commune_id": kept["commune_id"],
            "city": kept["city"],
            "department": departments(
                pd.Series(None, index=kept.index, dtype="str"), postcode=kept["postcode"]
            ),
        }
    )


def _latest_year(changes: pd.Series[str]) -> int | None:
    """Return the year of the latest change; None where no cell is a day."""
    days = changes[changes.str.match(r"(19|20)\d\d-\d\d-\d\d").fillna(value=False).astype("bool")]
    return int(days.max()[:4]) if len(days) else None
