"""Waste that large sites declare (Géorisques, IREP register): who produces what, where it goes."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Final

import pandas as pd

from toolkit import crs, nomenclature
from toolkit import vocabulary as v
from toolkit.errors import DataError, Problem
from toolkit.nomenclature import fold
from toolkit.schema.identifiers import clean_siret
from toolkit.sources.extract import Extract, Sieve, source_row
from toolkit.sources.reading import (
    activity_codes,
    check_file,
    commune_codes,
    listed,
    numbers,
    read_rows,
)
from toolkit.sources.selection import departement_of
from toolkit.sources.towns import addresses, departments
from toolkit.sources.years import take_year

SITES: Final = "etablissements.csv"
PRODUCED: Final = ("prod_dechets_dangereux.csv", "prod_dechets_non_dangereux.csv")
"""Folded names of the files read from the archive, wherever they lie in it."""
MAX_BYTES: Final = 500_000_000
"""Unpacked size of a file of the archive; the largest real ones have some tens of MB."""
SITE_NEEDED: Final = {
    "id": ("identifiant",),
    "name": ("nom_etablissement",),
    "siret": ("numero_siret",),
    "city": ("commune",),
}
SITE_WANTED: Final = {
    "commune_id": ("code_insee",),
    "department": ("code_departement", "departement"),
    "street": ("adresse",),
    "postcode": ("code_postal",),
    "activity": ("code_ape",),
    "longitude": ("coordonnees_x",),
    "latitude": ("coordonnees_y",),
    "epsg": ("code_epsg",),
}
WASTE_NEEDED: Final = {
    "id": ("identifiant",),
    "year": ("annee",),
    "code": ("code_dechet",),
    "quantity": ("quantite",),
}
WASTE_WANTED: Final = {
    "label": ("libelle_dechet",),
    "unit": ("unite",),
    "destination": ("code_departement",),
    "country": ("pays",),
}
ANY_MATTER: Final = "materials"
HAZARDOUS: Final = "materials.hazardous"
_TONNES: Final = {"t/an": 1.0, "t": 1.0, "tonnes": 1.0, "tonnes/an": 1.0, "kg/an": 0.001, "": 1.0}
"""Tonnes of one of each unit, folded; the register counts in t/an."""
_HOME: Final = frozenset({"", "france", "fr"})


def load_irep(path: Path, *, year: int | None = None) -> Extract:
    """Return the sites of the register, the waste they produce, and what leaves the département.

    Parameters
    ----------
    path : Path
        Archive of one year (zip of CSV files).
    year : int, optional
        Year wanted; the latest of the archive where it is left out.

    Returns
    -------
    Extract
        ``actors`` (id ``siret:...``, else ``irep:...``) with the extra columns ``city`` and
        ``department``; ``resources``, one a site and code of the European list of waste, in tonnes
        a year; ``flows`` to ``outside``, in tonnes a year.

    Raises
    ------
    DataError
        If the archive cannot be read, lacks a file or a column, or has no row of that year.

    Notes
    -----
    - Only sites above the thresholds of the register declare: what it lacks is not zero.
    - Coordinates are read in degrees only (EPSG 4326, as archives say since 2024): older ones are
      known to be wrong.  The site is placed by the code of its commune where it has one, else by
      name and département; older archives name that in words, and then the postcode tells it.
    - Ids are compared without the zeros before them, which a file of numbers loses.
    - Where waste goes is told by département or country only: what leaves the département of the
      site is a flow to ``outside``.  It is a part of what the resource counts, not an addition.
    - Category: the nearest one above all categories of matter measured by mass that name the code
      or its sub-chapter; else hazardous matter or matter of any kind.  Codes that the European list
      does not have are left out.
    - The register does not say what a site is in law: all stand as ``business``.  Give a source
      that knows (SIRENE) before this one.
    """
    check_file(path, endings=(".zip",))
    with tempfile.TemporaryDirectory() as folder:
        files = _unpack(path, Path(folder))
        sites = read_rows(files[SITES], needed=SITE_NEEDED, wanted=SITE_WANTED)
        parts = [
            read_rows(files[name], needed=WASTE_NEEDED, wanted=WASTE_WANTED)
            for name in PRODUCED
            if name in files
        ]
    malformed = [number for part in parts for number in part.attrs["malformed"]]
    waste = pd.concat(parts, ignore_index=True)
    waste.attrs["malformed"] = malformed
    sieve = Sieve(waste, where=path.name)
    wanted = take_year(sieve, year=year)
    _take_known(sieve)
    sieve.rows = sieve.rows.assign(id=_plain_id(sieve.rows["id"]))
    actors = _actors(sites)
    kept = sieve.rows.merge(actors[["irep", "actor_id", "department"]], how="left",
                            left_on="id", right_on="irep").set_axis(sieve.rows.index)  # fmt: skip
    sieve.rows = kept
    sieve.drop(kept["actor_id"].isna(), "unknown_site", show="id")
    held = actors[actors["irep"].isin(sieve.rows["id"])].drop(columns="irep")
    held = held.drop_duplicates("actor_id")
    sieve.counts["actors"] = len(held)
    tables = {
        v.ACTORS: held,
        v.RESOURCES: _resources(sieve.rows),
        v.FLOWS: _flows(sieve, year=wanted),
    }
    source = source_row(
        path,
        kind="irep",
        title="Registre des émissions polluantes (IREP) : déchets",
        producer="Ministère chargé de l'environnement, Géorisques",
        licence="Licence Ouverte 2.0",
        data_year=wanted,
    )
    return sieve.extract(tables, source=source)


# --- archive ----------------------------------------------------------------------------------
def _unpack(path: Path, folder: Path) -> dict[str, Path]:
    """Return the wanted files of an archive, unpacked under names of our own."""
    found: dict[str, Path] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            members = {fold(PurePosixPath(one.filename).name): one for one in archive.infolist()}
            missing = [] if SITES in members else [SITES]
            missing += [] if any(name in members for name in PRODUCED) else [" / ".join(PRODUCED)]
            if missing:
                shown = {"choices": listed(members)}
                raise DataError(
                    Problem("sources_archive_lacks", where=path.name, found=one, params=shown)
                    for one in missing
                )
            for name in (SITES, *PRODUCED):
                if name in members:
                    found[name] = folder / name
                    _copy(archive, members[name], target=found[name], where=path.name)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as err:
        raise DataError(Problem("sources_damaged", where=path.name, found="zip")) from err
    return found


def _copy(archive: zipfile.ZipFile, member: zipfile.ZipInfo, *, target: Path, where: str) -> None:
    """Unpack one file, never more bytes than it declares."""
    if member.file_size > MAX_BYTES:
        params = {"maximum": str(MAX_BYTES // 1_000_000)}
        found = str(member.file_size // 1_000_000)
        raise DataError(Problem("sources_json_size", where=where, found=found, params=params))
    with archive.open(member) as packed, target.open("wb") as plain:
        shutil.copyfileobj(packed, plain)


# --- rows -------------------------------------------------------------------------------------
def _take_known(sieve: Sieve) -> None:
    """Keep the rows with a code of the European list and a quantity; bring it to tonnes."""
    rows = sieve.rows
    digits = rows["code"].astype("str").str.replace(r"[\s*.]", "", regex=True)
    code = digits.str[:2] + " " + digits.str[2:4] + " " + digits.str[4:]
    factor = rows["unit"].fillna("").map(fold).map(_TONNES)
    tonnes = numbers(rows["quantity"]) * factor
    sieve.rows = rows.assign(code=code.where(code.isin(nomenclature.codes("waste"))), tonnes=tonnes)
    sieve.drop(sieve.rows["code"].isna(), "waste_codes")
    sieve.drop(~(sieve.rows["tonnes"] > 0), "no_quantity")


def _actors(sites: pd.DataFrame) -> pd.DataFrame:
    """Return the sites, with their id in the register."""
    cleaned = [clean_siret(cell)[0] for cell in sites["siret"]]
    siret = pd.Series(cleaned, index=sites.index, dtype="str")
    activity = activity_codes(sites["activity"])
    ids = ("siret:" + siret).fillna("irep:" + sites["id"])
    codes = commune_codes(sites["commune_id"])
    by_code = codes.map(departement_of, na_action="ignore").astype("str")
    in_degrees = numbers(sites["epsg"]) == crs.STORAGE_EPSG
    made = pd.DataFrame(
        {
            "irep": _plain_id(sites["id"]),
            "actor_id": ids,
            "name": sites["name"].fillna(ids),
            "family": "business",
            "siret": siret,
            "activity": activity.where(activity.isin(nomenclature.codes("naf"))),
            "address": addresses(sites["street"], postcode=sites["postcode"], city=sites["city"]),
            "commune_id": codes,
            "latitude": numbers(sites["latitude"]).where(in_degrees),
            "longitude": numbers(sites["longitude"]).where(in_degrees),
            "city": sites["city"],
            "department": departments(sites["department"], postcode=sites["postcode"]).fillna(
                by_code
            ),
        }
    )
    return made[made["irep"].notna()].drop_duplicates("irep")


def _plain_id(ids: pd.Series[str]) -> pd.Series[str]:
    """Return ids of the register without the zeros before them."""
    return ids.str.removesuffix(".0").str.lstrip("0")


def _resources(kept: pd.DataFrame) -> pd.DataFrame:
    """Return what each site produces, by code."""
    groups = kept.groupby(["actor_id", "code"], sort=True)
    summed = groups.agg(quantity=("tonnes", "sum"), label=("label", "first")).reset_index()
    return pd.DataFrame(
        {
            "resource_id": summed["actor_id"] + ":" + summed["code"].str.replace(" ", ""),
            "actor_id": summed["actor_id"],
            "category": summed["code"].map(waste_category),
            "label": (summed["code"] + " " + summed["label"].fillna("")).str.strip(),
            "quantity": summed["quantity"],
            "unit": "t",
            "period": "year",
            "available": "surplus",
        }
    )


def _flows(sieve: Sieve, *, year: int) -> pd.DataFrame:
    """Return what leaves the département of each site, by code."""
    kept = sieve.rows
    nothing = pd.Series(None, index=kept.index, dtype="str")
    towards = departments(kept["destination"], postcode=nothing)
    abroad = ~kept["country"].fillna("").map(fold).isin(_HOME)
    untold = ~abroad & (towards.isna() | kept["department"].isna())
    sieve.note("destination_untold", int(untold.sum()), examples=kept["id"][untold].unique())
    leaving = kept[abroad | (~untold & (towards != kept["department"]))]
    groups = leaving.groupby(["actor_id", "code"], sort=True)
    summed = groups.agg(quantity=("tonnes", "sum"), label=("label", "first")).reset_index()
    return pd.DataFrame(
        {
            "flow_id": "irep:" + summed["actor_id"] + ":" + summed["code"].str.replace(" ", ""),
            "nature": "material",
            "origin": summed["actor_id"],
            "destination": v.OUTSIDE,
            "category": summed["code"].map(waste_category),
            "label": (summed["code"] + " " + summed["label"].fillna("")).str.strip(),
            "quantity": summed["quantity"],
            "unit": "t",
            "year": year,
        }
    )


# --- categories -------------------------------------------------------------------------------
@cache
def waste_category(code: str) -> str:
    """Return the category of matter for a code of the European list of waste.

    Examples
    --------
    >>> waste_category("15 01 01"), waste_category("17 02 01"), waste_category("07 07 08")
    ('materials.paper.cardboard', 'materials.wood', 'materials.hazardous')
    """
    named = _categories_of_waste()
    found = named.get(code) or named.get(code[:5]) or ()
    if found:
        shared = _shared(found)
        if shared != ANY_MATTER:
            return shared
    table = nomenclature.table("waste")
    hazardous = code in table.index and table.loc[code, "hazardous"] == "1"
    return HAZARDOUS if hazardous else ANY_MATTER


@cache
def _categories_of_waste() -> dict[str, tuple[str, ...]]:
    """Return the categories of matter, measured by mass, that name each code."""
    found: dict[str, list[str]] = {}
    for category, cell in nomenclature.table("categories")["waste_codes"].items():
        for code in v.split_list(cell):
            if str(category).startswith(f"{ANY_MATTER}."):
                found.setdefault(code, []).append(str(category))
    return {code: _weighed(categories) for code, categories in found.items()}


def _weighed(categories: list[str]) -> tuple[str, ...]:
    """Return those measured by mass; if none is, the nearest ones above that are."""
    own = tuple(one for one in categories if _is_weighed(one))
    return own or tuple(
        next((above for above in nomenclature.ancestors(one) if _is_weighed(above)), ANY_MATTER)
        for one in categories
    )


def _is_weighed(category: str) -> bool:
    return nomenclature.category_dimension(category) == "mass"


def _shared(categories: Iterable[str]) -> str:
    """Return the nearest category that is above all of them, or is all of them."""
    first, *others = (nomenclature.ancestors(one) for one in categories)
    return next(one for one in first if all(one in other for other in others))
