"""Pieces of the report for notebooks: the card of a candidate, the evidence of a gap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from toolkit.errors import Problem, UsageError
from toolkit.language import text
from toolkit.report.facts import facts_of
from toolkit.report.html import fragment
from toolkit.views.shown import worded

if TYPE_CHECKING:
    from toolkit.diagnosis import Diagnosis


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of a page that a notebook shows."""

    html: str

    def _repr_html_(self) -> str:
        """Return what the notebook shows."""
        return self.html


def card_of(diagnosis: Diagnosis, candidate_id: str, *, lang: str) -> Fragment:
    """Return the card of a candidate as the report shows it.

    Raises
    ------
    UsageError
        If there is no such candidate.
    """
    facts = facts_of(diagnosis, lang=lang)
    for candidate in facts["candidates"]:
        if candidate["id"] == candidate_id:
            return Fragment(fragment("card", candidate, facts=facts, lang=lang))
    raise UsageError(Problem("unknown_candidate", found=candidate_id))


def evidence_of(diagnosis: Diagnosis, gap_id: str, *, lang: str) -> pd.DataFrame:
    """Return the facts that a gap rests on, in words, a row a fact.

    Raises
    ------
    UsageError
        If there is no such gap.
    """
    for gap in facts_of(diagnosis, lang=lang)["gaps"]:
        if gap["id"] == gap_id:
            columns = ("role", "what", "who", "quantity", "basis", "source")
            rows = [[fact[name] for name in columns] for fact in gap["evidence"]]
            heads = [text(f"evidence_column.{name}", lang=lang) for name in columns]
            return worded(pd.DataFrame(rows, columns=heads), lang=lang)
    raise UsageError(Problem("unknown_gap", found=gap_id))
