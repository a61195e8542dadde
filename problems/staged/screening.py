"""Owns the states without storage or managed charging: power flow first, cones where it fails.

Without anything that links hours, each hour stands alone, and an hour whose AC power flow keeps
every limit costs its losses: to shed, not to charge or to curtail a kWh costs more than all losses
it could save. The cone program is left with the hours that violate something.
"""

from __future__ import annotations

from dataclasses import dataclass

import cvxpy as cp
import numpy as np
from numpy.typing import NDArray

from powerflow.solve import power_flow
from problems.conic.network import Network
from problems.core.assess import required
from problems.staged.capacitor import beyond_capacitor_kvar
from problems.staged.checks import HOURS
from problems.staged.dispatch import build_stage
from problems.staged.investment import Factors, Scheme
from problems.staged.program import DAYS, MILLION, StageProgram, yearly_cost
from problems.staged.retry import solve_steadily
from problems.staged.scenarios import ScenarioSet, hourly_loads, unmanaged_kw
from problems.staged.studied import Studied

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

LIMIT_TOL = 1e-7


@dataclass(frozen=True, slots=True)
class PlainCost:
    """Hold the cost of operating a stage without flexibility, million RMB, and how it was found."""

    status: str
    message: str
    cost_mrmb: float | None
    bound_mrmb: float | None
    max_mva: float


@dataclass(frozen=True, slots=True, eq=False)
class PlainFlow:
    """Hold the AC power flow of a stage with unmanaged charging, one row an hour of a scenario.

    Attributes
    ----------
    loss_kw, supplied_kw, reactive_kvar : (n_row,) float array
        Losses and what the transformer delivers; the capacitor gives what the loads need.
    v_pu, loading_pct : (n_row, n_bus) float array
    converged : (n_row,) bool array
    """

    loss_kw: FloatArray
    supplied_kw: FloatArray
    reactive_kvar: FloatArray
    v_pu: FloatArray
    loading_pct: FloatArray
    converged: BoolArray

    @property
    def mva(self) -> FloatArray:
        """Load of the transformer by row."""
        return np.hypot(self.supplied_kw, self.reactive_kvar) / 1000.0


def plain_flow(study: Studied, k_stage: int, seen: ScenarioSet, is_doubled: BoolArray) -> PlainFlow:
    """Compute the power flow of every hour with unmanaged charging and all the PV there is."""
    data, feeder = study.data, study.with_segments(is_doubled)
    stage = data.stages[k_stage]
    charging = [stage.ev_count * unmanaged_kw(data, stage)] * len(seen.scenarios)
    p_kw, q_kvar = hourly_loads(feeder, data, stage, seen.scenarios, charging)
    found = power_flow(
        feeder,
        p_kw,
        q_kvar,
        outputs=("loss_kw", "substation_kw", "substation_kvar", "v_pu", "loading_pct"),
        n_threads=1,
    )
    return PlainFlow(
        required(found.loss_kw),
        required(found.substation_kw),
        beyond_capacitor_kvar(required(found.substation_kvar), data.network.capacitor_kvar),
        required(found.v_pu),
        required(found.loading_pct),
        found.converged,
    )


def keeps_limits(flow: PlainFlow, study: Studied, rating_mva: float) -> BoolArray:
    """Return whether each row keeps voltages, ampacities and the transformer's limits."""
    network = study.data.network
    v_pu = flow.v_pu[:, 1:]
    with np.errstate(invalid="ignore"):
        return np.asarray(
            flow.converged
            & (v_pu.min(axis=1) >= network.v_min_pu - LIMIT_TOL)
            & (v_pu.max(axis=1) <= network.v_max_pu + LIMIT_TOL)
            & (flow.loading_pct[:, 1:].max(axis=1) <= 100.0 * (1.0 + LIMIT_TOL))
            & (flow.mva <= rating_mva * (1.0 + LIMIT_TOL))
            & (flow.supplied_kw >= -1000.0 * network.reverse_share * rating_mva)
        )


def needed_mva(program: StageProgram, study: Studied) -> float:
    """Return the least rating that a solved dispatch needs, by apparent and by reverse power."""
    supplied, reactive = program.hourly["supplied"].value, program.hourly["reactive"].value
    reverse = float(np.max(-supplied)) / study.data.network.reverse_share
    return max(float(np.hypot(supplied, reactive).max()), reverse)


def plain_state_cost(
    study: Studied, k_stage: int, seen: ScenarioSet, is_doubled: BoolArray, rating_mva: float
) -> PlainCost:
    """Return the least cost of operating a stage without flexibility."""
    data = study.data
    flow = plain_flow(study, k_stage, seen, is_doubled)
    is_fine = keeps_limits(flow, study, rating_mva)
    weight = np.repeat(seen.weight, HOURS)
    price = np.full(len(weight), data.prices.loss_per_kwh)
    worth = price * np.where(is_fine, flow.loss_kw, 0.0)
    if data.prices.has_energy_purchase:
        hourly = np.tile(data.demand.energy_price_rmb_per_kwh, len(seen.scenarios))
        worth += hourly * np.where(is_fine, flow.supplied_kw, 0.0)
    fine = float(weight @ worth) * DAYS * float(Factors.of(data).stage[k_stage]) / MILLION
    reverse_mva = -flow.supplied_kw / 1000.0 / data.network.reverse_share
    max_mva = float(np.maximum(flow.mva, reverse_mva)[is_fine].max(initial=0.0))
    if is_fine.all():
        return PlainCost("optimal", "", fine, fine, max_mva)
    program = build_stage(
        study,
        k_stage,
        seen,
        Scheme("B"),
        Network.of(study.with_segments(is_doubled)),
        rating_mva,
        np.zeros(len(data.ev.stations)),
        hours=np.flatnonzero(~is_fine),
    )
    problem = cp.Problem(cp.Minimize(yearly_cost(program, data, k_stage)), program.all_rows())
    outcome = solve_steadily(problem)
    if outcome.value is None or outcome.bound is None or outcome.status != "optimal":
        return PlainCost(outcome.status, outcome.message, None, None, max_mva)
    return PlainCost(
        "optimal",
        outcome.message,
        fine + outcome.value,
        fine + min(outcome.bound, outcome.value),
        max(max_mva, needed_mva(program, study)),
    )
