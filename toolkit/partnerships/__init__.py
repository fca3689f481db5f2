"""Candidate partnerships that answer the gaps of a territory, with the reason for every member."""

from __future__ import annotations

from toolkit.partnerships.answers import explain, why_not
from toolkit.partnerships.explanation import Explanation, WhyNot
from toolkit.partnerships.proposals import Proposals, no_proposals, propose

__all__ = ["Explanation", "Proposals", "WhyNot", "explain", "no_proposals", "propose", "why_not"]
