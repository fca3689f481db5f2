"""Records ready to be compared: identifiers cleaned, names as words, points checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit import crs
from toolkit import vocabulary as v
from toolkit.errors import DataError, Problem
from toolkit.linkage.names import BODIES, initials, name_tokens, street_of, town_of, town_words
from toolkit.schema.identifiers import SIREN_LENGTH, clean_siren, clean_siret

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]

EARTH_RADIUS_M: Final = 6_371_008.8
"""Mean radius of the Earth in metres (IUGG)."""
_PERSON: Final = "1"
"""First figure of the legal forms of natural persons (1000 and the like)."""
_BODIES: Final = tuple(sorted(BODIES))
_ZONES: Final = (crs.METROPOLE, *crs.OVERSEAS.values())
_COLUMNS: Final = (
    "name",
    "other_name",
    "siret",
    "siren",
    "rna",
    "address",
    "postcode",
    "city",
    "commune_id",
    "legal_form",
)


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """Rows of a frame in the order of their ids, ready to be compared.

    Attributes
    ----------
    ids, names, siret, siren, rna : array of str
        Cleaned; empty text where there is none.
    linkable : array of bool
        Whether a row may be linked by name: not a natural person, and with a name.
    tokens, other_tokens : tuple of tuple of str
        Words of the name and of the other name (brand, short name).
    towns : tuple of tuple of str
        Words of the name of the town.
    acronyms : tuple of str
        Initials of the name.
    bodies : array of int
        Public bodies that the name says, one bit each.
    number, street, postcode, commune, department : array of str
        Place; empty text where it is not known.
    addresses, places : array of str
        Address as written, and the whole place as a person reads it.
    xyz : array, shape (n, 3)
        Points on the unit sphere; NaN where the coordinates are missing or in no part of France.
    """

    ids: Texts
    names: Texts
    siret: Texts
    siren: Texts
    rna: Texts
    linkable: Flags
    tokens: tuple[tuple[str, ...], ...]
    other_tokens: tuple[tuple[str, ...], ...]
    towns: tuple[tuple[str, ...], ...]
    acronyms: tuple[str, ...]
    bodies: npt.NDArray[np.int64]
    number: Texts
    street: Texts
    postcode: Texts
    commune: Texts
    department: Texts
    addresses: Texts
    places: Texts
    xyz: Floats

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self.ids)


def to_records(frame: pd.DataFrame, *, where: str) -> Records:
    """Return the rows of a frame ready to be compared.

    Parameters
    ----------
    frame : DataFrame
        One row a record: ``actor_id`` and ``name``; used where they are there: ``other_name``,
        ``siret``, ``siren``, ``rna``, ``address``, ``postcode``, ``city``, ``commune_id``,
        ``latitude`` and ``longitude`` (degrees, EPSG:4326) or ``geometry`` (points in the same),
        ``located_by`` (a point of ``commune`` is not used), ``legal_form``, ``natural_person``.
    where : str
        What the frame is called in a message.

    Raises
    ------
    DataError
        If a needed column is missing, or ids are empty or repeated.
    """
    check_ids(frame, where=where)
    frame = frame.assign(actor_id=frame["actor_id"].astype(str)).sort_values("actor_id")
    cells = {name: _texts(frame, name) for name in _COLUMNS}
    siret = _each(cells["siret"], lambda cell: clean_siret(cell)[0] or "")
    siren = _each(cells["siren"], lambda cell: clean_siren(cell)[0] or "")
    siren = np.where(siret != "", _each(siret, lambda cell: cell[:SIREN_LENGTH]), siren)
    told = [town_of(address) for address in cells["address"]]
    postcode = _each(cells["postcode"], _postcode)
    postcode = np.where(postcode != "", postcode, _array([code for code, _ in told]))
    city = np.where(cells["city"] != "", cells["city"], _array([town for _, town in told]))
    towns = tuple(town_words(town) for town in city)
    streets = [
        _street(address, town) for address, town in zip(cells["address"], towns, strict=True)
    ]
    tokens = tuple(name_tokens(name) for name in cells["name"])
    others = tuple(name_tokens(name) for name in cells["other_name"])
    commune = _each(cells["commune_id"], lambda cell: cell.upper())
    return Records(
        ids=frame["actor_id"].to_numpy(dtype=object),
        names=cells["name"],
        siret=siret,
        siren=siren.astype(object),
        rna=_array(
            [rna_of(cell, one) for cell, one in zip(cells["rna"], frame["actor_id"], strict=True)]
        ),
        linkable=_linkable(frame, cells["legal_form"], tokens=tokens),
        tokens=tokens,
        other_tokens=others,
        towns=towns,
        acronyms=tuple(initials(words) for words in tokens),
        bodies=np.array([_bodies(words) for words in tokens], dtype=np.int64),
        number=_array([number for number, _ in streets]),
        street=_array([street for _, street in streets]),
        postcode=postcode.astype(object),
        commune=commune,
        department=_departments(commune, postcode),
        addresses=cells["address"],
        places=_places(cells, postcode),
        xyz=_points(frame),
    )


def _street(address: str, town: tuple[str, ...]) -> tuple[str, str]:
    """Return number and street of an address; nothing where it is only the name of the town."""
    number, street = street_of(address)
    is_town = not number and bool(town) and set(street.split()) <= set(town)
    return (number, "") if is_town else (number, street)


def rna_of(cell: str, actor_id: str) -> str:
    """Return the RNA number of a record: its cell, else the one that its id holds.

    Examples
    --------
    >>> rna_of("", "rna:W761000001"), rna_of("w141000002", "row 3"), rna_of("", "row 3")
    ('W761000001', 'W141000002', '')
    """
    return (cell or (actor_id[4:] if actor_id.startswith("rna:") else "")).strip().upper()


def check_ids(frame: pd.DataFrame, *, where: str) -> None:
    """Refuse a frame without ``actor_id`` or ``name``, or whose ids are empty or repeated."""
    problems = [
        Problem("linkage_column_missing", column=name, found=name, where=where)
        for name in ("actor_id", "name")
        if name not in frame.columns
    ]
    if problems:
        raise DataError(problems)
    ids = frame["actor_id"]
    empty = ids.isna() | (ids.astype(str).str.strip() == "")
    if empty.any():
        problems.append(Problem("linkage_id_missing", found=str(int(empty.sum())), where=where))
    repeated = sorted(set(ids[ids.duplicated() & ~empty].astype(str)))
    problems += [Problem("linkage_id_repeated", found=one, where=where) for one in repeated]
    if problems:
        raise DataError(problems)


def _array(cells: Sequence[str]) -> Texts:
    found = np.empty(len(cells), dtype=object)
    found[:] = cells
    return found


def _each(cells: Texts, change: Callable[[str], str]) -> Texts:
    return _array([change(cell) for cell in cells])


def _texts(frame: pd.DataFrame, name: str) -> Texts:
    """Return a column as stripped text, empty where a cell or the column is missing."""
    if name not in frame.columns:
        return _array([""] * len(frame))
    given = frame[name]
    text = given.astype(object).where(given.notna(), "")
    found = [str(cell).strip() for cell in text]
    return _array(["" if cell.casefold() in {"[nd]", "nan", "none"} else cell for cell in found])


def _places(cells: dict[str, Texts], postcode: Texts) -> Texts:
    """Return the address, then what of postcode, town or commune the address does not hold."""
    rows = zip(cells["address"], postcode, cells["city"], cells["commune_id"], strict=True)
    told = []
    for address, code, city, commune in rows:
        tail = " ".join(part for part in (code, city or (commune if not code else "")) if part)
        parts = (address, "" if code and code in address else tail)
        told.append(", ".join(part for part in parts if part))
    return _array(told)


def _bodies(words: tuple[str, ...]) -> int:
    return sum(1 << place for place, body in enumerate(_BODIES) if body in words)


def _postcode(cell: str) -> str:
    """Return a postcode of five digits; the leading zero that a spreadsheet took comes back."""
    digits = cell.removesuffix(".0").replace(" ", "")
    return digits.zfill(5) if digits.isdigit() and len(digits) in {4, 5} else ""


def _linkable(frame: pd.DataFrame, forms: Texts, *, tokens: Sequence[tuple[str, ...]]) -> Flags:
    named = np.array([bool(words) for words in tokens], dtype=np.bool_)
    person = np.array([form.startswith(_PERSON) for form in forms], dtype=np.bool_)
    if "natural_person" in frame.columns:
        person |= frame["natural_person"].astype("boolean").fillna(value=False).to_numpy(dtype=bool)
    return np.asarray(named & ~person, dtype=np.bool_)


def _departments(commune: Texts, postcode: Texts) -> Texts:
    """Return the département; Corsica is one, as postcodes do not part it."""
    codes = [place or code for place, code in zip(commune, postcode, strict=True)]
    short = [code[:3] if code.startswith("97") else code[:2] for code in codes]
    return _array(["20" if code in {"2A", "2B"} else code for code in short])


def _from_geometry(
    cells: pd.Series[Any], latitude: Floats, *, longitude: Floats
) -> tuple[Floats, Floats]:
    """Return the coordinates, those of the geometry where latitude or longitude is missing."""
    points: list[Any] = [
        cell if getattr(cell, "geom_type", "") == "Point" else None for cell in cells
    ]
    known = np.array([point is not None and not point.is_empty for point in points], dtype=np.bool_)
    used = known & (np.isnan(latitude) | np.isnan(longitude))
    latitude, longitude = latitude.copy(), longitude.copy()
    for row in np.flatnonzero(used).tolist():
        longitude[row], latitude[row] = points[row].x, points[row].y
    return latitude, longitude


def _points(frame: pd.DataFrame) -> Floats:
    """Return the points on the unit sphere; NaN for what lies in no part of France.

    The middle of a commune, which all its actors without address share, is no point of theirs.
    """
    empty = pd.Series(np.nan, index=frame.index)
    latitude, longitude = (
        pd.to_numeric(frame.get(name, empty), errors="coerce").to_numpy(dtype=np.float64)
        for name in ("latitude", "longitude")
    )
    if v.GEOMETRY in frame.columns:
        latitude, longitude = _from_geometry(frame[v.GEOMETRY], latitude, longitude=longitude)
    inside = np.zeros(len(frame), dtype=np.bool_)
    for zone in _ZONES:
        inside |= (
            (longitude >= zone.west)
            & (longitude <= zone.east)
            & (latitude >= zone.south)
            & (latitude <= zone.north)
        )
    if "located_by" in frame.columns:
        inside &= ~frame["located_by"].isin(["commune", "none"]).to_numpy(dtype=np.bool_)
    phi, theta = (np.radians(np.where(inside, one, np.nan)) for one in (latitude, longitude))
    xyz = np.column_stack((np.cos(phi) * np.cos(theta), np.cos(phi) * np.sin(theta), np.sin(phi)))
    return np.asarray(xyz, dtype=np.float64)
