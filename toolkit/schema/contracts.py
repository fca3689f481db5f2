"""What each table must look like: columns, kinds, ranges, references.  Facts only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

import pandas as pd

from toolkit import vocabulary as v

Kind = Literal[
    "id",
    "text",
    "enum",
    "enum_list",
    "code",
    "code_list",
    "number",
    "integer",
    "boolean",
    "date",
    "siren",
    "siret",
    "url",
    "reference",
    "geometry",
]
"""What a cell holds.  ``enum`` is a closed list of the vocabulary, ``code`` of a nomenclature."""

DTYPES: Final[Mapping[str, str]] = MappingProxyType(
    {"number": "float64", "integer": "Int64", "boolean": "boolean"}
)
"""pandas type of a kind; every other kind but geometry is ``str`` (dates are ISO text)."""


@dataclass(frozen=True, slots=True)
class Column:
    """Contract of one column.

    Attributes
    ----------
    name : str
        Name in the model.
    kind : Kind
        What a cell holds.
    required : bool
        Whether a cell may be empty.
    of : str
        Name of the closed list (``enum``) or of the nomenclature (``code``).
    references : tuple of str
        Tables one of which must hold the id; ``outside`` is accepted where the tuple holds it.
    minimum, maximum : float or None
        Accepted range of numbers, bounds included.
    default : object
        Value of an empty cell of an input, if there is an agreed one.
    by_hand : bool
        Whether the officer's workbook has the column.
    """

    name: str
    kind: Kind = "text"
    required: bool = False
    of: str = ""
    references: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    default: object = None
    by_hand: bool = True

    @property
    def dtype(self) -> str:
        """Pandas type of the column (geometry excepted)."""
        return DTYPES.get(self.kind, "str")


@dataclass(frozen=True, slots=True)
class Contract:
    """Contract of one table: its columns and its key (columns that together are unique)."""

    table: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns in their order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """Return the contract of one column.

        Raises
        ------
        KeyError
            If the table has no such column.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def has_geometry(self) -> bool:
        """Whether rows carry a geometry."""
        return v.GEOMETRY in self.names


_BASIS = Column("basis", "enum", required=True, of="basis", default="observed")
_SOURCE = Column("source_id", "reference", references=(v.SOURCES,), by_hand=False)
_PROVENANCE = (_BASIS, _SOURCE)
_QUANTITY = (
    Column("quantity", "number", minimum=0),
    Column("unit", "code", of="units"),
    Column("period", "enum", of="period", default="year"),
)
_WEIGHT = Column("weight", "number", minimum=0, maximum=1, by_hand=False)
_YEAR = {"minimum": 1800, "maximum": 2100}

