"""Commands that give results: the diagnosis, its report, what changed, the notebooks."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolkit.cli.shared import Folder, Lang, asked, opened, reader_of, say
from toolkit.errors import Problem, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from toolkit.diagnosis import Diagnosis
    from toolkit.territory import Territory
    from toolkit.workspace import Workspace


def demo(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="cli.arg.demo_dir")] = Path(
        "territoire-demo"
    ),
    lang: Lang = "",
) -> None:
    """Build the demo territory and its report."""
    from toolkit.sources import demo_panel, demo_territory  # noqa: PLC0415 - heavy
    from toolkit.workspace import Workspace  # noqa: PLC0415 - heavy
    from toolkit.workspace.backgrounds import save_panel  # noqa: PLC0415 - heavy

    reader = reader_of(lang)
    say("demo.begin", reader)
    if Workspace.is_at(folder):
        workspace = Workspace(folder)
        if not workspace.fictional:
            raise UsageError(Problem("cli_not_demo", where=str(folder)))
    else:
        workspace = Workspace.from_territory(folder, demo_territory(), lang=reader)
        save_panel(demo_panel(), workspace.sources)
    _report(workspace, reader)


def diagnose(folder: Folder, lang: Lang = "") -> None:
    """Find gaps and candidates, and keep them in the database."""
    _diagnosed(*opened(folder, lang))


def partners(
    folder: Folder,
    kind: Annotated[str, typer.Option("--type", help="cli.opt.type")] = "",
    budget: Annotated[int | None, typer.Option("--budget", help="cli.opt.budget")] = None,
    must: Annotated[str, typer.Option("--must", help="cli.opt.must")] = "",
    without: Annotated[str, typer.Option("--without", help="cli.opt.without_actors")] = "",
    lang: Lang = "",
) -> None:
    """Propose partnerships under wishes, and list the next steps of those decided on."""
    from toolkit.diagnosis import diagnose as run  # noqa: PLC0415 - heavy
    from toolkit.partnerships import Wishes  # noqa: PLC0415 - heavy
    from toolkit.views import partner_words  # noqa: PLC0415 - heavy
    from toolkit.workspace.naming import find_actors  # noqa: PLC0415 - heavy

    workspace, reader = opened(folder, lang)
    territory = workspace.territory()
    settings = workspace.settings()
    if budget is not None:
        settings = settings.with_changes(portfolio_size=budget)
    wishes = Wishes(
        must=find_actors(territory.actors, asked(must)),
        without=find_actors(territory.actors, asked(without)),
        types=asked(kind),
    )
    if wishes.types:
        settings = settings.with_changes(partnership_types=wishes.types)
    background = workspace.background(territory)
    _say_begin(territory, reader)
    made = run(territory, settings=settings, background=background, wishes=wishes)
    if made.portfolio.empty:
        say("partners.none", reader)
    else:
        actors = partner_words.actor_count(made)
        counts = {"count": len(made.portfolio), "candidates": len(made.partnerships)}
        say("partners.chosen", reader, actors=actors, **counts)
    for line in partner_words.partner_lines(made, lang=reader):
        typer.echo(line)
    _show_part("empty", partner_words.empty_lines(made, lang=reader), reader)
    decisions = territory.table("decisions")
    today = dt.datetime.now(tz=dt.UTC).date()
    _show_part("due", partner_words.due_lines(decisions, today=today, lang=reader), reader)


def _show_part(name: str, lines: Iterable[str], lang: str) -> None:
    """Print a heading and its lines, if there are any."""
    shown = list(lines)
    if shown:
        say(f"partners.{name}", lang)
    for line in shown:
        typer.echo(line)


def report(folder: Folder, lang: Lang = "") -> None:
    """Write the HTML report."""
    _report(*opened(folder, lang))


def compare(
    folder: Folder,
    other: Annotated[Path, typer.Argument(metavar="DIR2", help="cli.arg.other", readable=False)],
    to: Annotated[
        Path | None, typer.Option("--to", help="cli.opt.to_table", readable=False)
    ] = None,
    lang: Lang = "",
) -> None:
    """Say what changed between the diagnoses kept in two folders."""
    from toolkit.views.changes import change_lines, change_table  # noqa: PLC0415 - heavy
    from toolkit.workspace.comparing import compare_folders, write_table  # noqa: PLC0415 - heavy

    (before, reader), (after, _) = opened(folder, lang), opened(other, lang)
    changes, same_place = compare_folders(before, after)
    threshold = after.settings().secrecy_threshold
    say("compare.begin", reader, before=str(before.folder), after=str(after.folder))
    if not same_place:
        say("compare.other_territory", reader)
    for line in change_lines(changes, threshold=threshold, lang=reader):
        typer.echo(line)
    if to is not None:
        write_table(change_table(changes, threshold=threshold, lang=reader), to)
        say("compare.done", reader, path=str(to))


def lab(folder: Folder, lang: Lang = "") -> None:
    """Open the territory's notebooks in JupyterLab."""
    import subprocess  # noqa: PLC0415 - only here

    workspace, reader = opened(folder, lang)
    say("lab.begin", reader)
    command = [
        *(sys.executable, "-m", "jupyter", "lab", f"--notebook-dir={workspace.folder}"),
        # JupyterLab would look for news and newer versions; nothing goes out unasked.
        *("--LabApp.news_url=None", f"--LabApp.check_for_updates_class={_NEVER}"),
    ]
    raise typer.Exit(subprocess.run(command, check=False).returncode)  # noqa: S603 - our own words only


_NEVER = "jupyterlab.NeverCheckForUpdate"


def _say_begin(territory: Territory, lang: str) -> None:
    """Say what is looked into, and what makes it take longer."""
    from toolkit.compiled import is_prepared  # noqa: PLC0415 - heavy

    if not is_prepared():
        say("diagnose.prepare", lang)
    say("diagnose.begin", lang, name=territory.name)
    if territory.actors.empty:
        say("diagnose.no_actors", lang)


def _diagnosed(workspace: Workspace, lang: str) -> Diagnosis:
    from toolkit.diagnosis import diagnose as run  # noqa: PLC0415 - heavy
    from toolkit.views.changes import change_summary  # noqa: PLC0415 - heavy
    from toolkit.workspace.comparing import changes_since, was_diagnosed  # noqa: PLC0415 - heavy

    territory = workspace.territory()
    _say_begin(territory, lang)
    diagnosed, last = was_diagnosed(workspace), workspace.results()
    background = workspace.background(territory)
    diagnosis = run(territory, settings=workspace.settings(), background=background)
    workspace.save_diagnosis(diagnosis)
    say("diagnose.gaps", lang, count=len(diagnosis.gaps))
    say("diagnose.partnerships", lang, count=len(diagnosis.partnerships))
    if diagnosed:
        summary = change_summary(changes_since(last, diagnosis), lang=lang)
        say("diagnose.changed" if summary else "diagnose.unchanged", lang, changes=summary)
    return diagnosis


def _report(workspace: Workspace, lang: str) -> None:
    from toolkit.report import write_report  # noqa: PLC0415 - heavy

    diagnosis = _diagnosed(workspace, lang)
    path = workspace.reports / f"diagnostic-{lang}.html"
    written = write_report(diagnosis, path, lang=lang, made_on=dt.datetime.now(tz=dt.UTC).date())
    say("report.done", lang, path=str(written), size=written.stat().st_size / 1e6)
