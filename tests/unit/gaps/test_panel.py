"""Which territories one is compared with, and the counts as tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from toolkit import vocabulary as v
from toolkit.errors import SettingsError
from toolkit.gaps import panel as panels
from toolkit.settings import Settings


def traits(territory_id, kind="CC", population=10_000.0, density=50.0, income=20_000.0):
    return (territory_id, f"Territoire {territory_id}", kind, population, density, income)


def made(*territories):
    """Return a panel in which each territory has two of one activity."""
    rows = [(*one, "naf_rev2", "10.71C", 2.0) for one in territories]
    return pd.DataFrame(rows, columns=list(v.PANEL_COLUMNS))


def chosen(frame):
    return frame.loc[frame["chosen"], "territory_id"].tolist()


PANEL = made(
    traits("T0"),
    traits("T1", population=11_000.0),
    traits("T2", density=80.0),
    traits("T3", income=26_000.0),
    traits("T4", population=90_000.0, density=400.0),
    traits("T5", kind="CA"),
    traits("T6", population=10_500.0, income=float("nan")),
)


def test_the_nearest_of_the_same_kind_are_chosen_and_shown_first():
    found = panels.choose_panel(PANEL, "T0", settings=Settings(panel_size=3))
    assert tuple(found.columns) == panels.CHOICE_COLUMNS
    assert found["territory_id"].tolist()[0] == "T0"
    assert chosen(found)[:2] == ["T6", "T1"]
    assert len(chosen(found)) == 3
    assert "T5" not in chosen(found)
    assert len(found) == 7
    others = found.iloc[1:]
    assert others["chosen"].tolist() == sorted(others["chosen"], reverse=True)


def test_the_distance_is_the_root_of_a_mean_of_squares_in_standard_deviations():
    found = panels.choose_panel(PANEL, "T0", settings=Settings()).set_index("territory_id")
    pool = ["T1", "T2", "T3", "T4", "T6"]
    log = np.log(found.loc[pool, ["population", "density_per_km2"]])
    spread = log.std(ddof=0)
    income = found.loc[pool, "median_income_eur"].std(ddof=0)
    gone = np.log(1.1) / spread["population"]
    assert found.loc["T1", "distance"] == pytest.approx(gone / np.sqrt(3))
    assert found.loc["T3", "distance"] == pytest.approx(6_000 / income / np.sqrt(3))
    alone = np.log(1.05) / spread["population"] / np.sqrt(2)  # income is left out
    assert found.loc["T6", "distance"] == pytest.approx(alone)


def test_names_and_the_order_of_rows_change_nothing():
    plain = panels.choose_panel(PANEL, "T0", settings=Settings(panel_size=3))
    moved = PANEL.sample(frac=1, random_state=4)
    pd.testing.assert_frame_equal(
        plain, panels.choose_panel(moved, "T0", settings=Settings(panel_size=3)), check_exact=True
    )
    renamed = PANEL.assign(name="x")
    again = panels.choose_panel(renamed, "T0", settings=Settings(panel_size=3))
    assert chosen(again) == chosen(plain)


def test_people_name_the_panel_themselves_of_any_kind():
    found = panels.choose_panel(PANEL, "T0", settings=Settings(panel_ids=("T5", "T4", "T0")))
    assert sorted(chosen(found)) == ["T4", "T5"]


def test_a_name_that_is_not_there_is_refused():
    with pytest.raises(SettingsError, match="T99") as caught:
        panels.choose_panel(PANEL, "T0", settings=Settings(panel_ids=("T1", "T99", "T98")))
    assert caught.value.code == "panel_ids_unknown"
    assert "T98" in str(caught.value)


def test_where_too_few_are_of_the_kind_all_kinds_count():
    found = panels.choose_panel(PANEL, "T5", settings=Settings(panel_size=4))
    assert len(chosen(found)) == 4


@pytest.mark.parametrize("population", [0.0, -1.0, float("nan"), float("inf")])
def test_a_territory_of_unknown_population_is_never_chosen(population):
    panel = pd.concat([PANEL, made(traits("T7", population=population))])
    found = panels.choose_panel(panel, "T0", settings=Settings()).set_index("territory_id")
    assert not found.loc["T7", "chosen"]
    assert np.isnan(found.loc["T7", "distance"])
    named = panels.choose_panel(panel, "T0", settings=Settings(panel_ids=("T7", "T1")))
    assert chosen(named) == ["T1"]


def test_territories_all_alike_or_without_traits_are_taken_by_id():
    alike = made(*(traits(f"T{k}") for k in range(6)))
    assert chosen(panels.choose_panel(alike, "T0", settings=Settings(panel_size=3))) == [
        *("T1", "T2", "T3")
    ]
    bare = made(*(traits(f"T{k}", None, 5.0, float("nan"), float("nan")) for k in range(6)))
    assert chosen(panels.choose_panel(bare, "T0", settings=Settings(panel_size=3))) == [
        *("T1", "T2", "T3")
    ]


def test_counts_stand_by_id_and_an_activity_without_row_is_zero():
    panel = pd.concat(
        [PANEL[PANEL["territory_id"] != "T3"], PANEL.head(1).assign(activity="01.11Z", count=5.0)]
    )
    (held,) = panels.counts_by_nomenclature(panel.sample(frac=1, random_state=1), "T2")
    assert held.territory_ids == ("T2", "T0", "T1", "T4", "T5", "T6")
    assert held.activities == ("01.11Z", "10.71C")
    assert held.counts.tolist() == [[0, 2], [5, 2], [0, 2], [0, 2], [0, 2], [0, 2]]
    part = held.only({"T1", "T6"})
    assert part.territory_ids == ("T2", "T1", "T6")
    assert part.counts.shape == (3, 2)


def test_a_nomenclature_in_which_the_territory_is_not_counted_says_nothing():
    other = PANEL[PANEL["territory_id"] != "T0"].assign(nomenclature="bpe", activity="D307")
    zero = PANEL[PANEL["territory_id"] == "T0"].assign(
        nomenclature="bpe", activity="D307", count=0.0
    )
    for panel in (pd.concat([PANEL, other]), pd.concat([PANEL, other, zero])):
        found = panels.counts_by_nomenclature(panel, "T0")
        assert [held.nomenclature for held in found] == ["naf_rev2"]


@pytest.mark.parametrize("count", [-1.0, float("nan"), float("inf")])
def test_what_is_no_count_is_refused(count):
    with pytest.raises(ValueError, match="finite"):
        panels.counts_by_nomenclature(pd.concat([PANEL, PANEL.head(1).assign(count=count)]), "T0")


def test_an_activity_told_twice_is_refused():
    with pytest.raises(ValueError, match="more than once"):
        panels.counts_by_nomenclature(pd.concat([PANEL, PANEL.head(1)]), "T0")
