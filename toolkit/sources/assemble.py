"""Extracts of several sources brought together on one perimeter."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from toolkit import crs
from toolkit import vocabulary as v
from toolkit.errors import Problem
from toolkit.schema.contracts import CONTRACTS
from toolkit.sources.extract import ELSEWHERE, Extract
from toolkit.sources.hiding import hidden_everywhere
from toolkit.sources.passage import Passage
from toolkit.sources.reading import city_name, lift_arrondissements, listed, place_name

MARGIN_M: Final = 5_000.0
"""Metres beyond the perimeter at which a point is taken for a mistake, as in the checks."""
SOURCE_IDS: Final = "source_ids"
"""Extra column of actors: every source that names them."""
_COMPARED: Final = ("commune_id", "activity", "legal_form", "jobs_band")
_PLACE_TEXTS: Final = ("commune_id", "city", "department")
_PLACE_NUMBERS: Final = ("latitude", "longitude")
"""Cells by which an actor is placed."""
_LEGAL_ID: Final = ("siret:", "siren:")
_SIREN_END: Final = 15
"""Length of ``siret:`` and nine digits."""


@dataclass(frozen=True, slots=True, eq=False)
class Assembly:
    """Tables of a territory, and what became of the rows of each source.

    Attributes
    ----------
    tables : Mapping of str to DataFrame
        Ready for ``Territory.from_tables``.
    counts : DataFrame
        One row a source and table: ``source_id``, ``table``, ``given``, ``inside``, ``outside``.
    notes : tuple of Problem
        Notes of every extract, then those of the assembly.
    records : DataFrame
        The actors of the perimeter as each source gives them, one row a source and actor.
    """

    tables: Mapping[str, pd.DataFrame]
    counts: pd.DataFrame
    notes: tuple[Problem, ...]
    records: pd.DataFrame

    def __post_init__(self) -> None:
        """Freeze the tables."""
        object.__setattr__(self, "tables", MappingProxyType(dict(self.tables)))


def assemble(
    communes: Extract,
    extracts: Sequence[Extract],
    *,
    passage: Passage | None = None,
    known: pd.DataFrame | None = None,
) -> Assembly:
    """Return the tables of a territory from its perimeter and the extracts of its sources.

    Parameters
    ----------
    communes : Extract
        What :func:`toolkit.sources.communes.read_communes` returns.
    extracts : sequence of Extract
        In the order of trust: where two sources name one actor, the first that fills a cell is
        believed.
    passage : Passage, optional
        Brings codes of communes of other years to those of the perimeter.
    known : DataFrame, optional
        Actors that the territory has already (``actor_id``, ``siren``, ``siret``): flows and
        resources may be theirs.

    Returns
    -------
    Assembly
        Tables ``communes``, ``actors``, ``resources``, ``needs``, ``flows`` and ``sources``.

    Notes
    -----
    - One id is one actor: the SIRET where there is one, as in a workbook whose id is left empty.
    - An actor that any source calls ESS is ESS, as a legal form alone cannot show it.  Cells that
      differ are counted in a note.  A resource, need or flow that several sources tell is that of
      the first, whole.
    - Whoever one source hides has no name, address or point, whatever the others say.
    - Arrondissements of Paris, Lyon and Marseille are their commune, unless the perimeter is made
      of arrondissements.
    - An actor without a commune code is placed by the name of its commune and its département, else
      by its point.  A point at 0, 0 or more than 5 km beyond the perimeter is taken away: the actor
      then stands at its commune.
    - Actors of other communes are left out, their resources and needs with them; a need without
      actor is that of its commune.
    - The end of a flow is an actor by its id; else the only actor of the perimeter that bears the
      SIREN alone; else ``outside``.  Flows without an end in the perimeter are left out.
    """
    perimeter = gpd.GeoDataFrame(communes.tables[v.COMMUNES])
    ledger = _Ledger(extracts)
    records = _actors(extracts, perimeter, passage=passage, ledger=ledger)
    actors = _merged(records, ledger=ledger)
    ends = _Ends.of(perimeter, actors, known=known)
    resources = _held(v.RESOURCES, extracts, ends=ends, passage=passage, ledger=ledger)
    needs = _held(v.NEEDS, extracts, ends=ends, passage=passage, ledger=ledger)
    flows = _flows(extracts, ends, passage=passage, ledger=ledger)
    sources = pd.concat([extract.sources for extract in (communes, *extracts)], ignore_index=True)
    tables = {
        v.COMMUNES: _with_cells(perimeter, extracts, passage=passage),
        v.ACTORS: _plain(actors, "actor_id"),
        v.RESOURCES: _plain(resources, "actor_id"),
        v.NEEDS: _plain(needs, "actor_id"),
        v.FLOWS: _plain(flows, "origin", "destination"),
        v.SOURCES: sources.drop_duplicates("source_id", ignore_index=True),
    }
    notes = [*communes.notes, *(note for extract in extracts for note in extract.notes)]
    return Assembly(
        tables,
        ledger.counts(),
        (*notes, *ledger.notes),
        _plain(_one_a_source(records), "actor_id"),
    )


def _plain(rows: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return rows in which an id made of a SIRET is that SIRET alone."""
    bare = {name: rows[name].str.replace(r"^siret:(?=\d{14}$)", "", regex=True) for name in columns}
    return rows.assign(**bare)


