"""What may leave the officer's machine, and what may not.

Everything that is written for others goes through :func:`public_diagnosis` (or
:func:`public_territory`): what comes out holds no name, address, precise place or identifier of a
person or of an actor that opposed diffusion, no confidential row, and no figure that tells one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from toolkit import vocabulary as v
from toolkit.language import text
from toolkit.territory import Territory

if TYPE_CHECKING:
    from toolkit.diagnosis import Diagnosis  # noqa: TC004 - a sibling: only its name is used
    from toolkit.partnerships.explanation import Explanation, Member
    from toolkit.partnerships.facilitation import Question

SOLE_TRADER = "1000"
"""Legal form of a person who trades in their own name."""
NOT_DIFFUSED = "[ND]"
"""What the national register writes in place of a name that may not be diffused."""
_KEYS = {v.RESOURCES: "resource_id", v.NEEDS: "need_id", v.FLOWS: "flow_id"}
_PRIVATE_CELLS = ("siret", "siren", "address", "description", "latitude", "longitude")
_FIGURES = ("expected", "observed", "shortfall")


@dataclass(frozen=True, slots=True, eq=False)
class PublicTerritory:
    """A territory as others may see it.

    Attributes
    ----------
    territory : Territory
        Hidden actors bear a neutral name and id and stand at their commune; confidential
        resources, needs and flows are left out; nobody's name is in the journal of decisions.
    hidden : frozenset of str
        Ids, in this territory, of the actors that are hidden.
    aliases : Mapping of (str, str) to str
        Id in this territory for a table and an id of the original, where they differ.
    secret : Mapping of (str, str) to tuple of str
        For a table and an id of a confidential row of the original, the actors behind it.
    aggregates : DataFrame
        Totals of the confidential rows: ``table, category, unit, quantity, rows, contributors``;
        only those with at least as many contributors as the secrecy threshold.
    """

    territory: Territory
    hidden: frozenset[str]
    aliases: Mapping[tuple[str, str], str]
    secret: Mapping[tuple[str, str], tuple[str, ...]]
    aggregates: pd.DataFrame

    def alias(self, table: str, row_id: object) -> object:
        """Return the id under which a row of the original may be known."""
        return self.aliases.get((table, str(row_id)), row_id)


@dataclass(frozen=True, slots=True, eq=False)
class PublicDiagnosis:
    """A diagnosis as others may see it.

    Attributes
    ----------
    diagnosis : Diagnosis
        All ids are those of ``view.territory``; figures that would tell a confidential row are
        missing, and the columns ``secret`` of gaps, evidence and roles say where.
    view : PublicTerritory
        The territory, and what was hidden in it.
    """

    diagnosis: Diagnosis
    view: PublicTerritory
    _private: Diagnosis = field(repr=False)
    _told: frozenset[str] = field(repr=False)

    def explain(self, candidate_id: str) -> Explanation:
        """Return what speaks for a candidate, as others may see it.

        Raises
        ------
        UsageError
            If there is no such candidate.
        """
        told = self._private.explain(candidate_id)
        rename = self.view.alias
        members = tuple(
            dataclasses.replace(
                member,
                actor_id=str(rename(v.ACTORS, member.actor_id)),
                fact_id=self._row_id(member.fact_table, member.fact_id),
                quantity=np.nan if self._is_secret(member) else member.quantity,
            )
            for member in told.members
        )
        questions = tuple(
            dataclasses.replace(
                question,
                actor_id=str(rename(v.ACTORS, question.actor_id)),
                fact_id=self._row_id(question.fact_table, question.fact_id),
            )
            for question in told.questions
        )
        ties = tuple(
            dataclasses.replace(
                tie, actor_ids=tuple(str(rename(v.ACTORS, actor)) for actor in tie.actor_ids)
            )
            for tie in told.ties
        )
        secret = bool(self._told.intersection(told.gap_ids)) or any(
            map(self._is_secret, told.members)
        )
        return dataclasses.replace(
            told,
            members=members,
            questions=questions,
            ties=ties,
            meeting_place_id=str(rename(v.ACTORS, told.meeting_place_id)),
            meeting_resource_id=self._row_id(v.RESOURCES, told.meeting_resource_id),
            broker_id=str(rename(v.ACTORS, told.broker_id)),
            shortfall=np.nan if secret else told.shortfall,
            covered=np.nan if secret else told.covered,
        )

    def _is_secret(self, fact: Member | Question) -> bool:
        return (fact.fact_table, fact.fact_id) in self.view.secret

    def _row_id(self, table: str, row_id: str) -> str:
        """Return the id under which a row may be known; empty if it is confidential."""
        return "" if (table, row_id) in self.view.secret else str(self.view.alias(table, row_id))


def is_hidden(actors: pd.DataFrame) -> pd.Series:
    """Return which actors may not be named.

    Persons, sole traders (legal form 1000), actors that opposed diffusion, and names that hold the
    register's mark ``[ND]``.

    Returns
    -------
    Series, bool
        Index of ``actors``.
    """
    person = actors["natural_person"].astype("boolean").fillna(value=False).astype(bool)
    opposed = ~actors["diffusible"].astype("boolean").fillna(value=True).astype(bool)
    trader = actors["legal_form"].astype("str") == SOLE_TRADER
    marked = actors["name"].astype("str").str.contains(NOT_DIFFUSED, regex=False)
    return (person | opposed | trader | marked).rename("is_hidden")


def small_count(count: float, *, threshold: int) -> bool:
    """Return whether a count is too small to be published (zero may be).

    Examples
    --------
    >>> small_count(3, threshold=5), small_count(0, threshold=5), small_count(5, threshold=5)
    (True, False, False)
    """
    return 0 < count < threshold


def public_territory(territory: Territory, *, threshold: int, lang: str) -> PublicTerritory:
    """Return a territory as others may see it.

    Parameters
    ----------
    territory : Territory
        As the officer knows it.
    threshold : int
        Contributors below which a total of confidential rows is not given.
    lang : str
        Language of the neutral name, ``fr`` or ``en``.
    """
    mask = is_hidden(territory.table(v.ACTORS))
    ids = territory.table(v.ACTORS).loc[mask, "actor_id"].tolist()
    aliases = {(v.ACTORS, old): f"nd-{place:04d}" for place, old in enumerate(ids, start=1)}
    tables = dict(territory.tables)
    secret: dict[tuple[str, str], tuple[str, ...]] = {}
    totals = []
    for table, key in _KEYS.items():
        frame = tables[table]
        kept, row_aliases = _rename_rows(frame, table=table, hidden=set(ids))
        aliases.update(row_aliases)
        confidential = _confidential(frame)
        secret.update(_contributors(frame[confidential], table=table, key=key))
        totals.append(_totals(frame[confidential], table=table, threshold=threshold))
        tables[table] = _rename_actors(kept[~confidential].reset_index(drop=True), aliases)
    tables[v.ACTORS] = _mask_actors(territory, mask, aliases=aliases, lang=lang)
    tables[v.MEMBERS] = _rename_actors(tables[v.MEMBERS], aliases)
    tables[v.DECISIONS] = tables[v.DECISIONS].assign(
        who=pd.Series(np.nan, index=tables[v.DECISIONS].index, dtype="str")
    )
    made = Territory(name=territory.name, tables=tables, fictional=territory.fictional)
    return PublicTerritory(
        territory=made,
        hidden=frozenset(aliases[v.ACTORS, old] for old in ids),
        aliases=aliases,
        secret=secret,
        aggregates=pd.concat(totals, ignore_index=True),
    )


def public_diagnosis(diagnosis: Diagnosis, *, lang: str) -> PublicDiagnosis:
    """Return a diagnosis as others may see it.

    A gap loses its figures when confidential rows of fewer actors than the secrecy threshold are
    among its evidence: the public rows beside them would let a reader take the difference.
    """
    threshold = diagnosis.settings.secrecy_threshold
    view = public_territory(diagnosis.territory, threshold=threshold, lang=lang)
    findings, proposals = diagnosis.findings, diagnosis.proposals
    told = _telling_gaps(findings.evidence, view, threshold=threshold)
    public_findings = dataclasses.replace(
        findings,
        gaps=_public_gaps(findings.gaps, view, told=told),
        evidence=_public_facts(findings.evidence, view, table="table", row="row_id"),
        matches=_public_matches(findings.matches, view),
        network=_renamed(findings.network, view, tables={"actor_id": v.ACTORS}),
        details=_public_details(findings.details, view, told=told, threshold=threshold),
    )
    roles = _public_facts(proposals.roles, view, table="fact_table", row="fact_id")
    public_proposals = dataclasses.replace(
        proposals,
        openings=_public_openings(proposals.openings, told=told),
        partnerships=_renamed(
            proposals.partnerships,
            view,
            tables={"member_ids": v.ACTORS, "meeting_place_id": v.ACTORS},
        ),
        roles=_renamed(roles, view, tables={"actor_id": v.ACTORS}),
        robustness=dataclasses.replace(
            proposals.robustness, facts=_public_support(proposals.robustness.facts, view)
        ),
        # What the engine kept of the original for its own answers stays behind.
        calls=(),
        facts=None,
    )
    public = dataclasses.replace(
        diagnosis,
        territory=view.territory,
        findings=public_findings,
        proposals=public_proposals,
    )
    return PublicDiagnosis(diagnosis=public, view=view, _private=diagnosis, _told=told)


# --- territory --------------------------------------------------------------------------------
def _confidential(frame: pd.DataFrame) -> pd.Series:
    return frame["confidential"].astype("boolean").fillna(value=False).astype(bool)


def _mask_actors(
    territory: Territory, mask: pd.Series, *, aliases: Mapping[tuple[str, str], str], lang: str
) -> gpd.GeoDataFrame:
    """Return the actors, the hidden ones without anything that tells who they are."""
    made = gpd.GeoDataFrame(territory.table(v.ACTORS)).copy()
    made.loc[mask, "name"] = text("privacy.hidden_actor", lang=lang)
    for column in _PRIVATE_CELLS:
        made.loc[mask, column] = np.nan
    made.loc[mask, "located_by"] = "commune"
    communes = territory.communes
    centres = pd.Series(
        communes.geometry.representative_point().array, index=communes["commune_id"].array
    )
    if mask.any():
        points = made.geometry.copy()
        points[mask] = gpd.array.from_shapely(
            centres.reindex(made.loc[mask, "commune_id"]).to_numpy(), crs=made.crs
        )
        made = made.set_geometry(points)
    made["actor_id"] = [aliases.get((v.ACTORS, old), old) for old in made["actor_id"]]
    return made.sort_values("actor_id", kind="stable").reset_index(drop=True)


def _rename_rows(
    frame: pd.DataFrame, *, table: str, hidden: set[str]
) -> tuple[pd.DataFrame, dict[tuple[str, str], str]]:
    """Return rows in which those of hidden actors have neutral ids and no label."""
    key = _KEYS[table]
    ends = ("origin", "destination") if table == v.FLOWS else ("actor_id",)
    mask = frame[list(ends)].isin(hidden).any(axis=1)
    olds = frame.loc[mask, key].tolist()
    aliases = {(table, old): f"nd-{table}-{place:04d}" for place, old in enumerate(olds, start=1)}
    made = frame.copy()
    made[key] = [aliases.get((table, old), old) for old in made[key]]
    made["label"] = made["label"].mask(mask)
    return made, aliases


def _rename_actors(frame: pd.DataFrame, aliases: Mapping[tuple[str, str], str]) -> pd.DataFrame:
    """Return a table in which the ids of hidden actors are neutral."""
    made = frame.copy()
    for column in ("actor_id", "origin", "destination"):
        if column in made:
            renamed = [aliases.get((v.ACTORS, cell), cell) for cell in made[column]]
            made[column] = pd.Series(renamed, index=made.index, dtype="str")
    return made


def _contributors(
    frame: pd.DataFrame, *, table: str, key: str
) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return, for each confidential row, who is behind it."""
    return {
        (table, str(row[key])): _who(row, table=table) for row in frame.to_dict(orient="records")
    }


