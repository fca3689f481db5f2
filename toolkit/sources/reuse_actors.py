"""Actors of reuse, repair and sorting (ADEME, "Que faire de mes objets et déchets")."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pandas as pd

from toolkit import nomenclature
from toolkit import vocabulary as v
from toolkit.nomenclature import fold
from toolkit.schema.identifiers import clean_siret
from toolkit.sources.extract import Extract, Sieve, source_row
from toolkit.sources.reading import (
    activity_codes,
    commune_codes,
    numbers,
    read_rows,
)
from toolkit.sources.towns import addresses, departments
from toolkit.sources.translations import Offer, offers_table, translation

NEEDED: Final = {
    "id": ("identifiant", "identifiant_unique", "uuid"),
    "name": ("nom",),
    "kind": ("type_dacteur", "acteur_type"),
}
ACTIONS: Final = (
    "acheter",
    "donner",
    "echanger",
    "emprunter",
    "louer",
    "mettreenlocation",
    "preter",
    "reparer",
    "revendre",
    "trier",
)
"""Columns that hold codes of objects, joined by ``|``."""
WANTED: Final = {
    "trade_name": ("nom_commercial",),
    "siret": ("siret",),
    "street": ("adresse",),
    "postcode": ("code_postal",),
    "city": ("ville",),
    "commune_id": ("code_commune", "code_commune_insee"),
    "latitude": ("latitude",),
    "longitude": ("longitude",),
    "labels": ("qualites_et_labels", "labels"),
    "credits": ("paternite", "sources"),
    "services": ("type_de_services", "acteur_services"),
    "proposals": ("propositions_de_services",),
    "activity": ("naf_principal",),
    "state": ("statut",),
    "serves_at": ("lieu_prestation",),
    **{action: (action,) for action in ACTIONS},
}
COLLECTION_POINTS: Final = "pav_"
"""Beginning of the types that are containers in the street, not actors."""
_AT_HOMES: Final = "a_domicile"
"""Place of service of those who go to people: the publisher shows their town, not their address."""
_ACTIVE: Final = frozenset({"", "actif"})
_PERSON: Final = ("entreprise individuelle ", "ei ")
"""Folded beginnings of the name under which natural persons stand in the list."""
_SOCIAL: Final = "ess"


def load_reuse_actors(
    path: Path, *, with_persons: bool = False, data_year: int | None = None
) -> Extract:
    """Return actors of reuse and repair, what they offer, and what they take in.

    Parameters
    ----------
    path : Path
        CSV of the open data set; mail, telephone and site are not read.
    with_persons : bool, default False
        Whether natural persons without trade name keep their name.
    data_year : int, optional
        Year of the file: it does not say it.

    Returns
    -------
    Extract
        ``actors`` (id ``siret:...``, else ``reuse:...``), with the extra columns ``city`` and
        ``department``; ``resources`` and ``needs`` without quantity.

    Raises
    ------
    DataError
        If the file cannot be read or lacks a column.

    Notes
    -----
    - Containers (``pav_...``) are counted and left out: they are points, not actors.
    - By the table ``data/nomenclatures/reuse_codes.csv`` (own work): what one can buy, rent or
      borrow there, and repair, are resources; what one can give, sell, lend or drop there is what
      the actor looks for, hence needs.  Types of service add what no object tells.
    - Actions and objects: from the JSON of ``propositions_de_services``, else from the columns of
      the actions.  JSON that cannot be read is counted.
    - Whoever serves at people's homes only is placed by the town: the list hides their address, as
      it may be that of a home, and their point would tell it.
    - Family by type, ``ess`` where the label says so.  `paternite` goes to the producer of the
      source, as the licence asks for it.
    """
    sieve = Sieve(read_rows(path, needed=NEEDED, wanted=WANTED), where=path.name)
    credited = _credits(sieve.rows["credits"])
    _select(sieve)
    kept = sieve.rows
    cleaned = [clean_siret(cell)[0] for cell in kept["siret"]]
    siret = pd.Series(cleaned, index=kept.index, dtype="str")
    ids = ("siret:" + siret).fillna("reuse:" + kept["id"])
    sieve.rows = kept = kept.assign(siret=siret, actor_id=ids)
    actors = _actors(sieve, with_persons=with_persons).drop_duplicates("actor_id")
    sieve.counts["actors"] = len(actors)
    offers = _Offers(sieve)
    tables = {
        v.ACTORS: actors,
        v.RESOURCES: offers_table(offers.found[v.RESOURCES]),
        v.NEEDS: offers_table(offers.found[v.NEEDS], table=v.NEEDS),
    }
    source = source_row(
        path,
        kind="reuse",
        title="Que faire de mes objets et déchets : acteurs de l'économie circulaire",
        producer=", ".join(["ADEME", *credited]),
        licence="Licence Ouverte 2.0",
        data_year=data_year,
    )
    return sieve.extract(tables, source=source)


def _credits(cells: pd.Series[str]) -> list[str]:
    """Return all contributors that rows name, each once."""
    named = cells.dropna().str.split("|").explode().str.strip()
    return sorted({name for name in named if name and name != "ADEME"}, key=fold)


def _select(sieve: Sieve) -> None:
    """Keep the actors that are active, each row once."""
    rows = sieve.rows
    sieve.rows = rows.assign(kind=rows["kind"].fillna("").map(fold))
    sieve.drop(sieve.rows["kind"].str.startswith(COLLECTION_POINTS), "collection_points")
    inactive = ~sieve.rows["state"].fillna("").map(fold).isin(_ACTIVE)
    sieve.drop(inactive, "inactive", show="id")
    sieve.drop(sieve.rows[["id", "name"]].isna().any(axis=1), "incomplete")
    sieve.drop(sieve.rows["id"].duplicated(), "duplicates", show="id")
    unknown = ~sieve.rows["kind"].isin(list(_codes("actor")))
    sieve.note("actor_types", int(unknown.sum()), examples=sieve.rows["kind"][unknown].unique())


@cache
def _codes(name: str) -> dict[str, tuple[str, str, str]]:
    """Return family, table and category for each code of a list of the own table."""
    rows = translation("reuse_codes")
    own = rows[rows["list"] == name]
    columns = (own[column] for column in ("code", "family", "table", "category"))
    return {
        code: (family, table, category)
        for code, family, table, category in zip(*columns, strict=True)
    }


def _actors(sieve: Sieve, *, with_persons: bool) -> pd.DataFrame:
    kept = sieve.rows
    types = _codes("actor")
    labels = kept["labels"].fillna("").str.split("|")
    social = pd.Series([_SOCIAL in {fold(one) for one in cell} for cell in labels], kept.index)
    families = kept["kind"].map(lambda kind: types.get(kind, ("", "", ""))[0] or "business")
    person = kept["name"].map(fold).str.startswith(_PERSON)
    name = kept["trade_name"].where(person).fillna(kept["name"])
    unnamed = person & kept["trade_name"].isna() & (not with_persons)
    sieve.note("persons_unnamed", int(unnamed.sum()))
    hidden = unnamed | (kept["serves_at"].fillna("").map(fold) == _AT_HOMES)
    activity = activity_codes(kept["activity"])
    return pd.DataFrame(
        {
            "actor_id": kept["actor_id"],
            "name": name.mask(unnamed, kept["actor_id"]),
            "family": families.mask(social, _SOCIAL),
            "siret": kept["siret"],
            "activity": activity.where(activity.isin(nomenclature.codes("naf"))),
            "address": addresses(kept["street"], postcode=kept["postcode"], city=kept["city"]).mask(
                hidden
            ),
            "commune_id": commune_codes(kept["commune_id"]),
            "latitude": numbers(kept["latitude"]).mask(hidden),
            "longitude": numbers(kept["longitude"]).mask(hidden),
            "natural_person": person,
            "city": kept["city"],
            "department": departments(
                pd.Series(None, index=kept.index, dtype="str"), postcode=kept["postcode"]
            ),
        }
    )


class _Offers:
    """What the actors of the rows offer and need."""

    def __init__(self, sieve: Sieve) -> None:
        self.found: dict[str, list[Offer]] = {v.RESOURCES: [], v.NEEDS: []}
        self.unknown: Counter[str] = Counter()
        self.damaged: list[str] = []
        for row in sieve.rows.fillna("").to_dict("records"):
            self._row({str(name): str(cell) for name, cell in row.items()})
        sieve.note("json_cells", len(self.damaged), examples=self.damaged)
        shown = [code for code, _ in self.unknown.most_common()]
        sieve.note("codes_unknown", self.unknown.total(), examples=shown)

    def _row(self, row: dict[str, str]) -> None:
        actor_id = row["actor_id"]
        told = [("actor", row["kind"])]
        told += [("service", code) for code in v.split_list(row["services"])]
        for name, code in told:
            _, table, category = self._known(name, code)
            self._add(actor_id, table, category=category, label=code)
        for action, thing in self._things(row):
            _, table, category = self._known("action", action)
            _, _, of_object = self._known("object", thing)
            self._add(actor_id, table, category=category or of_object, label=thing)

    def _things(self, row: dict[str, str]) -> Iterator[tuple[str, str]]:
        """Yield action and object of a row."""
        try:
            given = json.loads(row["proposals"]) if row["proposals"] else []
            # An action without objects has null for them.
            pairs = [
                (one["action"], thing) for one in given for thing in one["sous_categories"] or ()
            ]
        except (json.JSONDecodeError, RecursionError, TypeError, KeyError):
            self.damaged.append(row["id"])
            pairs = []
        if not pairs:
            pairs = [(action, thing) for action in ACTIONS for thing in v.split_list(row[action])]
        yield from ((str(action), str(thing)) for action, thing in pairs)

    def _known(self, name: str, code: str) -> tuple[str, str, str]:
        if code not in _codes(name):
            if name != "actor":  # types that are not known have a note of their own
                self.unknown[code] += 1
            return "", "", ""
        return _codes(name)[code]

    def _add(self, actor_id: str, table: str, *, category: str, label: str) -> None:
        if table and category:
            self.found[table].append(Offer(actor_id, category, label))
