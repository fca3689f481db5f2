"""Legal units of the stock of Sirene: what they say about their establishments."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from toolkit.sources.columnar import padded, select_rows
from toolkit.sources.extract import Sieve
from toolkit.sources.sirene_rules import names_of

UNIT_NEEDED: Final = {
    "siren": ("siren",),
    "form": ("categoriejuridiqueunitelegale",),
    "unit_diffusion": ("statutdiffusionunitelegale",),
}
UNIT_WANTED: Final = {
    "denomination": ("denominationunitelegale",),
    "unit_usual": ("denominationusuelle1unitelegale",),
    "acronym": ("sigleunitelegale",),
    "rna": ("identifiantassociationunitelegale",),
    "ess": ("economiesocialesolidaireunitelegale",),
}
PERSON_WANTED: Final = {
    "first_name": ("prenomusuelunitelegale", "prenom1unitelegale"),
    "used_name": ("nomusageunitelegale",),
    "last_name": ("nomunitelegale",),
}
"""Names of natural persons: read only if the caller asks for them."""
DIFFUSED: Final = "O"
"""Status of those who have not opposed the diffusion of their data."""
SIREN_WIDTH: Final = 9
_FORM_WIDTH: Final = 4


def join_units(sieve: Sieve, path: Path | None, *, with_natural_persons: bool) -> None:
    """Add what the legal units say to the rows of their establishments.

    Parameters
    ----------
    sieve : Sieve
        Rows with a column ``siren``.
    path : Path or None
        ``StockUniteLegale``; without it the columns are empty.
    with_natural_persons : bool
        Whether names of persons are read.

    Raises
    ------
    DataError
        If the file cannot be read or lacks a column.
    """
    wanted = {**UNIT_WANTED, **(PERSON_WANTED if with_natural_persons else {})}
    names = [*UNIT_NEEDED, *wanted]
    if path is None:
        empty = pd.Series(np.nan, index=sieve.rows.index, dtype="str")
        sieve.rows = sieve.rows.assign(**dict.fromkeys(names[1:], empty))
        sieve.note("sirene_no_units", len(sieve.rows))
        return
    sirens = sieve.rows["siren"].unique().tolist()
    units = select_rows(path, needed=UNIT_NEEDED, wanted=wanted, key="siren", among=sirens)
    units = units.assign(
        siren=padded(units["siren"], SIREN_WIDTH), form=padded(units["form"], _FORM_WIDTH)
    )
    once = units.drop_duplicates("siren").set_index("siren")
    joined = once.reindex(sieve.rows["siren"]).set_axis(sieve.rows.index, axis="index")
    sieve.rows = sieve.rows.join(joined)
    alone = sieve.rows["form"].isna()
    sieve.note("sirene_no_unit", int(alone.sum()), examples=sieve.rows["siret"][alone])


def unit_names(kept: pd.DataFrame) -> pd.Series[str]:
    """Return the name of an establishment by what it and its legal unit are called."""
    sign = kept["usual"]
    for name in ("sign1", "sign2", "sign3"):
        sign = sign.fillna(kept[name])
    legal = kept["denomination"].fillna(kept["unit_usual"]).fillna(kept["acronym"])
    if "last_name" in kept:
        last = kept["used_name"].fillna(kept["last_name"])
        legal = legal.fillna((kept["first_name"].fillna("") + " " + last).str.strip())
    return names_of(legal, sign=sign)
