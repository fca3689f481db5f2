"""Good practices and levers: read, checked, changed by a territory, brought to a candidate."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest

from toolkit import nomenclature
from toolkit import vocabulary as v
from toolkit.errors import DataError
from toolkit.knowledge import tables
from toolkit.knowledge.practices import (
    LEVELS,
    LEVER_COLUMNS,
    PRACTICE_COLUMNS,
    REASON_COLUMNS,
    TERRITORY_KINDS,
    as_practices,
    levers_for,
    practices_for,
    read_levers,
    read_practices,
)
from toolkit.schema import check_tables
from toolkit.territory import complete

SOURCE = (
    "source_id,title,producer,year,url,licence,note\n"
    "ours,Notre enquête,CC,2026,https://example.org/enquete,,\n"
)
PRACTICE = {
    "practice_id": "local-one",
    "title_fr": "Un séchoir partagé",
    "title_en": "A shared dryer",
    "what_fr": "Deux fermes sèchent ensemble.",
    "what_en": "Two farms dry together.",
    "place": "Ici",
    "territory_kind": "rural",
    "since": "2020",
    "sectors": "agriculture|energy",
    "pillars": "industrial_symbiosis",
    "objectives": "pool_means",
    "families": "business|ess",
    "categories": "energy.heat.waste_heat",
    "conditions_fr": "Un planning",
    "conditions_en": "A schedule",
    "source": "ours",
}
LEVER = {
    "lever_id": "local-lever",
    "level": "local",
    "name_fr": "Fonds",
    "name_en": "Fund",
    "what_fr": "Aide aux études.",
    "what_en": "Pays for studies.",
    "who_fr": "Associations",
    "who_en": "Associations",
    "families": "ess",
    "pillars": "recycling",
    "objectives": "pool_means",
    "sectors": "",
    "categories": "materials.textile",
    "checked_on": "2026-01-31",
    "source": "ours",
}


def written(columns, rows):
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


@pytest.fixture
def folder(tmp_path):
    def made(*, practice=(), lever=()):
        (tmp_path / "sources.csv").write_text(SOURCE, encoding="utf-8")
        files = {
            "practices.csv": (PRACTICE_COLUMNS, [PRACTICE | change for change in practice]),
            "levers.csv": (LEVER_COLUMNS, [LEVER | change for change in lever]),
        }
        for name, (columns, rows) in files.items():
            if rows:
                (tmp_path / name).write_text(written(columns, rows), encoding="utf-8")
        return tmp_path

    return made


def faults(read, path):
    with pytest.raises(DataError) as caught:
        read(path)
    return [(one.code, one.row, one.column, one.found) for one in caught.value.problem_list]


@pytest.mark.parametrize("read", [read_practices, read_levers])
def test_every_shipped_row_has_a_source_of_its_own_that_says_where_it_was_read(read):
    rows = read()
    sources = tables.read_sources().set_index("source_id")
    assert len(rows) > 10
    assert tables.EXPERT not in set(rows["source"])
    cited = sources.loc[rows["source"]]
    assert (cited["url"] == rows["link"].to_numpy()).all()
    assert cited["url"].str.match(r"https?://\S+$").all()
    assert (cited["producer"] != "").all()
    assert cited["note"].str.startswith("Read").all()


def test_shipped_practices_cover_kinds_of_territory_families_and_objectives():
    rows = read_practices()

    def named(column):
        return {code for cell in rows[column] for code in v.split_list(cell)}

    assert len(rows) >= 40
    assert named("territory_kind") == set(TERRITORY_KINDS)
    assert named("families") == set(v.FAMILIES)
    assert named("objectives") == set(v.OBJECTIVES)
    assert named("pillars") == nomenclature.codes("pillars")
    assert rows["place"].nunique() >= 40


def test_shipped_levers_are_of_every_level():
    assert set(read_levers()["level"]) == set(LEVELS)


def test_a_territory_adds_and_replaces_rows_by_id(folder):
    first, second = read_practices()["practice_id"].head(2)
    path = folder(practice=({}, {"practice_id": first, "title_fr": "Autrement"}))
    before, after = read_practices().set_index("practice_id"), read_practices(path)
    assert after["practice_id"].is_monotonic_increasing
    after = after.set_index("practice_id")
    assert set(after.index) == {*before.index, "local-one"}
    assert after.loc[first, "title_fr"] == "Autrement"
    assert after.loc["local-one", "link"] == "https://example.org/enquete"
    assert after.loc[second].to_dict() == before.loc[second].to_dict()
    assert len(read_levers(path)) == len(read_levers())


def test_a_folder_without_files_changes_nothing(tmp_path):
    pd.testing.assert_frame_equal(read_practices(tmp_path), read_practices())
    pd.testing.assert_frame_equal(read_levers(tmp_path), read_levers())


@pytest.mark.parametrize(
    "change, expected",
    [
        ({"practice_id": ""}, ("knowledge_empty", "practice_id", "")),
        ({"what_en": ""}, ("knowledge_empty", "what_en", "")),
        ({"place": ""}, ("knowledge_empty", "place", "")),
        ({"families": ""}, ("knowledge_empty", "families", "")),
        ({"source": ""}, ("knowledge_empty", "source", "")),
        ({"source": "expert"}, ("knowledge_code", "source", "expert")),
        ({"territory_kind": "moon"}, ("knowledge_code", "territory_kind", "moon")),
        ({"since": "long ago"}, ("knowledge_number", "since", "long ago")),
        ({"since": "20"}, ("knowledge_number", "since", "20")),
        ({"sectors": "agriculture|magic"}, ("knowledge_code", "sectors", "magic")),
        ({"pillars": "magic"}, ("knowledge_code", "pillars", "magic")),
        ({"objectives": "profit"}, ("knowledge_code", "objectives", "profit")),
        ({"families": "ess|army"}, ("knowledge_code", "families", "army")),
        ({"categories": "energy.magic"}, ("knowledge_code", "categories", "energy.magic")),
        ({"conditions_en": ""}, ("knowledge_empty", "conditions_en", "")),
        (
            {"sectors": "", "pillars": "", "objectives": "", "categories": ""},
            ("knowledge_empty", "objectives", ""),
        ),
    ],
)
def test_each_wrong_cell_of_a_practice_is_told_with_its_place(folder, change, expected):
    code, column, found = expected
    assert faults(read_practices, folder(practice=(change,))) == [(code, "2", column, found)]


@pytest.mark.parametrize(
    "change, expected",
    [
        ({"level": "galactic"}, ("knowledge_code", "level", "galactic")),
        ({"families": ""}, ("knowledge_empty", "families", "")),
        ({"who_fr": ""}, ("knowledge_empty", "who_fr", "")),
        ({"checked_on": "31/01/2026"}, ("knowledge_date", "checked_on", "31/01/2026")),
        ({"checked_on": "20260131"}, ("knowledge_date", "checked_on", "20260131")),
        ({"checked_on": "2026-02-30"}, ("knowledge_date", "checked_on", "2026-02-30")),
        ({"checked_on": "2026-13"}, ("knowledge_date", "checked_on", "2026-13")),
        ({"checked_on": "26"}, ("knowledge_date", "checked_on", "26")),
        ({"checked_on": ""}, ("knowledge_empty", "checked_on", "")),
        ({"source": "hearsay"}, ("knowledge_code", "source", "hearsay")),
    ],
)
def test_each_wrong_cell_of_a_lever_is_told_with_its_place(folder, change, expected):
    code, column, found = expected
    assert faults(read_levers, folder(lever=(change,))) == [(code, "2", column, found)]


@pytest.mark.parametrize("day", ["2026", "2026-01", "2026-01-31"])
def test_what_was_read_is_dated_as_closely_as_is_known(folder, day):
    rows = read_levers(folder(lever=({"checked_on": day},))).set_index("lever_id")
    assert rows.loc["local-lever", "checked_on"] == day


def test_all_faults_are_told_at_once_by_line(folder):
    path = folder(practice=({"place": ""}, {}, {"since": "x"}))
    assert faults(read_practices, path) == [
        ("knowledge_empty", "2", "place", ""),
        ("knowledge_repeated", "3", "practice_id", "local-one"),
        ("knowledge_repeated", "4", "practice_id", "local-one"),
        ("knowledge_number", "4", "since", "x"),
    ]


def test_a_header_in_another_order_is_refused(tmp_path):
    columns = [PRACTICE_COLUMNS[1], PRACTICE_COLUMNS[0], *PRACTICE_COLUMNS[2:]]
    (tmp_path / "practices.csv").write_text(written(columns, [PRACTICE]), encoding="utf-8")
    ((code, *_),) = faults(read_practices, tmp_path)
    assert code == "knowledge_header"


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_practices_become_rows_of_the_model_that_pass_its_check(lang):
    rows = read_practices()
    made = as_practices(rows, lang)
    assert made["title"].tolist() == rows[f"title_{lang}"].tolist()
    assert made["what"].tolist() == rows[f"what_{lang}"].tolist()
    assert made["link"].tolist() == rows["link"].tolist()
    told = complete({v.PRACTICES: made})
    assert [one for one in check_tables(told) if one.table == v.PRACTICES] == []


def test_a_practice_keeps_its_cells_in_the_model_and_leaves_unknown_ones_empty(folder):
    path = folder(practice=({"since": "", "conditions_fr": "", "conditions_en": ""},))
    rows = read_practices(path)
    made = as_practices(rows[rows["practice_id"] == "local-one"], "fr")
    (row,) = made.to_dict("records")
    assert pd.isna(row["since"])
    assert pd.isna(row["conditions"])
    assert pd.isna(row["source_id"])
    assert row["basis"] == "recorded"
    assert row["families"] == "business|ess"
    assert row["link"] == "https://example.org/enquete"


def frame(*changes):
    return pd.DataFrame([LEVER | {"link": ""} | change for change in changes])


def test_levers_are_ranked_by_what_they_share_and_say_it():
    known = frame(
        {"lever_id": "both", "level": "european", "pillars": "recycling|longer_use"},
        {"lever_id": "half", "pillars": ""},
        {"lever_id": "none", "pillars": "ecodesign", "categories": "", "objectives": ""},
    )
    found = levers_for(
        known,
        categories=["materials.textile.shoes"],
        pillars=["recycling"],
        families=["ess", "public"],
    )
    assert found[["lever_id", "score"]].to_numpy().tolist() == [["both", 1.0], ["half", 0.5]]
    assert found.loc[0, "shared_categories"] == "materials.textile.shoes"
    assert found.loc[0, "shared_pillars"] == "recycling"
    assert found.loc[0, "shared_families"] == "ess"
    assert found.loc[1, "shared_pillars"] == ""


def test_of_equal_levers_the_nearest_level_comes_first():
    known = frame(*({"lever_id": level, "level": level} for level in reversed(LEVELS)))
    assert levers_for(known, pillars=["recycling"])["lever_id"].tolist() == list(LEVELS)


@pytest.mark.parametrize(
    "asked, kept",
    [
        ({"categories": ["materials"]}, True),
        ({"categories": ["materials.textile.shoes"]}, True),
        ({"categories": ["materials.textiles"]}, False),
        ({"categories": ["energy.heat"], "pillars": ["recycling"]}, False),
        ({"pillars": ["recycling"], "families": ["business"]}, False),
        ({"pillars": ["recycling"], "families": []}, True),
        ({}, False),
    ],
)
def test_a_lever_for_other_things_or_other_people_is_left_out(asked, kept):
    assert bool(len(levers_for(frame({}), **asked))) is kept


def test_no_lever_gives_a_frame_with_its_columns():
    found = levers_for(frame({}))
    assert list(found.columns) == [*LEVER_COLUMNS, "link", *REASON_COLUMNS]
    assert found["score"].dtype == "float64"


def test_a_shipped_lever_is_found_for_a_partnership_of_each_family():
    known = read_levers()
    for family in v.FAMILIES:
        found = levers_for(known, objectives=v.OBJECTIVES, families=[family])
        assert len(found), family
        assert found["score"].between(0, 1).all()


def test_practices_of_another_subject_are_left_out_and_the_nearest_come_first():
    known = pd.DataFrame(
        [
            PRACTICE | {"link": ""} | change
            for change in (
                {"practice_id": "far", "families": "public", "sectors": "health"},
                {"practice_id": "near"},
                {"practice_id": "other", "categories": "materials.wood"},
                {"practice_id": "silent", "categories": ""},
            )
        ]
    )
    found = practices_for(
        known,
        categories=["energy.heat"],
        objectives=["pool_means"],
        sectors=["agriculture"],
        families=["ess", "business"],
    )
    assert found[["practice_id", "score"]].to_numpy().tolist() == [
        ["near", 1.0],
        ["silent", 0.75],
        ["far", 0.5],
    ]
    assert found.loc[0, "shared_families"] == "ess|business"


@pytest.mark.parametrize(
    "category, practice_id",
    [
        ("energy.heat.waste_heat", "dunkerque-chaleur-acierie"),
        ("materials.glass.bottles", "ma-bouteille-sappelle-reviens"),
        ("water.irrigation", "limagne-noire-eau-epuree"),
        ("skills.shared_job", "venetis-emploi-partage"),
    ],
)
def test_a_shipped_practice_is_found_by_what_it_is_about(category, practice_id):
    found = practices_for(read_practices(), categories=[category])
    assert practice_id in set(found["practice_id"])
    assert len(found) < len(read_practices()) / 3
