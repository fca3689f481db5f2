"""The panel of questions, clicked without a browser: answers, later, undoing, faults in words."""

from __future__ import annotations

import datetime as dt
import shutil
from html import escape
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from tests.conftest import tiny_tables
from toolkit.errors import Problem, WorkspaceError
from toolkit.language import text
from toolkit.settings import Settings
from toolkit.sources.catalogue import load_files
from toolkit.territory import Territory
from toolkit.widgets import Session, open_session
from toolkit.widgets.differing import conflict_table
from toolkit.widgets.questions import LISTED, QuestionPanel
from toolkit.workspace import Workspace

HOSTILE = "<script>alert(1)</script> {{7*7}}"
REGISTER = """siret;name;kind;city;department;naf
35600000000048;ATELIER DES FEES PECHEUSES;EI;Ambreval;99;1610A
73282932000074;ATELIER DES LOUPS RIEURS;EI;Ambreval;99;1610A
55208131766522;ATELIER DES OURS DANSEURS;EI;Ambreval;99;1610A
"""
LISTED_NAMES = (
    f"Fées et Pêcheuses d'Ambreval {HOSTILE}",
    "Loups et Rieurs d'Ambreval",
    "Ours et Danseurs d'Ambreval",
)
INCLUSION = "id,nom,source,date_maj,siret,code_insee,adresse,latitude,longitude\n" + "".join(
    f'{number},"{name}",dora,2024-01-01,,99001,,,\n'
    for number, name in enumerate(LISTED_NAMES, start=7)
)


