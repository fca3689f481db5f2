"""Names to ids, and ids for rows that have none."""

from __future__ import annotations

import pandas as pd
import pytest

from toolkit import workbook
from toolkit.language import problem_text

COMMUNES = pd.DataFrame(
    {"commune_id": ["99001", "99002", "99003"], "name": ["Ambreval", "Brissac", "Brissac"]}
)
ACTORS = pd.DataFrame(
    {
        "actor_id": ["A1", None, None, None],
        "name": ["Le Fournil", "Scierie Dubois", "Mairie", "Mairie"],
        "siret": [None, "732 829 320 00074", None, None],
        "commune_id": ["99001", "99001 - Ambreval", "AMBREVAL", 99002.0],
    },
    index=[2, 3, 4, 5],
)


def resolve(**tables):
    return workbook.resolve({"actors": ACTORS, **tables}, communes=COMMUNES)


def test_actors_get_an_id_from_siret_or_name_and_commune():
    made = resolve()
    assert made.problems == ()
    assert made.tables["actors"]["actor_id"].tolist() == [
        "A1", "73282932000074", "mairie-99001", "mairie-99002",
    ]  # fmt: skip
    assert made.tables["actors"]["commune_id"].tolist() == ["99001", "99001", "99001", "99002"]
    assert ACTORS["actor_id"].isna().sum() == 3  # what was given is not changed


def test_references_by_id_or_exact_name():
    frame = pd.DataFrame({"actor_id": ["A1", "le  FOURNIL", "scierie dubois"]})
    made = resolve(resources=frame.assign(category="Palettes"))
    assert made.problems == ()
    assert made.tables["resources"]["actor_id"].tolist() == ["A1", "A1", "73282932000074"]


def test_names_of_no_one_or_of_several_are_problems():
    frame = pd.DataFrame({"actor_id": ["Mairie", "Le Fournile", "Zzz", None]}, index=[7, 8, 9, 10])
    made = resolve(resources=frame)
    assert [(one.code, one.row) for one in made.problems] == [
        ("name_ambiguous", "7"),
        ("name_near", "8"),
        ("name_unknown", "9"),
    ]
    assert "mairie-99001, mairie-99002" in problem_text(made.problems[0], lang="en")
    assert "« Le Fournil »" in problem_text(made.problems[1], lang="fr")
    assert made.tables["resources"]["actor_id"].tolist()[:3] == ["Mairie", "Le Fournile", "Zzz"]


def test_communes_by_name_must_be_unique_and_known():
    frame = pd.DataFrame({"commune_id": ["Brissac", "Ambrevale", "99001", "1234", "97105"]})
    made = workbook.resolve({"needs": frame}, communes=COMMUNES)
    assert [one.code for one in made.problems] == ["name_ambiguous", "commune_unknown"]
    assert "Ambreval (99001)" in problem_text(made.problems[1], lang="fr")
    assert made.tables["needs"]["commune_id"].tolist()[2:] == ["99001", "1234", "97105"]


def test_ends_of_flows_are_actors_communes_or_outside():
    frame = pd.DataFrame(
        {
            "origin": ["Le Fournil", "Hors territoire", "99002 - Brissac", "Ambreval"],
            "destination": ["outside", "A1", "A1", "mairie-99002"],
        }
    )
    made = resolve(flows=frame)
    assert made.problems == ()
    assert made.tables["flows"]["origin"].tolist() == ["A1", "outside", "99002", "99001"]
    assert made.tables["flows"]["destination"].tolist() == ["outside", "A1", "A1", "mairie-99002"]


def test_rows_known_already_can_be_referred_to():
    known = pd.DataFrame({"actor_id": ["X9"], "name": ["La Halle"]})
    members = pd.DataFrame({"cooperation_id": ["Filière bois"], "actor_id": ["la halle"]})
    cooperations = pd.DataFrame({"name": ["Filière bois"], "objectives": [None]})
    made = workbook.resolve({"members": members, "cooperations": cooperations}, actors=known)
    assert made.problems == ()
    assert made.tables["members"].iloc[0].tolist() == ["filiere-bois", "X9"]
    assert made.tables["cooperations"]["cooperation_id"].tolist() == ["filiere-bois"]


def test_ids_of_rows_do_not_depend_on_order_case_or_quantity():
    frame = pd.DataFrame(
        {
            "actor_id": ["A1", "A1", "Le Fournil"],
            "category": ["Palettes en bois", "Eau de pluie récupérée", "materials.wood.pallets"],
            "quantity": [1, 2, 3],
        }
    )
    ids = resolve(resources=frame).tables["resources"]["resource_id"]
    assert ids[2] == f"{ids[0]}-2"  # alike in all that says what it is
    swapped = frame.iloc[[1, 0]].assign(actor_id=["le fournil", "A1"], quantity=9)
    assert resolve(resources=swapped).tables["resources"]["resource_id"].tolist() == [
        ids[1],
        ids[0],
    ]


