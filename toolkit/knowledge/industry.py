"""Processes of industry: what each releases and takes, and which of them a firm runs.

An activity code says too little for the exchange of by-products: one class holds chlorine and soda
ash.  So the tables know processes, each with the activities to which it may belong and the words
by which people name it, and flows, each with the processes and activities that offer or need it.
They are expert judgement, written from what is generally known of the processes (decision 0022).
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from toolkit import nomenclature
from toolkit.knowledge import tables
from toolkit.knowledge.profiles import NEED, OFFER, SIDES
from toolkit.knowledge.words import LEGAL_WORDS, MAX_CHARACTERS, STOP_WORDS, stem
from toolkit.nomenclature import fold
from toolkit.vocabulary import split_list

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

PROCESSES: Final = "industrial_processes"
FLOWS: Final = "industrial_flows"
EXCHANGES: Final = "industrial_exchanges"
PROCESS_COLUMNS: Final = ("process_id", "activities", "words_en", "words_fr")
FLOW_COLUMNS: Final = ("flow_id", "category", "nature", "label_fr", "label_en", "source")
EXCHANGE_COLUMNS: Final = ("flow_id", "side", "weight", "codes")
BY_PRODUCT: Final = "by_product"
UTILITY: Final = "utility"
PRODUCT: Final = "product"
NATURES: Final = (BY_PRODUCT, UTILITY, PRODUCT)

_PLAIN_WORDS: Final = """
    plant plants factory works mill company enterprise industry industrial production producer
    producing manufacturer manufacture manufacturing maker making facility unit corporation group
    station centre center site operation operator firm business house
    usine compagnie producteur producteurs fabrication fabricant fabrique
    industrie industriel industrielle atelier site centre
    exploitation groupe unite elaboration
    equipment equipments equipement equipements products produits articles goods services service
    activities activites
