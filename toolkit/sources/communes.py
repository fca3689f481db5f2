"""The perimeter: communes with outline, inhabitants and grouping, in one year of the geography."""

from __future__ import annotations

import math
import warnings
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import geopandas as gpd
import pandas as pd
import shapely

from toolkit import crs
from toolkit import vocabulary as v
from toolkit.errors import DataQualityWarning, Problem, SchemaError, UsageError, english
from toolkit.nomenclature import fold
from toolkit.sources import populations
from toolkit.sources.extract import RECORDED, Extract, source_row
from toolkit.sources.geometry_files import read_polygons
from toolkit.sources.passage import Passage, read_passage
from toolkit.sources.perimeter import REQUEST_FAULTS, read_frames, select_communes
from toolkit.sources.reading import (
    commune_codes,
    lift_arrondissements,
    listed,
    numbers,
    suggestions,
)
from toolkit.sources.selection import Frames, Selection, commune_within

COLUMNS: Final = (
    "commune_id",
    "name",
    "population",
    "epci_id",
    "cog_year",
    v.GEOMETRY,
    "basis",
    "source_id",
)
_PROPERTIES: Final = {
    "commune_id": ("commune_id", *populations.CODE),
    "name": populations.NAME,
    "population": ("population", "population_municipale", "pmun"),
    "epci_id": ("epci_id", "codes_siren_des_epci", "siren_epci", "code_epci", "epci"),
    "cog_year": ("cog_year", "annee_cog", "cog_annee"),
}
_WRONG_REQUESTS: Final = REQUEST_FAULTS | frozenset(
    {
        "communes_unknown",
        "communes_old_code",
        "communes_no_year",
        "communes_bad_year",
        "communes_without_unknown",
    }
)
"""Faults of the request rather than of the data."""
FIRST_YEAR: Final = 1943
"""Year of the first official geographic code."""
LAST_YEAR: Final = 2100
_EPCI_PATTERN: Final = r"(\d{9})"

Files = Path | str | Sequence[Path | str]


@dataclass(frozen=True, slots=True)
class _Choice:
    """Which communes are asked for."""

    codes: tuple[str, ...] | None
    without: tuple[str, ...]
    selection: Selection


@dataclass(slots=True)
class _Gathered:
    """What the files say, and what is wrong or worth a note."""

    polygons: gpd.GeoDataFrame
    known: pd.DataFrame
    where: str
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    former: dict[str, str] = field(default_factory=dict)
    """Names of merged communes that the outlines draw, by code."""
    later: dict[str, dict[str, str]] = field(default_factory=dict)
    """Notes that count only if the living commune is chosen: words -> its code, by reason."""

    def fault(self, code: str, *, found: object = "", **params: object) -> None:
        """Note a fault of the perimeter."""
        self.problems.append(
            Problem(code, table=v.COMMUNES, found=str(found), params=params, where=self.where)
        )

    def note(self, code: str, items: Collection[object]) -> None:
        """Count something a reader should know, with examples."""
        if items:
            self.counts[code] = len(items)
            params = {"examples": listed(items)}
            self.notes.append(
                Problem(f"sources_{code}", found=str(len(items)), params=params, where=self.where)
            )


