"""Links between actors as frames: pairs that are one, may be one, or were called different."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from toolkit import vocabulary as v
from toolkit.linkage import merging
from toolkit.linkage.pairs import ASK, SAME
from toolkit.nomenclature import fold
from toolkit.sources.assemble import SOURCE_IDS
from toolkit.workspace import store
from toolkit.workspace.joining import ONE, OTHER, State
from toolkit.workspace.layers import LINKAGE_LAYERS, LINKS
from toolkit.workspace.records import ANSWERS, is_by_hand, origin_of, own_ids, series_of

LINK_COLUMNS: Final = tuple(LINKAGE_LAYERS[LINKS].kinds)
"""Columns of a link."""
MOST_ASKED: Final = 500
"""Questions at a time (own rule): nobody answers more at one sitting."""


def questions_of(links: pd.DataFrame) -> pd.DataFrame:
    """Return the links that a person is asked about, the most probable first."""
    asked = links[links["zone"] == ASK]
    return asked.sort_values(
        ["probability", ONE, OTHER], ascending=[False, True, True], ignore_index=True
    )


def by_trust(state: State, ids: set[str]) -> pd.DataFrame:
    """Return actors, those that stay first: what people wrote, then those with a SIRET."""
    actors = pd.DataFrame(state.tables[v.ACTORS])
    chosen = actors[actors["actor_id"].isin(ids)]
    by_hand = sorted(set(chosen["source_id"][is_by_hand(chosen["source_id"])]))
    return merging.by_trust(chosen, by_hand)


def told(pair: Mapping[Any, Any]) -> dict[str, Any]:
    """Return what a compared pair says of a link."""
    return {name: pair[name] for name in ("probability", "reasons", "distance_m")}


def with_links(
    state: State, pairs: Mapping[tuple[str, str], Mapping[str, Any]], *, zone: str
) -> pd.DataFrame:
    """Return the links with pairs in a zone; what a link said before stays."""
    rows: dict[frozenset[str], dict[Any, Any]] = {
        frozenset((row[ONE], row[OTHER])): row for row in state.links.to_dict("records")
    }
    names = _names(state, {name for pair in pairs for name in pair})
    for pair, cells in pairs.items():
        row = rows.get(frozenset(pair)) or dict.fromkeys(LINK_COLUMNS)
        row = _turned(row) if row[OTHER] == pair[0] else dict(row)
        row.update(_row(pair, names, zone=zone))
        row.update(cells)
        rows[frozenset(pair)] = row
    return typed(list(rows.values()))


def _turned(row: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return a link whose two ends change places."""
    other = {"one": "other", "other": "one"}
    turned = {
        f"{end}_{name}": row[f"{other[end]}_{name}"]
        for end in other
        for name in ("id", "name", "place", "sources")
    }
    return {**row, **turned}


def _row(
    pair: tuple[str, str], names: Mapping[str, Mapping[str, str]], *, zone: str
) -> dict[str, Any]:
    """Return the cells of a link that say which actors it is about, as far as they are stored."""
    row: dict[str, Any] = {ONE: pair[0], OTHER: pair[1], "zone": zone}
    for end, name in zip(("one", "other"), pair, strict=True):
        if name in names:
            row |= {f"{end}_{what}": cell for what, cell in names[name].items()}
    return row


def _names(state: State, ids: set[str]) -> dict[str, dict[str, str]]:
    """Return name, place and sources of actors, as people read them."""
    communes = state.tables[v.COMMUNES]
    towns = dict(zip(communes["commune_id"], communes["name"], strict=True))
    actors = pd.DataFrame(state.tables[v.ACTORS])
    chosen = actors[actors["actor_id"].isin(ids)]
    found = {}
    for row in chosen.to_dict("records"):
        address = "" if pd.isna(row["address"]) else str(row["address"])
        town = str(towns.get(row["commune_id"], row["commune_id"]))
        parts = (address, "" if fold(town) in fold(address) else town)
        own = row.get(SOURCE_IDS)
        found[str(row["actor_id"])] = {
            "name": str(row["name"]),
            "place": ", ".join(filter(None, parts)),
            "sources": str(row["source_id"] if pd.isna(own) else own),
        }
    return found


