"""Every file of the knowledge base, checked: how many rows each has, and all that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from toolkit.errors import DataError, Problem
from toolkit.knowledge import chains, checking_words, industry, practices, profiles, tables


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


READERS: Final[Mapping[str, Callable[[Path | None], int]]] = MappingProxyType(
    {
        "sources": lambda folder: len(tables.read_sources(folder)),
        "activity_profiles": lambda folder: len(profiles.read_profiles(folder).rows),
        "activity_words": lambda _: checking_words.check_words(),
        "chains": lambda folder: len(chains.read_chains(folder)),
        "industrial_processes": lambda _: len(industry.industry().processes),
        "levers": lambda folder: len(practices.read_levers(folder)),
        "practices": lambda folder: len(practices.read_practices(folder)),
        "suggestion_confidence": lambda _: checking_words.check_curves(),
        "word_counts": lambda _: checking_words.check_counts(),
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
