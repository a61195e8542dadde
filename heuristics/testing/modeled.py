"""Local models for problems that have none: the problem itself, searched on a small scale."""

from dataclasses import dataclass

import numpy as np

from heuristics.constraints import Deb, best_first
from heuristics.engine import Engine
from heuristics.jit import FloatArray
from heuristics.problem import Evaluation, LocalModel, Problem, Space
from heuristics.testing.trials import Watched

ROUNDS = 6
"""Rounds of the search of `ItsOwnModel.refine`."""


@dataclass(frozen=True, slots=True, eq=False)
class ItsOwnModel:
    """A model that is always right, for problems that cost nothing."""

    problem: Problem

    def predict(self, x: FloatArray) -> Evaluation:
        """Return what the points are worth."""
        return self.problem.evaluate(x)

    def neighbors(self, x: FloatArray, n: int) -> FloatArray:
        """Return the best of the points that are one higher or lower in a whole number."""
        space = self.problem.space
        unit = np.eye(space.n_var)[space.is_integer]
        around = space.snap(np.concatenate((x + unit, x - unit)))
        e = self.problem.evaluate(around)
        return around[best_first(Deb().keys(e.f[:, 0], e.violation, 0.0))[:n]]

    def refine(self, x: FloatArray) -> FloatArray:
        """Return the points after some rounds of compass search in the real variables."""
        space = self.problem.space
        unit = np.eye(space.n_var)[~space.is_integer]
        moves = np.concatenate((np.zeros((1, space.n_var)), unit, -unit))
        moves = moves * (space.upper - space.lower)
        refined = space.snap(x)
        n, n_move = len(x), len(moves)
        step = np.full((n, 1, 1), 0.25)
        for _ in range(ROUNDS if n else 0):
            around = refined[:, np.newaxis] + step * moves
            around = space.snap(around.reshape(n * n_move, -1)).reshape(around.shape)
            e = self.problem.evaluate(around.reshape(n * n_move, -1))
            # a repair may move whole numbers; refinement may not
            is_moved = (around != refined[:, np.newaxis])[:, :, space.is_integer].any(axis=2)
            violation = np.where(is_moved, np.inf, e.violation.reshape(n, n_move))
            is_least = violation == violation.min(axis=1, keepdims=True)
            f = np.where(is_least, np.nan_to_num(e.f.reshape(n, n_move), nan=np.inf), np.inf)
            best = f.argmin(axis=1)
            refined = around[np.arange(n), best]
            step[best == 0] *= 0.4
        return refined


@dataclass(slots=True, eq=False)
class Modeled:
    """A problem around a problem that offers local models, and counts them.

    Attributes
    ----------
    problem : Problem
        What is evaluated. If it is a `Watched` one, models ask what is inside, unwatched: they
        evaluate nothing.
    n_models : int
    """

    problem: Problem
    n_models: int = 0

    @property
    def space(self) -> Space:
        """Space of the inner problem."""
        return self.problem.space

    @property
    def n_obj(self) -> int:
        """Objectives of the inner problem."""
        return self.problem.n_obj

    @property
    def n_con(self) -> int:
        """Constraints of the inner problem."""
        return self.problem.n_con

    def evaluate(self, x: FloatArray) -> Evaluation:
        """Evaluate the inner problem."""
        return self.problem.evaluate(x)

    def local_model(self, x: FloatArray) -> LocalModel:
        """Return the model, the same at every point."""
        self.n_models += 1
        problem = self.problem
        return ItsOwnModel(problem.problem if isinstance(problem, Watched) else problem)


def offered(problem: Problem, engine: Engine) -> Problem:
    """Return the problem as the engine can use it: with local models if it needs them."""
    return Modeled(problem) if engine.needs_model else problem
