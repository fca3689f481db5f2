"""The panel of the intercommunalities that touch Calvados, Manche and Orne, from real files.

Run as a script, it prints what each of them lacks.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from toolkit.gaps import missing
from toolkit.gaps.panel import choose_panel, counts_by_nomenclature
from toolkit.settings import Settings
from toolkit.sources.panel_counts import Counts, read_counts
from toolkit.sources.panel_facts import read_areas, read_incomes
from toolkit.sources.panels import Facts, Own, Panel, build_panel
from toolkit.sources.passage import Passage, read_passage
from toolkit.sources.populations import read_populations

CAEN: Final = "200065597"
SETTINGS: Final = Settings()


@dataclass(frozen=True)
class Normandie:
    """What the files say: composition, counts by commune, the panel, and the way to old codes."""

    members: pd.DataFrame
    counts: Counts
    panel: Panel
    passage: Passage


def build(shared: Path) -> Normandie:
    """Return the panel, made for CU Caen la Mer; every other row is the same for all."""
    folder = shared / "normandie"
    indicators = folder / "indicateurs_communaux"
    members = read_populations(folder / "epci_communes_population_2026_14_50_61.csv")
    passage = read_passage(shared / "national" / "communes_ancien_nouveau_code_2026.parquet")
    counts = read_counts(indicators / "bpe.csv", communes=set(members["commune_id"]))
    own = Own("own", "Caen", frozenset(members["commune_id"][members["epci_id"] == CAEN]), CAEN)
    facts = Facts(read_areas(indicators / "sup.csv"), read_incomes(indicators / "filo.csv"))
    panel = build_panel([counts], members, own=own, facts=facts, passage=passage)
    return Normandie(members, counts, panel, passage)


def choice_of(rows: pd.DataFrame, own_id: str) -> pd.DataFrame:
    """Return with whom a territory is compared, itself first."""
    return choose_panel(rows, own_id, settings=SETTINGS)


def measure(rows: pd.DataFrame, own_id: str) -> pd.DataFrame:
    """Return the activities of one territory beside those that it is compared with."""
    choice = choice_of(rows, own_id)
    people = dict(zip(choice["territory_id"], choice["population"].astype("float64"), strict=True))
    (held,) = counts_by_nomenclature(rows, own_id)
    compared = held.only(set(choice["territory_id"][choice["chosen"]]))
    made, _ = missing.measured(held, compared=compared, people=people, settings=SETTINGS)
    return made.assign(territory_id=own_id, compared=len(compared.territory_ids) - 1)


def measure_all(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the activities of every territory of a panel."""
    ids = sorted(rows["territory_id"].unique())
    return pd.concat([measure(rows, own_id) for own_id in ids], ignore_index=True)


def main() -> None:
    """Print what is missing where."""
    found = build(Path(__file__).resolve().parents[3] / "shared" / "data")
    measured = measure_all(found.panel.frame)
    columns = ["territory_id", "activity", "observed", "expected", "probability"]
    print(measured.loc[measured["missing"], columns].to_string(index=False))  # noqa: T201 - a script


if __name__ == "__main__":
    main()
