"""What is known beside the tables of a territory: put together here for the folder and the demo."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from toolkit import knowledge
from toolkit import vocabulary as v
from toolkit.background import Background
from toolkit.errors import DataError, Problem, ToolkitError
from toolkit.knowledge import chains
from toolkit.nomenclature import fold
from toolkit.sources import side_tables
from toolkit.sources.demo import demo_panel
from toolkit.workspace import creating

if TYPE_CHECKING:
    import pandas as pd

    from toolkit.territory import Territory

NO_ESTIMATES: Final[Mapping[str, pd.DataFrame]] = {}


def background_of(
    territory: Territory,
    *,
    folder: Path | None = None,
    panel: pd.DataFrame | None = None,
    estimates: Mapping[str, pd.DataFrame] = NO_ESTIMATES,
) -> Background:
    """Return what is known beside the tables of a territory, to be given to ``diagnose``.

    Parameters
    ----------
    territory : Territory
        The territory.
    folder : Path, optional
        Its folder: value chains of its folder ``knowledge`` are added to those shipped, and
        ``panel.csv``, ``travel.csv`` and ``cells.csv`` of its folder ``sources`` are read if they
        are there.
    panel : DataFrame, optional
        Columns ``PANEL_COLUMNS``, in place of the file.
    estimates : Mapping of str to DataFrame
        Rows deduced from activities.

    Raises
    ------
    DataError
        If a file is wrong, or the panel lacks the territory; all faults of all files at once.
    """
    parts: dict[str, Any] = {}
    faults: list[Problem] = []
    readers = _readers(territory, folder)
    if panel is not None:
        readers["panel"] = lambda: _with_own(panel, territory)
    for name, reader in readers.items():
        try:
            parts[name] = reader()
        except ToolkitError as error:
            faults += error.problem_list
    if not faults and "travel" in parts:
        faults += _strangers(parts["travel"], territory, cells=parts.get("cells"))
    if faults:
        raise DataError(faults)
    known = parts.pop("known")
    rows, own_id = parts.pop("panel", (None, ""))
    return Background(
        estimates=estimates,
        stages=chains.stages_frame(known),
        places=chains.find_stages(territory.actors, known),
        own_id=own_id,
        **({} if rows is None else {"panel": rows}),
        **parts,
    )


def _readers(territory: Territory, folder: Path | None) -> dict[str, Callable[[], object]]:
    """Return what reads each part that a folder has."""
    own = folder / knowledge.FOLDER if folder else None
    made: dict[str, Callable[[], object]] = {"known": lambda: chains.read_chains(own)}
    if folder is None:
        return made
    communes = frozenset(territory.communes["commune_id"])
    readers: dict[str, Callable[[Path], object]] = {
        side_tables.PANEL: lambda path: _with_own(side_tables.read_panel(path), territory),
        side_tables.TRAVEL: side_tables.read_travel,
        side_tables.CELLS: lambda path: side_tables.read_cells(path, communes=communes),
    }
    for name, reader in readers.items():
        path = folder / creating.SOURCES / name
        if path.is_file():
            made[path.stem] = partial(reader, path)
    return made


def demo_background(territory: Territory) -> Background:
    """Return what is known beside the tables of the demo territory, which has no folder."""
    return background_of(territory, panel=demo_panel())


def find_own(panel: pd.DataFrame, territory: Territory) -> str:
    """Return which territory of a panel is one's own.

    The EPCI that all communes name, if it is in the panel; else the one of the territory's name.

    Parameters
    ----------
    panel : DataFrame
        Columns ``PANEL_COLUMNS``.
    territory : Territory
        The territory.

    Raises
    ------
    DataError
        If there is none, or several bear the name.
    """
    epci = epci_of(territory.communes)
    ids = panel[["territory_id", "name"]].drop_duplicates()
    if epci and epci in set(ids["territory_id"]):
        return epci
    named = ids["territory_id"][ids["name"].map(fold) == fold(territory.name)].unique()
    if len(named) == 1:
        return str(named[0])
    params = {"epci": epci or "–"}
    raise DataError(
        Problem("panel_own_absent", where=side_tables.PANEL, found=territory.name, params=params)
    )


def epci_of(communes: pd.DataFrame) -> str:
    """Return the EPCI that all communes name, empty if they name none or several."""
    groups = communes["epci_id"].drop_duplicates()
    return str(groups.iloc[0]) if len(groups) == 1 and groups.notna().all() else ""


def _with_own(panel: pd.DataFrame, territory: Territory) -> tuple[pd.DataFrame, str]:
    return panel, find_own(panel, territory)


def _strangers(
    travel: pd.DataFrame, territory: Territory, *, cells: pd.DataFrame | None
) -> list[Problem]:
    """Return a problem if no row of travel times concerns the territory."""
    communes = set(territory.communes["commune_id"])
    starts = communes | (set() if cells is None else set(cells["cell_id"]))
    ends = communes | set(territory.actors["actor_id"])
    if (travel["from_id"].isin(starts) & travel["to_id"].isin(ends)).any():
        return []
    found = " → ".join(travel.iloc[0][["from_id", "to_id"]])
    return [Problem("travel_unknown", where=side_tables.TRAVEL, found=found)]


def save_panel(panel: pd.DataFrame, folder: Path) -> Path:
    """Write a panel into the folder of sources, in place of the one that was there.

    Parameters
    ----------
    panel : DataFrame
        Columns ``PANEL_COLUMNS``.
    folder : Path
        Folder ``sources`` of a territory.
    """
    folder.mkdir(exist_ok=True)
    path = folder / side_tables.PANEL
    started = path.with_suffix(".new")
    panel[list(v.PANEL_COLUMNS)].to_csv(started, index=False, encoding="utf-8")
    started.replace(path)
    return path
