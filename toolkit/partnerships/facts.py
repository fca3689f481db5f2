"""What the search reads of a territory, once, as arrays and short lists sorted by id."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from toolkit import nomenclature, units
from toolkit import vocabulary as v
from toolkit.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

    from toolkit.gaps import Findings
    from toolkit.settings import Settings
    from toolkit.territory import Territory

FAMILY_BIT: Final[Mapping[str, int]] = {name: 1 << rank for rank, name in enumerate(v.FAMILIES)}
"""One bit a family, so that the families of a group are one number."""

MEETING_PREMISES: Final = frozenset(
    f"premises.{kind}"
    for kind in ("event_hall", "fablab", "meeting_room", "office", "shared_desk", "training_room")
) | {"services.digital.third_place"}
"""Categories of premises in which a group can sit round a table."""

BASIS_WEIGHT: Final[Mapping[str, float]] = {"observed": 1.0, "recorded": 0.9, "estimated": 0.6}
"""How far a fact is trusted when it speaks for a member (own rule)."""

_METRES: Final = 1000.0
_ROUNDING: Final = 1e-9
_MET: Final = frozenset({"contacted", "co_construction", "experiment", "active", "ended"})
"""Stages of a cooperation from which its members know each other."""


class Fact(NamedTuple):
    """One row that speaks for an actor: a resource, a need or a flow.

    ``quantity`` is in ``unit`` per year, NaN where the row does not say; ``actor`` is a position in
    :attr:`Facts.ids`; ``left`` is what the balance of the territory has not used or met; ``weight``
    is how typical an estimate is; ``deduced`` whether it comes from the activity of the actor.
    """

    actor: int
    table: str
    row_id: str
    category: str
    quantity: float
    left: float
    unit: str
    basis: str
    detail: str
    commune_id: str
    weight: float = 1.0
    deduced: bool = False


class Place(NamedTuple):
    """Where a group can meet: shareable premises of an actor, or a commune."""

    place_id: str
    resource_id: str
    x_km: float
    y_km: float


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """Actors and their rows; every array follows ``ids``, which are sorted.

    Coordinates are kilometres of road: straight kilometres times the detour factor, so that the
    distance of two points is a trip.  ``eligible`` is false for natural persons whose name may not
    be shown, and for actors that lie nowhere.  ``offers`` (actors x categories) is 1 where an actor
    offers a category, ``wants`` where it needs something that the category serves; ``activities``
    are all that an actor does, its main activity first; ``stated`` are the categories of what it
    offers, deduced rows left out.
    """

    ids: tuple[str, ...]
    index: Mapping[str, int]
    x_km: npt.NDArray[np.float64]
    y_km: npt.NDArray[np.float64]
    family: npt.NDArray[np.uint8]
    sectors: tuple[frozenset[str], ...]
    sector_bits: npt.NDArray[np.uint64]
    pillars: tuple[frozenset[str], ...]
    roles: tuple[frozenset[str], ...]
    jobs: npt.NDArray[np.float64]
    eligible: npt.NDArray[np.bool_]
    basis: tuple[str, ...]
    legal_form: tuple[str, ...]
    activities: tuple[tuple[str, ...], ...]
    commune: tuple[str, ...]
    commune_xy: Mapping[str, tuple[float, float]]
    resources: Mapping[str, tuple[Fact, ...]]
    stated: Mapping[int, frozenset[str]]
    needs: Mapping[str, tuple[Fact, ...]]
    commune_needs: Mapping[str, tuple[Fact, ...]]
    flows: Mapping[str, tuple[Fact, ...]]
    by_row: Mapping[tuple[str, str], Fact]
    edges: npt.NDArray[np.int64]
    degree: npt.NDArray[np.int64]
    in_cooperation: npt.NDArray[np.bool_]
    cooperations: tuple[tuple[str, frozenset[str], frozenset[int]], ...]
    premises: tuple[Place, ...]
    communes: tuple[Place, ...]
    offers: npt.NDArray[np.float32]
    wants: npt.NDArray[np.float32]

    def family_name(self, actor: int) -> str:
        """Return the family under which an actor counts (``ess`` for every company of the ESS)."""
        return v.FAMILIES[int(self.family[actor]).bit_length() - 1]


def in_unit(quantity: float, unit: str, *, to: str) -> float:
    """Return a quantity in another unit; NaN where it cannot be turned into it.

    Examples
    --------
    >>> in_unit(2.0, "t", to="kg")
    2000.0
    >>> in_unit(2.0, "t", to="m2")
    nan
    """
    if unit == to:
        return quantity
    try:
        return quantity * units.factor(unit, to)
    except (DataError, KeyError):
        return float("nan")


def facts_of(territory: Territory, findings: Findings | None, *, settings: Settings) -> Facts:
    """Return what the search reads of a territory.

    Parameters
    ----------
    territory : Territory
        Complete and checked tables.
    findings : Findings or None
        Gaps of the same territory; without them everything offered and needed counts as left.
    settings : Settings
        Detour factor, and whether estimated rows count.
    """
    # Longer than 40 lines: one line a field, each named once.
    actors = territory.table(v.ACTORS)
    ids = tuple(str(code) for code in actors["actor_id"])
    index = {code: place for place, code in enumerate(ids)}
    scale = settings.detour_factor / _METRES
    spots = territory.locations.loc[list(ids)]
    x_km, y_km = (spots[axis].to_numpy(dtype="float64") * scale for axis in ("x_m", "y_m"))
    hidden = actors["natural_person"].fillna(value=False) & ~actors["diffusible"].fillna(value=True)
    sectors = _lists(actors["sectors"])
    rows = _rows(territory, index, left=_left(findings), settings=settings)
    cooperations = _cooperations(territory, index)
    edges = _edges(territory, index, cooperations=cooperations)
    eligible = ~hidden.to_numpy(dtype="bool") & np.isfinite(x_km) & np.isfinite(y_km)
    offers, wants = _exchanges(rows, count=len(ids))
    member = np.zeros(len(ids), dtype="bool")
    member[[actor for *_, team in cooperations for actor in team]] = True
    centres = territory.locations.loc[list(territory.table(v.COMMUNES)["commune_id"])] * scale
    return Facts(
        ids=ids,
        index=index,
        x_km=x_km,
        y_km=y_km,
        family=_families(actors),
        sectors=sectors,
        sector_bits=_bits(sectors),
        pillars=_lists(actors["pillars"]),
        roles=_lists(actors["roles"]),
        jobs=actors["jobs"].to_numpy(dtype="float64", na_value=np.nan),
        eligible=eligible,
        basis=_texts(actors["basis"]),
        legal_form=_texts(actors["legal_form"]),
        activities=tuple(
            nomenclature.activities_of(*both)
            for both in zip(actors["activity"], actors["other_activities"], strict=True)
        ),
        commune=_texts(actors["commune_id"]),
        commune_xy={str(row[0]): (float(row[1]), float(row[2])) for row in centres.itertuples()},
        resources=_grouped(row for row in rows if row.table == v.RESOURCES),
        stated=_stated(rows),
        needs=_grouped(row for row in rows if row.table == v.NEEDS and row.actor >= 0),
        commune_needs=_grouped(row for row in rows if row.table == v.NEEDS and row.actor < 0),
        flows=_grouped(row for row in rows if row.table == v.FLOWS),
        by_row={(row.table, row.row_id): row for row in rows},
        edges=edges,
        degree=np.bincount(edges.ravel(), minlength=len(ids)),
        in_cooperation=member,
        cooperations=cooperations,
        premises=tuple(
            Place(holder, row_id, float(x_km[index[holder]]), float(y_km[index[holder]]))
            for holder, row_id in _premises(territory)
            if eligible[index[holder]]
        ),
        communes=tuple(Place(str(row[0]), "", row[1], row[2]) for row in centres.itertuples()),
        offers=offers,
        wants=wants,
    )


def _texts(cells: pd.Series) -> tuple[str, ...]:
    return tuple(_word(cell) for cell in cells)


def _lists(cells: pd.Series) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(v.split_list(cell)) for cell in cells)


def _families(actors: pd.DataFrame) -> npt.NDArray[np.uint8]:
    """Return the family bit; a company that belongs to the ESS counts as ESS."""
    ess = actors["ess"].fillna(value=False).to_numpy(dtype="bool")
    bits = [FAMILY_BIT.get(name, 0) for name in actors["family"]]
    return np.where(ess, FAMILY_BIT["ess"], np.array(bits, dtype="uint8")).astype("uint8")


def _bits(sectors: tuple[frozenset[str], ...]) -> npt.NDArray[np.uint64]:
    """Return one bit a sector, in the order of their codes (those beyond 64 share the last bit)."""
    known = sorted(frozenset().union(*sectors)) if sectors else []
    bit = {name: 1 << min(rank, 63) for rank, name in enumerate(known)}
    return np.array([sum({bit[name] for name in held}) for held in sectors], dtype="uint64")


def _left(findings: Findings | None) -> dict[tuple[str, str], list[tuple[float, str]]]:
    """Return the quantities that the balance uses of each resource and meets of each need."""
    used: dict[tuple[str, str], list[tuple[float, str]]] = defaultdict(list)
    if findings is None:
        return used
    matches = findings.matches
    columns = (matches[name] for name in ("resource_id", "need_id", "quantity", "unit"))
    for resource_id, need_id, quantity, unit in zip(*columns, strict=True):
        used[v.RESOURCES, str(resource_id)].append((float(quantity), str(unit)))
        used[v.NEEDS, str(need_id)].append((float(quantity), str(unit)))
    return used


def _rows(
    territory: Territory,
    index: Mapping[str, int],
    *,
    left: Mapping[tuple[str, str], list[tuple[float, str]]],
    settings: Settings,
) -> list[Fact]:
    """Return every resource, need and flow as facts, one for each end of a flow."""
    made: list[Fact] = []
    for table, key, detail in (
        (v.RESOURCES, "resource_id", "available"),
        (v.NEEDS, "need_id", "priority"),
    ):
        for row in _records(territory, table, settings=settings):
            taken = left.get((table, str(row[key])), [])
            made.append(_row_fact(row, index, table=table, names=(key, detail), taken=taken))
    for row in _records(territory, v.FLOWS, settings=settings):
        if isinstance(row["category"], str):
            made += _flow_facts(row, index)
    return made


def _row_fact(
    row: Mapping[str, Any],
    index: Mapping[str, int],
    *,
    table: str,
    names: tuple[str, str],
    taken: list[tuple[float, str]],
) -> Fact:
    """Return a resource or a need; ``names`` are the columns of its id and of its detail."""
    key, detail = names
    quantity = float(row["quantity"]) * units.per_year(str(row["period"]))
    unit = _word(row["unit"])
    return Fact(
        actor=index.get(row["actor_id"], -1),
        table=table,
        row_id=str(row[key]),
        category=str(row["category"]),
        quantity=quantity,
        left=_rest(quantity, [in_unit(part, name, to=unit) for part, name in taken]),
        unit=unit,
        basis=str(row["basis"]),
        detail=str(row[detail]),
        commune_id=_word(row.get("commune_id")),
        weight=1.0 if np.isnan(row["weight"]) else float(row["weight"]),
        deduced=row["source_id"] == v.PROFILES,
    )


def _flow_facts(row: Mapping[str, Any], index: Mapping[str, int]) -> list[Fact]:
    """Return a flow as a fact of each of its ends that is an actor.

    The detail is the end at which the actor stands for what is exchanged: money goes the other way
    round, from who is served to who serves.
    """
    other = {"origin": "destination", "destination": "origin"}
    return [
        Fact(
            actor=index[row[end]],
            table=v.FLOWS,
            row_id=str(row["flow_id"]),
            category=row["category"],
            quantity=float(row["quantity"]),
            left=float(row["quantity"]),
            unit=_word(row["unit"]),
            basis=str(row["basis"]),
            detail=other[end] if row["nature"] == "money" else end,
            commune_id="",
        )
        for end in ("origin", "destination")
        if row[end] in index
    ]


def _word(cell: object) -> str:
    return cell if isinstance(cell, str) else ""


def _rest(quantity: float, taken: list[float]) -> float:
    """Return what is left of a quantity; 0 below rounding, NaN if the quantity is unknown."""
    rest = quantity - float(np.nansum(taken))
    return 0.0 if rest <= _ROUNDING * quantity else rest


def _records(territory: Territory, table: str, *, settings: Settings) -> list[dict[str, Any]]:
    frame = territory.table(table)
    if not settings.include_estimated:
        frame = frame.loc[frame["basis"] != "estimated"]
    return frame.to_dict("records")  # type: ignore[return-value]


def _grouped(rows: Iterable[Fact]) -> dict[str, tuple[Fact, ...]]:
    held: dict[str, list[Fact]] = defaultdict(list)
    for row in rows:
        held[row.category].append(row)
    return {category: tuple(sorted(held[category], key=_by_row)) for category in sorted(held)}


def _stated(rows: Iterable[Fact]) -> dict[int, frozenset[str]]:
    """Return the categories that each actor offers by rows that were not deduced."""
    held: dict[int, set[str]] = defaultdict(set)
    for row in rows:
        if row.table == v.RESOURCES and not row.deduced:
            held[row.actor].add(row.category)
    return {actor: frozenset(categories) for actor, categories in held.items()}


def _by_row(row: Fact) -> tuple[str, str, str]:
    return row.table, row.row_id, row.detail


def _cooperations(
    territory: Territory, index: Mapping[str, int]
) -> tuple[tuple[str, frozenset[str], frozenset[int]], ...]:
    """Return id, sectors and members of the cooperations whose members have met."""
    teams: dict[str, set[int]] = defaultdict(set)
    members = territory.table(v.MEMBERS)
    for code, actor in zip(members["cooperation_id"], members["actor_id"], strict=True):
        if actor in index:
            teams[code].add(index[actor])
    table = territory.table(v.COOPERATIONS)
    return tuple(
        (str(code), frozenset(v.split_list(sectors)), frozenset(teams.get(code, ())))
        for code, sectors, stage in zip(
            table["cooperation_id"], table["sectors"], table["stage"], strict=True
        )
        if stage in _MET
    )


def _edges(
    territory: Territory,
    index: Mapping[str, int],
    *,
    cooperations: tuple[tuple[str, frozenset[str], frozenset[int]], ...],
) -> npt.NDArray[np.int64]:
    """Return the pairs of actors that already work together: by a cooperation or by a flow."""
    pairs = {pair for *_, team in cooperations for pair in combinations(sorted(team), 2)}
    flows = territory.table(v.FLOWS)
    for origin, destination in zip(flows["origin"], flows["destination"], strict=True):
        if origin in index and destination in index and origin != destination:
            ends = sorted((index[origin], index[destination]))
            pairs.add((ends[0], ends[1]))
    return np.array(sorted(pairs), dtype="int64").reshape(-1, 2)


def _premises(territory: Territory) -> list[tuple[str, str]]:
    """Return holder and row of the premises to meet in, one an actor, by actor id."""
    frame = territory.table(v.RESOURCES)
    open_to_all = frame["category"].isin(MEETING_PREMISES) & frame["shareable"].fillna(value=False)
    shared = frame.loc[open_to_all & ~frame["confidential"].fillna(value=False)]
    first = shared.sort_values(["actor_id", "resource_id"]).drop_duplicates("actor_id")
    return list(zip(first["actor_id"], first["resource_id"], strict=True))


def _exchanges(
    rows: list[Fact], *, count: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return who offers each category on offer, and whose need each of them serves."""
    held = sorted({row.category for row in rows if row.table == v.RESOURCES})
    place = {category: rank for rank, category in enumerate(held)}
    serving = {
        need: [place[category] for category in held if nomenclature.is_compatible(need, category)]
        for need in sorted({row.category for row in rows if row.table == v.NEEDS})
    }
    offers = np.zeros((count, len(held)), dtype="float32")
    wants = np.zeros((count, len(held)), dtype="float32")
    for row in rows:
        if row.actor >= 0 and row.table == v.RESOURCES:
            offers[row.actor, place[row.category]] = 1.0
        elif row.actor >= 0 and row.table == v.NEEDS:
            wants[row.actor, serving[row.category]] = 1.0
    return offers, wants


@cache
def sectors_of_category(category: str) -> frozenset[str]:
    """Return the sectors that deal with a category, by the tree of categories; empty if unknown.

    A branch, which names none, has those of its leaves; roots are too wide to have any.

    Examples
    --------
    >>> sorted(sectors_of_category("materials.metal.turnings"))
    ['metal_machinery']
    >>> sorted(sectors_of_category("materials.glass"))[:2]
    ['construction', 'extraction_materials']
    >>> sectors_of_category("materials")
    frozenset()
    """
    if "." not in category:
        return frozenset()
    sectors = nomenclature.table("categories")["sectors"]
    below = (sectors.index == category) | sectors.index.str.startswith(f"{category}.")
    return frozenset().union(*(v.split_list(cell) for cell in sectors[below]))
