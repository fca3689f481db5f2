"""What is handed out: the same packages everywhere, and nothing of this machine."""

import ast
import importlib.util
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / ".ci" / "lock.txt").read_text(encoding="utf-8")
RUNTIME = [Requirement(line) for line in PROJECT["project"]["dependencies"]]
GROUPS = [
    Requirement(line)
    for name, group in PROJECT["dependency-groups"].items()
    for line in group
    if isinstance(line, str) and name != "peers"
]
"""What the lock must hold; peers are installed beside it, in an environment of their own."""
CONDA_NAMES = {"python-duckdb": "duckdb"}
"""Packages that conda-forge calls otherwise."""
BUILT = {"build", "dist", "demo", "ma-demo", "territoire-demo", "node_modules"}


def project_files():
    """Return the files of the project: git's list, or all but what tools make."""
    git = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(git, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    except (OSError, subprocess.CalledProcessError):
        paths = []
        for folder, names, files in os.walk(ROOT):
            inside = Path(folder).relative_to(ROOT)
            names[:] = [
                name
                for name in names
                if name == ".ci"
                or (not name.startswith((".", "__")) and str(inside / name) not in BUILT)
            ]
            paths += [inside / name for name in files]
    else:
        paths = [Path(name) for name in listed.split("\0") if name]
    return sorted(path for path in paths if (ROOT / path).is_file())


def text_of(path):
    """Return a file as text, or nothing if it is not a text."""
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


@pytest.fixture(scope="module")
def project_script():
    """Return `.ci/project.py` as a module."""
    spec = importlib.util.spec_from_file_location("project_script", ROOT / ".ci" / "project.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# -- dependencies ------------------------------------------------------------------------


def test_conda_environment_names_the_same_packages_and_bounds():
    lines = re.findall(r"(?m)^  - ([\w.-]+>=[\w.]+)$", (ROOT / "environment.yml").read_text())
    wanted = [Requirement(line) for line in lines]
    conda = {CONDA_NAMES.get(one.name, one.name): str(one.specifier) for one in wanted}
    expected = {requirement.name: str(requirement.specifier) for requirement in RUNTIME}
    expected["python"] = PROJECT["project"]["requires-python"]
    expected["nbval"] = next(str(r.specifier) for r in GROUPS if r.name == "nbval")
    assert conda == expected


@pytest.mark.parametrize("requirement", [*RUNTIME, *GROUPS], ids=str)
def test_dependency_has_a_lower_bound_and_no_upper_one(requirement):
    assert [specifier.operator for specifier in requirement.specifier] == [">="]


@pytest.mark.parametrize("requirement", [*RUNTIME, *GROUPS], ids=str)
def test_lock_holds_an_allowed_version(requirement):
    versions = re.findall(rf"(?mi)^{re.escape(requirement.name)}==([\w.]+)", LOCK)
    assert versions
    assert all(requirement.specifier.contains(version) for version in versions)


def test_lock_holds_names_and_hashes_only():
    entries = re.split(r"(?m)^(?=\S)", LOCK)[1:]
    pattern = re.compile(
        r"[a-z0-9-]+==[\w.+!]+(?: ; [\w.'<>=!() ]+)? \\\n"
        r"(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+"
    )
    assert entries
    assert [entry for entry in entries if not pattern.fullmatch(entry)] == []


# -- set-up ------------------------------------------------------------------------------


def test_set_up_script_is_read_by_an_old_python():
    source = (ROOT / ".ci" / "project.py").read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 6))
    first = next(node for node in tree.body if isinstance(node, ast.If))
    assert ast.unparse(first.test) == "__name__ == '__main__'"
    imported = {
        alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names
    }
    assert imported <= set(sys.stdlib_module_names) - {"tomllib"}


def test_too_old_python_is_told_what_to_do(project_script, monkeypatch):
    monkeypatch.setattr(project_script.sys, "version_info", (3, 8, 1))
    monkeypatch.setattr(project_script.shutil, "which", lambda _name: None)
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or newer, and this is Python 3\.8"):
        project_script.check_python()


def test_too_old_python_hands_over_to_a_newer_one(project_script, monkeypatch):
    called = []
    monkeypatch.setattr(project_script.sys, "version_info", (3, 8, 1))
    monkeypatch.setattr(project_script.sys, "argv", ["project.py", "test"])
    found = {"python3.12": "newer"}
    monkeypatch.setattr(project_script.shutil, "which", found.get)
    monkeypatch.setattr(project_script.subprocess, "call", lambda line: called.append(line) or 5)
    with pytest.raises(SystemExit, match="5"):
        project_script.check_python()
    assert called == [["newer", "project.py", "test"]]


