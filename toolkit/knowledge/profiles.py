"""Activity profiles: what an actor of an activity typically offers and needs.

A profile says of an activity (NAF rev. 2, any level) the categories that such an actor typically
offers to others and needs from them, how typical that is, and how much a job and a year where a
source says so.  Of several prefixes of an activity the longest counts, category by category.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from toolkit import nomenclature, units
from toolkit.knowledge import tables
from toolkit.knowledge.tables import EXPERT, Fault

NAME: Final = "activity_profiles"
OFFER: Final = "offer"
NEED: Final = "need"
SIDES: Final = (OFFER, NEED)
COLUMNS: Final = (
    "activity",
    "side",
    "category",
    "waste_code",
    "quantity_per_job",
    "unit",
    "weight",
    "label_fr",
    "label_en",
    "source",
)
"""Columns of the table: ``quantity_per_job`` in ``unit`` a job and a year, ``weight`` in (0, 1]."""
_KEY: Final = ("activity", "side", "category")
_DIVISION: Final = 2


@dataclass(frozen=True, slots=True, eq=False)
class Profiles:
    """The profiles of a territory: those shipped, and what it changes.

    Attributes
    ----------
    rows : DataFrame
        Columns :data:`COLUMNS`, numbers as numbers; rows of weight 0 take a category away.
    """

    rows: pd.DataFrame

    def of(self, activities: Iterable[Any]) -> pd.DataFrame:
        """Return what each activity offers and needs.

        Parameters
        ----------
        activities : iterable of str
            Activity codes of either version; of NAF 2025 only the division is used, as its classes
            are others.

        Returns
        -------
        DataFrame
            Columns :data:`COLUMNS`; ``activity`` is the activity asked for, ``prefix`` that of the
            row; by activity, side, then the most typical first.
        """
        asked = sorted({code for code in activities if isinstance(code, str) and code})
        prefixes = pd.DataFrame(
            [(code, prefix) for code in asked for prefix in prefixes_of(code)],
            columns=["asked", "activity"],
            dtype="str",
        )
        found = prefixes.merge(self.rows, on="activity")
        found["length"] = found["activity"].str.len()
        ordered = found.sort_values(["asked", "side", "category", "length"])
        longest = ordered.drop_duplicates(["asked", "side", "category"], keep="last")
        kept = longest[longest["weight"] > 0].drop(columns="length")
        named = kept.rename(columns={"activity": "prefix", "asked": "activity"})
        order = ["activity", "side", "weight", "category"]
        return named.sort_values(order, ascending=[True, True, False, True], ignore_index=True)


def prefixes_of(activity: str) -> tuple[str, ...]:
    """Return the codes whose profile may hold for an activity, the widest first.

    Examples
    --------
    >>> prefixes_of("10.71C")
    ('10', '10.7', '10.71', '10.71C')
    >>> prefixes_of("10.71Y")  # a sub-class of NAF 2025
    ('10',)
    """
    if nomenclature.naf_version(activity) == nomenclature.NAF_2025:
        return (activity[:_DIVISION],)
    ends = [end for end in (2, 4, 5, 6) if end <= len(activity)]
    return tuple(activity[:end] for end in ends)


def read_profiles(folder: Path | None = None) -> Profiles:
    """Return the activity profiles, with what a territory adds or changes.

    Parameters
    ----------
    folder : Path, optional
        Folder ``knowledge`` of a territory.  Of its ``activity_profiles.csv``, which need not
        exist, a row takes the place of the shipped one of the same activity, side and category; a
        weight of 0 takes it away.

    Raises
    ------
    DataError
        If a file cannot be read or a row is wrong; all faults of a file at once.
    """
    sources = tables.read_sources(folder)["source_id"]
    rows = _read(tables.path_of(NAME), sources=sources, lowest=0.01)
    if folder is not None and tables.path_of(NAME, folder).is_file():
        own = _read(tables.path_of(NAME, folder), sources=sources, lowest=0.0)
        kept = rows.merge(own[list(_KEY)], on=list(_KEY), how="left", indicator=True)["_merge"]
        rows = pd.concat([rows[(kept == "left_only").to_numpy()], own], ignore_index=True)
    return Profiles(rows.sort_values(list(_KEY), ignore_index=True))


def _read(path: Path, *, sources: Iterable[str], lowest: float) -> pd.DataFrame:
    rows = tables.read_table(path, COLUMNS)
    weight, wrong_weights = tables.numbers(rows, "weight", lowest=lowest, highest=1.0)
    quantity, wrong_quantities = tables.numbers(rows, "quantity_per_job", lowest=1e-9, highest=1e9)
    faults = [
        *tables.missing(rows, (*_KEY, "weight", "label_fr", "label_en", "source")),
        *tables.unknown(rows, "activity", codes=nomenclature.codes(nomenclature.NAF_REV2)),
        *tables.unknown(rows, "side", codes=SIDES),
        *tables.unknown(rows, "category", codes=nomenclature.codes("categories")),
        *tables.unknown(rows, "waste_code", codes=nomenclature.codes("waste")),
        *tables.unknown(rows, "unit", codes=nomenclature.codes("units")),
        *tables.unknown(rows, "source", codes=(EXPERT, *sources)),
        *tables.repeated(rows, _KEY),
        *wrong_weights,
        *wrong_quantities,
        *_quantity_faults(rows),
    ]
    tables.raise_all(path, sorted(faults, key=lambda fault: fault.line))
    return rows.assign(weight=weight, quantity_per_job=quantity).reset_index(drop=True)


def _quantity_faults(rows: pd.DataFrame) -> list[Fault]:
    """Return quantities without unit, of another dimension than the category, or of no source."""
    faults = []
    columns = ("category", "quantity_per_job", "unit", "source")
    for line, row in zip(rows.index, rows[list(columns)].to_numpy().tolist(), strict=True):
        category, quantity, unit, source = row
        if bool(quantity) != bool(unit):
            faults.append(Fault("knowledge_quantity", line, "unit", unit or quantity))
        if quantity and source == EXPERT:
            faults.append(Fault("knowledge_unsourced", line, "quantity_per_job", quantity))
        if unit in nomenclature.codes("units") and category in nomenclature.codes("categories"):
            measured = nomenclature.category_dimension(category)
            if measured and units.dimension_of(unit) != measured:
                faults.append(Fault("knowledge_unit", line, "unit", unit, measured))
    return faults
