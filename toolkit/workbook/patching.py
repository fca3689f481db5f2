"""Put marks into an .xlsx package: only the parts that must change are changed."""

from __future__ import annotations

import html
import io
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import ParseError

from toolkit.language import text
from toolkit.office import package
from toolkit.office.package import OFFICE_RELATIONS, PACKAGE_RELATIONS, Sheet
from toolkit.settings import LANGUAGES
from toolkit.workbook import splice
from toolkit.workbook.cellxml import SheetXml
from toolkit.workbook.commentxml import EMPTY_COMMENTS, EMPTY_DRAWING, CommentXml, with_shapes
from toolkit.workbook.listxml import list_xml
from toolkit.workbook.marks import Marks, Place, is_list_title
from toolkit.workbook.splice import Element, UnpatchableError, xml_text
from toolkit.workbook.stylesheet import StyleSheet

_DATE: Final = (1980, 1, 1, 0, 0, 0)
_SHEET_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_COMMENTS_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
_VML_TYPE: Final = "application/vnd.openxmlformats-officedocument.vmlDrawing"
_SELECTED: Final = re.compile(rb"""(<(?:\w+:)?sheetView\b[^>]*?)\stabSelected=["'](?:1|true)["']""")
_NO_RELATIONS: Final = (
    f'<?xml version="1.0" encoding="UTF-8"?>\n<Relationships xmlns="{PACKAGE_RELATIONS}"/>'
)


def patched(path: Path, marks: Marks) -> bytes:
    """Return the bytes of a marked copy of an .xlsx file.

    Raises
    ------
    UnpatchableError
        If the package is written in a way that cannot be edited in place.
    """
    with zipfile.ZipFile(path) as archive:
        try:
            return _Package(archive, marks).marked()
        except (LookupError, ValueError, StopIteration, ParseError) as err:
            raise UnpatchableError from err


