"""Owns the memetic engine's 30 runs a feeder: how many reach the certified bound, how soon."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from statistics import median
from typing import Any

import numpy as np

from benchmarks.page import markdown_table, yes_no
from benchmarks.registry import Task
from benchmarks.resume import Parts
from benchmarks.search.cases import compile_proofs, make_problem
from heuristics.engine import make_engine
from heuristics.loop import Progress, minimize
from problems.core.content import json_text, write_text
from problems.report.bounds import relative_gap
from problems.report.tables import write_table
from problems.siting.certified import certify_problem

ENGINE = "memetic"
SHARE = 1e-3
ENOUGH = 29 / 30
LOOSE = ("ieee118", "floor-on")
"""Barely feasible: success is a feasible plan, and the gap is reported."""
LOOSE_LEAST = 40
"""Evaluations that a run spends there at least, after its first feasible plan too."""
BUDGETS = {
    ("ieee33", "floor-off"): 500,
    ("ieee33", "floor-on"): 500,
    ("ieee69", "floor-off"): 500,
    ("ieee69", "floor-on"): 500,
    ("ieee85", "floor-off"): 1500,
    ("ieee85", "floor-on"): 1500,
    ("brazil136", "floor-off"): 1500,
    ("brazil136", "floor-on"): 1500,
    ("ieee118", "floor-off"): 1500,
    ("ieee118", "floor-on"): 1500,
}
SOURCES = ("heuristics", "problems/siting", "powerflow")


def run(task: Task) -> Mapping[str, Any]:
    """Run the engine on every case and write memetic.csv, memetic_runs.csv and memetic.md."""
    n_run = 3 if task.is_quick else 30
    cases = list(BUDGETS)[:2] if task.is_quick else list(BUDGETS)
    settings = {"seed": task.seed, "runs": n_run, "share": SHARE, "least": LOOSE_LEAST}
    parts = Parts(task.out, ENGINE, settings, SOURCES)
    compile_proofs()
    rows, all_runs = [], []
    for feeder, floor in cases:
        task.say(f"{feeder} {floor}")
        make = partial(prove, feeder, floor)
        proof = parts.get(f"{feeder}-{floor}-bound", make)
        runs = []
        for i in range(n_run):
            make = partial(search, feeder, floor, proof["bound_usd"], task.seed, i)
            runs.append(parts.get(f"{feeder}-{floor}-{i}", make))
        rows.append(judge(feeder, floor, proof["bound_usd"], runs))
        all_runs += [{"feeder": feeder, "floor": floor, "run": i} | r for i, r in enumerate(runs)]
    write_table(task.out / "memetic.csv", rows)
    write_table(task.out / "memetic_runs.csv", all_runs)
    write_text(task.out / "memetic.md", _page(rows))
    content = {"settings": settings, "rows": rows}
    write_text(task.out / "memetic.json", json_text(content))
    parts.remove()
    return content


def prove(feeder: str, floor: str) -> dict[str, Any]:
    """Return the certified bound of a case with free stations."""
    found = certify_problem(make_problem(feeder, floor), gap=1e-4, limit_s=600.0)
    if found.bound_usd is None:
        raise RuntimeError(f"{feeder} {floor}: no certified bound: {found.message}")
    return {"bound_usd": found.bound_usd}


def search(feeder: str, floor: str, bound: float, seed: int, run: int) -> dict[str, Any]:
    """Return what one run spent until success, or until its budget's end, and where it stands."""
    is_loose = (feeder, floor) == LOOSE
    goal = np.inf if is_loose else -bound + SHARE * abs(bound)

    def is_there(progress: Progress) -> bool:
        best = progress.best
        is_long_enough = not is_loose or progress.n_evaluations >= LOOSE_LEAST
        return best.violation == 0.0 and best.f <= goal and is_long_enough

    found = minimize(
        make_problem(feeder, floor),
        make_engine(ENGINE),
        seed=np.random.SeedSequence((seed, run)),
        budget=BUDGETS[feeder, floor],
        callback=is_there,
    )
    history = found.history
    reached = np.flatnonzero((history.violation == 0.0) & (history.f <= goal))
    return {
        "n_evaluations": found.n_evaluations,
        "is_feasible": found.is_feasible,
        "npv_usd": -found.f if found.is_feasible else None,
        "reached_after": int(history.evaluation[reached[0]]) if reached.size else None,
    }


def judge(
    feeder: str, floor: str, bound: float, runs: list[dict[str, Any]]
) -> dict[str, str | int | float | bool | None]:
    """Return the row of a case: successes in how many runs, and evaluations until success."""
    after = [run["reached_after"] for run in runs if run["reached_after"] is not None]
    gaps = [relative_gap(bound, run["npv_usd"]) for run in runs]
    known = [gap for gap in gaps if gap is not None]
    return {
        "feeder": feeder,
        "floor": floor,
        "budget": BUDGETS[feeder, floor],
        "success": "feasible" if (feeder, floor) == LOOSE else "within 0.1 % of the bound",
        "runs": len(runs),
        "feasible": sum(run["is_feasible"] for run in runs),
        "successes": len(after),
        "evaluations_median": median(after) if after else None,
        "evaluations_most": max(after, default=None),
        "bound_usd": bound,
        "gap_median": median(known) if known else None,
        "gap_least": min(known, default=None),
        "gap_most": max(known, default=None),
        "is_met": len(after) >= ENOUGH * len(runs),
    }


def _page(rows: list[dict[str, Any]]) -> str:
    lines = (
        (
            row["feeder"],
            row["floor"],
            str(row["budget"]),
            row["success"],
            f"{row['successes']} of {row['runs']}",
            "-" if row["evaluations_median"] is None else f"{row['evaluations_median']:g}",
            "-" if row["evaluations_most"] is None else f"{row['evaluations_most']}",
            *("-" if row[k] is None else f"{row[k]:.1e}" for k in ("gap_median", "gap_most")),
            yes_no(row["is_met"]),
        )
        for row in rows
    )
    header = (
        *("feeder", "floor", "budget", "success means", "successes", "evaluations, median"),
        *("most", "gap at the end, median", "most", "29 of 30"),
    )
    return (
        "# The memetic engine\n\nWritten by `python -m benchmarks search memetic`: runs of two "
        "free stations and at most four banks (ten on ieee118), each stopped at its success. An "
        "evaluation is one power flow; a model's sensitivities count as one more. On ieee118 with "
        "the floor, which is barely feasible, a feasible plan is the success, and a run goes on to "
        f"{LOOSE_LEAST} evaluations to say how far from the bound it then is.\n\n"
        + markdown_table(header, lines)
    )
