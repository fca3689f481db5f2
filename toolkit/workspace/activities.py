"""Actors without activity: what their names mean is asked, and the answers are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import pandas as pd

from toolkit import crs, knowledge, nomenclature, schema
from toolkit import vocabulary as v
from toolkit.errors import DataError, Problem, SchemaError
from toolkit.language import text
from toolkit.nomenclature import fold
from toolkit.settings import LANGUAGES
from toolkit.territory import complete
from toolkit.workspace import forms, keeping, merging, records, store
from toolkit.workspace.forms import ANSWER, Answered, Form
from toolkit.workspace.layers import LINKAGE_LAYERS, RECORDS

if TYPE_CHECKING:
    import sqlite3

    from toolkit.workspace.database import Database
    from toolkit.workspace.journal import Author

YES: Final = "yes"
NO: Final = "no"
SOURCE_ID: Final = f"{records.ANSWERS}:activities"
"""Source of an activity that a person named."""
FORM: Final = Form(
    words="activities",
    widths={
        "name": 36,
        "place": 30,
        "label": 44,
        "confidence": 12,
        "why": 26,
        "others": 44,
        ANSWER: 20,
        "activity": 14,
        "actor_id": 22,
    },
    ids=("activity", "actor_id"),
    numbers=frozenset({"confidence"}),
)
MOST_ASKED: Final = 500
"""Questions at a time (own rule)."""


@dataclass(frozen=True, slots=True, eq=False)
class ActivityReport:
    """What was answered, and what is asked.

    Attributes
    ----------
    named, refused : int
        Actors that got an activity, and those of whom the proposal was said to be wrong.
    sure, asked : int
        Actors whose name leaves no doubt, and those that a person is asked about.
    path : str
        File in which the questions are asked.
    notes : tuple of Problem
        What a reader should know.
    """

    named: int
    refused: int
    sure: int
    asked: int
    path: str = ""
    notes: tuple[Problem, ...] = ()

    def lines(self, *, lang: str) -> list[str]:
        """Return the report in words."""
        return [
            text(f"workspace.activities.{name}", lang=lang, count=count, path=self.path)
            for name in ("named", "refused", "sure", "asked")
            if (count := getattr(self, name))
        ]


def ask(
    database: Database,
    path: Path,
    *,
    answers: Mapping[str, str] | None,
    lang: str,
    author: Author,
) -> ActivityReport:
    """Take in answers, and write what is asked; see :meth:`toolkit.workspace.Workspace`."""
    given = read_answers(path) if answers is None else dict(answers)
    with database.writing() as connection:
        take(connection, given, lang=lang, author=author)
        tables = store.read_tables(connection)
        held = store.read_layer(connection, LINKAGE_LAYERS[RECORDS])
    rows = suggestions(tables, held, lang=lang)
    is_written = write_questions(rows, path, lang=lang)
    zones = rows["zone"].value_counts()
    return ActivityReport(
        named=sum(1 for code in given.values() if code),
        refused=sum(1 for code in given.values() if not code),
        sure=int(zones.get("sure", 0)),
        asked=int(zones.get("ask", 0)),
        path=str(path),
        notes=() if is_written else (Problem("linkage_file_open", found=path.name),),
    )


def refused(held: pd.DataFrame) -> set[str]:
    """Return the actors whose name does not tell what they do, as people said, by the records."""
    said = held[(held["source_id"] == SOURCE_ID) & held["activity"].isna()]
    return set(said["actor_id"])


def suggestions(tables: dict[str, pd.DataFrame], held: pd.DataFrame, *, lang: str) -> pd.DataFrame:
    """Return what the names of actors without activity mean, for those not answered yet.

    Parameters
    ----------
    tables : dict of str to DataFrame
        Stored tables.
    held : DataFrame
        Stored records, answers among them.
    lang : str
        Language of the labels.

    Returns
    -------
    DataFrame
        Columns of :data:`FORM` and ``zone`` (``sure`` or ``ask``); those to be asked first, then
        the most confident.
    """
    actors = pd.DataFrame(tables[v.ACTORS])
    answered = held.loc[held["source_id"] == SOURCE_ID, "actor_id"]
    shown = actors["diffusible"].fillna(value=True) & ~actors["natural_person"].fillna(value=False)
    untold = actors["activity"].isna() & actors["other_activities"].isna()
    bare = actors[shown & untold & ~actors["actor_id"].isin(answered)]
    meant = knowledge.suggest_activities(bare)
    meant = meant[meant["zone"] != "unknown"]
    communes = tables[v.COMMUNES].set_index("commune_id")["name"]
    rows = bare.loc[meant.index]
    made = pd.DataFrame(
        {
            "name": rows["name"],
            "place": rows["commune_id"].map(communes),
            "label": [nomenclature.label("naf", code, lang=lang) for code in meant["activity"]],
            "confidence": meant["confidence"],
            "why": [", ".join(v.split_list(words)) for words in meant["words"]],
            "others": [_others(codes, lang=lang) for codes in meant["alternatives"]],
            ANSWER: "",
            "activity": meant["activity"],
            "actor_id": rows["actor_id"],
            "zone": meant["zone"],
        }
    )
    return made.sort_values(
        ["zone", "confidence", "actor_id"], ascending=[True, False, True], ignore_index=True
    )


def read_answers(path: Path) -> dict[str, str]:
    """Return the activity that people named for each actor; empty where they said no.

    Raises
    ------
    WorkbookError
        If the file is damaged.
    DataError
        If an answer is no code and none of the words, or a row lost its id; all faults at once.
    """
    if not path.is_file():
        return {}
    words = {
        fold(word): code
        for code in (YES, NO)
        for word in (code, *(text(f"activities.answer.{code}", lang=lang) for lang in LANGUAGES))
    }
    found: dict[str, str] = {}
    problems: list[Problem] = []
    for told in forms.read(path, FORM):
        code = _meant(told, words)
        if code is None:
            params = {"choices": ", ".join(words)}
            problems.append(
                Problem(
                    "activity_answer",
                    row=told.row,
                    found=told.answer,
                    where=told.where,
                    params=params,
                )
            )
        elif not told.ids["actor_id"]:
            problems.append(Problem("linkage_ids_lost", row=told.row, where=told.where))
        else:
            found[told.ids["actor_id"]] = code
    if problems:
        raise DataError(problems)
    return found


def write_questions(rows: pd.DataFrame, path: Path, *, lang: str) -> bool:
    """Write the questions, in place of those of an earlier run; return whether the file says them.

    Raises
    ------
    WorkbookError
        If the folder cannot be written.
    """
    if rows.empty and not path.exists():
        return True
    sheets = {zone: rows[rows["zone"] == zone].head(MOST_ASKED) for zone in ("ask", "sure")}
    choices = [text(f"activities.answer.{code}", lang=lang) for code in (YES, NO)]
    return forms.write(path, forms.content_of(FORM, sheets, choices=choices, lang=lang))


def take(
    connection: sqlite3.Connection, answers: dict[str, str], *, lang: str, author: Author
) -> None:
    """Keep answers in the open transaction: the actors get the activity, whatever comes later.

    Raises
    ------
    DataError
        If an actor does not exist.
    SchemaError
        If the tables would break their contract.
    """
    stored = store.read_tables(connection)
    unknown = sorted(set(answers) - set(stored[v.ACTORS]["actor_id"]))
    if unknown:
        raise DataError([Problem("linkage_actor_unknown", row=one, found=one) for one in unknown])
    if not answers:
        return
    held = store.read_layer(connection, LINKAGE_LAYERS[RECORDS])
    laid = records.lay(_records(answers), stored=stored[v.ACTORS], records=held)
    source = {
        "source_id": [SOURCE_ID],
        "title": [text("workspace.source.activities", lang=lang)],
        "retrieved_at": [author.day],
    }
    taken = {v.ACTORS: laid.actors, v.SOURCES: pd.DataFrame(source, dtype="str")}
    completed = complete(merging.merge(stored, taken))
    before = set(schema.check_tables(stored))
    problems = [one for one in schema.check_tables(completed) if one not in before]
    if problems:
        raise SchemaError(problems)
    ids = {name: list(merging.row_ids(name, rows)) for name, rows in taken.items()}
    keeping.keep(connection, completed, ids=ids, author=author)
    keeping.keep_records(connection, laid.records, author=author)


def _meant(told: Answered, words: dict[str, str]) -> str | None:
    """Return the activity that an answer means; empty for no, nothing where it means none."""
    said = words.get(fold(told.answer))
    if said == NO:
        return ""
    code = told.ids["activity"] if said == YES else told.answer
    return nomenclature.lookup("naf").get(fold(code))


def _others(codes: str, *, lang: str) -> str:
    named = (f"{code} {nomenclature.label('naf', code, lang=lang)}" for code in v.split_list(codes))
    return "; ".join(named)


def _records(answers: dict[str, str]) -> gpd.GeoDataFrame:
    """Return answers as records of the actors: nothing but the activity is filled in."""
    layer = LINKAGE_LAYERS[RECORDS]
    count = len(answers)
    cells: dict[str, list[Any]] = {name: [None] * count for name in layer.kinds}
    cells["actor_id"] = cells["record_id"] = list(answers)
    cells["source_id"] = [SOURCE_ID] * count
    cells["activity"] = [code or None for code in answers.values()]
    cells["activity_version"] = [
        nomenclature.naf_version(code) if code else None for code in answers.values()
    ]
    frame = store.typed_frame(layer, [cells[name] for name in layer.kinds])
    bare = frame.drop(columns=[records.SERIES, records.PLACE])
    return gpd.GeoDataFrame(bare, geometry=gpd.GeoSeries([None] * count), crs=crs.STORAGE_EPSG)
