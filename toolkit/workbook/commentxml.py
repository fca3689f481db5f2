"""Add comments to a sheet of somebody's workbook; those that are there stay, or get a line more."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from toolkit.office.guard import column_letters, place
from toolkit.office.package import MAIN
from toolkit.workbook import splice
from toolkit.workbook.splice import Element

AUTHOR: Final = "Maillage (correction)"
_OURS: Final = "[Maillage] "
"""Begins what a marking writes, by which a later one knows it again (LibreOffice drops authors)."""
_ADDED: Final = re.compile(rb"(?:\r?\n|&#10;|&#xA;|_x000[aA]_)?\[Maillage\] [^<]*")

EMPTY_COMMENTS: Final = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    f'<comments xmlns="{MAIN}"><authors></authors><commentList></commentList></comments>'
).encode()
EMPTY_DRAWING: Final = (
    b'<xml xmlns:v="urn:schemas-microsoft-com:vml"'
    b' xmlns:o="urn:schemas-microsoft-com:office:office"'
    b' xmlns:x="urn:schemas-microsoft-com:office:excel"><o:shapelayout v:ext="edit">'
    b'<o:idmap v:ext="edit" data="1"/></o:shapelayout></xml>'
)
_SHAPE_TYPE: Final = (
    '<v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202"'
    ' path="m,l,21600r21600,l21600,xe">'
    '<v:stroke joinstyle="miter"/><v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>'
)
_NAMESPACES: Final = (
    'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
    ' xmlns:x="urn:schemas-microsoft-com:office:excel"'
)
_TAG: Final = re.compile(rb"<[^>]*>")
_SHAPE: Final = re.compile(rb"<v:shape\b.*?</v:shape>", re.DOTALL)
_SHAPE_PLACE: Final = re.compile(rb"<x:(Row|Column)>\s*(\d+)\s*</x:(?:Row|Column)>")
_SHAPE_ID: Final = re.compile(rb"_x0000_s(\d+)")
_FIRST_ID: Final = 1024
_LINE_WIDTH: Final = 42
_LINE_POINTS: Final = 13

Place = tuple[int, int]


class CommentXml:
    """The comments of one sheet."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        found = splice.elements(data, wanted=lambda _, depth: depth > 0)
        self._prefix = splice.prefix(found[0].name)
        self._authors = next(item for item in found if splice.local(item.name) == "authors")
        self._list = next(item for item in found if splice.local(item.name) == "commentList")
        self._comments = {
            place(item.attributes.get("ref", "")): item
            for item in self._list.children
            if splice.local(item.name) == "comment"
        }
        self._names = [self._text_of(item) for item in self._authors.children]

    def _text_of(self, item: Element) -> str:
        return self._data[item.inside : item.close].decode()

    def own_places(self) -> set[Place]:
        """Return the cells whose comment is from an earlier marking."""
        return {
            at
            for at, item in self._comments.items()
            if _TAG.sub(b"", self._data[item.inside : item.close])
            .lstrip()
            .startswith(_OURS.encode())
        }

    def with_comments(self, texts: Mapping[Place, str]) -> tuple[bytes, set[Place]]:
        """Return the part with comments, without those of an earlier marking.

        Returns
        -------
        bytes
            The new part.
        set of (row, column)
            Cells that have a comment now and had none by somebody else: they need a shape.
        """
        edits: list[tuple[int, int, bytes]] = []
        own = self.own_places()
        for at, item in self._comments.items():
            if at in own:
                edits.append((item.start, item.end, b""))
            else:
                edits.extend(self._edits_of_foreign(item, texts.get(at)))
        fresh = sorted(at for at in texts if at in own or at not in self._comments)
        author = self._names.index(AUTHOR) if AUTHOR in self._names else len(self._names)
        if AUTHOR not in self._names:
            p = self._prefix
            new = f"<{p}author>{AUTHOR}</{p}author>".encode()
            edits.append(splice.appended(self._data, self._authors, new=new))
        new = b"".join(self._comment(at, texts[at], author=author) for at in fresh)
        edits.append(splice.appended(self._data, self._list, new=new))
        return splice.spliced(self._data, edits), set(fresh)

    def _edits_of_foreign(self, item: Element, words: str | None) -> list[tuple[int, int, bytes]]:
        """Return the edits that put our line, and no older one, under somebody's comment."""
        holder = next(
            (child for child in item.children if splice.local(child.name) == "text"), None
        )
        if holder is None:
            return []
        edits = [
            (holder.start + found.start(), holder.start + found.end(), b"")
            for found in _ADDED.finditer(self._data[holder.start : holder.end])
        ]
        if words is not None:
            edits.append(splice.appended(self._data, holder, new=self._run(f"\n{_OURS}{words}")))
        return edits

    def _run(self, words: str) -> bytes:
        p = self._prefix
        return (
            f'<{p}r><{p}rPr><{p}sz val="9"/><{p}color indexed="81"/>'
            f'<{p}rFont val="Tahoma"/></{p}rPr>'
            f'<{p}t xml:space="preserve">{splice.xml_text(words)}</{p}t></{p}r>'
        ).encode()

    def _comment(self, at: Place, words: str, *, author: int) -> bytes:
        p = self._prefix
        head = f'<{p}comment ref="{column_letters(at[1])}{at[0] + 1}" authorId="{author}"><{p}text>'
        return head.encode() + self._run(f"{_OURS}{words}") + f"</{p}text></{p}comment>".encode()


