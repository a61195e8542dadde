"""Owns diagnosis-driven co-planning (DDCP): upgrades of the first N bottlenecks, then storage."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import joblib
import numpy as np

from problems.coplan.bottlenecks import Diagnosed, StageOne, diagnose_bottlenecks
from problems.coplan.choices import UpgradeRule
from problems.coplan.equipment import Library, StorageTerms
from problems.coplan.plan import WORST_FIRST, Conflict, CoplanPlan, judged, upgraded_columns
from problems.coplan.scenario import Scenario
from problems.coplan.storage_model import Grid, one_feeder
from problems.coplan.storage_program import FeederStorage
from problems.coplan.vcu import feeders_behind
from problems.coplan.vmbp import feeder_storage

PROVEN_GAP = 5e-4


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Hold Stage III for one N: a point of the paper's Figure 8.

    Parameters
    ----------
    upgrades : int
        N.
    total_usd, storage_kwh, bound_usd : float or None
        None without storage that keeps every limit.
    cable_usd : float
        Cost of the N lines.
    status : str
        The worst of the feeders behind the source.
    is_ac_feasible : bool
        Whether the power flow of every hour keeps every limit.
    message : str
        What the solver had to say.
    """

    upgrades: int
    total_usd: float | None
    cable_usd: float
    storage_kwh: float | None
    bound_usd: float | None
    status: str
    is_ac_feasible: bool = False
    message: str = ""


@dataclass(frozen=True, slots=True)
class Coplan:
    """Hold the whole framework's outcome: the chosen plan, the curve and the diagnosis."""

    plan: CoplanPlan
    curve: tuple[CurvePoint, ...]
    diagnosed: Diagnosed


def coplan(
    scenario: Scenario,
    library: Library,
    rule: UpgradeRule | None = None,
    *,
    stage_one: StageOne = "lexicographic",
    upgrades: int | None = None,
    gap: float = PROVEN_GAP,
    limit_s: float = 600.0,
    n_jobs: int = 1,
) -> Coplan:
    """Run the three stages; the cheapest N whose plan the power flow confirms is the plan.

    Parameters
    ----------
    upgrades : int, optional
        The one N of Stage III; every N from 0 to the number of bottlenecks by default.
    gap : float
        Gap of the storage above which a plan is not called optimal.
    n_jobs : int
        Workers for Stage III; the answer does not depend on it.

    Returns
    -------
    Coplan
        The plan's bound is that of Stage III for its N: no storage with these lines costs less.
    """
    start = time.perf_counter()
    diagnosed = diagnose_bottlenecks(scenario, library, rule, stage_one)
    if diagnosed.status != "optimal":
        plan = CoplanPlan(
            "ddcp", diagnosed.status, conflicts=diagnosed.conflicts, message=diagnosed.message,
            seconds=time.perf_counter() - start,
        )  # fmt: skip
        return Coplan(plan, (), diagnosed)
    most = len(diagnosed.upgrades)
    wanted = list(range(most + 1)) if upgrades is None else [min(upgrades, most)]
    by_n = _stage_three(scenario, library, diagnosed, wanted, limit_s, n_jobs)
    plans = [
        judged(_assembled(diagnosed, n, parts, gap), scenario, library)
        for n, parts in zip(wanted, by_n, strict=True)
    ]
    curve = tuple(_point(n, plan) for n, plan in zip(wanted, plans, strict=True))
    found = [plan for plan in plans if plan.total_usd is not None]
    best = min(
        found, key=lambda plan: (not plan.is_ac_feasible, plan.total_usd or 0.0), default=None
    )
    if best is None:
        best = _no_plan(diagnosed, curve)
    return Coplan(replace(best, seconds=time.perf_counter() - start), curve, diagnosed)


