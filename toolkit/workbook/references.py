"""Names to ids: what an officer wrote for an actor, a commune or a cooperation; ids left empty.

Rules of an id left empty (the same cells give the same id, whatever the order of the rows):

- an actor: its SIRET if it is a valid one, else its name and its commune
  (``ressourcerie-de-l-ambre-99001``);
- a cooperation or practice: its name or title;
- a resource, need or flow: a fingerprint of the cells that say what it is (whose, which category,
  which label ...), not how much; of rows alike in all these the second gets ``-2``, and so on.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from toolkit import vocabulary as v
from toolkit.errors import Problem
from toolkit.nomenclature import fold
from toolkit.schema.contracts import CONTRACTS
from toolkit.schema.identifiers import clean_siret
from toolkit.schema.values import is_missing, written
from toolkit.schema.ways import OUTSIDE_WORDS, read_code

_COMMUNE: Final = re.compile(
    r"(\d{4,5}|2[AB]\d{3})(?:\s*[-–:]\s+.*|\s*)", re.IGNORECASE | re.DOTALL
)
_NEAR: Final = 0.75
_COMPARED: Final = 120
_SLUG_LENGTH: Final = 60
_DIGEST_LENGTH: Final = 10
_NAMED: Final[Mapping[str, str]] = {v.COOPERATIONS: "name", v.PRACTICES: "title"}
_PRINTS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    v.RESOURCES: ("r", ("actor_id", "category", "label")),
    v.NEEDS: ("n", ("actor_id", "commune_id", "category", "label")),
    v.FLOWS: ("f", ("nature", "origin", "destination", "category", "label", "year")),
}


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


@dataclass(frozen=True, slots=True, eq=False)
class Resolution:
    """Raw tables in which every row has an id and refers to others by their ids.

    ``problems`` are the names borne by several rows or by none; these cells stay as they were.
    """

    tables: dict[str, pd.DataFrame]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Register:
    """Ids and names of the rows that others may refer to."""

    ids: set[str] = field(default_factory=set)
    names: dict[str, set[str]] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)

    def add(self, frame: pd.DataFrame | None, *, key: str) -> None:
        """Add the rows of a table, if there is one, by id and name."""
        if frame is None or key not in frame or "name" not in frame:
            return
        for cell, name in zip(frame[key], frame["name"], strict=True):
            if not _is_blank(cell):
                self.ids.add(_text(cell))
                if not _is_blank(name):
                    self.names.setdefault(fold(_text(name)), set()).add(_text(cell))
                    self.shown[fold(_text(name))] = _text(name)


def resolve(
    tables: Mapping[str, pd.DataFrame],
    *,
    communes: pd.DataFrame | None = None,
    actors: pd.DataFrame | None = None,
    cooperations: pd.DataFrame | None = None,
    where: Mapping[str, str] | None = None,
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
    where : Mapping of str to str, optional
        Sheet of each table, for the problems.

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
    places = _Register()
    places.add(communes, key="commune_id")
    resolver = _Resolver(dict(where or {}), places)
    made = {name: frame.copy() for name, frame in tables.items()}
    for table in (v.ACTORS, v.NEEDS):
        resolver.replace(made, _Column(table, "commune_id"), by=resolver.commune)
    resolver.actor_ids(made.get(v.ACTORS))
    for table, name in _NAMED.items():
        _name_ids(made, table, name=name)
    for known, table in ((actors, v.ACTORS), (cooperations, v.COOPERATIONS)):
        for frame in (known, made.get(table)):
            resolver.registers[table].add(frame, key=CONTRACTS[table].key[0])
    for column in _REFERENCES:
        resolver.replace(made, column, by=resolver.reference)
    for table in _PRINTS:
        _print_ids(made, table)
    return Resolution(made, tuple(resolver.problems))


class _Resolver:
    """Goes through the columns that refer to other rows; gathers what cannot be resolved."""

    def __init__(self, where: dict[str, str], places: _Register) -> None:
        self.problems: list[Problem] = []
        self.registers = {v.ACTORS: _Register(), v.COOPERATIONS: _Register(), v.COMMUNES: places}
        self._where = where

    def replace(
        self,
        tables: Mapping[str, pd.DataFrame],
        column: _Column,
        *,
        by: Callable[[str, _Column], set[str]],
    ) -> None:
        """Put ids in place of names in one column; cells of no single meaning stay."""
        frame = tables.get(column.table)
        if frame is None or column.name not in frame:
            return
        cells: list[object] = []
        for row, cell in frame[column.name].items():
            if _is_blank(cell):
                cells.append(cell)
                continue
            found = by(_text(cell), column)
            if len(found) != 1:
                self._report(_text(cell), column, row=str(row), ids=sorted(found))
            cells.append(next(iter(found)) if len(found) == 1 else _text(cell))
        frame[column.name] = pd.Series(cells, index=frame.index, dtype="object")

    def commune(self, words: str, _column: _Column) -> set[str]:
        """Return the communes that words may mean; any code is taken as it is."""
        match = _COMMUNE.fullmatch(words)
        places = self.registers[v.COMMUNES]
        if match:
            return {match[1].upper()}
        return places.names.get(fold(words), set()) if places.ids else {words}

    def reference(self, words: str, column: _Column) -> set[str]:
        """Return the ids that words may mean: an id, a word for the outside, a commune, a name."""
        registers = [self.registers[table] for table in column.targets]
        if any(words in register.ids for register in registers):
            return {words}
        if v.COMMUNES in column.targets:
            places = self.registers[v.COMMUNES]
            match = _COMMUNE.fullmatch(words)
            if fold(words) in OUTSIDE_WORDS:
                return {v.OUTSIDE}
            if match and (match[1].upper() in places.ids or not places.ids):
                return {match[1].upper()}
        return {one for register in registers for one in register.names.get(fold(words), set())}

    def actor_ids(self, frame: pd.DataFrame | None) -> None:
        """Give ids to actors without one: their SIRET, else their name and commune."""
        if frame is None or "name" not in frame:
            return
        ids = list(frame["actor_id"]) if "actor_id" in frame else [None] * len(frame)
        made: list[object] = []
        drawn: dict[object, object] = {}
        for row, cell, (_, cells) in zip(frame.index, ids, frame.iterrows(), strict=True):
            if not _is_blank(cell):
                made.append(_text(cell))
                continue
            found = _actor_id(cells)
            if found is not None and found in drawn:
                self._add(
                    "actor_twice",
                    _Column(v.ACTORS, "actor_id"),
                    row=str(row),
                    found=_text(cells["name"]),
                    params={"first": str(drawn[found])},
                )
            drawn.setdefault(found, row)
            made.append(found)
        frame["actor_id"] = pd.Series(made, index=frame.index, dtype="object")

    def _report(self, words: str, column: _Column, *, row: str, ids: list[str]) -> None:
        """Note a name that is borne by several rows, or by none."""
        if ids:
            params = {"choices": ", ".join(ids)}
            self._add("name_ambiguous", column, row=row, found=words, params=params)
            return
        shown = {
            way: name
            for table in column.targets
            for way, name in self.registers[table].shown.items()
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


# --- ids --------------------------------------------------------------------------------------
def _actor_id(cells: pd.Series) -> object:
    """Return the id of an actor without one; None where there is nothing to draw it from."""
    siret, _ = clean_siret(cells["siret"]) if "siret" in cells else (None, None)
    if siret:
        return siret
    if _is_blank(cells["name"]):
        return None
    commune = cells.get("commune_id")
    return slug(_text(cells["name"])) + ("" if _is_blank(commune) else f"-{slug(_text(commune))}")


def _name_ids(tables: dict[str, pd.DataFrame], table: str, *, name: str) -> None:
    """Give ids to rows without one from their name."""
    frame = tables.get(table)
    if frame is None or name not in frame:
        return
    key = CONTRACTS[table].key[0]
    ids = list(frame[key]) if key in frame else [None] * len(frame)
    frame[key] = pd.Series(
        [
            _text(cell) if not _is_blank(cell) else None if _is_blank(words) else slug(_text(words))
            for cell, words in zip(ids, frame[name], strict=True)
        ],
        index=frame.index,
        dtype="object",
    )


def _print_ids(tables: dict[str, pd.DataFrame], table: str) -> None:
    """Give ids to rows without one from a fingerprint of the cells that say what they are."""
    frame = tables.get(table)
    if frame is None or frame.empty:
        return
    letter, names = _PRINTS[table]
    key = CONTRACTS[table].key[0]
    ids = list(frame[key]) if key in frame else [None] * len(frame)
    present = [name for name in names if name in frame]
    used = Counter(_text(cell) for cell in ids if not _is_blank(cell))
    made: list[object] = []
    for cell, parts in zip(ids, frame[present].itertuples(index=False, name=None), strict=True):
        if not _is_blank(cell):
            made.append(_text(cell))
            continue
        if all(_is_blank(part) for part in parts):
            made.append(None)
            continue
        cells = dict(zip(present, parts, strict=True))
        base = f"{letter}-{_digest(_canonical(table, cells, names=names))}"
        used[base] += 1
        made.append(base if used[base] == 1 else f"{base}-{used[base]}")
    frame[key] = pd.Series(made, index=frame.index, dtype="object")


def _canonical(table: str, cells: Mapping[str, object], *, names: Iterable[str]) -> list[str]:
    """Return cells as they are compared: codes where a word names one, else folded text."""
    made = []
    for name in names:
        cell = cells.get(name)
        words = "" if _is_blank(cell) else _text(cell)
        column = CONTRACTS[table].column(name)
        code = read_code(words, column) if words and column.kind in {"code", "enum"} else None
        made.append(code or fold(words))
    return made


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[
        :_DIGEST_LENGTH
    ]


def slug(words: str) -> str:
    """Return text as an id: lower case letters and digits joined by hyphens.

    Examples
    --------
    >>> slug("Ressourcerie de l'Ambre")
    'ressourcerie-de-l-ambre'
    """
    plain = "-".join(re.findall(r"[a-z0-9]+", fold(words)))
    if not plain:
        return f"x-{_digest([words])}"
    return plain if len(plain) <= _SLUG_LENGTH else f"{plain[:_SLUG_LENGTH]}-{_digest([plain])}"


def _is_blank(cell: object) -> bool:
    return is_missing(cell) or not written(cell).strip()


def _text(cell: object) -> str:
    return " ".join(written(cell).split())
