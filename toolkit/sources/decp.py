"""Public contracts: money from public buyers to suppliers (DECP, consolidated tabular files)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from toolkit import vocabulary as v
from toolkit.nomenclature import fold
from toolkit.sources.extract import Extract, Sieve, source_row
from toolkit.sources.near import EVERYWHERE, Near, sirets
from toolkit.sources.reading import numbers, read_rows

MOST_HOLDERS: Final = 30
NEEDED: Final = {
    "buyer": ("acheteur.id", "acheteur_id"),
    "contract": ("id", "uid"),
    "amount": ("montant",),
    "holder_1": ("titulaires.1.id", "titulaire_id", "titulaire_id_1"),
}
WANTED: Final = {
    "nature": ("nature",),
    "techniques": ("techniques",),
    "framework_id": ("idaccordcadre",),
    "anomaly": ("montant_anomalie",),
    "current": ("donneesactuelles",),
    "notified": ("datenotification",),
    "label": ("objet",),
    **{
        f"holder_{place}": (f"titulaires.{place}.id", f"titulaire_id_{place}")
        for place in range(2, MOST_HOLDERS + 1)
    },
}
CATEGORY: Final = "finance.public_contract"
NOTIFIED: Final = "notified"
FRAMEWORK: Final = "framework"
PLACEHOLDER: Final = "placeholder"
REPEATED: Final = "repeated"
DOUBTFUL: Final = "doubtful"
GROUP: Final = "group"
SMALLEST_EUR: Final = 1.0
"""Amounts up to this one stand for "not known"."""
_NINES: Final = r"9{6,}(?:\.9+|\.0+)?"
REPEATS: Final = 3
"""Contracts under a framework, of one buyer, with one amount: from this many on it is a ceiling."""
_TOGETHER: Final = (("buyer", "contract"), ("buyer", "amount"))
"""Cells of rows that are looked at together: versions and holders of a contract, repetitions."""
_FIRST_YEAR, _LAST_YEAR = 1990, 2100
_FRAMEWORK: Final = "accord cadre"
_NOTHING: Final = frozenset({"", "cdl", "sans objet"})
"""Folded cells by which buyers say that a field does not apply."""
_NO: Final = frozenset({"false", "0", "non"})


def load_decp(path: Path, *, near: Near = EVERYWHERE) -> Extract:
    """Return public contracts as flows of money from the buyer to each holder.

    Parameters
    ----------
    path : Path
        Consolidated tabular file: one row a contract with its holders in columns
        (``titulaires.1.id`` or ``titulaire_id_1``), or one row a contract, version and holder
        (``titulaire_id``).
    near : Near, optional
        The actors that are known: contracts of other buyers and holders are counted and not kept,
        but what one buyer writes of one contract, or under one amount, is looked at together.

    Returns
    -------
    Extract
        ``flows`` between ``siret:...`` ids; EUR; ``year`` of the notification.  Extra columns
        ``amount_kind`` and ``amount_eur`` keep what was written.

    Raises
    ------
    DataError
        If the file cannot be read or lacks a column.

    Notes
    -----
    The file says who pays whom, not where they are: only actors known from another source tie a
    contract to the territory (the place of execution is the département in 95 % of the rows).

    ``quantity`` is filled only where the amount is that of the contract (``notified``).  It is left
    empty, never guessed, for framework agreements (``framework``: a ceiling), amounts up to 1 euro
    or all nines (``placeholder``), amounts that the publisher of the file marks as an anomaly
    (``doubtful``), one amount on three or more contracts that follow a framework of the same buyer
    (``repeated``: the ceiling of the framework), and joint holders (``group``: the share of each is
    not published).
    The amount is the total of the contract, whatever its duration.

    A framework is told by `nature` in older files; since 2024 by `techniques`, and what follows it
    by `idAccordCadre`.
    A file with a row a version says which one is in force: the others are left out, and the year is
    that of the first notification.
    """
    places = [f"holder_{place}" for place in range(1, MOST_HOLDERS + 1)]
    cut = near.cut_by_actors(["buyer", *places], together=_TOGETHER)
    rows = read_rows(path, needed=NEEDED, wanted=WANTED, cut=cut)
    sieve = Sieve(rows, where=path.name)
    sieve.rows = rows.assign(buyer=sirets(rows["buyer"]))
    sieve.drop(sieve.rows["buyer"].isna(), "bad_buyer")
    sieve.drop(sieve.rows["contract"].isna(), "incomplete")
    _keep_current(sieve)
    again = sieve.rows.duplicated(["buyer", "contract", *places])
    sieve.drop(again, "duplicates", show="contract")
    holders = _holders(sieve.rows)
    lacking = ~sieve.rows.index.isin(holders["row"])
    sieve.drop(pd.Series(lacking, index=sieve.rows.index), "bad_holder", show="contract")
    kind = _amount_kinds(sieve.rows)
    flows = _flows(sieve.rows.assign(amount_kind=kind), holders)
    for name in (FRAMEWORK, PLACEHOLDER, DOUBTFUL, REPEATED, GROUP):
        count = int((flows["amount_kind"] == name).sum())
        sieve.counts[f"amount_{name}"] = count
        sieve.note(f"amount_{name}", count)
    years = flows["year"].dropna()
    source = source_row(
        path,
        kind="decp",
        title="Données essentielles de la commande publique",
        producer="DGFiP / AIFE, acheteurs publics",
        licence="Licence Ouverte 2.0",
        data_year=int(years.max()) if len(years) else None,
    )
    return sieve.extract({v.FLOWS: flows}, source=source)


def _keep_current(sieve: Sieve) -> None:
    """Keep the version in force of each contract, with the day on which the first was notified."""
    rows = sieve.rows
    past = rows["current"].fillna("").map(fold).isin(_NO)
    if past.any():
        first = rows.groupby(["buyer", "contract"])["notified"].transform("min")
        sieve.rows = rows.assign(notified=first)
        sieve.drop(past, "superseded", show="contract")


def _holders(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the valid holders, a row each: row of the contract, its key, SIRET."""
    parts = []
    for place in range(1, MOST_HOLDERS + 1):
        found = sirets(rows[f"holder_{place}"].dropna()).dropna()
        parts.append(pd.DataFrame({"row": found.index, "holder": found.to_numpy()}))
    held = pd.concat(parts, ignore_index=True).astype({"holder": "str"})
    keys = rows["buyer"] + ":" + rows["contract"].str.replace(r"[|\s]+", "_", regex=True)
    return held.assign(key=held["row"].map(keys).astype("str")).drop_duplicates(["key", "holder"])


