"""The gaps of a territory: what it lacks, wastes, loses, leaves apart, and how sure that is.

One module a kind or a family of kinds, each with a ``find`` that takes a territory; `table` builds
the rows of all of them, `ranking` orders them.  Pure functions: no file, network, clock or text.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import pandas as pd

from toolkit.background import NOTHING
from toolkit.gaps import (
    access,
    balance,
    brokers,
    chains,
    graph,
    leaks,
    missing,
    multiplier,
    network,
    panel,
    prices,
    ranking,
    table,
)
from toolkit.gaps.comparison import COMPARISON_COLUMNS, compare_gaps

if TYPE_CHECKING:
    from toolkit.background import Background
    from toolkit.settings import Settings
    from toolkit.territory import Territory

__all__ = [
    "COMPARISON_COLUMNS",
    "DETAIL_COLUMNS",
    "Findings",
    "compare_gaps",
    "find_gaps",
    "no_findings",
    "with_estimates",
]

DETAIL_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "activities": missing.ACTIVITY_COLUMNS,
        "brokers": brokers.BROKER_COLUMNS,
        "chain_sides": chains.SIDE_COLUMNS,
        "chain_passing": chains.PASSING_COLUMNS,
        "chains": chains.CHAIN_COLUMNS,
        "coverage": access.COVERAGE_COLUMNS,
        "mixing": brokers.MIXING_COLUMNS,
        "multiplier": multiplier.MULTIPLIER_COLUMNS,
        "panel": panel.CHOICE_COLUMNS,
        "prices": prices.PRICE_COLUMNS,
        "related": missing.RELATED_COLUMNS,
        "sites": access.SITE_COLUMNS,
        "trade": leaks.TRADE_COLUMNS,
    }
)
"""Columns of the frames of :attr:`Findings.details`, by name."""


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """What was found on a territory.

    Attributes
    ----------
    gaps : DataFrame
        One row a gap, columns ``GAP_COLUMNS``, most severe and sure first.
    evidence : DataFrame
        One row a fact that a gap rests on, columns ``EVIDENCE_COLUMNS``, by gap.
    matches : DataFrame
        The best use of the territory's own resources: which resource serves which need, how much a
        year (``quantity`` in ``unit``) over which road (``distance_km``).
    access : DataFrame
        Access of each commune to each service: ``minutes`` within which half of its people reach
        the nearest, ``people`` (NaN where unknown), ``accessibility`` (E2SFCA) and its ``ratio`` to
        the territory's mean.
    network : DataFrame
        Place of each actor among the ties: ``degree``, ``component`` (0 is the main one),
        ``constraint`` and ``effective_size`` (NaN without tie), ``betweenness``, ``core``.
    details : Mapping of str to DataFrame
        What finders computed besides, by name: ``DETAIL_COLUMNS`` tells which and their columns.
        A name is missing where nothing was computed.
    """

    gaps: pd.DataFrame
    evidence: pd.DataFrame
    matches: pd.DataFrame
    access: pd.DataFrame
    network: pd.DataFrame
    details: Mapping[str, pd.DataFrame] = field(default_factory=lambda: MappingProxyType({}))

    def detail(self, name: str) -> pd.DataFrame:
        """Return a frame of the details; one without rows where nothing was computed."""
        if name in self.details:
            return self.details[name]
        return pd.DataFrame(columns=list(DETAIL_COLUMNS[name]))


def find_gaps(
    territory: Territory, *, settings: Settings, background: Background = NOTHING
) -> Findings:
    """Return the gaps of a territory with their evidence.

    Parameters
    ----------
    territory : Territory
        Complete and checked tables.
    settings : Settings
        Thresholds; each finder names those that it uses.
    background : Background, optional
        What is known beside the tables; its estimates play no part here.

    Returns
    -------
    Findings
        The same, bit for bit, for the same rows in any order.

    Examples
    --------
    >>> findings = find_gaps(territory, settings=Settings())  # doctest: +SKIP
    >>> findings.gaps[["gap_id", "shortfall", "unit"]].head()  # doctest: +SKIP
    """
    balanced = balance.find(territory, settings=settings)
    reached = access.find(territory, settings=settings, background=background)
    tied = network.find(territory, settings=settings)
    leaking = leaks.find(territory)
    lacking = missing.find(territory, settings=settings, background=background)
    broken = chains.find(territory, settings=settings, background=background)
    found = (balanced, lacking, reached, leaking, broken, tied)
    gaps, evidence = table.frames(gap for one in found for gap in one.gaps)
    return Findings(
        gaps=ranking.rank(gaps),
        evidence=evidence,
        matches=balanced.detail,
        access=reached.detail,
        network=tied.detail,
        details=MappingProxyType(
            {
                "activities": lacking.detail,
                "chains": broken.detail,
                "trade": leaking.detail,
                **{name: one for part in found for name, one in part.more.items()},
            }
        ),
    )


def with_estimates(
    findings: Findings, territory: Territory, *, ids: Collection[str], settings: Settings
) -> Findings:
    """Return findings to which the gaps are added that only estimates show; no figure changes.

    Parameters
    ----------
    findings : Findings
        Of the territory as it is known.
    territory : Territory
        The same with estimates among its resources and needs.
    ids : collection of str
        Ids of the estimates.
    settings : Settings
        As for :func:`find_gaps`.

    Returns
    -------
    Findings
        All gaps found before, as they were; after them by their rank those whose every need or
        resource is an estimate.  An estimate is matched with estimates only.
    """
    layer = balance.find(territory, settings=settings, with_prices=False)
    known = set(findings.gaps["gap_id"])
    added = [
        gap
        for gap in layer.gaps
        if gap.gap_id not in known
        and all(fact.row_id in ids for fact in gap.evidence if fact.role in _SIDES)
    ]
    gaps, evidence = table.frames(added)
    matches = layer.detail
    both = matches["resource_id"].isin(ids) & matches["need_id"].isin(ids)
    return Findings(
        gaps=ranking.rank(_below(findings.gaps, gaps)),
        evidence=_below(findings.evidence, evidence),
        matches=_below(findings.matches, matches[both]),
        access=findings.access,
        network=findings.network,
        details=findings.details,
    )


_SIDES: Final = ("need", "resource")


def _below(frame: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with rows added below."""
    parts = [part for part in (frame, rows) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else frame


def no_findings() -> Findings:
    """Return findings in which nothing was looked for: every frame is there, without rows."""
    gaps, evidence = table.frames(())
    return Findings(
        gaps=gaps,
        evidence=evidence,
        matches=pd.DataFrame(columns=list(balance.MATCH_COLUMNS)),
        access=pd.DataFrame(columns=list(access.ACCESS_COLUMNS)),
        network=pd.DataFrame(columns=list(graph.NETWORK_COLUMNS)),
    )
