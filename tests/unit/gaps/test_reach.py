"""Where people live and how long they travel: population cells and given travel times."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from toolkit import crs
from toolkit import vocabulary as v
from toolkit.background import Background
from toolkit.errors import DataError
from toolkit.gaps import access, reach, table
from toolkit.language import error_text
from toolkit.settings import Settings

NURSE = "services.health.nurse"  # 10 minutes
WAYS = [
    ("99001", "A1", 0.0),
    ("99002", "A1", 10.0),
    ("99003", "A1", 10.5),
    ("99003", "99002", 4.0),
]


def nurse(resource_id, actor_id):
    return {"resource_id": resource_id, "actor_id": actor_id, "category": NURSE}


def travel(rows):
    return pd.DataFrame(rows, columns=list(v.TRAVEL_COLUMNS))


def cells(rows):
    """Return population cells placed in metres of EPSG:2154, as the tiny territory is drawn."""
    frame = pd.DataFrame(rows, columns=["cell_id", "commune_id", "people", "x_m", "y_m"])
    spots = gpd.GeoSeries(gpd.points_from_xy(frame["x_m"], frame["y_m"], crs=2154))
    degrees = spots.to_crs(crs.STORAGE_EPSG)
    return frame.assign(longitude=degrees.x, latitude=degrees.y)[list(v.CELL_COLUMNS)]


def found(territory, **parts):
    background = Background(**parts)
    result = access.find(territory, settings=Settings(), background=background)
    gaps, evidence = table.frames(result.gaps)
    return gaps.set_index("gap_id"), evidence, result


# --- travel times -----------------------------------------------------------------------------
def test_given_times_replace_straight_lines(with_rows):
    territory = with_rows(resources=[nurse("R1", "A1")])
    gaps, _, result = found(territory, travel=travel(WAYS))
    assert result.detail["minutes"].tolist() == [0.0, 10.0, 10.5]
    assert gaps.loc[f"service_access:{NURSE}", "shortfall"] == 500.0


def test_a_pair_without_a_row_is_out_of_reach(with_rows):
    territory = with_rows(resources=[nurse("R1", "A1"), nurse("R2", "A2")])
    holes = travel([("99001", "A1", 3.0), ("99003", "A2", 2.0)])
    gaps, _, result = found(territory, travel=holes)
    assert result.detail["minutes"].tolist() == [3.0, np.inf, 2.0]
    assert gaps.loc[f"service_access:{NURSE}", "shortfall"] == 3000.0
    assert np.isfinite(result.detail["accessibility"]).all()
    assert np.isfinite(gaps[["expected", "observed", "severity"]].to_numpy(dtype=float)).all()


def test_a_site_is_its_actor_where_named_else_its_commune(with_rows):
    # A2 stands in 99001, and only the commune is named: so the times are those of the commune.
    territory = with_rows(resources=[nurse("R1", "A2")])
    rows = [("99002", "99001", 7.0), ("99003", "A1", 1.0)]
    assert found(territory, travel=travel(rows))[2].detail["minutes"].tolist() == [0, 7, np.inf]
    # Named once, the actor has its own times only: 99001 itself and 99002 have none to it.
    named = [*rows, ("99003", "A2", 9.0)]
    detail = found(territory, travel=travel(named))[2].detail
    assert detail["minutes"].tolist() == [np.inf, np.inf, 9.0]


def test_a_commune_reaches_itself_unless_the_table_says_how_long(with_rows):
    territory = with_rows(resources=[nurse("R1", "A3")])
    apart = travel([("99001", "99003", 1.0)])
    assert found(territory, travel=apart)[2].detail["minutes"].tolist() == [np.inf, 0.0, np.inf]
    slow = travel([("99002", "99002", 6.0)])
    assert found(territory, travel=slow)[2].detail["minutes"].tolist() == [np.inf, 6.0, np.inf]


def test_nobody_reaches_anything(with_rows):
    territory = with_rows(resources=[nurse("R1", "A1")])
    gaps, _, result = found(territory, travel=travel([("99001", "A1", 99.0)]))
    assert gaps.loc[f"service_access:{NURSE}", "shortfall"] == 4500.0
    assert gaps.loc[f"service_access:{NURSE}", "severity"] == 1.0
    assert result.detail["ratio"].tolist() == [0.0, 0.0, 0.0]
    assert result.more["coverage"]["people"].tolist() == [0.0] * 4
    # One more site in a commune serves that commune: no other way is known.
    assert result.more["sites"]["commune_ids"].tolist() == ["99002", "99001|99002",
                                                            "99001|99002|99003"]  # fmt: skip


def test_the_order_of_rows_changes_nothing(with_rows):
    territory = with_rows(resources=[nurse("R1", "A1"), nurse("R2", "A5")])
    plain = found(territory, travel=travel(WAYS))[2]
    turned = found(territory, travel=travel(WAYS[::-1]))[2]
    pd.testing.assert_frame_equal(plain.detail, turned.detail, check_exact=True)
    for name in plain.more:
        pd.testing.assert_frame_equal(plain.more[name], turned.more[name], check_exact=True)


def test_all_faults_of_travel_times_are_told_in_words(with_rows):
    territory = with_rows(resources=[nurse("R1", "A1")])
    rows = [
        ("75056", "A1", 1.0), ("75056", "A2", 1.0), ("99001", "Z9", 1.0), ("99001", "A1", -1.0),
        ("99002", "A1", float("nan")), ("99003", "A1", float("inf")), ("99002", "A2", 1.0),
        ("99002", "A2", 1.0),
    ]  # fmt: skip
    with pytest.raises(DataError) as caught:
        found(territory, travel=travel(rows))
    assert [problem.code for problem in caught.value.problem_list] == [
        "travel_from", "travel_to", "travel_minutes", "travel_minutes", "travel_minutes",
        "travel_twice",
    ]  # fmt: skip
    for lang in ("fr", "en"):
        said = error_text(caught.value, lang=lang)
        assert len(said) == 6
        assert "75056" in said[0]
        assert "99002 → A2" in said[5]


# --- population cells -------------------------------------------------------------------------
# 99002 is the square from x 610,000 to 620,000: most of its people live in its far east.
EAST = [("c1", "99002", 30.0, 611_000, 6_605_000), ("c2", "99002", 90.0, 619_000, 6_605_000)]


def test_cells_replace_the_point_of_their_commune_only(with_rows):
    # A1 stands at the middle of 99001, x 605,000: 9.36 minutes to c1, 21.84 to c2.
    territory = with_rows(resources=[nurse("R1", "A1")])
    gaps, evidence, result = found(territory, cells=cells(EAST))
    gap = gaps.loc[f"service_access:{NURSE}"]
    # A quarter of the 3,000 people lives within reach; the 500 of 99003 do not.
    assert (gap["expected"], gap["shortfall"]) == (4500.0, 2750.0)
    white = evidence[evidence["role"] == "commune"]
    assert white[["row_id", "quantity"]].to_numpy().tolist() == [["99002", 2250], ["99003", 500]]
    detail = result.detail.set_index("commune_id")
    assert detail["people"].tolist() == [1000.0, 3000.0, 500.0]
    # Half of its people need the time of the east.
    assert detail["minutes"].tolist() == pytest.approx([0.0, 21.84, 31.2], abs=0.05)
    # One service, 1,000 people at no distance and 750 in the last band.
    ratio = 1 / (1000 + 0.22 * 750)
    assert detail["accessibility"].tolist() == pytest.approx([ratio, 0.25 * 0.22 * ratio, 0.0])
    conserved = (detail["accessibility"] * detail["people"]).sum()
    assert conserved == pytest.approx(1.0, abs=1e-12)


def test_coverage_and_sites_count_the_people_of_cells(with_rows):
    territory = with_rows(resources=[nurse("R1", "A1")])
    more = found(territory, cells=cells(EAST))[2].more
    coverage = more["coverage"].set_index("minutes")["people"]
    assert coverage.to_dict() == {5.0: 1000.0, 10.0: 1750.0, 20.0: 1750.0, 30.0: 4000.0}
    # From the middle of 99003, x 625,000, the far cell of 99002 is 9.36 minutes away.
    assert more["sites"][["commune_ids", "people_reached_more"]].to_numpy().tolist() == [
        ["99003", 2750.0]
    ]


def test_cells_follow_the_population_of_their_commune(with_rows, tiny_territory):
    communes = tiny_territory.communes.assign(population=[np.nan, 3000.0, 0.0])
    drawn = cells([
        ("a", "99001", 40.0, 605_000, 6_605_000),
        ("b", "99001", 0.0, 606_000, 6_605_000),
        ("c", "99002", 0.0, 619_000, 6_605_000),
        ("d", "99003", 7.0, 625_000, 6_605_000),
    ])  # fmt: skip
    territory = with_rows(resources=[nurse("R1", "A1")]).replace(communes=communes)
    detail = found(territory, cells=drawn)[2].detail
    # Unknown: as the cells say.  Cells without people, or of an empty commune: its own point.
    assert detail["people"].tolist() == [40.0, 3000.0, 0.0]
    assert detail["minutes"].tolist() == pytest.approx([0.0, 15.6, 31.2], abs=0.05)


def test_cells_have_their_own_times_else_those_of_their_commune(with_rows):
    territory = with_rows(resources=[nurse("R1", "A1")])
    ways = travel([("c1", "A1", 4.0), ("99002", "A1", 8.0), ("99001", "A1", 1.0)])
    result = found(territory, cells=cells(EAST), travel=ways)[2]
    coverage = result.more["coverage"].set_index("minutes")["people"]
    assert coverage.loc[[5.0, 10.0]].tolist() == [1000 + 750.0, 1000 + 3000.0]
    assert result.detail["minutes"].tolist() == [1.0, 8.0, np.inf]


def test_the_order_of_cells_changes_nothing(with_rows):
    territory = with_rows(resources=[nurse("R1", "A1"), nurse("R2", "A6")])
    plain = found(territory, cells=cells(EAST))[2]
    turned = found(territory, cells=cells(EAST)[::-1])[2]
    pd.testing.assert_frame_equal(plain.detail, turned.detail, check_exact=True)


def test_all_faults_of_cells_are_told_in_words(with_rows):
    territory = with_rows(resources=[nurse("R1", "A1")])
    wrong = cells([
        ("a", "99001", 4.0, 605_000, 6_605_000),
        ("a", "99001", 4.0, 606_000, 6_605_000),
        ("99002", "99002", 4.0, 606_000, 6_605_000),
        ("b", "75056", 4.0, 606_000, 6_605_000),
        ("d", "99001", -4.0, 606_000, 6_605_000),
        ("e", "99001", np.nan, 606_000, 6_605_000),
        ("f", "99001", 1.0, 606_000, 6_605_000),
    ])  # fmt: skip
    wrong.loc[6, "latitude"] = np.nan
    with pytest.raises(DataError) as caught:
        found(territory, cells=wrong)
    assert [problem.code for problem in caught.value.problem_list] == [
        "cell_twice", "cell_is_commune", "cell_commune", "cell_people", "cell_people", "cell_place",
    ]  # fmt: skip
    assert all(error_text(caught.value, lang="fr"))


def test_one_commune_alone(tiny_territory):
    only = tiny_territory.communes.iloc[:1].assign(population=[0.0])
    actors = tiny_territory.actors.iloc[:1]
    resources = pd.DataFrame([nurse("R1", "A1")])
    territory = tiny_territory.replace(communes=only, actors=actors, resources=resources)
    gaps, _, result = found(territory)
    assert gaps.empty
    assert result.detail[["minutes", "accessibility", "ratio"]].to_numpy().tolist() == [[0, 0, 0]]
    assert result.more["coverage"]["share"].tolist() == [0.0] * 4


def test_origins_stand_by_commune_then_id():
    communes = pd.DataFrame({
        "commune_id": ["99001", "99002"], "population": [10.0, 120.0],
        "x_m": [0.0, 1.0], "y_m": [0.0, 1.0],
    })  # fmt: skip
    made = reach.origins(communes, cells=cells(EAST[::-1]), zone=crs.METROPOLE)
    assert made["origin_id"].tolist() == ["99001", "c1", "c2"]
    assert made["people"].tolist() == [10.0, 30.0, 90.0]
    assert made["x_m"].tolist() == pytest.approx([0.0, 611_000, 619_000], abs=0.01)
