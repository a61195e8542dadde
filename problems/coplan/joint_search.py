"""Owns the search for the joint plan of one feeder: branching on storage and on lines.

A node has the total storage in an interval and some choices left for every line. A MILP bounds its
plans (`joint_bound`). One with a narrow interval learns from a cone program how much storage even
its best lines need.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from problems.coplan.best_first import UNRESOLVED, BestFirst
from problems.coplan.choices import Choices, FloatArray, IntArray
from problems.coplan.equipment import Library
from problems.coplan.joint_bound import Node, Relaxation, halved_line
from problems.coplan.plan import Conflict, LineUpgrade, StorageUnit, upgrades_of
from problems.coplan.scenario import Scenario
from problems.coplan.storage_conflicts import least_conflicts
from problems.coplan.storage_model import Grid, one_feeder
from problems.coplan.storage_program import StorageProgram
from problems.coplan.vcu import BoolArray, upgrade_feeder
from problems.coplan.vmbp import feeder_storage

PRICED_WIDTH, NARROW_WIDTH = 0.7, 0.3
"""Widths of an interval over its upper end up to which its choice of lines is a likely plan, and
up to which lines are branched on, not the interval."""

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
    conflicts : tuple of Conflict
        Why there is no plan.
    message : str
    """

    status: str
    cables: tuple[LineUpgrade, ...] = ()
    units: tuple[StorageUnit, ...] = ()
    cost_usd: float = np.inf
    bound_usd: float = 0.0
    conflicts: tuple[Conflict, ...] = ()
    message: str = ""


