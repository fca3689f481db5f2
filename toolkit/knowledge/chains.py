"""Value chains: the stages through which a material or a service passes, and who stands at each.

A chain is a file ``chains/<chain_id>.toml``: labels, pillars, sectors, a source, and its stages.

**Order and branches.**  A stage bears an order: 1, 2, 3 ...  Stages of one order are alternatives
(bio-waste goes to compost *or* to methane) or parallel sources (restaurants *or* gardeners): the
order holds as soon as one of them is there.  Between two orders something passes: each stage offers
what one of the next order needs, or needs what one of them offers (goods go on; premises, transport
or an order to buy are lent back), and so with the order before.  An order of which all stages are
``optional`` can be passed over, and then the orders on both sides meet without it.  Order 0 stands
beside the chain (advice, training, research, supplies): it is never between two stages, and
something passes between it and one of them.

**Who stands at a stage.**  An actor whose activity (NAF rev. 2) begins with one of ``activities``;
or whose activity begins with one of ``activities_named``, codes too wide to tell, and whose name
shows one of ``words`` or ``hints``; or whose activity is unknown and whose name shows one of
``words``.  Its other activities count as its main one.  An activity of NAF 2025 is read as the
sub-class of rev. 2 with the very same label; where there is none, it counts as unknown.

All of it is in ``docs/decisions/0023-value-chains.md``.
"""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd

from toolkit import nomenclature
from toolkit.errors import DataError, Problem
from toolkit.knowledge.chain_faults import STAGES, SUPPORT, chain_faults
from toolkit.knowledge.tables import EXPERT, FOLDER, read_sources
from toolkit.resources import shipped
from toolkit.vocabulary import STAGE_COLUMNS, join_list
from toolkit.vocabulary import STAGE_PLACE_COLUMNS as PLACE_COLUMNS

