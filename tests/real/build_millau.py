"""The recipe of a real territory, CC de Millau Grands Causses, from files laid beside the project.

Territory-specific facts (the code of the grouping, the commune without outline, the licences and
years of these very files) stand here and not in the package.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from toolkit.sources.assemble import Assembly, assemble
from toolkit.sources.communes import read_communes
from toolkit.sources.commuting import load_commuting
from toolkit.sources.decp import load_decp
from toolkit.sources.extract import Extract
from toolkit.sources.france_services import load_france_services
from toolkit.sources.municipalities import load_municipalities
from toolkit.sources.passage import read_passage
from toolkit.sources.schools import load_schools
from toolkit.sources.siae import load_siae
from toolkit.sources.sirene_daily import load_sirene_daily
from toolkit.territory import Territory

NAME: Final = "CC de Millau Grands Causses"
EPCI: Final = "241200567"
LE_ROZIER: Final = "48131"
"""Member of the grouping that lies in Lozère; the file of outlines is that of Aveyron."""
OPEN_LICENCE: Final = "Licence Ouverte 2.0"
PASSAGE: Final = "passage:geocodes_passage_annuel"
POPULATION: Final = "population:epci_communes_population_2026_12"


def perimeter(shared: Path) -> Extract:
    """Return the communes of the grouping that have an outline."""
    folder = shared / "millau_12"
    found = read_communes(
        folder / "communes_12_cog2018.geojson",
        epci=[EPCI],
        population=folder / "epci_communes_population_2026_12.csv",
        passage=shared / "national" / "geocodes_passage_annuel.csv",
        without=[LE_ROZIER],
    )
    outlines = {"producer": "IGN / INSEE, simplifié (france-geojson)", "data_year": 2018}
    groups = {"producer": "DGCL / INSEE, mis en forme par Etalab", "data_year": 2026}
    return (
        found.described(licence=OPEN_LICENCE, **outlines)
        .described(PASSAGE, licence=OPEN_LICENCE, producer="INSEE / OFGL", data_year=2025)
        .described(POPULATION, licence=OPEN_LICENCE, cog_year=2026, **groups)
    )


def extracts(shared: Path) -> list[Extract]:
    """Return the extracts of every source, the most trusted first."""
    folder = shared / "millau_12"
    groups = folder / "epci_communes_population_2026_12.csv"
    return [
        load_sirene_daily(folder / "sirene_quotidien_2017_12_pm.csv"),
        load_siae(folder / "siae_geocodees_2021_02_12.csv", data_year=2021).described(
            licence="Donnée publique, dépôt AGPL-3.0"
        ),
        load_schools(folder / "ecoles_12.csv").described(data_year=2025),
        load_france_services(folder / "france_services_20221201_12.csv", data_year=2022),
        load_municipalities(groups, data_year=2026),
        load_commuting(folder / "flux_domicile_travail_2017_agrege.csv", year=2017),
        load_decp(folder / "decp_2019_12.csv"),
    ]


def gather(shared: Path) -> Assembly:
    """Return the tables, counts and notes of the territory."""
    passage = read_passage(shared / "national" / "geocodes_passage_annuel.csv")
    return assemble(perimeter(shared), extracts(shared), passage=passage)


def build(shared: Path) -> Territory:
    """Return the territory."""
    return Territory.from_tables(gather(shared).tables, name=NAME)
