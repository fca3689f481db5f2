"""The tables of data/nomenclatures: whole, consistent, and equal to the official lists."""

from __future__ import annotations

import csv
import itertools
import re
import statistics
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

TABLES = Path(__file__).resolve().parents[2] / "data" / "nomenclatures"
ALL_TABLES = (
    "categories",
    "legal_forms",
    "naf_2025",
    "naf_rev2",
    "pillars",
    "sectors",
    "size_bands",
    "units",
    "waste",
)
LINKS = "category_links"
"""The one table with several rows a category."""


def words(block: str) -> set[str]:
    return set(block.split())


UNITS = words("kg t m3 L kWh MWh kW m2 ha unit place person hour day EUR kEUR km")
ROOTS = words(
    "materials energy water premises land equipment logistics skills services social knowledge "
    "finance"
)

# METHODS 5.1, written out again so that a slip in the build script shows.
COOPERATIVES = """
5191 5192 5193 5194 5195 5196 5203 5307 5309 5443 5451 5453 5454 5455 5458 5459 5460
5543 5547 5551 5552 5553 5554 5555 5558 5559 5560
5643 5647 5651 5652 5653 5654 5655 5658 5659 5660
6100 6316 6317 6318 6543 6551 6554 6558 6560 6595 6596
"""
FORMS = {
    "cooperative": words(COOPERATIVES),
    "mutual": words("6411 8210 8250 8290 8510 8520"),
    "association": words("9210 9220 9221 9222 9223 9230 9260"),
    "foundation": {"9300"},
}
NAMED_PUBLIC = words("7210 7220 7230 7340 7343 7344 7346 7348 7353 7354 7355 7357 7361 7367")
NAMED_PUBLIC |= {"7381", "7410"}


def read(path: Path, *, delimiter: str = ",", encoding: str = "utf-8") -> list[dict[str, str]]:
    with path.open(encoding=encoding, newline="") as handle:
        return list(csv.DictReader(handle, delimiter=delimiter))


def table(name: str) -> list[dict[str, str]]:
    return read(TABLES / f"{name}.csv")


def column(name: str, key: str, value: str) -> dict[str, str]:
    return {row[key]: row[value] for row in table(name)}


def tidy(text: str) -> str:
    plain = text.replace("\u2019", "'").replace("\u00a0", " ")
    return re.sub(r"\s+", " ", plain).strip()


def capitalised(text: str) -> str:
    label = tidy(text)
    return label[0].upper() + label[1:]


def folded(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in parts if not unicodedata.combining(letter))


def split(cell: str) -> list[str]:
    return cell.split("|") if cell else []


def leaves() -> list[dict[str, str]]:
    rows = table("categories")
    parents = {row["parent"] for row in rows}
    return [row for row in rows if row["category_id"] not in parents]


# --- form of every table ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL_TABLES)
def test_file_is_plain_utf8_with_line_feeds_and_sorted_unique_codes(name: str) -> None:
    raw = (TABLES / f"{name}.csv").read_bytes()
    assert not raw.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in raw
    assert raw.endswith(b"\n")
    rows = table(name)
    assert all(None not in row and None not in row.values() for row in rows)
    codes = [next(iter(row.values())) for row in rows]
    assert codes == sorted(set(codes))


@pytest.mark.parametrize("name", ALL_TABLES)
def test_cells_are_trimmed_and_hold_no_typographic_trap(name: str) -> None:
    for row in table(name):
        for cell in row.values():
            assert cell == tidy(cell), row
            assert not cell.startswith(("=", "+", "@"))
            assert "\ufffd" not in cell
            assert "Ã" not in cell


@pytest.mark.parametrize("name", [name for name in ALL_TABLES if name != "naf_2025"])
def test_every_row_has_a_french_label(name: str) -> None:
    assert all(row["label_fr"] for row in table(name))


# --- activity nomenclatures -------------------------------------------------------------------


