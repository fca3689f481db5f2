"""What must hold for the gaps of any territory."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import tiny_tables
from toolkit import vocabulary as v
from toolkit.gaps import balance, find_gaps, transport
from toolkit.settings import Settings
from toolkit.territory import Territory, complete

SETTINGS = Settings(permutations=99)
ACTORS = tuple(f"A{k}" for k in range(1, 7))
COMMUNES = ("99001", "99002", "99003")
CATEGORIES = (
    "materials.wood",
    "materials.wood.offcuts",
    "materials.wood.bark",
    "services.health.nurse",
)
UNITS = {"services.health.nurse": ("person",)}
BASIS = st.sampled_from(v.BASIS)

few = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def sides(draw, prefix, least=0):
    """Draw rows of resources or needs."""
    rows = []
    for number in range(draw(st.integers(least, 7))):
        category = draw(st.sampled_from(CATEGORIES))
        quantity = draw(st.one_of(st.none(), st.integers(0, 40).map(lambda tenths: tenths / 10)))
        row = {
            f"{prefix}_id": f"{prefix[0].upper()}{number}",
            "actor_id": draw(st.sampled_from(ACTORS)),
            "category": category,
            "quantity": quantity,
            "unit": draw(st.sampled_from(UNITS.get(category, ("t", "kg")))),
            "basis": draw(BASIS),
        }
        if prefix == "need" and draw(st.booleans()):
            row |= {"actor_id": None, "commune_id": draw(st.sampled_from(COMMUNES))}
        rows.append(row)
    return rows


@st.composite
def territories(draw):
    """Draw the tables of a territory, as rows."""
    flows = [
        {
            "flow_id": f"F{number}",
            "nature": draw(st.sampled_from(("material", "service"))),
            "origin": ends[0],
            "destination": ends[1],
            "category": draw(st.sampled_from(CATEGORIES[:3])),
            "quantity": draw(st.integers(0, 30)),
            "unit": "t",
            "basis": draw(BASIS),
        }
        for number, ends in enumerate(
            draw(
                st.lists(
                    st.tuples(
                        st.sampled_from((*ACTORS, *COMMUNES, v.OUTSIDE)),
                        st.sampled_from((*ACTORS, *COMMUNES, v.OUTSIDE)),
                    ).filter(lambda ends: ends[0] != ends[1]),
                    max_size=8,
                )
            )
        )
    ]
    groups = draw(st.lists(st.sets(st.sampled_from(ACTORS), min_size=1), max_size=3))
    return {
        "resources": draw(sides("resource")),
        "needs": draw(sides("need")),
        "flows": flows,
        "cooperations": [{"cooperation_id": f"C{k}", "name": "x"} for k in range(len(groups))],
        "members": [
            {"cooperation_id": f"C{k}", "actor_id": actor}
            for k, group in enumerate(groups)
            for actor in sorted(group)
        ],
    }


def made(rows, *, order=None):
    """Return a territory of some rows, each table shuffled by a seed where one is given."""
    tables = tiny_tables() | {name: pd.DataFrame(cells) for name, cells in rows.items() if cells}
    if order is not None:
        tables = {name: frame.sample(frac=1, random_state=order) for name, frame in tables.items()}
    return Territory(name="x", tables=complete(tables))  # drawn rows are sound: no check


def frames(findings):
    return [
        getattr(findings, name) for name in ("gaps", "evidence", "matches", "access", "network")
    ]


@given(territories(), st.integers(0, 1000))
@few
def test_the_order_of_rows_changes_nothing(rows, order):
    plain = find_gaps(made(rows), settings=SETTINGS)
    shuffled = find_gaps(made(rows, order=order), settings=SETTINGS)
    for one, other in zip(frames(plain), frames(shuffled), strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)


@given(territories())
@few
def test_every_gap_is_finite_and_its_evidence_is_there(rows):
    territory = made(rows)
    findings = find_gaps(territory, settings=SETTINGS)
    gaps, evidence = findings.gaps, findings.evidence
    assert gaps.columns.tolist() == list(v.GAP_COLUMNS)
    assert evidence.columns.tolist() == list(v.EVIDENCE_COLUMNS)
    assert gaps["gap_id"].is_unique
    assert set(gaps["kind"]) <= set(v.GAP_KINDS)
    assert set(evidence["role"]) <= set(v.EVIDENCE_ROLES)
    for column in ("expected", "observed", "shortfall", "severity", "confidence"):
        assert np.isfinite(gaps[column]).all(), column
    for column in ("severity", "confidence"):
        assert gaps[column].between(0, 1).all(), column
    assert (gaps["shortfall"] > 0).all()
    assert (gaps["observed"] >= 0).all()
    assert evidence.groupby("gap_id").size().to_dict() == dict(
        zip(gaps["gap_id"], gaps["evidence"], strict=True)
    )
    keys = {
        "needs": "need_id",
        "resources": "resource_id",
        "flows": "flow_id",
        "actors": "actor_id",
        "communes": "commune_id",
        "cooperations": "cooperation_id",
    }
    for name, part in evidence.groupby("table"):
        assert set(part["row_id"]) <= set(territory.table(name)[keys[name]])


@given(territories())
@few
def test_nothing_is_given_or_taken_twice(rows):
    territory = made(rows)
    findings = find_gaps(territory, settings=SETTINGS)
    tonnes = {"t": 1.0, "kg": 0.001, "person": 1.0}
    for name, key in (("resources", "resource_id"), ("needs", "need_id")):
        table = territory.table(name).set_index(key)
        whole = table["quantity"] * table["unit"].map(tonnes)
        used = findings.matches.groupby(key)["quantity"].sum()
        assert (used <= whole.reindex(used.index) * (1 + 1e-9)).all()
    needed = territory.needs["quantity"] * territory.needs["unit"].map(tonnes)
    unmet = findings.gaps[
        (findings.gaps["kind"] == v.UNMET_NEED) & ~findings.gaps["gap_id"].str.endswith("unsized")
    ]
    assert needed.sum() == pytest.approx(
        findings.matches["quantity"].sum() + unmet["shortfall"].sum(), abs=1e-9
    )


@given(territories(), sides("resource", least=1))
@few
def test_adding_holders_never_leaves_more_unmet(rows, more):
    extra = [row | {"resource_id": f"X{number}"} for number, row in enumerate(more)]
    matched = []
    for resources in (rows["resources"], [*rows["resources"], *extra]):
        territory = made(rows | {"resources": resources})
        detail = balance.find(territory, settings=SETTINGS).detail
        # tonnes of wood and persons are matched apart
        matched.append(detail.groupby(detail["unit"] == "person")["quantity"].sum())
    before, after = (part.reindex([False, True], fill_value=0.0) for part in matched)
    assert (after >= before - 1e-9).all()


@given(territories(), st.sampled_from((0.125, 2.0, 1024.0)))
@few
def test_scaling_quantities_scales_what_is_matched(rows, factor):
    scaled = rows | {
        name: [
            row | {"quantity": None if row["quantity"] is None else row["quantity"] * factor}
            for row in rows[name]
        ]
        for name in ("resources", "needs")
    }
    one, other = (balance.find(made(cells), settings=SETTINGS) for cells in (rows, scaled))
    assert (one.detail["quantity"] * factor).tolist() == pytest.approx(
        other.detail["quantity"].tolist(), rel=1e-9
    )
    severities = [
        pd.Series({gap.gap_id: gap.severity for gap in found.gaps}, dtype="float64")
        for found in (one, other)
    ]
    pd.testing.assert_series_equal(*severities, rtol=1e-9)


@given(st.integers(0, 2**31), st.integers(1, 9), st.integers(1, 9))
@settings(max_examples=40, deadline=None)
def test_a_longer_radius_never_matches_less(seed, holders, takers):
    draw = np.random.default_rng(seed)
    amounts = draw.integers(1, 9, holders + takers).astype("float64")
    places = draw.integers(0, 30, (holders + takers, 2)) * 1000.0
    matched = []
    for reach in (5.0, 15.0, 60.0):
        plan = transport.solve(
            transport.Market(
                supply=amounts[:holders],
                demand=amounts[holders:],
                supply_xy=places[:holders],
                demand_xy=places[holders:],
                supply_kind=np.zeros(holders, dtype="int64"),
                demand_kind=np.zeros(takers, dtype="int64"),
                supply_owner=np.full(holders, -1),
                demand_owner=np.full(takers, -1),
                reach_km=np.array([[reach]]),
                detour=1.3,
            )
        )
        given_, taken = (
            np.bincount(side, plan.amount, minlength=size)
            for side, size in ((plan.supply, holders), (plan.demand, takers))
        )
        assert (given_ <= amounts[:holders] + 1e-9).all()
        assert (taken <= amounts[holders:] + 1e-9).all()
        matched.append(plan.amount.sum())
    assert matched == sorted(matched) or np.allclose(matched, sorted(matched))
    assert matched[-1] == pytest.approx(min(amounts[:holders].sum(), amounts[holders:].sum()))
