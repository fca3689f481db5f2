# ruff: noqa: INP001
"""Write the page on missing services in Normandy, in both languages, and its maps.

Run from the root of the repository, with the folder of real data beside it::

    python docs/build/normandie.py

The words are in `normandie_fr.md` and `normandie_en.md` beside this script; every figure comes from
the files, as `tests/real/build_normandie_panel.py` reads them.  A test compares the pages and the
maps with what this script writes.
"""

from __future__ import annotations

import importlib.util
import math
import sys
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import shapely

ROOT: Final = Path(__file__).resolve().parents[2]
SHARED: Final = ROOT.parent / "shared" / "data"
PAGES: Final = {
    "fr": ROOT / "docs" / "fr" / "services-manquants-normandie.md",
    "en": ROOT / "docs" / "en" / "missing-services-normandy.md",
}
MAPS: Final = ROOT / "docs" / "maps"
SHOWN: Final = {
    "caen": ("200065597", "poisson"),
    "odon": ("200066728", "resto"),
    "bocage": ("200069524", "poisson"),
    "cotentin": ("200067205", "poisson"),
}
"""Which territories are shown, each with a service."""
AROUND: Final = {"bocage": 0.7}
DEPARTEMENTS: Final = ("14", "50", "61")
WIDTH: Final = 640
"""Pixels of a map."""
MARGIN: Final = 0.25
"""Share of the size of a territory that is shown around it, if not ``AROUND``."""
SIMPLE_M: Final = 300
LARGEST: Final = 12
"""Pixels of the radius of the biggest circle."""
NAMED: Final = 3
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from toolkit import crs  # noqa: E402
from toolkit.language import number  # noqa: E402
from toolkit.nomenclature import type_label  # noqa: E402
from toolkit.views import palette  # noqa: E402


def recipe() -> ModuleType:
    """Return the module that builds the panel."""
    path = ROOT / "tests" / "real" / "build_normandie_panel.py"
    spec = importlib.util.spec_from_file_location("build_normandie_panel", path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


# --- maps -----------------------------------------------------------------------------------------
def outlines(shared: Path) -> gpd.GeoDataFrame:
    """Return the communes of the three départements, in metres and with few points."""
    parts = [
        gpd.read_file(shared / "normandie" / f"communes_{code}_cog2018.geojson")
        for code in DEPARTEMENTS
    ]
    drawn = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=crs.STORAGE_EPSG)
    metric = drawn.to_crs(epsg=crs.METROPOLE.epsg)
    shapes = shapely.make_valid(metric.geometry.to_numpy())
    return metric.set_geometry(gpd.GeoSeries(shapes, crs=crs.METROPOLE.epsg))


def map_of(
    found: Any,  # noqa: ANN401 - of the recipe, which is no module of the package
    communes: gpd.GeoDataFrame,
    *,
    epci: str,
    activity: str,
    margin: float,
) -> str:
    """Return a map of a territory and its surroundings: one circle a commune that has the service.

    Parameters
    ----------
    found : Normandie
        What the recipe builds.
    communes : GeoDataFrame
        As :func:`outlines` returns them.
    epci : str
        Territory.
    activity : str
        Service that is counted.
    margin : float
        Share of the size of the territory that is shown around it.
    """
    members = found.members.set_index("commune_id")
    living = found.passage.apply(communes["code"])
    codes = communes["code"].where(communes["code"].isin(members.index), living)
    merged = communes.assign(commune_id=codes).dissolve("commune_id")
    merged.geometry = shapely.coverage_simplify(merged.geometry.to_numpy(), SIMPLE_M)
    own = merged.index.isin(members.index[members["epci_id"] == epci])
    left, bottom, right, top = merged[own].total_bounds
    pad = margin * max(right - left, top - bottom)
    frame = shapely.box(left - pad, bottom - pad, right + pad, top + pad)
    near = merged[merged.intersects(frame)].assign(own=own[merged.intersects(frame)])
    scale = WIDTH / (frame.bounds[2] - frame.bounds[0])
    height = round((frame.bounds[3] - frame.bounds[1]) * scale)
    rows = found.counts.rows
    counts = rows[rows["activity"] == activity].set_index("commune_id")["count"]
    drawing = _Drawing(frame, scale)
    areas = [
        drawing.area(shape, is_own=is_own)
        for shape, is_own in zip(
            near.geometry.clip_by_rect(*frame.bounds), near["own"], strict=True
        )
    ]
    held = counts.reindex(near.index).dropna().sort_values(ascending=False)
    largest = max(float(counts.max()), 1.0)
    circles = [
        drawing.circle(near.geometry[code], count=count, share=count / largest)
        for code, count in held.items()
    ]
    people = members["population"].reindex(near.index[near["own"]]).sort_values(ascending=False)
    names = [
        drawing.label(near.geometry[code], str(members.loc[code, "name"]))
        for code in people.index[:NAMED]
    ]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" font-family="sans-serif">'
    )
    water = f'<rect width="{WIDTH}" height="{height}" fill="#e8eef2"/>'
    return "\n".join([head, water, *filter(None, areas), *circles, *names, "</svg>", ""])


