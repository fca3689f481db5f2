"""Two stored actors made one, and taken apart again; pure functions over frames."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from toolkit import vocabulary as v
from toolkit.workspace import records as kept_records
from toolkit.workspace.known import HOLDERS
from toolkit.workspace.records import KEY, Laid

ONE: Final = "one_id"
OTHER: Final = "other_id"
_HELD: Final = {name: columns for name, columns in HOLDERS.items() if name != v.ACTORS}
_RECORDS: Final = "records"
_LINKS: Final = "links"
_DROPPED: Final = "members.dropped"


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """What links change: tables of the model, records of the actors, links between actors.

    Attributes
    ----------
    tables : Mapping of str to DataFrame
        Complete tables of the model.
    records : GeoDataFrame
        Records of the actors that several sources give.
    links : DataFrame
        Pairs of actors, as the database keeps them.
    """

    tables: Mapping[str, pd.DataFrame]
    records: pd.DataFrame
    links: pd.DataFrame


def flows_by_ends(flows: pd.DataFrame) -> dict[frozenset[str], list[str]]:
    """Return the ids of the flows by their two ends, whichever way they go."""
    found: dict[frozenset[str], list[str]] = {}
    for name, *ends in flows[["flow_id", "origin", "destination"]].to_numpy().tolist():
        found.setdefault(frozenset(ends), []).append(str(name))
    return found


def join(state: State, into: Mapping[str, str]) -> tuple[State, dict[str, str]]:
    """Return the state in which actors are part of others, and what takes each back (JSON).

    Resources, needs, flows and memberships of an actor become those of the one it is part of.

    Parameters
    ----------
    state : State
        All are stored, and no flow goes between two that become one.
    into : Mapping of str to str
        By actor that becomes part of another, the one that stays.
    """
    actors = gpd.GeoDataFrame(state.tables[v.ACTORS])
    ids = {*into, *into.values()}
    rows = _records_of(state, ids)
    theirs = rows[rows["actor_id"].isin(into)]
    moved: dict[str, dict[str, list[Any]]] = {name: {} for name in into}
    for name, *key in theirs[["actor_id", *KEY]].itertuples(index=False):
        moved[name].setdefault(_RECORDS, []).append(key)
    laid = kept_records.made_of(
        rows.assign(actor_id=rows["actor_id"].replace(into)), after=state.records
    )
    tables = {
        **state.tables,
        v.ACTORS: kept_records.joined(actors[~actors["actor_id"].isin(ids)], laid.actors),
    }
    tables[v.MEMBERS] = _without_doubles(tables[v.MEMBERS], into, moved=moved)
    for name, columns in _HELD.items():
        for column in columns:
            tables[name] = _given_over(name, tables[name], column=column, into=into, moved=moved)
    nested = state.links[ONE].isin(into) & (state.links["zone"] == "same")
    for one, other in state.links.loc[nested, [ONE, OTHER]].itertuples(index=False):
        moved[one].setdefault(_LINKS, []).append(other)
    links = state.links.assign(
        **{ONE: state.links[ONE].mask(nested, state.links[ONE].replace(into))}
    )
    words = {name: json.dumps(what, ensure_ascii=False) for name, what in moved.items()}
    return State(tables, _with_records(state.records, laid), links), words


def part(state: State, pair: tuple[str, str]) -> State:
    """Return the state in which what a link joined is two actors again.

    What came to the one since it was joined stays with it.

    Parameters
    ----------
    state : State
        Its links hold the pair, joined.
    pair : tuple of str
        The actor that stayed, and the one that became part of it.
    """
    one, other = pair
    link = state.links[(state.links[ONE] == one) & (state.links[OTHER] == other)].iloc[0]
    moved = json.loads(link["moved"])
    rows = _records_of(state, {one})
    back = pd.MultiIndex.from_frame(rows[list(KEY)]).isin([tuple(key) for key in moved[_RECORDS]])
    rows = rows.assign(actor_id=rows["actor_id"].mask(back, other))
    laid = kept_records.made_of(rows, after=state.records)
    actors = gpd.GeoDataFrame(state.tables[v.ACTORS])
    tables = {
        **state.tables,
        v.ACTORS: kept_records.joined(actors[actors["actor_id"] != one], laid.actors),
    }
    for name, columns in _HELD.items():
        for column in columns:
            ids = moved.get(f"{name}.{column}", [])
            tables[name] = _given_back(name, tables[name], column=column, ids=ids, pair=pair)
    dropped = moved.get(_DROPPED, [])
    members = pd.DataFrame(dropped, columns=["cooperation_id", "role"], dtype="str")
    if len(members):
        again = members.assign(actor_id=other)
        tables[v.MEMBERS] = pd.concat([tables[v.MEMBERS], again], ignore_index=True)
    nested = (state.links[ONE] == one) & state.links[OTHER].isin(moved.get(_LINKS, []))
    links = state.links.assign(**{ONE: state.links[ONE].mask(nested, other)})
    return State(tables, _with_records(state.records, laid), links)


def _records_of(state: State, ids: set[str]) -> gpd.GeoDataFrame:
    """Return every record of some actors; the row of an actor that has none is its record.

    Of two such rows a list of its own publisher goes before one that gathers the lists of others.
    """
    known = gpd.GeoDataFrame(state.records[state.records["actor_id"].isin(ids)])
    actors = gpd.GeoDataFrame(state.tables[v.ACTORS])
    alone = actors[actors["actor_id"].isin(ids) & ~actors["actor_id"].isin(known["actor_id"])]
    order = kept_records.is_gathered(alone["source_id"]).sort_values(kind="stable").index
    return kept_records.joined(known, kept_records.as_records(alone.loc[order]))


def _with_records(stored: pd.DataFrame, laid: Laid) -> gpd.GeoDataFrame:
    keys = pd.MultiIndex.from_frame(laid.records[list(KEY)])
    rest = stored[~pd.MultiIndex.from_frame(stored[list(KEY)]).isin(keys)]
    return kept_records.joined(gpd.GeoDataFrame(rest), laid.records)


def _ids_of(table: str, frame: pd.DataFrame) -> pd.Series[str]:
    """Return what names a row but for the actor: the id, or the cooperation of a member."""
    return frame["cooperation_id" if table == v.MEMBERS else frame.columns[0]].astype("str")


def _given_over(
    table: str,
    frame: pd.DataFrame,
    *,
    column: str,
    into: Mapping[str, str],
    moved: dict[str, dict[str, list[Any]]],
) -> pd.DataFrame:
    """Return a table in which rows of actors are those of others; note which rows that are."""
    theirs = frame[column].isin(into)
    for name, row in zip(frame[column][theirs], _ids_of(table, frame)[theirs], strict=True):
        moved[name].setdefault(f"{table}.{column}", []).append(row)
    return frame.assign(**{column: frame[column].replace(into)})


def _given_back(
    table: str, frame: pd.DataFrame, *, column: str, ids: list[str], pair: tuple[str, str]
) -> pd.DataFrame:
    """Return a table in which rows that were given over, and still stand there, are given back."""
    back = _ids_of(table, frame).isin(ids) & (frame[column] == pair[0])
    return frame.assign(**{column: frame[column].mask(back, pair[1])})


def _without_doubles(
    members: pd.DataFrame, into: Mapping[str, str], *, moved: dict[str, dict[str, list[Any]]]
) -> pd.DataFrame:
    """Return members of which each stands once in a cooperation; note what was left out."""
    then = members.assign(actor_id=members["actor_id"].replace(into))
    stays = ~members["actor_id"].isin(into)
    order = then.assign(first=~stays).sort_values("first", kind="stable").index
    double = then.loc[order].duplicated(["cooperation_id", "actor_id"]).reindex(members.index)
    left_out = members.loc[double, ["actor_id", "cooperation_id", "role"]]
    for actor, *cells in left_out.to_numpy().tolist():
        moved[actor].setdefault(_DROPPED, []).append(cells)
    return members[~double]