@pytest.mark.parametrize(
    "name,counts",
    [
        ("naf_rev2", (21, 88, 272, 615, 732)),
        ("naf_2025", (22, 87, 287, 651, 747)),
    ],
)
def test_naf_has_its_five_levels_and_each_parent_is_one_level_up(
    name: str, counts: tuple[int, ...]
) -> None:
    order = ("section", "division", "group", "class", "subclass")
    levels = column(name, "code", "level")
    found = Counter(levels.values())
    assert tuple(found[level] for level in order) == counts
    for row in table(name):
        rank = order.index(row["level"])
        if rank == 0:
            assert row["parent"] == ""
        else:
            assert levels[row["parent"]] == order[rank - 1]
        if rank > 1:
            assert row["code"].startswith(row["parent"])


def test_last_letter_tells_the_two_nafs_apart() -> None:
    patterns = {"naf_rev2": r"\d\d\.\d\d[A-FZ]", "naf_2025": r"\d\d\.\d\d[YGHJKL]"}
    for name, pattern in patterns.items():
        codes = [row["code"] for row in table(name) if row["level"] == "subclass"]
        assert all(re.fullmatch(pattern, code) for code in codes)


def test_naf_rev2_is_in_english_down_to_the_classes() -> None:
    rows = table("naf_rev2")
    assert all(row["label_en"] for row in rows if row["level"] != "subclass")
    english = column("naf_rev2", "code", "label_en")
    assert english["01.30Z"] == english["01.3"] == "Plant propagation"
    assert not english["10.71A"], "a part of a class has not the heading of the class"


def test_naf_rev2_equals_the_official_tree(shared_data: Path) -> None:
    official: dict[str, str] = {}
    for row in read(shared_data / "nomenclatures" / "naf_2008.csv"):
        for level in ("section", "division", "groupe", "classe", "sous_classe"):
            official[row[f"code_{level}"]] = tidy(row[f"libelle_{level}"])
    assert column("naf_rev2", "code", "label_fr") == official


def test_naf_rev2_agrees_with_the_level_files(shared_data: Path) -> None:
    folder = shared_data / "nomenclatures" / "naf_rev2"
    labels = {row["code"].replace(".", ""): row["label_fr"] for row in table("naf_rev2")}
    for number in range(1, 6):
        rows = read(folder / f"naf{number}.csv", delimiter=";")
        for code, label in (list(row.values()) for row in rows):
            # These files cut some labels at their first semicolon.
            assert labels[code] == tidy(label) or labels[code].startswith(f"{tidy(label)} ; ")


def test_naf_rev2_sections_agree_with_the_short_path(shared_data: Path) -> None:
    parents = column("naf_rev2", "code", "parent")
    for row in read(shared_data / "nomenclatures" / "naf_rev2" / "5to1.csv", delimiter=";"):
        code = f"{row['n5'][:2]}.{row['n5'][2:]}"
        section = parents[parents[parents[parents[code]]]]
        assert section == row["n1"]


def test_naf_2025_equals_the_official_codes(shared_data: Path) -> None:
    rows = read(shared_data / "nomenclatures" / "naf_2025.csv")
    labels = column("naf_2025", "code", "label_fr")
    parents = column("naf_2025", "code", "parent")
    assert set(labels) == {row[f"niv{level}"] for row in rows for level in range(1, 6)}
    for row in rows:
        assert labels[row["niv5"]] == tidy(row["niv5_libelle"])
        assert labels[row["niv1"]].upper() == tidy(row["niv1_libelle"])
        for level in range(2, 6):
            assert parents[row[f"niv{level}"]] == row[f"niv{level - 1}"]


# --- legal forms ------------------------------------------------------------------------------


def test_legal_forms_cover_the_official_list_exactly(shared_data: Path) -> None:
    rows = read(shared_data / "nomenclatures" / "categories_juridiques_niv3.csv")
    official = {row["code"]: tidy(row["libelle"]) for row in rows}
    assert column("legal_forms", "code", "label_fr") == official


def test_legal_forms_of_the_social_economy_are_those_of_the_methods() -> None:
    found: dict[str, set[str]] = {form: set() for form in FORMS}
    for row in table("legal_forms"):
        assert (row["family"] == "ess") == bool(row["ess_form"]), row
        if row["ess_form"]:
            found[row["ess_form"]].add(row["code"])
    assert found == FORMS


