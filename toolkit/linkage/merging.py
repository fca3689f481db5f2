"""One row an actor: records that are the same joined, the first filled cell by trust kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd

from toolkit import vocabulary as v
from toolkit.linkage.pairs import DIFFERENT, SAME
from toolkit.linkage.records import check_ids, rna_of
from toolkit.linkage.review import ANSWERED
from toolkit.nomenclature import fold
from toolkit.schema.identifiers import SIREN_LENGTH, clean_siren, clean_siret

CONFLICT_COLUMNS: Final = ("actor_id", "column", "value", "source_id")
"""Columns of the conflicts: one row a value where the records of an actor differ, the kept one
first; ``column`` is ``link`` for a pair that was not joined, ``value`` is then the other actor."""
LINK: Final = "link"
_POINT: Final = ("latitude", "longitude", v.GEOMETRY, "located_by")
_TOGETHER: Final = (_POINT, ("activity", "activity_version"))
"""Cells that mean something only together: all are taken from one record."""
_MAIN: Final = (
    frozenset({"latitude", "longitude"}),
    frozenset({v.GEOMETRY}),
    frozenset({"activity"}),
)
"""Cells that must be there for a record to give what goes together."""
_WITH_PLACE: Final = ("address", "postcode", "city", *_POINT)
"""Cells that are taken only from records of the commune that is kept."""
_OTHERS: Final = "other_activities"
_NOT_COMPARED: Final = frozenset(
    {"actor_id", "source_id", "basis", *_POINT, "activity_version", _OTHERS}
)


def merge_records(
    records: pd.DataFrame, pairs: pd.DataFrame, *, trust: Sequence[str] = ()
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one row an actor, and the values in which its records differ.

    Pairs of zone ``same`` are joined, surest first, and through each other (a with b, b with c),
    unless that would put two different SIRETs, SIRENs or RNA numbers, or two records that a person
    called different, into one actor: two establishments are two actors.

    Parameters
    ----------
    records : DataFrame
        Records of all sources: ``actor_id``, ``name``, and any columns of the table of actors.
    pairs : DataFrame
        As :func:`toolkit.linkage.find_pairs` or :func:`toolkit.linkage.apply_answers` return them;
        pairs whose ids are not among the records are left out.
    trust : sequence of str, optional
        ``source_id`` of the sources, the most trusted first; the others follow, those with a SIRET
        first, then by id.

    Returns
    -------
    actors : DataFrame
        Columns of `records`, and ``source_ids`` and ``record_ids`` (joined by ``|``, by trust).
        The id and each cell are those of the first record by trust that has one; point and
        activity go together, address and point come from a record of the kept commune; the other
        activities are those of all records.  An actor is not diffusible, and a natural person, as
        soon as one record says so.
    conflicts : DataFrame, columns :data:`CONFLICT_COLUMNS`
        Texts are compared without case and accents.

    Raises
    ------
    DataError
        If ``actor_id`` or ``name`` is missing, or ids are empty or repeated.

    Examples
    --------
    >>> records = pd.DataFrame({"actor_id": ["a", "b"], "name": ["La Ruche", "LA RUCHE"],
    ...                         "jobs": [None, 3.0], "source_id": ["x", "y"]})
    >>> pairs = pd.DataFrame({"left_id": ["a"], "right_id": ["b"], "zone": ["same"],
    ...                       "probability": [0.97], "reasons": ["name_same"]})
    >>> actors, conflicts = merge_records(records, pairs)
    >>> actors[["name", "jobs", "source_ids"]].values.tolist(), len(conflicts)
    ([['La Ruche', 3.0, 'x|y']], 0)
    """
    check_ids(records, where="records")
    ordered = by_trust(records, trust)
    groups, refused = join_records(ordered, pairs)
    root = pd.Series(groups.roots(), index=ordered.index)
    actors, conflicts = merge_groups(ordered, root)
    links = _links(refused, groups, records=ordered, root=root)
    told = pd.concat([conflicts, _told(links)], ignore_index=True).drop_duplicates()
    order = ["actor_id", "column"]
    return actors, told.sort_values(order, kind="stable", ignore_index=True)


