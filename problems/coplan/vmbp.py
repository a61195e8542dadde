"""Owns storage siting and sizing (VMBP): a cone program, and branching for a minimum size."""

from __future__ import annotations

import heapq
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from powerflow.units import S_BASE_KVA, i_base_a
from problems.coplan.choices import line_name
from problems.coplan.equipment import Library, StorageTerms
from problems.coplan.plan import (
    Conflict,
    CoplanPlan,
    LineUpgrade,
    StorageUnit,
    judged,
    upgraded_columns,
)
from problems.coplan.scenario import Scenario
from problems.coplan.storage_model import (
    LEAST_KWH,
    USD_SCALE,
    Grid,
    IntArray,
    StorageModel,
    one_feeder,
    storage_model,
)
from problems.coplan.vcu import feeders_behind

LOSS_PRICE = 1e-4
"""Price of losses in `USD_SCALE` USD per MWh that breaks ties between equal capacities: (20) has no
loss term, and the cones are loose without one."""

SLACK_TOL = 1e-5
SPARE_S = 60.0
"""Seconds kept for branching when sites are swapped."""


@dataclass(frozen=True, slots=True)
class FeederStorage:
    """Hold the storage of one feeder.

    Parameters
    ----------
    status : str
        As of `problems.conic.outcome.Outcome`.
    units : tuple of StorageUnit
    cost_usd : float
        Infinite without a solution.
    bound_usd : float
        No storage that keeps every limit costs less.
    message : str
    """

    status: str
    units: tuple[StorageUnit, ...] = ()
    cost_usd: float = np.inf
    bound_usd: float = 0.0
    message: str = ""


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
    for buses in feeders_behind(scenario):
        part, at = one_feeder(scenario, buses)
        left = limit_s - (time.perf_counter() - start)
        found = feeder_storage(
            part, library.storage, grid.only(at), least_kwh=least_kwh, gap=gap, limit_s=left
        )
        parts.append(found)
        if found.status == "infeasible":
            conflicts += least_conflicts(part, library.storage, grid.only(at))
    statuses = [part.status for part in parts]
    worst = ("infeasible", "solver_failed", "time_limit", "gap_limit")
    status = next((word for word in worst if word in statuses), "optimal")
    message = "; ".join(dict.fromkeys(part.message for part in parts if part.message))
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
    with the loss tie-break, whose storage is taken. With one, a dive and then branching.

    Parameters
    ----------
    has_bound : bool
        Whether a bound is asked for; without one the first program is left out.
    """
    if is_safe(scenario, grid):
        return FeederStorage("optimal", (), 0.0, 0.0)
    end = time.perf_counter() + limit_s
    node = _Node(scenario, terms, grid, end)
    if least_kwh > 0.0:
        return _branch(node, least_kwh, gap)
    bound_usd = 0.0
    if has_bound:
        status, _, _, bound_usd, message = node.solve(0.0)
        if status == "infeasible":
            return FeederStorage(status, message=message)
    status, model, _, _, message = node.solve(LOSS_PRICE)
    if model is None:
        if status == "solver_failed" and least_conflicts(scenario, terms, grid):
            return FeederStorage("infeasible", message=f"some slack is needed ({message})")
        return FeederStorage(status, message=message)
    units = model.units()
    cost_usd = sum(unit.cost_usd for unit in units)
    return FeederStorage(status, units, cost_usd, min(bound_usd, cost_usd), message)


@dataclass(slots=True)
class _Node:
    """Solve the program of one feeder with some sites closed and some at their least size."""

    scenario: Scenario
    terms: StorageTerms
    grid: Grid
    end: float

    def solve(
        self,
        loss_price: float,
        sites: IntArray | None = None,
        forced: Sequence[int] = (),
        least_kwh: float = 0.0,
    ) -> tuple[str, StorageModel | None, float, float, str]:
        """Return status, the solved model or None, cost, bound of the objective, and a message."""
        import cvxpy as cp

        from problems.conic import distflow
        from problems.conic.solve import solve

        model = storage_model(self.scenario, self.terms, self.grid, sites=sites)
        rows = list(model.rows)
        at = [int(np.flatnonzero(model.sites == k)[0]) for k in forced]
        if at:
            rows.append(model.capacity[at] >= least_kwh / S_BASE_KVA)
        loss = cp.sum(distflow.active_loss(model.dispatch.flow)) if loss_price else 0.0
        left = max(self.end - time.perf_counter(), 1.0)
        problem = cp.Problem(cp.Minimize(model.cost + loss_price * loss), rows)
        outcome = solve(problem, limit_s=left)
        if not outcome.has_solution:
            return outcome.status, None, np.inf, 0.0, outcome.message
        value, bound = float(outcome.value or 0.0), outcome.bound
        proven = min(value, bound if bound is not None else 0.0) * USD_SCALE
        cost = float(np.maximum(model.capacity.value, 0.0).sum()) * S_BASE_KVA
        cost *= self.terms.cost_usd_per_kwh
        return outcome.status, model, cost, max(proven, 0.0), outcome.message


def _branch(node: _Node, least_kwh: float, gap: float) -> FeederStorage:
    """Dive to sites that are all large enough, then branch on sites, best bound first."""
    status, model, _, bound, message = node.solve(0.0)
    if model is None:
        return FeederStorage(status, message=message)
    best = _dive(node, model, least_kwh)
    queue: list[tuple[float, int, frozenset[int], frozenset[int], Any]] = []
    heapq.heappush(queue, (bound, 0, frozenset(), frozenset(), model))
    count = 0
    while queue and queue[0][0] < best.cost_usd * (1.0 - gap):
        if time.perf_counter() > node.end:
            return replace(best, status="time_limit", bound_usd=queue[0][0])
        _, _, closed, forced, model = heapq.heappop(queue)
        kwh = model.capacity.value * S_BASE_KVA
        open_ = (kwh > LEAST_KWH) & (kwh < least_kwh * (1.0 - 1e-6))
        open_ &= ~np.isin(model.sites, list(forced))
        if not open_.any():
            found = _fixed(node, model.sites[kwh > LEAST_KWH], least_kwh)
            best = found if found.cost_usd < best.cost_usd else best
            continue
        site = int(model.sites[np.argmax(np.where(open_, kwh, -1.0))])
        for more_closed, more_forced in ((closed | {site}, forced), (closed, forced | {site})):
            sites = np.setdiff1d(np.arange(1, node.scenario.feeder.n_bus), list(more_closed))
            _, child, _, bound, _ = node.solve(0.0, sites, sorted(more_forced), least_kwh)
            if child is not None and bound < best.cost_usd * (1.0 - gap):
                count += 1
                heapq.heappush(queue, (bound, count, more_closed, more_forced, child))
    bound = min([queue[0][0]] if queue else [best.cost_usd * (1.0 - gap)])
    if not np.isfinite(best.cost_usd):
        return FeederStorage("infeasible", message="no sites of the least size keep every limit")
    return replace(best, bound_usd=min(bound, best.cost_usd), status="gap_limit")


def _dive(node: _Node, model: StorageModel, least_kwh: float) -> FeederStorage:
    """Close the smaller half of the sites that are too small until none is; then swap sites."""
    sites, kwh = model.sites, model.capacity.value * S_BASE_KVA
    first_sites = sites[kwh > LEAST_KWH]
    while True:
        order = np.argsort(-kwh, kind="stable")
        used = order[kwh[order] > LEAST_KWH]
        small = used[kwh[used] < least_kwh * (1.0 - 1e-6)]
        if not len(small):
            break
        keep = np.concatenate([used[: len(used) - len(small)], small[: len(small) // 2]])
        if not len(keep):
            keep = used[:1]
        sites = sites[keep]
        if len(sites) == 1:
            break
        _, found, _, _, _ = node.solve(LOSS_PRICE, sites)
        if found is None:
            break
        sites, kwh = found.sites, found.capacity.value * S_BASE_KVA
    sites = sites if len(sites) == 1 else sites[kwh[: len(sites)] > LEAST_KWH]
    return _swapped(node, sites, first_sites, least_kwh)


def _swapped(node: _Node, sites: IntArray, others: IntArray, least_kwh: float) -> FeederStorage:
    """Move one site at a time to another one for as long as that is cheaper."""
    best = _fixed(node, sites, least_kwh)
    is_better = True
    while is_better:
        is_better = False
        for position in range(len(sites)):
            for other in np.setdiff1d(others, sites):
                if time.perf_counter() > node.end - SPARE_S:
                    return best
                moved = sites.copy()
                moved[position] = other
                found = _fixed(node, moved, least_kwh)
                if found.cost_usd < best.cost_usd * (1.0 - 1e-6):
                    best, sites, is_better = found, moved, True
    return best


def _fixed(node: _Node, sites: IntArray, least_kwh: float) -> FeederStorage:
    """Return the storage at exactly these sites, each at least of the least size."""
    status, model, _, _, message = node.solve(LOSS_PRICE, sites, sites.tolist(), least_kwh)
    if model is None:
        return FeederStorage(status, message=message)
    units = model.units()
    return FeederStorage(status, units, sum(unit.cost_usd for unit in units), 0.0, message)


def least_conflicts(scenario: Scenario, terms: StorageTerms, grid: Grid) -> list[Conflict]:
    """Return the limits that storage cannot keep, each place in its worst hour, worst first.

    They are those with slack where storage of any size makes the sum of all slack least.
    """
    import cvxpy as cp

    from problems.conic.solve import solve

    model = storage_model(scenario, terms, grid, soft=("ampacity", "voltage_floor"))
    slack = model.dispatch.slack
    outcome = solve(cp.Problem(cp.Minimize(sum(cp.sum(s) for s in slack.values())), model.rows))
    if not outcome.has_solution:
        return [Conflict("collapse", scenario.feeder.bus_id[1], 0, 0.0)]
    feeder = scenario.feeder
    found: list[Conflict] = []
    if "ampacity" in slack:
        limit = grid.ampacity_a[1:][np.isfinite(grid.ampacity_a[1:])]
        lines = 1 + np.flatnonzero(np.isfinite(grid.ampacity_a[1:]))
        room = np.maximum(slack["ampacity"].value, 0.0) * i_base_a(feeder.base_kv) ** 2
        over_a = np.sqrt(limit**2 + room) - limit
        for column, k in enumerate(lines.tolist()):
            hour = int(np.argmax(over_a[:, column]))
            if over_a[hour, column] > SLACK_TOL * limit[column] * 100.0:
                where = line_name(feeder, k)
                found.append(Conflict("ampacity", where, hour, float(over_a[hour, column])))
    room = np.maximum(slack["voltage_floor"].value, 0.0)
    under_pu = scenario.v_min_pu - np.sqrt(np.maximum(scenario.v_min_pu**2 - room, 0.0))
    for k in range(1, feeder.n_bus):
        hour = int(np.argmax(under_pu[:, k - 1]))
        if under_pu[hour, k - 1] > SLACK_TOL:
            amount = float(under_pu[hour, k - 1])
            found.append(Conflict("voltage", feeder.bus_id[k], hour, amount))
    return sorted(found, key=lambda conflict: (conflict.limit, -conflict.amount))
