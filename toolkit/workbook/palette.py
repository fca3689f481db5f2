"""How cells of the workbooks look; one place for their colours."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format

REQUIRED: Final = "#C8590A"
OPTIONAL: Final = "#2F6F73"
WRONG: Final = "#FFB3A7"
"""Background of a cell to correct; no other cell of a template has this colour."""
_HEAD: Final = {
    "bold": True,
    "font_color": "#FFFFFF",
    "text_wrap": True,
    "valign": "vcenter",
    "border": 1,
    "border_color": "#FFFFFF",
}
_STYLES: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "required": {**_HEAD, "bg_color": REQUIRED},
        "optional": {**_HEAD, "bg_color": OPTIONAL},
        "own": {**_HEAD, "bg_color": "#6B7478", "italic": True},
        "text": {"num_format": "@"},
        "number": {"num_format": "General"},
        "plain": {},
        "example": {"italic": True, "font_color": "#7A7A7A", "bg_color": "#F2F2F2"},
        "wrong": {"bg_color": WRONG},
        "title": {"bold": True, "font_size": 18, "font_color": OPTIONAL},
        "subtitle": {"font_size": 11, "italic": True, "font_color": "#555555", "text_wrap": True},
        "heading": {"bold": True, "font_size": 13, "font_color": OPTIONAL, "bottom": 1,
                    "bottom_color": OPTIONAL},
        "body": {"text_wrap": True, "valign": "top"},
        "number_body": {"bold": True, "valign": "top", "align": "right", "font_color": OPTIONAL},
        "link": {"font_color": "#0B5A8A", "underline": 1, "valign": "top"},
        "code": {"font_color": "#777777", "valign": "top"},
        "hint": {"italic": True, "font_color": "#555555"},
    }
)  # fmt: skip


def style(book: Workbook, name: str) -> Format:
    """Return a style of a workbook, made on first use."""
    known: dict[str, Format] = book.__dict__.setdefault("maillage_styles", {})
    if name not in known:
        known[name] = book.add_format(dict(_STYLES[name]))
    return known[name]
