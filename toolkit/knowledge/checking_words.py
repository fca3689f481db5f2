"""The tables of words of trades, checked: usual words, counts of real names, curves of confidence.

A territory cannot add to them, so only the shipped ones are read.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from toolkit import nomenclature
from toolkit.knowledge import tables
from toolkit.knowledge.evidence import LANGUAGES, LEVELS
from toolkit.knowledge.tables import Fault
from toolkit.knowledge.words import is_told

if TYPE_CHECKING:
    import pandas as pd

FEWEST_UNITS: Final = 5
"""Legal units that bear a word of ``word_counts.csv``: no rarer word may stand there, as it could
tell a name (decision 0021)."""
_WORDS: Final = ("words", "language", "code", "weight", "source")
_COUNTED: Final = ("sirene", "numerique")
_COUNTS: Final = ("stem", "code", *_COUNTED)
_CURVES: Final = ("level", "intercept", "slope")
_STEM: Final = r"[a-z]+"
_WHOLE: Final = r"[0-9]{1,9}"
_FARTHEST: Final = 20.0
"""Most that an intercept may be away from 0, and a slope may be (own rule): far more than any fit
gives."""


def check_words(path: Path | None = None) -> int:
    """Return how many words of trades there are; raise every fault at once.

    Raises
    ------
    DataError
        If the file cannot be read, or a cell is not as it should be.
    """
    path = path or tables.path_of("activity_words")
    rows = tables.read_table(path, _WORDS)
    sources = tables.read_sources()["source_id"]
    _, faults = tables.numbers(rows, "weight", lowest=0.0, highest=20.0)
    faults = [
        *tables.missing(rows, ("words", "language", "weight", "source")),
        *tables.unknown(rows, "language", codes=LANGUAGES),
        *tables.unknown(rows, "code", codes=nomenclature.codes(nomenclature.NAF_REV2)),
        *tables.unknown(rows, "source", codes=(tables.EXPERT, *sources)),
        *tables.repeated(rows, ("words", "language", "code")),
        *faults,
    ]
    _raise(path, faults)
    return len(rows)


def check_counts(path: Path | None = None) -> int:
    """Return how many counts of words there are; raise every fault at once.

    A row without stem counts all legal units of a sub-class; no word of that sub-class may be borne
    by more, and a word by fewer than :data:`FEWEST_UNITS` in all.

    Raises
    ------
    DataError
        If the file cannot be read, or a cell is not as it should be.
    """
    path = path or tables.path_of("word_counts")
    rows = tables.read_table(path, _COUNTS)
    frame = nomenclature.table(nomenclature.NAF_REV2)
    leaves = frame.index[frame["level"] == "subclass"]
    faults = [
        *tables.missing(rows, ("code", *_COUNTED)),
        *tables.unknown(rows, "code", codes=leaves),
        *tables.repeated(rows, ("stem", "code")),
        *_not_stems(rows),
        *_not_whole(rows),
    ]
    _raise(path, faults or [*_borne_by_none(rows), *_too_rare(rows), *_more_than_all(rows)])
    return len(rows)


def check_curves(path: Path | None = None) -> int:
    """Return how many curves of confidence there are; raise every fault at once.

    A logistic curve keeps within 0 and 1, and rises with the share where its slope is above 0.

    Raises
    ------
    DataError
        If the file cannot be read, a cell is not as it should be, or a level is missing.
    """
    path = path or tables.path_of("suggestion_confidence")
    rows = tables.read_table(path, _CURVES)
    levels = LEVELS[1:]
    _, faults = tables.numbers(rows, "intercept", lowest=-_FARTHEST, highest=_FARTHEST)
    slopes, wrong = tables.numbers(rows, "slope", lowest=-_FARTHEST, highest=_FARTHEST)
    absent = [level for level in levels if level not in set(rows["level"])]
    last = max(rows.index, default=1)
    _raise(
        path,
        [
            *tables.missing(rows, _CURVES),
            *tables.unknown(rows, "level", codes=levels),
            *tables.repeated(rows, ("level",)),
            *faults,
            *wrong,
            *_faults("knowledge_falling", rows[slopes.le(0.0)], column="slope"),
            *[Fault("knowledge_level_absent", last, "level", level) for level in absent],
        ],
    )
    return len(rows)


def _raise(path: Path, faults: list[Fault]) -> None:
    tables.raise_all(path, sorted(faults, key=lambda fault: fault.line))


def _faults(code: str, rows: pd.DataFrame, *, column: str) -> list[Fault]:
    """Return a fault for each of some rows, with what a column of it holds."""
    return [
        Fault(code, line, column, cell)
        for line, cell in zip(rows.index, rows[column].tolist(), strict=True)
    ]


def _not_stems(rows: pd.DataFrame) -> list[Fault]:
    """Return the words that no name is ever read as."""
    stems = rows["stem"]
    wrong = (stems != "") & ~(stems.str.fullmatch(_STEM) & stems.map(is_told).astype("bool"))
    return _faults("knowledge_stem", rows[wrong], column="stem")


def _not_whole(rows: pd.DataFrame) -> list[Fault]:
    found: list[Fault] = []
    for column in _COUNTED:
        wrong = (rows[column] != "") & ~rows[column].str.fullmatch(_WHOLE)
        found += _faults("knowledge_count", rows[wrong], column=column)
    return found


def _borne_by_none(rows: pd.DataFrame) -> list[Fault]:
    units = rows[list(_COUNTED)].astype("int64").sum(axis=1)
    return _faults("knowledge_count_none", rows[units == 0], column="code")


def _too_rare(rows: pd.DataFrame) -> list[Fault]:
    """Return the words that too few legal units bear, each at its first row."""
    units = rows[list(_COUNTED)].astype("int64").sum(axis=1).groupby(rows["stem"]).sum()
    rare = units[(units < FEWEST_UNITS) & (units.index != "")]
    firsts = rows[rows["stem"].isin(rare.index) & ~rows["stem"].duplicated()]
    return [
        Fault("knowledge_rare_word", line, "stem", stem, str(FEWEST_UNITS))
        for line, stem in zip(firsts.index, firsts["stem"], strict=True)
    ]


def _more_than_all(rows: pd.DataFrame) -> list[Fault]:
    """Return the counts of a word that exceed all legal units of the activity."""
    alone = rows[rows["stem"] == ""].set_index("code")
    found: list[Fault] = []
    for column in _COUNTED:
        every = rows["code"].map(alone[column].astype("int64")).fillna(0)
        over = rows[rows[column].astype("int64") > every]
        found += [
            Fault("knowledge_count_all", line, column, cell, f"{total:.0f}")
            for line, cell, total in zip(over.index, over[column], every[over.index], strict=True)
        ]
    return found
