"""The engine `exact`: a problem's own solver behind the engine interface, for comparison."""

from dataclasses import dataclass
from typing import NoReturn, Protocol, runtime_checkable

import numpy as np

from heuristics.engine import Engine, State
from heuristics.jit import FloatArray
from heuristics.problem import Evaluation, Problem, Solved, Space


@runtime_checkable
class SolvableProblem(Problem, Protocol):
    """A problem that can solve itself."""

    def solve(self) -> Solved:
        """Return the best point that the problem's own method finds, and what it spent."""
        ...


@dataclass(frozen=True, slots=True)
class Exact(Engine):
    """Ask the problem for its solution: no chance, no search, no heed of the budget.

    What the problem's method spent is counted like any engine's evaluations, one more for the
    answer, so that a run may end beyond its budget.
    """

    def solve(self, problem: Problem) -> Solved:
        """Return the problem's own solution: see `Engine.solve`."""
        if not isinstance(problem, SolvableProblem):
            raise ValueError("engine exact needs a problem with a solver of its own")
        return problem.solve()

    def init(self, space: Space, rng: np.random.Generator, budget: int) -> NoReturn:
        """Raise: there is no search."""
        raise NotImplementedError("engine exact does not search")

    def ask(self, space: Space, state: State, rng: np.random.Generator) -> NoReturn:
        """Raise: there is no search."""
        raise NotImplementedError("engine exact does not search")

    def tell(self, space: Space, state: State, x: FloatArray, e: Evaluation) -> NoReturn:
        """Raise: there is no search."""
        raise NotImplementedError("engine exact does not search")
