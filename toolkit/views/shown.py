"""Tables that a notebook shows for reading: whole words, numbers as the language writes them."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Final

import pandas as pd

from toolkit.language import number, text

SHOWN_MAX: Final = 2_000
"""Rows shown of a table; the last line says how many there are."""
_COUNTED_FROM: Final = 20
"""Rows from which a table says how many there are: fewer are all in view."""
_IDS: Final = frozenset({"gap_id", "candidate_id"})
"""Ids that people never wrote: a table shows the number of the row in their place."""
_STYLE: Final = """<style>
.maillage-table.maillage-table .rows { max-height: 30rem; overflow: auto; border: 1px solid #8884; border-radius: 6px; }
.maillage-table.maillage-table table { border-collapse: separate; border-spacing: 0; margin: 0; font-size: .95em; table-layout: auto; }
.maillage-table.maillage-table table th, .maillage-table.maillage-table table td { text-align: left; vertical-align: top; padding: .35em .8em; border: 0; border-bottom: 1px solid #8883; white-space: normal; max-width: 26rem; min-width: 7.5rem; overflow-wrap: break-word; }
.maillage-table.maillage-table thead th { position: sticky; top: 0; background: #eef3f3; color: #1d2733; white-space: nowrap; }
.maillage-table.maillage-table tbody th { font-weight: 600; }
.maillage-table.maillage-table table .number { text-align: right; min-width: 3rem; white-space: nowrap; font-variant-numeric: tabular-nums; }
.maillage-table.maillage-table p { margin: .4em 0; opacity: .8; }
</style>"""  # noqa: E501 - rules of a style read best on one line


class WordTable(pd.DataFrame):
    """A frame whose cells are words; a notebook shows it for reading, not for computing.

    Examples
    --------
    >>> shown = worded(pd.DataFrame({"Name": ["Saw mill"], "Jobs": [1200.0]}), lang="en")
    >>> "1,200" in shown._repr_html_()
    True
    """

    _metadata = ["lang"]  # noqa: RUF012 - pandas reads it as a class list
    lang: str

    @property
    def _constructor(self) -> Callable[..., pd.DataFrame]:
        """Return what pandas makes of parts of this table: tables that are shown alike."""
        return WordTable

    def _repr_html_(self) -> str:
        """Return what the notebook shows."""
        return table_html(self, lang=getattr(self, "lang", "fr"))


def worded(frame: pd.DataFrame, *, lang: str) -> WordTable:
    """Return a frame as a table for reading.

    Parameters
    ----------
    frame : DataFrame
        Cells in words or numbers; the index is shown unless it only counts rows or is made of
        ids that nobody wrote.
    lang : str
        ``fr`` or ``en``: how numbers are written.
    """
    made = WordTable(frame)
    made.lang = lang
    return made


def table_html(frame: pd.DataFrame, *, lang: str) -> str:
    """Return a frame as HTML for reading; every cell is text, never code.

    Parameters
    ----------
    frame : DataFrame
        The first :data:`SHOWN_MAX` rows are shown.
    lang : str
        ``fr`` or ``en``.
    """
    if frame.empty:
        return f"<p>{escape(text('table_shown.none', lang=lang))}</p>"
    with_index = not isinstance(frame.index, pd.RangeIndex) and frame.index.name not in _IDS
    numeric = [pd.api.types.is_numeric_dtype(dtype) for dtype in frame.dtypes]
    heads = [
        _cell(name, tag="th", lang=lang, side=side)
        for name, side in zip(frame.columns, numeric, strict=True)
    ]
    if with_index:
        heads.insert(0, _cell(frame.index.name, tag="th", lang=lang))
    rows = []
    for key, *cells in frame.head(SHOWN_MAX).itertuples(name=None):
        made = [
            _cell(cell, tag="td", lang=lang, side=side)
            for cell, side in zip(cells, numeric, strict=True)
        ]
        first = [_cell(key, tag="th", lang=lang)] if with_index else []
        rows.append(f"<tr>{''.join([*first, *made])}</tr>")
    return (
        f'{_STYLE}<div class="maillage-table"><div class="rows"><table><thead><tr>{"".join(heads)}'
        f"</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
        f"{_count(len(frame), lang=lang)}</div>"
    )


def _count(rows: int, *, lang: str) -> str:
    """Return how many rows there are, and whether all are shown."""
    if rows < _COUNTED_FROM:
        return ""
    said = text("table_shown.rows", lang=lang, count=rows)
    if rows > SHOWN_MAX:
        said = text("table_shown.first", lang=lang, shown=SHOWN_MAX, total=rows)
    return f"<p>{escape(said)}</p>"


def _cell(cell: object, *, tag: str, lang: str, side: bool = False) -> str:
    """Return one cell; a number as the language writes it, what is missing blank."""
    if isinstance(cell, bool) or not pd.api.types.is_number(cell):
        said = "" if pd.isna(cell) else str(cell)  # type: ignore[call-overload]
    else:
        said = "" if pd.isna(cell) else number(float(cell), lang=lang)  # type: ignore[arg-type,call-overload]
    look = ' class="number"' if side else ""
    return f"<{tag}{look}>{escape(said)}</{tag}>"
