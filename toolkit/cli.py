"""The command line: parses, calls, prints; no logic.

Help and messages are keys of ``toolkit/locales/<language>/cli.toml``; :func:`main` puts the texts
of the reader's language in their place.  Exit codes: 0 done, 1 the data have problems, 2 wrong use.
"""

from __future__ import annotations

import datetime as dt
import difflib
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from toolkit.cli_help import help_in, usage_text
from toolkit.errors import SHOWN, Problem, ToolkitError, UsageError
from toolkit.language import error_text, has_text, problem_text, text
from toolkit.settings import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from toolkit.diagnosis import Diagnosis
    from toolkit.sources.fetching import Offer
    from toolkit.workspace import ImportReport, Workspace

DONE: Final = 0
DATA_PROBLEMS: Final = 1
WRONG_USE: Final = 2
PROBLEMS_SHOWN: Final = 8 * SHOWN
PROGRESS_BYTES: Final = 10_000_000
PROGRESS_SHARE: Final = 20
"""A download is told of every so many bytes, and a big one at most so many times."""

_CODE: Final = re.compile(r"[Dd]?(?:\d{1,9}|2[ABab]\d{0,3})")
"""Code of a commune, a département or a grouping."""

# The classes of the library that parses, reached by its public names only.
_UsageFault: type[Exception] = typer.BadParameter.__bases__[0]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="cli.help",
)

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="cli.arg.dir", readable=False)]
Lang = Annotated[str, typer.Option("--lang", help="cli.opt.lang")]


def _asked_language(arguments: Sequence[str]) -> str | None:
    """Return what follows ``--lang`` on the line, if it is there."""
    for place, word in enumerate(arguments):
        if word == "--lang" and place + 1 < len(arguments):
            return arguments[place + 1]
        if word.startswith("--lang="):
            return word.removeprefix("--lang=")
    return None


def _with_language_last(words: Sequence[str], commands: Collection[str]) -> list[str]:
    """Return the words with a ``--lang`` before the command moved behind it, where options are."""
    place = next((place for place, word in enumerate(words) if word in commands), len(words))
    before, after = list(words[:place]), list(words[place:])
    asked = _asked_language(before)
    if asked is None:
        return [*before, *after]
    kept = [word for word in before if word not in {"--lang", asked, f"--lang={asked}"}]
    return [*kept, *after, "--lang", asked] if after else kept


def language_of(arguments: Sequence[str]) -> str:
    """Return the reader's language: ``--lang``, ``MAILLAGE_LANG``, the system's, else French."""
    asked = _asked_language(arguments)
    if asked in LANGUAGES:
        return asked
    for name in ("MAILLAGE_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if (value := os.environ.get(name, "")[:2]) in LANGUAGES:
            return value
    return "fr"


def _say(key: str, lang: str, **values: object) -> None:
    typer.echo(text(f"cli.{key}", lang=lang, **values))


def _typed(path: Path) -> str:
    """Return a path as it is typed in a command: in quotes where a blank or a sign asks for it."""
    words = str(path)
    return words if re.fullmatch(r"[\w./\\:+@~-]+", words) else f'"{words}"'


def _asked(words: str) -> tuple[str, ...]:
    """Return the codes and names of an option, separated by commas or semicolons.

    Codes may be separated by blanks too, as names cannot.
    """
    parts = [part.strip() for part in words.replace(";", ",").split(",")]
    asked: list[str] = []
    for part in filter(None, parts):
        are_codes = all(_CODE.fullmatch(word) for word in part.split())
        asked += part.split() if are_codes else [part]
    return tuple(asked or filter(None, [words.strip()]))


def _reader(lang: str) -> str:
    """Return the language asked for on the line (checked by :func:`main`), else the system's."""
    return lang or language_of([])


def _check_words(words: Sequence[str], commands: Collection[str]) -> None:
    """Refuse a command or a language that does not exist."""
    named = next((word for word in words if not word.startswith("-")), "")
    asked = _asked_language(words)
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


# --- commands ---------------------------------------------------------------------------------
@app.command("demo", help="cli.demo.help")
def demo(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="cli.arg.demo_dir")] = Path(
        "territoire-demo"
    ),
    lang: Lang = "",
) -> None:
    """Build the demo territory and its report."""
    from toolkit.sources import demo_territory  # noqa: PLC0415 - heavy
    from toolkit.workspace import Workspace  # noqa: PLC0415 - heavy

    reader = _reader(lang)
    _say("demo.begin", reader)
    if Workspace.is_at(folder):
        workspace = Workspace(folder)
        if not workspace.fictional:
            raise UsageError(Problem("cli_not_demo", where=str(folder)))
    else:
        workspace = Workspace.from_territory(folder, demo_territory(), lang=reader)
    _report(workspace, reader)


