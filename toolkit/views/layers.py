"""What a map shows, as plain values: the browser's map and the printed one draw the same.

Coordinates are degrees (EPSG:4326) rounded to five decimals, about one metre.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from toolkit import crs, nomenclature
from toolkit import vocabulary as v
from toolkit.language import enum_label, text
from toolkit.views.palette import GAP_STEPS, family_marks
from toolkit.views.words import (
    as_number,
    candidate_title,
    category_label,
    gap_title,
    place_names,
    quantity_text,
)

if TYPE_CHECKING:
    from toolkit.diagnosis import Diagnosis
    from toolkit.territory import Territory

DECIMALS: Final = 5
POINTS_MAX: Final = 20_000
"""Actors above which a map shows one point a commune and family instead of one an actor."""
FLOWS_MAX: Final = 400
"""Flows drawn at most: the largest of each category first."""
_TITLES_MAX: Final = 8
_DETAIL: Final = 1_500
"""A polygon keeps detail down to the territory's width divided by this."""
_FINEST_M: Final = 15.0
_NAME_MAX: Final = 120
_BEYOND: Final = 1.06
"""Where the outside begins on a map, in half sizes of the perimeter's box."""


def map_data(diagnosis: Diagnosis, *, lang: str) -> dict[str, Any]:
    """Return everything a map of a diagnosis shows, as plain values.

    Parameters
    ----------
    diagnosis : Diagnosis
        Already fit for publication (:func:`toolkit.privacy.public_diagnosis`).
    lang : str
        ``fr`` or ``en``.

    Returns
    -------
    dict
        ``texts, marks, bounds, communes, actors, gaps, cooperations, flows, candidates, ends``;
        points are ``[longitude, latitude]``, the ends of lines are numbers of ``ends``.
    """
    territory = diagnosis.territory
    ends = Ends(territory, lang=lang)
    lines = {
        "cooperations": _cooperations(territory, ends, lang=lang),
        "flows": _flows(territory, ends, lang=lang),
        "candidates": _candidates(diagnosis, ends, lang=lang),
    }
    return {
        "lang": lang,
        "texts": _texts(lang),
        "marks": family_marks(),
        "steps": list(GAP_STEPS),
        "bounds": bounds(territory),
        "communes": _communes(diagnosis, lang=lang),
        "actors": actor_columns(territory, lang=lang),
        "gaps": _gaps(diagnosis, ends.places, lang=lang),
        **lines,
        "ends": ends.columns(),
    }


def bounds(territory: Territory) -> list[list[float]]:
    """Return the box of the perimeter: ``[[south, west], [north, east]]`` in degrees."""
    west, south, east, north = (
        round(float(side), DECIMALS) for side in territory.communes.total_bounds
    )
    return [[south, west], [north, east]]


def is_aggregated(territory: Territory) -> bool:
    """Return whether there are too many actors for one point each."""
    return len(territory.table(v.ACTORS)) > POINTS_MAX


def outlines(territory: Territory) -> gpd.GeoSeries:
    """Return the commune polygons, simplified together so that they still adjoin, in EPSG:4326."""
    metric = crs.to_metric(territory.communes, territory.zone).geometry
    west, south, east, north = metric.total_bounds
    tolerance = max(max(east - west, north - south) / _DETAIL, _FINEST_M)
    try:
        simple = metric.simplify_coverage(tolerance)
    except shapely.errors.GEOSException:  # not a coverage: the polygons overlap
        simple = metric.simplify(tolerance)
    kept = simple.where(~simple.is_empty & simple.notna(), metric)
    return kept.to_crs(epsg=crs.STORAGE_EPSG)


def rings(shape: shapely.Geometry) -> list[list[list[float]]]:
    """Return the rings of a polygon or multipolygon as lists of ``[longitude, latitude]``."""
    return [
        np.round(np.asarray(ring.coords)[:, :2], DECIMALS).tolist()
        for polygon in shapely.get_parts(shape)
        for ring in (polygon.exterior, *polygon.interiors)
    ]


