"""Owns one solve of a feeder's storage program: some sites, and regions with a least capacity."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from powerflow.units import S_BASE_KVA
from problems.coplan.equipment import StorageTerms
from problems.coplan.plan import StorageUnit
from problems.coplan.scenario import Scenario
from problems.coplan.storage_model import USD_SCALE, Grid, IntArray, StorageModel, storage_model

BoolArray = NDArray[np.bool_]

LOSS_PRICE = 1e-4
"""Price of losses in `USD_SCALE` USD per MWh that breaks ties between equal capacities: (20) has no
loss term, and the cones are loose without one."""


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


@dataclass(frozen=True, slots=True)
class Solved:
    """Hold what the solver said: the solved model or None, and a bound of the objective."""

    status: str
    model: StorageModel | None
    bound_usd: float
    message: str

    def storage(self) -> FeederStorage:
        """Return the storage of the solution, without a bound."""
        if self.model is None:
            return FeederStorage(self.status, message=self.message)
        units = self.model.units()
        cost_usd = sum(unit.cost_usd for unit in units)
        return FeederStorage(self.status, units, cost_usd, 0.0, self.message)


@dataclass(frozen=True, slots=True)
class StorageProgram:
    """Solve the program of one feeder until a time, as often as asked."""

    scenario: Scenario
    terms: StorageTerms
    grid: Grid
    end: float

    def solve(
        self,
        loss_price: float,
        sites: IntArray | None = None,
        regions: Sequence[BoolArray] = (),
        least_kwh: float = 0.0,
    ) -> Solved:
        """Solve with storage at some sites, and at least so much in each region.

        Parameters
        ----------
        loss_price : float
            0, so that the bound is of the cost alone, or `LOSS_PRICE`.
        sites : int array, optional
            All buses but the source by default.
        regions : sequence of (n_bus,) bool array
            Buses that have `least_kwh` together.
        """
        import cvxpy as cp

        from problems.conic import distflow
        from problems.conic.solve import solve

        model = storage_model(self.scenario, self.terms, self.grid, sites=sites)
        rows = list(model.rows)
        for region in regions:
            at = np.flatnonzero(region[model.sites])
            if not len(at):
                return Solved("infeasible", None, np.inf, "a region without sites")
            rows.append(cp.sum(model.capacity[at]) >= least_kwh / S_BASE_KVA)
        loss = cp.sum(distflow.active_loss(model.dispatch.flow)) if loss_price else 0.0
        left = max(self.end - time.perf_counter(), 1.0)
        outcome = solve(cp.Problem(cp.Minimize(model.cost + loss_price * loss), rows), limit_s=left)
        if not outcome.has_solution:
            bound_usd = np.inf if outcome.status == "infeasible" else 0.0
            return Solved(outcome.status, None, bound_usd, outcome.message)
        bound = outcome.bound if outcome.bound is not None else 0.0
        proven = max(min(float(outcome.value or 0.0), bound), 0.0) * USD_SCALE
        return Solved(outcome.status, model, proven, outcome.message)
