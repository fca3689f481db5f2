"""Actors as each source gives them, and the one row that they make; pure functions over frames.

An actor that one source gives is its row.  As soon as a second source gives it, the row of each is
kept as a record, and the actor is what :func:`toolkit.linkage.merging.merge_groups` makes of them:
what people wrote first, then the sources in the order in which they came.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import pandas as pd

from toolkit import crs
from toolkit import vocabulary as v
from toolkit.linkage import merging
from toolkit.linkage.names import street_of
from toolkit.sources import hiding
from toolkit.sources.assemble import SOURCE_IDS
from toolkit.sources.extract import PUBLISHER_ID
from toolkit.workspace.layers import LINKAGE_LAYERS, RECORDS, SAISIE

if TYPE_CHECKING:
    import numpy as np

ANSWERS: Final = "answers"
"""Series of what people answered about actors; no publisher of actors."""
SERIES: Final = "series"
RECORD_ID: Final = "record_id"
PLACE: Final = "place"
KEY: Final = LINKAGE_LAYERS[RECORDS].key
_OWN: Final = (SERIES, RECORD_ID, PLACE)
_SEVERAL_PUBLISHERS: Final = frozenset({"mapped", "gogocarto"})
"""Kinds of source that many publish: two files of them are two sources, not two editions."""
_BY_LIST: Final = "data_inclusion"
"""Kind of source that gathers the lists of others; the id of a record says whose it is."""
_GATHERED: Final = frozenset({_BY_LIST, "reuse_actors"})
"""Kinds of source that gather the lists of others."""
_NOT_KEPT: Final = (SOURCE_IDS, "record_ids")


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """What rows that come in make of the actors they mean.

    Attributes
    ----------
    actors : GeoDataFrame
        One row an actor that the rows mean, EPSG:4326; a cell may be missing that is implied.
    records : GeoDataFrame
        The records to keep: those of every actor that several sources give.
    """

    actors: gpd.GeoDataFrame
    records: gpd.GeoDataFrame


def series_of(source_id: Any) -> str:  # noqa: ANN401 - any cell
    """Return what the successive editions of a source have in common.

    Examples
    --------
    >>> series_of("siae:2025"), series_of("mapped:list"), series_of("saisie-cci")
    ('siae', 'mapped:list', 'saisie')
    """
    name = "" if pd.isna(source_id) else str(source_id)
    if name.startswith(SAISIE):
        return SAISIE
    kind = name.partition(":")[0]
    return name if kind in _SEVERAL_PUBLISHERS else kind


def origin_of(source_id: Any, record_id: str) -> str:  # noqa: ANN401 - any cell
    """Return who vouches for a record: two records of one publisher are two actors.

    A list of people is a publisher; an aggregate holds the lists of several.

    Examples
    --------
    >>> origin_of("rna:w14", "rna:W1"), origin_of("data_inclusion:a", "di:dora:7")
    ('rna', 'data_inclusion:dora')
    >>> origin_of("saisie-cci", "P1")
    'saisie-cci'
    """
    series = series_of(source_id)
    if series == SAISIE:
        return str(source_id)
    if series == _BY_LIST:
        return ":".join((series, *record_id.split(":")[1:2]))
    return series


def is_by_hand(source_ids: pd.Series[Any]) -> pd.Series[bool]:
    """Return where a row came from a workbook."""
    return source_ids.fillna("").astype("str").str.startswith(SAISIE).astype("bool")


def is_gathered(source_ids: pd.Series[Any]) -> pd.Series[bool]:
    """Return where a row came from a list that gathers the lists of others."""
    return source_ids.map(lambda cell: series_of(cell) in _GATHERED).astype("bool")


def told_by_others(records: pd.DataFrame) -> pd.DataFrame:
    """Return the records but those of a workbook that are the actor itself."""
    return records[(records[RECORD_ID] != records["actor_id"]) | ~is_by_hand(records["source_id"])]


def own_ids(actors: pd.DataFrame) -> pd.Series[str]:
    """Return the id that the publisher gives each actor, else its own."""
    own = actors.get(PUBLISHER_ID, actors["actor_id"])
    return own.fillna(actors["actor_id"]).astype("str")


def as_records(rows: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return actors as records under their own ids; a record has a point only if it is its own."""
    made = gpd.GeoDataFrame(rows.drop(columns=list(_NOT_KEPT), errors="ignore")).copy()
    series = [series_of(one) for one in made["source_id"]]
    made[SERIES] = pd.Series(series, index=made.index, dtype="str")
    if RECORD_ID not in made:
        made[RECORD_ID] = own_ids(made)
    return made.drop_duplicates(list(KEY))


