"""Access to services: coverage and shared access by hand on the tiny territory."""

from __future__ import annotations

import numpy as np
import pytest

from toolkit.gaps import access, table
from toolkit.settings import Settings

NURSE = "services.health.nurse"  # 10 minutes


def service(resource_id, actor_id, *, category=NURSE, quantity=None, unit=None, **more):
    return {
        "resource_id": resource_id,
        "actor_id": actor_id,
        "category": category,
        "quantity": quantity,
        "unit": unit,
        **more,
    }


def found(territory, **settings):
    result = access.find(territory, settings=Settings(**settings))
    gaps, evidence = table.frames(result.gaps)
    return gaps.set_index("gap_id"), evidence, result.detail


def test_people_out_of_reach(with_rows):
    # 13 km at 50 km/h are 15.6 minutes, beyond the 10 of a nurse.
    territory = with_rows(resources=[service("R1", "A1"), service("R2", "A2", basis="estimated")])
    gaps, evidence, detail = found(territory)
    assert gaps.index.tolist() == [f"service_access:{NURSE}"]
    gap = gaps.iloc[0]
    assert (gap["expected"], gap["observed"], gap["shortfall"]) == (4500.0, 1000.0, 3500.0)
    assert gap["severity"] == pytest.approx(3500 / 4500)
    assert gap["people_affected"] == 3500.0
    assert gap["unit"] == "person"
    # Three facts of four are not estimated; one service of two was met by a survey.
    assert gap["confidence"] == pytest.approx(3 / 4 * (0.4 + 1.0) / 2)
    assert gap["actor_ids"] == "A1|A2"
    white = evidence[evidence["role"] == "commune"]
    assert white[["row_id", "quantity"]].to_numpy().tolist() == [
        ["99002", 3000.0],
        ["99003", 500.0],
    ]
    assert detail.columns.tolist() == list(access.ACCESS_COLUMNS)
    assert detail["minutes"].tolist() == pytest.approx([0.0, 15.6, 31.2], abs=0.05)
    assert detail["accessibility"].tolist() == pytest.approx([2 / 1000, 0.0, 0.0])
    assert detail["ratio"].tolist() == pytest.approx([4.5, 0.0, 0.0])


def test_faster_travel_brings_everyone_in_reach(with_rows):
    territory = with_rows(resources=[service("R1", "A1")])
    gaps, _, detail = found(territory, speed_km_h=130.0, detour_factor=1.0)
    assert detail["minutes"].max() < 10
    assert gaps.empty


def test_a_small_share_out_of_reach_is_no_gap(with_rows):
    territory = with_rows(resources=[service("R1", "A1"), service("R2", "A3")])
    assert found(territory, access_share_max=500 / 4500)[0].empty
    gaps = found(territory, access_share_max=0.1)[0]
    assert gaps.iloc[0]["shortfall"] == 500.0
    assert gaps.iloc[0]["commune_id"] == "99003"


def test_people_who_share_too_little(with_rows):
    territory = with_rows(
        resources=[
            service("R1", "A1", quantity=20, unit="person"),
            service("R2", "A3", quantity=3, unit="person"),
            service("R3", "A6", quantity=10, unit="person"),
        ]
    )
    gaps, evidence, detail = found(territory, access_low_ratio=0.5)
    # 20 nurses for 1000, 3 for 3000, 10 for 500 people; the mean is 33 for 4500.
    assert detail["ratio"].tolist() == pytest.approx([0.02, 0.001, 0.02] / np.float64(33 / 4500))
    assert gaps.index.tolist() == [f"service_access:{NURSE}:shared"]
    assert gaps.iloc[0]["shortfall"] == 3000.0
    assert gaps.iloc[0]["category"] == NURSE
    assert gaps.iloc[0]["commune_id"] == "99002"
    assert evidence[evidence["role"] == "resource"]["unit"].unique().tolist() == ["person"]


def test_sharing_is_not_judged_where_a_capacity_is_unknown(with_rows):
    territory = with_rows(
        resources=[
            service("R1", "A1", quantity=20, unit="person"),
            service("R2", "A3"),
            service("R3", "A6", quantity=90, unit="person"),
        ]
    )
    gaps, _, detail = found(territory)
    assert gaps.empty
    assert detail["accessibility"].tolist() == pytest.approx([1 / 1000, 1 / 3000, 1 / 500])


