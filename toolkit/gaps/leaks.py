"""Leaks: what leaves although the territory needs it, what comes in although the territory has it.

Flows of known size are added up by second-level category, nature and measure, in the latest year
given (a flow without a year counts in it).  A leak is named only where a local counterpart exists:

- goods (every nature but money) that leave, and that local needs could take;
- goods that come in, and that local resources could supply;
- money that leaves for a category of goods, and that local resources could earn.

Sizes are compared inside one measure.  Money cannot be compared with tonnes or hours, so a flow in
euros for goods that are measured otherwise counts wholly where a compatible counterpart exists: the
shortfall is then the most that could stay.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from toolkit import nomenclature, units
from toolkit import vocabulary as v
from toolkit.gaps import quantities, table, transport

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toolkit.territory import Territory

CURRENCY: Final = "currency"
MATERIAL: Final = "material"
MONEY: Final = "money"
INTERNAL: Final = "internal"
INBOUND: Final = "in"
OUTBOUND: Final = "out"
GROUP: Final = ("group", "nature", "measure")
FLOW_COLUMNS: Final = (
    "row_id",
    *GROUP,
    "category",
    "direction",
    "origin",
    "destination",
    "unit",
    "amount",
    "base",
    "basis",
    "source_id",
)
TRADE_COLUMNS: Final = (
    *GROUP,
    "internal",
    "inbound",
    "outbound",
    "retention",
    "self_sufficiency",
    "net",
)


@dataclass(frozen=True, slots=True, eq=False)
class _Context:
    """What every leak of a territory is compared with: local rows by group, and the scale."""

    resources: Mapping[str, list[Any]]
    needs: Mapping[str, list[Any]]
    actors: frozenset[str]
    wholes: table.Wholes


@dataclass(frozen=True, slots=True)
class _Answer:
    """What could stay (base unit), the flows it is in, and the local rows that answer them."""

    staying: float
    flows: list[Any]
    rows: list[Any]


def find(territory: Territory) -> table.Found:
    """Return the leaks of a territory.

    Parameters
    ----------
    territory : Territory
        Tables used: actors, communes, flows, resources, needs.

    Returns
    -------
    Found
        Gaps ``leak:in:<category>`` and ``leak:out:<category>`` for materials in the usual measure
        of the second-level category; other measures and natures are named after it
        (``leak:out:services.catering:money``).  ``observed`` is what is exchanged inside,
        ``expected`` adds what could be: ``shortfall`` is the least of the flow across the border
        and of the compatible local counterpart.

    Notes
    -----
    Severity is the larger of two shares: of all that is used (``in``) or made (``out``) in the same
    root category and nature, where each measure weighs as much as it has flows; of the actors.
    Distances play no part.
    """
    flows = _flows(territory)
    context = _Context(
        resources=_by_group(quantities.offers(territory)),
        needs=_by_group(quantities.demands(territory)),
        actors=frozenset(territory.table(v.ACTORS)["actor_id"]),
        wholes=_wholes(flows),
    )
    gaps = []
    for _, part in flows.groupby(list(GROUP), sort=True):
        lines = table.lines(part)
        for direction in (INBOUND, OUTBOUND):
            gap = _gap(lines, direction=direction, context=context)
            gaps += [gap] if gap else []
    return table.Found(tuple(gaps), trade(flows))


def trade(flows: pd.DataFrame) -> pd.DataFrame:
    """Return what is exchanged inside, comes in and leaves, and the ratios that say it.

    Parameters
    ----------
    flows : DataFrame
        Columns used: ``group``, ``nature``, ``measure``, ``direction`` and ``base`` (amount per
        year in the base unit of the measure).

    Returns
    -------
    DataFrame
        Columns ``TRADE_COLUMNS``, one row a group: internal I, inbound B, outbound O, retention
        I/(I+O), self-sufficiency I/(I+B) (NaN where nothing is made or used) and net O - B.
    """
    sums = flows.pivot_table(
        index=list(GROUP), columns="direction", values="base", aggfunc="sum", fill_value=0.0
    ).reindex(columns=[INTERNAL, INBOUND, OUTBOUND], fill_value=0.0)
    sums.columns = pd.Index(["internal", "inbound", "outbound"])
    made, used = sums["internal"] + sums["outbound"], sums["internal"] + sums["inbound"]
    return sums.assign(
        retention=sums["internal"] / made.where(made > 0),
        self_sufficiency=sums["internal"] / used.where(used > 0),
        net=sums["outbound"] - sums["inbound"],
    ).reset_index()[list(TRADE_COLUMNS)]


def _flows(territory: Territory) -> pd.DataFrame:
    """Return the flows of known category and size, in the latest year of their group, by id."""
    flows = territory.table(v.FLOWS)
    flows = pd.DataFrame(flows[flows["category"].notna()]).sort_values("flow_id", kind="stable")
    flows = quantities.with_amounts(flows)
    flows = flows[flows["base"] > 0]
    outward, inward = flows["destination"] == v.OUTSIDE, flows["origin"] == v.OUTSIDE
    flows = flows.assign(
        row_id=flows["flow_id"],
        group=flows["category"].map(quantities.group_of).astype("str"),
        direction=np.select([outward, inward], [OUTBOUND, INBOUND], default=INTERNAL),
        source_id=flows["source_id"].fillna("").astype("str"),
    )
    year = flows["year"].astype("Float64")
    latest = year.groupby([flows[name] for name in GROUP]).transform("max")
    current = (year.isna() | (year == latest)).fillna(value=True)
    return flows.loc[current, list(FLOW_COLUMNS)].reset_index(drop=True)


def _by_group(side: pd.DataFrame) -> dict[str, list[Any]]:
    """Return the rows of a side by second-level category."""
    groups: dict[str, list[Any]] = {}
    for row in table.lines(side):
        groups.setdefault(quantities.group_of(row.category), []).append(row)
    return groups


def _wholes(flows: pd.DataFrame) -> table.Wholes:
    """Return all that is used (``in``) and made (``out``) by root, nature and measure."""
    parts = [
        flows[flows["direction"].isin([INTERNAL, direction])].assign(direction=direction)
        for direction in (INBOUND, OUTBOUND)
    ]
    both = pd.concat(parts, ignore_index=True)
    roots = both["group"].map(quantities.root_of)
    keys = zip(both["direction"], roots, both["nature"], both["measure"], strict=True)
    return table.Wholes.of(keys, both["base"])


def _gap(part: list[Any], *, direction: str, context: _Context) -> table.Gap | None:
    """Return the leak of one group in one direction, None where it has no local counterpart."""
    group, nature, measure = part[0].group, part[0].nature, part[0].measure
    crossing = [flow for flow in part if flow.direction == direction]
    paid = nature == MONEY and measure != quantities.measure_of(quantities.main_unit(group))
    if not crossing or (paid and direction == INBOUND):
        return None
    end = "need" if direction == OUTBOUND and not paid else "resource"
    local = (context.needs if end == "need" else context.resources).get(group, [])
    answer = _answer(crossing, local, end=end)
    if answer.staying <= 0:
        return None
    shown = {flow.unit for flow in part}
    unit = shown.pop() if len(shown) == 1 else quantities.display_unit(group, measure)
    rate = units.factor(quantities.base_unit(measure), unit)
    inside = math.fsum(flow.base for flow in part if flow.direction == INTERNAL)
    actors = {end for flow in answer.flows for end in (flow.origin, flow.destination)}
    actors &= context.actors
    return table.Gap(
        gap_id=f"{v.LEAK}:{direction}:{_subject(group, nature=nature, measure=measure)}",
        kind=v.LEAK,
        category=group,
        expected=(inside + answer.staying) * rate,
        observed=inside * rate,
        unit=unit,
        severity=table.largest_share(
            context.wholes.share(
                answer.staying, (direction, quantities.root_of(group), nature, measure)
            ),
            table.share(len(actors), len(context.actors)),
        ),
        actor_ids=(*actors, *(row.actor_id for row in answer.rows if row.actor_id)),
        evidence=[*_facts(answer.flows, role="flow"), *_facts(answer.rows, role=end)],
    )


def _answer(crossing: list[Any], local: list[Any], *, end: str) -> _Answer:
    """Return how much of some flows the local rows of their group could take or supply."""
    group, measure = crossing[0].group, crossing[0].measure
    by_value = measure == CURRENCY != quantities.measure_of(quantities.main_unit(group))
    if by_value:
        local = [row for row in local if row.base != 0]
    else:
        local = [row for row in local if row.measure == measure and row.base > 0]
    flows, answers = _totals(crossing), _totals(local)
    fits = np.zeros((len(flows), len(answers)), dtype="bool")
    for i, j in itertools.product(range(len(flows)), range(len(answers))):
        flow, row = list(flows)[i], list(answers)[j]
        need, resource = (row, flow) if end == "need" else (flow, row)
        fits[i, j] = nomenclature.is_compatible(need, resource)
    if by_value:
        used, staying = fits, [flows[flow] for flow in np.array(list(flows))[fits.any(axis=1)]]
    else:
        plan = transport.solve(_market(list(flows.values()), list(answers.values()), fits=fits))
        used, staying = np.zeros_like(fits), plan.amount.tolist()
        used[plan.supply, plan.demand] = True
    leaving = {category for category, row in zip(flows, used, strict=True) if row.any()}
    answering = {category for category, row in zip(answers, used.T, strict=True) if row.any()}
    return _Answer(
        math.fsum(staying),
        [flow for flow in crossing if flow.category in leaving],
        [row for row in local if row.category in answering],
    )


def _totals(rows: list[Any]) -> dict[str, float]:
    """Return amounts by category, sorted (rows of unknown size count for nothing)."""
    totals: dict[str, list[float]] = {}
    for row in rows:
        totals.setdefault(row.category, []).append(row.base if row.base > 0 else 0.0)
    return {category: math.fsum(totals[category]) for category in sorted(totals)}


def _market(
    flows: list[float], answers: list[float], *, fits: NDArray[np.bool_]
) -> transport.Market:
    """Return totals by category as a market without distances and owners."""
    sizes = (len(flows), len(answers))
    place, kind, nobody = (
        [np.zeros((size, 2)) for size in sizes],
        [np.arange(size) for size in sizes],
        [np.full(size, -1) for size in sizes],
    )
    return transport.Market(
        supply=np.array(flows, dtype="float64"),
        demand=np.array(answers, dtype="float64"),
        supply_xy=place[0],
        demand_xy=place[1],
        supply_kind=kind[0],
        demand_kind=kind[1],
        supply_owner=nobody[0],
        demand_owner=nobody[1],
        reach_km=np.where(fits, 0.0, -1.0),
        detour=1.0,
    )


def _subject(group: str, *, nature: str, measure: str) -> str:
    """Return how the id names a group of flows: the unusual is added."""
    parts = [group] if nature == MATERIAL else [group, nature]
    usual = quantities.measure_of(quantities.main_unit(group))
    if measure != usual and (nature, measure) != (MONEY, CURRENCY):
        parts.append(measure)
    return ":".join(parts)


def _facts(rows: list[Any], *, role: str) -> list[table.Fact]:
    """Return flows or local rows as evidence, each in its own unit (1 if its size is unknown)."""
    name = {"flow": v.FLOWS, "need": v.NEEDS, "resource": v.RESOURCES}[role]
    return [
        fact
        for row in rows
        for fact in table.facts(
            [row],
            role=role,
            table=name,
            quantities=[row.amount if row.unit else 1.0],
            unit=row.unit,
        )
    ]
