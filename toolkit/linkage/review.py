"""What a person answers about doubtful pairs, and what the answers change."""

from __future__ import annotations

from typing import Final

import pandas as pd

from toolkit import vocabulary as v
from toolkit.errors import DataError, Problem
from toolkit.language import text
from toolkit.linkage.pairs import ASK, DIFFERENT, PAIR_COLUMNS, SAME

ANSWERS: Final = (SAME, DIFFERENT)
ANSWERED: Final = "answered"
ANSWER_COLUMNS: Final = ("left_id", "right_id", "answer")
REVIEW_COLUMNS: Final = (
    "left_id",
    "right_id",
    "left_name",
    "right_name",
    "left_place",
    "right_place",
    "distance_m",
    "probability",
    "why",
    "answer",
)
"""Columns of the table of questions; ``answer`` is empty, to be filled with one of ``ANSWERS``."""


def review_table(pairs: pd.DataFrame, *, lang: str) -> pd.DataFrame:
    """Return the pairs to ask a person about, the most probable first.

    Parameters
    ----------
    pairs : DataFrame
        As :func:`toolkit.linkage.find_pairs` returns them, with the answers given so far applied
        by :func:`apply_answers`: what was answered is not asked again.
    lang : str
        ``fr`` or ``en``: language of the column ``why``.

    Returns
    -------
    DataFrame, columns :data:`REVIEW_COLUMNS`
        One row a question.
    """
    asked = pairs[pairs["zone"] == ASK].sort_values(
        ["probability", "left_id", "right_id"], ascending=[False, True, True]
    )
    why = [
        "; ".join(text(f"linkage.reason.{code}", lang=lang) for code in v.split_list(codes))
        for codes in asked["reasons"]
    ]
    table = asked.assign(why=pd.Series(why, index=asked.index, dtype="str"), answer="")
    return table[list(REVIEW_COLUMNS)].reset_index(drop=True)


def apply_answers(pairs: pd.DataFrame, answers: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs with what people answered: probability 1 or 0, and never a question again.

    Parameters
    ----------
    pairs : DataFrame
        As :func:`toolkit.linkage.find_pairs` returns them.
    answers : DataFrame
        Columns ``left_id``, ``right_id`` and ``answer`` (``same``, ``different``, or empty: not
        answered yet); the two ids may stand either way round.

    Returns
    -------
    DataFrame, columns :data:`PAIR_COLUMNS`
        An answered pair that the search did not find is added, so that an answer outlives a new
        search; its compared values are empty.

    Raises
    ------
    DataError
        If a column is missing, an answer is another word, or a pair was answered both ways.
    """
    given = checked_answers(answers)
    keys = pd.Series(
        [_key(*ids) for ids in zip(pairs["left_id"], pairs["right_id"], strict=True)],
        index=pairs.index,
        dtype="object",
    )
    answer = keys.map(given)
    told = answer.notna()
    reasons = [
        v.join_list(dict.fromkeys((*v.split_list(codes), ANSWERED))) if is_told else codes
        for codes, is_told in zip(pairs["reasons"], told, strict=True)
    ]
    changed = pairs.assign(
        zone=pairs["zone"].mask(told, answer),
        probability=pairs["probability"].mask(told, (answer == SAME).astype("float64")),
        reasons=pd.Series(reasons, index=pairs.index, dtype="str"),
    )
    left_over = sorted(set(given) - set(keys))
    added = pd.DataFrame(
        [
            {
                "left_id": one,
                "right_id": two,
                "probability": float(given[one, two] == SAME),
                "zone": given[one, two],
                "reasons": ANSWERED,
            }
            for one, two in left_over
        ],
        columns=list(PAIR_COLUMNS),
    ).astype(pairs.dtypes.to_dict())
    return pd.concat([changed, added], ignore_index=True) if left_over else changed


def _key(one: object, two: object) -> tuple[str, str]:
    first, second = sorted((str(one), str(two)))
    return first, second


def checked_answers(answers: pd.DataFrame) -> dict[tuple[str, str], str]:
    """Return the answer of each pair of ids, in order; errors as :func:`apply_answers`."""
    missing = [name for name in ANSWER_COLUMNS if name not in answers.columns]
    if missing:
        raise DataError(
            [Problem("linkage_column_missing", column=name, found=name) for name in missing]
        )
    problems: list[Problem] = []
    given: dict[tuple[str, str], str] = {}
    columns = (answers[name] for name in ANSWER_COLUMNS)
    for one, two, cell in zip(*columns, strict=True):
        answer = "" if pd.isna(cell) else str(cell).strip().casefold()
        row = f"{one}, {two}"
        if not answer:
            continue
        if answer not in ANSWERS:
            choices = ", ".join(ANSWERS)
            params = {"choices": choices}
            problems.append(Problem("linkage_answer", row=row, found=answer, params=params))
        elif given.setdefault(_key(one, two), answer) != answer:
            problems.append(Problem("linkage_answered_twice", row=row, found=answer))
    if problems:
        raise DataError(problems)
    return given