class _Package:
    """The parts of one workbook, and those that are written anew."""

    def __init__(self, archive: zipfile.ZipFile, marks: Marks) -> None:
        self._archive = archive
        self._marks = marks
        self._names = set(archive.namelist())
        self._new: dict[str, bytes] = {}
        self._sheets = package.sheets(archive)
        self._workbook = package.relations(archive, package.WORKBOOK)
        self._styles_part = self._part_of("styles")
        self._styles = StyleSheet(archive.read(self._styles_part))

    def _part_of(self, kind: str) -> str:
        return next(part for found, part in self._workbook.values() if found == kind)

    def _read(self, part: str) -> bytes:
        return self._new[part] if part in self._new else self._archive.read(part)

    def marked(self) -> bytes:
        """Return the whole package with the marks."""
        old_list = self._old_list()
        for sheet in self._sheets:
            if sheet is not old_list:
                self._mark_sheet(sheet, self._marks.texts.get(sheet.name, {}))
        for sheet in self._sheets:
            data = self._read(sheet.part)
            if _SELECTED.search(data):
                self._new[sheet.part] = _SELECTED.sub(rb"\1", data)
        self._put_list(old_list)
        self._new[self._styles_part] = self._styles.data()
        return self._packed()

    def _packed(self) -> bytes:
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target:
            for entry in self._archive.infolist():
                info = zipfile.ZipInfo(entry.filename, entry.date_time)
                info.compress_type = zipfile.ZIP_DEFLATED
                info.external_attr = entry.external_attr
                target.writestr(info, self._read(entry.filename))
            for name in sorted(set(self._new) - self._names):
                info = zipfile.ZipInfo(name, _DATE)
                info.compress_type = zipfile.ZIP_DEFLATED
                target.writestr(info, self._new[name])
        return made.getvalue()

    # --- sheets of the officer ----------------------------------------------------------------
    def _mark_sheet(self, sheet: Sheet, texts: Mapping[Place, str]) -> None:
        """Mark the wrong cells of one sheet; take out what an earlier marking left."""
        xml = SheetXml(self._read(sheet.part))
        if sheet.name in self._marks.sheets:
            xml.clear_marks(self._styles, except_at=texts)
        xml.colour(texts, self._styles)
        found = package.relations(self._archive, sheet.part)
        comments = next((part for kind, part in found.values() if kind == "comments"), "")
        old = CommentXml(self._read(comments)) if comments else None
        stale = old.own_places() if old else set()
        if texts or stale:
            drawing = found.get(xml.legacy_drawing, ("", ""))[1]
            holder = old or CommentXml(EMPTY_COMMENTS)
            new_comments, fresh = holder.with_comments(texts)
            shapes = with_shapes(
                self._read(drawing) if drawing else EMPTY_DRAWING,
                {at: texts[at] for at in fresh},
                without=stale,
            )
            if not comments:
                comments = self._free("xl/comments{}.xml")
                self._relate(sheet.part, "comments", target=comments)
                self._declare(comments, _COMMENTS_TYPE)
            if not drawing:
                drawing = self._free("xl/drawings/vmlDrawing{}.vml")
                xml.add_legacy_drawing(
                    self._relate(sheet.part, "vmlDrawing", target=drawing),
                    namespace=OFFICE_RELATIONS,
                )
                self._declare_extension("vml", _VML_TYPE)
            self._new[comments], self._new[drawing] = new_comments, shapes
        data = xml.data()
        if data != self._read(sheet.part):
            self._new[sheet.part] = data

    def _free(self, pattern: str) -> str:
        """Return the name of a part that is not there yet."""
        number = 1
        while pattern.format(number) in self._names | set(self._new):
            number += 1
        return pattern.format(number)

    # --- the package --------------------------------------------------------------------------
    def _relate(self, part: str, kind: str, *, target: str) -> str:
        """Add a relation of a part; return its id."""
        listing = package.relations_of(part)
        known = listing in self._names or listing in self._new
        data = self._read(listing) if known else _NO_RELATIONS.encode()
        found = splice.elements(data, wanted=lambda _, depth: depth <= 1)
        used = {item.attributes.get("Id") for item in found[1:]}
        number = 1
        while f"rIdM{number}" in used:
            number += 1
        p = splice.prefix(found[0].name)
        new = (
            f'<{p}Relationship Id="rIdM{number}" Type="{OFFICE_RELATIONS}/{kind}"'
            f' Target="/{target}"/>'
        ).encode()
        self._new[listing] = splice.spliced(data, [splice.appended(data, found[0], new=new)])
        return f"rIdM{number}"

    def _declare(self, part: str, kind: str) -> None:
        """Name the type of a new part."""
        self._add_type(f'Override PartName="/{part}" ContentType="{kind}"/>')

    def _declare_extension(self, extension: str, kind: str) -> None:
        """Name the type of the parts with an extension, unless it is named already."""
        named = rb'Extension="' + extension.encode() + rb'"'
        if not re.search(named, self._read(package.CONTENT_TYPES), re.IGNORECASE):
            self._add_type(f'Default Extension="{extension}" ContentType="{kind}"/>')

    def _add_type(self, tail: str) -> None:
        data = self._read(package.CONTENT_TYPES)
        root = splice.elements(data, wanted=lambda _, depth: depth == 0)[0]
        new = f"<{splice.prefix(root.name)}{tail}".encode()
        edits = [splice.appended(data, root, new=new)]
        self._new[package.CONTENT_TYPES] = splice.spliced(data, edits)

    # --- the list in front --------------------------------------------------------------------
    def _old_list(self) -> Sheet | None:
        """Return the sheet that lists the problems of an earlier marking."""
        names = {text("workbook.marked", lang=lang) for lang in LANGUAGES}
        for sheet in self._sheets:
            if sheet.name in names and is_list_title(self._first_text(sheet)):
                return sheet
        return None

    def _first_text(self, sheet: Sheet) -> str:
        """Return the text of the first cell of a sheet, shared or not."""
        data = self._read(sheet.part)
        cell = next((item for item in splice.elements(data, wanted=lambda n, _: n == "c")), None)
        if cell is None:
            return ""
        raw = data[cell.inside : cell.close]
        if cell.attributes.get("t") == "s":
            number = re.search(rb"<(?:\w+:)?v>(\d+)<", raw)
            shared = self._read(self._part_of("sharedStrings"))
            items = splice.elements(shared, wanted=lambda n, _: n == "si")
            item = items[int(number[1])] if number else None
            raw = shared[item.inside : item.close] if item else b""
        found = re.findall(rb"<(?:\w+:)?t\b[^>]*>([^<]*)<", raw)
        return html.unescape(b"".join(found).decode())

    def _put_list(self, old: Sheet | None) -> None:
        """Put the list of problems in front, or in the place of an earlier one."""
        if old is not None:
            self._new[old.part] = list_xml(self._marks, self._styles)
            self._patch_workbook(new_sheet=None, active=old.name)
            return
        part = self._free("xl/worksheets/sheetM{}.xml")
        self._new[part] = list_xml(self._marks, self._styles)
        self._declare(part, _SHEET_TYPE)
        relation = self._relate(package.WORKBOOK, "worksheet", target=part)
        self._patch_workbook(new_sheet=relation, active="")

    def _patch_workbook(self, *, new_sheet: str | None, active: str) -> None:
        """Name the new sheet first; whatever counts sheets counts one more."""
        data = self._read(package.WORKBOOK)
        wanted = {
            "workbook",
            "sheets",
            "sheet",
            "workbookView",
            "definedName",
            "customWorkbookView",
        }
        found = splice.elements(data, wanted=lambda name, _: name in wanted)
        by_name: dict[str, list[Element]] = {}
        for item in found:
            by_name.setdefault(splice.local(item.name), []).append(item)
        names = [item.attributes.get("name", "") for item in by_name["sheet"]]
        at = str(names.index(active)) if new_sheet is None else "0"
        edits = [
            _retagged(data, view, activeTab=at, firstSheet=None)
            for view in by_name.get("workbookView", [])
        ]
        if new_sheet is not None:
            sheets = by_name["sheets"][0]
            numbers = [int(item.attributes.get("sheetId", "0")) for item in by_name["sheet"]]
            new = (
                f'<{splice.prefix(sheets.name)}sheet xmlns:r="{OFFICE_RELATIONS}"'
                f' name="{xml_text(self._free_title(names))}" sheetId="{max(numbers) + 1}"'
                f' r:id="{new_sheet}"/>'
            )
            edits.append((sheets.inside, sheets.inside, new.encode()))
            edits += [
                _retagged(data, item, localSheetId=str(int(item.attributes["localSheetId"]) + 1))
                for item in by_name.get("definedName", [])
                if "localSheetId" in item.attributes
            ]
        self._new[package.WORKBOOK] = splice.spliced(data, edits)

    def _free_title(self, names: list[str]) -> str:
        """Return a name for the list that no sheet bears."""
        title = text("workbook.marked", lang=self._marks.lang)
        taken = {name.casefold() for name in names}
        name, number = title, 2
        while name.casefold() in taken:
            name, number = f"{title} ({number})", number + 1
        return name


def _retagged(data: bytes, item: Element, **values: str | None) -> tuple[int, int, bytes]:
    """Return the edit that sets attributes of an element."""
    tag = splice.with_attributes(data[item.start : item.inside], **values)
    return item.start, item.inside, tag
