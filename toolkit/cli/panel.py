"""The command that makes the comparison panel of a territory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli.data import progress_in
from toolkit.cli.shared import Folder, Lang, opened, say, show_notes, typed


def panel(  # noqa: PLR0913 - one parameter an option
    folder: Folder,
    counts: Annotated[
        list[str] | None, typer.Option("--counts", metavar="FILE", help="cli.opt.panel_counts")
    ] = None,
    members: Annotated[
        str, typer.Option("--members", metavar="FILE", help="cli.opt.panel_members")
    ] = "groupings",
    population: Annotated[
        Path | None, typer.Option("--population", help="cli.opt.panel_population", readable=False)
    ] = None,
    areas: Annotated[
        Path | None, typer.Option("--areas", help="cli.opt.panel_areas", readable=False)
    ] = None,
    income: Annotated[
        Path | None, typer.Option("--income", help="cli.opt.panel_income", readable=False)
    ] = None,
    passage: Annotated[
        Path | None, typer.Option("--passage", help="cli.opt.passage", readable=False)
    ] = None,
    from_file: Annotated[
        Path | None, typer.Option("--from-file", help="cli.opt.panel_ready", readable=False)
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="cli.opt.offline")] = False,  # noqa: FBT002
    lang: Lang = "",
) -> None:
    """Make the panel of territories to compare with, or take one that is ready."""
    from toolkit.workspace.panels import PanelWish, make_panel  # noqa: PLC0415 - heavy

    workspace, reader = opened(folder, lang)
    wish = PanelWish(
        counts=tuple(counts or ()),
        members=members,
        population=population,
        areas=areas,
        income=income,
        passage=passage,
        ready=from_file,
        offline=offline,
    )
    outcome = make_panel(workspace, wish, progress=progress_in(reader))
    for line in outcome.lines(lang=reader):
        typer.echo(line)
    show_notes(outcome.notes, reader)
    say("panel.done", reader, path=str(outcome.path), folder=typed(folder))