def _who(row: Mapping[object, object], *, table: str) -> tuple[str, ...]:
    """Return the actors (else the commune) behind one row."""
    if table == v.FLOWS:
        ends = (str(row["origin"]), str(row["destination"]))
        return tuple(end for end in ends if end != v.OUTSIDE)
    holder = row["actor_id"]
    return (str(holder if isinstance(holder, str) else row.get("commune_id")),)


def _totals(frame: pd.DataFrame, *, table: str, threshold: int) -> pd.DataFrame:
    """Return the totals of confidential rows that enough actors share."""
    made = []
    for (category, unit), rows in frame.groupby(["category", "unit"], sort=True, dropna=False):
        who = {name for row in rows.to_dict(orient="records") for name in _who(row, table=table)}
        if len(who) >= threshold:
            made.append((table, category, unit, float(rows["quantity"].sum()), len(rows), len(who)))
    columns = ["table", "category", "unit", "quantity", "rows", "contributors"]
    return pd.DataFrame(made, columns=columns)


# --- diagnosis --------------------------------------------------------------------------------
def _telling_gaps(
    evidence: pd.DataFrame, view: PublicTerritory, *, threshold: int
) -> frozenset[str]:
    """Return the gaps whose figures would tell a confidential row.

    Those of a broken chain count actors, whatever they offer and need.
    """
    behind: dict[str, set[str]] = {}
    facts = zip(evidence["gap_id"], evidence["table"], evidence["row_id"], strict=True)
    for gap_id, table, row_id in facts:
        who = view.secret.get((str(table), str(row_id)))
        if who is not None and not str(gap_id).startswith(f"{v.BROKEN_CHAIN}:"):
            behind.setdefault(str(gap_id), set()).update(who)
    return frozenset(gap_id for gap_id, who in behind.items() if len(who) < threshold)