def test_an_id_that_is_given_is_kept():
    frame = pd.DataFrame({"need_id": [12.0, " B 7 ", None], "category": ["a", "b", None]})
    ids = workbook.resolve({"needs": frame}).tables["needs"]["need_id"].tolist()
    assert ids == ["12", "B 7", None]


def test_two_actors_that_would_get_one_id_are_a_problem():
    twins = pd.DataFrame({"name": ["A", "a"], "commune_id": ["99001", "99001"]}, index=[4, 9])
    (problem,) = workbook.resolve({"actors": twins}).problems
    assert (problem.code, problem.row, problem.params["first"]) == ("actor_twice", "9", "4")


def test_actors_of_several_names_may_share_a_siret_whatever_the_order_of_the_rows():
    rows = pd.DataFrame(
        {
            "name": ["Régie de quartier", "Menuiserie", "Scierie"],
            "siret": ["73282932000074", "732 829 320 00074", "73282932000074"],
            "commune_id": ["99001", "99002", "99001"],
            "actor_id": [None, None, "73282932000074"],
        },
        index=[4, 5, 6],
    )
    made = workbook.resolve({"actors": rows})
    assert made.problems == ()
    assert made.tables["actors"]["actor_id"].tolist() == [
        "73282932000074-regie-de-quartier", "73282932000074-menuiserie", "73282932000074",
    ]  # fmt: skip
    back = workbook.resolve({"actors": rows[::-1]}).tables["actors"]["actor_id"]
    assert back.tolist() == made.tables["actors"]["actor_id"].tolist()[::-1]


def test_an_actor_that_shares_a_siret_is_found_again_when_it_is_alone():
    rows = pd.DataFrame(
        {"name": ["Régie", "Menuiserie"], "siret": "73282932000074", "commune_id": "99001"}
    )
    known = workbook.resolve({"actors": rows}).tables["actors"].assign(source_id="saisie")
    alone = workbook.resolve({"actors": rows[1:]}, actors=known, source_id="saisie")
    assert alone.tables["actors"]["actor_id"].tolist() == ["73282932000074-menuiserie"]
    first = workbook.resolve({"actors": rows[:1]}).tables["actors"].assign(source_id="saisie")
    both = workbook.resolve({"actors": rows}, actors=first, source_id="saisie")
    assert both.tables["actors"]["actor_id"].tolist() == [
        "73282932000074", "73282932000074-menuiserie",
    ]  # fmt: skip


def test_one_name_and_siret_twice_is_a_problem_that_says_so():
    rows = pd.DataFrame(
        {"name": ["Régie", "régie"], "siret": "73282932000074", "commune_id": ["99001", "99002"]},
        index=[4, 9],
    )
    (problem,) = workbook.resolve({"actors": rows}).problems
    assert (problem.code, problem.row, problem.params["first"]) == ("actor_twice_siret", "9", "4")
    assert "même SIRET (73282932000074)" in problem_text(problem, lang="fr")


@pytest.mark.parametrize("name", ["東京", "x" * 300, "…"])
def test_any_name_gives_a_short_plain_id(name):
    frame = pd.DataFrame({"name": [name], "commune_id": ["99001"]})
    made = workbook.resolve({"actors": frame}).tables["actors"]["actor_id"][0]
    assert made.isascii()
    assert len(made) < 90
    assert made.endswith("-99001")


# --- actors that are stored already -----------------------------------------------------------
SIRET, OTHER_SIRET = "73282932000074", "35600000000048"


def stored(*rows, source_id="saisie"):
    columns = ["actor_id", "name", "commune_id", "siret"]
    return pd.DataFrame(rows, columns=columns).assign(source_id=source_id)


def again(rows, known, **tables):
    """Return what becomes of rows (name, commune, siret) without id, over stored ones."""
    frame = pd.DataFrame(rows, columns=["name", "commune_id", "siret"], dtype="object")
    return workbook.resolve(
        {"actors": frame, **tables}, communes=COMMUNES, actors=known, source_id="saisie"
    )


def ids_of(made):
    return made.tables["actors"]["actor_id"].tolist()


def test_a_corrected_commune_keeps_the_id_and_is_noted():
    known = stored(["emmaus-99001", "Emmaüs", "99001", None])
    offers = pd.DataFrame({"actor_id": ["Emmaüs"], "category": ["x"]})
    made = again([["EMMAÜS", "99002", None]], known, resources=offers)
    assert ids_of(made) == ["emmaus-99001"]
    assert made.problems == ()
    assert made.tables["resources"]["actor_id"].tolist() == ["emmaus-99001"]
    (note,) = made.notes
    assert (note.code, note.row, note.params["before"]) == ("note_commune_changed", "0", "Ambreval")


