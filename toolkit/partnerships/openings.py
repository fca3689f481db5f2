"""From a gap to an opening: the roles that a group must fill, and who could fill each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from toolkit import category_links, nomenclature
from toolkit import vocabulary as v
from toolkit.partnerships import chain_roles, gapless, roles, support_roles
from toolkit.partnerships.calls import Opening, Slot, slots_of
from toolkit.partnerships.chain_roles import Passing
from toolkit.partnerships.facts import FAMILY_BIT, Fact, Facts, sectors_of_category
from toolkit.partnerships.roles import Call, Fit

if TYPE_CHECKING:
    import pandas as pd

    from toolkit.gaps import Findings
    from toolkit.settings import Settings

GAPLESS_SHARE: Final = 4
"""One opening in four is kept for those without a gap, as long as there are that many (own rule):
their severity is a share of actors, always small beside a share of tonnes or people."""

HALF: Final = 0.5
"""What each side of a broken chain is of the whole link."""

OBJECTIVES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        v.UNMET_NEED: ("answer_needs",),
        v.UNUSED_RESOURCE: ("grow_resilience",),
        v.SERVICE_ACCESS: ("answer_needs", "pool_means"),
        v.LEAK: ("grow_resilience", "answer_needs"),
        v.ISOLATED_ACTOR: ("be_visible", "grow_resilience"),
        v.STRUCTURAL_HOLE: ("answer_needs", "be_visible"),
        v.MISSING_ACTIVITY: ("answer_needs", "grow_resilience"),
        v.BROKEN_CHAIN: ("grow_resilience", "pool_means"),
    }
)
"""Which of the four objectives an opening of a kind serves, the main one first (METHODS 3.1)."""


@dataclass(frozen=True, slots=True, eq=False)
class _Gap:
    """One gap with its evidence, as the rules of the kinds read it.

    ``sides`` gives, for a broken chain, the positions of the actors that wait on either side, and
    of those at the missing stage; ``passing`` what each such stage takes in and gives; ``related``,
    for a missing activity, how near to it the activities are that are present here.
    """

    row: Mapping[str, Any]
    evidence: tuple[Mapping[str, Any], ...]
    facts: Facts
    sides: Mapping[str, tuple[int, ...]]
    passing: tuple[Passing, ...]
    related: Mapping[str, float]

    def rows(self, role: str) -> list[tuple[str, float, str]]:
        """Return id, quantity and unit of the evidence in a role, sorted by id."""
        return sorted(
            (str(row["row_id"]), float(row["quantity"]), _text(row["unit"]))
            for row in self.evidence
            if row["role"] == role
        )

    @property
    def gap_id(self) -> str:
        """Id of the gap."""
        return str(self.row["gap_id"])

    @property
    def category(self) -> str:
        """Category of the gap; empty where it has none."""
        return _text(self.row["category"])

    @property
    def actors(self) -> list[int]:
        """Positions of the actors that the gap concerns, and of those behind its evidence."""
        named = [*v.split_list(self.row["actor_ids"]), *(code for code, *_ in self.rows("actor"))]
        found = {self.facts.index[code] for code in named if code in self.facts.index}
        return sorted(found | {fact.actor for fact in self.behind if fact.actor >= 0})

    @property
    def behind(self) -> list[Fact]:
        """Resources, needs and flows that the gap rests on."""
        keys = ((str(row["table"]), str(row["row_id"])) for row in self.evidence)
        return [self.facts.by_row[key] for key in keys if key in self.facts.by_row]

    @property
    def sectors(self) -> frozenset[str]:
        """Sectors of the category; of a branch, of the categories below it that the gap rests on.

        Without a category, those of the actors concerned.
        """
        if not self.category:
            return frozenset().union(*(self.facts.sectors[actor] for actor in self.actors))
        below = f"{self.category}."
        narrow = {fact.category for fact in self.behind if fact.category.startswith(below)}
        return frozenset().union(*(map(sectors_of_category, narrow or {self.category})))

    def call(self, *, communes: frozenset[str] = frozenset()) -> Call:
        """Return what the gap calls for."""
        near = communes | {self.facts.commune[actor] for actor in self.actors}
        commune = _text(self.row["commune_id"])
        return Call(
            category=self.category,
            shortfall=float(self.row["shortfall"]),
            unit=_text(self.row["unit"]),
            sectors=self.sectors,
            communes=near | ({commune} if commune else set()),
        )


def find_openings(facts: Facts, findings: Findings, *, settings: Settings) -> tuple[Opening, ...]:
    """Return the openings looked at: those of gaps, and those that need no gap.

    Ordered by severity x confidence, then by id; at most ``settings.openings_max``, a quarter of
    which is kept for the openings without a gap.  The kinds of gaps take turns, each with its most
    severe first, because severities of different kinds are shares of different things.  A kind of
    gap without a rule here opens nothing, nor do isolated actors without a sector in common.
    """
    evidence = _by_gap(findings.evidence)
    sides, related = _by_gap(findings.detail("chain_sides")), _related(findings)
    passing = _by_gap(findings.detail("chain_passing"))
    free = sorted(gapless.find(facts, isolated=_isolated(findings, facts)), key=_urgency)
    rows = [row for row in findings.gaps.to_dict("records") if _has_rule(row)]
    most = settings.openings_max
    kept_free = min(len(free), max(most // GAPLESS_SHARE, most - len(rows)))
    from_gaps = [
        _opening(
            _Gap(
                row,
                tuple(evidence[str(row["gap_id"])]),
                facts,
                _sides_of(sides[str(row["gap_id"])], facts),
                _passing_of(passing[str(row["gap_id"])]),
                related.get(str(row["gap_id"]), {}),
            )
        )
        for row in _in_turn(rows)[: most - kept_free]
    ]
    return tuple(sorted([*from_gaps, *free[:kept_free]], key=_urgency))


def _by_gap(frame: pd.DataFrame) -> dict[str, list[Mapping[str, Any]]]:
    """Return the rows of a frame by their gap."""
    held: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in frame.to_dict("records"):
        held[str(row["gap_id"])].append(row)  # type: ignore[arg-type]
    return held


def _sides_of(rows: list[Mapping[str, Any]], facts: Facts) -> dict[str, tuple[int, ...]]:
    """Return the actors on each side of a broken chain."""
    held: dict[str, set[int]] = defaultdict(set)
    for row in rows:
        if str(row["actor_id"]) in facts.index:
            held[str(row["side"])].add(facts.index[str(row["actor_id"])])
    return {side: tuple(sorted(actors)) for side, actors in held.items()}


def _passing_of(rows: list[Mapping[str, Any]]) -> tuple[Passing, ...]:
    """Return what each missing stage takes in and gives, by stage."""
    held: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in rows:
        held[str(row["stage_id"])][str(row["way"])].add(str(row["category"]))
    return tuple(
        Passing(*(tuple(sorted(held[stage][way])) for way in ("taken", "given")))
        for stage in sorted(held)
    )


def _related(findings: Findings) -> dict[str, dict[str, float]]:
    """Return, for each missing activity, how near the present activities are that go with it."""
    held: dict[str, dict[str, float]] = defaultdict(dict)
    for row in findings.detail("related").to_dict("records"):
        gap_id = f"{v.MISSING_ACTIVITY}:{row['nomenclature']}:{row['activity']}"
        held[gap_id][str(row["related"])] = float(row["proximity"])
    return held


def _has_rule(row: Mapping[Any, Any]) -> bool:
    """Return whether a gap calls somebody: actors alone need a sector in which they have peers."""
    if row["kind"] == v.ISOLATED_ACTOR:
        return str(row["gap_id"]).partition(":")[2] in nomenclature.codes("sectors")
    return row["kind"] in _RULES


def _in_turn(rows: list[dict[Any, Any]]) -> list[dict[Any, Any]]:
    """Return gaps so that each kind has its turn: the most pressing of each, then the second ..."""
    ordered = sorted(
        rows, key=lambda row: _pressing(row["gap_id"], row["severity"] * row["confidence"])
    )
    seen: dict[str, int] = defaultdict(int)
    turns = []
    for place, row in enumerate(ordered):
        turns.append((seen[row["kind"]], place, row))
        seen[row["kind"]] += 1
    return [row for *_, row in sorted(turns, key=lambda turn: turn[:2])]


def _pressing(name: str, urgency: float) -> tuple[float, str]:
    return -round(urgency, 12), name


def _urgency(opening: Opening) -> tuple[float, str]:
    return _pressing(opening.opening_id, opening.severity * opening.confidence)


def _isolated(findings: Findings, facts: Facts) -> frozenset[int]:
    """Return the actors without any tie."""
    network = findings.network
    alone = network.loc[network["degree"] == 0, "actor_id"]
    return frozenset(facts.index[str(code)] for code in alone if str(code) in facts.index)


def _opening(gap: _Gap) -> Opening:
    kind = str(gap.row["kind"])
    slots = _RULES[kind](gap)
    gap_id = str(gap.row["gap_id"])
    return Opening(
        opening_id=gap_id,
        kind=kind,
        gap_ids=(gap_id,),
        category=gap.category,
        objectives=OBJECTIVES[kind],
        severity=float(gap.row["severity"]),
        confidence=float(gap.row["confidence"]),
        shortfall=float(gap.row["shortfall"]),
        unit=_text(gap.row["unit"]),
        slots=slots,
        one_sided=kind == v.MISSING_ACTIVITY,
    )


def _text(cell: object) -> str:
    return cell if isinstance(cell, str) else ""


def _support(gap: _Gap, call: Call) -> list[tuple[str, bool, tuple[Fit, ...]]]:
    """Return the optional roles of most openings: authority, research, a structure of the ESS.

    For a service to people, only research in its field helps.
    """
    service = category_links.is_service(call.category)
    return [
        ("authority", False, roles.authorities(gap.facts, call.communes)),
        ("research", False, support_roles.researchers(gap.facts, call.sectors, in_field=service)),
        ("partner", False, roles.ess_partners(gap.facts, call)),
    ]


def _carriers(gap: _Gap, call: Call) -> list[tuple[str, bool, tuple[Fit, ...]]]:
    """Return the optional role of who carries a material from one to the other."""
    if not call.category.startswith("materials."):
        return []
    return [("collector", False, support_roles.carriers(gap.facts, call.category))]


def _unmet_need(gap: _Gap) -> tuple[Slot, ...]:
    needs = [need_id for need_id, *_ in gap.rows("need")]
    rows = (gap.facts.by_row.get((v.NEEDS, need_id)) for need_id in needs)
    communes = {row.commune_id for row in rows if row is not None and row.commune_id}
    call = gap.call(communes=frozenset(communes))
    return slots_of(
        ("holder", True, roles.holders(gap.facts, call)),
        ("user", True, roles.in_need(gap.facts, call, need_ids=needs)),
        *_support(gap, call),
        *_carriers(gap, call),
    )


def _unused_resource(gap: _Gap) -> tuple[Slot, ...]:
    call = gap.call()
    holding = [
        roles.of_row(
            row, suitability=1.0, reason="holds_unused_resource", quantity=row.left
        )._replace(supply=call.part(row.left, row.unit))
        for row_id, *_ in gap.rows("resource")
        if (row := gap.facts.by_row.get((v.RESOURCES, row_id))) is not None and row.left != 0
    ]
    return slots_of(
        ("holder", True, roles.best(holding, gap.facts)),
        ("user", True, roles.users(gap.facts, call)),
        ("transformer", False, support_roles.transformers(gap.facts, call)),
        *_support(gap, call),
        *_carriers(gap, call),
    )


def _service_access(gap: _Gap) -> tuple[Slot, ...]:
    people = {code: quantity for code, quantity, _ in gap.rows("commune")}
    if not people and _text(gap.row["commune_id"]):
        people = {_text(gap.row["commune_id"]): float(gap.row["shortfall"])}
    # The communes without the service, not those where it is: their authority is concerned.
    call = replace(gap.call(), communes=frozenset(people))
    return slots_of(
        ("operator", True, roles.operators(gap.facts, call)),
        ("host", True, roles.hosts(gap.facts, call, people=people)),
        *_support(gap, call),
    )


def _leak(gap: _Gap) -> tuple[Slot, ...]:
    """Return the roles of a leak: who sends out or buys outside, and the local counterpart.

    Money goes the other way round: who pays outside is the one who buys there.
    """
    call = gap.call()
    bought = "money" in gap.gap_id.split(":") or gap.gap_id.startswith("leak:in:")
    leaking = []
    for row_id, quantity, unit in gap.rows("flow"):
        row = gap.facts.by_row.get((v.FLOWS, row_id))
        if row is not None:
            part = call.part(quantity, unit)
            inward = row.detail == "destination"
            fit = roles.of_row(
                row,
                suitability=1.0,
                reason="buys_outside" if inward else "sends_outside",
                quantity=quantity,
            )
            supply, demand = (0.0, part) if inward else (part, 0.0)
            leaking.append(fit._replace(unit=unit, supply=supply, demand=demand))
    ours = roles.best(leaking, gap.facts)
    holders = (
        roles.holders(gap.facts, call)
        if bought
        else tuple(fit for fit in ours if fit.supply >= fit.demand)
    )
    buyers = (
        tuple(fit for fit in ours if fit.demand >= fit.supply)
        if bought
        else roles.users(gap.facts, call)
    )
    return slots_of(
        ("holder", True, holders),
        ("user", True, buyers),
        *_support(gap, call),
        *_carriers(gap, call),
    )


def _isolated_actor(gap: _Gap) -> tuple[Slot, ...]:
    call = gap.call()
    sector = frozenset({str(gap.row["gap_id"]).partition(":")[2]})
    each = 1.0 / len(gap.actors) if gap.actors else 0.0
    alone = roles.best(
        (
            roles.of_actor(gap.facts, actor, suitability=1.0, reason="isolated_in_sector")._replace(
                demand=each
            )
            for actor in gap.actors
        ),
        gap.facts,
    )
    # One broker can introduce all of them.
    linking = tuple(fit._replace(supply=1.0) for fit in roles.brokers(gap.facts))
    places = roles.linking_places(gap.facts)
    return slots_of(
        ("partner", True, alone),
        ("partner", True, alone),
        ("partner", False, alone),
        ("broker", True, linking),
        ("linking_place", False, places),
        ("authority", False, roles.authorities(gap.facts, call.communes)),
        ("research", False, support_roles.researchers(gap.facts, sector)),
    )


def _structural_hole(gap: _Gap) -> tuple[Slot, ...]:
    """Return the roles of a hole: a broker on either side, and a place that links them.

    A broker brings the ties it has; the fewer of the two sides bounds what the pair can open.  The
    field of research that would help is that of the two sectors; families have no field.
    """
    call = gap.call()
    sides = _sides(gap)
    brokers = []
    for rank, side in enumerate(sides):
        fits = roles.brokers(gap.facts, side)
        part = "supply" if rank == 0 else "demand"
        brokers.append(
            tuple(
                fit._replace(**{part: min(1.0, gap.facts.degree[fit.actor] / roles.TIES_FULL)})
                for fit in fits
            )
        )
    return slots_of(
        ("broker", True, brokers[0]),
        ("broker", True, brokers[1]),
        ("linking_place", False, roles.linking_places(gap.facts)),
        ("authority", False, roles.authorities(gap.facts, call.communes)),
        ("research", False, support_roles.researchers(gap.facts, frozenset(_hole(gap)[1:]))),
    )


def _hole(gap: _Gap) -> tuple[str, str, str]:
    """Return what ``structural_hole:<what>:<one>-<other>`` names, and its two sides."""
    _, what, pair = str(gap.row["gap_id"]).split(":", maxsplit=2)
    first, _, second = pair.partition("-")
    return what, first, second


def _sides(gap: _Gap) -> tuple[list[int], list[int]]:
    """Return the actors on either side of a hole."""
    facts, (what, first, second) = gap.facts, _hole(gap)
    if what == "family":
        held = [
            np.flatnonzero(facts.family == FAMILY_BIT.get(side, 0)).tolist()
            for side in (first, second)
        ]
    else:
        held = [
            [actor for actor, sectors in enumerate(facts.sectors) if side in sectors]
            for side in (first, second)
        ]
    return held[0], held[1]


def _missing_activity(gap: _Gap) -> tuple[Slot, ...]:
    """Return the roles of a missing activity: who could take it up, where, and with whom.

    Nobody has it yet, so that what an operator brings counts by itself: the part of the
    establishments that lack that one more would be.
    """
    call, code = gap.call(), gap.gap_id.rpartition(":")[2]
    each = min(1.0, 1.0 / call.shortfall) if call.shortfall > 0 else 1.0
    able = tuple(
        fit._replace(supply=0.0, demand=fit.suitability * each)
        for fit in roles.founders(gap.facts, call, activity=code, related=gap.related)
    )
    return slots_of(
        ("operator", True, able),
        ("operator", False, able),
        ("host", False, roles.premises_for(gap.facts, call)),
        *_support(gap, call),
    )


def _broken_chain(gap: _Gap) -> tuple[Slot, ...]:
    """Return the roles of a broken chain: who waits on both sides, and who could close it.

    The link holds when both sides are there and somebody between them: each side is half of what is
    asked for, as far as its actor says that it waits, and who closes the gap brings, as far as it
    suits, one of the actors that lack.
    """
    call = gap.call()
    each = min(1.0, 1.0 / call.shortfall) if call.shortfall > 0 else 1.0
    ends = [
        tuple(
            fit._replace(supply=0.0, demand=HALF * fit.suitability)
            for fit in chain_roles.waiting(
                gap.facts, gap.sides.get(side, ()), rows=_rows_of(gap, role), reason=reason
            )
        )
        for side, role, reason in (
            ("upstream", v.RESOURCES, "waits_upstream"),
            ("downstream", v.NEEDS, "waits_downstream"),
        )
    ]
    able = chain_roles.closers(gap.facts, call, sides=gap.sides, stages=gap.passing)
    closing = tuple(fit._replace(supply=fit.suitability * each, demand=0.0) for fit in able)
    return slots_of(
        ("upstream", True, ends[0]),
        ("downstream", True, ends[1]),
        ("operator", True, closing),
        *_support(gap, call),
        *_carriers(gap, call),
    )


def _rows_of(gap: _Gap, table: str) -> tuple[Fact, ...]:
    """Return the resources or needs that a gap rests on."""
    return tuple(fact for fact in gap.behind if fact.table == table)


_RULES: Final[Mapping[str, Callable[[_Gap], tuple[Slot, ...]]]] = MappingProxyType(
    {
        v.UNMET_NEED: _unmet_need,
        v.UNUSED_RESOURCE: _unused_resource,
        v.SERVICE_ACCESS: _service_access,
        v.LEAK: _leak,
        v.ISOLATED_ACTOR: _isolated_actor,
        v.STRUCTURAL_HOLE: _structural_hole,
        v.MISSING_ACTIVITY: _missing_activity,
        v.BROKEN_CHAIN: _broken_chain,
    }
)