def actor_columns(territory: Territory, *, lang: str) -> dict[str, Any]:
    """Return the actors by column: positions, names, indices of family and commune.

    Above ``POINTS_MAX`` actors, one row a commune and family with a count instead.
    """
    actors = gpd.GeoDataFrame(territory.table(v.ACTORS))
    communes = territory.table(v.COMMUNES)
    place = dict(zip(communes["commune_id"], range(len(communes)), strict=True))
    made: dict[str, Any] = {
        "families": list(v.FAMILIES),
        "labels": [enum_label("family", family, lang=lang) for family in v.FAMILIES],
        "communes": communes["name"].tolist(),
    }
    if is_aggregated(territory):
        return {**made, **_counted_points(territory, place)}
    xs, ys = _spread(territory)
    activities = sorted(actors["activity"].dropna().unique())
    index = {code: position for position, code in enumerate(activities)}
    return {
        **made,
        "activities": [nomenclature.label("naf", code, lang=lang) for code in activities],
        "x": xs,
        "y": ys,
        "name": [_short(name) for name in actors["name"]],
        "family": [v.FAMILIES.index(family) for family in actors["family"]],
        "commune": [place[code] for code in actors["commune_id"]],
        "activity": [index.get(code, -1) for code in actors["activity"]],
        "exact": (actors["located_by"] == "address").astype(int).tolist(),
        "unnamed": np.flatnonzero(
            actors["name"] == text("privacy.hidden_actor", lang=lang)
        ).tolist(),
    }


def _spread(territory: Territory) -> tuple[list[float], list[float]]:
    """Return where actors are drawn: those of no known address in a spiral around their commune.

    Else all of them would be one point that hides all but one.  The spiral (golden angle) stays
    within a quarter of the commune's smaller side.
    """
    actors, communes = territory.actors, territory.communes
    boxes = communes.geometry.bounds
    side = np.minimum(boxes["maxx"] - boxes["minx"], boxes["maxy"] - boxes["miny"])
    room = pd.Series(side.to_numpy() / 4, index=communes["commune_id"].array)
    vague = (actors["located_by"] != "address").to_numpy()
    homes = actors["commune_id"].where(vague, other="")
    place = actors.groupby(homes).cumcount().to_numpy()
    total = homes.map(homes.value_counts()).to_numpy(dtype="float64")
    # A lone actor stays at the centre; the others fill the disc evenly.
    radius = np.where(vague & (total > 1), np.sqrt((place + 0.5) / total), 0.0)
    radius *= actors["commune_id"].map(room).to_numpy(dtype="float64")
    angle = place * np.pi * (3 - np.sqrt(5))
    xs = actors.geometry.x.to_numpy() + radius * np.sin(angle)
    ys = actors.geometry.y.to_numpy() + radius * np.cos(angle)
    return np.round(xs, DECIMALS).tolist(), np.round(ys, DECIMALS).tolist()


def _short(name: object) -> str:
    """Return a name without its end where it is absurdly long (the lists show it whole)."""
    words = str(name)
    return words if len(words) <= _NAME_MAX else words[: _NAME_MAX - 1] + "…"


def _counted_points(territory: Territory, place: Mapping[str, int]) -> dict[str, Any]:
    """Return one point a commune and family, with the number of actors."""
    points = territory.communes.geometry.representative_point()
    boxes = territory.communes.geometry.bounds
    spread = (
        0.15 * np.minimum(boxes["maxx"] - boxes["minx"], boxes["maxy"] - boxes["miny"]).to_numpy()
    )
    turn = 2 * np.pi * np.arange(len(v.FAMILIES)) / len(v.FAMILIES)
    actors = territory.table(v.ACTORS)
    counts = actors.groupby(["commune_id", "family"], sort=True).size()
    rows = [
        (place[code], v.FAMILIES.index(family), int(count))
        for code, family, count in counts.reset_index(name="count").itertuples(index=False)
    ]
    xs, ys = points.x.to_numpy(), points.y.to_numpy()
    return {
        "x": [
            round(float(xs[home] + spread[home] * np.sin(turn[kind])), DECIMALS)
            for home, kind, _ in rows
        ],
        "y": [
            round(float(ys[home] + spread[home] * np.cos(turn[kind])), DECIMALS)
            for home, kind, _ in rows
        ],
        "commune": [commune for commune, _, _ in rows],
        "family": [family for _, family, _ in rows],
        "count": [count for _, _, count in rows],
    }


