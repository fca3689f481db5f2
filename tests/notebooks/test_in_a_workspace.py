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
from toolkit.territory import Territory
from toolkit.workspace import Workspace


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the kernel's own libraries
@pytest.mark.parametrize("lang,stem", [("fr", "01_perimetre"), ("en", "07_report")])
def test_a_notebook_runs_on_its_own_territory(tmp_path: Path, lang: str, stem: str) -> None:
    if sys.platform == "win32":
        asyncio.set_event_loop_policy(asyncio.WindowsSelectorEventLoopPolicy())
    territory = Territory.from_tables(tiny_tables(), name="Val d'Essai")
    workspace = Workspace.from_territory(tmp_path / "val", territory, lang=lang)
    path = workspace.notebooks / f"{stem}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": str(workspace.notebooks)}}
    )
    client.execute()
    shown = json.dumps(notebook, ensure_ascii=False)
    if stem.startswith("01"):
        assert "Brissac-les-Bois" in shown
    else:
        page = (workspace.reports / "diagnostic.html").read_text(encoding="utf-8")
        assert "Val d&#39;Essai" in page
        assert 'lang="en"' in page
