"""Owns the joint plan of cables and storage: branching on the total storage of a feeder.

Storage of b kWh in all can change the apparent power of any line by at most its inverters' rating,
so that a cable choice MILP with that relief bounds every plan with at most b kWh from below.
"""

from __future__ import annotations

import heapq
import time
from dataclasses import dataclass, replace

import numpy as np

from problems.coplan.choice_milp import cheapest_choice
from problems.coplan.choices import Choices, FloatArray, IntArray, UpgradeRule, make_choices
from problems.coplan.equipment import Library
from problems.coplan.path_rows import Budget, least_flow, path_rows
from problems.coplan.plan import CoplanPlan, LineUpgrade, StorageUnit, judged, upgrades_of
from problems.coplan.scenario import Scenario
from problems.coplan.storage_model import Grid, one_feeder
from problems.coplan.upgrade import candidate_lines, plan_upgrades
from problems.coplan.vcu import BoolArray, feeders_behind, upgrade_feeder
from problems.coplan.vmbp import FeederStorage, feeder_storage

PRICED_WIDTH = 0.7
"""Width of an interval over its upper end from which on its choice of lines is a likely plan."""

SMALLEST_KWH = 1.0
"""Intervals of total storage are not halved below this width."""


@dataclass(frozen=True, slots=True)
class FeederPlan:
    """Hold the joint plan of one feeder.

    Parameters
    ----------
    status : str
    cables : tuple of LineUpgrade
    units : tuple of StorageUnit
    cost_usd, bound_usd : float
        Infinite cost without a plan.
    """

    status: str
    cables: tuple[LineUpgrade, ...] = ()
    units: tuple[StorageUnit, ...] = ()
    cost_usd: float = np.inf
    bound_usd: float = 0.0


def plan_jointly(
    scenario: Scenario,
    library: Library,
    rule: UpgradeRule | None = None,
    *,
    gap: float = 5e-3,
    limit_s: float = 300.0,
) -> CoplanPlan:
    """Choose cables, breakers and storage together, with a proven bound.

    Assumed: only the candidate lines of `candidate_lines` may be replaced; storage delivers and
    draws at most its inverters' rating; loads consume, so that flows point away from the source.

    Parameters
    ----------
    gap : float
        Gap to prove over all feeders together, a fraction.
    """
    start = time.perf_counter()
    rule = rule or UpgradeRule()
    choices = make_choices(scenario, library, rule, candidate_lines(scenario, library, rule))
    feeders = feeders_behind(scenario)
    parts: list[FeederPlan] = []
    owns = [choices.only(buses[choices.branch]) for buses in feeders]
    for position, (own, buses) in enumerate(zip(owns, feeders, strict=True)):
        to_come = sum(1 + len(other.branch) for other in owns[position:])
        left = (limit_s - (time.perf_counter() - start)) * (1 + len(own.branch)) / to_come
        search = _Search(scenario, library, own, buses, gap, time.perf_counter() + left)
        parts.append(search.run())
    if not all(np.isfinite(part.cost_usd) for part in parts):
        alone = plan_upgrades(scenario, library, rule)
        status = next(p.status for p in parts if not np.isfinite(p.cost_usd))
        return replace(
            alone, method="joint", status=status, total_usd=None, bound_usd=None, cables=(),
            message="no plan was found; the conflicts are those of cables alone",
            seconds=time.perf_counter() - start,
        )  # fmt: skip
    total = sum(part.cost_usd for part in parts)
    bound = sum(part.bound_usd for part in parts)
    statuses = [part.status for part in parts]
    status = next((w for w in ("time_limit", "gap_limit") if w in statuses), "optimal")
    plan = CoplanPlan(
        "joint", status,
        tuple(line for part in parts for line in part.cables),
        tuple(unit for part in parts for unit in part.units),
        total, min(bound, total),
    )  # fmt: skip
    return replace(judged(plan, scenario, library), seconds=time.perf_counter() - start)


