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
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from toolkit import vocabulary as v

FACT_COLUMNS: Final = v.EVIDENCE_COLUMNS[1:]
_NUMBERS: Final = frozenset(
    {"expected", "observed", "shortfall", "people_affected", "severity", "confidence", "quantity"}
)
_STRENGTH: Final = {basis: rank for rank, basis in enumerate(v.BASIS)}


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
    evidence : DataFrame
        Columns ``FACT_COLUMNS``, at least one row; see :func:`facts`.
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
    evidence: pd.DataFrame
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
        known = self.evidence["basis"] != "estimated"
        figures = (self.expected, self.observed, self.severity, self.probability)
        if self.evidence.empty or not all(math.isfinite(figure) for figure in figures):
            message = f"Gap {self.gap_id!r} needs evidence and finite figures; got {figures}."
            raise ValueError(message)
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
            "confidence": float(known.mean()) * self.probability,
            "basis": weakest(self.evidence["basis"]),
            "evidence": len(self.evidence),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a finder hands over: its gaps and the frame that it computed on the way."""

    gaps: tuple[Gap, ...]
    detail: pd.DataFrame


def facts(
    frame: pd.DataFrame, *, role: str, table: str, key: str, quantity: object, unit: str = ""
) -> pd.DataFrame:
    """Return rows of a table as evidence.

    Parameters
    ----------
    frame : DataFrame
        Columns used: ``key``, ``basis`` and ``source_id``.
    role : str
        What the facts are to the gap, one of ``EVIDENCE_ROLES``.
    table : str
        Table in which the rows are.
    key : str
        Column that holds the id of the row.
    quantity : float or array-like
        Quantity of each fact, in ``unit``.
    unit : str, default ""
        Unit code; empty for a number of rows.

    Returns
    -------
    DataFrame, shape (n_rows, 7)
        Columns ``FACT_COLUMNS``.
    """
    size = len(frame)
    return pd.DataFrame(
        {
            "role": pd.Series([role] * size, dtype="str"),
            "table": pd.Series([table] * size, dtype="str"),
            "row_id": frame[key].astype("str").reset_index(drop=True),
            "quantity": np.broadcast_to(np.asarray(quantity, dtype="float64"), size).copy(),
            "unit": pd.Series([unit] * size, dtype="str"),
            "basis": frame["basis"].astype("str").reset_index(drop=True),
            "source_id": frame["source_id"].fillna("").astype("str").reset_index(drop=True),
        }
    )


def together(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return several pieces of evidence as one, sorted so that their order does not matter."""
    kept = [part for part in parts if len(part)]
    if not kept:
        return _typed({}, FACT_COLUMNS)
    merged = pd.concat(kept, ignore_index=True)
    return merged.sort_values(["role", "table", "row_id", "quantity"], kind="stable").reset_index(
        drop=True
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
    evidence = pd.concat([gap.evidence for gap in ordered], ignore_index=True)
    sizes = [len(gap.evidence) for gap in ordered]
    evidence.insert(0, "gap_id", pd.Series(np.repeat(ids, sizes), dtype="str"))
    return table, evidence[list(v.EVIDENCE_COLUMNS)]


def _typed(cells: dict[str, list[object]], columns: tuple[str, ...]) -> pd.DataFrame:
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
    actors, and the quantity at stake (what the territory needs, offers or exchanges in the same
    root category and measure, or its ties).  The largest share is kept: a shortfall that concerns
    few actors may concern many people, and an average would hide both.

    References
    ----------
    METHODS, section 2 (severity as a share); the choice of the largest is an own rule.
    """
    return max(shares, default=0.0)