def _places(territory: Territory) -> dict[str, list[float]]:
    """Return the point of every actor and commune by id."""
    communes = territory.communes
    centres = communes.geometry.representative_point()
    actors = territory.actors
    xs = np.round(centres.x.to_numpy(), DECIMALS).tolist()
    ys = np.round(centres.y.to_numpy(), DECIMALS).tolist()
    points = {key: [x, y] for key, x, y in zip(communes["commune_id"], xs, ys, strict=True)}
    for key, x, y in zip(actors["actor_id"], *_spread(territory), strict=True):
        points[key] = [x, y]
    return points


# --- communes and their access ----------------------------------------------------------------
def _communes(diagnosis: Diagnosis, *, lang: str) -> dict[str, Any]:
    communes = diagnosis.territory.communes
    shapes = outlines(diagnosis.territory)
    centres = communes.geometry.representative_point()
    far = far_services(diagnosis, lang=lang)
    return {
        "name": communes["name"].tolist(),
        "people": [
            ""
            if (people := as_number(cell)) is None
            else text("map.people", lang=lang, count=round(people))
            for cell in communes["population"]
        ],
        "x": np.round(centres.x.to_numpy(), DECIMALS).tolist(),
        "y": np.round(centres.y.to_numpy(), DECIMALS).tolist(),
        # Larger communes keep their name where there is no room for all.
        "order": np.argsort(-communes["population"].fillna(0).to_numpy(float), kind="stable")
        .astype(int)
        .tolist(),
        "rings": [rings(shape) for shape in shapes],
        "far": [far.get(code, []) for code in communes["commune_id"]],
    }


def far_services(diagnosis: Diagnosis, *, lang: str) -> dict[str, list[str]]:
    """Return, by commune, the services that are farther than their reach, with the minutes."""
    access = diagnosis.findings.access
    found: dict[str, list[str]] = {}
    columns = ("commune_id", "category", "minutes")
    for commune, category, minutes in zip(*(access[name] for name in columns), strict=True):
        reach = nomenclature.access_minutes(str(category))
        reach = reach if reach == reach else diagnosis.settings.access_minutes  # noqa: PLR0124
        time = as_number(minutes)
        label = category_label(str(category), lang=lang)
        if time is None:
            found.setdefault(str(commune), []).append(
                text("map.no_service", lang=lang, service=label)
            )
        elif time > reach:
            said = text("map.far_service", lang=lang, service=label, minutes=round(time))
            found.setdefault(str(commune), []).append(said)
    return found


# --- ties and flows ---------------------------------------------------------------------------
class Ends:
    """Points that lines start from and lead to, each written once: lines hold their numbers."""

    def __init__(self, territory: Territory, *, lang: str) -> None:
        self.places = _places(territory)
        self.names = {**place_names(territory), v.OUTSIDE: text("map.outside", lang=lang)}
        self._box = bounds(territory)
        self._numbers: dict[tuple[float, float, str], int] = {}

    def number(self, key: str) -> int:
        """Return the number of an actor or a commune."""
        return self._add(self.places[key], self.names[key])

    def rim(self, key: str) -> int:
        """Return the number of the point of the outside that lies beyond a place."""
        return self._add(_rim(self.places[key], self._box), self.names[v.OUTSIDE])

    def _add(self, point: Sequence[float], name: str) -> int:
        return self._numbers.setdefault((point[0], point[1], _short(name)), len(self._numbers))

    def columns(self) -> dict[str, list[Any]]:
        """Return the points and names in the order of their numbers."""
        points = list(self._numbers)
        return {
            name: [point[place] for point in points]
            for place, name in enumerate(("x", "y", "name"))
        }