@app.command("new", help="cli.new.help")
def new(  # noqa: PLR0913 - one parameter an option
    folder: Folder,
    from_file: Annotated[
        list[Path] | None, typer.Option("--from-file", help="cli.opt.from_file", readable=False)
    ] = None,
    communes: Annotated[str, typer.Option("--communes", help="cli.opt.communes")] = "",
    epci: Annotated[str, typer.Option("--epci", help="cli.opt.epci")] = "",
    departement: Annotated[str, typer.Option("--departement", help="cli.opt.departement")] = "",
    groups: Annotated[
        Path | None, typer.Option("--groups", help="cli.opt.groups", readable=False)
    ] = None,
    group: Annotated[str, typer.Option("--group", help="cli.opt.group")] = "",
    within: Annotated[
        Path | None, typer.Option("--within", help="cli.opt.within", readable=False)
    ] = None,
    share: Annotated[float | None, typer.Option("--share", help="cli.opt.share")] = None,
    around: Annotated[str, typer.Option("--around", help="cli.opt.around")] = "",
    radius_km: Annotated[
        float | None, typer.Option("--radius-km", help="cli.opt.radius_km")
    ] = None,
    population: Annotated[
        Path | None, typer.Option("--population", help="cli.opt.population", readable=False)
    ] = None,
    passage: Annotated[
        Path | None, typer.Option("--passage", help="cli.opt.passage", readable=False)
    ] = None,
    without: Annotated[str, typer.Option("--without", help="cli.opt.without")] = "",
    cog_year: Annotated[int, typer.Option("--cog-year", help="cli.opt.cog_year")] = 0,
    name: Annotated[str, typer.Option("--name", help="cli.opt.name")] = "",
    offline: Annotated[bool, typer.Option("--offline", help="cli.opt.offline")] = False,  # noqa: FBT002
    lang: Lang = "",
) -> None:
    """Create the folder of a territory with its workbook to fill in."""
    from toolkit.sources.selection import Selection  # noqa: PLC0415 - heavy
    from toolkit.workspace import Workspace  # noqa: PLC0415 - heavy
    from toolkit.workspace.fetching import Files, find_communes  # noqa: PLC0415 - heavy

    reader = _reader(lang)
    if not from_file and not offline:
        typer.echo(text("cli.new.download", lang=reader), err=True)
    extract = find_communes(
        Selection(
            communes=_asked(communes),
            epci=_asked(epci),
            departements=_asked(departement),
            groups=_asked(group),
            groups_file=groups,
            within=within,
            share=share,
            around=around.strip(),
            radius_km=radius_km,
        ),
        Files(tuple(from_file or ()), population, passage),
        without=_asked(without),
        cog_year=cog_year or None,
        offline=offline,
        progress=_progress(reader),
    )
    perimeter = extract.tables["communes"]
    workspace = Workspace.create(
        folder,
        name=name or folder.resolve().name,
        communes=perimeter,
        sources=extract.sources,
        lang=reader,
    )
    _show_notes(extract.notes, reader)
    _say("new.done", reader, folder=str(folder), count=len(perimeter))
    _say("new.next", reader, workbook=str(workspace.workbook), folder=_typed(folder))


@app.command("import", help="cli.import.help")
def import_(
    folder: Folder,
    workbook: Annotated[
        Path | None, typer.Argument(metavar="[WORKBOOK]", help="cli.arg.workbook", readable=False)
    ] = None,
    partial: Annotated[bool, typer.Option("--partial", help="cli.opt.partial")] = False,  # noqa: FBT002
    lang: Lang = "",
) -> None:
    """Read the workbook into the territory's database."""
    workspace, reader = _opened(folder, lang)
    outcome = workspace.import_workbook(workbook, partial=partial)
    _show_import(outcome, reader)
    if outcome.problems:
        raise typer.Exit(DATA_PROBLEMS)


