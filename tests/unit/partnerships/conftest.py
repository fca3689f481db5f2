"""Helpers of these tests that are modules of their own, as fixtures."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest


def load(name):
    """Return a module that lies beside this file."""
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"partnerships_{name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def worlds():
    """Small territories and random openings."""
    return load("worlds")


@pytest.fixture(scope="session")
def oracle():
    """Plain enumeration to compare with."""
    return load("oracle")


@pytest.fixture(scope="session")
def quick():
    """Thousands of small openings, and a quick enumeration."""
    return load("quick")