class _Drawing:
    """From metres to pixels of one map."""

    def __init__(self, frame: shapely.Polygon, scale: float) -> None:
        self.left, _, _, self.top = frame.bounds
        self.scale = scale

    def place(self, x: float, y: float) -> str:
        return f"{(x - self.left) * self.scale:.0f},{(self.top - y) * self.scale:.0f}"

    def area(self, shape: shapely.Geometry, *, is_own: bool) -> str:
        """Return the outline of a commune."""
        rings = [
            ring
            for part in shapely.get_parts(shape)
            if part.geom_type == "Polygon"
            for ring in (part.exterior, *part.interiors)
        ]
        path = "".join(self._path(ring) for ring in rings)
        fill = palette.GAP_STEPS[0] if is_own else palette.LAND
        stroke = f'stroke="{palette.BORDER}" stroke-width="{0.9 if is_own else 0.4}"'
        return f'<path d="{path}" fill="{fill}" {stroke}/>' if path else ""

    def _path(self, ring: shapely.LinearRing) -> str:
        """Return a ring as steps between whole pixels, nothing if it is smaller than one."""
        points = [tuple(map(int, self.place(*point[:2]).split(","))) for point in ring.coords]
        kept = [point for place, point in enumerate(points) if point != points[place - 1]]
        steps = [f"{x - a} {y - b}" for (a, b), (x, y) in pairwise(kept)]
        return f"M{kept[0][0]} {kept[0][1]}l{' '.join(steps)}z" if steps else ""

    def circle(self, shape: shapely.Geometry, *, count: float, share: float) -> str:
        """Return a circle whose area is as the count, with the count as its title."""
        x, y = self.place(*shapely.point_on_surface(shape).coords[0]).split(",")
        radius = max(2.0, LARGEST * math.sqrt(share))
        style = f'fill="{palette.ACCENT}" fill-opacity="0.75"'
        title = f"<title>{count:.0f}</title>"
        return f'<circle cx="{x}" cy="{y}" r="{radius:.1f}" {style}>{title}</circle>'

    def label(self, shape: shapely.Geometry, name: str) -> str:
        """Return the name of a commune under its middle."""
        x, y = self.place(*shapely.point_on_surface(shape).coords[0]).split(",")
        style = f'font-size="13" text-anchor="middle" fill="{palette.INK}"'
        halo = f'stroke="{palette.PAPER}" stroke-width="3" paint-order="stroke"'
        return f'<text x="{x}" y="{int(y) + 22}" {style} {halo}>{name}</text>'


def maps(found: Any, shared: Path) -> dict[str, str]:  # noqa: ANN401 - of the recipe
    """Return every map, by the name of its file."""
    communes = outlines(shared)
    return {
        f"normandie-{name}-{activity}.svg": map_of(
            found, communes, epci=epci, activity=activity, margin=AROUND.get(name, MARGIN)
        )
        for name, (epci, activity) in SHOWN.items()
    }


