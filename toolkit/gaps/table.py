"""One place that builds the table of gaps and the table of their evidence, whatever found them.

A finder makes :class:`Gap` objects; :func:`frames` turns all of them into the two tables.  Three
rules hold for every kind and live only here:

- *shortfall* is expected minus observed;
- *confidence* is the share of the rows of evidence that are observed or recorded, times the
  probability that the method gives, where it gives one;
- *basis* is the weakest basis among the evidence.
"""

from __future__ import annotations

import math
from collections import Counter, namedtuple
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import pandas as pd

from toolkit import vocabulary as v

SCALE_MIN: Final = 10
"""Rows that make a kind a scale for severity (own rule)."""
_NUMBERS: Final = frozenset(
    {"expected", "observed", "shortfall", "people_affected", "severity", "confidence", "quantity"}
)
_STRENGTH: Final = {basis: rank for rank, basis in enumerate(v.BASIS)}


class Fact(NamedTuple):
    """One fact that a gap rests on: a row of the evidence table without its gap."""

    role: str
    table: str
    row_id: str
    quantity: float
    unit: str
    basis: str
    source_id: str


@dataclass(frozen=True, slots=True)
class Gap:
    """One gap before it becomes a row.

    Attributes
    ----------
    gap_id : str
        ``kind:subject`` or ``kind:subject:qualifier``; made of codes only, so that it stays the
        same from one run to the next.
    kind : str
        One of ``GAP_KINDS``.
    expected, observed : float
        What there should be and what there is, in ``unit``.
    unit : str
        Unit code; empty for a number of rows (needs, resources, actors, ties).
    severity : float
        Share in [0, 1], see :func:`largest_share`.
    evidence : list of Fact
        At least one; see :func:`facts`.
    category : str
        Category of the nomenclature; empty for gaps of the network.
    commune_id : str
        The commune, where the gap lies in a single one.
    actor_ids : tuple of str
        Actors concerned.
    people_affected : float
        Persons; NaN where it is unknown.
    probability : float
        Probability given by the method; 1 where it gives none.
    """

    gap_id: str
    kind: str
    expected: float
    observed: float
    unit: str
    severity: float
    evidence: list[Fact]
    category: str = ""
    commune_id: str = ""
    actor_ids: tuple[str, ...] = ()
    people_affected: float = math.nan
    probability: float = 1.0

    def row(self) -> dict[str, object]:
        """Return the cells of the gap's row.

        Raises
        ------
        ValueError
            If the gap rests on no evidence, or a figure is not finite.
        """
        figures = (self.expected, self.observed, self.severity, self.probability)
        if not self.evidence or not all(math.isfinite(figure) for figure in figures):
            message = f"Gap {self.gap_id!r} needs evidence and finite figures; got {figures}."
            raise ValueError(message)
        known = sum(fact.basis != "estimated" for fact in self.evidence) / len(self.evidence)
        return {
            "gap_id": self.gap_id,
            "kind": self.kind,
            "category": self.category,
            "commune_id": self.commune_id,
            "actor_ids": v.join_list(sorted(set(self.actor_ids))),
            "expected": self.expected,
            "observed": self.observed,
            "shortfall": self.expected - self.observed,
            "unit": self.unit,
            "people_affected": self.people_affected,
            "severity": self.severity,
            "confidence": known * self.probability,
            "basis": weakest(fact.basis for fact in self.evidence),
            "evidence": len(self.evidence),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a finder hands over: its gaps and the frames that it computed on the way.

    Attributes
    ----------
    gaps : tuple of Gap
        In any order.
    detail : DataFrame
        The frame that says most.
    more : Mapping of str to DataFrame
        Other frames by name; the names and columns of all finders are ``DETAIL_COLUMNS`` of
        :mod:`toolkit.gaps`.
    """

    gaps: tuple[Gap, ...]
    detail: pd.DataFrame
    more: Mapping[str, pd.DataFrame] = field(default_factory=lambda: MappingProxyType({}))


def lines(frame: pd.DataFrame) -> list[Any]:
    """Return the rows of a frame as named tuples; small groups of rows are handled as these."""
    make = _line(tuple(frame.columns))
    # Columns of text hand their cells over one by one, ten times slower than an array does.
    columns = [frame[name].to_numpy(dtype="object") for name in frame.columns]
    return [make(*cells) for cells in zip(*columns, strict=True)]


@cache
def _line(columns: tuple[str, ...]) -> Any:  # noqa: ANN401 - a class of named tuples
    """Return the named tuple of some columns, made once."""
    return namedtuple("Line", columns)  # noqa: PYI024 - its fields are known only here


def facts(
    rows: Iterable[Any], *, role: str, table: str, quantities: Iterable[float], unit: str = ""
) -> list[Fact]:
    """Return rows of a table as evidence.

    Parameters
    ----------
    rows : iterable of named tuples
        Fields used: ``row_id``, ``basis`` and ``source_id`` (text, empty where unknown).
    role : str
        What the facts are to the gap, one of ``EVIDENCE_ROLES``.
    table : str
        Table in which the rows are.
    quantities : iterable of float
        Quantity of each fact, in ``unit``.
    unit : str, default ""
        Unit code; empty for a number of rows.

    Returns
    -------
    list of Fact
        Sorted by row id.
    """
    return sorted(
        Fact(role, table, str(row.row_id), float(quantity), unit, row.basis, row.source_id)
        for row, quantity in zip(rows, quantities, strict=True)
    )


def frames(gaps: Iterable[Gap]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the table of gaps and the table of evidence.

    Parameters
    ----------
    gaps : iterable of Gap
        Gaps of any kinds in any order.

    Returns
    -------
    tuple of DataFrame
        Columns ``GAP_COLUMNS`` and ``EVIDENCE_COLUMNS``, both sorted by ``gap_id``.

    Raises
    ------
    ValueError
        If two gaps have the same id.
    """
    ordered = sorted(gaps, key=lambda gap: gap.gap_id)
    ids = [gap.gap_id for gap in ordered]
    if len(set(ids)) < len(ids):
        twice = sorted({gap_id for gap_id in ids if ids.count(gap_id) > 1})
        message = f"Gap ids must be unique; got more than once: {', '.join(twice)}."
        raise ValueError(message)
    rows = [gap.row() for gap in ordered]
    table = _typed({name: [row[name] for row in rows] for name in v.GAP_COLUMNS}, v.GAP_COLUMNS)
    if not ordered:
        return table, _typed({}, v.EVIDENCE_COLUMNS)
    facts_of = [(gap.gap_id, *fact) for gap in ordered for fact in sorted(gap.evidence)]
    columns = dict(zip(v.EVIDENCE_COLUMNS, zip(*facts_of, strict=True), strict=True))
    return table, _typed(columns, v.EVIDENCE_COLUMNS)


def without_rows(columns: tuple[str, ...], *, numbers: Collection[str] = ()) -> pd.DataFrame:
    """Return a frame without rows: texts, but for the columns that are numbers."""
    return pd.DataFrame(
        {name: pd.Series([], dtype="float64" if name in numbers else "str") for name in columns}
    )


def _typed(cells: Mapping[str, Sequence[Any]], columns: tuple[str, ...]) -> pd.DataFrame:
    """Return a frame whose columns have their types, also without rows."""
    kinds = {name: "float64" if name in _NUMBERS else "str" for name in columns}
    kinds |= {"evidence": "int64"} if "evidence" in columns else {}
    return pd.DataFrame(
        {name: pd.Series(cells.get(name, []), dtype=kinds[name]) for name in columns}
    )


def weakest(basis: Iterable[str]) -> str:
    """Return the weakest of several ways to know: estimated, else recorded, else observed.

    Examples
    --------
    >>> weakest(["observed", "estimated", "recorded"])
    'estimated'
    """
    return max(basis, key=_STRENGTH.__getitem__)


def share(part: float, whole: float) -> float:
    """Return part over whole, within [0, 1]; 0 where there is no whole.

    Examples
    --------
    >>> share(1, 4), share(3, 0), share(5, 4)
    (0.25, 0.0, 1.0)
    """
    return min(max(part / whole, 0.0), 1.0) if whole > 0 else 0.0


def largest_share(*shares: float) -> float:
    """Return the severity of a gap: the largest share of the territory that it concerns.

    The territory is counted in up to three ways, each over the whole territory: its people, its
    actors, and the quantity at stake (:class:`Wholes`; or its ties).  The largest share is kept:
    a shortfall that concerns few actors may concern many people, and an average would hide both.

    References
    ----------
    METHODS, section 2 (severity as a share); the choice of the largest is an own rule.
    """
    return max(shares, default=0.0)


@dataclass(frozen=True, slots=True)
class Wholes:
    """All that a territory needs (offers, exchanges) of a kind: the scale of a shortfall.

    A kind may come in several measures (premises in m2 and in places).  Each measure weighs as much
    as it has rows, so that the only row in hours is not all there is.  A kind of fewer than
    ``SCALE_MIN`` rows is no scale: one need alone would weigh as much as the whole territory.
    Keys are tuples, the kind and last the measure.
    """

    amounts: Mapping[tuple[str, ...], float]
    measured: Mapping[tuple[str, ...], int]
    counted: Mapping[tuple[str, ...], int]

    @classmethod
    def of(cls, keys: Iterable[tuple[str, ...]], amounts: Iterable[float]) -> Wholes:
        """Return the totals of amounts by key."""
        held: dict[tuple[str, ...], list[float]] = {}
        for key, amount in zip(keys, amounts, strict=True):
            held.setdefault(key, []).append(amount)
        kinds: Counter[tuple[str, ...]] = Counter()
        for key, values in held.items():
            kinds[key[:-1]] += len(values)
        return cls(
            {key: math.fsum(values) for key, values in held.items()},
            {key: len(values) for key, values in held.items()},
            kinds,
        )

    def share(self, part: float, key: tuple[str, ...]) -> float:
        """Return how much of a kind a part of one of its measures is; 0 where that is no scale."""
        rows = self.counted.get(key[:-1], 0)
        if rows < SCALE_MIN or key not in self.amounts:
            return 0.0
        return share(part, self.amounts[key]) * self.measured[key] / rows
