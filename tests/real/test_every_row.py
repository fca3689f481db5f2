"""Every row of every real file is accounted for: read = kept + refused + elsewhere."""

from __future__ import annotations

import csv

import pytest

from toolkit.sources.catalogue import Context, load_files

pytest.importorskip("duckdb")
pytestmark = pytest.mark.shared

BESIDE = {"read", "kept", "actors", "resources", "pairs", "staying_pairs"}
"""Counts that are no refusals; those of amounts and of tables of a mapping are none either."""
FILES = {
    "autres/bpe_codes_zero_perdu.csv": (),
    "autres/qfdmo_acteurs_fixture.csv": (),
    "calaisis_62/decp_2019_62.csv": (),
    "calaisis_62/ecoles_62.csv": (),
    "calaisis_62/siae_geocodees_2021_02_62.csv": (),
    "calaisis_62/sirene_quotidien_2017_62_pm.csv": (),
    "formats/rna_waldec_3_lignes.csv": (),
    "martinique_972/epci_communes_population_2026_972.csv": (),
    "martinique_972/mob.csv": ("97209",),
    "martinique_972/sirene_quotidien_2017_972_pm.csv": ("97209",),
    "millau_12/flux_domicile_travail_2017_agrege.csv": ("12145",),
    "millau_12/indicateurs_communaux/bpe.csv": (),
    "national/data_inclusion_structures_2023_02.csv": ("75056", "2A004", "97411"),
    "national/decp_2019_10000.csv": ("75056",),
    "national/france_services_20221201.csv": ("13055", "2B033"),
    "national/siae_asp_2019_07.csv": ("69123", "57463"),
    "national/siae_geocodees_2021_02.csv": ("97302", "97611"),
    "normandie/data_inclusion_structures_normandie_2023.csv": (),
    "normandie/ecoles_14_50_61.csv": ("14118",),
    "normandie/lieux_inclusion_numerique_le_havre_2024.csv": (),
    "normandie/sirene_quotidien_2017_normandie_pm.csv": (),
}
"""Real files, and communes that are asked for."""


def records_of(path) -> int:
    """Return how many records a file holds that are not blank, read without the tool."""
    text = path.read_text(encoding="utf-8-sig")
    separator = max(",;", key=text.split("\n", maxsplit=1)[0].count)
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = csv.reader(stream, delimiter=separator)
        return sum(any(cell.strip() for cell in row) for row in rows) - 1


@pytest.mark.parametrize("name, communes", FILES.items(), ids=FILES)
def test_every_row_is_kept_refused_or_elsewhere(shared_data, name, communes):
    path = shared_data / name
    known = Context(communes=frozenset(communes), year=2022)
    (found,) = load_files([path], known=known)
    counts = dict(found.counts)
    gone = {
        reason: count
        for reason, count in counts.items()
        if reason not in BESIDE and not reason.startswith("amount_")
    }
    assert counts["read"] == records_of(path)
    assert counts["read"] == counts["kept"] + sum(gone.values())
    told = {note.code.removeprefix("sources_"): note.found for note in found.notes}
    refused = {reason: str(count) for reason, count in gone.items() if reason != "elsewhere"}
    assert refused.items() <= told.items()
    assert found.source["rows"] == counts["read"]
