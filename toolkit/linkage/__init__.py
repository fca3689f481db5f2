"""The same actor in several sources: pairs, questions, answers, and one row an actor.

Identifiers decide where there are some; else name and place, with a probability and three zones:
``same``, ``ask``, ``different``.  Pure functions over frames: no file, network or clock.
"""

from __future__ import annotations

from toolkit.linkage.merging import merge_records
from toolkit.linkage.pairs import find_duplicates, find_pairs
from toolkit.linkage.review import apply_answers, review_table

__all__ = ["apply_answers", "find_duplicates", "find_pairs", "merge_records", "review_table"]
