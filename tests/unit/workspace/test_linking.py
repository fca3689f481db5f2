"""One actor from many records: joined, asked, answered, taken apart again."""

from __future__ import annotations

import openpyxl
import pandas as pd
import pytest

from toolkit.errors import DataError
from toolkit.sources.catalogue import load_files

SIRET = "35600000000048"
SIAE = (
    "siret;name;kind;city;department;naf\n"
    f"{SIRET};ATELIER DES FEES PECHEUSES;EI;Ambreval;99;1610A\n"
)
INCLUSION = (
    "id,nom,source,date_maj,siret,code_insee,adresse,latitude,longitude\n"
    "7,Atelier des Fées Pêcheuses,dora,2024-01-01,,99001,3 rue du Port,46.55,2.05\n"
)
DOUBTFUL = (
    "id,nom,source,date_maj,siret,code_insee,adresse,latitude,longitude\n"
    "8,Fées et Pêcheuses d'Ambreval,dora,2024-01-01,,99001,,,\n"
)


@pytest.fixture
def load(tmp_path):
    def loaded(**files: str):
        paths = []
        for name, content in files.items():
            path = tmp_path / f"{name}.csv"
            path.write_text(content, encoding="utf-8")
            paths.append(path)
        return load_files(paths)

    return loaded


def actors(workspace):
    return workspace.tables()["actors"].set_index("actor_id")


def pair(workspace, zone):
    links = workspace.links()
    return links[links["zone"] == zone]


def answer_in_file(path, word, sheet="Questions"):
    book = openpyxl.load_workbook(path)
    cells = book[sheet]
    heads = [cell.value for cell in cells[2]]
    place = next(
        number
        for number, head in enumerate(heads, start=1)
        if head in {"Votre réponse", "Your answer"}
    )
    assert cells.cell(3, place).value is None
    cells.cell(3, place).value = word
    book.save(path)


def test_records_of_two_sources_become_one_actor_with_every_source_and_value(workspace, load):
    workspace.add_sources(load(siae=SIAE))
    report = workspace.add_sources(load(di=INCLUSION))
    held = actors(workspace)
    assert held.index.tolist() == [SIRET]
    row = held.loc[SIRET]
    assert (row["name"], row["siret"]) == ("ATELIER DES FEES PECHEUSES", SIRET)
    assert (row["latitude"], row["address"]) == (46.55, "3 rue du Port")
    assert row["source_ids"] == "siae:siae|data_inclusion:di"
    (link,) = pair(workspace, "same").itertuples()
    assert link.one_id == SIRET
    assert link.probability >= 0.8
    assert "name_same" in link.reasons
    assert pd.isna(link.answered_by)
    assert len(report.links.joined) == 1
    assert any("ATELIER DES FEES PECHEUSES" in line for line in report.lines(lang="fr"))


def test_a_joined_record_is_known_again_and_nothing_changes(workspace, load):
    files = {"siae": SIAE, "di": INCLUSION}
    workspace.add_sources(load(**files))
    before = workspace.database.read_bytes()
    report = workspace.add_sources(load(**files))
    assert not any(kept.inserted or kept.updated for kept in report.tables.values())
    assert report.links.joined.empty
    assert workspace.database.read_bytes() == before
    corrected = INCLUSION.replace("3 rue du Port", "5 rue du Port")
    workspace.add_sources(load(di=corrected))
    assert actors(workspace)["address"].tolist() == ["5 rue du Port"]


@pytest.mark.parametrize("word, count", [("même acteur", 1), ("acteurs différents", 2)])
def test_a_doubtful_pair_is_asked_once_and_answered_in_the_file(workspace, load, word, count):
    workspace.add_sources(load(siae=SIAE))
    report = workspace.add_sources(load(di=DOUBTFUL))
    assert len(actors(workspace)) == 2
    assert len(report.links.questions) == 1
    path = workspace.folder / "rapprochements.xlsx"
    answer_in_file(path, word)
    outcome = workspace.link(who="Ana")
    assert len(actors(workspace)) == count
    assert outcome.questions.empty
    assert len(outcome.joined) == (1 if count == 1 else 0)
    (link,) = workspace.links().itertuples()
    assert (link.zone, link.answered_by) == ("same" if count == 1 else "different", "Ana")
    again = workspace.add_sources(load(siae=SIAE, di=DOUBTFUL))
    assert len(actors(workspace)) == count
    assert again.links.questions.empty
    assert again.links.joined.empty


