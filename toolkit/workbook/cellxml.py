"""Change the look of single cells in the XML of a sheet; add the cells that are not written yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from toolkit.office.guard import column_letters, place
from toolkit.workbook import splice
from toolkit.workbook.splice import Element, UnpatchableError
from toolkit.workbook.stylesheet import StyleSheet

_AFTER_LEGACY: Final = frozenset(
    {
        "legacyDrawingHF",
        "drawingHF",
        "picture",
        "oleObjects",
        "controls",
        "AlternateContent",
        "webPublishItems",
        "tableParts",
        "extLst",
    }
)
_CELLS: Final = frozenset({"row", "c", "sheetData", "col", "worksheet"})


class SheetXml:
    """The XML of one sheet and the edits to make in it."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        found = splice.elements(data, wanted=lambda name, depth: depth == 1 or name in _CELLS)
        root = found[0]
        if splice.local(root.name) != "worksheet":
            raise UnpatchableError
        self._root = root
        self._prefix = splice.prefix(root.name)
        self._top = [item for item in found if item.depth == 1]
        body = [item for item in self._top if splice.local(item.name) == "sheetData"]
        if len(body) != 1:
            raise UnpatchableError
        self._body = body[0]
        self._columns = [item for item in found if splice.local(item.name) == "col"]
        self._rows = self._numbered_rows(found)
        self._edits: list[tuple[int, int, bytes]] = []
        self._last_rows: list[bytes] = []

    @staticmethod
    def _numbered_rows(found: Iterable[Element]) -> dict[int, Element]:
        rows: dict[int, Element] = {}
        number = -1
        for item in found:
            if splice.local(item.name) == "row":
                written = item.attributes.get("r", "")
                number = int(written) - 1 if written.isdecimal() else number + 1
                rows[number] = item
        return rows

    @staticmethod
    def _numbered_cells(row: Element) -> dict[int, Element]:
        cells: dict[int, Element] = {}
        number = -1
        for item in row.children:
            if splice.local(item.name) == "c":
                number = place(item.attributes["r"])[1] if "r" in item.attributes else number + 1
                cells[number] = item
        return cells

    def colour(self, places: Iterable[tuple[int, int]], styles: StyleSheet) -> None:
        """Give cells, by row and column from 0, the background of a wrong cell."""
        by_row: dict[int, list[int]] = {}
        for row, column in sorted(set(places)):
            by_row.setdefault(row, []).append(column)
        for row, columns in by_row.items():
            if row in self._rows:
                self._colour_row(row, columns, styles=styles)
            else:
                self._new_row(row, columns, styles=styles)

    def _colour_row(self, row: int, columns: list[int], *, styles: StyleSheet) -> None:
        item = self._rows[row]
        cells = self._numbered_cells(item)
        fresh = []
        for column in columns:
            if column not in cells:
                later = min((at for at in cells if at > column), default=None)
                new = self._cell(row, column, style=styles.wrong(self._base_style(row, column)))
                if later is None:
                    fresh.append(new)
                else:
                    at = cells[later].start
                    self._edits.append((at, at, new))
                continue
            cell = cells[column]
            style = styles.wrong(int(cell.attributes.get("s", "0")))
            tag = splice.with_attributes(self._data[cell.start : cell.inside], s=str(style))
            self._edits.append((cell.start, cell.inside, tag))
        if fresh:
            self._edits.append(splice.appended(self._data, item, new=b"".join(fresh)))

    def _new_row(self, row: int, columns: list[int], *, styles: StyleSheet) -> None:
        cells = b"".join(
            self._cell(row, column, style=styles.wrong(self._base_style(row, column)))
            for column in columns
        )
        p = self._prefix
        new = f'<{p}row r="{row + 1}">'.encode() + cells + f"</{p}row>".encode()
        later = min((at for at in self._rows if at > row), default=None)
        if later is None:
            self._last_rows.append(new)
        else:
            at = self._rows[later].start
            self._edits.append((at, at, new))

    def _cell(self, row: int, column: int, *, style: int) -> bytes:
        return f'<{self._prefix}c r="{column_letters(column)}{row + 1}" s="{style}"/>'.encode()

    def _base_style(self, row: int, column: int) -> int:
        """Return the style that an unwritten cell shows: that of its row, else of its column."""
        item = self._rows.get(row)
        if item is not None and item.attributes.get("customFormat") in {"1", "true"}:
            return int(item.attributes.get("s", "0"))
        for item in self._columns:
            low, high = int(item.attributes.get("min", "0")), int(item.attributes.get("max", "0"))
            if low <= column + 1 <= high:
                return int(item.attributes.get("style", "0"))
        return 0

    def clear_marks(
        self, styles: StyleSheet, *, except_at: Mapping[tuple[int, int], object]
    ) -> None:
        """Take the background of an earlier marking from cells that are right by now."""
        for row, item in self._rows.items():
            for column, cell in self._numbered_cells(item).items():
                style = int(cell.attributes.get("s", "0"))
                if (row, column) not in except_at and styles.is_wrong(style):
                    tag = self._data[cell.start : cell.inside]
                    new = splice.with_attributes(tag, s=str(styles.plain(style)))
                    self._edits.append((cell.start, cell.inside, new))

    @property
    def legacy_drawing(self) -> str:
        """Id of the relation to the drawing of the comments; empty if there is none."""
        for item in self._top:
            if splice.local(item.name) == "legacyDrawing":
                return next(
                    (
                        value
                        for name, value in item.attributes.items()
                        if splice.local(name) == "id"
                    ),
                    "",
                )
        return ""

    def add_legacy_drawing(self, relation: str, *, namespace: str) -> None:
        """Refer to a drawing of comments, at the place the format wants."""
        p = self._prefix
        new = f'<{p}legacyDrawing xmlns:r="{namespace}" r:id="{relation}"/>'.encode()
        for item in self._top:
            if item.start > self._body.start and splice.local(item.name) in _AFTER_LEGACY:
                self._edits.append((item.start, item.start, new))
                return
        self._edits.append((self._root.close, self._root.close, new))

    def data(self) -> bytes:
        """Return the XML with the edits made."""
        edits = list(self._edits)
        if self._last_rows:
            edits.append(splice.appended(self._data, self._body, new=b"".join(self._last_rows)))
        return splice.spliced(self._data, edits)
