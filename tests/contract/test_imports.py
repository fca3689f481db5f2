"""Who may import whom, read from the code."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

import toolkit

PACKAGE = Path(toolkit.__file__).parent
LAYERS = (
    ("errors", "vocabulary", "settings", "resources", "compiled"),
    ("language", "crs", "nomenclature", "category_links", "units", "office"),
    ("schema",),
    ("territory", "background"),
    ("sources", "workbook", "linkage", "knowledge", "gaps", "partnerships"),
    ("workspace", "diagnosis", "privacy"),
    ("views",),
    ("widgets", "report", "exports"),
    ("batch",),
    ("cli",),
)
"""Rooms of the house from the ground up; a room imports from the floors below its own."""
SHARED_FLOORS = (0, 1)
"""Floors whose rooms may lean on each other; on the others siblings do not."""
DOORS = {"__init__", "__main__"}
PURE = ("gaps", "partnerships", "diagnosis")
IMPURE_PACKAGES = {
    "asyncio",
    "babel",
    "datetime",
    "folium",
    "glob",
    "http",
    "httpx",
    "io",
    "ipywidgets",
    "jinja2",
    "locale",
    "logging",
    "matplotlib",
    "openpyxl",
    "os",
    "pathlib",
    "pyogrio",
    "random",
    "requests",
    "secrets",
    "shutil",
    "socket",
    "sqlite3",
    "ssl",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "time",
    "tomllib",
    "urllib",
    "uuid",
    "xlsxwriter",
}
IMPURE_ROOMS = {
    "language",
    "resources",
    "views",
    "workspace",
    "workbook",
    "office",
    "sources",
    "report",
    "widgets",
    "exports",
}
IMPURE_CALLS = {"open", "print", "input", "eval", "exec"}

FILES = sorted(path for path in PACKAGE.rglob("*.py") if "_shipped" not in path.parts)
ROOMS = sorted({path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in FILES} - DOORS)


def room_of(module):
    """Return the room of a dotted module name of the package."""
    return module.split(".")[1] if "." in module else "__init__"


def module_of(path):
    """Return the dotted name of a file."""
    parts = ("toolkit", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path) for path in FILES}


@cache
def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def typing_only(tree):
    """Return the nodes that stand under ``if TYPE_CHECKING``."""
    return {
        child
        for node in ast.walk(tree)
        if isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
        for inner in node.body
        for child in ast.walk(inner)
    }


def imports_of(path, *, at_run_time=True):
    """Return the dotted names that a file imports; modules of this package in full."""
    tree = tree_of(path)
    left_out = typing_only(tree) if at_run_time else set()
    names = set()
    for node in ast.walk(tree):
        if node in left_out:
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative import"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                names.add(full if full in MODULES else node.module)
    return names


def floor_of(room):
    return next((floor for floor, rooms in enumerate(LAYERS) if room in rooms), None)


def test_every_room_has_its_floor():
    assert [
        room for room in ROOMS if floor_of(room) is None and room not in {"assets", "locales"}
    ] == []


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_imports_go_down(path):
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if room in DOORS:
        return
    floor = floor_of(room)
    for name in imports_of(path):
        if not name.startswith("toolkit."):
            assert name != "toolkit", f"{module_of(path)} imports the front door"
            continue
        other = room_of(name)
        if other == room:
            continue
        below = floor_of(other)
        assert below is not None, f"{module_of(path)} imports {name}"
        sideways = below == floor and floor in SHARED_FLOORS
        assert below < floor or sideways, f"{module_of(path)} imports {name}, which is not below it"


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_names_for_types_come_from_no_higher_floor(path):
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if room in DOORS:
        return
    for name in imports_of(path, at_run_time=False):
        if name.startswith("toolkit.") and room_of(name) != room:
            assert floor_of(room_of(name)) <= floor_of(room), f"{module_of(path)} names {name}"


def test_there_is_no_cycle():
    known = {module_of(path): path for path in FILES}
    graph = {
        name: {one for one in imports_of(path) if one in known and one != name}
        for name, path in known.items()
    }
    del graph["toolkit"]
    left = {name: others - {"toolkit"} for name, others in graph.items()}
    # A package's own door imports its rooms; a room that imports its door is a cycle all the same.
    while free := [name for name, others in left.items() if not others & set(left)]:
        for name in free:
            del left[name]
    assert left == {}


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_only_the_maps_know_folium(path):
    packages = {name.split(".")[0] for name in imports_of(path)}
    if path != PACKAGE / "views" / "maps.py":
        assert not packages & {"folium", "branca"}


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_only_crs_knows_epsg_codes(path):
    if path == PACKAGE / "crs.py":
        return
    numbers = {4326, 2154, 3857, *(zone.epsg for zone in crs_zones())}
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Constant):
            assert node.value not in numbers or isinstance(node.value, bool | float), (
                f"line {node.lineno}"
            )
            is_code = (
                isinstance(node.value, str)
                and node.value.upper().startswith("EPSG:")
                and len(node.value) < 12
            )
            assert not is_code, f"line {node.lineno}"


def crs_zones():
    from toolkit import crs

    return (crs.METROPOLE, *crs.OVERSEAS.values())


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_only_the_command_line_prints_and_nothing_is_asserted(path):
    for node in ast.walk(tree_of(path)):
        is_print = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print"
        assert not is_print or "cli" in path.parts, f"line {node.lineno}"
        assert not isinstance(node, ast.Assert), f"line {node.lineno}"
        is_star = isinstance(node, ast.ImportFrom) and any(
            alias.name == "*" for alias in node.names
        )
        assert not is_star, f"line {node.lineno}"


PURE_FILES = [
    path for path in FILES if path.relative_to(PACKAGE).parts[0].removesuffix(".py") in PURE
]


@pytest.mark.parametrize("path", PURE_FILES, ids=module_of)
def test_the_diagnosis_touches_no_file_clock_chance_or_language(path):
    names = imports_of(path)
    assert not {name.split(".")[0] for name in names} & IMPURE_PACKAGES
    assert not {room_of(name) for name in names if name.startswith("toolkit.")} & IMPURE_ROOMS
    for node in ast.walk(tree_of(path)):
        called = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
        assert called not in IMPURE_CALLS, f"line {node.lineno}: {called}"


def test_the_diagnosis_is_there():
    assert {path.relative_to(PACKAGE).parts[0] for path in PURE_FILES} == {
        "gaps",
        "partnerships",
        "diagnosis.py",
    }


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_a_file_fits_on_a_desk(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 600