def test_what_was_joined_can_be_taken_apart(imported, load):
    imported.add_sources(load(siae=SIAE))
    before = actors(imported)
    imported.write(
        {
            "resources": pd.DataFrame(
                {
                    "resource_id": ["R77"],
                    "actor_id": ["data_inclusion:7"],
                    "category": ["materials.wood.offcuts"],
                }
            ),
            "actors": pd.DataFrame(
                {
                    "actor_id": ["data_inclusion:7"],
                    "name": ["Fées"],
                    "family": ["ess"],
                    "commune_id": ["99001"],
                    "source_id": ["siae:siae"],
                }
            ),
        },
        what="test",
    )
    imported.link(
        pd.DataFrame(
            [("data_inclusion:7", SIRET, "same")], columns=["one_id", "other_id", "answer"]
        )
    )
    resources = imported.tables()["resources"].set_index("resource_id")
    assert resources.loc["R77", "actor_id"] == SIRET
    assert "data_inclusion:7" not in actors(imported).index
    report = imported.link(
        pd.DataFrame(
            [(SIRET, "data_inclusion:7", "different")], columns=["one_id", "other_id", "answer"]
        )
    )
    assert len(report.parted) == 1
    after = actors(imported)
    assert after.loc["data_inclusion:7", "name"] == "Fées"
    assert after.loc[SIRET, "name"] == before.loc[SIRET, "name"]
    resources = imported.tables()["resources"].set_index("resource_id")
    assert resources.loc["R77", "actor_id"] == "data_inclusion:7"
    assert imported.link().joined.empty
    imported.territory()


def test_a_list_without_numbers_finds_the_register_and_keeps_its_own_words(
    workspace, load, tmp_path
):
    workspace.add_sources(load(siae=SIAE))
    listed = tmp_path / "liste.csv"
    listed.write_text(
        "Identifiant;Nom;Famille;Commune\nP1;Atelier des fées pêcheuses;ess;99001\n",
        encoding="utf-8",
    )
    report = workspace.import_workbook(listed)
    assert report.links.joined["one_id"].tolist() == ["P1"]
    row = actors(workspace).loc["P1"]
    assert (row["name"], row["siret"]) == ("Atelier des fées pêcheuses", SIRET)
    assert (row["activity"], row["source_id"]) == ("16.10A", "saisie-liste")
    lines = len(workspace.journal())
    again = workspace.import_workbook(listed)
    assert not again.has_changes
    assert len(workspace.journal()) == lines
    told = workspace.conflicts()
    assert told.empty or set(told["actor_id"]) == {"P1"}


def test_wrong_answers_are_told_all_at_once_and_nothing_is_written(workspace, load):
    workspace.add_sources(load(siae=SIAE, di=DOUBTFUL))
    before = workspace.database.read_bytes()
    columns = ["one_id", "other_id", "answer"]
    with pytest.raises(DataError) as caught:
        workspace.link(pd.DataFrame([(SIRET, "x", "same"), ("y", "z", "same")], columns=columns))
    assert [one.code for one in caught.value.problem_list] == ["linkage_actor_unknown"] * 2
    with pytest.raises(DataError) as caught:
        workspace.link(pd.DataFrame([(SIRET, "x", "perhaps")], columns=columns))
    assert caught.value.code == "linkage_answer"
    assert workspace.database.read_bytes() == before


