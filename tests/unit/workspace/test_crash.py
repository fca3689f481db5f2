"""A process killed at any moment leaves the last committed state, never something between."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest

from toolkit.workspace import Workspace

SCRIPT = Path(__file__).with_name("crashing.py")
ROOT = Path(__file__).resolve().parents[3]
ROWS = 150

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not hasattr(os, "fork"), reason="victims are forks, which this system has not"
    ),
]


def victims(work, folder, *, changes):
    """Return what each kill left; `changes` is about how many changes the work makes."""
    run = subprocess.run(
        [sys.executable, SCRIPT, work, folder, str(changes)],
        capture_output=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
        timeout=100,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return json.loads(run.stdout)


def write_state(path, letter):
    """Write a workbook in which every row shows the letter of its state."""
    book = openpyxl.Workbook()
    actors = book.active
    actors.title = "Acteurs"
    actors.append(["Identifiant", "Nom", "Famille", "Commune"])
    resources = book.create_sheet("Ressources")
    resources.append(["Identifiant", "Acteur", "Catégorie", "Désignation"])
    for i in range(ROWS):
        actors.append([f"A{i}", f"{letter} acteur {i}", "Secteur public", f"9900{1 + i % 3}"])
        resources.append([f"R{i}", f"A{i}", "materials.wood.offcuts", f"{letter} ressource {i}"])
    book.save(path)


def test_killed_import_leaves_one_whole_state(folder):
    for letter in "ab":
        write_state(folder / f"saisie {letter}.xlsx", letter)
    Workspace(folder).import_workbook(folder / "saisie a.xlsx")
    told = victims("import", folder, changes=4 * ROWS)
    state = "a"
    for kill in told:
        assert kill["states"] in (["a"], ["b"])
        assert kill["rows"] == [ROWS, ROWS]
        if kill["how"] == "change":
            assert kill["was_killed"]
            assert kill["states"] == [state]
        state = kill["states"][0]
    assert not told[-1]["was_killed"]
    # The test proves something only if half-written files were left behind.
    assert sum(kill["is_hot"] for kill in told) >= 5
    # The journal tells of the commits, and of nothing that was taken back.
    workspace = Workspace(folder)
    journal = workspace.journal().query("table_name == 'actors'")
    lines = journal.groupby(["row_id"]).size()
    assert lines.nunique() == 1
    assert not workspace.import_workbook(folder / f"saisie {state}.xlsx").has_changes


def test_killed_creation_leaves_a_whole_folder_or_none(tmp_path):
    told = victims("create", tmp_path, changes=60)
    for kill in told[:-1]:
        assert kill["was_killed"]
        assert kill["sound"] == 0
        assert kill["started"] >= 1
    assert told[-1]["sound"] == 1
