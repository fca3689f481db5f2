"""Services and shops of each commune (BPE, INSEE): counts, and actors where a row has a SIRET."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Final

import geopandas as gpd
import pandas as pd

from toolkit import crs, nomenclature
from toolkit import vocabulary as v
from toolkit.errors import Problem
from toolkit.nomenclature import fold
from toolkit.resources import shipped
from toolkit.schema.identifiers import clean_siret
from toolkit.sources.columnar import select_rows
from toolkit.sources.extract import Extract, Sieve, source_row
from toolkit.sources.passage import Passage
from toolkit.sources.reading import (
    TEXT_ENDINGS,
    commune_codes,
    header_of,
    lift_arrondissements,
    numbers,
    read_rows,
)
from toolkit.sources.sirene_places import widened

NEEDED: Final = {"type": ("typequ", "facility_type")}
WANTED: Final = {
    "commune_id": ("depcom", "codgeo", "geo"),
    "iris": ("dciris",),
    "level": ("geo_object",),
    "count": ("nb_equip", "obs_value"),
    "year": ("an", "time_period"),
    "x": ("lambert_x",),
    "y": ("lambert_y",),
    "longitude": ("longitude",),
    "latitude": ("latitude",),
    "quality": ("qualite_xy",),
    "epsg": ("epsg",),
    "siret": ("siret",),
    "name": ("nomrs",),
    "shown": ("statut_diffusion",),
    "measure": ("bpe_measure",),
}
COMPILED_ID: Final = ("id", "codgeo", "code_insee")
COUNTS: Final = "counts"
"""Extra table: how many services of a type a commune has; ``assemble`` does not read it."""
COUNT_COLUMNS: Final = ("commune_id", "activity", "category", "count", "unit", "year")
"""``activity`` is a type of the BPE or a column of a compilation; ``category`` may be missing;
``unit`` is ``unit`` (equipments) or ``place``; ``year`` is that of the BPE."""
_TYPE: Final = r"[A-G]\d{3}"
_COMMUNE, _PART = "COM", "ARM"
_OF_IRIS: Final = r"^(\d[\dAB]\d{3})"
_LAST: Final = r"([^-]+)$"
"""What follows the level in a code such as ``2024-COM-14118``; a bare code is itself."""
_WEAK: Final = frozenset({"mauvaise", "m"})
_HIDDEN: Final = frozenset({"p", "n"})
"""States of those who opposed that their name and address are shown, as in SIRENE."""
_EQUIPMENTS: Final = "FACILITIES"
"""The measure that counts equipments; the files of one theme also count rooms or beds."""
_BY_PERSONS: Final = ("A3", "A4", "A5", "B", "D2", "D303", "D307", "E101")
"""Types whose services are often run by a person in their own name."""
_FAMILIES: Final[Mapping[str, str]] = {"A1": "public", "A": "business", "B": "business"}
_ANY_FAMILY: Final = "civil"
_OF_PUBLIC_BODIES: Final = ("1", "2")
"""First digits of the SIREN of the State and its bodies, and of local authorities and theirs."""
_UNIT, _TOTAL = "unit", "total"


def load_bpe(
    path: Path,
    *,
    communes: Collection[str] = (),
    passage: Passage | None = None,
    data_year: int | None = None,
    with_natural_persons: bool = False,
) -> Extract:
    """Return the equipments of a BPE file: counts by commune, and identified places as actors.

    Parameters
    ----------
    path : Path
        Points (`DEPCOM` or `DCIRIS`, `TYPEQU`, `LAMBERT_X` and `LAMBERT_Y` or `LONGITUDE` and
        `LATITUDE`), counts (`DEPCOM`, `TYPEQU`, `NB_EQUIP`, or the long layout with `GEO`,
        `GEO_OBJECT`, `FACILITY_TYPE` and `OBS_VALUE`), or a compilation with one row a commune and
        one column a service (`boulang`, `pharma` ...).
    communes : collection of str, optional
        Communes whose rows are read: needed for a national file, which is then never held whole and
        may be a .zip or .parquet too.  A compilation is read whole.
    passage : Passage, optional
        Adds the old codes of these communes.
    data_year : int, optional
        Year of the BPE; that of the rows, else of the name of the file (``bpe21_...``).
    with_natural_persons : bool, default False
        Whether places of types often run by a person (shops, crafts, health professions) keep
        their name and point.

    Returns
    -------
    Extract
        ``counts`` (columns ``COUNT_COLUMNS``; :func:`find_counts` brings them to a perimeter);
        ``actors`` and ``resources`` of the points that bear a valid SIRET, id ``siret:...``.

    Raises
    ------
    DataError
        If the file cannot be read or lacks a column.
    MissingDependencyError
        If communes are given and `duckdb` is not installed.

    Notes
    -----
    - Category: by ``bpe_codes`` of the table of categories, or ``bpe_types_categories`` for a
      compilation; types without one are counted all the same, and named in a note.
    - A compilation also has totals of several types: they are left out, as they would count twice.
    - Only the latest year of a file is kept: the BPE of 2021 changed its sources and is no
      continuation of those before.  A count says presence, not capacity.
    - The long layout holds other levels than communes, and totals, which are left out.  Files of
      one theme cross a type with other qualities and repeat its total: the largest count of a
      commune, type and year is that total.
    - Points of the poorest quality (`Mauvaise`, since 2024 `M`) are left to the commune; whoever
      opposed that SIRENE shows them has neither name nor point.
    - Family: public for A1 and where the SIREN is that of a public body, business for A and B, else
      civil society: the BPE does not say who runs a place.
    - `LAMBERT_X` and `LAMBERT_Y` are in the projection of the commune's part of France.
    """
    if _is_compilation(path):
        return _compilation(path, data_year=data_year)
    rows = (
        _rows_of(path, communes, passage=passage)
        if communes
        else read_rows(path, needed=NEEDED, wanted=WANTED)
    )
    sieve = Sieve(rows, where=path.name)
    if rows.empty:
        sieve.notes.append(Problem("sources_bpe_nothing", found="0", where=path.name))
    year = _clean(sieve, frozenset(communes), data_year=data_year or year_of_name(path.name))
    kept = sieve.rows
    categories = _categories()
    counts = _counts(kept.assign(category=kept["type"].map(categories), year=year))
    bare = kept["type"][~kept["type"].isin(categories)]
    sieve.note("bpe_no_category", len(bare), examples=sorted(bare.unique()))
    tables = {COUNTS: counts}
    if kept["siret"].notna().any():
        places = _places(sieve, with_natural_persons=with_natural_persons)
        tables |= {v.ACTORS: _actors(places), v.RESOURCES: _resources(places)}
    return sieve.extract(tables, source=_source(path, year=year))


def _is_compilation(path: Path) -> bool:
    """Return whether a text has a column of communes and none of types."""
    if path.suffix.lower() not in TEXT_ENDINGS:
        return False
    header = {fold(name) for name in header_of(path, [NEEDED, {"id": COMPILED_ID}])}
    return bool(header & set(COMPILED_ID)) and not header & set(NEEDED["type"])


def _rows_of(path: Path, communes: Collection[str], *, passage: Passage | None) -> pd.DataFrame:
    """Return the rows of some communes, under their old codes and without a lost zero too."""
    codes = widened(communes, passage=passage)
    among = [*codes, *(code[1:] for code in codes if code.startswith("0"))]
    key = {"commune_id": WANTED["commune_id"]}
    return select_rows(path, needed={**NEEDED, **key}, wanted=WANTED, key="commune_id", among=among)


def find_counts(
    extract: Extract, commune_ids: Collection[str], *, passage: Passage | None = None
) -> pd.DataFrame:
    """Return the counts of a perimeter, added up where communes have merged.

    Parameters
    ----------
    extract : Extract
        What :func:`load_bpe` returns.
    commune_ids : collection of str
        Codes of the communes of the perimeter.
    passage : Passage, optional
        Brings codes of communes of other years to those of the perimeter.

    Returns
    -------
    DataFrame
        Columns ``COUNT_COLUMNS``, sorted; a service that a commune lacks has no row.
    """
    counts = extract.tables[COUNTS]
    own = counts["commune_id"].isin(set(commune_ids))
    living = passage.apply(counts["commune_id"]) if passage else counts["commune_id"]
    codes = counts["commune_id"].where(own, living)
    inside = counts.assign(commune_id=codes)[codes.isin(set(commune_ids))]
    return _summed(inside)


def year_of_name(name: str) -> int | None:
    """Return the year that the name of a file of the BPE bears, None where there is none.

    Examples
    --------
    >>> [year_of_name(name) for name in ("bpe21_ensemble_xy.csv", "DS_BPE_2024_data.csv", "x.csv")]
    [2021, 2024, None]
    """
    found = re.search(r"bpe_?(?:20)?(\d\d)(?!\d)", name.lower())
    return 2000 + int(found[1]) if found else None


def _source(path: Path, *, year: int | None) -> dict[str, object]:
    return source_row(
        path,
        kind="bpe",
        title="Base permanente des équipements",
        producer="INSEE",
        licence="Licence Ouverte 2.0",
        data_year=year,
    )


# --- rows by type -------------------------------------------------------------------------------
def _clean(sieve: Sieve, asked: frozenset[str], *, data_year: int | None) -> int | None:
    """Keep the rows of communes, types and the latest year; return that year.

    An arrondissement of Paris, Lyon or Marseille is its commune unless it is asked for itself.
    """
    of_iris = sieve.rows["iris"].str.extract(_OF_IRIS, expand=False)
    given = sieve.rows["commune_id"].fillna(of_iris)
    codes = commune_codes(given.str.extract(_LAST, expand=False))
    levels = sieve.rows["level"].str.upper()
    is_place = (levels == _COMMUNE) | ((levels == _PART) & codes.isin(asked))
    codes = codes.where(codes.isin(asked), lift_arrondissements(codes))
    sieve.rows = sieve.rows.assign(commune_id=codes)
    sieve.drop(levels.notna() & ~is_place, "bpe_levels", show="level")
    types = sieve.rows["type"].str.upper()
    sieve.rows = sieve.rows.assign(type=types)
    is_type = types.str.fullmatch(_TYPE).fillna(value=False).astype("bool")
    sieve.drop(~is_type, "bpe_types", show="type")
    measure = sieve.rows["measure"].str.upper()
    sieve.drop(measure.notna() & (measure != _EQUIPMENTS), "bpe_measures", show="measure")
    sieve.drop(sieve.rows["commune_id"].isna(), "no_commune", show="type")
    is_counted = sieve.rows["count"].notna().any()
    count = numbers(sieve.rows["count"]) if is_counted else sieve.rows["type"].notna() * 1.0
    sieve.rows = sieve.rows.assign(count=count, unit=_UNIT)
    sieve.drop(count.isna() | (count <= 0), "bpe_no_count")
    years = numbers(sieve.rows["year"])
    latest = int(years.max()) if years.notna().any() else data_year
    sieve.drop(years.notna() & (years < (latest or 0)), "bpe_years", show="year")
    _keep_totals(sieve)
    return latest


def _keep_totals(sieve: Sieve) -> None:
    """Of each commune and type of the long layout, keep the largest count: it holds the others."""
    rows = sieve.rows[sieve.rows["level"].notna()].sort_values("count", ascending=False)
    parts = rows.index[rows.duplicated(["commune_id", "type"])]
    sieve.drop(pd.Series(sieve.rows.index.isin(parts), sieve.rows.index), "bpe_parts", show="type")


@cache
def _categories() -> Mapping[str, str]:
    """Return the category of each type that has one."""
    codes = nomenclature.table("categories")["bpe_codes"]
    return {
        code: str(category) for category, cell in codes.items() for code in v.split_list(str(cell))
    }


def _counts(kept: pd.DataFrame) -> pd.DataFrame:
    return _summed(kept.assign(activity=kept["type"]))


def _summed(rows: pd.DataFrame) -> pd.DataFrame:
    keys = [name for name in COUNT_COLUMNS if name != "count"]
    summed = rows.groupby(keys, dropna=False)["count"].sum().reset_index()
    ordered = summed.sort_values(["commune_id", "activity"], ignore_index=True)
    return ordered[[*COUNT_COLUMNS]]


# --- places -------------------------------------------------------------------------------------
def _places(sieve: Sieve, *, with_natural_persons: bool) -> pd.DataFrame:
    """Return the rows that bear a valid SIRET, with name and point where they may be shown."""
    rows = sieve.rows
    siret = [clean_siret(cell)[0] for cell in rows["siret"]]
    rows = rows.assign(siret=pd.Series(siret, index=rows.index, dtype="str"))
    bad = rows["siret"].isna()
    sieve.note("bpe_unidentified", int(bad.sum()))
    rows = _with_degrees(rows[~bad])
    weak = rows["quality"].fillna("").map(fold).isin(_WEAK)
    hidden = rows["shown"].fillna("").map(fold).isin(_HIDDEN)
    private = (rows["type"].str.startswith(_BY_PERSONS) & (not with_natural_persons)) | hidden
    named = rows["name"].mask(private).fillna(rows["siret"])
    sieve.note("weak_points", int(weak.sum()), examples=named[weak])
    sieve.note("bpe_unnamed", int(private.sum()), examples=sorted(rows["type"][private].unique()))
    return rows.assign(
        actor_id="siret:" + rows["siret"],
        name=named,
        longitude=rows["longitude"].mask(weak | private),
        latitude=rows["latitude"].mask(weak | private),
    )


def _with_degrees(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with longitude and latitude, projected points brought to degrees."""
    given = rows.assign(**{name: numbers(rows[name]) for name in ("x", "y")})
    degrees = {name: numbers(rows[name]) for name in ("longitude", "latitude")}
    metric = given[degrees["longitude"].isna() & given[["x", "y"]].notna().all(axis=1)]
    epsg = numbers(metric["epsg"]).fillna(
        metric["commune_id"].map(lambda code: crs.zone_of([code]).epsg).astype("float64")
    )
    for code, part in metric.groupby(epsg):
        points = gpd.GeoSeries(gpd.points_from_xy(part["x"], part["y"]), part.index, int(code))
        moved = points.to_crs(epsg=crs.STORAGE_EPSG)
        degrees["longitude"].loc[part.index] = moved.x
        degrees["latitude"].loc[part.index] = moved.y
    return rows.assign(**degrees)


