"""Candidate partnerships that answer the gaps of a territory, with the reason for every member."""

from __future__ import annotations

from toolkit.partnerships.answers import explain, why_not
from toolkit.partnerships.explanation import Explanation, WhyNot
from toolkit.partnerships.proposals import Proposals, no_proposals, propose
from toolkit.partnerships.reranking import rerank
from toolkit.partnerships.robustness import Robustness
from toolkit.partnerships.wishes import Empty, Wishes

__all__ = [
    "Empty",
    "Explanation",
    "Proposals",
    "Robustness",
    "WhyNot",
    "Wishes",
    "explain",
    "no_proposals",
    "propose",
    "rerank",
    "why_not",
]