def _assembled(
    diagnosed: Diagnosed, n: int, parts: Sequence[FeederStorage], gap: float
) -> CoplanPlan:
    """Return the first n upgrades with the storage of each feeder; no total without storage."""
    lines = diagnosed.upgrades[:n]
    built = sum(line.cost_usd for line in lines)
    statuses = [part.status for part in parts]
    status = next((word for word in WORST_FIRST if word in statuses), "optimal")
    words = [f"{n} of {len(diagnosed.upgrades)} bottlenecks upgraded"]
    words += dict.fromkeys(part.message for part in parts if part.message)
    plan = CoplanPlan("ddcp", status, lines, message="; ".join(words))
    if not all(np.isfinite(part.cost_usd) for part in parts):
        return plan
    total_usd = built + sum(part.cost_usd for part in parts)
    bound_usd = built + sum(part.bound_usd for part in parts)
    if status == "optimal" and bound_usd < total_usd * (1.0 - gap):
        status = "gap_limit"
    return replace(
        plan,
        status=status,
        storage=tuple(unit for part in parts for unit in part.units),
        total_usd=total_usd,
        bound_usd=bound_usd,
    )


def _point(n: int, plan: CoplanPlan) -> CurvePoint:
    """Return what the curve shows of a plan."""
    has_plan = plan.total_usd is not None
    return CurvePoint(
        n,
        plan.total_usd,
        plan.cable_usd + plan.breaker_usd,
        plan.storage_kwh if has_plan else None,
        plan.bound_usd,
        plan.status,
        has_plan and plan.is_ac_feasible,
        plan.message.partition("; ")[2],
    )


def _no_plan(diagnosed: Diagnosed, curve: Sequence[CurvePoint]) -> CoplanPlan:
    """Return that no N asked for has storage, with the bottlenecks and low buses that remain."""
    named = tuple(
        Conflict("ampacity", f"{line.from_bus}-{line.to_bus}", 0, bottleneck.excess_a)
        for line, bottleneck in zip(diagnosed.upgrades, diagnosed.bottlenecks, strict=True)
    )
    status = "infeasible" if all(p.status == "infeasible" for p in curve) else "solver_failed"
    return CoplanPlan(
        "ddcp", status, conflicts=named + diagnosed.low_buses,
        message="no number of upgrades asked for makes storage enough",
    )  # fmt: skip


def _stage_three(
    scenario: Scenario,
    library: Library,
    diagnosed: Diagnosed,
    wanted: Sequence[int],
    limit_s: float,
    n_jobs: int,
) -> list[list[FeederStorage]]:
    """Return the storage of each feeder for each N; the same lines of a feeder are solved once."""
    parts = [one_feeder(scenario, buses) for buses in feeders_behind(scenario)]
    keys: list[list[tuple[int, int]]] = []
    tasks: dict[tuple[int, int], tuple[Scenario, Grid]] = {}
    for n in wanted:
        grid = Grid(*upgraded_columns(scenario.feeder, library, diagnosed.upgrades[:n]))
        row = []
        for position, (part, at) in enumerate(parts):
            own = sum(b.branch in at[1:] for b in diagnosed.bottlenecks[:n])
            row.append((position, own))
            tasks.setdefault((position, own), (part, grid.only(at)))
        keys.append(row)
    solved = joblib.Parallel(n_jobs=n_jobs)(
        joblib.delayed(_storage)(part, library.storage, grid, limit_s)
        for part, grid in tasks.values()
    )
    by_key = dict(zip(tasks, solved, strict=True))
    return [[by_key[key] for key in row] for row in keys]


def _storage(part: Scenario, terms: StorageTerms, grid: Grid, limit_s: float) -> FeederStorage:
    """Return the storage of one feeder; where the solver fails, scaled anew.

    Cones are scaled to the feeder's own load; the mean load with EVs is several times that. It
    matters where storage can only just keep the limits and the program is all but infeasible.
    """
    found = feeder_storage(part, terms, grid, limit_s=limit_s)
    if found.status != "solver_failed":
        return found
    feeder = replace(part.feeder, p_kw=part.p_kw.mean(axis=0), q_kvar=part.q_kvar.mean(axis=0))
    again = feeder_storage(replace(part, feeder=feeder), terms, grid, limit_s=limit_s)
    return again if np.isfinite(again.cost_usd) or again.status == "infeasible" else found