@app.command("check", help="cli.check.help")
def check(
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="cli.arg.dir", readable=False)
    ] = None,
    workbook: Annotated[
        Path | None, typer.Argument(metavar="[WORKBOOK]", help="cli.arg.workbook", readable=False)
    ] = None,
    of_knowledge: Annotated[bool, typer.Option("--knowledge", help="cli.opt.knowledge")] = False,  # noqa: FBT002
    lang: Lang = "",
) -> None:
    """Say what an import would find, and write nothing."""
    if of_knowledge:
        _check_knowledge(folder, _reader(lang))
        return
    if folder is None:
        raise UsageError(Problem("cli_check_what"))
    workspace, reader = _opened(folder, lang)
    outcome = workspace.check_workbook(workbook)
    _show_import(outcome, reader)
    _say("check.nothing_written", reader)
    if outcome.problems:
        raise typer.Exit(DATA_PROBLEMS)


@app.command("fetch", help="cli.fetch.help")
def fetch(  # noqa: PLR0913 - one parameter an option
    folder: Folder,
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="SOURCE...", help="cli.arg.sources")
    ] = None,
    kind: Annotated[str, typer.Option("--kind", help="cli.opt.kind")] = "",
    year: Annotated[int, typer.Option("--year", help="cli.opt.year")] = 0,
    passage: Annotated[
        Path | None, typer.Option("--passage", help="cli.opt.passage", readable=False)
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option("--mapping", help="cli.opt.mapping", readable=False)
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="cli.opt.offline")] = False,  # noqa: FBT002
    drop_gone: Annotated[bool, typer.Option("--drop-gone", help="cli.opt.drop_gone")] = False,  # noqa: FBT002
    lang: Lang = "",
) -> None:
    """Take open data into the territory's database, from files or by name."""
    from toolkit.workspace import Workspace  # noqa: PLC0415 - heavy
    from toolkit.workspace.fetching import Wish, fetch_sources, offers  # noqa: PLC0415 - heavy

    workspace = Workspace(folder)
    reader = (lang and _reader(lang)) or workspace.lang
    if not sources:
        _show_offers(offers(workspace), reader)
        return
    wish = Wish(tuple(sources), kind, year or None, passage, mapping, offline, drop_gone)
    outcome, missing = fetch_sources(workspace, wish, progress=_progress(reader))
    for line in outcome.lines(lang=reader):
        typer.echo(line)
    _show_notes(outcome.notes, reader)
    _say("fetch.done", reader, folder=str(folder))
    if missing:
        _show_problems(ToolkitError(missing), reader)
        raise typer.Exit(DATA_PROBLEMS)


@app.command("geocode", help="cli.geocode.help")
def geocode(
    folder: Folder,
    base: Annotated[str, typer.Option("--base", help="cli.opt.geocode.base")] = "",
    min_score: Annotated[
        float | None, typer.Option("--min-score", help="cli.opt.geocode.min_score")
    ] = None,
    passage: Annotated[
        Path | None, typer.Option("--passage", help="cli.opt.passage", readable=False)
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="cli.opt.geocode.offline")] = False,  # noqa: FBT002
    lang: Lang = "",
) -> None:
    """Place the actors that have an address and no point."""
    from toolkit.sources.geocoder import Geocoder  # noqa: PLC0415 - heavy
    from toolkit.workspace import Workspace  # noqa: PLC0415 - heavy
    from toolkit.workspace.locating import Rules  # noqa: PLC0415 - heavy

    workspace = Workspace(folder)
    reader = (lang and _reader(lang)) or workspace.lang
    outcome = workspace.geocode(
        Geocoder.of_user(base, offline=offline),
        rules=Rules.of_user(min_score, passage=passage),
        progress=lambda done, whole: typer.echo(
            text("cli.geocode.progress", lang=reader, done=done, whole=whole), err=True
        ),
    )
    for line in outcome.lines(lang=reader):
        typer.echo(line)
    _show_notes(outcome.notes, reader)
    if outcome.kept.updated:
        _say("geocode.done", reader, folder=_typed(folder))
    if outcome.replies.faults:
        _show_problems(ToolkitError(outcome.replies.faults), reader)
        raise typer.Exit(DATA_PROBLEMS)


