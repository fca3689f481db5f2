"""Stored actors that are one: recognised by name and place, asked about, answered, taken apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import pandas as pd

from toolkit import linkage, schema
from toolkit import vocabulary as v
from toolkit.errors import SHOWN, DataError, Problem, SchemaError
from toolkit.language import text
from toolkit.linkage.merging import join_records
from toolkit.linkage.pairs import ASK, DIFFERENT, PAIR_COLUMNS, SAME
from toolkit.territory import complete
from toolkit.workspace import joining, keeping, links, store
from toolkit.workspace.joining import ONE, OTHER, State
from toolkit.workspace.layers import LINKAGE_LAYERS, LINKS, RECORDS

if TYPE_CHECKING:
    import sqlite3

    from toolkit.workspace.journal import Author

ANSWER_COLUMNS: Final = (ONE, OTHER, "answer")


@dataclass(frozen=True, slots=True, eq=False)
class LinkReport:
    """What linking did, and what it asks.

    Attributes
    ----------
    joined, parted : DataFrame
        Links that were made and undone by this run, columns :data:`LINK_COLUMNS`.
    questions : DataFrame
        Pairs that a person is asked about, the most probable first; the same columns.
    path : str
        File in which the questions are asked.
    notes : tuple of Problem
        What a reader should know.
    """

    joined: pd.DataFrame
    parted: pd.DataFrame
    questions: pd.DataFrame
    path: str = ""
    notes: tuple[Problem, ...] = ()

    @classmethod
    def empty(cls, notes: tuple[Problem, ...] = ()) -> LinkReport:
        """Return the report of a run that did nothing."""
        none = links.typed([])
        return cls(none, none, none, notes=tuple(notes))

    def lines(self, *, lang: str) -> list[str]:
        """Return the report in words; nothing where nothing was done or is asked."""
        made = []
        for key, rows in (("joined", self.joined), ("parted", self.parted)):
            if len(rows):
                pairs = zip(rows["one_name"], rows["other_name"], strict=True)
                names = [f"{one} = {other}" for one, other in list(pairs)[:SHOWN]]
                shown = "; ".join(names) + ("; …" if len(rows) > SHOWN else "")
                made.append(text(f"workspace.link.{key}", lang=lang, count=len(rows), names=shown))
        if len(self.questions):
            count = len(self.questions)
            made.append(text("workspace.link.questions", lang=lang, count=count, path=self.path))
        return made


def link(
    connection: sqlite3.Connection, *, answers: pd.DataFrame | None = None, author: Author
) -> LinkReport:
    """Take in answers, join the actors that are one, and keep the questions; one transaction.

    See :meth:`toolkit.workspace.Workspace.link`.
    """
    before = _read(connection)
    state = _with_returned(before)
    joined: list[tuple[str, str]] = []
    parted: list[tuple[str, str]] = []
    for one, other, answer in _checked(answers, before):
        state, done = _answered(state, (one, other), answer=answer, author=author)
        (joined if answer == SAME else parted).extend(done)
    pairs = _pairs(state)
    while found := _to_join(state, pairs):
        state = _join(state, found)
        joined += found
        pairs = _pairs(state)
    state, left = links.with_questions(state, pairs)
    _write(connection, state, before=before, author=author)
    return LinkReport(
        links.of_pairs(state.links, joined, zone=SAME),
        links.of_pairs(state.links, parted, zone=DIFFERENT),
        links.questions_of(state.links),
        notes=(Problem("linkage_more", found=str(left)),) if left else (),
    )


def read_links(connection: sqlite3.Connection) -> pd.DataFrame:
    """Return every link."""
    return store.read_layer(connection, LINKAGE_LAYERS[LINKS])


# --- answers ----------------------------------------------------------------------------------
def _checked(answers: pd.DataFrame | None, state: State) -> Iterator[tuple[str, str, str]]:
    """Yield each answer under the ids of its link, those that take apart first.

    Raises
    ------
    DataError
        If an answer is another word, a pair was answered both ways, or an actor is unknown.
    """
    if answers is None or answers.empty:
        return iter(())
    given = linkage.review.checked_answers(
        answers.rename(columns={ONE: "left_id", OTHER: "right_id"})
    )
    pairs = zip(state.links[ONE], state.links[OTHER], strict=True)
    known = {frozenset(pair): pair for pair in pairs}
    flows = joining.flows_by_ends(state.tables[v.FLOWS])
    actors = {*state.tables[v.ACTORS]["actor_id"], *links.parts_of(state)}
    found, problems = [], []
    for pair, answer in given.items():
        ends, row = frozenset(pair), ", ".join(pair)
        if ends not in known and not ends <= actors:
            unknown = ", ".join(sorted(ends - actors))
            problems.append(Problem("linkage_actor_unknown", row=row, found=unknown))
        elif answer == SAME and ends in flows:
            names = ", ".join(flows[ends][:SHOWN])
            problems.append(Problem("linkage_flow_between", row=row, found=names))
        found.append((*known.get(ends, pair), answer))
    if problems:
        raise DataError(problems)
    return iter(sorted(found, key=lambda row: (row[2] != DIFFERENT, row)))


def _answered(
    state: State, pair: tuple[str, str], *, answer: str, author: Author
) -> tuple[State, list[tuple[str, str]]]:
    """Return the state after one answer, and the pair if two actors were joined or parted."""
    one, other = pair
    at = (state.links[ONE] == one) & (state.links[OTHER] == other)
    zone = state.links["zone"][at].iloc[0] if at.any() else ""
    told = {"answered_by": author.who, "answered_at": author.at}
    if zone == answer:
        cells = {name: state.links[name].mask(at, cell) for name, cell in told.items()}
        return State(state.tables, state.records, state.links.assign(**cells)), []
    if answer == DIFFERENT:
        done = []
        if zone == SAME:
            state, done = joining.part(state, pair), [pair]
        now = links.with_links(state, {pair: {**told, "moved": None}}, zone=DIFFERENT)
        return State(state.tables, state.records, now), done
    into = links.parts_of(state)
    ends = {into.get(name, name) for name in pair}
    if ends != set(pair):
        state = links.without_link(state, pair)
    if len(ends) == 1:
        return state, []
    _raise_if_apart(state, pair, ends=frozenset(ends))
    first, second = links.by_trust(state, ends)["actor_id"]
    return _join(state, {(first, second): told}), [(first, second)]


def _raise_if_apart(state: State, pair: tuple[str, str], *, ends: frozenset[str]) -> None:
    """Raise if two actors exchange, or were called different by an answer on other parts."""
    row = ", ".join(pair)
    if flows := joining.flows_by_ends(state.tables[v.FLOWS]).get(ends):
        raise DataError(Problem("linkage_flow_between", row=row, found=", ".join(flows[:SHOWN])))
    into = links.parts_of(state)
    apart = state.links[state.links["zone"] == DIFFERENT]
    for one, other in apart[[ONE, OTHER]].itertuples(index=False):
        is_other = {one, other} != set(pair)
        if is_other and {into.get(one, one), into.get(other, other)} == ends:
            raise DataError(Problem("linkage_contradicts", row=row, found=f"{one}, {other}"))


# --- pairs ------------------------------------------------------------------------------------
def _pairs(state: State) -> pd.DataFrame:
    """Return the pairs of actors of different sources that may be one, answers applied.

    Two actors with a SIRET are compared only if it is the same; those of one source are two, as a
    publisher knows its own rows.  Actors that are not diffusible are recognised by SIRET only.
    """
    actors = pd.DataFrame(state.tables[v.ACTORS])
    origins = links.origins_of(state)
    if len({origin for found in origins.values() for origin in found}) < 2:  # noqa: PLR2004
        return pd.DataFrame(columns=list(PAIR_COLUMNS))
    communes = state.tables[v.COMMUNES].set_index("commune_id")["name"]
    actors = actors.assign(
        name=actors["name"].where(actors["diffusible"].fillna(value=True), ""),
        city=actors["commune_id"].map(communes),
    )
    to_compare = actors["siret"].isna() | actors["siret"].duplicated(keep=False)
    left, right = actors[to_compare], actors[~to_compare]
    found = [linkage.find_duplicates(left)]
    if len(left) and len(right):
        found.append(linkage.find_pairs(left, right))
    pairs = pd.concat([part for part in found if len(part)] or found[:1], ignore_index=True)
    apart = [
        not origins[one] & origins[other]
        for one, other in zip(pairs["left_id"], pairs["right_id"], strict=True)
    ]
    pairs = pairs[pd.Series(apart, index=pairs.index, dtype="bool")].reset_index(drop=True)
    flows = joining.flows_by_ends(state.tables[v.FLOWS])
    ends = zip(pairs["left_id"], pairs["right_id"], strict=True)
    bound = pd.Series([frozenset(pair) in flows for pair in ends], index=pairs.index, dtype="bool")
    pairs["zone"] = pairs["zone"].mask(bound & (pairs["zone"] == SAME), ASK)
    return linkage.apply_answers(pairs, links.answers_of(state))


def _to_join(state: State, pairs: pd.DataFrame) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Return what to join: the actor that stays, the one that becomes part of it, and why."""
    same = pairs[pairs["zone"] == SAME]
    if same.empty:
        return {}
    ordered = links.by_trust(state, {*same["left_id"], *same["right_id"]})
    groups, _ = join_records(ordered, _with_exchanges(state, pairs))
    roots = pd.Series(groups.roots(), index=ordered.index)
    ids = ordered["actor_id"].to_numpy()
    rows = same.to_dict("records")
    told = {frozenset((row["left_id"], row["right_id"])): links.told(row) for row in rows}
    best = _best(same)
    return {
        (str(ids[root]), str(ids[place])): told.get(frozenset((ids[root], ids[place])))
        or best[ids[place]]
        for place, root in enumerate(roots)
        if place != root
    }


