"""Any table of an officer or a partner, read by a mapping file that they can edit."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import geopandas as gpd
import pandas as pd
import pyproj

from toolkit import crs, nomenclature
from toolkit import vocabulary as v
from toolkit.errors import DataError, Problem
from toolkit.nomenclature import fold
from toolkit.schema import CONTRACTS, PLACE_COLUMNS, parse
from toolkit.schema.identifiers import clean_siret
from toolkit.sources import towns
from toolkit.sources.extract import Extract, Sieve, source_row
from toolkit.sources.foreign import LATITUDE, LONGITUDE, read_foreign
from toolkit.sources.hiding import HIDDEN
from toolkit.sources.mapped_cells import SEVERAL, mapped_cells
from toolkit.sources.mapping_file import FileMap, TableMap, read_mapping
from toolkit.sources.reading import commune_codes, listed, numbers
from toolkit.sources.sirene_rules import are_persons

_FARTHEST: Final = {"latitude": 90.0, "longitude": 180.0}
_NORTHING: Final = (6_000_000.0, 7_200_000.0)
"""Metres between which the northings of mainland France lie in Lambert-93."""
_UNITS: Final = (100, 1_000)
"""Metres of other units in which files give them."""
_ENDS: Final = ("origin", "destination")
_HELPERS: Final = ("x", "y", "point", "postcode")


def load_mapped(path: Path, mapping: Path | FileMap, *, with_persons: bool = False) -> Extract:
    """Return the rows of any table, as its mapping says.

    Parameters
    ----------
    path : Path
        CSV, XLSX, ODS, GeoJSON, GeoPackage or shapefile.
    mapping : Path or FileMap
        The mapping file; see :func:`toolkit.sources.mapping_file.read_mapping`.
    with_persons : bool, default False
        Whether natural persons keep their name.

    Returns
    -------
    Extract
        The tables that the mapping names.  Ids: ``siret:...`` or ``siren:...`` where there is one,
        else the id of the file, else the number of the row, after ``mapped:<file>:``.

    Raises
    ------
    DataError
        If the mapping or the file cannot be read, or the file lacks a mapped column.

    Notes
    -----
    - Words: by the mapping, else as in a workbook (codes, labels in both languages, aliases).
      Words that neither knows are left out and told in a note.
    - A cell with several categories makes as many resources or needs, without quantity: the file
      does not say how it is shared out.
    - Columns that the mapping does not name are not kept; columns of contacts cannot be named.
    - An id made of a row number holds as long as the file keeps its order.
    """
    chosen = mapping if isinstance(mapping, FileMap) else read_mapping(mapping)
    rows = read_foreign(
        path, sheet=chosen.sheet, header_row=chosen.header_row, headers=chosen.headers
    )
    rows = _under_mapped_headers(rows, chosen, where=path.name)
    given = {"title": path.name, **chosen.source}
    source = source_row(path, kind="mapped", **given)
    reader = _Rows(Sieve(rows, where=path.name), chosen, source_id=str(source["source_id"]))
    tables = {name: reader.table(name, with_persons=with_persons) for name in chosen.tables}
    return reader.sieve.extract(tables, source=source)


def _under_mapped_headers(rows: pd.DataFrame, chosen: FileMap, *, where: str) -> pd.DataFrame:
    """Return the mapped columns, named as the mapping writes them."""
    found = {fold(str(name)): name for name in reversed(list(rows.columns))}
    problems = []
    for header, key in chosen.headers.items():
        if fold(header) not in found:
            near = difflib.get_close_matches(fold(header), list(found), n=1)
            choices = ", ".join(str(found[name]) for name in near) or listed(rows.columns)
            problems.append(
                chosen.problem(
                    "sources_mapping_column", key, found=header, choices=choices, file=where
                )
            )
    if problems:
        raise DataError(problems)
    own = [name for name in (LATITUDE, LONGITUDE) if name in rows]
    made = {header: rows[found[fold(header)]] for header in chosen.headers}
    frame = pd.DataFrame({**made, **{name: rows[name] for name in own}}, index=rows.index)
    frame.attrs.update({name: rows.attrs.get(name, []) for name in ("malformed", "short")})
    return frame


class _Rows:
    """Rows of a file on their way to the tables of a mapping."""

    def __init__(self, sieve: Sieve, chosen: FileMap, *, source_id: str) -> None:
        self.sieve = sieve
        self.chosen = chosen
        self.source_id = source_id
        self.ids: pd.Series[str] | None = None

    def table(self, name: str, *, with_persons: bool) -> pd.DataFrame:
        """Return the rows of one table; those that lack a required cell are refused."""
        frame = self._read(self.chosen.tables[name])
        if name == v.ACTORS:
            return self._actors(frame, with_persons=with_persons)
        if name in SEVERAL:
            frame = self._with_category(frame, table=name)
        if name == v.FLOWS:
            frame = frame.assign(**{end: self._ends(_text(frame, end)) for end in _ENDS})
        else:
            frame = frame.assign(actor_id=self._holders(_text(frame, "actor_id")))
        own = CONTRACTS[name].key[0]
        frame = frame.assign(**{own: self._own_ids(_text(frame, own), table=name)})
        needed = [column.name for column in CONTRACTS[name].columns if column.required]
        return self._whole(frame, [one for one in needed if one not in {own, "basis"}], table=name)

    def _read(self, table: TableMap) -> pd.DataFrame:
        """Return the cells of one table by its contract; the index is that of the file's rows."""
        cells, unknown = mapped_cells(self.sieve.rows, table, separators=self.chosen.separators)
        for name, words in unknown.items():
            shown = [f"{word} ({count})" for word, count in words.most_common()]
            key = f"[{table.table}.values.{name}]"
            self._note("words", words.total(), examples=shown, key=key)
        found = parse(table.table, cells, where=self.sieve.where)
        by_column: dict[str, list[str]] = {}
        for problem in found.problems:
            by_column.setdefault(problem.column, []).append(f"{problem.found} ({problem.row})")
        for column, shown in by_column.items():
            self._note("cells", len(shown), examples=shown, key=f"{table.table}.{column}")
        index = pd.Index([int(label) for label in found.frame["_row"]], dtype="int64")
        return found.frame.drop(columns=[*PLACE_COLUMNS]).set_index(index)

    # --- actors -----------------------------------------------------------------------------------
    def _actors(self, frame: pd.DataFrame, *, with_persons: bool) -> pd.DataFrame:
        """Return one row an actor."""
        frame = self._placed(frame)
        told = [
            (nomenclature.legal_family(code)[0] or None) if code else None
            for code in _text(frame, "legal_form").fillna("")
        ]
        family = _text(frame, "family").fillna(pd.Series(told, index=frame.index, dtype="str"))
        number = frame.index.astype("str").to_series(index=frame.index)
        ids = self._known_ids(frame).fillna(f"{self.source_id}:" + number)
        frame = frame.assign(actor_id=ids, family=family, name=_text(frame, "name"))
        frame = self._hidden(frame, with_persons=with_persons)
        frame = self._whole(frame, ["name", "family"], table=v.ACTORS)
        self.ids = frame["actor_id"]
        again = frame["actor_id"].duplicated()
        self._note("repeated", int(again.sum()), examples=frame["actor_id"][again].unique())
        self.sieve.counts["actors"] = int((~again).sum())
        return frame[~again]

    def _known_ids(self, frame: pd.DataFrame) -> pd.Series[str]:
        """Return ids by SIRET, SIREN or the id of the file; missing where there is none."""
        own = _text(frame, "actor_id")
        legal = ("siret:" + _text(frame, "siret")).fillna("siren:" + _text(frame, "siren"))
        return legal.fillna(self._prefixed(own))

    def _prefixed(self, cells: pd.Series[str]) -> pd.Series[str]:
        """Return ids of the file: a SIRET as such, others after the name of the file."""
        cleaned = [clean_siret(cell)[0] for cell in cells]
        sirets = pd.Series(cleaned, index=cells.index, dtype="str")
        return ("siret:" + sirets).fillna(f"{self.source_id}:" + cells)

    def _placed(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return actors with commune, town, département and degrees, as far as they are told."""
        wanted = _text(frame, "commune_id")
        codes = commune_codes(wanted)
        postcode = _text(frame, "postcode")
        latitude, longitude = self._degrees(frame)
        made = frame.assign(
            commune_id=codes,
            city=_text(frame, "city").fillna(wanted.where(codes.isna())),
            department=towns.departments(_text(frame, "department"), postcode=postcode),
            latitude=latitude,
            longitude=longitude,
        )
        return made.drop(columns=[name for name in _HELPERS if name in made])

    def _degrees(self, frame: pd.DataFrame) -> tuple[pd.Series[float], pd.Series[float]]:
        """Return latitude and longitude (EPSG:4326) by columns, by one cell, or by shapes."""
        own = self.sieve.rows
        latitude, longitude = towns.points(_text(frame, "point"))
        if "x" in frame and "y" in frame:
            projected = self._projected(numbers(frame["x"]), numbers(frame["y"]))
            latitude, longitude = latitude.fillna(projected.y), longitude.fillna(projected.x)
        if LATITUDE in own:
            latitude = latitude.fillna(numbers(own[LATITUDE]).reindex(frame.index))
            longitude = longitude.fillna(numbers(own[LONGITUDE]).reindex(frame.index))
        found = {"latitude": latitude, "longitude": longitude}
        for name, farthest in _FARTHEST.items():
            cells = frame[name].fillna(found[name]) if name in frame else found[name]
            found[name] = cells.where(cells.abs() <= farthest)
            self._note("cells", int((cells.abs() > farthest).sum()), key=f"actors.{name}",
                       examples=cells[cells.abs() > farthest])  # fmt: skip
        return found["latitude"], found["longitude"]

    def _projected(self, x: pd.Series[float], y: pd.Series[float]) -> gpd.GeoSeries:
        """Return points of the system of the mapping in degrees (EPSG:4326)."""
        x, y = self._in_metres(x, y)
        try:
            points = gpd.GeoSeries(gpd.points_from_xy(x, y), index=x.index, crs=self.chosen.epsg)
        except pyproj.exceptions.CRSError as err:
            code, path = "sources_mapping_epsg", ("file", "epsg")
            problem = self.chosen.problem(code, path, found=str(self.chosen.epsg))
            raise DataError(problem) from err
        return crs.to_storage(gpd.GeoDataFrame(geometry=points)).geometry

    def _in_metres(
        self, x: pd.Series[float], y: pd.Series[float]
    ) -> tuple[pd.Series[float], pd.Series[float]]:
        """Return metres of Lambert-93, where a file gives hectometres or kilometres of it."""
        if self.chosen.epsg != crs.METROPOLE.epsg:
            return x, y
        for factor in _UNITS:
            if y.notna().any() and _NORTHING[0] <= y.median() * factor <= _NORTHING[1]:
                self._note("unit", int(y.notna().sum()), key=f"{factor} m")
                return x * factor, y * factor
        return x, y

    def _hidden(self, frame: pd.DataFrame, *, with_persons: bool) -> pd.DataFrame:
        """Return actors, without name and place those that may not be shown, or are persons."""
        hidden = ~_flag(frame, "diffusible", default=True)
        person = _flag(frame, "natural_person", default=False)
        for header in self.chosen.tables[v.ACTORS].columns.get("legal_form", ()):
            # As written: codes and words that the list has lost mean persons too.
            person |= are_persons(self.sieve.rows[header]).reindex(frame.index)
        unnamed = hidden if with_persons else hidden | person
        self._note("hidden", int(unnamed.sum()), examples=frame.index[unnamed])
        bare = {name: frame[name].mask(unnamed) for name in HIDDEN if name in frame}
        name = frame["name"].mask(unnamed, frame["actor_id"])
        return frame.assign(**bare, name=name, diffusible=~hidden, natural_person=person)

    # --- resources, needs, flows ------------------------------------------------------------------
    def _holders(self, cells: pd.Series[str]) -> pd.Series[str]:
        """Return the actors of resources or needs: that of the cell, else that of the row."""
        given = self._prefixed(cells)
        if self.ids is None:
            return given
        return given.fillna(self.ids.reindex(cells.index))

    def _ends(self, cells: pd.Series[str]) -> pd.Series[str]:
        """Return the ends of flows: an actor, a commune, or ``outside``."""
        codes = commune_codes(cells)
        return codes.fillna(cells.where(cells == v.OUTSIDE)).fillna(self._prefixed(cells))

    def _with_category(self, frame: pd.DataFrame, *, table: str) -> pd.DataFrame:
        """Return the rows that name a category; an actor may well offer or need nothing.

        The quantity of a row with several categories is that of them together: it is not kept.
        """
        category = _text(frame, SEVERAL[table])
        self.sieve.counts[f"{table}_none"] = int(category.isna().sum())
        kept = frame[category.notna()]
        if "quantity" not in kept:
            return kept
        shared = kept.index.duplicated(keep=False) & kept["quantity"].notna()
        rows = kept.index[shared].unique()
        self._note("shared_quantity", len(rows), examples=rows, key=table)
        return kept.assign(quantity=kept["quantity"].mask(shared))

    def _own_ids(self, cells: pd.Series[str], *, table: str) -> pd.Series[str]:
        """Return ids of rows: that of the file, else the number of the row."""
        number = cells.index.astype("str").to_series(index=cells.index)
        count = cells.groupby(level=0).cumcount()
        part = number.where(count == 0, number + "." + (count + 1).astype("str"))
        made = f"{self.source_id}:{table}:" + part
        given = f"{self.source_id}:" + cells
        return given.mask(given.duplicated()).fillna(made)

    def _whole(self, frame: pd.DataFrame, needed: Sequence[str], *, table: str) -> pd.DataFrame:
        """Return the rows with all needed cells; a row of the file that gives none is refused."""
        frame = frame.reindex(columns=list(dict.fromkeys([*frame.columns, *needed])))
        missing = frame[list(needed)].isna().any(axis=1)
        lost = frame.index[missing].unique().difference(frame.index[~missing])
        if len(lost):
            is_first = table == next(iter(self.chosen.tables))
            if is_first:
                self.sieve.rows = self.sieve.rows[~self.sieve.rows.index.isin(lost)]
            self.sieve.counts["incomplete" if is_first else f"{table}_incomplete"] = len(lost)
            key = f"{table}: {', '.join(needed)}"
            self._note("incomplete", len(lost), examples=lost, key=key)
        return frame[~missing]

    def _note(
        self, reason: str, count: int, *, key: str = "", examples: Iterable[object] = ()
    ) -> None:
        """Keep a note that names a key of the mapping, if its count is not zero."""
        if count:
            params = {"examples": listed(examples), "key": key}
            code, where = f"sources_mapping_{reason}", self.sieve.where
            self.sieve.notes.append(Problem(code, where=where, found=str(count), params=params))


def _text(frame: pd.DataFrame, name: str) -> pd.Series[str]:
    """Return a column as text, missing where there is none."""
    nothing = pd.Series(None, index=frame.index, dtype="str")
    return frame[name].astype("str") if name in frame else nothing


def _flag(frame: pd.DataFrame, name: str, *, default: bool) -> pd.Series[bool]:
    """Return a column as booleans, empty cells as the default."""
    if name not in frame:
        return pd.Series(default, index=frame.index, dtype="bool")
    return frame[name].astype("boolean").fillna(default).astype("bool")
