"""Every file of the knowledge base, checked: how many rows each has, and all that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from toolkit import nomenclature
from toolkit.errors import DataError, Problem
from toolkit.knowledge import chains, industry, practices, profiles, tables
from toolkit.knowledge.evidence import LANGUAGES


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check of the knowledge base found.

    Attributes
    ----------
    rows : Mapping of str to int
        Rows of each file that is sound, by its name.
    problems : tuple of Problem
        What is wrong in the others.
    """

    rows: Mapping[str, int]
    problems: tuple[Problem, ...]


_WORDS: Final = ("words", "language", "code", "weight", "source")


def _check_words(path: Path | None = None) -> int:
    """Return how many words of trades there are; raise every fault at once."""
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
    tables.raise_all(path, sorted(faults, key=lambda fault: fault.line))
    return len(rows)


READERS: Final[Mapping[str, Callable[[Path | None], int]]] = MappingProxyType(
    {
        "sources": lambda folder: len(tables.read_sources(folder)),
        "activity_profiles": lambda folder: len(profiles.read_profiles(folder).rows),
        "activity_words": lambda _: _check_words(),
        "chains": lambda folder: len(chains.read_chains(folder)),
        "industrial_processes": lambda _: len(industry.industry().processes),
        "levers": lambda folder: len(practices.read_levers(folder)),
        "practices": lambda folder: len(practices.read_practices(folder)),
    }
)
"""What reads a file of the knowledge base, and of a territory's own folder, and counts its rows."""


def check(folder: Path | None = None) -> Checked:
    """Check the shipped knowledge base, and what a territory adds to it.

    Parameters
    ----------
    folder : Path, optional
        Folder ``knowledge`` of a territory; it need not exist.
    """
    rows: dict[str, int] = {}
    problems: list[Problem] = []
    for name, count in READERS.items():
        try:
            rows[name] = count(folder)
        except DataError as err:
            problems += [one for one in err.problem_list if one not in problems]
    return Checked(MappingProxyType(rows), tuple(problems))
