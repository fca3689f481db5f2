"""Rules between the columns of a row: needs, flows, units, identifiers, years of the geography."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from toolkit import nomenclature, units
from toolkit import vocabulary as v
from toolkit.schema import identifiers
from toolkit.schema.faults import Faults

_MONEY = "currency"


def check_rules(gathered: Mapping[str, Faults]) -> None:
    """Note every row that breaks a rule of its table."""
    _check_perimeter(gathered[v.COMMUNES])
    _check_identifiers(gathered[v.ACTORS])
    _check_ids_apart(gathered)
    _check_owner(gathered[v.NEEDS])
    _check_ends(gathered[v.FLOWS])
    for table in (v.RESOURCES, v.NEEDS, v.FLOWS):
        _check_units(gathered[table])


def _check_perimeter(communes: Faults) -> None:
    """Check that the communes are all of one year of the official geographic code."""
    years = sorted({str(year) for year in communes.frame["cog_year"].dropna()})
    if len(years) > 1:
        communes.add_table("mixed_cog_years", column="cog_year", found=", ".join(years))


def _check_identifiers(actors: Faults) -> None:
    """Check SIREN and SIRET, and that they agree."""
    siret, siren = actors.frame["siret"], actors.frame["siren"]
    bad_siret, bad_siren = identifiers.invalid_sirets(siret), identifiers.invalid_sirens(siren)
    _add_identifiers(actors, bad_siret, column="siret", length=identifiers.SIRET_LENGTH)
    _add_identifiers(actors, bad_siren, column="siren", length=identifiers.SIREN_LENGTH)
    both = siret.notna() & siren.notna() & ~bad_siret & ~bad_siren
    disagree = both & (siret.str[: identifiers.SIREN_LENGTH] != siren)

    def other(position: int) -> dict[str, object]:
        return {"siret": str(siret.iloc[position])}

    actors.add(disagree, "siret_siren_disagree", column="siren", params=other)


def _add_identifiers(faults: Faults, bad: pd.Series[bool], *, column: str, length: int) -> None:
    """Note each wrong identifier with its own reason."""
    cells = faults.frame[column]
    clean = identifiers.clean_siret if column == "siret" else identifiers.clean_siren
    reasons = {cell: clean(cell)[1] or identifiers.CHARACTERS for cell in cells[bad].unique()}

    def params(position: int) -> dict[str, object]:
        suggestion = identifiers.with_lost_zero(cells.iloc[position], length=length)
        return {"length": length, "suggestion": suggestion}

    for code in sorted(set(reasons.values())):
        at_fault = bad & cells.map(reasons).eq(code)
        faults.add(at_fault, code, column=column, params=params)


def _check_ids_apart(gathered: Mapping[str, Faults]) -> None:
    """Check that actors bear no id of a commune, nor the word kept for the outside."""
    actors = gathered[v.ACTORS]
    taken = {v.OUTSIDE, *gathered[v.COMMUNES].frame["commune_id"].dropna()}
    actors.add(actors.frame["actor_id"].isin(taken), "id_taken", column="actor_id")


def _check_owner(needs: Faults) -> None:
    """Check that a need belongs to an actor or to a commune."""
    frame = needs.frame
    orphan = frame["actor_id"].isna() & frame["commune_id"].isna()
    needs.add(orphan, "need_without_owner", column="actor_id", found=lambda _: "")


def _check_ends(flows: Faults) -> None:
    """Check that a flow goes from one place to another, one of them in the territory."""
    origin, destination = flows.frame["origin"], flows.frame["destination"]
    same = origin.notna() & (origin == destination)
    outside = same & (origin == v.OUTSIDE)
    flows.add(outside, "flow_outside", column="destination")
    flows.add(same & ~outside, "flow_same_ends", column="destination")


def _check_units(faults: Faults) -> None:
    """Check that a quantity has a unit, and one that measures its category."""
    frame = faults.frame
    faults.add(
        frame["quantity"].notna() & frame["unit"].isna(),
        "quantity_without_unit",
        column="unit",
        found=lambda position: faults.cell(position, "quantity"),
    )
    pairs = frame[["category", "unit"]].dropna()
    pairs = pairs[
        pairs["category"].isin(nomenclature.codes("categories"))
        & pairs["unit"].isin(nomenclature.codes("units"))
    ]
    wrong = {
        (category, unit): nomenclature.category_dimension(category)
        for category, unit in pairs.drop_duplicates().itertuples(index=False)
        if _is_foreign(category, unit)
    }
    if not wrong:
        return
    keys = pd.Series(
        list(zip(frame["category"], frame["unit"], strict=True)), index=frame.index, dtype="object"
    )
    bad = keys.isin(set(wrong))
    if faults.contract.table == v.FLOWS:
        paid = (frame["nature"] == "money") & frame["unit"].isin(units.units_of(_MONEY))
        bad &= ~paid
    faults.add(
        bad,
        "unit_dimension",
        column="unit",
        params=lambda position: {
            "given_unit": frame["unit"].iloc[position],
            "expected_units": ", ".join(units.units_of(wrong[keys.iloc[position]])),
        },
    )


def _is_foreign(category: str, unit: str) -> bool:
    """Return whether a unit is of another dimension than its category."""
    dimension = nomenclature.category_dimension(category)
    return dimension != "" and units.dimension_of(unit) != dimension
