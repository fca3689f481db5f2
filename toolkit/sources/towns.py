"""Where rows of open data stand: postal addresses, départements, points written in one cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pandas as pd

_DEPARTMENT: Final = r"(?:^|\()(?:D|DEP)?0?(2[AB]|9[78]\d|\d{1,2})(?:$|\))"
_BY_POST: Final = (
    (("200", "201"), "2A"),
    (("202", "206"), "2B"),
    (("97133",), "977"),
    (("97150",), "978"),
)
"""Beginnings of postcodes that are not those of the codes of communes."""
_POINT: Final = r"^\s*\[?\s*(-?\d+(?:\.\d+)?)\s*[,;\s]\s*(-?\d+(?:\.\d+)?)\s*\]?\s*$"
_WKT: Final = r"^\s*POINT\s*Z?\s*\(\s*(-?\d+(?:\.\d+)?)\s+(-?\d+(?:\.\d+)?)"


def addresses(
    street: pd.Series[str], *, postcode: pd.Series[str], city: pd.Series[str]
) -> pd.Series[str]:
    """Return addresses on one line, missing where neither street nor postcode is known.

    Examples
    --------
    >>> import pandas as pd
    >>> one = [pd.Series([cell]) for cell in ("3 rue Haute", "41120", "Les Montils")]
    >>> addresses(one[0], postcode=one[1], city=one[2]).tolist()
    ['3 rue Haute, 41120 Les Montils']
    >>> addresses(one[0], postcode=pd.Series(["1400.0"]), city=one[2]).tolist()
    ['3 rue Haute, 01400 Les Montils']
    """
    way, codes = street.fillna("").str.strip(), _postcodes(postcode).fillna("")
    town = (codes + " " + city.fillna("")).str.strip()
    whole = (way + ", " + town).str.strip(", ")
    return whole.mask((way == "") & (codes == ""))


def departments(given: pd.Series[str], *, postcode: pd.Series[str]) -> pd.Series[str]:
    """Return codes of départements as given (``014``, ``D14``, ``Orne (61)``), else by postcode.

    Notes
    -----
    A postcode does not always tell: some communes are served from the next département.

    Examples
    --------
    >>> import pandas as pd
    >>> given = pd.Series(["001", "D14", "2a", "Loiret (45)", None, None])
    >>> codes = pd.Series([None, None, None, None, "1400", "20200"], dtype="str")
    >>> departments(given, postcode=codes).tolist()
    ['01', '14', '2A', '45', '01', '2B']
    """
    bare = given.astype("str").str.strip().str.upper().str.removesuffix(".0")
    told = bare.str.extract(_DEPARTMENT, expand=False).str.zfill(2)
    code = _postcodes(postcode)
    by_post = code.str[:2].mask(code.str.startswith(("97", "98"), na=False), code.str[:3])
    for starts, department in _BY_POST:
        by_post = by_post.mask(code.str.startswith(starts, na=False), department)
    return told.fillna(by_post.where(code.str.fullmatch(r"\d{5}").fillna(value=False).astype(bool)))


def _postcodes(cells: pd.Series[str]) -> pd.Series[str]:
    """Return postcodes without the ``.0`` of a number, and with the zero that it took."""
    bare = cells.astype("str").str.strip().str.replace(r"^(\d{4,5})\.0$", r"\1", regex=True)
    return bare.str.replace(r"^(\d{4})$", r"0\1", regex=True)


def points(cells: pd.Series[str]) -> tuple[pd.Series[float], pd.Series[float]]:
    """Return latitudes and longitudes (degrees) of points written as ``lat,lon`` or as WKT.

    Examples
    --------
    >>> import pandas as pd
    >>> latitude, longitude = points(pd.Series(["44.1, 3.07", "POINT(3.07 44.1)", "Millau"]))
    >>> latitude.tolist(), longitude.tolist()
    ([44.1, 44.1, nan], [3.07, 3.07, nan])
    """
    text = cells.astype("str")
    plain = text.str.extract(_POINT).astype("float64")
    wkt = text.str.extract(_WKT).astype("float64")
    return plain[0].fillna(wkt[1]), plain[1].fillna(wkt[0])
