"""Problems and spaces that the conformance suite of engines tries them on."""

from dataclasses import dataclass, field

import numpy as np

from heuristics.functions import sphere
from heuristics.jit import FloatArray
from heuristics.problem import Evaluation, Problem, Space


@dataclass(slots=True, eq=False)
class Watched:
    """A problem around a problem that keeps what it is asked, and is interrupted on demand.

    Attributes
    ----------
    problem : Problem
    interrupt_at : int, optional
        Evaluation, counted from 1, whose batch raises KeyboardInterrupt.
    batches : list of (n, n_var) float arrays
        Points evaluated.
    """

    problem: Problem
    interrupt_at: int | None = None
    batches: list[FloatArray] = field(default_factory=list)

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

    @property
    def n_evaluations(self) -> int:
        """Points evaluated."""
        return sum(len(x) for x in self.batches)

    def evaluate(self, x: FloatArray) -> Evaluation:
        """Evaluate the inner problem."""
        if self.interrupt_at is not None and self.n_evaluations + len(x) >= self.interrupt_at:
            raise KeyboardInterrupt
        self.batches.append(x.copy())
        return self.problem.evaluate(x)


@dataclass(frozen=True, slots=True, eq=False)
class Broken:
    """The sphere, except that points with x0 < limit cannot be evaluated and give `bad`."""

    limit: float
    bad: float
    space: Space = field(default_factory=lambda: sphere(3).space)
    n_obj: int = 1
    n_con: int = 1

    def evaluate(self, x: FloatArray) -> Evaluation:
        """Return the sphere where it can be evaluated."""
        is_bad = x[:, :1] < self.limit
        f = np.where(is_bad, self.bad, (x**2).sum(axis=1, keepdims=True))
        return Evaluation(f, np.where(is_bad, self.bad, -1.0))


@dataclass(frozen=True, slots=True, eq=False)
class Shifted:
    """The sphere where x0 >= 1: every point on the way to the origin is infeasible."""

    space: Space = field(default_factory=lambda: sphere(3).space)
    n_obj: int = 1
    n_con: int = 1

    def evaluate(self, x: FloatArray) -> Evaluation:
        """Return objective and constraint; the optimum is 1, at x0 = 1."""
        return Evaluation((x**2).sum(axis=1, keepdims=True), 1.0 - x[:, :1])


@dataclass(frozen=True, slots=True, eq=False)
class Impossible:
    """The sphere under constraints that no point satisfies: x0 >= 1 + |x1| and x0 <= -1."""

    space: Space = field(default_factory=lambda: sphere(3).space)
    n_obj: int = 1
    n_con: int = 2

    def evaluate(self, x: FloatArray) -> Evaluation:
        """Return objective and constraints; the least violation is 1, at x0 = x1 = 0."""
        f = (x**2).sum(axis=1, keepdims=True)
        return Evaluation(f, np.stack((1.0 + np.abs(x[:, 1]) - x[:, 0], 1.0 + x[:, 0]), axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class OnSpace:
    """The sum of squares on any space."""

    space: Space
    n_obj: int = 1
    n_con: int = 0

    def evaluate(self, x: FloatArray) -> Evaluation:
        """Return the sum of squares."""
        return Evaluation((x**2).sum(axis=1, keepdims=True), np.empty((len(x), 0)))


def make_distinct(x: FloatArray) -> FloatArray:
    """Repair the first two columns, whole numbers of 1 to 5: where equal, raise the second."""
    repaired = x.copy()
    is_equal = x[:, 0] == x[:, 1]
    repaired[is_equal, 1] = x[is_equal, 1] % 5.0 + 1.0
    return repaired


def spaces() -> tuple[Space, ...]:
    """Return spaces of every kind: mixed with repair, one variable, one point."""
    one = np.ones(1)
    return (
        Space(np.array([1.0, 1.0, -2.0]), np.array([5.0, 5.0, 3.0]), np.array([1, 1, 0], bool)),
        Space(
            np.array([1.0, 1.0, -2.0]),
            np.array([5.0, 5.0, 3.0]),
            np.array([True, True, False]),
            make_distinct,
        ),
        Space(-one, one, one < 0),
        Space(0 * one, one, one > 0),
        Space(one, one, one < 0),
        Space(np.array([2.0, -1.0]), np.array([2.0, -1.0]), np.array([True, False])),
    )
