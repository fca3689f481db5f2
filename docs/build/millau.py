# ruff: noqa: INP001
"""Write `docs/fr/millau.md` and `docs/en/millau.md` from the real files and the diagnosis.

Run from the root of the repository, with the folder of real data beside it::

    python docs/build/millau.py

The words are in `millau_fr.md` and `millau_en.md` beside this script; every figure comes from the
files.  A test compares the pages, up to what the diagnosis found, with what this script writes.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
SHARED: Final = ROOT.parent / "shared" / "data"
FINDINGS: Final = "<!-- findings -->"
LANGUAGES: Final = ("fr", "en")
FIRST: Final = 3
SHOWN: Final = ("kind_label", "title", "shortfall", "severity_text", "confidence_text")
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from toolkit import nomenclature  # noqa: E402
from toolkit import vocabulary as v  # noqa: E402
from toolkit.diagnosis import diagnose  # noqa: E402
from toolkit.language import enum_label, number, problem_text  # noqa: E402
from toolkit.report.facts import facts_of  # noqa: E402
from toolkit.sources.assemble import Assembly  # noqa: E402
from toolkit.sources.populations import read_populations  # noqa: E402
from toolkit.territory import Territory  # noqa: E402


def recipe() -> ModuleType:
    """Return the module that builds the territory."""
    path = ROOT / "tests" / "real" / "build_millau.py"
    spec = importlib.util.spec_from_file_location("build_millau", path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def page(
    assembly: Assembly, territory: Territory, *, gaps: Iterable[Mapping[str, str]], lang: str
) -> str:
    """Return the whole page; what the diagnosis found stands after the mark ``FINDINGS``."""
    template = (ROOT / "docs" / "build" / f"millau_{lang}.md").read_text(encoding="utf-8")
    rows = {
        "source_rows": _rows(_sources(assembly)),
        "family_rows": _rows(_families(territory, lang=lang)),
        "service_rows": _rows(_services(territory, lang=lang)),
        "finding_rows": _rows([[gap[name] for name in SHOWN] for gap in gaps]),
        "notes": "\n".join(f"- {problem_text(note, lang=lang)}" for note in assembly.notes),
    }
    return template.format(**rows, **_figures(assembly, territory, lang=lang))


def _rows(rows: Iterable[Iterable[object]]) -> str:
    """Return rows of a table in Markdown."""
    return "\n".join(
        "| " + " | ".join(str(cell).replace("|", "/") for cell in row) + " |" for row in rows
    )


def _sources(assembly: Assembly) -> list[list[object]]:
    counts = assembly.counts[assembly.counts["table"].isin((v.ACTORS, v.FLOWS))]
    used = counts.set_index("source_id")[["given", "inside"]].astype("str")
    sources = assembly.tables[v.SOURCES].set_index("source_id").join(used).astype("object")
    shown = sources[["title", "data_year", "licence", "rows", "given", "inside"]]
    return [list(row) for row in shown.fillna("–").itertuples(index=False)]


def _families(territory: Territory, *, lang: str) -> list[list[object]]:
    counts = territory.actors["family"].value_counts()
    return [[enum_label("family", family, lang=lang), counts[family]] for family in v.FAMILIES]


def _services(territory: Territory, *, lang: str) -> list[list[object]]:
    rows: list[list[object]] = []
    for category, quantity in territory.resources.groupby("category")["quantity"]:
        is_school = str(category).startswith("services.education.")
        pupils = number(quantity.sum(), lang=lang) if is_school else "–"
        label = nomenclature.label("categories", str(category), lang=lang)
        rows.append([label, len(quantity), pupils])
    return rows


def _figures(assembly: Assembly, territory: Territory, *, lang: str) -> dict[str, str]:
    """Return the figures of the sentences, as the language writes them."""
    noted = {note.code.removeprefix("sources_"): note for note in assembly.notes}
    groups = read_populations(SHARED / "millau_12" / "epci_communes_population_2026_12.csv")
    members = groups[groups["epci_id"] == recipe().EPCI]
    names = dict(zip(groups["commune_id"], groups["name"], strict=True))
    counts = assembly.counts.assign(kind=assembly.counts["source_id"].str.split(":").str[0])
    by_kind = counts[counts["table"].isin((v.ACTORS, v.FLOWS))].set_index("kind")
    shown = {
        "communes": len(territory.communes),
        "population": territory.population,
        "actors": len(territory.actors),
        "resources": len(territory.resources),
        "flows": len(territory.flows),
        "members": len(members),
        "all_people": members["population"].sum(),
        "sirene": by_kind.loc["sirene", "inside"],
        "contracts": by_kind.loc["decp", "given"],
        "shaky": int(noted["shaky_pairs"].found),
        **{name: int(noted[f"amount_{name}"].found) for name in ("framework", "repeated", "group")},
        **_commuting(territory),
    }
    told = {name: number(float(value), lang=lang, digits=0) for name, value in shown.items()}
    home = shown["staying"] + shown["inner"]
    share = 100 * home / (home + shown["leaving"])
    sign = "\N{NARROW NO-BREAK SPACE}%" if lang == "fr" else "%"
    return {
        **told,
        "name": territory.name,
        "left": noted["left_out"].params["examples"].split(" ", maxsplit=1)[1],
        "year": str(territory.flows["year"].iloc[0]),
        "share": number(share, lang=lang, digits=0) + sign,
        "out": _beyond(territory, names, end="destination", lang=lang),
        "in_": _beyond(territory, names, end="origin", lang=lang),
    }


def _commuting(territory: Territory) -> dict[str, float]:
    flows = territory.flows
    coming, leaving = flows["origin"] == v.OUTSIDE, flows["destination"] == v.OUTSIDE
    quantity = flows["quantity"]
    return {
        "staying": float(territory.communes["workers_staying"].sum()),
        "inner": float(quantity[~coming & ~leaving].sum()),
        "leaving": float(quantity[leaving].sum()),
        "coming": float(quantity[coming].sum()),
    }


def _beyond(territory: Territory, names: Mapping[str, str], *, end: str, lang: str) -> str:
    """Return the main communes outside, with their workers."""
    flows = territory.flows[territory.flows[end] == v.OUTSIDE]
    sums = flows.groupby(f"{end}_found")["quantity"].sum().sort_values(ascending=False)
    return ", ".join(
        f"{names.get(code, code)} ({number(workers, lang=lang, digits=0)})"
        for code, workers in sums.head(FIRST).items()
    )


def main() -> None:
    """Write both pages."""
    module = recipe()
    assembly = module.gather(SHARED)
    territory = Territory.from_tables(assembly.tables, name=module.NAME)
    diagnosis = diagnose(territory)
    for lang in LANGUAGES:
        gaps = facts_of(diagnosis, lang=lang)["gaps"]
        written = page(assembly, territory, gaps=gaps, lang=lang)
        path = ROOT / "docs" / lang / "millau.md"
        path.write_text(written, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
