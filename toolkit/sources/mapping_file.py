"""Mapping files: which column of somebody's file is which column of the model (TOML)."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from toolkit import vocabulary as v
from toolkit.errors import DataError, Problem
from toolkit.nomenclature import fold
from toolkit.schema.contracts import CONTRACTS, Column
from toolkit.schema.ways import closest, read_codes
from toolkit.sources.reading import check_file

TABLES: Final = (v.ACTORS, v.RESOURCES, v.NEEDS, v.FLOWS)
PLACE_COLUMNS: Final = ("city", "postcode", "department", "x", "y", "point")
"""Columns of actors beside the model's: they say where an actor is, and are not kept as such."""
SPLIT: Final = "category"
"""Column of resources and needs whose several values make several rows."""
SEPARATORS: Final = "|;"
NOT_MAPPED: Final = frozenset(
    {"basis", "source_id", "weight", "located_by", "activity_version", "ess", v.GEOMETRY}
)
_FILE_KEYS: Final = ("sheet", "header_row", "separators", "epsg")
_SOURCE_KEYS: Final = ("title", "producer", "licence", "data_year")
_PARTS: Final = ("columns", "constants", "values")
CODED: Final = frozenset({"enum", "enum_list", "code", "code_list"})
LISTS: Final = frozenset({"enum_list", "code_list"})
_CONTACT: Final = re.compile(
    r"\b(e ?mails?|mails?|courriels?|tel|telephones?|phones?|portable|fax)\b"
)
_SECTION: Final = re.compile(r"^\s*\[\s*([^\[\]#]+?)\s*\]")
_KEY: Final = re.compile(r"""^\s*("(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)\s*=""")
_TOML_LINE: Final = re.compile(r"line (\d+)")
_TEXT: Final = CONTRACTS[v.ACTORS].column("name")


@dataclass(frozen=True, slots=True)
class TableMap:
    """How the rows of a file become rows of one table.

    Attributes
    ----------
    table : str
        Table of the model.
    columns : Mapping of str to tuple of str
        Headers of the file for a column of the model; several are joined (text, lists) or the
        first filled cell is taken.
    constants : Mapping of str to str
        What a column holds where the file gives nothing.
    codes : Mapping of str to Mapping
        For a column of the model, codes (joined by ``|``, or empty) by their folded words.
    """

    table: str
    columns: Mapping[str, tuple[str, ...]]
    constants: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))

    def column(self, name: str) -> Column:
        """Return the contract of a column; that of plain text for one that places an actor."""
        contract = CONTRACTS[self.table]
        return contract.column(name) if name in contract.names else _TEXT


@dataclass(frozen=True, slots=True)
class FileMap:
    """A mapping file that was read and checked.

    Attributes
    ----------
    where : str
        Name of the mapping file.
    tables : Mapping of str to TableMap
        In the order of the model.
    sheet : str
        Sheet or layer; empty for the first or only one.
    header_row : int
        Row of a sheet that holds the headers, from 1.
    separators : str
        Characters each of which separates values of one cell.
    epsg : int or None
        Reference system of the columns ``x`` and ``y``.
    source : Mapping
        ``title``, ``producer``, ``licence``, ``data_year``.
    lines : Mapping of tuple to int
        Line of each key of the file by its path.
    """

    where: str
    tables: Mapping[str, TableMap]
    sheet: str = ""
    header_row: int = 1
    separators: str = SEPARATORS
    epsg: int | None = None
    source: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    lines: Mapping[tuple[str, ...], int] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def headers(self) -> dict[str, tuple[str, ...]]:
        """Every header of the file that is mapped -> path of its key."""
        return {
            header: (table.table, "columns", name)
            for table in self.tables.values()
            for name, named in table.columns.items()
            for header in named
        }

    def problem(
        self, code: str, path: tuple[str, ...], *, found: str = "", **params: str
    ) -> Problem:
        """Return a problem of the line of a key, named by its path."""
        return _problem(code, path, where=self.where, lines=self.lines, found=found, params=params)