def test_a_wrong_word_in_the_file_names_its_row_and_stops_no_import(workspace, load):
    workspace.add_sources(load(siae=SIAE, di=DOUBTFUL))
    path = workspace.folder / "rapprochements.xlsx"
    answer_in_file(path, "peut-être")
    kept = path.read_bytes()
    with pytest.raises(DataError) as caught:
        workspace.link()
    (problem,) = caught.value.problem_list
    assert (problem.code, problem.row, problem.found) == ("linkage_answer", "3", "peut-être")
    report = workspace.add_sources(load(siae=SIAE))
    assert [note.code for note in report.links.notes] == ["linkage_answer"]
    assert path.read_bytes() == kept


def test_actors_that_exchange_are_not_made_one(imported, load):
    imported.add_sources(load(siae=SIAE, di=DOUBTFUL))
    (question,) = pair(imported, "ask").itertuples()
    flow = {
        "flow_id": ["F9"],
        "nature": ["service"],
        "origin": [question.one_id],
        "destination": [question.other_id],
    }
    imported.write({"flows": pd.DataFrame(flow)}, what="test")
    answers = pd.DataFrame(
        [(question.one_id, question.other_id, "same")], columns=["one_id", "other_id", "answer"]
    )
    with pytest.raises(DataError) as caught:
        imported.link(answers)
    assert (caught.value.code, caught.value.problem_list[0].found) == ("linkage_flow_between", "F9")


def test_members_of_one_cooperation_stay_one_member(imported, load):
    imported.add_sources(load(siae=SIAE, di=DOUBTFUL))
    (question,) = pair(imported, "ask").itertuples()
    cooperation = "C9"
    ends = [question.one_id, question.other_id]
    imported.write(
        {
            "cooperations": pd.DataFrame({"cooperation_id": [cooperation], "name": ["Filière"]}),
            "members": pd.DataFrame(
                {"cooperation_id": [cooperation] * 2, "actor_id": ends, "role": ["lead", "partner"]}
            ),
        },
        what="test",
    )
    columns = ["one_id", "other_id", "answer"]
    imported.link(pd.DataFrame([(*ends, "same")], columns=columns))
    members = imported.tables()["members"]
    mine = members[members["actor_id"].isin(ends)]
    assert mine[["actor_id", "role"]].to_numpy().tolist() == [[question.one_id, "lead"]]
    imported.link(pd.DataFrame([(*ends, "different")], columns=columns))
    members = imported.tables()["members"]
    mine = members[members["actor_id"].isin(ends)].set_index("actor_id")["role"]
    assert mine.to_dict() == dict(zip(ends, ["lead", "partner"], strict=True))


def test_an_open_file_is_not_overwritten(workspace, load):
    workspace.add_sources(load(siae=SIAE, di=DOUBTFUL))
    path = workspace.folder / "rapprochements.xlsx"
    kept = path.read_bytes()
    (workspace.folder / f".~lock.{path.name}#").write_text("", encoding="utf-8")
    other = DOUBTFUL.replace("8,Fées et", "9,Les fées et")
    report = workspace.add_sources(load(di=DOUBTFUL + other.splitlines()[1] + "\n"))
    assert path.read_bytes() == kept
    assert [note.code for note in report.links.notes] == ["linkage_file_open"]


def test_actors_without_diffusion_are_never_recognised_by_name(workspace, load):
    workspace.write(
        {
            "actors": pd.DataFrame(
                {
                    "actor_id": ["N1"],
                    "name": ["Atelier des Fées Pêcheuses"],
                    "family": ["business"],
                    "commune_id": ["99001"],
                    "diffusible": [False],
                }
            )
        },
        what="test",
    )
    report = workspace.add_sources(load(di=INCLUSION))
    assert len(actors(workspace)) == 2
    assert report.links.questions.empty