@pytest.mark.parametrize(
    "family,codes",
    [
        ("public", NAMED_PUBLIC),
        ("research", {"7331", "7383", "7384", "8470"}),
        ("civil", {"8410", "9110", "9150", "9240"}),
        ("business", {"1000", "5499", "5710", "5432", "5532", "5632", "6532", "9224"}),
        ("", {"0000", "9900"}),
    ],
)
def test_family_of_the_leaf_codes_that_prefixes_get_wrong(family: str, codes: set[str]) -> None:
    families = column("legal_forms", "code", "family")
    assert {families[code] for code in codes} == {family}


def test_research_list_is_closed() -> None:
    families = column("legal_forms", "code", "family")
    found = {code for code, family in families.items() if family == "research"}
    assert found == {"7331", "7383", "7384", "8470"}


def test_debatable_legal_forms_carry_a_note() -> None:
    notes = column("legal_forms", "code", "note")
    for code in ("5432", "5532", "5632", "6532", "8510", "8520", "9110", "9150", "9240", "5710"):
        assert notes[code]


def test_natural_persons_are_the_sole_traders() -> None:
    marks = column("legal_forms", "code", "natural_person")
    assert {code for code, mark in marks.items() if mark == "1"} == {"1000"}
    assert set(marks.values()) == {"0", "1"}


# --- waste ------------------------------------------------------------------------------------


def test_waste_has_842_codes_408_of_them_hazardous() -> None:
    rows = table("waste")
    levels = Counter(row["level"] for row in rows)
    assert levels == {"waste": 842, "subchapter": 111, "chapter": 20}
    assert Counter(row["hazardous"] for row in rows) == {"0": 434, "1": 408, "": 131}
    per_chapter = Counter(row["chapter"] for row in rows if row["level"] == "waste")
    # Counts of METHODS 5.6.
    expected = [24, 38, 19, 21, 24, 48, 78, 38, 13, 173, 27, 23, 34, 5, 12, 72, 38, 16, 99, 40]
    assert [per_chapter[f"{chapter:02d}"] for chapter in range(1, 21)] == expected


def test_waste_codes_sit_under_their_chapter_and_subchapter() -> None:
    levels = column("waste", "code", "level")
    patterns = {
        "chapter": r"\d\d",
        "subchapter": r"\d\d \d\d",
        "waste": r"\d\d \d\d \d\d",
    }
    for row in table("waste"):
        assert re.fullmatch(patterns[row["level"]], row["code"])
        assert row["chapter"] == row["code"][:2]
        assert levels[row["chapter"]] == "chapter"
        if row["level"] != "chapter":
            assert row["subchapter"] == row["code"][:5]
            assert levels[row["subchapter"]] == "subchapter"
        assert row["label_en"]


def test_waste_equals_the_french_list(shared_data: Path) -> None:
    labels = column("waste", "code", "label_fr")
    hazardous = column("waste", "code", "hazardous")
    rows = read(shared_data / "nomenclatures" / "codes_dechets.csv")
    assert len(rows) == 842
    for row in rows:
        code = row["code"].rstrip("*").strip()
        assert labels[code] == capitalised(row["description"])
        assert hazardous[code] == ("1" if row["code"].endswith("*") else "0")


def plain_english(title: str) -> str:
    # The older list says "dangerous substances" where decision 2014/955/EU says "hazardous".
    words = re.sub(r"[^a-z0-9]+", " ", title.lower().replace("dangerous", "hazardous"))
    return words.replace("off site", "offsite").strip()


