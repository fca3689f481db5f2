"""What firms do, as processes of industry, by their names and activities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from toolkit.knowledge.industry import industry, named_processes
from toolkit.knowledge.profiles import NEED, OFFER, prefixes_of
from toolkit.knowledge.suggestion import suggest_texts

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    Floats = npt.NDArray[np.float64]

UNLIKELY: Final = 0.5
"""Weight of a process that a name tells but the activity of the firm does not bear out, beside one
that it does (own rule)."""
LESS_LIKELY: Final = 0.5
"""Weight of an activity to which a process may belong, beside the likeliest (own rule)."""
GUESSED: Final = 0.6
"""Weight of an activity suggested by a name, before its confidence (own rule)."""
WIDE: Final = 0.5
"""Weight of a process of a whole division, where only an activity is known (own rule)."""
_DIVISION: Final = 2
_LEAST: Final = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Firms:
    """What firms are: weights by process and by activity code, and what they offer and need."""

    ids: tuple[str, ...]
    processes: Floats
    activities: tuple[Mapping[str, float], ...]
    offers: Floats
    needs: Floats


def find_processes(name: str, activity: str = "") -> dict[str, float]:
    """Return the processes that a firm may run, by its name and its activity.

    Parameters
    ----------
    name : str
        What the firm is called, in French or English.
    activity : str, default ""
        Code of either NAF, where it is known.

    Returns
    -------
    dict of str to float
        How far each is to be expected, in (0, 1]; the likeliest first.

    Examples
    --------
    >>> find_processes("Établissements Martin", "23.51Z")
    {'cement': 1.0, 'building_materials': 0.5}
    """
    found = _processes_of(named_processes(name), {activity: 1.0} if activity else {})
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def understand(firms: pd.DataFrame) -> Firms:
    """Return what firms are; a name that tells no process is asked for its activity instead."""
    names = [name if isinstance(name, str) else "" for name in firms["name"]]
    given = firms["activity"] if "activity" in firms.columns else [""] * len(names)
    activities = [code if isinstance(code, str) else "" for code in given]
    named = [named_processes(name) for name in names]
    own = _own_activities(names, activities, named=named)
    found = [_processes_of(one, codes) for one, codes in zip(named, own, strict=True)]
    all_processes = industry().processes
    rows = [[one.get(process, 0.0) for process in all_processes] for one in found]
    processes = np.array(rows, dtype="float64").reshape(len(names), len(all_processes))
    codes = [_activities_of(one, held) for one, held in zip(found, own, strict=True)]
    offers, needs = (_flows(processes, codes, side=side) for side in (OFFER, NEED))
    return Firms(tuple(firms["actor_id"]), processes, tuple(codes), offers, needs)


def _own_activities(
    names: Sequence[str], activities: Sequence[str], *, named: Sequence[Mapping[str, float]]
) -> list[dict[str, float]]:
    """Return the activity of each firm; those that its name suggests if nothing else is known."""
    own = [{code: 1.0} if code else {} for code in activities]
    lost = [number for number, held in enumerate(own) if not held and not named[number]]
    for number, suggestions in zip(lost, suggest_texts([names[one] for one in lost]), strict=True):
        for one in suggestions:
            weight = GUESSED * one.confidence**0.5
            own[number][one.code] = max(own[number].get(one.code, 0.0), weight)
    return own


def _processes_of(named: Mapping[str, float], activities: Mapping[str, float]) -> dict[str, float]:
    """Return processes by the name, and by the activity where the name tells none that fits it.

    An activity to which several processes belong speaks for each of them less: the square root of
    their number divides.
    """
    known = industry().activities
    found = {one: share**0.5 for one, share in named.items()}
    if not activities:
        return found
    fitting = {one: _fit(known[one], activities) for one in known}
    found = {one: weight * (1.0 if fitting[one] > 0 else UNLIKELY) for one, weight in found.items()}
    if any(fitting[one] > 0 for one in found):
        return found
    most = max(fitting.values())
    rivals = sum(fit == most for fit in fitting.values())
    return found | {one: fit / rivals**0.5 for one, fit in fitting.items() if fit > 0}


def _fit(codes: Sequence[str], activities: Mapping[str, float]) -> float:
    """Return how far activities speak for a process that may belong to some codes."""
    return max(
        (
            weight
            * (1.0 if number == 0 else LESS_LIKELY)
            * (1.0 if len(code) > _DIVISION else WIDE)
            for activity, weight in activities.items()
            for number, code in enumerate(codes)
            if code in prefixes_of(activity) or code.startswith(activity)
        ),
        default=0.0,
    )


def _activities_of(processes: Mapping[str, float], own: Mapping[str, float]) -> dict[str, float]:
    """Return activity codes of a firm: its own, or else those of its processes."""
    found = dict(own)
    if not own:
        for process, weight in processes.items():
            for code in industry().activities[process]:
                found[code] = max(found.get(code, 0.0), weight)
    return found


def _flows(processes: Floats, codes: Sequence[Mapping[str, float]], *, side: str) -> Floats:
    """Return what firms offer or need, by flow: the strongest of their processes and activities."""
    known = industry()
    table = known.offers if side == OFFER else known.needs
    held = np.zeros((len(processes), table.shape[1]))
    for number, row in enumerate(processes):
        ran = np.flatnonzero(row)
        if ran.size:
            held[number] = (row[ran, None] * table[ran]).max(axis=0)
        for activity, expected in codes[number].items():
            prefixes = prefixes_of(activity)
            for code, flow, weight in known.by_activity[side]:
                if code in prefixes:
                    held[number, flow] = max(held[number, flow], expected * weight)
    return held


def likeness(here: Firms, there: Firms) -> Floats:
    """Return how like firms are, in [0, 1]: by their processes, and by what they offer and need."""
    flows = [np.hstack([one.offers, one.needs]) for one in (here, there)]
    ran = [one.processes for one in (here, there)]
    by_flow, by_process = (_unit(one) @ _unit(two).T for one, two in (flows, ran))
    mean: Floats = (by_flow + by_process) / 2.0
    return mean


def _unit(rows: Floats) -> Floats:
    unit: Floats = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), _LEAST)
    return unit


def process_or_activity(here: Firms, number: int) -> str:
    """Return as what a firm was understood: its likeliest process, else its activity."""
    if here.processes[number].any():
        return industry().processes[int(np.argmax(here.processes[number]))]
    codes = here.activities[number]
    return max(codes, key=lambda code: (codes[code], code), default="")
