"""SIREN and SIRET: read from what people and spreadsheets write, verified, never invented.

References
----------
.. [1] Luhn, H. P. (1960). Computer for verifying numbers. US patent 2,950,048.  (the check digit)
.. [2] The exception of La Poste and the ways spreadsheets damage numbers: own survey of public
   files, see docs/decisions.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from toolkit.schema.values import as_float, is_missing, is_number, written

if TYPE_CHECKING:
    import pandas as pd

Digits = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

SIREN_LENGTH: Final = 9
SIRET_LENGTH: Final = 14
LA_POSTE: Final = "356000000"
"""SIREN whose SIRETs do not follow Luhn: the sum of their digits is a multiple of 5."""

ROUNDED: Final = "identifier_rounded"
LOST_ZERO: Final = "identifier_lost_zero"
LENGTH: Final = "identifier_length"
CHARACTERS: Final = "identifier_characters"
CHECKSUM: Final = "identifier_checksum"
SIRET_IS_SIREN: Final = "siret_is_siren"
SIREN_IS_SIRET: Final = "siren_is_siret"

_FIVE = 5
_NINE = 9
_ROUND_ZEROS: Final = "00000"
_EXACT_FLOAT: Final = 2**53
_BLANKS = re.compile(
    "[\\s.\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}\N{ZERO WIDTH SPACE}\ufeff'-]"
)
_FLOAT_TAIL = re.compile(r"(?<=\d{8})[.,]0{1,2}$")
_SCIENTIFIC = re.compile(r"\d(?:[.,]\d*)?[eE]\+?\d{1,2}")
_EMPTY: Final = frozenset(
    {"", "nan", "none", "null", "[nd]", "nd", "nc", "nr", "na", "n/a", "nonrenseigné", "x"}
)


def is_luhn(digits: str) -> bool:
    """Return whether a text of digits ends in its Luhn check digit.

    Examples
    --------
    >>> is_luhn("732829320"), is_luhn("732829321")
    (True, False)
    """
    if not (digits.isascii() and digits.isdigit()):
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - _NINE if value > _NINE else value
    return total % 10 == 0


def is_siren(digits: str) -> bool:
    """Return whether a text is a SIREN: 9 digits, the last a Luhn check digit, not all zero."""
    return len(digits) == SIREN_LENGTH and is_luhn(digits) and digits.strip("0") != ""


def is_siret(digits: str) -> bool:
    """Return whether a text is a SIRET: a SIREN, then 5 digits, by Luhn or by the rule of La Poste.

    No establishment bears the number 00000: it is what rounding leaves.

    Examples
    --------
    >>> is_siret("73282932000074"), is_siret("35600000049837")
    (True, True)
    """
    if len(digits) != SIRET_LENGTH or not is_siren(digits[:SIREN_LENGTH]):
        return False
    if not (digits.isascii() and digits.isdigit()) or digits.endswith(_ROUND_ZEROS):
        return False
    if digits.startswith(LA_POSTE) and sum(map(int, digits)) % _FIVE == 0:
        return True
    return is_luhn(digits)


def clean_siret(cell: object) -> tuple[str | None, str | None]:
    """Return the SIRET that a cell holds, or why it cannot be trusted.

    Blanks, dots and the ``.0`` of a number are taken away; nothing else is mended.

    Parameters
    ----------
    cell : object
        Text or number, as read from a file.

    Returns
    -------
    value : str or None
        14 digits; None where the cell is empty or refused.
    code : str or None
        Reason code where the cell is refused.

    Examples
    --------
    >>> clean_siret("732 829 320 00074")
    ('73282932000074', None)
    >>> clean_siret("7.32829E+13")
    (None, 'identifier_rounded')
    """
    return _clean(cell, length=SIRET_LENGTH)


def clean_siren(cell: object) -> tuple[str | None, str | None]:
    """Return the SIREN that a cell holds, or why it cannot be trusted.

    Same rules and result as :func:`clean_siret`, with 9 digits.

    Examples
    --------
    >>> clean_siren(732829320.0)
    ('732829320', None)
    """
    return _clean(cell, length=SIREN_LENGTH)


def with_lost_zero(cell: object, *, length: int) -> str:
    """Return the identifier with the leading zero that a spreadsheet took; empty if that is none.

    Examples
    --------
    >>> with_lost_zero("5520135", length=9)
    '005520135'
    """
    digits, _ = _digits(cell)
    padded = digits.zfill(length)
    valid = is_siret(padded) if length == SIRET_LENGTH else is_siren(padded)
    return padded if len(digits) < length and valid else ""


def _clean(cell: object, *, length: int) -> tuple[str | None, str | None]:
    digits, code = _digits(cell)
    if code or not digits:
        return None, code
    code = _fault(digits, length=length)
    return (None, code) if code else (digits, None)


def _digits(cell: object) -> tuple[str, str | None]:
    """Return the digits of a cell, or the reason why it holds something else."""
    if is_missing(cell):
        return "", None
    if is_number(cell):
        return _digits_of_number(cell)
    text = written(cell).strip()
    if _SCIENTIFIC.fullmatch(text):
        return _digits_of_scientific(text)
    bare = _BLANKS.sub("", _FLOAT_TAIL.sub("", text))
    if bare.casefold() in _EMPTY:
        return "", None
    return (bare, None) if bare.isascii() and bare.isdigit() else ("", CHARACTERS)


def _digits_of_number(cell: Any) -> tuple[str, str | None]:  # noqa: ANN401 - any number
    if isinstance(cell, int | np.integer):
        return (str(int(cell)), None) if cell >= 0 else ("", CHARACTERS)
    number = as_float(cell)
    if not math.isfinite(number) or number < 0 or not number.is_integer():
        return "", CHARACTERS
    return ("", ROUNDED) if number > _EXACT_FLOAT else (str(int(number)), None)


def _digits_of_scientific(text: str) -> tuple[str, str | None]:
    """Return the digits of ``7.3282932000074E13``; rounded where the mantissa lacks some."""
    mantissa, exponent = re.split("[eE]", text.replace(",", "."))
    number = Decimal(f"{mantissa}E{exponent}")
    shown = len(mantissa.replace(".", ""))
    whole = number == number.to_integral_value()
    return (str(int(number)), None) if whole and shown > int(exponent) else ("", ROUNDED)


def _fault(digits: str, *, length: int) -> str | None:
    """Return why digits are no SIREN or SIRET; None if they are one."""
    is_valid = is_siret if length == SIRET_LENGTH else is_siren
    code: str | None = LENGTH
    if len(digits) == length:
        rounded = digits.endswith(_ROUND_ZEROS) and digits.strip("0") != ""
        code = None if is_valid(digits) else ROUNDED if rounded else CHECKSUM
    elif length == SIRET_LENGTH and is_siren(digits):
        code = SIRET_IS_SIREN
    elif length == SIREN_LENGTH and is_siret(digits):
        code = SIREN_IS_SIRET
    elif 0 < length - len(digits) <= _MOST_LOST and is_valid(digits.zfill(length)):
        code = LOST_ZERO
    return code


_MOST_LOST: Final = 2
"""Leading zeros that may have been lost; with more, a number of another kind is likelier."""


def invalid_sirens(cells: pd.Series[str]) -> pd.Series[bool]:
    """Return where a text is there and is no SIREN; vectorised.

    Returns
    -------
    Series of bool
        Index of `cells`; False where the cell is missing.
    """
    return _invalid(cells, length=SIREN_LENGTH)


def invalid_sirets(cells: pd.Series[str]) -> pd.Series[bool]:
    """Return where a text is there and is no SIRET; vectorised, La Poste included.

    Returns
    -------
    Series of bool
        Index of `cells`; False where the cell is missing.
    """
    return _invalid(cells, length=SIRET_LENGTH)


def _invalid(cells: pd.Series[str], *, length: int) -> pd.Series[bool]:
    given = cells.notna()
    shaped = given & cells.astype("str").str.fullmatch(rf"[0-9]{{{length}}}").fillna(
        value=False
    ).astype("bool")
    bad = given & ~shaped
    if shaped.any():
        texts = cells[shaped].to_numpy(dtype=f"S{length}")
        digits = texts.view(np.uint8).reshape(-1, length).astype(np.int64) - ord("0")
        bad[shaped] = ~_pass(digits)
    return bad


def _pass(digits: Digits) -> Flags:
    """Return which rows of digits are valid identifiers."""
    siren = digits[:, :SIREN_LENGTH]
    valid = _luhn(siren) & siren.any(axis=1)
    if digits.shape[1] == SIRET_LENGTH:
        poste = (siren == [int(mark) for mark in LA_POSTE]).all(axis=1)
        valid &= _luhn(digits) | (poste & (digits.sum(axis=1) % _FIVE == 0))
        valid &= digits[:, SIREN_LENGTH:].any(axis=1)
    return np.asarray(valid, dtype=np.bool_)


def _luhn(digits: Digits) -> Flags:
    """Return which rows of digits end in their Luhn check digit."""
    doubled = digits.copy()
    doubled[:, digits.shape[1] - 2 :: -2] *= 2
    doubled -= _NINE * (doubled > _NINE)
    return np.asarray(doubled.sum(axis=1) % 10 == 0, dtype=np.bool_)