def _public_gaps(
    gaps: pd.DataFrame, view: PublicTerritory, *, told: frozenset[str]
) -> pd.DataFrame:
    made = _renamed(gaps, view, tables={"actor_ids": v.ACTORS})
    made["secret"] = made["gap_id"].isin(told)
    for column in _FIGURES:
        made[column] = made[column].astype("float64").mask(made["secret"])
    return made


def _public_openings(openings: pd.DataFrame, *, told: frozenset[str]) -> pd.DataFrame:
    secret = openings["gap_ids"].map(lambda cell: bool(told.intersection(v.split_list(cell))))
    secret = secret.astype(bool)
    return openings.assign(shortfall=openings["shortfall"].astype("float64").mask(secret))


def _public_facts(
    frame: pd.DataFrame, view: PublicTerritory, *, table: str, row: str
) -> pd.DataFrame:
    """Return facts with neutral ids; those that are confidential have no id and no quantity."""
    pairs = list(zip(frame[table], frame[row], strict=True))
    made = frame.copy()
    secret = pd.Series(
        [(str(name), str(old)) in view.secret for name, old in pairs], index=frame.index
    )
    made["secret"] = secret.astype(bool)
    shown = [view.alias(str(name), old) for name, old in pairs]
    made[row] = pd.Series(shown, index=frame.index, dtype="str").mask(made["secret"])
    made["quantity"] = made["quantity"].astype("float64").mask(made["secret"])
    return made


