"""The engines' kernels line by line: run as plain Python, every run ends where compiled ones do."""

import importlib
from types import SimpleNamespace

import numpy as np
import pytest
from plain_python import plain_packages

import heuristics
from heuristics import functions

ENGINES = ("ga", "pso", "hgapso", "hgapso:printed", "de", "random", "hybrid")
PROBLEMS = ("sphere", "rosenbrock", "rastrigin", "mixed_sphere", "g06", "g08")


@pytest.fixture(scope="module")
def plain():
    """Return what `heuristics` offers, run by the interpreter."""
    with plain_packages("heuristics"):
        top = importlib.import_module("heuristics")
        yield SimpleNamespace(
            make_engine=top.make_engine,
            minimize=top.minimize,
            functions=importlib.import_module("heuristics.functions"),
            constraints=importlib.import_module("heuristics.constraints"),
            problem=importlib.import_module("heuristics.problem"),
        )


def run(of, place, engine, problem, **settings):
    made = of.make_engine(engine, **settings)
    return of.minimize(getattr(place, problem)(), made, seed=5, budget=120)


def agree(slow, fast):
    # the two may round the last bit of a sum or a power differently
    assert slow.x == pytest.approx(fast.x, rel=1e-9, abs=1e-9)
    assert slow.f == pytest.approx(fast.f, rel=1e-9, abs=1e-9)
    assert slow.n_evaluations == fast.n_evaluations


@pytest.mark.parametrize("engine", ENGINES)
def test_runs_of_every_engine(plain, engine):
    slow = run(plain, plain.functions, engine, "mixed_sphere", population=12)
    agree(slow, run(heuristics, functions, engine, "mixed_sphere", population=12))


@pytest.mark.parametrize("problem", PROBLEMS)
def test_runs_on_every_function(plain, problem):
    slow = run(plain, plain.functions, "ga", problem, population=12)
    agree(slow, run(heuristics, functions, "ga", problem, population=12))


@pytest.mark.parametrize("rule", ["deb", "epsilon", "penalty"])
def test_runs_under_every_rule(plain, rule):
    made = plain.constraints.make_rule(rule)
    slow = run(plain, plain.functions, "hgapso", "g06", population=12, constraints=made)
    made = heuristics.constraints.make_rule(rule)
    agree(slow, run(heuristics, functions, "hgapso", "g06", population=12, constraints=made))


def test_points_are_snapped_and_the_first_without_a_number_is_found(plain):
    x = np.array([[0.4, -0.3], [7.0, 2.6], [np.nan, 1.0], [np.nan, np.nan]])
    box = np.zeros(2), np.array([5.0, 2.0]), np.array([False, True])
    snapped, row = plain.problem.snapped_points(x, *box)
    assert row == 2
    assert snapped[:2].tolist() == [[0.4, 0.0], [5.0, 2.0]]
    assert not np.signbit(snapped[0, 1])
