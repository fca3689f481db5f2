"""The door: what kind of file an officer gives, and whether it is safe to open.

A workbook is a zip of XML.  Before any other program reads it, its sizes are counted, its XML is
scanned for document types, and the place of every filled cell is read: one cell at XFD1048576 in a
file of 4 kB makes a reader ask for more memory than there is.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final
from xml.etree.ElementTree import ParseError
from xml.parsers import expat

from toolkit.errors import Problem, WorkbookError
from toolkit.office import package

if TYPE_CHECKING:
    from xml.parsers.expat import XMLParserType

MAX_ROWS: Final = 200_000
MAX_COLUMNS: Final = 500
MAX_AREA: Final = 10_000_000
"""Cells of the rectangle that a sheet fills; a reader holds all of them, empty ones too."""
MAX_FILE_BYTES: Final = 100_000_000
MAX_UNPACKED_BYTES: Final = 400_000_000
MAX_TEXT_BYTES: Final = 200_000_000
"""Characters of all cells of a sheet once shared texts are written out."""
MAX_ENTRIES: Final = 5_000
SUFFIXES: Final = (".xlsx", ".xlsm", ".ods", ".csv", ".tsv", ".txt")
TEXT_SUFFIXES: Final = (".csv", ".tsv", ".txt")

_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_CHUNK: Final = 16_384
_HEAD: Final = 4_096
_LOCAL_HEADER: Final = 30
_REFERENCE: Final = re.compile(r"([A-Za-z]{1,4})([0-9]{1,8})")
_LETTERS: Final = 26
_ODS_TYPE: Final = "application/vnd.oasis.opendocument.spreadsheet"
_UNCHECKED_DTD: Final = (
    "META-INF/manifest.xml"  # old OpenOffice names a document type there; unread
)

_DAMAGES: Final = (
    zipfile.BadZipFile,
    zlib.error,
    expat.ExpatError,
    ParseError,
    struct.error,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)
"""What reading a damaged zip or its XML may raise."""

Errors = Mapping[str, Mapping[tuple[int, int], str]]


UNCALCULATED: Final = "="
"""Stands for the error of a cell whose formula no spreadsheet has calculated yet."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What the door found: the kind of the file, and cells that hold an error such as ``#REF!``.

    ``errors`` has the places of the cells (row and column from 0) by the name of their sheet;
    formulas without a value are :data:`UNCALCULATED`.
    """

    kind: str
    errors: Errors = field(default_factory=dict)


def inspect(path: Path) -> Scan:
    """Return what a file is, if it is safe to read.

    Parameters
    ----------
    path : Path
        A file that somebody gives as a workbook: .xlsx, .xlsm, .ods, .csv, .tsv or .txt.

    Returns
    -------
    Scan
        ``kind`` is ``xlsx``, ``ods`` or ``csv``.

    Raises
    ------
    WorkbookError
        If the file is absent, of another kind, damaged, protected by a password, or larger than any
        real workbook.
    """
    head = _head(path)
    suffix = path.suffix.lower()
    if suffix == ".xls" or head.startswith(_OLE):
        _refuse_ole(path, head)
    if suffix not in SUFFIXES:
        raise refusal(path, "workbook_kind", found=suffix or path.name, choices=", ".join(SUFFIXES))
    is_zip = head.startswith(_ZIP)
    if not is_zip:
        _refuse_markup(path, head)
    if suffix in TEXT_SUFFIXES:
        if is_zip:
            raise refusal(path, "workbook_text_is_zip", found=path.name)
        return Scan("csv")
    if not is_zip:
        raise refusal(path, "workbook_not_zip", found=path.name)
    try:
        return _inspect_zip(path)
    except WorkbookError:
        raise
    except _DAMAGES as err:
        raise refusal(path, "workbook_damaged", found=path.name) from err


def refusal(path: Path, code: str, *, found: str = "", **params: object) -> WorkbookError:
    """Return the error that refuses a file."""
    return WorkbookError(Problem(code, found=found, params=params, where=path.name))


def column_letters(position: int) -> str:
    """Return the letters of a column counted from 0.

    Examples
    --------
    >>> column_letters(0), column_letters(27)
    ('A', 'AB')
    """
    letters = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, _LETTERS)
        letters = chr(ord("A") + rest) + letters
    return letters


def place(reference: str) -> tuple[int, int]:
    """Return row and column, from 0, of a reference such as ``B3``; ``(-1, -1)`` if it is none."""
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        return -1, -1
    column = 0
    for letter in match[1].upper():
        column = column * _LETTERS + ord(letter) - ord("A") + 1
    return int(match[2]) - 1, column - 1


# --- what kind of file ------------------------------------------------------------------------
def _head(path: Path) -> bytes:
    """Return the first bytes of a regular, readable file of sensible size."""
    if not path.exists():
        raise refusal(path, "workbook_absent", found=path.name)
    if not path.is_file():
        raise refusal(path, "workbook_not_a_file", found=path.name)
    size = path.stat().st_size
    if size == 0:
        raise refusal(path, "workbook_empty_file", found=path.name)
    if size > MAX_FILE_BYTES:
        params = {"maximum": MAX_FILE_BYTES // 1_000_000}
        raise refusal(path, "workbook_too_big", found=str(size // 1_000_000), **params)
    try:
        with path.open("rb") as handle:
            return handle.read(_HEAD)
    except OSError as err:
        raise refusal(path, "workbook_unreadable", found=path.name) from err


def _refuse_ole(path: Path, head: bytes) -> None:
    """Refuse the container of old .xls files, which also holds workbooks with a password."""
    if head.startswith(_OLE) and _ENCRYPTED in path.read_bytes():
        raise refusal(path, "workbook_encrypted", found=path.name)
    if head.startswith(_OLE):
        raise refusal(path, "workbook_old_xls", found=path.name)
    if not head.startswith(_ZIP):
        _refuse_markup(path, head)
    raise refusal(path, "workbook_old_xls", found=path.name)


def _refuse_markup(path: Path, head: bytes) -> None:
    """Refuse web pages and XML under another name, among them GDAL's lists of layers (VRT)."""
    start = (
        head.removeprefix(b"\xef\xbb\xbf").replace(b"\0", b"").lstrip(b"\xff\xfe \t\r\n").lower()
    )
    if not start.startswith(b"<"):
        return
    kinds = ((b"<ogrvrt", "OGR VRT"), (b"<html", "HTML"), (b"<!doctype html", "HTML"))
    kind = next((name for mark, name in kinds if mark in start), "XML")
    raise refusal(path, "workbook_markup", found=kind)


