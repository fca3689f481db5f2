# ruff: noqa: E501 - rows of a table read best on one line
"""A diagnosis made by hand, so that these tests depend on no engine."""

from __future__ import annotations

from dataclasses import dataclass, field

import geopandas as gpd
import pandas as pd
from shapely.geometry import box

from toolkit import vocabulary as v
from toolkit.diagnosis import Diagnosis
from toolkit.gaps import DETAIL_COLUMNS
from toolkit.partnerships.robustness import Robustness, no_robustness
from toolkit.settings import Settings
from toolkit.territory import Territory

ACTOR_COLUMNS = [
    "actor_id", "name", "family", "ess_form", "legal_form", "commune_id", "activity",
    "diffusible", "natural_person", "basis", "source_id",
]  # fmt: skip

HOSTILE = {
    "A1": "{{7*7}}{{cycler.__init__.__globals__.os.getcwd()}}",
    "A2": "{% raw %}{# ${alert(1)}",
    "A3": "</script><script>alert(1)</script>",
    "A4": "<img src=x onerror=alert(1)> `${alert(2)}`",
    "A5": '=HYPERLINK("http://x") \'"& \\u003c é’œ',
    "A6": "\u202egnihton\u200b\u2028fin",
    "A9": "x" * 10_000,
}
"""Names that are legal and must be shown letter for letter."""


@dataclass(frozen=True)
class Findings:
    """Like the frames of the gap engine."""

    gaps: pd.DataFrame
    evidence: pd.DataFrame
    matches: pd.DataFrame
    access: pd.DataFrame
    network: pd.DataFrame
    details: dict[str, pd.DataFrame] = field(default_factory=dict)

    def detail(self, name: str) -> pd.DataFrame:
        """Return a frame of the details; one without rows where there is none."""
        return self.details.get(name, pd.DataFrame(columns=list(DETAIL_COLUMNS[name])))


@dataclass(frozen=True)
class Proposals:
    """Like the frames of the partnership engine."""

    openings: pd.DataFrame
    partnerships: pd.DataFrame
    roles: pd.DataFrame
    practices: pd.DataFrame
    ties: pd.DataFrame
    calls: tuple[object, ...] = ()
    facts: object = None
    settings: Settings = field(default_factory=Settings)
    robustness: Robustness = field(default_factory=no_robustness)


