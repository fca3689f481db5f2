"""How many of each activity a commune has: the BPE, SIRENE, or any table of counts."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from toolkit import nomenclature
from toolkit.errors import DataError, Problem
from toolkit.sources import bpe, populations
from toolkit.sources.columnar import COUNT, count_rows
from toolkit.sources.extract import source_row
from toolkit.sources.passage import Passage
from toolkit.sources.reading import (
    commune_codes,
    lift_arrondissements,
    listed,
    numbers,
    read_rows,
)
from toolkit.sources.recognition import name_of
from toolkit.sources.sheets import read_table
from toolkit.sources.sirene_rules import HOLDINGS, known_activities

COLUMNS: Final = ("commune_id", "activity", "count")
"""Columns of the rows of counts; none twice, no count below zero."""
BPE: Final = "bpe"
NOMENCLATURES: Final = (nomenclature.NAF_REV2, nomenclature.NAF_2025, BPE)
PLAIN: Final = {
    "commune_id": ("commune_id", *(name for name in populations.CODE if name != "code")),
    "activity": ("activity", "activite", "code_activite", "naf", "code_naf", "ape", "a732"),
    "count": ("count", "nombre", "nb", "effectif", "nb_etablissements", "etablissements"),
}
"""A table of counts: a row a commune and activity."""
_SIRENE: Final = {
    "commune": ("codecommuneetablissement",),
    "activity": ("activiteprincipaleetablissement",),
    "version": ("nomenclatureactiviteprincipaleetablissement",),
    "state": ("etatadministratifetablissement",),
}
_VERSIONS: Final[Mapping[str, str]] = {
    "NAFRev2": nomenclature.NAF_REV2,
    "NAF2025": nomenclature.NAF_2025,
}
_OPEN: Final = "A"
_TYPE: Final = re.compile(r"[A-G]\d{3}")
_TYPED, _COMPILED, _STOCK, _COUNTED = "bpe", "bpe-commune-totals", "sirene", "counts"
_LAYOUTS: Final = (
    (_TYPED, {**bpe.NEEDED, "commune_id": (*bpe.WANTED["commune_id"], *bpe.WANTED["iris"])}),
    (_COMPILED, {"commune_id": bpe.COMPILED_ID, "shop": ("boulang",), "chemist": ("pharma",)}),
    (_STOCK, _SIRENE),
    (_COUNTED, PLAIN),
)
_AT_ONCE_BYTES: Final = 40_000_000
"""Size of a file of the BPE that is read whole; of a bigger one, some départements at a time."""
_PACKED: Final = 8
"""How much bigger the rows of a zip or Parquet are than the file."""


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Counts by commune of one file.

    Attributes
    ----------
    rows : DataFrame
        Columns ``COLUMNS``; of big files, ids are categories.
    nomenclature : str
        Of the activities: one of ``NOMENCLATURES``.
    layout : str
        How the file says it: activities of two files are the same only in one layout.
    seen : frozenset of str
        Communes of which the file has a row.
    source : Mapping
        Row of the table of sources.
    notes : tuple of Problem
        What a reader should know.
    is_list : bool
        Whether the file lists every commune that it covers.  Else a commune without a row may have
        nothing, or lie outside.
    """

    rows: pd.DataFrame
    nomenclature: str
    layout: str
    seen: frozenset[str]
    source: Mapping[str, object]
    notes: tuple[Problem, ...] = ()
    is_list: bool = False


