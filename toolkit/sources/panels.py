"""The comparison panel: how many of each activity territories have, with what makes them alike.

A panel is built from counts by commune, the composition of the intercommunalities (EPCI), and what
is known of their population, area and income.  Nothing is read here.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from toolkit import vocabulary as v
from toolkit.errors import DataError, Problem
from toolkit.nomenclature import fold
from toolkit.sources.panel_counts import Counts, department
from toolkit.sources.passage import Passage
from toolkit.sources.reading import listed

KINDS: Final = ("CC", "CA", "CU", "METRO")
"""Kinds of EPCI: community of communes, of a town, urban community, metropolis."""
COVERED_SHARE: Final = 0.9
"""Share of the communes of a département that have a row, from which those without have nothing.

Own rule: nearly every commune has an equipment or an establishment; a file that holds fewer is
taken for one that does not cover the département."""
INCOME_SHARE: Final = 0.5
"""Share of the inhabitants whose commune tells its median, below which a territory has none.

Own rule: the medians of small communes are hidden for secrecy."""
_METRO_WORDS: Final = ("met", "metropole", "me")
_METRO: Final = "METRO"

UNCOVERED, NO_POPULATION, OVERLAPS = "uncovered", "no_population", "overlaps"
Reasons = Mapping[str, tuple[str, list[str]]]
"""Why a territory is left out, by its id: reason and the communes behind it."""
LEFT_COLUMNS: Final = ("territory_id", "name", "kind", "reason", "communes")
"""Columns of the territories left out: reason, and the communes behind it, separated by ``|``."""


@dataclass(frozen=True, slots=True)
class Own:
    """The territory for which a panel is made.

    Attributes
    ----------
    territory_id, name : str
        By which it stands in the panel, where it is no EPCI of it.
    communes : frozenset of str
        Its communes.
    epci_id : str
        The EPCI that all its communes are said to be of; empty if there is none.
    """

    territory_id: str
    name: str
    communes: frozenset[str]
    epci_id: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """What is known of communes beside their population; a part may be missing.

    Attributes
    ----------
    areas : Series of float
        km2 by commune.
    incomes : DataFrame
        ``median_income_eur`` and ``persons`` by commune.
    """

    areas: pd.Series[float] = field(default_factory=lambda: pd.Series(dtype="float64"))
    incomes: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(
            {"median_income_eur": [], "persons": []}, dtype="float64"
        )
    )


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """A comparison panel, and what it does not hold.

    Attributes
    ----------
    frame : DataFrame
        Columns ``PANEL_COLUMNS``, one row a territory and activity; sorted.
    own_id : str
        Which territory is the one that the panel is made for.
    left_out : DataFrame
        Columns ``LEFT_COLUMNS``, one row a territory that is not in it.
    notes : tuple of Problem
        What a reader should know.
    """

    frame: pd.DataFrame
    own_id: str
    left_out: pd.DataFrame
    notes: tuple[Problem, ...] = ()


def build_panel(
    counts: Sequence[Counts],
    members: pd.DataFrame,
    *,
    own: Own,
    facts: Facts | None = None,
    passage: Passage | None = None,
) -> Panel:
    """Return the panel of the EPCI that counts cover, and of a territory of one's own.

    Parameters
    ----------
    counts : sequence of Counts
        Counts by commune.  Two of one nomenclature cover different communes.
    members : DataFrame
        Communes and their EPCI, as :func:`toolkit.sources.populations.read_populations` returns
        them; communes of no EPCI may be among them.
    own : Own
        For which territory.  If it is exactly the EPCI that its communes name, it stands under the
        number of that EPCI.  Else (a PETR, a part of an EPCI) its communes are added up under an id
        of its own, its kind is that of the EPCI in which most of its inhabitants live, and the EPCI
        that it shares communes with are left out, so that nobody is compared with himself.
    facts : Facts, optional
        Areas and incomes.
    passage : Passage, optional
        Brings codes of communes of other years to those of `members`.

    Returns
    -------
    Panel
        ``population`` is municipal.  ``density_per_km2`` is NaN where the area of a commune is not
        known.  ``median_income_eur`` is the mean of the medians of the communes weighted by the
        persons of their fiscal households (by inhabitants where these are not told): an
        approximation of the median of the territory, which cannot be had from those of its parts;
        NaN where the medians of less than half of the inhabitants are told.

    Raises
    ------
    DataError
        If the own territory is not covered or its communes are unknown, counts overlap or cannot be
        compared, or no territory is left; all faults at once.

    Notes
    -----
    A commune is covered by counts that name it.  Where a file only has rows of what there is, the
    communes without a row have nothing if at least nine in ten of the communes of `members` of
    their département have one, and are not covered otherwise.  A commune that was set up again
    since the counts is counted with the one it was part of, if both are of one territory.  A
    territory with a commune that is not covered in each nomenclature is left out.
    """
    codes = _codes(members, own, passage=passage)
    joined = _joined(counts, codes=codes)
    territories, own_id, overlaps = _territories(members, own, codes=codes)
    reasons = {**_reasons(territories, joined=joined, members=members), **overlaps}
    if own_id in reasons:
        reason, held = reasons[own_id]
        params = {"communes": listed(held), "count": len(held)}
        raise DataError(Problem(f"panel_own_{reason}", found=own.name, params=params))
    kept = territories[~territories["territory_id"].isin(reasons)]
    known = _known(kept, codes=codes, facts=facts or Facts(), members=members)
    frame = _counted(kept, joined=joined).merge(known, on="territory_id")
    ordered = frame.sort_values(["territory_id", "nomenclature", "activity"], ignore_index=True)
    left = _left_out(territories, reasons=reasons)
    notes = (*joined.notes, *_told(known))
    return Panel(ordered[list(v.PANEL_COLUMNS)], own_id, left, notes)


# --- codes --------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, eq=False)
class _Codes:
    """The codes of the composition, and the way to them.

    Attributes
    ----------
    place : Mapping of str to tuple
        Of each commune, its EPCI and whether it is of the own territory.
    passage : Passage or None
        From codes of other years.
    parts : Mapping of str to tuple
        By a code, the communes of the composition that the passage table still has as parts of it:
        they were set up again since.
    """

    place: Mapping[str, tuple[str, bool]]
    passage: Passage | None
    parts: Mapping[str, tuple[str, ...]]

    def living(self, cells: pd.Series[str]) -> pd.Series[str]:
        """Return the codes of the composition; one that cannot be told stays as it is."""
        found = {code: self._living(code) for code in cells.dropna().unique()}
        return cells.map(found)

    def _living(self, code: str) -> str:
        moved = self.passage.living.get(code, code) if self.passage else code
        if code in self.place:
            return code
        if moved not in self.place and self._is_one_place(parts := self.parts.get(moved, ())):
            return parts[0]
        return moved

    def _is_one_place(self, codes: Sequence[str]) -> bool:
        return len({self.place[code] for code in codes}) == 1

    def held_by(self, codes: Collection[str]) -> frozenset[str]:
        """Return the communes that were part of some codes, and are of the same territory.

        What these codes count holds what the parts count.
        """
        found: set[str] = set()
        for code in codes:
            parts = self.parts.get(code, ())
            living = self._living(code)
            if parts and living in self.place and self._is_one_place([living, *parts]):
                found.update(parts)
        return frozenset(found - set(codes))


def _codes(members: pd.DataFrame, own: Own, *, passage: Passage | None) -> _Codes:
    """Return the codes of a composition; refuse an own territory that it does not know."""
    known = members["commune_id"].tolist()
    moved = passage.living if passage else {}
    mine = {code if code in set(known) else moved.get(code, code) for code in own.communes}
    unknown = sorted(mine - set(known))
    if unknown:
        params = {"communes": listed(unknown), "count": len(unknown)}
        raise DataError(Problem("panel_own_unknown", found=own.name, params=params))
    epci = members["epci_id"].fillna("")
    place = {code: (name, code in mine) for code, name in zip(known, epci, strict=True)}
    parts: dict[str, tuple[str, ...]] = {}
    for code in sorted(known):
        whole = moved.get(code, code)
        if whole != code:
            parts[whole] = (*parts.get(whole, ()), code)
    return _Codes(place, passage, parts)


# --- counts -------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, eq=False)
class _Joined:
    """Counts of several files, each with its nomenclature, and the communes that one covers."""

    parts: Sequence[tuple[str, pd.DataFrame]]
    covered: Mapping[str, frozenset[str]]
    notes: tuple[Problem, ...]


def _joined(counts: Sequence[Counts], *, codes: _Codes) -> _Joined:
    """Return counts in the codes of the composition; refuse those that do not go together."""
    if not counts:
        raise DataError(Problem("panel_nothing"))
    faults: list[Problem] = []
    notes: list[Problem] = []
    covered: dict[str, frozenset[str]] = {}
    for one in counts:
        here, told = _covered(one, codes)
        notes += [*told, *one.notes]
        before = covered.get(one.nomenclature, frozenset())
        if twice := sorted(before & here):
            params = {"examples": listed(twice)}
            where = str(one.source["source_id"])
            faults.append(Problem("panel_twice", found=str(len(twice)), where=where, params=params))
        covered[one.nomenclature] = before | here
    for version in covered:
        alike = [one for one in counts if one.nomenclature == version]
        names = ", ".join(str(one.source["source_id"]) for one in alike)
        if len({one.layout for one in alike}) > 1:
            faults.append(Problem("panel_layouts", found=names))
        years = {str(one.source.get("data_year") or "?") for one in alike}
        if len(years) > 1:
            found = ", ".join(sorted(years))
            notes.append(Problem("sources_panel_years", found=found, params={"names": names}))
    if faults:
        raise DataError(faults)
    parts = [
        (one.nomenclature, one.rows.assign(commune_id=codes.living(one.rows["commune_id"])))
        for one in counts
    ]
    return _Joined(parts, covered, tuple(notes))


def _covered(counts: Counts, codes: _Codes) -> tuple[frozenset[str], list[Problem]]:
    """Return which communes a file covers, and what is to be told of it."""
    known = frozenset(codes.place)
    living = frozenset(codes.living(pd.Series(sorted(counts.seen), dtype="str")))
    held = codes.held_by(counts.seen) - living
    seen = (living & known) | held
    told = {"sources_panel_foreign": living - known, "sources_panel_held": held}
    notes = [
        Problem(
            code,
            found=str(len(which)),
            where=str(counts.source["source_id"]),
            params={"examples": listed(sorted(which))},
        )
        for code, which in told.items()
        if which
    ]
    if counts.is_list:
        return seen, notes
    every, having = _by_department(known), _by_department(seen)
    whole = {code for code in every if having.get(code, 0) >= COVERED_SHARE * every[code]}
    return frozenset(code for code in known if code in seen or department(code) in whole), notes


def _by_department(codes: Iterable[str]) -> dict[str, int]:
    made: dict[str, int] = {}
    for code in codes:
        made[department(code)] = made.get(department(code), 0) + 1
    return made


def _counted(territories: pd.DataFrame, *, joined: _Joined) -> pd.DataFrame:
    """Return the counts of territories; each has a row at least in each nomenclature.

    A commune is of one territory only, as those that share communes with one's own are left out.
    """
    place = dict(zip(territories["commune_id"], territories["territory_id"], strict=True))
    parts = []
    for version, rows in joined.parts:
        named = rows.assign(territory_id=rows["commune_id"].map(place))
        by_pair = named.groupby(["territory_id", "activity"], observed=True)["count"].sum()
        part = pd.DataFrame(by_pair).reset_index()
        parts.append(
            part.astype({"territory_id": "str", "activity": "str"}).assign(nomenclature=version)
        )
    keys = ["territory_id", "nomenclature", "activity"]
    every = pd.concat(parts, ignore_index=True)
    summed = pd.DataFrame(every.groupby(keys)["count"].sum()).reset_index()
    ids = sorted(territories["territory_id"].unique())
    first = summed.groupby("nomenclature")["activity"].min()
    bare = [
        {"territory_id": name, "nomenclature": version, "activity": first[version], "count": 0.0}
        for version in first.index
        for name in sorted(
            set(ids) - set(summed.loc[summed["nomenclature"] == version, "territory_id"])
        )
    ]
    return pd.concat([summed, pd.DataFrame(bare)], ignore_index=True) if bare else summed


# --- territories --------------------------------------------------------------------------------
def kind_of(cell: object, name: object) -> str:
    """Return the kind of an EPCI, by its nature or the first word of its name; empty if unknown.

    Examples
    --------
    >>> kind_of("MET69", "Métropole de Lyon"), kind_of(None, "CA du Cotentin")
    ('METRO', 'CA')
    """
    for given in (cell, name):
        words = fold(given).replace("'", " ").split() if isinstance(given, str) else []
        first = words[0].rstrip("0123456789") if words else ""
        if first.upper() in KINDS:
            return first.upper()
        if first in _METRO_WORDS:
            return _METRO
    return ""


def _territories(
    members: pd.DataFrame, own: Own, *, codes: _Codes
) -> tuple[pd.DataFrame, str, Reasons]:
    """Return a row a territory and commune, the id of the own one, and what overlaps with it."""
    own_codes = {code for code, (_, is_own) in codes.place.items() if is_own}
    rows = members.dropna(subset=["epci_id"]).sort_values("commune_id")
    names = rows["epci_name"].fillna(rows["epci_id"])
    kinds = [kind_of(*cells) for cells in zip(rows["epci_kind"], names, strict=True)]
    made = pd.DataFrame(
        {"territory_id": rows["epci_id"], "name": names, "commune_id": rows["commune_id"]}
    ).assign(kind=kinds)
    shared = made[made["commune_id"].isin(own_codes)]
    if set(shared["territory_id"]) == {own.epci_id}:
        whole = made.loc[made["territory_id"] == own.epci_id, "commune_id"]
        if set(whole) == own_codes:
            return made, own.epci_id, {}
    overlaps = {
        str(name): (OVERLAPS, sorted(part["commune_id"]))
        for name, part in shared.groupby("territory_id")
    }
    people = members.set_index("commune_id")["population"].fillna(0.0)
    by_kind = shared["commune_id"].map(people).groupby(shared["kind"]).sum()
    mine = pd.DataFrame(
        {
            "territory_id": own.territory_id,
            "name": own.name,
            "commune_id": sorted(own_codes),
            "kind": str(by_kind.idxmax()) if len(by_kind) else "",
        }
    )
    return pd.concat([made, mine], ignore_index=True), own.territory_id, overlaps


def _reasons(
    territories: pd.DataFrame, *, joined: _Joined, members: pd.DataFrame
) -> dict[str, tuple[str, list[str]]]:
    """Return which territories lack counts or inhabitants of a commune."""
    people = members.set_index("commune_id")["population"]
    codes = territories["commune_id"]
    bare = pd.Series(data=False, index=codes.index)
    for covered in joined.covered.values():
        bare |= ~codes.isin(covered)
    tests = {
        NO_POPULATION: ~(codes.map(people) >= 0),
        UNCOVERED: bare,
    }
    found: dict[str, tuple[str, list[str]]] = {}
    for reason, mask in tests.items():
        for name, part in territories[mask].groupby("territory_id"):
            found[str(name)] = (reason, sorted(part["commune_id"]))
    total = codes.map(people).groupby(territories["territory_id"]).sum()
    for name in total.index[total <= 0]:
        found.setdefault(str(name), (NO_POPULATION, []))
    return found


def _left_out(territories: pd.DataFrame, *, reasons: Reasons) -> pd.DataFrame:
    first = territories.drop_duplicates("territory_id").set_index("territory_id")
    rows = [
        (name, first.loc[name, "name"], first.loc[name, "kind"], reason, v.join_list(communes))
        for name, (reason, communes) in sorted(reasons.items())
    ]
    return pd.DataFrame(rows, columns=list(LEFT_COLUMNS), dtype="str")


# --- what makes them alike ----------------------------------------------------------------------
def _known(
    territories: pd.DataFrame, *, codes: _Codes, facts: Facts, members: pd.DataFrame
) -> pd.DataFrame:
    """Return name, kind, population, density and income of each territory."""
    people = members.set_index("commune_id")["population"].astype("float64")
    areas = facts.areas.groupby(codes.living(_labels(facts.areas)).to_numpy()).sum()
    held = codes.held_by(set(facts.areas.index)) - set(areas.index)
    areas = pd.concat([areas, pd.Series(0.0, index=sorted(held))])
    incomes = _incomes(facts.incomes, codes=codes, people=people)
    rows = []
    for name, part in territories.groupby("territory_id"):
        ids = sorted(part["commune_id"])
        population = math.fsum(people.loc[ids])
        area = areas.reindex(ids)
        rows.append(
            {
                "territory_id": name,
                "name": part["name"].iloc[0],
                "kind": part["kind"].iloc[0],
                "population": population,
                "density_per_km2": (
                    math.nan if area.isna().any() else round(population / math.fsum(area), 3)
                ),
                "median_income_eur": _mean_income(incomes.reindex(ids), population=population),
            }
        )
    return pd.DataFrame(rows)


def _labels(values: pd.Series[float] | pd.DataFrame) -> pd.Series[str]:
    """Return the codes that values bear, under the same labels."""
    return pd.Series(values.index.to_numpy(dtype="object"), index=values.index, dtype="str")


def _incomes(incomes: pd.DataFrame, *, codes: _Codes, people: pd.Series[float]) -> pd.DataFrame:
    """Return by commune the weight of its median, the weighted median, and its inhabitants.

    Where the persons of a commune are not told, its inhabitants count, in equal parts where
    several older communes have merged into it.
    """
    living = codes.living(_labels(incomes))
    parts = living.map(living.value_counts())
    weight = incomes["persons"].fillna(living.map(people) / parts)
    rows = pd.DataFrame(
        {"weight": weight, "weighted": weight * incomes["median_income_eur"]}
    ).dropna()
    summed = rows.groupby(living[rows.index].to_numpy()).sum()
    return summed.assign(people=people.reindex(summed.index))


def _mean_income(incomes: pd.DataFrame, *, population: float) -> float:
    told = incomes.dropna()
    weight = math.fsum(told["weight"])
    if not weight or math.fsum(told["people"]) < INCOME_SHARE * population:
        return math.nan
    return round(math.fsum(told["weighted"]) / weight, 1)


def _told(known: pd.DataFrame) -> list[Problem]:
    """Return notes on what is not known of territories."""
    missing = {
        "sources_panel_no_density": known["density_per_km2"].isna(),
        "sources_panel_no_median": known["median_income_eur"].isna(),
        "sources_panel_no_kind": known["kind"] == "",
    }
    return [
        Problem(
            code,
            found=str(int(mask.sum())),
            params={"examples": listed(known.loc[mask, "name"]), "count": len(known)},
        )
        for code, mask in missing.items()
        if mask.any()
    ]
