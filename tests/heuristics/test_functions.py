"""Test functions against their published optima and bounds."""

import numpy as np
import pytest

from heuristics.functions import g06, g08, mixed_sphere, rastrigin, rosenbrock, sphere
from heuristics.testing import check_problem

ALL = [sphere(), sphere(1), rosenbrock(), rastrigin(), mixed_sphere(), g06(), g08()]


@pytest.mark.parametrize("problem", ALL, ids=lambda p: f"{p.name}{p.space.n_var}")
def test_function_conforms(problem):
    check_problem(problem, seed=1)


@pytest.mark.parametrize(
    "problem", [sphere(), rosenbrock(), rastrigin(), mixed_sphere()], ids=lambda p: p.name
)
def test_optimum_is_zero_where_stated_and_positive_elsewhere(problem):
    assert problem.evaluate(problem.x_optimum[np.newaxis]).f[0, 0] == 0.0
    x = problem.space.sample(200, np.random.Generator(np.random.PCG64(1)))
    assert problem.evaluate(x).f.min() > 0.0


# Runarsson and Yao (2000), appendix: optimum to the digits printed there.
@pytest.mark.parametrize(
    ("problem", "x", "f", "tolerance"),
    [
        (g06(), (14.095, 0.84296), -6961.81388, 1e-2),
        (g08(), (1.2279713, 4.2453733), -0.095825, 1e-6),
    ],
    ids=["g06", "g08"],
)
def test_published_constrained_optimum(problem, x, f, tolerance):
    e = problem.evaluate(np.array([x]))
    assert e.f[0, 0] == pytest.approx(f, abs=tolerance)
    assert problem.f_optimum == pytest.approx(f)
    assert e.violation[0] < 1e-5


def test_both_constraints_bind_at_the_optimum_of_g06():
    e = g06().evaluate(np.array([[14.095, 0.84296]]))
    assert np.abs(e.g).max() < 1e-5


def test_no_constraint_binds_at_the_optimum_of_g08():
    e = g08().evaluate(np.array([[1.2279713, 4.2453733]]))
    assert e.g.max() < -0.1


@pytest.mark.parametrize("problem", [g06(), g08()], ids=lambda p: p.name)
def test_no_feasible_point_beats_the_optimum(problem):
    # A dense grid around the optimum, finer than the tolerance of the published digits.
    offset = np.linspace(-0.5, 0.5, 801)
    grid = np.stack(np.meshgrid(offset, offset), axis=-1).reshape(-1, 2)
    x = problem.space.snap(problem.x_optimum + grid)
    e = problem.evaluate(x)
    assert e.f[e.violation == 0.0].min() >= problem.f_optimum - 1e-4


def test_g08_is_not_defined_on_its_axis():
    assert g08().evaluate(np.array([[0.0, 1.0]])).violation[0] == np.inf


def test_rosenbrock_by_hand():
    # 100 (2 - 1)^2 + (1 - 1)^2 + 100 (3 - 4)^2 + (1 - 2)^2
    assert rosenbrock(3).evaluate(np.array([[1.0, 2.0, 3.0]])).f[0, 0] == 201.0


def test_rastrigin_by_hand():
    # cos(2 pi / 2) = -1: 0.25 + 20
    assert rastrigin(1).evaluate(np.array([[0.5]])).f[0, 0] == pytest.approx(20.25)
