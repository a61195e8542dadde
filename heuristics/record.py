"""The best point of a run so far, and the improvements that led to it."""

from dataclasses import dataclass

import numpy as np

from heuristics.jit import FloatArray, IntArray, kernel
from heuristics.problem import Evaluation
from heuristics.result import History


@dataclass(frozen=True, slots=True, eq=False)
class Best:
    """A point (n_var,), its objective, its constraints (n_con,) and its violation."""

    x: FloatArray
    f: float
    g: FloatArray
    violation: float


class Record:
    """Keeps the best point by Deb's rules, whatever rule the engine searches by.

    Attributes
    ----------
    best : Best or None
        None before the first evaluation.
    steps : list of (int, float, float)
        Improvements: evaluations spent, objective, violation.
    """

    def __init__(self) -> None:
        self.best: Best | None = None
        self.steps: list[tuple[int, float, float]] = []

    def add(self, x: FloatArray, evaluation: Evaluation, n_before: int) -> None:
        """Take in a batch whose first point is evaluation number n_before + 1."""
        f, violation = evaluation.f, evaluation.violation
        if self.best is None:
            index = improvements(f, violation, np.nan, np.inf, True)
        else:
            index = improvements(f, violation, self.best.f, self.best.violation, False)
        if index.size == 0:
            return
        for i in index.tolist():
            self.steps.append((n_before + i + 1, float(f[i, 0]), float(violation[i])))
        last = int(index[-1])
        self.best = Best(
            x[last].copy(), float(f[last, 0]), evaluation.g[last].copy(), float(violation[last])
        )

    def history(self) -> History:
        """Return the improvements so far."""
        evaluation, f, violation = zip(*self.steps, strict=True) if self.steps else ((), (), ())
        return History(
            np.array(evaluation, dtype=np.int64), np.array(f, float), np.array(violation, float)
        )


@kernel
def improvements(
    f: FloatArray, violation: FloatArray, best_f: float, best_violation: float, is_first: bool
) -> IntArray:
    """Return the rows of a batch that are better than all before them by Deb's rules.

    Parameters
    ----------
    f : (n, 1) float array
    violation : (n,) float array
    best_f, best_violation : float
        The best so far.
    is_first : bool
        Nothing was evaluated before: the first row counts, whatever it is worth.

    Returns
    -------
    (k,) int array
    """
    index = np.empty(violation.size, dtype=np.int64)
    k = 0
    for i in range(violation.size):
        is_improvement = violation[i] < best_violation or (
            violation[i] == 0.0 and best_violation == 0.0 and f[i, 0] < best_f
        )
        if is_improvement or (is_first and i == 0):
            best_f, best_violation = f[i, 0], violation[i]
            index[k] = i
            k += 1
    return index[:k]