def tables(names: dict[str, str] | None = None) -> dict[str, pd.DataFrame]:
    """Return the tables of three communes; names of actors may be replaced."""
    communes = gpd.GeoDataFrame(
        {
            "commune_id": ["99001", "99002", "99003"],
            "name": ["Ambreval", "Brissac-les-Bois", "Château-d'Orne"],
            "population": [1000.0, 3000.0, 500.0],
            "cog_year": [2026] * 3,
        },
        geometry=[
            box(600_000 + 10_000 * i, 6_600_000, 610_000 + 10_000 * i, 6_610_000) for i in range(3)
        ],
        crs=2154,
    )
    actors = pd.DataFrame(
        [
            (
                "A1",
                "Ressourcerie de l'Ambre",
                "ess",
                "association",
                "9220",
                "99001",
                "38.32Z",
                True,
                False,
                "observed",
                "S1",
            ),
            (
                "A2",
                "Scierie Dubois",
                "business",
                None,
                "5710",
                "99001",
                "16.10A",
                True,
                False,
                "recorded",
                "S2",
            ),
            (
                "A3",
                "Mairie de Brissac-les-Bois",
                "public",
                None,
                "7210",
                "99002",
                "84.11Z",
                True,
                False,
                "recorded",
                "S2",
            ),
            (
                "A4",
                "Lycée agricole du Val",
                "research",
                None,
                None,
                "99002",
                "85.32Z",
                True,
                False,
                "observed",
                "S1",
            ),
            (
                "A5",
                "Palettes & Cie",
                "business",
                None,
                "5710",
                "99002",
                "16.24Z",
                True,
                False,
                "recorded",
                "S2",
            ),
            (
                "A6",
                "Régie de quartier",
                "ess",
                "association",
                "9220",
                "99003",
                "81.30Z",
                True,
                False,
                "observed",
                "S1",
            ),
            (
                "A7",
                "Jeanne Martin-Secret",
                "business",
                None,
                "1000",
                "99003",
                "16.10A",
                True,
                True,
                "recorded",
                "S2",
            ),
            (
                "A8",
                "Atelier Caché",
                "business",
                None,
                "5710",
                "99003",
                "16.10A",
                False,
                False,
                "recorded",
                "S2",
            ),
            (
                "A9",
                "Comité des fêtes",
                "civil",
                None,
                None,
                "99003",
                "94.99Z",
                True,
                False,
                "observed",
                "S1",
            ),
        ],
        columns=ACTOR_COLUMNS,
    )
    replaced = zip(actors["actor_id"], actors["name"], strict=True)
    actors["name"] = [(names or {}).get(key, name) for key, name in replaced]
    return {
        v.COMMUNES: communes,
        v.ACTORS: actors,
        v.RESOURCES: _rows(
            ["resource_id", "actor_id", "category", "label", "quantity", "unit", "confidential", "basis", "source_id"],
            [
                ("R1", "A2", "materials.wood.offcuts", "Chutes de sapin", 40.0, "t", False, "observed", "S1"),
                ("R2", "A7", "materials.wood.offcuts", "Chutes de Jeanne Martin-Secret", 5.0, "t", False, "estimated", "S1"),
                ("R3", "A5", "materials.wood.pallets", "Lot secret", 777.0, "unit", True, "observed", "S1"),
            ],
        ),
        v.NEEDS: _rows(
            ["need_id", "actor_id", "category", "label", "quantity", "unit", "confidential", "basis", "source_id"],
            [
                ("N1", "A1", "materials.wood.offcuts", None, 60.0, "t", False, "observed", "S1"),
                ("N2", "A6", "materials.wood.pallets", "Palettes pour jardins", 300.0, "unit", False, "estimated", "S1"),
            ],
        ),
        v.FLOWS: _rows(
            ["flow_id", "nature", "origin", "destination", "category", "quantity", "unit", "year", "confidential", "basis", "source_id"],
            [
                ("F1", "material", "A2", v.OUTSIDE, "materials.wood.offcuts", 30.0, "t", 2025, False, "observed", "S1"),
                ("F2", "material", v.OUTSIDE, "A1", "materials.wood.timber", 12.0, "m3", 2025, False, "observed", "S1"),
                ("F3", "service", "A4", "A3", None, None, None, 2025, False, "observed", "S1"),
                ("F4", "material", "A5", "A2", "materials.wood.pallets", 4242.0, "unit", 2025, True, "observed", "S1"),
            ],
        ),
        v.COOPERATIONS: _rows(
            ["cooperation_id", "name", "objectives", "stage", "since", "basis", "source_id"],
            [("C1", "Bois du Val", "pool_means|answer_needs", "active", 2021, "observed", "S1")],
        ),
        v.MEMBERS: _rows(
            ["cooperation_id", "actor_id", "role"],
            [("C1", "A1", "lead"), ("C1", "A3", "authority"), ("C1", "A7", "partner")],
        ),
        v.PRACTICES: _rows(
            ["practice_id", "title", "what", "place", "conditions", "basis", "source_id"],
            [("P1", "Une recyclerie et trois scieries", "Elles trient ensemble.", "Ailleurs", "Un hangar", "observed", "S1")],
        ),
        v.SOURCES: _rows(
            ["source_id", "title", "producer", "licence", "data_year", "cog_year", "retrieved_at", "rows"],
            [
                ("S1", "Saisie de l'équipe", "Équipe", None, 2026, 2026, "2026-11-02", 9),
                ("S2", "Registre d'essai", "Producteur", "Licence Ouverte 2.0", 2025, 2026, "2026-10-30", 4),
            ],
        ),
        v.DECISIONS: _rows(
            ["decision_id", "candidate_id", "title", "decision", "stage", "reason", "next_step", "due_date", "who", "decided_at"],
            [("D1", "K1", None, "accepted", "contacted", "On y va", "Appeler la scierie", "2026-12-01", "Paul Décideur", "2026-11-20")],
        ),
    }  # fmt: skip


