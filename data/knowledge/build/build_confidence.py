"""Write ``suggestion_confidence.csv``: how sure a suggested activity is, by the share it holds.

Beside the inputs of ``build_word_counts.py``:

- ``--integration``: lists of work integration structures with SIRET, name and NAF code (columns
  SIRET, DENOMINATION_SOCIALE and CODE_NAF2 with ``;``, or siret, name and naf with commas).  Their
  licence is not open for all, so no word is learnt from them: they only tell how often names of the
  social economy lead to the right code.

Only the half that is learnt from is read.  Its legal units are cut in four; each part is answered
with the words of the three others, and a logistic curve of the answers is fitted for each level,
both kinds of lists weighing the same.  A unit with several codes is answered right by any of them.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from build_word_counts import learnt, numerique_rows, read, sirene_rows, table, tidy

from toolkit.knowledge.evidence import LEVELS, counted_rows, gather, label_rows, table_rows, tree
from toolkit.knowledge.suggestion import score

HERE = Path(__file__).resolve().parent
PARTS = 4
RIDGE = 1.0
"""Strength that keeps the curves from being steeper than the answers tell."""
COLUMNS = ("level", "intercept", "slope")


def integration_rows(paths: Iterable[Path]) -> pd.DataFrame:
    """Return ``siren``, ``text`` and ``code`` of the structures of work integration."""
    rows = []
    for path in paths:
        with path.open(encoding="utf-8") as handle:
            is_wide = ";" in handle.readline()
        frame = read(path, separator=";" if is_wide else ",")
        wide, plain = ("SIRET", "DENOMINATION_SOCIALE", "CODE_NAF2"), ("siret", "name", "naf")
        names = wide if is_wide else plain
        rows += [
            (siret[:9], text, code)
            for siret, text, code in frame[list(names)].itertuples(index=False, name=None)
        ]
    return tidy(rows)


def part_of(siren: str) -> int:
    """Return in which of the four parts a legal unit is."""
    return hashlib.sha256(f"part {siren}".encode()).digest()[0] % PARTS


def names_of(frame: pd.DataFrame) -> pd.DataFrame:
    """Return each name of a legal unit once, with the set of its codes."""
    return frame.groupby(["siren", "text"], sort=True)["code"].agg(frozenset).reset_index()


def answers(frame: pd.DataFrame, found: np.ndarray, *, level: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the share of the best code of a level for each name, and whether it is right."""
    known = tree()
    nodes = known.paths[:, level]
    width = {"division": 2, "group": 4, "class": 5, "subclass": 6}[LEVELS[level]]
    held = np.stack([np.bincount(nodes, weights=row) for row in found])
    best = held.argmax(axis=1)
    right = [
        known.codes[node] in {code[:width] for code in codes}
        for node, codes in zip(best, frame["code"], strict=True)
    ]
    return held.max(axis=1), np.array(right, dtype="float64")


def fit(share: np.ndarray, right: np.ndarray, *, weight: np.ndarray) -> tuple[float, float]:
    """Return intercept and slope of a logistic curve of the log odds of the share."""
    bounded = np.clip(share, 1e-6, 1 - 1e-6)
    told = np.column_stack([np.ones(len(share)), np.log(bounded / (1 - bounded))])
    curve = np.zeros(2)
    for _ in range(50):
        guess = 1 / (1 + np.exp(-told @ curve))
        slope = told.T @ (weight * (right - guess)) - RIDGE * curve
        bend = (told * (weight * guess * (1 - guess))[:, None]).T @ told + RIDGE * np.eye(2)
        curve = curve + np.linalg.solve(bend, slope)
    return float(curve[0]), float(curve[1])


def curves(
    sirene: pd.DataFrame, numerique: pd.DataFrame, *, integration: pd.DataFrame
) -> list[dict[str, str]]:
    """Return the rows of ``suggestion_confidence.csv``; frames without what is kept apart."""
    rows, silent = table_rows()
    known: dict[str, list[tuple[np.ndarray, np.ndarray, np.ndarray]]] = {}
    for part in range(PARTS):
        rest = [one[one["siren"].map(part_of) != part] for one in (sirene, numerique)]
        counted, totals = counted_rows(pd.DataFrame(table(*rest)))
        made = gather([*label_rows(), *rows, *counted], totals, silent=silent)
        for source, frame in (("sirene", sirene), ("integration", integration)):
            names = names_of(frame[frame["siren"].map(part_of) == part])
            scored = score([(text,) for text in names["text"]], made)
            told = np.array([bool(one) for one in scored.shown])
            for level in range(1, len(LEVELS)):
                share, right = answers(names[told], scored.shares[told], level=level)
                weight = np.full(len(share), 1.0 if source == "sirene" else np.nan)
                known.setdefault(LEVELS[level], []).append((share, right, weight))
    return [{"level": level, **_curve(parts)} for level, parts in known.items()]


def _curve(parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> dict[str, str]:
    share, right, weight = (np.concatenate(one) for one in zip(*parts, strict=True))
    other = np.isnan(weight)
    weight[other] = (~other).sum() / other.sum()
    intercept, slope = fit(share, right, weight=weight)
    return {"intercept": f"{intercept:.2f}", "slope": f"{slope:.2f}"}


def main() -> None:
    """Parse the arguments and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sirene", type=Path, nargs="+", required=True)
    parser.add_argument("--numerique", type=Path, nargs="+", required=True)
    parser.add_argument("--integration", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, default=HERE.parent)
    asked = parser.parse_args()
    rows = curves(
        learnt(sirene_rows(asked.sirene)),
        learnt(numerique_rows(asked.numerique)),
        integration=learnt(integration_rows(asked.integration)),
    )
    path = asked.out / "suggestion_confidence.csv"
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