def lay(rows: gpd.GeoDataFrame, *, stored: pd.DataFrame, records: pd.DataFrame) -> Laid:
    """Return the actors that rows make with what other sources said of them before.

    Parameters
    ----------
    rows : GeoDataFrame
        Complete actors that come in, EPSG:4326: ``actor_id`` is the id under which the actor is
        known, ``record_id`` that under which it came (the same where it is missing).  Of a source
        that came before, the row takes the place of its record.
    stored : GeoDataFrame
        Complete stored actors, EPSG:4326.
    records : GeoDataFrame
        Stored records.
    """
    incoming = as_records(rows)
    known = gpd.GeoDataFrame(records[records["actor_id"].isin(incoming["actor_id"])])
    alone = stored["actor_id"].isin(incoming["actor_id"]) & ~stored["actor_id"].isin(
        known["actor_id"]
    )
    before = joined(known, as_records(gpd.GeoDataFrame(stored[alone])))
    return made_of(joined(before, incoming), after=records)


def lay_written(
    actors: gpd.GeoDataFrame, ids: set[str], *, stored: pd.DataFrame, records: pd.DataFrame
) -> Laid:
    """Return actors in which those of a workbook have the cells that other sources give them.

    Parameters
    ----------
    actors : GeoDataFrame
        Complete actors, stored and of the workbook, EPSG:4326.
    ids : set of str
        Actors of the workbook; an id that stands twice is left to the check of the tables.
    stored, records : GeoDataFrame
        As for :func:`lay`.
    """
    other = stored[~is_by_hand(stored["source_id"])]["actor_id"]
    concerned = actors["actor_id"].isin(ids) & ~actors["actor_id"].duplicated(keep=False)
    concerned &= actors["actor_id"].isin({*other, *records["actor_id"]})
    if not concerned.any():
        return Laid(actors, gpd.GeoDataFrame(records.iloc[:0]))
    laid = lay(gpd.GeoDataFrame(actors[concerned]), stored=stored, records=records)
    return Laid(joined(gpd.GeoDataFrame(actors[~concerned]), laid.actors), laid.records)


def made_of(rows: gpd.GeoDataFrame, *, after: pd.DataFrame) -> Laid:
    """Return the actors that records make; of two records of one key the last counts.

    Whom one of them hides, an earlier edition too, has no name or place in any.

    Parameters
    ----------
    rows : GeoDataFrame
        Every record of the actors concerned, the first to come first.
    after : DataFrame
        All stored records: new ones get the places that follow.
    """
    rows = _hidden(rows)
    first = rows.drop_duplicates(list(KEY), keep="first")
    places = first.set_index(list(KEY))[PLACE] if PLACE in first else None
    last = rows.drop_duplicates(list(KEY), keep="last").copy()
    order = pd.MultiIndex.from_frame(first[list(KEY)])
    last = last.set_index(list(KEY)).loc[order].reset_index()
    last[PLACE] = _placed(places.to_numpy() if places is not None else None, last, after=after)
    several = last["actor_id"].map(last["actor_id"].value_counts()) > 1
    was_kept = pd.MultiIndex.from_frame(last[list(KEY)]).isin(
        pd.MultiIndex.from_frame(after[list(KEY)])
    )
    kept = gpd.GeoDataFrame(last[several | was_kept])
    ordered = _in_order(last, trust=_trust(pd.concat([after[["source_id", PLACE]], kept])))
    merged, _ = merging.merge_groups(_ready(ordered), ordered["actor_id"])
    single = ~merged["actor_id"].isin(kept["actor_id"])
    actors = merged.drop(columns=[*_OWN, "record_ids"])
    actors[SOURCE_IDS] = actors[SOURCE_IDS].mask(single, actors["source_id"])
    return Laid(_shaped(actors), _shaped(kept))