def _public_support(facts: pd.DataFrame, view: PublicTerritory) -> pd.DataFrame:
    """Return the facts to verify with neutral ids, without those that are confidential."""
    pairs = list(zip(facts["fact_table"], facts["fact_id"], strict=True))
    shown = np.array(
        [(str(table), str(row)) not in view.secret for table, row in pairs], dtype=bool
    )
    names = [view.alias(str(table), row) for table, row in pairs]
    kept = facts.assign(fact_id=pd.Series(names, index=facts.index, dtype="str"))[shown]
    return _renamed(kept.reset_index(drop=True), view, tables={"actor_id": v.ACTORS})


def _public_matches(matches: pd.DataFrame, view: PublicTerritory) -> pd.DataFrame:
    """Return the matches between public rows."""
    secret = [
        (v.RESOURCES, str(resource)) in view.secret or (v.NEEDS, str(need)) in view.secret
        for resource, need in zip(matches["resource_id"], matches["need_id"], strict=True)
    ]
    kept = matches[~np.array(secret, dtype=bool)].reset_index(drop=True)
    tables = {
        "resource_id": v.RESOURCES,
        "need_id": v.NEEDS,
        "resource_actor_id": v.ACTORS,
        "need_place_id": v.ACTORS,
    }
    return _renamed(kept, view, tables=tables)


