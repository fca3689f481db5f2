"""A territory: its perimeter and its tables, checked once at the door, then frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from toolkit import crs, nomenclature, schema
from toolkit import vocabulary as v
from toolkit.errors import Problem, SchemaError
from toolkit.schema import identifiers
from toolkit.schema.contracts import CONTRACTS, Contract, empty


@dataclass(frozen=True, slots=True, eq=False)
class Territory:
    """The tables of one territory, complete and checked; nothing in it changes.

    Build one with :meth:`from_tables`, or read it from a workspace.

    Attributes
    ----------
    name : str
        Name a reader knows the territory by.
    tables : Mapping of str to DataFrame
        Every table of :data:`toolkit.vocabulary.TABLES`, sorted by its key, index 0..n-1.
        ``communes`` and ``actors`` are GeoDataFrames in EPSG:4326.
    fictional : bool
        True for the demo: everything that shows the territory must say so.
    locations : DataFrame, shape (n_actors + n_communes, 2)
        Columns ``x_m`` and ``y_m``, metres in the metric CRS of :attr:`zone`, indexed by actor id
        and commune id.  A commune is placed at the representative point of its polygon.
    """

    name: str
    tables: Mapping[str, pd.DataFrame]
    fictional: bool = False
    locations: pd.DataFrame = field(init=False, repr=False)
    zone: crs.Zone = field(init=False)

    def __post_init__(self) -> None:
        """Freeze the tables and compute where things are."""
        object.__setattr__(self, "tables", MappingProxyType(dict(self.tables)))
        zone = crs.zone_of(self.tables[v.COMMUNES]["commune_id"])
        object.__setattr__(self, "zone", zone)
        object.__setattr__(self, "locations", _locations(self.tables, zone))

    @classmethod
    def from_tables(
        cls, tables: Mapping[str, pd.DataFrame], *, name: str, fictional: bool = False
    ) -> Territory:
        """Return a territory from its tables, completed and checked.

        Parameters
        ----------
        tables : Mapping of str to DataFrame
            Tables of the model by name; those left out are empty, except ``communes``.
            Geometries may be in any CRS that is set.
        name : str
            Name of the territory.
        fictional : bool, default False
            Whether the data are invented.

        Raises
        ------
        SchemaError
            If tables break their contract; all faults of all tables at once.
        CrsError
            If geometries have no CRS, or the communes lie in several metric zones.
        """
        unknown = sorted(set(tables) - set(v.TABLES))
        if unknown:
            raise SchemaError(
                [
                    Problem("unknown_table", found=table, params={"choices": ", ".join(v.TABLES)})
                    for table in unknown
                ]
            )
        if tables.get(v.COMMUNES) is None or tables[v.COMMUNES].empty:
            raise SchemaError(Problem("no_perimeter", table=v.COMMUNES))
        completed = complete(tables)
        problems = schema.check_tables(completed)
        if problems:
            raise SchemaError(problems)
        kept = {
            table: frame.drop(columns=[part for part in schema.PLACE_COLUMNS if part in frame])
            for table, frame in completed.items()
        }
        return cls(name=name, tables=kept, fictional=fictional)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by name and tables, so that a territory can go to another process."""
        return _made, (self.name, dict(self.tables), self.fictional)

    def table(self, name: str) -> pd.DataFrame:
        """Return one table by its name."""
        return self.tables[name]

    @property
    def communes(self) -> gpd.GeoDataFrame:
        """Communes of the perimeter, polygons in EPSG:4326."""
        return gpd.GeoDataFrame(self.tables[v.COMMUNES])

    @property
    def actors(self) -> gpd.GeoDataFrame:
        """Actors, points in EPSG:4326."""
        return gpd.GeoDataFrame(self.tables[v.ACTORS])

    @property
    def resources(self) -> pd.DataFrame:
        """What actors can offer."""
        return self.tables[v.RESOURCES]

    @property
    def needs(self) -> pd.DataFrame:
        """What actors or communes lack."""
        return self.tables[v.NEEDS]

    @property
    def flows(self) -> pd.DataFrame:
        """What moves between actors, communes and the outside."""
        return self.tables[v.FLOWS]

    @property
    def cooperations(self) -> pd.DataFrame:
        """Cooperations that exist."""
        return self.tables[v.COOPERATIONS]

    @property
    def members(self) -> pd.DataFrame:
        """Members of the cooperations."""
        return self.tables[v.MEMBERS]

    @property
    def practices(self) -> pd.DataFrame:
        """Good practices, here or elsewhere."""
        return self.tables[v.PRACTICES]

    @property
    def sources(self) -> pd.DataFrame:
        """Where the rows come from."""
        return self.tables[v.SOURCES]

    @property
    def decisions(self) -> pd.DataFrame:
        """What people decided on candidates; append-only."""
        return self.tables[v.DECISIONS]

    @property
    def population(self) -> float:
        """Inhabitants of the communes whose population is known."""
        return float(self.tables[v.COMMUNES]["population"].sum())

    def replace(self, **tables: pd.DataFrame) -> Territory:
        """Return a territory in which some tables are replaced, checked again."""
        return Territory.from_tables(
            {**self.tables, **tables}, name=self.name, fictional=self.fictional
        )

    def distance_m(self, origin: str, destination: str) -> float:
        """Return the straight distance between two actors or communes, in metres."""
        here, there = self.locations.loc[origin], self.locations.loc[destination]
        return float(np.hypot(here["x_m"] - there["x_m"], here["y_m"] - there["y_m"]))


