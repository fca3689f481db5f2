"""What makes a candidate live: where to meet, who can broker, whom to ask what first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from toolkit.partnerships.facts import Facts, Place

if TYPE_CHECKING:
    from toolkit.partnerships.explanation import Member


@dataclass(frozen=True, slots=True)
class Meeting:
    """Where a group can meet.

    ``place_id`` is the actor that holds the premises, or a commune; ``resource_id`` the row of the
    premises (empty for a commune); trips are by road, in km, one a member.
    """

    place_id: str
    resource_id: str
    trips_km: tuple[float, ...]

    @property
    def longest_km(self) -> float:
        """Longest trip of a member."""
        return max(self.trips_km)


@dataclass(frozen=True, slots=True)
class Question:
    """A first question to ask: its code, whom to ask, and the row that it is about."""

    code: str
    actor_id: str
    fact_table: str = ""
    fact_id: str = ""


def meeting_place(facts: Facts, members: Sequence[int], *, radius_km: float) -> Meeting:
    """Return the place that minimises the longest trip.

    Among shareable premises, if some lie within the radius of all members, else among the communes;
    equal trips go to the smaller id.
    """
    best = _nearest(facts, members, places=facts.premises)
    if best is None or best.longest_km > radius_km:
        best = _nearest(facts, members, places=facts.communes) or best
    if best is None:
        message = "A territory has at least one commune, so a group has a place to meet; got none."
        raise ValueError(message)
    return best


def _nearest(facts: Facts, members: Sequence[int], *, places: Sequence[Place]) -> Meeting | None:
    if not places:
        return None
    held = list(members)
    east = np.array([place.x_km for place in places])[:, None] - facts.x_km[held]
    north = np.array([place.y_km for place in places])[:, None] - facts.y_km[held]
    trips = np.hypot(east, north)
    longest = np.round(trips.max(axis=1), 9)
    best = min(range(len(places)), key=lambda rank: (longest[rank], places[rank].place_id))
    return Meeting(places[best].place_id, places[best].resource_id, tuple(map(float, trips[best])))


def broker(facts: Facts, members: Sequence[int]) -> tuple[int, int]:
    """Return the natural broker and its ties: the member that works with most others already.

    Ties inside the group count first, then all ties of the territory, then the smaller id.
    """
    inside = set(members)
    within = dict.fromkeys(members, 0)
    ends = np.isin(facts.edges, list(inside)).all(axis=1)
    for pair in facts.edges[ends]:
        for end in pair.tolist():
            within[end] += 1
    chosen = min(members, key=lambda actor: (-within[actor], -int(facts.degree[actor]), actor))
    return chosen, int(facts.degree[chosen])


def first_questions(
    members: Sequence[Member], *, meeting: Meeting, broker_id: str, coverage: float
) -> tuple[Question, ...]:
    """Return the first questions to ask, as codes, in the order in which to ask them.

    Facts that are only estimated come first: a call that rests on one starts by checking it; then
    quantities that no row gives, who can introduce the others, the room, and what stays uncovered.
    """
    asked = [
        Question("confirm_estimate", member.actor_id, member.fact_table, member.fact_id)
        for member in members
        if member.basis == "estimated"
    ]
    asked += [
        Question("ask_quantity", member.actor_id, member.fact_table, member.fact_id)
        for member in members
        if member.fact_table in {"resources", "needs"} and math.isnan(member.quantity)
    ]
    if broker_id:
        asked.append(Question("ask_to_introduce", broker_id))
    else:
        asked.append(Question("who_can_introduce", members[0].actor_id))
    if meeting.resource_id:
        asked.append(Question("is_room_free", meeting.place_id, "resources", meeting.resource_id))
    else:
        asked.append(Question("where_to_meet", members[0].actor_id))
    if coverage < 1.0:
        asked.append(Question("who_could_complete", members[0].actor_id))
    asked.append(Question("what_to_gain", members[-1].actor_id))
    return tuple(asked)
