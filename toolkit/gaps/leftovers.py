"""From what the balance leaves over to gaps: one rule for unmet needs and for unused resources."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from toolkit import vocabulary as v
from toolkit.gaps import quantities, table
from toolkit.gaps.transport import RELATIVE_ZERO

if TYPE_CHECKING:
    import pandas as pd

    from toolkit.territory import Territory

UNSIZED: Final = "unsized"
"""Qualifier of the gaps of rows that are counted because their size is unknown."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the balance: the kind of its gaps, and the names of both ends."""

    kind: str
    end: str
    table: str
    other_end: str
    other_table: str


NEEDS: Final = Side(v.UNMET_NEED, "need", v.NEEDS, "resource", v.RESOURCES)
RESOURCES: Final = Side(v.UNUSED_RESOURCE, "resource", v.RESOURCES, "need", v.NEEDS)


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """People, jobs (0 where unknown) and quantities over which severity is a share.

    ``asked`` is, by root category, how far the other side was asked too: that nobody serves a need,
    or takes a resource, says little where few were asked.
    """

    population: Mapping[str, float]
    jobs: Mapping[str, float]
    stake: table.Wholes
    asked: Mapping[str, float]

    @classmethod
    def of(cls, territory: Territory, rows: pd.DataFrame, *, others: pd.DataFrame) -> Scale:
        """Return population by commune, jobs by actor, and totals of the rows of a side."""
        asked = both_sides(rows["category"], others["category"])
        rows = rows[rows["base"] != 0]
        roots = quantities.by_code(rows["category"], quantities.root_of)
        keys = zip(roots.tolist(), _measures(rows).tolist(), strict=True)
        communes, actors = territory.table(v.COMMUNES), territory.table(v.ACTORS)
        return cls(
            dict(zip(communes["commune_id"], communes["population"].fillna(0.0), strict=True)),
            dict(zip(actors["actor_id"], actors["jobs"].fillna(0.0), strict=True)),
            table.Wholes.of(keys, rows["base"].fillna(1.0).tolist()),
            asked,
        )


def both_sides(own: pd.Series, others: pd.Series) -> dict[str, float]:
    """Return, by root category, min(1, (rows of the other side + 1) / (own rows + 1)).

    Examples
    --------
    >>> import pandas as pd
    >>> both_sides(pd.Series(["land.pasture"] * 3), pd.Series(["land.forest"]))
    {'land': 0.5}
    """
    counts, other_counts = (
        quantities.by_code(side, quantities.root_of).value_counts() for side in (own, others)
    )
    return {
        str(root): min(1.0, (float(other_counts.get(root, 0)) + 1.0) / (float(count) + 1.0))
        for root, count in counts.sort_index().items()
    }


def measured(
    rows: pd.DataFrame, matches: pd.DataFrame, *, side: Side, scale: Scale
) -> list[table.Gap]:
    """Return the gaps of rows of known size.

    Parameters
    ----------
    rows : DataFrame
        One side of the balance, columns ``SIDE_COLUMNS``; rows without amount are left out.
    matches : DataFrame
        What :func:`toolkit.gaps.balance.match` returns.
    side : Side
        ``NEEDS`` or ``RESOURCES``.
    scale : Scale
        What severity is a share of.

    Returns
    -------
    list of Gap
        One a category and measure with something left.  The evidence adds up: all rows of the
        category, minus the matches, is the shortfall.
    """
    amounts = in_unit(matches, side.end).tolist()
    met: dict[str, list[float]] = {}
    for row_id, amount in zip(matches[f"row_id_{side.end}"].tolist(), amounts, strict=True):
        met.setdefault(row_id, []).append(amount)
    served = [
        (str(category), str(measure), table.Fact("match", side.other_table, *fact))
        for category, measure, *fact in zip(
            matches[f"category_{side.end}"].tolist(),
            matches[f"measure_{side.end}"].tolist(),
            matches[f"row_id_{side.other_end}"].tolist(),
            amounts,
            matches[f"unit_{side.end}"].tolist(),
            matches[f"basis_{side.other_end}"].tolist(),
            matches[f"source_id_{side.other_end}"].tolist(),
            strict=True,
        )
    ]
    lacks = []
    for row in table.lines(rows[rows["base"] > 0]):
        left = row.amount - math.fsum(met.get(row.row_id, ()))
        lacks.append(_Lack(row, left if left > RELATIVE_ZERO * row.amount else 0.0))
    return _gaps(lacks, served, side=side, scale=scale)


def unsized(rows: pd.DataFrame, partner: pd.Series, *, side: Side, scale: Scale) -> list[table.Gap]:
    """Return the gaps of rows of unknown size, which are counted.

    Parameters
    ----------
    rows : DataFrame
        One side of the balance, columns ``SIDE_COLUMNS``, rows without amount only.
    partner : Series of bool
        Whether each row has a compatible row of the other side within its radius.
    side : Side
        ``NEEDS`` or ``RESOURCES``.
    scale : Scale
        What severity is a share of.

    Returns
    -------
    list of Gap
        One a category in which some rows have no partner at all; ``expected`` counts all its rows
        of unknown size, the unit is empty.  This is the least that can be said: a partner may turn
        out to be too small.
    """
    counted = rows.assign(amount=1.0, base=1.0, unit="", measure=UNSIZED)
    lacks = [
        _Lack(row, 0.0 if served else 1.0)
        for row, served in zip(table.lines(counted), partner, strict=True)
    ]
    return _gaps(lacks, [], side=side, scale=scale)


