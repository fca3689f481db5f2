"""Names to ids: what an officer wrote for an actor, a commune or a cooperation."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from toolkit import vocabulary as v
from toolkit.errors import Problem
from toolkit.nomenclature import fold
from toolkit.schema.contracts import CONTRACTS
from toolkit.schema.ways import OUTSIDE_WORDS
from toolkit.workbook import identities
from toolkit.workbook.identities import is_blank, text_of
from toolkit.workbook.places import Place, Places

_NEAR: Final = 0.75
_COMPARED: Final = 120
_NAMED: Final[Mapping[str, str]] = {v.COOPERATIONS: "name", v.PRACTICES: "title"}


@dataclass(frozen=True, slots=True)
class _Column:
    """A column that refers to other rows, and the tables in which they may be."""

    table: str
    name: str
    targets: tuple[str, ...] = (v.COMMUNES,)


_ENDS: Final = (v.ACTORS, v.COMMUNES)
_REFERENCES: Final = (
    _Column(v.RESOURCES, "actor_id", (v.ACTORS,)),
    _Column(v.NEEDS, "actor_id", (v.ACTORS,)),
    _Column(v.MEMBERS, "cooperation_id", (v.COOPERATIONS,)),
    _Column(v.MEMBERS, "actor_id", (v.ACTORS,)),
    _Column(v.FLOWS, "origin", _ENDS),
    _Column(v.FLOWS, "destination", _ENDS),
)


@dataclass(frozen=True, slots=True)
class Typed:
    """An id that was put in a cell, and the words by which the officer knows it."""

    id: str
    words: str


@dataclass(frozen=True, slots=True, eq=False)
class Resolution:
    """Raw tables in which every row has an id and refers to others by their ids.

    Attributes
    ----------
    tables : dict of str to DataFrame
        The tables.
    problems : tuple of Problem
        Names borne by several rows or by none; these cells stay as they were.
    notes : tuple of Problem
        Actors that are known and change their commune.
    typed : Mapping
        Ids that were put in place of words, by table, row and column.
    """

    tables: dict[str, pd.DataFrame]
    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...] = ()
    typed: Mapping[tuple[str, str, str], Typed] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Register:
    """Ids and names of the rows that others may refer to."""

    ids: set[str] = field(default_factory=set)
    names: dict[str, set[str]] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)
    parts: dict[str, dict[str, str]] = field(default_factory=dict)
    """By former id or folded name of rows that became part of others: id now, and former id."""

    def add_parts(self, parts: pd.DataFrame | None) -> None:
        """Add the former ids and names of rows: ``record_id``, ``name``, and ``actor_id`` now."""
        if parts is None:
            return
        cells = zip(parts["record_id"], parts["name"], parts["actor_id"], strict=True)
        for former, name, now in cells:
            for words in {text_of(former), "" if is_blank(name) else fold(text_of(name))} - {""}:
                self.parts.setdefault(words, {}).setdefault(text_of(now), text_of(former))

    def now(self, words: str) -> dict[str, str]:
        """Return the ids of what words meant once, each with the former id."""
        return self.parts.get(words, {}) or self.parts.get(fold(words), {})

    def add(
        self,
        frame: pd.DataFrame | None,
        *,
        key: str,
        source_id: str = "",
        renewed: Collection[str] = (),
    ) -> None:
        """Add the rows of a table, if there is one, by id and name.

        Names of `renewed` count for nothing in rows of `source_id`: the workbook says them anew.
        """
        if frame is None or key not in frame or "name" not in frame:
            return
        sources = frame["source_id"] if "source_id" in frame else [None] * len(frame)
        for cell, name, source in zip(frame[key], frame["name"], sources, strict=True):
            if is_blank(cell):
                continue
            self.ids.add(text_of(cell))
            if is_blank(name):
                continue
            folded = fold(text_of(name))
            if folded in renewed and not is_blank(source) and source == source_id:
                continue
            self.names.setdefault(folded, set()).add(text_of(cell))
            self.shown[folded] = text_of(name)


def resolve(
    tables: Mapping[str, pd.DataFrame],
    *,
    communes: pd.DataFrame | None = None,
    actors: pd.DataFrame | None = None,
    cooperations: pd.DataFrame | None = None,
    parts: pd.DataFrame | None = None,
    where: Mapping[str, str] | None = None,
    source_id: str = "",
) -> Resolution:
    """Return raw tables with ids in place of names, and with the ids that were left empty.

    Parameters
    ----------
    tables : Mapping of str to DataFrame
        Raw tables, as :func:`toolkit.workbook.read` gives them; they are not changed.
    communes : DataFrame, optional
        Communes of the perimeter: ``commune_id`` and ``name``.
    actors, cooperations : DataFrame, optional
        Rows that are known already (of the workspace), to which the workbook may refer.
    parts : DataFrame, optional
        Records that are part of known actors: ``record_id``, ``name``, ``actor_id``.  Where nothing
        else bears an id or a name, it means the actor that the record is part of.
    where : Mapping of str to str, optional
        Sheet of each table, for the problems.
    source_id : str, optional
        Source that the tables are.  Known rows of this source are what the workbook said before: an
        actor without id keeps the id it got then, and a name means what the workbook says now.

    Returns
    -------
    Resolution
        Tables, and references that are ambiguous or unknown.

    Examples
    --------
    >>> made = resolve({
    ...     "actors": pd.DataFrame({"name": ["Le Fournil"], "commune_id": ["99001 - Ambreval"]}),
    ...     "resources": pd.DataFrame({"actor_id": ["le fournil"], "category": ["Pain"]}),
    ... })
    >>> made.tables["resources"]["actor_id"].tolist()
    ['le-fournil-99001']
    """
    resolver = _Resolver(dict(where or {}), Places(communes))
    made = {name: frame.copy() for name, frame in tables.items()}
    for table in (v.ACTORS, v.NEEDS):
        resolver.replace(made, _Column(table, "commune_id"), by=resolver.commune)
    resolver.actor_ids(made.get(v.ACTORS), stored=actors, source_id=source_id)
    for table, name in _NAMED.items():
        resolver.name_ids(made.get(table), table, name=name)
    for known, table in ((actors, v.ACTORS), (cooperations, v.COOPERATIONS)):
        register, key, frame = resolver.registers[table], CONTRACTS[table].key[0], made.get(table)
        register.add(known, key=key, source_id=source_id, renewed=_names_in(frame))
        register.add(frame, key=key)
    resolver.registers[v.ACTORS].add_parts(parts)
    for column in _REFERENCES:
        resolver.replace(made, column, by=resolver.reference)
    for table in identities.PRINTED:
        if table in made and not made[table].empty:
            ids = identities.print_ids(resolver.as_first_written(made[table], table), table)
            _set(made[table], CONTRACTS[table].key[0], cells=ids)
    return Resolution(made, tuple(resolver.problems), tuple(resolver.notes), resolver.typed)


class _Resolver:
    """Goes through the columns that refer to other rows; gathers what cannot be resolved."""

    def __init__(self, where: dict[str, str], places: Places) -> None:
        self.problems: list[Problem] = []
        self.notes: list[Problem] = []
        self.typed: dict[tuple[str, str, str], Typed] = {}
        self.formers: dict[str, str] = {}
        self.registers = {v.ACTORS: _Register(), v.COOPERATIONS: _Register()}
        self._places = places
        self._where = where

    def replace(
        self,
        tables: Mapping[str, pd.DataFrame],
        column: _Column,
        *,
        by: Callable[[str, _Column], Place],
    ) -> None:
        """Put ids in place of names in one column; cells of no single meaning stay."""
        frame = tables.get(column.table)
        if frame is None or column.name not in frame:
            return
        cells: list[object] = []
        for row, cell in frame[column.name].items():
            if is_blank(cell):
                cells.append(cell)
                continue
            words = text_of(cell)
            found = by(words, column)
            meant = next(iter(found.ids)) if len(found.ids) == 1 else words
            if len(found.ids) != 1:
                self._report(words, column, row=str(row), found=found)
            elif meant != words:
                self.typed[column.table, str(row), column.name] = Typed(meant, words)
            cells.append(meant)
        _set(frame, column.name, cells=cells)

    def as_first_written(self, frame: pd.DataFrame, table: str) -> pd.DataFrame:
        """Return rows with the ids that actors had before they became part of others.

        The ids of rows are drawn from them, and do not change because actors were made one.
        """
        made = frame.copy()
        for column in (one.name for one in _REFERENCES if one.table == table):
            if column in made:
                told = [self.typed.get((table, str(row), column)) for row in made.index]
                cells = [
                    self.formers.get(one.words, cell) if one else cell
                    for one, cell in zip(told, made[column], strict=True)
                ]
                _set(made, column, cells=cells)
        return made

    def commune(self, words: str, _column: _Column) -> Place:
        """Return the communes that words may mean; any code is taken as it is."""
        found = self._places.read(words)
        if found.ids or found.code:
            return found
        if not self._places.names:
            return Place(frozenset({words}))
        choices = ", ".join(self._places.nearest(words))
        return Place(code="commune_unknown", params={"choices": choices})

    def reference(self, words: str, column: _Column) -> Place:
        """Return the ids that words may mean: an id, a word for the outside, a commune, a name."""
        registers = [self.registers[table] for table in column.targets if table in self.registers]
        if any(words in register.ids for register in registers):
            return Place(frozenset({words}))
        named = {one for register in registers for one in register.names.get(fold(words), set())}
        if not named:
            now = {one: was for register in registers for one, was in register.now(words).items()}
            named = set(now)
            if now:
                self.formers[words] = next(iter(now.values()))
        if v.COMMUNES not in column.targets:
            return Place(frozenset(named))
        if fold(words) in OUTSIDE_WORDS:
            return Place(frozenset({v.OUTSIDE}))
        place = self._places.read(words)
        communes = self._places.names
        known = place.ids & set(communes) if communes else place.ids
        return Place(known | named, code="" if known or named else place.code, params=place.params)

    def actor_ids(
        self, frame: pd.DataFrame | None, *, stored: pd.DataFrame | None, source_id: str
    ) -> None:
        """Give ids to actors without one; see :mod:`toolkit.workbook.identities`."""
        if frame is None or "name" not in frame:
            return
        made = identities.actor_ids(frame, stored=stored, source_id=source_id)
        labels, names = [str(row) for row in frame.index], list(frame["name"])
        for place, first, siret in made.twice:
            self._add(
                "actor_twice_siret" if siret else "actor_twice",
                _Column(v.ACTORS, "actor_id"),
                row=labels[place],
                found="" if is_blank(names[place]) else text_of(names[place]),
                params={"first": labels[first], "siret": siret},
            )
        for place, before in made.moved:
            now = text_of(frame["commune_id"].iloc[place])
            self.notes.append(
                Problem(
                    "note_commune_changed",
                    v.ACTORS,
                    labels[place],
                    "commune_id",
                    text_of(names[place])[:_COMPARED],
                    {"before": self._called(before), "after": self._called(now)},
                    self._where.get(v.ACTORS, ""),
                )
            )
        self._remember(frame, made.ids, table=v.ACTORS, name="name")
        _set(frame, "actor_id", cells=made.ids)

    def name_ids(self, frame: pd.DataFrame | None, table: str, *, name: str) -> None:
        """Give ids to rows without one from their name."""
        if frame is None or name not in frame:
            return
        key = CONTRACTS[table].key[0]
        ids = identities.name_ids(frame, key=key, name=name)
        self._remember(frame, ids, table=table, name=name)
        _set(frame, key, cells=ids)

    def _remember(self, frame: pd.DataFrame, ids: list[object], *, table: str, name: str) -> None:
        """Keep the name of each row whose id was drawn, to be shown in its place."""
        key = CONTRACTS[table].key[0]
        given = list(frame[key]) if key in frame else [None] * len(frame)
        for row, cell, made, words in zip(frame.index, given, ids, frame[name], strict=True):
            if made is not None and is_blank(cell) and not is_blank(words):
                self.typed[table, str(row), key] = Typed(str(made), text_of(words))

    def _called(self, commune: str) -> str:
        return self._places.names.get(commune, "") or commune

    def _report(self, words: str, column: _Column, *, row: str, found: Place) -> None:
        """Note a name that is borne by several rows, or by none."""
        if found.ids:
            params = {"choices": ", ".join(sorted(found.ids))}
            self._add("name_ambiguous", column, row=row, found=words, params=params)
            return
        if found.code:
            self._add(found.code, column, row=row, found=words, params=found.params)
            return
        shown = {
            way: name
            for table in column.targets
            for way, name in (
                self._places if table == v.COMMUNES else self.registers[table]
            ).shown.items()
        }
        near = difflib.get_close_matches(fold(words)[:_COMPARED], list(shown), n=1, cutoff=_NEAR)
        if near:
            params = {"suggestion": shown[near[0]]}
            self._add("name_near", column, row=row, found=words, params=params)
        else:
            self._add("name_unknown", column, row=row, found=words, params={})

    def _add(
        self, code: str, column: _Column, *, row: str, found: str, params: Mapping[str, str]
    ) -> None:
        where = self._where.get(column.table, "")
        self.problems.append(
            Problem(code, column.table, row, column.name, found[:_COMPARED], params, where)
        )


def _names_in(frame: pd.DataFrame | None) -> frozenset[str]:
    """Return the folded names of the rows of a table."""
    if frame is None or "name" not in frame:
        return frozenset()
    return frozenset(fold(text_of(cell)) for cell in frame["name"] if not is_blank(cell))


def _set(frame: pd.DataFrame, name: str, *, cells: list[object]) -> None:
    frame[name] = pd.Series(cells, index=frame.index, dtype="object")
