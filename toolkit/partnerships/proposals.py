"""From gaps to proposals: openings, candidates with their members, and the portfolio."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from toolkit import vocabulary as v
from toolkit.compiled import at_once
from toolkit.errors import Problem, UsageError
from toolkit.partnerships import emptiness
from toolkit.partnerships.arena import Arena
from toolkit.partnerships.calls import Opening
from toolkit.partnerships.explanation import shapley_shares
from toolkit.partnerships.facilitation import meeting_place
from toolkit.partnerships.facts import Facts, facts_of, sectors_of_category
from toolkit.partnerships.ground import ground_of
from toolkit.partnerships.openings import find_openings
from toolkit.partnerships.portfolio import Entry, Portfolio, choose
from toolkit.partnerships.reranking import Equals
from toolkit.partnerships.robustness import Robustness, Support, no_robustness, robustness_of
from toolkit.partnerships.search import Group, Outcome, look_into
from toolkit.partnerships.wishes import Empty, Wishes
from toolkit.settings import Settings

if TYPE_CHECKING:
    from toolkit.gaps import Findings
    from toolkit.territory import Territory

PRACTICE_COLUMNS: Final = ("candidate_id", "practice_id", "similarity")
TIE_COLUMNS: Final = ("candidate_id", "cooperation_id", "shared_members")
PRACTICES_KEPT: Final = 3
SIMILAR_FROM: Final = 0.25
"""Similarity from which a practice is shown (own rule)."""
TIES_KEPT: Final = 5
_DEDUCED: Final = 0.01
"""Worth of a candidate that rests on deduced facts alone, beside others, in the portfolio (own
rule): it is taken where what people told leaves room."""
_WEAKEST: Final = {basis: rank for rank, basis in enumerate(v.BASIS)}
_NUMBERS: Final = frozenset(
    {*v.CRITERIA, "score", "longest_trip_km", "bound_gap_pct", "severity", "shortfall", "quantity"}
    | {"share", "similarity"}
)
_COUNTS: Final = frozenset({"rank", "shared_members"})
_FLAGS: Final = frozenset({"selected"})


@dataclass(frozen=True, slots=True, eq=False)
class Proposals:
    """What is proposed; nothing in it changes.

    Attributes
    ----------
    openings : DataFrame
        One row an opening looked at (columns ``OPENING_COLUMNS``), the most pressing first.
    partnerships : DataFrame
        One row a candidate (columns ``PARTNERSHIP_COLUMNS``), by rank.
    roles : DataFrame
        One row a member of a candidate (columns ``ROLE_COLUMNS``).
    practices : DataFrame
        Good practices that resemble a candidate: ``candidate_id, practice_id, similarity``.
    ties : DataFrame
        Existing cooperations to build on: ``candidate_id, cooperation_id, shared_members`` (count).
    calls : tuple of Opening
        The openings with who could fill each role; :func:`why_not` reads them.
    facts : Facts or None
        What was read of the territory.
    settings : Settings
        With which weights and limits; the types are those of the wishes, if they name any.
    wishes : Wishes
        Who had to take part and who could not.
    empty : tuple of Empty
        Which openings have no candidate, why, and what would have to give.
    portfolio : Portfolio
        The selected candidates with their certificate.
    robustness : Robustness
        How far the candidates depend on weights and on estimated facts.
    equals : Equals
        How candidates of equal score are ranked; :func:`rerank` reads it.
    """

    openings: pd.DataFrame
    partnerships: pd.DataFrame
    roles: pd.DataFrame
    practices: pd.DataFrame
    ties: pd.DataFrame
    calls: tuple[Opening, ...] = field(default=(), repr=False)
    facts: Facts | None = field(default=None, repr=False)
    settings: Settings = field(default_factory=Settings, repr=False)
    wishes: Wishes = field(default_factory=Wishes, repr=False)
    empty: tuple[Empty, ...] = field(default=(), repr=False)
    portfolio: Portfolio = field(default=Portfolio((), 0.0, "optimal", 0.0), repr=False)
    robustness: Robustness = field(default_factory=no_robustness, repr=False)
    equals: Equals = field(default_factory=lambda: Equals.of(()), repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class _Candidate:
    """One group of one opening, on its way to become a row."""

    opening: Opening
    arena: Arena
    group: Group
    gap_pct: float

    @property
    def members(self) -> list[int]:
        return [int(self.arena.actors[actor]) for _, actor in self.group.seats]

    @property
    def type(self) -> str:
        """The most specific type looked for whose rule it satisfies."""
        return self.arena.composition.names[self.group.type_rank]

    def is_deduced(self, facts: Facts) -> bool:
        """Return whether it rests on needs and resources that were all deduced."""
        fits = (self.arena.fits[seat] for seat in self.group.seats)
        rows = [facts.by_row.get((fit.fact_table, fit.fact_id)) for fit in fits]
        told = [row.deduced for row in rows if row is not None]
        return bool(told) and all(told)

    def supports(self, facts: Facts) -> list[Support]:
        """Return the facts behind the required members."""
        held = []
        for seat in self.group.seats:
            if self.arena.pools[seat[0]].required:
                fit = self.arena.fits[seat]
                row = facts.by_row.get((fit.fact_table, fit.fact_id))
                weight = 1.0 if row is None else row.weight
                support = (fit.fact_table, fit.fact_id, facts.ids[fit.actor], fit.basis, weight)
                held.append(Support(*support))
        return held

    def candidate_id(self, facts: Facts) -> str:
        """Return an id that stays as long as the opening, the members and their roles do."""
        seats = sorted(
            f"{facts.ids[actor]}={self.arena.pools[slot].role}"
            for actor, (slot, _) in zip(self.members, self.group.seats, strict=True)
        )
        words = "\n".join([self.opening.opening_id, *seats])
        return "P-" + hashlib.sha1(words.encode(), usedforsecurity=False).hexdigest()[:10]


def propose(
    territory: Territory, findings: Findings, *, settings: Settings, wishes: Wishes | None = None
) -> Proposals:
    """Return the candidate partnerships of a territory.

    Parameters
    ----------
    territory : Territory
        Complete and checked tables.
    findings : Findings
        Its gaps, with their evidence, matches and network.
    settings : Settings
        Weights of the criteria, radius, types looked for, sizes.
    wishes : Wishes, optional
        Who must and who may not take part, types, nodes of the search.

    Returns
    -------
    Proposals
        The same, bit for bit, for the same rows in any order.  Candidates that rest on deduced
        facts alone come after all others; else they are ranked by score, then by type (the broader
        first), by urgency and id of the opening, and by ids of the members.  Openings in which the
        imposed actors are in no group are left out.

    Raises
    ------
    UsageError
        If an imposed or excluded actor is not in the territory; all of them at once.
    SettingsError
        If a type of the wishes is unknown.
    """
    wishes = wishes or Wishes()
    if wishes.types:
        settings = settings.with_changes(partnership_types=wishes.types)
    facts = facts_of(territory, findings, settings=settings)
    _check_named(wishes, facts)
    asked = find_openings(facts, findings, settings=settings)
    calls = [emptiness.without(call, facts, excluded=wishes.without) for call in asked]
    outcomes = _look_into_all(facts, calls, settings=settings, wishes=wishes)
    empty = emptiness.empty_of(
        facts,
        asked,
        held=[bool(outcome.groups) for _, outcome in outcomes],
        settings=settings,
        wishes=wishes,
    )
    if wishes.must:
        kept = [place for place, (_, outcome) in enumerate(outcomes) if outcome.groups]
        calls, outcomes = [calls[place] for place in kept], [outcomes[place] for place in kept]
    found = [
        _Candidate(opening, arena, group, outcome.gap_pct(group))
        for opening, (arena, outcome) in zip(calls, outcomes, strict=True)
        for group in outcome.groups
    ]
    named = sorted(
        ((one.candidate_id(facts), one) for one in found),
        key=lambda named: (named[1].is_deduced(facts), _rank(named)),
    )
    portfolio = _portfolio(named, facts, settings=settings)
    partnerships = _frame(
        (
            _row(name, one, facts=facts, rank=rank, settings=settings)
            | {"selected": name in portfolio.candidate_ids}
            for rank, (name, one) in enumerate(named, start=1)
        ),
        v.PARTNERSHIP_COLUMNS,
    )
    return Proposals(
        openings=_frame((_opening_row(call) for call in calls), v.OPENING_COLUMNS),
        partnerships=partnerships,
        roles=_frame(
            (row for name, one in named for row in _role_rows(name, one, facts=facts)),
            v.ROLE_COLUMNS,
        ),
        practices=_practices(named, facts, table=territory.table(v.PRACTICES)),
        ties=_ties(named, facts),
        calls=tuple(calls),
        facts=facts,
        settings=settings,
        wishes=wishes,
        empty=empty,
        portfolio=portfolio,
        robustness=robustness_of(
            partnerships,
            [one.supports(facts) for _, one in named],
            top=settings.portfolio_size,
            seed=settings.seed,
        ),
        equals=Equals.of((one.is_deduced(facts), _rank((name, one))[1:]) for name, one in named),
    )


def no_proposals() -> Proposals:
    """Return proposals in which nothing was looked for: every frame is there, without rows."""
    return Proposals(
        openings=_frame((), v.OPENING_COLUMNS),
        partnerships=_frame((), v.PARTNERSHIP_COLUMNS),
        roles=_frame((), v.ROLE_COLUMNS),
        practices=_frame((), PRACTICE_COLUMNS),
        ties=_frame((), TIE_COLUMNS),
    )


def _check_named(wishes: Wishes, facts: Facts) -> None:
    """Raise if the wishes name actors that the territory does not have."""
    strange = [name for name in (*wishes.must, *wishes.without) if name not in facts.index]
    if strange:
        raise UsageError([Problem("unknown_actor", found=name) for name in strange])


def _look_into_all(
    facts: Facts, calls: Sequence[Opening], *, settings: Settings, wishes: Wishes
) -> list[tuple[Arena, Outcome]]:
    """Return what was found for each opening, in their order; as many at once as there are cores.

    Openings share nothing that is written to, so that the answers do not depend on how many are
    looked into at once.
    """
    look = partial(
        look_into,
        facts,
        settings=settings,
        forced=sorted(facts.index[name] for name in wishes.must),
        nodes=wishes.nodes,
        ground=ground_of(facts, settings=settings),
    )
    return at_once(look, calls)


def _rank(named: tuple[str, _Candidate]) -> tuple[object, ...]:
    """Return the order of candidates; not by their ids, which are drawn from the actors' names."""
    opening, (score, kind, *_) = named[1].opening, named[1].group.key
    urgency = round(opening.severity * opening.confidence, 12)
    return score, kind, -urgency, opening.opening_id, sorted(named[1].members)