def has_contacts(header: str) -> bool:
    """Return whether a header names contacts of people (mails, telephone numbers).

    Examples
    --------
    >>> has_contacts("Adresse e-mail"), has_contacts("telephone_1"), has_contacts("Détails")
    (True, True, False)
    """
    return bool(_CONTACT.search(re.sub(r"[\W_]+", " ", fold(header))))


def read_mapping(path: Path) -> FileMap:
    """Return a mapping file, checked against the model.

    Parameters
    ----------
    path : Path
        TOML file: ``[file]``, ``[source]``, and for each table ``[actors.columns]``,
        ``[actors.constants]`` and ``[actors.values.<column>]``.

    Returns
    -------
    FileMap
        What the file says.

    Raises
    ------
    DataError
        If it is no TOML, names tables, columns or codes that the model does not have, or asks for
        a column of contacts; every fault with its line.
    """
    check_file(path, endings=(".toml",))
    try:
        text = path.read_text(encoding="utf-8-sig")
        content = tomllib.loads(text)
    except UnicodeDecodeError as err:
        raise DataError(Problem("sources_mapping_encoding", where=path.name)) from err
    except tomllib.TOMLDecodeError as err:
        line = _TOML_LINE.search(str(err))
        params = {"reason": str(err)}
        row = line.group(1) if line else ""
        problem = Problem("sources_mapping_toml", where=path.name, row=row, params=params)
        raise DataError(problem) from err
    reader = _Reader(path.name, _lines(text))
    found = reader.file(content)
    if reader.problems:
        raise DataError(reader.problems)
    return found


