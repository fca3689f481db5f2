"""What changed between the diagnoses that two folders keep, or since the last one of a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from toolkit import vocabulary as v
from toolkit.errors import Problem, UsageError
from toolkit.gaps import compare_gaps
from toolkit.workspace import journal
from toolkit.workspace.layers import EVIDENCE, GAPS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from toolkit.diagnosis import Diagnosis
    from toolkit.workspace.opened import OpenFolder

SEPARATOR = ";"
"""What a spreadsheet in French takes for the border of a column."""


def compare_folders(before: OpenFolder, after: OpenFolder) -> tuple[pd.DataFrame, bool]:
    """Return what became of the gaps between two folders, and whether they are of one territory.

    Parameters
    ----------
    before, after : OpenFolder
        Folders in which a diagnosis was kept.

    Returns
    -------
    DataFrame
        As :func:`toolkit.gaps.compare_gaps` returns it: of one territory (the same communes) by the
        shortfall, of two by severity.
    bool
        Whether the communes are the same.

    Raises
    ------
    UsageError
        If one of them, or both, was never diagnosed.
    """
    problems = [
        Problem("cli_not_diagnosed", found=str(one.folder))
        for one in (before, after)
        if not was_diagnosed(one)
    ]
    if problems:
        raise UsageError(problems)
    communes = [set(one.tables()[v.COMMUNES]["commune_id"]) for one in (before, after)]
    same = communes[0] == communes[1]
    kept = [one.results() for one in (before, after)]
    changes = compare_gaps(
        kept[0][GAPS],
        kept[1][GAPS],
        evidence=(kept[0][EVIDENCE], kept[1][EVIDENCE]),
        by="shortfall" if same else "severity",
    )
    return changes, same


def was_diagnosed(workspace: OpenFolder) -> bool:
    """Return whether a diagnosis was kept in a folder."""
    return bool((workspace.journal()["action"] == journal.DIAGNOSIS).any())


def changes_since(last: Mapping[str, pd.DataFrame], diagnosis: Diagnosis) -> pd.DataFrame:
    """Return what became of the gaps of a territory since its last diagnosis.

    Parameters
    ----------
    last : Mapping of str to DataFrame
        What :meth:`toolkit.workspace.Workspace.results` returned before.
    diagnosis : Diagnosis
        The new one.
    """
    evidence = last[EVIDENCE], diagnosis.evidence
    return compare_gaps(last[GAPS], diagnosis.gaps, evidence=evidence)


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table of words that a spreadsheet opens as it is; a file is never overwritten.

    Raises
    ------
    UsageError
        If the file exists already.
    """
    try:
        with path.open("x", encoding="utf-8-sig", newline="") as file:
            table.to_csv(file, sep=SEPARATOR)
    except FileExistsError as err:
        raise UsageError(Problem("cli_file_exists", found=str(path))) from err
