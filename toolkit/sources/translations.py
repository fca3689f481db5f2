"""Own tables that translate the codes of a source, and what its actors offer or need by them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

import pandas as pd

from toolkit import vocabulary as v
from toolkit.resources import shipped
from toolkit.schema.contracts import CONTRACTS


class Offer(NamedTuple):
    """What an actor offers or needs, without quantity."""

    actor_id: str
    category: str
    label: str = ""


@cache
def translation(name: str) -> pd.DataFrame:
    """Return an own table of ``data/nomenclatures``, all cells text, empty where there is nothing.

    Examples
    --------
    >>> "category" in translation("reuse_codes").columns
    True
    """
    path = shipped("data", "nomenclatures", f"{name}.csv")
    return pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8")


def offers_table(offers: Iterable[Offer], *, table: str = v.RESOURCES) -> pd.DataFrame:
    """Return rows of resources or needs, one an actor and category, labels joined.

    Resources are marked as used by others already (``shareable`` but not to be pooled further), as
    in the other lists of services; nothing is known of their quantity.
    """
    own = CONTRACTS[table].key[0]
    labels: dict[tuple[str, str], dict[str, None]] = {}
    for actor_id, category, label in offers:
        labels.setdefault((actor_id, category), {}).update({label: None} if label else {})
    rows = [(one, category, ", ".join(said) or None) for (one, category), said in labels.items()]
    made = pd.DataFrame(rows, columns=list(Offer._fields), dtype="str")
    made.insert(0, own, made["actor_id"] + ":" + made["category"])
    if table == v.RESOURCES:
        return made.assign(available="shareable", shareable=False)
    return made
