"""Missing activities in words: how sure the rate is, what goes with them, and who is compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from toolkit import vocabulary as v
from toolkit.language import listing, number, percent, text
from toolkit.views.words import activity_label, as_number

if TYPE_CHECKING:
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
    related: dict[tuple[str, str], list[str]] = {}
    for near in diagnosis.findings.detail("related").itertuples():
        label = activity_label(near.nomenclature, near.related, lang=lang)
        quoted = text("gap_title.group", lang=lang, group=label)
        related.setdefault((near.nomenclature, near.activity), []).append(quoted)
    said: dict[str, str] = {}
    activities = diagnosis.findings.detail("activities")
    for row in activities[activities["missing"].astype("bool")].itertuples():
        names = related.get((row.nomenclature, row.activity), [])
        case = "within_reach" if row.within_reach else "near"
        sentences = [
            text(
                "report.missing.interval",
                lang=lang,
                low=percent(row.low, lang=lang),
                high=percent(row.high, lang=lang),
            ),
            *(
                [text(f"report.missing.{case}", lang=lang, names=listing(names[:SHOWN], lang=lang))]
                if names
                else []
            ),
        ]
        gap_id = f"{v.MISSING_ACTIVITY}:{row.nomenclature}:{row.activity}"
        said[gap_id] = " ".join(sentences)
    return said


def panel_words(diagnosis: Diagnosis, *, lang: str) -> dict[str, tuple[str, str]]:
    """Return the name and the population of each territory of the panel, this one's too, by id."""
    words = {}
    for row in diagnosis.findings.detail(v.PANEL).itertuples():
        people = as_number(row.population)
        told = "" if people is None else text("report.count.person", lang=lang, count=round(people))
        words[str(row.territory_id)] = (str(row.name), told)
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
