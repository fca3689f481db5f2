"""The marked copy of a workbook, beside it; one that the officer has begun to correct stays."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from toolkit import workbook
from toolkit.errors import Problem, WorkbookError
from toolkit.language import text
from toolkit.workspace.migrations import free_path

MEMORY: Final = ".copies.json"
"""File of the territory that holds the hash of each copy as it was made."""


def write_marked(
    reading: workbook.Reading, problems: Sequence[Problem], *, folder: Path, lang: str
) -> Path:
    """Write a copy of a workbook in which the cells at fault are marked.

    Parameters
    ----------
    reading : Reading
        The workbook as it was read.
    problems : sequence of Problem
        What to mark.
    folder : Path
        Folder of the territory.
    lang : str
        Language of the remarks.

    Returns
    -------
    Path
        The copy.  It takes the place of an earlier copy if nobody changed that one since it was
        made; else it gets a number.

    Raises
    ------
    WorkbookError
        If the copy cannot be written.
    """
    path = reading.path
    sign = text("workspace.file.corrected", lang=lang)
    suffix = ".xlsm" if path.suffix.casefold() == ".xlsm" else ".xlsx"  # macros stay where they are
    place = path.with_name(f"{path.stem.partition(sign)[0]}{sign}{suffix}").absolute()
    known = _remembered(folder)
    if place.exists() and (place == path.absolute() or known.get(str(place)) != _digest(place)):
        place = free_path(place)
    started = place.with_name(f"~{place.stem}.part{place.suffix}")
    try:
        started.unlink(missing_ok=True)
        started = workbook.mark(path, problems, to=started, lang=lang, reading=reading)
        try:
            started.replace(place)
        except PermissionError:  # open in Excel: Windows does not let it go
            place = started.replace(free_path(place))
    except (OSError, WorkbookError) as err:
        raise WorkbookError(
            Problem("copy_not_written", found=place.name, where=place.name)
        ) from err
    _remember(folder, {**known, str(place): _digest(place)})
    return place


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _remembered(folder: Path) -> dict[str, str]:
    """Return the hashes of the copies; none where the file is missing or of no use."""
    with contextlib.suppress(OSError, ValueError):
        known = json.loads((folder / MEMORY).read_text(encoding="utf-8"))
        if isinstance(known, dict):
            return {str(name): str(value) for name, value in known.items()}
    return {}


def _remember(folder: Path, known: dict[str, str]) -> None:
    """Write the hashes; where that fails, a later copy gets a number, no harm done."""
    with contextlib.suppress(OSError):
        started = folder / f"{MEMORY}.part"
        started.write_text(
            json.dumps(known, ensure_ascii=False, indent=1, sort_keys=True), encoding="utf-8"
        )
        started.replace(folder / MEMORY)
