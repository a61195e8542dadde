"""Owns the folder of a siting study: its tables, best plans and figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from heuristics.experiment import convergence_band
from problems.core.instance import Instance
from problems.report import figures
from problems.report.study import JudgedRun, SitingStudy
from problems.report.summary import pair_rows, run_rows, summary_rows, timing_rows
from problems.report.tables import write_table

GRID_POINTS = 200


def write_study(folder: Path, study: SitingStudy) -> None:
    """Write tables, best plans and figures of a study; times stand in timing.csv alone.

    `plan.json` is the best plan on the first feeder; with several feeders each has its own
    `plan_FEEDER.json` as well.
    """
    write_table(folder / "runs.csv", run_rows(study))
    write_table(folder / "summary.csv", summary_rows(study))
    write_table(folder / "timing.csv", timing_rows(study))
    pairs = pair_rows(study)
    if pairs:
        write_table(folder / "tests.csv", pairs)
    for k, feeder in enumerate(study.problems):
        best = study.best(feeder)
        if best is not None and best.plan is not None:
            if k == 0:
                best.plan.save(folder / "plan.json")
            if len(study.problems) > 1:
                best.plan.save(folder / f"plan_{feeder}.json")
            _draw_plan(folder, feeder, best)
        _draw_convergence(folder, feeder, study)


def _draw_convergence(folder: Path, feeder: str, study: SitingStudy) -> None:
    histories = {
        engine: [run.row.history for run in study.of(feeder, engine)] for engine in study.engines
    }
    budget = study.of(feeder)[0].row.budget
    grid = np.unique(np.geomspace(1, budget, GRID_POINTS).round().astype(np.int64))
    instance = study.problems[feeder].instance
    n_runs = len(study.of(feeder, study.engines[0]))
    figures.draw_convergence(
        folder / f"convergence_{feeder}.png",
        f"{feeder}: {n_runs} run{'s' * (n_runs > 1)} an engine, {describe(instance)}",
        {engine: convergence_band(runs, grid) for engine, runs in histories.items()},
        instance.conditions.prices.currency,
        study.best_known.get(feeder),
    )


def _draw_plan(folder: Path, feeder: str, best: JudgedRun) -> None:
    plan, assessment = best.plan, best.assessment
    if plan is None or assessment is None or assessment.npv is None:
        return
    currency = plan.conditions.prices.currency.upper()
    verdict = "" if assessment.is_feasible else ", infeasible"
    title = f"{feeder}: NPV {assessment.npv:,.0f} {currency}{verdict}"
    figures.draw_voltage_profile(folder / f"profile_{feeder}.png", title, assessment, plan)
    figures.draw_map(folder / f"map_{feeder}.png", title, assessment, plan)


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
    return ", ".join(words)
