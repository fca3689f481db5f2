"""Delimited text walked some thousand records at a time: no file is ever held whole."""

from __future__ import annotations

import csv
import io
import re
from array import array
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from operator import itemgetter
from typing import IO, Final

import numpy as np
import pandas as pd

BATCH: Final = 10_000
"""Records that are held at once, of those that may be wanted."""
CELL_LIMIT: Final = 1_000_000
"""Characters of the longest cell."""
_REMEMBERED: Final = 50_000
"""Distinct cells of which the verdict of a test is remembered."""
_NOTHING: Final = hash("")
_SIGNS: Final = re.compile(r"[\W_]+")

Test = Callable[[pd.DataFrame], "pd.Series[bool]"]
Told = Callable[[int, int], None]
_Record = tuple[int, list[str]]
_Pick = Callable[[list[str]], Hashable]


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """Which records are wanted: the others are counted while they pass, and never kept.

    Attributes
    ----------
    tests : Mapping
        By columns, what takes distinct cells of these columns (missing ones NaN) and says which
        are wanted.  A record is wanted if one of the tests says so; without tests every record is.
    together : tuple of tuple of str
        Columns: records with the same letters and digits in all the columns of one tuple are wanted
        together, as what is made of one depends on the others.  An empty cell is like no other.
    told : callable, optional
        Told from time to time the bytes that have been read, and those of the whole.
    """

    tests: Mapping[tuple[str, ...], Test] = field(default_factory=dict)
    together: tuple[tuple[str, ...], ...] = ()
    told: Told | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """How a text is written, and where our columns are; those without a place are empty."""

    encoding: str
    separator: str
    width: int
    columns: tuple[str, ...]
    places: Mapping[str, int]
    nulls: frozenset[str]


@dataclass(frozen=True, slots=True)
class Part:
    """A text, its size in bytes, and how it is written."""

    opened: Callable[[], IO[bytes]]
    size: int
    layout: Layout


@dataclass(frozen=True, slots=True)
class _Uneven:
    """Numbers of the records with more cells than the header, and of those with fewer."""

    long: list[int]
    short: list[int]


def walk(parts: Sequence[Part], *, cut: Cut) -> pd.DataFrame:
    """Return the wanted records of the parts of a table, all cells text, missing cells NaN.

    Parameters
    ----------
    parts : sequence of Part
        Texts that follow each other, each with its header.
    cut : Cut
        Which records are wanted.

    Returns
    -------
    DataFrame
        Index: number of the record, the header being 1; parts are counted on.  In ``attrs``:
        ``malformed``, the numbers of the records with more cells than the header, ``short``, those
        of the wanted records with fewer (their last cells are taken to be missing), and
        ``elsewhere``, how many records are not wanted.

    Raises
    ------
    csv.Error
        If a cell is longer than `CELL_LIMIT`.
    """
    sorter = _Sorter(cut)
    frames = [_frame(part.layout, []) for part in parts[:1]]
    uneven = _Uneven([], [])
    for layout, records in _texts(parts, uneven=uneven, told=cut.told):
        frames += [_frame(layout, kept) for kept in sorter.sift(layout, records)]
    missed = sorter.missed()
    for layout, records in _texts(parts, uneven=_Uneven([], [])) if missed else ():
        frames.append(_frame(layout, [record for record in records if record[0] in missed]))
    rows = pd.concat([frame for frame in frames if len(frame)] or frames).sort_index()
    short = [number for number in uneven.short if number in rows.index]
    rows.attrs.update(malformed=uneven.long, short=short, elsewhere=sorter.count - len(rows))
    return rows


# --- records ------------------------------------------------------------------------------------
def _texts(
    parts: Sequence[Part], *, uneven: _Uneven, told: Told | None = None
) -> Iterator[tuple[Layout, Iterator[_Record]]]:
    """Yield the records of texts, numbered on; those with too many cells are only noted."""
    csv.field_size_limit(CELL_LIMIT)
    whole = sum(part.size for part in parts)
    numbers, past = count(1), 0
    for part in parts:
        layout = part.layout
        with (
            part.opened() as raw,
            io.TextIOWrapper(raw, encoding=layout.encoding, newline="") as text,
        ):
            reader = csv.reader(text, delimiter=layout.separator)
            numbered: Iterator[tuple[list[str], int]] = zip(reader, numbers, strict=False)
            next(numbered, None)
            if told:
                numbered = _telling(numbered, raw, past=past, whole=whole, told=told)
            yield layout, _even(numbered, layout, uneven=uneven)
        past += part.size


def _telling(
    numbered: Iterable[tuple[list[str], int]], raw: IO[bytes], *, past: int, whole: int, told: Told
) -> Iterator[tuple[list[str], int]]:
    """Yield records, and tell from time to time how far the text has been read."""
    for row, number in numbered:
        yield row, number
        if number % BATCH == 0:
            told(past + raw.tell(), whole)
    told(past + raw.tell(), whole)


def _even(
    numbered: Iterable[tuple[list[str], int]], layout: Layout, *, uneven: _Uneven
) -> Iterator[_Record]:
    """Yield records but the blank ones; short ones are noted and filled, long ones only noted."""
    width = layout.width
    for row, number in numbered:
        if not (row and row[0].strip()) and not "".join(row).strip():
            continue
        if len(row) == width:
            yield number, row
        elif len(row) < width:
            uneven.short.append(number)
            yield number, row + [""] * (width - len(row))
        else:
            uneven.long.append(number)


