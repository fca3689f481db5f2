r"""Set the project up and run one of its tasks; standard library only, Windows included.

    python3 .ci/project.py demo        (Linux, macOS)
    py .ci\project.py demo             (Windows)

The environment is `.venv` beside `pyproject.toml`. Packages come from whatever source this
machine uses for pip. Set-up is done again only when what it depends on has changed.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
LOCK = ROOT / ".ci" / "lock.txt"
WARM_UP = (
    "from toolkit import Settings, demo_territory, diagnose; "
    "diagnose(demo_territory(), settings=Settings(openings_max=4, per_opening=1))"
)
STAMP = VENV / "maillage-setup.txt"
WINDOWS = os.name == "nt"
PYTHON = VENV / ("Scripts/python.exe" if WINDOWS else "bin/python")

# The program that reads this file may be old: up to `main`, no syntax newer than Python 3.6
# (so plain `list` in annotations).


def check_python() -> None:
    """Run again with a newer Python if there is one, else say what to do and stop."""
    if sys.version_info >= OLDEST:
        return
    for minor in range(19, OLDEST[1] - 1, -1):
        newer = shutil.which(f"python3.{minor}")
        if newer:
            sys.exit(subprocess.call([newer, *sys.argv]))
    sys.exit(
        f"Maillage needs Python {OLDEST[0]}.{OLDEST[1]} or newer, "
        f"and this is Python {sys.version_info[0]}.{sys.version_info[1]}. "
        "Install a newer one from python.org (on Windows also from the Microsoft Store, "
        "without administrator rights), then run the same command again."
    )


def say(text: str) -> None:
    """Tell what is going on."""
    print("[maillage] " + text, flush=True)


def run(*command: object) -> int:
    """Run a program in the project's folder; return its exit code."""
    env = dict(os.environ, PYTHONUTF8="1")
    return subprocess.call([str(part) for part in command], cwd=str(ROOT), env=env)


def must(*command: object) -> None:
    """Run a program; leave with its exit code if that is not zero."""
    code = run(*command)
    if code:
        sys.exit(code)


# -- the environment ---------------------------------------------------------------------


def make_environment() -> None:
    """Create `.venv`, or make it again if its Python is gone or too old."""
    if PYTHON.exists():
        probe = f"import sys; sys.exit(sys.version_info < {OLDEST})"
        if run(PYTHON, "-c", probe) == 0:
            return
        if not (VENV / "pyvenv.cfg").is_file():
            sys.exit(f"{VENV} is not a Python environment. Move it away and try again.")
        say("The environment no longer works; making it again.")
        shutil.rmtree(str(VENV))
    say(f"Making the environment in {VENV}")
    if run(sys.executable, "-m", "venv", VENV) == 0:
        return
    shutil.rmtree(str(VENV), ignore_errors=True)
    uv = shutil.which("uv")
    if uv and run(uv, "venv", "--quiet", "--seed", "--python", sys.executable, VENV) == 0:
        return
    sys.exit(
        "Python could not make an environment. On Debian or Ubuntu install the package "
        "python3-venv; elsewhere install Python from python.org. Then run the command again."
    )


def lock_without_hashes() -> str:
    """Return the lock as bare versions, for pip to choose within."""
    text = LOCK.read_text(encoding="utf-8")
    lines = [line.rstrip(" \\") for line in text.splitlines() if not line.startswith(" ")]
    return "\n".join(lines) + "\n"


def wanted(level: str) -> list:
    """Return what `pyproject.toml` asks for: run-time packages, and for `dev` its tools too."""
    import tomllib  # noqa: PLC0415 - Python 3.11, checked by now

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    names = list(project["project"]["dependencies"])
    if level == "dev":
        for name, group in project["dependency-groups"].items():
            if name == "peers":  # an environment of its own, see .ci/run
                continue
            names += [one for one in group if isinstance(one, str)]
    return names


def install(*arguments: object) -> bool:
    """Install with uv where it is found (faster), else or if that fails with pip."""
    quiet = [] if sys.stdout.isatty() else ["-qq"]  # who watches sees how far it is
    uv = shutil.which("uv")
    if uv and run(uv, "pip", "install", *quiet, "--python", PYTHON, *arguments) == 0:
        return True
    if uv:
        say("uv could not install that; trying pip.")
    if run(PYTHON, "-c", "import pip") != 0:
        run(PYTHON, "-m", "ensurepip")
    pip = [PYTHON, "-m", "pip", "install", *quiet, "--disable-pip-version-check"]
    return run(*pip, *arguments) == 0


def install_locked(level: str) -> bool:
    """Install the versions of the lock: for `dev` all of it, with hashes."""
    if level == "dev":
        return install("--require-hashes", "-r", LOCK)
    limits = VENV / "maillage-versions.txt"
    limits.write_text(lock_without_hashes(), encoding="utf-8")
    return install("-c", limits, *wanted(level))


