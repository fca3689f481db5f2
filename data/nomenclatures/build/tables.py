"""Read official lists and write the tables of this project in one way."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path


def tidy(text: str) -> str:
    """Return a label with plain apostrophes, plain single spaces and no blank at its ends."""
    plain = text.replace("\u2019", "'").replace("\u00a0", " ").replace("\u202f", " ")
    return re.sub(r"\s+", " ", plain).strip()


def capitalise(text: str) -> str:
    """Return a tidy label whose first letter is a capital; the others keep their case."""
    label = tidy(text)
    return label[:1].upper() + label[1:]


def read_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file with commas, UTF-8 with or without a byte order mark."""
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return [
            {key.strip(): value for key, value in row.items()} for row in csv.DictReader(handle)
        ]


def write_rows(path: Path, rows: Iterable[Mapping[str, str]], *, columns: Sequence[str]) -> None:
    """Write a table: UTF-8, commas, line feeds, a header, no byte order mark."""
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, columns, lineterminator="\n", extrasaction="raise")
        writer.writeheader()
        writer.writerows(rows)
