"""Owns the folder of a siting study: its tables, best plans, figures and logs."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from heuristics.experiment import convergence_band
from heuristics.experiment.folder import plain_name
from problems.core.content import write_text
from problems.core.instance import Instance
from problems.report.contest import (
    GAP_WORDS,
    ranking_rows,
    rankings,
    reached_shares,
    target_rows,
)
from problems.report.curves import draw_convergence, draw_reached
from problems.report.iohprofiler import write_logs
from problems.report.latex import latex_table
from problems.report.plan_figures import draw_map, draw_voltage_profile
from problems.report.rank_figure import draw_ranks
from problems.report.study import JudgedRun, SitingStudy
from problems.report.summary import pair_rows, run_rows, summary_rows
from problems.report.tables import write_table
from problems.report.timing import write_seconds

GRID_POINTS = 200


def write_study(folder: Path, study: SitingStudy) -> None:
    """Write tables, best plans and figures of a study; times stand in timing.csv alone.

    `plan.json` is the best plan on the first feeder; with several feeders each has its own
    `plan_FEEDER.json` as well. A study of several runs a feeder is a comparison: it gets running
    times over targets, ranks, a LaTeX table and logs for IOHanalyzer, too.
    """
    write_table(folder / "runs.csv", run_rows(study))
    write_table(folder / "summary.csv", summary_rows(study))
    write_seconds(folder, study)
    pairs = pair_rows(study)
    if pairs:
        write_table(folder / "tests.csv", pairs)
    for k, feeder in enumerate(study.problems):
        best = study.best(feeder)
        if best is not None and best.plan is not None:
            if k == 0:
                best.plan.save(folder / "plan.json")
            if len(study.problems) > 1:
                best.plan.save(folder / f"plan_{plain_name(feeder)}.json")
            _draw_plan(folder, feeder, best)
        _draw_convergence(folder, feeder, study)
    if len(study.runs) > len(study.problems):
        _write_comparison(folder, study)
    _remove_drafts(folder)


def _write_comparison(folder: Path, study: SitingStudy) -> None:
    instances = {feeder: problem.instance for feeder, problem in study.problems.items()}
    targets = target_rows(study)
    if targets:
        write_table(folder / "targets.csv", targets)
        _draw_reached(folder, study)
    found = rankings(study)
    if found:
        write_table(folder / "ranks.csv", ranking_rows(found))
        first = found[0]
        where = (
            f"on {len(instances)} feeders" if len(instances) > 1 else f"on {next(iter(instances))}"
        )
        draw_ranks(
            folder / "ranks.png",
            f"Mean ranks over {first.test.n_block} paired runs {where}",
            first.test,
            first.difference,
            first.groups,
        )
    currencies = {name: instance.conditions.prices.currency for name, instance in instances.items()}
    conditions = describe(next(iter(instances.values())))
    table = latex_table(summary_rows(study), currencies, conditions)
    write_text(folder / "summary.tex", table)
    write_logs(folder / "iohprofiler", study)


def _draw_reached(folder: Path, study: SitingStudy) -> None:
    grid = _grid(study)
    scopes = {name: [name] for name in study.targets}
    if len(study.targets) > 1:
        scopes["all"] = list(study.targets)
    for scope, feeders in scopes.items():
        kinds = dict.fromkeys(study.targets[feeder].name for feeder in feeders)
        where = f"{len(feeders)} feeders" if scope == "all" else scope
        draw_reached(
            folder / f"ecdf_{scope}.png",
            f"{where}, {describe(study.problems[feeders[0]].instance)}",
            grid,
            reached_shares(study, feeders, grid),
            f"{GAP_WORDS} to the {' or the '.join(kinds)}",
        )


def _draw_convergence(folder: Path, feeder: str, study: SitingStudy) -> None:
    histories = {
        engine: [run.row.history for run in study.of(feeder, engine)] for engine in study.engines
    }
    grid = _grid(study)
    instance = study.problems[feeder].instance
    n_runs = len(study.of(feeder, study.engines[0]))
    draw_convergence(
        folder / f"convergence_{plain_name(feeder)}.png",
        f"{feeder}: {n_runs} run{'s' * (n_runs > 1)} an engine, {describe(instance)}",
        {engine: convergence_band(runs, grid) for engine, runs in histories.items()},
        instance.conditions.prices.currency,
        study.targets.get(feeder),
    )


def _grid(study: SitingStudy) -> NDArray[np.int64]:
    budget = study.runs[0].row.budget
    return np.unique(np.geomspace(1, budget, GRID_POINTS).round().astype(np.int64))


def _draw_plan(folder: Path, feeder: str, best: JudgedRun) -> None:
    plan, assessment = best.plan, best.assessment
    if plan is None or assessment is None or assessment.npv is None:
        return
    currency = plan.conditions.prices.currency.upper()
    verdict = "" if assessment.is_feasible else ", infeasible"
    title = f"{feeder}: NPV {assessment.npv:,.0f} {currency}{verdict}"
    draw_voltage_profile(folder / f"profile_{plain_name(feeder)}.png", title, assessment, plan)
    draw_map(folder / f"map_{plain_name(feeder)}.png", title, assessment, plan)


def _remove_drafts(folder: Path) -> None:
    """Remove what a killed process was writing: `.NAME` or `.NAME.PID` beside the file NAME."""
    for draft in folder.rglob(".*"):
        name = re.sub(r"\.\d+$", "", draft.name.removeprefix("."))
        if (draft.parent / name).is_file():
            draft.unlink(missing_ok=True)


def describe(instance: Instance) -> str:
    """Return the conditions that most change what a study means, for titles."""
    conditions = instance.conditions
    floor = conditions.limits.v_min_pu
    words = [f"floor {floor:g} p.u." if floor > 0.0 else "no voltage floor"]
    if conditions.money_rule != "annuity":
        words.append(conditions.money_rule)
    if conditions.mode == "v2g":
        words.append(f"V2G {conditions.v2g_share:.0%}")
    if conditions.sweeps is not None:
        words.append(f"{conditions.sweeps} sweeps")
    if conditions.horizon.growth is not None:
        words.append(f"loads {conditions.horizon.growth:+.1%} a year")
    if conditions.existing:
        words.append(f"{len(conditions.existing)} existing")
    if conditions.budget is not None:
        words.append(f"budget {conditions.budget:,.0f} {conditions.prices.currency.upper()}")
    limits = conditions.station_limits
    if limits is not None and limits.min_spacing is not None:
        words.append(f"stations {limits.min_spacing:g} {limits.unit} apart")
    if limits is not None and limits.coverage is not None:
        words.append(f"demand within {limits.coverage:g} {limits.unit}")
    return ", ".join(words)
