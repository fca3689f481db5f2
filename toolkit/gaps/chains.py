"""Broken chains: a stage of a value chain that nobody holds, while others wait on both sides of it.

How a chain is walked, and where it is broken, is in :mod:`toolkit.gaps.chain_walk`; rules and
certainties are in ``docs/decisions/0026-broken-chains.md``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit import nomenclature
from toolkit import vocabulary as v
from toolkit.gaps import access, quantities, table
from toolkit.gaps.chain_walk import SUPPORT, Break, Order, Reach, Stage, Walk, passing, walked

if TYPE_CHECKING:
    from toolkit.background import Background
    from toolkit.settings import Settings
    from toolkit.territory import Territory

Integers = NDArray[np.int64]

CHAIN_COLUMNS: Final = (
    "chain_id",
    "order",
    "stage_id",
    "optional",
    "min_actors",
    "actors",
    "in_reach",
    "present",
    "missing",
)
SIDE_COLUMNS: Final = ("gap_id", "side", "stage_id", "actor_id")
PASSING_COLUMNS: Final = ("gap_id", "stage_id", "way", "category")
TAKEN: Final = "taken"
GIVEN: Final = "given"
UPSTREAM: Final = "upstream"
DOWNSTREAM: Final = "downstream"
THERE: Final = "there"
"""Side of the few that stand at the missing stage itself."""
CERTAINTY: Final = {"activity": 0.9, "name": 0.7}
"""How sure it is that an actor stands at a stage, by what tells it (decision 0026)."""


def find(territory: Territory, *, settings: Settings, background: Background) -> table.Found:
    """Return the broken chains of a territory.

    Parameters
    ----------
    territory : Territory
        Tables used: actors, resources, needs.
    settings : Settings
        Used: ``detour_factor`` and ``radius_km``.
    background : Background
        Used: ``stages`` and ``places``.

    Returns
    -------
    Found
        Gaps ``broken_chain:<chain>:<stage>``; with the number of the order where several stages
        are one's choice, ``<first>-<last>`` where several orders lack in a row, and ``:apart``
        where the stage is there out of reach.  ``expected`` and ``observed`` count actors of the
        stage that lacks least; ``actor_ids`` are those that wait.  The detail is the frame
        ``CHAIN_COLUMNS``, one row a stage; more is ``chain_sides`` (``SIDE_COLUMNS``): who waits on
        which side; and ``chain_passing`` (``PASSING_COLUMNS``): what the stages that lack take in
        from those before them and give to those after.

    Notes
    -----
    Severity is the largest of two shares, of the territory's actors and of its jobs, that wait on
    either side.  The evidence holds the actors of both sides and of the stage, and the resources
    and needs by which they wait.  Confidence is the share of it that is not estimated, times how
    likely it is that an actor of the stage would be seen here, times how sure both sides are.
    """
    ground = _Ground.of(territory, settings=settings)
    stages = _stages(background, ground.ids)
    gaps, sides, passed, rows = [], [], [], []
    for chain in _by_chain(stages):
        walk = walked(chain, ground.reach)
        gaps += [_gap(one, ground) for one in walk.breaks]
        sides += [line for one in walk.breaks for line in _sides(one, ground)]
        passed += [line for one in walk.breaks for line in _passing(one)]
        rows += _rows(chain, walk)
    numbers = {"order": "int64", "min_actors": "int64", "actors": "int64", "in_reach": "int64"}
    kinds = numbers | dict.fromkeys(("optional", "present", "missing"), "bool")
    detail = pd.DataFrame(rows, columns=list(CHAIN_COLUMNS))
    detail = detail.astype({name: kinds.get(name, "str") for name in CHAIN_COLUMNS})
    told = pd.DataFrame(sides, columns=list(SIDE_COLUMNS), dtype="str")
    through = pd.DataFrame(passed, columns=list(PASSING_COLUMNS), dtype="str")
    return table.Found(tuple(gaps), detail, {"chain_sides": told, "chain_passing": through})


# --- what is known ----------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, eq=False)
class _Ground:
    """Actors in the order of their ids, their offers and needs, and how far things travel."""

    actors: pd.DataFrame
    reach: Reach
    seen: float
    offers: pd.DataFrame
    needs: pd.DataFrame

    @classmethod
    def of(cls, territory: Territory, *, settings: Settings) -> _Ground:
        """Return the ground of a territory."""
        columns = ["actor_id", "basis", "source_id", "jobs", "commune_id", "activity"]
        frame = pd.DataFrame(territory.table(v.ACTORS)[columns])
        frame = frame.sort_values("actor_id", ignore_index=True)
        frame = frame.assign(row_id=frame["actor_id"], source_id=frame["source_id"].fillna(""))
        places = quantities.actor_places(territory).reindex(frame["actor_id"])
        told = np.where(frame["activity"].fillna("") == "", CERTAINTY["name"], 1.0)
        listed = np.where(frame["basis"] == "observed", access.SURVEYED, 1.0)
        return cls(
            frame,
            Reach(places[["x_m", "y_m"]].to_numpy(dtype="float64"), settings),
            math.fsum(told * listed) / max(1, len(frame)),
            quantities.offers(territory),
            quantities.demands(territory),
        )

    @property
    def ids(self) -> pd.Index[Any]:
        """Ids of the actors, sorted."""
        ids: pd.Index[Any] = pd.Index(self.actors["actor_id"])
        return ids


def _stages(background: Background, ids: pd.Index[Any]) -> list[Stage]:
    """Return the stages by chain, order and id, each with the actors known here."""
    places = background.places.assign(
        number=ids.get_indexer(pd.Index(background.places["actor_id"]))
    )
    places = places[places["number"] >= 0].assign(
        certainty=places["told_by"].map(CERTAINTY).fillna(CERTAINTY["name"])
    )
    best = places.groupby(["chain_id", "stage_id", "number"], sort=True)["certainty"].max()
    held: dict[Any, tuple[Integers, NDArray[np.float64]]] = {
        key: (own.index.get_level_values("number").to_numpy("int64"), own.to_numpy("float64"))
        for key, own in best.groupby(level=["chain_id", "stage_id"], sort=True)
    }
    nobody = (np.empty(0, dtype="int64"), np.empty(0))
    frame = background.stages.sort_values(["chain_id", "order", "stage_id"], kind="stable")
    return [
        Stage(
            chain_id=str(row.chain_id),
            order=int(row.order),
            stage_id=str(row.stage_id),
            optional=bool(row.optional),
            least=max(1, int(row.min_actors)) if math.isfinite(row.min_actors) else 1,
            radius_km=float(row.radius_km),
            offers=v.split_list(row.offers),
            needs=v.split_list(row.needs),
            actors=(found := held.get((str(row.chain_id), str(row.stage_id)), nobody))[0],
            certainty=found[1],
        )
        for row in table.lines(frame)
    ]


def _by_chain(stages: Sequence[Stage]) -> list[list[Stage]]:
    chains: dict[str, list[Stage]] = {}
    for stage in stages:
        chains.setdefault(stage.chain_id, []).append(stage)
    return list(chains.values())


# --- gaps -------------------------------------------------------------------------------------
def _nearest_to_hold(order: Order) -> Stage:
    """Return the stage of an order that lacks fewest actors; an optional one only if all are."""
    needed = [stage for stage in order if not stage.optional] or list(order)
    return min(needed, key=lambda stage: (stage.least - len(stage.actors), stage.stage_id))


def _gap(found: Break, ground: _Ground) -> table.Gap:
    """Return the gap of one break."""
    lacking = [_nearest_to_hold(order) for order in found.missing]
    expected = sum(stage.least for stage in lacking)
    if found.apart:
        near = [ground.reach.near(stage, found.before) for stage in lacking]
        observed = sum(len(stage.actors) for stage in near)
    else:
        observed = sum(len(stage.actors) for stage in lacking)
    numbers = _members([*found.before, *found.after])
    waiting = ground.actors.iloc[numbers]
    jobs, all_jobs = (math.fsum(one["jobs"].fillna(0.0)) for one in (waiting, ground.actors))
    communes = set(waiting["commune_id"].fillna(""))
    return table.Gap(
        gap_id=found.gap_id,
        kind=v.BROKEN_CHAIN,
        expected=float(expected),
        observed=float(observed),
        unit="",
        severity=table.largest_share(
            table.share(len(waiting), len(ground.actors)), table.share(jobs, all_jobs)
        ),
        evidence=_evidence(found, ground),
        category=_category(lacking[0], found),
        commune_id=communes.pop() if len(communes) == 1 else "",
        actor_ids=tuple(waiting["actor_id"]),
        people_affected=jobs if jobs > 0 else math.nan,
        probability=ground.seen * _sure(found.before) * _sure(found.after),
    )


def _members(stages: Iterable[Stage]) -> Integers:
    """Return the actors of some stages, each once."""
    numbers = [stage.actors for stage in stages]
    return np.unique(np.concatenate(numbers)) if numbers else np.empty(0, dtype="int64")


def _sure(side: Order) -> float:
    """Return how sure it is that a side is held: its ``min_actors``-th surest actor says.

    Actors placed by one rule are right or wrong together, so that many make it no surer.
    """
    each = [
        float(np.sort(stage.certainty)[::-1][min(stage.least, len(stage.actors)) - 1])
        for stage in side
    ]
    return max(each)


def _category(stage: Stage, found: Break) -> str:
    """Return what the missing stage hands on first of all; else what it takes first."""
    wanted = [need for after in found.after for need in after.needs]
    given = [offer for before in found.before for offer in before.offers]
    handed = [
        offer
        for offer in stage.offers
        if any(nomenclature.is_compatible(need, offer) for need in wanted)
    ]
    taken = [
        need
        for need in stage.needs
        if any(nomenclature.is_compatible(need, offer) for offer in given)
    ]
    known = nomenclature.codes("categories")
    in_turn = (*handed, *taken, *stage.offers, *stage.needs)
    return next((code for code in in_turn if code in known), "")


def _evidence(found: Break, ground: _Ground) -> list[table.Fact]:
    """Return who waits, who stands at the stage, and by which resources and needs they wait."""
    there = [] if found.apart else [stage for order in found.missing for stage in order]
    numbers = _members([*found.before, *found.after, *there])
    lines = table.lines(ground.actors.iloc[numbers][["row_id", "basis", "source_id"]])
    evidence = table.facts(lines, role="actor", table=v.ACTORS, quantities=[1.0] * len(lines))
    facing = (
        [(found.before, found.after), (found.after, found.before)]
        if found.apart
        else [(found.before, found.missing[0]), (found.after, found.missing[-1])]
    )
    for side, name, rows_of in (
        ("resource", v.RESOURCES, ground.offers),
        ("need", v.NEEDS, ground.needs),
    ):
        wanted: set[str] = set()
        for own, others in facing:
            for stage in own:
                actors = ground.actors["actor_id"].iloc[stage.actors]
                rows = rows_of[rows_of["actor_id"].isin(actors)]
                wanted |= _by_which(stage, others, rows=rows, side=side)
        kept = rows_of[rows_of["row_id"].isin(wanted)]
        evidence += [_fact(row, role=side, name=name) for row in table.lines(kept)]
    return evidence


def _by_which(own: Stage, others: Order, *, rows: pd.DataFrame, side: str) -> set[str]:
    """Return the rows of a stage's actors that would pass to or from other stages, by id."""
    pairs = [
        pair
        for other in others
        for pair in (passing(own, other) if side == "resource" else passing(other, own))
    ]
    fitting = {
        code
        for code in rows["category"].unique()
        if any(all(nomenclature.is_compatible(code, end) for end in pair) for pair in pairs)
    }
    kept = rows[rows["category"].isin(fitting) & (rows["amount"] != 0)]
    return set(kept["row_id"])


