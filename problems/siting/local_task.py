"""Owns what the local model of a siting problem needs to know of it, and the limits it watches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heuristics.problem import Space
from powerflow import Feeder, Limits
from powerflow.units import i_base_a
from problems.core.access import station_access
from problems.core.assess import budget_excess
from problems.core.station_limits import StationLimits

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class SitingTask:
    """Hold what the local model needs of a siting problem beside the plan.

    Attributes
    ----------
    feeder : Feeder
    base_p_kw, base_q_kvar : (n_state, n_bus) float array
        Loads that stay, settled stations and what stands already among them.
    station_kw : (n_state,) float array
        Demand of one free station.
    usd_per_loss_kw : (n_state,) float array
        Present value of one kW of losses saved in each state.
    base_loss_kw : (n_state,) float array
        Losses that savings are counted from.
    usd_fixed, usd_per_bank, usd_per_kvar : float
        Present cost of the stations, of each bank, of each kvar.
    candidates : (n_candidate,) int array
    space : Space
    n_station, n_bank : int
    kvar_min, kvar_max : float
    bank_sizes : (n_size,) float array
        All sizes, ascending; empty for continuous ones.
    is_at_most : bool
    limits : Limits
    land_station, land_bank : (n_candidate,) float array
        What a station or a bank pays for its bus.
    serving_buses : callable
        Takes rows (n, n_var), returns the buses of all stations, (n, n_station).
    station_limits : StationLimits or None
        Limits on the places of stations.
    invested : callable
        Takes rows (n, n_var), returns their investment, (n,).
    budget : float or None
    """

    feeder: Feeder
    base_p_kw: Floats
    base_q_kvar: Floats
    station_kw: Floats
    usd_per_loss_kw: Floats
    base_loss_kw: Floats
    usd_fixed: float
    usd_per_bank: float
    usd_per_kvar: float
    candidates: Ints
    space: Space
    n_station: int
    n_bank: int
    kvar_min: float
    kvar_max: float
    bank_sizes: Floats
    is_at_most: bool
    limits: Limits
    land_station: Floats
    land_bank: Floats
    serving_buses: Callable[[Floats], Ints]
    station_limits: StationLimits | None
    invested: Callable[[Floats], Floats]
    budget: float | None

    def misplaced(self, x: Floats) -> Floats:
        """Return how far rows (n, n_var) miss the limits that no power flow decides, exactly.

        Returns
        -------
        (n, n_limit) float array
            Limits on the places of stations, then the budget, per unit of the limit; no columns
            where there are none.
        """
        columns = [np.empty((len(x), 0))]
        if self.station_limits is not None:
            reached = station_access(self.feeder, self.serving_buses(x))
            columns.append(self.station_limits.excess(reached.spacing, reached.coverage))
        if self.budget is not None:
            columns.append(budget_excess(self.invested(x), self.budget)[:, np.newaxis])
        return np.column_stack(columns)


def watched_limits(task: SitingTask) -> tuple[Floats, Ints, Ints, int]:
    """Return limits and kinds of `local_kernels.predict`, limited branches, constraint count."""
    feeder, limits = task.feeder, task.limits
    branches = np.flatnonzero(np.isfinite(feeder.ampacity_a))
    limit, kind = [], []
    n_con = 0
    if limits.v_min_pu > 0.0:
        limit += [(bus, limits.v_min_pu**2) for bus in range(feeder.n_bus)]
        kind += [(n_con, 1)] * feeder.n_bus
        n_con += 1
    limit += [(bus, limits.v_max_pu**2) for bus in range(feeder.n_bus)]
    kind += [(n_con, 0)] * feeder.n_bus
    n_con += 1
    if len(branches):
        share = limits.loading_max_pct / 100.0 / i_base_a(feeder.base_kv)
        limit += [
            (feeder.n_bus + i, (share * feeder.ampacity_a[branch]) ** 2)
            for i, branch in enumerate(branches)
        ]
        kind += [(n_con, 0)] * len(branches)
        n_con += 1
    return np.array(limit, dtype=np.float64), np.array(kind, dtype=np.int64), branches, n_con
