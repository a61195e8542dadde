"""Owns the solution of a dispatch in field units, with its gaps and its AC re-check."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from powerflow.units import S_BASE_KVA, i_base_a
from problems.conic.case import DispatchCase
from problems.conic.network import Network
from problems.conic.outcome import Outcome
from problems.conic.recheck import AcCheck, recheck

if TYPE_CHECKING:
    from problems.conic.dispatch import Dispatch

FloatArray = NDArray[np.float64]

TIGHT_CONE_GAP = 1e-6
"""Greatest cone gap, p.u., of cones that are called tight."""

EXACT_VOLTAGE_PU = 1e-5
"""Greatest difference of a voltage from that of the AC power flow of an exact answer."""

EXACT_LOSS_SHARE, EXACT_LOSS_KW = 1e-4, 1e-2
"""Greatest difference of an hour's losses: a share of the greatest losses, or a power."""


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """Hold a dispatch; arrays have the axes (hour, branch), (hour, bus) or (hour, device).

    Attributes
    ----------
    case : DispatchCase
        What was dispatched.
    outcome : Outcome
        What the solver said.
    p_kw, q_kvar, i_a : (n_hour, n_branch) float array
        Power into each branch and its current; branch k enters bus k + 1.
    v_pu : (n_hour, n_bus) float array
        Voltages.
    loss_kw : (n_hour,) float array
        Active losses as the model has them.
    net_p_kw, net_q_kvar : (n_hour, n_bus) float array
        Net load of each bus with all devices.
    charge_kw, discharge_kw, energy_kwh, storage_kvar : (n_hour, n_storage) float array
        Schedule of storage.
    reactive_kvar : (n_hour, n_reactive) float array
        Reactive power delivered.
    pv_kw : (n_hour, n_pv) float array
        PV delivered.
    size_kw : (n_sized,) float array
        Size of each sized load.
    cone_gap : float
        Largest |l v - P^2 - Q^2| over branches and hours, p.u. of `S_BASE_KVA`.
    simultaneity_kw : float
        Largest power by which a unit charges and discharges in the same hour.
    ac : AcCheck
        Re-check by AC power flow.
    """

    case: DispatchCase
    outcome: Outcome
    p_kw: FloatArray
    q_kvar: FloatArray
    i_a: FloatArray
    v_pu: FloatArray
    loss_kw: FloatArray
    net_p_kw: FloatArray
    net_q_kvar: FloatArray
    charge_kw: FloatArray
    discharge_kw: FloatArray
    energy_kwh: FloatArray
    storage_kvar: FloatArray
    reactive_kvar: FloatArray
    pv_kw: FloatArray
    size_kw: FloatArray
    cone_gap: float
    simultaneity_kw: float
    ac: AcCheck

    def __post_init__(self) -> None:
        for field in fields(self):
            column = getattr(self, field.name)
            if isinstance(column, np.ndarray):
                column.flags.writeable = False

    @property
    def has_tight_cones(self) -> bool:
        """Whether every cone holds with equality; one of a branch without impedance need not."""
        return self.cone_gap <= TIGHT_CONE_GAP

    @property
    def is_exact(self) -> bool:
        """Whether the AC power flow agrees: the answer is a plan, and not only a bound."""
        return not self.inexactness()

    def inexactness(self) -> str:
        """Return in words why the answer is not exact; empty if it is."""
        ac = self.ac
        if not ac.converged:
            return "not exact: its net loads have no AC power flow solution"
        reasons = []
        most_kw = max(EXACT_LOSS_KW, EXACT_LOSS_SHARE * float(self.loss_kw.max(initial=0.0)))
        if (ac.voltage_error_pu or 0.0) > EXACT_VOLTAGE_PU:
            reasons.append(f"AC voltages differ by {ac.voltage_error_pu:.1e} p.u.")
        if (ac.loss_error_kw or 0.0) > most_kw:
            reasons.append(f"AC losses differ by {ac.loss_error_kw:.1e} kW")
        if not ac.is_feasible:
            reasons.append(f"AC power flow exceeds a limit by {ac.violation or 0.0:.1e} of it")
        if reasons:
            reasons.append(f"cone gap {self.cone_gap:.1e}")
        return "not exact: " + ", ".join(reasons) if reasons else ""


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """Hold the per-unit values of all variables, whoever solved; see `Dispatch` for the names."""

    p: FloatArray
    q: FloatArray
    l: FloatArray  # noqa: E741 the paper's letter
    v: FloatArray
    charge: FloatArray
    discharge: FloatArray
    energy: FloatArray
    storage_q: FloatArray
    reactive_q: FloatArray
    pv_p: FloatArray
    size: FloatArray
    p_load: FloatArray
    q_load: FloatArray


def solution_of(model: Dispatch, outcome: Outcome) -> Solution:
    """Return the solution that a solved model holds.

    Raises
    ------
    ValueError
        If the outcome has no solution.
    """
    if not outcome.has_solution:
        raise ValueError(f"no solution to read: {outcome.status}, {outcome.message}")
    flow = model.flow
    shapes = {
        "p": flow.p, "q": flow.q, "l": flow.l, "v": flow.v, "charge": model.charge,
        "discharge": model.discharge, "energy": model.energy, "storage_q": model.storage_q,
        "reactive_q": model.reactive_q, "pv_p": model.pv_p, "size": model.size,
        "p_load": model.p_load, "q_load": model.q_load,
    }  # fmt: skip
    network = model.network
    if model.cables is not None:
        from problems.conic.cable import chosen_network

        network = chosen_network(network, model.cables)
    return make_solution(
        model.case,
        network,
        outcome,
        Values(**{name: _value(expression) for name, expression in shapes.items()}),
    )


def make_solution(
    case: DispatchCase, network: Network, outcome: Outcome, values: Values
) -> Solution:
    """Return per-unit values as a solution, re-checked by AC power flow."""
    kva = S_BASE_KVA
    square = np.maximum(values.l, 0.0)
    v_pu = np.sqrt(np.maximum(values.v, 0.0))
    sending = values.v[:, network.parent]
    cone = np.abs(values.l * sending - values.p**2 - values.q**2)
    both = np.minimum(values.charge, values.discharge)
    loss_kw = kva * (values.l @ network.r_pu)
    net_p_kw, net_q_kvar = kva * values.p_load, kva * values.q_load
    return Solution(
        case=case,
        outcome=outcome,
        p_kw=kva * values.p,
        q_kvar=kva * values.q,
        i_a=i_base_a(network.feeder.base_kv) * np.sqrt(square),
        v_pu=v_pu,
        loss_kw=loss_kw,
        net_p_kw=net_p_kw,
        net_q_kvar=net_q_kvar,
        charge_kw=kva * values.charge,
        discharge_kw=kva * values.discharge,
        energy_kwh=kva * values.energy,
        storage_kvar=kva * values.storage_q,
        reactive_kvar=kva * values.reactive_q,
        pv_kw=kva * values.pv_p,
        size_kw=kva * values.size,
        cone_gap=float(cone.max(initial=0.0)),
        simultaneity_kw=float(max(0.0, kva * both.max(initial=0.0))),
        ac=recheck(case, network, net_p_kw, net_q_kvar, v_pu, loss_kw),
    )


def _value(expression: Any) -> FloatArray:
    value = expression if isinstance(expression, np.ndarray) else expression.value
    if value is None:
        return np.zeros(expression.shape)
    return np.array(value, dtype=np.float64)
