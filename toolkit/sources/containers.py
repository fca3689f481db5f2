"""Containers of big files: what they are by their first bytes, the CSV of a zip, its header."""

from __future__ import annotations

import codecs
import csv
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from toolkit.errors import DataError, Problem
from toolkit.sources.reading import SEPARATORS
from toolkit.sources.zips import only_text, opened

HEAD_BYTES: Final = 65_536
_COPY_BYTES: Final = 1 << 20
_FIRST_BYTES: Final = {".parquet": b"PAR1", ".zip": b"PK\x03\x04"}
_KEPT_FREE: Final = 1 << 28
"""Bytes of the disk that are left alone when a zip is unpacked."""


def check_first_bytes(path: Path) -> None:
    """Refuse a file whose content is not what its ending says."""
    with path.open("rb") as stream:
        head = stream.read(4)
    told = next((ending for ending, mark in _FIRST_BYTES.items() if head == mark), "")
    suffix = path.suffix.lower()
    if told != suffix and (told or suffix in _FIRST_BYTES):
        raise DataError(Problem("sources_first_bytes", where=path.name, found=path.suffix))


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """Give the file to read: itself, or the CSV of a zip, deleted afterwards."""
    if path.suffix.lower() != ".zip":
        yield path
        return
    # Beside the zip: the folder for temporary files may lie in memory.
    beside = path.parent if os.access(path.parent, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix=".unpacked-", dir=beside) as folder:
        target = Path(folder) / "rows.csv"
        _unpack(path, target)
        yield target


def _unpack(path: Path, target: Path) -> None:
    with opened(path) as archive:
        member = only_text(archive, path=path)
        size = member.file_size
        if size > shutil.disk_usage(target.parent).free - _KEPT_FREE:
            room = {"size_mb": str(size // 1_000_000)}
            raise DataError(Problem("sources_no_room", where=path.name, params=room))
        with archive.open(member) as packed, target.open("wb") as plain:
            shutil.copyfileobj(packed, plain, _COPY_BYTES)


def header_at(plain: Path, *, path: Path) -> tuple[str, list[str]]:
    """Return the separator of a CSV and the names of its columns, without case."""
    with plain.open("rb") as stream:
        return split_header(stream.read(HEAD_BYTES), path=path)


def split_header(raw: bytes, *, path: Path) -> tuple[str, list[str]]:
    """Return the separator and the header at the beginning of a CSV."""
    try:
        # Not final: the last character may be cut in two.
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(raw)
    except UnicodeDecodeError as err:
        tried = {"choices": "utf-8"}
        raise DataError(Problem("sources_encoding", where=path.name, params=tried)) from err
    line = text.splitlines()[0] if text.strip() else ""
    separator = max(SEPARATORS, key=line.count)
    cells = next(csv.reader([line], delimiter=separator), [])
    return separator, [cell.strip().casefold() for cell in cells]
