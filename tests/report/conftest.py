"""A diagnosis made by hand, made once for all tests here."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def made() -> ModuleType:
    """Return the module that makes a diagnosis by hand."""
    path = Path(__file__).resolve().parent.parent / "report" / "made_diagnosis.py"
    spec = importlib.util.spec_from_file_location("made_diagnosis", path)
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by name.
    import sys

    sys.modules.setdefault("made_diagnosis", module)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def diagnosis(made: ModuleType):
    """Return the diagnosis made by hand."""
    return made.diagnosis()


@pytest.fixture(scope="session")
def hostile(made: ModuleType):
    """Return a diagnosis whose names are code to somebody."""
    return made.diagnosis(made.HOSTILE, name="Val {{7*7}} </script><b>`${1}`")