@app.command("link", help="cli.link.help")
def link(folder: Folder, lang: Lang = "") -> None:
    """Take in answers on records that may be one actor, and ask about the others."""
    workspace, reader = _opened(folder, lang)
    outcome = workspace.link()
    for line in outcome.lines(lang=reader) or [text("cli.link.nothing", lang=reader)]:
        typer.echo(line)
    _show_notes(outcome.notes, reader)


@app.command("suggest", help="cli.suggest.help")
def suggest(folder: Folder, lang: Lang = "") -> None:
    """Ask which activity actors without code have, and take in the answers."""
    workspace, reader = _opened(folder, lang)
    outcome = workspace.ask_activities()
    for line in outcome.lines(lang=reader) or [text("cli.suggest.nothing", lang=reader)]:
        typer.echo(line)
    _show_notes(outcome.notes, reader)


@app.command("diagnose", help="cli.diagnose.help")
def diagnose(folder: Folder, lang: Lang = "") -> None:
    """Find gaps and candidates, and keep them in the database."""
    from toolkit.workspace import Workspace  # noqa: PLC0415 - heavy

    workspace = Workspace(folder)
    _diagnosed(workspace, (lang and _reader(lang)) or workspace.lang)


@app.command("report", help="cli.report.help")
def report(folder: Folder, lang: Lang = "") -> None:
    """Write the HTML report."""
    from toolkit.workspace import Workspace  # noqa: PLC0415 - heavy

    workspace = Workspace(folder)
    _report(workspace, (lang and _reader(lang)) or workspace.lang)


@app.command("lab", help="cli.lab.help")
def lab(folder: Folder, lang: Lang = "") -> None:
    """Open the territory's notebooks in JupyterLab."""
    import subprocess  # noqa: PLC0415 - only here

    from toolkit.workspace import Workspace  # noqa: PLC0415 - heavy

    workspace = Workspace(folder)
    _say("lab.begin", (lang and _reader(lang)) or workspace.lang)
    command = [
        *(sys.executable, "-m", "jupyter", "lab", f"--notebook-dir={workspace.folder}"),
        # JupyterLab would look for news and newer versions; nothing goes out unasked.
        *("--LabApp.news_url=None", f"--LabApp.check_for_updates_class={_NEVER}"),
    ]
    raise typer.Exit(subprocess.run(command, check=False).returncode)  # noqa: S603 - our own words only


_NEVER = "jupyterlab.NeverCheckForUpdate"


# --- what they share --------------------------------------------------------------------------
def _opened(folder: Path, lang: str) -> tuple[Workspace, str]:
    """Return the territory of a folder, and the reader's language: asked for, else its own."""
    from toolkit.workspace import Workspace  # noqa: PLC0415 - heavy

    workspace = Workspace(folder)
    return workspace, (lang and _reader(lang)) or workspace.lang


def _diagnosed(workspace: Workspace, lang: str) -> Diagnosis:
    from toolkit.compiled import is_prepared  # noqa: PLC0415 - heavy
    from toolkit.diagnosis import diagnose as run  # noqa: PLC0415 - heavy

    territory = workspace.territory()
    if not is_prepared():
        _say("diagnose.prepare", lang)
    _say("diagnose.begin", lang, name=territory.name)
    if territory.actors.empty:
        _say("diagnose.no_actors", lang)
    background = workspace.background(territory)
    diagnosis = run(territory, settings=workspace.settings(), background=background)
    workspace.save_diagnosis(diagnosis)
    _say("diagnose.gaps", lang, count=len(diagnosis.gaps))
    _say("diagnose.partnerships", lang, count=len(diagnosis.partnerships))
    return diagnosis


def _check_knowledge(folder: Path | None, lang: str) -> None:
    """Print how many rows each file of the knowledge base has, and what is wrong."""
    from toolkit.knowledge import FOLDER, checking  # noqa: PLC0415 - heavy

    found = checking.check(folder / FOLDER if folder is not None else None)
    for name, count in found.rows.items():
        _say("check.knowledge", lang, name=name, count=count)
    if found.problems:
        _show_problems(ToolkitError(found.problems), lang)
        raise typer.Exit(DATA_PROBLEMS)