class JointSearch:
    """Carry the incumbent and the open nodes of one feeder's search."""

    def __init__(
        self, scenario: Scenario, library: Library, choices: Choices, buses: BoolArray, gap: float,
        end: float,
    ) -> None:  # fmt: skip
        self.scenario, self.choices, self.buses = scenario, choices, buses
        self.terms, self.gap, self.end = library.storage, gap, end
        self.part, self.at = one_feeder(scenario, buses)
        self.relaxation = Relaxation(scenario, self.terms, choices, buses, gap, end)
        self.turning_kwh = self._turning_kwh()
        self.best = FeederPlan("infeasible")
        self.tree: BestFirst[Node] = BestFirst()
        self.priced: set[tuple[int, ...]] = set()

    def run(self) -> FeederPlan:
        """Search until the gap is proven or time is up."""
        alone = upgrade_feeder(
            self.scenario, self.choices, self.buses, limit_s=max(self.end - time.perf_counter(), 1)
        )
        if alone.chosen is not None:
            cables = upgrades_of(self.choices, alone.chosen)
            self.best = FeederPlan("optimal", cables, (), alone.cost_usd, alone.bound_usd)
        else:
            best_grid = self._best_grid(np.ones(len(self.choices.branch), dtype=bool))
            conflicts = least_conflicts(self.part, self.terms, best_grid)
            if conflicts:
                return FeederPlan("infeasible", conflicts=tuple(conflicts))
        most_kwh = self._most_kwh()
        if most_kwh <= 0.0:
            return replace(self.best, status=alone.status)
        root = Node(0.0, most_kwh, np.ones(len(self.choices.branch), dtype=bool))
        status = self.tree.run(
            self._relaxed([root]),
            lambda node: self._relaxed(self._children(node)),
            lambda: self._cutoff_usd,
            self.end,
        )
        if not np.isfinite(self.best.cost_usd):
            status = self.tree.without_plan(status)
            word = UNRESOLVED if status == "solver_failed" else self.best.message
            return replace(self.best, status=status, message=word)
        status, bound_usd = self.tree.proven(status, self.best.cost_usd, self.gap)
        return replace(self.best, status=status, bound_usd=bound_usd)

    def _relaxed(self, nodes: Iterable[Node]) -> Iterator[Node]:
        """Yield nodes with the lines of their bound; close those that have none."""
        for node in nodes:
            found = self.relaxation.relaxed(node, self._cutoff_usd)
            if found.chosen is None:
                self.tree.close(found)
            else:
                yield found

    @property
    def _cutoff_usd(self) -> float:
        """Cost below which a plan would be news."""
        return self.best.cost_usd * (1.0 - self.gap)

    def _most_kwh(self) -> float:
        """Return the storage that costs as much as the incumbent, or what fits at every bus."""
        fits = self.terms.most_kwh * float(self.buses.sum())
        if not np.isfinite(self.best.cost_usd):
            return fits
        return min(fits, self.best.cost_usd / self.terms.cost_usd_per_kwh)

    def _turning_kwh(self) -> float:
        """Return the storage up to which no candidate's active power can turn around."""
        below = self.scenario.p_kw.copy()
        for k in range(self.scenario.feeder.n_bus - 1, 0, -1):
            below[:, self.scenario.feeder.parent[k]] += below[:, k]
        least = below[:, self.choices.candidates].min(initial=np.inf)
        return float(least) / self.terms.discharge_kw_per_kwh

    def _children(self, node: Node) -> list[Node]:
        """Price the lines of a node's bound, lift its storage, or halve the interval or a line."""
        low, high, width = node.low_kwh, node.high_kwh, node.high_kwh - node.low_kwh
        assert node.chosen is not None
        if width <= max(PRICED_WIDTH * high, SMALLEST_KWH):
            self._offer(node.chosen)
        if width > NARROW_WIDTH * high and width > SMALLEST_KWH:
            middle = float(np.sqrt(max(low, 20.0) * high)) if high > 40.0 else 0.5 * (low + high)
            middle = middle if low < middle < high else 0.5 * (low + high)
            return [replace(node, high_kwh=middle), replace(node, low_kwh=middle)]
        halves = halved_line(self.choices, self.scenario.relaxed_a, node)
        if not node.is_lifted and (high <= self.turning_kwh or not halves):
            needed = self._least_kwh(node.kept)
            node = replace(node, is_lifted=True)
            if needed > high * (1.0 + 1e-6):
                return []
            if needed > low:
                return [replace(node, low_kwh=min(needed, high))]
        if not halves:
            self.tree.close(node)
        return halves

    def _least_kwh(self, kept: BoolArray) -> float:
        """Return the storage that lines as good as any kept need: least r and x, highest limit.

        Better lines need no more storage as long as storage turns no candidate's flow around.
        """
        program = StorageProgram(self.part, self.terms, self._best_grid(kept), self.end)
        return program.solve(0.0).bound_usd / self.terms.cost_usd_per_kwh

    def _best_grid(self, kept: BoolArray) -> Grid:
        """Return lines as good as any kept."""
        choices = self.choices.only(kept)
        limit_a = self.choices.columns(np.zeros(0, dtype=np.int64))[2]
        for k in choices.candidates:
            limit_a[k] = choices.limit_a[choices.of(k)].max()
        return self._grid(*choices.least(), limit_a)

    def _offer(self, chosen: IntArray) -> None:
        """Price lines by the storage they need, and take the plan if it is the cheapest so far."""
        key = tuple(chosen.tolist())
        lines_usd = float(self.choices.cost_usd[chosen].sum())
        if key in self.priced or lines_usd >= self.best.cost_usd:
            return
        self.priced.add(key)
        found = feeder_storage(
            self.part, self.terms, self._grid(*self.choices.columns(chosen)), has_bound=False,
            limit_s=max(self.end - time.perf_counter(), 1.0),
        )  # fmt: skip
        total = lines_usd + found.cost_usd
        if total < self.best.cost_usd:
            self.best = FeederPlan("optimal", upgrades_of(self.choices, chosen), found.units, total)

    def _grid(self, r_ohm: FloatArray, x_ohm: FloatArray, limit_a: FloatArray) -> Grid:
        return Grid(r_ohm, x_ohm, np.where(np.isfinite(limit_a), limit_a, np.nan)).only(self.at)
