"""The engine that asks a problem's own solver: what it counts, and what it refuses."""

import numpy as np
import pytest

from heuristics.engine import make_engine
from heuristics.exact import Exact
from heuristics.functions import KnownProblem, sphere
from heuristics.loop import minimize
from heuristics.problem import Solved


class Solvable:
    """The sphere, which says that it knows a point."""

    def __init__(self, x):
        self.inner: KnownProblem = sphere(2)
        self.space, self.n_obj, self.n_con = self.inner.space, 1, 0
        self.x = x

    def evaluate(self, x):
        return self.inner.evaluate(x)

    def solve(self):
        return Solved(self.x, 41, "by heart")


def test_the_solution_is_evaluated_and_what_it_took_is_counted():
    assert make_engine("exact") == Exact()
    x = np.array([1.0, 2.0])
    result = minimize(Solvable(x), Exact(), seed=1, budget=10)
    assert np.array_equal(result.x, x)
    assert (result.f, result.n_evaluations, result.message) == (5.0, 42, "by heart")
    assert result.history.evaluation.tolist() == [42]
    assert result.digest() == minimize(Solvable(x), Exact(), seed=1, budget=10).digest()


def test_what_cannot_be_solved_is_refused():
    with pytest.raises(ValueError, match="needs a problem with a solver of its own"):
        minimize(sphere(2), Exact(), seed=1, budget=10)
    with pytest.raises(ValueError, match="no point found: by heart"):
        minimize(Solvable(None), Exact(), seed=1, budget=10)


def test_it_does_not_search():
    with pytest.raises(NotImplementedError, match="does not search"):
        Exact().init(sphere(2).space, np.random.default_rng(1), 10)
