"""Prove that the oldest allowed version of every direct dependency is the one installed."""

import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"


def main() -> None:
    """Compare `pyproject.toml` with the running environment; leave with 1 on a difference."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))
    names = project["project"]["dependencies"] + project["dependency-groups"]["test"]
    wrong = []
    for requirement in map(Requirement, names):
        lower = [Version(s.version) for s in requirement.specifier if s.operator == ">="]
        found = Version(version(requirement.name))
        print(f"{requirement.name:20} {found!s:10} {requirement.specifier}")
        if [found] != lower:
            wrong.append(f"{requirement.name} {found}, expected {requirement.specifier}")
    if wrong:
        sys.exit("Not the oldest allowed version: " + "; ".join(wrong))


if __name__ == "__main__":
    main()
