"""Facts poured into one HTML file that opens by double-click, without network, for years."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from toolkit.errors import Problem, ReportError
from toolkit.language import percent, text
from toolkit.privacy import public_diagnosis
from toolkit.report.assets import (
    card_style,
    check_self_contained,
    early_script,
    page_script,
    page_style,
)
from toolkit.report.facts import public_facts
from toolkit.report.summary_facts import SURE
from toolkit.resources import shipped
from toolkit.views import blocks, charts, palette
from toolkit.views.layers import map_data
from toolkit.views.plan import still_map

if TYPE_CHECKING:
    from jinja2 import Environment

    from toolkit.diagnosis import Diagnosis

DATA_ID: Final = "map-data"
TOP: Final = 5
"""Gaps of each kind shown before the reader asks for all, and printed."""


def write_report(
    diagnosis: Diagnosis,
    path: Path | str,
    *,
    lang: str | None = None,
    made_on: dt.date | None = None,
) -> Path:
    """Write the report of a diagnosis as one HTML file.

    Parameters
    ----------
    diagnosis : Diagnosis
        What was found; what may not be published is hidden.
    path : Path or str
        File to write; its folder must exist. The file appears whole or not at all.
    lang : str, optional
        ``fr`` or ``en``; the language of the settings by default.
    made_on : date, optional
        Day of the report; see :func:`toolkit.report.facts.facts_of`.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    ReportError
        If the folder does not exist or cannot be written to.
    """
    target = Path(path)
    page = report_page(diagnosis, lang=lang, made_on=made_on)
    partial = target.with_name(f".{target.name}.partial")
    try:
        partial.write_text(page, encoding="utf-8", newline="\n")
        partial.replace(target)
    except OSError as err:
        partial.unlink(missing_ok=True)
        raise ReportError(Problem("report_not_written", found=str(target))) from err
    return target


def report_page(
    diagnosis: Diagnosis, *, lang: str | None = None, made_on: dt.date | None = None
) -> str:
    """Return the report of a diagnosis as one HTML page.

    The same diagnosis gives the same page, byte for byte.
    """
    # folium is slow to load, and nothing else of a report needs it.
    from toolkit.views.maps import map_page  # noqa: PLC0415

    lang = lang or diagnosis.settings.language
    public = public_diagnosis(diagnosis, lang=lang)
    facts = public_facts(public, lang=lang, made_on=made_on)
    data = map_data(public.diagnosis, lang=lang)
    frame = map_page(public.diagnosis, lang=lang)
    script, early = page_script(), early_script()
    parts = {
        "policy": blocks.policy_tag(frame, early, script),
        "style": page_style(),
        "early": early,
        "script": script,
        "frame": blocks.frame_source(frame),
        "data": blocks.data_block(data, name=DATA_ID),
        "words": blocks.data_block(_page_words(lang), name="page-words"),
        "still": still_map(data, title=text("report.map.still", lang=lang)),
        "charts": _charts(facts),
    }
    page = poured(facts, parts=parts, lang=lang)
    check_self_contained(page)
    return page


def fragment(name: str, content: dict[str, Any], *, facts: dict[str, Any], lang: str) -> str:
    """Return one piece of the report with the style it needs, for a notebook.

    Parameters
    ----------
    name : str
        ``card``: the card of a candidate.
    content : dict
        Facts of the piece, such as one of ``facts["candidates"]``.
    facts : dict
        All facts of the report.
    lang : str
        ``fr`` or ``en``.

    Returns
    -------
    str
        An element of class ``fragment``; its style touches nothing outside of it.

    Raises
    ------
    KeyError
        If there is no such piece.
    """
    from markupsafe import Markup  # noqa: PLC0415 - comes with jinja2, loaded with it

    template = {"card": "fragment.html"}[name]
    helpers = _helpers(lang)
    return (
        _environment()
        .get_template(template)
        .render(candidate=content, facts=facts, style=Markup(card_style()), **helpers)  # noqa: S704
    )


def _helpers(lang: str) -> dict[str, Any]:
    """Return what the templates call: texts, bars and marks."""
    from markupsafe import Markup  # noqa: PLC0415 - comes with jinja2, loaded with it

    def say(key: str, **values: object) -> str:
        return text(f"report.{key}", lang=lang, **values)

    def meter(share: float, kind: str = "") -> str:
        return Markup(charts.meter(share, kind=kind))  # noqa: S704 - made of numbers

    def mark(family: str) -> str:
        return Markup(palette.family_mark(family))  # noqa: S704 - made of our own shapes

    return {"lang": lang, "say": say, "meter": meter, "mark": mark}


def poured(facts: dict[str, Any], *, parts: dict[str, Any], lang: str) -> str:
    """Return facts poured into the page's templates; every fact is escaped."""
    from markupsafe import Markup  # noqa: PLC0415 - comes with jinja2, loaded with it

    safe = {
        name: Markup(part) if isinstance(part, str) else {k: Markup(p) for k, p in part.items()}  # noqa: S704
        for name, part in parts.items()
    }
    template = _environment().get_template("page.html")
    sure = percent(SURE, lang=lang)
    page = template.render(facts=facts, top=TOP, sure=sure, **_helpers(lang), **safe)
    return page if page.endswith("\n") else page + "\n"


def _environment() -> Environment:
    """Return where the templates are."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - slow

    return Environment(
        loader=FileSystemLoader(shipped("templates", "report")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _charts(facts: dict[str, Any]) -> dict[str, str]:
    """Return the charts of the key figures."""
    drawn = {}
    for name in ("families", "gap_kinds", "types"):
        kept = [row for row in facts[name] if row["count"]]
        rows = [(row["label"], float(row["count"]), row["text"]) for row in kept]
        families = [row["code"] for row in kept] if name == "families" else []
        drawn[name] = charts.bars(rows, families=families) if rows else ""
    return drawn


def _page_words(lang: str) -> dict[str, str]:
    """Return the words that the page's script needs."""
    names = ("shown", "page", "show_on_map", "all_gaps", "fewer_gaps")
    return {name: text(f"report.script.{name}", lang=lang) for name in names}
