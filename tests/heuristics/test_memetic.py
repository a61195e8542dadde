"""The memetic engine: conformance, a known optimum in few evaluations, errors, dedication."""

import numpy as np
import pytest

from heuristics.engine import make_engine
from heuristics.functions import mixed_sphere, rastrigin, sphere
from heuristics.loop import minimize
from heuristics.memetic import Memetic, is_same, spread
from heuristics.problem import Evaluation, Space
from heuristics.testing import check_engine, check_problem
from heuristics.testing.modeled import Modeled

LIGHT = Memetic(start=4, batch=8, kicks=1, crosses=1, kick_length=2, shortlist=3)


def test_it_conforms():
    check_engine(LIGHT)


def test_names():
    assert make_engine("memetic") == Memetic()
    assert make_engine("memetic", batch=7) == Memetic(batch=7)


@pytest.mark.parametrize("problem", [sphere(3), mixed_sphere(3, 3)])
def test_models_of_the_suite_conform(problem):
    check_problem(Modeled(problem), seed=1)


def test_a_problem_without_model_is_refused():
    with pytest.raises(ValueError, match="needs a problem with a local model"):
        minimize(sphere(3), Memetic(), seed=1, budget=50)


@pytest.mark.parametrize("setting", ["start", "batch", "kicks", "elite", "shortlist"])
@pytest.mark.parametrize("value", [-1, 1.5, True, None])
def test_bad_settings_are_named(setting, value):
    with pytest.raises(ValueError, match=f"^{setting}: expected a whole number"):
        Memetic(**{setting: value})


class Assignment:
    """Whole numbers with pairwise costs and a limit: the optimum is found by enumeration."""

    def __init__(self, seed, n_var=4, n_value=6):
        rng = np.random.default_rng(seed)
        self.n_obj, self.n_con = 1, 1
        self.space = Space(np.zeros(n_var), np.full(n_var, n_value - 1.0), np.ones(n_var, bool))
        self.cost = rng.normal(size=(n_var, n_value, n_var, n_value))
        self.weight = rng.random((n_var, n_value))

    def evaluate(self, x):
        index = x.astype(int)
        column = np.arange(index.shape[1])
        f = [self.cost[column[:, None], i[:, None], column, i].sum() for i in index]
        g = [self.weight[column, i].sum() - 0.45 * len(i) for i in index]
        return Evaluation(np.array(f)[:, None], np.array(g)[:, None])


@pytest.mark.parametrize("seed", range(4))
def test_enumerated_optimum_is_found(seed):
    problem = Assignment(seed)
    every = np.array(np.meshgrid(*[np.arange(6.0)] * 4)).reshape(4, -1).T
    e = problem.evaluate(every)
    best = e.f[e.violation == 0.0].min()
    result = minimize(Modeled(problem), LIGHT, seed=seed, budget=200)
    assert result.is_feasible
    assert result.f == best


def test_it_needs_a_tenth_of_what_a_blind_engine_needs():
    problem = rastrigin(5)
    blind = minimize(problem, make_engine("ga"), seed=1, budget=1000)
    guided = minimize(Modeled(problem), LIGHT, seed=1, budget=100)
    assert guided.f < blind.f


def test_points_are_told_apart():
    f, violation = np.array([1.0, 2.0, np.nan]), np.array([0.0, 0.1, np.inf])
    assert spread(f) == 1.0
    assert is_same(1.0 + 1e-9, 0.0, f, violation, 1.0)
    assert not is_same(1.0 + 1e-6, 0.0, f, violation, 1.0)
    assert not is_same(2.0, 0.0, f, violation, 1.0)
    assert not is_same(np.nan, np.inf, f, violation, 1.0)
    assert spread(np.array([np.nan])) == 0.0
