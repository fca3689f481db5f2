"""Value chains: their reader, what it refuses, who stands at a stage, and every shipped file."""

from __future__ import annotations

import itertools
from pathlib import Path

import pandas as pd
import pytest

from toolkit import nomenclature
from toolkit.errors import DataError
from toolkit.knowledge import chain_faults, chains
from toolkit.knowledge.chains import Chain, Stage, find_stages, read_chains
from toolkit.language import LANGUAGES, error_text

SHIPPED = read_chains()
IDS = [chain.chain_id for chain in SHIPPED]
WANTED = {
    "bike",
    "bio_waste",
    "building_reuse",
    "digital_inclusion",
    "electronics",
    "energy_renovation",
    "furniture_reuse",
    "home_care",
    "local_energy",
    "packaging_reuse",
    "paper_board",
    "plastics",
    "short_food",
    "solidarity_mobility",
    "textile_reuse",
    "timber",
    "wood_energy",
}
"""Chains that the toolkit promises."""

GOOD = """
label_fr = "Palettes"
label_en = "Pallets"
pillars = ["longer_use"]
sectors = ["trade"]
source = "expert"

[[stages]]
stage_id = "shops"
order = 1
label_fr = "Magasins"
label_en = "Shops"
activities = ["47.11"]
offers = ["materials.wood.pallets"]

[[stages]]
stage_id = "menders"
order = 2
label_fr = "Réparateurs"
label_en = "Menders"
activities = ["16.24"]
activities_named = ["94.99", "88.99B"]
words = ["Ressourcerie*", "l'Atelier Palette"]
hints = ["^bois"]
offers = ["materials.wood.pallets"]
needs = ["materials.wood.pallets"]
min_actors = 2
note_fr = "À vérifier."
note_en = "To be checked."
"""
SCHOOL = """
[[stages]]
stage_id = "school"
order = 0
label_fr = "Formation"
label_en = "Training"
activities = ["85.32"]
offers = ["materials.wood.pallets"]
"""


