"""Owns one operated day: what a dispatch costs and moves, and every hour rechecked by AC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from powerflow.solve import power_flow
from powerflow.units import S_BASE_KVA
from problems.core.assess import required
from problems.staged.capacitor import beyond_capacitor_kvar
from problems.staged.program import StageProgram
from problems.staged.scenarios import Scenario
from problems.staged.studied import Studied

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Day:
    """Hold one scenario of one stage as the plan operates it.

    Attributes
    ----------
    k_stage, number : int
        Stage, and number of the scenario.
    probability : float
    status, message : str
    cost_rmb : dict of str to float
        Cost of the day by cause.
    energy_kwh : dict of str to float
        Energy of the day by cause.
    cone_gap : float
        Largest |l v - P^2 - Q^2|, p.u. of 1000 kVA.
    simultaneity_kw : float
        Largest power that charges and discharges in the same hour at the same place.
    violation, voltage_error_pu, loss_error_kw : float or None
        AC recheck; None where an hour has no power flow solution.
    v_pu : (24, n_bus) float array
        AC voltages.
    loading_pct : (24, n_bus) float array
    mva : (24,) float array
        Load of the transformer, after the capacitor.
    supplied_kw, ev_kw, storage_kw, v2g_kw : (24,) float array
        From the source; net charging; net charging of storage; delivered by vehicles.
    """

    k_stage: int
    number: int
    probability: float
    status: str
    message: str
    cost_rmb: dict[str, float]
    energy_kwh: dict[str, float]
    cone_gap: float
    simultaneity_kw: float
    violation: float | None
    voltage_error_pu: float | None
    loss_error_kw: float | None
    v_pu: FloatArray
    loading_pct: FloatArray
    mva: FloatArray
    supplied_kw: FloatArray
    ev_kw: FloatArray
    storage_kw: FloatArray
    v2g_kw: FloatArray


def read_day(
    study: Studied,
    program: StageProgram,
    k_stage: int,
    scenario: Scenario,
    probability: float,
    rating: float,
    message: str,
) -> Day:
    """Return the day of a solved dispatch, its loads put through an AC power flow."""
    flow, hourly, limits = program.flow, program.hourly, study.data.network
    net = flow.network
    cone = np.abs(flow.l.value * flow.v.value[:, net.parent] - flow.p.value**2 - flow.q.value**2)
    pairs = [("charge", "discharge"), ("charge_ev", "discharge_ev")]
    both = [
        float(np.minimum(hourly[a].value, hourly[b].value).max(initial=0.0))
        for a, b in pairs
        if a in hourly
    ]
    ac = power_flow(
        net.feeder,
        S_BASE_KVA * _value(program.p_load),
        S_BASE_KVA * _value(program.q_load),
        outputs=("v_pu", "loading_pct", "loss_kw", "substation_kw", "substation_kvar"),
        n_threads=1,
    )
    v_pu, loading_pct = required(ac.v_pu), required(ac.loading_pct)
    supplied_kw = required(ac.substation_kw)
    reactive_kvar = beyond_capacitor_kvar(required(ac.substation_kvar), limits.capacitor_kvar)
    mva = np.hypot(supplied_kw, reactive_kvar) / 1000.0
    violation = voltage_error = loss_error = None
    if ac.converged.all():
        low, high = v_pu[:, 1:].min(), v_pu[:, 1:].max()
        reverse = -supplied_kw / (1000.0 * limits.reverse_share * rating)
        violation = max(
            0.0,
            1.0 - float(low) / limits.v_min_pu,
            float(high) / limits.v_max_pu - 1.0,
            float(loading_pct[:, 1:].max()) / 100.0 - 1.0,
            float(mva.max()) / rating - 1.0,
            float(reverse.max()) - 1.0,
        )
        voltage_error = float(np.abs(v_pu - np.sqrt(flow.v.value)).max())
        loss_kw = S_BASE_KVA * (flow.l.value @ net.r_pu)
        loss_error = float(np.abs(required(ac.loss_kw) - loss_kw).max())

    def total(name: str) -> FloatArray:
        if name not in hourly:
            return np.zeros(24)
        return np.asarray(S_BASE_KVA * _value(hourly[name]).sum(axis=1))

    return Day(
        k_stage=k_stage,
        number=scenario.number,
        probability=probability,
        status="optimal",
        message=message,
        cost_rmb={cause: float(_value(term)) for cause, term in program.terms.items()},
        energy_kwh={c: S_BASE_KVA * float(_value(e)) for c, e in program.energy.items()},
        cone_gap=float(cone.max()),
        simultaneity_kw=S_BASE_KVA * max(both, default=0.0),
        violation=violation,
        voltage_error_pu=voltage_error,
        loss_error_kw=loss_error,
        v_pu=v_pu,
        loading_pct=loading_pct,
        mva=mva,
        supplied_kw=supplied_kw,
        ev_kw=total("net_ev"),
        storage_kw=total("charge") - total("discharge"),
        v2g_kw=total("discharge_ev"),
    )


def _value(expression: Any) -> Any:
    return expression.value if hasattr(expression, "value") else expression
