"""The frames of a diagnosis as a person reads them: words in place of codes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from toolkit import vocabulary as v
from toolkit.language import enum_label, listing, percent, text
from toolkit.partnerships.follow_up import follow_up
from toolkit.views.shown import worded
from toolkit.views.words import (
    COUNTED,
    candidate_title,
    day_text,
    distance_text,
    gap_title,
    place_names,
    quantity_text,
)

if TYPE_CHECKING:
    import datetime as dt

    from toolkit.diagnosis import Diagnosis

Row = Mapping[Any, Any]


def gap_table(diagnosis: Diagnosis, *, lang: str) -> pd.DataFrame:
    """Return the gaps in words, in their order.

    Returns
    -------
    DataFrame
        Columns in the language: number (as in the report), kind, what, shortfall with its unit,
        severity and confidence in per cent, weakest basis.  Index: id of the gap.
    """
    cells: dict[str, Callable[[Row], object]] = {
        "kind": lambda row: enum_label("gap", row["kind"], lang=lang),
        "what": lambda row: gap_title(row, lang=lang),
        "shortfall": lambda row: quantity_text(
            row["shortfall"], row["unit"], lang=lang, bare=COUNTED.get(str(row["kind"]), "")
        ),
        "severity": lambda row: percent(row["severity"], lang=lang),
        "confidence": lambda row: percent(row["confidence"], lang=lang),
        "basis": lambda row: enum_label("basis", row["basis"], lang=lang),
    }
    made = _worded(diagnosis.gaps, key="gap_id", cells=cells, lang=lang)
    made.insert(0, text("table_column.number", lang=lang), range(1, len(made) + 1))
    return made


def gap_kind_table(diagnosis: Diagnosis, *, lang: str) -> pd.DataFrame:
    """Return how many gaps of each kind were found, and what the kind is."""
    counts = diagnosis.gaps["kind"].value_counts()
    kinds = [kind for kind in v.GAP_KINDS if counts.get(kind, 0)]
    columns = {
        "kind": [enum_label("gap", kind, lang=lang) for kind in kinds],
        "count": [int(counts[kind]) for kind in kinds],
        "meaning": [text(f"report.gap_kind.{kind}", lang=lang) for kind in kinds],
    }
    made = {text(f"table_column.{name}", lang=lang): cells for name, cells in columns.items()}
    return worded(pd.DataFrame(made), lang=lang)


def partnership_table(diagnosis: Diagnosis, *, lang: str) -> pd.DataFrame:
    """Return the candidates in words, in their order.

    Returns
    -------
    DataFrame
        Columns in the language: rank, what, type, members, score, farthest trip, whether it is in
        the portfolio.  Index: id of the candidate.
    """
    names = place_names(diagnosis.territory)
    openings = diagnosis.proposals.openings
    kinds = dict(zip(openings["opening_id"], openings["kind"], strict=True))
    yes, no = (text(f"table_cell.{word}", lang=lang) for word in ("yes", "no"))
    cells: dict[str, Callable[[Row], object]] = {
        "rank": lambda row: int(row["rank"]),
        "what": lambda row: candidate_title(
            row, opening_kind=str(kinds.get(row["opening_id"], "")), lang=lang
        ),
        "type": lambda row: enum_label("partnership_type", row["type"], lang=lang),
        "members": lambda row: listing(
            [names.get(actor, actor) for actor in v.split_list(row["member_ids"])], lang=lang
        ),
        "score": lambda row: percent(row["score"], lang=lang),
        "longest_trip": lambda row: distance_text(row["longest_trip_km"], lang=lang),
        "selected": lambda row: yes if row["selected"] else no,
    }
    return _worded(diagnosis.partnerships, key="candidate_id", cells=cells, lang=lang)


def panel_table(diagnosis: Diagnosis, *, lang: str) -> pd.DataFrame:
    """Return the territories that this one is compared with, itself first, then the nearest.

    Returns
    -------
    DataFrame
        Columns in the language: name, kind, population, inhabitants a km2, median income.  Index:
        id of the territory.
    """
    panel = diagnosis.findings.detail("panel")
    chosen = panel["chosen"].astype("bool") | (panel.index == 0)
    return _worded(
        panel[chosen],
        key="territory_id",
        cells={
            "name": lambda row: row["name"],
            "territory_kind": lambda row: row["kind"],
            "population": lambda row: row["population"],
            "density": lambda row: row["density_per_km2"],
            "income": lambda row: row["median_income_eur"],
        },
        lang=lang,
    )


def follow_up_table(decisions: pd.DataFrame, *, today: dt.date, lang: str) -> pd.DataFrame:
    """Return where each decided cooperation stands: overdue steps first.

    Returns
    -------
    DataFrame
        Columns in the language: state, title, stage, next step, date, who.  Index: id of the
        candidate.
    """
    return _worded(
        follow_up(decisions, today=today.isoformat()),
        key="candidate_id",
        cells={
            "state": lambda row: enum_label("step_state", row["state"], lang=lang),
            "what": lambda row: row["title"] or row["candidate_id"],
            "stage": lambda row: (
                enum_label("stage", row["stage"], lang=lang) if row["stage"] else ""
            ),
            "next_step": lambda row: row["next_step"],
            "due_date": lambda row: day_text(row["due_date"], lang=lang),
            "who": lambda row: row["who"],
        },
        lang=lang,
    )


def _worded(
    frame: pd.DataFrame, *, key: str, cells: Mapping[str, Callable[[Row], object]], lang: str
) -> pd.DataFrame:
    """Return one row a row of the frame, each cell made by its function, headers in words."""
    rows = frame.to_dict(orient="records")
    columns = {
        text(f"table_column.{name}", lang=lang): [cell(row) for row in rows]
        for name, cell in cells.items()
    }
    made = pd.DataFrame(columns, index=pd.Index(frame[key].tolist(), name=key))
    return worded(made, lang=lang)
