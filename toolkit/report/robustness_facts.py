"""How robust the candidates are, in words, and which facts to verify first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from toolkit.language import enum_label, percent, text
from toolkit.views.words import place_names

if TYPE_CHECKING:
    from toolkit.diagnosis import Diagnosis

Facts = dict[str, Any]
SHOWN: Final = 10
"""Facts to verify that are listed; each costs somebody a call."""
_SURE: Final = 0.995
"""Share from which it would read 100 %."""


class Robust:
    """Words how robust candidates are; holds what is looked up again and again."""

    def __init__(self, diagnosis: Diagnosis, *, lang: str) -> None:
        self.lang = lang
        made = diagnosis.proposals.robustness
        self.top = made.top
        self.rows = {str(row["candidate_id"]): row for row in made.candidates.to_dict("records")}
        self.facts = made.facts
        self.names = place_names(diagnosis.territory)

    def of(self, candidate_id: str) -> Facts:
        """Return what to say of one candidate: nothing where it was not looked at."""
        row = self.rows.get(candidate_id)
        if row is None:
            return {"standing": "", "robustness": []}
        share, survival = float(row["acceptability"]), float(row["survival"])
        case = "always" if share >= _SURE else "never" if share < 1.0 - _SURE else "often"
        said = [
            text(
                f"report.robustness.weights_{case}",
                lang=self.lang,
                share=percent(share, lang=self.lang),
                top=self.top,
            ),
            text(
                "report.robustness.known" if survival >= 1.0 else "report.robustness.facts",
                lang=self.lang,
                share=percent(survival, lang=self.lang),
            ),
        ]
        return {
            "standing": enum_label("standing", row["standing"], lang=self.lang),
            "robustness": said,
        }

    def to_verify(self, rows: Mapping[tuple[str, str], tuple[str, str]]) -> list[Facts]:
        """Return the facts to verify first: of whom, what, and how many candidates rest on it.

        Parameters
        ----------
        rows : Mapping of (str, str) to (str, str)
            What each row of a table is about.
        """
        told = self.facts[self.facts["selected"] > 0].head(SHOWN)
        return [
            {
                "who": self.names.get(str(row["actor_id"]), str(row["actor_id"])),
                "what": rows.get((str(row["fact_table"]), str(row["fact_id"])), ("", ""))[0],
                "candidates": text(
                    "report.robustness.rest_on_it",
                    lang=self.lang,
                    count=int(row["selected"]),
                ),
            }
            for row in told.to_dict("records")
        ]
