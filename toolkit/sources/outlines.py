"""The perimeter without files: outlines and groupings downloaded for what is asked, on demand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import geopandas as gpd

from toolkit import crs
from toolkit.errors import Problem, SourceError, UsageError
from toolkit.sources.communes import read_communes
from toolkit.sources.extract import Extract
from toolkit.sources.fetching import Copy, Means, copies_of, described
from toolkit.sources.perimeter import read_frames, select_communes
from toolkit.sources.places import Area
from toolkit.sources.populations import read_populations
from toolkit.sources.registry import GROUPINGS, OUTLINES, Entry
from toolkit.sources.selection import Frames, Selection, commune_within

_COLUMNS: Final = ("commune_id", "name", "epci_id")


def download_communes(
    selection: Selection,
    *,
    registry: Mapping[str, Entry],
    means: Means,
    without: Sequence[str] = (),
    cog_year: int | None = None,
) -> Extract:
    """Return the communes of a perimeter from outlines and groupings that are downloaded.

    The groupings come first: they tell in which départements the communes lie, and only the
    outlines of these are asked for.

    Parameters
    ----------
    selection : Selection
        Communes, groupings and départements, by code or name; groupings of a file too.
    registry : Mapping of str to Entry
        Sources that can be downloaded; those called ``outlines`` and ``groupings`` are used.
    means : Means
        How.
    without : sequence of str
        Communes left out on purpose, by code or name.
    cog_year : int, optional
        Year of the geography; that which the registry says of the outlines where it is left out.

    Returns
    -------
    Extract
        As :func:`toolkit.sources.communes.read_communes` returns it.

    Raises
    ------
    UsageError
        If nothing is asked for, something that only files can answer, or something unknown.
    SourceError
        If a file cannot be had.
    SchemaError
        If a commune asked for has no outline.
    """
    _check(selection)
    outlines, groupings = registry[OUTLINES], registry[GROUPINGS]
    (members,) = _copies(groupings, means)
    area = _area(selection, members, without=without)
    drawn = _copies(outlines, replace(means, area=area))
    extract = read_communes(
        [copy.path for copy in drawn],
        selection=selection,
        population=members.path,
        cog_year=cog_year or outlines.data_year or None,
        without=without,
    )
    return described(extract, [*drawn, members])


def _check(selection: Selection) -> None:
    """Refuse what only files can answer."""
    others = {"--within": selection.within, "--around": selection.around}
    problems = [
        Problem("new_needs_files", found=option) for option, is_asked in others.items() if is_asked
    ]
    if selection.is_empty:
        problems.append(Problem("new_nothing_asked"))
    if problems:
        raise UsageError(problems)


def _copies(entry: Entry, means: Means) -> list[Copy]:
    """Return the files of a source; all of them, as a perimeter has no holes."""
    missing: list[Problem] = []
    copies = copies_of(entry, means, missing=missing)
    if missing:
        problems = [
            Problem("new_offline", where=one.where, found=entry.title or entry.name)
            if one.code == "download_offline"
            else one
            for one in missing
        ]
        raise SourceError(problems)
    return copies


def _area(selection: Selection, members: Copy, *, without: Sequence[str]) -> Area:
    """Return in which départements the communes of a selection lie, less those left out.

    Raises
    ------
    UsageError
        If a commune, grouping or département is unknown.
    """
    known = read_populations(members.path)
    everywhere = gpd.GeoDataFrame(
        known[list(_COLUMNS)], geometry=[None] * len(known), crs=crs.STORAGE_EPSG
    )
    groupings, _ = read_frames(selection)
    chosen = select_communes(selection, Frames(everywhere, known, groupings=groupings))
    if chosen.problems:
        raise UsageError(chosen.problems)
    names = dict(zip(known["commune_id"], known["name"].fillna(""), strict=True))
    left_out = {commune_within(word, names, among=chosen.codes) for word in without}
    return Area(communes=chosen.codes - left_out)
