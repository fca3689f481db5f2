"""From a diagnosis to plain facts in words: the only place where a report's sentences are made.

The page, the Word document and the JSON file are poured from the same dict; nothing after this
module looks at a frame.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from toolkit import vocabulary as v
from toolkit.language import date, enum_label, number, percent, table_label, text
from toolkit.privacy import PublicDiagnosis, public_diagnosis
from toolkit.report.access_facts import coverage_facts
from toolkit.report.candidate_facts import candidate_facts, facts_to_verify
from toolkit.report.flow_facts import flow_facts
from toolkit.report.gap_facts import gap_facts
from toolkit.report.method_facts import method_facts
from toolkit.report.missing_facts import panel_note
from toolkit.report.summary_facts import SURE, summary_of
from toolkit.views.frames import entered
from toolkit.views.layers import family_counts, far_services, is_aggregated, layer_sizes
from toolkit.views.palette import FAMILY_COLOURS
from toolkit.views.words import (
    as_number,
    category_label,
    hidden_last,
    name_list,
    place_names,
    quantity_text,
)

if TYPE_CHECKING:
    from toolkit.diagnosis import Diagnosis
    from toolkit.territory import Territory

Facts = dict[str, Any]


def facts_of(
    diagnosis: Diagnosis, *, lang: str | None = None, made_on: dt.date | None = None
) -> Facts:
    """Return everything a report says, as plain values that JSON can hold.

    Parameters
    ----------
    diagnosis : Diagnosis
        What was found; what may not be published is hidden here.
    lang : str, optional
        ``fr`` or ``en``; the language of the settings by default.
    made_on : date, optional
        Day of the report; by default the last day on which a source was retrieved, or none, so that
        the same diagnosis gives the same report.

    Returns
    -------
    dict
        ``lang, territory, made_on, summary, figures, families, flows, gap_kinds, types, gaps,
        coverage, candidates, to_verify, cooperations, practices, communes, drawn, confidential,
        decisions, sources, methods, limits``.
    """
    lang = lang or diagnosis.settings.language
    return public_facts(public_diagnosis(diagnosis, lang=lang), lang=lang, made_on=made_on)


def public_facts(public: PublicDiagnosis, *, lang: str, made_on: dt.date | None = None) -> Facts:
    """Return the facts of a diagnosis that is already fit for publication."""
    diagnosis = public.diagnosis
    territory = diagnosis.territory
    gaps = gap_facts(diagnosis, lang=lang)
    candidates = candidate_facts(public, gaps=gaps, lang=lang)
    day = made_on or _last_retrieved(territory)
    return {
        "lang": lang,
        "territory": {
            "name": territory.name,
            "fictional": territory.fictional,
            "communes": len(territory.table(v.COMMUNES)),
            "actors": len(territory.table(v.ACTORS)),
            "population": round(territory.population),
        },
        "made_on": day.isoformat() if day else "",
        "made_on_text": date(day, lang=lang) if day else "",
        "summary": summary_of(diagnosis, gaps=gaps, candidates=candidates, lang=lang),
        "figures": _figures(diagnosis, lang=lang),
        "families": _families(territory, lang=lang),
        "flows": flow_facts(territory, lang=lang),
        "gap_kinds": _gap_kinds(diagnosis, gaps=gaps, lang=lang),
        "types": _counts(
            diagnosis.partnerships["type"], _types(diagnosis), name="partnership_type", lang=lang
        ),
        "gaps": gaps,
        "coverage": coverage_facts(diagnosis, lang=lang),
        "candidates": candidates,
        "to_verify": facts_to_verify(public, lang=lang),
        "cooperations": _cooperations(territory, lang=lang),
        "practices": _practices(territory),
        "communes": _communes(diagnosis, lang=lang),
        "aggregated": is_aggregated(territory),
        "drawn": layer_sizes(diagnosis),
        "confidential": _confidential(public, lang=lang),
        "decisions": _decisions(territory, candidates, lang=lang),
        "sources": _sources(territory, lang=lang),
        **method_facts(public, lang=lang),
    }


def _types(diagnosis: Diagnosis) -> tuple[str, ...]:
    """Return the types of partnership, the known ones first, then own ones that were found."""
    own = sorted(set(diagnosis.partnerships["type"]) - {*v.PARTNERSHIP_TYPES, v.ANY_TYPE})
    return (*v.PARTNERSHIP_TYPES, v.ANY_TYPE, *own)


def write_facts_json(
    diagnosis: Diagnosis,
    path: Path | str,
    *,
    lang: str | None = None,
    made_on: dt.date | None = None,
) -> Path:
    """Write the facts of a report as JSON, for whoever makes their own page of them.

    Returns
    -------
    Path
        The file written.
    """
    target = Path(path)
    facts = facts_of(diagnosis, lang=lang, made_on=made_on)
    written = json.dumps(facts, ensure_ascii=False, indent=2, allow_nan=False)
    target.write_text(written + "\n", encoding="utf-8")
    return target


def _last_retrieved(territory: Territory) -> dt.date | None:
    """Return the last day on which a source was retrieved."""
    days = [str(cell)[:10] for cell in territory.table(v.SOURCES)["retrieved_at"].dropna()]
    valid = []
    for day in days:
        try:
            valid.append(dt.date.fromisoformat(day))
        except ValueError:
            continue
    return max(valid, default=None)


# --- figures -----------------------------------------------------------------------------------
def _figures(diagnosis: Diagnosis, *, lang: str) -> list[Facts]:
    """Return the key figures, each with its label."""
    territory = diagnosis.territory
    sizes = {
        "population": round(territory.population),
        **{
            name: len(entered(territory, name))
            for name in (v.COMMUNES, v.ACTORS, v.RESOURCES, v.NEEDS, v.FLOWS, v.COOPERATIONS)
        },
        "gaps": len(diagnosis.gaps),
        "partnerships": len(diagnosis.partnerships),
    }
    return [
        {
            "key": key,
            "label": text(f"report.figure.{key}", lang=lang, count=size),
            "value": size,
            "text": number(size, lang=lang),
        }
        for key, size in sizes.items()
    ]


def _families(territory: Territory, *, lang: str) -> list[Facts]:
    counts = family_counts(territory)
    total = int(counts.sum()) or 1
    return [
        {
            "code": family,
            "label": enum_label("family", family, lang=lang),
            "count": int(counts[family]),
            "text": text(
                "report.count_share",
                lang=lang,
                count=int(counts[family]),
                share=percent(counts[family] / total, lang=lang),
            ),
            "colour": FAMILY_COLOURS[family],
        }
        for family in v.FAMILIES
    ]


def _counts(cells: pd.Series, codes: tuple[str, ...], *, name: str, lang: str) -> list[Facts]:
    """Return how often each code of a list occurs; only those that do."""
    counts = cells.value_counts()
    return [
        {
            "code": code,
            "label": enum_label(name, code, lang=lang),
            "count": int(counts[code]),
            "text": number(int(counts[code]), lang=lang),
        }
        for code in codes
        if counts.get(code, 0)
    ]


def _gap_kinds(diagnosis: Diagnosis, *, gaps: list[Facts], lang: str) -> list[Facts]:
    """Return the kinds of gaps that were found: how many, how many are sure, what they are."""
    counted = _counts(diagnosis.gaps["kind"], v.GAP_KINDS, name="gap", lang=lang)
    notes = {v.MISSING_ACTIVITY: panel_note(diagnosis, lang=lang)}
    for kind in counted:
        own = [gap for gap in gaps if gap["kind"] == kind["code"]]
        sure = sum(gap["confidence"] >= SURE for gap in own)
        kind["what"] = text(f"report.gap_kind.{kind['code']}", lang=lang)
        kind["note"] = notes.get(kind["code"], "")
        kind["sure"] = number(sure, lang=lang)
        kind["places"] = [gap["place"] for gap in own]
    return counted


# --- lists ------------------------------------------------------------------------------------
def _cooperations(territory: Territory, *, lang: str) -> list[Facts]:
    names = place_names(territory)
    members = territory.table(v.MEMBERS)
    groups = {
        key: rows["actor_id"].tolist() for key, rows in members.groupby("cooperation_id", sort=True)
    }
    return [
        {
            "name": row["name"],
            "stage": enum_label("stage", row["stage"], lang=lang),
            "since": _year(row["since"]),
            "objectives": [
                enum_label("objective", code, lang=lang) for code in v.split_list(row["objectives"])
            ],
            "members": name_list(
                hidden_last(
                    (names.get(actor, actor) for actor in groups.get(row["cooperation_id"], ())),
                    lang=lang,
                )
            ),
            "basis": enum_label("basis", row["basis"], lang=lang),
        }
        for row in territory.table(v.COOPERATIONS).to_dict(orient="records")
    ]


def _practices(territory: Territory) -> list[Facts]:
    """Return the good practices, in the order of their ids: candidates point to their places."""
    return [
        {name: _text(row[name]) for name in ("title", "place", "what", "conditions", "link")}
        for row in territory.table(v.PRACTICES).to_dict(orient="records")
    ]


def _year(cell: object) -> str:
    year = as_number(cell) if cell is not pd.NA else None
    return str(int(year)) if year is not None else ""


def _communes(diagnosis: Diagnosis, *, lang: str) -> list[Facts]:
    """Return the communes with what the map shows of them."""
    territory = diagnosis.territory
    actors = territory.table(v.ACTORS)
    counts = actors.groupby(["commune_id", "family"]).size()
    far = far_services(diagnosis, lang=lang)
    made = []
    for row in territory.table(v.COMMUNES).to_dict(orient="records"):
        people = as_number(row["population"])
        made.append(
            {
                "name": row["name"],
                "code": row["commune_id"],
                "population": number(round(people), lang=lang) if people is not None else "–",
                "families": [
                    number(int(counts.get((row["commune_id"], family), 0)), lang=lang)
                    for family in v.FAMILIES
                ],
                "far": far.get(row["commune_id"], []),
            }
        )
    return made


def _confidential(public: PublicDiagnosis, *, lang: str) -> Facts:
    """Return what may be said of the confidential rows."""
    totals = public.view.aggregates
    hidden = len(public.view.secret)
    return {
        "rows": hidden,
        "actors": len(public.view.hidden),
        "threshold": public.diagnosis.settings.secrecy_threshold,
        "totals": [
            {
                "table": table_label(row["table"], lang=lang),
                "category": category_label(row["category"], lang=lang),
                "quantity": quantity_text(row["quantity"], row["unit"], lang=lang),
                "contributors": number(int(row["contributors"]), lang=lang),
            }
            for row in totals.to_dict(orient="records")
        ],
    }


def _decisions(territory: Territory, candidates: list[Facts], *, lang: str) -> list[Facts]:
    titles = {candidate["id"]: candidate["title"] for candidate in candidates}
    return [
        {
            "title": _text(row["title"])
            or titles.get(str(row["candidate_id"]), str(row["candidate_id"])),
            "decision": enum_label("decision", row["decision"], lang=lang),
            "stage": enum_label("stage", row["stage"], lang=lang) if _text(row["stage"]) else "",
            "reason": _text(row["reason"]),
            "next_step": _text(row["next_step"]),
            "due_date": _day(row["due_date"], lang=lang),
            "decided_at": _day(row["decided_at"], lang=lang),
        }
        for row in territory.table(v.DECISIONS).to_dict(orient="records")
    ]


def _text(cell: object) -> str:
    return cell if isinstance(cell, str) else ""


def _day(cell: object, *, lang: str) -> str:
    """Return an ISO day in words; what it is, where it is none."""
    try:
        return date(dt.date.fromisoformat(_text(cell)[:10]), lang=lang)
    except ValueError:
        return _text(cell)


def _sources(territory: Territory, *, lang: str) -> list[Facts]:
    return [_source(row, lang=lang) for row in territory.table(v.SOURCES).to_dict(orient="records")]


def _source(row: Mapping[Any, Any], *, lang: str) -> Facts:
    rows = as_number(row["rows"]) if row["rows"] is not pd.NA else None
    return {
        "id": str(row["source_id"]),
        "title": _text(row["title"]),
        "producer": _text(row["producer"]),
        "licence": _text(row["licence"]),
        "data_year": _year(row["data_year"]),
        "cog_year": _year(row["cog_year"]),
        "retrieved": _day(row["retrieved_at"], lang=lang),
        "rows": number(int(rows), lang=lang) if rows is not None else "",
    }
