"""Add looks to the style sheet of somebody's workbook, without touching those it has."""

from __future__ import annotations

from typing import Final

from toolkit.workbook import splice
from toolkit.workbook.palette import OPTIONAL, WRONG
from toolkit.workbook.splice import Element, UnpatchableError

_WRONG_RGB: Final = f"FF{WRONG[1:]}"
_HEAD_RGB: Final = f"FF{OPTIONAL[1:]}"
_GROUPS: Final = ("fonts", "fills", "cellXfs")
_ITEM_DEPTH: Final = 2


class StyleSheet:
    """The styles of a workbook; new ones are appended when asked for."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        found = splice.elements(
            data,
            wanted=lambda name, depth: (depth == 1 and name in _GROUPS) or depth == _ITEM_DEPTH,
        )
        self._groups = {splice.local(item.name): item for item in found if item.depth == 1}
        if set(self._groups) != set(_GROUPS):
            raise UnpatchableError
        self._prefix = splice.prefix(self._groups["cellXfs"].name)
        self._items = {name: group.children for name, group in self._groups.items()}
        self._new: dict[str, list[str]] = {name: [] for name in _GROUPS}
        self._made: dict[tuple[str, int], int] = {}

    def wrong(self, base: int) -> int:
        """Return the style that looks like another, with the background of a wrong cell."""
        return self._variant("wrong", base, fill=self._fill(_WRONG_RGB))

    def is_wrong(self, style: int) -> bool:
        """Return whether a style has the background of a wrong cell, from an earlier marking."""
        xfs, fills = self._items["cellXfs"], self._items["fills"]
        if not 0 <= style < len(xfs):
            return False
        fill = xfs[style].attributes.get("fillId", "0")
        number = int(fill) if fill.isdecimal() else 0
        if number >= len(fills):
            return False
        return _WRONG_RGB.encode() in self._raw(fills[number])

    def plain(self, base: int) -> int:
        """Return the style that looks like another, without background."""
        return self._variant("plain", base, fill=0)

    def own(self, name: str) -> int:
        """Return a style of the list of problems: ``title``, ``head``, ``body`` or ``link``."""
        if (name, -1) in self._made:
            return self._made[name, -1]
        p = self._prefix
        fonts = {
            "title": f'<{p}b/><{p}sz val="16"/><{p}color rgb="{_HEAD_RGB}"/>',
            "head": f'<{p}b/><{p}sz val="11"/><{p}color rgb="FFFFFFFF"/>',
            "body": f'<{p}sz val="11"/>',
            "link": f'<{p}u/><{p}sz val="11"/><{p}color rgb="FF0B5A8A"/>',
        }
        font = self._add("fonts", f'<{p}font>{fonts[name]}<{p}name val="Calibri"/></{p}font>')
        fill = self._fill(_HEAD_RGB) if name == "head" else 0
        wrap = "" if name == "title" else ' wrapText="1"'
        number = self._add(
            "cellXfs",
            f'<{p}xf numFmtId="0" fontId="{font}" fillId="{fill}" borderId="0" xfId="0"'
            f' applyFont="1" applyFill="1" applyAlignment="1">'
            f'<{p}alignment vertical="top"{wrap}/></{p}xf>',
        )
        self._made[name, -1] = number
        return number

    def data(self) -> bytes:
        """Return the style sheet with what was added."""
        edits = []
        for name, group in self._groups.items():
            if not self._new[name]:
                continue
            count = str(len(self._items[name]) + len(self._new[name]))
            tag = splice.with_attributes(self._data[group.start : group.inside], count=count)
            if group.is_empty:
                raise UnpatchableError
            edits.append((group.start, group.inside, tag))
            edits.append(splice.appended(self._data, group, new="".join(self._new[name]).encode()))
        return splice.spliced(self._data, edits)

    def _variant(self, kind: str, base: int, *, fill: int) -> int:
        if (kind, base) not in self._made:
            xfs = self._items["cellXfs"]
            if not xfs:
                raise UnpatchableError
            item = xfs[base if 0 <= base < len(xfs) else 0]
            tag = self._data[item.start : item.inside]
            tag = splice.with_attributes(tag, fillId=str(fill), applyFill="1")
            raw = tag + self._data[item.inside : item.end]
            self._made[kind, base] = self._add("cellXfs", raw.decode())
        return self._made[kind, base]

    def _fill(self, rgb: str) -> int:
        key = (f"fill {rgb}", -1)
        if key not in self._made:
            p = self._prefix
            self._made[key] = self._add(
                "fills",
                f'<{p}fill><{p}patternFill patternType="solid"><{p}fgColor rgb="{rgb}"/>'
                f'<{p}bgColor indexed="64"/></{p}patternFill></{p}fill>',
            )
        return self._made[key]

    def _add(self, group: str, raw: str) -> int:
        self._new[group].append(raw)
        return len(self._items[group]) + len(self._new[group]) - 1

    def _raw(self, item: Element) -> bytes:
        return self._data[item.start : item.end]
