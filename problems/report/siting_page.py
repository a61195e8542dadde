"""Owns the reports of site and compare: the best plan of each feeder, and the race behind it."""

from __future__ import annotations

from typing import Any

from heuristics.experiment.folder import plain_name
from problems.core.assess import assess
from problems.core.plan import Plan
from problems.report.bounds import Bound
from problems.report.contest import ranking_rows, rankings
from problems.report.page import Figure, Page, Section, Table, picture, table_of
from problems.report.plan_sections import (
    certificate_words,
    plan_sections,
    plan_words,
    siting_assumptions,
    siting_question,
)
from problems.report.study import JudgedRun, SitingStudy
from problems.report.summary import pair_rows, summary_rows
from problems.siting.problem import SitingProblem

SUMMARY_COLUMNS = ("feeder", "engine", "runs", "feasible", "success_rate", "ert", "gap")


def siting_page(study: SitingStudy, command: str) -> Page:
    """Return the report of a study; one run a feeder is a search, more are a comparison.

    Parameters
    ----------
    study : SitingStudy
        With its figures in the folder already.
    command : str
        What repeats it.
    """
    if len(study.runs) == len(study.problems):
        return _search_page(study, command)
    return _comparison_page(study, command)


def certificate_page(problem: SitingProblem, bound: Bound, plan: Plan | None, command: str) -> Page:
    """Return the report of a proof, with the plan that came with it.

    Parameters
    ----------
    problem : SitingProblem
    bound : Bound
    plan : Plan, optional
        None where the proof ended without one.
    command : str
        What repeats it.
    """
    instance = problem.instance
    conditions, feeder = instance.conditions, instance.feeder.name
    sections: tuple[Section, ...] = ()
    answer = f"No plan came with the proof: {bound.status}."
    if plan is not None:
        judged = assess(plan, instance)
        sections = plan_sections(plan, judged, instance, bound)
        answer = f"Build {plan_words(plan)}."
    return Page(
        title=f"Certificate of siting on {feeder}",
        question=siting_question(problem.equipment, conditions, feeder),
        answer=answer,
        certificate=certificate_words(bound, bound.plan_npv, conditions.prices.currency),
        command=command,
        assumptions=siting_assumptions(conditions),
        sections=sections,
    )


def _search_page(study: SitingStudy, command: str) -> Page:
    ((feeder, problem),) = study.problems.items()
    (run,) = study.runs
    conditions = problem.instance.conditions
    bound = study.bounds.get(feeder)
    return Page(
        title=f"Siting on {feeder}",
        question=siting_question(problem.equipment, conditions, feeder),
        answer=_plan_answer(run, feeder),
        certificate=certificate_words(bound, run.npv, conditions.prices.currency),
        command=command,
        assumptions=siting_assumptions(conditions),
        sections=_best_sections(study, feeder, "", (_convergence(feeder, run.row.engine),)),
    )


def _comparison_page(study: SitingStudy, command: str) -> Page:
    feeders = list(study.problems)
    first = study.problems[feeders[0]]
    n_runs = len(study.of(feeders[0], study.engines[0]))
    budget = study.runs[0].row.budget
    question = (
        f"Which of {', '.join(study.engines)} finds the best plan within {budget:,} power flows, "
        f"over {n_runs} run{'s' * (n_runs > 1)} each? "
        f"{siting_question(first.equipment, first.instance.conditions, ', '.join(feeders))}"
    )
    proofs = []
    for feeder, problem in study.problems.items():
        best = study.best(feeder)
        npv = None if best is None else best.npv
        currency = problem.instance.conditions.prices.currency
        words = certificate_words(study.bounds.get(feeder), npv, currency)
        proofs.append(f"{feeder}: {words}" if len(feeders) > 1 else words)
    plans: tuple[Section, ...] = ()
    for feeder in feeders:
        plans += _best_sections(study, feeder, f": best found on {feeder}")
    return Page(
        title=f"Comparison of engines on {', '.join(feeders)}",
        question=question,
        answer=_race_answer(study),
        certificate=" ".join(proofs),
        command=command,
        assumptions=(
            "Every engine has the same number of power flows and the same seeds, run by run.",
            *siting_assumptions(first.instance.conditions),
        ),
        sections=(_race_section(study), *plans),
    )


