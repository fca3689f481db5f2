"""Participative maps made with GoGoCarto, from their JSON export."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

import pandas as pd

from toolkit import vocabulary as v
from toolkit.nomenclature import fold
from toolkit.schema.identifiers import clean_siret
from toolkit.sources.extract import Extract, Sieve, source_row
from toolkit.sources.json_files import not_expected, read_json, text_of
from toolkit.sources.reading import numbers
from toolkit.sources.towns import addresses, departments
from toolkit.sources.translations import Offer, offers_table, translation

FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "id": ("id", "_id"),
    "name": ("name", "title", "nom"),
    "siret": ("siret",),
    "street": ("streetAddress", "address"),
    "postcode": ("postalCode",),
    "city": ("addressLocality",),
    "latitude": ("latitude", "lat"),
    "longitude": ("longitude", "long", "lng", "lon"),
    "description": ("abstract", "description", "descriptionMore"),
}
"""Fields read, by the first of their names; contacts are not."""
TAXONOMY: Final = ("taxonomy", "categories")
DEFAULT_FAMILY: Final = "civil"
_COLUMNS: Final = ("id", "name", "siret", "street", "postcode", "city", "latitude", "longitude")
_EXPECTED: Final = '[{"name": ...}], {"data": [{"name": ...}]} (ontology=gogofull)'
_LIMIT: Final = 100
"""Elements to which the page of a map's interface limits an export unless it is told otherwise."""
_SILENT: Final = frozenset({"script", "style"})
_CONTACT: Final = re.compile(
    r"[\w.+-]+@[\w-]+\.[\w.-]+|(?:(?:\+33|0033)\s?|\b0)[1-9](?:[\s.-]?\d{2}){4}\b"
)


def load_gogocarto(
    path: Path,
    *,
    title: str = "",
    producer: str = "",
    licence: str = "",
    data_year: int | None = None,
    words: Mapping[str, tuple[str, str]] | None = None,
) -> Extract:
    """Return the elements of a map as actors, with what their categories say they offer.

    Parameters
    ----------
    path : Path
        JSON: a list of elements, or an object that holds it under ``data`` (``gogofull``) or, in
        JSON-LD, ``@graph``.
    title, producer, licence, data_year : str, str, str, int, optional
        What the export does not say about itself.
    words : Mapping of str to tuple of str, optional
        Family and category (either may be empty) for words of this map's own taxonomy, before
        those of ``data/nomenclatures/map_words.csv``.

    Returns
    -------
    Extract
        ``actors`` (id ``siret:...``, else ``gogocarto:<file>:...``) with the extra columns ``city``
        and ``department``; ``resources`` without quantity.

    Raises
    ------
    DataError
        If the file is no such export.

    Notes
    -----
    - Descriptions are made plain text; mails and telephone numbers in them are taken out.
    - Categories may be ids where the map does not publish their names: words without a
      translation are counted in a note, and nothing is guessed from them.
    - The page on which an export is asked for limits it to 100 elements unless told otherwise: a
      file of just as many is noted.
    - Family: ``ess`` if any word says so, else that of the first word that has one, else ``civil``.
    """
    elements = _elements(path)
    source = source_row(
        path,
        kind="gogocarto",
        title=title or path.name,
        producer=producer or None,
        licence=licence or None,
        data_year=data_year,
    )
    own = {**_words(), **{fold(word): told for word, told in (words or {}).items()}}
    unknown: Counter[str] = Counter()
    cells = [_row(one, words=own, unknown=unknown) for one in elements if isinstance(one, Mapping)]
    columns = [*_COLUMNS, "description", "family", "categories"]
    rows = pd.DataFrame(cells, columns=columns, dtype="str")
    sieve = Sieve(rows.mask(rows == ""), where=path.name)
    sieve.drop(sieve.rows[["id", "name"]].isna().any(axis=1), "unnamed")
    sieve.drop(sieve.rows["id"].duplicated(), "duplicates", show="id")
    sieve.note("map_limit", len(elements) if len(elements) == _LIMIT else 0)
    shown = [f"{word} ({count})" for word, count in unknown.most_common()]
    sieve.note("map_words", unknown.total(), examples=shown)
    actors = _actors(sieve.rows, start=str(source["source_id"]))
    offers = [
        Offer(actor_id, category)
        for actor_id, cell in zip(actors["actor_id"], sieve.rows["categories"], strict=True)
        for category in v.split_list(cell)
    ]
    tables = {v.ACTORS: actors.drop_duplicates("actor_id"), v.RESOURCES: offers_table(offers)}
    return sieve.extract(tables, source=source)