def merge_groups(
    records: pd.DataFrame, groups: pd.Series[Any]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one row a group of records, and the values in which they differ.

    Parameters
    ----------
    records : DataFrame
        As for :func:`merge_records`, the most trusted first.
    groups : Series
        What each record belongs to; same index.

    Returns
    -------
    actors : DataFrame
        As :func:`merge_records` returns them, by ``actor_id``.
    conflicts : DataFrame, columns :data:`CONFLICT_COLUMNS`
        Grouped by actor.
    """
    size = groups.map(groups.value_counts())
    alone = records[size == 1]
    rows = alone.assign(
        source_ids=_filled_source(alone), record_ids=alone["actor_id"].astype("str")
    )
    merged, conflicts = [], []
    several = records[size > 1]
    gathered: dict[Any, list[dict[str, Any]]] = {}
    for group, record in zip(groups[size > 1], several.to_dict("records"), strict=True):
        gathered.setdefault(group, []).append({str(name): cell for name, cell in record.items()})
    for group in gathered.values():
        row, differing = _merged(group)
        merged.append(row)
        conflicts += differing
    if merged:
        made = pd.DataFrame(merged, columns=rows.columns).astype(rows.dtypes.to_dict())
        rows = pd.concat([rows, made]) if len(rows) else made
    return rows.sort_values("actor_id", ignore_index=True), _told(conflicts)


def _told(conflicts: Sequence[tuple[str, str, str, str]]) -> pd.DataFrame:
    columns = list(CONFLICT_COLUMNS)
    return pd.DataFrame(conflicts, columns=columns, dtype="str").drop_duplicates(ignore_index=True)


def by_trust(records: pd.DataFrame, trust: Sequence[str]) -> pd.DataFrame:
    """Return the records, the most trusted first."""
    empty = pd.Series("", index=records.index, dtype="str")
    rank = {source: place for place, source in enumerate(trust)}
    places = records.get("source_id", empty).map(rank).fillna(len(rank)).astype("int64")
    unnamed = [clean_siret(cell)[0] is None for cell in records.get("siret", empty)]
    keys = pd.DataFrame(
        {"place": places, "unnamed": unnamed, "id": records["actor_id"].astype(str)}
    )
    order = keys.reset_index(drop=True).sort_values(["place", "unnamed", "id"]).index
    found = records.iloc[order].reset_index(drop=True)
    return found.assign(actor_id=found["actor_id"].astype("str"))


@dataclass(slots=True)
class Groups:
    """Records joined so far, with the identifiers of each group."""

    place: Mapping[str, int]
    parent: list[int]
    known: list[dict[str, str]]
    members: list[set[int]]
    apart: dict[int, set[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, records: pd.DataFrame) -> Groups:
        """Return every record as a group of its own."""
        empty = pd.Series("", index=records.index, dtype="str")
        cells = [records.get(name, empty) for name in ("siret", "siren", "rna")]
        known = [
            _identifiers(siret, siren, rna=rna_of(str(rna) if _is_filled(rna) else "", actor_id))
            for siret, siren, rna, actor_id in zip(*cells, records["actor_id"], strict=True)
        ]
        place = {one: row for row, one in enumerate(records["actor_id"])}
        rows = range(len(records))
        return cls(place, list(rows), known, [{row} for row in rows])

    def root(self, row: int) -> int:
        """Return the group of a record."""
        while self.parent[row] != row:
            self.parent[row] = self.parent[self.parent[row]]
            row = self.parent[row]
        return row

    def roots(self) -> list[int]:
        """Return the group of every record."""
        return [self.root(row) for row in range(len(self.parent))]

    def join(self, one: int, two: int) -> bool:
        """Join the groups of two records; return whether that was allowed."""
        first, second = sorted((self.root(one), self.root(two)))
        if first == second:
            return True
        ours, theirs = self.known[first], self.known[second]
        unlike = any(ours[name] != theirs[name] for name in ours.keys() & theirs.keys())
        parted = any(
            self.apart.get(row, set()) & self.members[first] for row in self.members[second]
        )
        if unlike or parted:
            return False
        self.parent[second] = first
        self.known[first] = {**theirs, **ours}
        self.members[first] |= self.members[second]
        return True


def _identifiers(siret: object, siren: object, *, rna: str) -> dict[str, str]:
    found = {"siret": clean_siret(siret)[0] or "", "siren": clean_siren(siren)[0] or ""}
    found["siren"] = found["siret"][:SIREN_LENGTH] or found["siren"]
    found["rna"] = rna
    return {name: value for name, value in found.items() if value}


def join_records(
    records: pd.DataFrame, pairs: pd.DataFrame
) -> tuple[Groups, list[tuple[int, int]]]:
    """Return the groups that the pairs of zone ``same`` make, and the pairs that were not joined.

    Parameters
    ----------
    records : DataFrame
        As :func:`by_trust` returns them.
    pairs : DataFrame
        As for :func:`merge_records`.
    """
    groups = Groups.of(records)
    place = groups.place
    known = pairs[pairs["left_id"].isin(place) & pairs["right_id"].isin(place)]
    told = known["reasons"].map(lambda codes: ANSWERED in v.split_list(codes)).astype("bool")
    for one, two in _rows(known[told & (known["zone"] == DIFFERENT)], place):
        groups.apart.setdefault(one, set()).add(two)
        groups.apart.setdefault(two, set()).add(one)
    same = known.assign(told=told)[known["zone"] == SAME]
    ends = [sorted(ids) for ids in zip(same["left_id"], same["right_id"], strict=True)]
    same = same.assign(first=[one for one, _ in ends], second=[two for _, two in ends])
    same = same.sort_values(
        ["told", "probability", "first", "second"], ascending=[False, False, True, True]
    )
    return groups, [pair for pair in _rows(same, place) if not groups.join(*pair)]


def _rows(pairs: pd.DataFrame, place: Mapping[str, int]) -> list[tuple[int, int]]:
    ends = zip(pairs["left_id"].map(place), pairs["right_id"].map(place), strict=True)
    return [(int(one), int(two)) for one, two in ends]


def _is_filled(cell: Any) -> bool:  # noqa: ANN401 - any cell
    if isinstance(cell, str):
        return cell.strip().casefold() not in {"", "[nd]"}
    return cell is not None and not (pd.api.types.is_scalar(cell) and pd.isna(cell))


def _filled_source(records: pd.DataFrame) -> pd.Series[str]:
    empty = pd.Series("", index=records.index, dtype="str")
    return records.get("source_id", empty).fillna("").astype("str")


_Record = Mapping[str, Any]


def _merged(group: Sequence[_Record]) -> tuple[dict[str, Any], list[tuple[str, str, str, str]]]:
    """Return the row of an actor and its conflicts; the group is in the order of trust."""
    sources = [str(cell) if _is_filled(cell := one.get("source_id")) else "" for one in group]
    row: dict[str, Any] = {name: _first(group, name) for name in group[0]}
    row["actor_id"] = group[0]["actor_id"]
    here = group
    commune = row.get("commune_id")
    if _is_filled(commune):
        here = [
            one
            for one in group
            if not _is_filled(one["commune_id"]) or one["commune_id"] == commune
        ]
        row |= {name: _first(here, name) for name in _WITH_PLACE if name in row}
    for names in _TOGETHER:
        row |= _together(
            here if names is _POINT else group, [name for name in names if name in row]
        )
    row |= _flags(group)
    if _OTHERS in row:
        row[_OTHERS] = _all_others(group, main=row.get("activity"))
    row["source_ids"] = v.join_list(dict.fromkeys(source for source in sources if source))
    row["record_ids"] = v.join_list([one["actor_id"] for one in group])
    return row, _conflicts(group, sources)


def _first(group: Sequence[_Record], name: str) -> Any:  # noqa: ANN401 - any cell
    return next((one[name] for one in group if _is_filled(one[name])), None)


def _together(group: Sequence[_Record], names: Sequence[str]) -> dict[str, Any]:
    """Return cells that go together, from the first record that has the main ones."""
    for one in group:
        filled = {name for name in names if _is_filled(one[name])}
        if any(main <= filled for main in _MAIN):
            return {name: one[name] for name in names}
    return dict.fromkeys(names)


def _all_others(group: Sequence[_Record], *, main: object) -> str | None:
    """Return the other activities that any record tells, without the one that is the main one."""
    told = dict.fromkeys(code for one in group for code in v.split_list(one[_OTHERS]))
    return v.join_list(code for code in told if code != main) or None


def _flags(group: Sequence[_Record]) -> dict[str, bool]:
    """Return what one record is enough to say, for the protection of persons."""
    found = {}
    for name, default in (("diffusible", True), ("natural_person", False)):
        if name in group[0]:
            told = {bool(one[name]) for one in group if _is_filled(one[name])}
            found[name] = default != ((not default) in told)
    return found


def _conflicts(group: Sequence[_Record], sources: Sequence[str]) -> list[tuple[str, str, str, str]]:
    actor = str(group[0]["actor_id"])
    found = []
    for name in group[0]:
        if name in _NOT_COMPARED:
            continue
        values: dict[str, tuple[str, str]] = {}
        for one, source in zip(group, sources, strict=True):
            if _is_filled(one[name]):
                values.setdefault(fold(str(one[name])), (str(one[name]), source))
        if len(values) > 1:
            found += [(actor, name, value, source) for value, source in values.values()]
    return found


def _links(
    refused: Sequence[tuple[int, int]],
    groups: Groups,
    *,
    records: pd.DataFrame,
    root: pd.Series[int],
) -> list[tuple[str, str, str, str]]:
    """Return the pairs that were not joined, each way round."""
    sources = _filled_source(records)
    ids = records["actor_id"].to_numpy(dtype=object)
    first = pd.Series(np.arange(len(records))).groupby(root).min()
    found = []
    for pair in refused:
        for one, two in (pair, pair[::-1]):
            ours, theirs = (int(first[groups.root(row)]) for row in (one, two))
            found.append((ids[ours], LINK, ids[theirs], sources.iloc[two]))
    return sorted(found)
