"""What identifiers say: which records are one actor, and which can never be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from toolkit.linkage.blocking import Ints
from toolkit.linkage.records import Flags, Records, Texts

SEVERAL: Final = "several_establishments"
"""Reason of a pair of equal SIREN and place where more than one SIRET could be meant."""


@dataclass(frozen=True, slots=True, eq=False)
class Identified:
    """Pairs that an identifier decides, as positions, with the reason code."""

    i: Ints
    j: Ints
    reason: Texts

    def codes(self, width: int) -> Ints:
        """Return each pair as one number."""
        return self.i * width + self.j


def identified(left: Records, right: Records, *, itself: bool) -> Identified:
    """Return the pairs of equal identifier: SIRET, then RNA number, then SIREN and place."""
    parts = []
    for name in ("siret", "rna", "siren"):
        ours, theirs = _holders(left, name), _holders(right, name)
        found = ours.merge(theirs, on="key", suffixes=("_left", "_right"))
        i, j = (found[f"row_{side}"].to_numpy(dtype=np.int64) for side in ("left", "right"))
        kept = may_be_same(left, right, i=i, j=j)
        if itself:
            kept &= i < j
        if name == "siren":
            kept &= same_place(left, right, i=i, j=j)
        i, j = i[kept], j[kept]
        reason = np.full(len(i), f"same_{name}", dtype=object)
        if name == "siren":
            reason[_is_open(left.siret[i], right.siret[j], i=i, j=j)] = SEVERAL
        parts.append(pd.DataFrame({"i": i, "j": j, "reason": reason}))
    table = pd.concat(parts, ignore_index=True).drop_duplicates(["i", "j"])
    table = table.sort_values(["i", "j"])
    return Identified(
        table["i"].to_numpy(dtype=np.int64),
        table["j"].to_numpy(dtype=np.int64),
        table["reason"].to_numpy(dtype=object),
    )


def may_be_same(left: Records, right: Records, *, i: Ints, j: Ints) -> Flags:
    """Return the pairs that no identifier forbids: SIRET, SIREN or RNA number known and unlike."""
    allowed = np.ones(len(i), dtype=np.bool_)
    for name in ("siret", "siren", "rna"):
        one, two = getattr(left, name)[i], getattr(right, name)[j]
        allowed &= (one == "") | (two == "") | (one == two)
    return allowed


def same_place(left: Records, right: Records, *, i: Ints, j: Ints) -> Flags:
    """Return the pairs in one commune: by code, else by name in a département, else by postcode."""
    towns = [" ".join(town) for town in (*left.towns, *right.towns)]
    names = np.array(towns, dtype=object)
    ours, theirs = names[: len(left)][i], names[len(left) :][j]
    one, two = left.commune[i], right.commune[j]
    coded = (one != "") & (two != "")
    near = (left.department[i] == right.department[j]) & (left.department[i] != "")
    named = near & (ours != "") & (theirs != "")
    posted = (left.postcode[i] == right.postcode[j]) & (left.postcode[i] != "")
    by_name = np.where(named, ours == theirs, posted)
    return np.asarray(np.where(coded, one == two, by_name), dtype=np.bool_)


def _holders(records: Records, name: str) -> pd.DataFrame:
    keys = getattr(records, name)
    rows = np.flatnonzero(keys != "")
    return pd.DataFrame({"key": pd.Series(keys[rows], dtype="str"), "row": rows})


def _is_open(one: Texts, two: Texts, *, i: Ints, j: Ints) -> Flags:
    """Return the pairs in which a record without SIRET has partners of several SIRETs."""
    found = np.zeros(len(i), dtype=np.bool_)
    for rows, sirets in ((i, two), (j, one)):
        table = pd.DataFrame({"row": rows, "siret": sirets})
        table = table[table["siret"] != ""]
        several = table.groupby("row")["siret"].nunique()
        found |= np.isin(rows, several.index[several > 1].to_numpy(dtype=np.int64))
    return found
