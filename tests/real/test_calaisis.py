"""The real directory of the Calaisis, pasted into the workbook, refused, corrected, imported.

The figures were counted from the files with the csv module and by reading, apart from this code.
"""

from __future__ import annotations

import csv
import dataclasses
import html
import importlib.util
import json
import re
import shutil
import sys
from collections import Counter

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest

from toolkit import nomenclature
from toolkit.diagnosis import diagnose
from toolkit.language import problem_text, text
from toolkit.report import write_report
from toolkit.territory import Territory
from toolkit.workbook.places import Places
from toolkit.workspace import Workspace
from toolkit.workspace.outcome import ImportRefusedError, ImportReport

pytestmark = [pytest.mark.shared, pytest.mark.slow]


def _load(name):
    path = __file__.replace("test_calaisis.py", f"{name}.py")
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


calaisis = _load("build_calaisis")

OWN_COLUMNS = ["Thèmes (annuaire)", "Ligne (annuaire)"]
NBSP = "\N{NO-BREAK SPACE}"


@dataclasses.dataclass
class Story:
    """What the officer lived through."""

    workspace: Workspace
    entries: list
    first: list
    first_copy: object
    before: Territory
    second: list
    part: ImportReport
    part_copy: object
    part_territory: Territory
    last: ImportReport
    again: ImportReport
    territory: Territory


def refused(workspace):
    with pytest.raises(ImportRefusedError) as caught:
        workspace.import_workbook()
    return caught.value


def kept(path, name):
    """Return a copy of a marked copy that later imports do not replace."""
    return shutil.copy(path, path.with_name(name))


