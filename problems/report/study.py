"""Owns a siting study: its runs, the judged plan of each, and the folder they leave behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from heuristics.engine import make_engine
from heuristics.experiment import Experiment, RunRow, run_experiment
from problems.core.assess import Assessment, assess
from problems.core.plan import Plan
from problems.siting.problem import SitingProblem

SUCCESS_GAP = 0.001
"""A run succeeds within this fraction of the best value known."""


@dataclass(frozen=True, slots=True, eq=False)
class JudgedRun:
    """Hold one run, and its plan as the judge sees it; neither if the run failed."""

    row: RunRow
    plan: Plan | None
    assessment: Assessment | None

    @property
    def npv(self) -> float | None:
        """Net present value of a feasible plan, else None."""
        if self.assessment is None or not self.assessment.is_feasible:
            return None
        return self.assessment.npv


@dataclass(frozen=True, slots=True, eq=False)
class SitingStudy:
    """Hold the judged runs of a study.

    Parameters
    ----------
    problems : mapping of str to SitingProblem
        By the name of their feeder.
    engines : tuple of str
        Names of the engines.
    runs : tuple of JudgedRun
        By feeder, engine and number.
    best_known : mapping of str to float
        Best NPV known of each feeder that has one: given, or found by a run.
    """

    problems: Mapping[str, SitingProblem]
    engines: tuple[str, ...]
    runs: tuple[JudgedRun, ...]
    best_known: Mapping[str, float]

    def of(self, feeder: str, engine: str | None = None) -> list[JudgedRun]:
        """Return the runs on a feeder, of one engine or of all."""
        return [
            run
            for run in self.runs
            if run.row.problem == feeder and engine in (None, run.row.engine)
        ]

    def best(self, feeder: str) -> JudgedRun | None:
        """Return the feasible run of greatest NPV, else that of least violation, if any."""
        judged = [run for run in self.of(feeder) if run.assessment is not None]
        return min(judged, key=_rank, default=None)

    @property
    def has_feasible(self) -> bool:
        """Whether any run found a feasible plan."""
        return any(run.npv is not None for run in self.runs)


def run_study(
    problems: Mapping[str, SitingProblem],
    engines: Sequence[str],
    *,
    n_runs: int,
    budget: int,
    seed: int,
    n_jobs: int,
    folder: Path,
    best_known: Mapping[str, float] | None = None,
    progress: Callable[[RunRow, int, int], None] | None = None,
) -> SitingStudy:
    """Run engines on siting problems and judge each run's plan; finished runs are not repeated.

    Parameters
    ----------
    problems : mapping of str to SitingProblem
        By the name of their feeder.
    engines : sequence of str
        Names that `make_engine` knows.
    n_runs, budget, seed, n_jobs
        As of `Experiment` and `run_experiment`.
    folder : Path
        Keeps the runs; must be new or hold this very study.
    best_known : mapping of str to float, optional
        Best NPV known by feeder; a better run replaces it.
    progress : callable, optional
        As of `run_experiment`.
    """
    plan = Experiment(
        problems=problems,
        engines={name: make_engine(name) for name in engines},
        n_runs=n_runs,
        budget=budget,
        seed=seed,
    )
    rows = run_experiment(plan, n_jobs=n_jobs, out=folder, progress=progress)
    runs = tuple(_judge(row, problems[row.problem]) for row in rows)
    best = dict(best_known or {})
    for run in runs:
        if run.npv is not None:
            best[run.row.problem] = max(run.npv, best.get(run.row.problem, run.npv))
    return SitingStudy(problems, tuple(engines), runs, best)


def _judge(row: RunRow, problem: SitingProblem) -> JudgedRun:
    if row.is_failed:
        return JudgedRun(row, None, None)
    plan = problem.plan(row.x)
    return JudgedRun(row, plan, assess(plan, problem.instance))


def _rank(run: JudgedRun) -> tuple[bool, float]:
    assert run.assessment is not None
    if run.npv is not None:
        return False, -run.npv
    violation = run.assessment.violation
    return True, float("inf") if violation is None else violation
