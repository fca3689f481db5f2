"""Actors as people name them: by id, or by name without minding case and accents."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from toolkit.errors import Problem, UsageError
from toolkit.nomenclature import fold

if TYPE_CHECKING:
    import pandas as pd

LIKE: Final = 3
"""Names proposed in place of one that nobody bears."""


def _like(word: str, names: Iterable[str]) -> list[str]:
    """Return the names that hold a word, else those that are spelt like it."""
    known = sorted(names)
    holding = [name for name in known if word and word in name]
    return holding[:LIKE] or difflib.get_close_matches(word, known, n=LIKE)


def find_actors(actors: pd.DataFrame, words: Iterable[str]) -> tuple[str, ...]:
    """Return the ids of actors that are given by id or by name.

    Parameters
    ----------
    actors : DataFrame
        Columns used: ``actor_id`` and ``name``.
    words : iterable of str
        Ids or names.

    Returns
    -------
    tuple of str
        One id a word, in their order.

    Raises
    ------
    UsageError
        If a word is neither, or several actors bear that name; all of them at once.

    Examples
    --------
    >>> import pandas as pd
    >>> find_actors(pd.DataFrame({"actor_id": ["A1"], "name": ["École du Val"]}), ["ecole du val"])
    ('A1',)
    """
    ids = set(actors["actor_id"])
    by_name: dict[str, list[str]] = {}
    shown: dict[str, str] = {}
    for code, name in zip(actors["actor_id"], actors["name"], strict=True):
        by_name.setdefault(fold(str(name)), []).append(str(code))
        shown[fold(str(name))] = str(name)
    found: list[str] = []
    problems: list[Problem] = []
    for word in words:
        own = [word] if word in ids else by_name.get(fold(word), [])
        if len(own) == 1:
            found += own
        elif own:
            params = {"choices": ", ".join(sorted(own))}
            problems.append(Problem("actor_ambiguous", found=word, params=params))
        else:
            near = _like(fold(word), by_name)
            params = {"choices": ", ".join(shown[name] for name in near) or "–"}
            problems.append(Problem("actor_unknown_name", found=word, params=params))
    if problems:
        raise UsageError(problems)
    return tuple(found)
