"""Maillage: map a territory's actors, resources and flows, find its gaps, propose partnerships.

The public names below are loaded when they are first used, so that ``import toolkit`` stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toolkit.diagnosis import Diagnosis, compare, diagnose
    from toolkit.errors import (
        CrsError,
        DataError,
        DataQualityWarning,
        MissingDependencyError,
        Problem,
        ReportError,
        SchemaError,
        SettingsError,
        ToolkitError,
        UsageError,
        WorkbookError,
        WorkspaceError,
    )
    from toolkit.language import text
    from toolkit.partnerships import Wishes
    from toolkit.report import facts_of, write_report
    from toolkit.report.fragments import card_of, evidence_of
    from toolkit.settings import Settings
    from toolkit.sources import demo_territory
    from toolkit.territory import Territory
    from toolkit.views.frames import table_of
    from toolkit.views.maps import map_of
    from toolkit.widgets import Session, open_session
    from toolkit.workspace import Workspace

__version__ = "0.1.0"

__all__ = [
    "CrsError",
    "DataError",
    "DataQualityWarning",
    "Diagnosis",
    "MissingDependencyError",
    "Problem",
    "ReportError",
    "SchemaError",
    "Session",
    "Settings",
    "SettingsError",
    "Territory",
    "ToolkitError",
    "UsageError",
    "Wishes",
    "WorkbookError",
    "Workspace",
    "WorkspaceError",
    "card_of",
    "compare",
    "demo_territory",
    "diagnose",
    "evidence_of",
    "facts_of",
    "map_of",
    "open_session",
    "table_of",
    "text",
    "write_report",
]

_HOMES = {
    "Diagnosis": "diagnosis",
    "Session": "widgets",
    "Settings": "settings",
    "Territory": "territory",
    "Wishes": "partnerships",
    "Workspace": "workspace",
    "card_of": "report.fragments",
    "compare": "diagnosis",
    "demo_territory": "sources",
    "diagnose": "diagnosis",
    "evidence_of": "report.fragments",
    "facts_of": "report",
    "map_of": "views.maps",
    "open_session": "widgets",
    "table_of": "views.frames",
    "text": "language",
    "write_report": "report",
}


def __getattr__(name: str) -> object:
    """Load a public name from its module when it is first used."""
    if name not in __all__:
        message = f"module 'toolkit' has no attribute {name!r}"
        raise AttributeError(message)
    home = import_module(f"toolkit.{_HOMES.get(name, 'errors')}")
    value: object = getattr(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
