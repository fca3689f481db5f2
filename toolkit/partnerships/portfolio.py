"""Which candidates to animate together: few, each gap counted once, nobody asked too often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

SCORE_PART: Final = 1e-3
"""Weight of the score beside the covered severity: it decides between equals, and gives a value to
candidates whose coverage is unknown (own rule)."""
_NO_QUOTA: Final[Mapping[str, int]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Entry:
    """One candidate as the portfolio sees it."""

    candidate_id: str
    answers: tuple[str, ...]
    members: tuple[str, ...]
    severity: float
    coverage: float
    score: float
    type: str = ""

    @property
    def value(self) -> float:
        """Severity-weighted coverage, plus a thousandth of the score."""
        return self.severity * self.coverage + SCORE_PART * self.score


@dataclass(frozen=True, slots=True)
class Portfolio:
    """Chosen candidates with a certificate.

    ``certificate`` is ``optimal`` or ``bounded``; ``bound_gap_pct`` is by how many % the best
    choice could be worth more; ``lacking`` tells the types of which fewer are chosen than was asked
    for, and how many lack.
    """

    candidate_ids: tuple[str, ...]
    value: float
    certificate: str
    bound_gap_pct: float
    lacking: tuple[tuple[str, int], ...] = ()


def choose(
    entries: Sequence[Entry],
    *,
    size: int,
    per_actor: int,
    least: Mapping[str, int] = _NO_QUOTA,
) -> Portfolio:
    """Return the candidates that cover most, severity-weighted.

    Maximise the sum, over gaps, of the value of the best chosen candidate that answers it (each gap
    counted once), with at most ``size`` candidates and each actor in at most ``per_actor`` of them.
    A candidate that adds nothing, and that no quota asks for, is not chosen.  Solved exactly as a
    small integer programme; where the solver gives up, greedily with a bound (METHODS 4.7).

    Parameters
    ----------
    entries : sequence of Entry
        Candidates, in a stable order.
    size : int
        Candidates at most, >= 1.
    per_actor : int
        Candidates that an actor may be in, >= 1.
    least : Mapping of str to int, optional
        Quotas: candidates of a type at least.  As many as can be are chosen first, then what covers
        most; what lacks is told.
    """
    limits = _Limits(size, per_actor, {name: least[name] for name in sorted(least)})
    if not entries:
        return Portfolio((), 0.0, "optimal", 0.0, _lacking(entries, (), least=limits.least))
    chosen = _exact(entries, limits)
    if chosen is None:
        made = greedy(entries, size=size, per_actor=per_actor)
        held = [rank for rank, one in enumerate(entries) if one.candidate_id in made.candidate_ids]
        return replace(made, lacking=_lacking(entries, held, least=limits.least))
    ids = tuple(entries[rank].candidate_id for rank in chosen)
    lacking = _lacking(entries, chosen, least=limits.least)
    return Portfolio(ids, worth(entries, chosen), "optimal", 0.0, lacking)


@dataclass(frozen=True, slots=True)
class _Limits:
    """What a choice keeps to: its size, the load of an actor, the quotas of types."""

    size: int
    per_actor: int
    least: Mapping[str, int]


def _lacking(
    entries: Sequence[Entry], chosen: Sequence[int], *, least: Mapping[str, int]
) -> tuple[tuple[str, int], ...]:
    """Return the types of which too few are chosen, and how many lack."""
    held = Counter(entries[rank].type for rank in chosen)
    return tuple(
        (name, wanted - held[name]) for name, wanted in least.items() if held[name] < wanted
    )


def worth(entries: Sequence[Entry], chosen: Sequence[int]) -> float:
    """Return the value of a choice: each gap counted once, by its best candidate."""
    best: dict[str, float] = {}
    for rank in chosen:
        entry = entries[rank]
        for gap in entry.answers:
            best[gap] = max(best.get(gap, 0.0), entry.value)
    return sum(best[gap] for gap in sorted(best))


def greedy(entries: Sequence[Entry], *, size: int, per_actor: int) -> Portfolio:
    """Return a choice made one by one, with its bound.

    No choice of ``size`` candidates is worth more than this one plus the ``size`` largest values
    that a single candidate would still add, since the value is submodular.
    """
    chosen: list[int] = []
    while len(chosen) < size:
        open_ranks = [
            rank
            for rank in range(len(entries))
            if rank not in chosen and _fits(entries, [*chosen, rank], per_actor=per_actor)
        ]
        gains = _added(entries, chosen, ranks=open_ranks)
        if not open_ranks or max(gains) <= 0:
            break
        chosen.append(open_ranks[int(np.argmax(gains))])
    value = worth(entries, chosen)
    left = sorted(_added(entries, chosen, ranks=range(len(entries))), reverse=True)[:size]
    gap = 100.0 * sum(left) / value if value > 0 else 0.0
    ids = tuple(entries[rank].candidate_id for rank in sorted(chosen))
    return Portfolio(ids, value, "bounded" if gap > 0 else "optimal", gap)


def _added(entries: Sequence[Entry], chosen: list[int], *, ranks: Sequence[int]) -> list[float]:
    value = worth(entries, chosen)
    return [worth(entries, [*chosen, rank]) - value for rank in ranks]


def _fits(entries: Sequence[Entry], chosen: Sequence[int], *, per_actor: int) -> bool:
    load: dict[str, int] = {}
    for rank in chosen:
        for actor in entries[rank].members:
            load[actor] = load.get(actor, 0) + 1
    return max(load.values(), default=0) <= per_actor


def _exact(entries: Sequence[Entry], limits: _Limits) -> list[int] | None:
    """Return the ranks of an optimal choice; None where the solver proves none.

    Variables: x_i (candidate chosen), then y_ig (candidate i is the one counted for gap g), then
    z_t (candidates that lack to the quota of type t), each of which costs more than all values.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp  # noqa: PLC0415 - slow to load
    from scipy.sparse import csr_array  # noqa: PLC0415

    served = [(rank, gap) for rank, entry in enumerate(entries) for gap in entry.answers]
    count = len(entries)
    rows, ends = _constraints(entries, served, limits=limits)
    gains = [entries[rank].value for rank, _ in served]
    dear = 1.0 + sum(gains)
    cost = -np.array([*[0.0] * count, *gains, *[-dear] * len(limits.least)])
    most = np.array([1.0] * (count + len(served)) + [float(n) for n in limits.least.values()])
    places = [(line, column, value) for line, row in enumerate(rows) for column, value in row]
    lines, columns, values = (np.array(part) for part in zip(*places, strict=True))
    matrix = csr_array((values, (lines, columns)), shape=(len(rows), len(cost)))
    solved = milp(
        cost,
        constraints=LinearConstraint(matrix, -np.inf, np.array(ends)),
        integrality=np.ones(len(cost)),
        bounds=Bounds(0, most),
        options={"mip_rel_gap": 0.0},
    )
    if solved.status != 0:
        return None
    picked: npt.NDArray[np.int64] = np.flatnonzero(solved.x[:count] > _HALF)
    return _needed(entries, [int(rank) for rank in picked], least=limits.least)