def clock() -> dt.datetime:
    return dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a territory in which three pairs of records are asked about."""
    folder = tmp_path_factory.mktemp("made")
    territory = Territory.from_tables(tiny_tables(), name="Val d'Essai")
    workspace = Workspace.from_territory(folder / "val", territory, lang="fr", now=clock)
    for name, content in (("siae", REGISTER), ("di", INCLUSION)):
        path = folder / f"{name}.csv"
        path.write_text(content, encoding="utf-8")
        workspace.add_sources(load_files([path]))
    return workspace.folder


@pytest.fixture
def session(made: Path, tmp_path: Path) -> Session:
    """Return a session on a copy of the territory."""
    session = open_session(shutil.copytree(made, tmp_path / "val"))
    assert len(session.question_table()) == 3
    return session


@pytest.fixture
def panel(session: Session) -> QuestionPanel:
    made = session.questions()
    assert isinstance(made, QuestionPanel)
    return made


def button(panel: QuestionPanel, key: str, *, place: int = 0):
    words = text(f"questions.button.{key}", lang="fr")
    return [one for one in panel._buttons if one.description == words][place]


def shown(panel: QuestionPanel) -> str:
    """Return the HTML of the question that is shown."""
    return " ".join(getattr(one, "value", "") for one in panel._parts["ask"].children)


def titles(panel: QuestionPanel) -> list[int]:
    """Return how many questions, joined and different pairs the tabs announce."""
    return [int(title.split("(")[1].rstrip(")")) for title in panel._tab.titles]


def test_the_demo_has_nothing_to_answer(tiny_territory: Territory) -> None:
    session = Session(territory=tiny_territory, settings=Settings(), lang="fr")
    assert "rien à répondre" in session.questions()._repr_html_()
    for table in (session.question_table(), session.conflicts()):
        assert table.empty
        assert "Aucune ligne" in table._repr_html_()


def test_a_question_shows_both_records_and_never_their_code(panel: QuestionPanel) -> None:
    for _ in LISTED_NAMES:
        if "Pêcheuses" in shown(panel):
            break
        button(panel, "later").click()
    page = shown(panel)
    assert "ATELIER DES FEES PECHEUSES" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{7*7}}" in page
    assert "<script" not in page
    for words in ("35600000000048", "Ambreval", "data.inclusion", "même commune", "inconnue"):
        assert words in page
    button(panel, "same").click()
    assert "<script" not in panel._message.value
    assert "{{7*7}}" in panel._message.value
    (line,) = (row.children[0].value for row in panel._parts["same"].children[1:])
    assert "&lt;script&gt;" in line
    assert "<script" not in line


def test_same_actor_joins_this_pair_only_and_reads_the_territory_again(
    session: Session, panel: QuestionPanel
) -> None:
    before, pair = session.diagnosis, panel._shown
    count = len(session.territory.actors)
    panel._who.value = "Ana "
    button(panel, "same").click()
    links = session.workspace.links()
    (link,) = links[links["zone"] == "same"].itertuples()
    assert {link.one_id, link.other_id} == set(pair)
    assert link.answered_by == "Ana"
    assert len(session.territory.actors) == count - 1
    assert session.diagnosis is not before
    assert len(session.diagnosis.territory.actors) == count - 1
    assert titles(panel) == [2, 1, 0]
    assert panel._shown != pair
    assert "1 réponse donnée ici" in shown(panel)
    book = openpyxl.load_workbook(session.workspace.folder / "rapprochements.xlsx")
    assert [book["Questions"].max_row, book["Réunis"].max_row] == [4, 3]


def test_different_actors_change_nothing_but_the_question(
    session: Session, panel: QuestionPanel
) -> None:
    before, territory = session.diagnosis, session.territory
    pair = panel._shown
    button(panel, "different").click()
    assert session.diagnosis is before
    assert session.territory is territory
    links = session.workspace.links().set_index(["one_id", "other_id"])
    assert links.loc[pair, "zone"] == "different"
    assert titles(panel) == [2, 0, 1]
    again = session.questions()
    assert titles(again) == [2, 0, 1]
    assert "données ici" not in shown(again)


def test_later_goes_round_and_writes_nothing(session: Session, panel: QuestionPanel) -> None:
    before = session.workspace.database.read_bytes()
    seen = [panel._shown]
    for _ in range(3):
        button(panel, "later").click()
        seen.append(panel._shown)
    assert len(set(seen)) == 3
    assert seen[3] == seen[0]
    assert escape(text("questions.first_again", lang="fr")) in panel._message.value
    button(panel, "back").click()
    assert panel._shown == seen[2]
    assert "Question 3 sur 3" in shown(panel)
    assert session.workspace.database.read_bytes() == before
    assert titles(panel) == [3, 0, 0]


def test_after_the_last_question_the_next_open_one_is_shown(panel: QuestionPanel) -> None:
    order = list(panel._pairs["ask"])
    for _ in range(2):
        button(panel, "later").click()
    button(panel, "different").click()
    assert panel._shown == order[0]
    button(panel, "same").click()
    assert panel._shown == order[1]
    button(panel, "different").click()
    assert "pas de question en attente" in shown(panel)
    assert "3 réponses données ici" in shown(panel)
    assert panel._repr_mimebundle_()["text/plain"] == "Questions (0)"


def test_what_was_joined_is_taken_apart_and_joined_again(
    session: Session, panel: QuestionPanel
) -> None:
    count = len(session.territory.actors)
    button(panel, "same").click()
    (pair,) = panel._pairs["same"]
    assert session.territory.actors["actor_id"].isin(pair).sum() == 1
    button(panel, "later").click()
    asked = panel._shown
    button(panel, "part").click()
    assert panel._shown == asked
    assert titles(panel) == [2, 0, 1]
    assert len(session.territory.actors) == count
    assert "deux acteurs" in panel._message.value
    button(panel, "join").click()
    assert titles(panel) == [2, 1, 0]
    assert len(session.territory.actors) == count - 1


def test_a_second_click_on_a_button_that_is_gone_answers_nothing_else(
    session: Session, panel: QuestionPanel
) -> None:
    old = button(panel, "different")
    old.click()
    assert old not in panel._buttons
    assert old.comm is None  # closed: what the browser still sends for it arrives nowhere
    assert titles(panel) == [2, 0, 1]


def test_faults_are_told_in_words_and_the_question_stays(
    session: Session, panel: QuestionPanel
) -> None:
    one, other = pair = panel._shown
    flow = {"flow_id": ["F9"], "nature": ["service"], "origin": [one], "destination": [other]}
    session.workspace.write({"flows": pd.DataFrame(flow)}, what="test")
    button(panel, "same").click()
    assert 'role="alert"' in panel._message.value
    assert "F9" in panel._message.value
    assert panel._shown == pair
    assert titles(panel) == [3, 0, 0]
    assert not any(one.disabled for one in panel._buttons)
    button(panel, "different").click()
    assert 'role="status"' in panel._message.value
    assert titles(panel) == [2, 0, 1]


def test_what_nobody_foresaw_is_told_and_the_buttons_come_back(
    panel: QuestionPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        message = "no more memory"
        raise MemoryError(message)

    monkeypatch.setattr(Workspace, "link", broken)
    with pytest.raises(MemoryError):
        panel.answer(panel._shown, "same")
    assert escape(text("questions.failed", lang="fr")) in panel._message.value
    assert not any(one.disabled for one in panel._buttons)


def test_a_territory_that_cannot_be_read_is_told_and_the_answer_is_kept(
    session: Session, panel: QuestionPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(_: Workspace) -> Territory:
        raise WorkspaceError(Problem("workspace_absent", where="val", found="territoire.toml"))

    monkeypatch.setattr(Workspace, "territory", locked)
    button(panel, "same").click()
    assert 'role="alert"' in panel._message.value
    assert "sont un seul acteur" in panel._message.value
    assert titles(panel) == [2, 1, 0]


def test_answers_written_in_the_file_are_not_lost_by_a_click(
    session: Session, panel: QuestionPanel
) -> None:
    path = session.workspace.folder / "rapprochements.xlsx"
    book = openpyxl.load_workbook(path)
    sheet = book["Questions"]
    heads = [cell.value for cell in sheet[2]]
    ids = [heads.index(name) + 1 for name in ("Identifiant", "Identifiant (autre fiche)")]
    rows = {tuple(sheet.cell(row, place).value for place in ids): row for row in (3, 4, 5)}
    other = next(pair for pair in rows if pair != panel._shown)
    place = heads.index("Votre réponse") + 1
    sheet.cell(rows[other], place).value = "acteurs différents"
    sheet.cell(rows[panel._shown], place).value = "acteurs différents"
    book.save(path)
    pair = panel._shown
    button(panel, "same").click()
    assert panel._pairs["different"] == [other]
    assert "réunie en même temps" not in panel._message.value
    assert panel._pairs["same"] == [pair]  # what is clicked goes before what was written
    assert titles(panel) == [1, 1, 1]


def test_a_wrong_word_in_the_file_stops_the_click_and_stays(
    session: Session, panel: QuestionPanel
) -> None:
    path = session.workspace.folder / "rapprochements.xlsx"
    book = openpyxl.load_workbook(path)
    sheet = book["Questions"]
    sheet.cell(3, [cell.value for cell in sheet[2]].index("Votre réponse") + 1).value = "peut-être"
    book.save(path)
    kept = path.read_bytes()
    button(panel, "same").click()
    assert "peut-être" in panel._message.value
    assert path.read_bytes() == kept
    assert titles(panel) == [3, 0, 0]


def test_a_long_list_is_shown_a_few_at_a_time(session: Session) -> None:
    first = session.territory.actors["actor_id"].iloc[0]
    ids = [f"N{number:02d}" for number in range(LISTED + 2)]
    rows = pd.DataFrame({"actor_id": ids, "name": ids, "family": "ess", "commune_id": "99003"})
    session.workspace.write({"actors": rows}, what="test")
    answers = [(first, one, "different") for one in ids]
    columns = ["one_id", "other_id", "answer"]
    session.workspace.link(pd.DataFrame(answers, columns=columns))
    panel = session.questions()
    listed = panel._parts["different"]
    assert len(listed.children) == 1 + LISTED + 1
    assert button(panel, "earlier").disabled
    button(panel, "further").click()
    assert len(panel._parts["different"].children) == 1 + 2 + 1
    assert button(panel, "further").disabled
    button(panel, "join").click()
    button(panel, "join").click()
    assert len(panel._parts["different"].children) == 1 + LISTED  # the page that is left
    assert titles(panel)[1:] == [2, LISTED]


def test_the_table_of_questions_is_in_words(session: Session) -> None:
    table = session.question_table()
    assert list(table.columns[:4]) == ["Acteur", "Autre fiche", "Pourquoi", "Probabilité"]
    assert table["Probabilité"].is_monotonic_decreasing
    assert "<script" not in table._repr_html_()
    assert (
        not table.astype("str")
        .apply(lambda cells: cells.str.contains("data_inclusion"))
        .any(axis=None)
    )


def test_conflicts_say_which_value_is_kept_in_words(session: Session, panel: QuestionPanel) -> None:
    assert session.conflicts().empty
    button(panel, "same").click()
    found = session.conflicts()
    assert set(found["Donnée"]) >= {"Nom"}
    actors = session.territory.actors.set_index("actor_id")
    for _, row in found[found["Donnée"] == "Nom"].iterrows():
        assert row["Valeur gardée"] == row["Acteur"]
        assert row["Valeur gardée"] == actors.loc[row["Identifiant"], "name"]
        assert row["Autre valeur"] != row["Valeur gardée"]
    titles_of = set(session.territory.sources["title"])
    assert (
        set(found["Source de la valeur gardée"]) | set(found["Source de l'autre valeur"])
        <= titles_of
    )


def test_every_kind_of_cell_is_in_words_and_the_kept_one_is_that_of_the_actor() -> None:
    tables = tiny_tables()
    tables["actors"] = tables["actors"].assign(jobs=[12.0, None, None, None, None, None])
    sources = pd.DataFrame({"source_id": ["un", "deux"], "title": ["Liste un", "Liste deux"]})
    territory = Territory.from_tables({**tables, "sources": sources}, name="Val d'Essai")
    cells = [
        ("jobs", "1234.5", "un"),
        ("jobs", "12.0", "deux"),
        ("natural_person", "True", "un"),
        ("natural_person", "False", "deux"),
        ("sectors", "forestry_wood|construction", "un"),
        ("sectors", "forestry_wood", "deux"),
        ("updated_on", "2020-01-01", "un"),
        ("updated_on", "2023-01-09", "deux"),
    ]
    rows = [("A1", name, value, source) for name, value, source in cells]
    found = pd.DataFrame(rows, columns=["actor_id", "column", "value", "source_id"], dtype="str")
    told = conflict_table(found, territory, lang="fr").set_index("Donnée")
    assert list(told.index) == ["Emplois (nombre)", "Personne physique", "Secteurs"]
    jobs = told.loc["Emplois (nombre)"]
    assert (jobs["Valeur gardée"], jobs["Source de la valeur gardée"]) == ("12", "Liste deux")
    assert jobs["Autre valeur"] == "1\u202f234"
    person = told.loc["Personne physique"]
    assert (person["Valeur gardée"], person["Autre valeur"]) == ("Non", "Oui")
    assert told.loc["Secteurs", "Autre valeur"] in told.loc["Secteurs", "Valeur gardée"]
    assert "Bâtiment et travaux publics" in told.loc["Secteurs", "Valeur gardée"]
    assert set(told["Acteur"]) == {"Ressourcerie de l'Ambre"}