CONTRACTS: Final[Mapping[str, Contract]] = MappingProxyType(
    {
        contract.table: contract
        for contract in (
            Contract(
                v.COMMUNES,
                ("commune_id",),
                (
                    Column("commune_id", "id", required=True),
                    Column("name", required=True),
                    Column("population", "number", minimum=0),
                    Column("epci_id"),
                    Column("cog_year", "integer", required=True, **_YEAR),  # type: ignore[arg-type]
                    Column(v.GEOMETRY, "geometry", required=True),
                    Column("basis", "enum", required=True, of="basis", default="recorded"),
                    _SOURCE,
                ),
            ),
            Contract(
                v.ACTORS,
                ("actor_id",),
                (
                    Column("actor_id", "id", required=True),
                    Column("name", required=True),
                    Column("family", "enum", required=True, of="family"),
                    Column("ess", "boolean", by_hand=False),
                    Column("ess_form", "enum", of="ess_form"),
                    Column("siret", "siret"),
                    Column("siren", "siren"),
                    Column("legal_form", "code", of="legal_forms"),
                    Column("activity", "code", of="naf"),
                    Column("activity_version", by_hand=False),
                    Column("other_activities", "code_list", of="naf"),
                    Column("sectors", "code_list", of="sectors"),
                    Column("pillars", "code_list", of="pillars"),
                    Column("roles", "enum_list", of="role"),
                    Column("jobs", "number", minimum=0, maximum=1_000_000),
                    Column("jobs_band", "code", of="size_bands"),
                    Column("description"),
                    Column("address"),
                    Column("commune_id", "reference", required=True, references=(v.COMMUNES,)),
                    Column("latitude", "number", minimum=-90, maximum=90),
                    Column("longitude", "number", minimum=-180, maximum=180),
                    Column(v.GEOMETRY, "geometry", by_hand=False),
                    Column("located_by", "enum", of="located_by", by_hand=False),
                    Column("diffusible", "boolean", default=True),
                    Column("natural_person", "boolean", default=False),
                    *_PROVENANCE,
                ),
            ),
            Contract(
                v.RESOURCES,
                ("resource_id",),
                (
                    Column("resource_id", "id", required=True),
                    Column("actor_id", "reference", required=True, references=(v.ACTORS,)),
                    Column("category", "code", required=True, of="categories"),
                    Column("label"),
                    *_QUANTITY,
                    Column("available", "enum", of="available", default="surplus"),
                    Column("shareable", "boolean", default=True),
                    Column("confidential", "boolean", default=False),
                    _WEIGHT,
                    *_PROVENANCE,
                ),
            ),
            Contract(
                v.NEEDS,
                ("need_id",),
                (
                    Column("need_id", "id", required=True),
                    Column("actor_id", "reference", references=(v.ACTORS,)),
                    Column("commune_id", "reference", references=(v.COMMUNES,)),
                    Column("category", "code", required=True, of="categories"),
                    Column("label"),
                    *_QUANTITY,
                    Column("priority", "enum", of="priority", default="medium"),
                    Column("confidential", "boolean", default=False),
                    _WEIGHT,
                    *_PROVENANCE,
                ),
            ),
            Contract(
                v.FLOWS,
                ("flow_id",),
                (
                    Column("flow_id", "id", required=True),
                    Column("nature", "enum", required=True, of="nature"),
                    Column(
                        "origin",
                        "reference",
                        required=True,
                        references=(v.ACTORS, v.COMMUNES, v.OUTSIDE),
                    ),
                    Column(
                        "destination",
                        "reference",
                        required=True,
                        references=(v.ACTORS, v.COMMUNES, v.OUTSIDE),
                    ),
                    Column("category", "code", of="categories"),
                    Column("label"),
                    Column("quantity", "number", minimum=0),
                    Column("unit", "code", of="units"),
                    Column("year", "integer", **_YEAR),  # type: ignore[arg-type]
                    Column("confidential", "boolean", default=False),
                    *_PROVENANCE,
                ),
            ),
            Contract(
                v.COOPERATIONS,
                ("cooperation_id",),
                (
                    Column("cooperation_id", "id", required=True),
                    Column("name", required=True),
                    Column("objectives", "enum_list", of="objective"),
                    Column("sectors", "code_list", of="sectors"),
                    Column("pillars", "code_list", of="pillars"),
                    Column("stage", "enum", of="stage", default="active"),
                    Column("since", "integer", **_YEAR),  # type: ignore[arg-type]
                    Column("policy_support", "enum", of="policy_support"),
                    Column("description"),
                    *_PROVENANCE,
                ),
            ),
            Contract(
                v.MEMBERS,
                ("cooperation_id", "actor_id"),
                (
                    Column(
                        "cooperation_id", "reference", required=True, references=(v.COOPERATIONS,)
                    ),
                    Column("actor_id", "reference", required=True, references=(v.ACTORS,)),
                    Column("role", "enum", of="member_role", default="partner"),
                ),
            ),
            Contract(
                v.PRACTICES,
                ("practice_id",),
                (
                    Column("practice_id", "id", required=True),
                    Column("title", required=True),
                    Column("what"),
                    Column("place"),
                    Column("since", "integer", **_YEAR),  # type: ignore[arg-type]
                    Column("sectors", "code_list", of="sectors"),
                    Column("pillars", "code_list", of="pillars"),
                    Column("objectives", "enum_list", of="objective"),
                    Column("families", "enum_list", of="family"),
                    Column("conditions"),
                    Column("link", "url"),
                    *_PROVENANCE,
                ),
            ),
            Contract(
                v.SOURCES,
                ("source_id",),
                (
                    Column("source_id", "id", required=True),
                    Column("title", required=True),
                    Column("producer"),
                    Column("licence"),
                    Column("data_year", "integer", **_YEAR),  # type: ignore[arg-type]
                    Column("cog_year", "integer", **_YEAR),  # type: ignore[arg-type]
                    Column("retrieved_at", "date"),
                    Column("sha256"),
                    Column("rows", "integer", minimum=0),
                ),
            ),
            Contract(
                v.DECISIONS,
                ("decision_id",),
                (
                    Column("decision_id", "id", required=True),
                    Column("candidate_id", required=True),
                    Column("title"),
                    Column("decision", "enum", required=True, of="decision"),
                    Column("stage", "enum", of="stage"),
                    Column("reason"),
                    Column("next_step"),
                    Column("due_date", "date"),
                    Column("who"),
                    Column("decided_at", required=True),
                ),
            ),
        )
    }
)


def empty(table: str) -> pd.DataFrame:
    """Return a table without rows, with the columns and types of its contract."""
    contract = CONTRACTS[table]
    return pd.DataFrame(
        {
            column.name: pd.Series(
                [], dtype="object" if column.kind == "geometry" else column.dtype
            )
            for column in contract.columns
        }
    )
