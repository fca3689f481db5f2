"""Leaks: what leaves although the territory needs it, what comes in although the territory has it.

Flows of known size are added up by second-level category, nature and measure, in the latest year
given (a flow without a year counts in it).  A leak is named only where a local counterpart exists:

- goods (every nature but money) that leave, and that local needs could take;
- goods that come in, and that local resources could supply;
- money that leaves for a category of goods, and that local resources could earn.

Sizes are compared inside one measure.  Money cannot be compared with tonnes or hours, so a flow in
euros for goods that are measured otherwise counts wholly where a compatible counterpart exists: the
shortfall is then the most that could stay.

What leaves or comes in without a local counterpart is no leak but trade; the frame of trade holds
it.  One weaker form is told besides: a service bought outside (it comes in, or money leaves for it)
that no local row answers, but that an actor could run by its trade (NAF): *related*, see
:func:`toolkit.category_links.by_activity`, whose weight is the probability.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from toolkit import category_links, nomenclature, units
from toolkit import vocabulary as v
from toolkit.gaps import multiplier, quantities, table, transport

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
RELATED: Final = "related"
"""Qualifier of the gaps whose counterpart is an actor that has the trade, not a row."""
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
    """What every leak of a territory is compared with: local rows by group, and the scale.

    ``trades`` are the actors by their activity.
    """

    resources: Mapping[str, list[Any]]
    needs: Mapping[str, list[Any]]
    actors: frozenset[str]
    trades: Mapping[str, list[Any]]
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
        The detail is the frame of trade (columns ``TRADE_COLUMNS``); more: ``multiplier`` (see
        :mod:`toolkit.gaps.multiplier`).  Gaps ``leak:in:<category>`` and ``leak:out:<category>``
        for materials in the usual measure of the second-level category; other measures and natures
        are named after it (``leak:out:services.catering:money``).  ``observed`` is what is
        exchanged inside,
        ``expected`` adds what could be: ``shortfall`` is the least of the flow across the border
        and of the compatible local counterpart.  ``:related`` at the end says that the counterpart
        has the trade only: all that comes in is then the most that could stay.

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
        trades=_by_trade(territory.table(v.ACTORS)),
        wholes=_wholes(flows),
    )
    gaps = []
    for _, part in flows.groupby(list(GROUP), sort=True):
        lines = table.lines(part)
        for direction in (INBOUND, OUTBOUND):
            gap = _gap(lines, direction=direction, context=context)
            gap = gap or _related(lines, direction=direction, context=context)
            gaps += [gap] if gap else []
    more = {"multiplier": multiplier.find(territory)}
    return table.Found(tuple(gaps), trade(flows), more=more)


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
        group=quantities.by_code(flows["category"], quantities.group_of).astype("str"),
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


def _by_trade(actors: pd.DataFrame) -> dict[str, list[Any]]:
    """Return the actors by activity, each by id; those without activity are left out."""
    known = actors[actors["activity"].notna()].sort_values("actor_id", kind="stable")
    known = known.assign(row_id=known["actor_id"], source_id=known["source_id"].fillna(""))
    trades: dict[str, list[Any]] = {}
    for row in table.lines(known[["row_id", "activity", "basis", "source_id"]]):
        trades.setdefault(row.activity, []).append(row)
    return trades


def _wholes(flows: pd.DataFrame) -> table.Wholes:
    """Return all that is used (``in``) and made (``out``) by root, nature and measure."""
    parts = [
        flows[flows["direction"].isin([INTERNAL, direction])].assign(direction=direction)
        for direction in (INBOUND, OUTBOUND)
    ]
    both = pd.concat(parts, ignore_index=True)
    roots = quantities.by_code(both["group"], quantities.root_of)
    columns = (both["direction"], roots, both["nature"], both["measure"])
    keys = zip(*(column.tolist() for column in columns), strict=True)
    return table.Wholes.of(keys, both["base"].tolist())


def _gap(part: list[Any], *, direction: str, context: _Context) -> table.Gap | None:
    """Return the leak of one group in one direction, None where it has no local counterpart."""
    group = part[0].group
    crossing = [flow for flow in part if flow.direction == direction]
    paid = _is_paid(part[0])
    if not crossing or (paid and direction == INBOUND):
        return None
    end = "need" if direction == OUTBOUND and not paid else "resource"
    local = (context.needs if end == "need" else context.resources).get(group, [])
    answer = _answer(crossing, local, end=end)
    if answer.staying <= 0:
        return None
    holders = tuple(row.actor_id for row in answer.rows if row.actor_id)
    facts = [*_facts(answer.flows, role="flow"), *_facts(answer.rows, role=end)]
    return _leak(part, answer, direction=direction, context=context, others=holders, evidence=facts)


def _related(part: list[Any], *, direction: str, context: _Context) -> table.Gap | None:
    """Return the leak of services bought outside that an actor could run by its trade."""
    bought = direction == (OUTBOUND if part[0].nature == MONEY else INBOUND)
    crossing = [flow for flow in part if bought and flow.direction == direction]
    able = {category: _able(category, context) for category in {flow.category for flow in crossing}}
    flows, trades, weighted = [], dict[str, Any](), []
    for flow in crossing:
        for weight, rows in able[flow.category]:
            near = [row for row in rows if row.row_id not in (flow.origin, flow.destination)]
            if near:
                flows.append(flow)
                weighted.append(flow.base * weight)
                trades |= {row.row_id: row for row in near}
                break
    if not flows:
        return None
    answer = _Answer(math.fsum(flow.base for flow in flows), flows, [])
    rows = [trades[name] for name in sorted(trades)]
    ones = [1.0] * len(rows)
    actors = table.facts(rows, role="actor", table=v.ACTORS, quantities=ones)
    return _leak(
        part,
        answer,
        direction=direction,
        context=context,
        others=tuple(trades),
        evidence=[*_facts(flows, role="flow"), *actors],
        probability=min(1.0, math.fsum(weighted) / answer.staying),
    )


def _able(category: str, context: _Context) -> list[tuple[float, list[Any]]]:
    """Return who could run a service by their trade, by weight, the best first."""
    if not category_links.is_service(category):
        return []
    weighted: dict[float, list[Any]] = {}
    for activity in sorted(context.trades):
        weight = category_links.by_activity(category, activity)
        if weight:
            weighted.setdefault(weight, []).extend(context.trades[activity])
    return sorted(weighted.items(), key=lambda pair: -pair[0])


def _is_paid(flow: Any) -> bool:  # noqa: ANN401 - a line
    """Return whether a flow is money for what is itself measured otherwise."""
    usual = quantities.measure_of(quantities.main_unit(flow.group))
    return bool(flow.nature == MONEY and flow.measure != usual)


def _leak(
    part: list[Any],
    answer: _Answer,
    *,
    direction: str,
    context: _Context,
    others: tuple[str, ...],
    evidence: list[table.Fact],
    probability: float | None = None,
) -> table.Gap:
    """Return the gap of what could stay of some flows; a probability makes it a related one."""
    group, nature, measure = part[0].group, part[0].nature, part[0].measure
    shown = {flow.unit for flow in part}
    unit = shown.pop() if len(shown) == 1 else quantities.display_unit(group, measure)
    rate = units.factor(quantities.base_unit(measure), unit)
    inside = math.fsum(flow.base for flow in part if flow.direction == INTERNAL)
    actors = {end for flow in answer.flows for end in (flow.origin, flow.destination)}
    actors &= context.actors
    name = _subject(group, nature=nature, measure=measure)
    return table.Gap(
        gap_id=f"{v.LEAK}:{direction}:{name}{'' if probability is None else f':{RELATED}'}",
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
        actor_ids=(*actors, *others),
        evidence=evidence,
        probability=1.0 if probability is None else probability,
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
