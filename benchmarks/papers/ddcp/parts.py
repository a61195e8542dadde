"""Owns the plans of the reproduction: each is computed once and kept as a file of its own."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.papers.ddcp.readings import CHARGER_KW, LIBRARY, paper_day, printed_lines
from powerflow.library import load_feeder
from problems.coplan import ddcp
from problems.coplan.bottlenecks import StageOne
from problems.coplan.charging import Profile
from problems.coplan.choices import UpgradeRule
from problems.coplan.day import day_of
from problems.coplan.heuristic import plan_by_engine
from problems.coplan.hosting import Hosting, host
from problems.coplan.hosting_storage import host_with_storage
from problems.coplan.joint import plan_jointly
from problems.coplan.plan import CoplanPlan, conflicts_in, judge, upgraded_columns
from problems.coplan.scenario import at_base_kv
from problems.coplan.storage_model import Grid, one_feeder
from problems.coplan.storage_program import LOSS_PRICE, FeederStorage, StorageProgram
from problems.coplan.upgrade import plan_upgrades, plan_uprate
from problems.coplan.vcu import feeders_behind
from problems.coplan.vmbp import plan_storage
from problems.core.content import json_text, read_json, write_text
from problems.report.tables import write_table

RULES = {
    "keep, 1.05 x relaxed": UpgradeRule(),
    "forced, 1.05 x relaxed": UpgradeRule("forced"),
    "keep, 1.05 x own": UpgradeRule(margin_of="own"),
    "keep, no margin": UpgradeRule(margin=None),
}
JOINT_RULES = ("keep, 1.05 x relaxed", "keep, 1.05 x own", "keep, no margin")
HOSTING_KV = (4.16, 6.9, 13.8)
COURSES: dict[str, tuple[Profile, bool]] = {
    "simultaneous": ("simultaneous", False),
    "home": ("home", False),
    "overnight": ("overnight", False),
    "smart": ("smart", False),
    "home, drawn": ("home", True),
    "overnight, drawn": ("overnight", True),
    "smart, drawn": ("smart", True),
}
"""Profiles of hosting, and whether the hours of each EV are drawn."""
N_DRAW, N_STORAGE_DRAW = 10_000, 8
N_EVALUATION, N_RUN = 400, 2
JOINT_LIMIT_S = 300.0


def content(plan: CoplanPlan) -> dict[str, Any]:
    """Return a plan without its times."""
    return {
        **asdict(plan), "gap": plan.gap, "cable_usd": plan.cable_usd,
        "breaker_usd": plan.breaker_usd, "storage_usd": plan.storage_usd,
        "storage_kwh": plan.storage_kwh, "seconds": None,
    }  # fmt: skip


def part_of(folder: Path, name: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return a part from its file, or compute it, write it and note its wall and CPU seconds."""
    path = folder / f"{name}.json"
    if not path.exists():
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        write_text(path, json_text(make()))
        wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
        note_time(folder.parent / "timing.csv", name, wall_s, cpu_s)
    found: dict[str, Any] = read_json(path)
    return found


def note_time(path: Path, name: str, wall_s: float, cpu_s: float) -> None:
    """Note how long a part took, beside those that were computed before."""
    rows = {row["part"]: row for row in read_times(path)}
    rows[name] = {"part": name, "wall_s": f"{wall_s:.1f}", "cpu_s": f"{cpu_s:.1f}"}
    write_table(path, [rows[key] for key in sorted(rows)])


