"""Establishments of one grouping of communes out of a file like the stock of Sirene.

``python benchmarks/sirene_select.py [ROWS]`` writes the files, then prints, of processes run one
after the other in the same run: a bare DuckDB scan of the same columns for the same communes, our
selection of the same rows, and the whole load (legal units joined, actors made, files hashed).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from measure import python, run
from sirene_like import write_stock

ROWS = 10_000_000
COMMUNES = [f"{code:05d}" for code in range(1200, 1250)]
"""About 50 communes that hold 1.4 % of the rows."""

BARE = """
import duckdb
from toolkit.sources.sirene_stock import NEEDED, WANTED
database = duckdb.connect(":memory:")
names = [found[0] for found in (NEEDED | WANTED).values()]
columns = ", ".join(f'"{{name}}"' for name in names)
marks = ", ".join("?" for _ in {communes})
query = f"SELECT {{columns}} FROM read_parquet(?) WHERE codeCommuneEtablissement IN ({{marks}})"
database.execute(query, [{establishments!r}, *{communes}]).df()
"""
SELECTED = """
from pathlib import Path
from toolkit.sources.columnar import select_rows
from toolkit.sources.sirene_stock import NEEDED, WANTED
path = Path({establishments!r})
select_rows(path, needed=NEEDED, wanted=WANTED, key="commune", among={communes})
"""
LOADED = """
from pathlib import Path
from toolkit.sources.sirene_stock import load_sirene
load_sirene(
    Path({establishments!r}),
    legal_units=Path({legal_units!r}),
    geolocation=None,
    communes={communes},
)
"""
IMPORTS = """
import duckdb
from toolkit.sources.sirene_stock import NEEDED, WANTED
"""


def main(rows: int) -> None:
    """Print seconds, peak memory and the ratio to the bare scan."""
    with tempfile.TemporaryDirectory() as folder:
        establishments, legal_units = write_stock(Path(folder), rows=rows)
        values = {
            "establishments": str(establishments),
            "legal_units": str(legal_units),
            "communes": COMMUNES,
        }
        print(f"{rows} establishments, {establishments.stat().st_size / 1e6:.0f} MB of Parquet")
        idle, _ = run(python(IMPORTS))
        print(f"imports alone         {idle:7.2f} s")
        bare = 0.0
        for name, code in (
            ("bare scan", BARE),
            ("our selection", SELECTED),
            ("whole load", LOADED),
        ):
            seconds, memory = run(python(code.format(**values)))
            bare = bare or seconds - idle
            print(
                f"{name:<20}  {seconds:7.2f} s, {memory:6.0f} MB, without imports "
                f"{seconds - idle:6.2f} s, {(seconds - idle) / bare:5.2f} x"
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
