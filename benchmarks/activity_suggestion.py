"""Activities of 10,000 made rows (aim 5 s), against bare rapidfuzz on the labels of activities.

Rows are made of words of trades, invented names and a short description; half of the names hold no
known word.  The peer looks for the label that is the most alike, for each name alone.  How often
either is right on real names is measured in ``tests/real/test_suggestion_quality.py``.
"""

from __future__ import annotations

import argparse
import random
import resource
import time

import pandas as pd
from rapidfuzz import fuzz, process

from toolkit import nomenclature
from toolkit.knowledge import suggest_activities, suggest_activity

TRADES = (
    ("boulangerie", "10"),
    ("garage", "45"),
    ("menuiserie", "43"),
    ("plomberie", "43"),
    ("coiffure", "96"),
    ("restaurant", "56"),
    ("pharmacie", "47"),
    ("crèche", "88"),
    ("scierie", "16"),
    ("sawmill", "16"),
    ("paper mill", "17"),
    ("dairy", "10"),
    ("camping", "55"),
    ("collège", "85"),
)
ABOUT = (
    "Une équipe à votre écoute depuis 1987, du lundi au samedi.",
    "Accueil, conseil et devis gratuit. Produits locaux, circuit court, zéro déchet.",
    "",
)


def word(chance: random.Random) -> str:
    """Return a made word of two to four syllables."""
    syllables = ("ba", "ro", "li", "ve", "mon", "tra", "ser", "du", "pe", "gar", "nou", "fi", "cla")
    return "".join(chance.choice(syllables) for _ in range(chance.randint(2, 4)))


def made(count: int) -> pd.DataFrame:
    """Return made rows: a name, a description, and the division of the trade (or nothing)."""
    chance = random.Random(1)  # noqa: S311 - made data, no secret
    rows = []
    for _ in range(count):
        trade, division = chance.choice(TRADES) if chance.random() < 0.5 else ("", "")
        name = " ".join(one for one in ("SARL", trade.upper(), word(chance), word(chance)) if one)
        rows.append({"name": name, "description": chance.choice(ABOUT), "truth": division})
    return pd.DataFrame(rows)


def bare(names: pd.Series) -> list[str]:
    """Return the divisions of the labels that rapidfuzz finds the most alike."""
    labels = nomenclature.table(nomenclature.NAF_REV2)
    labels = labels[labels["level"] == "subclass"]["label_fr"]
    folded = [nomenclature.fold(label) for label in labels]
    scores = process.cdist(
        [nomenclature.fold(name) for name in names], folded, scorer=fuzz.token_set_ratio
    )
    return [labels.index[at][:2] for at in scores.argmax(axis=1)]


def main() -> None:
    """Print seconds, memory, the ratio, and the share of right divisions."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=10_000)
    asked = parser.parse_args()
    frame = made(asked.rows)
    began = time.perf_counter()
    suggest_activity("Boulangerie")
    first = time.perf_counter() - began
    began = time.perf_counter()
    found = suggest_activities(frame)
    ours = time.perf_counter() - began
    began = time.perf_counter()
    peers = bare(frame["name"])
    peer = time.perf_counter() - began
    told = frame["truth"] != ""
    right = (found["activity"].str[:2] == frame["truth"])[told].mean()
    peer_right = (pd.Series(peers, index=frame.index) == frame["truth"])[told].mean()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{asked.rows:,} made rows, peak memory {memory:,.0f} MB")
    print(f"first suggestion, tables read  {first:6.2f} s")
    print(f"suggest_activities             {ours:6.2f} s   right division {right:.3f}")
    print(f"rapidfuzz on the labels        {peer:6.2f} s   right division {peer_right:.3f}")
    print(f"ratio                          {ours / peer:6.2f} x the time of rapidfuzz alone")
    print(f"zones                          {found['zone'].value_counts().to_dict()}")


if __name__ == "__main__":
    main()
