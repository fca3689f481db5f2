"""What a row of Sirene is to us, whatever the layout: family, name, activity."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import pandas as pd

from toolkit import nomenclature
from toolkit.nomenclature import fold
from toolkit.sources.extract import Sieve
from toolkit.sources.reading import activity_codes

HOLDINGS: Final = ("64.20Z", "68.20A", "68.20B")
"""Holdings and letting of own property: they own, and do nothing that a partner could share."""
_PERSONS: Final = r"1\d{0,3}|2110|2210|2310"
"""Codes of natural persons, the older ones of two to four digits too, and of unions of persons
(undivided property, company in fact or in participation) whose name is theirs."""
_PERSON_WORDS: Final = frozenset(
    {
        "(autre) personne physique",
        "agent commercial",
        "artisan",
        "artisan commercant",
        "associe gerant de societe",
        "commercant",
        "entrepreneur individuel",
        "exploitant agricole",
        "indivision entre personnes physiques",
        "officier public ou ministeriel",
        "personne physique",
        "profession liberale",
        "societe creee de fait entre personnes physiques",
        "societe en participation entre personnes physiques",
    }
)
"""Folded labels of these codes."""
_FAMILY_OF_LEVEL: Final[Mapping[str, str]] = MappingProxyType(
    {"3": "business", "4": "public", "5": "business", "6": "business", "7": "public", "8": "civil"}
)
_REST: Final = "civil"


def are_persons(forms: pd.Series[str]) -> pd.Series[bool]:
    """Return whether legal forms, as code or label, are those of persons: they are not named.

    Examples
    --------
    >>> are_persons(pd.Series(["1000", "1300.0", "Commerçant ", "5499", None])).tolist()
    [True, True, True, False, False]
    """
    cells = forms.astype("str").str.strip().str.removesuffix(".0")
    coded = cells.str.fullmatch(_PERSONS).fillna(value=False).astype("bool")
    return coded | cells.fillna("").map(fold).isin(_PERSON_WORDS)


def known_activities(cells: pd.Series[str]) -> pd.Series[str]:
    """Return the activity codes that one of the versions of the NAF in force knows."""
    found = activity_codes(cells)
    return found.where(found.isin(nomenclature.codes("naf")))


def known_bands(cells: pd.Series[str]) -> pd.Series[str]:
    """Return the size classes that the list knows (``NN``, unknown, is one)."""
    return cells.where(cells.isin(nomenclature.codes("size_bands")))


def forms_of(sieve: Sieve, forms: pd.Series[str]) -> pd.Series[str]:
    """Return the legal forms that the list knows; the others are noted."""
    known = forms.isin(nomenclature.codes("legal_forms"))
    strange = forms[~known & forms.notna() & (forms != "")]
    sieve.note("form_unknown", len(strange), examples=strange.unique())
    return forms.where(known)


def families(forms: pd.Series[str], *, is_ess: pd.Series[bool]) -> pd.DataFrame:
    """Return the family and the ESS form of legal forms.

    A form that has left the official list gives the family of its first digit, never ESS, and no
    form of ESS.

    Parameters
    ----------
    forms : Series of str
        Codes of legal forms, none missing.
    is_ess : Series of bool
        Where the register or a list says that it is of the ESS: a company then is.

    Returns
    -------
    DataFrame
        Columns ``family`` and ``ess_form``; index of `forms`.
    """
    pairs = list(zip(forms, is_ess, strict=True))
    found = {(form, flag): _family(form, is_ess=flag) for form, flag in set(pairs)}
    told = [found[pair] for pair in pairs]
    return pd.DataFrame(told, index=forms.index, columns=["family", "ess_form"], dtype="str")


def _family(form: str, *, is_ess: bool) -> tuple[str, str | None]:
    family, ess_form = nomenclature.legal_family(form)
    family = family or _FAMILY_OF_LEVEL.get(form[:1], _REST)
    if is_ess and family == "business":
        return "ess", None
    return family, ess_form or None


def names_of(legal: pd.Series[str], *, sign: pd.Series[str]) -> pd.Series[str]:
    """Return the sign with the name of the legal person behind it, or the one that is there.

    Examples
    --------
    >>> legal = pd.Series(["DUVAL SAS", "DUVAL SAS", None], dtype="str")
    >>> names_of(legal, sign=pd.Series(["LE FOUR", "DUVAL SAS", "LE FOUR"])).tolist()
    ['LE FOUR (DUVAL SAS)', 'DUVAL SAS', 'LE FOUR']
    """
    both = sign.notna() & legal.notna() & (sign != legal)
    return legal.fillna(sign).mask(both, sign + " (" + legal + ")")