def _amount_kinds(rows: pd.DataFrame) -> pd.Series[str]:
    """Return what the amount of each contract is."""
    amount, nature = numbers(rows["amount"]), _words(rows["nature"])
    plain = rows["amount"].fillna("").str.fullmatch(_NINES).astype("bool")
    nothing = amount.isna() | (amount <= SMALLEST_EUR) | plain
    of_framework = rows["framework_id"].where(rows["framework_id"] != rows["contract"])
    follows = (nature == "marche subsequent") | ~_words(of_framework).isin(_NOTHING)
    is_framework = _words(rows["techniques"]).str.contains(_FRAMEWORK) & ~follows
    is_framework |= nature == _FRAMEWORK
    times = (
        rows.assign(amount=amount)[follows]
        .groupby(["buyer", "amount"])["contract"]
        .transform("size")
    )
    repeated = follows & (times.reindex(rows.index).fillna(0) >= REPEATS)
    doubtful = ~_words(rows["anomaly"]).isin(_NOTHING)
    kinds = {
        PLACEHOLDER: nothing,
        FRAMEWORK: is_framework,
        DOUBTFUL: doubtful,
        REPEATED: repeated,
    }
    told = np.select(list(kinds.values()), list(kinds), NOTIFIED)
    return pd.Series(told, index=rows.index, dtype="str")


def _words(cells: pd.Series[str]) -> pd.Series[str]:
    return cells.fillna("").map(fold).str.replace("-", " ", regex=False)


def _flows(rows: pd.DataFrame, holders: pd.DataFrame) -> pd.DataFrame:
    joint = holders["key"].map(holders["key"].value_counts()) > 1
    own = rows.loc[holders["row"]].reset_index(drop=True)
    holders = holders.reset_index(drop=True)
    kind = own["amount_kind"].mask(joint.to_numpy() & (own["amount_kind"] == NOTIFIED), GROUP)
    amount = numbers(own["amount"])
    is_sure = kind == NOTIFIED
    year = pd.to_numeric(own["notified"].str[:4], errors="coerce")
    flows = pd.DataFrame(
        {
            "flow_id": "decp:" + holders["key"] + ":" + holders["holder"],
            "nature": "money",
            "origin": "siret:" + own["buyer"],
            "destination": "siret:" + holders["holder"],
            "category": CATEGORY,
            "label": own["label"],
            "quantity": amount.where(is_sure),
            "unit": pd.Series("EUR", index=own.index, dtype="str").where(is_sure),
            "year": year.where(year.between(_FIRST_YEAR, _LAST_YEAR)).astype("Int64"),
            "amount_kind": kind,
            "amount_eur": amount,
        }
    )
    return flows.sort_values("flow_id", ignore_index=True)