def test_unknown_and_zero_population(with_rows, tiny_territory):
    communes = tiny_territory.communes.assign(population=[float("nan"), 0.0, 500.0])
    territory = with_rows(resources=[service("R1", "A6")]).replace(communes=communes)
    gaps, _, detail = found(territory)
    assert gaps.empty
    assert detail["people"].isna().tolist() == [True, False, False]
    nobody = with_rows(resources=[service("R1", "A6")]).replace(
        communes=communes.assign(population=0.0)
    )
    gaps, _, detail = found(nobody)
    assert gaps.empty
    assert detail["ratio"].tolist() == [0.0, 0.0, 0.0]


def test_what_is_no_service_or_closed_is_not_looked_at(with_rows):
    territory = with_rows(
        resources=[
            service("R1", "A1", category="materials.wood.offcuts"),
            service("R2", "A1", quantity=0, unit="person"),
        ]
    )
    gaps, _, detail = found(territory)
    assert gaps.empty
    assert detail.empty
    assert detail.columns.tolist() == list(access.ACCESS_COLUMNS)


def test_a_category_above_services_has_the_time_of_the_settings():
    settings = Settings(access_minutes=25)
    assert access.reach_minutes(NURSE, settings=settings) == 10
    assert access.reach_minutes("services.health", settings=settings) == 25
    assert np.isnan(access.reach_minutes("materials.wood", settings=settings))


def test_coverage_tells_usual_times_and_that_of_the_category(with_rows):
    pharmacy = "services.culture_sport.library"  # 15 minutes
    territory = with_rows(resources=[service("R1", "A1"), service("R2", "A1", category=pharmacy)])
    result = access.find(territory, settings=Settings())
    coverage = result.more["coverage"]
    assert coverage.columns.tolist() == list(access.COVERAGE_COLUMNS)
    told = coverage.set_index(["category", "minutes"])
    assert told.loc[pharmacy].index.tolist() == [5.0, 10.0, 15.0, 20.0, 30.0]
    assert told.loc[NURSE].index.tolist() == [5.0, 10.0, 20.0, 30.0]
    assert told.loc[told["is_limit"]].index.tolist() == [(pharmacy, 15.0), (NURSE, 10.0)]
    # 0, 15.6 and 31.2 minutes.
    assert told.loc[NURSE, "people"].tolist() == [1000.0, 1000.0, 4000.0, 4000.0]
    assert told.loc[NURSE, "share"].tolist() == pytest.approx([2 / 9, 2 / 9, 8 / 9, 8 / 9])


def test_one_more_site_where_it_helps_most(with_rows):
    territory = with_rows(resources=[service("R1", "A1")])
    sites = access.find(territory, settings=Settings()).more["sites"]
    assert sites.columns.tolist() == list(access.SITE_COLUMNS)
    assert sites.to_numpy().tolist() == [
        [NURSE, 1.0, "99002", 3000.0],
        [NURSE, 2.0, "99002|99003", 3500.0],
    ]
    one = access.find(territory, settings=Settings(sites_max=1)).more["sites"]
    assert one["sites"].tolist() == [1.0]


def test_no_site_is_placed_where_nothing_is_lacking(with_rows):
    territory = with_rows(resources=[service("R1", "A1"), service("R2", "A3")])
    result = access.find(territory, settings=Settings(access_share_max=0.2))
    assert result.gaps == ()
    assert result.more["sites"].empty
    assert result.more["sites"].columns.tolist() == list(access.SITE_COLUMNS)


def test_a_gaussian_decay_shares_by_distance(with_rows):
    territory = with_rows(
        resources=[service("R1", "A1", quantity=20, unit="person", category="services.health")]
    )
    settings = {"access_minutes": 20.0}
    bands = found(territory, **settings)[2]["accessibility"]
    smooth = found(territory, access_decay="gaussian", **settings)[2]["accessibility"]
    # 15.6 of 20 minutes: 0.22 by bands, by hand (exp(-0.78^2 / 2) - exp(-0.5)) / (1 - exp(-0.5)).
    assert (bands / bands.max()).tolist() == pytest.approx([1.0, 0.22, 0.0])
    assert (smooth / smooth.max()).tolist() == pytest.approx([1.0, 0.3334, 0.0], abs=1e-3)
    for shared in (bands, smooth):
        assert shared @ [1000.0, 3000.0, 500.0] == pytest.approx(20.0)
