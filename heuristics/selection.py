"""Selection: the population kept best first, survivors, and tournaments."""

from dataclasses import dataclass

import numpy as np

from heuristics.constraints import Rule, best_first
from heuristics.jit import FloatArray, IntArray, kernel
from heuristics.problem import Evaluation
from heuristics.settings import check_count


def check_population(n: int) -> None:
    """Raise ValueError unless n can be the size of a population."""
    check_count("population", n, 2)


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """Evaluated points.

    Attributes
    ----------
    x : (n, n_var) float array
    f, violation : (n,) float array
        Objective and violation as in `Evaluation`.
    """

    x: FloatArray
    f: FloatArray
    violation: FloatArray

    @property
    def size(self) -> int:
        """Number of points."""
        return int(self.f.size)

    def take(self, index: IntArray) -> "Population":
        """Return the points of the given indices, in that order."""
        return Population(self.x[index], self.f[index], self.violation[index])

    def join(self, other: "Population") -> "Population":
        """Return these points followed by the others."""
        return Population(
            np.concatenate((self.x, other.x)),
            np.concatenate((self.f, other.f)),
            np.concatenate((self.violation, other.violation)),
        )


def empty_population(n_var: int) -> Population:
    """Return the population before the first evaluation."""
    return Population(np.empty((0, n_var)), np.empty(0), np.empty(0))


def evaluated(x: FloatArray, e: Evaluation) -> Population:
    """Return the population of points and their evaluation by one objective."""
    return Population(x, e.f[:, 0], e.violation)


def survivors(population: Population, n: int, rule: Rule, progress: float) -> IntArray:
    """Return the indices of the n best points, best first; among equals the first stay."""
    return best_first(rule.keys(population.f, population.violation, progress))[:n]


@kernel
def tournament(n: int, draws: FloatArray) -> IntArray:
    """Pick winners from a population that stands best first.

    Parameters
    ----------
    n : int
        Size of the population.
    draws : (n_winner, size) float array
        Uniform in [0, 1): each picks a contestant, with replacement.

    Returns
    -------
    (n_winner,) int array
        The smallest index picked: the best contestant.
    """
    n_winner, size = draws.shape
    winner = np.empty(n_winner, dtype=np.int64)
    for i in range(n_winner):
        best = n - 1
        for j in range(size):
            best = min(best, int(draws[i, j] * n))
        winner[i] = best
    return winner
