"""Where people live and work: flows of people between communes (INSEE, MOBPRO)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pandas as pd

from toolkit import vocabulary as v
from toolkit.sources.extract import Extract, Sieve, source_row
from toolkit.sources.near import EVERYWHERE, Near
from toolkit.sources.reading import commune_codes, lift_arrondissements, numbers
from toolkit.sources.sheets import read_table

HOME: Final = ("commune", "codgeo", "i", "origine")
WORK: Final = ("dclt", "codgeo_work", "j", "destination")
WORKERS: Final = ("actifs", "nbflux", "fij", "ipondi")
"""Headers of numbers of workers, and of the weight of one person of the detail file."""
ABROAD: Final = ("dcflt",)
"""Header of the place of work beyond the border in the detail file."""
DATED: Final = tuple(f"nbflux_c{year:02d}_actocc15p" for year in range(30, 5, -1))
SHAKY_BELOW: Final = 200.0
"""Workers below which INSEE advises against the use of a single pair."""
STAYING: Final = "workers_staying"
"""Extra column of communes: workers who live and work in it; no flow, as both ends are the same."""
_NOT_ABROAD: Final = frozenset({"99999", "ZZZZZ"})


def load_commuting(path: Path, *, year: int, near: Near = EVERYWHERE) -> Extract:
    """Return the flows of workers from the commune they live in to that they work in.

    Parameters
    ----------
    path : Path
        Text or .xlsx.  A row a pair of communes: code of residence, code of work, workers (weighted
        by the census, with decimals); headers of INSEE (`CODGEO`, `DCLT`, `NBFLUX_C22_ACTOCC15P`)
        or of an aggregate of the detail file (`COMMUNE`, `DCLT`, `actifs`).  Or a row a person: an
        extract of the detail file (`COMMUNE`, `DCLT`, `DCFLT`, `IPONDI`).
    year : int
        Year of the census; the header of some files bears it, and a note says where it differs.
    near : Near, optional
        The perimeter: rows of a text with both ends elsewhere are counted and not kept.

    Returns
    -------
    Extract
        ``flows`` of nature ``people`` between codes of communes, in ``person`` (workers, not
        trips), and ``communes`` with `workers_staying`, those who do not leave their commune.
        Codes beyond France stay as they are.  Pairs given twice are added up.

    Raises
    ------
    DataError
        If the file cannot be read or lacks a column.

    Notes
    -----
    Arrondissements of Paris, Lyon and Marseille are brought to their commune.  A pair of less than
    200 workers is kept, and counted in a note: alone it is not reliable.
    """
    dated = _dated(year)
    workers = (dated, *WORKERS, *DATED)
    rows = read_table(
        path,
        needed={"home": HOME, "work": WORK, "workers": workers},
        wanted={"abroad": ABROAD, "of_year": (dated,), "of_any": DATED},
        cut=near.cut({(end,): lambda cells: _are_near(cells, near) for end in ("home", "work")}),
    )
    sieve = Sieve(rows.assign(workers=numbers(rows["workers"])), where=path.name)
    is_other = rows["of_any"].notna().any() and rows["of_year"].isna().all()
    sieve.note("commuting_year", int(is_other), examples=[year])
    sieve.drop(sieve.rows["workers"].isna() | (sieve.rows["workers"] <= 0), "no_workers")
    sieve.rows = _with_ends(sieve.rows)
    sieve.drop(sieve.rows[["home", "work"]].isna().any(axis=1), "no_end")
    pairs = sieve.rows.groupby(["home", "work"], as_index=False)["workers"].sum()
    staying = pairs[pairs["home"] == pairs["work"]]
    moving = pairs[pairs["home"] != pairs["work"]]
    sieve.counts["pairs"] = len(pairs)
    sieve.counts["staying_pairs"] = len(staying)
    shaky = pairs["workers"] < SHAKY_BELOW
    sieve.note("shaky_pairs", int(shaky.sum()), examples=[f"{pairs['workers'][shaky].sum():.0f}"])
    flows = pd.DataFrame(
        {
            "flow_id": f"commuting:{year}:" + moving["home"] + ":" + moving["work"],
            "nature": "people",
            "origin": moving["home"],
            "destination": moving["work"],
            "quantity": moving["workers"],
            "unit": "person",
            "year": year,
        }
    )
    communes = staying.rename(columns={"home": "commune_id", "workers": STAYING})[
        ["commune_id", STAYING]
    ]
    source = source_row(
        path,
        kind="commuting",
        title=f"Recensement de la population {year}, mobilités professionnelles",
        producer="INSEE",
        licence="Licence Ouverte 2.0",
        data_year=year,
    )
    return sieve.extract({v.FLOWS: flows, v.COMMUNES: communes}, source=source)


def _dated(year: int) -> str:
    """Return the header of the pairs of a census."""
    return f"nbflux_c{year % 100:02d}_actocc15p"


def _are_near(cells: pd.DataFrame, near: Near) -> pd.Series[bool]:
    """Return which ends of a flow may be in the perimeter."""
    codes = cells.iloc[:, 0]
    return codes.isna() | (near.holds(codes) & commune_codes(codes).notna())


def _with_ends(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with living codes of both ends; the place beyond the border where one is told."""
    abroad = rows["abroad"].str.replace(".", "", regex=False)
    beyond = abroad.mask(abroad.isin(_NOT_ABROAD))
    work = beyond.fillna(rows["work"])
    ends = {"home": rows["home"], "work": work}
    return rows.assign(
        **{
            name: lift_arrondissements(commune_codes(codes).fillna(codes))
            for name, codes in ends.items()
        }
    )
