"""The flows of a territory in words: for each nature what stays inside, comes in and goes out."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from toolkit import units
from toolkit import vocabulary as v
from toolkit.gaps.quantities import base_unit, with_amounts
from toolkit.language import enum_label, listing, number, text
from toolkit.views.words import category_label, quantity_text

if TYPE_CHECKING:
    from toolkit.territory import Territory

Facts = dict[str, Any]
WAYS: Final = ("inside", "in", "out")
_MAIN: Final = 3
"""Categories named for one nature: those with most flows."""


def flow_facts(territory: Territory, *, lang: str) -> list[Facts]:
    """Return one dict a nature and measure of flows, those of most flows first.

    Amounts are per year and added up within a measure (tonnes with tonnes), shown in the unit that
    most of the flows are given in; flows without quantity only count.

    Parameters
    ----------
    territory : Territory
        Already fit for publication.
    lang : str
        ``fr`` or ``en``.

    Returns
    -------
    list of dict
        ``nature, label, flows, main`` and ``ways``: for each of inside, in and out a ``text`` and
        a ``share`` of the largest of the three, for its bar.
    """
    flows = _with_ways(territory)
    made = [
        _facts(str(nature), str(measure), rows=rows, lang=lang)
        for (nature, measure), rows in flows.groupby(["nature", "measure"], sort=True)
    ]
    order = {nature: place for place, nature in enumerate(v.FLOW_NATURES)}
    return sorted(made, key=lambda row: (order[row["nature"]], -row["count"], row["measure"]))


def ways_of(flows: pd.DataFrame) -> pd.Series[str]:
    """Return which way every flow goes: ``inside``, ``in`` or ``out``."""
    ends = [flows["origin"] == v.OUTSIDE, flows["destination"] == v.OUTSIDE]
    return pd.Series(np.select(ends, ["in", "out"], default="inside"), index=flows.index)


def _with_ways(territory: Territory) -> pd.DataFrame:
    flows = pd.DataFrame(territory.table(v.FLOWS)).sort_values("flow_id", kind="stable")
    given = flows["unit"].fillna("").astype("str")
    flows = with_amounts(flows.assign(category=flows["category"].fillna("")))
    return flows.assign(way=ways_of(flows), given=given)


def _facts(nature: str, measure: str, *, rows: pd.DataFrame, lang: str) -> Facts:
    unit = _usual(rows["given"].tolist()) if measure else ""
    rate = units.factor(base_unit(measure), unit) if unit else math.nan
    sums = {}
    for way in WAYS:
        own = rows[rows["way"] == way]
        sums[way] = math.fsum(own["base"]) * rate if unit else float(len(own))
    largest = max(sums.values())
    return {
        "nature": nature,
        "measure": measure,
        "label": enum_label("nature", nature, lang=lang),
        "count": len(rows),
        "flows": text("report.count.flows", lang=lang, count=len(rows)),
        "unmeasured": not unit,
        "ways": [
            {
                "code": way,
                "value": round(amount, 6),
                "text": quantity_text(amount, unit, lang=lang)
                if unit
                else number(amount, lang=lang),
                "share": round(amount / largest, 4) if largest > 0 else 0.0,
            }
            for way, amount in sums.items()
        ],
        "main": _main(rows, lang=lang),
    }


def _usual(codes: list[str]) -> str:
    """Return the unit that is given most often, the first by code among equals."""
    counts = Counter(codes)
    return min(counts, key=lambda code: (-counts[code], code))


def _main(rows: pd.DataFrame, *, lang: str) -> str:
    """Return what flows most: the categories of the largest amounts, else of the most flows."""
    named = rows[rows["category"] != ""]
    weight = named["base"].where(named["base"].notna(), 1.0)
    sums = weight.groupby(named["category"]).sum()
    first = sorted(sums.index, key=lambda code: (-sums[code], code))[:_MAIN]
    return listing([category_label(code, lang=lang) for code in first], lang=lang)