def conflicts(records: pd.DataFrame) -> pd.DataFrame:
    """Return the values in which the records of an actor differ, the one that is kept first.

    Parameters
    ----------
    records : DataFrame
        Stored records.

    Returns
    -------
    DataFrame, columns :data:`toolkit.linkage.merging.CONFLICT_COLUMNS`
    """
    ordered = _in_order(records, trust=_trust(records))
    _, differing = merging.merge_groups(_ready(ordered), ordered["actor_id"])
    return differing[~differing["column"].isin(_OWN)].reset_index(drop=True)


def as_written(stored: pd.DataFrame, records: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return stored actors as people wrote them, where a source has filled cells of theirs."""
    theirs = records[records[SERIES] == SAISIE]
    theirs = theirs[theirs["actor_id"] == theirs[RECORD_ID]].drop(columns=list(_OWN))
    rest = stored[~stored["actor_id"].isin(theirs["actor_id"])]
    return joined(gpd.GeoDataFrame(rest), gpd.GeoDataFrame(theirs))


def joined(*frames: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return records one below the other."""
    filled = [frame for frame in frames if len(frame)] or list(frames[-1:])
    return _shaped(pd.concat(filled, ignore_index=True))


def _shaped(frame: pd.DataFrame) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(frame, geometry=v.GEOMETRY, crs=crs.STORAGE_EPSG)


def _placed(
    places: np.ndarray | None, rows: pd.DataFrame, *, after: pd.DataFrame
) -> pd.Series[Any]:
    """Return the place of each record; new records of one series share the next free one."""
    given = pd.Series(
        places if places is not None else [pd.NA] * len(rows), index=rows.index, dtype="Int64"
    )
    highest = int(after[PLACE].max()) if after[PLACE].notna().any() else 0
    new = rows[SERIES][given.isna()]
    order = {series: highest + 1 + place for place, series in enumerate(dict.fromkeys(new))}
    return given.fillna(rows[SERIES].map(order).astype("Int64"))


def _trust(records: pd.DataFrame) -> list[str]:
    """Return the sources: what people wrote first, then in the order in which they came."""
    first = records.groupby("source_id")[PLACE].min().reset_index()
    first["by_file"] = ~is_by_hand(first["source_id"])
    ordered = first.sort_values(["by_file", PLACE, "source_id"])
    return [str(one) for one in ordered["source_id"]]


def _hidden(rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return records, without name and place in every source those that one source hides.

    What people wrote stays: reports hide it.
    """
    by_file = ~is_by_hand(rows["source_id"])
    given = pd.DataFrame(rows[by_file])
    mask = hiding.is_hidden(given)
    hidden = hiding.hidden_everywhere(given)
    hidden["located_by"] = hidden["located_by"].mask(mask)
    shapes = given[v.GEOMETRY].astype("object").mask(mask, None)
    return _shaped(
        pd.concat([pd.DataFrame(rows[~by_file]), hidden.assign(geometry=shapes)]).sort_index()
    )


def _in_order(records: pd.DataFrame, *, trust: list[str]) -> pd.DataFrame:
    rank = {source: place for place, source in enumerate(trust)}
    keys = pd.DataFrame(
        {
            "source": records["source_id"].map(rank).fillna(len(rank)),
            "place": records[PLACE],
            "id": records[RECORD_ID],
        }
    )
    order = keys.reset_index(drop=True).sort_values(["source", "place", "id"]).index
    return records.iloc[order].reset_index(drop=True)


def _ready(records: pd.DataFrame) -> pd.DataFrame:
    """Return records for merging: own points, streets before towns, ESS if a source says so."""
    made = pd.DataFrame(records)
    bare = made["located_by"] != "address"
    for name in ("latitude", "longitude", "located_by", v.GEOMETRY):
        made[name] = made[name].astype("object").mask(bare, None)
    for name in ("latitude", "longitude"):
        made[name] = made[name].astype("float64")
    is_town = pd.Series(
        [pd.isna(cell) or street_of(str(cell)) == ("", "") for cell in made["address"]],
        index=made.index,
        dtype="bool",
    )
    elsewhere = (~is_town).groupby(made["actor_id"]).transform("any")
    made["address"] = made["address"].mask(is_town & elsewhere)
    by_file = ~is_by_hand(made["source_id"])
    is_ess = (by_file & (made["family"] == "ess")).groupby(made["actor_id"]).transform("any")
    made["family"] = made["family"].mask(by_file & is_ess & (made["family"] == "business"), "ess")
    return made