class _Search:
    """Carry the incumbent and the open intervals of one feeder's search."""

    def __init__(
        self, scenario: Scenario, library: Library, choices: Choices, buses: BoolArray, gap: float,
        end: float,
    ) -> None:  # fmt: skip
        self.scenario, self.choices, self.buses = scenario, choices, buses
        self.terms, self.gap, self.end = library.storage, gap, end
        self.part, self.at = one_feeder(scenario, buses)
        self.best = FeederPlan("infeasible")
        self.priced: set[tuple[int, ...]] = set()

    def run(self) -> FeederPlan:
        """Search until the gap is proven or time is up."""
        alone = upgrade_feeder(
            self.scenario, self.choices, self.buses, limit_s=max(self.end - time.perf_counter(), 1)
        )
        if alone.chosen is not None:
            cables = upgrades_of(self.choices, alone.chosen)
            self.best = FeederPlan("optimal", cables, (), alone.cost_usd, alone.bound_usd)
        most_kwh = self._most_kwh()
        queue: list[tuple[float, float, float]] = []
        if most_kwh > 0.0:
            heapq.heappush(queue, (0.0, 0.0, most_kwh))
        bound = min(alone.bound_usd, self.best.cost_usd)
        status = "optimal"
        closed = bound  # least bound of the intervals that are not halved any more
        while queue:
            floor = min(queue[0][0], closed)
            if floor >= self.best.cost_usd * (1.0 - self.gap):
                break
            if time.perf_counter() > self.end:
                status = "time_limit"
                break
            _, low, high = heapq.heappop(queue)
            if high - low < SMALLEST_KWH:
                closed = min(closed, self._bound(low, high)[0])
                continue
            middle = np.sqrt(max(low, 20.0) * high) if high > 40.0 else 0.5 * (low + high)
            for a, b in ((low, middle), (middle, high)):
                lower, chosen = self._bound(a, b)
                if chosen is not None and b - a <= PRICED_WIDTH * b:
                    self._offer(chosen)
                if lower < self.best.cost_usd * (1.0 - 1e-6):
                    heapq.heappush(queue, (lower, a, b))
        floor = min([closed, self.best.cost_usd] + [item[0] for item in queue])
        if not np.isfinite(self.best.cost_usd):
            return replace(self.best, status=status if status != "optimal" else "infeasible")
        if status == "optimal" and floor < self.best.cost_usd * (1.0 - 1e-4):
            status = "gap_limit"
        return replace(self.best, status=status, bound_usd=floor)

    def _most_kwh(self) -> float:
        """Return the storage that costs as much as the incumbent, or what fits at every bus."""
        fits = self.terms.most_kwh * float(self.buses.sum())
        if not np.isfinite(self.best.cost_usd):
            return fits
        return min(fits, self.best.cost_usd / self.terms.cost_usd_per_kwh)

    def _bound(self, low_kwh: float, high_kwh: float) -> tuple[float, IntArray | None]:
        """Return a lower bound of plans with storage in an interval, and the MILP's choice."""
        stored_usd = low_kwh * self.terms.cost_usd_per_kwh
        budget_usd = self.best.cost_usd - stored_usd
        if budget_usd < 0.0:
            return np.inf, None
        relief: FloatArray = np.full(self.scenario.feeder.n_bus, self.terms.kva_per_kwh * high_kwh)
        budget = Budget(self.choices, budget_usd) if np.isfinite(budget_usd) else None
        flow = least_flow(
            self.scenario, *self.choices.least(), relief, budget=budget, buses=self.buses
        )
        rows = path_rows(self.scenario, self.choices, flow, self.buses)
        active = np.zeros(0, dtype=np.int64)
        while True:
            left = max(self.end - time.perf_counter(), 1.0)
            found = cheapest_choice(
                self.choices, rows.coefficient[active], rows.room[active], left, self.gap / 20.0
            )
            if found.chosen is None:
                return found.bound_usd + stored_usd, None
            z = np.zeros(len(self.choices.branch))
            z[found.chosen] = 1.0
            broken = np.setdiff1d(rows.violated(z), active)
            if not len(broken):
                return found.bound_usd + stored_usd, found.chosen
            worst = rows.coefficient[broken] @ z - rows.room[broken]
            active = np.concatenate([active, broken[np.argsort(-worst)[:200]]])

    def _offer(self, chosen: IntArray) -> None:
        key = tuple(chosen.tolist())
        lines_usd = float(self.choices.cost_usd[chosen].sum())
        if key in self.priced or lines_usd >= self.best.cost_usd:
            return
        self.priced.add(key)
        found = self._storage(chosen)
        total = lines_usd + found.cost_usd
        if total < self.best.cost_usd:
            cables = upgrades_of(self.choices, chosen)
            self.best = FeederPlan("optimal", cables, found.units, total, 0.0)

    def _storage(self, chosen: IntArray) -> FeederStorage:
        r_ohm, x_ohm, limit_a = self.choices.columns(chosen)
        grid = Grid(r_ohm, x_ohm, np.where(np.isfinite(limit_a), limit_a, np.nan)).only(self.at)
        left = max(self.end - time.perf_counter(), 1.0)
        return feeder_storage(self.part, self.terms, grid, has_bound=False, limit_s=left)