CHAINS: Final = "chains"
"""Folder of the files, in the shipped knowledge base and in that of a territory."""
BY_ACTIVITY: Final = "activity"
BY_NAME: Final = "name"
TABLE_COLUMNS: Final = (
    "chain_id",
    "chain",
    "order",
    "stage_id",
    "stage",
    "activities",
    "activities_named",
    "words",
    "needs",
    "offers",
    "optional",
    "min_actors",
    "note",
    "source",
)
"""Columns of :func:`chains_table`."""
_NOT_WORD: Final = re.compile(r"[^a-z0-9|]+")
_NOT_PATTERN: Final = re.compile(r"[^a-z0-9*]+")
_START: Final = "^"


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of a chain.

    Attributes
    ----------
    stage_id : str
        Its code, once in the chain.
    order : int
        Its place; stages of one order are alternatives, 0 stands beside the chain.
    label_fr, label_en : str
        What a person reads.
    activities : tuple of str
        Activities (NAF rev. 2, any level) that alone place an actor here.
    activities_named : tuple of str
        Activities too wide to tell: the name must also show one of the words.
    words : tuple of str
        Words and phrases of names, folded; ``*`` ends the beginning of a word, ``^`` begins what
        stands first in a name, or in the name in brackets behind a sign.
    hints : tuple of str
        The same, but weak: they tell beside such an activity only.
    offers, needs : tuple of str
        Categories handed on, and wanted.
    optional : bool
        Whether the chain holds without it.
    min_actors : int
        Actors below which the stage is not held.
    note_fr, note_en : str
        What to know before believing it; may be empty.
    source : str
        A source of the knowledge base, or ``expert``.
    """

    stage_id: str
    order: int
    label_fr: str
    label_en: str
    activities: tuple[str, ...] = ()
    activities_named: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    optional: bool = False
    min_actors: int = 1
    note_fr: str = ""
    note_en: str = ""
    source: str = EXPERT

    def label(self, lang: str) -> str:
        """Return what a person reads for the stage."""
        return self.label_fr if lang == "fr" else self.label_en

    def note(self, lang: str) -> str:
        """Return what a person should know of the stage; may be empty."""
        return self.note_fr if lang == "fr" else self.note_en

    def told_by(self, activity: str, name: str = "") -> str:
        """Return what places an actor at the stage: its activity, its name, or nothing (empty)."""
        known = _in_rev2(activity)
        if known.startswith(self.activities):
            return BY_ACTIVITY
        shown = self.telling(known)
        return BY_NAME if shown and _pattern(shown).search(_spelt(name)) else ""

    def telling(self, *activities: str) -> tuple[str, ...]:
        """Return the words that would tell beside activities of NAF rev. 2; none if none would."""
        known = [one for one in activities if one]
        if not known:
            return self.words
        wide = any(one.startswith(self.activities_named) for one in known)
        return (*self.words, *self.hints) if wide else ()


@dataclass(frozen=True, slots=True)
class Chain:
    """A value chain.

    Attributes
    ----------
    chain_id : str
        Its code, the name of its file.
    label_fr, label_en : str
        What a person reads.
    pillars, sectors : tuple of str
        Codes of the circular economy and of sectors.
    stages : tuple of Stage
        In their order; those beside the chain come last.
    radius_km : int or None
        How far its stages may be from each other; None: as far as what passes travels.
    note_fr, note_en : str
        What to know before believing it; may be empty.
    source : str
        A source of the knowledge base, or ``expert``.
    """

    chain_id: str
    label_fr: str
    label_en: str
    pillars: tuple[str, ...]
    sectors: tuple[str, ...]
    stages: tuple[Stage, ...]
    radius_km: int | None = None
    note_fr: str = ""
    note_en: str = ""
    source: str = EXPERT

    def label(self, lang: str) -> str:
        """Return what a person reads for the chain."""
        return self.label_fr if lang == "fr" else self.label_en

    @property
    def orders(self) -> tuple[tuple[Stage, ...], ...]:
        """The stages order by order, without those beside the chain."""
        last = max(stage.order for stage in self.stages)
        return tuple(
            tuple(stage for stage in self.stages if stage.order == order)
            for order in range(1, last + 1)
        )

    @property
    def support(self) -> tuple[Stage, ...]:
        """The stages beside the chain."""
        return tuple(stage for stage in self.stages if stage.order == SUPPORT)

    def stages_of(self, activity: str, name: str = "") -> tuple[Stage, ...]:
        """Return the stages at which an actor stands: one may sort, mend and sell.

        Parameters
        ----------
        activity : str
            Its activity (NAF of either version), empty where unknown.
        name : str, default ""
            Its name.

        Examples
        --------
        >>> chain = next(one for one in read_chains() if one.chain_id == "furniture_reuse")
        >>> [stage.stage_id for stage in chain.stages_of("95.24Z")]
        ['repair']
        """
        return tuple(stage for stage in self.stages if stage.told_by(activity, name))


# --- reading ----------------------------------------------------------------------------------
def read_chains(folder: Path | None = None) -> tuple[Chain, ...]:
    """Return the value chains: those shipped, and those that a territory adds or replaces.

    Parameters
    ----------
    folder : Path, optional
        Folder ``knowledge`` of a territory; a file ``chains/<chain_id>.toml`` in it adds a chain,
        or replaces that of the same id.

    Returns
    -------
    tuple of Chain
        By their id.

    Raises
    ------
    DataError
        If files cannot be read or have faults: all faults of all files at once.

    Examples
    --------
    >>> [chain.chain_id for chain in read_chains()][:3]
    ['bike', 'bio_based_building', 'bio_waste']
    """
    paths = _paths(shipped("data", FOLDER, CHAINS))
    if folder is not None:
        paths.update(_paths(Path(folder) / CHAINS))
    faults: list[Problem] = []
    contents: dict[str, Mapping[str, Any]] = {}
    for chain_id, path in paths.items():
        try:
            contents[chain_id] = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as err:
            faults.append(Problem("knowledge_chain_unreadable", where=path.name, found=str(err)))
    sources = _sources(contents.values(), folder)
    for chain_id, content in contents.items():
        where = paths[chain_id].name
        faults += chain_faults(content, chain_id=chain_id, where=where, sources=sources)
    if faults:
        raise DataError(faults)
    return tuple(_chain(chain_id, contents[chain_id]) for chain_id in sorted(contents))


def _paths(folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def _sources(contents: Iterable[Mapping[str, Any]], folder: Path | None) -> frozenset[str]:
    """Return the ids of the sources that chains may name; the table is read if one names any."""
    tables = [table for content in contents for table in (content, *_tables(content.get(STAGES)))]
    if all(table.get("source", EXPERT) == EXPERT for table in tables):
        return frozenset({EXPERT})
    return frozenset({EXPERT, *read_sources(folder)["source_id"]})


def _tables(named: object) -> list[Mapping[str, Any]]:
    return [one for one in named if isinstance(one, dict)] if isinstance(named, list) else []


def _chain(chain_id: str, content: Mapping[str, Any]) -> Chain:
    """Return a chain from a file without faults."""
    values = dict(content, pillars=tuple(content["pillars"]), sectors=tuple(content["sectors"]))
    stages = [Stage(**{"source": values["source"], **_frozen(one)}) for one in content[STAGES]]
    values[STAGES] = tuple(sorted(stages, key=lambda one: one.order or len(stages) + 1))
    return Chain(chain_id=chain_id, **values)


def _frozen(table: Mapping[str, Any]) -> dict[str, Any]:
    held = {key: tuple(one) if isinstance(one, list) else one for key, one in table.items()}
    for key in ("words", "hints"):
        held[key] = tuple(dict.fromkeys(_written(word) for word in held.get(key, ())))
    return held


def _written(word: str) -> str:
    """Return a word of a file as it is kept: folded, its marks ``^`` and ``*`` in place."""
    parts = " ".join(_NOT_PATTERN.sub(" ", nomenclature.fold(word)).split())
    return f"{_START}{parts}" if word.strip().startswith(_START) else parts


# --- who stands where -------------------------------------------------------------------------
def _spelt(text: str) -> str:
    """Return the words of a name, folded, one blank between them, a bar before those in brackets.

    Examples
    --------
    >>> _spelt("MAIRIE (COMMUNE DE L'ÎLE)")
    'mairie | commune de l ile'
    """
    return " ".join(_NOT_WORD.sub(" ", nomenclature.fold(text).replace("(", " | ")).split())


@cache
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """Return what finds one of some words in a spelt text; a plural counts as the word."""
    each = []
    for word in words:
        start = r"(?:^|\| )" if word.startswith(_START) else ""
        parts = (
            f"{re.escape(part[:-1])}[a-z0-9]*" if part.endswith("*") else f"{re.escape(part)}[sx]?"
            for part in word.removeprefix(_START).split()
        )
        each.append(start + " ".join(parts))
    return re.compile(rf"(?<![a-z0-9])(?:{'|'.join(each)})(?![a-z0-9])")


@cache
def _same_labels() -> Mapping[str, str]:
    """Return the sub-class of NAF rev. 2 that bears the label of one of NAF 2025."""
    old, new = nomenclature.table(nomenclature.NAF_REV2), nomenclature.table(nomenclature.NAF_2025)
    of_label: dict[str, list[str]] = {}
    subclasses = old[old["level"] == "subclass"]
    for code, label in zip(subclasses["code"], subclasses["label_fr"], strict=True):
        of_label.setdefault(nomenclature.fold(label), []).append(code)
    return MappingProxyType(
        {
            code: found[0]
            for code, label in zip(new["code"], new["label_fr"], strict=True)
            if len(found := of_label.get(nomenclature.fold(label), [])) == 1
        }
    )


def _in_rev2(activity: str) -> str:
    """Return an activity in NAF rev. 2; empty where it cannot be told."""
    if nomenclature.naf_version(activity) == nomenclature.NAF_REV2:
        return activity
    return _same_labels().get(activity, "")


def find_stages(actors: pd.DataFrame, chains: Sequence[Chain]) -> pd.DataFrame:
    """Return the stages at which each actor stands.

    Parameters
    ----------
    actors : DataFrame
        Columns used: ``actor_id``, ``activity``, ``other_activities`` if it is there, ``name``.
    chains : sequence of Chain
        The chains that are looked at.

    Returns
    -------
    DataFrame
        Columns :data:`PLACE_COLUMNS`; one row an actor and stage, in the order of the chains, of
        their stages and of the ids.

    Notes
    -----
    Any activity of an actor places it.  It costs stages times activities, and each name that must
    tell is read once a stage.
    """
    rows = actors.sort_values("actor_id", ignore_index=True)
    numbers, kinds = _kinds_of(rows)
    names = rows["name"].fillna("").astype("str").map(_spelt)
    shown = _may_show(names, chains)
    found: dict[str, list[Any]] = {column: [] for column in PLACE_COLUMNS}
    every = [(one.chain_id, stage) for one in chains for stage in one.stages]
    for chain_id, stage in every:
        placed = [any(one.startswith(stage.activities) for one in kind) for kind in kinds]
        sure = np.array(placed, dtype=bool)[numbers]
        by_name = np.zeros(len(rows), dtype=bool)
        words_of = [stage.telling(*kind) for kind in kinds]
        for words in filter(None, dict.fromkeys(words_of)):
            wide = np.array([one == words for one in words_of], dtype=bool)[numbers]
            asked = wide & ~sure & shown
            by_name[asked] = names[asked].str.contains(_pattern(words)).to_numpy(dtype=bool)
        here = np.flatnonzero(sure | by_name)
        found["actor_id"].extend(rows["actor_id"].to_numpy()[here])
        found["chain_id"].extend([chain_id] * len(here))
        found["stage_id"].extend([stage.stage_id] * len(here))
        found["told_by"].extend(np.where(sure, BY_ACTIVITY, BY_NAME)[here])
    return pd.DataFrame(found, columns=list(PLACE_COLUMNS), dtype="str")


def _kinds_of(actors: pd.DataFrame) -> tuple[np.ndarray[Any, Any], list[tuple[str, ...]]]:
    """Return the number of the activities of each actor, and the activities in NAF rev. 2."""
    none = pd.Series(None, index=actors.index, dtype="object")
    pairs = list(zip(actors["activity"], actors.get("other_activities", none), strict=True))
    found = {pair: nomenclature.activities_of(*pair) for pair in dict.fromkeys(pairs)}
    kinds = {codes: place for place, codes in enumerate(dict.fromkeys(found.values()))}
    numbers = np.array([kinds[found[pair]] for pair in pairs], dtype=np.intp)
    return numbers, [tuple(map(_in_rev2, codes)) for codes in kinds]


def _may_show(names: pd.Series[str], chains: Sequence[Chain]) -> np.ndarray[Any, Any]:
    """Return which spelt names hold the first word of what tells somewhere: few of them do."""
    telling = (
        word for chain in chains for stage in chain.stages for word in (*stage.words, *stage.hints)
    )
    firsts = {word.removeprefix(_START).split()[0] for word in telling}
    if not firsts:
        return np.zeros(len(names), dtype=bool)
    first = _pattern(tuple(sorted(firsts)))
    split = [name.split() for name in names]
    hot = {part for part in set(itertools.chain.from_iterable(split)) if first.fullmatch(part)}
    return np.array([not hot.isdisjoint(parts) for parts in split], dtype=bool)


# --- frames -----------------------------------------------------------------------------------
def stages_frame(chains: Sequence[Chain]) -> pd.DataFrame:
    """Return the stages as a frame of codes, for those who read no files.

    Parameters
    ----------
    chains : sequence of Chain
        The chains.

    Returns
    -------
    DataFrame
        Columns :data:`STAGE_COLUMNS`, one row a stage; lists of codes are joined by ``|``.
    """
    rows = [
        (
            chain.chain_id,
            stage.order,
            stage.stage_id,
            stage.optional,
            stage.min_actors,
            float("nan") if chain.radius_km is None else float(chain.radius_km),
            *(join_list(codes) for codes in (stage.offers, stage.needs)),
            *(join_list(codes) for codes in (chain.pillars, chain.sectors)),
            stage.source,
        )
        for chain in chains
        for stage in chain.stages
    ]
    return pd.DataFrame(rows, columns=list(STAGE_COLUMNS))


def chains_table(chains: Sequence[Chain] | None = None, *, lang: str = "fr") -> pd.DataFrame:
    """Return the chains as a person reads them.

    Parameters
    ----------
    chains : sequence of Chain, optional
        Those shipped where left out.
    lang : str, default "fr"
        ``fr`` or ``en``.

    Returns
    -------
    DataFrame
        Columns :data:`TABLE_COLUMNS`, one row a stage; activities are followed by their code.

    Examples
    --------
    >>> table = chains_table(lang="en")
    >>> table.loc[table["stage_id"] == "logging", "activities"].iloc[0]
    'Logging (02.20); Support services to forestry (02.40)'
    """
    rows = [
        (
            chain.chain_id,
            chain.label(lang),
            stage.order,
            stage.stage_id,
            stage.label(lang),
            _worded(nomenclature.NAF_REV2, stage.activities, lang=lang),
            _worded(nomenclature.NAF_REV2, stage.activities_named, lang=lang),
            ", ".join((*stage.words, *stage.hints)),
            _worded("categories", stage.needs, lang=lang),
            _worded("categories", stage.offers, lang=lang),
            stage.optional,
            stage.min_actors,
            stage.note(lang),
            stage.source,
        )
        for chain in (read_chains() if chains is None else chains)
        for stage in chain.stages
    ]
    return pd.DataFrame(rows, columns=list(TABLE_COLUMNS))


def _worded(name: str, codes: Iterable[str], *, lang: str) -> str:
    """Return codes as a person reads them; of an activity the code stands behind the label."""
    labels = {code: nomenclature.label(name, code, lang=lang) for code in codes}
    if name != nomenclature.NAF_REV2:
        return "; ".join(labels.values())
    return "; ".join(
        code if code == label else f"{label} ({code})" for code, label in labels.items()
    )