def _fact(row: Any, *, role: str, name: str) -> table.Fact:  # noqa: ANN401 - a named tuple
    """Return a resource or a need as evidence; one of unknown size counts for one row."""
    sized = math.isfinite(row.amount)
    amount, unit = (float(row.amount), row.unit) if sized else (1.0, "")
    return table.Fact(role, name, row.row_id, amount, unit, row.basis, row.source_id)


# --- frames -----------------------------------------------------------------------------------
def _sides(found: Break, ground: _Ground) -> list[tuple[str, str, str, str]]:
    """Return the rows of who waits on which side of a break."""
    there = () if found.apart else tuple(stage for order in found.missing for stage in order)
    ids = ground.actors["actor_id"].to_numpy(dtype="object")
    parts = ((UPSTREAM, found.before), (DOWNSTREAM, found.after), (THERE, there))
    return [
        (found.gap_id, side, stage.stage_id, actor)
        for side, stages in parts
        for stage in stages
        for actor in ids[stage.actors]
    ]


def _passing(found: Break) -> list[tuple[str, str, str, str]]:
    """Return the rows of what the stages that lack take in and give, each by its narrower category.

    A stage that hands nothing on by its categories, and one that is out of reach, gives all that it
    offers.
    """
    orders = (found.before, *found.missing, () if found.apart else found.after)
    held: set[tuple[str, str, str, str]] = set()
    for before, own, after in zip(orders, orders[1:], orders[2:], strict=False):
        for stage in own:
            taken = {max(pair, key=len) for one in before for pair in passing(one, stage)}
            given = {max(pair, key=len) for one in after for pair in passing(stage, one)}
            for way, categories in ((TAKEN, taken), (GIVEN, given or stage.offers)):
                held |= {(found.gap_id, stage.stage_id, way, category) for category in categories}
    return sorted(held)


def _rows(chain: Sequence[Stage], walk: Walk) -> list[tuple[object, ...]]:
    """Return the rows of the stages of a chain, those beside it last."""
    lacking = {
        stage.stage_id
        for found in walk.breaks
        for order in found.missing
        for stage in order
        if not stage.optional
    }
    return [
        (
            stage.chain_id,
            stage.order,
            stage.stage_id,
            stage.optional,
            stage.least,
            len(stage.actors),
            walk.in_reach.get(stage.stage_id, len(stage.actors)),
            stage.is_held,
            stage.stage_id in lacking,
        )
        for stage in sorted(chain, key=lambda one: (one.order == SUPPORT, one.order, one.stage_id))
    ]
