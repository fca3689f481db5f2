"""Addresses of actors into points: what is asked, what is answered, what is made of it.

Nothing here goes out; :mod:`toolkit.sources.geocoder` does.  Who opposed diffusion and natural
persons are never asked for, and of the others only the address is.
"""

from __future__ import annotations

import csv
import io
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import pandas as pd

from toolkit.errors import Problem, SourceError
from toolkit.nomenclature import fold
from toolkit.sources.reading import ENCODINGS, NULLS, SEPARATORS, lift_arrondissements

if TYPE_CHECKING:
    from toolkit.sources.passage import Passage

BASE: Final = "https://data.geopf.fr/geocodage"
"""Geocoding service of the Géoplateforme, over the Base Adresse Nationale."""
MIN_SCORE: Final = 0.6
"""Score from which an address counts as found; see docs/decisions/0019-geocoding.md."""
COLUMNS: Final = ("address", "postcode", "city")
"""Columns of what is sent that make the address, in their order."""
RESULT_COLUMNS: Final = (
    "latitude",
    "longitude",
    "result_score",
    "result_type",
    "result_citycode",
    "result_oldcitycode",
    "result_label",
)
"""Columns asked for."""
LONGEST: Final = 120
"""Signs of an address that are sent; services refuse a whole batch for one text above 200."""

HAS_POINT, HIDDEN, NO_ADDRESS, BARE = "has_point", "hidden", "no_address", "bare"
NOT_SENT: Final = (HAS_POINT, HIDDEN, NO_ADDRESS, BARE)
"""Why an actor is not asked for: it has a point; may not be named; has no address; or has one that
names no place within the commune (a post box)."""
PLACED, TOWN_HALL, LOW_SCORE, ELSEWHERE = "placed", "town_hall", "low_score", "elsewhere"
NOT_FOUND, UNANSWERED = "not_found", "unanswered"
OUTCOMES: Final = (PLACED, TOWN_HALL, LOW_SCORE, ELSEWHERE, NOT_FOUND, UNANSWERED)
"""What becomes of an actor that is asked for; only the first two give a point."""

_NEEDED: Final = ("id", "latitude", "longitude", "result_score", "result_type", "result_citycode")
_PRECISE: Final = frozenset({"housenumber", "street", "locality"})
_MUNICIPALITY: Final = "municipality"
_PERSONS: Final = "1"
"""First figure of the legal forms of natural persons."""
_MASKED: Final = "[ND]"
_POSTAL: Final = re.compile(
    r"\b(?:B\.? ?P\.?|C\.? ?S\.?|TSA)\s*\d+\b|\bCEDEX\b(?:\s+\d{1,2}\b)?", re.IGNORECASE
)
_CONTACT: Final = re.compile(
    r"\S{1,64}@\S+|\bhttps?:\S+|\bwww\.\S+|(?<!\d)(?:\+33[ .-]?|0)[1-9](?:[ .-]?\d\d){4}(?!\d)",
    re.IGNORECASE,
)
_PERSON: Final = re.compile(
    r"(?:(?:\bchez\b|\bc/o\b)|(?:^|(?<=[,;\n-]))\s*(?:M\.|Mr\b|Mme\b|Mlle\b|Monsieur\b|Madame\b))"
    r"[^\d,;\n]*",
    re.IGNORECASE,
)
_NUMBER_SIGN: Final = re.compile(r"\bn\s*°\s*", re.IGNORECASE)
_POSTCODE: Final = re.compile(r"(?<!\d)([0-9]{5})(?!\d)")
_FIRST_SIGN: Final = re.compile(r"^[\W_]+")
_JOINING: Final = frozenset({"a", "d'", "de", "des", "du", "en", "et", "l'", "la", "le", "les"})
_SHOWN: Final = 60
_READ: Final = 1_000


