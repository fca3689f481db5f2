"""What one source gives: rows of the model, their origin, what was kept and refused, and why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import pandas as pd

from toolkit import vocabulary as v
from toolkit.errors import Problem, UsageError
from toolkit.schema import CONTRACTS
from toolkit.sources.hiding import hidden_everywhere
from toolkit.sources.reading import listed, sha256_of

ELSEWHERE: Final = "elsewhere"
"""Count of the rows that lie outside the perimeter that a file was read for."""
PUBLISHER_ID: Final = "publisher_id"
"""Extra column of actors: the id that the publisher gives, which a newer edition keeps."""
RECORDED: Final = "recorded"
"""Basis of every row read from an official file."""


@dataclass(frozen=True, slots=True, eq=False)
class Extract:
    """Rows of the model read from one file.

    Attributes
    ----------
    tables : Mapping of str to DataFrame
        Tables of the model, with the columns the source knows; ``basis`` is ``recorded`` and
        ``source_id`` names :attr:`source`.  Ids of actors are ``siret:...``, ``uai:...`` and the
        like.  ``communes`` holds cells to add to the perimeter, by ``commune_id``.
    source : Mapping
        The row of the table of sources.
    counts : Mapping of str to int
        ``read``, ``kept``, each reason of a refusal, and ``elsewhere`` where the rows outside the
        perimeter were counted and left in the file.
    notes : tuple of Problem
        What a reader should know: a refusal with its number of rows, a weakness of the file.
    """

    tables: Mapping[str, pd.DataFrame]
    source: Mapping[str, object]
    counts: Mapping[str, int]
    notes: tuple[Problem, ...]

    def __post_init__(self) -> None:
        """Freeze the mappings."""
        for name in ("tables", "source", "counts"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    @property
    def sources(self) -> pd.DataFrame:
        """Rows of the table of sources: the file's own, then those of files used beside it."""
        own = pd.DataFrame([dict(self.source)])
        beside = self.tables.get(v.SOURCES)
        return (
            own if beside is None or beside.empty else pd.concat([own, beside], ignore_index=True)
        )

    def described(self, source_id: str = "", **cells: object) -> Extract:
        """Return the same rows with cells of a source that the caller knows better.

        Parameters
        ----------
        source_id : str, default ""
            Which source; the file's own where it is left out.
        **cells : object
            Columns of the table of sources, such as ``licence`` or ``retrieved_at``.

        Raises
        ------
        UsageError
            If the source or a column is unknown.
        """
        rows = self.sources.astype("object")
        names = CONTRACTS[v.SOURCES].names[1:]
        problems = [
            Problem("sources_unknown_cell", found=name, params={"choices": ", ".join(names)})
            for name in sorted(set(cells) - set(names))
        ]
        mask = rows["source_id"] == (source_id or self.source["source_id"])
        if not mask.any():
            choices = ", ".join(rows["source_id"])
            problems.append(
                Problem("sources_unknown_source", found=source_id, params={"choices": choices})
            )
        if problems:
            raise UsageError(problems)
        given = {name: rows[name].mask(mask, cell) for name, cell in cells.items()}
        rows = rows.assign(**given)
        source = {str(name): cell for name, cell in rows.iloc[0].items()}
        return replace(self, tables={**self.tables, v.SOURCES: rows.iloc[1:]}, source=source)


class Sieve:
    """Rows of a file on their way: counts what is refused, and keeps a note of each reason.

    Parameters
    ----------
    rows : DataFrame
        Rows as :func:`toolkit.sources.reading.read_rows` returns them.
    where : str
        Name of the file.
    """

    def __init__(self, rows: pd.DataFrame, *, where: str) -> None:
        malformed = rows.attrs.get("malformed", [])
        self.rows = rows
        self.where = where
        elsewhere = rows.attrs.get(ELSEWHERE, 0)
        self.counts: dict[str, int] = {"read": len(rows) + len(malformed) + elsewhere}
        if elsewhere:
            self.counts[ELSEWHERE] = elsewhere
        self.notes: list[Problem] = []
        if malformed:
            self.counts["malformed"] = len(malformed)
            self.note("malformed", len(malformed), examples=malformed)
        short = rows.attrs.get("short", [])
        self.note("short_rows", len(short), examples=short)

    def drop(self, mask: pd.Series[bool], reason: str, *, show: str = "") -> None:
        """Refuse the rows of a mask for a reason; examples are of a column, or row numbers."""
        refused = self.rows[mask]
        self.rows = self.rows[~mask]
        if len(refused):
            self.counts[reason] = self.counts.get(reason, 0) + len(refused)
            examples = refused[show].dropna().unique() if show else refused.index
            self.note(reason, len(refused), examples=examples)

    def note(self, reason: str, count: int, *, examples: Iterable[object] = ()) -> None:
        """Keep a note, if its count is not zero."""
        if count:
            shown = listed(examples) or "–"
            self.notes.append(
                Problem(
                    f"sources_{reason}",
                    found=str(count),
                    where=self.where,
                    params={"examples": shown},
                )
            )

    def extract(
        self, tables: Mapping[str, pd.DataFrame], *, source: Mapping[str, object]
    ) -> Extract:
        """Return the rows kept as an extract; who opposed diffusion has no name and place in it."""
        counts = {**self.counts, "kept": len(self.rows)}
        row = {**source, "rows": counts["read"]}
        if v.ACTORS in tables and "diffusible" in tables[v.ACTORS]:
            tables = {**tables, v.ACTORS: hidden_everywhere(tables[v.ACTORS])}
        stamped = {
            name: stamp(table, source_id=str(source["source_id"])) for name, table in tables.items()
        }
        return Extract(stamped, row, counts, tuple(self.notes))


def stamp(table: pd.DataFrame, *, source_id: str) -> pd.DataFrame:
    """Return rows marked as recorded by a source."""
    return table.reset_index(drop=True).assign(basis=RECORDED, source_id=source_id)


def source_row(path: Path, *, kind: str, **cells: object) -> dict[str, Any]:
    """Return the row of the table of sources for a file.

    Parameters
    ----------
    path : Path
        The file; its SHA-256 is taken.
    kind : str
        What the file is to us (``sirene``); with the file's name it makes the ``source_id``.
    **cells : object
        What the format says about itself (``title``, ``producer``, ``licence`` ...).
    """
    stem = re.sub(r"[^\w.-]+", "_", path.stem)
    empty = dict.fromkeys(CONTRACTS[v.SOURCES].names)
    return {**empty, "source_id": f"{kind}:{stem}", "sha256": sha256_of(path), **cells}
