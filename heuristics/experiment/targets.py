"""Targets of a comparison: gaps to a reference, evaluations until they are reached, running times.

A target is an objective that a feasible point must reach. The gap of an objective to a reference
is |reference - objective| / |objective|, so that a gap is a share of what was found.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from heuristics.experiment.row import RunRow
from heuristics.jit import BoolArray, FloatArray

GAPS: tuple[float, ...] = tuple(np.geomspace(0.1, 1e-4, 31).tolist())
"""Gaps of a set of targets, 10 % to 0.01 %, ten a decade."""

N_DRAWS = 1000


def objective_at_gap(reference: float, gap: float) -> float:
    """Return the greatest objective whose gap to a reference below it is within `gap`.

    Parameters
    ----------
    reference : float
        Bound on the objective, or the best known: nothing is expected to be less.
    gap : float
        At least 0, less than 1.

    Examples
    --------
    >>> round(objective_at_gap(-1001.0, 0.001), 9), round(objective_at_gap(999.0, 0.001), 9)
    (-1000.0, 1000.0)
    """
    return reference / (1.0 + gap if reference < 0.0 else 1.0 - gap)


def evaluations_to_targets(row: RunRow, targets: npt.ArrayLike) -> FloatArray:
    """Return after how many evaluations a run reached each target, inf if it never did.

    Parameters
    ----------
    row : RunRow
    targets : (n,) float array
        Objectives.

    Returns
    -------
    (n,) float array
    """
    feasible = [(at, f) for at, f, violation in row.history if violation == 0.0 and f is not None]
    spent = np.array([*(at for at, _ in feasible), math.inf])
    # Steps are improvements: from the first feasible one on, the objective falls.
    negated = np.array([-f for _, f in feasible])
    return spent[np.searchsorted(negated, -np.asarray(targets, dtype=np.float64), side="left")]


def target_ecdf(spent: Sequence[FloatArray], evaluation: npt.ArrayLike) -> FloatArray:
    """Return the share of all pairs of run and target reached after given evaluations.

    Parameters
    ----------
    spent : sequence of (n_target,) float array
        `evaluations_to_targets` of each run.
    evaluation : (n,) int array
        Where to look.

    Returns
    -------
    (n,) float array

    References
    ----------
    Hansen, Auger, Brockhoff, Tusar, "Anytime performance assessment in blackbox optimization
    benchmarking", IEEE Transactions on Evolutionary Computation 26 (2022) 1293-1305.
    """
    reached = np.sort(np.concatenate(list(spent)))
    return np.searchsorted(reached, np.asarray(evaluation), side="right") / reached.size


@dataclass(frozen=True, slots=True, eq=False)
class RunningTimes:
    """What runs spent on one target.

    Attributes
    ----------
    spent : (n_run,) float array
        Evaluations until the target, or until the end of a run that did not reach it; a failed
        run counts its whole budget.
    is_reached : (n_run,) bool array
    """

    spent: FloatArray
    is_reached: BoolArray

    @property
    def expected(self) -> float:
        """Evaluations spent by all runs a success; inf without a success."""
        n_reached = int(self.is_reached.sum())
        return float(self.spent.sum()) / n_reached if n_reached else math.inf

    def interval(self, rng: np.random.Generator, confidence: float = 0.95) -> tuple[float, float]:
        """Return the percentile bootstrap interval of `expected`, over runs drawn anew.

        An end is inf where so many draws have no success.

        References
        ----------
        Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7 (1979)
        1-26.
        """
        n = self.spent.size
        drawn = rng.integers(n, size=(N_DRAWS, n))
        totals = self.spent[drawn].sum(axis=1)
        n_reached = self.is_reached[drawn].sum(axis=1)
        expected = np.full(N_DRAWS, math.inf)
        np.divide(totals, n_reached, out=expected, where=n_reached > 0)
        tail = 0.5 * (1.0 - confidence)
        # One of the draws, not a mean of two: half of infinity is no number of evaluations.
        low, high = np.quantile(expected, (tail, 1.0 - tail), method="inverted_cdf").tolist()
        return low, high


def running_times(rows: Sequence[RunRow], target: float) -> RunningTimes:
    """Return what each run spent on a target."""
    spent = np.array([evaluations_to_targets(row, [target])[0] for row in rows])
    ended = np.array([row.budget if row.is_failed else row.n_evaluations for row in rows])
    is_reached = np.isfinite(spent)
    return RunningTimes(np.where(is_reached, spent, ended), is_reached)


def bootstrap_generator(rows: Sequence[RunRow]) -> np.random.Generator:
    """Return the generator of draws among rows: the same runs give the same interval."""
    names = "\n".join(f"{row.problem} {row.engine} {row.seed}" for row in rows)
    digest = hashlib.sha256(names.encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "little")))
