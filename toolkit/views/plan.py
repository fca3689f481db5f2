"""The map as a still drawing (SVG), for paper and for whoever reads without scripts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import product
from typing import Any, Final

from toolkit.views.palette import (
    ACCENT,
    BORDER,
    GAP_STEPS,
    INK,
    LAND,
    family_colour,
    mark_path,
    shape_svg,
)

_WIDTH: Final = 900.0
_HEIGHT_MAX: Final = 900.0
_MARGIN: Final = 12.0
_KM_PER_DEGREE: Final = 111.32
_LETTER: Final = 6.8
_LINE: Final = 15.0
_SHORT: Final = 24
_RADIUS: Final = 3.6
_SCALE_STEPS: Final = (1, 2, 5, 10, 20, 50, 100, 200)


class _Frame:
    """Degrees to drawing units: plate carrée at the middle latitude, true enough for this."""

    def __init__(self, box: Sequence[Sequence[float]]) -> None:
        (south, west), (north, east) = box
        self.shrink = math.cos(math.radians((south + north) / 2))
        wide, high = max((east - west) * self.shrink, 1e-9), max(north - south, 1e-9)
        self.scale = min((_WIDTH - 2 * _MARGIN) / wide, (_HEIGHT_MAX - 2 * _MARGIN) / high)
        self.west, self.north = west, north
        self.left = (_WIDTH - wide * self.scale) / 2
        self.height = high * self.scale + 2 * _MARGIN + 30

    def at(self, point: Sequence[float]) -> tuple[float, float]:
        """Return a point ``[longitude, latitude]`` in drawing units."""
        x = self.left + (point[0] - self.west) * self.shrink * self.scale
        return x, _MARGIN + (self.north - point[1]) * self.scale

    @property
    def units_per_km(self) -> float:
        """Length of a kilometre in drawing units."""
        return self.scale / _KM_PER_DEGREE


def still_map(data: Mapping[str, Any], *, title: str) -> str:
    """Return the map of a diagnosis as one SVG element.

    Communes (darker where more services are out of reach), actors by the shape and colour of their
    family (an outline where the address is not known), selected candidates as stars around their
    meeting place, and a scale.

    Parameters
    ----------
    data : Mapping
        What :func:`toolkit.views.layers.map_data` returns.
    title : str
        What it shows, for those who do not see it.
    """
    frame = _Frame(data["bounds"])
    head = f'viewBox="0 0 {_WIDTH:g} {frame.height:.0f}" role="img"'
    parts = [
        f'<svg class="still" {head} aria-label="{escape(title)}" font-size="11" fill="{INK}">',
        *_communes(data["communes"], frame),
        *_actors(data["actors"], frame),
        *_stars(data, frame),
        *_names(data["communes"], frame),
        *_scale(frame),
        "</svg>",
    ]
    return "".join(parts)


def _communes(communes: Mapping[str, Any], frame: _Frame) -> Iterator[str]:
    most = max((len(far) for far in communes["far"]), default=0)
    for rings, far in zip(communes["rings"], communes["far"], strict=True):
        path = "".join(
            "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in map(frame.at, ring)) + "Z"
            for ring in rings
        )
        step = math.ceil(len(far) / most * len(GAP_STEPS)) - 1 if far else -1
        fill = GAP_STEPS[step] if step >= 0 else LAND
        yield (
            f'<path d="{path}" fill="{fill}" fill-opacity="{0.6 if far else 1}" '
            f'fill-rule="evenodd" stroke="{BORDER}" stroke-width="0.8"/>'
        )


def _actors(actors: Mapping[str, Any], frame: _Frame) -> Iterator[str]:
    """Yield the marks: one path a family, or one mark a count where actors are counted."""
    exact = actors.get("exact", [1] * len(actors["x"]))
    rows = zip(actors["x"], actors["y"], actors["family"], exact, strict=True)
    placed = [(*frame.at((x, y)), family, sure) for x, y, family, sure in rows]
    if "count" in actors:
        for (x, y, family, _), count in zip(placed, actors["count"], strict=True):
            radius = min(16.0, _RADIUS + 0.6 * (count - 1) ** 0.5)
            yield shape_svg(actors["families"][family], x=round(x, 1), y=round(y, 1), radius=radius)
        return
    # Those whose address is not known come first, as outlines, and hide none of the others.
    for sure, (number, family) in product((0, 1), enumerate(actors["families"])):
        # Actors within one unit of each other are one mark on paper.
        spots = {(round(x), round(y)) for x, y, *kind in placed if kind == [number, sure]}
        if spots:
            outline = mark_path(family, radius=_RADIUS)
            path = "".join(f"M{x} {y}{outline}" for x, y in sorted(spots))
            colour = family_colour(family)
            fill, edge = (colour, "#fff") if sure else ("#fff", colour)
            width = 0.5 if sure else 1
            yield f'<path d="{path}" fill="{fill}" stroke="{edge}" stroke-width="{width}"/>'


def _stars(data: Mapping[str, Any], frame: _Frame) -> Iterator[str]:
    ends = data["ends"]

    def at(number: int) -> tuple[float, float]:
        return frame.at((ends["x"][number], ends["y"][number]))

    for one in data["candidates"]:
        if not one["selected"]:
            continue
        x, y = at(one["at"])
        rays = "".join(f"M{x:.1f} {y:.1f}L{px:.1f} {py:.1f}" for px, py in map(at, one["members"]))
        yield f'<path d="{rays}" stroke="{ACCENT}" stroke-width="1.8" fill="none"/>'
        yield (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="9" fill="#fff" '
            f'stroke="{ACCENT}" stroke-width="2"/>'
            f'<text x="{x:.1f}" y="{y + 4:.1f}" text-anchor="middle" font-weight="700">'
            f"{one['rank']}</text>"
        )


def _names(communes: Mapping[str, Any], frame: _Frame) -> Iterator[str]:
    """Yield the names of communes, the largest first, that no name drawn before would touch."""
    drawn: list[tuple[float, float, float]] = []
    for place in communes["order"]:
        name = communes["name"][place]
        x, y = frame.at((communes["x"][place], communes["y"][place]))
        short = name if len(name) <= _SHORT else name[: _SHORT - 1] + "…"
        half = _LETTER * len(short) / 2
        if any(abs(x - ox) < half + other and abs(y - oy) < _LINE for ox, oy, other in drawn):
            continue
        drawn.append((x, y, half))
        yield (
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle" paint-order="stroke" '
            f'stroke="#fff" stroke-width="3" font-size="12" font-weight="600">'
            f"{escape(short)}</text>"
        )


def _scale(frame: _Frame) -> Iterator[str]:
    """Yield a bar of a round number of kilometres."""
    km = max((step for step in _SCALE_STEPS if step * frame.units_per_km <= _WIDTH / 4), default=1)
    length = km * frame.units_per_km
    y = frame.height - 12
    yield (
        f'<path d="M{_MARGIN:g} {y - 5:.1f}v5h{length:.1f}v-5" fill="none" '
        f'stroke="{INK}" stroke-width="1.5"/>'
        f'<text x="{_MARGIN + length + 8:.1f}" y="{y:.1f}" font-size="13">{km} km</text>'
    )
