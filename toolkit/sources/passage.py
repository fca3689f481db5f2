"""Passage tables of communes: from an old code to the living one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from toolkit.errors import DataError, Problem
from toolkit.nomenclature import fold
from toolkit.sources import columnar
from toolkit.sources.reading import commune_codes, lift_arrondissements, read_rows

_OLD = ("ancien code officiel", "code_insee", "old_code", "codgeo_ini", "com_av", "com")
_NEW = ("code courant officiel", "new_code", "codgeo_2026", "codgeo_2025", "com_ap", "comparent")
_DATED = "code_insee_"
_LEVELS = frozenset({"com", "arm"})
_PARTS = frozenset({"comd", "coma"})


@dataclass(frozen=True, slots=True, eq=False)
class Passage:
    """What became of the codes of communes.

    Attributes
    ----------
    living : Mapping of str to str
        Living code of every code that became one commune, itself included.
    split : Mapping of str to tuple
        Living codes of every code that became several: no table of one code to one can resolve it.
        A code that lives on among them stays itself in `living`.
    year : int
        Year of the geography of the living codes; 0 where it is not said.
    """

    living: Mapping[str, str]
    split: Mapping[str, tuple[str, ...]]
    year: int

    def apply(self, codes: pd.Series[str]) -> pd.Series[str]:
        """Return the living codes; a code that the table does not name stays as it is."""
        return codes.map(lambda code: self.living.get(code, code), na_action="ignore")


def read_passage(path: Path) -> Passage:
    """Return a passage table.

    Parameters
    ----------
    path : Path
        Text with the columns of INSEE (`Ancien Code Officiel`, `Code Courant Officiel`, and
        `Niveau`, `Année` where there are), the list of communes with their parts (`TYPECOM`, `COM`,
        `COMPARENT`), or Parquet with ``code_insee`` and ``code_insee_<year>``.

    Raises
    ------
    DataError
        If the file is none.
    MissingDependencyError
        If a Parquet file is given and `duckdb` is not installed.
    """
    if path.suffix.lower() == ".parquet":
        rows, year = _read_parquet(path)
    else:
        rows = read_rows(
            path,
            needed={"old": _OLD, "new": _NEW},
            wanted={"level": ("niveau", "typecom"), "year": ("annee",)},
        )
        rows = _living_first(rows)
        years = sorted(rows["year"].dropna().unique())
        if len(years) > 1:
            rows = rows[rows["year"] == years[-1]]
        year = int(years[-1]) if years and years[-1].isdigit() else 0
    old, new = commune_codes(rows["old"]), commune_codes(rows["new"])
    pairs = pd.DataFrame({"old": old, "new": lift_arrondissements(new)}).dropna().drop_duplicates()
    is_split = pairs["old"].duplicated(keep=False)
    several = pairs[is_split].groupby("old")["new"]
    split = {str(code): tuple(sorted(codes)) for code, codes in several}
    single = pairs[~is_split]
    living = dict(zip(single["old"], single["new"], strict=True))
    living.update({code: code for code, codes in split.items() if code in codes})
    return Passage(living, split, year)


def _living_first(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of communes and arrondissements, and of parts whose code no commune bears.

    The list of communes names the parts of a commune (delegated, associated) with their parent;
    the part that kept the name of the whole mostly bears its code.
    """
    if rows["level"].isna().all():
        return rows
    level = rows["level"].fillna("").map(fold)
    is_part = level.isin(_PARTS)
    own = rows["old"][level.isin(_LEVELS)]
    kept = rows[level.isin(_LEVELS) | (is_part & ~rows["old"].isin(own))]
    return kept.assign(new=kept["new"].fillna(kept["old"])) if is_part.any() else kept


def _read_parquet(path: Path) -> tuple[pd.DataFrame, int]:
    header = columnar.header_of(path)
    named = [name for name in header if name.startswith(_DATED)]
    if "code_insee" not in header or len(named) != 1:
        shown = {"choices": "code_insee, code_insee_AAAA", "header": ", ".join(header)}
        raise DataError(
            Problem("sources_column_missing", where=path.name, found="code_insee", params=shown)
        )
    columns = {"old": ("code_insee",), "new": (named[0],)}
    rows = columnar.select_rows(path, needed=columns)
    ending = named[0].removeprefix(_DATED)
    return rows, int(ending) if ending.isdigit() else 0
