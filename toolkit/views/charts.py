"""Small charts as HTML: words keep their size on any screen, and figures stand beside bars."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from toolkit.views.palette import family_colour, family_mark


def bars(rows: Sequence[tuple[str, float, str]], *, families: Sequence[str] = ()) -> str:
    """Return a list of bars, the longest as wide as its place.

    Parameters
    ----------
    rows : sequence of (label, value, value as text)
        One bar each, values >= 0, in the order shown.
    families : sequence of str, optional
        Family of each row, for its colour and shape.

    Returns
    -------
    str
        A ``ul`` element of class ``bars``.

    Examples
    --------
    >>> bars([("Leak", 3, "3")])
    '<ul class="bars"><li><span>Leak</span><b>3</b><i class="m" style="--v:100%"></i></li></ul>'
    """
    top = max((value for _, value, _ in rows), default=0.0) or 1.0
    parts = ['<ul class="bars">']
    for place, (label, value, said) in enumerate(rows):
        family = families[place] if place < len(families) else ""
        mark = f"{family_mark(family)} " if family else ""
        bar = meter(value / top, colour=family_colour(family) if family else "")
        parts.append(f"<li><span>{mark}{escape(label)}</span><b>{escape(said)}</b>{bar}</li>")
    return "".join([*parts, "</ul>"])


def meter(share: float, *, kind: str = "", colour: str = "") -> str:
    """Return a share in [0, 1] as a small bar; the figure itself stands beside it.

    Parameters
    ----------
    share : float
        How much of the bar is filled.
    kind : str, default ""
        Another class for its colour.
    colour : str, default ""
        Its colour, where no class gives one.

    Examples
    --------
    >>> meter(0.5)
    '<i class="m" style="--v:50%"></i>'
    """
    filled = round(100 * min(max(share, 0.0), 1.0))
    classes = f"m {kind}" if kind else "m"
    own = f";--c:{colour}" if colour else ""
    return f'<i class="{classes}" style="--v:{filled}%{own}"></i>'
