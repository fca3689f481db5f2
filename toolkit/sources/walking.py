"""Delimited text walked some thousand records at a time: no file is ever held whole."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import IO, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

BATCH: Final = 10_000
"""Records that are held at once."""
CELL_LIMIT: Final = 1_000_000
"""Characters of the longest cell."""
_REMEMBERED: Final = 50_000
"""Distinct cells of which the verdict of a test is remembered."""
_SIGNS: Final = re.compile(r"[\W_]+")

Test = Callable[[pd.DataFrame], "pd.Series[bool]"]
Told = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """Which records are wanted: the others are counted while they pass, and never kept.

    Attributes
    ----------
    tests : Mapping
        By columns, what takes distinct cells of these columns (missing ones NaN) and says which
        are wanted.  A record is wanted if one of the tests says so; without tests every record is.
    together : tuple of str
        Records with the same letters and digits in such a column are wanted together: what is made
        of one depends on the others.
    told : callable, optional
        Told from time to time the bytes that have been read, and those of the whole.
    """

    tests: Mapping[tuple[str, ...], Test] = field(default_factory=dict)
    together: tuple[str, ...] = ()
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
class _Batch:
    """Records with as many cells as the header, their numbers, and the numbers of the others.

    Records with fewer cells are among them, filled at their end; those with more are not.
    """

    layout: Layout
    rows: list[list[str]]
    numbers: npt.NDArray[np.int64]
    malformed: list[int]
    short: list[int]

    def cells(self, column: str) -> list[str]:
        """Return the cells of one of our columns; those that hold nothing are empty."""
        place = self.layout.places.get(column)
        if place is None:
            return [""] * len(self.rows)
        nulls = self.layout.nulls
        return ["" if (cell := row[place].strip()) in nulls else cell for row in self.rows]

    def frame(self, mask: npt.NDArray[np.bool_]) -> pd.DataFrame:
        """Return the records of a mask, all cells text, missing ones NaN."""
        chosen = np.flatnonzero(mask)
        kept = _Batch(
            self.layout, [self.rows[place] for place in chosen], self.numbers[mask], [], []
        )
        alike: dict[str, str] = {}
        cells = {
            # Cells that are alike are one object: a register repeats its codes and towns.
            column: [alike.setdefault(cell, cell) or None for cell in kept.cells(column)]
            for column in self.layout.columns
        }
        return pd.DataFrame(cells, index=pd.Index(kept.numbers), dtype="str")

    def keys(self, columns: tuple[str, ...]) -> npt.NDArray[np.uint64]:
        """Return a number a record and column, equal for cells alike; 0 where nothing is told."""
        made = np.zeros((len(self.rows), len(columns)), dtype="uint64")
        for place, column in enumerate(columns):
            bare = np.array([_SIGNS.sub("", cell) for cell in self.cells(column)], dtype="object")
            made[:, place] = np.where(bare == "", 0, pd.util.hash_array(bare, categorize=False))
        return made


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
        of the wanted records with fewer, and ``elsewhere``, how many records are not wanted.

    Raises
    ------
    csv.Error
        If a cell is longer than `CELL_LIMIT`.
    """
    sorter = _Sorter(cut)
    empty = dict.fromkeys(parts[0].layout.columns, ()) if parts else {}
    frames = [pd.DataFrame(empty, index=pd.Index([], dtype="int64"), dtype="str")]
    malformed: list[int] = []
    short: list[int] = []
    count = 0
    for batch in _batches(parts, told=cut.told):
        frames.append(batch.frame(sorter.mask(batch)))
        malformed += batch.malformed
        short += batch.short
        count += len(batch.rows)
    missed = sorter.missed()
    again = _batches(parts) if len(missed) else iter(())
    frames += [batch.frame(np.isin(batch.numbers, missed)) for batch in again]
    rows = pd.concat([frame for frame in frames if len(frame)] or frames).sort_index()
    short = [number for number in short if number in rows.index]
    rows.attrs.update(malformed=malformed, short=short, elsewhere=count - len(rows))
    return rows


