"""Where the establishments of the stock of Sirene are: communes asked for, addresses, points."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from toolkit import crs
from toolkit.errors import DataError, Problem
from toolkit.sources.columnar import padded, select_rows
from toolkit.sources.extract import Sieve
from toolkit.sources.passage import Passage
from toolkit.sources.reading import lift_arrondissements, numbers

GEOLOCATION_NEEDED: Final = {"siret": ("siret",)}
GEOLOCATION_WANTED: Final = {
    "x": ("x",),
    "y": ("y",),
    "epsg": ("epsg",),
    "quality": ("qualite_xy",),
    "latitude": ("y_latitude",),
    "longitude": ("x_longitude",),
}
RANDOM: Final = "33"
"""Quality of a point drawn at random in the commune: it is no address."""
SPLIT: Final = ""
"""What stands for the commune of a code that became several."""
_POSTCODE_WIDTH: Final = 5


def widened(communes: Iterable[str], *, passage: Passage | None) -> Mapping[str, str]:
    """Return every code under which rows of some communes may be filed, with the commune meant.

    Arrondissements of a commune asked for, and old codes that became one; an old code that became
    several, of which one is asked for, gives ``SPLIT``.

    Raises
    ------
    DataError
        If no commune is asked for.

    Examples
    --------
    >>> widened(["69123"], passage=None)["69384"]
    '69123'
    """
    asked = dict.fromkeys(communes)
    if not asked:
        raise DataError(Problem("communes_none"))
    codes = {code: commune for code, commune in _lifted(asked) if commune in asked}
    if passage:
        codes |= {
            old: SPLIT
            for old, living in passage.split.items()
            if old not in passage.living and not asked.keys().isdisjoint(living)
        }
        codes |= {old: living for old, living in passage.living.items() if living in asked}
    return {**codes, **{code: code for code in asked}}


def _lifted(communes: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield every code that an arrondissement of some communes can have, with its commune."""
    departments = sorted({code[:2] for code in communes})
    every = pd.Series([f"{part}{rank:03d}" for part in departments for rank in range(1000)])
    return zip(every, lift_arrondissements(every), strict=True)


def addresses(kept: pd.DataFrame) -> pd.Series[str]:
    """Return the street and the town; complements are not read, as they may name a person."""
    names = ("number", "repetition", "street_kind", "street")
    street = _joined([kept[name] for name in names], mark=" ")
    postcode = padded(kept["postcode"], _POSTCODE_WIDTH)
    both = _joined([street, _joined([postcode, kept["town"]], mark=" ")], mark=", ")
    return both.mask(both == "")


def _joined(parts: list[pd.Series[str]], *, mark: str) -> pd.Series[str]:
    joined = parts[0].fillna("")
    for part in parts[1:]:
        filled = part.fillna("")
        between = np.where((joined != "") & (filled != ""), mark, "")
        joined = joined + pd.Series(between, index=joined.index, dtype="str") + filled
    return joined


def points_of(path: Path | None, sieve: Sieve, *, sirets: pd.Series[str]) -> pd.DataFrame:
    """Return ``latitude`` and ``longitude`` (degrees) of establishments, NaN where none is known.

    Parameters
    ----------
    path : Path or None
        Geolocation of the establishments for statistical studies (INSEE).
    sieve : Sieve
        Takes the notes.
    sirets : Series of str
        Establishments whose point is wanted; the result has its index.

    Notes
    -----
    Degrees where the file has them, else x and y in the projection that each row names (``epsg``).
    Points of quality 33, drawn at random in the commune, are left out.
    """
    empty = pd.DataFrame(
        {name: pd.Series(np.nan, index=sirets.index) for name in ("latitude", "longitude")}
    )
    if path is None or sirets.empty:
        return empty
    rows = select_rows(
        path,
        needed=GEOLOCATION_NEEDED,
        wanted=GEOLOCATION_WANTED,
        key="siret",
        among=sirets.tolist(),
    )
    rows = rows.assign(siret=padded(rows["siret"], 14)).drop_duplicates("siret")
    at_random = padded(rows["quality"], 2) == RANDOM
    sieve.note("points_at_random", int(at_random.sum()), examples=rows["siret"][at_random])
    rows = rows[~at_random]
    projected = _from_projection(rows)
    degrees = pd.DataFrame(
        {
            "latitude": numbers(rows["latitude"]).fillna(projected.y),
            "longitude": numbers(rows["longitude"]).fillna(projected.x),
        }
    ).set_axis(rows["siret"], axis="index")
    return degrees.reindex(sirets).set_axis(sirets.index, axis="index")


def _from_projection(rows: pd.DataFrame) -> gpd.GeoSeries:
    """Return the points given in metres, in degrees; empty where a row has none."""
    x, y = numbers(rows["x"]), numbers(rows["y"])
    epsg = numbers(rows["epsg"])
    found = gpd.GeoSeries(gpd.points_from_xy(x * np.nan, y * np.nan), index=rows.index)
    for zone in {zone.epsg for zone in (crs.METROPOLE, *crs.OVERSEAS.values())}:
        own = (epsg == zone) & x.notna() & y.notna()
        if own.any():
            points = gpd.GeoSeries(
                gpd.points_from_xy(x[own], y[own]), index=rows.index[own], crs=zone
            )
            found[own] = points.to_crs(crs.STORAGE_EPSG).to_numpy()
    return found