def _race_section(study: SitingStudy) -> Section:
    tables = [_summary(study)]
    pairs = pair_rows(study)
    if pairs:
        note = "Wilcoxon signed-rank p after Holm; A12 above 0.5 favors engine a."
        tables.append(table_of("Pairs of engines", pairs, note, is_long=len(pairs) > 12))
    found = rankings(study)
    figures = [_convergence(feeder) for feeder in study.problems]
    scopes = [*study.targets] if len(study.targets) == 1 else [*study.targets, "all"]
    if study.targets:
        name = plain_name(scopes[-1]) if len(scopes) == 1 else "all"
        words = "Share of pairs of run and target reached over evaluations"
        figures.append(picture(f"ecdf_{name}.png", f"{words}."))
    if found:
        tables.append(table_of("Ranks", ranking_rows(found), is_long=True))
        words = "Mean ranks; engines joined by a bar do not differ at 5 %"
        figures.append(picture("ranks.png", f"{words}."))
    return Section("Race", tables=tuple(tables), figures=tuple(figures))


def _summary(study: SitingStudy) -> Table:
    rows: list[dict[str, Any]] = []
    currencies = {p.instance.conditions.prices.currency for p in study.problems.values()}
    suffix = currencies.pop() if len(currencies) == 1 else "mixed"
    for row in summary_rows(study):
        currency = study.problems[row["feeder"]].instance.conditions.prices.currency
        money = {
            f"{name}_{suffix}": row[f"{name}_{currency}"] for name in ("median", "q1", "q3", "best")
        }
        rows.append({**{key: row[key] for key in SUMMARY_COLUMNS}, **money})
    note = (
        "NPV over feasible runs. Success is within 0.1 % of the certified bound, else of the best "
        "known; ert: expected power flows until success; gap: of the best plan to the bound."
    )
    return table_of("Engines", rows, note)


def _race_answer(study: SitingStudy) -> str:
    words = []
    for feeder in study.problems:
        rows = [row for row in summary_rows(study) if row["feeder"] == feeder]
        currency = study.problems[feeder].instance.conditions.prices.currency
        ranked = [row for row in rows if row[f"median_{currency}"] is not None]
        if not ranked:
            words.append(f"on {feeder} no engine found a feasible plan")
            continue
        top = max(row[f"median_{currency}"] for row in ranked)
        best = [row["engine"] for row in ranked if row[f"median_{currency}"] == top]
        words.append(
            f"on {feeder} {' and '.join(best)} with a median NPV of {top:,.0f} {currency.upper()}"
        )
    sentence = "; ".join(words)
    if all("no engine" in word for word in words):
        return sentence[0].upper() + sentence[1:] + "."
    return f"Best median: {sentence}."


def _plan_answer(run: JudgedRun, feeder: str) -> str:
    plan, judged = run.plan, run.assessment
    if plan is None or judged is None:
        return f"The search failed: {run.row.message}."
    currency = plan.conditions.prices.currency.upper()
    if judged.npv is None:
        return f"No plan with a power flow solution was found on {feeder}."
    figures = (
        f"net present value {judged.npv:,.0f} {currency}, losses {judged.loss_kw:,.1f} kW, lowest "
        f"voltage {judged.v_min_pu:.4f} p.u."
    )
    if not judged.is_feasible:
        nearest = f"the nearest, with {plan_words(plan)}, violates a limit: {figures}"
        return f"No feasible plan was found on {feeder}; {nearest}"
    return f"Build {plan_words(plan)}: {figures}"


def _best_sections(
    study: SitingStudy, feeder: str, where: str, more: tuple[Figure, ...] = ()
) -> tuple[Section, ...]:
    best = study.best(feeder)
    if best is None or best.plan is None or best.assessment is None:
        return (Section(f"Plan{where}", text=("Every run failed: there is no plan.",)),)
    instance = study.problems[feeder].instance
    bound = study.bounds.get(feeder)
    return plan_sections(best.plan, best.assessment, instance, bound, where, more)


def _convergence(feeder: str, engine: str = "each engine") -> Figure:
    return picture(
        f"convergence_{plain_name(feeder)}.png",
        f"Best feasible NPV so far on {feeder} over the power flows spent by {engine}.",
    )
