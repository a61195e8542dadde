"""Owns the cone program of one stage as it grows: variables, rows, and what is priced."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import cvxpy as cp
import numpy as np
from numpy.typing import NDArray

from powerflow.units import S_BASE_KVA
from problems.conic.distflow import Flow
from problems.staged.investment import Factors

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

DAYS = 365.0
MILLION = 1e6
CAPACITIES = ("storage_kwh", "storage_kw", "smart", "two_way")
"""Continuous capacities: of storage by site, of managed one-way and two-way piles by station."""


@dataclass(slots=True, eq=False)
class StageProgram:
    """Hold variables, rows and cost terms of one stage; powers and energies per unit (MW, MWh).

    Attributes
    ----------
    flow : Flow
        Branch flow of every hour of every scenario.
    rating : cvxpy expression
        Rating of the transformer in MVA.
    capacity : dict of str to cvxpy variable
        Capacities by name of `CAPACITIES`: MWh and MW by site, thousands of piles by station.
    terms : dict of str to cvxpy expression
        Expected cost of a day by cause, RMB.
    energy : dict of str to cvxpy expression
        Expected energy of a day by cause, MWh.
    row : (n_row,) int array
        Hours of the scenarios, counted on, that the rows stand for.
    weight : (n_row,) float array
        Share of the year that each row stands for, times 24.
    rows : dict of str to list
        Constraints by name.
    hourly : dict of str to cvxpy expression
        Powers by row, for reading.
    """

    flow: Flow
    rating: Any
    capacity: dict[str, Any]
    p_load: Any
    q_load: Any
    row: IntArray
    weight: FloatArray
    terms: dict[str, Any] = field(default_factory=dict)
    energy: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, list[Any]] = field(default_factory=dict)
    hourly: dict[str, Any] = field(default_factory=dict)

    def all_rows(self) -> list[Any]:
        """Return every constraint."""
        return [row for rows in self.rows.values() for row in rows]

    def add_cost(self, cause: str, price_rmb_per_kwh: float, power: Any) -> None:
        """Price a power (rows, ...) of every hour, expected over the scenarios."""
        by_hour = power if power.ndim == 1 else cp.sum(power, axis=1)
        expected = self.weight @ by_hour
        self.energy[cause] = self.energy.get(cause, 0.0) + expected
        price = S_BASE_KVA * price_rmb_per_kwh
        self.terms[cause] = self.terms.get(cause, 0.0) + price * expected


def yearly_cost(program: StageProgram, data: Any, k_stage: int) -> Any:
    """Return the present value of operating the stage's years, million RMB."""
    daily = sum(program.terms.values())
    return daily * (DAYS * float(Factors.of(data).stage[k_stage]) / MILLION)
