"""Names of tables, columns and closed lists of values; nothing else invents a name.

The lists are tuples of codes (English, lower case).  What a person reads for a code is in
``toolkit/locales`` under ``enum.<list>.<code>``.
"""

from __future__ import annotations

from typing import Final

# --- tables -----------------------------------------------------------------------------------
COMMUNES: Final = "communes"
ACTORS: Final = "actors"
RESOURCES: Final = "resources"
NEEDS: Final = "needs"
FLOWS: Final = "flows"
COOPERATIONS: Final = "cooperations"
MEMBERS: Final = "members"
PRACTICES: Final = "practices"
SOURCES: Final = "sources"
DECISIONS: Final = "decisions"

TABLES: Final = (
    COMMUNES,
    ACTORS,
    RESOURCES,
    NEEDS,
    FLOWS,
    COOPERATIONS,
    MEMBERS,
    PRACTICES,
    SOURCES,
    DECISIONS,
)
"""Every table of a territory, in the order in which they may refer to each other."""

WORKBOOK_TABLES: Final = (ACTORS, RESOURCES, NEEDS, FLOWS, COOPERATIONS, MEMBERS, PRACTICES)
"""Tables that an officer fills in by hand (communes come with the perimeter)."""

GEOMETRY: Final = "geometry"
LIST_SEPARATOR: Final = "|"
"""Separates the codes of a cell that holds several (sectors, pillars, roles ...)."""

PROFILES: Final = "profiles"
"""Source of the resources and needs that are deduced from the activity of an actor."""
OUTSIDE: Final = "outside"
"""End of a flow that lies beyond the perimeter."""

# --- closed lists -----------------------------------------------------------------------------
BASIS: Final = ("observed", "recorded", "estimated")
FAMILIES: Final = ("ess", "business", "public", "research", "civil")
ESS_FORMS: Final = ("association", "cooperative", "mutual", "foundation", "esus_company")
ACTOR_ROLES: Final = (
    "funder",
    "facilitator",
    "linking_place",
    "network",
    "operator",
    "training",
)
LOCATED_BY: Final = ("address", "commune", "none")
PERIODS: Final = ("once", "day", "week", "month", "year")
AVAILABILITY: Final = ("surplus", "shareable", "under_used")
PRIORITIES: Final = ("low", "medium", "high")
FLOW_NATURES: Final = ("material", "service", "money", "people", "knowledge")
OBJECTIVES: Final = ("answer_needs", "grow_resilience", "be_visible", "pool_means")
"""The four aims a cooperation can have, in the order of METHODS 3.1 (1 to 4)."""
STAGES: Final = ("idea", "contacted", "co_construction", "experiment", "active", "ended")
POLICY_SUPPORT: Final = ("none", "local", "regional", "national", "european")
MEMBER_ROLES: Final = (
    "lead",
    "partner",
    "holder",
    "user",
    "upstream",
    "downstream",
    "transformer",
    "collector",
    "operator",
    "authority",
    "research",
    "broker",
    "linking_place",
    "host",
    "funder",
)
"""What an actor does in a cooperation, and in a candidate partnership."""
DECISION_KINDS: Final = ("accepted", "set_aside", "rewritten", "commented")

ENUMS: Final[dict[str, tuple[str, ...]]] = {
    "basis": BASIS,
    "family": FAMILIES,
    "ess_form": ESS_FORMS,
    "role": ACTOR_ROLES,
    "located_by": LOCATED_BY,
    "period": PERIODS,
    "available": AVAILABILITY,
    "priority": PRIORITIES,
    "nature": FLOW_NATURES,
    "objective": OBJECTIVES,
    "stage": STAGES,
    "policy_support": POLICY_SUPPORT,
    "member_role": MEMBER_ROLES,
    "decision": DECISION_KINDS,
}
"""Closed list by its name; the name is used by :mod:`toolkit.schema` and by the locales."""

# --- diagnosis --------------------------------------------------------------------------------
UNMET_NEED: Final = "unmet_need"
UNUSED_RESOURCE: Final = "unused_resource"
MISSING_ACTIVITY: Final = "missing_activity"
SERVICE_ACCESS: Final = "service_access"
LEAK: Final = "leak"
ISOLATED_ACTOR: Final = "isolated_actor"
STRUCTURAL_HOLE: Final = "structural_hole"
BROKEN_CHAIN: Final = "broken_chain"

GAP_KINDS: Final = (
    UNMET_NEED,
    UNUSED_RESOURCE,
    MISSING_ACTIVITY,
    SERVICE_ACCESS,
    LEAK,
    ISOLATED_ACTOR,
    STRUCTURAL_HOLE,
    BROKEN_CHAIN,
)

GAP_COLUMNS: Final = (
    "gap_id",
    "kind",
    "category",
    "commune_id",
    "actor_ids",
    "expected",
    "observed",
    "shortfall",
    "unit",
    "people_affected",
    "severity",
    "confidence",
    "basis",
    "evidence",
)
"""Columns of the table of gaps, whatever found them.

``actor_ids`` holds ids joined by ``|``; ``expected``, ``observed`` and ``shortfall`` are in
``unit`` (per year for quantities); ``severity`` and ``confidence`` are in [0, 1]; ``basis`` is the
weakest basis of the evidence; ``evidence`` is the number of rows of the evidence table.
"""

