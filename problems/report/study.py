"""Owns a siting study: its runs, the judged plan of each, and the folder they leave behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from heuristics.constraints import make_rule
from heuristics.engine import Engine, make_engine
from heuristics.experiment import Experiment, RunRow, run_experiment
from heuristics.interrupt import HeldInterrupt
from problems.core.assess import Assessment, assess
from problems.core.errors import SettingError
from problems.core.plan import Plan
from problems.report.bounds import Bound
from problems.report.targets import Target, choose_target
from problems.report.timing import read_seconds
from problems.siting.problem import SitingProblem


def study_engine(name: str, constraints: str = "deb") -> Engine:
    """Return the engine of a name with a rule for constraints.

    Parameters
    ----------
    name : str
        As of `make_engine`.
    constraints : str
        As of `make_rule`; Deb's is what engines have by default.

    Raises
    ------
    SettingError
        No such engine or rule, or the engine handles constraints in a way of its own.
    """
    try:
        engine, rule = make_engine(name), make_rule(constraints)
    except ValueError as error:
        raise SettingError(str(error)) from None
    if constraints == "deb":
        return engine
    if "constraints" not in {field.name for field in fields(engine)}:  # type: ignore[arg-type]
        raise SettingError(
            f"engine '{name}' has no choice of rules: --constraints {constraints} does not apply"
        )
    return replace(engine, constraints=rule)  # type: ignore[type-var]


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
    bounds : mapping of str to Bound
        What is proven, by feeder; empty if no proof was asked for.
    targets : mapping of str to Target
        What runs are measured against, by feeder; not every feeder has one.
    """

    problems: Mapping[str, SitingProblem]
    engines: tuple[str, ...]
    runs: tuple[JudgedRun, ...]
    bounds: Mapping[str, Bound]
    targets: Mapping[str, Target]

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
    bounds: Mapping[str, Bound],
    constraints: str = "deb",
    best_known: Mapping[str, float] | None = None,
    scheduler: str | None = None,
    progress: Callable[[RunRow, int, int], None] | None = None,
) -> SitingStudy:
    """Run engines on siting problems and judge each run's plan; finished runs are not repeated.

    Parameters
    ----------
    problems : mapping of str to SitingProblem
        By the name of their feeder.
    engines : sequence of str
        Names that `make_engine` knows.
    constraints : str
        Rule that all engines follow, as of `make_rule`.
    n_runs, budget, seed, n_jobs, scheduler
        As of `Experiment` and `run_experiment`.
    folder : Path
        Keeps the runs; must be new or hold this very study.
    bounds : mapping of str to Bound
        What is proven, by feeder.
    best_known : mapping of str to float, optional
        Best NPV known by feeder.
    progress : callable, optional
        As of `run_experiment`.
    """
    plan = Experiment(
        problems=problems,
        engines={name: study_engine(name, constraints) for name in engines},
        n_runs=n_runs,
        budget=budget,
        seed=seed,
    )
    timed = read_seconds(folder)  # of runs that a finished study holds
    rows = [
        row
        if row.seconds is not None
        else replace(row, seconds=timed.get((row.problem, row.engine, str(row.run))))
        for row in run_experiment(plan, n_jobs, folder, progress, scheduler)
    ]
    with HeldInterrupt():
        runs = tuple(_judge(row, problems[row.problem]) for row in rows)
    targets = {}
    for name in problems:
        known = [run.npv for run in runs if run.row.problem == name and run.npv is not None]
        if best_known and name in best_known:
            known.append(best_known[name])
        target = choose_target(bounds.get(name), known)
        if target is not None:
            targets[name] = target
    return SitingStudy(problems, tuple(engines), runs, bounds, targets)


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
