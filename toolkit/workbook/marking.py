"""Give the officer's own workbook back, wrong cells coloured and commented, a list in front."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from toolkit.errors import Problem, UsageError
from toolkit.language import problem_parts, table_label
from toolkit.office.guard import MAX_ROWS, column_letters
from toolkit.workbook import locks, plaincopy
from toolkit.workbook.marks import LIST_COLUMNS, Listed, Marks, Place
from toolkit.workbook.patching import patched
from toolkit.workbook.reading import Reading, read
from toolkit.workbook.splice import UnpatchableError


def mark(
    path: str | Path,
    problems: Iterable[Problem],
    *,
    to: str | Path,
    lang: str,
    reading: Reading | None = None,
) -> Path:
    """Write a copy of an officer's workbook in which the wrong cells are coloured and commented.

    Of an .xlsx or .xlsm file only the parts that must change are changed: sheets, columns, formats,
    checks, images and charts of the officer stay as they were.  From other files (.ods, .csv) an
    .xlsx with the same cells is made.  Marks of an earlier copy are taken out where they no longer
    apply.

    Parameters
    ----------
    path : str or Path
        What was read; it is not changed.
    problems : iterable of Problem
        Problems with table, row and column as :func:`toolkit.workbook.read` names them; those
        without a place are listed only.
    to : str or Path
        Where the copy goes.  An earlier copy is replaced, unless a program has it open: then the
        copy gets a number.
    lang : str
        Language of list and comments.
    reading : Reading, optional
        What :func:`toolkit.workbook.read` gave, if it is at hand.

    Returns
    -------
    Path
        The copy: its name may differ from `to` by a number; with macros it ends in ``.xlsm``.

    Raises
    ------
    UsageError
        If `to` is the workbook itself.
    WorkbookError
        If the workbook cannot be read, or the copy cannot be written.
    """
    path, to = Path(path), Path(to)
    suffix = path.suffix.lower() if path.suffix.lower() == ".xlsm" else ".xlsx"
    to = to.with_suffix(suffix)
    if to.resolve() == path.resolve():
        raise UsageError(Problem("mark_over_original", found=path.name, where=path.name))
    reading = reading or read(path)
    marks = gather(problems, reading, lang=lang)

    def write(made: Path) -> None:
        if reading.kind == "xlsx":
            try:
                made.write_bytes(patched(path, marks))
            except UnpatchableError:
                plaincopy.write(made, reading, marks=marks)
        else:
            plaincopy.write(made, reading, marks=marks)

    return locks.put_in_place(to, write)


def gather(problems: Iterable[Problem], reading: Reading, *, lang: str) -> Marks:
    """Return what to write where; a problem given twice is written once."""
    placed = [(_place(problem, reading), problem) for problem in dict.fromkeys(problems)]
    order = {table: at for at, table in enumerate(reading.where)}
    placed.sort(key=lambda item: (order.get(item[1].table, -1), item[0] or (-1, -1)))
    texts: dict[str, dict[Place, list[str]]] = {}
    lines = []
    for at, problem in placed:
        parts = problem_parts(problem, lang=lang)
        sheet = reading.where.get(problem.table, "")
        shown = (
            sheet
            or parts["where"]
            or (table_label(problem.table, lang=lang) if problem.table else "")
        )
        sentence = " ".join(parts[name] for name in ("found", "expected", "remedy") if parts[name])
        if at is not None:
            said = texts.setdefault(sheet, {}).setdefault(at, [])
            if sentence not in said:
                said.append(sentence)
        cell = f"{column_letters(at[1])}{at[0] + 1}" if at is not None else ""
        words = (cell, shown, *(parts[name] for name in LIST_COLUMNS[2:]))
        lines.append(Listed(words, sheet, at))
    joined = {
        sheet: {at: _joined(said) for at, said in sorted(cells.items())}
        for sheet, cells in texts.items()
    }
    return Marks(joined, tuple(lines), lang, frozenset(reading.where.values()))


def _joined(sentences: Sequence[str]) -> str:
    """Return the text of one comment: one sentence, or several as points."""
    return sentences[0] if len(sentences) == 1 else "\n".join(f"• {words}" for words in sentences)


def _place(problem: Problem, reading: Reading) -> Place | None:
    """Return row and column, from 0, of the cell of a problem; None if there is no such cell."""
    header = reading.layouts.get(problem.table)
    if header is None:
        return None
    column = header.columns.get(problem.column, next(iter(header.columns.values()), 0))
    if not problem.row:
        return header.row, column
    if not problem.row.isdecimal() or not header.row < int(problem.row) <= MAX_ROWS:
        return None
    return int(problem.row) - 1, column
