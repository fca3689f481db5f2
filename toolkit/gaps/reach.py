"""Where people live, and how long it takes from there to services.

People live at the population cells of their commune where some are known, else at its
representative point.  Travel time is straight distance x detour factor / speed, unless a table of
travel times is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from toolkit import crs
from toolkit.errors import DataError, Problem
from toolkit.gaps import catchment

if TYPE_CHECKING:
    from toolkit.settings import Settings

Floats = NDArray[np.float64]

ORIGIN_COLUMNS: Final = ("origin_id", "commune_id", "people", "x_m", "y_m")
_HOUR_MIN: Final = 60.0


# --- where people live ------------------------------------------------------------------------
def origins(communes: pd.DataFrame, *, cells: pd.DataFrame, zone: crs.Zone) -> pd.DataFrame:
    """Return where people live, by commune and then by id.

    The cells of a commune replace its single point.  They say where its people live; how many they
    are is the population of the commune, where it is known: the people of its cells are multiplied
    to add up to it.  Cells without people say nothing, and the commune keeps its point.

    Parameters
    ----------
    communes : DataFrame
        Columns used: ``commune_id``, ``population`` (NaN where unknown), ``x_m`` and ``y_m``.
    cells : DataFrame
        Columns ``CELL_COLUMNS``, EPSG:4326; may have no rows.
    zone : Zone
        Metric projection of the territory.

    Returns
    -------
    DataFrame
        Columns ``ORIGIN_COLUMNS``; people are 0 where nothing is known of them.

    Raises
    ------
    DataError
        If a cell stands twice, bears the id of a commune, lies in no commune of the territory or
        nowhere, or its people are negative or unknown; all faults at once.
    """
    points = communes.assign(
        origin_id=communes["commune_id"], people=communes["population"].fillna(0.0)
    )
    faults = list(_cell_faults(cells, communes=set(communes["commune_id"])))
    if faults:
        raise DataError(faults)
    known = communes.set_index("commune_id")["population"].astype("float64")
    given = cells.sort_values("cell_id", ignore_index=True)
    summed = given.groupby("commune_id")["people"].sum()
    rate = (known.reindex(summed.index) / summed).fillna(1.0)
    given["people"] *= given["commune_id"].map(rate.where(summed > 0, 0.0)).astype("float64")
    given = given[given.groupby("commune_id")["people"].transform("sum") > 0]
    if len(given):
        spots = gpd.points_from_xy(given["longitude"], given["latitude"], crs=crs.STORAGE_EPSG)
        metric = crs.to_metric(gpd.GeoDataFrame(geometry=spots), zone).geometry
        placed = given.assign(
            origin_id=given["cell_id"], x_m=metric.x.to_numpy(), y_m=metric.y.to_numpy()
        )
        alone = ~points["commune_id"].isin(set(given["commune_id"]))
        points = pd.concat([points[alone], placed], ignore_index=True)
    made = points[list(ORIGIN_COLUMNS)].sort_values(["commune_id", "origin_id"], ignore_index=True)
    return made.astype({"people": "float64", "x_m": "float64", "y_m": "float64"})


def _cell_faults(cells: pd.DataFrame, *, communes: set[str]) -> Iterator[Problem]:
    """Yield what is wrong with population cells."""
    name, people = cells["cell_id"], cells["people"].to_numpy(dtype="float64")
    place = cells[["longitude", "latitude"]].to_numpy(dtype="float64")
    spot = cells["longitude"].astype("str") + ", " + cells["latitude"].astype("str")
    checks = (
        ("cell_twice", name.duplicated(), name),
        ("cell_is_commune", name.isin(communes), name),
        ("cell_commune", ~cells["commune_id"].isin(communes), cells["commune_id"]),
        ("cell_people", ~(np.isfinite(people) & (people >= 0)), cells["people"]),
        ("cell_place", ~np.isfinite(place).all(axis=1), spot),
    )
    for code, wrong, found in checks:
        for row, told in sorted(zip(name[wrong], found[wrong], strict=True)):
            yield Problem(code, table="cells", row=str(row), found=str(told))


# --- how long it takes ------------------------------------------------------------------------
class Roads:
    """How long it takes from origins to sites, along straight lines.

    Parameters
    ----------
    origins : DataFrame
        Columns ``ORIGIN_COLUMNS``.
    settings : Settings
        Used: ``detour_factor``, ``speed_km_h``.
    """

    def __init__(self, origins: pd.DataFrame, *, settings: Settings) -> None:
        self._here = _points(origins)
        self._rate = settings.detour_factor / 1000.0 / settings.speed_km_h * _HOUR_MIN

    def pairs(self, sites: pd.DataFrame, *, limit_min: float) -> catchment.Pairs:
        """Return the origins and sites within reach of each other.

        Parameters
        ----------
        sites : DataFrame
            Columns used: ``x_m`` and ``y_m``, metres.
        limit_min : float
            Reach in minutes, included.
        """
        return catchment.pairs_within(
            self._here, _points(sites), limit_min=limit_min, minutes_per_m=self._rate
        )

    def nearest(self, sites: pd.DataFrame) -> Floats:
        """Return the minutes from each origin to its nearest site; infinite if unknown."""
        return catchment.nearest_minutes(self._here, _points(sites), minutes_per_m=self._rate)


class GivenRoads(Roads):
    """How long it takes by a table of travel times; a pair that is not in it is out of reach.

    An origin has the rows under its own id, where there are any; a cell without rows of its own
    has those of its commune.  A site is where its actor is, where the table names the actor at all,
    else at its commune.  A commune reaches itself in no time unless the table says otherwise.

    Parameters
    ----------
    origins : DataFrame
        Columns ``ORIGIN_COLUMNS``.
    travel : DataFrame
        Columns ``TRAVEL_COLUMNS``, at least one row.
    communes, actors, cells : iterable of str
        Ids of the territory, and of all cells that are known.
    settings : Settings
        As for :class:`Roads`.

    Raises
    ------
    DataError
        If an id is unknown, a pair stands twice, or minutes are negative or not finite; all faults
        at once.
    """

    def __init__(
        self,
        origins: pd.DataFrame,
        *,
        travel: pd.DataFrame,
        communes: Iterable[str],
        actors: Iterable[str],
        cells: Iterable[str],
        settings: Settings,
    ) -> None:
        super().__init__(origins, settings=settings)
        places = sorted(set(communes))
        starting, ending = ({*places, *others} for others in (cells, actors))
        faults = list(_travel_faults(travel, starts=starting, ends=ending))
        if faults:
            raise DataError(faults)
        at_home = pd.DataFrame({"from_id": places, "to_id": places, "minutes": 0.0})
        rows = pd.concat([travel, at_home], ignore_index=True)
        rows = rows.drop_duplicates(["from_id", "to_id"], keep="first")
        starts, self._ends = pd.Index(rows["from_id"].unique()), pd.Index(rows["to_id"].unique())
        self._minutes = rows["minutes"].to_numpy(dtype="float64")
        # The place of each time is what is stored: a time of 0 is a value like any other.
        table = sparse.coo_array(
            (
                np.arange(len(rows)),
                (starts.get_indexer(rows["from_id"]), self._ends.get_indexer(rows["to_id"])),
            ),
            shape=(len(starts), len(self._ends)),
        ).tocsr()
        rows_of = _own_or(starts, origins["origin_id"], other=origins["commune_id"])
        self._table = table[rows_of]

    def pairs(self, sites: pd.DataFrame, *, limit_min: float) -> catchment.Pairs:
        """Return the origins and sites within reach of each other.

        Parameters
        ----------
        sites : DataFrame
            Columns used: ``actor_id`` (empty for a commune) and ``commune_id``.
        limit_min : float
            Reach in minutes, included.
        """
        there = self._there(sites)
        named = np.flatnonzero(there >= 0)
        part = self._table[:, there[named]].tocoo()
        minutes = self._minutes[part.data]
        kept = minutes <= limit_min
        shape = (self._table.shape[0], len(sites))
        return catchment.listed(
            part.row[kept], named[part.col[kept]], minutes=minutes[kept], shape=shape
        )

    def nearest(self, sites: pd.DataFrame) -> Floats:
        """Return the minutes from each origin to its nearest site; infinite if out of reach."""
        return self.pairs(sites, limit_min=np.inf).nearest()

    def _there(self, sites: pd.DataFrame) -> NDArray[np.intp]:
        """Return the column of each site, -1 where the table names neither actor nor commune."""
        return _own_or(self._ends, sites["actor_id"], other=sites["commune_id"])


def _own_or(index: pd.Index, own: pd.Series, *, other: pd.Series) -> NDArray[np.intp]:
    """Return the place of the own id, else that of the other; -1 where neither is there."""
    first, second = (index.get_indexer(pd.Index(ids)) for ids in (own, other))
    return np.where(first >= 0, first, second)


def _points(frame: pd.DataFrame) -> Floats:
    return frame[["x_m", "y_m"]].to_numpy(dtype="float64")


def _travel_faults(travel: pd.DataFrame, *, starts: set[str], ends: set[str]) -> Iterator[Problem]:
    """Yield what is wrong with a table of travel times."""
    minutes = travel["minutes"].to_numpy(dtype="float64")
    for code, ids, known in (
        ("travel_from", travel["from_id"], starts),
        ("travel_to", travel["to_id"], ends),
    ):
        for name in sorted(set(ids) - known):
            yield Problem(code, table="travel", row=name, found=name)
    for code, wrong in (
        ("travel_minutes", ~(np.isfinite(minutes) & (minutes >= 0))),
        ("travel_twice", travel.duplicated(["from_id", "to_id"]).to_numpy()),
    ):
        rows = travel[wrong].sort_values(["from_id", "to_id"])
        for start, end, told in zip(rows["from_id"], rows["to_id"], rows["minutes"], strict=True):
            pair = f"{start} → {end}"
            found = pair if code == "travel_twice" else str(told)
            yield Problem(code, table="travel", row=pair, found=found)