def _made(name: str, tables: Mapping[str, pd.DataFrame], fictional: bool) -> Territory:  # noqa: FBT001, PLR0917
    return Territory(name=name, tables=tables, fictional=fictional)


def complete(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return every table with the columns and types of its contract and the agreed defaults.

    Actors get what their other cells imply: SIREN of the SIRET, family and form of the legal form,
    sectors of the activities, a place (their point, else their commune).  Another activity that is
    the main one is left out.  Rows are sorted by key.
    A column whose cells do not fit its type is left as it is, for the check to say so.

    Raises
    ------
    CrsError
        If geometries have no CRS.
    SchemaError
        If a column stands twice, or a geometry is none.
    """
    made = {name: _conform(CONTRACTS[name], tables.get(name)) for name in v.TABLES}
    made[v.ACTORS] = _complete_actors(made[v.ACTORS], made[v.COMMUNES])
    return made


def _conform(contract: Contract, given: pd.DataFrame | None) -> pd.DataFrame:
    """Return a frame with exactly the columns of a contract, extra columns after them."""
    frame = empty(contract.table) if given is None else given.reset_index(drop=True)
    doubled = sorted({str(name) for name in frame.columns[frame.columns.duplicated()]})
    if doubled:
        raise SchemaError(
            [Problem("duplicate_column", table=contract.table, found=name) for name in doubled]
        )
    made: dict[Any, Any] = {}
    for column in contract.columns:
        if column.kind == "geometry":
            continue
        if column.name in frame:
            cells = frame[column.name]
        else:
            cells = pd.Series(np.nan, index=frame.index, dtype="object")
        if column.default is not None:
            cells = cells.astype("object").where(cells.notna(), column.default)
        made[column.name] = _typed(cells, column.dtype)
    shape = getattr(frame, "active_geometry_name", None)
    for name in frame.columns:
        if name not in contract.names and name != shape:
            made[name] = frame[name]
    result = pd.DataFrame(made, index=frame.index)
    if contract.has_geometry:
        result = _with_geometry(result, frame, where=contract.table)
    return result.sort_values(list(contract.key), kind="stable").reset_index(drop=True)


def _typed(cells: pd.Series[Any], dtype: str) -> pd.Series[Any]:
    """Return cells in the type of the contract; left as they are where they do not fit it."""
    if cells.dtype == dtype:
        return cells
    if dtype == "str":
        return schema.as_text(cells)
    wanted = (bool, np.bool_) if dtype == "boolean" else schema.NUMBERS
    loose = str(cells.dtype) in {"object", "str", "bool", "boolean", "string"}
    if loose and not all(
        isinstance(cell, wanted) and (dtype == "boolean" or not isinstance(cell, bool | np.bool_))
        for cell in cells[cells.notna()]
    ):
        return cells
    try:
        return pd.Series(cells.astype(cast("Any", dtype)))
    except (TypeError, ValueError, OverflowError):
        return cells


def _with_geometry(result: pd.DataFrame, frame: pd.DataFrame, *, where: str) -> gpd.GeoDataFrame:
    """Return the rows with their geometry in EPSG:4326, missing where there is none."""
    name = getattr(frame, "active_geometry_name", None) or v.GEOMETRY
    cells = np.full(len(result), None, dtype="object")
    given = frame.get(name)
    if given is not None and not given.isna().all():
        if not isinstance(given.dtype, gpd.array.GeometryDtype):
            known = given.dropna().map(lambda cell: isinstance(cell, shapely.Geometry))
            if not known.all():
                found = type(given.dropna()[~known.to_numpy(dtype=bool)].iloc[0]).__name__
                raise SchemaError(Problem("geometry_unreadable", table=where, found=found))
            given = gpd.GeoSeries(given)
        stored = crs.to_storage(gpd.GeoDataFrame(geometry=given.array), where=where)
        cells = shapely.force_2d(stored.geometry.to_numpy())
        cells[shapely.is_empty(cells)] = None
    shapes = gpd.array.from_shapely(cells, crs=crs.STORAGE_EPSG)
    return gpd.GeoDataFrame(result.assign(**{v.GEOMETRY: shapes}), geometry=v.GEOMETRY)


def _complete_actors(actors: pd.DataFrame, communes: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return actors with what their cells imply, and a place."""
    made = gpd.GeoDataFrame(actors).copy()
    siret = made["siret"].mask(identifiers.invalid_sirets(made["siret"]))
    made["siren"] = made["siren"].fillna(siret.str[: identifiers.SIREN_LENGTH])
    forms = {code: nomenclature.legal_family(code) for code in made["legal_form"].dropna().unique()}
    for place, column in enumerate(("family", "ess_form")):
        implied = {code: words[place] for code, words in forms.items() if words[place]}
        made[column] = made[column].fillna(made["legal_form"].map(implied).astype("str"))
    activities = made["activity"].dropna().unique()
    versions = {code: nomenclature.naf_version(code) for code in activities}
    made["activity_version"] = made["activity_version"].fillna(
        made["activity"].map(versions).astype("str")
    )
    made["other_activities"] = _others(made["activity"], made["other_activities"])
    made["sectors"] = made["sectors"].fillna(
        _sectors(made["activity"], made["other_activities"]).astype("str")
    )
    bands = {code: nomenclature.midpoint_jobs(code) for code in made["jobs_band"].dropna().unique()}
    made["jobs"] = made["jobs"].fillna(made["jobs_band"].map(bands).astype("float64"))
    made["ess"] = made["ess"].mask(made["family"] == "ess", other=True)
    return _place(made, gpd.GeoDataFrame(communes))


def _others(main: pd.Series[str], others: pd.Series[str]) -> pd.Series[str]:
    """Return the other activities of actors, each once, without the main one."""
    told = others.dropna()
    kept = [
        v.join_list(code for code in v.split_list(cell) if code != activity) or None
        for activity, cell in zip(main[told.index], told, strict=True)
    ]
    made = others.copy()
    made[told.index] = schema.as_text(kept).array
    return made


def _sectors(main: pd.Series[str], others: pd.Series[str]) -> pd.Series[Any]:
    """Return the sectors of the activities of actors, that of the main one first."""
    pairs = list(zip(main, others, strict=True))
    found = {}
    for pair in dict.fromkeys(pairs):
        codes = nomenclature.activities_of(*pair)
        sectors = dict.fromkeys(map(nomenclature.sector_of_activity, codes))
        found[pair] = v.join_list(filter(None, sectors)) or None
    return pd.Series([found[pair] for pair in pairs], index=main.index, dtype="object")


def _place(actors: gpd.GeoDataFrame, communes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return actors with a point: their coordinates, else their commune's representative point."""
    points = actors.geometry.copy()
    latitude, longitude = (schema.as_numbers(actors[name]) for name in ("latitude", "longitude"))
    numeric = latitude.notna() & longitude.notna() & points.isna()
    if numeric.any():
        points[numeric] = gpd.points_from_xy(
            longitude[numeric], latitude[numeric], crs=crs.STORAGE_EPSG
        )
    located = actors["located_by"].mask(points.isna(), other="none")
    located = located.fillna("address").mask(numeric, other="address")
    bare = points.isna()
    if bare.any() and len(communes):
        centres = _representative_points(communes)
        found = [centres.get(code) for code in actors.loc[bare, "commune_id"]]
        points[bare] = gpd.array.from_shapely(np.array(found, dtype="object"), crs=crs.STORAGE_EPSG)
        located = located.mask(bare & points.notna(), other="commune")
    return actors.assign(located_by=located.astype("str")).set_geometry(points)


def _representative_points(communes: gpd.GeoDataFrame) -> dict[str, object]:
    """Return a point inside each commune whose outline is sound, by id, in EPSG:4326."""
    sound = communes[communes.geometry.is_valid & communes.geometry.notna()]
    return dict(zip(sound["commune_id"], sound.geometry.representative_point(), strict=True))


def _locations(tables: Mapping[str, pd.DataFrame], zone: crs.Zone) -> pd.DataFrame:
    """Return metric coordinates of actors and communes by id."""
    parts = []
    for table, key in ((v.ACTORS, "actor_id"), (v.COMMUNES, "commune_id")):
        frame = gpd.GeoDataFrame(tables[table])
        points = frame.geometry.representative_point() if table == v.COMMUNES else frame.geometry
        metric = points.to_crs(epsg=zone.epsg)
        parts.append(
            pd.DataFrame(
                {"x_m": metric.x.to_numpy(), "y_m": metric.y.to_numpy()}, index=frame[key].array
            )
        )
    return pd.concat(parts).rename_axis("id")
