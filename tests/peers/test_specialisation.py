"""Quotients, proximity and density against py-ecomplexity, its diagonal of ones accounted for."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("ecomplexity")

from ecomplexity import ecomplexity, proximity
from ecomplexity.calc_density import calc_density
from ecomplexity.calc_proximity import calc_discrete_proximity

from toolkit.gaps import specialisation

pytestmark = pytest.mark.peer
COLUMNS = {"time": "year", "loc": "territory", "prod": "activity", "val": "count"}


def drawn(seed, *, shape=(40, 25)):
    """Return counts in which no territory and no activity is without any."""
    rng = np.random.default_rng(seed)
    counts = rng.poisson(rng.gamma(0.3, 1, shape[1]) * rng.gamma(1.0, 6.0, shape))
    counts[np.arange(shape[1]) % shape[0], np.arange(shape[1])] += 1
    counts[np.arange(shape[0]), np.arange(shape[0]) % shape[1]] += 1
    return counts


def framed(counts):
    rows = pd.DataFrame(counts).melt(ignore_index=False, var_name="activity", value_name="count")
    return rows.rename_axis("territory").reset_index().assign(year=2026)


@pytest.mark.parametrize("seed", range(5))
def test_the_whole_package_gives_the_same(seed):
    counts = drawn(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = ecomplexity(
            framed(counts), COLUMNS, check_logsupermodularity=False, verbose=False
        ).sort_values(["territory", "activity"])
        pairs = proximity(framed(counts), COLUMNS)
    quotients = specialisation.location_quotients(counts)
    present = specialisation.presence(counts)
    phi = specialisation.proximity(present)
    assert quotients.ravel() == pytest.approx(peer["rca"].to_numpy(), abs=1e-9)
    assert present.ravel().tolist() == peer["mcp"].tolist()
    theirs = pairs["proximity"].to_numpy().reshape(phi.shape).copy()
    assert np.diagonal(theirs).tolist() == [1.0] * len(phi)
    np.fill_diagonal(theirs, 0.0)
    assert phi == pytest.approx(theirs, abs=1e-9)
    # Their density holds the activity itself, at weight 1: taken out here.
    whole = phi.sum(axis=1) + 1.0
    density = peer["density"].to_numpy().reshape(present.shape)
    without = (density * whole - present) / np.where(whole > 1.0, whole - 1.0, 1.0)
    assert specialisation.relatedness_density(present, phi) == pytest.approx(without, abs=1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_their_density_on_our_proximity_is_ours(seed):
    present = specialisation.presence(drawn(seed, shape=(60, 35)))
    ours = specialisation.proximity(present)
    theirs = calc_discrete_proximity(present, present.sum(axis=0))
    np.fill_diagonal(theirs, 0.0)
    assert ours == pytest.approx(theirs, abs=1e-9)
    with np.errstate(invalid="ignore"):
        density = np.nan_to_num(calc_density(present, theirs))
    assert specialisation.relatedness_density(present, ours) == pytest.approx(density, abs=1e-9)
