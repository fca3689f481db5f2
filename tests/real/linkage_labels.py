"""Labelled pairs from public lists, and the estimation of the weights of the linkage.

Two lists that give the SIRET of the same establishment say which records are the same actor; the
SIRET is then hidden.  Départements of even number serve to estimate, those of odd number to
measure.  Run as a script to print the tables of ``toolkit/linkage/model.py`` and ``words.py``::

    python -m tests.real.linkage_labels
"""

from __future__ import annotations

import sys
from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from toolkit.linkage.blocking import portions
from toolkit.linkage.comparing import LEVELS, Comparer
from toolkit.linkage.names import name_tokens
from toolkit.linkage.records import to_records
from toolkit.schema.identifiers import clean_siret

SHARED = Path(__file__).parents[3] / "shared" / "data"
LISTS = {
    "integration_2019": (
        "national/siae_asp_2019_07.csv",
        {
            "name": "DENOMINATION_SOCIALE",
            "siret": "SIRET",
            "number": "NUM_RUE",
            "address": "NOM_RUE",
            "postcode": "CODE_POST_COM",
            "city": "LIB_COM",
        },
    ),
    "integration_2021": (
        "national/siae_geocodees_2021_02.csv",
        {
            "name": "name",
            "siret": "siret",
            "address": "address",
            "postcode": "post_code",
            "city": "city",
            "latitude": "latitude",
            "longitude": "longitude",
        },
    ),
    "inclusion_2023": (
        "national/data_inclusion_structures_2023_02.csv",
        {
            "name": "nom",
            "siret": "pivot",
            "address": "adresse",
            "postcode": "code_postal",
            "city": "commune",
            "commune_id": "code_insee",
            "latitude": "latitude",
            "longitude": "longitude",
        },
    ),
    "inclusion_normandy": (
        "normandie/data_inclusion_structures_normandie_2023.csv",
        {
            "name": "nom",
            "siret": "siret",
            "address": "adresse",
            "postcode": "code_postal",
            "city": "commune",
            "commune_id": "code_insee",
            "latitude": "latitude",
            "longitude": "longitude",
        },
    ),
    "helpers_2021": (
        "autres/aidants_connect_siret_sales_2021.csv",
        {
            "name": "Name",
            "siret": "SIRET",
            "address": "Adresse",
            "postcode": "Code postal",
            "city": "commune",
        },
    ),
}
PAIRS = (
    ("integration_2019", "integration_2021"),
    ("helpers_2021", "inclusion_2023"),
    ("helpers_2021", "integration_2021"),
    ("inclusion_2023", "integration_2021"),
    ("integration_2019", "helpers_2021"),
    ("inclusion_normandy", "inclusion_2023"),
)
"""Lists that share enough establishments, the one whose SIRET is hidden first."""
MOST_PAIRS = 300
"""True pairs for which a pair of lists counts at most, so that the two lists of work integration,
which write most names alike, do not decide alone."""
RIDGE = 1.0
LEAST_SHARE = 0.004


def read(folder, name):
    """Return a list as records, with clean SIRETs; exact repetitions are left out."""
    path, columns = LISTS[name]
    raw = pd.read_csv(folder / path, dtype="str", keep_default_na=False, sep=None, engine="python")
    frame = pd.DataFrame({own: raw[theirs] for own, theirs in columns.items()})
    if "number" in frame:
        frame["address"] = frame.pop("number") + " " + frame["address"]
    frame["siret"] = [clean_siret(cell)[0] or "" for cell in frame["siret"]]
    frame = frame.drop_duplicates(["siret", "name", "address", "postcode"], ignore_index=True)
    frame.insert(0, "actor_id", [f"{name}:{row:05}" for row in range(len(frame))])
    return frame


def is_even(departments):
    """Return which départements are of even number (2A and 2B, here 20, are)."""
    return np.array([one.isdigit() and int(one) % 2 == 0 for one in departments], dtype=bool)


def compared(left, right):
    """Return the levels of all pairs to compare, with ``same``, ``known`` and ``even``."""
    ours, theirs = to_records(left, where="left"), to_records(right, where="right")
    comparer = Comparer(ours, theirs)
    parts = []
    for i, j in portions(ours, theirs, itself=False):
        part = pd.DataFrame(dict(comparer.compare(i, j).levels))
        one, two = ours.siret[i], theirs.siret[j]
        part["known"] = (one != "") & (two != "")
        part["same"] = part["known"] & (one == two)
        part["even"] = is_even(ours.department[i])
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def estimate(folder):
    """Return the base and the weights estimated on the départements of even number."""
    lists = {name: read(folder, name) for name in LISTS}
    designs, answers, shares = [], [], []
    for one, two in PAIRS:
        pairs = compared(lists[one], lists[two])
        pairs = pairs[pairs["even"] & pairs["known"]]
        designs.append(design(pairs))
        answers.append(pairs["same"].to_numpy(dtype=float))
        shares.append(np.full(len(pairs), min(1.0, MOST_PAIRS / pairs["same"].sum())))
    found = iter(logistic(np.vstack(designs), np.concatenate(answers), np.concatenate(shares)))
    base = next(found)
    return base, {
        name: {level: 0.0 if place == 0 else next(found) for place, level in enumerate(levels)}
        for name, levels in LEVELS.items()
    }


def design(pairs):
    """Return a column of ones, then one column a level but the first of each comparison."""
    columns = [np.ones(len(pairs))]
    for name, levels in LEVELS.items():
        columns += [(pairs[name] == place).to_numpy(float) for place in range(1, len(levels))]
    return np.column_stack(columns)


def logistic(matrix, answers, shares):
    """Return the coefficients of a logistic regression with ridge penalty, by Newton's method."""
    found = np.zeros(matrix.shape[1])
    penalty = RIDGE * np.eye(len(found))
    penalty[0, 0] = 1e-6
    for _ in range(60):
        chance = 1 / (1 + np.exp(-matrix @ found))
        slope = matrix.T @ (shares * (answers - chance)) - penalty @ found
        curve = (matrix * (shares * chance * (1 - chance))[:, None]).T @ matrix + penalty
        step = np.linalg.solve(curve, slope)
        found += step
        if np.abs(step).max() < 1e-9:
            return found
    message = "Newton's method did not settle"
    raise AssertionError(message)


def common_words(folder):
    """Return the share of names that hold each usual word, départements of even number."""
    names = {}
    for name in LISTS:
        frame = read(folder, name)
        even = is_even(to_records(frame, where=name).department)
        for siret, words in zip(
            frame["siret"][even], frame["name"][even].map(name_tokens), strict=True
        ):
            if words:
                names.setdefault(siret or words, set()).update(words)
    counts = Counter(word for words in names.values() for word in words)
    shares = {word: count / len(names) for word, count in counts.items()}
    kept = [word for word in shares if shares[word] >= LEAST_SHARE and not word.isdigit()]
    order = sorted(kept, key=lambda word: (-shares[word], word))
    return len(names), {word: round(shares[word], 4) for word in order}


def overlaps(folder):
    """Return how many SIRETs each two lists share."""
    sirets = {name: set(read(folder, name)["siret"]) - {""} for name in LISTS}
    return {(one, two): len(sirets[one] & sirets[two]) for one, two in combinations(LISTS, 2)}


def main():
    """Print the tables of the package."""
    base, weights = estimate(SHARED)
    lines = [str(overlaps(SHARED)), str(common_words(SHARED)), f"base {base:.2f}"]
    for comparison, levels in weights.items():
        told = ", ".join(f"{level} {weight:.2f}" for level, weight in levels.items())
        lines.append(f"{comparison}: {told}")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
