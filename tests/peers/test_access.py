"""E2SFCA against PySAL access, and places of more sites against spopt.

Traps of PySAL access that are avoided on purpose, each told by METHODS 4.8:

- it answers only for origins that have a row of travel times: those without are 0 here;
- its index is renamed to "geoid", so answers are put in order by id before they are compared;
- its frames of origins and destinations are not interchangeable (O-D, D-O): one direction is used;
- a supplier whose catchment has nobody gives an infinite ratio there: those are left out of its
  table, and a test shows both answers;
- `step_fn` needs its bands in increasing order, and gives the end of a band to it, as here.

spopt counts everybody within the radius, not only those whom existing sites leave out: existing
sites are given to it as predefined facilities, and what these reach is taken off.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from toolkit.gaps import catchment, siting

access = pytest.importorskip("access")
spopt = pytest.importorskip("spopt")
pulp = pytest.importorskip("pulp")
pytestmark = [
    pytest.mark.peer,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

LIMIT = 30.0


def gaussian(minutes):
    """Return the weight of a time by the formula of Dai (2010), for the peer."""
    edge = np.exp(-0.5)
    return (np.exp(-0.5 * (minutes / LIMIT) ** 2) - edge) / (1 - edge) if minutes < LIMIT else 0.0


def town(seed, *, origins=60, suppliers=40):
    """Return travel times, people and supply; every supplier has people in its first band."""
    draw = np.random.default_rng(seed)
    minutes = draw.uniform(0, 80, (origins, suppliers)).round(2)
    minutes[draw.integers(0, origins, suppliers), np.arange(suppliers)] = 5.0
    minutes[0] = 99.0  # an origin that reaches nothing
    people = draw.integers(1, 3000, origins).astype("float64")
    return minutes, people, draw.integers(1, 9, suppliers).astype("float64")


def of_pysal(minutes, *, people, supply, weight):
    """Return the answer of PySAL access by origin, 0 for origins that it does not answer for."""
    here, there = np.nonzero(minutes <= LIMIT)
    names = [f"s{number:03d}" for number in range(len(supply))]
    costs = pd.DataFrame({
        "origin": here, "dest": np.array(names)[there], "cost": minutes[here, there],
    })  # fmt: skip
    demand = pd.DataFrame({"geoid": np.arange(len(people)), "people": people})
    supplies = pd.DataFrame({"geoid": names, "supply": supply}).set_index("geoid")
    told = access.fca.two_stage_fca(
        demand_df=demand, supply_df=supplies, cost_df=costs, demand_index="geoid",
        demand_name="people", supply_name="supply", cost_origin="origin", cost_dest="dest",
        cost_name="cost", weight_fn=weight,
    )  # fmt: skip
    return told.reindex(range(len(people)), fill_value=0.0).to_numpy()


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("decay", catchment.DECAYS)
def test_the_same_access_as_pysal(seed, decay):
    minutes, people, supply = town(seed)
    weight = (
        gaussian if decay == "gaussian" else access.weights.step_fn({10: 1, 20: 0.68, 30: 0.22})
    )
    expected = of_pysal(minutes, people=people, supply=supply, weight=weight)
    pairs = catchment.pairs_of(minutes, limit_min=LIMIT)
    found = catchment.e2sfca(
        pairs,
        people=people,
        supply=supply,
        weight=catchment.weights(pairs.minutes, limit_min=LIMIT, decay=decay),
    )
    np.testing.assert_allclose(found.accessibility, expected, rtol=1e-9, atol=1e-15)
    assert found.accessibility[0] == 0.0
    assert (found.accessibility > 0).sum() > len(people) / 2


def test_a_catchment_without_people_is_infinite_there_and_zero_here():
    minutes, people, supply = np.array([[5.0, 15.0]]), np.array([0.0]), np.array([2.0, 1.0])
    step = access.weights.step_fn({10: 1, 20: 0.68, 30: 0.22})
    assert not np.isfinite(of_pysal(minutes, people=people, supply=supply, weight=step)).all()
    pairs = catchment.pairs_of(minutes, limit_min=LIMIT)
    weight = catchment.weights(pairs.minutes, limit_min=LIMIT)
    found = catchment.e2sfca(pairs, people=people, supply=supply, weight=weight)
    assert found.accessibility.tolist() == [0.0]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("sites", [1, 2, 3])
def test_the_same_number_of_people_as_spopt(seed, sites):
    draw = np.random.default_rng(seed)
    minutes = draw.uniform(0, 60, (40, 18))
    people = draw.integers(0, 500, 40).astype("float64")
    existing = np.array([4, 11])
    reached = (minutes[:, existing] <= 10.0).any(axis=1)
    predefined = np.zeros(minutes.shape[1])
    predefined[existing] = 1
    model = spopt.locate.MCLP.from_cost_matrix(
        minutes,
        people,
        10.0,
        p_facilities=sites + len(existing),
        predefined_facilities_arr=predefined,
    )
    model = model.solve(pulp.PULP_CBC_CMD(msg=False, gapRel=0))
    optimum = pulp.value(model.problem.objective) - people[reached].sum()
    pairs = catchment.pairs_of(minutes, limit_min=10.0)
    best = siting.best_sites(pairs, people=np.where(reached, 0.0, people), most=sites)
    assert best[-1].people == pytest.approx(optimum, abs=1e-6)
    assert len(best[-1].places) == sites
