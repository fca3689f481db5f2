"""Small charts as SVG text: the same data give the same bytes, and figures stand beside bars."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from toolkit.views.palette import ACCENT, INK, family_colour, shape_svg

_ROW: Final = 30
_START: Final = 300
_BAR: Final = 205
_WIDTH: Final = 640
_SHORT: Final = 32


def bars(
    rows: Sequence[tuple[str, float, str]], *, title: str, families: Sequence[str] = ()
) -> str:
    """Return horizontal bars.

    Parameters
    ----------
    rows : sequence of (label, value, value as text)
        One bar each, values >= 0, in the order shown.
    title : str
        What the chart tells, for those who do not see it.
    families : sequence of str, optional
        Family of each row, for its colour and shape.

    Returns
    -------
    str
        An ``svg`` element of 640 units wide that scales with its place.
    """
    top = max((value for _, value, _ in rows), default=0.0) or 1.0
    height = _ROW * len(rows) + 4
    head = f'viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(title)}"'
    parts = [f'<svg class="chart" {head} font-size="18" fill="{INK}">']
    for place, (label, value, said) in enumerate(rows):
        y = place * _ROW + 4
        length = _BAR * value / top
        family = families[place] if place < len(families) else ""
        colour = family_colour(family) if family else ACCENT
        start = 26 if family else 0
        if family:
            parts.append(shape_svg(family, x=9, y=y + 11, radius=6.5))
        parts.append(f'<text x="{start}" y="{y + 16}">{escape(_fit(label))}</text>')
        parts.append(
            f'<rect x="{_START}" y="{y + 2}" width="{max(length, 1.0):.1f}" height="18" rx="2" '
            f'fill="{colour}"/>'
        )
        parts.append(
            f'<text x="{_START + 8 + length:.1f}" y="{y + 16}" font-weight="600">'
            f"{escape(said)}</text>"
        )
    return "".join([*parts, "</svg>"])


def _fit(label: str) -> str:
    """Return a label that fits its column."""
    return label if len(label) <= _SHORT else label[: _SHORT - 1] + "…"


def meter(share: float, *, kind: str = "") -> str:
    """Return a share in [0, 1] as a small bar; the figure itself stands beside it.

    Parameters
    ----------
    share : float
        How much of the bar is filled.
    kind : str, default ""
        Another class for its colour.

    Examples
    --------
    >>> meter(0.5)
    '<i class="m" style="--v:50%"></i>'
    """
    filled = round(100 * min(max(share, 0.0), 1.0))
    classes = f"m {kind}" if kind else "m"
    return f'<i class="{classes}" style="--v:{filled}%"></i>'
