"""The command line: parses, calls, prints; no logic.

Help and messages are keys of ``toolkit/locales/<language>/cli.toml``; :func:`main` puts the texts
of the reader's language in their place.  Exit codes: 0 done, 1 the data have problems, 2 wrong use.
"""

from __future__ import annotations

import difflib
import sys
from typing import TYPE_CHECKING

import typer

from toolkit.cli import data, panel, results
from toolkit.cli.help import help_in, usage_text
from toolkit.cli.shared import (
    DATA_PROBLEMS,
    DONE,
    WRONG_USE,
    asked_language,
    language_of,
    show_copy,
    show_problems,
)
from toolkit.errors import Problem, ToolkitError, UsageError
from toolkit.language import text
from toolkit.settings import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

__all__ = ["app", "language_of", "main"]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="cli.help",
)

_COMMANDS: dict[str, Callable[..., None]] = {
    "demo": results.demo,
    "new": data.new,
    "import": data.import_,
    "check": data.check,
    "fetch": data.fetch,
    "geocode": data.geocode,
    "link": data.link,
    "suggest": data.suggest,
    "panel": panel.panel,
    "diagnose": results.diagnose,
    "partners": results.partners,
    "report": results.report,
    "compare": results.compare,
    "lab": results.lab,
}
"""In the order in which the help shows them."""
for _name, _function in _COMMANDS.items():
    app.command(_name, help=f"cli.{_name}.help")(_function)

# The classes of the library that parses, reached by its public names only.
_UsageFault: type[Exception] = typer.BadParameter.__bases__[0]


def _with_language_last(words: Sequence[str], commands: Collection[str]) -> list[str]:
    """Return the words with a ``--lang`` before the command moved behind it, where options are."""
    place = next((place for place, word in enumerate(words) if word in commands), len(words))
    before, after = list(words[:place]), list(words[place:])
    asked = asked_language(before)
    if asked is None:
        return [*before, *after]
    kept = [word for word in before if word not in {"--lang", asked, f"--lang={asked}"}]
    return [*kept, *after, "--lang", asked] if after else kept


def _check_words(words: Sequence[str], commands: Collection[str]) -> None:
    """Refuse a command or a language that does not exist."""
    named = next((word for word in words if not word.startswith("-")), "")
    asked = asked_language(words)
    problems = []
    if named and named not in commands and named != asked:
        found = difflib.get_close_matches(named, commands, n=1)
        choices = ", ".join(found or sorted(commands))
        problems.append(Problem("cli_command", found=named, params={"choices": choices}))
    if asked is not None and asked not in LANGUAGES:
        params = {"choices": ", ".join(LANGUAGES)}
        problems.append(Problem("cli_language", found=asked, params=params))
    if problems:
        raise UsageError(problems)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        Words after the program's name; those of the process where it is left out.

    Returns
    -------
    int
        0 done, 1 the data have problems, 2 wrong use.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    lang = language_of(words)
    command = typer.main.get_command(app)
    help_in(command, lang)
    try:
        _check_words(words, getattr(command, "commands", {}))
        words = _with_language_last(words, getattr(command, "commands", {}))
        code = command.main(args=words, prog_name="maillage", standalone_mode=False)
    except _UsageFault as fault:
        typer.echo(usage_text(fault, words, lang=lang), err=True)
        return WRONG_USE
    except ToolkitError as error:
        show_problems(error, lang)
        show_copy(error, lang)
        return WRONG_USE if isinstance(error, UsageError) else DATA_PROBLEMS
    except (KeyboardInterrupt, typer.Abort):
        typer.echo(text("cli.stopped", lang=lang), err=True)
        return DATA_PROBLEMS
    return code if isinstance(code, int) else DONE
