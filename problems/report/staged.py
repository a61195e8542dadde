"""Owns the files of a staged study: tables, figures, plan and page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from problems.core.content import json_text, write_text
from problems.report.page import picture, write_page
from problems.report.staged_figures import (
    draw_breakdown,
    draw_convergence,
    draw_day,
    draw_timeline,
    figure_days,
)
from problems.report.staged_page import staged_page, unfinished_page
from problems.report.tables import write_table
from problems.staged.day import Day
from problems.staged.indicators import cost_breakdown, listed_investments, scheme_answer
from problems.staged.operation import operate_day
from problems.staged.scenarios import Scenario, ScenarioSet, all_scenarios, unmanaged_kw
from problems.staged.scheme_plan import SchemePlan
from problems.staged.screening import plain_flow
from problems.staged.studied import Studied

HARDEST = "summer sunny workday"


def begin_page(folder: Path, study: Studied, command: str) -> None:
    """Write the page of a study that has just begun: what `feederlab resume` continues by."""
    write_page(folder, unfinished_page(study, command))


def write_staged(
    folder: Path, study: Studied, plans: Mapping[str, SchemePlan], command: str
) -> None:
    """Write every file of a finished study."""
    answers = {name: scheme_answer(plan) for name, plan in plans.items()}
    title = study.feeder.name
    write_table(folder / "summary.csv", [_summary(n, a) for n, a in answers.items()])
    investments = [
        {"scheme": name, **row} for name, plan in plans.items() for row in listed_investments(plan)
    ]
    write_table(folder / "investments.csv", investments)
    write_table(
        folder / "costs.csv", [{"scheme": n, **cost_breakdown(p)} for n, p in plans.items()]
    )
    write_table(folder / "runs.csv", [_day_row(n, d) for n, p in plans.items() for d in p.days])
    write_text(folder / "plan.json", json_text({n: plan_content(p) for n, p in plans.items()}))
    draw_timeline(folder / "timeline.png", f"{title}: what is built when", plans)
    draw_breakdown(folder / "costs.png", f"{title}: life-cycle cost, all scenarios", plans)
    draw_convergence(folder / "convergence.png", f"{title}: genetic search", plans)
    figures = [
        picture("timeline.png", "Investments by stage, undiscounted.", is_wide=True),
        picture("costs.png", "Life-cycle cost by cause, present value, all scenarios."),
        picture("convergence.png", "Genetic search against the proven bound."),
    ]
    best = min(plans, key=lambda name: plans[name].lcc_rmb)
    if draw_v2g_day(folder / "summer_day.png", plans[best]):
        figures.append(picture("summer_day.png", f"{HARDEST}, last stage, scheme {best}."))
    write_page(folder, staged_page(study, command, plans, answers, figures))


def draw_v2g_day(path: Path, plan: SchemePlan) -> bool:
    """Draw the hardest day of the last stage with two-way piles and without; say if it could be."""
    days = v2g_days(plan)
    if not days:
        return False
    model, last = plan.model, plan.model.study.data.n_stage - 1
    rating = float(model.rating_mva(np.array(plan.chain[last], dtype=np.float64)))
    draw_day(path, f"{HARDEST}, last stage, scheme {model.scheme.name}", days, rating)
    return True


def v2g_days(plan: SchemePlan) -> dict[str, Day]:
    """Return the hardest day of the last stage as planned, with one-way piles, and unmanaged.

    Nothing where the plan has no managed piles or a day has no solution.
    """
    model, last = plan.model, plan.model.study.data.n_stage - 1
    scenario = next((s for s in all_scenarios(model.study.data) if s.name == HARDEST), None)
    if scenario is None or "two_way" not in plan.capacity[last]:
        return {}
    planned = figure_days(plan.days, last, scenario.number)
    capacity = dict(plan.capacity[last])
    one_way = [a + b for a, b in zip(capacity["smart"], capacity["two_way"], strict=True)]
    capacity.update(smart=one_way, two_way=[0.0] * len(one_way))
    without = operate_day(model, last, plan.chain[last], capacity, scenario, 0.0)
    if planned is None or without.status != "optimal":
        return {}
    return {
        "with V2G": planned,
        "the same piles one-way": without,
        "unmanaged, nothing controlled": _unmanaged(plan, planned, last, scenario),
    }


def _unmanaged(plan: SchemePlan, day: Day, k_stage: int, scenario: Scenario) -> Day:
    """Return a day with the plan's lines, unmanaged charging and no control of anything."""
    model = plan.model
    study, stage = model.study, model.study.data.stages[k_stage]
    bits = np.array(plan.chain[k_stage][: model.n_segment]) > 0
    flow = plain_flow(study, k_stage, ScenarioSet((scenario,), np.ones(1)), bits)
    ev_kw = stage.ev_count * unmanaged_kw(study.data, stage)
    return replace(
        day,
        mva=flow.mva,
        supplied_kw=flow.supplied_kw,
        ev_kw=ev_kw,
        storage_kw=np.zeros_like(ev_kw),
        v2g_kw=np.zeros_like(ev_kw),
        v_pu=flow.v_pu,
        energy_kwh={},
    )


def plan_content(plan: SchemePlan) -> dict[str, Any]:
    """Return a plan as JSON content: what is present in each stage."""
    study = plan.model.study
    sites = {"storage": list(study.data.storage.sites)}
    sites["stations"] = [site.bus for site in study.data.ev.stations]
    return {
        "feeder": study.feeder.name,
        "feeder_digest": study.feeder.digest(),
        "sites": sites,
        "stages": [
            {
                "stage": stage.name,
                "built": [
                    f"{item.kind} {item.name}"
                    for item, bit in zip(plan.model.items, bits, strict=True)
                    if bit
                ],
                "capacity": capacity,
            }
            for stage, bits, capacity in zip(
                study.data.stages, plan.chain, plan.capacity, strict=True
            )
        ],
    }


def _summary(name: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {"scheme": name}
    for key, value in answer.items():
        if isinstance(value, dict):
            for inner, figure in value.items():
                words = " ".join(map(str, figure)) if isinstance(figure, list) else figure
                flat[f"{key}_{inner}"] = words
        else:
            flat[key] = " ".join(map(str, value)) if isinstance(value, list) else value
    return flat


def _day_row(scheme: str, day: Day) -> dict[str, Any]:
    content = {
        key: value
        for key, value in asdict(day).items()
        if isinstance(value, str | int | float) or value is None
    }
    is_solved = day.status == "optimal"
    return {
        "scheme": scheme,
        **{k: None if isinstance(v, float) and v != v else v for k, v in content.items()},
        "cost_rmb": sum(day.cost_rmb.values()) if is_solved else None,
        "loss_kwh": day.energy_kwh.get("loss"),
        "curtailed_kwh": day.energy_kwh.get("curtailment"),
        "unserved_charging_kwh": day.energy_kwh.get("unserved_charging"),
        "v_min_pu": float(day.v_pu.min()) if is_solved else None,
        "max_loading_pct": float(day.loading_pct[:, 1:].max()) if is_solved else None,
        "max_mva": float(day.mva.max()) if is_solved else None,
    }
