"""Zones and projections."""

from __future__ import annotations

import geopandas as gpd
import pyproj
import pytest
from shapely.geometry import Point

from toolkit import crs
from toolkit.errors import CrsError

ZONES = [crs.METROPOLE, *crs.OVERSEAS.values()]


@pytest.mark.parametrize("zone", ZONES, ids=lambda zone: zone.name)
def test_every_zone_has_a_metric_projection_that_covers_a_part_of_its_box(zone):
    projection = pyproj.CRS.from_epsg(zone.epsg)
    assert projection.is_projected
    assert {axis.unit_name for axis in projection.axis_info} == {"metre"}
    area = projection.area_of_use
    assert area.west < zone.east
    assert area.east > zone.west
    assert area.south < zone.north
    assert area.north > zone.south


@pytest.mark.parametrize(
    "codes, name",
    [
        (["12145", "2A004"], "métropole"),
        (["97209", "97213"], "Martinique"),
        (["97411"], "La Réunion"),
        (["98818"], "Nouvelle-Calédonie"),
        ([], "métropole"),
    ],
)
def test_the_codes_of_communes_tell_the_zone(codes, name):
    assert crs.zone_of(codes).name == name


@pytest.mark.parametrize(
    "codes, code",
    [
        (["12145", "97209"], "several_zones"),
        (["97209", "97411"], "several_zones"),
        (["98401"], "zone_unknown"),
    ],
)
def test_no_projection_is_invented(codes, code):
    with pytest.raises(CrsError) as caught:
        crs.zone_of(codes)
    assert caught.value.code == code


def test_a_box_holds_its_points():
    assert crs.METROPOLE.holds(3.08, 44.1)
    assert not crs.METROPOLE.holds(-61.0, 14.6)


def test_frames_are_brought_to_storage_and_to_metres():
    frame = gpd.GeoDataFrame(geometry=[Point(700_000, 6_600_000)], crs=2154)
    stored = crs.to_storage(frame)
    assert stored.geometry.iloc[0].distance(Point(3.0, 46.5)) < 1e-6
    assert (
        crs.to_metric(stored, crs.METROPOLE).geometry.iloc[0].distance(Point(700_000, 6_600_000))
        < 1e-3
    )


def test_a_frame_without_crs_or_in_degrees_is_refused_where_metres_are_needed():
    bare = gpd.GeoDataFrame(geometry=[Point(0, 0)])
    degrees = gpd.GeoDataFrame(geometry=[Point(0, 0)], crs=4326)
    for refuse in (
        lambda: crs.to_storage(bare, where="couche"),
        lambda: crs.to_metric(bare, crs.METROPOLE),
    ):
        with pytest.raises(CrsError) as caught:
            refuse()
        assert caught.value.code == "crs_missing"
    with pytest.raises(CrsError) as caught:
        crs.check_metric(degrees, where="couche")
    assert caught.value.code == "crs_geographic"
    crs.check_metric(degrees.to_crs(2154), where="couche")