def read_counts(path: Path, *, communes: Collection[str], passage: Passage | None = None) -> Counts:
    """Return the counts of a file, recognised by its columns.

    Parameters
    ----------
    path : Path
        Equipments of the BPE in every layout that :func:`toolkit.sources.bpe.load_bpe` reads; the
        stock of establishments of SIRENE (CSV, zip or Parquet), of which the open ones are counted;
        or text or .xlsx with the columns ``PLAIN``: NAF codes or types of the BPE.
    communes : collection of str
        Communes whose counts are wanted, for files too big to be read whole.
    passage : Passage, optional
        Finds the rows still filed under the code of a commune that has merged.

    Raises
    ------
    DataError
        If the file cannot be read or recognised, or says no count.
    MissingDependencyError
        If `duckdb` is needed and not installed.

    Notes
    -----
    - Counts say presence, not size.  Of a compilation, places (beds, seats) and totals of several
      services are left out.
    - Of SIRENE, holdings and letting of own property are left out, as everywhere; natural persons
      are counted and not named.  If activities are in two versions of the NAF, that of most
      establishments is kept, and the others are noted.
    """
    kind = name_of(path, _LAYOUTS)
    if kind == _STOCK:
        return _of_sirene(path)
    if kind == _COUNTED:
        return _of_table(path)
    return _of_bpe(path, communes, passage=passage, is_list=kind == _COMPILED)


# --- BPE ----------------------------------------------------------------------------------------
def _of_bpe(
    path: Path, communes: Collection[str], *, passage: Passage | None, is_list: bool
) -> Counts:
    packed = path.suffix.lower() in (".zip", ".parquet")
    size = path.stat().st_size * (_PACKED if packed else 1)
    if is_list or (size <= _AT_ONCE_BYTES and path.suffix.lower() != ".parquet"):
        extracts = [bpe.load_bpe(path)]
    else:
        parts = _parts(communes, math.ceil(size / _AT_ONCE_BYTES))
        extracts = [bpe.load_bpe(path, communes=part, passage=passage) for part in parts]
    tables = [extract.tables[bpe.COUNTS] for extract in extracts]
    table = pd.concat(tables, ignore_index=True)
    last = table["year"].max()
    kept = table[(table["unit"] == "unit") & (table["year"].isna() | (table["year"] == last))]
    source = dict(extracts[0].source) | {
        "data_year": None if pd.isna(last) else int(last),
        "rows": sum(int(str(extract.source["rows"])) for extract in extracts),
    }
    seen = _listed_by(path) if is_list else frozenset(kept["commune_id"])
    notes = () if len(extracts) > 1 else extracts[0].notes
    layout = _COMPILED if is_list else _TYPED
    counts = Counts(_summed(kept), BPE, layout, seen, source, notes=notes, is_list=is_list)
    return _checked(counts, path)


def _parts(communes: Collection[str], count: int) -> list[list[str]]:
    """Return communes in about so many parts, départements held together."""
    ordered = sorted(communes)
    size = math.ceil(len(ordered) / count) or 1
    parts: list[list[str]] = [[]]
    for _, group in groupby(ordered, key=department):
        if len(parts[-1]) >= size:
            parts.append([])
        parts[-1] += list(group)
    return parts


def department(commune_id: str) -> str:
    """Return the code of the département of a commune.

    Examples
    --------
    >>> department("14118"), department("97209")
    ('14', '972')
    """
    return commune_id[:3] if commune_id.startswith(("97", "98")) else commune_id[:2]


def _listed_by(path: Path) -> frozenset[str]:
    """Return the communes of a compilation, those without any service too."""
    cells = read_rows(path, needed={"commune_id": bpe.COMPILED_ID})["commune_id"]
    return frozenset(lift_arrondissements(commune_codes(cells)).dropna())


# --- SIRENE -------------------------------------------------------------------------------------
def _of_sirene(path: Path) -> Counts:
    rows = count_rows(path, by=_SIRENE, of=("state", _OPEN))
    codes = _mapped(rows["commune"], lambda cells: lift_arrondissements(commune_codes(cells)))
    versions = _mapped(rows["version"], lambda cells: cells.map(_VERSIONS))
    by_version = rows.groupby(versions, observed=True)[COUNT].sum()
    version = str(by_version.idxmax()) if len(by_version) else nomenclature.NAF_REV2
    activity = _mapped(rows["activity"], known_activities)
    told = {
        "no_commune": codes.isna(),
        "panel_other_version": ~versions.isin([version]),
        "panel_unknown_activity": activity.isna(),
        "panel_holdings": activity.isin(HOLDINGS),
    }
    kept, notes = _sifted(told, shown=rows["activity"], weights=rows[COUNT], where=path.name)
    source = source_row(
        path,
        kind="sirene",
        title="Répertoire Sirene, établissements (stock)",
        producer="INSEE",
        licence="Licence Ouverte 2.0",
        data_year=None,
    ) | {"rows": int(rows[COUNT].sum())}
    seen = frozenset(codes.cat.categories)
    counted = pd.DataFrame({"commune_id": codes, "activity": activity, "count": rows[COUNT]})
    summed = _summed(counted[kept])
    return _checked(Counts(summed, version, _STOCK, seen, source=source, notes=notes), path)


