"""Ids of rows that were left without one.

The same cells give the same id, whatever the order of the rows:

- an actor: that of the stored actor it is, else its SIRET if it is a valid one, else its name and
  its commune (``ressourcerie-de-l-ambre-99001``); actors of several names that share a SIRET, as a
  directory lists two activities of one establishment, get their name behind it;
- a cooperation or practice: its name or title;
- a resource, need or flow: a fingerprint of the cells that say what it is (whose, which category,
  which label ...), not how much; of rows alike in all these the second gets ``-2``, and so on.

An actor is a stored one of the same source if both have the same SIRET, else the same name and
commune, else the same name and there is no other on either side: a commune that is corrected or a
SIRET that is added changes the actor and makes no second one.  Two different SIRETs are two actors,
and so are two different names.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from toolkit import vocabulary as v
from toolkit.nomenclature import fold
from toolkit.schema.contracts import CONTRACTS
from toolkit.schema.identifiers import clean_siret
from toolkit.schema.values import is_missing, written
from toolkit.schema.ways import read_code

if TYPE_CHECKING:
    import pandas as pd

Name = TypeVar("Name", int, str)

_SLUG_LENGTH: Final = 60
_DIGEST_LENGTH: Final = 10
_COMMUNE_LENGTH: Final = 5
_PRINTS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    v.RESOURCES: ("r", ("actor_id", "category", "label")),
    v.NEEDS: ("n", ("actor_id", "commune_id", "category", "label")),
    v.FLOWS: ("f", ("nature", "origin", "destination", "category", "label", "year")),
}
PRINTED: Final = tuple(_PRINTS)
"""Tables whose rows get a fingerprint for an id."""


@dataclass(frozen=True, slots=True)
class _Face:
    """What an actor is known by; empty where a cell is."""

    name: str
    commune: str
    siret: str


_STAGES: Final[tuple[Callable[[_Face], object], ...]] = (
    lambda face: face.siret,
    lambda face: (face.name, face.commune, face.siret) if face.name and face.commune else "",
    lambda face: (face.name, face.commune) if face.name and face.commune else "",
    lambda face: face.name,
)
"""Keys by which a row is matched to a stored one, the surest first; empty where there is none."""


@dataclass(frozen=True, slots=True)
class ActorIds:
    """Ids of the rows of actors.

    Attributes
    ----------
    ids : list
        In the order of the rows; None where there is nothing to draw an id from.
    twice : list of tuple
        Positions of rows that would get the id of another row, of that row, and the SIRET that
        both bear (empty if they bear none).
    moved : list of tuple
        Positions of rows that are a stored actor of another commune, and that commune.
    """

    ids: list[object]
    twice: list[tuple[int, int, str]]
    moved: list[tuple[int, str]]


def actor_ids(frame: pd.DataFrame, *, stored: pd.DataFrame | None, source_id: str) -> ActorIds:
    """Return the id of every row: the one given, else that of the stored actor it is, else drawn.

    Parameters
    ----------
    frame : DataFrame
        Raw rows, their communes by code; column ``name``.
    stored : DataFrame or None
        Actors that are known already.
    source_id : str
        Source of the rows; only its stored actors are matched.
    """
    given = list(frame["actor_id"]) if "actor_id" in frame else [None] * len(frame)
    ids: dict[int, str] = {
        place: text_of(cell) for place, cell in enumerate(given) if not is_blank(cell)
    }
    cells = [row for _, row in frame.iterrows()]
    faces = {place: _face(row) for place, row in enumerate(cells)}
    is_given = set(ids)
    shared = _shared(cells)
    drawn = [_drawn(row, shared=shared) for row in cells]
    own = _stored_faces(stored, source_id=source_id)
    claimed = set(ids.values())
    matched = _matched(
        {place: face for place, face in faces.items() if place not in is_given},
        {name: face for name, face in own.items() if name not in claimed},
    )
    ids |= matched
    known = set() if stored is None else {text_of(cell) for cell in stored["actor_id"]}
    twice = _draw(ids, drawn, faces=faces, own=own, known=known, is_given=is_given)
    moved = [
        (place, own[name].commune)
        for place, name in sorted(matched.items())
        if faces[place].commune and faces[place].commune != own[name].commune
    ]
    return ActorIds([ids.get(place) for place in range(len(cells))], twice, moved)


def _draw(
    ids: dict[int, str],
    drawn: list[str],
    *,
    faces: Mapping[int, _Face],
    own: Mapping[str, _Face],
    known: set[str],
    is_given: set[int],
) -> list[tuple[int, int, str]]:
    """Add the ids of the rows that have none yet; return those that are given twice."""
    holders: dict[str, int] = {}
    for place, name in enumerate(drawn):
        if place in ids and (place not in is_given or ids[place] == name):
            holders.setdefault(name, place)
    claimed = set(ids.values())
    twice = []
    for place, base in enumerate(drawn):
        if place in ids or not base:
            continue
        if base in holders and slug(faces[holders[base]].name) == slug(faces[place].name):
            twice.append((place, holders[base], faces[place].siret))
            ids[place] = base
            continue
        holders[base] = place
        name, number = base, 1
        while name in claimed or (number > 1 and name in known and own.get(name) != faces[place]):
            number += 1
            name = f"{base}-{number}"
        ids[place] = name
        claimed.add(name)
    return twice


def _matched(rows: Mapping[int, _Face], stored: Mapping[str, _Face]) -> dict[int, str]:
    """Return the stored actor that each row is, where there is no doubt."""
    found: dict[int, str] = {}
    for key in _STAGES:
        taken = set(found.values())
        mine = _grouped({place: face for place, face in rows.items() if place not in found}, key)
        theirs = _grouped({name: face for name, face in stored.items() if name not in taken}, key)
        for group, places in mine.items():
            names = theirs.get(group, {})
            for siret, alike in places.items():
                fits = _fitting(names, siret)
                if len(fits) == len(alike) == 1 and (
                    len(_fitting(places, stored[fits[0]].siret)) == 1
                ):
                    found[alike[0]] = fits[0]
    return found


def _grouped(
    faces: Mapping[Name, _Face], key: Callable[[_Face], object]
) -> dict[object, dict[str, list[Name]]]:
    """Return who has the same key, then the same SIRET."""
    groups: dict[object, dict[str, list[Name]]] = {}
    for name, face in faces.items():
        if group := key(face):
            groups.setdefault(group, {}).setdefault(face.siret, []).append(name)
    return groups


def _fitting(names: Mapping[str, list[Name]], siret: str) -> list[Name]:
    """Return who does not have another SIRET; two are enough to tell that there are several."""
    if not siret:
        return list(itertools.islice(itertools.chain.from_iterable(names.values()), 2))
    return names.get(siret, []) + names.get("", [])


def _stored_faces(stored: pd.DataFrame | None, *, source_id: str) -> dict[str, _Face]:
    """Return what the stored actors of a source are known by."""
    if stored is None or not source_id or "source_id" not in stored:
        return {}
    own = stored[(stored["source_id"] == source_id).to_numpy(dtype="bool", na_value=False)]
    return {text_of(row["actor_id"]): _face(row) for _, row in own.iterrows()}


def _face(row: pd.Series) -> _Face:
    cells = {name: row.get(name) for name in ("name", "commune_id")}
    name, commune = ("" if is_blank(cell) else text_of(cell) for cell in cells.values())
    return _Face(fold(name), commune.zfill(_COMMUNE_LENGTH) if commune else "", _siret(row))


def _siret(row: pd.Series) -> str:
    cell = row.get("siret")
    return "" if is_missing(cell) else clean_siret(cell)[0] or ""


def _shared(rows: Iterable[pd.Series]) -> frozenset[str]:
    """Return the SIRETs that rows of several names bear."""
    names: dict[str, set[str]] = {}
    for row in rows:
        if (siret := _siret(row)) and not is_blank(row["name"]):
            names.setdefault(siret, set()).add(slug(text_of(row["name"])))
    return frozenset(siret for siret, known in names.items() if len(known) > 1)


def _drawn(row: pd.Series, *, shared: Collection[str]) -> str:
    """Return the id of an actor by its cells; empty where there is nothing to draw it from."""
    siret = _siret(row)
    if siret and (siret not in shared or is_blank(row["name"])):
        return siret
    if siret:
        return f"{siret}-{slug(text_of(row['name']))}"
    if is_blank(row["name"]):
        return ""
    commune = row.get("commune_id")
    return slug(text_of(row["name"])) + ("" if is_blank(commune) else f"-{slug(text_of(commune))}")


# --- other tables -----------------------------------------------------------------------------
def name_ids(frame: pd.DataFrame, *, key: str, name: str) -> list[object]:
    """Return the id of every row: the one given, else one from its name."""
    ids = list(frame[key]) if key in frame else [None] * len(frame)
    return [
        text_of(cell) if not is_blank(cell) else None if is_blank(words) else slug(text_of(words))
        for cell, words in zip(ids, frame[name], strict=True)
    ]


def print_ids(frame: pd.DataFrame, table: str) -> list[object]:
    """Return the id of every row: the one given, else a fingerprint of what the row is."""
    letter, names = _PRINTS[table]
    key = CONTRACTS[table].key[0]
    ids = list(frame[key]) if key in frame else [None] * len(frame)
    present = [name for name in names if name in frame]
    used = Counter(text_of(cell) for cell in ids if not is_blank(cell))
    made: list[object] = []
    for cell, parts in zip(ids, frame[present].itertuples(index=False, name=None), strict=True):
        if not is_blank(cell):
            made.append(text_of(cell))
            continue
        if all(is_blank(part) for part in parts):
            made.append(None)
            continue
        cells = dict(zip(present, parts, strict=True))
        base = f"{letter}-{_digest(_canonical(table, cells, names=names))}"
        used[base] += 1
        made.append(base if used[base] == 1 else f"{base}-{used[base]}")
    return made


def _canonical(table: str, cells: Mapping[str, object], *, names: Iterable[str]) -> list[str]:
    """Return cells as they are compared: codes where a word names one, else folded text."""
    made = []
    for name in names:
        cell = cells.get(name)
        words = "" if is_blank(cell) else text_of(cell)
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


def is_blank(cell: object) -> bool:
    """Return whether a cell holds nothing."""
    return is_missing(cell) or not written(cell).strip()


def text_of(cell: object) -> str:
    """Return a cell as text without doubled blanks."""
    return " ".join(written(cell).split())
