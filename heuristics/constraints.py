"""Constraint handling: how far a point is from feasible, and which of two points is better.

Deb, "An efficient constraint handling method for genetic algorithms", Computer Methods in Applied
Mechanics and Engineering 186 (2000) 311-338.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from heuristics.jit import BoolArray, FloatArray, IntArray, kernel


@kernel
def violation_of(f: FloatArray, g: FloatArray) -> FloatArray:
    """Return the largest positive constraint of each row, 0 if none is positive.

    Parameters
    ----------
    f : (n, n_obj) float array
        Objectives.
    g : (n, n_con) float array
        Constraints, satisfied when <= 0.

    Returns
    -------
    (n,) float array
        inf where any figure of the row is NaN or infinite: such a row was not evaluated at all
        (a diverged power flow, say), so it is behind every row that was.
    """
    n, n_obj = f.shape
    n_con = g.shape[1]
    violation = np.zeros(n)
    for i in range(n):
        worst = 0.0
        for j in range(n_con):
            if not np.isfinite(g[i, j]):
                worst = np.inf
            elif g[i, j] > worst:
                worst = g[i, j]
        for j in range(n_obj):
            if not np.isfinite(f[i, j]):
                worst = np.inf
        violation[i] = worst
    return violation


class Rule(Protocol):
    """How an engine compares points: a replaceable setting of the engine.

    A rule turns points into pairs of keys; the point with the smaller first key is better, ties
    are settled by the second, equal pairs are equally good. Keys are comparable only within one
    call, so that a rule may look at all points it is given (a penalty that adapts to them).
    """

    def keys(
        self, f: FloatArray, violation: FloatArray, progress: float
    ) -> tuple[FloatArray, FloatArray]:
        """Return both keys of each point.

        Parameters
        ----------
        f, violation : (n,) float array
            Objective, and violation as `Evaluation` defines it (inf: never evaluated).
        progress : float
            Share of the budget spent, 0 to 1, for rules that tighten with time.

        Returns
        -------
        (n,) float array, (n,) float array
            Free of NaN.
        """
        ...


@dataclass(frozen=True, slots=True)
class Deb:
    """Deb's rules: feasible before infeasible, then objective, else violation.

    Examples
    --------
    >>> import numpy as np
    >>> f, violation = np.array([1.0, 9.0, 3.0]), np.array([0.5, 0.0, 0.0])
    >>> best_first(Deb().keys(f, violation, 0.0)).tolist()
    [2, 1, 0]
    """

    def keys(
        self, f: FloatArray, violation: FloatArray, progress: float
    ) -> tuple[FloatArray, FloatArray]:
        """Return (violation, objective where feasible): see `Rule.keys`."""
        return violation, deb_second_key(f, violation)


@kernel
def deb_second_key(f: FloatArray, violation: FloatArray) -> FloatArray:
    """Return the objective where feasible and 0 elsewhere, where the violation alone decides."""
    second = np.zeros(f.size)
    for i in range(f.size):
        if violation[i] == 0.0:
            second[i] = f[i]
    return second


def best_first(keys: tuple[FloatArray, FloatArray]) -> IntArray:
    """Return the indices that sort points from best to worst; equals keep their order."""
    first, second = keys
    return np.lexsort((second, first))


@kernel
def is_better(keys: tuple[FloatArray, FloatArray], n: int) -> BoolArray:
    """Return, for i < n, whether point i is strictly better than point n + i.

    Parameters
    ----------
    keys : pair of (2 n,) float arrays
        Keys of all points from one call of `Rule.keys`.
    n : int
        Number of comparisons.

    Returns
    -------
    (n,) bool array
    """
    first, second = keys
    better = np.zeros(n, dtype=np.bool_)
    for i in range(n):
        a, b = first[i], first[n + i]
        better[i] = a < b or (a == b and second[i] < second[n + i])
    return better
