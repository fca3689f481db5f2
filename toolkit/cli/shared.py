"""What the commands share: the reader's language, the folder of a territory, what is printed."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from toolkit.errors import SHOWN, Problem, ToolkitError
from toolkit.language import error_text, problem_text, text
from toolkit.settings import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toolkit.workspace import Workspace

DONE: Final = 0
DATA_PROBLEMS: Final = 1
WRONG_USE: Final = 2
PROBLEMS_SHOWN: Final = 8 * SHOWN

_CODE: Final = re.compile(r"[Dd]?(?:\d{1,9}|2[ABab]\d{0,3})")
"""Code of a commune, a département or a grouping."""

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="cli.arg.dir", readable=False)]
Lang = Annotated[str, typer.Option("--lang", help="cli.opt.lang")]


def asked_language(arguments: Sequence[str]) -> str | None:
    """Return what follows ``--lang`` on the line, if it is there."""
    for place, word in enumerate(arguments):
        if word == "--lang" and place + 1 < len(arguments):
            return arguments[place + 1]
        if word.startswith("--lang="):
            return word.removeprefix("--lang=")
    return None


def language_of(arguments: Sequence[str]) -> str:
    """Return the reader's language: ``--lang``, ``MAILLAGE_LANG``, the system's, else French."""
    asked = asked_language(arguments)
    if asked in LANGUAGES:
        return asked
    for name in ("MAILLAGE_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if (value := os.environ.get(name, "")[:2]) in LANGUAGES:
            return value
    return "fr"


def say(key: str, lang: str, **values: object) -> None:
    """Print a text of the command line."""
    typer.echo(text(f"cli.{key}", lang=lang, **values))


def typed(path: Path) -> str:
    """Return a path as it is typed in a command: in quotes where a blank or a sign asks for it."""
    words = str(path)
    return words if re.fullmatch(r"[\w./\\:+@~-]+", words) else f'"{words}"'


def asked(words: str) -> tuple[str, ...]:
    """Return the codes and names of an option, separated by commas or semicolons.

    Codes may be separated by blanks too, as names cannot.
    """
    parts = [part.strip() for part in words.replace(";", ",").split(",")]
    asked: list[str] = []
    for part in filter(None, parts):
        are_codes = all(_CODE.fullmatch(word) for word in part.split())
        asked += part.split() if are_codes else [part]
    return tuple(asked or filter(None, [words.strip()]))


def reader_of(lang: str) -> str:
    """Return the language asked for on the line (checked before), else the system's."""
    return lang or language_of([])


def opened(folder: Path, lang: str) -> tuple[Workspace, str]:
    """Return the territory of a folder, and the reader's language: asked for, else its own."""
    from toolkit.workspace import Workspace  # noqa: PLC0415 - heavy

    workspace = Workspace(folder)
    return workspace, (lang and reader_of(lang)) or workspace.lang


def show_notes(notes: Sequence[Problem], lang: str) -> None:
    """Print what the officer should know and need not mend, the first ones in full."""
    for note in notes[:PROBLEMS_SHOWN]:
        typer.echo(f"- {problem_text(note, lang=lang)}")
    if len(notes) > PROBLEMS_SHOWN:
        typer.echo(text("cli.more_notes", lang=lang, count=len(notes) - PROBLEMS_SHOWN))


def show_copy(outcome: object, lang: str) -> None:
    """Say where the marked copy of a workbook is, if one was made."""
    copy = getattr(outcome, "corrected_copy", None)
    if copy is not None:
        typer.echo(text("cli.import.copy", lang=lang, path=str(copy)), err=True)


def show_problems(error: ToolkitError, lang: str) -> None:
    """Print what is wrong, the first problems in full."""
    sentences = error_text(error, lang=lang)
    for sentence in sentences[:PROBLEMS_SHOWN]:
        typer.echo(f"- {sentence}", err=True)
    if len(sentences) > PROBLEMS_SHOWN:
        typer.echo(
            text("cli.more_problems", lang=lang, count=len(sentences) - PROBLEMS_SHOWN), err=True
        )
