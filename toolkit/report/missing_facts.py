"""Missing activities in words: how sure the rate is, what goes with them, and who is compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from toolkit import vocabulary as v
from toolkit.language import listing, number, percent, text
from toolkit.views.words import activity_label, as_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from toolkit.diagnosis import Diagnosis

SHOWN: Final = 3
"""Activities named of those that go with a missing one."""


def missing_sentences(diagnosis: Diagnosis, *, lang: str) -> dict[str, str]:
    """Return, by gap, between which rates the territory lies and what is here that goes with it.

    Parameters
    ----------
    diagnosis : Diagnosis
        Its findings have the details ``activities`` and ``related``, or nothing is said.
    lang : str
        ``fr`` or ``en``.
    """
    findings = diagnosis.findings
    related: dict[tuple[str, str], list[str]] = {}
    for near in findings.detail("related").to_dict(orient="records"):
        version = str(near["nomenclature"])
        label = activity_label(version, str(near["related"]), lang=lang)
        quoted = text("gap_title.group", lang=lang, group=label)
        related.setdefault((version, str(near["activity"])), []).append(quoted)
    said: dict[str, str] = {}
    for row in findings.detail("activities").to_dict(orient="records"):
        if row["missing"]:
            key = (str(row["nomenclature"]), str(row["activity"]))
            said[":".join((v.MISSING_ACTIVITY, *key))] = _how_sure(
                row, names=related.get(key, [])[:SHOWN], lang=lang
            )
    return said


def _how_sure(row: Mapping[Any, Any], *, names: list[str], lang: str) -> str:
    """Return between which rates a territory lies, and what is here that goes with an activity."""
    ends = {name: percent(float(row[name]), lang=lang) for name in ("low", "high")}
    interval = text("report.missing.interval", lang=lang, **ends)
    if not names:
        return interval
    case = "within_reach" if row["within_reach"] else "near"
    near = text(f"report.missing.{case}", lang=lang, names=listing(names, lang=lang))
    return f"{interval} {near}"


def panel_words(diagnosis: Diagnosis, *, lang: str) -> dict[str, tuple[str, str]]:
    """Return the name and the population of each territory of the panel, this one's too, by id."""
    words = {}
    for row in diagnosis.findings.detail(v.PANEL).to_dict(orient="records"):
        people = as_number(row["population"])
        told = "" if people is None else text("report.count.person", lang=lang, count=round(people))
        words[str(row["territory_id"])] = (str(row["name"]), told)
    return words


def panel_note(diagnosis: Diagnosis, *, lang: str) -> str:
    """Return with which territories this one is compared; empty where it is with none."""
    panel = diagnosis.findings.detail(v.PANEL)
    names = panel.loc[panel["chosen"].astype("bool"), "name"].astype("str").tolist()
    if not names:
        return ""
    case = "named" if diagnosis.settings.panel_ids else "nearest"
    return text(
        f"report.missing.{case}",
        lang=lang,
        count=len(names),
        names=listing(names, lang=lang),
        size=number(len(names), lang=lang),
    )
