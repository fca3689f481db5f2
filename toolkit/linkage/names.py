"""Names and streets as words to compare: no accents, articles, legal forms or plurals."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from toolkit.nomenclature import fold


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


EMPTY_NAMES: Final = frozenset({"", "nd", "nan", "none", "null", "nc", "nr", "x"})
"""Names that say nothing, after folding and without brackets; ``[ND]`` is the register's mark."""

BODIES: Final = _words(
    """
    agglo ccas cias comcom departement mairie metropole prefecture region
    """
)
"""Words that say which public body an actor is: two of them often share an address and a name."""
_SMALL_WORDS: Final = _words(
    """
    a an and au aux avec by ce ces cette chez d dans de des du en et for in l la le les leur mon
    n ne no nos notre nous o ou par pour qu que s sa ses son sous sur the un une vos votre
    """
)
_LEGAL_WORDS: Final = _words(
    """
    ass asso assoc association associations asbl aisbl coop cooperative ei eirl ets etablissement
    eurl gaec gie ltd sa sarl sas sasu scea sci scic scm scop scp scs selarl snc societe ste
    societes ssi
    """
)
_PHRASES: Final = tuple(
    (re.compile(rf"\b{pattern}\b"), short)
    for pattern, short in (
        (r"c(?:en)?tre inter ?com(?:munal)? (?:d'|d )?action sociale?", "cias"),
        (r"c(?:en)?tre (?:(?:com(?:munal)?|municipal) )?(?:d'|d )?action sociale?", "ccas"),
        (r"maisons? des jeunes (?:et|&) (?:de )?la culture", "mjc"),
        (r"maisons? de services? au public", "msap"),
        (r"(?:espace|maison) france services?", "france services"),
        (r"com(?:munaute)? (?:de )?com(?:munes?)?", "comcom"),
        (r"com ?com|cc", "comcom"),
        (r"(?:communaute (?:d'|d )?)?agglo(?:meration)?", "agglo"),
        (r"(?:commune|mairie|municipalite)(?: d[eu']s?\b)?|(?:ville|^com) d[eu']s?", "mairie"),
        (r"departement d[eu']s?|conseil (?:departemental|general)", "departement"),
        (r"association intermediaire", "ai"),
        (r"entreprise (?:d'|d )?insertion", "ei"),
        (r"ateliers? (?:et )?chantiers? (?:d'|d )?insertion", "aci"),
        (r"(?:entreprise de travail temporaire|travail temporaire) (?:d'|d )?insertion", "etti"),
        (r"union departementale (?:des )?associations familiales", "udaf"),
        (r"aide a domicile en milieu rural", "admr"),
        (r"regie de quartiers?", "regie quartier"),
    )
)
"""Long forms of public bodies and what they are called in short; applied to folded text."""
_FIGURES: Final = {
    "deux": "2",
    "trois": "3",
    "quatre": "4",
    "cinq": "5",
    "sept": "7",
    "huit": "8",
    "onze": "11",
    "premier": "1",
    "1er": "1",
}
_WORD_FORMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "st": "saint",
        "ste": "sainte",
        "sts": "saint",
        "cte": "comite",
        "ctre": "centre",
        **_FIGURES,
        "dept": "departement",
    }
)
_WAYS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "all": "allee",
        "av": "avenue",
        "ave": "avenue",
        "bd": "boulevard",
        "bld": "boulevard",
        "blvd": "boulevard",
        "boul": "boulevard",
        "ch": "chemin",
        "che": "chemin",
        "chem": "chemin",
        "crs": "cours",
        "fg": "faubourg",
        "imp": "impasse",
        "pl": "place",
        "qu": "quai",
        "r": "rue",
        "res": "residence",
        "rte": "route",
        "sq": "square",
        "za": "zone",
        "zac": "zone",
        "zae": "zone",
        "zi": "zone",
    }
)
_TITLES: Final[Mapping[str, str]] = MappingProxyType(
    {"dr": "docteur", "gal": "general", "mal": "marechal", "cdt": "commandant", "pdt": "president"}
)
_STREET_FORMS: Final[Mapping[str, str]] = MappingProxyType({**_WORD_FORMS, **_TITLES})
_WAY_NAMES: Final = frozenset(_WAYS.values()) | {"lotissement", "batiment", "bat", "bp", "cs"}
_POINTS = re.compile(r"\b(?:[a-z0-9]\.){2,}[a-z0-9]?\b\.?")
_SPELT = re.compile(r"\b(?:[a-z] ){2,}[a-z]\b")
_NUMBER_MARK = re.compile(r"\bn\s?[°º]\s?")
_NOT_WORD = re.compile(r"[^a-z0-9]+")
_NUMBER = re.compile(r"^\W*(\d{1,4})(?:\s?(?:bis|ter|quater|[a-d])\b)?(?:\s?[/-]\s?\d{1,4})?[\s,]")
_POSTCODE = re.compile(r"\b(\d{5})\b\s*(.*)$")
_LONG_WORD: Final = 4
"""Letters from which a final s or x is taken for a plural."""
_INITIALS: Final = 3
"""Fewest initials that make an acronym."""


