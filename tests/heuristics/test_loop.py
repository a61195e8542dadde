"""The loop: budget, history, stop, results, and what it refuses."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from loop_runs import ENGINES

from heuristics.engine import make_engine
from heuristics.functions import g06, sphere
from heuristics.loop import minimize
from heuristics.problem import Evaluation
from heuristics.testing.trials import Impossible, Watched


def deb_history(problem, batches) -> list[tuple[int, float, float]]:
    """Improvements by Deb's rules, one point at a time."""
    steps, n = [], 0
    for x in batches:
        for row in x:
            n += 1
            e = problem.evaluate(row[np.newaxis])
            f, violation = e.f[0, 0], e.violation[0]
            if steps:
                _, best_f, best_violation = steps[-1]
                feasible = violation == 0 and best_violation == 0
                if not (violation < best_violation or (feasible and f < best_f)):
                    continue
            steps.append((n, f, violation))
    return steps


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("problem", [sphere(4), g06(), Impossible()], ids=["sphere", "g06", "no"])
def test_history_is_every_improvement(name, problem):
    watched = Watched(problem)
    result = minimize(watched, make_engine(name), seed=1, budget=777)
    history = result.history
    steps = zip(history.evaluation, history.f, history.violation, strict=True)
    assert list(steps) == deb_history(problem, watched.batches)
    assert np.all(np.diff(history.evaluation) > 0)
    assert np.all(np.diff(history.violation) <= 0)
    assert np.all(np.diff(history.f[history.violation == 0]) < 0)
    assert (result.f, result.violation) == (history.f[-1], history.violation[-1])


def test_result_is_what_the_problem_says_of_its_point():
    result = minimize(g06(), make_engine("hgapso"), seed=1, budget=3000)
    e = g06().evaluate(result.x[np.newaxis])
    assert (result.f, result.violation) == (e.f[0, 0], e.violation[0])
    assert np.array_equal(result.g, e.g[0])
    assert result.is_feasible == (e.violation[0] == 0)
    assert (result.seed, result.engine) == ("1", repr(make_engine("hgapso")))
    assert result.message == "spent its budget of 3000 evaluations"


def test_result_without_feasible_point_says_so():
    result = minimize(Impossible(), make_engine("ga"), seed=1, budget=500)
    assert not result.is_feasible
    assert result.violation >= 1.0  # nothing is closer than x0 = x1 = 0
    assert "no feasible point found, least violation 1." in result.message


@given(st.integers(1, 400), st.sampled_from(ENGINES))
def test_budget_is_kept_to_the_evaluation(budget, name):
    watched = Watched(sphere(2))
    result = minimize(watched, make_engine(name), seed=1, budget=budget)
    assert result.n_evaluations == watched.n_evaluations == budget


@pytest.mark.parametrize("budget", [0, -1, 1.5, True, None, "100"])
def test_bad_budgets_are_refused(budget):
    with pytest.raises(ValueError, match="budget: expected a whole number of evaluations >= 1"):
        minimize(sphere(2), make_engine("ga"), seed=1, budget=budget)


def test_seed_is_required():
    with pytest.raises(TypeError):
        minimize(sphere(2), make_engine("ga"), budget=10)
    with pytest.raises(TypeError, match="seed: expected"):
        minimize(sphere(2), make_engine("ga"), seed=None, budget=10)


@dataclasses.dataclass(frozen=True)
class Shaped:
    """Gives figures of other shapes than it states."""

    f_shape: tuple[int, int]
    g_shape: tuple[int, int]
    n_obj: int = 1
    n_con: int = 0
    space = sphere(2).space

    def evaluate(self, x):
        return Evaluation(np.zeros(self.f_shape), np.zeros(self.g_shape))


@pytest.mark.parametrize(
    ("f_shape", "g_shape"), [((49, 1), (49, 0)), ((50, 2), (50, 0)), ((50, 1), (50, 1))]
)
def test_evaluations_of_other_shapes_are_refused(f_shape, g_shape):
    with pytest.raises(ValueError, match=r"problem: expected f \(50, 1\) and g \(50, 0\)"):
        minimize(Shaped(f_shape, g_shape), make_engine("ga"), seed=1, budget=100)


def test_several_objectives_are_refused():
    with pytest.raises(ValueError, match="expected one objective, got 2"):
        minimize(Shaped((50, 2), (50, 0), n_obj=2), make_engine("ga"), seed=1, budget=100)


def test_callback_sees_every_batch_and_stops_the_run():
    seen = []

    def stop_at_200(progress):
        seen.append((progress.n_evaluations, progress.budget, progress.best.f))
        return progress.n_evaluations >= 200

    result = minimize(sphere(3), make_engine("ga"), seed=1, budget=1000, callback=stop_at_200)
    assert [n for n, _, _ in seen] == [50, 100, 150, 200]
    assert seen[-1] == (200, 1000, result.f)
    assert result.n_evaluations == 200
    assert result.message == "stopped by the callback after 200 evaluations of 1000"


def test_callback_that_returns_nothing_changes_nothing():
    quiet, watched = (
        minimize(sphere(3), make_engine("ga"), seed=1, budget=500, callback=callback)
        for callback in (None, lambda progress: None)
    )
    assert quiet.digest() == watched.digest()