def fingerprint() -> str:
    """Return a hash of everything set-up depends on."""
    digest = hashlib.sha256(str(ROOT).encode())
    for path in (ROOT / "pyproject.toml", LOCK, Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def setup(level: str) -> None:
    """Make the environment ready for `run` (run-time packages) or `dev` (tests, checks)."""
    make_environment()
    stamp = STAMP.read_text(encoding="utf-8").split() if STAMP.is_file() else []
    if stamp[:1] == [fingerprint()] and stamp[1:] in ([level], ["dev"]):
        return
    say("Installing packages (the first time takes a few minutes) ...")
    if not install_locked(level):
        if os.environ.get("MAILLAGE_LOCKED") == "1":
            sys.exit("The locked packages could not be installed.")
        say("The tested versions cannot be had here; taking the newest ones that fit.")
        if not install(*wanted(level)):
            sys.exit(
                "The packages could not be installed. Read the message above: most often the "
                "network or the proxy is the cause. The same command goes on where it stopped."
            )
    if not install("--no-deps", "--editable", ROOT):
        sys.exit("The package itself could not be installed; the message above says why.")
    say("Compiling the search, once (about half a minute) ...")
    if run(PYTHON, "-c", WARM_UP) != 0:
        say("That failed; the first diagnosis will try again.")
    STAMP.write_text(f"{fingerprint()} {level}\n", encoding="utf-8")


# -- tasks -------------------------------------------------------------------------------


def task_setup(_extra: list) -> None:
    """Only set up, with everything that tests and checks need."""
    setup("dev")


def task_demo(extra: list) -> None:
    """Write the demo territory and its report in the folder `demo`."""
    setup("run")
    folder = ROOT / "demo"
    must(PYTHON, "-m", "toolkit", "demo", folder, *extra)
    reports = sorted(folder.rglob("*.html"), key=os.path.getmtime)
    if not reports:
        sys.exit(f"No report was written in {folder}.")
    say(f"Report: {reports[-1]}")


def task_test(extra: list) -> None:
    """Run every test."""
    setup("dev")
    must(PYTHON, "-m", "pytest", *extra)


def task_lint(_extra: list) -> None:
    """Check style and format."""
    setup("dev")
    checks = (("check",), ("format", "--check"))
    codes = [run(PYTHON, "-m", "ruff", *check, ".") for check in checks]
    if any(codes):
        sys.exit(1)


def task_format(_extra: list) -> None:
    """Mend style and format where that can be done by itself."""
    setup("dev")
    run(PYTHON, "-m", "ruff", "check", "--fix", "--quiet", ".")
    must(PYTHON, "-m", "ruff", "format", ".")


def task_types(_extra: list) -> None:
    """Check the types of the package."""
    setup("dev")
    must(PYTHON, "-m", "mypy")


def task_notebooks(extra: list) -> None:
    """Run every notebook, cell by cell, in one process."""
    setup("dev")
    if not any((ROOT / "notebooks").rglob("*.ipynb")):
        sys.exit("There is no notebook in notebooks/.")
    options = ("--nbval-lax", "--nbval-current-env", "--no-header")
    must(PYTHON, "-m", "pytest", *options, "notebooks", *extra)


def task_bench(extra: list) -> None:
    """Run the benchmarks, one after the other."""
    setup("dev")
    scripts = sorted((ROOT / "benchmarks").glob("[!_]*.py"))
    codes = []
    for script in scripts:
        say(f"Benchmark {script.stem}")
        codes.append(run(PYTHON, script, *extra))
    if not scripts or any(codes):
        sys.exit(1)


def task_lab(extra: list) -> None:
    """Open JupyterLab on the demo territory."""
    if not (ROOT / "demo").is_dir():
        task_demo([])
    setup("run")
    must(PYTHON, "-m", "toolkit", "lab", ROOT / "demo", *extra)


def task_lock(_extra: list) -> None:
    """Write the lock again with the newest versions that fit (needs uv)."""
    uv = shutil.which("uv")
    if not uv:
        sys.exit("The lock is made by uv. Install it (pip install uv), then try again.")
    options = "--universal --generate-hashes --no-header --no-annotate --no-emit-index-url"
    groups = ("--group", "test", "--group", "dev", "--upgrade", "--quiet")
    must(uv, "pip", "compile", *options.split(), *groups, "-o", LOCK, "pyproject.toml")
    if re.search(r"https?:|file:|(?<!\w)/", LOCK.read_text(encoding="utf-8")):
        sys.exit(f"{LOCK} names an address or a path; it must hold only names and hashes.")


def task_clean(_extra: list) -> None:
    """Remove the environment and everything made by tools; never a territory."""
    for name in (".venv", ".venv-tools", "build", "dist"):
        shutil.rmtree(str(ROOT / name), ignore_errors=True)
    for name in (".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis"):
        shutil.rmtree(str(ROOT / name), ignore_errors=True)
    for folder in sorted(ROOT.rglob("__pycache__")):
        shutil.rmtree(str(folder), ignore_errors=True)


TASKS = {
    name[len("task_") :]: function
    for name, function in sorted(globals().items())
    if name.startswith("task_")
}


def main() -> None:
    """Read the command line and run the task."""
    check_python()
    sys.stdout.reconfigure(errors="replace")  # a folder's name may hold what the console lacks
    lines = [f"  {name:10} {task.__doc__}" for name, task in TASKS.items()]
    parser = argparse.ArgumentParser(
        prog="project.py",
        description="Set the project up and run one of its tasks.",
        epilog="\n".join(["tasks:", *lines, "", "What follows the task goes to its program."]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("task", choices=sorted(TASKS), metavar="task")
    arguments, extra = parser.parse_known_args()
    TASKS[arguments.task](extra)


if __name__ == "__main__":
    main()
