"""The cells of the sheets of a spreadsheet file, as they are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

from toolkit.office import guard

Cells = list[list[object]]
"""Rows of cells: text, numbers, booleans or None; dates are ISO text."""


def read_sheets(path: Path) -> Iterator[tuple[str, Cells]]:
    """Yield the name and the cells of every worksheet, from its first row and column.

    Parameters
    ----------
    path : Path
        An .xlsx, .xlsm or .ods file that passed :func:`toolkit.office.guard.inspect`.

    Raises
    ------
    WorkbookError
        If the file is damaged.
    """
    from python_calamine import CalamineError, CalamineWorkbook  # noqa: PLC0415 - reads files only here
    from python_calamine import SheetTypeEnum as Kind  # noqa: PLC0415

    try:
        with CalamineWorkbook.from_path(str(path)) as book:
            for sheet in book.sheets_metadata:
                if sheet.typ != Kind.WorkSheet:
                    continue
                cells = book.get_sheet_by_name(sheet.name).to_python(skip_empty_area=False)
                yield sheet.name, [[_cell(cell) for cell in row] for row in cells]
    except (CalamineError, OSError) as err:
        raise guard.refusal(path, "workbook_damaged", found=path.name) from err
    except BaseException as err:
        if type(err).__name__ != "PanicException":  # how the reader, in Rust, gives up
            raise
        raise guard.refusal(path, "workbook_damaged", found=path.name) from err


def _cell(cell: object) -> object:
    """Return a cell as text, number, boolean or None; dates as ISO text."""
    if isinstance(cell, str):
        return cell if cell.strip() else None
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat() if cell.time() == dt.time() else cell.isoformat(sep=" ")
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    return str(cell) if isinstance(cell, dt.timedelta) else cell
