"""The gaps of a territory: what it lacks, wastes, loses, leaves apart, and how sure that is.

One module a kind or a family of kinds, each with a ``find`` that takes a territory; `table` builds
the rows of all of them, `ranking` orders them.  Pure functions: no file, network, clock or text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from toolkit.gaps import access, balance, graph, leaks, network, ranking, table

if TYPE_CHECKING:
    from toolkit.settings import Settings
    from toolkit.territory import Territory

__all__ = ["Findings", "find_gaps", "no_findings"]


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
        Access of each commune to each service: ``minutes`` to the nearest, ``people`` (NaN where
        unknown), ``accessibility`` (E2SFCA) and its ``ratio`` to the territory's mean.
    network : DataFrame
        Place of each actor among the ties: ``degree``, ``component`` (0 is the main one),
        ``constraint`` and ``effective_size`` (NaN without tie), ``betweenness``, ``core``.
    """

    gaps: pd.DataFrame
    evidence: pd.DataFrame
    matches: pd.DataFrame
    access: pd.DataFrame
    network: pd.DataFrame


def find_gaps(territory: Territory, *, settings: Settings) -> Findings:
    """Return the gaps of a territory with their evidence.

    Parameters
    ----------
    territory : Territory
        Complete and checked tables.
    settings : Settings
        Thresholds; each finder names those that it uses.

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
    reached = access.find(territory, settings=settings)
    tied = network.find(territory, settings=settings)
    leaking = leaks.find(territory)
    gaps, evidence = table.frames([*balanced.gaps, *reached.gaps, *leaking.gaps, *tied.gaps])
    return Findings(
        gaps=ranking.rank(gaps),
        evidence=evidence,
        matches=balanced.detail,
        access=reached.detail,
        network=tied.detail,
    )


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
