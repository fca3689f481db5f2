"""Names and descriptions, French or English, as words that can be compared: stems, without marks.

Only what says something of an activity is kept: articles, legal forms, titles, numbers and single
letters are left out.  The language of a text need not be known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from toolkit.nomenclature import fold

MAX_CHARACTERS: Final = 20_000
"""Characters of a text that are read: more than any description, so that a hostile one costs little
time (own choice)."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


STOP_WORDS: Final = _words(
    """
    a afin ai ainsi all alors also an and any aout are as at au aucun aussi autre autres aux avant
    avec be been by c ca ce ceci cela celle celui ces cet cette ceux chaque ci comme d dans de
    depuis des deux dont du durant during each elle elles en encore entre est et etc ete eux
    fait for from has have her his i il ils in including into is it its j je jusqu l la le les
    lesquels leur leurs lors lorsqu lui m ma mais me meme memes mes mis moi moins mon more n ne ni
    no non nos not notamment notre nous nouveau nouveaux nouvel nouvelle o of on ont or other other
    others ou our par parmi pas peut plus plusieurs pour puis qu quand que quel quelle qui quoi s
    sa sans sauf se selon ses si son sont sous such sur t ta te that the their them then these they
    this those to tous tout toute toutes tres tu un une uns us v vers via vos votre vous was we
    were which with without y you your
    """
)
"""Articles, pronouns, prepositions and other small words of French and English, folded."""
LEGAL_WORDS: Final = _words(
    """
    asbl aisbl co corp ei eirl ets etab etabl etablissement etablissements eurl gie gmbh inc
    incorporated limited llc ltd plc sa sarl sarlu sas sasu scic scm scop scp scs selarl selas sica
    snc soc societe societes ste stes
    """
)
"""Legal forms and words for a firm that say nothing of what it does; ``sci``, ``earl`` and the like
do, and are in the table."""
_PERSON_WORDS: Final = _words(
    """
    dr fille filles fils frere freres gal madame mademoiselle marechal mlle mme monsieur mr mrs
    pere
    """
)
"""Titles and kinship in names of firms."""
_PLACE_WORDS: Final = _words(
    """
    allee avenue bd boulevard cedex chemin est france francais francaise impasse nord normandie
    ouest place quai route rue saint sainte st ste sud
    """
)
"""Words of addresses and of the land, which stand in names of any activity."""
_LEFT_OUT: Final = STOP_WORDS | LEGAL_WORDS | _PERSON_WORDS | _PLACE_WORDS
_MERGED: Final = _words("au aux des du")
"""Prepositions that hold the article."""
_ARTICLES: Final = _words("l la le les the")
_BEFORE_ARTICLES: Final = _words("a at by d de in near of on sous sur")
"""Prepositions after which an article begins what a place is called after."""
_BARE: Final = _words("d de of")
"""Prepositions that carry on with a name: "Taxi de la maison de retraite"."""
_BEFORE_NOUNS: Final = _words(
    """
    ancien ancienne anciennes anciens beau beaux bel belle belles bon bonne bonnes bons cinq dernier
    derniere dix grand grande grandes grands gros grosse haut haute hautes hauts huit jeune jeunes
    joli jolie jolis long longue neuf petit petite petites petits premier premiere quatre sept six
    trois vieil vieille vieilles vieux big first five four great little new old six small three two
    """
)
"""Adjectives and numbers that stand before the noun."""
_AND: Final = _words("and et or ou")
_POINTS = re.compile(r"\b(?:[a-z]\.){2,}[a-z]?\b\.?")
_SPELT = re.compile(r"\b(?:[a-z] ){2,}[a-z]\b")
_BREAK = re.compile(r"[.;:!?\n\r|()\[\]{}/\t,]+|\s[-–—•*]\s")
_NOT_WORD = re.compile(r"[^a-z0-9]+")
_HAS_DIGIT = re.compile(r"\d")
_IRREGULAR: Final = {
    "eaux": "eau",
    "travaux": "travaux",
    "vitraux": "vitrail",
    "jeux": "jeu",
    "oeufs": "oeuf",
    "bars": "bar",
    "bois": "bois",
    "cars": "car",
    "pubs": "pub",
    "vins": "vin",
    "ass": "association",
    "assoc": "association",
    "asso": "association",
    "assn": "association",
    "associations": "association",
    "univ": "universite",
    "dept": "departement",
    "cte": "comite",
    "ctre": "centre",
    "center": "centre",
    "centers": "centre",
    "synd": "syndicat",
    "coop": "cooperative",
    "entr": "entreprise",
    "inser": "insertion",
    "insert": "insertion",
    "entrep": "entreprise",
    "agric": "agricole",
    "transp": "transport",
    "constr": "construction",
    "amenagt": "amenagement",
    "fed": "federation",
    "dep": "departement",
}
"""Plurals that no rule makes, and what is written short in registers."""
_ENDINGS: Final = (("euse", "eur"), ("trice", "teur"), ("ive", "if"))
"""Feminine endings, and the masculine ones."""
_SHORTEST_STEM: Final = 4
_SHORTEST_WORD: Final = 2


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """Return a folded word without plural and feminine, in a way that suits both languages.

    Examples
    --------
    >>> stem("boulangeries") == stem("boulangerie"), stem("coiffeuse"), stem("bakeries")
    (True, 'coiffeur', 'bakery')
    """
    word = _IRREGULAR.get(word, word)
    if len(word) < _SHORTEST_STEM:
        return word
    if word.endswith("aux") and not word.endswith("eaux"):
        word = f"{word[:-2]}l"
    elif word[-1] in "sx" and not word.endswith("ss") and len(word) > _SHORTEST_STEM:
        word = word[:-1]
    for feminine, masculine in _ENDINGS:
        if word.endswith(feminine) and len(word) > _SHORTEST_STEM + 1:
            return word[: -len(feminine)] + masculine
    if len(word) > _SHORTEST_STEM and word[-1] == "e":
        word = word[:-1]
    if len(word) > _SHORTEST_STEM and word[-1] == "i":
        word = f"{word[:-1]}y"
    if len(word) > _SHORTEST_STEM and word[-1] == word[-2] and word[-1] in "lnt":
        word = word[:-1]
    return word


