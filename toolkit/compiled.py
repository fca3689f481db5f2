"""The compiler of the search's loops, where there is one, and the folder of its machine code."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

_F = TypeVar("_F", bound=Callable[..., Any])
_Item = TypeVar("_Item")
_Answer = TypeVar("_Answer")

SOURCES: Final = (
    "compiled.py",
    "gaps/loops.py",
    "partnerships/board.py",
    "partnerships/bounds.py",
    "partnerships/criteria.py",
    "partnerships/kernel.py",
    "partnerships/links.py",
)
"""Modules whose text decides on the machine code: a change in one makes all of it anew."""


def code_folder(places: tuple[Path, ...] | None = None) -> Path | None:
    """Return the folder that keeps machine code, None where none can be written.

    Beside the modules, or else in the user's folder for caches.  Its name is drawn from the text of
    the modules, because numba itself looks for changes in one file only.
    """
    here = Path(__file__).parent
    if places is None:
        cache = os.environ.get("LOCALAPPDATA") or os.environ.get("XDG_CACHE_HOME")
        home = Path(cache) if cache else Path.home() / ".cache"
        places = here / "__pycache__", home / "maillage"
    text = b"".join((here / name).read_bytes() for name in SOURCES)
    for place in places:
        folder = place / f"loops-{hashlib.sha256(text).hexdigest()[:12]}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    return None


if TYPE_CHECKING:

    def compiled(function: _F) -> _F:
        """Return a function as it is, for the type checker."""
        return function

else:
    try:
        import numba
    except ImportError:  # the functions run as they are written
        numba = None

    def compiled(function: _F) -> _F:
        """Return a function compiled at its first call; as it is, where numba is not installed."""
        if numba is None:
            return function
        before, folder = numba.config.CACHE_DIR, code_folder()
        numba.config.CACHE_DIR = str(folder or before)
        try:
            # Without NaN to watch for, minima and maxima are computed several at a time; without
            # the interpreter's lock, several openings are.
            make = numba.njit(
                cache=bool(folder), fastmath={"nnan"}, error_model="numpy", nogil=True
            )
            return make(function)
        finally:
            numba.config.CACHE_DIR = before


def is_prepared() -> bool:
    """Return whether the machine code of the loops is there, so that the first search is quick."""
    folder = code_folder()
    return folder is not None and any(folder.rglob("*.nbi"))


def at_once(function: Callable[[_Item], _Answer], items: Iterable[_Item]) -> list[_Answer]:
    """Return what a function answers for each item, in their order, as many at once as cores.

    Compiled loops let go of the interpreter's lock, so that threads are enough.  The function must
    change nothing that it shares.

    Examples
    --------
    >>> at_once(abs, [-2, 1])
    [2, 1]
    """
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as threads:
        return list(threads.map(function, items))
