"""Tables of an experiment: each engine on each problem, and engines in pairs."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from heuristics.experiment.row import RunRow
from heuristics.experiment.statistics import a12, holm, wilcoxon_p, wilson_interval
from heuristics.experiment.targets import bootstrap_generator, running_times
from heuristics.jit import FloatArray


@dataclass(frozen=True, slots=True)
class Summary:
    """One engine on one problem.

    Attributes
    ----------
    problem, engine : str
    runs, failed, feasible : int
        All runs, those without a result, those with a feasible answer.
    median, q1, q3, best : float or None
        Of the objective over feasible runs; None if there are none.
    success_rate, success_low, success_high : float or None
        Share of all runs that reach the target, with Wilson's 95 % interval; None without target.
    ert, ert_low, ert_high : float or None
        Expected running time: evaluations spent by all runs until they reach the target or end,
        divided by the number of runs that reach it; a failed run counts its whole budget. Its 95 %
        interval is a bootstrap over runs. None without target or success, and where an end of the
        interval is infinite.

    References
    ----------
    Hansen, Auger, Ros, Mersmann, Tusar, Brockhoff, "COCO: a platform for comparing continuous
    optimizers in a black-box setting", Optimization Methods and Software 36 (2021) 114-144 (the
    expected running time).
    """

    problem: str
    engine: str
    runs: int
    failed: int
    feasible: int
    median: float | None
    q1: float | None
    q3: float | None
    best: float | None
    success_rate: float | None
    success_low: float | None
    success_high: float | None
    ert: float | None
    ert_low: float | None
    ert_high: float | None


@dataclass(frozen=True, slots=True)
class PairTest:
    """Two engines on one problem, over runs paired by their seeds.

    Attributes
    ----------
    problem, engine_a, engine_b : str
    pairs : int
    p : float
        Two-sided p-value of the Wilcoxon signed-rank test.
    p_holm : float
        The same, corrected for all pairs of engines on this problem.
    a12 : float
        Probability that a run of engine a is better than one of engine b, ties half.
    """

    problem: str
    engine_a: str
    engine_b: str
    pairs: int
    p: float
    p_holm: float
    a12: float


def summarize(rows: Iterable[RunRow], targets: Mapping[str, float] | None = None) -> list[Summary]:
    """Return the summary of each engine on each problem, in the order of the rows.

    Parameters
    ----------
    rows : iterable of RunRow
    targets : mapping of str to float, optional
        Objective, by problem, that a feasible point must reach: success.

    Returns
    -------
    list of Summary
    """
    groups: dict[tuple[str, str], list[RunRow]] = {}
    for row in rows:
        groups.setdefault((row.problem, row.engine), []).append(row)
    return [
        _summary(problem, engine, group, (targets or {}).get(problem))
        for (problem, engine), group in groups.items()
    ]


def _summary(problem: str, engine: str, rows: list[RunRow], target: float | None) -> Summary:
    f = [row.f for row in rows if row.is_feasible and row.f is not None]
    q1, median, q3 = np.quantile(f, (0.25, 0.5, 0.75)).tolist() if f else (None, None, None)
    rate = low = high = None
    ert = ert_low = ert_high = math.inf
    if target is not None:
        times = running_times(rows, target)
        n_success = int(times.is_reached.sum())
        rate = n_success / len(rows)
        low, high = wilson_interval(n_success, len(rows))
        if n_success:
            ert = times.expected
            ert_low, ert_high = times.interval(bootstrap_generator(rows))
    return Summary(
        problem,
        engine,
        runs=len(rows),
        failed=sum(row.is_failed for row in rows),
        feasible=len(f),
        median=median,
        q1=q1,
        q3=q3,
        best=min(f, default=None),
        success_rate=rate,
        success_low=low,
        success_high=high,
        ert=_finite(ert),
        ert_low=_finite(ert_low),
        ert_high=_finite(ert_high),
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def outcomes(rows: Iterable[RunRow], problem: str) -> dict[str, FloatArray]:
    """Return the outcomes of each engine on a problem, for paired tests.

    Parameters
    ----------
    rows : iterable of RunRow
    problem : str

    Returns
    -------
    dict of str to (n_run,) float array
        Objective by run number, inf where the run has no feasible answer.

    Raises
    ------
    ValueError
        The engines do not have the same runs.
    """
    by_engine: dict[str, dict[int, float]] = {}
    for row in rows:
        if row.problem == problem:
            is_feasible = row.is_feasible and row.f is not None
            outcome = row.f if is_feasible and row.f is not None else math.inf
            by_engine.setdefault(row.engine, {})[row.run] = outcome
    runs = {engine: sorted(by_run) for engine, by_run in by_engine.items()}
    if len({tuple(numbers) for numbers in runs.values()}) > 1:
        raise ValueError(f"problem {problem!r}: expected the same runs of every engine")
    return {
        engine: np.array([by_run[run] for run in runs[engine]])
        for engine, by_run in by_engine.items()
    }


def compare_pairs(rows: Iterable[RunRow]) -> list[PairTest]:
    """Return the test of every two engines on every problem, Holm's correction by problem."""
    rows = list(rows)
    tests = []
    for problem in dict.fromkeys(row.problem for row in rows):
        table = outcomes(rows, problem)
        pairs = list(combinations(table, 2))
        p = [wilcoxon_p(table[a], table[b]) for a, b in pairs]
        for (a, b), raw, corrected in zip(pairs, p, holm(p), strict=True):
            effect = a12(table[a], table[b])
            tests.append(PairTest(problem, a, b, table[a].size, raw, corrected, effect))
    return tests