def with_shapes(drawing: bytes, texts: Mapping[Place, str], *, without: set[Place]) -> bytes:
    """Return the drawing of a sheet's comments with a box for each new one.

    Parameters
    ----------
    drawing : bytes
        VML, which need not be well-formed XML: it is edited as text.
    texts : Mapping of (row, column) to str
        New comments.
    without : set of (row, column)
        Comments whose boxes are taken out first.

    Raises
    ------
    UnpatchableError
        If the drawing has no end.
    """

    def kept(match: re.Match[bytes]) -> bytes:
        found = {name: int(number) for name, number in _SHAPE_PLACE.findall(match[0])}
        gone = (
            b'ObjectType="Note"' in match[0]
            and (found.get(b"Row"), found.get(b"Column")) in without
        )
        return b"" if gone else match[0]

    drawing = _SHAPE.sub(kept, drawing)
    end = drawing.rfind(b"</xml>")
    if end < 0:
        raise splice.UnpatchableError
    number = max((int(found) for found in _SHAPE_ID.findall(drawing)), default=_FIRST_ID)
    parts = [] if b'id="_x0000_t202"' in drawing else [_with_namespaces(_SHAPE_TYPE)]
    for at, words in sorted(texts.items()):
        number += 1
        parts.append(_with_namespaces(_shape(at, words, number=number)))
    return drawing[:end] + "".join(parts).encode() + drawing[end:]


def _with_namespaces(shape: str) -> str:
    """Return a shape that says itself what its prefixes mean, whatever the root says."""
    head, space, rest = shape.partition(" ")
    return f"{head} {_NAMESPACES}{space}{rest}"


def _shape(at: Place, words: str, *, number: int) -> str:
    """Return the box of one comment, as high as its text needs."""
    lines = sum(1 + len(line) // _LINE_WIDTH for line in words.split("\n"))
    height = _LINE_POINTS * (lines + 1)
    row, column = at
    rows = max(2, round(height / 15))
    anchor = (
        f"{column + 1}, 15, {max(row - 1, 0)}, 10, {column + 4}, 15, {max(row - 1, 0) + rows}, 4"
    )
    return (
        f'<v:shape id="_x0000_s{number}" type="#_x0000_t202" style="position:absolute;'
        f'margin-left:80pt;margin-top:5pt;width:230pt;height:{height}pt;z-index:1;visibility:hidden"'
        ' fillcolor="#fff1ee" o:insetmode="auto"><v:fill color2="#fff1ee"/>'
        '<v:shadow on="t" color="black" obscured="t"/><v:path o:connecttype="none"/>'
        '<v:textbox style="mso-direction-alt:auto"><div style="text-align:left"></div></v:textbox>'
        '<x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/>'
        f"<x:Anchor>{anchor}</x:Anchor><x:AutoFill>False</x:AutoFill>"
        f"<x:Row>{row}</x:Row><x:Column>{column}</x:Column></x:ClientData></v:shape>"
    )