def _report(workspace: Workspace, lang: str) -> None:
    from toolkit.report import write_report  # noqa: PLC0415 - heavy

    diagnosis = _diagnosed(workspace, lang)
    path = workspace.reports / f"diagnostic-{lang}.html"
    written = write_report(diagnosis, path, lang=lang, made_on=dt.datetime.now(tz=dt.UTC).date())
    _say("report.done", lang, path=str(written), size=written.stat().st_size / 1e6)


def _show_import(outcome: ImportReport, lang: str) -> None:
    for line in outcome.lines(lang=lang):
        typer.echo(line)
    _show_notes(outcome.notes, lang)
    if outcome.problems:
        _show_problems(ToolkitError(outcome.problems), lang)
    _show_copy(outcome, lang)


def _show_offers(offers: Sequence[Offer], lang: str) -> None:
    """Print the sources that can be downloaded, and the age of the copies in the cache."""
    _say("fetch.offers", lang)
    for offer in offers:
        entry = offer.entry
        _say(
            "fetch.offer",
            lang,
            name=entry.name,
            title=entry.title or entry.kind,
            facts=" – ".join(_facts(offer, lang)),
        )


def _facts(offer: Offer, lang: str) -> list[str]:
    """Return what is worth knowing of a source before it is downloaded."""
    entry = offer.entry
    places = [
        text(key, lang=lang)
        for name in entry.open_places
        if has_text(key := f"cli.fetch.place.{name}", lang=lang)
    ]
    told = {
        **offer.measure,
        "with": ", ".join(entry.beside),
        "each": ", ".join(places),
        "framed": len(places) < len(entry.open_places),
    }
    facts = [text(f"cli.fetch.{key}", lang=lang, shown=said) for key, said in told.items() if said]
    facts[:0] = filter(None, (entry.producer, str(entry.data_year or ""), entry.licence))
    age = offer.age_days
    if age is None:
        return [*facts, text("cli.fetch.absent", lang=lang)]
    copy = (
        text("cli.fetch.age", lang=lang, count=age) if age else text("cli.fetch.today", lang=lang)
    )
    stale = [text("cli.fetch.stale", lang=lang)] if age > entry.fresh_days else []
    return [*facts, copy, *stale]


def _progress(lang: str) -> Callable[[str, int, int | None], None]:
    """Return what prints a line now and then of a download."""
    told: dict[str, int] = {}

    def _tell(name: str, done: int, whole: int | None) -> None:
        step = done // max(PROGRESS_BYTES, (whole or 0) // PROGRESS_SHARE)
        if step > told.get(name, 0):
            told[name] = step
            size = f"{done / 1e6:.0f}" + (f" / {whole / 1e6:.0f}" if whole else "")
            typer.echo(text("cli.fetch.progress", lang=lang, name=name, size=size), err=True)

    return _tell


def _show_notes(notes: Sequence[Problem], lang: str) -> None:
    """Print what the officer should know and need not mend, the first ones in full."""
    for note in notes[:PROBLEMS_SHOWN]:
        typer.echo(f"- {problem_text(note, lang=lang)}")
    if len(notes) > PROBLEMS_SHOWN:
        typer.echo(text("cli.more_notes", lang=lang, count=len(notes) - PROBLEMS_SHOWN))


def _show_copy(outcome: object, lang: str) -> None:
    """Say where the marked copy of a workbook is, if one was made."""
    copy = getattr(outcome, "corrected_copy", None)
    if copy is not None:
        typer.echo(text("cli.import.copy", lang=lang, path=str(copy)), err=True)


def _show_problems(error: ToolkitError, lang: str) -> None:
    sentences = error_text(error, lang=lang)
    for sentence in sentences[:PROBLEMS_SHOWN]:
        typer.echo(f"- {sentence}", err=True)
    if len(sentences) > PROBLEMS_SHOWN:
        typer.echo(
            text("cli.more_problems", lang=lang, count=len(sentences) - PROBLEMS_SHOWN), err=True
        )


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
        _show_problems(error, lang)
        _show_copy(error, lang)
        return WRONG_USE if isinstance(error, UsageError) else DATA_PROBLEMS
    except (KeyboardInterrupt, typer.Abort):
        typer.echo(text("cli.stopped", lang=lang), err=True)
        return DATA_PROBLEMS
    return code if isinstance(code, int) else DONE