def origins_of(state: State) -> dict[str, set[str]]:
    """Return the publishers of each actor; those of an aggregate, each for itself."""
    actors = pd.DataFrame(state.tables[v.ACTORS])
    actors = actors.assign(record_id=own_ids(actors))
    columns = ["actor_id", "record_id", "source_id"]
    rows = pd.concat([actors[columns], state.records[columns]])
    found: dict[str, set[str]] = {}
    for actor, record, source in rows.to_numpy().tolist():
        if series_of(source) == ANSWERS:
            continue
        found.setdefault(str(actor), set()).add(origin_of(source, str(record)))
    return found


def parts_of(state: State) -> dict[str, str]:
    """Return the actor that each id is part of, of ids that are no actor of their own any more."""
    same = state.links[state.links["zone"] == SAME]
    actors = set(state.tables[v.ACTORS]["actor_id"])
    pairs = zip(same[OTHER], same[ONE], strict=True)
    return {str(other): str(one) for other, one in pairs if other not in actors}


def answers_of(state: State) -> pd.DataFrame:
    """Return what people answered: ``left_id``, ``right_id``, ``answer``.

    What was answered of a part is answered of the actor that it is part of.
    """
    answered = state.links[state.links["answered_by"].notna() & (state.links["zone"] != ASK)]
    into = parts_of(state)
    given: dict[frozenset[str], tuple[str, str, str]] = {}
    for one, other, zone in answered[[ONE, OTHER, "zone"]].itertuples(index=False):
        ends = (into.get(one, one), into.get(other, other))
        if ends[0] != ends[1] and (ends == (one, other) or frozenset(ends) not in given):
            given[frozenset(ends)] = (*ends, zone)
    return pd.DataFrame(list(given.values()), columns=["left_id", "right_id", "answer"])


def without_link(state: State, pair: tuple[str, str]) -> State:
    """Return the state without what is kept of a pair."""
    is_it = (state.links[ONE] == pair[0]) & (state.links[OTHER] == pair[1])
    return State(state.tables, state.records, state.links[~is_it].reset_index(drop=True))


def with_questions(state: State, pairs: pd.DataFrame) -> tuple[State, int]:
    """Return the state whose open links are the questions of the pairs, and how many are left.

    No more than :data:`MOST_ASKED` are asked at a time, the most probable first.
    """
    kept = state.links[state.links["zone"] != ASK]
    answered = {frozenset(pair) for pair in zip(kept[ONE], kept[OTHER], strict=True)}
    ends = zip(pairs["left_id"], pairs["right_id"], strict=True)
    is_open = [frozenset(pair) not in answered for pair in ends]
    asked = pairs[(pairs["zone"] == ASK) & pd.Series(is_open, index=pairs.index, dtype="bool")]
    left = max(len(asked) - MOST_ASKED, 0)
    asked = asked.sort_values(
        ["probability", "left_id", "right_id"], ascending=[False, True, True]
    ).head(MOST_ASKED)
    order = by_trust(state, {*asked["left_id"], *asked["right_id"]})
    place = {str(name): row for row, name in enumerate(order["actor_id"])}
    rows = {}
    for row in asked.to_dict("records"):
        first, second = sorted((row["left_id"], row["right_id"]), key=place.__getitem__)
        rows[first, second] = told(row)
    names = _names(state, set(place))
    made = [
        {**dict.fromkeys(LINK_COLUMNS), **_row(pair, names, zone=ASK), **cells}
        for pair, cells in rows.items()
    ]
    links = typed([*kept.to_dict("records"), *made])
    return State(state.tables, state.records, links), left


def typed(rows: list[dict[Any, Any]]) -> pd.DataFrame:
    """Return rows as a frame of links."""
    layer = LINKAGE_LAYERS[LINKS]
    cells = [
        [None if pd.isna(row.get(name)) else row[name] for row in rows] for name in layer.kinds
    ]
    return store.typed_frame(layer, cells)


def of_pairs(links: pd.DataFrame, pairs: list[tuple[str, str]], *, zone: str) -> pd.DataFrame:
    """Return the links of some pairs, either way round, that are in a zone.

    What a pair became part of may itself have become part of another since.
    """
    ends = {frozenset(pair) for pair in pairs}
    parts = {other for _, other in pairs} if zone == SAME else set()
    mask = [
        frozenset(pair) in ends or pair[1] in parts
        for pair in zip(links[ONE], links[OTHER], strict=True)
    ]
    chosen = links[pd.Series(mask, index=links.index, dtype="bool") & (links["zone"] == zone)]
    return chosen.reset_index(drop=True)