def _portfolio(
    named: Sequence[tuple[str, _Candidate]], facts: Facts, *, settings: Settings
) -> Portfolio:
    entries = [
        Entry(
            candidate_id=name,
            answers=one.opening.gap_ids or (one.opening.opening_id,),
            members=tuple(facts.ids[actor] for actor in one.members),
            severity=one.opening.severity * (_DEDUCED if one.is_deduced(facts) else 1.0),
            coverage=one.group.marks["coverage"],
            score=one.group.score,
            type=one.type,
        )
        for name, one in named
    ]
    return choose(
        entries,
        size=settings.portfolio_size,
        per_actor=settings.portfolio_per_actor,
        least=settings.portfolio_least,
    )


def _opening_row(call: Opening) -> dict[str, Any]:
    return {
        "opening_id": call.opening_id,
        "kind": call.kind,
        "gap_ids": v.join_list(call.gap_ids),
        "category": call.category,
        "objective": call.objectives[0],
        "required_roles": v.join_list(slot.role for slot in call.slots if slot.required),
        "optional_roles": v.join_list(slot.role for slot in call.slots if not slot.required),
        "severity": call.severity,
        "shortfall": call.shortfall,
        "unit": call.unit,
    }


def _row(
    name: str, one: _Candidate, *, facts: Facts, rank: int, settings: Settings
) -> dict[str, Any]:
    meeting = meeting_place(facts, one.members, radius_km=settings.radius_km)
    bases = [one.arena.fits[seat].basis for seat in one.group.seats]
    return {
        "candidate_id": name,
        "rank": rank,
        "opening_id": one.opening.opening_id,
        "gap_ids": v.join_list(one.opening.gap_ids),
        "type": one.type,
        "objectives": v.join_list(one.opening.objectives),
        "category": one.opening.category,
        "member_ids": v.join_list(facts.ids[actor] for actor in sorted(one.members)),
        "score": one.group.score,
        **one.group.marks,
        "longest_trip_km": meeting.longest_km,
        "meeting_place_id": meeting.place_id,
        "certificate": "bounded" if one.gap_pct > 0 else "optimal",
        "bound_gap_pct": one.gap_pct,
        "basis": max(bases, key=lambda basis: _WEAKEST.get(basis, len(_WEAKEST))),
    }


