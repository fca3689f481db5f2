"""Commands that bring data in: a territory, its workbook, open data, and what people answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from toolkit.cli.shared import (
    DATA_PROBLEMS,
    Folder,
    Lang,
    asked,
    opened,
    reader_of,
    say,
    show_copy,
    show_notes,
    show_problems,
    typed,
)
from toolkit.errors import Problem, ToolkitError, UsageError
from toolkit.language import has_text, text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from toolkit.sources.fetching import Offer
    from toolkit.workspace import ImportReport

PROGRESS_BYTES: Final = 10_000_000
PROGRESS_SHARE: Final = 20
"""A download is told of every so many bytes, and a big one at most so many times."""


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

    reader = reader_of(lang)
    if not from_file and not offline:
        typer.echo(text("cli.new.download", lang=reader), err=True)
    extract = find_communes(
        Selection(
            communes=asked(communes),
            epci=asked(epci),
            departements=asked(departement),
            groups=asked(group),
            groups_file=groups,
            within=within,
            share=share,
            around=around.strip(),
            radius_km=radius_km,
        ),
        Files(tuple(from_file or ()), population, passage),
        without=asked(without),
        cog_year=cog_year or None,
        offline=offline,
        progress=progress_in(reader),
    )
    perimeter = extract.tables["communes"]
    workspace = Workspace.create(
        folder,
        name=name or folder.resolve().name,
        communes=perimeter,
        sources=extract.sources,
        lang=reader,
    )
    show_notes(extract.notes, reader)
    say("new.done", reader, folder=str(folder), count=len(perimeter))
    say("new.next", reader, workbook=str(workspace.workbook), folder=typed(folder))


def import_(
    folder: Folder,
    workbook: Annotated[
        Path | None, typer.Argument(metavar="[WORKBOOK]", help="cli.arg.workbook", readable=False)
    ] = None,
    partial: Annotated[bool, typer.Option("--partial", help="cli.opt.partial")] = False,  # noqa: FBT002
    lang: Lang = "",
) -> None:
    """Read the workbook into the territory's database."""
    workspace, reader = opened(folder, lang)
    outcome = workspace.import_workbook(workbook, partial=partial)
    _show_import(outcome, reader)
    if outcome.problems:
        raise typer.Exit(DATA_PROBLEMS)


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
        _check_knowledge(folder, reader_of(lang))
        return
    if folder is None:
        raise UsageError(Problem("cli_check_what"))
    workspace, reader = opened(folder, lang)
    outcome = workspace.check_workbook(workbook)
    _show_import(outcome, reader)
    say("check.nothing_written", reader)
    if outcome.problems:
        raise typer.Exit(DATA_PROBLEMS)


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
    from toolkit.workspace.fetching import Wish, fetch_sources, offers  # noqa: PLC0415 - heavy

    workspace, reader = opened(folder, lang)
    if not sources:
        _show_offers(offers(workspace), reader)
        return
    wish = Wish(tuple(sources), kind, year or None, passage, mapping, offline, drop_gone)
    outcome, missing = fetch_sources(workspace, wish, progress=progress_in(reader))
    for line in outcome.lines(lang=reader):
        typer.echo(line)
    show_notes(outcome.notes, reader)
    say("fetch.done", reader, folder=str(folder))
    if missing:
        show_problems(ToolkitError(missing), reader)
        raise typer.Exit(DATA_PROBLEMS)


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
    from toolkit.workspace.locating import Rules  # noqa: PLC0415 - heavy

    workspace, reader = opened(folder, lang)
    outcome = workspace.geocode(
        Geocoder.of_user(base, offline=offline),
        rules=Rules.of_user(min_score, passage=passage),
        progress=lambda done, whole: typer.echo(
            text("cli.geocode.progress", lang=reader, done=done, whole=whole), err=True
        ),
    )
    for line in outcome.lines(lang=reader):
        typer.echo(line)
    show_notes(outcome.notes, reader)
    if outcome.kept.updated:
        say("geocode.done", reader, folder=typed(folder))
    if outcome.replies.faults:
        show_problems(ToolkitError(outcome.replies.faults), reader)
        raise typer.Exit(DATA_PROBLEMS)


def link(folder: Folder, lang: Lang = "") -> None:
    """Take in answers on records that may be one actor, and ask about the others."""
    workspace, reader = opened(folder, lang)
    outcome = workspace.link()
    for line in outcome.lines(lang=reader) or [text("cli.link.nothing", lang=reader)]:
        typer.echo(line)
    show_notes(outcome.notes, reader)


def suggest(folder: Folder, lang: Lang = "") -> None:
    """Ask which activity actors without code have, and take in the answers."""
    workspace, reader = opened(folder, lang)
    outcome = workspace.ask_activities()
    for line in outcome.lines(lang=reader) or [text("cli.suggest.nothing", lang=reader)]:
        typer.echo(line)
    show_notes(outcome.notes, reader)


def _check_knowledge(folder: Path | None, lang: str) -> None:
    """Print how many rows each file of the knowledge base has, and what is wrong."""
    from toolkit.knowledge import FOLDER, checking  # noqa: PLC0415 - heavy

    found = checking.check(folder / FOLDER if folder is not None else None)
    for name, count in found.rows.items():
        say("check.knowledge", lang, name=name, count=count)
    if found.problems:
        show_problems(ToolkitError(found.problems), lang)
        raise typer.Exit(DATA_PROBLEMS)


def _show_import(outcome: ImportReport, lang: str) -> None:
    for line in outcome.lines(lang=lang):
        typer.echo(line)
    show_notes(outcome.notes, lang)
    if outcome.problems:
        show_problems(ToolkitError(outcome.problems), lang)
    show_copy(outcome, lang)


def _show_offers(offers: Sequence[Offer], lang: str) -> None:
    """Print the sources that can be downloaded, and the age of the copies in the cache."""
    say("fetch.offers", lang)
    for offer in offers:
        entry = offer.entry
        say(
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


def progress_in(lang: str) -> Callable[[str, int, int | None], None]:
    """Return what prints a line now and then of a download."""
    told: dict[str, int] = {}

    def _tell(name: str, done: int, whole: int | None) -> None:
        step = done // max(PROGRESS_BYTES, (whole or 0) // PROGRESS_SHARE)
        if step > told.get(name, 0):
            told[name] = step
            size = f"{done / 1e6:.0f}" + (f" / {whole / 1e6:.0f}" if whole else "")
            typer.echo(text("cli.fetch.progress", lang=lang, name=name, size=size), err=True)

    return _tell
