"""Broken chains in words: who waits before the stage that lacks, and who after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from toolkit.language import listing, text
from toolkit.views.chain_words import stage_label
from toolkit.views.words import folded, hidden_last, name_list

if TYPE_CHECKING:
    from collections.abc import Mapping

    from toolkit.diagnosis import Diagnosis

NAMES: Final = 4
"""Names told on one side; the others are counted."""
SIDES: Final = ("upstream", "downstream")


def chain_sentences(diagnosis: Diagnosis, *, names: Mapping[str, str], lang: str) -> dict[str, str]:
    """Return, by gap, who waits on either side of a broken chain.

    Parameters
    ----------
    diagnosis : Diagnosis
        Its findings have the detail ``chain_sides``, or nothing is said.
    names : Mapping of str to str
        Names of actors by id.
    lang : str
        ``fr`` or ``en``.
    """
    actors: dict[tuple[str, str], dict[str, None]] = {}
    stages: dict[tuple[str, str], dict[str, None]] = {}
    rows = diagnosis.findings.detail("chain_sides")
    columns = ("gap_id", "side", "stage_id", "actor_id")
    for gap_id, side, stage_id, actor_id in zip(*(rows[name] for name in columns), strict=True):
        actors.setdefault((gap_id, side), {})[actor_id] = None
        stages.setdefault((gap_id, side), {})[stage_id] = None
    said: dict[str, list[str]] = {}
    for side in SIDES:
        for (gap_id, where), found in actors.items():
            if where != side:
                continue
            chain_id = gap_id.split(":")[1]
            labels = [stage_label(chain_id, one, lang=lang) for one in stages[gap_id, side]]
            words = {
                "stages": listing(
                    [text("gap_title.group", lang=lang, group=label) for label in labels], lang=lang
                ),
                "names": _named([names.get(one, one) for one in found], lang=lang),
            }
            told = text(f"report.chain.{side}", lang=lang, count=len(found), **words)
            said.setdefault(gap_id, []).append(told)
    return {gap_id: " ".join(sentences) for gap_id, sentences in said.items()}


def _named(names: list[str], *, lang: str) -> str:
    """Return names in a sentence, the last of many counted."""
    ordered = hidden_last(sorted(names, key=folded), lang=lang)
    shown = name_list(ordered)
    if len(shown) <= NAMES + 1:
        return listing(shown, lang=lang)
    told = list(dict.fromkeys(ordered))[:NAMES]
    more = sum(name not in told for name in ordered)
    return text("report.and_more", lang=lang, count=more, names=", ".join(shown[:NAMES]))
