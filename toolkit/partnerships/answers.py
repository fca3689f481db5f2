"""Answers about proposals: why this candidate, why not that actor."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from toolkit import vocabulary as v
from toolkit.errors import Problem, UsageError
from toolkit.partnerships.calls import Opening
from toolkit.partnerships.emptiness import FAR_KM
from toolkit.partnerships.explanation import (
    Criterion,
    Explanation,
    Member,
    Practice,
    Tie,
    WhyNot,
    lacks,
)
from toolkit.partnerships.facilitation import broker, first_questions, meeting_place
from toolkit.partnerships.facts import Facts, facts_of
from toolkit.partnerships.proposals import Proposals
from toolkit.partnerships.search import look_into

if TYPE_CHECKING:
    import pandas as pd

    from toolkit.settings import Settings
    from toolkit.territory import Territory


def explain(proposals: Proposals, candidate_id: str, *, territory: Territory) -> Explanation:
    """Return everything that speaks for a candidate, as codes, ids and figures.

    Parameters
    ----------
    proposals : Proposals
        What is proposed.
    candidate_id : str
        One of its candidates.
    territory : Territory
        The territory proposed for.

    Raises
    ------
    UsageError
        If there is no such candidate.
    """
    row = _row(proposals.partnerships, candidate_id=candidate_id)
    opening = _row(proposals.openings, opening_id=str(row["opening_id"]))
    settings = proposals.settings
    facts = proposals.facts or facts_of(territory, None, settings=settings)
    seats = _of(proposals.roles, candidate_id)
    held = [facts.index[str(seat["actor_id"])] for seat in seats]
    meeting = meeting_place(facts, held, radius_km=settings.radius_km)
    columns = [field.name for field in dataclasses.fields(Member) if field.name != "trip_km"]
    members = tuple(
        Member(**{name: _plain(seat[name]) for name in columns}, trip_km=trip)
        for seat, trip in zip(seats, meeting.trips_km, strict=True)
    )
    chosen, degree = broker(facts, held)
    broker_id = facts.ids[chosen] if degree else ""
    bases = Counter(member.basis for member in members)
    weights = settings.normalised_weights()
    return Explanation(
        candidate_id=candidate_id,
        opening_id=str(row["opening_id"]),
        kind=str(opening["kind"]),
        gap_ids=v.split_list(row["gap_ids"]),
        category=str(row["category"]),
        objectives=v.split_list(row["objectives"]),
        type=str(row["type"]),
        score=float(row["score"]),
        criteria=tuple(Criterion(name, float(row[name]), weights[name]) for name in v.CRITERIA),
        shortfall=float(opening["shortfall"]),
        covered=float(opening["shortfall"]) * float(row["coverage"]),
        unit=str(opening["unit"]),
        members=members,
        bases=tuple((basis, bases[basis]) for basis in v.BASIS if bases[basis]),
        meeting_place_id=meeting.place_id,
        meeting_resource_id=meeting.resource_id,
        longest_trip_km=meeting.longest_km,
        broker_id=broker_id,
        broker_ties=degree,
        ties=_ties(proposals, candidate_id, facts=facts, members=held),
        practices=tuple(
            Practice(str(near["practice_id"]), float(near["similarity"]))
            for near in _of(proposals.practices, candidate_id)
        ),
        questions=first_questions(
            members, meeting=meeting, broker_id=broker_id, coverage=float(row["coverage"])
        ),
        certificate=str(row["certificate"]),
        bound_gap_pct=float(row["bound_gap_pct"]),
    )


def _row(frame: pd.DataFrame, **wanted: str) -> dict[str, Any]:
    """Return the row with an id, given as `candidate_id=` or `opening_id=`."""
    ((key, value),) = wanted.items()
    found = _records(frame, key=key, value=value)
    if not found:
        raise UsageError(Problem(f"unknown_{key.removesuffix('_id')}", column=key, found=value))
    return found[0]


def _of(frame: pd.DataFrame, candidate_id: str) -> list[dict[str, Any]]:
    return _records(frame, key="candidate_id", value=candidate_id)


def _records(frame: pd.DataFrame, *, key: str, value: str) -> list[dict[str, Any]]:
    """Return the rows with an id as dicts; only the cells of these rows are looked at.

    Both obvious ways, a frame of the rows or all rows as dicts, cost far more where one candidate
    after the other is explained.
    """
    columns = {str(name): frame[name].array for name in frame.columns}
    places = np.flatnonzero(np.asarray(columns[key] == value, dtype="bool")).tolist()
    return [{name: cells[place] for name, cells in columns.items()} for place in places]


def _plain(cell: Any) -> Any:  # noqa: ANN401 - a cell of any column
    """Return a cell as a value of Python, not of numpy."""
    return cell.item() if isinstance(cell, np.generic) else cell


def _ties(
    proposals: Proposals, candidate_id: str, *, facts: Facts, members: list[int]
) -> tuple[Tie, ...]:
    teams = {code: team for code, _, team in facts.cooperations}
    return tuple(
        Tie(
            str(row["cooperation_id"]),
            tuple(
                facts.ids[actor]
                for actor in sorted(teams[str(row["cooperation_id"])] & set(members))
            ),
        )
        for row in _of(proposals.ties, candidate_id)
    )


def why_not(
    proposals: Proposals,
    opening_id: str,
    *,
    actor_id: str,
    territory: Territory,
    settings: Settings,
) -> WhyNot:
    """Return why an actor is in no candidate of an opening.

    Parameters
    ----------
    proposals : Proposals
        What is proposed, as :func:`propose` returned it.
    opening_id : str
        One of its openings.
    actor_id : str
        An actor of the territory.
    territory : Territory
        The territory proposed for.
    settings : Settings
        The settings proposed with.

    Returns
    -------
    WhyNot
        The rule that excludes the actor; or, where none does, the best group that holds it
        (searched for anew) and what it lacks against the best candidate.

    Raises
    ------
    UsageError
        If there is no such opening or actor.
    """
    opening = next((call for call in proposals.calls if call.opening_id == opening_id), None)
    if opening is None:
        raise UsageError(Problem("unknown_opening", column="opening_id", found=opening_id))
    facts = proposals.facts or facts_of(territory, None, settings=settings)
    if actor_id not in facts.index:
        raise UsageError(Problem("unknown_actor", found=actor_id))
    actor = facts.index[actor_id]
    listed = _listed(proposals, opening_id, actor_id=actor_id)
    if listed:
        return WhyNot(
            opening_id,
            actor_id,
            "proposed",
            candidate_id=str(listed["candidate_id"]),
            member_ids=v.split_list(listed["member_ids"]),
            score=float(listed["score"]),
            certificate=str(listed["certificate"]),
        )
    wishes = proposals.wishes
    if actor_id in wishes.without:
        return WhyNot(opening_id, actor_id, "without")
    if wishes.types:
        settings = settings.with_changes(partnership_types=wishes.types)
    must = [facts.index[name] for name in wishes.must]
    rule = _excluding_rule(facts, opening, actor=actor, must=must, settings=settings)
    if rule:
        return WhyNot(opening_id, actor_id, rule)
    return _outranked(facts, opening, actor=actor, must=must, settings=settings)


def _listed(proposals: Proposals, opening_id: str, *, actor_id: str) -> dict[Any, Any]:
    """Return the best candidate of an opening that holds an actor; empty if there is none."""
    for row in proposals.partnerships.to_dict("records"):
        if row["opening_id"] == opening_id and actor_id in v.split_list(row["member_ids"]):
            return row
    return {}


def _excluding_rule(
    facts: Facts, opening: Opening, *, actor: int, must: list[int], settings: Settings
) -> str:
    """Return the first rule that keeps an actor out of every group; empty if none does."""
    if not facts.eligible[actor]:
        return "not_diffusible" if np.isfinite(facts.x_km[actor]) else "not_located"
    fitting = [slot for slot in opening.slots if any(fit.actor == actor for fit in slot.fits)]
    if not fitting:
        return "no_role"
    required = sum(slot.required for slot in opening.slots)
    if required > settings.max_members - (not any(slot.required for slot in fitting)):
        return "max_members"
    return _rule_of_search(facts, opening, actor=actor, must=must, settings=settings)


def _rule_of_search(
    facts: Facts, opening: Opening, *, actor: int, must: list[int], settings: Settings
) -> str:
    """Return the rule that leaves an actor without any group; empty if it has one."""

    def has_group(*others: int, **changes: Any) -> bool:  # noqa: ANN401 - values of any setting
        changed = settings.with_changes(per_opening=1, **changes)
        forced = sorted({actor, *others})
        return bool(look_into(facts, opening, settings=changed, forced=forced)[1].groups)

    if has_group(*must):
        return ""
    if must and has_group():
        return "must"
    if has_group(partnership_types=(v.ANY_TYPE,)):
        return "type_rule"
    return "too_far" if has_group(radius_km=FAR_KM) else "no_team"


def _outranked(
    facts: Facts, opening: Opening, *, actor: int, must: list[int], settings: Settings
) -> WhyNot:
    """Return the best group that holds an actor and what it lacks."""
    one = settings.with_changes(per_opening=1)
    arena, outcome = look_into(facts, opening, settings=one, forced=sorted({actor, *must}))
    _, best = look_into(facts, opening, settings=one, forced=must)
    group, first = outcome.groups[0], best.groups[0]
    return WhyNot(
        opening.opening_id,
        facts.ids[actor],
        "outranked",
        member_ids=tuple(facts.ids[int(arena.actors[place])] for place in group.members),
        score=group.score,
        best_score=first.score,
        lacks=lacks(group.marks, first.marks, weights=settings.normalised_weights()),
        certificate="bounded" if outcome.gap_pct(group) > 0 else "optimal",
    )
