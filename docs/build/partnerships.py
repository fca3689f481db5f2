# ruff: noqa: INP001
"""Write `docs/fr/premiers-partenariats.md` and `docs/en/first-partnerships.md`.

Run from the root of the repository, with the folder of real data beside it::

    python docs/build/partnerships.py

The first candidates of the selection, of the demo, of Millau and of the Calaisis, as an officer
reads them, each followed by what an expert says of it.  These words are in `partnerships_fr.toml`
and `partnerships_en.toml` beside this script; all else comes from the files.  A candidate of which
nobody has said anything stops the script, and a test compares the candidates of the pages with
those that are found today.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
SHARED: Final = ROOT.parent / "shared" / "data"
PAGES: Final = {"fr": "premiers-partenariats.md", "en": "first-partnerships.md"}
TERRITORIES: Final = ("demo", "millau", "calaisis")
FIRST: Final = 5
QUESTIONS: Final = 4
for _folder in (ROOT, ROOT / "tests" / "real"):
    if str(_folder) not in sys.path:
        sys.path.insert(0, str(_folder))

import pandas as pd  # noqa: E402

from toolkit import knowledge  # noqa: E402
from toolkit import vocabulary as v  # noqa: E402
from toolkit.diagnosis import Diagnosis, diagnose  # noqa: E402
from toolkit.language import text  # noqa: E402
from toolkit.report.facts import facts_of  # noqa: E402
from toolkit.settings import Settings  # noqa: E402
from toolkit.sources.demo import demo_territory  # noqa: E402
from toolkit.territory import Territory  # noqa: E402
from toolkit.workspace import Workspace  # noqa: E402
from toolkit.workspace.backgrounds import background_of, demo_background  # noqa: E402

Facts = Mapping[str, Any]


def recipe(name: str) -> ModuleType:
    """Return the module of the tests that builds a real territory."""
    path = ROOT / "tests" / "real" / f"build_{name}.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def diagnosis_of(name: str, *, lang: str) -> Diagnosis:
    """Return the diagnosis of a territory with chains and estimates, as ``maillage report``."""
    if name == "demo":
        demo = demo_territory()
        return diagnose(demo, background=demo_background(demo))
    if name == "millau":
        territory = recipe(name).build(SHARED)
        background = background_of(territory, estimates=_estimates(territory, lang=lang))
        return diagnose(territory, background=background)
    with tempfile.TemporaryDirectory() as folder:
        workspace = _calaisis(Path(folder) / "calaisis")
        territory = workspace.territory()
        background = workspace.background(territory)
        return diagnose(territory, settings=workspace.settings(), background=background)


def _estimates(territory: Territory, *, lang: str) -> dict[str, pd.DataFrame]:
    """Return what activities let expect, with its source, as a folder gives it."""
    rows = knowledge.estimate(
        territory,
        knowledge.read_profiles(),
        min_weight=Settings().profile_min_weight,
        lang=lang,
    )
    title = text("workspace.source.profiles", lang=lang)
    source = pd.DataFrame({"source_id": [v.PROFILES], "title": [title]}, dtype="str")
    return {**rows, v.SOURCES: source}


def _calaisis(folder: Path) -> Workspace:
    """Return the folder of the Calaisis, with the directory in its corrected state."""
    module = recipe("calaisis")
    workspace: Workspace = module.create(folder, SHARED)
    entries = module.read_directory(SHARED)
    module.fill(workspace.workbook, entries, stage=module.CORRECTED)
    workspace.import_workbook()
    module.describe_source(workspace)
    return workspace


def shown(diagnosis: Diagnosis) -> list[str]:
    """Return the ids of the openings of the first candidates of the selection."""
    return [str(code) for code in diagnosis.portfolio["opening_id"].head(FIRST)]


def page(diagnoses: Mapping[str, Diagnosis], *, lang: str) -> str:
    """Return the whole page."""
    words = words_of(lang)
    parts = [words["head"].strip()]
    for name in TERRITORIES:
        parts += [f"## {words[name]['title']}", words[name]["head"].strip()]
        parts += _candidates(diagnoses[name], comments=words[name]["comments"], words=words["word"])
        parts.append(words[name]["tail"].strip())
    parts.append(words["tail"].strip())
    return "\n\n".join(parts) + "\n"


def words_of(lang: str) -> dict[str, Any]:
    """Return what is said of the candidates."""
    path = ROOT / "docs" / "build" / f"partnerships_{lang}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _candidates(
    diagnosis: Diagnosis, *, comments: Mapping[str, str], words: Mapping[str, str]
) -> Iterator[str]:
    """Yield each of the first candidates, and what is said of it."""
    facts = facts_of(diagnosis, lang=words["lang"])
    chosen = [one for one in facts["candidates"] if one["selected"]][:FIRST]
    openings = shown(diagnosis)
    unread = [code for code in openings if code not in comments]
    if unread:
        raise KeyError(", ".join(unread))
    for place, (opening, candidate) in enumerate(zip(openings, chosen, strict=True), start=1):
        yield f"<!-- {opening} -->\n### {place}. {candidate['title']}"
        yield "\n".join(_read(candidate, words=words))
        yield f"> **{words['expert']}** {' '.join(comments[opening].split())}"


def _read(one: Facts, *, words: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines of a candidate as an officer reads them."""
    about = "; ".join(gap["title"] for gap in one["gaps"])
    yield f"*{one['type_label']} · {one['score_text']} · {one['certificate']}*"
    yield ""
    yield " ".join(part for part in (one["why"], one["covered"]) if part)
    yield ""
    yield f"| {words['who']} | {words['role']} | {words['reason']} | {words['basis']} |"
    yield "|---|---|---|---|"
    for member in one["members"]:
        where = f" ({member['commune']})" if member["commune"] else ""
        share = f" – {member['share_text']}" if member["share_text"] else ""
        cells = (
            f"{member['name']}{where}",
            f"{member['role_label']}{share}",
            member["reason"],
            member["basis"],
        )
        yield "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"
    yield ""
    place = ", ".join(part for part in (one["meeting_place"], one["meeting_commune"]) if part)
    lines = (
        (words["gap"], about),
        (words["meet"], f"{place} ({words['trip']} {one['longest_trip']})" if place else ""),
        (words["broker"], one["broker"]),
        (words["standing"], _standing(one)),
        (words["ask"], " ".join(one["questions"][:QUESTIONS])),
    )
    yield from (f"- **{name}** {said}" for name, said in lines if said)


def _standing(one: Facts) -> str:
    """Return how far a candidate depends on weights and on estimates."""
    said = " ".join(one["robustness"])
    return f"{one['standing']}. {said}" if one["standing"] else ""


def main() -> None:
    """Write both pages."""
    for lang, name in PAGES.items():
        diagnoses = {one: diagnosis_of(one, lang=lang) for one in TERRITORIES}
        path = ROOT / "docs" / lang / name
        path.write_text(page(diagnoses, lang=lang), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