def test_waste_english_titles_are_official_and_no_synonyms(shared_data: Path) -> None:
    english = column("waste", "code", "label_en")
    official: dict[str, str] = {}
    text = (shared_data / "nomenclatures" / "LoW_Classification.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        code, title, *_synonyms = line.split("\t")
        if re.fullmatch(r"\d\d \d\d \d\d\*?", code.strip()):
            official[code.strip().rstrip("*")] = title
    assert len(official) == 774
    different = {
        code
        for code, title in official.items()
        if plain_english(title) != plain_english(english[code])
    }
    # Cut short, footnote signs, a wording of before 2015, singular and plural: README.md.
    assert different == {
        *("01 03 09", "06 08 02", "07 02 17", "13 01 01", "13 03 01", "16 01 09", "16 02 09"),
        *("16 02 10", "16 02 11", "16 02 13", "17 06 05", "19 03 04", "20 01 35"),
    }


# --- size classes, pillars, sectors, units ----------------------------------------------------


def test_size_bands_follow_each_other_and_hold_their_midpoint() -> None:
    rows = {row["code"]: row for row in table("size_bands")}
    unknown = rows.pop("NN")
    assert (unknown["min_jobs"], unknown["max_jobs"], unknown["midpoint_jobs"]) == ("", "", "")
    ordered = sorted(rows.values(), key=lambda row: int(row["min_jobs"]))
    assert len(ordered) == 15
    assert [row["code"] for row in ordered] == sorted(rows)
    for before, after in itertools.pairwise(ordered):
        assert int(after["min_jobs"]) == int(before["max_jobs"]) + 1
    for row in ordered[:-1]:
        middle = (int(row["min_jobs"]) + int(row["max_jobs"])) / 2
        assert float(row["midpoint_jobs"]) == middle
    assert (ordered[-1]["max_jobs"], ordered[-1]["midpoint_jobs"]) == ("", "10000")


def test_pillars_are_seven_in_three_domains() -> None:
    rows = table("pillars")
    assert Counter(row["domain"] for row in rows) == {"supply": 4, "demand": 2, "waste": 1}
    for row in rows:
        assert all(row.values())
        assert row["definition_fr"].endswith(".")


def test_each_naf_division_is_in_exactly_one_sector() -> None:
    divisions = {row["code"] for row in table("naf_rev2") if row["level"] == "division"}
    placed = Counter(code for row in table("sectors") for code in split(row["naf_divisions"]))
    assert set(placed) == divisions
    assert set(placed.values()) == {1}


def test_units_are_the_allowed_set() -> None:
    rows = table("units")
    assert {row["unit"] for row in rows} == UNITS
    assert {row["dimension"] for row in rows} == words(
        "mass volume energy power area count time currency length"
    )
    assert all(all(row.values()) for row in rows)


def test_unit_aliases_never_mean_two_units() -> None:
    meaning: dict[str, str] = {}
    for row in table("units"):
        words = [row["unit"], row["label_fr"], row["label_en"], row["symbol_fr"], row["symbol_en"]]
        words += split(row["aliases_fr"]) + split(row["aliases_en"])
        for word in words:
            assert meaning.setdefault(folded(word), row["unit"]) == row["unit"], word
    for typed, unit in (("Tonnes", "t"), ("M²", "m2"), ("PIÈCES", "unit"), ("k€", "kEUR")):
        assert meaning[folded(typed)] == unit


# --- categories -------------------------------------------------------------------------------


def test_categories_are_a_tree_of_two_or_three_levels_under_the_roots() -> None:
    rows = table("categories")
    ids = {row["category_id"] for row in rows}
    for row in rows:
        category = row["category_id"]
        assert re.fullmatch(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){0,2}", category)
        assert row["parent"] == category.rpartition(".")[0]
        assert row["parent"] in ids or not row["parent"]
    assert {row["category_id"] for row in rows if not row["parent"]} == ROOTS
    used = {row["category_id"].split(".")[0] for row in leaves()}
    assert used == ROOTS


def test_categories_have_at_least_150_leaves() -> None:
    assert len(leaves()) >= 150


@pytest.mark.parametrize("name", ["categories", "sectors", "pillars", "units"])
@pytest.mark.parametrize("language", ["fr", "en"])
def test_labels_are_unique_in_each_language(name: str, language: str) -> None:
    labels = [folded(row[f"label_{language}"]) for row in table(name)]
    assert all(labels)
    assert [label for label, count in Counter(labels).items() if count > 1] == []


def test_category_units_are_known_and_of_the_stated_dimension() -> None:
    dimension = column("units", "unit", "dimension")
    for row in leaves():
        assert dimension[row["default_unit"]] == row["dimension"], row["category_id"]


def test_branches_take_their_distance_from_their_leaves_and_roots_have_none() -> None:
    rows = table("categories")
    dimension = column("units", "unit", "dimension")
    for row in rows:
        children = [child for child in rows if child["parent"] == row["category_id"]]
        if not row["parent"]:
            assert not any((row["dimension"], row["default_unit"], row["radius_km"]))
        elif children:
            middle = statistics.median(float(child["radius_km"]) for child in children)
            assert float(row["radius_km"]) == middle
            assert row["radius_note"] == "median of the branch"
            assert row["default_unit"] in {child["default_unit"] for child in children}
            assert dimension[row["default_unit"]] == row["dimension"]


def test_category_distances_are_positive_and_their_origin_is_stated() -> None:
    radius = {row["category_id"]: float(row["radius_km"]) for row in leaves()}
    assert all(0 < distance <= 250 for distance in radius.values())
    assert {row["radius_note"] for row in leaves()} == {"expert judgement"}
    # Heat does not travel; materials do, dense ones further than bulky ones; knowledge most.
    assert radius["energy.heat.hot_water"] < radius["materials.organic.manure"]
    assert radius["materials.construction.aggregates"] < radius["materials.wood.pallets"]
    assert radius["materials.wood.pallets"] < radius["knowledge.research_partnership"]


def test_only_services_to_people_have_an_access_time() -> None:
    for row in leaves():
        root = row["category_id"].split(".")[0]
        if root == "services":
            assert 5 <= int(row["access_minutes"]) <= 60, row["category_id"]
        elif root == "social":
            assert not row["access_minutes"] or 5 <= int(row["access_minutes"]) <= 60
        else:
            assert not row["access_minutes"], row["category_id"]


def test_category_waste_codes_exist() -> None:
    known = {row["code"] for row in table("waste")}
    for row in leaves():
        codes = split(row["waste_codes"])
        assert set(codes) <= known, row["category_id"]
        assert len(codes) == len(set(codes))


def test_hazardous_waste_is_only_linked_where_the_category_says_so() -> None:
    hazardous = {row["code"] for row in table("waste") if row["hazardous"] == "1"}
    expected = {
        "materials.wood.treated",
        "materials.construction.paint",
        "materials.goods.appliances",
    }
    found = {
        row["category_id"]
        for row in leaves()
        if hazardous & set(split(row["waste_codes"]))
        and not row["category_id"].startswith("materials.hazardous.")
    }
    assert found == expected


def test_category_sectors_exist_and_each_sector_is_used() -> None:
    known = set(column("sectors", "sector_id", "label_fr"))
    used = {sector for row in leaves() for sector in split(row["sectors"])}
    assert used == known
    assert all(row["sectors"] for row in leaves())


BPE_SINCE_2024 = {
    *("A128", "A130", "A133", "A140", "B104", "B105", "B207", "C107", "C108", "C109", "C410"),
    *("C610", "D114", "D250", "D265", "D277", "D278", "D279", "D281", "D503", "D505", "D506"),
    *("D507", "D607", "D710", "F312", "F315"),
    *(f"D{number}" for number in (*range(251, 263), *range(266, 277))),
}
"""Types that the list of 2021 lacks: labels of the BPE of 2024 as a public selector of its types
shows them (`TYPEQU`), and ``A140`` as in rows of the BPE of 2025."""


def test_category_bpe_codes_exist(shared_data: Path) -> None:
    rows = read(
        shared_data / "nomenclatures" / "bpe_types.csv", delimiter=";", encoding="utf-8-sig"
    )
    known = {row["id"] for row in rows}
    assert not known & BPE_SINCE_2024, "no code has two meanings"
    known |= BPE_SINCE_2024
    used = Counter(code for row in leaves() for code in split(row["bpe_codes"]))
    assert set(used) <= known
    assert set(used.values()) == {1}, "a type of equipment belongs to one category"


@pytest.mark.parametrize(
    "category,code",
    [
        ("services.health.general_practitioner", "D201"),
        ("services.health.pharmacy", "D307"),
        ("services.education.creche", "D502"),
        ("services.education.lower_secondary", "C201"),
        ("services.daily_life.bakery", "B203"),
        ("services.daily_life.bakery", "B207"),
        ("services.health.general_practitioner", "D265"),
        ("services.education.primary_school", "C109"),
        ("services.daily_life.recycling_centre", "A133"),
        ("services.culture_sport.library", "F307"),
        ("services.culture_sport.cinema", "F303"),
    ],
)
def test_daily_services_name_their_equipment_type(category: str, code: str) -> None:
    assert code in split(column("categories", "category_id", "bpe_codes")[category])


# --- links between categories -----------------------------------------------------------------


def linked() -> list[tuple[str, str, str, str]]:
    """Return category, link, code and weight of every fact."""
    return [
        (row["category_id"], row["link"], code, row["weight"])
        for row in table(LINKS)
        for code in split(row["codes"])
    ]


def test_links_are_plain_sorted_and_trimmed() -> None:
    raw = (TABLES / f"{LINKS}.csv").read_bytes()
    assert not raw.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in raw
    assert raw.endswith(b"\n")
    rows = table(LINKS)
    assert all(cell == tidy(cell) for row in rows for cell in row.values())
    keys = [(row["category_id"], row["link"], -float(row["weight"] or 0)) for row in rows]
    assert keys == sorted(set(keys))
    assert all(split(row["codes"]) == sorted(split(row["codes"])) for row in rows)


def test_links_have_weights_above_zero_and_only_a_row_for_nobody_has_none() -> None:
    rows = table(LINKS)
    parents = {row["category_id"] for row in rows}
    for row in rows:
        if row["codes"]:
            assert 0 < float(row["weight"]) <= 1, row
        else:  # nobody: only worth a row where the parent names somebody
            assert row["weight"] == ""
            assert row["category_id"].rpartition(".")[0] in parents
            same = [one for one in rows if (one["category_id"], one["link"]) == (
                row["category_id"], row["link"])]  # fmt: skip
            assert same == [row]
    # One is kept for the same thing: a neighbour is always less.
    assert all(float(weight) < 1 for _, link, _, weight in linked() if link != "premises")


def test_links_name_codes_that_exist_each_once() -> None:
    categories = set(column("categories", "category_id", "label_fr"))
    known = {
        "substitute": categories,
        "operator": categories,
        "premises": {code for code in categories if code.startswith("premises.")},
        "activity": {row["code"] for name in ("naf_rev2", "naf_2025") for row in table(name)},
        "sector": set(column("sectors", "sector_id", "label_fr")),
    }
    for category, link, code, _ in linked():
        assert category in categories
        assert code in known[link], (category, link, code)
    facts = Counter((category, link, code) for category, link, code, _ in linked())
    assert [fact for fact, count in facts.items() if count > 1] == []


def test_links_join_two_categories_of_which_neither_is_part_of_the_other() -> None:
    for category, link, code, _ in linked():
        if link in {"substitute", "operator"}:
            assert not f"{code}.".startswith(f"{category}."), (category, code)
            assert not f"{category}.".startswith(f"{code}."), (category, code)


def test_links_of_services_and_of_things_are_kept_apart() -> None:
    for category, link, code, _ in linked():
        service = category.split(".")[0] in {"services", "social"}
        assert service == (link != "substitute"), (category, link)
        if link == "operator":
            assert code.split(".")[0] in {"services", "social"}


def test_every_service_says_in_which_premises_it_fits() -> None:
    told = {row["category_id"] for row in table(LINKS) if row["link"] == "premises"}
    for row in leaves():
        category = row["category_id"]
        if category.split(".")[0] in {"services", "social"}:
            parents = {".".join(category.split(".")[:size]) for size in (1, 2, 3)}
            assert parents & told, category


def test_hazardous_waste_serves_instead_of_nothing() -> None:
    assert not [fact for fact in linked() if fact[2].startswith("materials.hazardous")]
