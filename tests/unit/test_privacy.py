from __future__ import annotations

import dataclasses
import importlib.util
import json
import sys
from pathlib import Path

import pandas as pd
import pytest

from toolkit import vocabulary as v
from toolkit.privacy import is_hidden, public_diagnosis, public_territory, small_count
from toolkit.territory import Territory


@pytest.fixture(scope="module")
def made():
    path = Path(__file__).resolve().parent.parent / "report" / "made_diagnosis.py"
    spec = importlib.util.spec_from_file_location("made_diagnosis", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault("made_diagnosis", module)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def view(made):
    return public_territory(made.diagnosis().territory, threshold=5, lang="fr")


def everything(territory: Territory) -> str:
    """Return all cells of all tables as text."""
    return "\n".join(frame.to_csv() for frame in territory.tables.values())


@pytest.mark.parametrize(
    "cells, hidden",
    [
        ({}, False),
        ({"natural_person": True}, True),
        ({"diffusible": False}, True),
        ({"legal_form": "1000"}, True),
        ({"name": "[ND] [ND]"}, True),
        ({"natural_person": None, "diffusible": None, "legal_form": None}, False),
    ],
)
def test_who_is_hidden(cells, hidden):
    row = {
        "name": "Scierie",
        "natural_person": False,
        "diffusible": True,
        "legal_form": "5710",
        **cells,
    }
    assert is_hidden(pd.DataFrame([row])).tolist() == [hidden]


@pytest.mark.parametrize(
    "count, small", [(0, False), (1, True), (4, True), (5, False), (5000, False)]
)
def test_which_counts_are_small(count, small):
    assert small_count(count, threshold=5) is small


def test_hidden_actors_have_no_name_place_or_id_anywhere(view):
    said = everything(view.territory)
    for secret in ("Jeanne", "Martin-Secret", "Atelier Caché", "A7", "A8"):
        assert secret not in said
    assert len(view.hidden) == 2
    assert view.hidden <= set(view.territory.actors["actor_id"])


def test_hidden_actors_keep_family_and_commune(view):
    hidden = view.territory.actors.set_index("actor_id").loc[sorted(view.hidden)]
    assert hidden["name"].unique().tolist() == ["Acteur non diffusible"]
    assert hidden["commune_id"].tolist() == ["99003", "99003"]
    assert hidden["located_by"].tolist() == ["commune", "commune"]


def test_precise_places_of_hidden_actors_are_lost(made):
    tables = made.tables()
    tables[v.ACTORS] = tables[v.ACTORS].assign(
        latitude=None, longitude=None, siret=None, address=None
    )
    inside = tables[v.COMMUNES].to_crs(4326).geometry.iloc[2].centroid
    tables[v.ACTORS].loc[6, ["latitude", "longitude", "address"]] = [
        inside.y + 0.02,
        inside.x,
        "3 rue du Moulin",
    ]
    territory = Territory.from_tables(tables, name="x")
    before = territory.actors.set_index("actor_id").geometry["A7"]
    public = public_territory(territory, threshold=5, lang="fr")
    alias = public.alias(v.ACTORS, "A7")
    row = public.territory.actors.set_index("actor_id").loc[alias]
    centre = territory.communes.set_index("commune_id").geometry["99003"].representative_point()
    assert row.geometry.equals(centre)
    assert not row.geometry.equals(before)
    assert pd.isna(row["latitude"])
    assert pd.isna(row["address"])


def test_confidential_rows_are_left_out(view):
    said = everything(view.territory)
    for secret in ("Lot secret", "777", "4242"):
        assert secret not in said
    assert set(view.secret) == {(v.RESOURCES, "R3"), (v.FLOWS, "F4")}


def test_nobody_is_named_in_the_journal(view):
    assert "Paul Décideur" not in everything(view.territory)
    assert view.territory.decisions["decision"].tolist() == ["accepted"]


@pytest.mark.parametrize("holders, told", [(4, False), (5, True)])
def test_totals_of_confidential_rows_need_enough_contributors(made, holders, told):
    tables = made.tables()
    rows = [
        (f"Z{i}", f"A{i + 1}", "materials.wood.sawdust", None, 10.0, "t", True, "observed", "S1")
        for i in range(holders)
    ]
    # The first actor twice: two rows of one actor are one contributor.
    rows.append(("ZZ", "A1", "materials.wood.sawdust", None, 1.0, "t", True, "observed", "S1"))
    more = pd.DataFrame(rows, columns=tables[v.RESOURCES].columns)
    tables[v.RESOURCES] = pd.concat([tables[v.RESOURCES], more], ignore_index=True)
    public = public_territory(Territory.from_tables(tables, name="x"), threshold=5, lang="fr")
    totals = public.aggregates[public.aggregates["category"] == "materials.wood.sawdust"]
    assert totals["quantity"].tolist() == ([10.0 * holders + 1] if told else [])
    assert totals["contributors"].tolist() == ([holders] if told else [])


def test_gap_that_would_tell_a_confidential_row_has_no_figures(made):
    public = public_diagnosis(made.diagnosis(), lang="fr").diagnosis
    gaps = public.gaps.set_index("gap_id")
    told = gaps.loc["unused_resource:materials.wood.pallets"]
    assert told["secret"]
    assert told[["expected", "observed", "shortfall"]].isna().all()
    other = gaps.loc["unmet_need:materials.wood.offcuts"]
    assert not other["secret"]
    assert other["shortfall"] == 15.0
    assert public.proposals.openings.set_index("opening_id")["shortfall"].isna().tolist() == [
        False,
        True,
    ]


def test_figures_are_given_once_enough_actors_share_the_secret(made):
    public = public_diagnosis(made.diagnosis(secrecy_threshold=1), lang="fr").diagnosis
    assert not public.gaps["secret"].any()


def test_no_frame_of_a_public_diagnosis_names_who_is_hidden(made):
    diagnosis = made.diagnosis()
    brokers = pd.DataFrame({"subject": "family", "actor_id": ["A1", "A7"], "liaison": [2, 3]})
    findings = dataclasses.replace(diagnosis.findings, details={"brokers": brokers})
    public = public_diagnosis(
        dataclasses.replace(diagnosis, findings=findings), lang="fr"
    ).diagnosis
    frames = [getattr(public.findings, name) for name in ("gaps", "evidence", "matches", "network")]
    assert public.findings.details["brokers"]["actor_id"].iloc[0] == "A1"
    frames += public.findings.details.values()
    frames += [
        getattr(public.proposals, name) for name in ("openings", "partnerships", "roles", "ties")
    ]
    said = "\n".join(frame.to_csv() for frame in frames) + everything(public.territory)
    for secret in ("Jeanne", "Atelier Caché", "A7", "A8", "R3", "777", "F4"):
        assert secret not in said.replace("shared_members", "")
    assert public.proposals.facts is None


def test_explanation_uses_public_ids(made):
    public = public_diagnosis(made.diagnosis(), lang="fr")
    told = public.explain("K2")
    said = repr(told)
    for secret in ("'A7'", "'R3'", "777"):
        assert secret not in said
    assert any(member.actor_id in public.view.hidden for member in told.members)
    assert told.shortfall != told.shortfall


def test_original_is_left_as_it_was(made):
    diagnosis = made.diagnosis()
    before = everything(diagnosis.territory)
    public_diagnosis(diagnosis, lang="fr")
    assert everything(diagnosis.territory) == before
    assert "Jeanne Martin-Secret" in before


def test_order_of_rows_changes_nothing(made):
    tables = made.tables()
    shuffled = {name: frame.iloc[::-1] for name, frame in tables.items()}
    one, other = (
        public_territory(Territory.from_tables(some, name="x"), threshold=5, lang="fr")
        for some in (tables, shuffled)
    )
    assert everything(one.territory) == everything(other.territory)
    assert json.dumps(sorted(map(str, one.aliases.items()))) == json.dumps(
        sorted(map(str, other.aliases.items()))
    )


def test_access_and_trade_tell_no_few_people_and_no_confidential_row(made):
    diagnosis = made.diagnosis()
    details = {
        "coverage": pd.DataFrame(
            {
                "category": "services.health.nurse",
                "minutes": [5.0, 10.0, 20.0],
                "is_limit": [False, True, False],
                "people": [3.0, 900.0, 4499.0],
                "share": [3 / 4500, 0.2, 4499 / 4500],
            }
        ),
        "sites": pd.DataFrame(
            {
                "category": "services.health.nurse",
                "sites": [1, 2],
                "commune_ids": ["99001", "99001|99002"],
                "people_reached_more": [3.0, 300.0],
            }
        ),
        "trade": pd.DataFrame({"group": ["materials.wood"], "internal": [12.0]}),
    }
    findings = dataclasses.replace(diagnosis.findings, details=details)
    private = dataclasses.replace(diagnosis, findings=findings)
    told = public_diagnosis(private, lang="fr")
    shown = told.diagnosis.findings.details
    assert shown["coverage"]["people"].isna().tolist() == [True, False, True]
    assert shown["coverage"]["share"].isna().tolist() == [True, False, True]
    assert shown["sites"]["people_reached_more"].tolist() == [300.0]
    secret = any(table == "flows" for table, _ in told.view.secret)
    assert len(shown["trade"]) == (0 if secret else 1)
    assert secret