def _rows(columns: list[str], rows: list[tuple[object, ...]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=columns)


def findings() -> Findings:
    """Return gaps of several kinds with their evidence."""
    gaps = _rows(
        list(v.GAP_COLUMNS),
        [
            ("unmet_need:materials.wood.offcuts", "unmet_need", "materials.wood.offcuts", "", "A1|A2|A7", 60.0, 45.0, 15.0, "t", float("nan"), 0.25, 2 / 3, "estimated", 3),
            ("unused_resource:materials.wood.pallets", "unused_resource", "materials.wood.pallets", "", "A5", 777.0, 300.0, 477.0, "unit", float("nan"), 0.2, 0.5, "observed", 1),
            ("service_access:services.culture_sport.library:99003", "service_access", "services.culture_sport.library", "99003", "", 500.0, 0.0, 500.0, "person", 3.0, 0.11, 1.0, "recorded", 1),
            ("leak:out:materials.wood.offcuts", "leak", "materials.wood.offcuts", "", "A2|A1", 30.0, 0.0, 30.0, "t", float("nan"), 0.1, 1.0, "observed", 1),
            ("isolated_actor:forestry_wood", "isolated_actor", "forestry_wood", "", "A5|A8", 2.0, 0.0, 2.0, "", float("nan"), 0.05, 1.0, "recorded", 2),
            ("structural_hole:family:ess-research", "structural_hole", "", "", "A1|A4", 3.0, 0.0, 3.0, "", float("nan"), 0.02, 0.9, "observed", 2),
        ],
    )  # fmt: skip
    evidence = _rows(
        list(v.EVIDENCE_COLUMNS),
        [
            ("unmet_need:materials.wood.offcuts", "need", "needs", "N1", 60.0, "t", "observed", "S1"),
            ("unmet_need:materials.wood.offcuts", "resource", "resources", "R1", 40.0, "t", "observed", "S1"),
            ("unmet_need:materials.wood.offcuts", "resource", "resources", "R2", 5.0, "t", "estimated", "S1"),
            ("unused_resource:materials.wood.pallets", "resource", "resources", "R3", 777.0, "unit", "observed", "S1"),
            ("service_access:services.culture_sport.library:99003", "commune", "communes", "99003", 500.0, "person", "recorded", ""),
            ("leak:out:materials.wood.offcuts", "flow", "flows", "F1", 30.0, "t", "observed", "S1"),
            ("isolated_actor:forestry_wood", "actor", "actors", "A5", float("nan"), "", "recorded", "S2"),
            ("isolated_actor:forestry_wood", "actor", "actors", "A8", float("nan"), "", "recorded", "S2"),
            ("structural_hole:family:ess-research", "actor", "actors", "A1", float("nan"), "", "observed", "S1"),
            ("structural_hole:family:ess-research", "actor", "actors", "A4", float("nan"), "", "observed", "S1"),
        ],
    )  # fmt: skip
    matches = _rows(
        ["resource_id", "need_id", "resource_actor_id", "need_place_id", "category", "quantity", "unit", "distance_km", "basis"],
        [
            ("R1", "N1", "A2", "A1", "materials.wood.offcuts", 40.0, "t", 0.0, "observed"),
            ("R2", "N1", "A7", "A1", "materials.wood.offcuts", 5.0, "t", 20.0, "estimated"),
            ("R3", "N2", "A5", "A6", "materials.wood.pallets", 300.0, "unit", 10.0, "estimated"),
        ],
    )  # fmt: skip
    access = _rows(
        ["commune_id", "category", "minutes", "people", "accessibility", "ratio"],
        [
            ("99001", "services.culture_sport.library", 5.0, 1000.0, 0.1, 1.2),
            ("99003", "services.culture_sport.library", 38.0, 500.0, 0.0, 0.0),
            ("99003", "services.culture_sport.cinema", float("inf"), 500.0, 0.0, 0.0),
        ],
    )
    network = _rows(
        ["actor_id", "degree", "component", "constraint", "effective_size", "betweenness", "core"],
        [(f"A{i}", 1, 0, 1.0, 1.0, 0.0, 1) for i in range(1, 10)],
    )
    prices = _rows(
        ["row_id", "table", "place_id", "category", "unit", "gain", "km", "up_to", "steps", "other_table", "other_id", "other_place_id", "other_category"],
        [
            ("R1", "resources", "A2", "materials.wood.offcuts", "t", 1.0, 12.34, 4242.0, 0.0, "needs", "N1", "A1", "materials.wood.offcuts"),
            ("R2", "resources", "A7", "materials.wood.offcuts", "t", 1.0, 20.0, 15.0, 0.0, "needs", "N1", "A1", "materials.wood.offcuts"),
            ("R3", "resources", "A5", "materials.wood.pallets", "unit", 1.0, 1.0, 777.0, 0.0, "needs", "N2", "A6", "materials.wood.pallets"),
        ],
    )  # fmt: skip
    return Findings(
        gaps=gaps,
        evidence=evidence,
        matches=matches,
        access=access,
        network=network,
        details={"prices": prices},
    )


def proposals() -> Proposals:
    """Return two candidates, one of them in the portfolio, one with a hidden member."""
    openings = _rows(
        list(v.OPENING_COLUMNS),
        [
            ("O1", "unmet_need", "unmet_need:materials.wood.offcuts", "materials.wood.offcuts", "answer_needs", "holder|user", "authority", 0.25, 15.0, "t"),
            ("O2", "unused_resource", "unused_resource:materials.wood.pallets", "materials.wood.pallets", "pool_means", "holder|user", "", 0.2, 477.0, "unit"),
        ],
    )  # fmt: skip
    criteria = (0.9, 0.8, 0.7, 0.6, 0.75, 0.5, 0.4, 0.3)
    partnerships = _rows(
        list(v.PARTNERSHIP_COLUMNS),
        [
            ("K1", 1, "O1", "unmet_need:materials.wood.offcuts", "ptce", "answer_needs|pool_means", "materials.wood.offcuts", "A1|A2|A3|A4", 0.71, *criteria, 9.4, "A3", "optimal", 0.0, "observed", True),
            ("K2", 2, "O2", "unused_resource:materials.wood.pallets", "ess_business", "pool_means", "materials.wood.pallets", "A5|A6|A7", 0.5, *criteria, 14.0, "99002", "bounded", 3.2, "estimated", False),
        ],
    )  # fmt: skip
    roles = _rows(
        list(v.ROLE_COLUMNS),
        [
            ("K1", "A1", "user", "has_need", "needs", "N1", 60.0, "t", 0.4, "observed"),
            ("K1", "A2", "holder", "holds_unused_resource", "resources", "R1", 40.0, "t", 0.6, "observed"),
            ("K1", "A3", "authority", "is_local_authority", "actors", "A3", float("nan"), "", 0.0, "recorded"),
            ("K1", "A4", "research", "does_research_in_sector", "actors", "A4", float("nan"), "", 0.0, "observed"),
            ("K2", "A5", "holder", "holds_unused_resource", "resources", "R3", 777.0, "unit", 0.5, "observed"),
            ("K2", "A6", "user", "has_need", "needs", "N2", 300.0, "unit", 0.5, "estimated"),
            ("K2", "A7", "partner", "works_in_sector", "actors", "A7", float("nan"), "", 0.0, "recorded"),
        ],
    )  # fmt: skip
    practices = _rows(["candidate_id", "practice_id", "similarity"], [("K1", "P1", 0.8)])
    ties = _rows(["candidate_id", "cooperation_id", "shared_members"], [("K1", "C1", "A1|A3")])
    return Proposals(
        openings=openings, partnerships=partnerships, roles=roles, practices=practices, ties=ties
    )


def diagnosis(
    names: dict[str, str] | None = None, *, name: str = "Val d'Essai", **settings: object
) -> Diagnosis:
    """Return the diagnosis made by hand."""
    territory = Territory.from_tables(tables(names), name=name, fictional=True)
    return Diagnosis(
        territory=territory,
        settings=Settings(**settings),
        findings=findings(),
        proposals=proposals(),
    )
