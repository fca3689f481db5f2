"""Which firms could take what others release: industrial symbiosis, ranked pair by pair.

Three kinds of knowledge are added up: the table of industrial flows (what each process releases and
takes), the activity profiles, and, where exchanges of other sites are given, what firms of the
same kind did there.  Everything is an estimate, to be confirmed by people.  Decision 0022 says how
the weights were chosen and how well the ranking does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from toolkit import category_links
from toolkit.errors import Problem, UsageError
from toolkit.knowledge.firms import Firms, likeness, process_or_activity, understand
from toolkit.knowledge.industry import PRODUCT, industry
from toolkit.knowledge.profiles import NEED, OFFER, Profiles

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]
    Codes = npt.NDArray[np.object_]

FROM_PROCESS: Final = "process"
FROM_PROFILE: Final = "profile"
FROM_SITES: Final = "sites"
REASONS: Final = (FROM_PROCESS, FROM_PROFILE, FROM_SITES)
"""What weighs most in a score: the table of flows, the profiles, or exchanges of other sites."""
COLUMNS: Final = (
    "supplier_id",
    "accepter_id",
    "score",
    "why",
    "flow",
    "category",
    "nature",
    "supplier_as",
    "accepter_as",
    "basis",
)
SITE_COLUMNS: Final = ("site", "supplier", "accepter")
ROOTS: Final = ("energy", "materials", "water")
"""Categories that pass from one process to another; premises or skills are pooled."""
PROFILE_WEIGHT: Final = 0.2
SITES_WEIGHT: Final = 0.2
PRODUCT_SHARE: Final = 0.3
CROWDING: Final = 0.5
"""Power of the number of firms that offer or need a flow, by which its weight is divided: what many
offer need not come from this one."""
NEAR: Final = 0.5
"""Nearness of categories from which one can serve instead of the other."""
_SHARPNESS: Final = 3
_BASE: Final = 2.0
_BASIS: Final = "estimated"


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """Scores of pairs, the reason that weighs most, and the flow and category of each."""

    score: Floats
    why: Ints
    flow: Ints
    category: Codes


def rank_pairs(
    firms: pd.DataFrame,
    profiles: Profiles | None = None,
    *,
    exchanges: pd.DataFrame | None = None,
    product_share: float = PRODUCT_SHARE,
    top: int | None = None,
) -> pd.DataFrame:
    """Return the possible supplier-accepter pairs of firms, the likeliest first.

    The score of a pair is that of its best flow: how typical it is that the supplier's process
    releases it times how typical that the accepter's process takes it, divided by the square root
    of the number of firms that offer and that need it (each counted by its weight, at least 1).
    To it are added ``PROFILE_WEIGHT`` times the same with categories of the profiles and
    ``SITES_WEIGHT`` times the share of exchanges among like pairs of the other sites.

    Parameters
    ----------
    firms : DataFrame, shape (n_firms, ...)
        ``actor_id``, unique, and ``name``; ``activity`` (either NAF) where it is known.
    profiles : Profiles, optional
        Profiles of activities; without them the table of flows alone is used.
    exchanges : DataFrame, optional
        Exchanges known elsewhere: ``site``, ``supplier`` and ``accepter`` (names).
    product_share : float, default 0.3
        Weight of flows that are made to be sold, in [0, 1]: these find their buyers by themselves.
        0 keeps by-products and utilities only, 1 counts sales as much as them.
    top : int, optional
        Most pairs returned; by default all whose score is above 0.

    Returns
    -------
    DataFrame
        Columns :data:`COLUMNS`: ``score`` is at least 0 and orders pairs of one call, it is no
        probability; ``why`` is one of :data:`REASONS`; ``flow`` is empty where a profile or a site
        decides, ``category`` where a site does; ``supplier_as`` and ``accepter_as`` are the process
        or the activity from which it follows; ``basis`` is ``estimated``.

    Raises
    ------
    UsageError
        If a column is missing, an id stands twice, or ``product_share`` or ``top`` is not possible.

    Notes
    -----
    A firm of which neither name nor activity tells anything is in no pair, unless ``exchanges`` is
    given.  Ties are broken by the ids.  Cost: the square of the number of firms, times the flows
    that several share.

    References
    ----------
    No source: own rule, see docs/decisions/0022.

    Examples
    --------
    >>> rows = [("a", "Centrale à charbon"), ("b", "Cimenterie"), ("c", "Boulangerie")]
    >>> ranked = rank_pairs(pd.DataFrame(rows, columns=["actor_id", "name"]), top=1)
    >>> ranked[["supplier_id", "accepter_id", "flow"]].iloc[0].tolist()
    ['a', 'b', 'fly_ash']
    """
    _check(firms, exchanges, product_share=product_share, top=top)
    ordered = firms.sort_values("actor_id", ignore_index=True)
    here = understand(ordered)
    flows = industry().flows
    shares = np.where(flows["nature"] == PRODUCT, product_share, 1.0)
    by_flow, flow = _best(here.offers, here.needs, shares=shares)
    by_category, category, categories = _by_profile(here, profiles)
    parts = [by_flow, PROFILE_WEIGHT * by_category, SITES_WEIGHT * _by_sites(here, exchanges)]
    score = np.sum(parts, axis=0)
    np.fill_diagonal(score, 0.0)
    supplier, accepter = np.nonzero(score)
    order = np.lexsort((accepter, supplier, -score[supplier, accepter].round(9)))[:top]
    at = (supplier[order], accepter[order])
    why = np.argmax([part[at] for part in parts], axis=0)
    of_profile = np.array(categories, dtype="object")[category[at]]
    return _told(here, at, found=_Found(score[at], why, flow[at], of_profile))


def _check(
    firms: pd.DataFrame, exchanges: pd.DataFrame | None, *, product_share: float, top: int | None
) -> None:
    missing = [one for one in ("actor_id", "name") if one not in firms.columns]
    if exchanges is not None:
        missing += [one for one in SITE_COLUMNS if one not in exchanges.columns]
    if missing:
        raise UsageError(Problem("symbiosis_columns", found=", ".join(missing)))
    twice = firms["actor_id"][firms["actor_id"].duplicated()]
    if not twice.empty:
        raise UsageError(Problem("symbiosis_twice", found=str(twice.iloc[0])))
    if not 0 <= product_share <= 1:
        raise UsageError(Problem("symbiosis_share", found=str(product_share)))
    if top is not None and top < 1:
        raise UsageError(Problem("symbiosis_top", found=str(top)))


def _best(offers: Floats, needs: Floats, *, shares: Floats) -> tuple[Floats, Ints]:
    """Return for each pair the score of its best flow, and which that is (-1 if none)."""
    count = len(offers)
    best = np.zeros((count, count))
    which = np.full((count, count), -1)
    for flow, share in enumerate(shares):
        givers, takers = np.flatnonzero(offers[:, flow]), np.flatnonzero(needs[:, flow])
        if not (givers.size and takers.size and share):
            continue
        given, taken = offers[givers, flow], needs[takers, flow]
        crowd = max(1.0, float(np.sort(given).sum())) * max(1.0, float(np.sort(taken).sum()))
        value = share * np.outer(given, taken) / crowd**CROWDING
        block = np.ix_(givers, takers)
        is_better = value > best[block]
        best[block] = np.where(is_better, value, best[block])
        which[block] = np.where(is_better, flow, which[block])
    return best, which


def _by_profile(here: Firms, profiles: Profiles | None) -> tuple[Floats, Ints, tuple[str, ...]]:
    """Return the score by profiles of each pair, the category offered, and the categories."""
    count = len(here.ids)
    if profiles is None:
        return np.zeros((count, count)), np.full((count, count), -1), ("",)
    rows = profiles.of(code for codes in here.activities for code in codes)
    rows = rows[rows["category"].str.split(".").str[0].isin(ROOTS)]
    categories = tuple(sorted(set(rows["category"])))
    offered, needed = (
        _held(here, rows[rows["side"] == side], categories=categories) for side in (OFFER, NEED)
    )
    taken = np.zeros_like(needed)
    for at, category in enumerate(categories):
        near = np.array([category_links.nearness(one, category) for one in categories])
        taken[:, at] = (needed * np.where(near >= NEAR, near, 0.0)).max(axis=1, initial=0.0)
    best, which = _best(offered, taken, shares=np.ones(len(categories)))
    return best, which, (*categories, "")


def _held(here: Firms, rows: pd.DataFrame, *, categories: tuple[str, ...]) -> Floats:
    """Return how typical each category is of each firm, by profile rows of one side."""
    column = {one: number for number, one in enumerate(categories)}
    of_code: dict[str, list[tuple[int, float]]] = {}
    cells = (rows[name] for name in ("activity", "category", "weight"))
    for activity, category, weight in zip(*cells, strict=True):
        of_code.setdefault(activity, []).append((column[category], weight))
    held = np.zeros((len(here.ids), len(categories)))
    for number, codes in enumerate(here.activities):
        for code, expected in codes.items():
            for at, weight in of_code.get(code, ()):
                held[number, at] = max(held[number, at], expected * weight)
    return held


def _by_sites(here: Firms, exchanges: pd.DataFrame | None) -> Floats:
    """Return the share of exchanges among pairs of other sites, weighted by how like they are."""
    count = len(here.ids)
    if exchanges is None or exchanges.empty:
        return np.zeros((count, count))
    done, seen = np.zeros((count, count)), np.zeros((count, count))
    exchanged, possible = 0, 0
    for _, site in exchanges.groupby("site"):
        names = sorted(set(site["supplier"]) | set(site["accepter"]))
        there = understand(pd.DataFrame({"actor_id": names, "name": names}))
        like = likeness(here, there) ** _SHARPNESS
        row = {name: number for number, name in enumerate(names)}
        known = np.zeros((len(names), len(names)))
        known[site["supplier"].map(row), site["accepter"].map(row)] = 1.0
        np.fill_diagonal(known, 0.0)
        done += like @ known @ like.T
        seen += like @ (1.0 - np.eye(len(names))) @ like.T
        exchanged += int(known.sum())
        possible += len(names) * (len(names) - 1)
    base = exchanged / max(1, possible)
    return (done + _BASE * base) / (seen + _BASE)


def _told(here: Firms, at: tuple[Ints, Ints], *, found: _Found) -> pd.DataFrame:
    """Return the table of pairs with the reasons of their scores."""
    flows = industry().flows
    ids = np.array(here.ids, dtype="object")
    kinds = np.array(
        [process_or_activity(here, number) for number in range(len(here.ids))], dtype="object"
    )
    by_process = found.why == REASONS.index(FROM_PROCESS)
    by_profile = found.why == REASONS.index(FROM_PROFILE)
    names, of_flow, natures = (
        np.where(by_process, np.array([*values, ""], dtype="object")[found.flow], "")
        for values in (flows.index, flows["category"], flows["nature"])
    )
    columns = {
        "supplier_id": ids[at[0]],
        "accepter_id": ids[at[1]],
        "score": found.score,
        "why": np.array(REASONS, dtype="object")[found.why],
        "flow": names,
        "category": np.where(by_profile, found.category, of_flow),
        "nature": natures,
        "supplier_as": kinds[at[0]],
        "accepter_as": kinds[at[1]],
        "basis": np.full(len(found.score), _BASIS, dtype="object"),
    }
    frame = pd.DataFrame(columns, columns=list(COLUMNS))
    return frame.astype({one: "str" for one in COLUMNS if one != "score"})