def _role_rows(name: str, one: _Candidate, *, facts: Facts) -> list[dict[str, Any]]:
    fits = [one.arena.fits[seat] for seat in one.group.seats]
    shares = shapley_shares(
        [(fit.supply, fit.demand) for fit in fits], one_sided=one.opening.one_sided
    )
    return [
        {
            "candidate_id": name,
            "actor_id": facts.ids[fit.actor],
            "role": one.arena.pools[slot].role,
            "share": share,
            **{
                key: getattr(fit, key)
                for key in ("reason", "fact_table", "fact_id", "quantity", "unit", "basis")
            },
        }
        for (slot, _), fit, share in zip(one.group.seats, fits, shares, strict=True)
    ]


def _ties(named: Sequence[tuple[str, _Candidate]], facts: Facts) -> pd.DataFrame:
    """Return the cooperations that members of a candidate are in, most members first."""
    rows = []
    for name, one in named:
        members = set(one.members)
        shared = [
            (len(team & members), code) for code, _, team in facts.cooperations if team & members
        ]
        shared.sort(key=lambda pair: (-pair[0], pair[1]))
        rows += [
            dict(zip(TIE_COLUMNS, (name, code, size), strict=True))
            for size, code in shared[:TIES_KEPT]
        ]
    return _frame(rows, TIE_COLUMNS)


