"""Layers of polygons from files, read without letting GDAL open anything else.

GDAL opens by content: a file that ends in ``.geojson`` and holds an OGR VRT makes it read other
files and addresses.  So: existing regular files only, known endings, the first bytes that the
ending promises, and GeoJSON without GDAL at all.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pyogrio
import shapely

from toolkit import crs
from toolkit.errors import DataError, Problem
from toolkit.sources.reading import check_file

ENDINGS: Final = (".geojson", ".json", ".gpkg", ".shp")
_FIRST_BYTES: Final = MappingProxyType(
    {".gpkg": b"SQLite format 3\x00", ".shp": b"\x00\x00\x27\x0a"}
)
_GPKG_NAME: Final = slice(68, 72)
_GPKG_NAMES: Final = (b"GPKG", b"GP10", b"GP11")
_VRT: Final = b"<ogrvrtdatasource"
_HEAD: Final = 4096
_FARTHEST_DEGREES: Final = 180.0


def read_polygons(path: Path, *, is_wanted: Callable[[list[str]], bool]) -> gpd.GeoDataFrame:
    """Return the features of a file with all their properties.

    Parameters
    ----------
    path : Path
        GeoJSON, GeoPackage or shapefile.
    is_wanted : callable
        Says from the names of its columns whether a layer of a GeoPackage is the one.

    Returns
    -------
    GeoDataFrame
        In the CRS that the file names; GeoJSON that names none is in EPSG:4326, as its standard
        says.

    Raises
    ------
    DataError
        If the file is not what its ending says, or holds no single layer of polygons.
    CrsError
        If the CRS is missing, or degrees are expected and the numbers are none.
    """
    return _read(path, lambda: _read_layer(path, is_wanted=is_wanted))


def read_features(path: Path, *, layer: str = "") -> gpd.GeoDataFrame:
    """Return the features of a file whatever their geometry, with all their properties.

    Parameters
    ----------
    path : Path
        GeoJSON, GeoPackage or shapefile.
    layer : str, default ""
        Layer of a GeoPackage; may be left out where there is one only.

    Returns
    -------
    GeoDataFrame
        In the CRS that the file names, as in :func:`read_polygons`.

    Raises
    ------
    DataError
        If the file is not what its ending says, or does not hold the layer.
    CrsError
        If the CRS is missing, or degrees are expected and the numbers are none.
    """
    return _read(path, lambda: _read_named_layer(path, layer=layer))


def _read(path: Path, layer_reader: Callable[[], gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Return the features of a file that is what its ending says."""
    check_file(path, endings=ENDINGS)
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    if _VRT in head.lower():
        raise DataError(Problem("sources_vrt", where=path.name))
    ending = path.suffix.lower()
    if ending in _FIRST_BYTES:
        named = ending != ".gpkg" or head[_GPKG_NAME] in _GPKG_NAMES
        if not (head.startswith(_FIRST_BYTES[ending]) and named):
            raise DataError(Problem("sources_first_bytes", where=path.name, found=ending))
        with warnings.catch_warnings():
            # GDAL warns of details of the file; what matters is checked here or by the caller.
            warnings.simplefilter("ignore", RuntimeWarning)
            frame = layer_reader()
    else:
        frame = _read_geojson(path)
    crs.check_crs(frame, where=path.name)
    if not np.isfinite(shapely.get_coordinates(frame.geometry.to_numpy())).all():
        raise DataError(Problem("sources_damaged", where=path.name, found=ending))
    return frame


def _read_layer(path: Path, *, is_wanted: Callable[[list[str]], bool]) -> gpd.GeoDataFrame:
    """Return the only wanted layer of polygons of a GeoPackage or shapefile."""
    try:
        layers = [
            str(name) for name, kind in pyogrio.list_layers(path) if kind and "Polygon" in str(kind)
        ]
        fields = {name: list(pyogrio.read_info(path, layer=name)["fields"]) for name in layers}
        wanted = [name for name in layers if is_wanted(fields[name])] or layers
        if len(wanted) != 1:
            shown = ", ".join(wanted)
            raise DataError(Problem("sources_layers", where=path.name, found=shown))
        return gpd.read_file(path, layer=wanted[0])
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as err:
        kind = path.suffix.lower()
        raise DataError(Problem("sources_damaged", where=path.name, found=kind)) from err


def _read_named_layer(path: Path, *, layer: str) -> gpd.GeoDataFrame:
    """Return the layer of that name, or the only one."""
    try:
        names = [str(name) for name, kind in pyogrio.list_layers(path) if kind]
        if layer not in names and (layer or len(names) != 1):
            params = {"choices": ", ".join(names)}
            raise DataError(
                Problem("sources_layer_choice", where=path.name, found=layer, params=params)
            )
        return gpd.read_file(path, layer=layer or names[0])
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as err:
        kind = path.suffix.lower()
        raise DataError(Problem("sources_damaged", where=path.name, found=kind)) from err


def _read_geojson(path: Path) -> gpd.GeoDataFrame:
    """Return the features of a GeoJSON file, read as plain JSON."""
    try:
        words = path.read_bytes().decode("utf-8-sig")
        content = json.loads(words, parse_constant=lambda _: None)  # NaN is no JSON: nothing
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as err:
        raise DataError(Problem("sources_damaged", where=path.name, found="GeoJSON")) from err
    features = content.get("features") if isinstance(content, Mapping) else None
    if not isinstance(features, list) or not features:
        raise DataError(Problem("sources_no_features", where=path.name))
    epsg = _named_epsg(content, path=path)
    try:
        rows = [
            {
                **(feature.get("properties") or {}),
                "geometry": shapely.geometry.shape(feature["geometry"])
                if feature.get("geometry")
                else None,
            }
            for feature in features
        ]
        frame = gpd.GeoDataFrame(rows, geometry="geometry", crs=epsg)
    except (AttributeError, KeyError, TypeError, ValueError, shapely.errors.ShapelyError) as err:
        raise DataError(Problem("sources_damaged", where=path.name, found="GeoJSON")) from err
    if epsg == crs.STORAGE_EPSG and abs(frame.total_bounds).max() > _FARTHEST_DEGREES:
        raise DataError(Problem("sources_not_degrees", where=path.name))
    return frame


def _named_epsg(content: Mapping[str, Any], *, path: Path) -> int:
    """Return the EPSG code that an older GeoJSON names; degrees where it names none."""
    named = content.get("crs")
    if named is None:
        return crs.STORAGE_EPSG
    told = named.get("properties") if isinstance(named, Mapping) else None
    words = str(told.get("name", "")) if isinstance(told, Mapping) else ""
    if "CRS84" in words:
        return crs.STORAGE_EPSG
    found = re.search(r"EPSG:{1,2}(?:[\d.]*:)?(\d{4,5})$", words)
    if found is None or not crs.is_known(int(found.group(1))):
        raise DataError(Problem("sources_crs_name", where=path.name, found=words or "?"))
    return int(found.group(1))
