"""Places of OpenStreetMap, from answers of Overpass in JSON, or as overpass turbo exports them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import pandas as pd
import shapely

from toolkit import vocabulary as v
from toolkit.errors import Problem
from toolkit.schema.identifiers import clean_siret
from toolkit.sources.extract import Extract, Sieve, source_row
from toolkit.sources.json_files import not_expected, read_json, text_of
from toolkit.sources.reading import numbers
from toolkit.sources.towns import addresses, departments
from toolkit.sources.translations import Offer, offers_table, translation

COLUMNS: Final = {
    "siret": "ref:FR:SIRET",
    "number": "addr:housenumber",
    "street": "addr:street",
    "postcode": "addr:postcode",
    "city": "addr:city",
}
"""Tags read beside the name and those of the own table; contacts are not."""
NAMES: Final = ("name:fr", "name", "operator")
LICENCE: Final = "ODbL 1.0"
UNMEASURED: Final = "unmeasured"
"""Count of an answer that a remark cut short before its first element."""
_ESS: Final = "ess"
_YEAR: Final = 4
_EDGES: Final = ("minlat", "maxlat", "minlon", "maxlon")
_PATIENCE_S: Final = 180
"""Seconds that Overpass may take for an answer."""


def load_overpass(path: Path) -> Extract:
    """Return places of OpenStreetMap as actors, with what they offer.

    Parameters
    ----------
    path : Path
        Answer of Overpass (``[out:json]``, ``out center tags;``), or GeoJSON of overpass turbo.

    Returns
    -------
    Extract
        ``actors`` (id ``siret:...`` where the map knows it, else ``osm:node/...``) with the extra
        columns ``city`` and ``department``; ``resources`` without quantity.

    Raises
    ------
    DataError
        If the file is no such answer.

    Notes
    -----
    - By the table ``data/nomenclatures/osm_tags.csv`` (own work): tags it does not have give
      nothing.  Elements without name and operator are left out: nobody could be asked.
    - An overloaded server answers without element and with a remark.  That is no zero: the extract
      has the count ``unmeasured`` and a note.  A remark beside elements is noted as well.
    - Ways and relations stand at their ``center``, else in the middle of their ``bounds``, or on
      the surface of their outline.
    - Licence ODbL: what is derived from the map has to be shared alike, and its contributors named.
    """
    content = read_json(path)
    if not isinstance(content, Mapping):
        raise not_expected(path, expected="elements")
    drawn = content.get("features")
    elements: Any = content.get("elements")
    if isinstance(drawn, list):
        elements = list(_elements_of(drawn))
    if not isinstance(elements, list):
        raise not_expected(path, expected="elements")
    rows = pd.DataFrame(
        [_row(one) for one in elements if isinstance(one, Mapping)],
        columns=["id", "name", "family", "categories", "latitude", "longitude", *COLUMNS],
        dtype="str",
    )
    rows = rows.mask(rows == "")
    sieve = Sieve(rows, where=path.name)
    _remark(sieve, text_of(content.get("remark")))
    sieve.drop(sieve.rows["id"].isna() | sieve.rows["family"].isna(), "osm_other", show="id")
    sieve.drop(sieve.rows["name"].isna(), "osm_unnamed", show="id")
    sieve.drop(sieve.rows["id"].duplicated(), "duplicates", show="id")
    sieve.drop(_nowhere(sieve.rows), "osm_nowhere", show="id")
    actors = _actors(sieve.rows)
    offers = [
        Offer(actor_id, category)
        for actor_id, cell in zip(actors["actor_id"], sieve.rows["categories"], strict=True)
        for category in v.split_list(cell)
    ]
    head = content.get("osm3s")
    told = head.get("timestamp_osm_base") if isinstance(head, Mapping) else None
    made = text_of(told or content.get("timestamp"))
    source = source_row(
        path,
        kind="osm",
        title="OpenStreetMap",
        producer="© les contributeurs d'OpenStreetMap",
        licence=LICENCE,
        data_year=int(made[:_YEAR]) if made[:_YEAR].isdigit() else None,
    )
    tables = {v.ACTORS: actors.drop_duplicates("actor_id"), v.RESOURCES: offers_table(offers)}
    return sieve.extract(tables, source=source)


def query_of(box: str) -> str:
    """Return the question to Overpass whose answer :func:`load_overpass` reads.

    Parameters
    ----------
    box : str
        South, west, north and east in degrees, separated by commas.

    Examples
    --------
    >>> query_of("44.0,3.0,44.2,3.2")[:50]
    '[out:json][timeout:180][bbox:44.0,3.0,44.2,3.2];(n'
    """
    values: dict[str, list[str]] = {}
    parts = []
    for (key, value), rows in _tags().items():
        if all(only for only, _, _ in rows):
            conditions = dict.fromkeys(only.partition("=")[::2] for only, _, _ in rows)
            parts += [f'nwr["{key}"="{value}"]["{one}"="{is_}"];' for one, is_ in conditions]
        else:
            values.setdefault(key, []).append(value)
    parts += [f'nwr["{key}"~"^({"|".join(found)})$"];' for key, found in values.items()]
    return f"[out:json][timeout:{_PATIENCE_S}][bbox:{box}];({''.join(parts)});out center tags;"


def _elements_of(features: list[Any]) -> Iterator[dict[str, Any]]:
    """Yield the features of GeoJSON as elements: tags and ``@id`` (``way/7``) are properties."""
    for feature in features:
        tags = feature.get("properties") if isinstance(feature, Mapping) else None
        if not isinstance(tags, Mapping):
            continue
        kind, _, number = text_of(tags.get("@id")).partition("/")
        drawn = json.dumps(feature.get("geometry"))
        shape = shapely.from_geojson(drawn, on_invalid="ignore")
        place = {}
        if shape is not None and not shape.is_empty:
            point = shapely.point_on_surface(shape)
            place = {"lat": point.y, "lon": point.x}
        yield {"type": kind, "id": number, "tags": tags, "center": place}


def _place_of(element: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return where an element says it is: latitude and longitude, or nothing."""
    centre, bounds = element.get("center"), element.get("bounds")
    if isinstance(centre, Mapping):
        return centre
    if not isinstance(bounds, Mapping):
        return element
    edges = {name: numbers(pd.Series([text_of(bounds.get(name))])).iloc[0] for name in _EDGES}
    return {
        "lat": (edges["minlat"] + edges["maxlat"]) / 2,
        "lon": (edges["minlon"] + edges["maxlon"]) / 2,
    }


