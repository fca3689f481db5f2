"""An opening as a CP-SAT model: one true or false variable a role and actor, whole numbers only.

The share of suitability and capacity depends on how many members there are, so that there is one
model for each set of roles that may be filled.  Trust and proximity are not linear: a variable for
each pair that is linked says whether both are in, counts go through tables (AddElement), and the
longest trip is at least that of any two who are in.  Values are rounded to ``SCALE`` parts; one
term can be off by half a part, so that the optimum is known within ``TOLERANCE``.
"""

from __future__ import annotations

from collections import Counter
from itertools import combinations, combinations_with_replacement

import numpy as np
from ortools.sat.python import cp_model

from toolkit import vocabulary as v
from toolkit.partnerships import criteria

SCALE = 10**6
TOLERANCE = 2e-5
FAMILIES = range(len(v.FAMILIES))


class TeamModel:
    """The model of one set of roles of an arena."""

    def __init__(self, arena, slots):
        self.arena, self.slots = arena, slots
        self.model = cp_model.CpModel()
        self.seat = {
            (slot, actor): self.model.new_bool_var(f"x{slot}_{actor}")
            for slot in slots
            for actor in arena.pools[slot].actors.tolist()
        }
        for slot in slots:
            self.model.add_exactly_one(
                self.seat[slot, actor] for actor in arena.pools[slot].actors.tolist()
            )
        self.member = {}
        for actor in sorted({actor for _, actor in self.seat}):
            held = [var for (_, other), var in self.seat.items() if other == actor]
            self.member[actor] = self.model.new_bool_var(f"y{actor}")
            self.model.add(sum(held) == self.member[actor])
        self._meet()
        self._compose()
        self.model.maximize(self._score())

    def _meet(self):
        """Some place is within the radius of all."""
        model, near = self.model, self.arena.near
        met = []
        for word in range(near.shape[1]):
            for bit in range(64):
                inside = {a for a in self.member if int(near[a, word]) >> bit & 1}
                if len(inside) < 2:
                    continue
                here = model.new_bool_var(f"p{word}_{bit}")
                met.append(here)
                for actor, var in self.member.items():
                    if actor not in inside:
                        model.add_implication(here, ~var)
        model.add_bool_or(met)

    def _compose(self):
        """The numbers of members of each family are those of some type wanted."""
        model, size = self.model, len(self.slots)
        self.of_family = [
            [var for actor, var in self.member.items() if self.arena.family[actor] == family]
            for family in FAMILIES
        ]
        counts = [model.new_int_var(0, size, f"f{family}") for family in FAMILIES]
        for count, held in zip(counts, self.of_family, strict=True):
            model.add(count == sum(held))
        allowed = []
        for families in combinations_with_replacement(FAMILIES, size):
            if self.arena.composition.type_rank(families) >= 0:
                number = Counter(families)
                allowed.append([number[family] for family in FAMILIES])
        model.add_allowed_assignments(counts, allowed)

    def _score(self):
        arena, size = self.arena, len(self.slots)
        w = {name: round(weight * SCALE) for name, weight in arena.weights.items()}
        total = []
        for (slot, actor), var in self.seat.items():
            fit = arena.fits[slot, actor]
            own = w["suitability"] * fit.suitability + w["capacity"] * arena.means[actor]
            total.append(round(own * SCALE / size) * var)
        total.append(w["coverage"] * self._coverage())
        total.append(w["proximity"] * self._proximity())
        every = size * (size - 1) // 2
        ties, pairs = self._linked(arena.tied_pairs), self._linked(arena.served_pairs)
        values = [float(criteria.trust(n, size=size)) for n in range(every + 1)]
        total.append(w["trust"] * self._table(ties, values))
        values = [float(criteria.complementarity(n)) for n in range(every + 1)]
        total.append(w["complementarity"] * self._table(pairs, values))
        families = [self._any(held) for held in self.of_family]
        values = [float(criteria.diversity(max(1, n))) for n in range(len(families) + 1)]
        total.append(w["diversity"] * self._table(families, values))
        sectors = [
            self._any([var for a, var in self.member.items() if int(arena.sectors[a]) >> bit & 1])
            for bit in range(64)
        ]
        values = [float(criteria.transversality(n)) for n in range(65)]
        total.append(w["transversality"] * self._table(sectors, values))
        return sum(total)

    def _coverage(self):
        covered = self.model.new_int_var(0, SCALE, "coverage")
        sides = ("demand",) if self.arena.one_sided else ("supply", "demand")
        for side in sides:
            self.model.add(
                covered
                <= sum(
                    round(getattr(self.arena.fits[key], side) * SCALE) * var
                    for key, var in self.seat.items()
                )
            )
        return covered

    def _proximity(self):
        """1 - D / 2R in parts of SCALE: below that of every two who are in."""
        near = self.model.new_int_var(0, SCALE, "proximity")
        arena = self.arena
        for one, other in combinations(self.member, 2):
            far = np.hypot(arena.x_km[one] - arena.x_km[other], arena.y_km[one] - arena.y_km[other])
            most = round(float(criteria.proximity(far, radius_km=arena.radius_km)) * SCALE)
            if most < SCALE:
                both = SCALE - most
                self.model.add(
                    near <= SCALE + both - both * (self.member[one] + self.member[other])
                )
        return near

    def _linked(self, links):
        """One variable for each linked pair: whether both are in."""
        made = []
        for one, other in links:
            if one in self.member and other in self.member:
                both = self.model.new_bool_var("")
                self.model.add_bool_or([~self.member[one], ~self.member[other], both])
                self.model.add_implication(both, self.member[one])
                self.model.add_implication(both, self.member[other])
                made.append(both)
        return made

    def _any(self, variables):
        if not variables:
            return 0
        some = self.model.new_bool_var("")
        self.model.add_max_equality(some, variables)
        return some

    def _table(self, counted, values):
        count = self.model.new_int_var(0, len(values) - 1, "")
        self.model.add(count == sum(counted))
        value = self.model.new_int_var(0, SCALE, "")
        self.model.add_element(count, [round(value * SCALE) for value in values], value)
        return value

    def solve(self, *, seconds):
        """Return the status, the optimum in [0, 1] and the seats."""
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.max_time_in_seconds = seconds
        status = solver.solve(self.model)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return status, None, ()
        seats = tuple(key for key, var in self.seat.items() if solver.value(var))
        return status, solver.objective_value / SCALE**2, seats


class Linked:
    """An arena with the list of its linked pairs."""

    def __init__(self, arena):
        self._arena = arena
        self.tied_pairs = sorted({tuple(sorted(pair)) for pair in arena.edges.tolist()})
        served = (arena.offers[:, None] & arena.wants[None]).any(axis=2)
        one, other = np.nonzero(np.triu(served | served.T, 1))
        self.served_pairs = list(zip(one.tolist(), other.tolist(), strict=True))

    def __getattr__(self, name):
        return getattr(self._arena, name)


def best_by_cp_sat(arena, *, seconds):
    """Return the best score over all teams and its seats; whether it is proven.

    Parameters
    ----------
    arena : Arena
        The opening.
    seconds : float
        Time for each team at most.
    """
    linked, best, proven = Linked(arena), (None, ()), True
    for slots in arena.teams():
        if not all(len(arena.pools[slot].actors) for slot in slots):
            continue
        status, score, seats = TeamModel(linked, slots).solve(seconds=seconds)
        proven = proven and status in (cp_model.OPTIMAL, cp_model.INFEASIBLE)
        if score is not None and (best[0] is None or score > best[0]):
            best = score, seats
    return best[0], best[1], proven
