"""Tests of the ranking of exchanges between firms: hand-computed scores, order, faults."""

from __future__ import annotations

import pandas as pd
import pytest

from toolkit.errors import UsageError
from toolkit.knowledge import read_profiles
from toolkit.knowledge.firms import find_processes
from toolkit.knowledge.industry import NATURES, industry, named_processes
from toolkit.knowledge.symbiosis import COLUMNS, REASONS, rank_pairs

FIRMS = pd.DataFrame(
    [
        ("a", "Coal-fired power station"),
        ("b", "Cimenterie"),
        ("c", "Sucrerie"),
        ("d", "Distillerie"),
        ("e", "Kettou"),
    ],
    columns=["actor_id", "name"],
)


def best(ranked, supplier, accepter):
    rows = ranked[(ranked["supplier_id"] == supplier) & (ranked["accepter_id"] == accepter)]
    return rows.iloc[0] if len(rows) else None


def test_score_is_offer_times_need_shared_among_those_who_offer_and_need():
    # Fly ash: the coal power station offers 1, the cement works need 1; the sugar mill offers 0.5
    # too, so the square root of 1.5 divides.
    found = best(rank_pairs(FIRMS), "a", "b")
    assert found["flow"] == "fly_ash"
    assert found["score"] == pytest.approx(1 / 1.5**0.5)
    assert (found["why"], found["nature"], found["basis"]) == ("process", "by_product", "estimated")
    assert (found["supplier_as"], found["accepter_as"]) == ("coal_power", "cement")


def test_pairs_have_a_direction():
    ranked = rank_pairs(FIRMS)
    assert best(ranked, "c", "d")["flow"] == "molasses"
    there, back = best(ranked, "c", "d")["score"], best(ranked, "d", "c")
    assert back is None or back["score"] < there


def test_a_firm_of_which_nothing_is_known_is_in_no_pair():
    ranked = rank_pairs(FIRMS)
    assert "e" not in {*ranked["supplier_id"], *ranked["accepter_id"]}
    assert (ranked["supplier_id"] != ranked["accepter_id"]).all()


def test_the_order_of_rows_does_not_matter():
    pd.testing.assert_frame_equal(rank_pairs(FIRMS), rank_pairs(FIRMS[::-1]))


def test_sales_weigh_what_they_are_told_to():
    firms = pd.DataFrame([("a", "Cimenterie"), ("b", "Centrale à béton")], columns=FIRMS.columns)
    full, less = (best(rank_pairs(firms, product_share=one), "a", "b") for one in (1.0, 0.5))
    assert full["flow"] == less["flow"] == "cement"
    assert less["score"] == pytest.approx(full["score"] / 2)


def test_an_activity_is_enough_without_a_name():
    firms = FIRMS.assign(name="", activity=["24.10Z", "23.51Z", "10.81Z", "11.01Z", ""])
    ranked = rank_pairs(firms)
    assert best(ranked, "c", "d")["flow"] == "molasses"
    assert best(ranked, "a", "b")["flow"] == "iron_slag"
    assert find_processes("", "10.81Z") == pytest.approx({"sugar_mill": 1.0, "food": 0.5})


def test_a_name_that_fits_the_activity_decides_and_one_that_does_not_counts_less():
    assert find_processes("Soudière", "20.13B") == {"soda_ash": 1.0}
    assert find_processes("Sucrerie", "70.10Z")["sugar_mill"] == pytest.approx(0.5)


def test_profiles_and_other_sites_add_to_the_score():
    known = pd.DataFrame(
        [("x", "Sucrerie", "Distillerie"), ("x", "Sucrerie", "Scierie")],
        columns=["site", "supplier", "accepter"],
    )
    plain = best(rank_pairs(FIRMS), "c", "d")["score"]
    assert best(rank_pairs(FIRMS, read_profiles()), "c", "d")["score"] >= plain
    with_sites = rank_pairs(FIRMS, exchanges=known)
    assert best(with_sites, "c", "d")["score"] > plain
    assert len(with_sites) == len(FIRMS) * (len(FIRMS) - 1)
    assert best(with_sites, "e", "a")["why"] == "sites"
    assert best(with_sites, "e", "a")["flow"] == ""


def test_table_has_its_columns_even_without_pairs():
    for firms in (FIRMS[:0], FIRMS[4:], FIRMS):
        for profiles in (None, read_profiles()):
            ranked = rank_pairs(firms, profiles)
            assert tuple(ranked.columns) == COLUMNS
            assert ranked["score"].is_monotonic_decreasing
            assert ranked["score"].dtype == "float64"
            assert set(ranked["why"]) <= set(REASONS)
    assert len(rank_pairs(FIRMS, top=2)) == 2


@pytest.mark.parametrize(
    "firms,options,code",
    [
        (FIRMS[["actor_id"]], {}, "symbiosis_columns"),
        (FIRMS, {"exchanges": FIRMS}, "symbiosis_columns"),
        (pd.concat([FIRMS, FIRMS]), {}, "symbiosis_twice"),
        (FIRMS, {"product_share": 1.5}, "symbiosis_share"),
        (FIRMS, {"product_share": float("nan")}, "symbiosis_share"),
        (FIRMS, {"top": 0}, "symbiosis_top"),
    ],
)
def test_what_cannot_be_ranked_is_told(firms, options, code):
    with pytest.raises(UsageError) as caught:
        rank_pairs(firms, **options)
    assert caught.value.code == code


def test_every_process_and_flow_of_the_tables_is_used():
    known = industry()
    given, taken = ({flow for _, flow, _ in known.by_activity[side]} for side in ("offer", "need"))
    offered = known.offers.any(axis=0)
    offered[sorted(given)] = True
    needed = known.needs.any(axis=0)
    needed[sorted(taken)] = True
    assert offered.all()
    assert needed.all()
    assert set(known.flows["nature"]) == set(NATURES)
    assert all(known.activities[one] for one in known.processes)


def test_every_process_is_found_by_each_of_its_own_names_alone():
    known = industry()
    lost = [
        (words, one)
        for words, one in known.phrases
        if one not in named_processes(" ".join(sorted(words)))
    ]
    assert len(lost) < 0.03 * len(known.phrases), lost


@pytest.mark.parametrize(
    "name,process",
    [
        ("Waste water treatment plant", "sewage_works"),
        ("WASTEWATER TREATMENT", "sewage_works"),
        ("Station d'épuration", "sewage_works"),
        ("Saw mill", "sawmill"),
        ("Aluminum smelter", "aluminium_smelter"),
        ("Raffinerie de sucre", "sugar_mill"),
        ("Société laitière du Bocage", "dairy"),
        ("Usine d'incinération", "incinerator"),
    ],
)
def test_names_are_understood_in_both_languages_and_spellings(name, process):
    assert next(iter(named_processes(name))) == process
