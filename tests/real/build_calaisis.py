"""The real circular-economy directory of the Calaisis, typed into the workbook by an officer.

The directory (198 actors; names, themes, free text, addresses, points; no SIRET, no family) goes
through the same door as anybody's list: it is pasted into ``saisie.xlsx``, refused, corrected and
imported.  Everything a person has to know or decide on the way stands here, in three stages:

``PASTED``
    the columns of the directory as they are; the commune is what follows the last comma;
``REPLACED``
    families and categories chosen from the lists, themes and postcodes replaced throughout;
``CORRECTED``
    the last cells by hand: communes read off the map, points that contradict their address.

Rows are named by the line of the directory, headers included, as a spreadsheet numbers them.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import openpyxl
import pandas as pd

from toolkit.nomenclature import fold
from toolkit.sources.communes import read_communes
from toolkit.sources.extract import Extract
from toolkit.workspace import Workspace

NAME: Final = "Territoire du SEVADEC (Calaisis)"
DIRECTORY: Final = "annuaire_economie_circulaire_sevadec_2024.csv"
EPCI: Final = {
    "200090751": "CA Grand Calais Terres et Mers",
    "200072478": "CC Pays d'Opale",
    "246200844": "CC de la Région d'Audruicq",
}
"""Members of the waste syndicate: their communes are those that lie in its published outline."""
OPEN_LICENCE: Final = "Licence Ouverte 2.0"
POPULATION: Final = "population:epci_communes_population_2026_62"
LICENCE: Final = "Non précisée : dépôt public sans licence, usage à faire confirmer par le SEVADEC"
PRODUCER: Final = "SEVADEC, avec l'ADEME"
PASTED, REPLACED, CORRECTED = range(3)
FIRST_ROW: Final = 4
"""Below the headers and the two examples, which stay."""

# --- what the officer decides -----------------------------------------------------------------
ESS: Final = "Économie sociale et solidaire"
BUSINESS: Final = "Entreprise privée"
PUBLIC: Final = "Secteur public"
PUBLIC_LINES: Final = (2, 77, 155, 156, 157, 158)
"""The syndicate, the town library, the grocery run by a public centre, the toy libraries."""
PERSONS: Final = (42, 144, 169, 174, 176)
"""Sole traders under the name of a person: not published."""
PILLARS: Final = {
    "reemploi / reparation": "Allongement de la durée d'usage",
    "recyclage": "Recyclage et valorisation des déchets",
    "vente en vrac": "Consommation responsable",
    "produits zero dechet": "Consommation responsable",
    "lutte contre le gaspillage alimentaire": "Consommation responsable",
    "location / partage": "Économie de la fonctionnalité",
}
"""Pillar of a theme of the directory, by its folded spelling."""
NO_PILLAR: Final = (
    "economie sociale et solidaire",
    "economie social et solidaire",
    "eco-entreprise",
    "protection de la nature / biodiversite",
)
"""Themes that say who acts or why, not how: no pillar is theirs."""
SEWING: Final = (
    *(7, 39, 41, 43, 44, 54, 57, 83, 112, 113, 116, 118, 119, 120, 122, 125, 127, 128, 129, 130),
    *(144, 181, 184, 185, 196, 198),
)
SHOPS: Final = (22, 24, 62, 63, 64, 65, 66, 67, 68)
OFFERS: Final[dict[str, tuple[str, tuple[int, ...]]]] = {
    "repair café": ("Café réparation", (18, 19, 60, 171, 172, 173)),
    "ressourcerie": ("Ressourcerie ou recyclerie", (23, 25, 29, 40)),
    "friperie": ("Vêtements d'occasion", (27, 28, 71, 96, 154, 170, 178, 186, 189)),
    "objets d'occasion": ("Biens et équipements d'occasion", (4, 26, 30, 31, 32, 35, 56)),
    "meubles d'occasion": ("Mobilier d'occasion", (146, 187)),
    "jouets d'occasion": ("Jouets et puériculture", (34,)),
    "prêt de jeux": ("Jouets et puériculture", (76, 156, 157, 158)),
    "palettes": ("Palettes en bois", (33,)),
    "retouche": ("Réparation et maintenance", SEWING),
    "cordonnerie": ("Réparation et maintenance", (52, 53, 121)),
    "dépannage informatique": (
        "Réparation et maintenance",
        (45, 46, 47, 48, 114, 115, 117, 135, 136, 137, 138),
    ),
    "réparation de téléphones": (
        "Réparation et maintenance",
        (131, 132, 133, 134, 145, 191),
    ),
    "dépannage électroménager": ("Réparation et maintenance", (99, 100)),
    "lutherie": ("Réparation et maintenance", (51,)),
    "réparation audiovisuelle": ("Réparation et maintenance", (167,)),
    "location de sono": ("Matériel audiovisuel", (167,)),
    "vélos": ("Location et réparation de vélos", (75, 103, 160, 193)),
    "rayon vrac": ("Épicerie vrac ou coopérative", SHOPS),
    "consigne": ("Logistique de consigne", (89, 177)),
    "boucherie": ("Boucherie ou poissonnerie", (176,)),
    "invendus": ("Invendus alimentaires", (86, 166)),
    "épicerie solidaire": ("Aide alimentaire", (87, 93, 155)),
    "vestiaire": ("Vestiaire et biens de première nécessité", (71, 81)),
    "chantier d'insertion": ("Insertion par l'activité économique", (3, 23, 161, 162, 164)),
    "ESAT": ("Travail protégé et adapté", (108, 111)),
    "mission locale": ("Accompagnement vers l'emploi", (82,)),
    "centre social": ("Centre social ou espace de vie sociale", (72, 102, 109, 165)),
    "médiathèque": ("Bibliothèque", (77,)),
    "fablab": ("Atelier partagé ou fablab", (69,)),
    "lieu partagé": ("Tiers-lieu ou espace de coworking", (183,)),
    "maison d'assistantes maternelles": ("Assistante maternelle", (139,)),
    "jardins partagés": ("Jardin partagé", (58,)),
    "biogaz": ("Biogaz et biométhane", (150,)),
}
"""What an actor offers, in the officer's words -> category of the list, lines of the directory.