def _cooperations(territory: Territory, ends: Ends, *, lang: str) -> dict[str, Any]:
    members: dict[str, list[int]] = {}
    rows = territory.table(v.MEMBERS)
    for cooperation, actor in zip(rows["cooperation_id"], rows["actor_id"], strict=True):
        members.setdefault(cooperation, []).append(ends.number(actor))
    kept = territory.table(v.COOPERATIONS)
    return {
        "name": [_short(name) for name in kept["name"]],
        "stage": [enum_label("stage", stage, lang=lang) for stage in kept["stage"]],
        "members": [members.get(key, []) for key in kept["cooperation_id"]],
    }


def _flows(territory: Territory, ends: Ends, *, lang: str) -> dict[str, Any]:
    """Return flows as lines: width by quantity within a category, outside ends on the rim."""
    flows = territory.table(v.FLOWS)
    groups = [flows["category"].fillna(""), flows["unit"].fillna("")]
    largest = flows["quantity"].groupby(groups).transform("max")
    share = (flows["quantity"] / largest.where(largest > 0)).fillna(0.0)
    kept = flows.assign(share=share).sort_values(["share", "flow_id"], ascending=[False, True])
    whats: dict[str, int] = {}
    made: dict[str, list[Any]] = {name: [] for name in ("a", "b", "width", "way", "what", "amount")}
    for row in kept.head(FLOWS_MAX).to_dict(orient="records"):
        start, end = str(row["origin"]), str(row["destination"])
        inside = v.OUTSIDE not in (start, end)
        made["way"].append(0 if inside else 1 if start == v.OUTSIDE else 2)
        made["a"].append(ends.rim(end) if start == v.OUTSIDE else ends.number(start))
        made["b"].append(ends.rim(start) if end == v.OUTSIDE else ends.number(end))
        made["width"].append(round(1.0 + 4.0 * float(row["share"]), 1))
        made["what"].append(whats.setdefault(_short(_what(row, lang=lang)), len(whats)))
        made["amount"].append(quantity_text(row["quantity"], row["unit"], lang=lang))
    return {**made, "whats": list(whats)}


def _what(flow: Mapping[Any, Any], *, lang: str) -> str:
    """Return what flows: its label, else its category, else its nature."""
    if isinstance(flow["label"], str):
        return flow["label"]
    if isinstance(flow["category"], str):
        return category_label(flow["category"], lang=lang)
    return enum_label("nature", flow["nature"], lang=lang)


def _rim(point: Sequence[float], box: Sequence[Sequence[float]]) -> list[float]:
    """Return where the ray from the centre of a box through a point leaves the box, and more."""
    (south, west), (north, east) = box
    x, y = (west + east) / 2, (south + north) / 2
    dx, dy = point[0] - x, point[1] - y
    if dx == dy == 0.0:
        dx = 1.0
    reach = min(
        half / abs(step)
        for half, step in (((east - west) / 2, dx), ((north - south) / 2, dy))
        if step
    )
    reach *= _BEYOND
    return [round(x + dx * reach, DECIMALS), round(y + dy * reach, DECIMALS)]


# --- gaps and candidates ----------------------------------------------------------------------
def _gaps(
    diagnosis: Diagnosis, places: Mapping[str, list[float]], *, lang: str
) -> list[dict[str, Any]]:
    """Return, for each commune in which gaps have facts, how many and which come first."""
    titles: dict[str, dict[str, None]] = {}
    home = _homes(diagnosis.territory)
    for gap in diagnosis.gaps.to_dict(orient="records"):
        title = f"{enum_label('gap', gap['kind'], lang=lang)} · {gap_title(_keyed(gap), lang=lang)}"
        for commune in _gap_communes(gap, home):
            titles.setdefault(commune, {})[title] = None
    return [
        {
            "at": places[commune],
            "count": len(said),
            "titles": [_short(title) for title in list(said)[:_TITLES_MAX]],
            "more": text("map.more", lang=lang, count=len(said) - _TITLES_MAX)
            if len(said) > _TITLES_MAX
            else "",
        }
        for commune, said in sorted(titles.items())
        if commune in places
    ]


