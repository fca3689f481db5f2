"""What a notebook asks of a session, on the tiny territory."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import tiny_tables
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
