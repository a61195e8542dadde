"""Owns storage with a least size: branching on regions that have none, or enough for a unit.

Any set of buses holds either no storage or at least one unit. The cone program without a least size
spreads storage thinly; a part of the feeder with some, but too little for a unit, is branched on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from powerflow.units import S_BASE_KVA
from problems.coplan.best_first import UNRESOLVED, BestFirst
from problems.coplan.storage_model import LEAST_KWH
from problems.coplan.storage_program import LOSS_PRICE, BoolArray, FeederStorage, StorageProgram

FloatArray = NDArray[np.float64]
SIZE_TOL = 1e-4
"""Share of the least size that a solver may miss it by."""


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
        self.tree: BestFirst[_Node] = BestFirst()
        self.word = "sites that seem to fit do not"  # what the last solver that failed said

    def run(self) -> FeederStorage:
        """Search until the gap is proven or time is up."""
        first = self.program.solve(0.0)
        if first.model is None:
            is_clear = first.status == "infeasible"
            return FeederStorage(first.status, message="" if is_clear else first.message)
        root = np.arange(self.n_bus) == 0
        nodes = [self._solved(root, (), first.bound_usd)]
        status = self.tree.run(nodes, self._children, lambda: self._cutoff_usd, self.program.end)
        if not np.isfinite(self.best.cost_usd):
            status = self.tree.without_plan(status)
            message = {
                "solver_failed": f"{UNRESOLVED}, {self.word}",
                "infeasible": "no sites of the least size keep every limit",
            }.get(status, "no sites found in time")
            return FeederStorage(status, message=message)
        status, bound_usd = self.tree.proven(status, self.best.cost_usd, self.gap)
        return replace(self.best, status=status, bound_usd=bound_usd)

    def _children(self, node: _Node) -> list[_Node]:
        """Branch on a region that has none, or enough for a unit; close a node without one."""
        region = self._region(node)
        if region is None:
            self._offer(np.flatnonzero(node.kwh > LEAST_KWH))
            self.tree.close(node)
            return []
        return [
            self._solved(node.is_closed | region, node.regions, node.bound_usd),
            self._solved(node.is_closed, (*node.regions, region), node.bound_usd),
        ]

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
