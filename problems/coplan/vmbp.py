"""Owns storage siting and sizing with the lines given (VMBP), feeder by feeder."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from problems.coplan.equipment import Library, StorageTerms
from problems.coplan.plan import (
    WORST_FIRST,
    Conflict,
    CoplanPlan,
    LineUpgrade,
    judged,
    upgraded_columns,
)
from problems.coplan.scenario import Scenario
from problems.coplan.site_search import SiteSearch
from problems.coplan.storage_conflicts import least_conflicts
from problems.coplan.storage_model import Grid, one_feeder
from problems.coplan.storage_program import LOSS_PRICE, FeederStorage, StorageProgram
from problems.coplan.vcu import feeders_behind, names_of


def plan_storage(
    scenario: Scenario,
    library: Library,
    *,
    least_kwh: float = 0.0,
    cables: Sequence[LineUpgrade] = (),
    gap: float = 5e-4,
    limit_s: float = 300.0,
) -> CoplanPlan:
    """Plan storage so that every hour keeps every limit, at least cost, lines given.

    Parameters
    ----------
    least_kwh : float
        Least capacity of a unit; 0 for none.
    cables : sequence of LineUpgrade
        Lines replaced beforehand.

    Returns
    -------
    CoplanPlan
        Status `infeasible` with feeder, lines and hours that stand in the way: where the least
        sum of slack that any storage leaves is not 0.
    """
    start = time.perf_counter()
    grid = Grid(*upgraded_columns(scenario.feeder, library, cables))
    parts: list[FeederStorage] = []
    conflicts: list[Conflict] = []
    feeders = feeders_behind(scenario)
    for buses in feeders:
        part, at = one_feeder(scenario, buses)
        left = limit_s - (time.perf_counter() - start)
        found = feeder_storage(
            part, library.storage, grid.only(at), least_kwh=least_kwh, gap=gap, limit_s=left
        )
        parts.append(found)
        if found.status == "infeasible":
            conflicts += least_conflicts(part, library.storage, grid.only(at)) or []
    statuses = [part.status for part in parts]
    status = next((word for word in WORST_FIRST if word in statuses), "optimal")
    words = [part.message for part in parts if part.message]
    stuck = [buses for buses, word in zip(feeders, statuses, strict=True) if word == "infeasible"]
    if stuck:
        words.insert(0, f"no storage keeps every limit of {names_of(scenario, stuck)}")
    message = "; ".join(dict.fromkeys(words))
    plan = CoplanPlan(
        "vmbp", status, conflicts=tuple(conflicts), message=message, cables=tuple(cables)
    )
    built = sum(line.cost_usd for line in cables)
    if all(np.isfinite(part.cost_usd) for part in parts):
        units = tuple(unit for part in parts for unit in part.units)
        plan = replace(
            plan,
            storage=units,
            total_usd=built + sum(part.cost_usd for part in parts),
            bound_usd=built + sum(part.bound_usd for part in parts),
        )
        plan = judged(plan, scenario, library)
    return replace(plan, seconds=time.perf_counter() - start)


def is_safe(scenario: Scenario, grid: Grid) -> bool:
    """Return whether the feeder keeps every limit without storage."""
    feeder = replace(scenario.feeder, ampacity_a=grid.ampacity_a)
    return bool(replace(scenario, feeder=feeder).diagnose(grid.r_ohm, grid.x_ohm).is_safe.all())


def feeder_storage(
    scenario: Scenario,
    terms: StorageTerms,
    grid: Grid,
    *,
    least_kwh: float = 0.0,
    gap: float = 5e-4,
    limit_s: float = 300.0,
    has_bound: bool = True,
) -> FeederStorage:
    """Plan the storage of one feeder.

    Without a minimum size two cone programs: the pure cost, whose dual is the bound, and the cost
    with the loss tie-break, whose storage is taken. With one, `SiteSearch` branches best bound
    first on regions without storage or with a unit, and prices the sites each node's storage
    gathers at. Only a program proven infeasible is `infeasible`; a solver's failure says nothing.

    Parameters
    ----------
    has_bound : bool
        Whether a bound is asked for; without one the first program is left out.
    """
    if is_safe(scenario, grid):
        return FeederStorage("optimal", (), 0.0, 0.0)
    program = StorageProgram(scenario, terms, grid, time.perf_counter() + limit_s)
    if least_kwh > 0.0:
        return SiteSearch(program, least_kwh, gap).run()
    bound_usd = 0.0
    if has_bound:
        pure = program.solve(0.0)
        if pure.status == "infeasible":
            return FeederStorage(pure.status)
        bound_usd = pure.bound_usd
    found = program.solve(LOSS_PRICE).storage()
    if found.status == "solver_failed" and least_conflicts(scenario, terms, grid):
        return FeederStorage("infeasible", message=f"some slack is needed ({found.message})")
    return replace(found, bound_usd=min(bound_usd, found.cost_usd))
