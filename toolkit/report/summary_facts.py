"""The report in a few sentences, for whoever reads nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from toolkit import vocabulary as v
from toolkit.language import listing, number, percent, table_label, text
from toolkit.views.frames import entered

if TYPE_CHECKING:
    from toolkit.diagnosis import Diagnosis
    from toolkit.territory import Territory

Facts = dict[str, Any]
SURE: Final = 0.5
"""Confidence from which a gap may be named among the most marked."""
_HIGHLIGHTS: Final = 3
_ASKED: Final = (v.RESOURCES, v.NEEDS, v.FLOWS, v.COOPERATIONS)


def summary_of(
    diagnosis: Diagnosis, *, gaps: list[Facts], candidates: list[Facts], lang: str
) -> list[str]:
    """Return the report in a few sentences.

    Parameters
    ----------
    diagnosis : Diagnosis
        Already fit for publication.
    gaps, candidates : list of dict
        Their facts.
    lang : str
        ``fr`` or ``en``.

    Returns
    -------
    list of str
        Who is there, what is lacking, what is proposed, and what is not known yet.
    """
    territory = diagnosis.territory
    counts = {name: len(entered(territory, name)) for name in v.TABLES}
    nothing = not counts[v.ACTORS] and not gaps
    found = [] if nothing else [_of_gaps(gaps, lang=lang), _of_candidates(candidates, lang=lang)]
    return [
        _who(territory, counts, lang=lang),
        *found,
        *_unknown(territory, counts, lang=lang),
    ]


def _who(territory: Territory, counts: dict[str, int], *, lang: str) -> str:
    """Return how large the territory is and on what the diagnosis rests."""
    given = [name for name in (v.RESOURCES, v.NEEDS, v.FLOWS) if counts[name]]
    case = "who" if given else "who_alone" if counts[v.ACTORS] else "who_nobody"
    return text(
        f"report.summary.{case}",
        lang=lang,
        territory=territory.name,
        communes=_count("commune", counts[v.COMMUNES], lang=lang),
        people=_count("person", round(territory.population), lang=lang),
        actors=_count("actor", counts[v.ACTORS], lang=lang),
        rows=listing([_count(name, counts[name], lang=lang) for name in given], lang=lang),
    )


def _of_gaps(gaps: list[Facts], *, lang: str) -> str:
    """Return how many gaps there are and the most marked of those that are sure enough."""
    if not gaps:
        return text("report.summary.no_gap", lang=lang)
    sure = [gap for gap in gaps if gap["confidence"] >= SURE]
    count = len(gaps)
    if not sure:
        threshold = percent(SURE, lang=lang)
        return text("report.summary.unsure_gaps", lang=lang, count=count, threshold=threshold)
    first = [
        text(
            "report.summary.named_gap",
            lang=lang,
            kind=gap["kind_label"].lower(),
            title=gap["title"],
        )
        for gap in _one_a_kind(sure)
    ]
    key = "gaps" if count > len(first) else "all_gaps"
    return text(f"report.summary.{key}", lang=lang, count=count, first=listing(first, lang=lang))


def _one_a_kind(gaps: list[Facts]) -> list[Facts]:
    """Return the first gap of each of the first kinds."""
    found: dict[str, Facts] = {}
    for gap in gaps:
        found.setdefault(gap["kind"], gap)
    return list(found.values())[:_HIGHLIGHTS]


def _of_candidates(candidates: list[Facts], *, lang: str) -> str:
    if not candidates:
        return text("report.summary.no_candidate", lang=lang)
    selected = sum(candidate["selected"] for candidate in candidates)
    key = "candidates" if selected else "unselected"
    return text(
        f"report.summary.{key}",
        lang=lang,
        count=len(candidates),
        selected=number(selected, lang=lang),
    )


def _unknown(territory: Territory, counts: dict[str, int], *, lang: str) -> list[str]:
    """Return what is only estimated, and what nobody has entered yet."""
    said = []
    deduced = sum(len(territory.table(name)) - counts[name] for name in (v.RESOURCES, v.NEEDS))
    if deduced:
        said.append(text("report.summary.deduced", lang=lang, count=deduced))
    estimated = _estimated_share(territory)
    if estimated > 0:
        share = percent(estimated, lang=lang)
        said.append(text("report.summary.estimated", lang=lang, share=share))
    empty = [table_label(name, lang=lang).lower() for name in _ASKED if not counts[name]]
    if empty:
        said.append(text("report.summary.missing", lang=lang, tables=listing(empty, lang=lang)))
    return said


def _estimated_share(territory: Territory) -> float:
    """Return the share of the resources and needs entered that are only estimated."""
    bases = pd.concat([entered(territory, name)["basis"] for name in (v.RESOURCES, v.NEEDS)])
    return float((bases == "estimated").mean()) if len(bases) else 0.0


def _count(name: str, count: int, *, lang: str) -> str:
    return text(f"report.count.{name}", lang=lang, count=count)
