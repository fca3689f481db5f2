"""What actors may offer and need, deduced from their activity: the layer of estimates.

An estimate is never a fact: it is marked ``estimated``, has the weight of its profile, and gives
way to whatever somebody wrote or recorded of the same actor and category.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Final

import pandas as pd

from toolkit import nomenclature
from toolkit import vocabulary as v
from toolkit.knowledge.profiles import NEED, OFFER, Profiles
from toolkit.knowledge.suggestion import ZONES, suggest_activities
from toolkit.schema.contracts import CONTRACTS

if TYPE_CHECKING:
    from toolkit.territory import Territory

ESTIMATED: Final = "estimated"
SURE_ZONE: Final = ZONES[0]
_TABLES: Final = {OFFER: (v.RESOURCES, "resource_id"), NEED: (v.NEEDS, "need_id")}


def estimate(
    territory: Territory,
    profiles: Profiles,
    *,
    min_weight: float = 0.0,
    lang: str = "",
    unnamed: Collection[str] = (),
) -> dict[str, pd.DataFrame]:
    """Return what the actors of a territory may offer and need.

    Parameters
    ----------
    territory : Territory
        Actors with their activity and jobs; what is known of their resources and needs.
    profiles : Profiles
        Of activities.
    min_weight : float, default 0.0
        Weight in [0, 1] from which a row is typical enough.
    lang : str, optional
        ``fr`` or ``en``: language of the labels; without one rows have none.
    unnamed : collection of str, optional
        Ids of actors whose name does not tell what they do: people said so.

    Returns
    -------
    dict of str to DataFrame
        Tables ``resources`` and ``needs`` by their contract, by id: ``basis`` is ``estimated``,
        ``weight`` that of the profile, ``source_id`` :data:`toolkit.vocabulary.PROFILES`; a
        quantity per year where the profile has one and the jobs are known.

    Notes
    -----
    - An actor without activity has that which its name and description mean beyond doubt
      (:func:`toolkit.knowledge.suggest_activities`); its rows weigh less by the confidence.
    - An actor that is not diffusible, and a natural person, get no estimate.
    - A stored row of any basis takes the place of the estimates of the same actor, side and
      category, a part of that category or the category it is a part of.
    """
    chosen = _actors(pd.DataFrame(territory.actors), unnamed)
    rows = chosen.merge(profiles.of(chosen["activity"]), on="activity")
    rows["weight"] *= rows["sure"]
    rows = rows[rows["weight"] >= min_weight]
    made = {}
    for side, (table, key) in _TABLES.items():
        own = rows[rows["side"] == side]
        own = own[~_known(own, territory.table(table))]
        label = own[f"label_{lang}"] if lang else None
        made[table] = _rows(own.assign(label=label), table, key=key)
    return made


def _actors(actors: pd.DataFrame, unnamed: Collection[str]) -> pd.DataFrame:
    """Return the actors of whom something may be deduced, their activity and how sure it is."""
    shown = actors["diffusible"].fillna(value=True) & ~actors["natural_person"].fillna(value=False)
    coded = actors["activity"].notna()
    bare = actors[shown & ~coded & ~actors["actor_id"].isin(unnamed)]
    meant = suggest_activities(bare)
    meant = meant[meant["zone"] == SURE_ZONE]
    guessed = bare.loc[meant.index, ["actor_id", "jobs"]]
    guessed = guessed.assign(activity=meant["activity"], sure=meant["confidence"])
    known = actors[shown & coded].assign(sure=1.0)
    columns = ["actor_id", "activity", "jobs", "sure"]
    return pd.concat([known[columns], guessed[columns]], ignore_index=True)


def _known(rows: pd.DataFrame, stored: pd.DataFrame) -> pd.Series[bool]:
    """Return which estimates a stored row takes the place of."""
    held: dict[str, set[str]] = {}
    for actor, category in zip(stored["actor_id"], stored["category"], strict=True):
        if isinstance(actor, str):
            held.setdefault(actor, set()).add(str(category))
    known = [
        any(nomenclature.is_compatible(category, one) for one in held.get(actor, ()))
        for actor, category in zip(rows["actor_id"], rows["category"], strict=True)
    ]
    return pd.Series(known, index=rows.index, dtype="bool")


def _rows(own: pd.DataFrame, table: str, *, key: str) -> pd.DataFrame:
    """Return estimates as rows of a table."""
    quantity = own["quantity_per_job"] * own["jobs"]
    cells: Mapping[str, object] = {
        key: v.PROFILES + ":" + own["actor_id"] + ":" + own["category"],
        "actor_id": own["actor_id"],
        "category": own["category"],
        "label": own["label"],
        "quantity": quantity,
        "unit": own["unit"].where(quantity.notna() & (own["unit"] != "")),
        "weight": own["weight"],
        "basis": ESTIMATED,
        "source_id": v.PROFILES,
    }
    made = pd.DataFrame(cells, index=own.index)
    contract = CONTRACTS[table]
    full = {
        column.name: made[column.name]
        if column.name in made
        else pd.Series(column.default, index=made.index, dtype="object")
        for column in contract.columns
    }
    typed = pd.DataFrame(full).astype({column.name: column.dtype for column in contract.columns})
    return typed.sort_values(key, ignore_index=True)
