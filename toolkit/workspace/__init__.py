"""A territory's folder and its GeoPackage database: transactions, journal, decisions, imports."""

from __future__ import annotations

from toolkit.workspace.folder import Workspace
from toolkit.workspace.outcome import ImportRefusedError, ImportReport, TableReport

__all__ = ["ImportRefusedError", "ImportReport", "TableReport", "Workspace"]
