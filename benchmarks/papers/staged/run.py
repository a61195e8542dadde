"""Owns the reproduction as a whole: plans, sensitivities, cases, rows, figures and the page."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.papers.rows import Row, write_page, write_rows
from benchmarks.papers.staged.claims import curtailment_cases, satisfaction_cases
from benchmarks.papers.staged.figures import draw_order, draw_participation, draw_sweeps
from benchmarks.papers.staged.page import page
from benchmarks.papers.staged.points import Point, Searches
from benchmarks.papers.staged.sweep_tables import sweep_rows
from benchmarks.papers.staged.sweeps import all_sweeps
from benchmarks.papers.staged.tables import day_rows, table_1_rows, text_rows
from benchmarks.registry import Task
from powerflow.library import load_feeder
from problems.report.staged import draw_v2g_day
from problems.report.staged_figures import draw_breakdown, draw_timeline
from problems.report.tables import write_table
from problems.staged.door import shipped_data
from problems.staged.indicators import cost_breakdown, listed_investments
from problems.staged.investment import SCHEMES, Scheme
from problems.staged.outlook import outlook
from problems.staged.scheme_plan import Effort, NoPlan, SchemePlan, plan_scheme
from problems.staged.studied import Studied, studied

PRINTED = Path(__file__).with_name("printed.toml")
FEEDER = "ieee33"
QUICK = "quick"
"""Folder of the quick plans that sensitivities start from, where the plans are not quick."""
PENETRATIONS = (0.1, 0.2, 0.3, 0.4, 0.5)


def run(task: Task) -> dict[str, Any]:
    """Reproduce the paper's system 1 and write rows.csv, tables, figures and the page.

    Solved states and finished points stay in ``states``: a run that was interrupted goes on from
    them. Sensitivities are quick searches whatever the effort of the plans.
    """
    printed = tomllib.loads(PRINTED.read_text(encoding="utf-8"))
    study = studied(load_feeder(FEEDER), shipped_data(FEEDER))
    effort = Effort.of(study, seed=task.seed, is_quick=task.is_quick)
    plans = all_schemes(study, effort, task, task.out)
    quick = Effort.of(study, seed=task.seed, is_quick=True)
    folder = task.out if task.is_quick else task.out / "states" / QUICK
    start = plans if task.is_quick else all_schemes(study, quick, task, folder)
    searches = Searches(study, start, quick, folder, task.say)
    points = all_sweeps(searches)
    by_mode = outlook(study, 0.62, 0.5).indicators
    multiple = by_mode["modes"]["uncoordinated"]["evening_peak_multiple"]
    satisfaction = satisfaction_cases(searches, multiple)
    curtailment = curtailment_cases(searches)
    aging = [
        outlook(study, 0.0, share).indicators["modes"]["uncoordinated"]["transformer_aging_factor"]
        for share in PENETRATIONS
    ]
    rows = [
        *table_1_rows(printed, plans),
        *text_rows(printed, plans, by_mode, aging),
        *(day_rows(printed, plans["D"]) if "D" in plans else ()),
        *sweep_rows(printed, points),
    ]
    cases = [point for some in satisfaction.values() for point in some]
    write_files(task.out, study, plans, [*points, *cases], rows, printed)
    text = page(printed, plans, rows, points, curtailment, satisfaction, effort)
    write_page(task.out / "README.md", text)
    return {
        "rows": [asdict(row) for row in rows],
        "verdicts": dict(Counter(r.verdict for r in rows)),
    }


def all_schemes(study: Studied, effort: Effort, task: Task, folder: Path) -> dict[str, SchemePlan]:
    """Return the plan of every scheme, each offered those before it."""
    plans: dict[str, SchemePlan] = {}
    for name in SCHEMES:
        task.say(f"scheme {name}")
        plan = plan_scheme(
            study, Scheme(name), effort, folder=folder, say=task.say, known=dict(plans)
        )
        if not isinstance(plan, NoPlan):
            plans[name] = plan
    return plans


def write_files(
    out: Path,
    study: Studied,
    plans: Mapping[str, SchemePlan],
    points: Sequence[Point],
    rows: Sequence[Row],
    printed: Mapping[str, Any],
) -> None:
    """Write rows, tables and figures."""
    write_rows(out / "rows.csv", rows)
    write_table(out / "sweeps.csv", [asdict(point) for point in points])
    write_table(
        out / "investments.csv",
        [
            {"scheme": name, **row}
            for name, plan in plans.items()
            for row in listed_investments(plan)
        ],
    )
    write_table(out / "costs.csv", [{"scheme": n, **cost_breakdown(p)} for n, p in plans.items()])
    draw_timeline(out / "timeline.png", "What each scheme builds when", plans)
    draw_breakdown(out / "costs.png", "Life-cycle cost, all 24 scenarios", plans)
    if "D" in plans:
        draw_v2g_day(out / "summer_day.png", plans["D"])
    prices = study.data.prices
    assumed = {
        "line price": prices.line_per_km,
        "storage price": prices.storage_per_kwh,
        "managed price": 1.0,
    }
    draw_order(out / "order.png", points, assumed)
    draw_sweeps(out / "sweeps.png", points)
    draw_participation(
        out / "participation.png",
        points,
        printed["text"]["saturation"],
        study.data.stages[-1].ev_count,
    )