def load_communes(
    path: Files,
    *,
    codes: Iterable[str] | None = None,
    epci: Iterable[str] | None = None,
    population: Path | str | None = None,
    cog_year: int | None = None,
    passage: Path | str | None = None,
    without: Iterable[str] = (),
    selection: Selection | None = None,
) -> gpd.GeoDataFrame:
    """Return the communes of a perimeter.

    Parameters
    ----------
    path : path or sequence of paths
        Outlines: GeoJSON, GeoPackage or shapefile, with a code and a name; several files where the
        perimeter lies in several départements.
    codes : iterable of str, optional
        INSEE codes wanted.  Without `codes`, `epci` and `selection` every commune of the files is
        taken.
    epci : iterable of str, optional
        Groupings, by SIREN or name, whose communes are wanted too.
    population : path, optional
        Inhabitants and groupings: text or JSON (:mod:`toolkit.sources.populations`).
    cog_year : int, optional
        Year of the geography in which the communes are wanted: that of the outlines, or of the
        living codes of `passage`.  May be left out where a file says it.
    passage : path, optional
        Passage table: outlines of communes that have merged are dissolved into the living one,
        except those that the file of populations still (or again) names as living.
    without : iterable of str
        Communes left out on purpose, by code or name, for instance for want of an outline.
    selection : Selection, optional
        Other ways to choose communes (:mod:`toolkit.sources.perimeter`): by name, département,
        grouping of a file, polygon, distance; added to `codes` and `epci`.

    Returns
    -------
    GeoDataFrame
        Columns of the contract of ``communes`` but ``source_id``, EPSG:4326, sorted by code;
        ``population`` is NaN where no file gives it.

    Raises
    ------
    UsageError
        If a code, an EPCI or the year of the geography is unknown.
    SchemaError
        If outlines are missing or double, or years are mixed; all faults at once.
    DataError
        If a file cannot be read.
    CrsError
        If the coordinates have no reference system.

    Warns
    -----
    DataQualityWarning
        For each thing that was mended or left out.
    """
    extract = read_communes(
        path,
        codes=codes,
        epci=epci,
        population=population,
        cog_year=cog_year,
        passage=passage,
        without=without,
        selection=selection,
    )
    for note in extract.notes:
        warnings.warn(english(note), DataQualityWarning, stacklevel=2)
    return gpd.GeoDataFrame(extract.tables[v.COMMUNES]).drop(columns="source_id")


def read_communes(
    path: Files,
    *,
    codes: Iterable[str] | None = None,
    epci: Iterable[str] | None = None,
    population: Path | str | None = None,
    cog_year: int | None = None,
    passage: Path | str | None = None,
    without: Iterable[str] = (),
    selection: Selection | None = None,
) -> Extract:
    """Return the communes of a perimeter with their source, counts and notes.

    Same parameters and faults as :func:`load_communes`.

    Returns
    -------
    Extract
        Tables ``communes`` and, where other files are used, ``sources``.
    """
    paths = [Path(path)] if isinstance(path, Path | str) else [Path(part) for part in path]
    more = selection or Selection()
    asked = _Choice(
        None if codes is None else _words(codes),
        _words(without),
        replace(more, epci=_words((*more.epci, *(epci or ())))),
    )
    table = read_passage(Path(passage)) if passage else None
    gathered = _gather(paths, Path(population) if population else None)
    year = _year(gathered, cog_year=cog_year, passage=table)
    _check_double(gathered)
    if not gathered.problems:
        _to_living(gathered, passage=table, wanted=(*(asked.codes or ()), *more.codes))
    chosen = _chosen(gathered, asked, passage=table)
    _check_places(gathered, chosen)
    if gathered.problems:
        only_requests = {problem.code for problem in gathered.problems} <= _WRONG_REQUESTS
        raise (UsageError if only_requests else SchemaError)(gathered.problems)
    communes = _finished(gathered, chosen, year=year)
    files = {
        "passage": passage,
        "population": population,
        "groupings": more.groups_file,
        "area": more.within,
    }
    return _extract(paths, communes, gathered=gathered, others=files)


def _words(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(word).strip() for word in words))


