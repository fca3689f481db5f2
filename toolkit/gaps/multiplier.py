"""How often money turns inside the territory: LM3 from flows of money, and FLQ as a function only.

LM3 follows money for three rounds: what somebody spends (R1), the part of it spent inside the
territory (R2), and the part of that which those who received it spend inside again (R3);
``(R1 + R2 + R3) / R1`` lies between 1, all leaves at once, and 3, nothing leaves.

What the data must hold: flows of nature ``money`` in a currency, origin pays destination, with what
is paid *outside* too, for the spenders and for those they pay.  The local share of what an actor is
recorded to spend stands for all that it spends.  Where a recipient has no recorded spending nothing
is assumed: how much of R2 is followed (``coverage``) and the least and the most that LM3 can be are
given, and LM3 itself only where all of R2 is.  Where no payment outside is recorded at all there is
no LM3: everything would seem to stay.  Loans, capital, guarantees and savings are no spending.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from toolkit import units
from toolkit import vocabulary as v
from toolkit.gaps import quantities, table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toolkit.territory import Territory

CURRENCY: Final = "currency"
MONEY: Final = "money"
FINANCING: Final = frozenset(
    {
        *("finance.crowdfunding", "finance.equity", "finance.guarantee"),
        *("finance.loan", "finance.local_savings"),
    }
)
"""Money that is lent or invested, not spent (own rule)."""
MULTIPLIER_COLUMNS: Final = (
    "spender_id",
    "unit",
    "flows",
    "r1",
    "r2",
    "r3",
    "coverage",
    "lm3",
    "lm3_min",
    "lm3_max",
    "reason",
)
"""One row a spender, the first (without id) for all of them together.

