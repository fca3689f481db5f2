"""Several partners for one record: it can be one of them at most."""

from __future__ import annotations

import numpy as np
import pandas as pd

from toolkit.linkage.blocking import Ints
from toolkit.linkage.model import RIVAL_LOG_ODDS
from toolkit.linkage.records import Flags, Floats, Records, Texts


def has_rival(
    left: Records,
    right: Records,
    *,
    rows: tuple[Ints, Ints],
    odds: Floats,
    sure: Flags,
    itself: bool,
) -> Flags:
    """Return the sure pairs of which a record has another sure partner that is not clearly behind.

    Partners of the same SIRET are one; those without SIRET are each their own, but among the
    records of one frame (`itself`) they may all be the same actor, and are nobody's rivals.

    Parameters
    ----------
    left, right : Records
        Both sides.
    rows : tuple of two arrays of int
        Positions of the pairs on each side.
    odds : array of float
        Log odds of the pairs.
    sure : array of bool
        The pairs probable enough to be the same.
    itself : bool
        Whether both sides are the same records.
    """
    i, j = rows
    own, siret = _ends(left, right, rows=rows, itself=itself)
    alone = np.concatenate((right.ids[j], left.ids[i]))
    who = np.where(siret == "", "" if itself else alone, siret)
    behind = _is_not_ahead(own, who, odds=np.tile(odds, 2), mask=np.tile(sure, 2))
    return _either(behind)


def is_settled(
    left: Records, right: Records, *, rows: tuple[Ints, Ints], kept: Flags, itself: bool
) -> Flags:
    """Return the pairs of which a record is surely a partner of another SIRET.

    Parameters
    ----------
    left, right, rows, itself
        As in :func:`has_rival`.
    kept : array of bool
        The pairs that are the same actor.
    """
    own, siret = _ends(left, right, rows=rows, itself=itself)
    table = pd.DataFrame({"own": own, "siret": siret})
    known = np.tile(kept, 2) & (siret != "")
    first = table[known].drop_duplicates("own").set_index("own")["siret"]
    taken = table["own"].map(first)
    settled = taken.notna() & (table["siret"] != "") & (taken != table["siret"])
    return _either(settled.to_numpy(dtype=np.bool_))


def _ends(
    left: Records, right: Records, *, rows: tuple[Ints, Ints], itself: bool
) -> tuple[Ints, Texts]:
    """Return, for the pairs seen from the left, then from the right: record, SIRET of the partner.

    A record of one frame has the same number on both sides; of two frames, another.
    """
    i, j = rows
    own = np.concatenate((i, j if itself else j + len(left)))
    return own, np.concatenate((right.siret[j], left.siret[i]))


def _either(flags: Flags) -> Flags:
    """Return whether a pair is marked from one of its ends."""
    return np.asarray(flags.reshape(2, -1).any(axis=0), dtype=np.bool_)


def _is_not_ahead(own: Ints, who: Texts, *, odds: Floats, mask: Flags) -> Flags:
    """Return the masked pairs that do not lead all other partners of the record by enough."""
    table = pd.DataFrame({"own": own, "who": who, "odds": odds})
    table = table[mask & (who != "")]
    best = table.groupby(["own", "who"])["odds"].max().reset_index()
    best = best.sort_values(["own", "odds"], ascending=[True, False])
    place = best.groupby("own").cumcount()
    first, second = (best[place == rank].set_index("own") for rank in (0, 1))
    ahead = first["odds"] - second["odds"].reindex(first.index).fillna(-np.inf)
    is_first = table["who"] == table["own"].map(first["who"])
    clear = table["own"].map(ahead) >= RIVAL_LOG_ODDS
    found = np.zeros(len(own), dtype=np.bool_)
    found[table.index[~(is_first & clear)]] = True
    return found
