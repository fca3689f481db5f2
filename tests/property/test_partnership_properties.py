"""What holds for every territory: order of rows, names of actors, one more actor."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolkit import partnerships
from toolkit import vocabulary as v
from toolkit.partnerships.facts import facts_of
from toolkit.partnerships.proposals import look_into
from toolkit.settings import Settings
from toolkit.territory import Territory

_FOLDER = Path(__file__).resolve().parents[1] / "unit" / "partnerships"
SEEDS = st.integers(min_value=1_000, max_value=10**6)
QUICK = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def _load(name):
    spec = importlib.util.spec_from_file_location(f"property_{name}", _FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


worlds, oracle = _load("worlds"), _load("oracle")
PALLETS = "materials.wood.pallets"
GAP = f"unmet_need:{PALLETS}"


@QUICK
@given(seed=SEEDS)
def test_any_small_case_equals_enumeration(seed):
    facts, opening, rules = worlds.random_case(seed, size=7)
    truth = oracle.best_groups(facts, opening, rules)[: rules.per_opening]
    arena, outcome = look_into(facts, opening, settings=rules)
    shown = [
        (group.score, tuple(int(arena.actors[place]) for place in group.members))
        for group in outcome.groups
    ]
    assert [members for _, members in shown] == [members for _, members in truth]
    assert [score for score, _ in shown] == pytest.approx([score for score, _ in truth])


def _proposals(tables, rules):
    territory = Territory(name="Essai", tables=worlds.complete(tables))
    needs = tables["needs"]
    evidence = [worlds.proof(GAP, "need", code) for code in sorted(needs["need_id"])]
    found = worlds.findings(
        [worlds.gap(GAP)],
        evidence,
        network=[{"actor_id": code, "degree": 0} for code in sorted(tables["actors"]["actor_id"])],
    )
    return partnerships.propose(territory, found, settings=rules)


def _tables(seed):
    return dict(worlds.random_territory(seed, size=14).tables)


def _frames(proposals):
    return {
        name: getattr(proposals, name)
        for name in ("openings", "partnerships", "roles", "practices", "ties")
    }


@QUICK
@given(seed=SEEDS)
def test_the_order_of_rows_changes_nothing(seed):
    tables, rng = _tables(seed), np.random.default_rng(seed)
    mixed = {
        name: frame.iloc[rng.permutation(len(frame))].reset_index(drop=True)
        for name, frame in tables.items()
    }
    first, second = (_frames(_proposals(one, Settings())) for one in (tables, mixed))
    for name, frame in first.items():
        pd.testing.assert_frame_equal(frame, second[name])


@QUICK
@given(seed=SEEDS)
def test_new_names_in_the_same_order_change_only_names(seed):
    tables = _tables(seed)
    names = {code: f"Z-{code}-new" for code in tables["actors"]["actor_id"]}
    renamed = dict(tables)
    for name in (v.ACTORS, v.RESOURCES, v.NEEDS, v.MEMBERS):
        column = tables[name]["actor_id"].map(names).astype("str")
        renamed[name] = tables[name].assign(actor_id=column)
    first, second = (_proposals(one, Settings()) for one in (tables, renamed))
    figures = ["opening_id", "type", "score", *v.CRITERIA, "longest_trip_km", "certificate"]
    pd.testing.assert_frame_equal(first.partnerships[figures], second.partnerships[figures])
    told = ["|".join(names[a] for a in v.split_list(c)) for c in first.partnerships["member_ids"]]
    assert told == second.partnerships["member_ids"].tolist()


@QUICK
@given(seed=SEEDS)
def test_one_more_actor_never_lowers_the_best_score(seed):
    rules = worlds.random_settings(seed)
    everybody = worlds.random_territory(seed, size=9)
    last = everybody.table(v.ACTORS)["actor_id"].iloc[-1]
    tables = {
        name: frame.loc[frame["actor_id"] != last] if "actor_id" in frame else frame
        for name, frame in everybody.tables.items()
    }
    fewer = Territory(name="Essai", tables=worlds.complete(tables))
    scores = []
    opening = worlds.random_opening(facts_of(everybody, None, settings=rules), seed)
    for territory in (fewer, everybody):
        facts = facts_of(territory, None, settings=rules)
        known = _known_to(facts, opening)
        groups = look_into(facts, known, settings=rules)[1].groups
        scores.append(groups[0].score if groups else 0.0)
    assert scores[0] <= scores[1] + 1e-9


def _known_to(facts, opening):
    """The opening without the fits of actors that a territory does not have."""
    import dataclasses

    slots = tuple(
        dataclasses.replace(
            slot, fits=tuple(fit for fit in slot.fits if fit.fact_id in facts.index)
        )
        for slot in opening.slots
    )
    return dataclasses.replace(opening, slots=slots)


@QUICK
@given(seed=SEEDS)
def test_rows_of_a_candidate_agree_with_each_other(seed):
    rules = worlds.random_settings(seed)
    proposals = _proposals(_tables(seed), rules)
    weights = rules.normalised_weights()
    frame = proposals.partnerships
    assert frame["rank"].tolist() == list(range(1, len(frame) + 1))
    assert frame["candidate_id"].is_unique
    assert frame["score"].is_monotonic_decreasing or frame["score"].diff().max() < 1e-9
    for row in frame.to_dict("records"):
        members = v.split_list(row["member_ids"])
        seats = proposals.roles.loc[proposals.roles["candidate_id"] == row["candidate_id"]]
        assert sorted(seats["actor_id"]) == sorted(members)
        assert 2 <= len(set(members)) <= rules.max_members
        assert row["type"] in rules.partnership_types
        assert all(0 <= row[name] <= 1 for name in v.CRITERIA)
        assert row["score"] == pytest.approx(sum(weights[n] * row[n] for n in v.CRITERIA))
        total = seats["share"].sum()
        assert total == pytest.approx(1.0 if row["coverage"] > 0 else 0.0)
    selected = frame.loc[frame["selected"], "member_ids"].map(v.split_list)
    counts = pd.Series([actor for members in selected for actor in members]).value_counts()
    assert len(selected) <= rules.portfolio_size
    assert counts.max() <= rules.portfolio_per_actor or counts.empty
