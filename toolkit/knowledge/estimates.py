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
        Actors with their activities and jobs; what is known of their resources and needs.
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
    - All activities of an actor count.  Of several that give one category on one side the row of
      the largest weight is kept, that of the main activity where they weigh the same.
    - A quantity is that of the main activity, by all jobs of the actor; what another activity adds
      has none.  No source tells how jobs are shared, so none is counted twice.
    - An actor that is not diffusible, and a natural person, get no estimate.
    - A stored row of any basis takes the place of the estimates of the same actor, side and
      category, a part of that category or the category it is a part of.
    """
    chosen = _actors(pd.DataFrame(territory.actors), unnamed)
    rows = chosen.merge(profiles.of(chosen["activity"]), on="activity")
    rows["weight"] *= rows["sure"]
    rows["quantity"] = rows["quantity_per_job"] * rows["jobs"]
    rows["unit"] = rows["unit"].where(rows["quantity"].notna() & (rows["unit"] != ""))
    rows = _one_a_category(rows)
    rows = rows[rows["weight"] >= min_weight]
    made = {}
    for side, (table, key) in _TABLES.items():
        own = rows[rows["side"] == side]
        own = own[~_known(own, territory.table(table))]
        label = own[f"label_{lang}"] if lang else None
        made[table] = _rows(own.assign(label=label), table, key=key)
    return made


def _actors(actors: pd.DataFrame, unnamed: Collection[str]) -> pd.DataFrame:
    """Return the activities of whom something may be deduced: one row an actor and activity.

    ``place`` is 0 for the main activity, which alone has the jobs; ``sure`` is how sure it is.
    """
    shown = actors["diffusible"].fillna(value=True) & ~actors["natural_person"].fillna(value=False)
    coded = actors["activity"].notna()
    told = actors["other_activities"].notna()
    bare = actors[shown & ~coded & ~told & ~actors["actor_id"].isin(unnamed)]
    meant = suggest_activities(bare)
    meant = meant[meant["zone"] == SURE_ZONE]
    guessed = bare.loc[meant.index, ["actor_id", "jobs"]]
    guessed = guessed.assign(activity=meant["activity"], sure=meant["confidence"], place=0)
    known = actors[shown & coded].assign(sure=1.0, place=0)
    columns = ["actor_id", "activity", "jobs", "sure", "place"]
    others = _others(actors[shown & told])
    return pd.concat([known[columns], guessed[columns], others[columns]], ignore_index=True)


def _others(actors: pd.DataFrame) -> pd.DataFrame:
    """Return the other activities of actors, without jobs: these are counted once."""
    cells = zip(actors["actor_id"], actors["activity"], actors["other_activities"], strict=True)
    rows = [
        (actor_id, code, place)
        for actor_id, main, others in cells
        for place, code in enumerate(nomenclature.activities_of(main, others), start=1)
        if code != main
    ]
    made = pd.DataFrame(rows, columns=["actor_id", "activity", "place"])
    return made.astype({"actor_id": "str", "activity": "str", "place": "int64"}).assign(
        jobs=float("nan"), sure=1.0
    )


def _one_a_category(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row an actor, side and category: the most typical, sized by the main activity."""
    key = ["actor_id", "side", "category"]
    if not (rows["place"] > 0).any():
        return rows
    ordered = rows.sort_values(
        [*key, "weight", "place"], ascending=[True, True, True, False, True], ignore_index=True
    )
    sized = ordered.groupby(key, sort=False)[["quantity", "unit"]].transform("first")
    return ordered.assign(quantity=sized["quantity"], unit=sized["unit"]).drop_duplicates(key)


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
    cells: Mapping[str, object] = {
        key: v.PROFILES + ":" + own["actor_id"] + ":" + own["category"],
        "actor_id": own["actor_id"],
        "category": own["category"],
        "label": own["label"],
        "quantity": own["quantity"],
        "unit": own["unit"],
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
