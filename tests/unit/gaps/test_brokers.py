"""Roles of brokers and the mixing of groups: golden values, an oracle by hand, hostile networks."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from tests.unit.gaps.test_graph import GOLDEN, ties
from toolkit.gaps import brokers, graph
from toolkit.settings import Settings

SETTINGS = Settings(permutations=199)
GROUPS = dict(
    zip("abcdef", ("ess", "ess", "public", "business", "business", "research"), strict=True)
)


def actors_of(groups, *, sectors=None):
    names = sorted(groups)
    family = [groups[name] for name in names]
    sector = family if sectors is None else [sectors[name] for name in names]
    return pd.DataFrame({"actor_id": names, "family": family, "sector": sector})


def oracle(groups, edges):
    """Return the roles of every node by the definition: all i, j, k."""
    tied = {frozenset(edge) for edge in edges}
    found = {node: dict.fromkeys(brokers.ROLES, 0) for node in groups}
    known = [node for node in groups if groups[node] != "unknown"]
    for i, j, k in itertools.permutations(known, 3):
        if {frozenset((i, j)), frozenset((j, k))} <= tied and frozenset((i, k)) not in tied:
            before, here, after = (groups[node] for node in (i, j, k))
            if before == here == after:
                role = "coordinator"
            elif before == after:
                role = "itinerant"
            elif here == after:
                role = "gatekeeper"
            elif before == here:
                role = "representative"
            else:
                role = "liaison"
            found[j][role] += 1
    return found


def test_roles_of_the_small_network_by_hand():
    frame = brokers.brokers(actors_of(GROUPS), ties(GOLDEN, "abcdef"))
    family = frame[frame["subject"] == "family"].set_index("actor_id")
    # a (ESS) stands between d and b (ESS), and between d and c (public).
    # d (business) stands between a and e (business), and between a and f (research).
    assert family.index.tolist() == ["a", "d"]
    assert family.loc["a", list(brokers.ROLES)].tolist() == [0, 1, 1, 0, 2]
    assert family.loc["d", list(brokers.ROLES)].tolist() == [0, 1, 1, 0, 2]


@pytest.mark.parametrize("seed", range(6))
def test_roles_are_those_of_the_definition(seed):
    net = nx.gnp_random_graph(18, (0.1, 0.25, 0.6)[seed % 3], seed=seed)
    draw = np.random.default_rng(seed)
    names = [f"n{node:02d}" for node in net]
    groups = dict(zip(names, draw.choice(["x", "y", "z", "unknown"], 18), strict=True))
    edges = [(names[one], names[other]) for one, other in net.edges]
    made = ties(edges, names)
    counts = brokers.roles(np.array([groups[name] for name in names], dtype="object"), made)
    expected = oracle(groups, edges)
    assert counts.tolist() == [list(expected[name].values()) for name in names]
    loop = graph.loops.closed_roles
    plain = np.zeros((18, 4), dtype="int64")
    fast = plain.copy()
    code = np.unique([groups[name] for name in names], return_inverse=True)[1]
    upward = graph.upward(made.first, made.second, size=18)[:2]
    getattr(loop, "py_func", loop)(*upward, code, plain)
    loop(*upward, code, fast)
    assert plain.tolist() == fast.tolist()


def test_names_play_no_part():
    net = nx.gnp_random_graph(14, 0.3, seed=3)
    groups = {f"n{node:02d}": "xyz"[node % 3] for node in net}
    edges = [(f"n{one:02d}", f"n{other:02d}") for one, other in net.edges]
    renamed = {name: f"m{13 - int(name[1:]):02d}" for name in groups}
    one = brokers.brokers(actors_of(groups), ties(edges, groups))
    other = brokers.brokers(
        actors_of({renamed[name]: group for name, group in groups.items()}),
        ties([(renamed[one], renamed[other]) for one, other in edges], renamed.values()),
    )
    keys = ["subject", "actor_id"]
    one = one.assign(actor_id=one["actor_id"].map(renamed)).sort_values(keys, ignore_index=True)
    pd.testing.assert_frame_equal(one, other)


# --- mixing -----------------------------------------------------------------------------------
def test_golden_value_of_the_e_i_index():
    frame = brokers.mixing(actors_of(GROUPS), ties(GOLDEN, "abcdef"), settings=SETTINGS)
    family = frame[frame["subject"] == "family"].set_index("group")
    assert family.loc["", ["actors", "internal", "external"]].tolist() == [6, 2, 5]
    assert family.loc["", "index"] == pytest.approx(0.428571, abs=1e-6)
    assert family.loc["ess", ["actors", "internal", "external"]].tolist() == [2, 1, 3]
    assert family.loc["public", "index"] == 1.0
    # Two ends are of one group in 2 x 2 of 30 ordered pairs: E-I = 1 - 2 x 4 / 30.
    assert family.loc["", "expected"] == pytest.approx(1 - 8 / 30, abs=0.06)
    assert family["p_value"].between(1 / 200, 1).all()


def test_clubs_that_keep_to_themselves_are_told_from_chance():
    clubs = [range(10), range(10, 20)]
    edges = [pair for club in clubs for pair in itertools.combinations(club, 2)]
    names = [f"n{node:02d}" for node in range(20)]
    made = ties([(names[one], names[other]) for one, other in [*edges, (0, 10)]], names)
    by_club = {name: "xy"[place // 10] for place, name in enumerate(names)}
    by_turn = {name: "xy"[place % 2] for place, name in enumerate(names)}
    frame = brokers.mixing(actors_of(by_club, sectors=by_turn), made, settings=SETTINGS)
    whole = frame[frame["group"] == ""].set_index("subject")
    assert whole.loc["family", "index"] == pytest.approx((1 - 90) / 91)
    assert whole.loc["family", "p_value"] == pytest.approx(1 / 200)
    assert whole.loc["sector", "p_value"] > 0.2
    # The same groups on the same network, whatever their names: the same figures.
    swapped = {name: {"x": "b", "y": "a"}[club] for name, club in by_club.items()}
    other = brokers.mixing(actors_of(swapped, sectors=by_turn), made, settings=SETTINGS)
    assert (
        other.iloc[0][["index", "internal", "external"]].tolist()
        == frame.iloc[0][["index", "internal", "external"]].tolist()
    )


def test_the_index_of_random_groups_is_rarely_far_from_chance():
    draw = np.random.default_rng(8)
    pairs = np.array(list(itertools.combinations(range(40), 2)))
    rejected = 0
    for _ in range(100):
        chosen = pairs[draw.choice(len(pairs), 90, replace=False)]
        made = ties([(int(one), int(other)) for one, other in chosen], range(40))
        groups = np.array(["x"] * 25 + ["y"] * 15, dtype="object")
        frame = brokers._mixing_of(groups, made, draws=99, rng=draw)
        rejected += frame["p_value"].iloc[0] <= 0.10
    assert rejected <= 10 + 3 * 3  # ten of a hundred, within three standard deviations


def test_one_family_no_tie_and_nobody():
    alone = dict.fromkeys("abcdef", "ess")
    frame = brokers.mixing(actors_of(alone), ties(GOLDEN, "abcdef"), settings=SETTINGS)
    assert frame["index"].tolist() == [-1.0] * 4
    assert frame["expected"].tolist() == [-1.0] * 4
    assert frame["p_value"].tolist() == [1.0] * 4
    one_group = brokers.brokers(actors_of(alone), ties(GOLDEN, "abcdef"))
    assert one_group[["gatekeeper", "itinerant", "liaison"]].to_numpy().sum() == 0
    for edges, groups in (
        ([], alone),
        ([], {}),
        ([], {"a": "ess"}),
        (GOLDEN, dict.fromkeys("abcdef", "unknown")),
    ):
        made, actors = ties(edges, groups), actors_of(groups)
        empty = brokers.mixing(actors, made, settings=SETTINGS)
        assert empty.empty
        assert empty.columns.tolist() == list(brokers.MIXING_COLUMNS)
        nobody = brokers.brokers(actors, made)
        assert nobody.empty
        assert nobody.columns.tolist() == list(brokers.BROKER_COLUMNS)


def test_a_cooperation_of_a_thousand_members_has_no_broker():
    size = 1_000
    first, second = np.triu_indices(size, k=1)
    made = graph.Ties(
        np.array([f"n{node:04d}" for node in range(size)], dtype="object"),
        first,
        second,
        pd.DataFrame(),
    )
    groups = np.array(["x", "y", "z", "w"] * 250, dtype="object")
    assert not brokers.roles(groups, made).any()