Read off the descriptions one by one.  Who only makes or sells new things, or says nothing of what
others could use, offers nothing here: see :func:`without_offer`.
"""
COMMUNES_BY_HAND: Final = {
    69: "Calais",
    74: "Coquelles",
    81: "Calais",
    89: "Calais",
    90: "Calais",
    99: "Calais",
    102: "Ardres",
    104: "Guînes",
    169: "Brêmes",
    173: "Calais",
    176: "Sangatte",
    177: "Marck",
    179: "Calais",
    186: "Calais",
    193: "Calais",
    194: "Calais",
}
"""Where the address names no commune, or a hamlet: that in which (179: beside which) the point
lies."""
FAR_POINTS: Final = (115, 124, 185)
"""Points 5 to 13 km from the commune of the address: the address is believed, the point dropped."""
NO_STREET: Final = (9, 74, 89, 90, 135, 147, 148, 168, 169, 177, 179, 193)
"""No address, or only a town: the point stands for the town, and is not given as an address."""
SAME_NAME: Final = {25: "emmaus-62193", 40: "emmaus-62043"}
"""Two actors of one name: the offer names the id that the refusal told."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the directory."""

    line: int
    name: str
    themes: str
    description: str
    address: str
    longitude: str
    latitude: str


def read_directory(shared: Path) -> list[Entry]:
    """Return the lines of the directory, letter for letter."""
    path = shared / "calaisis_62" / DIRECTORY
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    return [Entry(line, *cells) for line, cells in enumerate(rows[1:], start=2)]


# --- the perimeter ----------------------------------------------------------------------------
def perimeter(shared: Path) -> Extract:
    """Return the communes of the three groupings, in the geography of 2018, with their sources."""
    folder = shared / "calaisis_62"
    found = read_communes(
        folder / "communes_62_cog2018.geojson",
        epci=EPCI,
        population=folder / "epci_communes_population_2026_62.csv",
        cog_year=2018,
    )
    outlines = {"producer": "IGN / INSEE, simplifié (france-geojson)", "data_year": 2018}
    groups = {"producer": "DGCL / INSEE", "data_year": 2026, "cog_year": 2026}
    return found.described(licence=OPEN_LICENCE, **outlines).described(
        POPULATION, licence=OPEN_LICENCE, **groups
    )


def shares_in_outline(shared: Path) -> pd.Series[float]:
    """Return which share of the area of each commune of the département lies in the territory."""
    folder = shared / "calaisis_62"
    communes = gpd.read_file(folder / "communes_62_cog2018.geojson").to_crs(2154)
    outline = gpd.read_file(folder / "territoire_sevadec.geojson").to_crs(2154).union_all()
    area = communes.geometry.area
    return (communes.geometry.intersection(outline).area / area).set_axis(communes["code"])


def create(folder: Path, shared: Path) -> Workspace:
    """Return the new territory, its workbook empty but for the examples."""
    found = perimeter(shared)
    return Workspace.create(
        folder, name=NAME, communes=found.tables["communes"], sources=found.sources, lang="fr"
    )