def test_who_one_source_hides_is_named_by_none(workspace, load):
    workspace.add_sources(load(siae=SIAE))
    (extract,) = load(di=INCLUSION.replace(",dora,2024-01-01,,", f",dora,2024-01-01,{SIRET},"))
    rows = extract.tables["actors"].assign(name=SIRET, diffusible=False, address=None)
    hiding = type(extract)(
        {**extract.tables, "actors": rows}, extract.source, extract.counts, extract.notes
    )
    workspace.add_sources([hiding])
    row = actors(workspace).loc[SIRET]
    assert (row["name"], bool(row["diffusible"])) == (SIRET, False)
    assert pd.isna(row["address"])
    assert b"PECHEUSES" not in _tables_of(workspace)
    workspace.add_sources(load(siae=SIAE))
    assert b"PECHEUSES" not in _tables_of(workspace)
    newer = type(extract)(
        {**extract.tables, "actors": rows.assign(name="DES FEES PECHEUSES", diffusible=True)},
        extract.source,
        extract.counts,
        extract.notes,
    )
    workspace.add_sources([newer])
    assert b"PECHEUSES" not in _tables_of(workspace)


def _tables_of(workspace):
    """Return the cells of the actors, their records and the journal, as bytes."""
    import contextlib
    import sqlite3

    with contextlib.closing(sqlite3.connect(workspace.database)) as connection:
        rows = [
            connection.execute(f"SELECT * FROM {name}").fetchall() for name in ("actors", "records")
        ]
    return repr(rows).encode()


def test_an_actor_that_is_deleted_leaves_no_record_and_no_question(workspace, load):
    workspace.add_sources(load(siae=SIAE, di=DOUBTFUL))
    (question,) = pair(workspace, "ask").itertuples()
    workspace.remove("actors", [question.other_id])
    assert workspace.links().empty
    workspace.add_sources(load(di=INCLUSION))
    assert workspace.conflicts()["actor_id"].unique().tolist() == [SIRET]
    for table in ("resources", "needs"):
        workspace.remove(table, list(workspace.tables()[table].iloc[:, 0]))
    workspace.remove("actors", [SIRET])
    assert workspace.conflicts().empty


def test_the_order_in_which_sources_come_is_that_of_trust(workspace, made, tmp_path, load):
    import shutil

    other = type(workspace)(shutil.copytree(made, tmp_path / "other"), now=workspace._now)
    workspace.add_sources(load(siae=SIAE))
    workspace.add_sources(load(di=INCLUSION))
    other.add_sources(load(siae=SIAE, di=INCLUSION))
    one, two = actors(workspace), actors(other)
    assert one.drop(columns="geometry").equals(two.drop(columns="geometry"))
    assert workspace.links().drop(columns="moved").equals(other.links().drop(columns="moved"))


def test_no_more_is_asked_than_somebody_answers(workspace, load, monkeypatch):
    from toolkit.workspace import links

    monkeypatch.setattr(links, "MOST_ASKED", 1)
    other = DOUBTFUL.splitlines()[1].replace("8,Fées et", "9,Les Fées et")
    report = workspace.add_sources(load(siae=SIAE, di=f"{DOUBTFUL}{other}\n"))
    assert len(report.links.questions) == 1
    assert [(note.code, note.found) for note in report.links.notes] == [("linkage_more", "1")]
    (question,) = pair(workspace, "ask").itertuples()
    columns = ["one_id", "other_id", "answer"]
    after = workspace.link(
        pd.DataFrame([(question.one_id, question.other_id, "different")], columns=columns)
    )
    assert len(after.questions) == 1
    assert after.questions["other_id"].tolist() != [question.other_id] or (
        after.questions["one_id"].tolist() != [question.one_id]
    )


SIMILAR = "9,Les Fées et Pêcheuses d'Ambreval,carif-oref,2024-01-01,,99001,,,\n"
DORA, CARIF = "di:dora:8", "di:carif-oref:9"


def answers(*rows):
    return pd.DataFrame(list(rows), columns=["one_id", "other_id", "answer"])


def test_answers_that_hang_together_are_taken_in_at_once(workspace, load):
    workspace.add_sources(load(siae=SIAE, di=DOUBTFUL + SIMILAR))
    workspace.link(answers((DORA, CARIF, "different")))
    report = workspace.link(answers((CARIF, DORA, "same"), (SIRET, DORA, "same")))
    assert actors(workspace).index.tolist() == [SIRET]
    assert set(report.joined["other_id"]) == {DORA, CARIF}
    assert pair(workspace, "different").empty
    again = workspace.link(answers((SIRET, DORA, "same"), (DORA, CARIF, "same")))
    assert (len(again.joined), len(again.questions)) == (0, 0)
    workspace.territory()