def test_an_added_or_removed_siret_keeps_the_id():
    known = stored(["le-fournil-99001", "Le Fournil", "99001", None])
    assert ids_of(again([["Le Fournil", "99001", SIRET]], known)) == ["le-fournil-99001"]
    assert ids_of(again([["Le Fournil", "99002", SIRET]], known)) == ["le-fournil-99001"]
    known = stored([SIRET, "Le Fournil", "99001", SIRET])
    assert ids_of(again([["Le Fournil", "99001", None]], known)) == [SIRET]


def test_the_siret_says_who_it_is_whatever_the_name():
    known = stored(["le-fournil-99001", "Le Fournil", "99001", SIRET])
    assert ids_of(again([["La Boulange", "99002", SIRET]], known)) == ["le-fournil-99001"]
    assert ids_of(again([["Le Fournil", "99001", OTHER_SIRET]], known)) == [OTHER_SIRET]


def test_a_renamed_actor_is_another_one():
    known = stored(["le-fournil-99001", "Le Fournil", "99001", None])
    assert ids_of(again([["La Boulange", "99001", None]], known)) == ["la-boulange-99001"]


def test_two_actors_of_one_name_stay_two():
    known = stored(["m-1", "Mairie", "99001", None], ["m-2", "Mairie", "99002", None])
    assert ids_of(again([["Mairie", "99002", None], ["Mairie", "99001", None]], known)) == [
        "m-2",
        "m-1",
    ]
    # One of them moves: the other is where it was, so there is no doubt.
    assert ids_of(again([["Mairie", "99001", None], ["Mairie", "99003", None]], known)) == [
        "m-1",
        "m-2",
    ]
    both = again([["Mairie", "99003", None], ["Mairie", "12345", None]], known)
    assert ids_of(both) == ["mairie-99003", "mairie-12345"]  # who is who cannot be told


def test_a_second_actor_where_the_first_one_was_gets_its_own_id():
    known = stored(["mairie-99001", "Mairie", "99002", None])
    rows = [["Mairie", "99001", None], ["Mairie", "99002", None]]
    first = ids_of(again(rows, known))
    assert first == ["mairie-99001-2", "mairie-99001"]
    known = stored(
        ["mairie-99001", "Mairie", "99002", None], ["mairie-99001-2", "Mairie", "99001", None]
    )
    assert ids_of(again(rows, known)) == first


def test_an_id_with_a_number_is_found_again_among_its_twins():
    known = [
        ["mairie-99001", "Mairie", "99002", None],
        ["x", "Mairie", "99001", None],
        ["y", "Mairie", "99001", None],
    ]
    rows = [["Mairie", "99001", None], ["Mairie", "99002", None]]
    first = ids_of(again(rows, stored(*known)))
    assert first == ["mairie-99001-2", "mairie-99001"]
    known.append(["mairie-99001-2", "Mairie", "99001", None])
    assert ids_of(again(rows, stored(*known))) == first


def test_actors_of_another_source_are_others():
    known = stored(["x", "Mairie", "99001", None], source_id="sirene")
    made = again([["Mairie", "99002", None]], known)
    assert ids_of(made) == ["mairie-99002"]
    assert made.notes == ()


def test_a_name_means_what_the_workbook_says_now():
    known = stored(["a", "Mairie", "99001", None], ["b", "Mairie", "99002", None])
    frame = pd.DataFrame(
        {"actor_id": ["c"], "name": ["Mairie"], "commune_id": ["99003"]}, dtype="object"
    )
    offers = pd.DataFrame({"actor_id": ["mairie", "a"], "category": ["x", "y"]})
    tables = {"actors": frame, "resources": offers}
    made = workbook.resolve(tables, communes=COMMUNES, actors=known, source_id="saisie")
    assert made.tables["resources"]["actor_id"].tolist() == ["c", "a"]
    assert made.problems == ()
    other = workbook.resolve(tables, communes=COMMUNES, actors=known, source_id="saisie-cci")
    assert [problem.params["choices"] for problem in other.problems] == ["a, b, c"]


def test_what_was_typed_is_remembered():
    made = resolve(resources=pd.DataFrame({"actor_id": ["le fournil", "A1"]}, index=[8, 9]))
    typed = {place: (one.id, one.words) for place, one in made.typed.items()}
    assert typed["resources", "8", "actor_id"] == ("A1", "le fournil")
    assert ("resources", "9", "actor_id") not in typed
    assert typed["actors", "4", "actor_id"] == ("mairie-99001", "Mairie")
    assert typed["actors", "4", "commune_id"] == ("99001", "AMBREVAL")
