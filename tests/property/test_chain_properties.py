"""What must hold for any value chain that somebody writes."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.knowledge.chain_faults import CHAIN_KEYS, STAGE_KEYS, chain_faults
from toolkit.knowledge.chains import find_stages, read_chains
from toolkit.language import LANGUAGES, problem_text

few = settings(max_examples=60, deadline=None)
SHIPPED = read_chains()
CODES = ("materials.wood.pallets", "materials.wood", "materials.metal.steel", "materials", "wood")
ANY = st.one_of(
    st.text(max_size=4),
    st.integers(-2, 4),
    st.floats(allow_nan=True),
    st.booleans(),
    st.just(dt.date(2026, 1, 1)),
    st.lists(st.sampled_from(CODES), max_size=3),
    st.lists(st.one_of(st.integers(), st.text(max_size=2)), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
STAGE = st.dictionaries(st.sampled_from([*STAGE_KEYS, "colour"]), ANY)
CHAIN = st.tuples(
    st.dictionaries(st.sampled_from([*CHAIN_KEYS, "colour"]), ANY),
    st.one_of(st.none(), st.lists(st.one_of(STAGE, ANY), max_size=3)),
)


@few
@given(CHAIN)
def test_whatever_is_written_is_told_in_words(drawn: tuple[dict, list | None]) -> None:
    content, stages = drawn
    if stages is not None:
        content = {**content, "stages": stages}
    faults = chain_faults(content, chain_id="one", where="one.toml", sources={"expert"})
    assert faults, "no such chain is whole"
    for fault in faults:
        for lang in LANGUAGES:
            assert "one.toml" in problem_text(fault, lang=lang)


def stage(place: int, order: int, gives: str, takes: str) -> dict:
    """Return a stage without faults."""
    return {
        "stage_id": f"s{place}",
        "order": order,
        "label_fr": "Étape",
        "label_en": "Stage",
        "activities": ["16.24"],
        "offers": [gives],
        "needs": [takes],
    }


def codes_of(stages: list[dict]) -> list[str]:
    """Return the codes of the faults of a chain with these stages."""
    content = {
        "label_fr": "Chaîne",
        "label_en": "Chain",
        "pillars": ["longer_use"],
        "sectors": ["trade"],
        "source": "expert",
        "stages": stages,
    }
    faults = chain_faults(content, chain_id="one", where="one.toml", sources={"expert"})
    return [fault.code for fault in faults]


GOODS = (
    "materials.wood.pallets",
    "materials.metal.steel",
    "materials.glass.bottles",
    "skills.it",
    "premises.shop",
    "land.forest",
    "water.rain",
)


@few
@given(st.lists(st.integers(1, 3), min_size=2, max_size=5), st.data())
def test_chain_in_which_goods_go_on_is_whole_and_a_cut_is_seen(
    widths: list[int], data: st.DataObject
) -> None:
    # The stages of order n take good n and give good n + 1, however many there are of each order.
    stages = [
        stage(place, order, GOODS[order + 1], GOODS[order])
        for place, order in enumerate(
            order for order, width in enumerate(widths, start=1) for _ in range(width)
        )
    ]
    assert codes_of(stages) == []
    cut = data.draw(st.integers(1, len(widths) - 1))
    torn = [{**one, "offers": ["finance.grant"]} if one["order"] == cut else one for one in stages]
    lonely = widths[cut - 1] + widths[cut]
    assert codes_of(torn) == ["knowledge_chain_passage"] * lonely


NAMES = st.lists(
    st.sampled_from(["RESSOURCERIE", "Commune de", "vélo", "bois", "Emmaüs", "du Lac", "O'", "*("]),
    max_size=3,
).map(" ".join)
ACTIVITIES = st.sampled_from(["", "94.99Z", "88.99B", "84.11Z", "95.29Z", "16.24Z", "94.99Y"])


@few
@given(st.lists(st.tuples(ACTIVITIES, NAMES), min_size=1, max_size=6), st.randoms())
def test_frame_says_of_each_actor_what_its_stage_says(rows: list, mixer: object) -> None:
    ids = [f"A{place}" for place in range(len(rows))]
    actors = pd.DataFrame(rows, columns=["activity", "name"]).assign(actor_id=ids)
    found = find_stages(actors, SHIPPED)
    expected = [
        (actor_id, chain.chain_id, one.stage_id, told)
        for chain in SHIPPED
        for one in chain.stages
        for actor_id, (activity, name) in zip(ids, rows, strict=True)
        if (told := one.told_by(activity, name))
    ]
    assert [tuple(row) for row in found.itertuples(index=False)] == expected
    mixer.shuffle(ids)
    mixed = actors.set_index("actor_id").loc[ids].reset_index()
    pd.testing.assert_frame_equal(find_stages(mixed, SHIPPED), found)


@pytest.mark.parametrize("chain", SHIPPED, ids=lambda chain: chain.chain_id)
def test_an_actor_without_activity_and_name_stands_nowhere(chain) -> None:
    assert chain.stages_of("", "") == ()
