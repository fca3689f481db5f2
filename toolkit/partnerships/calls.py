"""What an opening is: a call with roles to fill, and for each role the actors that can fill it."""

from __future__ import annotations

from dataclasses import dataclass

from toolkit.partnerships.roles import Fit


@dataclass(frozen=True, slots=True)
class Slot:
    """One role of an opening.

    Attributes
    ----------
    role : str
        Code of ``vocabulary.MEMBER_ROLES``.
    required : bool
        Whether a candidate must fill it.
    group : int
        Slots of the same group are interchangeable (three users of one need).
    fits : tuple of Fit
        Who can fill it, one an actor, sorted by actor.
    """

    role: str
    required: bool
    group: int
    fits: tuple[Fit, ...]


@dataclass(frozen=True, slots=True)
class Opening:
    """A call to cooperate.

    Attributes
    ----------
    opening_id : str
        Stable over runs: the gap's id, or ``pooling:<category>`` and the like.
    severity, confidence : float
        Of the gap; for an opening without a gap, the share of actors concerned and the share of the
        facts that are observed or recorded.
    shortfall : float
        What lacks, in ``unit`` per year; NaN where it is unknown.
    one_sided : bool
        Whether what members bring together counts by itself (pooling), without a taker.
    """

    opening_id: str
    kind: str
    gap_ids: tuple[str, ...]
    category: str
    objectives: tuple[str, ...]
    severity: float
    confidence: float
    shortfall: float
    unit: str
    slots: tuple[Slot, ...]
    one_sided: bool


def slots_of(*wanted: tuple[str, bool, tuple[Fit, ...]]) -> tuple[Slot, ...]:
    """Return slots from (role, required, fits); neighbours with one role and one pool are a group.

    Optional roles that nobody can fill are left out; required ones stay, empty.
    """
    made: list[Slot] = []
    for role, required, fits in wanted:
        if not fits and not required:
            continue
        same = bool(made) and made[-1].role == role and made[-1].fits is fits
        group = made[-1].group if same else len(made)
        made.append(Slot(role, required, group, fits))
    return tuple(made)