EVIDENCE_COLUMNS: Final = (
    "gap_id",
    "role",
    "table",
    "row_id",
    "quantity",
    "unit",
    "basis",
    "source_id",
)
"""Columns of the evidence table: one row a fact that a gap rests on.

``role`` (one of ``EVIDENCE_ROLES``) says what the fact is to the gap, ``table`` and ``row_id``
where it is.
"""
PANEL: Final = "panel"
"""Role and table of a fact that is the count of a territory of the comparison panel, this one too:
``row_id`` is its ``territory_id``, ``quantity`` how many it has.  The panel is no table of the
territory: see :attr:`toolkit.background.Background.panel`."""
EVIDENCE_ROLES: Final = (
    *("need", "resource", "flow", "actor", "commune", "cooperation", "match"),
    PANEL,
)

STAGE_COLUMNS: Final = (
    "chain_id",
    "order",
    "stage_id",
    "optional",
    "min_actors",
    "radius_km",
    "offers",
    "needs",
    "pillars",
    "sectors",
    "source",
)
"""Columns of the stages of value chains: ``radius_km`` is NaN where each category has its own."""
STAGE_PLACE_COLUMNS: Final = ("actor_id", "chain_id", "stage_id", "told_by")
"""Which actor stands at which stage, and whether its ``activity`` or its ``name`` tells."""
PANEL_COLUMNS: Final = (
    "territory_id",
    "name",
    "kind",
    "population",
    "density_per_km2",
    "median_income_eur",
    "nomenclature",
    "activity",
    "count",
)
"""Counts of activities by territory; ``nomenclature`` is ``naf_rev2``, ``naf_2025`` or ``bpe``."""
TRAVEL_COLUMNS: Final = ("from_id", "to_id", "minutes")
"""Travel times from a commune or a population cell to a commune or an actor."""
CELL_COLUMNS: Final = ("cell_id", "commune_id", "people", "longitude", "latitude")
"""Population cells, in EPSG:4326."""

PARTNERSHIP_TYPES: Final = ("ess_ess", "ess_business", "multi_actor", "ptce")
ANY_TYPE: Final = "any"
"""Type looked for where no rule on families is wanted, and of groups that are of no other type."""
OPENING_KINDS: Final = (*GAP_KINDS, "pooling", "exchange_of_practice", "joint_visibility")
CRITERIA: Final = (
    "coverage",
    "suitability",
    "proximity",
    "complementarity",
    "diversity",
    "transversality",
    "trust",
    "capacity",
)

OPENING_COLUMNS: Final = (
    "opening_id",
    "kind",
    "gap_ids",
    "category",
    "objective",
    "required_roles",
    "optional_roles",
    "severity",
    "shortfall",
    "unit",
)
PARTNERSHIP_COLUMNS: Final = (
    "candidate_id",
    "rank",
    "opening_id",
    "gap_ids",
    "type",
    "objectives",
    "category",
    "member_ids",
    "score",
    *CRITERIA,
    "longest_trip_km",
    "meeting_place_id",
    "certificate",
    "bound_gap_pct",
    "basis",
    "selected",
)
"""Columns of the table of candidates, one row a candidate.

``score`` and the criteria are in [0, 1]; ``meeting_place_id`` is an actor id or a commune id;
``certificate`` is ``optimal`` or ``bounded``; ``selected`` tells the members of the portfolio.
"""
ROLE_COLUMNS: Final = (
    "candidate_id",
    "actor_id",
    "role",
    "reason",
    "fact_table",
    "fact_id",
    "quantity",
    "unit",
    "share",
    "basis",
)
"""Columns of the members of candidates: role, reason (code), the fact behind it, Shapley share."""


def split_list(cell: object) -> tuple[str, ...]:
    """Return the codes held by a cell that may hold several.

    Parameters
    ----------
    cell : object
        Text with codes separated by ``|``; anything missing gives an empty tuple.

    Returns
    -------
    tuple of str
        The codes in their order, without blanks and repetitions.

    Examples
    --------
    >>> split_list("funder| facilitator|funder")
    ('funder', 'facilitator')
    >>> split_list(None)
    ()
    """
    if not isinstance(cell, str):
        return ()
    return tuple(dict.fromkeys(part for raw in cell.split(LIST_SEPARATOR) if (part := raw.strip())))


def join_list(codes: object) -> str:
    """Return codes as one cell; the inverse of :func:`split_list`.

    Parameters
    ----------
    codes : iterable of str
        Codes; none may hold ``|``.

    Returns
    -------
    str
        The codes joined by ``|``, in their order.

    Examples
    --------
    >>> join_list(["a", "b"])
    'a|b'
    """
    return LIST_SEPARATOR.join(str(code) for code in codes)  # type: ignore[attr-defined]
