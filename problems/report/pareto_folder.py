"""Owns the folder of a study of several objectives: plans, tables and figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from problems.core.plan import Plan
from problems.core.station_limits import access_unit
from problems.report.folder import describe
from problems.report.pareto import ParetoPlan, ParetoStudy
from problems.report.pareto_figures import draw_attainment, draw_front
from problems.report.tables import write_table


def write_pareto(folder: Path, study: ParetoStudy) -> None:
    """Write plans, tables and figures of a study; times stand in timing.csv alone.

    `plans/001.json` on are the plans of the front, best in the first objective first; `plan.json`
    is the knee. Without a front there are neither plans nor `front.csv` nor figures.
    """
    write_table(folder / "runs.csv", run_rows(study))
    write_table(folder / "summary.csv", [summary_row(study)])
    write_table(
        folder / "timing.csv", [{"run": run.run, "seconds": run.seconds} for run in study.runs]
    )
    for k, member in enumerate(study.front):
        member.plan.save(folder / plan_file(k))
    if study.knee is not None:
        write_table(folder / "front.csv", front_rows(study))
        study.front[study.knee].plan.save(folder / "plan.json")
        instance = study.problem.siting.instance
        title = f"{instance.feeder.name}: {len(study.front)} plans, {describe(instance)}"
        draw_front(folder / "front.png", title, study)
    if study.attainment:
        write_table(folder / "attainment.csv", attainment_rows(study))
        instance = study.problem.siting.instance
        title = f"{instance.feeder.name}: {len(study.runs)} runs, {describe(instance)}"
        draw_attainment(folder / "attainment.png", title, study)


def plan_file(place: int) -> str:
    """Return the name of the file of a front's plan, by its place from 0."""
    return f"plans/{place + 1:03d}.json"


def objective_keys(study: ParetoStudy) -> tuple[str, ...]:
    """Return the key of each objective, which ends in its unit where it has one."""
    currency = study.problem.siting.instance.conditions.prices.currency
    keys = {"npv": f"npv_{currency}", "voltage": "voltage_deviation_pu", "access": "access"}
    return tuple(keys[name] for name in study.problem.objectives)


def figure_keys(member: ParetoPlan) -> dict[str, Any]:
    """Return the figures of a plan by key, also of objectives that were not searched."""
    judged, currency = member.assessment, member.plan.conditions.prices.currency
    return {
        f"npv_{currency}": judged.npv,
        "voltage_deviation_pu": judged.voltage_deviation_pu,
        "access": judged.access,
        "access_unit": judged.access_unit,
    }


def front_rows(study: ParetoStudy) -> list[dict[str, Any]]:
    """Return one row a plan of the front."""
    return [
        {
            "plan": plan_file(k),
            "run": member.run,
            **figure_keys(member),
            "loss_kw": member.assessment.loss_kw,
            "v_min_pu": member.assessment.v_min_pu,
            "is_knee": k == study.knee,
            "stations": _sites(member.plan, "station"),
            "capacitors": _sites(member.plan, "capacitor"),
        }
        for k, member in enumerate(study.front)
    ]


def run_rows(study: ParetoStudy) -> list[dict[str, Any]]:
    """Return one row a run."""
    return [
        {
            "run": run.run,
            "n_evaluations": run.n_evaluations,
            "plans": len(run.plans),
            "in_front": sum(member.run == run.run for member in study.front),
            "hypervolume": run.hypervolume,
            "violation": run.violation,
        }
        for run in study.runs
    ]


def anchor_keys(study: ParetoStudy) -> dict[str, dict[str, float]]:
    """Return ideal and reference point, each by objective."""
    keys = objective_keys(study)
    return {
        name: dict(zip(keys, point.tolist(), strict=True))
        for name, point in (("ideal", study.ideal), ("reference", study.reference))
    }


def summary_row(study: ParetoStudy) -> dict[str, Any]:
    """Return the front in one row, with the points its hypervolume is measured between."""
    feeder = study.problem.siting.instance.feeder
    anchors = {
        f"{name}_{key}": value
        for name, point in anchor_keys(study).items()
        for key, value in point.items()
    }
    return {
        "feeder": feeder.name,
        "runs": len(study.runs),
        "plans": len(study.front),
        "hypervolume": study.hypervolume,
        **anchors,
        "access_unit": access_unit(feeder),
    }


def attainment_rows(study: ParetoStudy) -> list[dict[str, Any]]:
    """Return the corners of what one, half and all runs attain in the first two objectives."""
    first, second = objective_keys(study)[:2]
    return [
        {"n_runs": found.n_runs, first: x, second: y}
        for found in study.attainment
        for x, y in np.asarray(found.points).tolist()
    ]


def _sites(plan: Plan, kind: str) -> str:
    """Return the assets of a kind as bus:rating words."""
    sites = [asset for asset in plan.assets if asset.kind == kind]
    return " ".join(f"{a.bus}:{a.kw if a.kvar is None else a.kvar:g}" for a in sites)
