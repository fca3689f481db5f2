"""Who is hidden by one source is named by none: rows of actors without their names and places."""

from __future__ import annotations

from typing import Final

import pandas as pd

HIDDEN: Final = ("description", "address", "latitude", "longitude")
"""Cells of actors that go with their name where it may not be shown."""
_FLAG_COLUMNS: Final = ("diffusible", "natural_person")
_PREFIX: Final = "siret:"


def hidden_everywhere(rows: pd.DataFrame) -> pd.DataFrame:
    """Return actors, without name and place in every row those that one of their rows hides.

    A row hides its actor if it says that it opposed diffusion, or that it is a person and does not
    name it.  A list that names such an actor does not lift that.

    Parameters
    ----------
    rows : DataFrame
        ``actor_id``, ``name``; ``diffusible``, ``natural_person`` and the cells of ``HIDDEN`` where
        there are.  An id may stand in several rows.

    Returns
    -------
    DataFrame
        The same rows, the flags added; the SIRET, else the id, stands for a name.

    Examples
    --------
    >>> rows = pd.DataFrame({"actor_id": ["siret:1", "siret:1"], "name": ["1", "Jean Dupont"]})
    >>> hidden_everywhere(rows.assign(diffusible=[False, None]))["name"].tolist()
    ['1', '1']
    """
    opposed, person = _opposed_and_persons(rows)
    hidden = opposed | person
    bare = rows["actor_id"].str.removeprefix(_PREFIX)
    flags = _flags(rows)
    return rows.assign(
        name=rows["name"].mask(hidden, bare),
        **{name: rows[name].mask(hidden) for name in HIDDEN if name in rows},
        diffusible=flags["diffusible"].mask(opposed, other=False),
        natural_person=flags["natural_person"].mask(person, other=True),
    )


def is_hidden(rows: pd.DataFrame) -> pd.Series[bool]:
    """Return which rows are those of an actor that one of them hides."""
    opposed, person = _opposed_and_persons(rows)
    return opposed | person


def _flags(rows: pd.DataFrame) -> dict[str, pd.Series[bool]]:
    empty = pd.Series(pd.NA, index=rows.index)
    return {name: rows.get(name, empty).astype("boolean") for name in _FLAG_COLUMNS}


def _opposed_and_persons(rows: pd.DataFrame) -> tuple[pd.Series[bool], pd.Series[bool]]:
    """Return which rows are of an actor that opposed diffusion, or of a person without name."""
    flags = _flags(rows)
    bare = rows["actor_id"].str.removeprefix(_PREFIX)
    nameless = (rows["name"] == rows["actor_id"]) | (rows["name"] == bare)
    opposed = ~flags["diffusible"].fillna(value=True)
    person = flags["natural_person"].fillna(value=False) & nameless
    told = pd.DataFrame({"opposed": opposed, "person": person}).groupby(rows["actor_id"])
    found = (told[name].transform("any").astype("bool") for name in ("opposed", "person"))
    return next(found), next(found)
