"""Good practices of cooperation and levers of public policy: read, checked, brought to a candidate.

A practice is a cooperation that exists somewhere and was read of in a public source; a lever is a
programme, a right or a fund that helps such a cooperation.  Rows of expert judgement are refused:
both tables hold facts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Final

import pandas as pd

from toolkit import nomenclature
from toolkit import vocabulary as v
from toolkit.knowledge import tables
from toolkit.knowledge.tables import Fault
from toolkit.schema import CONTRACTS

PRACTICES: Final = "practices"
LEVERS: Final = "levers"
TERRITORY_KINDS: Final = (
    "rural", "small_town", "city", "metropolis", "island", "mountain", "coastal", "industrial",
)  # fmt: skip
LEVELS: Final = ("local", "regional", "national", "european")
"""Levels of a lever, the nearest first."""
PRACTICE_COLUMNS: Final = (
    "practice_id",
    "title_fr",
    "title_en",
    "what_fr",
    "what_en",
    "place",
    "territory_kind",
    "since",
    "sectors",
    "pillars",
    "objectives",
    "families",
    "categories",
    "conditions_fr",
    "conditions_en",
    "source",
)
"""Columns of the practices: ``since`` is a year; ``families`` are those of the partners."""
LEVER_COLUMNS: Final = (
    "lever_id",
    "level",
    "name_fr",
    "name_en",
    "what_fr",
    "what_en",
    "who_fr",
    "who_en",
    "families",
    "pillars",
    "objectives",
    "sectors",
    "categories",
    "checked_on",
    "source",
)
"""Columns of the levers: ``families`` may apply; ``checked_on`` dates what was read (ISO 8601)."""
FACETS: Final = ("categories", "pillars", "objectives", "sectors")
"""What a lever may share with a candidate, besides who may apply."""
_LISTS: Final = (*FACETS, "families")
REASON_COLUMNS: Final = ("score", *(f"shared_{name}" for name in _LISTS))
"""Columns added to what is found for a candidate: how near it is, and what is shared."""
_FIRST_YEAR: Final = 1800
_LAST_YEAR: Final = 2100
_MAY_BE_EMPTY: Final = frozenset({"since", "conditions_fr", "conditions_en", *_LISTS})
_SAID_TWICE: Final = ("conditions_fr", "conditions_en")
_DATE: Final = re.compile(r"[0-9]{4}(-[0-9]{2}){0,2}")
_FIRST_DAY: Final = "0001-01-01"

_Codes = dict[str, tuple[str, ...]]
"""Codes by facet."""


def read_practices(folder: Path | None = None) -> pd.DataFrame:
    """Return the good practices, with those that a territory adds or changes.

    Parameters
    ----------
    folder : Path, optional
        Folder ``knowledge`` of a territory.  A row of its ``practices.csv``, which need not exist,
        takes the place of the shipped one of the same id.

    Returns
    -------
    DataFrame
        Columns :data:`PRACTICE_COLUMNS` as text and ``link``, the web address of the source (empty
        where it has none); by id.

    Raises
    ------
    DataError
        If a file cannot be read or a row is wrong; all faults of a file at once.
    """
    return _read(PRACTICES, PRACTICE_COLUMNS, folder=folder)


def read_levers(folder: Path | None = None) -> pd.DataFrame:
    """Return the levers, with those that a territory adds or changes (see `read_practices`).

    Parameters
    ----------
    folder : Path, optional
        Folder ``knowledge`` of a territory, which may hold a ``levers.csv``.

    Returns
    -------
    DataFrame
        Columns :data:`LEVER_COLUMNS` as text and ``link``; by id.

    Raises
    ------
    DataError
        If a file cannot be read or a row is wrong; all faults of a file at once.
    """
    return _read(LEVERS, LEVER_COLUMNS, folder=folder)


def as_practices(rows: pd.DataFrame, lang: str) -> pd.DataFrame:
    """Return practices as rows of the model's table ``practices``.

    Parameters
    ----------
    rows : DataFrame
        As `read_practices` returns them.
    lang : str
        ``fr`` or ``en``: language of the title, of what is done and of the conditions.

    Returns
    -------
    DataFrame
        Columns and types of the contract.  ``basis`` is ``recorded``; ``source_id`` stays empty
        (the sources of the model are those of the territory) and ``link`` tells where it was read.
    """
    contract = CONTRACTS[v.PRACTICES]
    plain = ("practice_id", "place", "sectors", "pillars", "objectives", "families", "link")
    told = ("title", "what", "conditions")
    frame = pd.DataFrame(
        {name: rows[name] for name in plain} | {name: rows[f"{name}_{lang}"] for name in told}
    )
    frame = frame.astype("str").mask(lambda cells: cells == "", None)
    frame["since"] = pd.to_numeric(rows["since"], errors="coerce")
    frame["basis"] = "recorded"
    frame["source_id"] = pd.Series(None, index=rows.index, dtype="str")
    types = {column.name: column.dtype for column in contract.columns}
    return frame[list(contract.names)].astype(types).reset_index(drop=True)


def levers_for(
    levers: pd.DataFrame,
    *,
    categories: Iterable[str] = (),
    pillars: Iterable[str] = (),
    objectives: Iterable[str] = (),
    sectors: Iterable[str] = (),
    families: Iterable[str] = (),
) -> pd.DataFrame:
    """Return the levers that could help a candidate or an opening, the nearest to it first.

    A lever is left out if it names categories and none is met, if no family of the members may
    apply, or if it shares nothing.  The others are ranked by the mean, over the facets that the
    candidate fills in (families apart), of the share of its codes that the lever names.

    Parameters
    ----------
    levers : DataFrame
        As `read_levers` returns them.
    categories, pillars, objectives, sectors : iterable of str
        Codes of the candidate.  A category meets those above and below it.
    families : iterable of str
        Families of the members; none means that who may apply is not looked at.

    Returns
    -------
    DataFrame
        Columns of `levers`, then :data:`REASON_COLUMNS`: ``score`` in (0, 1], and the candidate's
        codes that the lever names, which are the reason.  By score, the nearest level, then id.

    Examples
    --------
    >>> columns = (*LEVER_COLUMNS, "link")
    >>> lever = {name: "" for name in columns} | {"lever_id": "heat", "categories": "energy.heat"}
    >>> found = levers_for(pd.DataFrame([lever]), categories=["energy.heat.steam"])
    >>> found[["lever_id", "score", "shared_categories"]].to_numpy().tolist()
    [['heat', 1.0, 'energy.heat.steam']]
    """
    asked = _asked(categories, pillars, objectives, sectors, families)
    found = _nearest(levers, asked, scored=FACETS, needed=("categories", "families"))
    rank = found["level"].map({level: number for number, level in enumerate(LEVELS)})
    order = found.assign(minus=-found["score"].round(9), rank=rank)
    order = order.sort_values(["minus", "rank", "lever_id"], ignore_index=True)
    return order.drop(columns=["minus", "rank"])


def practices_for(
    practices: pd.DataFrame,
    *,
    categories: Iterable[str] = (),
    pillars: Iterable[str] = (),
    objectives: Iterable[str] = (),
    sectors: Iterable[str] = (),
    families: Iterable[str] = (),
) -> pd.DataFrame:
    """Return the good practices about what a candidate is about, the nearest to it first.

    A practice of another subject is left out: one that names categories of which none is met.  The
    others are ranked by the mean, over the facets that the candidate fills in (families too), of
    the share of its codes that the practice names.

    Parameters
    ----------
    practices : DataFrame
        As `read_practices` returns them.
    categories, pillars, objectives, sectors, families : iterable of str
        Codes of the candidate.  A category meets those above and below it.

    Returns
    -------
    DataFrame
        Columns of `practices`, then :data:`REASON_COLUMNS` (see `levers_for`); by score, then id.
    """
    asked = _asked(categories, pillars, objectives, sectors, families)
    found = _nearest(practices, asked, scored=_LISTS, needed=("categories",))
    order = found.assign(minus=-found["score"].round(9))
    order = order.sort_values(["minus", "practice_id"], ignore_index=True)
    return order.drop(columns="minus")


def _asked(*given: Iterable[str]) -> _Codes:
    return {facet: tuple(dict.fromkeys(codes)) for facet, codes in zip(_LISTS, given, strict=True)}


def _nearest(
    rows: pd.DataFrame, asked: _Codes, *, scored: Sequence[str], needed: Sequence[str]
) -> pd.DataFrame:
    """Return the rows that share something, with their score and what they share.

    A row that names codes of a facet in ``needed`` must share one, if any is asked for.
    """
    kept = []
    for row in rows.to_dict("records"):
        named = {facet: v.split_list(row[facet]) for facet in _LISTS}
        shared = {facet: _shared(facet, asked[facet], named=named[facet]) for facet in _LISTS}
        barred = any(asked[one] and named[one] and not shared[one] for one in needed)
        parts = [len(shared[one]) / len(asked[one]) for one in scored if asked[one]]
        score = sum(parts) / len(parts) if parts else 0.0
        if score > 0 and not barred:
            reason = {f"shared_{facet}": v.join_list(shared[facet]) for facet in _LISTS}
            kept.append(row | {"score": score} | reason)
    found = pd.DataFrame(kept, columns=[*rows.columns, *REASON_COLUMNS])
    return found.astype({"score": "float64"})


def _shared(facet: str, asked: Sequence[str], *, named: Sequence[str]) -> tuple[str, ...]:
    """Return the codes asked for that are named; a category meets those above and below it."""
    if facet != "categories":
        return tuple(code for code in asked if code in named)
    return tuple(
        code
        for code in asked
        if any(f"{code}.".startswith(f"{one}.") or one.startswith(f"{code}.") for one in named)
    )


def _read(name: str, columns: Sequence[str], *, folder: Path | None) -> pd.DataFrame:
    sources = tables.read_sources(folder)
    known = sources["source_id"]
    rows = _checked(tables.path_of(name), columns, sources=known)
    key = columns[0]
    if folder is not None and tables.path_of(name, folder).is_file():
        own = _checked(tables.path_of(name, folder), columns, sources=known)
        rows = pd.concat([rows[~rows[key].isin(own[key])], own], ignore_index=True)
    links = dict(zip(known, sources["url"], strict=True))
    linked = rows.assign(link=rows["source"].map(links).astype("str"))
    return linked.sort_values(key, ignore_index=True)


def _checked(path: Path, columns: Sequence[str], *, sources: Iterable[str]) -> pd.DataFrame:
    """Return the rows of a file after checking each cell; raise every fault at once."""
    rows = tables.read_table(path, columns)
    faults = [
        *tables.missing(rows, (name for name in columns if name not in _MAY_BE_EMPTY)),
        *tables.repeated(rows, columns[:1]),
        *tables.unknown(rows, "source", codes=sources),
        *_list_faults(rows),
        *(_practice_faults(rows) if "since" in columns else _lever_faults(rows)),
    ]
    tables.raise_all(path, sorted(faults, key=lambda fault: fault.line))
    return rows.reset_index(drop=True)


def _list_faults(rows: pd.DataFrame) -> list[Fault]:
    """Return a fault for each code of a list that is unknown, and for rows that nothing can match.

    A row with neither sectors, pillars, objectives nor categories would never be brought up.
    """
    known = {
        **{name: nomenclature.codes(name) for name in ("categories", "pillars", "sectors")},
        "objectives": frozenset(v.OBJECTIVES),
        "families": frozenset(v.FAMILIES),
    }
    faults = [
        Fault("knowledge_code", line, name, code)
        for name in _LISTS
        for line, cell in zip(rows.index, rows[name], strict=True)
        for code in v.split_list(cell)
        if code not in known[name]
    ]
    blank = rows.index[(rows[list(FACETS)] == "").all(axis="columns")]
    return faults + [Fault("knowledge_empty", line, "objectives", "") for line in blank]


def _practice_faults(rows: pd.DataFrame) -> list[Fault]:
    _, faults = tables.numbers(rows, "since", lowest=_FIRST_YEAR, highest=_LAST_YEAR)
    faults += tables.unknown(rows, "territory_kind", codes=TERRITORY_KINDS)
    faults += tables.missing(rows, ("families",))
    filled = rows[list(_SAID_TWICE)] != ""
    faults += [
        Fault("knowledge_empty", line, name, "")
        for name in _SAID_TWICE
        for line in rows.index[filled.any(axis="columns") & ~filled[name]]
    ]
    return faults


def _lever_faults(rows: pd.DataFrame) -> list[Fault]:
    faults = tables.unknown(rows, "level", codes=LEVELS)
    faults += tables.missing(rows, ("families",))
    return faults + [
        Fault("knowledge_date", line, "checked_on", cell)
        for line, cell in zip(rows.index, rows["checked_on"], strict=True)
        if cell and not _is_date(cell)
    ]


def _is_date(cell: str) -> bool:
    """Return whether a cell is a year, a month or a day of ISO 8601."""
    if not _DATE.fullmatch(cell):
        return False
    try:
        date.fromisoformat(cell + _FIRST_DAY[len(cell) :])
    except ValueError:
        return False
    return True
