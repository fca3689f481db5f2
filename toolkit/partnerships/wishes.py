"""What the officer wishes of all candidates, and why an opening has none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from toolkit.partnerships.search import NODE_BUDGET

ALL: Final = ""
"""``opening_id`` of an :class:`Empty` that speaks of all openings at once."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """Who must and who may not take part, which types are looked for, and how long.

    Attributes
    ----------
    must : tuple of str
        Actors that every candidate holds.  Openings in which they cannot take part together are
        left out.
    without : tuple of str
        Actors that no candidate holds.
    types : tuple of str
        Types looked for, ``any`` and own rules included; those of the settings where it is empty.
    nodes : int
        Nodes looked into for one opening before the search stops and says how far it may be off.
        There is no budget of time: the same rows would give other answers on another machine.

    Examples
    --------
    >>> Wishes(must=["A1"], without=["A2", "A2"])
    Wishes(must=('A1',), without=('A2',), types=(), nodes=50000)
    """

    must: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    nodes: int = NODE_BUDGET

    def __post_init__(self) -> None:
        """Take any sequence of ids, each once."""
        for name in ("must", "without", "types"):
            object.__setattr__(self, name, tuple(dict.fromkeys(getattr(self, name))))


@dataclass(frozen=True, slots=True)
class Empty:
    """Which rule leaves an opening without a candidate, and what would have to give.

    Attributes
    ----------
    opening_id : str
        The opening; empty where it speaks of all of them.
    rule : str
        - ``no_opening``: no gap, and nothing else, calls anybody;
        - ``nobody_for_role``: no actor can fill ``role``, which is required;
        - ``without``: those who could fill ``role`` (``actor_ids``) are excluded;
        - ``max_members``: more roles are required than a group may have members;
        - ``no_team``: nobody is left for one of the required roles beside the others;
        - ``type_rule``: no group has a type looked for (``families``: those that a type asks for
          and that no actor of the opening has);
        - ``too_far``: no meeting place is within the radius of any group;
        - ``not_diffusible``, ``not_located``, ``no_role``, ``must``: the imposed actors
          (``actor_ids``) may not be proposed, lie nowhere, fill no role, or are not together in
          any group.
    role : str
        The role that nobody can fill.
    actor_ids : tuple of str
        Actors concerned.
    families : tuple of str
        Families that lack.
    gives : tuple of str
        What would have to change: ``data``, ``must``, ``without``, names of settings (all of them
        together).
    value : float
        The least radius (km) or number of members that gives a candidate, where that is what would
        have to change; NaN where none is known.
    """

    opening_id: str
    rule: str
    role: str = ""
    actor_ids: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    value: float = float("nan")
