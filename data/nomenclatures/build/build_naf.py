"""Write ``naf_rev2.csv`` and ``naf_2025.csv``: the two French activity nomenclatures as trees.

Inputs, all given as arguments:

- ``--rev2``: CSV with one row a sub-class and, for each of section, division, groupe, classe and
  sous_classe, the columns ``code_*`` and ``libelle_*`` (INSEE, NAF rev. 2, 2008);
- ``--naf2025``: CSV with one row a sub-class and the columns niv5 to niv1 (codes),
  ``niv1_libelle`` and ``niv5_libelle`` (INSEE, NAF 2025).

The English headings of NACE Rev. 2 are in ``nace_rev2_en.csv``, the French and English headings of
the sections and divisions of 2025 in ``naf_2025_headings.csv``, beside this script.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from tables import read_rows, tidy, write_rows

HERE = Path(__file__).resolve().parent
COLUMNS = ("code", "level", "parent", "label_fr", "label_en")
LEVELS = ("section", "division", "group", "class", "subclass")
FRENCH_LEVELS = ("section", "division", "groupe", "classe", "sous_classe")


def tree(paths: list[list[str]]) -> dict[str, dict[str, str]]:
    """Return one row a code from the paths section -> sub-class, labels still empty.

    Raises
    ------
    ValueError
        If a code has two parents.
    """
    rows: dict[str, dict[str, str]] = {}
    for path in paths:
        for level, code, parent in zip(LEVELS, path, ["", *path], strict=False):
            known = rows.setdefault(
                code,
                {"code": code, "level": level, "parent": parent, "label_fr": "", "label_en": ""},
            )
            if known["parent"] != parent:
                msg = f"Code {code!r} has two parents: {known['parent']!r} and {parent!r}."
                raise ValueError(msg)
    return rows


def inherit_english(rows: dict[str, dict[str, str]]) -> None:
    """Give the heading of a group to its only class, of a class to its only sub-class.

    NACE gives the only class of a group the heading of the group; a sub-class that is alone in
    its class has the scope of the class.  Sub-classes of a divided class stay without English.
    """
    children = Counter(row["parent"] for row in rows.values())
    for level in ("class", "subclass"):
        for row in rows.values():
            if row["level"] == level and not row["label_en"] and children[row["parent"]] == 1:
                row["label_en"] = rows[row["parent"]]["label_en"]


def build_rev2(source: Path, english: Path) -> list[dict[str, str]]:
    """Return the rows of NAF rev. 2, sorted by code."""
    records = read_rows(source)
    rows = tree([[record[f"code_{level}"] for level in FRENCH_LEVELS] for record in records])
    for record in records:
        for level in FRENCH_LEVELS:
            rows[record[f"code_{level}"]]["label_fr"] = tidy(record[f"libelle_{level}"])
    for record in read_rows(english):
        rows[record["code"]]["label_en"] = record["label_en"]
    inherit_english(rows)
    return [rows[code] for code in sorted(rows)]


def build_2025(source: Path, headings: Path) -> list[dict[str, str]]:
    """Return the rows of NAF 2025, sorted by code; groups and classes have no label.

    Raises
    ------
    ValueError
        If a section is not named as in the source, which writes it in capitals.
    """
    records = read_rows(source)
    rows = tree([[record[f"niv{level}"] for level in range(1, 6)] for record in records])
    for record in read_rows(headings):
        rows[record["code"]].update(label_fr=record["label_fr"], label_en=record["label_en"])
    for record in records:
        rows[record["niv5"]]["label_fr"] = tidy(record["niv5_libelle"])
        section = rows[record["niv1"]]
        if section["label_fr"].upper() != tidy(record["niv1_libelle"]):
            msg = f"Section {record['niv1']}: {section['label_fr']!r} is not the source's name."
            raise ValueError(msg)
    return [rows[code] for code in sorted(rows)]


def main() -> None:
    """Parse the arguments and write the two tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rev2", type=Path, required=True)
    parser.add_argument("--naf2025", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=HERE.parent)
    arguments = parser.parse_args()
    rev2 = build_rev2(arguments.rev2, HERE / "nace_rev2_en.csv")
    write_rows(arguments.out / "naf_rev2.csv", rev2, columns=COLUMNS)
    naf2025 = build_2025(arguments.naf2025, HERE / "naf_2025_headings.csv")
    write_rows(arguments.out / "naf_2025.csv", naf2025, columns=COLUMNS)


if __name__ == "__main__":
    main()