def read_times(path: Path) -> list[dict[str, str]]:
    """Return the rows of timing.csv: part, wall_s, cpu_s."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def cables_part() -> dict[str, Any]:
    """Return VCU at 6.9 kV by all rules, the printed plan of Table VI, and both at 13.8 kV."""
    day, high = paper_day(6.9), paper_day(13.8)
    printed = judge(day, LIBRARY, printed_lines("VI"))
    return {
        "vcu": {name: content(plan_upgrades(day, LIBRARY, rule)) for name, rule in RULES.items()},
        "uprate": {name: content(plan_uprate(high, LIBRARY, rule)) for name, rule in RULES.items()},
        "table_vi": {
            "total_usd": sum(line.cost_usd for line in printed_lines("VI")),
            "v_min_pu": float(printed.v_pu.min()),
            "is_ac_feasible": not conflicts_in(printed, day),
        },
        "v_pu": {
            "without": day.diagnose().v_pu.min(axis=1).tolist(),
            "vcu": judge(
                day, LIBRARY, plan_upgrades(day, LIBRARY, RULES["keep, 1.05 x relaxed"]).cables
            )
            .v_pu.min(axis=1)
            .tolist(),
        },
    }


def storage_part() -> dict[str, Any]:
    """Return storage alone at 20 % with and without a least size, and at 40 %."""
    return {
        "20": content(plan_storage(paper_day(6.9, 20.0), LIBRARY)),
        "20, 200 kWh": content(
            plan_storage(paper_day(6.9, 20.0), LIBRARY, least_kwh=200.0, gap=5e-3)
        ),
        "40": content(plan_storage(paper_day(6.9, 40.0), LIBRARY)),
    }


def stages_part(stage_one: StageOne, n_jobs: int) -> dict[str, Any]:
    """Return the three stages with every N, and the voltages and dispatch of the best."""
    day = paper_day(6.9)
    found = ddcp.coplan(day, LIBRARY, stage_one=stage_one, n_jobs=n_jobs)
    judged = judge(day, LIBRARY, found.plan.cables, found.plan.storage)
    return {
        "plan": content(found.plan),
        "curve": [asdict(point) for point in found.curve],
        "bottlenecks": [
            {
                "from_bus": line.from_bus,
                "to_bus": line.to_bus,
                "size": line.size,
                "cost_usd": line.cost_usd,
                "relaxed_a": bottleneck.relaxed_a,
            }
            for line, bottleneck in zip(
                found.diagnosed.upgrades, found.diagnosed.bottlenecks, strict=True
            )
        ],
        "v_min_pu": judged.v_pu.min(axis=1).tolist(),
    }


def alone_part() -> dict[str, Any]:
    """Return the storage of N = 19 if all of it stands at bus 2058, where the paper has it."""
    day, bus = paper_day(6.9), "2058"
    lines = printed_lines("VII")[:19]
    grid = Grid(*upgraded_columns(day.feeder, LIBRARY, lines))
    found = FeederStorage("infeasible")
    for buses in feeders_behind(day):
        part, at = one_feeder(day, buses)
        if bus not in part.feeder.bus_id:
            continue
        program = StorageProgram(part, LIBRARY.storage, grid.only(at), end=np.inf)
        found = program.solve(LOSS_PRICE, np.array([part.feeder.bus_index(bus)])).storage()
    kwh = sum(unit.kwh for unit in found.units)
    return {"bus": bus, "storage_kwh": kwh, "status": found.status}


def joint_part(rule: str) -> dict[str, Any]:
    """Return the joint plan by one rule."""
    return content(plan_jointly(paper_day(6.9), LIBRARY, RULES[rule], limit_s=JOINT_LIMIT_S))


def heuristic_part(rule: str, folder: Path, seed: int) -> dict[str, Any]:
    """Return the plans of the heuristic by one rule, a run each; finished runs are kept."""
    plans = plan_by_engine(
        paper_day(6.9), LIBRARY, RULES[rule], seed=seed, evaluations=N_EVALUATION, n_runs=N_RUN,
        folder=folder,
    )  # fmt: skip
    return {
        "engine": "ga", "seed": seed, "evaluations": N_EVALUATION, "runs": N_RUN,
        "plans": [content(plan) for plan in plans],
        "history": [_history(folder, run) for run in range(N_RUN)],
    }  # fmt: skip


def _history(folder: Path, run: int) -> list[list[float]]:
    """Return by how many candidates a feeder which cost was reached, all feeders together."""
    steps: list[tuple[int, int, float]] = []
    rows = [read_json(path) for path in sorted((folder / "runs").glob("*.json"))]
    own = [row for row in rows if row["run"] == run]
    for feeder, row in enumerate(own):
        steps += [(n, feeder, usd) for n, usd, violation in row["history"] if violation == 0.0]
    found: list[list[float]] = []
    best: dict[int, float] = {}
    for n, feeder, usd in sorted(steps):
        best[feeder] = usd
        if len(best) == len(own):
            found.append([n, sum(best.values())])
    return found


def _thresholds(found: Hosting) -> dict[str, Any]:
    pct = found.threshold_pct
    return {"median": float(np.median(pct)), "low": int(pct.min()), "high": int(pct.max())}


def hosting_part(base_kv: float, seed: int) -> dict[str, Any]:
    """Return thresholds without storage and probabilities of a violation by profile."""
    feeder = load_feeder("iowa240")
    day, feeder = day_of(feeder), at_base_kv(feeder, base_kv)
    answer: dict[str, Any] = {}
    for name, (profile, is_drawn) in COURSES.items():
        found = host(
            feeder, day, charger_kw=CHARGER_KW, profile=profile, seed=seed, n_draw=N_DRAW,
            is_drawn=is_drawn,
        )  # fmt: skip
        few = Hosting(found.threshold_pct[:N_STORAGE_DRAW])
        answer[name] = {
            "all": _thresholds(found),
            "first": _thresholds(few),
            "probability": [row._asdict() for row in found.probability()],
        }
    return answer


def hosting_storage_part(base_kv: float, seed: int, n_jobs: int) -> dict[str, Any]:
    """Return thresholds with storage over the first draws."""
    feeder = load_feeder("iowa240")
    day, feeder = day_of(feeder), at_base_kv(feeder, base_kv)
    found = host_with_storage(
        feeder, day, LIBRARY.storage, charger_kw=CHARGER_KW, profile="simultaneous", seed=seed,
        n_draw=N_STORAGE_DRAW, n_jobs=n_jobs,
    )  # fmt: skip
    return {**_thresholds(found), "draws": found.threshold_pct.tolist()}


def makers(seed: int, folder: Path) -> dict[str, Callable[[], dict[str, Any]]]:
    """Return what computes each part, by name; those that take long come last.

    Parameters
    ----------
    folder : Path
        Where unfinished runs of the heuristic are kept.
    """
    found: dict[str, Callable[[], dict[str, Any]]] = {"cables": cables_part}
    for kv in HOSTING_KV:
        found[f"hosting-{kv:g}"] = partial(hosting_part, kv, seed)
    found["stages-lambda"] = partial(stages_part, "lambda", 1)
    found["storage-alone"] = alone_part
    found["storage"] = storage_part
    for k, rule in enumerate(JOINT_RULES):
        found[f"joint-{k}"] = partial(joint_part, rule)
        found[f"heuristic-{k}"] = partial(heuristic_part, rule, folder / f"heuristic-{k}", seed)
    for kv in HOSTING_KV:
        found[f"hosting-storage-{kv:g}"] = partial(hosting_storage_part, kv, seed, 1)
    found["stages-lexicographic"] = partial(stages_part, "lexicographic", 1)
    return found
