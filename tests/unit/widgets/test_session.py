"""What a notebook asks of a session, on the tiny territory."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import tiny_tables
from toolkit import vocabulary as v
from toolkit.errors import UsageError
from toolkit.settings import Settings
from toolkit.territory import Territory
from toolkit.widgets import Session, open_session
from toolkit.workspace import Workspace


@pytest.fixture
def session() -> Session:
    territory = Territory.from_tables(tiny_tables(), name="Val d'Essai")
    return Session(territory=territory, settings=Settings(), lang="fr")


def test_key_figures_keep_the_order_of_the_families(session: Session) -> None:
    figures = session.key_figures()
    assert list(figures.index[:3]) == ["Habitants", "Communes", "Acteurs"]
    families = [name for name in figures.index if name.startswith("– ")]
    assert families[0] == "– Économie sociale et solidaire"


def test_counts_are_in_the_order_of_letters_and_of_the_closed_list(session: Session) -> None:
    counts = session.count("actors", "sectors", by="family")
    assert "Économie sociale et solidaire" in counts.columns[0]
    assert int(counts.to_numpy().sum()) >= 1


def test_a_number_stands_for_a_gap_and_a_candidate(session: Session) -> None:
    gaps = session.diagnosis.gaps
    assert session.gap(1) == gaps["gap_id"].iloc[0]
    assert session.gap(len(gaps)) == gaps["gap_id"].iloc[-1]
    for wrong in (0, len(gaps) + 1):
        with pytest.raises(UsageError) as caught:
            session.gap(wrong)
        assert caught.value.code == "unknown_gap"
    with pytest.raises(UsageError) as caught:
        session.candidate(0)
    assert caught.value.code == "unknown_candidate"


def test_where_a_report_was_written_is_text_with_a_link(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "<a" not in session.written(tmp_path / "<b>.html").html
    workspace = Workspace.from_territory(tmp_path / "val", session.territory, lang="fr")
    monkeypatch.chdir(workspace.notebooks)
    shown = open_session().written(workspace.reports / "mon rapport.html").html
    assert 'href="../rapports/mon%20rapport.html"' in shown
    assert "Rapport écrit" in shown


@pytest.fixture
def wanting(session: Session) -> Session:
    """Return a session in which A1 wants a cold room, of which A2 has a part."""
    cold = {"category": "premises.cold_room", "unit": "m3", "period": "once", "basis": "observed"}
    needs = pd.DataFrame([{"need_id": "N1", "actor_id": "A1", "quantity": 80.0, **cold}])
    resources = pd.DataFrame(
        [{"resource_id": "R1", "actor_id": "A2", "quantity": 60.0, "available": "surplus", **cold}]
    )
    territory = session.territory.replace(needs=needs, resources=resources)
    return Session(territory=territory, settings=Settings(language="en"), lang="en")


def test_candidates_follow_wishes_and_the_diagnosis_stays(wanting: Session) -> None:
    before = wanting.table("partnerships")
    with_lycee = wanting.partners(must=["lycee agricole du val"], types=["multi_actor"])
    assert len(with_lycee)
    assert with_lycee["Members"].str.contains("Lycée agricole du Val").all()
    assert "Scierie" not in wanting.partners(without=["A2"]).to_string()
    pd.testing.assert_frame_equal(wanting.table("partnerships"), before)
    with pytest.raises(UsageError) as caught:
        wanting.partners(must=["nobody"], without=["nowhere"])
    assert "nobody" in str(caught.value)


def test_other_weights_rank_again(wanting: Session) -> None:
    made = wanting.reranked(proximity=100, coverage=0)
    frame = wanting.diagnosis.reranked({"proximity": 100, "coverage": 0})
    assert made.index.tolist() == frame["candidate_id"].tolist()
    assert made.index.tolist() != wanting.table("partnerships").index.tolist()
    for wrong in ({"beauty": 1.0}, {"trust": -1.0}, dict.fromkeys(v.CRITERIA, 0.0)):
        with pytest.raises(UsageError):
            wanting.reranked(**wrong)


def test_the_demo_says_whom_it_is_compared_with() -> None:
    panel = open_session().table("panel")
    assert panel["Nom"].iloc[0] == "Pays de Valombre"
    assert len(panel) == 1 + Settings().panel_size


def test_next_steps_are_those_of_the_decisions(session: Session, tmp_path: Path) -> None:
    workspace = Workspace.from_territory(tmp_path / "val", session.territory, lang="fr")
    workspace.decide(
        "P-1", decision="accepted", title="Froid", next_step="Appeler", due_date="2020-01-31"
    )
    made = open_session(tmp_path / "val").table("follow_up")
    assert made.loc["P-1", ["État", "Objet", "Échéance"]].tolist() == [
        "En retard",
        "Froid",
        "31 janvier 2020",
    ]