def _gap_communes(gap: Mapping[Any, Any], home: Mapping[str, str]) -> Iterable[str]:
    """Return the communes that a gap concerns, in the order of their codes."""
    found = set(v.split_list(gap["commune_id"]))
    found.update(home[actor] for actor in v.split_list(gap["actor_ids"]) if actor in home)
    return sorted(found)


def _candidates(diagnosis: Diagnosis, ends: Ends, *, lang: str) -> list[dict[str, Any]]:
    """Return candidates as stars: the meeting place and the members around it."""
    openings = diagnosis.proposals.openings
    kinds = dict(zip(openings["opening_id"], openings["kind"], strict=True))
    actors = diagnosis.territory.table(v.ACTORS)
    family = dict(zip(actors["actor_id"], actors["family"], strict=True))
    made = []
    for row in diagnosis.partnerships.to_dict(orient="records"):
        members = v.split_list(row["member_ids"])
        meeting = str(row["meeting_place_id"])
        kind = str(kinds.get(row["opening_id"], ""))
        made.append(
            {
                "rank": int(row["rank"]),
                "title": candidate_title(_keyed(row), opening_kind=kind, lang=lang),
                "selected": bool(row["selected"]),
                "at": ends.number(meeting),
                "members": [ends.number(actor) for actor in members],
                "families": [v.FAMILIES.index(family[actor]) for actor in members],
            }
        )
    return made


def _keyed(row: Mapping[Any, Any]) -> Mapping[str, object]:
    """Return a row under the type that its keys have: names of columns."""
    return row


def layer_sizes(diagnosis: Diagnosis) -> dict[str, int]:
    """Return how much each layer of a map holds; a layer that holds nothing is not offered.

    Parameters
    ----------
    diagnosis : Diagnosis
        Already fit for publication.

    Returns
    -------
    dict of str to int
        By key of the layer (families too), by way of the flows (``flows_in`` ...), and ``vague``
        for the points whose address is not known.
    """
    territory = diagnosis.territory
    flows = territory.table(v.FLOWS)
    comes, goes = flows["origin"] == v.OUTSIDE, flows["destination"] == v.OUTSIDE
    members = territory.table(v.MEMBERS)["cooperation_id"].value_counts()
    home = _homes(territory)
    concerned = (set(_gap_communes(gap, home)) for gap in diagnosis.gaps.to_dict(orient="records"))
    families = family_counts(territory)
    return {
        "access": len(far_services(diagnosis, lang="fr")),
        "flows": min(len(flows), FLOWS_MAX),
        "flows_in": int(comes.sum()),
        "flows_out": int(goes.sum()),
        "flows_inside": int((~comes & ~goes).sum()),
        "cooperations": int((members > 1).sum()),
        **{family: int(families[family]) for family in v.FAMILIES},
        "vague": 0
        if is_aggregated(territory)
        else int((territory.table(v.ACTORS)["located_by"] != "address").sum()),
        "gaps": len(set().union(*concerned)),
        "candidates": int(diagnosis.partnerships["selected"].sum()),
    }


def _homes(territory: Territory) -> dict[str, str]:
    """Return the commune of every actor."""
    actors = territory.table(v.ACTORS)
    return dict(zip(actors["actor_id"], actors["commune_id"], strict=True))


def _texts(lang: str) -> dict[str, str]:
    """Return the words the browser needs."""
    keys = (
        "zoom_in", "zoom_out", "layers", "close", "gaps_here", "meeting_place", "at_commune",
        "same_place",
        "far_title", "from", "to", "label", "stage",
    )  # fmt: skip
    return {key: text(f"map.{key}", lang=lang) for key in keys}


def family_counts(territory: Territory) -> pd.Series:
    """Return the number of actors of each family, in the order of the vocabulary."""
    return territory.table(v.ACTORS)["family"].value_counts().reindex(v.FAMILIES, fill_value=0)