def _with_returned(state: State) -> State:
    """Return the state in which actors that came in again under the id of a part are that part."""
    actors = set(state.tables[v.ACTORS]["actor_id"])
    flows = joining.flows_by_ends(state.tables[v.FLOWS])
    same = state.links[state.links["zone"] == SAME]
    back: dict[tuple[str, str], Mapping[str, Any]] = {
        (str(one), str(other)): {}
        for one, other in zip(same[ONE], same[OTHER], strict=True)
        if {one, other} <= actors and frozenset((one, other)) not in flows
    }
    return _join(state, back) if back else state


def _with_exchanges(state: State, pairs: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs with those that exchange told apart: no third may bring them together."""
    ends = [sorted(found) for found in joining.flows_by_ends(state.tables[v.FLOWS])]
    rows = [{"left_id": pair[0], "right_id": pair[-1], "answer": DIFFERENT} for pair in ends]
    told = pd.DataFrame(rows, columns=["left_id", "right_id", "answer"], dtype="str")
    return linkage.apply_answers(pairs, told)


def _best(pairs: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return what the surest pair of each actor says: it may be joined through a third."""
    rows = pairs.sort_values("probability").to_dict("records")
    return {row[end]: links.told(row) for row in rows for end in ("left_id", "right_id")}


def _join(state: State, pairs: Mapping[tuple[str, str], Mapping[str, Any]]) -> State:
    """Return the state in which the second actor of each pair is part of the first."""
    now = State(state.tables, state.records, links.with_links(state, pairs, zone=SAME))
    state, moved = joining.join(now, {other: one for one, other in pairs})
    is_new = state.links[OTHER].isin(moved) & (state.links["zone"] == SAME)
    words = state.links["moved"].mask(is_new, state.links[OTHER].map(moved))
    return State(state.tables, state.records, state.links.assign(moved=words.astype("str")))


# --- the database -----------------------------------------------------------------------------
def _read(connection: sqlite3.Connection) -> State:
    tables = store.read_tables(connection)
    held = store.read_layer(connection, LINKAGE_LAYERS[RECORDS])
    return State(tables, held, read_links(connection))


def _write(connection: sqlite3.Connection, state: State, *, before: State, author: Author) -> None:
    """Write what differs between two states, in the open transaction.

    Raises
    ------
    SchemaError
        If the tables would break their contract.
    """
    if state.tables is not before.tables:
        completed = complete(state.tables)
        told = set(schema.check_tables(before.tables))
        problems = [one for one in schema.check_tables(completed) if one not in told]
        if problems:
            raise SchemaError(problems)
        changed = {name for name in completed if state.tables[name] is not before.tables[name]}
        keeping.replace(connection, {name: completed[name] for name in changed}, author=author)
        keeping.keep_records(connection, gpd.GeoDataFrame(state.records), author=author)
    keeping.keep_links(connection, state.links, author=author)
