"""Branching by bounds: it finds the least of every leaf, and what it closes stays in the bound."""

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from problems.coplan.best_first import BestFirst


class Node(NamedTuple):
    bound_usd: float
    costs: tuple[float, ...]


def node(costs, slack):
    # a bound is loose on a range of leaves and exact on one
    return Node(min(costs) * (slack if len(costs) > 1 else 1.0), costs)


class Search:
    def __init__(self, slack, unresolved=()):
        self.tree, self.best, self.slack = BestFirst(), np.inf, slack
        self.unresolved, self.seen = unresolved, 0

    def children(self, parent):
        self.seen += 1
        if len(parent.costs) > 1:
            half = len(parent.costs) // 2
            parts = (parent.costs[:half], parent.costs[half:])
            return [node(part, self.slack) for part in parts]
        if parent.costs[0] in self.unresolved:
            self.tree.close(parent)
        else:
            self.best = min(self.best, parent.costs[0])
        return []

    def run(self, costs, end=np.inf):
        roots = [node(tuple(costs), self.slack)]
        return self.tree.run(roots, self.children, lambda: self.best, end)


COSTS = st.lists(st.floats(1.0, 100.0), min_size=1, max_size=20)


@given(COSTS, st.floats(0.5, 1.0))
def test_the_least_leaf_is_found_and_proven(costs, slack):
    search = Search(slack)
    status = search.run(costs)
    assert search.best == min(costs)
    assert search.tree.proven(status, search.best, 0.0) == ("optimal", min(costs))


@given(COSTS, st.floats(0.5, 1.0), st.data())
def test_a_leaf_closed_unresolved_bounds_the_plan(costs, slack, data):
    unresolved = data.draw(st.sets(st.sampled_from(costs), min_size=1))
    search = Search(slack, unresolved)
    status = search.run(costs)
    left = [cost for cost in costs if cost not in unresolved]
    if not left:
        assert search.tree.without_plan(status) == "solver_failed"
        return
    assert search.best == min(left)
    status, bound = search.tree.proven(status, search.best, 0.0)
    assert bound == min(costs)
    assert (status == "gap_limit") == (bound < search.best * (1.0 - 1e-4))


def test_without_leaves_it_is_infeasible_and_out_of_time_it_says_so():
    search = Search(1.0)
    assert search.tree.without_plan(search.tree.run([], search.children, lambda: np.inf, 0.0)) == (
        "infeasible"
    )
    late = Search(0.9)
    status = late.run([3.0, 2.0, 1.0], end=-np.inf)
    assert status == "time_limit"
    assert late.seen == 0
    assert late.tree.without_plan(status) == "time_limit"
    assert late.tree.floor_usd == pytest.approx(0.9)
