"""Tests of the graph routines against networkx-free, obvious twins."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from powerflow import topology


@st.composite
def graphs(draw):
    """Draw any small graph: loops, parallel branches and separate parts included."""
    n_bus = draw(st.integers(1, 9))
    bus = st.integers(0, n_bus - 1)
    return n_bus, draw(bus), draw(st.lists(st.tuples(bus, bus), max_size=12))


@st.composite
def trees(draw):
    """Draw parents in sweep order."""
    n_bus = draw(st.integers(1, 25))
    return np.array([-1, *(draw(st.integers(0, bus - 1)) for bus in range(1, n_bus))])


def connected_parts(n_bus, branches):
    """Return the part each bus belongs to, by merging labels until nothing changes."""
    part = list(range(n_bus))
    for _ in range(n_bus):
        for a, b in branches:
            part[a] = part[b] = min(part[a], part[b])
    return part


@given(graphs())
def test_forest_spans_each_part_and_finds_a_loop_exactly_when_branches_are_too_many(graph):
    n_bus, source, branches = graph
    forest = topology.grow_forest(n_bus, source, [a for a, _ in branches], [b for _, b in branches])
    part = connected_parts(n_bus, branches)
    assert sorted(forest.order) == list(range(n_bus))
    for a in range(n_bus):
        for b in range(n_bus):
            assert (part[a] == part[b]) == (forest.root[a] == forest.root[b])
    assert forest.root[source] == source
    assert (forest.chord is None) == (len(branches) == n_bus - len(set(part)))
    for bus in range(n_bus):
        if forest.parent[bus] >= 0:
            assert set(branches[forest.parent_branch[bus]]) == {bus, forest.parent[bus]}
            assert forest.order.index(forest.parent[bus]) < forest.order.index(bus)


@given(graphs())
def test_the_loop_named_is_a_closed_walk_over_different_branches(graph):
    n_bus, source, branches = graph
    forest = topology.grow_forest(n_bus, source, [a for a, _ in branches], [b for _, b in branches])
    if forest.chord is None:
        return
    branch, bus, other = forest.chord
    assert set(branches[branch]) == {bus, other}
    loop = topology.find_loop(forest.parent, bus, other)
    assert len(set(loop)) == len(loop)
    left = [frozenset(pair) for pair in branches]
    for a, b in zip(loop, [*loop[1:], loop[0]], strict=True):
        left.remove(frozenset((a, b)))  # raises if no such branch is left


@given(trees(), st.randoms(use_true_random=False))
def test_sweep_order_is_a_preorder_whose_next_bus_is_the_heaviest_child(parent, random):
    n_bus = len(parent)
    branches = [(bus, int(parent[bus])) for bus in range(1, n_bus)]
    random.shuffle(branches)
    forest = topology.grow_forest(n_bus, 0, [a for a, _ in branches], [b for _, b in branches])
    order = topology.sweep_order(forest, list(range(n_bus)))
    below = {bus: {bus} for bus in range(n_bus)}
    for bus in range(n_bus - 1, 0, -1):
        below[parent[bus]] |= below[bus]
    for place, bus in enumerate(order):
        # preorder: a subtree is one stretch that begins with its bus
        assert set(order[place : place + len(below[bus])]) == below[bus]
        children = [child for child in range(n_bus) if parent[child] == bus]
        if children:
            assert len(below[order[place + 1]]) == max(len(below[child]) for child in children)


def test_equal_children_follow_their_rank_whatever_the_order_of_branches():
    ranks = [0, 3, 1, 2]
    for ends in ([1, 2, 3], [3, 2, 1], [2, 1, 3]):
        forest = topology.grow_forest(4, 0, [0, 0, 0], ends)
        assert topology.sweep_order(forest, ranks).tolist() == [0, 2, 3, 1]


@given(trees())
def test_paths_depths_and_subtree_sizes_agree(parent):
    paths = [topology.path_to_source(parent, bus) for bus in range(len(parent))]
    assert topology.bus_depths(parent).tolist() == [len(path) - 1 for path in paths]
    counts = [sum(bus in path for path in paths) for bus in range(len(parent))]
    assert topology.subtree_sizes(parent).tolist() == counts


def test_a_long_trunk_needs_no_recursion():
    n_bus = 50_000
    forest = topology.grow_forest(n_bus, 0, range(n_bus - 1), range(1, n_bus))
    order = topology.sweep_order(forest, range(n_bus))
    assert (order == np.arange(n_bus)).all()


@pytest.mark.parametrize("branch", [(1, 1), (0, 1)])
def test_a_branch_to_itself_and_a_parallel_branch_are_loops(branch):
    forest = topology.grow_forest(2, 0, [0, branch[0]], [1, branch[1]])
    assert forest.chord is not None
    assert forest.chord[0] == 1