def _public_details(
    details: Mapping[str, pd.DataFrame],
    view: PublicTerritory,
    *,
    told: frozenset[str],
    threshold: int,
) -> dict[str, pd.DataFrame]:
    """Return the frames of the details: prices between public rows, the multiplier of all only.

    Hidden actors have their neutral ids in all of them.  The amounts behind the multiplier, and the
    trade, are left out where some of the flows are confidential; so are access to services whose
    gap would tell a confidential row, and numbers of people that are too small.
    """
    made = {
        name: _renamed(frame, view, tables={"actor_id": v.ACTORS})
        for name, frame in details.items()
    }
    if "prices" in made:
        made["prices"] = _public_prices(made["prices"], view)
    if "coverage" in made:
        made["coverage"] = _public_coverage(made["coverage"], told, threshold=threshold)
    if "sites" in made:
        kept = _of_public_services(made["sites"], told)
        few = kept["people_reached_more"].map(partial(small_count, threshold=threshold))
        made["sites"] = kept[~few.astype(bool)].reset_index(drop=True)
    if "trade" in made and any(table == v.FLOWS for table, _ in view.secret):
        made["trade"] = made["trade"].iloc[:0]
    if "multiplier" in made:
        whole = made["multiplier"][made["multiplier"]["spender_id"] == ""].reset_index(drop=True)
        if any(table == v.FLOWS for table, _ in view.secret):
            whole = whole.assign(**dict.fromkeys(("r1", "r2", "r3", "flows"), np.nan))
        made["multiplier"] = whole
    return made


def _of_public_services(frame: pd.DataFrame, told: frozenset[str]) -> pd.DataFrame:
    """Return the rows of services of which no gap would tell a confidential row."""
    secret = {gap.split(":")[1] for gap in told if gap.startswith(f"{v.SERVICE_ACCESS}:")}
    return frame[~frame["category"].isin(secret)].reset_index(drop=True)


def _public_coverage(
    coverage: pd.DataFrame, told: frozenset[str], *, threshold: int
) -> pd.DataFrame:
    """Return coverage without the shares by which too few people could be told, in or out."""
    kept = _of_public_services(coverage, told)
    everybody = kept["people"] / kept["share"].where(kept["share"] > 0)
    few = [
        any(small_count(round(count), threshold=threshold) for count in (inside, outside))
        for inside, outside in zip(
            kept["people"], (everybody - kept["people"]).fillna(0.0), strict=True
        )
    ]
    hidden = pd.Series(few, index=kept.index, dtype="bool")
    return kept.assign(**{name: kept[name].mask(hidden) for name in ("people", "share")})


def _public_prices(prices: pd.DataFrame, view: PublicTerritory) -> pd.DataFrame:
    """Return the prices between public rows.

    How far a price holds may be the size of a confidential row on the way: what is less than one
    unit is not told, what is more is told as one.
    """
    secret = [
        any((str(table), str(row)) in view.secret for table, row in (ends[:2], ends[2:]))
        for ends in zip(
            *(prices[name] for name in ("table", "row_id", "other_table", "other_id")), strict=True
        )
    ]
    kept = prices[~np.array(secret, dtype=bool)].reset_index(drop=True)
    enough = kept["up_to"] >= 1
    kept = kept.assign(up_to=kept["up_to"].where(~enough, 1.0).where(enough))
    for table, row in (("table", "row_id"), ("other_table", "other_id")):
        shown = [
            view.alias(str(name), old) for name, old in zip(kept[table], kept[row], strict=True)
        ]
        kept[row] = pd.Series(shown, index=kept.index, dtype="str")
    places = {"place_id": v.ACTORS, "other_place_id": v.ACTORS}
    return _renamed(kept, view, tables=places)


def _renamed(
    frame: pd.DataFrame, view: PublicTerritory, *, tables: Mapping[str, str]
) -> pd.DataFrame:
    """Return a frame whose cells (single ids, or ids joined by ``|``) are neutral ids."""
    made = frame.copy()
    for column, table in tables.items():
        if column not in made:
            continue
        joined = [
            v.join_list([view.alias(table, part) for part in v.split_list(cell)])
            if isinstance(cell, str)
            else cell
            for cell in made[column]
        ]
        made[column] = pd.Series(joined, index=made.index, dtype=made[column].dtype)
    return made