# --- pages ----------------------------------------------------------------------------------------
def page(
    found: Any,  # noqa: ANN401 - of the recipe
    measured: pd.DataFrame,
    *,
    choices: Mapping[str, pd.DataFrame],
    lang: str,
) -> str:
    """Return the whole page in a language."""
    template = (ROOT / "docs" / "build" / f"normandie_{lang}.md").read_text(encoding="utf-8")
    frame, left = found.panel.frame, found.panel.left_out
    one = frame.drop_duplicates("territory_id")
    told = {
        "kept": len(one),
        "left": len(left),
        "all_": len(one) + len(left),
        "left_names": ", ".join(left["name"]),
        "activities": frame["activity"].nunique(),
        "found": int(measured["missing"].sum()),
        "places": measured.loc[measured["missing"], "territory_id"].nunique(),
        "none": len(one) - measured.loc[measured["missing"], "territory_id"].nunique(),
        "every_row": _rows(_every(one, measured, lang=lang)),
    }
    for name, (epci, activity) in SHOWN.items():
        told[f"{name}_rows"] = _rows(_services(measured, epci, lang=lang))
        told[f"{name}_panel"] = _panel(choices[epci], frame, activity=activity, lang=lang)
        line = measured[(measured["territory_id"] == epci) & (measured["activity"] == activity)]
        told[f"{name}_count"] = number(float(line["observed"].iloc[0]), lang=lang, digits=0)
        told[f"{name}_usual"] = number(float(line["expected"].iloc[0]), lang=lang, digits=0)
        told[f"{name}_people"] = number(
            float(choices[epci]["population"].iloc[0]), lang=lang, digits=0
        )
    rows = found.counts.rows.set_index(["commune_id", "activity"])["count"]
    told["town_places"] = number(float(rows.get(("14118", "resto"), 0)), lang=lang, digits=0)
    told["caen_town"] = int(rows.get(("14118", "poisson"), 0))
    told["venues"] = int(
        rows.get(("14118", "salle_spectacl"), 0) + rows.get(("50129", "salle_spectacl"), 0)
    )
    fish = frame[frame["activity"] == "poisson"].set_index("territory_id")["count"]
    told["no_fish"] = int((fish.reindex(one["territory_id"]).fillna(0) == 0).sum())
    return template.format(**told)


def _rows(rows: Iterable[Iterable[object]]) -> str:
    """Return rows of a table in Markdown."""
    return "\n".join(
        "| " + " | ".join(str(cell).replace("|", "/") for cell in row) + " |" for row in rows
    )


def _share(value: float, lang: str) -> str:
    sign = "\N{NARROW NO-BREAK SPACE}%" if lang == "fr" else "%"
    return number(100 * value, lang=lang, digits=0) + sign


def _services(measured: pd.DataFrame, epci: str, *, lang: str) -> list[list[str]]:
    """Return the services that are most probably rare in a territory, the first ones."""
    own = measured[measured["territory_id"] == epci]
    ranked = own.sort_values(["probability", "activity"], ascending=[False, True]).head(NAMED)
    return [
        [
            type_label(row.activity, lang=lang),
            number(row.observed, lang=lang, digits=0),
            number(row.expected, lang=lang, digits=1),
            _share(row.probability, lang),
            {"fr": ("non", "oui"), "en": ("no", "yes")}[lang][int(row.missing)],
        ]
        for row in ranked.itertuples()
    ]


def _panel(choice: pd.DataFrame, frame: pd.DataFrame, *, activity: str, lang: str) -> str:
    """Return with whom a territory is compared, each with its count of a service."""
    counts = frame[frame["activity"] == activity].set_index("territory_id")["count"]
    chosen = choice[choice["chosen"]]
    told = [float(counts.get(name, 0.0)) for name in chosen["territory_id"]]
    return ", ".join(
        f"{name} ({number(count, lang=lang, digits=0)})"
        for name, count in zip(chosen["name"], told, strict=True)
    )


def _every(one: pd.DataFrame, measured: pd.DataFrame, *, lang: str) -> list[list[str]]:
    """Return a row a territory: what is missing, else what is the most probable."""
    rows = []
    for territory in one.sort_values("name").itertuples():
        own = measured[measured["territory_id"] == territory.territory_id]
        first = own.sort_values(["missing", "probability"], ascending=False).iloc[0]
        missing = own[own["missing"]].sort_values("probability", ascending=False)
        told = ", ".join(type_label(code, lang=lang) for code in missing["activity"]) or "–"
        nearest = (
            f"{type_label(first['activity'], lang=lang)} ({_share(first['probability'], lang)})"
        )
        people = number(float(territory.population), lang=lang, digits=0)
        rows.append([territory.name, people, str(int(first["compared"])), told, nearest])
    return rows


def written(shared: Path) -> dict[Path, str]:
    """Return every file that this script writes, with its text."""
    module = recipe()
    found = module.build(shared)
    measured = module.measure_all(found.panel.frame)
    choices = {epci: module.choice_of(found.panel.frame, epci) for epci, _ in SHOWN.values()}
    pages = {
        path: page(found, measured, choices=choices, lang=lang) for lang, path in PAGES.items()
    }
    drawn = {MAPS / name: text for name, text in maps(found, shared).items()}
    return {**pages, **drawn}


def main() -> None:
    """Write the pages and the maps."""
    MAPS.mkdir(exist_ok=True)
    for path, text in written(SHARED).items():
        path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
