"""Owns what engines cost beside the problem: CPU time per evaluation of next to nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.clock import cpu_seconds
from benchmarks.speed.item import Item, measured
from heuristics import Evaluation, Space, make_engine, minimize
from heuristics.jit import kernel

ENGINES = ("ga", "pso", "hgapso")
OVERHEAD_US = 2.0
POPULATION = 50
N_VAR = 10


@kernel
def _sum_of_squares(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the objective, (n, 1), of points (n, N_VAR)."""
    f = np.zeros((x.shape[0], 1))
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            f[i, 0] += x[i, j] * x[i, j]
    return f


class NextToNothing:
    """Ask for ten numbers and return the sum of their squares."""

    n_obj, n_con = 1, 0

    def __init__(self) -> None:
        self.space = Space(np.full(N_VAR, -1.0), np.ones(N_VAR), np.zeros(N_VAR, dtype=np.bool_))

    def evaluate(self, x: NDArray[np.float64]) -> Evaluation:
        """Return the objective; there are no constraints."""
        return Evaluation(f=_sum_of_squares(x), g=np.empty((len(x), 0)))


def items(runs: int, n_evaluation: int, seed: int) -> list[Item]:
    """Return CPU microseconds per evaluation; the objective's own time is counted in."""
    found = []
    for name in ENGINES:
        take = partial(_ours, name, n_evaluation, seed)
        found.append(_overhead(f"engine overhead, {name}", take, runs, OVERHEAD_US))
    take = partial(_pymoo, n_evaluation // 10, seed)
    found.append(_overhead("engine overhead, pymoo's GA", take, runs, None))
    return found


def _overhead(name: str, take: Callable[[], float], runs: int, at_most: float | None) -> Item:
    def warm() -> float:
        take()
        return take()

    note = f"population {POPULATION}, {N_VAR} variables"
    return measured(name, "us per evaluation", warm, runs, at_most, note)


def _ours(name: str, n_evaluation: int, seed: int) -> float:
    engine = make_engine(name, population=POPULATION)
    problem = NextToNothing()
    seconds = cpu_seconds(lambda: minimize(problem, engine, seed=seed, budget=n_evaluation))
    return 1e6 * seconds / n_evaluation


def _pymoo(n_evaluation: int, seed: int) -> float:
    from pymoo.algorithms.soo.nonconvex.ga import GA
    from pymoo.core.problem import Problem
    from pymoo.optimize import minimize as pymoo_minimize

    class Asked(Problem):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(n_var=N_VAR, n_obj=1, xl=-1.0, xu=1.0)

        def _evaluate(
            self, x: NDArray[np.float64], out: dict[str, Any], *_: Any, **__: Any
        ) -> None:
            out["F"] = _sum_of_squares(x)

    n_generation = max(2, n_evaluation // POPULATION)
    seconds = cpu_seconds(
        lambda: pymoo_minimize(
            Asked(), GA(pop_size=POPULATION), ("n_gen", n_generation), seed=seed, verbose=False
        )
    )
    return 1e6 * seconds / (n_generation * POPULATION)