def written(folder: Path, text: str, name: str = "pallets") -> Path:
    """Write a chain into the knowledge folder of a territory."""
    (folder / "chains").mkdir(exist_ok=True)
    (folder / "chains" / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder


def own(folder: Path, text: str, name: str = "pallets") -> Chain:
    """Return the chain of a territory."""
    found = read_chains(written(folder, text, name))
    return next(chain for chain in found if chain.chain_id == name)


# --- reading ----------------------------------------------------------------------------------
def test_chain_is_read_as_it_is_written(tmp_path: Path) -> None:
    chain = own(tmp_path, GOOD + SCHOOL)
    assert [stage.stage_id for stage in chain.stages] == ["shops", "menders", "school"]
    assert [[stage.stage_id for stage in order] for order in chain.orders] == [
        ["shops"],
        ["menders"],
    ]
    assert [stage.stage_id for stage in chain.support] == ["school"]
    menders = chain.stages[1]
    assert menders.words == ("ressourcerie*", "l atelier palette")
    assert (menders.min_actors, menders.optional, menders.source) == (2, False, "expert")
    assert (menders.label("en"), menders.note("fr")) == ("Menders", "À vérifier.")
    assert chain.radius_km is None


def test_territory_adds_a_chain_and_replaces_one(tmp_path: Path) -> None:
    written(tmp_path, GOOD)
    written(tmp_path, GOOD, "timber")
    found = read_chains(tmp_path)
    assert [chain.chain_id for chain in found] == sorted([*IDS, "pallets"])
    assert next(one for one in found if one.chain_id == "timber").label_en == "Pallets"


def test_territory_without_chains_has_those_shipped(tmp_path: Path) -> None:
    assert read_chains(tmp_path) == SHIPPED == read_chains()


def test_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    assert own(tmp_path, "\ufeff" + GOOD).label_fr == "Palettes"


# --- faults -----------------------------------------------------------------------------------
BAD = [
    ("no equals sign", "[[stages", "", "knowledge_chain_unreadable", ""),
    ('label_en = "Pallets"', "", "", "knowledge_chain_missing", "label_en"),
    ('label_en = "Menders"', 'label_en = ""', "menders", "knowledge_chain_missing", "label_en"),
    ('note_en = "To be checked."', "", "menders", "knowledge_chain_missing", "note_en"),
    ("min_actors = 2", "min_actor = 2", "menders", "knowledge_chain_key", "min_actor"),
    ("min_actors = 2", "min_actors = 0", "menders", "knowledge_chain_type", "min_actors"),
    ("min_actors = 2", 'optional = "yes"', "menders", "knowledge_chain_type", "optional"),
    ('["47.11"]', '"47.11"', "shops", "knowledge_chain_type", "activities"),
    ('["47.11"]', '["47.12"]', "shops", "knowledge_chain_code_near", "activities"),
    ('["47.11"]', '["supermarket"]', "shops", "knowledge_chain_code", "activities"),
    ('["47.11"]', '["47.11", "47.11"]', "shops", "knowledge_chain_repeated", "activities"),
    ('["longer_use"]', '["longer"]', "", "knowledge_chain_code_near", "pillars"),
    ('["trade"]', '["comm"]', "", "knowledge_chain_code", "sectors"),
    ('["^bois"]', '["b*"]', "menders", "knowledge_chain_word", "hints"),
    (
        '["Ressourcerie*", "l\'Atelier Palette"]',
        '["…"]',
        "menders",
        "knowledge_chain_word",
        "words",
    ),
    ('stage_id = "menders"', 'stage_id = "shops"', "shops", "knowledge_chain_repeated", "stage_id"),
    ('stage_id = "menders"', 'stage_id = "A b"', "A b", "knowledge_chain_id", "stage_id"),
    ("order = 2", "order = 3", "", "knowledge_chain_order", "order"),
    ("order = 2", "order = 1", "", "knowledge_chain_order", "order"),
    ('source = "expert"', 'source = "nobody"', "", "knowledge_chain_source", "source"),
    ('activities = ["47.11"]', "", "shops", "knowledge_chain_nobody", "activities"),
    (
        'activities_named = ["94.99", "88.99B"]',
        "",
        "menders",
        "knowledge_chain_hints",
        "hints",
    ),
    (
        'words = ["Ressourcerie*", "l\'Atelier Palette"]\nhints = ["^bois"]',
        "",
        "menders",
        "knowledge_chain_words",
        "words",
    ),
    (
        'needs = ["materials.wood.pallets"]',
        'needs = ["materials"]',
        "menders",
        "knowledge_chain_root",
        "needs",
    ),
]


@pytest.mark.parametrize("old, new, stage, code, key", BAD)
def test_fault_names_file_stage_and_key(
    old: str, new: str, stage: str, code: str, key: str, tmp_path: Path
) -> None:
    text = new if code == "knowledge_chain_unreadable" else GOOD.replace(old, new)
    assert text != GOOD
    with pytest.raises(DataError) as caught:
        read_chains(written(tmp_path, text))
    found = {(one.where, one.row, one.code, one.column) for one in caught.value.problem_list}
    assert ("pallets.toml", stage, code, key) in found


def test_all_faults_of_all_files_come_at_once(tmp_path: Path) -> None:
    written(tmp_path, GOOD.replace('"47.11"', '"47.12"').replace("order = 2", 'order = "2"'))
    written(tmp_path, GOOD.replace("longer_use", "shorter_use"), "Bad name")
    with pytest.raises(DataError) as caught:
        read_chains(tmp_path)
    found = sorted((one.where, one.column) for one in caught.value.problem_list)
    assert found == [
        ("Bad name.toml", ""),
        ("Bad name.toml", "pillars"),
        ("pallets.toml", "activities"),
        ("pallets.toml", "order"),
    ]
    for lang in LANGUAGES:
        assert all("{" not in sentence for sentence in error_text(caught.value, lang=lang))
    assert "pallets.toml, row shops, `activities`: '47.12' is not" in str(caught.value)


def test_stages_that_exchange_nothing_are_a_fault_on_both_sides(tmp_path: Path) -> None:
    text = GOOD.replace('needs = ["materials.wood.pallets"]', 'needs = ["materials.wood.crates"]')
    with pytest.raises(DataError) as caught:
        read_chains(written(tmp_path, text))
    found = [(one.row, one.code) for one in caught.value.problem_list]
    assert found == [
        ("shops", "knowledge_chain_passage"),
        ("menders", "knowledge_chain_passage"),
    ]


def test_capacity_may_be_lent_back_and_a_parent_serves(tmp_path: Path) -> None:
    lent = GOOD.replace('["materials.wood.pallets"]\n\n', '["materials.metal"]\n\n').replace(
        'needs = ["materials.wood.pallets"]', 'needs = ["materials.metal.steel"]'
    )
    assert own(tmp_path, lent)
    back = GOOD.replace(
        'offers = ["materials.wood.pallets"]\n\n', 'needs = ["materials.wood.pallets"]\n\n'
    ).replace('needs = ["materials.wood.pallets"]\nmin', "min")
    assert own(tmp_path, back).stages[1].needs == ()


def three(*, optional: bool) -> str:
    """Return a chain of three orders whose ends do not meet without the middle."""
    middle = SCHOOL.replace("order = 0", "order = 2").replace(
        "offers", f'optional = {str(optional).lower()}\nneeds = ["materials.wood.pallets"]\noffers'
    )
    middle = middle.replace('offers = ["materials.wood.pallets"]', 'offers = ["materials.metal"]')
    head, tail = GOOD.split('[[stages]]\nstage_id = "menders"')
    last = tail.replace("order = 2", "order = 3").replace(
        'needs = ["materials.wood.pallets"]', 'needs = ["materials.metal.steel"]'
    )
    return f'{head}{middle}\n[[stages]]\nstage_id = "menders"{last}'


def test_chain_must_hold_without_what_is_optional(tmp_path: Path) -> None:
    assert len(own(tmp_path, three(optional=False)).orders) == 3
    with pytest.raises(DataError) as caught:
        read_chains(written(tmp_path, three(optional=True)))
    assert [one.code for one in caught.value.problem_list] == ["knowledge_chain_passage"]


def test_support_that_serves_no_stage_is_a_fault(tmp_path: Path) -> None:
    text = GOOD + SCHOOL.replace("materials.wood.pallets", "knowledge.thesis")
    with pytest.raises(DataError) as caught:
        read_chains(written(tmp_path, text))
    assert [(one.row, one.code) for one in caught.value.problem_list] == [
        ("school", "knowledge_chain_support")
    ]


# --- who stands where -------------------------------------------------------------------------
@pytest.mark.parametrize(
    "activity, name, expected",
    [
        ("16.24Z", "", "activity"),
        ("94.99Z", "Les Ressourceries du Lac", "name"),
        ("94.99Z", "RESSOURCERIE", "name"),
        ("94.99Z", "Atelier palettes", ""),
        ("94.99Z", "L’Atelier Palettes", "name"),
        ("94.99Z", "Bois et compagnie", "name"),
        ("94.99Z", "Aubois", ""),
        ("94.99Z", "Amis du bois", ""),
        ("94.99Z", "Amis (Bois et compagnie)", "name"),
        ("", "Ressourcerie", "name"),
        ("", "Bois et compagnie", ""),
        ("56.10A", "Restaurant La Ressourcerie", ""),
        ("88.99A", "Ressourcerie", ""),
        # NAF 2025: the same label where there is one, else as if unknown.
        ("16.24Y", "", "activity"),
        ("94.99Y", "Ressourcerie", "name"),
    ],
)
def test_what_tells_that_an_actor_stands_at_a_stage(
    activity: str, name: str, expected: str, tmp_path: Path
) -> None:
    chain = own(tmp_path, GOOD)
    menders = chain.stages[1]
    assert menders.told_by(activity, name) == expected
    assert (menders in chain.stages_of(activity, name)) is bool(expected)
    actors = pd.DataFrame({"actor_id": ["A"], "activity": [activity], "name": [name]})
    found = find_stages(actors, [chain])
    assert found.loc[found["stage_id"] == "menders", "told_by"].tolist() == [expected] * bool(
        expected
    )


def test_frame_of_who_stands_where(tmp_path: Path) -> None:
    actors = pd.DataFrame(
        {
            "actor_id": ["B", "A", "C", "D"],
            "activity": ["47.11F", "16.24Z", None, pd.NA],
            "name": ["Hyper", None, "Ressourcerie", pd.NA],
        }
    )
    found = find_stages(actors, [own(tmp_path, GOOD)])
    assert tuple(found.columns) == chains.PLACE_COLUMNS
    assert [tuple(row) for row in found.itertuples(index=False)] == [
        ("B", "pallets", "shops", "activity"),
        ("A", "pallets", "menders", "activity"),
        ("C", "pallets", "menders", "name"),
    ]


@pytest.mark.parametrize("chosen", [(), SHIPPED])
def test_no_actor_stands_nowhere(chosen: tuple[Chain, ...]) -> None:
    actors = pd.DataFrame({"actor_id": [], "activity": [], "name": []}, dtype="str")
    found = find_stages(actors, chosen)
    assert (tuple(found.columns), len(found)) == (chains.PLACE_COLUMNS, 0)


# --- the shipped chains -----------------------------------------------------------------------
def test_the_promised_chains_are_there() -> None:
    assert set(IDS) >= WANTED


@pytest.mark.parametrize("chain", SHIPPED, ids=IDS)
def test_shipped_chain_is_worth_reading(chain: Chain) -> None:
    assert 4 <= len(chain.orders) + len(chain.support) <= 8
    assert 3 <= len(chain.orders) <= 7
    assert chain.support, "nobody trains, advises or searches"
    for stage in chain.stages:
        divisions = {code for code in stage.activities if len(code) == 2}
        assert divisions == set(), f"{stage.stage_id} stands on a whole division"
        doubled = {
            (one, other)
            for one, other in itertools.permutations(stage.activities, 2)
            if one.startswith(other)
        }
        assert doubled == set(), f"{stage.stage_id} names a code and a part of it"
        assert not [one for one in stage.activities_named if one.startswith(stage.activities)], (
            f"{stage.stage_id}: what suffices needs no word"
        )
        assert len({stage.label_fr, stage.label_en}) == 2


@pytest.mark.parametrize(
    "activity, others, name, expected",
    [
        ("56.10A", "16.24Z", "", "activity"),
        (None, "56.10A|16.24Z", "", "activity"),
        ("56.10A", "94.99Z", "Ressourcerie", "name"),
        ("94.99Z", "56.10A", "Amis du bois", ""),
        ("56.10A", None, "Ressourcerie", ""),
        (None, "56.10A", "Ressourcerie", ""),
        (None, None, "Ressourcerie", "name"),
        ("01.11Y", "16.24Y", "", "activity"),
    ],
)
def test_another_activity_places_an_actor_as_its_main_one(
    activity: str | None, others: str | None, name: str, expected: str, tmp_path: Path
) -> None:
    chain = own(tmp_path, GOOD)
    cells = {"actor_id": "A", "activity": activity, "other_activities": others, "name": name}
    plain = {"actor_id": "B", "activity": "56.10A", "other_activities": None, "name": ""}
    actors = pd.DataFrame([plain, cells])
    found = find_stages(actors, [chain])
    here = found[found["stage_id"] == "menders"]
    told = [("A", expected)] if expected else []
    assert list(zip(here["actor_id"], here["told_by"], strict=True)) == told


@pytest.mark.parametrize("chain", SHIPPED, ids=IDS)
def test_something_passes_all_along_a_shipped_chain(chain: Chain) -> None:
    # Counted anew, without the reader: a path from the first order to the last, and one that
    # leaves out whatever is optional.
    def meet(one: Stage, other: Stage) -> bool:
        return any(
            nomenclature.is_compatible(need, offer)
            for offers, needs in ((one.offers, other.needs), (other.offers, one.needs))
            for offer in offers
            for need in needs
        )

    needed = [order for order in chain.orders if not all(stage.optional for stage in order)]
    for way in (chain.orders, needed):
        for before, after in itertools.pairwise(way):
            assert any(meet(one, other) for one in before for other in after)


@pytest.mark.parametrize("chain", SHIPPED, ids=IDS)
def test_every_word_of_a_shipped_chain_finds_itself(chain: Chain) -> None:
    for stage in chain.stages:
        for word in (*stage.words, *stage.hints):
            name = word.replace("*", "").removeprefix("^").upper()
            activity = stage.activities_named[0] if word in stage.hints else ""
            assert stage.told_by(activity, f"{name}") == "name", (stage.stage_id, word)


def test_known_actors_stand_where_an_officer_expects_them() -> None:
    by_id = {chain.chain_id: chain for chain in SHIPPED}

    def places(chain_id: str, activity: str, name: str = "") -> set[str]:
        return {stage.stage_id for stage in by_id[chain_id].stages_of(activity, name)}

    assert places("timber", "16.10A") == {"sawmill"}
    assert places("furniture_reuse", "94.99Z", "ASSOC LA RESSOURCERIE") == {
        "collection",
        "repair",
        "sale",
    }
    assert places("textile_reuse", "88.99B", "Relais emploi") == set()
    assert places("short_food", "84.11Z", "COMMUNE DE MILLAU") == {"canteens"}
    assert places("short_food", "84.11Z", "SM ASSAINISSEMENT") == set()
    assert places("bio_waste", "35.21Z") == {"methane"}
    assert places("natural_fibres", "", "France services Le Teilleul") == set()
    assert places("digital_inclusion", "62.02A", "CELY INFORMATIQUE") == set()
    assert places("wood_energy", "16.29Z", "GRANULES DU ROUERGUE") == {"wood_industry", "fuel"}


# --- frames -----------------------------------------------------------------------------------
def test_frame_of_codes(tmp_path: Path) -> None:
    frame = chains.stages_frame([own(tmp_path, GOOD)])
    assert tuple(frame.columns) == chains.STAGE_COLUMNS
    assert frame["stage_id"].tolist() == ["shops", "menders"]
    assert frame.loc[1, ["offers", "min_actors"]].tolist() == ["materials.wood.pallets", 2]
    assert frame["radius_km"].isna().all()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_table_is_read_without_codes(lang: str) -> None:
    table = chains.chains_table(lang=lang)
    assert tuple(table.columns) == chains.TABLE_COLUMNS
    assert len(table) == sum(len(chain.stages) for chain in SHIPPED)
    shown = table[["chain", "stage", "needs", "offers"]]
    assert not [cell for cell in shown.to_numpy().ravel() if "_" in cell or "materials." in cell]
    assert (table["chain"] != "").all()


def test_labels_of_the_table_are_in_the_language() -> None:
    french, english_ = (chains.chains_table(lang=lang) for lang in ("fr", "en"))
    assert (french["chain"] != english_["chain"]).all()


def test_keys_of_the_file_are_those_of_the_objects() -> None:
    fields = set(Stage.__slots__)
    assert set(chain_faults.STAGE_KEYS) == fields
    assert {*chain_faults.CHAIN_KEYS, "chain_id"} == set(Chain.__slots__)