"""
"""Words that say that something is made, not what."""
_SPELLINGS: Final = {
    "sulfuric": "sulphuric",
    "sulfur": "sulphur",
    "sulfate": "sulphate",
    "phosphorous": "phosphorus",
    "aluminum": "aluminium",
    "fertilizer": "fertiliser",
    "fertilizers": "fertilisers",
    "tire": "tyre",
    "tires": "tyres",
    "fiber": "fibre",
    "fibers": "fibres",
    "galvanizing": "galvanising",
    "mold": "mould",
    "molding": "moulding",
    "plow": "plough",
    "gray": "grey",
    "automobiles": "automobile",
    "coloring": "colouring",
}
_WORD = re.compile(r"[a-z0-9]+")
_SHORTEST_PART: Final = 3
_PLAIN_WEIGHT: Final = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Industry:
    """The tables of processes and flows, ready to be asked.

    Attributes
    ----------
    processes : tuple of str
        Ids, in the order of the rows of ``offers`` and ``needs``.
    activities : mapping of str to tuple of str
        Activities (NAF rev. 2, any level) to which each process may belong, the likeliest first.
    flows : DataFrame
        Indexed by ``flow_id``: ``category``, ``nature``, ``label_fr``, ``label_en``, ``source``.
    offers, needs : ndarray, shape (n_processes, n_flows)
        How typical it is that a process releases or takes a flow, in [0, 1].
    by_activity : mapping of str to tuple of (str, int, float)
        Side -> activity, flow and weight of the rows that hold for a whole activity.
    phrases : tuple of (frozenset of str, str)
        Stems that name a process together, and the process.
    parts : mapping of str to tuple of str
        Compounds written as one word -> the stems of which they are made.
    rarity : mapping of str to float
        How much a stem tells; 0 for none of the table.
    """

    processes: tuple[str, ...]
    activities: Mapping[str, tuple[str, ...]]
    flows: pd.DataFrame
    offers: Floats
    needs: Floats
    by_activity: Mapping[str, tuple[tuple[str, int, float], ...]]
    phrases: tuple[tuple[frozenset[str], str], ...]
    parts: Mapping[str, tuple[str, ...]]
    rarity: Mapping[str, float]


@cache
def industry() -> Industry:
    """Return the shipped tables.

    Raises
    ------
    DataError
        If a row of a table is wrong; all faults of a file at once.
    """
    processes = _checked(PROCESSES, PROCESS_COLUMNS, key=("process_id",))
    flows = _checked(FLOWS, FLOW_COLUMNS, key=("flow_id",)).set_index("flow_id")
    exchanges = _checked(EXCHANGES, EXCHANGE_COLUMNS, key=EXCHANGE_COLUMNS[:3])
    ids = tuple(processes["process_id"])
    activities = {
        one: split_list(codes) for one, codes in zip(ids, processes["activities"], strict=True)
    }
    named = [
        (phrase, one)
        for one, *lists in processes[["process_id", "words_en", "words_fr"]].to_numpy().tolist()
        for words in lists
        for phrase in split_list(words)
    ]
    offers, needs, by_activity = _weights(exchanges, processes=ids, flows=tuple(flows.index))
    phrases, parts, rarity = _vocabulary(named)
    return Industry(ids, activities, flows, offers, needs, by_activity, phrases, parts, rarity)


def named_processes(text: str) -> dict[str, float]:
    """Return the processes that a name speaks of, and how much of the name speaks of each.

    Parameters
    ----------
    text : str
        What a firm is called, in French or English; only its first 20,000 characters are read.

    Returns
    -------
    dict of str to float
        In (0, 1]; a phrase that lies within a longer one that fits as well does not count.

    Examples
    --------
    >>> named_processes("Centrale thermique"), named_processes("Sugar refinery")
    ({'power_station': 1.0}, {'sugar_mill': 1.0})
    >>> named_processes("Kettou")
    {}
    """
    known = industry()
    stems = _stems_of(text, known)
    told = math.fsum(sorted(known.rarity.get(one, 0.0) for one in stems - _plain())) or 1.0
    hits = [(phrase, one) for phrase, one in _candidates(stems) if phrase <= stems]
    longest = [hit for hit in hits if not any(hit[0] < other for other, _ in hits)]
    spoken: defaultdict[str, set[str]] = defaultdict(set)
    for phrase, one in longest:
        spoken[one] |= phrase
    found = {
        one: min(1.0, math.fsum(sorted(known.rarity[part] for part in parts)) / told)
        for one, parts in spoken.items()
    }
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _candidates(stems: frozenset[str]) -> Iterable[tuple[frozenset[str], str]]:
    index = _by_stem()
    return dict.fromkeys(hit for one in sorted(stems) for hit in index.get(one, ()))


@cache
def _by_stem() -> Mapping[str, tuple[tuple[frozenset[str], str], ...]]:
    held: defaultdict[str, list[tuple[frozenset[str], str]]] = defaultdict(list)
    for phrase, one in industry().phrases:
        held[min(phrase)].append((phrase, one))
    return {one: tuple(hits) for one, hits in held.items()}


@cache
def _plain() -> frozenset[str]:
    return frozenset(stem(word) for word in _PLAIN_WORDS.split())


def _words_of(text: str) -> list[str]:
    words = [_SPELLINGS.get(word, word) for word in _WORD.findall(fold(text[:MAX_CHARACTERS]))]
    return [word for word in words if word not in STOP_WORDS and word not in LEGAL_WORDS]


def _stems_of(text: str, known: Industry) -> frozenset[str]:
    """Return the stems of a name, compounds taken apart and put together as the table has them."""
    words = _words_of(text)[::-1]
    stems: set[str] = set()
    while words:
        first = words.pop()
        one = stem(first)
        if words and stem(first + words[-1]) in known.rarity:
            stems.add(stem(first + words.pop()))
        else:
            stems.update((one,) if one in known.rarity else known.parts.get(one, (one,)))
    return frozenset(stems)


def _vocabulary(
    named: list[tuple[str, str]],
) -> tuple[tuple[tuple[frozenset[str], str], ...], dict[str, tuple[str, ...]], dict[str, float]]:
    """Return phrases as stems, compounds, and the rarity of stems."""
    plain = _plain()
    phrases: list[tuple[frozenset[str], str]] = []
    parts: dict[str, tuple[str, ...]] = {}
    counts: defaultdict[str, int] = defaultdict(int)
    for text, one in named:
        words = _words_of(text)
        stems = frozenset(map(stem, words))
        phrases.append((stems - plain or stems, one))
        for part in stems:
            counts[part] += 1
        for first, second in pairwise(words):
            if min(len(first), len(second)) >= _SHORTEST_PART:
                parts[stem(first + second)] = (stem(first), stem(second))
    rarity = {
        part: (_PLAIN_WEIGHT if part in plain else 1.0) * math.log(len(named) / count)
        for part, count in counts.items()
    }
    return tuple(dict.fromkeys(phrases)), parts, rarity


def _weights(
    exchanges: pd.DataFrame, *, processes: tuple[str, ...], flows: tuple[str, ...]
) -> tuple[Floats, Floats, dict[str, tuple[tuple[str, int, float], ...]]]:
    """Return weights by process and flow, of both sides, and the rows of whole activities."""
    rows = {one: number for number, one in enumerate(processes)}
    columns = {one: number for number, one in enumerate(flows)}
    known = {side: np.zeros((len(processes), len(flows))) for side in SIDES}
    whole: dict[str, list[tuple[str, int, float]]] = {side: [] for side in SIDES}
    for flow, side, weight, codes in exchanges.to_numpy().tolist():
        for code in split_list(codes):
            if code in rows:
                known[side][rows[code], columns[flow]] = float(weight)
            else:
                whole[side].append((code, columns[flow], float(weight)))
    return known[OFFER], known[NEED], {side: tuple(held) for side, held in whole.items()}


def _checked(name: str, columns: tuple[str, ...], *, key: tuple[str, ...]) -> pd.DataFrame:
    """Return a table, its faults raised at once."""
    path = tables.path_of(name)
    rows = tables.read_table(path, columns)
    needed = [column for column in columns if column != "words_fr"]
    faults = [*tables.missing(rows, needed), *tables.repeated(rows, key)]
    if "category" in columns:
        faults += tables.unknown(rows, "category", codes=nomenclature.codes("categories"))
        faults += tables.unknown(rows, "nature", codes=NATURES)
    if "side" in columns:
        faults += tables.unknown(rows, "side", codes=SIDES)
        faults += tables.numbers(rows, "weight", lowest=0.01, highest=1.0)[1]
        faults += tables.unknown(rows, "flow_id", codes=_ids(FLOWS, FLOW_COLUMNS))
    for column, codes in _lists(columns).items():
        faults += _unknown_parts(rows, column, codes=codes)
    tables.raise_all(path, sorted(faults, key=lambda fault: fault.line))
    return rows.reset_index(drop=True)


def _lists(columns: tuple[str, ...]) -> dict[str, frozenset[str]]:
    """Return the columns that hold lists of codes, and the codes that they may hold."""
    naf = frozenset(nomenclature.codes(nomenclature.NAF_REV2))
    if "activities" in columns:
        return {"activities": naf}
    return {"codes": naf | _ids(PROCESSES, PROCESS_COLUMNS)} if "codes" in columns else {}


def _ids(name: str, columns: tuple[str, ...]) -> frozenset[str]:
    return frozenset(tables.read_table(tables.path_of(name), columns)[columns[0]])


def _unknown_parts(rows: pd.DataFrame, column: str, *, codes: frozenset[str]) -> list[tables.Fault]:
    return [
        tables.Fault("knowledge_code", line, column, code)
        for line, cell in zip(rows.index.tolist(), rows[column], strict=True)
        for code in split_list(cell)
        if code not in codes
    ]
