"""Missing activities: planted ones are found, nothing is told where nothing is planted."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from toolkit import vocabulary as v
from toolkit.background import NOTHING, Background
from toolkit.gaps import DETAIL_COLUMNS, find_gaps, missing, shrinkage
from toolkit.settings import Settings
from toolkit.sources.demo import DEMO_ID, demo_panel, demo_territory

SETTINGS = Settings()
DEMO = Path(__file__).resolve().parents[3] / "data" / "demo"
CODES = ("10.71C", "38.32Z", "47.11B", "56.10A", "95.29Z")


def panel_of(counts, *, codes=CODES, nomenclature="naf_rev2", populations=None):
    """Return a panel of territories T00, T01 ... with counts by row."""
    people = populations or [4_500.0] * len(counts)
    rows = [
        (f"T{place:02d}", f"T {place}", "CC", people[place], 50.0, 20_000.0, nomenclature, code, x)
        for place, row in enumerate(counts)
        for code, x in zip(codes, row, strict=True)
    ]
    panel = pd.DataFrame(rows, columns=list(v.PANEL_COLUMNS))
    return panel.astype({"count": "float64"})


def counts(own, *, others=12, seed=1, usual=(20, 12, 30, 25, 18)):
    rng = np.random.default_rng(seed)
    return [list(own), *rng.poisson(usual, (others, len(usual))).tolist()]


def find(territory, panel, *, own_id="T00", settings=SETTINGS):
    background = Background(panel=panel, own_id=own_id)
    return missing.find(territory, settings=settings, background=background)


OWN = (21, 11, 28, 27, 0)


def test_the_planted_activity_is_told_and_no_other(tiny_territory):
    found = find(tiny_territory, panel_of(counts(OWN)))
    (gap,) = found.gaps
    assert gap.gap_id == "missing_activity:naf_rev2:95.29Z"
    row = gap.row()
    others = np.array(counts(OWN))[1:, 4]
    assert row["expected"] == pytest.approx(others.mean())
    assert (row["observed"], row["unit"], row["category"]) == (0.0, "", "")
    activities = found.detail.set_index("activity")
    assert row["confidence"] == pytest.approx(activities.loc["95.29Z", "probability"])
    assert row["severity"] == pytest.approx(row["expected"] / activities["expected"].sum())
    assert np.isnan(row["people_affected"])
    assert row["basis"] == "recorded"
    assert activities["missing"].tolist() == [False] * 4 + [True]


def test_the_evidence_is_what_each_territory_has(tiny_territory):
    rows = counts((21, 1, 13, 27, 19), usual=(20, 30, 12, 25, 18))
    (gap,) = find(tiny_territory, panel_of(rows)).gaps
    told = {fact.row_id: fact.quantity for fact in gap.evidence if fact.role == v.PANEL}
    assert told == {f"T{place:02d}": row[1] for place, row in enumerate(rows)}
    # The actor of the tables that has this activity stands beside the counts.
    assert gap.actor_ids == ("A1",)
    assert [fact.row_id for fact in gap.evidence if fact.role == "actor"] == ["A1"]


def test_services_say_how_many_people_lack_them(tiny_territory):
    codes = ("D307", "A505", "B203", "A504", "C101")
    (gap,) = find(
        tiny_territory, panel_of(counts((2, *OWN[1:4], 18)), codes=codes, nomenclature="bpe")
    ).gaps
    assert gap.gap_id == "missing_activity:bpe:D307"
    assert gap.category == "services.health.pharmacy"
    share = 1 - gap.observed / gap.expected
    assert gap.severity == pytest.approx(share)
    assert gap.people_affected == pytest.approx(tiny_territory.population * share)
    (bare,) = find(
        tiny_territory, panel_of(counts((20, 0, 30, 25, 18)), codes=codes, nomenclature="bpe")
    ).gaps
    assert bare.category == ""


def test_what_goes_with_it_and_whether_it_is_within_reach(tiny_territory):
    rng = np.random.default_rng(2)
    with_it = rng.poisson((60, 8, 8, 60, 60), (8, 5))
    without = rng.poisson((8, 60, 60, 8, 8), (8, 5))
    rows = np.vstack([with_it, without])
    like_with = find(tiny_territory, panel_of([[60, 8, 8, 60, 1], *rows.tolist()]))
    settings = Settings(missing_ratio=0.9)
    line = like_with.detail.set_index("activity").loc["95.29Z"]
    assert line["within_reach"]
    assert line["density"] >= line["usual_density"] > 0.5
    near = like_with.more["related"]
    assert set(near["related"]) == {"10.71C", "56.10A"}
    assert (near["proximity"].diff().dropna() <= 0).all()
    far = find(tiny_territory, panel_of([[8, 60, 60, 8, 0], *rows.tolist()]), settings=settings)
    assert not far.detail.set_index("activity").loc["95.29Z", "within_reach"]


def test_an_activity_that_most_others_lack_is_missing_nowhere(tiny_territory):
    rows = counts((20, 12, 30, 25, 0))
    for place, row in enumerate(rows):
        row[4] = 250 if place == 3 else 0
    found = find(tiny_territory, panel_of(rows))
    line = found.detail.set_index("activity").loc["95.29Z"]
    assert line["probability"] >= SETTINGS.missing_probability
    assert line["rare_elsewhere"] > missing.RARE_ELSEWHERE_MAX
    assert not found.gaps


def test_false_ones_are_bounded_whatever_the_probability_asked_for():
    activities = pd.DataFrame(
        {
            "activity": list("abcdef"),
            "observed": 0.0,
            "expected": 9.0,
            "probability": [0.99, 0.95, 0.86, 0.8, 0.7, 0.6],
            "rare_elsewhere": 0.1,
        }
    )
    strict = missing.missing(activities, settings=Settings(missing_probability=0.9))
    assert strict.tolist() == [True, True, False, False, False, False]
    loose = missing.missing(activities, settings=Settings(missing_probability=0.5))
    told = activities.loc[loose, "probability"]
    assert loose.tolist() == [True] * 4 + [False] * 2
    assert (1 - told).mean() <= missing.FALSE_SHARE_MAX


@pytest.mark.parametrize("alike", [(1.0, 30.0), (1_000.0, 1_000.0)])
def test_nothing_is_told_where_nothing_is_planted(alike):
    """Of 200 territories at the usual rate, less than one in ten is told anything at all."""
    told, _ = _simulated(alike, natural=False)
    assert told.reshape(200, -1).any(axis=1).mean() < 0.1


def test_of_what_is_told_less_than_one_in_ten_is_false():
    """Where territories differ as those of the panel do, nearly all that is told is so."""
    told, ratio = _simulated((1.0, 30.0), natural=True)
    assert told.sum() > 40
    assert (ratio[told] >= SETTINGS.missing_ratio).mean() < 0.1


def _simulated(alike, *, natural):
    """Return what is told of 200 territories in 15 activities each, and their true ratios."""
    rng = np.random.default_rng(20_260_101)
    size, others = 200 * 15, 15
    k = np.exp(rng.uniform(*np.log(alike), size))
    usual = np.exp(rng.uniform(np.log(3), np.log(40), size))
    people = np.exp(rng.normal(np.log(40_000), 0.4, others + 1))
    ratio = rng.gamma(k, 1 / k, (others + 1, size))
    if not natural:
        ratio[0] = 1.0
    held = rng.poisson(usual * people[:, np.newaxis] / 40_000 * ratio)
    found = shrinkage.find_ratios(
        held[1:],
        people[1:],
        observed=held[0],
        population=people[0],
        threshold=SETTINGS.missing_ratio,
    )
    frame = pd.DataFrame(
        {
            "activity": [f"{place:05d}" for place in range(size)],
            "observed": held[0].astype("float64"),
            "expected": found.expected,
            "probability": found.probability,
            "rare_elsewhere": found.rare_elsewhere,
        }
    )
    told = np.concatenate(
        [
            missing.missing(part.reset_index(drop=True), settings=SETTINGS)
            for _, part in frame.groupby(np.arange(size) // 15)
        ]
    )
    return told, ratio[0]


def test_the_demo_tells_its_planted_activity_first_and_no_other():
    planted = tomllib.loads((DEMO / "planted.toml").read_text(encoding="utf-8"))["expected"]
    wanted = planted["missing_activity"]
    background = Background(panel=demo_panel(), own_id=DEMO_ID)
    found = missing.find(demo_territory(), settings=SETTINGS, background=background)
    (gap,) = found.gaps
    assert gap.gap_id == f"missing_activity:{wanted['nomenclature']}:{wanted['activity']}"
    assert gap.observed == wanted["observed"]
    line = found.detail.set_index("activity").loc[wanted["activity"]]
    assert line["within_reach"]
    assert line["probability"] == found.detail["probability"].max()
    # Repairers and collectors of the same group come first among what goes with it.
    assert found.more["related"]["related"].tolist()[:2] == ["95.22Z", "38.11Z"]
    panel = found.more["panel"]
    assert panel["chosen"].sum() == SETTINGS.panel_size
    assert set(panel.loc[panel["chosen"], "kind"]) == {"CC"}


def test_the_order_of_rows_changes_nothing(tiny_territory):
    panel = panel_of(counts(OWN))
    plain = find(tiny_territory, panel)
    for seed in range(3):
        moved = find(tiny_territory, panel.sample(frac=1, random_state=seed))
        assert moved.gaps == plain.gaps
        pd.testing.assert_frame_equal(moved.detail, plain.detail, check_exact=True)
        for name, frame in plain.more.items():
            pd.testing.assert_frame_equal(moved.more[name], frame, check_exact=True)


def test_rows_of_zero_and_rows_that_are_not_there_are_one(tiny_territory):
    panel = panel_of(counts(OWN))
    assert find(tiny_territory, panel[panel["count"] > 0]).gaps == find(tiny_territory, panel).gaps


def test_ids_and_names_of_territories_change_no_figure(tiny_territory):
    panel = panel_of(counts(OWN))
    new = {f"T{k:02d}": f"X{97 - 7 * k % 97:02d}" for k in range(13)}
    renamed = panel.assign(territory_id=panel["territory_id"].map(new), name="=1+1")
    found = find(tiny_territory, renamed, own_id=new["T00"])
    numbers = find(tiny_territory, panel).detail.select_dtypes("number")
    np.testing.assert_allclose(found.detail.select_dtypes("number"), numbers, rtol=1e-6)
    assert [gap.gap_id for gap in found.gaps] == ["missing_activity:naf_rev2:95.29Z"]


@pytest.mark.parametrize("own_id", ["", "T99"])
def test_without_a_place_in_the_panel_nothing_is_told(tiny_territory, own_id):
    _is_empty(find(tiny_territory, panel_of(counts(OWN)), own_id=own_id))
    _is_empty(missing.find(tiny_territory, settings=SETTINGS, background=NOTHING))


def _is_empty(found):
    assert found.gaps == ()
    frames = {"activities": found.detail, **found.more}
    for name, frame in frames.items():
        assert frame.columns.tolist() == list(DETAIL_COLUMNS[name])
        assert frame.empty


@pytest.mark.parametrize("others", [0, 1, 2])
def test_a_panel_of_one_or_two_is_shown_and_tells_nothing(tiny_territory, others):
    found = find(tiny_territory, panel_of(counts(OWN, others=others)))
    assert found.gaps == ()
    assert found.detail.empty
    assert len(found.more["panel"]) == others + 1


def test_an_unknown_population_is_that_of_the_territory_and_none_tells_nothing(tiny_territory):
    rows = counts(OWN)
    panel = panel_of(rows, populations=[float("nan"), *[4_500.0] * 12])
    assert [gap.gap_id for gap in find(tiny_territory, panel).gaps] == [
        "missing_activity:naf_rev2:95.29Z"
    ]
    nobody = panel_of(rows, populations=[4_500.0, *[0.0] * 12])
    assert find(tiny_territory, nobody).gaps == ()


def test_all_findings_hold_them_and_the_frames(tiny_territory):
    background = Background(panel=panel_of(counts(OWN)), own_id="T00")
    findings = find_gaps(tiny_territory, settings=SETTINGS, background=background)
    assert "missing_activity" in set(findings.gaps["kind"])
    for name in ("activities", "panel", "related"):
        assert findings.detail(name).columns.tolist() == list(DETAIL_COLUMNS[name])
        assert not findings.detail(name).empty
    assert set(findings.evidence["role"]) <= set(v.EVIDENCE_ROLES)


def test_several_nomenclatures_stand_beside_each_other(tiny_territory):
    naf = panel_of(counts(OWN))
    codes = ("D307", "A505", "B203", "A504", "C101")
    bpe = panel_of(counts((0, *OWN[1:4], 18)), codes=codes, nomenclature="bpe")
    found = find(tiny_territory, pd.concat([naf, bpe]))
    assert [gap.gap_id for gap in found.gaps] == [
        "missing_activity:bpe:D307",
        "missing_activity:naf_rev2:95.29Z",
    ]
    assert found.detail["nomenclature"].tolist() == ["bpe"] * 5 + ["naf_rev2"] * 5
