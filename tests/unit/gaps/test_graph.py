"""Measures of the network: golden values, networkx as an independent implementation."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from toolkit.gaps import graph

GOLDEN = [("a", "b"), ("a", "c"), ("a", "d"), ("b", "c"), ("d", "e"), ("d", "f"), ("e", "f")]


def ties(edges, nodes):
    ids = sorted(nodes)
    ends = sorted({tuple(sorted((ids.index(one), ids.index(other)))) for one, other in edges})
    first, second = (np.array([end[k] for end in ends], dtype="int64") for k in (0, 1))
    return graph.Ties(np.array(ids, dtype="object"), first, second, pd.DataFrame())


def networkx_of(made):
    other = nx.Graph()
    other.add_nodes_from(range(len(made.actor_ids)))
    other.add_edges_from(zip(made.first.tolist(), made.second.tolist(), strict=True))
    return other


def test_golden_values_of_burt():
    measured = graph.measures(ties(GOLDEN, "abcdefg"), seed=0).set_index("actor_id")
    assert measured.loc[["a", "d"], "constraint"].tolist() == pytest.approx(
        [0.611111] * 2, abs=1e-6
    )
    assert measured.loc[list("bcef"), "constraint"].tolist() == pytest.approx(
        [1.006944] * 4, abs=1e-6
    )
    assert measured.loc[["a", "d"], "effective_size"].tolist() == pytest.approx([7 / 3] * 2)
    assert measured.loc[list("bcef"), "effective_size"].tolist() == pytest.approx([1.0] * 4)
    assert measured.loc["g", ["constraint", "effective_size"]].isna().all()
    assert measured["component"].tolist() == [0] * 6 + [1]
    assert measured["core"].tolist() == [2] * 6 + [0]
    assert measured["degree"].tolist() == [3, 2, 2, 3, 2, 2, 0]


@pytest.mark.parametrize("seed", range(8))
def test_equal_to_networkx(seed, monkeypatch):
    monkeypatch.setattr(graph, "SOURCES", 7)  # several blocks
    other = nx.gnp_random_graph(40, (0.02, 0.08, 0.3)[seed % 3], seed=seed)
    made = ties(other.edges, range(40))
    measured = graph.measures(made, seed=0)
    other = networkx_of(made)
    for column, expected in (
        ("constraint", nx.constraint(other)),
        ("effective_size", nx.effective_size(other)),
        ("betweenness", nx.betweenness_centrality(other)),
        ("core", nx.core_number(other)),
        ("degree", dict(other.degree)),
    ):
        values = [expected[node] for node in range(40)]
        tied = measured["degree"] > 0
        np.testing.assert_allclose(
            measured.loc[tied, column], np.array(values)[tied], atol=1e-12, err_msg=column
        )
    sizes = measured.groupby("component").size()
    assert sizes.tolist() == sorted(map(len, nx.connected_components(other)), reverse=True)


@pytest.mark.parametrize("seed", range(3))
def test_loops_give_the_same_compiled_or_not(seed, monkeypatch):
    made = ties(nx.gnp_random_graph(30, 0.15, seed=seed).edges, range(30))
    compiled = graph.measures(made, seed=0)
    for name in ("dependencies", "common"):
        loop = getattr(graph.loops, name)
        monkeypatch.setattr(graph.loops, name, getattr(loop, "py_func", loop))
    pd.testing.assert_frame_equal(graph.measures(made, seed=0), compiled, check_exact=True)


def test_a_flow_ties_both_ends_whichever_way_it_goes():
    """Constraint of a directed graph is another figure: ties have no direction here."""
    both_ways = [*GOLDEN, ("b", "a")]
    arrows = nx.DiGraph(both_ways)
    measured = graph.measures(ties(both_ways, "abcdef"), seed=0).set_index("actor_id")
    assert measured.loc["a", "constraint"] == pytest.approx(
        nx.constraint(arrows.to_undirected())["a"]
    )
    assert measured.loc["a", "constraint"] != pytest.approx(nx.constraint(arrows)["a"], rel=0.01)


def test_a_cooperation_of_a_thousand_members():
    size = 1_000
    first, second = np.triu_indices(size, k=1)
    made = graph.Ties(np.arange(size).astype("object"), first, second, pd.DataFrame())
    constraint, effective_size = graph.structural_holes(made.adjacency())
    # each of 999 contacts: (1 + 998 / 999)^2 / 999^2
    expected = (1 + 998 / 999) ** 2 / 999
    np.testing.assert_allclose(constraint, expected, rtol=1e-12)
    np.testing.assert_allclose(effective_size, 1.0, rtol=1e-12)


def test_components_of_one_size_are_numbered_by_first_node():
    made = ties([("c", "d"), ("a", "b")], "abcde")
    assert graph.components(made.adjacency()).tolist() == [0, 0, 1, 1, 2]


def test_drawn_sources_come_near_the_exact_betweenness(monkeypatch):
    made = ties(nx.barabasi_albert_graph(400, 2, seed=1).edges, range(400))
    exact = graph.betweenness(made.adjacency(), seed=0)
    monkeypatch.setattr(graph, "EXACT_BETWEENNESS", 100)
    drawn = graph.betweenness(made.adjacency(), seed=0)
    assert drawn.tolist() == graph.betweenness(made.adjacency(), seed=0).tolist()
    assert drawn.tolist() != exact.tolist()
    assert np.corrcoef(exact, drawn)[0, 1] > 0.98
    assert drawn.sum() == pytest.approx(exact.sum(), rel=0.1)


@pytest.mark.parametrize("nodes", ["", "a", "ab"])
def test_no_tie_at_all(nodes):
    measured = graph.measures(ties([], nodes), seed=0)
    assert measured.columns.tolist() == list(graph.NETWORK_COLUMNS)
    assert measured["betweenness"].tolist() == [0.0] * len(nodes)
    assert measured["component"].tolist() == list(range(len(nodes)))


def test_a_star_of_many_leaves_costs_no_more_than_its_ties():
    size = 30_000
    made = graph.Ties(
        np.arange(size).astype("object"),
        np.zeros(size - 1, dtype="int64"),
        np.arange(1, size),
        pd.DataFrame(),
    )
    constraint, effective_size = graph.structural_holes(made.adjacency())
    assert constraint[0] == pytest.approx(1 / (size - 1))
    assert set(constraint[1:]) == {1.0}
    assert effective_size[:2].tolist() == [size - 1, 1.0]


def test_who_is_tied_and_why(with_rows):
    stages = ["active", "idea", "contacted", "ended", "experiment"]
    territory = with_rows(
        cooperations=[
            {"cooperation_id": f"C{k}", "name": "x", "stage": stage}
            for k, stage in enumerate(stages)
        ],
        members=[
            {"cooperation_id": f"C{k}", "actor_id": actor}
            for k, actors in enumerate([("A1", "A2", "A3"), ("A1", "A6"), ("A1", "A6")])
            for actor in actors
        ]
        + [{"cooperation_id": "C3", "actor_id": actor} for actor in ("A1", "A6")]
        + [{"cooperation_id": "C4", "actor_id": "A6"}],
        flows=[
            {"flow_id": "F1", "nature": "material", "origin": "A4", "destination": "A3"},
            {"flow_id": "F2", "nature": "money", "origin": "A2", "destination": "A1"},
            {"flow_id": "F3", "nature": "money", "origin": "A5", "destination": "outside"},
            {"flow_id": "F4", "nature": "money", "origin": "A5", "destination": "99001"},
        ],
    )
    made = graph.ties_of(territory)
    named = [
        (made.actor_ids[one], made.actor_ids[other])
        for one, other in zip(made.first, made.second, strict=True)
    ]
    assert named == [("A1", "A2"), ("A1", "A3"), ("A2", "A3"), ("A3", "A4")]
    assert made.reasons["row_id"].tolist() == ["C0", "F2", "C0", "C0", "F1"]
    assert made.degree.tolist() == [2, 2, 3, 1, 0, 0]
