"""Example rows of the template: shown in grey, never imported, because of how their id begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from toolkit import vocabulary as v
from toolkit.language import has_text, text
from toolkit.schema.contracts import CONTRACTS
from toolkit.workbook.choices import to_words

_MARK: Final = {"fr": "EXEMPLE", "en": "EXAMPLE"}
_FIRST, _SECOND = "{mark}-1", "{mark}-2"

_ROWS: Final[Mapping[str, tuple[Mapping[str, object], Mapping[str, object]]]] = {
    v.ACTORS: (
        {
            "actor_id": _FIRST,
            "family": "ess",
            "ess_form": "association",
            "activity": "38.32Z",
            "other_activities": "47.79Z|95.29Z",
            "sectors": "water_waste",
            "pillars": "longer_use|recycling",
            "roles": "operator",
            "jobs": 12,
            "diffusible": True,
            "natural_person": False,
            "basis": "observed",
        },
        {
            "actor_id": _SECOND,
            "family": "business",
            "activity": "43.32A",
            "sectors": "construction",
            "jobs_band": "03",
            "diffusible": True,
            "natural_person": False,
            "basis": "recorded",
        },
    ),
    v.RESOURCES: (
        {
            "resource_id": _FIRST,
            "actor_id": _SECOND,
            "category": "materials.wood.pallets",
            "quantity": 350,
            "unit": "unit",
            "period": "year",
            "available": "surplus",
            "basis": "observed",
        },
        {
            "resource_id": _SECOND,
            "actor_id": _FIRST,
            "category": "equipment.woodworking",
            "quantity": 8,
            "unit": "hour",
            "period": "week",
            "available": "under_used",
            "shareable": True,
            "basis": "estimated",
        },
    ),
    v.NEEDS: (
        {
            "need_id": _FIRST,
            "actor_id": _FIRST,
            "category": "materials.wood.pallets",
            "quantity": 200,
            "unit": "unit",
            "period": "year",
            "priority": "high",
            "basis": "observed",
        },
        {
            "need_id": _SECOND,
            "actor_id": _FIRST,
            "category": "premises.warehouse",
            "quantity": 150,
            "unit": "m2",
            "priority": "medium",
            "confidential": True,
            "basis": "estimated",
        },
    ),
    v.FLOWS: (
        {
            "flow_id": _FIRST,
            "nature": "material",
            "origin": _SECOND,
            "destination": _FIRST,
            "category": "materials.wood",
            "quantity": 1.2,
            "unit": "t",
            "year": 2026,
            "basis": "observed",
        },
        {
            "flow_id": _SECOND,
            "nature": "money",
            "origin": _SECOND,
            "destination": v.OUTSIDE,
            "category": "materials.wood",
            "quantity": 18000,
            "unit": "EUR",
            "year": 2026,
            "confidential": True,
            "basis": "estimated",
        },
    ),
    v.COOPERATIONS: (
        {
            "cooperation_id": _FIRST,
            "objectives": "answer_needs|pool_means",
            "sectors": "forestry_wood|water_waste",
            "pillars": "longer_use",
            "stage": "experiment",
            "since": 2024,
            "policy_support": "local",
            "basis": "observed",
        },
        {
            "cooperation_id": _SECOND,
            "objectives": "pool_means",
            "stage": "active",
            "since": 2019,
            "policy_support": "none",
            "basis": "recorded",
        },
    ),
    v.MEMBERS: (
        {"cooperation_id": _FIRST, "actor_id": _FIRST, "role": "lead"},
        {"cooperation_id": _FIRST, "actor_id": _SECOND, "role": "partner"},
    ),
    v.PRACTICES: (
        {
            "practice_id": _FIRST,
            "since": 2021,
            "sectors": "construction|water_waste",
            "pillars": "longer_use",
            "objectives": "answer_needs",
            "families": "public|ess|business",
            "basis": "recorded",
        },
        {
            "practice_id": _SECOND,
            "since": 2023,
            "objectives": "pool_means",
            "families": "business",
            "basis": "observed",
        },
    ),
}


def example_rows(table: str, *, lang: str) -> tuple[dict[str, object], ...]:
    """Return the example rows of a table, in words; empty for a table that has none.

    The id of each begins with ``EXEMPLE`` (``EXAMPLE`` in English).
    """
    made = []
    for rank, row in zip(("first", "second"), _ROWS.get(table, ()), strict=False):
        cells: dict[str, object] = {}
        for column in CONTRACTS[table].columns:
            key = f"workbook.example.{table}.{rank}.{column.name}"
            cell = row.get(column.name)
            if isinstance(cell, str) and "{mark}" in cell:
                cells[column.name] = cell.format(mark=_MARK[lang])
            elif cell == v.OUTSIDE:
                cells[column.name] = text("workbook.outside", lang=lang)
            elif cell is not None:
                cells[column.name] = to_words(cell, column, lang=lang)
            elif has_text(key, lang=lang):
                cells[column.name] = text(key, lang=lang)
        made.append(cells)
    return tuple(made)
