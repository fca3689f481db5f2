"""Write ``waste.csv``: the European list of waste, with its chapters, in French and English.

Inputs, all given as arguments:

- ``--french``: CSV ``code,description``, six-digit codes with ``*`` after the hazardous ones
  (the French ministry's list, as published for Trackdéchets);
- ``--english``: JSON list of ``{code, isHazardous, chapter, subChapter, description}``
  (the reference list of the British waste movement service: titles of decision 2014/955/EU).

The French titles of chapters and sub-chapters are in ``waste_headings_fr.csv`` beside this script.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

from tables import capitalise, read_rows, write_rows

HERE = Path(__file__).resolve().parent
COLUMNS = ("code", "level", "hazardous", "chapter", "subchapter", "label_fr", "label_en")
SIX_DIGITS = re.compile(r"\d\d \d\d \d\d")

# The British list writes acronyms in lower case, one sub-chapter twice, and keeps three slips.
ENGLISH_ACRONYMS = (
    (r"\bm(?:sf|fs)u\b", "MFSU"),
    (r"\bpcbs\b", "PCBs"),
    (r"\bpcb\b", "PCB"),
    (r"\bhcfc\b", "HCFC"),
    (r"\bhfc\b", "HFC"),
)
ENGLISH_CORRECTIONS = {
    "06 06": "Wastes from the MFSU of sulphur chemicals, sulphur chemical processes and "
    "desulphurisation processes",
    "06 11": "Wastes from the manufacture of inorganic pigments and opacifiers",
    "11 03 02": "Other wastes",
}


def spaced(code: str) -> str:
    """Return a code of two, four or six digits as pairs: ``150103`` gives ``15 01 03``."""
    digits = re.sub(r"\D", "", code)
    return " ".join(digits[at : at + 2] for at in range(0, len(digits), 2))


def with_acronyms(title: str) -> str:
    """Return a title with its acronyms in capitals."""
    for pattern, acronym in ENGLISH_ACRONYMS:
        title = re.sub(pattern, acronym, title)
    return title


def english_titles(path: Path) -> dict[str, str]:
    """Return the English title of every chapter, sub-chapter and waste by its spaced code."""
    titles: dict[str, str] = {}
    for entry in json.loads(path.read_text(encoding="utf-8")):
        code = spaced(entry["code"])
        titles[code[:2]] = entry["chapter"]
        titles[code[:5]] = entry["subChapter"]
        titles[code] = entry["description"]
    titles.update(ENGLISH_CORRECTIONS)
    return {code: capitalise(with_acronyms(title)) for code, title in titles.items()}


def build(french: Path, english: Path, *, headings: Path) -> list[dict[str, str]]:
    """Return the rows of the table, sorted by code.

    Raises
    ------
    ValueError
        If the two lists do not hold the same codes, or a heading is missing.
    """
    french_titles = {row["code"]: row["label_fr"] for row in read_rows(headings)}
    hazardous: dict[str, bool] = {}
    for row in read_rows(french):
        code = spaced(row["code"])
        if not SIX_DIGITS.fullmatch(code) or code in hazardous:
            msg = f"{french.name}: code {row['code']!r} is not a new six-digit code."
            raise ValueError(msg)
        hazardous[code] = row["code"].strip().endswith("*")
        french_titles[code] = row["description"]
    english_by_code = english_titles(english)
    if odd := sorted(set(french_titles) ^ set(english_by_code)):
        msg = f"Codes in one of the two lists only: {odd[:5]}, {len(odd)} in all."
        raise ValueError(msg)
    levels = {2: "chapter", 5: "subchapter", 8: "waste"}
    return [
        {
            "code": code,
            "level": levels[len(code)],
            "hazardous": str(int(hazardous[code])) if code in hazardous else "",
            "chapter": code[:2],
            "subchapter": code[:5] if len(code) > 2 else "",
            "label_fr": capitalise(french_titles[code]),
            "label_en": english_by_code[code],
        }
        for code in sorted(french_titles)
    ]


def main() -> None:
    """Parse the arguments and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--french", type=Path, required=True)
    parser.add_argument("--english", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=HERE.parent / "waste.csv")
    arguments = parser.parse_args()
    rows = build(arguments.french, arguments.english, headings=HERE / "waste_headings_fr.csv")
    write_rows(arguments.out, rows, columns=COLUMNS)


if __name__ == "__main__":
    main()