def test_versions_of_the_lock_limit_the_demo_too(project_script):
    lines = project_script.lock_without_hashes().splitlines()
    requirements = [Requirement(line) for line in lines]
    assert len(lines) == LOCK.count("==") - LOCK.count("== '")
    assert {requirement.name for requirement in RUNTIME} <= {r.name for r in requirements}


def test_nothing_is_installed_twice(project_script, monkeypatch, tmp_path):
    installed = []
    monkeypatch.setattr(project_script, "VENV", tmp_path)
    monkeypatch.setattr(project_script, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(project_script, "make_environment", lambda: None)
    monkeypatch.setattr(project_script, "install", lambda *names: installed.append(names) or True)
    project_script.setup("run")
    project_script.setup("run")
    assert len(installed) == 2, "the packages, then the package itself, once"
    project_script.setup("dev")
    project_script.setup("run")
    assert len(installed) == 4, "what tests need includes what the demo needs"
    monkeypatch.setattr(project_script, "fingerprint", lambda: "other")
    project_script.setup("run")
    assert len(installed) == 6, "a changed project is installed again"


def test_lock_that_cannot_be_had_is_not_the_end_for_a_user(project_script, monkeypatch, tmp_path):
    tried = []
    monkeypatch.setattr(project_script, "VENV", tmp_path)
    monkeypatch.setattr(project_script, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(project_script, "make_environment", lambda: None)
    monkeypatch.setattr(project_script, "install", lambda *n: tried.append(n) or "-r" not in n)
    monkeypatch.setenv("MAILLAGE_LOCKED", "1")
    with pytest.raises(SystemExit, match="locked packages could not be installed"):
        project_script.setup("dev")
    monkeypatch.delenv("MAILLAGE_LOCKED")
    project_script.setup("dev")
    assert tried[2] == tuple(project_script.wanted("dev"))


def test_make_and_the_script_know_the_same_tasks(project_script):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"(?m)^TASKS := (.+)$", makefile)[1].split() == list(project_script.TASKS)


@pytest.mark.parametrize(
    "command", ["make demo", "make test", r"py .ci\project.py demo", r"py .ci\project.py test"]
)
def test_readme_gives_the_two_commands_for_every_system(command):
    assert command in (ROOT / "README.md").read_text(encoding="utf-8")


# -- what is in the box ------------------------------------------------------------------


@pytest.mark.slow
def test_wheel_holds_everything_that_is_used_and_nothing_else(tmp_path):
    pytest.importorskip("hatchling", reason="hatchling is part of the dev group")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    expected = set()
    for path in project_files():
        if path.parts[0] in ("data", "notebooks", "templates"):
            expected.add(f"toolkit/_shipped/{path.as_posix()}")
        elif path.parts[0] == "toolkit":
            expected.add(path.as_posix())
    assert names == expected
    for folder in ("_shipped/data/nomenclatures", "assets", "locales/fr", "locales/en"):
        assert any(name.startswith(f"toolkit/{folder}/") for name in names), folder


def test_no_file_names_this_machine_or_a_package_source():
    places = "root|work|tmp|home/[a-z]+|Users/[a-z]+"
    hosts = ["py" + "pi.org", "pythonhosted" + ".org", "npm" + "js.org", "anaconda" + ".org"]
    hosts += ["yarnpkg" + ".com", "conda" + ".io"]
    foreign = re.compile(
        rf"(?<![\w.\-/}}])/(?:{places})(?=[/\"'`\s),;:]|$)|{'|'.join(map(re.escape, hosts))}",
        flags=re.IGNORECASE | re.MULTILINE,
    )
    found = [
        f"{path}: {match[0]}"
        for path in project_files()
        for match in foreign.finditer(text_of(path))
    ]
    assert found == []


def test_no_file_is_large_or_made_by_a_tool():
    files = project_files()
    assert files
    large = [str(path) for path in files if (ROOT / path).stat().st_size > 3_000_000]
    assert large == []
    made = {".pyc", ".log", ".tmp", ".whl", ".egg-info", ".lock"}
    assert [str(path) for path in files if path.suffix in made or path.name == "uv.lock"] == []
