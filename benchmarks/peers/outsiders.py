"""Owns contestants that are not engines: mealpy and pygmo, which a contest takes if installed.

They minimize one number, keep their own time and cannot be asked and told. So they get a function
that orders points by Deb's rules, counts, and stops them when the run is over.
"""

from __future__ import annotations

import importlib
import random
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heuristics.problem import Problem

INFEASIBLE = 1e12
"""Beyond every objective of the contest: an infeasible point is worth this, times 1 + violation."""


class OverError(Exception):
    """The run has reached its target or spent its budget."""


class Counted:
    """The problem as a function of one vector, which ends the run.

    Parameters
    ----------
    problem : Problem
    target : float
        Objective that a feasible point must reach.
    budget : int

    Attributes
    ----------
    n_spent : int
    is_reached : bool
    """

    def __init__(self, problem: Problem, target: float, budget: int) -> None:
        self._problem, self._target, self._budget = problem, target, budget
        self.n_spent, self.is_reached = 0, False

    def __call__(self, x: Any) -> float:
        """Return the worth of a point, snapped; raise OverError when the run is over."""
        if self.is_reached or self.n_spent >= self._budget:
            raise OverError
        point = self._problem.space.snap(np.asarray(x, dtype=np.float64)[np.newaxis])
        e = self._problem.evaluate(point)
        self.n_spent += 1
        violation, f = float(e.violation[0]), float(e.f[0, 0])
        self.is_reached = violation == 0.0 and f <= self._target
        return f if violation == 0.0 else INFEASIBLE * (1.0 + min(violation, 1e3))


def missing(name: str) -> str:
    """Return why a contestant cannot take part, empty if it can."""
    package = name.partition(":")[0]
    try:
        importlib.import_module(package)
    except ImportError as error:
        return f"not installed: {error}"
    return ""


def run_mealpy(counted: Counted, problem: Problem, seed: int, budget: int) -> None:
    """Run mealpy's L-SHADE."""
    from mealpy import FloatVar
    from mealpy.evolutionary_based.SHADE import L_SHADE

    space = problem.space
    task = {
        "obj_func": counted,
        "bounds": FloatVar(lb=space.lower.tolist(), ub=space.upper.tolist()),
        "minmax": "min",
        "log_to": None,
    }
    L_SHADE(epoch=max(1, budget // 50), pop_size=50).solve(task, seed=seed)


def run_pygmo(counted: Counted, problem: Problem, seed: int, budget: int) -> None:
    """Run pygmo's extended ant colony (GACO), made for mixed integers."""
    import pygmo

    space = problem.space
    order = np.argsort(space.is_integer, kind="stable")  # pygmo wants integers last
    back = np.argsort(order, kind="stable")

    class Contest:
        """The problem as pygmo sees it."""

        def fitness(self, x: NDArray[np.float64]) -> list[float]:
            return [counted(np.asarray(x)[back])]

        def get_bounds(self) -> tuple[list[float], list[float]]:
            return space.lower[order].tolist(), space.upper[order].tolist()

        def get_nix(self) -> int:
            return int(space.is_integer.sum())

    ants = pygmo.gaco(gen=max(1, budget // 63), ker=63, seed=seed)
    population = pygmo.population(pygmo.problem(Contest()), size=63, seed=seed)
    pygmo.algorithm(ants).evolve(population)


OUTSIDERS: dict[str, Callable[[Counted, Problem, int, int], None]] = {
    "mealpy:L_SHADE": run_mealpy,
    "pygmo:gaco": run_pygmo,
}


def run_outsider(
    name: str, problem: Problem, target: float, seed: int, budget: int
) -> tuple[int, bool]:
    """Return the evaluations until the target or the end of a run, and whether it got there.

    A contestant that ends of its own accord starts anew with the next seed.
    """
    counted = Counted(problem, target, budget)
    random.seed(seed)  # some of mealpy draws from Python's global generator
    while not counted.is_reached and counted.n_spent < budget:
        before = counted.n_spent
        try:
            OUTSIDERS[name](counted, problem, seed, budget)
        except Exception as error:
            # pygmo wraps what a problem raises in an exception of its own.
            if not counted.is_reached and counted.n_spent < budget:
                raise RuntimeError(f"{name}: {error}") from error
        if counted.n_spent == before:
            break
        seed += 1_000_003
    return counted.n_spent, counted.is_reached