class _Reader:
    """Checks the keys of a mapping file and keeps every fault."""

    def __init__(self, where: str, lines: Mapping[tuple[str, ...], int]) -> None:
        self.where = where
        self.lines = lines
        self.problems: list[Problem] = []

    def fault(self, code: str, path: tuple[str, ...], *, found: str = "", **params: str) -> None:
        """Keep a fault of the line of a key."""
        self.problems.append(
            _problem(code, path, where=self.where, lines=self.lines, found=found, params=params)
        )

    def file(self, content: Mapping[str, Any]) -> FileMap:
        """Return the whole mapping."""
        self._known(content, ("file", "source", *TABLES), path=())
        given = self._section(content, "file", known=_FILE_KEYS)
        source = self._section(content, "source", known=_SOURCE_KEYS)
        tables = {
            name: self._table(name, self._mapping(content[name], (name,)))
            for name in TABLES
            if name in content
        }
        if not any(table.columns for table in tables.values()):
            self.fault("sources_mapping_no_table", (), choices=", ".join(TABLES))
        header_row = self._whole(given, "header_row", section="file") or 1
        epsg = self._whole(given, "epsg", section="file")
        if epsg is None and "x" in tables.get(v.ACTORS, TableMap(v.ACTORS, {})).columns:
            self.fault("sources_mapping_no_epsg", (v.ACTORS, "columns", "x"))
        self._whole(source, "data_year", section="source")
        sheet, separators = given.get("sheet", ""), given.get("separators", SEPARATORS)
        return FileMap(
            self.where,
            MappingProxyType(tables),
            sheet=str(sheet),
            header_row=header_row,
            separators=str(separators),
            epsg=epsg,
            source=MappingProxyType(dict(source)),
            lines=self.lines,
        )

    def _table(self, table: str, content: Mapping[str, Any]) -> TableMap:
        self._known(content, _PARTS, path=(table,))
        names = [name for name in CONTRACTS[table].names if name not in NOT_MAPPED]
        names += PLACE_COLUMNS if table == v.ACTORS else ()
        parts = {part: self._mapping(content.get(part, {}), (table, part)) for part in _PARTS}
        for part in _PARTS:
            self._known(parts[part], tuple(names), path=(table, part))
        columns = {
            name: self._headers(cell, (table, "columns", name))
            for name, cell in parts["columns"].items()
        }
        made = TableMap(table, MappingProxyType(columns))
        constants = {
            name: self._constant(cell, made.column(name), path=(table, "constants", name))
            for name, cell in parts["constants"].items()
            if name in names
        }
        values = {
            name: self._values(cells, made.column(name), path=(table, "values", name))
            for name, cells in parts["values"].items()
            if name in names
        }
        return TableMap(
            table,
            MappingProxyType(columns),
            constants=MappingProxyType(constants),
            codes=MappingProxyType(values),
        )

    def _headers(self, cell: object, path: tuple[str, ...]) -> tuple[str, ...]:
        """Return the headers of one column."""
        named = tuple(cell) if isinstance(cell, list) else (cell,)
        if not named or not all(isinstance(header, str) and header.strip() for header in named):
            self.fault("sources_mapping_header", path, found=str(cell))
            return ()
        for header in named:
            if has_contacts(header):
                self.fault("sources_mapping_contact", path, found=header)
        return named

    def _values(self, cells: object, column: Column, *, path: tuple[str, ...]) -> Mapping[str, str]:
        """Return the codes by folded words."""
        found = {}
        for words, cell in self._mapping(cells, path).items():
            given = v.join_list(cell) if isinstance(cell, list) else cell
            found[fold(words)] = self._constant(given, column, path=(*path, words))
        return MappingProxyType(found)

    def _constant(self, cell: object, column: Column, *, path: tuple[str, ...]) -> str:
        """Return a value of a column as text; codes are checked."""
        written = str(cell).lower() if isinstance(cell, bool) else str(cell)
        if isinstance(cell, dict | list):
            self.fault("sources_mapping_value", path, found=written)
        elif column.kind in CODED and written:
            codes, unknown = read_codes(written, column)
            for words in unknown:
                choices, near = closest(words, column)
                shown = choices or near or "–"
                self.fault("sources_mapping_code", path, found=words, choices=shown)
            return v.join_list(codes)
        return written

    def _section(
        self, content: Mapping[str, Any], name: str, *, known: tuple[str, ...]
    ) -> Mapping[str, Any]:
        found = self._mapping(content.get(name, {}), (name,))
        self._known(found, known, path=(name,))
        return found

    def _mapping(self, cell: object, path: tuple[str, ...]) -> Mapping[str, Any]:
        if isinstance(cell, Mapping):
            return cell
        self.fault("sources_mapping_section", path, found=str(cell))
        return {}

    def _whole(self, content: Mapping[str, Any], key: str, *, section: str) -> int | None:
        """Return a whole number above zero."""
        cell = content.get(key)
        if cell is None:
            return None
        if not isinstance(cell, int) or isinstance(cell, bool) or cell < 1:
            self.fault("sources_mapping_number", (section, key), found=str(cell))
            return None
        return cell

    def _known(
        self, content: Mapping[str, Any], known: tuple[str, ...], *, path: tuple[str, ...]
    ) -> None:
        """Keep a fault for each key that is not known."""
        for key in content:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                choices = near[0] if near else ", ".join(known)
                self.fault("sources_mapping_key", (*path, key), found=key, choices=choices)


def _problem(
    code: str,
    path: tuple[str, ...],
    *,
    where: str,
    lines: Mapping[tuple[str, ...], int],
    found: str,
    params: Mapping[str, str],
) -> Problem:
    """Return a problem at the line of a key, or of the nearest section above it."""
    line = next((lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines), "")
    named = {"key": ".".join(path), **params}
    return Problem(code, where=where, row=str(line), found=found, params=named)


def _lines(text: str) -> dict[tuple[str, ...], int]:
    """Return the line of every section and key that stands on a line of its own."""
    found: dict[tuple[str, ...], int] = {}
    section: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if match := _SECTION.match(line):
            section = tuple(_bare(part) for part in match.group(1).split("."))
            found.update({path: number for path in _above(section) if path not in found})
        elif match := _KEY.match(line):
            found.setdefault((*section, _bare(match.group(1))), number)
    return found


def _above(section: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for end in range(1, len(section) + 1):
        yield section[:end]


def _bare(key: str) -> str:
    """Return a key without its quotation marks."""
    return key.strip().strip("\"'")
