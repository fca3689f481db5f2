"""Edit XML in place: find elements by their bytes, change a few, leave every other byte as it was.

Writing XML anew from a parsed tree drops what the tree does not keep (prefixes named in
``mc:Ignorable``, extensions); Excel then calls the file damaged.  Here nothing is written anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

_TAG: Final = re.compile(rb"<(?:[^\"'>]|\"[^\"]*\"|'[^']*')*>")
_UTF8: Final = re.compile(rb"""<\?xml[^>]*encoding=["'](?!utf-?8["'])""", re.IGNORECASE)


class UnpatchableError(Exception):
    """A part is written in a way that cannot be edited in place."""


@dataclass(slots=True)
class Element:
    """One element of a part, by the bytes it takes.

    ``start`` to ``inside`` is its opening tag, ``inside`` to ``close`` its content, ``close`` to
    ``end`` its closing tag; the last three are equal for ``<a/>``.
    """

    name: str
    attributes: dict[str, str]
    start: int
    depth: int
    parent: str
    inside: int = 0
    close: int = 0
    end: int = 0
    children: list[Element] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether the element is written as one tag."""
        return self.inside == self.end


def elements(data: bytes, *, wanted: Callable[[str, int], bool]) -> list[Element]:
    """Return the wanted elements of a part in their order; children of a wanted one hang on it too.

    Parameters
    ----------
    data : bytes
        A whole part, UTF-8.
    wanted : callable
        Says by local name and depth (0 for the root) whether an element is kept.

    Raises
    ------
    UnpatchableError
        If the part is not UTF-8 or not well-formed.
    """
    if _UTF8.match(data.removeprefix(b"\xef\xbb\xbf")) or data.startswith(
        (b"\xff\xfe", b"\xfe\xff")
    ):
        raise UnpatchableError
    parser = expat.ParserCreate()
    stack: list[Element] = []
    kept: list[Element] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        begin = parser.CurrentByteIndex
        parent = stack[-1].name if stack else ""
        item = Element(name, attributes, begin, len(stack), parent)
        if wanted(local(name), len(stack)):
            if stack:
                stack[-1].children.append(item)
            kept.append(item)
        stack.append(item)

    def end(_name: str) -> None:
        item = stack.pop()
        item.inside = tag_end(data, item.start)
        if data[item.inside - 2 : item.inside] == b"/>":
            item.close = item.end = item.inside
        else:
            item.close = parser.CurrentByteIndex
            item.end = tag_end(data, item.close)

    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        parser.Parse(data, True)
    except expat.ExpatError as err:
        raise UnpatchableError from err
    return kept


def local(name: str) -> str:
    """Return the name of an element without its prefix."""
    return name.rpartition(":")[2]


def prefix(name: str) -> str:
    """Return the prefix of a name with its colon, empty if it has none."""
    head, colon, _ = name.rpartition(":")
    return head + colon


def tag_end(data: bytes, start: int) -> int:
    """Return where the tag that begins at ``start`` ends."""
    match = _TAG.match(data, start)
    if match is None:
        raise UnpatchableError
    return match.end()


def with_attributes(tag: bytes, **values: str | None) -> bytes:
    """Return a tag in which some attributes are set, or left out where None.

    Examples
    --------
    >>> with_attributes(b'<c r="B2" s="1"/>', s="7", t=None)
    b'<c r="B2" s="7"/>'
    """
    for name, value in values.items():
        pattern = re.compile(rb"\s" + name.encode() + rb"""\s*=\s*("[^"]*"|'[^']*')""")
        written = b"" if value is None else f" {name}={quoteattr(value)}".encode()
        if pattern.search(tag):
            tag = pattern.sub(lambda _, written=written: written, tag, count=1)  # type: ignore[misc]
        elif written:
            tail = 2 if tag.endswith(b"/>") else 1
            tag = tag[:-tail] + written + tag[-tail:]
    return tag


def spliced(data: bytes, edits: Iterable[tuple[int, int, bytes]]) -> bytes:
    """Return bytes in which stretches are replaced; insertions at one place keep their order."""
    made: list[bytes] = []
    done = 0
    for start, end, new in sorted(edits, key=lambda edit: (edit[0], edit[1])):
        made += (data[done:start], new)
        done = max(done, end)
    return b"".join((*made, data[done:]))


def appended(data: bytes, parent: Element, *, new: bytes) -> tuple[int, int, bytes]:
    """Return the edit that puts new children at the end of an element."""
    if not parent.is_empty:
        return parent.close, parent.close, new
    tag = data[parent.start : parent.inside]
    opened = tag[:-2].rstrip() + b">" + new + f"</{parent.name}>".encode()
    return parent.start, parent.end, opened


def xml_text(words: str) -> str:
    """Return text as the content of an element; characters that XML forbids are left out."""
    plain = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", "", words)
    return escape(plain)
