"""Candidates, why there are none, and what is due, as lines of text."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from toolkit import vocabulary as v
from toolkit.language import enum_label, has_text, listing, number, percent, text
from toolkit.partnerships.follow_up import follow_up
from toolkit.partnerships.wishes import ALL
from toolkit.views.frames import deduced_rows
from toolkit.views.words import (
    candidate_title,
    day_text,
    distance_text,
    gap_title,
    place_names,
    reason_text,
)

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd

    from toolkit.diagnosis import Diagnosis
    from toolkit.partnerships import Empty

Row = Mapping[Any, Any]
SHOWN: Final = 8
"""Openings without candidate that are told; the others are counted."""


def partner_lines(diagnosis: Diagnosis, *, lang: str) -> Iterator[str]:
    """Yield the chosen candidates: what each answers, who is in it and as what, and where to meet.

    Parameters
    ----------
    diagnosis : Diagnosis
        With its candidates.
    lang : str
        ``fr`` or ``en``.
    """
    names = place_names(diagnosis.territory)
    openings = diagnosis.proposals.openings
    kinds = dict(zip(openings["opening_id"], openings["kind"], strict=True))
    roles = {
        name: rows.to_dict("records")
        for name, rows in diagnosis.proposals.roles.groupby("candidate_id", sort=False)
    }
    deduced = deduced_rows(diagnosis.territory)
    robust = diagnosis.robustness.candidates.set_index("candidate_id")["standing"]
    for cells in diagnosis.portfolio.to_dict("records"):
        row = {str(key): cell for key, cell in cells.items()}
        name = str(row["candidate_id"])
        yield text(
            "partners.candidate",
            lang=lang,
            rank=row["rank"],
            title=candidate_title(
                row, opening_kind=str(kinds.get(row["opening_id"], "")), lang=lang
            ),
            type=enum_label("partnership_type", row["type"], lang=lang),
            score=percent(row["score"], lang=lang),
            standing=enum_label("standing", robust[name], lang=lang),
        )
        for member in roles.get(name, ()):
            yield f"    - {_member(member, names, deduced=deduced, lang=lang)}"
        yield "    " + text(
            "partners.meeting",
            lang=lang,
            place=names.get(str(row["meeting_place_id"]), ""),
            trip=distance_text(row["longest_trip_km"], lang=lang),
            certificate=text(f"partners.{row['certificate']}", lang=lang),
        )


def _member(
    row: Row, names: Mapping[str, str], *, deduced: frozenset[tuple[str, str]], lang: str
) -> str:
    """Return a member with its role and the reason, which says whether it is only estimated."""
    reason = reason_text(row, deduced=deduced, lang=lang)
    if row["basis"] == "estimated":
        reason = f"{reason} ({enum_label('basis', row['basis'], lang=lang)})"
    return text(
        "partners.member",
        lang=lang,
        name=names.get(str(row["actor_id"]), str(row["actor_id"])),
        role=enum_label("member_role", row["role"], lang=lang),
        reason=reason,
    )


# --- why there is none ------------------------------------------------------------------------
def empty_lines(diagnosis: Diagnosis, *, lang: str) -> Iterator[str]:
    """Yield which rules leave openings without candidate, and what would have to give.

    Parameters
    ----------
    diagnosis : Diagnosis
        With its candidates.
    lang : str
        ``fr`` or ``en``.
    """
    names = place_names(diagnosis.territory)
    gaps = {str(row["gap_id"]): row for row in diagnosis.gaps.to_dict("records")}
    found = diagnosis.proposals.empty
    for empty in found[:SHOWN]:
        yield f"- {empty_text(empty, gaps=gaps, names=names, lang=lang)}"
    if len(found) > SHOWN:
        yield text("partners.more_empty", lang=lang, count=len(found) - SHOWN)


def empty_text(
    empty: Empty, *, gaps: Mapping[str, Row], names: Mapping[str, str], lang: str
) -> str:
    """Return why an opening has no candidate, and what would have to give, in words.

    Parameters
    ----------
    empty : Empty
        What the engine answers.
    gaps : Mapping of str to row
        Gaps by id, to name the opening.
    names : Mapping of str to str
        Names of actors by id.
    lang : str
        ``fr`` or ``en``.
    """
    key = f"partnership.empty.{empty.rule}"
    if empty.families and has_text(f"{key}_lacking", lang=lang):
        key = f"{key}_lacking"
    families = [enum_label("family", code, lang=lang).lower() for code in empty.families]
    said = text(
        key,
        lang=lang,
        role=enum_label("member_role", empty.role, lang=lang) if empty.role else "",
        actors=listing([names.get(code, code) for code in empty.actor_ids], lang=lang),
        families=listing(families, lang=lang),
    )
    if empty.opening_id != ALL:
        title = _opening(empty.opening_id, gaps, lang=lang)
        said = text("partners.opening", lang=lang, opening=title, said=said)
    ways = [_way(what, empty.value, lang=lang) for what in empty.gives]
    if not ways:
        return said
    return f"{said} {text('partners.gives', lang=lang, ways=listing(ways, lang=lang))}"


def _way(what: str, value: float, *, lang: str) -> str:
    """Return one thing that would have to give, with its least value where that is known."""
    key = f"partnership.gives.{what}"
    if math.isfinite(value) and has_text(f"{key}_to", lang=lang):
        return text(f"{key}_to", lang=lang, value=number(value, lang=lang))
    return text(key, lang=lang) if has_text(key, lang=lang) else what


def _opening(opening_id: str, gaps: Mapping[str, Row], *, lang: str) -> str:
    """Return what an opening is about: the title of its gap, else its kind and subject."""
    kind = opening_id.partition(":")[0]
    label = enum_label("gap", kind, lang=lang)
    row = gaps.get(opening_id)
    if row is not None:
        return text("partners.of_gap", lang=lang, kind=label, title=gap_title(row, lang=lang))
    about = {"category": opening_id.partition(":")[2], "opening_id": opening_id}
    return candidate_title(about, opening_kind=kind, lang=lang)


# --- what is due ------------------------------------------------------------------------------
def due_lines(decisions: pd.DataFrame, *, today: dt.date, lang: str) -> Iterator[str]:
    """Yield the next steps of the cooperations that people decided on, overdue ones first.

    Parameters
    ----------
    decisions : DataFrame
        The table ``decisions``.
    today : date
        The day.
    lang : str
        ``fr`` or ``en``.
    """
    steps = follow_up(decisions, today=today.isoformat())
    for row in steps[steps["state"].isin(["overdue", "due"])].to_dict("records"):
        yield text(
            f"partners.step_{row['state']}",
            lang=lang,
            title=row["title"] or row["candidate_id"],
            stage=enum_label("stage", row["stage"], lang=lang) if row["stage"] else "–",
            step=row["next_step"] or "–",
            due=day_text(row["due_date"], lang=lang),
            who=row["who"],
        )


def actor_count(diagnosis: Diagnosis) -> int:
    """Return how many actors the chosen candidates call in all."""
    cells = diagnosis.portfolio["member_ids"]
    return len({name for cell in cells for name in v.split_list(cell)})
