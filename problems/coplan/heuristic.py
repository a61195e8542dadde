"""Owns the joint plan by a heuristic: an engine over choices of lines, storage priced inside."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from heuristics.engine import Engine, make_engine
from heuristics.experiment import Experiment, RunRow, run_experiment
from problems.coplan.cable_search import CableChoices
from problems.coplan.choices import UpgradeRule, make_choices, overloaded_lines
from problems.coplan.equipment import Library
from problems.coplan.plan import (
    CoplanPlan,
    LineUpgrade,
    conflicts_in,
    judge,
    judged,
    upgrades_of,
)
from problems.coplan.scenario import Scenario
from problems.coplan.storage_model import Grid, one_feeder
from problems.coplan.storage_program import FeederStorage
from problems.coplan.upgrade import candidate_lines, plan_upgrades
from problems.coplan.vcu import feeders_behind
from problems.coplan.vmbp import feeder_storage
from problems.core.errors import SettingError

POPULATION = 12


def plan_by_engine(
    scenario: Scenario,
    library: Library,
    rule: UpgradeRule | None = None,
    *,
    seed: int,
    evaluations: int,
    engine: str = "ga",
    n_runs: int = 1,
    n_jobs: int = 1,
    folder: Path | None = None,
) -> tuple[CoplanPlan, ...]:
    """Choose cables, breakers and storage together by a heuristic; nothing is proven.

    Each feeder behind the source is searched on its own, from the plan by rule, in which each line
    has the cheapest choice that carries its relaxed current. A candidate's storage may stand at few
    buses; that of the best candidate is planned once more with every bus.

    Parameters
    ----------
    seed : int
        Of all chance.
    evaluations : int
        Candidates that may be tried for each feeder in each run.
    engine : str
        As `heuristics.engine.make_engine` knows them.
    n_runs : int
        Runs with seeds of their own.
    n_jobs : int
        Workers, each takes the run of a feeder; the answer does not depend on it.
    folder : Path, optional
        Keeps finished runs and checkpoints of others, from which a second call goes on.

    Returns
    -------
    tuple of CoplanPlan
        One a run. The status is `time_limit`, for a budget ends the search; `infeasible` if no
        candidate keeps every limit, which does not prove that no plan does.
    """
    start = time.perf_counter()
    if evaluations < 1:
        raise SettingError(f"evaluations must be 1 or more, not {evaluations}")
    rule = rule or UpgradeRule()
    choices = make_choices(scenario, library, rule, candidate_lines(scenario, library, rule))
    if len(np.setdiff1d(overloaded_lines(scenario), choices.candidates)):
        alone = plan_upgrades(scenario, library, rule)  # a line that must go and cannot
        return (replace(alone, method="heuristic"),) * n_runs
    problems: dict[str, CableChoices] = {}
    fixed: list[FeederStorage] = []
    for buses in feeders_behind(scenario):
        own = choices.only(buses[choices.branch])
        part, _ = one_feeder(scenario, buses)
        if len(own.branch):
            name = f"{scenario.feeder.name}, feeder {part.feeder.bus_id[1]}"
            problems[name] = CableChoices(scenario, library.storage, own, buses)
        else:
            grid = Grid.of(part.feeder)
            fixed.append(feeder_storage(part, library.storage, grid, has_bound=False))
    rows: list[RunRow] = []
    if problems:
        made = {engine: _engine(engine, min(POPULATION, max(evaluations, 2)))}
        rows = run_experiment(Experiment(problems, made, n_runs, evaluations, seed), n_jobs, folder)
    plans = tuple(
        _plan(scenario, library, problems, [row for row in rows if row.run == run], fixed)
        for run in range(n_runs)
    )
    seconds = time.perf_counter() - start
    return tuple(replace(plan, seconds=seconds) for plan in plans)


def _engine(name: str, population: int) -> Engine:
    """Return an engine that searches; those that ask a problem for more than its values cannot."""
    try:
        made = make_engine(name, population=population)
    except TypeError:
        raise SettingError(f"engine {name} cannot choose cables: it has no population") from None
    except ValueError as error:
        raise SettingError(f"engine {name} cannot choose cables: {error}") from None
    if made.needs_model:
        raise SettingError(f"engine {name} cannot choose cables: it needs a local model")
    return made


def _plan(
    scenario: Scenario,
    library: Library,
    problems: dict[str, CableChoices],
    rows: Sequence[RunRow],
    fixed: Sequence[FeederStorage],
) -> CoplanPlan:
    """Return the plan of the best candidate of each feeder, its storage planned at every bus."""
    lost = [row for row in rows if row.is_failed]
    if lost:
        return CoplanPlan("heuristic", "solver_failed", message=lost[0].message)
    parts = list(fixed)
    cables: list[LineUpgrade] = []
    for row in rows:
        problem = problems[row.problem]
        chosen = problem.chosen(row.x)
        cables += upgrades_of(problem.choices, chosen)
        parts.append(problem.storage_everywhere(problem.grid(chosen)))
    stored_usd = sum(part.cost_usd for part in parts)
    spent = sum(row.n_evaluations for row in rows)
    plan = CoplanPlan(
        "heuristic", "time_limit", tuple(cables), message=f"{spent} candidates; nothing is proven"
    )
    if not np.isfinite(stored_usd):
        found = judge(scenario, library, cables)
        worst = [row.violation for row in rows if row.violation is not None and not row.is_feasible]
        words = f"{spent} candidates, none of which keeps every limit; nothing is proven"
        if worst:
            words += f"; least violation {max(worst):.3g} of its limit"
        unsolved = [part for part in parts if np.isinf(part.cost_usd)]
        failed = next((part for part in unsolved if part.status != "infeasible"), None)
        if failed is not None:
            words += f"; the storage of the best: {failed.message or failed.status}"
        return replace(
            plan, status="infeasible" if failed is None else "solver_failed", cables=(),
            conflicts=conflicts_in(found, scenario), message=words,
        )  # fmt: skip
    units = tuple(unit for part in parts for unit in part.units)
    total_usd = sum(line.cost_usd for line in cables) + stored_usd
    return judged(replace(plan, storage=units, total_usd=total_usd), scenario, library)
