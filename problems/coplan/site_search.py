"""Owns storage with a least size: branching on regions that have none, or enough for a unit.

Any set of buses holds either no storage or at least one unit. The cone program without a least size
spreads storage thinly; a part of the feeder with some, but too little for a unit, is branched on.
"""

from __future__ import annotations

import heapq
import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from powerflow.units import S_BASE_KVA
from problems.coplan.storage_model import LEAST_KWH
from problems.coplan.storage_program import LOSS_PRICE, BoolArray, FeederStorage, StorageProgram

FloatArray = NDArray[np.float64]
SIZE_TOL = 1e-4
"""Share of the least size that a solver may miss it by."""

UNRESOLVED = "no plan was found and nothing is proven: a part of the search was closed unresolved"


@dataclass(frozen=True, slots=True, eq=False)
class _Node:
    """Hold regions without storage, regions with a unit, and the storage of the relaxation."""

    is_closed: BoolArray
    regions: tuple[BoolArray, ...]
    kwh: FloatArray
    bound_usd: float


class SiteSearch:
    """Carry the incumbent and the open nodes of one feeder's search."""

    def __init__(self, program: StorageProgram, least_kwh: float, gap: float) -> None:
        self.program, self.least_kwh, self.gap = program, least_kwh, gap
        feeder = program.scenario.feeder
        self.parent, self.n_bus = feeder.parent, feeder.n_bus
        self.below: BoolArray = np.eye(self.n_bus, dtype=bool)
        for k in range(self.n_bus - 1, 0, -1):
            self.below[self.parent[k]] |= self.below[k]
        self.best = FeederStorage("infeasible")
        self.tried: set[tuple[int, ...]] = set()
        self.closed_usd = np.inf  # least bound of the nodes that are done with
        self.word = "sites that seem to fit do not"  # what the last solver that failed said

    def run(self) -> FeederStorage:
        """Search until the gap is proven or time is up."""
        first = self.program.solve(0.0)
        if first.model is None:
            is_clear = first.status == "infeasible"
            return FeederStorage(first.status, message="" if is_clear else first.message)
        root = np.arange(self.n_bus) == 0
        queue: list[tuple[float, int, _Node]] = []
        nodes = [self._solved(root, (), first.bound_usd)]
        count, status = 0, "optimal"
        while True:
            for node in nodes:
                if node.bound_usd >= self._cutoff_usd:
                    self.closed_usd = min(self.closed_usd, node.bound_usd)
                    continue
                count += 1
                heapq.heappush(queue, (node.bound_usd, count, node))
            if not queue or min(queue[0][0], self.closed_usd) >= self._cutoff_usd:
                break
            if time.perf_counter() > self.program.end:
                status = "time_limit"
                break
            node = heapq.heappop(queue)[2]
            region = self._region(node)
            if region is None:
                self._offer(np.flatnonzero(node.kwh > LEAST_KWH))
                self.closed_usd = min(self.closed_usd, node.bound_usd)
                nodes = []
                continue
            nodes = [
                self._solved(node.is_closed | region, node.regions, node.bound_usd),
                self._solved(node.is_closed, (*node.regions, region), node.bound_usd),
            ]
        if not np.isfinite(self.best.cost_usd):
            if status == "optimal" and np.isfinite(self.closed_usd):
                return FeederStorage("solver_failed", message=f"{UNRESOLVED}, {self.word}")
            message = "no sites of the least size keep every limit"
            message = message if status == "optimal" else "no sites found in time"
            return FeederStorage("infeasible" if status == "optimal" else status, message=message)
        floor = min([self.closed_usd, self.best.cost_usd] + [item[0] for item in queue])
        if status == "optimal" and floor < self.best.cost_usd * (1.0 - max(self.gap, 1e-4)):
            status = "gap_limit"
        return replace(self.best, status=status, bound_usd=floor)

    @property
    def _cutoff_usd(self) -> float:
        """Cost below which a plan would be news."""
        return self.best.cost_usd * (1.0 - self.gap)

    def _solved(
        self, is_closed: BoolArray, regions: tuple[BoolArray, ...], floor_usd: float
    ) -> _Node:
        """Return a node with its bound, and try the sites that its storage gathers at.

        Parameters
        ----------
        floor_usd : float
            The parent's bound, which holds for its children even if their program fails.
        """
        sites = np.flatnonzero(~is_closed)
        solved = self.program.solve(0.0, sites, regions, self.least_kwh)
        kwh = np.zeros(self.n_bus)
        if solved.model is not None:
            kwh[sites] = solved.model.capacity.value * S_BASE_KVA
            self._offer(self._gathered(np.where(kwh > LEAST_KWH, kwh, 0.0)))
        elif solved.status != "infeasible":
            self.word = solved.message
        return _Node(is_closed, regions, kwh, max(floor_usd, solved.bound_usd))

    def _region(self, node: _Node) -> BoolArray | None:
        """Return a part of the feeder whose storage is too small for a unit, or None.

        Out of the subtrees, each as large as it can be, then of the single buses: the one that is
        farthest from both none and a unit.
        """
        kwh = np.where(node.kwh > LEAST_KWH, node.kwh, 0.0)
        most = self.least_kwh * (1.0 - SIZE_TOL)
        total = self.below @ kwh
        is_small = (total > 0.0) & (total < most)
        is_small[0] = False
        is_small[1:] &= ~is_small[self.parent[1:]]
        regions: list[BoolArray] = [self.below[k] for k in np.flatnonzero(is_small)]
        regions += [np.arange(self.n_bus) == k for k in np.flatnonzero((kwh > 0.0) & (kwh < most))]
        regions = [r for r in regions if not any((r == known).all() for known in node.regions)]
        if not regions:
            return None
        spans = [min(kwh[region].sum(), self.least_kwh - kwh[region].sum()) for region in regions]
        return regions[int(np.argmax(spans))]

    def _gathered(self, kwh: FloatArray) -> NDArray[np.int64]:
        """Return sites: storage runs towards the source until it makes a unit, at its main bus."""
        run, main, sites = kwh.copy(), np.arange(self.n_bus), []
        for k in range(self.n_bus - 1, 0, -1):
            if run[k] >= self.least_kwh * (1.0 - SIZE_TOL):
                sites.append(int(main[k]))
                continue
            up = self.parent[k]
            if kwh[main[k]] > kwh[main[up]]:
                main[up] = main[k]
            run[up] += run[k]
        if not sites:
            sites = [int(np.argmax(kwh))]
        return np.unique(sites)

    def _offer(self, sites: NDArray[np.int64]) -> None:
        """Try exactly these sites, each of the least size or more."""
        key = tuple(sites.tolist())
        if key in self.tried or self.least_kwh * len(key) * self.price >= self.best.cost_usd:
            return
        self.tried.add(key)
        one_each = [np.arange(self.n_bus) == site for site in key]
        found = self.program.solve(LOSS_PRICE, sites, one_each, self.least_kwh).storage()
        if found.cost_usd < self.best.cost_usd:
            self.best = found
        elif found.status == "solver_failed":
            self.word = found.message

    @property
    def price(self) -> float:
        """Price of storage in USD per kWh."""
        return self.program.terms.cost_usd_per_kwh
