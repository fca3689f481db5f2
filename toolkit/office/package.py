"""What an .xlsx package holds: its sheets in their order, and the parts they are stored in."""

from __future__ import annotations

import posixpath
import zipfile
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET

CONTENT_TYPES: Final = "[Content_Types].xml"
WORKBOOK: Final = "xl/workbook.xml"
WORKBOOK_RELATIONS: Final = "xl/_rels/workbook.xml.rels"
MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE_RELATIONS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE_RELATIONS: Final = "http://schemas.openxmlformats.org/package/2006/relationships"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of a workbook: its name and the part of the package that holds its cells."""

    name: str
    part: str


def local(name: str) -> str:
    """Return the name of an element or attribute without its namespace."""
    return name.rpartition("}")[2]


def relations_of(part: str) -> str:
    """Return the name of the part that lists the relations of another part."""
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")


def resolve_target(part: str, target: str) -> str:
    """Return the part that a relation of ``part`` points at.

    Examples
    --------
    >>> resolve_target("xl/worksheets/sheet1.xml", "../comments1.xml")
    'xl/comments1.xml'
    """
    if target.startswith("/"):
        return target[1:]
    return posixpath.normpath(posixpath.join(posixpath.dirname(part), target))


def relations(archive: zipfile.ZipFile, part: str) -> dict[str, tuple[str, str]]:
    """Return the relations of a part: for each id, the last word of its type and its target."""
    listing = relations_of(part)
    if listing not in archive.namelist():
        return {}
    # The parts of a file were checked to hold no document type before anything reads them here.
    tree = ET.fromstring(archive.read(listing))  # noqa: S314
    return {
        item.get("Id", ""): (
            item.get("Type", "").rpartition("/")[2],
            resolve_target(part, item.get("Target", "")),
        )
        for item in tree
        if item.get("TargetMode") != "External"
    }


def sheets(archive: zipfile.ZipFile) -> list[Sheet]:
    """Return the worksheets of a package in the order of their tabs (no chart sheets)."""
    found = relations(archive, WORKBOOK)
    tree = ET.fromstring(archive.read(WORKBOOK))  # noqa: S314 - checked by the guard
    listed = []
    for item in tree.iter():
        if local(item.tag) != "sheet":
            continue
        reference = next((value for name, value in item.attrib.items() if local(name) == "id"), "")
        kind, part = found.get(reference, ("", ""))
        if kind == "worksheet":
            listed.append(Sheet(item.get("name", ""), part))
    return listed
