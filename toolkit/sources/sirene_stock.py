"""Establishments from the stock of Sirene in its current layout (since 2019)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import pandas as pd

from toolkit import nomenclature
from toolkit import vocabulary as v
from toolkit.errors import Problem
from toolkit.schema.identifiers import invalid_sirets
from toolkit.sources.columnar import padded, select_rows
from toolkit.sources.ess_lists import EssList, read_ess_list
from toolkit.sources.extract import Extract, Sieve, source_row
from toolkit.sources.passage import Passage
from toolkit.sources.reading import commune_codes
from toolkit.sources.sirene_places import SPLIT, addresses, points_of, widened
from toolkit.sources.sirene_rules import (
    HOLDINGS,
    are_persons,
    families,
    forms_of,
    known_activities,
    known_bands,
)
from toolkit.sources.sirene_units import DIFFUSED, SIREN_WIDTH, join_units, unit_names
from toolkit.sources.years import latest_year

Progress = Callable[[str, int], object]
"""Told the step that has ended (``establishments``, ``legal_units``, ``points``) and its rows."""

NEEDED: Final = {
    "siret": ("siret",),
    "commune": ("codecommuneetablissement",),
    "state": ("etatadministratifetablissement",),
    "diffusion": ("statutdiffusionetablissement",),
}
WANTED: Final = {
    "treated": ("datederniertraitementetablissement",),
    "band": ("trancheeffectifsetablissement",),
    "usual": ("denominationusuelleetablissement",),
    "sign1": ("enseigne1etablissement",),
    "sign2": ("enseigne2etablissement",),
    "sign3": ("enseigne3etablissement",),
    "activity": ("activiteprincipaleetablissement",),
    "version": ("nomenclatureactiviteprincipaleetablissement",),
    "activity_2025": ("activiteprincipalenaf25etablissement",),
    "number": ("numerovoieetablissement",),
    "repetition": ("indicerepetitionetablissement",),
    "street_kind": ("typevoieetablissement",),
    "street": ("libellevoieetablissement",),
    "postcode": ("codepostaletablissement",),
    "town": ("libellecommuneetablissement",),
}
_OPEN: Final = "A"
_IN_FORCE: Final = frozenset({"NAFRev2", "NAF2025"})
_SIRET_WIDTH: Final = 14
_BAND_WIDTH: Final = 2
_RNA: Final = r"W\d{9}"
_UNKNOWN_FAMILY: Final = "business"


def load_sirene(  # noqa: PLR0913 - one file a kind of facts, one option a choice
    establishments: Path,
    *,
    legal_units: Path | None,
    geolocation: Path | None,
    ess_lists: Sequence[Path] = (),
    communes: Iterable[str],
    passage: Passage | None = None,
    on: dt.date | None = None,
    with_natural_persons: bool = False,
    with_holdings: bool = False,
    progress: Progress | None = None,
) -> Extract:
    """Return the open establishments of some communes as actors.

    Parameters
    ----------
    establishments : Path
        ``StockEtablissement``: Parquet, CSV, or a zip with one CSV.
    legal_units : Path or None
        ``StockUniteLegale``, likewise.  Without it nobody can tell a company from a person: names,
        addresses and points are then withheld.
    geolocation : Path or None
        Geolocation of the establishments for statistical studies, likewise.
    ess_lists : sequence of Path
        Lists of units of the social economy, see :func:`toolkit.sources.ess_lists.read_ess_list`.
    communes : iterable of str
        INSEE codes of the perimeter.
    passage : Passage, optional
        Finds the rows still filed under the code of a commune that has merged.
    on : date, optional
        Day at which an agreement of a list must not have ended.
    with_natural_persons : bool, default False
        Whether natural persons that are diffused keep name, address and point.
    with_holdings : bool, default False
        Whether holdings and companies that let their own property are kept.
    progress : callable, optional
        Told each step that has ended, and its number of rows.

    Returns
    -------
    Extract
        ``actors``, id ``siret:...``, with the extra column ``rna`` (number of the association of
        the legal unit); ``sources`` holds the files used beside the first.

    Raises
    ------
    DataError
        If a file cannot be read or lacks a column, or no commune is asked for.
    MissingDependencyError
        If `duckdb` is not installed.

    Notes
    -----
    - Rows of other communes are never read into memory; ``read`` counts those of the communes asked
      for, closed ones included.  Arrondissements of Paris, Lyon and Marseille are their commune.
    - Diffusion other than ``O`` (``P``, formerly ``N``), of the establishment or of its legal unit:
      the actor is kept in its commune without name, address or point, and marked.  Persons (legal
      form 1xxx, undivided property or company in fact of persons) likewise, unless the caller asks
      for them.  The SIRET then stands for the name.
    - Name: usual name or sign of the establishment, with the name of the legal person behind it.
    - Activity: NAF rev. 2 where the row has one, else NAF 2025; older codes are left out.
    - Size class ``NN`` (no employee, or unknown) stays ``NN``: it is not zero.
    - ESS: true by the flag of the register or by a list, false by the flag, else empty.  A unit of
      unknown legal form counts as business, the case of most.
    """
    asked = widened(communes, passage=passage)
    report = progress or (lambda _step, _rows: None)
    sieve = _sieved(establishments, asked=asked, with_holdings=with_holdings)
    report("establishments", len(sieve.rows))
    join_units(sieve, legal_units, with_natural_persons=with_natural_persons)
    report("legal_units", int(sieve.rows["siren"].nunique()))
    lists = [read_ess_list(path, on=on) for path in ess_lists]
    _mark_hidden(sieve, with_natural_persons=with_natural_persons)
    points = points_of(geolocation, sieve, sirets=sieve.rows["siret"][~sieve.rows["hidden"]])
    report("points", int(points["latitude"].notna().sum()))
    actors = _actors(sieve, points=points, lists=lists)
    extract = sieve.extract({v.ACTORS: actors}, source=_source(establishments, sieve.rows))
    beside = [
        source_row(path, kind=kind, title=title, producer="INSEE", licence="Licence Ouverte 2.0")
        for path, kind, title in (
            (legal_units, "sirene_units", "Répertoire Sirene, unités légales (stock)"),
            (geolocation, "sirene_points", "Géolocalisation des établissements de Sirene"),
        )
        if path is not None
    ]
    sources = pd.DataFrame([*beside, *(one.source for one in lists)])
    notes = (*extract.notes, *(note for one in lists for note in one.notes))
    tables = {**extract.tables, **({v.SOURCES: sources} if len(sources) else {})}
    return replace(extract, tables=tables, notes=notes)


def _sieved(path: Path, *, asked: Mapping[str, str], with_holdings: bool) -> Sieve:
    """Return the open establishments of the communes asked for, one row a SIRET."""
    # Where a number took the zero of a code, the row is still found.
    among = [*asked, *(code[1:] for code in asked if code.startswith("0"))]
    rows = select_rows(
        path,
        needed=NEEDED,
        wanted=WANTED,
        key="commune",
        among=among,
        detailed=("state", _OPEN),
    )
    sieve = Sieve(rows, where=path.name)
    if rows.empty:
        shown = {"examples": ", ".join(list(asked)[:3])}
        sieve.notes.append(
            Problem("sources_sirene_nothing", found="0", where=path.name, params=shown)
        )
    sieve.drop(rows["state"] != _OPEN, "closed", show="siret")
    rows = sieve.rows
    siret = padded(rows["siret"], _SIRET_WIDTH)
    codes = pd.Series(rows["commune"].unique(), dtype="str")
    filed = dict(zip(codes, commune_codes(codes).map(asked), strict=True))
    sieve.rows = rows.assign(
        siret=siret.mask(invalid_sirets(siret)),
        siren=siret.str[:SIREN_WIDTH],
        commune_id=rows["commune"].map(filed).astype("str"),
        **_activities(rows),
    )
    sieve.drop(sieve.rows["siret"].isna(), "bad_siret", show="siren")
    sieve.drop(sieve.rows["commune_id"] == SPLIT, "commune_split", show="commune")
    sieve.drop(sieve.rows["siret"].duplicated(), "duplicates", show="siret")
    if not with_holdings:
        sieve.drop(sieve.rows["activity"].isin(HOLDINGS), "holdings", show="siret")
    return sieve


def _activities(rows: pd.DataFrame) -> dict[str, pd.Series[str]]:
    """Return the activity and its version: NAF rev. 2 where there is one, else NAF 2025."""
    is_old = rows["version"].notna() & ~rows["version"].isin(_IN_FORCE)
    current = known_activities(rows["activity"].mask(is_old))
    activity = current.fillna(known_activities(rows["activity_2025"]))
    version = activity.map(nomenclature.naf_version, na_action="ignore").astype("str")
    return {"activity": activity, "activity_version": version}


def _mark_hidden(sieve: Sieve, *, with_natural_persons: bool) -> None:
    """Mark who opposed diffusion, who is a person, and whose name, address and point are hidden."""
    rows = sieve.rows
    opposed = (rows["diffusion"] != DIFFUSED) | rows["unit_diffusion"].fillna(DIFFUSED).ne(DIFFUSED)
    person = are_persons(rows["form"])
    unknown = rows["form"].isna()
    sieve.note("sirene_opposed", int(opposed.sum()))
    if not with_natural_persons:
        sieve.note("sirene_unnamed_persons", int((person & ~opposed).sum()))
    hidden = opposed | unknown | (person & (not with_natural_persons))
    sieve.rows = rows.assign(
        opposed=opposed, person=person.astype("boolean").mask(unknown), hidden=hidden
    )


def _actors(sieve: Sieve, *, points: pd.DataFrame, lists: Sequence[EssList]) -> pd.DataFrame:
    kept = sieve.rows
    is_ess = _ess(kept, lists)
    forms = kept["form"].fillna("")
    kinds = families(forms, is_ess=is_ess.fillna(value=False).astype("bool"))
    unknown_family = is_ess.fillna(value=False).map({True: "ess", False: _UNKNOWN_FAMILY})
    shown = ~kept["hidden"]
    band = padded(kept["band"], _BAND_WIDTH)
    return pd.DataFrame(
        {
            "actor_id": "siret:" + kept["siret"],
            "name": unit_names(kept).where(shown).fillna(kept["siret"]),
            "family": kinds["family"].mask(forms == "", unknown_family.astype("str")),
            "ess_form": kinds["ess_form"],
            "ess": is_ess,
            "siret": kept["siret"],
            "siren": kept["siren"],
            "rna": kept["rna"].where(shown & kept["rna"].str.fullmatch(_RNA).fillna(value=False)),
            "legal_form": forms_of(sieve, kept["form"]),
            "activity": kept["activity"],
            "activity_version": kept["activity_version"],
            "jobs_band": known_bands(band),
            "address": addresses(kept).where(shown),
            "commune_id": kept["commune_id"],
            **points.reindex(kept.index),
            "diffusible": (~kept["opposed"]).astype("boolean"),
            "natural_person": kept["person"],
        }
    )


def _ess(kept: pd.DataFrame, lists: Sequence[EssList]) -> pd.Series[bool]:
    """Return whether a unit is of the social economy, empty where nothing says it."""
    flag = kept["ess"].map({"O": True, "N": False}).astype("boolean")
    named = frozenset[str]().union(*(one.sirens for one in lists))
    return flag.mask(kept["siren"].isin(named), other=True)


def _source(path: Path, rows: pd.DataFrame) -> dict[str, object]:
    """Return the row of the table of sources; its year is that of the last treatment of a row."""
    return source_row(
        path,
        kind="sirene",
        title="Répertoire Sirene, établissements (stock)",
        producer="INSEE",
        licence="Licence Ouverte 2.0",
        data_year=latest_year(rows["treated"]),
    )