class _Ledger:
    """What became of the rows of each source and table."""

    def __init__(self, extracts: Sequence[Extract]) -> None:
        named = (str(extract.source["source_id"]) for extract in extracts)
        self.order = list(dict.fromkeys(named))
        self.rows: list[dict[str, object]] = []
        self.elsewhere = [
            _counted(str(extract.source["source_id"]), next(iter(extract.tables)), given=count)
            for extract in extracts
            if (count := extract.counts.get(ELSEWHERE, 0))
        ]
        self.notes: list[Problem] = []

    def split(self, table: str, rows: pd.DataFrame, *, mask: pd.Series[bool]) -> pd.DataFrame:
        """Return the rows of a mask, those inside; count both parts by source."""
        for source_id in self.order:
            own = rows["source_id"] == source_id
            if own.any():
                kept = int((own & mask).sum())
                given = int(own.sum())
                self.rows.append(_counted(source_id, table, given=given, inside=kept))
        return pd.DataFrame(rows.loc[mask]).reset_index(drop=True)

    def note(self, code: str, items: Sequence[object], *, table: str) -> None:
        """Keep a note with examples, if there is anything to say."""
        if len(items):
            params = {"examples": listed(items)}
            self.notes.append(
                Problem(f"sources_{code}", table=table, found=str(len(items)), params=params)
            )

    def counts(self) -> pd.DataFrame:
        """Return the counts, one row a source and table, with the rows left in its file."""
        columns = ["source_id", "table", "given", "inside", "outside"]
        rows = pd.DataFrame([*self.rows, *self.elsewhere], columns=columns)
        return rows.groupby(columns[:2], sort=False, as_index=False).sum()


def _counted(source_id: str, table: str, *, given: int, inside: int = 0) -> dict[str, object]:
    """Return a row of the counts."""
    return {
        "source_id": source_id,
        "table": table,
        "given": given,
        "inside": inside,
        "outside": given - inside,
    }


def _codes(perimeter: gpd.GeoDataFrame) -> frozenset[str]:
    return frozenset(perimeter["commune_id"])


def _brought(
    codes: pd.Series[str], inside: Collection[str], *, passage: Passage | None
) -> pd.Series[str]:
    """Return codes as the perimeter writes them: itself, its city, or what it has become.

    A code of the perimeter stays itself whatever a table says of it: it may have come back after a
    merger, or be an arrondissement that is looked at alone.
    """
    living = passage.apply(codes) if passage else codes
    city = lift_arrondissements(living)
    return codes.where(codes.isin(inside), living.where(living.isin(inside), city))


def _joined(extracts: Sequence[Extract], table: str) -> pd.DataFrame:
    parts = [extract.tables[table] for extract in extracts if table in extract.tables]
    filled = [part for part in parts if len(part)]
    if not filled:
        return pd.DataFrame(columns=[*CONTRACTS[table].names], dtype="str")
    return pd.concat(filled, ignore_index=True)


# --- actors -----------------------------------------------------------------------------------
def _actors(
    extracts: Sequence[Extract],
    perimeter: gpd.GeoDataFrame,
    *,
    passage: Passage | None,
    ledger: _Ledger,
) -> pd.DataFrame:
    """Return the actors of the perimeter, as the sources give them."""
    rows = _joined(extracts, v.ACTORS)
    empty = pd.Series(np.nan, index=rows.index)
    rows = rows.assign(**{name: rows.get(name, empty).astype("str") for name in _PLACE_TEXTS})
    rows = rows.assign(**{name: rows.get(name, empty).astype("float64") for name in _PLACE_NUMBERS})
    rows["commune_id"] = _brought(rows["commune_id"], _codes(perimeter), passage=passage)
    rows = _placed(rows, perimeter, ledger=ledger)
    here = rows["commune_id"].isin(perimeter["commune_id"])
    inside = ledger.split(v.ACTORS, rows, mask=here)
    return inside.drop(columns=["city", "department"])


