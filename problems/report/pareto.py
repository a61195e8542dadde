"""Owns a study of several objectives: its runs, the judged front, hypervolume and attainment."""

from __future__ import annotations

import time
from dataclasses import dataclass

import moocore
import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from heuristics.adapters.pymoo import Front, nsga2_front
from heuristics.experiment import run_seed
from problems.core.assess import Assessment, assess
from problems.core.plan import Plan
from problems.siting.objectives import SitingObjectives

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ParetoPlan:
    """Hold a feasible plan, the judge's word on it, and the number of the run that found it."""

    plan: Plan
    assessment: Assessment
    run: int


@dataclass(frozen=True, slots=True, eq=False)
class ParetoRun:
    """Hold one run: its plans that no other of its plans dominates, and what it spent.

    `violation` is 0 if there are plans, else the least that was seen; `hypervolume` is None if the
    anchors do not span a volume.
    """

    run: int
    plans: tuple[ParetoPlan, ...]
    hypervolume: float | None
    n_evaluations: int
    violation: float
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class Attainment:
    """Hold what `n_runs` of the runs attained in the first two objectives.

    A point is attained by a run that has a plan at least as good in both. `points` (n, 2) are the
    corners of the region's edge, by the first objective.
    """

    n_runs: int
    points: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class ParetoStudy:
    """Hold the runs of a study and the front of all of them.

    Parameters
    ----------
    problem : SitingObjectives
        What was searched.
    runs : tuple of ParetoRun
        By number.
    front : tuple of ParetoPlan
        Plans of any run that none dominates, best in the first objective first.
    ideal, reference : (n_obj,) float array
        What hypervolumes are measured between, see `SitingObjectives.anchors`.
    hypervolume : float or None
        Of the front; a share of the box between ideal and reference point.
    knee : int or None
        Place in the front of the plan that gives up least in all objectives together; None without
        a front.
    attainment : tuple of Attainment
        Of any run, of half of them and of all, where so many runs have plans; empty for one run.
    """

    problem: SitingObjectives
    runs: tuple[ParetoRun, ...]
    front: tuple[ParetoPlan, ...]
    ideal: FloatArray
    reference: FloatArray
    hypervolume: float | None
    knee: int | None
    attainment: tuple[Attainment, ...]


def run_pareto(
    problem: SitingObjectives,
    *,
    n_runs: int,
    budget: int,
    population: int,
    seed: int,
    n_jobs: int = 1,
) -> ParetoStudy:
    """Search a siting problem by NSGA-II, `n_runs` times, and judge every plan found.

    Parameters
    ----------
    problem : SitingObjectives
    n_runs, budget : int
        Runs, and evaluations of each.
    population : int
        Plans that NSGA-II keeps.
    seed : int
        Each run has a seed of its own derived from it.
    n_jobs : int
        Processes; the study does not depend on it.
    """
    name = problem.siting.instance.feeder.name
    searched = Parallel(n_jobs=n_jobs)(
        delayed(_search)(problem, run_seed(seed, name, run), budget, population)
        for run in range(n_runs)
    )
    ideal, reference = problem.anchors()
    runs = []
    for number, (found, seconds) in enumerate(searched):
        judged = [_judge(problem, x, number) for x in found.x]
        kept = _front(problem, judged)
        share = hypervolume(figures_of(problem, kept), ideal, reference)
        runs.append(ParetoRun(number, kept, share, found.n_evaluations, found.violation, seconds))
    front = _front(problem, [plan for run in runs for plan in run.plans])
    figures = figures_of(problem, front)
    return ParetoStudy(
        problem=problem,
        runs=tuple(runs),
        front=front,
        ideal=ideal,
        reference=reference,
        hypervolume=hypervolume(figures, ideal, reference),
        knee=knee(minimized(problem, figures)) if front else None,
        attainment=_attainment(problem, runs) if n_runs > 1 else (),
    )


def figures_of(problem: SitingObjectives, plans: tuple[ParetoPlan, ...]) -> FloatArray:
    """Return the judged objectives of plans, (n, n_obj); the NPV is not negated."""
    rows = [problem.figures(plan.assessment) for plan in plans]
    return np.array(rows, dtype=np.float64).reshape(len(plans), problem.n_obj)