@pytest.fixture(scope="module")
def story(shared_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("calaisis") / "territoire"
    workspace = calaisis.create(folder, shared_data)
    entries = calaisis.read_directory(shared_data)
    calaisis.fill(workspace.workbook, entries, stage=calaisis.PASTED)
    first = refused(workspace)
    first_copy = kept(first.corrected_copy, "premier.xlsx")
    before = workspace.territory()
    calaisis.fill(workspace.workbook, entries, stage=calaisis.REPLACED)
    second = refused(workspace)
    part = workspace.import_workbook(partial=True)
    part_copy = kept(part.corrected_copy, "partiel.xlsx")
    part_territory = workspace.territory()
    calaisis.fill(workspace.workbook, entries, stage=calaisis.CORRECTED)
    last = workspace.import_workbook()
    before_again = workspace.tables()
    again = workspace.import_workbook()
    for name, frame in workspace.tables().items():
        pd.testing.assert_frame_equal(pd.DataFrame(frame), pd.DataFrame(before_again[name]))
    calaisis.describe_source(workspace)
    return Story(
        workspace,
        entries,
        list(first.problem_list),
        first_copy,
        before,
        list(second.problem_list),
        part,
        part_copy,
        part_territory,
        last,
        again,
        workspace.territory(),
    )


@pytest.fixture(scope="module")
def diagnosis(story):
    return diagnose(story.territory, settings=story.workspace.settings())


def counted(problems):
    return dict(Counter((problem.table, problem.column, problem.code) for problem in problems))


def by_line(actors):
    return actors.set_index(actors["Ligne (annuaire)"].astype(int)).sort_index()


# --- what goes in -----------------------------------------------------------------------------
def test_the_perimeter_is_the_three_groupings_and_the_outline_alike(shared_data):
    found = calaisis.perimeter(shared_data)
    communes = found.tables["communes"]
    assert found.notes == ()
    assert len(communes) == 52
    assert communes["population"].sum() == 152_091
    assert communes["epci_id"].value_counts().to_dict() == {
        "200072478": 23,
        "246200844": 15,
        "200090751": 14,
    }
    shares = calaisis.shares_in_outline(shared_data)
    inside = shares[shares > 0.5]
    assert set(inside.index) == set(communes["commune_id"])
    assert inside.min() > 0.97
    assert shares[shares <= 0.5].max() < 0.05


def test_the_directory_as_it_is(story):
    themes = Counter(theme for entry in story.entries for theme in entry.themes.split("|"))
    assert len(story.entries) == 198
    assert themes["Réemploi / Réparation"] == 114
    assert [
        themes[name]
        for name in (
            "Économie Sociale et Solidaire",
            "Économie sociale et Solidaire",
            "Économie Social et Solidaire",
        )
    ] == [57, 2, 3]
    assert themes[f"Lutte{NBSP}contre le gaspillage alimentaire"] == 1
    known = {name for entry in story.entries for name in calaisis.themes_of(entry)}
    assert known == {*calaisis.PILLARS, *calaisis.NO_PILLAR}
    assert sum(NBSP in entry.name for entry in story.entries) == 5
    assert len(calaisis.without_offer(story.entries)) == 75


def test_points_against_addresses(shared_data, story):
    communes = calaisis.perimeter(shared_data).tables["communes"]
    points = gpd.GeoDataFrame(
        {"line": [entry.line for entry in story.entries]},
        geometry=gpd.points_from_xy(
            [float(entry.longitude) for entry in story.entries],
            [float(entry.latitude) for entry in story.entries],
        ),
        crs=4326,
    )
    joined = points.sjoin(communes[["commune_id", "geometry"]], how="left", predicate="within")
    drawn = joined.set_index("line")["commune_id"]
    said = by_line(story.territory.actors)["commune_id"]
    other = drawn[drawn.isna() | (drawn != said)]
    assert other.dropna().to_dict() == {115: "62774", 124: "62645", 185: "62193"}
    assert list(other.index[other.isna()]) == [49, 179]  # 90 m and 7 m off the simplified coast
    assert tuple(other.dropna().index) == calaisis.FAR_POINTS


# --- refused ----------------------------------------------------------------------------------
def test_the_first_attempt_tells_every_problem_of_both_sheets(story):
    assert counted(story.first) == {
        ("actors", "family", "required_cell"): 198,
        ("actors", "pillars", "unknown_choice"): 197,  # all but the line without theme
        ("actors", "commune_id", "commune_unknown"): 12,
        ("actors", "commune_id", "required_cell"): 3,
        ("actors", "commune_id", "commune_not_in_perimeter"): 1,  # a postcode
        ("resources", "category", "unknown_code"): 106,
        ("resources", "category", "unknown_code_close"): 14,
        ("resources", "actor_id", "name_ambiguous"): 2,
    }
    assert len(story.first) == 533
    assert len(story.before.actors) == 0


def test_every_theme_of_a_cell_is_told(story):
    first = next(problem for problem in story.first if problem.column == "pillars")
    assert (first.row, first.found) == (
        "4",
        "Recyclage, Éco-entreprise, Protection de la nature / Biodiversité",
    )


def test_problems_say_the_place_and_the_remedy(story):
    spoken = [problem_text(problem, lang="fr") for problem in story.first]
    near = next(words for words in spoken if "62340 Marais de Guînes" in words)
    assert near.startswith("Acteurs, ligne 106, colonne « Commune » :")
    assert "Noms les plus proches : Guînes (62397)." in near
    assert not any("dans sa feuille" in words for words in spoken)  # communes have no sheet
    assert not any("{" in words for words in spoken)


def test_the_marked_copy_keeps_what_was_typed(story):
    book = openpyxl.load_workbook(story.first_copy)
    marked, typed = book["Acteurs"], openpyxl.load_workbook(story.workspace.workbook)["Acteurs"]
    places = {cell.value: cell.column for cell in marked[1]}
    for entry, row in zip(story.entries, range(calaisis.FIRST_ROW, 202), strict=True):
        cells = [marked.cell(row, places[name]).value for name in ("Nom *", *OWN_COLUMNS)]
        assert cells == [entry.name, entry.themes or None, str(entry.line)]
        assert marked.cell(row, places["Famille *"]).comment is not None
    assert [cell.value for cell in marked[2]][1] == typed["B2"].value  # the examples stay
    assert book.sheetnames[0] == "À corriger"


def test_after_replacing_what_is_left_is_told_row_by_row(story):
    assert counted(story.second) == {
        ("actors", "commune_id", "commune_unknown"): 12,
        ("actors", "commune_id", "required_cell"): 3,
        ("actors", "commune_id", "commune_not_in_perimeter"): 1,
        ("resources", "actor_id", "name_ambiguous"): 2,
    }
    rows = {int(problem.row) - 2 for problem in story.second if problem.table == "actors"}
    assert rows == set(calaisis.COMMUNES_BY_HAND)
    ambiguous = [problem for problem in story.second if problem.code == "name_ambiguous"]
    assert {problem.params["choices"] for problem in ambiguous} == {"emmaus-62043, emmaus-62193"}


def test_the_sound_rows_are_taken_and_the_others_explained(story):
    actors, resources = story.part.tables["actors"], story.part.tables["resources"]
    assert (len(actors.inserted), len(actors.refused)) == (182, 16)
    assert (len(resources.inserted), len(resources.refused)) == (114, 12)
    left = [problem for problem in story.part.problems if problem.code == "refers_to_refused"]
    others = [problem for problem in story.part.problems if problem not in left]
    assert counted(others) == counted(story.second)
    assert len(left) == 10
    assert {problem.column for problem in left} == {"actor_id"}
    assert len(story.part_territory.actors) == 182
    sheet = openpyxl.load_workbook(story.part_copy)["Acteurs"]
    places = {cell.value: cell.column for cell in sheet[1]}
    commented = {
        sheet.cell(row, places["Ligne (annuaire)"]).value
        for row in range(calaisis.FIRST_ROW, 202)
        if sheet.cell(row, places["Commune *"]).comment
    }
    assert commented == {str(line) for line in calaisis.COMMUNES_BY_HAND}


def test_whoever_refers_to_a_refused_row_is_told_so(story):
    left = [problem for problem in story.part.problems if problem.code == "refers_to_refused"]
    names = {str(entry.line + 2): " ".join(entry.name.split()) for entry in story.entries}
    assert {names[problem.params["row"]] for problem in left} == {problem.found for problem in left}


def test_points_in_another_commune_are_remarked(story):
    notes = [note for note in story.part.notes if note.code == "note_point_elsewhere"]
    assert [int(note.row) - 2 for note in notes] == sorted(calaisis.FAR_POINTS)
    said = [(note.params["other"], note.params["written"], note.params["km"]) for note in notes]
    assert said == [
        ("Sangatte", "Ardres", 12.4),
        ("Oye-Plage", "Ruminghem", 13.5),
        ("Calais", "Guînes", 5.2),
    ]
    (count,) = (note for note in story.part.notes if note.code == "note_points_elsewhere")
    assert count.found == "3"
    assert "Oye-Plage" in problem_text(notes[1], lang="fr")


def test_a_postcode_before_the_commune_changes_nothing(shared_data, story):
    places = Places(calaisis.perimeter(shared_data).tables["communes"])
    pasted, replaced = (
        [
            places.read(words).ids if (words := calaisis.commune_of(entry, stage)) else None
            for entry in story.entries
        ]
        for stage in (calaisis.PASTED, calaisis.REPLACED)
    )
    assert pasted == replaced
    assert sum(bool(found) for found in pasted) == 183  # one of them a lone postcode


# --- accepted ---------------------------------------------------------------------------------
def test_corrected_rows_come_in_and_the_others_stay(story):
    actors, resources = story.last.tables["actors"], story.last.tables["resources"]
    assert (len(actors.inserted), len(actors.unchanged)) == (16, 171)
    assert len(actors.updated) == 11  # three persons, eight points; the others come in new
    assert (len(resources.inserted), len(resources.unchanged)) == (12, 114)
    assert story.last.problems == ()
    assert [note.code for note in story.last.notes] == ["note_at_commune"]
    assert story.last.notes[0].found == "15"


def test_importing_again_changes_nothing(story):
    assert not story.again.has_changes
    assert story.again.count("unchanged") == 198 + 126
    assert story.again.count("missing") == story.again.count("refused") == 0


def test_actors_by_family_and_place(story):
    actors = story.territory.actors
    assert len(actors) == 198
    families = actors["family"].value_counts().to_dict()
    assert families == {"business": 131, "ess": 61, "public": 6}
    assert actors["located_by"].value_counts().to_dict() == {"address": 183, "commune": 15}
    assert actors["natural_person"].sum() == 5
    assert actors["commune_id"].nunique() == 28
    assert actors["siret"].isna().all()
    most = actors["commune_id"].value_counts()
    assert most.head(3).to_dict() == {"62193": 107, "62239": 12, "62397": 8}


def test_names_and_themes_are_kept_letter_for_letter(shared_data, story):
    path = shared_data / "calaisis_62" / calaisis.DIRECTORY
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    actors = by_line(story.territory.actors)
    assert actors["name"].tolist() == [row["nom"] for row in rows]
    assert actors["description"].fillna("").tolist() == [row["description"] for row in rows]
    assert actors["address"].fillna("").tolist() == [row["adresse"] for row in rows]
    assert actors[OWN_COLUMNS[0]].fillna("").tolist() == [row["themes"] for row in rows]
    assert actors.loc[10, "name"] == f"Scie Side{NBSP}"
    assert actors.loc[[26, 106, 113, 190], "name"].tolist() == [
        "Cash & You",
        'Association "Espace LA FA BRIQUE"',
        "Atelier Couture de Christine | Mer-Sea",
        "Il suffira d’un fil",
    ]


def test_the_officers_own_columns_are_kept(story):
    actors = by_line(story.territory.actors)
    remarks = actors["Remarque de l'agent"].dropna()
    assert len(remarks) == 24
    assert remarks[115] == "point dans une autre commune que l'adresse : retiré"
    assert "Ligne (annuaire)" in story.territory.resources


def test_pillars_and_offers(story):
    pillars = Counter(
        pillar for cell in story.territory.actors["pillars"].dropna() for pillar in cell.split("|")
    )
    assert pillars == {
        "longer_use": 114,
        "responsible_consumption": 40,
        "functional_economy": 8,
        "recycling": 2,
    }
    resources = story.territory.resources
    assert len(resources) == 126
    assert resources["quantity"].isna().all()
    assert resources["category"].value_counts().head(4).to_dict() == {
        "skills.repair": 50,
        "materials.textile.clothing": 9,
        "services.daily_life.bulk_store": 9,
        "materials.goods": 7,
    }
    emmaus = resources[resources["actor_id"].isin(calaisis.SAME_NAME.values())]
    assert set(emmaus["category"]) == {"services.daily_life.reuse_shop"}
    lines = dict(zip(resources["actor_id"], resources["Ligne (annuaire)"], strict=True))
    actors = story.territory.actors.set_index("actor_id")["Ligne (annuaire)"]
    assert lines == actors[list(lines)].to_dict()


def test_the_source_says_that_no_licence_is_given(story):
    sources = story.territory.sources.set_index("source_id")
    assert set(story.territory.actors["source_id"]) == {"saisie"}
    assert sources.loc["saisie", "licence"].startswith("Non précisée")
    assert sources.loc["saisie", "producer"] == "SEVADEC, avec l'ADEME"
    assert len(sources) == 3
    assert sources.drop("saisie")["licence"].tolist() == ["Licence Ouverte 2.0"] * 2


def test_the_licence_outlives_the_next_import(story, tmp_path):
    folder = shutil.copytree(story.workspace.folder, tmp_path / "copie")
    workspace = Workspace(folder)
    workspace.import_workbook()
    sources = workspace.tables()["sources"].set_index("source_id")
    assert sources.loc["saisie", "licence"] == calaisis.LICENCE


def test_a_wrong_commune_stops_the_whole_import(story, tmp_path, monkeypatch):
    workspace = Workspace(shutil.copytree(story.workspace.folder, tmp_path / "copie"))
    monkeypatch.setitem(calaisis.COMMUNES_BY_HAND, 74, "Lille")
    calaisis.fill(workspace.workbook, story.entries, stage=calaisis.CORRECTED)
    problems = refused(workspace).problem_list
    assert [(problem.code, problem.row, problem.found) for problem in problems] == [
        ("commune_unknown", "76", "Lille")
    ]
    assert len(workspace.territory().actors) == 198


def test_an_actor_whose_commune_is_corrected_is_changed(story, tmp_path, monkeypatch):
    workspace = Workspace(shutil.copytree(story.workspace.folder, tmp_path / "copie"))
    monkeypatch.setitem(calaisis.COMMUNES_BY_HAND, 69, "Coquelles")
    calaisis.fill(workspace.workbook, story.entries, stage=calaisis.CORRECTED)
    done = workspace.import_workbook()
    assert len(done.tables["actors"].updated) == 1
    assert done.count("inserted") == done.count("missing") == 0
    assert [note.row for note in done.notes if note.code == "note_commune_changed"] == ["71"]
    territory = workspace.territory()
    assert len(territory.actors) == 198
    assert by_line(territory.actors).loc[69, "commune_id"] == "62239"
    assert len(territory.resources) == 126
    assert not workspace.import_workbook().has_changes


# --- diagnosis and report ---------------------------------------------------------------------
def test_what_the_diagnosis_says_of_a_directory(diagnosis):
    kinds = diagnosis.gaps["kind"].value_counts().to_dict()
    assert kinds["isolated_actor"] == 1  # no tie is recorded: nobody is more alone than others
    gaps = diagnosis.gaps.set_index("gap_id")
    isolated = gaps.loc["isolated_actor:all"]
    assert (isolated["expected"], isolated["confidence"]) == (198, 0)
    assert "unmet_need" not in kinds
    assert "leak" not in kinds
    far = gaps[gaps["kind"] == "service_access"]
    assert len(far)
    assert (far["confidence"] == 0.4).all()  # a directory names the services it met
    assert (
        gaps.loc[gaps["kind"] == "unused_resource", "confidence"].max() <= 0.5
    )  # nobody was asked


def test_one_childminder_of_a_directory_makes_nearly_everybody_far(diagnosis, story):
    """The figure is right by the formula, and says nothing of childminders: see the page."""
    settings, territory = story.workspace.settings(), story.territory
    only = by_line(territory.actors).loc[139]
    assert (only["name"], only["located_by"]) == ("Eco-Mam", "address")
    communes = territory.communes.set_index("commune_id")
    here = territory.locations.loc[only["actor_id"]]
    there = territory.locations.loc[communes.index]
    away_m = np.hypot(there["x_m"] - here["x_m"], there["y_m"] - here["y_m"])
    minutes = away_m / 1000 * settings.detour_factor / settings.speed_km_h * 60
    limit = nomenclature.table("categories").loc["services.education.childminder", "access_minutes"]
    far = communes.loc[(minutes > float(limit)).to_numpy(), "population"].sum()
    gap = diagnosis.gaps.set_index("gap_id").loc["service_access:services.education.childminder"]
    assert gap["people_affected"] == far == 144_802
    assert gap["expected"] == 152_091


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_report_names_the_actors_and_hides_the_persons(story, diagnosis, tmp_path, lang):
    path = write_report(diagnosis, tmp_path / "calaisis.html", lang=lang)
    page = path.read_text(encoding="utf-8")
    assert not re.search(r"""<link|\bsrc\s*=\s*["']?(?:https?:)?//|url\(["']?https?:""", page)
    plain = html.unescape(page)
    actors = by_line(story.territory.actors)
    persons = actors.loc[list(calaisis.PERSONS), "name"]
    assert [name for name in persons if name in plain] == []
    block = re.search(r'<script[^>]*id="map-data"[^>]*>(.*?)</script>', page, re.DOTALL)
    shown = Counter(json.loads(block[1])["actors"]["name"])
    neutral = text("privacy.hidden_actor", lang=lang)
    others = actors.drop(index=list(calaisis.PERSONS))["name"]
    assert shown == Counter(others) + Counter({neutral: 5})
    assert calaisis.LICENCE in plain.replace(NBSP, " ")  # French signs get theirs
    assert "Licence Ouverte 2.0" in plain
    assert path.stat().st_size < 2_500_000
