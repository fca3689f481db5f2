"""What must hold for missing activities on any panel."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import tiny_tables
from toolkit import vocabulary as v
from toolkit.background import Background
from toolkit.gaps import missing, table
from toolkit.settings import Settings
from toolkit.territory import Territory, complete

few = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
CODES = {"naf_rev2": ("10.71C", "38.32Z", "95.29Z"), "bpe": ("D307", "A401", "A505")}
TINY = Territory(name="x", tables=complete(tiny_tables()))
MAYBE = st.one_of(st.just(float("nan")), st.floats(-1, 1e6))


@st.composite
def panels(draw):
    """Draw a panel: traits that may be unknown, rows that may be absent, the first one's own."""
    rows = []
    for place in range(draw(st.integers(1, 8))):
        traits = (
            f"T{place}",
            draw(st.sampled_from(("a", "{{7*7}}"))),
            draw(st.sampled_from(("CC", "CA", None))),
            draw(st.one_of(st.sampled_from((0.0, float("nan"))), st.floats(1, 1e7))),
            draw(MAYBE),
            draw(MAYBE),
        )
        for name, codes in CODES.items():
            rows += [
                (*traits, name, code, float(draw(st.one_of(st.just(0), st.integers(0, 300)))))
                for code in codes
                if draw(st.integers(0, 4))
            ]
    panel = pd.DataFrame(rows, columns=list(v.PANEL_COLUMNS))
    return panel.astype(dict.fromkeys((*v.PANEL_COLUMNS[3:6], "count"), "float64"))


def find(panel, **changes):
    background = Background(panel=panel, own_id="T0")
    return missing.find(TINY, settings=Settings(panel_size=5, **changes), background=background)


@given(panels(), st.sampled_from((0.5, 0.9)), st.sampled_from((0.5, 1.0)))
@few
def test_every_gap_is_finite_and_every_frame_has_its_columns(panel, probability, ratio):
    found = find(panel, missing_probability=probability, missing_ratio=ratio)
    gaps, evidence = table.frames(found.gaps)
    for column in ("severity", "confidence"):
        assert gaps[column].between(0, 1).all()
    assert (gaps["shortfall"] > 0).all()
    assert set(evidence["row_id"]) <= set(panel["territory_id"]) | set(TINY.actors["actor_id"])
    frame = found.detail
    assert tuple(frame.columns) == missing.ACTIVITY_COLUMNS
    assert int(frame["missing"].sum()) == len(gaps)
    told = frame.loc[frame["expected"] > 0]
    assert told.notna().all(axis=None)
    assert (told["low"] <= told["high"]).all()
    never = ("observed", "expected", "probability", "rare_elsewhere", "lq", "density")
    assert np.isfinite(frame[list(never)]).all(axis=None)
    for column in ("probability", "rare_elsewhere", "density"):
        assert frame[column].between(0, 1).all(), column


@given(panels(), st.integers(0, 1000))
@few
def test_the_order_of_rows_changes_nothing(panel, seed):
    plain, moved = find(panel), find(panel.sample(frac=1, random_state=seed))
    assert plain.gaps == moved.gaps
    for one, other in (
        (plain.detail, moved.detail),
        *((plain.more[name], moved.more[name]) for name in plain.more),
    ):
        pd.testing.assert_frame_equal(one, other, check_exact=True)


@given(panels(), st.integers(1, 50))
@few
def test_more_establishments_here_never_make_an_activity_missing(panel, more):
    # The probability itself may rise a little: one more also changes how likely it is that the
    # territory is unlike its panel.
    key = (panel["territory_id"] == "T0") & (panel["activity"] == "95.29Z")
    if not key.any():
        return
    fuller = panel.assign(count=panel["count"].where(~key, panel["count"] + more))
    before, after = (
        find(one).detail.set_index("activity")["missing"].get("95.29Z", False)
        for one in (panel, fuller)
    )
    assert before or not after


@given(panels(), st.sampled_from((0.01, 3.0, 1000.0)))
@few
def test_a_population_counted_in_other_units_changes_no_ratio(panel, scale):
    # An unknown population of its own is that of the territory, which is in persons.
    panel = panel.fillna({"population": 10.0}).assign(
        population=lambda frame: frame["population"].clip(lower=1.0)
    )
    scaled = panel.assign(population=panel["population"] * scale)
    one, other = find(panel), find(scaled)
    np.testing.assert_allclose(
        one.detail.select_dtypes("number"), other.detail.select_dtypes("number"), rtol=1e-6
    )
