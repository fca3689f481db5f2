"""What the database holds: one layer a table, with the types that QGIS shows.  Facts only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from toolkit import vocabulary as v
from toolkit.schema.contracts import CONTRACTS

GEOMETRY_COLUMN: Final = "geom"
"""Name of the geometry in the database; QGIS finds styles by it."""
EXTRA_COLUMN: Final = "extra"
"""Holds the columns that an officer added, as JSON text."""
SAISIE: Final = "saisie"
"""Id of the source of the rows that come from the officer's workbook."""

JOURNAL: Final = "journal"
INFO: Final = "maillage"
GAPS: Final = "gaps"
EVIDENCE: Final = "evidence"
PARTNERSHIPS: Final = "partnerships"
MEMBER_ROLES: Final = "roles"

JOURNAL_COLUMNS: Final = (
    "id",
    "at",
    "who",
    "what",
    "table_name",
    "row_id",
    "action",
    "before",
    "after",
)

SQL_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {"number": "REAL", "integer": "INTEGER", "boolean": "BOOLEAN", "date": "DATE"}
)
"""SQL type of a kind of cell; every other kind is ``TEXT``."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One table of the database.

    Attributes
    ----------
    table : str
        Name of the table.
    key : tuple of str
        Columns that together name a row.
    kinds : Mapping of str to str
        Kind of each column but the geometry, in their order.
    geometry : str
        GeoPackage type of the geometry, or empty.
    is_derived : bool
        Whether the geometry is drawn from other tables and no part of the data.
    """

    table: str
    key: tuple[str, ...]
    kinds: Mapping[str, str]
    geometry: str = ""
    is_derived: bool = False

    @property
    def stores_geometry(self) -> bool:
        """Whether the geometry is part of the data."""
        return bool(self.geometry) and not self.is_derived

    @property
    def data_columns(self) -> tuple[str, ...]:
        """Columns that hold data, in the order in which rows are read and written."""
        geometry = (GEOMETRY_COLUMN,) if self.stores_geometry else ()
        return (*self.kinds, EXTRA_COLUMN, *geometry)


_GEOMETRIES: Final = MappingProxyType(
    {v.COMMUNES: "MULTIPOLYGON", v.ACTORS: "POINT", v.FLOWS: "LINESTRING"}
)


def _model_layer(table: str) -> Layer:
    contract = CONTRACTS[table]
    kinds = {column.name: column.kind for column in contract.columns if column.kind != "geometry"}
    return Layer(
        table=table,
        key=contract.key,
        kinds=MappingProxyType(dict(kinds)),
        geometry=_GEOMETRIES.get(table, ""),
        is_derived=not contract.has_geometry,
    )


MODEL_LAYERS: Final[Mapping[str, Layer]] = MappingProxyType(
    {table: _model_layer(table) for table in v.TABLES}
)
"""Layer of each table of the model, in the order of the vocabulary."""

_NUMBERS: Final = frozenset(
    {
        "expected",
        "observed",
        "shortfall",
        "people_affected",
        "severity",
        "confidence",
        "quantity",
        "score",
        "longest_trip_km",
        "bound_gap_pct",
        "share",
        *v.CRITERIA,
    }
)
_RESULT_KINDS: Final = MappingProxyType(
    {**dict.fromkeys(_NUMBERS, "number"), "rank": "integer", "selected": "boolean"}
)


def _result_layer(
    table: str, key: tuple[str, ...], *, columns: tuple[str, ...], geometry: str = ""
) -> Layer:
    kinds = {name: _RESULT_KINDS.get(name, "text") for name in columns}
    if table == GAPS:
        kinds["evidence"] = "integer"
    return Layer(
        table=table, key=key, kinds=MappingProxyType(kinds), geometry=geometry, is_derived=True
    )


RESULT_LAYERS: Final[Mapping[str, Layer]] = MappingProxyType(
    {
        layer.table: layer
        for layer in (
            _result_layer(GAPS, ("gap_id",), columns=v.GAP_COLUMNS, geometry="POINT"),
            _result_layer(
                EVIDENCE, ("gap_id", "table", "row_id", "role"), columns=v.EVIDENCE_COLUMNS
            ),
            _result_layer(
                PARTNERSHIPS,
                ("candidate_id",),
                columns=v.PARTNERSHIP_COLUMNS,
                geometry="MULTILINESTRING",
            ),
            _result_layer(
                MEMBER_ROLES,
                ("candidate_id", "actor_id", "role", "fact_id"),
                columns=v.ROLE_COLUMNS,
            ),
        )
    }
)
"""Layer of each table of the last diagnosis that was kept."""


RECORDS: Final = "records"
"""Actors as each source gives them, where more than one does; the actor is what they make."""
LINKS: Final = "links"
"""Pairs of actors that are one, may be one, or were called different."""

_LINK_KINDS: Final = MappingProxyType(
    {
        "one_id": "text",
        "other_id": "text",
        "zone": "text",
        "probability": "number",
        "reasons": "text",
        "one_name": "text",
        "other_name": "text",
        "one_place": "text",
        "other_place": "text",
        "one_sources": "text",
        "other_sources": "text",
        "distance_m": "number",
        "answered_by": "text",
        "answered_at": "text",
        "moved": "text",
    }
)

LINKAGE_LAYERS: Final[Mapping[str, Layer]] = MappingProxyType(
    {
        RECORDS: Layer(
            table=RECORDS,
            key=("series", "record_id"),
            kinds=MappingProxyType(
                {
                    "series": "text",
                    "record_id": "text",
                    "place": "integer",
                    **MODEL_LAYERS[v.ACTORS].kinds,
                }
            ),
            geometry="POINT",
        ),
        LINKS: Layer(table=LINKS, key=("one_id", "other_id"), kinds=_LINK_KINDS),
    }
)
"""Layer of each table that says which records are one actor."""


def row_id(values: tuple[object, ...]) -> str:
    """Return the id of a row by the values of its key, as the journal writes it."""
    return v.LIST_SEPARATOR.join(str(value) for value in values)
