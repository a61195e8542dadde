"""Owns the reproduction as a whole: rows, figures and the page of results/papers/hgapso."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.papers.hgapso import page
from benchmarks.papers.hgapso.engines import N_RUNS, best_plans, case_3, run_contests
from benchmarks.papers.hgapso.patterns import (
    convergence_rows,
    profile_rows,
    speed_rows,
    time_rows,
    tornado_rows,
)
from benchmarks.papers.hgapso.physics import LossFloor, StationPair, best_pair
from benchmarks.papers.hgapso.printed import printed
from benchmarks.papers.hgapso.profiles import draw_profiles
from benchmarks.papers.hgapso.readings import CONVERGED, PAPER, STATION_KW
from benchmarks.papers.hgapso.slips import definition_rows, text_rows
from benchmarks.papers.hgapso.tables import capacitor_rows, flow_rows, sum_rows, v2g_rows
from benchmarks.papers.hgapso.verdicts import NOT_REPRODUCED, REPRODUCED
from benchmarks.papers.rows import Row, write_page, write_rows
from benchmarks.registry import Task
from problems.core.equipment import Asset
from problems.core.plan import Plan
from problems.report.tables import write_table
from problems.report.tornado import draw_tornado
from problems.siting.certified import certified_plan, certify_problem
from problems.siting.sensitivity import Swing, npv_as_assumed, sensitivity

N_JOBS = 1
QUICK_RUNS = 2
LIMIT_S, QUICK_LIMIT_S = 300.0, 5.0
"""Seconds that the certificate of each best plan may take."""


def run(task: Task) -> dict[str, Any]:
    """Reproduce the paper and write rows.csv, tables, figures and the page.

    Returns
    -------
    dict
        Rows as written, and how many printed figures have each verdict.
    """
    out = task.out
    task.say("tables III to VII, all pairs of station buses")
    pairs = [best_pair(f.name, reading) for f in printed().feeder for reading in (PAPER, CONVERGED)]
    rows = [*flow_rows(), *sum_rows(), *pair_rows(pairs), *printed_rows()]
    rows += [*text_rows(), *definition_rows(), *profile_rows()]
    tornados = {feeder.name: tornado(out, feeder.name) for feeder in printed().feeder}
    for name, swings in tornados.items():
        rows += tornado_rows(name, swings)
    task.say("our runs of the engines")
    n_runs = QUICK_RUNS if task.is_quick else N_RUNS
    contests = list(run_contests(out / "contest", n_runs, N_JOBS))
    for contest in contests:
        rows += convergence_rows(contest)
    rows += speed_rows(contests[0])
    times = list(time_rows(contests[0]))
    task.say("best plans and their certificates")
    best = list(best_plans(QUICK_LIMIT_S if task.is_quick else LIMIT_S))
    for plan in best:
        if plan.plan is not None:
            floor = "floor-on" if plan.v_min_pu > 0.0 else "floor-off"
            rule = "final-year" if plan.reading == CONVERGED.name else "equation-5"
            plan.plan.save(out / "plans" / f"{plan.feeder}-{rule}-{floor}.json")
    for feeder in printed().feeder:
        draw_profiles(out / f"profile_{feeder.name}.png", feeder.name)
    write_rows(out / "rows.csv", rows)
    write_rows(out / "timing.csv", times)
    write_table(out / "best_plans.csv", page.best_plan_rows(best))
    write_table(out / "contest.csv", page.contest_rows(contests))
    write_page(out / "README.md", page.summary(rows, pairs, contests, best))
    figures = {(row.table, row.row, row.quantity): row.verdict for row in rows}
    return {
        "rows": [asdict(row) for row in [*rows, *times]],
        "verdicts": dict(Counter(figures.values())),
    }


def printed_rows() -> list[Row]:
    """Return the rows of the printed plans: Tables V, VI and VII."""
    floor = LossFloor()
    return [*capacitor_rows(floor), *v2g_rows(floor)]


def pair_rows(pairs: Sequence[StationPair]) -> list[Row]:
    """Return, for Case 2, whether the station buses called optimal are: all pairs were tried."""
    rows = []
    for pair in pairs:
        reason = f"least losses of all {pair.n_pairs:,} pairs"
        if not pair.is_printed_best:
            reason = f"another pair has less losses: buses {' and '.join(pair.best_buses)}"
        rows.append(
            Row(
                "IV",
                f"{pair.feeder}, optimal stations {', '.join(pair.printed_buses)}",
                "loss_kw of the best pair",
                pair.printed_loss_kw,
                pair.best_loss_kw,
                pair.reading,
                pair.best_loss_kw * 1e-7,
                REPRODUCED if pair.is_printed_best else NOT_REPRODUCED,
                reason,
            )
        )
    return rows


def tornado(out: Path, feeder: str) -> list[Swing]:
    """Write the tornados of the certified best plan, kept and sited anew, final-year rule.

    Returns
    -------
    list of Swing
        Of the paper's own HGAPSO plan in its own reading, for the ranks of Figure 5; of the best
        plan where its list is missing.
    """
    problem = case_3(feeder, CONVERGED)
    best = certified_plan(problem, certify_problem(problem, limit_s=120.0))
    assert best is not None
    for name, equipment in (("kept", None), ("anew", problem.equipment)):
        found = sensitivity(best, problem.instance, equipment=equipment)
        npv = npv_as_assumed(best, problem.instance, equipment)
        how = "plan kept" if equipment is None else "plan sited anew"
        title = f"{feeder}: NPV of the best plan when one price changes by 10 %, {how}"
        draw_tornado(out / f"tornado_{feeder}_{name}.png", title, found, npv, "usd")
        rows = [
            {"parameter": s.parameter, "npv_low_usd": s.npv_low, "npv_high_usd": s.npv_high}
            for s in found
        ]
        write_table(out / f"tornado_{feeder}_{name}.csv", rows)
    paper = PAPER.instance(feeder)
    banks = printed().capacitors_of(feeder, "HGAPSO").banks
    assets = [Asset("station", b, kw=STATION_KW) for b in printed().feeder_of(feeder).station_buses]
    assets += [Asset("capacitor", bank.bus, kvar=bank.kvar) for bank in banks]
    return sensitivity(Plan.of(paper, tuple(assets) if banks else best.assets), paper)