def _placed(rows: pd.DataFrame, perimeter: gpd.GeoDataFrame, *, ledger: _Ledger) -> pd.DataFrame:
    """Return the rows with their commune where it can be told, and points that can be believed."""
    here = perimeter[["commune_id", "name"]].copy()
    keys = {
        (_department(code), place_name(name)): code for code, name in here.itertuples(index=False)
    }
    bare = rows["commune_id"].isna()
    wanted = zip(rows["department"].fillna(""), rows["city"].fillna(""), strict=True)
    named = [
        keys.get((department, place_name(city)), keys.get((department, city_name(city))))
        for department, city in wanted
    ]
    by_name = pd.Series(named, index=rows.index, dtype="str")
    commune = rows["commune_id"].fillna(by_name)
    points, within = _points(rows, perimeter)
    commune = commune.fillna(within)
    ledger.note(
        "placed_by_point",
        list(rows["name"][bare & by_name.isna() & within.notna()]),
        table=v.ACTORS,
    )
    inside = commune.isin(perimeter["commune_id"])
    told = rows["name"] + " (" + commune + " → " + within + ")"
    ledger.note("code_elsewhere", list(told[~inside & within.notna()]), table=v.ACTORS)
    zone = crs.zone_of(perimeter["commune_id"])
    outline = crs.to_metric(perimeter, zone).geometry.union_all().buffer(MARGIN_M)
    astray = points.notna() & ~points.to_crs(epsg=zone.epsg).intersects(outline) & inside
    ledger.note("points_elsewhere", list(rows["name"][astray]), table=v.ACTORS)
    return rows.assign(
        commune_id=commune,
        latitude=rows["latitude"].mask(astray | points.isna()),
        longitude=rows["longitude"].mask(astray | points.isna()),
    )


def _department(code: str) -> str:
    return code[:3] if code.startswith(("97", "98")) else code[:2]


def _points(
    rows: pd.DataFrame, perimeter: gpd.GeoDataFrame
) -> tuple[gpd.GeoSeries, pd.Series[str]]:
    """Return the points of the rows (none at 0, 0), and the commune they lie in."""
    x, y = rows["longitude"].astype("float64"), rows["latitude"].astype("float64")
    sound = (x.abs() <= 180) & (y.abs() <= 90) & ~((x == 0) & (y == 0))  # noqa: PLR2004 - degrees
    points = gpd.GeoSeries(
        gpd.points_from_xy(x.where(sound), y.where(sound)), index=rows.index, crs=crs.STORAGE_EPSG
    )
    points = points.where(sound)
    located = gpd.GeoDataFrame(geometry=points[sound]).sjoin(
        perimeter[["commune_id", perimeter.active_geometry_name]], predicate="within"
    )
    first = located[~located.index.duplicated()]["commune_id"]
    return points, first.reindex(rows.index).astype("str")