# --- the files --------------------------------------------------------------------------------
def _gather(paths: list[Path], population: Path | None) -> _Gathered:
    """Return the outlines of all files in EPSG:4326, and what the other file says."""
    parts = [_named_columns(read_polygons(path, is_wanted=_has_code), path=path) for path in paths]
    polygons = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=crs.STORAGE_EPSG)
    where = paths[0].name + (f" (+{len(paths) - 1})" if len(paths) > 1 else "")
    known = (
        populations.read_populations(population)
        if population
        else pd.DataFrame({name: [] for name in populations.COLUMNS}, dtype="str")
    )
    gathered = _Gathered(polygons, known, where)
    gathered.counts["read"] = len(polygons)
    for code in polygons.loc[polygons["commune_id"].isna(), "found_code"]:
        gathered.fault("communes_bad_code", found=code)
    other = ~polygons.geom_type.isin(("Polygon", "MultiPolygon"))
    for code in polygons.loc[other, "found_code"]:
        gathered.fault("communes_no_outline", found=code)
    return gathered


def _has_code(fields: list[str]) -> bool:
    return bool({fold(name) for name in fields} & set(_PROPERTIES["commune_id"]))


def _named_columns(frame: gpd.GeoDataFrame, *, path: Path) -> gpd.GeoDataFrame:
    """Return the features of one file with our names, in EPSG:4326, without heights."""
    folded = {fold(str(name)): name for name in reversed(list(frame.columns))}
    found = {
        column: next((folded[name] for name in names if name in folded), None)
        for column, names in _PROPERTIES.items()
    }
    missing = [name for name in ("commune_id", "name") if found[name] is None]
    if missing:
        header = listed(name for name in frame.columns if name != frame.active_geometry_name)
        raise SchemaError(
            [
                Problem(
                    "sources_column_missing",
                    table=v.COMMUNES,
                    where=path.name,
                    found=_PROPERTIES[name][0],
                    params={"choices": ", ".join(_PROPERTIES[name]), "header": header},
                )
                for name in missing
            ]
        )
    cells = {
        column: frame[name].astype("object").where(frame[name].notna()).astype("str")
        if name is not None
        else pd.Series(index=frame.index, dtype="str")
        for column, name in found.items()
    }
    shapes = gpd.GeoSeries(shapely.force_2d(frame.geometry.to_numpy()), crs=frame.crs)
    named = gpd.GeoDataFrame(
        pd.DataFrame(cells), geometry=shapes.to_crs(epsg=crs.STORAGE_EPSG).array
    )
    return named.assign(
        found_code=named["commune_id"],
        commune_id=commune_codes(named["commune_id"]),
        population=numbers(named["population"]),
        epci_id=named["epci_id"].str.extract(_EPCI_PATTERN, expand=False),
        cog_year=numbers(named["cog_year"]),
    )


# --- year and codes ---------------------------------------------------------------------------
def _year(gathered: _Gathered, *, cog_year: int | None, passage: Passage | None) -> int:
    """Return the year of the geography of the result; note a fault where it is unsure."""
    if cog_year and not FIRST_YEAR <= cog_year <= LAST_YEAR:
        gathered.fault(
            "communes_bad_year", found=cog_year, first=str(FIRST_YEAR), last=str(LAST_YEAR)
        )
        return cog_year
    said = sorted({int(year) for year in gathered.polygons["cog_year"].dropna()})
    if len(said) > 1:
        gathered.fault("communes_mixed_years", found=", ".join(map(str, said)))
        return said[-1]
    known = passage.year if passage else (said[0] if said else 0)
    if cog_year and known and cog_year != known:
        gathered.fault("communes_other_year", found=cog_year, said=str(known))
    if not cog_year and not known:
        gathered.fault("communes_no_year")
    return cog_year or known


def _check_places(gathered: _Gathered, chosen: set[str]) -> None:
    """Note a perimeter that lies elsewhere than in France: its file names the wrong system."""
    polygons = gathered.polygons
    polygons = polygons[polygons["commune_id"].isin(chosen) & polygons.geometry.notna()]
    bounds = polygons.geometry.bounds
    middles = zip(
        polygons["commune_id"],
        (bounds["minx"] + bounds["maxx"]) / 2,
        (bounds["miny"] + bounds["maxy"]) / 2,
        strict=True,
    )
    away = sorted(
        (code, x, y) for code, x, y in middles if not math.isnan(x) and not crs.is_in_france(x, y)
    )
    if away:
        _, x, y = away[0]
        gathered.fault(
            "communes_elsewhere",
            found=listed(code for code, _, _ in away),
            longitude=round(float(x), 2),
            latitude=round(float(y), 2),
        )


