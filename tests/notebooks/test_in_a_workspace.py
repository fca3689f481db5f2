"""The notebooks that a workspace holds open that workspace, without anything being typed."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.conftest import tiny_tables
from toolkit.sources.catalogue import load_files
from toolkit.territory import Territory
from toolkit.workspace import Workspace

SIAE = """siret;name;kind;city;department;naf
35600000000048;ATELIER DES FEES PECHEUSES;EI;Ambreval;99;1610A
"""
INCLUSION = """id,nom,source,date_maj,siret,code_insee,adresse,latitude,longitude
8,Fées et Pêcheuses d'Ambreval,dora,2024-01-01,,99001,,,
"""


def run(workspace: Workspace, stem: str) -> nbformat.NotebookNode:
    """Return a notebook of a workspace, every cell run in a kernel."""
    if sys.platform == "win32":
        asyncio.set_event_loop_policy(asyncio.WindowsSelectorEventLoopPolicy())
    notebook = nbformat.read(workspace.notebooks / f"{stem}.ipynb", as_version=4)
    client = NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": str(workspace.notebooks)}}
    )
    client.execute()
    return notebook


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the kernel's own libraries
@pytest.mark.parametrize("lang,stem", [("fr", "01_perimetre"), ("en", "07_report")])
def test_a_notebook_runs_on_its_own_territory(tmp_path: Path, lang: str, stem: str) -> None:
    territory = Territory.from_tables(tiny_tables(), name="Val d'Essai")
    workspace = Workspace.from_territory(tmp_path / "val", territory, lang=lang)
    shown = json.dumps(run(workspace, stem), ensure_ascii=False)
    if stem.startswith("01"):
        assert "Brissac-les-Bois" in shown
    else:
        page = (workspace.reports / "diagnostic.html").read_text(encoding="utf-8")
        assert "Val d&#39;Essai" in page
        assert 'lang="en"' in page


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the kernel's own libraries
def test_the_second_notebook_asks_which_records_are_one(tmp_path: Path) -> None:
    territory = Territory.from_tables(tiny_tables(), name="Val d'Essai")
    workspace = Workspace.from_territory(tmp_path / "val", territory, lang="fr")
    for name, content in (("siae", SIAE), ("di", INCLUSION)):
        path = tmp_path / f"{name}.csv"
        path.write_text(content, encoding="utf-8")
        workspace.add_sources(load_files([path]))
    cells = {cell.source: cell for cell in run(workspace, "02_acteurs").cells}
    (panel,) = cells["session.questions()"].outputs
    assert panel.data["text/plain"] == "Questions (1)"
    assert "application/vnd.jupyter.widget-view+json" in panel.data
    (table,) = cells["session.question_table()"].outputs
    assert "ATELIER DES FEES PECHEUSES" in table.data["text/html"]
    (none,) = cells["session.conflicts()"].outputs
    assert "Aucune ligne" in none.data["text/html"]
