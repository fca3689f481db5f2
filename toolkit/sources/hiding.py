"""Who is hidden by one source is named by none: rows of actors without their names and places."""

from __future__ import annotations

from typing import Final

import pandas as pd

HIDDEN: Final = ("description", "address", "latitude", "longitude")
"""Cells of actors that go with their name where it may not be shown."""
_FLAGS: Final = ("diffusible", "natural_person")
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
    empty = pd.Series(pd.NA, index=rows.index)
    flags = {name: rows.get(name, empty).astype("boolean") for name in _FLAGS}
    bare = rows["actor_id"].str.removeprefix(_PREFIX)
    nameless = (rows["name"] == rows["actor_id"]) | (rows["name"] == bare)
    opposed = ~flags["diffusible"].fillna(value=True)
    person = flags["natural_person"].fillna(value=False) & nameless
    told = pd.DataFrame({"opposed": opposed, "person": person}).groupby(rows["actor_id"])
    opposed, person = told["opposed"].transform("any"), told["person"].transform("any")
    hidden = (opposed | person).astype("bool")
    return rows.assign(
        name=rows["name"].mask(hidden, bare),
        **{name: rows[name].mask(hidden) for name in HIDDEN if name in rows},
        diffusible=flags["diffusible"].mask(opposed, other=False),
        natural_person=flags["natural_person"].mask(person, other=True),
    )
