"""Where each decided cooperation stands: its stage, its next step, and what is overdue."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

FOLLOW_UP_COLUMNS: Final = (
    "candidate_id",
    "title",
    "state",
    "stage",
    "next_step",
    "due_date",
    "who",
    "decided_at",
)
STATES: Final = ("overdue", "due", "open", "closed")
"""Whether a next step is past its date, has one to come, has none, or nothing is left to do."""
COMMENT: Final = "commented"
_SET_ASIDE: Final = "set_aside"
_ENDED: Final = "ended"
_KEPT: Final = ("decision", "title", "stage", "next_step", "due_date", "who", "decided_at")


def follow_up(decisions: pd.DataFrame, *, today: str) -> pd.DataFrame:
    """Return where each candidate stands that people decided on.

    Parameters
    ----------
    decisions : DataFrame
        The table ``decisions``: append-only, one row a decision or comment.
    today : str
        The day (ISO 8601), so that the answer does not hang on a clock.

    Returns
    -------
    DataFrame
        Columns ``FOLLOW_UP_COLUMNS``, one row a candidate; ``state`` is one of ``STATES``.  Overdue
        steps come first, the oldest at the top, then those to come, then the rest, the last decided
        first.

    Notes
    -----
    The last decision that is no mere comment says whether the candidate is taken up or set aside,
    and which step is next.  A comment may bring a next step or a stage too; what it does not say
    stays.  A step is due until the end of its day.

    Examples
    --------
    >>> from toolkit.schema.contracts import empty
    >>> follow_up(empty("decisions"), today="2026-11-25").empty
    True
    """
    keys = ["decided_at", "decision_id"]
    ordered = decisions.sort_values(keys, kind="stable").to_dict("records")
    held: dict[str, dict[str, str]] = {}
    for row in ordered:
        before = held.get(str(row["candidate_id"]), dict.fromkeys(_KEPT, ""))
        held[str(row["candidate_id"])] = before | _told(row)
    rows = [
        {"candidate_id": name, **told, "state": _state(told, today=today)}
        for name, told in held.items()
    ]
    rows.sort(key=lambda row: row["candidate_id"])
    rows.sort(key=lambda row: row["decided_at"], reverse=True)
    rows.sort(key=lambda row: (STATES.index(row["state"]), row["due_date"]))
    return pd.DataFrame(
        {name: pd.Series([row[name] for row in rows], dtype="str") for name in FOLLOW_UP_COLUMNS}
    )


def _told(row: dict[Any, Any]) -> dict[str, str]:
    """Return what a row changes: what it says; a decision also ends the step before it."""
    said = {name: str(row[name]) for name in _KEPT if isinstance(row[name], str) and row[name]}
    if row["decision"] != COMMENT:
        return {"next_step": "", "due_date": "", **said}
    if "next_step" in said:
        said = {"due_date": "", **said}
    return {name: cell for name, cell in said.items() if name != "decision"}


def _state(told: dict[str, str], *, today: str) -> str:
    if told["decision"] == _SET_ASIDE or told["stage"] == _ENDED:
        return "closed"
    if not told["due_date"]:
        return "open"
    return "overdue" if told["due_date"] < today else "due"