def _cells(layout: Layout, rows: Iterable[list[str]], *, column: str) -> Iterator[str]:
    """Yield the cells of one of our columns; those that hold nothing are empty."""
    place, nulls = layout.places.get(column), layout.nulls
    for row in rows:
        cell = "" if place is None else row[place].strip()
        yield "" if cell in nulls else cell


def _frame(
    layout: Layout, records: Sequence[_Record], *, columns: Iterable[str] = ()
) -> pd.DataFrame:
    """Return our columns of records, or some of them: all cells text, missing ones NaN."""
    alike: dict[str, str] = {}
    rows = [row for _, row in records]
    cells = {
        # Cells that are alike are one object: a register repeats its codes and towns.
        column: [
            alike.setdefault(cell, cell) or None for cell in _cells(layout, rows, column=column)
        ]
        for column in columns or layout.columns
    }
    index = pd.Index([number for number, _ in records], dtype="int64")
    return pd.DataFrame(cells, index=index, dtype="str")


# --- which are wanted ---------------------------------------------------------------------------
class _Sorter:
    """Tells the wanted records from the others, and remembers who belongs together."""

    def __init__(self, cut: Cut) -> None:
        self.cut = cut
        self.count = 0
        self.known: dict[tuple[str, ...], dict[Hashable, bool]] = {one: {} for one in cut.tests}
        self.kept: list[int] = []
        self.numbers = array("q")
        self.keys = [array("q") for _ in cut.together]

    def sift(self, layout: Layout, records: Iterable[_Record]) -> Iterator[list[_Record]]:
        """Yield the records that are wanted as far as their own cells tell, batch by batch."""
        tests = self._tests(layout)
        quick = [(_pick(layout, columns), self.known[columns]) for columns in tests]
        maybe: list[_Record] = []
        for record in records if not self.keys else self._remembering(layout, records):
            self.count += 1
            row = record[1]
            for pick, known in quick:
                if known.get(pick(row), True):
                    maybe.append(record)
                    break
            else:
                if not self.cut.tests:
                    maybe.append(record)
            if len(maybe) >= BATCH:
                yield self._wanted(layout, maybe, tests=tests)
                maybe = []
        yield self._wanted(layout, maybe, tests=tests)

    def _tests(self, layout: Layout) -> dict[tuple[str, ...], Test]:
        """Return the tests that a record of a text can pass: of columns that it lacks, few are."""
        blank = [(0, [""] * layout.width)]
        return {
            columns: test
            for columns, test in self.cut.tests.items()
            if any(column in layout.places for column in columns)
            or test(_frame(layout, blank, columns=columns)).any()
        }

    def _wanted(
        self, layout: Layout, maybe: list[_Record], *, tests: Mapping[tuple[str, ...], Test]
    ) -> list[_Record]:
        """Return the records that pass a test; each is asked once for cells that are alike."""
        if not self.cut.tests or not maybe:
            return maybe
        mask = np.zeros(len(maybe), dtype="bool")
        rows = [row for _, row in maybe]
        for columns, test in tests.items():
            known = self.known[columns]
            if len(known) > _REMEMBERED:
                known.clear()
            pick = _pick(layout, columns)
            cells = [pick(row) for row in rows]
            first = dict(zip(cells, rows, strict=True))
            fresh = [cell for cell in first if cell not in known]
            if fresh:
                asked = _frame(layout, [(0, first[cell]) for cell in fresh], columns=columns)
                known.update(zip(fresh, test(asked), strict=True))
            if any(known[cell] for cell in first):
                mask |= np.fromiter((known[cell] for cell in cells), dtype="bool", count=len(cells))
        kept = [maybe[place] for place in np.flatnonzero(mask)]
        if self.keys:
            self.kept += [number for number, _ in kept]
        return kept

    # --- together -------------------------------------------------------------------------------
    def _remembering(self, layout: Layout, records: Iterable[_Record]) -> Iterator[_Record]:
        """Yield records, and remember a number for each cell by which they belong together."""
        places = [
            [layout.places.get(column, layout.width) for column in columns]
            for columns in self.cut.together
        ]
        found = list(zip(places, self.keys, strict=True))
        for record in records:
            self.numbers.append(record[0])
            row = [*record[1], ""]
            for own, keys in found:
                cells = [_bare(row[place]) for place in own]
                keys.append(hash(" ".join(cells)) if all(cells) else _NOTHING)
            yield record

    def missed(self) -> frozenset[int]:
        """Return the numbers of records that passed and belong to wanted ones."""
        numbers = np.asarray(self.numbers, dtype="int64")
        wanted = np.isin(numbers, self.kept)
        reached, before = wanted, -1
        while int(reached.sum()) > before:
            before = int(reached.sum())
            for keys in self.keys:
                column = np.asarray(keys, dtype="int64")
                shared = np.unique(column[reached & (column != _NOTHING)])
                reached = reached | np.isin(column, shared)
        return frozenset(numbers[reached & ~wanted].tolist())


def _bare(cell: str) -> str:
    """Return the letters and digits of a cell, without the last zeros of a decimal number."""
    if not cell or cell.isalnum():
        return cell
    return _SIGNS.sub("", cell.rstrip("0") if "." in cell or "," in cell else cell)


def _pick(layout: Layout, columns: tuple[str, ...]) -> _Pick:
    """Return what takes some cells out of a record, an empty one for a column that is not there."""
    places = [layout.places.get(column) for column in columns]
    found = [place for place in places if place is not None]
    return itemgetter(*found) if found else lambda _: ""
