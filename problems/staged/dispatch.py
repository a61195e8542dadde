"""Owns the cone program of one stage: dispatch of its scenarios and the capacities it needs.

All scenarios of the stage stand below each other: a row of a variable is an hour of a scenario.
Equation numbers are those of docs/staged.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cvxpy as cp
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from powerflow.units import S_BASE_KVA
from problems.conic import distflow
from problems.conic.network import Network, to_pu
from problems.staged.charging import add_vehicles
from problems.staged.checks import HOURS
from problems.staged.choice import Choice, choice_rows, cones, voltage_drop
from problems.staged.flow import scaled_flow
from problems.staged.investment import Scheme
from problems.staged.program import StageProgram
from problems.staged.scenarios import ScenarioSet, base_loads, pv_available_kw
from problems.staged.storing import add_storage
from problems.staged.studied import Studied

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def build_stage(
    study: Studied,
    k_stage: int,
    seen: ScenarioSet,
    scheme: Scheme,
    network: Network,
    rating_mva: Any,
    has_communication: Any,
    choice: Choice | None = None,
    hours: IntArray | None = None,
    sizes: Mapping[str, FloatArray] | None = None,
) -> StageProgram:
    """Build the program of a stage.

    Parameters
    ----------
    study : Studied
    k_stage : int
    seen : ScenarioSet
        Scenarios of the stage.
    scheme : Scheme
        Whether there is storage and managed charging.
    network : Network
        The feeder with the second circuits of this stage.
    rating_mva : float or cvxpy expression
        Rating of the transformer.
    has_communication : (n_station,) float array or cvxpy expression
        Whether each station can be managed, 0 to 1.
    choice : Choice, optional
        Branches whose second circuit is open; the program is then a relaxation.
    hours : (n_row,) int array, optional
        Rows to keep, where nothing links them: without storage and managed charging.
    sizes : dict of str to float array, optional
        Capacities that are built already, by name of `CAPACITIES`: kWh and kW by site, piles by
        station. Without it they are decided here.
    """
    data = study.data
    stage = data.stages[k_stage]
    loads = [base_loads(study.feeder, stage, scenario) for scenario in seen.scenarios]
    base_p = to_pu(np.concatenate([p for p, _ in loads]))
    base_q = to_pu(np.concatenate([q for _, q in loads]))
    row = np.arange(len(base_p)) if hours is None else hours
    base_p, base_q = base_p[row], base_q[row]
    program = StageProgram(
        flow=scaled_flow(network, len(row)),
        rating=rating_mva,
        capacity={},
        p_load=base_p,
        q_load=base_q,
        row=row,
        weight=np.repeat(seen.weight, HOURS)[row],
    )
    _add_shedding(program, study, base_p, base_q)
    _add_pv(program, study, k_stage, seen)
    add_vehicles(program, study, k_stage, seen, scheme, has_communication, sizes)
    if scheme.has_storage and data.storage.sites:
        add_storage(program, study, len(seen.scenarios), sizes)
    _add_flow(program, study, choice)
    return program


def _add_shedding(
    program: StageProgram, study: Studied, base_p: FloatArray, base_q: FloatArray
) -> None:
    """0 <= shed share <= 1 of every load, at its power factor  # (4)."""
    bus = np.flatnonzero(study.feeder.p_kw > 0.0)
    bus = bus[bus > 0]
    at = program.flow.network.at_buses(bus)
    shed = cp.Variable((len(base_p), len(bus)))
    served_p = cp.multiply(base_p[:, bus], shed)
    program.p_load = program.p_load - served_p @ at
    program.q_load = program.q_load - cp.multiply(base_q[:, bus], shed) @ at
    program.rows["shed_range"] = [shed >= 0.0, shed <= 1.0]
    program.add_cost("lost_load", study.data.prices.lost_load_per_kwh, served_p)


def _add_pv(program: StageProgram, study: Studied, k_stage: int, seen: ScenarioSet) -> None:
    """0 <= PV <= what the sun gives  # (5)."""
    data = study.data
    stage = data.stages[k_stage]
    available = to_pu(np.concatenate([pv_available_kw(data, stage, s) for s in seen.scenarios]))
    available = available[program.row]
    at = program.flow.network.at_buses(np.array([study.feeder.bus_index(s.bus) for s in data.pv]))
    # a variable for the hours with sun alone: at night its range would be one point
    row, site = np.nonzero(available > 0.0)
    n = len(row)
    if n == 0:
        program.p_load = program.p_load - available @ at
        return
    curtailed = cp.Variable(n)
    place = sp.csr_array((np.ones(n), (row * len(data.pv) + site, np.arange(n))),
                         shape=(available.size, n))  # fmt: skip
    spread = cp.reshape(place @ curtailed, available.shape, order="C")
    program.p_load = program.p_load + (spread - available) @ at
    program.rows["curtailment_range"] = [curtailed >= 0.0, curtailed <= available[row, site]]
    program.add_cost("curtailment", data.prices.curtailment_per_kwh, spread)
    program.hourly["pv_available"] = available


def _add_flow(program: StageProgram, study: Studied, choice: Choice | None) -> None:
    """Branch flow, voltage band, ampacities, and the transformer  # (1)-(3)."""
    network, prices, flow = study.data.network, study.data.prices, program.flow
    n_row = len(program.weight)
    rows, gain = program.rows, 0.0
    plain = np.arange(flow.network.n_branch)
    if choice is not None:
        plain = np.setdiff1d(plain, choice.branch)
        rows["choice"], gain = choice_rows(flow, choice, network.v_min_pu, network.v_max_pu)
    rows["source_voltage"] = [distflow.source_voltage(flow, np.full(n_row, network.source_pu))]
    rows["voltage_drop"] = [voltage_drop(flow, gain)]  # (1)
    rows["active_balance"] = [distflow.active_balance(flow, program.p_load)]
    rows["reactive_balance"] = [distflow.reactive_balance(flow, program.q_load)]
    rows["cone"] = cones(flow, choice)
    rows["voltage_band"] = [
        distflow.voltage_floor(flow, network.v_min_pu),
        distflow.voltage_ceiling(flow, network.v_max_pu),
    ]  # (2)
    rows["ampacity"] = [distflow.ampacity(flow, plain)]
    supplied = distflow.substation_p(flow, program.p_load)
    capacitor = cp.Variable(n_row)
    reactive = distflow.substation_q(flow, program.q_load) - capacitor
    rating = program.rating * np.ones(n_row)
    rows["capacitor_range"] = [capacitor >= 0.0, capacitor <= network.capacitor_kvar / S_BASE_KVA]
    rows["transformer"] = [
        cp.SOC(rating, cp.vstack([supplied, reactive]), axis=0),  # (3)
        supplied >= -network.reverse_share * rating,
    ]
    program.add_cost("loss", prices.loss_per_kwh, distflow.active_loss(flow))
    if prices.has_energy_purchase:
        hourly = np.array(study.data.demand.energy_price_rmb_per_kwh)[program.row % HOURS]
        program.add_cost("energy", 1.0, cp.multiply(hourly, supplied))
    program.hourly.update(supplied=supplied, reactive=reactive)
