"""The candidate partnerships in words: who, why, how good, what to check and ask first."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from toolkit import vocabulary as v
from toolkit.language import enum_label, has_text, number, percent, text
from toolkit.report.gap_facts import row_words
from toolkit.report.inspiration import Inspiration
from toolkit.report.robustness_facts import Robust
from toolkit.views.frames import deduced_rows
from toolkit.views.words import (
    COUNTED,
    as_number,
    candidate_subject,
    candidate_title,
    distance_text,
    place_names,
    quantity_text,
    reason_text,
)

if TYPE_CHECKING:
    from toolkit.partnerships.explanation import Explanation
    from toolkit.partnerships.facilitation import Question
    from toolkit.privacy import PublicDiagnosis

Facts = dict[str, Any]
_PRACTICES_MAX = 3
_NETWORK = frozenset({v.ISOLATED_ACTOR, v.STRUCTURAL_HOLE})
"""Kinds whose shortfall is a number of ties or actors, which a group cannot be said to cover."""
_LEAST_COVERED = 0.005
"""Share of a shortfall below which what is covered would read 0 %, and is not told."""
_SHARED = frozenset({v.UNMET_NEED, v.UNUSED_RESOURCE, v.LEAK, v.SERVICE_ACCESS, "pooling"})
"""Kinds of openings with a quantity, of which each member brings a share."""


def facts_to_verify(public: PublicDiagnosis, *, lang: str) -> list[Facts]:
    """Return the estimated facts that are worth verifying first, one dict each."""
    diagnosis = public.diagnosis
    return Robust(diagnosis, lang=lang).to_verify(row_words(diagnosis.territory, lang=lang))


def candidate_facts(public: PublicDiagnosis, *, gaps: list[Facts], lang: str) -> list[Facts]:
    """Return one dict a candidate, in the order of the diagnosis.

    Parameters
    ----------
    public : PublicDiagnosis
        A diagnosis fit for publication.
    gaps : list of dict
        Facts of the gaps, to name those that a candidate answers.
    lang : str
        ``fr`` or ``en``.
    """
    writer = _Writer(public, gaps=gaps, lang=lang)
    rows = public.diagnosis.partnerships.to_dict(orient="records")
    made = [writer.candidate(row) for row in rows]
    first: dict[str, int] = {}
    for row, facts in zip(rows, made, strict=True):
        best = first.setdefault(str(row["opening_id"]), facts["rank"])
        facts["variant_of"] = best if best != facts["rank"] else 0
    return made


class _Writer:
    """Words candidates; holds what is looked up again and again."""

    def __init__(self, public: PublicDiagnosis, *, gaps: list[Facts], lang: str) -> None:
        diagnosis = public.diagnosis
        self.public = public
        territory, proposals = diagnosis.territory, diagnosis.proposals
        self.deduced = deduced_rows(territory)
        self.inspiration = Inspiration(lang=lang)
        self.robust = Robust(diagnosis, lang=lang)
        self.lang = lang
        self.gaps = {gap["id"]: gap for gap in gaps}
        self.names = place_names(territory)
        actors = territory.table(v.ACTORS)
        self.family = dict(zip(actors["actor_id"], actors["family"], strict=True))
        self.commune = dict(zip(actors["actor_id"], actors["commune_id"], strict=True))
        self.rows = row_words(territory, lang=lang)
        self.weights = diagnosis.settings.normalised_weights()
        self.openings = {
            str(row["opening_id"]): row for row in proposals.openings.to_dict(orient="records")
        }
        self.roles = _by_candidate(proposals.roles.to_dict(orient="records"))
        self.practices = _by_candidate(proposals.practices.to_dict(orient="records"))
        self.ties = _by_candidate(proposals.ties.to_dict(orient="records"))
        practices = territory.table(v.PRACTICES)
        self.practice = {
            str(key): (place, str(title))
            for place, (key, title) in enumerate(
                zip(practices["practice_id"], practices["title"], strict=True), start=1
            )
        }
        cooperations = territory.table(v.COOPERATIONS)
        self.cooperation = dict(
            zip(cooperations["cooperation_id"], cooperations["name"], strict=True)
        )

    def candidate(self, row: Mapping[Any, Any]) -> Facts:
        """Return the facts of one candidate."""
        lang, candidate_id = self.lang, str(row["candidate_id"])
        opening = self.openings.get(str(row["opening_id"]), {})
        kind = str(opening.get("kind", ""))
        members = [self._member(role, kind=kind) for role in self.roles.get(candidate_id, ())]
        meeting = str(row["meeting_place_id"])
        answered = [self.gaps[gap] for gap in v.split_list(row["gap_ids"]) if gap in self.gaps]
        told = self.public.explain(candidate_id)
        return {
            "id": candidate_id,
            "rank": int(row["rank"]),
            "title": candidate_title(row, opening_kind=kind, lang=lang),
            "type": row["type"],
            "type_label": enum_label("partnership_type", row["type"], lang=lang),
            "selected": bool(row["selected"]),
            "why": self._why(row, kind=kind),
            "answers": enum_label("gap", kind, lang=lang),
            "gaps": [{"place": gap["place"], "title": gap["title"]} for gap in answered],
            "objectives": [
                enum_label("objective", code, lang=lang) for code in v.split_list(row["objectives"])
            ],
            "score": round(float(row["score"]), 4),
            "score_text": percent(row["score"], lang=lang),
            "criteria": [self._criterion(name, row) for name in v.CRITERIA],
            "certificate": self._certificate(row),
            "meeting_place": self.names.get(meeting, ""),
            "meeting_commune": self.names.get(self.commune.get(meeting, ""), ""),
            "longest_trip": distance_text(row["longest_trip_km"], lang=lang),
            "basis": enum_label("basis", row["basis"], lang=lang),
            "members": members,
            "estimated": [member for member in members if member["estimated"]],
            "cooperations": self._cooperations(candidate_id),
            "practices": self._practices(candidate_id),
            **self.inspiration.of(
                "" if pd.isna(row["category"]) else str(row["category"]),
                objectives=str(row["objectives"]),
                families=(member["family"] for member in members),
            ),
            **self.robust.of(candidate_id),
            "covered": self._covered(told),
            "broker": self._broker(told),
            "questions": [
                text(f"report.question.{kind}", lang=lang),
                *(self._question(question) for question in told.questions),
            ],
        }

    def _why(self, row: Mapping[Any, Any], *, kind: str) -> str:
        """Return in one sentence why these actors together."""
        subject = candidate_subject(row, lang=self.lang)
        key = f"report.why.{kind}"
        if not has_text(f"{key}.about", lang=self.lang):
            return ""
        case = "about" if subject else "bare"
        return text(f"{key}.{case}", lang=self.lang, subject=subject)

    def _member(self, role: Mapping[Any, Any], *, kind: str) -> Facts:
        lang, actor = self.lang, str(role["actor_id"])
        family = str(self.family.get(actor, ""))
        share = as_number(role["share"])
        return {
            "name": self.names.get(actor, actor),
            "family": family,
            "family_label": enum_label("family", family, lang=lang),
            "commune": self.names.get(self.commune.get(actor, ""), ""),
            "role": role["role"],
            "role_label": enum_label("member_role", role["role"], lang=lang),
            "reason": self._reason(role),
            "share": round(share, 4) if share is not None else 0.0,
            "share_text": percent(share, lang=lang) if share and kind in _SHARED else "",
            "basis": enum_label("basis", role["basis"], lang=lang),
            "estimated": role["basis"] == "estimated",
        }

    def _reason(self, role: Mapping[Any, Any]) -> str:
        """Return why a member is in, with the fact behind it."""
        lang = self.lang
        row = (str(role["fact_table"]), str(role["fact_id"]))
        said = reason_text(role, deduced=self.deduced, lang=lang)
        if role["secret"]:
            return f"{said} ({text('privacy.confidential', lang=lang).lower()})"
        what, _ = self.rows.get(row, ("", ""))
        bare = "tie" if role["reason"] == "broker_ties" else ""
        amount = quantity_text(role["quantity"], role["unit"], lang=lang, bare=bare)
        detail = ", ".join(part for part in (what, amount) if part)
        return f"{said}{text('report.colon', lang=lang)}{detail}" if detail else said

    def _criterion(self, name: str, row: Mapping[Any, Any]) -> Facts:
        value = as_number(row[name]) or 0.0
        return {
            "code": name,
            "label": enum_label("criterion", name, lang=self.lang),
            "value": round(value, 4),
            "text": percent(value, lang=self.lang),
            "weight": percent(self.weights[name], lang=self.lang),
        }

    def _certificate(self, row: Mapping[Any, Any]) -> str:
        gap = as_number(row["bound_gap_pct"])
        if row["certificate"] == "optimal" or gap is None:
            return text(f"report.certificate.{row['certificate']}", lang=self.lang)
        # A bound may be rounded up, never down to nothing.
        shown = number(max(math.ceil(gap * 10) / 10, 0.1), lang=self.lang)
        return text("report.certificate.bounded", lang=self.lang, gap=shown)

    def _cooperations(self, candidate_id: str) -> list[Facts]:
        """Return the cooperations in which several of the members already meet."""
        return [
            {
                "name": self.cooperation[row["cooperation_id"]],
                "members": _members(row["shared_members"], lang=self.lang),
            }
            for row in self.ties.get(candidate_id, ())
            if row["cooperation_id"] in self.cooperation
        ]

    def _practices(self, candidate_id: str) -> list[Facts]:
        """Return the practices that resemble a candidate most."""
        rows = sorted(
            self.practices.get(candidate_id, ()),
            key=lambda row: (-float(row["similarity"]), str(row["practice_id"])),
        )
        known = [
            self.practice[row["practice_id"]] for row in rows if row["practice_id"] in self.practice
        ]
        return [{"place": place, "title": title} for place, title in known[:_PRACTICES_MAX]]

    def _covered(self, told: Explanation) -> str:
        """Return how much of the shortfall the group can cover."""
        covered, shortfall = as_number(told.covered), as_number(told.shortfall)
        if not covered or not shortfall or told.kind in _NETWORK:
            return ""
        if covered < _LEAST_COVERED * shortfall:
            return ""
        bare = COUNTED.get(told.kind, "")
        amount = quantity_text(covered, told.unit, lang=self.lang, bare=bare)
        share = percent(covered / shortfall, lang=self.lang)
        case = "all_covered" if covered >= shortfall else "covered"
        if not told.unit and covered < shortfall and covered != round(covered):
            case = "covered_share"  # part of a thing that is counted is no number of things
        return text(f"report.candidates.{case}", lang=self.lang, covered=amount, share=share)

    def _broker(self, told: Explanation) -> str:
        """Return who of the members already works with many others."""
        if not told.broker_id or not told.broker_ties:
            return ""
        name = self.names.get(told.broker_id, told.broker_id)
        ties = quantity_text(told.broker_ties, "tie", lang=self.lang)
        return text("report.candidates.broker_ties", lang=self.lang, name=name, ties=ties)

    def _question(self, question: Question) -> str:
        """Return a first question, to whom, and about what."""
        what, _ = self.rows.get((question.fact_table, question.fact_id), ("", ""))
        if not what and question.fact_table and not question.fact_id:
            what = text("privacy.confidential", lang=self.lang)
        return text(
            f"partnership.question.{question.code}",
            lang=self.lang,
            actor=self.names.get(question.actor_id, question.actor_id),
            fact=what or text("report.question.its_role", lang=self.lang),
        )


def _by_candidate(rows: list[dict[Any, Any]]) -> dict[str, list[dict[Any, Any]]]:
    found: dict[str, list[dict[Any, Any]]] = {}
    for row in rows:
        found.setdefault(str(row["candidate_id"]), []).append(row)
    return found


def _members(cell: object, *, lang: str) -> str:
    """Return how many members share something, given their number or their ids."""
    count = len(v.split_list(cell)) if isinstance(cell, str) else int(as_number(cell) or 0)
    return text("report.count.member", lang=lang, count=count)