@dataclass(frozen=True, slots=True)
class Query:
    """What is sent of one address: no name, no identifier.

    Attributes
    ----------
    address, postcode, city : str
        On one line each, letters, figures and few signs only; `postcode` may be empty.
    citycode : str
        Commune within which the service looks; everywhere where it is empty.
    """

    address: str
    postcode: str
    city: str
    citycode: str

    @property
    def key(self) -> str:
        """The same for addresses that differ by case, accents or blanks only."""
        return "|".join(map(fold, (self.address, self.postcode, self.city, self.citycode)))


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service says of one address; without a point where it found nothing.

    Attributes
    ----------
    latitude, longitude : float or None
        Degrees, WGS 84.
    score : float
        Likeness of what was asked and what was found, 0 to 1.
    kind : str
        ``housenumber``, ``street``, ``locality`` or ``municipality``.
    citycode, oldcitycode : str
        Commune of the point, and the one it was before a merger.
    label : str
        Address found.
    """

    latitude: float | None = None
    longitude: float | None = None
    score: float = 0.0
    kind: str = ""
    citycode: str = ""
    oldcitycode: str = ""
    label: str = ""

    @property
    def is_found(self) -> bool:
        """Whether there is a point on earth."""
        return self.latitude is not None and self.longitude is not None


@dataclass(frozen=True, slots=True)
class Asked:
    """Actors that are asked for, and why the others are not.

    Attributes
    ----------
    queries : Mapping of str to Query
        By id of the actor.
    left : Mapping of str to str
        By id of the actor, one of ``NOT_SENT``.
    """

    queries: Mapping[str, Query]
    left: Mapping[str, str]


def to_queries(actors: pd.DataFrame, communes: Mapping[str, str]) -> Asked:
    """Return what is to be asked for the actors that have no point of their own.

    Parameters
    ----------
    actors : DataFrame
        Complete; columns used: ``actor_id``, ``name``, ``address``, ``commune_id``, ``located_by``,
        ``diffusible``, ``natural_person``, ``legal_form``.
    communes : Mapping of str to str
        Name of each commune by its id.

    Returns
    -------
    Asked
        An actor that is hidden is counted as such, whether it has a point or not.
    """
    queries, left = {}, {}
    cells = actors[["actor_id", "address", "commune_id", "located_by"]].astype("object")
    rows = cells.where(cells.notna(), "").itertuples(index=False)
    for (name, address, code, located_by), hidden in zip(rows, _is_hidden(actors), strict=True):
        if hidden:
            left[name] = HIDDEN
        elif located_by == "address":
            left[name] = HAS_POINT
        elif address.strip() in NULLS:
            left[name] = NO_ADDRESS
        else:
            query = to_query(address, city=communes.get(code, ""), citycode=code)
            if query is None:
                left[name] = BARE
            else:
                queries[name] = query
    return Asked(queries, left)


def to_query(address: str, *, city: str, citycode: str) -> Query | None:
    r"""Return an address as it is sent; None where it names no place within the commune.

    Post boxes and CEDEX are left out, and so are whom the letter is for (``chez ...``), telephone
    and mail, and the name of the commune where it is said twice.

    Examples
    --------
    >>> to_query("12, rue du Port\nBP 40 - 14000 CAEN CEDEX 4", city="Caen", citycode="14118")
    Query(address='12 rue du Port', postcode='14000', city='Caen', citycode='14118')
    >>> to_query("BP 12, 14000 Caen", city="Caen", citycode="14118")
    """
    plain = unicodedata.normalize("NFC", address[:_READ]).replace("\r", "\n")
    for unwanted in (_CONTACT, _PERSON, _NUMBER_SIGN, _POSTAL):
        plain = unwanted.sub(" ", plain)
    plain = _plain(plain)
    found = list(_POSTCODE.finditer(plain))
    postcode = found[-1][1] if found else ""
    if found:
        before, after = plain[: found[-1].start()], plain[found[-1].end() :]
        plain = f"{before} {'' if _same(after, city) else after}"
    plain = _without_city(_trimmed(plain), _plain(city))
    if len(plain) > LONGEST:
        plain = plain[:LONGEST].rpartition(" ")[0] or plain[:LONGEST]
    if not any(sign.isalpha() for sign in plain):
        return None
    return Query(plain, postcode, _plain(city), citycode)


def to_csv(queries: Sequence[Query]) -> bytes:
    """Return the file that is sent, numbered by place; UTF-8, commas."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["id", *COLUMNS, "citycode"])
    writer.writerows(
        [place, query.address, query.postcode, query.city, query.citycode]
        for place, query in enumerate(queries)
    )
    return stream.getvalue().encode()


def read_answers(body: bytes) -> dict[str, Answer]:
    """Return the answers of a file that came back, by the number of the row sent.

    Parameters
    ----------
    body : bytes
        Delimited text, with or without a byte order mark.

    Raises
    ------
    SourceError
        If it is none, or lacks a column (a page of a proxy, another service).
    """
    written = _decoded(body)
    header = written.lstrip("\n").partition("\n")[0]
    separator = max(SEPARATORS, key=header.count)
    reader = csv.DictReader(io.StringIO(written.lstrip("\n")), delimiter=separator, restkey="")
    answers: dict[str, Answer] = {}
    try:
        if set(_NEEDED) - set(reader.fieldnames or ()):
            raise _unreadable(header)
        for row in reader:
            answers.setdefault(str(row["id"]).strip(), _answer(row))
    except csv.Error as err:
        raise _unreadable(header) from err
    return answers


