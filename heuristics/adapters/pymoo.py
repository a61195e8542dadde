"""pymoo and feederlab: our problems inside pymoo, fronts by NSGA-II, pymoo's algorithms as engines.

Reference: Blank and Deb, "pymoo: multi-objective optimization in Python", IEEE Access 8 (2020)
89497-89509. NSGA-II: Deb, Pratap, Agarwal, Meyarivan, "A fast and elitist multiobjective genetic
algorithm: NSGA-II", IEEE Transactions on Evolutionary Computation 6 (2002) 182-197.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.core.problem import Problem as PymooBase
from pymoo.core.repair import Repair
from pymoo.core.termination import NoTermination
from pymoo.problems.static import StaticProblem
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

from heuristics.adapters.chance import PrivateChance
from heuristics.jit import FloatArray
from heuristics.problem import Problem, Space
from heuristics.sampling import Seed, make_generator

NOT_EVALUATED = 1e30
"""What pymoo sees instead of NaN and infinity, which its sorting and scaling do not stand."""


class PymooProblem(PymooBase):  # type: ignore[misc]
    """One of our problems as pymoo sees it: any pymoo algorithm takes it unchanged.

    Points are snapped before they are evaluated, so that algorithms of real numbers may search
    whole ones; `SnapRepair` makes those that take a repair keep the snapped points.

    Parameters
    ----------
    problem : Problem

    Examples
    --------
    >>> from pymoo.algorithms.soo.nonconvex.ga import GA
    >>> from pymoo.optimize import minimize
    >>> from heuristics.functions import mixed_sphere
    >>> problem = PymooProblem(mixed_sphere(2, 2))
    >>> repair = SnapRepair(problem.problem.space)
    >>> result = minimize(problem, GA(pop_size=20, repair=repair), ("n_eval", 2000), seed=1)
    >>> bool(result.F[0] < 0.05)
    True
    """

    def __init__(self, problem: Problem) -> None:
        space = problem.space
        super().__init__(
            n_var=space.n_var,
            n_obj=problem.n_obj,
            n_ieq_constr=problem.n_con,
            xl=space.lower.copy(),
            xu=space.upper.copy(),
        )
        self.problem = problem

    def _evaluate(self, x: FloatArray, out: dict[str, FloatArray], *_: Any, **__: Any) -> None:
        e = self.problem.evaluate(self.problem.space.snap(x))
        out["F"], out["G"] = finite(e.f), finite(e.g)


class SnapRepair(Repair):  # type: ignore[misc]
    """A pymoo repair that snaps points to a space: bounds, whole numbers, the space's own repair.

    Parameters
    ----------
    space : Space
    """

    def __init__(self, space: Space) -> None:
        super().__init__()
        self.space = space

    def _do(self, problem: Any, x: Any, **_: Any) -> FloatArray:
        return self.space.snap(np.asarray(x, dtype=np.float64))


@dataclass(frozen=True, slots=True, eq=False)
class Front:
    """Points none of which is better than another in every objective.

    Attributes
    ----------
    x : (n, n_var) float array
        Feasible and different points; n is 0 if no feasible point was found.
    f : (n, n_obj) float array
        Their objectives, minimized.
    g : (n, n_con) float array
        Their constraints, satisfied when <= 0.
    n_evaluations : int
        Spent.
    violation : float
        0 if there are points, else the least violation that was seen.
    """

    x: FloatArray
    f: FloatArray
    g: FloatArray
    n_evaluations: int
    violation: float


def nsga2_front(
    problem: Problem,
    *,
    seed: Seed,
    budget: int,
    population: int = 100,
    callback: Callable[[Front], bool | None] | None = None,
) -> Front:
    """Search a problem of one or more objectives by pymoo's NSGA-II.

    Parameters
    ----------
    problem : Problem
    seed : int or numpy.random.SeedSequence
        The same seed gives the same bits.
    budget : int
        Evaluations, at least 1; never exceeded: the last generation is cut.
    population : int
        Points kept, and offspring made a generation.
    callback : callable, optional
        Called with the front after each generation; the run stops if it returns True.

    Returns
    -------
    Front
        The feasible non-dominated points of the last population, in the order of their objectives.

    Raises
    ------
    ValueError
        The budget or the population is too small.

    Examples
    --------
    >>> from heuristics.functions import sphere
    >>> front = nsga2_front(sphere(2), seed=1, budget=2000)
    >>> front.n_evaluations, len(front.f), bool(front.f[0, 0] < 1e-3)
    (2000, 1, True)
    """
    for name, value, least in (("budget", budget, 1), ("population", population, 2)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise ValueError(f"{name}: expected a whole number >= {least}, got {value!r}")
    number = int(make_generator(seed).integers(2**31))
    chance, spent, violation = PrivateChance.seeded(number), 0, np.inf
    twin = PymooProblem(problem)
    with chance:
        algorithm = NSGA2(pop_size=population, repair=SnapRepair(problem.space))
        algorithm.setup(twin, seed=number, termination=NoTermination())
    while True:
        with chance:
            asked = algorithm.ask()
        # None or empty: every offspring repeats a point, the space is exhausted.
        if asked is None or len(asked) == 0:
            break
        asked = asked[: budget - spent]
        x = problem.space.snap(asked.get("X").astype(np.float64))
        e = problem.evaluate(x)
        spent += len(x)
        violation = min(violation, float(e.violation.min()))
        with chance:
            told = StaticProblem(twin, F=finite(e.f), G=finite(e.g))
            algorithm.evaluator.eval(told, asked)
            algorithm.tell(infills=asked)
        front = _front(algorithm.pop, spent, violation, problem)
        if spent >= budget or (callback is not None and callback(front) is True):
            break
    return front


def finite(values: FloatArray) -> FloatArray:
    """Return a copy with `NOT_EVALUATED` for what is NaN or infinite."""
    return np.where(np.isfinite(values), values, NOT_EVALUATED)


def _front(population: Any, spent: int, violation: float, problem: Problem) -> Front:
    n = len(population)
    x = problem.space.snap(population.get("X").astype(np.float64))
    f = population.get("F").astype(np.float64)
    g = population.get("G").astype(np.float64).reshape(n, problem.n_con)
    kept = np.flatnonzero((g <= 0.0).all(axis=1) & (f < NOT_EVALUATED).all(axis=1))
    if kept.size:
        kept = kept[NonDominatedSorting().do(f[kept], only_non_dominated_front=True)]
        kept = kept[np.unique(np.hstack((f, x))[kept], axis=0, return_index=True)[1]]
    return Front(x[kept], f[kept], g[kept], spent, violation)
