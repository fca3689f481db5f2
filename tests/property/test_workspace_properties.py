"""Whatever text and numbers officers write, the database gives them back; order never matters."""

from __future__ import annotations

import datetime as dt
import itertools
import shutil
import string

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from toolkit.workspace import Workspace, geopackage
from toolkit.workspace.identity import Identity, read, render

QUICK = settings(
    max_examples=6,  # each makes and fills a territory
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
# A cell is any text but for control characters, which the model refuses.
CELLS = st.text(
    st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"),
    min_size=1,
    max_size=40,
)
TEXTS = CELLS.filter(lambda cell: cell.strip() == cell)
ROWS = st.lists(
    st.tuples(
        TEXTS,
        st.sampled_from(["ess", "business", "public", "research", "civil"]),
        st.sampled_from(["99001", "99002"]),
        st.one_of(st.none(), st.floats(0, 1e6)),
        st.one_of(st.none(), TEXTS),
    ),
    min_size=1,
    max_size=6,
)
_NUMBERS = itertools.count()


def noon():
    return dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def empty_folder(tmp_path_factory):
    """Return the folder of a territory without actors."""
    folder = tmp_path_factory.mktemp("properties") / "val"
    squares = [
        box(600_000 + 10_000 * i, 6_600_000, 610_000 + 10_000 * i, 6_610_000) for i in range(2)
    ]
    columns = {"commune_id": ["99001", "99002"], "name": ["A", "B"], "cog_year": [2026, 2026]}
    Workspace.create(
        folder, name="V", communes=gpd.GeoDataFrame(columns, geometry=squares, crs=2154), now=noon
    )
    return folder


def fresh(folder):
    return Workspace(shutil.copytree(folder, folder.with_name(f"copy{next(_NUMBERS)}")), now=noon)


def actors_of(rows):
    columns = ["name", "family", "commune_id", "jobs", "Mon avis"]
    frame = pd.DataFrame(rows, columns=columns).astype({"jobs": "float64", "Mon avis": "str"})
    return frame.assign(actor_id=[f"A{i:02}" for i in range(len(rows))])


@QUICK
@given(rows=ROWS)
def test_what_was_written_is_read(empty_folder, rows):
    workspace = fresh(empty_folder)
    actors = actors_of(rows)
    workspace.write({"actors": actors}, what="essai")
    found = workspace.tables()["actors"]
    for name in ("actor_id", "name", "family", "commune_id", "jobs"):
        pd.testing.assert_series_equal(pd.Series(found[name]), actors[name], check_names=False)
    if actors["Mon avis"].notna().any():
        assert found["Mon avis"].fillna("").tolist() == actors["Mon avis"].fillna("").tolist()


@QUICK
@given(rows=ROWS, order=st.randoms(use_true_random=False))
def test_order_of_rows_changes_nothing_and_twice_is_once(empty_folder, rows, order):
    straight, shuffled = fresh(empty_folder), fresh(empty_folder)
    actors = actors_of(rows)
    straight.write({"actors": actors}, what="essai", who="Ana")
    places = list(range(len(actors)))
    order.shuffle(places)
    shuffled.write({"actors": actors.iloc[places]}, what="essai", who="Ana")
    assert straight.database.read_bytes() == shuffled.database.read_bytes()
    straight.write({"actors": actors.iloc[places]}, what="essai", who="Bob")
    assert straight.database.read_bytes() == shuffled.database.read_bytes()


@QUICK
@given(
    ring=st.lists(
        st.tuples(st.floats(-180, 180), st.floats(-85, 85)), min_size=2, max_size=6, unique=True
    ),
    kind=st.sampled_from(["MULTIPOINT", "LINESTRING"]),
)
def test_geometries_come_back_exactly(ring, kind):
    import shapely

    shape = shapely.MultiPoint(ring) if kind == "MULTIPOINT" else shapely.LineString(ring)
    assert shapely.equals_identical(geopackage.decode(geopackage.encode([shape, None]))[0], shape)


@QUICK
@given(name=st.text(st.characters(exclude_categories=("Cs",)), min_size=1).filter(str.strip))
def test_any_name_of_a_territory_comes_back(tmp_path_factory, name):
    path = tmp_path_factory.mktemp("toml") / "territoire.toml"
    path.write_text(render(Identity(name)), encoding="utf-8", newline="\n")
    assert read(path).name == name


@QUICK
@given(cell=st.text(string.printable, max_size=20))
def test_any_id_of_a_candidate_can_be_decided_on(empty_folder, cell):
    workspace = fresh(empty_folder)
    if cell.strip() and all(mark.isprintable() for mark in cell):
        workspace.decide(cell, decision="accepted")
        assert workspace.tables()["decisions"]["candidate_id"].tolist() == [cell]
