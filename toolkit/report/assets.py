"""What a report carries in itself: styles, scripts, the frame of the map, and the policy over them."""

from __future__ import annotations

import re
from typing import Final

from toolkit.errors import Problem, ReportError
from toolkit.resources import shipped
from toolkit.views import blocks

_OUTSIDE: Final = re.compile(
    r"""<(?:script|img|iframe|link|source|object|embed)\b[^>]*?\b(?:src|href|data)\s*=\s*["']?(?!data:|#)[^\s"'>]"""
    r"""|@import\s|url\(\s*["']?(?!data:|#)[a-z/]""",
    re.IGNORECASE,
)
_SCRIPT_TEXT: Final = re.compile(r"<script\b[^>]*>.*?</script>", re.DOTALL)


def page_style() -> str:
    """Return the style sheet of the report, inline."""
    return blocks.style_block(_read("report.css"))


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

    Links that a reader may follow are no requests; the text of scripts is not looked at, as the
    page's policy keeps them from asking anything.

    Raises
    ------
    ReportError
        If an element or a style rule names an outside file.
    """
    bare = _SCRIPT_TEXT.sub("", page)
    found = _OUTSIDE.search(bare)
    if found:
        raise ReportError(Problem("report_not_self_contained", found=found.group()[:80]))