# --- the zip ----------------------------------------------------------------------------------
def _inspect_zip(path: Path) -> Scan:
    with zipfile.ZipFile(path) as archive, path.open("rb") as handle:
        entries = archive.infolist()
        names = {entry.filename for entry in entries}
        _check_entries(path, entries)
        kind = _zip_kind(path, archive, names=names)
        errors: dict[str, Mapping[tuple[int, int], str]] = {}
        parts: dict[str, Mapping[tuple[int, int], str]] = {}
        shared = _SharedTexts()
        # Shared texts first: a sheet's size depends on how long they are.
        for entry in sorted(entries, key=lambda item: "sharedstrings" not in item.filename.lower()):
            reader = _Part(path, shared, check_dtd=entry.filename != _UNCHECKED_DTD)
            for data in _unpacked(path, handle, entry=entry):
                reader.feed(data)
            reader.close()
            if reader.errors:
                parts[entry.filename] = reader.errors
                errors.update(reader.errors_by_sheet)
        if kind == "xlsx":
            names_of = {sheet.part: sheet.name for sheet in package.sheets(archive)}
            errors = {names_of[part]: found for part, found in parts.items() if part in names_of}
        return Scan(kind, errors)


def _check_entries(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    """Refuse a zip by what it declares."""
    if len(entries) > MAX_ENTRIES or sum(entry.file_size for entry in entries) > MAX_UNPACKED_BYTES:
        raise refusal(
            path, "workbook_bomb", found=path.name, maximum=MAX_UNPACKED_BYTES // 1_000_000
        )
    if len({entry.filename for entry in entries}) < len(entries):
        raise refusal(path, "workbook_damaged", found=path.name)
    if any(entry.flag_bits & 1 for entry in entries):
        raise refusal(path, "workbook_encrypted", found=path.name)
    if any(
        entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED} for entry in entries
    ):
        raise refusal(path, "workbook_damaged", found=path.name)


def _zip_kind(path: Path, archive: zipfile.ZipFile, *, names: set[str]) -> str:
    """Return whether a zip is an Office or an OpenDocument workbook; refuse anything else."""
    if {package.CONTENT_TYPES, package.WORKBOOK} <= names:
        return "xlsx"
    if "xl/workbook.bin" in names:
        raise refusal(path, "workbook_xlsb", found=path.name)
    small = "mimetype" in names and archive.getinfo("mimetype").file_size < _HEAD
    if small and "content.xml" in names:
        mimetype = archive.read("mimetype").decode("ascii", errors="replace").strip()
        manifest = archive.read(_UNCHECKED_DTD) if _UNCHECKED_DTD in names else b""
        if mimetype == _ODS_TYPE:
            if b"encryption-data" in manifest:
                raise refusal(path, "workbook_encrypted", found=path.name)
            return "ods"
    raise refusal(path, "workbook_not_workbook", found=path.name)