@lru_cache(maxsize=200_000)
def name_tokens(name: str) -> tuple[str, ...]:
    """Return the words of a name that tell actors apart, in their order.

    Accents, case, articles, legal forms and plurals are taken away; "St" is "saint", letters with
    points or blanks are one word, usual long forms of public bodies are their short ones.  A name
    made only of such words keeps them.

    Examples
    --------
    >>> name_tokens("ASSOCIATION Les Ateliers de St-Rémy (S.A.R.L.)")
    ('atelier', 'saint', 'remy')
    >>> name_tokens("Centre communal d'action sociale de Dieppe") == name_tokens("C.C.A.S. Dieppe")
    True
    >>> name_tokens("[ND]")
    ()
    """
    text = fold(name)
    if _NOT_WORD.sub("", text) in EMPTY_NAMES:
        return ()
    text = _POINTS.sub(lambda found: found[0].replace(".", "") + " ", text)
    text = _NUMBER_MARK.sub(" ", text).replace("-", " ")
    for pattern, short in _PHRASES:
        text = pattern.sub(short, text)
    text = " ".join(_NOT_WORD.sub(" ", text).split())
    text = _SPELT.sub(lambda found: found[0].replace(" ", ""), text)
    words = [_WORD_FORMS.get(word, word) for word in text.split()]
    kept = [word for word in words if word not in _SMALL_WORDS and word not in _LEGAL_WORDS]
    return tuple(dict.fromkeys(_singular(word) for word in kept or words))


def initials(tokens: tuple[str, ...]) -> str:
    """Return the acronym that the words of a name make; empty where it would be too short.

    Examples
    --------
    >>> initials(("union", "locale", "mutualiste"))
    'ulm'
    """
    letters = "".join(token[0] for token in tokens)
    return letters if len(letters) >= _INITIALS else ""


@lru_cache(maxsize=200_000)
def street_of(address: str) -> tuple[str, str]:
    """Return the number in the street and the words of the street, without kind of way.

    Examples
    --------
    >>> street_of("12 bis, av. du Gal de Gaulle, 76200 Dieppe")
    ('12', 'gaulle general')
    >>> street_of("Mairie")
    ('', 'mairie')
    """
    text = _POSTCODE.sub("", fold(address)).strip(" ,")
    number = _NUMBER.match(text)
    if number:
        text = text[number.end() :]
    words = [_WAYS.get(word, word) for word in _NOT_WORD.sub(" ", text).split()]
    words = [_STREET_FORMS.get(word, word) for word in words if word not in _SMALL_WORDS]
    told = sorted({word for word in words if word not in _WAY_NAMES})
    return (number[1].lstrip("0") if number else ""), " ".join(told)


@lru_cache(maxsize=100_000)
def town_of(address: str) -> tuple[str, str]:
    """Return postcode and town that end an address; empty where they are not there.

    Examples
    --------
    >>> town_of("2 Boulevard Beaucerf, 62200 Boulogne-sur-Mer")
    ('62200', 'boulogne-sur-mer')
    """
    found = _POSTCODE.search(fold(address))
    return (found[1], found[2].strip()) if found else ("", "")


@lru_cache(maxsize=100_000)
def town_words(town: str) -> tuple[str, ...]:
    """Return the words of a town's name, without articles, CEDEX and numbers of arrondissements.

    Examples
    --------
    >>> town_words("SAINT ETIENNE CEDEX 1") == town_words("St-Étienne")
    True
    """
    text = re.sub(r"\b(?:cedex.*|\d+\s?(?:eme|er|e)?\b(?:\s?arrondissement)?)", " ", fold(town))
    words = _NOT_WORD.sub(" ", text).split()
    return tuple(
        _singular(_WORD_FORMS.get(word, word)) for word in words if word not in _SMALL_WORDS
    )


def _singular(word: str) -> str:
    return word[:-1] if len(word) > _LONG_WORD and word[-1] in "sx" else word