@dataclass(frozen=True, slots=True)
class Part:
    """The words of a text between two marks of punctuation.

    Attributes
    ----------
    words : Mapping of str to str
        Stem -> the word as it stood, folded.
    named_after : Mapping of str to frozenset of str
        Stem that only follows a definite article ("du", "de la", "des", "at the", or "le" right
        after a word) -> stems of the words before it.  In French such a noun says which bakery it
        is, that of the station, and one after a bare "de" which kind.
    """

    words: Mapping[str, str]
    named_after: Mapping[str, frozenset[str]]


def parts_of(text: str) -> tuple[Part, ...]:
    """Return the parts of a text between marks of punctuation, those that hold words.

    Only the first 20,000 characters are read.

    Examples
    --------
    >>> [part.named_after for part in parts_of("Garage du vieux moulin, réparation de vélos")]
    [{'vieu': frozenset({'garag'}), 'moulin': frozenset({'garag'})}, {}]
    """
    folded = fold(text[:MAX_CHARACTERS].replace("\n", ";"))
    folded = _POINTS.sub(lambda found: found[0].replace(".", "") + " ", folded)
    parts = []
    for part in _BREAK.split(folded):
        plain = " ".join(_NOT_WORD.sub(" ", part).split())
        plain = _SPELT.sub(lambda found: found[0].replace(" ", ""), plain)
        found = _part(plain.split())
        if found.words:
            parts.append(found)
    return tuple(parts)


def _part(words: Iterable[str]) -> Part:
    """Return the stems of folded words, and those that something is named after."""
    told: dict[str, str] = {}
    named_after: dict[str, frozenset[str]] = {}
    heads: frozenset[str] = frozenset()
    last: frozenset[str] = frozenset()
    before = ""
    for word in words:
        if word in _MERGED or (
            word in _ARTICLES and (before in _BEFORE_ARTICLES or is_told(before))
        ):
            heads = frozenset(told)
        elif word in _AND:
            heads = last = frozenset()
        elif word in _BARE:
            heads = last
        elif is_told(word):
            one = stem(word)
            if heads and (one not in told or one in named_after):
                named_after.setdefault(one, heads)
            else:
                named_after.pop(one, None)
            told[one] = word
            last = heads
            heads = heads if word in _BEFORE_NOUNS else frozenset()
        before = word
    return Part(told, named_after)


def segments_of(text: str) -> tuple[Mapping[str, str], ...]:
    """Return the parts of a text between marks of punctuation, each as its stems and their words.

    Parameters
    ----------
    text : str
        A name or a description; only its first 20,000 characters are read.

    Returns
    -------
    tuple of Mapping
        One a part that holds words: stem -> the word as it stood, folded.

    Examples
    --------
    >>> segments_of("S.A.R.L. Les Boulangeries DUPONT & Fils, 12 rue du Pain")
    ({'boulangery': 'boulangeries', 'dupont': 'dupont'}, {'pain': 'pain'})
    """
    return tuple(part.words for part in parts_of(text))


def is_told(word: str) -> bool:
    """Return whether a folded word may say something of an activity."""
    return len(word) >= _SHORTEST_WORD and word not in _LEFT_OUT and not _HAS_DIGIT.search(word)