def _elements(path: Path) -> Sequence[Any]:
    """Return the list of elements of an export."""
    content = read_json(path)
    found = content
    if isinstance(content, Mapping):
        found = content.get("data", content.get("@graph"))
    if isinstance(found, list) and found and isinstance(found[0], Mapping):
        return found
    raise not_expected(path, expected=_EXPECTED)


@cache
def _words() -> dict[str, tuple[str, str]]:
    """Return family and category by folded word."""
    rows = translation("map_words")
    columns = (rows[name] for name in ("word", "family", "category"))
    return {word: (family, category) for word, family, category in zip(*columns, strict=True)}


def _row(
    element: Mapping[str, Any], *, words: Mapping[str, tuple[str, str]], unknown: Counter[str]
) -> dict[str, str]:
    """Return the cells of an element; nested points and addresses are flattened."""
    flat = dict(element)
    for nested in ("geo", "address"):
        held = element.get(nested)
        if isinstance(held, Mapping):
            flat.update(held)
    cells = {
        name: next((cell for one in names if (cell := text_of(flat.get(one)))), "")
        for name, names in FIELDS.items()
    }
    told = []
    for word in _taxonomy(element):
        if fold(word) in words:
            told.append(words[fold(word)])
        else:
            unknown[word] += 1
    families = [family for family, _ in told if family]
    return {
        **cells,
        "name": plain_text(cells["name"]),
        "description": _CONTACT.sub("…", plain_text(cells["description"])),
        "family": "ess" if "ess" in families else next(iter(families), DEFAULT_FAMILY),
        "categories": v.join_list(dict.fromkeys(category for _, category in told if category)),
    }


def _taxonomy(element: Mapping[str, Any]) -> list[str]:
    """Return the names of the categories of an element."""
    given: Any = next((element[name] for name in TAXONOMY if element.get(name)), [])
    if isinstance(given, str):
        given = given.split(",")
    if not isinstance(given, list):
        return []
    named = [one.get("name") if isinstance(one, Mapping) else one for one in given]
    return [word for one in named if (word := text_of(one))]


class _Text(HTMLParser):
    """Gathers the text of HTML; scripts and styles are none."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        """Note where text ends, and where it does not count."""
        self.parts.append(" ")
        self._silent += tag in _SILENT

    def handle_endtag(self, tag: str) -> None:
        """Note where text counts again."""
        self.parts.append(" ")
        self._silent -= tag in _SILENT and self._silent > 0

    def handle_data(self, data: str) -> None:
        """Keep text."""
        if not self._silent:
            self.parts.append(data)


def plain_text(html: str) -> str:
    """Return the text of HTML on one line.

    Examples
    --------
    >>> plain_text("<p>Un caf&eacute;<br>et <b>plus</b></p><script>alert(1)</script>")
    'Un café et plus'
    """
    parser = _Text()
    parser.feed(html)
    parser.close()
    return " ".join("".join(parser.parts).split())


def _actors(kept: pd.DataFrame, *, start: str) -> pd.DataFrame:
    cleaned = [clean_siret(cell)[0] for cell in kept["siret"]]
    siret = pd.Series(cleaned, index=kept.index, dtype="str")
    nothing = pd.Series(None, index=kept.index, dtype="str")
    return pd.DataFrame(
        {
            "actor_id": ("siret:" + siret).fillna(f"{start}:" + kept["id"]),
            "name": kept["name"],
            "family": kept["family"],
            "siret": siret,
            "description": kept["description"],
            "address": addresses(kept["street"], postcode=kept["postcode"], city=kept["city"]),
            "latitude": numbers(kept["latitude"]),
            "longitude": numbers(kept["longitude"]),
            "city": kept["city"],
            "department": departments(nothing, postcode=kept["postcode"]),
        }
    )
