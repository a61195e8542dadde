"""Convergence of several runs: median and quartiles of the best so far over evaluations."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from heuristics.experiment.row import Steps
from heuristics.jit import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """Best so far of several runs.

    A run without a feasible point so far is worse than every feasible one. A quantile that falls
    on such a run does not exist: it is NaN, not a number that was never reached. So the curves
    begin where enough runs are feasible, and never rise.

    Attributes
    ----------
    evaluation : (n,) int array
    median, q1, q3 : (n,) float array
        q1 is the better quartile.
    n_feasible : (n,) int array
        Runs that have a feasible point.
    n_run : int
        All runs.
    """

    evaluation: IntArray
    median: FloatArray
    q1: FloatArray
    q3: FloatArray
    n_feasible: IntArray
    n_run: int


def convergence_band(histories: Sequence[Steps], evaluation: npt.ArrayLike) -> Band:
    """Return median and quartiles of the best feasible objective after given evaluations.

    Parameters
    ----------
    histories : sequence of history of `RunRow`, at least one
        A run that ended before an evaluation keeps its last value.
    evaluation : (n,) int array
        Where to look.

    Returns
    -------
    Band

    Raises
    ------
    ValueError
        No history.
    """
    if not histories:
        raise ValueError("histories: expected at least one run")
    grid = np.asarray(evaluation, dtype=np.int64)
    best = np.sort([best_so_far(history, grid) for history in histories], axis=0)
    q1, median, q3 = (sorted_quantile(best, share) for share in (0.25, 0.5, 0.75))
    n_feasible = np.isfinite(best).sum(axis=0, dtype=np.int64)
    return Band(grid, median, q1, q3, n_feasible, len(histories))


def best_so_far(history: Steps, evaluation: IntArray) -> FloatArray:
    """Return the best feasible objective of a run after given evaluations, inf if none yet."""
    feasible = [(at, f) for at, f, violation in history if violation == 0.0 and f is not None]
    at = np.array([0, *(at for at, _ in feasible)])
    f = np.array([math.inf, *(f for _, f in feasible)])
    return f[np.searchsorted(at, evaluation, side="right") - 1]


def sorted_quantile(values: FloatArray, share: float) -> FloatArray:
    """Return a quantile of each column, linear between neighbors, NaN where one is infinite.

    Parameters
    ----------
    values : (n, m) float array
        Sorted along the first axis, inf last.
    share : float
        0 to 1.

    Returns
    -------
    (m,) float array
    """
    position = share * (len(values) - 1)
    low = math.floor(position)
    weight = position - low
    below, above = values[low], values[min(low + 1, len(values) - 1)]
    above = above if weight > 0.0 else below
    exists = np.isfinite(above)
    span = np.where(exists, above, 0.0) - np.where(exists, below, 0.0)
    return np.where(exists, below + weight * span, np.nan)
