"""The sheet on which officers say which actors are one: written, and read back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pandas as pd

from toolkit import vocabulary as v
from toolkit.errors import DataError, Problem
from toolkit.language import text
from toolkit.linkage.pairs import ASK, DIFFERENT, SAME
from toolkit.nomenclature import fold
from toolkit.settings import LANGUAGES
from toolkit.workspace import forms
from toolkit.workspace.forms import ANSWER, Form
from toolkit.workspace.joining import ONE, OTHER

ANSWERS: Final = (SAME, DIFFERENT)
FORM: Final = Form(
    words="linkage",
    widths={
        "one_name": 32,
        "one_place": 32,
        "one_sources": 24,
        "other_name": 32,
        "other_place": 32,
        "other_sources": 24,
        "why": 40,
        "probability": 12,
        "distance_m": 12,
        ANSWER: 20,
        ONE: 22,
        OTHER: 22,
    },
    ids=(ONE, OTHER),
    numbers=frozenset({"probability", "distance_m"}),
)
COLUMNS: Final = tuple(FORM.widths)
"""Columns of the sheets, in their order."""
_NEEDED: Final = (ONE, OTHER, ANSWER)


def in_words(links: pd.DataFrame, titles: Mapping[str, str], *, lang: str) -> pd.DataFrame:
    """Return links as people read them: reasons and sources in words, a cell for the answer.

    Parameters
    ----------
    links : DataFrame
        Links as the database keeps them.
    titles : Mapping of str to str
        Title of each source by its id.
    lang : str
        ``fr`` or ``en``.

    Returns
    -------
    DataFrame, columns :data:`COLUMNS`
        ``answer`` is empty.
    """
    sources = {
        name: links[name].map(
            lambda cell: ", ".join(titles.get(one, one) for one in v.split_list(cell))
        )
        for name in ("one_sources", "other_sources")
    }
    between = " ; " if lang == "fr" else "; "
    why = [
        between.join(text(f"linkage.reason.{code}", lang=lang) for code in v.split_list(codes))
        for codes in links["reasons"]
    ]
    made = links.assign(why=pd.Series(why, index=links.index, dtype="str"), answer="", **sources)
    return made[list(COLUMNS)].reset_index(drop=True)


def write(links: pd.DataFrame, path: Path, *, titles: Mapping[str, str], lang: str) -> bool:
    """Write the sheets of links, in place of those of an earlier run.

    Parameters
    ----------
    links : DataFrame
        Links as the database keeps them: the questions, then what was joined and told apart.
    path : Path
        An .xlsx file.
    titles : Mapping of str to str
        Title of each source by its id.
    lang : str
        ``fr`` or ``en``.

    Returns
    -------
    bool
        Whether the file says what the links are; not, if another program holds it open.

    Raises
    ------
    WorkbookError
        If the folder cannot be written.
    """
    if links.empty and not path.exists():
        return True
    sheets = {}
    for zone in (ASK, SAME, DIFFERENT):
        ordered = links[links["zone"] == zone].sort_values(
            ["probability", ONE, OTHER], ascending=[False, True, True], na_position="last"
        )
        sheets[zone] = in_words(ordered, titles, lang=lang)
    choices = [text(f"linkage.zone.{code}", lang=lang) for code in ANSWERS]
    return forms.write(path, forms.content_of(FORM, sheets, choices=choices, lang=lang))


def read(path: Path) -> pd.DataFrame:
    """Return the answers of a file, in whichever language it was written.

    Parameters
    ----------
    path : Path
        The file that :func:`write` made, with answers; it need not exist.

    Returns
    -------
    DataFrame, columns ``one_id``, ``other_id``, ``answer``
        Rows with an answer: ``same`` or ``different``.

    Raises
    ------
    WorkbookError
        If the file is damaged.
    DataError
        If an answer is another word, or a row has lost its identifiers; all faults at once.
    """
    if not path.is_file():
        return pd.DataFrame(columns=list(_NEEDED), dtype="str")
    words = {
        fold(word): code
        for code in ANSWERS
        for word in (code, *(text(f"linkage.zone.{code}", lang=lang) for lang in LANGUAGES))
    }
    rows: list[tuple[str, str, str]] = []
    problems: list[Problem] = []
    for told in forms.read(path, FORM):
        params = {"choices": ", ".join(words)}
        code = words.get(fold(told.answer))
        if code is None:
            problems.append(
                Problem(
                    "linkage_answer",
                    row=told.row,
                    found=told.answer,
                    where=told.where,
                    params=params,
                )
            )
        elif not all(told.ids.values()):
            problems.append(Problem("linkage_ids_lost", row=told.row, where=told.where))
        else:
            rows.append((told.ids[ONE], told.ids[OTHER], code))
    if problems:
        raise DataError(problems)
    return pd.DataFrame(rows, columns=list(_NEEDED), dtype="str")


def with_answers(written: pd.DataFrame, answers: pd.DataFrame) -> pd.DataFrame:
    """Return the answers of a file and others, which go before those of the file for a pair."""
    if not {ONE, OTHER} <= set(answers):
        return answers  # linking says what is missing
    said = {frozenset(pair) for pair in zip(answers[ONE], answers[OTHER], strict=True)}
    pairs = zip(written[ONE], written[OTHER], strict=True)
    left = pd.Series([frozenset(pair) not in said for pair in pairs], index=written.index)
    return pd.concat([written[left.astype("bool")], answers], ignore_index=True)