# --- the officer's cells ----------------------------------------------------------------------
def themes_of(entry: Entry) -> list[str]:
    """Return the themes of a line, in one spelling."""
    return [fold(theme) for theme in entry.themes.split("|") if theme.strip()]


def family_of(entry: Entry) -> str:
    """Return the family, as far as the directory tells it; a business where it says nothing."""
    if entry.line in PUBLIC_LINES:
        return PUBLIC
    is_ess = any(theme.endswith("et solidaire") for theme in themes_of(entry))
    return ESS if is_ess else BUSINESS


def without_offer(entries: list[Entry]) -> list[Entry]:
    """Return the lines of which nothing can be offered to others."""
    offering = {line for _, lines in OFFERS.values() for line in lines}
    return [entry for entry in entries if entry.line not in offering]


def commune_of(entry: Entry, stage: int) -> str:
    """Return what the officer has in the cell of the commune."""
    if stage == CORRECTED and entry.line in COMMUNES_BY_HAND:
        return COMMUNES_BY_HAND[entry.line]
    last = entry.address.rsplit(",", 1)[-1].strip()
    return last if stage == PASTED else re.sub(r"^\d{5} +", "", last)


def remark_of(entry: Entry) -> str:
    """Return the note that the officer leaves beside a row."""
    notes = []
    if entry.line in COMMUNES_BY_HAND:
        notes.append("commune lue sur la carte")
    if entry.line in FAR_POINTS:
        notes.append("point dans une autre commune que l'adresse : retiré")
    if entry.line in NO_STREET:
        notes.append("sans adresse précise : point retiré")
    return " ; ".join(notes)


def actor_row(entry: Entry, stage: int) -> dict[str, str]:
    """Return the cells of an actor by header; empty ones are left out."""
    is_bare = stage == CORRECTED and entry.line in (*FAR_POINTS, *NO_STREET)
    pillars = dict.fromkeys(PILLARS[name] for name in themes_of(entry) if name in PILLARS)
    cells = {
        "Nom *": entry.name,
        "Famille *": "" if stage == PASTED else family_of(entry),
        "Piliers de l'économie circulaire": entry.themes if stage == PASTED else "; ".join(pillars),
        "Description": entry.description,
        "Adresse": entry.address,
        "Commune *": commune_of(entry, stage),
        "Latitude (degrés)": "" if is_bare else entry.latitude,
        "Longitude (degrés)": "" if is_bare else entry.longitude,
        "Personne physique": "oui" if stage == CORRECTED and entry.line in PERSONS else "",
        "Thèmes (annuaire)": entry.themes,
        "Ligne (annuaire)": str(entry.line),
        "Remarque de l'agent": remark_of(entry) if stage == CORRECTED else "",
    }
    return {header: cell for header, cell in cells.items() if cell}


def resource_rows(entries: list[Entry], stage: int) -> list[dict[str, str]]:
    """Return the cells of what actors offer, by header."""
    names = {entry.line: entry.name for entry in entries}
    rows = []
    for words, (category, lines) in OFFERS.items():
        for line in lines:
            actor = SAME_NAME.get(line, "") if stage == CORRECTED else ""
            rows.append(
                {
                    "Acteur *": actor or names[line],
                    "Catégorie *": words if stage == PASTED else category,
                    "Désignation": words,
                    "Disponibilité": "À partager",
                    "Ligne (annuaire)": str(line),
                }
            )
    return rows


# --- the workbook -----------------------------------------------------------------------------
def fill(path: Path, entries: list[Entry], *, stage: int) -> None:
    """Type a stage into the workbook, over what an earlier stage left."""
    book = openpyxl.load_workbook(path)
    _paste(book["Acteurs"], [actor_row(entry, stage) for entry in entries])
    _paste(book["Ressources"], resource_rows(entries, stage))
    book.save(path)


def _paste(sheet: Any, rows: list[dict[str, str]]) -> None:
    """Write rows as text under their headers; the officer's own headers come last."""
    places = {cell.value: cell.column for cell in sheet[1] if cell.value}
    for header in dict.fromkeys(name for row in rows for name in row):
        if header not in places:
            places[header] = max(places.values()) + 1
            sheet.cell(1, places[header], header)
    for number, row in enumerate(rows, start=FIRST_ROW):
        for header, place in places.items():
            sheet.cell(number, place).value = row.get(header)


def describe_source(workspace: Workspace) -> None:
    """Write what the workbook has no cell for: whose directory it is, and that no licence is."""
    sources = workspace.tables()["sources"]
    row = sources[sources["source_id"] == "saisie"].assign(
        producer=PRODUCER, licence=LICENCE, data_year=pd.array([2024], dtype="Int64")
    )
    workspace.write({"sources": row}, what="Origine de l'annuaire")
