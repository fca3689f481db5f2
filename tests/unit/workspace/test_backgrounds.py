"""What is known beside the tables: files of the folder, the demo, and which row is one's own."""

from __future__ import annotations

import pandas as pd
import pytest

from toolkit import vocabulary as v
from toolkit.errors import DataError, UsageError
from toolkit.settings import Settings
from toolkit.sources.demo import DEMO_ID, demo_panel, demo_territory
from toolkit.territory import Territory
from toolkit.widgets.session import Session, open_session
from toolkit.workspace.backgrounds import background_of, demo_background, epci_of, find_own
from toolkit.workspace.panels import PanelWish, make_panel

HEAD = ",".join(v.PANEL_COLUMNS)
OWN = "T1,Val d'Essai,CC,4500,15,20000,bpe,B203,2"
OTHER = "T2,Deux,CC,5000,15,20000,bpe,B203,3"


def put(workspace, name: str, *lines: str):
    path = workspace.sources / name
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def codes(caught) -> set[str]:
    return {problem.code for problem in caught.value.problem_list}


# --- the folder ---------------------------------------------------------------------------------
def test_without_files_there_are_only_chains(workspace):
    background = workspace.background()
    assert background.panel.empty
    assert background.own_id == ""
    assert background.travel.empty
    assert background.cells.empty
    assert len(background.stages) > 100


def test_files_of_the_folder_are_read(imported):
    put(imported, "panel.csv", HEAD, OTHER, OWN)
    put(imported, "travel.csv", "from_id,to_id,minutes", "99001,A1,3", "75056,x,1")
    put(imported, "cells.csv", "cell_id,commune_id,people,longitude,latitude", "c,99001,5,1.7,46.6")
    background = imported.background()
    assert background.own_id == "T1"
    assert background.panel["territory_id"].tolist() == ["T1", "T2"]
    assert len(background.travel) == 2
    assert background.cells["people"].tolist() == [5.0]


def test_faults_of_all_files_are_told_at_once(imported):
    put(imported, "panel.csv", HEAD, OWN.replace("4500", "zéro"), OTHER)
    put(imported, "travel.csv", "from_id,to_id", "99001,A1")
    put(imported, "cells.csv", "cell_id,commune_id,people", "c,99001,5")
    with pytest.raises(DataError) as caught:
        imported.background()
    where = {problem.where for problem in caught.value.problem_list}
    assert where == {"panel.csv", "travel.csv", "cells.csv"}


def test_a_panel_without_the_territory_is_refused(imported):
    put(imported, "panel.csv", HEAD, OTHER)
    with pytest.raises(DataError) as caught:
        imported.background()
    assert codes(caught) == {"panel_own_absent"}


def test_travel_times_of_another_territory_are_refused(imported):
    path = put(imported, "travel.csv", "from_id,to_id,minutes", "75056,A1,3", "99001,x,1")
    with pytest.raises(DataError) as caught:
        imported.background()
    assert codes(caught) == {"travel_unknown"}
    path.unlink()
    imported.background()


# --- which one is mine --------------------------------------------------------------------------
def panel_of(*rows: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["territory_id", "name"])


def named(territory: Territory, epci: list[str | None]) -> Territory:
    communes = territory.communes.assign(epci_id=pd.Series(epci, dtype="str"))
    tables = {**territory.tables, v.COMMUNES: communes}
    return Territory.from_tables(tables, name="Val d'Essai", fictional=True)


def test_the_grouping_of_all_communes_comes_first(tiny_territory):
    panel = panel_of(("200000001", "x"), ("T1", "VAL D’ESSAI"))
    assert find_own(panel, named(tiny_territory, ["200000001"] * 3)) == "200000001"
    assert find_own(panel, named(tiny_territory, ["200000002"] * 3)) == "T1"
    assert find_own(panel, named(tiny_territory, ["200000001", "200000001", None])) == "T1"
    with pytest.raises(DataError):
        find_own(panel_of(("T1", "Val d'Essai"), ("T2", "val d'essai")), tiny_territory)


def test_the_grouping_of_communes(perimeter):
    def of(*cells: str | None) -> str:
        return epci_of(perimeter.assign(epci_id=pd.Series(cells, dtype="str")))

    assert of("a", "a", "a") == "a"
    assert of("a", "b", "a") == ""
    assert of("a", None, "a") == ""
    assert of(None, None, None) == ""


