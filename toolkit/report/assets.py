"""What a report carries in itself: styles, scripts, and the proof that it asks for nothing."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

from toolkit.errors import Problem, ReportError
from toolkit.resources import shipped
from toolkit.views import blocks

_FETCHING: Final = frozenset({"src", "href", "data", "srcset", "poster", "background"})
"""Attributes whose value a browser fetches by itself, ``href`` of a link to follow excepted."""
_FOLLOWED: Final = frozenset({"a", "area"})
_OWN: Final = ("data:", "#")
_IN_STYLE: Final = re.compile(r"@import|url\(\s*[\"']?(?!data:|#)", re.IGNORECASE)


def _is_own(value: str | None) -> bool:
    """Return whether an address lies in the page itself."""
    return (value or "").strip().lower().startswith(_OWN)


class _Requests(HTMLParser):
    """Gathers what a browser would ask for when it shows a page."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._in_style = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at the attributes of an element, and into the pages that frames hold."""
        self._in_style = tag == "style"
        for name, value in attrs:
            if name == "srcdoc":
                self.found += _Requests(value or "").found
            elif name == "style":
                self._look_at_style(value or "")
            elif name in _FETCHING and tag not in _FOLLOWED and not _is_own(value):
                self.found.append(f"<{tag} {name}={value}>")

    def handle_endtag(self, tag: str) -> None:
        """Leave a style sheet."""
        self._in_style = self._in_style and tag != "style"

    def handle_data(self, data: str) -> None:
        """Look at the rules of a style sheet."""
        if self._in_style:
            self._look_at_style(data)

    def _look_at_style(self, rules: str) -> None:
        self.found += [rules[hit.start() : hit.start() + 80] for hit in _IN_STYLE.finditer(rules)]


_FRAGMENT: Final = """--ink: #1d2733; --muted: #52606d; --paper: #fff; --line: #d9d5ca;
--accent: #14545f; --soft: #e6eff0; --alarm: #9b1c31;
max-width: 62rem; color: var(--ink); line-height: 1.5;
"""
"""What a card takes from the page around it, for where there is no such page."""


def page_style() -> str:
    """Return the style sheet of the report, inline."""
    return blocks.style_block(_read("card.css") + _read("report.css"))


def card_style() -> str:
    """Return the style sheet of a card alone, inline: it touches nothing outside ``.fragment``."""
    return blocks.style_block(".fragment {\n" + _FRAGMENT + _read("card.css") + "}")


def page_script() -> str:
    """Return the script of the report, inline."""
    return blocks.script_block(_read("report.js"))


def early_script() -> str:
    """Return the script that tells the style sheet, before anything is drawn, that scripts run."""
    return blocks.script_block('document.documentElement.classList.add("scripted");')


def _read(name: str) -> str:
    return shipped("templates", "report", name).read_text(encoding="utf-8")


def check_self_contained(page: str) -> None:
    """Refuse a page that would ask for something outside of itself.

    Links that a reader may follow are no requests; what scripts could ask for is kept from them by
    the page's policy.

    Raises
    ------
    ReportError
        If an element or a style rule names an outside file; all of them at once.
    """
    found = _Requests(page).found
    if found:
        raise ReportError([Problem("report_not_self_contained", found=one[:80]) for one in found])
