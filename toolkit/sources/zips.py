"""Texts inside zips: which members are the table, and their bytes, never more than are declared."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Final

from toolkit.errors import DataError, Problem

MAX_BYTES: Final = 10_000_000_000
"""Most that the texts of a zip may have together."""
_LISTED: Final = 8
_TEXTS: Final = (".csv", ".txt", ".tsv")
_ABOUT: Final = re.compile(r"(?:.*[_\-. ])?(?:meta|metadata|metadonnees|dictionnaire)(?:[_\-. ].*)")
"""Names of members that describe the columns of another one."""
_PART: Final = re.compile(r"(.+_dpt_)(\w{2,3})\.csv")

Wants = Callable[[str], bool]


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Give a zip; whatever is wrong with it is one fault.

    Raises
    ------
    DataError
        If it is damaged, locked by a password, or packed by a method that is not known.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as err:
        # A RuntimeError is a password or a method of packing.
        raise DataError(Problem("sources_damaged", where=path.name, found="zip")) from err


def only_text(archive: zipfile.ZipFile, *, path: Path) -> zipfile.ZipInfo:
    """Return the only table of a zip.

    Raises
    ------
    DataError
        If it holds none, or several.
    """
    members = parts(archive, path=path)
    if len(members) != 1:
        raise _several(members, path=path)
    return members[0]


def parts(archive: zipfile.ZipFile, *, path: Path) -> list[zipfile.ZipInfo]:
    """Return the only table of a zip, or its parts: the same name, one a département.

    Members that describe columns are none, and neither are those of a folder of macOS.

    Raises
    ------
    DataError
        If it holds none, or several tables.
    """
    members = [
        member
        for member in archive.infolist()
        if member.filename.lower().endswith(_TEXTS)
        and not member.filename.startswith("__")
        and not _ABOUT.fullmatch(PurePosixPath(member.filename).name.casefold())
    ]
    stems = {match[1] if (match := _part(member)) else member.filename for member in members}
    if len(stems) != 1:
        raise _several(members, path=path)
    return members


def _several(members: list[zipfile.ZipInfo], *, path: Path) -> DataError:
    names = ", ".join(member.filename for member in members[:_LISTED]) or "–"
    return DataError(Problem("sources_zip_members", where=path.name, found=names))


def chosen(
    archive: zipfile.ZipFile, *, path: Path, is_wanted: Wants | None = None
) -> list[zipfile.ZipInfo]:
    """Return the table of a zip, or its parts of some départements.

    A zip never gives more than its members declare, and these are added up before the first one is
    read.

    Parameters
    ----------
    archive : ZipFile
        The zip.
    path : Path
        Where it is.
    is_wanted : callable, optional
        Told the code of the département of a part (``14``, ``2A``, ``972``).  A table that is in
        one part is taken whatever it says.

    Raises
    ------
    DataError
        If the zip holds no table or several, no part is wanted, or the texts are larger than
        `MAX_BYTES`.
    """
    every = parts(archive, path=path)
    members = [
        member
        for member in every
        if is_wanted is None or not (match := _part(member)) or is_wanted(match[2].upper())
    ]
    if not members:
        held = ", ".join(match[2] for member in every if (match := _part(member)))
        raise DataError(Problem("sources_zip_no_part", where=path.name, found=held))
    size = sum(member.file_size for member in members)
    if size > MAX_BYTES:
        params = {"maximum": str(MAX_BYTES // 1_000_000)}
        found = str(size // 1_000_000)
        raise DataError(Problem("sources_zip_size", where=path.name, found=found, params=params))
    return members


def first_line(path: Path, *, limit: int) -> bytes:
    """Return the first line of the table of a zip, at most so many bytes of it.

    Raises
    ------
    DataError
        If the zip cannot be read, or holds no table or several.
    """
    with opened(path) as archive, archive.open(parts(archive, path=path)[0]) as stream:
        return stream.readline(limit)


def _part(member: zipfile.ZipInfo) -> re.Match[str] | None:
    return _PART.fullmatch(PurePosixPath(member.filename).name)