def _check_double(gathered: _Gathered) -> None:
    codes = gathered.polygons["commune_id"].dropna()
    for code in sorted(codes[codes.duplicated()].unique()):
        gathered.fault("communes_double", found=code, count=str(int((codes == code).sum())))


def _to_living(gathered: _Gathered, *, passage: Passage | None, wanted: tuple[str, ...]) -> None:
    """Dissolve old outlines into the living communes; arrondissements into their asked city."""
    polygons = gathered.polygons
    living = passage.apply(polygons["commune_id"]) if passage else polygons["commune_id"]
    lifted = lift_arrondissements(living)
    asked = {*wanted, *gathered.known["commune_id"]} - set(living)
    living = lifted.where(lifted.isin(asked), living)
    if passage:
        living = _followed(gathered, living, passage=passage)
    merged = polygons.assign(living=living)
    moved = merged[merged["living"] != merged["commune_id"]]
    if moved.empty:
        return
    gathered.later["communes_merged"] = {
        f"{row.commune_id} → {row.living}": row.living for row in moved.itertuples()
    }
    gathered.former = dict(zip(moved["commune_id"], moved["name"].fillna(""), strict=True))
    own_first = merged.assign(
        is_other=merged["living"] != merged["commune_id"],
        geometry=shapely.make_valid(merged.geometry.to_numpy()),
    ).sort_values(["living", "is_other", "commune_id"], kind="stable")
    summed = own_first.groupby("living")["population"].sum(min_count=1)
    dissolved = own_first.dissolve("living", aggfunc="first").assign(population=summed)
    gathered.polygons = dissolved.drop(columns="is_other").assign(commune_id=dissolved.index)


def _followed(gathered: _Gathered, living: pd.Series[str], *, passage: Passage) -> pd.Series[str]:
    """Return the living codes; what the file of populations names as living stays itself."""
    codes = gathered.polygons["commune_id"]
    drawn = set(codes)
    unnamed = drawn - set(passage.living) - set(passage.split)
    wide = [code for code in drawn & set(passage.split) if set(passage.split[code]) - drawn]
    kept = codes.isin(gathered.known["commune_id"]) & (living != codes)
    gathered.later["not_in_passage"] = {code: code for code in unnamed}
    gathered.later["communes_split"] = {code: code for code in wide}
    gathered.later["passage_not_followed"] = {code: code for code in codes[kept]}
    return living.mask(kept, codes)


# --- the choice -------------------------------------------------------------------------------
def _chosen(gathered: _Gathered, asked: _Choice, *, passage: Passage | None) -> set[str]:
    """Return the codes of the perimeter; note every code or grouping that cannot be served."""
    drawn = set(gathered.polygons["commune_id"].dropna())
    wanted = _with_zero(asked.codes or ()) | _selected(gathered, asked, passage=passage)
    names = _names(gathered)
    without = {commune_within(word, names, among=wanted) or word for word in asked.without}
    for code in sorted(without - wanted):
        gathered.fault("communes_without_unknown", found=code)
    gathered.note("left_out", [f"{code} {names.get(code, '')}".strip() for code in sorted(without)])
    wanted -= without
    for code in sorted(wanted - drawn):
        if code in names:
            gathered.fault("communes_no_polygon", found=code, name=names[code])
        elif passage and code in passage.living:
            gathered.fault("communes_old_code", found=code, living=passage.living[code])
        else:
            near = suggestions(code, names)
            gathered.fault("communes_unknown", found=code, near=near or "–")
    if not wanted and not gathered.problems:
        gathered.fault("communes_none")
    return wanted


