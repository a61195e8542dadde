"""Owns the report of a study of several objectives: its front, and the plan at the knee."""

from __future__ import annotations

from typing import Any

from problems.report.page import Page, Section, Verdict, picture, table_of
from problems.report.pareto import ParetoPlan, ParetoStudy
from problems.report.pareto_figures import named_plans
from problems.report.pareto_folder import figure_keys, front_rows, run_rows
from problems.report.plan_sections import (
    plan_sections,
    plan_words,
    siting_assumptions,
    siting_question,
)

MEANING = {
    "npv": "net present value",
    "voltage": "voltage deviation, the mean of |1 - V|",
    "access": "access, the demand-weighted mean distance to a station",
}


def pareto_page(study: ParetoStudy, command: str) -> Page:
    """Return the report of a study.

    Parameters
    ----------
    study : ParetoStudy
        With its figures in the folder already.
    command : str
        What repeats it.
    """
    siting = study.problem.siting
    instance, feeder = siting.instance, siting.instance.feeder.name
    asked = siting_question(siting.equipment, instance.conditions, feeder)
    objectives = "; ".join(MEANING[name] for name in study.problem.objectives)
    sections: tuple[Section, ...] = (_front_section(study),)
    if study.knee is not None:
        knee = study.front[study.knee]
        sections += plan_sections(knee.plan, knee.assessment, instance, None, ": the knee")
    return Page(
        title=f"Several objectives on {feeder}",
        question=f"Which plans does no other beat in every objective ({objectives})? {asked}",
        answer=_answer(study),
        certificate=_certificate(study),
        command=command,
        assumptions=siting_assumptions(instance.conditions),
        sections=sections,
    )


def _answer(study: ParetoStudy) -> str:
    if study.knee is None:
        return "No feasible plan was found."
    knee = study.front[study.knee]
    return (
        f"{len(study.front)} plans are not dominated by another; the knee builds "
        f"{plan_words(knee.plan)}: {_figures(knee)}."
    )


def _figures(member: ParetoPlan) -> str:
    judged = member.assessment
    currency = member.plan.conditions.prices.currency.upper()
    words = [f"net present value {judged.npv or 0.0:,.0f} {currency}"]
    if judged.voltage_deviation_pu is not None:
        words.append(f"voltage deviation {judged.voltage_deviation_pu:.4f} p.u.")
    if judged.access is not None:
        words.append(f"access {judged.access:.3g} {judged.access_unit}")
    return ", ".join(words)


def _certificate(study: ParetoStudy) -> str:
    spent = sum(run.n_evaluations for run in study.runs)
    share = "" if study.hypervolume is None else f", hypervolume {study.hypervolume:.4f}"
    return (
        f"Found by NSGA-II in {len(study.runs)} runs, {spent:,} power flows{share}; every plan is "
        "judged by the AC power flow, but nothing proves that no better plan exists."
    )


def _front_section(study: ParetoStudy) -> Section:
    if study.knee is None:
        least = min(run.violation for run in study.runs)
        words = f"least violation {least:.3g} of its limit"
        return Section("Front", verdicts=(Verdict("A feasible plan was found", "fails", words),))
    rows: list[dict[str, Any]] = []
    for place, _, _, name in named_plans(study):
        member = study.front[place]
        figures = figure_keys(member)
        unit = figures.pop("access_unit")
        figures[f"access_{unit}"] = figures.pop("access")
        rows.append(
            {"plan": f"{place + 1:03d}", "what": name, **figures, "builds": plan_words(member.plan)}
        )
    every = [{**row, "plan": row["plan"][6:9]} for row in front_rows(study)]
    figures_drawn = [picture("front.png", "Every pair of objectives of the front.", is_wide=True)]
    if study.attainment:
        words = "What one, half and all runs attain in the first two objectives."
        figures_drawn.append(picture("attainment.png", words))
    return Section(
        "Front",
        figures=tuple(figures_drawn),
        tables=(
            table_of("Extremes and the knee", rows),
            table_of("Every plan of the front", every, is_long=True),
            table_of("Runs", run_rows(study), is_long=True),
        ),
    )
