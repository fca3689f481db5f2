"""The broken chains of the demo, each looked up by hand in the list of its actors."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from toolkit.background import Background
from toolkit.gaps import chains, table
from toolkit.knowledge.chains import find_stages, read_chains, stages_frame
from toolkit.settings import Settings
from toolkit.sources.demo import demo_territory

if TYPE_CHECKING:
    import pandas as pd

    from toolkit.territory import Territory

CHAINS = {chain.chain_id: chain for chain in read_chains()}
BROKEN = {
    # Recycling centres have bicycles, schools want them: no shop, no workshop, no hire.
    "bike:2-3",
    # Kitchens and separate collection, fields that take compost: nobody composts.
    "bio_waste:3",
    # Town halls demolish, platforms sell: nobody takes down with care.
    "building_reuse:deconstruction",
    "energy_renovation:advice",
    # Manure on one side, fields on the other.
    "farm_methane:methane",
    # Home help and nursing, four mutual societies: no day care.
    "home_care:day_care",
    # Éco-matériaux Noël recycles rubble and town halls order roads: no road builder.
    "inert_materials:users",
    "local_energy:2-4",
    # Restaurants take bottles back and four centres wash: nobody collects.
    "packaging_reuse:collection",
    # Four sawmills, 24 carpenters: nobody makes frames or floors.
    "timber:processing",
    # Sawdust and prunings on one side, schools to heat on the other.
    "wood_energy:fuel",
}
WHOLE = ("electronics", "furniture_reuse", "metals", "paper_board", "short_food", "textile_reuse")
"""Every order that is needed has its actors."""
ENDS = ("bio_based_building", "digital_inclusion", "food_aid", "natural_fibres", "plastics")
"""Nothing lacks between two, or only one end is there."""


@pytest.fixture(scope="module")
def territory() -> Territory:
    return demo_territory()


@pytest.fixture(scope="module")
def places(territory: Territory) -> pd.DataFrame:
    return find_stages(territory.actors, list(CHAINS.values()))


@pytest.fixture(scope="module")
def found(territory: Territory, places: pd.DataFrame) -> table.Found:
    known = Background(stages=stages_frame(list(CHAINS.values())), places=places)
    return chains.find(territory, settings=Settings(), background=known)


def test_chains_broken_on_the_demo(found: table.Found) -> None:
    assert {gap.gap_id.partition(":")[2] for gap in found.gaps} == BROKEN
    named = {gap.gap_id.split(":")[1] for gap in found.gaps}
    assert not named & {*WHOLE, *ENDS}


def test_nobody_stands_where_a_chain_is_broken(found: table.Found, places: pd.DataFrame) -> None:
    counts = Counter(zip(places["chain_id"], places["stage_id"], strict=True))
    lacking = found.detail[found.detail["missing"]]
    assert len(lacking) >= len(BROKEN)
    for chain_id, stage_id in zip(lacking["chain_id"], lacking["stage_id"], strict=True):
        assert counts[chain_id, stage_id] == 0
    for chain_id in WHOLE:
        for order in CHAINS[chain_id].orders:
            needed = [stage for stage in order if not stage.optional]
            assert not needed or any(
                counts[chain_id, stage.stage_id] >= stage.min_actors for stage in needed
            )


def test_timber_waits_on_both_sides(found: table.Found, territory: Territory) -> None:
    (gap,) = (gap for gap in found.gaps if gap.gap_id == "broken_chain:timber:processing")
    activity = territory.actors.set_index("actor_id")["activity"]
    assert Counter(activity[list(gap.actor_ids)]) == {"16.10A": 4, "43.32A": 24}
    assert (gap.category, gap.expected, gap.observed) == ("materials.wood.timber", 1.0, 0.0)
    sides = found.more["chain_sides"]
    own = sides[sides["gap_id"] == gap.gap_id].groupby("side").size()
    assert own.to_dict() == {"upstream": 4, "downstream": 24}