def _with_zero(codes: tuple[str, ...]) -> set[str]:
    """Return the codes asked for, the lost zero given back; what is no code as it was written."""
    cells = pd.Series(codes, dtype="str")
    return set(commune_codes(cells).fillna(cells))


def _names(gathered: _Gathered) -> dict[str, str]:
    both = pd.concat(
        [gathered.polygons[["commune_id", "name"]], gathered.known[["commune_id", "name"]]]
    )
    both = both.dropna(subset=["commune_id"]).fillna({"name": ""})
    return dict(zip(both["commune_id"], both["name"], strict=True))


def _selected(gathered: _Gathered, asked: _Choice, *, passage: Passage | None) -> set[str]:
    """Return the codes of what is asked for otherwise than by code; every drawn one by default."""
    if asked.codes is not None and asked.selection.is_empty:
        return set()
    groupings, area = read_frames(asked.selection)
    frames = Frames(
        gathered.polygons, gathered.known, gathered.former, passage, groupings=groupings, area=area
    )
    chosen = select_communes(asked.selection, frames)
    gathered.problems += chosen.problems
    gathered.notes += chosen.notes
    return set(chosen.codes)


# --- the result -------------------------------------------------------------------------------
def _finished(gathered: _Gathered, chosen: set[str], *, year: int) -> gpd.GeoDataFrame:
    """Return the chosen communes with the columns of the contract."""
    polygons = gathered.polygons
    frame = polygons[polygons["commune_id"].isin(chosen)].sort_values(
        "commune_id", ignore_index=True
    )
    if len(gathered.known):
        known = gathered.known.set_index("commune_id").reindex(frame["commune_id"])
        for column in ("name", "population", "epci_id"):
            frame[column] = known[column].set_axis(frame.index).fillna(frame[column])
    broken = ~frame.geometry.is_valid
    for code, items in sorted(gathered.later.items()):
        gathered.note(code, sorted(words for words, living in items.items() if living in chosen))
    gathered.note("outline_mended", list(frame.loc[broken, "commune_id"]))
    frame["geometry"] = frame.geometry.where(~broken, frame.geometry.make_valid()).map(_areas)
    if len(gathered.known):
        gathered.note("no_population", list(frame.loc[frame["population"].isna(), "commune_id"]))
    gathered.counts["kept"] = len(frame)
    return frame.assign(
        population=frame["population"].astype("float64"),
        cog_year=year,
        basis=RECORDED,
        source_id="",
    )[list(COLUMNS)]


def _areas(shape: shapely.Geometry) -> shapely.Geometry:
    """Return a geometry without the lines and points that mending may leave."""
    if shape.geom_type in {"Polygon", "MultiPolygon"}:
        return shape
    parts = [part for part in getattr(shape, "geoms", ()) if "Polygon" in part.geom_type]
    return shapely.union_all(parts)


def _extract(
    paths: list[Path],
    communes: gpd.GeoDataFrame,
    *,
    gathered: _Gathered,
    others: dict[str, Path | str | None],
) -> Extract:
    """Return the perimeter with the rows of its sources."""
    year = int(communes["cog_year"].iloc[0])
    rows = [
        source_row(
            path, kind=v.COMMUNES, title=f"Contours des communes ({path.name})", cog_year=year
        )
        for path in paths
    ]
    titles = {
        "passage": "Table de passage des communes",
        "population": "Populations et groupements",
        "groupings": "Groupements et leurs membres",
        "area": "Polygone du périmètre",
    }
    beside = [
        source_row(Path(path), kind=role, title=f"{titles[role]} ({Path(path).name})")
        for role, path in others.items()
        if path
    ]
    first = {**rows[0], "rows": gathered.counts["read"]}
    tables = {
        v.COMMUNES: communes.assign(source_id=first["source_id"]),
        v.SOURCES: pd.DataFrame([*rows[1:], *beside]),
    }
    return Extract(tables, first, gathered.counts, tuple(gathered.notes))