def _needed(entries: Sequence[Entry], chosen: list[int], *, least: Mapping[str, int]) -> list[int]:
    """Return a choice without the candidates that add nothing to it, the last ones first."""
    kept = list(chosen)
    for rank in reversed(chosen):
        without = [other for other in kept if other != rank]
        asked = _lacking(entries, without, least=least) != _lacking(entries, kept, least=least)
        if not asked and worth(entries, without) >= worth(entries, kept):
            kept = without
    return kept


_HALF: Final = 0.5


def _constraints(
    entries: Sequence[Entry], served: Sequence[tuple[int, str]], *, limits: _Limits
) -> tuple[list[list[tuple[int, float]]], list[float]]:
    """Return the rows (column, coefficient) and upper limits of the programme."""
    count = len(entries)
    rows: list[list[tuple[int, float]]] = [[(rank, 1.0) for rank in range(count)]]
    ends = [float(limits.size)]
    for actor in sorted({actor for entry in entries for actor in entry.members}):
        held = [(rank, 1.0) for rank, entry in enumerate(entries) if actor in entry.members]
        if len(held) > limits.per_actor:
            rows.append(held)
            ends.append(float(limits.per_actor))
    for column, (rank, _) in enumerate(served):
        rows.append([(count + column, 1.0), (rank, -1.0)])
        ends.append(0.0)
    for gap in sorted({gap for _, gap in served}):
        rows.append([(count + column, 1.0) for column, pair in enumerate(served) if pair[1] == gap])
        ends.append(1.0)
    for place, (name, wanted) in enumerate(limits.least.items()):
        own = [(rank, -1.0) for rank, entry in enumerate(entries) if entry.type == name]
        rows.append([*own, (count + len(served) + place, -1.0)])
        ends.append(-float(wanted))
    return rows, ends
