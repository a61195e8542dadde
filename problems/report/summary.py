"""Owns the rows of a siting study: one a run, one an engine and feeder, one a pair of engines."""

from __future__ import annotations

from typing import Any

from heuristics.experiment import compare_pairs, summarize
from problems.report.bounds import relative_gap
from problems.report.study import JudgedRun, SitingStudy


def run_rows(study: SitingStudy) -> list[dict[str, Any]]:
    """Return one row a run, failures included, with figures as the judge found them."""
    rows = []
    for run in study.runs:
        row, judged = run.row, run.assessment
        currency = study.problems[row.problem].instance.conditions.prices.currency
        rows.append(
            {
                "feeder": row.problem,
                "engine": row.engine,
                "run": row.run,
                "seed": row.seed,
                "status": "failed" if row.is_failed else "finished",
                "feasible": None if judged is None else judged.is_feasible,
                f"npv_{currency}": None if judged is None else judged.npv,
                "gap": relative_gap(_bound(study, row.problem), run.npv),
                "violation": None if judged is None else judged.violation,
                "loss_kw": None if judged is None else judged.loss_kw,
                "v_min_pu": None if judged is None else judged.v_min_pu,
                "v_max_pu": None if judged is None else judged.v_max_pu,
                "max_loading_pct": None if judged is None else judged.max_loading_pct,
                "n_evaluations": row.n_evaluations,
                "stations": _sites(run, "station"),
                "capacitors": _sites(run, "capacitor"),
                "message": row.message,
            }
        )
    return rows


def summary_rows(study: SitingStudy) -> list[dict[str, Any]]:
    """Return one row a feeder and engine: medians over feasible runs, success, running times.

    `target` says what success is measured against, `certified` or `best_known`, and the key beside
    it the NPV of that; `gap` is that of the engine's best plan to the certified bound, which is
    given however loose it is.
    """
    objectives = {feeder: target.objective() for feeder, target in study.targets.items()}
    rows = []
    for found in summarize([run.row for run in study.runs], objectives):
        target, best = study.targets.get(found.problem), _negated(found.best)
        currency = study.problems[found.problem].instance.conditions.prices.currency
        violations = [
            run.assessment.violation
            for run in study.of(found.problem, found.engine)
            if run.assessment is not None and run.assessment.violation is not None
        ]
        rows.append(
            {
                "feeder": found.problem,
                "engine": found.engine,
                "runs": found.runs,
                "failed": found.failed,
                "feasible": found.feasible,
                # the objective is the negated NPV, so that its quartiles change places
                f"median_{currency}": _negated(found.median),
                f"q1_{currency}": _negated(found.q3),
                f"q3_{currency}": _negated(found.q1),
                f"best_{currency}": best,
                f"bound_{currency}": _bound(study, found.problem),
                "gap": relative_gap(_bound(study, found.problem), best),
                "target": None if target is None else target.kind,
                f"target_{currency}": None if target is None else target.npv,
                "success_rate": found.success_rate,
                "success_low": found.success_low,
                "success_high": found.success_high,
                "ert": found.ert,
                "ert_low": found.ert_low,
                "ert_high": found.ert_high,
                "least_violation": min(violations, default=None),
            }
        )
    return rows


def pair_rows(study: SitingStudy) -> list[dict[str, Any]]:
    """Return one row a feeder and pair of engines: signed-rank test with Holm, effect size."""
    return [
        {
            "feeder": found.problem,
            "engine_a": found.engine_a,
            "engine_b": found.engine_b,
            "p_holm": found.p_holm,
            "a12": found.a12,
        }
        for found in compare_pairs([run.row for run in study.runs])
    ]


def _bound(study: SitingStudy, feeder: str) -> float | None:
    return study.bounds[feeder].npv if feeder in study.bounds else None


def _negated(value: float | None) -> float | None:
    return None if value is None else 0.0 - value


def _sites(run: JudgedRun, kind: str) -> str | None:
    if run.plan is None:
        return None
    sites = [a for a in run.plan.assets if a.kind == kind]
    return " ".join(f"{a.bus}:{a.kw if a.kvar is None else a.kvar:g}" for a in sites)