def _actors(places: pd.DataFrame) -> pd.DataFrame:
    families = places["type"].str[:2].map(_FAMILIES).fillna(places["type"].str[:1].map(_FAMILIES))
    families = families.fillna(_ANY_FAMILY)
    families = families.mask(places["siret"].str.startswith(_OF_PUBLIC_BODIES), "public")
    actors = places.assign(family=families).drop_duplicates("actor_id")
    names = ["actor_id", "name", "family", "siret", "commune_id", "latitude", "longitude"]
    return actors[names]


def _resources(places: pd.DataFrame) -> pd.DataFrame:
    """Return one row a place and category; a quantity where equipments are what is counted."""
    offered = places.assign(category=places["type"].map(_categories())).dropna(subset="category")
    summed = offered.groupby(["actor_id", "category"], as_index=False)["count"].sum()
    by_unit = summed["category"].map(nomenclature.default_unit) == _UNIT
    return pd.DataFrame(
        {
            "resource_id": summed["actor_id"] + ":" + summed["category"],
            "actor_id": summed["actor_id"],
            "category": summed["category"],
            "quantity": summed["count"].where(by_unit),
            "unit": pd.Series(_UNIT, index=summed.index, dtype="str").where(by_unit),
            "available": "shareable",
            "shareable": False,
        }
    )


