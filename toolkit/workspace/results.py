"""What is drawn from the data: lines of the flows, and the layers of the last diagnosis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely

from toolkit import vocabulary as v
from toolkit.language import text
from toolkit.workspace import geopackage, store
from toolkit.workspace.geopackage import quoted
from toolkit.workspace.layers import (
    EVIDENCE,
    GAPS,
    GEOMETRY_COLUMN,
    MEMBER_ROLES,
    MODEL_LAYERS,
    PARTNERSHIPS,
    RESULT_LAYERS,
    Layer,
)

if TYPE_CHECKING:
    import sqlite3

    import pandas as pd

    from toolkit.diagnosis import Diagnosis

Places = Mapping[str, shapely.Point]
"""Point, in degrees, of each actor and commune that has one."""


def reset(connection: sqlite3.Connection, *, lang: str, at: str) -> None:
    """Make the tables of results anew, empty, in the open transaction.

    Results are computed again at will: their tables need no migration.
    """
    for layer in RESULT_LAYERS.values():
        connection.execute(f"DROP TABLE IF EXISTS {layer.table}")
        for catalogue in ("gpkg_geometry_columns", "gpkg_contents"):
            connection.execute(f"DELETE FROM {catalogue} WHERE table_name = ?", (layer.table,))  # noqa: S608
        for statement in geopackage.table_sql(layer):
            connection.execute(statement)
        label = text(f"workspace.layer.{layer.table}", lang=lang)
        geopackage.register(connection, layer.table, label=label, at=at, geometry=layer.geometry)


def save(connection: sqlite3.Connection, diagnosis: Diagnosis, *, lang: str, at: str) -> None:
    """Replace the tables of results by those of a diagnosis, in the open transaction."""
    reset(connection, lang=lang, at=at)
    places = _places(diagnosis.territory.communes, diagnosis.territory.actors)
    frames = {
        GAPS: diagnosis.gaps,
        EVIDENCE: diagnosis.evidence,
        PARTNERSHIPS: diagnosis.partnerships,
        MEMBER_ROLES: diagnosis.proposals.roles,
    }
    shapes = {
        GAPS: _gap_points(diagnosis.gaps, places),
        PARTNERSHIPS: _stars(diagnosis.partnerships, places),
    }
    for table, frame in frames.items():
        layer = RESULT_LAYERS[table]
        _insert(connection, layer, frame=frame, shapes=shapes.get(table))
        geopackage.touch(connection, table, at=at, bounds=store.box_of(connection, layer))


def read(connection: sqlite3.Connection) -> dict[str, pd.DataFrame]:
    """Return the tables of the last diagnosis that was kept, in its order."""
    frames = {}
    for layer in RESULT_LAYERS.values():
        columns = ", ".join(quoted(name) for name in layer.kinds)
        rows = connection.execute(f"SELECT {columns} FROM {layer.table} ORDER BY fid").fetchall()  # noqa: S608
        cells = list(zip(*rows, strict=True)) if rows else [()] * len(layer.kinds)
        frames[layer.table] = store.typed_frame(layer, cells)
    return frames


def draw_flows(connection: sqlite3.Connection) -> bool:
    """Draw each flow as a line between its two ends where both have a place.

    Only lines that differ are written; an end outside the perimeter has no place, hence no line.

    Returns
    -------
    bool
        Whether a line changed.
    """
    if not connection.execute(f"SELECT EXISTS (SELECT 1 FROM {v.FLOWS})").fetchone()[0]:  # noqa: S608
        return False
    communes = store.read_layer(connection, MODEL_LAYERS[v.COMMUNES])
    actors = store.read_layer(connection, MODEL_LAYERS[v.ACTORS])
    places = _places(gpd.GeoDataFrame(communes), gpd.GeoDataFrame(actors))
    found = connection.execute(
        f"SELECT fid, origin, destination, {GEOMETRY_COLUMN} FROM flows ORDER BY fid"  # noqa: S608
    )
    flows = found.fetchall()
    lines = [
        _line(places.get(origin), places.get(destination)) for _, origin, destination, _ in flows
    ]
    blobs = geopackage.encode(lines) if lines else []
    changed = [(blob, flow[0]) for blob, flow in zip(blobs, flows, strict=True) if blob != flow[3]]
    connection.executemany(f"UPDATE flows SET {GEOMETRY_COLUMN} = ? WHERE fid = ?", changed)  # noqa: S608
    return bool(changed)


def _places(communes: gpd.GeoDataFrame, actors: gpd.GeoDataFrame) -> Places:
    places: dict[str, shapely.Point] = {}
    if len(communes):
        places.update(
            zip(communes["commune_id"], communes.geometry.representative_point(), strict=True)
        )
    places.update(zip(actors["actor_id"], actors.geometry, strict=True) if len(actors) else ())
    return {
        name: point for name, point in places.items() if point is not None and not point.is_empty
    }


def _line(here: shapely.Point | None, there: shapely.Point | None) -> shapely.LineString | None:
    return (
        None
        if here is None or there is None or here.equals(there)
        else shapely.LineString([here, there])
    )


def _gap_points(gaps: pd.DataFrame, places: Places) -> list[shapely.Point | None]:
    """Return where each gap is shown: in its commune, else amid the actors concerned."""
    points = []
    for commune, actors in zip(gaps["commune_id"], gaps["actor_ids"], strict=True):
        members = [places[name] for name in v.split_list(actors) if name in places]
        amid = shapely.MultiPoint(members).centroid if members else None
        points.append(places.get(commune, amid))
    return points


def _stars(partnerships: pd.DataFrame, places: Places) -> list[shapely.MultiLineString | None]:
    """Return lines from the meeting place of each candidate to its members."""
    stars = []
    for meeting, members in zip(
        partnerships["meeting_place_id"], partnerships["member_ids"], strict=True
    ):
        rays = [_line(places.get(meeting), places.get(name)) for name in v.split_list(members)]
        drawn = [ray for ray in rays if ray is not None]
        stars.append(shapely.MultiLineString(drawn) if drawn else None)
    return stars


def _insert(
    connection: sqlite3.Connection,
    layer: Layer,
    *,
    frame: pd.DataFrame,
    shapes: list[shapely.Geometry | None] | None,
) -> None:
    columns = [store.plain_cells(frame[name], kind=kind) for name, kind in layer.kinds.items()]
    names = [quoted(name) for name in layer.kinds]
    if shapes is not None:
        columns.append(
            geopackage.encode(np.array([*shapes, None], dtype="object")[:-1]) if shapes else []
        )
        names.append(GEOMETRY_COLUMN)
    connection.executemany(
        f"INSERT INTO {layer.table} ({', '.join(names)}) VALUES ({', '.join('?' for _ in names)})",  # noqa: S608
        zip(*columns, strict=True),
    )
