"""Addresses that leave a place open, filled in for a territory: one file each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Final
from urllib.parse import quote

from toolkit.sources.download import Wanted
from toolkit.sources.overpass import query_of
from toolkit.sources.registry import Entry
from toolkit.sources.selection import departement_of

_DEGREES: Final = 4
"""Decimals of a box: about ten metres."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Area:
    """Of which places files are wanted.

    Attributes
    ----------
    communes, epci : frozenset of str
        Codes of communes, and of their groupings.
    box : tuple of float, optional
        South, west, north, east, in degrees (EPSG:4326).
    """

    communes: frozenset[str] = frozenset()
    epci: frozenset[str] = frozenset()
    box: Box | None = None

    @property
    def departements(self) -> frozenset[str]:
        """Codes of the départements of the communes."""
        return frozenset(departement_of(code) for code in self.communes)


NOWHERE: Final = Area()


def wanted_of(entry: Entry, address: str, *, area: Area) -> Iterator[Wanted]:
    """Yield the files of a source: one, or one for each place that its address leaves open.

    Parameters
    ----------
    entry : Entry
        The source.
    address : str
        Its address, which may hold ``{department}``, ``{epci}``, ``{commune}``, ``{bbox}`` (south,
        west, north, east) or ``{osm}`` (a question to Overpass about the box).
    area : Area
        Of which places.  Where nothing is known of a place that is left open, there is no file.
    """
    if not entry.open_places:
        yield entry.wanted(address)
        return
    cells = _cells(area)
    for chosen in product(*(cells[place] for place in entry.open_places)):
        filled = dict(zip(entry.open_places, chosen, strict=True))
        named = [code for place, code in filled.items() if place in _CODES]
        boxed = [part.replace(",", "_") for part in cells["bbox"]]
        part = "-".join(named or boxed)
        quoted = {place: quote(cell, safe=",") for place, cell in filled.items()}
        yield entry.wanted(address.format(**quoted), part=part)


_CODES: Final = ("department", "epci", "commune")


def _cells(area: Area) -> Mapping[str, list[str]]:
    """Return what each place may be, in order."""
    box = "" if area.box is None else ",".join(f"{edge:.{_DEGREES}f}" for edge in area.box)
    return {
        "department": sorted(area.departements),
        "epci": sorted(area.epci),
        "commune": sorted(area.communes),
        "bbox": [box] if box else [],
        "osm": [query_of(box)] if box else [],
    }
