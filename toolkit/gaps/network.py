"""Isolated actors, structural holes and the place of every actor in the network of ties."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from toolkit import vocabulary as v
from toolkit.gaps import brokers, graph, holes, table

if TYPE_CHECKING:
    from toolkit.settings import Settings
    from toolkit.territory import Territory

ALL: Final = "all"
"""Subject of the one gap of a territory where no tie is recorded at all."""


def find(territory: Territory, *, settings: Settings) -> table.Found:
    """Return isolated actors, structural holes and the measures of the network.

    Parameters
    ----------
    territory : Territory
        Tables used: actors, flows, cooperations, members.
    settings : Settings
        Used: ``hole_p_value``, ``permutations``, ``seed``.

    Returns
    -------
    Found
        Gaps of kinds ``isolated_actor`` and ``structural_hole``; the detail is the frame
        ``NETWORK_COLUMNS``, one row an actor; more are ``brokers`` (who stands between two others)
        and ``mixing`` (how far groups keep to themselves), see :mod:`toolkit.gaps.brokers`.
    """
    actors = described(territory.table(v.ACTORS))
    ties = graph.ties_of(territory)
    measured = graph.measures(ties, seed=settings.seed)
    gaps = isolated(actors, measured)
    for subject in ("family", "sector"):
        gaps += holes.between(actors, ties, subject=subject, settings=settings)
    more = {
        "brokers": brokers.brokers(actors, ties),
        "mixing": brokers.mixing(actors, ties, settings=settings),
    }
    return table.Found(tuple(gaps), measured, more)


def described(actors: pd.DataFrame) -> pd.DataFrame:
    """Return actors by id with their first sector (``unknown`` where there is none)."""
    frame = pd.DataFrame(actors[["actor_id", "family", "basis", "source_id"]])
    sectors = [next(iter(v.split_list(cell)), brokers.UNKNOWN) for cell in actors["sectors"]]
    described = frame.assign(
        row_id=frame["actor_id"],
        sector=pd.Series(sectors, index=frame.index, dtype="str"),
        source_id=frame["source_id"].fillna("").astype("str"),
    )
    return described.sort_values("actor_id", ignore_index=True)


def isolated(actors: pd.DataFrame, measured: pd.DataFrame) -> list[table.Gap]:
    """Return the actors without tie or outside the main component, one gap a sector.

    Parameters
    ----------
    actors : DataFrame
        What :func:`described` returns.
    measured : DataFrame
        Columns ``actor_id``, ``degree`` and ``component``, in the same order.

    Returns
    -------
    list of Gap
        ``isolated_actor:<sector>``; ``expected`` counts the actors of the sector, ``observed``
        those of the main component; severity is over all actors of the territory.  Where no tie at
        all is recorded there is one gap, ``isolated_actor:all``.

    Notes
    -----
    That no tie of an actor is known says the less, the fewer ties are known at all: confidence is
    the usual share of the evidence times the share of all actors that have a tie.  It is 0 where
    none is recorded.
    """
    tied = (measured["degree"] > 0).to_numpy()
    alone = ~tied | (measured["component"] > 0).to_numpy()
    groups = actors["sector"] if tied.any() else pd.Series(ALL, index=actors.index, dtype="str")
    gaps = []
    for sector, own in actors.groupby(groups, sort=True):
        lonely = own[alone[own.index]]
        if lonely.empty:
            continue
        gaps.append(
            table.Gap(
                gap_id=f"{v.ISOLATED_ACTOR}:{sector}",
                kind=v.ISOLATED_ACTOR,
                expected=float(len(own)),
                observed=float(len(own) - len(lonely)),
                unit="",
                severity=table.share(len(lonely), len(actors)),
                evidence=table.facts(
                    table.lines(lonely[["row_id", "basis", "source_id"]]),
                    role="actor",
                    table=v.ACTORS,
                    quantities=[1.0] * len(lonely),
                ),
                actor_ids=tuple(lonely["actor_id"]),
                probability=float(np.mean(tied)),
            )
        )
    return gaps
