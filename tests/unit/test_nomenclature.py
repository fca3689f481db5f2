"""Reference lists and the ways of naming their codes."""

from __future__ import annotations

import math

import pytest

from toolkit import nomenclature


@pytest.mark.parametrize("name", nomenclature.NAMES)
def test_every_list_has_unique_codes_and_labels_in_both_languages(name):
    frame = nomenclature.table(name)
    assert len(frame)
    assert frame.index.is_unique
    assert "" not in frame.index
    for code in frame.index:
        for lang in ("fr", "en"):
            assert nomenclature.label(name, code, lang=lang).strip()


@pytest.mark.parametrize("name", nomenclature.NAMES)
def test_every_code_is_found_by_itself(name):
    ways = nomenclature.lookup(name)
    assert all(ways[nomenclature.fold(code)] == code for code in nomenclature.codes(name))


def test_unknown_lists_are_mistakes_of_the_caller():
    with pytest.raises(KeyError):
        nomenclature.table("nothing")


@pytest.mark.parametrize(
    "words, folded",
    [
        ("ÉNERGIE", "energie"),
        ("bœuf", "boeuf"),
        ("m²", "m2"),
        ("l’eau", "l'eau"),
        (" a\u00a0 b\u202fc ", "a b c"),
        ("STRASSE", "strasse"),
    ],
)
def test_folding(words, folded):
    assert nomenclature.fold(words) == folded


def test_versions_of_the_activities_are_told_apart():
    assert nomenclature.naf_version("01.11Z") == "naf_rev2"
    assert {nomenclature.naf_version(f"01.11{ending}") for ending in "YGHJKL"} == {"naf_2025"}
    rev2, new = nomenclature.codes("naf_rev2"), nomenclature.codes("naf_2025")
    assert not {code for code in rev2 & new if len(code) == 6}
    assert nomenclature.codes("naf") == rev2 | new
    assert all(nomenclature.naf_version(code) == "naf_2025" for code in new if len(code) == 6)
    assert all(nomenclature.naf_version(code) == "naf_rev2" for code in rev2)


def test_labels_that_name_several_codes_are_not_guessed():
    assert nomenclature._meant({"01.12", "01.12Z"}, nested=True) == "01.12Z"
    assert nomenclature._meant({"01.12", "01.12Z"}, nested=False) == ""
    assert nomenclature._meant({"01.12Z", "01.13Z"}, nested=True) == ""
    assert nomenclature._meant({"01.12"}, nested=False) == "01.12"


def test_legal_forms_tell_family_and_form():
    assert nomenclature.legal_family("9220") == ("ess", "association")
    assert nomenclature.legal_family("0") == ("", "")


def test_sizes():
    assert nomenclature.midpoint_jobs("11") == 14.5
    assert math.isnan(nomenclature.midpoint_jobs("NN"))
    assert math.isnan(nomenclature.midpoint_jobs("?"))


def test_every_division_is_in_exactly_one_sector():
    divisions = {code[:2] for code in nomenclature.codes("naf") if code[:2].isdigit()}
    assert {
        division for division in divisions if not nomenclature.sector_of_activity(division)
    } == set()
    listed = [
        part for cell in nomenclature.table("sectors")["naf_divisions"] for part in cell.split("|")
    ]
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize(
    "need, resource, compatible",
    [
        ("materials.wood.pallets", "materials.wood.pallets", True),
        ("materials.wood", "materials.wood.pallets", True),
        ("materials.wood.pallets", "materials.wood", True),
        ("materials", "materials", True),
        ("materials", "materials.wood", False),
        ("materials.wood", "materials.woodchips", False),
        ("materials.wood.pallets", "materials.wood.offcuts", False),
    ],
)
def test_compatible_categories(need, resource, compatible):
    assert nomenclature.is_compatible(need, resource) is compatible


def test_a_category_takes_the_radius_of_its_nearest_parent(monkeypatch):
    radii = {"a": float("nan"), "a.b": 10.0, "a.b.c": float("nan"), "a.b.d": 3.0}
    monkeypatch.setattr(nomenclature, "_category_numbers", lambda column: radii)  # noqa: ARG005
    assert nomenclature.radius_km("a.b.c") == 10.0
    assert nomenclature.radius_km("a.b.d") == 3.0
    assert math.isnan(nomenclature.radius_km("a"))


def test_every_leaf_has_a_default_unit_of_its_dimension():
    frame = nomenclature.table("categories")
    units = nomenclature.table("units")["dimension"]
    leaves = frame[~frame.index.isin(frame["parent"])]
    assert len(leaves) >= 150
    for code in leaves.index:
        assert units[nomenclature.default_unit(code)] == nomenclature.category_dimension(code), code


@pytest.mark.parametrize(
    "activity, others, expected",
    [
        ("38.32Z", None, ("38.32Z",)),
        (None, "47.79Z|95.29Z", ("47.79Z", "95.29Z")),
        ("38.32Z", "38|47|47.79Z", ("38.32Z", "47.79Z")),
        ("38", "38.32Z", ("38", "38.32Z")),
        ("01.11Y", "01.11|01.1", ("01.11Y", "01.11")),  # classes of another version
        (float("nan"), " | ", ()),
    ],
)
def test_activities_of_an_actor_are_named_once_the_main_one_first(activity, others, expected):
    assert nomenclature.activities_of(activity, others) == expected
