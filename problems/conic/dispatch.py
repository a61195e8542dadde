"""Owns the multi-hour dispatch of a case as a cvxpy model: variables, limits, cost."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import cvxpy as cp
import numpy as np

from powerflow.units import S_BASE_KVA
from problems.conic import distflow, storage
from problems.conic.cable import CableChoice, CableVariables, cable_rows, cable_variables
from problems.conic.case import DispatchCase
from problems.conic.devices import Costs
from problems.conic.distflow import Flow
from problems.conic.network import FloatArray, Network, to_pu
from problems.core.errors import ContentError

SOFT_LIMITS = (
    "voltage_floor",
    "voltage_ceiling",
    "ampacity",
    "line_power",
    "substation_kw",
    "substation_kvar",
)
"""Limits that may be given slack."""


@dataclass(slots=True, eq=False)
class Dispatch:
    """Hold the variables, expressions and rows of a dispatch; all per unit of `S_BASE_KVA`.

    It is filled by `build_dispatch`. Rows, loads and terms of the cost may be added before it is
    solved: loads by `extra_p` and `extra_q` there, rows under a name of their own in `rows`.

    Attributes
    ----------
    case : DispatchCase
        What is dispatched.
    network : Network
        The feeder per unit.
    flow : Flow
        Branch powers, squared currents and voltages.
    charge, discharge, energy, storage_q : (n_hour, n_storage) cvxpy variable
        Power drawn, power delivered, energy at the end of the hour, reactive power delivered.
    reactive_q : (n_hour, n_reactive) cvxpy variable
        Reactive power delivered by the reactive devices.
    pv_p : (n_hour, n_pv) cvxpy variable
        Power delivered by PV.
    size : (n_sized,) cvxpy variable
        Size of each sized load.
    shed : (n_hour, n_bus) cvxpy variable
        Share of each load that is shed; None where nothing may be.
    p_load, q_load : (n_hour, n_bus) cvxpy expression
        Net load of each bus.
    cables : CableVariables or None
        Types chosen; None where no line has a choice.
    slack : dict of str to cvxpy variable
        Slack of each soft limit, in the unit of its row.
    rows : dict of str to list
        Constraints by name.
    """

    case: DispatchCase
    network: Network
    flow: Flow
    charge: Any = None
    discharge: Any = None
    energy: Any = None
    storage_q: Any = None
    reactive_q: Any = None
    pv_p: Any = None
    size: Any = None
    shed: Any = None
    p_load: Any = None
    q_load: Any = None
    cables: CableVariables | None = None
    slack: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, list[Any]] = field(default_factory=dict)

    def all_rows(self) -> list[Any]:
        """Return every constraint."""
        return [row for rows in self.rows.values() for row in rows]

    def cost(self, costs: Costs) -> Any:
        """Return the cost of a dispatch, in the currency of `costs`."""
        case, flow = self.case, self.flow
        kwh = S_BASE_KVA * case.step_h
        terms = [0.0]
        if costs.loss_per_kwh:
            terms.append(costs.loss_per_kwh * kwh * cp.sum(distflow.active_loss(flow)))
            if self.cables is not None:
                terms.append(costs.loss_per_kwh * kwh * cp.sum(self.cables.p_loss))
        if costs.loss_per_kvarh:
            terms.append(costs.loss_per_kvarh * kwh * cp.sum(distflow.reactive_loss(flow)))
            if self.cables is not None:
                terms.append(costs.loss_per_kvarh * kwh * cp.sum(self.cables.q_loss))
        if costs.import_per_kwh is not None:
            price = np.array(costs.import_per_kwh)
            terms.append(kwh * (price @ distflow.substation_p(flow, self.p_load)))
        if costs.curtailed_per_kwh and case.pv:
            available = sum(sum(pv.available_kw) for pv in case.pv) / S_BASE_KVA
            terms.append(costs.curtailed_per_kwh * kwh * (available - cp.sum(self.pv_p)))
        if costs.shed_per_kwh and self.shed is not None:
            served = cp.multiply(np.maximum(to_pu(case.p_kw), 0.0), self.shed)
            terms.append(costs.shed_per_kwh * kwh * cp.sum(served))
        if costs.throughput_per_kwh and case.storage:
            terms.append(costs.throughput_per_kwh * kwh * cp.sum(self.charge + self.discharge))
        if costs.size_reward_per_kw is not None and case.sized:
            terms.append(-S_BASE_KVA * (np.array(costs.size_reward_per_kw) @ self.size))
        terms += [costs.slack_per_pu * cp.sum(room) for room in self.slack.values()]
        return sum(terms)


def build_dispatch(
    case: DispatchCase,
    *,
    network: Network | None = None,
    soft: Collection[str] = (),
    storage_capacity: Any = None,
    storage_power: Any = None,
    extra_p: Any = 0.0,
    extra_q: Any = 0.0,
    cables: CableChoice | None = None,
) -> Dispatch:
    """Build the variables and rows of a case.

    Parameters
    ----------
    case : DispatchCase
        What is dispatched.
    network : Network, optional
        The feeder with other impedances or ampacities.
    soft : collection of str
        Limits out of `SOFT_LIMITS` that get a non-negative slack variable each, priced by `Costs`.
    storage_capacity, storage_power : (n_storage,) cvxpy expression, optional
        Energy capacity in per-unit hours and greatest power per unit of the storage units, where
        they are decisions; those of the case otherwise.
    extra_p, extra_q : (n_hour, n_bus) cvxpy expression, optional
        More load, per unit.
    cables : CableChoice, optional
        Lines whose type is a decision; the model is an integer program then, and the losses of
        `Dispatch.cost` are those of the chosen types.

    Raises
    ------
    ContentError
        If a soft limit is unknown.
    """
    unknown = set(soft) - set(SOFT_LIMITS)
    if unknown:
        raise ContentError(f"soft limits must be out of {SOFT_LIMITS}, not {sorted(unknown)}")
    network = network or Network.of(case.feeder)
    model = Dispatch(case, network, Flow.of(network, case.n_hour))
    model.p_load, model.q_load = to_pu(case.p_kw) + extra_p, to_pu(case.q_kvar) + extra_q
    _add_storage(model, storage_capacity, storage_power)
    _add_reactive(model)
    _add_pv(model)
    _add_sized(model)
    _add_shedding(model)
    if cables is not None:
        model.cables = cable_variables(network, case.n_hour, cables)
    _add_flow(model)
    _add_limits(model, soft)
    return model


def _add_storage(model: Dispatch, capacity: Any, power: Any) -> None:
    """Add (2)-(6) and (15) with powers at the grid."""
    case, units = model.case, model.case.storage
    shape = (case.n_hour, len(units))
    model.charge, model.discharge = cp.Variable(shape), cp.Variable(shape)
    model.energy, model.storage_q = cp.Variable(shape), cp.Variable(shape)
    if not units:
        return

    def of(name: str) -> FloatArray:
        return np.array([getattr(unit, name) for unit in units], dtype=np.float64)

    capacity = to_pu(of("energy_kwh")) if capacity is None else capacity
    at = model.network.at_buses(case.buses(units))
    model.p_load = model.p_load + (model.charge - model.discharge) @ at
    model.q_load = model.q_load - model.storage_q @ at
    rows = model.rows
    rows["state_of_charge"] = [
        storage.state_of_charge(
            model.energy, model.charge, model.discharge,
            of("charge_efficiency"), of("discharge_efficiency"), case.step_h,
        )
    ]  # fmt: skip
    rows["energy_range"] = storage.energy_range(
        model.energy, of("soc_min"), of("soc_max"), capacity
    )
    for name, variable in (("charge", model.charge), ("discharge", model.discharge)):
        most = to_pu(of(f"{name}_kw")) if power is None else power
        rows[f"{name}_range"] = storage.power_range(variable, 0.0, most)
    rows["storage_q_range"] = storage.power_range(
        model.storage_q, to_pu(of("kvar_min")), to_pu(of("kvar_max"))
    )
    start = of("soc_initial")
    fixed = np.flatnonzero(np.isfinite(start))
    if len(fixed):
        rows["fixed_start"] = [storage.fixed_start(model.energy, fixed, start[fixed], capacity)]


def _add_reactive(model: Dispatch) -> None:
    """Add (7)."""
    case, devices = model.case, model.case.reactive
    model.reactive_q = cp.Variable((case.n_hour, len(devices)))
    if devices:
        at = model.network.at_buses(case.buses(devices))
        model.q_load = model.q_load - model.reactive_q @ at
        least = to_pu(np.array([device.kvar_min for device in devices]))
        most = to_pu(np.array([device.kvar_max for device in devices]))
        model.rows["reactive_range"] = storage.power_range(model.reactive_q, least, most)


def _add_pv(model: Dispatch) -> None:
    """Let PV deliver what it can, or less where it may."""
    case, plants = model.case, model.case.pv
    model.pv_p = cp.Variable((case.n_hour, len(plants)))
    if plants:
        model.p_load = model.p_load - model.pv_p @ model.network.at_buses(case.buses(plants))
        available = to_pu(np.array([plant.available_kw for plant in plants]).T)
        is_kept = np.array([not plant.can_curtail for plant in plants])
        model.rows["pv_range"] = storage.power_range(model.pv_p, available * is_kept, available)


def _add_sized(model: Dispatch) -> None:
    """Add the loads whose size is a decision, as in (13)."""
    case, loads = model.case, model.case.sized
    model.size = cp.Variable(len(loads))
    if loads:
        at = model.network.at_buses(case.buses(loads))
        shape = np.array([load.shape for load in loads]).T
        drawn = cp.multiply(shape, storage.by_hour(model.size, shape))
        kvar_per_kw = np.array([load.kvar_per_kw for load in loads])
        model.p_load = model.p_load + drawn @ at
        model.q_load = (
            model.q_load + cp.multiply(kvar_per_kw[None, :] * np.ones(shape.shape), drawn) @ at
        )
        least = to_pu(np.array([load.min_kw for load in loads]))
        most = to_pu(np.array([load.max_kw for load in loads]))
        model.rows["size_range"] = [model.size >= least, model.size <= most]


def _add_shedding(model: Dispatch) -> None:
    """Let a share of every load be shed at its power factor."""
    case = model.case
    if case.shed_share > 0.0:
        model.shed = cp.Variable(case.p_kw.shape)
        model.p_load = model.p_load - cp.multiply(to_pu(case.p_kw), model.shed)
        model.q_load = model.q_load - cp.multiply(to_pu(case.q_kvar), model.shed)
        model.rows["shed_range"] = storage.power_range(model.shed, 0.0, case.shed_most)


def _add_flow(model: Dispatch) -> None:
    """Add the branch flow itself."""
    flow, rows = model.flow, model.rows
    rows["source_voltage"] = [distflow.source_voltage(flow, model.case.source_pu)]
    drop, p_loss, q_loss = 0.0, 0.0, 0.0
    if model.cables is not None:
        drop, p_loss, q_loss = model.cables.drop, model.cables.p_loss, model.cables.q_loss
        rows["cables"] = cable_rows(flow, model.cables, model.case.limits.v_max_pu)
    rows["voltage_drop"] = [distflow.voltage_drop(flow, drop)]  # (9)
    rows["active_balance"] = [distflow.active_balance(flow, model.p_load, p_loss)]  # (10)
    rows["reactive_balance"] = [distflow.reactive_balance(flow, model.q_load, q_loss)]  # (11)
    rows["cone"] = [distflow.cone(flow)]  # (12)


def _add_limits(model: Dispatch, soft: Collection[str]) -> None:
    """Add the limits, with slack where they are soft."""
    case, flow, rows, limits = model.case, model.flow, model.rows, model.case.limits
    n_hour, n_branch = case.n_hour, model.network.n_branch
    is_known = np.isfinite(model.network.i_max_pu)
    if model.cables is not None:
        is_known[model.cables.choice.branch] = False  # held by the type chosen
    known = np.flatnonzero(is_known)

    def slack(name: str, shape: tuple[int, ...]) -> Any:
        if name not in soft:
            return 0.0
        model.slack[name] = cp.Variable(shape, nonneg=True)
        return model.slack[name]

    per_branch = (n_hour, n_branch)
    if limits.v_min_pu > 0.0:
        room = slack("voltage_floor", per_branch)
        rows["voltage_floor"] = [distflow.voltage_floor(flow, limits.v_min_pu, room)]
    room = slack("voltage_ceiling", per_branch)
    rows["voltage_ceiling"] = [distflow.voltage_ceiling(flow, limits.v_max_pu, room)]
    if limits.has_lossless_ceiling:
        loads = (model.p_load, model.q_load)
        rows["lossless_ceiling"] = distflow.lossless_ceiling(flow, *loads, limits.v_max_pu)
    if limits.has_ampacity and len(known):
        room = slack("ampacity", (n_hour, len(known)))
        rows["ampacity"] = [distflow.ampacity(flow, known, room)]
    if limits.line_kw is not None:
        room = slack("line_power", per_branch)
        rows["line_power"] = distflow.line_power(flow, limits.line_kw / S_BASE_KVA, room)
    for name, most_kw, power in (
        ("substation_kw", limits.substation_kw, distflow.substation_p(flow, model.p_load)),
        ("substation_kvar", limits.substation_kvar, distflow.substation_q(flow, model.q_load)),
    ):
        if most_kw is not None:
            room = slack(name, (n_hour,))
            rows[name] = distflow.substation_power(power, most_kw / S_BASE_KVA, room)