def _batches(parts: Sequence[Part], *, told: Told | None = None) -> Iterator[_Batch]:
    """Yield the records of texts, their numbers counted on."""
    csv.field_size_limit(CELL_LIMIT)
    whole = sum(part.size for part in parts)
    before, past = 0, 0
    for part in parts:
        layout, last = part.layout, 1
        with (
            part.opened() as raw,
            io.TextIOWrapper(raw, encoding=layout.encoding, newline="") as text,
        ):
            reader = csv.reader(text, delimiter=layout.separator)
            next(reader, None)
            records = enumerate(reader, start=2)
            while block := list(islice(records, BATCH)):
                last = block[-1][0]
                yield _batch(block, layout, before=before)
                if told:
                    told(past + raw.tell(), whole)
        before += last
        past += part.size


def _batch(block: list[tuple[int, list[str]]], layout: Layout, *, before: int) -> _Batch:
    """Return records without the blank ones; short ones are filled, long ones only numbered."""
    rows: list[list[str]] = []
    numbers: list[int] = []
    malformed: list[int] = []
    short: list[int] = []
    for number, row in block:
        if not (row and row[0].strip()) and not "".join(row).strip():
            continue
        if len(row) > layout.width:
            malformed.append(before + number)
            continue
        missing = layout.width - len(row)
        if missing:
            short.append(before + number)
        rows.append(row + [""] * missing if missing else row)
        numbers.append(before + number)
    return _Batch(layout, rows, np.array(numbers, dtype="int64"), malformed, short)


class _Sorter:
    """Tells the wanted records from the others, and remembers who belongs together."""

    def __init__(self, cut: Cut) -> None:
        self.cut = cut
        self.verdicts: dict[tuple[str, ...], dict[tuple[str, ...], bool]] = {}
        self.seen: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]]] = []
        self.masks: list[npt.NDArray[np.bool_]] = []

    def mask(self, batch: _Batch) -> npt.NDArray[np.bool_]:
        """Return which records are wanted, as far as their own cells tell."""
        mask = np.full(len(batch.rows), not self.cut.tests)
        for columns, test in self.cut.tests.items():
            mask |= self._passed(batch, columns, test=test)
        if self.cut.together:
            self.seen.append((batch.numbers, batch.keys(self.cut.together)))
            self.masks.append(mask)
        return mask

    def _passed(
        self, batch: _Batch, columns: tuple[str, ...], *, test: Test
    ) -> npt.NDArray[np.bool_]:
        """Return which records pass a test, asked once for cells that are alike."""
        known = self.verdicts.setdefault(columns, {})
        if len(known) > _REMEMBERED:
            known.clear()
        cells = list(zip(*(batch.cells(column) for column in columns), strict=True))
        fresh = [key for key in dict.fromkeys(cells) if key not in known]
        if fresh:
            asked = pd.DataFrame(fresh, columns=list(columns), dtype="str")
            known.update(zip(fresh, test(asked.mask(asked == "")), strict=True))
        return np.fromiter((known[key] for key in cells), dtype="bool", count=len(cells))

    def missed(self) -> npt.NDArray[np.int64]:
        """Return the numbers of records that passed and belong to wanted ones."""
        if not self.seen:
            return np.array([], dtype="int64")
        numbers = np.concatenate([one for one, _ in self.seen])
        keys = np.concatenate([one for _, one in self.seen])
        wanted = np.concatenate(self.masks)
        reached, before = wanted, -1
        while int(reached.sum()) > before:
            before = int(reached.sum())
            for column in keys.T:
                shared = np.unique(column[reached & (column != 0)])
                reached = reached | np.isin(column, shared)
        return np.asarray(numbers[reached & ~wanted], dtype="int64")
