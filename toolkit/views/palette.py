"""Colours and shapes, the same on the map, in the charts, in the legend and on paper.

A family is told by its colour *and* its shape: three of the five colours look alike to people who
do not tell red from green, and a report is often printed in black and white.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from toolkit.vocabulary import FAMILIES

FAMILY_COLOURS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ess": "#c8553d",
        "business": "#2b6cb0",
        "public": "#6b46c1",
        "research": "#2f855a",
        "civil": "#b7791f",
    }
)
FAMILY_SHAPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ess": "circle",
        "business": "square",
        "public": "diamond",
        "research": "triangle",
        "civil": "hexagon",
    }
)
INK: Final = "#1d2733"
MUTED: Final = "#52606d"
PAPER: Final = "#ffffff"
LAND: Final = "#f3efe6"
BORDER: Final = "#9a9384"
ACCENT: Final = "#14545f"
COOPERATION: Final = "#3d4852"
FLOW_IN: Final = "#0b7285"
FLOW_OUT: Final = "#a61e4d"
FLOW_INSIDE: Final = "#5c6b0a"
GAP: Final = "#9b1c31"
GAP_STEPS: Final = ("#fbe3d6", "#f2b8a0", "#dd7f6c", "#b8433f", "#7f1d2d")
"""From few to many services out of reach; lightness falls at every step."""

FIGURE_POINTS: Final[Mapping[str, Sequence[tuple[float, float]]]] = MappingProxyType(
    {
        "square": ((-0.89, -0.89), (0.89, -0.89), (0.89, 0.89), (-0.89, 0.89)),
        "diamond": ((0.0, -1.25), (1.25, 0.0), (0.0, 1.25), (-1.25, 0.0)),
        "triangle": ((0.0, -1.25), (1.2, 0.95), (-1.2, 0.95)),
        "hexagon": (
            (0.55, -0.95),
            (1.1, 0.0),
            (0.55, 0.95),
            (-0.55, 0.95),
            (-1.1, 0.0),
            (-0.55, -0.95),
        ),
    }
)
"""Corners of each shape for a radius of 1, of about the same area as the circle."""


def family_colour(family: str) -> str:
    """Return the colour of a family; grey for an unknown one."""
    return FAMILY_COLOURS.get(family, MUTED)


def family_marks() -> dict[str, dict[str, object]]:
    """Return colour, shape and corners of every family, as the browser needs them."""
    return {
        family: {
            "colour": FAMILY_COLOURS[family],
            "points": [list(corner) for corner in FIGURE_POINTS.get(FAMILY_SHAPES[family], ())],
        }
        for family in FAMILIES
    }


def shape_svg(family: str, *, x: float, y: float, radius: float) -> str:
    """Return the mark of a family as one SVG element.

    Parameters
    ----------
    family : str
        One of ``FAMILIES``.
    x, y : float
        Centre, in user units.
    radius : float
        Radius of the circle of about the same area, in user units.

    Examples
    --------
    >>> shape_svg("ess", x=1, y=2, radius=3)
    '<circle cx="1" cy="2" r="3" fill="#c8553d"/>'
    """
    colour = family_colour(family)
    corners = FIGURE_POINTS.get(FAMILY_SHAPES.get(family, "circle"))
    if corners is None:
        return f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}" fill="{colour}"/>'
    points = " ".join(f"{x + radius * dx:.1f},{y + radius * dy:.1f}" for dx, dy in corners)
    return f'<polygon points="{points}" fill="{colour}"/>'


def family_mark(family: str) -> str:
    """Return the mark of a family as a small drawing to stand beside its name."""
    shape = shape_svg(family, x=8, y=8, radius=6)
    return f'<svg class="mark" viewBox="0 0 16 16" aria-hidden="true">{shape}</svg>'


def mark_path(family: str, *, radius: float) -> str:
    """Return the outline of a family's mark as relative path commands from its centre.

    Many marks can so be one short path: ``M<x> <y>`` and this, for each.

    Examples
    --------
    >>> mark_path("ess", radius=3)
    'm-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0z'
    """
    corners = FIGURE_POINTS.get(FAMILY_SHAPES.get(family, "circle"))
    if corners is None:
        size, back = f"{radius:g}", f"{2 * radius:g}"
        return f"m-{size} 0a{size} {size} 0 1 0 {back} 0a{size} {size} 0 1 0-{back} 0z"
    points = [(round(radius * dx, 1), round(radius * dy, 1)) for dx, dy in corners]
    steps = [(after[0] - before[0], after[1] - before[1]) for before, after in pairwise(points)]
    lines = "".join(f"l{dx:.1f} {dy:.1f}" for dx, dy in steps)
    return f"m{points[0][0]:g} {points[0][1]:g}{lines}z"


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, from 1 to 21.

    References
    ----------
    .. [1] W3C (2018). Web Content Accessibility Guidelines 2.1, "contrast ratio".

    Examples
    --------
    >>> contrast("#000000", "#ffffff")
    21.0
    """
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return round((lighter + 0.05) / (darker + 0.05), 2)


def _luminance(colour: str) -> float:
    """Return the relative luminance of a colour ``#rrggbb``."""
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    low_end = 0.04045
    linear = [
        part / 12.92 if part <= low_end else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