def _unpacked(path: Path, handle: IO[bytes], *, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield the bytes of an entry, counted: never more than the archive declares."""
    handle.seek(entry.header_offset)
    header = handle.read(_LOCAL_HEADER)
    name_length, extra_length = struct.unpack("<HH", header[26:30])
    handle.seek(entry.header_offset + _LOCAL_HEADER + name_length + extra_length)
    decoder = zlib.decompressobj(-zlib.MAX_WBITS) if entry.compress_type else None
    left, counted = entry.compress_size, 0
    while left:
        packed = handle.read(min(left, _CHUNK))
        if not packed:
            raise refusal(path, "workbook_damaged", found=path.name)
        left -= len(packed)
        data = decoder.decompress(packed) if decoder else packed
        counted += len(data)
        if counted > entry.file_size:
            raise refusal(
                path, "workbook_bomb", found=path.name, maximum=MAX_UNPACKED_BYTES // 1_000_000
            )
        yield data
    if counted != entry.file_size:
        raise refusal(path, "workbook_damaged", found=path.name)


# --- the XML ----------------------------------------------------------------------------------
class _SharedTexts:
    """Lengths of the texts that cells share."""

    def __init__(self) -> None:
        self.lengths: list[int] = []


class _Part:
    """One part of the package, fed piece by piece: refuses document types and far cells."""

    def __init__(self, path: Path, shared: _SharedTexts, *, check_dtd: bool) -> None:
        self.path = path
        self.errors: dict[tuple[int, int], str] = {}
        self.errors_by_sheet: dict[str, dict[tuple[int, int], str]] = {}
        self._shared = shared
        self._check_dtd = check_dtd
        self._parser: XMLParserType | None = None
        self._begun = False
        self._state: _Grid | None = None
        self._counting = False

    def feed(self, data: bytes) -> None:
        """Take the next bytes; parts that are not XML are only counted."""
        if not self._begun and data.strip():
            self._begun = True
            start = data.removeprefix(b"\xef\xbb\xbf").lstrip()
            if start.startswith(b"<") or data.startswith((b"\xff\xfe", b"\xfe\xff")):
                self._parser = self._new_parser()
        if self._parser is not None:
            self._parser.Parse(data, False)

    def close(self) -> None:
        """Take the end of the part."""
        if self._parser is not None:
            self._parser.Parse(b"", True)

    def _new_parser(self) -> XMLParserType:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._first
        if self._check_dtd:
            parser.StartDoctypeDeclHandler = self._doctype
        return parser

    def _doctype(self, *_: object) -> None:
        raise refusal(self.path, "workbook_dtd", found=self.path.name)

    def _first(self, name: str, _attributes: Mapping[str, str]) -> None:
        """Choose how to read on by the first element."""
        parser = self._parser
        if parser is None:  # pragma: no cover - the parser itself calls this
            return
        root = name.rpartition(" ")[2]
        if root == "worksheet":
            grid = _Grid(self)
            parser.StartElementHandler, parser.EndElementHandler = grid.start, grid.end
            parser.CharacterDataHandler = grid.text
        elif root in {"document-content", "document"}:
            sheet = _OpenGrid(self)
            parser.StartElementHandler, parser.EndElementHandler = sheet.start, sheet.end
            parser.CharacterDataHandler = sheet.text
        elif root == "sst":
            parser.StartElementHandler = self._shared_start
            parser.CharacterDataHandler = self._shared_text
        else:
            parser.StartElementHandler = None

    def _shared_start(self, name: str, _attributes: Mapping[str, str]) -> None:
        if name.endswith(" si"):
            self._shared.lengths.append(0)

    def _shared_text(self, data: str) -> None:
        if self._shared.lengths:
            self._shared.lengths[-1] += len(data)

    def shared_length(self, index: str) -> int:
        """Return the length of a shared text."""
        try:
            return self._shared.lengths[int(index)]
        except (ValueError, IndexError):
            return 0

    def check(self, row: int, column: int) -> None:
        """Refuse a filled cell beyond any real table."""
        if not (0 <= row < MAX_ROWS and 0 <= column < MAX_COLUMNS):
            found = f"{column_letters(max(column, 0))}{row + 1}"
            raise refusal(
                self.path, "workbook_cells", found=found, rows=MAX_ROWS, columns=MAX_COLUMNS
            )

    def check_area(self, rows: int, columns: int, *, characters: int) -> None:
        """Refuse a sheet whose filled rectangle or text is beyond any real table."""
        if rows * columns > MAX_AREA or characters > MAX_TEXT_BYTES:
            raise refusal(
                self.path,
                "workbook_bomb",
                found=self.path.name,
                maximum=MAX_UNPACKED_BYTES // 1_000_000,
            )


class _Grid:
    """Cells of an Office worksheet."""

    def __init__(self, part: _Part) -> None:
        self._part = part
        self._row = self._column = -1
        self._rows = self._columns = self._characters = 0
        self._type = self._value = ""
        self._in_cell = self._in_value = False
        self._awaits_value = self._in_formula = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        tag = name.rpartition(" ")[2]
        if tag == "row":
            self._row = (
                int(attributes["r"]) - 1 if attributes.get("r", "").isdecimal() else self._row + 1
            )
            self._column = -1
        elif tag == "c":
            self._column += 1
            if "r" in attributes:
                self._row, self._column = place(attributes["r"])
            self._type = attributes.get("t", "")
            self._in_cell, self._awaits_value = True, False
        elif tag in {"v", "is", "f"} and self._in_cell:
            self._part.check(self._row, self._column)
            self._rows, self._columns = (
                max(self._rows, self._row + 1),
                max(self._columns, self._column + 1),
            )
            self._in_value, self._value = tag == "v" and self._type in {"e", "s"}, ""
            if tag == "f":
                self._awaits_value = self._type != "str"  # a text may be empty, a number may not
                self._in_formula = True

    def text(self, data: str) -> None:
        if self._in_value:
            self._value += data
        if not self._in_formula and data.strip():
            self._awaits_value = False

    def end(self, name: str) -> None:
        tag = name.rpartition(" ")[2]
        if tag == "f":
            self._in_formula = False
        elif tag == "v" and self._in_value:
            self._in_value = False
            if self._type == "e":
                self._part.errors[self._row, self._column] = self._value
            else:
                self._characters += self._part.shared_length(self._value)
        elif tag == "c":
            self._in_cell = False
            if self._awaits_value:
                self._part.errors[self._row, self._column] = UNCALCULATED
        elif tag in {"row", "worksheet"}:
            self._part.check_area(self._rows, self._columns, characters=self._characters)


class _OpenGrid:
    """Cells of an OpenDocument spreadsheet, where rows and cells may be repeated."""

    def __init__(self, part: _Part) -> None:
        self._part = part
        self._sheet = ""
        self._row = self._column = 0
        self._row_times = self._times = 1
        self._rows = self._columns = self._characters = 0
        self._is_error = False
        self._value = ""
        self._filled = self._awaits_value = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        tag = name.rpartition(" ")[2]
        plain = {key.rpartition(" ")[2]: value for key, value in attributes.items()}
        if tag == "table":
            self._sheet = plain.get("name", "")
            self._row = self._rows = self._columns = self._characters = 0
        elif tag == "table-row":
            self._column = 0
            self._row_times = _times(plain.get("number-rows-repeated"))
        elif tag in {"table-cell", "covered-table-cell"}:
            self._times = _times(plain.get("number-columns-repeated"))
            types = [value for key, value in plain.items() if key == "value-type"]
            self._is_error = "error" in types or any(
                key.endswith("calcext:1.0 value-type") and value == "error"
                for key, value in attributes.items()
            )
            self._filled, self._value = bool(types), ""
            self._awaits_value = "formula" in plain and not types
        elif tag == "p":
            self._filled = True

    def text(self, data: str) -> None:
        self._value += data

    def end(self, name: str) -> None:
        tag = name.rpartition(" ")[2]
        if tag in {"table-cell", "covered-table-cell"}:
            if self._filled or self._awaits_value:
                self._fill()
            self._column += self._times
            self._filled = False
        elif tag == "table-row":
            self._row += self._row_times

    def _fill(self) -> None:
        last_row, last_column = self._row + self._row_times - 1, self._column + self._times - 1
        self._part.check(last_row, last_column)
        self._rows, self._columns = (
            max(self._rows, last_row + 1),
            max(self._columns, last_column + 1),
        )
        self._characters += len(self._value) * self._row_times * self._times
        self._part.check_area(self._rows, self._columns, characters=self._characters)
        error = self._value if self._is_error else UNCALCULATED if self._awaits_value else ""
        if error:
            self._part.errors[self._row, self._column] = error
            self._part.errors_by_sheet.setdefault(self._sheet, {})[self._row, self._column] = error


def _times(repeated: str | None) -> int:
    return int(repeated) if repeated and repeated.isdecimal() else 1
