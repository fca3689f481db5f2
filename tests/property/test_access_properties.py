"""What must hold for access to services whatever the distances, people and services."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import tiny_tables
from toolkit import vocabulary as v
from toolkit.background import Background
from toolkit.gaps import access, catchment, siting, table
from toolkit.settings import Settings
from toolkit.territory import Territory, complete

LIMIT = 30.0
many = settings(max_examples=150, deadline=None)
few = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
decays = st.sampled_from(catchment.DECAYS)


@st.composite
def towns(draw):
    """Draw travel times (some of them unknown), people and supply."""
    size = draw(st.tuples(st.integers(1, 8), st.integers(1, 6)))
    times = st.one_of(st.floats(0, 60), st.sampled_from([0.0, 10.0, 20.0, 30.0, np.inf, np.nan]))
    minutes = draw(st.lists(times, min_size=size[0] * size[1], max_size=size[0] * size[1]))
    people = draw(st.lists(st.integers(0, 3000), min_size=size[0], max_size=size[0]))
    supply = draw(st.lists(st.floats(0, 50), min_size=size[1], max_size=size[1]))
    return np.array(minutes).reshape(size), np.array(people, dtype="float64"), np.array(supply)


def shared(minutes, *, people, supply, decay):
    pairs = catchment.pairs_of(minutes, limit_min=LIMIT)
    weight = catchment.weights(pairs.minutes, limit_min=LIMIT, decay=decay)
    return catchment.e2sfca(pairs, people=people, supply=supply, weight=weight)


def plain(minutes, *, people, supply, decay):
    """Return the E2SFCA by loops over the published formula, and the demand of each supplier."""

    def weight(time):
        if not time <= LIMIT:
            return 0.0
        if decay == "bands":
            return 1.0 if time <= 10 else 0.68 if time <= 20 else 0.22
        return (math.exp(-((time / LIMIT) ** 2) / 2) - math.exp(-0.5)) / (1 - math.exp(-0.5))

    origins, suppliers = minutes.shape
    demand = [
        math.fsum(people[i] * weight(minutes[i, j]) for i in range(origins))
        for j in range(suppliers)
    ]
    ratio = [supply[j] / demand[j] if demand[j] > 0 else 0.0 for j in range(suppliers)]
    return [
        math.fsum(ratio[j] * weight(minutes[i, j]) for j in range(suppliers))
        for i in range(origins)
    ], demand


@given(towns(), decays)
@many
def test_the_sparse_product_is_the_published_formula(town, decay):
    minutes, people, supply = town
    result = shared(minutes, people=people, supply=supply, decay=decay)
    expected, demand = plain(minutes, people=people, supply=supply, decay=decay)
    # Within a hair of the edge the Gaussian is a difference of equals: only its product is sure.
    sure = np.array([value == 0 or value > 1e-6 for value in demand])
    if sure.all():
        np.testing.assert_allclose(result.accessibility, expected, rtol=1e-9, atol=1e-12)
    assert np.isfinite(result.ratio).all()
    assert np.isfinite(result.accessibility).all()


@given(towns(), decays)
@many
def test_supply_that_anyone_can_reach_is_conserved(town, decay):
    minutes, people, supply = town
    result = shared(minutes, people=people, supply=supply, decay=decay)
    pairs = catchment.pairs_of(minutes, limit_min=LIMIT)
    weight = catchment.weights(pairs.minutes, limit_min=LIMIT, decay=decay)
    demand = pairs.matrix(weight).T @ people
    assert people @ result.accessibility == pytest.approx(
        math.fsum(supply[demand > 0]), rel=1e-9, abs=1e-9
    )


@given(towns(), decays)
@many
def test_a_supplier_more_never_lowers_any_access(town, decay):
    minutes, people, supply = town
    fewer = shared(minutes[:, 1:], people=people, supply=supply[1:], decay=decay)
    whole = shared(minutes, people=people, supply=supply, decay=decay)
    assert (whole.accessibility >= fewer.accessibility * (1 - 1e-12)).all()


@given(towns(), decays, st.data())
@many
def test_more_people_never_raise_any_access(town, decay, data):
    minutes, people, supply = town
    place = data.draw(st.integers(0, len(people) - 1))
    before = shared(minutes, people=people, supply=supply, decay=decay)
    # Where nobody counted for a supplier before, the first who do open it: that is no crowding.
    served = before.ratio > 0
    more = people.copy()
    more[place] += data.draw(st.integers(1, 5000))
    after = shared(minutes[:, served], people=more, supply=supply[served], decay=decay)
    assert (after.accessibility <= before.accessibility * (1 + 1e-12)).all()


@given(towns(), decays, st.sampled_from([0.125, 3.0, 1000.0]))
@many
def test_scaling_supply_scales_access(town, decay, factor):
    minutes, people, supply = town
    once = shared(minutes, people=people, supply=supply, decay=decay)
    more = shared(minutes, people=people, supply=supply * factor, decay=decay)
    # The tiniest floats have no digits left to keep a relative error small.
    np.testing.assert_allclose(
        more.accessibility, once.accessibility * factor, rtol=1e-12, atol=1e-300
    )


@given(towns())
@few
def test_more_sites_reach_more_people_but_never_more_each(town):
    minutes, people, _ = town
    pairs = catchment.pairs_of(minutes, limit_min=LIMIT)
    best = siting.best_sites(pairs, people=people, most=4)
    reached = [0.0, *(one.people for one in best)]
    steps = np.diff(reached)
    assert (steps > 0).all()
    assert reached[-1] <= people[pairs.reaches].sum() + 1e-6
    for one in best:
        within = (minutes[:, one.places] <= LIMIT).any(axis=1)
        assert one.people == pytest.approx(people[within].sum(), abs=1e-4)
    if len(best) > 1:  # no site of two helps more than the best alone
        assert steps[1] <= steps[0] + 1e-6


NURSE = "services.health.nurse"
PLACES = ("99001", "99002", "99003")
ACTORS = ("A1", "A2", "A3", "A6")


@st.composite
def grounds(draw):
    """Draw services, travel times with holes and population cells, as rows."""
    services = [
        {"resource_id": f"R{number}", "actor_id": actor, "category": NURSE}
        for number, actor in enumerate(draw(st.lists(st.sampled_from(ACTORS), max_size=4)))
    ]
    cells = [
        (f"c{number}", place, float(people), 2.0 + 0.03 * number, 46.5)
        for number, (place, people) in enumerate(
            draw(st.lists(st.tuples(st.sampled_from(PLACES), st.integers(0, 50)), max_size=6))
        )
    ]
    starts = st.sampled_from((*PLACES, *(cell[0] for cell in cells)))
    ways = draw(
        st.dictionaries(
            st.tuples(starts, st.sampled_from((*PLACES, *ACTORS))), st.floats(0, 40), max_size=12
        )
    )
    population = draw(st.tuples(*[st.one_of(st.none(), st.integers(0, 900)) for _ in PLACES]))
    return services, cells, [(*pair, minutes) for pair, minutes in ways.items()], population


@given(grounds(), st.integers(0, 1000))
@few
def test_every_answer_is_defined_and_the_order_of_rows_changes_none(ground, order):
    services, cells, ways, population = ground
    drawn = tiny_tables()
    drawn["communes"]["population"] = pd.array(population, dtype="Float64").to_numpy(
        dtype="float64", na_value=np.nan
    )
    if services:
        drawn["resources"] = pd.DataFrame(services)
    extra = {
        "travel": pd.DataFrame(ways, columns=list(v.TRAVEL_COLUMNS)),
        "cells": pd.DataFrame(cells, columns=list(v.CELL_COLUMNS)),
    }
    made = []
    for seed in (None, order):
        turned = [
            {name: frame.sample(frac=1, random_state=seed) if seed is not None else frame
             for name, frame in frames.items()}
            for frames in (drawn, extra)
        ]  # fmt: skip
        territory = Territory(name="x", tables=complete(turned[0]))
        result = access.find(territory, settings=Settings(), background=Background(**turned[1]))
        made.append((result.detail, *result.more.values(), *table.frames(result.gaps)))
    for one, other in zip(*made, strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)
    detail, coverage, sites, gaps, _ = made[0]
    assert np.isfinite(detail[["accessibility", "ratio"]].to_numpy()).all()
    assert not detail["minutes"].isna().any()
    assert coverage["share"].between(0, 1).all()
    assert coverage.groupby("category")["people"].is_monotonic_increasing.all()
    assert (sites["people_reached_more"] > 0).all()
    lacking = dict(zip(gaps["gap_id"], gaps["shortfall"], strict=True))
    for row in sites.itertuples():
        assert row.people_reached_more <= lacking[f"service_access:{row.category}"] + 1e-6
