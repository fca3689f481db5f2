"""What has worked elsewhere, and what could pay: from the knowledge base, for a candidate."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from toolkit import vocabulary as v
from toolkit.knowledge import practices, tables
from toolkit.language import on_one_line, text

Facts = dict[str, Any]
SHOWN: Final = 2
"""Practices, and levers, shown with a candidate."""


class Inspiration:
    """The knowledge base, asked for each candidate; what was asked before is remembered.

    Parameters
    ----------
    lang : str
        ``fr`` or ``en``.
    """

    def __init__(self, *, lang: str) -> None:
        self.lang = lang
        self.practices = practices.read_practices()
        self.levers = practices.read_levers()
        self.sources = tables.described(tables.read_sources())
        self._known: dict[tuple[str, ...], Facts] = {}

    def of(self, category: str, *, objectives: str, families: Iterable[str]) -> Facts:
        """Return the nearest practices of the subject, and the levers that its members may use.

        Parameters
        ----------
        category : str
            Category of the candidate; without one nothing is near.
        objectives : str
            Its objectives, joined by ``|``.
        families : iterable of str
            Families of its members.
        """
        members = tuple(sorted(set(families)))
        key = (category, objectives, *members)
        if key not in self._known:
            asked = {
                "categories": [category] if category else [],
                "objectives": v.split_list(objectives),
                "families": members,
            }
            self._known[key] = {
                "elsewhere": self._elsewhere(asked) if category else [],
                "levers": self._levers(asked) if category else [],
            }
        return self._known[key]

    def _worded(self, cell: object) -> str:
        return on_one_line(str(cell)) if self.lang == "fr" else str(cell)

    def _elsewhere(self, asked: dict[str, Any]) -> list[Facts]:
        found = practices.practices_for(self.practices, **asked)
        near = found[found["shared_categories"] != ""].head(SHOWN)
        return [
            {
                "title": self._worded(row[f"title_{self.lang}"]),
                "place": self._worded(row["place"]),
                "what": self._worded(row[f"what_{self.lang}"]),
                "source": self._worded(self.sources.get(str(row["source"]), "")),
            }
            for row in near.to_dict("records")
        ]

    def _levers(self, asked: dict[str, Any]) -> list[Facts]:
        found = practices.levers_for(self.levers, **asked)
        near = found[found["shared_categories"] != ""].head(SHOWN)
        return [
            {
                "name": self._worded(row[f"name_{self.lang}"]),
                "level": text(f"report.lever_level.{row['level']}", lang=self.lang),
                "what": self._worded(row[f"what_{self.lang}"]),
                "who": self._worded(row[f"who_{self.lang}"]),
                "source": self._worded(self.sources.get(str(row["source"]), "")),
            }
            for row in near.to_dict("records")
        ]