``r1``: recorded spending of the latest year; ``r2``: its part inside; ``r3``: what is known to be
spent inside again; ``coverage``: share of ``r2`` whose recipients have recorded spending; ``lm3``:
NaN where there is a ``reason``: ``respending_unknown`` or ``outside_unknown``; ``lm3_min`` and
``lm3_max``: between which it lies whatever the unknown recipients do (NaN where no payment outside
is recorded)."""
_NUMBERS: Final = frozenset(MULTIPLIER_COLUMNS) - {"spender_id", "unit", "reason"}
RESPENDING_UNKNOWN: Final = "respending_unknown"
OUTSIDE_UNKNOWN: Final = "outside_unknown"


def lm3(r1: float, r2: float, *, r3: float) -> float:
    """Return the local multiplier of three rounds of spending.

    Parameters
    ----------
    r1, r2, r3 : float
        What is spent, its part inside the territory, and what of that is spent inside again, in
        one currency; ``r1 >= r2 >= r3 >= 0`` and ``r1 > 0``.

    Returns
    -------
    float
        In [1, 3].

    Raises
    ------
    ValueError
        If the rounds are not finite, or one is larger than the one before.

    References
    ----------
    Sacks, J. (2002). The Money Trail. New Economics Foundation.

    Examples
    --------
    >>> lm3(100, 60, r3=24)
    1.84
    """
    if not (math.isfinite(r1) and r1 > 0 and 0 <= r3 <= r2 <= r1):
        message = f"Rounds must be r1 >= r2 >= r3 >= 0 with r1 > 0; got {(r1, r2, r3)!r}."
        raise ValueError(message)
    return min(max((r1 + r2 + r3) / r1, 1.0), 3.0)


@dataclass(frozen=True, slots=True)
class _Spender:
    """What somebody pays: whole amounts, and those inside by recipient."""

    paid: tuple[float, ...]
    inside: tuple[tuple[str, float], ...]

    @property
    def local_share(self) -> float:
        """Share of the spending that stays inside."""
        return min(1.0, math.fsum(amount for _, amount in self.inside) / math.fsum(self.paid))


def find(territory: Territory) -> pd.DataFrame:
    """Return the local multiplier of every spender and of all together.

    Parameters
    ----------
    territory : Territory
        Tables used: flows.

    Returns
    -------
    DataFrame
        Columns ``MULTIPLIER_COLUMNS``, sorted by spender; no rows where no spending is recorded.

    Notes
    -----
    All together, every payment is a first round: an inside payment is then the second round of one
    and the first of another, as in a mean of the spenders weighted by what they spend.
    """
    spenders, outside_known = _spenders(territory)
    if not spenders:
        return table.without_rows(MULTIPLIER_COLUMNS, numbers=_NUMBERS)
    shares = {name: one.local_share for name, one in spenders.items()}
    everybody = _Spender(
        tuple(amount for one in spenders.values() for amount in one.paid),
        tuple(pair for one in spenders.values() for pair in one.inside),
    )
    rows = [
        _row(name, one, shares=shares, outside_known=outside_known)
        for name, one in (("", everybody), *spenders.items())
    ]
    return pd.DataFrame(
        {
            name: pd.Series(
                [row[name] for row in rows], dtype="float64" if name in _NUMBERS else "str"
            )
            for name in MULTIPLIER_COLUMNS
        }
    )


def _spenders(territory: Territory) -> tuple[dict[str, _Spender], bool]:
    """Return who pays what, by id, in the latest year, and whether any payment leaves."""
    flows = territory.table(v.FLOWS).sort_values("flow_id", kind="stable")
    unit = flows["unit"].fillna("").astype("str")
    in_money = unit.map(quantities.measure_of).eq(CURRENCY) & (flows["nature"] == MONEY)
    spent = ~flows["category"].isin(FINANCING) & (flows["origin"] != v.OUTSIDE)
    flows, unit = pd.DataFrame(flows[in_money & spent]), unit[in_money & spent]
    base = quantities.base_unit(CURRENCY)
    rates = unit.map(lambda code: units.factor(code, base)).astype("float64")
    amount = flows["quantity"].astype("float64") * rates
    sized = (amount > 0) & np.isfinite(amount)
    flows, amount = flows[sized], amount[sized]
    year = flows["year"].astype("Float64")
    current = (year.isna() | (year == year.max())).fillna(value=True).to_numpy(dtype="bool")
    flows, amount = flows[current], amount[current]
    paid: dict[str, list[tuple[str, float]]] = {}
    lines = zip(flows["origin"], flows["destination"], amount, strict=True)
    for origin, destination, part in lines:
        paid.setdefault(str(origin), []).append((str(destination), float(part)))
    spenders = {
        name: _Spender(
            tuple(part for _, part in paid[name]),
            tuple(pair for pair in paid[name] if pair[0] != v.OUTSIDE),
        )
        for name in sorted(paid)
    }
    return spenders, bool((flows["destination"] == v.OUTSIDE).any())


def _row(
    name: str, one: _Spender, *, shares: dict[str, float], outside_known: bool
) -> dict[str, object]:
    """Return the three rounds of a spender; nothing is assumed of recipients without spending."""
    r1 = math.fsum(one.paid)
    r2 = min(r1, math.fsum(part for _, part in one.inside))
    known = math.fsum(part for recipient, part in one.inside if recipient in shares)
    unknown = max(0.0, r2 - known)
    followed = (part * shares[to] for to, part in one.inside if to in shares)
    r3 = min(r2, math.fsum(followed))
    complete = all(recipient in shares for recipient, _ in one.inside)
    reason = "" if complete else RESPENDING_UNKNOWN
    least, most = lm3(r1, r2, r3=r3), lm3(r1, r2, r3=r3 if complete else min(r2, r3 + unknown))
    if not outside_known:
        reason, least, most = OUTSIDE_UNKNOWN, math.nan, math.nan
    return {
        "spender_id": name,
        "unit": quantities.base_unit(CURRENCY),
        "flows": float(len(one.paid)),
        "r1": r1,
        "r2": r2,
        "r3": r3,
        "coverage": 1.0 if complete else min(1.0, known / r2),
        "lm3": math.nan if reason else least,
        "lm3_min": least,
        "lm3_max": most,
        "reason": reason,
    }


# --- regional coefficients: a function, no measure of a small territory ------------------------
def lambda_star(size_share: float, *, delta: float = 0.3) -> float:
    """Return how much a region's size lowers its trade coefficients in FLQ.

    Parameters
    ----------
    size_share : float
        Jobs of the region over those of the country, in (0, 1].
    delta : float, default 0.3
        In [0, 1); 0 takes no account of size.

    Raises
    ------
    ValueError
        If a value is out of its range.

    Examples
    --------
    >>> round(lambda_star(0.02), 4), round(lambda_star(0.1), 4), round(lambda_star(0.0005), 3)
    (0.3442, 0.5514, 0.114)
    """
    if not (0 < size_share <= 1 and 0 <= delta < 1):
        message = (
            f"Size share must be in (0, 1] and delta in [0, 1); got {size_share!r}, {delta!r}."
        )
        raise ValueError(message)
    return float(np.log2(1.0 + size_share) ** delta)


def flq(
    quotients: NDArray[np.float64], size_share: float, *, delta: float = 0.3
) -> NDArray[np.float64]:
    """Return Flegg's location quotients: how far industry i could supply industry j at home.

    ``lambda* x LQ_i / LQ_j``, and ``lambda* x LQ_i`` on the diagonal.  **This is no measure of an
    EPCI.**  At 0.05 % of the country's jobs lambda* is 0.114: almost everything comes out as
    imported, because of the formula and not of the territory.  No diagnosis uses it; it is here for
    regions of several per cent of a country, whose delta somebody has estimated.

    Parameters
    ----------
    quotients : array, shape (n,)
        Location quotients of the region's industries by jobs, >= 0.
    size_share : float
        Jobs of the region over those of the country, in (0, 1].
    delta : float, default 0.3
        In [0, 1).  With 0 this is CILQ, with LQ on the diagonal.

    Returns
    -------
    array, shape (n, n)
        Rows supply, columns use; a column is 0 where the region has nothing of the industry.
        Multiply national coefficients by ``min(1, FLQ)`` for regional ones.

    Raises
    ------
    ValueError
        If a quotient is negative or not finite, or another value is out of its range.

    References
    ----------
    Flegg, A. T., Webber, C. D. (1997). On the appropriate use of location quotients in generating
    regional input-output tables: reply. Regional Studies 31(8).

    Examples
    --------
    >>> flq(np.array([0.5, 2.0]), 0.1, delta=0).tolist()
    [[0.5, 0.25], [4.0, 2.0]]
    """
    values = np.asarray(quotients, dtype="float64")
    if values.ndim != 1 or not np.isfinite(values).all() or (values < 0).any():
        message = f"Location quotients must be one row of finite values >= 0; got {quotients!r}."
        raise ValueError(message)
    present = values > 0
    crossed = np.divide(
        values[:, None], values[None, :], out=np.zeros((len(values),) * 2), where=present[None, :]
    )
    np.fill_diagonal(crossed, values)
    return np.asarray(lambda_star(size_share, delta=delta) * crossed, dtype="float64")