# --- compilations -------------------------------------------------------------------------------
@cache
def _compiled() -> pd.DataFrame:
    path = shipped("data", "nomenclatures", "bpe_types_categories.csv")
    return pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8", index_col="code")


def _compilation(path: Path, *, data_year: int | None) -> Extract:
    """Return the counts of a file with one row a commune and one column a service."""
    known = _compiled()
    every = {name: (name,) for name in known.index}
    rows = read_rows(path, needed={"commune_id": COMPILED_ID}, wanted=every)
    columns = [name for name in every if rows[name].notna().any()]
    sieve = Sieve(rows, where=path.name)
    codes = lift_arrondissements(commune_codes(rows["commune_id"]))
    sieve.rows = rows.assign(commune_id=codes.fillna(rows["commune_id"]))
    sieve.drop(codes.isna(), "bpe_levels", show="commune_id")
    wide = sieve.rows.set_index("commune_id")[columns].apply(numbers)
    totals = [name for name in columns if known.loc[name, "unit"] == _TOTAL]
    sieve.note("bpe_totals", len(totals), examples=totals)
    long = wide.drop(columns=totals).melt(
        ignore_index=False, var_name="activity", value_name="count"
    )
    long = long[long["count"] > 0].reset_index()
    category = long["activity"].map(known["category_id"])
    bare = sorted(long["activity"][category == ""].unique())
    sieve.note("bpe_no_category", int((category == "").sum()), examples=bare)
    year = data_year or year_of_name(path.name)
    counts = _summed(
        long.assign(
            category=category.mask(category == ""),
            unit=long["activity"].map(known["unit"]),
            year=year,
        )
    )
    return sieve.extract({COUNTS: counts}, source=_source(path, year=year))
