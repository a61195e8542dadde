"""Deb's rules: a total preorder with everything feasible in front."""

import math
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from heuristics.constraints import Deb, best_first, is_better
from heuristics.problem import Evaluation

# Few values, so that ties are common.
objective = st.sampled_from([-2.0, 0.0, 1.0, 5.0, math.nan, math.inf, -math.inf])
constraint = st.sampled_from([-1.0, 0.0, 0.5, 2.0, math.nan, math.inf])
points = st.lists(st.tuples(objective, constraint), min_size=1, max_size=12)


def evaluate(points: list[tuple[float, float]]) -> Evaluation:
    table = np.array(points)
    return Evaluation(table[:, :1], table[:, 1:])


def deb_prefers(a: tuple[float, float], b: tuple[float, float]) -> bool:
    """Deb's rules as his paper tells them, one pair at a time."""
    evaluated = [math.isfinite(f) and math.isfinite(g) for f, g in (a, b)]
    feasible = [ok and point[1] <= 0.0 for ok, point in zip(evaluated, (a, b), strict=True)]
    if feasible[0] and feasible[1]:
        return a[0] < b[0]
    if feasible[0] or feasible[1]:
        return feasible[0]
    if evaluated[0] and evaluated[1]:
        return a[1] < b[1]
    return evaluated[0] and not evaluated[1]


def compare(a: list[tuple[float, float]], b: list[tuple[float, float]]) -> list[bool]:
    e = evaluate(a + b)
    return is_better(Deb().keys(e.f[:, 0], e.violation, 0.0), len(a)).tolist()


@given(points)
def test_every_pair_is_compared_as_the_paper_says(points):
    pairs = [(a, b) for a in points for b in points]
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    assert compare(first, second) == [deb_prefers(a, b) for a, b in pairs]


@given(points)
def test_comparison_is_a_total_preorder(points):
    n = len(points)
    flat = compare([a for a in points for _ in points], [b for _ in points for b in points])
    better = np.array(flat).reshape(n, n)
    worse_or_equal = ~better
    assert not (better & better.T).any()  # asymmetric
    # "Not better" is transitive: with asymmetry, a total preorder.
    for i in range(n):
        for j in range(n):
            for k in range(n):
                assert not (worse_or_equal[i, j] and worse_or_equal[j, k] and better[i, k])


@given(points)
def test_sorting_puts_feasible_first_and_never_a_better_point_later(points):
    e = evaluate(points)
    order = best_first(Deb().keys(e.f[:, 0], e.violation, 0.0))
    assert sorted(order.tolist()) == list(range(len(points)))
    feasible = e.violation[order] == 0.0
    assert not np.any(feasible[1:] & ~feasible[:-1])
    for earlier, later in pairwise(order.tolist()):
        assert not deb_prefers(points[later], points[earlier])
        if not deb_prefers(points[earlier], points[later]):
            assert earlier < later  # equals keep their order


@given(points)
def test_keys_are_numbers(points):
    e = evaluate(points)
    for key in Deb().keys(e.f[:, 0], e.violation, 0.0):
        assert not np.isnan(key).any()
