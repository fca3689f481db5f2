"""The rows of one grouping of communes out of texts like the national ones.

``python benchmarks/national_texts.py [KIND=ROWS ...]`` writes each file, then prints, of processes
run one after the other in the same run: bare scans of the same columns for the same communes (or
actors) by DuckDB and by pandas in chunks, and our load for that perimeter (file hashed, encoding
looked at, rows checked, actors or flows made).  Seconds are those of the processor, without the
imports, so that other work on the machine counts little.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import duckdb
from measure import python, run
from national_like import QUERIES, write_text
from sirene_like import SIREN

ROWS = {
    "rna": 2_000_000,
    "commuting_pairs": 1_000_000,
    "commuting_persons": 8_000_000,
    "decp": 1_000_000,
}
COMMUNES = [f"{code:05d}" for code in range(1200, 1250)]
"""About 50 communes that hold 1.4 % of the rows."""
ACTORS = 3_000
"""Known actors, for contracts."""
KEYS = {
    "rna": ("adrs_codeinsee",),
    "commuting_pairs": ("CODGEO", "DCLT"),
    "commuting_persons": ("COMMUNE", "DCLT"),
    "decp": ("acheteur.id", "titulaires.1.id"),
}
COLUMNS = {
    "rna": "id titre position siret nature groupement objet_social1 objet_social2 adrs_codeinsee "
    "adrs_codepostal adrs_libcommune maj_time",
    "commuting_pairs": "CODGEO DCLT NBFLUX_C22_ACTOCC15P",
    "commuting_persons": "COMMUNE DCLT DCFLT IPONDI",
    "decp": "acheteur.id id montant nature dateNotification objet "
    + " ".join(f"titulaires.{rank}.id" for rank in range(1, 16)),
}
DUCKDB = """
import duckdb
wanted = {wanted}
columns = ", ".join(f'"{{name}}"' for name in {columns})
test = " OR ".join(
    f"substr(ltrim(\\"{{key}}\\", '[''\\"'), 1, {{len(wanted[0])}}) IN (SELECT unnest(?))"
    for key in {keys}
)
rows = "read_csv(?, all_varchar=true, delim=?, header=true)"
query = f"SELECT {{columns}} FROM {{rows}} WHERE {{test}}"
database = duckdb.connect(":memory:")
database.execute(query, [{path!r}, {separator!r}, *[wanted] * {count}]).df()
"""
PANDAS = """
import pandas as pd
wanted = {wanted}
width = len(wanted[0])
chunks = pd.read_csv(
    {path!r}, sep={separator!r}, dtype=str, usecols={columns}, keep_default_na=False,
    chunksize=100_000,
)
found = []
for chunk in chunks:
    mask = False
    for key in {keys}:
        mask = mask | chunk[key].str.lstrip("['").str[:width].isin(wanted)
    found.append(chunk[mask])
pd.concat(found)
"""
OURS = """
from pathlib import Path
from toolkit.sources.catalogue import Context, load_files
known = Context(communes=frozenset({communes}), sirens=frozenset({sirens}), year=2022)
load_files([Path({path!r})], kind={kind!r}, known=known)
"""
IMPORTS = "import pandas, duckdb"
OURS_IMPORTS = "from toolkit.sources.catalogue import load_files"


def spent(code: str) -> tuple[float, float]:
    """Return the seconds of the processor and the peak memory (MB) of a piece of Python."""
    before = os.times()
    _, memory = run(python(code), repeat=1)
    after = os.times()
    return sum(after[2:4]) - sum(before[2:4]), memory


def main(sizes: dict[str, int]) -> None:
    """Print seconds, peak memory and the ratio to both bare scans, for each kind."""
    query = f"SELECT {SIREN} FROM range({ACTORS}) AS rows(n)"  # noqa: S608 - our own text only
    sirens = [str(siren) for (siren,) in duckdb.sql(query).fetchall()]
    idle = {name: spent(code)[0] for name, code in (("", IMPORTS), ("ours", OURS_IMPORTS))}
    for kind, rows in sizes.items():
        with tempfile.TemporaryDirectory() as folder:
            path = write_text(Path(folder), kind, rows=rows)
            print(f"{kind}: {rows} rows, {path.stat().st_size / 1e6:.0f} MB")
            values = {
                "path": str(path),
                "separator": QUERIES[kind][1],
                "columns": COLUMNS[kind].split(),
                "keys": KEYS[kind],
                "count": len(KEYS[kind]),
                "wanted": sirens if kind == "decp" else COMMUNES,
                "communes": COMMUNES,
                "sirens": sirens,
                "kind": kind.partition("_")[0],
            }
            bare: list[float] = []
            for name, code, imports in (
                ("bare DuckDB scan", DUCKDB, ""),
                ("bare pandas scan", PANDAS, ""),
                ("our load", OURS, "ours"),
            ):
                seconds, memory = spent(code.format(**values))
                seconds -= idle[imports]
                if len(bare) < len((DUCKDB, PANDAS)):
                    bare.append(seconds)
                ratios = ", ".join(f"{seconds / one:5.2f} x" for one in bare)
                print(f"  {name:<18} {seconds:7.2f} s, {memory:6.0f} MB, {ratios}")


if __name__ == "__main__":
    asked = dict(word.split("=") for word in sys.argv[1:])
    main({kind: int(rows) for kind, rows in asked.items()} or ROWS)
