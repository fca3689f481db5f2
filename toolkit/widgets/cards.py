"""How two records that may be one actor are shown: as HTML, every cell of a source as text."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from html import escape
from typing import Any, Final

import pandas as pd

from toolkit import vocabulary as v
from toolkit.language import column_label, date, number, percent, text
from toolkit.schema import CONTRACTS
from toolkit.territory import Territory
from toolkit.views.frames import in_words, names_of
from toolkit.views.words import distance_text
from toolkit.workspace.joining import ONE, OTHER

Facts = Mapping[str, Mapping[str, str]]
"""By actor, what a person reads of each of :data:`FACTS` that is known."""
FACTS: Final = (
    "family",
    "ess_form",
    "siret",
    "activity",
    "other_activities",
    "sectors",
    "roles",
    "description",
)
"""Columns of actors that help to tell two of them apart."""
_OF_LINKS: Final = ("name", "place", "sources")
_KILOMETRE_M: Final = 1_000.0
STYLE: Final = """<style>
.maillage-pair { max-width: 62rem; line-height: 1.45; }
.maillage-pair p { margin: .3em 0; }
.maillage-pair table { border-collapse: collapse; width: 100%; table-layout: fixed; margin: .3em 0 .6em; }
.maillage-pair th, .maillage-pair td { text-align: left; vertical-align: top; padding: .35em .7em; border: 1px solid #8886; overflow-wrap: break-word; }
.maillage-pair th { font-weight: 600; background: #8881; }
.maillage-pair col.head { width: 10rem; }
.maillage-pair .number { font-size: 1.1em; font-weight: 600; }
.maillage-pair .soft { opacity: .8; }
.maillage-pair .told { padding: .4em .8em; border-left: 4px solid #14545f; background: #8881; }
.maillage-pair .told.wrong { border-left-color: #9b1c31; }
.maillage-pair .told.wrong::before { content: "⚠ "; }
</style>"""  # noqa: E501 - rules of a style read best on one line


def facts_of_actors(territory: Territory, ids: set[str], *, lang: str) -> Facts:
    """Return what is known of some actors, in words.

    Parameters
    ----------
    territory : Territory
        An actor that it does not hold has no facts.
    ids : set of str
        Ids of actors.
    lang : str
        ``fr`` or ``en``.
    """
    actors = territory.actors
    chosen = actors[actors["actor_id"].isin(ids)]
    names = names_of(territory, lang=lang)
    words = {
        name: in_words(chosen[name], CONTRACTS[v.ACTORS].column(name), names=names, lang=lang)
        for name in FACTS
    }
    return {
        str(actor): {name: str(cells.loc[row]) for name, cells in words.items() if cells.loc[row]}
        for row, actor in chosen["actor_id"].items()
    }


def pair_card(row: Mapping[Any, Any], facts: Facts, *, lang: str) -> str:
    """Return two records side by side, and what speaks for and against their being one.

    Parameters
    ----------
    row : Mapping
        A row of :func:`toolkit.workspace.questions.in_words`.
    facts : Mapping
        What :func:`facts_of_actors` gives.
    lang : str
        ``fr`` or ``en``.
    """
    lines = [
        (text(f"questions.fact.{name}", lang=lang), row[f"one_{name}"], row[f"other_{name}"])
        for name in _OF_LINKS
    ]
    one, other = facts.get(row[ONE], {}), facts.get(row[OTHER], {})
    lines += [
        (column_label(v.ACTORS, name, lang=lang), one.get(name), other.get(name))
        for name in FACTS
        if name in one or name in other
    ]
    heads = "".join(
        f'<th scope="col">{escape(text(f"questions.head.{end}", lang=lang))}</th>'
        for end in ("one", "other")
    )
    body = "".join(
        f'<tr><th scope="row">{escape(head)}</th><td>{_said(left)}</td><td>{_said(right)}</td></tr>'
        for head, left, right in lines
    )
    compared = "".join(
        f"<p><b>{escape(head)}{_colon(lang)}</b>{escape(said)}</p>"
        for head, said in _compared(row, lang=lang)
    )
    return (
        f'<div class="maillage-pair"><table><colgroup><col class="head"><col><col></colgroup>'
        f"<thead><tr><td></td>{heads}</tr></thead><tbody>{body}</tbody></table>{compared}</div>"
    )


def link_line(row: Mapping[Any, Any], *, lang: str) -> str:
    """Return one link that was made or refused: who, where, why, and who said so.

    Parameters
    ----------
    row : Mapping
        As for :func:`pair_card`, with ``answered_by`` and ``answered_at``.
    lang : str
        ``fr`` or ``en``.
    """
    ends = "<br>".join(
        f"<b>{_said(row[f'{end}_name'])}</b> – {_said(row[f'{end}_place'])} "
        f'<span class="soft">({_said(row[f"{end}_sources"])})</span>'
        for end in ("one", "other")
    )
    share = row["probability"]
    known = "" if pd.isna(share) else percent(float(share), lang=lang)
    sure = text("questions.sure", lang=lang, share=known) if known else ""
    parts = [part for part in (_by_whom(row, lang=lang), row["why"], sure) if part]
    return (
        f'<div class="maillage-pair"><p>{ends}</p>'
        f'<p class="soft">{escape(" – ".join(parts))}</p></div>'
    )


def told(sentences: list[str], *, wrong: bool = False) -> str:
    """Return what is said after a click, as a screen reader announces it."""
    if not sentences:
        return ""
    role, look = ("alert", "told wrong") if wrong else ("status", "told")
    lines = "<br>".join(escape(one) for one in sentences)
    return f'<div class="maillage-pair"><p class="{look}" role="{role}">{lines}</p></div>'


def plain(sentence: str, *, look: str = "") -> str:
    """Return one sentence, escaped."""
    return f'<div class="maillage-pair"><p class="{look}">{escape(sentence)}</p></div>'


def _compared(row: Mapping[Any, Any], *, lang: str) -> list[tuple[str, str]]:
    """Return what was found by comparing, each with its head."""
    sure = row["probability"]
    found = {
        "distance": _distance(row["distance_m"], lang=lang),
        "why": row["why"],
        "probability": "" if pd.isna(sure) else percent(float(sure), lang=lang),
    }
    unknown = text("questions.unknown", lang=lang)
    return [
        (text(f"questions.fact.{name}", lang=lang), said or unknown) for name, said in found.items()
    ]


def _distance(metres: object, *, lang: str) -> str:
    """Return a distance in metres, from one kilometre on in kilometres; empty if unknown."""
    if pd.isna(metres):  # type: ignore[call-overload]
        return ""
    known = float(metres)  # type: ignore[arg-type]
    if known < _KILOMETRE_M:
        said = number(known, lang=lang, digits=0)
        return text("questions.metres", lang=lang, distance=said)
    return distance_text(known / _KILOMETRE_M, lang=lang)


def _by_whom(row: Mapping[Any, Any], *, lang: str) -> str:
    if pd.isna(row["answered_by"]):
        return text("questions.by_rule", lang=lang)
    day = dt.datetime.fromisoformat(row["answered_at"]).date()
    return text("questions.by_person", lang=lang, who=row["answered_by"], date=date(day, lang=lang))


def _said(cell: object) -> str:
    """Return a cell as text; a dash where there is none."""
    return escape(str(cell)) if isinstance(cell, str) and cell else "–"


def _colon(lang: str) -> str:
    return "\N{NO-BREAK SPACE}: " if lang == "fr" else ": "
