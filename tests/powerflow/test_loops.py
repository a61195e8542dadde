"""Tests of loops: each is found, named openings open it, and the tree left is the lightest."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from powerflow import FeederError, load_feeder, make_feeder
from powerflow.loops import Graph, Opening, list_loops, named_branches, rows_beyond_tree

RING = {
    "name": "ring",
    "base_kv": 10.0,
    "source": "S",
    "bus_id": ["S", "A", "B", "C"],
    "p_kw": [0.0, 10.0, 20.0, 30.0],
    "q_kvar": [0.0, 1.0, 2.0, 3.0],
    "from_bus": ["S", "A", "B", "C"],
    "to_bus": ["A", "B", "C", "S"],
    "r_ohm": [0.1, 0.2, 0.3, 0.4],
    "x_ohm": [0.1, 0.1, 0.1, 0.1],
}


def graph_of(n_bus, pairs, z_ohm=None, is_switch=None):
    labels = [f"b{k}" for k in range(n_bus)]
    start, end = [a for a, _ in pairs], [b for _, b in pairs]
    return Graph(
        labels, 0, start, end, z_ohm or [1.0] * len(pairs), is_switch or [False] * len(pairs)
    )


@st.composite
def graphs(draw):
    n_bus = draw(st.integers(2, 12))
    bus = st.integers(0, n_bus - 1)
    pairs = draw(st.lists(st.tuples(bus, bus), min_size=1, max_size=25))
    order = draw(st.permutations(range(len(pairs))))
    return graph_of(n_bus, pairs, [1.0 + k for k in order])


def parts(graph, rows):
    n_bus = len(graph.labels)
    start, end = np.array(graph.start)[rows], np.array(graph.end)[rows]
    joined = coo_matrix((np.ones(len(rows)), (start, end)), shape=(n_bus, n_bus))
    return connected_components(joined, directed=False)[0]


@given(graphs())
def test_loops_are_as_many_as_branches_too_many_and_each_is_closed(graph):
    rows = list(range(len(graph.start)))
    loops = list_loops(graph)
    assert len(loops) == len(rows) - len(graph.labels) + parts(graph, rows)
    for buses, branches in loops:
        ends = [bus for row in branches for bus in (graph.start[row], graph.end[row])]
        assert sorted(ends) == sorted([*buses, *buses])
        assert len(set(branches)) == len(branches)


@given(graphs())
def test_the_tree_left_is_the_lightest_and_joins_the_same_buses(graph):
    opened = rows_beyond_tree(graph)
    kept = [row for row in range(len(graph.start)) if row not in opened]
    left, _ = graph.without(opened)
    assert list_loops(left) == []
    assert parts(graph, kept) == parts(graph, list(range(len(graph.start))))
    weights = {}
    for row, pair in enumerate(zip(graph.start, graph.end, strict=True)):
        if pair[0] != pair[1]:
            key = tuple(sorted(pair))
            weights[key] = min(weights.get(key, math.inf), graph.z_ohm[row])
    rows, columns = (list(part) for part in zip(*weights, strict=True)) if weights else ([], [])
    size = (len(graph.labels),) * 2
    lightest = minimum_spanning_tree(coo_matrix((list(weights.values()), (rows, columns)), size))
    assert sum(graph.z_ohm[row] for row in kept) == pytest.approx(lightest.sum())


def test_switches_open_before_lines_however_light_they_are():
    graph = graph_of(3, [(0, 1), (1, 2), (2, 0)], [5.0, 7.0, 0.0], [False, False, True])
    assert rows_beyond_tree(graph) == [2]


@pytest.mark.parametrize("word", ["C:S", "S:C"])
def test_opening_a_ring_gives_the_feeder_without_that_branch(word):
    opened = make_feeder(**RING, opening=Opening((word,)))
    columns = ("from_bus", "to_bus", "r_ohm", "x_ohm")
    assert opened.digest() == make_feeder(**RING | {c: RING[c][:3] for c in columns}).digest()


def test_the_tree_of_a_ring_leaves_out_its_heaviest_branch():
    assert (
        make_feeder(**RING, opening=Opening(radial="mst")).digest()
        == make_feeder(**RING, opening=Opening(("C:S",))).digest()
    )


def test_a_ring_says_its_loop_its_switches_and_what_to_do():
    kinds = ["line", "switch", "line", "line"]
    with pytest.raises(FeederError) as caught:
        make_feeder(**RING, kind=kinds)
    assert str(caught.value) == (
        "from_bus[2]: not radial, 1 loop: branch B-C closes the loop S, A, B, C (switches in it: "
        "A-B); open a branch of each with --open FROM:TO, or let --radial mst choose"
    )


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("S:AA", r"--open S:AA: there is no bus AA \(did you mean A\?\)"),
        ("A:C", r"--open A:C: no branch joins these buses \(did you mean [A-CS]:[A-CS]\?\)"),
        ("A", "--open A: expected the labels of two buses, FROM:TO"),
        ("A:B:C", "--open A:B:C: expected the labels of two buses, FROM:TO"),
    ],
)
def test_a_word_that_opens_nothing_says_why(word, message):
    with pytest.raises(FeederError, match=message):
        make_feeder(**RING | {"bus_id": ["S", "A", "B", "C"]}, opening=Opening((word,)))


def test_opening_too_much_leaves_buses_without_a_path():
    with pytest.raises(FeederError, match="no path from the source S to 1 of 4 buses: A"):
        make_feeder(**RING, opening=Opening(("S:A", "A:B")))


def test_labels_may_hold_colons_and_parallel_branches_open_together():
    graph = Graph(["a:1", "b", "a", "1:b"], 0, [0, 1, 2], [1, 0, 3], [1.0] * 3, [False] * 3)
    assert named_branches(graph, "a:1:b") == [0, 1, 2]
    assert named_branches(graph, "b:a:1") == [0, 1]


def test_another_word_than_mst_is_refused():
    with pytest.raises(FeederError, match="radial: expected mst, not bfs"):
        Opening(radial="bfs")


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(["33:18", "8:21", "21:8", "12:22"]))
def test_a_folder_with_its_ties_closed_opens_by_reference(tmp_path_factory, word):
    from powerflow.writers.tables import folder_texts

    feeder = load_feeder("ieee33")
    folder = tmp_path_factory.mktemp("tied")
    texts = folder_texts(feeder)
    for name, text in texts.items():
        (folder / name).write_text(text)
    with (folder / "branches.csv").open("a") as stream:
        a, b = word.split(":")
        stream.write(f"{a},{b},2.0,2.0\n")
    assert load_feeder(f"{folder}?open={word}").digest() == feeder.digest()
    assert load_feeder(str(folder), open_branches=[word]).digest() == feeder.digest()
    assert load_feeder(f"{folder}?radial=mst").n_bus == 33