def _measures(rows: pd.DataFrame) -> pd.Series:
    """Return the measure of each row; rows of unknown size are a measure of their own."""
    return rows["measure"].where(rows["base"].notna(), UNSIZED)


def in_unit(matches: pd.DataFrame, end: str) -> pd.Series:
    """Return the matched amounts in the unit in which one side is shown."""
    part = matches["base"] / matches[f"base_{end}"]
    return (part * matches[f"amount_{end}"]).astype("float64")


@dataclass(frozen=True, slots=True)
class _Lack:
    """A row of a side, and what is left of it."""

    row: Any
    left: float

    @property
    def key(self) -> tuple[str, str]:
        """Category and measure."""
        return self.row.category, self.row.measure

    @property
    def scale(self) -> tuple[str, str]:
        """Root category and measure: what the row is a part of on the territory."""
        return quantities.root_of(self.row.category), self.row.measure

    @property
    def part(self) -> float:
        """Share of the row that is left."""
        return float(self.left / self.row.amount)


def _gaps(
    lacks: list[_Lack],
    served: Iterable[tuple[str, str, table.Fact]],
    *,
    side: Side,
    scale: Scale,
) -> list[table.Gap]:
    """Return one gap a category and measure in which something is left."""
    matched: dict[tuple[str, str], list[table.Fact]] = {}
    for category, measure, fact in served:
        matched.setdefault((category, measure), []).append(fact)
    lacks = sorted(lacks, key=lambda lack: (*lack.key, lack.row.row_id))
    gaps = []
    for key, group in itertools.groupby(lacks, key=lambda lack: lack.key):
        own = list(group)
        if any(lack.left for lack in own):
            gaps.append(_gap(own, matched.get(key, []), side=side, scale=scale))
    return gaps


def _gap(
    own: list[_Lack],
    matched: list[table.Fact],
    *,
    side: Side,
    scale: Scale,
) -> table.Gap:
    """Return the gap of one category and measure."""
    category, measure = own[0].key
    unit = own[0].row.unit
    name = f"{category}:{UNSIZED}" if measure == UNSIZED else quantities.subject(category, measure)
    lacking = [lack for lack in own if lack.left]
    concerned = _concerned(lacking, scale=scale)
    expected = math.fsum(lack.row.amount for lack in own)
    all_left = all(lack.left == lack.row.amount for lack in own)
    rows = table.facts(
        [lack.row for lack in own],
        role=side.end,
        table=side.table,
        quantities=[lack.row.amount for lack in own],
        unit=unit,
    )
    return table.Gap(
        gap_id=f"{side.kind}:{name}",
        kind=side.kind,
        category=category,
        expected=expected,
        observed=0.0 if all_left else expected - math.fsum(lack.left for lack in own),
        unit=unit,
        evidence=[*rows, *matched],
        probability=scale.asked[quantities.root_of(category)],
        **concerned,
    )


def _concerned(lacking: list[_Lack], *, scale: Scale) -> dict[str, Any]:
    """Return who and where is concerned by what is left, and how severe that is."""
    of_actors = _largest((lack.row.actor_id, lack.part) for lack in lacking)
    of_communes = _largest(
        (lack.row.place_id, lack.part) for lack in lacking if not lack.row.actor_id
    )
    people = {place: scale.population.get(place, 0.0) for place in of_communes}
    places = {lack.row.commune_id for lack in lacking}
    left = math.fsum(lack.part * lack.row.base for lack in lacking)
    touched = math.fsum(part * people[place] for place, part in of_communes.items())
    return {
        "severity": table.largest_share(
            scale.stake.share(left, lacking[0].scale),
            table.share(math.fsum(of_actors.values()), len(scale.jobs)),
            table.share(touched, math.fsum(scale.population.values())),
        ),
        "commune_id": places.pop() if len(places) == 1 else "",
        "actor_ids": tuple(of_actors),
        "people_affected": _people(people.values(), [scale.jobs[actor] for actor in of_actors]),
    }


def _largest(parts: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Return the largest part of each id; what has no id is left out."""
    largest: dict[str, float] = {}
    for name, part in parts:
        if name:
            largest[name] = max(part, largest.get(name, 0.0))
    return largest


def _people(population: Iterable[float], jobs: Iterable[float]) -> float:
    """Return the people concerned: those of the communes in need, else the jobs of the actors.

    The two are never added: an actor's employees may live in the commune.
    """
    for counted in (math.fsum(population), math.fsum(jobs)):
        if counted > 0:
            return counted
    return math.nan
