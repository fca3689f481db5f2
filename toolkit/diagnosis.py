"""From a territory to its diagnosis: gaps with evidence, candidates with reasons.  No drawing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from toolkit import gaps as gap_engine
from toolkit import partnerships as partnership_engine
from toolkit import vocabulary as v
from toolkit.background import NOTHING, Background
from toolkit.errors import Problem, UsageError
from toolkit.gaps import Findings
from toolkit.partnerships import Proposals
from toolkit.settings import Settings
from toolkit.territory import Territory

if TYPE_CHECKING:
    from toolkit.partnerships import Explanation, Robustness, WhyNot, Wishes


@dataclass(frozen=True, slots=True, eq=False)
class Diagnosis:
    """What was found on a territory, and what is proposed; nothing in it changes.

    Attributes
    ----------
    territory : Territory
        What was looked at; estimates that were deduced are among its resources and needs, under
        the source :data:`toolkit.vocabulary.PROFILES`.
    settings : Settings
        With which thresholds and weights.
    findings : Findings
        Gaps, evidence, matches, access and network, as frames.
    proposals : Proposals
        Openings, candidates and their members, as frames.
    given : tuple of str
        Names of the parts of the background that had rows.
    """

    territory: Territory
    settings: Settings
    findings: Findings
    proposals: Proposals
    given: tuple[str, ...] = ()

    @property
    def gaps(self) -> pd.DataFrame:
        """One row a gap (columns ``GAP_COLUMNS``), by severity x confidence."""
        return self.findings.gaps

    @property
    def evidence(self) -> pd.DataFrame:
        """One row a fact that a gap rests on (columns ``EVIDENCE_COLUMNS``)."""
        return self.findings.evidence

    @property
    def partnerships(self) -> pd.DataFrame:
        """One row a candidate (columns ``PARTNERSHIP_COLUMNS``), by rank."""
        return self.proposals.partnerships

    @property
    def portfolio(self) -> pd.DataFrame:
        """The candidates to animate together, by rank: few, each gap counted once."""
        chosen = self.partnerships[self.partnerships["selected"]]
        return chosen.reset_index(drop=True)

    @property
    def robustness(self) -> Robustness:
        """How far the candidates depend on weights and on estimated facts."""
        return self.proposals.robustness

    def with_wishes(self, wishes: Wishes, *, settings: Settings | None = None) -> Diagnosis:
        """Return the diagnosis with candidates that follow wishes; its gaps stay as they are.

        Parameters
        ----------
        wishes : Wishes
            Who must and who may not take part, and which types are looked for.
        settings : Settings, optional
            Weights and limits in place of those of the diagnosis.  Thresholds of gaps play no part.

        Raises
        ------
        UsageError
            If an actor of the wishes is not in the territory; all of them at once.
        SettingsError
            If a type of the wishes is unknown.
        """
        settings = settings or self.settings
        used = self.territory
        if not settings.include_estimated:
            used = _without_estimates(used)
        proposals = partnership_engine.propose(
            used, self.findings, settings=settings, wishes=wishes
        )
        return replace(self, settings=settings, proposals=proposals)

    def reranked(self, weights: Mapping[str, float]) -> pd.DataFrame:
        """Return the candidates ranked again under other weights; no other group is looked for.

        Parameters
        ----------
        weights : Mapping of str to float
            Of the criteria named; the others keep those of the settings.

        Returns
        -------
        DataFrame
            Columns ``PARTNERSHIP_COLUMNS``; see :func:`toolkit.partnerships.rerank`.

        Raises
        ------
        ValueError
            If a weight is negative or all are 0.
        """
        whole = {**self.settings.weights, **weights}
        return partnership_engine.rerank(self.partnerships, self.proposals.equals, weights=whole)

    def explain(self, candidate_id: str) -> Explanation:
        """Return everything that speaks for a candidate, as codes and figures.

        Raises
        ------
        UsageError
            If there is no such candidate.
        """
        return partnership_engine.explain(self.proposals, candidate_id, territory=self.territory)

    def why_not(self, opening_id: str, actor_id: str) -> WhyNot:
        """Return why an actor is in no candidate of an opening.

        Raises
        ------
        UsageError
            If there is no such opening or actor.
        """
        if actor_id not in set(self.territory.table(v.ACTORS)["actor_id"]):
            raise UsageError(Problem("unknown_actor", found=actor_id))
        return partnership_engine.why_not(
            self.proposals,
            opening_id,
            actor_id=actor_id,
            territory=self.territory,
            settings=self.settings,
        )


def diagnose(
    territory: Territory,
    *,
    settings: Settings | None = None,
    background: Background = NOTHING,
    wishes: Wishes | None = None,
) -> Diagnosis:
    """Return the diagnosis of a territory.

    Parameters
    ----------
    territory : Territory
        Complete and checked tables.
    settings : Settings, optional
        Thresholds and weights; the defaults where it is left out.
    background : Background, optional
        What is known beside the tables, as :meth:`toolkit.workspace.Workspace.background` returns
        it: value chains, territories to compare with, travel times, estimates.  Estimates open gaps
        and partnerships of their own and change no figure of the others; ``include_estimated`` of
        the settings leaves them out.
    wishes : Wishes, optional
        Who must and who may not take part in candidates, and which types are looked for.

    Returns
    -------
    Diagnosis
        The same, bit for bit, for the same rows in any order.

    Examples
    --------
    >>> diagnosis = diagnose(territory)  # doctest: +SKIP
    >>> diagnosis.gaps.head()  # doctest: +SKIP
    """
    settings = settings or Settings()
    used = territory if settings.include_estimated else _without_estimates(territory)
    findings = gap_engine.find_gaps(used, settings=settings, background=background)
    whole, estimates = territory, background.estimates
    if settings.include_estimated and any(map(len, estimates.values())):
        ids = {
            str(name)
            for table, key in ((v.RESOURCES, "resource_id"), (v.NEEDS, "need_id"))
            for name in estimates[table][key]
        }
        used = whole = _with_rows(territory, estimates)
        findings = gap_engine.with_estimates(findings, whole, ids=ids, settings=settings)
    proposals = partnership_engine.propose(used, findings, settings=settings, wishes=wishes)
    return Diagnosis(
        territory=whole,
        settings=settings,
        findings=findings,
        proposals=proposals,
        given=background.given(),
    )


def compare(before: Diagnosis, after: Diagnosis) -> pd.DataFrame:
    """Return what became of the gaps between two diagnoses.

    Parameters
    ----------
    before, after : Diagnosis
        Of one territory at two dates, or of two territories.

    Returns
    -------
    DataFrame
        Columns ``COMPARISON_COLUMNS`` of :mod:`toolkit.gaps.comparison`, one row a gap: opened,
        grown, shrunk, closed or same.  Of one territory (the same communes), by the shortfall in
        its unit; of two, by severity, which is a share.

    Examples
    --------
    >>> compare(last_year, this_year)["change"].value_counts()  # doctest: +SKIP
    """
    one = set(before.territory.communes["commune_id"]) == set(
        after.territory.communes["commune_id"]
    )
    return gap_engine.compare_gaps(
        before.gaps,
        after.gaps,
        evidence=(before.evidence, after.evidence),
        by="shortfall" if one else "severity",
    )


def undiagnosed(territory: Territory, *, settings: Settings | None = None) -> Diagnosis:
    """Return a diagnosis in which nothing was looked for: the territory alone, to be shown."""
    return Diagnosis(
        territory=territory,
        settings=settings or Settings(),
        findings=gap_engine.no_findings(),
        proposals=partnership_engine.no_proposals(),
    )


def _with_rows(territory: Territory, rows: Mapping[str, pd.DataFrame]) -> Territory:
    """Return the territory with rows added to its tables."""
    return territory.replace(
        **{
            name: pd.concat([territory.table(name), added], ignore_index=True)
            for name, added in rows.items()
        }
    )


def _without_estimates(territory: Territory) -> Territory:
    """Return the territory without the resources, needs and flows that are only estimated."""
    kept = {
        name: territory.table(name).loc[lambda frame: frame["basis"] != "estimated"]
        for name in (v.RESOURCES, v.NEEDS, v.FLOWS)
    }
    return territory.replace(**kept)