def minimized(problem: SitingObjectives, figures: FloatArray) -> FloatArray:
    """Return figures with the NPV negated, so that less is better in every column; or back."""
    sign = np.array([-1.0 if name == "npv" else 1.0 for name in problem.objectives])
    return np.asarray(figures * sign)


def hypervolume(figures: FloatArray, ideal: FloatArray, reference: FloatArray) -> float | None:
    """Return the share of the box between ideal and reference point that plans dominate.

    Each objective is scaled to 0 at the ideal and 1 at the reference point. Plans beyond the
    reference point in any objective add nothing.

    Parameters
    ----------
    figures : (n, n_obj) float array
    ideal, reference : (n_obj,) float array
        In any sense: an objective whose reference lies below its ideal is maximized.

    Returns
    -------
    float or None
        None if ideal and reference agree in an objective.

    Examples
    --------
    >>> import numpy as np
    >>> hypervolume(np.array([[60.0, 2.0], [20.0, 1.0]]), np.array([100.0, 0.0]),
    ...             np.array([0.0, 4.0]))
    0.35
    """
    span = reference - ideal
    if not span.all():
        return None
    if not len(figures):
        return 0.0
    return float(moocore.hypervolume((figures - ideal) / span, ref=1.0))


def knee(f: FloatArray) -> int:
    """Return the row with the least sum of objectives, each scaled to the range of the extremes.

    The extremes are the best rows in each objective. With two objectives this is the point farthest
    from the line through them (Das, "On characterizing the 'knee' of the Pareto curve based on
    normal-boundary intersection", Structural Optimization 18, 1999). The first of several wins.

    Parameters
    ----------
    f : (n, n_obj) float array
        A front, minimized; n at least 1.
    """
    span = np.ptp(f[f.argmin(axis=0)], axis=0)
    scaled = (f - f.min(axis=0)) / np.where(span > 0.0, span, 1.0)
    return int(np.argmin(scaled.sum(axis=1)))


def attained(f: FloatArray, run: NDArray[np.int64], n_runs: int) -> FloatArray:
    """Return the corners of what at least `n_runs` runs attain, (n, 2), by the first objective.

    Parameters
    ----------
    f : (n, 2) float array
        Points of all runs, minimized.
    run : (n,) int array
        Run of each point; at least `n_runs` different ones.
    """
    level = 100.0 * n_runs / len(np.unique(run))
    points = moocore.eaf(f, run, percentiles=[level])[:, :2]
    return np.asarray(points[np.argsort(points[:, 0])])


def _search(
    problem: SitingObjectives, seed: np.random.SeedSequence, budget: int, population: int
) -> tuple[Front, float]:
    start = time.perf_counter()
    found = nsga2_front(problem, seed=seed, budget=budget, population=population)
    return found, time.perf_counter() - start


def _judge(problem: SitingObjectives, x: FloatArray, run: int) -> ParetoPlan:
    plan = problem.plan(x)
    return ParetoPlan(plan, assess(plan, problem.siting.instance), run)


def _front(problem: SitingObjectives, plans: list[ParetoPlan]) -> tuple[ParetoPlan, ...]:
    """Return the feasible plans that none dominates, best in the first objective first.

    The judge's figures decide, and of plans with the same figures the first stays.
    """
    feasible = tuple(plan for plan in plans if plan.assessment.is_feasible)
    if not feasible:
        return ()
    f = minimized(problem, figures_of(problem, feasible))
    kept = np.flatnonzero(moocore.is_nondominated(f))
    order = kept[np.lexsort(f[kept].T[::-1])]
    return tuple(feasible[k] for k in order)


def _attainment(problem: SitingObjectives, runs: list[ParetoRun]) -> tuple[Attainment, ...]:
    having = [run for run in runs if run.plans]
    if not having:
        return ()
    f = np.concatenate([minimized(problem, figures_of(problem, run.plans)) for run in having])
    number = np.repeat([run.run for run in having], [len(run.plans) for run in having])
    levels = sorted({1, (len(runs) + 1) // 2, len(runs)})
    sign = minimized(problem, np.ones((1, problem.n_obj)))[:, :2]
    return tuple(
        Attainment(level, attained(f[:, :2], number, level) * sign)
        for level in levels
        if level <= len(having)
    )
