"""Lists of enterprises of the social economy: that of ESS France, the agreements of ESUS."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from toolkit.errors import Problem
from toolkit.schema.cells import read
from toolkit.schema.contracts import Column
from toolkit.schema.identifiers import SIREN_LENGTH, SIRET_LENGTH, invalid_sirens
from toolkit.sources.columnar import select_rows
from toolkit.sources.extract import source_row
from toolkit.sources.reading import listed
from toolkit.sources.sheets import ENDING, read_table

if TYPE_CHECKING:
    import pandas as pd

NEEDED: Final = {
    "siren": (
        "siren",
        "siret",
        "siren/siret",
        "siret/siren",
        "siren / siret",
        "n° siren",
        "n° siret",
        "n°siren",
        "n°siret",
        "numéro siren",
        "numero siren",
        "numero siret",
        "numero_siren",
        "numero_siret",
    ),
}
WANTED: Final = {
    "family": (
        "famille juridique de l'entreprise",
        "famille juridique",
        "famille_juridique",
        "famille_ess",
        "famille",
    ),
    "flag": ("economiesocialesolidaireunitelegale", "flag_ess_sirene"),
    "expiry": (
        "date de fin d'agrement",
        "date de fin de l'agrement",
        "date de fin",
        "fin d'agrement",
        "fin de l'agrement",
        "fin de validite",
        "date d'echeance",
        "echeance",
        "date_fin",
    ),
}
_YES: Final = frozenset({"O", "True", "true", "1"})
_EXPIRY: Final = Column("expiry", "date")


@dataclass(frozen=True, slots=True, eq=False)
class EssList:
    """Units of the social economy by one list.

    Attributes
    ----------
    sirens : frozenset of str
        Valid SIREN of the units.
    source : dict
        The row of the table of sources.
    notes : tuple of Problem
        Numbers that are none, agreements that have ended.
    """

    sirens: frozenset[str]
    source: dict[str, Any]
    notes: tuple[Problem, ...]


def read_ess_list(path: Path, *, on: dt.date | None = None) -> EssList:
    """Return the units that a list says are of the social economy.

    Parameters
    ----------
    path : Path
        CSV, zip or Parquet with a column of SIREN or SIRET; or .xlsx, with or without title rows.
    on : date, optional
        Day at which an agreement must not have ended.  Without it none is tested.

    Raises
    ------
    DataError
        If the file cannot be read or has no such column.
    MissingDependencyError
        If `duckdb` is not installed and the file is no .xlsx.

    Notes
    -----
    - A SIREN gets back the zeros that a number lost, and loses its blanks; a SIRET gives its SIREN.
      What fails the check digit is left out.
    - Where a list tells a family or a flag, rows with neither are not taken: compilations hold
      other units beside the social economy.
    - An agreement is valid on its last day; one whose end is not told is taken.
    """
    if path.suffix.lower() == ENDING:
        rows = read_table(path, needed=NEEDED, wanted=WANTED)
    else:
        rows = select_rows(path, needed=NEEDED, wanted=WANTED)
    notes: list[Problem] = []
    if rows["family"].notna().any() or rows["flag"].notna().any():
        rows = rows[rows["family"].notna() | rows["flag"].isin(_YES)]
    ends = rows["expiry"].map(_day).astype("str")
    if on is not None:
        ended = ends.notna() & (ends < on.isoformat())
        notes += _note("ended", rows["siren"][ended], path=path)
        rows = rows[~ended]
    elif ends.notna().any():
        notes += _note("untested", rows["siren"][ends.notna()], path=path)
    sirens = sirens_of(rows["siren"])
    notes += _note("numbers", rows["siren"][sirens.isna() & rows["siren"].notna()], path=path)
    source = source_row(path, kind="ess", title="Liste d'entreprises de l'ESS")
    return EssList(frozenset(sirens.dropna()), {**source, "rows": len(rows)}, tuple(notes))


def sirens_of(cells: pd.Series[str]) -> pd.Series[str]:
    """Return the SIREN that cells hold, missing where they hold none; vectorised.

    Examples
    --------
    >>> import pandas as pd
    >>> sirens_of(pd.Series(["732 829 320", "73282932000074", "5520135", "12"])).tolist()
    ['732829320', '732829320', '005520135', nan]
    """
    bare = cells.astype("str").str.replace(r"\.0$", "", regex=True)
    bare = bare.str.replace(r"[\s.\u200b\ufeff]", "", regex=True)
    is_siret = bare.str.len().between(SIRET_LENGTH - 1, SIRET_LENGTH).astype("bool")
    bare = bare.mask(is_siret, bare.str.zfill(SIRET_LENGTH).str[:SIREN_LENGTH])
    bare = bare.str.zfill(SIREN_LENGTH)
    return bare.mask(invalid_sirens(bare))


def _day(cell: object) -> object:
    """Return the day of a cell as ISO text, nothing where it is none."""
    return read(cell, _EXPIRY).value


def _note(reason: str, cells: pd.Series[str], *, path: Path) -> list[Problem]:
    if cells.empty:
        return []
    shown = {"examples": listed(cells.drop_duplicates()) or "–"}
    return [Problem(f"sources_ess_{reason}", where=path.name, found=str(len(cells)), params=shown)]