def _one_a_source(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows, those of one actor in one source made one: the first filled cell counts."""
    key = ["actor_id", "source_id"]
    twice = rows.duplicated(key, keep=False)
    if not twice.any():
        return rows
    merged = rows[twice].groupby(key, sort=False).first().reset_index()
    return pd.concat([rows[~twice], merged], ignore_index=True)


def _merged(rows: pd.DataFrame, *, ledger: _Ledger) -> pd.DataFrame:
    """Return one row an actor: the first filled cell of each column, all source ids."""
    rows = hidden_everywhere(rows)
    grouped = rows.groupby("actor_id", sort=True)
    merged = grouped.first()
    sources = grouped["source_id"].agg(lambda ids: v.join_list(dict.fromkeys(ids)))
    is_ess = (rows["family"] == "ess").groupby(rows["actor_id"]).any()
    merged["family"] = merged["family"].mask(is_ess & (merged["family"] == "business"), "ess")
    several = grouped.size() > 1
    twice = rows[rows["actor_id"].isin(several.index[several])]
    differing = sorted(
        f"{actor_id} ({column})"
        for column in _COMPARED
        if column in twice
        for actor_id, count in twice.groupby("actor_id")[column].nunique().items()
        if count > 1
    )
    ledger.note("same_actor", list(several.index[several]), table=v.ACTORS)
    ledger.note("differing_cells", differing, table=v.ACTORS)
    return merged.assign(**{SOURCE_IDS: sources}).reset_index()


# --- flows and communes -----------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class _Ends:
    """Where flows and resources may end: the communes and the actors of the perimeter."""

    communes: frozenset[str]
    actors: frozenset[str]
    by_siret: Mapping[str, str]
    """Actors that the territory has already, by the id that a file would give them."""
    by_siren: Mapping[str, str]
    """Actors of whom nothing but the SIREN is known."""

    @classmethod
    def of(
        cls, perimeter: gpd.GeoDataFrame, actors: pd.DataFrame, *, known: pd.DataFrame | None
    ) -> _Ends:
        ids = set(actors["actor_id"])
        alone = actors[actors["actor_id"].str.startswith("siren:")]
        by_siren = dict(zip(alone["siren"], alone["actor_id"], strict=True)) if len(alone) else {}
        by_siret: dict[str, str] = {}
        if known is not None:
            ids |= set(known["actor_id"])
            sited = known.dropna(subset=["siret"]).drop_duplicates("siret", keep=False)
            by_siret = dict(zip("siret:" + sited["siret"], sited["actor_id"], strict=True))
            bare = known[known["siret"].isna()].dropna(subset=["siren"])
            bare = bare.drop_duplicates("siren", keep=False)
            by_siren |= dict(zip(bare["siren"], bare["actor_id"], strict=True))
        return cls(_codes(perimeter), frozenset(ids), by_siret, by_siren)

    def actor(self, name: str) -> str:
        """Return the id under which an actor is known; the same id where it is not."""
        return self.by_siret.get(name, name) if name not in self.actors else name

    def end(self, code: str) -> str:
        """Return the actor or commune that a code means, or ``outside``."""
        found = self.actor(code)
        if found in self.actors or found in self.communes:
            return found
        if code.startswith(_LEGAL_ID):
            return self.by_siren.get(code[len("siret:") : _SIREN_END], v.OUTSIDE)
        return v.OUTSIDE


def _held(
    table: str,
    extracts: Sequence[Extract],
    *,
    ends: _Ends,
    passage: Passage | None,
    ledger: _Ledger,
) -> pd.DataFrame:
    """Return the resources or needs of actors of the perimeter, and needs of its communes."""
    rows = _joined(extracts, table)
    holders = [ends.actor(name) if isinstance(name, str) else None for name in rows["actor_id"]]
    rows["actor_id"] = pd.Series(holders, index=rows.index, dtype="str")
    held = rows["actor_id"].isin(ends.actors)
    if "commune_id" in rows:
        codes = rows["commune_id"].astype("str")
        rows["commune_id"] = _brought(codes, ends.communes, passage=passage)
        held |= rows["actor_id"].isna() & rows["commune_id"].isin(ends.communes)
    return _told_once(table, ledger.split(table, rows, mask=held), ledger=ledger)


def _told_once(table: str, rows: pd.DataFrame, *, ledger: _Ledger) -> pd.DataFrame:
    """Return one row an id: that of the first source that tells it, whole.

    A quantity of one source and a unit of another would make a row that nobody wrote.
    """
    key = rows[CONTRACTS[table].key[0]]
    again = key.duplicated()
    ledger.note("same_row", list(key[again]), table=table)
    return pd.DataFrame(rows[~again]).reset_index(drop=True)


def _flows(
    extracts: Sequence[Extract], known: _Ends, *, passage: Passage | None, ledger: _Ledger
) -> pd.DataFrame:
    """Return the flows with an end in the perimeter; the other end may be ``outside``."""
    rows = _joined(extracts, v.FLOWS)
    if rows.empty:
        return rows
    ends = {}
    for end in ("origin", "destination"):
        codes = _brought(rows[end], known.communes, passage=passage)
        ends[end] = [known.end(code) for code in codes]
        rows[f"{end}_found"] = rows[end]
    rows = rows.assign(**ends)
    same = rows["origin"] == rows["destination"]
    inner = same & (rows["origin"] != v.OUTSIDE)
    ledger.note("same_ends", list(rows["flow_id"][inner]), table=v.FLOWS)
    return _told_once(v.FLOWS, ledger.split(v.FLOWS, rows, mask=~same), ledger=ledger)


def _with_cells(
    perimeter: gpd.GeoDataFrame, extracts: Sequence[Extract], *, passage: Passage | None
) -> gpd.GeoDataFrame:
    """Return the communes with the cells that extracts add, summed where communes merged."""
    made = perimeter.copy()
    for extract in extracts:
        cells = extract.tables.get(v.COMMUNES)
        if cells is None:
            continue
        codes = _brought(cells["commune_id"], _codes(perimeter), passage=passage)
        added = cells.drop(columns=["commune_id", "basis", "source_id"], errors="ignore")
        summed = added.groupby(codes).sum(min_count=1)
        for column in summed.columns:
            made[column] = made["commune_id"].map(summed[column])
    return made
