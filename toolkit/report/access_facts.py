"""Access to services in words: how many people reach each in how long, where a site more helps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from toolkit import vocabulary as v
from toolkit.gaps.access import STEPS_MIN
from toolkit.language import listing, number, percent, text
from toolkit.privacy import small_count
from toolkit.views.words import category_label, folded

if TYPE_CHECKING:
    from toolkit.diagnosis import Diagnosis

Facts = dict[str, Any]


class SiteWords:
    """Says of a gap of access where more sites of the service would help most.

    Parameters
    ----------
    diagnosis : Diagnosis
        Already fit for publication.
    names : Mapping of str to str
        Name of every commune by id.
    lang : str
        ``fr`` or ``en``.
    """

    def __init__(self, diagnosis: Diagnosis, *, names: Mapping[str, str], lang: str) -> None:
        self._names, self._lang = names, lang
        self._threshold = diagnosis.settings.secrecy_threshold
        self._sites: dict[str, list[dict[Any, Any]]] = {}
        for site in diagnosis.findings.detail("sites").to_dict(orient="records"):
            self._sites.setdefault(f"{v.SERVICE_ACCESS}:{site['category']}", []).append(site)

    def one_more(self, row: Mapping[Any, Any]) -> str:
        """Return the sentences of a gap; empty where too few people would be told of.

        Neither the people of each site nor those who remain may be too few.
        """
        if row["secret"]:
            return ""
        said, before, lacking = [], 0.0, float(row["shortfall"])
        for site in self._sites.get(str(row["gap_id"]), []):
            people = float(site["people_reached_more"])
            few = (people - before, lacking - people)
            if any(small_count(round(count), threshold=self._threshold) for count in few):
                break
            said.append(self._sentence(site, count=round(people)))
            before = people
        # One site, and the most: what lies between adds little.
        return " ".join(dict.fromkeys([*said[:1], *said[-1:]]))

    def _sentence(self, site: Mapping[Any, Any], *, count: int) -> str:
        places = v.split_list(site["commune_ids"])
        key = "one" if len(places) == 1 else "several"
        return text(
            f"report.access.{key}",
            lang=self._lang,
            count=count,
            people=number(count, lang=self._lang),
            sites=number(len(places), lang=self._lang),
            places=listing([self._names.get(code, code) for code in places], lang=self._lang),
        )


def coverage_facts(diagnosis: Diagnosis, *, lang: str) -> list[Facts]:
    """Return, for each service with a gap of access, the share of people within some minutes.

    Parameters
    ----------
    diagnosis : Diagnosis
        Already fit for publication: a service of which a gap is secret is left out.
    lang : str
        ``fr`` or ``en``.

    Returns
    -------
    list of dict
        ``label``; ``steps``, for each of the usual times its ``minutes`` and the share as ``text``;
        and ``own``, the same with the ``share`` for the time of the service.  The text is empty
        where it would tell of too few people.
    """
    gaps = diagnosis.gaps[diagnosis.gaps["kind"] == v.SERVICE_ACCESS]
    shown = set(gaps["category"]) - set(gaps.loc[gaps["secret"].astype(bool), "category"])
    coverage = diagnosis.findings.detail("coverage")
    made = []
    for category, rows in coverage[coverage["category"].isin(shown)].groupby("category"):
        told = [_step(row, lang=lang) for row in rows.to_dict("records")]
        made.append(
            {
                "label": category_label(category, lang=lang),
                "steps": [step for step in told if step["usual"]],
                "own": next(step for step in told if step["is_limit"]),
            }
        )
    return sorted(made, key=lambda row: folded(row["label"]))


def _step(row: Mapping[Any, Any], *, lang: str) -> Facts:
    """Return how many people are within one time of a service."""
    share = float(row["share"])
    few = math.isnan(share)
    return {
        "minutes": number(float(row["minutes"]), lang=lang),
        "usual": float(row["minutes"]) in STEPS_MIN,
        "is_limit": bool(row["is_limit"]),
        "share": 0.0 if few else round(share, 4),
        "text": "" if few else percent(share, lang=lang),
    }