def _mapped(cells: pd.Series[str], make: Callable[[pd.Series[str]], pd.Series[str]]) -> pd.Series:
    """Return categories mapped to others, each different cell once."""
    made = make(pd.Series(cells.cat.categories, dtype="str"))
    places, alike = pd.factorize(made.to_numpy(dtype="object"))
    codes = np.append(places, -1)[cells.cat.codes.to_numpy()]
    used = pd.Categorical.from_codes(codes, categories=pd.Index(alike, dtype="str"))
    return pd.Series(used, index=cells.index)


def _sifted(
    told: Mapping[str, pd.Series[bool]],
    *,
    shown: pd.Series[str],
    weights: pd.Series[float],
    where: str,
) -> tuple[pd.Series[bool], tuple[Problem, ...]]:
    """Return which rows no reason takes; note how much each takes, a row for the first one."""
    left = pd.Series(data=True, index=shown.index)
    notes = []
    for code, mask in told.items():
        out = mask & left
        left &= ~mask
        if out.any():
            params = {"examples": listed(sorted(shown[out].dropna().unique())) or "–"}
            found = f"{weights[out].sum():.0f}"
            notes.append(Problem(f"sources_{code}", found=found, where=where, params=params))
    return left, tuple(notes)


# --- tables -------------------------------------------------------------------------------------
def _of_table(path: Path) -> Counts:
    raw = read_table(path, needed=PLAIN)
    codes = lift_arrondissements(commune_codes(raw["commune_id"]))
    cells = raw["activity"].astype("str").str.strip()
    naf = known_activities(cells)
    types = cells.str.upper().where(cells.str.upper().str.fullmatch(_TYPE).fillna(value=False))
    is_naf = naf.notna().sum() >= types.notna().sum()
    version = nomenclature.NAF_REV2 if is_naf else BPE
    activity = naf if is_naf else types
    told: dict[str, pd.Series[bool]] = {}
    if is_naf and len(known := activity.dropna()):
        versions = activity.map(nomenclature.naf_version, na_action="ignore")
        version = str(versions[known.index].mode().iloc[0])
        told["panel_other_version"] = activity.notna() & (versions != version)
    count = numbers(raw["count"])
    told |= {
        "no_commune": codes.isna(),
        "panel_unknown_activity": activity.isna(),
        "bpe_no_count": count.isna() | (count < 0),
    }
    rows = pd.DataFrame({"commune_id": codes, "activity": activity, "count": count})
    ones = pd.Series(1.0, index=rows.index)
    left, notes = _sifted(told, shown=cells, weights=ones, where=path.name)
    kept = rows[left]
    source = source_row(path, kind=_COUNTED, title=path.stem) | {"rows": len(raw)}
    seen = frozenset(kept["commune_id"])
    layout = _COUNTED if is_naf else _TYPED
    return _checked(Counts(_summed(kept), version, layout, seen, source=source, notes=notes), path)


def _summed(rows: pd.DataFrame) -> pd.DataFrame:
    keys = ["commune_id", "activity"]
    summed = pd.DataFrame(rows.groupby(keys, observed=True)["count"].sum()).reset_index()
    return summed[summed["count"] > 0].reset_index(drop=True)[[*COLUMNS]]


def _checked(counts: Counts, path: Path) -> Counts:
    if counts.rows.empty:
        raise DataError([Problem("sources_panel_no_counts", where=path.name), *counts.notes])
    return counts
