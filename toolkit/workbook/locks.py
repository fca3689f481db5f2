"""Files that another program holds open, and files put in place in one step."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from toolkit.errors import Problem, WorkbookError

_MOST: Final = 99


def is_open_elsewhere(path: Path) -> bool:
    """Return whether Excel or LibreOffice shows a sign, beside the file, of having it open."""
    signs = (f"~${path.name}", f"~${path.name[2:]}", f".~lock.{path.name}#")
    return any((path.parent / sign).exists() for sign in signs)


def put_in_place(path: Path, write: Callable[[Path], None]) -> Path:
    """Write a file beside its place, then move it there in one step.

    If the place is held by another program, the file goes to the next free number
    (``saisie_a-corriger-2.xlsx``): nothing that somebody has open is replaced.

    Parameters
    ----------
    path : Path
        Where the file should be.
    write : callable
        Writes the file to the path it is given.

    Returns
    -------
    Path
        Where the file is.

    Raises
    ------
    WorkbookError
        If the folder does not let itself be written.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=".maillage-", suffix=path.suffix, dir=path.parent)
    except OSError as err:
        raise _not_written(path) from err
    os.close(handle)
    made = Path(name)
    try:
        write(made)
        made.chmod(0o644)
        for number in range(1, _MOST + 1):
            goal = path if number == 1 else path.with_stem(f"{path.stem}-{number}")
            if is_open_elsewhere(goal):
                continue
            try:
                made.replace(goal)
            except PermissionError:
                continue
            return goal
    except OSError as err:
        raise _not_written(path) from err
    finally:
        made.unlink(missing_ok=True)
    raise _not_written(path)


def _not_written(path: Path) -> WorkbookError:
    return WorkbookError(Problem("workbook_not_written", found=path.name, where=path.name))
