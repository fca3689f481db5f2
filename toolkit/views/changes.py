"""What changed between two diagnoses, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from toolkit import vocabulary as v
from toolkit.gaps.comparison import CHANGES
from toolkit.language import enum_label, listing, percent, text
from toolkit.privacy import small_count
from toolkit.views.shown import worded
from toolkit.views.words import COUNTED, as_number, gap_title, quantity_text

if TYPE_CHECKING:
    from collections.abc import Iterator

Row = Mapping[Any, Any]
SHOWN: Final = 10
"""Gaps of one change that are named; the others are counted."""
PERSON: Final = "person"


def change_table(changes: pd.DataFrame, *, threshold: int, lang: str) -> pd.DataFrame:
    """Return what became of each gap in words, in the order of the comparison.

    Parameters
    ----------
    changes : DataFrame
        What :func:`toolkit.gaps.compare_gaps` returns.
    threshold : int
        Numbers of people below it are not told.
    lang : str
        ``fr`` or ``en``.

    Returns
    -------
    DataFrame
        Columns in the language: change, kind, what, size and severity before and after.  Index: id
        of the gap.
    """
    rows = changes.to_dict(orient="records")
    columns = {
        "change": [enum_label("change", row["change"], lang=lang) for row in rows],
        "kind": [enum_label("gap", row["kind"], lang=lang) for row in rows],
        "what": [_title(row, lang=lang) for row in rows],
        **{
            f"shortfall_{side}": [_size(row, side, threshold=threshold, lang=lang) for row in rows]
            for side in ("before", "after")
        },
        **{
            f"severity_{side}": [_severity(row, side, lang=lang) for row in rows]
            for side in ("before", "after")
        },
    }
    named = {text(f"table_column.{name}", lang=lang): cells for name, cells in columns.items()}
    index = pd.Index(changes["gap_id"].tolist(), name="gap_id")
    return worded(pd.DataFrame(named, index=index), lang=lang)


def change_lines(changes: pd.DataFrame, *, threshold: int, lang: str) -> Iterator[str]:
    """Yield what changed as lines of text: each change with its first gaps, then what stayed.

    Parameters
    ----------
    changes : DataFrame
        What :func:`toolkit.gaps.compare_gaps` returns.
    threshold : int
        Numbers of people below it are not told.
    lang : str
        ``fr`` or ``en``.
    """
    for change in CHANGES[:-1]:
        rows = changes[changes["change"] == change].to_dict(orient="records")
        if not rows:
            continue
        yield text(f"change.heading.{change}", lang=lang, count=len(rows))
        for row in rows[:SHOWN]:
            yield f"  - {_line(row, threshold=threshold, lang=lang)}"
        if len(rows) > SHOWN:
            yield "  " + text("change.more", lang=lang, count=len(rows) - SHOWN)
    same = int((changes["change"] == CHANGES[-1]).sum())
    yield text("change.heading.same", lang=lang, count=same)
    yield from _of_one_side(changes, lang=lang)


def change_summary(changes: pd.DataFrame, *, lang: str) -> str:
    """Return how many gaps opened, grew, shrank and closed, as one phrase; empty if none did."""
    counts = changes["change"].value_counts()
    told = [
        text(f"change.count.{change}", lang=lang, count=int(counts[change]))
        for change in CHANGES[:-1]
        if counts.get(change, 0)
    ]
    return listing(told, lang=lang)


def _line(row: Row, *, threshold: int, lang: str) -> str:
    """Return one gap: its kind, what it is about, and its size before and after."""
    sizes = [_size(row, side, threshold=threshold, lang=lang) for side in ("before", "after")]
    shares = [_severity(row, side, lang=lang) for side in ("before", "after")]
    told = [
        f"{size} ({share})" if size else share
        for size, share in zip(sizes, shares, strict=True)
        if share
    ]
    return text(
        "change.line",
        lang=lang,
        kind=enum_label("gap", row["kind"], lang=lang),
        what=_title(row, lang=lang),
        sizes=" → ".join(told),
    )


def _of_one_side(changes: pd.DataFrame, *, lang: str) -> Iterator[str]:
    """Yield the kinds of which only one side tells any gap; the other may not have looked."""
    for side, other in (("before", "after"), ("after", "before")):
        told, lacking = (
            set(changes.loc[changes[f"severity_{end}"].notna(), "kind"]) for end in (side, other)
        )
        kinds = [kind for kind in v.GAP_KINDS if kind in told - lacking]
        if kinds and lacking:
            names = listing([enum_label("gap", kind, lang=lang) for kind in kinds], lang=lang)
            yield text(f"change.only_{side}", lang=lang, kinds=names)


def _title(row: Row, *, lang: str) -> str:
    size = row["shortfall_after"] if row["change"] != "closed" else row["shortfall_before"]
    return gap_title({**row, "shortfall": size}, lang=lang)


def _size(row: Row, side: str, *, threshold: int, lang: str) -> str:
    """Return the shortfall of one side; empty where there is none or it tells of too few."""
    size = as_number(row[f"shortfall_{side}"])
    if size is None:
        return ""
    if row["unit"] == PERSON and small_count(size, threshold=threshold):
        return text("report.fewer_than", lang=lang, count=threshold)
    return quantity_text(size, row["unit"], lang=lang, bare=COUNTED.get(str(row["kind"]), ""))


def _severity(row: Row, side: str, *, lang: str) -> str:
    share = as_number(row[f"severity_{side}"])
    return "" if share is None else percent(share, lang=lang)
