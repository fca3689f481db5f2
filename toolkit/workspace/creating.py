"""A new territory's folder: made whole beside its place, then moved there in one step."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from toolkit import schema, workbook
from toolkit import vocabulary as v
from toolkit.errors import Problem, SchemaError, WorkbookError, WorkspaceError
from toolkit.resources import shipped
from toolkit.territory import complete
from toolkit.workspace import database, identity, keeping, migrations, styles
from toolkit.workspace.identity import Identity
from toolkit.workspace.journal import Author

if TYPE_CHECKING:
    import pandas as pd

DATABASE: Final = "territoire.gpkg"
WORKBOOK: Final = "saisie.xlsx"
LAYERS: Final = "territoire.qlr"
"""Layers for QGIS, named in the officer's language and styled."""
SOURCES: Final = "sources"
NOTEBOOKS: Final = "notebooks"
REPORTS: Final = "rapports"
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def checked_perimeter(
    communes: pd.DataFrame, *, sources: pd.DataFrame | None
) -> dict[str, pd.DataFrame]:
    """Return the communes of a perimeter and their sources, complete.

    Raises
    ------
    SchemaError
        If there are no communes, or tables break their contract; all faults at once.
    CrsError
        If the geometries have no CRS.
    """
    if communes.empty:
        raise SchemaError(Problem("no_perimeter", table=v.COMMUNES))
    given = (
        {v.COMMUNES: communes} if sources is None else {v.COMMUNES: communes, v.SOURCES: sources}
    )
    tables = complete(given)
    problems = schema.check_tables(tables)
    if problems:
        raise SchemaError(problems)
    return {name: tables[name] for name in given}


def create(
    folder: Path, *, who: Identity, tables: Mapping[str, pd.DataFrame], author: Author
) -> None:
    """Make the folder of a territory: all of it, or nothing at its place.

    Parameters
    ----------
    folder : Path
        Place of the folder; nothing is there, or an empty folder.
    who : Identity
        Name, language and year of the territory.
    tables : Mapping of str to DataFrame
        Complete communes of the perimeter, and their sources.
    author : Author
        For the journal.

    Raises
    ------
    WorkspaceError
        If there is something at that place, or the folder cannot be written.
    """
    try:
        _check_place(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _scaffold(folder) as started:
            _fill(started, who=who, tables=tables, author=author)
            _settle(started, folder)
    except (OSError, sqlite3.Error, WorkbookError) as err:
        raise WorkspaceError(_unwritable(folder, err)) from err


def _unwritable(folder: Path, err: Exception) -> Problem:
    """Return why a folder could not be made: the disk is full, or what the system said."""
    cause = err.__cause__ if isinstance(err, WorkbookError) else err
    is_full = getattr(cause, "errno", None) in _FULL or (
        getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    )
    if is_full:
        return Problem("workspace_disk_full", where=str(folder))
    found = getattr(cause, "strerror", None) or str(cause)
    return Problem("workspace_unwritable", where=str(folder), found=found)


def _check_place(folder: Path) -> None:
    """Refuse a place where something is."""
    if folder.is_dir():
        held = sorted(path.name for path in folder.iterdir())
        if identity.FILE in held or DATABASE in held:
            raise WorkspaceError(Problem("workspace_exists", where=str(folder)))
        if held:
            raise WorkspaceError(Problem("workspace_not_empty", where=str(folder), found=held[0]))
    elif folder.exists() or folder.is_symlink():
        raise WorkspaceError(Problem("workspace_not_a_folder", where=str(folder)))
    above = next((parent for parent in folder.parents if parent.exists()), folder.parent)
    if above.is_file():
        raise WorkspaceError(Problem("workspace_not_a_folder", where=str(above)))


@contextlib.contextmanager
def _scaffold(folder: Path) -> Iterator[Path]:
    """Give a hidden folder beside the place of the new one; it goes if it was not moved there."""
    prefix = f".{folder.name}."
    for left in folder.parent.glob(f"{prefix}*.creation"):  # by a creation that was killed
        shutil.rmtree(left, ignore_errors=True)
    started = Path(tempfile.mkdtemp(prefix=prefix, suffix=".creation", dir=folder.parent))
    try:
        yield started
    finally:
        shutil.rmtree(started, ignore_errors=True)


def _fill(
    folder: Path, *, who: Identity, tables: Mapping[str, pd.DataFrame], author: Author
) -> None:
    """Write everything a territory has into a folder."""
    (folder / identity.FILE).write_text(identity.render(who), encoding="utf-8", newline="\n")
    layers = styles.layer_definition(who.name, lang=who.language, database=DATABASE)
    (folder / LAYERS).write_text(layers, encoding="utf-8", newline="\n")
    for name in (SOURCES, REPORTS):
        (folder / name).mkdir()
    _copy_notebooks(folder / NOTEBOOKS, lang=who.language)
    workbook.write_template(folder / WORKBOOK, lang=who.language, communes=tables[v.COMMUNES])
    with database.new_file(folder / DATABASE) as connection:
        migrations.create_schema(connection, lang=who.language, at=author.at)
        for table, frame in tables.items():
            keeping.keep_rows(connection, table, frame=frame, author=author)


def _copy_notebooks(folder: Path, *, lang: str) -> None:
    """Copy the notebooks of a language, without what trying them left."""
    folder.mkdir()
    source = shipped(NOTEBOOKS, lang)
    for path in sorted(source.rglob("*")):
        kept = path.relative_to(source)
        if path.is_file() and not any(part.startswith((".", "__")) for part in kept.parts):
            (folder / kept).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, folder / kept)


def _settle(started: Path, folder: Path) -> None:
    """Bring everything to the disk, then move the folder to its place in one step."""
    for path in sorted(started.rglob("*")):
        if path.is_file():
            with path.open("rb+") as file:
                os.fsync(file.fileno())
    started.chmod(0o777 & ~_mask())  # a temporary folder is closed to colleagues
    if folder.is_dir():
        folder.rmdir()  # empty: Windows moves nothing onto a folder
    started.rename(folder)


def _mask() -> int:
    """Return the bits of permission that this user withholds from new files."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def perimeter_year(communes: pd.DataFrame) -> int | None:
    """Return the year of the geography of the communes."""
    years = communes["cog_year"].dropna().unique()
    return int(years[0]) if len(years) == 1 else None
