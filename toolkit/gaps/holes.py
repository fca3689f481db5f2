"""Structural holes: two families or sectors with significantly fewer ties than chance gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from toolkit import vocabulary as v
from toolkit.gaps import graph, table

if TYPE_CHECKING:
    import pandas as pd

    from toolkit.settings import Settings

Integers = NDArray[np.int64]

EXPECTED_MIN: Final = 5.0
"""Ties that chance must give between two groups for their lack to be tested (own rule)."""
_SUBJECTS: Final = ("family", "sector")


@dataclass(frozen=True, slots=True, eq=False)
class PairTest:
    """A pair of groups: ties observed and expected, and how likely so few are by chance."""

    first: str
    second: str
    observed: float
    expected: float
    p_value: float
    q_value: float


def between(
    actors: pd.DataFrame, ties: graph.Ties, *, subject: str, settings: Settings
) -> list[table.Gap]:
    """Return the holes between the groups of one subject.

    Parameters
    ----------
    actors : DataFrame
        Columns ``actor_id``, ``basis``, ``source_id`` and the subject, sorted by actor id.
    ties : Ties
        Ties of the territory.
    subject : str
        ``family`` or ``sector``.
    settings : Settings
        Used: ``hole_p_value``, ``permutations``, ``seed``.

    Returns
    -------
    list of Gap
        ``structural_hole:<subject>:<group>-<group>``, figures in ties.  Severity is the share of
        the missing ties in all ties of the territory.  Confidence is 1 - q, times the share of the
        evidence that is not estimated.

    Notes
    -----
    A cooperation of many members makes many ties that stand or fall together, so the test, which
    takes ties one by one, is somewhat too sure.
    """
    groups = actors[subject].to_numpy(dtype="object")
    tests = tested(
        groups,
        ties,
        draws=settings.permutations,
        seed=(settings.seed, _SUBJECTS.index(subject)),
    )
    holes = [
        one for one in tests if one.q_value <= settings.hole_p_value and one.observed < one.expected
    ]
    if not holes:
        return []
    names, code = np.unique(groups, return_inverse=True)
    number = {str(name): place for place, name in enumerate(names)}
    sides = _Sides(
        code=code,
        degree=ties.degree,
        lines=table.lines(actors[["row_id", "basis", "source_id"]]),
        first=code[ties.reasons["first"].to_numpy(dtype="int64")],
        second=code[ties.reasons["second"].to_numpy(dtype="int64")],
    )
    return [
        _gap(one, sides.pair(number[one.first], number[one.second]), ties=ties, subject=subject)
        for one in holes
    ]


@dataclass(frozen=True, slots=True, eq=False)
class _Sides:
    """Groups of actors and of the ends of their ties, as numbers; looked up for each hole."""

    code: Integers
    degree: Integers
    lines: list[Any]
    first: Integers
    second: Integers

    def pair(self, one: int, other: int) -> tuple[list[table.Fact], Integers]:
        """Return the tied actors of two groups as evidence, and which reasons tie the two."""
        members = ((self.code == one) | (self.code == other)) & (self.degree > 0)
        places = np.flatnonzero(members)
        facts = table.facts(
            [self.lines[place] for place in places],
            role="actor",
            table=v.ACTORS,
            quantities=self.degree[places],
        )
        forth = (self.first == one) & (self.second == other)
        back = (self.first == other) & (self.second == one)
        return facts, np.flatnonzero(forth | back)


def tested(
    groups: NDArray[np.object_], ties: graph.Ties, *, draws: int, seed: tuple[int, int]
) -> list[PairTest]:
    """Return the test of every pair of groups that chance would tie often enough.

    Expected ties are K_g K_h / 2m, with K the ties of the actors of a group and m all ties.  The
    null keeps every actor's number of ties and joins their ends at random (configuration model);
    p is the share of draws with as few ties, q its value after Benjamini & Hochberg.

    Parameters
    ----------
    groups : array of str
        Group of each actor, in the order of ``ties``; an unknown group takes part in the null but
        is not tested.
    ties : Ties
        Ties of the territory.
    draws : int
        Draws from the null.
    seed : tuple of int
        Seed of the draws.

    References
    ----------
    .. [1] Benjamini & Hochberg (1995). Controlling the false discovery rate. JRSS B 57(1).
    """
    if not len(ties.first):
        return []
    names, code = np.unique(groups, return_inverse=True)
    stubs = np.bincount(code, weights=ties.degree, minlength=len(names)).astype("int64")
    observed = _between(code[ties.first], code[ties.second], size=len(names))
    expected = np.outer(stubs, stubs) / stubs.sum()
    pairs = [
        (g, h)
        for g in range(len(names))
        for h in range(g + 1, len(names))
        if expected[g, h] >= EXPECTED_MIN and "unknown" not in {names[g], names[h]}
    ]
    if not pairs:
        return []
    drawn = null_ties(stubs, draws=draws, rng=np.random.default_rng(list(seed)))
    p_values = [(1 + int((drawn[:, g, h] <= observed[g, h]).sum())) / (1 + draws) for g, h in pairs]
    return [
        PairTest(
            str(names[g]),
            str(names[h]),
            float(observed[g, h]),
            float(expected[g, h]),
            p_value,
            float(q_value),
        )
        for (g, h), p_value, q_value in zip(
            pairs, p_values, benjamini_hochberg(p_values), strict=True
        )
    ]


def null_ties(stubs: Integers, *, draws: int, rng: np.random.Generator) -> Integers:
    """Return ties between groups when all ends are joined at random.

    Only the group of an end matters, so a draw needs no list of ties: the groups of the first ends,
    then those of their second ends, are multivariate hypergeometric.  This is the exact law of
    random joining, at a cost that does not depend on the number of ties.

    Parameters
    ----------
    stubs : array of int, shape (n_groups,)
        Ends of ties held by each group; the sum is even.
    draws : int
        Number of draws.
    rng : Generator
        Seeded.

    Returns
    -------
    array of int, shape (draws, n_groups, n_groups)
        Symmetric; the diagonal counts the ties inside a group.
    """
    size = len(stubs)
    first = rng.multivariate_hypergeometric(
        stubs, int(stubs.sum()) // 2, size=draws, method="marginals"
    )
    found = np.zeros((draws, size, size), dtype="int64")
    for draw in range(draws):
        left = stubs - first[draw]
        for group in np.flatnonzero(first[draw]):
            ends = rng.multivariate_hypergeometric(left, first[draw, group], method="marginals")
            found[draw, group] = ends
            left = left - ends
    diagonal = np.einsum("dgg->dg", found).copy()
    found += found.transpose(0, 2, 1).copy()
    found[:, np.arange(size), np.arange(size)] = diagonal
    return found


def benjamini_hochberg(p_values: list[float]) -> list[float]:
    """Return the adjusted p-values (false discovery rate), in the same order.

    Examples
    --------
    >>> [round(q, 3) for q in benjamini_hochberg([0.01, 0.04, 0.03])]
    [0.03, 0.04, 0.04]
    """
    values = np.array(p_values, dtype="float64")
    order = np.argsort(-values, kind="stable")
    ranks = np.arange(len(values), 0, -1)
    adjusted = np.empty(len(values))
    adjusted[order] = np.minimum.accumulate(values[order] * len(values) / ranks)
    return [min(float(one), 1.0) for one in adjusted]


def _between(first: Integers, second: Integers, *, size: int) -> Integers:
    """Return how many ties there are between each two groups."""
    counts = np.bincount(first * size + second, minlength=size * size).reshape(size, size)
    both = counts + counts.T
    both[np.diag_indices(size)] //= 2
    return both


def _gap(
    test: PairTest,
    found: tuple[list[table.Fact], Integers],
    *,
    ties: graph.Ties,
    subject: str,
) -> table.Gap:
    """Return the gap of one pair of groups; actors that have a tie are those concerned."""
    concerned, linking = found
    bridging = ties.reasons.iloc[linking]
    evidence = list(concerned)
    for name, role in ((v.COOPERATIONS, "cooperation"), (v.FLOWS, "flow")):
        rows = bridging[bridging["table"] == name].sort_values("row_id")
        evidence += table.facts(
            table.lines(rows.drop_duplicates("row_id")),
            role=role,
            table=name,
            quantities=rows.groupby("row_id", sort=True).size(),
        )
    return table.Gap(
        gap_id=f"{v.STRUCTURAL_HOLE}:{subject}:{test.first}-{test.second}",
        kind=v.STRUCTURAL_HOLE,
        expected=test.expected,
        observed=test.observed,
        unit="",
        severity=table.share(test.expected - test.observed, len(ties.first)),
        evidence=evidence,
        actor_ids=tuple(fact.row_id for fact in concerned),
        probability=1.0 - test.q_value,
    )