def similarity(one: Sequence[frozenset[str]], other: Sequence[frozenset[str]]) -> float:
    """Return how alike a practice (``other``) and a candidate are.

    Mean, over the facets that the practice fills in (sectors, pillars, objectives, families), of
    the shared values over all values of either (Jaccard); 0 where the practice says nothing.

    Examples
    --------
    >>> similarity([frozenset("ab"), frozenset("x")], [frozenset("a"), frozenset()])
    0.5
    """
    said = [(a, b) for a, b in zip(one, other, strict=True) if b]
    return sum(len(a & b) / len(a | b) for a, b in said) / len(said) if said else 0.0


def _practices(
    named: Sequence[tuple[str, _Candidate]], facts: Facts, *, table: pd.DataFrame
) -> pd.DataFrame:
    """Return the practices that resemble each candidate, the nearest first."""
    facets = ("sectors", "pillars", "objectives", "families")
    known = [
        (str(row["practice_id"]), [frozenset(v.split_list(row[facet])) for facet in facets])
        for row in table.to_dict("records")
    ]
    rows = []
    for name, one in named:
        members = one.members
        own = [
            sectors_of_category(one.opening.category).union(
                *(facts.sectors[actor] for actor in members)
            ),
            frozenset().union(*(facts.pillars[actor] for actor in members)),
            frozenset(one.opening.objectives),
            frozenset(facts.family_name(actor) for actor in members),
        ]
        near = sorted((-round(similarity(own, other), 9), code) for code, other in known)
        rows += [
            dict(zip(PRACTICE_COLUMNS, (name, code, -minus), strict=True))
            for minus, code in near[:PRACTICES_KEPT]
            if -minus >= SIMILAR_FROM
        ]
    return _frame(rows, PRACTICE_COLUMNS)


def _frame(rows: Iterable[Mapping[str, Any]], columns: tuple[str, ...]) -> pd.DataFrame:
    """Return rows as a frame whose columns have their types, also without rows."""
    kept = list(rows)
    return pd.DataFrame(
        {name: pd.Series([row[name] for row in kept], dtype=_dtype(name)) for name in columns}
    )


def _dtype(column: str) -> str:
    if column in _NUMBERS:
        return "float64"
    if column in _COUNTS:
        return "int64"
    return "bool" if column in _FLAGS else "str"