def _remark(sieve: Sieve, remark: str) -> None:
    """Keep a note of what the server said, or of an answer that is empty."""
    if remark and sieve.rows.empty:
        sieve.counts[UNMEASURED] = 1
    if remark:
        code = "sources_osm_unmeasured" if sieve.rows.empty else "sources_osm_remark"
        sieve.notes.append(Problem(code, where=sieve.where, found=remark))
    elif sieve.rows.empty:
        sieve.notes.append(Problem("sources_osm_nothing", where=sieve.where))


@cache
def _tags() -> dict[tuple[str, str], list[tuple[str, str, str]]]:
    """Return condition, family and category by key and value of a tag."""
    found: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
    rows = translation("osm_tags")
    columns = (rows[name] for name in ("key", "value", "only", "family", "category"))
    for key, value, only, family, category in zip(*columns, strict=True):
        found.setdefault((key, value), []).append((only, family, category))
    return found


def _row(element: Mapping[str, Any]) -> dict[str, str]:
    """Return the cells of an element."""
    given = element.get("tags")
    tags = (
        {str(key): text_of(value) for key, value in given.items()}
        if isinstance(given, Mapping)
        else {}
    )
    matched = [
        (family, category)
        for key, cell in tags.items()
        for value in cell.split(";")
        for only, family, category in _tags().get((key, value.strip()), ())
        if not only or tags.get(only.partition("=")[0]) == only.partition("=")[2]
    ]
    families = [family for family, _ in matched]
    place = _place_of(element)
    kind, number = text_of(element.get("type")), text_of(element.get("id"))
    return {
        "id": f"{kind}/{number}" if kind and number else "",
        "name": next((tags[name] for name in NAMES if tags.get(name)), ""),
        "family": _ESS if _ESS in families else next(iter(families), ""),
        "categories": v.join_list(dict.fromkeys(category for _, category in matched if category)),
        "latitude": text_of(place.get("lat")),
        "longitude": text_of(place.get("lon")),
        **{name: tags.get(tag, "") for name, tag in COLUMNS.items()},
    }


def _nowhere(rows: pd.DataFrame) -> pd.Series[bool]:
    """Return which rows have neither a point nor a town."""
    return (rows["latitude"].isna() | rows["longitude"].isna()) & (
        rows["city"].isna() | rows["postcode"].isna()
    )


def _actors(kept: pd.DataFrame) -> pd.DataFrame:
    cleaned = [clean_siret(cell)[0] for cell in kept["siret"]]
    siret = pd.Series(cleaned, index=kept.index, dtype="str")
    street = (kept["number"].fillna("") + " " + kept["street"].fillna("")).str.strip()
    nothing = pd.Series(None, index=kept.index, dtype="str")
    return pd.DataFrame(
        {
            "actor_id": ("siret:" + siret).fillna("osm:" + kept["id"]),
            "name": kept["name"],
            "family": kept["family"],
            "siret": siret,
            "address": addresses(street, postcode=kept["postcode"], city=kept["city"]),
            "latitude": numbers(kept["latitude"]),
            "longitude": numbers(kept["longitude"]),
            "city": kept["city"],
            "department": departments(nothing, postcode=kept["postcode"]),
        }
    )
