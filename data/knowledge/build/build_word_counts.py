"""Write ``word_counts.csv``: in how many legal units of an activity a word of names stands.

Inputs, all given as arguments:

- ``--sirene``: daily files of SIRENE before 2019 (INSEE, Licence Ouverte 2.0; ``;``), of which
  SIREN, NJ, NOMEN_LONG, ENSEIGNE, APET700 and APEN700 are read;
- ``--numerique``: legal units of the social economy in digital activities (INSEE Sirene of 02/2026,
  ESS France and France Tiers-Lieux, Licence Ouverte 2.0), of which siren, denomination, naf and
  categorie_juridique are read.

One half of the legal units is never read here: it is kept apart to measure (``is_kept_apart``).
Natural persons are left out, and so are words that fewer than five legal units bear: nothing that
is written tells a name or a person.  Rows without stem count the legal units of an activity.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from toolkit import nomenclature
from toolkit.knowledge.words import segments_of

HERE = Path(__file__).resolve().parent
FEWEST_UNITS = 5
"""Legal units that bear a word, from which it is written."""
HEAD_OFFICE = "70.10Z"
"""Code that SIRENE gives to the seat of a unit with several establishments, whatever it does."""
PERSON = "1"
"""First figure of the legal forms of natural persons."""
COLUMNS = ("stem", "code", "sirene", "numerique")


def is_kept_apart(siren: str) -> bool:
    """Return whether a legal unit is of the half that only measures."""
    return hashlib.sha256(siren.encode()).digest()[-1] % 2 == 1


def dotted(code: str) -> str:
    """Return a sub-class of NAF rev. 2 with its point; empty for anything else."""
    plain = code.replace(".", "").strip().upper()
    told = f"{plain[:2]}.{plain[2:]}"
    return told if told in nomenclature.codes(nomenclature.NAF_REV2) and len(plain) == 5 else ""


def read(path: Path, *, separator: str) -> pd.DataFrame:
    """Return a CSV file as text."""
    return pd.read_csv(path, sep=separator, dtype="str", keep_default_na=False)


def sirene_rows(paths: Iterable[Path]) -> pd.DataFrame:
    """Return ``siren``, ``text`` and ``code`` of establishments: name and sign, each code a row."""
    rows = []
    for path in paths:
        for row in read(path, separator=";").itertuples():
            if not row.NJ.startswith(PERSON):
                sign = row.ENSEIGNE if row.ENSEIGNE not in row.NOMEN_LONG else ""
                text = f"{row.NOMEN_LONG}; {sign}" if sign else row.NOMEN_LONG
                rows += [(row.SIREN, text, code) for code in (row.APET700, row.APEN700)]
    return tidy(rows)


def numerique_rows(paths: Iterable[Path]) -> pd.DataFrame:
    """Return the same of the legal units of the social economy in digital activities."""
    rows = []
    for path in paths:
        frame = read(path, separator=",")
        frame = frame[~frame["categorie_juridique"].str.startswith(PERSON)]
        rows += list(frame[["siren", "denomination", "naf"]].itertuples(index=False, name=None))
    return tidy(rows)


def tidy(rows: Sequence[tuple[str, str, str]]) -> pd.DataFrame:
    """Return rows with a name and a code, each once; the seat's code only where it is alone."""
    frame = pd.DataFrame(rows, columns=["siren", "text", "code"])
    frame["code"] = frame["code"].map(dotted)
    frame = frame[(frame["code"] != "") & (frame["text"].str.strip() != "")].drop_duplicates()
    seat = frame["code"] == HEAD_OFFICE
    elsewhere = frame.loc[~seat, "siren"]
    return frame[~seat | ~frame["siren"].isin(elsewhere)].reset_index(drop=True)


def count(frame: pd.DataFrame) -> dict[tuple[str, str], set[str]]:
    """Return the legal units of each word and code; the word is empty for all of a code."""
    units: dict[tuple[str, str], set[str]] = defaultdict(set)
    for siren, text, code in frame[["siren", "text", "code"]].itertuples(index=False):
        units["", code].add(siren)
        for part in segments_of(text):
            for stem in part:
                units[stem, code].add(siren)
    return units


def learnt(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that may be learnt from: those that are not kept apart."""
    return frame[~frame["siren"].map(is_kept_apart).astype("bool")]


def table(sirene: pd.DataFrame, numerique: pd.DataFrame) -> list[dict[str, str | int]]:
    """Return the rows of ``word_counts.csv``, sorted; both frames without what is kept apart."""
    first, second = count(sirene), count(numerique)
    bearers: dict[str, set[str]] = defaultdict(set)
    for units in (first, second):
        for (stem, _), sirens in units.items():
            bearers[stem] |= sirens
    return [
        {
            "stem": stem,
            "code": code,
            "sirene": len(first.get((stem, code), ())),
            "numerique": len(second.get((stem, code), ())),
        }
        for stem, code in sorted(first.keys() | second.keys())
        if len(bearers[stem]) >= FEWEST_UNITS
    ]


def main() -> None:
    """Parse the arguments and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sirene", type=Path, nargs="+", required=True)
    parser.add_argument("--numerique", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, default=HERE.parent)
    asked = parser.parse_args()
    rows = table(learnt(sirene_rows(asked.sirene)), learnt(numerique_rows(asked.numerique)))
    path = asked.out / "word_counts.csv"
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
