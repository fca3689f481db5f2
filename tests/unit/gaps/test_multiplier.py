"""LM3 by hand and by its bounds; FLQ by published values and identities."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import tiny_tables
from toolkit.gaps import multiplier
from toolkit.territory import Territory, complete


def pays(flow_id, origin, destination, quantity, *, unit="EUR", nature="money", **more):
    return {
        "flow_id": flow_id,
        "nature": nature,
        "origin": origin,
        "destination": destination,
        "quantity": quantity,
        "unit": unit,
        "category": "finance.public_contract",
        **more,
    }


GOLDEN = [
    pays("F1", "A1", "A2", 60),
    pays("F2", "A1", "outside", 40),
    pays("F3", "A2", "A3", 0.2, unit="kEUR"),
    pays("F4", "A2", "outside", 300),
]


def rows(territory):
    return multiplier.find(territory).set_index("spender_id")


def test_golden_value():
    assert multiplier.lm3(100, 60, r3=24) == pytest.approx(1.84)


def test_three_rounds_of_one_spender(with_rows):
    row = rows(with_rows(flows=GOLDEN)).loc["A1"]
    assert (row["r1"], row["r2"], row["r3"]) == pytest.approx((100, 60, 24))
    assert row[["lm3", "lm3_min", "lm3_max"]].tolist() == pytest.approx([1.84] * 3)
    assert (row["unit"], row["coverage"], row["reason"]) == ("EUR", 1.0, "")


def test_re_spending_that_nobody_recorded_is_not_assumed(with_rows):
    found = rows(with_rows(flows=GOLDEN))
    # A3 is paid 200 by A2 and is not known to spend anything.
    row = found.loc["A2"]
    assert math.isnan(row["lm3"])
    assert (row["reason"], row["coverage"]) == ("respending_unknown", 0.0)
    assert (row["lm3_min"], row["lm3_max"]) == pytest.approx((1.4, 1.8))
    whole = found.loc[""]
    assert (whole["r1"], whole["r2"], whole["r3"]) == pytest.approx((600, 260, 24))
    assert whole["coverage"] == pytest.approx(60 / 260)
    assert whole["lm3_min"] == pytest.approx(884 / 600)
    assert whole["lm3_max"] == pytest.approx(1084 / 600)
    assert found.index.tolist() == ["", "A1", "A2"]


def test_without_any_payment_outside_there_is_no_multiplier(with_rows):
    found = rows(with_rows(flows=[pays("F1", "A1", "A2", 60), pays("F2", "A2", "A1", 9)]))
    assert set(found["reason"]) == {"outside_unknown"}
    assert found[["lm3", "lm3_min", "lm3_max"]].isna().all().all()


def test_all_that_leaves_at_once_is_one(with_rows):
    found = rows(with_rows(flows=[pays("F1", "A1", "outside", 60)]))
    assert found["lm3"].tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    "other",
    [
        pays("F9", "outside", "A1", 1000),
        pays("F9", "A1", "A2", 1000, category="finance.loan"),
        pays("F9", "A1", "A2", 1000, nature="material", unit="t", category="materials.wood"),
        pays("F9", "A1", "A2", 1000, unit="t", category="materials.wood"),
        pays("F9", "A1", "A2", None),
        pays("F9", "A1", "A2", 0),
        pays("F9", "A1", "A2", 1000, year=2019),
    ],
)
def test_what_is_no_spending_of_the_year_changes_nothing(with_rows, other):
    flows = [row | {"year": 2025} for row in GOLDEN]
    plain, more = (rows(with_rows(flows=list(part))) for part in (flows, [*flows, other]))
    pd.testing.assert_frame_equal(plain, more, check_exact=True)


def test_no_flows(tiny_territory):
    found = multiplier.find(tiny_territory)
    assert found.columns.tolist() == list(multiplier.MULTIPLIER_COLUMNS)
    assert found.empty


@pytest.mark.parametrize(
    "rounds", [(0, 0, 0), (10, 11, 0), (10, 5, 6), (10, 5, -1), (math.nan, 1, 1)]
)
def test_rounds_that_cannot_be_are_refused(rounds):
    with pytest.raises(ValueError, match="r1 >= r2 >= r3"):
        multiplier.lm3(*rounds[:2], r3=rounds[2])


ENDS = ("A1", "A2", "A3", "99001", "outside")


@given(
    st.lists(
        st.tuples(st.sampled_from(ENDS), st.sampled_from(ENDS), st.floats(0.01, 1e9)).filter(
            lambda flow: flow[0] != flow[1]
        ),
        max_size=12,
    ),
    st.randoms(use_true_random=False),
)
@settings(max_examples=80, deadline=None)
def test_a_multiplier_lies_in_its_bounds_whatever_the_order(flows, draw):
    table = [pays(f"F{k:02}", *flow[:2], flow[2]) for k, flow in enumerate(flows)]
    mixed = draw.sample(table, len(table))
    found, other = (
        multiplier.find(
            Territory(
                name="x",
                tables=complete(tiny_tables() | ({"flows": pd.DataFrame(one)} if one else {})),
            )
        )
        for one in (table, mixed)
    )
    pd.testing.assert_frame_equal(found, other, check_exact=True)
    told = found[found["lm3_min"].notna()]
    assert (told["lm3_min"] >= 1).all()
    assert (told["lm3_max"] <= 3).all()
    assert (told["lm3_min"] <= told["lm3_max"]).all()
    assert found["coverage"].between(0, 1).all()
    assert (found["lm3"].isna() == (found["reason"] != "")).all()


# --- FLQ --------------------------------------------------------------------------------------
@pytest.mark.parametrize("share,value", [(0.02, 0.3442), (0.10, 0.5514), (0.0005, 0.114)])
def test_lambda_star(share, value):
    assert multiplier.lambda_star(share) == pytest.approx(
        value, abs=5e-5 if share > 0.001 else 5e-4
    )


quotients = st.lists(st.floats(0.01, 50), min_size=1, max_size=6).map(np.array)


@given(quotients, st.floats(0.0001, 1), st.floats(0, 0.99))
@settings(max_examples=60, deadline=None)
def test_identities_of_flq(values, share, delta):
    found = multiplier.flq(values, share, delta=delta)
    plain = multiplier.flq(values, share, delta=0)
    off = ~np.eye(len(values), dtype="bool")
    np.testing.assert_allclose(plain[off], (values[:, None] / values[None, :])[off])  # CILQ
    np.testing.assert_allclose(np.diag(plain), values)
    np.testing.assert_allclose(found, multiplier.lambda_star(share, delta=delta) * plain)
    assert (found <= plain * (1 + 1e-12)).all()
    np.testing.assert_allclose(multiplier.flq(values, 1.0, delta=delta), plain)  # the whole country
    np.testing.assert_allclose(
        (found * found.T)[off], multiplier.lambda_star(share, delta=delta) ** 2
    )


def test_an_industry_that_is_not_there_buys_nothing():
    found = multiplier.flq(np.array([0.0, 2.0]), 0.1)
    assert found[:, 0].tolist() == [0.0, 0.0]
    assert found[0].tolist() == [0.0, 0.0]
    assert np.isfinite(found).all()


@pytest.mark.parametrize("bad", [[-1.0], [math.nan], [[1.0]]])
def test_quotients_that_cannot_be_are_refused(bad):
    with pytest.raises(ValueError, match="Location quotients"):
        multiplier.flq(np.array(bad), 0.1)


@pytest.mark.parametrize("share,delta", [(0.0, 0.3), (1.1, 0.3), (0.1, 1.0), (0.1, -0.1)])
def test_sizes_that_cannot_be_are_refused(share, delta):
    with pytest.raises(ValueError, match="Size share"):
        multiplier.lambda_star(share, delta=delta)