# --- the demo -----------------------------------------------------------------------------------
def test_the_demo_has_its_panel_and_chains(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    session = open_session()
    assert session.background.own_id == DEMO_ID
    assert len(session.background.places)
    one = demo_background(demo_territory())
    pd.testing.assert_frame_equal(one.panel, demo_panel())


def test_a_territory_at_hand_has_nothing_beside_it(tiny_territory):
    session = Session(territory=tiny_territory, settings=Settings(), lang="fr")
    assert session.background.panel.empty
    assert background_of(tiny_territory).own_id == ""


# --- making one ---------------------------------------------------------------------------------
MEMBERS = (
    "epci_code,epci_nom,epci_type,commune_code,commune_nom,population_municipale",
    "200000001,CC Une,CC,99001,Ambreval,1000",
    "200000001,CC Une,CC,99002,Brissac,3000",
    "200000002,CA Deux,CA,99003,Château,500",
    "200000003,CC Trois,CC,99004,Autre,700",
    "200000004,CC Quatre,CC,98001,Loin,700",
)
COUNTS = (
    "commune_id,activity,count",
    "99001,B203,2",
    "99004,B203,1",
    "99003,D201,0",
    "99002,A206,1",
)


@pytest.fixture
def files(tmp_path):
    for name, lines in {"members.csv": MEMBERS, "counts.csv": COUNTS}.items():
        (tmp_path / name).write_text("\n".join(lines), encoding="utf-8")
    return tmp_path


def test_a_panel_is_made_with_its_sources(workspace, files):
    wish = PanelWish(counts=(str(files / "counts.csv"),), members=str(files / "members.csv"))
    report = make_panel(workspace, wish)
    assert report.panel.own_id == "territory:val-d-essai"
    background = workspace.background()
    assert background.own_id == "territory:val-d-essai"
    assert set(background.panel["territory_id"]) == {"territory:val-d-essai", "200000003"}
    assert {note.code for note in report.notes} >= {
        "sources_panel_left",
        "sources_panel_left_overlaps",
    }
    sources = workspace.tables()["sources"]
    assert {"groupings:members", "counts:counts"} <= set(sources["source_id"])
    assert sources["sha256"].notna().all()
    assert workspace.journal()["what"].iloc[-1] == "Panel de comparaison"
    for lang in ("fr", "en"):
        assert any("2" in line for line in report.lines(lang=lang))


def test_nothing_is_written_where_anything_is_wrong(workspace, files):
    before = workspace.database.read_bytes()
    wish = PanelWish(
        counts=(str(files / "counts.csv"), str(files / "absent.csv")),
        members=str(files / "members.json"),
        income=files / "members.csv",
    )
    with pytest.raises(DataError) as caught:
        make_panel(workspace, wish)
    assert codes(caught) == {"sources_no_file", "sources_column_missing"}
    assert len(caught.value.problem_list) == 3
    assert workspace.database.read_bytes() == before
    assert not (workspace.sources / "panel.csv").exists()


def test_a_ready_panel_is_taken_alone(workspace, files):
    ready = files / "ready.csv"
    ready.write_text(f"{HEAD}\n{OTHER}\n{OWN}", encoding="utf-8")
    report = make_panel(workspace, PanelWish(ready=ready))
    assert report.panel.own_id == "T1"
    assert workspace.background().own_id == "T1"
    with pytest.raises(UsageError) as caught:
        make_panel(workspace, PanelWish(ready=ready, counts=("x",), areas=files))
    assert codes(caught) == {"panel_both"}
    with pytest.raises(UsageError) as caught:
        make_panel(workspace, PanelWish())
    assert codes(caught) == {"panel_nothing"}


def test_populations_of_another_file_are_taken(workspace, files):
    bare = [line.rpartition(",")[0] for line in MEMBERS]
    (files / "members.csv").write_text("\n".join(bare), encoding="utf-8")
    people = ["commune_code,population", *(f"9900{n},{100 * n}" for n in range(1, 5))]
    (files / "people.csv").write_text("\n".join(people), encoding="utf-8")
    wish = PanelWish(counts=(str(files / "counts.csv"),), members=str(files / "members.csv"))
    with pytest.raises(DataError) as caught:
        make_panel(workspace, wish)
    assert codes(caught) == {"panel_own_no_population"}
    wish = PanelWish(wish.counts, wish.members, population=files / "people.csv")
    frame = make_panel(workspace, wish).panel.frame
    assert frame.groupby("territory_id")["population"].first().to_dict() == {
        "200000003": 400.0,
        "territory:val-d-essai": 600.0,
    }