def test_what_was_answered_of_a_part_is_answered_of_the_whole(workspace, load):
    workspace.add_sources(load(siae=SIAE, di=DOUBTFUL + SIMILAR))
    workspace.link(answers((DORA, CARIF, "different")))
    report = workspace.link(answers((SIRET, DORA, "same")))
    assert report.questions.empty
    assert set(actors(workspace).index) == {SIRET, CARIF}
    with pytest.raises(DataError) as caught:
        workspace.link(answers((SIRET, CARIF, "same")))
    assert caught.value.code == "linkage_contradicts"
    assert set(actors(workspace).index) == {SIRET, CARIF}
    workspace.link(answers((CARIF, DORA, "same")))
    assert actors(workspace).index.tolist() == [SIRET]
    assert pair(workspace, "different").empty


def test_a_chain_of_sure_pairs_does_not_join_actors_that_exchange(imported, load):
    imported.add_sources(load(siae=SIAE))
    ours = pd.DataFrame(
        {
            "actor_id": ["M1"],
            "name": ["Les Fées"],
            "family": ["ess"],
            "siret": [SIRET],
            "commune_id": ["99001"],
            "source_id": ["saisie"],
        }
    )
    flow = pd.DataFrame(
        {"flow_id": ["F9"], "nature": ["service"], "origin": [SIRET], "destination": ["M1"]}
    )
    imported.write({"actors": ours, "flows": flow}, what="test")
    sited = INCLUSION.replace("2024-01-01,,", f"2024-01-01,{SIRET},")
    imported.add_sources(load(di=sited + sited.splitlines()[1].replace("7,", "9,", 1) + "\n"))
    assert {SIRET, "M1"} <= set(actors(imported).index)
    assert set(pair(imported, "same")["other_id"]) == {"di:dora:7", "di:dora:9"}
    imported.territory()


@pytest.mark.parametrize("words", [SIRET, "Atelier des fées pêcheuses"])
def test_a_workbook_may_go_on_naming_an_actor_that_became_part_of_another(
    workspace, load, tmp_path, words
):
    workspace.add_sources(load(siae=SIAE))
    folder = tmp_path / "liste"
    folder.mkdir()
    (folder / "acteurs.csv").write_text(
        f"Identifiant;Nom;Famille;Commune;SIRET\nP1;Les Fées;ess;Ambreval;{SIRET}\n",
        encoding="utf-8",
    )
    (folder / "besoins.csv").write_text(
        f"Acteur;Catégorie\n{words};materials.wood.offcuts\n", encoding="utf-8"
    )
    workspace.import_workbook(folder)
    assert actors(workspace).index.tolist() == ["P1"]
    before = workspace.database.read_bytes()
    workspace.import_workbook(folder)
    assert workspace.database.read_bytes() == before
    assert workspace.tables()["needs"]["actor_id"].tolist() == ["P1"]


def test_a_list_that_comes_again_makes_no_second_actor(workspace, tmp_path):
    head = "Identifiant;Nom;Famille;Commune;SIRET\n"
    ours, theirs = tmp_path / "saisie.csv", tmp_path / "cci.csv"
    ours.write_text(f"{head}P1;Les Fées;ess;Ambreval;{SIRET}\n", encoding="utf-8")
    theirs.write_text(f"{head}C5;Atelier des Fées;ess;Ambreval;{SIRET}\n", encoding="utf-8")
    workspace.import_workbook(ours)
    workspace.import_workbook(theirs)
    once = actors(workspace)
    assert once.index.tolist() == ["P1"]
    workspace.import_workbook(theirs)
    again = actors(workspace)
    assert again.drop(columns="geometry").equals(once.drop(columns="geometry"))
    workspace.link(answers(("P1", "C5", "different")))
    assert set(actors(workspace).index) == {"P1", "C5"}