def decide(
    query: Query,
    answer: Answer | None,
    *,
    min_score: float = MIN_SCORE,
    passage: Passage | None = None,
) -> str:
    """Return what becomes of an actor, one of ``OUTCOMES``.

    The town hall of the right commune is taken whatever its score: it says no more than what is
    known, and counts as being at the commune.

    Parameters
    ----------
    query : Query
        What was asked; its `citycode` is the commune of the actor.
    answer : Answer or None
        What was answered; None where nothing came back.
    min_score : float, default 0.6
        Score from which an address counts as found.
    passage : Passage, optional
        Brings communes of other years to those of the actors.

    Examples
    --------
    >>> query = Query("3 rue Haute", "", "Caen", "14118")
    >>> decide(query, Answer(49.2, -0.4, 0.9, "street", "14118"))
    'placed'
    >>> decide(query, Answer(48.9, 2.3, 0.9, "street", "75104"))
    'elsewhere'
    """
    if answer is None:
        return UNANSWERED
    if not answer.is_found or answer.kind not in {*_PRECISE, _MUNICIPALITY}:
        return NOT_FOUND
    if answer.kind in _PRECISE and answer.score < min_score:
        return LOW_SCORE
    if query.citycode not in _communes(answer, passage=passage):
        return ELSEWHERE
    return TOWN_HALL if answer.kind == _MUNICIPALITY else PLACED


# --- inside -----------------------------------------------------------------------------------
def _is_hidden(actors: pd.DataFrame) -> pd.Series[bool]:
    """Return who must not be sent; where diffusion or person is not said, the model's default."""
    person = actors["natural_person"].astype("boolean").fillna(value=False)
    opposed = ~actors["diffusible"].astype("boolean").fillna(value=True)
    trader = actors["legal_form"].astype("str").str.startswith(_PERSONS, na=False)
    hidden = person | opposed | trader
    for name in ("name", "address"):
        hidden |= actors[name].astype("str").str.contains(_MASKED, regex=False, na=False)
    return hidden.astype("bool")


def _communes(answer: Answer, *, passage: Passage | None) -> set[str]:
    """Return the communes that an answer may stand for: living, former, of which it is a part."""
    codes = {answer.citycode, answer.oldcitycode} - {""}
    whole = {_whole(code) for code in codes}
    living = set() if passage is None else {passage.living.get(code, code) for code in whole}
    return codes | whole | living


@cache
def _whole(code: str) -> str:
    """Return the city of an arrondissement, else the commune itself."""
    return str(lift_arrondissements(pd.Series([code], dtype="str"))[0])


def _plain(words: str) -> str:
    """Return text on one line, without the signs that separate, quote or begin a formula."""
    kept = "".join(sign if sign.isalnum() or sign in "'\u2019.-/" else " " for sign in words)
    return _trimmed(kept)


def _trimmed(words: str) -> str:
    """Return text with single blanks, beginning with a letter or a figure."""
    one_line = " ".join(words.split())
    return _FIRST_SIGN.sub("", one_line).rstrip(" -/.'")


def _same(words: str, city: str) -> bool:
    """Return whether words are the name of a commune, written in one way or another."""
    return _bare(words) in {"", _bare(city)}


def _bare(words: str) -> str:
    spelled = re.sub(r"\W+", " ", fold(words)).strip()
    whole = re.sub(r"\b(st|ste)\b", lambda sign: f"saint{sign[0][2:]}", spelled)
    return re.sub(r"^(le|la|les|l) ", "", whole)


def _without_city(address: str, city: str) -> str:
    """Return an address without the commune it ends with."""
    words = address.split()
    for count in range(1, len(words) + 1):
        if _bare(city) and _bare(" ".join(words[-count:])) == _bare(city):
            street = words[:-count]
            if not street or fold(street[-1]) not in _JOINING:  # not "rue de Caen"
                return _trimmed(" ".join(street))
    return address


def _decoded(body: bytes) -> str:
    for encoding in (*ENCODINGS, "latin-1"):
        try:
            written = body.decode(encoding)
        except UnicodeDecodeError:
            continue
        return written.replace("\r\n", "\n").replace("\r", "\n")
    return ""  # pragma: no cover - the last encoding reads anything


def _answer(row: Mapping[str, str | None]) -> Answer:
    """Return a row that came back; a point that is none on earth is no point."""
    latitude, longitude = (_number(row.get(name)) for name in ("latitude", "longitude"))
    is_point = latitude is not None and longitude is not None
    is_point = is_point and abs(latitude or 0.0) <= 90 and abs(longitude or 0.0) <= 180  # noqa: PLR2004 - degrees
    kind, code, old, label = (
        (row.get(f"result_{name}") or "").strip()
        for name in ("type", "citycode", "oldcitycode", "label")
    )
    score = _number(row.get("result_score")) or 0.0
    if not is_point:
        latitude = longitude = None
    return Answer(latitude, longitude, score, kind, code, old, label)


def _number(cell: str | None) -> float | None:
    try:
        found = float((cell or "").strip().replace(",", "."))
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def _unreadable(header: str) -> SourceError:
    found = " ".join(header.split())[:_SHOWN]
    return SourceError(
        Problem("geocoding_answer", found=found, params={"choices": ", ".join(_NEEDED)})
    )
